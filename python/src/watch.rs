//! A computation beside Python: the interpreter is free meanwhile, hears Ctrl-C and is told of the
//! progress.

use crate::errors::{SolveError, raise};
use flipchain::Error;
use flipchain::monitor::{CancelToken, Monitor, Progress};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at signals and progress: a person does not notice it.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a computation that is told to end is waited for. A single transform of a big covariance
/// takes longer; the computation is then left to itself and ends after it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Pools that wait for the next computation with as many threads: a short chain is solved in less
/// time than a thread takes to start. Each belongs to the process that made it; a forked one has
/// none of the threads.
static IDLE: Mutex<Vec<Pool>> = Mutex::new(Vec::new());

/// So many pools wait at most.
const MOST_IDLE: usize = 4;

struct Pool {
    threads: usize,
    process: u32,
    pool: ThreadPool,
}

impl Pool {
    /// One that waits, or a new one.
    fn of(threads: usize) -> PyResult<Pool> {
        let process = process::id();
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |pool: &Pool| pool.threads == threads && pool.process == process;
        if let Some(found) = idle.iter().position(fits) {
            return Ok(idle.swap_remove(found));
        }
        drop(idle);
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| SolveError::new_err(e.to_string()))?;
        Ok(Pool { threads, process, pool })
    }

    /// Waits for the next computation, where there is room; otherwise its threads end.
    fn rest(self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(self);
        }
    }
}

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
        let pool = self.threads.map(Pool::of).transpose()?;
        match &pool {
            None => rayon::spawn(task),
            Some(pool) => pool.pool.spawn(task),
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
        // One whose computation was interrupted may be at work still: its threads end after it.
        if let Some(pool) = pool {
            pool.rest();
        }
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
