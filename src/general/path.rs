//! The path of the inner integral K_σ(a, b) = (1/πi) ∫_0^(i∞) G_ab(σ/2+κ) G_ab(σ/2-κ) dκ for a
//! complex σ (docs/theory/general.md, (16.8) and (16.13)).
//!
//! The spectrum of B lies on the real axis left of 0, or where Re s ≤ -c, c the least of γ_n +
//! λ_n/2 (docs/theory/bounds.md, Theorem 2.2). It must stay left of σ/2 + κ and of σ/2 - κ, so two
//! rays are forbidden to κ: from σ/2 to the right and from -σ/2 to the left. The path begins on
//!
//! ```text
//! κ(u) = b u + i a sinh u,    b = -Im σ/π,    √(a² + b²) - b asinh(b/a) = Re σ/2,
//! ```
//!
//! which maps the strip |Im u| < π/2 onto the plane without these rays: panels of one width in u
//! serve for every σ, and their number is a logarithm of c/|σ|. Well inside the distance c it goes
//! up across the band in panels of width c, and on to infinity. Needs |Re σ| < c/2. Error: a second
//! rule of more nodes judges it.

use super::Model;
use crate::numerics::legendre::gauss;
use num_complex::Complex64;
use std::f64::consts::PI;

/// Nodes of a panel of either rule.
const NODES: [usize; 2] = [16, 20];
/// Half a panel, as a part of the distance of its middle from the next singularity: 16 nodes leave
/// (r + √(1 + r²))^(-32), r = 1/PART, some 1e-14.
const PART: f64 = 0.85;
/// The width of a panel in u, by the same measure: π/2 is 1/PART halves away.
const STRIP: f64 = PI * PART;
/// The end of the path in u: above 0, and left of 0, in units of c.
const CORNER: [f64; 2] = [0.5, 0.4];

/// The numbers of the chain that a path depends on.
#[derive(Debug, Clone, Copy)]
pub struct Spectrum {
    /// c
    pub least_damping: f64,
    /// The largest of 2γ_n + λ_n.
    pub most_damping: f64,
    /// The largest frequency.
    pub band: f64,
}

impl Spectrum {
    /// The spectrum of a chain.
    pub fn new(model: &Model) -> Spectrum {
        let most_damping = (0..model.atoms()).map(|n| model.damping(n)).fold(0.0, f64::max);
        Spectrum {
            least_damping: model.least_damping(),
            most_damping,
            band: model.largest_frequency(),
        }
    }

    /// (κ, weight) by the rule `which`; weights hold 1/πi. σ off the negative axis, Im σ ≥ 0.
    pub fn nodes(&self, sigma: Complex64, which: usize) -> Vec<(Complex64, Complex64)> {
        let c = self.least_damping.min(self.band);
        let (a, b) = between_the_rays(sigma);
        let last = (CORNER[0] * c / a).asinh().min(CORNER[1] * c / b.abs());
        let at = |u: f64| Complex64::new(b * u, a * u.sinh());
        let rule = gauss(NODES[which]);
        let unit = 1.0 / (PI * Complex64::I);
        let mut nodes = Vec::new();
        let count = (last / STRIP).ceil().max(1.0);
        let half = last / (2.0 * count);
        for panel in 0..count as usize {
            nodes.extend(rule.iter().map(|(x, w)| {
                let u = half * ((2 * panel + 1) as f64 + x);
                (at(u), half * *w * unit * Complex64::new(b, a * u.cosh()))
            }));
        }
        let corner = at(last);
        // Up: the band on either side ends at |Im| ≤ band + Im σ/2.
        let room = (c - sigma.re.abs() / 2.0 - corner.re.abs()).max(0.05 * c);
        // How far the ray that begins at σ/2 is to the right.
        let near = (0.5 * sigma.re - corner.re).max(0.0);
        let top = self.band + sigma.im / 2.0;
        let end = 1.5 * top.max(self.most_damping);
        let half_at = |y: f64| {
            let axis = near.hypot(y - sigma.im / 2.0).max(0.05 * c);
            PART * room.hypot((y - top).max(0.0)).min(axis)
        };
        let mut y = corner.im;
        while y < end {
            // By the distances at its middle too: the tip of the ray may be ahead.
            let half = half_at(y).min(half_at(y + half_at(y)));
            let next = (y + 2.0 * half).min(end.max(y + 1e-3 * c));
            let (middle, half) = ((y + next) / 2.0, (next - y) / 2.0);
            nodes.extend(rule.iter().map(|(x, w)| {
                let kappa = Complex64::new(corner.re, middle + half * x);
                (kappa, Complex64::new(0.0, half * w) * unit)
            }));
            y = next;
        }
        // κ = Re + i y/v, v from 0 to 1, in two panels.
        for (from, to) in [(0.0, 0.5), (0.5, 1.0)] {
            let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
            nodes.extend(rule.iter().map(|(x, w)| {
                let v = middle + half * x;
                let kappa = Complex64::new(corner.re, y / v);
                (kappa, Complex64::new(0.0, half * w * y / (v * v)) * unit)
            }));
        }
        nodes
    }
}

/// a > 0 and b of the map above, for σ off the negative axis.
fn between_the_rays(sigma: Complex64) -> (f64, f64) {
    let b = -sigma.im / PI;
    // The tip of the left ray is where the real part of κ(u + iπ/2), b u - a cosh u, is largest.
    let tip = |a: f64| b * (b / a).asinh() - a.hypot(b);
    let size = sigma.norm();
    let (mut low, mut high) = (-600.0, 1.0);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        let beyond = tip(size * f64::exp(middle)) > -0.5 * sigma.re;
        if beyond { low = middle } else { high = middle }
    }
    (size * f64::exp(low), b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_in_the_spectrum_has_its_integral_for_every_direction_of_sigma() {
        // (1/πi) ∫_0^(i∞) dκ/((σ/2+κ+a)(σ/2-κ+a)) = 1/(σ + 2a)
        let mut worst: f64 = 0.0;
        for (least, band) in [(1.0, 2.0), (0.05, 2.0), (10.0, 2.0)] {
            let spectrum = Spectrum { least_damping: least, most_damping: 2.0 * least, band };
            let c = f64::min(least, band);
            let inside = [1e-9, 1e-4, 0.1, 0.5].into_iter().flat_map(|size| {
                [0.0, 0.5, 1.5, 2.2, 2.7].map(|angle| size * c * Complex64::cis(angle))
            });
            let outside = [1.0, 3.0, 10.0].map(|im| Complex64::new(0.0, im));
            let slow = [0.0, 1e-8, 1e-3, 0.2, 0.7].map(|part| Complex64::from(part * c));
            let damped = [-1.0, -0.6, 0.0, 0.3, 1.0].map(|y| Complex64::new(least, y * band));
            for sigma in inside.chain(outside) {
                for which in [0, 1] {
                    let nodes = spectrum.nodes(sigma, which);
                    for rate in slow.into_iter().chain(damped) {
                        let term = |&(k, w): &(Complex64, Complex64)| {
                            w / ((0.5 * sigma + k + rate) * (0.5 * sigma - k + rate))
                        };
                        let sum: Complex64 = nodes.iter().map(term).sum();
                        let apart = (sum * (sigma + 2.0 * rate) - 1.0).norm();
                        assert!(apart < 1e-13, "{sigma} {rate} {which}: {apart:e}");
                        worst = worst.max(apart);
                    }
                }
            }
        }
        assert!(worst > 0.0);
    }

    #[test]
    fn long_times_take_a_logarithm_of_nodes() {
        let spectrum = Spectrum { least_damping: 1.0, most_damping: 2.0, band: 2.0 };
        for angle in [0.0, 1.5, 2.7] {
            let count = |size: f64| spectrum.nodes(size * Complex64::cis(angle), 0).len();
            assert!(count(1e-10) <= count(1e-2) + 8 * NODES[0], "{angle}");
        }
    }
}
