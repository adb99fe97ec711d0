//! The first step, in its first two orders of 4γh, and outputs within one.

use super::answer::State;
use super::couples::{Couples, apart};
use super::rows::{Propagator, product};
use super::waves::{after, lasting};
use crate::chain::Double;
use crate::numerics::wide::Wide;
use faer::Mat;
use num_complex::Complex64;
use rayon::prelude::*;

impl<'a> Propagator<'a> {
    /// Of a first step, to the second order of 4γh.
    pub fn first(couples: &'a Couples<'a>, step: f64) -> Propagator<'a> {
        let mut first = Propagator::of_first_order(couples, step);
        let halfway = Propagator::of_first_order(couples, 0.5 * step).given;
        let integral = first.lasting(&halfway);
        let own = |matrix: &Mat<Complex64>| matrix.as_ref().subrows(0, couples.own).to_owned();
        first.kernel = product(own(&couples.shapes).transpose(), own(&integral).as_ref());
        let by_force = (0..couples.all()).filter(|&alpha| couples.is_driven(alpha));
        let row = |alpha: usize| (0..couples.atoms()).map(|n| integral[(alpha, n)]).collect();
        first.driven = by_force.map(|alpha| (alpha, row(alpha))).collect();
        // R of the second order, by the columns of the first.
        let second = couples.blocks.par_iter().map(|block| first.close_second(block));
        let second: Vec<Vec<Vec<Complex64>>> = second.collect();
        for (block, rows) in couples.blocks.iter().zip(second) {
            block.iter().zip(rows).for_each(|(&alpha, row)| first.second[alpha] = row);
        }
        first.given = first.columns(false);
        first
    }

    /// To the first order, with Z.
    fn of_first_order(couples: &'a Couples<'a>, step: f64) -> Propagator<'a> {
        let mut first = Propagator::without_columns(couples, step);
        first.given = first.columns(true);
        first
    }

    /// To the first order, without Z.
    fn without_columns(couples: &'a Couples<'a>, step: f64) -> Propagator<'a> {
        let mut formed = vec![false; couples.all()];
        couples.blocks.iter().flatten().for_each(|&alpha| formed[alpha] = true);
        let second = vec![Vec::new(); couples.all()];
        let given = Mat::zeros(couples.all(), couples.atoms());
        let kernel = Mat::zeros(couples.atoms(), couples.atoms());
        let driven = Default::default();
        Propagator { couples, step, given, kernel, driven, second, formed }
    }

    /// R U; `first` leaves all but the first order out.
    fn columns(&self, first: bool) -> Mat<Complex64> {
        let step = self.with(&[], self.step.into(), false);
        let (own, shapes) = (self.couples.own, &self.couples.shapes);
        let rows: Vec<Mat<Complex64>> = (self.couples.blocks.par_iter())
            .map(|block| {
                let rows = step.block(block, first);
                product(rows.as_ref().subcols(0, own), shapes.as_ref().subrows(0, own))
            })
            .collect();
        let mut given = Mat::zeros(self.couples.all(), self.couples.atoms());
        for (block, rows) in self.couples.blocks.iter().zip(rows) {
            self.scatter(&mut given, block, &rows);
        }
        given
    }

    /// ∫_0^h W to the second order: Z by Simpson's rule, or by its equation where it is fast.
    fn lasting(&self, halfway: &Mat<Complex64>) -> Mat<Complex64> {
        let (couples, h, atoms) = (self.couples, self.step, self.couples.atoms());
        let shapes = &couples.shapes;
        let mut integral = Mat::from_fn(couples.all(), atoms, |alpha, n| {
            shapes[(alpha, n)] * lasting(couples.rates[alpha], h.into())
        });
        let own = integral.as_ref().subrows(0, couples.own);
        let of_kernel = product(shapes.as_ref().subrows(0, couples.own).transpose(), own);
        let flips = product(shapes.as_ref(), of_kernel.as_ref());
        let given = 4.0 * couples.chain.flip_rate;
        for (alpha, rate) in couples.rates.iter().enumerate() {
            let rate = rate.rounded();
            for n in 0..atoms {
                let last = self.given[(alpha, n)];
                integral[(alpha, n)] += match rate.norm() * h < 1.0 {
                    true => (halfway[(alpha, n)] * 4.0 + last) * (h / 6.0),
                    false => (last - flips[(alpha, n)] * given) / rate,
                };
            }
        }
        integral
    }

    /// R of the second order, of close pairs: 4γh is so small that their rates are equal.
    fn close_second(&self, block: &[usize]) -> Vec<Vec<Complex64>> {
        let Couples { rates, own, shapes, close, places, chain, .. } = self.couples;
        let (given, h) = ((4.0 * chain.flip_rate).powi(2), self.step);
        let of_rows = Mat::from_fn(block.len(), shapes.ncols(), |i, n| shapes[(block[i], n)]);
        let couplings = product(of_rows.as_ref(), shapes.as_ref().subrows(0, *own).transpose());
        let turned: Vec<Complex64> =
            rates[..*own].iter().map(|&rate| after(rate, h.into())).collect();
        let row = |(i, &alpha): (usize, &usize)| {
            let (rate, mut terms) = (rates[alpha], Vec::with_capacity(*own));
            let still = after(rate, h.into());
            for gamma in 0..*own {
                let x = apart(rates[gamma], rate) * h;
                let twice = match x.norm_sqr() < 1.0 {
                    true => still * second_order(x),
                    false => (turned[gamma] - still * (1.0 + x)) / (x * x),
                };
                terms.push(couplings[(i, gamma)] * twice * (given * h * h));
            }
            let of_pair = |&beta: &usize| {
                let j = places[beta];
                let terms = terms.iter().enumerate();
                terms.map(|(gamma, term)| term * couplings[(j, gamma)]).sum::<Complex64>()
            };
            close[alpha].iter().map(of_pair).collect()
        };
        block.iter().enumerate().map(row).collect()
    }

    /// Twice the most that the second order adds to `first`, the first order of R Y: there flips
    /// give once more of the p² that they have given. Rows of what the force alone drives mean
    /// nothing.
    fn second_order_of(&self, first: &[Complex64]) -> Vec<f64> {
        let Couples { rates, shapes, own, chain, .. } = self.couples;
        let (atoms, given) = (self.couples.atoms(), 4.0 * chain.flip_rate);
        let squares: Vec<f64> = (0..atoms)
            .map(|n| first[..*own].iter().enumerate().map(|(a, y)| (shapes[(a, n)] * y).re).sum())
            .collect();
        let most = |(alpha, rate): (usize, &Wide)| -> f64 {
            let damped = (rate.rounded().re * self.step).abs();
            let lasting = if damped > 1.0 { self.step / damped } else { self.step };
            let terms =
                squares.iter().enumerate().map(|(n, q)| shapes[(alpha, n)].norm() * q.abs());
            if alpha < *own { given * lasting * terms.sum::<f64>() } else { 0.0 }
        };
        rates.iter().enumerate().map(most).collect()
    }

    /// Moves an output by a time up to the first step.
    pub fn go_short(couples: &'a Couples<'a>, state: &mut State, time: Double) {
        let of = Propagator::without_columns(couples, time.hi);
        let step = of.with(&[&*state], time, false);
        let rows: Vec<(Mat<Complex64>, Vec<Vec<f64>>)> = (couples.blocks.par_iter())
            .map(|block| {
                let r = step.block(block, true);
                (product(r.as_ref(), step.states.as_ref()), step.doubts(&r))
            })
            .collect();
        let mut states = Mat::zeros(couples.all(), 1);
        let mut errors = vec![vec![0.0; couples.all()]];
        for (block, (rows, doubts)) in couples.blocks.iter().zip(rows) {
            of.scatter(&mut states, block, &rows);
            of.scatter_errors(&mut errors, block, &doubts);
        }
        let added: Vec<Complex64> = (0..couples.all()).map(|alpha| states[(alpha, 0)]).collect();
        let left_out = of.second_order_of(&added);
        errors[0].iter_mut().zip(left_out).for_each(|(error, more)| *error += more);
        state.add_lasting(time);
        state.go(&step.whole, &added, &errors[0], 0);
    }
}

/// (e^x - 1 - x)/x² of |x| ≤ 1: 1/20! is below 10⁻¹⁸.
fn second_order(x: Complex64) -> Complex64 {
    let sum =
        (3..=20).rev().fold(Complex64::from(1.0), |sum, k| 1.0 + x * sum * (1.0 / f64::from(k)));
    sum * 0.5
}
