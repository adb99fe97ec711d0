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
//! One complex shifted solve a node; times within a modest ratio share a contour ([`super::hyperbola`]). Everything is done on
//! two contours, the second with two nodes more: their difference, the error of the first, bounds that of the second, which is
//! the answer. The contour must stay among |s| < γ, where the transform is analytic off the negative axis: times τ ≥ 300/γ.

use super::hyperbola::{self, Contour};
use super::radau::{Counts, EvolveError, Progress, reference_temperature};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, TimeIntegrals, largest};
use crate::covariance::{MomentEquations, Source, Target};
use ndarray::Array1;
use num_complex::Complex64;

/// The weights amplify what a solve leaves some hundredfold, and a late time's energy mode more: solve until rounding stops it.
const SOLVE_TOLERANCE: f64 = 2e-15;

/// Times at most that share a contour: each keeps two states.
const SHARED: usize = 6;

/// The least microscopic time for which the contour serves; `None` where it never does.
pub fn earliest(chain: &Chain) -> Option<f64> {
    let autonomous = chain.force.harmonics.is_empty() && chain.stationary_momentum().is_some();
    (autonomous && chain.flip_rate > 0.0).then(|| 300.0 / chain.flip_rate)
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
    let problem = Problem::new(equations, law, SOLVE_TOLERANCE);
    // The current is 1/N of the energies (measured: errors of 20 goals). The time integrals grow like t, a double pole at s = 0, where the
    // hyperbola turns: their errors are some hundred goals of the last time's value (measured: balances violated by 600 goals).
    let goal = (1e-4 * tolerance).max(1e-15);
    let mut counts = Counts::default();
    let mut solutions = Vec::with_capacity(times.len());
    for run in hyperbola::shared(times, goal, SHARED) {
        let group = &times[run.clone()];
        let (first, last) = (group[0], group[group.len() - 1]);
        let nodes = hyperbola::nodes_for(last / first, goal);
        let mut evaluate = |extra: usize, keep: &dyn Fn(usize) -> bool| {
            problem.invert(&Contour::new(first, last, nodes + extra), group, keep, &mut counts, progress)
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
    /// z̄_s
    stationary: Vec<f64>,
    /// w(0)
    deviation: Vec<f64>,
    /// Y(0) less the reference state.
    start: Vec<f64>,
    /// 4γ p_s² + 2λ(T - T_ref)
    constant_source: Vec<f64>,
}

impl<'a, E: MomentEquations> Problem<'a, E> {
    fn new(equations: &'a E, law: &InitialLaw, solve_tolerance: f64) -> Self {
        let chain = equations.chain();
        let reference = reference_temperature(chain, law);
        let stationary = chain.stationary_mean().expect("asked only where the mean has a stationary value");
        let deviation: Vec<f64> = law.mean().iter().zip(&stationary).map(|(z, s)| z - s).collect();
        let w = Array1::from(deviation.clone());
        let column = w.view().insert_axis(ndarray::Axis(1));
        let start = law.covariance_above(reference) + column.dot(&column.t());
        let constant_source = chain.covariance_source(&stationary[chain.bonds..], reference);
        Problem {
            equations,
            reference,
            solve_tolerance,
            start: equations.represent(&start),
            stationary,
            deviation,
            constant_source,
        }
    }

    /// The solutions at `times` by one contour; their errors hold what the solves leave.
    fn invert(
        &self,
        contour: &Contour,
        times: &[f64],
        keep: &dyn Fn(usize) -> bool,
        counts: &mut Counts,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Solution>, EvolveError> {
        let chain = self.equations.chain();
        let p_s = self.stationary[self.stationary.len() - 1];
        let len = self.equations.state_len();
        let mut states = vec![vec![0.0; len]; times.len()];
        let mut sums = states.clone();
        let mut deviations = vec![vec![0.0; self.deviation.len()]; times.len()];
        let mut deviation_sums = deviations.clone();
        let mut losses = vec![0.0; times.len()];
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        for &(s, weight) in &contour.nodes {
            let w = self.equations.solve_mean(s, &start)?;
            let momenta: Vec<Complex64> = self
                .constant_source
                .iter()
                .zip(&w[chain.bonds..])
                .map(|(q, u)| q / s + 8.0 * chain.flip_rate * p_s * u)
                .collect();
            let weights: Vec<Complex64> = times.iter().map(|t| 2.0 * weight * (s * t).exp()).collect();
            let source = Source { state: Some(&self.start), scale: Complex64::ONE, momenta: &momenta };
            let mut targets: Vec<Target<'_>> = Vec::with_capacity(2 * times.len());
            for ((state, sum), &weight) in states.iter_mut().zip(&mut sums).zip(&weights) {
                targets.push(Target { weight, state });
                targets.push(Target { weight: weight / s, state: sum });
            }
            let report = self.equations.solve(s, source, &mut targets, self.solve_tolerance)?;
            for (i, weight) in weights.iter().enumerate() {
                losses[i] += 2.0 * weight.norm() * report.error;
                for ((value, sum), w) in deviations[i].iter_mut().zip(&mut deviation_sums[i]).zip(&w) {
                    *value += (weight * w).re;
                    *sum += (weight / s * w).re;
                }
            }
            counts.solves += 1;
            if !progress(times[0], *counts) {
                return Err(EvolveError::Interrupted);
            }
        }
        let parts = states.iter().zip(&sums).zip(deviations.iter().zip(&deviation_sums)).enumerate();
        Ok(parts
            .map(|(i, ((state, sum), (w, w_sum)))| self.solution(times[i], state, sum, w, w_sum, losses[i], keep(i)))
            .collect())
    }

    /// Puts C = Y - w wᵀ + T_ref together.
    #[allow(clippy::too_many_arguments)]
    fn solution(
        &self,
        time: f64,
        state: &[f64],
        sum: &[f64],
        w: &[f64],
        w_sum: &[f64],
        loss: f64,
        keep: bool,
    ) -> Solution {
        let chain = self.equations.chain();
        let mut covariance = self.equations.matrix(state);
        for ((i, j), c) in covariance.indexed_iter_mut() {
            *c -= w[i] * w[j];
        }
        covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
        let variance = covariance.diag().to_vec();
        let correlation = chain.left_correlations(covariance.view());
        let mean: Vec<f64> = self.stationary.iter().zip(w).map(|(s, w)| s + w).collect();
        let sums = self.equations.matrix(sum);
        // E z_i z_j = Y_ij + z_s,i z_s,j + z_s,i w_j + w_i z_s,j
        let second = |i: usize, j: usize| {
            let z = &self.stationary;
            sums[[i, j]] + z[i] * z[j] * time + z[i] * w_sum[j] + w_sum[i] * z[j]
        };
        let last = mean.len() - 1;
        let mean_sum: Vec<f64> = self.stationary.iter().zip(w_sum).map(|(s, w)| s * time + w).collect();
        let integrals = TimeIntegrals {
            square: (0..mean.len()).map(|i| second(i, i) + self.reference * time).collect(),
            product: (0..chain.bonds).map(|bond| chain.left_pair(bond)).map(|(p, r)| second(p, r)).collect(),
            work: chain.force.mean * mean_sum[last],
            mean: mean_sum,
        };
        // Sums over the nodes and the transforms of the modes leave some tens of roundings.
        let rounding = 256.0 * f64::EPSILON;
        let (mean_loss, loss) = (rounding * largest(&mean), loss + rounding * largest(&variance));
        let errors = MomentErrors { mean_r: mean_loss, mean_p: mean_loss, var_r: loss, var_p: loss, correlation: loss };
        let consistency = Consistency::of(covariance.view());
        let covariance = keep.then_some(covariance);
        let moments = Moments { time, mean, variance, correlation, covariance };
        Solution { moments, errors, consistency, integrals: Some(integrals) }
    }
}
