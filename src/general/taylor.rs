//! The Taylor series of one step of [`super::exponential`]: bounds of their remainders, and the
//! heat and work during the step.

use super::band::Band;
use super::exponential::{LineEquation, State};
use crate::chain::SiteForce;

impl LineEquation<'_> {
    /// A bound of what the terms after k sum up to, of the means and of the covariance.
    pub(super) fn rest(&self, means: &[Vec<f64>], term: &Band, h: f64, k: usize) -> [f64; 2] {
        let norm = |z: &Vec<f64>| z.iter().map(|z| z * z).sum::<f64>().sqrt();
        let mut sizes: Vec<f64> = means.iter().map(norm).collect();
        let flips = self.line.flips.iter().copied().fold(0.0, f64::max);
        let pushed = |j: usize| -> f64 {
            let of_force = |force: &SiteForce| {
                let waves = force.harmonics.iter().map(|(l, f)| {
                    let turned = f64::from(*l) * self.chain.force.frequency.hi * h;
                    2.0 * f.norm() * (1..=j).fold(1.0, |x, i| x * turned / i as f64)
                });
                let constant = if j == 0 { force.mean.abs() } else { 0.0 };
                self.line.force(force.site, constant + waves.sum::<f64>())
            };
            self.forces.iter().map(of_force).sum()
        };
        let mut size = term.norm();
        let (mut of_means, mut of_second) = (0.0, 0.0);
        for j in k..k + 60 {
            let part = h / (j + 1) as f64;
            let products: f64 =
                if flips > 0.0 { (0..=j).map(|i| sizes[i] * sizes[j - i]).sum() } else { 0.0 };
            size = part * (2.0 * self.norm * size + flips * products);
            let mean = part * (self.norm * sizes[j] + pushed(j));
            sizes.push(mean);
            of_means += mean;
            of_second += size;
            if mean <= 1e-3 * of_means && size <= 1e-3 * of_second && j > k + 8 {
                break;
            }
        }
        [2.0 * of_means, 2.0 * of_second]
    }

    /// Adds what went in and out during a step.
    pub(super) fn integrate(
        &self,
        state: &mut State,
        means: &[Vec<f64>],
        squares: &[Vec<f64>],
        variance: &[f64],
        forces: &[Vec<(usize, f64)>],
        h: f64,
    ) {
        let (line, atoms) = (&self.line, self.model.atoms());
        let weight = |k: usize| h / (k + 1) as f64;
        let of_square =
            |i: usize| -> f64 { (0..squares.len()).rev().map(|k| weight(k) * squares[k][i]).sum() };
        let all = &mut state.integrals;
        for n in 0..atoms {
            let at = line.momentum(n);
            let (friction, rate) = (self.model.friction[n], self.model.flip_rate[n]);
            let square = if friction > 0.0 || rate > 0.0 { of_square(at) } else { 0.0 };
            all.heat += 2.0 * rate * square;
            let entered = friction * (self.model.temperature[n] * h - variance[at] - square);
            self.model.add_entered(all, n, entered);
        }
        // Σ_k Σ_(i+j=k) f_i u_j h/(k+1)
        for (i, force) in forces.iter().enumerate() {
            for &(at, force) in force {
                let products = means.iter().enumerate().map(|(j, z)| weight(i + j) * z[at]);
                all.work += force * products.sum::<f64>();
            }
        }
    }
}
