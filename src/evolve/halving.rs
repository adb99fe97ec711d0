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

/// A difference of two states: its size in the norm in which no error grows, and the largest entry
/// of each column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference {
    pub size: f64,
    pub columns: MomentErrors,
}

/// The comparisons that a step makes of its error.
pub(super) struct Comparison {
    /// Between the whole step and its halves.
    pub whole: Difference,
    /// Between the first half and its quarters, where they were taken.
    pub half: Option<Difference>,
    /// The signed sum of the earlier local errors, in some unit, before the step.
    pub before: f64,
    /// After the step.
    pub after: Difference,
}

/// The error of the half steps so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Halving {
    gain: f64,
    gains: MomentErrors,
    since: usize,
    /// The part of the earlier steps, faded, and that of the last one.
    earlier: f64,
    last: f64,
    /// The shares of the columns in both.
    earlier_shares: MomentErrors,
    last_shares: MomentErrors,
}
record!(Halving { gain, gains, since, earlier, last, earlier_shares, last_shares });

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
        let Comparison { whole, half, before, after } = step;
        let since = if half.is_some() { 0 } else { self.since };
        let mut next = Halving { since: (since + 1) % PERIOD, ..*self };
        let mut between = BETWEEN_MEASUREMENTS;
        let mut measured = Difference::default();
        if let Some(half) = half {
            // An error of the first half is not amplified by the second.
            measured = Difference { size: 2.0 * half.size, columns: half.columns.map(|x| 2.0 * x) };
            between = 1.0;
            next.gain = gain(whole.size, measured.size);
            // A column that happens to vanish in the middle of the step has no gain to show.
            let credited = self.gains.map(|g| if g > 0.0 { GAIN_GROWTH * g } else { next.gain });
            let credited = credited.map(|gain| gain.min(next.gain));
            next.gains = whole.columns.with(measured.columns, gain).with(credited, f64::min);
        }
        let fading = if *before > 0.0 { (after.size / before).min(1.0) } else { 1.0 };
        next.earlier = fading * self.size();
        next.last = LOCAL_ERROR * measured.size.max(between * whole.size / next.gain);
        let columns = whole.columns.with(next.gains, |whole, gain| between * whole / gain);
        let columns = columns.with(measured.columns, |a, b| LOCAL_ERROR * a.max(b));
        next.earlier_shares = remembered(self.earlier_shares, after.columns, after.size);
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
