//! The state of an evolution by doublings, and the answer that is read off it with its error.

use super::super::turning::Turning;
use super::answer::Answer;
use super::integrals::{Integrals, Sums};
use super::{Returns, congruence, leading};
use crate::budget::rounding;
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::numerics::triangle::{fold, place, unfolded};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::Power;
use ndarray::{Array2, ShapeBuilder};

/// z̃ in 32 digits, and X by columns.
#[derive(Clone)]
pub(super) struct State<'a> {
    turning: &'a Turning<'a>,
    means: Vec<Double>,
    deviation: Vec<f64>,
    /// The largest entry of Y so far.
    largest: f64,
    /// The size of the terms of X(p, p) at the ends.
    ends: [f64; 2],
    /// The root of the sum of the squares that a current is a sum of, and what its rows of R have
    /// been.
    flows: [f64; 2],
    /// Of everything so far.
    integrals: Sums,
}

impl<'a> State<'a> {
    pub fn start(turning: &'a Turning<'a>, law: &InitialLaw) -> State<'a> {
        let means = turning.start(law);
        let deviation = turning.chain.beyond_harmonic(law).iter().copied().collect();
        let (ends, flows, integrals) = ([0.0; 2], [0.0; 2], Sums::zero(turning));
        State { turning, means, deviation, largest: 0.0, ends, flows, integrals }
    }

    /// Y by rows.
    fn moments(&self) -> Vec<f64> {
        let (n, size) = (self.turning.coordinates(), self.turning.size());
        let entry = |at: usize| {
            let (i, j) = (at / size, at % size);
            let own = if i < n && j < n { self.deviation[i * n + j] } else { 0.0 };
            own + self.means[i].hi * self.means[j].hi
        };
        (0..size * size).map(entry).collect()
    }

    /// After a time up to a short step.
    pub fn after_short(&self, time: Double) -> State<'a> {
        let moments = self.moments();
        let given = self.turning.short_returns(moments, time.hi);
        let ends = self.ends().map(|p| given[place(p, p)].abs());
        let flow = largest_of(self.turning.currents().iter().map(|&row| given[row]));
        let mut state = self.turned(&self.turning.short(time), &given, ends, [flow, 0.0]);
        let means: Vec<f64> = self.means.iter().map(|z| z.hi).collect();
        state.integrals.add_short(self.turning, &self.moments(), &means, time.hi);
        state
    }

    /// After a step with these e^(B̃h), R(h) and integrals.
    pub fn after(&self, turn: &Power, returns: &Returns, over: &Integrals) -> State<'a> {
        let [m, all] = self.turning.pairs();
        let mut pairs = vec![0.0; all];
        fold(&self.moments(), self.turning.size(), &mut pairs);
        let means: Vec<f64> = self.means.iter().map(|z| z.hi).collect();
        let mut integrals = self.integrals.clone();
        integrals.add(over, &pairs, &means);
        let (ends, rows) = (self.ends(), self.turning.currents());
        let (mut given, mut sizes, mut flows) = (vec![0.0; m], [0.0; 2], vec![0.0; rows.len()]);
        // Where means are large, a current is a small sum of large terms.
        let mut sums = vec![Double::default(); rows.len()];
        for (column, y) in returns.columns.chunks(m).zip(pairs) {
            given.iter_mut().zip(column).for_each(|(given, r)| *given += r * y);
            for (size, p) in sizes.iter_mut().zip(ends) {
                *size += (column[place(p, p)] * y).abs();
            }
            for ((flow, sum), &row) in flows.iter_mut().zip(&mut sums).zip(&rows) {
                let term = column[row] * y;
                (*sum, *flow) = (sum.gathering(term), *flow + term * term);
            }
        }
        rows.iter().zip(sums).for_each(|(&row, sum)| given[row] = sum.hi + sum.lo);
        let state = self.turned(turn, &given, sizes, [largest(&flows).sqrt(), returns.flows]);
        State { integrals, ..state }
    }

    /// E X Eᵀ and `given`, which flips give back; at the ends and in currents it is a sum of
    /// `ends` and `flows`.
    fn turned(
        &self,
        turn: &Power,
        given: &[f64],
        mut ends: [f64; 2],
        mut flows: [f64; 2],
    ) -> State<'a> {
        let n = self.turning.coordinates();
        let e = leading(&turn.rounded(), self.turning.size(), n);
        let mut deviation = congruence(&e, &self.deviation, n);
        let given = unfolded(given, n);
        deviation.iter_mut().zip(given).for_each(|(x, given)| *x += given);
        let row = |p: usize| (0..n).map(|j| e[j * n + p].powi(2)).sum::<f64>();
        let size = largest(&self.deviation) * (n as f64).sqrt();
        for (end, p) in ends.iter_mut().zip(self.ends()) {
            *end += row(p) * size;
        }
        flows[0] += largest_of((0..n).map(row)) * size;
        let means = turn.apply(&self.means);
        let mut state = State { means, deviation, ends, flows, ..self.clone() };
        state.largest = self.largest.max(largest(&state.moments()));
        state
    }
}

impl State<'_> {
    /// The momenta at the ends.
    fn ends(&self) -> [usize; 2] {
        [self.turning.chain.bonds, self.turning.coordinates() - 1]
    }

    /// The answer after this number of doublings.
    pub fn read(&self, time: Double, doublings: usize, keep: bool) -> Solution {
        let n = self.turning.coordinates();
        let deviation = Array2::from_shape_fn((n, n).f(), |(i, j)| self.deviation[j * n + i]);
        let (turning, means) = (self.turning, &self.means[..]);
        let means_lost = turning.doubled(time.hi) * largest_of(means.iter().map(|z| z.hi));
        let answer = Answer { turning, means, means_lost, deviation: &deviation, time };
        let integrals = Some(self.integrals.integrals(turning, time.hi, doublings));
        Solution { integrals, ..answer.solution(self.lost(time.hi, doublings), keep) }
    }

    /// The roundings. Every doubling is a product, and every product leaves a few. Where friction
    /// is strong, the variance of p at the end is small, and so are its roundings. Those of a
    /// current fade with it, but not below the roundings that the rows of R had when they were
    /// largest.
    fn lost(&self, time: f64, doublings: usize) -> MomentErrors {
        let (chain, n) = (self.turning.chain, self.turning.coordinates());
        // Every doubling doubles the energy that flips have shared, with its roundings.
        let returned = 4.0 * chain.flip_rate * time;
        let given =
            rounding::UNIT * returned.min(1.0) * doublings as f64 + rounding::RETURNED * returned;
        let rounded = (rounding::FORMULA + given) * (n as f64).sqrt();
        let lost = rounded * self.largest;
        let friction = chain.friction();
        let of_ends = [0, 1].map(|end| friction[end] * rounded * self.ends[end]);
        let [made_of, was] = self.flows;
        let rows = rounding::FORMULAS * (n as f64).sqrt() * was * self.largest;
        let flow = (rounding::ROOT_OF_SQUARES + given) * made_of + rows;
        let correlation = flow.max(of_ends[1]);
        let left = (of_ends[0] - correlation).max(0.0);
        MomentErrors { left, ..MomentErrors::of_variances(lost, correlation) }
    }
}
