//! One step of one piece of the chain: the Taylor series of the means and of the diagonals of the
//! covariance, in buffers that stay in the cache.
//!
//! A piece owns the places i of its core. An application of 𝓛 reaches one place further, so with a
//! margin of as many places as there are terms, which shrinks by one with every term, the core
//! comes out as if the whole chain had been there. A piece that is the whole chain has no margin.

use super::equation::Equation;
use super::follow::FollowingEnds;
use super::rows;
use super::series::{Series, Source, cancelled, grows};
use super::state::{Piece, Read, Step};
use super::window::{Window, Workspace, gather, window};
use std::ops::Range;

/// The outcome of a step.
pub(super) struct Stepped {
    pub piece: Piece,
    pub reads: Vec<Read>,
    /// Bounds of the errors made, Frobenius norm of the covariance and Euclidean norm of the means.
    pub lost: [f64; 2],
    /// The part of the whole chain beyond the margin.
    pub beyond: f64,
    /// The largest variance and the largest mean.
    pub largest: [f64; 2],
    /// How many times as large as the state the terms became, at least 1, of the covariance and of
    /// the means.
    pub cancelled: [f64; 2],
    /// Applications of 𝓛.
    pub applications: usize,
    /// Sums of this step's changes of D at the strong ends, of p̄ and of Cov(p, r).
    pub moved: [f64; 4],
}

/// One step of the piece `index`. Long because it is one loop over the terms, with what they cost.
pub(super) fn advance(
    step: &Step<'_>,
    pieces: &[Piece],
    index: usize,
    buffers: &mut Workspace,
) -> Stepped {
    let (equation, h, own) = (step.equation, step.h, &pieces[index]);
    let whole = pieces.len() == 1;
    let margin = if whole { 0 } else { step.terms };
    let window = window(step, own, margin, whole);
    let mut mean = vec![0.0; window.len];
    let mut top = 0;
    gather(pieces, &window, |piece, from, to| {
        mean[to..to + from.len()].copy_from_slice(&piece.mean[from]);
        top = top.max(piece.top);
    });
    let series = Series::new(step, &mean, window.first, window.ends);
    // Rows 0..=top + terms and two more.
    let rows = (top + step.terms).min(step.limit) + 3;
    for buffer in [&mut buffers.term, &mut buffers.next, &mut buffers.sum] {
        buffer.reserve(rows, window.stride);
    }
    let first = (-2.0 * equation.shift * h).exp();
    let fill = |buffers: &mut Workspace| {
        for d in 0..=top {
            let cells = window.row(d) - 1..window.row(d + 1) - 1;
            let row = &mut buffers.term[cells];
            row.fill(0.0);
            gather(pieces, &window, |piece, from, to| {
                if d <= piece.top {
                    let target = &mut row[to + 1..to + 1 + from.len()];
                    target.iter_mut().zip(&piece.row(d)[from]).for_each(|(to, c)| *to = first * c);
                }
            });
            if window.closed {
                window.guard(&mut buffers.term, d, &(0..window.len));
            }
        }
    };
    fill(buffers);
    let mut ends = FollowingEnds::new(equation, window.stride, top, &buffers.term);
    let core = margin_of(&window, own);
    let core = core..core + own.len;
    let flip_rate = equation.chain.flip_rate;
    let of_means: Vec<Read> =
        step.readings.iter().map(|reading| series.read(reading, core.clone(), flip_rate)).collect();
    let part = step.allowed * (own.len as f64 / equation.n as f64).sqrt();
    let walk = Walk { step, window: &window, series: &series, part };
    let norm = |buffer: &[f64], top: usize| {
        (0..=top).map(|d| window.square(buffer, d, 0)).sum::<f64>().sqrt()
    };
    let before = norm(&buffers.term, top);
    let mut applications = 0;
    let (found, mut reads) = loop {
        ends.begin(top, &mut buffers.term);
        let start = window.row(0) - 1..window.row(top + 1) - 1;
        buffers.sum[start.clone()].copy_from_slice(&buffers.term[start]);
        let mut reads = of_means.clone();
        let found = walk.sum(buffers, top, &core, &mut reads, &mut ends);
        applications += found.applications;
        ends.solve(h);
        if ends.is_settled(0.01 * first * part) {
            break (found, reads);
        }
        fill(buffers);
    };
    ends.end(found.sum_top, &mut buffers.sum);
    let (top, cut) = walk.state(buffers, found.sum_top, &core);
    let last = step.readings.len() - 1;
    let mut piece =
        Piece { start: own.start, len: own.len, mean: reads[last].mean.clone(), rows: vec![], top };
    piece.rows.reserve_exact((top + 1) * own.len);
    for d in 0..=top {
        let from = window.row(d);
        piece.rows.extend_from_slice(&buffers.sum[from + core.start..from + core.end]);
    }
    reads[last].variance = piece.row(0).to_vec();
    reads[last].neighbour = if top > 0 { piece.row(1).to_vec() } else { vec![0.0; own.len] };
    let [left, right] = add_baths(equation, step, own, &ends, &mut reads);
    let size = |values: &[f64]| values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let largest = [size(&reads[last].variance), size(&piece.mean).max(size(&mean[core]))];
    let beyond = if whole { 0.0 } else { series.beyond(before) };
    let after = norm(&buffers.sum, top);
    let state = (before / first).max(after);
    let cancelled = cancelled(found.most, state, (equation.spread - 2.0 * equation.shift) * h);
    // Beside what there is, what the neighbours and the force have changed it by.
    let force = &equation.chain.force;
    let push = force.mean.abs() + force.harmonics.iter().map(|(_, f)| 2.0 * f.norm()).sum::<f64>();
    let momenta = |mean: &[f64]| {
        let first = own.start % 2;
        mean.iter().skip(first).step_by(2).fold(0.0, |m: f64, p| m.max(p.abs()))
    };
    let momentum = momenta(&own.mean).max(momenta(&piece.mean));
    let driven_momentum = momentum + h * (2.0 * largest[1] + push);
    let flow = if own.top > 0 { size(own.row(1)) } else { 0.0 };
    let driven_flow = flow.max(size(&reads[last].neighbour)) + 4.0 * h * largest[0];
    let means = series.tail();
    let from_means = 8.0 * equation.chain.flip_rate * h * (largest[1] + means) * means;
    Stepped {
        lost: [found.lost + cut + from_means + ends.lost(h, 1.0 / first), means],
        piece,
        reads,
        beyond,
        largest,
        cancelled: [cancelled, series.cancelled()],
        applications,
        moved: [left, right, driven_momentum, driven_flow],
    }
}

/// T + D in place of D at the strong ends that are in a piece, which began as `own`; what may have
/// rounded D on the way.
fn add_baths(
    equation: &Equation<'_>,
    step: &Step<'_>,
    own: &Piece,
    ends: &FollowingEnds,
    reads: &mut [Read],
) -> [f64; 2] {
    let mut moved = [0.0f64; 2];
    let there = [own.start == 0, own.start + own.len == equation.n];
    for (end, temperature) in equation.held_from.into_iter().enumerate() {
        let (Some(temperature), true) = (temperature, there[end]) else { continue };
        let (place, bond) = if end == 0 { (0, 0) } else { (own.len - 1, own.len - 2) };
        moved[end] = own.row(0)[place].abs();
        for (read, reading) in reads.iter_mut().zip(step.readings) {
            let distance = ends.distance(end, &reading.second).unwrap_or(read.variance[place]);
            let driven = read.neighbour[bond].abs() + step.h * temperature;
            moved[end] = moved[end].max(distance.abs()).max(step.h * driven);
            read.distance[end] = distance;
            read.variance[place] = temperature + distance;
            read.square[place] += temperature * reading.length;
        }
    }
    moved
}

/// The place where the core begins in its window.
fn margin_of(window: &Window<'_, '_>, own: &Piece) -> usize {
    (own.start as isize - window.first) as usize
}

struct Walk<'a, 'b> {
    step: &'a Step<'b>,
    window: &'a Window<'a, 'b>,
    series: &'a Series,
    /// The error that this piece may make.
    part: f64,
}

struct Summed {
    sum_top: usize,
    /// The largest norm of a term.
    most: f64,
    lost: f64,
    applications: usize,
}

impl Walk<'_, '_> {
    /// Sums the series; the moments that are asked for are read off its terms on the way.
    fn sum(
        &self,
        buffers: &mut Workspace,
        mut top: usize,
        core: &Range<usize>,
        reads: &mut [Read],
        ends: &mut FollowingEnds,
    ) -> Summed {
        let (step, window) = (self.step, self.window);
        let ratio = step.equation.radius * step.h;
        let mut found = Summed { sum_top: top, most: 0.0, lost: 0.0, applications: 0 };
        self.read(&buffers.term, top, 0, core, reads);
        for k in 1..=step.terms {
            // What a number cut off term k can still become is less than this many times as much.
            let grown = grows(ratio, k);
            window.close(&mut buffers.term, top);
            if top == step.limit && step.limit < step.equation.last_diagonal() {
                // The diagonal that is never stored.
                let missing = window.square(&buffers.term, top, k - 1).sqrt();
                found.lost += 2.0 * ratio / k as f64 * grown * missing;
            }
            let next = (top + 1).min(step.limit);
            if next > found.sum_top {
                buffers.sum[window.row(next) - 1..window.row(next + 1) - 1].fill(0.0);
                found.sum_top = next;
            }
            let scale = step.h / k as f64;
            let off_middle = window.apply(buffers, next, k, scale);
            found.applications += 1;
            self.drive(buffers, k);
            ends.exchange(next, &mut buffers.next);
            std::mem::swap(&mut buffers.term, &mut buffers.next);
            let off_middle = match step.equation.has_strong_ends() {
                // Beside such an end the term has been changed since.
                true => (1..=next).map(|d| window.square(&buffers.term, d, k)).sum(),
                false => off_middle,
            };
            let norm = (window.square(&buffers.term, 0, k) + off_middle).sqrt();
            found.most = found.most.max(norm);
            let allowed = 0.2 * self.part / (grown * (k * k + k) as f64);
            let (kept, cut) = window.cut(&buffers.term, next, k, allowed);
            found.lost += cut * grown;
            top = kept;
            self.read(&buffers.term, top, k, core, reads);
            let tail = self.series.rest(k, norm);
            if tail <= 0.4 * self.part || k == step.terms {
                found.lost += tail;
                break;
            }
        }
        found
    }

    /// Adds what the means and the thermostats drive to the diagonal of term k.
    fn drive(&self, buffers: &mut Workspace, k: usize) {
        let range = self.window.range(0, k);
        let Source { momenta, ends, pulls } = self.series.source(k - 1);
        let offset = self.series.offset;
        let row = self.window.row(0);
        let driven = range.start + row..range.end + row;
        let (cells, sums) = (&mut buffers.next[driven.clone()], &mut buffers.sum[driven]);
        // The first momentum of the window is at `offset`.
        let skipped = range.start.saturating_sub(offset).div_ceil(2);
        let first = 2 * skipped + offset - range.start;
        let momenta = momenta.iter().skip(skipped);
        for ((cell, sum), q) in
            cells.iter_mut().zip(sums.iter_mut()).skip(first).step_by(2).zip(momenta)
        {
            *cell += q;
            *sum += q;
        }
        for (end, q) in [(0, ends[0]), (self.window.len - 1, ends[1])] {
            if range.contains(&end) {
                cells[end - range.start] += q;
                sums[end - range.start] += q;
            }
        }
        let window = self.window;
        window.guard(&mut buffers.next, 0, &range);
        // Beside a strong end, in the window that it ends.
        let beside = window.range(1, k);
        for (i, q) in [(0, pulls[0]), (window.len - 2, pulls[1])] {
            if q != 0.0 && beside.contains(&i) {
                let cell = window.row(1) + i;
                buffers.next[cell] += q;
                buffers.sum[cell] += q;
            }
        }
    }

    fn read(&self, term: &[f64], top: usize, k: usize, core: &Range<usize>, reads: &mut [Read]) {
        let row = |d: usize| {
            let from = self.window.row(d);
            &term[from + core.start..from + core.end]
        };
        let last = reads.len() - 1;
        for (index, (read, reading)) in reads.iter_mut().zip(self.step.readings).enumerate() {
            rows::add(&mut read.square, reading.second_integral[k], row(0));
            if top > 0 {
                rows::add(&mut read.product, reading.second_integral[k], row(1));
            }
            // At the end of the step the sum is there.
            if index < last {
                rows::add(&mut read.variance, reading.second[k], row(0));
                if top > 0 {
                    rows::add(&mut read.neighbour, reading.second[k], row(1));
                }
            }
        }
    }

    /// The last diagonal that is kept of the sum in the core, and the norm of what is cut.
    fn state(&self, buffers: &mut Workspace, top: usize, core: &Range<usize>) -> (usize, f64) {
        let window = self.window;
        // Where a row ends before the core does there are zeros.
        for d in 0..=top {
            let exists = window.range(d, 0).end.max(core.start);
            if exists < core.end {
                let row = window.row(d);
                buffers.sum[row + exists..row + core.end].fill(0.0);
            }
        }
        let (mut cut, mut kept) = (0.0, top);
        let most = (0.3 * self.part).powi(2);
        while kept > 0 {
            let from = window.row(kept);
            let more = cut + 2.0 * rows::square(&buffers.sum[from + core.start..from + core.end]);
            if more > most {
                break;
            }
            (cut, kept) = (more, kept - 1);
        }
        (kept, cut.sqrt())
    }
}
