//! `flipchain sweep`: every point is the run of its own, numbers are the closed forms, and what
//! cannot serve is refused.
#![cfg(feature = "cli")]

#[path = "sweep/drawn.rs"]
mod drawn;

use flipchain::monitor::Monitor;
use flipchain::scenario::{Scenario, Template};
use flipchain::solver::observe::Profile;
use flipchain::sweep::{Axis, Question, Table, observables, sweep};
use flipchain::{Chain, InitialLaw, InitialProfiles, Method, Options, Task, Times};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

const UPHILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");

fn text(name: &str) -> String {
    let place = format!("{}/data/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(place).expect("a scenario")
}

fn table(text: &str, task: Task, vary: &[&str], observe: &str) -> Table {
    let template = Template::of_text(text, "inline", &[]);
    let axes = vary.iter().map(|vary| Axis::parse(vary).expect("an axis")).collect();
    let observe = observables(observe).expect("observables");
    let method = Method::Auto;
    let question = Question { task, observe, tolerance: 1e-9, method, memory_limit: None };
    sweep(template, axes, question, &Monitor::default()).expect("a sweep")
}

/// The scenario of a point, read anew.
fn scenario(text: &str, table: &Table, point: usize) -> Scenario {
    let set: Vec<String> = (table.axes().iter().zip(table.keys_at(point)))
        .map(|(axis, value)| format!("{}={value}", axis.key))
        .collect();
    Scenario::from_str_named(text, "inline", &set).expect("the scenario of a point")
}

fn value(table: &Table, point: usize, output: usize, name: &str) -> (f64, f64) {
    let index = table.observables().iter().position(|one| one.to_string() == name);
    let index = index.expect("it was observed");
    table.points()[point].rows[output].values[index].expect("a value")
}

/// Bits, so that no comparison is passed by rounding.
fn assert_same(found: f64, expected: f64, what: &str) {
    assert_eq!(found.to_bits(), expected.to_bits(), "{what}: {found} and {expected}");
}

/// What the observables of a profile are, read off as a user would.
fn read(profile: &Profile, bonds: usize) -> BTreeMap<&'static str, f64> {
    let thermal = profile.thermal();
    let hottest = (0..thermal.len()).fold(0, |a, b| if thermal[b] > thermal[a] { b } else { a });
    let mean = profile.current[..bonds].iter().sum::<f64>() / bonds as f64;
    let third = 0.3 * bonds as f64;
    let below = third.floor();
    let part = third - below;
    let [low, high] = [0, 1].map(|one| profile.mean_r[below as usize + one]);
    BTreeMap::from([
        ("current", mean),
        ("thermal_max", thermal[hottest]),
        ("x_max", hottest as f64 / bonds as f64),
        ("thermal@0.5", thermal[bonds / 2]),
        ("left_rate", profile.left_inflow),
        ("mean_r@0.3", if part == 0.0 { low } else { (1.0 - part) * low + part * high }),
    ])
}

const READ: &str = "current,thermal_max,x_max,thermal@0.5,left_rate,mean_r@0.3";

#[test]
fn every_point_is_the_run_of_its_own_bit_for_bit() {
    let uphill = text("uphill");
    // Rare flips (solved directly, or by the iteration), none, and many; sizes; a force or none.
    let vary = ["chain.flip_rate=0,0.02,1,30", "chain.bonds=6,40,200", "right.force.mean=0,0.7,2"];
    let found = table(&uphill, Task::Steady, &vary, READ);
    assert_eq!(found.shape(), [4, 3, 3]);
    for point in 0..found.points().len() {
        let chain = Chain::new(&scenario(&uphill, &found, point));
        let run = flipchain::steady(&chain, None, &Options::default()).expect("a run");
        let profile = &run.profiles()[0];
        for (name, expected) in read(profile, chain.bonds) {
            assert_same(value(&found, point, 0, name).0, expected, &format!("{point} {name}"));
        }
        let error = value(&found, point, 0, "thermal@0.5").1;
        assert_same(error, profile.errors.thermal, "the error");
        assert!(value(&found, point, 0, "current").1 >= profile.errors.current);
    }
}

#[test]
fn points_in_time_are_runs_of_their_own_too() {
    let text = text("uphill");
    let vary =
        ["chain.flip_rate=0.5,2", "initial.temperature=2 - x,max(1, 2*x)", "chain.bonds=8,30"];
    let found = table(&text, Task::Evolve, &vary, READ);
    assert_eq!((found.shape(), found.outputs()), (vec![2, 2, 2], 8));
    for point in 0..found.points().len() {
        let scenario = scenario(&text, &found, point);
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario).expect("a law"));
        let times = Times::of(&scenario).expect("times");
        let run = flipchain::evolve(&chain, &law, &times, &Options::default()).expect("a run");
        for (output, profile) in run.profiles().iter().enumerate() {
            assert_same(found.points()[point].rows[output].time, profile.time, "the time");
            for (name, expected) in read(profile, chain.bonds) {
                let found = value(&found, point, output, name).0;
                assert_same(found, expected, &format!("{point} {output} {name}"));
            }
        }
    }
    let found = table(&text, Task::Limit, &["right.force.mean=0:2:3"], "thermal_max,r@0.3");
    for point in 0..3 {
        let scenario = scenario(&text, &found, point);
        let initial = InitialProfiles::from(scenario.initial.as_ref().expect("a law"));
        let (chain, times) = (Chain::new(&scenario), Times::of(&scenario));
        let options = Options::default();
        let run =
            flipchain::limit(&chain, Some(&initial), times.as_ref(), &options).expect("a run");
        for output in 0..run.len() {
            let (r, thermal) = (run.elongation(output), run.thermal(output));
            let hottest = thermal.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_same(value(&found, point, output, "thermal_max").0, hottest, "thermal_max");
            assert_same(value(&found, point, output, "r@0.3").0, r.values[30], "r@0.3");
        }
    }
}

/// v_n, the thermal profile at T_- = 1, T_+ = 0, and R, both from mathematics alone.
fn resistance(n: f64, gamma: f64, [left, right]: [f64; 2]) -> f64 {
    4.0 * gamma * n + left + 1.0 / left + right + 1.0 / right
}

#[test]
fn currents_and_conductivities_are_their_closed_forms_and_energy_is_balanced() {
    let text = text("uphill");
    let vary = [
        "chain.flip_rate=log:0.05:5:3",
        "left.thermostat.friction=0.3,1,4",
        "right.force.mean=-1:2:4",
        "left.thermostat.temperature=0,2.5",
    ];
    let observe = "current,left_rate,right_rate,power,conductivity,x_max";
    let found = table(&text, Task::Steady, &vary, observe);
    for point in 0..found.points().len() {
        let keys: Vec<f64> =
            found.keys_at(point).iter().map(|key| key.number().expect("a number")).collect();
        let [gamma, friction, force, hot] = keys[..] else { panic!("four keys") };
        let (n, cold) = (100.0, 1.0);
        let r = resistance(n, gamma, [friction, 1.0]);
        let momentum = force / (2.0 * gamma * (n + 1.0) + friction + 1.0);
        // Var p_n at T_- = 1 and T_+ = 0: from 1 - 1/(λ R) at the left end to 1/R at the right one.
        let inside = |k: f64| 1.0 - (friction + 1.0 / friction + 4.0 * gamma * k) / r;
        let sum = (1.0 - 1.0 / (friction * r))
            + (1..100).map(|k| inside(k as f64)).sum::<f64>()
            + 1.0 / r;
        let expected = (hot - cold) / r - momentum * momentum * (friction + 2.0 * gamma * sum);
        let power = force * momentum;
        let close = |name: &str, expected: f64, scale: f64| {
            let (value, error) = value(&found, point, 0, name);
            let off = (value - expected).abs();
            // 64 roundings of what cancels, beside the error that is stated.
            let allowed = error + 64.0 * f64::EPSILON * scale;
            assert!(off <= allowed, "{name} at {keys:?}: {value} and {expected}, error {error}");
        };
        let scale = (hot + cold) / r + power.abs();
        close("current", expected, scale);
        close("left_rate", expected, scale);
        close("power", power, scale);
        close("right_rate", -expected - power, scale);
        close("conductivity", n * expected / (hot - cold), n * scale / (hot - cold).abs());
        let sum: f64 = ["left_rate", "right_rate", "power"]
            .iter()
            .map(|name| value(&found, point, 0, name).0)
            .sum();
        assert!(sum.abs() <= 64.0 * f64::EPSILON * scale, "{keys:?}: {sum}");
        assert!(value(&found, point, 0, "current").1 <= 1e-11 * scale, "a useless error");
        if force == 0.0 {
            let (x, error) = value(&found, point, 0, "x_max");
            // Site 0 has no bond, and half the energy.
            assert_eq!((x, error), (if hot > cold { 0.01 } else { 1.0 }, 0.0));
        }
    }
}

#[test]
fn the_limit_has_the_closed_forms_of_the_theorems() {
    let text = text("uphill").split("[initial]").next().expect("a part").to_string();
    let vary = ["right.force.mean=0,1,2", "chain.flip_rate=0.5,2"];
    let observe = "current,conductivity,thermal_max,x_max,energy@0.25,r@0.25";
    let found = table(&text, Task::Limit, &vary, observe);
    for point in 0..found.points().len() {
        let keys: Vec<f64> = found.keys_at(point).iter().filter_map(|key| key.number()).collect();
        let [force, gamma] = keys[..] else { panic!("two keys") };
        let heat = |x: f64| force * force * x * (1.0 - x) - x + 2.0;
        let current = -(1.0 - 2.0 + force * force) / (4.0 * gamma);
        let x_max = if force > 1.0 { 0.5 - 1.0 / (2.0 * force * force) } else { 0.0 };
        let sites = (0..=100).map(|n| n as f64 / 100.0);
        let hottest = sites.fold(f64::NEG_INFINITY, |most, x| most.max(heat(x)));
        for (name, expected) in [
            ("current", current),
            ("conductivity", current),
            ("thermal_max", hottest),
            ("r@0.25", 0.25 * force),
            ("energy@0.25", heat(0.25) + force * force / 32.0),
        ] {
            let (value, error) = value(&found, point, 0, name);
            let off = (value - expected).abs();
            assert!(off <= error + 1e-14, "{name} at {keys:?}: {value} and {expected} ± {error}");
        }
        let (x, error) = value(&found, point, 0, "x_max");
        // The hottest site is next to the maximum.
        assert!((x - x_max).abs() <= error + 0.01, "{keys:?}: {x} ± {error}");
    }
    // W_heat = Σ |F̂|² Re[s z/(1 - z)] with z + 1/z - 2 = s(s + 2γ), |z| < 1: known to nine digits.
    let force = "\n[right]\nforce = { mean = 1.2, period = 4.833219467061, \
                 harmonics = [{ order = 1, amplitude = 3 }] }\n";
    let text = format!(
        "chain = {{ topology = 'open', bonds = 50, flip_rate = 0.8 }}\n\
                        left.thermostat.temperature = 1\n{force}"
    );
    for task in [Task::Limit, Task::Steady] {
        let found = table(&text, task, &["chain.bonds=50,100,200"], "W_heat");
        let off = [0, 1, 2].map(|point| value(&found, point, 0, "W_heat").0 - 2.17026337);
        // The wave that the force excites never sees the other end, whatever N is.
        assert!(off.iter().all(|off| off.abs() < 2e-8), "{task:?} {off:?}");
    }
}

fn flipchain(arguments: &[&str], place: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .arg("sweep")
        .args(arguments)
        .arg("-o")
        .arg(place)
        .output()
        .expect("the program starts")
}

#[test]
fn what_cannot_serve_is_refused_with_what_is_allowed_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("s");
    let sweep = |more: &[&str]| {
        let all = [&[UPHILL, "--run", "steady", "--set", "chain.bonds=8"][..], more].concat();
        flipchain(&all, &place)
    };
    let vary = |values: &'static str| vec!["--vary", values];
    for (arguments, says) in [
        (vec![], "--vary"),
        (vary("chain.flip_rat=1,2"), "--vary: chain.flip_rat: found an unknown key"),
        (vary("chain.flip_rat=1,2"), "did you mean flip_rate?"),
        (vary("flip_rate=1"), "flip_rate: found an unknown key"),
        (vary("chain.flip_rate=1,-1"), "found -1; allowed: a finite number from 0"),
        (vary("chain.flip_rate=1,fast"), "the unknown name fast"),
        (vary("chain.flip_rate=1,,2"), "empty value"),
        (vary("chain.flip_rate=1:2"), "no range"),
        (vary("chain.bonds=8,10.0"), "--vary: chain.bonds: found 10.0; allowed: an int"),
        (vary("chain.bonds=8:10:4"), "chain.bonds: found 8.6"),
        (vary("chain.bonds=8,8"), "8 twice"),
        (vary("chain.bonds"), "there is no ="),
        (vec!["--vary", "chain.bonds=8", "--vary", "chain.bonds=9"], "chain.bonds twice"),
        (vec!["--vary", "chain.bonds=8", "--observe", "curent"], "did you mean current?"),
        (vec!["--vary", "chain.bonds=8", "--observe", "heat@0.5"], "no column"),
        (vec!["--vary", "chain.bonds=8", "--observe", "thermal@2"], "x from 0 to 1"),
        (vec!["--vary", "chain.bonds=8", "--observe", "current,current"], "current twice"),
        (vec!["--vary", "chain.bonds=8", "--observe", "r@0.5"], "a run has mean_r"),
        (vec!["--vary", "chain.bonds=8", "--shard", "0/2"], "allowed: I/N"),
        (vec!["--vary", "chain.bonds=8", "--shard", "3/2"], "allowed: I/N"),
        (vec!["--vary", "chain.bonds=8", "--shard", "1/2", "--force"], "cannot be used with"),
        (vec!["--vary", "chain.bonds=8", "--method", "radau"], "steady allows"),
        (vary("right.force.harmonics=[{order=1,amplitude=1}]"), "harmonics without a period"),
    ] {
        let output = sweep(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{arguments:?}");
    }
    for (task, observe, says) in [
        ("evolve", "W_heat", "steady or limit"),
        ("limit", "left_rate", "the limit has"),
        ("limit", "var_p@0.5", "the limit has the columns"),
        ("check", "current", "possible values"),
    ] {
        let all = [UPHILL, "--run", task, "--vary", "chain.bonds=4,8", "--observe", observe];
        let output = flipchain(&all, &place);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(says), "{task}: {said}");
    }
    let without = folder.path().join("without.toml");
    std::fs::write(&without, "chain = { topology = 'ring', bonds = 4, flip_rate = 1 }").unwrap();
    let without = without.to_str().expect("a path");
    let all = [without, "--run", "evolve", "--vary", "chain.bonds=4,8"];
    let output = flipchain(&all, &place);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("has no [initial]"), "{said}");
}

#[test]
fn points_that_fail_are_rows_that_say_why_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("s");
    let file = folder.path().join("a.toml");
    let text = "chain = { topology = 'open', bonds = 6, flip_rate = 1 }\n\
                initial.temperature = '1 + x'\n";
    std::fs::write(&file, text).unwrap();
    let vary = ["--run", "steady", "--vary", "right.force.mean=0:2:3", "--vary", "chain.bonds=6,7"];
    let output = flipchain(&[&[file.to_str().expect("a path")][..], &vary].concat(), &place);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("4 of 6 points failed") && said.contains("no thermostat"), "{said}");
    let csv = std::fs::read_to_string(place.join("table.csv")).expect("a table");
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), 6);
    // Without a force the energy stays: 2E = (2N+1) T, E = Σ Var/2.
    for (row, bonds) in rows[..2].iter().zip([6.0, 7.0]) {
        let cells: Vec<&str> = row.split(',').collect();
        let n = bonds as i32;
        let total: f64 = (0..=n).map(|k| 1.0 + f64::from(k) / bonds).sum::<f64>()
            + (1..=n).map(|k| 1.0 + f64::from(k) / bonds).sum::<f64>();
        let expected = total / (2.0 * bonds + 1.0);
        let (found, error): (f64, f64) = (cells[9].parse().unwrap(), cells[10].parse().unwrap());
        assert!((found - expected).abs() <= error + 4e-16, "{row}: {expected}");
        assert_eq!(cells[11], "");
    }
    for row in &rows[2..] {
        assert!(row.contains(",inf,,,,,,,,,\"there is a force but no thermostat"), "{row}");
    }
    let summary = std::fs::read(place.join("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
    assert_eq!((&summary["failed"], &summary["shape"]), (&4.into(), &serde_json::json!([3, 2])));
    assert_eq!(summary["failures"][3]["keys"]["chain.bonds"], 7);
    // A tolerance that no arithmetic of doubles reaches: the values are there, and the reason.
    let all = [UPHILL, "--run", "steady", "--vary", "chain.bonds=6,7", "--tolerance", "1e-17"];
    let output = flipchain(&[&all[..], &["--force"]].concat(), &place);
    assert_eq!(output.status.code(), Some(1));
    let csv = std::fs::read_to_string(place.join("table.csv")).expect("a table");
    let missed = |row: &str| {
        let cells: Vec<&str> = row.splitn(11, ',').collect();
        cells[2].parse::<f64>().is_ok() && row.contains("tolerance 1.0e-17 missed")
    };
    assert!(csv.lines().skip(1).all(missed) && csv.lines().count() == 3, "{csv}");
    // Where no point has an answer there is nothing to write.
    let all =
        [file.to_str().unwrap(), "--run", "steady", "--vary", "right.force.mean=1,2", "--force"];
    let output = flipchain(&all, &place);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("no point of the sweep"), "{said}");
}

#[test]
fn averages_over_seeds_are_those_of_the_runs_of_every_seed() {
    let text = "[chain]\ntopology = 'open'\nbonds = 8\nflip_rate = 0.7\n\
                mass = { uniform = [0.5, 1.5], seed = 3 }\n\
                [left.thermostat]\ntemperature = 2\nfriction = 0.6\n\
                [right]\nthermostat = { temperature = 1 }\nforce = { mean = 1.5 }\n";
    let vary = ["chain.mass.seed=1:5:5", "chain.bonds=6,9"];
    let observe = "current,left_rate,right_rate,power,temperature@0.5";
    let found = table(text, Task::Steady, &vary, observe);
    let averages = found.over_seeds().expect("a seed varies");
    assert_eq!((averages.shape(), averages.beside()), (vec![2], "standard_error"));
    for (size, bonds) in [6, 9].into_iter().enumerate() {
        let mut currents = Vec::new();
        for seed in 0..5 {
            let point = 2 * seed + size;
            let chain = Chain::new(&scenario(text, &found, point));
            let run = flipchain::steady(&chain, None, &Options::default()).expect("a run");
            let profile = &run.profiles()[0];
            let mean = profile.current[..bonds].iter().sum::<f64>() / bonds as f64;
            assert_same(value(&found, point, 0, "current").0, mean, "current");
            currents.push(mean);
            let known = |name: &str| value(&found, point, 0, name);
            let all = ["left_rate", "right_rate", "power"].map(known);
            let (sum, error) = all.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            assert!(sum.abs() <= error && error < 1e-9, "{sum} ± {error}");
            // Nothing is lost on the way.
            let (left, error) = known("left_rate");
            assert!((left - mean).abs() <= error + known("current").1, "{left} and {mean}");
            // F p̄_N/m_N, p̄_N by the one resistance of all: every atom has the velocity v.
            let general = chain.general.as_ref().expect("masses differ");
            let damping: f64 = general.mass.iter().map(|m| 2.0 * 0.7 * m).sum();
            let ends = 0.6 * general.mass[0] + general.mass[bonds];
            let power = 1.5 * 1.5 / (damping + ends);
            assert!((known("power").0 - power).abs() <= known("power").1 + 1e-14, "{power}");
        }
        let mean = currents.iter().sum::<f64>() / 5.0;
        let squares: f64 = currents.iter().map(|c| (c - mean).powi(2)).sum();
        let (found, spread) = value(&averages, size, 0, "current");
        assert!((found - mean).abs() <= 4.0 * f64::EPSILON * mean.abs(), "{found} and {mean}");
        let expected = (squares / 20.0).sqrt();
        assert!((spread - expected).abs() <= 1e-12 * expected && spread > 1e-5, "{spread}");
    }
}
