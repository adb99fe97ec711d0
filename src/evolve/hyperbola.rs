//! The inverse Laplace transform on a hyperbola (docs/theory/contour.md, (5.2)), for one time or
//! for all times of an interval.
//!
//! f(t) = (1/2πi) ∫ e^(st) F(s) ds on s(θ) = μ(1 + sin(iθ - α)), midpoint rule θ_k = (k+½)h, k =
//! 0..n-1, upper half only: f(t) = 2 Re Σ_k weight_k e^(s_k t) F(s_k). For F analytic off the
//! negative real axis the errors are e^(-2π(π/2-α)/h) from the axis, e^(μt - 2πα/h) from the right
//! and e^(μt(1 - sin α cosh nh)) from the truncation. Balanced over \[t₀, Λt₀\] they give μΛt₀ =
//! 2π(2α - π/2)/h and cosh nh = (1 + Λ(π/2-α)/(2α-π/2))/sin α; α is chosen to make the common
//! exponent largest. Λ = 1 is the hyperbola of Weideman and Trefethen, Math. Comp. 76 (2007): α =
//! 1.1721, h = 1.0818/n, μ = 4.4921 n/t, error e^(-2.32 n).

use num_complex::Complex64;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
use std::ops::Range;

/// Nodes and weights (without e^(st)) of one contour, upper half.
#[derive(Debug, Clone)]
pub struct Contour {
    /// (s_k, weight_k)
    pub nodes: Vec<(Complex64, Complex64)>,
    /// The singularities up to this imaginary part are enclosed: 0 for the hyperbola around the
    /// axis.
    pub half_width: f64,
}

/// The decay of the error per node, and α, nh, for times in a ratio Λ.
fn shape(ratio: f64) -> (f64, f64, f64) {
    let length = |alpha: f64| {
        ((1.0 + ratio * (FRAC_PI_2 - alpha) / (2.0 * alpha - FRAC_PI_2)) / alpha.sin()).acosh()
    };
    let decay = |alpha: f64| 2.0 * PI * (FRAC_PI_2 - alpha) / length(alpha);
    // The decay has one maximum in α: golden section.
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (FRAC_PI_4 + 1e-6, FRAC_PI_2 - 1e-6);
    for _ in 0..80 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if decay(left) > decay(right) { high = right } else { low = left }
    }
    let alpha = 0.5 * (low + high);
    (decay(alpha), alpha, length(alpha))
}

/// Number of nodes for an error of `tolerance` at all times of ratio `ratio`.
pub fn nodes_for(ratio: f64, tolerance: f64) -> usize {
    (-tolerance.ln() / shape(ratio).0).ceil().max(4.0) as usize
}

/// The same where time integrals are read off, which grow like t: a double pole at s = 0, and an
/// error of some hundred goals of the last time's value at the first time too.
pub fn nodes_for_integrals(ratio: f64, goal: f64) -> usize {
    nodes_for(ratio, (goal / ratio).max(1e-15))
}

/// Nodes that a second contour, which judges the first, has more.
pub const EXTRA: usize = 2;

/// The nodes of a contour of `nodes` and of its judge.
pub fn of_both(nodes: usize) -> usize {
    2 * nodes + EXTRA
}

/// The parts of the work on contours with these numbers of nodes, each followed by its judge, as
/// ranges of the share of all nodes.
pub(super) fn shares(nodes: impl Iterator<Item = usize>) -> impl Iterator<Item = [f64; 2]> {
    let each: Vec<usize> = nodes.flat_map(|nodes| [nodes, nodes + EXTRA]).collect();
    let whole = each.iter().sum::<usize>() as f64;
    let mut done = 0;
    each.into_iter().map(move |nodes| {
        let from = done as f64 / whole;
        done += nodes;
        [from, done as f64 / whole]
    })
}

/// The factor by which `extra` more nodes reduce the error.
pub fn gain(ratio: f64, extra: usize) -> f64 {
    (-shape(ratio).0 * extra as f64).exp()
}

impl Contour {
    /// The contour of `count` nodes for the times from `first` to `last`.
    pub fn new(first: f64, last: f64, count: usize) -> Contour {
        let (_, alpha, length) = shape(last / first);
        let h = length / count as f64;
        let mu = 2.0 * PI * (2.0 * alpha - FRAC_PI_2) / (h * last);
        let node = |k: usize| {
            let theta = Complex64::new(-alpha, (k as f64 + 0.5) * h);
            let s = mu * (1.0 + theta.sin());
            let slope = Complex64::I * mu * theta.cos();
            (s, slope * h / Complex64::new(0.0, 2.0 * PI))
        };
        Contour { nodes: (0..count).map(node).collect(), half_width: 0.0 }
    }
}

/// A whole number that does not fall as a ratio ≥ 1 grows, computed once between any two ratios
/// that have the same: 2·10⁵ output times ask for some of them six million times.
pub struct Remembered<F> {
    count: F,
    /// By the bits of the ratio, which are in the order of positive numbers.
    known: RefCell<BTreeMap<u64, usize>>,
}

impl<F: Fn(f64) -> usize> Remembered<F> {
    /// Remembers the counts of a function.
    pub fn new(count: F) -> Remembered<F> {
        Remembered { count, known: RefCell::default() }
    }

    /// At a ratio.
    pub fn at(&self, ratio: f64) -> usize {
        let bits = ratio.to_bits();
        let mut known = self.known.borrow_mut();
        let below = known.range(..=bits).next_back().map(|(_, count)| *count);
        let above = known.range(bits..).next().map(|(_, count)| *count);
        match (below, above) {
            (Some(below), Some(above)) if below == above => below,
            _ => *known.entry(bits).or_insert_with(|| (self.count)(ratio)),
        }
    }
}

/// Splits ascending `times` into consecutive groups, each with its own contour of `nodes`(first,
/// last), so that their number is least among the groups that `fits` allows; what it allows it must
/// also allow in part, and every time alone.
pub fn shared(
    times: &[f64],
    nodes: impl Fn(f64, f64) -> usize,
    fits: impl Fn(Range<usize>) -> bool,
) -> Vec<Range<usize>> {
    // best[i]: the fewest nodes for the first i times, and where the last group starts.
    let mut best = vec![(0, 0)];
    for end in 1..=times.len() {
        let group = |start: usize| (best[start].0 + nodes(times[start], times[end - 1]), start);
        let starts = (0..end).rev().take_while(|&start| start + 1 == end || fits(start..end));
        let choice = starts.map(group).min().expect("there is a time before the end");
        best.push(choice);
    }
    let (mut groups, mut end) = (Vec::new(), times.len());
    while end > 0 {
        groups.push(best[end].1..end);
        end = best[end].1;
    }
    groups.reverse();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_has_the_published_parameters() {
        let (decay, alpha, length) = shape(1.0);
        // Four of the published digits: the maximum is flat in α.
        assert!(
            (alpha - 1.172104).abs() < 1e-4
                && (length - 1.081792).abs() < 1e-3
                && (decay - 2.3157).abs() < 1e-3
        );
    }

    #[test]
    fn counts_are_those_of_their_function_and_computed_some_times_only() {
        let computed = std::cell::Cell::new(0);
        let count = |ratio: f64| nodes_for(ratio, 1e-10);
        let counts = Remembered::new(|ratio| {
            computed.set(computed.get() + 1);
            count(ratio)
        });
        for k in 0..2000 {
            // Up and down, dense and sparse.
            let ratio = 1.0 + f64::from(k * 7919 % 2000) / 20.0;
            assert_eq!(counts.at(ratio), count(ratio), "{ratio}");
        }
        assert!(computed.get() < 800, "{}", computed.get());
    }

    #[test]
    fn exponentials_are_recovered_at_all_times_of_the_interval() {
        for (first, last) in [(1.0, 1.0), (0.3, 3.0), (0.01, 1.0)] {
            for tolerance in [1e-4, 1e-8, 1e-11] {
                let contour = Contour::new(first, last, nodes_for(last / first, tolerance));
                for rate in [0.0, 0.1, 3.0, 1e4] {
                    for i in 0..=4 {
                        let t = first * (last / first).powf(i as f64 / 4.0);
                        let f: f64 = contour
                            .nodes
                            .iter()
                            .map(|(s, w)| 2.0 * (w * (s * t).exp() / (s + rate)).re)
                            .sum();
                        // The three balanced errors, each with its constant.
                        assert!(
                            (f - (-rate * t).exp()).abs() < 10.0 * tolerance,
                            "{first} {last} {tolerance} {rate} {t}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn groups_cover_all_times_in_order() {
        let times: Vec<f64> = (1..=23).map(|i| i as f64).chain([1e6]).collect();
        let groups =
            shared(&times, |first, last| nodes_for(last / first, 1e-10), |group| group.len() <= 8);
        assert_eq!(
            groups.iter().flat_map(|r| r.clone()).collect::<Vec<_>>(),
            (0..24).collect::<Vec<_>>()
        );
        assert!(groups.iter().all(|r| r.len() <= 8) && groups.last() == Some(&(23..24)));
    }
}
