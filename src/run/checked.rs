//! The answer of `check`, and its report.

use super::fourier::Conductivity;
use super::plan::Record;
use super::save::{Answer, Start};
use crate::chain::Chain;
use crate::limit::conditions::grounds;
use crate::numerics::vector::largest_of;
use crate::observe::digits::{at_least, digits};
use crate::observe::fit::Uncertain;
use crate::observe::statement::CONDUCTIVITY;
use crate::observe::sweep::{self, Frequency};
use crate::observe::theorems::Measurement;
use crate::observe::verdict::{self, Extrapolated, Verdict};
use crate::output::{OutputError, RunDirectory, check_csv};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The answer of [`super::check()`].
#[derive(Debug, Clone)]
pub struct CheckRun {
    pub(super) record: Record,
    pub(super) chain: Chain,
    /// N, and whether the covariance was available.
    pub(super) sizes: Vec<(usize, bool)>,
    pub(super) times: Vec<f64>,
    pub(super) correlation_length: Option<f64>,
    pub(super) measurements: Vec<Measurement>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) l1: Option<Verdict>,
    pub(super) extrapolations: Vec<Extrapolated>,
    pub(super) frequencies: Option<Vec<Frequency>>,
    pub(super) conductivity: Option<Conductivity>,
}

impl CheckRun {
    /// The check of a family whose coefficients depend on the site.
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

    /// The findings of the report: those of check.csv, and the L¹ size of equipartition after its
    /// weak form.
    fn shown(&self) -> Vec<&Verdict> {
        let weak = self.verdicts.iter().position(|v| v.statement == "equipartition");
        let mut shown: Vec<&Verdict> = self.verdicts.iter().collect();
        shown.splice(weak.map_or(0..0, |at| at + 1..at + 1), &self.l1);
        shown
    }

    /// The theorems that the statements come from.
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

    /// The findings for each statement: constants, rates in N, uncertainties.
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
            Some(_) => format!("{}; {sizes}\n{}", self.grounds(), table(&self.shown())),
            None => format!("{}; {sizes}, {times}\n{}", self.grounds(), table(&self.shown())),
        }
    }

    fn remarks(&self, _verbose: bool) -> String {
        let mut remarks = String::new();
        if let Some(found) = &self.conductivity {
            return found.sentence.clone() + "\n";
        }
        for verdict in self.shown() {
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

    fn start(&self) -> Start<'_> {
        let said = !self.record.request["scenario"]["initial"].is_null();
        if said { Start::Said } else { Start::Functions }
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

/// The statements that were not measured because they need the covariance of a long chain.
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
        let [from, to] = [at[0], at[at.len() - 1]].map(|t| digits(t, 3));
        if from == to { format!("at t = {from}") } else { format!("at t = {from} .. {to}") }
    };
    let said: Vec<String> =
        gaps.iter().map(|(sizes, at)| format!("N = {} {}", list(sizes), when(at))).collect();
    (!said.is_empty()).then(|| {
        format!(
            "variances not measured, because they need the covariance, which was not asked for at these \
             sizes: {}",
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

/// The constant of a bound, in four decimals where they tell it.
fn constant(c: f64) -> String {
    if c == 0.0 || (1e-2..1e4).contains(&c.abs()) { format!("{c:.4}") } else { format!("{c:.2e}") }
}

/// The verdicts as a table, its columns no wider than they must be: 60 characters where the sizes
/// of all are the same, which its head then tells.
fn table(verdicts: &[&Verdict]) -> String {
    let sizes = |v: &Verdict| format!("{}..{}", v.bonds[0], v.bonds[1]);
    let alike = verdicts.windows(2).all(|pair| pair[0].bonds == pair[1].bonds);
    let common = verdicts.first().filter(|_| alike).map(|v| format!(", N = {}", sizes(v)));
    let mut rows = vec![[
        format!("statement{}", common.unwrap_or_default()),
        if alike { String::new() } else { "N".into() },
        "value".into(),
        "constant".into(),
        "rate in N".into(),
    ]];
    rows.extend(verdicts.iter().map(|v| {
        let rate = v.rates.last().map_or(String::new(), |r| {
            let Uncertain { value, uncertainty } = r.exponent;
            // A sum with 0 has no negative zero.
            let value = (100.0 * value).round() / 100.0 + 0.0;
            format!("{value:.2} ± {:.2}", at_least(uncertainty, 2))
        });
        [
            v.statement.to_string(),
            if alike { String::new() } else { sizes(v) },
            format!("{:.4e}", v.value),
            v.constant.map_or(String::new(), constant),
            rate,
        ]
    }));
    let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(widths).skip(1).filter(|(_, width)| *width > 0) {
            let _ = write!(line, " {cell:>width$}");
        }
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
