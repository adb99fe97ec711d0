//! Memory of the O(N²) solver, in bytes, before a run.
//!
//! The unit is one full real covariance, 8 (2N+1)² bytes; the packed state of [`super::modal`] is half of it. The constants count what lives at
//! the same time at the worst moment of each way, and are compared with the peak of real runs in docs/performance.md.

use crate::chain::Chain;

/// The program itself, its figures, and vectors of O(N) at moderate N.
const PROGRAM: f64 = 24e6;

/// Krylov vectors that are held at once, as a rule.
const KRYLOV: f64 = 50.0;

/// One full real covariance.
pub fn of_covariance(chain: &Chain) -> f64 {
    8.0 * (chain.coordinates() as f64).powi(2)
}

fn with_program(chain: &Chain, covariances: f64) -> u64 {
    let vectors = KRYLOV * 16.0 * 5.0 * chain.atoms() as f64;
    (PROGRAM + vectors + covariances * of_covariance(chain)) as u64
}

/// Steps: eight states in a step, or at an output three states and three matrices; and the `kept` covariances, one more while they are written.
pub fn of_steps(chain: &Chain, kept: usize) -> u64 {
    with_program(chain, 5.5 + (kept + usize::from(kept > 1)) as f64)
}

/// The contour: the initial state, `shared` states that are summed at once, and a matrix that is formed from one; and the kept ones.
pub fn of_contour(chain: &Chain, kept: usize, shared: usize) -> u64 {
    with_program(chain, 2.0 + 0.5 * shared.max(1) as f64 + (kept + usize::from(kept > 1)) as f64)
}

/// The propagator without flips: O(N), and where a covariance is kept or the initial law has one (`dense`) the products that turn it.
pub fn of_propagator(chain: &Chain, kept: usize, dense: bool) -> u64 {
    let damped = chain.left.is_some() || chain.right.is_some();
    let own = if damped { 6.0 } else { 1.5 };
    let own = if dense { own } else { 0.0 };
    with_program(chain, own + (kept + usize::from(kept > 1)) as f64)
}

/// The stationary state: one state, and the matrix formed from it; and the kept ones of a period.
pub fn of_stationary(chain: &Chain, kept: usize) -> u64 {
    with_program(chain, 1.8 + (kept + usize::from(kept > 1)) as f64)
}
