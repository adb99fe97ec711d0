//! The exponential of the moment equations, without solves: short chains and early times
//! (docs/theory/stencil.md, (14.2)).
//!
//! Along the chain dC/dτ = 𝓛C + Q is a five-point stencil. C is stored by its diagonals, and of
//! those only what has grown above the tolerance. Steps of h‖𝓛‖ ~ `RADIANS` sum the Taylor series
//! of e^(𝓛h), together with that of the means, whose product with itself is the source; a step is
//! some 60 applications. Any output within a step is read off the same series. Since ‖e^(𝓛τ)‖ ≤ 1
//! in the Frobenius norm, the remainders of the series and what is cut off the band add up: that
//! part of the error is bounded, not estimated (losses.rs). Roundings have one measured constant.
//!
//! An end with a strong friction follows the chain once its start is forgotten (follow.rs), so that
//! steps are never much shorter than the chain itself asks.
//!
//! Cost: O(N · diagonals) a step; time O(τ N · min(N, τ, ln(1/tolerance)/γ)). Long chains are
//! worked on in pieces that stay in the cache, side by side. Judge: [`crate::covariance::literal`].

mod equation;
mod follow;
mod judged;
mod losses;
mod outputs;
mod piece;
mod price;
mod rows;
mod run;
mod series;
mod state;
mod stretch;
mod times;
mod window;

use super::outcome::{Counts, EvolveError};
use super::shown::Shown;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Solution, TimeIntegrals};
use crate::monitor::{Monitor, Progress, record};
use crate::numerics::double_double::exact;
use follow::{Phase, phases};
pub use judged::{JUDGED, judged};
use losses::Losses;
use price::Price;
pub use price::{Work, expected, pace};
use run::Run;
use state::{Piece, Read};
use stretch::stretches;

/// What an evolution may lose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Of the largest initial mean, variance, force or thermostat's temperature.
    pub of_scale: f64,
    /// Of the smallest column of the covariance at the time (variances and current), where that
    /// allows more. Columns shrink unforeseen: no bound of the result.
    pub of_columns: f64,
}

impl From<f64> for Tolerance {
    fn from(of_scale: f64) -> Tolerance {
        Tolerance { of_scale, of_columns: 0.0 }
    }
}

/// The state of an evolution between two steps.
struct Walk {
    /// The number of the length of its steps, from the longest one.
    level: usize,
    /// The largest value of the smallest column of the covariance, now.
    column: f64,
    /// The stretch between two kept covariances, and the steps done in it.
    stretch: usize,
    step: usize,
    pieces: Vec<Piece>,
    path: TimeIntegrals,
    losses: Losses,
    counts: Counts,
    outputs: Vec<Solution>,
}
record!(Walk { level, column, stretch, step, pieces, path, losses, counts, outputs });

/// The moments at ascending microscopic `times`, from any initial law. `tolerance` bounds what the
/// series and the cuts may lose; `keep` says at which outputs the whole covariance is kept.
/// `counts.solves` counts applications of 𝓛.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: impl Into<Tolerance>,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    walk(chain, law, times, tolerance.into(), keep, monitor, STEPS, &|_, _| ())
}

/// The error that a walk shows.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    /// None: its outputs are no answers.
    Nothing,
    /// That of the outputs passed.
    Outputs,
    /// That of the state which is reached, too.
    Reached,
}

/// The steps of an evolution, and the name under which its state is kept.
#[derive(Clone, Copy)]
struct Steps {
    /// Their length, as a part of the longest.
    shorter: f64,
    /// Whether they have different lengths: equal ones repeat their roundings, which then add up.
    uneven: bool,
    /// Whether the chain is one piece, whatever its length.
    whole: bool,
    name: &'static str,
    shows: Shows,
}

/// The steps of [`evolve`].
const STEPS: Steps =
    Steps { shorter: 1.0, uneven: false, whole: false, name: "stencil", shows: Shows::Reached };

/// Called with the number of an output, and the output, as soon as it is passed.
type Finish<'a> = &'a dyn Fn(usize, &mut Solution);

/// [`evolve`] by such steps; an output is passed through `finish`.
#[allow(clippy::too_many_arguments)]
fn walk(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: Tolerance,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
    steps: Steps,
    finish: Finish<'_>,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    chain.assert_homogeneous();
    let phases = phases(chain);
    let times = exact(times);
    let kept = (0..times.len()).map(keep).collect();
    let steps = Steps { whole: phases.len() > 1, ..steps };
    let task = Task { chain, law, phases: &phases, times, kept, tolerance, steps };
    let mut before: Option<Walk> = monitor.kept(steps.name);
    for level in before.as_ref().map_or(0, |walk| walk.level).. {
        if let Some(found) = task.walk(level, before.take(), monitor, finish)? {
            return Ok(found);
        }
    }
    unreachable!("the safest steps serve")
}

/// An evolution: of which chain, from where, to when and how.
struct Task<'a> {
    chain: &'a Chain,
    law: &'a InitialLaw,
    phases: &'a [Phase<'a>],
    times: Vec<Double>,
    kept: Vec<bool>,
    tolerance: Tolerance,
    steps: Steps,
}

impl Task<'_> {
    /// The evolution by steps of one length, after the steps that are done; `None` where one shows
    /// that they round too much.
    fn walk(
        &self,
        level: usize,
        done: Option<Walk>,
        monitor: &Monitor,
        finish: Finish<'_>,
    ) -> Result<Option<(Vec<Solution>, Counts)>, EvolveError> {
        let Task { chain, law, phases, times, kept, tolerance, steps } = self;
        let last = times.last().map_or(0.0, |last| last.hi);
        let equations = phases.iter().map(|phase| &phase.equation);
        let runs: Vec<Run<'_>> = equations
            .map(|equation| Run::new(equation, law, last, *tolerance, *steps, level))
            .collect();
        let longest: Vec<f64> = runs.iter().map(|run| run.longest).collect();
        let stretches = stretches(phases, &longest, times, kept, steps.uneven);
        let mut walk = done.unwrap_or_else(|| runs[0].start(law, level));
        // Outputs at the start are the initial law itself.
        while walk.outputs.len() < times.len() && times[walk.outputs.len()].hi <= 0.0 {
            walk.outputs.push(Solution::at_start(chain, law, kept[walk.outputs.len()]));
        }
        let price = Price::new(&runs, law, tolerance.of_scale, &stretches, times.len());
        let mut shown = Shown::new(chain, monitor);
        while let Some(stretch) = stretches.get(walk.stretch) {
            let (run, passed) = (&runs[stretch.phase], walk.outputs.len());
            let ended = run.advance(&mut walk, stretch, times, kept);
            if !run.rounds_little(&ended) {
                return Ok(None);
            }
            let new = walk.outputs.iter_mut().enumerate().skip(passed);
            new.for_each(|(i, output)| finish(i, output));
            let time = stretch.after(walk.step);
            if walk.step == stretch.steps {
                (walk.stretch, walk.step) = (walk.stretch + 1, 0);
            }
            let progress = Progress {
                share: match monitor.is_heard() {
                    true => price.share(&runs, law, tolerance.of_scale, &stretches, &walk),
                    false => 0.0,
                },
                time: time.hi,
                steps: walk.counts.steps,
                solves: walk.counts.solves,
                error: match steps.shows {
                    Shows::Nothing => 0.0,
                    Shows::Outputs => shown.error(&walk.outputs, || None),
                    Shows::Reached => shown.error(&walk.outputs, || {
                        let reads: Vec<&Read> = ended.reads.iter().collect();
                        Some(run.solution(time, &walk, &ended.losses, &reads, false))
                    }),
                },
                ..Default::default()
            };
            monitor.advance_from(progress, steps.name, &walk)?;
        }
        Ok(Some((walk.outputs, walk.counts)))
    }
}
