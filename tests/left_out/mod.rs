//! Says what a test leaves out where the machine lacks what it needs. `cargo test` shows what tests
//! print only where they fail; this is always seen, and scripts/test repeats it at its end.

use std::io::Write;

/// Writes it to standard error, past what captures the output of tests.
pub fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "LEFT OUT: {what}");
}
