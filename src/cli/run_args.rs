//! Arguments that several commands share, and the parsers of their values.

use super::Error;
pub use super::progress::Show;
use super::source::Source;
use crate::cost;
use crate::figures::Formats;
use crate::figures::style::Theme;
use crate::method::{Method, Task};
use crate::run::{self, Saving};
use crate::scenario::{Scenario, Template};
use clap::builder::{ArgPredicate, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The format of standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For other programs.
    Json,
}

/// Reads a [`Format`] where the formats of drawings may be meant.
pub fn format_of_text(text: &str) -> Result<Format, String> {
    Format::from_str(text, false).map_err(|_| {
        format!("allowed: text, json; the formats of drawings are given by --figures {text}")
    })
}

/// The purpose of the figures of the gallery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// A page: black on white, columns of 86 and 178 mm
    #[default]
    Print,
    /// Slides: light on dark, 1.8 times as large
    Slides,
}

impl For {
    /// The colours and the zoom for it.
    pub fn theme(self) -> Theme {
        match self {
            For::Print => Theme::PRINT,
            For::Slides => Theme::SLIDES,
        }
    }
}

/// Arguments of `evolve`, `steady`, `limit` and `check`; flatten them into the command's own.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The scenario: a file (TOML or JSON), a starting point such as uphill, or - for standard
    /// input
    pub scenario: PathBuf,
    /// The run directory to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Override a key of the scenario, e.g. chain.bonds=400; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Largest error, relative to the largest value of each profile
    #[arg(long, default_value = "1e-9", value_parser = tolerance)]
    pub tolerance: f64,
    /// Threads to use; all processors if left out. The results do not depend on it
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<NonZeroUsize>,
    /// Refuse a run that needs more memory, e.g. 4GiB; if left out, the free memory of the machine
    #[arg(long, value_name = "SIZE", value_parser = super::expected::parse_size)]
    pub memory_limit: Option<u64>,
    /// Formats of the figures: svg, png, pdf and html (a page with values under
    /// the pointer) with commas between, or none
    #[arg(long, value_name = "FORMATS", default_value = "svg,png")]
    pub figures: Formats,
    /// Overwrite the run directory if it exists, and discard the finished parts of a stopped run
    #[arg(long)]
    pub force: bool,
    /// Continue a stopped run from its finished parts; the result has the same bytes as that of an
    /// uninterrupted run
    #[arg(long)]
    pub resume: bool,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print the error estimate of every output and the violation of every exact identity
    #[arg(short, long)]
    pub verbose: bool,
    /// Progress on standard error: a bar on a terminal, or JSON, one object a line
    #[arg(long, value_enum, default_value_t)]
    pub progress: Show,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of the commands that can write the covariance.
#[derive(Debug, Clone, Args)]
pub struct CovarianceArgs {
    /// Write the whole covariance to covariance.npz
    #[arg(long)]
    pub covariance: bool,
    /// Write the covariance in single precision
    #[arg(long, requires = "covariance")]
    pub single: bool,
}

/// The methods of a task as the values of an option, each with what it needs. The list is that of
/// [`Method`].
pub fn methods(task: Task) -> impl TypedValueParser<Value = Method> {
    let serving = Method::ALL.into_iter().filter(move |method| method.serves(task));
    let value = |method: Method| {
        let needs = match method.needs() {
            _ if method == Method::Auto => "the cheapest".to_string(),
            "" => "any chain".into(),
            needs => format!("needs {needs}"),
        };
        PossibleValue::new(method.name()).help(needs)
    };
    PossibleValuesParser::new(serving.map(value))
        .map(|name| Method::named(&name).expect("the values are names of methods"))
}

/// The methods of all tasks of a sweep.
pub fn every_method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::name))
        .map(|name| Method::named(&name).expect("the values are names of methods"))
}

/// Parses the task that is run at every point of a sweep.
pub fn tasks() -> impl TypedValueParser<Value = Task> {
    const TASKS: [Task; 3] = [Task::Steady, Task::Evolve, Task::Limit];
    PossibleValuesParser::new(TASKS.map(Task::name)).map(|name| {
        let task = TASKS.into_iter().find(|task| task.name() == name);
        task.expect("the values are names of tasks")
    })
}

/// A shard I/N, with I from 1 to N.
pub fn shard(text: &str) -> Result<[usize; 2], String> {
    let parsed = text.split_once('/').and_then(|(i, n)| Some([i.parse().ok()?, n.parse().ok()?]));
    parsed
        .filter(|[i, n]| (1..=*n).contains(i))
        .ok_or_else(|| "allowed: I/N with I from 1 to N, such as 3/8".into())
}

/// Makes an argument optional if another one is given.
pub fn unless(argument: clap::Arg, other: &'static str) -> clap::Arg {
    argument.required(false).required_unless_present(other).default_value_if(
        other,
        ArgPredicate::IsPresent,
        "-",
    )
}

impl RunArgs {
    /// The text of the scenario with its overrides, for a sweep.
    pub fn template(&self) -> Result<Template, Error> {
        Source::of(&self.scenario)?.template(&self.overrides)
    }

    /// Reads the scenario with its overrides. If that many `profiles` do not fit into memory, it
    /// fails before any work that costs O(N).
    pub fn read_scenario(
        &self,
        profiles: impl FnOnce(&Scenario) -> usize,
    ) -> Result<Scenario, Error> {
        Source::of(&self.scenario)?.read(&self.overrides, |scenario| {
            let bonds = scenario.chain.bonds;
            let count = profiles(scenario);
            let least = |bonds: usize| cost::of_profiles(bonds, count).bytes;
            let saving = if count > 1 { Saving::FewerTables } else { Saving::ShorterTable };
            let fits = run::fits(self.memory_limit, least(bonds), bonds, least, saving);
            fits.map_err(Error::from)
        })
    }
}

/// A tolerance in (0, 0.1].
fn tolerance(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if value > 0.0 && value <= 0.1 => Ok(value),
        _ => Err("allowed: a number > 0 and at most 0.1, such as 1e-9".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Evolve {
        #[command(flatten)]
        run: RunArgs,
    }

    fn parse(arguments: &[&str]) -> Result<RunArgs, clap::Error> {
        Evolve::try_parse_from([&["evolve", "a.toml", "-o", "runs/a"], arguments].concat())
            .map(|e| e.run)
    }

    #[test]
    fn the_defaults_are_those_of_the_manual() {
        let run = parse(&[]).unwrap();
        assert_eq!((run.tolerance, run.format, run.threads), (1e-9, Format::Text, None));
        assert!(!run.force && !run.quiet && !run.verbose && run.overrides.is_empty());
    }

    #[test]
    fn overrides_may_be_repeated() {
        let run = parse(&["--set", "chain.bonds=4", "--set", "initial.temperature=2 - x"]).unwrap();
        assert_eq!(run.overrides, ["chain.bonds=4", "initial.temperature=2 - x"]);
    }

    #[test]
    fn a_tolerance_lies_between_0_and_a_tenth() {
        for bad in ["0", "-1", "0.2", "nan", "inf", "tight"] {
            let message = parse(&[&format!("--tolerance={bad}")]).unwrap_err().to_string();
            assert!(message.contains("allowed: a number > 0 and at most 0.1"), "{message}");
        }
        assert_eq!(parse(&["--tolerance=0.1"]).unwrap().tolerance, 0.1);
    }

    #[test]
    fn zero_threads_and_being_quiet_and_verbose_at_once_are_refused() {
        assert!(parse(&["--threads=0"]).is_err());
        assert!(parse(&["-q", "-v"]).is_err());
    }
}
