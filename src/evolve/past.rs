//! How long an error of the variances lasts, and how much of it crosses a bond or an end
//! (docs/theory/errors.md, (13.2) and (13.3)).

use super::unresolved::turning;
use crate::budget::iteration;
use crate::chain::Chain;
use crate::covariance::{MomentEquations, Source};
use crate::monitor::record;
use crate::numerics::vector::largest_norm;
use num_complex::Complex64;

/// The tolerance of a solve whose answer is a factor of an estimate.
const LASTING: f64 = 1e-3;

/// More losses than these are summed up in pairs.
const KEPT: usize = 1024;

/// The losses of the variances in every step, with the time of its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    losses: Vec<[f64; 2]>,
}
record!(Past { losses });

impl Past {
    /// Adds the loss of a step that ended at `time`.
    pub fn add(&mut self, time: f64, loss: f64) {
        self.losses.push([time, loss]);
        if self.losses.len() > KEPT {
            // The later time: no loss seems older than it is.
            let pair = |pair: &[[f64; 2]]| {
                pair.iter().fold([0.0; 2], |[_, sum], [time, loss]| [*time, sum + loss])
            };
            self.losses = self.losses.chunks(2).map(pair).collect();
        }
    }

    /// The sum of the losses, each times the part that its age leaves of it.
    fn left(&self, now: f64, part: impl Fn(f64) -> f64) -> f64 {
        self.losses.iter().map(|[time, loss]| loss * part((now - time).max(0.0))).sum()
    }

    /// What crosses a bond at most.
    pub fn through_bonds(&self, chain: &Chain, now: f64) -> f64 {
        self.left(now, |age| spread(chain, age))
    }

    /// What crosses an end of friction λ at most, λ times the variance of its momentum.
    pub fn through_end(&self, chain: &Chain, friction: f64, now: f64) -> f64 {
        self.left(now, |age| {
            let fresh = 2.0 * friction * (-2.0 * friction * age).exp();
            (fresh + spread(chain, age).min(2.0 / friction)).min(friction)
        })
    }
}

/// The part of an error of the variances that crosses a bond when it is s old. Heat spreads: of a
/// step there crosses 0.3/√(γs), and beside it goes the rest of the oscillations.
fn spread(chain: &Chain, age: f64) -> f64 {
    (0.3 / (chain.flip_rate * age).sqrt() + turning(chain.flip_rate, age)).min(1.0)
}

/// The largest variance of (-𝓛)⁻¹ 1, with its error; infinite where nothing leaves.
pub(super) fn longest<E: MomentEquations + ?Sized>(equations: &E, identity: &[f64]) -> f64 {
    let (chain, none) = (equations.chain(), vec![Complex64::ZERO; equations.chain().atoms()]);
    if chain.is_isolated() {
        return f64::INFINITY;
    }
    let source = Source { state: Some(identity), scale: Complex64::ONE, momenta: &none };
    let solved = equations.solve_diagonals(Complex64::ZERO, source, &mut [], LASTING);
    // Where the solve fails nothing is known of it.
    solved.map_or(f64::INFINITY, |(report, found)| {
        largest_norm(&found.variance) + iteration::SAMPLE * report.error
    })
}

/// The part that crosses an end of friction λ of errors that are old.
pub(super) fn of_old(friction: f64) -> f64 {
    friction.min(2.0 / friction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_pairs_are_no_less_than_those_of_single_losses() {
        let (mut past, losses) = (Past::default(), 3 * KEPT);
        (0..losses).for_each(|step| past.add(step as f64, 1.0));
        assert!(past.losses.len() <= KEPT);
        let [now, rate] = [losses as f64, 0.01];
        let exact: f64 = (0..losses).map(|step| (-rate * (now - step as f64)).exp()).sum();
        let found = past.left(now, |age| (-rate * age).exp());
        assert!(found >= exact && found < 1.05 * exact, "{found} {exact}");
    }
}
