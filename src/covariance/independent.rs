//! The covariance of independent coordinates, diag(v), in the modes of an open chain and as O(N)
//! numbers.
//!
//! Ψᵀ diag(v_p) Ψ is Toeplitz plus Hankel ([`Modes::table`]), and so is Φᵀ diag(v_r)
//! Φ ([`Modes::elongation_table`]) with the Hankel part subtracted.

use super::pass::Place;
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::euclidean;

/// diag(v) in modes.
pub struct Independent {
    /// The tables of v_r and of v_p.
    elongation: Vec<f64>,
    momentum: Vec<f64>,
    /// ‖v‖, its Frobenius norm.
    pub norm: f64,
}

impl Independent {
    /// From v in the theory's order; the modes of an open chain. O(N log N).
    pub fn new(modes: &Modes, variance: &[f64]) -> Independent {
        let (elongation, momentum) = variance.split_at(modes.count() - modes.padding());
        Independent {
            elongation: modes.elongation_table(elongation),
            momentum: modes.table(momentum),
            norm: euclidean(variance),
        }
    }

    /// The blocks pp and rr at these pairs; the others are 0. `norms` is ν ν'.
    #[inline(always)]
    pub(super) fn at<V: Lane>(&self, place: Place<V::Simd>, norms: V::Real) -> [V::Real; 2] {
        let load = |values: &[f64], at: usize| V::Real::load(place.simd, values, &[], at);
        let momentum = load(&self.momentum, place.difference) + load(&self.momentum, place.sum);
        let elongation =
            load(&self.elongation, place.difference) - load(&self.elongation, place.sum);
        [momentum * norms, elongation * norms]
    }
}
