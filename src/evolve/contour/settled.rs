//! Outputs so late that everything has settled (docs/theory/small-systems.md, (15.6)): the
//! stationary state, where the nodes of a contour lose digits.
//!
//! e^(𝓛τ) keeps the order of symmetric matrices, and 𝓛 1 = -2Γ ≤ 0, so that e^(𝓛τ) 1 only falls.
//! With G = (-𝓛)⁻¹ 1 = ∫_0^∞ e^(𝓛τ) 1 dτ ≤ g 1 it is at most g/τ, and as a product of k shorter
//! ones at most (kg/τ)^k, that is e^(1-τ/eg). A start between -c 1 and c 1 leaves no more than c
//! times this. The squares of the means obey the same, so that the means leave its root. One solve
//! at σ = 0 gives G, one the stationary state, and one the time integrals. Under a periodic force
//! its harmonics C_m e^(imωτ) are added. Before that: [`super::fading`].

use super::TransformedMoments;
use crate::chain::Double;
use crate::covariance::direct;
use crate::covariance::moments::{Solution, largest};
use crate::covariance::profile::{Profile, relative_errors};
use crate::covariance::{Diagonals, MomentEquations, SolveError, SolveReport, Source, Target};
use crate::evolve::outcome::EvolveError;
use crate::evolve::sums::{Found, OutputSums};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use faer::{Mat, Side};
use ndarray::Array2;
use num_complex::Complex64;
use std::f64::consts::E as EULER;

/// The rest of the start is then below e^(1/2 - 40) of it.
const GONE: f64 = 40.0;

/// Powers of (-𝓛)⁻¹ at most, of which each brings the slowest rate nearer.
const POWERS: usize = 6;
/// The nearest that a rate is tried, as a power of two, and e^(..) of what it may be short of.
const SHARPEST: i32 = 24;
const SHARP: f64 = 2.0;

/// Whether a symmetric matrix is positive, by Cholesky's factorization; `scale` tells how large its
/// rows are.
fn is_positive(matrix: &Array2<f64>, scale: &Array2<f64>) -> bool {
    let size: Vec<f64> = scale.diag().iter().map(|g| g.sqrt().recip()).collect();
    let entry = |i: usize, j: usize| matrix[[i, j]] * size[i] * size[j];
    Mat::from_fn(size.len(), size.len(), entry).llt(Side::Lower).is_ok()
}

/// Puts the stationary state in the place of the `solutions` that missed the `tolerance` after all
/// has settled, or that and what fades of the start where something is left of it.
pub(super) fn mend<E: MomentEquations + ?Sized>(
    problem: &TransformedMoments<'_, E>,
    keep: impl Fn(usize) -> bool,
    tolerance: f64,
    solutions: &mut [Solution],
    monitor: &Monitor,
) -> Result<(), EvolveError> {
    let chain = problem.equations.chain();
    if !direct::serves(chain) || chain.friction() == [0.0; 2] {
        return Ok(());
    }
    let constant = chain.force.harmonics.is_empty();
    let profile = |s: &Solution| Profile::new(chain, s, s.moments.time.hi);
    let error = |solution: &Solution| relative_errors(&[profile(solution)])[0];
    let all: Vec<Profile> = solutions.iter().map(profile).collect();
    let missed = |error: &f64| error.partial_cmp(&tolerance) != Some(std::cmp::Ordering::Less);
    let errors = relative_errors(&all);
    let late: Vec<usize> = (0..solutions.len()).filter(|&i| missed(&errors[i])).collect();
    if late.is_empty() {
        return Ok(());
    }
    let mended = |problem: &TransformedMoments<'_, E>, solutions: &mut [Solution]| {
        let rest = known(problem.rest().map_err(EvolveError::from))?;
        let Some(rest) = rest else { return Ok(()) };
        // A stationary state of 0 has no digits: the rest of the start is the whole answer.
        let vanishes = problem.constant_source.iter().all(|q| *q == 0.0)
            && largest(&problem.reference.state.var_p) == 0.0;
        for &i in &late {
            if !missed(&error(&solutions[i])) {
                continue;
            }
            let time = solutions[i].moments.time;
            let found = match time.hi >= rest.settled && !vanishes {
                true => known(problem.stationary(&rest, time, keep(i)))?,
                false if constant && rest.fades(chain, time.hi) => {
                    known(problem.fading(&rest, time, keep(i), tolerance, monitor))?
                }
                false => None,
            };
            let Some(found) = found else { continue };
            if error(&found) < error(&solutions[i]) {
                solutions[i] = found;
            }
        }
        Ok(())
    };
    // A current far below what enters at either end by itself is that of the thermal state.
    if let Some(problem) = problem.above_thermal() {
        mended(&problem, solutions)?;
    }
    mended(problem, solutions)
}

/// The stationary state Y_s, and the start and the time integral of Y - Y_s.
pub(super) struct Rest {
    /// G and g.
    pub uniform: Vec<f64>,
    pub longest: f64,
    /// The time by which nothing but the stationary state is left.
    pub settled: f64,
    pub state: Vec<f64>,
    pub still: Found,
    /// Y(0) - Y_s
    pub start: Vec<f64>,
    /// ∫_0^∞ w
    pub w_sum: Vec<f64>,
    /// ∫_0^∞ (Y - Y_s)
    pub lasting: Found,
}

/// A solve that stops leaves the answers as they are.
fn known<T>(found: Result<T, EvolveError>) -> Result<Option<T>, EvolveError> {
    match found {
        Err(error @ EvolveError::Interrupted(_)) => Err(error),
        found => Ok(found.ok()),
    }
}

impl<E: MomentEquations + ?Sized> TransformedMoments<'_, E> {
    fn solve_still(
        &self,
        state: Option<&[f64]>,
        momenta: &[Complex64],
        targets: &mut [Target<'_>],
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        let source = Source { state, scale: Complex64::ONE, momenta };
        let tolerance = self.solve_tolerance;
        self.equations.solve_diagonals(Complex64::ZERO, source, targets, tolerance)
    }

    /// The stationary state, and the start and the time integrals of the rest.
    pub(super) fn rest(&self) -> Result<Rest, SolveError> {
        let (chain, equations) = (self.equations.chain(), self.equations);
        let n = chain.coordinates();
        let uniform = equations.represent(&Array2::eye(n));
        let mut found = vec![0.0; equations.state_len()];
        let none = vec![Complex64::ZERO; chain.atoms()];
        let mut target = [Target { weight: Complex64::ONE, state: &mut found }];
        let (report, _) = self.solve_still(Some(&uniform), &none, &mut target)?;
        let rows = equations.matrix(&found);
        let sums = rows.rows().into_iter().map(|row| row.iter().map(|x| x.abs()).sum());
        let most = largest_of(sums) + n as f64 * report.error;
        let start = equations.norm(&self.start) + self.deviation_norm().powi(2);
        let heat = largest(&self.constant_source) * most;
        let settled = 2.0 * EULER * most * (GONE + (start + heat).ln_1p());
        let given: Vec<Complex64> = self.constant_source.iter().map(|&q| q.into()).collect();
        let mut state = vec![0.0; equations.state_len()];
        let mut target = [Target { weight: Complex64::ONE, state: &mut state }];
        let solved = self.solve_still(None, &given, &mut target)?;
        let still = Found::new(chain, Complex64::ZERO, &given, None, solved);
        let start: Vec<f64> = self.start.iter().zip(&state).map(|(y, s)| y - s).collect();
        // ∫ (Y - Y_s) = (-𝓛)⁻¹ (Y(0) - Y_s + 8γ diag_p(Σ_l p̂_l ∫ e^(ilωt) u dt)), where
        // ∫ e^(ilωt) w dt = (-ilω - B)⁻¹ w(0).
        let (w_sum, lasting) = self.lasting(&start, &self.deviation)?;
        Ok(Rest { uniform: found, longest: most, settled, state, still, start, w_sum, lasting })
    }

    /// A rate below which nothing decays, sharp enough for this time: with G_k = (-𝓛)^(-k) 1 one of
    /// which G_k - κ G_(k+1) is positive.
    pub(super) fn slowest(&self, rest: &Rest, time: f64) -> Result<f64, SolveError> {
        let none = vec![Complex64::ZERO; self.equations.chain().atoms()];
        let mut before = rest.uniform.clone();
        let mut rate = rest.longest.recip();
        for _ in 0..POWERS {
            let mut after = vec![0.0; before.len()];
            let mut target = [Target { weight: Complex64::ONE, state: &mut after }];
            self.solve_still(Some(&before), &none, &mut target)?;
            let [g, next] = [&before, &after].map(|state| self.equations.matrix(state));
            let expected = g.diag().sum() / next.diag().sum();
            let parts = (1..=SHARPEST).rev().map(|k| expected * (1.0 - 0.5f64.powi(k)));
            let found = parts.into_iter().find(|rate| is_positive(&(&g - &(&next * *rate)), &g));
            rate = found.map_or(rate, |found| found.max(rate));
            if (expected - rate) * time < SHARP {
                break;
            }
            before = after;
        }
        Ok(rate)
    }

    /// ∫_0^∞ w and ∫_0^∞ (Y - Y_s) from these on.
    pub(super) fn lasting(&self, y: &[f64], w: &[f64]) -> Result<(Vec<f64>, Found), SolveError> {
        let chain = self.equations.chain();
        let w: Vec<Complex64> = w.iter().map(|&w| w.into()).collect();
        let w_sum = self.equations.solve_mean(Complex64::ZERO, &w)?;
        let mut heat = self.heat(&w_sum);
        for harmonic in self.periodic.harmonics.iter().filter(|harmonic| harmonic.order > 0) {
            let shift = self.periodic.rotation(-harmonic.order);
            let turned = self.equations.solve_mean(shift, &w)?;
            let products = harmonic.mean.iter().zip(&turned).skip(chain.bonds);
            // With its complex conjugate, of order -l.
            let both = products.map(|(p, u)| 16.0 * chain.flip_rate * (p * u).re);
            heat.iter_mut().zip(both).for_each(|(sum, q)| *sum += q);
        }
        let solved = self.solve_still(Some(y), &heat, &mut [])?;
        let found = Found::new(chain, Complex64::ZERO, &heat, None, solved);
        Ok((w_sum.iter().map(|w| w.re).collect(), found))
    }

    /// 8γ p_s u
    pub(super) fn heat(&self, w: &[Complex64]) -> Vec<Complex64> {
        let (chain, still) = (self.equations.chain(), self.periodic.average());
        let momenta = chain.bonds..chain.coordinates();
        momenta.map(|p| 8.0 * chain.flip_rate * still[p] * w[p]).collect()
    }

    /// The stationary state, with the time integrals as if nothing were left of the rest.
    pub(super) fn still(&self, rest: &Rest, time: Double, keep: bool) -> OutputSums {
        let zero = || vec![0.0; rest.state.len()];
        let none = OutputSums::new(self.equations.chain(), keep.then(zero));
        self.with_still(rest, time, none)
    }

    fn with_still(&self, rest: &Rest, time: Double, mut sums: OutputSums) -> OutputSums {
        if let Some(state) = &mut sums.state {
            state.iter_mut().zip(&rest.state).for_each(|(sum, y)| *sum += y);
        }
        sums.add(Complex64::ONE, time.hi.into(), &rest.still);
        sums.add(Complex64::ZERO, Complex64::ONE, &rest.lasting);
        sums
    }

    /// The stationary or periodic state at a time when all has settled, with the time integrals
    /// until then.
    fn stationary(&self, rest: &Rest, time: Double, keep: bool) -> Result<Solution, EvolveError> {
        let w = vec![0.0; rest.w_sum.len()];
        let turning = self.oscillation(&[time], &|_| keep)?.pop().expect("one time");
        let sums = self.with_still(rest, time, turning);
        self.solution(time, 0.0, sums, [&w, &rest.w_sum], [0.0; 2], keep)
    }
}
