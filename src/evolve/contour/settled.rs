//! Outputs so late that everything has settled (docs/theory/small-systems.md, (15.6)): the
//! stationary state, where the nodes of a contour lose digits.
//!
//! e^(𝓛τ) keeps the order of symmetric matrices, and 𝓛 1 = -2Γ ≤ 0, so that e^(𝓛τ) 1 only falls.
//! With G = (-𝓛)⁻¹ 1 = ∫_0^∞ e^(𝓛τ) 1 dτ ≤ g 1 it is at most g/τ, and as a product of k shorter
//! ones at most (kg/τ)^k, that is e^(-τ/eg). A start between -c 1 and c 1 leaves no more
//! than c times this, and the means, whose squares obey the same, leave the root of it. One solve
//! at σ = 0 gives G, one the stationary state, and one the time integrals.

use super::TransformedMoments;
use crate::chain::Double;
use crate::covariance::direct;
use crate::covariance::moments::{Solution, largest};
use crate::covariance::profile::{Profile, relative_errors};
use crate::covariance::{Diagonals, MomentEquations, SolveError, SolveReport, Source, Target};
use crate::evolve::outcome::EvolveError;
use crate::evolve::sums::{Found, OutputSums, targets};
use crate::numerics::vector::largest_of;
use ndarray::Array2;
use num_complex::Complex64;
use std::f64::consts::E as EULER;

/// The rest of the start is then below e^(-40) of it.
const GONE: f64 = 40.0;

/// Puts the stationary state in the place of the `solutions` that missed the `tolerance` after all
/// has settled.
pub(super) fn mend<E: MomentEquations + ?Sized>(
    problem: &TransformedMoments<'_, E>,
    keep: impl Fn(usize) -> bool,
    tolerance: f64,
    solutions: &mut [Solution],
) -> Result<(), EvolveError> {
    let chain = problem.equations.chain();
    let still = chain.force.harmonics.is_empty() && chain.friction() != [0.0; 2];
    if !direct::serves(chain) || !still {
        return Ok(());
    }
    let error = |solution: &Solution| {
        relative_errors(&[Profile::new(chain, solution, solution.moments.time.hi)])[0]
    };
    let missed = |solution: &Solution| error(solution).partial_cmp(&tolerance);
    let late: Vec<usize> = (0..solutions.len())
        .filter(|&i| missed(&solutions[i]) != Some(std::cmp::Ordering::Less))
        .collect();
    let Some(&last) = late.last() else { return Ok(()) };
    let settled = match known(problem.settled().map_err(EvolveError::from))? {
        Some(settled) if solutions[last].moments.time.hi >= settled => settled,
        _ => return Ok(()),
    };
    for i in late {
        let time = solutions[i].moments.time;
        if time.hi >= settled {
            let Some(state) = known(problem.stationary(time, keep(i)))? else { continue };
            if error(&state) < error(&solutions[i]) {
                solutions[i] = state;
            }
        }
    }
    Ok(())
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

    /// The time by which nothing but the stationary state is left.
    fn settled(&self) -> Result<f64, SolveError> {
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
        Ok(2.0 * EULER * most * (GONE + (start + heat).ln_1p()))
    }

    /// The stationary state at a time when all has settled, with the time integrals until then.
    fn stationary(&self, time: Double, keep: bool) -> Result<Solution, EvolveError> {
        let (chain, equations) = (self.equations.chain(), self.equations);
        let mut sums = [OutputSums::new(chain, keep.then(|| vec![0.0; equations.state_len()]))];
        let given: Vec<Complex64> = self.constant_source.iter().map(|&q| q.into()).collect();
        let mut state = vec![0.0; equations.state_len()];
        let one = Complex64::ONE;
        let mut all = targets(&mut sums, |_| one);
        all.push(Target { weight: one, state: &mut state });
        let solved = self.solve_still(None, &given, &mut all)?;
        let found = Found::new(chain, Complex64::ZERO, &given, None, solved);
        sums[0].add(one, time.hi.into(), &found);
        // ∫ (Y - Y_s) = (-𝓛)⁻¹ (Y(0) - Y_s + 8γ diag_p(p_s ∫u)), and ∫w = (-B)⁻¹ w(0).
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        let w_sum = equations.solve_mean(Complex64::ZERO, &start)?;
        let (bonds, still) = (chain.bonds, self.periodic.average());
        let flips = 8.0 * chain.flip_rate;
        let heat = |n: usize| flips * still[bonds + n] * w_sum[bonds + n];
        let heat: Vec<Complex64> = (0..chain.atoms()).map(heat).collect();
        let rest: Vec<f64> = self.start.iter().zip(&state).map(|(y, s)| y - s).collect();
        let solved = self.solve_still(Some(&rest), &heat, &mut [])?;
        let found = Found::new(chain, Complex64::ZERO, &heat, None, solved);
        sums[0].add(Complex64::ZERO, one, &found);
        let [sums] = sums;
        let (w, w_sum) = (vec![0.0; w_sum.len()], w_sum.iter().map(|w| w.re).collect::<Vec<_>>());
        self.solution(time, 0.0, sums, [&w, &w_sum], [0.0; 2], keep)
    }
}
