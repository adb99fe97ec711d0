//! `flipchain steady`: the stationary state, or the time-periodic one under a periodic force.

use super::session::Session;
use super::{CovarianceArgs, Error, RunArgs, run_args};
use crate::chain::{Chain, InitialLaw};
use crate::figures::{self, Outputs};
use crate::method::{Method, Task};
use crate::run::{self, Keep, Options};

/// Arguments of `flipchain steady`.
#[derive(Debug, clap::Args)]
pub struct SteadyArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How to compute; chosen, and said in the summary, if left out
    #[arg(long, value_parser = run_args::methods(Task::Steady), default_value = "auto")]
    method: Method,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Under a periodic force: also the profiles at this many equally spaced phases of the period
    /// (t = phase in [0, 1))
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    phases: u32,
}

/// Runs the command.
pub fn run(all: SteadyArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|_| 1 + all.phases as usize)?;
    let chain = Chain::new(&scenario);
    let options = Options {
        covariance: if all.covariance.covariance { Keep::All } else { Keep::None },
        single_precision: all.covariance.single,
        phases: all.phases as usize,
        method: all.method,
        ..args.options()
    };
    // Between thermostats the initial law is forgotten, and its file need not be there.
    let needs_law = run::depends_on_initial_law(&chain);
    if needs_law {
        scenario.require_initial("steady")?;
    }
    let law = if needs_law { Some(InitialLaw::read(&scenario)?) } else { None };
    let question = run::plan_steady(&chain, law.as_ref(), &options)?.described_by(&scenario)?;
    Session::begin(args, &question)?
        .answer(question, |run| figures::profiles(run.profiles(), &chain, Outputs::Phases))
}
