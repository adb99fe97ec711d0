//! The outputs of an evolution by the stencil: moments and time integrals of the whole chain.

use super::Walk;
use super::losses::Losses;
use super::run::Run;
use super::state::{Piece, Read};
use crate::chain::Double;
use crate::covariance::moments::{Moments, Solution, TimeIntegrals};
use ndarray::Array2;

impl Run<'_> {
    /// Adds the integrals of a step, given along the chain, in the theory's order.
    pub(super) fn add_integrals(&self, path: &mut TimeIntegrals, reads: &[&Read]) {
        let mut i = 0;
        for read in reads {
            for ((mean, square), product) in
                read.mean_integral.iter().zip(&read.square).zip(&read.product)
            {
                let coordinate = self.equation.coordinate(i);
                path.mean[coordinate] += mean;
                path.square[coordinate] += square;
                // A momentum and the bond to its right.
                if let (true, Some(bond)) =
                    (i.is_multiple_of(2), self.equation.chain.right_bond(i / 2))
                {
                    path.product[bond] += product;
                }
                i += 1;
            }
            path.work += read.work;
            path.heat = path.heat.map(|heat| heat + read.heat);
        }
    }

    /// The largest value of the smallest column of the covariance: Var r, Var p, the current.
    pub(super) fn smallest_column(&self, reads: &[&Read]) -> f64 {
        let (mut i, mut of_r, mut of_p, mut of_current) = (0, 0.0f64, 0.0f64, 0.0f64);
        let first = |index: usize| reads.get(index).map_or(0.0, |read| read.mean[0]);
        for (index, read) in reads.iter().enumerate() {
            for (at, (mean, variance)) in read.mean.iter().zip(&read.variance).enumerate() {
                let next = read.mean.get(at + 1).copied().unwrap_or_else(|| first(index + 1));
                if i % 2 == 0 {
                    of_p = of_p.max(*variance);
                    of_current = of_current.max((read.neighbour[at] + mean * next).abs());
                } else {
                    of_r = of_r.max(*variance);
                }
                i += 1;
            }
        }
        of_r.min(of_p).min(of_current)
    }

    /// The solution at an output, from what every piece has read there.
    pub(super) fn solution(
        &self,
        time: Double,
        walk: &Walk,
        losses: &Losses,
        reads: &[&Read],
        keep: bool,
    ) -> Solution {
        let (equation, chain) = (self.equation, self.equation.chain);
        let zero = Solution::zero(chain).moments;
        let mut moments = Moments { time, ..zero };
        let mut i = 0;
        for read in reads {
            for ((mean, variance), neighbour) in
                read.mean.iter().zip(&read.variance).zip(&read.neighbour)
            {
                let coordinate = equation.coordinate(i);
                moments.mean[coordinate] = *mean;
                moments.variance[coordinate] = *variance;
                if let (true, Some(bond)) = (i.is_multiple_of(2), chain.right_bond(i / 2)) {
                    moments.correlation[bond] = *neighbour;
                }
                i += 1;
            }
        }
        moments.inflow = self.inflow(&moments, reads);
        moments.covariance = keep.then(|| self.matrix(&walk.pieces));
        let mut integrals = walk.path.clone();
        self.add_integrals(&mut integrals, reads);
        let (errors, parts) = losses.errors(equation, &moments);
        let integrals = Some(integrals);
        let solution = Solution { moments, errors, parts, integrals, ..Default::default() };
        solution.with_consistency(chain, keep)
    }

    /// λ(T - Var p) at the ends, -λD where the end is strong.
    fn inflow(&self, moments: &Moments, reads: &[&Read]) -> Option<[f64; 2]> {
        let (equation, chain) = (self.equation, self.equation.chain);
        if !equation.has_strong_ends() {
            return None;
        }
        let reads = [reads[0], reads[reads.len() - 1]];
        let ends = [0, equation.n - 1].map(|place| equation.coordinate(place));
        Some([0, 1].map(|end| {
            let distance = match equation.held_from[end] {
                Some(_) => reads[end].distance[end],
                None => moments.variance[ends[end]] - chain.temperature()[end],
            };
            // 0 - 0 is 0 where -0 would be printed.
            0.0 - chain.friction()[end] * distance
        }))
    }

    /// The whole covariance in the theory's order.
    fn matrix(&self, pieces: &[Piece]) -> Array2<f64> {
        let (equation, n) = (self.equation, self.equation.n);
        let place: Vec<usize> = (0..n).map(|i| equation.coordinate(i)).collect();
        let mut matrix = Array2::zeros((n, n));
        for piece in pieces {
            for d in 0..=piece.top {
                for (i, &c) in piece.row(d).iter().enumerate() {
                    let (i, j) = (piece.start + i, piece.start + i + d);
                    if j < n || equation.ring {
                        let (a, b) = (place[i], place[j % n]);
                        (matrix[[a, b]], matrix[[b, a]]) = (c, c);
                    }
                }
            }
        }
        for (end, temperature) in [0, n - 1].into_iter().zip(equation.held_from) {
            matrix[[place[end], place[end]]] += temperature.unwrap_or(0.0);
        }
        matrix
    }
}
