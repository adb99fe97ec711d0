//! The steps that all computing commands share: print the expected cost, open the run directory,
//! compute, write, report.

use super::{Error, Format, RunArgs, expected, interrupt, print, progress};
use crate::figures::{Figure, Format as Drawing, style::Theme};
use crate::monitor::CancelToken;
use crate::output::{Existing, OutputError, Parts, RunDirectory};
use crate::run::{self, Answer, Options, Prepared};
use serde_json::{Map, Value};
use std::io::{Write, stderr};
use std::sync::Arc;
use std::time::Instant;

/// A run that has begun.
pub struct Session<'a> {
    args: &'a RunArgs,
    directory: RunDirectory,
    start: Instant,
    cancel: CancelToken,
    _kept: Kept,
}

/// Reports the finished parts when a run ends early.
struct Kept(Arc<Parts>);

impl Drop for Kept {
    fn drop(&mut self) {
        if self.0.count() > 0 {
            say_kept();
        }
        if let Some(failure) = self.0.failure() {
            let _ = writeln!(stderr(), "flipchain: a finished part could not be kept: {failure}");
        }
    }
}

/// Says how to continue from the finished parts.
fn say_kept() {
    let _ = writeln!(
        stderr(),
        "flipchain: what is finished is kept; the same command with --resume goes on from there"
    );
}

impl RunArgs {
    /// The options that every task has.
    pub fn options(&self) -> Options {
        Options { tolerance: self.tolerance, memory_limit: self.memory_limit, ..Options::default() }
    }
}

impl<'a> Session<'a> {
    /// Prints the expected cost and opens the run directory.
    pub fn begin<A>(args: &'a RunArgs, question: &Prepared<'_, A>) -> Result<Session<'a>, Error> {
        let plan = question.plan();
        let quicker = expected::instead(plan.saving);
        expected::say(args, plan.cost, plan.covariance_bytes, &quicker);
        let request = question.request();
        let existing = Existing { force: args.force, resume: args.resume };
        let directory =
            match RunDirectory::create(&args.output, existing, &Value::Object(request.clone())) {
                Err(error) => return Err(refused(error, args.resume, request)),
                Ok(opened) => opened,
            };
        let kept = Kept(directory.parts());
        let (start, cancel) = (Instant::now(), interrupt::token()?);
        Ok(Session { args, directory, start, cancel, _kept: kept })
    }

    /// Answers the question, writes the run directory with its figures, and reports; an error when
    /// the tolerance was missed, after everything is kept.
    pub fn answer<A: Answer>(
        mut self,
        question: Prepared<'_, A>,
        figures: impl FnOnce(&A) -> Vec<Figure>,
    ) -> Result<(), Error> {
        let args = self.args;
        let monitor = progress::monitor(args.progress, args.quiet, self.start, 1.0, &self.cancel)
            .keeping_in(self.directory.parts());
        let [solving, tables] = question.shares(!args.figures.0.is_empty());
        self.directory.tell_to(monitor.part(solving, tables));
        let mut answer = question.run(&monitor.part(0.0, solving))?;
        let failed = |e: OutputError| Error::Failed(e.to_string());
        answer.write(&self.directory).map_err(failed)?;
        answer.write_covariances(&self.directory).map_err(|error| match error {
            run::Error::Output(error) => failed(error),
            other => other.into(),
        })?;
        let words = || format!("{}\n{}", answer.line(), answer.remarks(true));
        let said =
            |figure| Figure { words: words().lines().map(str::to_owned).collect(), ..figure };
        save_figures(args, &self.directory, || figures(&answer).into_iter().map(said).collect())?;
        drop(monitor);
        // Last, because it contains the time of everything before it.
        let seconds = self.start.elapsed().as_secs_f64();
        let text = answer.write_summary(&self.directory, seconds).map_err(failed)?;
        self.directory.commit().map_err(failed)?;
        report(args, &answer, &text, seconds)
    }
}

/// Draws the figures that are asked for into the directory.
pub fn save_figures(
    args: &RunArgs,
    directory: &RunDirectory,
    figures: impl FnOnce() -> Vec<Figure>,
) -> Result<(), run::Error> {
    if args.figures.0.is_empty() {
        return Ok(());
    }
    let folder = directory.folder("figures")?;
    let all = figures();
    // A page of its own stands for the pages of the figures that it shows.
    let paged = all.iter().any(|figure| figure.page);
    let drawn: Vec<Drawing> =
        args.figures.0.iter().copied().filter(|f| !paged || *f != Drawing::Html).collect();
    for figure in all {
        let formats = if figure.page { &args.figures.0 } else { &drawn };
        let saved = figure.save(&folder, &Theme::PRINT, formats);
        saved.map_err(|e| run::Error::NotConverged(e.to_string()))?;
    }
    Ok(())
}

fn report(args: &RunArgs, answer: &impl Answer, summary: &str, seconds: f64) -> Result<(), Error> {
    let worst = answer.worst_error();
    if args.format == Format::Json {
        print(summary)?;
    } else if !args.quiet {
        print(&format!(
            "{}\n{seconds:.2} s; largest error estimate {worst:.1e} of a profile's largest value (tolerance {:.1e})\n\
             {}written to {}\n",
            answer.line(),
            args.tolerance,
            answer.remarks(args.verbose),
            args.output.display(),
        ))?;
    }
    if worst <= args.tolerance {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "the tolerance {:.1e} was missed: the largest error estimate is {worst:.1e}; the profiles are kept",
        args.tolerance
    )))
}

/// The error of a sweep that ended early.
pub fn ended(error: run::Error, resume: bool, request: &Map<String, Value>) -> Error {
    match error {
        run::Error::Output(error) => refused(error, resume, request),
        run::Error::Interrupted => {
            say_kept();
            Error::Interrupted
        }
        other => other.into(),
    }
}

/// The error of a directory that could not be opened. Perhaps there is nothing left to resume.
fn refused(error: OutputError, resume: bool, request: &Map<String, Value>) -> Error {
    match error {
        OutputError::Exists(place) if resume && answers(&place, request) => {
            Error::AlreadyDone(format!("{}: this run is complete", place.display()))
        }
        other => Error::BadInput(other.to_string()),
    }
}

/// Whether a run directory holds the answer to this request.
fn answers(place: &std::path::Path, request: &Map<String, Value>) -> bool {
    let summary = std::fs::read(place.join("summary.json")).ok();
    let summary = summary.and_then(|text| serde_json::from_slice::<Map<String, Value>>(&text).ok());
    summary
        .is_some_and(|summary| request.iter().all(|(key, value)| summary.get(key) == Some(value)))
}

impl From<run::Error> for Error {
    fn from(error: run::Error) -> Error {
        match error {
            run::Error::Scenario(error) => Error::Scenario(error),
            // Options of the library are options of the command line, keys of a scenario are keys.
            run::Error::Argument(error) if !error.is_key() => {
                let option = error.argument.replace('_', "-");
                Error::BadInput(format!("--{option}: {}", error.reason))
            }
            run::Error::TooLarge(error) => Error::BadInput(expected::too_large(&error)),
            run::Error::NotConverged(reason) => Error::Failed(reason),
            run::Error::Interrupted => Error::Interrupted,
            other => Error::BadInput(other.to_string()),
        }
    }
}

impl From<crate::chain::InitialError> for Error {
    fn from(error: crate::chain::InitialError) -> Error {
        run::Error::from(error).into()
    }
}
