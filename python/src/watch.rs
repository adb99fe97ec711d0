//! A computation beside Python: the interpreter is free meanwhile, hears Ctrl-C and is told of the
//! progress.

use crate::errors::{SolveError, raise};
use flipchain::Error;
use flipchain::monitor::{CancelToken, Monitor, Progress};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Between two looks at signals and progress: a person does not notice it.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a computation that is told to end is waited for. A single transform of a big covariance
/// takes longer; the computation is then left to itself and ends after it.
const PATIENCE: Duration = Duration::from_millis(500);

/// How a computation is watched: a callable that takes the share that is done, and the threads.
#[derive(FromPyObject)]
pub struct Watch {
    progress: Option<Py<PyAny>>,
    threads: Option<usize>,
}

impl Watch {
    /// Computes in a thread of the pool. Ctrl-C, or an exception of the callable, ends the
    /// computation at its next step and is raised within a second, whether it has ended or not.
    pub fn compute<T: Send + 'static>(
        &self,
        py: Python<'_>,
        job: impl FnOnce(&Monitor) -> Result<T, Error> + Send + 'static,
    ) -> PyResult<T> {
        let (cancel, share) = (CancelToken::default(), Arc::new(AtomicU64::new(0)));
        let seen = share.clone();
        // Shares are not negative, so their bits are in their order; threads may report in any.
        let report = move |p: Progress| {
            seen.fetch_max(p.share.max(0.0).to_bits(), Ordering::Relaxed);
        };
        let monitor = Monitor::new(report, &cancel);
        let (send, receive) = channel();
        let task = move || {
            // Nobody waits for the answer of a computation that was interrupted.
            let _ = send.send(catch_unwind(AssertUnwindSafe(|| job(&monitor))));
        };
        match self.threads {
            None => rayon::spawn(task),
            // Its threads end after the task.
            Some(count) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
                pool.map_err(|e| SolveError::new_err(e.to_string()))?.spawn(task);
            }
        }
        let found = py.detach(move || {
            loop {
                match receive.recv_timeout(PAUSE) {
                    Ok(Ok(found)) => return found.map_err(raise),
                    // The computation panicked: so does this thread.
                    Ok(Err(panic)) => resume_unwind(panic),
                    Err(RecvTimeoutError::Timeout) => {
                        let share = f64::from_bits(share.load(Ordering::Relaxed));
                        if let Err(raised) = Python::attach(|py| self.look(py, share)) {
                            cancel.cancel();
                            let _ = receive.recv_timeout(PATIENCE);
                            return Err(raised);
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        unreachable!("a task sends its answer or its panic")
                    }
                }
            }
        })?;
        self.tell(py, 1.0)?;
        Ok(found)
    }

    fn look(&self, py: Python<'_>, share: f64) -> PyResult<()> {
        py.check_signals()?;
        self.tell(py, share)
    }

    fn tell(&self, py: Python<'_>, share: f64) -> PyResult<()> {
        match &self.progress {
            Some(progress) => progress.call1(py, (share,)).map(|_| ()),
            None => Ok(()),
        }
    }
}
