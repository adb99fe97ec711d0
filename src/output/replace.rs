//! Replacing a run: which files of a run directory the program wrote, and how the others stay.
//!
//! A run lists its files in summary.json. The new run takes the place of the old one by two
//! renames; then what the old one holds beside its own files moves over, by renames, and its own
//! files are removed, summary.json last. Whenever that ends early, [`settle`] goes on from there:
//! until then every file is in one of the two.

use super::error::{OutputError, at};
use crate::observe::statement::STATEMENTS;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The file that makes a folder a run directory.
pub(super) const SUMMARY: &str = "summary.json";

/// The files that version 0.1, whose summary has no list, may have written beside its figures.
const FIRST_FILES: [&str; 9] = [
    SUMMARY,
    "profiles.csv",
    "profiles.npz",
    "covariance.npz",
    "modes.csv",
    "limit.csv",
    "check.csv",
    "check.json",
    "sweep.csv",
];

/// Whether version 0.1 wrote a file of this name.
fn is_of_first_version(file: &Path) -> bool {
    let figure = |name: &str| {
        let known = ["profiles", "limit", "sweep"].into_iter();
        let stem = name.strip_suffix(".svg").or(name.strip_suffix(".png"));
        let stem = stem.or(name.strip_suffix(".csv"));
        stem.is_some_and(|stem| {
            known.chain(STATEMENTS.iter().map(|s| s.name)).any(|name| name == stem)
        })
    };
    match file.to_str().map(|name| name.split_once('/').unwrap_or(("", name))) {
        Some(("", name)) => FIRST_FILES.contains(&name),
        Some(("figures", name)) => figure(name),
        _ => false,
    }
}

/// The files that the run in `place` wrote, relative to it; `None` where there is no run.
pub(super) fn own_files(place: &Path) -> Option<BTreeSet<PathBuf>> {
    let summary = fs::read(place.join(SUMMARY)).ok()?;
    let summary: Value = serde_json::from_slice(&summary).ok()?;
    (summary["program"] == "flipchain").then_some(())?;
    let mut files: BTreeSet<PathBuf> = match summary["files"].as_array() {
        Some(listed) => listed.iter().filter_map(Value::as_str).map(PathBuf::from).collect(),
        None => files_below(place).ok()?.into_iter().filter(|f| is_of_first_version(f)).collect(),
    };
    // Nobody's list leads out of the directory.
    files.retain(|file| file.components().all(|part| matches!(part, Component::Normal(_))));
    files.insert(SUMMARY.into());
    Some(files)
}

/// All files below a folder, relative to it, sorted; links are not followed.
pub(super) fn files_below(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    Ok(entries(folder, &|_| true)?.into_iter().collect())
}

/// The files and whole folders of a run directory beside the `own` files, relative to it; folders
/// that are `opened` are replaced by their content.
fn others(
    place: &Path,
    own: &BTreeSet<PathBuf>,
    opened: impl Fn(&Path) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let holds_own = |folder: &Path| own.iter().any(|file| file.starts_with(folder));
    let all = entries(place, &|folder| holds_own(folder) || opened(folder))?;
    Ok(all.into_iter().filter(|entry| !own.contains(entry)).collect())
}

/// Entries below a folder, relative to it; of folders that are `opened` what is in them.
fn entries(folder: &Path, opened: &dyn Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() && opened(&path) {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses to replace the run in `place` by one that writes `new` files where the user's files
/// stand in the way.
pub(super) fn allow(place: &Path, new: &BTreeSet<PathBuf>) -> Result<(), OutputError> {
    let own = own_files(place).ok_or_else(|| OutputError::Foreign(place.into()))?;
    let others = others(place, &own, |_| false).map_err(at(place))?;
    let in_the_way = |other: &&PathBuf| {
        new.iter().any(|file| file.starts_with(other) || other.starts_with(file))
    };
    let names: Vec<String> =
        others.iter().filter(in_the_way).map(|name| name.display().to_string()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(OutputError::InTheWay { place: place.into(), names: names.join(", ") })
}

/// Moves what `old` holds beside its own files into `place`, and removes the rest of it.
pub(super) fn settle(old: &Path, place: &Path) -> Result<(), OutputError> {
    // Without its summary all that it wrote is gone already.
    let own = own_files(old).unwrap_or_default();
    let in_both = |folder: &Path| place.join(folder).is_dir();
    for entry in others(old, &own, in_both).map_err(at(old))? {
        let (from, to) = (old.join(&entry), place.join(&entry));
        if fs::symlink_metadata(&to).is_ok() {
            // It came while the run was at work.
            return Err(OutputError::InTheWay {
                place: place.into(),
                names: format!("{} (kept as {})", entry.display(), from.display()),
            });
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        fs::rename(&from, &to).map_err(at(&from))?;
    }
    for file in own.iter().filter(|file| *file != Path::new(SUMMARY)) {
        remove_file(&old.join(file))?;
    }
    remove_file(&old.join(SUMMARY))?;
    remove_folders(old)
}

/// Removes a folder of empty folders; one that holds anything else is an error, and stays.
fn remove_folders(folder: &Path) -> Result<(), OutputError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        if entry.file_type().map_err(at(folder))?.is_dir() {
            remove_folders(&entry.path())?;
        }
    }
    fs::remove_dir(folder).map_err(at(folder))
}

/// Removes a file that may not be there.
fn remove_file(path: &Path) -> Result<(), OutputError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(at(path)(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A folder with these files, each of which holds its own name.
    fn folder(at: &Path, files: &[&str]) {
        for file in files {
            let path = at.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
    }

    fn run(at: &Path, files: &[&str], listed: bool) {
        folder(at, files);
        let mut summary = json!({ "program": "flipchain" });
        if listed {
            summary["files"] = json!(files);
        }
        fs::write(at.join(SUMMARY), summary.to_string()).unwrap();
    }

    #[test]
    fn what_a_run_did_not_write_moves_into_the_run_that_replaces_it() {
        let home = tempfile::tempdir().unwrap();
        let (old, place) = (home.path().join("old"), home.path().join("new"));
        run(&old, &["profiles.csv", "figures/profiles.svg"], true);
        let own = ["notes.txt", "figures/mine.svg", "deep/er/a", "modes.csv"];
        folder(&old, &own);
        fs::create_dir(old.join("empty")).unwrap();
        run(&place, &["profiles.csv", "figures/map.svg"], true);
        // As if it had been ended after every single step: it goes on.
        settle(&old, &place).unwrap();
        assert!(!old.exists() && place.join("empty").is_dir());
        for file in own {
            assert_eq!(fs::read_to_string(place.join(file)).unwrap(), file);
        }
        assert!(!place.join("figures/profiles.svg").exists());
        assert_eq!(own_files(&place).unwrap().len(), 3);
        assert_eq!(files_below(&place).unwrap().len(), 3 + own.len());
    }

    #[test]
    fn a_settlement_that_was_ended_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let (old, place) = (home.path().join("old"), home.path().join("new"));
        folder(&place, &[SUMMARY, "figures/profiles.svg"]);
        // All that it wrote is removed, the folders are not; the user's file came in between.
        folder(&old, &["figures/late.txt"]);
        settle(&old, &place).unwrap();
        assert_eq!(fs::read_to_string(place.join("figures/late.txt")).unwrap(), "figures/late.txt");
    }

    #[test]
    fn files_in_the_way_are_named_and_what_is_no_run_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("run");
        run(&place, &["profiles.csv"], true);
        folder(&place, &["series.csv", "figures"]);
        let new = |names: &[&str]| names.iter().map(PathBuf::from).collect();
        assert!(allow(&place, &new(&["profiles.csv", SUMMARY])).is_ok());
        let refused = allow(&place, &new(&["series.csv", "figures/a.svg"])).unwrap_err();
        assert!(refused.to_string().contains("figures, series.csv"), "{refused}");
        for summary in ["", "{}", "{\"program\":\"other\"}"] {
            fs::write(place.join(SUMMARY), summary).unwrap();
            assert!(matches!(allow(&place, &new(&[])), Err(OutputError::Foreign(_))));
        }
    }

    #[test]
    fn a_list_that_leads_out_of_the_directory_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        folder(home.path(), &["mine"]);
        let old = home.path().join("old");
        run(&old, &["../mine", "/etc/hostname"].map(|_| "profiles.csv"), true);
        let summary =
            json!({ "program": "flipchain", "files": ["../mine", "/mine", "profiles.csv"] });
        fs::write(old.join(SUMMARY), summary.to_string()).unwrap();
        let expected: BTreeSet<PathBuf> = ["profiles.csv", SUMMARY].map(PathBuf::from).into();
        assert_eq!(own_files(&old).unwrap(), expected);
    }

    #[test]
    fn a_run_of_version_0_1_is_known_by_the_names_that_it_wrote() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("run");
        run(&place, &["profiles.csv", "figures/profiles.svg", "figures/work.csv"], false);
        folder(&place, &["mine.csv", "figures/mine.svg", "series.csv", "data/profiles.csv"]);
        assert_eq!(own_files(&place).unwrap().len(), 4);
    }
}
