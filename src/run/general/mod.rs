//! `steady` and `evolve` ([`evolution`]) of chains whose coefficients depend on the site.

mod evolution;

pub(super) use evolution::plan_evolve;

use super::answer::Run;
use super::describe::{self, counted};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::{Error, Options, TwoTime};
use crate::chain::{Chain, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::literal::Literal;
use crate::general::covariance::{self, Covariance};
use crate::general::mean::{constant_forces, forces_of};
use crate::general::stationary::{Stationary, stationary};
use crate::general::{Model, literal};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::observe::Profile;
use crate::observe::identities::Identity;
use crate::observe::series::Totals;
use crate::scenario::Topology;
use crate::steady::SteadyError;
use serde_json::json;

/// The error of a question that has no answer for these chains.
fn refuse(what: &str, reason: &str) -> Error {
    Error::argument(what, format!("{reason}; this chain's coefficients depend on the site"))
}

/// Frequencies of both rules.
fn nodes_of_both(bonds: usize) -> f64 {
    2.25 * (300.0 + 60.0 * (bonds as f64).log2())
}

/// The cost of the profiles in the long run: some 800 nodes, each kept twice; the weaker the flips,
/// the more iterations (fitted to γ = 0.1 to 10 at N = 10⁴ and 10⁵).
pub(super) fn cost_of_profiles(model: &Model, bonds: usize) -> Cost {
    let nodes = nodes_of_both(bonds) / 2.25;
    let sites = bonds as f64 + 1.0;
    Cost {
        bytes: (16.0 * nodes * sites).min(1.2e9) + 4000.0 * sites,
        seconds: 0.23e-6 * (1.0 + 0.21 / model.least_damping()).min(20.0) * nodes * sites,
    }
}

/// Whether `steady` by this method solves the literal moment equations.
fn is_literal(method: Method, ring: bool) -> Result<bool, Error> {
    Ok(match method {
        Method::Auto => ring,
        Method::Profiles if !ring => false,
        Method::Literal => true,
        method if ring => {
            let reason = format!("found {method}; allowed: literal, on a ring");
            return Err(refuse("method", &reason));
        }
        method => {
            let reason = format!("found {method}; allowed: profiles, literal (a short chain)");
            return Err(refuse("method", &reason));
        }
    })
}

/// The method and the cost of `steady`, without solving.
pub(super) fn plan_steady<'a>(
    chain: &'a Chain,
    law: Option<&'a InitialLaw>,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    let keeps = options.covariance.any();
    let literal = is_literal(options.method, chain.topology == Topology::Ring)?;
    if options.phases > 0 {
        return Err(refuse("phases", "found phases; allowed: none, averages over a period alone"));
    }
    let two_time = options.two_time.clone();
    if let Some(asked) = &two_time {
        asked.check(chain, law)?;
    }
    if literal {
        return plan_literal(chain, law, options);
    }
    let model = Model::new(chain);
    let more = two_time.as_ref().map_or(Cost::default(), |asked| asked.cost(chain));
    let cost_of = |bonds: usize| {
        let share = bonds as f64 / chain.bonds as f64;
        let more = Cost { bytes: share * more.bytes, seconds: share * more.seconds };
        let mut cost = cost_of_profiles(&model, bonds).then(more);
        if keeps {
            cost = cost.then(covariance::cost(&model, bonds, nodes_of_both(bonds)));
        }
        cost.of_program(bonds + 1, 1, cost::PROFILES_FIGURE, 1)
    };
    let reason = match keeps {
        true => {
            "the response of every atom by continued fractions, O(N) a frequency; with the \
             covariance O(N²)"
        }
        false => "the response of every atom by continued fractions, O(N) a frequency",
    };
    let single = options.single_precision;
    let plan = Plan {
        task: Task::Steady,
        method: Method::Profiles,
        ways: vec![(0..1, Way::Stationary)],
        reason: reason.into(),
        cost: cost_of(chain.bonds),
        covariance_bytes: cost::of_written_covariances(chain, usize::from(keeps), single),
        bonds: chain.bonds,
        saving: if keeps { Saving::ProfilesAlone } else { Saving::FewerBonds },
    };
    let of_task = json!({
        "covariance": keeps, "single": single, "phases": 0,
        "two_time": two_time.as_ref().map(TwoTime::request),
    });
    let tolerance = options.tolerance;
    let solve = move |record: Record, monitor: &Monitor| {
        let parts =
            1.0 + if keeps { 4.0 } else { 0.0 } + if two_time.is_some() { 1.0 } else { 0.0 };
        let found = stationary(chain, &monitor.part(0.0, 1.0 / parts))?;
        let covariance = match keeps {
            true => {
                let part = monitor.part(1.0 / parts, 5.0 / parts);
                Some(covariance::covariance(&Model::new(chain), &found, &part)?)
            }
            false => None,
        };
        let later = monitor.part(1.0 - 1.0 / parts, 1.0);
        let correlations = two_time
            .map(|asked| asked.solve(chain, law, Some(&found), tolerance, &later))
            .transpose()?;
        let run = steady_answer(chain, record, found, covariance);
        Ok(Run { correlations, single_precision: single, ..run })
    };
    Prepared::new(plan, options, chain, of_task, |bonds| cost_of(bonds).bytes, solve)
}

/// Refuses a chain that is too long for the literal operator.
fn fits_literal(chain: &Chain, what: &str) -> Result<(), Error> {
    Literal::fits(chain.bonds).map_err(|_| {
        let most = (1..chain.bonds).take_while(|&bonds| Literal::fits(bonds).is_ok()).count();
        let others = match (chain.topology, what) {
            (Topology::Open, _) => "the profiles alone have no such bound",
            (Topology::Ring, "covariance") => "evolve leads to the long run of a longer ring",
            (Topology::Ring, _) => "the exponential has no such bound",
        };
        let reason = format!(
            "found {} bonds; allowed with the literal operator: up to {most} ({others})",
            chain.bonds
        );
        refuse(what, &reason)
    })
}

/// The covariance in the long run, of a short chain.
fn plan_literal<'a>(
    chain: &'a Chain,
    law: Option<&'a InitialLaw>,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    let what = match (options.method, chain.topology) {
        (Method::Literal, _) => "method",
        (_, Topology::Ring) => "chain.bonds",
        _ => "covariance",
    };
    fits_literal(chain, what)?;
    if forces_of(chain).iter().any(|force| !force.harmonics.is_empty()) {
        let reason = "found a force that oscillates; allowed with the literal operator: constant";
        return Err(refuse(what, reason));
    }
    if Model::new(chain).thermostats().next().is_none() {
        return Err(SteadyError::NeedsThermostat("a chain with coefficients".into()).into());
    }
    let stretched = literal::keeps_length(chain);
    if stretched {
        let reason = "a ring without pinning keeps its length, Σ r, and its variance, which are \
                      those of the initial law";
        law.ok_or_else(|| Error::key("initial", reason))?.check(chain)?;
    }
    let keeps = options.covariance.any();
    let cost_of =
        |bonds: usize| Literal::cost(bonds, 1.0).of_program(bonds + 1, 1, cost::PROFILES_FIGURE, 1);
    let single = options.single_precision;
    let plan = Plan {
        task: Task::Steady,
        method: Method::Literal,
        ways: vec![(0..1, Way::Stationary)],
        reason: match stretched {
            true => {
                "the literal operator, factorized; the length of the ring is that of the initial \
                 law"
            }
            false => "the literal operator, factorized",
        }
        .into(),
        cost: cost_of(chain.bonds),
        covariance_bytes: cost::of_written_covariances(chain, usize::from(keeps), single),
        bonds: chain.bonds,
        saving: Saving::ProfilesAlone,
    };
    let (tolerance, two_time) = (options.tolerance, options.two_time.clone());
    let of_task = json!({
        "covariance": keeps, "single": single, "phases": 0,
        "two_time": two_time.as_ref().map(TwoTime::request),
    });
    let solve = move |record: Record, monitor: &Monitor| {
        let found = literal::stationary(chain, law)?;
        let keys = json!({
            "method": Method::Literal,
            "method_reason": record.plan.reason,
            "solves": 1,
            "iterations": 0,
            "residual": found.residual,
        });
        let line = format!("{}\nstationary state\n{}", describe::chain(chain), record.plan.reason);
        let series = vec![Totals::stationary(chain, &found.profile)];
        let identities = vec![closure(chain, &found.profile)];
        let covariances = match keeps {
            true => vec![(f64::INFINITY, found.mean, found.covariance)],
            false => vec![],
        };
        let counts = format!("one solve, residual {:.1e}", found.residual);
        let correlations =
            two_time.map(|asked| asked.solve(chain, law, None, tolerance, monitor)).transpose()?;
        let run =
            Run::new(record, chain, vec![found.profile], identities, keys, line).started_from(law);
        Ok(Run { series, counts, covariances, correlations, single_precision: single, ..run })
    };
    Prepared::new(plan, options, chain, of_task, |bonds| cost_of(bonds).bytes, solve)
}

/// The balance of the stationary state: the energy that enters at thermostats and by forces adds
/// up to zero.
fn closure(chain: &Chain, profile: &Profile) -> Identity {
    let model = Model::new(chain);
    let (mut sum, mut size) = (0.0, 0.0);
    for n in model.thermostats() {
        let square = (profile.var_p[n] + profile.mean_p[n].powi(2)) / model.mass[n];
        sum += model.friction[n] * (model.temperature[n] - square);
        size += model.friction[n] * (model.temperature[n] + square);
    }
    for (n, force) in constant_forces(chain).into_iter().enumerate() {
        sum += force * profile.mean_p[n] / model.mass[n];
    }
    let violation = if sum == 0.0 { 0.0 } else { sum.abs() / size };
    let name = "what enters leaves: one current through all bonds";
    Identity { name, violation, site: None, time: f64::INFINITY }
}

fn steady_answer(
    chain: &Chain,
    record: Record,
    found: Stationary,
    covariance: Option<Covariance>,
) -> Run {
    let counts = format!(
        "{}, {}, residual {:.1e}",
        counted(found.quadrature.nodes.len(), "frequency"),
        counted(found.iterations, "iteration"),
        found.residual
    );
    let keys = json!({
        "method": Method::Profiles,
        "method_reason": counts,
        "solves": found.quadrature.nodes.len(),
        "iterations": found.iterations,
        "residual": found.residual,
        "covariance_error": covariance.as_ref().map(|found| found.error),
    });
    let line = format!("{}\nstationary state\n{}", describe::chain(chain), record.plan.reason);
    let series = vec![Totals::stationary(chain, &found.profile)];
    let identities = Identity::worst(found.identities);
    let of_profile = |found: Covariance| (f64::INFINITY, found.mean, found.matrix);
    let covariances = covariance.into_iter().map(of_profile).collect();
    let run = Run::new(record, chain, vec![found.profile], identities, keys, line);
    Run { series, counts, covariances, ..run }
}
