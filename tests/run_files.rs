//! What stands in a run directory: every file says what it holds, can be used again, and is only
//! ever replaced by a run.
#![cfg(feature = "cli")]

mod agreement;
#[path = "run_files/documented.rs"]
mod documented;
#[path = "run_files/laws.rs"]
mod laws;
#[path = "run_files/limit.rs"]
mod limit;
#[allow(dead_code)]
mod reference;
#[path = "run_files/shown.rs"]
mod shown;

use flipchain::chain::{Chain, InitialLaw};
use flipchain::scenario::{STARTING_POINTS, Scenario};
use ndarray::{Array0, Array1, Array2, Array3};
use ndarray_npy::NpzReader;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_flipchain");
    Command::new(program).current_dir(folder).args(arguments).output().unwrap()
}

fn done(folder: &Path, arguments: &[&str]) {
    let output = run(folder, &[arguments, &["-q"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn summary(place: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.join("summary.json")).unwrap()).unwrap()
}

/// A table of numbers by the names of its columns; an empty field is not a number.
fn table(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(String::from).collect();
    let mut columns: BTreeMap<String, Vec<f64>> =
        names.iter().map(|name| (name.clone(), Vec::new())).collect();
    for line in lines {
        assert_eq!(line.split(',').count(), names.len(), "{line}");
        for (name, field) in names.iter().zip(line.split(',')) {
            let value = if field.is_empty() { f64::NAN } else { field.parse().unwrap() };
            columns.get_mut(name).unwrap().push(value);
        }
    }
    columns
}

/// A text of NumPy's type `<U`: UTF-32 behind a header that ends in a line feed, filled with zeros.
fn texts(path: &Path, name: &str) -> Vec<String> {
    // Arrays are stored, not compressed: the member is found by its name, then its header.
    let bytes = fs::read(path).unwrap();
    let find = |from: usize, what: &[u8]| {
        from + bytes[from..].windows(what.len()).position(|w| w == what).expect("it is there")
    };
    let start = find(find(0, format!("{name}.npy").as_bytes()), b"\x93NUMPY");
    let length = usize::from(u16::from_le_bytes([bytes[start + 8], bytes[start + 9]]));
    let header = String::from_utf8(bytes[start + 10..start + 10 + length].to_vec()).unwrap();
    let field = |from: &str, to: char| header.split(from).nth(1).unwrap().split(to).next().unwrap();
    let width: usize = field("<U", '\'').parse().unwrap();
    let count = match field("'shape': (", ')').trim_end_matches(',') {
        "" => 1,
        number => number.parse().unwrap(),
    };
    let data = &bytes[start + 10 + length..][..4 * width * count];
    let character = |c: &[u8]| char::from_u32(u32::from_le_bytes(c.try_into().unwrap())).unwrap();
    data.chunks(4 * width)
        .map(|text| text.chunks(4).map(character).take_while(|c| *c != '\0').collect())
        .collect()
}

const SMALL: [&str; 5] = ["--set", "chain.bonds=3", "--set", "time.outputs=[0, 0.1]", "--force"];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_scenario_of_a_run_gives_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let set =
        ["--set", "chain.bonds=5", "--set", "initial.var_r=1 + x", "--set", "initial.var_p=2*x"];
    let text = "[chain]\ntopology = 'open'\nbonds = 9\nflip_rate = 0.1\n[left.thermostat]\ntemperature = 1e-3\n\
                [right.force]\nmean = 0.3\nperiod = 4.75\nharmonics = [{ order = 2, amplitude = 1.1 }]\n\
                [initial]\n[time]\nscale = 'ballistic'\noutputs = { from = 0.01, to = 3, count = 3, spacing = 'log' }\n";
    fs::write(at.join("a.toml"), text).unwrap();
    done(at, &[&["evolve", "a.toml", "-o", "first", "--covariance"], &set[..]].concat());
    done(at, &["evolve", "first/scenario.toml", "-o", "second", "--covariance"]);
    for file in ["profiles.csv", "series.csv", "covariance.npz", "profiles.npz", "scenario.toml"] {
        let [first, second] = ["first", "second"].map(|run| fs::read(at.join(run).join(file)));
        assert_eq!(first.unwrap(), second.unwrap(), "{file}");
    }
    assert_eq!(summary(&at.join("first"))["scenario"], summary(&at.join("second"))["scenario"]);
    // One that starts from a covariance finds it from its own directory.
    fs::write(
        at.join("b.toml"),
        "[chain]\ntopology = 'open'\nbonds = 5\nflip_rate = 0.1\n[initial]\ncovariance = 'first/covariance.npz'\n\
         [time]\nscale = 'microscopic'\noutputs = [1]\n",
    )
    .unwrap();
    done(at, &["evolve", "b.toml", "-o", "third"]);
    done(at, &["evolve", "third/scenario.toml", "-o", "fourth"]);
    let [third, fourth] =
        ["third", "fourth"].map(|run| fs::read(at.join(run).join("profiles.csv")));
    assert_eq!(third.unwrap(), fourth.unwrap());
    for point in STARTING_POINTS {
        let scenario = Scenario::from_str_named(point.text, point.name, &[]).unwrap();
        let text = scenario.to_toml().unwrap();
        assert_eq!(Scenario::from_str_named(&text, "again", &[]).unwrap(), scenario, "{text}");
    }
}

#[test]
fn arrays_say_what_they_hold_and_how_well() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(at, &[&["evolve", "uphill", "-o", "run", "--covariance"], &SMALL[..]].concat());
    let place = at.join("run");
    let mut npz = NpzReader::new(File::open(place.join("profiles.npz")).unwrap()).unwrap();
    let version: Array0<i64> = npz.by_name("format_version").unwrap();
    let known = summary(&place);
    assert_eq!((version[()], &known["format_version"]), (2, &serde_json::json!(2)));
    let csv = table(&place.join("profiles.csv"));
    let about = texts(&place.join("profiles.npz"), "about");
    let about: serde_json::Value = serde_json::from_str(&about[0]).unwrap();
    assert_eq!(about["scenario"], known["scenario"]);
    for name in ["mean_r", "mean_p", "var_r", "var_p", "mechanical", "thermal", "energy", "current"]
    {
        let values: Array2<f64> = npz.by_name(name).unwrap();
        assert_eq!(values.iter().copied().collect::<Vec<_>>(), csv[name]);
        let errors: Array1<f64> = npz.by_name(&format!("error_{name}")).unwrap();
        for (error, output) in errors.iter().zip(known["outputs"].as_array().unwrap()) {
            assert_eq!(output["absolute_errors"][name], *error, "{name}");
        }
        assert!(errors[1] > 0.0 && errors.len() == 2, "{name}");
    }
    let names = npz.names().unwrap();
    for name in names.iter().filter(|name| *name != "about") {
        assert!(about["arrays"][name]["meaning"].is_string(), "{name} is explained");
    }
    let path = place.join("covariance.npz");
    let mut npz = NpzReader::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(npz.by_name::<ndarray::OwnedRepr<i64>, _>("format_version").unwrap(), version);
    let coordinates = texts(&path, "coordinates");
    assert_eq!(coordinates, ["r_1", "r_2", "r_3", "p_0", "p_1", "p_2", "p_3"]);
    let mean: Array2<f64> = npz.by_name("mean").unwrap();
    let covariance: Array3<f64> = npz.by_name("covariance").unwrap();
    assert_eq!((mean.dim(), covariance.dim()), ((2, 7), (2, 7, 7)));
    // r_2 of the second output is that of site 2 in the table.
    assert_eq!((mean[[1, 1]], covariance[[1, 1, 1]]), (csv["mean_r"][6], csv["var_r"][6]));
    let ring = ["--set", "chain.bonds=4", "--set", "time.outputs=[0.1]", "--covariance"];
    done(at, &[&["evolve", "ring_relaxation", "-o", "ring"], &ring[..]].concat());
    let coordinates = texts(&at.join("ring/covariance.npz"), "coordinates");
    assert_eq!(coordinates, ["r_0", "r_1", "r_2", "r_3", "p_0", "p_1", "p_2", "p_3"]);
}

/// Gauss-Legendre with four nodes on [0, 1].
const NODES: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

#[test]
fn totals_and_what_entered_and_was_converted_are_those_of_the_exact_moments_within_their_errors() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let driven = "[chain]\ntopology = 'open'\nbonds = 3\nflip_rate = 0.7\n[left.thermostat]\ntemperature = 2\nfriction = 0.5\n\
                  [right.thermostat]\ntemperature = 1\n[right.force]\nmean = 1.5\nperiod = 4.75\n\
                  harmonics = [{ order = 1, amplitude = 3.0, phase = 0.3 }]\n\
                  [initial]\nelongation = '2*x'\nmomentum = '1 - x'\ntemperature = '2 - x'\n\
                  [time]\nscale = 'microscopic'\noutputs = [0, 1.5, 12]\n";
    let pushed = "[chain]\ntopology = 'open'\nbonds = 3\nflip_rate = 0.7\n[right.force]\nmean = 1.5\n\
                  [initial]\nmomentum = '1 - x'\ntemperature = 1\n\
                  [time]\nscale = 'microscopic'\noutputs = [0, 1.5, 12]\n";
    for (name, text, methods) in
        [("driven", driven, &["radau", "literal"][..]), ("pushed", pushed, &["radau", "auto"])]
    {
        let scenario = Scenario::from_str_named(text, name, &[]).unwrap();
        let (chain, law) = (Chain::new(&scenario), InitialLaw::new(&scenario));
        let atoms = chain.atoms();
        // The integrands between the outputs, exact to 25 digits.
        let panels: usize = 120;
        let width = 12.0 / panels as f64;
        let instants: Vec<f64> =
            (0..panels).flat_map(|k| NODES.map(|(x, _)| width * (k as f64 + x))).collect();
        let points: Vec<(f64, f64)> = instants.iter().map(|t| (*t, 1.0)).collect();
        // The scenario's own period; any where the force is constant.
        let moments = reference::moments(&chain, &law, 4.75, &points);
        let mut sums = vec![[0.0; 4]];
        for (index, (instant, exact)) in instants.iter().zip(&moments).enumerate() {
            let weight = width * NODES[index % 4].1;
            let (mean, covariance) = (&exact.mean, &exact.covariance);
            let p = |n: usize| mean[chain.bonds + n];
            let square = |n: usize| {
                let i = chain.bonds + n;
                mean[i] * mean[i] + covariance[[i, i]]
            };
            let entered = |end: Option<flipchain::scenario::Thermostat>, n: usize| {
                end.map_or(0.0, |end| end.friction * (end.temperature - square(n)))
            };
            let rates = [
                chain.force.at(*instant) * p(atoms - 1),
                2.0 * chain.flip_rate * (0..atoms).map(|n| p(n) * p(n)).sum::<f64>(),
                entered(chain.left, 0),
                entered(chain.right, atoms - 1),
            ];
            let last = sums[sums.len() - 1];
            sums.push(std::array::from_fn(|i| last[i] + weight * rates[i]));
        }
        let file = at.join(format!("{name}.toml"));
        fs::write(&file, text).unwrap();
        for method in methods {
            done(
                at,
                &["evolve", file.to_str().unwrap(), "-o", name, "--method", method, "--force"],
            );
            let series = table(&at.join(name).join("series.csv"));
            for (row, panel) in [0, 15, 120].into_iter().enumerate() {
                let exact = sums[4 * panel];
                for (column, exact) in ["work", "heat", "left", "right"].iter().zip(exact) {
                    let found = series[*column][row];
                    let error = series[&format!("{column}_error")][row];
                    let distance = (found - exact).abs();
                    // The quadrature of the judge is exact to some 1e-13.
                    assert!(
                        distance <= error + 1e-12 * (1.0 + exact.abs()),
                        "{name} {method} {column} {row}: {found} is {distance:.1e} from {exact}, {error:.1e} stated"
                    );
                    assert!(error <= 1e-7 * (1.0 + exact.abs()), "{column}: {error:.1e}");
                }
                let gained = series["work"][row] + series["left"][row] + series["right"][row];
                let change = series["energy"][row] - series["energy"][0];
                assert!((change - gained).abs() <= 1e-8 * (1.0 + change.abs()), "{name} {row}");
            }
            let profiles = table(&at.join(name).join("profiles.csv"));
            for column in ["mechanical", "thermal", "energy"] {
                for (row, output) in profiles[column].chunks(atoms).enumerate() {
                    let total: f64 = output.iter().sum();
                    let found = series[column][row];
                    assert!((total - found).abs() <= 1e-14 * total, "{column}: {total} {found}");
                    let error = series[&format!("{column}_error")][row];
                    assert!(error > 0.0 && error < 1e-7 * total, "{column}: {error:.1e}");
                }
            }
        }
    }
    // One row of the stationary state, its integrals empty.
    done(at, &["steady", "driven.toml", "-o", "steady"]);
    let series = table(&at.join("steady/series.csv"));
    assert_eq!(series["t"], [f64::INFINITY]);
    assert!(series["work"][0].is_nan() && series["thermal"][0] > 0.0);
}

#[test]
fn a_forced_run_replaces_its_own_files_and_leaves_the_others_or_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let place = at.join("run");
    let evolve = [&["evolve", "uphill", "-o", "run"], &SMALL[..]].concat();
    done(at, &[&evolve[..], &["--covariance"]].concat());
    let listed = summary(&place)["files"].as_array().unwrap().clone();
    assert!(listed.contains(&"covariance.npz".into()) && listed.contains(&"summary.json".into()));
    for own in ["notes.txt", "figures/for the paper.svg", "analysis/fit.py", "profiles.csv.bak"] {
        fs::create_dir_all(place.join(own).parent().unwrap()).unwrap();
        fs::write(place.join(own), own).unwrap();
    }
    done(at, &evolve);
    for own in ["notes.txt", "figures/for the paper.svg", "analysis/fit.py", "profiles.csv.bak"] {
        assert_eq!(fs::read_to_string(place.join(own)).unwrap(), own);
    }
    // What the first run wrote and the second does not is gone.
    assert!(!place.join("covariance.npz").exists() && place.join("profiles.csv").exists());
    assert_eq!(fs::read_dir(at).unwrap().count(), 1, "nothing is left beside it");
    // A file of the user's that would be overwritten.
    fs::write(place.join("covariance.npz"), "mine").unwrap();
    let message = refused(at, &[&evolve[..], &["--covariance"]].concat());
    assert!(message.contains("flipchain did not write covariance.npz"), "{message}");
    assert_eq!(fs::read_to_string(place.join("covariance.npz")).unwrap(), "mine");
    // A summary of another program.
    fs::create_dir(at.join("other")).unwrap();
    fs::write(at.join("other/summary.json"), "{}").unwrap();
    let message = refused(at, &["evolve", "uphill", "-o", "other", "--force"]);
    assert!(message.contains("is not a run directory of flipchain"), "{message}");
    fs::write(at.join("file"), "mine").unwrap();
    for command in ["evolve", "steady", "limit"] {
        let message = refused(at, &[command, "uphill", "-o", "file/run", "--force"]);
        assert!(message.contains("file/run: cannot be made, because file is a file"), "{message}");
    }
}

#[test]
fn a_run_of_version_0_1_is_read_and_replaced() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/run_0_1");
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let place = at.join("run");
    copy(&golden, &place);
    assert!(summary(&place)["format_version"].is_null());
    // Its covariance is a new start: where it ended.
    fs::write(
        at.join("a.toml"),
        "[chain]\ntopology = 'open'\nbonds = 3\nflip_rate = 1\n[initial]\ncovariance = 'run/covariance.npz'\n\
         [time]\nscale = 'diffusive'\noutputs = [0]\n",
    )
    .unwrap();
    done(at, &["evolve", "a.toml", "-o", "next"]);
    let [old, next] = [&place, &at.join("next")].map(|run| table(&run.join("profiles.csv")));
    for column in ["mean_r", "mean_p", "var_r", "var_p"] {
        assert_eq!(next[column].len(), 4);
        for (old, next) in old[column][4..].iter().zip(&next[column]) {
            assert!((old - next).abs() <= 4.0 * f64::EPSILON * old.abs(), "{column}: {old} {next}");
        }
    }
    // It is replaced, and what it did not write stays.
    fs::write(place.join("notes.txt"), "mine").unwrap();
    done(at, &[&["evolve", "uphill", "-o", "run"], &SMALL[..]].concat());
    assert!(!place.join("covariance.npz").exists());
    assert_eq!(fs::read_to_string(place.join("notes.txt")).unwrap(), "mine");
    assert_eq!(summary(&place)["format_version"], 2);
}

#[test]
fn a_damaged_covariance_is_refused_with_the_first_cause() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let evolve = [&["evolve", "uphill", "-o", "run", "--covariance"], &SMALL[..]].concat();
    let scenario = "[chain]\ntopology = 'open'\nbonds = 3\nflip_rate = 1\n[initial]\ncovariance = 'a.npz'\n\
                    [time]\nscale = 'diffusive'\noutputs = [0]\n";
    fs::write(at.join("a.toml"), scenario).unwrap();
    for single in [&[][..], &["--single"]] {
        done(at, &[&evolve[..], single].concat());
        let bytes = fs::read(at.join("run/covariance.npz")).unwrap();
        let message = |bytes: &[u8]| {
            fs::write(at.join("a.npz"), bytes).unwrap();
            refused(at, &["evolve", "a.toml", "-o", "next"])
        };
        // The last array is the covariance, before the directory of the archive.
        let mut flipped = bytes.clone();
        let end = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        flipped[end - 20] ^= 1;
        let said = message(&flipped);
        assert!(said.contains("\"covariance\"") && said.contains("Invalid checksum"), "{said}");
        assert!(!said.contains("<f"), "{said}");
        let said = message(&bytes[..bytes.len() - 80]);
        assert!(said.contains("not an npz file"), "{said}");
    }
    // Numbers of another type, and a file without the array.
    let write = |name: &str| {
        let mut npz = ndarray_npy::NpzWriter::new(File::create(at.join("a.npz")).unwrap());
        npz.add_array(name, &Array2::<i64>::eye(7)).unwrap();
        npz.finish().unwrap();
        refused(at, &["evolve", "a.toml", "-o", "next"])
    };
    let said = write("covariance");
    assert!(said.contains("of the type '<i8'; allowed: '<f8' or '<f4'"), "{said}");
    let said = write("c");
    assert!(said.contains("there is no array \"covariance\"; found c"), "{said}");
}
