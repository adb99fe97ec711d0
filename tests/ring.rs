//! What is promised of chains that nothing enters or leaves: the ring, and the open chain with free
//! ends.

mod agreement;

use agreement::{apart, distances, largest};
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::covariance::moments::Solution;
use flipchain::solver::evolve::{self, Method, contour, radau};
use flipchain::solver::observe::Profile;
use flipchain::solver::steady::{SteadyError, closed};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(topology: Topology, bonds: usize, flip_rate: f64) -> Chain {
    Chain {
        topology,
        bonds,
        flip_rate,
        left: None,
        right: None,
        force: Force::default(),
        general: None,
    }
}

/// Random means and a random correlated covariance.
fn law(chain: &Chain, random: &mut ChaCha8Rng) -> InitialLaw {
    let n = chain.coordinates();
    let mut values =
        |n: usize| (0..n).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
    let (mean_r, mean_p) = (values(chain.bonds), values(chain.atoms()));
    let factor = Array2::from_shape_fn((n, n), |_| random.random_range(-1.0..1.0));
    let covariance = factor.dot(&factor.t()) / n as f64;
    let variance = covariance.diag().to_vec();
    let (var_r, var_p) = (variance[..chain.bonds].to_vec(), variance[chain.bonds..].to_vec());
    InitialLaw { mean_r, mean_p, var_r, var_p, covariance: Some(covariance) }
}

fn full(solution: &Solution) -> &Array2<f64> {
    solution.moments.covariance.as_ref().expect("it was kept")
}

/// Energy, Σ r̄ and Var Σ r.
fn conserved(chain: &Chain, solution: &Solution) -> [f64; 3] {
    let (z, c) = (&solution.moments.mean, full(solution));
    let energy = z.iter().zip(c.diag()).map(|(z, v)| (z * z + v) / 2.0).sum();
    let r = ndarray::s![..chain.bonds, ..chain.bonds];
    [energy, z[..chain.bonds].iter().sum(), c.slice(r).sum()]
}

/// Two solutions at one time are within their errors of each other, and these are small.
fn agree(a: &Solution, b: &Solution, bonds: usize) {
    for (kind, distance, allowed) in distances(a, b) {
        assert!(
            distance <= allowed,
            "{kind} N {bonds} τ {}: {distance:e} > {allowed:e}",
            a.moments.time.hi
        );
        assert!(allowed < 1e-9, "{kind} N {bonds} τ {}: {allowed:e}", a.moments.time.hi);
    }
}

#[test]
fn energy_and_length_are_kept_to_rounding_by_steps_and_contour() {
    let mut random = ChaCha8Rng::seed_from_u64(31);
    for (topology, bonds) in [(Topology::Ring, 9), (Topology::Ring, 10), (Topology::Open, 7)] {
        let chain = chain(topology, bonds, 0.7);
        let law = law(&chain, &mut random);
        let (modal, first) = (Modal::new(&chain), contour::earliest(&chain).expect("flips"));
        let stepped = radau::evolve(&modal, &law, &[0.0, 5.0], 1e-9, |_| true, &Default::default())
            .expect("it ends")
            .0;
        let inverted = contour::evolve(
            &modal,
            &law,
            &[first, 3.0 * first],
            1e-9,
            |_| true,
            &Default::default(),
        )
        .expect("it ends")
        .0;
        let before = conserved(&chain, &stepped[0]);
        for later in [&stepped[1], &inverted[0], &inverted[1]] {
            let after = conserved(&chain, later);
            let counted = if topology == Topology::Ring { 3 } else { 1 };
            for (before, after) in before.iter().zip(after).take(counted) {
                // The contour's weights amplify the roundings of sums over a dozen sites a
                // hundredfold.
                assert!(
                    (before - after).abs() < 2e-12 * (1.0 + before.abs()),
                    "{chain:?}: {before} {after}"
                );
            }
        }
    }
}

#[test]
fn the_limit_that_the_conserved_quantities_fix_is_the_one_that_is_reached() {
    let mut random = ChaCha8Rng::seed_from_u64(32);
    for (topology, bonds) in [
        (Topology::Ring, 1),
        (Topology::Ring, 2),
        (Topology::Ring, 3),
        (Topology::Ring, 8),
        (Topology::Open, 1),
        (Topology::Open, 5),
    ] {
        let chain = chain(topology, bonds, 1.3);
        let law = law(&chain, &mut random);
        let limit = closed::isolated(&chain, &law, true).expect("it settles").average;
        // The slowest rate is about 4π²/(4γN²) > 0.1.
        let late = contour::evolve(
            &Modal::new(&chain),
            &law,
            &[2000.0],
            1e-9,
            |_| true,
            &Default::default(),
        );
        let late = &late.expect("it ends").0[0];
        assert!(apart(&limit.moments.mean, &late.moments.mean) < 1e-12, "{chain:?}");
        let error = largest(&(full(&limit) - full(late)));
        assert!(error < 1e-11, "{chain:?}: {error:e}");
    }
}

#[test]
fn what_never_settles_is_told_apart_from_what_is_driven_for_ever() {
    let mut random = ChaCha8Rng::seed_from_u64(33);
    let still = chain(Topology::Ring, 4, 0.0);
    let law_of_still = law(&still, &mut random);
    assert_eq!(closed::isolated(&still, &law_of_still, false), Err(SteadyError::NeverSettles));
    let driven =
        Chain { force: Force { mean: 1.0, ..Force::default() }, ..chain(Topology::Open, 4, 1.0) };
    let law_of_driven = law(&driven, &mut random);
    assert_eq!(closed::isolated(&driven, &law_of_driven, false), Err(SteadyError::NoThermostat));
    assert!(SteadyError::NoThermostat.to_string().contains("use evolve"));
    assert!(SteadyError::NeverSettles.to_string().contains("use evolve"));
}

#[test]
fn a_driven_chain_without_thermostats_gains_what_the_force_does() {
    let mut random = ChaCha8Rng::seed_from_u64(34);
    let force = Force {
        mean: 0.5,
        frequency: 1.1.into(),
        harmonics: vec![(1, num_complex::Complex64::new(0.7, 0.2))],
    };
    let chain = Chain { force, ..chain(Topology::Open, 5, 1.0) };
    let law = law(&chain, &mut random);
    let outputs = contour::evolve(
        &Modal::new(&chain),
        &law,
        &[400.0, 4000.0],
        1e-9,
        |_| true,
        &Default::default(),
    );
    let outputs = outputs.expect("it ends").0;
    let energy = |s: &Solution| conserved(&chain, s)[0];
    let work = |s: &Solution| s.integrals.as_ref().expect("integrals").work;
    let (gained, done) =
        (energy(&outputs[1]) - energy(&outputs[0]), work(&outputs[1]) - work(&outputs[0]));
    assert!(done > 100.0 && (gained - done).abs() < 1e-9 * done, "{gained} {done}");
}

#[test]
fn without_flips_one_thermostat_gives_its_temperature_and_two_the_closed_form() {
    let end = |temperature| Some(Thermostat { temperature, friction: 0.6 });
    let one = Chain { right: end(1.7), ..chain(Topology::Open, 6, 0.0) };
    let state = closed::harmonic(&one, false).expect("a thermostat").average;
    assert!(state.moments.variance.iter().all(|v| (v - 1.7).abs() < 1e-14));
    // The literal operator is the judge of the other.
    let two = Chain { left: end(0.4), ..one };
    let state = closed::harmonic(&two, true).expect("thermostats").average;
    let judge = flipchain::solver::steady::covariance(
        &flipchain::solver::covariance::literal::Literal::new(&two),
    )
    .expect("it is regular")
    .0;
    assert!((full(&state) - full(&judge)).iter().all(|x| x.abs() < 1e-12));
}

#[test]
fn the_profiles_of_a_ring_without_its_covariance_are_those_of_the_covariance() {
    let mut random = ChaCha8Rng::seed_from_u64(35);
    for (bonds, flip_rate, moves) in [
        (1, 0.7, true),
        (2, 1.0, true),
        (3, 0.05, true),
        (8, 4.0, true),
        (41, 1.0, true),
        (150, 0.6, false),
        (96, 1.0, true),
    ] {
        let chain = chain(Topology::Ring, bonds, flip_rate);
        let mut law = law(&chain, &mut random);
        law.covariance = None;
        if !moves {
            law.mean_r.fill(0.4);
            law.mean_p.fill(0.0);
        }
        if bonds == 96 {
            // A single wave: its squares live on a small grid.
            let wave = |n: usize| (2.0 * std::f64::consts::PI * n as f64 / 96.0).cos();
            law.mean_r = (0..96).map(wave).collect();
            law.mean_p = (0..96).map(|n| 0.3 + wave(n + 7)).collect();
        }
        let first = evolve::profiles::earliest(&chain, &law).expect("flips");
        let served = contour::earliest(&chain).expect("flips");
        let times = [first, 2.0 * first, served, 3.0 * served, 100.0 * served];
        let slim = evolve::profiles::evolve(&chain, &law, &times, 1e-9, &Monitor::default());
        // The covariance by steps where its own contour does not serve yet.
        let ((early, late), modal, quiet) =
            (times.split_at(2), Modal::new(&chain), Monitor::default());
        let early =
            radau::evolve(&modal, &law, early, 1e-10, |_| false, &quiet).expect("it ends").0;
        let late = contour::evolve(&modal, &law, late, 1e-9, |_| false, &quiet).expect("it ends").0;
        for (a, b) in slim.expect("it ends").0.iter().zip(early.iter().chain(&late)) {
            agree(a, b, bonds);
            let (x, e) = (&a.moments, &a.errors);
            // Energy stays, to the stated error of the profiles.
            let energy = |mean: &[f64], variance: &[f64]| {
                mean.iter().zip(variance).map(|(z, v)| (z * z + v) / 2.0).sum::<f64>()
                    / bonds as f64
            };
            let (before, after) =
                (energy(&law.mean(), &law.variance()), energy(&x.mean, &x.variance));
            let size = |range: std::ops::Range<usize>| largest(&x.mean[range]);
            let stated = (e.var_r + e.var_p) / 2.0
                + size(0..bonds) * e.mean_r
                + size(bonds..2 * bonds) * e.mean_p;
            assert!(
                (before - after).abs() <= stated,
                "N {bonds}: {before} {after}, stated {stated:e}"
            );
        }
    }
}

#[test]
fn early_profiles_of_a_long_ring_come_from_the_stencil() {
    let mut random = ChaCha8Rng::seed_from_u64(36);
    let quiet = Monitor::default();
    for bonds in [230, 60] {
        let chain = chain(Topology::Ring, bonds, 0.6);
        let law = InitialLaw { covariance: None, ..law(&chain, &mut random) };
        let times = [0.0, 0.3, 2.0, 6.0];
        let plan = evolve::plan(&chain, &law, &times, Method::Profiles, false).expect("it serves");
        assert!(plan.stencil, "{plan:?}");
        let modal = Modal::new(&chain);
        let slim = evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| false, &quiet)
            .expect("it ends")
            .0;
        let full =
            radau::evolve(&modal, &law, &times, 1e-10, |_| false, &quiet).expect("it ends").0;
        for (a, b) in slim.iter().zip(&full) {
            agree(a, b, bonds);
        }
    }
}

#[test]
fn the_currents_of_a_long_modulated_ring_are_known_to_ten_digits() {
    let bonds = 100_000;
    let chain = chain(Topology::Ring, bonds, 1.0);
    let wave =
        |n: usize, shift: f64| (2.0 * std::f64::consts::PI * n as f64 / bonds as f64 + shift).sin();
    let profile = |constant: f64, amplitude: f64, shift: f64| -> Vec<f64> {
        (0..bonds).map(|n| constant + amplitude * wave(n, shift)).collect()
    };
    let temperature = profile(1.0, 0.4, 0.0);
    let law = InitialLaw {
        mean_r: profile(1.0, 0.5, 1.6),
        mean_p: profile(0.0, 0.3, 0.0),
        var_r: temperature.clone(),
        var_p: temperature,
        covariance: None,
    };
    let unit = (bonds as f64).powi(2);
    let evolve = |times: &[f64]| {
        evolve::profiles::evolve(&chain, &law, times, 1e-10, &Monitor::default())
            .expect("it ends")
            .0
    };
    // The same output by a contour of its own and by one that it shares.
    let (alone, shared) = (evolve(&[0.003 * unit]), evolve(&[0.001 * unit, 0.003 * unit]));
    let [a, b] = [&alone[0], &shared[1]].map(|s| Profile::new(&chain, s, 0.003));
    let size = largest(&a.current);
    let apart = apart(&a.current, &b.current);
    assert!(apart <= a.errors.current + b.errors.current, "{apart:e}");
    assert!(
        largest([a.errors.current, b.errors.current]) < 1e-10 * size,
        "{:e} of {size:e}",
        a.errors.current
    );
    // On this scale the current is -∂_x e_heat/4γ - r ∂_x r/2γ over N, to some 1/N of it.
    let slope = |values: &[f64], n: usize| {
        (values[(n + 1) % bonds] - values[(n + bonds - 1) % bonds]) / 2.0
    };
    let heat = a.thermal();
    for n in (0..bonds).step_by(9973) {
        let expected = -slope(&heat, n) / 4.0 - a.mean_r[n] * slope(&a.mean_r, n) / 2.0;
        assert!(
            (a.current[n] - expected).abs() < 1e-3 * size,
            "{n}: {:e} {expected:e}",
            a.current[n]
        );
    }
}
