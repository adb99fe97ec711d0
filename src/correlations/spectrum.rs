//! Power spectra S_j(ω) = 2 Re[(iω - B)⁻¹ C e_j] (docs/theory/correlations.md, (12.5)): the
//! transform of Cov(z(t+s), z_j(t)) over lags of both signs, the entry j being the power spectrum
//! of z_j.
//!
//! From the resolvent, not from a time series: one solve with B for each frequency, O(N log N). The
//! column is judged by the sum rule ∫ S_jj dω/2π = Var z_j. Error: what a refinement of the solve
//! changes, and the column's, which grows by ‖(iω - B)⁻¹‖₂ ≤ 1/c + 1/|ω| (docs/theory/bounds.md,
//! (2.3)), c = γ or, of any chain, the least of γ_n + λ_n/2. Where c = 0, and at ω = 0, that norm
//! is found by iteration.

use super::Vectors;
use super::drift::Drift;
use crate::budget::{iteration, outer_quadrature, rounding};
use crate::numerics::vector::euclidean_norm;
use crate::steady::SteadyError;
use num_complex::Complex64;
use rayon::prelude::*;

/// S_j(ω) at every frequency, for the column C e_j and the Euclidean norm of its error; so are the
/// errors returned. At ω = 0 the chain must have a thermostat.
pub(super) fn spectrum(
    drift: &impl Drift,
    column: &[f64],
    error: f64,
    frequencies: &[f64],
) -> Result<Vectors, SteadyError> {
    let start: Vec<Complex64> = column.iter().map(|&x| x.into()).collect();
    let at = |&omega: &f64| -> Result<(Vec<f64>, f64), SteadyError> {
        let shift = Complex64::new(0.0, omega);
        let mut answer = drift.solve(shift, &start)?;
        let [re, im] = [Complex64::ONE, -Complex64::I].map(|part| {
            let z: Vec<f64> = answer.iter().map(|z| (part * z).re).collect();
            let mut moved = vec![0.0; z.len()];
            drift.apply(1.0, &z, &mut moved);
            moved
        });
        let residual: Vec<Complex64> = start
            .iter()
            .zip(&answer)
            .zip(re.iter().zip(&im))
            .map(|((f, z), (re, im))| f - shift * z + Complex64::new(*re, *im))
            .collect();
        let correction = drift.solve(shift, &residual)?;
        answer.iter_mut().zip(&correction).for_each(|(z, c)| *z += c);
        let taken_on = error * resolvent_norm(drift, start.len(), omega)?;
        let solved = iteration::REFINEMENT * euclidean_norm(&correction)
            + rounding::FORMULA * euclidean_norm(&answer);
        Ok((answer.iter().map(|z| 2.0 * z.re).collect(), 2.0 * (solved + taken_on)))
    };
    let all: Vec<_> = frequencies.par_iter().map(at).collect();
    let mut found = Vectors::default();
    for one in all {
        let (value, error) = one?;
        found.values.push(value);
        found.errors.push(error);
    }
    Ok(found)
}

/// Iterations of the norm.
const ITERATIONS: usize = 12;

/// A bound of ‖(iω - B)⁻¹‖₂, or an estimate where no bound is known.
fn resolvent_norm(drift: &impl Drift, len: usize, omega: f64) -> Result<f64, SteadyError> {
    let bound = 1.0 / drift.least_damping() + 1.0 / omega.abs();
    if bound.is_finite() {
        return Ok(bound);
    }
    // Σ B Σ = Bᵀ, so that the adjoint is a solve at -ω.
    let mut v: Vec<Complex64> = (0..len).map(|i| Complex64::cis(2.4 * i as f64)).collect();
    let mut norm = 0.0;
    for _ in 0..ITERATIONS {
        let size = euclidean_norm(&v);
        v.iter_mut().for_each(|z| *z /= size);
        let mut answer = drift.solve(Complex64::new(0.0, omega), &v)?;
        norm = euclidean_norm(&answer);
        drift.mirror(&mut answer);
        v = drift.solve(Complex64::new(0.0, -omega), &answer)?;
        drift.mirror(&mut v);
    }
    Ok(outer_quadrature::NORM * norm)
}
