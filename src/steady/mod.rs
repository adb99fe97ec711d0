//! The state in the long run: stationary (here), time-periodic ([`periodic`]), or without any solve
//! ([`closed`]).
//!
//! Stationary covariance: 𝓛C + diag_p(q) = 0, one shifted solve at σ = 0, with q = 4γ p_s² + 2λT
//! and the constant mean momentum p_s ([`Chain::stationary_momentum`]). A reference temperature is
//! split off, so that equilibrium comes out to rounding. Cost: one real solve, O(N²). Error: what
//! the solve reports.

pub mod closed;
pub mod periodic;
pub mod profiles;

use crate::chain::Chain;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError, SolveReport, Source, Target};
use crate::monitor::Interrupted;
use num_complex::Complex64;

/// Why there is no stationary state, or why it was not found.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum SteadyError {
    /// A force without a thermostat.
    #[error(
        "there is a force but no thermostat to take its work away: the energy grows without end and there is no stationary state; \
         use evolve, or add [left.thermostat]"
    )]
    NoThermostat,
    /// Neither flips nor thermostats.
    #[error(
        "without flips (chain.flip_rate = 0) and thermostats the chain never settles: every mode keeps its energy for ever; use evolve"
    )]
    NeverSettles,
    /// The state is periodic.
    #[error(
        "the force is periodic in time, and so is the state in the long run; a stationary one needs a force without right.force.harmonics"
    )]
    Periodic,
    /// The modal solve needs flips.
    #[error(
        "the method modal needs flips (chain.flip_rate > 0); without a method the closed form of the harmonic chain is used"
    )]
    NoFlips,
    /// The way without the covariance is for open chains.
    #[error(
        "the profiles without the covariance need an open chain with flips that are not too rare (chain.flip_rate ≥ 1e-4); use the method modal"
    )]
    NoProfiles,
    /// The equation is singular where energy is conserved.
    #[error(
        "{0} needs a thermostat: without one the limit depends on the initial law; without a method its closed form is used"
    )]
    NeedsThermostat(String),
    /// The solve failed.
    #[error(transparent)]
    Solve(SolveError),
    /// The caller ended the run.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<SolveError> for SteadyError {
    fn from(error: SolveError) -> SteadyError {
        match error {
            SolveError::Interrupted(end) => end.into(),
            other => SteadyError::Solve(other),
        }
    }
}

/// Solve until rounding stops it.
const SOLVE_TOLERANCE: f64 = 1e-15;

/// The stationary moments under a constant force, time infinite; [`periodic::covariance`] takes any
/// force.
pub fn covariance<E: MomentEquations>(
    equations: &E,
) -> Result<(Solution, SolveReport), SteadyError> {
    let mean = PeriodicMean::new(equations)?.ok_or(SteadyError::NoThermostat)?;
    if mean.harmonics.len() > 1 {
        return Err(SteadyError::Periodic);
    }
    average(equations, &mean)
}

/// Roundings in a current: λ Var p against λT at the ends, where a variance is a reference
/// temperature and what it differs by; and correlations.
fn flow_rounding(chain: &Chain, difference: f64, variance: f64) -> f64 {
    f64::EPSILON * (chain.friction().into_iter().fold(0.0, f64::max) * variance + 4.0 * difference)
}

/// C_0 and z̄_s: the stationary state, or the average of the periodic one.
fn average<E: MomentEquations>(
    equations: &E,
    mean: &PeriodicMean,
) -> Result<(Solution, SolveReport), SteadyError> {
    let chain: &Chain = equations.chain();
    let reference = chain.coldest().ok_or(SteadyError::NoThermostat)?;
    let squares = mean.momentum_squares(0);
    let source = chain.covariance_source_of(squares.iter().map(|q| q.re), reference);
    let source: Vec<Complex64> = source.into_iter().map(Complex64::from).collect();
    let mut state = vec![0.0; equations.state_len()];
    let target = Target { weight: Complex64::ONE, state: &mut state };
    let source = Source { state: None, scale: Complex64::ONE, momenta: &source };
    let (report, _) =
        equations.solve_diagonals(Complex64::ZERO, source, &mut [target], SOLVE_TOLERANCE)?;
    let mut covariance = equations.matrix(&state);
    let difference = largest(covariance.diag().as_slice().unwrap_or(&covariance.diag().to_vec()));
    covariance.diag_mut().iter_mut().for_each(|v| *v += reference);
    let variance = covariance.diag().to_vec();
    // Beside the solve: roundings of the transforms, and of the reference state when it is added.
    let rounding = f64::EPSILON * (64.0 * difference + largest(&variance));
    let error = 4.0 * report.error + rounding;
    let (means, mean) = (mean.error, mean.average());
    let correlation = chain.left_correlations(covariance.view());
    // At the ends a variance meets its thermostat's temperature, in the bulk the correlations are
    // small and added to nothing.
    let flow = 4.0 * report.flow_error + flow_rounding(chain, difference, largest(&variance));
    let errors = MomentErrors {
        mean_r: means,
        mean_p: means,
        var_r: error,
        var_p: error,
        correlation: flow,
    };
    let consistency = Consistency::of(covariance.view());
    let (time, covariance) = (f64::INFINITY, Some(covariance));
    let moments =
        Moments { time: time.into(), mean, variance, correlation, inflow: None, covariance };
    Ok((Solution { moments, errors, consistency: Some(consistency), ..Default::default() }, report))
}
