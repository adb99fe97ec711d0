//! A piece of the chain with its margin: which places and diagonals there are, and one application
//! of the stencil to them.

use super::piece::{Piece, Step};
use super::rows::{self, Row};
use std::ops::Range;

/// Buffers that are used again.
#[derive(Default)]
pub(super) struct Workspace {
    pub term: Vec<f64>,
    pub next: Vec<f64>,
    pub sum: Vec<f64>,
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
    /// Numbers from one row to the next: one cell on either side of the window.
    pub stride: usize,
    factor: Vec<f64>,
    own: Vec<f64>,
}

impl Window<'_, '_> {
    /// The places of diagonal d of term k.
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

    /// Closes a row that was written over `range`.
    pub fn guard(&self, row: &mut [f64], range: &Range<usize>) {
        if self.closed {
            (row[0], row[self.len + 1]) = (row[self.len], row[1]);
        } else {
            // Beyond the ends of the chain there is nothing.
            if range.start == 0 {
                row[0] = 0.0;
            }
            row[range.end + 1] = 0.0;
        }
    }

    /// next = scale · (𝓛 + 2c) term for the diagonals 0..=top, added to `sum`; term has zeros in
    /// the two diagonals after its last.
    pub fn apply(&self, buffers: &mut Workspace, top: usize, k: usize, scale: f64) {
        let stride = self.stride;
        for d in 0..=top {
            let range = self.range(d, k);
            if range.is_empty() {
                // Nothing is read of it by the next term either.
                continue;
            }
            let at = |row: usize, shift: isize| {
                let from = (row * stride + 1 + range.start) as isize + shift;
                &buffers.term[from as usize..from as usize + range.len()]
            };
            let above = [at(d + 1, 0), at(d + 1, -1)];
            let (below, second) = if d == 0 {
                (above, &self.own)
            } else {
                ([at(d - 1, 1), at(d - 1, 0)], &self.factor)
            };
            let row = Row {
                below,
                above,
                here: at(d, 0),
                factors: [
                    &self.factor[range.start..range.end],
                    &second[range.start + d..range.end + d],
                ],
            };
            let cells = d * stride + 1 + range.start..d * stride + 1 + range.end;
            rows::advance(&row, scale, &mut buffers.next[cells.clone()], &mut buffers.sum[cells]);
            self.guard(&mut buffers.next[d * stride..(d + 1) * stride], &range);
        }
    }

    /// ‖row‖² over its range; a diagonal off the middle counts twice.
    pub fn square(&self, buffer: &[f64], d: usize, k: usize) -> f64 {
        let range = self.range(d, k);
        let weight = if d == 0 { 1.0 } else { 2.0 };
        let from = d * self.stride + 1;
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
        let rows = (top + 1) * self.stride..(top + 3) * self.stride;
        buffer[rows.clone()].fill(0.0);
        let half = self.len / 2;
        if self.closed && top + 1 >= half {
            // C(i, i+n/2+1) is C(j, j+n/2-1) with j = i+n/2+1.
            let (to, from) = ((half + 1) * self.stride, (half - 1) * self.stride);
            for i in 0..self.len {
                buffer[to + 1 + i] = buffer[from + 1 + (i + half + 1) % self.len];
            }
            self.guard(&mut buffer[to..to + self.stride], &(0..self.len));
        }
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
    let reach = if ends[1] { len } else { len + step.limit + 1 };
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
        stride: (len + 2).next_multiple_of(8),
        factor: places(&equation.factor),
        own: places(&equation.own),
    }
}
