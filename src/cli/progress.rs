//! Progress on standard error, only on a terminal.

use crate::evolve::radau::Counts;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};

/// A bar over the logarithm of time, in which steps of diffusive size advance evenly.
pub struct Progress {
    bar: ProgressBar,
    end: f64,
}

/// Ticks of the bar.
const LENGTH: u64 = 1000;

impl Progress {
    /// A bar up to the microscopic time `end`; hidden when quiet or when nobody watches.
    pub fn new(quiet: bool, end: f64) -> Progress {
        let bar = ProgressBar::new(LENGTH);
        if quiet || !stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  {elapsed} (left {eta})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, end }
    }

    /// After a step; `true` lets the run go on.
    pub fn advance(&mut self, time: f64, counts: Counts) -> bool {
        let part = if self.end > 0.0 { (1.0 + time).ln() / (1.0 + self.end).ln() } else { 1.0 };
        self.bar.set_position((part * LENGTH as f64) as u64);
        self.bar.set_message(format!("τ = {time:.3e}, {} steps, {} solves", counts.steps, counts.solves));
        true
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
