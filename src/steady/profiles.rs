//! The stationary profiles without the covariance: σ = 0 in [`crate::resolvent`], O(N) time and
//! memory; under a periodic force σ = imω for the harmonic m of the variances.
//!
//! The moment equations are linear: the variances are the sum of the thermal closed form
//! ([`Chain::harmonic_state`]) and of the heat of the force, the answer of the squared kernel to 4γ
//! p̄² alone. The current is the sum of the thermal one and of the heat's, which follows from the
//! balance of energy ([`resolvent::currents`]). Error: iteration, a second quadrature, and
//! roundings.

use super::SteadyError;
use super::periodic::{CovarianceHarmonic, PeriodicState};
use super::unit_heat::{self, Heat, LastUnitHeat};
use crate::budget::rounding;
use crate::chain::Chain;
use crate::cost;
use crate::covariance::direct;
use crate::covariance::modal::Modal;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::source::ErrorSource;
use crate::covariance::{Diagonals, SolveReport};
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::vector::largest_norm;
use crate::resolvent::{self, Currents, Drive, Exchange, Layer, SquaredKernel};
use crate::scenario::{Thermostat, Topology};
use num_complex::Complex64;

/// Whether [`profiles`] serves: an open chain with flips that are not too rare.
pub fn serves(chain: &Chain) -> bool {
    chain.topology == Topology::Open && chain.flip_rate >= resolvent::LEAST_FLIP_RATE
}

/// The covariance is an alternative if it takes at most this many bytes and saves at least this
/// many seconds.
const COVARIANCE_BYTES: f64 = 1e9;
const WORTH_LESS_DIGITS: f64 = 1.0;

/// Whether [`profiles`] is better than the covariance at `tolerance`, for a chain that it
/// [`serves`]. It is not for a small chain that is solved directly ([`direct::is_worth_it`]). If
/// energy crosses the chain between two flips, the iteration for the profiles is long, and the
/// covariance is faster. Its error estimate is then 10⁻¹⁶ (λ + 1/λ)/γ² of the sizes of the
/// profiles, to a factor of three.
pub fn is_best(chain: &Chain, tolerance: f64) -> bool {
    if direct::is_worth_it(chain) {
        return false;
    }
    let covariance = cost::of_stationary_covariance(chain, 2 * chain.force.harmonics.len(), 0);
    let sooner =
        covariance.seconds + WORTH_LESS_DIGITS < cost::of_stationary_profiles(chain).seconds;
    let contact = |t: Thermostat| t.friction + 1.0 / t.friction;
    let contacts = [chain.left, chain.right].into_iter().flatten().map(contact).fold(0.0, f64::max);
    let reaches = 3e-16 * contacts / chain.flip_rate.powi(2) < tolerance
        && covariance.bytes < COVARIANCE_BYTES;
    !(sooner && reaches)
}

/// The stationary moments without the covariance, for a chain that it [`serves`].
pub fn profiles(
    chain: &Chain,
    monitor: &Monitor,
) -> Result<(PeriodicState, SolveReport), SteadyError> {
    profiles_beside(chain, &LastUnitHeat::default(), monitor)
}

/// The same, bit for bit, where what a constant force heats may be known already. Long because it
/// goes from the variances to the currents and their errors in one line of thought.
pub fn profiles_beside(
    chain: &Chain,
    known: &LastUnitHeat,
    monitor: &Monitor,
) -> Result<(PeriodicState, SolveReport), SteadyError> {
    let thermal = chain.harmonic_state().ok_or(SteadyError::NoThermostat)?;
    if !serves(chain) {
        return Err(SteadyError::NoProfiles);
    }
    let periodic = PeriodicMean::new(&Modal::new(chain))?.ok_or(SteadyError::NoThermostat)?;
    let mean = periodic.average();
    let (bonds, momenta) = (chain.bonds, &mean[chain.bonds..]);
    let flips = 4.0 * chain.flip_rate;
    let source = unit_heat::source(chain, &periodic);
    let orders: Vec<i64> =
        periodic.square_orders().into_iter().filter(|&order| order > 0).collect();
    let solves = 1.0 + orders.len() as f64;
    let part = |number: usize| monitor.part(number as f64 / solves, (number + 1) as f64 / solves);
    let solve = || solved(chain, &source.momenta, &part(0));
    let unit = match orders.is_empty() {
        true => known.get_or_solve(chain, &source, solve)?,
        false => solve()?.into(),
    };
    let Heat { diagonals, report: found } = unit.scaled(source.factor);
    let (elongation, momentum) = diagonals.variance.split_at(bonds);
    let heat: Vec<f64> = diagonals.variance.iter().map(|v| v.re).collect();
    let variance: Vec<f64> =
        thermal.var_r.iter().chain(&thermal.var_p).zip(&heat).map(|(t, h)| t + h).collect();
    let exchange = Exchange {
        heated: &source.momenta.iter().map(|q| 0.5 * source.factor * q).collect::<Vec<_>>(),
        momentum,
        elongation,
        start: None,
        products: 0.0,
        temperature: [Complex64::ZERO; 2],
    };
    let Currents { bonds: flow, inflow } = resolvent::currents(chain, Complex64::ZERO, &exchange);
    let inflow = Some([inflow[0].re - thermal.correlation, inflow[1].re + thermal.correlation]);
    let correlation: Vec<f64> = flow.iter().map(|j| thermal.correlation - j.re).collect();
    let error =
        found.error + rounding::FORMULA * largest(&variance) + rounding::SOLVE * largest(&heat);
    let flowing = thermal.correlation.abs() + largest_norm(&flow);
    // A constant part has a closed form; what oscillates does not.
    let mean_error = |part: &[f64]| rounding::FORMULA * largest(part) + periodic.oscillation_error;
    // The heat has the error of the momenta, and the currents are sums of it.
    let heated = flips * periodic.momentum_amplitude() * mean_error(momenta);
    let current = resolvent::current_share(chain) * error + heated + rounding::FORMULAS * flowing;
    let errors = MomentErrors {
        mean_r: mean_error(&mean[..bonds]),
        mean_p: mean_error(momenta),
        var_r: error,
        var_p: error,
        correlation: current,
        left: 0.0,
    };
    let mut report = SolveReport {
        iterations: found.iterations,
        residual: found.residual,
        error: found.error,
        flow_error: current,
        quadrature: found.quadrature,
        direct: false,
    };
    let moments = Moments {
        time: f64::INFINITY.into(),
        mean,
        variance,
        correlation,
        leaving: None,
        inflow,
        covariance: None,
    };
    let of =
        |error: f64| MomentErrors::of_variances(error, resolvent::current_share(chain) * error);
    let parts = vec![
        (ErrorSource::Iteration, of(found.error - found.quadrature)),
        (ErrorSource::InnerQuadrature, of(found.quadrature)),
    ];
    let average = Solution { moments, errors, parts, ..Default::default() };
    let mut harmonics = Vec::new();
    for (number, &order) in orders.iter().enumerate() {
        let (harmonic, found) = harmonic(chain, &periodic, order, &part(number + 1))?;
        report.iterations += found.iterations;
        report.residual = report.residual.max(found.residual);
        harmonics.push(harmonic);
    }
    Ok((PeriodicState { mean: periodic, average, harmonics }, report))
}

/// The heat of a source on the momenta, until rounding stops the iteration; its correlations are
/// not solved for.
fn solved(chain: &Chain, momenta: &[Complex64], monitor: &Monitor) -> Result<Heat, SteadyError> {
    let drive = Drive { momentum: momenta, elongation: None };
    let found = SquaredKernel::judged(chain, Complex64::ZERO).variances(drive, 1e-15, monitor)?;
    let report = SolveReport {
        iterations: found.iterations,
        residual: found.residual,
        error: found.error,
        quadrature: found.quadrature,
        ..Default::default()
    };
    let variance = [found.elongation, found.momentum].concat();
    Ok(Heat { diagonals: Diagonals { variance, ..Default::default() }, report })
}

/// The harmonic m > 0 of the variances and of the correlations, σ = imω: near the right end alone.
fn harmonic(
    chain: &Chain,
    periodic: &PeriodicMean,
    order: i64,
    monitor: &Monitor,
) -> Result<(CovarianceHarmonic, Layer), Interrupted> {
    let flips = 4.0 * chain.flip_rate;
    let source: Vec<Complex64> =
        periodic.momentum_squares(order).iter().map(|q| flips * q).collect();
    let sigma = periodic.rotation(order);
    let found = resolvent::layer(chain, sigma, &source, None, 1e-15, monitor)?;
    let error = found.error + rounding::SOLVE * largest_norm(&found.variance);
    let harmonic = CovarianceHarmonic {
        order,
        variance: found.variance.clone(),
        correlation: found.current.iter().map(|j| -j).collect(),
        inflow: found.inflow,
        error,
        correlation_error: error * chain.current_weight() + 2.0 * found.flow_error,
    };
    Ok((harmonic, found))
}
