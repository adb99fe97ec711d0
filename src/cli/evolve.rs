//! `flipchain evolve`: time evolution, profiles at every output time.

use super::{Error, Format, RunArgs, print};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::{literal::Literal, modal::Modal};
use crate::evolve::radau::{self, EvolveError};
use crate::observe::Profile;
use crate::output::{RunDirectory, profiles_csv};
use serde_json::json;
use std::time::Instant;

/// Arguments of `flipchain evolve`.
#[derive(Debug, clap::Args)]
pub struct EvolveArgs {
    #[command(flatten)]
    run: RunArgs,
}

impl From<EvolveError> for Error {
    fn from(error: EvolveError) -> Error {
        Error::Failed(error.to_string())
    }
}

/// Runs the command.
pub fn run(args: EvolveArgs) -> Result<(), Error> {
    let args = args.run;
    let scenario = args.read_scenario()?;
    scenario.require_initial("evolve")?;
    let table = scenario.require_time("evolve")?;
    let chain = Chain::new(&scenario);
    let law = InitialLaw::new(&scenario);
    let labels = scenario.output_times();
    let unit = chain.time_unit(table.scale);
    let times: Vec<f64> = labels.iter().map(|t| t * unit).collect();
    let method = args.method.as_deref().unwrap_or("modal");
    let directory = RunDirectory::create(&args.output, args.force).map_err(|e| Error::BadInput(e.to_string()))?;
    if let Some(threads) = args.threads {
        // Fails only where a pool exists already, which is then used.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
    }
    let start = Instant::now();
    let (moments, counts) = match method {
        "modal" => radau::evolve(&Modal::new(&chain), &law, &times, args.tolerance)?,
        "literal" => radau::evolve(&Literal::new(&chain), &law, &times, args.tolerance)?,
        other => {
            return Err(Error::BadInput(format!("--method: found \"{other}\"; allowed: modal (default), literal")));
        }
    };
    let profiles: Vec<Profile> = moments.iter().zip(&labels).map(|(m, &t)| Profile::new(&chain, m, t)).collect();
    let positions: Vec<f64> = scenario.momentum_positions().collect();
    let worst = profiles.iter().map(|p| p.mean_error.max(p.variance_error)).fold(0.0, f64::max);
    let summary = json!({
        "program": "flipchain",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "evolve",
        "scenario": scenario,
        "method": format!("radau, seven stages, {method}"),
        "tolerance": args.tolerance,
        "steps": counts.steps,
        "rejected": counts.rejected,
        "solves": counts.solves,
        "wall_seconds": start.elapsed().as_secs_f64(),
        "outputs": profiles.iter().map(|p| json!({
            "t": p.time, "mean_error": p.mean_error, "variance_error": p.variance_error, "left_inflow": p.left_inflow,
        })).collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&summary).map_err(|e| Error::Failed(e.to_string()))? + "\n";
    let write = || {
        directory.write("profiles.csv", profiles_csv(&profiles, &positions).as_bytes())?;
        directory.write("summary.json", text.as_bytes())?;
        directory.commit()
    };
    write().map_err(|e| Error::Failed(e.to_string()))?;
    if args.format == Format::Json {
        print(&text)?;
    } else if !args.quiet {
        print(&format!(
            "{} output times, N = {}, method radau ({method}): {} steps, {} rejected, {} shifted solves, {:.2} s\n\
             largest error estimate {worst:.1e} (tolerance {:.1e})\nwritten to {}\n",
            profiles.len(),
            chain.bonds,
            counts.steps,
            counts.rejected,
            counts.solves,
            start.elapsed().as_secs_f64(),
            args.tolerance,
            args.output.display(),
        ))?;
    }
    if worst > args.tolerance {
        return Err(Error::Failed(format!(
            "the tolerance {:.1e} was missed: the largest error estimate is {worst:.1e}; the profiles are kept",
            args.tolerance
        )));
    }
    Ok(())
}
