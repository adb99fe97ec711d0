//! A run that is told to end, ends: status 130, nothing half-written, and `--resume` goes on to the
//! same bytes. One that is killed does no worse.
#![cfg(feature = "cli")]
#![cfg(unix)]

mod run_directory;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use run_directory::files;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const UPHILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");
const HARMONIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/harmonic.toml");

/// Commands that take a second or so in many parts, by the ways through the solver.
const STEPS: &[&str] =
    &["evolve", UPHILL, "--method", "radau", "--set", "chain.bonds=40", "--tolerance", "1e-7"];
const CONTOURS: &[&str] = &[
    "evolve",
    UPHILL,
    "--method",
    "contour",
    "--covariance",
    "--set",
    "chain.bonds=48",
    "--set",
    "time.outputs={ from = 1, to = 1e4, count = 12, spacing = \"log\" }",
];
const PROFILES: &[&str] = &[
    "evolve",
    UPHILL,
    "--method",
    "profiles",
    "--set",
    "chain.bonds=300",
    "--set",
    "time.outputs={ from = 0.1, to = 1e3, count = 8, spacing = \"log\" }",
];
const PROPAGATOR: &[&str] =
    &["evolve", HARMONIC, "--set", "chain.bonds=400", "--set", "chain.flip_rate=0"];
const STEADY: &[&str] = &["steady", UPHILL, "--set", "chain.bonds=30000"];
const CHECK: &[&str] =
    &["check", UPHILL, "--sizes", "8,12,16,24,32", "--covariance-sizes", "8,12,16,24,32"];

fn program(arguments: &[&str], place: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    command.args(arguments).arg("-o").arg(place).args(more);
    command
}

fn run(arguments: &[&str], place: &Path, more: &[&str]) -> Output {
    program(arguments, place, more).output().expect("the program starts")
}

/// The program at work, and its first line of progress that says that this share or more is done.
fn started(arguments: &[&str], place: &Path, share: f64) -> (Child, String) {
    let mut command = program(arguments, place, &[]);
    command.args(["--progress", "json"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stderr.take().expect("it is piped"));
    // The first line says what is expected and has no share.
    let done = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["share"].as_f64();
    while done(&line).is_none_or(|done| done < share) {
        line.clear();
        assert!(reader.read_line(&mut line).expect("a line of progress") > 0, "it ended before");
    }
    // Whatever else it says is read, so that it is not stopped by a closed pipe.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    (child, line)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

fn entries(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string()
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| name(entry).expect("plain"))
        .collect();
    names.sort();
    names
}

#[test]
fn control_c_and_termination_end_a_run_with_status_130_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    // Each takes some ten seconds to its end, and longer than this test to its first finished part.
    let commands: [&[&str]; 2] = [
        &["steady", UPHILL, "--set", "chain.bonds=500000"],
        &[
            "check",
            UPHILL,
            "--sizes",
            "512",
            "--covariance-sizes",
            "512",
            "--set",
            "time.outputs=[1]",
        ],
    ];
    for arguments in commands {
        for name in ["INT", "TERM"] {
            let (mut child, line) = started(arguments, &place, 0.0);
            let progress: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
            assert!(
                progress["share"].as_f64().is_some_and(|share| (0.0..1.0).contains(&share)),
                "{line}"
            );
            signal(&child, name);
            assert_eq!(child.wait().expect("it ends").code(), Some(130), "{arguments:?}");
            assert_eq!(entries(folder.path()), [""; 0], "{arguments:?}");
        }
    }
}

#[test]
fn a_run_that_was_ended_goes_on_to_the_same_bytes_and_to_no_other_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (place, whole) = (folder.path().join("run"), folder.path().join("whole"));
    assert!(run(STEPS, &whole, &[]).status.success());
    // Before its first step a run has nothing to go on with and leaves nothing.
    let (mut child, _) = started(STEPS, &place, 0.3);
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(entries(folder.path()), [".run.partial", "whole"]);
    let again = run(STEPS, &place, &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--resume"), "{again:?}");
    let changed = run(STEPS, &place, &["--resume", "--set", "chain.flip_rate=2"]);
    assert_eq!(changed.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&changed.stderr).contains("chain.flip_rate was 1.0 and is 2.0"),
        "{changed:?}"
    );
    let resumed = run(STEPS, &place, &["--resume", "--threads", "1"]);
    assert!(resumed.status.success(), "{resumed:?}");
    assert!(files(&place) == files(&whole), "the bytes differ");
    assert_eq!(entries(folder.path()), ["run", "whole"]);
    // Now there is nothing left to do.
    let before = std::fs::metadata(place.join("summary.json"))
        .and_then(|m| m.modified())
        .expect("a summary");
    let done = run(STEPS, &place, &["--resume"]);
    assert!(
        done.status.success() && String::from_utf8_lossy(&done.stdout).contains("complete"),
        "{done:?}"
    );
    assert_eq!(
        before,
        std::fs::metadata(place.join("summary.json"))
            .and_then(|m| m.modified())
            .expect("a summary")
    );
}

#[test]
fn a_complete_run_answers_the_same_question_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shaken = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/periodic_force.toml");
    let evolve = [
        "evolve",
        UPHILL,
        "--set",
        "chain.bonds=8",
        "--set",
        "time.outputs=[0, 1]",
        "--covariance",
    ];
    let steady = ["steady", shaken, "--set", "chain.bonds=8"];
    let limit = ["limit", UPHILL];
    let check = ["check", shaken, "--sizes", "4,8", "--omegas", "1", "--set", "time.outputs=[0.5]"];
    let others: [(&[&str], &[&[&str]]); 4] = [
        (
            &evolve,
            &[
                &["--covariance-times", "1"],
                &["--single"],
                &["--modes"],
                &["--tolerance", "1e-8"],
                &["--method", "radau"],
                &["--set", "chain.flip_rate=2"],
            ],
        ),
        (
            &steady,
            &[
                &["--covariance"],
                &["--phases", "2"],
                &["--tolerance", "1e-8"],
                &["--method", "modal"],
            ],
        ),
        (&limit, &[&["--tolerance", "1e-8"], &["--set", "chain.flip_rate=2"]]),
        (
            &check,
            &[
                &["--sizes", "4,8,16"],
                &["--covariance-sizes", "4"],
                &["--omegas", "1,2"],
                &["--correlation-length", "2"],
            ],
        ),
    ];
    for (arguments, others) in others {
        let place = folder.path().join(arguments[0]);
        assert!(run(arguments, &place, &[]).status.success(), "{arguments:?}");
        let before = files(&place);
        let same = run(arguments, &place, &["--resume", "--threads", "1", "--progress", "json"]);
        assert!(
            same.status.success() && String::from_utf8_lossy(&same.stdout).contains("complete"),
            "{same:?}"
        );
        for other in others {
            // The last of an option that is given twice is refused by the parser: it takes the
            // place of the first.
            let kept: Vec<&str> =
                match arguments.iter().position(|a| *a == other[0] && *a != "--set") {
                    Some(at) => [&arguments[..at], &arguments[at + 2..]].concat(),
                    None => arguments.to_vec(),
                };
            let refused = run(&kept, &place, &[&["--resume"], *other].concat());
            assert_eq!(refused.status.code(), Some(2), "{arguments:?} {other:?}: {refused:?}");
            assert!(
                String::from_utf8_lossy(&refused.stderr).contains("exists already"),
                "{other:?}: {refused:?}"
            );
        }
        assert!(files(&place) == before, "{arguments:?}");
    }
}

#[test]
fn two_processes_never_write_one_run_directory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    let (mut first, _) = started(&["steady", UPHILL, "--set", "chain.bonds=500000"], &place, 0.0);
    let second = run(STEADY, &place, &["--force"]);
    signal(&first, "INT");
    first.wait().expect("it ends");
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another flipchain"), "{second:?}");
}

/// Kills a command again and again at random moments; the run directory is never half there, and in
/// the end has the bytes of a run that was left alone. Returns how often the kill met the program
/// at work.
fn killed(arguments: &[&str], kills: usize, random: &mut impl Rng) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (place, whole) = (folder.path().join("run"), folder.path().join("whole"));
    let start = Instant::now();
    assert!(run(arguments, &whole, &[]).status.success());
    let takes = start.elapsed().as_secs_f64();
    let expected = files(&whole);
    let (mut met, mut resume) = (0, &["--resume"][..]);
    for _ in 0..kills {
        let mut command = program(arguments, &place, resume);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_secs_f64(random.random_range(0.0..1.1) * takes));
        let name = ["KILL", "INT", "TERM"][random.random_range(0..3)];
        if child.try_wait().expect("it is a child").is_none() {
            signal(&child, name);
            met += 1;
        }
        child.wait().expect("it ends");
        // Complete or not there at all; a complete one is started anew, which must not harm it
        // until the end either.
        if place.exists() {
            assert!(files(&place) == expected, "{arguments:?} after {name}");
            resume = &["--resume", "--force"];
        }
    }
    let last = run(arguments, &place, resume);
    assert!(last.status.success(), "{last:?}");
    assert!(files(&place) == expected, "{arguments:?}: the bytes differ");
    assert_eq!(entries(folder.path()), ["run", "whole"]);
    met
}

#[test]
fn runs_that_are_killed_at_random_moments_go_on_to_the_same_bytes() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for arguments in [STEPS, CONTOURS, CHECK] {
        killed(arguments, 3, &mut random);
    }
}

/// `KILLS=200 cargo test --test interruption -- --ignored --nocapture`
#[test]
#[ignore = "a campaign: a quarter of an hour"]
fn a_hundred_kills_lose_nothing() {
    let kills = std::env::var("KILLS").map_or(25, |n| n.parse().expect("KILLS is a number"));
    let mut random = ChaCha8Rng::seed_from_u64(std::process::id().into());
    let mut met = 0;
    for arguments in [STEPS, CONTOURS, PROFILES, PROPAGATOR, STEADY, CHECK] {
        let here = killed(arguments, kills, &mut random);
        println!("{here} of {kills} kills met {} {} at work", arguments[0], arguments[3]);
        met += here;
    }
    assert!(met >= 100, "{met} kills met the program at work");
}
