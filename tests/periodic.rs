//! What is promised of a periodic force: no period is resolved, and yet every value is the one at
//! the instant asked for.

mod agreement;
mod common;
#[path = "periodic/profiles.rs"]
mod profiles;

use agreement::{apart, distances, largest};
use common::law;
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::{Archive, Monitor};
use flipchain::scenario::{Scenario, Thermostat, Topology};
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::{self, Method, contour, radau};
use flipchain::solver::observe::periodic::{PeriodicWork, average};
use flipchain::solver::observe::{Profile, identities};
use flipchain::solver::steady::periodic;
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A chain with a force of mean 0.8 and the given harmonics (order, amplitude before N^(-1/2)).
fn chain(
    bonds: usize,
    flip_rate: f64,
    ends: [bool; 2],
    frequency: f64,
    harmonics: &[(u32, Complex64)],
) -> Chain {
    let end =
        |present: bool, temperature| present.then_some(Thermostat { temperature, friction: 0.7 });
    let scale = 0.5 / (bonds as f64).sqrt();
    let harmonics =
        harmonics.iter().map(|&(order, amplitude)| (order, amplitude * scale)).collect();
    let force = Force { mean: 0.8, frequency: frequency.into(), harmonics };
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate,
        left: end(ends[0], 1.5),
        right: end(ends[1], 0.5),
        force,
        general: None,
    }
}

#[test]
fn whole_periods_later_the_means_are_the_same_however_late_that_is() {
    let text = "chain = { topology = 'open', bonds = 3, flip_rate = 1.0 }
                left.thermostat.temperature = 1.0
                right.force = { period = 6.0, harmonics = [{ order = 1, amplitude = 1.0 }] }
                initial.temperature = '1'
                [time]
                scale = 'microscopic'
                outputs = [600.0, 6e4, 6e6, 6e8, 6e10, 6e12]";
    let scenario = Scenario::from_str_named(text, "inline", &[]).expect("a valid scenario");
    let (chain, law, times) =
        (Chain::new(&scenario), InitialLaw::new(&scenario), scenario.output_times());
    let modal = Modal::new(&chain);
    // After 10⁴ periods, where no phase has been lost yet and nothing is left of the start.
    let first = contour::evolve(&modal, &law, &[6e4], 1e-12, |_| false, &Monitor::default());
    let first = first.expect("it ends").0.remove(0).moments;
    for method in [Method::Auto, Method::Profiles, Method::Contour] {
        let plan = evolve::plan(&chain, &law, &times, method, false).expect("it serves");
        let quiet = Monitor::default();
        let found = evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| false, &quiet);
        for (solution, &time) in found.expect("it ends").0.iter().zip(&times) {
            // Ball arithmetic of 300 bits.
            let error = (solution.moments.mean[6] - 0.243_435_523_612_15).abs();
            let stated = solution.errors.mean_p;
            assert!(error < 1e-13 && error < stated + 1e-14, "τ = {time:e}: {error:e}, {stated:e}");
            assert!(stated < 1e-12, "τ = {time:e}: {stated:e}");
            let change = apart(&solution.moments.variance, &first.variance);
            assert!(change < 1e-12 || time < 1e4, "τ = {time:e}: {change:e}");
        }
    }
}

#[test]
fn envelopes_agree_with_steps_through_every_period_to_their_stated_errors() {
    // The literal operator is the judge of the smallest.
    envelopes_against_steps(2);
}

#[test]
#[ignore = "takes minutes"]
fn envelopes_agree_with_steps_of_the_literal_operator_through_every_period() {
    envelopes_against_steps(12);
}

/// The steps are the literal operator's up to `literal` bonds.
fn envelopes_against_steps(literal: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let one = Complex64::ONE;
    let both: &[(u32, Complex64)] = &[(1, 3.0 * one), (3, Complex64::new(-1.0, 2.0))];
    for (bonds, flip_rate, ends, frequency, harmonics) in [
        (6, 0.8, [true, true], 1.3, &both[..1]),
        (12, 1.0, [true, false], 0.7, both),
        (3, 4.0, [true, true], 2.6, both),
        (1, 0.5, [false, true], 0.2, &both[..1]),
        (5, 2.0, [false, false], 1.0, &both[..1]),
        // Slow, and of order one beside the mean.
        (2, 1.0, [true, true], 3e-3, &both[..1]),
        (4, 1.5, [true, false], 9e-3, &both[..1]),
        (2, 0.9, [true, false], 1e-3, both),
        // Above the band.
        (3, 0.7, [true, false], 5.1, both),
    ] {
        let chain = chain(bonds, flip_rate, ends, frequency, harmonics);
        let law = law(&chain, &mut random);
        let first = contour::earliest(&chain).expect("flips");
        // Instants of different phase, sharing a contour.
        let times = [first, 1.3 * first];
        let modal = Modal::new(&chain);
        for tolerance in if bonds < 6 { vec![1e-6, 1e-9] } else { vec![1e-8] } {
            let enveloped =
                contour::evolve(&modal, &law, &times, tolerance, |_| true, &Default::default())
                    .expect("it ends")
                    .0;
            let quiet = Monitor::default();
            let stepped = if bonds <= literal {
                radau::evolve(&Literal::new(&chain), &law, &times, tolerance, |_| true, &quiet)
            } else {
                radau::evolve(&modal, &law, &times, tolerance, |_| true, &quiet)
            };
            let stepped = stepped.expect("it ends").0;
            for (a, b) in enveloped.iter().zip(&stepped) {
                let place = format!("{chain:?} τ = {} at {tolerance:e}", a.moments.time.hi);
                for (kind, distance, allowed) in distances(a, b) {
                    assert!(distance <= allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                    assert!(allowed < 300.0 * tolerance, "{kind}, {place}: {allowed:e}");
                }
                let (x, y) = (
                    a.integrals.as_ref().expect("integrals"),
                    b.integrals.as_ref().expect("integrals"),
                );
                // Integrals have no estimate of their own: the error rate of the integrands, times
                // the time.
                let allowed = 300.0 * tolerance * (1.0 + a.moments.time.hi);
                for (kind, distance) in [
                    ("∫ z̄", apart(&x.mean, &y.mean)),
                    ("∫ E z²", apart(&x.square, &y.square)),
                    ("∫ E p r", apart(&x.product, &y.product)),
                    ("work", (x.work - y.work).abs()),
                ] {
                    assert!(distance < allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                }
            }
        }
    }
}

#[test]
fn the_periodic_state_is_what_every_initial_law_ends_in() {
    let mut random = ChaCha8Rng::seed_from_u64(22);
    let both: &[(u32, Complex64)] =
        &[(1, Complex64::new(2.0, 1.0)), (2, Complex64::new(-1.0, 0.5))];
    for (bonds, flip_rate, ends, frequency) in
        [(2, 0.8, [true, true], 1.3), (3, 1.0, [true, false], 2.4)]
    {
        let chain = chain(bonds, flip_rate, ends, frequency, both);
        let modal = Modal::new(&chain);
        let (state, instants, _) = periodic::covariance(&modal, &[0.3]).expect("a thermostat");
        // Late enough that the slowest mode (rate above 0.04 in both chains) has decayed below
        // 1e-11, at phase 0.3.
        let period = 2.0 * std::f64::consts::PI / frequency;
        let time = ((700.0 / period).ceil() + 0.3) * period;
        let law = law(&chain, &mut random);
        let late = radau::evolve(&modal, &law, &[time], 1e-9, |_| true, &Default::default())
            .expect("it ends")
            .0;
        for solution in [&state.at(0.3), &instants[0]] {
            for (kind, distance, allowed) in distances(solution, &late[0]) {
                assert!(
                    distance <= allowed + 1e-11,
                    "{kind}, {chain:?}: {distance:e} > {allowed:e}"
                );
            }
        }
        let [a, b] = [&instants[0], &late[0]].map(|s| s.moments.covariance.as_ref().expect("kept"));
        assert!((a - b).iter().all(|x| x.abs() < 1e-8), "{chain:?}");
    }
}

#[test]
fn fast_and_slow_forces_of_order_one_agree_with_the_literal_operator() {
    for frequency in [1e-3, 0.03, 0.5, 1.9, 2.5, 7.0] {
        for flip_rate in [0.3, 3.0] {
            let harmonics = [
                (1, Complex64::new(4.0, 1.0)),
                (2, Complex64::new(0.0, -2.0)),
                (5, Complex64::new(1.0, 1.0)),
            ];
            let chain = chain(5, flip_rate, [true, frequency < 1.0], frequency, &harmonics);
            let (fast, _, _) =
                periodic::covariance(&Modal::new(&chain), &[]).expect("a thermostat");
            let (judge, _, _) =
                periodic::covariance(&Literal::new(&chain), &[]).expect("a thermostat");
            for phase in [0.0, 0.21, 0.77] {
                for (kind, distance, allowed) in distances(&fast.at(phase), &judge.at(phase)) {
                    assert!(distance <= allowed, "{kind}, {chain:?}: {distance:e} > {allowed:e}");
                    // Energies are of order 10.
                    assert!(allowed < 1e-10, "{kind}, {chain:?}: {allowed:e}");
                }
            }
        }
    }
}

#[test]
fn the_mean_of_the_phases_is_the_period_average_and_energy_flows_steadily() {
    let harmonics = [(1, Complex64::new(3.0, 1.0)), (3, Complex64::new(0.0, -2.0))];
    let chain = chain(12, 0.6, [true, true], 0.9, &harmonics);
    let (state, _, _) = periodic::covariance(&Modal::new(&chain), &[]).expect("a thermostat");
    let averaged = average(&chain, &state);
    // Orders up to 6 appear; seven equally spaced phases average them away exactly.
    let phases: Vec<Profile> =
        (0..7).map(|k| k as f64 / 7.0).map(|t| Profile::new(&chain, &state.at(t), t)).collect();
    let scale = largest(averaged.energy());
    for (column, (name, expected)) in flipchain::columns(&averaged).into_iter().enumerate() {
        for (site, expected) in expected.iter().enumerate() {
            let mean =
                phases.iter().map(|p| flipchain::columns(p)[column].1[site]).sum::<f64>() / 7.0;
            // Some hundred roundings of the largest energy.
            assert!((mean - expected).abs() < 1e-13 * scale, "{name} at {site}: {mean} {expected}");
        }
    }
    for identity in identities::of_periodic_state(&chain, &averaged, &state) {
        assert!(identity.violation < 1e-13, "{identity:?}");
    }
    // What the force does and the baths give leaves through them: work + λ_-(T_- - E p_0²) +
    // λ_+(T_+ - E p_N²) = 0.
    let work = PeriodicWork::new(&chain, &state.mean).expect("harmonics");
    let second =
        |atom: usize| averaged.var_p[atom] + state.mean.average_product(12 + atom, 12 + atom);
    let balance =
        work.work_per_period / work.period + 0.7 * (1.5 - second(0)) + 0.7 * (0.5 - second(12));
    assert!(balance.abs() < 1e-13 * scale, "{balance:e}");
}

#[test]
fn the_heated_wall_converges_to_the_macroscopic_limit_like_1_over_n() {
    // γ = 0.8, T_- = 1, F̄ = 1.2 and 3 cos(1.3 τ)/√N, nothing at the right end but the force.
    let heated = |bonds: usize| {
        let left = Some(Thermostat { temperature: 1.0, friction: 1.0 });
        let harmonics = vec![(1, Complex64::from(1.5 / (bonds as f64).sqrt()))];
        let force = Force { mean: 1.2, frequency: 1.3.into(), harmonics };
        Chain {
            topology: Topology::Open,
            bonds,
            flip_rate: 0.8,
            left,
            right: None,
            force,
            general: None,
        }
    };
    let at = |bonds: usize| {
        let chain = heated(bonds);
        let (state, _, _) = periodic::covariance(&Modal::new(&chain), &[]).expect("a thermostat");
        let w_heat = PeriodicWork::new(&chain, &state.mean).expect("a harmonic").w_heat;
        (average(&chain, &state).var_p[bonds], w_heat)
    };
    // W_heat of the semi-infinite chain: Σ_(l≠0) |F̂|² Re[s z/(1 - z)], z + 1/z - 2 = s(s + 2γ),
    // |z| < 1, s = iω.
    let s = Complex64::new(0.0, 1.3);
    let half = 1.0 + s * (s + 1.6) / 2.0;
    let root = (half * half - 1.0).sqrt();
    let z = if (half - root).norm() < 1.0 { half - root } else { half + root };
    let w_limit = 2.0 * 1.5 * 1.5 * (s * z / (1.0 - z)).re;
    let limit = 1.2 * 1.2 + 4.0 * 0.8 * w_limit + 1.0;
    let values: Vec<(f64, f64)> = [25, 50, 100, 200].into_iter().map(at).collect();
    for (var_p, w_heat) in &values {
        // The wave has decayed by |z|^(2N) < 1e-10 at the other end.
        assert!((w_heat - w_limit).abs() < 1e-9, "{w_heat} {w_limit}");
        assert!(*var_p > limit);
    }
    // Profiles without the covariance, against the values of an independent script (dense linear
    // algebra).
    for (bonds, known) in [(50, 9.41692), (100, 9.40071), (200, 9.39273), (400, 9.38878)] {
        let (state, _) =
            flipchain::solver::steady::profiles::profiles(&heated(bonds), &Monitor::default())
                .expect("a thermostat");
        let var_p = average(&heated(bonds), &state).var_p[bonds];
        assert!((var_p - known).abs() < 5.1e-6, "N = {bonds}: {var_p}");
    }
    let ratios: Vec<f64> = values.windows(2).map(|v| (v[0].0 - limit) / (v[1].0 - limit)).collect();
    assert!(ratios.iter().all(|r| (r - 2.0).abs() < 0.05), "{ratios:?}");
    // One step of extrapolation in 1/N leaves 1/N².
    assert!((2.0 * values[3].0 - values[2].0 - limit).abs() < 3.0 * limit / (200.0 * 200.0));
}
