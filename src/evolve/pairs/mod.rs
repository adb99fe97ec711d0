//! Short chains while flips are few, at any time, in the pairs of damped waves
//! (docs/theory/small-systems.md, (15.10) and (15.4)).
//!
//! With B v_a = μ_a v_a and Y = Σ y_α v_a v_b, α = (a, b), Λ_α = μ_a + μ_b and u_α(n) = v_a(p_n)
//! v_b(p_n), the second moments obey dy/dτ = (Λ + 4γ U Uᵀ) y: a diagonal, and N+1 columns. The
//! propagator P(h) = e^(Λh) + R(h) commutes with that, so that
//!
//! ```text
//! (Λ_α - Λ_β) R_αβ = 4γ (w_α·u_β - u_α·w_β),      W(h) = P(h) U = e^(Λh) U + Z(h)
//! ```
//!
//! gives R by its N+1 columns Z = R U. Doubling the time, Z(2h) = e^(Λh) Z(h) + R(h) W(h), takes
//! O(m² N) multiplications, m = n(n+1)/2 pairs of n = 2N+1 waves, and the phases e^(Λh) have all
//! their digits. Rates closer than 4γ keep their R beyond its first order as numbers of their own.
//! Error: roundings, sampled as what they are sums of; an estimate. Judges: [`super::squaring`] in
//! 32 digits, and doublings of the matrix R itself ([`super::returns`]).

mod answer;
mod couples;
mod rows;
mod start;
mod waves;

use super::exact_means;
use super::outcome::EvolveError;
use super::turning::Turning;
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::covariance::moments::Solution;
use crate::monitor::{Monitor, Progress};
use crate::numerics::wide_matrix::Doublings;
use crate::scenario::Topology;
use answer::State;
use couples::Couples;
use rows::Propagator;
use waves::Waves;

/// 4γ times the first step, at most: what it leaves out is the square of that, and 4γτ times that.
const FIRST: f64 = 1e-9;

/// The first step at most.
const LONGEST: f64 = 0.125;

/// Seconds of a complex multiplication and addition in a large product.
const OF_PRODUCT: f64 = 1.8e-10;

/// The cost of an evolution to ascending `times`.
pub fn cost(chain: &Chain, times: &[f64]) -> Cost {
    let turning = Turning::new(chain);
    let [m, all] = turning.pairs().map(|count| count as f64);
    let last = times.last().copied().unwrap_or(0.0);
    let doublings = (last / first(chain)).log2().ceil();
    let doublings = if last < first(chain) { 0.0 } else { doublings.max(1.0) };
    let atoms = chain.atoms() as f64;
    let rows = 0.5 * all * (m * (4.0 * atoms + 20.0) * OF_PRODUCT + 8e-9 * m);
    let n = chain.coordinates() as f64;
    let outputs = times.len() as f64 * (0.5 * doublings * 0.5 * all * m * 3e-9 + 0.3 * rows);
    let seconds = doublings * (rows + 5e-9 * n.powi(3)) + outputs + 4e-7 * n.powi(3);
    Cost { bytes: all * atoms * 160.0 + 400.0 * m * 64.0 * 2.0, seconds }
}

/// Whether a chain has such pairs, and flips so rare that few of them are close.
pub fn serves(chain: &Chain) -> bool {
    chain.topology == Topology::Open && couples::serves(chain)
}

/// A power of two, within which slow waves turn by less than one.
fn first(chain: &Chain) -> f64 {
    LONGEST.min(2f64.powi((FIRST / (4.0 * chain.flip_rate)).log2().floor() as i32))
}

/// Evolves the moments to the ascending microscopic `times`, arguments as for
/// [`super::radau::evolve`]; `None` where two waves of the chain coincide or the way does not
/// serve.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Option<Vec<Solution>>, EvolveError> {
    if !serves(chain) {
        return Ok(None);
    }
    let turning = Turning::new(chain);
    let Some(waves) = Waves::new(&turning) else { return Ok(None) };
    let couples = Couples::new(chain, &waves);
    let amplitudes = waves.amplitudes(law);
    let last = times.last().map_or(0.0, |time| time.hi);
    let step = first(chain);
    let doublings = Doublings::up_to(last, step);
    let start = State::start(&turning, &couples, law, &amplitudes);
    let mut outputs: Vec<(Vec<bool>, State)> = Vec::with_capacity(times.len());
    for &time in times {
        let (bits, left) = doublings.of(time);
        let mut state = start.clone();
        Propagator::go_short(&couples, &mut state, left);
        outputs.push((bits, state));
    }
    // Within the first step there is nothing to double.
    let doubles = outputs.iter().any(|(bits, _)| bits.contains(&true));
    let mut propagator = doubles.then(|| Propagator::first(&couples, step));
    for k in 0..=doublings.count {
        let Some(propagator) = &mut propagator else { break };
        let share = k as f64 / (doublings.count + 1) as f64;
        monitor.advance(Progress { share, ..Default::default() })?;
        let moved: Vec<&mut State> =
            outputs.iter_mut().filter(|(bits, _)| bits[k]).map(|(_, state)| state).collect();
        propagator.go(moved, k < doublings.count, k, monitor)?;
    }
    let means = exact_means::of(&turning, law, times);
    let read = |(index, (_, state)): (usize, &(Vec<bool>, State))| {
        state.read(&start, times[index], &means[index], keep(index))
    };
    Ok(Some(outputs.iter().enumerate().map(read).collect()))
}
