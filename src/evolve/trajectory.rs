//! The state of implicit steps: a point, the integrals on the way to it, and the errors so far.

use crate::covariance::moments::TimeIntegrals;
use crate::monitor::record;

/// A point of a trajectory: the means, and C less the reference state T_ref·1.
#[derive(Clone)]
pub(super) struct Point {
    pub mean: Vec<f64>,
    pub state: Vec<f64>,
}

/// Integrals along a trajectory; `state` is ∫ (C - T_ref), the variances and correlations are read
/// off it at an output.
#[derive(Clone, Default)]
pub(super) struct Path {
    pub state: Vec<f64>,
    /// The means' part.
    pub means: TimeIntegrals,
}

/// Errors that add up along a trajectory, absolute.
#[derive(Clone, Copy, Default)]
pub(super) struct Losses {
    /// The error of the variances by residuals of the solves and roundings of the increments, which
    /// differ from step to step.
    pub variance: f64,
    /// The part of these that residuals are.
    pub solved: f64,
    /// The error of any entry by residuals in the columns of the ends, as far as it is above that.
    pub columns: f64,
    /// The error of the variances by roundings that are alike in a step and in its halves, and the
    /// largest rate at which these came.
    pub alike: f64,
    pub rate: f64,
    /// The error of the means.
    pub mean: f64,
}

record!(Point { mean, state });
record!(Path { state, means });
record!(Losses { variance, solved, columns, alike, rate, mean });

impl Losses {
    /// The largest of them.
    pub fn largest(&self) -> f64 {
        (self.variance + self.alike).max(self.mean)
    }

    /// With those of a step of length h, of whose variances the part `seen` is real.
    pub fn with(&self, step: &Losses, seen: f64, h: f64) -> Losses {
        Losses {
            rate: self.rate.max(step.alike / h),
            variance: self.variance + seen * step.variance,
            solved: self.solved + seen * step.solved,
            columns: self.columns + step.columns,
            alike: self.alike + step.alike,
            mean: self.mean + step.mean,
        }
    }

    /// The rest of the roundings that are alike. Those that came at a rate q are at most q G, G =
    /// ∫ e^(𝓛s) 1 ds, whose largest variance is `longest` (docs/theory/errors.md, (13.3)).
    pub fn gathered(&self, longest: f64) -> f64 {
        if longest < f64::INFINITY { self.alike.min(self.rate * longest) } else { self.alike }
    }
}
