//! The time-periodic state under a periodic force (docs/theory/periodic.md, (7.2)).
//!
//! ```text
//! z̄(τ) = Σ_l ẑ_l e^(ilωτ),
//! C(τ) = Σ_m C_m e^(imωτ),
//! C_m = (imω - 𝓛)⁻¹ diag_p( 4γ q_m + δ_m0 2λT ),
//! q_m = Σ_l p̂_l p̂_(m-l)
//! ```
//!
//! One real shifted solve for the average C_0 and one complex solve for each m > 0: O(N²) each.
//! Kept: the harmonics of the variances and of the correlations that carry the current, O(N) each.
//! Error: what the solves report.

use super::SteadyError;
use crate::budget::{iteration, rounding};
use crate::chain::Double;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::source::ErrorSource;
use crate::covariance::{Diagonals, MomentEquations, SolveReport, Target};
use crate::numerics::double_double::{period_of, turn_phase};
use crate::numerics::vector::largest_norm;
use num_complex::Complex64;

/// One harmonic m > 0 of the variances and correlations.
#[derive(Debug, Clone, PartialEq)]
pub struct CovarianceHarmonic {
    /// m
    pub order: i64,
    /// Harmonics of the variance of every coordinate.
    pub variance: Vec<Complex64>,
    /// Harmonics of Cov(p, r) of every bond with the atom to its left.
    pub correlation: Vec<Complex64>,
    /// Harmonics of the heat that enters at either end of an open chain, -λ Var p.
    pub inflow: [Complex64; 2],
    /// Largest error of a variance.
    pub error: f64,
    /// Largest error of a current made of the correlations, or of variances at the ends.
    pub correlation_error: f64,
}

/// The time-periodic state.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodicState {
    /// The means.
    pub mean: PeriodicMean,
    /// The averages over a period of the means and the covariance, time infinite.
    pub average: Solution,
    /// The harmonics m > 0 of the covariance, ascending.
    pub harmonics: Vec<CovarianceHarmonic>,
}

impl PeriodicState {
    /// The moments at a phase in \[0, 1) of the period; with the covariance only where that is
    /// constant.
    pub fn at(&self, phase: f64) -> Solution {
        let turn = |order: i64| turn_phase(order, phase);
        let time = match self.mean.frequency.hi > 0.0 {
            true => period_of(self.mean.frequency).scaled(phase),
            false => Double::default(),
        };
        let average = &self.average;
        let mut moments = Moments { time, mean: self.mean.at(time), ..average.moments.clone() };
        if !self.harmonics.is_empty() {
            moments.covariance = None;
        }
        let (mut loss, mut correlation_loss) = (0.0, 0.0);
        for harmonic in &self.harmonics {
            let weight = 2.0 * turn(harmonic.order);
            let add = |sum: &mut f64, c: &Complex64| *sum += (weight * c).re;
            moments.variance.iter_mut().zip(&harmonic.variance).for_each(|(sum, c)| add(sum, c));
            moments
                .correlation
                .iter_mut()
                .zip(&harmonic.correlation)
                .for_each(|(sum, c)| add(sum, c));
            if let Some(inflow) = &mut moments.inflow {
                inflow.iter_mut().zip(&harmonic.inflow).for_each(|(sum, c)| add(sum, c));
            }
            loss += 2.0 * harmonic.error;
            correlation_loss += 2.0 * harmonic.correlation_error;
        }
        let e = average.errors;
        let errors = MomentErrors {
            var_r: e.var_r + loss,
            var_p: e.var_p + loss,
            correlation: e.correlation + correlation_loss,
            ..e
        };
        let of_harmonics = MomentErrors::of_variances(loss, correlation_loss);
        let mut parts = average.parts.clone();
        parts.push((ErrorSource::Iteration, of_harmonics));
        let consistency = average.consistency;
        Solution { moments, errors, parts, consistency, ..Default::default() }
    }
}

/// The time-periodic state with its covariance; the whole covariance at the phases `kept` is
/// returned beside it. The report is that of the solve for the average, and the number of
/// iterations of all solves.
pub fn covariance<E: MomentEquations>(
    equations: &E,
    kept: &[f64],
) -> Result<(PeriodicState, Vec<Solution>, SolveReport), SteadyError> {
    let mean = PeriodicMean::new(equations)?.ok_or(SteadyError::NoThermostat)?;
    let (average, mut report) = super::average(equations, &mean)?;
    let mut state = PeriodicState { mean, average, harmonics: Vec::new() };
    let mut phases = vec![vec![0.0; equations.state_len()]; kept.len()];
    for order in state.mean.square_orders().into_iter().filter(|&order| order > 0) {
        let weight = |phase: &f64| 2.0 * turn_phase(order, *phase);
        let mut targets: Vec<Target<'_>> = kept
            .iter()
            .zip(&mut phases)
            .map(|(phase, state)| Target { weight: weight(phase), state })
            .collect();
        let (solved, diagonals) =
            state.mean.add_covariance(equations, order, &mut targets, super::SOLVE_TOLERANCE)?;
        let Diagonals { variance, correlation, losses, .. } = diagonals;
        report.iterations += solved.iterations;
        report.residual = report.residual.max(solved.residual);
        let size = largest_norm(&variance);
        // Roundings of the transforms, and λ times as much at the ends.
        let [transforms, at_ends] = if solved.direct {
            [0.0; 2]
        } else {
            [rounding::SOLVE, rounding::SOLVE * equations.chain().current_weight()]
        };
        let error = iteration::REFINEMENT * solved.error + transforms * size;
        let correlation_error = iteration::REFINEMENT * solved.flow_error + at_ends * size;
        let inflow = losses.map(|loss| -loss);
        state.harmonics.push(CovarianceHarmonic {
            order,
            variance,
            correlation,
            inflow,
            error,
            correlation_error,
        });
    }
    let solutions = kept.iter().zip(phases).map(|(&phase, oscillation)| {
        let mut solution = state.at(phase);
        let mut covariance = equations.matrix(&oscillation);
        covariance +=
            state.average.moments.covariance.as_ref().expect("the average keeps its covariance");
        solution.consistency = Some(Consistency::of(covariance.view()));
        solution.moments.covariance = Some(covariance);
        solution
    });
    let solutions = solutions.collect();
    Ok((state, solutions, report))
}
