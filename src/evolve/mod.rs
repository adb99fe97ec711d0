//! Time evolution of the moments: steps ([`radau`]), no steps ([`contour`]), and the choice between them.

pub mod contour;
pub mod envelope;
mod exponential;
pub mod harmonic;
pub mod hyperbola;
pub mod profiles;
pub mod radau;
mod step_size;
pub mod tableau;

use crate::chain::{Chain, InitialLaw};
use crate::covariance::MomentEquations;
use crate::covariance::moments::Solution;
use radau::{Counts, EvolveError, Progress};

/// How the outputs are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Without flips the propagator; with flips late outputs by the contour where it serves, the others by steps.
    Auto,
    /// Steps for all outputs.
    Radau,
    /// The contour for all outputs.
    Contour,
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
    /// A sentence for the summary.
    pub reason: String,
}

/// Decides for ascending microscopic `times`; an error says why the contour cannot serve.
pub fn plan(chain: &Chain, times: &[f64], method: Method) -> Result<Plan, String> {
    let stepped = |stepped: usize, reason: String| Ok(Plan { stepped, exponential: false, reason });
    if method == Method::Radau {
        return stepped(times.len(), "steps were asked for".into());
    }
    match (method, chain.flip_rate == 0.0, chain.left.is_some() || chain.right.is_some()) {
        (Method::Exponential, false, _) => return Err("the propagator serves without flips (γ = 0) only".into()),
        (Method::Auto | Method::Exponential, true, damped) => {
            let how = if damped { "the matrix exponential of B" } else { "every mode turns by its angle" };
            return Ok(Plan { stepped: 0, exponential: true, reason: format!("no flips (γ = 0): {how}, no steps") });
        }
        _ => {}
    }
    let Some(limit) = contour::earliest(chain) else {
        return Err("the contour needs flips (γ > 0)".into());
    };
    let (limit_is, contour_is) = if chain.force.harmonics.is_empty() {
        (format!("300/γ = {limit:.3e}"), "contour")
    } else {
        (format!("max(300/γ, 40/ω) = {limit:.3e}"), "contour, with envelopes for the harmonics of the force")
    };
    let early = times.partition_point(|&t| t < limit);
    match early {
        0 => stepped(0, format!("all outputs are later than {limit_is}: {contour_is}")),
        _ if method == Method::Contour => Err(format!(
            "the contour serves microscopic times from {limit_is} on; the first output is at τ = {:.3e}",
            times[0]
        )),
        n if n == times.len() => stepped(n, format!("all outputs are earlier than {limit_is}: steps")),
        n => stepped(n, format!("{n} outputs are earlier than {limit_is}: steps; the others: {contour_is}")),
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
    progress: &mut Progress<'_>,
) -> Result<(Vec<Solution>, [Counts; 2]), EvolveError> {
    if plan.exponential {
        return Ok((harmonic::evolve(equations.chain(), law, times, keep, progress)?, Default::default()));
    }
    let (early, late) = times.split_at(plan.stepped);
    let (mut solutions, stepped) = radau::evolve(equations, law, early, tolerance, &keep, progress)?;
    let mut inverted = Counts::default();
    if !late.is_empty() {
        let keep = |i: usize| keep(plan.stepped + i);
        let (late, counts) = contour::evolve(equations, law, late, tolerance, keep, progress)?;
        solutions.extend(late);
        inverted = counts;
    }
    Ok((solutions, [stepped, inverted]))
}
