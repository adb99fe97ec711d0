//! The size of the next step, from what the last ones added to the error.
//!
//! The error may reach `allowed` at the end. Equal steps on a logarithmic axis of time have
//! equal shares of that, because steps grow with time while the fast modes die; so the shares add
//! up to one however many steps there are. A step aims at a fifth of its share and is repeated if
//! it takes more than two. After a repetition the step grows by one per cent, three, seven, ...:
//! under a periodic force the distance swings, and a pause in its growth is no reason to run into
//! the next repetition (measured: 9 repetitions in 100 steps instead of 38).

use crate::monitor::record;

/// Chooses the steps of one evolution.
#[derive(Debug, Clone)]
pub struct StepSize {
    /// The time from which on time counts logarithmically, and the first step.
    fast: f64,
    end: f64,
    /// No step is longer.
    longest: f64,
    /// The local error is of this order in the step.
    order: f64,
    wanted: f64,
    /// The step may grow by this factor.
    growth: f64,
    /// The last repeated step and what it brought.
    repeated: Option<(f64, f64)>,
    /// Growth for each unit of time that no smaller step takes away.
    noise: f64,
}

record!(StepSize { fast, end, longest, order, wanted, growth, repeated, noise });

/// A step grows threefold at most: the estimate of one step says nothing of stiffness beyond.
pub(super) const GROWTH: f64 = 3.0;

impl StepSize {
    /// Steps for an evolution to microscopic time `end` whose fastest motion takes about `fast`, in
    /// steps up to `longest`.
    pub fn new(fast: f64, end: f64, longest: f64, order: usize) -> StepSize {
        StepSize {
            fast,
            end,
            longest,
            order: order as f64,
            wanted: fast,
            growth: GROWTH,
            repeated: None,
            noise: 0.0,
        }
    }

    /// The next step towards an output that is `left` away; the last steps before it share what is
    /// left.
    pub fn next(&self, left: f64) -> f64 {
        let wanted = self.wanted.min(self.longest);
        (left / (left / wanted).ceil().clamp(1.0, 2.0)).min(wanted)
    }

    /// Whether a step from `time` that brought the trajectories apart from `before` to `after`
    /// stands. `rounding` is the part of a distance that no smaller step would take away.
    pub fn accepts(
        &mut self,
        time: f64,
        step: f64,
        [before, after]: [f64; 2],
        allowed: f64,
        rounding: f64,
    ) -> bool {
        let share = ((self.fast + time + step) / (self.fast + time)).ln()
            / ((self.fast + self.end) / self.fast).ln();
        let grown = after - before - rounding - self.noise * step;
        let aim = 0.4 * share * allowed;
        // Where the distance pauses, a hundredth of it is taken for the new part, but not so much
        // that steps could not grow.
        let new = grown.max((0.01 * after).min(aim / 8.0)).max(f64::MIN_POSITIVE);
        let factor = 0.9 * (aim / new).powf(1.0 / self.order);
        // Truncation falls like a high power of the step; what does not fall is rounding.
        let noisy =
            self.repeated.is_some_and(|(longer, more)| grown > more * (step / longer).powi(3));
        if noisy {
            self.noise += 2.0 * grown / step;
        }
        if grown > 5.0 * aim && !noisy {
            self.repeated = Some((step, grown));
            self.wanted = step * factor.clamp(0.2, 0.9);
            self.growth = 1.0;
            return false;
        }
        self.repeated = None;
        self.growth = GROWTH.min(2.0 * self.growth - 0.99);
        let next = step * if noisy { 1.0 } else { factor.clamp(0.3, self.growth) };
        // A step shortened to meet an output does not shorten the next.
        self.wanted = if step < self.wanted { next.max(self.wanted) } else { next };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps to τ = 1e6 of a process whose local error is (step/(1+τ))^14, some constant times.
    fn run(constant: f64, allowed: f64) -> (usize, f64) {
        let mut size = StepSize::new(0.1, 1e6, f64::INFINITY, 14);
        let (mut time, mut distance, mut steps) = (0.0, 0.0, 0);
        while time < 1e6 {
            let step = size.next(1e6 - time);
            let after = distance + constant * (step / (1.0 + time)).powi(14);
            if size.accepts(time, step, [distance, after], allowed, 0.0) {
                (time, distance) = (time + step, after);
            }
            steps += 1;
        }
        (steps, distance)
    }

    #[test]
    fn the_distance_stays_within_what_is_allowed_and_steps_grow_with_time() {
        for constant in [1e-3, 1.0, 1e3] {
            for allowed in [1e-2, 1e-6, 1e-10] {
                let (steps, distance) = run(constant, allowed);
                assert!(distance < 2.0 * allowed, "{distance:e} > {allowed:e}");
                // ln 1e6 = 14 in steps that resolve the constant to the power 1/14.
                let each = (constant / allowed).powf(1.0 / 14.0);
                assert!((steps as f64) < 30.0 + 50.0 * each, "{steps} steps");
            }
        }
    }

    #[test]
    fn what_only_rounding_takes_away_is_not_repeated() {
        let mut size = StepSize::new(0.1, 1e6, f64::INFINITY, 14);
        assert!(!size.accepts(1.0, 0.1, [0.0, 1e-12], 1e-12, 0.0));
        assert!(size.accepts(1.0, 0.1, [0.0, 1e-12], 1e-12, 1e-12));
        // Nor for ever where the rounding is not known: steps of unknown noise grow again (309
        // tries; a hang would have no end).
        let (mut size, mut time, mut tries) = (StepSize::new(0.1, 1e6, f64::INFINITY, 14), 0.0, 0);
        while time < 1e6 {
            let step = size.next(1e6 - time);
            if size.accepts(time, step, [0.0, 1e-12 * step], 1e-12, 0.0) {
                time += step;
            }
            tries += 1;
            assert!(tries < 320, "at time {time:e}");
        }
    }
}
