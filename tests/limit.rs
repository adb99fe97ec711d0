//! What is promised of the macroscopic equations: closed forms, a plain second discretization and
//! the chain itself agree with them.
#![cfg(feature = "cli")]

mod agreement;
#[path = "limit/chains.rs"]
mod chains;

use agreement::largest;
use flipchain::chain::{Chain, Force, InitialLaw, InitialProfiles};
use flipchain::scenario::{InitialTable, Scenario, Thermostat, TimeScale};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::radau;
use flipchain::solver::limit::conditions::{Ends, HeatEnd, oscillation_work};
use flipchain::solver::limit::{Problem, State};
use flipchain::solver::observe::{Profile, sizes};
use flipchain::solver::steady::periodic;
use num_complex::Complex64;
use std::f64::consts::PI;
use std::process::Command;

fn initial(elongation: &str, momentum: &str, temperature: &str) -> Option<InitialProfiles> {
    let parse = |s: &str| s.parse().expect("an expression");
    Some(InitialProfiles::from(&InitialTable {
        elongation: parse(elongation),
        momentum: parse(momentum),
        temperature: parse(temperature),
        ..Default::default()
    }))
}

fn points() -> impl Iterator<Item = f64> {
    (0..=97).map(|i| i as f64 / 97.0)
}

/// Compares with exact functions of (t, x); the stated error must bound the distance, and be small.
fn compare(problem: &Problem, times: &[f64], exact: impl Fn(f64, f64) -> [f64; 2], small: f64) {
    let evolution = problem.evolve(times).expect("solved").expect("with initial profiles");
    for (output, &t) in evolution.outputs.iter().zip(times) {
        for x in points() {
            let [r, heat] = exact(t, x);
            let found = [output.state.elongation(x) - r, output.state.heat(x) - heat];
            for (i, (found, error)) in found.into_iter().zip(output.errors).enumerate() {
                // Beside the estimate, some roundings of the exact sums.
                assert!(
                    found.abs() <= error + 2e-14,
                    "t = {t:e}, x = {x}, {i}: {found:e} beyond {error:e}"
                );

                assert!(error < small, "t = {t:e}: error {error:e}");
            }
        }
    }
}

#[test]
fn a_wave_on_the_ring_becomes_heat_as_in_closed_form() {
    let (gamma, a) = (0.7, 1.3);
    let problem = Problem {
        flip_rate: gamma,
        ends: Ends::Ring,
        initial: initial("1.3*sin(2*pi*x)", "0", "2"),
        monitor: Default::default(),
    };
    let rate = 4.0 * PI * PI / (2.0 * gamma);
    // The heat's second harmonic has twice the elongation's rate: a secular term.
    let exact = |t: f64, x: f64| {
        let decay = (-2.0 * rate * t).exp();
        let heat = 2.0
            + a * a / 4.0 * (1.0 - decay)
            + rate * a * a / 2.0 * t * decay * (4.0 * PI * x).cos();
        [a * (-rate * t).exp() * (2.0 * PI * x).sin(), heat]
    };
    compare(&problem, &[1e-9, 1e-4, 1e-2, 0.1, 1.0], exact, 1e-10);
}

/// Compares the current with exact values; the stated error must bound the distance, and be below
/// `small` of the largest value.
fn compare_current(
    problem: &Problem,
    times: &[f64],
    at: &[f64],
    exact: impl Fn(f64, f64) -> f64,
    small: f64,
) {
    let evolution = problem.evolve(times).expect("solved").expect("with initial profiles");
    for (output, &t) in evolution.outputs.iter().zip(times) {
        let (error, size) = (output.current_error, largest(at.iter().map(|&x| exact(t, x))));
        assert!(error < small * size, "t = {t:e}: error {error:e} of {size:e}");
        for &x in at {
            let distance = (output.state.current(x).expect("t > 0") - exact(t, x)).abs();
            assert!(distance <= error, "t = {t:e}, x = {x}: {distance:e} beyond {error:e}");
        }
    }
}

#[test]
fn currents_of_a_wave_and_of_layers_at_the_ends_are_those_of_closed_forms() {
    // The ring's wave as above.
    let (gamma, a) = (0.7, 1.3);
    let monitor = || Default::default();
    let wave = Problem {
        flip_rate: gamma,
        ends: Ends::Ring,
        initial: initial("1.3*sin(2*pi*x)", "0", "2"),
        monitor: monitor(),
    };
    let rate = 4.0 * PI * PI / (2.0 * gamma);
    let exact = |t: f64, x: f64| {
        let decay = a * a * (-2.0 * rate * t).exp();
        let heat = -2.0 * PI * rate * t * decay * (4.0 * PI * x).sin();
        let elongation = PI * decay * (4.0 * PI * x).sin();
        -heat / (4.0 * gamma) - elongation / (2.0 * gamma)
    };
    compare_current(&wave, &[1e-9, 1e-4, 1e-2, 0.1], &points().collect::<Vec<_>>(), exact, 1e-7);
    // A thermostat that is hotter than the start: a layer, as on half a line.
    let fixed = HeatEnd::Temperature;
    let ends = Ends::Open { force: 0.0, left: fixed(2.0), right: fixed(1.0) };
    let start = initial("0", "0", "1");
    let warmed = Problem { flip_rate: gamma, ends, initial: start, monitor: monitor() };
    let exact = |t: f64, x: f64| {
        let spread = t / gamma;
        (-x * x / spread).exp() / (4.0 * gamma) / (PI * spread / 4.0).sqrt()
    };
    for t in [1e-20, 1e-12, 1e-6, 1e-3] {
        let at: Vec<f64> = (0..40).map(|i| f64::from(i) / 10.0 * (t / gamma).sqrt()).collect();
        compare_current(&warmed, &[t], &at, exact, 1e-8);
    }
    // A pulled end without thermostat: what goes in there is the work and the oscillation's heat,
    // and nothing passes the other end.
    let (gamma, force, slope) = (1.0, 2.0, 3.0);
    let ends = Ends::Open { force, left: HeatEnd::Slope(0.0), right: HeatEnd::Slope(slope) };
    let start = initial("0", "0", "1");
    let pulled = Problem { flip_rate: gamma, ends, initial: start, monitor: monitor() };
    let exact = |t: f64, x: f64| {
        let work = force * force / (2.0 * gamma) / (PI * t / (2.0 * gamma)).sqrt();
        if x == 0.0 { 0.0 } else { -work - slope / (4.0 * gamma) }
    };
    compare_current(&pulled, &[1e-12, 1e-8, 1e-4], &[0.0, 1.0], exact, 1e-8);
}

#[test]
fn a_wave_between_insulated_ends_becomes_heat_as_in_closed_form() {
    let gamma = 2.0;
    let free = HeatEnd::Slope(0.0);
    let ends = Ends::Open { force: 0.0, left: free, right: free };
    let problem = Problem {
        flip_rate: gamma,
        ends,
        initial: initial("sin(pi*x)", "0", "1 + 0.1*cos(3*pi*x)"),
        monitor: Default::default(),
    };
    let rate = PI * PI / (2.0 * gamma);
    let exact = |t: f64, x: f64| {
        let decay = (-2.0 * rate * t).exp();
        let wave = 0.1 * (-9.0 * PI * PI * t / (4.0 * gamma)).exp() * (3.0 * PI * x).cos();
        let made = (1.0 - decay) / 4.0 + rate / 2.0 * t * decay * (2.0 * PI * x).cos();
        [(-rate * t).exp() * (PI * x).sin(), 1.0 + wave + made]
    };
    compare(&problem, &[1e-6, 1e-3, 0.1, 1.0, 20.0], exact, 1e-10);
}

#[test]
fn a_wall_that_is_pulled_warms_at_once_by_the_same_however_early_that_is() {
    // Pulled from rest at an insulated end, the layers of r and of the heat have the shape of x/√t:
    // the convolution of two Gaussians gives e_heat(t, 1) = T + 2F̄²/π for all t ≪ 1.
    let early: &[f64] = &[1e-250, 1e-20, 1e-16, 1e-8];
    for (gamma, force, times) in
        [(1.0, 1.5, early), (20.0, -0.7, &[1e-16, 1e-5]), (0.05, 2.0, &[1e-16, 1e-5])]
    {
        let ends =
            Ends::Open { force, left: HeatEnd::Temperature(0.5), right: HeatEnd::Slope(0.0) };
        let initial = initial("0", "0", "0.5");
        let problem = Problem { flip_rate: gamma, ends, initial, monitor: Default::default() };
        let expected = 0.5 + 2.0 * force * force / PI;
        for &t in times {
            let evolution = problem.evolve(&[t]).expect("solved").expect("with initial profiles");
            let output = &evolution.outputs[0];
            let error = (output.state.heat(1.0) - expected).abs();
            let stated = output.errors[1];
            assert!(error <= stated, "γ = {gamma}, t = {t:e}: {error:e} beyond {stated:e}");
            // What docs/theory/limit.md claims, of the largest value.
            assert!(error < 1e-13 * expected, "γ = {gamma}, t = {t:e}: {error:e}");
            assert!(stated < 1e-10 * expected, "γ = {gamma}, t = {t:e}: {stated:e} stated");
        }
    }
}

#[test]
fn the_two_ends_of_a_ring_are_one_point() {
    // r = x jumps where the ring closes: 1/2 - Σ sin(2πkx)/(πk) e^(-4π²k²t/2γ), k ≥ 1.
    let gamma = 0.7;
    let problem = Problem {
        flip_rate: gamma,
        ends: Ends::Ring,
        initial: initial("x", "0", "1"),
        monitor: Default::default(),
    };
    for t in [1e-4, 0.01, 0.3] {
        let evolution = problem.evolve(&[t]).expect("solved").expect("with initial profiles");
        let output = &evolution.outputs[0];
        for x in points() {
            let wave = |k: i32| {
                let k = f64::from(k);
                (2.0 * PI * k * x).sin() / (PI * k) * (-2.0 * (PI * k).powi(2) * t / gamma).exp()
            };
            let exact = 0.5 - (1..400).map(wave).sum::<f64>();
            let error = (output.state.elongation(x) - exact).abs();
            assert!(error < output.errors[0] + 2e-14, "t = {t}, x = {x}: {error:e}");
            assert!(output.errors[0] < 1e-10);
        }
        let State::Evolved(snapshot) = &output.state else { panic!("t = {t} is later than 0") };
        let energy = snapshot.integrate(|_, r, heat| heat + r * r / 2.0);
        assert!((energy - 7.0 / 6.0).abs() < 1e-11, "t = {t}: {energy}");
    }
}

/// ∫_0^t e^(-a(t-s)) e^(-bs) ds
fn convolved(a: f64, b: f64, t: f64) -> f64 {
    if (a - b).abs() < 1e-9 * a {
        t * (-a * t).exp()
    } else {
        ((-b * t).exp() - (-a * t).exp()) / (a - b)
    }
}

#[test]
fn a_stretched_chain_between_thermostats_agrees_with_its_sine_series() {
    // r = F̄x + A sin(πx) e^(-λt): the heat made has three parts, each a sum over sines with its
    // exact time dependence.
    let (gamma, force, amplitude, left, right) = (0.8, 1.5, 0.7, 2.0, 1.0);
    let ends =
        Ends::Open { force, left: HeatEnd::Temperature(left), right: HeatEnd::Temperature(right) };
    let initial = initial("1.5*x + 0.7*sin(pi*x)", "0", "2 - x + sin(2*pi*x)");
    let problem = Problem { flip_rate: gamma, ends, initial, monitor: Default::default() };
    let rate = PI * PI / (2.0 * gamma);
    let times = [1e-3, 0.05, 0.4, 3.0];
    let evolution = problem.evolve(&times).expect("solved").expect("with initial profiles");
    for (output, t) in evolution.outputs.iter().zip(times) {
        for x in [0.03, 0.5, 0.77] {
            let mut heat = left
                + (right - left) * x
                + (-4.0 * PI * PI * t / (4.0 * gamma)).exp() * (2.0 * PI * x).sin();
            // The constant part of the source, and F̄²'s, in closed form at t = ∞; what is left
            // decays like m^-3 in time-dependent terms.
            for m in 1..200_000 {
                let k = m as f64 * PI;
                let mu = k * k / (4.0 * gamma);
                // 2∫ sin(mπx) {1, cos πx, cos 2πx}
                let odd = m % 2 == 1;
                let project = |j: f64| -> f64 {
                    let other = (m as f64 + j) as i64 % 2 == 0;
                    let m = m as f64;
                    if other { 0.0 } else { 2.0 / PI * 2.0 * m / (m * m - j * j) }
                };
                let one = if odd { 4.0 / k } else { 0.0 };
                let (a, wave) = (1.0 / (2.0 * gamma), amplitude * PI);
                let made = a * (force * force + 0.0) * one * convolved(mu, 0.0, t)
                    + a * 2.0 * force * wave * project(1.0) * convolved(mu, rate, t)
                    + a * wave * wave / 2.0 * (one + project(2.0)) * convolved(mu, 2.0 * rate, t);
                heat += made * (k * x).sin();
            }
            let r = force * x + amplitude * (PI * x).sin() * (-rate * t).exp();
            let found = [output.state.elongation(x) - r, output.state.heat(x) - heat];
            // The series is cut where its terms are below 1e-15.
            assert!(found[0].abs() < output.errors[0] + 1e-14, "t = {t}, x = {x}: {found:?}");
            assert!(found[1].abs() < output.errors[1] + 1e-11, "t = {t}, x = {x}: {found:?}");
            assert!(output.errors[1] < 1e-10, "{:?}", output.errors);
        }
    }
}

/// The plain way: cells, explicit small steps for nobody's sake but the judge's; second order,
/// extrapolated once.
fn plain(problem: &Problem, t: f64, cells: usize) -> Vec<[f64; 2]> {
    let Ends::Open { force, left, right } = problem.ends else { panic!("an open chain") };
    let table = problem.initial.as_ref().expect("initial profiles");
    let h = 1.0 / cells as f64;
    let steps = (t * 2.5 / (problem.flip_rate * h * h)).ceil();
    let (dt, a) = (t / steps, 1.0 / (4.0 * problem.flip_rate));
    let nodes = || (0..=cells).map(|i| i as f64 * h);
    let mut r: Vec<f64> = nodes().map(|x| (table.elongation)(x)).collect();
    let mut e: Vec<f64> =
        nodes().map(|x| (table.var_r)(x) + (table.momentum)(x).powi(2) / 2.0).collect();
    for _ in 0..steps as usize {
        (r[0], r[cells]) = (0.0, force);
        // Heat made in a link goes half to each of its nodes: the discrete energy balance is exact
        // in space.
        let made: Vec<f64> = r.windows(2).map(|p| a * ((p[1] - p[0]) / h).powi(2)).collect();
        let step = |u: &[f64], d: f64, i: usize| d * (u[i + 1] - 2.0 * u[i] + u[i - 1]) / (h * h);
        let next_e: Vec<f64> = (0..=cells)
            .map(|i| match i {
                0 => match left {
                    HeatEnd::Temperature(t) => t,
                    HeatEnd::Slope(s) => {
                        e[0] + dt * (2.0 * a * ((e[1] - e[0]) / h - s) / h + 2.0 * made[0])
                    }
                },
                i if i == cells => match right {
                    HeatEnd::Temperature(t) => t,
                    HeatEnd::Slope(s) => {
                        e[i] + dt * (2.0 * a * (s - (e[i] - e[i - 1]) / h) / h + 2.0 * made[i - 1])
                    }
                },
                i => e[i] + dt * (step(&e, a, i) + made[i - 1] + made[i]),
            })
            .collect();
        let next_r: Vec<f64> = (0..=cells)
            .map(|i| if i == 0 || i == cells { r[i] } else { r[i] + dt * step(&r, 2.0 * a, i) })
            .collect();
        (r, e) = (next_r, next_e);
    }
    let every = cells / 20;
    (0..=20).map(|i| [r[i * every], e[i * every]]).collect()
}

#[test]
fn data_that_do_not_fit_the_ends_agree_with_a_plain_discretization() {
    let fixed = HeatEnd::Temperature;
    for (left, right, force, elongation, momentum) in [
        (fixed(2.0), fixed(1.0), 2.0, "0", "0"),
        (fixed(1.0), HeatEnd::Slope(3.0), -1.2, "1 - x", "cos(2*x)"),
        (HeatEnd::Slope(0.0), fixed(0.5), 1.0, "0", "x"),
        (HeatEnd::Slope(0.0), HeatEnd::Slope(1.0), 1.0, "abs(x - 0.5)", "0"),
    ] {
        let ends = Ends::Open { force, left, right };
        let problem = Problem {
            flip_rate: 0.9,
            ends,
            initial: initial(elongation, momentum, "1 + x*x"),
            monitor: Default::default(),
        };
        let t = 0.1;
        let evolution = problem.evolve(&[t]).expect("solved").expect("with initial profiles");
        let output = &evolution.outputs[0];
        assert!(output.errors.iter().all(|e| *e < 1e-10), "{:?}", output.errors);
        let [coarse, fine, finest] = [80, 160, 320].map(|cells| plain(&problem, t, cells));
        let mut worst = 0.0f64;
        for (i, ((coarse, fine), finest)) in coarse.iter().zip(&fine).zip(&finest).enumerate() {
            let x = i as f64 / 20.0;
            let exact = [output.state.elongation(x), output.state.heat(x)];
            for k in 0..2 {
                // Errors of the plain scheme are A h + B h²: the first from the heat of the
                // corner's cell. Both are extrapolated away.
                let once = [2.0 * fine[k] - coarse[k], 2.0 * finest[k] - fine[k]];
                let twice = (4.0 * once[1] - once[0]) / 3.0;
                worst = largest([worst, twice - exact[k]]);
            }
        }
        // What the corner leaves of it, h² with a logarithm (2e-5; a quarter of it with twice the
        // cells).
        assert!(worst < 4e-5, "{elongation}: {worst:e}");
    }
}

#[test]
fn incompatible_data_keep_the_balances_of_volume_and_energy_to_rounding_at_every_time() {
    // Free ends: energy changes by the work (F̄/2γ)∫∂_x r(s,1) and 4γ W_heat/(4γ) t; the work
    // follows from ∫ x r.
    let (gamma, force, slope) = (1.0, 2.0, 3.0);
    let ends = Ends::Open { force, left: HeatEnd::Slope(0.0), right: HeatEnd::Slope(slope) };
    let problem = Problem {
        flip_rate: gamma,
        ends,
        initial: initial("0", "0", "1"),
        monitor: Default::default(),
    };
    let times = [1e-10, 1e-6, 1e-3, 0.1, 1.0, 10.0];
    let evolution = problem.evolve(&times).expect("solved").expect("with initial profiles");
    for output in &evolution.outputs {
        let State::Evolved(state) = &output.state else { panic!("t > 0") };
        let t = state.time;
        let strain = state.integrate(|x, r, _| x * r) + force * t / (2.0 * gamma);
        let energy = state.integrate(|_, r, heat| heat + r * r / 2.0);
        let expected = 1.0 + force * strain + slope * t / (4.0 * gamma);
        assert!((energy - expected).abs() < 1e-11 * expected, "t = {t:e}: {energy} {expected}");
    }
}
