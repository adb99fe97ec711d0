//! The command line: parses arguments, calls, reports. Nothing is computed here.
//!
//! A new command is one file beside this one (arguments, `run`), one variant of [`Command`] and one
//! arm of [`run`]. Exit status: 0 done, 1 the computation failed or missed its tolerance, 2 bad
//! input, 130 interrupted.

pub mod check;
pub mod evolve;
mod expected;
pub mod figures;
mod interrupt;
pub mod limit;
mod progress;
mod run_args;
pub mod scenario;
mod session;
pub mod shell;
pub mod steady;

pub use run_args::{CovarianceArgs, Format, RunArgs, Show};

use crate::monitor::Interrupted;
use crate::scenario::ScenarioError;
use clap::{Parser, Subcommand};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Exact second moments of the harmonic chain with random velocity flips.
#[derive(Debug, Parser)]
#[command(
    name = "flipchain",
    version,
    about,
    arg_required_else_help = true,
    subcommand_required = true
)]
#[command(
    after_help = "Start with `flipchain scenario list` and `flipchain scenario new uphill -o my.toml`.\n\
                        Exit status: 0 done, 1 computation failed, 2 bad input, 130 interrupted."
)]
pub struct Cli {
    /// What to compute.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Time evolution: profiles at every output time
    Evolve(evolve::EvolveArgs),
    /// Stationary state
    Steady(steady::SteadyArgs),
    /// The macroscopic equations N → ∞ for the same scenario
    Limit(limit::LimitArgs),
    /// The statements of the theorems, measured over a range of sizes
    Check(check::CheckArgs),
    /// The publication gallery: figures for papers and talks, with their data
    Figures(figures::FiguresArgs),
    /// Starting points, and the JSON Schema of the scenario format
    Scenario(scenario::ScenarioArgs),
    /// Completions for a shell
    Completions(shell::CompletionsArgs),
    /// The manual page
    Manual(shell::ManualArgs),
}

/// Why a command ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario is not one.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Another argument or file that the user gave does not do.
    #[error("{0}")]
    BadInput(String),
    /// The computation failed or missed its tolerance, or its result could not be written.
    #[error("{0}")]
    Failed(String),
    /// The user ended the run.
    #[error("interrupted")]
    Interrupted,
    /// There is nothing to go on with: the run is complete.
    #[error("{0}")]
    AlreadyDone(String),
}

impl Error {
    /// The process's exit status.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Scenario(_) | Error::BadInput(_) => 2,
            Error::Failed(_) => 1,
            Error::Interrupted => 130,
            Error::AlreadyDone(_) => 0,
        }
    }
}

impl From<Interrupted> for Error {
    fn from(_: Interrupted) -> Error {
        Error::Interrupted
    }
}

/// Runs the program with the process's arguments; the whole of `main`.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::AlreadyDone(message)) => {
            let _ = print(&format!("{message}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            // With standard error closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "flipchain: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}

/// Runs one command.
pub fn run(cli: Cli) -> Result<(), Error> {
    match cli.command {
        Command::Evolve(args) => evolve::run(args),
        Command::Steady(args) => steady::run(args),
        Command::Limit(args) => limit::run(args),
        Command::Check(args) => check::run(args),
        Command::Figures(args) => figures::run(args),
        Command::Scenario(args) => scenario::run(args),
        Command::Completions(args) => shell::completions(args),
        Command::Manual(args) => shell::manual(args),
    }
}

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Failed(format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}
