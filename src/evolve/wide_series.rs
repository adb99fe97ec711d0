//! Small chains at early times: the series of the whole moment equation in 32 digits.
//!
//! The equation x' = A x of [`super::squaring`], by steps of Taylor's series. With a bound
//! ρ of its rates, a step of ρh ≤ 12 has some 80 terms. They become e¹² times as large as their
//! sum, and 32 digits hold that. Where a cold start leaves everything small, or an end hardly
//! exchanges energy, this still has digits when steps in doubles have none. Cost: some 7ρτ
//! applications of A, 5 sums for each of its m ≈ n(n+1)/2 rows, n = 2N+1. Error: roundings of
//! 2⁻¹⁰⁴, of every step. Judge: [`super::squaring`].

use super::moment_generator::Generator;
use super::outcome::EvolveError;
use crate::chain::{Chain, Double};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::leading;
use crate::numerics::vector::largest_of;
use rayon::prelude::*;

/// ρh of a step.
const RADIANS: f64 = 12.0;

/// Terms of a step, about.
const TERMS: f64 = 84.0;

/// Terms at most: by then ρhᵏ/k! is below 10⁻⁷⁰.
const MOST_TERMS: usize = 160;

/// A term this much smaller than the largest number of the state changes nothing.
const NOTHING: f64 = 1e-36;

/// Roundings of 2⁻¹⁰⁴ that a step leaves, of the largest number of the state: e¹² of them in the
/// terms, and a few in each.
const ROUNDED: f64 = 1e7;

/// Seconds of a row of an application.
const OF_ROW: f64 = 3e-8;

/// Rows that one thread forms at a time.
const ROWS: usize = 256;

/// A bound of the rates of the moments, of their products with the force and of its waves.
fn fastest(chain: &Chain) -> f64 {
    let friction = chain.friction().into_iter().fold(0.0, f64::max);
    let damping = 2.0 * chain.flip_rate + friction;
    let turning = 2.0 * chain.force.highest_frequency();
    (4.0 + 2.0 * damping + 4.0 * chain.flip_rate).max(2.0 + damping + turning)
}

/// Steps to a time.
fn steps(chain: &Chain, last: f64) -> f64 {
    (fastest(chain) * last / RADIANS).ceil().max(1.0)
}

/// Seconds of an evolution to `last`, with `outputs` on the way, of this number of unknowns.
pub(super) fn seconds(chain: &Chain, last: f64, outputs: usize, unknowns: usize) -> f64 {
    (steps(chain, last) + outputs as f64) * TERMS * OF_ROW * unknowns as f64
}

/// The error at a time, as a part of the largest number: of any number, and of numbers that are
/// damped so fast that they remember the last step alone.
pub(super) fn lost(chain: &Chain, last: f64) -> [f64; 2] {
    let once = ROUNDED * 2f64.powi(-104);
    [once * steps(chain, last), once]
}

/// One entry of A: a sum or a difference, or a product.
#[derive(Clone, Copy)]
enum Factor {
    Plus,
    Minus,
    Times(Double),
}

/// The rows of A, one after the other.
struct Rows {
    ends: Vec<usize>,
    entries: Vec<(usize, Factor)>,
}

impl Rows {
    fn of(generator: &Generator) -> Rows {
        let (mut ends, mut entries) = (Vec::new(), Vec::new());
        for row in generator.rows() {
            let factor = |a: Double| match (a.hi, a.lo) {
                (1.0, 0.0) => Factor::Plus,
                (-1.0, 0.0) => Factor::Minus,
                _ => Factor::Times(a),
            };
            entries.extend(row.iter().map(|&(column, a)| (column, factor(a))));
            ends.push(entries.len());
        }
        Rows { ends, entries }
    }

    /// A x times a factor, into `to`.
    fn apply(&self, x: &[Double], factor: Double, to: &mut [Double]) {
        to.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, to)| {
            for (i, to) in to.iter_mut().enumerate() {
                let row = chunk * ROWS + i;
                let start = if row == 0 { 0 } else { self.ends[row - 1] };
                let entries = &self.entries[start..self.ends[row]];
                let sum =
                    entries.iter().fold(Double::default(), |sum, &(column, factor)| match factor {
                        Factor::Plus => sum.plus(x[column]),
                        Factor::Minus => sum.plus(x[column].negated()),
                        Factor::Times(a) => sum.plus(times(a, x[column])),
                    });
                *to = if sum.hi == 0.0 { sum } else { times(sum, factor) };
            }
        });
    }
}

/// a · b without the instruction that [`Double::times`] asks for, which some processors lack.
fn times(a: Double, b: Double) -> Double {
    let product = a.hi * b.hi;
    let (a_lead, b_lead) = (leading(a.hi), leading(b.hi));
    let (a_rest, b_rest) = (a.hi - a_lead, b.hi - b_lead);
    let error =
        ((a_lead * b_lead - product) + (a_lead * b_rest + a_rest * b_lead)) + a_rest * b_rest;
    let low = error + (a.hi * b.lo + a.lo * b.hi);
    let hi = product + low;
    Double { hi, lo: low - (hi - product) }
}

/// The unknowns at ascending `times`, by steps of at most `part` of [`RADIANS`].
pub(super) fn propagated(
    chain: &Chain,
    generator: &Generator,
    start: &[Double],
    times: &[Double],
    part: f64,
    monitor: &Monitor,
) -> Result<Vec<Vec<Double>>, EvolveError> {
    let rows = Rows::of(generator);
    let longest = part * RADIANS / fastest(chain);
    let last = times.last().map_or(1.0, |time| time.hi);
    let (mut state, mut now) = (start.to_vec(), Double::default());
    let (mut term, mut next) = (state.clone(), state.clone());
    let mut found = Vec::with_capacity(times.len());
    for &time in times {
        let from = now;
        let count = ((time.plus(now.negated())).hi / longest).ceil().max(1.0);
        let length = time.plus(from.negated()).divided(count);
        for step in 0..count as u64 {
            term.copy_from_slice(&state);
            for k in 1..=MOST_TERMS {
                rows.apply(&term, length.divided(k as f64), &mut next);
                std::mem::swap(&mut term, &mut next);
                state.iter_mut().zip(&term).for_each(|(sum, term)| *sum = sum.plus(*term));
                let size = |x: &[Double]| largest_of(x.iter().map(|x| x.hi));
                // Terms grow until then.
                if k as f64 > RADIANS && size(&term) <= NOTHING * size(&state) {
                    break;
                }
            }
            now = from.plus(length.times((step as f64 + 1.0).into()));
            let share = now.hi / last;
            monitor.advance(Progress { share, time: now.hi, ..Default::default() })?;
        }
        now = time;
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
    use crate::scenario::{Thermostat, Topology};
    use num_complex::Complex64;

    /// Steps two thirds as long have other roundings in every number.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes_and_of_squarings() {
        let end = |friction: f64| Some(Thermostat { temperature: 1.0, friction });
        for (flip_rate, frictions, harmonics) in [
            (1e-6, [1.0, 1e-8], vec![]),
            (0.3, [50.0, 1.0], vec![(1, Complex64::new(0.3, 0.4))]),
            (20.0, [1e-3, 0.2], vec![]),
        ] {
            let frequency = frequency_of(8.0);
            let chain = Chain {
                topology: Topology::Open,
                bonds: 3,
                flip_rate,
                left: end(frictions[0]),
                right: end(frictions[1]),
                force: Force { mean: 1.5, frequency, harmonics },
                general: None,
            };
            let law = InitialLaw {
                mean_r: vec![0.5, -1.0, 2.0],
                mean_p: vec![0.25; 4],
                var_r: vec![1.5; 3],
                var_p: vec![0.0, 1e-6, 1.0, 2.0],
                covariance: None,
            };
            let generator = Generator::new(&chain, Of::Moments);
            let start = generator.start(&law);
            let times = [1e-7, 0.3, 7.0, 60.0].map(Double::from);
            let quiet = Monitor::default();
            let by = |part: f64| {
                propagated(&chain, &generator, &start, &times, part, &quiet).expect("no end")
            };
            let (coarse, fine) = (by(1.0), by(0.67));
            let squared = squaring::states(&generator, &start, &times);
            for (((a, b), c), time) in coarse.iter().zip(&fine).zip(&squared).zip(times) {
                let size = largest_of(a.iter().map(|x| x.hi));
                // Squarings lose 2⁻¹⁰² of each of some 60 unknowns, 8τ times.
                let judge = 2f64.powi(-96) * (1.0 + 10.0 * time.hi);
                let allowed = size * (lost(&chain, time.hi)[0] + judge);
                for ((a, b), c) in a.iter().zip(b).zip(c) {
                    for other in [b, c] {
                        let apart = a.plus(other.negated()).hi.abs();
                        assert!(apart <= allowed, "γ = {flip_rate}, {time}: {apart:e} {allowed:e}");
                    }
                }
            }
        }
    }
}
