//! The measurements of one size: the means always, the variances where they are had in O(N), all with the covariance where it is asked for.

use super::theorems::{self, Macroscopic, Measurement};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::evolve::radau::EvolveError;
use crate::evolve::{self, Method, means};
use crate::limit::Evolution;
use crate::limit::conditions::oscillation_work;
use crate::monitor::{Monitor, record};
use crate::steady::{SteadyError, periodic, profiles};

/// All measurements of a chain at the diffusive `times`, at which `limit` holds the macroscopic state. With `covariance` it is
/// evolved too, O(N²); without, what the variances say is measured at the times at which they are had in O(N).
pub fn measure(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    limit: &Evolution,
    covariance: bool,
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<Measurement>, EvolveError> {
    let equations = Modal::new(chain);
    let unit = (chain.bonds as f64).powi(2);
    let microscopic: Vec<f64> = times.iter().map(|t| t * unit).collect();
    // The second moments take nearly all of the time.
    let before = 0.05;
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
    let first = if covariance { Some(0.0) } else { evolve::profiles::earliest(chain, law) };
    let served = |tau: f64| first.is_some_and(|first| tau == 0.0 || tau >= first);
    let indices: Vec<usize> = (0..times.len()).filter(|&index| served(microscopic[index])).collect();
    if indices.iter().all(|&index| microscopic[index] == 0.0) && !covariance {
        return Ok(all);
    }
    let chosen: Vec<f64> = indices.iter().map(|&index| microscopic[index]).collect();
    let method = if covariance { Method::Auto } else { Method::Profiles };
    // The times are those that it serves.
    let Ok(plan) = evolve::plan(chain, law, &chosen, method, covariance) else { return Ok(all) };
    let tolerance = (0.1 * tolerance).max(1e-12);
    let monitor = monitor.part(before, 1.0);
    let (solutions, _) = evolve::evolve(&equations, law, &chosen, &plan, tolerance, |_| covariance, &monitor)?;
    let start = covariance.then(|| theorems::covariance_sums(chain, &law.covariance_above(0.0)));
    for (solution, index) in solutions.iter().zip(indices) {
        let limit = macroscopic(index);
        all.extend(theorems::of_variances(chain, times[index], solution, &paths[index], &limit));
        if let Some(start) = start {
            all.extend(theorems::of_covariance(chain, times[index], solution, start, &limit));
        }
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

record!(StationarySize { bonds, middle, wall, current, oscillation_work, errors });

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
