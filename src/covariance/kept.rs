//! Answers that are kept as closed forms in their interface, O(N) numbers each.

use super::SolveReport;
use super::answer::Answer;
use num_complex::Complex64;

/// The answer to one equation, not formed ([`super::modal::Modal::keep`]).
pub struct Kept<'a> {
    pub(super) answer: Answer<'a>,
    /// The iterations and errors of the solve.
    pub report: SolveReport,
    /// The largest |X(p_n, p_n)|.
    pub size: f64,
}

/// A guess of the numbers that will be read off an answer.
pub struct Guess {
    /// X(p_n, p_n)
    pub momentum: Vec<Complex64>,
    /// The columns of [`super::modal::Modal::read_columns`], in the theory's order.
    pub columns: Vec<Vec<Complex64>>,
}
