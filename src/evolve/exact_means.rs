//! The means of a small chain in 32 digits, at any time: e^(B̃τ) of [`super::turning`] by squaring,
//! of which the means of a contour keep what its weights and solves round off. O(n³ log τ), 4 ns
//! each; judge: [`super::squaring`].

use super::turning::Turning;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::numerics::wide_matrix::Doublings;

/// Puts them, and their errors, into `solutions` at ascending times.
pub(super) fn put(chain: &Chain, law: &InitialLaw, solutions: &mut [Solution]) {
    let turning = Turning::new(chain);
    let step = turning.step();
    let last = solutions.last().map_or(0.0, |solution| solution.moments.time.hi);
    let doublings = Doublings::up_to(last, step);
    let start = turning.start(law);
    let mut power = turning.short(step.into());
    let mut powers = vec![power.clone()];
    for _ in 0..doublings.count {
        power = power.squared();
        powers.push(power.clone());
    }
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    for solution in solutions {
        let (bits, left) = doublings.of(solution.moments.time);
        let used = powers.iter().zip(bits).rev().filter(|(_, bit)| *bit);
        let z = used.fold(start.clone(), |z, (power, _)| power.apply(&z));
        let z = turning.short(left).apply(&z);
        solution.moments.mean = z[..n].iter().map(|z| z.hi).collect();
        let size = largest(&start.iter().chain(&z).map(|z| z.hi).collect::<Vec<_>>());
        let doubled = turning.doubled(solution.moments.time.hi) * size;
        let error = |part: &[f64]| 2.0 * f64::EPSILON * largest(part) + doubled;
        let (r, p) = solution.moments.mean.split_at(bonds);
        let [mean_r, mean_p] = [error(r), error(p)];
        solution.errors = MomentErrors { mean_r, mean_p, ..solution.errors };
        for (_, part) in &mut solution.parts {
            *part = MomentErrors { mean_r: 0.0, mean_p: 0.0, ..*part };
        }
    }
}
