//! Several processes, on one machine or many, that fill one directory: each is a shard with a lock
//! of its own, and the one that finds everything finished puts the directory into its place.
//!
//! They share the hidden directory of [`RunDirectory`]. `lock` is held for moments only: while a
//! shard begins, and while the last one writes the tables. Beside it stand
//!
//! ```text
//! shards/I-of-N   held by the process at work on this shard
//! runs/           run directories that are to be kept
//! ```
//!
//! Finished parts belong to all: what one shard has finished, killed or not, no other computes
//! again. The locks are those of the operating system, also over NFS (version 4, or 3 with its lock
//! daemon).

use super::directory::RunDirectory;
use super::error::{OutputError, at};
use super::hidden::{self, Existing, RUNS, SHARDS, clear, is_at_work, lock_in};
use super::parts::Parts;
use serde_json::Value;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest time for which another process may hold the lock of the whole, while it begins or
/// writes the tables.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A shard at work.
#[derive(Debug)]
pub struct Shard {
    place: PathBuf,
    partial: PathBuf,
    parts: Arc<Parts>,
    /// Held until the end; the file is removed with the directory.
    lock: Option<File>,
}

impl Shard {
    /// Joins the others in the directory at `place`, or begins there, as number `number` of `of`.
    /// `request` is everything that the results depend on. Parts of this shard, whose names are
    /// `own`, that are there already are refused, unless `existing` says what to do with them.
    pub fn open(
        place: &Path,
        existing: Existing,
        request: &Value,
        [number, of]: [usize; 2],
        own: &dyn Fn(&str) -> bool,
    ) -> Result<Shard, OutputError> {
        let (place, partial, whole) = hidden::enter(place, existing, request, patiently)?;
        let parts = Arc::new(Parts::in_folder(partial.join("parts")));
        let at_work = is_at_work(&partial)?;
        if existing.force && at_work {
            return Err(OutputError::Busy(place));
        }
        let names = parts.names();
        if !existing.force && !existing.resume && names.iter().any(|name| own(name)) {
            return Err(OutputError::Kept(place));
        }
        let goes_on = !existing.force && (at_work || !names.is_empty());
        hidden::begin(&partial, &place, request, goes_on)?;
        let lock = Some(lock(&partial, &place, number, of)?);
        drop(whole);
        Ok(Shard { place, partial, parts, lock })
    }

    /// The finished parts of all shards.
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.clone()
    }

    /// The path of a run directory of this name.
    pub fn run(&self, name: &str) -> PathBuf {
        self.partial.join(RUNS).join(name)
    }

    /// The directory, to be written and put into its place, if `finished` finds all parts. `None`
    /// if another shard is still at work, or has put the directory into its place already.
    pub fn collect(
        &self,
        finished: &dyn Fn(&Parts) -> bool,
    ) -> Result<Option<RunDirectory>, OutputError> {
        collect(&self.place, &self.partial, finished)
    }
}

/// The hidden directory that ended shards have left at `place`, and their request.
pub fn left_by_shards(
    place: &Path,
    finished: &dyn Fn(&Value, &Parts) -> bool,
) -> Result<(Value, Option<RunDirectory>), OutputError> {
    let (place, partial) = hidden::names(place)?;
    let asked = partial.join("request.json");
    if !asked.is_file() {
        let reason = "there is nothing to collect: no shard has begun here, or the tables are \
                      written already";
        return Err(OutputError::Io { path: place, source: std::io::Error::other(reason) });
    }
    let request = fs::read(&asked).map_err(at(&asked))?;
    let request: Value =
        serde_json::from_slice(&request).map_err(|e| at(&asked)(std::io::Error::other(e)))?;
    if is_at_work(&partial)? {
        return Err(OutputError::Busy(place));
    }
    let directory = collect(&place, &partial, &|parts| finished(&request, parts))?;
    Ok((request, directory))
}

fn collect(
    place: &Path,
    partial: &Path,
    finished: &dyn Fn(&Parts) -> bool,
) -> Result<Option<RunDirectory>, OutputError> {
    // Another shard may have put it into place, with all that was hidden.
    let asked = partial.join("request.json");
    if !asked.is_file() {
        return Ok(None);
    }
    let lock = patiently(partial, place)?;
    let parts = Arc::new(Parts::in_folder(partial.join("parts")));
    if !asked.is_file() {
        clear(partial)?;
        return Ok(None);
    }
    if !finished(&parts) {
        return Ok(None);
    }
    RunDirectory::of_shards(place, partial, parts, lock).map(Some)
}

impl Drop for Shard {
    fn drop(&mut self) {
        drop(self.lock.take());
        // A directory without results is removed. A failure to tidy up must not hide the reason
        // for it.
        if self.partial.is_dir()
            && self.parts.names().is_empty()
            && let Ok(_lock) = lock_in(&self.partial, &self.place)
            && let Ok(false) = is_at_work(&self.partial)
        {
            let _ = clear(&self.partial);
        }
    }
}

/// Takes the lock of the whole. Others hold it for moments only.
fn patiently(partial: &Path, place: &Path) -> Result<File, OutputError> {
    let start = Instant::now();
    loop {
        match lock_in(partial, place) {
            Err(OutputError::Busy(_)) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            taken => return taken,
        }
    }
}

/// Takes the lock of a shard.
fn lock(partial: &Path, place: &Path, number: usize, of: usize) -> Result<File, OutputError> {
    let folder = partial.join(SHARDS);
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let path = folder.join(format!("{number}-of-{of}"));
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OutputError::Busy(place.into())),
        Err(TryLockError::Error(e)) => Err(at(&path)(e)),
    }
}
