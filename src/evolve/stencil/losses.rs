//! Adds up what the steps of the stencil cut off, and derives the errors of the outputs from it.
//!
//! These losses add up and never grow, because 𝓛 dissipates (docs/theory/bounds.md, (2.1)). Three
//! kinds of moments even forget them: their own damping is fast, so that their errors follow those
//! of the moments that drive them.
//!
//! ```text
//! Var p at an end:  de/dτ = -2λ e + 2 e_pr          λ|e| ≤ max|e_pr| + λ (held)
//! p̄:                de/dτ = -(2γ+λ) e + e_r - e_r     |e| ≤ max|e_r|/γ + (held)
//! Cov(p, r):        de/dτ = -(2γ+λ) e + four others   |e| ≤ 2 max|e|/γ + (held)
//! ```
//!
//! where `held` is the sum of the losses of the steps, each with the damping since.

use super::equation::Equation;
use crate::budget::rounding;
use crate::covariance::moments::{ErrorParts, MomentErrors, Moments, largest};
use crate::covariance::source::ErrorSource;
use crate::monitor::record;
use crate::numerics::double_double::phase_error;

/// Sums of losses.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Losses {
    /// Bounds of what the series and the cuts have lost, of the covariance and of the means.
    lost: [f64; 2],
    /// The same of roundings.
    rounded: [f64; 2],
    /// The part of the losses that the variances of both ends, p̄ and Cov(p, r) still hold.
    held: [f64; 4],
    /// Roundings of the variances that are held by their distance from T, of either end: soon after
    /// a cold start the distance is far larger than the variance.
    of_ends: [f64; 2],
    /// A bound of the heat that errors of the means have made.
    heated: f64,
    /// The largest mean so far, an error of which drives the covariance.
    mean: f64,
    /// The largest error of a Cov(p, r) so far.
    flow: f64,
}
record!(Losses { lost, rounded, held, of_ends, heated, mean, flow });

/// One step.
pub(super) struct OfStep {
    pub h: f64,
    /// The loss of the covariance and of the means by the series and the cuts.
    pub lost: [f64; 2],
    /// The largest variance and the largest mean.
    pub largest: [f64; 2],
    /// The sizes to which roundings of D at strong ends, of p̄ and of Cov(p, r) are relative.
    pub moved: [f64; 4],
    /// How many times as large as the state the terms became, of the covariance and of the means.
    pub cancelled: [f64; 2],
    /// Whether the steps have different lengths: their roundings are then not the same again and
    /// again, and add up as random ones do. Those of the coefficients are the same in any case.
    pub uneven: bool,
}

impl Losses {
    /// Adds a step. What was held at its beginning may still be there at a time within it, which
    /// the losses that are returned are for.
    pub fn add(&mut self, equation: &Equation<'_>, step: &OfStep) -> Losses {
        let OfStep { h, lost, largest, moved, cancelled, uneven } = *step;
        let repeated = 2.0 * equation.rounded * h;
        let once = rounding::TAYLOR_STEP * (1.0 + 2.0 * equation.shift * h);
        let [rounding, of_means] = cancelled.map(|cancelled| once * cancelled);
        for kind in 0..2 {
            self.lost[kind] += lost[kind];
            let (rounded, more) = (self.rounded[kind], [rounding, of_means][kind] * largest[kind]);
            self.rounded[kind] = if uneven { rounded.hypot(more) } else { rounded + more };
            self.lost[kind] += if uneven { repeated * largest[kind] } else { 0.0 };
        }
        self.mean = self.mean.max(largest[1]);
        let flips = equation.chain.flip_rate;
        self.heated += 8.0 * flips * h * self.mean * self.of_means();
        let [left, right] = equation.chain.friction();
        let damping = 2.0 * equation.chain.flip_rate;
        let of_end = |end: usize| match (equation.follow[end], equation.held_from[end]) {
            // λD is as far off as what drives it.
            (Some(_), _) => 0.0,
            (None, Some(_)) => lost[0] + rounding * moved[end],
            (None, None) => lost[0] + rounding * largest[0],
        };
        let of_momenta = lost[1] + of_means * moved[2];
        let more = [of_end(0), of_end(1), of_momenta, lost[0] + rounding * moved[3]];
        let rates = [2.0 * left, 2.0 * right, damping, damping];
        let held = self.held;
        let at_end = |end: usize| equation.held_from[end].map_or(0.0, |_| rounding * moved[end]);
        let of_ends = [0, 1].map(|end| self.of_ends[end] + at_end(end));
        let mut within = self.clone();
        within.held = std::array::from_fn(|kind| held[kind] + more[kind]);
        within.of_ends = of_ends;
        within.flow = self.flow.max(within.of_flow(equation));
        let kept = rates.map(|rate| (-rate * h).exp());
        self.held = std::array::from_fn(|kind| held[kind] * kept[kind] + more[kind]);
        self.of_ends = [0, 1].map(|end| self.of_ends[end] * kept[end] + at_end(end));
        self.flow = within.flow;
        within
    }

    /// The error of any entry of the covariance, the largest mean being `size`. That of the means
    /// has two bounds. It is in E z zᵀ, which nothing amplifies, and in z̄ z̄ᵀ. And its source is
    /// 8γ p̄ δp̄ dτ on the diagonal. A covariance that is driven by less than q·1 stays below qτ·1
    /// as a matrix, because uniform heat only leaves the chain.
    fn of_covariance(&self, size: f64) -> f64 {
        let of_means = (2.0 * size * self.of_means()).min(self.heated);
        self.lost[0] + self.rounded[0] + of_means
    }

    fn of_means(&self) -> f64 {
        self.lost[1] + self.rounded[1]
    }

    /// The error of a Cov(p, r).
    fn of_flow(&self, equation: &Equation<'_>) -> f64 {
        let (loss, flips) = (self.of_covariance(self.mean), equation.chain.flip_rate);
        let damped = 2.0 * loss / flips + self.held[3];
        if flips > 0.0 { damped.min(loss) } else { loss }
    }

    /// The errors of `moments` in a step, and the parts of them that are no roundings of the steps.
    pub fn errors(&self, equation: &Equation<'_>, moments: &Moments) -> (MomentErrors, ErrorParts) {
        let chain = equation.chain;
        let highest = chain.force.highest_frequency();
        let phase = phase_error(highest * moments.time.hi);
        let lost = self.without_roundings().errors_of(equation, moments, [0.0; 2]);
        let mut parts = vec![(ErrorSource::Truncation, lost)];
        if highest > 0.0 {
            let of_phase = Losses::default().errors_of(equation, moments, [0.0, phase]);
            parts.push((ErrorSource::InputRounding, of_phase));
        }
        (self.errors_of(equation, moments, [rounding::UNIT, phase]), parts)
    }

    /// The losses of the series and the cuts, with their part of the losses that are still held.
    fn without_roundings(&self) -> Losses {
        let part = [0, 1].map(|kind| match self.lost[kind] + self.rounded[kind] {
            0.0 => 0.0,
            all => self.lost[kind] / all,
        });
        let [of_covariance, of_means] = part;
        let mut held = self.held.map(|held| of_covariance * held);
        held[2] = of_means * self.held[2];
        let flow = of_covariance * self.flow;
        let (heated, mean) = (of_means * self.heated, self.mean);
        let of_ends = [0.0; 2];
        Losses { lost: self.lost, rounded: [0.0; 2], held, of_ends, heated, mean, flow }
    }

    /// The errors of `moments`, whose numbers have roundings of `digits` and whose force has lost
    /// `phase`.
    fn errors_of(
        &self,
        equation: &Equation<'_>,
        moments: &Moments,
        [digits, phase]: [f64; 2],
    ) -> MomentErrors {
        let chain = equation.chain;
        let (bonds, flips) = (chain.bonds, chain.flip_rate);
        let written = 8.0 * digits + phase;
        let size = largest(&moments.mean);
        let means = self.of_means();
        let momenta = if flips > 0.0 { means.min(means / flips + self.held[2]) } else { means };
        // Soon after a cold start Var r is far smaller than Var p.
        let (of_r, of_p) = moments.variance.split_at(bonds);
        let [of_r, of_p] = [of_r, of_p].map(|variance| {
            self.of_covariance(size)
                + 8.0 * digits * largest(variance)
                + 2.0 * written * size * size
        });
        let friction = chain.friction();
        let flow =
            self.flow.max(self.of_flow(equation)) + 8.0 * digits * largest(&moments.correlation);
        let of_end = |end: usize| (friction[end] * of_p).min(flow + friction[end] * self.held[end]);
        let inflow = moments.inflow.unwrap_or_default().map(|inflow| 4.0 * digits * inflow.abs());
        MomentErrors {
            mean_r: means + written * size,
            mean_p: momenta
                + written
                    * if chain.force.harmonics.is_empty() {
                        largest(&moments.mean[bonds..])
                    } else {
                        size
                    },
            var_r: of_r,
            var_p: of_p + largest(&self.of_ends),
            correlation: flow.max(of_end(1)) + inflow[1],
            left: of_end(0) + inflow[0],
        }
    }
}
