//! `flipchain check`: the statements of the theorems, measured over a range of sizes.

use super::run::{Report, Run};
use super::{Error, RunArgs, expected};
use crate::chain::{Chain, InitialLaw};
use crate::cost::{self, Cost};
use crate::figures;
use crate::limit::Problem;
use crate::limit::conditions::{grounds, oscillation_work};
use crate::numerics::vector::largest_of;
use crate::observe::sizes::{self, StationarySize};
use crate::observe::sweep::{self, sweep};
use crate::observe::theorems::{EQUIPARTITION_L1, Measurement, STATEMENTS};
use crate::observe::verdict::{self, Verdict};
use crate::output::check_csv;
use crate::scenario::{Scenario, Topology};
use crate::steady::profiles;
use serde_json::json;
use std::fmt::Write as _;

/// Arguments of `flipchain check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The sizes N, ascending, for the statements about the means, and about the variances where
    /// those are had in O(N)
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

/// Below, in and above the band of the phonons, which ends at ω = 2.
const OMEGAS: [f64; 12] = [0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1, 2.5, 3.0, 4.0];

/// Up to here the covariance takes about as long as the longest chains without it.
const COVARIANCE: usize = 256;
/// The longest chain of the sweep over ω: longer ones add nothing to six sizes that double.
const SWEEP: usize = 512;

/// A length > 0.
fn length(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && f64::is_finite(value) => Ok(value),
        _ => Err("allowed: a length > 0 in sites, such as 3".into()),
    }
}

impl CheckArgs {
    /// All sizes, ascending, each with whether the covariance is evolved.
    fn all_sizes(&self) -> Result<Vec<(usize, bool)>, Error> {
        let ascending = |name: &str, sizes: &[usize]| {
            if sizes.first().is_some_and(|n| *n >= 1) && sizes.windows(2).all(|p| p[0] < p[1]) {
                return Ok(());
            }
            Err(Error::BadInput(format!(
                "{name}: found {sizes:?}; allowed: ascending sizes ≥ 1, such as 16,32,64"
            )))
        };
        ascending("--sizes", &self.sizes)?;
        let covariance = match &self.covariance_sizes {
            Some(sizes) => sizes.clone(),
            None => self.sizes.iter().copied().filter(|n| *n <= COVARIANCE).collect(),
        };
        if self.covariance_sizes.is_some() {
            ascending("--covariance-sizes", &covariance)?;
        }
        let found = self.omegas();
        if !(found.iter().all(|w| *w > 0.0 && w.is_finite())
            && found.windows(2).all(|p| p[0] < p[1]))
        {
            return Err(Error::BadInput(format!(
                "--omegas: found {found:?}; allowed: ascending ω > 0, such as 0.5,1,2"
            )));
        }
        let mut all = [&self.sizes[..], &covariance].concat();
        all.sort_unstable();
        all.dedup();
        Ok(all.into_iter().map(|n| (n, covariance.contains(&n))).collect())
    }
}

impl CheckArgs {
    /// The frequencies of the sweep.
    fn omegas(&self) -> &[f64] {
        self.omegas.as_deref().unwrap_or(&OMEGAS)
    }

    /// The initial law of a scenario, with the correlations that are asked for.
    fn law(&self, scenario: &Scenario) -> InitialLaw {
        let law = InitialLaw::new(scenario);
        match self.correlation_length {
            Some(length) => law.correlated(length, scenario.chain.topology == Topology::Ring),
            None => law,
        }
    }
}

/// Runs the command.
pub fn run(all: CheckArgs) -> Result<(), Error> {
    let args = &all.run;
    let chosen = all.all_sizes()?;
    let at_size = |bonds: usize| -> Result<Scenario, Error> {
        let overrides = [&args.overrides[..], &[format!("chain.bonds={bonds}")]].concat();
        let sized = RunArgs { overrides, ..args.clone() };
        sized.read_scenario(|scenario| scenario.output_times().len())
    };
    let scenarios =
        chosen.iter().map(|(bonds, _)| at_size(*bonds)).collect::<Result<Vec<_>, _>>()?;
    let scenario = args.read_scenario(|_| 0)?;
    scenario.require_initial("check")?;
    scenario.require_time("check")?;
    if let Some(method) = &args.method {
        return Err(Error::BadInput(format!(
            "--method: found \"{method}\"; allowed: none, check chooses"
        )));
    }
    let chain = Chain::new(&scenario);
    let swept =
        !chain.force.harmonics.is_empty() && (chain.left.is_some() || chain.right.is_some());
    if all.omegas.is_some() && !swept {
        return Err(Error::BadInput(
            "--omegas: the force of this scenario does not oscillate (or no thermostat takes up its \
             work); leave --omegas out, or give right.force a period and harmonics"
                .into(),
        ));
    }
    let problem = Problem::new(&scenario, &chain)?;
    let times = scenario.output_times();
    let costs: Vec<Cost> = (scenarios.iter().zip(&chosen))
        .map(|(scenario, &(_, variances))| {
            let (chain, law) = (Chain::new(scenario), all.law(scenario));
            sizes::cost(&chain, &law, &times, variances, args.tolerance)
        })
        .collect();
    let whole = costs.iter().fold(problem.cost(&times), |sum, cost| sum.then(*cost));
    // A figure for each statement.
    let cost = whole.of_program(0, 0, cost::STATEMENT_FIGURE, STATEMENTS.len());
    let largest = chosen.iter().map(|c| c.0).max().unwrap_or(0);
    expected::say(args, cost, largest, 2.0, "smaller --covariance-sizes or --sizes")?;
    let options = json!({ "sizes": chosen, "correlation_length": all.correlation_length, "omegas": all.omegas() });
    let run = Run::begin(args, "check", &scenario, options)?;
    let problem = problem.watched_by(run.monitor(1.0).silent());
    let limit = problem.evolve(&times)?.expect("there are initial profiles");
    let (mut measurements, mut stationary) =
        (Vec::<Measurement>::new(), Vec::<StationarySize>::new());
    let mut done = 0.0;
    for ((scenario, &(bonds, variances)), cost) in scenarios.iter().zip(&chosen).zip(&costs) {
        let share = cost.seconds / whole.seconds;
        let monitor = run.monitor((bonds as f64).powi(2)).part(done, done + share);
        done += share;
        let chain = Chain::new(scenario);
        let law = all.law(scenario);
        let (measured, settled) = monitor.once(&format!("size-{bonds}"), |monitor| {
            let measured =
                sizes::measure(&chain, &law, &times, &limit, variances, args.tolerance, monitor)?;
            let cheap = variances || profiles::serves(&chain);
            let settles = cheap && (chain.left.is_some() || chain.right.is_some());
            let settled =
                settles.then(|| sizes::stationary(&chain, &monitor.silent())).transpose()?;
            Ok::<_, Error>((measured, settled))
        })?;
        measurements.extend(measured);
        stationary.extend(settled);
    }
    let verdicts: Vec<Verdict> =
        STATEMENTS.iter().filter_map(|s| verdict::verdict(s, &measurements)).collect();
    let settled = problem.stationary().ok();
    let extrapolated = verdict::extrapolations(
        &measurements,
        &stationary,
        settled.as_ref(),
        oscillation_work(&chain),
    );
    let l1 = verdict::verdict(&EQUIPARTITION_L1, &measurements);
    let shaken: Vec<Chain> =
        scenarios.iter().map(Chain::new).filter(|chain| chain.bonds <= SWEEP).collect();
    let frequencies = match swept {
        true => sweep(&shaken, all.omegas(), &run.monitor(1.0).silent())?,
        false => None,
    };
    let check = json!({
        "equipartition_l1": l1, "statements": verdicts, "extrapolations": extrapolated, "sweep": frequencies,
    });
    let text =
        serde_json::to_string_pretty(&check).map_err(|e| Error::Failed(e.to_string()))? + "\n";
    let mut remarks = String::new();
    for verdict in &verdicts {
        let _ = writeln!(remarks, "{}", verdict.sentence);
    }
    if let Some(l1) = &l1 {
        let _ = writeln!(remarks, "{}", l1.sentence);
    }
    for found in &extrapolated {
        let _ = writeln!(remarks, "{}", found.sentence);
    }
    let mut figures: Vec<_> =
        STATEMENTS.iter().filter_map(|s| figures::check(s, &measurements, &chain)).collect();
    if let Some(found) = &frequencies {
        remarks += &sweep::sentence(found).map_or(String::new(), |sentence| sentence + "\n");
        figures.extend(figures::sweep(&chain, found));
    }
    if let Some(said) = verdict::too_few_sizes(&verdicts, &measurements) {
        let _ = writeln!(remarks, "{said}");
    }
    if let Some(said) = missing(&measurements, &times) {
        let _ = writeln!(remarks, "{said}");
    }
    let report = Report {
        keys: json!({
            "equations": grounds(&chain),
            "sizes": chosen.iter().map(|c| c.0).collect::<Vec<_>>(),
            "correlation_length": all.correlation_length,
            "memory_estimate_bytes": cost.bytes as u64,
            "processor_seconds_estimate": cost.seconds,
            "covariance_sizes": chosen.iter().filter(|c| c.1).map(|c| c.0).collect::<Vec<_>>(),
        })
        .as_object()
        .cloned()
        .unwrap_or_default(),
        figures,
        line: format!(
            "{}; {}, {}\n{}",
            grounds(&chain),
            counted(chosen.len(), "size"),
            counted(times.len(), "time"),
            table(&verdicts)
        ),
        remarks,
        worst: largest_of(verdicts.iter().map(|v| verdict::relative_error(v, &measurements))),
    };
    run.write(report, |directory| {
        directory.write("check.csv", check_csv(&measurements).as_bytes())?;
        if let Some(found) = &frequencies {
            directory.write("sweep.csv", sweep::csv(found).as_bytes())?;
        }
        directory.write("check.json", text.as_bytes())
    })
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
