//! What the program takes as a scenario, and how it refuses, as a user runs it.
#![cfg(feature = "cli")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    command.current_dir(folder).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let piped = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = piped.unwrap();
    // A program that has refused its arguments does not read on.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(output.stdout.is_empty());
    stderr(output)
}

#[test]
fn a_scenario_is_a_file_a_starting_point_or_standard_input_and_all_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let show = |arguments: &[&str]| {
        let output = run(at, &[&["scenario", "show"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        output.stdout
    };
    let set = ["--set", "chain.bonds=6"];
    let json = show(&[&["uphill", "--format", "json"], &set[..]].concat());
    std::fs::write(at.join("a.json"), &json).unwrap();
    std::fs::write(at.join("a.toml"), show(&["uphill"])).unwrap();
    let profiles = |name: &str| std::fs::read(at.join(name).join("profiles.csv")).unwrap();
    for (source, output) in [("uphill", "uphill"), ("a.toml", "toml"), ("a.json", "json")] {
        let done = run(at, &[&["steady", source, "-o", output], &set[..]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    }
    let done = with_input(at, &["steady", "-", "-o", "stdin"], &json);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for output in ["toml", "json", "stdin"] {
        assert_eq!(profiles(output), profiles("uphill"), "{output}");
    }
    // There is now a folder of that name, the run; the starting point is still meant.
    let again = run(at, &["steady", "uphill", "-o", "again"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    // A file of that name is the user's own.
    std::fs::write(at.join("small"), "[chain]\nbonds = 0\n").unwrap();
    let message = refused(&run(at, &["steady", "small", "-o", "c"]));
    assert!(message.contains("small:"), "{message}");
    // Every size of `check` reads the scenario.
    let check = ["check", "-", "-o", "check", "--sizes", "4,8,16", "--set", "time.outputs=[0.1]"];
    let done = with_input(at, &check, &json);
    assert!(at.join("check/check.csv").exists(), "{}", stderr(&done));
}

#[test]
fn standard_input_that_is_no_scenario_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for (input, expected) in [
        (&b"[chain]\nbonds = 0\n"[..], "standard input:1: chain.topology: found nothing"),
        (b"", "standard input: chain: found nothing"),
        (b"\xff\xfe[\0", "cannot read the scenario on standard input: it is UTF-16 text"),
        (b"# \xe9", "cannot read the scenario on standard input: line 1 is not valid UTF-8"),
    ] {
        let message = refused(&with_input(folder.path(), &["steady", "-", "-o", "a"], input));
        assert!(message.contains(expected), "{expected}\nexpected in\n{message}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_name_that_is_nearly_one_is_answered_with_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["evolve", "uphil", "-o", "a"][..], "(did you mean uphill?)"),
        (&["scenario", "show", "parabla"], "(did you mean parabola?)"),
        (&["scenario", "new", "smal"], "(did you mean small?)"),
        (&["figures", "parabla", "-o", "a"], "(did you mean parabola?)"),
        (&["evolve", "my/own.toml", "-o", "a"], "neither such a file nor a starting point"),
        (&["evlve", "uphill"], "evolve"),
    ] {
        let message = refused(&run(folder.path(), arguments));
        assert!(message.contains(expected), "{expected}\nexpected in\n{message}");
    }
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let json = ["--format", "json"];
    for (arguments, kind, status, message) in [
        (&["evolve", "uphil", "-o", "a"][..], "bad_input", 2, "did you mean uphill"),
        (&["evolve", "uphill", "-o", "a", "--set", "N=3"], "bad_input", 2, "chain.bonds"),
        (&["evolve", "uphill", "-o", "a", "--tolerance", "5"], "bad_input", 2, "at most 0.1"),
        (&["evolve", "uphill"], "bad_input", 2, "--output"),
        (&["scenario", "show", "uphill", "--set", "N=3"], "bad_input", 2, "chain.bonds"),
        (
            &["steady", "uphill", "-o", "a", "-q", "--set", "chain.bonds=4", "--tolerance=1e-30"],
            "failed",
            1,
            "was missed",
        ),
    ] {
        let output = run(folder.path(), &[arguments, &json[..]].concat());
        let said = stderr(&output);
        let error: serde_json::Value =
            serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(error["exit_status"], status);
        assert_eq!(output.status.code(), Some(status));
        assert!(error["error"].as_str().unwrap().contains(message), "{error}");
    }
    // Help is no error.
    let help = run(folder.path(), &["evolve", "--help", "--format", "json"]);
    assert!(help.status.success() && !help.stdout.is_empty());
}

#[test]
fn more_threads_than_processors_can_serve_are_not_started() {
    let folder = tempfile::tempdir().unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    let arguments = ["steady", "uphill", "-o", "a", "--threads", "99999", "--set", "chain.bonds=4"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = format!("this machine has {processors} processors; {} threads", 16 * processors);
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
    let summary = std::fs::read(folder.path().join("a/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["threads"], 16 * processors);
}
