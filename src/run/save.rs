//! The summary of an answer, and writing it to a run directory.

use super::plan::Record;
use super::{Error, memory};
use crate::chain::{Chain, InitialLaw};
use crate::output::{Existing, INITIAL_FILE, OutputError, RunDirectory, write_initial_npz};
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The law at time 0 as the scenario of a run has it.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// In its `[initial]` table, or not needed.
    Said,
    /// Not at all: it was given as arrays.
    Arrays(&'a InitialLaw, &'a Chain),
    /// Not at all: it was given as functions, which no file holds.
    Functions,
}

/// The parts that the files and the report of an answer are made of.
pub trait Answer {
    /// The question.
    fn record(&self) -> &Record;
    /// The largest error estimate, relative to the largest value of its profile.
    fn worst_error(&self) -> f64;
    /// The task's keys of summary.json.
    fn keys(&self) -> Map<String, Value>;
    /// A line on how it was done.
    fn line(&self) -> String;
    /// Further remarks, in lines.
    fn remarks(&self, verbose: bool) -> String;
    /// Writes the tables.
    fn write(&self, directory: &RunDirectory) -> Result<(), OutputError>;

    /// How the scenario of the run has the law at time 0.
    fn start(&self) -> Start<'_> {
        Start::Said
    }

    /// Writes the covariances, each of which is dropped once it is written; those that do not fit
    /// the memory are formed here.
    fn write_covariances(&mut self, _directory: &RunDirectory) -> Result<(), Error> {
        Ok(())
    }

    /// summary.json, after so many seconds.
    fn summary(&self, wall_seconds: f64) -> Map<String, Value> {
        let Record { request, plan, tolerance, .. } = self.record();
        let summary = json!({
            "program": "flipchain",
            "tolerance_reached": self.worst_error() <= *tolerance,
            "threads": rayon::current_num_threads(),
            "wall_seconds": wall_seconds,
            "cpu_seconds": memory::processor_seconds(),
            "peak_memory_bytes": memory::peak_bytes(),
            "memory_estimate_bytes": plan.cost.bytes as u64,
            "processor_seconds_estimate": plan.cost.seconds,
        });
        let Value::Object(mut summary) = summary else {
            unreachable!("it was written as an object")
        };
        summary.extend(request.clone());
        summary.extend(self.keys());
        summary
    }

    /// Writes the run directory, without figures. What is there already is refused or replaced as
    /// `existing` says.
    fn save(&self, place: impl AsRef<Path>, existing: Existing) -> Result<(), Error>
    where
        Self: Clone,
    {
        let request = Value::Object(self.record().request.clone());
        let directory = RunDirectory::create(place.as_ref(), existing, &request)?;
        self.write(&directory)?;
        let mut written = self.clone();
        written.write_covariances(&directory)?;
        let seconds = self.record().started.elapsed().as_secs_f64();
        written.write_summary(&directory, seconds)?;
        Ok(directory.commit()?)
    }

    /// Writes scenario.toml and, last of all, summary.json, whose text is returned.
    fn write_summary(&self, directory: &RunDirectory, seconds: f64) -> Result<String, OutputError> {
        let request = &self.record().request;
        let failed = |source: std::io::Error| OutputError::Io {
            path: directory.path("scenario.toml"),
            source,
        };
        let scenario: Scenario =
            serde_json::from_value(request["scenario"].clone()).map_err(|e| failed(e.into()))?;
        let task = self.record().plan.task.name();
        let again = format!("flipchain {task} scenario.toml -o DIR");
        let (remark, initial) = match self.start() {
            Start::Said => (format!("as it was run: {again}"), String::new()),
            Start::Arrays(law, chain) => {
                write_initial_npz(directory, law, chain.coordinate_names())?;
                (
                    format!("as it was run: {again}\n# Its initial law was given as numbers."),
                    format!("\n[initial]\ncovariance = \"{INITIAL_FILE}\"\n"),
                )
            }
            Start::Functions => (
                format!(
                    "without its initial law, which was given as functions of x.\n# No file \
                     holds them. With an [initial] table written by hand it runs again: {again}"
                ),
                String::new(),
            ),
        };
        let scenario = scenario.to_toml().map_err(failed)?;
        let text = format!("# The scenario of this run, {remark}\n\n{scenario}{initial}");
        directory.write("scenario.toml", text.as_bytes())?;
        directory.write_summary(self.summary(seconds))
    }
}

/// A time in JSON, which has no infinity.
pub(super) fn time(t: f64) -> Value {
    if t.is_finite() { json!(t) } else { json!("inf") }
}
