//! What is promised of small systems: `steady` and `evolve` answer at any flip rate and friction,
//! within their estimates (docs/theory/small-systems.md).

mod agreement;
#[path = "small_systems/directly.rs"]
mod directly;
#[path = "small_systems/doublings.rs"]
mod doublings;
#[path = "small_systems/found.rs"]
mod found;
#[allow(dead_code)]
mod reference;
#[path = "small_systems/scans.rs"]
mod scans;

use agreement::{COLUMNS, columns};
use flipchain::chain::{Chain, Force, InitialLaw, frequency_of};
use flipchain::monitor::{CancelToken, Monitor};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::moments::{Moments, Solution, TimeIntegrals};
use flipchain::solver::covariance::{MomentEquations, Source, Target};
use flipchain::solver::covariance::{literal::Literal, modal::Modal};
use flipchain::solver::observe::{Profile, relative_errors};
use flipchain::{Options, Times};
use num_complex::Complex64;

fn chain(bonds: usize, flip_rate: f64, frictions: [f64; 2], force: f64) -> Chain {
    let end = |temperature, friction: f64| {
        (friction > 0.0).then_some(Thermostat { temperature, friction })
    };
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate,
        left: end(2.0, frictions[0]),
        right: end(1.0, frictions[1]),
        force: Force { mean: force, ..Default::default() },
        general: None,
    }
}

/// What is wrong with one output: a tolerance of 1e-9 missed, or an error beyond its estimate. The
/// judge has 32 digits of which `lost` are gone; what enters at an end it knows to `weight` times
/// the error of a variance.
fn faults(found: &Profile, exact: Option<&Profile>, lost: f64, weight: f64) -> Vec<String> {
    let mut faults = Vec::new();
    let reported = relative_errors(std::slice::from_ref(found))[0];
    if reported.is_nan() || reported > 1e-9 {
        let of = |values: [f64; 8]| values.map(|v| format!("{v:.0e}")).join(" ");
        let (errors, sizes) = (of(found.errors.values()), of(found.sizes().values()));
        faults.push(format!("states {reported:.1e}: errors {errors}, sizes {sizes}"));
    }
    let Some(exact) = exact else { return faults };
    let energy = exact.sizes().energy;
    let columns = COLUMNS.iter().zip(columns(found)).zip(columns(exact));
    for (((name, found), exact), estimate) in columns.zip(found.errors.values()) {
        let size = exact.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        for (found, exact) in found.iter().zip(&exact) {
            let error = (found - exact).abs();
            let judged = if *name == "current" { lost * energy * weight } else { lost * size };
            let allowed = estimate + 64.0 * f64::EPSILON * size + judged;
            if error.is_nan() || allowed.is_nan() || error > allowed {
                faults.push(format!(
                    "{name} is off by {error:.1e} where {estimate:.1e} is stated (size {size:.1e})"
                ));
                break;
            }
        }
    }
    faults
}

/// Equal temperatures at rest, some elongation.
fn law(chain: &Chain) -> InitialLaw {
    InitialLaw {
        mean_r: (0..chain.bonds).map(|n| 0.5 + 0.1 * n as f64).collect(),
        mean_p: vec![0.25; chain.atoms()],
        var_r: vec![1.5; chain.bonds],
        var_p: (0..chain.atoms()).map(|n| 1.0 + 0.125 * n as f64).collect(),
        covariance: None,
    }
}

/// The profile of an exact answer.
fn profile(chain: &Chain, time: f64, exact: &reference::Exact) -> Profile {
    let moments = Moments {
        time: time.into(),
        mean: exact.mean.to_vec(),
        variance: exact.covariance.diag().to_vec(),
        correlation: chain.left_correlations(exact.covariance.view()),
        inflow: Some(exact.inflow),
        leaving: (chain.topology == Topology::Open).then_some(exact.leaving),
        ..Default::default()
    };
    Profile::new(chain, &Solution { moments, ..Default::default() }, time)
}

/// A name of a case for messages.
fn name(chain: &Chain) -> String {
    let [left, right] = chain.friction();
    let periodic = if chain.force.harmonics.is_empty() { "constant" } else { "periodic" };
    format!("N = {}, γ = {:e}, λ = {left:e} {right:e}, {periodic}", chain.bonds, chain.flip_rate)
}

/// The stationary state of a chain, judged at the end of a long time where it is small.
fn judge_steady(chain: &Chain) -> Vec<String> {
    let clock = std::time::Instant::now();
    let found = match flipchain::steady(chain, None, &Options::default()) {
        Ok(run) => run.profiles()[0].clone(),
        Err(error) => return vec![format!("steady {}: {error}", name(chain))],
    };
    let seconds = clock.elapsed().as_secs_f64();
    if seconds > 1.0 {
        println!("steady {}: {seconds:.1} s", name(chain));
    }
    let exact = (chain.bonds <= 3 && chain.force.harmonics.is_empty()).then(|| {
        let (late, lost) = settled(chain);
        let (_, exact) = &reference::period(chain, &law(chain), PERIOD, late, 1)[0];
        let mut exact = profile(chain, f64::INFINITY, exact);
        // In the long run one current flows everywhere. It is read where the energy leaves, because
        // the means carry energy through a bond that nearly balances the energy that returns.
        exact.current = vec![exact.current[chain.bonds]; chain.atoms()];
        (exact, lost)
    });
    let lost = exact.as_ref().map_or(0.0, |(_, lost)| *lost);
    let weight = chain.current_weight();
    let faults = faults(&found, exact.as_ref().map(|(profile, _)| profile), lost, weight);
    faults.into_iter().map(|fault| format!("steady {}: {fault}", name(chain))).collect()
}

/// A time by which everything has settled, and what the judge's squarings lose by then.
fn settled(chain: &Chain) -> (f64, f64) {
    // The slowest rate of all is that of the energy: λ or 1/λ over 2N+1, of the better end, and of
    // a mode that hardly moves the end, over (N+1)³; or that of diffusion.
    let contact = |friction: f64| if friction > 0.0 { friction.min(1.0 / friction) } else { 0.0 };
    let [left, right] = chain.friction().map(contact);
    let (n, modes) = (chain.coordinates() as f64, (chain.atoms() as f64).powi(3));
    let slowest = 1.0 / ((n + modes) / left.max(right) + 4.0 * n * n * (chain.flip_rate + 1.0));
    let late = 100.0 / slowest;
    let norm = 10.0 + 8.0 * chain.flip_rate + 2.0 * chain.current_weight();
    (late, 1e-31 * late * norm)
}

/// One output of `evolve`, ended after a minute.
fn judge_evolution(chain: &Chain, time: f64) -> Vec<String> {
    judge_evolution_of(chain, &law(chain), time)
}

/// The same from any law.
fn judge_evolution_of(chain: &Chain, law: &InitialLaw, time: f64) -> Vec<String> {
    let place = format!("evolve {}, τ = {time:e}", name(chain));
    let clock = std::time::Instant::now();
    let times = Times::microscopic([time]);
    let planned = match flipchain::plan_evolve(chain, law, &times, &Options::default()) {
        Ok(planned) => planned,
        Err(error) => return vec![format!("{place}: {error}")],
    };
    let reason = planned.plan().reason.clone();
    let cancel = CancelToken::default();
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let found = std::thread::scope(|scope| {
        let token = cancel.clone();
        scope.spawn(move || {
            if ended.recv_timeout(std::time::Duration::from_secs(60)).is_err() {
                token.cancel();
            }
        });
        let found = planned.run(&Monitor::new(|_| {}, &cancel));
        let _ = done.send(());
        found
    });
    let seconds = clock.elapsed().as_secs_f64();
    let found = match found {
        Ok(run) => run,
        Err(error) => return vec![format!("{place}: {error}, {reason}")],
    };
    let (found, reason) = (&found.profiles()[0], &found.plan().reason);
    if seconds > 1.0 {
        println!("{place}: {seconds:.1} s, {reason}");
    }
    let norm = 10.0 + 8.0 * chain.flip_rate + 2.0 * chain.current_weight();
    let lost = 1e-31 * norm * time;
    let exact = (chain.bonds <= 3 && lost < 1e-11)
        .then(|| profile(chain, time, &reference::moments(chain, law, PERIOD, &[(time, 1.0)])[0]));
    let faults = faults(found, exact.as_ref(), lost, chain.current_weight());
    faults.into_iter().map(|fault| format!("{place}: {fault}, {reason}")).collect()
}

/// The period of all periodic forces here, far from every resonance.
const PERIOD: f64 = 8.0;

/// Periodic forces beside constant ones.
fn forces(chain: Chain) -> [Chain; 2] {
    let mut periodic = chain.clone();
    periodic.force.frequency = frequency_of(PERIOD);
    periodic.force.harmonics = vec![(1, Complex64::new(0.3, 0.4))];
    [chain, periodic]
}

/// Numbers of an environment variable, or these.
fn list(name: &str, default: &[f64]) -> Vec<f64> {
    let parse = |text: String| text.split(',').filter_map(|x| x.parse().ok()).collect();
    std::env::var(name).map_or(default.to_vec(), parse)
}

/// Every chain of a grid.
fn grid(sizes: &[f64], rates: &[f64], frictions: &[f64]) -> Vec<Chain> {
    let mut chains = Vec::new();
    for &bonds in sizes {
        for &rate in rates {
            for &left in frictions {
                for &right in [0.0].iter().chain(frictions) {
                    if left == 0.0 && right == 0.0 {
                        continue;
                    }
                    chains.extend(forces(chain(bonds as usize, rate, [left, right], 1.5)));
                }
            }
        }
    }
    chains
}

fn assert_none(faults: Vec<String>) {
    faults.iter().for_each(|fault| println!("{fault}"));
    assert!(faults.is_empty(), "{} faults; the first: {}", faults.len(), faults[0]);
}

#[test]
fn stationary_states_are_found_at_extreme_rates() {
    let chains = grid(&[1.0, 2.0, 3.0], &[1e-9, 1e-4, 1.0, 1e5], &[1e-8, 1.0, 1e8]);
    let constant = chains.into_iter().filter(|chain| chain.force.harmonics.is_empty());
    assert_none(constant.flat_map(|chain| judge_steady(&chain)).collect());
}

/// Steps stated 2.7e-3 at the large friction, and the smallest flip rates took minutes.
#[test]
fn tiny_chains_are_evolved_at_extreme_rates() {
    let mut chains = vec![chain(3, 1.0, [1e3, 1.0], 1.0)];
    chains.extend(grid(&[1.0, 2.0], &[0.0, 1e-6, 1.0, 1e5], &[1e-8, 1e3]));
    let times = [1.0, 1e3, 1e5];
    let faults = chains.iter().flat_map(|chain| {
        times.iter().flat_map(|&time| judge_evolution(chain, time)).collect::<Vec<_>>()
    });
    assert_none(faults.collect());
}

/// No ends: what has started stays, and the flips share it among all.
#[test]
fn an_isolated_pair_of_bonds_forgets_its_start_at_any_flip_rate() {
    for (rate, time) in [(1e-4, 1e5), (1e-6, 1e6), (1e-6, 1e9)] {
        let chain = chain(2, rate, [0.0, 0.0], 0.0);
        assert_none(judge_evolution(&chain, time));
    }
}

/// The stencil, where it reaches a time in seconds, agrees with the contour in 32 digits.
fn judge_two_ways(chain: &Chain, time: f64) -> Vec<String> {
    let law = law(chain);
    let times = [time];
    let by = |method| {
        let plan = flipchain::solver::evolve::plan(chain, &law, &times, method, false).ok()?;
        let plan = flipchain::solver::evolve::Plan { judged: plan.stencil, ..plan };
        let kept = [false];
        let seconds =
            flipchain::solver::evolve::cost(chain, &law, &times, &plan, 1e-11, &kept).seconds;
        let quiet = Monitor::default();
        let found = (seconds < 10.0).then(|| {
            let modal = Modal::new(chain);
            flipchain::solver::evolve::evolve(&modal, &law, &times, &plan, 1e-11, |_| false, &quiet)
        });
        let profile = |solution: &Solution| Profile::new(chain, solution, time);
        Some(profile(&found?.expect("an answer").0[0]))
    };
    use flipchain::Method::{Contour, Stencil};
    let (Some(contour), Some(stencil)) = (by(Contour), by(Stencil)) else { return Vec::new() };
    let place = format!("two ways, {}, τ = {time:e}", name(chain));
    println!("{place}");
    let errors = contour.errors.values().into_iter().zip(stencil.errors.values());
    let columns = COLUMNS.iter().zip(columns(&contour)).zip(columns(&stencil)).zip(errors);
    let apart = columns.filter_map(|(((column, a), b), (e, f))| {
        let distance = agreement::apart(&a, &b);
        let allowed = e + f + 16.0 * f64::EPSILON * agreement::largest(&a);
        let agrees = distance <= allowed;
        (!agrees).then(|| format!("{place}: {column} {distance:e} apart, {e:e} + {f:e} stated"))
    });
    apart.collect()
}

#[test]
fn two_ways_agree_on_chains_with_strong_frictions() {
    let mut faults = Vec::new();
    for (bonds, rate, frictions) in [
        (13, 2.0, [1e3, 1.0]),
        (20, 10.0, [1e8, 1e-8]),
        (16, 3.0, [1e8, 1e8]),
        (32, 1e5, [1e8, 1.0]),
    ] {
        let [constant, periodic] = forces(chain(bonds, rate, frictions, 1.5));
        for time in [41.0, 60.0] {
            faults.extend(judge_two_ways(&constant, time / rate));
        }
        // Its contour waits for the phase of the force.
        faults.extend(judge_two_ways(&periodic, 52.0f64.max(41.0 / rate)));
    }
    assert_none(faults);
}

#[test]
fn chains_of_middle_length_are_evolved_at_extreme_frictions() {
    let mut faults = Vec::new();
    for (bonds, rate, frictions, time) in [
        (16, 1e-4, [1e3, 1.0], 100.0),
        (32, 1e-2, [1e3, 1e8], 30.0),
        (64, 1e-4, [1e8, 1.0], 20.0),
        (64, 1e5, [1e8, 1.0], 1e-5),
        (40, 1e5, [1e6, 1e-8], 1e-4),
        (24, 0.0, [1e8, 1e-8], 1e4),
        (24, 0.0, [1e8, 1e3], 1e12),
        (20, 1.0, [1e8, 1e8], 1e12),
        // Means that are large beside the variances, and a time that the contour serves.
        (28, 1.2e-5, [1.5e-7, 0.0], 1e4),
        (23, 0.12, [1.1e3, 7.1], 566.4),
        // Flips so rare that everything still oscillates, and an end of small currents.
        (21, 1e-8, [1e-3, 0.5], 1e8),
        (21, 4.7e-4, [3.5e4, 7e-4], 1.4e4),
    ] {
        faults.extend(judge_evolution(&chain(bonds, rate, frictions, 1.5), time));
    }
    assert_none(faults);
}

/// The noise of a strong friction, inverted beside a cold end, stated 2e-2 of the current.
#[test]
fn a_cold_end_of_strong_friction_leaves_the_current_its_digits() {
    let mut chain = chain(20, 1.2e-5, [3.6e6, 6.8e4], 1.5);
    chain.left.iter_mut().for_each(|thermostat| thermostat.temperature = 0.0);
    assert_none([1e7, 2e10].iter().flat_map(|&time| judge_evolution(&chain, time)).collect());
}

/// An end that is held all but fast lets every momentum vanish, of which a contour stated 2e-8.
#[test]
fn small_mean_momenta_keep_their_digits() {
    let chain = chain(21, 0.2, [1e-6, 4.5e6], 1.5);
    assert_none([3e2, 1.3e4].iter().flat_map(|&time| judge_evolution(&chain, time)).collect());
}

/// Cold starts were answered with variances of -7e-15, or with errors far above what is there.
#[test]
fn no_variance_of_a_cold_start_is_negative_and_small_ones_keep_their_digits() {
    for (bonds, times) in
        [(3, [1e-6, 1e-3, 1.0]), (40, [1e-2, 1.6, 160.0]), (70, [1e-2, 4.9, 70.0])]
    {
        let end = |temperature| Some(Thermostat { temperature, friction: 1.0 });
        let force = Force { mean: 2.0, ..Default::default() };
        let chain = Chain { left: end(2.0), force, ..chain(bonds, 1.0, [1.0, 1.0], 0.0) };
        let n = chain.atoms();
        let cold = InitialLaw {
            mean_r: vec![0.0; bonds],
            mean_p: vec![0.0; n],
            var_r: vec![0.0; bonds],
            var_p: vec![0.0; n],
            covariance: None,
        };
        for time in times {
            let run = flipchain::evolve(
                &chain,
                &cold,
                &Times::microscopic([0.0, time]),
                &Options::default(),
            )
            .expect("an answer");
            assert!(run.tolerance_reached(), "N = {bonds}, τ = {time}: {:?}", run.errors());
            for output in run.outputs() {
                for (name, column) in [("r", output.var_r()), ("p", output.var_p())] {
                    assert!(column.values.iter().all(|&v| v >= 0.0), "Var {name}, {bonds}, {time}");
                }
            }
            if bonds == 3 {
                let exact = &reference::moments(&chain, &cold, PERIOD, &[(time, 1.0)])[0];
                let exact = profile(&chain, time, exact);
                let faults = faults(&run.profiles()[1], Some(&exact), 0.0, 1.0);
                assert!(faults.is_empty(), "{faults:?}");
            }
        }
    }
}
