//! Full disks, read-only places, files that cannot be read: one error that names the path, nothing
//! half-written, and nothing lost of what was there.
//!
//! Disks and file systems are made in a mount namespace (`unshare`), and rights are taken away from
//! a user that has no others: what cannot be made where the tests run is left out and said.
#![cfg(feature = "cli")]
#![cfg(target_os = "linux")]

#[path = "bad_days/disks.rs"]
mod disks;
mod left_out;

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_flipchain");
const UPHILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");

/// The computing commands, without their scenario and their place.
const COMMANDS: [&[&str]; 4] = [
    &[
        "evolve",
        "--set",
        "chain.bonds=12",
        "--covariance",
        "--method",
        "radau",
        "--tolerance",
        "1e-6",
    ],
    &["steady", "--set", "chain.bonds=12", "--covariance"],
    &["limit"],
    &["check", "--sizes", "4,8"],
];

/// A command on a scenario, to be written to `place`.
fn arguments<'a>(command: &[&'a str], scenario: &'a str, place: &'a Path) -> Vec<&'a str> {
    [&[command[0], scenario, "-q", "-o", place.to_str().expect("a plain path")], &command[1..]]
        .concat()
}

/// Everything in a folder: paths, contents, and where links lead.
fn everything(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs::symlink_metadata(&path).expect("an entry").file_type();
            let content = match () {
                _ if kind.is_symlink() => {
                    format!("a link to {:?}", fs::read_link(&path).expect("a link"))
                }
                _ if kind.is_dir() => "a folder".into(),
                _ => fs::read(&path).map_or_else(|e| e.to_string(), |bytes| format!("{bytes:?}")),
            };
            if kind.is_dir() && fs::read_dir(&path).is_ok() {
                folders.push(path.clone());
            }
            found.push((path, content));
        }
    }
    found.sort();
    found
}

/// One message of the program's own, with this status, that names `path`.
fn one_message(output: &Output, statuses: &[i32], path: &str, what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code().is_some_and(|code| statuses.contains(&code)),
        "{what}: {:?}: {said}",
        output.status
    );
    assert!(said.lines().count() == 1 && said.starts_with("flipchain: "), "{what}: {said}");
    assert!(said.contains(path), "{what}: {path} is not named: {said}");
}

/// The program for somebody without the rights of root, and a folder of theirs.
struct Somebody {
    folder: tempfile::TempDir,
    program: PathBuf,
    /// Whether the tests run as root: then the program runs as nobody.
    root: bool,
}

const NOBODY: u32 = 65534;

impl Somebody {
    fn new() -> Somebody {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(folder.path()).expect("it is there").uid() == 0
        };
        // Root's own folders may be closed to others.
        let program = folder.path().join("flipchain");
        fs::copy(PROGRAM, &program).expect("a copy");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let somebody = Somebody { folder, program, root };
        somebody.make("home");
        somebody
    }

    /// A new folder of theirs, by its path in the temporary one.
    fn make(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).expect("a folder");
        self.give(&path);
        path
    }

    fn give(&self, path: &Path) {
        if self.root {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        if self.root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.args(arguments);
        // A child that another test is about to start may still hold the copy open for writing.
        loop {
            match command.output() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                found => return found.expect("the program starts"),
            }
        }
    }
}

#[test]
fn a_place_that_cannot_be_a_run_directory_is_named_and_left_as_it_was() {
    let somebody = Somebody::new();
    let home = somebody.make("home");
    let at = |name: &str| home.join(name);
    fs::write(at("scenario.toml"), fs::read(UPHILL).expect("a scenario")).expect("a file");
    fs::write(at("file"), "mine").expect("a file");
    for name in ["foreign", "empty", "locked", "blind"] {
        somebody.make(&format!("home/{name}"));
    }
    fs::write(at("foreign/thesis.tex"), "mine").expect("a file");
    fs::write(at("locked/mine"), "mine").expect("a file");
    for (link, target) in [
        ("to_file", "file"),
        ("to_folder", "foreign"),
        ("to_nothing", "nowhere"),
        ("to_itself", "to_itself"),
    ] {
        symlink(at(target), at(link)).expect("a link");
    }
    fs::set_permissions(at("locked"), Permissions::from_mode(0o555)).expect("it is ours");
    fs::set_permissions(at("blind"), Permissions::from_mode(0o000)).expect("it is ours");
    let places = [
        "file",
        "foreign",
        "empty",
        "to_file",
        "to_folder",
        "to_folder/",
        "to_nothing",
        "to_itself",
        "file/run",
        "to_file/run",
        "to_itself/run",
        "locked/run",
        "blind/run",
        "locked/a/b",
        "..",
        ".",
        "/",
    ];
    let scenario = at("scenario.toml");
    let before = everything(&home);
    for command in COMMANDS {
        for place in places {
            let path = match place {
                "." | ".." | "/" => PathBuf::from(place),
                name => at(name),
            };
            for force in [false, true] {
                let mut arguments = arguments(command, scenario.to_str().expect("plain"), &path);
                arguments.extend(force.then_some("--force"));
                let output = somebody.run(&arguments);
                let what =
                    format!("{} -o {place} {}", command[0], if force { "--force" } else { "" });
                // The place, or the first part of it that is in the way.
                let named = if place.starts_with("locked")
                    || place.contains("/") && place.len() > 1 && !place.ends_with('/')
                {
                    at(place.split('/').next().expect("a name"))
                } else {
                    path.components().collect()
                };
                one_message(&output, &[2], named.to_str().expect("plain"), &what);
                assert!(everything(&home) == before, "{what}: something has changed");
            }
        }
    }
    for name in ["locked", "blind"] {
        fs::set_permissions(at(name), Permissions::from_mode(0o755)).expect("it is ours");
    }
}

#[test]
fn files_for_the_other_commands_are_not_overwritten_either() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "mine").expect("a file");
    fs::create_dir(at("folder")).expect("a folder");
    fs::write(at("folder/parabola.svg"), "mine").expect("a file");
    symlink(at("nowhere"), at("to_nothing")).expect("a link");
    let before = everything(folder.path());
    for (arguments, place, statuses) in [
        (&["scenario", "new", "small"][..], "file", [2]),
        (&["scenario", "new", "small", "--force"], "folder", [2]),
        (&["scenario", "new", "small"], "file/scenario.toml", [2]),
        (&["scenario", "new", "small"], "nowhere/scenario.toml", [2]),
        (&["scenario", "new", "small"], "to_nothing", [2]),
        (&["manual"], "file", [2]),
        (&["manual"], "file/pages", [2]),
        (&["figures", "parabola", "-q"], "file", [2]),
        (&["figures", "parabola", "-q"], "file/figures", [2]),
        (&["figures", "parabola", "-q"], "folder", [2]),
    ] {
        let path = at(place);
        let output = Command::new(PROGRAM)
            .args(arguments)
            .arg("-o")
            .arg(&path)
            .output()
            .expect("the program starts");
        one_message(
            &output,
            &statuses,
            path.to_str().expect("plain"),
            &format!("{arguments:?} -o {place}"),
        );
        assert!(
            everything(folder.path()) == before,
            "{arguments:?} -o {place}: something has changed"
        );
    }
}

#[test]
fn a_scenario_that_cannot_be_read_is_named() {
    let somebody = Somebody::new();
    let home = somebody.make("home");
    let at = |name: &str| home.join(name);
    for (name, content) in [
        ("secret", &b"[chain]"[..]),
        ("bytes", b"[chain]\nbonds = \"\xff\xfe\""),
        ("broken", b"[chain"),
    ] {
        fs::write(at(name), content).expect("a file");
    }
    fs::set_permissions(at("secret"), Permissions::from_mode(0o000)).expect("it is ours");
    symlink(at("nowhere"), at("to_nothing")).expect("a link");
    fs::create_dir(at("folder")).expect("a folder");
    let before = everything(&home);
    for command in COMMANDS {
        // The last opens, and fails at its first byte.
        for name in [
            "secret",
            "bytes",
            "broken",
            "to_nothing",
            "folder",
            "nowhere",
            "broken/a.toml",
            "/proc/self/mem",
        ] {
            let (scenario, place) = (at(name), at("run"));
            let scenario = scenario.to_str().expect("plain");
            one_message(
                &somebody.run(&arguments(command, scenario, &place)),
                &[2],
                scenario,
                &format!("{} {name}", command[0]),
            );
            assert!(everything(&home) == before, "{} {name}: something has changed", command[0]);
        }
    }
}

#[test]
fn a_covariance_to_start_from_that_cannot_be_read_is_named() {
    let somebody = Somebody::new();
    let home = somebody.make("home");
    let at = |name: &str| home.join(name);
    fs::create_dir(at("folder")).expect("a folder");
    fs::write(at("text.npz"), "no archive").expect("a file");
    fs::write(at("secret.npz"), "no archive").expect("a file");
    fs::set_permissions(at("secret.npz"), Permissions::from_mode(0o000)).expect("it is ours");
    // A whole one of a run, and the same cut short.
    let place = at("run");
    assert!(somebody.run(&arguments(COMMANDS[0], UPHILL, &place)).status.success());
    let whole = fs::read(place.join("covariance.npz")).expect("a covariance");
    fs::write(at("short.npz"), &whole[..whole.len() / 2]).expect("a file");
    let text = fs::read_to_string(UPHILL).expect("a scenario");
    for name in ["folder", "text.npz", "secret.npz", "short.npz", "nowhere.npz"] {
        let start = text.find("[initial]").expect("a table");
        let end = text.find("[time]").expect("a table");
        fs::write(
            at("a.toml"),
            format!("{}[initial]\ncovariance = \"{name}\"\n{}", &text[..start], &text[end..]),
        )
        .expect("a file");
        let before = everything(&home);
        let (scenario, other) = (at("a.toml"), at("other"));
        let output =
            somebody.run(&arguments(COMMANDS[0], scenario.to_str().expect("plain"), &other));
        one_message(&output, &[2], name, name);
        assert!(everything(&home) == before, "{name}: something has changed");
    }
}
