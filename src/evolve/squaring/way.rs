//! Which of the ways in 32 digits serves, what it costs and what it loses.

use super::super::moment_generator::{STEP, Unknowns};
use super::super::{wide_contour, wide_fold, wide_series};
use crate::chain::Chain;
use crate::cost::Cost;
use crate::covariance::moments::largest;
use crate::scenario::Topology;

/// Unknowns at most.
const LARGEST: usize = 1000;

/// The part of the largest second moment that may be lost.
const ALLOWED: f64 = 1e-13;

/// Processor time at most, in seconds, of squarings and of all others.
const MOST_SECONDS: [f64; 2] = [60.0, 100.0];

/// Some hundred squarings' roundings of 2⁻¹⁰⁴, with a few terms each.
const UNDOUBLED: f64 = 2.5e-29;

/// Seconds of squarings that are worth no look at another way.
const SHORT: f64 = 0.5;

/// The largest chain of steps, in bonds.
const LARGEST_OF_STEPS: usize = 64;

/// How the unknowns are propagated.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// By squarings of e^(Ah).
    Squarings,
    /// By steps of the series.
    Steps,
    /// By steps of a contour.
    Contour,
    /// By steps of the series that leaves out fast damping.
    Folded,
}

/// Whether a chain is small enough, without coefficients that depend on the site, and the answer at
/// ascending `times` keeps its digits and comes within `MOST_SECONDS`.
pub fn serves(chain: &Chain, times: &[f64]) -> bool {
    seconds(chain, times).is_some()
}

/// The seconds of processor time of an evolution to ascending `times`, where it [`serves`].
pub fn seconds(chain: &Chain, times: &[f64]) -> Option<f64> {
    priced(chain, times).map(|(_, seconds)| seconds)
}

/// The way that serves.
pub(super) fn way(chain: &Chain, times: &[f64]) -> Option<Way> {
    priced(chain, times).map(|(way, _)| way)
}

/// The way that serves and its seconds: the squarings where they do and are short, or the cheapest.
fn priced(chain: &Chain, times: &[f64]) -> Option<(Way, f64)> {
    if chain.general.is_some() {
        return None;
    }
    let of = |way: Way| {
        let [of_squarings, of_steps] = MOST_SECONDS;
        let (small, most) = match way {
            Way::Squarings => (Unknowns::of(chain).size() <= LARGEST, of_squarings),
            Way::Folded if chain.topology == Topology::Ring => (false, 0.0),
            _ => (chain.bonds <= LARGEST_OF_STEPS, of_steps),
        };
        // A long chain is not priced.
        let seconds = small.then(|| cost_of(chain, times, way).seconds)?;
        let held = || lost(chain, times, way).last().is_none_or(|[part, _]| *part <= ALLOWED);
        (seconds <= most && held()).then_some(seconds)
    };
    let squarings = of(Way::Squarings);
    if let Some(seconds) = squarings.filter(|seconds| *seconds <= SHORT) {
        return Some((Way::Squarings, seconds));
    }
    let others = [Way::Steps, Way::Contour, Way::Folded].map(|way| (way, of(way)));
    let all = std::iter::once((Way::Squarings, squarings)).chain(others);
    let serving = all.filter_map(|(way, seconds)| Some((way, seconds?)));
    serving.min_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// The cost of an evolution to ascending `times`.
pub fn cost(chain: &Chain, times: &[f64]) -> Cost {
    cost_of(chain, times, way(chain, times).unwrap_or(Way::Squarings))
}

fn cost_of(chain: &Chain, times: &[f64], way: Way) -> Cost {
    let (unknowns, outputs) = (Unknowns::of(chain), times.len() as f64);
    let (rows, columns) = (unknowns.size() as f64, unknowns.driving() as f64);
    let last = times.last().copied().unwrap_or(0.0);
    let stepped = match way {
        Way::Squarings => None,
        Way::Steps => Some(wide_series::seconds(chain, times, unknowns.size())),
        Way::Contour => Some(wide_contour::seconds(chain, last, times.len(), unknowns.size())),
        Way::Folded => Some(wide_fold::seconds(chain, times, unknowns.size())),
    };
    if let Some(seconds) = stepped {
        return Cost { bytes: (outputs + 300.0) * 16.0 * rows, seconds };
    }
    let squarings = (norm_bound(chain) * last / STEP).log2().max(1.0).ceil();
    let product = 4e-9 * rows * columns * columns;
    let seconds = squarings * product + outputs * 0.5 * squarings * 10e-9 * rows * columns;
    Cost { bytes: 16.0 * (3.0 * columns + 2.0 * outputs) * rows, seconds }
}

/// The part of the largest second moment that is lost by each of ascending `times`, and of one that
/// friction damps fast. Of squarings: roundings of 2⁻¹⁰⁴ of e^(Aτ) - 1 while that is small, which
/// double with every one. What friction damps is no longer small when the slower rates come to
/// matter, so those alone count.
pub(super) fn lost(chain: &Chain, times: &[f64], way: Way) -> Vec<[f64; 2]> {
    match way {
        Way::Squarings => {
            let slower = 8.0 + 2.0 * chain.force.highest_frequency();
            let once = 2f64.powi(-102) * Unknowns::of(chain).size() as f64;
            times.iter().map(|time| [once * (1.0 + slower * time), UNDOUBLED]).collect()
        }
        Way::Steps => wide_series::lost(chain, times),
        Way::Contour => wide_contour::lost(chain, times),
        Way::Folded => wide_fold::lost(chain, times),
    }
}

/// At least ‖A‖ in the norm of the largest row sum.
fn norm_bound(chain: &Chain) -> f64 {
    let friction = chain.friction().into_iter().fold(0.0, f64::max);
    let harmonics = chain.force.harmonics.iter().map(|(_, f)| 2.0 * (f.re.abs() + f.im.abs()));
    let force = chain.force.mean.abs() + harmonics.sum::<f64>();
    8.0 + 8.0 * chain.flip_rate
        + 4.0 * friction * (1.0 + largest(&chain.temperature()))
        + 2.0 * force
        + 2.0 * chain.force.highest_frequency()
}
