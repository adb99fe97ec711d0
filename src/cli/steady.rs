//! `flipchain steady`: the stationary state.

use super::run::{Findings, Run};
use super::{CovarianceArgs, Error, RunArgs};
use crate::chain::Chain;
use crate::covariance::{literal::Literal, modal::Modal};
use crate::observe::Profile;
use crate::observe::identities::{self, Identity};
use crate::steady::{self, SteadyError};
use serde_json::json;

/// Arguments of `flipchain steady`.
#[derive(Debug, clap::Args)]
pub struct SteadyArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    covariance: CovarianceArgs,
}

/// Runs the command.
pub fn run(all: SteadyArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario()?;
    let chain = Chain::new(&scenario);
    let name = args.method.as_deref().unwrap_or("modal");
    if !["modal", "literal"].contains(&name) {
        return Err(Error::BadInput(format!("--method: found \"{name}\"; allowed: modal (default), literal")));
    }
    if name == "literal" {
        Literal::fits(chain.bonds).map_err(Error::BadInput)?;
    } else if chain.flip_rate == 0.0 {
        return Err(Error::BadInput(SteadyError::NoFlips.to_string()));
    }
    let run = Run::begin(args, "steady")?;
    let found = match name {
        "literal" => steady::covariance(&Literal::new(&chain)),
        _ => steady::covariance(&Modal::new(&chain)),
    };
    let (solution, report) = found.map_err(|e| match e {
        SteadyError::Solve(_) => Error::Failed(e.to_string()),
        _ => Error::BadInput(e.to_string()),
    })?;
    let profile = Profile::new(&chain, &solution, f64::INFINITY);
    let identities = Identity::worst(
        [
            identities::of_stationary_state(&chain, &profile, &solution),
            identities::of_covariance(&solution, f64::INFINITY),
        ]
        .concat(),
    );
    let details = json!({ "method": name, "iterations": report.iterations, "residual": report.residual });
    run.finish(Findings {
        scenario: &scenario,
        chain: &chain,
        profiles: vec![profile],
        covariances: if all.covariance.covariance { vec![(f64::INFINITY, &solution)] } else { vec![] },
        single: all.covariance.single,
        identities,
        unit: "",
        details: details.as_object().cloned().unwrap_or_default(),
        line: format!(
            "stationary state, N = {}; one shifted solve at σ = 0 ({name}), {} iterations, residual {:.1e}",
            chain.bonds, report.iterations, report.residual
        ),
    })
}
