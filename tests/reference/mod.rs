//! The independent answer that the solver's error estimates are judged by: the matrix exponential of the whole moment equation.
//!
//! The means z̄, the second moments S = E[z zᵀ], the trigonometric functions of a periodic force and their products with the means
//! obey one linear equation with constant coefficients. Its exponential is taken by scaling, a Taylor series and squaring in
//! double-double arithmetic (32 digits; Dekker, Numer. Math. 18, 1971), so that squarings to late times leave an error far
//! below the roundings of double precision. It shares nothing with the library but the matrix B.

use flipchain::chain::{Chain, InitialLaw};
use flipchain::scenario::Topology;
use ndarray::{Array1, Array2};

/// A number as an unevaluated sum of two doubles.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Twofold(f64, f64);

impl Twofold {
    fn sum(a: f64, b: f64) -> Twofold {
        let s = a + b;
        let t = s - a;
        Twofold(s, (a - (s - t)) + (b - t))
    }

    fn add(self, other: Twofold) -> Twofold {
        let s = Twofold::sum(self.0, other.0);
        Twofold::sum(s.0, s.1 + self.1 + other.1)
    }

    fn multiply(self, other: Twofold) -> Twofold {
        let p = self.0 * other.0;
        let error = self.0.mul_add(other.0, -p);
        Twofold::sum(p, error + (self.0 * other.1 + self.1 * other.0))
    }

    /// self / d for a double d.
    fn divide(self, d: f64) -> Twofold {
        let q = self.0 / d;
        let rest = (-q).mul_add(d, self.0) + self.1;
        Twofold::sum(q, rest / d)
    }
}

/// A square matrix, row by row.
#[derive(Clone)]
struct Matrix(usize, Vec<Twofold>);

impl Matrix {
    fn product(&self, other: &Matrix) -> Matrix {
        let n = self.0;
        let mut out = vec![Twofold::default(); n * n];
        for (row, left) in out.chunks_mut(n).zip(self.1.chunks(n)) {
            for (&a, right) in left.iter().zip(other.1.chunks(n)).filter(|(a, _)| **a != Twofold::default()) {
                row.iter_mut().zip(right).for_each(|(x, &b)| *x = x.add(a.multiply(b)));
            }
        }
        Matrix(n, out)
    }

    fn apply(&self, v: &[Twofold]) -> Vec<Twofold> {
        let dot = |row: &[Twofold]| row.iter().zip(v).fold(Twofold::default(), |s, (a, b)| s.add(a.multiply(*b)));
        self.1.chunks(self.0).map(dot).collect()
    }
}

/// e^(A t).
fn exponential(a: &Array2<f64>, time: f64) -> Matrix {
    let n = a.nrows();
    let norm = a.rows().into_iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max) * time;
    let squarings = (norm.log2().ceil() as i32 + 3).max(0);
    let factor = Twofold(time / 2f64.powi(squarings), 0.0);
    let step = Matrix(n, a.iter().map(|&x| Twofold(x, 0.0).multiply(factor)).collect());
    let identity: Vec<Twofold> =
        (0..n * n).map(|i| if i % (n + 1) == 0 { Twofold(1.0, 0.0) } else { Twofold::default() }).collect();
    let (mut sum, mut term) = (Matrix(n, identity.clone()), Matrix(n, identity));
    // The norm is below 1/8: twenty terms leave 1e-37.
    for k in 1..20 {
        term = step.product(&term);
        term.1.iter_mut().for_each(|x| *x = x.divide(k as f64));
        sum.1.iter_mut().zip(&term.1).for_each(|(s, t)| *s = s.add(*t));
    }
    (0..squarings).for_each(|_| sum = sum.product(&sum));
    sum
}

/// The linear equation that everything obeys. Its unknowns are cos and sin of kωτ for k = 0..2L (L the highest order of the force), their
/// products with z̄ for k = 0..L, and S.
struct Linear {
    matrix: Array2<f64>,
    start: Array1<f64>,
    coordinates: usize,
    /// Where z̄ begins.
    means: usize,
    /// Where S begins.
    second: usize,
}

impl Linear {
    fn new(chain: &Chain, law: &InitialLaw) -> Linear {
        let n = chain.coordinates();
        let b = chain.drift().to_dense();
        let open = chain.topology == Topology::Open;
        let force = if open { chain.force.clone() } else { Default::default() };
        let top = force.harmonics.last().map_or(0, |h| h.0 as usize);
        // Pairs (cos, sin) of every order, first alone, then times the means.
        let wave = |k: usize, part: usize| 2 * k + part;
        let waves = 2 * (2 * top + 1);
        let mean = |k: usize, part: usize, i: usize| waves + (2 * k + part) * n + i;
        let second = waves + 2 * (top + 1) * n;
        let s = |i: usize, j: usize| second + i * n + j;
        let mut a = Array2::zeros((second + n * n, second + n * n));
        for k in 0..=2 * top {
            let w = k as f64 * force.frequency;
            a[[wave(k, 0), wave(k, 1)]] -= w;
            a[[wave(k, 1), wave(k, 0)]] += w;
        }
        // F = Σ f_c cos(lωτ) + f_s sin(lωτ)
        let mut parts = vec![(0usize, force.mean, 0.0)];
        parts.extend(force.harmonics.iter().map(|(l, f)| (*l as usize, 2.0 * f.re, -2.0 * f.im)));
        for k in 0..=top {
            let w = k as f64 * force.frequency;
            for i in 0..n {
                a[[mean(k, 0, i), mean(k, 1, i)]] -= w;
                a[[mean(k, 1, i), mean(k, 0, i)]] += w;
                for j in 0..n {
                    a[[mean(k, 0, i), mean(k, 0, j)]] += b[[i, j]];
                    a[[mean(k, 1, i), mean(k, 1, j)]] += b[[i, j]];
                }
            }
            // cos k F and sin k F by the addition theorems.
            let last = n - 1;
            for &(l, c, d) in &parts {
                let (sum, difference, sign) = (k + l, k.abs_diff(l), if k >= l { 1.0 } else { -1.0 });
                for (row, column, value) in [
                    (0, wave(sum, 0), c / 2.0),
                    (0, wave(difference, 0), c / 2.0),
                    (0, wave(sum, 1), d / 2.0),
                    (0, wave(difference, 1), -sign * d / 2.0),
                    (1, wave(sum, 1), c / 2.0),
                    (1, wave(difference, 1), sign * c / 2.0),
                    (1, wave(sum, 0), -d / 2.0),
                    (1, wave(difference, 0), d / 2.0),
                ] {
                    a[[mean(k, row, last), column]] += value;
                }
            }
        }
        for i in 0..n {
            for j in 0..n {
                for k in 0..n {
                    a[[s(i, k), s(j, k)]] += b[[i, j]];
                    a[[s(k, i), s(k, j)]] += b[[i, j]];
                }
            }
            for &(l, c, d) in &parts {
                for (part, value) in [(0, c), (1, d)] {
                    a[[s(n - 1, i), mean(l, part, i)]] += value;
                    a[[s(i, n - 1), mean(l, part, i)]] += value;
                }
            }
        }
        // Friction and noise, and flips that keep p².
        let (_, noise) = chain.thermostats();
        for p in chain.bonds..n {
            a[[s(p, p), s(p, p)]] += 4.0 * chain.flip_rate;
            a[[s(p, p), wave(0, 0)]] += noise[p - chain.bonds];
        }
        let z = law.mean();
        let covariance = law.covariance_above(0.0);
        let mut start = Array1::zeros(second + n * n);
        for k in 0..=2 * top {
            start[wave(k, 0)] = 1.0;
        }
        for i in 0..n {
            (0..=top).for_each(|k| start[mean(k, 0, i)] = z[i]);
            (0..n).for_each(|j| start[s(i, j)] = z[i] * z[j] + covariance[[i, j]]);
        }
        Linear { matrix: a, start, coordinates: n, means: waves, second }
    }
}

/// Means and covariance at the ascending `times`, exact to some 25 digits of their largest entry.
pub fn moments(chain: &Chain, law: &InitialLaw, times: &[f64]) -> Vec<(Array1<f64>, Array2<f64>)> {
    let linear = Linear::new(chain, law);
    let n = linear.coordinates;
    let mut state: Vec<Twofold> = linear.start.iter().map(|&x| Twofold(x, 0.0)).collect();
    let mut reached = 0.0;
    let mut outputs = Vec::new();
    for &time in times {
        if time > reached {
            state = exponential(&linear.matrix, time - reached).apply(&state);
            reached = time;
        }
        // Products with cos 0 are the means themselves; they come first after the waves.
        let means = linear.means;
        let z: Vec<Twofold> = state[means..means + n].to_vec();
        let covariance = Array2::from_shape_fn((n, n), |(i, j)| {
            let product = z[i].multiply(z[j]);
            state[linear.second + i * n + j].add(Twofold(-product.0, -product.1)).0
        });
        outputs.push((z.iter().map(|z| z.0).collect(), covariance));
    }
    outputs
}
