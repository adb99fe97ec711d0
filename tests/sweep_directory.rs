//! The directory of a sweep: the same bytes for any number of threads, shards and interruptions;
//! what is finished is never computed again.
#![cfg(feature = "cli")]
#![cfg(unix)]

mod run_directory;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use run_directory::files;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const UPHILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");

/// Two keys of a stationary state: some solves shared, some not.
const STEADY: &[&str] = &[
    "--run",
    "steady",
    "--set",
    "chain.bonds=12",
    "--vary",
    "chain.flip_rate=log:0.1:10:7",
    "--vary",
    "right.force.mean=0:4:5",
    "--figures",
    "svg",
];
/// Two sizes in time, a fifth of a second a point.
const EVOLVE: &[&str] = &[
    "--run",
    "evolve",
    "--method",
    "radau",
    "--tolerance",
    "1e-6",
    "--vary",
    "chain.bonds=4,5,6",
    "--vary",
    "chain.flip_rate=1:3:9",
    "--figures",
    "none",
];

fn command(arguments: &[&str], place: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    command.args(["sweep", UPHILL]).args(arguments).arg("-o").arg(place).args(more).arg("-q");
    command
}

fn run(arguments: &[&str], place: &Path, more: &[&str]) -> Output {
    command(arguments, place, more).output().expect("the program starts")
}

fn start(arguments: &[&str], place: &Path, more: &[&str]) -> Child {
    let mut command = command(arguments, place, more);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn hidden(place: &Path) -> PathBuf {
    let name = place.file_name().expect("a name").to_string_lossy().into_owned();
    place.with_file_name(format!(".{name}.partial"))
}

/// The kept points with what tells a file from another one of the same name.
fn points(place: &Path) -> BTreeMap<PathBuf, (u64, i64)> {
    let Ok(entries) = std::fs::read_dir(hidden(place).join("parts")) else {
        return BTreeMap::new();
    };
    let point = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let data = std::fs::metadata(&path).ok()?;
        (path.extension()? == "part").then(|| (path, (data.ino(), data.mtime_nsec())))
    };
    entries.filter_map(point).collect()
}

#[test]
fn threads_and_shards_at_once_leave_the_same_bytes_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    let output = run(STEADY, &whole, &["--threads", "1"]);
    assert!(output.status.success(), "{}", said(&output));
    let expected = files(&whole);
    for name in ["table.csv", "table.npz", "summary.json", "scenario.toml", "figures/table.svg"] {
        assert!(expected.contains_key(Path::new(name)), "{name}");
    }
    for threads in ["2", "3"] {
        let place = folder.path().join(threads);
        assert!(run(STEADY, &place, &["--threads", threads]).status.success());
        assert_eq!(files(&place), expected, "{threads} threads");
    }
    for count in [2, 5] {
        let place = folder.path().join(format!("shards{count}"));
        let shards: Vec<Child> = (1..=count)
            .map(|number| start(STEADY, &place, &["--shard", &format!("{number}/{count}")]))
            .collect();
        for mut shard in shards {
            assert!(shard.wait().expect("it ends").success());
        }
        assert_eq!(files(&place), expected, "{count} shards");
        assert!(!hidden(&place).exists());
        // Nothing is left to do.
        let again = run(STEADY, &place, &["--shard", "1/2", "--resume"]);
        assert!(again.status.success() && files(&place) == expected);
        let again = run(STEADY, &place, &[]);
        assert!(again.status.code() == Some(2) && said(&again).contains("exists already"));
    }
    let forced = run(STEADY, &whole, &["--force", "--observe", "x_max"]);
    assert!(forced.status.success(), "{}", said(&forced));
    assert_ne!(files(&whole), expected);
}

#[test]
fn a_shard_waits_for_nobody_and_the_last_one_or_collect_writes_the_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, whole) = (folder.path().join("s"), folder.path().join("whole"));
    assert!(run(STEADY, &whole, &[]).status.success());
    let first = command(STEADY, &place, &["--shard", "1/3"]).output().expect("it starts");
    assert!(first.status.success() && !place.exists(), "{}", said(&first));
    let kept = points(&place);
    assert_eq!(kept.len(), 12);
    // Its points are there; so are they for those who ask for something else.
    let again = run(STEADY, &place, &["--shard", "1/3"]);
    assert!(
        again.status.code() == Some(2) && said(&again).contains("--resume"),
        "{}",
        said(&again)
    );
    let changed = run(STEADY, &place, &["--shard", "2/3", "--set", "chain.bonds=13"]);
    let message = said(&changed);
    assert_eq!(changed.status.code(), Some(2), "{message}");
    assert!(message.contains("chain.bonds was 12 and is 13"), "{message}");
    let changed = run(STEADY, &place, &["--resume", "--observe", "current"]);
    assert!(said(&changed).contains("observe was"), "{}", said(&changed));
    let collect = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command.args(["sweep", "--figures", "svg", "--collect"]).arg(&place);
        command.output().expect("it starts")
    };
    let early = collect();
    let message = said(&early);
    assert!(early.status.code() == Some(1) && message.contains("12 of 35 points"), "{message}");
    // Other shards than those that began: what is finished is finished.
    assert!(run(STEADY, &place, &["--shard", "1/2", "--resume"]).status.success());
    assert!(kept.iter().all(|(path, file)| points(&place).get(path) == Some(file)));
    // The last shard is killed after its last point and before the tables: as if it were, by
    // putting its last point back.
    let before = points(&place);
    let copy = folder.path().join("copy");
    assert!(
        Command::new("cp").arg("-a").arg(hidden(&place)).arg(&copy).status().unwrap().success()
    );
    assert!(run(STEADY, &place, &["--shard", "2/2", "--resume"]).status.success());
    assert_eq!(files(&place), files(&whole));
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::rename(&copy, hidden(&place)).unwrap();
    assert!(before.len() < 35);
    let other = folder.path().join("other");
    assert!(run(STEADY, &other, &["--shard", "2/2"]).status.success());
    for (path, _) in points(&other) {
        std::fs::copy(&path, hidden(&place).join("parts").join(path.file_name().unwrap())).unwrap();
    }
    let collected = collect();
    assert!(collected.status.success(), "{}", said(&collected));
    assert_eq!(files(&place), files(&whole));
    assert!(!hidden(&place).exists());
    let nothing = collect();
    assert_eq!(nothing.status.code(), Some(2), "{}", said(&nothing));
}

#[test]
fn one_shard_is_one_process_and_a_damaged_point_is_computed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, whole) = (folder.path().join("s"), folder.path().join("whole"));
    assert!(run(EVOLVE, &whole, &[]).status.success());
    let mut child = start(EVOLVE, &place, &["--shard", "1/2"]);
    let begun = Instant::now();
    while points(&place).is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let stopped = |signal: &str| {
        Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    };
    stopped("STOP");
    for (more, says) in [
        (&["--shard", "1/2", "--resume"][..], "another flipchain"),
        (&["--force"], "another flipchain"),
    ] {
        let refused = run(EVOLVE, &place, more);
        assert!(refused.status.code() == Some(2), "{more:?}");
        assert!(said(&refused).contains(says), "{}", said(&refused));
    }
    let single = Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(["steady", UPHILL, "--force", "-o"])
        .arg(&place)
        .output()
        .expect("it starts");
    assert!(said(&single).contains("another flipchain"), "{}", said(&single));
    stopped("CONT");
    assert!(child.wait().expect("it ends").success());
    let damaged = points(&place).into_keys().next().expect("a point");
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    assert!(run(EVOLVE, &place, &["--shard", "2/2"]).status.success());
    assert!(!place.exists(), "a point is damaged");
    assert!(run(EVOLVE, &place, &["--shard", "1/2", "--resume"]).status.success());
    assert_eq!(files(&place), files(&whole));
}

#[test]
fn kept_runs_are_the_runs_of_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, single) = (folder.path().join("s"), folder.path().join("single"));
    let arguments = ["--run", "evolve", "--vary", "chain.bonds=4,6", "--figures", "none"];
    assert!(run(&arguments, &place, &["--keep-runs", "--shard", "2/2"]).status.success());
    assert!(run(&arguments, &place, &["--keep-runs", "--shard", "1/2"]).status.success());
    for (name, bonds) in [("0", "chain.bonds=4"), ("1", "chain.bonds=6")] {
        let status = Command::new(env!("CARGO_BIN_EXE_flipchain"))
            .args(["evolve", UPHILL, "--force", "-q", "--figures", "none", "--set", bonds, "-o"])
            .arg(&single)
            .status()
            .expect("it starts");
        assert!(status.success());
        assert_eq!(files(&place.join("runs").join(name)), files(&single), "{name}");
    }
    let entries = std::fs::read_dir(place.join("runs")).unwrap().count();
    assert_eq!(entries, 2, "nothing but the runs");
}

/// Kills a sweep at a random moment, again and again, until it comes to its end.
fn killed(random: &mut ChaCha8Rng, folder: &Path, expected: &BTreeMap<PathBuf, Vec<u8>>) -> usize {
    let place = folder.join(format!("killed{}", random.random_range(0..u32::MAX)));
    let longest = 400;
    let mut kills = 0;
    loop {
        let before = points(&place);
        let shard = ["1/2", "2/2"][kills % 2];
        let shards: &[&str] = if random.random_bool(0.5) { &["--shard", shard] } else { &[] };
        let mut child = start(EVOLVE, &place, &[&["--resume"][..], shards].concat());
        let moment = Instant::now() + Duration::from_millis(random.random_range(1..longest));
        let ended = loop {
            if let Some(status) = child.try_wait().expect("it can be asked") {
                break Some(status);
            }
            if Instant::now() > moment && kills < 40 {
                child.kill().expect("it was running");
                child.wait().expect("it ends");
                break None;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(ended.is_none_or(|status| status.success()), "{ended:?}");
        if place.exists() {
            break;
        }
        let after = points(&place);
        let same = before.iter().all(|(path, file)| after.get(path) == Some(file));
        assert!(same, "a finished point was computed again");
        kills += usize::from(ended.is_none());
    }
    assert_eq!(&files(&place), expected);
    // The kill may have come between the last rename and the tidying up, which the next one does.
    let again = run(EVOLVE, &place, &["--resume"]);
    assert!(again.status.success(), "{}", said(&again));
    assert!(!hidden(&place).exists());
    kills
}

/// As many kills, at least, with the bytes of an uninterrupted sweep at every end.
fn kill_at_random_moments(least: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    assert!(run(EVOLVE, &whole, &[]).status.success());
    let expected = files(&whole);
    let mut random = ChaCha8Rng::seed_from_u64(22);
    let mut kills = 0;
    while kills < least {
        kills += killed(&mut random, folder.path(), &expected);
    }
    println!("{kills} kills");
}

#[test]
fn a_sweep_that_is_killed_again_and_again_goes_on_to_the_same_bytes() {
    kill_at_random_moments(3);
}

/// `KILLS=50 cargo test --test sweep_directory -- --ignored --nocapture`
#[test]
#[ignore = "a campaign: some minutes"]
fn a_campaign_of_kills_at_random_moments() {
    let least = std::env::var("KILLS").map_or(50, |text| text.parse().expect("a number of kills"));
    kill_at_random_moments(least);
}

#[test]
fn control_c_keeps_what_is_finished_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, whole) = (folder.path().join("s"), folder.path().join("whole"));
    let mut child = command(EVOLVE, &place, &["--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    while points(&place).len() < 2 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    let mut message = String::new();
    use std::io::Read;
    child.stderr.take().expect("it is piped").read_to_string(&mut message).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{message}");
    assert!(message.contains("--resume goes on from there"), "{message}");
    let kept = points(&place);
    assert!(kept.len() >= 2 && !place.exists());
    assert!(run(EVOLVE, &place, &["--resume"]).status.success());
    assert!(run(EVOLVE, &whole, &[]).status.success());
    assert_eq!(files(&place), files(&whole));
}
