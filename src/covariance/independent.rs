//! The initial matrix of independent coordinates, Y = diag(v) + w wᵀ, in the modes of an open chain
//! and as O(N) numbers.
//!
//! Of a diagonal, Ψᵀ diag(v_p) Ψ is Toeplitz plus Hankel ([`Modes::table`]), and so is Φᵀ diag(v_r)
//! Φ ([`Modes::elongation_table`]) with the Hankel part subtracted.

use super::pair::Blocks;
use super::pass::Place;
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::euclidean;

/// Y in modes.
pub struct Independent {
    /// The tables of v_r and of v_p.
    elongation: Vec<f64>,
    momentum: Vec<f64>,
    /// w in modes, r and p.
    r: Vec<f64>,
    p: Vec<f64>,
    /// ‖v‖ + ‖w‖², at least the Frobenius norm of Y.
    pub norm: f64,
}

impl Independent {
    /// From v and w in the theory's order; the modes of an open chain. O(N log N).
    pub fn new(modes: &Modes, variance: &[f64], w: &[f64]) -> Independent {
        let (elongation, momentum) = variance.split_at(modes.count() - modes.padding());
        let [r, p] = modes.of_coordinates(w);
        Independent {
            elongation: modes.elongation_table(elongation),
            momentum: modes.table(momentum),
            r,
            p,
            norm: euclidean(variance) + euclidean(w).powi(2),
        }
    }

    /// Y at these pairs; `norms` is ν ν'.
    #[inline(always)]
    pub(super) fn at<V: Lane>(&self, place: Place<V::Simd>, norms: V::Real) -> Blocks<V::Real> {
        let load = |values: &[f64], at: usize| V::Real::load(place.simd, values, &[], at);
        let of_row = |values: &[f64]| V::Real::number(place.simd, values[place.row]);
        let (r, p) = (of_row(&self.r), of_row(&self.p));
        let (r_across, p_across) = (load(&self.r, place.column), load(&self.p, place.column));
        let momentum = load(&self.momentum, place.difference) + load(&self.momentum, place.sum);
        let elongation =
            load(&self.elongation, place.difference) - load(&self.elongation, place.sum);
        Blocks {
            pp: momentum * norms + p * p_across,
            rr: elongation * norms + r * r_across,
            rp: r * p_across,
            pr: p * r_across,
        }
    }
}
