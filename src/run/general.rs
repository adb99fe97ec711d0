//! `steady` and `evolve` of chains whose coefficients depend on the site.

use super::answer::Run;
use super::describe::{self, counted};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::{Error, Options, Times};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::general::exponential;
use crate::general::profile::LocalErrors;
use crate::general::stationary::{Stationary, stationary};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use crate::observe::identities::Identity;
use crate::observe::series::Totals;
use serde_json::json;

/// What is not answered for these chains.
fn refuse(what: &str, reason: &str) -> Error {
    Error::argument(what, format!("{reason}; this chain's coefficients depend on the site"))
}

/// What the profiles in the long run cost: some 800 nodes, each kept twice.
fn cost_of_profiles(bonds: usize) -> Cost {
    let nodes = 300.0 + 60.0 * (bonds as f64).log2();
    let sites = bonds as f64 + 1.0;
    Cost {
        bytes: (16.0 * nodes * sites).min(1.2e9) + 4000.0 * sites,
        seconds: 1.2e-6 * nodes * sites,
    }
}

/// The method and the cost of `steady`, without solving.
pub(super) fn plan_steady<'a>(
    chain: &'a Chain,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    match options.method {
        Method::Auto | Method::Profiles => {}
        method => return Err(refuse("method", &format!("found {method}; allowed: profiles"))),
    }
    if options.phases > 0 {
        return Err(refuse("phases", "found phases; allowed: none, averages over a period alone"));
    }
    if options.two_time.is_some() {
        return Err(refuse("of", "found correlations at two times; allowed: none"));
    }
    if options.covariance.any() {
        return Err(refuse("covariance", "found a covariance in the long run; allowed: none"));
    }
    let cost_of =
        |bonds: usize| cost_of_profiles(bonds).of_program(bonds + 1, 1, cost::PROFILES_FIGURE, 1);
    let plan = Plan {
        task: Task::Steady,
        method: Method::Profiles,
        ways: vec![(0..1, Way::Stationary)],
        reason: "the response of every atom by continued fractions, O(N) a frequency".into(),
        cost: cost_of(chain.bonds),
        bonds: chain.bonds,
        saving: Saving::FewerProfiles,
    };
    let of_task = json!({ "covariance": false, "single": false, "phases": 0, "two_time": null });
    let solve = move |record: Record, monitor: &Monitor| {
        Ok(steady_answer(chain, record, stationary(chain, monitor)?))
    };
    Prepared::new(plan, options, chain, of_task, |bonds| cost_of(bonds).bytes, solve)
}

fn steady_answer(chain: &Chain, record: Record, found: Stationary) -> Run {
    let counts = format!(
        "{}, {}, residual {:.1e}",
        counted(found.nodes, "frequency"),
        counted(found.iterations, "iteration"),
        found.residual
    );
    let keys = json!({
        "method": Method::Profiles,
        "method_reason": counts,
        "solves": found.nodes,
        "iterations": found.iterations,
        "residual": found.residual,
    });
    let line = format!("{}\nstationary state\n{}", describe::chain(chain), record.plan.reason);
    let series = vec![Totals::stationary(chain, &found.profile)];
    let identities = Identity::worst(found.identities);
    let run = Run::new(record, chain, vec![found.profile], identities, keys, line);
    Run { series, counts, ..run }
}

/// The method and the cost of `evolve`, without evolving.
pub(super) fn plan_evolve<'a>(
    chain: &'a Chain,
    law: &'a InitialLaw,
    times: &Times,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    match options.method {
        Method::Auto | Method::Stencil => {}
        method => return Err(refuse("method", &format!("found {method}; allowed: stencil"))),
    }
    if options.modes {
        return Err(refuse(
            "modes",
            "found modes; allowed: none, they are the homogeneous chain's",
        ));
    }
    let kept = options.covariance.of(&times.values)?;
    let held = kept.iter().filter(|&&kept| kept).count();
    let last = |chain: &Chain| times.on(chain).last().map_or(0.0, |time| time.hi);
    let (updates, bytes) = exponential::expected(chain, law, last(chain));
    let outputs = times.values.len();
    let cost_of = |updates: f64, bytes: f64, sites: f64| {
        let covariances = (held as f64 + 1.0) * 8.0 * (2.0 * sites).powi(2);
        let bytes = bytes + if held > 0 { covariances } else { 0.0 };
        let cost = Cost { bytes, seconds: 2.5e-9 * updates };
        cost.of_program(sites as usize, outputs, cost::PROFILES_FIGURE, 1)
    };
    let atoms = chain.atoms() as f64;
    let plan = Plan {
        task: Task::Evolve,
        method: Method::Stencil,
        ways: vec![(0..outputs, Way::Stencil)],
        reason: "the exponential of the moment equations, by the diagonals of the covariance"
            .into(),
        cost: cost_of(updates, bytes, atoms),
        bonds: chain.bonds,
        saving: if held > 0 { Saving::FewerCovariances } else { Saving::FewerOutputs },
    };
    let single = options.single_precision;
    let of_task = json!({ "covariance": kept, "single": single, "modes": false });
    let asked = times.clone();
    let solve = move |record: Record, monitor: &Monitor| {
        let monitor = monitor.clone().per(chain.time_unit(asked.scale));
        let at = asked.on(chain);
        let tolerance = record.tolerance;
        let found = exponential::evolve(chain, law, &at, tolerance, |i| kept[i], &monitor)?;
        drop(monitor);
        let run = evolve_answer(chain, law, record, &asked, found);
        Ok(Run { single_precision: single, ..run })
    };
    let bytes_at = |bonds: usize| {
        let share = (bonds as f64 + 1.0) / atoms;
        cost_of(updates * share, bytes * share * share, bonds as f64 + 1.0).bytes
    };
    let prepared = Prepared::new(plan, options, chain, of_task, bytes_at, solve)?;
    Ok(prepared.at_times(chain, times))
}

fn evolve_answer(
    chain: &Chain,
    law: &InitialLaw,
    record: Record,
    times: &Times,
    found: Vec<exponential::Output>,
) -> Run {
    let start = exponential::initial(chain, law).profile(
        chain,
        Double::default(),
        0.0,
        LocalErrors::default(),
    );
    let steps = found.last().map_or(0, |output| output.steps);
    let (mut profiles, mut series, mut covariances) = (vec![], vec![], vec![]);
    for (output, &t) in found.into_iter().zip(&times.values) {
        let profile = output.local.profile(chain, output.time, t, output.errors);
        series.push(Totals::of_general(chain, &start, &profile, &output.integrals));
        if let Some((mean, covariance)) = output.kept {
            covariances.push((t, mean, covariance));
        }
        profiles.push(profile);
    }
    let largest = largest_of(profiles.iter().chain([&start]).flat_map(|p| p.energy()));
    let balance = |totals: &Totals| {
        let [_, _, energy, work, _, left, right] = totals.values.map(|x| x.map_or(0.0, |x| x.0));
        let others = totals.others.map_or(0.0, |x| x.0);
        let before: f64 = start.energy().iter().sum();
        let gained = work + left + right + others;
        let size = [before, energy, work, left, right, others, largest];
        let size = largest_of(size);
        let violation = match (energy - before - gained).abs() {
            0.0 => 0.0,
            missing => missing / size,
        };
        let name = "balance of the energy";
        Identity { name, violation, site: None, time: totals.time }
    };
    let identities = Identity::worst(series.iter().map(balance));
    let keys = json!({
        "method": Method::Stencil,
        "method_reason": record.plan.reason,
        "steps": steps,
        "rejected": 0,
        "contour_nodes": 0,
        "solves": 0,
        "modes_error_estimates": null,
    });
    let line = format!(
        "{}\n{}\n{}",
        describe::chain(chain),
        describe::times(times, chain),
        record.plan.reason
    );
    let counts = counted(steps, "step");
    let run = Run::new(record, chain, profiles, identities, keys, line);
    Run { series, covariances, counts, ..run }
}
