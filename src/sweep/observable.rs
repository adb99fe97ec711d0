//! The observables of a sweep: numbers with their errors, read off every point.
//!
//! Averages and totals are those of the profiles and series of the run; an error bounds its number
//! as the error of a column bounds every entry of the column. O(N) an observable.

use super::along::{average, interpolated, largest, place_of_largest};
use super::answered::Answered;
use crate::budget::rounding;
use crate::chain::{ArgumentError, Chain};
use crate::observe::Profile;
use crate::output::{GENERAL_COLUMNS, LIMIT_COLUMNS, PROFILE_COLUMNS};
use crate::run::{LimitRun, Run};
use crate::scenario::{TimeScale, Topology, did_you_mean};
use std::fmt;
use std::str::FromStr;

/// A number with a bound of its error; `None` where a chain has no such number.
pub type Known = Option<(f64, f64)>;

/// One observable.
#[derive(Debug, Clone, PartialEq)]
pub enum Observable {
    /// One of [`NAMED`].
    Named(Named),
    /// A column of the profiles at some x, interpolated linearly between the sites.
    At {
        /// The column's name.
        column: &'static str,
        /// x in [0, 1].
        x: f64,
    },
}

/// An observable that has a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The average over the bonds of the current; in the limit N times that.
    Current,
    /// The energy that enters at the left thermostat per time.
    LeftRate,
    /// The energy that enters at the right thermostat per time.
    RightRate,
    /// The work of the force per time.
    Power,
    /// N J/(T_- - T_+), J the current.
    Conductivity,
    /// The mechanical energy of the chain.
    Mechanical,
    /// The thermal energy of the chain.
    Thermal,
    /// Their sum.
    Energy,
    /// The largest thermal energy of a site.
    ThermalMax,
    /// x of that site.
    XMax,
    /// Work of the oscillating part of a periodic force per macroscopic time, over N.
    WHeat,
}

/// The names and what they say, with the unit.
pub const NAMED: [(&str, Named, &str, &str); 11] = [
    (
        "current",
        Named::Current,
        "average over the bonds of the energy flowing to the right; N times that in the limit",
        "energy/time",
    ),
    (
        "left_rate",
        Named::LeftRate,
        "energy entering at the left thermostat per microscopic time",
        "energy/time",
    ),
    (
        "right_rate",
        Named::RightRate,
        "energy entering at the right thermostat per microscopic time",
        "energy/time",
    ),
    ("power", Named::Power, "work of the force per microscopic time", "energy/time"),
    ("conductivity", Named::Conductivity, "N times the current over T_left - T_right", "1/time"),
    ("mechanical", Named::Mechanical, "mechanical energy of the chain", "energy"),
    ("thermal", Named::Thermal, "thermal energy of the chain", "energy"),
    ("energy", Named::Energy, "energy of the chain", "energy"),
    ("thermal_max", Named::ThermalMax, "largest thermal energy of a site", "energy"),
    (
        "x_max",
        Named::XMax,
        "x = n/N of that site; the error tells how far away a site may be the hottest",
        "1",
    ),
    (
        "W_heat",
        Named::WHeat,
        "work of the oscillating part of the force per macroscopic time, over N",
        "energy/time",
    ),
];

/// The observables of a sweep that names none.
pub const DEFAULT: &str = "current,thermal_max,x_max,thermal@0.5";

impl fmt::Display for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observable::Named(named) => f.write_str(named.entry().0),
            Observable::At { column, x } => write!(f, "{column}@{x}"),
        }
    }
}

impl Named {
    fn entry(self) -> &'static (&'static str, Named, &'static str, &'static str) {
        let index = NAMED.iter().position(|(_, named, ..)| *named == self);
        &NAMED[index.expect("the list has every variant")]
    }
}

/// The names of all columns; those of the limit have `r`.
fn columns() -> impl Iterator<Item = &'static str> {
    PROFILE_COLUMNS.iter().chain(&GENERAL_COLUMNS).map(|column| column.name).chain(["r"])
}

impl FromStr for Observable {
    type Err = ArgumentError;

    fn from_str(text: &str) -> Result<Observable, ArgumentError> {
        let refuse = |reason: String| Err(ArgumentError::new("observe", reason));
        if let Some((name, position)) = text.split_once('@') {
            let Some(column) = columns().find(|column| *column == name) else {
                let known: Vec<&str> = columns().collect();
                let meant = did_you_mean(name, known.iter().copied());
                let known = known.join(", ");
                return refuse(format!("found {text}, no column{meant}; allowed: {known}"));
            };
            return match position.parse() {
                Ok(x) if (0.0..=1.0).contains(&x) => Ok(Observable::At { column, x }),
                _ => refuse(format!("found {text}; allowed: {name}@x with x from 0 to 1")),
            };
        }
        if let Some((_, named, ..)) = NAMED.iter().find(|(name, ..)| *name == text) {
            return Ok(Observable::Named(*named));
        }
        let known: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
        let meant = did_you_mean(text, known.iter().copied());
        let known = known.join(", ");
        refuse(format!(
            "found {text:?}{meant}; allowed: {known}, and a column at some x, thermal@0.5"
        ))
    }
}

/// Reads `NAME,NAME,..`; each once.
pub fn parse(text: &str) -> Result<Vec<Observable>, ArgumentError> {
    let all: Vec<Observable> =
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>()?;
    match all.iter().enumerate().find(|(index, one)| all[..*index].contains(one)) {
        Some((_, twice)) => {
            Err(ArgumentError::new("observe", format!("found {twice} twice; allowed: each once")))
        }
        None => Ok(all),
    }
}

impl Observable {
    /// Its meaning in words, and its unit.
    pub fn meaning(&self) -> (String, &'static str) {
        match self {
            Observable::Named(named) => (named.entry().2.into(), named.entry().3),
            Observable::At { column, x } => {
                let known = PROFILE_COLUMNS.iter().chain(&GENERAL_COLUMNS).chain(&LIMIT_COLUMNS);
                let unit = known.clone().find(|c| c.name == *column).map_or("length", |c| c.unit);
                (format!("{column} at x = {x}, linear between the sites"), unit)
            }
        }
    }

    /// Whether the answer to this question has it: an error where no chain could.
    pub(super) fn check(&self, limit: bool, steady: bool) -> Result<(), ArgumentError> {
        let refuse =
            |allowed: &str| Err(ArgumentError::new("observe", format!("found {self}; {allowed}")));
        match self {
            Observable::At { column, .. } => match (limit, *column) {
                (true, c) if LIMIT_COLUMNS.iter().any(|l| l.name == c) || c == "r" => Ok(()),
                (false, c) if c != "r" => Ok(()),
                (true, _) => refuse(
                    "the limit has the columns r (or mean_r), mechanical, thermal and energy",
                ),
                (false, _) => refuse("r is a column of the limit; a run has mean_r"),
            },
            Observable::Named(Named::WHeat) if !limit && !steady => {
                refuse("W_heat is of a periodic state: steady or limit")
            }
            Observable::Named(
                Named::LeftRate
                | Named::RightRate
                | Named::Power
                | Named::Mechanical
                | Named::Thermal
                | Named::Energy,
            ) if limit => refuse(
                "the limit has current, conductivity, thermal_max, x_max, W_heat and columns",
            ),
            Observable::Named(_) => Ok(()),
        }
    }

    /// Its value at an output of an answer.
    pub(super) fn of(&self, answer: &Answered, output: usize) -> Known {
        match answer {
            Answered::Run(run, scale) => self.of_run(run, *scale, output),
            Answered::Limit(run, chain) => self.of_limit(run, chain, output),
        }
    }

    fn of_run(&self, run: &Run, scale: Option<TimeScale>, output: usize) -> Known {
        let (chain, profile) = (run.chain(), &run.profiles()[output]);
        let errors = &profile.errors;
        let last = chain.atoms() - 1;
        let open = chain.topology == Topology::Open;
        let named = match self {
            Observable::Named(named) => *named,
            Observable::At { column, x } => {
                let general = crate::output::general_columns(profile);
                if let Some((_, values, error)) = general.iter().find(|(name, ..)| name == column) {
                    // A chain that is not pinned has no positions.
                    let value = || interpolated(values, *x, chain);
                    return (!values.is_empty()).then(|| (value(), *error));
                }
                let index = PROFILE_COLUMNS.iter().position(|c| c.name == *column)?;
                let (_, values) = &crate::output::columns(profile)[index];
                return Some((interpolated(values, *x, chain), errors.values()[index]));
            }
        };
        if chain.general.is_some()
            && let Some(known) = of_sites(named, chain, profile)
        {
            return known;
        }
        let current = || average(&profile.current[..chain.bonds], errors.current);
        let amplitudes = || chain.force.harmonics.iter().map(|(_, f)| 2.0 * f.norm());
        let power = || {
            let size = chain.force.mean.abs() + amplitudes().sum::<f64>();
            let value = match run.periodic_work() {
                Some(work) if profile.time.is_infinite() => work.work_per_period / work.period,
                _ => force_at(chain, scale, profile.time) * profile.mean_p[last],
            };
            (value, size * errors.mean_p + rounding::FORMULAS * value.abs())
        };
        let series = |index: usize| run.series().get(output)?.values[index];
        match named {
            Named::Current => Some(current()),
            Named::Conductivity => conductivity(chain, current(), chain.bonds as f64),
            Named::LeftRate => chain.left.map(|end| {
                let of_mean = 2.0 * end.friction * profile.mean_p[0].abs() * errors.mean_p;
                (profile.left_inflow, errors.current + profile.left_more + of_mean)
            }),
            Named::RightRate => chain.right.map(|_| {
                // What leaves through the right end is what neither the force nor the thermostat
                // brings.
                let (power, error) = power();
                (0.0 - profile.current[last] - power, errors.current + error)
            }),
            Named::Power => open.then(power),
            Named::Mechanical => series(0),
            Named::Thermal => series(1),
            Named::Energy => series(2),
            Named::ThermalMax => Some((largest(&profile.thermal()).1, errors.thermal)),
            Named::XMax => Some(place_of_largest(&profile.thermal(), errors.thermal, chain)),
            Named::WHeat => run.periodic_work().map(|work| {
                let error = amplitudes().sum::<f64>() * errors.mean_p * chain.bonds as f64;
                (work.w_heat, error + rounding::FORMULAS * work.w_heat.abs())
            }),
        }
    }

    fn of_limit(&self, run: &LimitRun, chain: &Chain, output: usize) -> Known {
        let (r, thermal) = (run.elongation(output), run.thermal(output));
        let named = match self {
            Observable::Named(named) => *named,
            Observable::At { column, x } => {
                let found = match *column {
                    "mean_r" | "r" => r,
                    "mechanical" => run.mechanical(output),
                    "thermal" => thermal,
                    _ => run.energy(output),
                };
                return Some((interpolated(&found.values, *x, chain), found.error));
            }
        };
        // N j = -(1/4γ) ∂_x (r² + e_heat), averaged over x.
        let current = || {
            let last = r.values.len() - 1;
            let end = |n: usize| r.values[n].powi(2) + thermal.values[n];
            if chain.topology == Topology::Ring {
                return (0.0, 0.0);
            }
            let size = r.values[0].abs() + r.values[last].abs();
            let error = 2.0 * (size * r.error + thermal.error);
            let rounding = rounding::FORMULA * (end(0).abs() + end(last).abs());
            let weight = 0.25 / chain.flip_rate;
            (weight * (end(0) - end(last)), weight * (error + rounding))
        };
        match named {
            // Where the data do not fit the ends it is infinite.
            Named::Current | Named::Conductivity if run.time(output) == 0.0 => None,
            Named::Current => Some(current()),
            Named::Conductivity => conductivity(chain, current(), 1.0),
            Named::ThermalMax => Some((largest(&thermal.values).1, thermal.error)),
            Named::XMax => Some(place_of_largest(&thermal.values, thermal.error, chain)),
            Named::WHeat if !chain.force.harmonics.is_empty() => {
                let work = crate::limit::conditions::oscillation_work(chain);
                Some((work, rounding::SOLVE * work.abs()))
            }
            _ => None,
        }
    }
}

/// The rates of a chain with coefficients: E u² at the ends, u = p/√m, and F p̄/m at every force;
/// the outer `None` for what is as in any chain. Under an oscillating force the average of p̄² is
/// not that of the profile, and the rates are not known.
fn of_sites(named: Named, chain: &Chain, profile: &Profile) -> Option<Known> {
    let general = chain.general.as_ref()?;
    let errors = &profile.errors;
    let rounding = |value: f64| rounding::FORMULAS * value.abs();
    let steady = general.forces.iter().all(|force| force.harmonics.is_empty());
    let entering = |site: usize| {
        let open = chain.topology == Topology::Open;
        let (_, end) = general.thermostats.iter().find(|(at, _)| open && *at == site)?;
        let (mass, p) = (general.mass[site], profile.mean_p[site]);
        let value = end.friction * (end.temperature - (profile.var_p[site] + p * p) / mass);
        let square = errors.var_p + (2.0 * p.abs() + errors.mean_p) * errors.mean_p;
        let size = end.friction * (end.temperature + (profile.var_p[site] + p * p) / mass);
        Some((value, end.friction / mass * square + rounding(size)))
    };
    match named {
        Named::LeftRate | Named::RightRate | Named::Power if !steady => Some(None),
        Named::LeftRate => Some(entering(0)),
        Named::RightRate => Some(entering(chain.atoms() - 1)),
        Named::Power => {
            let each = general.forces.iter().map(|force| {
                let weight = force.mean / general.mass[force.site];
                let value = weight * profile.mean_p[force.site];
                (value, weight.abs() * errors.mean_p + rounding(value))
            });
            Some(Some(each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))))
        }
        _ => None,
    }
}

/// F at an output time; its mean in a stationary state.
fn force_at(chain: &Chain, scale: Option<TimeScale>, time: f64) -> f64 {
    match scale {
        Some(scale) if time.is_finite() => chain.force.at(chain.microscopic_time(time, scale)),
        _ => chain.force.mean,
    }
}

/// `length` J/(T_- - T_+); none where the temperatures are equal, or an end has no thermostat.
fn conductivity(chain: &Chain, (current, error): (f64, f64), length: f64) -> Known {
    let fall = chain.left?.temperature - chain.right?.temperature;
    let value = length * current / fall;
    (fall != 0.0).then(|| (value, length * error / fall.abs() + rounding::FORMULA * value.abs()))
}
