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
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::SolveError;
use crate::covariance::literal;
use crate::covariance::moments::{
    Consistency, MomentErrors, Moments, Solution, TimeIntegrals, largest,
};
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
    variance: Vec<f64>,
    correlation: f64,
}

impl<'a> Damped<'a> {
    /// `None` without thermostats.
    pub fn new(chain: &'a Chain) -> Result<Option<Self>, SolveError> {
        let Some(state) = chain.harmonic_state() else { return Ok(None) };
        let periodic = PeriodicMean::of(chain, |shift, f| literal::solve_drift(chain, shift, f))?;
        let periodic = periodic.expect("a thermostat resists every force");
        let variance = [&state.var_r[..], &state.var_p].concat();
        Ok(Some(Damped { chain, periodic, variance, correlation: state.correlation }))
    }

    /// The place of the coordinate i along the chain in the theory's order.
    fn place(&self, i: usize) -> usize {
        if i.is_multiple_of(2) { self.chain.bonds + i / 2 } else { i / 2 }
    }

    /// The moments at one time. Long because means, variances and currents share the propagator's
    /// rows.
    pub fn at(&self, law: &InitialLaw, time: Double, keep: bool) -> Result<Solution, SolveError> {
        let (chain, n) = (self.chain, self.chain.coordinates());
        let propagator = propagator(chain, time);
        let deviation: Vec<f64> = self.periodic.deviation(&law.mean());
        let variance: Vec<f64> =
            law.variance().iter().zip(&self.variance).map(|(v, limit)| v - limit).collect();
        let mut moments = Moments {
            time,
            mean: self.periodic.at(time),
            variance: self.variance.clone(),
            correlation: vec![self.correlation; chain.bonds],
            ..Default::default()
        };
        // Atom by atom: p_n and r_(n+1), the rows 2n and 2n+1, and how long these are.
        let square = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>();
        let atom = |atom: usize| -> ([f64; 2], [f64; 3], [f64; 2]) {
            let p = propagator.row(2 * atom);
            let r = if 2 * atom + 1 < n { propagator.row(2 * atom + 1) } else { vec![0.0; n] };
            let mean = [&p, &r].map(|row| (0..n).map(|j| row[j] * deviation[self.place(j)]).sum());
            let second = |a: &[f64], b: &[f64]| -> f64 {
                let own: f64 = (0..n).map(|j| a[j] * b[j] * variance[self.place(j)]).sum();
                let next: f64 = (1..n).map(|j| a[j - 1] * b[j] + a[j] * b[j - 1]).sum();
                own - self.correlation * next
            };
            (mean, [second(&p, &p), second(&r, &r), second(&p, &r)], [square(&p), square(&r)])
        };
        let atoms: Vec<_> = (0..chain.atoms()).into_par_iter().map(atom).collect();
        let last = chain.atoms() - 1;
        // The parts of the ends' variances that e^(Bτ) has left, and the squares of the longest
        // row of all and of those of the ends.
        let mut end_deviations = [atoms[0].1[0], atoms[last].1[0]];
        let longest_of = |part: usize| largest_of(atoms.iter().map(|(_, _, s)| s[part]));
        let [longest_p, longest_r] = [longest_of(0), longest_of(1)];
        let longest = longest_p.max(longest_r);
        let end_squares = [atoms[0].2[0], atoms[last].2[0]];
        for (atom, ([mean_p, mean_r], [var_p, var_r, correlation], _)) in
            atoms.into_iter().enumerate()
        {
            moments.mean[chain.bonds + atom] += mean_p;
            moments.variance[chain.bonds + atom] += var_p;
            if atom < chain.bonds {
                moments.mean[atom] += mean_r;
                moments.variance[atom] += var_r;
                moments.correlation[atom] += correlation;
            }
        }
        let covariance =
            (keep || law.covariance.is_some()).then(|| self.covariance(law, &propagator));
        if let (Some(_), Some([covariance, turned])) = (&law.covariance, &covariance) {
            moments.variance = covariance.diag().to_vec();
            moments.correlation = chain.left_correlations(covariance.view());
            end_deviations = [chain.bonds, n - 1].map(|p| turned[[p, p]]);
        }
        let covariance = covariance.map(|[covariance, _]| covariance);
        // λ(T - Var p) at the ends: what flows in C_∞, and what is left of the start.
        let flow = [-self.correlation, self.correlation];
        let friction = chain.friction();
        // 0 - 0 is 0 where -0 would be printed.
        let inflow = [0, 1].map(|end| 0.0 + flow[end] - friction[end] * end_deviations[end]);
        moments.inflow = Some(inflow);
        // Rows have a length of one at most, and sums have n terms; a dense product is off by n
        // times as much at worst. The propagator itself has 32 digits, of which a squaring loses
        // one bit.
        let doubled = n as f64 * (1.0 + 4.0 * time.hi) * 2f64.powi(-102);
        let doubled = doubled.min(1.0);
        let roundings = rounding::SOLVE + rounding::UNIT * (n as f64).sqrt();
        let dense = if law.covariance.is_some() { (n as f64).sqrt() } else { 1.0 };
        let size = dense * (largest(&variance) + self.correlation.abs());
        // The error of the variance that two rows of this square make of the start.
        let turned =
            |square: f64| size * (roundings * square + doubled * (2.0 * square.sqrt() + doubled));
        let loss = turned(longest) + rounding::FORMULA * largest(&self.variance);
        let at_end = |end: usize| friction[end] * turned(end_squares[end]);
        let flows = largest(&inflow).max(self.correlation.abs());
        let correlation = turned(longest).max(at_end(0)).max(at_end(1));
        let turned_mean = |square: f64| {
            (roundings * square.sqrt() + doubled) * (n as f64).sqrt() * largest(&deviation)
        };
        let [periodic_r, periodic_p] = self.periodic.errors_at(time.hi);
        let mean = |square: f64, part: std::ops::Range<usize>, periodic: f64| {
            turned_mean(square) + rounding::FORMULA * largest(&moments.mean[part]) + periodic
        };
        let errors = MomentErrors {
            mean_r: mean(longest_r, 0..chain.bonds, periodic_r),
            mean_p: mean(longest_p, chain.bonds..n, periodic_p),
            var_r: loss,
            var_p: loss,
            correlation: correlation + rounding::FORMULA * flows,
            left: 0.0,
        };
        let consistency = match &covariance {
            Some(covariance) => Consistency::of(covariance.view()),
            None => Consistency::of_bonds(chain, &moments.variance, &moments.correlation),
        };
        moments.covariance = covariance.filter(|_| keep);
        let integrals = (chain.bonds <= INTEGRATED)
            .then(|| self.integrals(law, &deviation, &moments))
            .transpose()?;
        Ok(Solution {
            moments,
            errors,
            integrals,
            consistency: Some(consistency),
            ..Default::default()
        })
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
        for (i, sum) in integrals.square.iter_mut().enumerate() {
            *sum += self.variance[i] * time.hi + turned[[i, i]];
        }
        for (bond, sum) in integrals.product.iter_mut().enumerate() {
            *sum += self.correlation * time.hi + turned[chain.left_pair(bond)];
        }
        Ok(integrals)
    }

    /// C_∞ in the theory's order.
    fn limit(&self) -> Array2<f64> {
        self.chain.harmonic_state().expect("there is a thermostat").covariance(self.chain)
    }

    /// e^(Bτ) in the theory's order.
    fn matrix(&self, propagator: &ToeplitzHankel) -> Array2<f64> {
        let n = self.chain.coordinates();
        let mut matrix = Array2::zeros((n, n));
        for i in 0..n {
            for (j, g) in propagator.row(i).into_iter().enumerate() {
                matrix[[self.place(i), self.place(j)]] = g;
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
