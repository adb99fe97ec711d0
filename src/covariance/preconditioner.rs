//! The preconditioner of the interface: blocks diagonal in the modes, one for the flips and one for the friction.
//!
//! Flips: q̂_k, the diagonal of 1 - 4γK in the modes without friction (on the ring it is all of it). Friction: with X ≈ e zᵀ, z = (y, x) the
//! columns of one end, the answer read back at e is diagonal in the mode of z,
//!
//! ```text
//! z_k' + λ Σ_k e_k² [ pp←pp  pp←pr ; pr←pp  pr←pr ]_(kk') z_k' = b_k',
//! ```
//!
//! a block of 2 numbers an end and mode; what it leaves out, z eᵀ, is a Cauchy kernel with few large singular values. The number of iterations
//! then grows neither with N nor much with λ (examples/iterations.rs). Cost: two passes over the pairs to make it, O(M log M) to apply it.

use super::interface::{Interface, total};
use super::pair::{Blocks, Pair, Shift, number};
use super::pass::{self, Field, Place, Visitor};
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::Vector;
use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;
use std::marker::PhantomData;

/// An approximate inverse of 1 - T, made for one shift.
pub(super) struct Preconditioner<'a> {
    modes: &'a Modes,
    /// 1/q̂_k
    flips: Vec<Complex64>,
    /// Inverses of the blocks of friction, mode by mode; rows and columns y, x of each end.
    friction: Vec<Mat<Complex64>>,
}

impl<'a> Preconditioner<'a> {
    pub fn new<F: Field>(interface: &Interface<'a>) -> Preconditioner<'a> {
        let flips = symbol::<F>(interface).iter().map(Complex64::inv).collect();
        Preconditioner { modes: interface.modes, flips, friction: friction_blocks::<F>(interface) }
    }

    /// P⁻¹ w
    pub fn apply(&self, w: &Vector) -> Vector {
        let m = self.modes.count();
        let mut d = w.map_range(0..m, |d| {
            let mut d = d.to_vec();
            self.modes.momentum_to_modes(&mut d);
            d
        });
        (0..m).for_each(|k| d.set(k, d.at(k) * self.flips[k]));
        let mut out = Vector::zeros(w.len(), w.is_complex());
        for (out, d) in [(&mut out.re, &mut d.re), (&mut out.im, &mut d.im)] {
            if !d.is_empty() {
                self.modes.momentum_to_sites(d);
                out[..m].copy_from_slice(d);
            }
        }
        for (k, block) in self.friction.iter().enumerate() {
            for i in 0..block.nrows() {
                let z = (0..block.ncols()).map(|j| block[(i, j)] * w.at((1 + j) * m + k)).sum();
                out.set((1 + i) * m + k, z);
            }
        }
        out
    }
}

/// q̂_k. At σ = 0 the uniform mode has q̂_0 = 0, and q̂_1 stands in for it.
fn symbol<F: Field>(interface: &Interface<'_>) -> Vec<Complex64> {
    let (modes, m) = (interface.modes, interface.modes.count());
    let special = interface.shift == Complex64::ZERO;
    let symbol = if modes.is_ring() {
        let mut impulse = Vector::zeros(m, F::COMPLEX);
        impulse.re[0] = 1.0;
        let free = Interface { ends: &[], ..*interface };
        free.apply::<F>(&impulse).map_range(0..m, |column| modes.circulant_symbol(column))
    } else {
        let squares = |_| Squares::<F> {
            modes,
            pairs: interface.pairs(),
            special,
            sums: Vector::zeros(modes.table_len(), F::COMPLEX),
            field: PhantomData,
        };
        let squares = pass::run::<F, _>(modes, interface.groups, interface.groups.iter().map(squares).collect());
        let sums = total(squares.into_iter().map(|squares| squares.sums));
        sums.map_range(0..sums.len(), |sums| modes.diagonal_symbol(sums))
    };
    let mut symbol: Vec<Complex64> = (0..m).map(|k| symbol.at(k)).collect();
    if special && m > 1 {
        symbol[0] = symbol[1];
    }
    symbol
}

/// The inverses of the blocks of friction.
fn friction_blocks<F: Field>(interface: &Interface<'_>) -> Vec<Mat<Complex64>> {
    let (m, ends) = (interface.modes.count(), interface.ends);
    if ends.is_empty() {
        return Vec::new();
    }
    let responses = |_| Responses::<F> {
        interface: *interface,
        pairs: interface.pairs(),
        sums: Vector::zeros(4 * ends.len() * m, F::COMPLEX),
        row: [[0.0; 16]; 8],
        field: PhantomData,
    };
    let responses =
        pass::run::<F, _>(interface.modes, interface.groups, interface.groups.iter().map(responses).collect());
    let sums = total(responses.into_iter().map(|responses| responses.sums));
    (0..m)
        .map(|k| {
            // e of the right end is ± e of the left one, so that only their product matters.
            let response = |i: usize, j: usize, kind: usize| sums.at((4 * i.abs_diff(j) + kind) * m + k);
            let block = Mat::from_fn(2 * ends.len(), 2 * ends.len(), |row, column| {
                let coupling = response(row / 2, column / 2, 2 * (row % 2) + column % 2) * ends[column / 2].friction;
                if row == column { 1.0 + coupling } else { coupling }
            });
            block.partial_piv_lu().solve(Mat::<Complex64>::identity(2 * ends.len(), 2 * ends.len()))
        })
        .collect()
}

/// Sums of q (νν')² over the places of each table entry.
struct Squares<'a, F> {
    modes: &'a Modes,
    pairs: Shift,
    special: bool,
    sums: Vector,
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Squares<'_, F> {
    #[inline(always)]
    fn start_row(&mut self, _row: usize) {}

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place) {
        if self.special && place.diagonal && place.row == 0 {
            return;
        }
        let a = number(self.modes.frequency[place.row]);
        let pair = self.pairs.pair::<V>(a, V::Real::load(&self.modes.frequency, &[], place.column));
        let norms = number::<V::Real>(self.modes.norm[place.row]) * V::Real::load(&self.modes.norm, &[], place.column);
        // In row 0 both parts of the table fall on one entry: (1+1)² = 2·(1+1). The diagonal counts half, as everywhere.
        let weight = if place.row == 0 { 2.0 } else { 1.0 } * if place.diagonal { 0.5 } else { 1.0 };
        let value = pair.remainder * (norms * norms * number::<V::Real>(weight));
        value.add_to(&mut self.sums.re, &mut self.sums.im, place.difference);
        value.add_to(&mut self.sums.re, &mut self.sums.im, place.sum);
    }

    #[inline(always)]
    fn end_row(&mut self, _row: usize) {}
}

/// Sums over k of e_k e'_k times the responses y←y, y←x, x←y, x←x of each mode k', for e' of the same and of the other end.
struct Responses<'a, F> {
    interface: Interface<'a>,
    pairs: Shift,
    sums: Vector,
    /// This row's sums, lane by lane, real parts before imaginary parts.
    row: [[f64; 16]; 8],
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Responses<'_, F> {
    #[inline(always)]
    fn start_row(&mut self, _row: usize) {
        self.row = [[0.0; 16]; 8];
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place) {
        let interface = &self.interface;
        let (m, ends) = (interface.modes.count(), interface.ends);
        let pair: Pair<V> = interface.pair(&self.pairs, place);
        let (zero, one) = (number::<V>(0.0), number::<V>(1.0));
        let none = Blocks { pp: zero, rr: zero, rp: zero, pr: zero };
        let from_pp = pair.solve(&Blocks { pp: one, ..none });
        let from_rp = pair.solve(&Blocks { rp: one, ..none });
        let from_pr = pair.solve(&Blocks { pr: one, ..none });
        let here = [from_pp.pp, from_rp.pp, from_pp.rp, from_rp.rp];
        let across = [from_pp.pp, from_pr.pp, from_pp.pr, from_pr.pr];
        let shape = |end: usize| V::Real::load(&ends[end].shape, &[], place.column);
        for other in 0..ends.len() {
            let weight = shape(0) * shape(other);
            let weight_across: V::Real = number(ends[0].shape[place.row] * ends[other].shape[place.row]);
            for kind in 0..4 {
                let block = 4 * other + kind;
                let (re, im) = self.row[block].split_at_mut(8);
                (here[kind] * weight).add_to(re, im, 0);
                if !place.diagonal {
                    let value = across[kind] * weight_across;
                    value.add_to(&mut self.sums.re, &mut self.sums.im, block * m + place.column);
                }
            }
        }
    }

    #[inline(always)]
    fn end_row(&mut self, row: usize) {
        let m = self.interface.modes.count();
        for block in 0..4 * self.interface.ends.len() {
            let (re, im) = self.row[block].split_at(8);
            self.sums.re[block * m + row] += re.iter().sum::<f64>();
            if F::COMPLEX {
                self.sums.im[block * m + row] += im.iter().sum::<f64>();
            }
        }
    }
}
