//! Time integrals of the second moments along doublings: the rows of ∫_0^h P(s) ds that are asked
//! for, P = P_0 + R the propagator of the pairs of z̃.
//!
//! ```text
//! I(2h) = I(h) + I(h) P(h)
//! ```
//!
//! A row is a functional of the pairs, Σ M_ij Y_ij with a symmetric M, so that I P_0 is Eᵀ M E, E =
//! e^(B̃h), and I R a product of few rows. Rows: all squares, p r of every bond; and of the means
//! alone, which no flip gives anything back, Σ p² for the heat and F p_N for the work. Cost: 3N+1
//! rows of m numbers; a fraction of R's own.

use super::super::turning::{TERMS, Turning};
use super::{Returns, congruence};
use crate::budget::rounding;
use crate::covariance::moments::TimeIntegrals;
use crate::numerics::triangle::{count, place};
use crate::numerics::wide_matrix::Power;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows that one thread forms at a time.
const ROWS: usize = 16;

/// The integrals over a step.
pub(super) struct Integrals<'a> {
    turning: &'a Turning<'a>,
    /// The asked rows by the pairs of z̃, one after the other.
    rows: Vec<f64>,
    /// The functionals of the heat and the work, whole matrices.
    of_means: [Vec<f64>; 2],
    /// ∫ e^(B̃s) ds, by rows.
    mean: Vec<f64>,
}

/// The integrals of Y and of the means so far.
#[derive(Clone)]
pub(super) struct Sums {
    rows: Vec<f64>,
    of_means: [f64; 2],
    mean: Vec<f64>,
}

/// The functionals that are asked for: the pairs.
fn asked(turning: &Turning) -> Vec<[usize; 2]> {
    let squares = (0..turning.coordinates()).map(|i| [i, i]);
    let bonds = (0..turning.chain.bonds).map(|bond| turning.chain.left_pair(bond));
    squares.chain(bonds.map(|(p, r)| [p, r])).collect()
}

/// Those of the means: Σ p², and F p_N.
fn of_means(turning: &Turning) -> [Vec<f64>; 2] {
    let (n, size) = (turning.coordinates(), turning.size());
    let (mut heat, mut work) = (vec![0.0; size * size], vec![0.0; size * size]);
    (turning.chain.bonds..n).for_each(|p| heat[p * size + p] = 1.0);
    for (column, b) in turning.rows[n - 1].iter().filter(|(column, _)| *column >= n) {
        work[column * size + n - 1] = 0.5 * b.hi;
        work[(n - 1) * size + column] = 0.5 * b.hi;
    }
    [heat, work]
}

/// B̃ᵀ M + M B̃ times `factor`, and `given` times its squares of p.
fn adjoint(turning: &Turning, matrix: &[f64], factor: f64, given: f64) -> Vec<f64> {
    let (size, n) = (turning.size(), turning.coordinates());
    let mut half = vec![0.0; size * size];
    for (i, row) in turning.rows.iter().enumerate() {
        for (j, b) in row {
            let (to, from) = (j * size, i * size);
            for k in 0..size {
                half[to + k] += factor * b.hi * matrix[from + k];
            }
        }
    }
    let mut next = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..size {
            next[i * size + j] = half[i * size + j] + half[j * size + i];
        }
    }
    for p in turning.chain.bonds..n {
        next[p * size + p] += factor * given * matrix[p * size + p];
    }
    next
}

/// ∫_0^h e^(As) ds x by its series, `apply` giving A times a term and a factor.
fn integrated(x: Vec<f64>, step: f64, apply: impl Fn(&[f64], f64) -> Vec<f64>) -> Vec<f64> {
    let mut sum: Vec<f64> = x.iter().map(|x| step * x).collect();
    let mut term = x;
    for k in 1..=TERMS {
        term = apply(&term, step / k as f64);
        let weight = step / (k + 1) as f64;
        sum.iter_mut().zip(&term).for_each(|(sum, x)| *sum += weight * x);
    }
    sum
}

/// ∫_0^h of a functional along the propagator, which has `given` of the squares of p from flips.
fn short(turning: &Turning, start: Vec<f64>, step: f64, given: f64) -> Vec<f64> {
    integrated(start, step, |term, factor| adjoint(turning, term, factor, given))
}

/// A functional by pairs, from its matrix.
fn folded(matrix: &[f64], size: usize) -> Vec<f64> {
    let pairs = (0..size).flat_map(|j| (0..=j).map(move |i| (i, j)));
    pairs.map(|(i, j)| matrix[i * size + j] * if i == j { 1.0 } else { 2.0 }).collect()
}

/// Its matrix, from the pairs.
fn whole(row: &[f64], size: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| row[place(i, j)] * if i == j { 1.0 } else { 0.5 };
    (0..size * size).map(|at| entry(at / size, at % size)).collect()
}

/// Eᵀ, by columns as E is.
fn transposed(e: &[f64], size: usize) -> Vec<f64> {
    (0..size * size).map(|at| e[at % size * size + at / size]).collect()
}

impl<'a> Integrals<'a> {
    /// Over a short step.
    pub fn short(turning: &'a Turning<'a>, step: f64) -> Integrals<'a> {
        let size = turning.size();
        let given = 4.0 * turning.chain.flip_rate;
        let row = |[i, j]: [usize; 2]| {
            let mut start = vec![0.0; size * size];
            start[i * size + j] += 0.5;
            start[j * size + i] += 0.5;
            folded(&short(turning, start, step, given), size)
        };
        let rows: Vec<Vec<f64>> = asked(turning).into_par_iter().map(row).collect();
        let of_means = of_means(turning).map(|start| short(turning, start, step, 0.0));
        let mean = integrated(unit(size), step, |term, factor| {
            let mut next = vec![0.0; size * size];
            for (i, row) in turning.rows.iter().enumerate() {
                for (j, b) in row {
                    for k in 0..size {
                        next[i * size + k] += b.hi * term[j * size + k];
                    }
                }
            }
            next.iter().map(|x| x * factor).collect()
        });
        Integrals { turning, rows: rows.concat(), of_means, mean }
    }

    /// Over twice the step, of which this is the propagator.
    pub fn doubled(&self, turn: &Power, returns: &Returns) -> Integrals<'a> {
        let (size, [m, all]) = (self.turning.size(), self.turning.pairs());
        let columns = turn.rounded();
        let e = transposed(&columns, size);
        let by_flips = MatRef::from_column_major_slice(&returns.columns, m, all);
        let mut next = self.rows.clone();
        let blocks = next.par_chunks_mut(ROWS * all).zip(self.rows.par_chunks(ROWS * all));
        blocks.for_each(|(next, rows)| {
            let count = rows.len() / all;
            for (next, row) in next.chunks_mut(all).zip(rows.chunks(all)) {
                let turned = folded(&congruence(&e, &whole(row, size), size), size);
                next.iter_mut().zip(turned).for_each(|(next, x)| *next += x);
            }
            // Rᵀ times the rows, each a column.
            let into = MatMut::from_column_major_slice_mut(next, all, count);
            let rows = MatRef::from_column_major_slice(rows, all, count).subrows(0, m);
            matmul(into, Accum::Add, by_flips.transpose(), rows, 1.0, Par::Seq);
        });
        let of_means = self.of_means.each_ref().map(|matrix| {
            let turned = congruence(&e, matrix, size);
            matrix.iter().zip(turned).map(|(x, turned)| x + turned).collect()
        });
        // J + J E, by rows: Jᵀ + Eᵀ Jᵀ by columns.
        let mut mean = self.mean.clone();
        let into = MatMut::from_column_major_slice_mut(&mut mean, size, size);
        let old = MatRef::from_column_major_slice(&self.mean, size, size);
        let right = MatRef::from_column_major_slice(&columns, size, size);
        matmul(into, Accum::Add, right.transpose(), old, 1.0, Par::Seq);
        Integrals { turning: self.turning, rows: next, of_means, mean }
    }
}

/// The unit matrix.
fn unit(size: usize) -> Vec<f64> {
    (0..size * size).map(|at| if at % size == at / size { 1.0 } else { 0.0 }).collect()
}

/// Σ M_ij z̃_i z̃_j
fn quadratic(matrix: &[f64], means: &[f64]) -> f64 {
    let row = |(row, z): (&[f64], &f64)| -> f64 {
        z * row.iter().zip(means).map(|(m, z)| m * z).sum::<f64>()
    };
    matrix.chunks(means.len()).zip(means).map(row).sum()
}

impl Sums {
    pub fn zero(turning: &Turning) -> Sums {
        let rows = vec![0.0; asked(turning).len()];
        Sums { rows, of_means: [0.0; 2], mean: vec![0.0; turning.coordinates()] }
    }

    /// Adds a step that begins with these pairs of Y and these means.
    pub fn add(&mut self, over: &Integrals, pairs: &[f64], means: &[f64]) {
        let all = pairs.len();
        for (sum, row) in self.rows.iter_mut().zip(over.rows.chunks(all)) {
            *sum += row.iter().zip(pairs).map(|(a, b)| a * b).sum::<f64>();
        }
        for (sum, matrix) in self.of_means.iter_mut().zip(&over.of_means) {
            *sum += quadratic(matrix, means);
        }
        for (sum, row) in self.mean.iter_mut().zip(over.mean.chunks(means.len())) {
            *sum += row.iter().zip(means).map(|(a, b)| a * b).sum::<f64>();
        }
    }

    /// Adds a short time that begins with Y, a whole matrix, and these means.
    pub fn add_short(&mut self, turning: &Turning, moments: &[f64], means: &[f64], time: f64) {
        let size = turning.size();
        let products: Vec<f64> =
            (0..size * size).map(|at| means[at / size] * means[at % size]).collect();
        let functionals = of_means(turning);
        let [whole, of_z] = [(moments, 4.0 * turning.chain.flip_rate), (&products[..], 0.0)].map(
            |(start, given)| {
                integrated(start.to_vec(), time, |term, factor| turning.slope(term, factor, given))
            },
        );
        for (sum, [i, j]) in self.rows.iter_mut().zip(asked(turning)) {
            *sum += whole[i * size + j];
        }
        for (sum, matrix) in self.of_means.iter_mut().zip(&functionals) {
            *sum += matrix.iter().zip(&of_z).map(|(a, b)| a * b).sum::<f64>();
        }
        let mut term = means.to_vec();
        for k in 0..=TERMS {
            let weight = time / (k + 1) as f64;
            self.mean.iter_mut().zip(&term).for_each(|(sum, z)| *sum += weight * z);
            let row = |row: &Vec<_>| -> f64 {
                let terms =
                    row.iter().map(|(j, b): &(usize, crate::chain::Double)| b.hi * term[*j]);
                weight * terms.sum::<f64>()
            };
            term = turning.rows.iter().map(row).collect();
        }
    }

    /// The integrals by the time, after so many doublings.
    pub fn integrals(&self, turning: &Turning, time: f64, doublings: usize) -> TimeIntegrals {
        let (chain, n) = (turning.chain, turning.coordinates());
        let thermal = chain.harmonic_state().map(|state| state.covariance(chain));
        let still = |[i, j]: [usize; 2]| thermal.as_ref().map_or(0.0, |c| time * c[[i, j]]);
        let all: Vec<f64> =
            asked(turning).into_iter().zip(&self.rows).map(|(pair, x)| still(pair) + x).collect();
        let (square, product) = (all[..n].to_vec(), all[n..].to_vec());
        let [heat, work] = self.of_means;
        let roundings = (4.0 + doublings as f64) * (count(n) as f64).sqrt().sqrt();
        let size = crate::covariance::moments::largest(&square);
        TimeIntegrals {
            mean: self.mean.clone(),
            square,
            product,
            work,
            heat: Some(2.0 * chain.flip_rate * heat),
            error: [rounding::UNIT * roundings * size, 0.0],
        }
    }
}
