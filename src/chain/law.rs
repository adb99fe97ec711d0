//! Initial laws from functions of x, from arrays and from covariances.

use super::initial::symmetric_and_positive;
use super::{Chain, InitialLaw};
use crate::scenario::{Expression, InitialTable, LARGEST_NUMBER, Topology};
use ndarray::Array2;
use std::sync::Arc;

/// A value that cannot serve: which argument it is, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{argument}: {reason}")]
pub struct ArgumentError {
    /// The argument.
    pub argument: String,
    /// The value that was found, and those that are allowed.
    pub reason: String,
    is_key: bool,
}

impl ArgumentError {
    /// The error of an argument or option.
    pub fn new(argument: impl Into<String>, reason: impl Into<String>) -> ArgumentError {
        ArgumentError { argument: argument.into(), reason: reason.into(), is_key: false }
    }

    /// The error of a key of the scenario, such as `chain.bonds`.
    pub fn of_key(key: impl Into<String>, reason: impl Into<String>) -> ArgumentError {
        ArgumentError { is_key: true, ..ArgumentError::new(key, reason) }
    }

    /// Whether the argument is a key of the scenario, and no option.
    pub fn is_key(&self) -> bool {
        self.is_key
    }
}

/// A function of x on \[0, 1\].
pub type Function = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// A Gaussian law with independent coordinates for chains of every size: its means and variances as
/// functions of x = n/N. The macroscopic limit and the check over sizes need it in this form.
///
/// ```
/// use flipchain::{Chain, InitialProfiles};
/// let profiles = InitialProfiles::local_gibbs(|x| 2.0 - x).elongation(|x| 2.0 * x);
/// let law = profiles.law(&Chain::open(4).build()?)?;
/// assert_eq!((&law.mean_r[..], law.var_p[0]), (&[0.5, 1.0, 1.5, 2.0][..], 2.0));
/// # Ok::<(), flipchain::Error>(())
/// ```
#[derive(Clone)]
pub struct InitialProfiles {
    /// E r
    pub elongation: Function,
    /// E p
    pub momentum: Function,
    /// Var r ≥ 0
    pub var_r: Function,
    /// Var p ≥ 0
    pub var_p: Function,
}

impl std::fmt::Debug for InitialProfiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitialProfiles").finish_non_exhaustive()
    }
}

impl InitialProfiles {
    /// Means 0 and Var r_n = Var p_n = temperature(n/N).
    pub fn local_gibbs(
        temperature: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> InitialProfiles {
        let (zero, temperature): (Function, Function) = (Arc::new(|_| 0.0), Arc::new(temperature));
        InitialProfiles {
            elongation: zero.clone(),
            momentum: zero,
            var_r: temperature.clone(),
            var_p: temperature,
        }
    }

    /// The same with these elongations E r_n.
    pub fn elongation(self, f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> InitialProfiles {
        InitialProfiles { elongation: Arc::new(f), ..self }
    }

    /// The same with these momenta E p_n.
    pub fn momentum(self, f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> InitialProfiles {
        InitialProfiles { momentum: Arc::new(f), ..self }
    }

    /// The law of a chain. O(N) evaluations; an error names the first value that is not finite, too
    /// large or a negative variance.
    pub fn law(&self, chain: &Chain) -> Result<InitialLaw, ArgumentError> {
        let (r, p) = (chain.elongation_positions(), chain.momentum_positions());
        let on = |f: &Function, x: &[f64]| x.iter().map(|&x| f(x)).collect::<Vec<f64>>();
        let law = InitialLaw {
            mean_r: on(&self.elongation, &r),
            mean_p: on(&self.momentum, &p),
            var_r: on(&self.var_r, &r),
            var_p: on(&self.var_p, &p),
            covariance: None,
        };
        law.check(chain)?;
        Ok(law)
    }
}

impl InitialLaw {
    /// The values of the nearest sites, on a chain of another length: what its cost depends on.
    pub(crate) fn resampled(&self, chain: &Chain) -> InitialLaw {
        let to = |values: &[f64], count: usize| -> Vec<f64> {
            (0..count).map(|n| values[n * values.len() / count]).collect()
        };
        let (bonds, atoms) = (chain.bonds, chain.atoms());
        InitialLaw {
            mean_r: to(&self.mean_r, bonds),
            mean_p: to(&self.mean_p, atoms),
            var_r: to(&self.var_r, bonds),
            var_p: to(&self.var_p, atoms),
            // Only whether there is one matters; this one takes no memory.
            covariance: self.covariance.as_ref().map(|_| ndarray::Array2::zeros((0, 0))),
        }
    }
}

impl From<&InitialTable> for InitialProfiles {
    fn from(table: &InitialTable) -> InitialProfiles {
        let function = |expression: &Expression| -> Function {
            let expression = expression.clone();
            Arc::new(move |x| expression.eval(x))
        };
        InitialProfiles {
            elongation: function(&table.elongation),
            momentum: function(&table.momentum),
            var_r: function(table.variance_r()),
            var_p: function(table.variance_p()),
        }
    }
}

impl InitialLaw {
    /// Means 0 and Var r_n = Var p_n = temperature(n/N): the local Gibbs state without tension.
    /// With coefficients Var p_n = m_n T and Var r_n = T/k_n, and of a pinned chain the correlated
    /// Gibbs law, which needs T > 0 (or 0 everywhere).
    pub fn local_gibbs(
        chain: &Chain,
        temperature: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Result<InitialLaw, ArgumentError> {
        if chain.coefficients().is_none() {
            return InitialProfiles::local_gibbs(temperature).law(chain);
        }
        let law = InitialLaw::gibbs(chain, temperature);
        law.check(chain)?;
        Ok(law)
    }

    /// Independent coordinates with these means and variances: of r_1..r_N and p_0..p_N on an open
    /// chain (N and N+1 entries), r_0.. and p_0.. on a ring (N entries each).
    pub fn from_arrays(
        chain: &Chain,
        [mean_r, mean_p]: [&[f64]; 2],
        [var_r, var_p]: [&[f64]; 2],
    ) -> Result<InitialLaw, ArgumentError> {
        let law = InitialLaw {
            mean_r: mean_r.to_vec(),
            mean_p: mean_p.to_vec(),
            var_r: var_r.to_vec(),
            var_p: var_p.to_vec(),
            covariance: None,
        };
        law.check(chain)?;
        Ok(law)
    }

    /// Correlated coordinates: their means and covariance in the theory's order, r before p. The
    /// matrix must be symmetric and positive semidefinite to 10⁻⁶ of its largest variance, which is
    /// seen by a factorization, O(N³).
    pub fn from_covariance(
        chain: &Chain,
        mean: &[f64],
        covariance: Array2<f64>,
    ) -> Result<InitialLaw, ArgumentError> {
        let (n, bonds) = (chain.coordinates(), chain.positions());
        if covariance.dim() != (n, n) {
            return Err(ArgumentError::new(
                "covariance",
                format!("found the shape {:?}; allowed: {:?}", covariance.dim(), (n, n)),
            ));
        }
        length("mean", mean.len(), n)?;
        let covariance = symmetric_and_positive(covariance)
            .map_err(|reason| ArgumentError::new("covariance", reason))?;
        let variance = covariance.diag().to_vec();
        let law = InitialLaw {
            mean_r: mean[..bonds].to_vec(),
            mean_p: mean[bonds..].to_vec(),
            var_r: variance[..bonds].to_vec(),
            var_p: variance[bonds..].to_vec(),
            covariance: Some(covariance),
        };
        law.check(chain)?;
        Ok(law)
    }

    /// Whether the law is one of this chain: the lengths of its arrays, and every value. O(N).
    pub fn check(&self, chain: &Chain) -> Result<(), ArgumentError> {
        let arrays = [
            ("mean_r", &self.mean_r, chain.positions(), false),
            ("mean_p", &self.mean_p, chain.atoms(), false),
            ("var_r", &self.var_r, chain.positions(), true),
            ("var_p", &self.var_p, chain.atoms(), true),
        ];
        for (name, values, wanted, is_variance) in arrays {
            length(name, values.len(), wanted)?;
            let allowed = |v: f64| v.abs() <= LARGEST_NUMBER && (v >= 0.0 || !is_variance);
            if let Some(n) = values.iter().position(|&v| !allowed(v)) {
                let range = if is_variance { "≥ 0 (and at most" } else { "(of size at most" };
                let found = values[n];
                return Err(ArgumentError::new(
                    name,
                    format!(
                        "found {found:?} in entry {n}; \
                         allowed: finite numbers {range} {LARGEST_NUMBER:e})"
                    ),
                ));
            }
        }
        match &self.covariance {
            Some(c) if c.dim() != (chain.coordinates(), chain.coordinates()) => {
                let n = chain.coordinates();
                let reason = format!("found the shape {:?}; allowed: {:?}", c.dim(), (n, n));
                Err(ArgumentError::new("covariance", reason))
            }
            _ => Ok(()),
        }
    }
}

fn length(name: &str, found: usize, wanted: usize) -> Result<(), ArgumentError> {
    if found == wanted {
        return Ok(());
    }
    let reason = format!("found the shape ({found},); allowed: ({wanted},)");
    Err(ArgumentError::new(name, reason))
}

impl Chain {
    /// x of each r, in the order of the state: n/N, n = 1..N (open) or 0..N-1 (ring); of each q of
    /// a pinned chain.
    pub fn elongation_positions(&self) -> Vec<f64> {
        if self.is_pinned() {
            return self.momentum_positions();
        }
        let first = usize::from(self.topology == Topology::Open);
        (first..first + self.bonds).map(|n| n as f64 / self.bonds as f64).collect()
    }

    /// x of each p, which is x of each site: n/N, n = 0..N (open) or 0..N-1 (ring).
    pub fn momentum_positions(&self) -> Vec<f64> {
        (0..self.atoms()).map(|n| n as f64 / self.bonds as f64).collect()
    }
}
