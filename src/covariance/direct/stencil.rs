//! (σ - 𝓛) X = R as the literal five-point stencil in 32 digits, factorized as a band.
//!
//! Along the chain, y = (p_0, r_1, p_1, .., r_N, p_N), with δ_i the damping of y_i (2γ + λ at the
//! momenta),
//!
//! ```text
//! (σ + δ_i + δ_j) X_ij - X_(i+1,j) + X_(i-1,j) - X_(i,j+1) + X_(i,j-1) = R_ij,
//! σ + 2λ on the diagonal of the momenta.
//! ```
//!
//! The triangle i ≤ j by columns is a band of width n = 2N+1. Cost: 2n⁴ multiplications of 32
//! digits (50 ns each), n³ numbers. Every coefficient is exact, so one refinement shows the whole
//! error, where the interface's coefficients lose λ/γ² of theirs.

use crate::chain::Chain;
use crate::numerics::wide::Wide;
use ndarray::Array2;
use num_complex::Complex64;

/// A band matrix with room for the fill of row exchanges, by rows.
struct Band {
    size: usize,
    /// Entries below and above the diagonal; above there is room for as many more.
    width: usize,
    entries: Vec<Wide>,
}

impl Band {
    fn at(&self, row: usize, column: usize) -> usize {
        row * (3 * self.width + 1) + column + self.width - row
    }

    fn columns(&self, row: usize) -> std::ops::Range<usize> {
        row.saturating_sub(self.width)..(row + 2 * self.width + 1).min(self.size)
    }
}

/// The place of (i, j) in the triangle.
fn place(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// The factorization of one equation.
pub(super) struct Stencil<'a> {
    chain: &'a Chain,
    /// The matrix, for residuals, by rows: columns and values.
    rows: Vec<Vec<(usize, Wide)>>,
    factors: Band,
    inverses: Vec<Wide>,
    pivots: Vec<usize>,
}

/// The theory's index of the i-th coordinate along the chain.
fn coordinate(chain: &Chain, i: usize) -> usize {
    if i.is_multiple_of(2) { chain.bonds + i / 2 } else { i / 2 }
}

/// The rows of the matrix.
fn rows(chain: &Chain, sigma: Complex64) -> Vec<Vec<(usize, Wide)>> {
    let n = chain.coordinates();
    let friction = chain.thermostats().0;
    let damping = |i: usize| {
        if i.is_multiple_of(2) {
            Wide::from(2.0 * chain.flip_rate) + Wide::from(friction[i / 2])
        } else {
            Wide::ZERO
        }
    };
    let mut all = Vec::with_capacity(n * (n + 1) / 2);
    for j in 0..n {
        for i in 0..=j {
            let diagonal = if i == j && i.is_multiple_of(2) {
                Wide::from(2.0 * friction[i / 2])
            } else {
                damping(i) + damping(j)
            };
            let mut row: Vec<(usize, Wide)> = vec![(place(i, j), Wide::from(sigma) + diagonal)];
            let mut add = |i: usize, j: usize, value: f64| {
                let column = place(i, j);
                match row.iter_mut().find(|(known, _)| *known == column) {
                    Some((_, sum)) => *sum += Wide::from(value),
                    None => row.push((column, Wide::from(value))),
                }
            };
            for (a, b) in [(i, j), (j, i)] {
                if a + 1 < n {
                    add(a + 1, b, -1.0);
                }
                if a > 0 {
                    add(a - 1, b, 1.0);
                }
            }
            all.push(row);
        }
    }
    all
}

impl<'a> Stencil<'a> {
    /// Factorizes with partial pivoting; `None` where σ is an eigenvalue to 32 digits.
    pub fn new(chain: &'a Chain, sigma: Complex64) -> Option<Stencil<'a>> {
        let rows = rows(chain, sigma);
        let (size, width) = (rows.len(), chain.coordinates());
        let mut band = Band { size, width, entries: vec![Wide::ZERO; size * (3 * width + 1)] };
        for (row, entries) in rows.iter().enumerate() {
            for &(column, value) in entries {
                let at = band.at(row, column);
                band.entries[at] = value;
            }
        }
        let (mut inverses, mut pivots) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for k in 0..size {
            let below = k..(k + width + 1).min(size);
            let largest = |&row: &usize| band.entries[band.at(row, k)].size();
            let pivot = below.clone().max_by(|a, b| largest(a).total_cmp(&largest(b)))?;
            if largest(&pivot).is_nan() || largest(&pivot) == 0.0 {
                return None;
            }
            let last = band.columns(k).end;
            if pivot != k {
                for column in k..last {
                    let (a, b) = (band.at(k, column), band.at(pivot, column));
                    band.entries.swap(a, b);
                }
            }
            let start = band.at(k, k);
            let pivot_row: Vec<Wide> = band.entries[start..start + last - k].to_vec();
            let inverse = pivot_row[0].inverse();
            for row in k + 1..below.end {
                let start = band.at(row, k);
                if band.entries[start] == Wide::ZERO {
                    continue;
                }
                let factor = band.entries[start] * inverse;
                band.entries[start] = factor;
                let rest = &mut band.entries[start + 1..start + last - k];
                for (x, p) in rest.iter_mut().zip(&pivot_row[1..]) {
                    if *p != Wide::ZERO {
                        *x = *x - factor * *p;
                    }
                }
            }
            inverses.push(inverse);
            pivots.push(pivot);
        }
        Some(Stencil { chain, rows, factors: band, inverses, pivots })
    }

    fn substitute(&self, mut x: Vec<Wide>) -> Vec<Wide> {
        let band = &self.factors;
        for k in 0..band.size {
            x.swap(k, self.pivots[k]);
            for row in k + 1..(k + band.width + 1).min(band.size) {
                let factor = band.entries[band.at(row, k)];
                if factor != Wide::ZERO {
                    x[row] = x[row] - factor * x[k];
                }
            }
        }
        for k in (0..band.size).rev() {
            let sum = (k + 1..band.columns(k).end)
                .fold(x[k], |sum, column| sum - band.entries[band.at(k, column)] * x[column]);
            x[k] = sum * self.inverses[k];
        }
        x
    }

    /// X by its triangle, and the correction that one refinement makes. R is α Y + diag_p(q), Y in
    /// the theory's order.
    pub fn solve(
        &self,
        state: Option<&Array2<f64>>,
        scale: Complex64,
        momenta: &[Complex64],
    ) -> (Vec<Wide>, Vec<Wide>) {
        let n = self.chain.coordinates();
        let mut right = vec![Wide::ZERO; self.factors.size];
        for j in 0..n {
            for i in 0..=j {
                let at = [coordinate(self.chain, i), coordinate(self.chain, j)];
                let right = &mut right[place(i, j)];
                if let Some(state) = state {
                    *right += Wide::from(scale).scaled(0.5 * (state[at] + state[[at[1], at[0]]]));
                }
                if i == j && i.is_multiple_of(2) {
                    *right += Wide::from(momenta[i / 2]);
                }
            }
        }
        let mut x = self.substitute(right.clone());
        for (row, right) in self.rows.iter().zip(&mut right) {
            *right = row.iter().fold(*right, |sum, (column, a)| sum - *a * x[*column]);
        }
        let correction = self.substitute(right);
        x.iter_mut().zip(&correction).for_each(|(x, c)| *x += *c);
        (x, correction)
    }

    /// The entry of two coordinates in the theory's order, of a solution.
    pub fn entry(&self, x: &[Wide], a: usize, b: usize) -> Wide {
        let bonds = self.chain.bonds;
        let along = |a: usize| if a < bonds { 2 * a + 1 } else { 2 * (a - bonds) };
        x[place(along(a), along(b))]
    }
}
