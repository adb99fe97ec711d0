//! What every evolution reports beside its solutions: the work that it took, or why it ended early.

use crate::covariance::SolveError;
use crate::covariance::filed::NotFiled;
use crate::monitor::{Interrupted, record};

/// Work done by an evolution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted steps of the coarse trajectory.
    pub steps: usize,
    /// Rejected steps.
    pub rejected: usize,
    /// Shifted solves.
    pub solves: usize,
}

record!(Counts { steps, rejected, solves });

/// Why an evolution ended early.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum EvolveError {
    /// A shifted solve failed.
    #[error(transparent)]
    Solve(SolveError),
    /// The caller interrupted the run.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The covariance does not fit into memory, and its file could not be written.
    #[error("the covariance could not be written: {0}")]
    File(String),
    /// The step became too small.
    #[error(
        "the step size fell below rounding at τ = {time:.6e}: the tolerance \
         {tolerance:.1e} cannot be reached"
    )]
    StepTooSmall {
        /// Microscopic time.
        time: f64,
        /// Tolerance asked.
        tolerance: f64,
    },
    /// Roundings have added up to an error that is larger than the solution.
    #[error(
        "at τ = {time:.3e} the error is as large as anything that the chain can hold: its \
         rates (flips, frictions, 1/time) are too far apart for steps"
    )]
    Lost {
        /// Microscopic time.
        time: f64,
    },
    /// The output is earlier than the contour serves.
    #[error(
        "the profiles without the covariance serve from τ = {earliest:.3e} on, not at \
         τ = {time:.3e}"
    )]
    TooEarly {
        /// Microscopic time.
        time: f64,
        /// [`super::profiles::earliest`]
        earliest: f64,
    },
}

impl From<SolveError> for EvolveError {
    fn from(error: SolveError) -> EvolveError {
        match error {
            SolveError::Interrupted(end) => end.into(),
            other => EvolveError::Solve(other),
        }
    }
}

impl From<NotFiled> for EvolveError {
    fn from(error: NotFiled) -> EvolveError {
        match error {
            NotFiled::Interrupted(end) => end.into(),
            NotFiled::File(error) => EvolveError::File(error.to_string()),
        }
    }
}
