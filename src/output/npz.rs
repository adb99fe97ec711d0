//! Arrays as npz files, which NumPy reads: docs/guide.md, "Read a run".

use super::columns;
use super::directory::{OutputError, RunDirectory, at};
use crate::observe::Profile;
use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::{NpzWriter, WriteNpzError};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that remembers the first error and then takes everything without writing it: the archive
/// on top of it, which would tell standard error of a failure itself and hide its reason, never
/// learns of it.
struct Disk {
    file: File,
    failure: Option<io::Error>,
}

impl Disk {
    fn create(path: &Path) -> Result<NpzWriter<Disk>, OutputError> {
        Ok(NpzWriter::new(Disk { file: File::create(path).map_err(at(path))?, failure: None }))
    }

    /// Ends the archive; the error is the first that there was.
    fn finish(archive: NpzWriter<Disk>, path: &Path) -> Result<(), OutputError> {
        let Disk { file, failure } = archive.finish().map_err(npz(path))?;
        failure.map_or_else(|| file.sync_all(), Err).map_err(at(path))
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_none() {
            match self.file.write_all(bytes) {
                Ok(()) => {}
                Err(error) => self.failure = Some(error),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The error of writing an array, with the file's path.
fn npz(path: &Path) -> impl Fn(WriteNpzError) -> OutputError + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source: io::Error::other(source) }
}

/// profiles.npz: `times`, `sites`, `x`, `left_inflow`, `error_estimate` and one (times, sites)
/// array a column.
pub fn write_profiles_npz(
    directory: &RunDirectory,
    profiles: &[Profile],
    positions: &[f64],
    estimates: &[f64],
) -> Result<(), OutputError> {
    let path = directory.path("profiles.npz");
    let mut file = Disk::create(&path)?;
    let mut vector = |name: &str, values: Vec<f64>| {
        file.add_array(name, &Array1::from(values)).map_err(npz(&path))
    };
    vector("times", profiles.iter().map(|p| p.time).collect())?;
    vector("x", positions.to_vec())?;
    vector("left_inflow", profiles.iter().map(|p| p.left_inflow).collect())?;
    vector("error_estimate", estimates.to_vec())?;
    file.add_array("sites", &Array1::from_iter(0..positions.len() as i64)).map_err(npz(&path))?;
    let tables: Vec<_> = profiles.iter().map(columns).collect();
    for index in 0..8 {
        let Some(first) = tables.first() else { break };
        let values = tables.iter().flat_map(|columns| columns[index].1.iter().copied()).collect();
        let array = Array2::from_shape_vec((profiles.len(), positions.len()), values)
            .expect("every profile has one entry a site");
        file.add_array(first[index].0, &array).map_err(npz(&path))?;
    }
    Disk::finish(file, &path)
}

/// A covariance to write: time, means, matrix.
pub type KeptCovariance = (f64, Vec<f64>, Array2<f64>);

/// covariance.npz: `times`, `mean` (times, coordinates) and `covariance` (times, coordinates,
/// coordinates) in the theory's order, the last in double or single precision. A later run can
/// start from it. Each matrix is dropped once it is in the array that is written, so that at most
/// one exists twice.
pub fn write_covariance_npz(
    directory: &RunDirectory,
    mut kept: Vec<KeptCovariance>,
    single: bool,
) -> Result<(), OutputError> {
    let path = directory.path("covariance.npz");
    let mut file = Disk::create(&path)?;
    file.add_array("times", &Array1::from_iter(kept.iter().map(|(t, ..)| *t)))
        .map_err(npz(&path))?;
    let coordinates = kept.first().map_or(0, |(_, mean, _)| mean.len());
    let means = kept.iter().flat_map(|(_, mean, _)| mean.iter().copied()).collect();
    let means = Array2::from_shape_vec((kept.len(), coordinates), means)
        .expect("all means have one length");
    file.add_array("mean", &means).map_err(npz(&path))?;
    match kept.pop() {
        Some((_, _, one)) if kept.is_empty() && !single => {
            file.add_array("covariance", &one.insert_axis(Axis(0)))
        }
        last => {
            kept.extend(last);
            if single {
                file.add_array("covariance", &gather(kept, |c| c as f32))
            } else {
                file.add_array("covariance", &gather(kept, |c| c))
            }
        }
    }
    .map_err(npz(&path))?;
    Disk::finish(file, &path)
}

/// All matrices in one array.
fn gather<T: Clone + Default>(kept: Vec<KeptCovariance>, convert: impl Fn(f64) -> T) -> Array3<T> {
    let (rows, columns) = kept.first().map_or((0, 0), |(_, _, matrix)| matrix.dim());
    let mut all = Array3::from_elem((kept.len(), rows, columns), T::default());
    for (mut place, (_, _, matrix)) in all.outer_iter_mut().zip(kept) {
        place.zip_mut_with(&matrix, |place, &c| *place = convert(c));
    }
    all
}
