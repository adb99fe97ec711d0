//! The errors of the library, with one variant for each thing that a caller can do about them.

use super::memory;
use super::saving::Saving;
use crate::chain::{ArgumentError, InitialError};
use crate::evolve::EvolveError;
use crate::limit::LimitError;
use crate::monitor::Interrupted;
use crate::output::OutputError;
use crate::scenario::ScenarioError;
use crate::steady::SteadyError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Correct the scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Correct an argument or an option.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// Ask something else: this chain has no such state.
    #[error("{0}")]
    NoAnswer(String),
    /// Ask for less, or allow more memory.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Choose another method: this one did not converge.
    #[error("{0}")]
    NotConverged(String),
    /// Nothing: the caller ended the computation.
    #[error("interrupted")]
    Interrupted,
    /// Choose another place for the files.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Error {
    /// The error of an argument.
    pub(super) fn argument(argument: &str, reason: impl Into<String>) -> Error {
        ArgumentError::new(argument, reason).into()
    }

    /// The error of a key of the scenario.
    pub(super) fn key(key: &str, reason: impl Into<String>) -> Error {
        ArgumentError::of_key(key, reason).into()
    }
}

/// A computation whose memory would not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "chain.bonds: found {bonds}; this needs about {}, and {} {}; \
     allowed here: {}; {}or a larger memory_limit",
    memory::size(*needed),
    if *by_caller { "memory_limit allows" } else { "this machine has left" },
    memory::size(*limit),
    if *most == 0 { "no chain fits".into() } else { format!("up to {most}") },
    saving.or(saving)
)]
pub struct TooLarge {
    /// N.
    pub bonds: usize,
    /// Bytes that it would take.
    pub needed: f64,
    /// Bytes that there are.
    pub limit: f64,
    /// Whether the caller set this limit; otherwise it is what the machine has left.
    pub by_caller: bool,
    /// The largest N found that would fit; 0 where none does.
    pub most: usize,
    /// A way that would take less.
    pub saving: Saving,
}

impl From<Interrupted> for Error {
    fn from(_: Interrupted) -> Error {
        Error::Interrupted
    }
}

impl From<InitialError> for Error {
    fn from(error: InitialError) -> Error {
        Error::key("initial.covariance", format!("{}: {}", error.file, error.reason))
    }
}

impl From<EvolveError> for Error {
    fn from(error: EvolveError) -> Error {
        match error {
            EvolveError::Interrupted(_) => Error::Interrupted,
            other => Error::NotConverged(other.to_string()),
        }
    }
}

impl From<SteadyError> for Error {
    fn from(error: SteadyError) -> Error {
        match error {
            SteadyError::Interrupted(_) => Error::Interrupted,
            SteadyError::Solve(_) => Error::NotConverged(error.to_string()),
            _ => Error::NoAnswer(error.to_string()),
        }
    }
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Error {
        match error {
            LimitError::Interrupted(_) => Error::Interrupted,
            other => Error::NoAnswer(other.to_string()),
        }
    }
}
