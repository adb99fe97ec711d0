//! What e^(Bτ) makes of the distance from the stationary state of a harmonic chain, atom by atom:
//! C(τ) = C_∞ + e^(Bτ) (C(0) - C_∞) e^(Bᵀτ), of independent coordinates, in 16 digits or 32.
//!
//! Soon after a cold start everything is far smaller than the roundings of C_∞, which stands on
//! both sides. In short chains all of it has 32 digits; only the answer is rounded. O(N²).

use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw, ThermalState};
use crate::covariance::moments::{MomentErrors, Moments, largest};
use crate::numerics::double_double::Number;
use crate::numerics::vector::largest_of;
use rayon::prelude::*;

/// The place of the coordinate i along a chain in the theory's order.
pub(super) fn place(bonds: usize, i: usize) -> usize {
    if i.is_multiple_of(2) { bonds + i / 2 } else { i / 2 }
}

/// The moments at a time, and the rows of e^(Bτ) that made them.
pub(super) struct Turned {
    /// e^(Bτ) w(0), in the theory's order.
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
    pub correlation: Vec<f64>,
    /// λ(T - Var p) at the ends: the flow of C_∞, less λ times the rest of the start.
    pub inflow: [f64; 2],
    /// The squares of the longest rows of r and of p, and of those of the ends.
    longest: [f64; 2],
    ends: [f64; 2],
}

impl Turned {
    /// From the rows of e^(Bτ) along the chain, w(0) being `deviation`. `None` without thermostats.
    pub fn new<X: Number>(
        chain: &Chain,
        law: &InitialLaw,
        deviation: &[f64],
        row: impl Fn(usize) -> Vec<X> + Sync,
    ) -> Option<Turned> {
        let (bonds, n) = (chain.bonds, chain.coordinates());
        let ThermalState { var_r, var_p, correlation: flow } = chain.harmonic::<X>()?;
        let still = [var_r, var_p].concat();
        let start = law.variance();
        let start: Vec<X> = start.iter().zip(&still).map(|(v, s)| X::from(*v) - *s).collect();
        let sum = |terms: &mut dyn Iterator<Item = X>| terms.fold(X::from(0.0), |sum, x| sum + x);
        let mean = |row: &[X]| {
            let at = |j: usize| row[j] * X::from(deviation[place(bonds, j)]);
            sum(&mut (0..n).map(at)).rounded()
        };
        let second = |a: &[X], b: &[X]| {
            let own = sum(&mut (0..n).map(|j| a[j] * b[j] * start[place(bonds, j)]));
            let next = sum(&mut (1..n).map(|j| a[j - 1] * b[j] + a[j] * b[j - 1]));
            own - flow * next
        };
        let square = |row: &[X]| row.iter().map(|x| x.rounded().powi(2)).sum::<f64>();
        // p_n and r_(n+1), the rows 2n and 2n+1.
        let atom = |atom: usize| {
            let p = row(2 * atom);
            let r = if 2 * atom + 1 < n { row(2 * atom + 1) } else { vec![X::from(0.0); n] };
            (
                [&p, &r].map(|row| mean(row)),
                [second(&p, &p), second(&r, &r), second(&p, &r)],
                [square(&p), square(&r)],
            )
        };
        let atoms: Vec<_> = (0..chain.atoms()).into_par_iter().map(atom).collect();
        let last = chain.atoms() - 1;
        let whole = |i: usize, turned: X| (still[i] + turned).rounded();
        let momentum = |n: usize| whole(bonds + n, atoms[n].1[0]);
        let elongation = |n: usize| whole(n, atoms[n].1[1]);
        let friction = chain.friction().map(X::from);
        // 0 - 0 is 0 where -0 would be printed.
        let [at_left, at_right] = [0, last].map(|atom| atoms[atom].1[0]);
        let zero = X::from(0.0);
        let inflow = [zero - flow - friction[0] * at_left, zero + flow - friction[1] * at_right];
        let longest = |part: usize| largest_of(atoms.iter().map(|(_, _, squares)| squares[part]));
        let means = |part: usize| atoms.iter().map(move |(mean, ..)| mean[part]);
        Some(Turned {
            mean: means(1).take(bonds).chain(means(0)).collect(),
            variance: (0..bonds).map(elongation).chain((0..=last).map(momentum)).collect(),
            correlation: (0..bonds).map(|n| (flow + atoms[n].1[2]).rounded()).collect(),
            inflow: inflow.map(|x| x.rounded()),
            longest: [longest(1), longest(0)],
            ends: [0, last].map(|atom| atoms[atom].2[0]),
        })
    }

    /// The errors of `moments`, w(0) and C(0) - C_∞, of which `limit` is the latter, being as large
    /// as `mean` and `variance`, where a row has lost `doubled` of its length; `wide` says whether
    /// the sums had 32 digits.
    pub fn errors(
        &self,
        chain: &Chain,
        moments: &Moments,
        limit: &ThermalState,
        [mean, variance]: [f64; 2],
        doubled: f64,
        wide: bool,
    ) -> MomentErrors {
        let [longest_r, longest_p] = self.longest;
        let n = chain.coordinates() as f64;
        let roundings = rounding::SOLVE + rounding::UNIT * n.sqrt();
        let digits = if wide { rounding::OF_32_DIGITS } else { 1.0 };
        // The error of the variance that two rows of this square make of the start.
        let turned = |square: f64| {
            variance * (digits * roundings * square + doubled * (2.0 * square.sqrt() + doubled))
        };
        // Of the sum of both parts.
        let written = |sums: &[f64], parts: f64| match wide {
            true => rounding::PRODUCT * largest(sums),
            false => rounding::FORMULA * parts,
        };
        let friction = chain.friction();
        let at_end = |end: usize| friction[end] * turned(self.ends[end]);
        let longest = turned(longest_r.max(longest_p));
        let inflow = moments.inflow.unwrap_or_default();
        let flows = largest(&inflow).max(limit.correlation.abs());
        let of_flows = written(&moments.correlation, flows).max(written(&inflow, flows));
        let all = largest(&limit.var_r).max(largest(&limit.var_p));
        let (r, p) = moments.variance.split_at(chain.bonds);
        let (mean_r, mean_p) = moments.mean.split_at(chain.bonds);
        let of_mean = |square: f64, part: &[f64]| {
            let turned = (roundings * square.sqrt() + doubled) * n.sqrt() * mean;
            turned + rounding::FORMULA * largest(part)
        };
        MomentErrors {
            mean_r: of_mean(longest_r, mean_r),
            mean_p: of_mean(longest_p, mean_p),
            var_r: longest + written(r, all),
            var_p: longest + written(p, all),
            correlation: longest.max(at_end(0)).max(at_end(1)) + of_flows,
            left: 0.0,
        }
    }
}
