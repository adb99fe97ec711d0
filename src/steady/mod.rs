//! The stationary state with its covariance: 𝓛C + diag_p(q) = 0, one shifted solve at σ = 0.
//!
//! q = 4γ p_s² + 2λT with the constant mean momentum p_s ([`Chain::stationary_mean`]). A reference temperature is split off, so that
//! equilibrium comes out to rounding. Cost: one real solve, O(N²). Error: what the solve reports.

pub mod profiles;

use crate::chain::Chain;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::{MomentEquations, SolveError, SolveReport, Source, Target};
use num_complex::Complex64;

/// Why there is no stationary state, or why it was not found.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum SteadyError {
    /// Nothing takes energy out.
    #[error(
        "without a thermostat there is no unique stationary state: energy (and on a ring elongation) stay what the initial law gives, \
         and under a force energy grows without end; use evolve"
    )]
    NoThermostat,
    /// The state is periodic.
    #[error(
        "the force is periodic in time: the time-periodic state is not available yet; use evolve, or leave out right.force.harmonics"
    )]
    Periodic,
    /// The modal solve needs flips.
    #[error(
        "chain.flip_rate is 0: the stationary covariance of the pure harmonic chain is only available with --method literal"
    )]
    NoFlips,
    /// The solve failed.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

/// The stationary moments, time infinite.
pub fn covariance<E: MomentEquations>(equations: &E) -> Result<(Solution, SolveReport), SteadyError> {
    let chain: &Chain = equations.chain();
    let reference = chain.left.or(chain.right).ok_or(SteadyError::NoThermostat)?.temperature;
    if !chain.force.harmonics.is_empty() {
        return Err(SteadyError::Periodic);
    }
    let mean = chain.stationary_mean().ok_or(SteadyError::NoThermostat)?;
    let source: Vec<Complex64> =
        chain.covariance_source(&mean[chain.bonds..], reference).into_iter().map(Complex64::from).collect();
    let mut state = vec![0.0; equations.state_len()];
    let target = Target { weight: Complex64::ONE, state: &mut state };
    let source = Source { state: None, scale: Complex64::ONE, momenta: &source };
    // Until rounding stops it.
    let report = equations.solve(Complex64::ZERO, source, &mut [target], 1e-15)?;
    let mut covariance = equations.matrix(&state);
    let difference = largest(covariance.diag().as_slice().unwrap_or(&covariance.diag().to_vec()));
    covariance.diag_mut().iter_mut().for_each(|v| *v += reference);
    let variance = covariance.diag().to_vec();
    // Beside the solve: roundings of the transforms, and of the reference state when it is added.
    let error = 4.0 * report.error + f64::EPSILON * (64.0 * difference + largest(&variance));
    let rounding = 4.0 * f64::EPSILON * largest(&mean);
    let errors = MomentErrors { mean_r: rounding, mean_p: rounding, var_r: error, var_p: error, correlation: error };
    let correlation = chain.left_correlations(covariance.view());
    let consistency = Consistency::of(covariance.view());
    let moments = Moments { time: f64::INFINITY, mean, variance, correlation, covariance: Some(covariance) };
    Ok((Solution { moments, errors, consistency, integrals: None }, report))
}
