//! When steps begin and end.

use crate::chain::Double;

/// A part of the time with equal steps: no step begins in one and ends in the next.
pub(super) struct Stretch {
    pub start: Double,
    pub end: Double,
    pub steps: usize,
}

impl Stretch {
    /// The length of every step but the last.
    pub fn step(&self) -> f64 {
        self.end.plus(self.start.negated()).divided(self.steps as f64).hi
    }

    /// The time after `steps` of them, exactly.
    pub fn after(&self, steps: usize) -> Double {
        match steps {
            _ if steps == self.steps => self.end,
            _ => Double::product(self.step(), steps as f64).plus(self.start),
        }
    }
}
