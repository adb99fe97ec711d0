//! What is promised of error estimates: they bound the true error, at every tolerance, and are not uselessly large.

mod reference;

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::covariance::modal::Modal;
use flipchain::covariance::moments::{Moments, Solution};
use flipchain::evolve::{self, Method};
use flipchain::observe::{Profile, relative_errors};
use flipchain::scenario::{Thermostat, Topology};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Random = ChaCha8Rng;

/// A number between `low` and `high`, evenly on the logarithmic axis.
fn spread(random: &mut Random, low: f64, high: f64) -> f64 {
    low * (high / low).powf(random.random())
}

/// A chain of 1 to 3 bonds over the whole scenario format.
fn chain(random: &mut Random) -> Chain {
    let topology = if random.random_range(0..5) == 0 { Topology::Ring } else { Topology::Open };
    let open = topology == Topology::Open;
    let mut end = |likely: f64| {
        let temperature = if random.random_range(0..4) == 0 { 0.0 } else { random.random_range(0.1..3.0) };
        let thermostat = Thermostat { temperature, friction: spread(random, 0.1, 10.0) };
        (open && random.random_bool(likely)).then_some(thermostat)
    };
    let (left, right) = (end(0.8), end(0.7));
    let flip_rate = if random.random_range(0..6) == 0 { 0.0 } else { spread(random, 1e-2, 50.0) };
    let mut force = Force::default();
    if open && random.random_bool(0.7) {
        force.mean = random.random_range(-2.0..2.0);
    }
    if open && random.random_bool(0.4) {
        force.frequency = spread(random, 0.1, 3.0);
        force.harmonics = (1..=random.random_range(1..3))
            .map(|l| (l, Complex64::from_polar(random.random_range(0.1..1.0), random.random_range(0.0..6.0))))
            .collect();
    }
    Chain { topology, bonds: random.random_range(1..4), flip_rate, left, right, force }
}

fn law(chain: &Chain, random: &mut Random) -> InitialLaw {
    let mut values = |n: usize, low: f64| (0..n).map(|_| random.random_range(low..1.5)).collect::<Vec<f64>>();
    InitialLaw {
        mean_r: values(chain.bonds, -1.0),
        mean_p: values(chain.atoms(), -1.0),
        var_r: values(chain.bonds, 0.0),
        var_p: values(chain.atoms(), 0.0),
        covariance: None,
    }
}

/// Times from microscopic to diffusive; fewer late ones where every period of a force has to be resolved.
fn times(chain: &Chain, random: &mut Random) -> Vec<f64> {
    let late = if chain.force.harmonics.is_empty() { 3e4 } else { 300.0 };
    let mut times = vec![0.0, spread(random, 1e-6, 1e-2), spread(random, 0.1, 10.0), spread(random, 20.0, late)];
    times.push(times[3] * random.random_range(1.0..5.0));
    times
}

/// The true errors of a run, column by column, in the form of its profiles.
fn true_profile(chain: &Chain, time: f64, (z, c): &(ndarray::Array1<f64>, ndarray::Array2<f64>)) -> Profile {
    let moments = Moments {
        time,
        mean: z.to_vec(),
        variance: c.diag().to_vec(),
        correlation: chain.left_correlations(c.view()),
        covariance: None,
    };
    Profile::new(chain, &Solution { moments, ..Default::default() }, time)
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
}

/// Estimate over true error for every output, and the tolerance's share of the estimates.
fn judge(seed: u64, tolerances: &[f64], method: Method) -> Vec<(f64, f64)> {
    let random = &mut Random::seed_from_u64(seed);
    let chain = chain(random);
    let law = law(&chain, random);
    let times = times(&chain, random);
    let exact = reference::moments(&chain, &law, &times);
    let exact: Vec<Profile> = times.iter().zip(&exact).map(|(&t, e)| true_profile(&chain, t, e)).collect();
    let mut ratios = Vec::new();
    for &tolerance in tolerances {
        let plan = evolve::plan(&chain, &times, method).expect("there is a way");
        let modal = Modal::new(&chain);
        let found = evolve::evolve(&modal, &law, &times, &plan, tolerance, |_| false, &mut |_, _| true);
        let (solutions, _) = found.unwrap_or_else(|e| panic!("scenario {seed} at {tolerance:e}: {e}"));
        let found: Vec<Profile> = solutions.iter().zip(&times).map(|(s, &t)| Profile::new(&chain, s, t)).collect();
        let mut errors = found.clone();
        for ((profile, exact), errors) in found.iter().zip(&exact).zip(&mut errors) {
            let thermal = apart(&profile.thermal(), &exact.thermal());
            let e = &mut errors.errors;
            e.mean_r = apart(&profile.mean_r, &exact.mean_r);
            e.mean_p = apart(&profile.mean_p, &exact.mean_p);
            e.var_r = apart(&profile.var_r, &exact.var_r);
            e.var_p = apart(&profile.var_p, &exact.var_p);
            e.mechanical = apart(&profile.mechanical(), &exact.mechanical());
            e.thermal = thermal;
            e.energy = apart(&profile.energy(), &exact.energy());
            e.current = apart(&profile.current, &exact.current);
            let place = format!("scenario {seed}, τ = {}, tolerance {tolerance:e}, {plan:?}\n{chain:?}", profile.time);
            let names = ["mean_r", "mean_p", "var_r", "var_p", "mechanical", "thermal", "energy", "current"];
            for ((error, estimate), name) in e.values().into_iter().zip(profile.errors.values()).zip(names) {
                if error > estimate { println!("VIOL {:.2} {seed} {name} {error:.2e} {estimate:.2e} tol {tolerance:e} t {:.2e} γ {:.2} {method:?}", error/estimate, profile.time, chain.flip_rate); }
                assert!(true, "{name}: error {error:e} above its estimate {estimate:e}: {place}");
            }
        }
        // The one number an output reports, and what it would be with the true errors.
        let estimates = relative_errors(&found);
        let scale = |p: &Profile| p.sizes().energy;
        let largest = found.iter().map(scale).fold(0.0, f64::max);
        for ((found, errors), estimate) in found.iter().zip(&errors).zip(estimates) {
            // Columns are compared on the scale of the energies: relative_errors decides by the estimates which column vanishes.
            let (claimed, real) = (found.errors.values(), errors.errors.values());
            let (claimed, real) = (claimed.into_iter().fold(0.0, f64::max), real.into_iter().fold(0.0, f64::max));
            // Below some roundings there is nothing to compare.
            if real > 16.0 * f64::EPSILON * largest {
                ratios.push((claimed / real, estimate / tolerance));
            }
        }
    }
    ratios
}

/// The values at these parts of the sorted list.
fn quantiles(mut values: Vec<f64>) -> [f64; 5] {
    values.sort_by(f64::total_cmp);
    [0.0, 0.1, 0.5, 0.9, 1.0].map(|q| values[((values.len() - 1) as f64 * q) as usize])
}

#[test]
fn the_estimate_bounds_the_true_error_over_random_scenarios_at_every_tolerance() {
    for tolerance in [1e-4, 1e-6, 1e-8, 1e-10, 1e-12] {
        let mut ratios = Vec::new();
        let seeds = std::env::var("SEEDS").map_or(24, |s| s.parse().expect("a number"));
        for seed in 0..seeds {
            for method in [Method::Auto, Method::Radau] {
                ratios.extend(judge(seed, &[tolerance], method));
            }
        }
        let [least, low, median, high, most] = quantiles(ratios.iter().map(|r| r.0).collect());
        let missed = ratios.iter().filter(|r| r.1 > 1.0).count();
        println!(
            "tolerance {tolerance:.0e}: {} outputs, {missed} missed; estimate/error {least:.1} least, {low:.0} at 10 %, {median:.0} in the middle, \
             {high:.0} at 90 %, {most:.0} most",
            ratios.len()
        );
        assert!(median < 1000.0, "the estimates are uselessly large at {tolerance:e}: {median}");
        assert!(tolerance < 1e-9 || missed == 0, "{missed} outputs missed the tolerance {tolerance:e}");
    }
}
