//! What is promised of the profiles without the covariance: they are those of the covariance, at any N, to their stated error.

use flipchain::chain::{Chain, Force};
use flipchain::covariance::literal::Literal;
use flipchain::covariance::modal::Modal;
use flipchain::covariance::moments::{Solution, largest};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::steady;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(bonds: usize, flip_rate: f64, ends: [Option<(f64, f64)>; 2], force: f64) -> Chain {
    let [left, right] = ends.map(|end| end.map(|(temperature, friction)| Thermostat { temperature, friction }));
    let force = Force { mean: force, ..Default::default() };
    Chain { topology: Topology::Open, bonds, flip_rate, left, right, force }
}

fn random_chain(random: &mut ChaCha8Rng, bonds: usize) -> Chain {
    let flip_rate = 10f64.powf(random.random_range(-1.5..1.0));
    let mut end = || Some((random.random_range(0.0..3.0), 10f64.powf(random.random_range(-1.0..1.0))));
    let mut ends = [end(), end()];
    if let which @ 0..=1 = random.random_range(0..5usize) {
        ends[which] = None;
    }
    chain(bonds, flip_rate, ends, random.random_range(-2.0..2.0))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
}

/// The errors of the variances and of the correlations, each over what the solution states, a second solution's own errors granted.
fn over_estimate(found: &Solution, judge: &Solution) -> [f64; 2] {
    let (a, b) = (&found.moments, &judge.moments);
    [
        distance(&a.variance, &b.variance) / (found.errors.var_p.max(found.errors.var_r) + judge.errors.var_p),
        distance(&a.correlation, &b.correlation) / (found.errors.correlation + judge.errors.correlation),
    ]
}

#[test]
fn the_stationary_profiles_are_those_of_the_literal_operator() {
    let mut random = ChaCha8Rng::seed_from_u64(51);
    for case in 0..60 {
        let chain = random_chain(&mut random, 1 + case % 12);
        let found = steady::profiles::profiles(&chain).expect("flips and a thermostat").0.average;
        let judge = steady::covariance(&Literal::new(&chain)).expect("a stationary state").0;
        for excess in over_estimate(&found, &judge) {
            assert!(excess <= 1.0, "case {case}: {excess:.1} times the estimate\n{chain:?}");
        }
        // Stated to some hundred roundings of the largest variance.
        assert!(
            found.errors.var_p < 1e-12 * (1.0 + largest(&found.moments.variance)),
            "case {case}: {:e}",
            found.errors.var_p
        );
    }
}

#[test]
fn the_stationary_profiles_are_those_of_the_covariance() {
    let mut random = ChaCha8Rng::seed_from_u64(52);
    for bonds in [40, 90, 150] {
        let chain = random_chain(&mut random, bonds);
        let found = steady::profiles::profiles(&chain).expect("flips and a thermostat").0.average;
        let judge = steady::covariance(&Modal::new(&chain)).expect("a stationary state").0;
        for excess in over_estimate(&found, &judge) {
            assert!(excess <= 1.0, "{excess:.1} times the estimate\n{chain:?}");
        }
    }
}

#[test]
fn long_chains_have_the_closed_forms() {
    for bonds in [100, 1000, 10_000] {
        for (flip_rate, left, right) in [(1.0, 1.0, 1.0), (0.4, 0.3, 4.0)] {
            let ends = |temperatures: [f64; 2]| [Some((temperatures[0], left)), Some((temperatures[1], right))];
            let heat_flow = chain(bonds, flip_rate, ends([2.0, 1.0]), 0.0);
            let found = steady::profiles::profiles(&heat_flow).expect("a stationary state").0.average;
            let thermal = heat_flow.thermal_state().expect("two thermostats");
            let closed = [thermal.var_r, thermal.var_p].concat();
            let error = distance(&closed, &found.moments.variance);
            assert!(error <= found.errors.var_p && error < 1e-13, "N = {bonds}: {error:e} of {:e}", found.errors.var_p);

            let driven = chain(bonds, flip_rate, ends([2.0, 1.0]), 2.0);
            let found = steady::profiles::profiles(&driven).expect("a stationary state").0.average;
            let exact = driven.stationary_current().expect("a constant force");
            for bond in [0, bonds / 2, bonds - 1] {
                let (p, r) = driven.left_pair(bond);
                let mean = &found.moments.mean;
                let current = -(found.moments.correlation[bond] + mean[p] * mean[r]);
                // The means carry F̄²/4γN each way, to rounding.
                let allowed = found.errors.correlation + 1e-14 * exact.abs();
                assert!(
                    (current - exact).abs() <= allowed && allowed < 1e-10 * exact.abs(),
                    "N = {bonds}, bond {bond}: {:e}",
                    current / exact - 1.0
                );
            }
        }
    }
}

#[test]
fn equilibrium_is_exactly_uniform() {
    let found =
        steady::profiles::profiles(&chain(5000, 0.7, [Some((1.5, 1.0)), Some((1.5, 0.2))], 0.0)).expect("a state");
    assert!(found.0.average.moments.variance.iter().all(|&v| v == 1.5));
}

#[test]
fn the_profiles_have_the_same_bits_for_any_number_of_threads() {
    let chain = chain(700, 0.5, [Some((2.0, 1.0)), None], 1.0);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| steady::profiles::profiles(&chain).expect("a stationary state").0.average)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}
