//! The run directory: written whole or not at all.
//!
//! Everything goes to a hidden sibling directory that is renamed into place at the end.

use crate::observe::theorems::{Measurement, STATEMENTS};
use crate::observe::{Profile, verdict};
use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::{NpzWriter, WriteNpzError};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Why a run directory could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// There is something already.
    #[error("{}: exists already; give --force to replace a run there", .0.display())]
    Exists(PathBuf),
    /// It is not a run directory, so it is never replaced.
    #[error("{}: is not a run directory of flipchain (no summary.json), so it is not replaced", .0.display())]
    Foreign(PathBuf),
    /// It can be a run directory but not be renamed.
    #[error("{}: is a symbolic link or has no name of its own, so it is not replaced; give the run directory itself", .0.display())]
    Indirect(PathBuf),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// The error of writing an npz file, with its path.
fn npz(path: &Path) -> impl Fn(WriteNpzError) -> OutputError + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source: std::io::Error::other(source) }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> OutputError + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source }
}

/// A run directory in the making; dropped before [`RunDirectory::commit`], nothing of it is left.
#[derive(Debug)]
pub struct RunDirectory {
    place: PathBuf,
    work: PathBuf,
}

impl RunDirectory {
    /// Checks the place and opens the hidden directory beside it. With `force` an earlier run is replaced at the end.
    pub fn create(place: &Path, force: bool) -> Result<RunDirectory, OutputError> {
        // Without a slash at the end, which would follow a symbolic link.
        let place: &Path = &place.components().collect::<PathBuf>();
        if let Ok(found) = fs::symlink_metadata(place) {
            if !force {
                return Err(OutputError::Exists(place.to_path_buf()));
            }
            if found.is_symlink() || place.file_name().is_none() {
                return Err(OutputError::Indirect(place.to_path_buf()));
            }
            if !found.is_dir() || !place.join("summary.json").is_file() {
                return Err(OutputError::Foreign(place.to_path_buf()));
            }
        }
        let parent = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(at(parent))?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let work = parent.join(format!(".{name}.{}.tmp", std::process::id()));
        fs::create_dir(&work).map_err(at(&work))?;
        Ok(RunDirectory { place: place.to_path_buf(), work })
    }

    /// Where a file of this name is written until the commit.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// Makes a folder of this name and says where it is until the commit.
    pub fn folder(&self, name: &str) -> Result<PathBuf, OutputError> {
        let path = self.work.join(name);
        fs::create_dir_all(&path).map_err(at(&path))?;
        Ok(path)
    }

    /// Writes one file.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.path(name);
        fs::write(&path, content).and_then(|()| fs::File::open(&path)?.sync_all()).map_err(at(&path))
    }

    /// Puts the directory into place.
    pub fn commit(self) -> Result<(), OutputError> {
        let old = self.work.with_extension("old");
        let replaced = fs::symlink_metadata(&self.place).is_ok();
        if replaced {
            fs::rename(&self.place, &old).map_err(at(&self.place))?;
        }
        if let Err(source) = fs::rename(&self.work, &self.place) {
            if replaced {
                // The earlier run goes back to its place; the first error is the one to tell.
                let _ = fs::rename(&old, &self.place);
            }
            return Err(OutputError::Io { path: self.place.clone(), source });
        }
        if replaced {
            fs::remove_dir_all(&old).map_err(at(&old))?;
        }
        Ok(())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // After a commit there is nothing to remove; a failure to tidy up must not hide the reason for it.
        let _ = fs::remove_dir_all(&self.work);
    }
}

/// The columns of a profile in the order of profiles.csv.
pub fn columns(profile: &Profile) -> [(&'static str, Vec<f64>); 8] {
    [
        ("mean_r", profile.mean_r.clone()),
        ("mean_p", profile.mean_p.clone()),
        ("var_r", profile.var_r.clone()),
        ("var_p", profile.var_p.clone()),
        ("mechanical", profile.mechanical()),
        ("thermal", profile.thermal()),
        ("energy", profile.energy()),
        ("current", profile.current.clone()),
    ]
}

/// profiles.csv: one row per output time and site, 17 significant digits; `positions` are the sites' x.
pub fn profiles_csv(profiles: &[Profile], positions: &[f64]) -> String {
    let mut csv = String::from("t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current\n");
    for profile in profiles {
        let columns = columns(profile);
        for (site, x) in positions.iter().enumerate() {
            let _ = write!(csv, "{:.16e},{site},{x:.16e}", profile.time);
            for (_, column) in &columns {
                let _ = write!(csv, ",{:.16e}", column[site]);
            }
            csv.push('\n');
        }
    }
    csv
}

/// limit.csv: one row per output time and position, 17 significant digits; the columns are r, e_mech, e_heat and e.
pub fn limit_csv(outputs: &[(f64, [Vec<f64>; 4])], positions: &[f64]) -> String {
    let mut csv = String::from("t,x,r,mechanical,thermal,energy\n");
    for (time, columns) in outputs {
        for (site, x) in positions.iter().enumerate() {
            let _ = write!(csv, "{time:.16e},{x:.16e}");
            for column in columns {
                let _ = write!(csv, ",{:.16e}", column[site]);
            }
            csv.push('\n');
        }
    }
    csv
}

/// check.csv: one row per statement, size and time, with the bound that the statement's smallest constant gives.
pub fn check_csv(measurements: &[Measurement]) -> String {
    let mut csv = String::from("statement,bonds,t,value,limit,bound\n");
    let optional = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.16e}"));
    for statement in &STATEMENTS {
        let rows: Vec<&Measurement> = measurements.iter().filter(|m| m.statement == statement.name).collect();
        let constant = verdict::constant(statement.shape, &rows);
        for m in rows {
            let bound = constant.and_then(|c| verdict::bound(statement.shape, m, c));
            let (limit, bound) = (optional(m.limit), optional(bound));
            let _ = writeln!(csv, "{},{},{:.16e},{:.16e},{limit},{bound}", m.statement, m.bonds, m.time, m.value);
        }
    }
    csv
}

/// profiles.npz: `times`, `sites`, `x`, `left_inflow`, `error_estimate` and one (times, sites) array a column.
pub fn write_profiles_npz(
    directory: &RunDirectory,
    profiles: &[Profile],
    positions: &[f64],
    estimates: &[f64],
) -> Result<(), OutputError> {
    let path = directory.path("profiles.npz");
    let mut file = NpzWriter::new(fs::File::create(&path).map_err(at(&path))?);
    let mut vector = |name: &str, values: Vec<f64>| file.add_array(name, &Array1::from(values)).map_err(npz(&path));
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
    file.finish().map_err(npz(&path)).map(|_| ())
}

/// A covariance to write: time, means, matrix.
pub type KeptCovariance = (f64, Vec<f64>, Array2<f64>);

/// covariance.npz: `times`, `mean` (times, coordinates) and `covariance` (times, coordinates, coordinates) in the theory's order, the last in
/// double or single precision. A later run can start from it. Each matrix is dropped once it is in the array that is written, so that at most one exists twice.
pub fn write_covariance_npz(
    directory: &RunDirectory,
    mut kept: Vec<KeptCovariance>,
    single: bool,
) -> Result<(), OutputError> {
    let path = directory.path("covariance.npz");
    let mut file = NpzWriter::new(fs::File::create(&path).map_err(at(&path))?);
    file.add_array("times", &Array1::from_iter(kept.iter().map(|(t, ..)| *t))).map_err(npz(&path))?;
    let coordinates = kept.first().map_or(0, |(_, mean, _)| mean.len());
    let means = kept.iter().flat_map(|(_, mean, _)| mean.iter().copied()).collect();
    let means = Array2::from_shape_vec((kept.len(), coordinates), means).expect("all means have one length");
    file.add_array("mean", &means).map_err(npz(&path))?;
    match kept.pop() {
        Some((_, _, one)) if kept.is_empty() && !single => file.add_array("covariance", &one.insert_axis(Axis(0))),
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
    file.finish().map_err(npz(&path)).map(|_| ())
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
