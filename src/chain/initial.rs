//! The initial law: the scenario's profiles on the grid (docs/theory.md, "The model").

use super::InitialLaw;
use crate::scenario::{Expression, Scenario};

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
        }
    }
}
