//! `check`: the statements of the theorems, measured over a range of sizes.

use super::conductivity::{self, Conductivity};
use super::plan::{Plan, Prepared, Record, Saving};
use super::save::Answer;
use super::{Error, Options, Times};
use crate::chain::{Chain, ChainBuilder, InitialLaw, InitialProfiles};
use crate::cost::{self, Cost};
use crate::limit::conditions::{self, grounds, oscillation_work};
use crate::limit::{LimitError, Problem};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use crate::observe::sizes::{self, StationarySize};
use crate::observe::statement::{CONDUCTIVITY, EQUIPARTITION_L1, STATEMENTS};
use crate::observe::sweep::{self, Frequency, sweep};
use crate::observe::theorems::Measurement;
use crate::observe::verdict::{self, Extrapolated, Verdict};
use crate::output::{OutputError, RunDirectory, check_csv};
use crate::scenario::Topology;
use crate::steady::profiles;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The longest chain of the sweep over ω: longer ones add nothing to six sizes that double.
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
    if conductivity::is_measured(&chain) {
        return conductivity::plan(family, &chain, times, options);
    }
    conditions::ends(&chain).map_err(LimitError::from)?;
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
    // Of the sizes up to N.
    let sizes_up_to = |bonds: usize| {
        let sizes = priced.iter().filter(|(chain, _)| chain.bonds <= bonds);
        program(sizes.fold(least, |sum, (_, cost)| sum.then(*cost))).bytes
    };
    let plan = Plan {
        task: Task::Check,
        method: Method::Auto,
        ways: vec![],
        reason: grounds(&chain).into(),
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

/// A check that is planned.
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

/// The answer of [`check`].
#[derive(Debug, Clone)]
pub struct CheckRun {
    record: Record,
    chain: Chain,
    sizes: Vec<(usize, bool)>,
    times: Vec<f64>,
    correlation_length: Option<f64>,
    measurements: Vec<Measurement>,
    verdicts: Vec<Verdict>,
    l1: Option<Verdict>,
    extrapolations: Vec<Extrapolated>,
    frequencies: Option<Vec<Frequency>>,
    conductivity: Option<Conductivity>,
}

impl CheckRun {
    /// Of a family whose coefficients depend on the site.
    pub(super) fn of_conductivity(
        record: Record,
        chain: Chain,
        times: Vec<f64>,
        measurements: Vec<Measurement>,
        conductivity: Conductivity,
    ) -> CheckRun {
        CheckRun {
            record,
            chain,
            sizes: measurements.iter().map(|m| (m.bonds, false)).collect(),
            times,
            correlation_length: None,
            verdicts: verdict::verdict(&CONDUCTIVITY, &measurements).into_iter().collect(),
            measurements,
            l1: None,
            extrapolations: vec![],
            frequencies: None,
            conductivity: Some(conductivity),
        }
    }

    /// The effective conductivity, of chains whose coefficients depend on the site.
    pub fn conductivity(&self) -> Option<&Conductivity> {
        self.conductivity.as_ref()
    }

    /// What the statements rest on.
    fn grounds(&self) -> &str {
        match self.conductivity {
            Some(_) => &self.record.plan.reason,
            None => grounds(&self.chain),
        }
    }

    /// The chain that stands for the family.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Every statement at every size and time.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// What was found of each statement: constants, rates in N, uncertainties.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// Limits N → ∞ beside those of the theory.
    pub fn extrapolations(&self) -> &[Extrapolated] {
        &self.extrapolations
    }

    /// W_heat and the wall's temperature at every frequency, where the force oscillates.
    pub fn frequencies(&self) -> Option<&[Frequency]> {
        self.frequencies.as_deref()
    }

    /// Whether every statement has reached the tolerance that was asked for.
    pub fn tolerance_reached(&self) -> bool {
        self.worst_error() <= self.record.tolerance
    }
}

impl Answer for CheckRun {
    fn record(&self) -> &Record {
        &self.record
    }

    fn worst_error(&self) -> f64 {
        largest_of(self.verdicts.iter().map(|v| verdict::relative_error(v, &self.measurements)))
    }

    fn keys(&self) -> Map<String, Value> {
        let with_covariance = self.sizes.iter().filter(|c| c.1);
        let keys = json!({
            "equations": self.grounds(),
            "sizes": self.sizes.iter().map(|c| c.0).collect::<Vec<_>>(),
            "correlation_length": self.correlation_length,
            "covariance_sizes": with_covariance.map(|c| c.0).collect::<Vec<_>>(),
        });
        keys.as_object().cloned().unwrap_or_default()
    }

    fn line(&self) -> String {
        let sizes = counted(self.sizes.len(), "size");
        let times = counted(self.times.len(), "time");
        match &self.conductivity {
            Some(_) => format!("{}; {sizes}\n{}", self.grounds(), table(&self.verdicts)),
            None => format!("{}; {sizes}, {times}\n{}", self.grounds(), table(&self.verdicts)),
        }
    }

    fn remarks(&self, _verbose: bool) -> String {
        let mut remarks = String::new();
        if let Some(found) = &self.conductivity {
            return found.sentence.clone() + "\n";
        }
        for verdict in self.verdicts.iter().chain(&self.l1) {
            let _ = writeln!(remarks, "{}", verdict.sentence);
        }
        for found in &self.extrapolations {
            let _ = writeln!(remarks, "{}", found.sentence);
        }
        if let Some(found) = &self.frequencies {
            remarks += &sweep::sentence(found).map_or(String::new(), |sentence| sentence + "\n");
        }
        if let Some(said) = verdict::too_few_sizes(&self.verdicts, &self.measurements) {
            let _ = writeln!(remarks, "{said}");
        }
        if let Some(said) = missing(&self.measurements, &self.times) {
            let _ = writeln!(remarks, "{said}");
        }
        remarks
    }

    fn write(&self, directory: &RunDirectory) -> Result<(), OutputError> {
        directory.write("check.csv", check_csv(&self.measurements).as_bytes())?;
        if let Some(found) = &self.frequencies {
            directory.write("sweep.csv", sweep::csv(found).as_bytes())?;
        }
        let mut check = json!({
            "equipartition_l1": self.l1,
            "statements": self.verdicts,
            "extrapolations": self.extrapolations,
            "sweep": self.frequencies,
        });
        if let Some(found) = &self.conductivity {
            check["conductivity"] = json!(found);
        }
        let text = serde_json::to_string_pretty(&check).unwrap_or_default() + "\n";
        directory.write("check.json", text.as_bytes())
    }
}

/// What was not measured because it would have needed the covariance of a long chain.
fn missing(measurements: &[Measurement], times: &[f64]) -> Option<String> {
    let sizes = |statement: &str, t: f64| {
        let rows = measurements.iter().filter(move |m| m.statement == statement && m.time == t);
        rows.map(|m| m.bonds).collect::<Vec<_>>()
    };
    // Sizes, and the times at which they are missing.
    let mut gaps: Vec<(Vec<usize>, Vec<f64>)> = Vec::new();
    for &t in times {
        let energy = sizes("energy", t);
        let gap: Vec<usize> =
            sizes("mean_l2", t).into_iter().filter(|bonds| !energy.contains(bonds)).collect();
        match gaps.iter_mut().find(|known| known.0 == gap) {
            _ if gap.is_empty() => {}
            Some(known) => known.1.push(t),
            None => gaps.push((gap, vec![t])),
        }
    }
    let when = |at: &[f64]| {
        if at.len() == times.len() {
            return "at all times".to_string();
        }
        let [from, to] = [at[0], at[at.len() - 1]].map(|t| verdict::digits(t, 3));
        if from == to { format!("at t = {from}") } else { format!("at t = {from} .. {to}") }
    };
    let said: Vec<String> =
        gaps.iter().map(|(sizes, at)| format!("N = {} {}", list(sizes), when(at))).collect();
    (!said.is_empty()).then(|| {
        format!(
            "variances not measured, because they need the covariance there (see --covariance-sizes): {}",
            said.join("; ")
        )
    })
}

/// `1 size`, `2 sizes`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Numbers with commas.
fn list(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// The verdicts as a table.
fn table(verdicts: &[Verdict]) -> String {
    let mut text = format!(
        "{:<22} {:>12} {:>13} {:>12} {:>16}\n",
        "statement", "N", "value", "constant", "rate in N"
    );
    for v in verdicts {
        let constant = v.constant.map_or("".into(), |c| format!("{c:.5}"));
        let rate = v.rates.last().map_or("".into(), |r| {
            format!("{:.3} ± {:.3}", r.exponent.value, r.exponent.uncertainty)
        });
        let sizes = format!("{}..{}", v.bonds[0], v.bonds[1]);
        let _ = writeln!(
            text,
            "{:<22} {sizes:>12} {:>13.6e} {constant:>12} {rate:>16}",
            v.statement, v.value
        );
    }
    text
}
