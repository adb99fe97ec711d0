//! The packed state: Ψᵀ C Ψ by rows k = 0..M of the triangle k' ≥ k, in each row the blocks pp, rr,
//! rp, pr (pr being Cov(p_k, r_k')) of M - k numbers: 2M(M+1) numbers, half of the full matrix.

use super::pair::Blocks;
use super::pass::Place;
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use num_complex::Complex64;
use rayon::prelude::*;

/// Index of row k.
pub(super) fn row_start(modes: usize, k: usize) -> usize {
    4 * k * modes - 2 * k * k.saturating_sub(1)
}

/// The blocks pp, rr, rp and pr of a row.
pub(super) fn blocks(row: &[f64]) -> [&[f64]; 4] {
    let len = row.len() / 4;
    std::array::from_fn(|block| &row[block * len..(block + 1) * len])
}

/// The blocks at these pairs.
#[inline(always)]
pub(super) fn load<V: Lane>(state: &[f64], modes: usize, place: Place<V::Simd>) -> Blocks<V> {
    let one: V = V::number(place.simd, 1.0);
    let (start, len) = (row_start(modes, place.row) + place.column - place.row, modes - place.row);
    Blocks {
        pp: one * V::Real::load(place.simd, state, &[], start),
        rr: one * V::Real::load(place.simd, state, &[], start + len),
        rp: one * V::Real::load(place.simd, state, &[], start + 2 * len),
        pr: one * V::Real::load(place.simd, state, &[], start + 3 * len),
    }
}

/// Adds Re(weight · x) at these pairs to rows of a state that begin at index `start` of it.
#[inline(always)]
pub(super) fn add<V: Lane>(
    rows: &mut [f64],
    start: usize,
    modes: usize,
    place: Place<V::Simd>,
    weight: Complex64,
    x: &Blocks<V>,
) {
    let (at, len) =
        (row_start(modes, place.row) - start + place.column - place.row, modes - place.row);
    x.pp.real_part(weight).add_to(rows, &mut [], at);
    x.rr.real_part(weight).add_to(rows, &mut [], at + len);
    x.rp.real_part(weight).add_to(rows, &mut [], at + 2 * len);
    x.pr.real_part(weight).add_to(rows, &mut [], at + 3 * len);
}

/// Hands out the rows of a state to groups of rows.
pub(super) fn split<'a>(
    state: &'a mut [f64],
    modes: usize,
    groups: &[std::ops::Range<usize>],
) -> Vec<&'a mut [f64]> {
    let mut rest = state;
    let mut parts = Vec::with_capacity(groups.len());
    for group in groups {
        let (rows, tail) =
            rest.split_at_mut(row_start(modes, group.end) - row_start(modes, group.start));
        parts.push(rows);
        rest = tail;
    }
    parts
}

/// Transforms both indices of one block in place; `row` and `column` act on one vector.
fn transform(
    block: &mut ArrayViewMut2<f64>,
    row: impl Fn(&mut [f64]) + Sync,
    column: impl Fn(&mut [f64]) + Sync,
) {
    for (axis, map) in [(Axis(0), &row as &(dyn Fn(&mut [f64]) + Sync)), (Axis(1), &column)] {
        // A vector along one axis is a lane along the other.
        let lanes: Vec<_> = block.axis_iter_mut(axis).collect();
        lanes.into_par_iter().for_each(|mut lane| {
            let mut copy: Vec<f64> = lane.iter().copied().collect();
            map(&mut copy);
            lane.iter_mut().zip(&copy).for_each(|(to, from)| *to = *from);
        });
    }
}

/// The packed state of a symmetric matrix in the theory's order.
pub(super) fn of_matrix(modes: &Modes, covariance: &Array2<f64>) -> Vec<f64> {
    let (m, pad) = (modes.count(), modes.padding());
    let bonds = m - pad;
    let elongation = |v: &mut [f64]| modes.elongation_to_modes(v);
    let momentum = |v: &mut [f64]| modes.momentum_to_modes(v);
    let mut state = vec![0.0; row_start(m, m)];
    let mut fill = |block: usize, entry: &dyn Fn(usize, usize) -> f64| {
        for k in 0..m {
            let start = row_start(m, k) + block * (m - k);
            (k..m).for_each(|j| state[start + j - k] = entry(k, j));
        }
    };
    let mut pp = covariance.slice(s![bonds.., bonds..]).to_owned();
    transform(&mut pp.view_mut(), momentum, momentum);
    fill(0, &|k, j| pp[[k, j]]);
    let mut padded = Array2::zeros((m, m));
    padded.slice_mut(s![pad.., pad..]).assign(&covariance.slice(s![..bonds, ..bonds]));
    transform(&mut padded.view_mut(), elongation, elongation);
    fill(1, &|k, j| padded[[k, j]]);
    padded.fill(0.0);
    padded.slice_mut(s![pad.., ..]).assign(&covariance.slice(s![..bonds, bonds..]));
    transform(&mut padded.view_mut(), momentum, elongation);
    fill(2, &|k, j| padded[[k, j]]);
    fill(3, &|k, j| padded[[j, k]]);
    state
}

/// The matrix of a packed state, in the theory's order.
pub(super) fn to_matrix(modes: &Modes, state: &[f64]) -> Array2<f64> {
    let (m, pad) = (modes.count(), modes.padding());
    let bonds = m - pad;
    let elongation = |v: &mut [f64]| modes.elongation_to_sites(v);
    let momentum = |v: &mut [f64]| modes.momentum_to_sites(v);
    let entry = |block: usize, k: usize, j: usize| state[row_start(m, k) + block * (m - k) + j - k];
    let formed = |entry: &(dyn Fn(usize, usize) -> f64 + Sync)| {
        let mut block = Array2::zeros((m, m));
        let rows: Vec<_> = block.axis_iter_mut(Axis(0)).collect();
        rows.into_par_iter().enumerate().for_each(|(k, mut row)| {
            row.iter_mut().enumerate().for_each(|(j, x)| *x = entry(k, j));
        });
        block
    };
    let symmetric = |block: usize| formed(&|k, j| entry(block, k.min(j), k.max(j)));
    let mut out = Array2::zeros((bonds + m, bonds + m));
    let mut work = symmetric(0);
    transform(&mut work.view_mut(), momentum, momentum);
    copy(work.view(), out.slice_mut(s![bonds.., bonds..]));
    work = symmetric(1);
    transform(&mut work.view_mut(), elongation, elongation);
    copy(work.slice(s![pad.., pad..]), out.slice_mut(s![..bonds, ..bonds]));
    work = formed(&|k, j| if k <= j { entry(2, k, j) } else { entry(3, j, k) });
    transform(&mut work.view_mut(), momentum, elongation);
    copy(work.slice(s![pad.., ..]), out.slice_mut(s![..bonds, bonds..]));
    copy(work.slice(s![pad.., ..]).reversed_axes(), out.slice_mut(s![bonds.., ..bonds]));
    out
}

/// Copies a matrix, its rows side by side.
fn copy(from: ArrayView2<f64>, mut to: ArrayViewMut2<f64>) {
    let rows: Vec<_> = to.axis_iter_mut(Axis(0)).zip(from.axis_iter(Axis(0))).collect();
    rows.into_par_iter().for_each(|(mut to, from)| to.assign(&from));
}

/// Frobenius norm of the matrix of a packed state of `m` modes.
pub(super) fn norm(m: usize, state: &[f64]) -> f64 {
    let mut sum = 0.0;
    for k in 0..m {
        let row = &state[row_start(m, k)..row_start(m, k + 1)];
        // An entry stands for its mirror image too, but for pp and rr on the diagonal; rp and pr
        // there are each other's.
        let all: f64 = row.iter().map(|x| x * x).sum();
        let diagonal: f64 = (0..4).map(|block| row[block * (m - k)].powi(2)).sum();
        sum += 2.0 * all - diagonal;
    }
    sum.sqrt()
}
