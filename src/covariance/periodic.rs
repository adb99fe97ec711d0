//! The time-periodic state under a periodic force (docs/theory/periodic.md, (7.2)).
//!
//! ```text
//! z_per(τ) = Σ_l ẑ_l e^(ilωτ)   with l of both signs and ẑ_(-l) = conj ẑ_l
//! ẑ_0 = z̄_s,   ẑ_l = F_l (ilω - B)⁻¹ e_(pN)
//! p_per²   = Σ_m q_m e^(imωτ),   q_m = Σ_l p̂_l p̂_(m-l)
//! C_m = (imω - 𝓛)⁻¹ diag_p(4γ q_m)   for m ≠ 0
//! ```
//!
//! Means: O(N log N) a harmonic. C_m: one complex shifted solve, O(N²). Error: what one refinement
//! of the means changes, and what the solves report.

use super::moments::largest;
use super::{Diagonals, MomentEquations, SolveError, SolveReport, Source, Target, direct};
use crate::budget::{iteration, rounding};
use crate::chain::{Chain, Double};
use crate::numerics::double_double::{harmonic_phase, phase_error};
use crate::numerics::vector::largest_norm;
use crate::numerics::wide::Wide;
use crate::scenario::Topology;
use num_complex::Complex64;
use std::collections::BTreeSet;

/// One harmonic of the force and of the means.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanHarmonic {
    /// l, of either sign; 0 is the constant part.
    pub order: i64,
    /// F_l
    pub force: Complex64,
    /// ẑ_l in the theory's order.
    pub mean: Vec<Complex64>,
}

/// Both signs of one harmonic of the force.
fn push_pair(
    harmonics: &mut Vec<MeanHarmonic>,
    order: u32,
    force: Complex64,
    mean: Vec<Complex64>,
) {
    let conjugate = mean.iter().map(|z| z.conj()).collect();
    let order = i64::from(order);
    harmonics.push(MeanHarmonic { order: -order, force: force.conj(), mean: conjugate });
    harmonics.push(MeanHarmonic { order, force, mean });
}

/// The periodic means.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodicMean {
    /// ω
    pub frequency: Double,
    /// In ascending order of l, from -l to l.
    pub harmonics: Vec<MeanHarmonic>,
    /// Largest error of the means at any phase.
    pub error: f64,
    /// The part of it that the harmonics l ≠ 0 have.
    pub oscillation_error: f64,
    bonds: usize,
}

impl PeriodicMean {
    /// The periodic means; `None` where nothing resists the constant force.
    pub fn new<E: MomentEquations + ?Sized>(
        equations: &E,
    ) -> Result<Option<PeriodicMean>, SolveError> {
        PeriodicMean::of(equations.chain(), |shift, f| equations.solve_mean(shift, f))
    }

    /// The periodic means of a chain by `solve`, which solves (σ - B) z = f. Every solution is
    /// refined once; what the refinement changes bounds the error.
    pub fn of(
        chain: &Chain,
        solve: impl Fn(Complex64, &[Complex64]) -> Result<Vec<Complex64>, SolveError>,
    ) -> Result<Option<PeriodicMean>, SolveError> {
        let Some(stationary) = chain.stationary_mean() else { return Ok(None) };
        let frequency = chain.force.frequency;
        let mut oscillation_error = 0.0;
        let mut harmonics = PeriodicMean::constant(chain, &stationary, 0.0).harmonics;
        for &(order, force) in
            chain.force.harmonics.iter().filter(|(_, force)| *force != Complex64::ZERO)
        {
            let turning = frequency.scaled(order.into());
            let shift = Complex64::new(0.0, turning.hi);
            let mut push = vec![Complex64::ZERO; chain.coordinates()];
            push[chain.coordinates() - 1] = force;
            if chain.topology == Topology::Open {
                // In 32 digits, so that a resonance costs none: every entry is right to a rounding,
                // which [`PeriodicMean::errors_at`] counts.
                let mean = direct::drift::solve(
                    chain,
                    Wide { re: Double::default(), im: turning },
                    &push,
                )?;
                oscillation_error += rounding::PRODUCT * largest_norm(&mean[chain.bonds..]);
                push_pair(&mut harmonics, order, force, mean);
                continue;
            }
            let mut mean = solve(shift, &push)?;
            let [re, im] = [Complex64::ONE, -Complex64::I].map(|part| {
                chain.drift_of(&mean.iter().map(|z| (part * z).re).collect::<Vec<_>>())
            });
            let residual: Vec<Complex64> = (push.iter().zip(&mean).zip(re.iter().zip(&im)))
                .map(|((f, z), (re, im))| {
                    f - shift * z + Complex64::new(*re, *im) - Complex64::new(0.0, turning.lo) * z
                })
                .collect();
            let correction = solve(shift, &residual)?;
            // Near a resonance the next correction may be as large as this one.
            oscillation_error += 2.0
                * (iteration::REFINEMENT * largest_norm(&correction)
                    + rounding::FORMULA * largest_norm(&mean));
            mean.iter_mut().zip(&correction).for_each(|(z, c)| *z += c);
            push_pair(&mut harmonics, order, force, mean);
        }
        harmonics.sort_by_key(|h| h.order);
        let error = rounding::FORMULA * largest(&stationary) + oscillation_error;
        Ok(Some(PeriodicMean {
            frequency,
            harmonics,
            error,
            oscillation_error,
            bonds: chain.bonds,
        }))
    }

    /// Means that do not move.
    pub fn constant(chain: &Chain, mean: &[f64], error: f64) -> PeriodicMean {
        let mean = mean.iter().map(|&z| z.into()).collect();
        let harmonics = vec![MeanHarmonic { order: 0, force: chain.force.mean.into(), mean }];
        PeriodicMean {
            frequency: Double::default(),
            harmonics,
            error,
            oscillation_error: 0.0,
            bonds: chain.bonds,
        }
    }

    /// e^(imωτ)
    pub fn turn(&self, order: i64, time: impl Into<Double>) -> Complex64 {
        harmonic_phase(order, self.frequency, time.into())
    }

    /// Error of [`PeriodicMean::turn`].
    pub fn turn_error(&self, order: i64, time: f64) -> f64 {
        phase_error(order as f64 * self.frequency.hi * time)
    }

    /// imω
    pub fn rotation(&self, order: i64) -> Complex64 {
        Complex64::new(0.0, order as f64 * self.frequency.hi)
    }

    /// s - imω: near the pole imω a rounding of that would be one of the phase at late times.
    pub fn from_pole(&self, s: Complex64, order: i64) -> Complex64 {
        let distance = Double::from(s.im).plus(self.frequency.scaled(-(order as f64)));
        Complex64::new(s.re, distance.hi)
    }

    /// ∫_0^τ e^(imωt) dt
    pub fn turn_integral(&self, order: i64, time: impl Into<Double>) -> Complex64 {
        let time = time.into();
        if order == 0 {
            return time.hi.into();
        }
        (self.turn(order, time) - 1.0) / self.rotation(order)
    }

    /// z_per(τ)
    pub fn at(&self, time: impl Into<Double>) -> Vec<f64> {
        let time = time.into();
        let mut mean = vec![0.0; self.harmonics[0].mean.len()];
        for harmonic in &self.harmonics {
            let turn = self.turn(harmonic.order, time);
            mean.iter_mut().zip(&harmonic.mean).for_each(|(sum, z)| *sum += (turn * z).re);
        }
        mean
    }

    /// w(0): how far the means `start` at time 0 are from the periodic ones.
    pub fn deviation(&self, start: &[f64]) -> Vec<f64> {
        start.iter().zip(self.at(0.0)).map(|(z, s)| z - s).collect()
    }

    /// The source that does not oscillate, 4γ q_0 and the `noise` of every atom.
    pub fn constant_source(&self, chain: &Chain, noise: &[f64]) -> Vec<f64> {
        let flips = 4.0 * chain.flip_rate;
        let squares = self.momentum_squares(0);
        squares.iter().zip(noise).map(|(q, noise)| flips * q.re + noise).collect()
    }

    /// Largest errors of r̄ and p̄ by [`PeriodicMean::at`].
    pub fn errors_at(&self, time: f64) -> [f64; 2] {
        [0..self.bonds, self.bonds..self.harmonics[0].mean.len()].map(|part| {
            let of_harmonic = |h: &MeanHarmonic| {
                let size = largest_norm(&h.mean[part.clone()]);
                self.turn_error(h.order, time) * size
            };
            self.oscillation_error + self.harmonics.iter().map(of_harmonic).sum::<f64>()
        })
    }

    /// Σ_n Σ_l |p̂_l(n)|: how much of an error of p̄ there is in Σ p̄²/2 at most.
    pub fn momentum_amplitude(&self) -> f64 {
        self.harmonics.iter().flat_map(|h| &h.mean[self.bonds..]).map(|p| p.norm()).sum()
    }

    /// z̄_s, the average over a period.
    pub fn average(&self) -> Vec<f64> {
        let middle = &self.harmonics[self.harmonics.len() / 2];
        middle.mean.iter().map(|z| z.re).collect()
    }

    /// The orders m ≥ 0 of p_per², ascending.
    pub fn square_orders(&self) -> Vec<i64> {
        let sums =
            self.harmonics.iter().flat_map(|a| self.harmonics.iter().map(|b| a.order + b.order));
        sums.filter(|&order| order >= 0).collect::<BTreeSet<i64>>().into_iter().collect()
    }

    /// Σ_l x̂_l ŷ_(m-l): the harmonic m of the product of two quantities that `x` and `y` read off
    /// a harmonic.
    pub fn product(
        &self,
        order: i64,
        x: impl Fn(&MeanHarmonic) -> Complex64,
        y: impl Fn(&MeanHarmonic) -> Complex64,
    ) -> Complex64 {
        self.pairs(order).map(|(a, b)| x(a) * y(b)).sum()
    }

    /// q_m at every atom.
    pub fn momentum_squares(&self, order: i64) -> Vec<Complex64> {
        let atoms = self.bonds..self.harmonics[0].mean.len();
        let mut squares = vec![Complex64::ZERO; atoms.len()];
        for (a, b) in self.pairs(order) {
            let products = a.mean[atoms.clone()].iter().zip(&b.mean[atoms.clone()]);
            squares.iter_mut().zip(products).for_each(|(sum, (x, y))| *sum += x * y);
        }
        squares
    }

    /// All pairs of harmonics whose orders add to m.
    fn pairs(&self, order: i64) -> impl Iterator<Item = (&MeanHarmonic, &MeanHarmonic)> {
        let find = move |l: i64| {
            self.harmonics.binary_search_by_key(&l, |h| h.order).ok().map(|i| &self.harmonics[i])
        };
        self.harmonics.iter().filter_map(move |a| find(order - a.order).map(|b| (a, b)))
    }

    /// 4γ q_m at every atom: the source of C_m.
    pub fn covariance_source(&self, chain: &Chain, order: i64) -> Vec<Complex64> {
        let flips = 4.0 * chain.flip_rate;
        self.momentum_squares(order).into_iter().map(|q| flips * q).collect()
    }

    /// Adds Re(weight · C_m) to every target, m > 0, and returns the diagonals of C_m.
    pub fn add_covariance<E: MomentEquations + ?Sized>(
        &self,
        equations: &E,
        order: i64,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        let momenta = self.covariance_source(equations.chain(), order);
        let source = Source { state: None, scale: Complex64::ONE, momenta: &momenta };
        equations.solve_diagonals(self.rotation(order), source, targets, tolerance)
    }

    /// Average power of the oscillating part of the force, Σ_(l≠0) F_l conj p̂_l at the atom it
    /// acts on.
    pub fn oscillating_power(&self) -> f64 {
        self.power(|order| order != 0)
    }

    /// Average power of the whole force.
    pub fn total_power(&self) -> f64 {
        self.power(|_| true)
    }

    fn power(&self, counts: impl Fn(i64) -> bool) -> f64 {
        let last = |z: &[Complex64]| z.last().copied().unwrap_or_default();
        self.harmonics
            .iter()
            .filter(|h| counts(h.order))
            .map(|h| (h.force * last(&h.mean).conj()).re)
            .sum()
    }

    /// Σ_l ẑ_l,i conj ẑ_l,j: the average over a period of z̄_i z̄_j.
    pub fn average_product(&self, i: usize, j: usize) -> f64 {
        self.product(0, |h| h.mean[i], |h| h.mean[j]).re
    }
}
