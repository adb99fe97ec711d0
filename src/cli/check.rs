//! `flipchain check`: the statements of the theorems, measured over a range of sizes.

use super::run::{Report, Run};
use super::{Error, RunArgs};
use crate::chain::{Chain, InitialLaw};
use crate::figures;
use crate::limit::Problem;
use crate::limit::conditions::{grounds, oscillation_work};
use crate::observe::sizes::{self, StationarySize};
use crate::observe::theorems::{EQUIPARTITION_L1, Measurement, STATEMENTS};
use crate::observe::verdict::{self, Verdict};
use crate::output::check_csv;
use crate::scenario::Scenario;
use crate::steady::profiles;
use serde_json::json;
use std::fmt::Write as _;

/// Arguments of `flipchain check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The sizes N, ascending, for the statements about the means
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', default_value = "16,32,64,128,256,512,1024,2048")]
    sizes: Vec<usize>,
    /// The sizes for the statements that need the variances or the covariance; those of --sizes up to 128 if left out
    #[arg(long, value_name = "N,N,..", value_delimiter = ',')]
    covariance_sizes: Option<Vec<usize>>,
}

/// Sizes that double from 16 take some 20 s with the covariance up to here.
const COVARIANCE: usize = 128;

impl CheckArgs {
    /// All sizes, ascending, each with whether the covariance is evolved.
    fn all_sizes(&self) -> Result<Vec<(usize, bool)>, Error> {
        let ascending = |name: &str, sizes: &[usize]| {
            if sizes.first().is_some_and(|n| *n >= 1) && sizes.windows(2).all(|p| p[0] < p[1]) {
                return Ok(());
            }
            Err(Error::BadInput(format!("{name}: found {sizes:?}; allowed: ascending sizes ≥ 1, such as 16,32,64")))
        };
        ascending("--sizes", &self.sizes)?;
        let covariance = match &self.covariance_sizes {
            Some(sizes) => sizes.clone(),
            None => self.sizes.iter().copied().filter(|n| *n <= COVARIANCE).collect(),
        };
        if self.covariance_sizes.is_some() {
            ascending("--covariance-sizes", &covariance)?;
        }
        let mut all = [&self.sizes[..], &covariance].concat();
        all.sort_unstable();
        all.dedup();
        Ok(all.into_iter().map(|n| (n, covariance.contains(&n))).collect())
    }
}

/// Runs the command.
pub fn run(all: CheckArgs) -> Result<(), Error> {
    let args = &all.run;
    let chosen = all.all_sizes()?;
    let at_size = |bonds: usize| -> Result<Scenario, Error> {
        let overrides = [&args.overrides[..], &[format!("chain.bonds={bonds}")]].concat();
        Ok(Scenario::read(&args.scenario, &overrides)?)
    };
    let scenarios = chosen.iter().map(|(bonds, _)| at_size(*bonds)).collect::<Result<Vec<_>, _>>()?;
    let scenario = args.read_scenario()?;
    scenario.require_initial("check")?;
    scenario.require_time("check")?;
    if let Some(method) = &args.method {
        return Err(Error::BadInput(format!("--method: found \"{method}\"; allowed: none, check chooses")));
    }
    let chain = Chain::new(&scenario);
    let problem = Problem::new(&scenario, &chain)?;
    let times = scenario.output_times();
    let run = Run::begin(args, "check")?;
    let limit = problem.evolve(&times)?.expect("there are initial profiles");
    let (mut measurements, mut stationary) = (Vec::<Measurement>::new(), Vec::<StationarySize>::new());
    let cost = |size: &(usize, bool)| if size.1 { (size.0 as f64).powi(2) } else { size.0 as f64 };
    let (whole, mut done) = (chosen.iter().map(cost).sum::<f64>(), 0.0);
    for (scenario, size) in scenarios.iter().zip(&chosen) {
        let (bonds, variances) = *size;
        let monitor = run.monitor((bonds as f64).powi(2)).part(done / whole, (done + cost(size)) / whole);
        done += cost(size);
        let chain = Chain::new(scenario);
        let law = InitialLaw::new(scenario);
        measurements.extend(sizes::measure(&chain, &law, &times, &limit, variances, args.tolerance, &monitor)?);
        let cheap = variances || profiles::serves(&chain);
        if cheap && (chain.left.is_some() || chain.right.is_some()) {
            stationary.push(sizes::stationary(&chain, &monitor.silent())?);
        }
    }
    let verdicts: Vec<Verdict> = STATEMENTS.iter().filter_map(|s| verdict::verdict(s, &measurements)).collect();
    let settled = problem.stationary().ok();
    let extrapolated = verdict::extrapolations(&measurements, &stationary, settled.as_ref(), oscillation_work(&chain));
    let l1 = verdict::verdict(&EQUIPARTITION_L1, &measurements);
    let check = json!({ "equipartition_l1": l1, "statements": verdicts, "extrapolations": extrapolated });
    let text = serde_json::to_string_pretty(&check).map_err(|e| Error::Failed(e.to_string()))? + "\n";
    // What a value loses, relative to the largest value or limit of its statement; C_N without its variances relative to C_N.
    let size = |statement: &str| {
        let rows = measurements.iter().filter(|m| m.statement == statement);
        rows.fold(0.0f64, |size, m| size.max(m.value.abs()).max(m.limit.unwrap_or(0.0).abs()))
    };
    let lost = |s: &Verdict| {
        let size = size(if s.statement == "covariance_offdiagonal" { "covariance" } else { s.statement });
        // Distances to the limit are differences of profiles, whose errors the other statements show.
        if s.statement.contains("distance") || s.statement.contains("weak") || size == 0.0 {
            0.0
        } else {
            s.error / size
        }
    };
    let mut remarks = String::new();
    for verdict in &verdicts {
        let _ = writeln!(remarks, "{}", verdict.sentence);
    }
    for found in &extrapolated {
        let _ = writeln!(remarks, "{}", found.sentence);
    }
    let report = Report {
        scenario: &scenario,
        keys: json!({
            "equations": grounds(&chain),
            "sizes": chosen.iter().map(|c| c.0).collect::<Vec<_>>(),
            "covariance_sizes": chosen.iter().filter(|c| c.1).map(|c| c.0).collect::<Vec<_>>(),
        })
        .as_object()
        .cloned()
        .unwrap_or_default(),
        figures: STATEMENTS.iter().filter_map(|s| figures::check(s, &measurements)).collect(),
        line: format!("{}; {} sizes, {} times\n{}", grounds(&chain), chosen.len(), times.len(), table(&verdicts)),
        remarks,
        worst: verdicts.iter().map(lost).fold(0.0, f64::max),
    };
    run.write(report, |directory| {
        directory.write("check.csv", check_csv(&measurements).as_bytes())?;
        directory.write("check.json", text.as_bytes())
    })
}

/// The verdicts as a table.
fn table(verdicts: &[Verdict]) -> String {
    let mut text = format!("{:<22} {:>12} {:>13} {:>12} {:>16}\n", "statement", "N", "value", "constant", "rate in N");
    for v in verdicts {
        let constant = v.constant.map_or("".into(), |c| format!("{c:.5}"));
        let rate =
            v.rates.last().map_or("".into(), |r| format!("{:.3} ± {:.3}", r.exponent.value, r.exponent.uncertainty));
        let sizes = format!("{}..{}", v.bonds[0], v.bonds[1]);
        let _ = writeln!(text, "{:<22} {sizes:>12} {:>13.6e} {constant:>12} {rate:>16}", v.statement, v.value);
    }
    text
}
