//! Small chains at early times beside fast damping: the series of the whole moment equation in 32
//! digits, as if the fast damping were not there.
//!
//! The equation x' = A x of [`super::squaring`]. What friction or many flips damp fast follows the
//! rest after a short while, and the rest has only slow rates. The polynomial Q of `polynomial`
//! leaves slow rates where they are and folds the fast ones onto them, so that a series in Faber's
//! polynomials of Q(A) has as many terms as that of [`super::wide_series`] without fast damping,
//! each of 3 to some 15 applications of A. It is e^(Ah) on all states without a fast part. The
//! contour of [`super::wide_contour`] takes the fast part of the start, and once more before every
//! output that of the roundings. Cost: some 20 to 100 applications of A a unit of time, however
//! fast the damping is. Error: roundings of 2⁻¹⁰⁴ of every step, times what the polynomials grow
//! to, which is measured. Judge: [`super::squaring`] and [`super::wide_contour`].

mod passes;
mod polynomial;

use super::moment_generator::Generator;
use super::outcome::EvolveError;
use super::wide_contour::{self, Contour, added};
use super::wide_series::ellipse::gaps;
use crate::chain::{Chain, Double};
use crate::monitor::{Monitor, Progress};
use passes::Folded;
use polynomial::{Fold, folds};

/// Roundings of 2⁻¹⁰⁴ that a step leaves, of the largest number of the state.
const ROUNDED: f64 = 1e6;

/// Fast parts are forgotten once they have fallen to e^-.. of themselves.
const FORGOTTEN: f64 = 90.0;

/// Seconds of an unknown in an application of A, and of one in a term beside that.
const OF_FACTOR: f64 = 6e-9;
const OF_TERM: f64 = 8e-9;

/// How long the contour takes until all that is fast is forgotten.
fn settles(chain: &Chain, fold: &Fold) -> f64 {
    let longest = wide_contour::longest(chain);
    (FORGOTTEN / (fold.fast * longest)).ceil() * longest
}

/// The part of every gap between outputs that the series takes: it begins once the contour has
/// taken the fast part of the start, and leaves the end of each gap to it.
struct BySeries {
    settles: f64,
    /// Whether it has not begun.
    waits: bool,
}

impl BySeries {
    fn new(settles: f64) -> BySeries {
        BySeries { settles, waits: true }
    }

    /// The length of the series in the next gap.
    fn of(&mut self, gap: f64) -> Option<f64> {
        let length = gap - self.settles * if self.waits { 2.0 } else { 1.0 };
        let serves = length > 0.0;
        self.waits &= !serves;
        serves.then_some(length)
    }
}

/// The cheapest fold for a series up to the last of ascending times. So it is found once, however
/// many outputs there are.
fn cheapest(chain: &Chain, times: &[f64]) -> Option<Fold> {
    let last = times.last().copied().unwrap_or(0.0);
    let price = |fold: &Fold| {
        let settles = settles(chain, fold);
        let contour = wide_contour::seconds(chain, 2.0 * settles, 0, 1);
        BySeries::new(settles).of(last).map_or(0.0, |length| in_series(fold, length)) + contour
    };
    let all = folds(chain).into_iter().map(|fold| (price(&fold), fold));
    all.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, fold)| fold)
}

/// Seconds of an unknown in a series.
fn in_series(fold: &Fold, length: f64) -> f64 {
    let (count, terms) = fold.steps(length, 1.0);
    let passes = fold.passes(length / count) as f64;
    count * (terms + passes) * (OF_FACTOR * fold.degree() + OF_TERM)
}

/// Seconds of an evolution to ascending `times`, of this number of unknowns; infinite where it does
/// not serve.
pub(super) fn seconds(chain: &Chain, times: &[f64], unknowns: usize) -> f64 {
    let Some(fold) = cheapest(chain, times) else { return f64::INFINITY };
    let mut by_series = BySeries::new(settles(chain, &fold));
    let price = |gap: f64| {
        let series = by_series.of(gap);
        let contour = gap - series.unwrap_or(0.0);
        series.map_or(0.0, |length| in_series(&fold, length) * unknowns as f64)
            + wide_contour::seconds(chain, contour, 0, unknowns)
    };
    gaps(times).map(price).sum()
}

/// The error at each of ascending `times`, as a part of the largest number where the polynomials do
/// not grow, and that of a number beside its distance from another one.
pub(super) fn lost(chain: &Chain, times: &[f64]) -> Vec<[f64; 2]> {
    let contour = wide_contour::lost(chain, times);
    let Some(fold) = cheapest(chain, times) else { return contour };
    let mut by_series = BySeries::new(settles(chain, &fold));
    let (mut steps, mut by_contour) = (0.0, 0.0);
    let of = |gap: f64| {
        let series = by_series.of(gap);
        steps += series.map_or(0.0, |length| fold.steps(length, 1.0).0);
        by_contour += gap - series.unwrap_or(0.0);
        let damped = contour[0][1];
        let contour = wide_contour::lost(chain, &[by_contour])[0][0];
        [contour + ROUNDED * 2f64.powi(-104) * steps, damped]
    };
    gaps(times).map(of).collect()
}

/// The unknowns at ascending `times`, by steps of at most `part` of the longest, and how many times
/// more has been lost than [`lost`] says.
pub(super) fn propagated(
    chain: &Chain,
    generator: &Generator,
    start: &[Double],
    times: &[Double],
    part: f64,
    monitor: &Monitor,
) -> Result<(Vec<Vec<Double>>, f64), EvolveError> {
    let plain: Vec<f64> = times.iter().map(|time| time.hi).collect();
    let fold = cheapest(chain, &plain).expect("it was found to serve");
    let (generator, temperatures) = generator.beside_temperatures(chain);
    let contour = Contour::new(chain, &generator, part);
    let folded = Folded::new(chain, &generator, &fold);
    let settles = settles(chain, &fold);
    let last = plain.last().copied().unwrap_or(1.0);
    let share = |time: f64| time / last;
    let (mut state, mut now) = (start.to_vec(), Double::default());
    added(&mut state, &temperatures, -1.0);
    let (mut by_series, mut worst) = (BySeries::new(settles), 1.0f64);
    let mut found = Vec::with_capacity(times.len());
    for &time in times {
        let begins = by_series.waits;
        if let Some(length) = by_series.of((time - now).hi) {
            if begins {
                let to = now + Double::from(settles);
                state = contour.advanced(state, [now, to], monitor, share)?;
                now = to;
            }
            let (count, _) = fold.steps(length, part);
            let whole = time - now - Double::from(settles);
            let step = whole.divided(count);
            let (coefficients, left) = fold.coefficients(step);
            let passes = fold.passes(step.hi);
            let mut numbers = folded.placed(&state);
            for step in 0..count as u64 {
                let (next, grown) = folded.series(&coefficients, passes, &numbers);
                numbers = next;
                worst = worst.max(grown / USUAL_GROWTH).max(left * grown / 2f64.powi(-104));
                let time = now.hi + whole.hi * (step as f64 + 1.0) / count;
                monitor.advance(Progress { share: share(time), time, ..Default::default() })?;
            }
            state = folded.unknowns(&numbers);
            now = now + whole;
        }
        state = contour.advanced(state, [now, time], monitor, share)?;
        now = time;
        let mut output = state.clone();
        added(&mut output, &temperatures, 1.0);
        found.push(output);
    }
    Ok((found, worst))
}

/// What the polynomials may grow to without a loss beyond [`ROUNDED`].
const USUAL_GROWTH: f64 = 1000.0;

#[cfg(test)]
mod tests {
    use super::super::squaring::judge::within_what_is_lost;
    use super::*;
    use num_complex::Complex64;

    /// Shorter steps have another ellipse and other contours, and squarings nothing of this.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes_and_of_squarings() {
        let rates = vec![
            (1e-6, [1e8, 1e-8], vec![]),
            (0.01, [1.6e3, 2e-6], vec![]),
            (0.3, [250.0, 1e5], vec![(1, Complex64::new(0.3, 0.4))]),
            (4e3, [1e7, 0.2], vec![]),
            (0.008, [4.9e3, 7e7], vec![]),
            (23.0, [2e-8, 9e5], vec![]),
        ];
        let times = [0.3, 2.5, 7.0, 40.0, 900.0];
        // How many times more the last chain has lost.
        let more = std::cell::Cell::new(1.0f64);
        let by = |chain: &Chain,
                  generator: &Generator,
                  start: &[Double],
                  times: &[Double],
                  part: f64,
                  monitor: &Monitor| {
            let (found, worst) = propagated(chain, generator, start, times, part, monitor)?;
            more.set(worst);
            assert!(worst < 4.0, "{} {:?}: {worst:e}", chain.flip_rate, chain.friction());
            Ok(found)
        };
        let lost = |chain: &Chain, time: f64| {
            let index = times.iter().position(|&t| t == time).expect("one of them");
            more.get() * lost(chain, &times)[index][0]
        };
        let closest = within_what_is_lost(3, rates, &times, 0.6, &by, lost);
        assert!(closest > 1e-6, "the bound says nothing: {closest:e}");
    }
}
