//! What the outputs of a run are: times in one of three units, the stationary state, or phases.

use super::parameters::number;
use crate::chain::Chain;

/// Up to this number of phases are drawn as curves.
pub(super) const FEW: usize = 3;

/// The meaning of the outputs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// Times in units of N².
    Diffusive,
    /// Times in units of N.
    Ballistic,
    /// Microscopic times.
    Microscopic,
    /// The stationary state, at time ∞.
    Stationary,
    /// Phases of a period in \[0, 1), and their average at "time" ∞.
    Phases,
}

impl Outputs {
    /// The outputs of the state that a chain has in the long run.
    pub fn in_the_long_run(chain: &Chain) -> Outputs {
        let inside = chain
            .coefficients()
            .is_some_and(|general| general.forces.iter().any(|force| !force.harmonics.is_empty()));
        let periodic = inside || !chain.force.harmonics.is_empty();
        if periodic { Outputs::Phases } else { Outputs::Stationary }
    }

    /// The unit of the outputs, with markup.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Outputs::Diffusive => "*t* = *τ*/*N*²",
            Outputs::Ballistic => "*t* = *τ*/*N*",
            Outputs::Microscopic | Outputs::Stationary => "*t* = *τ*",
            Outputs::Phases => "phase",
        }
    }

    /// The word for several of them.
    pub(super) fn plural(self) -> &'static str {
        if self == Outputs::Phases { "phases" } else { "output times" }
    }

    /// The name of one output in the CSV.
    pub(super) fn series(self, time: f64) -> String {
        match self {
            Outputs::Phases if time.is_infinite() => "average over a period".into(),
            Outputs::Phases => format!("phase = {}", number(time)),
            _ if time.is_infinite() => "stationary state".into(),
            _ => format!("t = {}", number(time)),
        }
    }
}
