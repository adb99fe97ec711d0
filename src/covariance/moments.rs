//! What is kept of the first and second moments: means, variances, the correlations that carry the current, and their time integrals.

use crate::chain::{Chain, InitialLaw};
use crate::scenario::Topology;
use ndarray::{Array2, ArrayView2};

/// First and second moments at one time, in the theory's order r, p.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    /// Microscopic time.
    pub time: f64,
    /// r̄, p̄
    pub mean: Vec<f64>,
    /// Variances of all coordinates.
    pub variance: Vec<f64>,
    /// Cov(p, r) of every bond with the atom to its left.
    pub correlation: Vec<f64>,
    /// The whole covariance, where it was asked for.
    pub covariance: Option<Array2<f64>>,
}

/// Estimates of the largest error of each kind of moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MomentErrors {
    /// of r̄
    pub mean_r: f64,
    /// of p̄
    pub mean_p: f64,
    /// of Var r
    pub var_r: f64,
    /// of Var p
    pub var_p: f64,
    /// of Cov(p_n, r_(n+1))
    pub correlation: f64,
}

/// ∫_0^τ of first and second moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeIntegrals {
    /// ∫ z̄
    pub mean: Vec<f64>,
    /// ∫ E z²
    pub square: Vec<f64>,
    /// ∫ E p r of every bond with the atom to its left
    pub product: Vec<f64>,
    /// ∫ F p̄_N: the work
    pub work: f64,
}

impl MomentErrors {
    /// These errors and the distance of a second approximation from the first.
    pub fn with_distance(self, chain: &Chain, first: &Moments, second: &Moments) -> MomentErrors {
        let bonds = chain.bonds;
        let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        MomentErrors {
            mean_r: self.mean_r + apart(&first.mean[..bonds], &second.mean[..bonds]),
            mean_p: self.mean_p + apart(&first.mean[bonds..], &second.mean[bonds..]),
            var_r: self.var_r + apart(&first.variance[..bonds], &second.variance[..bonds]),
            var_p: self.var_p + apart(&first.variance[bonds..], &second.variance[bonds..]),
            correlation: self.correlation + apart(&first.correlation, &second.correlation),
        }
    }
}

/// What a covariance matrix must satisfy, relative to its largest variance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consistency {
    /// Largest |C - Cᵀ|.
    pub asymmetry: f64,
    /// Largest |C_ij| - √(C_ii C_jj), or negative variance; 0 where the matrix passes.
    pub negative_minor: f64,
}

impl Consistency {
    /// Of a matrix, O(N²).
    pub fn of(covariance: ArrayView2<f64>) -> Consistency {
        let variance = covariance.diag();
        let scale = variance.iter().fold(f64::MIN_POSITIVE, |m, x| m.max(x.abs()));
        let (mut asymmetry, mut negative) = (0.0f64, 0.0f64);
        for i in 0..covariance.nrows() {
            negative = negative.max(-variance[i]);
            for j in 0..i {
                asymmetry = asymmetry.max((covariance[[i, j]] - covariance[[j, i]]).abs());
                let bound = (variance[i].max(0.0) * variance[j].max(0.0)).sqrt();
                negative = negative.max(covariance[[i, j]].abs() - bound);
            }
        }
        Consistency { asymmetry: asymmetry / scale, negative_minor: negative / scale }
    }

    /// Of the variances and the correlations of neighbours alone, O(N).
    pub fn of_bonds(chain: &Chain, variance: &[f64], correlation: &[f64]) -> Consistency {
        let scale = largest(variance).max(f64::MIN_POSITIVE);
        let minor = correlation.iter().enumerate().map(|(bond, c)| {
            let (p, r) = chain.left_pair(bond);
            c.abs() - (variance[p].max(0.0) * variance[r].max(0.0)).sqrt()
        });
        let negative = variance.iter().map(|v| -v).chain(minor).fold(0.0, f64::max);
        Consistency { asymmetry: 0.0, negative_minor: negative / scale }
    }
}

/// The moments of one output time with what is known of their error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Solution {
    /// The moments.
    pub moments: Moments,
    /// Their errors.
    pub errors: MomentErrors,
    /// How consistent the covariance is in itself, where there is one.
    pub consistency: Option<Consistency>,
    /// Where there is no covariance: the part of the largest energy by which the power summed from the left end misses the right end's.
    pub missing_power: Option<f64>,
    /// Their integrals from time 0, where the method gives them.
    pub integrals: Option<TimeIntegrals>,
}

impl Solution {
    /// All moments zero.
    pub fn zero(chain: &Chain) -> Solution {
        let n = chain.coordinates();
        let moments = Moments {
            mean: vec![0.0; n],
            variance: vec![0.0; n],
            correlation: vec![0.0; chain.bonds],
            ..Default::default()
        };
        Solution { moments, ..Default::default() }
    }

    /// The initial law itself, without error.
    pub fn initial(chain: &Chain, law: &InitialLaw) -> Solution {
        let correlation =
            law.covariance.as_ref().map_or(vec![0.0; law.mean_r.len()], |c| chain.left_correlations(c.view()));
        let moments = Moments { mean: law.mean(), variance: law.variance(), correlation, ..Default::default() };
        Solution { moments, ..Default::default() }
    }
}

impl Chain {
    /// The coordinates (p of the atom to the left, r) of bond `bond`, counted from 0.
    pub fn left_pair(&self, bond: usize) -> (usize, usize) {
        (self.bonds + self.bond_ends(bond).0, bond)
    }

    /// Cov(p, r) of every bond with the atom to its left.
    pub fn left_correlations(&self, covariance: ArrayView2<f64>) -> Vec<f64> {
        (0..self.bonds).map(|bond| covariance[self.left_pair(bond)]).collect()
    }

    /// The bond to the right of an atom; none at the right end of the open chain.
    pub fn right_bond(&self, atom: usize) -> Option<usize> {
        match self.topology {
            Topology::Open => (atom < self.bonds).then_some(atom),
            Topology::Ring => Some((atom + 1) % self.bonds),
        }
    }

    /// The bond to the left of an atom; none at the left end of the open chain.
    pub fn left_bond(&self, atom: usize) -> Option<usize> {
        match self.topology {
            Topology::Open => atom.checked_sub(1),
            Topology::Ring => Some(atom),
        }
    }
}

/// The largest absolute value.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, x| m.max(x.abs()))
}
