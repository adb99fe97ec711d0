//! Ends with a strong friction follow the chain, so that steps need not be as short as 1/λ
//! (docs/theory/stencil.md, (14.5)).
//!
//! After [`RELAXED`]/λ the entries x of the covariance at the momentum of such an end (its row),
//! and its mean, have forgotten how they began: x' = c - Λ x, Λ ≥ λ, where c comes from the entries
//! beside them. Over one step c is a polynomial, Σ c_k u^k, and x is the one polynomial that obeys
//! this equation,
//!
//! ```text
//! x_k = (c_k - (k+1) x_(k+1)/h) / Λ,      downwards from the last term.
//! ```
//!
//! c depends on x a little. A sweep takes x from the sweep before and sums the series of everything
//! else. The change from sweep to sweep falls by a factor of about (rate of the chain)/λ. Two more
//! losses of a step come from here: the last change, and the jump from where the step before has
//! left x. As ‖e^(𝓛τ)‖ ≤ 1, they add up like what is cut off.

use super::equation::Equation;
use crate::chain::Chain;
use crate::scenario::Topology;

/// How many times faster than the chain an end must relax.
const FASTER: f64 = 12.0;

/// The number of relaxation times after which a start is forgotten. e⁻⁵⁰ is below a rounding even
/// of numbers that are smaller by 1/λ, λ ≤ 10⁸.
const RELAXED: f64 = 50.0;

/// The largest chain whose ends follow: it is worked on as one piece.
const LARGEST: usize = 2000;

/// Sweeps at most: 1/`FASTER` to this power is below any rounding.
const MOST_SWEEPS: usize = 30;

/// A part of the time in which the same ends follow.
pub(super) struct Phase<'a> {
    pub equation: Equation<'a>,
    /// Its end.
    pub until: f64,
}

/// The phases of an evolution; one where no end follows.
pub(super) fn phases(chain: &Chain) -> Vec<Phase<'_>> {
    let friction = chain.friction();
    let stronger = if friction[0] >= friction[1] { 0 } else { 1 };
    let alone = std::array::from_fn(|end| end == stronger);
    let serves = chain.topology == Topology::Open && chain.coordinates() <= LARGEST;
    // The weakest of those that follow, where all of them are fast enough.
    let weakest = |follows: [bool; 2]| {
        let equation = Equation::new(chain, follows);
        let least = (0..2).filter(|&end| follows[end]).map(|end| friction[end]);
        let least = least.fold(f64::INFINITY, f64::min);
        (serves && least >= FASTER * equation.rate()).then_some((follows, least))
    };
    let sets: Vec<_> = [alone, [true; 2]].into_iter().filter_map(weakest).collect();
    let before = std::iter::once([false; 2]).chain(sets.iter().map(|(follows, _)| *follows));
    let ends = sets.iter().map(|(_, least)| RELAXED / least).chain([f64::INFINITY]);
    before
        .zip(ends)
        .map(|(follows, until)| Phase { equation: Equation::new(chain, follows), until })
        .collect()
}

/// Entries that follow, over one step.
pub(super) struct Follower {
    /// Λ of every entry, and its weight in the norm.
    rates: Vec<f64>,
    weights: Vec<f64>,
    /// The state after the step before, with the factors of the series.
    start: Vec<f64>,
    /// x_k of the last sweep but one, and of the last.
    terms: Vec<Vec<f64>>,
    /// h/(k+1) c_k
    pushes: Vec<Vec<f64>>,
    /// The sum of the changes of all terms by the last sweep.
    change: f64,
    /// The size of the entries that no stored diagonal has a place for, of all terms.
    dropped: f64,
    sweeps: usize,
}

impl Follower {
    /// Entries that are `start` at the beginning of a step.
    pub fn new(rates: Vec<f64>, weights: Vec<f64>, start: Vec<f64>) -> Follower {
        let terms = vec![start.clone()];
        let change = f64::INFINITY;
        Follower { rates, weights, start, terms, pushes: vec![], change, dropped: 0.0, sweeps: 0 }
    }

    /// One entry.
    pub fn single(rate: f64, start: f64) -> Follower {
        Follower::new(vec![rate], vec![1.0], vec![start])
    }

    /// x_k of the entry `i`.
    pub fn term(&self, k: usize, i: usize) -> f64 {
        self.terms.get(k).map_or(0.0, |term| term[i])
    }

    /// Begins a sweep: puts x_0 where the series has the first terms of these entries.
    pub fn begin(&mut self, entries: impl Iterator<Item = usize>, first: &mut [f64]) {
        (self.pushes, self.dropped) = (vec![], 0.0);
        let mut count = 0;
        for at in entries {
            first[at] = self.term(0, count);
            count += 1;
        }
        self.drop(0, count);
    }

    /// Puts x_(k+1) in place of h/(k+1) c_k, which is kept. k counts the calls from 0.
    pub fn exchange(&mut self, entries: impl Iterator<Item = usize>, next: &mut [f64]) {
        let k = self.pushes.len();
        let (mut push, mut count) = (vec![0.0; self.rates.len()], 0);
        for at in entries {
            push[count] = std::mem::replace(&mut next[at], self.term(k + 1, count));
            count += 1;
        }
        self.pushes.push(push);
        self.drop(k + 1, count);
    }

    /// Counts the entries of x_k that have no place, from `count` on.
    fn drop(&mut self, k: usize, count: usize) {
        if let Some(term) = self.terms.get(k) {
            let left = term.iter().zip(&self.weights).skip(count);
            self.dropped += left.map(|(x, weight)| weight * x * x).sum::<f64>().sqrt();
        }
    }

    /// Ends a sweep of a step `h`.
    pub fn solve(&mut self, h: f64) {
        let (count, size) = (self.pushes.len(), self.rates.len());
        let mut terms: Vec<Vec<f64>> = Vec::with_capacity(count + 1);
        let mut change = 0.0;
        for k in (0..=count).rev() {
            let term: Vec<f64> = match (self.pushes.get(k), terms.last()) {
                (Some(push), Some(after)) => {
                    let of_entry = |((push, after), rate): ((&f64, &f64), &f64)| {
                        (k + 1) as f64 / (h * rate) * (push - after)
                    };
                    push.iter().zip(after).zip(&self.rates).map(of_entry).collect()
                }
                // After the last term there is nothing.
                _ => vec![0.0; size],
            };
            let apart: f64 = (term.iter().zip(&self.weights).enumerate())
                .map(|(i, (x, weight))| weight * (x - self.term(k, i)).powi(2))
                .sum();
            terms.push(term);
            change += apart.sqrt();
        }
        terms.reverse();
        (self.terms, self.change) = (terms, change);
        self.sweeps += 1;
    }

    /// Whether another sweep is useless because the last change is worth less than `allowed`.
    pub fn is_settled(&self, allowed: f64) -> bool {
        let size: f64 = self.terms.iter().map(|term| self.norm(term)).sum();
        self.change <= allowed.max(4.0 * f64::EPSILON * size) || self.sweeps >= MOST_SWEEPS
    }

    fn norm(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.weights).map(|(x, weight)| weight * x * x).sum::<f64>().sqrt()
    }

    /// Adds what is at the end of the step.
    pub fn end(&self, entries: impl Iterator<Item = usize>, sum: &mut [f64]) {
        for (i, at) in entries.enumerate() {
            sum[at] = self.terms.iter().map(|term| term[i]).sum();
        }
    }

    /// The loss of a step `h` whose series begins with the factor 1/`first`. The last change and
    /// the entries without a place would have acted on the neighbours (‖K‖ ≤ 4), and the entries
    /// jump from their start.
    pub fn lost(&self, h: f64, first: f64) -> f64 {
        let jump: Vec<f64> = self.terms[0].iter().zip(&self.start).map(|(x, s)| x - s).collect();
        first * ((4.0 * h).max(1.0) * (self.change + self.dropped) + self.norm(&jump))
    }
}

/// The rows of the ends that follow, in a window that is the whole chain.
pub(super) struct FollowingEnds {
    rows: Vec<(Entries, Follower)>,
}

/// The places of the entries of a row: with the momentum of an end and the coordinate d places
/// away.
#[derive(Clone, Copy)]
struct Entries {
    end: usize,
    count: usize,
    /// Coordinates of the chain.
    places: usize,
    stride: usize,
}

impl Entries {
    /// The places in the diagonals 0..=`top`.
    fn up_to(self, top: usize) -> impl Iterator<Item = usize> {
        let place = move |d: usize| {
            let i = if self.end == 0 { 0 } else { self.places - 1 - d };
            (d + 1) * self.stride + i
        };
        (0..self.count.min(top + 1)).map(place)
    }
}

impl FollowingEnds {
    /// `term` holds the start of the step, the diagonals 0..=`top`.
    pub fn new(equation: &Equation<'_>, stride: usize, top: usize, term: &[f64]) -> FollowingEnds {
        let n = equation.n;
        let both = equation.follow.iter().all(Option::is_some);
        let row = |end: usize| {
            let friction = equation.follow[end]?;
            // The entry of both ends is the first one's.
            let count = if both && end == 1 { n - 1 } else { n };
            let entries = Entries { end, count, places: n, stride };
            let rate = |d: usize| match d {
                0 => 2.0 * friction,
                _ if both && d == n - 1 => equation.follow.iter().flatten().sum(),
                _ => friction,
            };
            let mut start: Vec<f64> = entries.up_to(top).map(|at| term[at]).collect();
            start.resize(count, 0.0);
            let weights = (0..count).map(|d| if d == 0 { 1.0 } else { 2.0 }).collect();
            Some((entries, Follower::new((0..count).map(rate).collect(), weights, start)))
        };
        FollowingEnds { rows: (0..2).filter_map(row).collect() }
    }

    /// Begins a sweep with the first terms in `term`, of which the diagonals 0..=`top` are there.
    pub fn begin(&mut self, top: usize, term: &mut [f64]) {
        for (entries, follower) in &mut self.rows {
            follower.begin(entries.up_to(top), term);
        }
    }

    /// Puts the next terms in place of what the series would have, in the diagonals 0..=`top`.
    pub fn exchange(&mut self, top: usize, next: &mut [f64]) {
        for (entries, follower) in &mut self.rows {
            follower.exchange(entries.up_to(top), next);
        }
    }

    /// Ends a sweep of a step `h`.
    pub fn solve(&mut self, h: f64) {
        self.rows.iter_mut().for_each(|(_, follower)| follower.solve(h));
    }

    /// [`Follower::is_settled`] of all.
    pub fn is_settled(&self, allowed: f64) -> bool {
        self.rows.iter().all(|(_, follower)| follower.is_settled(allowed))
    }

    /// Adds what is at the end of the step to the sum of the other entries.
    pub fn end(&self, top: usize, sum: &mut [f64]) {
        self.rows.iter().for_each(|(entries, follower)| follower.end(entries.up_to(top), sum));
    }

    /// D of an end that follows, by the weights of the terms at some point of the step. What the
    /// last sweep took for it was one sweep behind the entry that drives it.
    pub fn distance(&self, end: usize, weights: &[f64]) -> Option<f64> {
        let (_, follower) = self.rows.iter().find(|(entries, _)| entries.end == end)?;
        Some(follower.terms.iter().zip(weights).map(|(term, weight)| weight * term[0]).sum())
    }

    /// [`Follower::lost`] of all.
    pub fn lost(&self, h: f64, first: f64) -> f64 {
        self.rows.iter().map(|(_, follower)| follower.lost(h, first)).sum()
    }
}
