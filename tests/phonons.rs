//! What is promised of `evolve --modes`: the energies of the chain's own waves, and of starting
//! from another run's end.
#![cfg(feature = "cli")]

mod common;
#[path = "phonons/starts.rs"]
mod starts;

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

fn flipchain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

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
