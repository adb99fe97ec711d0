//! Sizes and distances of moments in the norm of the energy, which never grows: with x = (√k r;
//! √κ q) and u = p/√m, the Euclidean norm of the means and the Frobenius norm of the covariance.
//!
//! Roundings are judged coordinate by coordinate instead. Displacements of weakly pinned atoms are
//! large and lose digits of their own size, far above those of the energy. O(N²).

use super::Point;
use crate::chain::Chain;
use crate::general::Model;
use crate::numerics::vector::largest_of;

/// One coordinate of (x, u) as a sum of weighted coordinates of the theory.
type Row = Vec<(usize, f64)>;

/// The coordinates in which the energy is half the square of the norm.
pub(super) struct Norm {
    rows: Vec<Row>,
    /// The root of the stiffness that each coordinate of the theory feels.
    unit: Vec<f64>,
}

impl Norm {
    pub fn new(chain: &Chain, model: &Model) -> Norm {
        let momenta = model.mass.iter().map(|m| 1.0 / m.sqrt());
        if !chain.is_pinned() {
            let unit: Vec<f64> = model.spring.iter().map(|k| k.sqrt()).chain(momenta).collect();
            let rows = unit.iter().enumerate().map(|(i, u)| vec![(i, *u)]).collect();
            return Norm { rows, unit };
        }
        let felt = |n: usize| {
            let [before, after] = model.springs_at(n);
            (model.pinning[n] + 2.0 * (before + after)).sqrt()
        };
        let unit: Vec<f64> = (0..model.atoms()).map(felt).chain(momenta).collect();
        let bond = |(n, k): (usize, &f64)| {
            let (left, right) = chain.bond_ends(n);
            vec![(left, -k.sqrt()), (right, k.sqrt())]
        };
        let mut rows: Vec<Row> = model.spring.iter().enumerate().map(bond).collect();
        rows.extend(model.pinning.iter().enumerate().map(|(n, k)| vec![(n, k.sqrt())]));
        let first = model.atoms();
        rows.extend((first..2 * first).map(|p| vec![(p, unit[p])]));
        Norm { rows, unit }
    }

    /// The largest second moment, of the means or of the deviations from them.
    pub fn size(&self, point: &Point) -> f64 {
        let variances = self.rows.iter().map(|row| entry(&point.state, self.unit.len(), row, row));
        let squares = self.rows.iter().map(|row| value(&point.mean, row).powi(2));
        largest_of(variances.chain(squares))
    }

    /// The largest second moment that is held in a number.
    pub fn held(&self, point: &Point) -> f64 {
        let n = self.unit.len();
        let variances = (0..n).map(|i| self.unit[i].powi(2) * point.state[i * (n + 1)]);
        let squares = point.mean.iter().zip(&self.unit).map(|(z, u)| (z * u).powi(2));
        largest_of(variances.chain(squares))
    }

    /// Distances of the means and of the covariances.
    pub fn apart(&self, a: &Point, b: &Point) -> [f64; 2] {
        let means: Vec<f64> = a.mean.iter().zip(&b.mean).map(|(a, b)| a - b).collect();
        let state: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a - b).collect();
        let means: f64 = self.rows.iter().map(|row| value(&means, row).powi(2)).sum();
        let mut entries = 0.0;
        for (i, row) in self.rows.iter().enumerate() {
            entries += entry(&state, self.unit.len(), row, row).powi(2);
            for column in &self.rows[..i] {
                entries += 2.0 * entry(&state, self.unit.len(), row, column).powi(2);
            }
        }
        [means.sqrt(), entries.sqrt()]
    }

    /// Distances by the numbers that are held.
    pub fn held_apart(&self, a: &Point, b: &Point) -> [f64; 2] {
        let n = self.unit.len();
        let mean = |i: usize| self.unit[i] * (a.mean[i] - b.mean[i]);
        let entry = |k: usize| self.unit[k / n] * self.unit[k % n] * (a.state[k] - b.state[k]);
        let means: f64 = (0..n).map(|i| mean(i).powi(2)).sum();
        let entries: f64 = (0..n * n).map(|k| entry(k).powi(2)).sum();
        [means.sqrt(), entries.sqrt()]
    }

    /// The largest stiffness of a coordinate.
    pub fn stiffest(&self) -> f64 {
        largest_of(self.unit.iter().map(|u| u * u))
    }
}

/// A coordinate of the means.
fn value(mean: &[f64], row: &[(usize, f64)]) -> f64 {
    row.iter().map(|&(i, weight)| weight * mean[i]).sum()
}

/// An entry of the covariance, which is held row by row.
fn entry(state: &[f64], n: usize, row: &[(usize, f64)], column: &[(usize, f64)]) -> f64 {
    let of = |i: usize| column.iter().map(|&(j, weight)| weight * state[i * n + j]).sum::<f64>();
    row.iter().map(|&(i, weight)| weight * of(i)).sum()
}
