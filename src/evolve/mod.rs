//! Time evolution of the moments: steps ([`radau`]), no steps ([`contour`]), and the choice between them.

pub mod contour;
pub mod hyperbola;
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
    /// Late outputs by the contour where it serves, the others by steps.
    Auto,
    /// Steps for all outputs.
    Radau,
    /// The contour for all outputs.
    Contour,
}

/// Which outputs go which way, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Outputs before this index are stepped to, those from it on inverted.
    pub stepped: usize,
    /// A sentence for the summary.
    pub reason: String,
}

/// Decides for ascending microscopic `times`; an error says why the contour cannot serve.
pub fn plan(chain: &Chain, times: &[f64], method: Method) -> Result<Plan, String> {
    let earliest = contour::earliest(chain);
    let early = |limit: f64| times.partition_point(|&t| t < limit);
    match (method, earliest) {
        (Method::Radau, _) => Ok(Plan { stepped: times.len(), reason: "steps were asked for".into() }),
        (Method::Auto, None) => Ok(Plan {
            stepped: times.len(),
            reason: "the contour needs flips (γ > 0), a constant force and something that resists it".into(),
        }),
        (Method::Contour, None) => {
            Err("the contour needs flips (γ > 0), a constant force and something that resists it".into())
        }
        (Method::Contour, Some(limit)) if early(limit) > 0 => Err(format!(
            "the contour serves microscopic times from 300/γ = {limit:.3e} on; the first output is at τ = {:.3e}",
            times[0]
        )),
        (_, Some(limit)) => {
            let stepped = early(limit);
            let reason = match stepped {
                0 => format!("all outputs are later than 300/γ = {limit:.3e}: contour"),
                n if n == times.len() => format!("all outputs are earlier than 300/γ = {limit:.3e}: steps"),
                n => format!("{n} outputs are earlier than 300/γ = {limit:.3e}: steps; the others: contour"),
            };
            Ok(Plan { stepped, reason })
        }
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
