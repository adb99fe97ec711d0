//! The scripts of docs/clusters.md, run as they are printed: the job array by a stand-in for Slurm
//! that starts all tasks at once, the others by their own engines where these are installed.
#![cfg(feature = "cli")]
#![cfg(unix)]

mod left_out;
mod run_directory;

use run_directory::files;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

/// The fenced block of docs/clusters.md under a heading.
fn printed(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clusters.md");
    let page = fs::read_to_string(page).expect("the page");
    let section = page.split(&format!("\n## {heading}\n")).nth(1).expect("the section");
    let block = section.split("```").nth(1).expect("a block");
    block.split_once('\n').expect("lines").1.to_string()
}

/// A folder with a short chain as uphill.toml, and the table that one process makes of it.
struct Place {
    folder: tempfile::TempDir,
    path: OsString,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/scenarios/uphill.toml");
        let scenario = fs::read_to_string(scenario).expect("a scenario");
        let scenario = scenario.replace("bonds     = 100", "bonds     = 6");
        assert!(scenario.contains("bonds     = 6"));
        fs::write(folder.path().join("uphill.toml"), scenario).expect("a file");
        let program = Path::new(env!("CARGO_BIN_EXE_flipchain")).parent().expect("a folder");
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = [folder.path().join("bin"), program.into()];
        let folders = folders.into_iter().chain(std::env::split_paths(&others));
        let path = std::env::join_paths(folders).expect("a path");
        Place { folder, path }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("PATH", &self.path);
        command
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn executable(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at("bin")).expect("a folder");
        let path = self.at("bin").join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Compares `sweep/` with what a single process writes.
    fn assert_whole(&self) {
        let single = ["sweep", "uphill.toml", "-o", "single", "--run", "steady", "-q"];
        let vary = ["chain.flip_rate=log:0.01:10:31", "right.force.mean=0:4:33"];
        let mut command = self.command("flipchain");
        command.args(single).args(vary.iter().flat_map(|vary| ["--vary", vary]));
        ended_well(&command.output().expect("it starts"));
        assert_eq!(files(&self.at("sweep")), files(&self.at("single")));
        assert!(!self.at(".sweep.partial").exists());
    }
}

fn ended_well(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a program is installed; said where it is not.
fn have(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        left_out::say(&format!("the line of docs/clusters.md for {program} (it is not installed)"));
    }
    found
}

#[test]
fn the_job_array_fills_one_directory() {
    let place = Place::new();
    fs::write(place.at("sweep.sh"), printed("Slurm")).expect("a file");
    let checked = place.command("bash").args(["-n", "sweep.sh"]).output().expect("it starts");
    ended_well(&checked);
    place.executable("srun", "#!/bin/sh\nexec \"$@\"\n");
    let task = |number: usize| -> Child {
        let mut command = place.command("bash");
        command.arg("sweep.sh").env("SLURM_ARRAY_TASK_ID", number.to_string());
        command.env("SLURM_ARRAY_TASK_COUNT", "8").env("SLURM_CPUS_PER_TASK", "2");
        command.spawn().expect("it starts")
    };
    let tasks: Vec<Child> = (1..=8).map(task).collect();
    for mut task in tasks {
        assert!(task.wait().expect("it ends").success());
    }
    place.assert_whole();
}

#[test]
fn the_line_for_parallel_fills_one_directory() {
    if !have("parallel") {
        return;
    }
    let place = Place::new();
    // On this machine in place of three nodes.
    let line =
        printed("GNU parallel").replace("--sshlogin node1,node2,node3", "").replace("-j 1", "-j 3");
    assert!(!line.contains("node"));
    fs::write(place.at("line.sh"), line).expect("a file");
    ended_well(&place.command("bash").arg("line.sh").output().expect("it starts"));
    place.assert_whole();
}

#[test]
fn the_rule_for_snakemake_fills_one_directory() {
    if !have("snakemake") {
        return;
    }
    let place = Place::new();
    fs::write(place.at("Snakefile"), printed("Snakemake")).expect("a file");
    let mut command = place.command("snakemake");
    let home = place.at("home");
    fs::create_dir(&home).expect("a folder");
    command.args(["--cores", "8", "--quiet"]).env("HOME", home);
    ended_well(&command.output().expect("it starts"));
    place.assert_whole();
}
