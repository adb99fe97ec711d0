//! A pass over all pairs of modes k ≤ k', row by row, eight columns at a time: O(M²) time.
//!
//! Rows are handed out in fixed groups and their sums added in one order, so that the result does not depend on the number
//! of threads. The same code is compiled for wider vector instructions and chosen at run time; no operation is fused or
//! reordered, so the bits do not depend on that either.

use crate::chain::modes::Modes;
use crate::numerics::lanes::{Eight, Lane, Split};
use rayon::prelude::*;
use std::ops::Range;

/// Real or complex numbers: one at a time and eight at a time.
pub(super) trait Field: Send + 'static {
    type One: Lane;
    type Eight: Lane;
    const COMPLEX: bool;
}

/// Real numbers.
pub(super) struct Real;
impl Field for Real {
    type One = f64;
    type Eight = Eight;
    const COMPLEX: bool = false;
}

/// Complex numbers.
pub(super) struct Complex;
impl Field for Complex {
    type One = Split<f64>;
    type Eight = Split<Eight>;
    const COMPLEX: bool = true;
}

/// Where in the pass: the pairs (row, column), (row, column+1), ... of one lane.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub row: usize,
    pub column: usize,
    /// Toeplitz and Hankel entries of these pairs in the table.
    pub difference: usize,
    pub sum: usize,
    pub diagonal: bool,
}

/// What is done at each place.
pub(super) trait Visitor {
    fn start_row(&mut self, row: usize);
    fn visit<V: Lane>(&mut self, place: Place);
    fn end_row(&mut self, row: usize);
}

/// Runs one visitor over the rows of every group and returns them in order.
pub(super) fn run<F: Field, T: Visitor + Send>(modes: &Modes, groups: &[Range<usize>], visitors: Vec<T>) -> Vec<T> {
    groups
        .par_iter()
        .zip(visitors)
        .map(|(rows, mut visitor)| {
            rows_dispatched::<F, T>(modes, rows.clone(), &mut visitor);
            visitor
        })
        .collect()
}

/// Groups of rows of about equal numbers of pairs; they depend on M alone.
pub(super) fn groups(modes: usize) -> Vec<Range<usize>> {
    let count = (modes / 8).clamp(1, 32);
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

#[inline(always)]
fn rows<F: Field, T: Visitor>(modes: &Modes, rows: Range<usize>, visitor: &mut T) {
    for row in rows {
        visitor.start_row(row);
        for segment in modes.segments(row) {
            let mut place = Place {
                row,
                column: segment.columns.start,
                difference: segment.difference,
                sum: segment.sum,
                diagonal: segment.columns.start == row,
            };
            let advance = |place: &mut Place, by: usize| {
                place.column += by;
                place.difference += by;
                place.sum += by;
            };
            if place.diagonal {
                visitor.visit::<F::One>(place);
                advance(&mut place, 1);
                place.diagonal = false;
            }
            while place.column + F::Eight::WIDTH <= segment.columns.end {
                visitor.visit::<F::Eight>(place);
                advance(&mut place, F::Eight::WIDTH);
            }
            while place.column < segment.columns.end {
                visitor.visit::<F::One>(place);
                advance(&mut place, 1);
            }
        }
        visitor.end_row(row);
    }
}

#[cfg(target_arch = "x86_64")]
fn rows_dispatched<F: Field, T: Visitor>(modes: &Modes, range: Range<usize>, visitor: &mut T) {
    #[target_feature(enable = "avx2")]
    fn avx2<F: Field, T: Visitor>(modes: &Modes, range: Range<usize>, visitor: &mut T) {
        rows::<F, T>(modes, range, visitor)
    }
    #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
    fn avx512<F: Field, T: Visitor>(modes: &Modes, range: Range<usize>, visitor: &mut T) {
        rows::<F, T>(modes, range, visitor)
    }
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
    {
        // SAFETY: the machine has these instructions.
        unsafe { avx512::<F, T>(modes, range, visitor) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has these instructions.
        unsafe { avx2::<F, T>(modes, range, visitor) }
    } else {
        rows::<F, T>(modes, range, visitor)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn rows_dispatched<F: Field, T: Visitor>(modes: &Modes, range: Range<usize>, visitor: &mut T) {
    rows::<F, T>(modes, range, visitor)
}
