//! `flipchain steady`: the stationary state, or the time-periodic one under a periodic force.

use super::run::{Findings, Run};
use super::{CovarianceArgs, Error, RunArgs};
use crate::chain::Chain;
use crate::covariance::moments::Solution;
use crate::covariance::{literal::Literal, modal::Modal};
use crate::observe::identities::{self, Identity};
use crate::observe::periodic::PeriodicWork;
use crate::observe::{self, Profile};
use crate::steady::{SteadyError, periodic, profiles as without};
use serde_json::json;

/// Arguments of `flipchain steady`.
#[derive(Debug, clap::Args)]
pub struct SteadyArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Under a periodic force: also the profiles at this many equally spaced phases of the period (t = phase in [0, 1))
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    phases: u32,
}

/// Runs the command.
pub fn run(all: SteadyArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario()?;
    let chain = Chain::new(&scenario);
    let without_covariance = without::serves(&chain) && !all.covariance.covariance;
    let name = match args.method.as_deref().unwrap_or("auto") {
        "auto" if without_covariance => "profiles",
        "auto" => "modal",
        name => name,
    };
    if !["profiles", "modal", "literal"].contains(&name) {
        return Err(Error::BadInput(format!(
            "--method: found \"{name}\"; allowed: auto (default), profiles (O(N), without the covariance), modal, literal"
        )));
    }
    if name == "profiles" && !without_covariance {
        return Err(Error::BadInput(format!("--method profiles: {}, also for --covariance", SteadyError::NoProfiles)));
    }
    if name == "literal" {
        Literal::fits(chain.bonds).map_err(Error::BadInput)?;
    } else if chain.flip_rate == 0.0 {
        return Err(Error::BadInput(SteadyError::NoFlips.to_string()));
    }
    if all.phases > 0 && chain.force.harmonics.is_empty() {
        return Err(Error::BadInput(
            "--phases: the force of this scenario is constant; there is one stationary state".into(),
        ));
    }
    let phases: Vec<f64> = (0..all.phases).map(|k| k as f64 / all.phases as f64).collect();
    let kept = if all.covariance.covariance { &phases[..] } else { &[] };
    let run = Run::begin(args, "steady")?;
    let found = match name {
        "profiles" => without::profiles(&chain).map(|(state, report)| (state, vec![], report)),
        "literal" => periodic::covariance(&Literal::new(&chain), kept),
        _ => periodic::covariance(&Modal::new(&chain), kept),
    };
    let (state, instants, report) = found.map_err(|e| match e {
        SteadyError::Solve(_) => Error::Failed(e.to_string()),
        _ => Error::BadInput(e.to_string()),
    })?;
    let average = observe::periodic::average(&chain, &state);
    let mut checked = vec![identities::of_periodic_state(&chain, &average, &state)];
    if state.average.moments.covariance.is_some() {
        checked.push(identities::of_covariance(&state.average, f64::INFINITY));
    }
    checked.extend(instants.iter().zip(&phases).map(|(solution, &phase)| identities::of_covariance(solution, phase)));
    let mut profiles: Vec<Profile> = phases.iter().map(|&t| Profile::new(&chain, &state.at(t), t)).collect();
    profiles.push(average);
    let mut covariances: Vec<(f64, &Solution)> = phases.iter().copied().zip(&instants).collect();
    if all.covariance.covariance {
        covariances.push((f64::INFINITY, &state.average));
    }
    let work = PeriodicWork::new(&chain, &state.mean);
    let solves = 1 + state.harmonics.len();
    let details = json!({
        "method": name,
        "solves": solves,
        "iterations": report.iterations,
        "residual": report.residual,
        "periodic": work,
    });
    let driven = work.map_or(String::new(), |work| {
        format!(
            "\nperiodic state, profiles averaged over a period: work per period {:.6e}, W_heat {:.6e}",
            work.work_per_period, work.w_heat
        )
    });
    run.finish(Findings {
        scenario: &scenario,
        chain: &chain,
        profiles,
        covariances,
        single: all.covariance.single,
        identities: Identity::worst(checked.concat()),
        unit: "",
        details: details.as_object().cloned().unwrap_or_default(),
        line: format!(
            "stationary state, N = {}; {solves} shifted solves ({name}), {} iterations, residual {:.1e}{driven}",
            chain.bonds, report.iterations, report.residual
        ),
    })
}
