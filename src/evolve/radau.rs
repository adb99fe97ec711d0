//! Adaptive Radau IIA steps for the means and the covariance together.
//!
//! Every step is a handful of shifted solves (σ - 𝓛) X = R; no stage is stored. Two trajectories run side by side, one with
//! steps H and one with two steps of H/2. The second is the answer; their difference, divided by 2^(s-1), is its error
//! estimate. The order is 2s-1 on smooth components and s+1 on stiff ones (Hairer and Wanner II, section IV.15), so halving
//! the step gains at least 2^(s+1); the factor 4 is for steps outside the asymptotic range (seen: 1.3 on a ring's slow waves).
//! Residuals of the solves and the roundings of the sum over the branches are added.
//! Step sizes follow the growth of the difference, so they become diffusive once the fast modes have died.
//! Cost: 3 s/2 complex solves a step of H; memory: four states.

use super::tableau::Tableau;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::{MomentEquations, SolveError, Source, Target};
use ndarray::Array2;
use num_complex::Complex64;

/// Means and covariance at one output time.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Microscopic time.
    pub time: f64,
    /// r̄, p̄ in the theory's order.
    pub mean: Vec<f64>,
    /// C in the theory's order.
    pub covariance: Array2<f64>,
    /// Estimated largest error of the means.
    pub mean_error: f64,
    /// Estimated largest error of a variance.
    pub variance_error: f64,
}

/// Work done by an evolution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted steps of the coarse trajectory.
    pub steps: usize,
    /// Rejected steps.
    pub rejected: usize,
    /// Shifted solves.
    pub solves: usize,
}

/// Why an evolution ended early.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum EvolveError {
    /// A shifted solve failed.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// The step became too small.
    #[error("the step size fell below rounding at τ = {time:.6e}: the tolerance {tolerance:.1e} cannot be reached")]
    StepTooSmall {
        /// Microscopic time.
        time: f64,
        /// Tolerance asked.
        tolerance: f64,
    },
}

/// A point of a trajectory: the means, and C less the reference state T_ref·1.
#[derive(Clone)]
struct Point {
    mean: Vec<f64>,
    state: Vec<f64>,
}

/// Seven stages: of 3, 5 and 7 the fewest solves at tolerances of 1e-6 and below.
const STAGES: usize = 7;

/// The temperature whose uniform state is split off: a thermostat's, or the mean initial one.
fn reference_temperature(chain: &Chain, law: &InitialLaw) -> f64 {
    let mean = law.var_p.iter().sum::<f64>() / law.var_p.len() as f64;
    chain.left.or(chain.right).map_or(mean, |t| t.temperature)
}

/// Evolves the moments from independent initial coordinates to the ascending microscopic `times`, to `tolerance`
/// relative to the largest variance and mean.
pub fn evolve<E: MomentEquations>(
    equations: &E,
    law: &InitialLaw,
    times: &[f64],
    tolerance: f64,
) -> Result<(Vec<Moments>, Counts), EvolveError> {
    let chain = equations.chain();
    let reference = reference_temperature(chain, law);
    let initial: Vec<f64> = law.var_r.iter().chain(&law.var_p).map(|v| v - reference).collect();
    let start = Point {
        mean: law.mean_r.iter().chain(&law.mean_p).copied().collect(),
        state: equations.represent(&Array2::from_diag(&ndarray::Array1::from(initial))),
    };
    let run =
        Run { equations, tableau: Tableau::radau(STAGES), reference, solve_tolerance: (1e-5 * tolerance).max(1e-14) };
    let ratio = 2f64.powi(STAGES as i32 - 1);
    let size = |p: &Point| 1.0 + p.mean.iter().fold(reference, |m: f64, x| m.max(x.abs()));
    let allowed = tolerance * ratio * size(&start);
    let (mut fine, mut coarse) = (start.clone(), start);
    let (mut time, mut counts, mut residuals, mut roundings) = (0.0, Counts::default(), 0.0, 64.0 * f64::EPSILON);
    let mut distance = 0.0;
    let mut wanted = 0.2 / (1.0 + chain.flip_rate + chain.friction().iter().sum::<f64>());
    let mut outputs = Vec::with_capacity(times.len());
    for &output in times {
        while time < output {
            // The last steps before an output share what is left.
            let left = output - time;
            let step = if wanted >= left {
                left
            } else if 2.0 * wanted > left {
                left / 2.0
            } else {
                wanted
            };
            if time + step <= time {
                return Err(EvolveError::StepTooSmall { time, tolerance });
            }
            let (next_coarse, _) = run.step(&coarse, time, step)?;
            let (half, first) = run.step(&fine, time, step / 2.0)?;
            let (next_fine, second) = run.step(&half, time + step / 2.0, step / 2.0)?;
            counts.solves += 3 * run.tableau.branches.len();
            let next_distance = run.distance(&next_coarse, &next_fine);
            let growth = (next_distance - distance).max(1e-4 * next_distance);
            let factor = (0.004 * allowed / growth.max(1e-300)).powf(1.0 / (2 * STAGES) as f64) * 0.9;
            if growth > 0.02 * allowed && step > 1e-12 * time {
                counts.rejected += 1;
                wanted = step * factor.clamp(0.2, 0.9);
                continue;
            }
            counts.steps += 1;
            residuals += first + second;
            roundings += 8.0 * f64::EPSILON;
            time = if step == left { output } else { time + step };
            (coarse, fine, distance) = (next_coarse, next_fine, next_distance);
            wanted = (step * factor.clamp(0.3, 3.0)).max(if step < wanted { wanted } else { 0.0 });
        }
        outputs.push(run.moments(output, &fine, &coarse, ratio, residuals, roundings));
    }
    Ok((outputs, counts))
}

struct Run<'a, E> {
    equations: &'a E,
    tableau: Tableau,
    reference: f64,
    solve_tolerance: f64,
}

impl<E: MomentEquations> Run<'_, E> {
    /// One step of length h, and the error that the solves' residuals and the roundings of the increment may leave.
    ///
    /// With V_j = α_j y + D_j the branches carry increments, (λ_j/h - 𝓛) D_j = α_j 𝓛y + (T⁻¹G)_j, y(h) = y + Σ_j T_sj D_j: the sum
    /// amplifies rounding and residuals by Σ_j |T_sj α_j|, a thousand at seven stages, and so it amplifies those of an increment only.
    fn step(&self, from: &Point, time: f64, h: f64) -> Result<(Point, f64), SolveError> {
        let (chain, tableau) = (self.equations.chain(), &self.tableau);
        let (stages, last) = (tableau.nodes.len(), from.mean.len() - 1);
        let force: Vec<f64> = tableau.nodes.iter().map(|c| chain.force.at(time + c * h)).collect();
        let drift = chain.drift_of(&from.mean);
        let mut means = vec![from.mean.clone(); stages];
        for branch in &tableau.branches {
            let mut f: Vec<Complex64> = drift.iter().map(|&z| branch.scale * z).collect();
            if !self.is_ring() {
                f[last] += branch.row.iter().zip(&force).map(|(t, f)| t * f).sum::<Complex64>();
            }
            let increment = self.equations.solve_mean(branch.eigenvalue / h, &f)?;
            for (mean, t) in means.iter_mut().zip(&branch.column) {
                mean.iter_mut().zip(&increment).for_each(|(z, d)| *z += (t * d).re);
            }
        }
        let sources: Vec<Vec<f64>> =
            means.iter().map(|z| chain.covariance_source(&z[chain.bonds..], self.reference)).collect();
        let change = self.equations.generator(&from.state);
        let mut state = from.state.clone();
        let mut error = 0.0;
        for branch in &tableau.branches {
            let momenta: Vec<Complex64> =
                (0..chain.atoms()).map(|n| branch.row.iter().zip(&sources).map(|(t, q)| t * q[n]).sum()).collect();
            let source = Source { state: Some(&change), scale: branch.scale, momenta: &momenta };
            let (shift, weight) = (branch.eigenvalue / h, branch.column[stages - 1]);
            let target = Target { weight, state: &mut state };
            let report = self.equations.solve(shift, source, &mut [target], self.solve_tolerance)?;
            error += 4.0 * weight.norm() * report.error;
        }
        let mean = means.pop().expect("a method has stages");
        let to = Point { mean, state };
        let amplification: f64 = tableau.branches.iter().map(|b| (b.column[stages - 1] * b.scale).norm()).sum();
        error += 4.0 * f64::EPSILON * amplification * self.distance(from, &to);
        Ok((to, error))
    }

    fn is_ring(&self) -> bool {
        self.equations.chain().topology == crate::scenario::Topology::Ring
    }

    /// Frobenius distance of the covariances and Euclidean distance of the means.
    fn distance(&self, a: &Point, b: &Point) -> f64 {
        let difference: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a - b).collect();
        let mean = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        self.equations.norm(&difference).max(mean)
    }

    fn moments(&self, time: f64, fine: &Point, coarse: &Point, ratio: f64, residuals: f64, roundings: f64) -> Moments {
        let mut covariance = self.equations.matrix(&fine.state);
        covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
        let difference: Vec<f64> = fine.state.iter().zip(&coarse.state).map(|(a, b)| a - b).collect();
        let variances = self.equations.matrix(&difference);
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |m: f64, x| m.max(x.abs()));
        let scale = largest(&mut covariance.diag().iter().copied());
        Moments {
            time,
            mean_error: largest(&mut fine.mean.iter().zip(&coarse.mean).map(|(a, b)| a - b)) / ratio
                + residuals
                + roundings * largest(&mut fine.mean.iter().copied()),
            variance_error: largest(&mut variances.diag().iter().copied()) / ratio + residuals + roundings * scale,
            mean: fine.mean.clone(),
            covariance,
        }
    }
}
