//! R(h) and its time integrals (docs/theory/small-systems.md, (15.4) and (15.5)), computed a block
//! of rows at a time. While a block is in memory it is applied to everything that needs it: its own
//! doubling, the time integrals of U, and the states of the outputs.

use super::answer::State;
use super::couples::{Couples, apart};
use super::waves::{after, hyperbolic, lasting};
use crate::chain::Double;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::wide::Wide;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use num_complex::Complex64;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Where more than one in this many pairs of a block are close, one product of the whole block is
/// faster than a sum for every close pair.
const MANY: usize = 8;

/// R(h) by its columns Z = R U.
pub(super) struct Propagator<'a> {
    pub(super) couples: &'a Couples<'a>,
    pub(super) step: f64,
    /// R U; all × atoms.
    pub(super) given: Mat<Complex64>,
    /// Uᵀ ∫_0^h W; atoms × atoms.
    pub(super) kernel: Mat<Complex64>,
    /// Rows of ∫_0^h W of pairs that the force alone drives: their rates may be 0.
    pub(super) driven: BTreeMap<usize, Vec<Complex64>>,
    /// Of close pairs of the rows that are formed, R beyond its first order.
    pub(super) second: Vec<Vec<Complex64>>,
    pub(super) formed: Vec<bool>,
}

/// What a step needs everywhere.
pub(super) struct Step<'a> {
    of: &'a Propagator<'a>,
    /// e^(Λh) and e^(Λh/2).
    pub(super) whole: Vec<Complex64>,
    half: Vec<Complex64>,
    /// [Z, -U] and [U, Z].
    left: Mat<Complex64>,
    right: Mat<Complex64>,
    /// W = e^(Λh) U + Z.
    after: Mat<Complex64>,
    /// y of the outputs, and their errors' squares with the roundings of R.
    pub(super) states: Mat<Complex64>,
    errors: Vec<Vec<f64>>,
    doubles: bool,
}

/// What a block of rows gives.
struct Rows {
    given: Mat<Complex64>,
    second: Vec<Vec<Complex64>>,
    driven: Vec<(usize, Vec<Complex64>)>,
    states: Mat<Complex64>,
    errors: Vec<Vec<f64>>,
}

impl<'a> Propagator<'a> {
    /// ∫_0^h W; all × atoms. By dW/dt = ΛW + 4γ U UᵀW it is (W - U - 4γ U K)/Λ, K the kernel; what
    /// of that is of the zeroth order is known in closed form.
    pub(super) fn integral(&self) -> Mat<Complex64> {
        let Couples { shapes, rates, chain, .. } = self.couples;
        let flips = product(shapes.as_ref(), self.kernel.as_ref());
        let (given, atoms) = (4.0 * chain.flip_rate, self.couples.atoms());
        let rows: Vec<Vec<Complex64>> = (rates.par_iter().enumerate())
            .map(|(alpha, &rate)| {
                let still = lasting(rate, self.step.into());
                let entry = |n: usize| {
                    let by_flips = self.given[(alpha, n)] - flips[(alpha, n)] * given;
                    shapes[(alpha, n)] * still + by_flips / rate.rounded()
                };
                self.driven.get(&alpha).cloned().unwrap_or_else(|| (0..atoms).map(entry).collect())
            })
            .collect();
        Mat::from_fn(rates.len(), atoms, |alpha, n| rows[alpha][n])
    }

    /// Puts rows and their conjugates where they belong.
    pub(super) fn scatter(&self, to: &mut Mat<Complex64>, block: &[usize], rows: &Mat<Complex64>) {
        for (i, &alpha) in block.iter().enumerate() {
            let (partner, sign) = self.couples.partners[alpha];
            for j in 0..rows.ncols() {
                to[(alpha, j)] = rows[(i, j)];
                if !self.formed[partner] {
                    to[(partner, j)] = rows[(i, j)].conj() * sign;
                }
            }
        }
    }

    /// The same for the errors of outputs.
    pub(super) fn scatter_errors(&self, to: &mut [Vec<f64>], block: &[usize], rows: &[Vec<f64>]) {
        for (to, of) in to.iter_mut().zip(rows) {
            for (&alpha, error) in block.iter().zip(of) {
                to[alpha] = *error;
                let (partner, _) = self.couples.partners[alpha];
                if !self.formed[partner] {
                    to[partner] = *error;
                }
            }
        }
    }

    pub(super) fn with(&self, moved: &[&State], time: Double, doubles: bool) -> Step<'_> {
        let couples = self.couples;
        let (all, atoms) = (couples.all(), couples.atoms());
        let phases = |h: Double| couples.rates.par_iter().map(|&rate| after(rate, h)).collect();
        let whole: Vec<Complex64> = phases(time);
        let (given, shapes) = (&self.given, &couples.shapes);
        let left = Mat::from_fn(all, 2 * atoms, |alpha, n| {
            if n < atoms { given[(alpha, n)] } else { -shapes[(alpha, n - atoms)] }
        });
        let right = Mat::from_fn(all, 2 * atoms, |alpha, n| {
            if n < atoms { shapes[(alpha, n)] } else { given[(alpha, n - atoms)] }
        });
        let after = Mat::from_fn(all, atoms, |alpha, n| {
            whole[alpha] * shapes[(alpha, n)] + given[(alpha, n)]
        });
        let whole_states = moved.iter().map(|state| state.whole()).collect::<Vec<_>>();
        let states = Mat::from_fn(all, moved.len(), |alpha, output| whole_states[output][alpha]);
        let errors = moved.iter().map(|state| state.doubts(time.hi)).collect();
        Step {
            of: self,
            half: phases(time.scaled(0.5)),
            whole,
            left,
            right,
            after,
            states,
            errors,
            doubles,
        }
    }

    /// Moves these outputs by h, and doubles it.
    pub fn go(
        &mut self,
        moved: Vec<&mut State>,
        doubles: bool,
        before: usize,
        monitor: &Monitor,
    ) -> Result<(), Interrupted> {
        if moved.is_empty() && !doubles {
            return Ok(());
        }
        let states: Vec<&State> = moved.iter().map(|state| &**state).collect();
        let integral = self.integral();
        let step = self.with(&states, self.step.into(), doubles);
        let rows: Vec<Rows> = (self.couples.blocks.par_iter())
            .map(|block| {
                monitor.check()?;
                Ok(step.rows(block, &integral))
            })
            .collect::<Result<_, Interrupted>>()?;
        let (couples, all) = (self.couples, self.couples.all());
        let mut states = Mat::zeros(all, moved.len());
        let mut errors = vec![vec![0.0; all]; moved.len()];
        let mut driven = BTreeMap::new();
        let mut given = if doubles { self.given.clone() } else { Mat::zeros(0, 0) };
        let mut second: Vec<Vec<Complex64>> = vec![Vec::new(); all];
        for (block, rows) in couples.blocks.iter().zip(rows) {
            self.scatter(&mut states, block, &rows.states);
            self.scatter_errors(&mut errors, block, &rows.errors);
            if doubles {
                self.scatter(&mut given, block, &rows.given);
                for (alpha, row) in rows.driven {
                    let (partner, sign) = couples.partners[alpha];
                    if !self.formed[partner] {
                        driven.insert(partner, row.iter().map(|x| x.conj() * sign).collect());
                    }
                    driven.insert(alpha, row);
                }
                block.iter().zip(rows.second).for_each(|(&alpha, row)| second[alpha] = row);
            }
        }
        for (output, state) in moved.into_iter().enumerate() {
            let added: Vec<Complex64> = (0..all).map(|alpha| states[(alpha, output)]).collect();
            state.add_squares(&integral);
            state.go(&step.whole, &added, &errors[output], before);
        }
        // P is symmetric: Uᵀ ∫_h^2h W = Uᵀ P ∫_0^h W = Wᵀ ∫_0^h W.
        let own = couples.own;
        let of_own = |matrix: &Mat<Complex64>| matrix.as_ref().subrows(0, own).to_owned();
        let more =
            doubles.then(|| product(of_own(&step.after).transpose(), of_own(&integral).as_ref()));
        drop(step);
        if let Some(more) = more {
            (self.given, self.second, self.driven) = (given, second, driven);
            self.kernel += more;
            self.step *= 2.0;
        }
        Ok(())
    }
}

impl Step<'_> {
    /// R of these rows. `first` leaves all but the first order out.
    pub(super) fn block(&self, rows: &[usize], first: bool) -> Mat<Complex64> {
        let Couples { rates, own, near, shapes, close, chain, .. } = self.of.couples;
        let of_rows = |matrix: &Mat<Complex64>| {
            Mat::from_fn(rows.len(), matrix.ncols(), |i, j| matrix[(rows[i], j)])
        };
        // u_α·u_β, and z_α·u_β - u_α·z_β.
        let mut couplings = product(of_rows(shapes).as_ref(), shapes.transpose());
        let crossed = match first {
            true => Mat::zeros(rows.len(), rates.len()),
            false => product(of_rows(&self.left).as_ref(), self.right.transpose()),
        };
        let (given, h) = (4.0 * chain.flip_rate, self.of.step);
        let of_row: Vec<(Wide, Complex64, Complex64)> = (rows.iter())
            .map(|&alpha| (rates[alpha], self.whole[alpha], self.half[alpha]))
            .collect();
        for (beta, &rate) in rates.iter().enumerate() {
            let column = couplings.col_as_slice_mut(beta);
            let crossed = if first { &[] } else { crossed.col_as_slice(beta) };
            let (whole, half) = (self.whole[beta], self.half[beta]);
            for (i, (entry, &(own_rate, own, own_half))) in
                column.iter_mut().zip(&of_row).enumerate()
            {
                let between = apart(own_rate, rate);
                let square = between.norm_sqr();
                let inverse = between.conj() * (1.0 / square);
                let turned = if square * h * h < 1.0 {
                    own_half * half * (h * hyperbolic(between * (0.5 * h)))
                } else {
                    (own - whole) * inverse
                };
                let first_order = *entry * turned;
                let rest = if !first && square >= near * near {
                    crossed[i] * inverse
                } else {
                    Complex64::default()
                };
                *entry = (first_order + rest) * given;
            }
            if beta >= *own {
                // Waves of the force drive nothing.
                let driven = rows.iter().zip(column).filter(|(alpha, _)| **alpha >= *own);
                driven.for_each(|(_, entry)| *entry = Complex64::default());
            }
        }
        if !first {
            for (i, &alpha) in rows.iter().enumerate() {
                for (&beta, second) in close[alpha].iter().zip(&self.of.second[alpha]) {
                    couplings[(i, beta)] += second;
                }
            }
        }
        couplings
    }

    /// Everything that these rows are needed for.
    fn rows(&self, block: &[usize], integral: &Mat<Complex64>) -> Rows {
        let (couples, own) = (self.of.couples, self.of.couples.own);
        let r = self.block(block, false);
        let of_own = r.as_ref().subcols(0, own);
        let none = || Mat::zeros(0, 0);
        let (mut given, mut second, mut driven) = (none(), Vec::new(), Vec::new());
        if self.doubles {
            given = product(of_own, self.after.as_ref().subrows(0, own));
            for (i, &alpha) in block.iter().enumerate() {
                let turned = self.whole[alpha];
                for n in 0..couples.atoms() {
                    given[(i, n)] += turned * self.of.given[(alpha, n)];
                }
            }
            second = self.second(block, of_own);
            for (i, &alpha) in block.iter().enumerate() {
                if let Some(before) = self.of.driven.get(&alpha) {
                    let row = of_own.subrows(i, 1);
                    let more = product(row, integral.as_ref().subrows(0, own));
                    let entry = |n: usize| (1.0 + self.whole[alpha]) * before[n] + more[(0, n)];
                    driven.push((alpha, (0..couples.atoms()).map(entry).collect()));
                }
            }
        }
        let errors = self.doubts(&r);
        Rows { given, second, driven, states: product(r.as_ref(), self.states.as_ref()), errors }
    }

    /// The errors of R Y.
    pub(super) fn doubts(&self, r: &Mat<Complex64>) -> Vec<Vec<f64>> {
        let of_output = |doubts: &Vec<f64>| {
            let mut sums = vec![0.0; r.nrows()];
            for (beta, doubt) in doubts.iter().enumerate() {
                for (sum, r) in sums.iter_mut().zip(r.col_as_slice(beta)) {
                    *sum += r.norm_sqr() * doubt;
                }
            }
            sums.into_iter().map(f64::sqrt).collect()
        };
        self.errors.iter().map(of_output).collect()
    }

    /// R(2h) beyond its first order, of close pairs.
    fn second(&self, block: &[usize], r: MatRef<Complex64>) -> Vec<Vec<Complex64>> {
        let Couples { close, places, .. } = self.of.couples;
        let count: usize = block.iter().map(|&alpha| close[alpha].len()).sum();
        let mut sums: Vec<Vec<Complex64>> =
            block.iter().map(|&alpha| vec![Complex64::default(); close[alpha].len()]).collect();
        if MANY * count > block.len().pow(2) {
            let squares = product(r, r.transpose());
            for (i, (&alpha, sums)) in block.iter().zip(&mut sums).enumerate() {
                let close = close[alpha].iter().zip(sums);
                close.for_each(|(&beta, sum)| *sum = squares[(i, places[beta])]);
            }
        } else {
            for gamma in 0..r.ncols() {
                let column = r.col(gamma);
                for (i, (&alpha, sums)) in block.iter().zip(&mut sums).enumerate() {
                    let close = close[alpha].iter().zip(sums);
                    close.for_each(|(&beta, sum)| *sum += column[i] * column[places[beta]]);
                }
            }
        }
        for (&alpha, sums) in block.iter().zip(&mut sums) {
            let before = self.of.second[alpha].iter().zip(&close[alpha]);
            for (sum, (before, &beta)) in sums.iter_mut().zip(before) {
                *sum += before * (self.whole[alpha] + self.whole[beta]);
            }
        }
        sums
    }
}

pub(super) fn product(a: MatRef<Complex64>, b: MatRef<Complex64>) -> Mat<Complex64> {
    let mut to = Mat::zeros(a.nrows(), b.ncols());
    matmul(to.as_mut(), Accum::Replace, a, b, 1.0.into(), Par::Seq);
    to
}
