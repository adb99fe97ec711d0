//! `flipchain evolve`: time evolution, profiles at every output time.

use super::session::Session;
use super::{CovarianceArgs, Error, RunArgs, run_args, threads};
use crate::chain::{Chain, InitialLaw};
use crate::figures::{self, Format as Drawing, Outputs, Setting};
use crate::method::{Method, Task};
use crate::run::{self, Keep, Options, Times};
use crate::scenario::TimeScale;

/// Arguments of `flipchain evolve`.
#[derive(Debug, clap::Args)]
pub struct EvolveArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How to compute; if left out, the program chooses, and the summary says what it chose
    #[arg(long, value_parser = run_args::methods(Task::Evolve), default_value = "auto")]
    method: Method,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Those of the scenario's output times at which the covariance is written; all if left out
    #[arg(long, value_name = "T,T,..", value_delimiter = ',', requires = "covariance")]
    covariance_times: Vec<f64>,
    /// Write the energies of the chain's modes (phonons) to modes.csv
    #[arg(long)]
    modes: bool,
}

impl EvolveArgs {
    /// The outputs that keep their covariance.
    fn kept(&self) -> Keep {
        match (self.covariance.covariance, &self.covariance_times[..]) {
            (false, _) => Keep::None,
            (true, []) => Keep::All,
            (true, times) => Keep::At(times.to_vec()),
        }
    }
}

/// Runs the command.
pub fn run(all: EvolveArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|scenario| scenario.output_times().len())?;
    scenario.require_initial("evolve")?;
    scenario.require_time("evolve")?;
    let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
    let times = Times::of(&scenario).expect("the scenario has times");
    let options = Options {
        covariance: all.kept(),
        single_precision: all.covariance.single,
        modes: all.modes,
        method: all.method,
        ..args.options()
    };
    threads::start(args.threads, args.quiet)?;
    let question = run::plan_evolve(&chain, &law, &times, &options)?.described_by(&scenario)?;
    let outputs = match times.scale {
        TimeScale::Diffusive => Outputs::Diffusive,
        TimeScale::Ballistic => Outputs::Ballistic,
        TimeScale::Microscopic => Outputs::Microscopic,
    };
    let setting = Setting { chain: &chain, initial: scenario.initial.as_ref(), outputs };
    Session::begin(args, &question)?.answer(question, |run| {
        let mut all = figures::profiles(run.profiles(), setting);
        if args.figures.0.contains(&Drawing::Html) {
            all.push(figures::report(run.profiles(), setting));
        }
        all
    })
}
