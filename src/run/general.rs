//! `steady` and `evolve` of chains whose coefficients depend on the site.

use super::answer::Run;
use super::describe::{self, counted};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::{Error, Options};
use crate::chain::Chain;
use crate::cost::{self, Cost};
use crate::general::stationary::{Stationary, stationary};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
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
