//! The command line: each command parses its arguments, calls one function of the library and
//! reports. Nothing is computed here.
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
mod source;
pub mod steady;
pub mod sweep;
mod threads;

pub use run_args::{CovarianceArgs, Format, RunArgs, Show};

use crate::figures::gallery::GalleryError;
use crate::monitor::Interrupted;
use crate::scenario::ScenarioError;
use clap::{Parser, Subcommand};
use serde_json::json;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
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
    /// The stationary state, or the periodic one under a periodic force
    Steady(steady::SteadyArgs),
    /// The macroscopic equations N → ∞ for the same scenario
    Limit(limit::LimitArgs),
    /// The statements of the theorems, measured over a range of sizes
    Check(check::CheckArgs),
    /// One table from many runs of a scenario with several values of some keys
    Sweep(sweep::SweepArgs),
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
    /// The scenario is invalid.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Another argument or file is invalid.
    #[error("{0}")]
    BadInput(String),
    /// The computation failed or missed its tolerance, or its result could not be written.
    #[error("{0}")]
    Failed(String),
    /// The user ended the run.
    #[error("interrupted")]
    Interrupted,
    /// There is nothing to resume: the run is complete.
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

impl Error {
    /// The kind of error, for machines.
    fn kind(&self) -> &'static str {
        match self {
            Error::Scenario(_) | Error::BadInput(_) => "bad_input",
            Error::Failed(_) => "failed",
            Error::Interrupted => "interrupted",
            Error::AlreadyDone(_) => "already_done",
        }
    }
}

impl From<GalleryError> for Error {
    fn from(error: GalleryError) -> Error {
        match error {
            GalleryError::Evolve(error) => crate::run::Error::from(error).into(),
            GalleryError::Steady(error) => crate::run::Error::from(error).into(),
            GalleryError::Interrupted(error) => error.into(),
            GalleryError::Scenario(error) => error.into(),
            GalleryError::Initial(error) => error.into(),
            GalleryError::Limit(error) => crate::run::Error::from(error).into(),
            GalleryError::Setting(message) => Error::BadInput(message),
            other => Error::Failed(other.to_string()),
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
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let as_json = wants_json(&arguments);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Help and version arrive here too; they go to standard output.
        Err(said) if !said.use_stderr() || !as_json => said.exit(),
        Err(refused) => return report(&Error::BadInput(refused.to_string()), as_json),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::AlreadyDone(message)) => {
            let _ = print(&format!("{message}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => report(&error, as_json),
    }
}

/// Whether the user asked for `--format json`. This is read before the arguments are parsed,
/// because errors of the arguments are reported in that format too.
fn wants_json(arguments: &[OsString]) -> bool {
    let follows = |pair: &[OsString]| pair[0] == "--format" && pair[1] == "json";
    arguments.windows(2).any(follows) || arguments.iter().any(|a| a == "--format=json")
}

/// Prints to standard error why the command ended, as a sentence or as one line of JSON.
fn report(error: &Error, as_json: bool) -> ExitCode {
    let status = error.exit_status();
    let said = if as_json {
        let message = error.to_string();
        json!({ "error": message.trim_end(), "kind": error.kind(), "exit_status": status })
            .to_string()
    } else {
        format!("flipchain: {error}")
    };
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{said}");
    ExitCode::from(status)
}

/// Runs one command.
pub fn run(cli: Cli) -> Result<(), Error> {
    match cli.command {
        Command::Evolve(args) => evolve::run(args),
        Command::Steady(args) => steady::run(args),
        Command::Limit(args) => limit::run(args),
        Command::Check(args) => check::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Figures(args) => figures::run(args),
        Command::Scenario(args) => scenario::run(args),
        Command::Completions(args) => shell::completions(args),
        Command::Manual(args) => shell::manual(args),
    }
}

/// Writes a file of the user's, which must not exist unless `force` is given.
fn write_new(file: &Path, text: &str, force: bool) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true);
    // create_new asks and creates in one step: no file that appears in between is lost.
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let name = file.display();
    options.open(file).and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|e| match e
        .kind()
    {
        ErrorKind::AlreadyExists => {
            Error::BadInput(format!("{name}: exists already; give --force to replace it"))
        }
        _ => Error::BadInput(format!("cannot write {name}: {e}")),
    })
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
