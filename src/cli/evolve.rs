//! `flipchain evolve`: time evolution, profiles at every output time.

use super::expected;
use super::run::{Findings, Run};
use super::{CovarianceArgs, Error, RunArgs};
use crate::chain::{Chain, Double, InitialError, InitialLaw};
use crate::cost;
use crate::covariance::moments::Solution;
use crate::covariance::{literal::Literal, modal::Modal};
use crate::evolve::radau::{self, EvolveError};
use crate::evolve::{self, Method};
use crate::figures::Outputs;
use crate::observe::Profile;
use crate::observe::identities::{self, Identity};
use crate::observe::phonons;
use crate::scenario::TimeScale;
use serde_json::json;

/// Arguments of `flipchain evolve`.
#[derive(Debug, clap::Args)]
pub struct EvolveArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Which output times (as the scenario gives them) the covariance is written at; all if left
    /// out
    #[arg(long, value_name = "T,T,..", value_delimiter = ',', requires = "covariance")]
    covariance_times: Vec<f64>,
    /// Write the energies of the chain's modes (phonons) to modes.csv
    #[arg(long)]
    modes: bool,
}

impl From<InitialError> for Error {
    fn from(error: InitialError) -> Error {
        Error::BadInput(error.to_string())
    }
}

impl From<EvolveError> for Error {
    fn from(error: EvolveError) -> Error {
        match error {
            EvolveError::Interrupted(_) => Error::Interrupted,
            other => Error::Failed(other.to_string()),
        }
    }
}

impl EvolveArgs {
    /// Which outputs keep their covariance.
    fn kept(&self, times: &[f64]) -> Result<Vec<bool>, Error> {
        let all = self.covariance.covariance && self.covariance_times.is_empty();
        if let Some(t) = self.covariance_times.iter().find(|t| !times.contains(t)) {
            return Err(Error::BadInput(format!(
                "--covariance-times: found {t}; allowed: output times of the scenario"
            )));
        }
        Ok(times.iter().map(|t| all || self.covariance_times.contains(t)).collect())
    }
}

/// Runs the command.
pub fn run(all: EvolveArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|scenario| scenario.output_times().len())?;
    scenario.require_initial("evolve")?;
    let table = scenario.require_time("evolve")?;
    let chain = Chain::new(&scenario);
    let law = InitialLaw::read(&scenario)?;
    let labels = scenario.output_times();
    let unit = chain.time_unit(table.scale);
    let times: Vec<Double> =
        labels.iter().map(|&t| chain.microscopic_time(t, table.scale)).collect();
    let kept = all.kept(&labels)?;
    let held: Vec<bool> = kept.iter().map(|&kept| kept || all.modes).collect();
    let name = args.method.as_deref().unwrap_or("auto");
    let method = match name {
        "auto" => Method::Auto,
        "contour" => Method::Contour,
        "profiles" => Method::Profiles,
        "radau" => Method::Radau,
        "exponential" => Method::Exponential,
        "literal" => {
            Literal::fits(chain.bonds).map_err(Error::BadInput)?;
            Method::Radau
        }
        other => {
            return Err(Error::BadInput(format!(
                "--method: found \"{other}\"; allowed: auto (default), radau, contour, profiles (without the covariance), exponential, literal (radau on the sparse matrix)"
            )));
        }
    };
    let plan = evolve::plan(&chain, &law, &times, method, held.contains(&true))
        .map_err(|e| Error::BadInput(format!("--method {name}: {e}")))?;
    let cost = match name {
        "literal" => {
            Literal::cost(chain.bonds, radau::expected_solves(&chain, &times, args.tolerance))
        }
        _ => evolve::cost(&chain, &law, &times, &plan, args.tolerance, &held),
    };
    let cost = cost.of_program(chain.atoms(), times.len(), cost::PROFILES_FIGURE, 1);
    let (power, instead) = match () {
        _ if held.contains(&true) => (2.0, "fewer covariances to keep (--covariance-times)"),
        _ if plan.without_covariance && plan.windows.is_none() && plan.stepped == 0 => {
            (1.0, "fewer output times")
        }
        _ if plan.exponential => (1.0, "fewer output times"),
        _ => (2.0, "later output times, for which the profiles are had without the covariance"),
    };
    expected::say(args, cost, chain.bonds, power, instead)?;
    let options =
        json!({ "covariance": kept, "single": all.covariance.single, "modes": all.modes });
    let run = Run::begin(args, "evolve", &scenario, options)?;
    let monitor = run.monitor(unit);
    let keep = |i: usize| held[i];
    let (mut solutions, [stepped, inverted]) = if name == "literal" {
        evolve::evolve(&Literal::new(&chain), &law, &times, &plan, args.tolerance, keep, &monitor)?
    } else {
        evolve::evolve(
            &Modal::new(&chain).watched_by(monitor.silent()),
            &law,
            &times,
            &plan,
            args.tolerance,
            keep,
            &monitor,
        )?
    };
    drop(monitor);
    let start = Solution::initial(&chain, &law);
    let scale = identities::largest_energy(&chain, solutions.iter().chain([&start]));
    let identities = Identity::worst(solutions.iter().zip(&labels).flat_map(|(s, &t)| {
        let mut of_output = identities::balances(&chain, &start, s, t, scale);
        of_output.extend(identities::of_covariance(s, t, scale));
        of_output.extend(identities::of_inflow(&chain, s, t, scale));
        of_output
    }));
    let mut modes_errors = None;
    if all.modes {
        let phonons = solutions.iter().map(|s| phonons::phonons(&chain, &s.moments));
        let phonons: Vec<_> =
            phonons.map(|phonons| phonons.expect("every covariance is held for --modes")).collect();
        let csv = phonons::modes_csv(labels.iter().copied().zip(phonons.iter().map(|p| &p[..])));
        run.add("modes.csv", csv.as_bytes())?;
        modes_errors = Some(
            solutions.iter().zip(&phonons).map(|(s, p)| phonons::error(s, p)).collect::<Vec<f64>>(),
        );
    }
    let details = json!({
        "method": name,
        "method_reason": plan.reason,
        "steps": stepped.steps,
        "rejected": stepped.rejected,
        "contour_nodes": inverted.solves,
        "solves": stepped.solves + inverted.solves,
        "memory_estimate_bytes": cost.bytes as u64,
        "processor_seconds_estimate": cost.seconds,
        "modes_error_estimates": modes_errors,
    });
    run.finish(Findings {
        scenario: &scenario,
        chain: &chain,
        profiles: solutions.iter().zip(&labels).map(|(s, &t)| Profile::new(&chain, s, t)).collect(),
        covariances: labels
            .iter()
            .zip(&kept)
            .zip(&mut solutions)
            .filter(|((_, keep), _)| **keep)
            .filter_map(|((&t, _), s)| {
                Some((t, s.moments.mean.clone(), s.moments.covariance.take()?))
            })
            .collect(),
        single: all.covariance.single,
        identities,
        figured: match table.scale {
            TimeScale::Diffusive => Outputs::Diffusive,
            TimeScale::Ballistic => Outputs::Ballistic,
            TimeScale::Microscopic => Outputs::Microscopic,
        },
        details: details.as_object().cloned().unwrap_or_default(),
        line: format!(
            "{} output times, N = {}; {}\n{} steps, {} contour nodes, {} shifted solves",
            times.len(),
            chain.bonds,
            plan.reason,
            stepped.steps,
            inverted.solves,
            stepped.solves + inverted.solves
        ),
    })
}
