//! ∫_0^τ e^(At) V e^(Aᵀt) dt of a symmetric V: Taylor's series of a short time, and doublings
//! ∫_0^2t = ∫_0^t + e^(At) ∫_0^t e^(Aᵀt).
//!
//! Two dense products a doubling, O(n³ log τ). Where e^(At) is known to rounding at every t, and
//! does not grow, no error does.

use crate::chain::Double;
use faer::Mat;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

/// Degree of Taylor's series: 2⁴³/43! < 10⁻³⁹.
pub(super) const DEGREE: usize = 42;

/// Bonds up to which time integrals are found in this way.
pub(super) const INTEGRATED: usize = 128;

/// The integral of V = `term`. `generator` is A x, `norm` bounds A; `propagator` is asked for
/// e^(At) at times that double.
pub(super) fn accumulated(
    mut term: Array2<f64>,
    generator: impl Fn(&[f64]) -> Vec<f64>,
    norm: f64,
    time: Double,
    mut propagator: impl FnMut(Double) -> Array2<f64>,
) -> Array2<f64> {
    let doublings = (norm * time.hi).log2().ceil().max(0.0) as i32;
    let unit = time.scaled(2f64.powi(-doublings));
    let step = unit.hi;
    term *= step;
    let mut sum = term.clone();
    for k in 1..=DEGREE {
        // A X + X Aᵀ
        let columns: Vec<Vec<f64>> =
            term.columns().into_iter().map(|x| generator(&x.to_vec())).collect();
        term.indexed_iter_mut()
            .for_each(|((i, j), x)| *x = (columns[j][i] + columns[i][j]) * step / (k + 1) as f64);
        sum += &term;
    }
    for doubling in 0..doublings {
        let matrix = propagator(unit.scaled(2f64.powi(doubling)));
        sum = product(&product(&matrix, &sum), &matrix.t().to_owned()) + &sum;
    }
    sum
}

/// Rows handed to one thread at a time; fixed, so that the bits do not depend on the number of
/// threads.
const ROWS: usize = 64;

/// A matrix product, faer's, in blocks of rows.
pub(super) fn product(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let right = Mat::from_fn(b.nrows(), b.ncols(), |i, j| b[[i, j]]);
    let mut out = Array2::zeros((a.nrows(), b.ncols()));
    let blocks: Vec<_> =
        out.axis_chunks_iter_mut(Axis(0), ROWS).zip(a.axis_chunks_iter(Axis(0), ROWS)).collect();
    blocks.into_par_iter().for_each(|(mut out, rows)| {
        let c = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[[i, j]]) * &right;
        out.indexed_iter_mut().for_each(|((i, j), x)| *x = c[(i, j)]);
    });
    out
}
