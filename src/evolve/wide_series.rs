//! Small chains at early times: the series of the whole moment equation in 32 digits.
//!
//! The equation x' = A x of [`super::squaring`], by steps of a series in Faber's polynomials of A
//! (docs/theory/small-systems.md, (15.8)), for an ellipse around all rates (`ellipse`): some 6
//! applications of A a unit of time where friction and flips are weak. Terms become at most e¹⁰
//! times as large as their sum, and 32 digits hold that. Where a cold start leaves everything
//! small, or an end hardly exchanges energy, this still has digits when steps in doubles have none.
//! Cost: see [`seconds`]. Error: roundings of 2⁻¹⁰⁴, of every step. Judge: [`super::squaring`].

pub(super) mod ellipse;
pub(super) mod lanes;

use super::moment_generator::Generator;
use super::outcome::EvolveError;
use crate::chain::{Chain, Double};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::rounded;
use crate::scenario::Topology;
use ellipse::{Ellipse, Steps};
use lanes::Operator;

/// Roundings of 2⁻¹⁰⁴ that a step leaves, of the largest number of the state. Terms are at most e¹⁰
/// times as large as their sum, but not all of them (seen: 40, by the test below).
const ROUNDED: f64 = 1e5;

/// Seconds of a second moment in an application, of open chains and of rings, and of any other
/// unknown.
const OF_MOMENT: [f64; 2] = [8e-9, 6e-8];
const OF_OTHER: f64 = 4e-8;

/// Seconds of an evolution to ascending `times`, of this number of unknowns.
pub(super) fn seconds(chain: &Chain, times: &[f64], unknowns: usize) -> f64 {
    let n = chain.coordinates();
    let moments = n * (n + 1) / 2;
    let of_moment = OF_MOMENT[usize::from(chain.topology == Topology::Ring)];
    let of_term = of_moment * moments as f64 + OF_OTHER * (unknowns - moments) as f64;
    let steps = Steps::before(chain, times, 1.0);
    steps.iter().map(|steps| steps.count * steps.terms * of_term).sum()
}

/// The error at each of ascending `times`, as a part of the largest number: of any number, and of
/// numbers that are damped so fast that they remember the last step alone.
pub(super) fn lost(chain: &Chain, times: &[f64]) -> Vec<[f64; 2]> {
    let once = ROUNDED * 2f64.powi(-104);
    let until = Steps::before(chain, times, 1.0).into_iter().scan(0.0, |sum, steps| {
        *sum += steps.count;
        Some(*sum)
    });
    until.map(|steps| [once * steps, once]).collect()
}

/// The unknowns at ascending `times`, by steps of at most `part` of the longest.
pub(super) fn propagated(
    chain: &Chain,
    generator: &Generator,
    start: &[Double],
    times: &[Double],
    part: f64,
    monitor: &Monitor,
) -> Result<Vec<Vec<Double>>, EvolveError> {
    let last = times.last().map_or(1.0, |time| time.hi);
    let (mut state, mut now) = (start.to_vec(), Double::default());
    let mut found = Vec::with_capacity(times.len());
    let mut operator: Option<Operator> = None;
    for (&time, steps) in times.iter().zip(Steps::before(chain, &rounded(times), part)) {
        let whole = time.plus(now.negated());
        let Steps { ellipse, count, .. } = steps;
        let same = operator.take().filter(|operator| operator.ellipse == ellipse);
        let operator =
            operator.insert(same.unwrap_or_else(|| Operator::new(chain, generator, ellipse)));
        let coefficients = ellipse.coefficients(whole.divided(count));
        let mut numbers = operator.placed(&state);
        for step in 0..count as u64 {
            numbers = operator.series(&coefficients, &numbers);
            let time = now.hi + whole.hi * (step as f64 + 1.0) / count;
            monitor.advance(Progress { share: time / last, time, ..Default::default() })?;
        }
        (state, now) = (operator.unknowns(&numbers), time);
        found.push(state.clone());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::squaring::judge::within_what_is_lost;
    use super::*;
    use num_complex::Complex64;

    /// Shorter steps have another ellipse, and other roundings in every number.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes_and_of_squarings() {
        let rates = vec![
            (1e-6, [1.0, 1e-8], vec![]),
            (0.3, [50.0, 1.0], vec![(1, Complex64::new(0.3, 0.4))]),
            (20.0, [1e-3, 0.2], vec![]),
        ];
        let times = [1e-7, 0.3, 7.0, 60.0];
        let lost = |chain: &Chain, time: f64| lost(chain, &[time])[0][0];
        let closest = within_what_is_lost(6, rates, &times, 0.4, &propagated, lost);
        assert!(closest > 1e-6, "the bound says nothing: {closest:e}");
    }
}
