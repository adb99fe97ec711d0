//! The packed state: Ψᵀ C Ψ by rows k = 0..M of the triangle k' ≥ k, in each row the blocks pp, rr, rp, pr (pr being Cov(p_k, r_k')) of
//! M - k numbers: 2M(M+1) numbers, half of the full matrix.

use super::pair::{Blocks, number};
use super::pass::Place;
use crate::numerics::lanes::Lane;
use num_complex::Complex64;

/// Index of row k.
pub(super) fn row_start(modes: usize, k: usize) -> usize {
    4 * k * modes - 2 * k * k.saturating_sub(1)
}

/// The blocks at these pairs.
#[inline(always)]
pub(super) fn load<V: Lane>(state: &[f64], modes: usize, place: Place) -> Blocks<V> {
    let one: V = number(1.0);
    let (start, len) = (row_start(modes, place.row) + place.column - place.row, modes - place.row);
    Blocks {
        pp: one * V::Real::load(state, &[], start),
        rr: one * V::Real::load(state, &[], start + len),
        rp: one * V::Real::load(state, &[], start + 2 * len),
        pr: one * V::Real::load(state, &[], start + 3 * len),
    }
}

/// Adds Re(weight · x) at these pairs to rows of a state that begin at index `start` of it.
#[inline(always)]
pub(super) fn add<V: Lane>(
    rows: &mut [f64],
    start: usize,
    modes: usize,
    place: Place,
    weight: Complex64,
    x: &Blocks<V>,
) {
    let (at, len) = (row_start(modes, place.row) - start + place.column - place.row, modes - place.row);
    x.pp.real_part(weight).add_to(rows, &mut [], at);
    x.rr.real_part(weight).add_to(rows, &mut [], at + len);
    x.rp.real_part(weight).add_to(rows, &mut [], at + 2 * len);
    x.pr.real_part(weight).add_to(rows, &mut [], at + 3 * len);
}

/// Hands out the rows of a state to groups of rows.
pub(super) fn split<'a>(state: &'a mut [f64], modes: usize, groups: &[std::ops::Range<usize>]) -> Vec<&'a mut [f64]> {
    let mut rest = state;
    let mut parts = Vec::with_capacity(groups.len());
    for group in groups {
        let (rows, tail) = rest.split_at_mut(row_start(modes, group.end) - row_start(modes, group.start));
        parts.push(rows);
        rest = tail;
    }
    parts
}
