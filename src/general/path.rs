//! The path of the inner integral K_σ(a, b) = (1/πi) ∫_0^(i∞) G_ab(σ/2+κ) G_ab(σ/2-κ) dκ for a
//! complex σ.
//!
//! The spectrum of B lies on the real axis left of 0, or where Re s ≤ -c, c the least of γ_n +
//! λ_n/2 (docs/theory/bounds.md, Theorem 2.2). It must stay left of σ/2 + κ and of σ/2 - κ: the
//! path leaves 0 in the direction that bisects σ and the negative axis, in panels that grow with
//! the distance from both, until it is well inside -c, goes up across the band in panels of width
//! c, and on to infinity. Needs |Re σ| < c/2. Error: a second rule of more nodes judges it.

use super::Model;
use crate::numerics::legendre::gauss;
use num_complex::Complex64;
use std::f64::consts::PI;

/// Nodes of a panel of either rule.
const NODES: [usize; 2] = [16, 20];
/// Half a panel, as a part of the distance of its middle from the next singularity: 16 nodes leave
/// (r + √(1 + r²))^(-32), r = 1/PART, some 1e-14.
const PART: f64 = 0.85;

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
    /// Of a chain.
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
        let size = sigma.norm();
        let direction = Complex64::cis((sigma.arg() + PI) / 2.0);
        let apart = ((PI - sigma.arg()) / 2.0).sin();
        let inside = 0.4 * c / (-direction.re).max(1e-3);
        let length = (4.0 * size).max(0.4 * c).min(inside);
        // Distances t from 0 along the first leg: a panel of middle m has half-length part·m.
        let part = (PART * apart).min(0.6);
        let mut at = vec![0.0, (0.25 * size * apart).min(length)];
        while at[at.len() - 1] < length {
            at.push((at[at.len() - 1] * (1.0 + part) / (1.0 - part)).min(length));
        }
        let mut panels: Vec<(Complex64, Complex64)> =
            at.windows(2).map(|pair| (direction * pair[0], direction * pair[1])).collect();
        // Up: the band on either side ends at |Im| ≤ band + Im σ/2.
        let corner = direction * length;
        let room = (c - sigma.re.abs() / 2.0 - corner.re.abs()).max(0.05 * c);
        // The real axis, moved by σ/2, ends there.
        let near = corner.re.abs() - sigma.re.abs() / 2.0;
        let top = self.band + sigma.im / 2.0;
        let end = 1.5 * top.max(self.most_damping);
        let mut y = corner.im;
        while y < end {
            let beyond = (y - top).max(0.0);
            let axis = near.max(0.0).hypot(y - sigma.im / 2.0);
            let wide = room.hypot(beyond).min(axis);
            let next = (y + 2.0 * PART * wide).min(end.max(y + 1e-3 * c));
            panels.push((Complex64::new(corner.re, y), Complex64::new(corner.re, next)));
            y = next;
        }
        let rule = gauss(NODES[which]);
        let unit = 1.0 / (PI * Complex64::I);
        let mut nodes = Vec::with_capacity((panels.len() + 2) * rule.len());
        for (from, to) in panels {
            let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
            nodes.extend(rule.iter().map(|(x, w)| (middle + half * x, half * *w * unit)));
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
