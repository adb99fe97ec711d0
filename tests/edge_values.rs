//! Numbers at the edge of what a scenario may hold end in a right answer, in an answer that says
//! how exact it is, or in one line of refusal.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

/// How a run ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// With status 0.
    Answered,
    /// With status 0, or with 1, one line, and profiles that are kept and marked.
    Kept,
    /// With status 2 and one line that says this.
    Refused(&'static str),
}
use End::{Answered, Kept, Refused};

const CASES: &[(&str, &str, &[&str], End)] = &[
    // sizes
    ("evolve", "small", &["chain.bonds=1"], Answered),
    ("steady", "small", &["chain.bonds=1"], Answered),
    ("evolve", "ring_relaxation", &["chain.bonds=1"], Answered),
    ("evolve", "ring_relaxation", &["chain.bonds=2"], Answered),
    ("evolve", "harmonic", &["chain.bonds=1"], Answered),
    ("steady", "ring_relaxation", &["chain.bonds=1"], Answered),
    ("limit", "uphill", &["chain.bonds=1"], Answered),
    ("evolve", "small", &["chain.bonds=0"], Refused("from 1 to 100000000")),
    ("evolve", "small", &["chain.bonds=1000000000"], Refused("from 1 to 100000000")),
    ("steady", "small", &["chain.bonds=1000000000"], Refused("from 1 to 100000000")),
    // temperatures
    (
        "steady",
        "small",
        &["left.thermostat.temperature=0", "right.thermostat.temperature=0"],
        Answered,
    ),
    (
        "steady",
        "heat_flow",
        &["left.thermostat.temperature=0", "right.thermostat.temperature=0"],
        Answered,
    ),
    ("evolve", "small", &["left.thermostat.temperature=0", "initial.temperature=0"], Answered),
    (
        "evolve",
        "heat_flow",
        &[
            "left.thermostat.temperature=0",
            "right.thermostat.temperature=0",
            "initial.temperature=0",
        ],
        Answered,
    ),
    ("evolve", "small", &["initial.temperature=1e30"], Kept),
    ("evolve", "small", &["initial.temperature=1e300"], Refused("initial.temperature")),
    ("evolve", "small", &["initial.temperature=-1"], Refused("initial.temperature")),
    (
        "steady",
        "small",
        &["left.thermostat.temperature=-1"],
        Refused("left.thermostat.temperature"),
    ),
    // flip rates
    ("evolve", "small", &["chain.flip_rate=1e300"], Refused("from 0 to 100000")),
    ("steady", "small", &["chain.flip_rate=1e300"], Refused("from 0 to 100000")),
    ("evolve", "small", &["chain.flip_rate=1e5", "time.outputs=[1]"], Kept),
    ("steady", "small", &["chain.flip_rate=1e5"], Kept),
    ("evolve", "small", &["chain.flip_rate=1e-300"], Refused("chain.flip_rate")),
    ("evolve", "small", &["chain.flip_rate=1e-30"], Answered),
    ("steady", "small", &["chain.flip_rate=1e-30"], Answered),
    ("limit", "uphill", &["chain.flip_rate=1e-30"], Kept),
    ("limit", "uphill", &["chain.flip_rate=1e5"], Kept),
    // times
    ("evolve", "small", &["time.outputs=[1e-300]"], Refused("time.outputs[0]")),
    ("evolve", "small", &["time.outputs=[1e300]"], Refused("time.outputs[0]")),
    ("evolve", "small", &["time.outputs=[0]"], Answered),
    ("evolve", "small", &["time.outputs=[1e-30]"], Answered),
    ("evolve", "uphill", &["time.outputs=[1e-30]"], Kept),
    ("evolve", "ring_relaxation", &["time.outputs=[1e-30]"], Answered),
    ("evolve", "harmonic", &["time.outputs=[1e-30, 1e30]"], Kept),
    ("evolve", "small", &["time.outputs=[1e10]"], Kept),
    ("evolve", "small", &["time.outputs=[nan]"], Refused("found nan")),
    ("evolve", "small", &["time.outputs=[inf]"], Refused("found inf")),
    ("evolve", "small", &["time.outputs=[]"], Refused("an array of 0 values")),
    ("evolve", "small", &["time.outputs=[0.1, 0.1]"], Refused("time.outputs[1]")),
    ("evolve", "small", &["time.outputs=[0.2, 0.1]"], Refused("time.outputs[1]")),
    ("evolve", "small", &["time.outputs=[-1]"], Refused("found -1")),
    ("limit", "uphill", &["time.outputs=[1e-30]"], Kept),
    ("limit", "uphill", &["time.outputs=[1e30]"], Kept),
    // frictions
    ("steady", "small", &["left.thermostat.friction=0"], Refused("left.thermostat.friction")),
    ("steady", "small", &["left.thermostat.friction=1e-300"], Refused("left.thermostat.friction")),
    ("steady", "small", &["left.thermostat.friction=1e300"], Refused("left.thermostat.friction")),
    ("steady", "small", &["left.thermostat.friction=1e-30"], Kept),
    ("steady", "small", &["left.thermostat.friction=1e30"], Kept),
    ("evolve", "small", &["left.thermostat.friction=1e-30"], Kept),
    ("evolve", "small", &["left.thermostat.friction=1e6"], Kept),
    ("evolve", "uphill", &["chain.bonds=3", "right.thermostat.friction=1e25"], Kept),
    ("evolve", "uphill", &["chain.bonds=3", "right.thermostat.friction=1e30"], Kept),
    ("evolve", "uphill", &["chain.bonds=30", "right.thermostat.friction=1e25"], Answered),
    ("evolve", "uphill", &["chain.bonds=30", "right.thermostat.friction=1e30"], Kept),
    // forces
    ("evolve", "small", &["right.force.mean=1e300"], Refused("right.force.mean")),
    ("steady", "small", &["right.force.mean=1e300"], Refused("right.force.mean")),
    ("evolve", "small", &["right.force.mean=1e30"], Kept),
    ("steady", "small", &["right.force.mean=1e30"], Kept),
    ("steady", "periodic_force", &["right.force.period=1e-300"], Refused("right.force.period")),
    ("steady", "periodic_force", &["right.force.period=1e30"], Kept),
    ("steady", "small", &["right.force.mean=nan"], Refused("found nan")),
    // expressions
    ("evolve", "small", &["initial.elongation=1e200"], Refused("initial.elongation")),
    ("evolve", "small", &["initial.elongation=1e30"], Kept),
    ("evolve", "small", &["initial.temperature=exp(1000*x)"], Refused("at every site")),
    ("evolve", "small", &["initial.temperature=1/x"], Refused("is inf at x = 0")),
    ("evolve", "small", &["initial.momentum=sqrt(x - 1)"], Refused("is NaN at x = 0")),
    ("evolve", "small", &["initial.temperature=exp(-1e6*x)"], Answered),
];

/// The profiles of a run and its summary.
fn read(place: &Path) -> (Vec<Vec<f64>>, serde_json::Value) {
    let name = if place.join("limit.csv").exists() { "limit.csv" } else { "profiles.csv" };
    let csv = std::fs::read_to_string(place.join(name)).expect("profiles");
    let numbers =
        |line: &str| line.split(',').map(|field| field.parse().expect("a number")).collect();
    let summary = std::fs::read_to_string(place.join("summary.json")).expect("a summary");
    (csv.lines().skip(1).map(numbers).collect(), serde_json::from_str(&summary).expect("JSON"))
}

/// What is wrong with how a run ended.
fn fault(
    command: &str,
    scenario: &str,
    settings: &[&str],
    end: End,
    place: &Path,
) -> Option<String> {
    let scenario = format!("{}/data/scenarios/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let mut run = Command::new(env!("CARGO_BIN_EXE_flipchain"));
    let output = run
        .args([command, &scenario, "-q", "-o"])
        .arg(place)
        .args(settings)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let (code, lines) = (output.status.code(), said.lines().count());
    // An answer is silent; anything else is one line of the program's own.
    let orderly =
        if code == Some(0) { lines == 0 } else { lines == 1 && said.starts_with("flipchain: ") };
    let expected = match end {
        Answered => code == Some(0),
        Kept => code == Some(0) || code == Some(1) && said.contains("was missed"),
        Refused(word) => code == Some(2) && said.contains(word),
    };
    if !orderly || !expected {
        return Some(format!("{code:?}: {said}"));
    }
    if matches!(end, Refused(_)) {
        return place.exists().then(|| "something was written".into());
    }
    let (rows, summary) = read(place);
    if summary["tolerance_reached"] != (code == Some(0)) {
        return Some("the summary does not say whether the tolerance was reached".into());
    }
    // t may be inf; no other number may.
    let finite = rows.iter().all(|row| row[1..].iter().all(|value| value.is_finite()));
    (code == Some(0) && !finite).then(|| "a number is not finite, and no error says so".into())
}

#[test]
fn numbers_at_the_edge_of_the_range_end_in_an_answer_or_in_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let faults: Vec<String> = (CASES.iter().enumerate())
        .filter_map(|(number, (command, scenario, settings, end))| {
            let fault =
                fault(command, scenario, settings, *end, &folder.path().join(number.to_string()))?;
            Some(format!("{command} {scenario} {settings:?} should be {end:?}; {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn one_bond_is_answered_as_the_literal_operator_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for command in ["evolve", "steady"] {
        let place = folder.path().join(command);
        assert_eq!(fault(command, "small", &["chain.bonds=1"], Answered, &place), None);
        let judged = folder.path().join(format!("{command}-literal"));
        let scenario = format!("{}/data/scenarios/small.toml", env!("CARGO_MANIFEST_DIR"));
        let mut run = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        run.args([command, &scenario, "-q", "--method", "literal", "--set", "chain.bonds=1", "-o"])
            .arg(&judged);
        assert!(run.status().expect("the program starts").success());
        for (a, b) in read(&place).0.iter().flatten().zip(read(&judged).0.iter().flatten()) {
            // Both are within the tolerance of the truth, relative to energies of order one.
            assert!(a == b || (a - b).abs() < 1e-8, "{command}: {a} and {b}");
        }
    }
}
