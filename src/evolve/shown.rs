//! The error that the progress shows while steps are taken: the one that the run would report if it
//! ended here, with the outputs so far and the present state.

use crate::chain::Chain;
use crate::covariance::moments::Solution;
use crate::covariance::profile::{Largest, Profile};
use crate::monitor::Monitor;

/// The error of the outputs so far.
pub(super) struct Shown<'a> {
    chain: &'a Chain,
    /// Whether anyone is told.
    heard: bool,
    largest: Largest,
    /// The outputs that are in it.
    outputs: usize,
}

impl<'a> Shown<'a> {
    pub fn new(chain: &'a Chain, monitor: &Monitor) -> Shown<'a> {
        Shown { chain, heard: monitor.is_heard(), largest: Largest::default(), outputs: 0 }
    }

    /// The error of the `outputs` so far and of the present state, if `reached` gives one. O(N) for
    /// each new output. It is 0 where no one is told, and before there is an output.
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
