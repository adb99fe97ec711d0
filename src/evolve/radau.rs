//! Adaptive Radau IIA steps for the means and the covariance together (docs/theory/steps.md,
//! (4.1)).
//!
//! Every step is a handful of shifted solves (σ - 𝓛) X = R; no stage is stored. The answer takes
//! two steps of H/2, and one step of H is compared with them. Its error estimate is made of the
//! local errors (`src/evolve/halving.rs`), of what the steps lose of motion that they do not
//! resolve (`src/evolve/unresolved.rs`), the residuals of the solves, the roundings of the sums,
//! and what the balance of the total energy misses. Step sizes follow the local errors, so they
//! become diffusive once the fast modes have died. A second trajectory of steps H carries the local
//! errors along and shows how they fade. Cost: 14 s/6 complex solves a step of H, a third more
//! while fast modes die; memory: six states.

use super::halving::{Comparison, GAIN, Halving};
use super::outcome::{Counts, EvolveError};
use super::reference::reference_temperature;
use super::shown::Shown;
use super::step::{Losses, Path, Point, Run, product, twice_energy};
use super::step_size::StepSize;
use super::tableau::{STAGES, Tableau};
use super::unresolved::{RESOLVED, Unresolved};
use crate::budget::{rounding, truncation};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Solution, TimeIntegrals, largest};
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress, record};
use crate::numerics::double_double::{exact, rounded};
use crate::scenario::Topology;
use ndarray::Array2;

/// The state of an evolution between two steps, from which it can continue.
struct Walk {
    time: Double,
    /// The answer.
    fine: Point,
    /// It and [`GAIN`] times the signed sum of its local errors.
    coarse: Point,
    path: Path,
    losses: Losses,
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
    unresolved,
    halving,
    seen,
    size,
    counts,
    outputs
});

impl Walk {
    /// The moments at the point that is reached, with the covariance and without its consistency.
    fn moments<E: MomentEquations>(&self, run: &Run<'_, E>, time: Double) -> Solution {
        let lost = self.unresolved.error(time.hi);
        let errors = (self.halving.errors(), self.losses, lost);
        run.solution(time, &self.fine, &self.path, errors)
    }
}

/// Evolves the moments from independent initial coordinates to the ascending microscopic `times`.
/// `tolerance` is relative to the largest initial mean, variance or thermostat's temperature;
/// `keep` says at which outputs the whole covariance is kept; `monitor` hears of every step.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let (times, chain) = (exact(times), equations.chain());
    let reference = reference_temperature(chain, law);
    let start =
        Point { mean: law.mean(), state: equations.represent(&law.covariance_above(reference)) };
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    let path = Path {
        state: vec![0.0; start.state.len()],
        means: TimeIntegrals {
            mean: vec![0.0; n],
            square: vec![0.0; n],
            product: vec![0.0; bonds],
            heat: Some(0.0),
            ..Default::default()
        },
    };
    let scale = [&law.mean_r, &law.mean_p, &law.var_r, &law.var_p]
        .into_iter()
        .map(|v| largest(v))
        .fold(0.0, f64::max);
    let scale = largest(&chain.temperature()).max(scale).max(largest(&[chain.force.mean]));
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let highest = chain.force.highest_frequency();
    let identity = equations.represent(&Array2::eye(n));
    let ring = chain.topology == Topology::Ring;
    let in_length = |i: usize| if i < bonds { 1.0 / (bonds as f64).sqrt() } else { 0.0 };
    let uniform = Array2::from_shape_fn((n, n), |(i, j)| in_length(i) * in_length(j));
    let uniform = ring.then(|| equations.represent(&uniform));
    let run = Run {
        equations,
        tableau: Tableau::radau(STAGES),
        reference,
        solve_tolerance: (1e-7 * tolerance).max(1e-14),
        energy: twice_energy(&start, &identity),
        length: uniform.as_ref().map_or(0.0, |uniform| product(&start.state, uniform)),
        highest,
        identity,
        uniform,
    };
    // Half of the tolerance is for the local errors of the steps, the other half for the rest.
    let allowed = 0.5 * tolerance * scale;
    let fast = 0.2 / (1.0 + chain.flip_rate + chain.friction().iter().sum::<f64>() + highest);
    // Motion that the force keeps turning is resolved: the squares of the means turn at twice its
    // frequency.
    let longest = RESOLVED / (2.0 * highest);
    let last = times.last().map_or(0.0, |last| last.hi);
    let expected = expected_until(chain, &rounded(&times), tolerance);
    let in_all = expected.last().copied().unwrap_or(0.0);
    let mut shown = Shown::new(chain, monitor);
    let norm = equations.norm(&start.state);
    let mut walk = monitor.kept("steps").unwrap_or_else(|| Walk {
        time: Double::default(),
        unresolved: Unresolved::new(chain, &start.mean, norm, 1e-3 * tolerance * scale),
        fine: start.clone(),
        coarse: start,
        path,
        losses: Losses::default(),
        halving: Halving::default(),
        seen: 1.0,
        size: StepSize::new(fast, last, longest, 2 * STAGES),
        counts: Counts::default(),
        outputs: Vec::with_capacity(times.len()),
    });
    for (index, &output) in times.iter().enumerate().skip(walk.outputs.len()) {
        while walk.time.hi < output.hi {
            let Walk { time: exact, losses, halving, .. } = walk;
            let (time, left) = (exact.hi, output.plus(exact.negated()).hi);
            let step = walk.size.next(left);
            if time + step <= time {
                return Err(EvolveError::StepTooSmall { time, tolerance });
            }
            let mut next_path = walk.path.clone();
            let mut next_losses = Losses::default();
            let concerned = walk.unresolved.concerns(time, step);
            let mut all_steps = || {
                let alone = |from: &Point, start: Double, h: f64| {
                    run.step(from, start, h, None, &mut Losses::default())
                };
                let middle = exact.plus((step / 2.0).into());
                let coarse = alone(&walk.coarse, exact, step)?;
                let whole = alone(&walk.fine, exact, step)?;
                let (path, losses) = (&mut next_path, &mut next_losses);
                let half = run.step(&walk.fine, exact, step / 2.0, Some(path), losses)?;
                let fine = run.step(&half, middle, step / 2.0, Some(path), losses)?;
                let quarters = match halving.is_due(step == left) || concerned {
                    true => {
                        let first = alone(&walk.fine, exact, step / 4.0)?;
                        let start = exact.plus((step / 4.0).into());
                        Some(run.difference(&alone(&first, start, step / 4.0)?, &half))
                    }
                    false => None,
                };
                Ok((coarse, whole, fine, quarters))
            };
            let (coarse, whole, next_fine, half) = all_steps().inspect_err(|error| {
                if matches!(error, SolveError::Interrupted(_)) && walk.counts.steps > 0 {
                    monitor.keep("steps", &walk);
                }
            })?;
            let taken = 4 + if half.is_some() { 2 } else { 0 };
            walk.counts.solves += taken * run.tableau.branches.len();
            // Twice the losses of the three steps, at all sites together.
            let rounding = 6.0 * (n as f64).sqrt() * next_losses.largest();
            let compared = Comparison {
                whole: run.difference(&whole, &next_fine),
                half,
                before: run.difference(&walk.coarse, &walk.fine).size,
                after: run.difference(&coarse, &whole),
            };
            let next = halving.after(&compared);
            let difference = compared.half.filter(|_| concerned).map(|half| half.size);
            let lost = difference.map_or(0.0, |d| truncation::UNRESOLVED * (d - rounding).max(0.0));
            let seen = [halving.size(), halving.size() + next.last().max(lost)];
            if !walk.size.accepts(time, step, seen, allowed, rounding) {
                walk.counts.rejected += 1;
                continue;
            }
            walk.counts.steps += 1;
            walk.time = if step == left { output } else { exact.plus(step.into()) };
            walk.coarse = run.carried(&coarse, &whole, &next_fine, GAIN / next.gain());
            (walk.fine, walk.path) = (next_fine, next_path);
            if let Some(half) = compared.half {
                walk.seen = (rounding::SAMPLE * half.size / next_losses.variance).min(1.0);
            }
            (walk.losses, walk.halving) = (losses.with(&next_losses, walk.seen), next);
            walk.unresolved.advance(step, difference);
            let error = halving.size().max(next.size())
                + walk.unresolved.error(walk.time.hi)
                + walk.losses.largest();
            let [first, second] = &mut walk.path.means.error;
            *first += step * error;
            *second += step * error * error;
            let [before, from] = match index.checked_sub(1) {
                Some(last) => [expected[last], times[last].hi],
                None => [0.0; 2],
            };
            let [passed, towards] = [walk.time.hi, output.hi]
                .map(|time| free_steps(chain, time) - free_steps(chain, from));
            let progress = Progress {
                share: (before + (expected[index] - before) * passed / towards) / in_all,
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
        walk.outputs.push(walk.moments(&run, output).with_consistency(keep(index)));
    }
    Ok((walk.outputs, walk.counts))
}

/// How many shifted solves the steps to `times` take, about. Fitted to runs at γ = 0.1 and 1,
/// tolerances 1e-6 and 1e-9, with 1 to 160 outputs, where it is met to a factor 1.5, and to
/// periodic forces.
pub fn expected_solves(chain: &Chain, times: &[impl Copy + Into<Double>], tolerance: f64) -> f64 {
    let times: Vec<f64> = times.iter().map(|&time| time.into().hi).collect();
    expected_until(chain, &times, tolerance).last().copied().unwrap_or(0.0)
}

/// The same for the steps until each of the `times`. Progress tells its share by it, so that the
/// time left goes by the same law as the price.
fn expected_until(chain: &Chain, times: &[f64], tolerance: f64) -> Vec<f64> {
    // Steps shortened to end at outputs: rounding keeps short ones from growing at a small
    // tolerance.
    let least = 24.0 * (1.0 + 0.25 * (1e-6 / tolerance).log10()).clamp(1.0, 2.0);
    let order = 2.0 * STAGES as f64;
    let each = 14.0 * (1e-9 / tolerance).powf(1.0 / order);
    let (mut solves, mut before, mut until) = (0.0, 0.0, Vec::with_capacity(times.len()));
    for &time in times {
        if time > before {
            let steps = free_steps(chain, time) - free_steps(chain, before);
            solves += (each * steps + 8.0).max(least);
            before = time;
        }
        until.push(solves);
    }
    until
}

/// The steps that lead to `time` without an output, in the unit of those of 1e-9: equal ones while
/// flips have not yet damped the waves, and while the force oscillates; in proportion to the time
/// after that.
fn free_steps(chain: &Chain, time: f64) -> f64 {
    let highest = chain.force.highest_frequency();
    let damped = if chain.flip_rate > 0.0 { 15.0 / chain.flip_rate } else { f64::INFINITY };
    time.min(damped) + 3.2 * (time / damped).ln_1p() + 0.8 * highest * time
}
