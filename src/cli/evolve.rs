//! `flipchain evolve`: time evolution, profiles at every output time.

use super::progress::Progress;
use super::{Error, Format, RunArgs, print};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::Solution;
use crate::covariance::{literal::Literal, modal::Modal};
use crate::evolve::radau::{Counts, EvolveError};
use crate::evolve::{self, Method};
use crate::observe::identities::{self, Identity};
use crate::observe::{Profile, relative_errors};
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
        match error {
            EvolveError::Interrupted => Error::Interrupted,
            other => Error::Failed(other.to_string()),
        }
    }
}

/// The stationary current and its sign, where it has a closed form.
fn current_line(chain: &Chain) -> String {
    let Some(current) = chain.stationary_current() else { return String::new() };
    let [left, right] = chain.temperature();
    let way = match current {
        j if j > 0.0 => "to the right",
        j if j < 0.0 => "to the left",
        _ => "nowhere",
    };
    let uphill = if (left - right) * current < 0.0 { ", from the colder to the hotter end (uphill)" } else { "" };
    format!("stationary current {current:.6e} (closed form): energy flows {way}{uphill}\n")
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
    let name = args.method.as_deref().unwrap_or("auto");
    let method = match name {
        "auto" => Method::Auto,
        "contour" => Method::Contour,
        "radau" => Method::Radau,
        "literal" => {
            Literal::fits(chain.bonds).map_err(Error::BadInput)?;
            Method::Radau
        }
        other => {
            return Err(Error::BadInput(format!(
                "--method: found \"{other}\"; allowed: auto (default), radau, contour, literal (radau on the sparse matrix)"
            )));
        }
    };
    let plan = evolve::plan(&chain, &times, method).map_err(|e| Error::BadInput(format!("--method {name}: {e}")))?;
    let directory = RunDirectory::create(&args.output, args.force).map_err(|e| Error::BadInput(e.to_string()))?;
    if let Some(threads) = args.threads {
        // Fails only where a pool exists already, which is then used.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
    }
    let start = Instant::now();
    let mut bar = Progress::new(args.quiet, times.last().copied().unwrap_or(0.0));
    let mut report = |time: f64, counts: Counts| bar.advance(time, counts);
    let keep = |_: usize| false;
    let (solutions, [stepped, inverted]) = if name == "literal" {
        evolve::evolve(&Literal::new(&chain), &law, &times, &plan, args.tolerance, keep, &mut report)?
    } else {
        evolve::evolve(&Modal::new(&chain), &law, &times, &plan, args.tolerance, keep, &mut report)?
    };
    bar.finish();
    let profiles: Vec<Profile> = solutions.iter().zip(&labels).map(|(s, &t)| Profile::new(&chain, s, t)).collect();
    let estimates = relative_errors(&profiles);
    let worst = estimates.iter().copied().fold(0.0, f64::max);
    let start_solution = Solution::initial(&law);
    let identities = Identity::worst(solutions.iter().zip(&labels).flat_map(|(s, &t)| {
        [identities::balances(&chain, &start_solution, s, t), identities::of_covariance(s, t)].concat()
    }));
    let violation = identities.iter().map(|i| i.violation).fold(0.0, f64::max);
    let positions: Vec<f64> = scenario.momentum_positions().collect();
    let summary = json!({
        "program": "flipchain",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "evolve",
        "scenario": scenario,
        "method": name,
        "method_reason": plan.reason,
        "tolerance": args.tolerance,
        "steps": stepped.steps,
        "rejected": stepped.rejected,
        "solves": stepped.solves + inverted.solves,
        "contour_nodes": inverted.solves,
        "wall_seconds": start.elapsed().as_secs_f64(),
        "outputs": profiles.iter().zip(&estimates).map(|(p, error)| json!({
            "t": p.time, "error_estimate": error, "left_inflow": p.left_inflow, "absolute_errors": p.errors,
        })).collect::<Vec<_>>(),
        "identities": identities,
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
            "{} output times, N = {}; {}\n{} steps, {} contour nodes, {} shifted solves, {:.2} s\n\
             largest error estimate {worst:.1e} of a profile's largest value (tolerance {:.1e}); worst violation of an exact identity {violation:.1e}\n\
             {}written to {}\n",
            profiles.len(),
            chain.bonds,
            plan.reason,
            stepped.steps,
            inverted.solves,
            stepped.solves + inverted.solves,
            start.elapsed().as_secs_f64(),
            args.tolerance,
            current_line(&chain),
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
