//! The same run gives the same bytes: with any number of threads, and after another run in the same
//! process.
#![cfg(feature = "cli")]

mod run_directory;

use clap::Parser;
use flipchain::cli::{self, Cli};
use run_directory::files;
use std::path::Path;
use std::process::Command;

/// Commands by every way through the solver, each with more work than one thread is given at once,
/// and long enough to be divided differently.
const COMMANDS: &[&[&str]] = &[
    &[
        "evolve",
        "uphill",
        "--method",
        "radau",
        "--covariance",
        "--set",
        "chain.bonds=24",
        "--tolerance",
        "1e-6",
    ],
    &[
        "evolve",
        "periodic_force",
        "--method",
        "radau",
        "--set",
        "chain.bonds=12",
        "--set",
        "time.outputs=[0.01, 0.02]",
    ],
    &[
        "evolve",
        "uphill",
        "--method",
        "contour",
        "--covariance",
        "--set",
        "chain.bonds=48",
        "--set",
        "time.outputs=[1, 2, 50]",
    ],
    &[
        "evolve",
        "periodic_force",
        "--method",
        "contour",
        "--set",
        "chain.bonds=30",
        "--set",
        "time.outputs=[1, 3]",
    ],
    &[
        "evolve",
        "uphill",
        "--method",
        "profiles",
        "--set",
        "chain.bonds=200",
        "--set",
        "time.outputs=[1e-4, 0.1, 1]",
    ],
    &[
        "evolve",
        "periodic_force",
        "--method",
        "profiles",
        "--set",
        "chain.bonds=90",
        "--set",
        "time.outputs=[0.1, 1]",
    ],
    &[
        "evolve",
        "ring_relaxation",
        "--method",
        "profiles",
        "--set",
        "chain.bonds=4000",
        "--set",
        "time.outputs=[0, 0.1]",
    ],
    &["evolve", "harmonic", "--modes", "--covariance", "--set", "chain.bonds=80"],
    &[
        "evolve",
        "uphill",
        "--method",
        "exponential",
        "--set",
        "chain.flip_rate=0",
        "--set",
        "chain.bonds=80",
    ],
    &["evolve", "small", "--method", "literal", "--set", "chain.bonds=6", "--tolerance", "1e-6"],
    &["steady", "uphill", "--set", "chain.bonds=3000"],
    &["steady", "uphill", "--method", "modal", "--covariance", "--set", "chain.bonds=120"],
    &["steady", "uphill", "--method", "literal", "--set", "chain.bonds=12"],
    &["steady", "periodic_force", "--phases", "3", "--covariance"],
    &["steady", "ring_relaxation"],
    &["limit", "periodic_force"],
    &["check", "uphill", "--sizes", "8,16,100", "--covariance-sizes", "8,16"],
    &["check", "periodic_force", "--sizes", "8,16", "--omegas", "0.5,1.3"],
];

/// The command with its scenario's file, writing to `place`.
fn arguments(command: &[&str], place: &Path, more: &[&str]) -> Vec<String> {
    let scenario = format!("{}/data/scenarios/{}.toml", env!("CARGO_MANIFEST_DIR"), command[1]);
    let place = place.to_str().expect("a plain path");
    let all =
        [&[command[0], &scenario], &command[2..], &["-q", "--force", "-o", place], more].concat();
    all.into_iter().map(String::from).collect()
}

/// Runs it in a process of its own; a tolerance that was missed is no matter here, and the profiles
/// are kept.
fn run(command: &[&str], place: &Path, threads: &str) {
    let arguments = arguments(command, place, &["--threads", threads]);
    let output = Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(&arguments)
        .output()
        .expect("the program starts");
    assert!(place.join("summary.json").is_file(), "{arguments:?}: {output:?}");
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [alone, several] = ["alone", "several"].map(|name| folder.path().join(name));
    for command in COMMANDS {
        run(command, &alone, "1");
        let expected = files(&alone);
        for threads in ["2", "3", "8"] {
            run(command, &several, threads);
            assert!(
                files(&several) == expected,
                "{command:?}: the bytes differ with {threads} threads"
            );
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_what_the_process_has_done_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [alone, after] = ["alone", "after"].map(|name| folder.path().join(name));
    for command in COMMANDS {
        run(command, &alone, "2");
        let arguments = arguments(command, &after, &[]);
        let parsed = Cli::parse_from(std::iter::once("flipchain".to_string()).chain(arguments));
        // Ends with an error where a tolerance was missed; that the run is there says that it was
        // done.
        let _ = cli::run(parsed);
        assert!(files(&after) == files(&alone), "{command:?}: the bytes differ after other runs");
    }
}
