//! The error of a trajectory of half steps, from comparisons that begin at the same point
//! (docs/theory/errors.md, (13.1), "Steps").
//!
//! Every step H is taken twice from the same point: as a whole, and as two halves. The distance of
//! the two results is the local error of the whole step, which is `gain` times the error of the
//! halves. The gain is measured by comparing the first half with two quarters, at every
//! [`PERIOD`]-th step and at those that end at an output. Local errors add up, because no error
//! grows (docs/theory/bounds.md, Theorem 2.1). They also fade; a second trajectory carries their
//! signed sum along and shows how fast. The error of a column is its share of the norm. Shares are
//! remembered for some steps, because a column may happen to be small where it is looked at.

use super::tableau::STAGES;
use crate::budget::truncation::{
    BETWEEN_MEASUREMENTS, FORGETTING, GAIN_GROWTH, GAINS, LOCAL_ERROR, SHARE,
};
use crate::covariance::moments::MomentErrors;
use crate::monitor::record;

/// Steps from one measurement of the gain to the next.
const PERIOD: usize = 3;

/// The second trajectory carries this many times the sum of the local errors, so that the sum
/// stands above the roundings.
pub(super) const GAIN: f64 = (1u32 << (STAGES - 1)) as f64;

/// A difference of two states: the norms of its parts, and the largest entry of each column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference {
    pub covariance: f64,
    pub mean: f64,
    /// What an error of the means counts for beside one of the covariance; it follows the means.
    pub weight: f64,
    pub columns: MomentErrors,
}

impl Difference {
    /// The norm in which no error grows while the weight stays the same.
    pub fn size(&self) -> f64 {
        self.size_with(self.weight)
    }

    fn size_with(&self, weight: f64) -> f64 {
        self.covariance + weight * self.mean
    }
}

/// The comparisons that a step makes of its error.
pub(super) struct Comparison {
    /// Between the whole step and its halves.
    pub whole: Difference,
    /// Between the first half and its quarters, where they were taken.
    pub half: Option<Difference>,
    /// [`GAIN`] times the signed sum of the earlier local errors, before the step.
    pub before: Difference,
    /// After the step.
    pub after: Difference,
    /// Whether a force keeps the motion turning, so that an error is seen at one phase only.
    pub driven: bool,
}

/// The error of the half steps so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Halving {
    gain: f64,
    gains: MomentErrors,
    /// The gains that the last two measurements showed; of driven motion the least counts.
    shown: [Option<(f64, MomentErrors)>; 2],
    since: usize,
    /// The part of the earlier steps, faded, and that of the last one.
    earlier: f64,
    last: f64,
    /// The shares of the columns in both.
    earlier_shares: MomentErrors,
    last_shares: MomentErrors,
}
record!(Halving { gain, gains, shown, since, earlier, last, earlier_shares, last_shares });

impl Halving {
    /// Whether the next step is compared with quarters; `at_output` says whether it ends there.
    pub fn is_due(&self, at_output: bool) -> bool {
        self.since == 0 || at_output
    }

    /// The norm of the error.
    pub fn size(&self) -> f64 {
        self.earlier + self.last
    }

    /// That of the last step alone.
    pub fn last(&self) -> f64 {
        self.last
    }

    /// The difference of the whole step over the error of its halves.
    pub fn gain(&self) -> f64 {
        self.gain
    }

    /// The error after one more step.
    pub fn after(&self, step: &Comparison) -> Halving {
        let Comparison { whole, half, before, after, driven } = step;
        let since = if half.is_some() { 0 } else { self.since };
        let mut next = Halving { since: (since + 1) % PERIOD, ..*self };
        let mut between = BETWEEN_MEASUREMENTS;
        let (mut measured, mut columns) = (0.0, MomentErrors::default());
        if let Some(half) = half {
            // An error of the first half is not amplified by the second.
            (measured, columns) = (2.0 * half.size(), half.columns.map(|x| 2.0 * x));
            between = 1.0;
            let shown = (gain(whole.size(), measured), whole.columns.with(columns, gain));
            let earlier = if *driven { self.shown } else { [None; 2] };
            next.shown = [Some(shown), self.shown[0]];
            let least = |(size, columns): (f64, MomentErrors), (other, others): (f64, _)| {
                (size.min(other), columns.with(others, f64::min))
            };
            let (size, gains) = earlier.into_iter().flatten().fold(shown, least);
            next.gain = size;
            // A column that happens to vanish in the middle of the step has no gain to show.
            let credited = self.gains.map(|g| if g > 0.0 { GAIN_GROWTH * g } else { next.gain });
            let credited = credited.map(|gain| gain.min(next.gain));
            next.gains = gains.with(credited, f64::min);
        }
        // The error fades in the norm of the step's start, which is then weighed anew: a weight
        // that swings with the means must not pass for fading. The signed sum is the least.
        let fading = ratio(after.size_with(before.weight), before.size()).min(1.0);
        let weighed = ratio(after.size(), after.size_with(before.weight));
        next.earlier = (fading * weighed * self.size()).max(LOCAL_ERROR * after.size() / GAIN);
        next.last = LOCAL_ERROR * measured.max(between * whole.size() / next.gain);
        let of_whole = whole.columns.with(next.gains, |whole, gain| between * whole / gain);
        let columns = of_whole.with(columns, |a, b| LOCAL_ERROR * a.max(b));
        next.earlier_shares = remembered(self.earlier_shares, after.columns, after.size());
        next.last_shares = remembered(self.last_shares, columns, next.last);
        next
    }

    /// The error of every column.
    pub fn errors(&self) -> MomentErrors {
        let earlier = self.earlier_shares.map(|share| share * self.earlier);
        let last = self.last_shares.map(|share| share * self.last);
        earlier.with(last, |earlier, last| SHARE * (earlier + last))
    }
}

/// a/b, and 1 of nothing.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 1.0 }
}

/// The gain that is credited where the halves are as much better as that.
fn gain(whole: f64, halves: f64) -> f64 {
    let gain = whole / halves;
    if gain.is_nan() { GAINS[0] } else { gain.clamp(GAINS[0], GAINS[1]) }
}

/// The shares of `columns` in a `whole`, and what is remembered of the earlier ones.
fn remembered(earlier: MomentErrors, columns: MomentErrors, whole: f64) -> MomentErrors {
    let new = columns.map(|x| if whole > 0.0 { x / whole } else { 0.0 });
    earlier.with(new, |earlier, new| new.max(FORGETTING * earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(mean: f64) -> Difference {
        let columns = MomentErrors { mean_p: mean, ..Default::default() };
        Difference { covariance: 0.0, mean, weight: 1.0, columns }
    }

    /// Comparisons of driven motion, whose first half is seen at these phases.
    fn gains(phases: [f64; 4], driven: bool) -> (f64, f64) {
        let none = Difference::default();
        let next = |halving: Halving, phase: f64| {
            let (whole, half) = (difference(1.0), Some(difference(phase / 1000.0)));
            halving.after(&Comparison { whole, half, before: none, after: none, driven })
        };
        let halving = phases.into_iter().fold(Halving::default(), next);
        (halving.gain, halving.gains.mean_p)
    }

    #[test]
    fn a_phase_at_which_a_driven_error_vanishes_is_credited_with_no_gain() {
        assert_eq!(gains([1.0, 1.0, 1.0, 0.2], true), (500.0, 500.0));
        assert_eq!(gains([1.0, 1.0, 0.5, 0.2], true), (500.0, 500.0));
        assert_eq!(gains([1.0, 1.0, 1.0, 0.2], false), (2500.0, 2000.0));
    }

    #[test]
    fn a_weight_that_falls_and_rises_again_lets_no_error_fade() {
        let weighed = |weight| Difference { weight, ..difference(GAIN) };
        let start = Halving { earlier: 2.0, ..Default::default() };
        let step = |halving: Halving, [before, after]: [f64; 2]| {
            let (whole, half) = (Difference::default(), None);
            let [before, after] = [weighed(before), weighed(after)];
            halving.after(&Comparison { whole, half, before, after, driven: false })
        };
        let end = [[1.0, 0.25], [0.25, 4.0], [4.0, 1.0]].into_iter().fold(start, step);
        assert_eq!(end.earlier, 2.0);
    }
}
