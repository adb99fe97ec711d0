//! The expected cost of an evolution by the stencil.

use super::equation::Equation;
use super::follow::{Phase, phases};
use super::losses::ROUNDING;
use super::{Run, STEPS, Steps};
use crate::chain::{Chain, InitialLaw};

/// The expected number of diagonals above the tolerance at `time`.
pub(super) fn expected_diagonals(
    equation: &Equation<'_>,
    law: &InitialLaw,
    time: f64,
    tolerance: f64,
) -> f64 {
    let all = equation.last_diagonal() as f64;
    if law.covariance.is_some() {
        return all;
    }
    // Two sites a unit of time, in two coordinates a site, until flips have damped them.
    let felt = time.min(-tolerance.min(0.1).ln() / (2.0 * equation.chain.flip_rate));
    (4.0 * felt + 8.0 * felt.cbrt() + 12.0).min(all)
}

/// The work of an evolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Steps.
    pub steps: f64,
    /// Series that are summed: several a step where ends follow.
    pub sums: f64,
    /// Terms of the series of a step.
    pub terms: f64,
    /// Entries of the covariance that a term has, and diagonals, on average.
    pub entries: f64,
    /// Diagonals of a term, on average.
    pub diagonals: f64,
    /// Diagonals at the end.
    pub last_diagonals: f64,
    /// The expected rounding error, relative to the largest variance.
    pub rounding: f64,
}

/// The rate that late steps follow, times how often their series are summed.
pub fn pace(chain: &Chain) -> f64 {
    let phases = phases(chain);
    let Phase { equation, .. } = &phases[phases.len() - 1];
    equation.rate() * equation.sweeps()
}

/// What the evolution to the microscopic `times` will cost, about; O(N). Arguments as for
/// [`super::evolve`], `kept` covariances being kept.
pub fn expected(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    tolerance: f64,
    kept: usize,
) -> Work {
    let phases = phases(chain);
    let steps_are = Steps { whole: phases.len() > 1, ..STEPS };
    let last = times.last().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let (mut steps, mut sums, mut rounding) = (kept as f64, kept as f64, 0.0);
    let mut from = 0.0;
    for Phase { equation, until } in &phases {
        let run = Run::new(equation, law, last, tolerance, steps_are);
        let until = until.min(last);
        if until > from {
            let of_phase = ((until - from) / run.longest).ceil();
            steps += of_phase;
            sums += of_phase * equation.sweeps();
            let factors = 1.0 + 2.0 * equation.shift * run.longest;
            rounding += of_phase * ROUNDING * factors * f64::EPSILON;
            from = until;
        }
    }
    // The stretch that lasts longest has the last equation, as a rule.
    let equation = &phases[phases.len() - 1].equation;
    let run = Run::new(equation, law, last, tolerance, steps_are);
    // Seen: 19 to 23 of 31 to 34.
    let terms = 0.67 * run.terms as f64;
    let samples = 12;
    let (mut entries, mut diagonals) = (0.0, 0.0);
    for sample in 0..samples {
        let time = last * (f64::from(sample) + 0.5) / f64::from(samples);
        let held = expected_diagonals(equation, law, time, tolerance);
        let wide = (held + 0.5 * terms).min(equation.last_diagonal() as f64 + 1.0);
        let n = equation.n as f64;
        diagonals += wide / f64::from(samples);
        entries += wide * if equation.ring { n } else { n - 0.5 * wide } / f64::from(samples);
    }
    Work {
        steps,
        sums,
        rounding,
        terms,
        entries,
        diagonals,
        last_diagonals: expected_diagonals(equation, law, last, tolerance),
    }
}
