//! Measures how consistent a covariance is: symmetric, and positive semidefinite.

use crate::chain::Chain;
use crate::monitor::record;
use crate::numerics::vector::{largest_of, most_of};
use faer::{Mat, Side};
use ndarray::ArrayView2;
use rayon::prelude::*;

/// The conditions on a covariance matrix, each as the amount by which it fails, relative to the
/// largest variance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consistency {
    /// Largest |C - Cᵀ|.
    pub asymmetry: f64,
    /// The amount to add to the variances for |C_ij|² ≤ C_ii C_jj; 0 where the matrix passes.
    pub negative_minor: f64,
    /// The least of 0, 1e-17, 1e-16, .. that, added to the diagonal, lets a Cholesky factorization
    /// succeed: how far the matrix is from positive semidefinite, to a factor 10. `None` beyond
    /// [`Consistency::LARGEST_FACTORIZATION`] coordinates, where the minors alone are seen.
    pub indefinite: Option<f64>,
}

impl Consistency {
    /// Coordinates up to which the matrix is factorized, O(N³): a fraction of a second.
    pub const LARGEST_FACTORIZATION: usize = 1025;

    /// The consistency of a matrix, O(N²) except for the factorization.
    pub fn of(covariance: ArrayView2<f64>) -> Consistency {
        let variance = covariance.diag();
        let scale = largest_of(variance.iter().copied()).max(f64::MIN_POSITIVE);
        let of_row = |i: usize| {
            let (mut asymmetry, mut negative) = (0.0f64, most_of([-variance[i]]));
            for j in 0..i {
                let [c, mirrored] = [covariance[[i, j]], covariance[[j, i]]];
                asymmetry = most_of([asymmetry, (c - mirrored).abs()]);
                negative = most_of([negative, missing(variance[i], variance[j], c)]);
            }
            [asymmetry, negative]
        };
        let larger = |a: [f64; 2], b: [f64; 2]| std::array::from_fn(|k| most_of([a[k], b[k]]));
        let rows = (0..covariance.nrows()).into_par_iter();
        let [asymmetry, negative] = rows.map(of_row).reduce(|| [0.0; 2], larger);
        let n = covariance.nrows();
        let indefinite =
            (n <= Consistency::LARGEST_FACTORIZATION).then(|| indefinite(covariance, scale));
        let [asymmetry, negative_minor] = [asymmetry, negative].map(|x| of_scale(x, scale));
        Consistency { asymmetry, negative_minor, indefinite }
    }

    /// The consistency of the variances and the correlations of neighbours alone, O(N).
    pub fn of_bonds(chain: &Chain, variance: &[f64], correlation: &[f64]) -> Consistency {
        let scale = largest_of(variance.iter().copied()).max(f64::MIN_POSITIVE);
        let minor = correlation.iter().enumerate().map(|(bond, c)| {
            let (p, r) = chain.left_pair(bond);
            missing(variance[p], variance[r], *c)
        });
        let negative = most_of(variance.iter().map(|v| -v).chain(minor));
        let negative_minor = of_scale(negative, scale);
        Consistency { asymmetry: 0.0, negative_minor, indefinite: None }
    }
}

/// `missing` as a part of `scale`; a missing part that is not finite stays infinite, even where the
/// scale is infinite, too.
fn of_scale(missing: f64, scale: f64) -> f64 {
    if missing.is_finite() { missing / scale } else { f64::INFINITY }
}

/// The number by which two variances a and b must be enlarged for a covariance c: less the smaller
/// eigenvalue, (ab - c²)/((a + b)/2 + √((a - b)²/4 + c²)).
fn missing(a: f64, b: f64, c: f64) -> f64 {
    let larger = 0.5 * (a + b).abs() + (0.25 * (a - b) * (a - b) + c * c).sqrt();
    let smaller = if a + b < 0.0 { -larger } else { (a * b - c * c) / larger };
    if larger == 0.0 { 0.0 } else { -smaller }
}

/// The least of 0, 1e-17, 1e-16, .., 1 by which C/scale must be shifted to be positive definite in
/// floating point; infinite beyond.
fn indefinite(covariance: ArrayView2<f64>, scale: f64) -> f64 {
    let n = covariance.nrows();
    let mut shifted = Mat::from_fn(n, n, |i, j| covariance[[i, j]] / scale);
    let shifts = std::iter::once(0.0).chain((0..18).map(|k| 1e-17 * 10f64.powi(k)));
    for shift in shifts {
        (0..n).for_each(|i| shifted[(i, i)] = covariance[[i, i]] / scale + shift);
        if shifted.llt(Side::Lower).is_ok() {
            return shift;
        }
    }
    f64::INFINITY
}

record!(Consistency { asymmetry, negative_minor, indefinite });

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn a_matrix_with_good_minors_and_a_negative_eigenvalue_is_found_out() {
        // All 2×2 minors are positive; the eigenvalues are 1 - 2·0.6 and twice 1.6.
        let c = array![[1.0, -0.6, -0.6], [-0.6, 1.0, -0.6], [-0.6, -0.6, 1.0]];
        let found = Consistency::of(c.view());
        assert_eq!((found.asymmetry, found.negative_minor), (0.0, 0.0));
        assert!(found.indefinite.is_some_and(|shift| shift >= 0.2), "{found:?}");
        let singular = array![[1.0, 1.0], [1.0, 1.0]];
        assert!(Consistency::of(singular.view()).indefinite.is_some_and(|shift| shift <= 1e-15));
        assert_eq!(Consistency::of(Array2::<f64>::eye(3).view()).indefinite, Some(0.0));
    }

    #[test]
    fn what_is_not_a_number_is_not_consistent() {
        let nan = f64::NAN;
        for c in [array![[1.0, nan], [nan, 1.0]], array![[nan, 0.0], [0.0, 1.0]]] {
            let found = Consistency::of(c.view());
            assert_eq!(found.negative_minor, f64::INFINITY, "{found:?}");
            assert!(found.indefinite.is_some_and(f64::is_infinite), "{found:?}");
        }
        let lopsided = Consistency::of(array![[1.0, nan], [0.0, 1.0]].view());
        assert_eq!(lopsided.asymmetry, f64::INFINITY);
        let chain = Chain::open(1).build().expect("a chain");
        for (variance, correlation) in [([1.0, nan, 1.0], 0.0), ([1.0; 3], nan)] {
            let found = Consistency::of_bonds(&chain, &variance, &[correlation]);
            assert_eq!(found.negative_minor, f64::INFINITY, "{found:?}");
        }
    }
}
