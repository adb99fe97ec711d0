//! Arrays as npz files, which NumPy reads: docs/reference/files.md.

use super::about::about;
use super::directory::RunDirectory;
use super::error::{OutputError, at};
use super::text::Text;
use super::{
    FORMAT_VERSION, GENERAL_COLUMNS, GENERAL_MEANINGS, LIMIT_COLUMNS, LIMIT_CURRENT, LimitTable,
    PROFILE_COLUMNS, columns, general_columns,
};
use crate::chain::InitialLaw;
use crate::numerics::npy;
use crate::observe::Profile;
use ndarray::{Array1, Array2, Array3, Axis, arr0};
use ndarray_npy::{NpzWriter, WriteNpyExt, WriteNpzError};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that remembers the first error and then takes everything without writing it: the archive
/// on top of it, which would tell standard error of a failure itself and hide its reason, never
/// learns of it.
struct Disk {
    file: File,
    failure: Option<io::Error>,
}

/// An npz file that is being written.
pub(crate) struct Npz {
    archive: NpzWriter<Disk>,
    path: PathBuf,
}

impl Npz {
    /// Creates it, with the version of its format.
    pub(crate) fn create(directory: &RunDirectory, name: &str) -> Result<Npz, OutputError> {
        let path = directory.path(name);
        let file = File::create(&path).map_err(at(&path))?;
        let archive = NpzWriter::new(Disk { file, failure: None });
        let mut npz = Npz { archive, path };
        npz.add("format_version", &arr0(i64::from(FORMAT_VERSION)))?;
        Ok(npz)
    }

    /// Adds an array.
    pub(crate) fn add(&mut self, name: &str, array: &impl WriteNpyExt) -> Result<(), OutputError> {
        self.archive.add_array(name, array).map_err(npz(&self.path))
    }

    /// Adds numbers in a row.
    pub(crate) fn vector(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<(), OutputError> {
        self.add(name, &Array1::from_iter(values))
    }

    /// Adds a table of one row for each output time.
    fn table<'a>(
        &mut self,
        name: &str,
        rows: impl ExactSizeIterator<Item = &'a Vec<f64>>,
    ) -> Result<(), OutputError> {
        let (count, mut sites, mut values) = (rows.len(), 0, Vec::new());
        for row in rows {
            sites = row.len();
            values.extend_from_slice(row);
        }
        let array = Array2::from_shape_vec((count, sites), values);
        self.add(name, &array.expect("every output has one entry a site"))
    }

    /// Ends the archive; the error is the first that there was.
    pub(crate) fn finish(self) -> Result<(), OutputError> {
        let Disk { file, failure } = self.archive.finish().map_err(npz(&self.path))?;
        failure.map_or_else(|| file.sync_all(), Err).map_err(at(&self.path))
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

/// profiles.npz: `times`, `sites`, `x`, `left_inflow`, `error_estimate`, one (times, sites) array a
/// column, `error_COLUMN` (times) for each, and `about`. `request` is what was asked for.
pub fn write_profiles_npz(
    directory: &RunDirectory,
    profiles: &[Profile],
    positions: &[f64],
    estimates: &[f64],
    request: &Map<String, Value>,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, "profiles.npz")?;
    file.vector("times", profiles.iter().map(|p| p.time))?;
    file.vector("x", positions.iter().copied())?;
    file.vector("left_inflow", profiles.iter().map(|p| p.left_inflow))?;
    file.vector("error_estimate", estimates.iter().copied())?;
    file.add("sites", &Array1::from_iter(0..positions.len() as i64))?;
    let tables: Vec<_> = profiles.iter().map(columns).collect();
    for (index, column) in PROFILE_COLUMNS.iter().enumerate() {
        file.table(column.name, tables.iter().map(|columns| &columns[index].1))?;
        let errors = profiles.iter().map(|p| p.errors.values()[index]);
        file.vector(&format!("error_{}", column.name), errors)?;
    }
    let mut described = PROFILE_COLUMNS.to_vec();
    for column in &GENERAL_COLUMNS {
        let of_all = profiles.iter().map(|profile| {
            let found = general_columns(profile).into_iter().find(|found| found.0 == column.name);
            found.filter(|(_, values, _)| !values.is_empty())
        });
        let Some(found) = of_all.collect::<Option<Vec<_>>>().filter(|f| !f.is_empty()) else {
            continue;
        };
        let tables: Vec<Vec<f64>> = found.iter().map(|(_, values, _)| values.to_vec()).collect();
        file.table(column.name, tables.iter())?;
        file.vector(&format!("error_{}", column.name), found.iter().map(|(_, _, e)| *e))?;
        for usual in &mut described {
            if let Some(other) = GENERAL_MEANINGS.iter().find(|other| other.name == usual.name) {
                *usual = *other;
            }
        }
        described.push(*column);
    }
    file.add("about", &Text::scalar(about(request, &described)))?;
    file.finish()
}

/// limit.npz: `times`, `x`, `error_estimate`, one (times, x) array a column, `error_COLUMN` (times)
/// for each, and `about`.
pub fn write_limit_npz(
    directory: &RunDirectory,
    table: &LimitTable,
    positions: &[f64],
    errors: &[[f64; 4]],
    currents: &[(Vec<f64>, f64)],
    estimates: &[f64],
    request: &Map<String, Value>,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, "limit.npz")?;
    file.vector("times", table.iter().map(|(t, _)| *t))?;
    file.vector("x", positions.iter().copied())?;
    file.vector("error_estimate", estimates.iter().copied())?;
    for (index, column) in LIMIT_COLUMNS.iter().enumerate() {
        file.table(column.name, table.iter().map(|(_, columns)| &columns[index]))?;
        file.vector(&format!("error_{}", column.name), errors.iter().map(|e| e[index]))?;
    }
    file.table(LIMIT_CURRENT.name, currents.iter().map(|(values, _)| values))?;
    file.vector("error_current", currents.iter().map(|(_, error)| *error))?;
    let all = [&LIMIT_COLUMNS[..], &[LIMIT_CURRENT]].concat();
    file.add("about", &Text::scalar(about(request, &all)))?;
    file.finish()
}

/// A covariance to write: time, means, matrix.
pub type KeptCovariance = (f64, Vec<f64>, Array2<f64>);

/// covariance.npz: `times`, `coordinates`, the names of the coordinates in the theory's order,
/// `mean` (times, coordinates) and `covariance` (times, coordinates, coordinates), the last in
/// double or single precision. A later run can start from it. Each matrix is dropped once it is in
/// the array that is written, so that at most one exists twice.
pub fn write_covariance_npz(
    directory: &RunDirectory,
    mut kept: Vec<KeptCovariance>,
    coordinates: Vec<String>,
    single: bool,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, "covariance.npz")?;
    file.vector("times", kept.iter().map(|(t, ..)| *t))?;
    file.add("coordinates", &Text::list(coordinates))?;
    file.table("mean", kept.iter().map(|(_, mean, _)| mean))?;
    match kept.pop() {
        Some((_, _, one)) if kept.is_empty() && !single => {
            file.add("covariance", &one.insert_axis(Axis(0)))?
        }
        last => {
            kept.extend(last);
            if single {
                file.add("covariance", &gather(kept, |c| c as f32))?
            } else {
                file.add("covariance", &gather(kept, |c| c))?
            }
        }
    }
    file.finish()
}

/// initial.npz, the law at time 0 of a run whose scenario does not say it: `times` (0),
/// `coordinates`, `mean` (1, coordinates), and `variance` (1, coordinates) of independent
/// coordinates or `covariance` (1, coordinates, coordinates).
pub(crate) fn write_initial_npz(
    directory: &RunDirectory,
    law: &InitialLaw,
    coordinates: Vec<String>,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, INITIAL_FILE)?;
    file.vector("times", [0.0])?;
    file.add("coordinates", &Text::list(coordinates))?;
    file.table("mean", [&law.mean()].into_iter())?;
    match &law.covariance {
        None => file.table("variance", [&law.variance()].into_iter())?,
        Some(matrix) => file.add("covariance", &matrix.view().insert_axis(Axis(0)))?,
    }
    file.finish()
}

/// The file of [`write_initial_npz`].
pub(crate) const INITIAL_FILE: &str = "initial.npz";

/// What the header of every npy file says beside its own: NumPy allows no key for it.
pub(crate) fn npy_remark() -> String {
    format!("# format_version {FORMAT_VERSION}")
}

/// mean_K.npy beside covariance_K.npy: the means at output K, in the theory's order.
pub fn write_mean_npy(
    directory: &RunDirectory,
    number: usize,
    mean: &[f64],
) -> Result<(), OutputError> {
    let mut bytes = npy::header("<f8", &format!("({},)", mean.len()), &npy_remark());
    bytes.extend(mean.iter().flat_map(|value| value.to_le_bytes()));
    directory.write(&format!("mean_{number}.npy"), &bytes)
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
