//! ‖C‖² of sums of answers, without forming them: C_N of chains whose covariance does not fit the
//! memory (docs/theory/theorems.md, (11.1)).
//!
//! An answer is a closed form in its interface, O(N) numbers. One pass forms Σ_j Re(c_j X_j), row
//! by row, adds T 1, squares, and keeps nothing: O(nodes · N²) time, O(nodes · N) memory. The
//! Frobenius norm does not depend on the basis. The rows of one sum may go to a file on the way.

use super::answer::{self, Answer};
use super::filed::{self, HELD, NotFiled, Order};
pub use super::kept::{Guess, Kept};
use super::modal::Modal;
use super::pass::{self, Complex, Place, Visitor};
use super::{MomentEquations, friction, packed};
use crate::monitor::Monitor;
use crate::numerics::lanes::Lane;
use crate::numerics::matrix_file::MatrixFile;
use ndarray::Array2;
use num_complex::Complex64;
use std::io;

/// Two sums of answers that should be the same, Σ_j Re(weights_j X_j) + T 1: the one to use, and
/// another that judges it.
pub struct Sums {
    /// The weights of either, one for every answer; answers whose weight is 0 take no time.
    pub weights: [Vec<Complex64>; 2],
    /// T
    pub temperature: f64,
}

/// The squares of every pair of sums, Σ_(n,k) Cov(p_n,p_k)² + Cov(r_n,r_k)² + Cov(p_n,r_k)², over
/// ordered pairs n, k: of the first, and of the difference.
pub fn squares(equations: &Modal, answers: &[Kept<'_>], sums: &[Sums]) -> Vec<[f64; 2]> {
    pass_over(equations, answers, sums, None).expect("no file is written")
}

/// The same of one pair, whose first sum goes to a file in the order of the sites; returned with
/// the diagonal of that sum. O(N) memory beside the answers.
pub(crate) fn written(
    equations: &Modal,
    answers: &[Kept<'_>],
    sums: Sums,
    file: &MatrixFile,
    monitor: &Monitor,
) -> Result<([f64; 2], Vec<f64>), NotFiled> {
    monitor.check()?;
    let squares = pass_over(equations, answers, &[sums], Some(file))?[0];
    let diagonal = filed::to_sites(equations.modes(), file, HELD, &monitor.part(0.5, 1.0))?;
    Ok((squares, diagonal))
}

/// The first of two sums as a matrix in the theory's order, and the norm of their difference. O(N²)
/// memory.
pub(crate) fn formed(equations: &Modal, answers: &[Kept<'_>], sums: &Sums) -> (Array2<f64>, f64) {
    let weights: Vec<[Complex64; 2]> =
        sums.weights[0].iter().zip(&sums.weights[1]).map(|(&a, &b)| [a, b]).collect();
    let weights: Vec<&[Complex64]> = weights.iter().map(|pair| &pair[..]).collect();
    let answers: Vec<&Answer<'_>> = answers.iter().map(|kept| &kept.answer).collect();
    let mut state = vec![0.0; equations.state_len()];
    let mut other = state.clone();
    answer::emit::<Complex>(&answers, &weights, &mut [&mut state, &mut other]);
    other.iter_mut().zip(&state).for_each(|(other, value)| *other = value - *other);
    let difference = equations.norm(&other);
    drop(other);
    let mut matrix = equations.matrix(&state);
    matrix.diag_mut().iter_mut().for_each(|v| *v += sums.temperature);
    (matrix, difference)
}

fn pass_over(
    equations: &Modal,
    answers: &[Kept<'_>],
    sums: &[Sums],
    file: Option<&MatrixFile>,
) -> io::Result<Vec<[f64; 2]>> {
    let (modes, groups) = (equations.modes(), equations.groups());
    let reader = |_| Reader {
        answers,
        sums,
        modes: modes.count(),
        file: file.map(|file| (file, Order::of(modes))),
        refused: None,
        sources: Vec::new(),
        row: 0,
        rows: vec![Default::default(); sums.len()],
        squares: vec![[0.0; 2]; sums.len()],
    };
    let readers = groups.iter().map(reader).collect();
    let mut total = vec![[0.0; 2]; sums.len()];
    for reader in pass::run::<Complex, _>(modes, groups, readers) {
        reader.refused.map_or(Ok(()), Err)?;
        for (total, part) in total.iter_mut().flatten().zip(reader.squares.iter().flatten()) {
            *total += part;
        }
    }
    Ok(total)
}

/// Forms one row of every sum at a time.
struct Reader<'a> {
    answers: &'a [Kept<'a>],
    sums: &'a [Sums],
    modes: usize,
    /// The file for the rows of the first sums.
    file: Option<(&'a MatrixFile, Order)>,
    /// Why they did not.
    refused: Option<io::Error>,
    sources: Vec<friction::Row>,
    row: usize,
    /// Rows of every sum, in the layout of a packed row.
    rows: Vec<[Vec<f64>; 2]>,
    squares: Vec<[f64; 2]>,
}

impl Visitor for Reader<'_> {
    fn start_row(&mut self, row: usize) {
        self.row = row;
        self.sources = self.answers.iter().map(|kept| kept.answer.row(row)).collect();
        for values in self.rows.iter_mut().flatten() {
            values.clear();
            values.resize(4 * (self.modes - row), 0.0);
        }
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        let start = packed::row_start(self.modes, self.row);
        for (i, (kept, sources)) in self.answers.iter().zip(&self.sources).enumerate() {
            let x = kept.answer.at::<V>(sources, place);
            for (rows, sum) in self.rows.iter_mut().zip(self.sums) {
                for (values, weights) in rows.iter_mut().zip(&sum.weights) {
                    if weights[i] != Complex64::ZERO {
                        packed::add(values, start, self.modes, place, weights[i], &x);
                    }
                }
            }
        }
    }

    fn end_row(&mut self, row: usize) {
        let len = self.modes - row;
        for ((rows, sum), squares) in self.rows.iter_mut().zip(self.sums).zip(&mut self.squares) {
            let [values, other] = rows;
            other.iter_mut().zip(&*values).for_each(|(other, value)| *other = value - *other);
            values[0] += sum.temperature;
            // φ_0 = 0: there is no such mode.
            values[len] += if row > 0 { sum.temperature } else { 0.0 };
            for (values, total) in [&*values, &*other].into_iter().zip(squares) {
                *total += square(values);
            }
            if let Some((file, order)) = self.file.filter(|_| self.refused.is_none()) {
                self.refused = filed::put_row(file, order, row, values).err();
            }
        }
    }
}

/// The share of a packed row in the squares of a matrix.
fn square(row: &[f64]) -> f64 {
    let square = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
    let [pp, rr, rp, pr] = packed::blocks(row);
    // Pairs off the diagonal stand for both orders; pr and rp are the two of Cov(p, r), and the
    // same on the diagonal.
    let pairs = 2.0 * (square(&pp[1..]) + square(&rr[1..])) + square(&rp[1..]) + square(pr);
    pairs + pp[0] * pp[0] + rr[0] * rr[0]
}
