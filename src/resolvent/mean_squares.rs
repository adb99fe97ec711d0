//! The transform of squares of means: Σ c ŵ₁ŵ₂ on the momenta, with ŵ = M⁻¹(s w_p - Dᵀ w_r), over
//! the nodes of one path.
//!
//! ŵ is a sweep to the right and one to the left with the factors of one resolvent, p_n: z⁻ⁿ(1 + A
//! z²ⁿ), r_n: the same of (Dφ)_n/s, and an elongation acts with the sign -1; their product is
//! quadratic in w, so that every node is followed along the whole chain. Cost: O(N) a node.

use super::group::{BLOCK, Group};
use super::pairing::{Pairing, Simd};
use super::sweep::{FRESH, blocks, store};
use crate::numerics::registers::Vectorized;
use crate::numerics::vector::Vector;

/// The recurrences of some groups.
pub(super) struct MeanSquares<'a, P: Pairing> {
    pub groups: &'a [&'a Group<P>],
    pub bonds: usize,
    pub momenta: &'a [f64],
    pub elongations: &'a [f64],
}

/// The state of a sweep over the means: the reflected wave, and the sum over the sites so far.
#[derive(Clone, Copy)]
struct Means<P: Pairing> {
    reflected: P::Factors,
    sum: P::Factors,
    /// No reflection is left.
    bulk: bool,
}

impl<P: Pairing> Vectorized for MeanSquares<'_, P> {
    type Output = Vector;
    type Numbers = P::Wide;

    #[inline(always)]
    fn run(self, simd: Simd<P>) -> Vector {
        let (momenta, elongations) = (self.momenta, self.elongations);
        let blocks = blocks(self.bonds + 1);
        let count = self.groups.len();
        let zero = |group: &Group<P>| P::scaled(group.one, 0.0);
        let elongation = |n: usize| if n > 0 { elongations[n - 1] } else { 0.0 };
        let mut checkpoints: Vec<Means<P>> = Vec::with_capacity(blocks.len() * count);
        let start = |group: &Group<P>, end| Means {
            reflected: group.reflected(end, 0),
            sum: zero(group),
            bulk: false,
        };
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
                    Self::step(group, left, momenta[n], elongation(n));
                }
            }
        }
        let mut out = Vector::zeros(self.bonds + 1, P::COMPLEX);
        let mut right: Vec<Means<P>> = self.groups.iter().map(|group| start(group, 1)).collect();
        let (mut kept, mut total) =
            ([[zero(self.groups[0]); 2]; BLOCK], [P::number(simd, 0.0, 0.0); BLOCK]);
        for (b, sites) in blocks.iter().enumerate().rev() {
            total.fill(P::number(simd, 0.0, 0.0));
            let first = sites.start;
            for (i, group) in self.groups.iter().enumerate() {
                let mut left = checkpoints[b * count + i];
                for n in sites.clone() {
                    kept[n - first] = Self::step(group, &mut left, momenta[n], elongation(n));
                }
                let right = &mut right[i];
                if (blocks.len() - 1 - b).is_multiple_of(FRESH) && !right.bulk {
                    right.reflected = group.reflected(1, self.bonds + 1 - sites.end);
                }
                right.sum = P::times(right.sum, group.mend_step);
                right.bulk |= self.bonds - sites.end.min(self.bonds) > group.settled
                    && P::negligible(right.reflected);
                for n in sites.clone().rev() {
                    let [left_sum, left_factor] = kept[n - first];
                    if left.bulk && right.bulk {
                        let w = P::plus(left_sum, right.sum);
                        total[n - first] = total[n - first] + group.weight * P::product(w);
                        let sum = P::plus(right.sum, P::scaled(group.one, momenta[n]));
                        right.sum = P::plus(
                            P::times(group.step, sum),
                            P::scaled(group.bond, elongation(n)),
                        );
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
}

impl<P: Pairing> MeanSquares<'_, P> {
    /// One site to the right: the sum up to p_n and its left factor.
    #[inline(always)]
    fn step(group: &Group<P>, left: &mut Means<P>, p: f64, r: f64) -> [P::Factors; 2] {
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
