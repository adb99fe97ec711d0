//! What is promised of error estimates: they bound the true error, at every tolerance, and are not
//! uselessly large (docs/accuracy.md).

mod agreement;
#[path = "error_estimates/cold.rs"]
mod cold;
#[allow(dead_code)]
mod reference;
#[path = "error_estimates/small.rs"]
mod small;

use agreement::{COLUMNS, columns};
use flipchain::chain::{Chain, Double, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{TimeScale, Topology};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::covariance::moments::{Moments, Solution};
use flipchain::solver::covariance::source::ErrorSource;
use flipchain::solver::evolve::{self, Method};
use flipchain::solver::observe::{self, Profile, relative_errors};
use flipchain::solver::steady;
use reference::Exact;
use reference::scenarios::{Scenario, scenario};
use std::fmt::Write;
use std::ops::Range;

const TOLERANCES: [f64; 5] = [1e-4, 1e-6, 1e-8, 1e-10, 1e-12];

/// One output: the largest estimate and the largest true error of its columns, and what is
/// reported, relative to the profiles' sizes.
struct Output {
    way: String,
    tolerance: f64,
    estimate: f64,
    error: f64,
    reported: f64,
    /// Whether the error is above some roundings of the largest energy.
    comparable: bool,
    /// The source of the largest part of the estimate.
    source: ErrorSource,
}

/// The least, some quantiles and the largest of ratios.
fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    let at = |part: f64| ratios[((ratios.len() - 1) as f64 * part) as usize];
    let [least, low, median, high, most] = [0.0, 0.1, 0.5, 0.9, 1.0].map(at);
    format!("least {least:.1}, 10 % {low:.0}, 50 % {median:.0}, 90 % {high:.0}, most {most:.0}")
}

#[derive(Default)]
struct Tally {
    outputs: Vec<Output>,
    exceeded: Vec<String>,
    /// Outputs whose estimate is above a tolerance that rounding does not stand in the way of.
    missed: Vec<String>,
    /// Evolutions that ended with an error.
    unanswered: Vec<String>,
}

/// What leaves at the right end of a homogeneous open chain.
fn exact_end(chain: &Chain, exact: &Exact) -> Option<f64> {
    (chain.topology == Topology::Open && chain.general.is_none()).then_some(exact.leaving)
}

/// The exact profiles.
fn exact_profile(chain: &Chain, time: Double, exact: &Exact) -> Profile {
    let moments = Moments {
        time,
        mean: exact.mean.to_vec(),
        variance: exact.covariance.diag().to_vec(),
        correlation: chain.left_correlations(exact.covariance.view()),
        inflow: Some(exact.inflow),
        leaving: exact_end(chain, exact),
        ..Default::default()
    };
    Profile::new(chain, &Solution { moments, ..Default::default() }, time.hi)
}

fn short(values: [f64; 8]) -> String {
    values.map(|v| format!("{v:.0e}")).join(" ")
}

impl Tally {
    fn compare(
        &mut self,
        place: &str,
        way: &str,
        tolerance: f64,
        found: &[Profile],
        exact: &[[Vec<f64>; 8]],
        [of_means, largest]: [f64; 2],
    ) {
        for ((profile, exact), reported) in found.iter().zip(exact).zip(relative_errors(found)) {
            let estimates = profile.errors.values();
            let mut most = 0.0f64;
            for (((name, found), exact), estimate) in
                COLUMNS.iter().zip(columns(profile)).zip(exact).zip(estimates)
            {
                let apart = found.iter().zip(exact).map(|(a, b)| (a - b).abs());
                let error =
                    apart.fold(0.0, |most: f64, x| if x > most || x.is_nan() { x } else { most });
                // Decayed values are not known better than to roundings of what they were.
                let size = if name.starts_with("mean_") { of_means } else { largest };
                let granted = estimate + 4.0 * f64::EPSILON * size;
                if error.is_nan() || estimate.is_nan() || error > granted {
                    let line = format!(
                        "{:.2}: {name} error {error:.2e}, estimate {estimate:.2e}, largest energy \
                         {largest:.2e}; {way} at {tolerance:.0e}, τ = {:.6e}, {place}",
                        error / estimate,
                        profile.time
                    );
                    // At once: a campaign is long.
                    println!("EXCEEDED {line}");
                    self.exceeded.push(line);
                }
                most = most.max(error);
            }
            if reported > tolerance && tolerance > 1e-9 {
                self.missed.push(format!(
                    "{way} at {tolerance:.0e}, τ = {:.3e}: {reported:.1e} reported, sizes {}, \
                     errors {}; {place}",
                    profile.time,
                    short(profile.sizes().values()),
                    short(estimates)
                ));
            }
            self.outputs.push(Output {
                way: way.into(),
                tolerance,
                estimate: agreement::largest(estimates),
                error: most,
                reported,
                comparable: most > 16.0 * f64::EPSILON * largest,
                source: observe::dominating_source(profile, &[1.0; _])
                    .unwrap_or(ErrorSource::Rounding),
            });
        }
    }

    fn evolution(&mut self, seed: u64, tolerances: &[f64]) {
        let scenario = scenario(seed);
        let (all, given) = (scenario.times(), scenario.given());
        let Scenario { chain, law, period, early, late, .. } = scenario;
        let exact = reference::moments(&chain, &law, period, &given);
        let exact: Vec<Profile> =
            all.iter().zip(&exact).map(|(&t, e)| exact_profile(&chain, t, e)).collect();
        let largest = agreement::largest(exact.iter().map(|p| p.sizes().energy));
        let exact: Vec<_> = exact.iter().map(columns).collect();
        let place = format!("scenario {seed}, N = {}, γ = {:.3e}", chain.bonds, chain.flip_rate);
        let contour = late.len() == 4 && evolve::contour::earliest(&chain).is_some();
        for (method, from, to) in [
            (
                Method::Auto,
                0,
                if contour || chain.flip_rate == 0.0 { all.len() } else { early.len() },
            ),
            (Method::Radau, 0, early.len()),
            (Method::Profiles, early.len(), all.len()),
        ] {
            if std::env::var("METHOD").is_ok_and(|only| only != format!("{method:?}")) {
                continue;
            }
            let times = &all[from..to];
            let plan = match evolve::plan(&chain, &law, times, method, method != Method::Profiles) {
                Ok(plan) => plan,
                // The profiles alone need flips and independent coordinates.
                Err(_) if method == Method::Profiles => continue,
                Err(reason) => panic!("{place}: {reason}"),
            };
            for &tolerance in tolerances {
                // The profiles' quadrature has some 10/γ nodes at every node of the contour,
                // whatever the length: minutes where flips are rare.
                if method == Method::Profiles
                    && (chain.flip_rate < 0.005 || chain.flip_rate < 0.03 && tolerance != 1e-8)
                {
                    continue;
                }
                let modal = Modal::new(&chain);
                let found = evolve::evolve(
                    &modal,
                    &law,
                    times,
                    &plan,
                    tolerance,
                    |_| false,
                    &Monitor::default(),
                );
                let solutions = match found {
                    Ok((solutions, _)) => solutions,
                    Err(e) => {
                        // At once, and on to the next: a campaign is long.
                        let line = format!("{place}, {method:?} at {tolerance:e}: {e}");
                        println!("NO ANSWER {line}");
                        self.unanswered.push(line);
                        continue;
                    }
                };
                let found: Vec<Profile> = solutions
                    .iter()
                    .zip(times)
                    .map(|(s, t)| Profile::new(&chain, s, t.hi))
                    .collect();
                self.compare(
                    &place,
                    &format!("{method:?}"),
                    tolerance,
                    &found,
                    &exact[from..to],
                    [largest; 2],
                );
            }
        }
    }

    /// The stationary state, or the averages over a period of the time-periodic one, by every way
    /// that serves.
    fn stationarity(&mut self, seed: u64) {
        let Scenario { chain, law, period, .. } = scenario(seed);
        let driven = chain.force != Force::default();
        let isolated = chain.left.is_none() && chain.right.is_none();
        if isolated && (driven || chain.flip_rate == 0.0) {
            return;
        }
        let top = chain.force.harmonics.last().map_or(0, |h| h.0 as usize);
        // All relaxation times are below 1e6; the products of the means have harmonics up to twice
        // the force's.
        let instants = reference::period(&chain, &law, period, 1e9, 2 * top + 1);
        let profiles: Vec<_> = instants
            .iter()
            .map(|(time, e)| columns(&exact_profile(&chain, (*time).into(), e)))
            .collect();
        let exact: [Vec<f64>; 8] = std::array::from_fn(|c| {
            let mean = |site: usize| {
                profiles.iter().map(|p| p[c][site]).sum::<f64>() / profiles.len() as f64
            };
            (0..chain.atoms()).map(mean).collect()
        });
        let largest = agreement::largest(exact[6].iter().copied());
        let place = format!("scenario {seed}, N = {}, γ = {:.3e}", chain.bonds, chain.flip_rate);
        let mut found = Vec::new();
        if isolated {
            found.push(("limit", steady::closed::isolated(&chain, &law, false)));
        } else if chain.flip_rate == 0.0 {
            found.push(("harmonic", steady::closed::harmonic(&chain, false)));
        } else {
            found.push((
                "modal",
                steady::periodic::covariance(&Modal::new(&chain), &[]).map(|found| found.0),
            ));
            if steady::profiles::serves(&chain) {
                found.push((
                    "kernel",
                    steady::profiles::profiles(&chain, &Monitor::default()).map(|found| found.0),
                ));
            }
        }
        for (way, state) in found {
            let state = state.unwrap_or_else(|e| panic!("{place}, steady by {way}: {e}"));
            let profile = observe::periodic::average(&chain, &state);
            self.compare(
                &place,
                &format!("steady {way}"),
                1e-9,
                &[profile],
                std::slice::from_ref(&exact),
                // The judge averages means as large as the root of an energy.
                [largest.sqrt(), largest],
            );
        }
    }

    /// Says what was found, and ends the test where an estimate is exceeded.
    fn judge(&self) {
        for way in ["Auto", "Radau", "Profiles", "steady"] {
            for tolerance in TOLERANCES {
                let of_way = |o: &&Output| o.way.starts_with(way) && o.tolerance == tolerance;
                let missed =
                    self.outputs.iter().filter(of_way).filter(|o| o.reported > tolerance).count();
                let compared = self.outputs.iter().filter(of_way).filter(|o| o.comparable);
                let ratios: Vec<f64> = compared.map(|o| o.estimate / o.error).collect();
                if ratios.is_empty() {
                    continue;
                }
                println!(
                    "{way} {tolerance:.0e}: {} of {} outputs, {missed} missed it; \
                     estimate/error: {}",
                    ratios.len(),
                    self.outputs.iter().filter(of_way).count(),
                    spread(ratios)
                );
            }
            for source in ErrorSource::ALL {
                let of_source =
                    |o: &&Output| o.way.starts_with(way) && o.comparable && o.source == source;
                let outputs = self.outputs.iter().filter(of_source);
                let ratios: Vec<f64> = outputs.map(|o| o.estimate / o.error).collect();
                if !ratios.is_empty() {
                    println!("{way}, {source}: {} outputs; {}", ratios.len(), spread(ratios));
                }
            }
        }
        println!(
            "{} columns beyond their estimates\n{}",
            self.exceeded.len(),
            self.exceeded.join("\n")
        );
        println!("{} outputs above their tolerance\n{}", self.missed.len(), self.missed.join("\n"));
        println!("{} without an answer\n{}", self.unanswered.len(), self.unanswered.join("\n"));
        assert!(self.exceeded.is_empty(), "{} columns beyond their estimates", self.exceeded.len());
        assert!(self.unanswered.is_empty(), "{} without an answer", self.unanswered.len());
    }

    /// The typical estimate is not uselessly large; of many scenarios, since a few may be any.
    fn judge_typical(&self) {
        let mut useless = Vec::new();
        for tolerance in TOLERANCES {
            let compared = self.outputs.iter().filter(|o| o.comparable && o.tolerance == tolerance);
            let mut spread: Vec<f64> = compared.map(|o| o.estimate / o.error).collect();
            spread.sort_by(f64::total_cmp);
            let median = spread.get(spread.len() / 2).copied().unwrap_or_default();
            if median > 300.0 {
                useless
                    .push(format!("at {tolerance:e} the typical estimate is {median:.0} errors"));
            }
        }
        assert!(useless.is_empty(), "{}", useless.join("; "));
    }
}

#[test]
fn the_estimate_bounds_the_true_error_over_random_scenarios_at_every_tolerance() {
    let mut tally = Tally::default();
    for seed in 0..10 {
        tally.evolution(seed, &TOLERANCES);
    }
    tally.judge();
}

/// Found by campaigns: stiff parts on which halving a step gains little, roundings of a strong
/// friction, residuals of the solves in one variance, a mean that vanishes where it was looked at,
/// an error that rotates between variances and correlations, residuals in the columns of the ends.
#[test]
fn what_was_beyond_its_estimate_once_is_within_it() {
    let mut tally = Tally::default();
    for seed in [1022, 2139, 3007, 3068, 8004, 8033] {
        tally.evolution(seed, &[1e-4, 1e-6, 1e-8]);
    }
    tally.judge();
}

#[test]
fn the_estimate_of_a_stationary_or_periodic_state_bounds_its_true_error() {
    let mut tally = Tally::default();
    (0..20).for_each(|seed| tally.stationarity(seed));
    tally.judge();
}

/// The scenarios of a campaign: SEEDS=0..500.
fn seeds() -> Range<u64> {
    let range = std::env::var("SEEDS").unwrap_or("0..500".into());
    let (from, to) = range.split_once("..").expect("SEEDS is a range such as 0..500");
    from.parse().expect("a number")..to.parse().expect("a number")
}

/// Every output goes to target/tmp/estimates-FROM-TO.csv, for the figure of docs/accuracy.md.
/// METHOD=Radau (or Auto, Profiles) leaves out the others.
#[test]
#[ignore = "takes about a minute for 20 scenarios"]
fn campaign_over_random_scenarios() {
    let (mut tally, seeds) = (Tally::default(), seeds());
    for seed in seeds.clone() {
        if seed % 10 == 0 {
            println!("scenario {seed}");
        }
        tally.evolution(seed, &TOLERANCES);
        if std::env::var("METHOD").is_err() {
            tally.stationarity(seed);
        }
    }
    let mut csv = String::from("way,tolerance,estimate,error,comparable,source\n");
    for o in &tally.outputs {
        let _ = writeln!(
            csv,
            "{},{:e},{:e},{:e},{},{}",
            o.way,
            o.tolerance,
            o.estimate,
            o.error,
            u8::from(o.comparable),
            o.source
        );
    }
    let file =
        format!("{}/estimates-{}-{}.csv", env!("CARGO_TARGET_TMPDIR"), seeds.start, seeds.end);
    std::fs::write(file, csv).expect("the target directory is writable");
    tally.judge();
    tally.judge_typical();
}
