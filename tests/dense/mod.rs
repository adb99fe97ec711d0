//! Dense matrices that several tests judge by.

use ndarray::Array2;

/// e^(As) by scaling, a Taylor series and squaring, on a dense matrix.
pub fn exponential(a: &Array2<f64>, s: f64) -> Array2<f64> {
    let norm = a.rows().into_iter().map(|row| row.mapv(f64::abs).sum()).fold(0.0, f64::max);
    let squarings = (norm * s).max(1.0).log2().ceil() as i32 + 1;
    let h = s / 2f64.powi(squarings);
    let mut term: Array2<f64> = Array2::eye(a.nrows());
    let mut sum = term.clone();
    for k in 1..22 {
        term = term.dot(a) * (h / k as f64);
        sum += &term;
    }
    (0..squarings).for_each(|_| sum = sum.dot(&sum));
    sum
}
