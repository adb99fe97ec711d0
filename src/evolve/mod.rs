//! Time evolution of the moments: steps ([`radau`]), no steps ([`contour`]), no covariance ([`profiles`]), and the choice between them.

pub mod contour;
pub mod envelope;
mod exponential;
pub mod harmonic;
pub mod hyperbola;
pub mod means;
pub mod profiles;
pub mod radau;
mod ring;
mod step_size;
pub mod tableau;

use crate::chain::{Chain, InitialLaw};
use crate::covariance::MomentEquations;
use crate::covariance::memory;
use crate::covariance::moments::Solution;
use crate::monitor::Monitor;
use crate::resolvent;
use radau::{Counts, EvolveError};

/// How the outputs are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Without flips the propagator; with flips late outputs by the contour where it serves, the others by steps.
    Auto,
    /// Steps for all outputs.
    Radau,
    /// The contour for all outputs.
    Contour,
    /// Profiles without the covariance for all outputs.
    Profiles,
    /// The propagator e^(Bτ) for all outputs, without flips.
    Exponential,
}

/// Which outputs go which way, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Outputs before this index are stepped to, those from it on inverted.
    pub stepped: usize,
    /// Whether all outputs come from the propagator instead.
    pub exponential: bool,
    /// Whether the late outputs come without the covariance.
    pub without_covariance: bool,
    /// Whether the outputs that are stepped to are all at time 0, where the initial law answers.
    pub at_start_only: bool,
    /// A sentence for the summary.
    pub reason: String,
}

/// From this many bonds on the profiles are quicker without their covariance (measured in processor time: equal at 64 bonds for γ = 1, at 200 for
/// γ = 0.1; the inner quadrature has 80/γ nodes).
const PROFILES_FROM: usize = 150;

/// Decides for ascending microscopic `times`; `covariance` says whether the covariance is wanted at any of them. An error says
/// why the way that was asked for cannot serve.
pub fn plan(chain: &Chain, law: &InitialLaw, times: &[f64], method: Method, covariance: bool) -> Result<Plan, String> {
    let profiles = !covariance && profiles::earliest(chain, law).is_some();
    if method == Method::Profiles && !profiles {
        return Err("the profiles without the covariance need flips (γ > 0), independent initial coordinates and no --covariance"
            .into());
    }
    let without_covariance = match method {
        Method::Profiles => true,
        Method::Auto => profiles && chain.bonds >= PROFILES_FROM,
        _ => false,
    };
    let limit = contour::earliest(chain).unwrap_or(f64::INFINITY);
    let at_start_only = times.iter().all(|&time| time == 0.0 || time >= limit);
    let stepped = |stepped: usize, reason: String| {
        Ok(Plan { stepped, exponential: false, without_covariance, at_start_only, reason })
    };
    if method == Method::Radau {
        return stepped(times.len(), "steps were asked for".into());
    }
    match (method, chain.flip_rate == 0.0, chain.left.is_some() || chain.right.is_some()) {
        (Method::Exponential, false, _) => return Err("the propagator serves without flips (γ = 0) only".into()),
        (Method::Auto | Method::Exponential, true, damped) => {
            let how = if damped { "the matrix exponential of B" } else { "every mode turns by its angle" };
            return Ok(Plan {
                stepped: 0,
                exponential: true,
                without_covariance,
                at_start_only,
                reason: format!("no flips (γ = 0): {how}, no steps"),
            });
        }
        _ => {}
    }
    let Some(limit) = contour::earliest(chain) else {
        return Err("the contour needs flips (γ > 0)".into());
    };
    let (limit_is, envelopes) = if chain.force.harmonics.is_empty() {
        (format!("300/γ = {limit:.3e}"), "")
    } else {
        (format!("max(300/γ, 40/ω) = {limit:.3e}"), ", with envelopes for the harmonics of the force")
    };
    let covariance = if without_covariance { ", without the covariance" } else { "" };
    let contour_is = format!("contour{covariance}{envelopes}");
    let early = times.partition_point(|&t| t < limit);
    match early {
        0 => stepped(0, format!("all outputs are later than {limit_is}: {contour_is}")),
        _ if matches!(method, Method::Contour | Method::Profiles) && times[0] > 0.0 => Err(format!(
            "the contour serves microscopic times from {limit_is} on; the first output is at τ = {:.3e}",
            times[0]
        )),
        n if n == times.len() => stepped(n, format!("all outputs are earlier than {limit_is}: steps")),
        n => stepped(n, format!("{n} outputs are earlier than {limit_is}: steps; the others: {contour_is}")),
    }
}

/// Memory in bytes that the O(N²) solver needs for a plan, `kept` saying at which outputs the whole covariance is kept.
pub fn memory_bytes(chain: &Chain, law: &InitialLaw, plan: &Plan, kept: &[bool]) -> u64 {
    let count = |kept: &[bool]| kept.iter().filter(|&&kept| kept).count();
    if plan.exponential {
        return memory::of_propagator(chain, count(kept), law.covariance.is_some() || kept.contains(&true));
    }
    let steps = memory::of_steps(chain, count(kept));
    if plan.without_covariance {
        let late = resolvent::memory_bytes(chain, profiles::ABREAST);
        return if plan.at_start_only { late } else { late.max(steps) };
    }
    let late = count(&kept[plan.stepped..]);
    let contour = memory::of_contour(chain, count(kept), late.min(contour::SHARED_STATES));
    match plan.stepped {
        0 => contour,
        stepped if stepped == kept.len() => steps,
        _ => steps.max(contour),
    }
}

/// Evolves the moments as planned. Arguments as for [`radau::evolve`]; the two counts are of the steps and of the contour.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[f64],
    plan: &Plan,
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, [Counts; 2]), EvolveError> {
    if plan.exponential {
        return Ok((harmonic::evolve(equations.chain(), law, times, keep, monitor)?, Default::default()));
    }
    let (early, late) = times.split_at(plan.stepped);
    // Each way takes the longer the more outputs it has: that much can be foreseen.
    let share = early.len() as f64 / times.len().max(1) as f64;
    let (stepping, inverting) = (monitor.part(0.0, share), monitor.part(share, 1.0));
    let (mut solutions, stepped) = if early.is_empty() {
        Default::default()
    } else if plan.at_start_only && plan.without_covariance {
        (vec![Solution::initial(equations.chain(), law); early.len()], Counts::default())
    } else {
        radau::evolve(equations, law, early, tolerance, &keep, &stepping)?
    };
    let mut inverted = Counts::default();
    if plan.without_covariance && !late.is_empty() {
        let (late, counts) = profiles::evolve(equations.chain(), law, late, tolerance, &inverting)?;
        solutions.extend(late);
        inverted = counts;
    } else if !late.is_empty() {
        let keep = |i: usize| keep(plan.stepped + i);
        let (late, counts) = contour::evolve(equations, law, late, tolerance, keep, &inverting)?;
        solutions.extend(late);
        inverted = counts;
    }
    Ok((solutions, [stepped, inverted]))
}
