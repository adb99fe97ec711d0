//! A pass over all pairs of modes k ≤ k', row by row, eight columns at a time: O(M²) time.
//!
//! Rows are handed out in fixed groups and their sums added in one order, so that the result does
//! not depend on the number of threads. The same code is compiled for wider vector instructions and
//! chosen at run time; no operation is fused or reordered, so the bits do not depend on that
//! either.

use crate::chain::modes::Modes;
use crate::numerics::lanes::{Lane, Split};
use crate::numerics::registers::{InRegisters, Vectorized, Wide, in_widest};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// Real or complex numbers: one at a time and eight at a time.
pub(super) trait Field: Send + 'static {
    type One: Lane<Simd = ()>;
    type Many<W: Wide>: Lane<Simd = W::Simd>;
    const COMPLEX: bool;
}

/// Real numbers.
pub(super) struct Real;
impl Field for Real {
    type One = f64;
    type Many<W: Wide> = W;
    const COMPLEX: bool = false;
}

/// Complex numbers.
pub(super) struct Complex;
impl Field for Complex {
    type One = Split<f64>;
    type Many<W: Wide> = Split<W>;
    const COMPLEX: bool = true;
}

/// A place in the pass: the pairs (row, column), (row, column+1), ... of one lane, and the
/// instruction set they are worked on with.
#[derive(Clone, Copy)]
pub(super) struct Place<S> {
    pub simd: S,
    pub row: usize,
    pub column: usize,
    /// Toeplitz and Hankel entries of these pairs in the table.
    pub difference: usize,
    pub sum: usize,
    pub diagonal: bool,
}

impl<S: Copy> Place<S> {
    /// The same place, worked on with other instructions.
    #[inline(always)]
    fn with<T>(self, simd: T) -> Place<T> {
        let Place { row, column, difference, sum, diagonal, .. } = self;
        Place { simd, row, column, difference, sum, diagonal }
    }

    /// Some columns further.
    #[inline(always)]
    pub fn after(&self, columns: usize) -> Place<S> {
        Place {
            column: self.column + columns,
            difference: self.difference + columns,
            sum: self.sum + columns,
            diagonal: self.diagonal && columns == 0,
            ..*self
        }
    }

    /// The place where a lane begins in an array of eight whose entries belong alternately to the
    /// columns of the parity of row + 1 and of row.
    #[inline(always)]
    pub fn phase<V: Lane>(&self) -> usize {
        if V::WIDTH == 1 { (self.column + self.row + 1) % 2 } else { 0 }
    }

    /// Halves what belongs to the diagonal, which stands for one entry where all others stand for
    /// two.
    #[inline(always)]
    pub fn once<V: Lane<Simd = S>>(&self, value: V) -> V {
        let half = V::Real::number(self.simd, 0.5);
        if V::WIDTH == 1 && self.diagonal { value * half } else { value }
    }
}

/// The work at each place of a pass.
pub(super) trait Visitor {
    fn start_row(&mut self, row: usize);
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>);
    fn end_row(&mut self, row: usize);

    /// Visits `count` columns from `place` on, V::WIDTH at a time: single lanes come alone, because
    /// their [`Place::phase`] changes.
    #[inline(always)]
    fn visit_run<V: Lane>(&mut self, place: Place<V::Simd>, count: usize) {
        let mut done = 0;
        while done < count {
            self.visit::<V>(place.after(done));
            done += V::WIDTH;
        }
    }
}

/// Runs one visitor over the rows of every group and returns them in order.
pub(super) fn run<F: Field, T: Visitor + Send>(
    modes: &Modes,
    groups: &[Range<usize>],
    visitors: Vec<T>,
) -> Vec<T> {
    groups
        .par_iter()
        .zip(visitors)
        .map(|(rows, mut visitor)| {
            run_rows::<F, T>(modes, rows.clone(), &mut visitor);
            visitor
        })
        .collect()
}

/// Groups of rows of about equal numbers of pairs; they depend on M alone. Each has its own sums,
/// so few where a row is short.
pub(super) fn groups(modes: usize) -> Vec<Range<usize>> {
    let count = (modes / 32).clamp(1, 32);
    let total = modes * (modes + 1) / 2;
    let mut groups = Vec::with_capacity(count);
    let (mut start, mut seen) = (0, 0);
    for row in 0..modes {
        seen += modes - row;
        if seen * count >= total * (groups.len() + 1) || row + 1 == modes {
            groups.push(start..row + 1);
            start = row + 1;
        }
    }
    groups
}

/// One visitor's rows, as code that is compiled for each kind of registers.
struct Rows<'a, F, W, T> {
    modes: &'a Modes,
    rows: Range<usize>,
    visitor: &'a mut T,
    numbers: PhantomData<(F, W)>,
}

fn run_rows<F: Field, T: Visitor>(modes: &Modes, rows: Range<usize>, visitor: &mut T) {
    in_widest(Rows::<F, (), T> { modes, rows, visitor, numbers: PhantomData });
}

impl<F: Field, T: Visitor> InRegisters for Rows<'_, F, (), T> {
    type Output = ();
    fn with<W: Wide>(self, simd: W::Simd) {
        let Rows { modes, rows, visitor, .. } = self;
        W::vectorized(simd, Rows::<F, W, T> { modes, rows, visitor, numbers: PhantomData })
    }
}

impl<F: Field, W: Wide, T: Visitor> Vectorized for Rows<'_, F, W, T> {
    type Output = ();
    type Numbers = W;

    #[inline(always)]
    fn run(self, simd: W::Simd) {
        let visitor = self.visitor;
        for row in self.rows {
            visitor.start_row(row);
            for segment in self.modes.segments(row) {
                let start = Place {
                    simd: (),
                    row,
                    column: segment.columns.start,
                    difference: segment.difference,
                    sum: segment.sum,
                    diagonal: segment.columns.start == row,
                };
                let own = usize::from(start.diagonal);
                let wide = (segment.columns.len() - own) / 8 * 8;
                if start.diagonal {
                    visitor.visit_run::<F::One>(start, 1);
                }
                visitor.visit_run::<F::Many<W>>(start.after(own).with(simd), wide);
                for rest in own + wide..segment.columns.len() {
                    visitor.visit_run::<F::One>(start.after(rest), 1);
                }
            }
            visitor.end_row(row);
        }
    }
}
