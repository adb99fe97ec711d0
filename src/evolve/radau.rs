//! Adaptive Radau IIA steps for the means and the covariance together (docs/theory/steps.md,
//! (4.1)).
//!
//! Every step is a handful of shifted solves (σ - 𝓛) X = R; no stage is stored. The answer takes
//! two steps of H/2, and one step of H is compared with them. Its error estimate is made of the
//! local errors (`src/evolve/halving.rs`), of what the steps lose of motion that they do not
//! resolve (`src/evolve/unresolved.rs`), the residuals of the solves, the roundings of the sums,
//! and what the balance of the total energy misses. Step sizes follow the local errors, so they
//! become diffusive once the fast modes have died. A second trajectory, of steps H/2 too, carries
//! the local errors along and shows how they fade. Cost: 17 s/6 complex solves a step of H, a third
//! more while fast modes die; memory: six states.

use super::halving::{Comparison, Difference, GAIN, Halving};
use super::outcome::{Counts, EvolveError};
use super::past::Past;
use super::shown::Shown;
use super::step::Run;
use super::step_size::StepSize;
use super::tableau::STAGES;
use super::trajectory::{Losses, Path, Point};
use super::unresolved::{RESOLVED, Unresolved};
use crate::budget::{rounding, truncation};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Solution, TimeIntegrals, largest};
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress, record};
use crate::numerics::double_double::{exact, rounded};

/// The state of an evolution between two steps, from which it can continue.
struct Walk {
    time: Double,
    /// The answer.
    fine: Point,
    /// It and [`GAIN`] times the signed sum of its local errors.
    coarse: Point,
    path: Path,
    losses: Losses,
    past: Past,
    unresolved: Unresolved,
    halving: Halving,
    /// The part of the expected residuals and roundings that the differences show.
    seen: f64,
    size: StepSize,
    counts: Counts,
    /// The outputs passed.
    outputs: Vec<Solution>,
}
record!(Walk {
    time,
    fine,
    coarse,
    path,
    losses,
    past,
    unresolved,
    halving,
    seen,
    size,
    counts,
    outputs
});

/// A step H as a whole and as two halves, which are the answer, both from the same point; and the
/// same step of the second trajectory.
struct Taken {
    whole: Point,
    fine: Point,
    coarse: Point,
    /// The difference of the first half and its quarters, where these were taken.
    half: Option<Difference>,
    /// The integrals after the halves, and the losses of these.
    path: Path,
    losses: Losses,
}

impl Walk {
    fn start<E: MomentEquations + ?Sized>(
        run: &Run<'_, E>,
        start: Point,
        negligible: f64,
        size: StepSize,
    ) -> Walk {
        let chain = run.equations.chain();
        let n = chain.coordinates();
        let means = TimeIntegrals {
            mean: vec![0.0; n],
            square: vec![0.0; n],
            product: vec![0.0; chain.bonds],
            heat: Some(0.0),
            ..Default::default()
        };
        // What turns is the distance from the stationary state, which is above the reference, too.
        let hotter = (largest(&chain.temperature()) - run.reference).max(0.0);
        let norm = run.equations.norm(&start.state) + hotter * (n as f64).sqrt();
        Walk {
            time: Double::default(),
            unresolved: Unresolved::new(chain, &start.mean, norm, negligible),
            path: Path { state: vec![0.0; start.state.len()], means },
            fine: start.clone(),
            coarse: start,
            losses: Losses::default(),
            past: Past::default(),
            halving: Halving::default(),
            seen: 1.0,
            size,
            counts: Counts::default(),
            outputs: Vec::new(),
        }
    }

    /// Takes a step; `quartered` says whether its first half is compared with quarters.
    fn take<E: MomentEquations + ?Sized>(
        &self,
        run: &Run<'_, E>,
        step: f64,
        quartered: bool,
    ) -> Result<Taken, SolveError> {
        let alone = |from: &Point, start: Double, h: f64| {
            run.step(from, start, h, None, &mut Losses::default())
        };
        let later = |part: f64| self.time.plus((part * step).into());
        let (mut path, mut losses) = (self.path.clone(), Losses::default());
        // By halves, because a whole step damps a rotation that they keep.
        let coarse = alone(&self.coarse, self.time, step / 2.0)?;
        let coarse = alone(&coarse, later(0.5), step / 2.0)?;
        let whole = alone(&self.fine, self.time, step)?;
        let half = run.step(&self.fine, self.time, step / 2.0, Some(&mut path), &mut losses)?;
        let fine = run.step(&half, later(0.5), step / 2.0, Some(&mut path), &mut losses)?;
        let half = match quartered {
            true => {
                let first = alone(&self.fine, self.time, step / 4.0)?;
                Some(run.difference(&alone(&first, later(0.25), step / 4.0)?, &half))
            }
            false => None,
        };
        Ok(Taken { whole, fine, coarse, half, path, losses })
    }

    /// Goes on to `time`, the end of the `step` that was taken; `halving` is its error, and
    /// `difference` the one that shows unresolved motion.
    fn go<E: MomentEquations + ?Sized>(
        &mut self,
        run: &Run<'_, E>,
        (time, step): (Double, f64),
        taken: Taken,
        halving: Halving,
        difference: Option<f64>,
    ) {
        let before = self.halving.size();
        self.counts.steps += 1;
        self.time = time;
        self.coarse = run.carried(&taken.coarse, &taken.whole, &taken.fine, GAIN / halving.gain());
        (self.fine, self.path) = (taken.fine, taken.path);
        if let Some(half) = taken.half {
            self.seen = (rounding::SAMPLE * half.size() / taken.losses.variance).min(1.0);
        }
        self.past.add(time.hi, self.seen * taken.losses.variance);
        (self.losses, self.halving) = (self.losses.with(&taken.losses, self.seen, step), halving);
        self.unresolved.advance(step, difference);
        let error =
            before.max(halving.size()) + self.unresolved.error(time.hi) + self.losses.largest();
        let [first, second] = &mut self.path.means.error;
        *first += step * error;
        *second += step * error * error;
    }

    /// The moments at the point that is reached, with the covariance and without its consistency.
    fn moments<E: MomentEquations + ?Sized>(&self, run: &Run<'_, E>, time: Double) -> Solution {
        let lost = self.unresolved.error(time.hi);
        let errors = (self.halving.errors(), self.losses, lost);
        run.solution(time, &self.fine, &self.path, errors, &self.past)
    }
}

/// The largest initial mean, variance, temperature of a thermostat or constant force.
fn scale_of(chain: &Chain, law: &InitialLaw) -> f64 {
    let values = [&law.mean_r, &law.mean_p, &law.var_r, &law.var_p];
    let scale = values.into_iter().map(|v| largest(v)).fold(0.0, f64::max);
    let scale = largest(&chain.temperature()).max(scale).max(largest(&[chain.force.mean]));
    if scale > 0.0 { scale } else { 1.0 }
}

/// Evolves the moments from independent initial coordinates to the ascending microscopic `times`.
/// `tolerance` is relative to the largest initial mean, variance or thermostat's temperature;
/// `keep` says at which outputs the whole covariance is kept; `monitor` hears of every step.
/// Long because one loop carries the state of the steps.
pub fn evolve<E: MomentEquations + ?Sized>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let (times, chain) = (exact(times), equations.chain());
    let (run, start) = Run::new(equations, law, tolerance);
    let (scale, highest) = (scale_of(chain, law), chain.force.highest_frequency());
    // Half of the tolerance is for the local errors of the steps, the other half for the rest.
    let allowed = 0.5 * tolerance * scale;
    let fast = 0.2 / (1.0 + chain.flip_rate + chain.friction().iter().sum::<f64>() + highest);
    // Motion that the force keeps turning is resolved: the squares of the means turn at twice its
    // frequency.
    let longest = RESOLVED / (2.0 * highest);
    let last = times.last().map_or(0.0, |last| last.hi);
    let passing = Passing::new(chain, &times, tolerance);
    let mut shown = Shown::new(chain, monitor);
    let mut walk = monitor.kept("steps").unwrap_or_else(|| {
        let size = StepSize::new(fast, last, longest, 2 * STAGES);
        Walk::start(&run, start, 1e-3 * tolerance * scale, size)
    });
    for (index, &output) in times.iter().enumerate().skip(walk.outputs.len()) {
        while walk.time.hi < output.hi {
            let Walk { time: exact, halving, .. } = walk;
            let (time, left) = (exact.hi, output.plus(exact.negated()).hi);
            let step = walk.size.next(left);
            if time + step <= time {
                return Err(EvolveError::StepTooSmall { time, tolerance });
            }
            let concerned = walk.unresolved.concerns(time, step);
            let quartered = halving.is_due(step == left) || concerned;
            let taken = walk.take(&run, step, quartered).inspect_err(|error| {
                if matches!(error, SolveError::Interrupted(_)) && walk.counts.steps > 0 {
                    monitor.keep("steps", &walk);
                }
            })?;
            let solves = 5 + if taken.half.is_some() { 2 } else { 0 };
            walk.counts.solves += solves * run.tableau.branches.len();
            // Twice the losses of the three steps, at all sites together.
            let rounding = 6.0 * (chain.coordinates() as f64).sqrt() * taken.losses.largest();
            let next = halving.after(&Comparison {
                whole: run.difference(&taken.whole, &taken.fine),
                half: taken.half,
                before: run.difference(&walk.coarse, &walk.fine),
                after: run.difference(&taken.coarse, &taken.fine),
                driven: run.highest > 0.0,
            });
            let difference = taken.half.filter(|_| concerned).map(|half| half.size());
            let lost = difference.map_or(0.0, |d| truncation::UNRESOLVED * (d - rounding).max(0.0));
            let seen = [halving.size(), halving.size() + next.last().max(lost)];
            if !walk.size.accepts(time, step, seen, allowed, rounding) {
                walk.counts.rejected += 1;
                continue;
            }
            let end = if step == left { output } else { exact.plus(step.into()) };
            walk.go(&run, (end, step), taken, next, difference);
            let progress = Progress {
                share: passing.share(index, walk.time.hi),
                time: walk.time.hi,
                steps: walk.counts.steps,
                solves: walk.counts.solves,
                error: shown.error(&walk.outputs, || Some(walk.moments(&run, walk.time))),
                ..Default::default()
            };
            // The most that the start, the thermostats and the force's work F²τ² can have put into
            // a variance. Beyond it no digit is left, and steps hardly grow any more.
            let held = scale * scale.max(1.0) * (1.0 + walk.time.hi).powi(2);
            if walk.halving.size() + walk.losses.largest() > held {
                return Err(EvolveError::Lost { time: walk.time.hi });
            }
            monitor.advance_from(progress, "steps", &walk)?;
        }
        if output.hi == 0.0 {
            walk.outputs.push(Solution::at_start(chain, law, keep(index)));
            continue;
        }
        walk.outputs.push(walk.moments(&run, output).with_consistency(chain, keep(index)));
    }
    Ok((walk.outputs, walk.counts))
}

/// How far the steps to some times are, by the solves that they are expected to take.
struct Passing<'a> {
    chain: &'a Chain,
    times: Vec<f64>,
    /// The solves until each of the times.
    expected: Vec<f64>,
}

impl<'a> Passing<'a> {
    fn new(chain: &'a Chain, times: &[Double], tolerance: f64) -> Passing<'a> {
        let times = rounded(times);
        let expected = expected_until(chain, &times, tolerance);
        Passing { chain, times, expected }
    }

    /// The share of all work that is done at `time`, on the way to the output number `index`.
    fn share(&self, index: usize, time: f64) -> f64 {
        let Passing { chain, times, expected } = self;
        let in_all = expected.last().copied().unwrap_or(0.0);
        let [before, from] = match index.checked_sub(1) {
            Some(last) => [expected[last], times[last]],
            None => [0.0; 2],
        };
        let [passed, towards] =
            [time, times[index]].map(|time| free_steps(chain, time) - free_steps(chain, from));
        (before + (expected[index] - before) * passed / towards) / in_all
    }
}

/// How many shifted solves the steps to `times` take, about. Fitted to 77 runs at γ = 0.01 to 10,
/// tolerances 1e-4 to 1e-10, τ = 1 to 10⁵, with 1 to 100 outputs, frictions of 0.01 to 100 and a
/// periodic force, where it is met to a factor 0.6 to 1.9.
pub fn expected_solves(chain: &Chain, times: &[impl Copy + Into<Double>], tolerance: f64) -> f64 {
    let times: Vec<f64> = times.iter().map(|&time| time.into().hi).collect();
    expected_until(chain, &times, tolerance).last().copied().unwrap_or(0.0)
}

/// The same for the steps until each of the `times`. Progress tells its share by it, so that the
/// time left goes by the same law as the price.
fn expected_until(chain: &Chain, times: &[f64], tolerance: f64) -> Vec<f64> {
    // Steps shortened to end at outputs: rounding keeps short ones from growing at a small
    // tolerance.
    let least = 29.0 * (1.0 + 0.25 * (1e-6 / tolerance).log10()).clamp(1.0, 2.0);
    let order = 2.0 * STAGES as f64;
    let each = 20.6 * (1e-9 / tolerance).powf(1.0 / order);
    let (mut solves, mut before, mut until) = (0.0, 0.0, Vec::with_capacity(times.len()));
    for &time in times {
        if time > before {
            let steps = free_steps(chain, time) - free_steps(chain, before);
            solves += (each * steps + 10.0).max(least);
            before = time;
        }
        until.push(solves);
    }
    until
}

/// The steps that lead to `time` without an output, in the unit of those of 1e-9: short ones at
/// first, equal ones while flips have not yet damped the waves, and as long as the force
/// oscillates; in proportion to the time after that.
fn free_steps(chain: &Chain, time: f64) -> f64 {
    let damped = if chain.flip_rate > 0.0 { 13.0 / chain.flip_rate } else { f64::INFINITY };
    let first = 4.7 * time / (time + 0.05);
    let waves = time.min(damped) + 5.2 * (time / damped).ln_1p();
    first + waves.max(0.8 * chain.force.highest_frequency() * time)
}
