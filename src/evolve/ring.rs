//! The profiles of a ring without its covariance and without steps: every wave of the variances by
//! itself, O(N log N) an output.
//!
//! With independent initial coordinates and w = r̄ less its conserved mean, u its momenta, at a
//! node s of [`super::hyperbola`] and for each wave q
//!
//! ```text
//! (1 - 4γK̂_s(q)) d̂_q = K̂_s(q) ( 4γ (u²)^_q + Var p(0)_q ) + K̂_s^(pr)(q) Var r(0)_q
//! ```
//!
//! is a scalar equation, as are those of Var r and of the current ([`crate::resolvent::ring`]). A
//! node of the contour costs O(N). Where means move, their squares add O(M log M) for every node of
//! an inner quadrature, M being the number of waves in the means. Everything is done on two
//! contours as in [`super::profiles`]; their difference bounds the error of the second, which is
//! the answer. It serves at times τ ≥ 60/γ.

use super::hyperbola::Contour;
use super::outcome::{Counts, EvolveError};
use super::reference::reference_temperature;
use super::two_contours::Inversion;
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::monitor::{Monitor, Progress};
use crate::resolvent::Quality;
use crate::resolvent::ring::{RingMeans, RingResponse};
use num_complex::Complex64;
use rayon::prelude::*;

/// Waves worked on by one task.
const WAVES: usize = 1024;

/// One wave of r̄ and p̄, Var r and Var p, Cov(p_n, r_(n+1)), ∫ Var r and ∫ Var p, and the size of
/// the terms of the correlation.
type Wave = ([Complex64; 7], f64);
/// The waves j and -j.
type Waves = [Wave; 2];

/// The waves of one ring and initial law.
pub(super) struct Ring<'a> {
    chain: &'a Chain,
    reference: f64,
    /// The conserved mean elongation.
    elongation: f64,
    /// w(0)
    means: RingMeans,
    /// Var r(0), Var p(0) less the reference, as waves.
    start: [Vec<Complex64>; 2],
    /// The largest of w(0).
    largest_mean: f64,
}

/// Whether the means do not move.
pub(super) fn is_at_rest(law: &InitialLaw) -> bool {
    law.mean_p.iter().all(|&p| p == 0.0) && law.mean_r.iter().all(|&r| r == law.mean_r[0])
}

impl<'a> Ring<'a> {
    pub fn new(chain: &'a Chain, law: &InitialLaw) -> Ring<'a> {
        let reference = reference_temperature(chain, law);
        let elongation = match is_at_rest(law) {
            // The mean of equal numbers, without its rounding.
            true => law.mean_r[0],
            false => law.mean_r.iter().sum::<f64>() / chain.bonds as f64,
        };
        let deviation: Vec<f64> = law.mean_r.iter().map(|r| r - elongation).collect();
        let plan = flipchain_transforms::forward(chain.bonds);
        let waves = |values: &[f64]| {
            let mut waves: Vec<Complex64> = values.iter().map(|v| (v - reference).into()).collect();
            plan.process(&mut waves);
            waves
        };
        Ring {
            chain,
            reference,
            elongation,
            means: RingMeans::new(&deviation, &law.mean_p),
            start: [waves(&law.var_r), waves(&law.var_p)],
            largest_mean: largest(&deviation).max(largest(&law.mean_p)),
        }
    }

    /// The number of waves in the moving means.
    pub fn moving_waves(&self) -> usize {
        self.means.waves()
    }

    /// The waves ±j at s, of squares of the means that have the transforms `squares`.
    fn waves(&self, s: Complex64, j: usize, squares: Option<&[Complex64]>) -> Waves {
        let n = self.chain.bonds;
        let response = RingResponse::new(self.chain, s, j);
        [(1.0, j), (-1.0, (n - j) % n)].map(|(sign, j)| {
            let heating =
                squares.map_or(Complex64::ZERO, |squares| 4.0 * self.chain.flip_rate * squares[j]);
            let found = response.answer(sign, self.start[1][j] + heating, self.start[0][j]);
            let [r, p] = self.means.at(self.chain.flip_rate, s, j);
            let parts = [
                r,
                p,
                found.var_r,
                found.var_p,
                found.correlation,
                found.var_r / s,
                found.var_p / s,
            ];
            (parts, found.correlation_terms)
        })
    }

    /// The moments from the waves 0..=N/2 of what they are made of.
    fn solution(&self, time: Double, waves: &[Wave]) -> Solution {
        let n = self.chain.bonds;
        let plan = flipchain_transforms::inverse(n);
        let sites = |which: usize| -> Vec<f64> {
            let wave = |j: usize| {
                if 2 * j <= n { waves[j].0[which] } else { waves[n - j].0[which].conj() }
            };
            let mut values: Vec<Complex64> = (0..n).map(wave).collect();
            plan.process(&mut values);
            values.iter().map(|x| x.re / n as f64).collect()
        };
        let above = |values: Vec<f64>, constant: f64| {
            values.into_iter().map(|x| x + constant).collect::<Vec<f64>>()
        };
        let mean = [above(sites(0), self.elongation), sites(1)].concat();
        let variance = above([sites(2), sites(3)].concat(), self.reference);
        let integral = above([sites(5), sites(6)].concat(), self.reference * time.hi);
        // Bond n lies to the left of atom n: its partner is p_(n-1).
        let mut correlation = sites(4);
        correlation.rotate_right(1);
        // The sums over the nodes leave a hundred roundings or more, the transforms some tens.
        let rounding = rounding::RECURRENCES;
        let mean_r = rounding * largest(&mean).max(self.largest_mean);
        // With ρ, α of `RingMeans::at`: |α/(2γs + α²)| ≤ 1/√(8γ|s|), so that every term of p̄ is
        // smaller by √(γτ) than those of r̄.
        let settled = (self.chain.flip_rate * time.hi).sqrt();
        let mean_p = rounding * largest(&mean[n..]).max(self.largest_mean / settled);
        let loss = rounding * largest(&variance);
        // Every wave of the currents has the roundings of the terms that it is summed from. Where
        // flips are weak, the closed forms of these terms lose as many more.
        let terms =
            waves.iter().map(|(_, terms)| 2.0 * terms * terms).sum::<f64>().sqrt() / n as f64;
        let of_terms = rounding * (1.0 + 0.25 / self.chain.flip_rate);
        let carried = rounding * largest(&correlation) + of_terms * terms;
        let errors = MomentErrors { mean_r, mean_p, ..MomentErrors::of_variances(loss, carried) };
        let moments = Moments { time, mean, variance, correlation, ..Default::default() };
        Solution { moments, errors, variance_integral: Some(integral), ..Default::default() }
    }
}

impl Inversion for Ring<'_> {
    fn deviation(&self) -> f64 {
        self.largest_mean
    }

    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        quality: Quality,
        _tolerance: f64,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError> {
        let count = self.chain.bonds / 2 + 1;
        let mut sums = vec![vec![([Complex64::ZERO; 7], 0.0); count]; times.len()];
        let moves = !self.means.vanish();
        for (done, &(s, weight)) in contour.nodes.iter().enumerate() {
            let squares =
                moves.then(|| self.means.squares(self.chain, s, quality, monitor)).transpose()?;
            let starts: Vec<usize> = (0..count).step_by(WAVES).collect();
            let part = |&start: &usize| -> Vec<Waves> {
                (start..count.min(start + WAVES))
                    .map(|j| self.waves(s, j, squares.as_deref()))
                    .collect()
            };
            let parts: Vec<Vec<Waves>> = starts.par_iter().map(part).collect();
            for (sums, &time) in sums.iter_mut().zip(times) {
                let weight = weight * (s * time.hi).exp();
                for (sum, [forth, back]) in sums.iter_mut().zip(parts.iter().flatten()) {
                    // The lower half of the contour has the conjugate of the wave -j.
                    for (sum, (forth, back)) in sum.0.iter_mut().zip(forth.0.iter().zip(&back.0)) {
                        *sum += weight * forth + (weight * back).conj();
                    }
                    sum.1 += weight.norm() * (forth.1 + back.1);
                }
            }
            counts.solves += 1;
            let share = (done + 1) as f64 / contour.nodes.len() as f64;
            let last = times[times.len() - 1].hi;
            monitor.advance(Progress {
                share,
                time: last,
                solves: counts.solves,
                ..Default::default()
            })?;
        }
        Ok(sums.iter().zip(times).map(|(waves, &time)| self.solution(time, waves)).collect())
    }
}
