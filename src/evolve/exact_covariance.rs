//! What a small chain without flips has left of its start, in 32 digits at any time.
//!
//! C = C_∞ + e^(Bτ) (C(0) - C_∞) e^(Bᵀτ), by the powers of [`super::exact_means`], whose errors
//! fade with the motion. With cold ends that rest is all there is, and doubles would know it as a
//! part of what it was. O(n³) for every bit of a time, 40 ns each; judge: the second half of a time
//! from the state after the first.

use super::exact_means::turns;
use super::turning::Turning;
use crate::budget::rounding::{self, OF_32};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Solution, largest};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::Power;
use ndarray::Array2;
use rayon::prelude::*;

/// A symmetric matrix by rows.
type Matrix = Vec<Vec<Double>>;

/// Puts variances and currents, and their errors, into `solutions` at ascending times, where they
/// are known better than before.
pub(crate) fn put(chain: &Chain, law: &InitialLaw, solutions: &mut [Solution]) {
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    let state = chain.harmonic_state().filter(|_| chain.flip_rate == 0.0);
    // Beside warm ends the rest is far below the limit, which is known in doubles.
    let Some(state) = state.filter(|_| chain.temperature() == [0.0; 2]) else { return };
    let free = chain.unforced();
    let turning = Turning::new(&free);
    let last = solutions.last().map_or(0.0, |solution| solution.moments.time.hi);
    let (doublings, turns) = turns(&turning, last);
    let limit = state.covariance(chain);
    let start = law.covariance_above(0.0) - &limit;
    let start: Matrix =
        start.rows().into_iter().map(|row| row.iter().map(|&y| y.into()).collect()).collect();
    let unit = OF_32 * n as f64;
    for solution in solutions {
        let (bits, left) = doublings.of(solution.moments.time);
        let mut y = turned(&turning.short(left), &start);
        let mut lost = 2.0 * unit * n as f64 * size(&start);
        for (turn, _) in turns.iter().zip(bits).filter(|(_, bit)| *bit) {
            let own = 2.0 * (turn.error + turn.rounding) * turn.faded;
            lost = turn.faded * turn.faded * lost + own * n as f64 * size(&y);
            y = turned(&turn.power, &y);
        }
        let rest = Array2::from_shape_fn((n, n), |(i, j)| y[i][j].hi);
        let covariance = &limit + &rest;
        let variance = covariance.diag().to_vec();
        let correlation = chain.left_correlations(covariance.view());
        // 0 - 0 is 0 where -0 would be printed.
        let left = |p: usize, friction: f64, flow: f64| 0.0 + flow - friction * rest[[p, p]];
        let ([first, end], flow) = (chain.friction(), state.correlation);
        let inflow = [left(bonds, first, -flow), left(n - 1, end, flow)];
        let currents = largest(&correlation).max(largest(&inflow));
        let error = |values: &[f64]| rounding::PRODUCT * largest(values) + lost;
        let of_currents = rounding::PRODUCT * currents
            + chain.current_weight() * lost
            + rounding::UNIT * flow.abs();
        let Solution { moments, errors, .. } = solution;
        let found = [error(&variance[..bonds]), error(&variance[bonds..])];
        let better = found[0] < errors.var_r && found[1] < errors.var_p;
        if better && of_currents < errors.correlation {
            [errors.var_r, errors.var_p] = found;
            errors.correlation = of_currents;
            moments.variance = variance;
            moments.correlation = correlation;
            moments.inflow = Some(inflow);
            moments.covariance = moments.covariance.take().map(|_| covariance);
        }
    }
}

fn size(y: &Matrix) -> f64 {
    largest_of(y.iter().flatten().map(|y| y.hi))
}

/// P Y Pᵀ
fn turned(power: &Power, y: &Matrix) -> Matrix {
    // P times the columns are the rows of (P Y)ᵀ, those of which P turns once more.
    let once: Matrix = y.par_iter().map(|column| power.apply(column)).collect();
    let n = once.len();
    let across = |i: usize| (0..n).map(|j| once[j][i]).collect::<Vec<_>>();
    (0..n).into_par_iter().map(|i| power.apply(&across(i))).collect()
}
