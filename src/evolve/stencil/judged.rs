//! The evolution by the stencil, done twice with different steps: the difference shows the
//! roundings.

use super::stretch::UNEVEN;
use super::{STEPS, Shows, Steps, Tolerance, walk};
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::evolve::{Counts, EvolveError};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;

/// Length of the steps of the second evolution, relative to those of the first.
const SHORTER: f64 = 0.82;

/// How many times as long [`judged`] takes as [`super::evolve`].
pub const JUDGED: f64 = UNEVEN * (1.0 + 1.0 / SHORTER);

/// [`super::evolve`] where many steps may round as much as `tolerance`: a second evolution, by
/// other steps, shows what roundings do, where [`super::evolve`] adds up the most that they can.
/// Takes [`JUDGED`] times as long. Bounds of series and cuts stay as they are; roundings are an
/// estimate: distances of the two, random sums of a step's roundings, and those of the
/// coefficients, which both have in common.
pub fn judged(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: impl Into<Tolerance>,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let steps = |shorter, name, shows| Steps { shorter, uneven: true, name, shows, ..STEPS };
    let tolerance = tolerance.into();
    // Shorter steps are more of them.
    let share = 1.0 / (1.0 + SHORTER);
    let judge = steps(SHORTER, "stencil-judge", Shows::Nothing);
    let first = monitor.part(0.0, share);
    let (judges, more) = walk(chain, law, times, tolerance, &keep, &first, judge, &|_, _| ())?;
    let second = monitor.part(share, 1.0);
    let own = steps(1.0, "stencil", Shows::Outputs);
    let compare = |i: usize, output: &mut Solution| {
        let (judge, moments, bonds) = (&judges[i], &output.moments, chain.bonds);
        // Of kept covariances every entry is compared.
        let of_entries = match (&moments.covariance, &judge.moments.covariance) {
            (Some(a), Some(b)) => largest_of(a.iter().zip(b).map(|(a, b)| a - b)),
            _ => 0.0,
        };
        let none = MomentErrors { var_r: of_entries, var_p: of_entries, ..Default::default() };
        let rounded = none
            .with_distance(chain, moments, &judge.moments)
            .map(|d| rounding::TWO_EVOLUTIONS * d);
        let written = MomentErrors {
            mean_r: largest(&moments.mean[..bonds]),
            mean_p: largest(&moments.mean[bonds..]),
            var_r: largest(&moments.variance[..bonds]),
            var_p: largest(&moments.variance[bonds..]),
            correlation: largest(&moments.correlation),
            left: 0.0,
        };
        let rounded = rounded.with(written, |rounded, size| rounded + rounding::SUM * size);
        output.errors = output.errors.with(rounded, |lost, rounded| lost + rounded);
    };
    let (outputs, mut counts) = walk(chain, law, times, tolerance, keep, &second, own, &compare)?;
    counts.steps += more.steps;
    counts.solves += more.solves;
    Ok((outputs, counts))
}
