//! The measurements of one size: the means always, the variances where they take O(N), all
//! with the covariance where it is asked for.

use super::theorems::{self, Macroscopic, Measurement};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::MomentEquations;
use crate::covariance::direct;
use crate::covariance::modal::Modal;
use crate::covariance::moments::Solution;
use crate::evolve::EvolveError;
use crate::evolve::norm::Squares;
use crate::evolve::{self, Method, Plan, means, squares};
use crate::limit::Evolution;
use crate::limit::conditions::oscillation_work;
use crate::monitor::{Monitor, record};
use crate::numerics::double_double::rounded;
use crate::scenario::TimeScale;
use crate::steady::{SteadyError, periodic, profiles};

/// All measurements of a chain at the diffusive `times`, at which `limit` holds the macroscopic
/// state. With `covariance` also those that are sums over it, O(N²): of short chains and at early
/// times it is evolved, else only its norm is ([`squares`]), in O(N) memory. Without, what the
/// variances say is measured at the times at which they take O(N).
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
    let microscopic = times.iter().map(|&t| chain.microscopic_time(t, TimeScale::Diffusive));
    let microscopic: Vec<Double> = microscopic.collect();
    let norm_alone = covariance && norm_alone(chain, law, times);
    let formed = covariance && !norm_alone;
    let way = way(chain, law, times, formed);
    // The second moments take nearly all of the time, and keep all threads busy; the means, a few
    // long steps after each other, do not. So they go side by side.
    let of_means = if way.is_some() { monitor.silent() } else { monitor.clone() };
    // The boundary terms are 1/N of the means, and the covariances between them smaller still.
    let within = (1e-3 * tolerance).max(1e-13);
    let (paths, second) = rayon::join(
        || means::evolve(&equations, law, &microscopic, within, &of_means),
        || {
            let way = way?;
            Some(second_moments(&equations, law, way, [formed, norm_alone], tolerance, monitor))
        },
    );
    let (paths, second) = (paths?, second.transpose()?);
    let macroscopic = |index: usize| Macroscopic {
        output: &limit.outputs[index],
        start: &limit.start,
        force: if chain.topology == crate::scenario::Topology::Open {
            chain.force.mean
        } else {
            0.0
        },
        oscillation_work: oscillation_work(chain),
        flip_rate: chain.flip_rate,
    };
    let mut all = Vec::new();
    for (index, (path, &t)) in paths.iter().zip(times).enumerate() {
        all.extend(theorems::of_means(chain, t, path, &macroscopic(index)));
    }
    let Some((indices, solutions, sums)) = second else { return Ok(all) };
    let start = Squares::at_start(chain, law);
    for (number, (solution, index)) in solutions.iter().zip(indices).enumerate() {
        let limit = macroscopic(index);
        all.extend(theorems::of_variances(chain, times[index], solution, &paths[index], &limit));
        if let Some(sums) = sums.get(number) {
            all.extend(theorems::of_covariance(chain, times[index], sums, &start, &limit));
        }
    }
    Ok(all)
}

/// The indices of some times, the solutions at these, and the sums over their covariances.
type SecondMoments = (Vec<usize>, Vec<Solution>, Vec<Squares>);

/// The second moments at the times of `way`, their indices before them, and the sums over the
/// covariance where it is `formed` or its `norm_alone` is wanted.
fn second_moments(
    equations: &Modal,
    law: &InitialLaw,
    (indices, chosen, plan): (Vec<usize>, Vec<Double>, Plan),
    [formed, norm_alone]: [bool; 2],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<SecondMoments, EvolveError> {
    let chain = equations.chain();
    let tolerance = tolerance_of_variances(tolerance);
    // Every node of the norm is O(N²).
    let first = if norm_alone { 0.1 } else { 1.0 };
    let (early, late) = (monitor.part(0.0, first), monitor.part(first, 1.0));
    let (solutions, _) =
        evolve::evolve(equations, law, &chosen, &plan, tolerance, |_| formed, &early)?;
    let sums: Vec<Squares> = if norm_alone {
        let begun = chosen.partition_point(|time| time.hi == 0.0);
        let norms = squares::evolve(equations, law, &chosen[begun..], tolerance, &late)?;
        let at_start = std::iter::repeat_n(Squares::at_start(chain, law), begun);
        let later = norms.iter().zip(&solutions[begun..]);
        at_start.chain(later.map(|(norm, s)| Squares::of_norm(chain, norm, s))).collect()
    } else {
        solutions.iter().filter_map(|s| Squares::of_covariance(chain, s)).collect()
    };
    Ok((indices, solutions, sums))
}

/// Whether the covariance is not formed: of longer chains than are solved directly, where all times
/// but the start are late enough for the norm and for the variances.
fn norm_alone(chain: &Chain, law: &InitialLaw, times: &[f64]) -> bool {
    let late = |first: f64| {
        let time = |&t: &f64| chain.microscopic_time(t, TimeScale::Diffusive).hi;
        times.iter().all(|t| *t == 0.0 || time(t) >= first)
    };
    !direct::serves(chain) && squares::serves(chain, law).is_some_and(late)
}

/// The diffusive times at which the variances are known, as indices and as microscopic times, and
/// how; `None` where they are known at the start alone.
fn way(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    covariance: bool,
) -> Option<(Vec<usize>, Vec<Double>, Plan)> {
    let time = |index: usize| chain.microscopic_time(times[index], TimeScale::Diffusive);
    let first = if covariance { Some(0.0) } else { evolve::profiles::earliest(chain, law) };
    let served =
        |&index: &usize| first.is_some_and(|first| times[index] == 0.0 || time(index).hi >= first);
    let indices: Vec<usize> = (0..times.len()).filter(served).collect();
    let chosen: Vec<Double> = indices.iter().map(|&index| time(index)).collect();
    if chosen.iter().all(|time| time.hi == 0.0) && !covariance {
        return None;
    }
    let method = if covariance { Method::Auto } else { Method::Profiles };
    // The times are those that it serves.
    let plan = evolve::plan(chain, law, &chosen, method, covariance).ok()?;
    Some((indices, chosen, plan))
}

/// The statements are differences of energies.
fn tolerance_of_variances(tolerance: f64) -> f64 {
    (0.1 * tolerance).max(1e-12)
}

/// The cost of [`measure`] and [`stationary`] together, the latter where the chain has a
/// thermostat.
pub fn cost(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    covariance: bool,
    tolerance: f64,
) -> Cost {
    let (sites, unit) = (chain.atoms() as f64, (chain.bonds as f64).powi(2));
    // Steps of the means alone: transforms, and the phases of the force between.
    let steps = 13.0 * (1.0 + times.last().map_or(0.0, |last| last * unit)).ln();
    let means = Cost { bytes: 500.0 * sites * times.len() as f64, seconds: 6.5e-6 * steps * sites };
    let norm_alone = covariance && norm_alone(chain, law, times);
    let formed = covariance && !norm_alone;
    let tolerance = tolerance_of_variances(tolerance);
    let variances = way(chain, law, times, formed).map_or(Cost::default(), |(_, chosen, plan)| {
        let kept = vec![formed; chosen.len()];
        let variances = evolve::cost(chain, law, &chosen, &plan, tolerance, &kept);
        let norm = if norm_alone {
            squares::cost(chain, &rounded(&chosen), tolerance)
        } else {
            Cost::default()
        };
        variances.then(norm)
    });
    let settled = match chain.left.or(chain.right) {
        Some(_) if profiles::serves(chain) => cost::of_stationary_profiles(chain),
        Some(_) if covariance => {
            cost::of_stationary_covariance(chain, 2 * chain.force.harmonics.len(), 0)
        }
        _ => Cost::default(),
    };
    means.then(variances).then(settled)
}

/// The numbers of the stationary (or time-averaged periodic) state of one size.
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

/// The stationary state of a chain with a thermostat: in O(N) where the profiles alone can be had,
/// else in O(N²).
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
