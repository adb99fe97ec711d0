//! Numbers as unevaluated sums of two doubles, 32 digits (Dekker, Numer. Math. 18, 1971), and the
//! exponential of a matrix of them.

use ndarray::Array2;
use std::ops::{Add, Div, Mul, Sub};

/// A number as an unevaluated sum of two doubles.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Twofold(pub f64, pub f64);

/// a + b and its rounding.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// a in two halves of 26 digits.
fn halves(a: f64) -> (f64, f64) {
    let t = 134_217_729.0 * a;
    let high = t - (t - a);
    (high, a - high)
}

/// ab and its rounding.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
    (p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2)
}

/// 2π to 32 digits: the double nearest to it and the one nearest to the rest.
const TURN: Twofold = Twofold(std::f64::consts::TAU, 2.449293598294706e-16);

impl Twofold {
    /// ab exactly.
    pub fn product(a: f64, b: f64) -> Twofold {
        let (p, e) = two_product(a, b);
        Twofold(p, e)
    }

    /// 2π/period
    pub fn frequency_of(period: f64) -> Twofold {
        TURN / period
    }

    /// a + b exactly.
    pub fn sum(a: f64, b: f64) -> Twofold {
        let (s, e) = two_sum(a, b);
        Twofold(s, e)
    }
}

impl From<f64> for Twofold {
    fn from(x: f64) -> Twofold {
        Twofold(x, 0.0)
    }
}

impl Add for Twofold {
    type Output = Twofold;
    fn add(self, other: Twofold) -> Twofold {
        let (s, e) = two_sum(self.0, other.0);
        Twofold::sum(s, e + (self.1 + other.1))
    }
}

impl Sub for Twofold {
    type Output = Twofold;
    fn sub(self, other: Twofold) -> Twofold {
        self + Twofold(-other.0, -other.1)
    }
}

impl Mul for Twofold {
    type Output = Twofold;
    fn mul(self, other: Twofold) -> Twofold {
        let (p, e) = two_product(self.0, other.0);
        Twofold::sum(p, e + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div<f64> for Twofold {
    type Output = Twofold;
    fn div(self, d: f64) -> Twofold {
        let q = self.0 / d;
        let (p, e) = two_product(q, d);
        Twofold::sum(q, (((self.0 - p) - e) + self.1) / d)
    }
}

/// The entries of a matrix that are not zero, by rows.
pub struct Sparse(Vec<Vec<(usize, Twofold)>>);

impl Sparse {
    pub fn new(a: &Array2<Twofold>) -> Sparse {
        let row = |row: ndarray::ArrayView1<Twofold>| {
            row.iter().copied().enumerate().filter(|(_, x)| x.0 != 0.0).collect()
        };
        Sparse(a.rows().into_iter().map(row).collect())
    }

    /// e^(A t) v for ‖A t‖ ≤ 1: thirty terms leave 1e-32.
    pub fn exponential_on(&self, v: &[Twofold], time: Twofold) -> Vec<Twofold> {
        let (mut sum, mut term) = (v.to_vec(), v.to_vec());
        for k in 1..=30 {
            let factor = time / k as f64;
            let dot = |row: &Vec<(usize, Twofold)>| {
                row.iter().fold(Twofold::default(), |s, &(j, a)| s + term[j] * a) * factor
            };
            term = self.0.iter().map(dot).collect();
            sum.iter_mut().zip(&term).for_each(|(s, t)| *s = *s + *t);
        }
        sum
    }
}

/// A square matrix, row by row, the leading and the trailing doubles apart so that loops over a row
/// are fast.
pub struct Matrix(usize, Vec<f64>, Vec<f64>);

impl Matrix {
    fn product(&self, other: &Matrix) -> Matrix {
        let n = self.0;
        let (mut high, mut low) = (vec![0.0; n * n], vec![0.0; n * n]);
        for i in 0..n {
            let (row_high, row_low) = (&mut high[i * n..(i + 1) * n], &mut low[i * n..(i + 1) * n]);
            for k in 0..n {
                let a = Twofold(self.1[i * n + k], self.2[i * n + k]);
                if a != Twofold::default() {
                    let right =
                        other.1[k * n..(k + 1) * n].iter().zip(&other.2[k * n..(k + 1) * n]);
                    for ((x, y), (b, c)) in row_high.iter_mut().zip(row_low.iter_mut()).zip(right) {
                        let sum = Twofold(*x, *y) + a * Twofold(*b, *c);
                        (*x, *y) = (sum.0, sum.1);
                    }
                }
            }
        }
        Matrix(n, high, low)
    }

    fn at(&self, i: usize) -> Twofold {
        Twofold(self.1[i], self.2[i])
    }

    pub fn apply(&self, v: &[Twofold]) -> Vec<Twofold> {
        let n = self.0;
        (0..n)
            .map(|i| (0..n).fold(Twofold::default(), |s, j| s + self.at(i * n + j) * v[j]))
            .collect()
    }

    /// e^(A t), `norm` being that of A.
    pub fn exponential(a: &Array2<Twofold>, time: Twofold, norm: f64) -> Matrix {
        let n = a.nrows();
        let squarings = ((norm * time.0).log2().ceil() as i32 + 3).max(0);
        let scale = 2f64.powi(squarings);
        let factor = Twofold(time.0 / scale, time.1 / scale);
        let entries: Vec<Twofold> = a.iter().map(|&x| x * factor).collect();
        let split = |entries: &[Twofold]| {
            Matrix(n, entries.iter().map(|x| x.0).collect(), entries.iter().map(|x| x.1).collect())
        };
        let step = split(&entries);
        let mut sum: Vec<Twofold> =
            (0..n * n).map(|i| f64::from(i % (n + 1) == 0).into()).collect();
        let mut term = split(&sum);
        // The norm is below 1/8: twenty terms leave 1e-37.
        for k in 1..20 {
            term = step.product(&term);
            for (i, sum) in sum.iter_mut().enumerate() {
                let t = term.at(i) / k as f64;
                (term.1[i], term.2[i]) = (t.0, t.1);
                *sum = *sum + t;
            }
        }
        (0..squarings).fold(split(&sum), |power, _| power.product(&power))
    }
}
