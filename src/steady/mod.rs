//! The state in the long run: stationary (here), time-periodic ([`periodic`]), or without any solve
//! ([`closed`]).
//!
//! Stationary covariance: 𝓛C + diag_p(q) = 0 with q = 4γ p_s² + 2λT and the constant mean momentum
//! p_s ([`Chain::stationary_momentum`]). The equation is linear: the part of 2λT is the thermal
//! closed form ([`Chain::harmonic_state`]), the part of 4γ p_s² one shifted solve at σ = 0. Cost:
//! one real solve, O(N²). Error: what the solve reports.

pub mod closed;
pub mod periodic;
pub mod profiles;
mod unit_heat;

pub use unit_heat::{LastUnitHeat, shared_by};

use crate::budget::{iteration, rounding};
use crate::chain::Chain;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::source::ErrorSource;
use crate::covariance::{Diagonals, MomentEquations, SolveError, SolveReport, Source, Target};
use crate::monitor::Interrupted;
use crate::numerics::vector::largest_norm;
use crate::resolvent::{self, Currents, Exchange};
use num_complex::Complex64;
use unit_heat::Heat;

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
        "without flips (chain.flip_rate = 0) and thermostats the chain never settles: every mode keeps \
         its energy for ever; use evolve, or begin in the Gibbs state (one temperature, no momentum, \
         the elongation 0 or, on a ring, a constant)"
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
    /// A mode of a chain with coefficients that nothing damps.
    #[error(
        "a mode of this chain moves atoms without flips and thermostats alone (or as good as alone): nothing damps it, its energy stays \
         what it was, and there is no stationary state; allowed: flips or thermostats that every mode feels"
    )]
    Undamped,
    /// An atom without flips and thermostat, under a force that oscillates.
    #[error(
        "some atom has neither flips nor a thermostat; under a force that oscillates the correlations at a phase need flips or a \
         thermostat at every atom (the profiles of steady, averages over a period, do not)"
    )]
    UndampedAtom,
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

/// C_0 and z̄_s: the stationary state, or the average of the periodic one. The equations are
/// linear: the thermal closed form, and what the force heats.
fn average<E: MomentEquations>(
    equations: &E,
    mean: &PeriodicMean,
) -> Result<(Solution, SolveReport), SteadyError> {
    let chain: &Chain = equations.chain();
    let thermal = chain.harmonic_state().ok_or(SteadyError::NoThermostat)?;
    let source = unit_heat::source(chain, mean);
    let mut state = vec![0.0; equations.state_len()];
    let heat = if source.factor == 0.0 {
        Heat::none(chain)
    } else {
        let target = Target { weight: source.factor.into(), state: &mut state };
        solved(equations, &source.momenta, &mut [target])?
    };
    let (mut solution, report) = of_heat(chain, mean, &source, &heat)?;
    let Moments { variance, correlation, .. } = &solution.moments;
    let mut covariance = equations.matrix(&state) + thermal.covariance(chain);
    covariance.diag_mut().iter_mut().zip(variance).for_each(|(c, v)| *c = *v);
    for (bond, c) in correlation.iter().enumerate() {
        let (p, r) = chain.left_pair(bond);
        (covariance[[p, r]], covariance[[r, p]]) = (*c, *c);
    }
    solution.consistency = Some(Consistency::of(covariance.view()));
    solution.moments.covariance = Some(covariance);
    Ok((solution, report))
}

/// The moments of [`covariance`], bit for bit, without the covariance itself; what the force heats
/// may be known already.
pub fn moments<E: MomentEquations>(
    equations: &E,
    known: &LastUnitHeat,
) -> Result<(periodic::PeriodicState, SolveReport), SteadyError> {
    let chain = equations.chain();
    let mean = PeriodicMean::new(equations)?.ok_or(SteadyError::NoThermostat)?;
    let source = unit_heat::source(chain, &mean);
    if mean.harmonics.len() > 1 {
        return Err(SteadyError::Periodic);
    }
    let heat =
        known.get_or_solve(chain, &source, || solved(equations, &source.momenta, &mut []))?;
    let (average, report) = of_heat(chain, &mean, &source, &heat)?;
    Ok((periodic::PeriodicState { mean, average, harmonics: Vec::new() }, report))
}

/// The heat of a source on the momenta.
fn solved<E: MomentEquations>(
    equations: &E,
    momenta: &[Complex64],
    targets: &mut [Target<'_>],
) -> Result<Heat, SteadyError> {
    let source = Source { state: None, scale: Complex64::ONE, momenta };
    let (report, diagonals) =
        equations.solve_diagonals(Complex64::ZERO, source, targets, SOLVE_TOLERANCE)?;
    Ok(Heat { diagonals, report })
}

/// The moments of the thermal closed form and of the heat of a source, without the covariance.
fn of_heat(
    chain: &Chain,
    mean: &PeriodicMean,
    source: &unit_heat::Source,
    heat: &Heat,
) -> Result<(Solution, SolveReport), SteadyError> {
    let thermal = chain.harmonic_state().ok_or(SteadyError::NoThermostat)?;
    let Heat { diagonals: heat, report } = heat.scaled(source.factor);
    let hottest = largest_norm(&heat.variance);
    let error = iteration::REFINEMENT * report.error + rounding::SOLVE * hottest;
    let heating: Vec<Complex64> = source.momenta.iter().map(|q| source.factor * q).collect();
    let Flows { correlation, inflow, error: flow_error } =
        flows(chain, &heating, &heat, [error, iteration::REFINEMENT * report.flow_error]);
    let variance: Vec<f64> = (thermal.var_r.iter().chain(&thermal.var_p))
        .zip(&heat.variance)
        .map(|(thermal, heat)| thermal + heat.re)
        .collect();
    let correlation: Vec<f64> = correlation.iter().map(|c| thermal.correlation + c).collect();
    let ([mean_r, mean_p], mean) = (mean.errors_at(0.0), mean.average());
    // Beside the solve: roundings of the two parts. The momentum of a hot end that hardly touches
    // the chain may be far above everything else.
    let (var_r, var_p) = variance.split_at(chain.bonds);
    let [var_r, var_p] = [var_r, var_p].map(|part| error + rounding::FORMULA * largest(part));
    let of_solve = MomentErrors::of_variances(iteration::REFINEMENT * report.error, flow_error);
    let flow = flow_error + rounding::FORMULAS * (thermal.correlation.abs() + largest(&inflow));
    let of_flow = MomentErrors::of_variances(0.0, flow);
    let errors = MomentErrors { mean_r, mean_p, var_r, var_p, ..of_flow };
    let inflow = Some([inflow[0] - thermal.correlation, inflow[1] + thermal.correlation]);
    let (time, covariance) = (f64::INFINITY, None);
    let time = time.into();
    let moments = Moments { time, mean, variance, correlation, inflow, leaving: None, covariance };
    // A direct solve leaves roundings alone.
    let parts = match report.direct {
        true => vec![],
        false => vec![(ErrorSource::Iteration, of_solve)],
    };
    Ok((Solution { moments, errors, parts, ..Default::default() }, report))
}

/// The parts of the current of the heat.
struct Flows {
    /// Cov(p_(n-1), r_n)
    correlation: Vec<f64>,
    /// The energy that enters at either end.
    inflow: [f64; 2],
    error: f64,
}

/// The flows of a stationary heat: as the solve gives them, or by the balance of energy from the
/// variances ([`resolvent::currents`]), whichever is known better; `errors` are those of the
/// variances and of the solve's flows.
fn flows(
    chain: &Chain,
    source: &[Complex64],
    heat: &Diagonals,
    [error, flow_error]: [f64; 2],
) -> Flows {
    let heated: Vec<Complex64> = source.iter().map(|q| 0.5 * q).collect();
    let gathered: f64 = heated.iter().map(|q| q.norm()).sum();
    let balanced = resolvent::current_share(chain) * error + rounding::FORMULA * gathered;
    if flow_error <= balanced {
        return Flows {
            correlation: heat.correlation.iter().map(|c| c.re).collect(),
            inflow: heat.losses.map(|loss| -loss.re),
            error: flow_error,
        };
    }
    let (elongation, momentum) = heat.variance.split_at(chain.bonds);
    let exchange = Exchange {
        heated: &heated,
        momentum,
        elongation,
        start: None,
        products: 0.0,
        temperature: [Complex64::ZERO; 2],
    };
    let Currents { bonds, inflow } = resolvent::currents(chain, Complex64::ZERO, &exchange);
    Flows {
        correlation: bonds.iter().map(|j| -j.re).collect(),
        inflow: inflow.map(|flow| flow.re),
        error: balanced,
    }
}
