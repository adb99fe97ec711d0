//! The stationary profiles without the covariance: σ = 0 in [`crate::resolvent`], O(N) time and memory; under a periodic force σ = imω for the
//! harmonic m of the variances.
//!
//! Var p and Var r come from the squared kernel; the current follows from the balance of thermal energy, summed from the left end:
//! with j_n = -Cov(p_n, r_(n+1)), j_0 = λ_-(T_- - Var p_0) + 2γ p̄_0², j_n = j_(n-1) + 2γ p̄_n². What it misses of λ_+(Var p_N - T_+) - 2γ p̄_N² at the
//! right end is part of its error. Error: iteration, a second quadrature, and roundings.

use super::SteadyError;
use super::periodic::{CovarianceHarmonic, PeriodicState};
use crate::chain::Chain;
use crate::covariance::SolveReport;
use crate::covariance::modal::Modal;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::monitor::{Interrupted, Monitor};
use crate::resolvent::{self, Drive, Layer, SquaredKernel};
use crate::scenario::Topology;
use num_complex::Complex64;

/// The inner quadrature has some 80/γ nodes: below this it would have too many.
const LEAST_FLIP_RATE: f64 = 1e-4;

/// Whether [`profiles`] serves: an open chain with flips that are not too rare.
pub fn serves(chain: &Chain) -> bool {
    chain.topology == Topology::Open && chain.flip_rate >= LEAST_FLIP_RATE
}

/// The stationary moments without the covariance, for a chain that it [`serves`].
pub fn profiles(chain: &Chain, monitor: &Monitor) -> Result<(PeriodicState, SolveReport), SteadyError> {
    let reference = chain.left.or(chain.right).ok_or(SteadyError::NoThermostat)?.temperature;
    if !serves(chain) {
        return Err(SteadyError::NoProfiles);
    }
    let periodic = PeriodicMean::new(&Modal::new(chain))?.ok_or(SteadyError::NoThermostat)?;
    let mean = periodic.average();
    let (bonds, momenta) = (chain.bonds, &mean[chain.bonds..]);
    let squares: Vec<f64> = periodic.momentum_squares(0).iter().map(|q| q.re).collect();
    let source = chain.covariance_source_of(squares.iter().copied(), reference);
    let source: Vec<Complex64> = source.into_iter().map(Complex64::from).collect();
    let orders: Vec<i64> = periodic.square_orders().into_iter().filter(|&order| order > 0).collect();
    let solves = 1.0 + orders.len() as f64;
    let part = |number: usize| monitor.part(number as f64 / solves, (number + 1) as f64 / solves);
    // Until rounding stops it.
    let found = SquaredKernel::judged(chain, Complex64::ZERO).variances(
        Drive { momentum: &source, elongation: None },
        1e-15,
        &part(0),
    )?;
    let deviation: Vec<f64> = found.elongation.iter().chain(&found.momentum).map(|v| v.re).collect();
    let variance: Vec<f64> = deviation.iter().map(|v| reference + v).collect();
    let ([left, right], [t_left, t_right]) = (chain.friction(), chain.temperature());
    let heating = |n: usize| 2.0 * chain.flip_rate * squares[n];
    // T - Var p in the deviations from the reference, where it does not cancel.
    let mut flow = left * ((t_left - reference) - deviation[bonds]);
    let correlation: Vec<f64> = (0..bonds)
        .map(|n| {
            flow += heating(n);
            -flow
        })
        .collect();
    let leaving = right * (deviation[2 * bonds] - (t_right - reference)) - heating(bonds);
    let rounding = f64::EPSILON * largest(&variance);
    let error = found.error + 4.0 * rounding + 16.0 * f64::EPSILON * largest(&deviation);
    let current = (flow - leaving).abs() + left * found.left_error + 4.0 * f64::EPSILON * (flow.abs() + leaving.abs());
    let mean_error = |part: &[f64]| 4.0 * f64::EPSILON * largest(part) + periodic.error;
    let errors = MomentErrors {
        mean_r: mean_error(&mean[..bonds]),
        mean_p: mean_error(momenta),
        var_r: error,
        var_p: error,
        correlation: current,
    };
    let mut report =
        SolveReport { iterations: found.iterations, residual: found.residual, error: found.error, flow_error: current };
    let moments = Moments { time: f64::INFINITY, mean, variance, correlation, covariance: None };
    let average = Solution { moments, errors, ..Default::default() };
    let mut harmonics = Vec::new();
    for (number, &order) in orders.iter().enumerate() {
        let (harmonic, found) = harmonic(chain, &periodic, order, &part(number + 1))?;
        report.iterations += found.iterations;
        report.residual = report.residual.max(found.residual);
        harmonics.push(harmonic);
    }
    Ok((PeriodicState { mean: periodic, average, harmonics }, report))
}

/// The harmonic m > 0 of the variances and of the correlations, σ = imω: near the right end alone.
fn harmonic(
    chain: &Chain,
    periodic: &PeriodicMean,
    order: i64,
    monitor: &Monitor,
) -> Result<(CovarianceHarmonic, Layer), Interrupted> {
    let flips = 4.0 * chain.flip_rate;
    let source: Vec<Complex64> = periodic.momentum_squares(order).iter().map(|q| flips * q).collect();
    let sigma = Complex64::new(0.0, order as f64 * periodic.frequency);
    let found = resolvent::layer(chain, sigma, &source, None, 1e-15, monitor)?;
    let size = found.variance.iter().fold(0.0, |m: f64, v| m.max(v.norm()));
    let error = found.error + 16.0 * f64::EPSILON * size;
    let harmonic = CovarianceHarmonic {
        order,
        variance: found.variance.clone(),
        correlation: found.current.iter().map(|j| -j).collect(),
        error,
        correlation_error: error * chain.current_weight() + 2.0 * found.missing.norm(),
    };
    Ok((harmonic, found))
}
