//! What is promised of the profiles without the covariance: they are those of the covariance, at
//! any N, to their stated error.

mod agreement;
#[path = "profiles/ways.rs"]
mod ways;

use agreement::{apart, distances};
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::covariance::moments::{Solution, largest};
use flipchain::solver::evolve::{self, Method, contour, radau};
use flipchain::solver::observe::Profile;
use flipchain::solver::resolvent::{Drive, SquaredKernel};
use flipchain::solver::steady;
use flipchain::{Options, Times};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(bonds: usize, flip_rate: f64, ends: [Option<(f64, f64)>; 2], force: f64) -> Chain {
    let [left, right] =
        ends.map(|end| end.map(|(temperature, friction)| Thermostat { temperature, friction }));
    let force = Force { mean: force, ..Default::default() };
    Chain { topology: Topology::Open, bonds, flip_rate, left, right, force, general: None }
}

fn random_chain(random: &mut ChaCha8Rng, bonds: usize) -> Chain {
    let flip_rate = 10f64.powf(random.random_range(-1.5..1.0));
    let mut end =
        || Some((random.random_range(0.0..3.0), 10f64.powf(random.random_range(-1.0..1.0))));
    let mut ends = [end(), end()];
    if let which @ 0..=1 = random.random_range(0..5usize) {
        ends[which] = None;
    }
    chain(bonds, flip_rate, ends, random.random_range(-2.0..2.0))
}

/// The errors of the variances and of the correlations, each over what the solution states, a
/// second solution's own errors granted.
fn over_estimate(found: &Solution, judge: &Solution) -> [f64; 2] {
    let (a, b) = (&found.moments, &judge.moments);
    [
        apart(&a.variance, &b.variance)
            / (agreement::largest([found.errors.var_p, found.errors.var_r]) + judge.errors.var_p),
        apart(&a.correlation, &b.correlation)
            / (found.errors.correlation + judge.errors.correlation),
    ]
}

#[test]
fn the_stationary_profiles_are_those_of_the_literal_operator() {
    let mut random = ChaCha8Rng::seed_from_u64(51);
    for case in 0..60 {
        let chain = random_chain(&mut random, 1 + case % 12);
        let found = steady::profiles::profiles(&chain, &Default::default())
            .expect("flips and a thermostat")
            .0
            .average;
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

/// Many flips make a rounding of the kernel as many times larger, in both contours alike: 1.4e-12
/// was off, 7.5e-13 stated.
#[test]
fn roundings_that_many_flips_enlarge_are_within_the_error() {
    let ends = [Some((2.0, 12.76149805576939)), Some((1.0, 45.463779244133825))];
    for (bonds, flip_rate, time) in
        [(2, 26389.147179625783, 0.0024), (3, 67226.68669324061, 0.0052), (2, 1e5, 0.1)]
    {
        let chain = chain(bonds, flip_rate, ends, 0.0);
        let cold = InitialLaw {
            mean_r: vec![0.0; bonds],
            mean_p: vec![0.0; bonds + 1],
            var_r: vec![0.0; bonds],
            var_p: vec![0.0; bonds + 1],
            covariance: None,
        };
        let times = Times::microscopic([time]);
        let by = |method| {
            let options = Options { method, ..Default::default() };
            let run = flipchain::evolve(&chain, &cold, &times, &options).expect("an answer");
            run.profiles()[0].clone()
        };
        let [found, judge] = [Method::Profiles, Method::Exponential].map(by);
        let error = apart(&found.var_p, &judge.var_p);
        let stated = found.errors.var_p + judge.errors.var_p;
        assert!(error <= stated, "N = {bonds}, τ = {time}: {error:e} where {stated:e} is stated");
        let size = agreement::largest(&judge.var_p);
        assert!(stated <= 1e-9 * size, "N = {bonds}, τ = {time}: {stated:e} of {size:e}");
    }
}

#[test]
fn the_stationary_profiles_are_those_of_the_covariance() {
    let mut random = ChaCha8Rng::seed_from_u64(52);
    for bonds in [40, 90, 150] {
        let chain = random_chain(&mut random, bonds);
        let found = steady::profiles::profiles(&chain, &Default::default())
            .expect("flips and a thermostat")
            .0
            .average;
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
            let ends = |temperatures: [f64; 2]| {
                [Some((temperatures[0], left)), Some((temperatures[1], right))]
            };
            // Without a force `steady` states the closed form, which judges the equation it would
            // be solved by otherwise.
            let heat_flow = chain(bonds, flip_rate, ends([2.0, 1.0]), 0.0);
            let noise = heat_flow.covariance_source(&vec![0.0; bonds + 1], 2.0);
            let noise: Vec<Complex64> = noise.into_iter().map(Complex64::from).collect();
            let drive = Drive { momentum: &noise, elongation: None };
            let kernel = SquaredKernel::judged(&heat_flow, Complex64::ZERO);
            let found =
                kernel.variances(drive, 1e-15, &Monitor::default()).expect("nobody interrupts");
            let thermal = heat_flow.thermal_state().expect("two thermostats");
            let closed = [thermal.var_r, thermal.var_p].concat();
            let variances: Vec<f64> =
                found.elongation.iter().chain(&found.momentum).map(|v| 2.0 + v.re).collect();
            let error = apart(&closed, &variances);
            let allowed = found.error + 4.0 * f64::EPSILON * 2.0;
            assert!(
                error <= allowed && error < 1e-13,
                "N = {bonds}: {error:e} of {:e}",
                found.error
            );

            let driven = chain(bonds, flip_rate, ends([2.0, 1.0]), 2.0);
            let found = steady::profiles::profiles(&driven, &Default::default())
                .expect("a stationary state")
                .0
                .average;
            let exact = driven.stationary_current().expect("a constant force");
            for bond in [0, bonds / 2, bonds - 1] {
                let (p, r) = driven.left_pair(bond);
                let mean = &found.moments.mean;
                let current = -(found.moments.correlation[bond] + mean[p] * mean[r]);
                // The means carry F̄²/4γN each way, to rounding.
                let allowed = found.errors.correlation + 1e-14 * exact.abs();
                assert!(
                    (current - exact).abs() <= allowed && allowed < 1e-13 * exact.abs(),
                    "N = {bonds}, bond {bond}: {:e}",
                    current / exact - 1.0
                );
            }
        }
    }
}

#[test]
fn the_current_in_time_keeps_its_digits_in_long_chains() {
    // In the long run it is the closed form, 1/N of the energies, at every bond and at both ends.
    for ends in
        [[Some((2.0, 1.0)), Some((1.0, 4.0))], [Some((2.0, 0.1)), None], [None, Some((1.0, 2.0))]]
    {
        let chain = chain(3000, 0.5, ends, 2.0);
        let law = random_law(&mut ChaCha8Rng::seed_from_u64(56), &chain);
        let unit = 3000f64.powi(2);
        let found = evolve::profiles::evolve(
            &chain,
            &law,
            &[0.01 * unit, 200.0 * unit],
            1e-10,
            &Monitor::default(),
        );
        let profiles: Vec<Profile> = found
            .expect("it ends")
            .0
            .iter()
            .map(|s| Profile::new(&chain, s, s.moments.time.hi))
            .collect();
        let (late, exact) = (
            &profiles[1],
            steady::profiles::profiles(&chain, &Default::default()).expect("a state"),
        );
        let exact = Profile::new(&chain, &exact.0.average, f64::INFINITY);
        if let Some(closed) = chain.stationary_current() {
            assert!(
                (exact.left_inflow - closed).abs() < 1e-13 * closed.abs(),
                "{} {closed}",
                exact.left_inflow
            );
        }
        let of_inflow = late.left_inflow - exact.left_inflow;
        let apart = agreement::largest([apart(&late.current, &exact.current), of_inflow]);
        let stated = late.errors.current + exact.errors.current;
        assert!(apart <= stated, "{ends:?}: {apart:e} apart, stated {stated:e}");
        // The current is of order 1/N in the end, and before that larger by the root of the time.
        for (profile, stated) in profiles.iter().zip([1e-9, 1e-10]) {
            assert!(
                profile.errors.current * 3000.0 < stated,
                "{ends:?}: {:e}",
                profile.errors.current
            );
        }
    }
}

#[test]
fn equilibrium_is_exactly_uniform() {
    let found = steady::profiles::profiles(
        &chain(5000, 0.7, [Some((1.5, 1.0)), Some((1.5, 0.2))], 0.0),
        &Default::default(),
    )
    .expect("a state");
    assert!(found.0.average.moments.variance.iter().all(|&v| v == 1.5));
}

#[test]
fn the_profiles_have_the_same_bits_for_any_number_of_threads() {
    let chain = chain(700, 0.5, [Some((2.0, 1.0)), None], 1.0);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            steady::profiles::profiles(&chain, &Default::default())
                .expect("a stationary state")
                .0
                .average
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

fn random_law(random: &mut ChaCha8Rng, chain: &Chain) -> InitialLaw {
    let mut values =
        |n: usize, low: f64| (0..n).map(|_| random.random_range(low..1.0)).collect::<Vec<f64>>();
    InitialLaw {
        mean_r: values(chain.bonds, -1.0),
        mean_p: values(chain.atoms(), -1.0),
        var_r: values(chain.bonds, 0.0),
        var_p: values(chain.atoms(), 0.0),
        covariance: None,
    }
}

/// Every moment of two evolutions agrees to their stated errors.
fn assert_same(found: &[Solution], judges: &[Solution], what: &str) {
    for (found, judge) in found.iter().zip(judges) {
        for (name, apart, allowed) in distances(found, judge) {
            assert!(
                apart <= allowed,
                "{what}, τ = {}: {name} {apart:e} apart, stated {allowed:e}",
                found.moments.time.hi
            );
        }
    }
}

#[test]
fn the_profiles_in_time_are_those_of_the_covariance() {
    let mut random = ChaCha8Rng::seed_from_u64(53);
    let quiet = Monitor::default();
    for bonds in [1, 2, 5, 11, 40] {
        for _ in 0..3 {
            let mut chain = random_chain(&mut random, bonds);
            if random.random_range(0..4) == 0 {
                (chain.left, chain.right) = (None, None);
            }
            let law = random_law(&mut random, &chain);
            let earliest = evolve::profiles::earliest(&chain, &law).expect("it serves");
            let times = [1.0, 1.7, 5.0, 20.0, 150.0].map(|t| t * earliest);
            let found =
                evolve::profiles::evolve(&chain, &law, &times, 1e-9, &quiet).expect("it ends").0;
            // The covariance by steps where its own contour does not serve yet.
            let (early, late) = times.split_at(2);
            let judge = if bonds < 4 {
                let literal = Literal::new(&chain);
                let early = radau::evolve(&literal, &law, early, 1e-10, |_| false, &quiet);
                early.map(|e| (e.0, contour::evolve(&literal, &law, late, 1e-9, |_| false, &quiet)))
            } else {
                let modal = Modal::new(&chain);
                let early = radau::evolve(&modal, &law, early, 1e-10, |_| false, &quiet);
                early.map(|e| (e.0, contour::evolve(&modal, &law, late, 1e-9, |_| false, &quiet)))
            };
            let (early, late) = judge.expect("it ends");
            let judge = [early, late.expect("it ends").0].concat();
            assert_same(&found, &judge, &format!("{chain:?}"));
        }
    }
}

#[test]
fn weak_and_strong_flips_and_frictions_keep_the_stated_error() {
    let quiet = Monitor::default();
    for (seed, (flip_rate, frictions)) in
        [(0.005, [0.01, 100.0]), (0.02, [1.0, 1.0]), (100.0, [0.01, 100.0]), (30.0, [3.0, 0.1])]
            .into_iter()
            .enumerate()
    {
        let mut random = ChaCha8Rng::seed_from_u64(60 + seed as u64);
        let chain = chain(
            6,
            flip_rate,
            frictions.map(|friction| Some((1.0 + f64::min(friction, 1.0), friction))),
            0.7,
        );
        let law = random_law(&mut random, &chain);
        let earliest = evolve::profiles::earliest(&chain, &law).expect("it serves");
        let times = [1.0, 9.0].map(|t| t * earliest);
        let found =
            evolve::profiles::evolve(&chain, &law, &times, 1e-9, &quiet).expect("it ends").0;
        let judge = contour::evolve(&Literal::new(&chain), &law, &times, 1e-9, |_| false, &quiet)
            .expect("it ends")
            .0;
        assert_same(&found, &judge, &format!("{chain:?}"));
    }
}
