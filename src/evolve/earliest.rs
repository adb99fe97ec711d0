//! The earliest time at which the contour can be used, and for small chains the error that it makes
//! before all oscillations have died out (docs/theory/small-systems.md).

use super::{envelope, stencil};
use crate::chain::Chain;
use crate::cost;
use crate::covariance::direct;

/// By its last node, Re s = -30/τ, the contour must not have come to the spectrum that is not real,
/// Re s ≤ -γ (docs/theory/bounds.md, Theorem 2.2): a direct solve serves from this many 1/γ
/// on. The iteration slows down long before.
const DIRECT: f64 = 40.0;
const ITERATED: f64 = 300.0;

/// Where steps to a small chain's output would take more seconds than this, the contour gives what
/// has settled, and an error that holds what still oscillates.
const WORTH_STEPPING: f64 = 60.0;

/// The time that a small chain can be stepped to in [`WORTH_STEPPING`]: implicit steps of about
/// one, or a stencil's applications, as many as the largest rate allows.
fn steppable(chain: &Chain) -> f64 {
    let implicit = 8.0 * cost::seconds_of_solve(chain);
    let fastest = stencil::pace(chain);
    let entries = 0.5 * (chain.coordinates() as f64).powi(2);
    WORTH_STEPPING / implicit.min(2e-9 * fastest * entries)
}

/// The least microscopic time for which the contour serves; `None` where it never does.
pub fn earliest(chain: &Chain) -> Option<f64> {
    let serves = chain.flip_rate > 0.0 && chain.stationary_momentum().is_some();
    let period = if chain.force.harmonics.is_empty() {
        0.0
    } else {
        envelope::EARLIEST_PHASE / chain.force.frequency.hi
    };
    let settled = if direct::serves(chain) {
        (DIRECT / chain.flip_rate).min(steppable(chain))
    } else {
        ITERATED / chain.flip_rate
    };
    serves.then(|| period.max(settled))
}

/// [`earliest`] in words, for the reason of a plan.
pub(super) fn earliest_in_words(chain: &Chain, earliest: f64) -> String {
    let settled = if direct::serves(chain) { DIRECT } else { ITERATED };
    if earliest < settled / chain.flip_rate {
        return format!("τ = {} (steps reach it in a minute)", short(earliest));
    }
    if chain.force.harmonics.is_empty() {
        format!("τ = {settled}/γ = {}", short(earliest))
    } else {
        format!("τ = max({settled}/γ, {}/ω) = {}", envelope::EARLIEST_PHASE, short(earliest))
    }
}

/// A time to four digits, as a person writes it.
pub(super) fn short(time: f64) -> String {
    let four = format!("{time:.3e}");
    match four.parse::<f64>() {
        Ok(rounded) if (1e-3..1e6).contains(&rounded) => rounded.to_string(),
        _ => four,
    }
}

/// The error of the contour in a variance and in a mean: everything that oscillates has decayed
/// like e^(-γτ) by then, in a small chain perhaps not by much.
pub(super) fn left_out(chain: &Chain, norms: [f64; 2], time: f64) -> [f64; 2] {
    let part = 4.0 * (-chain.flip_rate * time).exp();
    if part < f64::EPSILON * 1e-2 { [0.0; 2] } else { norms.map(|norm| part * norm) }
}
