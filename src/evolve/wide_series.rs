//! Small chains at early times: the series of the whole moment equation in 32 digits.
//!
//! The equation x' = A x of [`super::squaring`], by steps of a series in Faber's polynomials of A,
//! for an ellipse around all rates (`ellipse`): some 6 applications of A a unit of time where
//! friction and flips are weak. Terms become at most e¹⁰ times as large as their sum, and 32 digits
//! hold that. Where a cold start leaves everything small, or an end hardly exchanges energy, this
//! still has digits when steps in doubles have none. Cost: see [`seconds`]. Error: roundings of
//! 2⁻¹⁰⁴, of every step. Judge: [`super::squaring`].

mod ellipse;
mod lanes;

use super::moment_generator::Generator;
use super::outcome::EvolveError;
use crate::chain::{Chain, Double};
use crate::monitor::{Monitor, Progress};
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

/// The times between ascending outputs.
fn between(times: &[f64]) -> impl Iterator<Item = f64> {
    let before = std::iter::once(0.0).chain(times.iter().copied());
    times.iter().zip(before).map(|(time, before)| time - before)
}

/// Seconds of an evolution to ascending `times`, of this number of unknowns.
pub(super) fn seconds(chain: &Chain, times: &[f64], unknowns: usize) -> f64 {
    let n = chain.coordinates();
    let moments = n * (n + 1) / 2;
    let of_moment = OF_MOMENT[usize::from(chain.topology == Topology::Ring)];
    let of_term = of_moment * moments as f64 + OF_OTHER * (unknowns - moments) as f64;
    let steps = between(times).map(|length| Steps::over(chain, length, 1.0));
    steps.map(|steps| steps.count * steps.terms * of_term).sum()
}

/// The error at the last of ascending `times`, as a part of the largest number: of any number, and
/// of numbers that are damped so fast that they remember the last step alone.
pub(super) fn lost(chain: &Chain, times: &[f64]) -> [f64; 2] {
    let once = ROUNDED * 2f64.powi(-104);
    let steps: f64 = between(times).map(|length| Steps::over(chain, length, 1.0).count).sum();
    [once * steps, once]
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
    for &time in times {
        let whole = time.plus(now.negated());
        let Steps { ellipse, count, .. } = Steps::over(chain, whole.hi, part);
        let operator = Operator::new(chain, generator, ellipse);
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
    use super::super::moment_generator::Of;
    use super::super::squaring;
    use super::*;
    use crate::chain::{Force, InitialLaw, frequency_of};
    use crate::numerics::vector::largest_of;
    use crate::scenario::{Thermostat, Topology};
    use num_complex::Complex64;

    /// Shorter steps have another ellipse, and other roundings in every number.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes_and_of_squarings() {
        let end = |friction: f64| Some(Thermostat { temperature: 1.0, friction });
        let mut closest = 0.0f64;
        for (flip_rate, frictions, harmonics) in [
            (1e-6, [1.0, 1e-8], vec![]),
            (0.3, [50.0, 1.0], vec![(1, Complex64::new(0.3, 0.4))]),
            (20.0, [1e-3, 0.2], vec![]),
        ] {
            let frequency = frequency_of(8.0);
            let chain = Chain {
                topology: Topology::Open,
                bonds: 6,
                flip_rate,
                left: end(frictions[0]),
                right: end(frictions[1]),
                force: Force { mean: 1.5, frequency, harmonics },
                general: None,
            };
            let law = InitialLaw {
                mean_r: vec![0.5, -1.0, 2.0, 0.0, 1.0, 0.25],
                mean_p: vec![0.25; 7],
                var_r: vec![1.5; 6],
                var_p: vec![0.0, 1e-6, 1.0, 2.0, 0.5, 1.0, 3.0],
                covariance: None,
            };
            let generator = Generator::new(&chain, Of::Moments);
            let start = generator.start(&law);
            let times = [1e-7, 0.3, 7.0, 60.0].map(Double::from);
            let quiet = Monitor::default();
            let by = |part: f64| {
                propagated(&chain, &generator, &start, &times, part, &quiet).expect("no end")
            };
            let (coarse, fine) = (by(1.0), by(0.4));
            let squared = squaring::states(&generator, &start, &times);
            for (((a, b), c), time) in coarse.iter().zip(&fine).zip(&squared).zip(times) {
                let size = largest_of(a.iter().map(|x| x.hi));
                // Squarings lose 2⁻¹⁰² of each of some 60 unknowns, 8τ times.
                let judge = 2f64.powi(-96) * (1.0 + 10.0 * time.hi);
                let allowed = size * (lost(&chain, &[time.hi])[0] + judge);
                for ((a, b), c) in a.iter().zip(b).zip(c) {
                    for other in [b, c] {
                        let apart = a.plus(other.negated()).hi.abs();
                        closest = closest.max(apart / allowed);
                        assert!(apart <= allowed, "γ = {flip_rate}, {time}: {apart:e} {allowed:e}");
                    }
                }
            }
        }
        assert!(closest > 1e-6, "the bound says nothing: {closest:e}");
    }
}
