//! Progress on standard error: a bar on a terminal, one JSON object a line on request, otherwise
//! nothing.

use crate::monitor::{CancelToken, Monitor, Progress};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The form in which progress is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Show {
    /// A bar where standard error is a terminal.
    #[default]
    Auto,
    /// One JSON object a line, ten a second at most.
    Json,
}

/// Ticks of the bar.
const LENGTH: u64 = 1000;
/// Between two lines of JSON.
const PAUSE: Duration = Duration::from_millis(100);

/// The monitor that shows the progress of a run that began at `start`; `unit` is the microscopic
/// time of t = 1.
pub fn monitor(
    show: Show,
    quiet: bool,
    start: Instant,
    unit: f64,
    cancel: &CancelToken,
) -> Monitor {
    match show {
        Show::Json => {
            let last = Mutex::new(None::<Instant>);
            let report = move |progress: Progress| {
                // A thread that panicked while it wrote a line has nothing to do with this line.
                let mut last = last.lock().unwrap_or_else(|e| e.into_inner());
                if last.is_none_or(|last| last.elapsed() >= PAUSE) {
                    *last = Some(Instant::now());
                    // Nobody may be reading: that is no reason to end the run.
                    let _ = writeln!(
                        stderr(),
                        "{}",
                        line(progress, unit, start.elapsed().as_secs_f64())
                    );
                }
            };
            Monitor::new(report, cancel)
        }
        Show::Auto if !quiet && stderr().is_terminal() => {
            let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
            // The message is cut where the line ends, so that the bar stays on one line.
            let style = ProgressStyle::with_template("{bar:12} {percent:>3}% {prefix}  {wide_msg}");
            let bar = bar.with_elapsed(start.elapsed());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            let finished = FinishOnDrop(bar);
            Monitor::new(
                move |progress| finished.show(progress, unit, start.elapsed().as_secs_f64()),
                cancel,
            )
        }
        Show::Auto => Monitor::new(|_| (), cancel).silent(),
    }
}

/// The bar disappears with the last monitor that draws it.
struct FinishOnDrop(ProgressBar);

impl FinishOnDrop {
    fn show(&self, progress: Progress, unit: f64, seconds: f64) {
        let Progress { share, time, steps, solves, points, error } = progress;
        let mut parts = Vec::new();
        if time.is_finite() && time > 0.0 {
            parts.push(format!("t = {:.3e}", time / unit));
        }
        if error > 0.0 {
            parts.push(format!("error {error:.0e}"));
        }
        for (count, name) in [(points, "points"), (steps, "steps"), (solves, "solves")] {
            if count > 0 {
                let name = if count == 1 { &name[..name.len() - 1] } else { name };
                parts.push(format!("{count} {name} ({:.1}/s)", count as f64 / seconds.max(1e-3)));
            }
        }
        let elapsed = HumanDuration(Duration::from_secs_f64(seconds.round()));
        let left = seconds_left(share, seconds).map_or(String::new(), |left| {
            format!(", {:#} left", HumanDuration(Duration::from_secs_f64(left.round())))
        });
        self.0.set_prefix(format!("{elapsed:#}{left}"));
        self.0.set_message(parts.join(", "));
        self.0.set_position((share * LENGTH as f64) as u64);
    }
}

impl Drop for FinishOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Seconds and share below which nothing can be told from the two: a run of 1.2 s was said to have
/// 51 minutes left.
const SOON: f64 = 1.0;
const LITTLE: f64 = 0.01;

/// The time left if the rest goes as fast as the finished share; `None` at the very beginning.
fn seconds_left(share: f64, seconds: f64) -> Option<f64> {
    if seconds < SOON && share < LITTLE {
        return None;
    }
    let left = seconds * (1.0 - share) / share;
    // Longer than the universe has lasted so far: the share is still rounding.
    (share > 0.0 && left < 4e17).then_some(left.max(0.0))
}

/// One line of JSON.
fn line(progress: Progress, unit: f64, seconds: f64) -> serde_json::Value {
    let Progress { share, time, steps, solves, points, error } = progress;
    let left = seconds_left(share, seconds);
    let error = (error > 0.0).then_some(error);
    let t = if time.is_finite() { json!(time / unit) } else { json!("inf") };
    json!({ "share": share, "t": t, "points": points, "steps": steps, "solves": solves, "error": error, "seconds": seconds, "seconds_left": left })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_says_share_time_and_time_left() {
        let progress =
            Progress { share: 0.25, time: 8.0, steps: 3, solves: 12, points: 0, error: 1e-9 };
        let line = line(progress, 4.0, 2.0);
        assert_eq!(
            (&line["t"], &line["seconds_left"], &line["solves"]),
            (&json!(2.0), &json!(6.0), &json!(12))
        );
        let start = super::line(Progress { time: f64::INFINITY, ..Default::default() }, 1.0, 0.0);
        assert_eq!(
            (&start["t"], &start["seconds_left"]),
            (&json!("inf"), &serde_json::Value::Null)
        );
    }
}
