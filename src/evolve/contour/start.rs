//! What a contour starts from: the terms of Y(0) in the balance of energy, and its roundings.
//!
//! Y(0) is what the law has above the thermal state, less what oscillates, plus w wᵀ: entries of
//! doubles, held in modes. Its roundings δ are a start of their own, -δ 1 ≤ E(0) ≤ δ 1. The order
//! of symmetric matrices is kept (docs/theory/bounds.md), so that no variance ever has more of
//! them than δ. Once all that oscillates is gone they are heat that spreads with D = 1/4γ, and the
//! steepest that it can be, a step from -δ to δ at first, carries 2δ √(D/4πτ) = δ/√(4πγτ). A
//! current that is far below the thermal one may be below that.

use super::TransformedMoments;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw, ThermalState};
use crate::covariance::MomentEquations;
use crate::covariance::moments::largest;
use crate::evolve::sums::Start;
use std::f64::consts::PI;

/// The largest entry of a thermal state.
pub(super) fn largest_entry(state: &ThermalState) -> f64 {
    largest(&state.var_r).max(largest(&state.var_p)).max(state.correlation.abs())
}

/// The largest of a law's second moments about a mean that is `deviation` away.
pub(super) fn largest_moment(law: &InitialLaw, deviation: &[f64]) -> f64 {
    largest(&law.variance()).max(largest(deviation).powi(2))
}

/// The part of an error that is spread over a chain's variances by a time which its currents see.
pub(super) fn in_current(chain: &Chain, time: f64) -> f64 {
    (4.0 * PI * chain.flip_rate * time).sqrt().recip().min(1.0)
}

impl<E: MomentEquations + ?Sized> TransformedMoments<'_, E> {
    pub(super) fn balance_of_start(&self) -> Start {
        let (chain, start) = (self.equations.chain(), self.equations.matrix(&self.start));
        let variance = start.diag().to_vec();
        let (elongation, momentum) = variance.split_at(chain.bonds);
        let product = |bond: usize| {
            let (left, right) = chain.bond_ends(bond);
            start[[chain.bonds + left, bond]] + start[[chain.bonds + right, bond]]
        };
        Start {
            elongation: elongation.to_vec(),
            momentum: momentum.to_vec(),
            products: (0..chain.bonds).map(product).sum(),
            apart: [true; 2],
        }
    }

    /// What the roundings of the start have left by a time in a variance and in a current.
    pub(super) fn left_of_roundings(&self, time: f64) -> [f64; 2] {
        let chain = self.equations.chain();
        // Those of the modes are spread: a site sees the Frobenius norm over √M.
        let held = self.equations.norm(&self.start) / (chain.atoms() as f64).sqrt();
        let rounded = rounding::FORMULA * (self.formed_of + held) * (-self.decay * time).exp();
        [rounded, rounded * in_current(chain, time)]
    }
}
