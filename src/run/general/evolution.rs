//! `evolve` of chains whose coefficients depend on the site.

use super::super::answer::Run;
use super::super::describe::{self, counted};
use super::super::plan::{Plan, Prepared, Record, Saving, Way};
use super::super::{Error, Options, Times};
use super::{fits_literal, refuse};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::general::exponential::Output;
use crate::general::profile::LocalErrors;
use crate::general::ways::Ways;
use crate::general::{contour, law};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::numerics::double_double::rounded;
use crate::numerics::vector::largest_of;
use crate::observe::identities::Identity;
use crate::observe::series::Totals;
use crate::scenario::Topology;
use serde_json::json;
use std::ops::Range;

/// The method and the cost of `evolve`, without evolving.
pub(in crate::run) fn plan_evolve<'a>(
    chain: &'a Chain,
    law: &'a InitialLaw,
    times: &Times,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    let refused = |what: &str| refuse("method", &format!("found {}; {what}", options.method));
    let served = contour::earliest(chain, law);
    match (options.method, &served) {
        (Method::Auto | Method::Stencil, _) | (Method::Profiles, Ok(_)) => {}
        (Method::Literal, _) => fits_literal(chain, "method")?,
        (Method::Profiles, Err(reason)) => {
            return Err(refused(&format!("{reason}; allowed: stencil, literal (a short chain)")));
        }
        (_, Err(_)) if chain.topology == Topology::Ring => {
            return Err(refused("allowed: stencil, literal (a short ring)"));
        }
        _ => return Err(refused("allowed: stencil, profiles, literal (a short chain)")),
    }
    if options.modes {
        return Err(refuse(
            "modes",
            "found modes; allowed: none, they are the homogeneous chain's",
        ));
    }
    let kept = options.covariance.of(&times.values)?;
    let held = kept.iter().filter(|&&kept| kept).count();
    let outputs = times.values.len();
    let microscopic = rounded(&times.on(chain));
    let kept_until = kept.iter().rposition(|&kept| kept).map_or(0, |last| last + 1);
    let (method_asked, tolerance) = (options.method, options.tolerance);
    let ways = Ways::new(chain, law, &microscopic, kept_until, method_asked, tolerance, served);
    let cost_of = |chain: &Chain, law: &InitialLaw| {
        let at = rounded(&times.on(chain));
        let cost = ways.cost(chain, law, &at, options.tolerance);
        let covariances = (held as f64 + 1.0) * 8.0 * (2.0 * chain.atoms() as f64).powi(2);
        let bytes = cost.bytes + if held > 0 { covariances } else { 0.0 };
        Cost { bytes, ..cost }.of_program(chain.atoms(), outputs, cost::PROFILES_FIGURE, 1)
    };
    let cost = cost_of(chain, law);
    let single = options.single_precision;
    let plan = Plan {
        task: Task::Evolve,
        method: ways.method(outputs),
        ways: list(ways, outputs),
        reason: reason(ways, outputs),
        cost,
        covariance_bytes: cost::of_written_covariances(chain, held, single),
        bonds: chain.bonds,
        saving: if held > 0 { Saving::FewerCovariances } else { Saving::FewerOutputs },
    };
    let of_task = json!({ "covariance": kept, "single": single, "modes": false });
    let asked = times.clone();
    let expected = cost.bytes;
    let solve = move |record: Record, monitor: &Monitor| {
        let monitor = monitor.clone().per(chain.time_unit(asked.scale));
        let at = asked.on(chain);
        let found = ways.evolve(chain, law, &at, record.tolerance, |i| kept[i], &monitor)?;
        drop(monitor);
        let run = evolve_answer(chain, law, record, &asked, found).started_from(Some(law));
        Ok(Run { single_precision: single, ..run })
    };
    // The memory of a chain of another length: the parts grow as N and, of diagonals, as N².
    let bytes_at = |bonds: usize| expected * (bonds as f64 / chain.bonds as f64).powi(2);
    let prepared = Prepared::new(plan, options, chain, of_task, bytes_at, solve)?;
    Ok(prepared.at_times(chain, times))
}

fn list(ways: Ways, outputs: usize) -> Vec<(Range<usize>, Way)> {
    let Ways::Until(from) = ways else { return vec![(0..outputs, Way::Steps)] };
    let all = [(0..from, Way::Stencil), (from..outputs, Way::Profiles)];
    all.into_iter().filter(|(outputs, _)| !outputs.is_empty()).collect()
}

fn reason(ways: Ways, outputs: usize) -> String {
    let stencil = "the exponential of the moment equations, by the diagonals of the covariance";
    let contour = "a contour of shifted solves for the profiles alone, O(N) a node";
    match ways {
        Ways::Literal => "Radau IIA steps of the literal operator".into(),
        Ways::Until(0) => contour.into(),
        Ways::Until(from) if from == outputs => stencil.into(),
        Ways::Until(from) => format!("{stencil}, for {}; then {contour}", counted(from, "output")),
    }
}

fn evolve_answer(
    chain: &Chain,
    law: &InitialLaw,
    record: Record,
    times: &Times,
    found: [Vec<Output>; 2],
) -> Run {
    let start =
        law::initial(chain, law).profile(chain, Double::default(), 0.0, LocalErrors::default());
    let [steps, nodes] =
        [0, 1].map(|part| found[part].last().map_or(0, |output: &Output| output.steps));
    let (mut profiles, mut series, mut covariances) = (vec![], vec![], vec![]);
    for (output, &t) in found.into_iter().flatten().zip(&times.values) {
        let Output { local, time, errors, parts, .. } = &output;
        let profile = local.profile_of(chain, *time, t, *errors, parts);
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
        "method": record.plan.method,
        "method_reason": record.plan.reason,
        "steps": steps,
        "rejected": 0,
        "contour_nodes": nodes,
        "solves": nodes,
        "modes_error_estimates": null,
    });
    let line = format!(
        "{}\n{}\n{}",
        describe::chain(chain),
        describe::times(times, chain),
        record.plan.reason
    );
    let counts = match (steps, nodes) {
        (_, 0) => counted(steps, "step"),
        (0, _) => counted(nodes, "contour node"),
        _ => format!("{}, {}", counted(steps, "step"), counted(nodes, "contour node")),
    };
    let run = Run::new(record, chain, profiles, identities, keys, line);
    Run { series, covariances, counts, ..run }
}
