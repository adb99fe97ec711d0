//! The squared kernel K_σ[a,b] = ∫_0^∞ e^(-στ) (e^(Bτ))_ab² dτ on all coordinates, applied in O(N) a quadrature node.
//!
//! At a node the entry of two coordinates a ≤ b along the chain p_0, r_1, p_1, .., r_N, p_N is a product of a left and a right factor
//! (semiseparable: [`super::wave`]), with c = s₁s₂/(w₁w₂), p = z₁z₂, κ = (1-z₁)(1-z₂)/(s₁s₂) and squares [1+x] = (1+x₁)(1+x₂):
//!
//! ```text
//! left:  p_n: p⁻ⁿ [1 + A z²ⁿ],  r_n: κ p⁻ⁿ [1 - A z²ⁿ⁻¹];   right:  p_n: pⁿ [1 + B z²⁽ᴺ⁻ⁿ⁾],  r_n: κ pⁿ⁻¹ [1 - B z²⁽ᴺ⁻ⁿ⁾⁺¹]
//! ```
//!
//! so K v is two recurrences, eight nodes side by side. [`Kernel::flux`] is Φ_ji = 4γ Σ_(m ≤ min(i,j)) Σ_(n > max(i,j)) K_mn on the momenta, the flux
//! through bond j caused by the difference across bond i: sums of such products, positive at σ = 0, with no cancellation at any N.
//! Cost: some ten to fifty operations a site and node; away from the ends, where no reflection is left, the coefficients are constant.

use super::Chain;
use super::pairing::{Conjugate, General, Pairing};
use super::path::{Quality, path};
use super::wave::{Wave, log_1p};
#[cfg(target_arch = "x86_64")]
use crate::numerics::lanes::{Avx2, Avx512};
use crate::numerics::lanes::{Eight, Lane, Registers, Vectorized, Wide, widest};
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Sites whose intermediate results are kept at once: they fit into the first cache.
const BLOCK: usize = 64;
/// Blocks after which the reflected waves are computed afresh instead of being carried on.
const FRESH: usize = 16;
/// Groups of nodes are worked on in at most this many tasks, whose results are added in order: the bits do not depend on the threads.
const TASKS: usize = 8;

/// Eight nodes.
struct Group<P: Pairing> {
    waves: [[Wave; 2]; 8],
    /// c with the node's weight
    weight: P::Value,
    /// p
    decay: P::Value,
    /// κ
    elongation: P::Value,
    /// κ/p
    elongation_back: P::Value,
    /// 1/(1-p)
    sum: P::Value,
    /// 1 - p
    inverse_sum: P::Value,
    /// z²
    turn: P::Factors,
    /// -1/z
    back: P::Factors,
    /// -z
    on: P::Factors,
    /// For the means, factor by factor: 1, z, (1-z)/s, (1-z)/(sz), and z's mend.
    one: P::Factors,
    step: P::Factors,
    bond: P::Factors,
    bond_back: P::Factors,
    mend_step: P::Factors,
    /// What the rounding of p takes from a sum over a block is given back: p^BLOCK over its rounded power.
    mend: P::Value,
    /// Sites after which pⁿ is below rounding.
    settled: usize,
}

/// x^BLOCK of the exact x = e^log over that of the rounded one.
fn mended(rounded: Complex64, log: Complex64) -> Complex64 {
    // Short sums are over before the rounding is felt.
    let lost = if rounded.norm() < 0.5 { Complex64::ZERO } else { log - log_1p(rounded - 1.0) };
    let turns = (lost.im / (2.0 * PI)).round();
    (BLOCK as f64 * Complex64::new(lost.re, lost.im - turns * 2.0 * PI)).exp()
}

impl<P: Pairing> Group<P> {
    fn new(nodes: [([Wave; 2], Complex64); 8]) -> Group<P> {
        let waves = nodes.map(|n| n.0);
        let each = |f: &dyn Fn(&[Wave; 2]) -> Complex64| P::value(&waves.map(|w| f(&w)));
        let elongation = |[a, b]: &[Wave; 2]| a.slope * b.slope / (a.s * b.s);
        let weight = |([a, b], weight): ([Wave; 2], Complex64)| {
            weight * (a.s * a.inverse_wronskian) * (b.s * b.inverse_wronskian)
        };
        // 1 - z₁z₂ = (1 - z₁) + z₁(1 - z₂)
        let missing = |[a, b]: &[Wave; 2]| a.slope + a.z * b.slope;
        Group {
            waves,
            weight: P::value(&nodes.map(weight)),
            decay: each(&|[a, b]| a.z * b.z),
            elongation: each(&elongation),
            elongation_back: each(&|w| elongation(w) / (w[0].z * w[1].z)),
            sum: each(&|w| 1.0 / missing(w)),
            inverse_sum: each(&missing),
            turn: P::factors(&waves, |w| w.z * w.z),
            back: P::factors(&waves, |w| -1.0 / w.z),
            on: P::factors(&waves, |w| -w.z),
            one: P::factors(&waves, |_| Complex64::ONE),
            step: P::factors(&waves, |w| w.z),
            bond: P::factors(&waves, |w| w.slope / w.s),
            bond_back: P::factors(&waves, |w| w.slope / (w.s * w.z)),
            mend_step: P::factors(&waves, |w| mended(w.z, w.log_z)),
            mend: each(&|[a, b]| mended(a.z * b.z, a.log_z + b.log_z)),
            settled: waves.iter().map(|[a, b]| 42.0 / -(a.log_z + b.log_z).re).fold(0.0, f64::max) as usize,
        }
    }

    /// A z²ⁿ or B z²ⁿ
    fn reflected(&self, end: usize, n: usize) -> P::Factors {
        P::factors(&self.waves, |w| w.reflected(end, n as f64))
    }
}

/// K_σ of an open chain.
pub(super) struct Kernel {
    bonds: usize,
    flip_rate: f64,
    groups: Box<dyn Nodes>,
    /// Number of quadrature nodes.
    pub nodes: usize,
}

impl Kernel {
    /// Prepares the nodes for σ ≥ 0 real or Im σ > 0 (off the negative axis).
    pub fn new(chain: &Chain, sigma: Complex64, quality: Quality) -> Kernel {
        let path = path(chain, sigma, quality);
        let pair = |kappa: Complex64| [Wave::new(chain, 0.5 * sigma + kappa), Wave::new(chain, 0.5 * sigma - kappa)];
        let nodes: Vec<_> = path.iter().map(|&(kappa, weight)| (pair(kappa), weight)).collect();
        let real = sigma.im == 0.0;
        let groups = match widest() {
            #[cfg(target_arch = "x86_64")]
            Registers::Avx512 => groups::<Avx512>(&nodes, real),
            #[cfg(target_arch = "x86_64")]
            Registers::Avx2 => groups::<Avx2>(&nodes, real),
            Registers::Any => groups::<Eight>(&nodes, real),
        };
        Kernel { bonds: chain.bonds, flip_rate: chain.flip_rate, groups, nodes: nodes.len() }
    }

    /// K v for v on the momenta (length N+1) and, if given, on the elongations (length N): the answer on both.
    pub fn apply(&self, momenta: &Vector, elongations: Option<&Vector>) -> (Vector, Vector) {
        self.run(Work::Apply { momenta, elongations })
    }

    /// Φ g for differences g across the bonds (length N).
    pub fn flux(&self, differences: &Vector) -> Vector {
        let mut flux = self.run(Work::Flux(differences)).0;
        flux.scale(4.0 * self.flip_rate);
        flux
    }

    /// The transform at σ of the squares (e^(Bτ)w)² of the momenta, w real: the same quadrature over the products ŵ(s₁) ŵ(s₂).
    pub fn mean_squares(&self, momenta: &Vector, elongations: &Vector) -> Vector {
        self.run(Work::MeanSquares { momenta, elongations }).0
    }

    fn run(&self, work: Work<'_>) -> (Vector, Vector) {
        self.groups.run(self.bonds, work)
    }
}

/// What is to be applied to what.
#[derive(Clone, Copy)]
enum Work<'a> {
    Apply { momenta: &'a Vector, elongations: Option<&'a Vector> },
    Flux(&'a Vector),
    MeanSquares { momenta: &'a Vector, elongations: &'a Vector },
}

/// The nodes in groups, in some registers.
trait Nodes: Send + Sync {
    fn run(&self, bonds: usize, work: Work<'_>) -> (Vector, Vector);
}

fn groups<L: Wide>(nodes: &[([Wave; 2], Complex64)], real: bool) -> Box<dyn Nodes> {
    fn of<P: Pairing>(nodes: &[([Wave; 2], Complex64)]) -> Box<dyn Nodes> {
        let group = |nodes: &[([Wave; 2], Complex64)]| {
            // The last group is filled up with nodes of no weight.
            let (waves, _) = nodes[0];
            Group::<P>::new(std::array::from_fn(|i| nodes.get(i).copied().unwrap_or((waves, Complex64::ZERO))))
        };
        Box::new(nodes.chunks(8).map(group).collect::<Vec<_>>())
    }
    if real { of::<Conjugate<L>>(nodes) } else { of::<General<L>>(nodes) }
}

impl<P: Pairing> Nodes for Vec<Group<P>> {
    /// Tasks over parts of the groups; their results are added in order.
    fn run(&self, bonds: usize, work: Work<'_>) -> (Vector, Vector) {
        let parts = self.par_chunks(self.len().div_ceil(TASKS));
        let parts: Vec<_> = parts.map(|groups| P::Wide::vectorized(Sweep { groups, bonds, work })).collect();
        let sum = |mut a: (Vector, Vector), b: (Vector, Vector)| {
            a.0.add(Complex64::ONE, &b.0);
            a.1.add(Complex64::ONE, &b.1);
            a
        };
        parts.into_iter().reduce(sum).expect("a path has nodes")
    }
}

/// The recurrences of some groups.
struct Sweep<'a, P: Pairing> {
    groups: &'a [Group<P>],
    bonds: usize,
    work: Work<'a>,
}

impl<P: Pairing> Vectorized for Sweep<'_, P> {
    type Output = (Vector, Vector);

    #[inline(always)]
    fn run(self) -> (Vector, Vector) {
        match self.work {
            Work::Apply { momenta, elongations } => self.apply(momenta, elongations),
            Work::Flux(differences) => (self.flux(differences), Vector::default()),
            Work::MeanSquares { momenta, elongations } => {
                (self.mean_squares(&momenta.re, &elongations.re), Vector::default())
            }
        }
    }
}

/// What the sweep to the right carries: A z²ⁿ, and the sums over what lies to the left.
#[derive(Clone, Copy)]
struct Left<P: Pairing> {
    reflected: P::Factors,
    ones: P::Value,
    sum: P::Value,
    /// No reflection is left.
    bulk: bool,
}

#[inline(always)]
fn at<P: Pairing>(v: &Vector, i: usize) -> P::Value {
    P::number(v.re[i], if P::COMPLEX { v.im[i] } else { 0.0 })
}

/// v at bond n, counted from 1; zero where there is none.
#[inline(always)]
fn bond_of<P: Pairing>(v: Option<&Vector>, n: usize) -> P::Value {
    match v {
        Some(v) if n > 0 => at::<P>(v, n - 1),
        _ => P::number(0.0, 0.0),
    }
}

#[inline(always)]
fn store<P: Pairing>(v: &mut Vector, i: usize, value: P::Value) {
    let sum = value.sum();
    v.re[i] = sum.re;
    if P::COMPLEX {
        v.im[i] = sum.im;
    }
}

impl<P: Pairing> Sweep<'_, P> {
    fn blocks(len: usize) -> Vec<std::ops::Range<usize>> {
        (0..len.div_ceil(BLOCK)).map(|b| b * BLOCK..((b + 1) * BLOCK).min(len)).collect()
    }

    /// The state of a group at the beginning of a block whose first site is `first`.
    #[inline(always)]
    fn refresh(group: &Group<P>, left: &mut Left<P>, block: usize, first: usize) {
        if block.is_multiple_of(FRESH) && !left.bulk {
            left.reflected = group.reflected(0, first);
        }
        left.ones = left.ones * group.mend;
        left.sum = left.sum * group.mend;
        left.bulk |= first > group.settled && P::negligible(left.reflected);
    }

    /// Φ/4γ: with F_j = Σ_(m≤j) p^(j-m) [1 + A z²ᵐ] and X_j = Σ_(n>j) p^(n-j) [1 + B z²⁽ᴺ⁻ⁿ⁾], the entry at i ≤ j is c p^(j-i) F_i X_j.
    #[inline(always)]
    fn flux(&self, g: &Vector) -> Vector {
        let zero = P::number(0.0, 0.0);
        let blocks = Self::blocks(self.bonds);
        let count = self.groups.len();
        let mut checkpoints: Vec<Left<P>> = Vec::with_capacity(blocks.len() * count);
        let start = |group: &Group<P>| Left { reflected: group.reflected(0, 0), ones: zero, sum: zero, bulk: false };
        let mut state: Vec<Left<P>> = self.groups.iter().map(start).collect();
        for (b, sites) in blocks.iter().enumerate() {
            for (group, left) in self.groups.iter().zip(&mut state) {
                Self::refresh(group, left, b, sites.start);
                checkpoints.push(*left);
                if left.bulk {
                    // F is 1/(1-p) from here on, and the sum is kept over g alone.
                    let mut sum = left.sum * group.inverse_sum;
                    for j in sites.clone() {
                        sum = sum * group.decay + at::<P>(g, j);
                    }
                    left.sum = sum * group.sum;
                    left.ones = group.sum;
                } else {
                    for j in sites.clone() {
                        left.ones = left.ones * group.decay + P::square(left.reflected);
                        left.sum = left.sum * group.decay + left.ones * at::<P>(g, j);
                        left.reflected = P::times(left.reflected, group.turn);
                    }
                }
            }
        }
        let mut out = Vector::zeros(self.bonds, P::COMPLEX);
        let mut right = state.clone();
        for (group, right) in self.groups.iter().zip(&mut right) {
            *right = Left { reflected: group.reflected(1, 0), ..start(group) };
        }
        let (mut ones, mut sums, mut total) = ([zero; BLOCK], [zero; BLOCK], [zero; BLOCK]);
        for (b, sites) in blocks.iter().enumerate().rev() {
            total.fill(zero);
            let first = sites.start;
            for (i, group) in self.groups.iter().enumerate() {
                let (left, right) = (checkpoints[b * count + i], &mut right[i]);
                if (blocks.len() - 1 - b).is_multiple_of(FRESH) && !right.bulk {
                    right.reflected = group.reflected(1, self.bonds - sites.end);
                }
                right.ones = right.ones * group.mend;
                right.sum = right.sum * group.mend;
                right.bulk |= self.bonds - sites.end > group.settled && P::negligible(right.reflected);
                if left.bulk && right.bulk {
                    let factor = group.weight * group.sum * group.sum * group.decay;
                    let mut sum = left.sum * group.inverse_sum;
                    for j in sites.clone() {
                        sum = sum * group.decay + at::<P>(g, j);
                        sums[j - first] = sum;
                    }
                    // R over g alone: X is p/(1-p).
                    let scale = group.sum * group.decay;
                    let mut back = right.sum * (group.inverse_sum * group.decay.inverse());
                    for j in sites.clone().rev() {
                        total[j - first] = total[j - first] + factor * (sums[j - first] + back);
                        back = (back + at::<P>(g, j)) * group.decay;
                    }
                    right.sum = back * scale;
                    right.ones = scale;
                    continue;
                }
                let (mut reflected, mut one, mut sum) = (left.reflected, left.ones, left.sum);
                for j in sites.clone() {
                    one = one * group.decay + P::square(reflected);
                    sum = sum * group.decay + one * at::<P>(g, j);
                    reflected = P::times(reflected, group.turn);
                    (ones[j - first], sums[j - first]) = (one, sum);
                }
                for j in sites.clone().rev() {
                    right.ones = (right.ones + P::square(right.reflected)) * group.decay;
                    right.reflected = P::times(right.reflected, group.turn);
                    let value = right.ones * sums[j - first] + ones[j - first] * right.sum;
                    total[j - first] = total[j - first] + group.weight * value;
                    right.sum = (right.sum + right.ones * at::<P>(g, j)) * group.decay;
                }
            }
            for j in sites.clone() {
                store::<P>(&mut out, j, total[j - first]);
            }
        }
        out
    }

    /// One site to the right: the sums up to r_n and p_n, and the squares of the left factors of both.
    #[inline(always)]
    fn step(group: &Group<P>, left: &mut Left<P>, n: usize, p: P::Value, r: P::Value) -> [P::Value; 4] {
        let momentum = P::square(left.reflected);
        let (mut bond, mut reach) = (P::number(0.0, 0.0), left.sum);
        if n > 0 {
            bond = P::square(P::times(left.reflected, group.back));
            reach = reach + group.elongation_back * bond * r;
        }
        left.sum = group.decay * reach + momentum * p;
        left.reflected = P::times(left.reflected, group.turn);
        [reach, left.sum, bond, momentum]
    }

    /// K v on all coordinates.
    #[inline(always)]
    fn apply(&self, momenta: &Vector, elongations: Option<&Vector>) -> (Vector, Vector) {
        let zero = P::number(0.0, 0.0);
        let blocks = Self::blocks(self.bonds + 1);
        let count = self.groups.len();
        let mut checkpoints: Vec<Left<P>> = Vec::with_capacity(blocks.len() * count);
        let start = |group: &Group<P>| Left { reflected: group.reflected(0, 0), ones: zero, sum: zero, bulk: false };
        let mut state: Vec<Left<P>> = self.groups.iter().map(start).collect();
        for (b, sites) in blocks.iter().enumerate() {
            for (group, left) in self.groups.iter().zip(&mut state) {
                Self::refresh(group, left, b, sites.start);
                checkpoints.push(*left);
                for n in sites.clone() {
                    let (p, r) = (at::<P>(momenta, n), bond_of::<P>(elongations, n));
                    if left.bulk {
                        left.sum = group.decay * (left.sum + group.elongation_back * r) + p;
                    } else {
                        Self::step(group, left, n, p, r);
                    }
                }
            }
        }
        let mut on_momenta = Vector::zeros(self.bonds + 1, P::COMPLEX);
        let mut on_elongations = Vector::zeros(self.bonds, P::COMPLEX);
        let mut right: Vec<(P::Factors, P::Value, bool)> =
            self.groups.iter().map(|g| (g.reflected(1, 0), zero, false)).collect();
        let (mut kept, mut total) = ([[zero; 4]; BLOCK], [[zero; 2]; BLOCK]);
        for (b, sites) in blocks.iter().enumerate().rev() {
            total.fill([zero; 2]);
            let first = sites.start;
            for (i, group) in self.groups.iter().enumerate() {
                let mut left = checkpoints[b * count + i];
                let (reflected, sum, bulk) = &mut right[i];
                if (blocks.len() - 1 - b).is_multiple_of(FRESH) && !*bulk {
                    *reflected = group.reflected(1, self.bonds + 1 - sites.end);
                }
                *sum = *sum * group.mend;
                *bulk |= self.bonds - sites.end.min(self.bonds) > group.settled && P::negligible(*reflected);
                if left.bulk && *bulk {
                    for n in sites.clone() {
                        let (p, r) = (at::<P>(momenta, n), bond_of::<P>(elongations, n));
                        let reach = left.sum + group.elongation_back * r;
                        left.sum = group.decay * reach + p;
                        (kept[n - first][0], kept[n - first][1]) = (reach, left.sum);
                    }
                    let on_bond = group.weight * group.elongation;
                    for n in sites.clone().rev() {
                        let (p, r) = (at::<P>(momenta, n), bond_of::<P>(elongations, n));
                        let out = &mut total[n - first];
                        out[0] = out[0] + group.weight * (kept[n - first][1] + *sum);
                        *sum = *sum + p;
                        out[1] = out[1] + on_bond * (kept[n - first][0] + *sum);
                        *sum = group.decay * *sum + group.elongation * r;
                    }
                    continue;
                }
                for n in sites.clone() {
                    let (p, r) = (at::<P>(momenta, n), bond_of::<P>(elongations, n));
                    kept[n - first] = Self::step(group, &mut left, n, p, r);
                }
                for n in sites.clone().rev() {
                    let [reach, left_sum, left_bond, left_momentum] = kept[n - first];
                    let momentum = P::square(*reflected);
                    let out = &mut total[n - first];
                    out[0] = out[0] + group.weight * (momentum * left_sum + left_momentum * *sum);
                    *sum = *sum + momentum * at::<P>(momenta, n);
                    if n > 0 {
                        let bond = P::square(P::times(*reflected, group.on));
                        out[1] = out[1] + group.weight * group.elongation * (bond * reach + left_bond * *sum);
                        *sum = group.decay * *sum + group.elongation * bond * bond_of::<P>(elongations, n);
                    }
                    *reflected = P::times(*reflected, group.turn);
                }
            }
            for n in sites.clone() {
                store::<P>(&mut on_momenta, n, total[n - first][0]);
                if n > 0 {
                    store::<P>(&mut on_elongations, n - 1, total[n - first][1]);
                }
            }
        }
        (on_momenta, on_elongations)
    }

    /// Σ c ŵ₁ŵ₂ on the momenta, with ŵ = M⁻¹(s w_p - Dᵀ w_r) from the left and right factors of one resolvent: p_n: z⁻ⁿ(1 + A z²ⁿ), r_n: the
    /// same of (Dφ)_n/s, and an elongation acts with the sign -1.
    #[inline(always)]
    fn mean_squares(&self, momenta: &[f64], elongations: &[f64]) -> Vector {
        let blocks = Self::blocks(self.bonds + 1);
        let count = self.groups.len();
        let zero = |group: &Group<P>| P::scaled(group.one, 0.0);
        let elongation = |n: usize| if n > 0 { elongations[n - 1] } else { 0.0 };
        let mut checkpoints: Vec<Means<P>> = Vec::with_capacity(blocks.len() * count);
        let start = |group: &Group<P>, end| Means { reflected: group.reflected(end, 0), sum: zero(group), bulk: false };
        let mut state: Vec<Means<P>> = self.groups.iter().map(|group| start(group, 0)).collect();
        for (b, sites) in blocks.iter().enumerate() {
            for (group, left) in self.groups.iter().zip(&mut state) {
                if b.is_multiple_of(FRESH) && !left.bulk {
                    left.reflected = group.reflected(0, sites.start);
                }
                left.sum = P::times(left.sum, group.mend_step);
                left.bulk |= sites.start > group.settled && P::negligible(left.reflected);
                checkpoints.push(*left);
                for n in sites.clone() {
                    Self::mean_step(group, left, momenta[n], elongation(n));
                }
            }
        }
        let mut out = Vector::zeros(self.bonds + 1, P::COMPLEX);
        let mut right: Vec<Means<P>> = self.groups.iter().map(|group| start(group, 1)).collect();
        let (mut kept, mut total) = ([[zero(&self.groups[0]); 2]; BLOCK], [P::number(0.0, 0.0); BLOCK]);
        for (b, sites) in blocks.iter().enumerate().rev() {
            total.fill(P::number(0.0, 0.0));
            let first = sites.start;
            for (i, group) in self.groups.iter().enumerate() {
                let mut left = checkpoints[b * count + i];
                for n in sites.clone() {
                    kept[n - first] = Self::mean_step(group, &mut left, momenta[n], elongation(n));
                }
                let right = &mut right[i];
                if (blocks.len() - 1 - b).is_multiple_of(FRESH) && !right.bulk {
                    right.reflected = group.reflected(1, self.bonds + 1 - sites.end);
                }
                right.sum = P::times(right.sum, group.mend_step);
                right.bulk |= self.bonds - sites.end.min(self.bonds) > group.settled && P::negligible(right.reflected);
                for n in sites.clone().rev() {
                    let [left_sum, left_factor] = kept[n - first];
                    if left.bulk && right.bulk {
                        let w = P::plus(left_sum, right.sum);
                        total[n - first] = total[n - first] + group.weight * P::product(w);
                        let sum = P::plus(right.sum, P::scaled(group.one, momenta[n]));
                        right.sum = P::plus(P::times(group.step, sum), P::scaled(group.bond, elongation(n)));
                        continue;
                    }
                    let factor = P::plus(group.one, right.reflected);
                    let w = P::plus(P::times(factor, left_sum), P::times(left_factor, right.sum));
                    total[n - first] = total[n - first] + group.weight * P::product(w);
                    right.sum = P::plus(right.sum, P::scaled(factor, momenta[n]));
                    if n > 0 {
                        let bond = P::plus(group.one, P::times(right.reflected, group.on));
                        let own = P::scaled(P::times(group.bond, bond), elongations[n - 1]);
                        right.sum = P::plus(P::times(group.step, right.sum), own);
                    }
                    right.reflected = P::times(right.reflected, group.turn);
                }
            }
            for n in sites.clone() {
                store::<P>(&mut out, n, total[n - first]);
            }
        }
        out
    }

    /// One site to the right: the sum up to p_n and its left factor.
    #[inline(always)]
    fn mean_step(group: &Group<P>, left: &mut Means<P>, p: f64, r: f64) -> [P::Factors; 2] {
        if left.bulk {
            let reach = P::plus(left.sum, P::scaled(group.bond_back, -r));
            left.sum = P::plus(P::times(group.step, reach), P::scaled(group.one, p));
            return [left.sum, group.one];
        }
        let factor = P::plus(group.one, left.reflected);
        let bond = P::plus(group.one, P::times(left.reflected, group.back));
        let reach = P::plus(left.sum, P::scaled(P::times(group.bond_back, bond), -r));
        left.sum = P::plus(P::times(group.step, reach), P::scaled(factor, p));
        left.reflected = P::times(left.reflected, group.turn);
        [left.sum, factor]
    }
}

/// What a sweep over the means carries: the reflected wave and the sum over what has been passed.
#[derive(Clone, Copy)]
struct Means<P: Pairing> {
    reflected: P::Factors,
    sum: P::Factors,
    /// No reflection is left.
    bulk: bool,
}

#[cfg(test)]
mod tests {
    use super::super::wave::tests::chain;
    use super::*;
    use faer::Mat;
    use faer::linalg::solvers::Solve;

    /// σ - B⊗1 - 1⊗B
    fn pair_operator(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
        let n = chain.coordinates();
        let mut m = Mat::from_fn(n * n, n * n, |i, j| if i == j { sigma } else { Complex64::ZERO });
        for (&v, (i, k)) in chain.drift().iter() {
            for j in 0..n {
                m[(i * n + j, k * n + j)] -= v;
                m[(j * n + i, j * n + k)] -= v;
            }
        }
        m
    }

    /// K_σ on all coordinates (r, then p) from the literal (σ - B⊗1 - 1⊗B)⁻¹.
    fn literal(chain: &Chain, sigma: Complex64) -> Mat<Complex64> {
        let n = chain.coordinates();
        let squares = Mat::from_fn(n * n, n, |i, j| if i == j * (n + 1) { Complex64::ONE } else { Complex64::ZERO });
        let x = pair_operator(chain, sigma).partial_piv_lu().solve(&squares);
        Mat::from_fn(n, n, |i, j| x[(i * (n + 1), j)])
    }

    fn unit(len: usize, at: usize, complex: bool) -> Vector {
        let mut v = Vector::zeros(len, complex);
        v.re[at] = 1.0;
        v
    }

    #[test]
    fn the_quadrature_gives_the_literal_kernel_at_every_shift() {
        for (bonds, gamma, friction) in [
            (1, 0.4, [1.0, 0.5]),
            (3, 1.0, [1.0, 0.0]),
            (4, 0.05, [0.3, 4.0]),
            (3, 12.0, [0.0, 1.0]),
            (2, 0.7, [0.0, 0.0]),
        ] {
            let chain = chain(bonds, gamma, friction);
            for (re, im) in [(0.0, 0.0), (0.03, 0.0), (0.4, 0.0), (0.01, 0.02), (-0.004, 0.01), (-0.02, 0.02)] {
                let sigma = Complex64::new(re * gamma, im * gamma);
                if sigma == Complex64::ZERO && friction == [0.0, 0.0] {
                    continue;
                }
                let exact = literal(&chain, sigma);
                let kernel = Kernel::new(&chain, sigma, Quality::FULL);
                let complex = im != 0.0;
                let size = (0..chain.coordinates()).map(|i| exact[(i, i)].norm()).fold(0.0, f64::max);
                for source in 0..chain.coordinates() {
                    let (p, r) = match source.checked_sub(bonds) {
                        Some(site) => (unit(bonds + 1, site, complex), Vector::zeros(bonds, complex)),
                        None => (Vector::zeros(bonds + 1, complex), unit(bonds, source, complex)),
                    };
                    let (on_p, on_r) = kernel.apply(&p, Some(&r));
                    for i in 0..chain.coordinates() {
                        let found = if i < bonds { on_r.at(i) } else { on_p.at(i - bonds) };
                        let error = (found - exact[(i, source)]).norm() / size;
                        assert!(
                            error < 1e-12,
                            "N {bonds} γ {gamma} σ {sigma}: ({i},{source}) {found} {}: {error:e}",
                            exact[(i, source)]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_squares_of_the_means_have_their_literal_transform() {
        // (σ - B⊗1 - 1⊗B)⁻¹ (w⊗w) on the diagonal.
        for (bonds, gamma, friction, sigma) in [
            (3, 1.0, [1.0, 0.5], (0.01, 0.03)),
            (4, 0.3, [0.0, 2.0], (-0.002, 0.004)),
            (2, 0.8, [1.0, 1.0], (0.2, 0.0)),
        ] {
            let chain = chain(bonds, gamma, friction);
            let sigma = Complex64::new(sigma.0, sigma.1);
            let n = chain.coordinates();
            let w: Vec<f64> = (0..n).map(|i| (1.3 * i as f64 + 0.4).sin()).collect();
            let solve = pair_operator(&chain, sigma).partial_piv_lu();
            let x = solve.solve(&Mat::from_fn(n * n, 1, |i, _| Complex64::from(w[i / n] * w[i % n])));
            let real = |v: &[f64]| Vector { re: v.to_vec(), im: vec![] };
            let kernel = Kernel::new(&chain, sigma, Quality::FULL);
            let found = kernel.mean_squares(&real(&w[bonds..]), &real(&w[..bonds]));
            let size = (0..n).map(|i| x[(i * (n + 1), 0)].norm()).fold(0.0, f64::max);
            for site in 0..=bonds {
                let exact = x[((bonds + site) * (n + 1), 0)];
                assert!(
                    (found.at(site) - exact).norm() < 1e-12 * size,
                    "{bonds} {sigma} {site}: {} {exact}",
                    found.at(site)
                );
            }
        }
    }

    #[test]
    fn the_flux_is_the_double_sum_of_the_kernel() {
        for (bonds, sigma) in [(5, Complex64::ZERO), (170, Complex64::ZERO), (140, Complex64::new(-1e-4, 2e-4))] {
            let chain = chain(bonds, 0.9, [1.0, 0.4]);
            let kernel = Kernel::new(&chain, sigma, Quality::FULL);
            let complex = sigma != Complex64::ZERO;
            let columns: Vec<Vector> =
                (0..=bonds).map(|n| kernel.apply(&unit(bonds + 1, n, complex), None).0).collect();
            for source in [0, bonds / 3, bonds - 1] {
                let flux = kernel.flux(&unit(bonds, source, complex));
                for bond in 0..bonds {
                    let (low, high) = (source.min(bond), source.max(bond));
                    let sum: Complex64 = (0..=low)
                        .flat_map(|m| (high + 1..=bonds).map(move |n| (m, n)))
                        .map(|(m, n)| columns[n].at(m))
                        .sum();
                    let error = (flux.at(bond) - 4.0 * chain.flip_rate * sum).norm();
                    assert!(
                        error < 1e-11 * flux.norm(),
                        "{bonds} {source} {bond}: {} {}",
                        flux.at(bond),
                        4.0 * chain.flip_rate * sum
                    );
                }
            }
        }
    }

    /// Largest violation of the row sums (6) at σ = 0.
    fn row_sums(chain: &Chain, quality: Quality) -> f64 {
        let kernel = Kernel::new(chain, Complex64::ZERO, quality);
        let mut v = Vector::zeros(chain.atoms(), false);
        v.re.fill(4.0 * chain.flip_rate);
        v.re[0] += 2.0 * chain.friction()[0];
        v.re[chain.bonds] += 2.0 * chain.friction()[1];
        let sums = kernel.apply(&v, None).0;
        sums.re.iter().map(|x| (x - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_row_sums_hold_over_the_range_of_flip_rates_and_frictions() {
        for gamma in [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0] {
            for friction in [[0.01, 1.0], [1.0, 0.0], [100.0, 0.1], [100.0, 100.0]] {
                for bonds in [1, 2, 9, 50, 400] {
                    // The path has 80/γ nodes for γ < 0.4; 400 bonds at the smallest rates only once.
                    if gamma < 0.05 && bonds > 9 && friction[0] < 100.0 {
                        continue;
                    }
                    let violation = row_sums(&chain(bonds, gamma, friction), Quality::FULL);
                    assert!(violation < 1e-13, "γ {gamma} λ {friction:?} N {bonds}: {violation:.1e}");
                }
            }
        }
    }

    #[test]
    fn the_row_sums_hold_for_long_chains() {
        for (gamma, friction) in [(1.0, [1.0, 1.0]), (0.3, [0.2, 0.0]), (5.0, [1.0, 30.0])] {
            let violation = row_sums(&chain(30_000, gamma, friction), Quality::FULL);
            assert!(violation < 1e-13, "γ {gamma} λ {friction:?}: {violation:.1e}");
        }
    }
}
