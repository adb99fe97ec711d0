//! The question that a sweep asks at every point, and the answer of one point. The command line,
//! shards of a cluster and Python's workers all call [`Question::answer`].

use super::answered::Answered;
use super::observable::{Known, Observable};
use crate::chain::{ArgumentError, Chain, InitialLaw, InitialProfiles};
use crate::cost::{Cost, PROFILES_FIGURE};
use crate::method::{Method, Task};
use crate::monitor::{Monitor, record};
use crate::output::Existing;
use crate::run::{self, Answer, Error, LimitRun, Options, Prepared, Run, Times};
use crate::scenario::Scenario;
use crate::steady::LastUnitHeat;
use std::path::Path;
use std::sync::Arc;

/// The question that is asked at every point.
#[derive(Debug, Clone)]
pub struct Question {
    /// `steady`, `evolve` or `limit`.
    pub task: Task,
    /// The observables, in the order of the table's columns.
    pub observe: Vec<Observable>,
    /// The largest error, relative to the largest value of each profile.
    pub tolerance: f64,
    /// The method.
    pub method: Method,
    /// Bytes of memory for all points at work; what the machine has left if left out.
    pub memory_limit: Option<u64>,
}

/// The answer of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// One row for each output time.
    pub rows: Vec<Row>,
    /// Why there are no values, or what is wrong with them.
    pub reason: Option<String>,
}

/// The observables at one output time.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The time; infinite for a stationary state.
    pub time: f64,
    /// In the order of the question.
    pub values: Vec<Known>,
}

record!(Point { rows, reason });
record!(Row { time, values });

/// A scenario as numbers.
struct Subject {
    chain: Chain,
    law: Option<InitialLaw>,
    initial: Option<InitialProfiles>,
    times: Option<Times>,
}

impl Question {
    /// Refuses what no scenario could answer.
    pub(super) fn check(&self) -> Result<(), ArgumentError> {
        if self.task == Task::Check {
            let reason = "found check; allowed: steady, evolve or limit";
            return Err(ArgumentError::new("run", reason));
        }
        if !self.method.serves(self.task) {
            let (method, task) = (self.method, self.task.name());
            let allowed = Method::allowed(self.task);
            let reason = format!("found {method}; {task} allows: {allowed}");
            return Err(ArgumentError::new("method", reason));
        }
        let (limit, steady) = (self.task == Task::Limit, self.task == Task::Steady);
        self.observe.iter().try_for_each(|observable| observable.check(limit, steady))
    }

    fn options(&self, unit_heat: Option<Arc<LastUnitHeat>>) -> Options {
        Options {
            tolerance: self.tolerance,
            method: self.method,
            memory_limit: self.memory_limit,
            unit_heat,
            ..Options::default()
        }
    }

    /// The output times of a point.
    pub(super) fn times(&self, scenario: &Scenario) -> Vec<f64> {
        match self.task {
            Task::Evolve => scenario.output_times(),
            Task::Limit if scenario.time.is_some() => scenario.output_times(),
            _ => vec![f64::INFINITY],
        }
    }

    /// The scenario as numbers; an error if the question needs a part that it does not have.
    fn subject(&self, scenario: &Scenario) -> Result<Subject, Error> {
        let (chain, times) = (Chain::new(scenario), Times::of(scenario));
        let (mut law, mut initial) = (None, None);
        match self.task {
            Task::Steady if !run::depends_on_initial_law(&chain) => {}
            Task::Limit => {
                run::has_limit(&chain)?;
                if times.is_some() || scenario.initial.is_some() {
                    initial = Some(InitialProfiles::from(scenario.require_initial("limit")?));
                }
            }
            task => {
                scenario.require_initial(task.name())?;
                if task == Task::Evolve {
                    scenario.require_time("evolve")?;
                }
                law = Some(InitialLaw::read(scenario)?);
            }
        }
        Ok(Subject { chain, law, initial, times })
    }

    /// Memory and processor time of a point, without solving. O(N).
    pub(super) fn price(&self, scenario: &Scenario) -> Result<Cost, Error> {
        let (subject, options) = (self.subject(scenario)?, self.options(None));
        let cost = match self.task {
            Task::Limit => subject.limit(&options)?.plan().cost,
            task => subject.run(task, &options)?.plan().cost,
        };
        // A point draws nothing.
        Ok(Cost { seconds: (cost.seconds - PROFILES_FIGURE.seconds).max(0.0), ..cost })
    }

    /// Answers one point. A point that fails is an answer too, and its `reason` says why; only an
    /// interruption, or a directory that cannot be written, is an error. `keep` is the place where
    /// the run directory of the point is written, if that is wanted.
    pub(super) fn answer(
        &self,
        scenario: &Scenario,
        keep: Option<&Path>,
        unit_heat: &Arc<LastUnitHeat>,
        monitor: &Monitor,
    ) -> Result<Point, Error> {
        let answered = match self.ask(scenario, keep, unit_heat, monitor) {
            // These concern the whole sweep.
            Err(error @ (Error::Interrupted | Error::Output(_))) => return Err(error),
            Err(error) => return Ok(self.failed(scenario, error.to_string())),
            Ok(answered) => answered,
        };
        let row = |(output, time): (usize, f64)| Row {
            time,
            values: self.observe.iter().map(|one| one.of(&answered, output)).collect(),
        };
        let rows: Vec<Row> = self.times(scenario).into_iter().enumerate().map(row).collect();
        let worst = answered.worst_error();
        let reached = worst <= self.tolerance;
        let reason = (!reached).then(|| {
            let asked = self.tolerance;
            format!("tolerance {asked:.1e} missed: the largest error estimate is {worst:.1e}")
        });
        Ok(Point { rows, reason })
    }

    /// A point without values.
    pub(super) fn failed(&self, scenario: &Scenario, reason: String) -> Point {
        let row = |time| Row { time, values: vec![None; self.observe.len()] };
        let rows = self.times(scenario).into_iter().map(row).collect();
        Point { rows, reason: Some(reason) }
    }

    fn ask(
        &self,
        scenario: &Scenario,
        keep: Option<&Path>,
        unit_heat: &Arc<LastUnitHeat>,
        monitor: &Monitor,
    ) -> Result<Answered, Error> {
        let (subject, options) = (self.subject(scenario)?, self.options(Some(unit_heat.clone())));
        Ok(match self.task {
            Task::Limit => {
                let run = kept(subject.limit(&options)?, scenario, keep, monitor)?;
                Answered::Limit(run.into(), subject.chain.clone())
            }
            task => {
                let run = kept(subject.run(task, &options)?, scenario, keep, monitor)?;
                Answered::Run(run.into(), subject.times.as_ref().map(|times| times.scale))
            }
        })
    }
}

/// Runs the computation. If `keep` is given, writes its run directory there; it replaces one that
/// an interrupted sweep may have left.
fn kept<A: Answer + Clone>(
    prepared: Prepared<'_, A>,
    scenario: &Scenario,
    keep: Option<&Path>,
    monitor: &Monitor,
) -> Result<A, Error> {
    let Some(place) = keep else { return prepared.run(monitor) };
    let run = prepared.described_by(scenario)?.run(monitor)?;
    run.save(place, Existing { force: true, resume: false })?;
    Ok(run)
}

impl Subject {
    fn run(&self, task: Task, options: &Options) -> Result<Prepared<'_, Run>, Error> {
        let law = self.law.as_ref();
        match (task, law, &self.times) {
            (Task::Evolve, Some(law), Some(times)) => {
                run::plan_evolve(&self.chain, law, times, options)
            }
            _ => run::plan_steady(&self.chain, law, options),
        }
    }

    fn limit(&self, options: &Options) -> Result<Prepared<'_, LimitRun>, Error> {
        run::plan_limit(&self.chain, self.initial.as_ref(), self.times.as_ref(), options)
    }
}
