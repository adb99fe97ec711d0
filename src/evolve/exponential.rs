//! The pure harmonic chain with thermostats: e^(Bτ) as a dense matrix (the page of [`super::harmonic`]).
//!
//! Scaling and squaring: Taylor's series of degree 18 at ‖Bh‖_∞ ≤ 1, truncation below 10⁻¹⁷, then squarings. B dissipates, so
//! ‖e^(Bτ)‖₂ ≤ 1 and every squaring doubles the rounding at most. Two evaluations, with h = τ/2^s and τ/(3·2^(s-1)), round differently;
//! eight times their distance is the error reported, and the roundings of ‖B‖τ radians of what still moves, which both may share.

use crate::chain::{Chain, InitialLaw};
use crate::covariance::SolveError;
use crate::covariance::literal;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use faer::Mat;
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

/// A damped chain without flips.
pub(super) struct Damped<'a> {
    chain: &'a Chain,
    drift: Array2<f64>,
    /// z_per and C_∞.
    periodic: PeriodicMean,
    limit: Array2<f64>,
}

impl<'a> Damped<'a> {
    /// `None` without thermostats.
    pub fn new(chain: &'a Chain) -> Result<Option<Self>, SolveError> {
        let Some(state) = chain.harmonic_state() else { return Ok(None) };
        let periodic = PeriodicMean::of(chain, |shift, f| literal::solve_drift(chain, shift, f))?;
        let periodic = periodic.expect("a thermostat resists every force");
        Ok(Some(Damped { chain, drift: chain.drift().to_dense(), periodic, limit: state.covariance(chain) }))
    }

    pub fn at(&self, law: &InitialLaw, time: f64, keep: bool) -> Solution {
        let (mean, covariance) = self.by(law, time, false);
        let (other_mean, other) = self.by(law, time, true);
        let chain = self.chain;
        let read = |mean: Array1<f64>, covariance: &Array2<f64>| Moments {
            time,
            mean: mean.to_vec(),
            variance: covariance.diag().to_vec(),
            correlation: chain.left_correlations(covariance.view()),
            covariance: None,
        };
        let (mut moments, other) = (read(mean, &covariance), read(other_mean, &other));
        let rounding = |values: &[f64]| 64.0 * f64::EPSILON * largest(values);
        let phase = f64::EPSILON * self.norm() * time;
        let moving = |values: &[f64], still: &[f64]| {
            values.iter().zip(still).fold(0.0, |m: f64, (value, still)| m.max((value - still).abs()))
        };
        let means = rounding(&moments.mean)
            + phase * moving(&moments.mean, &self.periodic.at(time))
            + self.periodic.error_at(time);
        let loss = rounding(&moments.variance) + 2.0 * phase * moving(&moments.variance, &self.limit.diag().to_vec());
        let d = MomentErrors::default().with_distance(chain, &moments, &other);
        let errors = MomentErrors {
            mean_r: means + 8.0 * d.mean_r,
            mean_p: means + 8.0 * d.mean_p,
            var_r: loss + 8.0 * d.var_r,
            var_p: loss + 8.0 * d.var_p,
            correlation: chain.current_weight() * (loss + 8.0 * d.var_p.max(d.correlation)),
        };
        let consistency = Consistency::of(covariance.view());
        moments.covariance = keep.then_some(covariance);
        Solution { moments, errors, consistency: Some(consistency), ..Default::default() }
    }

    /// z̄(τ) and C(τ) by one of the two scalings.
    fn by(&self, law: &InitialLaw, time: f64, thirds: bool) -> (Array1<f64>, Array2<f64>) {
        let propagator = self.propagator(time, thirds);
        let start = Array1::from(law.mean()) - Array1::from(self.periodic.at(0.0));
        let mean = Array1::from(self.periodic.at(time)) + propagator.dot(&start);
        let deviation = law.covariance_above(0.0) - &self.limit;
        (mean, product(&product(&propagator, &deviation), &propagator.t().to_owned()) + &self.limit)
    }

    /// ‖B‖_∞
    fn norm(&self) -> f64 {
        self.drift.rows().into_iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max)
    }

    /// e^(Bτ)
    fn propagator(&self, time: f64, thirds: bool) -> Array2<f64> {
        let norm = self.norm();
        let third = if thirds { 3.0 } else { 1.0 };
        let squarings = (norm * time / third).log2().ceil().max(0.0) as i32;
        let step = &self.drift * (time / third / 2f64.powi(squarings));
        let mut sum = Array2::eye(step.nrows());
        // Horner: 1 + A (1 + A/2 (1 + A/3 (…))).
        for k in (1..=18).rev() {
            sum = product(&step, &sum) / k as f64;
            sum.diag_mut().iter_mut().for_each(|x| *x += 1.0);
        }
        for _ in 0..squarings {
            sum = product(&sum, &sum);
        }
        if thirds { product(&product(&sum, &sum), &sum) } else { sum }
    }
}

/// Rows handed to one thread at a time; fixed, so that the bits do not depend on the number of threads.
const ROWS: usize = 64;

/// A matrix product, faer's, in blocks of rows.
fn product(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let right = Mat::from_fn(b.nrows(), b.ncols(), |i, j| b[[i, j]]);
    let mut out = Array2::zeros((a.nrows(), b.ncols()));
    let blocks: Vec<_> = out.axis_chunks_iter_mut(Axis(0), ROWS).zip(a.axis_chunks_iter(Axis(0), ROWS)).collect();
    blocks.into_par_iter().for_each(|(mut out, rows)| {
        let c = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[[i, j]]) * &right;
        out.indexed_iter_mut().for_each(|((i, j), x)| *x = c[(i, j)]);
    });
    out
}
