//! `flipchain scenario`: starting points, and the JSON Schema of the format.

use super::source::{Source, starting_point};
use super::{Error, Format, print, write_new};
use crate::scenario::{STARTING_POINTS, schema};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Arguments of `flipchain scenario`.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ScenarioAction,
}

/// The commands on scenarios.
#[derive(Debug, Subcommand)]
pub enum ScenarioAction {
    /// List the starting points
    List,
    /// Check a scenario and print it
    Show {
        /// A starting point, a scenario file, or - for standard input
        #[arg(value_name = "NAME|PATH")]
        scenario: PathBuf,
        /// Override a key, e.g. chain.bonds=400 (shown with --format json); may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
        /// text: the file as it is; json: the scenario with all defaults filled in, which can be
        /// run again
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write a starting point to a file of your own
    New {
        /// The starting point
        #[arg(default_value = "small")]
        name: String,
        /// The file to write; standard output if left out
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Overwrite the file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Print the JSON Schema of the format, for editors
    Schema,
}

/// Runs `flipchain scenario`.
pub fn run(args: ScenarioArgs) -> Result<(), Error> {
    match args.action {
        ScenarioAction::List => print(&list()),
        ScenarioAction::Show { scenario, overrides, format } => {
            print(&show(&scenario, &overrides, format)?)
        }
        ScenarioAction::New { name, output: None, .. } => print(starting_point(&name)?.text),
        ScenarioAction::New { name, output: Some(file), force } => {
            write_new(&file, starting_point(&name)?.text, force)
        }
        ScenarioAction::Schema => print(&pretty(&schema())),
    }
}

fn list() -> String {
    let width = STARTING_POINTS.iter().map(|point| point.name.len()).max().unwrap_or(0);
    STARTING_POINTS
        .iter()
        .map(|point| format!("{:width$}  {}\n", point.name, point.title()))
        .collect()
}

fn show(scenario: &Path, overrides: &[String], format: Format) -> Result<String, Error> {
    let source = Source::of(scenario)?;
    let read = source.read::<Error>(overrides, |_| Ok(()))?;
    match format {
        Format::Json => Ok(pretty(&read)),
        Format::Text => source.text(),
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    // Scenarios and schemas have string keys and finite numbers, which JSON can always hold.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
