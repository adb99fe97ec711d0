//! `flipchain check`: the statements of the theorems, measured over a range of sizes.

use super::session::Session;
use super::{Error, RunArgs, threads};
use crate::chain::{Chain, ChainBuilder, InitialProfiles};
use crate::figures;
use crate::observe::statement::{EQUIPARTITION_L1, STATEMENTS};
use crate::run::{self, Options, Times};
use crate::scenario::Scenario;

/// Arguments of `flipchain check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The sizes N, ascending, for the statements about the means, and about the variances where
    /// those take O(N)
    #[arg(
        long,
        value_name = "N,N,..",
        value_delimiter = ',',
        default_value = "16,32,64,128,256,512,1024,2048"
    )]
    sizes: Vec<usize>,
    /// The sizes for the statements that need the covariance; those of --sizes up to 256 if left
    /// out
    #[arg(long, value_name = "N,N,..", value_delimiter = ',')]
    covariance_sizes: Option<Vec<usize>>,
    /// Correlate the initial law: e^(-distance/LENGTH) among the elongations and among the momenta,
    /// LENGTH in sites
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    correlation_length: Option<f64>,
    /// The frequencies ω, ascending, at which W_heat and the wall's temperature are compared with
    /// the theory, where the force oscillates; 0.05,0.1,0.2,0.5,1,1.5,1.9,2,2.1,2.5,3,4 if left out
    #[arg(long, value_name = "ω,ω,..", value_delimiter = ',')]
    omegas: Option<Vec<f64>>,
}

/// A length > 0.
fn length(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && f64::is_finite(value) => Ok(value),
        _ => Err("allowed: a length > 0 in sites, such as 3".into()),
    }
}

impl CheckArgs {
    fn options(&self) -> Options {
        Options {
            sizes: self.sizes.clone(),
            covariance_sizes: self.covariance_sizes.clone(),
            correlation_length: self.correlation_length,
            omegas: self.omegas.clone(),
            ..self.run.options()
        }
    }

    /// The scenario of one size: its messages name the place where they arise.
    fn at_size(&self, bonds: usize) -> Result<Scenario, Error> {
        let overrides = [&self.run.overrides[..], &[format!("chain.bonds={bonds}")]].concat();
        let sized = RunArgs { overrides, ..self.run.clone() };
        sized.read_scenario(|scenario| scenario.output_times().len()).map_err(|error| match error {
            Error::Scenario(error) => Error::BadInput(format!(
                "{error}; this is a chain of {bonds} bonds: check varies their number, so what \
                 depends on the site must be a function of x or a random law"
            )),
            error => error,
        })
    }
}

/// Runs the command.
pub fn run(all: CheckArgs) -> Result<(), Error> {
    let (args, options) = (&all.run, all.options());
    let scenario = args.read_scenario(|_| 0)?;
    run::require_statement(&Chain::new(&scenario))?;
    for (bonds, _) in options.all_sizes()? {
        all.at_size(bonds)?;
    }
    let initial = InitialProfiles::from(scenario.require_initial("check")?);
    scenario.require_time("check")?;
    let times = Times::of(&scenario).expect("the scenario has times");
    let family = ChainBuilder::from(&scenario);
    threads::start(args.threads, args.quiet)?;
    let question = run::plan_check(&family, &initial, &times, &options)?.described_by(&scenario)?;
    Session::begin(args, &question)?.answer(question, |run| {
        let statements = STATEMENTS.iter().chain([&EQUIPARTITION_L1]);
        let figures = statements.filter_map(|s| figures::check(s, run.measurements(), run.chain()));
        let mut figures: Vec<_> = figures.collect();
        if let Some(found) = run.frequencies() {
            figures.extend(figures::sweep(run.chain(), found));
        }
        figures
    })
}
