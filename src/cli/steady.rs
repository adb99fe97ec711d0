//! `flipchain steady`: the stationary state, or the time-periodic one under a periodic force.

use super::session::Session;
use super::{CovarianceArgs, Error, RunArgs, run_args, threads};
use crate::chain::{Chain, InitialLaw};
use crate::correlations::Coordinate;
use crate::figures::{self, Format as Drawing, Outputs, Setting};
use crate::method::{Method, Task};
use crate::run::{self, Keep, Options, TwoTime};

/// Arguments of `flipchain steady`.
#[derive(Debug, clap::Args)]
pub struct SteadyArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How to compute; if left out, the program chooses, and the summary says what it chose
    #[arg(long, value_parser = run_args::methods(Task::Steady), default_value = "auto")]
    method: Method,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Under a periodic force: also the profiles at this many equally spaced phases of the period
    /// (t = phase in [0, 1))
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    phases: u32,
    /// Correlations Cov(z(t+s), z_j(t)) at these lags s ≥ 0 (microscopic), to correlations.npz
    #[arg(long, value_name = "S,S,..", value_delimiter = ',', requires = "of")]
    lags: Vec<f64>,
    /// The coordinates j to correlate with: p:n a momentum, r:n an elongation, q:n a displacement
    /// of a pinned chain
    #[arg(long, value_name = "p:N,r:N,..", value_delimiter = ',')]
    of: Vec<Coordinate>,
    /// Correlate the energies of these sites too (equilibrium only)
    #[arg(long, requires = "lags")]
    energy: bool,
    /// Power spectra at these frequencies ω ≥ 0, to spectrum.npz
    #[arg(long, value_name = "ω,ω,..", value_delimiter = ',', requires = "of")]
    spectrum: Vec<f64>,
    /// The phase of a periodic force at time t, in [0, 1)
    #[arg(long, value_name = "PHASE", default_value_t = 0.0, requires = "of")]
    phase: f64,
}

impl SteadyArgs {
    /// The correlations that are asked for.
    fn two_time(&self) -> Option<TwoTime> {
        (!self.of.is_empty()).then(|| TwoTime {
            of: self.of.clone(),
            lags: self.lags.clone(),
            energy: self.energy,
            frequencies: self.spectrum.clone(),
            phase: self.phase,
        })
    }
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
        two_time: all.two_time(),
        ..args.options()
    };
    // Between thermostats the initial law is forgotten, and its file need not be there.
    let needs_law = run::depends_on_initial_law(&chain);
    if needs_law {
        scenario.require_initial("steady")?;
    }
    let law = if needs_law { Some(InitialLaw::read(&scenario)?) } else { None };
    threads::start(args.threads, args.quiet)?;
    let question = run::plan_steady(&chain, law.as_ref(), &options)?.described_by(&scenario)?;
    Session::begin(args, &question)?.answer(question, |run| {
        let initial = scenario.initial.as_ref().filter(|_| needs_law);
        let outputs = Outputs::in_the_long_run(&chain);
        let setting = Setting { chain: &chain, initial, outputs };
        let mut all = figures::profiles(run.profiles(), setting);
        if args.figures.0.contains(&Drawing::Html) {
            all.push(figures::report(run.profiles(), setting));
        }
        all
    })
}
