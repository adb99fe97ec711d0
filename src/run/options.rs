//! Options of a question, and output times.

use super::{Error, TwoTime};
use crate::chain::{Chain, Double};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::scenario::{OutputRange, Outputs, Scenario, TimeScale, TimeTable};
use crate::steady::LastUnitHeat;
use std::sync::Arc;

/// Output times and their unit: t = τ/N², τ/N or τ for the microscopic time τ.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// The unit.
    pub scale: TimeScale,
    /// The times, ≥ 0 and increasing.
    pub values: Vec<f64>,
}

impl Times {
    /// In units of N², in which the energy diffuses.
    pub fn diffusive(values: impl Into<Vec<f64>>) -> Times {
        Times { scale: TimeScale::Diffusive, values: values.into() }
    }

    /// In units of N, in which waves cross the chain.
    pub fn ballistic(values: impl Into<Vec<f64>>) -> Times {
        Times { scale: TimeScale::Ballistic, values: values.into() }
    }

    /// In microscopic units.
    pub fn microscopic(values: impl Into<Vec<f64>>) -> Times {
        Times { scale: TimeScale::Microscopic, values: values.into() }
    }

    /// The times of a scenario; none without a `[time]` table.
    pub fn of(scenario: &Scenario) -> Option<Times> {
        let scale = scenario.time.as_ref()?.scale;
        Some(Times { scale, values: scenario.output_times() })
    }

    /// The times of a rule, as a scenario has them.
    pub fn range(scale: TimeScale, range: OutputRange) -> Times {
        Times { scale, values: range.times() }
    }

    /// The same as a table of a scenario.
    pub(super) fn table(&self) -> TimeTable {
        TimeTable { scale: self.scale, outputs: Outputs::List(self.values.clone()) }
    }

    /// Microscopic.
    pub(super) fn on(&self, chain: &Chain) -> Vec<Double> {
        self.values.iter().map(|&t| chain.microscopic_time(t, self.scale)).collect()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let increasing = |pair: &[f64]| pair[0] < pair[1];
        let first = self.values.first().is_some_and(|&t| t >= 0.0);
        if first
            && self.values.iter().all(|t| t.is_finite())
            && self.values.windows(2).all(increasing)
        {
            return Ok(());
        }
        let found = shortened(&self.values);
        Err(Error::argument(
            "times",
            format!("found {found}; allowed: increasing finite times ≥ 0"),
        ))
    }
}

/// The first of many numbers.
fn shortened(values: &[f64]) -> String {
    match values {
        [first @ .., _] if values.len() > 8 => format!("{:?} and more", &first[..8]),
        _ => format!("{values:?}"),
    }
}

/// The outputs that keep their whole covariance, O(N²) numbers each.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Keep {
    /// None of them.
    #[default]
    None,
    /// All of them.
    All,
    /// The outputs at these times.
    At(Vec<f64>),
}

impl Keep {
    /// Tells for each of these output times whether its covariance is kept.
    pub(super) fn of(&self, times: &[f64]) -> Result<Vec<bool>, Error> {
        let at = match self {
            Keep::None => return Ok(vec![false; times.len()]),
            Keep::All => return Ok(vec![true; times.len()]),
            Keep::At(at) => at,
        };
        if let Some(t) = at.iter().find(|t| !times.contains(t)) {
            let reason = format!("found {t}; allowed: output times");
            return Err(Error::argument("covariance_times", reason));
        }
        Ok(times.iter().map(|t| at.contains(t)).collect())
    }

    /// Whether any is kept.
    pub(super) fn any(&self) -> bool {
        match self {
            Keep::None => false,
            Keep::All => true,
            Keep::At(times) => !times.is_empty(),
        }
    }
}

/// Options of a question. Each task reads the options that concern it.
///
/// ```
/// use flipchain::{Keep, Options};
/// let options = Options { tolerance: 1e-6, covariance: Keep::All, ..Options::default() };
/// assert_eq!(options.memory_limit, None);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// The largest error, relative to the largest value of each profile, in (0, 0.1].
    pub tolerance: f64,
    /// The method.
    pub method: Method,
    /// Evolve and steady: the covariances to keep.
    pub covariance: Keep,
    /// Write the covariances in single precision.
    pub single_precision: bool,
    /// Evolve: the energies of the chain's modes (phonons) too, which needs the covariance.
    pub modes: bool,
    /// Steady, under a periodic force: also the profiles at this many equally spaced phases.
    pub phases: usize,
    /// Steady: correlations at two times too.
    pub two_time: Option<TwoTime>,
    /// Steady, without the covariance: what a constant force heats, shared with the questions about
    /// the same chain under other forces and temperatures. It saves their solves and changes no
    /// bit; the covariance's own identities are then not looked at.
    pub unit_heat: Option<Arc<LastUnitHeat>>,
    /// Check: the sizes N, ascending.
    pub sizes: Vec<usize>,
    /// Check: the sizes whose covariance is evolved; those of `sizes` up to 256 if left out.
    pub covariance_sizes: Option<Vec<usize>>,
    /// Check: correlate the initial law over this many sites: e^(-distance/length).
    pub correlation_length: Option<f64>,
    /// Check: the frequencies ω, ascending, at which an oscillating force is compared with the
    /// theory; twelve from 0.05 to 4, around the band edge 2, if left out.
    pub omegas: Option<Vec<f64>>,
    /// Bytes of memory that may be used; what the machine has left if left out.
    pub memory_limit: Option<u64>,
    /// Progress, and the wish to stop.
    pub monitor: Monitor,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tolerance: 1e-9,
            method: Method::Auto,
            covariance: Keep::None,
            single_precision: false,
            modes: false,
            phases: 0,
            two_time: None,
            unit_heat: None,
            sizes: vec![16, 32, 64, 128, 256, 512, 1024, 2048],
            covariance_sizes: None,
            correlation_length: None,
            omegas: None,
            memory_limit: None,
            monitor: Monitor::default(),
        }
    }
}

/// The frequencies of a check: below, in and above the band of the phonons, which ends at ω = 2.
const OMEGAS: [f64; 12] = [0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1, 2.5, 3.0, 4.0];

/// Up to here the covariance takes about as long as the longest chains without it.
const COVARIANCE: usize = 256;

impl Options {
    pub(super) fn check(&self, task: Task) -> Result<(), Error> {
        let tolerance = self.tolerance;
        if !(tolerance > 0.0 && tolerance <= 0.1) {
            let reason =
                format!("found {tolerance:?}; allowed: a number > 0 and at most 0.1, such as 1e-9");
            return Err(Error::argument("tolerance", reason));
        }
        if !self.method.serves(task) {
            return Err(wrong_method(&self.method, task));
        }
        Ok(())
    }

    /// The frequencies of a check.
    pub(super) fn all_omegas(&self) -> &[f64] {
        self.omegas.as_deref().unwrap_or(&OMEGAS)
    }

    /// The sizes of a check, ascending, each with whether the covariance is evolved.
    pub fn all_sizes(&self) -> Result<Vec<(usize, bool)>, Error> {
        let ascending = |name: &str, sizes: &[usize]| {
            if sizes.first().is_some_and(|n| *n >= 1) && sizes.windows(2).all(|p| p[0] < p[1]) {
                return Ok(());
            }
            let allowed = "ascending sizes ≥ 1, such as 16,32,64";
            Err(Error::argument(name, format!("found {sizes:?}; allowed: {allowed}")))
        };
        ascending("sizes", &self.sizes)?;
        let covariance = match &self.covariance_sizes {
            Some(sizes) => sizes.clone(),
            None => self.sizes.iter().copied().filter(|n| *n <= COVARIANCE).collect(),
        };
        if self.covariance_sizes.is_some() {
            ascending("covariance_sizes", &covariance)?;
        }
        let omegas = self.all_omegas();
        if !(omegas.iter().all(|w| *w > 0.0 && w.is_finite())
            && omegas.windows(2).all(|p| p[0] < p[1]))
        {
            let reason = format!("found {omegas:?}; allowed: ascending ω > 0, such as 0.5,1,2");
            return Err(Error::argument("omegas", reason));
        }
        if let Some(length) = self.correlation_length
            && !(length > 0.0 && length.is_finite())
        {
            let reason = format!("found {length:?}; allowed: a length > 0 in sites, such as 3");
            return Err(Error::argument("correlation_length", reason));
        }
        let mut all = [&self.sizes[..], &covariance].concat();
        all.sort_unstable();
        all.dedup();
        Ok(all.into_iter().map(|n| (n, covariance.contains(&n))).collect())
    }
}

impl Options {
    /// The same with the method of this name; the error lists those that the task has.
    pub fn by(self, name: &str, task: Task) -> Result<Options, Error> {
        let known = Method::named(name).filter(|method| method.serves(task));
        let method = known.ok_or_else(|| wrong_method(&format!("{name:?}"), task))?;
        Ok(Options { method, ..self })
    }
}

fn wrong_method(found: &dyn std::fmt::Display, task: Task) -> Error {
    let allowed = Method::allowed(task);
    Error::argument("method", format!("found {found}; {} allows: {allowed}", task.name()))
}
