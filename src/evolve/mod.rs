//! Time evolution of the moments: steps ([`radau`]), no steps ([`contour`]), no covariance
//! ([`profiles`]), series of a stencil ([`stencil`]), and the choice between them.

pub mod contour;
mod doubling;
mod earliest;
pub mod envelope;
mod exponential;
mod halving;
pub mod harmonic;
pub mod hyperbola;
pub mod means;
pub mod profiles;
pub mod radau;
mod reference;
mod ring;
mod rotation_integrals;
mod runs;
pub mod squares;
pub mod squaring;
pub mod stencil;
mod step;
mod step_size;
mod strip;
mod sums;
pub mod tableau;
mod unresolved;

pub use crate::method::Method;

use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::moments::Solution;
use crate::covariance::{MomentEquations, direct};
use crate::method::Task;
use crate::monitor::Monitor;
use crate::numerics::double_double::{exact, rounded};
use crate::resolvent;
use crate::scenario::Topology;
use radau::{Counts, EvolveError};

/// Which outputs go which way, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Outputs before this index are stepped to, those from it on inverted.
    pub stepped: usize,
    /// The part of the tolerance that the steps are asked for.
    pub step_share: f64,
    /// Whether they are had by the exponential of the stencil, and not by implicit steps.
    pub stencil: bool,
    /// Whether all outputs come from the propagator instead.
    pub exponential: bool,
    /// Whether all outputs of a tiny chain come from the exponential of the whole moment equation.
    pub squared: bool,
    /// Whether the late outputs come without the covariance.
    pub without_covariance: bool,
    /// Whether the outputs that are stepped to are all at time 0, where the initial law answers.
    pub at_start_only: bool,
    /// Whether the stencil is asked a second time, because columns are smaller than was expected.
    pub again: bool,
    /// A sentence for the summary.
    pub reason: String,
}

/// Implicit steps are not asked for less, nor is the stencil: roundings are in the way.
const LEAST_STEP_TOLERANCE: f64 = 1e-12;
const LEAST_STENCIL_TOLERANCE: f64 = 1e-14;

impl Plan {
    /// Whether any output is stepped to.
    fn steps(&self) -> bool {
        self.stepped > 0 && !self.at_start_only
    }

    /// The stencil at a smaller tolerance, `missed` being the error that it left over the one that was
    /// asked for; `None` of other plans, and once only.
    pub fn asked_for_less(&self, missed: f64) -> Option<Plan> {
        (self.stencil && self.stepped > 0 && !self.again && missed.is_finite()).then(|| Plan {
            step_share: self.step_share / (4.0 * missed),
            again: true,
            reason: format!("{}, asked for less than before", self.reason),
            ..self.clone()
        })
    }

    fn step_tolerance(&self, tolerance: f64) -> f64 {
        let least = match self.stencil {
            // Soon after a cold start everything is small, roundings too.
            true if self.again => 0.0,
            true => LEAST_STENCIL_TOLERANCE,
            false => LEAST_STEP_TOLERANCE,
        };
        tolerance.min((self.step_share * tolerance).max(least))
    }
}

/// Seconds that it may cost not to step at all: where currents are small, steps missed 1e-10
/// fivefold to a thousandfold that the contour reached.
const WORTH_NO_STEPS: f64 = 2.0;

/// How much cheaper the stencil must seem than a way without steps: prices are as uncertain.
const SURELY: f64 = 2.0;

/// The same where its roundings show: implicit steps are taken wherever they are at hand.
const LOSING: f64 = 1e3;

/// The tolerance at which two ways are compared.
const USUAL_TOLERANCE: f64 = 1e-9;

/// Decides for ascending microscopic `times`, by what either way costs and whether it steps;
/// `covariance` says whether the covariance is wanted at any of them. An error says why the way
/// that was asked for cannot serve.
pub fn plan(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    method: Method,
    covariance: bool,
) -> Result<Plan, String> {
    let exact = &exact(times)[..];
    let times = &rounded(exact)[..];
    if method == Method::Exponential && chain.flip_rate > 0.0 {
        let reason = "the exponential of the moment equation, in 32 digits".into();
        return in_32_digits(chain, times, reason).ok_or_else(|| {
            "with flips (γ > 0) the exponential of the moment equation serves chains of some 20 bonds at most"
                .into()
        });
    }
    let plan = plan_by_size(chain, law, times, method, covariance)?;
    let kept = vec![covariance; times.len()];
    let seconds = || cost(chain, law, times, &plan, USUAL_TOLERANCE, &kept).seconds;
    if method == Method::Auto && plan.steps() && seconds() > WORTH_SQUARING {
        let reason =
            "a tiny chain, many steps: the exponential of its moment equation, in 32 digits";
        let squared = in_32_digits(chain, times, reason.into());
        return Ok(squared
            .filter(|_| seconds() > squaring::cost(chain, times).seconds)
            .unwrap_or(plan));
    }
    Ok(plan)
}

/// The plan for a tiny chain by the exponential of its whole moment equation; `None` where it does
/// not serve.
pub fn in_32_digits(chain: &Chain, times: &[f64], reason: String) -> Option<Plan> {
    squaring::serves(chain, times).then(|| Plan {
        stepped: 0,
        step_share: 1.0,
        stencil: false,
        exponential: false,
        squared: true,
        without_covariance: false,
        at_start_only: times.iter().all(|&time| time == 0.0),
        again: false,
        reason,
    })
}

/// Seconds of steps from which on a tiny chain is propagated instead.
const WORTH_SQUARING: f64 = 0.05;

/// [`plan`] for chains of any size.
fn plan_by_size(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    method: Method,
    covariance: bool,
) -> Result<Plan, String> {
    chain.assert_homogeneous();
    if !method.serves(Task::Evolve) {
        return Err(format!("found {method}; allowed: {}", Method::allowed(Task::Evolve)));
    }
    // The literal operator takes the same steps.
    let method = if method == Method::Literal { Method::Radau } else { method };
    let profiles = !covariance && profiles::earliest(chain, law).is_some();
    let way = |without_covariance, stencil| Way { without_covariance, stencil };
    match method {
        Method::Profiles if !profiles => {
            Err("the profiles without the covariance need flips (γ > 0), independent initial coordinates and neither covariances nor modes"
                .into())
        }
        Method::Profiles => planned(chain, law, times, method, way(true, true)),
        Method::Auto if chain.flip_rate > 0.0 => {
            // A small chain that would lose digits is inverted by direct solves.
            let profiles = profiles && !direct::is_worth_it(chain);
            // All by the stencil, or its steps or implicit ones early and the late ones without.
            let mut plans = vec![planned(chain, law, times, Method::Stencil, way(false, true))?];
            for stencil in [true, false] {
                plans.extend(planned(chain, law, times, method, way(false, stencil)));
                if profiles {
                    plans.extend(planned(chain, law, times, method, way(true, stencil)));
                }
            }
            let kept = vec![covariance; times.len()];
            let price = |plan: &Plan| {
                let seconds = cost(chain, law, times, plan, USUAL_TOLERANCE, &kept).seconds;
                match plan.stencil {
                    _ if !plan.steps() => seconds,
                    true => {
                        // Near local equilibrium a current is 1/N of the energies that roundings
                        // are relative to; implicit steps leave some, too.
                        let early = &times[..plan.stepped];
                        let work = stencil::expected(chain, law, early, USUAL_TOLERANCE, 0);
                        let seen = USUAL_TOLERANCE / (4.0 * chain.bonds as f64);
                        let loses = work.rounding > seen.max(LEAST_STEP_TOLERANCE);
                        if loses { LOSING * seconds } else { SURELY * seconds }
                    }
                    false => seconds + WORTH_NO_STEPS,
                }
            };
            let first = plans.remove(0);
            let better = |(best, least): (Plan, f64), plan: Plan| {
                let seconds = price(&plan);
                if seconds < least { (plan, seconds) } else { (best, least) }
            };
            let least = price(&first);
            Ok(plans.into_iter().fold((first, least), better).0)
        }
        _ => planned(chain, law, times, method, way(false, false)),
    }
}

/// How the outputs are had.
#[derive(Clone, Copy)]
struct Way {
    /// The late ones without the covariance.
    without_covariance: bool,
    /// The early ones by the stencil.
    stencil: bool,
}

/// The plan for one way.
fn planned(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    method: Method,
    Way { without_covariance, stencil }: Way,
) -> Result<Plan, String> {
    let earliest =
        if without_covariance { profiles::earliest(chain, law) } else { contour::earliest(chain) };
    let limit = earliest.unwrap_or(f64::INFINITY);
    let at_start_only = times.iter().all(|&time| time == 0.0 || time >= limit);
    let early = times.partition_point(|&t| t < limit);
    let steps = match stencil {
        _ if at_start_only && without_covariance => "the initial law itself",
        true => "the exponential of the stencil",
        false => "steps",
    };
    // Near local equilibrium the current is 1/N of the energies that steps are judged by (missed 15
    // times on the ring of 128 bonds); the order makes that cheap, and the stencil's series even
    // more so.
    let step_share = match method {
        Method::Radau => 1.0,
        _ if stencil || method == Method::Stencil => 1.0 / (64.0 * chain.bonds as f64),
        _ => 1.0 / 128.0,
    };
    let stepped = |stepped: usize, reason: String| {
        Ok(Plan {
            stepped,
            step_share,
            stencil,
            exponential: false,
            squared: false,
            without_covariance,
            at_start_only,
            again: false,
            reason,
        })
    };
    if method == Method::Radau {
        return stepped(times.len(), "steps were asked for".into());
    }
    if method == Method::Stencil {
        return Ok(Plan {
            stepped: times.len(),
            step_share,
            stencil: true,
            exponential: false,
            squared: false,
            without_covariance: false,
            at_start_only: times.iter().all(|&time| time == 0.0),
            again: false,
            reason: "the exponential of the stencil, for all outputs".into(),
        });
    }
    match (method, chain.flip_rate == 0.0, chain.left.is_some() || chain.right.is_some()) {
        (Method::Exponential, false, _) => {
            return Err("the propagator serves without flips (γ = 0) only".into());
        }
        (Method::Auto | Method::Exponential, true, damped) => {
            let how = if damped {
                "the matrix exponential of B"
            } else {
                "every mode turns by its angle"
            };
            return Ok(Plan {
                stepped: 0,
                step_share,
                stencil: false,
                exponential: true,
                squared: false,
                without_covariance,
                at_start_only,
                again: false,
                reason: format!("no flips (γ = 0): {how}, no steps"),
            });
        }
        _ => {}
    }
    if earliest.is_none() {
        return Err("the contour needs flips (γ > 0)".into());
    }
    let limit_is = if limit.is_infinite() {
        format!(
            "any that the profiles are had at (γ < {:e} is too rare)",
            resolvent::LEAST_FLIP_RATE
        )
    } else if without_covariance {
        format!("{}/γ = {limit:.3e}", profiles::EARLIEST)
    } else {
        earliest::earliest_in_words(chain, limit)
    };
    let covariance = if without_covariance { ", without the covariance" } else { "" };
    let phase = |time: &f64| chain.force.frequency.hi * time;
    let enclosed = times
        .iter()
        .filter(|time| **time >= limit && phase(time) < envelope::EARLIEST_PHASE)
        .count();
    let envelopes = match enclosed {
        _ if chain.force.harmonics.is_empty() => String::new(),
        n if without_covariance && n > 0 => {
            format!(
                ", {n} of them around the frequencies of the force together, τ < 40/ω; later ones with envelopes for its harmonics"
            )
        }
        _ => ", with envelopes for the harmonics of the force".into(),
    };
    let directly = if !without_covariance && direct::is_worth_it(chain) {
        ", a small chain, solved directly in 32 digits"
    } else {
        ""
    };
    let contour_is = format!("contour{covariance}{envelopes}{directly}");
    match early {
        0 => stepped(0, format!("all outputs are later than {limit_is}: {contour_is}")),
        _ if times[0] > 0.0 && method == Method::Contour => Err(format!(
            "the contour serves microscopic times from {limit_is} on; the first output is at τ = {:.3e}",
            times[0]
        )),
        n if n == times.len() => {
            stepped(n, format!("all outputs are earlier than {limit_is}: {steps}"))
        }
        n => stepped(
            n,
            format!(
                "{n} {} earlier than {limit_is}: {steps}; the others: {contour_is}",
                if n == 1 { "output is" } else { "outputs are" }
            ),
        ),
    }
}

/// How many waves the means of a ring move in; 0 where they are at rest, and on open chains, where
/// nothing depends on it.
fn moving_waves(chain: &Chain, law: &InitialLaw) -> usize {
    match chain.topology {
        Topology::Open => 0,
        Topology::Ring => ring::Ring::new(chain, law).moving_waves(),
    }
}

/// What the evolution to the microscopic `times` costs as planned, `kept` saying at which the whole
/// covariance is kept.
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

/// What the steps and the contour cost, of a plan with either.
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
        true => {
            let kept = count(&kept[..plan.stepped]);
            let work = stencil::expected(chain, law, early, step_tolerance, kept);
            cost::of_stencil(chain, &work, early.len(), all)
        }
        false => cost::of_steps(chain, radau::expected_solves(chain, early, step_tolerance), all),
    };
    let inverted = if late.is_empty() {
        Cost::default()
    } else if plan.without_covariance {
        let (nodes, shared) = runs::nodes(chain, late, tolerance);
        cost::of_profile_nodes(chain, moving_waves(chain, law), nodes, profiles::ABREAST, shared)
    } else {
        let shared = count(&kept[plan.stepped..]).min(contour::SHARED_STATES);
        let nodes = contour::nodes(chain, late, tolerance, |i| kept[plan.stepped + i]);
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
    let times = exact(times);
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
    let kept: Vec<bool> = (0..times.len()).map(&keep).collect();
    let [stepped, inverted] =
        costs(equations.chain(), law, &rounded(&times), plan, tolerance, &kept)
            .map(|cost| cost.seconds);
    let whole = stepped + inverted;
    let share = if whole > 0.0 { stepped / whole } else { 0.0 };
    let (early, late) = times.split_at(plan.stepped.max(zeros));
    let early = &early[zeros..];
    let (stepping, inverting) = (monitor.part(0.0, share), monitor.part(share, 1.0));
    let (stepped_to, stepped) = if early.is_empty() {
        Default::default()
    } else if plan.stencil {
        let tolerance = plan.step_tolerance(tolerance);
        let keep = |i: usize| keep(zeros + i);
        let (found, counts) =
            stencil::evolve(equations.chain(), law, early, tolerance, keep, &stepping)?;
        // Applications of the operator are no solves.
        (found, Counts { solves: 0, ..counts })
    } else {
        let keep = |i: usize| keep(zeros + i);
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
        let (late, counts) = contour::evolve(equations, law, late, tolerance, keep, &inverting)?;
        solutions.extend(late);
        inverted = counts;
    }
    Ok((solutions, [stepped, inverted]))
}
