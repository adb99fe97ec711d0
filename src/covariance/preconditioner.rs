//! The preconditioner of the interface: blocks diagonal in the modes, one for the flips and one for
//! the friction.
//!
//! Flips: q̂_k, the diagonal of 1 - 4γK in the modes without friction (on the ring it is all of
//! it). Friction: with X ≈ e zᵀ, z = (y, x) the columns of one end, the answer read back at e is
//! diagonal in the mode of z,
//!
//! ```text
//! z_k' + λ Σ_k e_k² [ pp←pp  pp←pr ; pr←pp  pr←pr ]_(kk') z_k' = b_k',
//! ```
//!
//! a block of 2 numbers an end and mode; what it leaves out, z eᵀ, is a Cauchy kernel with few
//! large singular values. The number of iterations then grows neither with N nor much with λ
//! (examples/iterations.rs). Cost: a pass over the pairs to make it, O(M log M) to apply it.

use super::friction::Lanes;
use super::interface::Interface;
use super::pair::{Pair, Shift};
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
        let sums = TableSums::<F>::of(interface);
        let flips = sums.symbol().iter().map(Complex64::inv).collect();
        Preconditioner { modes: interface.modes, flips, friction: sums.friction_blocks() }
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

/// The results of one pass over the pairs: sums of q (νν')² over the places of each table entry,
/// and sums over k, of one parity, of e_k² times the responses y←y, y←x, x←x of each mode k'.
struct TableSums<'a, F> {
    interface: Interface<'a>,
    pairs: Shift,
    squares: Vector,
    /// By kind and parity.
    responses: [[Vector; 2]; 3],
    /// This row's responses, lane by lane (see [`Place::phase`]).
    row: [Lanes; 3],
    field: PhantomData<F>,
}

impl<'a, F: Field> TableSums<'a, F> {
    fn of(interface: &Interface<'a>) -> TableSums<'a, F> {
        let m = if interface.ends.is_empty() { 0 } else { interface.modes.count() };
        let sums = |_| TableSums::<F> {
            interface: *interface,
            pairs: interface.pairs(),
            squares: Vector::zeros(interface.modes.table_len(), F::COMPLEX),
            responses: [(); 3].map(|()| [(); 2].map(|()| Vector::zeros(m, F::COMPLEX))),
            row: Default::default(),
            field: PhantomData,
        };
        let parts = pass::run::<F, _>(
            interface.modes,
            interface.groups,
            interface.groups.iter().map(sums).collect(),
        );
        let total = parts.into_iter().reduce(|mut total, part| {
            total.squares.add(Complex64::ONE, &part.squares);
            let pairs = total.responses.iter_mut().flatten().zip(part.responses.iter().flatten());
            pairs.for_each(|(sum, part)| sum.add(Complex64::ONE, part));
            total
        });
        total.expect("there is at least one group of rows")
    }

    /// q̂_k. At σ = 0 the uniform mode has q̂_0 = 0, and q̂_1 stands in for it.
    fn symbol(&self) -> Vec<Complex64> {
        let (interface, modes, m) =
            (&self.interface, self.interface.modes, self.interface.modes.count());
        let symbol = if modes.is_ring() {
            let mut impulse = Vector::zeros(m, F::COMPLEX);
            impulse.re[0] = 1.0;
            interface.apply::<F>(&impulse).map_range(0..m, |column| modes.circulant_symbol(column))
        } else {
            self.squares.map_range(0..self.squares.len(), |sums| modes.diagonal_symbol(sums))
        };
        let mut symbol: Vec<Complex64> = (0..m).map(|k| symbol.at(k)).collect();
        if interface.shift == Complex64::ZERO && m > 1 {
            symbol[0] = symbol[1];
        }
        symbol
    }

    /// The inverses of the blocks of friction.
    fn friction_blocks(&self) -> Vec<Mat<Complex64>> {
        let (m, ends) = (self.interface.modes.count(), self.interface.ends);
        if ends.is_empty() {
            return Vec::new();
        }
        let block = |k: usize| {
            let block = Mat::from_fn(2 * ends.len(), 2 * ends.len(), |row, column| {
                let sign = ends[row / 2].sign * ends[column / 2].sign;
                // x←y is -y←x.
                let (kind, turn) =
                    [(0, 1.0), (1, 1.0), (1, -1.0), (2, 1.0)][2 * (row % 2) + column % 2];
                let response = self.responses[kind][0].at(k) + sign * self.responses[kind][1].at(k);
                let coupling = response * turn * ends[column / 2].friction;
                if row == column { 1.0 + coupling } else { coupling }
            });
            block.partial_piv_lu().solve(Mat::<Complex64>::identity(2 * ends.len(), 2 * ends.len()))
        };
        (0..m).map(block).collect()
    }
}

impl<F: Field> Visitor for TableSums<'_, F> {
    fn start_row(&mut self, _row: usize) {
        self.row = Default::default();
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        let interface = &self.interface;
        let pair: Pair<V> = interface.pair(&self.pairs, place);
        let norms = interface.norms::<V>(place);
        // In row 0 both parts of the table fall on one entry: (1+1)² = 2·(1+1).
        let weight: V::Real = V::Real::number(place.simd, if place.row == 0 { 2.0 } else { 1.0 });
        let value = place.once(pair.remainder * (norms * norms * weight));
        value.add_to(&mut self.squares.re, &mut self.squares.im, place.difference);
        value.add_to(&mut self.squares.re, &mut self.squares.im, place.sum);
        if interface.ends.is_empty() {
            return;
        }
        let [pp, rp, pr, rp_rp, pr_pr] = pair.responses();
        let (here, there) = (
            V::Real::number(place.simd, interface.shape[place.row]),
            V::Real::load(place.simd, interface.shape, &[], place.column),
        );
        let (here, there, phase) = (here * here, there * there, place.phase::<V>());
        let minus: V::Real = V::Real::number(place.simd, -1.0);
        let [yy, yx, xx] = &mut self.row;
        (pp * there).add_to(&mut yy.re, &mut yy.im, phase);
        (rp * (there * minus)).add_to(&mut yx.re, &mut yx.im, phase);
        (rp_rp * there).add_to(&mut xx.re, &mut xx.im, phase);
        if !(V::WIDTH == 1 && place.diagonal) {
            let [yy, yx, xx] = &mut self.responses;
            let parity = place.row % 2;
            let (yy, yx, xx) = (&mut yy[parity], &mut yx[parity], &mut xx[parity]);
            (pp * here).add_to(&mut yy.re, &mut yy.im, place.column);
            (pr * (here * minus)).add_to(&mut yx.re, &mut yx.im, place.column);
            (pr_pr * here).add_to(&mut xx.re, &mut xx.im, place.column);
        }
    }

    fn end_row(&mut self, row: usize) {
        if self.interface.ends.is_empty() {
            return;
        }
        for (lanes, responses) in self.row.iter().zip(&mut self.responses) {
            lanes.add_to(responses, row);
        }
    }
}
