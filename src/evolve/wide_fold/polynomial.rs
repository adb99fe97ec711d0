//! The polynomial that folds all rates of the moments onto the slow ones.
//!
//! The rates lie around the numbers -d of the diagonal of A: 0 and others that friction or flips
//! make large. With
//!
//! ```text
//! Q(z) = z (1 + z/d_1) (1 + z/d_2) ..
//! ```
//!
//! a rate z far smaller than all d_i keeps its place, and one within a few units of -d_i comes to
//! within a few units of 0, because its factor is small there and the others are not too large. A
//! far d_i stands in the product as often as that takes. So all of Q(A) fits into an ellipse not
//! much larger than that of the slow rates. On these Q has an inverse function ζ(q), analytic up
//! to the nearest zero of Q', which lies between -d_1 and 0, and e^(ζ(Q(A))h) is e^(Ah) on all
//! states that have no fast part. The roundings have one, which may grow by as much as the folded
//! rates lie to the right of 0. So a step ends with W(A), W(z) = (Q(z)/z)ᵖ, which is small on what
//! is fast, and the series is that of e^(ζ(q)h)/W(ζ(q)).

use super::super::wide_series::ellipse::{Ellipse, GROWTH, MOST_TERMS, NOTHING, rectangle};
use crate::chain::{Chain, Double};
use crate::numerics::double_double::PI;
use crate::numerics::vector::largest_of;
use crate::numerics::wide::Wide;
use crate::numerics::wide_exponential::exponential;
use num_complex::Complex64;

/// Factors at most.
const MOST_FACTORS: usize = 24;

/// The least d over the half height of the slow rates.
const APART: f64 = 8.0;

/// The level of the ellipse through the nearest zero of Q', at least.
const LEAST_LEVEL: f64 = 1.2;

/// What a coefficient has of the largest value by its roundings.
const ROUNDED: f64 = 4e-31;

/// Ellipses that are compared, and the nodes of a coefficient at most.
const TRIED: i32 = 30;
const MOST_NODES: usize = 1 << 14;

/// Q, and the ellipse around Q(A).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fold {
    /// d_i, ascending.
    pub damping: Vec<f64>,
    pub ellipse: Ellipse,
    /// The smallest rate that is not a slow one.
    pub fast: f64,
    /// The largest logarithm of the level of an ellipse on which ζ is analytic.
    level: f64,
    /// The largest real part on the ellipse.
    right: f64,
    /// ln |z/Q(z)| of fast rates, at least.
    smaller: f64,
}

/// The diagonal of -A, ascending.
fn damping(chain: &Chain) -> Vec<f64> {
    let flips = 2.0 * chain.flip_rate;
    let [left, right] = chain.friction();
    let mut all = vec![0.0, flips, 2.0 * flips, left + right + 2.0 * flips];
    all.extend([left, right].into_iter().flat_map(|f| [f + flips, f + 2.0 * flips, 2.0 * f]));
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Every way to divide the rates into slow and fast ones, for which there is a fold.
pub(super) fn folds(chain: &Chain) -> Vec<Fold> {
    let all = damping(chain);
    let [_, height] = rectangle(chain);
    let cuts = (1..all.len()).filter(|&cut| all[cut] > APART * height.max(all[cut - 1]));
    cuts.flat_map(|cut| {
        let (slow, fast) = all.split_at(cut);
        // Fast parts damp what they are driven by.
        let width = slow[cut - 1] + height * height / fast[0];
        let factors = factors(fast, width, height);
        factors.map_or(vec![], |factors| around(&factors, fast, width, height))
    })
    .collect()
}

/// Q(z)
fn folded(factors: &[f64], z: Complex64) -> Complex64 {
    factors.iter().fold(z, |q, d| q * (1.0 + z / d))
}

/// Rates around -d.
fn near(d: f64, height: f64) -> impl Iterator<Item = Complex64> {
    let places = [-1.0, 0.0, 1.0].into_iter().flat_map(|x| [0.0, 0.5, 1.0].map(|y| (x, y)));
    places.map(move |(x, y)| Complex64::new(x - d, y * height))
}

/// The factors that bring all fast rates to the slow ones: where Q is largest another one is added.
fn factors(fast: &[f64], width: f64, height: f64) -> Option<Vec<f64>> {
    let mut factors: Vec<f64> = Vec::new();
    loop {
        let size = |d: f64| near(d, height).map(|z| folded(&factors, z).norm()).fold(0.0, f64::max);
        let largest = fast.iter().map(|&d| (size(d), d)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        if largest.0 <= 1.1 * height + width {
            factors.sort_by(f64::total_cmp);
            return Some(factors);
        }
        if factors.len() == MOST_FACTORS || !largest.0.is_finite() {
            return None;
        }
        factors.push(largest.1);
    }
}

/// The ellipses around the image of all rates.
fn around(factors: &[f64], fast: &[f64], width: f64, height: f64) -> Vec<Fold> {
    let part = |k: i32| f64::from(k) / 16.0;
    let edges = (0..=16).flat_map(|k| {
        let side = |x: f64| Complex64::new(x, height * part(k));
        [side(0.0), side(-width), Complex64::new(-width * part(k), height)]
    });
    let all = edges.chain(fast.iter().flat_map(|&d| near(d, height)));
    let (mut least, mut most, mut up) = (0.0f64, 0.0f64, 0.0f64);
    for q in all.map(|z| folded(factors, z)) {
        (least, most, up) = (least.min(q.re), most.max(q.re), up.max(1.02 * q.im.abs()));
    }
    // Where Q is least between -d_1 and 0 its derivative vanishes.
    let between = (1..1000).map(|k| f64::from(k) * 1e-3 * factors[0]);
    let nearest = between.map(|x| folded(factors, (-x).into()).re).fold(0.0, f64::min);
    let beyond = (0..TRIED).map(|k| up * 10f64.powf(-3.0 + 4.0 * f64::from(k) / f64::from(TRIED)));
    let fold = |beyond: f64| {
        let ellipse = Ellipse::around(most - least, up, beyond).moved(most);
        let level = ellipse.level(nearest);
        let damping = factors.to_vec();
        let right = most + beyond;
        let smaller = (0.9 * fast[0] / (1.1 * height + width)).ln();
        let fold = Fold { damping, ellipse, fast: fast[0], level: level.ln(), right, smaller };
        (level >= LEAST_LEVEL).then_some(fold)
    };
    beyond.filter_map(fold).collect()
}

impl Fold {
    /// Applications of A in one of Q.
    pub fn degree(&self) -> f64 {
        self.damping.len() as f64 + 1.0
    }

    /// Steps over a length, and the terms of each, about.
    pub fn steps(&self, length: f64, part: f64) -> (f64, f64) {
        let count = (length * self.right / (part * GROWTH)).ceil().max(1.0);
        let terms = self.ellipse.terms_within(length / count, NOTHING, self.level);
        if terms <= part * MOST_TERMS {
            return (count, terms);
        }
        let count = (count * terms / (part * MOST_TERMS)).ceil();
        (count, self.ellipse.terms_within(length / count, NOTHING, self.level))
    }

    /// p for a step: what the fast parts may grow to, and e⁻⁵ of it.
    pub fn passes(&self, h: f64) -> usize {
        ((h * self.right + 5.0) / self.smaller).ceil() as usize
    }

    /// Q in 32 digits, and its derivative over it.
    fn wide(&self, z: Wide) -> (Wide, Wide) {
        self.damping.iter().fold((z, z.inverse()), |(q, log), &d| {
            let factor = Wide::ONE + z.times_real(Double::from(d).inverse());
            (q * factor, log + (z + Wide::from(d)).inverse())
        })
    }

    /// ζ(q), by Newton's iteration from a guess.
    fn inverse(&self, q: Wide, guess: Complex64) -> Wide {
        let mut z = guess;
        for _ in 0..60 {
            let (value, log) = self
                .damping
                .iter()
                .fold((z, z.inv()), |(value, log), d| (value * (1.0 + z / d), log + (z + d).inv()));
            let change = (value - q.rounded()) / (value * log);
            z -= change;
            if change.norm() <= 1e-13 * z.norm() {
                break;
            }
        }
        let mut z = Wide::from(z);
        for _ in 0..2 {
            let (value, log) = self.wide(z);
            z = z - (value - q) * (value * log).inverse();
        }
        z
    }

    /// The coefficients of e^(ζ(q)h)/W(ζ(q)) in Faber's polynomials of q, Fourier's of its values
    /// on the ellipse, down to their roundings; and the largest that is left out.
    pub fn coefficients(&self, h: Double) -> (Vec<Double>, f64) {
        let terms = self.ellipse.terms_within(h.hi, NOTHING, self.level);
        let mut nodes = (4.0 * terms).max(64.0).log2().ceil().exp2() as usize;
        loop {
            let mut found = self.coefficients_by(h, nodes);
            let size = |some: &[Double]| largest_of(some.iter().map(|b| b.hi));
            let rounded = ROUNDED * (h.hi * self.right).exp().max(size(&found));
            let end = found.iter().rposition(|b| b.hi.abs() > rounded).map_or(0, |last| last + 1);
            // Those of a quarter of the nodes are not mixed with others that matter.
            let converged = end <= nodes / 4;
            if converged || nodes >= MOST_NODES {
                let left = if converged { 0.0 } else { size(&found[nodes / 4..]) };
                found.truncate(end.min(nodes / 4));
                return (found, left);
            }
            nodes *= 2;
        }
    }

    /// The first half of them, by this number of nodes.
    fn coefficients_by(&self, h: Double, nodes: usize) -> Vec<Double> {
        // e^(iπk/nodes)
        let angle = |k: usize| PI.scaled(k as f64).divided(nodes as f64);
        let turns: Vec<Wide> = (0..2 * nodes)
            .map(|k| exponential(Wide { re: Double::default(), im: angle(k) }))
            .collect();
        let passes = self.passes(h.hi);
        // From the right end on, where the guess is q itself.
        let mut guess = Complex64::new(self.right, 0.0);
        let values: Vec<Wide> = (0..nodes / 2)
            .map(|j| {
                let q = self.ellipse.boundary(turns[2 * j + 1]);
                let zeta = self.inverse(q, guess);
                guess = zeta.rounded();
                let (value, _) = self.wide(zeta);
                let small = zeta * value.inverse();
                (0..passes).fold(exponential(zeta.times_real(h)), |f, _| f * small)
            })
            .collect();
        let coefficient = |k: usize| {
            let terms = values.iter().enumerate().map(|(j, f)| {
                let turn = turns[k * (2 * j + 1) % (2 * nodes)];
                f.re * turn.re + f.im * turn.im
            });
            terms.fold(Double::default(), Double::plus).scaled(2.0 / nodes as f64)
        };
        (0..nodes / 2).map(coefficient).collect()
    }
}
