//! The answer of a run at one point of a sweep.

use crate::chain::Chain;
use crate::run::{Answer, LimitRun, Run};
use crate::scenario::TimeScale;

/// The answer of a run, with the scale of its times or the chain, which its observables need.
pub(super) enum Answered {
    Run(Box<Run>, Option<TimeScale>),
    Limit(Box<LimitRun>, Chain),
}

impl Answered {
    /// The largest error, relative to the largest value of its column.
    pub(super) fn worst_error(&self) -> f64 {
        match self {
            Answered::Run(run, _) => run.worst_error(),
            Answered::Limit(run, _) => run.worst_error(),
        }
    }
}
