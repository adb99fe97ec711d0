//! The moment equations along the chain (docs/theory/stencil.md, (14.1)), y = (p_0, r_1, p_1, ..,
//! r_N, p_N), on a ring (p_0, r_1, .., p_(N-1), r_0) and around:
//!
//! ```text
//! ẏ_i = y_(i+1) - y_(i-1) - δ_i y_i + force,     δ = 2γ + λ on momenta, 0 on elongations.
//! ```
//!
//! With w = e^(cτ) ȳ and V = e^(2cτ) C, c = max δ/2, the damping lies between -c and c, which makes
//! the series shorter: ‖B + c‖ ≤ 2 + c and ‖𝓛 + 2c‖ ≤ [`Equation::radius`].
//!
//! At an end with a strong friction the variance is held by its distance from the bath,
//! C(y_0, y_0) = T + D, of which the current -λD keeps its digits. Once such an end follows the
//! chain (follow.rs), its friction stands in neither δ nor c.

use crate::chain::{Chain, Double};
use crate::numerics::double_double::harmonic_phase;
use crate::scenario::Topology;
use num_complex::Complex64;

/// The friction from which on an end is strong: a rounding of its variance would be more of one in
/// the current.
const STRONG: f64 = 1.0;

/// h times the bound of the norm of the operator, in the safest steps.
const SAFE_RADIANS: [f64; 2] = [4.5, 14.0];

/// How much larger than their sum the terms of such a step may become.
const CANCELLED: f64 = 30.0;

/// One chain, along the chain.
pub(super) struct Equation<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// Coordinates n.
    pub n: usize,
    /// Whether the last coordinate is a neighbour of the first.
    pub ring: bool,
    /// c
    pub shift: f64,
    /// c - δ_i
    pub factor: Vec<f64>,
    /// c - λ_i on momenta: what the diagonal of the covariance has in its place, where flips leave
    /// p² alone.
    pub own: Vec<f64>,
    /// The largest error of these two, which every step repeats.
    pub rounded: f64,
    /// A bound of ‖𝓛 + 2c‖ in the Frobenius norm (docs/theory/stencil.md, (14.4)).
    pub radius: f64,
    /// The largest number in its numerical range, which the series is summed at.
    pub spread: f64,
    /// 2λT at the first and the last coordinate; 0 at a strong end.
    pub noise: [f64; 2],
    /// T of the ends whose variance is held by its distance from T.
    pub held_from: [Option<f64>; 2],
    /// The part that T of such an end adds to the change of C(y_0, y_1) and of C(y_(n-2), y_(n-1)).
    pub pull: [f64; 2],
    /// The frictions of the ends that follow.
    pub follow: [Option<f64>; 2],
}

impl<'a> Equation<'a> {
    /// With the ends that follow.
    pub fn new(chain: &'a Chain, follows: [bool; 2]) -> Equation<'a> {
        let (n, flips) = (chain.coordinates(), chain.flip_rate);
        let (mut friction, mut noise) = chain.thermostats();
        let mut follow = [None; 2];
        let strong = chain.friction().map(|friction| friction > STRONG);
        for (end, atom) in [0, chain.atoms() - 1].into_iter().enumerate() {
            if strong[end] {
                noise[atom] = 0.0;
            }
            if follows[end] {
                follow[end] = Some(std::mem::take(&mut friction[atom]));
            }
        }
        let damping =
            |i: usize| if i.is_multiple_of(2) { 2.0 * flips + friction[i / 2] } else { 0.0 };
        let most = (0..n).map(damping).fold(0.0, f64::max);
        let shift = 0.5 * most;
        let factor: Vec<f64> = (0..n).map(|i| shift - damping(i)).collect();
        let at = |i: usize| if i.is_multiple_of(2) { friction[i / 2] } else { 0.0 };
        let own: Vec<f64> = (0..n).map(|i| shift - at(i)).collect();
        let missing = |i: usize, flips: f64, found: f64| {
            let friction = Double::from(at(i)).negated();
            let exact = Double::sum(shift, -flips).plus(friction);
            exact.plus((-found).into()).hi.abs()
        };
        let rounded = (0..n).flat_map(|i| {
            let flips = if i.is_multiple_of(2) { 2.0 * flips } else { 0.0 };
            [missing(i, flips, factor[i]), missing(i, 0.0, own[i])]
        });
        let rounded = rounded.fold(0.0, f64::max);
        // By docs/theory/bounds.md, (2.2), 𝓛 + 2c = [[D, K], [-Kᵀ, E]] in ((rr, pp), rp): ‖K‖ ≤ 4,
        // |D| ≤ 2c, and E = 2c - δ of the momentum.
        let (same, mixed) = (most, most - 2.0 * flips);
        let half = 0.5 * (same - mixed);
        let radius = 0.5 * (same + mixed) + (half * half + 16.0).sqrt();
        // Its numerical range lies within (D + E)/2 + (D - E)/2 cos φ + 4i sin φ and around: the
        // largest modulus is at this cos φ.
        let middle = 0.5 * (same + mixed);
        let cosine = (middle * half / (16.0 - half * half)).clamp(-1.0, 1.0);
        let cosine = if half < 4.0 { cosine } else { 1.0 };
        let imaginary = 16.0 * (1.0 - cosine * cosine);
        let spread = ((middle + half * cosine).powi(2) + imaginary).sqrt();
        let noise = [noise[0], noise[noise.len() - 1]];
        let ring = chain.topology == Topology::Ring;
        let held = |end: usize| strong[end].then_some(chain.temperature()[end]);
        let held_from = [held(0), held(1)];
        let pull = [-held_from[0].unwrap_or(0.0), held_from[1].unwrap_or(0.0)];
        Equation {
            chain,
            n,
            ring,
            shift,
            factor,
            own,
            rounded,
            radius,
            spread,
            noise,
            held_from,
            pull,
            follow,
        }
    }

    /// h times [`Equation::radius`] of steps in whose series little cancels, whatever the law: the
    /// largest term is e^((spread - 2c) h) of the state.
    pub fn safe_radians(&self) -> f64 {
        let cancelling = CANCELLED.ln() / (self.spread - 2.0 * self.shift).max(0.1);
        (cancelling * self.radius).clamp(SAFE_RADIANS[0], SAFE_RADIANS[1])
    }

    /// How often the series of a step is summed, about: the changes fall by `rate`/λ to 10⁻¹⁵.
    pub fn sweeps(&self) -> f64 {
        let least = self.follow.into_iter().flatten().fold(f64::INFINITY, f64::min);
        if least.is_infinite() { 1.0 } else { 1.0 + (35.0 / (least / self.rate()).ln()).ceil() }
    }

    /// Whether the variance of any end is held from its temperature.
    pub fn has_strong_ends(&self) -> bool {
        self.held_from.iter().any(Option::is_some)
    }

    /// The coordinate at place i in the theory's order r, p.
    pub fn coordinate(&self, i: usize) -> usize {
        let (bonds, atom) = (self.chain.bonds, i / 2);
        if i.is_multiple_of(2) {
            bonds + atom
        } else {
            self.chain.right_bond(atom).expect("a bond lies between two atoms")
        }
    }

    /// The last diagonal that there is: i + n/2 is as far as a ring goes.
    pub fn last_diagonal(&self) -> usize {
        if self.ring { self.n / 2 } else { self.n - 1 }
    }

    /// The place i + offset, around a ring.
    pub fn wrapped(&self, i: isize) -> usize {
        if self.ring { i.rem_euclid(self.n as isize) as usize } else { i as usize }
    }

    /// The fastest rate of what the series have to follow.
    pub fn rate(&self) -> f64 {
        if self.ring {
            self.radius
        } else {
            self.radius.max(2.0 * self.turning().hypot(self.shift))
        }
    }

    /// The highest frequency of the force.
    pub fn turning(&self) -> f64 {
        if self.ring { 0.0 } else { self.chain.force.highest_frequency() }
    }

    /// The coefficients of u^k, k < `count`, in e^(c h (u-1)) F(τ + h u), and a bound of the next.
    pub fn force(&self, time: Double, h: f64, count: usize) -> (Vec<f64>, f64) {
        if self.ring {
            return (vec![0.0; count], 0.0);
        }
        let force = &self.chain.force;
        let first = (-self.shift * h).exp();
        let mut waves =
            vec![(Complex64::from(first * force.mean), Complex64::from(self.shift * h))];
        waves.extend(force.harmonics.iter().map(|&(l, amplitude)| {
            let turning = f64::from(l) * force.frequency.hi * h;
            let phase = harmonic_phase(l.into(), force.frequency, time);
            (2.0 * first * amplitude * phase, Complex64::new(self.shift * h, turning))
        }));
        let mut coefficients = Vec::with_capacity(count);
        for k in 0..count {
            coefficients.push(waves.iter().map(|(value, _)| value.re).sum());
            for (value, rate) in &mut waves {
                *value *= *rate / (k + 1) as f64;
            }
        }
        let next = waves.iter().map(|(value, _)| value.norm()).sum();
        (coefficients, next)
    }
}
