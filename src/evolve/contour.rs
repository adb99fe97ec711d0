//! The moments at chosen times without steps: the inverse Laplace transform of the moment equations
//! on a hyperbola.
//!
//! For a constant force let w = z̄ - z̄_s be the distance of the means from their stationary
//! values, u its momenta. The matrix Y = C + w wᵀ obeys dY/dτ = 𝓛Y + diag_p( 4γ(p_s² + 2 p_s u) +
//! 2λT ), Y(0) = C(0) + w(0) w(0)ᵀ, because p̄² = p_s² + 2 p_s u + u² and 𝓛(w wᵀ) takes up u². Its
//! source is linear in u, so
//!
//! ```text
//! (s - 𝓛) Ŷ = Y(0) + diag_p( (4γ p_s² + 2λT)/s + 8γ p_s û(s) ),     û = [(s - B)⁻¹ w(0)]_p.
//! ```
//!
//! A periodic force adds envelopes to this, [`super::envelope`]. One complex shifted solve a node;
//! times within a modest ratio share a contour ([`super::hyperbola`]). Everything is done on two
//! contours, the second with two nodes more: their difference, the error of the first, bounds that
//! of the second, which is the answer. The contour must stay among |s| < γ, where the transform is
//! analytic off the negative axis: times τ ≥ 300/γ.

use super::envelope;
use super::hyperbola::{self, Contour, Remembered};
use super::radau::{Counts, EvolveError, reference_temperature};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{Diagonals, MomentEquations, SolveError, Source, Target};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{exact, rounded};
use crate::numerics::vector::largest_norm;
use num_complex::Complex64;
use std::ops::Range;

/// The weights amplify what a solve leaves some hundredfold, and a late time's energy mode more:
/// solve until rounding stops it.
const SOLVE_TOLERANCE: f64 = 2e-15;

/// What the transforms of the modes and the weight of a node leave of a transform.
const ROUNDINGS: f64 = 32.0 * f64::EPSILON;

/// Nodes that the second contour has more than the first.
pub(super) const EXTRA: usize = 2;
/// The errors of a contour are some times the exponentials that its nodes are chosen by (seen:
/// twice where two contours agreed by accident).
pub(super) const CAUTION: f64 = 5.0;

/// Times at most that share a contour. Each holds O(N) numbers, and a state where its covariance is
/// kept.
const SHARED: usize = 64;

/// Kept covariances at most that share a contour.
pub(super) const SHARED_STATES: usize = 3;

/// The least microscopic time for which the contour serves; `None` where it never does.
pub fn earliest(chain: &Chain) -> Option<f64> {
    let serves = chain.flip_rate > 0.0 && chain.stationary_momentum().is_some();
    let period = if chain.force.harmonics.is_empty() {
        0.0
    } else {
        envelope::EARLIEST_PHASE / chain.force.frequency.hi
    };
    serves.then(|| period.max(300.0 / chain.flip_rate))
}

/// The moments at ascending `times`, each at least [`earliest`]. Arguments as for
/// [`super::radau::evolve`]; `counts.solves` counts nodes.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let problem = Problem::new(equations, law, SOLVE_TOLERANCE)?;
    let goal = goal(tolerance);
    let exact = exact(times);
    let times = &rounded(&exact);
    let mut counts = Counts::default();
    let mut solutions = Vec::with_capacity(times.len());
    let whole = |i: usize| is_formed(times, &keep, i);
    let runs = runs(times, tolerance, &keep);
    for (number, run) in runs.iter().enumerate() {
        let group = &exact[run.clone()];
        let (first, last) = (group[0].hi, group[group.len() - 1].hi);
        let nodes = nodes_for(last / first, goal);
        let mut evaluate = |half: f64, extra: usize, whole: &dyn Fn(usize) -> bool| {
            let share = |half: f64| (number as f64 + half) / runs.len() as f64;
            let part = monitor.part(share(half), share(half + 0.5));
            let (found, reached) = part.once(&format!("contour-{number}-{extra}"), |monitor| {
                let (contour, mut reached) = (Contour::new(first, last, nodes + extra), counts);
                let oscillation = problem.oscillation(group, whole)?;
                let keep = |i: usize| keep(run.start + i);
                let found =
                    problem.invert(&contour, group, oscillation, &keep, &mut reached, monitor)?;
                Ok::<_, EvolveError>((found, reached))
            })?;
            counts = reached;
            Ok::<_, EvolveError>(found)
        };
        let coarse = evaluate(0.0, 0, &|_| false)?;
        let mut fine = evaluate(0.5, EXTRA, &|i| whole(run.start + i))?;
        for (fine, coarse) in fine.iter_mut().zip(&coarse) {
            // Two contours may agree by accident: no less than what the second should leave is
            // claimed, of what the first was asked for.
            let size = largest(&fine.moments.variance)
                .max(largest(&problem.deviation))
                .max(problem.reference);
            let least = CAUTION * hyperbola::gain(last / first, EXTRA) * goal * size;
            fine.errors = fine
                .errors
                .with_distance(equations.chain(), &fine.moments, &coarse.moments)
                .map(|e| e + least);
        }
        solutions.append(&mut fine);
    }
    Ok((solutions, counts))
}

/// The error that the nodes are chosen by: the current is 1/N of the energies (measured: errors of
/// 20 goals).
fn goal(tolerance: f64) -> f64 {
    (1e-4 * tolerance).max(1e-15)
}

/// The time integrals grow like t: a double pole at s = 0, and an error of some hundred goals of
/// the last time's value at the first time too.
fn nodes_for(ratio: f64, goal: f64) -> usize {
    hyperbola::nodes_for(ratio, (goal / ratio).max(1e-15))
}

/// The covariance at the last output is formed in any case, for the identities that only it can
/// show.
fn is_formed(times: &[f64], keep: impl Fn(usize) -> bool, i: usize) -> bool {
    keep(i) || i + 1 == times.len()
}

/// The runs of times that share a contour.
fn runs(times: &[f64], tolerance: f64, keep: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let states = |run: Range<usize>| run.filter(|&i| is_formed(times, &keep, i)).count();
    let fits = |run: Range<usize>| run.len() <= SHARED && states(run) <= SHARED_STATES;
    let counts = Remembered::new(|ratio| nodes_for(ratio, goal(tolerance)));
    hyperbola::shared(times, |first, last| counts.at(last / first), fits)
}

/// How many shifted solves [`evolve`] takes: one a node, and under a periodic force those of the
/// envelopes.
pub(super) fn nodes(
    chain: &Chain,
    times: &[f64],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
) -> usize {
    let nodes =
        |run: &Range<usize>| nodes_for(times[run.end - 1] / times[run.start], goal(tolerance));
    let twice: usize = runs(times, tolerance, keep).iter().map(|run| 2 * nodes(run) + EXTRA).sum();
    (1 + 2 * chain.force.harmonics.len()) * twice
}

/// The transformed equations of one chain and initial law.
struct Problem<'a, E> {
    equations: &'a E,
    reference: f64,
    solve_tolerance: f64,
    /// z_per
    periodic: PeriodicMean,
    /// w(0)
    deviation: Vec<f64>,
    /// Y(0) less the reference state and the oscillation.
    start: Vec<f64>,
    /// 4γ q_0 + 2λ(T - T_ref)
    constant_source: Vec<f64>,
}

/// What is summed over the nodes at one output time. O(N), and the state where the whole covariance
/// is asked for.
struct Sums {
    variance: Vec<f64>,
    correlation: Vec<f64>,
    variance_integral: Vec<f64>,
    correlation_integral: Vec<f64>,
    state: Option<Vec<f64>>,
}

impl Sums {
    /// Adds Re(weight · X), and to the integrals Re(integral · X).
    fn add(&mut self, weight: Complex64, integral: Complex64, diagonals: &Diagonals) {
        let Diagonals { variance, correlation } = diagonals;
        for (sums, weight, values) in [
            (&mut self.variance, weight, variance),
            (&mut self.correlation, weight, correlation),
            (&mut self.variance_integral, integral, variance),
            (&mut self.correlation_integral, integral, correlation),
        ] {
            sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += (weight * x).re);
        }
    }
}

/// Σ_(m≠0) C_m e^(imωτ) and its time integral at some times, and what the solves leave.
struct Oscillation {
    sums: Vec<Sums>,
    losses: [f64; 2],
}

impl<'a, E: MomentEquations> Problem<'a, E> {
    fn new(equations: &'a E, law: &InitialLaw, solve_tolerance: f64) -> Result<Self, SolveError> {
        let chain = equations.chain();
        let reference = reference_temperature(chain, law);
        let periodic = PeriodicMean::new(equations)?
            .expect("asked only where the mean has a stationary value");
        let deviation: Vec<f64> =
            law.mean().iter().zip(periodic.at(0.0)).map(|(z, s)| z - s).collect();
        let w = &deviation;
        let mut start = law.covariance_above(reference);
        start.indexed_iter_mut().for_each(|((i, j), y)| *y += w[i] * w[j]);
        let squares = periodic.momentum_squares(0);
        let constant_source = chain.covariance_source_of(squares.iter().map(|q| q.re), reference);
        let mut start = equations.represent(&start);
        let mut problem = Problem {
            equations,
            reference,
            solve_tolerance,
            periodic,
            deviation,
            start: vec![],
            constant_source,
        };
        let oscillation = problem.oscillation(&[Double::default()], &|_| true)?;
        let state = oscillation.sums[0].state.as_ref().expect("it was asked for");
        start.iter_mut().zip(state).for_each(|(y, c)| *y -= c);
        problem.start = start;
        Ok(problem)
    }

    /// Σ_(m≠0) C_m e^(imωτ) and its integral at every time.
    fn oscillation(
        &self,
        times: &[Double],
        whole: &dyn Fn(usize) -> bool,
    ) -> Result<Oscillation, SolveError> {
        let (n, bonds) = (self.deviation.len(), self.equations.chain().bonds);
        let zero = |i: usize| Sums {
            variance: vec![0.0; n],
            correlation: vec![0.0; bonds],
            variance_integral: vec![0.0; n],
            correlation_integral: vec![0.0; bonds],
            state: whole(i).then(|| vec![0.0; self.equations.state_len()]),
        };
        let mut oscillation =
            Oscillation { sums: (0..times.len()).map(zero).collect(), losses: [0.0; 2] };
        for order in self.periodic.square_orders().into_iter().filter(|&order| order > 0) {
            let weight = |time: Double| 2.0 * self.periodic.turn(order, time);
            let mut targets = targets(&mut oscillation.sums, |i| weight(times[i]));
            let (report, diagonals) = self.periodic.add_covariance(
                self.equations,
                order,
                &mut targets,
                self.solve_tolerance,
            )?;
            for (sums, &time) in oscillation.sums.iter_mut().zip(times) {
                sums.add(weight(time), 2.0 * self.periodic.turn_integral(order, time), &diagonals);
            }
            // What the solve leaves, and what the phase has lost.
            let last = times.last().map_or(0.0, |last| last.hi);
            let turned = self.periodic.turn_error(order, last);
            oscillation.losses[0] +=
                2.0 * (report.error + turned * largest_norm(&diagonals.variance));
            oscillation.losses[1] +=
                2.0 * (report.flow_error + turned * largest_norm(&diagonals.correlation));
        }
        Ok(oscillation)
    }

    /// The solutions at `times` by one contour; their errors hold what the solves leave. The whole
    /// covariance is found where `oscillation` has its.
    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        oscillation: Oscillation,
        keep: &dyn Fn(usize) -> bool,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError> {
        let mut sums = oscillation.sums;
        let mut deviations = vec![vec![0.0; self.deviation.len()]; times.len()];
        let mut deviation_sums = deviations.clone();
        // Of the variances, of what carries the current, and of the means.
        let [variance, flow] = oscillation.losses;
        let mut losses = vec![[variance, flow, 0.0]; times.len()];
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        for (number, &(s, weight)) in contour.nodes.iter().enumerate() {
            let given = (&self.start[..], &self.constant_source[..]);
            let (w, envelopes) =
                envelope::at_node(self.equations, &self.periodic, given, &start, s)?;
            let weights: Vec<Complex64> =
                times.iter().map(|t| 2.0 * weight * (s * t.hi).exp()).collect();
            for envelope in envelopes {
                let source = Source {
                    state: envelope.state,
                    scale: Complex64::ONE,
                    momenta: &envelope.momenta,
                };
                let turned = |i: usize| weights[i] * self.periodic.turn(envelope.order, times[i]);
                let mut targets = targets(&mut sums, turned);
                let (report, diagonals) = self.equations.solve_diagonals(
                    envelope.shift,
                    source,
                    &mut targets,
                    self.solve_tolerance,
                )?;
                for (i, sums) in sums.iter_mut().enumerate() {
                    sums.add(turned(i), turned(i) / envelope.shift, &diagonals);
                }
                // What refinement would still change, four times since the residual has roundings
                // too, and those of the transforms.
                let variance = 4.0 * report.error + ROUNDINGS * largest_norm(&diagonals.variance);
                let flow =
                    4.0 * report.flow_error + ROUNDINGS * largest_norm(&diagonals.correlation);
                for (losses, weight) in losses.iter_mut().zip(&weights) {
                    losses[0] += weight.norm() * variance;
                    losses[1] += weight.norm() * flow;
                }
                counts.solves += 1;
                monitor.check()?;
            }
            for (i, weight) in weights.iter().enumerate() {
                losses[i][2] += ROUNDINGS * weight.norm() * largest_norm(&w);
                for ((value, sum), w) in
                    deviations[i].iter_mut().zip(&mut deviation_sums[i]).zip(&w)
                {
                    *value += (weight * w).re;
                    *sum += (weight / s * w).re;
                }
            }
            let (share, last) =
                ((number + 1) as f64 / contour.nodes.len() as f64, times[times.len() - 1].hi);
            monitor.advance(Progress {
                share,
                time: last,
                solves: counts.solves,
                ..Default::default()
            })?;
        }
        let parts = sums.into_iter().zip(deviations.iter().zip(&deviation_sums)).enumerate();
        parts
            .map(|(i, (sums, (w, w_sum)))| {
                self.solution(times[i], sums, [w, w_sum], losses[i], keep(i))
            })
            .collect()
    }

    /// Puts C = Y - w wᵀ + T_ref together.
    fn solution(
        &self,
        time: Double,
        sums: Sums,
        [w, w_sum]: [&[f64]; 2],
        [loss, flow_loss, mean_loss]: [f64; 3],
        keep: bool,
    ) -> Result<Solution, EvolveError> {
        let chain = self.equations.chain();
        let variance: Vec<f64> =
            sums.variance.iter().zip(w).map(|(y, w)| y - w * w + self.reference).collect();
        let pair = |bond: usize| chain.left_pair(bond);
        let correlation: Vec<f64> = sums
            .correlation
            .iter()
            .enumerate()
            .map(|(bond, y)| y - w[pair(bond).0] * w[pair(bond).1])
            .collect();
        let covariance = sums.state.map(|state| {
            let mut covariance = self.equations.matrix(&state);
            drop(state);
            covariance.indexed_iter_mut().for_each(|((i, j), c)| *c -= w[i] * w[j]);
            covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
            covariance
        });
        let mean: Vec<f64> = self.periodic.at(time).iter().zip(w).map(|(s, w)| s + w).collect();
        let solve = |shift: Complex64, f: &[Complex64]| self.equations.solve_mean(shift, f);
        let mut integrals = envelope::mean_integrals(
            chain,
            solve,
            &self.periodic,
            &self.deviation,
            (w, w_sum),
            time,
        )?;
        integrals
            .square
            .iter_mut()
            .zip(&sums.variance_integral)
            .for_each(|(z, y)| *z += y + self.reference * time.hi);
        integrals.product.iter_mut().zip(&sums.correlation_integral).for_each(|(z, y)| *z += y);
        // The parts are put together to some roundings of theirs.
        let rounding = 32.0 * f64::EPSILON;
        let mean_loss =
            mean_loss + rounding * largest(&mean) + largest(&self.periodic.errors_at(time.hi));
        let loss = loss + rounding * largest(&variance) + 2.0 * largest(w) * mean_loss;
        // A correlation is a sum of small numbers; at the ends a variance meets its thermostat's
        // temperature.
        let ends = chain.friction().into_iter().fold(0.0, f64::max) * largest(&variance);
        let flow = flow_loss
            + 2.0 * largest(w) * mean_loss
            + rounding * largest(&correlation)
            + f64::EPSILON * (largest(&variance) + 64.0 * ends);
        let errors = MomentErrors {
            mean_r: mean_loss,
            mean_p: mean_loss,
            var_r: loss,
            var_p: loss,
            correlation: flow,
        };
        let consistency = match &covariance {
            Some(covariance) => Consistency::of(covariance.view()),
            None => Consistency::of_bonds(chain, &variance, &correlation),
        };
        let covariance = covariance.filter(|_| keep);
        let moments = Moments { time, mean, variance, correlation, inflow: None, covariance };
        Ok(Solution {
            moments,
            errors,
            consistency: Some(consistency),
            integrals: Some(integrals),
            variance_integral: None,
        })
    }
}

/// Where the whole covariances of the output times are summed, with their weights.
fn targets(sums: &mut [Sums], weight: impl Fn(usize) -> Complex64) -> Vec<Target<'_>> {
    let states = sums
        .iter_mut()
        .enumerate()
        .filter_map(|(i, sums)| sums.state.as_mut().map(|state| (i, state)));
    states.map(|(i, state)| Target { weight: weight(i), state }).collect()
}
