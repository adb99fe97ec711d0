//! `check`: the statements of the theorems, measured over a range of sizes.

use super::checked::CheckRun;
use super::conductivity;
use super::plan::{Plan, Prepared, Record, Saving};
use super::{Error, Options, Times};
use crate::chain::{Chain, ChainBuilder, InitialLaw, InitialProfiles};
use crate::cost::{self, Cost};
use crate::limit::conditions::{self, grounds, oscillation_work};
use crate::limit::{LimitError, Problem};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::observe::sizes::{self, StationarySize};
use crate::observe::statement::{EQUIPARTITION_L1, STATEMENTS};
use crate::observe::sweep::sweep;
use crate::observe::theorems::Measurement;
use crate::observe::verdict::{self, Verdict};
use crate::scenario::Topology;
use crate::steady::profiles;
use serde_json::json;

/// The longest chain of the sweep over ω: six sizes that double up to it are enough.
const SWEEP: usize = 512;

/// The statements of the theorems for chains of the sizes in [`Options::sizes`], each with its
/// value, its limit and its bound at the diffusive `times`, and the rates in N that fit them.
/// `family` gives the chain of every size, `initial` its law.
pub fn check(
    family: &ChainBuilder,
    initial: &InitialProfiles,
    times: &Times,
    options: &Options,
) -> Result<CheckRun, Error> {
    plan_check(family, initial, times, options)?.run(&options.monitor)
}

/// Refuses a chain that no statement is about: neither the theorems nor, where its coefficients
/// depend on the site, Fourier's law between two ends.
pub(crate) fn require_statement(chain: &Chain) -> Result<(), Error> {
    let found = match chain.coefficients() {
        Some(_) => conductivity::is_defined(chain),
        None => conditions::ends(chain).map(|_| ()),
    };
    found.map_err(|reason| LimitError::from(reason).into())
}

/// The cost of [`check`], without solving.
pub fn plan_check(
    family: &ChainBuilder,
    initial: &InitialProfiles,
    times: &Times,
    options: &Options,
) -> Result<Prepared<'static, CheckRun>, Error> {
    options.check(Task::Check)?;
    let chosen = options.all_sizes()?;
    times.check()?;
    let chain = family.build()?;
    require_statement(&chain)?;
    if chain.coefficients().is_some() {
        return conductivity::plan(family, &chain, times, options);
    }
    conditions::is_diffusive_scale(times.scale).map_err(LimitError::from)?;
    if options.omegas.is_some() && !is_swept(&chain) {
        let reason = "the force of this chain does not oscillate (or no thermostat takes up its \
                      work); leave the frequencies out, or give the force a period and harmonics";
        return Err(Error::argument("omegas", reason));
    }
    let of_size = |&(bonds, variances): &(usize, bool)| -> Result<Size, Error> {
        let chain = family.clone().bonds(bonds).build()?;
        let law = initial.law(&chain)?;
        Ok(Size { law: correlated(law, options.correlation_length, &chain), chain, variances })
    };
    let tolerance = options.tolerance;
    let at = times.values.clone();
    let priced = |size: &(usize, bool)| -> Result<(Chain, Cost), Error> {
        let Size { chain, law, variances } = of_size(size)?;
        let cost = sizes::cost(&chain, &law, &at, variances, tolerance);
        Ok((chain, cost))
    };
    let priced: Vec<(Chain, Cost)> = chosen.iter().map(priced).collect::<Result<_, _>>()?;
    let problem = Problem::of(&chain, Some(initial.clone()))?;
    let least = problem.cost(&at);
    let whole = priced.iter().fold(least, |sum, (_, cost)| sum.then(*cost));
    // A figure for each statement.
    let program = |cost: Cost| cost.of_program(0, 0, cost::STATEMENT_FIGURE, STATEMENTS.len());
    // The memory for all sizes up to N.
    let sizes_up_to = |bonds: usize| {
        let sizes = priced.iter().filter(|(chain, _)| chain.bonds <= bonds);
        program(sizes.fold(least, |sum, (_, cost)| sum.then(*cost))).bytes
    };
    let plan = Plan {
        task: Task::Check,
        method: Method::Auto,
        ways: vec![],
        reason: grounds(&chain).into(),
        covariance_bytes: 0.0,
        cost: program(whole),
        bonds: chosen.iter().map(|c| c.0).max().unwrap_or(0),
        saving: Saving::SmallerSizes,
    };
    let (correlation_length, omegas) = (options.correlation_length, options.all_omegas().to_vec());
    let of_task =
        json!({ "sizes": chosen, "correlation_length": correlation_length, "omegas": omegas });
    let base = chain.clone();
    let (initial, times_of_run) = (initial.clone(), times.clone());
    let task = Measuring {
        chain,
        sizes: chosen,
        priced: priced.clone(),
        whole,
        initial,
        problem,
        times: times_of_run,
        correlation_length,
        omegas,
    };
    let prepared = Prepared::new(
        plan,
        options,
        &base,
        of_task,
        sizes_up_to,
        move |record, monitor: &Monitor| task.solve(record, monitor),
    )?;
    Ok(prepared.at_times(&base, times))
}

/// Whether the frequency of the force is varied.
fn is_swept(chain: &Chain) -> bool {
    !chain.force.harmonics.is_empty() && (chain.left.is_some() || chain.right.is_some())
}

/// One size.
struct Size {
    chain: Chain,
    law: InitialLaw,
    variances: bool,
}

fn correlated(law: InitialLaw, length: Option<f64>, chain: &Chain) -> InitialLaw {
    match length {
        Some(length) => law.correlated(length, chain.topology == Topology::Ring),
        None => law,
    }
}

/// A planned check.
struct Measuring {
    chain: Chain,
    sizes: Vec<(usize, bool)>,
    priced: Vec<(Chain, Cost)>,
    whole: Cost,
    initial: InitialProfiles,
    problem: Problem,
    times: Times,
    correlation_length: Option<f64>,
    omegas: Vec<f64>,
}

impl Measuring {
    fn solve(self, record: Record, monitor: &Monitor) -> Result<CheckRun, Error> {
        let Measuring { chain, times, omegas, .. } = &self;
        let problem = self.problem.clone().watched_by(monitor.silent());
        let limit = problem.evolve(&times.values)?.expect("there are initial profiles");
        let mut measurements = Vec::<Measurement>::new();
        let mut stationary = Vec::<StationarySize>::new();
        let mut done = 0.0;
        for ((sized, cost), &(bonds, variances)) in self.priced.iter().zip(&self.sizes) {
            let share = cost.seconds / self.whole.seconds;
            let monitor = monitor.part(done, done + share).per((bonds as f64).powi(2));
            done += share;
            let law = correlated(self.initial.law(sized)?, self.correlation_length, sized);
            let (measured, settled) = monitor.once(&format!("size-{bonds}"), |monitor| {
                let (times, tolerance) = (&times.values, record.tolerance);
                let measured =
                    sizes::measure(sized, &law, times, &limit, variances, tolerance, monitor)?;
                let cheap = variances || profiles::serves(sized);
                let settles = cheap && (sized.left.is_some() || sized.right.is_some());
                let settled =
                    settles.then(|| sizes::stationary(sized, &monitor.silent())).transpose()?;
                Ok::<_, Error>((measured, settled))
            })?;
            measurements.extend(measured);
            stationary.extend(settled);
        }
        let verdicts: Vec<Verdict> =
            STATEMENTS.iter().filter_map(|s| verdict::verdict(s, &measurements)).collect();
        let settled = problem.stationary().ok();
        let work = oscillation_work(chain);
        let extrapolations =
            verdict::extrapolations(&measurements, &stationary, settled.as_ref(), work);
        let frequencies = if is_swept(chain) {
            let chains = self.priced.iter().map(|(chain, _)| chain.clone());
            let shaken: Vec<Chain> = chains.filter(|chain| chain.bonds <= SWEEP).collect();
            sweep(&shaken, omegas, &monitor.silent())?
        } else {
            None
        };
        Ok(CheckRun {
            record,
            l1: verdict::verdict(&EQUIPARTITION_L1, &measurements),
            verdicts,
            extrapolations,
            frequencies,
            measurements,
            sizes: self.sizes,
            times: self.times.values,
            correlation_length: self.correlation_length,
            chain: self.chain,
            conductivity: None,
        })
    }
}
