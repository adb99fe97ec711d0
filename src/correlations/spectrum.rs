//! Power spectra S_j(ω) = 2 Re[(iω - B)⁻¹ C e_j]: the transform of Cov(z(t+s), z_j(t)) over lags of
//! both signs, the entry j being the power spectrum of z_j.
//!
//! From the resolvent, not from a time series: one solve with B for each frequency, O(N log N). The
//! column is judged by the sum rule ∫ S_jj dω/2π = Var z_j. Error: what a refinement of the solve
//! changes, and the column's, which grows by ‖(iω - B)⁻¹‖₂ ≤ 1/γ + 1/|ω| (docs/theory/bounds.md,
//! (2.3)). Without flips, and at ω = 0, that norm is found by iteration.

use super::Vectors;
use crate::chain::Chain;
use crate::covariance::MomentEquations;
use crate::covariance::modal::Modal;
use crate::numerics::vector::euclidean_norm;
use crate::steady::SteadyError;
use num_complex::Complex64;
use rayon::prelude::*;

/// S_j(ω) at every frequency, for the column C e_j and the Euclidean norm of its error; so are the
/// errors returned. At ω = 0 the chain must have a thermostat.
pub fn spectrum(
    chain: &Chain,
    column: &[f64],
    error: f64,
    frequencies: &[f64],
) -> Result<Vectors, SteadyError> {
    let modal = Modal::new(chain);
    let start: Vec<Complex64> = column.iter().map(|&x| x.into()).collect();
    let at = |&omega: &f64| -> Result<(Vec<f64>, f64), SteadyError> {
        let shift = Complex64::new(0.0, omega);
        let mut answer = modal.solve_mean(shift, &start)?;
        let [re, im] = [Complex64::ONE, -Complex64::I]
            .map(|part| chain.drift_of(&answer.iter().map(|z| (part * z).re).collect::<Vec<_>>()));
        let residual: Vec<Complex64> = start
            .iter()
            .zip(&answer)
            .zip(re.iter().zip(&im))
            .map(|((f, z), (re, im))| f - shift * z + Complex64::new(*re, *im))
            .collect();
        let correction = modal.solve_mean(shift, &residual)?;
        answer.iter_mut().zip(&correction).for_each(|(z, c)| *z += c);
        let taken_on = error * resolvent_norm(chain, &modal, omega)?;
        let solved =
            4.0 * euclidean_norm(&correction) + 4.0 * f64::EPSILON * euclidean_norm(&answer);
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

/// Iterations of the norm, and how far they may fall short (seen: by 1.3).
const ITERATIONS: usize = 12;
const SHORT: f64 = 2.0;

/// A bound of ‖(iω - B)⁻¹‖₂, or an estimate where no bound is known.
fn resolvent_norm(chain: &Chain, modal: &Modal, omega: f64) -> Result<f64, SteadyError> {
    let bound = 1.0 / chain.flip_rate + 1.0 / omega.abs();
    if bound.is_finite() {
        return Ok(bound);
    }
    // J B J = Bᵀ with J = -1 on elongations, so that the adjoint is a solve at -ω.
    let flipped = |mut v: Vec<Complex64>| {
        v[..chain.bonds].iter_mut().for_each(|r| *r = -*r);
        v
    };
    let mut v: Vec<Complex64> =
        (0..chain.coordinates()).map(|i| Complex64::cis(2.4 * i as f64)).collect();
    let mut norm = 0.0;
    for _ in 0..ITERATIONS {
        let size = euclidean_norm(&v);
        v.iter_mut().for_each(|z| *z /= size);
        let answer = modal.solve_mean(Complex64::new(0.0, omega), &v)?;
        norm = euclidean_norm(&answer);
        v = flipped(modal.solve_mean(Complex64::new(0.0, -omega), &flipped(answer))?);
    }
    Ok(SHORT * norm)
}
