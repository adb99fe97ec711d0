//! The initial law: the scenario's profiles on the grid (docs/theory.md, "The model").

use super::InitialLaw;
use crate::scenario::{Expression, Scenario};
use ndarray::{Array1, Array2};

impl InitialLaw {
    /// E r_n, E p_n and Var r_n = Var p_n of the scenario's `[initial]` at x = n/N. Cost: O(N) evaluations.
    ///
    /// # Panics
    /// Without an `[initial]` table: a command that starts from one asks [`Scenario::require_initial`] first.
    pub fn new(scenario: &Scenario) -> InitialLaw {
        let initial = scenario.initial.as_ref().expect("the command has required [initial]");
        let on_r = |profile: &Expression| scenario.elongation_positions().map(|x| profile.eval(x)).collect();
        let on_p = |profile: &Expression| scenario.momentum_positions().map(|x| profile.eval(x)).collect();
        InitialLaw {
            mean_r: on_r(&initial.elongation),
            mean_p: on_p(&initial.momentum),
            var_r: on_r(&initial.temperature),
            var_p: on_p(&initial.temperature),
            covariance: None,
        }
    }

    /// r̄, p̄ in the theory's order.
    pub fn mean(&self) -> Vec<f64> {
        [&self.mean_r[..], &self.mean_p].concat()
    }

    /// Var r, Var p in the theory's order.
    pub fn variance(&self) -> Vec<f64> {
        [&self.var_r[..], &self.var_p].concat()
    }

    /// The covariance less `reference` times the identity, in the theory's order. O(N²) memory.
    pub fn covariance_above(&self, reference: f64) -> Array2<f64> {
        let difference: Array1<f64> = self.variance().iter().map(|v| v - reference).collect();
        let mut matrix = match &self.covariance {
            Some(covariance) => covariance.clone(),
            None => Array2::zeros((difference.len(), difference.len())),
        };
        matrix.diag_mut().assign(&difference);
        matrix
    }
}
