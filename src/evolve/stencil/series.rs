//! The Taylor series (docs/theory/stencil.md, (14.3)) of the means over one step, in the window of
//! a piece, what it drives in the covariance, and bounds of what is left out.

use super::equation::Equation;
use super::follow::Follower;
use super::rows;
use super::state::{Read, Step};
use super::times::Reading;
use std::ops::Range;

/// A norm below this one has lost digits, because its square is below all numbers.
const UNDERFLOW: f64 = 1e-150;

/// How many times as large as their `state` the largest of the terms became, `most`. Where that has
/// underflown, nothing drives it, and e^`growth` is a bound.
pub(super) fn cancelled(most: f64, state: f64, growth: f64) -> f64 {
    match most > state {
        _ if state < UNDERFLOW => growth.exp(),
        true => most / state,
        false => 1.0,
    }
}

/// w_k, and the sources of V, all with the factors of the shift at the end of the step.
pub(super) struct Series {
    terms: usize,
    /// The first place of the window that is a momentum.
    pub offset: usize,
    /// w_k, one row a term; none where the means and the force vanish.
    means: Vec<Vec<f64>>,
    /// The coefficients of w_i² and of w_i w_(i+1).
    squares: Vec<Vec<f64>>,
    products: Vec<Vec<f64>>,
    /// The coefficients of F w at the right end, where that is in the window.
    power: Vec<f64>,
    /// h/(k+1) times the coefficients of the source on the momenta, and at the ends of the window.
    sources: Vec<Source>,
    /// Bounds of the norms of the sources, up to twice the terms.
    norms: Vec<f64>,
    /// A bound of the sum of the w_k that are left out, and of what is lost of means that follow.
    rest: f64,
    /// See [`super::piece::Stepped::cancelled`].
    cancelled: f64,
    /// (rate of the covariance) h
    ratio: f64,
    /// Bounds of the terms after each: a factor of its norm, and a part beside that.
    rests: Vec<[f64; 2]>,
}

/// The part that one term of the source adds to the diagonal of the covariance.
#[derive(Default)]
pub(super) struct Source {
    pub momenta: Vec<f64>,
    pub ends: [f64; 2],
    /// The part that it adds beside them, to C(y_0, y_1) and C(y_(n-2), y_(n-1)).
    pub pulls: [f64; 2],
}

impl Series {
    pub fn new(step: &Step<'_>, mean: &[f64], first: isize, ends: [bool; 2]) -> Series {
        let (equation, h, terms) = (step.equation, step.h, step.terms);
        let force = if ends[1] { step.force } else { &[] };
        let still = mean.iter().all(|z| *z == 0.0) && force.iter().all(|f| *f == 0.0);
        let offset = if first.rem_euclid(2) == 0 { 0 } else { 1 };
        let mut series = Series {
            terms,
            offset,
            means: vec![],
            squares: vec![],
            products: vec![],
            power: vec![],
            sources: (0..terms).map(|_| Source::default()).collect(),
            norms: vec![0.0; 2 * terms],
            rest: 0.0,
            cancelled: 1.0,
            ratio: equation.radius * h,
            rests: vec![],
        };
        if !still {
            let (means, lost) = means(equation, step, mean, first, force);
            series.means = means;
            series.multiply(force, equation.ring && mean.len() == equation.n);
            series.bound(step, force);
            series.rest += lost;
        }
        // 2λT e^(2ch(u-1))
        let rate = 2.0 * equation.shift * h;
        let mut wave = (-rate).exp() * h;
        for (k, norm) in series.norms.iter_mut().enumerate() {
            let mut there = 0.0f64;
            for (end, noise) in equation.noise.into_iter().enumerate() {
                if ends[end] {
                    let value = wave * noise / (k + 1) as f64;
                    there = there.hypot(value);
                    if k < terms {
                        series.sources[k].ends[end] = value;
                    }
                }
            }
            let pulls = equation.pull.into_iter().enumerate();
            for (end, pull) in pulls.filter(|(end, _)| ends[*end]) {
                let value = wave * pull / (k + 1) as f64;
                // Off the diagonal it counts twice.
                there = there.hypot(std::f64::consts::SQRT_2 * value);
                if k < terms {
                    series.sources[k].pulls[end] = value;
                }
            }
            *norm += there;
            wave *= rate / (k + 1) as f64;
        }
        series.rests = series.rests();
        series
    }

    /// The products of the means' series with each other and with the force's.
    fn multiply(&mut self, force: &[f64], around: bool) {
        let last = self.means[0].len() - 1;
        let count = (self.terms + 1).min(2 * self.means.len() - 1);
        [self.squares, self.products] = rows::products(&self.means, count, around);
        let power = |k: usize| {
            (0..=k).filter_map(|j| Some(force.get(j)? * self.means.get(k - j)?[last])).sum()
        };
        self.power = (0..count).map(power).collect();
    }

    /// 4γ w_p², term by term, and the bounds of all norms.
    fn bound(&mut self, step: &Step<'_>, force: &[f64]) {
        let (equation, h, terms) = (step.equation, step.h, self.terms);
        let flips = 4.0 * equation.chain.flip_rate;
        // ‖w_k‖: known, then bounded.
        let mut sizes: Vec<f64> = self.means.iter().map(|w| rows::square(w).sqrt()).collect();
        let most = sizes.iter().copied().fold(0.0, f64::max);
        let end: Vec<f64> = (0..self.means[0].len())
            .map(|i| self.means.iter().map(|w| w[i]).sum::<f64>())
            .collect();
        let state = (sizes[0] * (equation.shift * h).exp()).max(rows::square(&end).sqrt());
        self.cancelled = cancelled(most, state, 2.0 * h);
        let rate = (2.0 + equation.shift) * h;
        // The force's own series, whose rate may be higher.
        let turning = step.equation.rate() * h;
        let mut push = if force.is_empty() { 0.0 } else { step.unused_force };
        let known = sizes.len();
        for k in known..2 * terms + 1 {
            let pushed = force.get(k - 1).copied().map_or(push, f64::abs);
            sizes.push((sizes[k - 1] * rate + h * pushed) / k as f64);
            if k > force.len() {
                push *= turning / k as f64;
            }
        }
        self.rest = 2.0 * sizes[known..].iter().sum::<f64>();
        if flips == 0.0 {
            return;
        }
        let last = sizes.len() - 1;
        let backwards: Vec<f64> = sizes.iter().rev().copied().collect();
        for k in 0..2 * terms {
            let scale = flips * h / (k + 1) as f64;
            self.norms[k] = if k < terms && k >= self.squares.len() {
                0.0
            } else if k < terms {
                let momenta = self.squares[k].iter().skip(self.offset).step_by(2);
                self.sources[k].momenta = momenta.map(|square| scale * square).collect();
                rows::square(&self.sources[k].momenta).sqrt()
            } else {
                scale * rows::dot(&sizes[..=k], &backwards[last - k..])
            };
        }
    }

    pub fn source(&self, k: usize) -> &Source {
        &self.sources[k]
    }

    /// A bound of what the terms after k of the covariance sum up to, the norm of term k being
    /// `norm`.
    pub fn rest(&self, k: usize, norm: f64) -> f64 {
        let [grown, driven] = self.rests[k];
        grown * norm + driven
    }

    /// With ‖V_(j+1)‖ ≤ ratio/(j+1) ‖V_j‖ + norms_j, from the last term to the first: by then a
    /// term is less than half of the one before.
    fn rests(&self) -> Vec<[f64; 2]> {
        let mut rests = vec![[2.0, 0.0]; 2 * self.terms + 1];
        for j in (0..2 * self.terms).rev() {
            let [grown, driven] = rests[j + 1];
            let next = self.ratio / (j + 1) as f64;
            rests[j] = [next * (1.0 + grown), self.norms[j] * (1.0 + grown) + driven];
        }
        rests
    }

    /// A bound of all that the terms beyond the margin are, of the whole chain, `norm` being that
    /// of the state.
    pub fn beyond(&self, norm: f64) -> f64 {
        let driven: f64 = self.norms.iter().sum();
        let mut last = norm + driven;
        (1..=self.terms + 1).for_each(|k| last *= self.ratio / k as f64);
        last * grows(self.ratio, self.terms + 1)
    }

    /// A bound of the error of the means.
    pub fn tail(&self) -> f64 {
        self.rest
    }

    pub fn cancelled(&self) -> f64 {
        self.cancelled
    }

    /// The means and their integrals at one point of the step, and zeros where the covariance's
    /// part is to be added.
    pub fn read(&self, reading: &Reading, core: Range<usize>, flip_rate: f64) -> Read {
        let len = core.len();
        let mut read = Read {
            mean: vec![0.0; len],
            variance: vec![0.0; len],
            distance: [0.0; 2],
            neighbour: vec![0.0; len],
            mean_integral: vec![0.0; len],
            square: vec![0.0; len],
            product: vec![0.0; len],
            work: 0.0,
            heat: 0.0,
        };
        let first = (core.start + self.offset) % 2;
        for (k, mean) in self.means.iter().enumerate() {
            rows::add(&mut read.mean, reading.mean[k], &mean[core.clone()]);
            let weight = reading.mean_integral[k];
            rows::add(&mut read.mean_integral, weight, &mean[core.clone()]);
        }
        for k in 0..self.squares.len() {
            let weight = reading.second_integral[k];
            rows::add(&mut read.square, weight, &self.squares[k][core.clone()]);
            rows::add(&mut read.product, weight, &self.products[k][core.clone()]);
            if core.end == self.squares[k].len() {
                read.work += weight * self.power[k];
            }
        }
        // So far the squares are those of the means alone.
        let momenta = read.square.iter().skip(first).step_by(2);
        read.heat = 2.0 * flip_rate * momenta.sum::<f64>();
        read
    }
}

/// The series of the means, w_(k+1) = h/(k+1) ((B + c) w_k + f_k), and what is lost at the ends
/// that follow.
fn means(
    equation: &Equation<'_>,
    step: &Step<'_>,
    mean: &[f64],
    first: isize,
    force: &[f64],
) -> (Vec<Vec<f64>>, f64) {
    let start = (-equation.shift * step.h).exp();
    let last = mean.len() - 1;
    let follower = |end: usize| {
        let place = [0, last][end];
        let rate = equation.follow[end]?;
        Some((place, Follower::single(rate, start * mean[place])))
    };
    let mut ends: Vec<_> = (0..2).filter_map(follower).collect();
    loop {
        let terms = sweep(equation, step, mean, (first, start), force, &mut ends);
        ends.iter_mut().for_each(|(_, end)| end.solve(step.h));
        if ends.iter().all(|(_, end)| end.is_settled(0.0)) {
            let lost = ends.iter().map(|(_, end)| end.lost(step.h, 1.0 / start)).sum();
            return (terms, lost);
        }
    }
}

/// One sweep of [`means`], which begin with the factor `start`, the terms of the `ends` that follow
/// being given.
fn sweep(
    equation: &Equation<'_>,
    step: &Step<'_>,
    mean: &[f64],
    (first, start): (isize, f64),
    force: &[f64],
    ends: &mut [(usize, Follower)],
) -> Vec<Vec<f64>> {
    let (h, len) = (step.h, mean.len());
    let whole = len == equation.n;
    let factor: Vec<f64> =
        (0..len).map(|i| equation.factor[equation.wrapped(first + i as isize)]).collect();
    let mut terms = vec![mean.iter().map(|z| start * z).collect::<Vec<f64>>()];
    ends.iter_mut().for_each(|(at, end)| end.begin(std::iter::once(*at), &mut terms[0]));
    // What may be left out, and what the force has from term k on.
    let allowed = 0.05 * step.allowed_of_means * (len as f64 / equation.n as f64).sqrt();
    let rate = (2.0 + equation.shift) * h;
    let mut pushed = vec![if force.is_empty() { 0.0 } else { step.unused_force }];
    for f in force.iter().rev() {
        pushed.push(pushed[pushed.len() - 1] + f.abs());
    }
    for k in 0..step.terms {
        let (w, scale) = (&terms[k], h / (k + 1) as f64);
        // Within the margin one more place at either side is wrong in every term.
        let around = equation.ring && whole;
        let (before, after) = if around { (w[len - 1], w[0]) } else { (0.0, 0.0) };
        let mut next = vec![0.0; len];
        for i in 1..len.saturating_sub(1) {
            next[i] = scale * (w[i + 1] - w[i - 1] + factor[i] * w[i]);
        }
        let edge = |i: usize| {
            let right = if i + 1 < len { w[i + 1] } else { after };
            let left = if i > 0 { w[i - 1] } else { before };
            scale * (right - left + factor[i] * w[i])
        };
        (next[0], next[len - 1]) = (edge(0), edge(len - 1));
        if let Some(force) = force.get(k) {
            next[len - 1] += scale * force;
        }
        ends.iter_mut().for_each(|(at, end)| end.exchange(std::iter::once(*at), &mut next));
        let left = 2.0 * rate / (k + 2) as f64 * rows::square(&next).sqrt()
            + 4.0 * h * pushed[force.len().saturating_sub(k + 1)];
        terms.push(next);
        if rate < 0.5 * (k + 2) as f64 && left <= allowed {
            break;
        }
    }
    terms
}

/// Σ_j ratio^j k!/(k+j)!
pub(super) fn grows(ratio: f64, k: usize) -> f64 {
    let first = ratio / (k + 1) as f64;
    if first < 0.5 {
        // Every quotient is less than the first.
        return 1.0 / (1.0 - first);
    }
    let (mut sum, mut value) = (1.0, 1.0);
    for j in 1..200 {
        value *= ratio / (k + j) as f64;
        sum += value;
        if value < 1e-3 * sum && ratio < (k + j) as f64 {
            return sum * (1.0 + 1e-2);
        }
    }
    sum
}
