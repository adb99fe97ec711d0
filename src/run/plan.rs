//! The plan of a run: the method, the reason for it and its price, known before anything is
//! computed.

use super::error::TooLarge;
pub use super::saving::Saving;
use super::{Error, Options, Times, memory, request};
use crate::chain::Chain;
use crate::cost::{self, Cost};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};
use std::fmt;
use std::ops::Range;
use std::time::Instant;

/// The plan of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The task.
    pub task: Task,
    /// The method that was asked for or, for a stationary state, chosen.
    pub method: Method,
    /// The way in which each range of outputs is computed, in order.
    pub ways: Vec<(Range<usize>, Way)>,
    /// The reason, in a sentence.
    pub reason: String,
    /// Memory and processor time of a program that computes, draws and writes it.
    pub cost: Cost,
    /// Bytes of the covariances that are written.
    pub covariance_bytes: f64,
    /// N, or the largest of them.
    pub bonds: usize,
    /// The change that would cost less.
    pub saving: Saving,
}

/// The way in which outputs are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The initial law itself, at time 0.
    InitialLaw,
    /// Implicit steps of the means and the covariance.
    Steps,
    /// The exponential of the five-point stencil.
    Stencil,
    /// A contour of shifted solves for the covariance.
    Contour,
    /// A contour for the profiles alone.
    Profiles,
    /// The propagator e^(Bτ), or that of the whole moment equation.
    Propagator,
    /// A closed form.
    Closed,
    /// Shifted solves at σ = 0 and the force's frequencies.
    Stationary,
    /// The macroscopic equations.
    Macroscopic,
}

/// Refuses a computation whose memory would not fit. `bytes_at` is the memory that it would take
/// with other numbers of bonds, so that the refusal can name one that is not refused.
pub fn fits(
    memory_limit: Option<u64>,
    needed: f64,
    bonds: usize,
    bytes_at: impl Fn(usize) -> f64,
    saving: Saving,
) -> Result<(), Error> {
    let Some(limit) = memory::limit(memory_limit).filter(|&limit| needed > limit) else {
        return Ok(());
    };
    let most = largest_below(bonds, |n| bytes_at(n) <= limit);
    let by_caller = memory_limit.is_some();
    Err(TooLarge { bonds, needed, limit, by_caller, most, saving }.into())
}

/// The largest N below `bonds` that fits, by bisection; 0 where none is found. Where another method
/// is chosen for other N the memory may jump: what is found fits all the same.
fn largest_below(bonds: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut fitting, mut refused) = (0, bonds);
    while refused - fitting > 1 {
        let middle = fitting + (refused - fitting) / 2;
        if fits(middle) { fitting = middle } else { refused = middle }
    }
    fitting
}

/// A question that is understood, planned and priced, and not yet answered.
pub struct Prepared<'a, A> {
    record: Record,
    /// The part of the expected seconds that is not for tables and figures.
    solving: f64,
    solve: Solve<'a, A>,
}

/// The function that answers a question.
type Solve<'a, A> = Box<dyn FnOnce(Record, &Monitor) -> Result<A, Error> + 'a>;

/// The record that an answer keeps of its question.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The plan.
    pub plan: Plan,
    /// Everything that the result depends on.
    pub request: Map<String, Value>,
    /// The largest error that was asked for.
    pub tolerance: f64,
    /// When it was planned.
    pub started: Instant,
}

impl<'a, A> Prepared<'a, A> {
    /// With the options that the result depends on, as the summary says them. `bytes_at` is the
    /// memory that other numbers of bonds would take.
    pub(super) fn new(
        plan: Plan,
        options: &Options,
        chain: &Chain,
        of_task: Value,
        bytes_at: impl Fn(usize) -> f64,
        solve: impl FnOnce(Record, &Monitor) -> Result<A, Error> + 'a,
    ) -> Result<Prepared<'a, A>, Error> {
        fits(options.memory_limit, plan.cost.bytes, plan.bonds, bytes_at, plan.saving)?;
        let request = request::request(plan.task, options, chain, of_task);
        let record =
            Record { plan, request, tolerance: options.tolerance, started: Instant::now() };
        Ok(Prepared { record, solving: f64::INFINITY, solve: Box::new(solve) })
    }

    /// The same, whose summary tells the scenario that the chain and its initial law come from.
    pub fn described_by(mut self, scenario: &Scenario) -> Result<Prepared<'a, A>, Error> {
        request::describe(&mut self.record.request, scenario)?;
        Ok(self)
    }

    /// The same, whose summary tells the output times.
    pub(super) fn at_times(mut self, chain: &Chain, times: &Times) -> Prepared<'a, A> {
        let scenario = request::scenario_of(chain, Some(times));
        self.record.request.insert("scenario".into(), json!(scenario));
        self
    }

    /// The same, of whose expected time these `seconds` are not for tables and figures.
    pub(super) fn solved_in(mut self, seconds: f64) -> Prepared<'a, A> {
        self.solving = seconds;
        self
    }

    /// The shares of the expected time after which all is solved, and after which the tables are
    /// written, with figures `drawn` or not.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn shares(&self, drawn: bool) -> [f64; 2] {
        let figures = cost::PROFILES_FIGURE.seconds;
        let tables = (self.record.plan.cost.seconds - figures).max(f64::MIN_POSITIVE);
        let whole = tables + if drawn { figures } else { 0.0 };
        [self.solving.min(tables) / whole, tables / whole]
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.record.plan
    }

    /// Everything that the result depends on, as summary.json tells it.
    pub fn request(&self) -> &Map<String, Value> {
        &self.record.request
    }

    /// Does it.
    pub fn run(self, monitor: &Monitor) -> Result<A, Error> {
        (self.solve)(self.record, monitor)
    }
}

impl<A> fmt::Debug for Prepared<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("plan", &self.record.plan).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_size_that_fits_is_found_and_the_next_one_does_not_fit() {
        let bytes = |n: usize| 30e6 + 16.0 * (2.0 * n as f64 + 1.0).powi(2);
        for bonds in [2, 900, 20_000, 100_000_000] {
            for limit in [30e6, 30.01e6, 200e6, 5e9] {
                let most = largest_below(bonds, |n| bytes(n) <= limit);
                assert!(most == 0 || bytes(most) <= limit, "{bonds} {limit}: {most}");
                assert!(most + 1 == bonds || bytes(most + 1) > limit, "{bonds} {limit}: {most}");
            }
        }
    }
}
