//! The energy that leaves at the right end, -(F p̄_N + λ_+(T_+ - E p_N²)), where a strong friction
//! takes nearly all of the work.
//!
//! With λ_+(T_+ - Var p_N) = j it is -(p̄_N (F - λ_+ p̄_N) + j). The bracket is small there, and the
//! equation of p̄_N gives it as a sum of small terms: with z̄ = z_per + w
//!
//! ```text
//! F - λ p̄_N = Σ_l ((ilω + 2γ) p̂_l,N + r̂_l,N) e^(ilωτ) - λ w_N.
//! ```

use super::TransformedMoments;
use crate::budget::rounding;
use crate::chain::Double;
use crate::covariance::MomentEquations;
use crate::scenario::Topology;

impl<E: MomentEquations + ?Sized> TransformedMoments<'_, E> {
    /// What leaves under a periodic force, and its error, where that is smaller than by the means as
    /// they are; under a constant one [`crate::evolve::exact_means`] knows it where it matters.
    /// `lost` are the errors of p̄ and of w.
    pub(super) fn leaving(
        &self,
        time: Double,
        [mean, w]: [&[f64]; 2],
        inflow: f64,
        lost: [f64; 2],
    ) -> (Option<f64>, f64) {
        let (chain, end, periodic) = (self.equations.chain(), w.len() - 1, &self.periodic);
        if chain.topology == Topology::Ring || chain.force.harmonics.is_empty() {
            return (None, 0.0);
        }
        let [_, friction] = chain.friction();
        let (mut kept, mut error) = (-friction * w[end], friction * lost[1]);
        for harmonic in &periodic.harmonics {
            let [p, r] = [end, chain.bonds - 1].map(|i| harmonic.mean[i]);
            let rate = periodic.rotation(harmonic.order) + 2.0 * chain.flip_rate;
            kept += (periodic.turn(harmonic.order, time) * (rate * p + r)).re;
            error += (rounding::FORMULAS + periodic.turn_error(harmonic.order, time.hi))
                * ((rate * p).norm() + r.norm());
        }
        error += rounding::FORMULA * (friction * w[end]).abs();
        let work = mean[end] * kept;
        let lost_here = kept.abs() * lost[0] + mean[end].abs() * error + error * lost[0];
        let error = lost_here + rounding::PRODUCT * (work.abs() + inflow.abs());
        let as_they_are = chain.force.at(time).abs() + 2.0 * friction * mean[end].abs();
        match error < as_they_are * lost[0] {
            true => (Some(0.0 - (work + inflow)), error),
            false => (None, 0.0),
        }
    }
}
