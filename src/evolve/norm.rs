//! C_N, the size of the covariance, with its error: from the covariance, from its norm, or for
//! independent coordinates (docs/theory/theorems.md).

use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::Solution;
use ndarray::Array2;

/// C_N = (1/N) Σ_(n,k) Cov(p_n,r_k)² + Cov(p_n,p_k)² + Cov(r_n,r_k)² at one time, over ordered
/// pairs; each with its estimated largest error.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Squares {
    /// C_N
    pub all: [f64; 2],
    /// C_N without the variances.
    pub off_diagonal: [f64; 2],
}

impl Squares {
    /// From the sums with and without the variances, and √Σδ² of the errors of all entries.
    fn new(chain: &Chain, sums: [f64; 2], size: f64) -> Squares {
        let n = chain.bonds as f64;
        // |δΣC²| ≤ 2 √(ΣC²) √(Σδ²) + Σδ²
        let judged = |sum: f64| [sum / n, (2.0 * sum.abs().sqrt() + size) * size / n];
        Squares { all: judged(sums[0]), off_diagonal: judged(sums[1]) }
    }

    /// At time 0, of the initial law.
    pub fn at_start(chain: &Chain, law: &InitialLaw) -> Squares {
        let sums = match &law.covariance {
            Some(covariance) => sums(chain, covariance),
            None => [law.variance().iter().map(|v| v * v).sum(), 0.0],
        };
        Squares::new(chain, sums, 0.0)
    }

    /// C_N of a solution with its covariance.
    pub fn of_covariance(chain: &Chain, solution: &Solution) -> Option<Squares> {
        let covariance = solution.moments.covariance.as_ref()?;
        let errors = &solution.errors;
        let error = errors.var_r.max(errors.var_p).max(errors.correlation);
        // At most 4N² entries are off by it.
        let size = 2.0 * chain.bonds as f64 * error;
        Some(Squares::new(chain, sums(chain, covariance), size))
    }

    /// The sums from the norm and from a solution with the variances.
    pub fn of_norm(chain: &Chain, norm: &Norm, solution: &Solution) -> Squares {
        let (variance, errors) = (&solution.moments.variance, &solution.errors);
        let diagonal: f64 = variance.iter().map(|v| v * v).sum();
        let mut found = Squares::new(chain, [norm.square, norm.square - diagonal], norm.error);
        // The difference has the errors of both.
        let error = errors.var_r.max(errors.var_p);
        let sizes: f64 = variance.iter().map(|v| v.abs()).sum();
        let of_diagonal = (2.0 * sizes + variance.len() as f64 * error) * error;
        let rounding = rounding::SOLVE * norm.square;
        found.off_diagonal[1] = found.all[1] + (of_diagonal + rounding) / chain.bonds as f64;
        found
    }
}

/// Σ C² with Cov(p, r) once, and the same without the variances.
fn sums(chain: &Chain, covariance: &Array2<f64>) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for ((i, j), c) in covariance.indexed_iter() {
        if i < chain.bonds && j >= chain.bonds {
            continue;
        }
        sums[0] += c * c;
        if i != j {
            sums[1] += c * c;
        }
    }
    sums
}

/// ‖C‖² at one time, with Cov(p, r) counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Norm {
    /// Σ C²
    pub square: f64,
    /// √Σδ² of the errors of its entries.
    pub error: f64,
}
