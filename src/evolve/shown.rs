//! The error that is shown while steps are taken: the one that the run would report of the outputs
//! so far and of the state that is reached.

use crate::chain::Chain;
use crate::covariance::moments::Solution;
use crate::covariance::profile::{Largest, Profile};
use crate::monitor::Monitor;

/// The error of the outputs so far.
pub(super) struct Shown<'a> {
    chain: &'a Chain,
    /// Whether anybody is told.
    heard: bool,
    largest: Largest,
    /// The outputs that are in it.
    outputs: usize,
}

impl<'a> Shown<'a> {
    pub fn new(chain: &'a Chain, monitor: &Monitor) -> Shown<'a> {
        Shown { chain, heard: monitor.is_heard(), largest: Largest::default(), outputs: 0 }
    }

    /// The error of the `outputs` that are passed and of what `reached` tells, if anything. O(N)
    /// for each new one; 0 where nobody is told or nothing is known.
    pub fn error(
        &mut self,
        outputs: &[Solution],
        reached: impl FnOnce() -> Option<Solution>,
    ) -> f64 {
        if !self.heard {
            return 0.0;
        }
        let profile = |solution: &Solution| Profile::new(self.chain, solution, 0.0);
        for output in &outputs[self.outputs..] {
            self.largest = self.largest.with(&profile(output));
        }
        self.outputs = outputs.len();
        match reached() {
            Some(state) => self.largest.with(&profile(&state)).error(),
            None => self.largest.error(),
        }
    }
}
