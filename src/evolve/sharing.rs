//! Groups output times that share a contour of [`super::contour`], and counts the solves they take.

use super::hyperbola::{self, Remembered, nodes_for_integrals};
use crate::chain::Chain;
use std::ops::Range;

/// The most times that share a contour. Each holds O(N) numbers, and a whole state if its
/// covariance is kept.
const SHARED: usize = 64;

/// The most kept covariances that share a contour.
pub(super) const SHARED_STATES: usize = 3;

/// The error for which the nodes are chosen, far below the tolerance because the current is 1/N of
/// the energies (measured: errors of 20 times this goal).
pub(super) fn goal(tolerance: f64) -> f64 {
    (1e-4 * tolerance).max(1e-15)
}

/// The covariance at the last output is formed in any case, for the identities that only it can
/// show.
pub(super) fn is_formed(times: &[f64], keep: impl Fn(usize) -> bool, i: usize) -> bool {
    keep(i) || i + 1 == times.len()
}

/// The ranges of times that share a contour.
pub(super) fn runs(
    times: &[f64],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
) -> Vec<Range<usize>> {
    let states = |run: Range<usize>| run.filter(|&i| is_formed(times, &keep, i)).count();
    let fits = |run: Range<usize>| run.len() <= SHARED && states(run) <= SHARED_STATES;
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
    let nodes = |run: &Range<usize>| {
        nodes_for_integrals(times[run.end - 1] / times[run.start], goal(tolerance))
    };
    let twice: usize =
        runs(times, tolerance, keep).iter().map(|run| hyperbola::of_both(nodes(run))).sum();
    (1 + 2 * chain.force.harmonics.len()) * twice
}
