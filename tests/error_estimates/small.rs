//! Results that are far smaller than the numbers they are made of.

use super::*;

/// That of periodic forces here.
const PERIOD: f64 = 8.0;

/// The outputs of one chain by one way at 1e-9, and nothing granted beside the estimates.
fn compare(chain: &Chain, law: &InitialLaw, times: &[f64], method: Method) -> Vec<Profile> {
    compare_at([1e-9, 0.0], chain, law, times, method)
}

/// The same at a tolerance, where four roundings of the size `granted` are the judge's own error of
/// energies and currents.
fn compare_at(
    [tolerance, granted]: [f64; 2],
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    method: Method,
) -> Vec<Profile> {
    let given: Vec<(f64, f64)> = times.iter().map(|&time| (time, 1.0)).collect();
    let exact = reference::moments(chain, law, PERIOD, &given);
    let times: Vec<Double> = times.iter().map(|&time| time.into()).collect();
    let plan = evolve::plan(chain, law, &times, method, true).expect("this way serves");
    let (modal, quiet) = (Modal::new(chain), Monitor::default());
    let found = evolve::evolve(&modal, law, &times, &plan, tolerance, |_| false, &quiet);
    let (mut tally, mut profiles) = (Tally::default(), Vec::new());
    for ((solution, exact), time) in found.expect("it ends").0.iter().zip(&exact).zip(&times) {
        let found = Profile::new(chain, solution, time.hi);
        let exact = columns(&exact_profile(chain, *time, exact));
        let place = format!("N = {}, γ = {:e}", chain.bonds, chain.flip_rate);
        tally.compare(
            &place,
            &format!("{method:?}"),
            tolerance,
            std::slice::from_ref(&found),
            &[exact],
            [0.0, granted],
        );
        profiles.push(found);
    }
    tally.judge();
    profiles
}

fn chain(bonds: usize, flip_rate: f64, ends: [(f64, f64); 2]) -> Chain {
    let [left, right] = ends.map(|(temperature, friction)| {
        Some(flipchain::scenario::Thermostat { temperature, friction })
    });
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate,
        left,
        right,
        force: flipchain::chain::Force::default(),
        general: None,
    }
}

fn cold(chain: &Chain) -> InitialLaw {
    InitialLaw {
        mean_r: vec![0.0; chain.bonds],
        mean_p: vec![0.0; chain.atoms()],
        var_r: vec![0.0; chain.bonds],
        var_p: vec![0.0; chain.atoms()],
        covariance: None,
    }
}

/// A contour starts from what the law has above the thermal state. The roundings of that difference
/// are heat that spreads: they were six times the error that a weak current stated.
#[test]
fn a_current_far_below_the_thermal_one_holds_the_roundings_of_the_start() {
    let chain = chain(5, 23.27, [(1.5, 1.89e-8), (0.0, 9.24e5)]);
    compare(&chain, &cold(&chain), &[19.33], Method::Contour);
}

/// Strong frictions and their noise were rounded apart in every branch of a step: 1e-11 of a
/// momentum's variance at atoms that the heat has not reached.
#[test]
fn a_step_rounds_strong_frictions_and_their_noise_together() {
    let chain = chain(24, 1487.0, [(1.0, 63100.0), (1.0, 40500.0)]);
    let (modal, quiet) = (Modal::new(&chain), Monitor::default());
    let times = [0.0188];
    let plan = evolve::plan(&chain, &cold(&chain), &times.map(Double::from), Method::Radau, true);
    let plan = plan.expect("steps serve");
    let found = evolve::evolve(&modal, &cold(&chain), &times, &plan, 1e-9, |_| false, &quiet);
    let found = Profile::new(&chain, &found.expect("it ends").0[0], times[0]);
    let stated = found.errors.var_p;
    assert!((1e-13..5e-12).contains(&stated), "{stated:e}");
    for atom in 6..19 {
        let cold = found.var_p[atom];
        assert!(cold.abs() < stated && cold.abs() < 1e-12, "{atom}: {cold:e}, {stated:e} stated");
    }
}

/// Where friction takes nearly all of the work, what leaves is no difference of the two: 1e-6 of
/// the largest current was stated beside a strong friction.
#[test]
fn what_leaves_beside_a_strong_friction_keeps_its_digits_under_a_periodic_force() {
    let mut chain = chain(3, 0.0318, [(0.0, 1.6e-6), (0.0, 3.5e7)]);
    chain.force = Force { mean: 10.0, ..Default::default() };
    chain.force.frequency = flipchain::chain::frequency_of(PERIOD);
    chain.force.harmonics = vec![(1, num_complex::Complex64::new(0.3, 0.4))];
    // The judge takes the difference of 3e-6 and 3e-6, and by then has 20 digits of it (two ways of
    // the program agree to 3e-28).
    let found = compare_at([1e-9, 1e-10], &chain, &cold(&chain), &[4e6], Method::Contour);
    let reported = relative_errors(&found)[0];
    assert!(reported < 1e-10, "{reported:e}: {:?}", found[0].errors);
}

/// Long steps extinguish what the noise of a thermostat makes oscillate in a cold chain. They did
/// not look for it, because the start itself is nothing: six times the error that was stated.
#[test]
fn steps_look_for_what_turns_after_a_cold_start_too() {
    let chain = chain(3, 1e-4, [(1.5, 3.5e-5), (0.0, 2.8e6)]);
    let times = [4.7e-3, 1.24, 3.31, 5.24, 90.3, 104.1];
    compare_at([1e-5, 0.0], &chain, &cold(&chain), &times, Method::Radau);
}
