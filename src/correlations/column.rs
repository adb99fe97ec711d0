//! Columns C(t) e_j of the stationary (or time-periodic) covariance, without the whole matrix.
//!
//! Open chain with flips: C = T_ref·1 + X with T_ref one end's temperature, so that equilibrium
//! is exact, and X e_j from [`crate::resolvent::columns`], whose source needs Var p_n, known in
//! O(N). Under a periodic force the harmonics C_m of the covariance add up in the same way. Where
//! flips are too rare for that quadrature the whole covariance is solved for. Without flips, and
//! without thermostats, C has a closed form.

use super::Vectors;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::largest;
use crate::monitor::Monitor;
use crate::numerics::double_double::turn_phase;
use crate::numerics::vector::largest_of;
use crate::resolvent::{self, Drive};
use crate::scenario::Topology;
use crate::steady::periodic::PeriodicState;
use crate::steady::{SteadyError, closed, periodic, profiles};
use num_complex::Complex64;

/// The columns C(t) e_j, j the coordinates with these `indices` in the theory's order, t the
/// `phase` of the period where the force has one. `law` says where a chain without thermostats
/// ends.
pub(super) fn columns(
    chain: &Chain,
    law: Option<&InitialLaw>,
    phase: f64,
    indices: &[usize],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    if chain.left.is_none() && chain.right.is_none() {
        let law = law.ok_or(SteadyError::NeedsThermostat("correlations".into()))?;
        return Ok(isolated(chain, &closed::isolated(chain, law, false)?, indices));
    }
    if chain.flip_rate == 0.0 {
        return Ok(harmonic(chain, &closed::harmonic(chain, false)?, indices));
    }
    if chain.topology == Topology::Open && profiles::serves(chain) {
        return quadrature(chain, phase, indices, monitor);
    }
    let (_, kept, _) =
        periodic::covariance(&Modal::new(chain).watched_by(monitor.clone()), &[phase])?;
    let solution = &kept[0];
    let covariance = solution.moments.covariance.as_ref().expect("it was kept");
    let e = solution.errors;
    // Every entry may be wrong by as much.
    let error = largest_of([e.var_r, e.var_p, e.correlation]) * (chain.coordinates() as f64).sqrt();
    let values: Vec<_> = indices.iter().map(|&j| covariance.column(j).to_vec()).collect();
    Ok(Vectors { errors: vec![error; values.len()], values })
}

/// T·1, and on the ring a constant among the elongations.
fn isolated(chain: &Chain, state: &PeriodicState, indices: &[usize]) -> Vectors {
    let variance = &state.average.moments.variance;
    let temperature = variance[chain.bonds];
    let excess = variance[0] - temperature;
    let column = |&j: &usize| {
        let mut column = vec![0.0; variance.len()];
        if j < chain.bonds {
            column[..chain.bonds].iter_mut().for_each(|c| *c = excess);
        }
        column[j] = variance[j];
        column
    };
    let values: Vec<_> = indices.iter().map(column).collect();
    Vectors { errors: vec![2.0 * state.average.errors.var_r; values.len()], values }
}

/// The thermal closed form: variances, and one correlation with the neighbours.
fn harmonic(chain: &Chain, state: &PeriodicState, indices: &[usize]) -> Vectors {
    let moments = &state.average.moments;
    let column = |&j: &usize| {
        let mut column = vec![0.0; moments.variance.len()];
        column[j] = moments.variance[j];
        for bond in 0..chain.bonds {
            let (left, right) = chain.bond_ends(bond);
            for p in [left, right].map(|atom| chain.bonds + atom) {
                if j == bond {
                    column[p] = moments.correlation[bond];
                } else if j == p {
                    column[bond] = moments.correlation[bond];
                }
            }
        }
        column
    };
    let errors = state.average.errors;
    let values: Vec<_> = indices.iter().map(column).collect();
    Vectors { errors: vec![largest_of([errors.var_r, errors.var_p]); values.len()], values }
}

/// The open chain with flips: σ = imω for every harmonic m of the covariance.
fn quadrature(
    chain: &Chain,
    phase: f64,
    indices: &[usize],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let end = chain.left.or(chain.right).ok_or(SteadyError::NoThermostat)?;
    let reference = end.temperature;
    let (state, _) = profiles::profiles(chain, &monitor.part(0.0, 0.3))?;
    let (average, flips) = (&state.average, 4.0 * chain.flip_rate);
    let squares = state.mean.momentum_squares(0);
    let source = chain.covariance_source_of(squares.iter().map(|q| q.re), reference);
    let momenta = &average.moments.variance[chain.bonds..];
    let source: Vec<Complex64> = source
        .iter()
        .zip(momenta)
        .map(|(q, variance)| (q + flips * (variance - reference)).into())
        .collect();
    let harmonics = state.harmonics.len() as f64 + 1.0;
    let part = |k: usize| {
        let along = |k: usize| 0.3 + 0.7 * k as f64 / harmonics;
        monitor.part(along(k), along(k + 1))
    };
    let found = resolvent::columns(
        chain,
        Complex64::ZERO,
        Drive { momentum: &source, elongation: None },
        indices,
        &part(0),
    )?;
    let mut values: Vec<Vec<f64>> =
        found.values.iter().map(|column| column.iter().map(|x| x.re).collect()).collect();
    // The answer to a positive source is a positive matrix, and that to 4γ + 2λ at every atom is 1:
    // errors ±e of Var p in the source change C by at most e in the operator norm.
    let rounding = rounding::UNIT * largest(&average.moments.variance);
    let mut errors: Vec<f64> =
        found.errors.iter().map(|e| e + average.errors.var_p + rounding).collect();
    values.iter_mut().zip(indices).for_each(|(column, &j)| column[j] += reference);
    for (k, harmonic) in state.harmonics.iter().enumerate() {
        let squares = state.mean.momentum_squares(harmonic.order);
        let variances = &harmonic.variance[chain.bonds..];
        let source: Vec<Complex64> =
            squares.iter().zip(variances).map(|(q, v)| flips * (q + v)).collect();
        let sigma = state.mean.rotation(harmonic.order);
        let found = resolvent::columns(
            chain,
            sigma,
            Drive { momentum: &source, elongation: None },
            indices,
            &part(k + 1),
        )?;
        let turn = 2.0 * turn_phase(harmonic.order, phase);
        for (column, harmonic) in values.iter_mut().zip(&found.values) {
            column.iter_mut().zip(harmonic).for_each(|(sum, x)| *sum += (turn * x).re);
        }
        errors
            .iter_mut()
            .zip(&found.errors)
            .for_each(|(sum, e)| *sum += 2.0 * (e + harmonic.error));
    }
    Ok(Vectors { values, errors })
}
