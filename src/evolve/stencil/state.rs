//! What a step of the stencil is made of: the state of a piece of the chain, the data of the step,
//! and the moments that are read within it.

use super::equation::Equation;
use super::times::Reading;
use crate::monitor::record;

/// The state of a piece between two steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Its first place, and how many it has.
    pub start: usize,
    pub len: usize,
    /// ȳ
    pub mean: Vec<f64>,
    /// The diagonals 0..=top of C, `len` numbers each, zero where there is no entry; of a strong
    /// end D in place of C(y_0, y_0).
    pub rows: Vec<f64>,
    /// The last diagonal kept.
    pub top: usize,
}
record!(Piece { start, len, mean, rows, top });

impl Piece {
    pub fn row(&self, d: usize) -> &[f64] {
        &self.rows[d * self.len..(d + 1) * self.len]
    }
}

/// The data of a step that all pieces share.
pub(super) struct Step<'a> {
    pub equation: &'a Equation<'a>,
    pub h: f64,
    /// Terms at most, and the margin of a piece.
    pub terms: usize,
    /// The force's coefficients.
    pub force: &'a [f64],
    /// A bound of the force's first coefficient beyond those.
    pub unused_force: f64,
    /// The times within the step at which moments are read; the last one is its end.
    pub readings: &'a [Reading],
    /// The error that the covariance of the whole chain may make in this step, Frobenius norm.
    pub allowed: f64,
    /// The same of the means, Euclidean norm.
    pub allowed_of_means: f64,
    /// The last diagonal that is ever stored.
    pub limit: usize,
}

/// Moments and integrals at the places of a core: at one point of a step, from its beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
    /// D of the strong ends.
    pub distance: [f64; 2],
    /// C(i, i+1)
    pub neighbour: Vec<f64>,
    pub mean_integral: Vec<f64>,
    /// ∫ E y_i²
    pub square: Vec<f64>,
    /// ∫ E y_i y_(i+1)
    pub product: Vec<f64>,
    pub work: f64,
    /// ∫ 2γ Σ p̄²
    pub heat: f64,
}
