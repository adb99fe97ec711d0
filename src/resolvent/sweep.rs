//! The squared kernel as two recurrences along the chain, eight quadrature nodes side by side.
//!
//! The entry of two coordinates a ≤ b along p_0, r_1, p_1, .., r_N, p_N is c times a left factor of
//! a and a right factor of b, with [1+x] = (1+x₁)(1+x₂) and c, p, κ of [`super::group`]:
//!
//! ```text
//! left:   p_n: p⁻ⁿ [1 + A z²ⁿ],       r_n: κ p⁻ⁿ [1 - A z²ⁿ⁻¹]
//! right:  p_n: pⁿ [1 + B z²⁽ᴺ⁻ⁿ⁾],    r_n: κ pⁿ⁻¹ [1 - B z²⁽ᴺ⁻ⁿ⁾⁺¹]
//! ```
//!
//! In a corner ([`Section::Corner`]) the left factor has [1+x] - 1 and the right one no reflection:
//! what an end adds to the chain without ends. Cost: some ten to fifty operations a site and node;
//! results in lanes, summed at the end of a block.

use super::group::{BLOCK, Group};
use super::pairing::{Pairing, Simd};
use crate::numerics::lanes::Lane;
use crate::numerics::registers::Vectorized;
use crate::numerics::vector::Vector;
use std::ops::Range;

/// Blocks after which the reflected waves are computed afresh instead of being carried on.
pub(super) const FRESH: usize = 16;

/// A part of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// All of it between N+1 momenta.
    Chain,
    /// The part that one end adds to the chain without ends; vectors are counted from that end.
    Corner(usize),
}

/// An operator and the vectors that it is applied to.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    /// K on momenta (one more than elongations) and elongations.
    Apply { momenta: &'a Vector, elongations: Option<&'a Vector> },
    /// Φ/4γ on the differences across bonds.
    Flux(&'a Vector),
}

/// The recurrences of some groups.
pub(super) struct Sweep<'a, P: Pairing> {
    pub groups: &'a [&'a Group<P>],
    pub section: Section,
    pub work: Work<'a>,
}

impl<P: Pairing> Vectorized for Sweep<'_, P> {
    type Output = (Vector, Vector);
    type Numbers = P::Wide;

    #[inline(always)]
    fn run(self, simd: Simd<P>) -> (Vector, Vector) {
        match self.work {
            Work::Apply { momenta, elongations } => self.apply(simd, momenta, elongations),
            Work::Flux(differences) => (self.flux(simd, differences), Vector::default()),
        }
    }
}

/// The state of the sweep to the right: A z²ⁿ, and the sums over what lies to the left.
#[derive(Clone, Copy)]
struct Left<P: Pairing> {
    reflected: P::Factors,
    ones: P::Value,
    sum: P::Value,
}

#[inline(always)]
pub(super) fn at<P: Pairing>(simd: Simd<P>, v: &Vector, i: usize) -> P::Value {
    P::number(simd, v.re[i], if P::COMPLEX { v.im[i] } else { 0.0 })
}

/// v at bond n, counted from 1; zero where there is none.
#[inline(always)]
fn bond_of<P: Pairing>(simd: Simd<P>, v: Option<&Vector>, n: usize) -> P::Value {
    match v {
        Some(v) if n > 0 => at::<P>(simd, v, n - 1),
        _ => P::number(simd, 0.0, 0.0),
    }
}

#[inline(always)]
pub(super) fn store<P: Pairing>(v: &mut Vector, i: usize, value: P::Value) {
    let sum = value.sum();
    v.re[i] = sum.re;
    if P::COMPLEX {
        v.im[i] = sum.im;
    }
}

pub(super) fn blocks(len: usize) -> Vec<Range<usize>> {
    (0..len.div_ceil(BLOCK)).map(|b| b * BLOCK..((b + 1) * BLOCK).min(len)).collect()
}

impl<P: Pairing> Sweep<'_, P> {
    fn end(&self) -> usize {
        match self.section {
            Section::Chain => 0,
            Section::Corner(end) => end,
        }
    }

    /// Sites a group is followed for.
    #[inline(always)]
    fn reach(&self, group: &Group<P>) -> usize {
        match self.section {
            Section::Chain => usize::MAX,
            Section::Corner(end) => group.reach.corner[end],
        }
    }

    /// [1+x], or in a corner [1+x] - 1.
    #[inline(always)]
    fn factor(&self, reflected: P::Factors) -> P::Value {
        match self.section {
            Section::Chain => P::square(reflected),
            Section::Corner(_) => P::excess(reflected),
        }
    }

    /// B z²ⁿ at n sites from the far end.
    #[inline(always)]
    fn far(&self, group: &Group<P>, n: usize) -> P::Factors {
        match self.section {
            Section::Chain => group.reflected(1, n),
            Section::Corner(_) => P::scaled(group.one, 0.0),
        }
    }

    /// The state of a group at the beginning of a block whose first site is `first`.
    #[inline(always)]
    fn refresh(&self, group: &Group<P>, left: &mut Left<P>, block: usize, first: usize) {
        if block.is_multiple_of(FRESH) {
            left.reflected = group.reflected(self.end(), first);
        }
        left.ones = left.ones * group.mend;
        left.sum = left.sum * group.mend;
    }

    /// Φ/4γ: with F_j = Σ_(m≤j) p^(j-m) [1 + A z²ᵐ] and X_j = Σ_(n>j) p^(n-j) [1 + B z²⁽ᴺ⁻ⁿ⁾], the
    /// entry at i ≤ j is c p^(j-i) F_i X_j. In a corner F has 1/(1-p) less, and X is p/(1-p).
    #[inline(always)]
    fn flux(&self, simd: Simd<P>, g: &Vector) -> Vector {
        let zero = P::number(simd, 0.0, 0.0);
        let chain = self.section == Section::Chain;
        let (sites, blocks) = (g.len(), blocks(g.len()));
        let mut checkpoints = vec![Vec::<Left<P>>::new(); self.groups.len()];
        for (group, checkpoints) in self.groups.iter().zip(&mut checkpoints) {
            let ones = if chain { zero } else { zero - group.sum };
            let mut left = Left { reflected: group.reflected(self.end(), 0), ones, sum: zero };
            for (b, sites) in
                blocks.iter().enumerate().take_while(|(_, sites)| sites.start < self.reach(group))
            {
                self.refresh(group, &mut left, b, sites.start);
                checkpoints.push(left);
                for j in sites.clone() {
                    left.ones = left.ones * group.decay + self.factor(left.reflected);
                    left.sum = left.sum * group.decay + left.ones * at::<P>(simd, g, j);
                    left.reflected = P::times(left.reflected, group.turn);
                }
            }
        }
        let mut out = Vector::zeros(sites, P::COMPLEX);
        let far = |group: &Group<P>| Left {
            reflected: self.far(group, 0),
            ones: if chain { zero } else { group.sum * group.decay },
            sum: zero,
        };
        let mut right: Vec<Left<P>> = self.groups.iter().map(|group| far(group)).collect();
        let (mut ones, mut sums, mut total) = ([zero; BLOCK], [zero; BLOCK], [zero; BLOCK]);
        for (b, block) in blocks.iter().enumerate().rev() {
            total.fill(zero);
            let first = block.start;
            for ((group, right), checkpoints) in
                self.groups.iter().zip(&mut right).zip(&checkpoints)
            {
                let Some(left) = checkpoints.get(b) else { continue };
                if chain && (blocks.len() - 1 - b).is_multiple_of(FRESH) {
                    right.reflected = self.far(group, sites - block.end);
                }
                right.sum = right.sum * group.mend;
                let (mut reflected, mut one, mut sum) = (left.reflected, left.ones, left.sum);
                for j in block.clone() {
                    one = one * group.decay + self.factor(reflected);
                    sum = sum * group.decay + one * at::<P>(simd, g, j);
                    reflected = P::times(reflected, group.turn);
                    (ones[j - first], sums[j - first]) = (one, sum);
                }
                if chain {
                    right.ones = right.ones * group.mend;
                    for j in block.clone().rev() {
                        right.ones = (right.ones + P::square(right.reflected)) * group.decay;
                        right.reflected = P::times(right.reflected, group.turn);
                        let value = right.ones * sums[j - first] + ones[j - first] * right.sum;
                        total[j - first] = total[j - first] + group.weight * value;
                        right.sum = (right.sum + right.ones * at::<P>(simd, g, j)) * group.decay;
                    }
                } else {
                    for j in block.clone().rev() {
                        let value = right.ones * sums[j - first] + ones[j - first] * right.sum;
                        total[j - first] = total[j - first] + group.weight * value;
                        right.sum = (right.sum + right.ones * at::<P>(simd, g, j)) * group.decay;
                    }
                }
            }
            for j in block.clone() {
                store::<P>(&mut out, j, total[j - first]);
            }
        }
        out
    }

    /// One site to the right: the sums up to r_n and p_n, and the left factors of both.
    #[inline(always)]
    fn step(
        &self,
        group: &Group<P>,
        left: &mut Left<P>,
        n: usize,
        p: P::Value,
        r: P::Value,
    ) -> [P::Value; 4] {
        let momentum = self.factor(left.reflected);
        let (mut bond, mut reach) = (P::number(p.simd(), 0.0, 0.0), left.sum);
        if n > 0 {
            bond = self.factor(P::times(left.reflected, group.back));
            reach = reach + group.elongation_back * bond * r;
        }
        left.sum = group.decay * reach + momentum * p;
        left.reflected = P::times(left.reflected, group.turn);
        [reach, left.sum, bond, momentum]
    }

    /// K v on all coordinates.
    #[inline(always)]
    fn apply(
        &self,
        simd: Simd<P>,
        momenta: &Vector,
        elongations: Option<&Vector>,
    ) -> (Vector, Vector) {
        let zero = P::number(simd, 0.0, 0.0);
        let (sites, blocks) = (momenta.len(), blocks(momenta.len()));
        let mut checkpoints = vec![Vec::<Left<P>>::new(); self.groups.len()];
        for (group, checkpoints) in self.groups.iter().zip(&mut checkpoints) {
            let mut left =
                Left { reflected: group.reflected(self.end(), 0), ones: zero, sum: zero };
            for (b, sites) in
                blocks.iter().enumerate().take_while(|(_, sites)| sites.start < self.reach(group))
            {
                self.refresh(group, &mut left, b, sites.start);
                checkpoints.push(left);
                for n in sites.clone() {
                    self.step(
                        group,
                        &mut left,
                        n,
                        at::<P>(simd, momenta, n),
                        bond_of::<P>(simd, elongations, n),
                    );
                }
            }
        }
        let mut on_momenta = Vector::zeros(sites, P::COMPLEX);
        let mut on_elongations = Vector::zeros(sites - 1, P::COMPLEX);
        let mut right: Vec<(P::Factors, P::Value)> =
            self.groups.iter().map(|g| (self.far(g, 0), zero)).collect();
        let (mut kept, mut total) = ([[zero; 4]; BLOCK], [[zero; 2]; BLOCK]);
        for (b, block) in blocks.iter().enumerate().rev() {
            total.fill([zero; 2]);
            let first = block.start;
            for ((group, (reflected, sum)), checkpoints) in
                self.groups.iter().zip(&mut right).zip(&checkpoints)
            {
                let Some(&(mut left)) = checkpoints.get(b) else { continue };
                if (blocks.len() - 1 - b).is_multiple_of(FRESH) {
                    *reflected = self.far(group, sites - block.end);
                }
                *sum = *sum * group.mend;
                for n in block.clone() {
                    let (p, r) = (at::<P>(simd, momenta, n), bond_of::<P>(simd, elongations, n));
                    kept[n - first] = self.step(group, &mut left, n, p, r);
                }
                for n in block.clone().rev() {
                    let [reach, left_sum, left_bond, left_momentum] = kept[n - first];
                    let momentum = P::square(*reflected);
                    let out = &mut total[n - first];
                    out[0] = out[0] + group.weight * (momentum * left_sum + left_momentum * *sum);
                    *sum = *sum + momentum * at::<P>(simd, momenta, n);
                    if n > 0 {
                        let bond = P::square(P::times(*reflected, group.on));
                        out[1] = out[1]
                            + group.weight * group.elongation * (bond * reach + left_bond * *sum);
                        *sum = group.decay * *sum
                            + group.elongation * bond * bond_of::<P>(simd, elongations, n);
                    }
                    *reflected = P::times(*reflected, group.turn);
                }
            }
            for n in block.clone() {
                store::<P>(&mut on_momenta, n, total[n - first][0]);
                if n > 0 {
                    store::<P>(&mut on_elongations, n - 1, total[n - first][1]);
                }
            }
        }
        (on_momenta, on_elongations)
    }
}
