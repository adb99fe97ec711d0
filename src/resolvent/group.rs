//! Quadrature nodes, eight side by side, with the constants of the recurrences and how far each of
//! their waves reaches.
//!
//! With c = s₁s₂/(w₁w₂), p = z₁z₂ and κ = (1-z₁)(1-z₂)/(s₁s₂) ([`super::wave`]) a node's part of
//! the squared kernel and of its double sums falls off like c pᵈ⁺¹/(1-p)² with the distance d, and
//! what an end reflects like z²ⁿ with the distance n from it. A node that contributes a millionth
//! of a sum is needed to ten digits only: [`Reach`] counts its share in the sums that it is used
//! for, such as those over the flux, c/(1-p)³.

use super::pairing::{Pairing, Simd};
use super::path::Integrand;
use super::wave::{Wave, log_1p};
use num_complex::Complex64;
use std::f64::consts::PI;

/// Sites whose intermediate results are kept at once: they fit into the first cache.
pub(super) const BLOCK: usize = 64;

/// Both waves of one node, and its weight.
pub(super) type Pair = ([Wave; 2], Complex64);

/// Sites after which a node is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Along the chain.
    pub distance: usize,
    /// The reflections of the left and the right end.
    pub corner: [usize; 2],
}

/// c with the node's weight
fn weight(([a, b], weight): Pair) -> Complex64 {
    weight * (a.s * a.inverse_wronskian) * (b.s * b.inverse_wronskian)
}

/// 1 - p = (1 - z₁) + z₁(1 - z₂)
fn missing([a, b]: &[Wave; 2]) -> Complex64 {
    a.slope + a.z * b.slope
}

/// κ
fn elongation([a, b]: &[Wave; 2]) -> Complex64 {
    a.slope * b.slope / (a.s * b.s)
}

/// The nodes with their reaches, farthest reflection first; `dropped` is the log of what is
/// dropped, relative to the sum over all nodes.
pub(super) fn by_reach(
    nodes: impl IntoIterator<Item = Pair>,
    integrand: Integrand,
    dropped: f64,
) -> Vec<(Pair, Reach)> {
    let nodes: Vec<Pair> = nodes.into_iter().collect();
    // Among momenta the kernel, the flux and the sums over the flux; and the kernel from
    // elongations and among them.
    let sizes_of = |node: &Pair| {
        let size = weight(*node).norm();
        let (missing, bond) = (missing(&node.0).norm(), elongation(&node.0).norm());
        let momenta = [size, size * missing.powi(-2), size * missing.powi(-3)];
        let bonds = if integrand == Integrand::Moments {
            [size * bond, size * bond * bond]
        } else {
            [0.0; 2]
        };
        [momenta[0], momenta[1], momenta[2], bonds[0], bonds[1]]
    };
    let sizes: Vec<[f64; 5]> = nodes.iter().map(sizes_of).collect();
    let totals: [f64; 5] = std::array::from_fn(|i| {
        sizes.iter().map(|size| size[i]).sum::<f64>().max(f64::MIN_POSITIVE)
    });
    let with_reach = |(node, size): (Pair, &[f64; 5])| {
        // The logarithm of the factor by which the node's part still has to fall.
        let share =
            size.iter().zip(&totals).map(|(size, total)| size / total).fold(0.0, f64::max).ln()
                - dropped;
        let after = |log: f64, rate: f64| (log / rate).clamp(0.0, 1e15) as usize + 1;
        let [a, b] = node.0;
        let corner = |end: usize| {
            let of = |wave: &Wave| {
                after(share + wave.log_reflection[end].re.max(0.0), -2.0 * wave.log_z.re)
            };
            of(&a).max(of(&b))
        };
        let distance = after(share, -(a.log_z + b.log_z).re);
        (node, Reach { distance, corner: [corner(0), corner(1)] })
    };
    let mut nodes: Vec<_> = nodes.into_iter().zip(&sizes).map(with_reach).collect();
    nodes.sort_by_key(|(_, reach)| std::cmp::Reverse(reach.corner[0].max(reach.corner[1])));
    nodes
}

/// Eight nodes.
pub(super) struct Group<P: Pairing> {
    simd: Simd<P>,
    waves: [[Wave; 2]; 8],
    /// The farthest of the eight.
    pub reach: Reach,
    /// c with the node's weight
    pub weight: P::Value,
    /// p
    pub decay: P::Value,
    /// κ
    pub elongation: P::Value,
    /// κ/p
    pub elongation_back: P::Value,
    /// 1/(1-p)
    pub sum: P::Value,
    /// z²
    pub turn: P::Factors,
    /// -1/z
    pub back: P::Factors,
    /// -z
    pub on: P::Factors,
    /// Factors of the means, one by one: 1, z, (1-z)/s, (1-z)/(sz), and z's mend.
    pub one: P::Factors,
    pub step: P::Factors,
    pub bond: P::Factors,
    pub bond_back: P::Factors,
    pub mend_step: P::Factors,
    /// The factor that gives back the rounding of p to a sum over a block: p^BLOCK over its rounded
    /// power.
    pub mend: P::Value,
    /// Sites after which pⁿ is below rounding.
    pub settled: usize,
}

/// x^BLOCK of the exact x = e^log over that of the rounded one.
fn mended(rounded: Complex64, log: Complex64) -> Complex64 {
    // Short sums are over before the rounding is felt.
    let lost = if rounded.norm() < 0.5 { Complex64::ZERO } else { log - log_1p(rounded - 1.0) };
    let turns = (lost.im / (2.0 * PI)).round();
    (BLOCK as f64 * Complex64::new(lost.re, lost.im - turns * 2.0 * PI)).exp()
}

impl<P: Pairing> Group<P> {
    /// Up to eight nodes; places left over are filled with nodes of no weight.
    pub fn new(simd: Simd<P>, nodes: &[(Pair, Reach)]) -> Group<P> {
        let filled: [(Pair, Reach); 8] = std::array::from_fn(|i| {
            let ((waves, _), _) = nodes[0];
            nodes.get(i).copied().unwrap_or(((waves, Complex64::ZERO), nodes[0].1))
        });
        let waves = filled.map(|node| node.0.0);
        let each = |f: &dyn Fn(&[Wave; 2]) -> Complex64| P::value(simd, &waves.map(|w| f(&w)));
        let farthest =
            |of: &dyn Fn(&Reach) -> usize| filled.iter().map(|node| of(&node.1)).max().unwrap_or(0);
        Group {
            simd,
            waves,
            reach: Reach {
                distance: farthest(&|r| r.distance),
                corner: [0, 1].map(|end| farthest(&|r| r.corner[end])),
            },
            weight: P::value(simd, &filled.map(|node| weight(node.0))),
            decay: each(&|[a, b]| a.z * b.z),
            elongation: each(&elongation),
            elongation_back: each(&|w| elongation(w) / (w[0].z * w[1].z)),
            sum: each(&|w| 1.0 / missing(w)),
            turn: P::factors(simd, &waves, |w| w.z * w.z),
            back: P::factors(simd, &waves, |w| -1.0 / w.z),
            on: P::factors(simd, &waves, |w| -w.z),
            one: P::factors(simd, &waves, |_| Complex64::ONE),
            step: P::factors(simd, &waves, |w| w.z),
            bond: P::factors(simd, &waves, |w| w.slope / w.s),
            bond_back: P::factors(simd, &waves, |w| w.slope / (w.s * w.z)),
            mend_step: P::factors(simd, &waves, |w| mended(w.z, w.log_z)),
            mend: each(&|[a, b]| mended(a.z * b.z, a.log_z + b.log_z)),
            settled: waves.iter().map(|[a, b]| 42.0 / -(a.log_z + b.log_z).re).fold(0.0, f64::max)
                as usize,
        }
    }

    /// A z²ⁿ or B z²ⁿ
    pub fn reflected(&self, end: usize, n: usize) -> P::Factors {
        P::factors(self.simd, &self.waves, |w| w.reflected(end, n as f64))
    }
}
