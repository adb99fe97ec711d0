//! `flipchain sweep`: one table from many runs.

use super::threads;
use super::{Error, Format, RunArgs, expected, interrupt, print, progress, run_args, session};
use crate::figures;
use crate::method::{Method, Task};
use crate::output::Existing;
use crate::run::Error as RunError;
use crate::sweep::{self, Axis, Filled, Place, Question};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `flipchain sweep`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("scenario", |a| run_args::unless(a, "collect")))]
#[command(mut_arg("output", |a| run_args::unless(a, "collect")))]
pub struct SweepArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The command that runs at every point
    #[arg(long = "run", value_name = "COMMAND", value_parser = run_args::tasks(), required_unless_present = "collect")]
    task: Option<Task>,
    /// A key of the scenario and its values: a list 0.1,0.3,1, equally spaced 0:4:9 (first, last,
    /// count), or equal ratios log:0.01:10:7. Several make a grid
    #[arg(long, value_name = "KEY=VALUES", required_unless_present = "collect")]
    vary: Vec<String>,
    /// Observables: current, left_rate, right_rate, power, conductivity, mechanical, thermal,
    /// energy, thermal_max, x_max, W_heat, and any column at any x, thermal@0.5
    #[arg(long, value_name = "NAME,NAME,..", default_value = sweep::DEFAULT)]
    observe: String,
    /// How to compute; if left out, chosen for every point
    #[arg(long, value_parser = run_args::every_method(), default_value = "auto")]
    method: Method,
    /// Compute every N-th point from the I-th on. Shards fill one directory; the last to finish
    /// writes the tables
    #[arg(long, value_name = "I/N", value_parser = run_args::shard, conflicts_with = "force")]
    shard: Option<[usize; 2]>,
    /// Keep the run directory of every point in runs/
    #[arg(long)]
    keep_runs: bool,
    /// Write the tables of a directory whose shards are all finished, and do nothing else
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scenario", "output", "vary", "task"])]
    collect: Option<PathBuf>,
}

/// Runs the command.
pub fn run(all: SweepArgs) -> Result<(), Error> {
    let (args, start) = (&all.run, Instant::now());
    threads::start(args.threads, args.quiet)?;
    let draw: sweep::Draw<'_> = &|table, task, first, directory| {
        session::save_figures(args, directory, || figures::table(table, task, first))
    };
    if let Some(directory) = &all.collect {
        return match sweep::collect(directory, draw)? {
            missing @ Filled::Part { .. } => Err(Error::Failed(missing.to_string())),
            whole => report(&all, directory, whole),
        };
    }
    let vary = all.vary.iter().map(|vary| Axis::parse(vary)).collect::<Result<_, _>>();
    let question = Question {
        task: all.task.unwrap_or(Task::Steady),
        observe: sweep::observables(&all.observe).map_err(RunError::from)?,
        tolerance: args.tolerance,
        method: all.method,
        memory_limit: args.memory_limit,
    };
    let sweep = sweep::plan(args.template()?, vary.map_err(RunError::from)?, question)?;
    let existing = Existing { force: args.force, resume: args.resume };
    let (shard, keep_runs) = (all.shard.unwrap_or([1, 1]), all.keep_runs);
    let place = Place { path: &args.output, existing, shard, keep_runs };
    let cost = sweep.cost(&place.own(sweep.len()));
    expected::say(args, cost, 0.0, "--shard, on several machines");
    let cancel = interrupt::token()?;
    let monitor = progress::monitor(args.progress, args.quiet, start, 1.0, &cancel);
    let filled = sweep.fill(&place, &monitor, draw);
    drop(monitor);
    let failed = |error| session::ended(error, args.resume, &sweep.request_of(&place));
    report(&all, &args.output, filled.map_err(failed)?)
}

/// Reports the sweep; an error if a point failed.
fn report(all: &SweepArgs, place: &Path, filled: Filled) -> Result<(), Error> {
    let (said, failed) = match &filled {
        Filled::Whole(_, summary) if all.run.format == Format::Json => {
            (summary.clone(), filled.failed())
        }
        _ => (format!("{filled}\n"), filled.failed()),
    };
    let where_to = match filled {
        Filled::Whole(..) if all.run.format == Format::Text => {
            format!("written to {}\n", place.display())
        }
        _ => String::new(),
    };
    if !all.run.quiet || all.run.format == Format::Json {
        print(&(said + &where_to))?;
    }
    failed.map_or(Ok(()), |reason| Err(Error::Failed(reason)))
}
