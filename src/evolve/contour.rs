//! The moments at chosen times without steps: the inverse Laplace transform of the moment equations on a hyperbola.
//!
//! For a constant force let w = z̄ - z̄_s be the distance of the means from their stationary values, u its momenta. The matrix
//! Y = C + w wᵀ obeys dY/dτ = 𝓛Y + diag_p( 4γ(p_s² + 2 p_s u) + 2λT ), Y(0) = C(0) + w(0) w(0)ᵀ, because
//! p̄² = p_s² + 2 p_s u + u² and 𝓛(w wᵀ) takes up u². Its source is linear in u, so
//!
//! ```text
//! (s - 𝓛) Ŷ = Y(0) + diag_p( (4γ p_s² + 2λT)/s + 8γ p_s û(s) ),     û = [(s - B)⁻¹ w(0)]_p.
//! ```
//!
//! A periodic force adds envelopes to this, [`super::envelope`]. One complex shifted solve a node; times within a modest ratio share a contour ([`super::hyperbola`]). Everything is done on
//! two contours, the second with two nodes more: their difference, the error of the first, bounds that of the second, which is
//! the answer. The contour must stay among |s| < γ, where the transform is analytic off the negative axis: times τ ≥ 300/γ.

use super::envelope;
use super::hyperbola::{self, Contour};
use super::radau::{Counts, EvolveError, Progress, reference_temperature};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError, Source, Target};
use ndarray::Array1;
use num_complex::Complex64;

/// The weights amplify what a solve leaves some hundredfold, and a late time's energy mode more: solve until rounding stops it.
const SOLVE_TOLERANCE: f64 = 2e-15;

/// Times at most that share a contour: each keeps two states.
const SHARED: usize = 6;

/// The least microscopic time for which the contour serves; `None` where it never does.
pub fn earliest(chain: &Chain) -> Option<f64> {
    let serves = chain.flip_rate > 0.0 && chain.stationary_momentum().is_some();
    let period = if chain.force.harmonics.is_empty() { 0.0 } else { envelope::EARLIEST_PHASE / chain.force.frequency };
    serves.then(|| period.max(300.0 / chain.flip_rate))
}

/// The moments at ascending `times`, each at least [`earliest`]. Arguments as for [`super::radau::evolve`]; `counts.solves` counts nodes.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[f64],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    progress: &mut Progress<'_>,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let problem = Problem::new(equations, law, SOLVE_TOLERANCE)?;
    // The current is 1/N of the energies (measured: errors of 20 goals). The time integrals grow like t, a double pole at s = 0, where the
    // hyperbola turns: their errors are some hundred goals of the last time's value (measured: balances violated by 600 goals).
    let goal = (1e-4 * tolerance).max(1e-15);
    let mut counts = Counts::default();
    let mut solutions = Vec::with_capacity(times.len());
    for run in hyperbola::shared(times, goal, SHARED) {
        let group = &times[run.clone()];
        let oscillation = problem.oscillation(group)?;
        let (first, last) = (group[0], group[group.len() - 1]);
        let nodes = hyperbola::nodes_for(last / first, goal);
        let mut evaluate = |extra: usize, keep: &dyn Fn(usize) -> bool| {
            problem.invert(&Contour::new(first, last, nodes + extra), group, &oscillation, keep, &mut counts, progress)
        };
        let coarse = evaluate(0, &|_| false)?;
        let mut fine = evaluate(2, &|i| keep(run.start + i))?;
        for (fine, coarse) in fine.iter_mut().zip(&coarse) {
            fine.errors = fine.errors.with_distance(equations.chain(), &fine.moments, &coarse.moments);
        }
        solutions.append(&mut fine);
    }
    Ok((solutions, counts))
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

/// Σ_(m≠0) C_m e^(imωτ) and its time integral at some times, and what the solves leave.
struct Oscillation {
    states: Vec<Vec<f64>>,
    sums: Vec<Vec<f64>>,
    loss: f64,
}

impl<'a, E: MomentEquations> Problem<'a, E> {
    fn new(equations: &'a E, law: &InitialLaw, solve_tolerance: f64) -> Result<Self, SolveError> {
        let chain = equations.chain();
        let reference = reference_temperature(chain, law);
        let periodic = PeriodicMean::new(equations)?.expect("asked only where the mean has a stationary value");
        let deviation: Vec<f64> = law.mean().iter().zip(periodic.at(0.0)).map(|(z, s)| z - s).collect();
        let w = Array1::from(deviation.clone());
        let column = w.view().insert_axis(ndarray::Axis(1));
        let start = law.covariance_above(reference) + column.dot(&column.t());
        let squares = periodic.momentum_squares(0);
        let constant_source = chain.covariance_source_of(squares.iter().map(|q| q.re), reference);
        let mut start = equations.represent(&start);
        let mut problem =
            Problem { equations, reference, solve_tolerance, periodic, deviation, start: vec![], constant_source };
        let oscillation = problem.oscillation(&[0.0])?;
        start.iter_mut().zip(&oscillation.states[0]).for_each(|(y, c)| *y -= c);
        problem.start = start;
        Ok(problem)
    }

    /// Σ_(m≠0) C_m e^(imωτ) and its integral at every time.
    fn oscillation(&self, times: &[f64]) -> Result<Oscillation, SolveError> {
        let mut states = vec![vec![0.0; self.equations.state_len()]; times.len()];
        let mut sums = states.clone();
        let mut loss = 0.0;
        for order in self.periodic.square_orders().into_iter().filter(|&order| order > 0) {
            let mut targets = Vec::with_capacity(2 * times.len());
            for ((state, sum), &time) in states.iter_mut().zip(&mut sums).zip(times) {
                targets.push(Target { weight: 2.0 * self.periodic.turn(order, time), state });
                targets.push(Target { weight: 2.0 * self.periodic.turn_integral(order, time), state: sum });
            }
            let report = self.periodic.add_covariance(self.equations, order, &mut targets, self.solve_tolerance)?;
            loss += 2.0 * report.error;
        }
        Ok(Oscillation { states, sums, loss })
    }

    /// The solutions at `times` by one contour; their errors hold what the solves leave.
    fn invert(
        &self,
        contour: &Contour,
        times: &[f64],
        oscillation: &Oscillation,
        keep: &dyn Fn(usize) -> bool,
        counts: &mut Counts,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Solution>, EvolveError> {
        let (mut states, mut sums) = (oscillation.states.clone(), oscillation.sums.clone());
        let mut deviations = vec![vec![0.0; self.deviation.len()]; times.len()];
        let mut deviation_sums = deviations.clone();
        let mut losses = vec![oscillation.loss; times.len()];
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        for &(s, weight) in &contour.nodes {
            let given = (&self.start[..], &self.constant_source[..]);
            let (w, envelopes) = envelope::at_node(self.equations, &self.periodic, given, &start, s)?;
            let weights: Vec<Complex64> = times.iter().map(|t| 2.0 * weight * (s * t).exp()).collect();
            for envelope in envelopes {
                let source = Source { state: envelope.state, scale: Complex64::ONE, momenta: &envelope.momenta };
                let mut targets: Vec<Target<'_>> = Vec::with_capacity(2 * times.len());
                for (i, (state, sum)) in states.iter_mut().zip(&mut sums).enumerate() {
                    let weight = weights[i] * self.periodic.turn(envelope.order, times[i]);
                    targets.push(Target { weight, state });
                    targets.push(Target { weight: weight / envelope.shift, state: sum });
                }
                let report = self.equations.solve(envelope.shift, source, &mut targets, self.solve_tolerance)?;
                losses.iter_mut().zip(&weights).for_each(|(loss, weight)| *loss += 2.0 * weight.norm() * report.error);
                counts.solves += 1;
                if !progress(times[0], *counts) {
                    return Err(EvolveError::Interrupted);
                }
            }
            for (i, weight) in weights.iter().enumerate() {
                for ((value, sum), w) in deviations[i].iter_mut().zip(&mut deviation_sums[i]).zip(&w) {
                    *value += (weight * w).re;
                    *sum += (weight / s * w).re;
                }
            }
        }
        let parts = states.iter().zip(&sums).zip(deviations.iter().zip(&deviation_sums)).enumerate();
        parts
            .map(|(i, ((state, sum), (w, w_sum)))| {
                self.solution(times[i], [state, sum], [w, w_sum], losses[i], keep(i))
            })
            .collect()
    }

    /// Puts C = Y - w wᵀ + T_ref together.
    fn solution(
        &self,
        time: f64,
        [state, sum]: [&[f64]; 2],
        [w, w_sum]: [&[f64]; 2],
        loss: f64,
        keep: bool,
    ) -> Result<Solution, EvolveError> {
        let chain = self.equations.chain();
        let mut covariance = self.equations.matrix(state);
        for ((i, j), c) in covariance.indexed_iter_mut() {
            *c -= w[i] * w[j];
        }
        covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
        let variance = covariance.diag().to_vec();
        let correlation = chain.left_correlations(covariance.view());
        let mean: Vec<f64> = self.periodic.at(time).iter().zip(w).map(|(s, w)| s + w).collect();
        let sums = self.equations.matrix(sum);
        let mut integrals =
            envelope::mean_integrals(self.equations, &self.periodic, &self.deviation, (w, w_sum), time)?;
        integrals.square.iter_mut().zip(sums.diag()).for_each(|(z, y)| *z += y + self.reference * time);
        integrals.product.iter_mut().zip(chain.left_correlations(sums.view())).for_each(|(z, y)| *z += y);
        // Sums over the nodes and the transforms of the modes leave some tens of roundings.
        let rounding = 256.0 * f64::EPSILON;
        let mean_loss = rounding * largest(&mean) + self.periodic.error;
        let loss = loss + rounding * largest(&variance);
        let errors = MomentErrors { mean_r: mean_loss, mean_p: mean_loss, var_r: loss, var_p: loss, correlation: loss };
        let consistency = Consistency::of(covariance.view());
        let covariance = keep.then_some(covariance);
        let moments = Moments { time, mean, variance, correlation, covariance };
        Ok(Solution {
            moments,
            errors,
            consistency: Some(consistency),
            integrals: Some(integrals),
            missing_power: None,
        })
    }
}
