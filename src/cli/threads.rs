//! Starts the threads of a run.

use super::Error;
use std::error::Error as _;
use std::io::Write;
use std::num::NonZeroUsize;

/// More threads than this for each processor only wait for each other: 9999 of them took over a
/// minute for 0.2 s of work. Several are allowed, so that tests on small machines can have them.
const PER_PROCESSOR: usize = 16;

/// Starts the threads that were asked for, as many as processors where none were, and says so
/// (unless `quiet`) where they are fewer than asked for. The results do not depend on it. Whatever
/// asks for the number of threads starts them, and prices do: it must come before.
pub fn start(asked: Option<NonZeroUsize>, quiet: bool) -> Result<(), Error> {
    let Some(asked) = asked else { return Ok(()) };
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let count = asked.get().min(PER_PROCESSOR * processors);
    if count < asked.get() && !quiet {
        let _ = writeln!(
            std::io::stderr(),
            "--threads {asked}: this machine has {processors} processors; {count} threads are used"
        );
    }
    match rayon::ThreadPoolBuilder::new().num_threads(count).build_global() {
        // The operating system refuses so many; without a source a pool exists already, which is
        // then used.
        Err(error) if error.source().is_some() => {
            Err(Error::BadInput(format!("--threads {asked}: {error}")))
        }
        _ => Ok(()),
    }
}
