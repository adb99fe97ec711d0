//! Progress of a long computation, the request to stop it, and the archive of its finished parts.
//!
//! A [`Monitor`] goes down to every loop that may last: steps, nodes of a contour, iterations of a
//! solve, sizes. Each calls [`Monitor::advance`] (or [`Monitor::check`] where there is no progress
//! to report) and returns its error with `?`. Cost: one atomic load.
//!
//! ```
//! use flipchain::monitor::{CancelToken, Monitor, Progress};
//! let cancel = CancelToken::default();
//! let monitor = Monitor::new(|p: Progress| println!("{:.0} %", 100.0 * p.share), &cancel);
//! assert!(monitor.advance(Progress { share: 0.5, ..Default::default() }).is_ok());
//! cancel.cancel();
//! assert!(monitor.check().is_err());
//! ```
//!
//! Wrap a part that takes long in [`Monitor::once`]: with an [`Archive`] it is computed in one run
//! and read back, bit for bit, by the next run with the same archive. Names of nested parts cannot
//! clash.

mod record;

pub use record::Record;
pub(crate) use record::{record, refused};

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The progress of a computation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// The finished share of the expected work: 0 to 1.
    pub share: f64,
    /// Time reached, in the unit that [`Monitor::per`] sets, microscopic by default; infinite in a
    /// stationary state.
    pub time: f64,
    /// Steps accepted.
    pub steps: usize,
    /// Shifted solves, or iterations where the whole computation is one solve.
    pub solves: usize,
    /// Points of a sweep that are finished.
    pub points: usize,
    /// The error estimate that an evolution would report if it ended here, relative to the largest
    /// value of each profile; 0 while nothing is known of it.
    pub error: f64,
}

/// The computation was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Stops a computation, from another thread or a signal handler.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Stops every computation that watches this token at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Report = Arc<dyn Fn(Progress) + Send + Sync>;

/// A store of finished parts. A part appears whole or not at all; a part that cannot be stored is
/// computed again.
pub trait Archive: Send + Sync {
    /// The part of this name, if it is there.
    fn read(&self, name: &str) -> Option<Box<dyn Read>>;
    /// Keeps what `content` writes as the part of this name, in the place of an earlier one.
    fn write(&self, name: &str, content: &dyn Fn(&mut dyn Write) -> io::Result<()>);
    /// Whether enough time has passed since the last part for a state on the way to be worth
    /// keeping.
    fn is_due(&self) -> bool;
}

/// A callback, a cancel token and an archive. The default reports nothing, is never cancelled and
/// stores nothing.
#[derive(Clone, Default)]
pub struct Monitor {
    report: Option<Report>,
    cancel: CancelToken,
    archive: Option<Arc<dyn Archive>>,
    /// The names of the parts that contain this one; the names of its own parts begin with them.
    within: String,
    /// The share of the whole that was done before this part, and that of this part.
    before: f64,
    part: Option<f64>,
    /// The microscopic time of t = 1.
    unit: Option<f64>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}

impl Monitor {
    /// Calls `report` from whatever thread makes progress.
    pub fn new(report: impl Fn(Progress) + Send + Sync + 'static, cancel: &CancelToken) -> Monitor {
        Monitor { report: Some(Arc::new(report)), cancel: cancel.clone(), ..Default::default() }
    }

    /// The same, which keeps what is finished in `archive`.
    pub fn keeping_in(self, archive: Arc<dyn Archive>) -> Monitor {
        Monitor { archive: Some(archive), ..self }
    }

    /// The monitor of a part of the work, from one share of it to another.
    pub fn part(&self, from: f64, to: f64) -> Monitor {
        let own = self.part.unwrap_or(1.0);
        Monitor { before: self.before + own * from, part: Some(own * (to - from)), ..self.clone() }
    }

    /// The monitor for output times whose t = 1 is the microscopic time `unit`.
    pub fn per(self, unit: f64) -> Monitor {
        Monitor { unit: Some(unit), ..self }
    }

    /// The same token and archive, with another `report`: for a part whose progress is turned into
    /// that of the whole.
    pub fn reporting(&self, report: impl Fn(Progress) + Send + Sync + 'static) -> Monitor {
        let report: Option<Report> = Some(Arc::new(report));
        Monitor { report, before: 0.0, part: None, unit: None, ..self.clone() }
    }

    /// Whether anybody is told of the progress.
    pub fn is_heard(&self) -> bool {
        self.report.is_some()
    }

    /// The same token, for a part whose own progress says nothing of the whole.
    pub fn silent(&self) -> Monitor {
        Monitor { report: None, ..self.clone() }
    }

    /// Reports, and says whether to go on.
    pub fn advance(&self, progress: Progress) -> Result<(), Interrupted> {
        if let Some(report) = &self.report {
            let share = self.before + self.part.unwrap_or(1.0) * progress.share.clamp(0.0, 1.0);
            report(Progress { share, time: progress.time / self.unit.unwrap_or(1.0), ..progress });
        }
        self.check()
    }

    /// [`Monitor::advance`] for a loop that can go on from `state`: keeps it as `name` when told to
    /// end, and from time to time.
    pub fn advance_from(
        &self,
        progress: Progress,
        name: &str,
        state: &impl Record,
    ) -> Result<(), Interrupted> {
        let going = self.advance(progress);
        if going.is_err() || self.archive.as_ref().is_some_and(|archive| archive.is_due()) {
            self.keep(name, state);
        }
        going
    }

    /// Keeps a part, or a state to go on from, as `name`.
    pub fn keep(&self, name: &str, part: &impl Record) {
        if let Some(archive) = &self.archive {
            archive.write(&self.name(name), &|to| part.put(to));
        }
    }

    /// The part that an earlier run has kept as `name`.
    pub fn kept<T: Record>(&self, name: &str) -> Option<T> {
        let mut from = self.archive.as_ref()?.read(&self.name(name))?;
        T::take(&mut from).ok()
    }

    /// The part `name`: kept by an earlier run, or computed now, with the monitor of this part, and
    /// kept.
    pub fn once<T: Record, E>(
        &self,
        name: &str,
        compute: impl FnOnce(&Monitor) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(kept) = self.kept(name) {
            return Ok(kept);
        }
        let part = compute(&self.within(name))?;
        self.keep(name, &part);
        Ok(part)
    }

    /// The monitor of a part whose own parts are kept under names of their own.
    pub fn within(&self, part: &str) -> Monitor {
        Monitor { within: self.name(part) + ".", ..self.clone() }
    }

    fn name(&self, part: &str) -> String {
        format!("{}{part}", self.within)
    }

    /// Whether to go on.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.cancel.is_cancelled() { Err(Interrupted) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn parts_of_parts_report_their_share_of_the_whole() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        let monitor =
            Monitor::new(move |p| into.lock().unwrap().push(p.share), &CancelToken::default());
        let half =
            |monitor: &Monitor| monitor.advance(Progress { share: 0.5, ..Default::default() });
        half(&monitor).unwrap();
        half(&monitor.part(0.5, 1.0)).unwrap();
        half(&monitor.part(0.5, 1.0).part(0.0, 0.5)).unwrap();
        half(&monitor.silent()).unwrap();
        assert_eq!(*seen.lock().unwrap(), [0.5, 0.75, 0.625]);
    }
}
