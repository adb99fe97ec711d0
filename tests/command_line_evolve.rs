//! `flipchain evolve` as a user runs it.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::{Command, Output};

fn evolve(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .arg("evolve")
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn scenario() -> String {
    format!("{}/data/scenarios/small.toml", env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("the folder is there").count()
}

#[test]
fn a_run_leaves_profiles_and_a_summary_within_the_tolerance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    for method in ["auto", "literal"] {
        let arguments =
            [&scenario(), "-o", path, "--tolerance", "1e-7", "--method", method, "--force"];
        let arguments = if method == "auto" { &arguments[..7] } else { &arguments[..] };
        let output = evolve(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let csv = std::fs::read_to_string(run.join("profiles.csv")).expect("profiles");
        assert!(
            csv.starts_with(
                "t,site,x,mean_r,mean_p,var_r,var_p,mechanical,thermal,energy,current\n"
            )
        );
        let summary = std::fs::read_to_string(run.join("summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
        let outputs = summary["outputs"].as_array().expect("a list");
        assert!(outputs.iter().all(|o| o["error_estimate"].as_f64().expect("a number") <= 1e-7));
        assert_eq!(csv.lines().count(), 1 + outputs.len() * 9);
    }
}

#[test]
fn as_many_threads_as_asked_for_are_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    // The price of a covariance in the long run depends on the number of threads.
    let question = ["uphill", "--set", "chain.bonds=200", "--set", "time.outputs=[1]"];
    for threads in ["1", "3"] {
        let more = ["--covariance", "--force", "--threads", threads];
        let output = evolve(&[&question[..], &more, &["-o", run.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary = std::fs::read(run.join("summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
        assert_eq!(summary["threads"].to_string(), threads);
    }
}

#[test]
fn every_scenario_of_the_program_meets_its_tolerance_as_it_is_and_longer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run");
    let path = path.to_str().expect("a plain path");
    let scenarios = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios"))
        .expect("a folder");
    let mut names: Vec<_> =
        scenarios.map(|entry| entry.expect("an entry").path().display().to_string()).collect();
    names.sort();
    for name in names.iter().filter(|name| name.ends_with(".toml")) {
        // Where the ways change with N the first outputs are the hardest.
        for longer in [None, Some("chain.bonds=256")] {
            let mut arguments = vec![name.as_str(), "-q", "--force", "-o", path];
            arguments.extend(longer.iter().flat_map(|bonds| ["--set", bonds]));
            let output = evolve(&arguments);
            assert!(
                output.status.success(),
                "{arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

#[test]
fn an_existing_run_and_an_unknown_method_are_refused_and_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    let unknown = evolve(&[&scenario(), "-o", path, "--method", "guess"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("contour"));
    assert_eq!(entries(folder.path()), 0);
    std::fs::create_dir(&run).expect("a folder");
    let refused = evolve(&[&scenario(), "-o", path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    // Not a run of ours: not even --force replaces it.
    assert_eq!(evolve(&[&scenario(), "-o", path, "--force"]).status.code(), Some(2));
    assert_eq!((entries(folder.path()), entries(&run)), (1, 0));
}

#[test]
fn a_run_that_does_not_fit_says_what_it_needs_before_it_starts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    let large = ["--set", "chain.bonds=20000", "--covariance", "--memory-limit", "1GiB"];
    let output = evolve(&[&[&scenario() as &str, "-o", path], &large[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("needs about") && message.contains("--memory-limit allows 1.0 GiB"),
        "{message}"
    );
    assert!(message.contains("allowed here: up to "), "{message}");
    // A size that is named before anything is planned is no promise.
    let tables = ["--set", "chain.bonds=20000", "--method", "radau", "--memory-limit", "1MiB"];
    let output = evolve(&[&[&scenario() as &str, "-o", path], &tables[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("and fewer where solving takes more"), "{message}");
    assert_eq!(entries(folder.path()), 0);
    // The estimate is in the summary, and of the order of what the process took.
    let kept = ["--set", "chain.bonds=60", "--covariance", "--progress", "json"];
    let output = evolve(&[&[&scenario() as &str, "-o", path], &kept[..]].concat());
    assert!(output.status.success() || output.status.code() == Some(1), "{output:?}");
    // What the covariances take on disk is said, too.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let first: serde_json::Value =
        serde_json::from_str(said.lines().next().unwrap_or_default()).expect("JSON");
    let said = first["expected_covariance_bytes"].as_u64().expect("a number of bytes");
    let written = std::fs::metadata(run.join("covariance.npz")).expect("a file").len();
    assert!(said <= written && written <= said + said / 20 + 4000, "{said} {written}");
    let summary = std::fs::read_to_string(run.join("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let number = |key: &str| summary[key].as_f64().expect("a number of bytes");
    let ratio = number("memory_estimate_bytes") / number("peak_memory_bytes");
    assert!(ratio > 0.5 && ratio < 3.0, "{ratio}");
}

#[test]
fn verbose_tells_the_estimate_of_every_output_and_every_identity() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let output = evolve(&[
        &scenario(),
        "-o",
        run.to_str().expect("a plain path"),
        "-v",
        "--tolerance",
        "1e-6",
    ]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("error estimate ").count(), 1 + 8, "{said}");
    assert!(said.contains("energy balance at every site: violated by"), "{said}");
}

#[test]
fn the_literal_operator_is_refused_with_its_size_where_it_would_not_fit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    let output =
        evolve(&[&scenario(), "-o", path, "--method", "literal", "--set", "chain.bonds=4000"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("GiB") && said.contains("leave out the method"), "{said}");
    assert_eq!(entries(folder.path()), 0);
}

#[test]
fn a_tolerance_that_cannot_be_reached_ends_with_status_1_and_keeps_the_profiles() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = run.to_str().expect("a plain path");
    let output =
        evolve(&[&scenario(), "-o", path, "--tolerance", "1e-16", "--set", "time.outputs=[0, 2]"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("was missed") && run.join("profiles.csv").is_file(), "{said}");
    let summary = std::fs::read_to_string(run.join("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert!(summary["outputs"][1]["error_estimate"].as_f64().expect("a number") > 1e-16);
    assert_eq!(summary["tolerance_reached"], false);
}

#[test]
fn places_that_cannot_be_written_are_refused_before_the_run_and_untouched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").expect("a file");
    let (below, own) = (file.join("run"), folder.path().join(".."));
    let mut places = vec![
        (below, "is a file"),
        (file.clone(), "not a run directory"),
        (own, "no name of its own"),
    ];
    if cfg!(target_os = "linux") {
        // Nobody, not even root, makes a directory here.
        places.push(("/proc/run".into(), "/proc/"));
    }
    for (place, reason) in places {
        let output = evolve(&[&scenario(), "-o", place.to_str().expect("a plain path"), "--force"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(
        (entries(folder.path()), std::fs::read_to_string(&file).expect("the file")),
        (1, "mine".into())
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_never_replaced_nor_what_it_points_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (run, link) = (folder.path().join("run"), folder.path().join("link"));
    assert!(evolve(&[&scenario(), "-o", run.to_str().expect("a plain path")]).status.success());
    let before =
        std::fs::metadata(run.join("summary.json")).and_then(|m| m.modified()).expect("a summary");
    std::os::unix::fs::symlink(&run, &link).expect("a link");
    let path = link.to_str().expect("a plain path");
    for place in [path.to_string(), format!("{path}/")] {
        let output = evolve(&[&scenario(), "-o", &place, "--force"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("symbolic link"), "{said}");
    }
    let after =
        std::fs::metadata(run.join("summary.json")).and_then(|m| m.modified()).expect("a summary");
    assert_eq!((entries(folder.path()), before), (2, after));
    // A link on the way is followed.
    std::fs::create_dir(folder.path().join("other")).expect("a folder");
    std::os::unix::fs::symlink(folder.path().join("other"), folder.path().join("way"))
        .expect("a link");
    let way = folder.path().join("way/run");
    assert!(evolve(&[&scenario(), "-o", way.to_str().expect("a plain path")]).status.success());
    assert!(folder.path().join("other/run/summary.json").is_file());
}
