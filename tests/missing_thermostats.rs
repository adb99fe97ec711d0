//! What is promised where thermostats are missing: every command works, or says why not and what to
//! use instead.
#![cfg(feature = "cli")]

use flipchain::{Chain, Options, Thermostat, steady};
use std::path::Path;
use std::process::Command;

const ENDS: [&str; 4] = ["none", "left", "right", "ring"];
const FORCES: [&str; 3] = ["no", "constant", "periodic"];

/// A scenario of four bonds with what is named.
fn scenario(flip_rate: u32, ends: &str, force: &str) -> String {
    let topology = if ends == "ring" { "ring" } else { "open" };
    let mut text =
        format!("[chain]\ntopology = \"{topology}\"\nbonds = 4\nflip_rate = {flip_rate}\n");
    for (side, temperature) in [("left", 2), ("right", 1)] {
        if ends == side {
            text += &format!("[{side}.thermostat]\ntemperature = {temperature}\n");
        }
    }
    text += match force {
        "constant" => "[right.force]\nmean = 0.5\n",
        "periodic" => {
            "[right.force]\nmean = 0.5\nperiod = 5\nharmonics = [{ order = 1, amplitude = 1, phase = 0.3 }]\n"
        }
        _ => "",
    };
    text + "[initial]\nelongation = \"x\"\ntemperature = \"1 + x\"\n[time]\nscale = \"diffusive\"\noutputs = [0.1, 1]\n"
}

/// Exit status, the message, and summary.json where there is one.
fn run(
    folder: &Path,
    command: &str,
    scenario: &str,
) -> (Option<i32>, String, Option<serde_json::Value>) {
    std::fs::write(folder.join("a.toml"), scenario).expect("the folder is writable");
    let path = |name: &str| folder.join(name).display().to_string();
    let (file, out) = (path("a.toml"), path("out"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    program.args([command, &file, "-o", &out, "--quiet"]);
    if command == "check" {
        program.args(["--sizes", "4,8"]);
    }
    let ended = program.output().expect("the program starts");
    let summary = std::fs::read_to_string(folder.join("out/summary.json"));
    let summary = summary.ok().map(|text| serde_json::from_str(&text).expect("JSON"));
    let _ = std::fs::remove_dir_all(folder.join("out"));
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned(), summary)
}

/// What the refusal of a command says; `None` where it works.
fn refusal(command: &str, flip_rate: u32, ends: &str, force: &str) -> Option<&'static str> {
    match (command, ends, force) {
        (_, "ring", "constant" | "periodic") => Some("which has no ends"),
        ("limit" | "check", ..) if flip_rate == 0 => Some("use evolve or steady"),
        ("steady", "none", "constant" | "periodic") => Some("use evolve, or add [left.thermostat]"),
        ("steady", "none" | "ring", _) if flip_rate == 0 => Some("use evolve"),
        _ => None,
    }
}

#[test]
fn every_command_works_and_certifies_its_result_or_says_what_to_use_instead() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for flip_rate in [1, 0] {
        for ends in ENDS {
            for force in FORCES {
                for command in ["evolve", "steady", "limit", "check"] {
                    // The limit without flips does not look at the ends, and a ring has none.
                    let flipless = flip_rate == 0
                        && (command == "check" || command == "limit")
                        && ends != "left";
                    if flipless || ends == "ring" && force == "periodic" {
                        continue;
                    }
                    let place =
                        format!("{command}, γ = {flip_rate}, thermostats: {ends}, force: {force}");
                    let (status, message, summary) =
                        run(folder.path(), command, &scenario(flip_rate, ends, force));
                    match (refusal(command, flip_rate, ends, force), summary) {
                        (Some(words), None) => {
                            assert_eq!(status, Some(2), "{place}: {message}");
                            assert!(message.contains(words), "{place}: {message}");
                        }
                        (None, Some(summary)) => {
                            assert_eq!(status, Some(0), "{place}: {message}");
                            assert_eq!(summary["tolerance_reached"], true, "{place}");
                            let identities =
                                summary["identities"].as_array().cloned().unwrap_or_default();
                            // Where nothing enters on the left, the steady current is checked to
                            // vanish.
                            let certificate = match (command, ends) {
                                ("evolve", _) => Some("energy balance at every site"),
                                ("steady", "left" | "right") => {
                                    Some("one current through every bond and both ends")
                                }
                                _ => None,
                            };
                            let certified =
                                |name: &str| identities.iter().any(|i| i["name"] == name);
                            assert!(certificate.is_none_or(certified), "{place}: {identities:?}");
                            for identity in identities {
                                // A few roundings of sums of five sites and some tens of steps.
                                let violation = identity["violation"].as_f64().expect("a number");
                                assert!(violation < 1e-12, "{place}: {identity}");
                            }
                        }
                        (refused, summary) => {
                            panic!(
                                "{place}: {status:?} {message} {refused:?} {}",
                                summary.is_some()
                            )
                        }
                    }
                }
            }
        }
    }
}

/// Without thermostats at its ends: that inside takes the chain to its own temperature.
#[test]
fn a_thermostat_inside_alone_makes_a_chain_forget_its_start() {
    let chain = Chain::open(6).thermostat(2, Thermostat::at(1.5)).build().unwrap();
    assert!(!flipchain::depends_on_initial_law(&chain));
    let state = steady(&chain, None, &Options::default()).unwrap();
    for p in state.at(0).var_p().values {
        assert!((p - 1.5).abs() <= 1e-12, "{p}");
    }
}
