//! ‖C‖² of sums of answers, without forming them: C_N of chains whose covariance does not fit the
//! memory (docs/theory/theorems.md, (11.1)).
//!
//! An answer is a closed form in its interface, O(N) numbers. One pass forms Σ_j Re(c_j X_j), row
//! by row, adds T 1, squares, and keeps nothing: O(nodes · N²) time, O(nodes · N) memory. The
//! Frobenius norm does not depend on the basis.

use super::answer::Answer;
use super::modal::Modal;
use super::pass::{self, Complex, Place, Visitor};
use super::{SolveReport, friction, packed};
use crate::numerics::lanes::Lane;
use num_complex::Complex64;

/// The answer to one equation, not formed ([`Modal::keep`]).
pub struct Kept<'a> {
    pub(super) answer: Answer<'a>,
    /// What the solve says of itself.
    pub report: SolveReport,
    /// The largest |X(p_n, p_n)|.
    pub size: f64,
}

/// What is expected to be read off an answer.
pub struct Guess {
    /// X(p_n, p_n)
    pub momentum: Vec<Complex64>,
    /// The columns of [`Modal::read_columns`], in the theory's order.
    pub columns: Vec<Vec<Complex64>>,
}

/// A sum of answers, Σ_j Re(weights_j X_j) + T 1.
pub struct Sum {
    /// One for every answer.
    pub weights: Vec<Complex64>,
    /// T
    pub temperature: f64,
}

/// The squares of every sum: Σ_(n,k) Cov(p_n,p_k)² + Cov(r_n,r_k)² + Cov(p_n,r_k)², over ordered
/// pairs n, k.
pub fn squares(equations: &Modal, answers: &[Kept<'_>], sums: &[Sum]) -> Vec<f64> {
    let (modes, groups) = (equations.modes(), equations.groups());
    let reader = |_| Reader {
        answers,
        sums,
        modes: modes.count(),
        sources: Vec::new(),
        row: 0,
        rows: vec![Vec::new(); sums.len()],
        squares: vec![0.0; sums.len()],
    };
    let readers = groups.iter().map(reader).collect();
    let mut total = vec![0.0; sums.len()];
    for reader in pass::run::<Complex, _>(modes, groups, readers) {
        total.iter_mut().zip(reader.squares).for_each(|(total, part)| *total += part);
    }
    total
}

/// Forms one row of every sum at a time.
struct Reader<'a> {
    answers: &'a [Kept<'a>],
    sums: &'a [Sum],
    modes: usize,
    sources: Vec<friction::Row>,
    row: usize,
    /// Of every sum, in the layout of a packed row.
    rows: Vec<Vec<f64>>,
    squares: Vec<f64>,
}

impl Visitor for Reader<'_> {
    fn start_row(&mut self, row: usize) {
        self.row = row;
        self.sources = self.answers.iter().map(|kept| kept.answer.row(row)).collect();
        for values in &mut self.rows {
            values.clear();
            values.resize(4 * (self.modes - row), 0.0);
        }
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        let start = packed::row_start(self.modes, self.row);
        for (i, (kept, sources)) in self.answers.iter().zip(&self.sources).enumerate() {
            let x = kept.answer.at::<V>(sources, place);
            for (values, sum) in self.rows.iter_mut().zip(self.sums) {
                packed::add(values, start, self.modes, place, sum.weights[i], &x);
            }
        }
    }

    fn end_row(&mut self, row: usize) {
        let len = self.modes - row;
        for ((values, sum), total) in self.rows.iter_mut().zip(self.sums).zip(&mut self.squares) {
            let (pp, rest) = values.split_at_mut(len);
            let (rr, rest) = rest.split_at_mut(len);
            let (rp, pr) = rest.split_at(len);
            pp[0] += sum.temperature;
            // φ_0 = 0: there is no such mode.
            rr[0] += if row > 0 { sum.temperature } else { 0.0 };
            let square = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
            // Pairs off the diagonal stand for both orders; pr and rp are the two of Cov(p, r), and
            // the same on the diagonal.
            *total += 2.0 * (square(&pp[1..]) + square(&rr[1..])) + square(&rp[1..]) + square(pr);
            *total += pp[0] * pp[0] + rr[0] * rr[0];
        }
    }
}
