//! The scenario as the user wrote it, validated. This floor knows no numerics.
//!
//! TOML text → document (values with the line or `--set` they come from) → checked against the JSON
//! Schema of the types → [`Scenario`] → checked for meaning (times in order, expressions ≥ 0 on the
//! grid, …). The first thing wrong is reported with its place, its key, what was found and what is
//! allowed. A [`Scenario`] that was read is within its ranges. Cost: O(N) evaluations of the
//! initial profiles, some 10 ns each; no memory in N.

mod check;
mod coefficient;
mod disorder;
mod document;
mod error;
mod expression;
mod grid;
mod hints;
mod json;
mod node;
mod parser;
mod schema;
mod similar;
mod starting_points;
mod steps;
mod template;
mod types;

pub(crate) use hints::number as number_hint;

pub use coefficient::{Coefficient, CoefficientKey, CoefficientTable};
pub use error::ScenarioError;
pub use expression::{Expression, ExpressionError};
pub use schema::{LARGEST_NUMBER, schema};
pub use similar::{did_you_mean, nearest};
pub use starting_points::{STARTING_POINTS, StartingPoint};
pub use template::Template;
pub use types::*;

use document::Document;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

/// The largest scenario file that is read, 64 MiB: twice the space of a million output times.
pub const LARGEST_FILE: u64 = 64 << 20;

impl Scenario {
    /// Reads and checks a scenario file, TOML or JSON, after applying `key.path=value` overrides in
    /// their order.
    ///
    /// The value of an override is TOML if it parses as TOML, otherwise text: `chain.bonds=400`,
    /// `initial.temperature=2 - x`. Tables on the way are created. Errors name file and line, or
    /// the override.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Scenario, ScenarioError> {
        Scenario::read_if(path, overrides, |_| Ok(()))
    }

    /// The same, but calls `fits` before any work that costs O(N).
    pub fn read_if<E: From<ScenarioError>>(
        path: &Path,
        overrides: &[String],
        fits: impl FnOnce(&Scenario) -> Result<(), E>,
    ) -> Result<Scenario, E> {
        let text = text(path)?;
        let name = path.display().to_string();
        Scenario::read_beside(&text, &name, overrides, path, fits)
    }

    /// The same for the text of a file that is read already.
    fn read_beside<E: From<ScenarioError>>(
        text: &str,
        name: &str,
        overrides: &[String],
        path: &Path,
        fits: impl FnOnce(&Scenario) -> Result<(), E>,
    ) -> Result<Scenario, E> {
        // Other files are found beside the scenario file.
        let folder = path.with_file_name("");
        let mut scenario = read_from(text, name, overrides, &folder, fits)?;
        if let Some(covariance) =
            scenario.initial.as_mut().and_then(|initial| initial.covariance.as_mut())
        {
            *covariance = folder.join(&*covariance).display().to_string();
        }
        Ok(scenario)
    }

    /// [`Scenario::read`] for text already in memory; `name` stands in the messages where the
    /// file's name would.
    pub fn from_str_named(
        text: &str,
        name: &str,
        overrides: &[String],
    ) -> Result<Scenario, ScenarioError> {
        Scenario::from_str_if(text, name, overrides, |_| Ok(()))
    }

    /// The same, which asks `fits` before anything is done that costs O(N).
    pub fn from_str_if<E: From<ScenarioError>>(
        text: &str,
        name: &str,
        overrides: &[String],
        fits: impl FnOnce(&Scenario) -> Result<(), E>,
    ) -> Result<Scenario, E> {
        read_from(text, name, overrides, Path::new(""), fits)
    }

    /// The scenario as a TOML text that reads back to the same scenario; files are named by their
    /// absolute paths, so that they are found from everywhere.
    pub fn to_toml(&self) -> Result<String, std::io::Error> {
        let mut scenario = self.clone();
        let covariance = scenario.initial.as_mut().and_then(|initial| initial.covariance.as_mut());
        for file in scenario.chain.files_mut().chain(covariance) {
            *file = std::path::absolute(&*file)?.display().to_string();
        }
        toml::to_string(&scenario).map_err(std::io::Error::other)
    }

    /// The `[initial]` table, or a message that `command` needs it; `limit` and `check` need it as
    /// profiles.
    pub fn require_initial(&self, command: &'static str) -> Result<&InitialTable, ScenarioError> {
        let has_file = self.initial.as_ref().is_some_and(|initial| initial.covariance.is_some());
        if has_file && ["limit", "check"].contains(&command) {
            return Err(ScenarioError::CovarianceFile { command });
        }
        self.initial.as_ref().ok_or(ScenarioError::MissingTable {
            table: "initial",
            command,
            example: "[initial]\ntemperature = \"2 - x\"",
        })
    }

    /// The `[time]` table, or a message that `command` needs it.
    pub fn require_time(&self, command: &'static str) -> Result<&TimeTable, ScenarioError> {
        self.time.as_ref().ok_or(ScenarioError::MissingTable {
            table: "time",
            command,
            example: "[time]\nscale = \"diffusive\"\noutputs = [0, 0.01, 0.1, 1]",
        })
    }
}

/// The text of a scenario file.
fn text(path: &Path) -> Result<String, ScenarioError> {
    let unreadable =
        |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.to_string()))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(unreadable("it is a directory; a scenario is a TOML file".into()));
    }
    read_text(file).map_err(unreadable)
}

/// Reads the text of a scenario from a reader; the error says why it is no text.
pub fn read_text(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    from.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("it is larger than {} MiB", LARGEST_FILE >> 20));
    }
    // Some shells of Windows write UTF-16 with `>`.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16 text; save it as UTF-8".into());
    }
    String::from_utf8(bytes).map_err(|e| {
        let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&b| b == b'\n').count();
        format!("line {line} is not valid UTF-8; a scenario is a TOML text file")
    })
}

/// The scenario of a text; files that it names are found in `folder`.
fn read_from<E: From<ScenarioError>>(
    text: &str,
    name: &str,
    overrides: &[String],
    folder: &Path,
    fits: impl FnOnce(&Scenario) -> Result<(), E>,
) -> Result<Scenario, E> {
    let (mut scenario, document) = form(text, name, overrides)?;
    fits(&scenario)?;
    scenario.chain.read_files(&document, folder)?;
    Ok(complete(scenario, &document)?)
}

/// The scenario of a text, checked except for the values of its profiles.
fn form<'a>(
    text: &'a str,
    name: &'a str,
    overrides: &'a [String],
) -> Result<(Scenario, Document<'a>), ScenarioError> {
    // Made once: a sweep reads thousands of scenarios.
    static SCHEMA: OnceLock<serde_json::Value> = OnceLock::new();
    let document = Document::parse(text, name, overrides)?;
    document.check_form(SCHEMA.get_or_init(schema))?;
    let scenario: Scenario = serde_json::from_value(document.to_json())
        .map_err(|e| ScenarioError::File { path: name.into(), reason: e.to_string() })?;
    check::meaning(&scenario, &document)?;
    Ok((scenario, document))
}

/// The scenario with the values of its profiles checked and a Gibbs state put into them.
fn complete(mut scenario: Scenario, document: &Document) -> Result<Scenario, ScenarioError> {
    check::profiles(&scenario, document)?;
    let pinned = scenario.chain.is_pinned();
    if let Some(initial) = &mut scenario.initial
        && !pinned
        && initial.state.take() == Some(InitialState::Gibbs)
    {
        initial.elongation = initial.tension.take().unwrap_or_default();
    }
    Ok(scenario)
}
