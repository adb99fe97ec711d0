//! Disks that are full, file systems that are read-only, and outputs that nobody reads.

use super::*;

/// Runs a shell script whose own file systems are gone at its end; `None`, and it is said, where
/// that is not allowed.
fn in_namespace(script: &str, arguments: &[&str]) -> Option<Output> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, "sh"]).stdin(Stdio::null());
        command
    };
    let allowed =
        unshare("mount -t tmpfs none /mnt").output().is_ok_and(|output| output.status.success());
    if !allowed {
        left_out::say(
            "a full disk and a vanished file system (no file system can be mounted here)",
        );
        return None;
    }
    Some(unshare(script).args(arguments).output().expect("the shell starts"))
}

#[test]
fn a_disk_that_is_full_is_named_and_nothing_is_left_but_what_resume_needs() {
    // The last size has room for every run.
    for kilobytes in [4, 8, 16, 32, 64, 128, 256, 512, 16384] {
        for command in COMMANDS {
            let what = format!("{} in {kilobytes} KiB", command[0]);
            let script = format!(
                "mount -t tmpfs -o size={kilobytes}k none /mnt || exit 99; \"$@\"; status=$?; \
                 cd /mnt; find . -mindepth 1 | sort; exit $status"
            );
            let mut all = vec![PROGRAM];
            all.extend(arguments(command, UPHILL, Path::new("/mnt/run")));
            let Some(output) = in_namespace(&script, &all) else { return };
            let left = String::from_utf8_lossy(&output.stdout).into_owned();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                assert!(
                    left.contains("./run/summary.json") && !left.contains(".partial"),
                    "{what}: {left}"
                );
                continue;
            }
            assert!(kilobytes < 16384, "{what}: {said}");
            // 2 where not even the start can be written.
            assert!(matches!(output.status.code(), Some(1 | 2)), "{what}: {said}");
            let first = said.lines().find(|line| line.contains("/mnt/")).unwrap_or("");
            assert!(
                first.starts_with("flipchain: ") && first.contains("No space left"),
                "{what}: {said}"
            );
            assert!(!left.lines().any(|path| path.starts_with("./run")), "{what}: {left}");
            // Only finished parts are kept, whole, and then it is said how to go on.
            assert_eq!(left.contains(".part\n"), said.contains("--resume"), "{what}: {left}{said}");
            assert!(left.is_empty() || left.contains(".part\n"), "{what}: {left}");
            assert!(!left.contains(".draft"), "{what}: {left}");
        }
    }
}

#[test]
fn a_run_that_met_a_full_disk_goes_on_when_there_is_room() {
    // Room for a finished part, or for none: then the same command has to start again, and does.
    for command in COMMANDS {
        let script = "mount -t tmpfs -o size=32k none /mnt || exit 99; \"$@\" 2>/dev/null; \
                      mount -o remount,size=16m /mnt; \"$@\" --resume && cat /mnt/run/summary.json";
        let mut all = vec![PROGRAM];
        all.extend(arguments(command, UPHILL, Path::new("/mnt/run")));
        let Some(output) = in_namespace(script, &all) else { return };
        assert!(
            output.status.success(),
            "{}: {}",
            command[0],
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok(),
            "{}",
            command[0]
        );
    }
}

#[test]
fn a_file_system_that_is_read_only_is_named_and_a_run_on_it_survives() {
    for command in COMMANDS {
        for (name, force) in
            [("run", "--force"), ("run", "--resume"), ("other", "-q"), ("new/run", "-q")]
        {
            let what = format!("{} -o {name} {force}", command[0]);
            let script = "mount -t tmpfs none /mnt || exit 99; mkdir /mnt/run; echo '{}' > /mnt/run/summary.json; \
                          mount -o remount,ro /mnt; \"$@\"; status=$?; cd /mnt; find . -mindepth 1 | sort; cat run/summary.json; exit $status";
            let place = PathBuf::from("/mnt").join(name);
            let mut all = vec![PROGRAM];
            all.extend(arguments(command, UPHILL, &place).into_iter().filter(|a| *a != "-q"));
            all.push(force);
            let Some(output) = in_namespace(script, &all) else { return };
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{what}: {said}");
            assert!(
                said.lines()
                    .last()
                    .is_some_and(|line| line.starts_with("flipchain: ") && line.contains("/mnt/")),
                "{what}: {said}"
            );
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "./run\n./run/summary.json\n{}\n",
                "{what}"
            );
        }
    }
}

#[test]
fn a_standard_output_that_cannot_be_written_is_an_error_and_the_run_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("run");
    for format in ["text", "json"] {
        for command in COMMANDS {
            let full = fs::File::create("/dev/full").expect("/dev/full");
            let mut all = arguments(command, UPHILL, &place);
            all.retain(|a| *a != "-q");
            all.extend(["--force", "--format", format]);
            let output =
                Command::new(PROGRAM).args(&all).stdout(full).output().expect("the program starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("cannot write to standard output"), "{said}");
            assert!(place.join("summary.json").is_file());
        }
    }
    for arguments in [
        &["scenario", "list"][..],
        &["scenario", "schema"],
        &["completions", "bash"],
        &["manual"],
        &["figures", "--list"],
    ] {
        let full = fs::File::create("/dev/full").expect("/dev/full");
        let output = Command::new(PROGRAM)
            .args(arguments)
            .stdout(full)
            .output()
            .expect("the program starts");
        one_message(&output, &[1], "standard output", &format!("{arguments:?}"));
    }
}
