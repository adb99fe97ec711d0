//! The run directory: written whole or not at all.
//!
//! Everything goes to a hidden sibling directory that is renamed into place at the end.

use crate::observe::Profile;
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
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
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
        if let Ok(found) = fs::symlink_metadata(place) {
            if !force {
                return Err(OutputError::Exists(place.to_path_buf()));
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

    /// Writes one file.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.work.join(name);
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

/// profiles.csv: one row per output time and site, 17 significant digits; `positions` are the sites' x.
pub fn profiles_csv(profiles: &[Profile], positions: &[f64]) -> String {
    let mut csv = String::from("t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current\n");
    for profile in profiles {
        let (mechanical, thermal) = (profile.mechanical(), profile.thermal());
        for (site, x) in positions.iter().enumerate() {
            let row = [
                profile.mean_r[site],
                profile.mean_p[site],
                profile.var_r[site],
                profile.var_p[site],
                mechanical[site],
                thermal[site],
                mechanical[site] + thermal[site],
                profile.current[site],
            ];
            let _ = write!(csv, "{:.16e},{site},{x:.16e}", profile.time);
            row.iter().for_each(|value| {
                let _ = write!(csv, ",{value:.16e}");
            });
            csv.push('\n');
        }
    }
    csv
}
