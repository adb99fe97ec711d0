//! A run that is told to end, ends: status 130, and nothing half-written.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The program at work, and its first line of progress.
fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(arguments)
        .args(["--progress", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stderr.take().expect("it is piped"));
    reader.read_line(&mut line).expect("a line of progress");
    // Whatever else it says is read, so that it is not stopped by a closed pipe.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    (child, line)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[test]
fn control_c_and_termination_end_a_run_with_status_130_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");
    // Each takes at least some ten seconds to its end.
    let commands: [&[&str]; 3] = [
        &["evolve", scenario, "-o", path, "--method", "radau", "--set", "chain.bonds=300"],
        &["steady", scenario, "-o", path, "--set", "chain.bonds=500000"],
        &["check", scenario, "-o", path, "--sizes", "16,512", "--covariance-sizes", "16,512"],
    ];
    for arguments in commands {
        for name in ["INT", "TERM"] {
            let (mut child, line) = started(arguments);
            let progress: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
            assert!(progress["share"].as_f64().is_some_and(|share| (0.0..1.0).contains(&share)), "{line}");
            signal(&child, name);
            assert_eq!(child.wait().expect("it ends").code(), Some(130), "{arguments:?}");
            assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "{arguments:?}");
        }
    }
}
