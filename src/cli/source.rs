//! Reads a scenario: from a file, a starting point by its name, or `-` for standard input.

use super::Error;
use crate::scenario::{
    STARTING_POINTS, Scenario, ScenarioError, StartingPoint, Template, did_you_mean, read_text,
};
use std::path::Path;
use std::sync::OnceLock;

/// The place of a scenario.
pub enum Source<'a> {
    /// A file.
    File(&'a Path),
    /// A text that is no file, and what messages call it.
    Text(&'a str, &'static str),
}

impl<'a> Source<'a> {
    /// The place that an argument names. A file comes before a starting point of the same name, so
    /// that no file of the user is ignored. A folder, such as the run of that scenario, does not.
    pub fn of(argument: &'a Path) -> Result<Source<'a>, Error> {
        if argument == Path::new("-") {
            return Ok(Source::Text(standard_input()?, "standard input"));
        }
        let point = argument.to_str().and_then(StartingPoint::named);
        match point {
            Some(point) if !argument.exists() || argument.is_dir() => {
                Ok(Source::Text(point.text, point.name))
            }
            None if !argument.exists() => Err(Error::BadInput(nothing_there(argument))),
            _ => Ok(Source::File(argument)),
        }
    }

    /// Reads it with its overrides; calls `fits` before any work that costs O(N).
    pub fn read<E: From<ScenarioError>>(
        &self,
        overrides: &[String],
        fits: impl FnOnce(&Scenario) -> Result<(), E>,
    ) -> Result<Scenario, E> {
        match self {
            Source::File(path) => Scenario::read_if(path, overrides, fits),
            Source::Text(text, name) => Scenario::from_str_if(text, name, overrides, fits),
        }
    }

    /// The text with its overrides, to be read with other values of some keys.
    pub fn template(&self, overrides: &[String]) -> Result<Template, Error> {
        match self {
            Source::File(path) => Ok(Template::read(path, overrides)?),
            Source::Text(text, name) => Ok(Template::of_text(text, name, overrides)),
        }
    }

    /// The text itself.
    pub fn text(&self) -> Result<String, Error> {
        match self {
            Source::File(path) => std::fs::read_to_string(path)
                .map_err(|e| Error::BadInput(format!("{}: {e}", path.display()))),
            Source::Text(text, _) => Ok(text.to_string()),
        }
    }
}

/// All of standard input, read once: `check` reads its scenario once a size.
fn standard_input() -> Result<&'static str, Error> {
    static TEXT: OnceLock<Result<String, String>> = OnceLock::new();
    let text = TEXT.get_or_init(|| read_text(std::io::stdin()));
    let unreadable = |reason: &String| {
        Error::BadInput(format!("cannot read the scenario on standard input: {reason}"))
    };
    text.as_deref().map_err(unreadable)
}

/// The starting point of this name.
pub fn starting_point(name: &str) -> Result<&'static StartingPoint, Error> {
    StartingPoint::named(name).ok_or_else(|| {
        let meant = did_you_mean(name, STARTING_POINTS.iter().map(|point| point.name));
        Error::BadInput(format!("there is no starting point {name:?}{meant}; {}", names()))
    })
}

/// The names of the starting points, as a clause.
fn names() -> String {
    let names: Vec<&str> = STARTING_POINTS.iter().map(|point| point.name).collect();
    format!("the starting points are {}", names.join(", "))
}

fn nothing_there(argument: &Path) -> String {
    let name = argument.display().to_string();
    let meant = did_you_mean(&name, STARTING_POINTS.iter().map(|point| point.name));
    format!(
        "cannot read the scenario {name}: there is neither such a file nor a starting point of this name{meant}; {}; - reads standard input",
        names()
    )
}
