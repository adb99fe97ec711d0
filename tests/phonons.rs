//! What is promised of `evolve --modes`: the energies of the chain's own waves, and of starting
//! from another run's end.
#![cfg(feature = "cli")]

mod common;

use common::law;
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::Topology;
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::{contour, harmonic, radau};
use flipchain::solver::observe::Profile;
use flipchain::solver::observe::phonons::{Phonon, error, phonons};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::process::{Command, Output};

fn chain(topology: Topology, bonds: usize) -> Chain {
    Chain {
        topology,
        bonds,
        flip_rate: 0.0,
        left: None,
        right: None,
        force: Force::default(),
        general: None,
    }
}

fn at(chain: &Chain, law: &InitialLaw, time: f64) -> (Vec<Phonon>, f64) {
    let solution = harmonic::evolve(chain, law, &[time], |_| true, &Default::default())
        .expect("it ends")
        .remove(0);
    let energy = Profile::new(chain, &solution, time).energy().iter().sum();
    (phonons(chain, &solution.moments).expect("the covariance was kept"), energy)
}

#[test]
fn without_flips_every_mode_keeps_its_energy_and_together_they_are_the_whole() {
    let mut random = ChaCha8Rng::seed_from_u64(51);
    for (topology, bonds) in
        [(Topology::Ring, 7), (Topology::Ring, 8), (Topology::Ring, 2), (Topology::Open, 6)]
    {
        let chain = chain(topology, bonds);
        let law = law(&chain, &mut random);
        let (before, energy) = at(&chain, &law, 0.0);
        assert!((before.iter().map(|p| p.energy).sum::<f64>() - energy).abs() < 1e-14 * energy);
        for time in [0.7, 1e6] {
            for (a, b) in before.iter().zip(at(&chain, &law, time).0) {
                // Some roundings of an energy of order one.
                assert!(
                    (a.energy - b.energy).abs() < 1e-13
                        && (a.mean_energy - b.mean_energy).abs() < 1e-13
                );
                assert!((a.omega - 2.0 * (PI * a.k).sin().abs()).abs() < 1e-15);
            }
        }
    }
}

#[test]
fn the_energy_of_a_wave_of_the_ring_is_that_of_the_field_phi() {
    // φ(k) = 2|sin πk| q̂ + i p̂ by plain sums, for the means alone and as a quadratic form for
    // independent coordinates.
    let mut random = ChaCha8Rng::seed_from_u64(52);
    let n = 9;
    let chain = chain(Topology::Ring, n);
    let law = law(&chain, &mut random);
    for phonon in &at(&chain, &law, 0.0).0[1..] {
        let (k, omega) = (phonon.k, 2.0 * (PI * phonon.k).sin());
        let wave = |site: usize| Complex64::cis(-2.0 * PI * k * site as f64);
        // r̂ = (1 - e^(-2πik)) q̂
        let per_r = omega / (1.0 - Complex64::cis(-2.0 * PI * k));
        let phi: Complex64 =
            (0..n).map(|s| wave(s) * (per_r * law.mean_r[s] + Complex64::I * law.mean_p[s])).sum();
        let spread: f64 = (0..n).map(|s| per_r.norm_sqr() * law.var_r[s] + law.var_p[s]).sum();
        let size = 2.0 * n as f64;
        assert!((phonon.mean_energy - phi.norm_sqr() / size).abs() < 1e-14, "{k}");
        assert!((phonon.energy - (phi.norm_sqr() + spread) / size).abs() < 1e-14, "{k}");
        assert_eq!(phonon.occupation, Some(phonon.energy / phonon.omega));
    }
}

#[test]
fn a_wave_that_runs_to_the_right_has_its_energy_below_one_half() {
    let n = 12;
    let chain = chain(Topology::Ring, n);
    // q = cos(2πkn - ωτ) at τ = 0, k = 2/12.
    let (k, omega) = (2.0 / 12.0, 2.0 * (PI * 2.0 / 12.0).sin());
    let q = |site: f64| (2.0 * PI * k * site).cos();
    let mean_r = (0..n).map(|s| q(s as f64) - q(s as f64 - 1.0)).collect();
    let mean_p = (0..n).map(|s| omega * (2.0 * PI * k * s as f64).sin()).collect();
    let zero = vec![0.0; n];
    let law = InitialLaw { mean_r, mean_p, var_r: zero.clone(), var_p: zero, ..Default::default() };
    for phonon in at(&chain, &law, 3.0).0 {
        // |φ|² = (ω N)², energy ω² N/2.
        let expected =
            if (phonon.k - k).abs() < 1e-12 { omega * omega * n as f64 / 2.0 } else { 0.0 };
        assert!((phonon.energy - expected).abs() < 1e-13, "{phonon:?}");
    }
}

#[test]
fn two_ways_through_time_agree_on_every_mode_within_their_errors() {
    let mut random = ChaCha8Rng::seed_from_u64(53);
    for topology in [Topology::Ring, Topology::Open] {
        let chain = Chain { flip_rate: 0.8, ..chain(topology, 8) };
        let (law, modal) = (law(&chain, &mut random), Modal::new(&chain));
        let times = [contour::earliest(&chain).expect("flips")];
        let keep = |_: usize| true;
        let contoured = contour::evolve(&modal, &law, &times, 1e-9, keep, &Default::default())
            .expect("it ends")
            .0;
        let stepped = radau::evolve(&modal, &law, &times, 1e-9, keep, &Default::default())
            .expect("it ends")
            .0;
        let [a, b] = [&contoured[0], &stepped[0]].map(|s| {
            let modes = phonons(&chain, &s.moments).expect("it was kept");
            (error(s, &modes), modes)
        });
        for (x, y) in a.1.iter().zip(&b.1) {
            assert!((x.energy - y.energy).abs() <= a.0 + b.0, "{x:?} {y:?}");
            assert!((x.mean_energy - y.mean_energy).abs() <= a.0 + b.0, "{x:?} {y:?}");
        }
        assert!(a.0 + b.0 < 1e-7);
    }
}

#[test]
fn steady_writes_phases_before_the_average_and_refuses_what_has_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = |name: &str| folder.path().join(name).display().to_string();
    let data = |name: &str| format!("{}/data/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let ended = flipchain(&[
        "steady",
        &data("periodic_force"),
        "-o",
        &out("a"),
        "--phases",
        "3",
        "--set",
        "chain.bonds=8",
    ]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let csv = std::fs::read_to_string(folder.path().join("a/profiles.csv")).expect("profiles");
    let times: Vec<f64> = csv
        .lines()
        .skip(1)
        .step_by(9)
        .map(|line| line.split(',').next().expect("t").parse().expect("a time"))
        .collect();
    assert_eq!(times, [0.0, 1.0 / 3.0, 2.0 / 3.0, f64::INFINITY]);
    let summary = std::fs::read_to_string(folder.path().join("a/summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert!(
        summary["periodic"]["W_heat"].as_f64().is_some_and(|w| (w - 2.17).abs() < 0.1),
        "{summary}"
    );
    assert!(summary["periodic"]["momentum"][0]["amplitude"].as_f64().is_some_and(|a| a > 0.0));
    for (scenario, more, words) in [
        ("uphill", "--phases=2", "the force of this chain is constant"),
        ("harmonic", "--quiet", "never settles"),
        ("ring_relaxation", "--method=modal", "needs a thermostat"),
    ] {
        let refused = flipchain(&["steady", &data(scenario), "-o", &out("b"), more]);
        let message = String::from_utf8_lossy(&refused.stderr).to_string();
        assert!(refused.status.code() == Some(2) && message.contains(words), "{message}");
    }
    let ring = flipchain(&["steady", &data("ring_relaxation"), "-o", &out("c")]);
    assert!(
        ring.status.success()
            && String::from_utf8_lossy(&ring.stdout).contains("of the initial law")
    );
}

fn flipchain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

const SMALL: &str = "[chain]\ntopology = \"open\"\nbonds = 6\nflip_rate = 1\n[left.thermostat]\ntemperature = 2\n\
                     [right.force]\nmean = 1\n[time]\nscale = \"microscopic\"\n";

#[test]
fn a_run_starts_from_the_end_of_another_and_goes_on_as_one_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let scenario = |name: &str, rest: &str| {
        std::fs::write(path(name), format!("{SMALL}{rest}")).expect("the folder is writable");
        path(name)
    };
    let profile = "[initial]\nelongation = \"x\"\ntemperature = \"1 + x\"\n";
    let one = scenario("one.toml", &format!("outputs = [900]\n{profile}"));
    let first = scenario("first.toml", &format!("outputs = [1, 400]\n{profile}"));
    let second = scenario(
        "second.toml",
        "outputs = [500]\n[initial]\ncovariance = \"first/covariance.npz\"\n",
    );
    for (file, out, more) in [
        (&one, "one", "--modes"),
        (&first, "first", "--covariance"),
        (&second, "second", "--modes"),
    ] {
        let ended = flipchain(&["evolve", file, "-o", &path(out), more]);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let rows = |run: &str| -> Vec<Vec<f64>> {
        let csv = std::fs::read_to_string(folder.path().join(run).join("profiles.csv"))
            .expect("profiles");
        csv.lines()
            .skip(1)
            .map(|line| line.split(',').skip(1).map(|x| x.parse().expect("a number")).collect())
            .collect()
    };
    for (a, b) in rows("one").iter().zip(&rows("second")) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?}\n{b:?}");
    }
    let modes = std::fs::read_to_string(path("one/modes.csv")).expect("modes");
    assert!(
        modes.starts_with("t,k,omega,energy,occupation,mean_energy\n")
            && modes.lines().count() == 8
    );
    // The mode without frequency has no occupation.
    assert!(modes.lines().nth(1).is_some_and(|line| line.contains(",,")), "{modes}");
}

#[test]
fn every_mode_is_there_at_every_time_also_where_the_profiles_need_no_covariance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let long = SMALL.replace("bonds = 6", "bonds = 100");
    let text = format!(
        "{long}outputs = [0, 10, 500, 5000]\n[initial]\nelongation = \"x\"\ntemperature = 1\n"
    );
    std::fs::write(path("a.toml"), text).expect("the folder is writable");
    let read = |run: &str, file: &str, columns: &[usize]| -> Vec<Vec<f64>> {
        let csv = std::fs::read_to_string(folder.path().join(run).join(file)).expect("a table");
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            columns.iter().map(|&column| cells[column].parse().expect("a number")).collect()
        };
        csv.lines().skip(1).map(row).collect()
    };
    for (run, more) in [
        ("alone", &["--modes"][..]),
        ("kept", &["--modes", "--covariance", "--covariance-times", "500"]),
    ] {
        let ended = flipchain(&[&["evolve", &path("a.toml"), "-o", &path(run)], more].concat());
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let (modes, profiles) =
            (read(run, "modes.csv", &[0, 3]), read(run, "profiles.csv", &[0, 9]));
        for time in [0.0, 10.0, 500.0, 5000.0] {
            let energies = |rows: &[Vec<f64>]| -> Vec<f64> {
                rows.iter().filter(|row| row[0] == time).map(|row| row[1]).collect()
            };
            let (of_modes, of_sites) = (energies(&modes), energies(&profiles));
            assert_eq!((of_modes.len(), of_sites.len()), (101, 101), "{run}, τ = {time}");
            let (modes, sites): (f64, f64) = (of_modes.iter().sum(), of_sites.iter().sum());
            assert!((modes - sites).abs() < 1e-12 * sites, "{run}, τ = {time}: {modes} {sites}");
        }
    }
    let refused = flipchain(&[
        "evolve",
        &path("a.toml"),
        "-o",
        &path("none"),
        "--modes",
        "--method",
        "profiles",
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nor modes"), "{refused:?}");
}

#[test]
fn a_ring_and_a_shaken_chain_go_on_from_their_own_end_in_the_force_s_phase() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (half, frequency) = (350.0, 2.0 * PI / 4.7);
    let shaken = |phase: f64| {
        format!(
            "[chain]\ntopology = \"open\"\nbonds = 5\nflip_rate = 1\n[left.thermostat]\ntemperature = 2\n[right.force]\nmean = 1\n\
             period = 4.7\nharmonics = [{{ order = 2, amplitude = 1.5, phase = {phase:.17} }}]\n"
        )
    };
    let ring = |_: f64| "[chain]\ntopology = \"ring\"\nbonds = 6\nflip_rate = 0.9\n".to_string();
    let profile = "elongation = \"cos(2*pi*x)\"\nmomentum = \"0.2*x\"\ntemperature = \"1 + x\"\n";
    let chains: [(&str, &dyn Fn(f64) -> String); 2] = [("shaken", &shaken), ("ring", &ring)];
    for (name, chain) in chains {
        let run = |part: &str, phase: f64, time: f64, initial: &str, more: &str| {
            let text = format!(
                "{}[time]\nscale = \"microscopic\"\noutputs = [{time}]\n[initial]\n{initial}",
                chain(phase)
            );
            let file = path(&format!("{name}-{part}.toml"));
            std::fs::write(&file, text).expect("the folder is writable");
            let ended = flipchain(&["evolve", &file, "-o", &path(&format!("{name}-{part}")), more]);
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            let csv = std::fs::read_to_string(path(&format!("{name}-{part}/profiles.csv")))
                .expect("profiles");
            let row = |line: &str| -> Vec<f64> {
                line.split(',').skip(1).map(|x| x.parse().expect("a number")).collect()
            };
            csv.lines().skip(1).map(row).collect::<Vec<_>>()
        };
        let whole = run("whole", 0.4, 2.0 * half, profile, "--quiet");
        run("first", 0.4, half, profile, "--covariance");
        // The second run's clock starts at 0: its force begins where the first one's ended.
        let begins = (0.4 + 2.0 * frequency * half) % (2.0 * PI);
        let last = format!("covariance = \"{name}-first/covariance.npz\"\n");
        for (a, b) in whole.iter().zip(&run("second", begins, half, &last, "--quiet")) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{name}: {a:?}\n{b:?}");
        }
    }
}

#[test]
fn phases_by_the_literal_operator_are_the_same_profiles() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = |name: &str| folder.path().join(name).display().to_string();
    let data = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
    let values = |method: &str| -> Vec<f64> {
        let arguments = [
            "steady",
            &data,
            "-o",
            &out(method),
            "--phases=5",
            "--set=chain.bonds=7",
            "--method",
            method,
            "--quiet",
        ];
        let ended = flipchain(&arguments);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let csv = std::fs::read_to_string(folder.path().join(method).join("profiles.csv"))
            .expect("profiles");
        csv.lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',').map(|x| x.parse().expect("a number")).collect::<Vec<f64>>()
            })
            .collect()
    };
    let judge = values("literal");
    for method in ["profiles", "modal"] {
        let found = values(method);
        assert_eq!(found.len(), 6 * 8 * 11);
        for (a, b) in found.iter().zip(&judge) {
            // Energies are of order ten.
            assert!(a == b || (a - b).abs() < 1e-11, "{method}: {a} {b}");
        }
    }
}

#[test]
fn a_gibbs_state_is_its_tension_and_temperature() {
    let read = |initial: &str| {
        let text = format!("{SMALL}outputs = [1]\n[initial]\n{initial}");
        flipchain::scenario::Scenario::from_str_named(&text, "a.toml", &[])
    };
    let gibbs =
        read("state = \"gibbs\"\ntension = \"0.5 + x\"\ntemperature = 2\n").expect("it is one");
    assert_eq!(gibbs, read("elongation = \"0.5 + x\"\ntemperature = 2\n").expect("it is one"));
    for (initial, key, words) in [
        (
            "state = \"gibbs\"\nelongation = 1\ntemperature = 2\n",
            "initial.elongation",
            "only temperature and tension",
        ),
        ("tension = 1\ntemperature = 2\n", "initial.tension", "state = \"gibbs\""),
        ("state = \"frozen\"\ntemperature = 2\n", "initial.state", "gibbs"),
        ("state = \"gibbs\"\n", "initial.temperature", "required"),
        (
            "covariance = \"a.npz\"\ntemperature = 2\n",
            "initial.temperature",
            "only elongation and momentum",
        ),
    ] {
        let message = read(initial).expect_err(initial).to_string();
        assert!(
            message.contains(key) && message.contains(words) && message.starts_with("a.toml:"),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_covariance_is_refused_with_its_reason() {
    use ndarray::Array2;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, covariance: &Array2<f64>| {
        let mut npz =
            ndarray_npy::NpzWriter::new(std::fs::File::create(path(name)).expect("writable"));
        npz.add_array("covariance", covariance).expect("writable");
        npz.finish().expect("writable");
    };
    let mut lopsided = Array2::eye(13);
    lopsided[[0, 5]] = 0.5;
    let mut impossible = Array2::eye(13);
    (impossible[[0, 5]], impossible[[5, 0]]) = (1.5, 1.5);
    write("small.npz", &Array2::eye(4));
    write("lopsided.npz", &lopsided);
    write("impossible.npz", &impossible);
    write("negative.npz", &-Array2::eye(13));
    std::fs::write(path("text.npz"), "no archive").expect("writable");
    for (file, words) in [
        ("small.npz", "allowed: (n, n) or (times, n, n) with n = 13"),
        ("lopsided.npz", "not symmetric"),
        ("impossible.npz", "not positive semidefinite"),
        ("negative.npz", "negative variance"),
        ("text.npz", "not an npz file"),
        ("absent.npz", "No such file"),
    ] {
        let text = format!("{SMALL}outputs = [1]\n[initial]\ncovariance = \"{file}\"\n");
        std::fs::write(path("a.toml"), text).expect("writable");
        let refused = flipchain(&["evolve", &path("a.toml"), "-o", &path("out")]);
        let message = String::from_utf8_lossy(&refused.stderr).to_string();
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains(words) && message.contains(file), "{message}");
        assert!(!folder.path().join("out").exists());
    }
    // limit needs profiles.
    let refused =
        flipchain(&["limit", &path("a.toml"), "-o", &path("out"), "--set", "time.scale=diffusive"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs the initial law as profiles"));
}
