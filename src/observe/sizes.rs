//! The measurements of one size: the means always, the variances and the covariance where they are asked for.

use super::theorems::{self, Macroscopic, Measurement};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::evolve::radau::EvolveError;
use crate::evolve::{self, Method, means};
use crate::limit::Evolution;
use crate::limit::conditions::oscillation_work;
use crate::monitor::Monitor;
use crate::steady::{SteadyError, periodic, profiles};

/// All measurements of a chain at the diffusive `times`, at which `limit` holds the macroscopic state. With `variances` the
/// covariance is evolved too, O(N²).
pub fn measure(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    limit: &Evolution,
    variances: bool,
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<Measurement>, EvolveError> {
    let equations = Modal::new(chain);
    let unit = (chain.bonds as f64).powi(2);
    let microscopic: Vec<f64> = times.iter().map(|t| t * unit).collect();
    // The covariance takes nearly all of the time.
    let before = if variances { 0.05 } else { 1.0 };
    // The boundary terms are 1/N of the means, and the covariances between them smaller still.
    let paths =
        means::evolve(&equations, law, &microscopic, (1e-3 * tolerance).max(1e-13), &monitor.part(0.0, before))?;
    let macroscopic = |index: usize| Macroscopic {
        output: &limit.outputs[index],
        start: &limit.start,
        force: if chain.topology == crate::scenario::Topology::Open { chain.force.mean } else { 0.0 },
        oscillation_work: oscillation_work(chain),
        flip_rate: chain.flip_rate,
    };
    let mut all = Vec::new();
    for (index, (path, &t)) in paths.iter().zip(times).enumerate() {
        all.extend(theorems::of_means(chain, t, path, &macroscopic(index)));
    }
    if !variances {
        return Ok(all);
    }
    let plan = evolve::plan(chain, law, &microscopic, Method::Auto, true).expect("auto always finds a way");
    let (solutions, _) = evolve::evolve(
        &equations,
        law,
        &microscopic,
        &plan,
        (0.1 * tolerance).max(1e-12),
        |_| true,
        &monitor.part(before, 1.0),
    )?;
    let start = theorems::covariance_sums(chain, &law.covariance_above(0.0));
    for (index, ((solution, path), &t)) in solutions.iter().zip(&paths).zip(times).enumerate() {
        let limit = macroscopic(index);
        all.extend(theorems::of_variances(chain, t, solution, path, &limit));
        all.extend(theorems::of_covariance(chain, t, solution, start, &limit));
    }
    Ok(all)
}

/// What the stationary (or time-averaged periodic) state of one size says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StationarySize {
    /// N
    pub bonds: usize,
    /// e_heat at x = 1/2, for even N.
    pub middle: Option<f64>,
    /// Var p_N.
    pub wall: f64,
    /// N times the energy entering at the left end.
    pub current: f64,
    /// N times the work of the force's oscillation per unit of time.
    pub oscillation_work: f64,
    /// Largest error of the variances, and of N times a current.
    pub errors: [f64; 2],
}

/// The stationary state of a chain with a thermostat: in O(N) where the profiles alone can be had, else in O(N²).
pub fn stationary(chain: &Chain, monitor: &Monitor) -> Result<StationarySize, SteadyError> {
    let state = if profiles::serves(chain) {
        profiles::profiles(chain, monitor)?.0
    } else {
        periodic::covariance(&Modal::new(chain).watched_by(monitor.clone()), &[])?.0
    };
    let average = super::periodic::average(chain, &state);
    let n = chain.bonds;
    let error = state.average.errors.var_r.max(state.average.errors.var_p);
    Ok(StationarySize {
        bonds: n,
        middle: n.is_multiple_of(2).then(|| average.thermal()[n / 2]),
        wall: state.average.moments.variance[2 * n],
        current: n as f64 * average.current[n / 2],
        oscillation_work: n as f64 * state.mean.oscillating_power(),
        errors: [error, n as f64 * average.errors.current],
    })
}
