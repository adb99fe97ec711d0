//! docs/reference/files.md names every column and array that is written, and no other.

use super::*;
use std::collections::BTreeSet;

/// What the tables under `### FILE` name, by file.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/files.md");
    let (mut files, mut file) = (BTreeMap::new(), None);
    for line in fs::read_to_string(page).unwrap().lines() {
        if let Some(heading) = line.strip_prefix('#') {
            file = heading.strip_prefix("## ").filter(|name| name.contains('.')).map(String::from);
        }
        let (Some(file), Some(row)) = (&file, line.strip_prefix("| `")) else { continue };
        let cell = row.split('|').next().unwrap();
        let names = cell.split('`').step_by(2).map(String::from);
        files.entry(file.clone()).or_insert_with(BTreeSet::new).extend(names);
    }
    for (_, names) in files.iter_mut().filter(|(file, _)| file.ends_with(".npz")) {
        names.insert("format_version".into());
    }
    files
}

/// What a table or an archive of arrays has.
fn written(path: &Path) -> BTreeSet<String> {
    if path.extension().is_some_and(|e| e == "npz") {
        let names = NpzReader::new(File::open(path).unwrap()).unwrap().names().unwrap();
        return names.into_iter().map(|name| name.trim_end_matches(".npy").into()).collect();
    }
    let text = fs::read_to_string(path).unwrap();
    text.lines().next().unwrap().split(',').map(String::from).collect()
}

/// A chain of every kind: an inner thermostat, and pinning.
const PINNED: &str = r#"
[chain]
topology = "open"
bonds = 6
flip_rate = 0.5
mass = "1 + x"
pinning = 0.5

[[thermostat]]
site = 2
temperature = 1.0

[initial]
temperature = "1"
state = "gibbs"

[time]
scale = "microscopic"
outputs = [1]
"#;

#[test]
fn every_column_and_array_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pinned.toml"), PINNED).unwrap();
    let small = ["--set", "chain.bonds=8"];
    let early = ["--set", "time.outputs=[0.01]"];
    for (place, arguments) in [
        ("evolve", &["evolve", "small", "--covariance"][..]),
        ("pinned", &["evolve", "pinned.toml"]),
        ("modes", &[&["evolve", "harmonic", "--modes"][..], &small].concat()),
        ("limit", &[&["limit", "uphill"][..], &small].concat()),
        ("check", &[&["check", "periodic_force", "--sizes", "8,16,32"][..], &early].concat()),
        (
            "lags",
            &[
                &["steady", "equilibrium", "--lags", "0,1", "--of", "p:2", "--energy"][..],
                &["--spectrum", "0.5"],
                &small,
            ]
            .concat(),
        ),
    ] {
        let options = ["--figures", "none", "-o", place];
        done(folder.path(), &[arguments, &options].concat());
    }
    super::laws::save_runs_of_numbers(folder.path());
    let (documented, mut seen) = (documented(), BTreeMap::<String, BTreeSet<String>>::new());
    let places = ["evolve", "pinned", "modes", "limit", "check", "lags"];
    for place in places.into_iter().chain(["independent", "correlated"]) {
        for file in fs::read_dir(folder.path().join(place)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "csv" || e == "npz") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                seen.entry(name).or_default().extend(written(&path));
            }
        }
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    for (file, names) in &documented {
        assert_eq!(&seen[file], names, "{file}");
    }
}
