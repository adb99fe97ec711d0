//! Adaptive Radau IIA steps for the means and the covariance together.
//!
//! Every step is a handful of shifted solves (σ - 𝓛) X = R; no stage is stored. Two trajectories
//! run side by side, one with steps H and one with two steps of H/2. The second is the answer; its
//! error estimate is made of their distance (`GAIN`), of what the steps lose of motion that they do
//! not resolve (`src/evolve/unresolved.rs`), the residuals of the solves, the roundings of the
//! sums, and what the balance of the total energy misses. Step sizes follow the growth of the
//! difference, so they become diffusive once the fast modes have died. Cost: 3 s/2 complex solves a
//! step of H, a third more while fast modes die; memory: four states.

use super::means;
use super::step_size::StepSize;
use super::tableau::Tableau;
use super::unresolved::{CAUTION, RESOLVED, Unresolved};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{
    Consistency, MomentErrors, Moments, Solution, TimeIntegrals, apart, largest,
};
use crate::covariance::{MomentEquations, Shifted, SolveError, Source};
use crate::monitor::{Interrupted, Monitor, Progress, record};
use crate::numerics::double_double::{exact, phase_error};
use crate::scenario::Topology;
use ndarray::Array2;
use num_complex::Complex64;

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

record!(Counts { steps, rejected, solves });

/// Why an evolution ended early.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum EvolveError {
    /// A shifted solve failed.
    #[error(transparent)]
    Solve(SolveError),
    /// The caller ended the run.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The step became too small.
    #[error(
        "the step size fell below rounding at τ = {time:.6e}: the tolerance {tolerance:.1e} cannot be reached"
    )]
    StepTooSmall {
        /// Microscopic time.
        time: f64,
        /// Tolerance asked.
        tolerance: f64,
    },
    /// The error, of roundings, has outgrown the solution.
    #[error(
        "at τ = {time:.3e} the error is as large as anything that the chain can hold: its rates (flips, frictions, 1/time) are too far apart for steps"
    )]
    Lost {
        /// Microscopic time.
        time: f64,
    },
    /// The contour does not reach so far back.
    #[error(
        "the profiles without the covariance are had from τ = {earliest:.3e} on, not at τ = {time:.3e}"
    )]
    TooEarly {
        /// Microscopic time.
        time: f64,
        /// [`super::profiles::earliest`]
        earliest: f64,
    },
}

impl From<SolveError> for EvolveError {
    fn from(error: SolveError) -> EvolveError {
        match error {
            SolveError::Interrupted(end) => end.into(),
            other => EvolveError::Solve(other),
        }
    }
}

/// A point of a trajectory: the means, and C less the reference state T_ref·1.
#[derive(Clone)]
struct Point {
    mean: Vec<f64>,
    state: Vec<f64>,
}

/// Integrals along a trajectory; `state` is ∫ (C - T_ref), the variances and correlations are read
/// off it at an output.
#[derive(Clone, Default)]
struct Path {
    state: Vec<f64>,
    /// The means' part.
    means: TimeIntegrals,
}

/// Errors that add up along a trajectory.
#[derive(Clone, Copy, Default)]
struct Losses {
    /// Absolute, of the variances: residuals of the solves and roundings of the increments.
    variance: f64,
    /// Absolute, of the means.
    mean: f64,
}

record!(Point { mean, state });
record!(Path { state, means });
record!(Losses { variance, mean });

/// Where an evolution stands between two steps; it can go on from here.
struct Walk {
    time: Double,
    fine: Point,
    coarse: Point,
    path: Path,
    losses: Losses,
    unresolved: Unresolved,
    distance: f64,
    size: StepSize,
    counts: Counts,
    /// The outputs passed.
    outputs: Vec<Solution>,
}
record!(Walk { time, fine, coarse, path, losses, unresolved, distance, size, counts, outputs });

impl Losses {
    /// What was lost since.
    fn since(&self, before: &Losses) -> f64 {
        (self.variance - before.variance).max(self.mean - before.mean)
    }
}

/// Seven stages: fewer solves than 3 or 5 at every tolerance below 1e-6 (measured on the uphill
/// scenario: 60 steps against 88 of five stages at 1e-10).
pub(super) const STAGES: usize = 7;

/// The temperature whose uniform state is split off: the coldest of all. What is left, C less it, is
/// positive at the start and gets positive sources, so it is positive for ever. Small variances are
/// then sums of what is small, and near equilibrium only the difference from it has roundings.
pub(super) fn reference_temperature(chain: &Chain, law: &InitialLaw) -> f64 {
    chain.coldest().map_or(law.coldest(), |end| end.min(law.coldest()))
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
    let highest =
        chain.force.harmonics.last().map_or(0.0, |(l, _)| *l as f64 * chain.force.frequency.hi);
    let identity = equations.represent(&Array2::eye(n));
    let ring = chain.topology == Topology::Ring;
    let in_length = |i: usize| if i < bonds { 1.0 / (bonds as f64).sqrt() } else { 0.0 };
    let uniform = Array2::from_shape_fn((n, n), |(i, j)| in_length(i) * in_length(j));
    let uniform = ring.then(|| equations.represent(&uniform));
    let run = Run {
        equations,
        tableau: Tableau::radau(STAGES),
        reference,
        solve_tolerance: (1e-5 * tolerance).max(1e-14),
        energy: twice_energy(&start, &identity),
        length: uniform.as_ref().map_or(0.0, |uniform| product(&start.state, uniform)),
        highest,
        identity,
        uniform,
    };
    // Half of the tolerance is for what the distance stands for, the other half for the rest.
    let allowed = 0.5 * tolerance * GAIN * scale;
    let fast = 0.2 / (1.0 + chain.flip_rate + chain.friction().iter().sum::<f64>() + highest);
    // What the force keeps turning is resolved: the squares of the means turn at twice its
    // frequency.
    let longest = RESOLVED / (2.0 * highest);
    let last = times.last().map_or(0.0, |last| last.hi);
    let expected = expected_solves(chain, &times, tolerance);
    let norm = equations.norm(&start.state);
    let mut walk = monitor.kept("steps").unwrap_or_else(|| Walk {
        time: Double::default(),
        unresolved: Unresolved::new(chain, &start.mean, norm, 1e-3 * tolerance * scale),
        fine: start.clone(),
        coarse: start,
        path,
        losses: Losses::default(),
        distance: 0.0,
        size: StepSize::new(fast, last, longest, 2 * STAGES),
        counts: Counts::default(),
        outputs: Vec::with_capacity(times.len()),
    });
    for (index, &output) in times.iter().enumerate().skip(walk.outputs.len()) {
        while walk.time.hi < output.hi {
            let Walk { time: exact, losses, distance, .. } = walk;
            let (time, left) = (exact.hi, output.plus(exact.negated()).hi);
            let step = walk.size.next(left);
            if time + step <= time {
                return Err(EvolveError::StepTooSmall { time, tolerance });
            }
            let mut next_path = walk.path.clone();
            let mut next_losses = losses;
            // Where motion may be faster than the step, a fourth step tells what is lost.
            let looked = walk.unresolved.concerns(time, step);
            let mut all_steps = || {
                let alone =
                    |from: &Point| run.step(from, exact, step, None, &mut Losses::default());
                let coarse = alone(&walk.coarse)?;
                let half = run.step(
                    &walk.fine,
                    exact,
                    step / 2.0,
                    Some(&mut next_path),
                    &mut next_losses,
                )?;
                let fine = run.step(
                    &half,
                    exact.plus((step / 2.0).into()),
                    step / 2.0,
                    Some(&mut next_path),
                    &mut next_losses,
                )?;
                let whole = if looked { Some(alone(&walk.fine)?) } else { None };
                Ok((coarse, fine, whole))
            };
            let (next_coarse, next_fine, whole) = all_steps().inspect_err(|error| {
                if matches!(error, SolveError::Interrupted(_)) && walk.counts.steps > 0 {
                    monitor.keep("steps", &walk);
                }
            })?;
            walk.counts.solves += (3 + usize::from(looked)) * run.tableau.branches.len();
            let next_distance = run.distance(&next_coarse, &next_fine);
            let difference = whole.map(|whole| run.distance(&whole, &next_fine));
            // Twice the losses of the three steps, at all sites together.
            let rounding = 6.0 * (n as f64).sqrt() * next_losses.since(&losses);
            // A difference counts as the distance that would mean the same error.
            let lost =
                difference.map_or(0.0, |d| CAUTION * GAIN * (d - rounding).max(0.0) + rounding);
            let seen = next_distance.max(distance + lost);
            if !walk.size.accepts(time, step, [distance, seen], allowed, rounding) {
                walk.counts.rejected += 1;
                continue;
            }
            walk.counts.steps += 1;
            walk.time = if step == left { output } else { exact.plus(step.into()) };
            (walk.coarse, walk.fine, walk.path) = (next_coarse, next_fine, next_path);
            (walk.losses, walk.distance) = (next_losses, next_distance);
            walk.unresolved.advance(step, difference);
            let error = distance.max(next_distance) / GAIN
                + walk.unresolved.error(walk.time.hi)
                + walk.losses.variance.max(walk.losses.mean);
            let [first, second] = &mut walk.path.means.error;
            *first += step * error;
            *second += step * error * error;
            let progress = Progress {
                share: solves_until(chain, walk.time.hi, index, tolerance) / expected,
                time: walk.time.hi,
                steps: walk.counts.steps,
                solves: walk.counts.solves,
                error: walk.distance / GAIN + walk.unresolved.error(walk.time.hi),
            };
            // What start, thermostats and the force's work F²τ² can have put into a variance.
            // Nothing is left of it then, and steps hardly grow any more.
            let held = scale * scale.max(1.0) * (1.0 + walk.time.hi).powi(2);
            if walk.distance / GAIN + walk.losses.variance > held {
                return Err(EvolveError::Lost { time: walk.time.hi });
            }
            monitor.advance_from(progress, "steps", &walk)?;
        }
        if output.hi == 0.0 {
            walk.outputs.push(Solution::at_start(chain, law, keep(index)));
            continue;
        }
        let lost = walk.unresolved.error(output.hi);
        let found = run.solution(
            output,
            [&walk.fine, &walk.coarse],
            &walk.path,
            walk.losses,
            lost,
            keep(index),
        );
        walk.outputs.push(found);
    }
    Ok((walk.outputs, walk.counts))
}

/// How many shifted solves the steps to `times` take, about (fitted to runs at γ = 0.1, 1 and 10,
/// tolerances 1e-6 and 1e-9, with and without a periodic force): equal steps while flips have not
/// yet damped the waves, and while the force oscillates; in proportion to the time after that.
pub fn expected_solves(chain: &Chain, times: &[impl Copy + Into<Double>], tolerance: f64) -> f64 {
    let last = times.last().map_or(0.0, |&last| last.into().hi);
    solves_until(chain, last, times.len(), tolerance)
}

/// The same for the steps until the time `last`, with so many outputs on the way. Progress tells its
/// share by it, so that the time left goes by the same law as the price.
fn solves_until(chain: &Chain, last: f64, outputs: usize, tolerance: f64) -> f64 {
    let highest =
        chain.force.harmonics.last().map_or(0.0, |(l, _)| f64::from(*l) * chain.force.frequency.hi);
    let damped = if chain.flip_rate > 0.0 { 15.0 / chain.flip_rate } else { f64::INFINITY };
    let steps = last.min(damped) + 3.2 * (last / damped).ln_1p() + 0.8 * highest * last;
    let order = 2.0 * STAGES as f64;
    13.0 * (steps * (1e-9 / tolerance).powf(1.0 / order) + outputs as f64)
}

/// What halving the step gains at least while the step resolves what moves. The order is 2s-1 on
/// smooth components and s+1 on stiff ones (Hairer and Wanner II, section IV.15), so the error
/// should fall by 2^(s+1) to 2^(2s-1). For y' = λy + e^(iωt) with any λ in the left half-plane the
/// worst seen is 100 at ωH = 6, which steps exceed at loose tolerances only, 71 at 10 and 37 at 14.
pub(super) const GAIN: f64 = (1u32 << (STAGES - 1)) as f64;

struct Run<'a, E> {
    equations: &'a E,
    tableau: Tableau,
    reference: f64,
    solve_tolerance: f64,
    /// The matrix 1, which is stationary where nothing enters or leaves, and the start's Σ E z²
    /// less the reference state's.
    identity: Vec<f64>,
    energy: f64,
    /// On a ring u uᵀ, u the direction in which all bonds lengthen alike, which is stationary too,
    /// and the start's variance along u.
    uniform: Option<Vec<f64>>,
    length: f64,
    /// The highest frequency of the force.
    highest: f64,
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Σ E z² less the reference state's.
fn twice_energy(point: &Point, identity: &[f64]) -> f64 {
    product(&point.state, identity) + point.mean.iter().map(|z| z * z).sum::<f64>()
}

impl<E: MomentEquations> Run<'_, E> {
    /// One step of length h. Adds to the integrals, and to the losses what the solves' residuals
    /// and the roundings may leave.
    ///
    /// With V_j = α_j y + D_j the branches carry increments, (λ_j/h - 𝓛) D_j = α_j 𝓛y + (T⁻¹G)_j,
    /// y(h) = y + Σ_j T_sj D_j: the sum amplifies rounding and residuals by Σ_j |T_sj α_j|, a
    /// thousand at seven stages, and so it amplifies those of an increment only. The integral is ∫y
    /// = h y + Σ_j (h T_sj/λ_j) D_j, because the weights are A's last row.
    fn step(
        &self,
        from: &Point,
        time: Double,
        h: f64,
        path: Option<&mut Path>,
        losses: &mut Losses,
    ) -> Result<Point, SolveError> {
        let (chain, tableau) = (self.equations.chain(), &self.tableau);
        let stages = tableau.nodes.len();
        let open = chain.topology == Topology::Open;
        let force: Vec<f64> = tableau
            .nodes
            .iter()
            .map(|c| if open { chain.force.at(time.plus((c * h).into())) } else { 0.0 })
            .collect();
        let mut means = means::stages(self.equations, tableau, &from.mean, &force, h)?;
        let sources: Vec<Vec<f64>> = means
            .iter()
            .map(|z| chain.covariance_source(&z[chain.bonds..], self.reference))
            .collect();
        let change = self.equations.generator(&from.state);
        let mut state = from.state.clone();
        let mut integral = path;
        if let Some(path) = &mut integral {
            path.state.iter_mut().zip(&from.state).for_each(|(sum, y)| *sum += h * y);
            path.means.add_stages(
                chain,
                &means,
                &force,
                tableau.matrix[stages - 1].iter().map(|b| h * b),
            );
        }
        let momenta: Vec<Vec<Complex64>> = (tableau.branches.iter())
            .map(|branch| {
                let source =
                    |n: usize| branch.row.iter().zip(&sources).map(|(t, q)| t * q[n]).sum();
                (0..chain.atoms()).map(source).collect()
            })
            .collect();
        let equations: Vec<Shifted<'_>> = (tableau.branches.iter().zip(&momenta))
            .map(|(branch, momenta)| {
                let weight = branch.column[stages - 1];
                Shifted {
                    shift: branch.eigenvalue / h,
                    source: Source { state: Some(&change), scale: branch.scale, momenta },
                    weights: vec![weight, weight * h / branch.eigenvalue],
                }
            })
            .collect();
        let mut states = vec![&mut state[..]];
        states.extend(integral.map(|path| &mut path.state[..]));
        let reports = self.equations.solve_all(&equations, &mut states, self.solve_tolerance)?;
        for (equation, report) in equations.iter().zip(reports) {
            losses.variance += 2.0 * equation.weights[0].norm() * report.error;
        }
        let mut to = Point { mean: means.pop().expect("a method has stages"), state };
        if chain.is_isolated() {
            losses.variance += 0.25 * self.restore(&mut to);
        }
        let amplification: f64 =
            tableau.branches.iter().map(|b| (b.column[stages - 1] * b.scale).norm()).sum();
        let rounding = 4.0 * f64::EPSILON;
        // The coefficients' own roundings turn every step's means the same way.
        losses.mean += 2.0 * rounding * (apart(&from.mean, &to.mean) + largest(&to.mean));
        // Rounding is spread over the modes, so a site sees the Frobenius norm over √M.
        let spread = (chain.atoms() as f64).sqrt();
        losses.variance += rounding * amplification * self.covariance_distance(from, &to) / spread;
        // What hardly moves gains h times the rounding of 𝓛y, the same in every step: over many
        // atoms it averages in a slow mode, and where energy can leave the balance of the total
        // energy shows it too.
        let averaged = if chain.is_isolated() { 1.0 } else { (4.0 / spread).min(1.0) };
        losses.variance +=
            averaged * rounding * chain.flip_rate * h * self.equations.norm(&to.state) / spread;
        Ok(to)
    }

    /// Takes back what roundings changed of the conserved quantities of an isolated chain: the
    /// total energy, and on a ring, whose total length every trajectory keeps, the variance of
    /// that. A stationary direction gains h times the rounding of 𝓛y, which is γ|y| ε and the same
    /// in every late step, so it would grow like γτ. The quantities are linear in C, so that what
    /// is to be taken back is known exactly: with a = u·Cu and t = tr C too large, a of u uᵀ and (t -
    /// a)/(n - 1) of 1 - u uᵀ. Returned is the largest change of a variance: other slow modes
    /// feel a part of the same roundings (seen: a tenth).
    fn restore(&self, to: &mut Point) -> f64 {
        let chain = self.equations.chain();
        let (n, bonds) = (chain.coordinates() as f64, chain.bonds as f64);
        let energy = twice_energy(to, &self.identity) - self.energy;
        let Some(uniform) = &self.uniform else {
            let surplus = energy / n;
            to.state.iter_mut().zip(&self.identity).for_each(|(c, one)| *c -= surplus * one);
            return surplus.abs();
        };
        let length = product(&to.state, uniform) - self.length;
        let others = (energy - length) / (n - 1.0);
        for ((c, one), along) in to.state.iter_mut().zip(&self.identity).zip(uniform) {
            *c -= others * one + (length - others) * along;
        }
        others.abs() + (length - others).abs() / bonds
    }

    /// Frobenius distance of the covariances.
    fn covariance_distance(&self, a: &Point, b: &Point) -> f64 {
        let difference: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a - b).collect();
        self.equations.norm(&difference)
    }

    /// Frobenius distance of the covariances or Euclidean distance of the means, whichever is
    /// larger.
    fn distance(&self, a: &Point, b: &Point) -> f64 {
        let mean = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        self.covariance_distance(a, b).max(mean)
    }

    /// What the balance of the total energy misses, as an error of every variance: roundings of the
    /// slowest mode show there.
    fn missing_energy(&self, point: &Point, integrals: &TimeIntegrals, time: f64) -> f64 {
        let chain = self.equations.chain();
        let ends = [(0, chain.left), (chain.atoms() - 1, chain.right)];
        let inflow: f64 = ends
            .into_iter()
            .filter_map(|(atom, end)| end.map(|t| (atom, t)))
            .map(|(atom, t)| {
                t.friction
                    * ((t.temperature - self.reference) * time
                        - integrals.square[chain.bonds + atom])
            })
            .sum();
        let gained = twice_energy(point, &self.identity) - self.energy;
        (gained - 2.0 * (inflow + integrals.work)).abs() / chain.coordinates() as f64
    }

    /// The fine point with its error estimate; `lost` is what was lost of motion that is faster
    /// than the steps.
    fn solution(
        &self,
        time: Double,
        [fine, coarse]: [&Point; 2],
        path: &Path,
        losses: Losses,
        lost: f64,
        keep: bool,
    ) -> Solution {
        let chain = self.equations.chain();
        let mut covariance = self.equations.matrix(&fine.state);
        covariance.diag_mut().iter_mut().for_each(|v| *v += self.reference);
        let variance = covariance.diag().to_vec();
        let correlation = chain.left_correlations(covariance.view());
        let difference: Vec<f64> =
            fine.state.iter().zip(&coarse.state).map(|(a, b)| a - b).collect();
        let difference = self.equations.matrix(&difference);
        let means = fine.mean.iter().zip(&coarse.mean).map(|(a, b)| a - b).collect();
        let distance = Moments {
            mean: means,
            variance: difference.diag().to_vec(),
            correlation: chain.left_correlations(difference.view()),
            ..Default::default()
        };
        let sums = self.equations.matrix(&path.state);
        // Less the reference state, which is added last: ∫T dτ would hide what is small beside it.
        let above = TimeIntegrals {
            square: path.means.square.iter().zip(sums.diag()).map(|(z, c)| z + c).collect(),
            product: path
                .means
                .product
                .iter()
                .zip(chain.left_correlations(sums.view()))
                .map(|(z, c)| z + c)
                .collect(),
            ..path.means.clone()
        };
        // The transforms of the modes leave some tens of roundings, the steps together some more.
        let transforms = 256.0 * f64::EPSILON;
        let phase = phase_error(self.highest * time.hi);
        let mean_loss = losses.mean + lost + (transforms + phase) * largest(&fine.mean);
        // What the means lose of their energy appears in the variances.
        let loss = losses.variance
            + lost
            + transforms * largest(&variance)
            + 2.0 * largest(&fine.mean) * mean_loss
            + self.missing_energy(fine, &above, time.hi);
        let zero = Solution::zero(chain).moments;
        let mut apart =
            MomentErrors::default().with_distance(chain, &distance, &zero).map(|d| d / GAIN);
        if self.highest > 0.0 {
            // What turns with the force is seen at one phase: where it vanishes in the momenta the
            // elongations show it.
            apart = apart.map(|error| 2.0 * error);
            apart.mean_p = apart.mean_p.max(apart.mean_r);
            apart.mean_r = apart.mean_r.max(apart.mean_p);
            apart.var_p = apart.var_p.max(apart.var_r);
            apart.var_r = apart.var_r.max(apart.var_p);
        }
        let errors = MomentErrors {
            mean_r: apart.mean_r + mean_loss,
            mean_p: apart.mean_p + mean_loss,
            var_r: apart.var_r + loss,
            var_p: apart.var_p + loss,
            correlation: apart.correlation + loss * chain.current_weight(),
        };
        let square = above.square.iter().map(|z| z + self.reference * time.hi).collect();
        let integrals = TimeIntegrals { square, ..above };
        let consistency = Consistency::of(covariance.view());
        let covariance = keep.then_some(covariance);
        Solution {
            moments: Moments {
                time,
                mean: fine.mean.clone(),
                variance,
                correlation,
                inflow: None,
                covariance,
            },
            errors,
            consistency: Some(consistency),
            variance_integral: None,
            integrals: Some(integrals),
        }
    }
}
