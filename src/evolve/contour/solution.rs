//! What the sums of a contour make: C = Y - w wᵀ and the reference state, with the errors of every
//! column by their source.

use super::TransformedMoments;
use crate::budget::rounding;
use crate::chain::Double;
use crate::covariance::MomentEquations;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::covariance::source::ErrorSource;
use crate::evolve::earliest::left_out;
use crate::evolve::envelope;
use crate::evolve::outcome::EvolveError;
use crate::evolve::reference::Reference;
use crate::evolve::sums::OutputSums;
use crate::numerics::vector::largest_of;
use num_complex::Complex64;

impl<E: MomentEquations + ?Sized> TransformedMoments<'_, E> {
    /// Puts C = Y - w wᵀ together, and the reference state. Long because it lists every column's
    /// errors, source by source.
    pub(super) fn solution(
        &self,
        time: Double,
        least: f64,
        sums: OutputSums,
        [w, w_sum]: [&[f64]; 2],
        mean_losses: [f64; 2],
        keep: bool,
    ) -> Result<Solution, EvolveError> {
        let chain = self.equations.chain();
        let Reference { state: thermal, through, .. } = &self.reference;
        let reference: Vec<f64> = [&thermal.var_r[..], &thermal.var_p].concat();
        let flows = sums.best(chain, time.hi);
        let variance: Vec<f64> = (sums.variance.iter().zip(w).zip(&reference))
            .map(|((y, w), reference)| y - w * w + reference)
            .collect();
        let pair = |bond: usize| chain.left_pair(bond);
        let correlation: Vec<f64> = (flows.correlation.iter().enumerate())
            .map(|(bond, y)| y - w[pair(bond).0] * w[pair(bond).1] + thermal.correlation)
            .collect();
        // λ(T - Var p): of the reference state that is the current through it.
        let friction = chain.friction();
        let at_ends = [w[chain.bonds], w[w.len() - 1]];
        let square = |end: usize| friction[end] * at_ends[end] * at_ends[end];
        let inflow = [0, 1].map(|end| through[end] - (flows.losses[end] - square(end)));
        let covariance = sums.state.map(|state| {
            let mut covariance = self.equations.matrix(&state);
            drop(state);
            covariance.indexed_iter_mut().for_each(|((i, j), c)| *c -= w[i] * w[j]);
            covariance + thermal.covariance(chain)
        });
        let mean: Vec<f64> = self.periodic.at(time).iter().zip(w).map(|(s, w)| s + w).collect();
        let solve = |shift: Complex64, f: &[Complex64]| self.equations.solve_mean(shift, f);
        let mut integrals = envelope::mean_integrals(
            chain,
            solve,
            &self.periodic,
            &self.deviation,
            (w, w_sum),
            time,
        )?;
        (integrals.square.iter_mut().zip(&sums.variance_integral).zip(&reference))
            .for_each(|((z, y), reference)| *z += y + reference * time.hi);
        (integrals.product.iter_mut().zip(&flows.correlation_integral))
            .for_each(|(z, y)| *z += y + thermal.correlation * time.hi);
        // The parts are put together to some roundings of theirs, half a one for each operation.
        let rounding = if sums.direct { rounding::PRODUCT } else { rounding::TRANSFORM };
        let norms = [self.equations.norm(&self.start), self.deviation_norm()];
        let [out, mean_out] = left_out(chain, norms, time.hi);
        let (bonds, phase) = (chain.bonds, self.periodic.errors_at(time.hi));
        let parts = [&mean[..bonds], &mean[bonds..]];
        let [mean_r, mean_p] = [0, 1].map(|part| {
            mean_losses[part] + mean_out + rounding::FORMULAS * largest(parts[part]) + phase[part]
        });
        let loss = sums.error
            + sums.of_start[0]
            + least * sums.size
            + out
            + 2.0 * (largest(&w[..bonds]) * mean_r).max(largest(&w[bonds..]) * mean_p);
        let weighted = |end: usize| 2.0 * friction[end] * at_ends[end].abs() * mean_p;
        let flow = flows.error
            + sums.of_start[1]
            + least * flows.size
            + out * chain.current_weight()
            + largest(&w[..bonds]) * mean_p
            + largest(&w[bonds..]) * mean_r
            + weighted(0).max(weighted(1))
            + rounding
                * (largest(&correlation)
                    + largest(&inflow)
                    + square(0)
                    + square(1)
                    + largest(through)
                    + thermal.correlation.abs());
        // The momenta of a hot end may be far above everything else.
        let [var_r, var_p] = [0..bonds, bonds..w.len()].map(|part| {
            let size = |i: usize| variance[i].abs() + reference[i] + 2.0 * w[i] * w[i];
            loss + rounding * largest_of(part.map(size))
        });
        let lost = [mean_p, mean_losses[1] + mean_out];
        let (leaving, at_end) = self.leaving(time, [&mean, w], inflow[1], lost);
        let of_flow = MomentErrors::of_variances(0.0, flow + at_end);
        let errors = MomentErrors { mean_r, mean_p, var_r, var_p, ..of_flow };
        let of = MomentErrors::of_variances;
        let of_phase = MomentErrors { mean_r: phase[0], mean_p: phase[1], ..Default::default() };
        let left = of(least * sums.size + out, least * flows.size + out * chain.current_weight());
        let parts = vec![
            (ErrorSource::Iteration, of(sums.error, flows.error)),
            (ErrorSource::OuterQuadrature, left),
            (ErrorSource::InputRounding, of_phase),
        ];
        let inflow = Some(inflow);
        let moments = Moments { time, mean, variance, correlation, inflow, leaving, covariance };
        let integrals = Some(integrals);
        let solution = Solution { moments, errors, parts, integrals, ..Default::default() };
        Ok(solution.with_consistency(chain, keep))
    }
}
