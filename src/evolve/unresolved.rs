//! Bounds the error of steps that are longer than the oscillations they pass over.
//!
//! An L-stable step extinguishes a rotation that it does not resolve, whatever its length, so a
//! long step and two half steps agree that the rotation is gone, and their distance says nothing of
//! it. Two facts bound the loss all the same. First, a step is at most three times as long as the
//! one before. Between the last step that resolves a rotation and the first one that extinguishes
//! it, at least one step shows its amplitude as the difference between its first half and two
//! quarters. Three times the sum of these differences exceeds what is lost (the test below).
//! Second, every complex eigenvalue of B and of 𝓛 has a real part of -γ or less
//! (docs/theory/bounds.md, Theorem 2.2), so that a rotation decays at least like e^(-γτ).

use super::step_size::GROWTH;
use crate::budget::truncation;
use crate::chain::Chain;
use crate::monitor::record;

/// The highest frequency: 2 of the means, 4 of the covariance.
const FASTEST: f64 = 4.0;

/// Radians of a step up to which the halves are better than it by far more than
/// [`super::halving::GAIN`] (1700 times at 10 radians, 76 at 16).
pub(super) const RESOLVED: f64 = 10.0;

/// The loss of one evolution, Frobenius norm.
#[derive(Debug, Clone)]
pub(super) struct Unresolved {
    /// The rate at which rotations die, γ; 0 where a periodic force keeps them alive.
    rate: f64,
    /// The size of the initial motion.
    size: f64,
    /// Rotations smaller than this are not looked for.
    negligible: f64,
    lost: f64,
}
record!(Unresolved { rate, size, negligible, lost });

impl Unresolved {
    /// The estimate for the chain that begins with means `mean` and a covariance of norm
    /// `covariance`.
    pub fn new(chain: &Chain, mean: &[f64], covariance: f64, negligible: f64) -> Unresolved {
        const { assert!(GROWTH <= 3.0) };
        let driven = !chain.force.harmonics.is_empty();
        let square = mean.iter().map(|z| z * z).sum::<f64>();
        let force = chain.force.mean;
        let size = covariance + square + square.sqrt() + force.abs() + force * force;
        let (rate, size) = if driven { (0.0, f64::INFINITY) } else { (chain.flip_rate, size) };
        Unresolved { rate, size, negligible, lost: 0.0 }
    }

    /// A bound of the rotations that are left.
    fn left(&self, time: f64) -> f64 {
        self.size * turning(self.rate, time)
    }

    fn too_long(step: f64) -> bool {
        FASTEST * step > RESOLVED
    }

    /// Whether the first half of a step from `time` has to be compared with its quarters.
    pub fn concerns(&self, time: f64, step: f64) -> bool {
        Unresolved::too_long(step) && self.left(time) > self.negligible
    }

    /// Counts a step; `difference` is that between its first half and two quarters, where these
    /// were taken.
    pub fn advance(&mut self, step: f64, difference: Option<f64>) {
        self.lost *= (-self.rate * step).exp();
        self.lost += match difference {
            Some(difference) => truncation::UNRESOLVED * difference,
            None if Unresolved::too_long(step) => f64::INFINITY,
            None => 0.0,
        };
    }

    /// The part of the error at `time` that is lost motion.
    pub fn error(&self, time: f64) -> f64 {
        if self.lost == 0.0 { 0.0 } else { self.lost.min(self.left(time)) }
    }
}

/// The part of rotations that is left of them after a time at most. Two modes of the same rate give
/// t e^(-γt), and a factor 4 allows for modes that are nearly parallel.
pub(super) fn turning(rate: f64, time: f64) -> f64 {
    let turns = rate * time;
    4.0 * (1.0 + turns) * (-turns).exp()
}

#[cfg(test)]
mod tests {
    use super::super::tableau::STAGES;
    use super::*;
    use crate::budget::truncation::LOCAL_ERROR;
    use num_complex::Complex64;

    /// The factor of a step for y' = zy: the Padé approximant of e^z with numerator of degree 6 and
    /// denominator of degree 7.
    fn factor(z: Complex64) -> Complex64 {
        let (top, bottom) = (STAGES as f64 - 1.0, STAGES as f64);
        let series = |degree: f64, other: f64, z: Complex64| {
            let (mut term, mut sum) = (Complex64::ONE, Complex64::ONE);
            for j in 1..=degree as usize {
                let j = j as f64;
                term *= z * (degree + 1.0 - j) / (j * (degree + other + 1.0 - j));
                sum += term;
            }
            sum
        };
        series(top, bottom, z) / series(bottom, top, -z)
    }

    #[test]
    fn the_differences_of_growing_steps_exceed_what_they_lose_of_a_rotation() {
        for growth in [1.05, 1.3, 1.7, 2.2, 3.0] {
            for first in 0..40 {
                for damping in [0.0, 0.01, 0.1] {
                    // Radians of a step, from 2 to 3 at first; the rotation has the highest
                    // frequency or a lower one.
                    for lower in [1.0, 0.4, 0.1] {
                        let mut radians = 2.0 * 3f64.powf(first as f64 / 40.0);
                        let mut unresolved = Unresolved {
                            rate: damping,
                            size: f64::INFINITY,
                            negligible: 0.0,
                            lost: 0.0,
                        };
                        let (mut exact, mut fine) = (Complex64::ONE, Complex64::ONE);
                        let (mut worst, mut resolved) = (0.0f64, 0.0);
                        while radians < 3e3 {
                            let step = radians / FASTEST;
                            let z = Complex64::new(-damping * step, lower * radians);
                            let (half, quarter) = (factor(z / 2.0), factor(z / 4.0));
                            let difference = ((half - quarter * quarter) * fine).norm();
                            exact *= z.exp();
                            fine *= half * half;
                            if Unresolved::too_long(step) {
                                unresolved.advance(step, Some(difference));
                            } else {
                                resolved += LOCAL_ERROR * 2.0 * difference;
                                unresolved.advance(step, None);
                            }
                            worst = worst
                                .max((exact - fine).norm() / (unresolved.lost + resolved + 1e-12));
                            radians *= growth;
                        }
                        assert!(
                            worst < 1.0,
                            "growth {growth}, start {first}, damping {damping}, {lower}: {worst}"
                        );
                    }
                }
            }
        }
    }
}
