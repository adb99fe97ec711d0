//! What is promised of the exponential of the stencil: it agrees with the exact exponential within
//! its bound, and a chain in pieces is the whole chain.

mod agreement;
// Stationary states and inflows of the reference are for other tests.
#[allow(dead_code)]
mod reference;

use agreement::{distances, largest};
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::moments::Solution;
use flipchain::solver::evolve::stencil;
use num_complex::Complex64;
use reference::scenarios;

/// The exact moments as a solution without error.
fn solution(chain: &Chain, exact: &reference::Exact) -> Solution {
    let mut solution = Solution::zero(chain);
    solution.moments.mean = exact.mean.to_vec();
    solution.moments.variance = exact.covariance.diag().to_vec();
    solution.moments.correlation = chain.left_correlations(exact.covariance.view());
    solution
}

#[test]
fn the_bound_holds_against_the_exact_exponential_and_is_as_small_as_asked() {
    for seed in 0..60 {
        let scenario = scenarios::scenario(seed);
        let (chain, law) = (&scenario.chain, &scenario.law);
        let times = &scenario.times()[1..4];
        let values = [law.mean(), law.variance(), chain.temperature().to_vec()].concat();
        let scale = largest(values).max(chain.force.mean.abs());
        let exact = reference::moments(chain, law, scenario.period, &scenario.given()[1..4]);
        for tolerance in [1e-4, 1e-7, 1e-11] {
            // Some outputs at the end of a step, others within one.
            let keep = |i: usize| i == 1;
            let (outputs, _) =
                stencil::evolve(chain, law, times, tolerance, keep, &Default::default())
                    .expect("it ends");
            for (output, exact) in outputs.iter().zip(&exact) {
                // Beside the roundings of some thousand steps.
                assert!(
                    output.errors.mean_r <= tolerance * scale + 1e-9,
                    "seed {seed} {tolerance:e} {scale} {:?} {chain:?} {times:?}",
                    output.errors
                );
                let (truth, time) = (solution(chain, exact), output.moments.time.hi);
                let size = largest(&truth.moments.variance).max(largest(&truth.moments.mean));
                // The reference begins with sums S = C + z̄ z̄ᵀ that are rounded to doubles.
                let judged = 4.0 * f64::EPSILON * size.max(1.0);
                for (name, distance, bound) in distances(output, &truth) {
                    assert!(
                        distance <= bound + judged,
                        "seed {seed} τ {time} to {tolerance:e}, {name}: {distance:e} > {bound:e}, {chain:?}"
                    );
                }
                if let Some(covariance) = &output.moments.covariance {
                    let distance = largest(covariance - &exact.covariance);
                    assert!(distance <= output.errors.var_p + judged, "seed {seed}: {distance:e}");
                }
            }
            assert!(outputs[1].moments.covariance.is_some());
        }
    }
}

/// A chain with some frictions, where everything moves.
fn with_frictions(bonds: usize, flip_rate: f64, frictions: [f64; 2]) -> (Chain, InitialLaw) {
    let end = |end: usize| {
        let (temperature, friction) = ([2.0, 0.7][end], frictions[end]);
        (friction > 0.0).then_some(Thermostat { temperature, friction })
    };
    let harmonics = if bonds == 2 { vec![] } else { vec![(1, Complex64::new(0.3, 0.4))] };
    let frequency = flipchain::chain::frequency_of(PERIOD);
    let force = Force { mean: 1.5, frequency, harmonics };
    let (left, right, topology) = (end(0), end(1), Topology::Open);
    let chain = Chain { topology, bonds, flip_rate, left, right, force, general: None };
    let law = InitialLaw {
        mean_r: (0..bonds).map(|n| 0.5 + 0.1 * n as f64).collect(),
        mean_p: vec![0.25; chain.atoms()],
        var_r: vec![1.5; chain.bonds],
        var_p: (0..chain.atoms()).map(|n| 1.0 + 0.125 * n as f64).collect(),
        covariance: None,
    };
    (chain, law)
}

const PERIOD: f64 = 8.0;

/// What is wrong with an output of such a chain.
fn faults(chain: &Chain, output: &Solution, exact: &reference::Exact) -> Vec<String> {
    let (truth, time) = (solution(chain, exact), output.moments.time.hi);
    let judged = 4.0 * f64::EPSILON * largest(&truth.moments.variance);
    let place = format!("{:?}, γ = {}, τ = {time:e}", chain.friction(), chain.flip_rate);
    let mut compared: Vec<(&str, f64, f64)> = distances(output, &truth).to_vec();
    let inflow = output.moments.inflow.expect("a strong end");
    // What is beyond the error of the currents at the left end is told by itself.
    let bounds = [output.errors.left, 0.0].map(|more| output.errors.correlation + more);
    for ((found, exact), bound) in inflow.iter().zip(exact.inflow).zip(bounds) {
        compared.push(("inflow", (found - exact).abs(), bound));
    }
    if let Some(covariance) = &output.moments.covariance {
        compared.push(("covariance", largest(covariance - &exact.covariance), output.errors.var_p));
    }
    let within = |(_, distance, bound): &(&str, f64, f64)| *distance <= bound + judged;
    let beyond = compared.into_iter().filter(|compared| !within(compared));
    beyond.map(|(name, d, bound)| format!("{place}, {name}: {d:e} > {bound:e}")).collect()
}

/// In the layer of the start, soon after it, and later.
#[test]
fn the_bound_holds_at_strong_ends_which_follow_the_chain() {
    let times = [1e-9, 2e-7, 1e-5, 3e-3, 0.1, 1.0, 20.0];
    let given = times.map(|time| (time, 1.0));
    let mut all = Vec::new();
    for frictions in
        [[1e3, 0.7], [0.0, 1e4], [1e8, 300.0], [1e8, 1e8], [2e3, 1e3], [1e2, 1e-3], [1e6, 0.0]]
    {
        for (bonds, flip_rate) in [(1, 0.0), (2, 1e-3), (3, 0.5), (1, 30.0), (2, 2.0)] {
            let (chain, law) = with_frictions(bonds, flip_rate, frictions);
            let exact = reference::moments(&chain, &law, PERIOD, &given);
            let quiet = Default::default();
            let keep = |i: usize| i == 5;
            for found in [
                stencil::evolve(&chain, &law, &times, 1e-12, keep, &quiet),
                stencil::judged(&chain, &law, &times, 1e-14, keep, &quiet),
            ] {
                let (outputs, counts) = found.expect("it ends");
                // λ = 10⁸ took 10⁹ steps.
                assert!(counts.steps < 10_000, "{frictions:?}: {counts:?}");
                let of_all = outputs.iter().zip(&exact);
                all.extend(of_all.flat_map(|(output, exact)| faults(&chain, output, exact)));
                let last = outputs.last().expect("there are outputs");
                let largest_inflow = largest(last.moments.inflow.expect("a strong end"));
                let stated = last.errors.correlation + last.errors.left;
                assert!(stated < 1e-10, "{frictions:?}: {stated:e} of {largest_inflow:e}");
            }
        }
    }
    assert!(all.is_empty(), "{} beyond their bounds: {}", all.len(), all.join("\n"));
}

/// An end beside a friction above 1 is held by its distance from T. Soon after a cold start that is
/// far larger than the variance: 9e-15 was off, 1.4e-16 stated.
#[test]
fn a_variance_far_below_its_temperature_has_the_roundings_of_that() {
    let times = [1e-4, 1.6e-3, 10.0];
    let given = times.map(|time| (time, 1.0));
    for flip_rate in [22029.8, 30.0] {
        let (chain, law) = with_frictions(1, flip_rate, [1.1268927587380662, 1e-6]);
        let law = InitialLaw { var_r: vec![0.0; 1], var_p: vec![0.0; 2], ..law };
        let exact = reference::moments(&chain, &law, PERIOD, &given);
        let found = stencil::evolve(&chain, &law, &times, 1e-11, |_| false, &Default::default());
        let (outputs, _) = found.expect("it ends");
        let all: Vec<String> = outputs
            .iter()
            .zip(&exact)
            .flat_map(|(found, exact)| faults(&chain, found, exact))
            .collect();
        assert!(all.is_empty(), "{all:#?}");
    }
}

/// Means below 10⁻¹⁵⁰, whose squares are 0, had an infinite error, and so had all that they heat.
#[test]
fn a_motion_that_has_all_but_vanished_has_a_finite_error() {
    let (chain, law) = with_frictions(2, 1.0, [0.0, 0.0]);
    let chain = Chain { topology: Topology::Ring, force: Force::default(), ..chain };
    let (mean_r, mean_p) = (vec![0.0; 2], vec![1.0, -1.0]);
    let law = InitialLaw { mean_r, mean_p, var_p: vec![1.0; 2], ..law };
    let times = [300.0, 400.0, 2000.0];
    let found = stencil::evolve(&chain, &law, &times, 1e-9, |_| false, &Default::default());
    for output in found.expect("it ends").0 {
        let (errors, mean) = (output.errors, largest(&output.moments.mean));
        assert!(mean < 1e-100, "{mean:e}");
        for error in [errors.mean_r, errors.mean_p, errors.var_r, errors.var_p, errors.correlation]
        {
            assert!(error < 1e-10, "{errors:?}");
        }
    }
}

/// A chain that is divided into pieces, with everything that it can have.
fn long(topology: Topology, bonds: usize) -> (Chain, InitialLaw) {
    let open = topology == Topology::Open;
    let end = |temperature| open.then_some(Thermostat { temperature, friction: 1.3 });
    let force = Force {
        mean: 0.7,
        frequency: 1.3.into(),
        harmonics: vec![(1, Complex64::new(0.4, 0.1)), (2, Complex64::new(0.0, -0.2))],
    };
    let force = if open { force } else { Force::default() };
    let chain = Chain {
        topology,
        bonds,
        flip_rate: 0.6,
        left: end(2.0),
        right: end(1.0),
        force,
        general: None,
    };
    let wave = |i: usize, k: f64| (k * i as f64).sin();
    let (atoms, bonds) = (chain.atoms(), chain.bonds);
    let law = InitialLaw {
        mean_r: (0..bonds).map(|i| 0.5 + 0.3 * wave(i, 0.37)).collect(),
        mean_p: (0..atoms).map(|i| 0.4 * wave(i, 0.91)).collect(),
        var_r: (0..bonds).map(|i| 1.0 + 0.5 * wave(i, 0.23)).collect(),
        var_p: (0..atoms).map(|i| 1.2 + 0.5 * wave(i, 0.53)).collect(),
        covariance: None,
    };
    (chain, law)
}

/// The middle of a long chain at early times is the middle of a shorter one: nothing has come from
/// the ends. The shorter one is a single piece, the longer one is in several.
#[test]
fn pieces_of_a_long_chain_make_up_the_chain() {
    for topology in [Topology::Open, Topology::Ring] {
        let (chain, law) = long(topology, 3000);
        let times = [0.0, 0.3, 2.0, 20.0];
        let (pieces, _) =
            stencil::evolve(&chain, &law, &times, 1e-10, |_| false, &Default::default())
                .expect("it ends");
        // The last atoms, with the right end, or the first ones.
        let bonds = 140;
        let shift = 3000 - bonds;
        let (mut short, mut part) = long(Topology::Open, bonds);
        let from = |values: &[f64]| values[shift..].to_vec();
        (part.mean_r, part.mean_p) = (from(&law.mean_r), from(&law.mean_p));
        (part.var_r, part.var_p) = (from(&law.var_r), from(&law.var_p));
        (short.left, short.right, short.force) = (None, chain.right, chain.force.clone());
        if topology == Topology::Ring {
            // r_n lies to the left of p_n there.
            part.mean_r.remove(0);
            part.var_r.remove(0);
            short.bonds = bonds - 1;
        }
        let (whole, _) =
            stencil::evolve(&short, &part, &times, 1e-10, |_| false, &Default::default())
                .expect("it ends");
        let ring = topology == Topology::Ring;
        for (a, b) in pieces.iter().zip(&whole) {
            let allowed = a.errors.var_p + b.errors.var_p + a.errors.mean_p + b.errors.mean_p;
            assert!(allowed < 1e-9, "{allowed:e}");
            // Far from where the shorter chain was cut, at both ends of a ring.
            let (first, last) = (60, if ring { 80 } else { short.atoms() });
            for n in first..last {
                let pairs = [
                    (3000 + shift + n, short.bonds + n),
                    (shift + n, if ring { n - 1 } else { n }),
                ];
                for (long, short_place) in pairs {
                    if short_place == short.bonds {
                        continue;
                    }
                    for (x, y) in [
                        (a.moments.mean[long], b.moments.mean[short_place]),
                        (a.moments.variance[long], b.moments.variance[short_place]),
                    ] {
                        assert!(
                            (x - y).abs() <= allowed + 1e-13,
                            "{topology:?} τ {} atom {n}: {x} {y}",
                            a.moments.time.hi
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads_nor_on_the_other_outputs_of_a_step() {
    let (chain, law) = long(Topology::Open, 3000);
    let times: Vec<f64> = (1..40).map(|i| 0.1 * f64::from(i)).collect();
    let run = |threads: usize, times: &[f64]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            stencil::evolve(&chain, &law, times, 1e-9, |_| false, &Default::default())
                .expect("it ends")
                .0
        })
    };
    let alone = run(1, &times);
    assert!(run(3, &times) == alone);
    let few = run(2, &[times[10], times[38]]);
    assert!(few[0].moments == alone[10].moments && few[1].moments == alone[38].moments);
}
