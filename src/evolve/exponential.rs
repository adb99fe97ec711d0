//! The pure harmonic chain with thermostats: e^(Bτ) in O(N² log τ) (the page of
//! [`super::harmonic`]).
//!
//! Along the chain, y = (p_0, r_1, p_1, .., r_N, p_N), the generator is ẏ_i = y_(i+1) - y_(i-1)
//! with friction at both ends, so that e^(Bτ) is a Toeplitz and a Hankel matrix, known from three
//! of its columns ([`ToeplitzHankel`]). It is computed by scaling and squaring in 32 digits: eight
//! Taylor steps of the three columns at ‖Bh‖_∞ ≤ 2, of degree 42, with a truncation below 10⁻³³,
//! and then squarings of e^(Bτ) - 1. B dissipates, so that ‖e^(Bτ)‖₂ ≤ 1 and a squaring at most
//! doubles an error. At N = 2000 and τ = 10⁶ it is 10⁻²⁰, with any friction, because motion that
//! friction damps is gone before slower rates matter. Profiles of independent coordinates are sums
//! over the rows, whose roundings are the reported error. Correlated laws and kept covariances take
//! two dense products, O(N³), and so do the time integrals of the energy balance
//! ([`super::doubling`]).

use super::doubling::{self, DEGREE, INTEGRATED, product};
use super::envelope::mean_integrals;
use super::turned::{Turned, place};
use crate::chain::{Chain, InitialLaw, ThermalState};
use crate::covariance::SolveError;
use crate::covariance::literal;
use crate::covariance::moments::{Moments, Solution, TimeIntegrals, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::numerics::double_double::Double;
use crate::numerics::toeplitz_hankel::ToeplitzHankel;
use crate::numerics::vector::largest_of;
use ndarray::Array2;
use num_complex::Complex64;
use rayon::prelude::*;

/// A damped chain without flips.
pub(super) struct Damped<'a> {
    chain: &'a Chain,
    /// z_per and C_∞.
    periodic: PeriodicMean,
    state: ThermalState,
}

impl<'a> Damped<'a> {
    /// `None` without thermostats.
    pub fn new(chain: &'a Chain) -> Result<Option<Self>, SolveError> {
        let Some(state) = chain.harmonic_state() else { return Ok(None) };
        let periodic = PeriodicMean::of(chain, |shift, f| literal::solve_drift(chain, shift, f))?;
        let periodic = periodic.expect("a thermostat resists every force");
        Ok(Some(Damped { chain, periodic, state }))
    }

    /// The moments at one time. Long because means, variances and currents share the propagator's
    /// rows.
    pub fn at(&self, law: &InitialLaw, time: Double, keep: bool) -> Result<Solution, SolveError> {
        let (chain, n) = (self.chain, self.chain.coordinates());
        let propagator = propagator(chain, time);
        let deviation: Vec<f64> = self.periodic.deviation(&law.mean());
        let wide = chain.bonds <= INTEGRATED && law.covariance.is_none();
        let turned = match wide {
            true => Turned::new(chain, law, &deviation, |i| propagator.wide_row(i).collect()),
            false => Turned::new(chain, law, &deviation, |i| propagator.row(i)),
        };
        let turned = turned.expect("there is a thermostat");
        let mut mean = self.periodic.at(time);
        mean.iter_mut().zip(&turned.mean).for_each(|(mean, turned)| *mean += turned);
        let mut moments = Moments {
            time,
            mean,
            variance: turned.variance.clone(),
            correlation: turned.correlation.clone(),
            inflow: Some(turned.inflow),
            ..Default::default()
        };
        let covariance =
            (keep || law.covariance.is_some()).then(|| self.covariance(law, &propagator));
        if let (Some(_), Some([covariance, turned])) = (&law.covariance, &covariance) {
            moments.variance = covariance.diag().to_vec();
            moments.correlation = chain.left_correlations(covariance.view());
            // 0 - 0 is 0 where -0 would be printed.
            let left = |p: usize, friction: f64, flow: f64| 0.0 + flow - friction * turned[[p, p]];
            let ([first, last], flow) = (chain.friction(), self.state.correlation);
            moments.inflow = Some([left(chain.bonds, first, -flow), left(n - 1, last, flow)]);
        }
        let covariance = covariance.map(|[covariance, _]| covariance);
        // Rows have a length of one at most, and sums have n terms; a dense product is off by n
        // times as much at worst. The propagator itself has 32 digits, of which a squaring loses
        // one bit.
        let doubled = n as f64 * (1.0 + 4.0 * time.hi) * 2f64.powi(-102);
        let dense = if law.covariance.is_some() { (n as f64).sqrt() } else { 1.0 };
        let limit = self.state.var_r.iter().chain(&self.state.var_p);
        let start = dense * largest_of(law.variance().iter().zip(limit).map(|(v, s)| v - s));
        let sizes = [largest(&deviation), start + dense * self.state.correlation.abs()];
        let mut errors = turned.errors(chain, &moments, &self.state, sizes, doubled.min(1.0), wide);
        let [periodic_r, periodic_p] = self.periodic.errors_at(time.hi);
        errors.mean_r += periodic_r;
        errors.mean_p += periodic_p;
        moments.covariance = covariance;
        let solution = Solution { moments, errors, ..Default::default() };
        let solution = solution.with_consistency(chain, keep);
        let integrals = (chain.bonds <= INTEGRATED)
            .then(|| self.integrals(law, &deviation, &solution.moments))
            .transpose()?;
        Ok(Solution { integrals, ..solution })
    }

    /// The time integrals up to the time of `moments`, w(0) being `deviation`: ∫ Y of Y = C + w wᵀ,
    /// which is C_∞ and what e^(Bτ) turns, and the rest of the means' part.
    fn integrals(
        &self,
        law: &InitialLaw,
        deviation: &[f64],
        moments: &Moments,
    ) -> Result<TimeIntegrals, SolveError> {
        let (chain, time) = (self.chain, moments.time);
        let w: Vec<f64> =
            moments.mean.iter().zip(self.periodic.at(time)).map(|(z, s)| z - s).collect();
        let change: Vec<Complex64> =
            deviation.iter().zip(&w).map(|(before, w)| (before - w).into()).collect();
        let solve = |shift: Complex64, f: &[Complex64]| literal::solve_drift(chain, shift, f);
        let w_sum: Vec<f64> = solve(Complex64::ZERO, &change)?.iter().map(|w| w.re).collect();
        let mut integrals =
            mean_integrals(chain, solve, &self.periodic, deviation, (&w, &w_sum), time)?;
        let mut start = law.covariance_above(0.0) - self.limit();
        start.indexed_iter_mut().for_each(|((i, j), y)| *y += deviation[i] * deviation[j]);
        let norm = 2.0 + chain.friction().into_iter().fold(0.0, f64::max);
        let mut known: Option<ToeplitzHankel> = None;
        let turned = doubling::accumulated(
            start,
            |x| chain.drift_of(x),
            norm,
            time,
            |time| {
                let turn =
                    known.as_ref().map_or_else(|| propagator(chain, time), ToeplitzHankel::squared);
                let matrix = self.matrix(&turn);
                known = Some(turn);
                matrix
            },
        );
        let variance = [&self.state.var_r[..], &self.state.var_p].concat();
        for (i, sum) in integrals.square.iter_mut().enumerate() {
            *sum += variance[i] * time.hi + turned[[i, i]];
        }
        for (bond, sum) in integrals.product.iter_mut().enumerate() {
            *sum += self.state.correlation * time.hi + turned[chain.left_pair(bond)];
        }
        Ok(integrals)
    }

    /// C_∞ in the theory's order.
    fn limit(&self) -> Array2<f64> {
        self.state.covariance(self.chain)
    }

    /// e^(Bτ) in the theory's order.
    fn matrix(&self, propagator: &ToeplitzHankel) -> Array2<f64> {
        let (bonds, n) = (self.chain.bonds, self.chain.coordinates());
        let mut matrix = Array2::zeros((n, n));
        for i in 0..n {
            for (j, g) in propagator.row(i).into_iter().enumerate() {
                matrix[[place(bonds, i), place(bonds, j)]] = g;
            }
        }
        matrix
    }

    /// C_∞ + e^(Bτ)(C(0) - C_∞)e^(Bᵀτ) in the theory's order, and its second part alone.
    fn covariance(&self, law: &InitialLaw, propagator: &ToeplitzHankel) -> [Array2<f64>; 2] {
        let (limit, matrix) = (self.limit(), self.matrix(propagator));
        let deviation = law.covariance_above(0.0) - &limit;
        let turned = product(&product(&matrix, &deviation), &matrix.t().to_owned());
        [limit + &turned, turned]
    }
}

/// e^(Bτ) along the chain.
fn propagator(chain: &Chain, time: Double) -> ToeplitzHankel {
    let n = chain.coordinates();
    let [left, right] = chain.friction();
    let norm = (2.0 + left.max(right)) * time.hi;
    let squarings = (norm / 16.0).log2().ceil().max(0.0) as i32;
    let step = time.scaled(0.125 * 2f64.powi(-squarings));
    // The change of a unit vector by eight steps.
    let column = |source: usize| -> Vec<Double> {
        let mut change = vec![Double::default(); n];
        for _ in 0..8 {
            let mut term = change.clone();
            term[source] = term[source].plus(1.0.into());
            for k in 1..=DEGREE {
                let next = |i: usize| {
                    let mut slope = Double::default();
                    if i + 1 < n {
                        slope = slope.plus(term[i + 1]);
                    }
                    if i > 0 {
                        slope = slope.plus(term[i - 1].negated());
                    }
                    for (end, friction) in [(0, left), (n - 1, right)] {
                        if i == end && friction > 0.0 {
                            slope = slope.plus(term[i].scaled(-friction));
                        }
                    }
                    slope.times(step).divided(k as f64)
                };
                term = (0..n).map(next).collect();
                change.iter_mut().zip(&term).for_each(|(sum, term)| *sum = sum.plus(*term));
            }
        }
        change
    };
    let columns: Vec<_> = [0, 1, n - 1].into_par_iter().map(column).collect();
    let mut propagator = ToeplitzHankel::from_columns([&columns[0], &columns[1], &columns[2]]);
    for _ in 0..squarings {
        propagator = propagator.squared();
    }
    propagator
}
