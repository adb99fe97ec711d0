//! Decides which outputs of an evolution come from the exponential of the stencil and which from
//! the contour; or all come from steps of the literal operator, where these are asked for.

use super::exponential::Output;
use super::{contour, exponential, steps};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::evolve::EvolveError;
use crate::method::Method;
use crate::monitor::Monitor;

/// Seconds of processor time for one entry of a stored diagonal.
const ENTRY: f64 = 2.5e-9;

/// The methods for the outputs of an evolution.
#[derive(Debug, Clone, Copy)]
pub enum Ways {
    /// Radau IIA steps of the literal operator.
    Literal,
    /// The exponential, and from this output on the contour.
    Until(usize),
}

impl Ways {
    /// The ways to ascending microscopic `times`; covariances are kept of outputs before
    /// `kept_until`, which go by the exponential. `served` is [`contour::earliest`].
    pub fn new(
        chain: &Chain,
        law: &InitialLaw,
        times: &[f64],
        kept_until: usize,
        method: Method,
        tolerance: f64,
        served: Result<f64, &'static str>,
    ) -> Ways {
        if method == Method::Literal {
            return Ways::Literal;
        }
        let all = Ways::Until(times.len());
        let Ok(earliest) = served else { return all };
        let from = times.partition_point(|&time| time < earliest).max(kept_until);
        let late = Ways::Until(from);
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
        let last_of = |times: &[f64]| times.last().copied().unwrap_or(0.0);
        let from = match *self {
            Ways::Literal => return steps::expected(chain, last_of(times), tolerance),
            Ways::Until(from) => from,
        };
        let (early, late) = times.split_at(from.min(times.len()));
        let last = last_of(early);
        let (updates, bytes) = exponential::expected(chain, law, last);
        let mut cost = Cost { bytes, seconds: ENTRY * updates };
        if !late.is_empty() {
            let more = contour::cost(chain, late, tolerance);
            cost.bytes = cost.bytes.max(more.bytes);
            cost.seconds += more.seconds;
        }
        cost
    }

    /// The method of the last output.
    pub fn method(self, outputs: usize) -> Method {
        match self {
            Ways::Literal => Method::Literal,
            Ways::Until(from) if from < outputs => Method::Profiles,
            Ways::Until(_) => Method::Stencil,
        }
    }

    /// The outputs of the first and of the second way; `keep` says of which the covariance is kept.
    pub fn evolve(
        self,
        chain: &Chain,
        law: &InitialLaw,
        times: &[Double],
        tolerance: f64,
        keep: impl Fn(usize) -> bool,
        monitor: &Monitor,
    ) -> Result<[Vec<Output>; 2], EvolveError> {
        let from = match self {
            Ways::Literal => {
                return Ok([steps::evolve(chain, law, times, tolerance, keep, monitor)?, vec![]]);
            }
            Ways::Until(from) => from,
        };
        let share = match from {
            0 => 0.0,
            from if from == times.len() => 1.0,
            _ => 0.5,
        };
        let (early, late) = times.split_at(from);
        let found =
            exponential::evolve(chain, law, early, tolerance, keep, &monitor.part(0.0, share))?;
        let later = match late.is_empty() {
            true => vec![],
            false => contour::evolve(chain, law, late, tolerance, &monitor.part(share, 1.0))?,
        };
        Ok([found, later])
    }
}
