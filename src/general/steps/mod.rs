//! The moments of any short chain in time by Radau IIA steps of the literal operator: a second
//! way that shares nothing with the exponential but the equations.
//!
//! ```text
//! z̄' = B z̄ + F,      C' = 𝓛 C + diag_p(4γ p̄² + 2λmT)
//! ```
//!
//! A step solves with (σ - 𝓛) once for each branch of [`Tableau`]. The answer takes two steps of
//! h/2, and one step of h is compared with them. Cost: nine solves with (2N+1)² unknowns a step,
//! and six factorizations where its length changes. Error: an estimate; the moments contract in the
//! norm of the energy (docs/theory/bounds.md, Theorem 2.1), so that differences of steps and
//! roundings add up.

mod norm;
mod price;

pub use price::expected;
pub(super) use price::modes;

use self::norm::Norm;
use self::price::{expected_steps, held};
use super::Model;
use super::exponential::Output;
use super::law::{differences, initial, softness};
use super::mean::{forces_of, highest_frequency};
use super::profile::{Local, LocalErrors, force_at};
use crate::budget::{rounding, truncation};
use crate::chain::{Chain, Double, InitialLaw, SiteForce};
use crate::covariance::literal::{Factored, Literal, solve_drift};
use crate::covariance::source::ErrorSource;
use crate::covariance::{MomentEquations, SolveError, Source, Target};
use crate::evolve::EvolveError;
use crate::evolve::tableau::Tableau;
use crate::monitor::{Monitor, Progress};
use crate::numerics::vector::largest_of;
use crate::observe::series::Integrated;
use ndarray::ArrayView2;
use num_complex::Complex64;

/// Stages of a step: order 9.
const STAGES: usize = 5;
/// What all steps together may leave, as a part of the tolerance; a current may be a hundred times
/// smaller than the energies.
const BUDGET: f64 = 0.01;
/// It is divided among this many steps at least, and as many as are expected.
const USUAL: f64 = 300.0;
/// h‖𝓛‖ of a step that resolves the motion.
const RESOLVED: f64 = 4.0;
/// The roundings of different steps are taken for independent: their squares add up. This is the
/// part of them that is the same in every step, from the coefficients: some 1/150 was seen in
/// 4000 steps of a hardly damped chain.
const BIAS: f64 = 1.0 / 32.0;
/// A step that could be longer by less than this keeps its length, and its factorizations.
const WORTH: f64 = 1.3;

/// Means, the covariance, and integrals since time 0.
#[derive(Clone)]
struct Point {
    mean: Vec<f64>,
    state: Vec<f64>,
    /// ∫C
    passed: Vec<f64>,
    /// ∫ of the means' part.
    integrals: Integrated,
    /// ∫ ū_n²
    squares: Vec<f64>,
}

/// Errors of the means and of the covariance so far.
struct Lost {
    all: [f64; 2],
    /// The part that shorter steps would make smaller.
    truncated: [f64; 2],
    /// The largest second moment.
    size: f64,
}

struct StepEquation<'a> {
    chain: &'a Chain,
    model: Model,
    literal: Literal,
    tableau: Tableau,
    forces: Vec<SiteForce>,
    /// ‖𝓛‖ at most, or the highest frequency of a force where that is larger.
    fastest: f64,
    norm: Norm,
    /// [`Model::softness`]
    soft: f64,
}

/// What steps may still leave, relative to the largest second moment.
struct Budget {
    left: f64,
    /// The steps that share it.
    steps: f64,
    /// ∫ 4γ ū² from 0 to the last time, as far as it can be told: by it errors of the means enter
    /// the second moments.
    warmth: f64,
}

impl Budget {
    /// An error of the means and one of the covariance, by what they do to second moments of this
    /// size.
    fn relative(&self, mean: f64, second: f64, size: f64) -> f64 {
        (mean * (1.0 + (self.warmth / size).sqrt()) / size.sqrt()).max(second / size)
    }

    /// For the next of `more` steps of its length up to the end. Steps grow; when more of them have
    /// been taken than were expected they do no longer.
    fn of_a_step(&self, more: f64) -> f64 {
        self.left / if self.steps >= 1.0 { self.steps } else { more.max(10.0) }
    }

    fn spend(&mut self, error: f64) {
        // Later steps always get something.
        self.left -= error.min(0.5 * self.left);
        self.steps -= 1.0;
    }
}

/// ‖𝓛‖ at most, or the highest frequency of a force where that is larger.
fn fastest(chain: &Chain, model: &Model, forces: &[SiteForce]) -> f64 {
    let damping = (model.flip_rate.iter().zip(&model.friction)).map(|(c, l)| 4.0 * c + 2.0 * l);
    let turned = 2.0 * highest_frequency(chain, forces);
    (2.0 * model.largest_frequency() + largest_of(damping)).max(turned)
}

/// Moments at ascending microscopic `times` ≥ 0; `keep` says at which the covariance is kept. Long
/// because one loop carries the state of the steps.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Output>, EvolveError> {
    let problem = StepEquation::new(chain);
    let atoms = chain.atoms();
    let state = problem.literal.represent(&law.covariance_above(0.0));
    let mut point = Point {
        mean: law.mean(),
        passed: vec![0.0; state.len()],
        state,
        integrals: Integrated::default(),
        squares: vec![0.0; atoms],
    };
    let mut factors = Vec::new();
    let last = times.last().map_or(0.0, |time| time.hi);
    let (mut now, mut steps) = (Double::default(), 0);
    let (mut lost, mut squares, mut truncated) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    let mut size = problem.size(&point);
    let mut budget = Budget {
        left: BUDGET * tolerance / softness(chain, law, problem.soft * size),
        steps: USUAL + expected_steps(chain, last, tolerance),
        warmth: 0.0,
    };
    let mut h = 0.1 / problem.model.largest_frequency();
    let mut outputs = Vec::with_capacity(times.len());
    for (index, &time) in times.iter().enumerate() {
        loop {
            let left = time.plus(now.negated()).hi;
            if left <= 0.0 {
                break;
            }
            // No last step that is much shorter than the others.
            let step = if left <= h { left } else { h.min(left / 2.0) };
            let mut unused = [0.0; 2];
            let whole = problem.step(&point, now, step, &mut factors, &mut unused)?;
            let mut rounded = [0.0; 2];
            let middle = problem.step(&point, now, step / 2.0, &mut factors, &mut rounded)?;
            let half = now.plus((step / 2.0).into());
            let next = problem.step(&middle, half, step / 2.0, &mut factors, &mut rounded)?;
            let gain = truncation::GENERAL_HALVES[usize::from(step * problem.fastest > RESOLVED)];
            let apart = problem.norm.apart(&whole, &next);
            let relative = |[mean, second]: [f64; 2]| budget.relative(mean, second, size);
            let worst = relative(apart);
            // The distance itself is rounded.
            let allowed = budget.of_a_step((last - now.hi) / h) + gain * relative(rounded);
            let ratio = (gain * worst / allowed).max(1e-9);
            let factor = (0.9 * ratio.powf(-1.0 / (2 * STAGES) as f64)).clamp(0.2, 4.0);
            monitor.check()?;
            if ratio > 1.0 && step > 1e-12 * last {
                h = factor * step;
                continue;
            }
            if worst.is_nan() {
                return Err(EvolveError::StepTooSmall { time: now.hi, tolerance });
            }
            for i in 0..2 {
                lost[i] += gain * apart[i] + BIAS * rounded[i];
                truncated[i] += gain * apart[i];
                squares[i] += rounded[i] * rounded[i];
            }
            budget.spend(gain * worst);
            let warmed = next.integrals.heat;
            let a_time = (warmed - point.integrals.heat) / step;
            budget.warmth = 2.0 * warmed.max(a_time * last);
            if factor * step > WORTH * h {
                h = factor * step;
            }
            now = if step == left { time } else { now.plus(step.into()) };
            (point, steps) = (next, steps + 1);
            size = size.max(problem.size(&point));
            let share = now.hi / last;
            let progress = Progress { share, time: now.hi, steps, ..Progress::default() };
            monitor.advance(progress)?;
        }
        let lost = Lost { all: [0, 1].map(|i| lost[i] + squares[i].sqrt()), truncated, size };
        outputs.push(problem.output(law, &point, time, lost, steps, keep(index)));
    }
    Ok(outputs)
}

impl<'a> StepEquation<'a> {
    fn new(chain: &'a Chain) -> StepEquation<'a> {
        let model = Model::new(chain);
        let forces = forces_of(chain);
        StepEquation {
            chain,
            literal: Literal::new(chain),
            tableau: Tableau::radau(STAGES),
            fastest: fastest(chain, &model, &forces),
            forces,
            norm: Norm::new(chain, &model),
            soft: model.softness(),
            model,
        }
    }

    fn size(&self, point: &Point) -> f64 {
        let hottest = largest_of(self.model.temperature.iter().copied());
        self.norm.size(point).max(hottest).max(f64::MIN_POSITIVE)
    }

    /// The means at the stages. Branches carry increments, as in [`crate::evolve::radau`].
    fn stages(&self, mean: &[f64], time: Double, h: f64) -> Result<Vec<Vec<f64>>, EvolveError> {
        let (n, first) = (mean.len(), self.chain.positions());
        let forces = &self.forces;
        let pushed: Vec<Vec<f64>> = (self.tableau.nodes.iter())
            .map(|c| {
                let now = time.plus((c * h).into());
                forces.iter().map(|force| force_at(self.chain, force, now)).collect()
            })
            .collect();
        let drift = self.chain.drift_of(mean);
        let mut stages = vec![mean.to_vec(); STAGES];
        for branch in &self.tableau.branches {
            let mut f: Vec<Complex64> = drift.iter().map(|x| branch.scale * x).collect();
            for (k, force) in forces.iter().enumerate() {
                let sum: Complex64 = branch.row.iter().zip(&pushed).map(|(t, f)| t * f[k]).sum();
                f[first + force.site] += sum;
            }
            let found =
                solve_drift(self.chain, branch.eigenvalue / h, &f).map_err(EvolveError::from)?;
            for (stage, weight) in stages.iter_mut().zip(&branch.column) {
                (0..n).for_each(|i| stage[i] += (weight * found[i]).re);
            }
        }
        Ok(stages)
    }

    /// σ - 𝓛 factorized, from the shifts of the latest steps where it is among them.
    fn factored<'f>(
        &self,
        shift: Complex64,
        known: &'f mut Vec<Factored>,
    ) -> Result<&'f Factored, SolveError> {
        let at = match known.iter().position(|factored| factored.shift() == shift) {
            Some(at) => at,
            None => {
                if known.len() >= held(self.chain.bonds) {
                    known.remove(0);
                }
                known.push(self.literal.factored(shift)?);
                known.len() - 1
            }
        };
        Ok(&known[at])
    }

    /// One step; adds to `rounded` what roundings and the solves leave of means and covariance.
    fn step(
        &self,
        from: &Point,
        time: Double,
        h: f64,
        factors: &mut Vec<Factored>,
        rounded: &mut [f64; 2],
    ) -> Result<Point, EvolveError> {
        let (model, first) = (&self.model, self.chain.positions());
        let stages = self.stages(&from.mean, time, h)?;
        let sources: Vec<Vec<f64>> =
            stages.iter().map(|mean| self.chain.covariance_source(&mean[first..], 0.0)).collect();
        let mut to = Point { mean: stages[STAGES - 1].clone(), ..from.clone() };
        to.passed.iter_mut().zip(&from.state).for_each(|(sum, c)| *sum += h * c);
        let change = self.literal.generator(&from.state);
        let mut amplified = 0.0;
        for branch in &self.tableau.branches {
            let source = |n: usize| branch.row.iter().zip(&sources).map(|(t, q)| t * q[n]).sum();
            let momenta: Vec<Complex64> = (0..model.atoms()).map(source).collect();
            let weight = branch.column[STAGES - 1];
            let source = Source { state: Some(&change), scale: branch.scale, momenta: &momenta };
            let mut targets = [
                Target { weight, state: &mut to.state },
                Target { weight: weight * h / branch.eigenvalue, state: &mut to.passed },
            ];
            let shift = branch.eigenvalue / h;
            let factored = self.factored(shift, factors)?;
            let error = self.literal.solve_with(factored, source, &mut targets)?;
            rounded[1] += weight.norm() * self.norm.stiffest() * error;
            amplified += (weight * branch.scale).norm();
        }
        let apart = self.norm.held_apart(from, &to);
        let size = self.norm.held(&to).max(self.size(&to));
        let rounding = rounding::FORMULA;
        rounded[0] += rounding * (amplified * apart[0] + size.sqrt());
        rounded[1] += rounding * (amplified * apart[1] + size);
        for (i, mean) in stages.iter().enumerate() {
            let weight = h * self.tableau.matrix[STAGES - 1][i];
            for n in 0..model.atoms() {
                let square = mean[first + n].powi(2) / model.mass[n];
                to.squares[n] += weight * square;
                to.integrals.heat += weight * 2.0 * model.flip_rate[n] * square;
            }
            let now = time.plus((self.tableau.nodes[i] * h).into());
            for force in &self.forces {
                let velocity = mean[first + force.site] / model.mass[force.site];
                to.integrals.work += weight * force_at(self.chain, force, now) * velocity;
            }
        }
        Ok(to)
    }

    fn output(
        &self,
        law: &InitialLaw,
        point: &Point,
        time: Double,
        lost: Lost,
        steps: usize,
        keep: bool,
    ) -> Output {
        let (model, chain, n) = (&self.model, self.chain, point.mean.len());
        let covariance = ArrayView2::from_shape((n, n), &point.state).expect("n² entries");
        let local = match steps {
            0 => initial(chain, law),
            _ => Local::of(chain, &point.mean, covariance),
        };
        // Errors of the means enter 4γ ū², as in `exponential`.
        let entered = |mean: f64| (2.0 * point.integrals.heat).sqrt() * mean + mean * mean;
        let given = if steps == 0 { differences(chain, law) } else { 0.0 };
        let errors_of =
            |[mean, lost]: [f64; 2]| LocalErrors::of(mean, lost + entered(mean), self.soft);
        let errors = errors_of(lost.all).with_second(given);
        let parts = vec![(ErrorSource::Truncation, errors_of(lost.truncated))];
        let mut integrals = point.integrals;
        for at in model.thermostats() {
            let p = chain.positions() + at;
            let hot = point.passed[p * (n + 1)] / model.mass[at] + point.squares[at];
            let entered = model.friction[at] * (model.temperature[at] * time.hi - hot);
            model.add_entered(&mut integrals, at, entered);
        }
        integrals.error = time.hi * model.error_of_rates(&self.forces, &errors, lost.size);
        let kept = keep.then(|| (point.mean.clone(), covariance.to_owned()));
        Output { time, local, errors, parts, integrals, steps, kept }
    }
}
