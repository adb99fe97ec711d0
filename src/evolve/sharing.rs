//! Groups output times that share a contour of [`super::contour`], and counts the solves they take.

use super::hyperbola::{self, Remembered, nodes_for_integrals};
use crate::chain::Chain;
use std::ops::Range;

/// The most times that share a contour. Each holds O(N) numbers, and a whole state if its
/// covariance is kept.
const SHARED: usize = 64;

/// The most kept covariances that share a contour.
pub(super) const SHARED_STATES: usize = 3;

/// The error for which the nodes are chosen. It is far below the tolerance because the current may
/// be 1/N of the energies, and errors of 20 times this goal were seen.
pub(super) fn goal(tolerance: f64) -> f64 {
    (1e-4 * tolerance).max(1e-15)
}

/// Whether the covariance at an output is formed. That of the last output always is, because only
/// it can show some of the identities.
pub(super) fn is_formed(times: &[f64], keep: impl Fn(usize) -> bool, i: usize) -> bool {
    keep(i) || i + 1 == times.len()
}

/// The ranges of times that share a contour.
pub(super) fn groups(
    times: &[f64],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
) -> Vec<Range<usize>> {
    let states = |group: Range<usize>| group.filter(|&i| is_formed(times, &keep, i)).count();
    let fits = |group: Range<usize>| group.len() <= SHARED && states(group) <= SHARED_STATES;
    let counts = Remembered::new(|ratio| nodes_for_integrals(ratio, goal(tolerance)));
    hyperbola::shared(times, |first, last| counts.at(last / first), fits)
}

/// The number of shifted solves that [`super::contour::evolve`] takes: one for each node, and under
/// a periodic force those of the envelopes.
pub(super) fn nodes(
    chain: &Chain,
    times: &[f64],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
) -> usize {
    let nodes = |group: &Range<usize>| {
        nodes_for_integrals(times[group.end - 1] / times[group.start], goal(tolerance))
    };
    let twice: usize =
        groups(times, tolerance, keep).iter().map(|group| hyperbola::of_both(nodes(group))).sum();
    (1 + 2 * chain.force.harmonics.len()) * twice
}
