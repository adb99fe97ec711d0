//! Small chains: a propagator of the whole moment equation or of what flips give back, where steps
//! would cost more or lose digits, or a contour would leave out what still oscillates.

use super::{Plan, USUAL_TOLERANCE, WORTH_NO_STEPS};
use crate::chain::{Chain, InitialLaw};
use crate::evolve::{contour, cost, returns, squaring, stencil};

/// The plan for ascending times, or the one by a propagator if that is better.
pub(super) fn chosen(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    plan: Plan,
    covariance: bool,
) -> Plan {
    // What a contour leaves out.
    let oscillates = |t: &f64| chain.flip_rate > 0.0 && *t > 0.0 && chain.flip_rate * t < DAMPED;
    let oscillates = times[plan.stepped..].iter().any(oscillates);
    if !(plan.steps() || oscillates) {
        return plan;
    }
    let kept = vec![covariance; times.len()];
    let seconds = cost(chain, law, times, &plan, USUAL_TOLERANCE, &kept).seconds;
    let reason = "a tiny chain, many steps: the exponential of its moment equation, in 32 digits";
    let worth = |own: &f64| match oscillates {
        true => *own < WORTH_ALL_DIGITS,
        false => seconds > WORTH_SQUARING.max(*own),
    };
    let squared = squaring::seconds(chain, times).filter(worth);
    let squared = squared.and_then(|_| in_32_digits(chain, times, reason.into()));
    let Plan { stencil, stepped, .. } = plan;
    let doubled = || {
        let reason = "long before flips have damped what oscillates: what they give back, by \
                      doubling the time";
        let doubled = by_doubling(chain, times, reason.into())?.late_by_contour(chain, times)?;
        let own = || cost(chain, law, times, &doubled, USUAL_TOLERANCE, &kept).seconds;
        let dear = || seconds > WORTH_NO_STEPS && seconds > WORTH_NO_STEPS + own();
        // Steps would be repeated in vain.
        let lost = || loses_currents(chain, law, &times[..stepped]) && AGAIN * seconds > own();
        (oscillates || dear() || stencil && lost()).then_some(doubled)
    };
    squared.or_else(doubled).unwrap_or(plan)
}

/// How many times as long all attempts by the stencil take.
const AGAIN: f64 = 5.0;

/// Whether the roundings of the stencil at these times are above the currents through ends that
/// hardly exchange energy.
fn loses_currents(chain: &Chain, law: &InitialLaw, times: &[f64]) -> bool {
    let work = stencil::expected(chain, law, times, USUAL_TOLERANCE, 0);
    let contact = |friction: f64| if friction > 0.0 { friction.max(1.0 / friction) } else { 1.0 };
    let weakest = chain.friction().map(contact).into_iter().fold(1.0, f64::max);
    chain.friction() != [0.0; 2] && work.rounding * weakest > USUAL_TOLERANCE
}

/// Seconds that all digits are worth where a shorter way may reach the tolerance.
const WORTH_ALL_DIGITS: f64 = 5.0;

/// Flips have damped what oscillates below all roundings.
const DAMPED: f64 = 38.0;

/// The plan for a small chain by doublings of what flips give back; `None` where it does not serve.
pub fn by_doubling(chain: &Chain, times: &[f64], reason: String) -> Option<Plan> {
    let at_start_only = times.iter().all(|&time| time == 0.0);
    let stepped = times.len();
    let plan = Plan { doubled: true, stepped, at_start_only, reason, ..Plan::default() };
    returns::serves(chain).then_some(plan)
}

/// The plan for a tiny chain by the exponential of its whole moment equation; `None` where it does
/// not serve.
pub fn in_32_digits(chain: &Chain, times: &[f64], reason: String) -> Option<Plan> {
    let at_start_only = times.iter().all(|&time| time == 0.0);
    squaring::serves(chain, times).then(|| Plan {
        squared: true,
        at_start_only,
        reason,
        ..Plan::default()
    })
}

/// Seconds of steps from which on a tiny chain is propagated instead.
const WORTH_SQUARING: f64 = 0.05;

impl Plan {
    /// Doublings for the early outputs alone, where a contour serves the others: roundings of
    /// doublings grow with time. `None` where no output is early.
    fn late_by_contour(self, chain: &Chain, times: &[f64]) -> Option<Plan> {
        let from = contour::earliest(chain).map(|time| time.max(DAMPED / chain.flip_rate));
        let early = times.partition_point(|&time| from.is_none_or(|from| time < from));
        let reason = match times.len() - early {
            0 => self.reason,
            1 => format!("{}; the last output by a contour", self.reason),
            late => format!("{}; the last {late} outputs by a contour", self.reason),
        };
        (early > 0).then_some(Plan { stepped: early, reason, ..self })
    }
}
