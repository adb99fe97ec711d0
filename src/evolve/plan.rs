//! Chooses the way to the outputs of a homogeneous chain: every way is priced, and the cheapest is
//! taken.

mod small;

pub use small::{by_doubling, in_32_digits};

use super::{contour, cost, earliest, envelope, profiles, stencil};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::direct;
use crate::method::{Method, Task};
use crate::numerics::double_double::{exact, rounded};
use crate::resolvent;

/// The plan of an evolution: the method for each output, and the reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Outputs before this index are computed by steps, by the stencil or by doublings, the others
    /// by a contour.
    pub stepped: usize,
    /// The share of the tolerance that the steps must meet.
    pub step_share: f64,
    /// Whether they come from the exponential of the stencil, and not by implicit steps.
    pub stencil: bool,
    /// Whether all outputs come from the propagator instead.
    pub exponential: bool,
    /// Whether all outputs of a tiny chain come from the exponential of the whole moment equation.
    pub squared: bool,
    /// Whether outputs of a small chain come from doublings of what flips give back.
    pub doubled: bool,
    /// Whether the late outputs come without the covariance.
    pub without_covariance: bool,
    /// Whether all outputs before `stepped` are at time 0, where the initial law is the answer.
    pub at_start_only: bool,
    /// Whether the stencil runs again at a smaller tolerance, because columns are smaller than
    /// expected.
    pub again: bool,
    /// Whether a second evolution by the stencil measures the roundings.
    pub judged: bool,
    /// Whether it may be needed, where the first one's bound of them misses the tolerance.
    pub may_be_judged: bool,
    /// The outputs that were computed anew in 32 digits.
    pub anew: Vec<usize>,
    /// A sentence for the summary.
    pub reason: String,
}

/// The part of the tolerance that the bound of roundings may be, so that it is worth a try without
/// a second evolution, which costs 1.7 times as much again.
const WORTH_JUDGING: f64 = 0.25;

/// The words for a second evolution in the reason.
const JUDGED: &str = ", and twice, by steps with other roundings";

/// The smallest tolerances for implicit steps and for the stencil; below them roundings prevail.
const LEAST_STEP_TOLERANCE: f64 = 1e-12;
const LEAST_STENCIL_TOLERANCE: f64 = 1e-14;

impl Plan {
    /// Whether all outputs come from one propagator.
    pub fn propagates(&self) -> bool {
        self.exponential || self.squared
    }

    /// Whether any output needs steps.
    fn steps(&self) -> bool {
        self.stepped > 0 && !self.at_start_only
    }

    /// The stencil at a smaller tolerance, `missed` being the error that it left over the one that
    /// was asked for; `None` of other plans, and once only.
    pub fn asked_for_less(&self, missed: f64) -> Option<Plan> {
        (self.stencil && self.stepped > 0 && !self.again && missed.is_finite()).then(|| Plan {
            step_share: self.step_share / (4.0 * missed),
            again: true,
            reason: format!(
                "{}, asked for less than before, twice with other roundings",
                self.reason
            ),
            ..self.clone()
        })
    }

    /// The stencil with a second evolution; `None` of other plans, and where there was one.
    pub fn judged(&self) -> Option<Plan> {
        self.may_be_judged.then(|| Plan {
            judged: true,
            may_be_judged: false,
            reason: format!("{}{JUDGED}", self.reason),
            ..self.clone()
        })
    }

    pub(super) fn step_tolerance(&self, tolerance: f64) -> f64 {
        let least = match self.stencil {
            // Soon after a cold start everything is small, roundings too.
            true if self.again => 0.0,
            true => LEAST_STENCIL_TOLERANCE,
            false => LEAST_STEP_TOLERANCE,
        };
        tolerance.min((self.step_share * tolerance).max(least))
    }

    /// What the stencil may lose. After columns became smaller than expected their sizes allow
    /// nothing.
    pub(super) fn stencil_tolerance(&self, tolerance: f64) -> stencil::Tolerance {
        let of_columns = if self.again { 0.0 } else { tolerance };
        stencil::Tolerance { of_scale: self.step_tolerance(tolerance), of_columns }
    }
}

/// Seconds that it may cost not to step at all: where currents are small, steps missed 1e-10
/// fivefold to a thousandfold that the contour reached.
const WORTH_NO_STEPS: f64 = 2.0;

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
            "with flips (γ > 0) the exponential of the moment equation serves chains of \
             some 15 bonds at any time, and longer ones, up to 64 bonds, at early times"
                .into()
        });
    }
    let plan = plan_by_size(chain, law, times, method, covariance)?;
    match method {
        Method::Auto => Ok(small::chosen(chain, law, times, plan, covariance)),
        _ => Ok(plan),
    }
}

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
    let way = |without_covariance, stencil| Way { without_covariance, stencil, longer: 1.0 };
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
            // A contour of fewer times may be cheaper than the stencil's way to the first of them.
            for longer in LONGER {
                let to = |without_covariance| Way { longer, ..way(without_covariance, true) };
                plans.extend(planned(chain, law, times, method, to(false)));
                if profiles {
                    plans.extend(planned(chain, law, times, method, to(true)));
                }
            }
            let kept = vec![covariance; times.len()];
            for plan in plans.iter_mut().filter(|plan| plan.stencil && plan.steps()) {
                // Near local equilibrium a current is 1/N of the energies that roundings are
                // relative to.
                let early = &times[..plan.stepped];
                let work = stencil::expected(chain, law, early, USUAL_TOLERANCE, 0);
                let seen = USUAL_TOLERANCE / (4.0 * chain.bonds as f64);
                let rounds = work.rounding > seen.max(LEAST_STEP_TOLERANCE);
                plan.may_be_judged = rounds;
                // The bound of roundings alone may do where the currents are not small.
                if let Some(judged) =
                    plan.judged().filter(|_| work.rounding > WORTH_JUDGING * USUAL_TOLERANCE)
                {
                    *plan = judged;
                }
            }
            let price = |plan: &Plan| {
                let seconds = cost(chain, law, times, plan, USUAL_TOLERANCE, &kept).seconds;
                if plan.stencil || !plan.steps() { seconds } else { seconds + WORTH_NO_STEPS }
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

/// The way in which the outputs are computed.
#[derive(Clone, Copy)]
struct Way {
    /// The late ones without the covariance.
    without_covariance: bool,
    /// The early ones by the stencil.
    stencil: bool,
    /// The latest early output, as a multiple of the earliest time of the contour.
    longer: f64,
}

/// Multiples of the earliest time of the contour up to which the stencil is tried.
const LONGER: [f64; 3] = [2.0, 4.0, 8.0];

/// The plan for one way. Long because every way has its arm.
fn planned(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    method: Method,
    Way { without_covariance, stencil, longer }: Way,
) -> Result<Plan, String> {
    let earliest =
        if without_covariance { profiles::earliest(chain, law) } else { contour::earliest(chain) };
    let limit = longer * earliest.unwrap_or(f64::INFINITY);
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
            without_covariance,
            at_start_only,
            reason,
            ..Plan::default()
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
            at_start_only: times.iter().all(|&time| time == 0.0),
            reason: "the exponential of the stencil, for all outputs".into(),
            ..Plan::default()
        });
    }
    if chain.flip_rate == 0.0 && matches!(method, Method::Auto | Method::Exponential) {
        let how = if chain.left.is_some() || chain.right.is_some() {
            "the matrix exponential of B"
        } else {
            "every mode turns by its angle"
        };
        return Ok(Plan {
            exponential: true,
            without_covariance,
            at_start_only,
            reason: format!("no flips (γ = 0): {how}, no steps"),
            ..Plan::default()
        });
    }
    if earliest.is_none() {
        return Err("the contour needs flips (γ > 0)".into());
    }
    let limit_is = if longer > 1.0 {
        format!("τ = {} (the stencil costs less until then)", earliest::short(limit))
    } else if limit.is_infinite() {
        let rare = resolvent::LEAST_FLIP_RATE;
        format!("the contour can be used at all (flips at γ < {rare:e} are too rare)")
    } else if without_covariance {
        format!("τ = {}/γ = {}", profiles::EARLIEST, earliest::short(limit))
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
    let contour_is = format!("a contour{covariance}{envelopes}{directly}");
    match early {
        0 => stepped(0, format!("all outputs after {limit_is}: {contour_is}")),
        _ if times[0] > 0.0 && method == Method::Contour => Err(format!(
            "the contour can be used only after {limit_is}; the first output is at τ = {}",
            earliest::short(times[0])
        )),
        n if n == times.len() => stepped(n, format!("all outputs before {limit_is}: {steps}")),
        n => stepped(
            n,
            format!(
                "{n} {} before {limit_is} by {steps}; the others by {contour_is}",
                if n == 1 { "output" } else { "outputs" }
            ),
        ),
    }
}
