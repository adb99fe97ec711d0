//! C_N without the covariance is that of the covariance itself.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::{self, Method};
use flipchain::solver::evolve::{norm::Squares, squares};
use num_complex::Complex64;

fn chain(bonds: usize, waves: bool, ends: [bool; 2]) -> Chain {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let harmonics = match waves {
        true => vec![(1, Complex64::new(0.5, -0.3)), (3, Complex64::new(-0.2, 0.1))],
        false => vec![],
    };
    let mean = if ends == [false; 2] { 0.0 } else { 0.7 };
    let force = Force { mean, frequency: 0.9.into(), harmonics };
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate: 1.3,
        left: end(1.5, 0.8).filter(|_| ends[0]),
        right: end(0.4, 2.0).filter(|_| ends[1]),
        force,
        general: None,
    }
}

fn law(chain: &Chain) -> InitialLaw {
    let wave = |n: usize, shift: f64| (0.37 * n as f64 + shift).sin();
    let (bonds, atoms) = (chain.bonds, chain.atoms());
    InitialLaw {
        mean_r: (0..bonds).map(|n| 0.8 * wave(n, 0.1)).collect(),
        mean_p: (0..atoms).map(|n| 0.5 * wave(n, 0.7)).collect(),
        var_r: (0..bonds).map(|n| 1.5 + wave(n, 0.3)).collect(),
        var_p: (0..atoms).map(|n| 1.2 + wave(n, 0.9)).collect(),
        covariance: None,
    }
}

/// By steps to the covariance, which share nothing with the contour, and by the pass.
#[test]
fn it_is_that_of_the_covariance() {
    let (both, left, none) = ([true; 2], [true, false], [false; 2]);
    for (bonds, waves, ends, tolerance) in [
        (3, false, both, 1e-9),
        (20, true, both, 1e-9),
        (20, false, both, 1e-4),
        (33, true, left, 1e-6),
        (15, false, none, 1e-9),
    ] {
        let chain = chain(bonds, waves, ends);
        let (law, equations) = (law(&chain), Modal::new(&chain));
        let first = squares::serves(&chain, &law).expect("flips, and independent coordinates");
        let times: Vec<_> = [1.0, 1.7, 8.0].iter().map(|part| (part * first).into()).collect();
        let silent = Monitor::default();
        let found = squares::evolve(&equations, &law, &times, tolerance, &silent).unwrap();
        let plan = evolve::plan(&chain, &law, &times, Method::Stencil, true).unwrap();
        let (steps, _) =
            evolve::evolve(&equations, &law, &times, &plan, 1e-12, |_| true, &silent).unwrap();
        for (norm, solution) in found.iter().zip(&steps) {
            let own = Squares::of_norm(&chain, norm, solution);
            let known = Squares::of_covariance(&chain, solution).expect("it was kept");
            for (found, known) in [(own.all, known.all), (own.off_diagonal, known.off_diagonal)] {
                let (off, allowed) = ((found[0] - known[0]).abs(), found[1] + known[1]);
                assert!(off <= allowed, "N = {bonds}: {found:?} and {known:?}, off by {off:e}");
                assert!(found[1] < 100.0 * tolerance * own.all[0], "N = {bonds}: {found:?}");
            }
        }
    }
}

#[test]
fn it_serves_where_it_can() {
    let mut open = chain(20, false, [true; 2]);
    let independent = law(&open);
    assert!(squares::serves(&open, &independent).is_some());
    let correlated = independent.clone().correlated(2.0, false);
    assert!(squares::serves(&open, &correlated).is_none());
    open.flip_rate = 0.0;
    assert!(squares::serves(&open, &independent).is_none());
}

/// The command line: the same run with the memory and without it, ended and resumed, and a run that
/// starts from the file.
#[test]
fn a_covariance_that_does_not_fit_the_memory_is_written_to_files() {
    use ndarray::{Array1, Array2, Array3};
    use ndarray_npy::{NpzReader, ReadNpyExt};
    use std::fs::File;
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        let common = ["--figures", "none", "-q"];
        command.args(arguments.split(' ')).args(common).current_dir(folder.path());
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    // As the uphill starting point, 800 bonds long.
    let question = "evolve uphill --set chain.bonds=800 --set time.outputs=[0,0.01,0.1,1]";
    let question = format!("{question} --covariance --covariance-times 0,0.01,1");
    assert_eq!(run(&format!("{question} -o whole")), "");
    assert_eq!(run(&format!("{question} -o filed --memory-limit 100MiB")), "");
    let summary = |name: &str| -> serde_json::Value {
        let text = std::fs::read(folder.path().join(name).join("summary.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let (filed, whole) = (summary("filed"), summary("whole"));
    assert!(whole.get("covariance_files").is_none() && filed["tolerance_reached"] == true);
    let open = |name: &str| File::open(folder.path().join(name)).unwrap();
    let mut archive = NpzReader::new(open("whole/covariance.npz")).unwrap();
    let expected: Array3<f64> = archive.by_name("covariance").unwrap();
    let means: Array2<f64> = archive.by_name("mean").unwrap();
    let listed = filed["covariance_files"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    // What the other run states of its variances.
    let errors = |k: usize| -> f64 {
        let errors = &whole["outputs"][k]["absolute_errors"];
        ["var_r", "var_p", "current"].iter().map(|name| errors[name].as_f64().unwrap()).sum()
    };
    for (index, (k, file)) in [0, 1, 3].into_iter().zip(listed).enumerate() {
        assert_eq!(file["file"], format!("covariance_{k}.npy"));
        // The header says the version of the format where NumPy sees a comment and this reader an
        // error.
        let plain = |name: &str| {
            let mut bytes = std::fs::read(folder.path().join(name)).unwrap();
            let remark = b"# format_version 2";
            let at = bytes[..128].windows(remark.len()).position(|part| part == remark).unwrap();
            bytes[at..at + remark.len()].fill(b' ');
            std::io::Cursor::new(bytes)
        };
        let found = Array2::<f64>::read_npy(plain(&format!("filed/covariance_{k}.npy"))).unwrap();
        let mean = Array1::<f64>::read_npy(plain(&format!("filed/mean_{k}.npy"))).unwrap();
        let error = file["error_estimate"].as_f64().unwrap();
        let differences = (&found - &expected.index_axis(ndarray::Axis(0), index)).abs();
        let worst = differences.iter().fold(0.0, |worst, &d| if d <= worst { worst } else { d });
        assert!(worst <= error + errors(k), "{k}: {worst} {error} {}", errors(k));
        assert!(error <= 1e-8, "{error}");
        let moved = (&mean - &means.row(index)).abs();
        assert!(moved.iter().all(|&d| d <= 1e-8), "{k}");
    }
    // A later run starts from it.
    let start = "[chain]\ntopology = \"open\"\nbonds = 800\nflip_rate = 1\n\
                 [initial]\ncovariance = \"filed/covariance_3.npy\"\n\
                 [time]\nscale = \"diffusive\"\noutputs = [0]\n";
    std::fs::write(folder.path().join("next.toml"), start).unwrap();
    assert_eq!(run("evolve next.toml -o next"), "");
    let value = |name: &str, column: usize| -> Vec<f64> {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        let rows = text.lines().rev().take(801).map(|row| row.split(',').nth(column).unwrap());
        rows.map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
    };
    let header = std::fs::read_to_string(folder.path().join("next/profiles.csv")).unwrap();
    let names: Vec<&str> = header.lines().next().unwrap().split(',').collect();
    for name in ["mean_r", "mean_p", "thermal"] {
        let column = names.iter().position(|known| *known == name).expect(name);
        let pairs = value("next/profiles.csv", column);
        let pairs = pairs.iter().zip(value("filed/profiles.csv", column));
        for (next, filed) in pairs {
            assert!((next - filed).abs() <= 1e-8, "{name}: {next} {filed}");
        }
    }
}
