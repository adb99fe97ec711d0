//! The exponential of the moment equations, without solves: short chains and early times
//! (docs/theory/stencil.md, (14.2)).
//!
//! Along the chain dC/dτ = 𝓛C + Q is a five-point stencil. C is stored by its diagonals, and of
//! those only what has grown above the tolerance. Steps of h‖𝓛‖ ~ `RADIANS` sum the Taylor series
//! of e^(𝓛h), together with that of the means, whose product with itself is the source; a step is
//! some 20 applications. Any output within a step is read off the same series. Since ‖e^(𝓛τ)‖ ≤ 1
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
mod series;
mod stretch;
mod times;
mod window;

use super::radau::{Counts, EvolveError};
use super::shown::Shown;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Solution, TimeIntegrals, largest};
use crate::monitor::{Monitor, Progress, record};
use crate::numerics::double_double::exact;
use crate::numerics::vector::largest_of;
use equation::Equation;
use follow::phases;
pub use judged::{JUDGED, judged};
use losses::{Losses, OfStep};
use piece::{Piece, Read, Step, Stepped};
use price::{Price, expected_diagonals};
pub use price::{Work, expected, pace};
use rayon::prelude::*;
use std::sync::Mutex;
use stretch::{Stretch, stretches};
use times::Reading;
use window::Workspace;

/// h times the bound of the norm of the operator: the longer a step, the fewer terms a unit of time
/// takes, and the more digits cancel where nothing damps.
const RADIANS: [f64; 2] = [4.5, 14.0];

/// How much larger than their sum the terms of a step may become.
const CANCELLED: f64 = 30.0;

/// Numbers that a piece with its margins holds in the second cache.
const CACHED: usize = 32_000;

/// Places up to which a chain is one piece.
const SHORT: usize = 300;

/// Terms at most.
const MOST_TERMS: usize = 80;

/// The state of an evolution between two steps.
struct Walk {
    /// The stretch between two kept covariances, and the steps done in it.
    stretch: usize,
    step: usize,
    pieces: Vec<Piece>,
    path: TimeIntegrals,
    losses: Losses,
    counts: Counts,
    outputs: Vec<Solution>,
}
record!(Walk { stretch, step, pieces, path, losses, counts, outputs });

/// The moments at ascending microscopic `times`, from any initial law. `tolerance` bounds what the
/// series and the cuts may lose, relative to the largest initial mean, variance, force or
/// thermostat's temperature; `keep` says at which outputs the whole covariance is kept.
/// `counts.solves` counts applications of 𝓛.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    walk(chain, law, times, tolerance, keep, monitor, STEPS, &|_, _| ())
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
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
    steps: Steps,
    finish: Finish<'_>,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    chain.assert_homogeneous();
    let phases = phases(chain);
    let steps = Steps { whole: phases.len() > 1, ..steps };
    let times = &exact(times)[..];
    let last = times.last().map_or(0.0, |last| last.hi);
    let equations = phases.iter().map(|phase| &phase.equation);
    let runs: Vec<Run<'_>> =
        equations.map(|equation| Run::new(equation, law, last, tolerance, steps)).collect();
    let kept: Vec<bool> = (0..times.len()).map(keep).collect();
    let longest: Vec<f64> = runs.iter().map(|run| run.longest).collect();
    let stretches = stretches(&phases, &longest, times, &kept, steps.uneven);
    let mut walk = monitor.kept(steps.name).unwrap_or_else(|| runs[0].start(law));
    // Outputs at the start are the initial law itself.
    while walk.outputs.len() < times.len() && times[walk.outputs.len()].hi <= 0.0 {
        walk.outputs.push(Solution::at_start(chain, law, kept[walk.outputs.len()]));
    }
    let price = Price::new(&runs, law, tolerance, &stretches, times.len());
    let mut shown = Shown::new(chain, monitor);
    while let Some(stretch) = stretches.get(walk.stretch) {
        let (run, passed) = (&runs[stretch.phase], walk.outputs.len());
        let ended = run.advance(&mut walk, stretch, times, &kept);
        walk.outputs.iter_mut().enumerate().skip(passed).for_each(|(i, output)| finish(i, output));
        let time = stretch.after(walk.step);
        if walk.step == stretch.steps {
            (walk.stretch, walk.step) = (walk.stretch + 1, 0);
        }
        let progress = Progress {
            share: match monitor.is_heard() {
                true => price.share(&runs, law, tolerance, &stretches, &walk),
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
    Ok((walk.outputs, walk.counts))
}

struct Run<'a> {
    equation: &'a Equation<'a>,
    /// The longest step.
    longest: f64,
    /// Whether its steps have different lengths.
    uneven: bool,
    /// The error allowed for a unit of time, Frobenius norm.
    allowed: f64,
    /// Terms at most.
    terms: usize,
    /// The last diagonal that is stored.
    limit: usize,
    /// Places of a piece.
    piece: usize,
    workspaces: Mutex<Vec<Workspace>>,
}

impl<'a> Run<'a> {
    fn new(
        equation: &'a Equation<'a>,
        law: &InitialLaw,
        last: f64,
        tolerance: f64,
        Steps { shorter, uneven, whole, .. }: Steps,
    ) -> Run<'a> {
        let chain = equation.chain;
        let values = [&law.mean_r, &law.mean_p, &law.var_r, &law.var_p];
        let scale = values.into_iter().map(|v| largest(v)).fold(0.0, f64::max);
        let scale = scale.max(largest(&chain.temperature())).max(chain.force.mean.abs());
        let scale = if scale > 0.0 { scale } else { 1.0 };
        // The largest term is e^((spread - 2c) h) of the state.
        let cancelling = CANCELLED.ln() / (equation.spread - 2.0 * equation.shift).max(0.1);
        let radians = (cancelling * equation.radius).clamp(RADIANS[0], RADIANS[1]);
        // The force's series has no damping: it follows at the shorter step.
        let forced = 0.5 * RADIANS[0] / equation.turning();
        let longest = (shorter * (radians / equation.radius).min(forced)).min(last);
        let allowed = 0.5 * tolerance * scale / last;
        // What is left of the largest state that there can be after so many terms is negligible, in
        // the current of an end, too.
        let weight = 1.0 + 2.0 * equation.shift;
        let least =
            (0.1 * allowed * longest / (scale * (equation.n as f64).sqrt())).max(1e-18 / weight);
        let ratio = equation.radius * longest;
        let (mut terms, mut left) = (1, ratio);
        while terms < MOST_TERMS && (left > least || (terms as f64) < 2.0 * ratio) {
            terms += 1;
            left *= ratio / terms as f64;
        }
        let wide = expected_diagonals(equation, law, last, tolerance) as usize;
        let places = (CACHED / (wide + terms)).saturating_sub(2 * terms).max(4 * terms);
        let (limit, mut piece) = match equation.n {
            // The rows of ends that follow are whole.
            n if n <= SHORT || n < 2 * places || whole => (equation.last_diagonal(), n),
            // A piece of a ring must not meet itself.
            n if equation.ring && 2 * (wide + places + 4 * terms) > n => {
                (equation.last_diagonal(), n)
            }
            n if equation.ring => (n / 2 - places - 2 * terms, places),
            _ => (equation.last_diagonal(), places),
        };
        // An end and its neighbour are in one piece.
        while !equation.ring && equation.n % piece == 1 {
            piece += 1;
        }
        let workspaces = Mutex::default();
        Run { equation, longest, uneven, allowed, terms, limit, piece, workspaces }
    }

    fn start(&self, law: &InitialLaw) -> Walk {
        let equation = self.equation;
        let (chain, n) = (equation.chain, equation.n);
        let place: Vec<usize> = (0..n).map(|i| equation.coordinate(i)).collect();
        let (mean, mut variance) = (law.mean(), law.variance());
        for (place, temperature) in [0, n - 1].into_iter().zip(equation.held_from) {
            variance[equation.coordinate(place)] -= temperature.unwrap_or(0.0);
        }
        let top = if law.covariance.is_some() { equation.last_diagonal() } else { 0 };
        let piece = |start: usize| {
            let len = self.piece.min(n - start);
            let mut rows = Vec::with_capacity((top + 1) * len);
            rows.extend((start..start + len).map(|i| variance[place[i]]));
            for d in 1..=top {
                let covariance = law.covariance.as_ref().expect("diagonals of a covariance");
                rows.extend((start..start + len).map(|i| match equation.ring {
                    false if i + d >= n => 0.0,
                    _ => covariance[[place[i], place[(i + d) % n]]],
                }));
            }
            let mean = (start..start + len).map(|i| mean[place[i]]).collect();
            Piece { start, len, mean, rows, top: top.min(self.limit) }
        };
        let pieces = (0..n).step_by(self.piece).map(piece).collect();
        let path = TimeIntegrals {
            mean: vec![0.0; n],
            square: vec![0.0; n],
            product: vec![0.0; chain.bonds],
            work: 0.0,
            heat: Some(0.0),
            // Errors only add up: none was larger on the way.
            error: [0.0; 2],
        };
        Walk {
            stretch: 0,
            step: 0,
            pieces,
            path,
            losses: Losses::default(),
            counts: Counts::default(),
            outputs: Vec::new(),
        }
    }

    /// One step, and the outputs within it; returned are the values at its end.
    fn advance(
        &self,
        walk: &mut Walk,
        stretch: &Stretch,
        times: &[Double],
        kept: &[bool],
    ) -> Ended {
        let equation = self.equation;
        let [time, end] = [walk.step, walk.step + 1].map(|steps| stretch.after(steps));
        let since = |t: Double| t.plus(time.negated()).hi;
        let (h, ends) = (since(end), walk.step + 1 == stretch.steps);
        let first = walk.outputs.len();
        let count = times[first..].partition_point(|&t| since(t) < h || ends && since(t) <= h);
        let part = |&t: &Double| (since(t) / h).clamp(0.0, 1.0);
        let parts: Vec<f64> = times[first..first + count].iter().map(part).chain([1.0]).collect();
        let readings: Vec<Reading> = (parts.iter())
            .map(|&part| Reading::new(part, h, equation.shift, self.terms + 1))
            .collect();
        let (force, unused_force) = equation.force(time, h, self.terms + 1);
        let step = Step {
            equation,
            h,
            terms: self.terms,
            force: &force,
            unused_force,
            readings: &readings,
            allowed: self.allowed * h,
            limit: self.limit,
        };
        let advance = |index: usize| {
            let pool = || self.workspaces.lock().expect("no thread has panicked");
            let mut workspace = pool().pop().unwrap_or_default();
            let stepped = piece::advance(&step, &walk.pieces, index, &mut workspace);
            pool().push(workspace);
            stepped
        };
        let stepped: Vec<Stepped> = match walk.pieces.len() {
            1 => vec![advance(0)],
            count => (0..count).into_par_iter().map(advance).collect(),
        };
        let norm =
            |of: fn(&Stepped) -> f64| stepped.iter().map(|s| of(s).powi(2)).sum::<f64>().sqrt();
        let most = |of: fn(&Stepped) -> f64| largest_of(stepped.iter().map(of));
        let of_step = OfStep {
            h,
            lost: [norm(|s| s.lost[0]) + norm(|s| s.beyond), norm(|s| s.lost[1])],
            largest: [most(|s| s.largest[0]), most(|s| s.largest[1])],
            moved: [
                most(|s| s.moved[0]),
                most(|s| s.moved[1]),
                most(|s| s.moved[2]),
                most(|s| s.moved[3]),
            ],
            cancelled: [most(|s| s.cancelled[0]), most(|s| s.cancelled[1])],
            uneven: self.uneven,
        };
        let losses = walk.losses.add(equation, &of_step);
        walk.counts.steps += 1;
        walk.counts.solves += stepped.iter().map(|s| s.applications).max().unwrap_or(0);
        let (pieces, reads): (Vec<Piece>, Vec<Vec<Read>>) =
            stepped.into_iter().map(|s| (s.piece, s.reads)).unzip();
        walk.pieces = pieces;
        walk.step += 1;
        for (index, part) in parts[..count].iter().enumerate() {
            let output = first + index;
            let all: Vec<&Read> = reads
                .iter()
                .map(|reads| &reads[if *part == 1.0 { count } else { index }])
                .collect();
            let solution = self.solution(times[output], walk, &losses, &all, kept[output]);
            walk.outputs.push(solution);
        }
        let last = |mut reads: Vec<Read>| reads.pop().expect("the end of a step is read");
        let reads: Vec<Read> = reads.into_iter().map(last).collect();
        let all: Vec<&Read> = reads.iter().collect();
        self.add_integrals(&mut walk.path, &all);
        Ended { losses, reads }
    }
}

/// The values that every piece reads at the end of a step, and the losses until then.
struct Ended {
    losses: Losses,
    reads: Vec<Read>,
}
