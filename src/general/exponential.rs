//! The moments of any chain in time: Taylor steps of the means and of the diagonals of the
//! covariance of [`Line`]'s coordinates.
//!
//! With z_k = z^(k) h^k/k! and c_k = C^(k) h^k/k! at the start of a step,
//!
//! ```text
//! z_(k+1) = h/(k+1) (B z_k + f_k),
//! c_(k+1) = h/(k+1) (𝓛 c_k + q_k),
//! q_k = 4γ Σ_j u_j u_(k-j) + 2λT δ_k0
//! ```
//!
//! and the moments at its end are the sums of all terms; h‖𝓛‖ ≤ 3. One application of 𝓛 is a stream
//! over the stored diagonals; those at the edge whose norm stays within the budget are dropped.
//! Error: 𝓛 contracts, so what is cut off and what the series leaves add up; both are bounded, term
//! by term. Roundings are estimated. Cost: some 9 ‖𝓛‖τ applications, O(N) a diagonal each.

use super::Model;
use super::band::{Band, close};
use super::law::{differences, initial, softness};
use super::line::Line;
use super::mean::{forces_of, highest_frequency};
use super::profile::{Local, LocalErrors, LocalParts};
use super::series::{STEP, TERMS, add, growth, square};
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw, SiteForce};
use crate::covariance::source::ErrorSource;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::double_double::harmonic_phase;
use crate::observe::series::Integrated;
use ndarray::Array2;
use num_complex::Complex64;
use rayon::prelude::*;

/// The part of the tolerance that cuts and series may use.
const BUDGET: f64 = 1e-3;
/// Entries below which threads are not worth their start.
const ALONE: usize = 40_000;

/// The moments at an output.
#[derive(Debug, Clone)]
pub struct Output {
    /// Microscopic time.
    pub time: Double,
    /// First and second moments.
    pub local: Local,
    /// Their errors.
    pub errors: LocalErrors,
    /// Parts of them by their sources.
    pub parts: LocalParts,
    /// Since time 0.
    pub integrals: Integrated,
    /// Steps taken so far.
    pub steps: usize,
    /// Mean and covariance in the theory's order, where they are kept.
    pub kept: Option<(Vec<f64>, Array2<f64>)>,
}

/// The state on the way.
pub(super) struct State {
    pub mean: Vec<f64>,
    pub covariance: Band,
    /// Losses of the means and of the covariance, in norm: remainders of the series, cuts, and
    /// roundings of the initial law.
    pub lost: [f64; 2],
    /// The roundings alone.
    given: [f64; 2],
    pub steps: usize,
    pub integrals: Integrated,
}

pub(super) struct LineEquation<'a> {
    pub chain: &'a Chain,
    pub model: Model,
    pub line: Line,
    pub forces: Vec<SiteForce>,
    /// ‖B‖ without and with what forces turn by, and ‖𝓛‖.
    pub norm: f64,
    pub fastest: f64,
    /// [`Model::softness`]
    soft: f64,
}

/// Moments at ascending microscopic `times` ≥ 0; `keep` says at which the covariance is kept.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Output>, Interrupted> {
    let problem = LineEquation::new(chain);
    let mean = law.mean();
    let (covariance, cancelled) = problem.line.covariance(law);
    let given = [problem.line.entering(&mean), cancelled];
    let mut state = State {
        lost: given,
        given,
        mean: problem.line.enter(&mean),
        covariance,
        steps: 0,
        integrals: Integrated::default(),
    };
    let last = times.last().map_or(0.0, |time| time.hi);
    let size = problem.size(&state);
    let soft = softness(chain, law, problem.soft * size);
    let rate = if last > 0.0 { BUDGET * tolerance.max(1e-13) / soft * size / last } else { 0.0 };
    let (mut reached, mut outputs) = (Double::default(), Vec::new());
    let mut largest = size;
    for (index, &time) in times.iter().enumerate() {
        let span = time.plus(reached.negated());
        let count = (span.hi / problem.longest_step()).ceil().max(0.0) as usize;
        for k in 0..count {
            let start = reached.plus(span.scaled(k as f64).divided(count as f64));
            problem.step(&mut state, start, span.hi / count as f64, rate);
            let now = start.hi + span.hi / count as f64;
            let share = now / last;
            let progress = Progress { share, time: now, steps: state.steps, ..Progress::default() };
            monitor.advance(progress)?;
            largest = largest.max(problem.size(&state));
        }
        reached = time;
        outputs.push(problem.output(law, &state, time, largest, keep(index)));
    }
    Ok(outputs)
}

/// Applications of 𝓛 that the evolution to a time takes, and bytes of the state, roughly.
pub fn expected(chain: &Chain, law: &InitialLaw, last: f64) -> (f64, f64) {
    let problem = LineEquation::new(chain);
    let steps = (last / problem.longest_step()).ceil();
    // What is felt by then, at 2 sites of the line for every unit of time; or diffuses.
    let n = problem.line.len as f64;
    let widest = if problem.line.ring { n / 2.0 + 1.0 } else { n };
    let width = match law.covariance {
        Some(_) => widest,
        None => widest.min(60.0 + problem.norm * last),
    };
    (30.0 * steps * n * width, 3.0 * 8.0 * n * width)
}

impl<'a> LineEquation<'a> {
    fn new(chain: &'a Chain) -> LineEquation<'a> {
        let model = Model::new(chain);
        let line = Line::new(&model);
        let forces = forces_of(chain);
        let fastest = highest_frequency(chain, &forces);
        let (norm, soft) = (line.norm(), model.softness());
        LineEquation { chain, model, line, forces, norm, fastest, soft }
    }

    fn longest_step(&self) -> f64 {
        STEP / (2.0 * self.norm).max(self.fastest)
    }

    /// The largest second moment, and the temperatures that feed them.
    fn size(&self, state: &State) -> f64 {
        let hottest = self.model.temperature.iter().copied().fold(0.0, f64::max);
        let variances = state.covariance.rows[0].iter().copied().fold(hottest, f64::max);
        state.mean.iter().fold(variances, |m, z| m.max(z * z)).max(f64::MIN_POSITIVE)
    }

    /// f_k at the start of a step: h^k/k! times the derivatives of the forces on the u_n.
    fn forces(&self, start: Double, h: f64) -> Vec<Vec<(usize, f64)>> {
        let phases: Vec<Vec<(f64, Complex64)>> = (self.forces.iter())
            .map(|force| {
                let part = |&(l, f): &(u32, Complex64)| {
                    let w = f64::from(l) * self.chain.force.frequency.hi;
                    (w, 2.0 * f * harmonic_phase(l.into(), self.chain.force.frequency, start))
                };
                force.harmonics.iter().map(part).collect()
            })
            .collect();
        let mut terms = Vec::new();
        for k in 0..TERMS {
            let of_force = |(force, phases): (&SiteForce, &Vec<(f64, Complex64)>)| {
                let factor = |w: f64| {
                    (1..=k).fold(Complex64::ONE, |x, j| x * Complex64::new(0.0, w * h / j as f64))
                };
                let waves: f64 = phases.iter().map(|(w, f)| (f * factor(*w)).re).sum();
                let constant = if k == 0 { force.mean } else { 0.0 };
                let value = self.line.force(force.site, constant + waves);
                (self.line.momentum(force.site), value)
            };
            terms.push(self.forces.iter().zip(&phases).map(of_force).collect());
            if phases.iter().all(|phases| phases.is_empty()) {
                break;
            }
        }
        terms
    }

    /// z_(k+1) from z_k.
    fn next_mean(&self, z: &[f64], force: Option<&Vec<(usize, f64)>>, scale: f64) -> Vec<f64> {
        // Beyond the ends of an open line the couplings are 0.
        let (a, n) = (&self.line.coupling, z.len());
        let mut next: Vec<f64> = (0..n)
            .map(|i| {
                let after = a[i + 1] * z[if i + 1 < n { i + 1 } else { 0 }];
                let before = a[i] * z[if i > 0 { i - 1 } else { n - 1 }];
                scale * (after - before - self.line.damping[i] * z[i])
            })
            .collect();
        for &(at, force) in force.into_iter().flatten() {
            next[at] += scale * force;
        }
        next
    }

    /// scale · 𝓛 c, one diagonal wider.
    fn apply(&self, c: &Band, scale: f64) -> Band {
        let (line, n) = (&self.line, self.line.len);
        let widest = if line.ring { n / 2 } else { n - 1 };
        let top = c.rows.len().min(widest);
        let zeros = vec![0.0; n + 2];
        // Entry (i, i+n/2+1) of a ring is (i+n/2+1, i+n), of the diagonal n/2 - 1.
        let mut turned = zeros.clone();
        if let Some(row) = c.rows.get(widest - 1).filter(|_| line.ring) {
            (0..n).for_each(|i| turned[i + 1] = row[(i + widest + 1) % n + 1]);
            close(&mut turned);
        }
        let stored = |d: usize| match line.ring && d > widest {
            true => &turned[..],
            false => c.rows.get(d).map_or(&zeros[..], |row| row),
        };
        let diagonal = |d: usize| {
            let len = if line.ring { n } else { n - d };
            let (a, here, above) = (&line.coupling, stored(d), stored(d + 1));
            let mut row = vec![0.0; len + 2];
            if d == 0 {
                for i in 0..n {
                    let flow = a[i + 1] * above[i + 1] - a[i] * above[i];
                    row[i + 1] = scale * (2.0 * flow - line.loss[i] * here[i + 1]);
                }
                if line.ring {
                    close(&mut row);
                }
                return row;
            }
            let below = stored(d - 1);
            let (first, next) = (&a[..len], &a[1..=len]);
            let (far, beyond) = (&a[d..d + len], &a[d + 1..d + 1 + len]);
            let (damping, other) = (&line.damping[..len], &line.damping[d..d + len]);
            let (below, under) = (&below[2..len + 2], &below[1..len + 1]);
            let (above, over) = (&above[1..len + 1], &above[..len]);
            let (here, out) = (&here[1..len + 1], &mut row[1..len + 1]);
            for i in 0..len {
                let flow = next[i] * below[i] - far[i] * under[i];
                let back = beyond[i] * above[i] - first[i] * over[i];
                out[i] = scale * (flow + back - (damping[i] + other[i]) * here[i]);
            }
            if line.ring {
                close(&mut row);
            }
            row
        };
        let rows = match n * (top + 1) < ALONE {
            true => (0..=top).map(diagonal).collect(),
            false => (0..=top).into_par_iter().map(diagonal).collect(),
        };
        Band { rows, ring: line.ring }
    }

    fn step(&self, state: &mut State, start: Double, h: f64, rate: f64) {
        let (line, allowed) = (&self.line, rate * h);
        let forces = self.forces(start, h);
        let mut means = vec![state.mean.clone()];
        let mut term = std::mem::take(&mut state.covariance);
        let mut sum = term.clone();
        let at_ends = |band: &Band| -> Vec<f64> { band.rows[0][1..=line.len].to_vec() };
        // ∫ of the variances over the step.
        let mut variance_integral: Vec<f64> = at_ends(&term).iter().map(|v| h * v).collect();
        let mut squares = vec![square(&means, 0)];
        let mut cut = 0.0;
        let grows = growth();
        for k in 0..TERMS {
            let scale = h / (k + 1) as f64;
            let next = self.next_mean(&means[k], forces.get(k), scale);
            means.push(next);
            let mut next = self.apply(&term, scale);
            for (i, value) in next.rows[0][1..=line.len].iter_mut().enumerate() {
                let noise = if k == 0 { line.noise[i] } else { 0.0 };
                *value += scale * (line.flips[i] * squares[k][i] + noise);
            }
            if line.ring {
                close(&mut next.rows[0]);
            }
            cut += grows[k] * next.cut(allowed / (40.0 * grows[k]));
            add(&mut sum, &next);
            let part = h / (k + 2) as f64;
            variance_integral
                .iter_mut()
                .zip(&next.rows[0][1..=line.len])
                .for_each(|(sum, v)| *sum += part * v);
            term = next;
            squares.push(square(&means, k + 1));
            if k >= 8 && self.rest(&means, &term, h, k + 1).iter().all(|rest| *rest <= allowed) {
                break;
            }
        }
        let [of_means, of_second] = self.rest(&means, &term, h, means.len() - 1);
        state.lost[0] += of_means;
        state.lost[1] += cut + of_second;
        self.integrate(state, &means, &squares, &variance_integral, &forces, h);
        let mut mean = vec![0.0; line.len];
        for term in means.iter().rev() {
            mean.iter_mut().zip(term).for_each(|(sum, z)| *sum += z);
        }
        state.mean = mean;
        state.lost[1] += sum.cut(allowed / 4.0);
        state.covariance = sum;
        state.steps += 1;
    }

    fn output(
        &self,
        law: &InitialLaw,
        state: &State,
        time: Double,
        largest: f64,
        keep: bool,
    ) -> Output {
        let at_start = time.hi <= 0.0;
        let steps = (state.steps as f64).sqrt();
        let rounding = rounding::TAYLOR_STEP * (4.0 + steps);
        // At the start nothing is rounded but differences of displacements.
        let rounding = if at_start { 0.0 } else { rounding };
        let mean = state.lost[0] + rounding * largest.sqrt();
        // Errors e of the means enter the source 4γ ū² by 8γ ū e_u + 4γ e_u²: with ∫ 2γ e_u² ≤ e²/2
        // (the norm falls by what the damping takes) and Cauchy and Schwarz.
        let heat = state.integrals.heat;
        let entered = |lost: f64| (2.0 * heat).sqrt() * lost + lost * lost;
        let second = state.lost[1] + entered(state.lost[0]) + rounding * largest;
        let given = if at_start { differences(self.chain, law) } else { 0.0 };
        let errors = LocalErrors::of(mean, second, self.soft).with_second(given);
        let cut = [0, 1].map(|i| state.lost[i] - state.given[i]);
        let truncated = LocalErrors::of(cut[0], cut[1] + entered(cut[0]), self.soft);
        let parts = vec![(ErrorSource::Truncation, truncated)];
        let local = match at_start {
            true => initial(self.chain, law),
            false => self.line.local(&state.mean, &state.covariance),
        };
        let kept = keep.then(|| match at_start {
            true => (law.mean(), law.covariance_above(0.0)),
            false => (self.line.leave(&state.mean), self.line.matrix(&state.covariance)),
        });
        let error = time.hi * self.model.error_of_rates(&self.forces, &errors, largest);
        let integrals = Integrated { error, ..state.integrals };
        Output { time, local, errors, parts, integrals, steps: state.steps, kept }
    }
}
