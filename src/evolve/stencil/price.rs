//! The expected cost of an evolution by the stencil.

use super::follow::{Phase, phases};
use super::run::{Run, expected_diagonals};
use super::stretch::Stretch;
use super::{STEPS, Steps, Tolerance, Walk};
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::cost;

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

/// The approximate cost of the evolution to the microscopic `times`; O(N). Arguments as for
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
        let run = Run::new(equation, law, last, Tolerance::from(tolerance), steps_are, USUAL);
        let until = until.min(last);
        if until > from {
            let of_phase = ((until - from) / run.longest).ceil();
            steps += of_phase;
            sums += of_phase * equation.sweeps();
            let factors = 1.0 + 2.0 * equation.shift * run.safe;
            rounding += of_phase * run.longest / run.safe * rounding::TAYLOR_STEP * factors;
            from = until;
        }
    }
    // The stretch that lasts longest has the last equation, as a rule.
    let equation = &phases[phases.len() - 1].equation;
    let run = Run::new(equation, law, last, Tolerance::from(tolerance), steps_are, USUAL);
    let terms = run.expected_terms();
    let [entries, diagonals] = run.expected_size(law, tolerance, [0.0, last]);
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

/// The length of steps, of [`super::RADIANS`], as a rule.
const USUAL: usize = 1;

/// Times at which the size of a covariance is looked at for its average.
const SAMPLES: u32 = 12;

impl Run<'_> {
    /// Terms that are summed, on average. Seen: 52 to 64 of 98 to 109.
    fn expected_terms(&self) -> f64 {
        0.57 * self.terms as f64
    }

    /// Entries and diagonals that a term has between two times, on average.
    fn expected_size(&self, law: &InitialLaw, tolerance: f64, [from, to]: [f64; 2]) -> [f64; 2] {
        let equation = self.equation;
        let (n, all) = (equation.n as f64, equation.last_diagonal() as f64 + 1.0);
        let at = |sample: u32| {
            let time = from + (to - from) * (f64::from(sample) + 0.5) / f64::from(SAMPLES);
            let held = expected_diagonals(equation, law, time, tolerance);
            let wide = (held + 0.5 * self.expected_terms()).min(all);
            [wide * if equation.ring { n } else { n - 0.5 * wide }, wide]
        };
        let add = |sum: [f64; 2], new: [f64; 2]| [sum[0] + new[0], sum[1] + new[1]];
        (0..SAMPLES).map(at).fold([0.0; 2], add).map(|sum| sum / f64::from(SAMPLES))
    }

    /// The cost of the first `steps` of a stretch, in seconds.
    fn seconds(&self, law: &InitialLaw, tolerance: f64, stretch: &Stretch, steps: usize) -> f64 {
        let between = [stretch.after(0).hi, stretch.after(steps).hi];
        let [entries, diagonals] = self.expected_size(law, tolerance, between);
        let chain = self.equation.chain;
        let sum = cost::seconds_of_sum(chain, self.expected_terms(), entries, diagonals);
        steps as f64 * self.equation.sweeps() * sum
    }
}

/// The cost of a walk, stretch by stretch, from which it tells the finished share.
pub(super) struct Price {
    /// Seconds of the stretches before each, and of all.
    before: Vec<f64>,
    /// Seconds of an output.
    reading: f64,
    whole: f64,
}

impl Price {
    /// The price of the `stretches` with this number of `outputs`.
    pub fn new(
        runs: &[Run<'_>],
        law: &InitialLaw,
        tolerance: f64,
        stretches: &[Stretch],
        outputs: usize,
    ) -> Price {
        let mut before = vec![0.0];
        for stretch in stretches {
            let own = runs[stretch.phase].seconds(law, tolerance, stretch, stretch.steps);
            before.push(before[before.len() - 1] + own);
        }
        let run = &runs[runs.len() - 1];
        let reading = cost::seconds_of_reading(run.equation.chain, run.expected_terms());
        let whole = before[before.len() - 1] + reading * outputs as f64;
        Price { before, reading, whole }
    }

    /// The share of it that is done.
    pub fn share(
        &self,
        runs: &[Run<'_>],
        law: &InitialLaw,
        tolerance: f64,
        stretches: &[Stretch],
        walk: &Walk,
    ) -> f64 {
        let of_stretch = stretches
            .get(walk.stretch)
            .map_or(0.0, |stretch| runs[stretch.phase].seconds(law, tolerance, stretch, walk.step));
        let read = self.reading * walk.outputs.len() as f64;
        (self.before[walk.stretch] + of_stretch + read) / self.whole
    }
}
