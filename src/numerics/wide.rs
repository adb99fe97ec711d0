//! Complex numbers of 32 digits and dense linear equations in them.
//!
//! [`solve`] factorizes a matrix of n² such numbers in doubles and refines with residuals
//! of 32 digits; where the condition is beyond what a double factorization can refine, it
//! factorizes in 32 digits. Cost: n³/3 multiplications in doubles, n² wide ones a refinement (some
//! 40 ns each), n³/3 wide ones at worst. Error: 10⁻³² times the condition.

use super::double_double::Double;
use crate::budget::rounding;
use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve};
use num_complex::Complex64;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// re + i im, each a sum of two doubles.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wide {
    pub re: Double,
    pub im: Double,
}

impl Wide {
    pub const ZERO: Wide =
        Wide { re: Double { hi: 0.0, lo: 0.0 }, im: Double { hi: 0.0, lo: 0.0 } };
    pub const ONE: Wide = Wide { re: Double { hi: 1.0, lo: 0.0 }, im: Double { hi: 0.0, lo: 0.0 } };

    /// The nearest complex double.
    pub fn rounded(self) -> Complex64 {
        Complex64::new(self.re.hi, self.im.hi)
    }

    /// |re| + |im|
    pub fn size(self) -> f64 {
        self.re.hi.abs() + self.im.hi.abs()
    }

    /// self · factor
    pub fn scaled(self, factor: f64) -> Wide {
        Wide { re: self.re.scaled(factor), im: self.im.scaled(factor) }
    }

    /// self · factor
    pub fn times_real(self, factor: Double) -> Wide {
        Wide { re: self.re * factor, im: self.im * factor }
    }

    pub fn conjugate(self) -> Wide {
        Wide { re: self.re, im: -self.im }
    }

    /// 1 / self. The parts are scaled first, so that no square leaves the range.
    pub fn inverse(self) -> Wide {
        let size = self.size();
        if size == 0.0 || !size.is_finite() {
            let unknown = Double { hi: f64::NAN, lo: f64::NAN };
            return Wide { re: unknown, im: unknown };
        }
        let scale = 2f64.powi(-(size.log2().floor() as i32));
        let unit = self.scaled(scale);
        let square = (unit.re * unit.re + unit.im * unit.im).inverse();
        Wide { re: unit.re * square, im: -(unit.im * square) }.scaled(scale)
    }
}

impl From<Complex64> for Wide {
    fn from(z: Complex64) -> Wide {
        Wide { re: z.re.into(), im: z.im.into() }
    }
}

impl From<f64> for Wide {
    fn from(x: f64) -> Wide {
        Wide { re: x.into(), im: Double::default() }
    }
}

impl From<Double> for Wide {
    fn from(re: Double) -> Wide {
        Wide { re, im: Double::default() }
    }
}

impl Add for Wide {
    type Output = Wide;
    fn add(self, other: Wide) -> Wide {
        Wide { re: self.re + other.re, im: self.im + other.im }
    }
}

impl AddAssign for Wide {
    fn add_assign(&mut self, other: Wide) {
        *self = *self + other;
    }
}

impl Sub for Wide {
    type Output = Wide;
    fn sub(self, other: Wide) -> Wide {
        Wide { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Neg for Wide {
    type Output = Wide;
    fn neg(self) -> Wide {
        Wide { re: -self.re, im: -self.im }
    }
}

impl Mul for Wide {
    type Output = Wide;
    fn mul(self, other: Wide) -> Wide {
        Wide {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

/// A square matrix by rows.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub size: usize,
    pub entries: Vec<Wide>,
}

impl Matrix {
    pub fn zeros(size: usize) -> Matrix {
        Matrix { size, entries: vec![Wide::ZERO; size * size] }
    }

    pub fn add(&mut self, row: usize, column: usize, value: Wide) {
        self.entries[row * self.size + column] += value;
    }

    fn row(&self, row: usize) -> &[Wide] {
        &self.entries[row * self.size..(row + 1) * self.size]
    }

    /// b - A x
    fn residual(&self, b: &[Wide], x: &[Wide]) -> Vec<Wide> {
        let of_row = |i: usize| self.row(i).iter().zip(x).fold(b[i], |sum, (a, x)| sum - *a * *x);
        (0..self.size).map(of_row).collect()
    }
}

/// A solution and a sample of its error.
#[derive(Debug, Clone)]
pub struct Solution {
    pub x: Vec<Wide>,
    /// The change of x by the rounding of the coefficients to doubles, and its part that is left.
    pub sample: Vec<Wide>,
    pub left: f64,
}

/// Corrections at most by a double factorization; each gains at least a factor ten.
const REFINEMENTS: usize = 24;
/// A correction below this part of the solution ends the refinement.
const CONVERGED: f64 = 1e-29;
/// A refinement that ends above this is not believed.
const STALLED: f64 = 1e-22;

/// The nearest power of two.
fn power_of_two(x: f64) -> f64 {
    if x > 0.0 && x.is_finite() { 2f64.powi(x.log2().round() as i32) } else { 1.0 }
}

/// Solves A x = b; `None` where A is singular to 32 digits.
pub fn solve(mut a: Matrix, b: &[Wide]) -> Option<Solution> {
    let n = a.size;
    // Rows and then columns to a largest entry of about one, without rounding.
    let rows: Vec<f64> = (0..n)
        .map(|i| 1.0 / power_of_two(a.row(i).iter().fold(0.0, |m, x| x.size().max(m))))
        .collect();
    for (i, scale) in rows.iter().enumerate() {
        a.entries[i * n..(i + 1) * n].iter_mut().for_each(|x| *x = x.scaled(*scale));
    }
    let columns: Vec<f64> = (0..n)
        .map(|j| {
            let largest = (0..n).fold(0.0f64, |m, i| m.max(a.entries[i * n + j].size()));
            1.0 / power_of_two(largest)
        })
        .collect();
    for row in a.entries.chunks_mut(n.max(1)) {
        row.iter_mut().zip(&columns).for_each(|(x, scale)| *x = x.scaled(*scale));
    }
    let b: Vec<Wide> = b.iter().zip(&rows).map(|(b, scale)| b.scaled(*scale)).collect();
    let (mut x, mut sample, left) = refined(&a, &b).or_else(|| wide_factors(a, &b))?;
    for vector in [&mut x, &mut sample] {
        vector.iter_mut().zip(&columns).for_each(|(x, scale)| *x = x.scaled(*scale));
    }
    x.iter().all(|x| x.size().is_finite()).then_some(Solution { x, sample, left })
}

fn largest(x: &[Wide]) -> f64 {
    x.iter().fold(0.0, |m, x| if x.size() > m || x.size().is_nan() { x.size() } else { m })
}

/// x, a sample of its error and the part of that which is left; `None` where the refinement of a
/// factorization in doubles does not converge.
fn refined(a: &Matrix, b: &[Wide]) -> Option<(Vec<Wide>, Vec<Wide>, f64)> {
    let n = a.size;
    let lu: PartialPivLu<Complex64> =
        Mat::from_fn(n, n, |i, j| a.entries[i * n + j].rounded()).partial_piv_lu();
    let correct = |r: &[Wide]| -> Vec<Wide> {
        // A residual far below the solution is scaled, so that it does not lose its digits.
        let scale = power_of_two(largest(r));
        let mut x = Mat::from_fn(n, 1, |i, _| r[i].scaled(1.0 / scale).rounded());
        lu.solve_in_place(x.as_mut());
        (0..n).map(|i| Wide::from(x[(i, 0)] * scale)).collect()
    };
    let mut x = correct(b);
    let size = largest(&x);
    if size == 0.0 {
        return Some((x.clone(), x, 0.0));
    }
    let (mut before, mut sample) = (f64::INFINITY, Vec::new());
    for refinement in 0..REFINEMENTS {
        let correction = correct(&a.residual(b, &x));
        let moved = largest(&correction) / size;
        if refinement == 0 {
            sample = correction.clone();
        }
        let first = largest(&sample) / size;
        // Not a number passes neither.
        let (gains, converged) = (moved < 0.1 * before, moved < CONVERGED);
        if !gains && !converged {
            // Roundings of the residual end the gain.
            let believed = moved < STALLED && first < 0.01;
            return believed.then(|| (x, sample, rounding::OF_32_DIGITS + 10.0 * moved / first));
        }
        x.iter_mut().zip(&correction).for_each(|(x, c)| *x += *c);
        if converged {
            let left = rounding::OF_32_DIGITS + if first > 0.0 { moved / first } else { 0.0 };
            return (first < 0.1).then_some((x, sample, left));
        }
        before = moved;
    }
    None
}

/// By a factorization in 32 digits with partial pivoting, and one refinement that measures it.
fn wide_factors(a: Matrix, b: &[Wide]) -> Option<(Vec<Wide>, Vec<Wide>, f64)> {
    let n = a.size;
    let mut lu = a.clone();
    let mut order: Vec<usize> = (0..n).collect();
    let mut inverses = Vec::with_capacity(n);
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| {
            let size = |i: usize| lu.entries[i * n + k].size();
            size(i).total_cmp(&size(j))
        })?;
        if lu.entries[pivot * n + k].size() == 0.0 {
            return None;
        }
        if pivot != k {
            order.swap(k, pivot);
            (0..n).for_each(|j| lu.entries.swap(k * n + j, pivot * n + j));
        }
        let inverse = lu.entries[k * n + k].inverse();
        inverses.push(inverse);
        let (upper, lower) = lu.entries.split_at_mut((k + 1) * n);
        let pivot_row = &upper[k * n..];
        for row in lower.chunks_mut(n) {
            if row[k] == Wide::ZERO {
                continue;
            }
            let factor = row[k] * inverse;
            row[k] = factor;
            for (x, p) in row[k + 1..].iter_mut().zip(&pivot_row[k + 1..]) {
                *x = *x - factor * *p;
            }
        }
    }
    let substitute = |b: &[Wide]| {
        let mut x: Vec<Wide> = order.iter().map(|&i| b[i]).collect();
        for i in 0..n {
            let row = lu.row(i);
            x[i] = (0..i).fold(x[i], |sum, j| sum - row[j] * x[j]);
        }
        for i in (0..n).rev() {
            let row = lu.row(i);
            x[i] = (i + 1..n).fold(x[i], |sum, j| sum - row[j] * x[j]) * inverses[i];
        }
        x
    };
    let mut x = substitute(b);
    let correction = substitute(&a.residual(b, &x));
    x.iter_mut().zip(&correction).for_each(|(x, c)| *x += *c);
    // The coefficients have roundings of the size of those that the correction mends.
    Some((x, correction, 64.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inverse of the Hilbert matrix has integer entries: its last column is known exactly.
    #[test]
    fn a_matrix_beyond_the_doubles_is_solved() {
        for n in [3usize, 8, 11, 14] {
            let mut a = Matrix::zeros(n);
            for i in 0..n {
                for j in 0..n {
                    let entry = Double::from(1.0).divided((i + j + 1) as f64);
                    a.add(i, j, Wide { re: entry, im: Double::default() });
                }
            }
            let mut b = vec![Wide::ZERO; n];
            b[0] = Wide::ONE;
            let found = solve(a, &b).expect("not singular");
            // (H⁻¹)_(i,0) = (-1)^i (i+1) C(n+i, n-1) C(n, n-i-1), i from 0.
            let choose = |n: usize, k: usize| {
                (0..k).fold(1u128, |c, j| c * (n - j) as u128 / (j + 1) as u128)
            };
            for (i, x) in found.x.iter().enumerate() {
                let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
                let whole = (i + 1) as u128 * choose(n + i, n - 1) * choose(n, n - i - 1);
                let exact = sign * whole as f64;
                let error = (x.rounded() - exact).norm();
                let left = found.left * found.sample[i].size();
                assert!(error <= 1e-15 * exact.abs() + left, "n = {n}: {x:?} {exact}");
                assert!(left < 1e-9 * exact.abs(), "{n}: {left:e}");
            }
        }
    }

    #[test]
    fn cosines_have_32_digits() {
        for (m, d) in [(1, 7), (3, 10), (13, 14), (20, 9)] {
            // cos²x + sin²x = 1 and cos 2x = 2 cos² x - 1.
            let cos = Double::cos_half_turns(m, d);
            let twice = Double::cos_half_turns(2 * m, d);
            let left = (cos * cos).scaled(2.0) - Double::from(1.0) - twice;
            assert!(left.hi.abs() < 1e-31, "{m}/{d}: {left:?}");
            let expected = (std::f64::consts::PI * m as f64 / d as f64).cos();
            assert!((cos.hi - expected).abs() < 1e-15);
        }
    }
}
