//! Decides which outputs of an evolution come from the exponential of the stencil and which from
//! the contour.

use super::exponential::Output;
use super::{contour, exponential};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::method::Method;
use crate::monitor::{Interrupted, Monitor};

/// Seconds of processor time for one entry of a stored diagonal.
const ENTRY: f64 = 2.5e-9;

/// The methods for the outputs of an evolution.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// The index of the first output that comes from the contour.
    pub from: usize,
}

impl Ways {
    /// For ascending microscopic `times`; covariances are kept of outputs before `kept_until`,
    /// which go by the exponential. `served` is [`contour::earliest`].
    pub fn new(
        chain: &Chain,
        law: &InitialLaw,
        times: &[f64],
        kept_until: usize,
        method: Method,
        tolerance: f64,
        served: Result<f64, &'static str>,
    ) -> Ways {
        let all = Ways { from: times.len() };
        let Ok(earliest) = served else { return all };
        let from = times.partition_point(|&time| time < earliest).max(kept_until);
        let late = Ways { from };
        let seconds = |ways: Ways| ways.cost(chain, law, times, tolerance).seconds;
        match method {
            Method::Stencil => all,
            Method::Profiles => late,
            _ if seconds(late) < seconds(all) => late,
            _ => all,
        }
    }

    /// The cost of the evolution.
    pub fn cost(&self, chain: &Chain, law: &InitialLaw, times: &[f64], tolerance: f64) -> Cost {
        let (early, late) = times.split_at(self.from.min(times.len()));
        let last = early.last().copied().unwrap_or(0.0);
        let (updates, bytes) = exponential::expected(chain, law, last);
        let mut cost = Cost { bytes, seconds: ENTRY * updates };
        if !late.is_empty() {
            let more = contour::cost(chain, late, tolerance);
            cost.bytes = cost.bytes.max(more.bytes);
            cost.seconds += more.seconds;
        }
        cost
    }

    /// The outputs by either way; `keep` says of which the covariance is kept.
    pub fn evolve(
        self,
        chain: &Chain,
        law: &InitialLaw,
        times: &[Double],
        tolerance: f64,
        keep: impl Fn(usize) -> bool,
        monitor: &Monitor,
    ) -> Result<[Vec<Output>; 2], Interrupted> {
        let share = match self.from {
            0 => 0.0,
            from if from == times.len() => 1.0,
            _ => 0.5,
        };
        let (early, late) = times.split_at(self.from);
        let found =
            exponential::evolve(chain, law, early, tolerance, keep, &monitor.part(0.0, share))?;
        let later = match late.is_empty() {
            true => vec![],
            false => contour::evolve(chain, law, late, tolerance, &monitor.part(share, 1.0))?,
        };
        Ok([found, later])
    }
}
