//! The means of a small chain in 32 digits, at any time: e^(B̃τ) of [`super::turning`] by squaring,
//! of which the means of a contour keep what its weights and solves round off. O(n³ log τ), 4 ns
//! each; judge: [`super::squaring`].

use super::turning::Turning;
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::numerics::wide_matrix::Doublings;

/// Puts them, and their errors, into `solutions` at ascending times.
pub(super) fn put(chain: &Chain, law: &InitialLaw, solutions: &mut [Solution]) {
    let turning = Turning::new(chain);
    let times: Vec<Double> = solutions.iter().map(|solution| solution.moments.time).collect();
    let means = of(&turning, law, &times);
    let start = turning.start(law);
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    for (solution, z) in solutions.iter_mut().zip(means) {
        solution.moments.mean = z[..n].iter().map(|z| z.hi).collect();
        let size = largest(&start.iter().chain(&z).map(|z| z.hi).collect::<Vec<_>>());
        let doubled = turning.doubled(solution.moments.time.hi) * size;
        let error = |part: &[f64]| rounding::PRODUCT * largest(part) + doubled;
        let (r, p) = solution.moments.mean.split_at(bonds);
        let [mean_r, mean_p] = [error(r), error(p)];
        solution.errors = MomentErrors { mean_r, mean_p, ..solution.errors };
        for (_, part) in &mut solution.parts {
            *part = MomentErrors { mean_r: 0.0, mean_p: 0.0, ..*part };
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
