//! How far two solutions are from each other, and how far they may be. Every test that compares
//! takes its largest value and its distance from here: no assertion of the kind "smaller than"
//! holds for them where one of the numbers is not a number.
// Not every test needs everything.
#![allow(dead_code)]

use flipchain::solver::covariance::moments::Solution;
use flipchain::solver::observe::Profile;
use num_complex::Complex64;

/// A real or complex number, or a reference to one.
pub trait Size {
    fn size(&self) -> f64;
}

impl Size for f64 {
    fn size(&self) -> f64 {
        self.abs()
    }
}

impl Size for Complex64 {
    fn size(&self) -> f64 {
        self.norm()
    }
}

impl<T: Size> Size for &T {
    fn size(&self) -> f64 {
        (*self).size()
    }
}

/// The largest absolute value; infinite where there is one that is not a number.
pub fn largest(values: impl IntoIterator<Item = impl Size>) -> f64 {
    let sizes = values.into_iter().map(|value| value.size());
    sizes.fold(0.0, |most: f64, x| if x.is_nan() { f64::INFINITY } else { most.max(x) })
}

/// The largest distance of two entries in the same place, of as many on both sides.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "as many on both sides");
    largest(a.iter().zip(b).map(|(a, b)| a - b))
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

/// The names of a profile's columns, in the order of [`columns`].
pub const COLUMNS: [&str; 8] =
    ["mean_r", "mean_p", "var_r", "var_p", "mechanical", "thermal", "energy", "current"];

/// The columns of a profile.
pub fn columns(profile: &Profile) -> [Vec<f64>; 8] {
    let [mechanical, thermal, energy] = [profile.mechanical(), profile.thermal(), profile.energy()];
    let p = profile.clone();
    [p.mean_r, p.mean_p, p.var_r, p.var_p, mechanical, thermal, energy, p.current]
}
