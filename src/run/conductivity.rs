//! `check` for a chain with coefficients: the effective conductivity N J/(T_- - T_+) over sizes.
//!
//! The program has no limit theorem for such chains. With flips everywhere the resistance
//! (T_- - T_+)/J grows like N/κ + c, c from the contacts. κ is read off the two largest sizes,
//!
//! ```text
//! 1/κ = (R(N₂) - R(N₁))/(N₂ - N₁),
//! ```
//!
//! averaged over seeds where coefficients are random. Its uncertainty is the standard error over
//! the seeds and the change from the pair of sizes before. O(N) a size and seed.

use super::checked::CheckRun;
use super::fourier::{Conductivity, OfSize};
use super::plan::{Plan, Prepared, Saving};
use super::{Error, Options, Times};
use crate::chain::{Chain, ChainBuilder, ordered_resistance};
use crate::cost;
use crate::general::Model;
use crate::general::stationary::stationary;
use crate::limit::conditions::{NoLimit, coefficients_of};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::observe::digits;
use crate::observe::fit::Uncertain;
use crate::observe::statement::CONDUCTIVITY;
use crate::observe::theorems::Measurement;
use crate::scenario::Topology;
use serde_json::json;

/// Realizations of a random chain.
const SEEDS: usize = 8;

/// Whether the current between the ends is Fourier's: flips at every atom, thermostats at both ends
/// alone, of different temperatures, and no force. Otherwise what the chain has in its way.
pub(super) fn is_defined(chain: &Chain) -> Result<(), NoLimit> {
    let Some(all) = chain.coefficients() else { return Ok(()) };
    let inside = |site: usize| site != 0 && site != chain.bonds;
    let obstacle = if chain.topology == Topology::Ring {
        "a ring, which has no ends"
    } else if all.flip_rate.contains(&0.0) {
        "atoms without flips, past which energy moves ballistically or not at all"
    } else if all.thermostats.iter().any(|(site, _)| inside(*site)) {
        "a thermostat inside, which takes up a part of the current"
    } else if !all.forces.is_empty() {
        "a force, whose work adds to the current"
    } else {
        match chain.left.zip(chain.right) {
            None => "a thermostat at one end at most",
            Some((a, b)) if a.temperature == b.temperature => {
                "one temperature at both ends, and so no current"
            }
            Some(_) => return Ok(()),
        }
    };
    Err(NoLimit::NoConductivity { chain: coefficients_of(chain), obstacle })
}

/// κ of an ordered chain, (16.9) in units of k/m; none is known where coefficients depend on the
/// site.
fn closed_form(chain: &Chain) -> Option<f64> {
    let all = chain.coefficients()?;
    let same = |values: &[f64]| {
        let first = *values.first()?;
        values.iter().all(|value| *value == first).then_some(first)
    };
    let [mass, spring] = [same(&all.mass)?, same(&all.spring)?];
    let [pinning, rate] = [same(&all.pinning)? / spring, same(&all.flip_rate)?];
    Some(spring / mass / (2.0 * rate * ordered_resistance(pinning)))
}

/// Mean and standard error.
fn mean(values: &[f64]) -> Uncertain {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - value).powi(2)).sum::<f64>();
    let uncertainty = if n > 1.0 { (square / (n * (n - 1.0))).sqrt() } else { 0.0 };
    Uncertain { value, uncertainty }
}

/// κ from the resistances of every seed at ascending sizes.
fn extrapolated(sizes: &[usize], resistances: &[Vec<f64>]) -> Option<Uncertain> {
    let slope = |k: usize| {
        let over = (sizes[k] - sizes[k - 1]) as f64;
        let pairs = resistances[k].iter().zip(&resistances[k - 1]);
        mean(&pairs.map(|(a, b)| (a - b) / over).collect::<Vec<_>>())
    };
    let last = sizes.len().checked_sub(1).filter(|&last| last > 0)?;
    let found = slope(last);
    // A single pair of sizes does not show the contacts: the uncertainty is the whole resistance at
    // N₁.
    let drift = match last {
        1 => found.value - mean(&resistances[1]).value / sizes[1] as f64,
        _ => found.value - slope(last - 1).value,
    };
    let value = 1.0 / found.value;
    Some(Uncertain { value, uncertainty: value * value * found.uncertainty.hypot(drift) })
}

/// [`super::check()`] of such a family. Long because it refuses, prices and solves, in this order.
pub(super) fn plan(
    family: &ChainBuilder,
    chain: &Chain,
    times: &Times,
    options: &Options,
) -> Result<Prepared<'static, CheckRun>, Error> {
    if options.omegas.is_some() || options.correlation_length.is_some() {
        let name = if options.omegas.is_some() { "omegas" } else { "correlation_length" };
        let reason = "this chain's coefficients depend on the site: only its conductivity is \
                      measured; leave this out";
        return Err(Error::argument(name, reason));
    }
    let sizes: Vec<usize> = options.all_sizes()?.into_iter().map(|(bonds, _)| bonds).collect();
    let seeds = if family.is_random() { SEEDS } else { 1 };
    let mut chains: Vec<Vec<Chain>> = Vec::new();
    for &bonds in &sizes {
        let of_seed = |by: usize| family.with_other_seeds(by as u64).bonds(bonds).build();
        chains.push((0..seeds).map(of_seed).collect::<Result<_, _>>()?);
    }
    let model = Model::new(&chains[0][0]);
    let of_profiles = |bonds: usize| super::general::cost_of_profiles(&model, bonds);
    let seconds = |bonds: usize| of_profiles(bonds).seconds * seeds as f64;
    let largest = sizes.iter().copied().max().unwrap_or(1);
    let bytes = |bonds: usize| of_profiles(bonds).bytes;
    let program = |bonds: usize| {
        let seconds = sizes.iter().map(|&bonds| seconds(bonds)).sum();
        let cost = cost::Cost { bytes: bytes(bonds), seconds };
        cost.of_program(0, 0, cost::STATEMENT_FIGURE, 1)
    };
    let plan = Plan {
        task: Task::Check,
        method: Method::Auto,
        ways: vec![],
        reason: "stationary states: no limit theorem is known for these coefficients".into(),
        covariance_bytes: 0.0,
        cost: program(largest),
        bonds: largest,
        saving: Saving::SmallerSizes,
    };
    let of_task = json!({ "sizes": sizes, "seeds": seeds });
    let bytes_up_to = |bonds: usize| program(bonds).bytes;
    let known = closed_form(chain);
    let (base, at) = (chain.clone(), times.values.clone());
    let asked = sizes.clone();
    let solve = move |record, monitor: &Monitor| {
        let (mut found, mut resistances, mut measurements) = (vec![], vec![], vec![]);
        let count = (asked.len() * seeds) as f64;
        for (k, chains) in chains.iter().enumerate() {
            let bonds = asked[k];
            let (mut conductivities, mut of_size, mut error) = (vec![], vec![], 0.0f64);
            for (seed, chain) in chains.iter().enumerate() {
                let share = |done: usize| (k * seeds + done) as f64 / count;
                let part = monitor.part(share(seed), share(seed + 1));
                let profile = stationary(chain, &part)?.profile;
                let ends = chain.left.zip(chain.right);
                let (left, right) = ends.expect("thermostats at both ends");
                let difference = left.temperature - right.temperature;
                let current = profile.current[bonds / 2];
                let scale = bonds as f64 / difference;
                conductivities.push(scale * current);
                of_size.push(difference / current);
                error = error.max(scale.abs() * profile.errors.current);
            }
            let conductivity = mean(&conductivities);
            measurements.push(Measurement {
                statement: CONDUCTIVITY.name,
                bonds,
                time: f64::INFINITY,
                value: conductivity.value,
                error,
                limit: known,
                scaled_limit: None,
                start: 0.0,
                site: None,
                reached: None,
            });
            found.push(OfSize { bonds, conductivity, of_seeds: conductivities });
            resistances.push(of_size);
        }
        let extrapolated = extrapolated(&asked, &resistances);
        let sentence = sentence(&found, extrapolated, known, seeds);
        let closed_form = known;
        let conductivity = Conductivity { sizes: found, extrapolated, closed_form, sentence };
        Ok(CheckRun::of_conductivity(record, base, at, measurements, conductivity))
    };
    let prepared = Prepared::new(plan, options, chain, of_task, bytes_up_to, solve)?;
    Ok(prepared.at_times(chain, times))
}

fn sentence(
    sizes: &[OfSize],
    extrapolated: Option<Uncertain>,
    known: Option<f64>,
    seeds: usize,
) -> String {
    let Some(last) = sizes.last() else { return String::new() };
    let of = |u: Uncertain| match u.uncertainty {
        0.0 => format!("{:.8}", u.value),
        _ => digits::limit(u),
    };
    let over = if seeds > 1 { format!(", {seeds} seeds") } else { String::new() };
    let limit = match extrapolated {
        Some(limit) => format!("; without the contacts, N → ∞: {}", of(limit)),
        None => String::new(),
    };
    let found = of(last.conductivity);
    let exact = known.map_or(String::new(), |known| format!("; closed form {known:.8}"));
    format!("conductivity N J/(T_- - T_+) at N = {}: {found}{over}{limit}{exact}", last.bonds)
}
