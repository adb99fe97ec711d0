//! `flipchain scenario` as a user runs it.
#![cfg(feature = "cli")]

use std::process::{Command, Output};

fn flipchain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flipchain")).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    assert!(output.stderr.is_empty(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    stderr(output)
}

#[test]
fn without_arguments_the_help_is_shown_and_the_status_is_2() {
    let message = refused(&flipchain(&[]));
    assert!(message.contains("Usage: flipchain") && message.contains("scenario"), "{message}");
}

#[test]
fn the_version_and_the_help_are_no_errors() {
    assert_eq!(
        stdout(&flipchain(&["--version"])),
        concat!("flipchain ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert!(stdout(&flipchain(&["--help"])).contains("Exit status"));
}

#[test]
fn list_shows_each_starting_point_with_its_title() {
    let list = stdout(&flipchain(&["scenario", "list"]));
    assert!(list.lines().count() >= 9);
    assert!(
        list.contains("uphill") && list.contains("Uphill heat diffusion: energy flows"),
        "{list}"
    );
}

#[test]
fn show_prints_the_file_or_the_scenario_with_defaults() {
    assert!(
        stdout(&flipchain(&["scenario", "show", "uphill"])).starts_with("# Uphill heat diffusion")
    );
    let json = stdout(&flipchain(&[
        "scenario",
        "show",
        "uphill",
        "--format",
        "json",
        "--set",
        "chain.bonds=7",
    ]));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["chain"]["bonds"], 7);
    assert_eq!(value["left"]["thermostat"]["friction"], 1.0);
}

#[test]
fn show_refuses_a_bad_file_with_its_line_and_an_unknown_name_with_the_known_ones() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.toml");
    std::fs::write(&file, "[chain]\ntopology = \"ring\"\nbonds = 0\nflip_rate = 1\n").unwrap();
    let message = refused(&flipchain(&["scenario", "show", file.to_str().unwrap()]));
    assert!(
        message.contains("bad.toml:3: chain.bonds: found 0; allowed: an integer from 1"),
        "{message}"
    );
    let message = refused(&flipchain(&["scenario", "show", "uphil"]));
    assert!(message.contains("uphil") && message.contains("parabola"), "{message}");
    let message = refused(&flipchain(&["scenario", "show", "uphill", "--set", "chain.bonds=-1"]));
    assert!(message.contains("--set chain.bonds=-1: chain.bonds: found -1"), "{message}");
}

#[test]
fn new_writes_a_file_that_can_be_shown_and_overwrites_only_when_forced() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.toml");
    let path = file.to_str().unwrap();
    stdout(&flipchain(&["scenario", "new", "parabola", "-o", path]));
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written, stdout(&flipchain(&["scenario", "show", path])));
    let message = refused(&flipchain(&["scenario", "new", "small", "-o", path]));
    assert!(message.contains("mine.toml: exists already; give --force to replace it"), "{message}");
    assert_eq!(written, std::fs::read_to_string(&file).unwrap());
    stdout(&flipchain(&["scenario", "new", "small", "-o", path, "--force"]));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("# Small"));
    assert!(stdout(&flipchain(&["scenario", "new"])).starts_with("# Small"));
}

#[test]
fn new_refuses_an_unknown_name_and_a_place_that_does_not_exist() {
    assert!(
        refused(&flipchain(&["scenario", "new", "sideways"])).contains("starting points are small")
    );
    let message = refused(&flipchain(&["scenario", "new", "small", "-o", "/nonexistent/a.toml"]));
    assert!(message.contains("cannot write /nonexistent/a.toml"), "{message}");
}

#[test]
fn schema_prints_a_json_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(&stdout(&flipchain(&["scenario", "schema"]))).unwrap();
    assert_eq!(schema["title"], "flipchain scenario");
    assert_eq!(schema["required"], serde_json::json!(["chain"]));
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let commands = ["evolve", "steady", "limit", "check", "scenario"];
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&flipchain(&["completions", shell]));
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    let page = stdout(&flipchain(&["manual"]));
    assert!(
        page.contains(".TH flipchain 1") && commands.iter().all(|command| page.contains(command))
    );
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    stdout(&flipchain(&["manual", "-o", pages.to_str().unwrap()]));
    for command in commands {
        assert!(pages.join(format!("flipchain-{command}.1")).exists(), "{command}");
    }
    // A file stands where the folder should be.
    let file = pages.join("flipchain-evolve.1");
    assert!(
        refused(&flipchain(&["manual", "-o", file.to_str().unwrap()]))
            .contains("flipchain-evolve.1")
    );
    assert!(refused(&flipchain(&["completions", "dos"])).contains("bash"));
}
