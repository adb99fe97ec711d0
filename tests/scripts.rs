//! What scripts/test and .ci/run promise: what failed is named and repeated, up to three times, and
//! what fails each time fails the run.
#![cfg(unix)]

mod left_out;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One of the repository's scripts; a packaged crate has no .ci.
fn script(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if !path.exists() {
        left_out::say(&format!("{name} (it is not in a package)"));
        return None;
    }
    Some(path)
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs .ci/run beside a scripts/test in which everything named in `failures` fails as many times
/// as stated, and returns its output and how often scripts/test was called.
fn run_with(failures: &[(&str, usize)]) -> Option<(Output, usize)> {
    let runner = script(".ci/run")?;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    executable(&at(".ci/run"), &fs::read_to_string(runner).unwrap());
    for (name, count) in failures {
        fs::write(at(&format!("left.{name}")), count.to_string()).unwrap();
    }
    executable(
        &at("scripts/test"),
        r#"#!/usr/bin/env bash
cd "$(dirname "$0")/.."
echo call >> calls
failed=()
for name in ${@:-$(ls left.* 2>/dev/null | sed 's/left.//')}; do
    left=$(cat left.$name)
    if [ "$left" -gt 0 ]; then failed+=($name); echo $((left - 1)) > left.$name; fi
done
if [ ${#failed[@]} != 0 ]; then echo "FAILED: ${failed[*]}"; exit 1; fi
"#,
    );
    let output = Command::new(at(".ci/run")).output().unwrap();
    let calls = fs::read_to_string(at("calls")).unwrap().lines().count();
    Some((output, calls))
}

#[test]
fn what_passes_is_not_repeated() {
    let Some((output, calls)) = run_with(&[]) else { return };
    assert!(output.status.success());
    assert_eq!(calls, 1);
}

#[test]
fn a_target_that_passes_when_repeated_passes_and_each_outcome_is_said() {
    let Some((output, calls)) = run_with(&[("ring", 1), ("covariance", 3)]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(calls, 1 + 1 + 3);
    assert!(text.contains("ring: failed, passed"), "{text}");
    assert!(text.contains("covariance: failed, failed, failed, passed"), "{text}");
}

#[test]
fn a_target_that_fails_each_time_fails_the_run() {
    let Some((output, calls)) = run_with(&[("ring", 1), ("covariance", 9)]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(calls, 1 + 1 + 3);
    assert!(text.contains("covariance: failed, failed, failed, failed"), "{text}");
}

#[test]
fn what_does_not_depend_on_luck_is_not_repeated() {
    for name in ["fmt", "clippy", "rustdoc", "build"] {
        let Some((output, calls)) = run_with(&[(name, 1)]) else { return };
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(calls, 1, "{name}");
    }
}

/// Runs scripts/test with a cargo that prints `output` and fails where there is some.
fn test_with(output: &str, names: &[&str]) -> Option<(String, Option<i32>, String)> {
    let runner = script("scripts/test")?;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    executable(&at("scripts/test"), &fs::read_to_string(runner).unwrap());
    fs::write(at("output"), output).unwrap();
    let here = folder.path().display();
    executable(
        &at("bin/cargo"),
        &format!(
            "#!/usr/bin/env bash\necho \"$@\" >> {here}/calls\n\
             [ $1 = doc ] && mkdir -p target/doc/flipchain && echo '<li><a href=\"a\">a</a></li>' \
             > target/doc/flipchain/all.html\n[ $1 = test ] || exit 0\n\
             cat {here}/output >&2\n[ ! -s {here}/output ]\n"
        ),
    );
    // OpenBLAS is said to be there, and Python not to be: nothing is installed, nothing is drawn.
    executable(&at("bin/pkg-config"), "#!/bin/sh\nexit 0\n");
    executable(&at("bin/python3"), "#!/bin/sh\nexit 1\n");
    let path = format!("{here}/bin:{}", std::env::var("PATH").unwrap());
    let run = Command::new(at("scripts/test")).args(names).env("PATH", path).output().unwrap();
    let calls = fs::read_to_string(at("calls")).unwrap();
    Some((String::from_utf8(run.stdout).unwrap(), run.status.code(), calls))
}

#[test]
fn the_targets_that_failed_are_named_in_the_last_line() {
    let two =
        "error: 3 targets failed:\n    `-p flipchain --lib`\n    `--test ring`\n    `--doc`\n";
    let Some((text, status, _)) = test_with(two, &[]) else { return };
    assert_eq!(status, Some(1));
    assert!(text.contains(two), "cargo's closing lines are kept: {text}");
    assert!(text.ends_with("\nFAILED: lib ring doc\n"), "{text}");
    assert!(text.contains("\nLEFT OUT: the Python package (needs Python 3.10"), "{text}");
    assert!(text.contains("\nLEFT OUT: the book (needs Python 3.10"), "{text}");
    let (text, status, _) = test_with("error: could not compile\n", &["ring"]).unwrap();
    assert_eq!((status, text.ends_with("\nFAILED: build\n")), (Some(1), true), "{text}");
}

#[test]
fn named_targets_run_alone() {
    let Some((text, status, calls)) = test_with("", &["covariance", "lib", "doc"]) else { return };
    assert_eq!(status, Some(0), "{text}");
    let calls: Vec<&str> = calls.lines().collect();
    assert_eq!(
        calls,
        [
            "test --no-fail-fast -p flipchain --features flipchain/lapack --doc",
            "test --no-fail-fast -p flipchain --features flipchain/lapack --test covariance --lib"
        ]
    );
}
