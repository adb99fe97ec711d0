//! The inverse Laplace transform around a half-strip: all singularities in Re s ≤ 0, |Im s| ≤ Ω,
//! however far apart.
//!
//! Under a periodic force the transform of the covariance has singularities on the lines imω + (-∞,
//! 0]. While ωτ is not large these are too close for a hyperbola each ([`super::envelope`]) and too
//! far apart for one around them all, which would pass where |e^(sτ)| is large. Instead the contour
//! goes up from c > 0 on the real axis to c + iΩ, and from there to the left and upwards along a
//! ray. Composite Gauss-Legendre: where the nearest singularity is d from the middle of a panel of
//! length 2l, n nodes leave (d/l + √(1 + (d/l)²))⁻²ⁿ, and of the rotation e^(sτ) along the panel
//! less than that. On the ray panels grow in a fixed ratio until |e^(sτ)| has died out at the first
//! time. Nodes: some 2 for each unit of Ωτ, and a hundred.

use super::hyperbola::Contour;
use crate::numerics::legendre::gauss;
use num_complex::Complex64;
use std::f64::consts::PI;

/// The least d/l.
const DISTANCE: f64 = 1.35;

/// The direction of the ray, and c τ for the last time over the nodes a panel: both for the least
/// error with as many nodes (seen: flat around the least).
const DIRECTION: f64 = 2.6;
const START: f64 = 0.35;

/// The logarithm of the error that one more node in every panel gains.
fn decay() -> f64 {
    2.0 * (DISTANCE + (1.0 + DISTANCE * DISTANCE).sqrt()).ln()
}

/// Nodes a panel for an error of `tolerance`.
pub(super) fn nodes_for(tolerance: f64) -> usize {
    (-tolerance.ln() / decay()).ceil().max(4.0) as usize
}

/// The factor by which `extra` more nodes in every panel reduce the error.
pub(super) fn gain(extra: usize) -> f64 {
    (-decay() * extra as f64).exp()
}

/// The ends of the panels for the times from `first` to `last`, `count` nodes a panel.
fn edges(half_width: f64, first: f64, last: f64, count: usize) -> Vec<Complex64> {
    let start = START * count as f64 / last;
    let straight = (0.5 * DISTANCE * half_width / start).ceil();
    let mut edges: Vec<_> = (0..=straight as usize)
        .map(|i| Complex64::new(start, half_width * i as f64 / straight))
        .collect();
    let corner = edges[edges.len() - 1];
    let (ray, end) =
        (Complex64::cis(DIRECTION), (start + decay() * count as f64 / first) / -DIRECTION.cos());
    let mut passed = 0.0;
    while passed < end {
        let fits = |length: f64| {
            let middle = start + (passed + 0.5 * length) * ray;
            let distance = if middle.re > 0.0 { middle.norm() } else { middle.im };
            distance >= 0.5 * DISTANCE * length
        };
        // Where the panel is longest: halved a few times, its length need not be exact.
        let (mut length, mut longest) = (0.0, end - passed);
        for _ in 0..30 {
            let middle = 0.5 * (length + longest);
            if fits(middle) { length = middle } else { longest = middle }
        }
        passed = if fits(end - passed) { end } else { passed + length };
        edges.push(corner + passed * ray);
    }
    edges
}

/// Nodes of the contour.
pub(super) fn size(half_width: f64, first: f64, last: f64, count: usize) -> usize {
    count * (edges(half_width, first, last, count).len() - 1)
}

/// The contour around |Im s| ≤ `half_width` > 0 for the times from `first` to `last`, `count` nodes
/// a panel.
pub(super) fn contour(half_width: f64, first: f64, last: f64, count: usize) -> Contour {
    let (rule, edges) = (gauss(count), edges(half_width, first, last, count));
    let panel = |pair: &[Complex64]| {
        let (middle, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        let measure = half / Complex64::new(0.0, 2.0 * PI);
        rule.iter().map(move |(x, w)| (middle + half * x, measure * w)).collect::<Vec<_>>()
    };
    Contour { nodes: edges.windows(2).flat_map(panel).collect(), half_width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_and_decays_within_the_strip_are_recovered_at_all_times() {
        for (first, last) in [(1.0, 1.0), (0.2, 1.0), (0.01, 1.0)] {
            for half_width in [0.1, 3.0, 40.0, 300.0] {
                for tolerance in [1e-4, 1e-8, 1e-12] {
                    let contour = contour(half_width, first, last, nodes_for(tolerance));
                    for frequency in [0.0, 0.1, 0.5, 0.99, 1.0].map(|part| part * half_width) {
                        for rate in [0.0, 0.3, 5.0, 1e3] {
                            for time in [first, (first * last).sqrt(), last] {
                                // e^(-rate τ) cos ωτ
                                let transform = |s: Complex64| {
                                    (s + rate) / ((s + rate).powi(2) + frequency * frequency)
                                };
                                let sum: f64 = contour
                                    .nodes
                                    .iter()
                                    .map(|(s, w)| 2.0 * (w * (s * time).exp() * transform(*s)).re)
                                    .sum();
                                let error =
                                    (sum - (-rate * time).exp() * (frequency * time).cos()).abs();
                                assert!(
                                    error < 10.0 * tolerance,
                                    "[{first}, {last}] Ω {half_width} to {tolerance:e}: ω {frequency} rate {rate} τ {time}: {error:e}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
