//! Small chains while flips are few, at any time: what flips give back, by doubling
//! (docs/theory/small-systems.md, (15.3)).
//!
//! The deviation X = C - C_th from the thermal stationary state and the pairs of z̃ = (z̄, 1, cos
//! lωτ, sin lωτ, ..), together Y = X + z̃ z̃ᵀ, obey one linear equation. Its propagator is P_0 + R:
//! P_0 turns Y by e^(B̃τ), which is known in 32 digits at any time, and R, at most 4γτ, is what
//! flips give back of p². Doubling the time,
//!
//! ```text
//! R(2h) = P_0(h) R(h) + R(h) P_0(h) + R(h) R(h)
//! ```
//!
//! leaves no error but roundings of R, which never grow (section 2.1): no phase is lost. Unknowns:
//! m = n(n+1)/2 pairs, n = 2N+1, more with a force. Cost: m³/2 multiplications a doubling, by the
//! symmetry under time reversal; 16 m² bytes. Error: an estimate, some roundings of every
//! doubling. Judge: [`super::squaring`], in 32 digits.

pub(super) mod answer;
mod integrals;
mod state;

use super::outcome::EvolveError;
use super::pairs;
use super::turning::{LARGEST, Turning};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::covariance::moments::{Solution, largest};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::exact;
use crate::numerics::triangle::{fold, place, unfolded};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::{Doublings, Power};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use integrals::Integrals;
use rayon::prelude::*;
use state::State;

/// Columns of a product that one thread forms at a time; fixed, so that the bits do not depend on
/// the number of threads.
const BLOCK: usize = 96;

/// Rows and columns that are mirrored at once.
const TILE: usize = 64;

/// The part of the state that all doublings together leave out.
const NEGLIGIBLE: f64 = 1e-16;

/// Entries of R below this part of the largest one are dropped: a friction of 10⁸ times them is far
/// below a rounding of the current.
const TRACE: f64 = 1e-28;

/// Seconds of a multiplication and an addition in a large product, and in one of n rows.
const OF_LARGE: f64 = 4e-11;
const OF_SMALL: f64 = 1e-10;

/// Whether a chain is small enough, and has flips that give something back.
pub fn serves(chain: &Chain) -> bool {
    chain.general.is_none() && chain.flip_rate > 0.0 && chain.bonds <= LARGEST
}

/// The cost of an evolution to ascending `times`.
pub fn cost(chain: &Chain, times: &[f64]) -> Cost {
    match pairs::serves(chain) {
        true => pairs::cost(chain, times),
        false => cost_of_matrices(chain, times),
    }
}

/// The cost by the matrix R itself.
fn cost_of_matrices(chain: &Chain, times: &[f64]) -> Cost {
    let turning = Turning::new(chain);
    let last = times.last().copied().unwrap_or(0.0);
    let [m, all] = turning.pairs().map(|count| count as f64);
    let n = chain.coordinates() as f64;
    let doublings = |from: f64| (last / from).log2().max(0.0).ceil();
    let whole = doublings(turning.step());
    let dense = doublings(turning.step().max(least_step(chain, last)));
    let sides = 4.0 * all * n.powi(3) * OF_SMALL + 2e-7 * n.powi(3) + 4e-9 * m * m;
    let square = m * m * (0.5 * m) * OF_LARGE + m * all * (all - m) * OF_LARGE;
    let start = 2e-6 * n.powi(3);
    let asked = 1.5 * n;
    let integrals = asked * (m * all * OF_LARGE + 2.0 * n.powi(3) * OF_SMALL);
    let outputs = times.len() as f64 * 0.5 * whole * 1e-9 * m * all;
    Cost {
        bytes: 16.0 * (m + asked) * all,
        seconds: start + whole * (sides + integrals) + dense * square + outputs,
    }
}

/// The step from which on R(h) R(h) counts: all that is left out by the time τ is below (4γ)² h τ.
fn least_step(chain: &Chain, last: f64) -> f64 {
    NEGLIGIBLE / ((4.0 * chain.flip_rate).powi(2) * last)
}

/// Evolves the moments to the ascending microscopic `times`, in pairs of waves where the chain has
/// them. Arguments as for [`super::radau::evolve`].
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Solution>, EvolveError> {
    chain.assert_homogeneous();
    let times = exact(times);
    match pairs::evolve(chain, law, &times, &keep, monitor)? {
        Some(solutions) => Ok(solutions),
        None => by_matrices(chain, law, &times, keep, monitor),
    }
}

/// The same by the matrix R itself.
pub fn by_matrices(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Solution>, EvolveError> {
    let turning = Turning::new(chain);
    let last = times.last().map_or(0.0, |time| time.hi);
    let step = turning.step();
    let doublings = Doublings::up_to(last, step);
    let mut outputs: Vec<(Vec<bool>, State)> = Vec::with_capacity(times.len());
    for &time in times {
        monitor.check()?;
        let (bits, left) = doublings.of(time);
        outputs.push((bits, State::start(&turning, law).after_short(left)));
    }
    let mut turn = turning.short(step.into());
    let mut returns = Returns::short(&turning, step);
    let mut integrals = Integrals::short(&turning, step);
    for k in 0..=doublings.count {
        let share = k as f64 / (doublings.count + 1) as f64;
        monitor.advance(Progress { share, ..Default::default() })?;
        outputs.par_iter_mut().filter(|(bits, _)| bits[k]).for_each(|(_, state)| {
            *state = state.after(&turn, &returns, &integrals);
        });
        if k < doublings.count {
            let counts = step * 2f64.powi(k as i32) >= least_step(chain, last);
            integrals = integrals.doubled(&turn, &returns);
            returns = returns.doubled(&turning, &turn, counts, monitor)?;
            turn = turn.squared();
        }
    }
    let read = |(index, (_, state)): (usize, &(Vec<bool>, State))| {
        state.read(times[index], doublings.count, keep(index))
    };
    Ok(outputs.iter().enumerate().map(read).collect())
}

/// R(h) by columns: what flips give to the pairs of z, of every pair of z̃.
struct Returns {
    columns: Vec<f64>,
    /// The largest entry of a current's row so far, whose roundings the later ones have.
    flows: f64,
}

impl Returns {
    /// Of one short step.
    fn short(turning: &Turning, step: f64) -> Returns {
        let ([m, all], size) = (turning.pairs(), turning.size());
        let mut columns = vec![0.0; m * all];
        columns.par_chunks_mut(m).zip(pairs(size)).for_each(|(column, [i, j])| {
            if turning.meets_a_flip([i, j]) {
                let mut start = vec![0.0; size * size];
                (start[i * size + j], start[j * size + i]) = (1.0, 1.0);
                column.copy_from_slice(&turning.short_returns(start, step));
            }
        });
        Returns { columns, flows: 0.0 }.with_flows(turning)
    }

    /// The same, its currents looked at.
    fn with_flows(mut self, turning: &Turning) -> Returns {
        let [m, _] = turning.pairs();
        let rows = turning.currents();
        let of_column = |column: &[f64]| largest_of(rows.iter().map(|&row| column[row]));
        let most = largest_of(self.columns.chunks(m).map(of_column));
        self.flows = self.flows.max(most);
        self
    }

    /// R(2h), `turn` being e^(B̃h); without R(h) R(h) where that does not count.
    fn doubled(
        &self,
        turning: &Turning,
        turn: &Power,
        counts: bool,
        monitor: &Monitor,
    ) -> Result<Returns, EvolveError> {
        let ([m, all], n, size) = (turning.pairs(), turning.coordinates(), turning.size());
        let whole = turn.rounded();
        let leading = leading(&whole, size, n);
        let mut next = vec![0.0; m * all];
        // P_0 R
        next.par_chunks_mut(m).zip(self.columns.par_chunks(m)).for_each(|(next, column)| {
            if column.iter().any(|x| *x != 0.0) {
                fold(&congruence(&leading, &unfolded(column, n), n), n, next);
            }
        });
        // R P_0 is the mirror image of P_0 R under time reversal, and so is R R of itself: of the
        // pairs of z the rows from the diagonal on are computed, and mirrored.
        let old = MatRef::from_column_major_slice(&self.columns, m, all);
        let (square, more) = next.split_at_mut(m * m);
        let parities = turning.parities();
        let mirrored = |a: usize, b: usize, x: f64| {
            let ([sign_a, weight_a], [sign_b, weight_b]) = (parities[a], parities[b]);
            sign_a * sign_b * weight_b / weight_a * x
        };
        each_below(m, |a, b| {
            let [below, above] = [b * m + a, a * m + b];
            square[below] += mirrored(a, b, square[above]);
        });
        if counts {
            self.add_square(square, m, monitor)?;
        }
        each_below(m, |a, b| {
            let [below, above] = [b * m + a, a * m + b];
            square[above] = mirrored(b, a, square[below]);
        });
        // R (P_0 + R) of the pairs with what drives the means.
        let driving: Vec<[usize; 2]> = pairs(size).split_off(m);
        more.par_chunks_mut(m * BLOCK).zip(driving.par_chunks(BLOCK)).for_each(|(more, pairs)| {
            let mut driven = vec![0.0; all * pairs.len()];
            for (to, &[i, j]) in driven.chunks_mut(all).zip(pairs) {
                turning.turned_pair(&whole, [i, j], to);
                let given = &self.columns[place(i, j) * m..][..m];
                to.iter_mut().zip(given).for_each(|(to, given)| *to += given);
            }
            let more = MatMut::from_column_major_slice_mut(more, m, pairs.len());
            let driven = MatRef::from_column_major_slice(&driven, all, pairs.len());
            matmul(more, Accum::Add, old, driven, 1.0, Par::Seq);
        });
        let mut next = Returns { columns: next, flows: self.flows };
        next.forget_traces();
        Ok(next.with_flows(turning))
    }

    /// Adds R R of the pairs of z, rows from the diagonal on. Soon after the start most pairs are
    /// too far apart to meet a flip: their rows and columns are left out.
    fn add_square(&self, to: &mut [f64], m: usize, monitor: &Monitor) -> Result<(), EvolveError> {
        let column = |a: usize| &self.columns[a * m..(a + 1) * m];
        let meets = |a: &usize| column(*a).iter().any(|x| *x != 0.0);
        let active: Vec<usize> = (0..m).filter(meets).collect();
        let count = active.len();
        let gathered: Vec<f64> = match count == m {
            true => Vec::new(),
            false => {
                active.iter().flat_map(|&b| active.iter().map(move |&a| column(b)[a])).collect()
            }
        };
        let own = if count == m { &self.columns[..m * m] } else { &gathered };
        let own = MatRef::from_column_major_slice(own, count, count);
        let blocks = to.par_chunks_mut(m).enumerate().filter(|(b, _)| meets(b));
        let mut blocks: Vec<(usize, &mut [f64])> = blocks.collect();
        blocks.par_chunks_mut(BLOCK).enumerate().try_for_each(|(index, block)| {
            monitor.check()?;
            let (first, columns) = (index * BLOCK, block.len());
            let rows = count - first;
            let mut sums = vec![0.0; rows * columns];
            let into = MatMut::from_column_major_slice_mut(&mut sums, rows, columns);
            let left = own.submatrix(first, 0, rows, count);
            let right = own.submatrix(0, first, count, columns);
            matmul(into, Accum::Replace, left, right, 1.0, Par::Seq);
            for ((_, to), sums) in block.iter_mut().zip(sums.chunks(rows)) {
                active[first..].iter().zip(sums).for_each(|(&a, sum)| to[a] += sum);
            }
            Ok(())
        })
    }

    /// Drops entries below all roundings, so that pairs that have met no flip stay apart.
    fn forget_traces(&mut self) {
        let least = TRACE * largest(&self.columns);
        self.columns.par_iter_mut().filter(|x| x.abs() < least).for_each(|x| *x = 0.0);
    }
}

/// The pairs i ≤ j in their order.
fn pairs(size: usize) -> Vec<[usize; 2]> {
    (0..size).flat_map(|j| (0..=j).map(move |i| [i, j])).collect()
}

/// Every (a, b) with b ≤ a, in tiles that stay in the cache.
fn each_below(m: usize, mut at: impl FnMut(usize, usize)) {
    for rows in (0..m).step_by(TILE) {
        for columns in (0..=rows).step_by(TILE) {
            for b in columns..m.min(columns + TILE) {
                for a in rows.max(b)..m.min(rows + TILE) {
                    at(a, b);
                }
            }
        }
    }
}

/// The first n rows and columns of a matrix by columns.
fn leading(matrix: &[f64], size: usize, n: usize) -> Vec<f64> {
    matrix.chunks(size).take(n).flat_map(|column| column[..n].iter().copied()).collect()
}

/// E X Eᵀ, all by columns.
fn congruence(e: &[f64], x: &[f64], n: usize) -> Vec<f64> {
    let (mut half, mut whole) = (vec![0.0; n * n], vec![0.0; n * n]);
    let e = MatRef::from_column_major_slice(e, n, n);
    let x = MatRef::from_column_major_slice(x, n, n);
    let into = MatMut::from_column_major_slice_mut(&mut half, n, n);
    matmul(into, Accum::Replace, e, x, 1.0, Par::Seq);
    let half = MatRef::from_column_major_slice(&half, n, n);
    let into = MatMut::from_column_major_slice_mut(&mut whole, n, n);
    matmul(into, Accum::Replace, half, e.transpose(), 1.0, Par::Seq);
    whole
}
