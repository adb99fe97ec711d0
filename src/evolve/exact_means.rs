//! The means of a small chain in 32 digits, at any time: e^(B̃τ) of [`super::turning`] by squaring,
//! of which the means of a contour keep what its weights and solves round off, and those of other
//! ways where their roundings miss the tolerance. O(n³ log τ), 4 ns each; judge:
//! [`super::squaring`].

use super::turning::{LARGEST, Turning};
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::numerics::wide_matrix::Doublings;

/// Whether a chain is small enough.
pub(crate) fn serves(chain: &Chain) -> bool {
    chain.general.is_none() && chain.bonds <= LARGEST
}

/// Puts them, and their errors, into `solutions` at ascending times, where they are known better
/// than before: the bound of what squarings lose grows with time, also when all has decayed.
pub(crate) fn put(chain: &Chain, law: &InitialLaw, solutions: &mut [Solution]) {
    let turning = Turning::new(chain);
    let times: Vec<Double> = solutions.iter().map(|solution| solution.moments.time).collect();
    let means = of(&turning, law, &times);
    let start = turning.start(law);
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    for (solution, z) in solutions.iter_mut().zip(means) {
        let size = largest(&start.iter().chain(&z).map(|z| z.hi).collect::<Vec<_>>());
        let doubled = turning.doubled(solution.moments.time.hi) * size;
        let error = |part: &[f64]| rounding::PRODUCT * largest(part) + doubled;
        let mean: Vec<f64> = z[..n].iter().map(|z| z.hi).collect();
        let (r, p) = mean.split_at(bonds);
        let MomentErrors { mean_r, mean_p, .. } = solution.errors;
        let better = [error(r) < mean_r, error(p) < mean_p];
        let was = &mut solution.moments.mean;
        if better[0] {
            was[..bonds].copy_from_slice(r);
            solution.errors.mean_r = error(r);
        }
        if better[1] {
            was[bonds..].copy_from_slice(p);
            solution.errors.mean_p = error(p);
        }
        for (_, part) in &mut solution.parts {
            let kept = |better: bool, part: f64| if better { 0.0 } else { part };
            part.mean_r = kept(better[0], part.mean_r);
            part.mean_p = kept(better[1], part.mean_p);
        }
    }
}

/// z̃ at ascending times.
pub(super) fn of(turning: &Turning, law: &InitialLaw, times: &[Double]) -> Vec<Vec<Double>> {
    let step = turning.step();
    let doublings = Doublings::up_to(times.last().map_or(0.0, |time| time.hi), step);
    let start = turning.start(law);
    let mut power = turning.short(step.into());
    let mut powers = vec![power.clone()];
    for _ in 0..doublings.count {
        power = power.squared();
        powers.push(power.clone());
    }
    let at = |&time: &Double| {
        let (bits, left) = doublings.of(time);
        let used = powers.iter().zip(bits).rev().filter(|(_, bit)| *bit);
        let z = used.fold(start.clone(), |z, (power, _)| power.apply(&z));
        turning.short(left).apply(&z)
    };
    times.iter().map(at).collect()
}
