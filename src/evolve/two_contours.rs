//! Two contours for the same output times, the second one with more nodes: the answer is that of
//! the second, and its distance from the first is what the error estimate is made of.
//!
//! [`super::contour`] and [`super::profiles`] are driven from here. Two others go their own way.
//! [`super::squares`] sums both contours in one pass over the pairs of modes, because it never
//! holds a solution, and [`crate::general::contour`] keeps sums from which many columns are read.

use super::hyperbola::{self, Contour, EXTRA};
use super::outcome::{Counts, EvolveError};
use crate::budget::{iteration, outer_quadrature, rounding};
use crate::chain::{Chain, Double};
use crate::covariance::moments::{MomentErrors, Solution};
use crate::covariance::source::ErrorSource;
use crate::monitor::Monitor;
use crate::resolvent::Quality;

/// Nodes worked on side by side: enough for any number of threads, and few enough for the memory.
pub(super) const ABREAST: usize = 4;

/// Equations that a contour inverts without the covariance: an open chain's, or a ring's.
pub(super) trait Inversion {
    /// The largest of w(0).
    fn deviation(&self) -> f64;

    /// The solutions at `times` by one contour; their errors hold what the solves leave.
    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        quality: Quality,
        tolerance: f64,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError>;
}

/// Which contour of which group of times is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// The number of the group.
    pub group: usize,
    /// The nodes that the contour has more than the first one: 0 or [`EXTRA`].
    pub extra: usize,
}

/// The solutions of all groups, one after the other; `nodes` holds the nodes of each group's first
/// contour. `evaluate` inverts on one contour, and `judge` adds to a solution of the second one
/// the error that its distance from that of the first one shows. A contour that is done is kept
/// under `name` for a run that is interrupted and resumed.
pub(super) fn invert(
    name: &str,
    nodes: &[usize],
    monitor: &Monitor,
    mut evaluate: impl FnMut(Asked, &mut Counts, &Monitor) -> Result<Vec<Solution>, EvolveError>,
    mut judge: impl FnMut(usize, &mut Solution, &Solution),
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let mut counts = Counts::default();
    let mut solutions = Vec::new();
    let mut shares = hyperbola::shares(nodes.iter().copied());
    for group in 0..nodes.len() {
        let mut by_contour = |extra: usize| {
            let [from, to] = shares.next().expect("two contours of every group");
            let part = monitor.part(from, to);
            let (found, reached) = part.once(&format!("{name}-{group}-{extra}"), |monitor| {
                let mut reached = counts;
                let found = evaluate(Asked { group, extra }, &mut reached, monitor)?;
                Ok::<_, EvolveError>((found, reached))
            })?;
            counts = reached;
            Ok::<_, EvolveError>(found)
        };
        let coarse = by_contour(0)?;
        let mut fine = by_contour(EXTRA)?;
        for (fine, coarse) in fine.iter_mut().zip(&coarse) {
            judge(group, fine, coarse);
        }
        solutions.append(&mut fine);
    }
    Ok((solutions, counts))
}

/// Adds what the distance of two contours says of the error of the second, whose additional nodes
/// should leave the part `gain` of that of the first.
pub(super) fn add_distance(chain: &Chain, gain: f64, fine: &mut Solution, coarse: &Solution) {
    let none = MomentErrors::default();
    let distance = none.with_distance(chain, &fine.moments, &coarse.moments);
    // The error of the first; roundings and solves apart, nodes leave a part of it.
    let left = outer_quadrature::SECOND_CONTOUR * gain;
    let solves = fine.part(ErrorSource::Iteration).map(|error| iteration::REFINEMENT * error);
    let rounded = solves.with(fine.moments.sizes(), |error, size| error + rounding::SHARED * size);
    let distance = distance.with(rounded, |d, rounded| d.min(rounded + left * d));
    fine.add_error(ErrorSource::OuterQuadrature, distance);
}
