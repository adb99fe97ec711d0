//! The error of a trajectory of half steps, from comparisons that begin at the same point
//! (docs/theory/errors.md, (13.1), "Steps").
//!
//! Every step H is also taken as a whole, from the point where its two halves begin. The distance
//! of the two is the local error of the whole step, which is `gain` times that of the halves. The
//! gain is measured: at every [`PERIOD`]-th step, and at those that end at an output, the first
//! half is compared with two quarters. Local errors add up, since no error grows
//! (docs/theory/bounds.md). They also fade: the second trajectory carries their signed sum along
//! and shows how fast. Columns have shares of the norm; a share is remembered for some steps,
//! because a column that happens to be small at an output says nothing.

use crate::covariance::moments::MomentErrors;
use crate::monitor::record;

/// Steps from one measurement of the gain to the next.
const PERIOD: usize = 3;

/// The least and the largest gain that is credited. The order is 2s-1 = 13 on smooth components,
/// with a gain of 2¹³, and s on stiff ones (Hairer and Wanner II, section IV.15), with a gain of
/// 2⁷. For y' = λy + e^(iωt) with any λ in the left half-plane the least seen is 100 at ωH = 6,
/// which steps exceed at loose tolerances only, 71 at 10 and 37 at 14.
const LEAST_GAIN: f64 = 32.0;
const LARGEST_GAIN: f64 = 4096.0;

/// The gain that is credited to a column grows so much from one measurement to the next at most.
const GROWTH: f64 = 4.0;

/// The local error of a step between two measurements may be so much larger than the last gain
/// says.
const BETWEEN: f64 = 1.5;

/// The factor on the local errors. They are differences, not bounds, and whole steps damp a
/// rotation that the halves still resolve (campaign, seeds 1000 to 1066: the estimate was 0.8 times
/// the true error at worst, at tolerance 1e-4, and 1.5 times at 1e-6).
pub(super) const SAFETY: f64 = 2.0;

/// The share of a column is halved with every step at most.
const FORGETTING: f64 = 0.5;

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

    /// After a step.
    pub fn after(&self, step: &Comparison) -> Halving {
        let Comparison { whole, half, before, after } = step;
        let since = if half.is_some() { 0 } else { self.since };
        let mut next = Halving { since: (since + 1) % PERIOD, ..*self };
        let mut between = BETWEEN;
        let mut measured = Difference::default();
        if let Some(half) = half {
            // An error of the first half is not amplified by the second.
            measured = Difference { size: 2.0 * half.size, columns: half.columns.map(|x| 2.0 * x) };
            between = 1.0;
            next.gain = gain(whole.size, measured.size);
            // A column that happens to vanish in the middle of the step has no gain to show.
            let credited = self.gains.map(|g| if g > 0.0 { GROWTH * g } else { next.gain });
            let credited = credited.map(|gain| gain.min(next.gain));
            next.gains = whole.columns.with(measured.columns, gain).with(credited, f64::min);
        }
        let fading = if *before > 0.0 { (after.size / before).min(1.0) } else { 1.0 };
        next.earlier = fading * self.size();
        next.last = SAFETY * measured.size.max(between * whole.size / next.gain);
        let columns = whole.columns.with(next.gains, |whole, gain| between * whole / gain);
        let columns = columns.with(measured.columns, |a, b| SAFETY * a.max(b));
        next.earlier_shares = remembered(self.earlier_shares, after.columns, after.size);
        next.last_shares = remembered(self.last_shares, columns, next.last);
        next
    }

    /// The error of every column.
    pub fn errors(&self) -> MomentErrors {
        let earlier = self.earlier_shares.map(|share| share * self.earlier);
        earlier.with(self.last_shares.map(|share| share * self.last), |a, b| a + b)
    }
}

/// The gain that is credited where the halves are as much better as that.
fn gain(whole: f64, halves: f64) -> f64 {
    let gain = whole / halves;
    if gain.is_nan() { LEAST_GAIN } else { gain.clamp(LEAST_GAIN, LARGEST_GAIN) }
}

/// The shares of `columns` in a `whole`, and what is remembered of the earlier ones.
fn remembered(earlier: MomentErrors, columns: MomentErrors, whole: f64) -> MomentErrors {
    let new = columns.map(|x| if whole > 0.0 { x / whole } else { 0.0 });
    earlier.with(new, |earlier, new| new.max(FORGETTING * earlier))
}
