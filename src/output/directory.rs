//! The run directory DIR: it appears whole or not at all, one process at a time works on it, and
//! what an ended run has finished is kept.
//!
//! Beside DIR stands, while there is something to keep, the hidden `.DIR.partial`:
//!
//! ```text
//! lock            held by the process at work: the operating system releases it however that ends
//! request.json    what was asked for; a run that asks for something else does not go on from here
//! parts/          finished parts of the computation (the archive)
//! run/            the run directory in the making; gone once it is in its place
//! shards/, runs/  of several processes at work on one directory ([`super::Shard`])
//! old/            the run that is being replaced, until what it did not write has moved over
//! ```

use super::FORMAT_VERSION;
use super::error::{OutputError, at};
use super::hidden::{Existing, RUNS, begin, clear, empty_run, enter, is_at_work, lock_in, remove};
use super::parts::Parts;
use super::replace::{self, SUMMARY};
use crate::monitor::{Monitor, Progress};
use serde_json::{Map, Value};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run directory in the making; dropped before [`RunDirectory::commit`], nothing is left of it
/// but the finished parts.
#[derive(Debug)]
pub struct RunDirectory {
    place: PathBuf,
    partial: PathBuf,
    parts: Arc<Parts>,
    /// Told of the share that is written.
    monitor: Monitor,
    /// Whether the run is in its place.
    done: bool,
    /// Held until the end.
    _lock: File,
}

impl RunDirectory {
    /// Checks the place, locks it and opens the hidden directory beside it. `request` is everything
    /// that the results depend on.
    pub fn create(
        place: &Path,
        existing: Existing,
        request: &Value,
    ) -> Result<RunDirectory, OutputError> {
        let (place, partial, lock) = enter(place, existing, request, lock_in)?;
        if is_at_work(&partial)? {
            return Err(OutputError::Busy(place));
        }
        let mut directory = RunDirectory {
            place,
            parts: Arc::new(Parts::in_folder(partial.join("parts"))),
            partial,
            monitor: Monitor::default(),
            done: false,
            _lock: lock,
        };
        if let Err(refused) = directory.start(existing, request) {
            // What an ended run has kept stays as it is.
            directory.done = directory.parts.count() > 0;
            return Err(refused);
        }
        Ok(directory)
    }

    /// Goes on from the parts that are there, or without them.
    fn start(&self, existing: Existing, request: &Value) -> Result<(), OutputError> {
        if self.parts.count() > 0 && !existing.resume && !existing.force {
            return Err(OutputError::Kept(self.place.clone()));
        }
        begin(&self.partial, &self.place, request, self.parts.count() > 0 && existing.resume)
    }

    /// That of shards all of whose parts are there, under the lock of the whole.
    pub(super) fn of_shards(
        place: &Path,
        partial: &Path,
        parts: Arc<Parts>,
        lock: File,
    ) -> Result<RunDirectory, OutputError> {
        let (place, partial) = (place.to_path_buf(), partial.to_path_buf());
        empty_run(&partial)?;
        let monitor = Monitor::default();
        Ok(RunDirectory { place, partial, parts, monitor, done: false, _lock: lock })
    }

    /// A monitor that is told of the share that is written.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn tell_to(&mut self, monitor: Monitor) {
        self.monitor = monitor;
    }

    /// Tells the share of the tables that is written. What is computed is kept, so that nothing
    /// ends here.
    pub(crate) fn tell(&self, share: f64) {
        let _ = self.monitor.advance(Progress { share, time: f64::INFINITY, ..Default::default() });
    }

    /// The finished parts.
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.clone()
    }

    /// The path of a file of this name until the commit.
    pub fn path(&self, name: &str) -> PathBuf {
        self.partial.join("run").join(name)
    }

    /// Makes a folder of this name and says where it is until the commit.
    pub fn folder(&self, name: &str) -> Result<PathBuf, OutputError> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(at(&path))?;
        Ok(path)
    }

    /// Moves the runs that shards have kept into it.
    pub fn take_runs(&self) -> Result<(), OutputError> {
        let runs = self.partial.join(RUNS);
        match fs::rename(&runs, self.path(RUNS)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(at(&runs)(e)),
            _ => Ok(()),
        }
    }

    /// Writes one file.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.path(name);
        fs::write(&path, content)
            .and_then(|()| fs::File::open(&path)?.sync_all())
            .map_err(at(&path))
    }

    /// Writes summary.json, with the version of the format and the list of all files, which is
    /// what a later run may replace; so it is written last. Returned is its text.
    pub fn write_summary(&self, mut summary: Map<String, Value>) -> Result<String, OutputError> {
        let run = self.partial.join("run");
        let mut files = replace::files_below(&run).map_err(at(&run))?;
        files.insert(SUMMARY.into());
        // With / everywhere, so that a run can be read on another system.
        let name = |file: &PathBuf| {
            let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
            parts.join("/")
        };
        summary.insert("format_version".into(), FORMAT_VERSION.into());
        summary.insert("files".into(), files.iter().map(name).collect());
        let text = format!("{:#}\n", Value::Object(summary));
        self.write(SUMMARY, text.as_bytes())?;
        Ok(text)
    }

    /// Puts the directory into place.
    pub fn commit(mut self) -> Result<(), OutputError> {
        let (run, old) = (self.partial.join("run"), self.partial.join("old"));
        // Where no figure was drawn; of what holds anything this removes nothing.
        let _ = fs::remove_dir(run.join("figures"));
        if fs::symlink_metadata(&self.place).is_ok() {
            replace::allow(&self.place, &replace::files_below(&run).map_err(at(&run))?)?;
            // A run that ends between these two renames is put right by the next one (`tidy`).
            fs::rename(&self.place, &old).map_err(at(&self.place))?;
        }
        if let Err(source) = fs::rename(&run, &self.place) {
            // The earlier run, if there was one, goes back to its place; the first error is the one
            // to tell.
            let _ = fs::rename(&old, &self.place);
            return Err(OutputError::Io { path: self.place.clone(), source });
        }
        self.done = true;
        if old.exists() {
            replace::settle(&old, &self.place)?;
        }
        clear(&self.partial)
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // A failure to tidy up must not hide the reason for it.
        let _ = if self.parts.count() > 0 {
            let run = self.partial.join("run");
            remove(&run).and_then(|()| fs::create_dir(&run).map_err(at(&run)))
        } else {
            clear(&self.partial)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Archive;
    use serde_json::json;

    fn open(
        place: &Path,
        force: bool,
        resume: bool,
        bonds: u64,
    ) -> Result<RunDirectory, OutputError> {
        RunDirectory::create(
            place,
            Existing { force, resume },
            &json!({ "scenario": { "chain": { "bonds": bonds } } }),
        )
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn keep(directory: &RunDirectory) {
        directory.parts().write("one", &|to| to.write_all(b"part"));
    }

    #[test]
    fn nothing_is_left_of_a_run_that_finished_no_part_and_the_parts_of_one_that_did() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        let run = open(&place, false, false, 8).unwrap();
        assert!(matches!(open(&place, true, true, 8), Err(OutputError::Busy(_))));
        run.write("half", b"a file").unwrap();
        drop(run);
        assert_eq!(entries(folder.path()), [""; 0]);
        let run = open(&place, false, false, 8).unwrap();
        keep(&run);
        run.write("half", b"a file").unwrap();
        drop(run);
        assert!(matches!(open(&place, false, false, 8), Err(OutputError::Kept(_))));
        let changed = open(&place, false, true, 9).unwrap_err().to_string();
        assert!(changed.contains("chain.bonds was 8 and is 9"), "{changed}");
        let run = open(&place, false, true, 8).unwrap();
        assert!(run.parts().read("one").is_some() && !run.path("half").exists());
        run.write("summary.json", b"{}").unwrap();
        run.commit().unwrap();
        assert_eq!(
            (entries(folder.path()), entries(&place)),
            (vec!["run".into()], vec!["summary.json".into()])
        );
    }

    #[test]
    fn starting_over_forgets_the_parts() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        keep(&open(&place, false, false, 8).unwrap());
        let run = open(&place, true, false, 9).unwrap();
        assert!(run.parts().read("one").is_none());
    }

    #[test]
    fn an_end_between_the_renames_of_a_replacement_loses_neither_run_nor_what_is_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        let finished = |run: RunDirectory, name: &str| {
            run.write(name, name.as_bytes()).unwrap();
            let summary = json!({ "program": "flipchain", "name": name });
            run.write_summary(summary.as_object().unwrap().clone()).unwrap();
            run
        };
        finished(open(&place, false, false, 8).unwrap(), "first").commit().unwrap();
        fs::write(place.join("notes.txt"), "mine").unwrap();
        for put_in_place in [false, true] {
            let second = finished(open(&place, true, false, 8).unwrap(), "second");
            // As a killed process would leave it.
            let partial = second.partial.clone();
            fs::rename(&place, partial.join("old")).unwrap();
            if put_in_place {
                fs::rename(partial.join("run"), &place).unwrap();
            }
            std::mem::forget(second);
            // The lock is still held by this process: a killed one holds none.
            fs::remove_file(partial.join("lock")).unwrap();
            assert!(matches!(open(&place, false, false, 8), Err(OutputError::Exists(_))));
            assert_eq!(fs::read(place.join("notes.txt")).unwrap(), b"mine");
            assert_eq!(place.join("first").exists(), !put_in_place);
            assert_eq!(place.join("second").exists(), put_in_place);
        }
        assert_eq!(entries(&place), ["notes.txt", "second", "summary.json"]);
    }

    #[test]
    fn a_file_above_and_a_directory_that_has_the_hidden_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        for place in ["file/run", "file/a/b"] {
            let refused = open(&folder.path().join(place), false, false, 8).unwrap_err();
            assert!(refused.to_string().ends_with("file is a file"), "{refused}");
        }
        let hidden = folder.path().join(".run.partial");
        fs::create_dir(&hidden).unwrap();
        fs::write(hidden.join("mine"), "mine").unwrap();
        let refused = open(&folder.path().join("run"), true, false, 8).unwrap_err();
        assert!(matches!(refused, OutputError::Taken { .. }), "{refused}");
        assert_eq!(entries(folder.path()), [".run.partial", "file"]);
        assert_eq!(entries(&hidden), ["mine"]);
    }
}
