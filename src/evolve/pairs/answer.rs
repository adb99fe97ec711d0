//! The state of an output in pairs of waves, and the answer that is read off it.

use super::super::exact_means::Means;
use super::super::returns::answer::Answer;
use super::super::turning::Turning;
use super::couples::Couples;
use super::waves::{lasting, parity};
use crate::budget::rounding;
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, TimeIntegrals, largest};
use crate::numerics::vector::largest_of;
use faer::Mat;
use ndarray::Array2;
use num_complex::Complex64;
use rayon::prelude::*;

/// X and the pairs of the means at some time.
#[derive(Clone)]
pub(super) struct State<'a> {
    turning: &'a Turning<'a>,
    couples: &'a Couples<'a>,
    /// How much of every wave there was at time 0.
    amplitudes: &'a [Complex64],
    /// X, of damped pairs.
    deviation: Vec<Complex64>,
    /// z̃ z̃ᵀ, of all pairs.
    means: Vec<Complex64>,
    /// The errors of `deviation`.
    errors: Vec<f64>,
    /// ∫ Y(p_n, p_n)
    squares: Vec<f64>,
    /// Roundings of the next application of R.
    roundings: f64,
}

impl<'a> State<'a> {
    pub fn start(
        turning: &'a Turning<'a>,
        couples: &'a Couples<'a>,
        law: &InitialLaw,
        amplitudes: &'a [Complex64],
    ) -> State<'a> {
        let (chain, n) = (turning.chain, turning.coordinates());
        let deviation = chain.beyond_harmonic(law);
        // Vᵀ Σ X Σ V, and the same of squares for the errors.
        let waves = &couples.waves.waves[..couples.waves.own];
        let v = Mat::from_fn(n, n, |i, a| waves[a].rounded[i] * parity(chain.bonds, i));
        let x = Mat::from_fn(n, n, |i, j| Complex64::from(deviation[[i, j]]));
        let in_waves = v.transpose() * &x * &v;
        let squares = Mat::from_fn(n, n, |i, a| v[(i, a)].norm_sqr());
        let sizes = Mat::from_fn(n, n, |i, j| deviation[[i, j]].powi(2));
        let sizes = squares.transpose() * &sizes * &squares;
        let own = couples.pairs[..couples.own].iter().zip(&couples.weights);
        let (deviation, errors) = own
            .map(|(&[a, b], weight)| {
                let error = rounding::FORMULA * weight * sizes[(a, b)].sqrt();
                (in_waves[(a, b)] * *weight, error)
            })
            .unzip();
        let means = couples.pairs.iter().zip(&couples.weights);
        let means = means.map(|(&[a, b], w)| amplitudes[a] * amplitudes[b] * *w).collect();
        let squares = vec![0.0; couples.atoms()];
        let roundings = rounding::PAIRS[0];
        State { turning, couples, amplitudes, deviation, means, errors, squares, roundings }
    }

    /// ∫ Y(p_n, p_n) over a first step, in which flips give hardly anything back.
    pub fn add_lasting(&mut self, time: Double) {
        let Couples { shapes, rates, .. } = self.couples;
        let turned: Vec<Complex64> = rates.iter().map(|&rate| lasting(rate, time)).collect();
        self.add_to_squares(|alpha, n, y| shapes[(alpha, n)] * y * turned[alpha]);
    }

    /// The same over a step, of ∫W.
    pub fn add_squares(&mut self, integral: &Mat<Complex64>) {
        self.add_to_squares(|alpha, n, y| integral[(alpha, n)] * y);
    }

    /// Adds the real parts of Σ_α of these terms, given α, n and y_α.
    fn add_to_squares(&mut self, term: impl Fn(usize, usize, Complex64) -> Complex64) {
        let all = self.whole();
        for (n, square) in self.squares.iter_mut().enumerate() {
            let terms = all.iter().enumerate();
            *square += terms.map(|(alpha, y)| term(alpha, n, *y).re).sum::<f64>();
        }
    }

    fn turn(&mut self, turned: &[Complex64]) {
        self.deviation.iter_mut().zip(turned).for_each(|(y, turned)| *y *= turned);
        self.means.iter_mut().zip(turned).for_each(|(m, turned)| *m *= turned);
        self.errors.iter_mut().zip(turned).for_each(|(error, turned)| *error *= turned.norm());
    }

    /// All pairs of Y.
    pub fn whole(&self) -> Vec<Complex64> {
        let mut all = self.means.clone();
        all.iter_mut().zip(&self.deviation).for_each(|(all, own)| *all += own);
        all
    }

    /// The squares of their errors and of the roundings that R(h) makes of them. Every doubling
    /// doubles the energy that flips have shared, with its roundings.
    pub fn doubts(&self, h: f64) -> Vec<f64> {
        let returned = 4.0 * self.turning.chain.flip_rate * h;
        let rounding = self.roundings + rounding::RETURNED * returned;
        let mut all: Vec<f64> =
            self.whole().iter().map(|y| rounding * rounding * y.norm_sqr()).collect();
        all.iter_mut().zip(&self.errors).for_each(|(all, error)| *all += error * error);
        all
    }

    /// After a step with these e^(Λh), R Y and errors of it; `before` counts the doublings until
    /// then.
    pub fn go(&mut self, turned: &[Complex64], given: &[Complex64], errors: &[f64], before: usize) {
        self.turn(turned);
        for (((y, error), given), more) in
            self.deviation.iter_mut().zip(&mut self.errors).zip(given).zip(errors)
        {
            *y += given;
            *error += more + rounding::PRODUCT * y.norm();
        }
        self.roundings = rounding::PAIRS[0] + rounding::PAIRS[1] * before as f64;
    }

    /// The real part of Σ y_α times the entry (i, j), and the error of it. The sum itself leaves no
    /// roundings: its terms are many, and what is left of them may be small.
    fn sum(&self, values: &[Complex64], errors: &[f64], i: usize, j: usize) -> (f64, f64) {
        let (mut sum, mut square) = (Double::default(), 0.0);
        for (alpha, (y, error)) in values.iter().zip(errors).enumerate() {
            let entry = self.couples.entry(alpha, i, j);
            sum = sum.gathering((y * entry).re);
            square += entry.norm_sqr() * (error + rounding::PRODUCT * y.norm()).powi(2);
        }
        // A conjugate has the same error.
        (sum.hi + sum.lo, 2.0 * square.sqrt())
    }

    /// The answer at a time.
    pub fn read(&self, start: &State, time: Double, means: &Means, keep: bool) -> Solution {
        let (chain, n, bonds) = (self.turning.chain, self.turning.coordinates(), self.bonds());
        let mut deviation = self.matrix();
        let of = |i: usize, j: usize| self.sum(&self.deviation, &self.errors, i, j);
        let diagonal: Vec<(f64, f64)> = (0..n).into_par_iter().map(|i| of(i, i)).collect();
        let currents: Vec<(f64, f64)> = (0..bonds)
            .into_par_iter()
            .map(|bond| {
                let (p, r) = chain.left_pair(bond);
                of(p, r)
            })
            .collect();
        for (i, (x, _)) in diagonal.iter().enumerate() {
            deviation[[i, i]] = *x;
        }
        for (bond, (x, _)) in currents.iter().enumerate() {
            let (p, r) = chain.left_pair(bond);
            (deviation[[p, r]], deviation[[r, p]]) = (*x, *x);
        }
        let errors = |all: &[(f64, f64)]| largest_of(all.iter().map(|(_, error)| *error));
        let friction = chain.friction();
        let ends = [bonds, n - 1].into_iter().zip(friction);
        let of_ends = largest_of(ends.map(|(p, friction)| friction * diagonal[p].1));
        let flow = errors(&currents).max(of_ends);
        let lost = MomentErrors {
            var_r: errors(&diagonal[..bonds]),
            var_p: errors(&diagonal[bonds..]),
            correlation: flow,
            ..Default::default()
        };
        let Means { values, error: means_lost } = means;
        let (means, means_lost) = (&values[..], *means_lost);
        let answer =
            Answer { turning: self.turning, means, means_lost, deviation: &deviation, time };
        let integrals = self.integrals(start, time);
        Solution { integrals: Some(integrals), ..answer.solution(lost, keep) }
    }

    fn bonds(&self) -> usize {
        self.turning.chain.bonds
    }

    /// X
    fn matrix(&self) -> Array2<f64> {
        let (waves, n) = (&self.couples.waves.waves, self.turning.coordinates());
        let mut y = Mat::<Complex64>::zeros(n, n);
        for ((&[a, b], w), x) in
            self.couples.pairs.iter().zip(&self.couples.weights).zip(&self.deviation)
        {
            let x = if a == b { *x } else { x * (0.5 * w) };
            (y[(a, b)], y[(b, a)]) = (x, x);
        }
        let v = Mat::from_fn(n, n, |i, a| waves[a].rounded[i]);
        let x = &v * &y * v.transpose();
        Array2::from_shape_fn((n, n), |(i, j)| 0.5 * (x[(i, j)].re + x[(j, i)].re))
    }

    /// ∫ y_α = (y_α - y_α(0) - 4γ u_α·∫Y(p, p)) / Λ_α, and the means' own.
    fn integrals(&self, start: &State, time: Double) -> TimeIntegrals {
        let (couples, chain, n) = (self.couples, self.turning.chain, self.turning.coordinates());
        let (bonds, given) = (self.bonds(), 4.0 * chain.flip_rate);
        let of_means: Vec<Complex64> = (start.means.par_iter().enumerate())
            .map(|(alpha, m)| m * lasting(couples.rates[alpha], time))
            .collect();
        let whole: Vec<Complex64> = (0..couples.all())
            .into_par_iter()
            .map(|alpha| {
                if alpha >= couples.own {
                    return of_means[alpha];
                }
                let flips: Complex64 =
                    (0..n - bonds).map(|i| couples.shapes[(alpha, i)] * self.squares[i]).sum();
                let change = self.deviation[alpha] - start.deviation[alpha] - flips * given;
                of_means[alpha] + change / couples.rates[alpha].rounded()
            })
            .collect();
        let thermal = chain.harmonic_state().map(|state| state.covariance(chain));
        let still = |i: usize, j: usize| thermal.as_ref().map_or(0.0, |c| time.hi * c[[i, j]]);
        let sum = |values: &[Complex64], i: usize, j: usize| -> f64 {
            let terms = values.iter().enumerate();
            terms.map(|(alpha, y)| (y * couples.entry(alpha, i, j)).re).sum()
        };
        let mut square: Vec<f64> =
            (0..bonds).into_par_iter().map(|i| still(i, i) + sum(&whole, i, i)).collect();
        square.extend((bonds..n).map(|p| still(p, p) + self.squares[p - bonds]));
        let product: Vec<f64> = (0..bonds)
            .into_par_iter()
            .map(|bond| {
                let (p, r) = chain.left_pair(bond);
                still(p, r) + sum(&whole, p, r)
            })
            .collect();
        let heat: f64 = (bonds..n).into_par_iter().map(|p| sum(&of_means, p, p)).sum();
        let size = largest(&self.squares);
        TimeIntegrals {
            mean: (0..n).map(|i| couples.waves.integral(self.amplitudes, i, time)).collect(),
            square,
            product,
            work: couples.waves.work(chain, self.amplitudes, time),
            heat: Some(2.0 * chain.flip_rate * heat),
            error: [rounding::SOLVE * size, 0.0],
        }
    }
}
