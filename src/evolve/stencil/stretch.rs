//! The times at which steps begin and end.

use super::follow::Phase;
use crate::chain::Double;

/// A part of the time: no step begins in one and ends in the next.
pub(super) struct Stretch {
    pub phase: usize,
    start: Double,
    end: Double,
    pub steps: usize,
    /// Whether its steps have different lengths.
    uneven: bool,
}

/// How much longer than their average uneven steps are at most.
pub(super) const UNEVEN: f64 = 1.2;

impl Stretch {
    pub fn new(phase: usize, [start, end]: [Double; 2], longest: f64, uneven: bool) -> Stretch {
        let length = end.plus(start.negated()).hi;
        let most = if uneven { UNEVEN } else { 1.0 };
        let steps = (most * length / longest).ceil().max(1.0) as usize;
        Stretch { phase, start, end, steps, uneven }
    }

    /// The average length of a step.
    fn step(&self) -> f64 {
        self.end.plus(self.start.negated()).divided(self.steps as f64).hi
    }

    /// The time after `steps` of them, exactly.
    pub fn after(&self, steps: usize) -> Double {
        match steps {
            0 => self.start,
            _ if steps == self.steps => self.end,
            _ => {
                // Up to a tenth of a step to either side, by the bits of a Weyl sequence, mixed.
                let mixed = (steps as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let part = (mixed >> 40) as f64 / (1u64 << 24) as f64;
                let moved = if self.uneven { (UNEVEN - 1.0) * (part - 0.5) } else { 0.0 };
                Double::product(self.step(), steps as f64 + moved).plus(self.start)
            }
        }
    }
}

/// The stretches of all phases, each of which ends with one, at a kept covariance or at the end;
/// `longest` holds the longest step of every phase.
pub(super) fn stretches(
    phases: &[Phase<'_>],
    longest: &[f64],
    times: &[Double],
    kept: &[bool],
    uneven: bool,
) -> Vec<Stretch> {
    let last = times.last().map_or(0.0, |last| last.hi);
    let at_last = |i: usize| kept[i] || i + 1 == times.len();
    let mut ends: Vec<Double> =
        (0..times.len()).filter(|&i| at_last(i)).map(|i| times[i]).collect();
    ends.extend(phases.iter().map(|phase| phase.until).filter(|&t| t < last).map(Double::from));
    ends.sort_by(|a, b| a.hi.total_cmp(&b.hi).then(a.lo.total_cmp(&b.lo)));
    let (mut stretches, mut start) = (Vec::new(), Double::default());
    for end in ends {
        let length = end.plus(start.negated()).hi;
        if length > 0.0 {
            let phase = phases.partition_point(|phase| phase.until <= start.hi);
            stretches.push(Stretch::new(phase, [start, end], longest[phase], uneven));
            start = end;
        }
    }
    stretches
}
