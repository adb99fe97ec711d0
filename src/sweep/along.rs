//! Numbers read off values along a chain.

use crate::budget::rounding;
use crate::chain::Chain;
use crate::scenario::Topology;

/// The average, and its error where each has `error`.
pub(super) fn average(values: &[f64], error: f64) -> (f64, f64) {
    let count = values.len() as f64;
    let size = values.iter().map(|v| v.abs()).sum::<f64>() / count;
    (values.iter().sum::<f64>() / count, error + count.log2().max(1.0) * rounding::UNIT * size)
}

/// The largest value and the first place where it is. A value that is not a number counts as the
/// largest.
pub(super) fn largest(values: &[f64]) -> (usize, f64) {
    let place = (0..values.len()).reduce(|best, n| {
        let larger = values[n] > values[best] || (values[n].is_nan() && !values[best].is_nan());
        if larger { n } else { best }
    });
    place.map_or((0, f64::NAN), |n| (n, values[n]))
}

/// The place x of the largest value, and its error: the distance to the farthest site whose value
/// is the largest within the errors.
pub(super) fn place_of_largest(values: &[f64], error: f64, chain: &Chain) -> (f64, f64) {
    let x = |n: usize| n as f64 / chain.bonds as f64;
    let (place, most) = largest(values);
    let rivals = values.iter().enumerate().filter(|(_, value)| **value >= most - 2.0 * error);
    let apart = rivals.map(|(n, _)| {
        let apart = (x(n) - x(place)).abs();
        if chain.topology == Topology::Ring { apart.min(1.0 - apart) } else { apart }
    });
    (x(place), apart.fold(if most.is_nan() { f64::NAN } else { 0.0 }, f64::max))
}

/// The value at x, by linear interpolation between the sites x = n/N. On a ring the last site is
/// followed by the first.
pub(super) fn interpolated(values: &[f64], x: f64, chain: &Chain) -> f64 {
    let at = x * chain.bonds as f64;
    let below = (at.floor() as usize).min(chain.bonds);
    let value = |n: usize| values[n % values.len()];
    match at - below as f64 {
        0.0 => value(below),
        part => (1.0 - part) * value(below) + part * value(below + 1),
    }
}
