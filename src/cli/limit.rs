//! `flipchain limit`: the macroscopic equations of a scenario.

use super::session::Session;
use super::{Error, RunArgs, threads};
use crate::chain::{Chain, InitialProfiles};
use crate::figures::{self, Curves, Outputs, Setting};
use crate::run::{self, LimitRun, Times};

/// Arguments of `flipchain limit`.
#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub fn run(all: LimitArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|scenario| scenario.output_times().len().max(1))?;
    let options = args.options();
    let chain = Chain::new(&scenario);
    run::has_limit(&chain)?;
    let times = Times::of(&scenario);
    if times.is_some() || scenario.initial.is_some() {
        scenario.require_initial("limit")?;
    }
    let initial = scenario.initial.as_ref().map(InitialProfiles::from);
    threads::start(args.threads, args.quiet)?;
    let question = run::plan_limit(&chain, initial.as_ref(), times.as_ref(), &options)?
        .described_by(&scenario)?;
    Session::begin(args, &question)?.answer(question, |answer| {
        // Between thermostats the stationary profiles depend on no initial law.
        let needs_law = times.is_some() || run::depends_on_initial_law(&chain);
        let initial = scenario.initial.as_ref().filter(|_| needs_law);
        let outputs = if times.is_some() { Outputs::Diffusive } else { Outputs::Stationary };
        vec![figure(answer, Setting { chain: &chain, initial, outputs })]
    })
}

fn figure(run: &LimitRun, setting: Setting<'_>) -> figures::Figure {
    let curve = |output: usize| {
        let columns = [run.elongation(output), run.mechanical(output), run.thermal(output)];
        let [r, mechanical, thermal] = columns.each_ref().map(|column| column.error);
        let [elongation, e_mech, e_heat] = columns.map(|column| column.values);
        let current = run.current(output);
        let current_error = current.as_ref().map_or(0.0, |current| current.error);
        Curves {
            time: run.time(output),
            elongation,
            mechanical: e_mech,
            thermal: e_heat,
            current: current.map_or(vec![], |current| current.values),
            errors: [r, mechanical, thermal, current_error],
        }
    };
    let curves: Vec<Curves> = (0..run.len()).map(curve).collect();
    figures::limit(&curves, &run.positions(), setting)
}
