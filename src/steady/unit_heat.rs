//! The heat of a constant force, per unit of p_s².
//!
//! A constant force moves every atom alike, p̄_n = p_s, so its heat is p_s² times the answer to
//! (0 - 𝓛) X = 4γ on all momenta: a function of N, γ and the frictions alone
//! (docs/theory/model.md, Theorem 1.4). A sweep over forces and temperatures solves for it once.

use super::SteadyError;
use crate::chain::Chain;
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{Diagonals, SolveReport};
use num_complex::Complex64;
use std::sync::{Arc, Mutex};

/// The heat of a source on the momenta, with the report of the solve.
#[derive(Debug, Clone, Default)]
pub(super) struct Heat {
    pub diagonals: Diagonals,
    pub report: SolveReport,
}

impl Heat {
    /// The heat of no source.
    pub fn none(chain: &Chain) -> Heat {
        let (variance, correlation) = (chain.coordinates(), chain.bonds);
        let zeros = |count: usize| vec![Complex64::ZERO; count];
        let (variance, correlation) = (zeros(variance), zeros(correlation));
        let diagonals = Diagonals { variance, correlation, ..Default::default() };
        Heat { diagonals, ..Default::default() }
    }

    /// The heat of a source `factor` times as large.
    pub fn scaled(&self, factor: f64) -> Heat {
        let times = |values: &[Complex64]| values.iter().map(|v| factor * v).collect();
        let Diagonals { variance, correlation, losses, .. } = &self.diagonals;
        let diagonals = Diagonals {
            variance: times(variance),
            correlation: times(correlation),
            losses: losses.map(|loss| factor * loss),
            driven: None,
        };
        let SolveReport { error, flow_error, quadrature, .. } = self.report;
        let [error, flow_error, quadrature] =
            [error, flow_error, quadrature].map(|error| factor * error);
        Heat { diagonals, report: SolveReport { error, flow_error, quadrature, ..self.report } }
    }
}

/// The source of the heat: 4γ times these squares of the mean momenta, times a factor.
pub(super) struct Source {
    /// 4γ q_n
    pub momenta: Vec<Complex64>,
    pub factor: f64,
}

/// The heat that the average of p̄² makes. A constant force has a unit source, so that its heat has
/// the same bits whether it is solved for or known already.
pub(super) fn source(chain: &Chain, mean: &PeriodicMean) -> Source {
    let flips = 4.0 * chain.flip_rate;
    let squares = mean.momentum_squares(0);
    match &squares[..] {
        [first, ..] if squares.iter().all(|q| q == first) => {
            Source { momenta: vec![flips.into(); squares.len()], factor: first.re }
        }
        _ => {
            Source { momenta: squares.iter().map(|q| (flips * q.re).into()).collect(), factor: 1.0 }
        }
    }
}

/// Keeps the last unit heat that was solved for, so that the next questions need not solve for it
/// again; the default is empty. All questions must have the same method and tolerance. O(N) memory.
#[derive(Debug, Default)]
pub struct LastUnitHeat(Mutex<Option<(Chain, Arc<Heat>)>>);

impl LastUnitHeat {
    /// The heat of this chain under a unit source, from the last solve or from a new one. A source
    /// that is zero needs no solve.
    pub(super) fn get_or_solve(
        &self,
        chain: &Chain,
        source: &Source,
        solve: impl FnOnce() -> Result<Heat, SteadyError>,
    ) -> Result<Arc<Heat>, SteadyError> {
        if source.factor == 0.0 {
            return Ok(Heat::none(chain).into());
        }
        let key = chain.cold();
        let slot = || self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((known, heat)) = &*slot()
            && *known == key
        {
            return Ok(heat.clone());
        }
        let heat = Arc::new(solve()?);
        *slot() = Some((key, heat.clone()));
        Ok(heat)
    }
}

/// A value that is the same for all chains of a sweep with the same unit heat; `None` where there
/// is nothing to share.
pub fn shared_by(chain: &Chain) -> Option<Chain> {
    let uniform =
        chain.general.is_none() && chain.force.harmonics.is_empty() && chain.flip_rate > 0.0;
    uniform.then(|| chain.cold())
}
