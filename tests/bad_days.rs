//! Full disks, files that cannot be read, numbers at the edge: an error that names the path or the key, and nothing half-written.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/small.toml");

fn flipchain(arguments: &[&str], place: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    command.args(arguments).arg("-o").arg(place).output().expect("the program starts")
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("the folder is there").count()
}

#[test]
fn a_disk_that_is_full_is_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    // No file may grow beyond some KiB: writing fails as on a full disk, at another file for another limit.
    for (blocks, arguments) in [
        (1, &["evolve"][..]),
        (8, &["evolve", "--set", "chain.bonds=40"]),
        (40, &["evolve", "--covariance", "--set", "chain.bonds=40"]),
        (1, &["steady"]),
    ] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_flipchain"), arguments[0], SMALL]).args(&arguments[1..]);
        let output = command.arg("-o").arg(&place).output().expect("the shell starts");
        let said = String::from_utf8_lossy(&output.stderr);
        // 2 where not even the start can be written.
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {said}");
        assert!(said.contains("run") && said.contains("large"), "{arguments:?}: {said}");
        assert!(!place.exists(), "{arguments:?}");
        // What is left, if a part was finished, is only what --resume needs.
        if entries(folder.path()) > 0 {
            assert!(said.contains("--resume"), "{arguments:?}: {said}");
            let mut resumed = vec![arguments[0], SMALL];
            resumed.extend(&arguments[1..]);
            resumed.push("--resume");
            assert!(flipchain(&resumed, &place).status.success(), "{arguments:?}");
            std::fs::remove_dir_all(&place).expect("the run is there");
        }
        assert_eq!(entries(folder.path()), 0, "{arguments:?}");
    }
}

#[test]
fn a_standard_output_that_cannot_be_written_is_an_error_and_the_run_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    let full = std::fs::File::create("/dev/full").expect("/dev/full");
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    let output = command.args(["steady", SMALL, "-o"]).arg(&place).stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"), "{output:?}");
    assert!(place.join("summary.json").is_file());
}

#[test]
fn a_scenario_that_breaks_off_while_it_is_read_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    // Opens, and fails at the first byte.
    let output = flipchain(&["evolve", "/proc/self/mem"], &place);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("/proc/self/mem"), "{said}");
    assert_eq!(entries(folder.path()), 0);
}

#[test]
fn numbers_at_the_edge_of_the_range_end_in_an_answer_or_in_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    let cases: &[(&str, &[&str], &[i32])] = &[
        ("evolve", &["chain.bonds=1"], &[0]),
        ("steady", &["chain.bonds=1"], &[0]),
        ("evolve", &["chain.bonds=1000000000"], &[2]),
        ("steady", &["left.thermostat.temperature=0", "right.thermostat.temperature=0"], &[0, 1]),
        ("evolve", &["left.thermostat.temperature=0", "initial.temperature=0"], &[0, 1]),
        ("evolve", &["chain.flip_rate=1e300"], &[1, 2]),
        ("steady", &["chain.flip_rate=1e300"], &[1, 2]),
        ("evolve", &["chain.flip_rate=1e-300"], &[0, 1, 2]),
        ("steady", &["chain.flip_rate=1e-300"], &[0, 1, 2]),
        ("evolve", &["time.outputs=[1e-300]"], &[0, 1]),
        ("evolve", &["time.outputs=[1e300]"], &[1, 2]),
        ("evolve", &["time.outputs=[nan]"], &[2]),
        ("evolve", &["time.outputs=[inf]"], &[2]),
        ("evolve", &["time.outputs=[]"], &[2]),
        ("evolve", &["time.outputs=[0.1, 0.1]"], &[2]),
        ("evolve", &["time.outputs=[0.2, 0.1]"], &[2]),
        ("evolve", &["time.outputs=[-1]"], &[2]),
        ("evolve", &["initial.temperature=1e300"], &[0, 1, 2]),
        ("evolve", &["initial.elongation=1e200"], &[0, 1, 2]),
        ("steady", &["left.thermostat.friction=1e-300"], &[0, 1, 2]),
        ("steady", &["left.thermostat.friction=1e300"], &[0, 1, 2]),
        ("limit", &["chain.flip_rate=1e300"], &[0, 1, 2]),
        ("limit", &["time.outputs=[1e-300]"], &[0, 1, 2]),
    ];
    let mut failed = String::new();
    for (command, settings, statuses) in cases {
        let mut arguments = vec![*command, SMALL, "--force", "-q"];
        settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        let output = flipchain(&arguments, &place);
        let said = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        let lines = said.lines().count();
        // An answer is silent; anything else is one line of the program's own.
        let orderly = if code == Some(0) { lines == 0 } else { lines == 1 && said.starts_with("flipchain: ") };
        if !code.is_some_and(|code| statuses.contains(&code)) || !orderly {
            failed += &format!("{command} {settings:?}: {code:?}: {said}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
