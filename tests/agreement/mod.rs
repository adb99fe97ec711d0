//! How far two solutions are from each other, and how far they may be.

use flipchain::covariance::moments::Solution;

/// The largest distance of two entries; what is not a number is far from everything.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    distances.fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) })
}

/// Name, distance and the sum of the two estimates for each kind of moment.
pub fn distances(a: &Solution, b: &Solution) -> [(&'static str, f64, f64); 5] {
    let (x, y, e, f) = (&a.moments, &b.moments, &a.errors, &b.errors);
    let bonds = x.correlation.len();
    [
        ("mean r", apart(&x.mean[..bonds], &y.mean[..bonds]), e.mean_r + f.mean_r),
        ("mean p", apart(&x.mean[bonds..], &y.mean[bonds..]), e.mean_p + f.mean_p),
        ("var r", apart(&x.variance[..bonds], &y.variance[..bonds]), e.var_r + f.var_r),
        ("var p", apart(&x.variance[bonds..], &y.variance[bonds..]), e.var_p + f.var_p),
        ("correlation", apart(&x.correlation, &y.correlation), e.correlation + f.correlation),
    ]
}
