//! A piece of the chain with its margin: which places and diagonals there are, and one application
//! of the stencil to them.

use super::rows::{self, Row, TOGETHER};
use super::state::{Piece, Step};
use crate::numerics::registers::{InRegisters, Registered, Vectorized, Wide, in_widest};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

/// Buffers that are used again.
#[derive(Default)]
pub(super) struct Workspace {
    pub term: Buffer,
    pub next: Buffer,
    pub sum: Buffer,
}

/// Rows of diagonals, each from the beginning of a line of the cache. The cell before the first one
/// of a row is the last one of the row before, which holds nothing else.
#[derive(Default)]
pub(super) struct Buffer {
    cells: Vec<f64>,
    start: usize,
}

impl Buffer {
    /// Makes it large enough.
    pub fn reserve(&mut self, rows: usize, stride: usize) {
        let count = (rows + 3) * stride;
        if self.cells.len() < count {
            self.cells.resize(count, 0.0);
            // Where the machine cannot say it, rows begin anywhere.
            self.start = self.cells.as_ptr().align_offset(64).min(TOGETHER - 1);
        }
    }
}

impl Deref for Buffer {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.cells[self.start..]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.cells[self.start..]
    }
}

/// The piece with its margin: places from `first` on, `len` of them.
pub(super) struct Window<'a, 'b> {
    pub step: &'a Step<'b>,
    pub first: isize,
    pub len: usize,
    /// Whether the chain ends with the window.
    pub ends: [bool; 2],
    /// Whether the window is a whole ring.
    pub closed: bool,
    /// Numbers from one row to the next: one cell before the window, and eight after it.
    pub stride: usize,
    factor: Vec<f64>,
    own: Vec<f64>,
}

impl Window<'_, '_> {
    /// The places of diagonal d of term k.
    #[inline(always)]
    pub fn range(&self, d: usize, k: usize) -> Range<usize> {
        let from = if self.ends[0] || self.closed { 0 } else { k };
        let to = if self.ends[1] {
            self.len.saturating_sub(d)
        } else if self.closed {
            self.len
        } else {
            let exists = self.step.equation.n as isize - d as isize - self.first;
            let exists = if self.step.equation.ring { isize::MAX } else { exists.max(0) };
            (self.len - k).min(exists as usize)
        };
        from..to.max(from)
    }

    /// The place where diagonal d begins in a buffer.
    #[inline(always)]
    pub fn row(&self, d: usize) -> usize {
        (d + 1) * self.stride
    }

    /// Closes a row of a buffer that was written over `range`.
    #[inline(always)]
    pub fn guard(&self, buffer: &mut [f64], d: usize, range: &Range<usize>) {
        let row = self.row(d);
        if self.closed {
            buffer[row - 1] = buffer[row + self.len - 1];
            buffer[row + self.len] = buffer[row];
        } else {
            // Beyond the ends of the chain there is nothing.
            if range.start == 0 {
                buffer[row - 1] = 0.0;
            }
            buffer[row + range.end] = 0.0;
        }
    }

    /// next = scale · (𝓛 + 2c) term for the diagonals 0..=top, added to `sum`; term has zeros in
    /// the two diagonals after its last. Returns the part of ‖next‖² off the middle.
    pub fn apply(&self, buffers: &mut Workspace, top: usize, k: usize, scale: f64) -> f64 {
        in_widest(Application { window: self, buffers, top, k, scale })
    }

    /// ‖row‖² over its range; a diagonal off the middle counts twice.
    pub fn square(&self, buffer: &[f64], d: usize, k: usize) -> f64 {
        let range = self.range(d, k);
        let weight = if d == 0 { 1.0 } else { 2.0 };
        let from = self.row(d);
        weight * rows::square(&buffer[from + range.start..from + range.end])
    }

    /// Cuts diagonals off the end of `buffer` whose norm together is at most `allowed`: the new
    /// last one, and what they were.
    pub fn cut(&self, buffer: &[f64], mut top: usize, k: usize, allowed: f64) -> (usize, f64) {
        let (mut cut, most) = (0.0, allowed * allowed);
        while top > 0 {
            let more = cut + self.square(buffer, top, k);
            if more > most {
                break;
            }
            (cut, top) = (more, top - 1);
        }
        (top, cut.sqrt())
    }

    /// Zeros in the diagonals `top`+1 and `top`+2, or on a ring what lies beyond n/2.
    pub fn close(&self, buffer: &mut [f64], top: usize) {
        buffer[self.row(top + 1) - 1..self.row(top + 3) - 1].fill(0.0);
        let half = self.len / 2;
        if self.closed && top + 1 >= half {
            // C(i, i+n/2+1) is C(j, j+n/2-1) with j = i+n/2+1.
            let (to, from) = (self.row(half + 1), self.row(half - 1));
            for i in 0..self.len {
                buffer[to + i] = buffer[from + (i + half + 1) % self.len];
            }
            self.guard(buffer, half + 1, &(0..self.len));
        }
    }
}

/// One application of the stencil.
struct Application<'a, 'b, 'c> {
    window: &'a Window<'b, 'c>,
    buffers: &'a mut Workspace,
    top: usize,
    k: usize,
    scale: f64,
}

impl InRegisters for Application<'_, '_, '_> {
    type Output = f64;
    fn with<L: Wide>(self, simd: L::Simd) -> f64 {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData))
    }
}

impl<L: Wide> Vectorized for Registered<Application<'_, '_, '_>, L> {
    type Output = f64;
    type Numbers = L;
    #[inline(always)]
    fn run(self, simd: L::Simd) -> f64 {
        let Application { window, buffers: Workspace { term, next, sum }, top, k, scale } = self.0;
        let (term, next, sum) = (&term[..], &mut next[..], &mut sum[..]);
        let stride = window.stride;
        let mut squares = L::number(simd, 0.0);
        for d in 0..=top {
            let range = window.range(d, k);
            if range.is_empty() {
                // Nothing is read of it by the next term either.
                continue;
            }
            let filled = range.len().next_multiple_of(TOGETHER);
            let first = window.row(d) + range.start;
            let above = first + stride;
            let (below, factor) = if d == 0 {
                ([&term[above..above + filled], &term[above - 1..above - 1 + filled]], &window.own)
            } else {
                let below = first - stride;
                let cells = [&term[below + 1..below + 1 + filled], &term[below..below + filled]];
                (cells, &window.factor)
            };
            let row = Row {
                below,
                above: [&term[above..above + filled], &term[above - 1..above - 1 + filled]],
                here: &term[first..first + filled],
                factors: [
                    &factor[range.start..range.start + filled],
                    &factor[range.start + d..range.start + d + filled],
                ],
            };
            let cells = first..first + filled;
            let (next_row, sum) = (&mut next[cells.clone()], &mut sum[cells]);
            let found: L = rows::advance(simd, &row, range.len(), scale, next_row, sum);
            window.guard(next, d, &range);
            if d > 0 {
                squares = squares + found;
            }
        }
        2.0 * squares.sum().re
    }
}

/// Fills the window's `y` with what the pieces hold there, as the function says; places that do not
/// exist are left alone.
pub(super) fn gather(
    pieces: &[Piece],
    window: &Window<'_, '_>,
    mut copy: impl FnMut(&Piece, Range<usize>, usize),
) {
    let n = window.step.equation.n;
    let mut done = 0;
    while done < window.len {
        let place = window.step.equation.wrapped(window.first + done as isize);
        let index = pieces.partition_point(|piece| piece.start + piece.len <= place);
        let piece = &pieces[index];
        let from = place - piece.start;
        let count = (piece.len - from).min(window.len - done).min(n - place);
        copy(piece, from..from + count, done);
        done += count;
    }
}

/// The window of a piece.
pub(super) fn window<'a, 'b>(
    step: &'a Step<'b>,
    own: &Piece,
    margin: usize,
    whole: bool,
) -> Window<'a, 'b> {
    let equation = step.equation;
    let n = equation.n as isize;
    let (mut from, mut to) =
        (own.start as isize - margin as isize, (own.start + own.len + margin) as isize);
    if !equation.ring {
        (from, to) = (from.max(0), to.min(n));
    }
    let ends = if equation.ring { [false; 2] } else { [from == 0, to == n] };
    let len = (to - from) as usize;
    let closed = whole && equation.ring;
    // A factor is asked for at i and at i + d.
    let reach = TOGETHER + if ends[1] { len } else { len + step.limit + 1 };
    let places = |values: &[f64]| -> Vec<f64> {
        (0..reach)
            .map(|i| {
                let place = from + i as isize;
                if equation.ring || place < n { values[equation.wrapped(place)] } else { 0.0 }
            })
            .collect()
    };
    Window {
        step,
        first: from,
        len,
        ends,
        closed,
        stride: (len + 1 + TOGETHER).next_multiple_of(TOGETHER),
        factor: places(&equation.factor),
        own: places(&equation.own),
    }
}
