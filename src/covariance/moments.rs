//! The moments that are stored: means, variances, the covariances that carry the current, and the
//! time integrals of all of them.

pub use super::consistency::Consistency;
use super::source::ErrorSource;
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::monitor::record;
use crate::numerics::vector::largest_of;
use crate::scenario::Topology;
use ndarray::{Array2, ArrayView2};

/// First and second moments at one time, in the theory's order r, p.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    /// Microscopic time, to 32 digits.
    pub time: Double,
    /// r̄, p̄
    pub mean: Vec<f64>,
    /// Variances of all coordinates.
    pub variance: Vec<f64>,
    /// Cov(p, r) of every bond with the atom to its left.
    pub correlation: Vec<f64>,
    /// λ(T - Var p) at either end, what enters there of thermal energy, where it is known from a
    /// balance and not as that difference.
    pub inflow: Option<[f64; 2]>,
    /// -(F p̄_N + λ_+(T_+ - E p_N²)), the energy that leaves at the right end of an open chain,
    /// where it is known better than as this sum, whose terms may cancel.
    pub leaving: Option<f64>,
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
    /// of Cov(p_n, r_(n+1)), and of λ Var p at a thermostat: of what a current is made of
    pub correlation: f64,
    /// of λ Var p at the left thermostat, which is in no column: the excess over the former
    pub left: f64,
}

/// The parts of an error that have a source of their own; the rest is rounding.
pub type ErrorParts = Vec<(ErrorSource, MomentErrors)>;

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
    /// ∫ 2γ Σ p̄_n², the mechanical energy turned into heat, where the means' part of the squares
    /// is known by itself
    pub heat: Option<f64>,
    /// ∫e and ∫e² of an estimate e of the error of any moment on the way, where that may have been
    /// larger than it is at the end
    pub error: [f64; 2],
}

record!(Double { hi, lo });
record!(Moments { time, mean, variance, correlation, inflow, leaving, covariance });
record!(MomentErrors { mean_r, mean_p, var_r, var_p, correlation, left });
record!(TimeIntegrals { mean, square, product, work, heat, error });
record!(Solution { moments, errors, parts, consistency, integrals, variance_integral });

impl Moments {
    /// The largest of each kind.
    pub fn sizes(&self) -> MomentErrors {
        let bonds = self.correlation.len();
        let ends = self.inflow.map_or(0.0, |inflow| largest(&inflow));
        MomentErrors {
            mean_r: largest(&self.mean[..bonds]),
            mean_p: largest(&self.mean[bonds..]),
            var_r: largest(&self.variance[..bonds]),
            var_p: largest(&self.variance[bonds..]),
            correlation: largest(&self.correlation).max(ends),
            left: ends,
        }
    }
}

impl MomentErrors {
    /// Errors of all variances, and of the correlations that the current is made of.
    pub fn of_variances(variance: f64, correlation: f64) -> MomentErrors {
        MomentErrors { var_r: variance, var_p: variance, correlation, ..Default::default() }
    }

    /// The same function of every error.
    pub fn map(self, f: impl Fn(f64) -> f64) -> MomentErrors {
        MomentErrors {
            mean_r: f(self.mean_r),
            mean_p: f(self.mean_p),
            var_r: f(self.var_r),
            var_p: f(self.var_p),
            correlation: f(self.correlation),
            left: f(self.left),
        }
    }

    /// A function of every error and the one of the same kind in `other`.
    pub fn with(self, other: MomentErrors, f: impl Fn(f64, f64) -> f64) -> MomentErrors {
        MomentErrors {
            mean_r: f(self.mean_r, other.mean_r),
            mean_p: f(self.mean_p, other.mean_p),
            var_r: f(self.var_r, other.var_r),
            var_p: f(self.var_p, other.var_p),
            correlation: f(self.correlation, other.correlation),
            left: f(self.left, other.left),
        }
    }

    /// These errors and the distance of a second approximation from the first.
    pub fn with_distance(self, chain: &Chain, first: &Moments, second: &Moments) -> MomentErrors {
        let bonds = chain.bonds;
        let last = first.variance.len() - 1;
        let ends = match (first.inflow, second.inflow) {
            (Some(first), Some(second)) => [first[0] - second[0], first[1] - second[1]],
            _ => {
                let [left, right] = chain.friction();
                let end = |atom: usize, friction: f64| {
                    friction * (first.variance[atom] - second.variance[atom])
                };
                [end(bonds, left), end(last, right)]
            }
        };
        MomentErrors {
            mean_r: self.mean_r + apart(&first.mean[..bonds], &second.mean[..bonds]),
            mean_p: self.mean_p + apart(&first.mean[bonds..], &second.mean[bonds..]),
            var_r: self.var_r + apart(&first.variance[..bonds], &second.variance[..bonds]),
            var_p: self.var_p + apart(&first.variance[bonds..], &second.variance[bonds..]),
            correlation: self.correlation
                + apart(&first.correlation, &second.correlation).max(ends[1].abs()),
            left: self.left + ends[0].abs(),
        }
    }
}

impl TimeIntegrals {
    /// Adds a step's stages with their weights, for everything made of the means.
    pub(crate) fn add_stages(
        &mut self,
        chain: &Chain,
        means: &[Vec<f64>],
        force: &[f64],
        weights: impl Iterator<Item = f64>,
    ) {
        for ((z, force), weight) in means.iter().zip(force).zip(weights) {
            for ((sum, square), z) in self.mean.iter_mut().zip(&mut self.square).zip(z) {
                *sum += weight * z;
                *square += weight * z * z;
            }
            for (bond, sum) in self.product.iter_mut().enumerate() {
                let (p, r) = chain.left_pair(bond);
                *sum += weight * z[p] * z[r];
            }
            self.work += weight * force * z[z.len() - 1];
            if let Some(heat) = &mut self.heat {
                let squares: f64 = z[chain.bonds..].iter().map(|p| p * p).sum();
                *heat += weight * 2.0 * chain.flip_rate * squares;
            }
        }
    }
}

/// The moments of one output time with what is known of their error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Solution {
    /// The moments.
    pub moments: Moments,
    /// Their errors.
    pub errors: MomentErrors,
    /// Parts of these errors by their sources; the rest is rounding.
    pub parts: ErrorParts,
    /// The consistency of the covariance, where there is one.
    pub consistency: Option<Consistency>,
    /// Their integrals from time 0, where the method gives them.
    pub integrals: Option<TimeIntegrals>,
    /// The integrals of the variances alone, where the method gives only those.
    pub variance_integral: Option<Vec<f64>>,
}

impl Solution {
    /// What a source has added to the errors.
    pub fn part(&self, source: ErrorSource) -> MomentErrors {
        let parts = self.parts.iter().filter(|(known, _)| *known == source);
        parts.fold(MomentErrors::default(), |sum, (_, part)| sum.with(*part, |a, b| a + b))
    }

    /// A variance that is negative within its error is zero: that is never farther from what is
    /// exact. One that is below zero by more says that its error is wrong, and stays.
    pub fn without_negative_variances(mut self) -> Solution {
        let MomentErrors { var_r, var_p, .. } = self.errors;
        let bonds = self.moments.correlation.len();
        for (i, variance) in self.moments.variance.iter_mut().enumerate() {
            let error = if i < bonds { var_r } else { var_p };
            if *variance < 0.0 && -*variance <= error {
                *variance = 0.0;
                if let Some(covariance) = &mut self.moments.covariance {
                    covariance[[i, i]] = 0.0;
                }
            }
        }
        self
    }

    /// Adds an error from this source.
    pub fn add_error(&mut self, source: ErrorSource, error: MomentErrors) {
        self.errors = self.errors.with(error, |before, more| before + more);
        self.parts.push((source, error));
    }

    /// With the consistency of its covariance, which is then kept or dropped, or that of its bonds
    /// where it has none.
    pub fn with_consistency(mut self, chain: &Chain, keep: bool) -> Solution {
        let Moments { covariance, variance, correlation, .. } = &mut self.moments;
        let covariance = covariance.take();
        self.consistency = Some(match &covariance {
            Some(covariance) => Consistency::of(covariance.view()),
            None => Consistency::of_bonds(chain, variance, correlation),
        });
        self.moments.covariance = covariance.filter(|_| keep);
        self
    }

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

    /// The initial law as the answer at time 0, with its covariance where that is `keep`t: the
    /// given numbers, without error but for the roundings of a current at the ends. O(N²) where
    /// there is a covariance.
    pub fn at_start(chain: &Chain, law: &InitialLaw, keep: bool) -> Solution {
        let mut start = Solution::initial(chain, law);
        start.moments.covariance =
            (keep || law.covariance.is_some()).then(|| law.covariance_above(0.0));
        start = start.with_consistency(chain, keep);
        // λ(T - Var p - p̄²) of given numbers: a difference of two doubles is right to a rounding
        // of itself. No column holds the energy that enters at the left end.
        let (z, v, last) = (&start.moments.mean, &start.moments.variance, chain.coordinates() - 1);
        let (friction, temperature) = (chain.friction(), chain.temperature());
        let [left, right] = [0, 1].map(|end| {
            let p = [chain.bonds, last][end];
            let taken = (temperature[end] - v[p]).abs() + z[p] * z[p];
            rounding::FORMULA * friction[end] * taken
        });
        (start.errors.correlation, start.errors.left) = (right, (left - right).max(0.0));
        let n = chain.coordinates();
        start.integrals = Some(TimeIntegrals {
            mean: vec![0.0; n],
            square: vec![0.0; n],
            product: vec![0.0; chain.bonds],
            work: 0.0,
            heat: Some(0.0),
            ..Default::default()
        });
        start
    }

    /// The initial law itself, without error.
    pub fn initial(chain: &Chain, law: &InitialLaw) -> Solution {
        let correlation = law
            .covariance
            .as_ref()
            .map_or(vec![0.0; law.mean_r.len()], |c| chain.left_correlations(c.view()));
        let moments = Moments {
            mean: law.mean(),
            variance: law.variance(),
            correlation,
            ..Default::default()
        };
        let variance_integral = Some(vec![0.0; moments.variance.len()]);
        Solution { moments, variance_integral, ..Default::default() }
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

/// The largest absolute value; infinite where there is one that is not a number.
pub fn largest(values: &[f64]) -> f64 {
    largest_of(values.iter().copied())
}

/// The largest distance of two entries in the same place.
pub(crate) fn apart(a: &[f64], b: &[f64]) -> f64 {
    largest_of(a.iter().zip(b).map(|(a, b)| a - b))
}
