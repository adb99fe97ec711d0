//! The hidden directory beside a run directory ([`super::directory`]): who works there, what was
//! asked for, and what is put right after a process that ended badly.

use super::error::{OutputError, at};
use super::replace;
use serde_json::Value;
use std::fs::{self, File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// The folder of the shards' locks, and that of the kept runs.
pub(super) const SHARDS: &str = "shards";
pub(super) const RUNS: &str = "runs";

/// The treatment of a directory that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Existing {
    /// Replace an earlier run, and forget what an ended one has kept.
    pub force: bool,
    /// Go on from what an ended run has kept.
    pub resume: bool,
}

/// The names of the files and folders in the hidden directory.
const OURS: [&str; 7] = ["lock", "request.json", "parts", "run", "old", SHARDS, RUNS];

/// The place without a slash at the end, which would follow a symbolic link, and the hidden
/// directory beside it.
pub(super) fn names(place: &Path) -> Result<(PathBuf, PathBuf), OutputError> {
    let place: PathBuf = place.components().collect();
    let name = place.file_name().ok_or_else(|| OutputError::Indirect(place.clone()))?;
    let partial = place.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    Ok((place, partial))
}

/// Checks the place, makes the hidden directory beside it and takes its lock by `take`. Returned
/// are the two and the lock.
pub(super) fn enter(
    place: &Path,
    existing: Existing,
    request: &Value,
    take: impl Fn(&Path, &Path) -> Result<File, OutputError>,
) -> Result<(PathBuf, PathBuf, File), OutputError> {
    let (place, partial) = names(place)?;
    let parent = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut lock = None;
    if let Some(file) = place.ancestors().skip(1).find(|above| above.is_file()) {
        return Err(OutputError::FileAbove { place: place.clone(), file: file.into() });
    }
    if partial.is_dir() {
        all_ours(&partial)?;
        lock = Some(take(&partial, &place)?);
        tidy(&partial, &place)?;
    }
    if let Ok(found) = fs::symlink_metadata(&place) {
        if found.is_symlink() {
            return Err(OutputError::Indirect(place));
        }
        if !existing.force {
            return Err(OutputError::Exists(place));
        }
        // Refused before anything is computed; the files of this run are looked at again when they
        // are known.
        replace::allow(&place, &files_of(request).into_iter().map(PathBuf::from).collect())?;
    }
    fs::create_dir_all(parent).map_err(at(parent))?;
    let lock = match lock {
        Some(lock) if partial.is_dir() => lock,
        _ => take(&partial, &place)?,
    };
    Ok((place, partial, lock))
}

/// Says in the hidden directory what is asked for, or that it is the same as `before`; without
/// that, parts that are there are forgotten.
pub(super) fn begin(
    partial: &Path,
    place: &Path,
    request: &Value,
    before: bool,
) -> Result<(), OutputError> {
    let asked = partial.join("request.json");
    if before {
        let before = fs::read(&asked).map_err(at(&asked))?;
        let before = serde_json::from_slice(&before).map_err(|e| at(&asked)(Error::other(e)))?;
        if let Some(difference) = difference("", &before, request) {
            return Err(OutputError::Changed { place: place.into(), difference });
        }
    } else {
        for folder in ["parts", RUNS] {
            remove(&partial.join(folder))?;
        }
        // Before any part of it is there, so that no part is ever taken for one of something else.
        fs::write(&asked, request.to_string()).map_err(at(&asked))?;
    }
    let parts = partial.join("parts");
    fs::create_dir_all(&parts).map_err(at(&parts))?;
    empty_run(partial)
}

/// An empty run directory in the making; runs that are kept are taken out of an earlier one.
pub(super) fn empty_run(partial: &Path) -> Result<(), OutputError> {
    let (run, runs) = (partial.join("run"), partial.join(RUNS));
    if run.join(RUNS).is_dir() && !runs.exists() {
        fs::rename(run.join(RUNS), &runs).map_err(at(&runs))?;
    }
    remove(&run)?;
    fs::create_dir_all(&run).map_err(at(&run))
}

/// The files that a run of this request will write, as far as that can be said before it.
fn files_of(request: &Value) -> Vec<&'static str> {
    let option = |name: &str| {
        let asked = &request["options"][name];
        *asked == true || asked.as_array().is_some_and(|each| each.iter().any(|one| *one == true))
    };
    let mut files = vec!["scenario.toml"];
    files.extend(match request["command"].as_str() {
        Some("evolve" | "steady") => {
            &["series.csv", "profiles.csv", "profiles.npz", "figures/profiles.svg"][..]
        }
        Some("limit") => &["limit.csv", "limit.npz", "figures/limit.svg"],
        Some("check") => &["check.csv", "check.json", "sweep.csv"],
        Some("sweep") => &["table.csv", "table.npz", "figures/table.svg"],
        _ => &[],
    });
    files.extend(option("covariance").then_some("covariance.npz"));
    files.extend(option("modes").then_some("modes.csv"));
    files
}

/// Refuses a directory that merely has the name of the hidden one.
fn all_ours(partial: &Path) -> Result<(), OutputError> {
    for entry in fs::read_dir(partial).map_err(at(partial))? {
        let name = entry.map_err(at(partial))?.file_name().to_string_lossy().into_owned();
        if !OURS.contains(&&*name) {
            return Err(OutputError::Taken { partial: partial.into(), name });
        }
    }
    Ok(())
}

/// Removes the hidden directory: what the program puts there, and then the directory itself if
/// nothing else is in it. The run that is being replaced is never removed here.
pub(super) fn clear(partial: &Path) -> Result<(), OutputError> {
    for folder in ["parts", "run", RUNS] {
        remove(&partial.join(folder))?;
    }
    // Over NFS a file that a shard still holds open cannot go; it goes with that process.
    let _ = remove(&partial.join(SHARDS));
    for file in ["request.json", "lock"] {
        match fs::remove_file(partial.join(file)) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(at(partial)(e)),
            _ => {}
        }
    }
    match fs::remove_dir(partial) {
        // Another process has just begun to work there.
        Err(e) if ![ErrorKind::NotFound, ErrorKind::DirectoryNotEmpty].contains(&e.kind()) => {
            Err(at(partial)(e))
        }
        _ => Ok(()),
    }
}

/// Makes the hidden directory if it is not there, and takes its lock.
pub(super) fn lock_in(partial: &Path, place: &Path) -> Result<File, OutputError> {
    let path = partial.join("lock");
    loop {
        match fs::create_dir(partial) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(at(partial)(e)),
            _ => {}
        }
        let lock = match File::options().create(true).truncate(false).write(true).open(&path) {
            // The process that worked here has just removed it.
            Err(e) if e.kind() == ErrorKind::NotFound && !partial.exists() => continue,
            opened => opened.map_err(at(&path))?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OutputError::Busy(place.into())),
            Err(TryLockError::Error(e)) => return Err(at(&path)(e)),
        }
        if is_still(&lock, &path) {
            return Ok(lock);
        }
    }
}

/// Whether the open file is the one at this path, and not one that was removed meanwhile.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// An open file cannot be removed elsewhere.
#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Puts right what a process left that ended while it put its run into place.
fn tidy(partial: &Path, place: &Path) -> Result<(), OutputError> {
    let (run, old) = (partial.join("run"), partial.join("old"));
    if old.is_dir() && !place.exists() {
        fs::rename(&old, place).map_err(at(&old))?;
    }
    if old.is_dir() {
        replace::settle(&old, place)?;
    }
    if !run.exists() && place.exists() && partial.join("request.json").exists() {
        // It is in its place: nothing is left to go on with.
        clear(partial)?;
    }
    Ok(())
}

/// Removes a folder that may not be there.
pub(super) fn remove(folder: &Path) -> Result<(), OutputError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(at(folder)(e)),
        _ => Ok(()),
    }
}

/// The first key whose value is not the same, with both values.
fn difference(key: &str, before: &Value, now: &Value) -> Option<String> {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let null = Value::Null;
            keys.map(|k| (k, a.get(k).unwrap_or(&null), b.get(k).unwrap_or(&null))).find_map(
                |(k, a, b)| {
                    let path = if key.is_empty() || key == "scenario" {
                        k.clone()
                    } else {
                        format!("{key}.{k}")
                    };
                    difference(&path, a, b)
                },
            )
        }
        _ if before == now => None,
        _ => Some(format!("{key} was {before} and is {now}")),
    }
}

/// Whether any shard holds its lock.
pub(super) fn is_at_work(partial: &Path) -> Result<bool, OutputError> {
    let folder = partial.join(SHARDS);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(false) };
    for entry in entries {
        let path = entry.map_err(at(&folder))?.path();
        let held = match File::options().write(true).open(&path) {
            Ok(file) => matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        };
        if held {
            return Ok(true);
        }
    }
    Ok(false)
}
