//! Time evolution of the moments: by implicit steps ([`radau`]), by a contour without steps
//! ([`contour`]), by a contour for the profiles alone ([`profiles`]), by the Taylor series of a
//! stencil ([`stencil`]) or by a propagator ([`harmonic`], [`squaring`], [`returns`]). [`plan`]
//! chooses among them.

pub mod contour;
mod doubling;
mod earliest;
pub mod envelope;
pub(crate) mod exact_covariance;
pub(crate) mod exact_means;
mod exponential;
pub(crate) mod filed;
mod groups;
mod halving;
pub mod harmonic;
pub mod hyperbola;
pub mod means;
mod moment_generator;
pub mod norm;
mod open;
mod outcome;
pub mod pairs;
mod past;
mod plan;
pub mod profiles;
pub mod radau;
mod reference;
pub mod returns;
mod ring;
mod rotation_integrals;
mod sharing;
mod shown;
pub mod squares;
pub mod squaring;
pub mod stencil;
mod step;
mod step_size;
mod strip;
mod sums;
pub mod tableau;
mod trajectory;
mod turned;
mod turning;
mod two_contours;
mod unresolved;
mod wide_contour;
mod wide_fold;
mod wide_series;

pub use crate::method::Method;
pub use outcome::{Counts, EvolveError};
pub use plan::{Plan, by_doubling, in_32_digits, plan};

use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::MomentEquations;
use crate::covariance::moments::Solution;
use crate::monitor::Monitor;
use crate::numerics::double_double::{exact, rounded};
use crate::scenario::Topology;

/// The number of waves in the moving means of a ring. It is 0 where the means are at rest, and for
/// open chains, where it is not needed.
fn moving_waves(chain: &Chain, law: &InitialLaw) -> usize {
    match chain.topology {
        Topology::Open => 0,
        Topology::Ring => ring::Ring::new(chain, law).moving_waves(),
    }
}

/// The cost of the planned evolution to the microscopic `times`; `kept` tells at which of them the
/// whole covariance is kept.
pub fn cost(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    plan: &Plan,
    tolerance: f64,
    kept: &[bool],
) -> Cost {
    let times = &rounded(&exact(times))[..];
    if plan.squared {
        return squaring::cost(chain, times);
    }
    if plan.exponential {
        let kept = kept.iter().filter(|&&kept| kept).count();
        let dense = law.covariance.is_some() || kept > 0;
        return cost::of_propagator(chain, times.len(), kept, dense);
    }
    let [stepped, inverted] = costs(chain, law, times, plan, tolerance, kept);
    stepped.then(inverted)
}

/// The costs of the steps and of the contour in a plan that has either.
fn costs(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    plan: &Plan,
    tolerance: f64,
    kept: &[bool],
) -> [Cost; 2] {
    let count = |kept: &[bool]| kept.iter().filter(|&&kept| kept).count();
    let all = count(kept);
    let (early, late) = times.split_at(plan.stepped);
    let step_tolerance = plan.step_tolerance(tolerance);
    let latest = early.last().copied().unwrap_or(0.0);
    let stepped = match plan.stencil {
        _ if latest == 0.0 => Cost::default(),
        _ if plan.doubled => returns::cost(chain, early),
        true => {
            let kept = count(&kept[..plan.stepped]);
            let work = stencil::expected(chain, law, early, step_tolerance, kept);
            let once = cost::of_stencil(chain, &work, early.len(), all);
            let times = if plan.judged { stencil::JUDGED } else { 1.0 };
            Cost { seconds: times * once.seconds, ..once }
        }
        false => cost::of_steps(chain, radau::expected_solves(chain, early, step_tolerance), all),
    };
    let inverted = if late.is_empty() {
        Cost::default()
    } else if plan.without_covariance {
        let (nodes, shared) = groups::nodes(chain, late, tolerance);
        cost::of_profile_nodes(
            chain,
            moving_waves(chain, law),
            nodes,
            two_contours::ABREAST,
            shared,
        )
    } else {
        let shared = count(&kept[plan.stepped..]).min(sharing::SHARED_STATES);
        let nodes = sharing::nodes(chain, late, tolerance, |i| kept[plan.stepped + i]);
        cost::of_contour(chain, nodes, all, shared)
    };
    [stepped, inverted]
}

/// Evolves the moments as planned. Arguments as for [`radau::evolve`]; the two counts are of the
/// steps and of the contour. At time 0 the answer is the initial law itself, bit for bit.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    plan: &Plan,
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, [Counts; 2]), EvolveError> {
    as_planned(equations, law, exact(times), plan, tolerance, &keep, monitor)
}

/// [`evolve`], compiled once for all equations.
fn as_planned(
    equations: &dyn MomentEquations,
    law: &InitialLaw,
    times: Vec<Double>,
    plan: &Plan,
    tolerance: f64,
    keep: &dyn Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, [Counts; 2]), EvolveError> {
    let zeros = times.partition_point(|time| time.hi <= 0.0);
    let mut solutions: Vec<Solution> =
        (0..zeros).map(|i| Solution::at_start(equations.chain(), law, keep(i))).collect();
    if plan.squared {
        let keep = |i: usize| keep(zeros + i);
        solutions.extend(squaring::evolve(equations.chain(), law, &times[zeros..], keep, monitor)?);
        return Ok((solutions, Default::default()));
    }
    if plan.exponential {
        let keep = |i: usize| keep(zeros + i);
        solutions.extend(harmonic::evolve(equations.chain(), law, &times[zeros..], keep, monitor)?);
        return Ok((solutions, Default::default()));
    }
    let kept: Vec<bool> = (0..times.len()).map(keep).collect();
    let [stepped, inverted] =
        costs(equations.chain(), law, &rounded(&times), plan, tolerance, &kept)
            .map(|cost| cost.seconds);
    let whole = stepped + inverted;
    let share = if whole > 0.0 { stepped / whole } else { 0.0 };
    let (early, late) = times.split_at(plan.stepped.max(zeros));
    let (stepping, inverting) = (monitor.part(0.0, share), monitor.part(share, 1.0));
    // The steps answer at time 0, too, so that what they show of the error is relative to all
    // outputs.
    let (stepped_to, stepped) = if early.len() == zeros {
        Default::default()
    } else if plan.doubled {
        let keep = |i: usize| keep(zeros + i);
        let chain = equations.chain();
        let found = returns::evolve(chain, law, &early[zeros..], keep, &stepping)?;
        (found, Counts::default())
    } else if plan.stencil {
        solutions.clear();
        let tolerance = plan.stencil_tolerance(tolerance);
        let chain = equations.chain();
        let (found, counts) = match plan.judged {
            true => stencil::judged(chain, law, early, tolerance, keep, &stepping)?,
            false => stencil::evolve(chain, law, early, tolerance, keep, &stepping)?,
        };
        // Applications of the operator are no solves.
        (found, Counts { solves: 0, ..counts })
    } else {
        solutions.clear();
        radau::evolve(equations, law, early, plan.step_tolerance(tolerance), keep, &stepping)?
    };
    solutions.extend(stepped_to);
    let mut inverted = Counts::default();
    if plan.without_covariance && !late.is_empty() {
        let (late, counts) = profiles::evolve(equations.chain(), law, late, tolerance, &inverting)?;
        solutions.extend(late);
        inverted = counts;
    } else if !late.is_empty() {
        let first = times.len() - late.len();
        let keep = |i: usize| keep(first + i);
        let (mut late, counts) =
            contour::evolve(equations, law, late, tolerance, keep, &inverting)?;
        if exact_means::of_contours(equations.chain()) {
            exact_means::put(equations.chain(), law, &mut late);
        }
        solutions.extend(late);
        inverted = counts;
    }
    Ok((solutions, [stepped, inverted]))
}
