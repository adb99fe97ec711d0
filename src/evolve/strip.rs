//! The inverse Laplace transform around a half-strip: all singularities in Re s ≤ 0, |Im s| ≤ Ω, however far apart.
//!
//! Under a periodic force the transform of the covariance has singularities on the lines imω + (-∞, 0]. While ωτ is not large these are too close for a
//! hyperbola each ([`super::envelope`]) and too far apart for one around them all, which would pass where |e^(sτ)| is large. So the hyperbola of
//! [`super::hyperbola`] is cut at its vertex c and pulled apart: its upper half moves up by iΩ, and the segment from c to c + iΩ joins it to the real axis. Composite
//! Gauss-Legendre: where the nearest singularity is d from the middle of a panel of length 2l, n nodes leave (d/l + √(1 + (d/l)²))⁻²ⁿ. On the segment d = c,
//! on the hyperbola d = π/2 - α in its own parameter. Nodes: some 2 for each unit of Ωτ, beside those of the hyperbola.

use super::hyperbola::{Contour, shape};
use crate::numerics::legendre::gauss;
use num_complex::Complex64;
use std::f64::consts::{FRAC_PI_2, PI};

/// d/l at least: a node of a panel then gains as much as one of the hyperbola for a single time.
const DISTANCE: f64 = 1.45;

/// What a node more in every panel gains, as a logarithm.
fn decay() -> f64 {
    2.0 * (DISTANCE + (1.0 + DISTANCE * DISTANCE).sqrt()).ln()
}

/// Nodes a panel for an error of `tolerance`.
pub(super) fn nodes_for(tolerance: f64) -> usize {
    (-tolerance.ln() / decay()).ceil().max(4.0) as usize
}

/// What remains of the error with `extra` nodes more a panel.
pub(super) fn gain(extra: usize) -> f64 {
    (-decay() * extra as f64).exp()
}

/// α, nh and μ of the hyperbola for the times from `first` to `last`, balanced for an error like that of `count` nodes a panel.
fn hyperbola(first: f64, last: f64, count: usize) -> (f64, f64, f64) {
    let (decay_of_hyperbola, alpha, length) = shape(last / first);
    // The number of nodes of the midpoint rule with the same error.
    let nodes = decay() * count as f64 / decay_of_hyperbola;
    (alpha, length, 2.0 * PI * (2.0 * alpha - FRAC_PI_2) * nodes / (length * last))
}

/// Panels of the hyperbola and of the segment.
fn panels(half_width: f64, first: f64, last: f64, count: usize) -> [usize; 2] {
    let (alpha, length, mu) = hyperbola(first, last, count);
    let vertex = mu * (1.0 - alpha.sin());
    [length / (FRAC_PI_2 - alpha), half_width / vertex].map(|ratio| (0.5 * DISTANCE * ratio).ceil() as usize)
}

/// Nodes of the contour.
pub(super) fn size(half_width: f64, first: f64, last: f64, count: usize) -> usize {
    count * panels(half_width, first, last, count).iter().sum::<usize>()
}

/// The contour around |Im s| ≤ `half_width` for the times from `first` to `last`, `count` nodes a panel.
pub(super) fn contour(half_width: f64, first: f64, last: f64, count: usize) -> Contour {
    let (alpha, length, mu) = hyperbola(first, last, count);
    let [curved, straight] = panels(half_width, first, last, count);
    let (rule, vertex) = (gauss(count), mu * (1.0 - alpha.sin()));
    // The nodes of `panels` panels of [0, length].
    let composite = |panels: usize, length: f64| {
        let half = 0.5 * length / panels as f64;
        let panel = |number: usize| rule.iter().map(move |(x, w)| (half * (2.0 * number as f64 + 1.0 + x), half * w));
        (0..panels).flat_map(panel).collect::<Vec<_>>()
    };
    let measure = Complex64::new(0.0, -1.0 / (2.0 * PI));
    let segment = composite(straight, half_width)
        .into_iter()
        .map(|(y, w)| (Complex64::new(vertex, y), w / (2.0 * PI) + Complex64::ZERO));
    let beyond = composite(curved, length).into_iter().map(|(x, w)| {
        let theta = Complex64::new(-alpha, x);
        (Complex64::new(0.0, half_width) + mu * (1.0 + theta.sin()), measure * Complex64::I * mu * theta.cos() * w)
    });
    Contour { nodes: segment.chain(beyond).collect(), half_width }
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
                                let transform =
                                    |s: Complex64| (s + rate) / ((s + rate).powi(2) + frequency * frequency);
                                let sum: f64 = contour
                                    .nodes
                                    .iter()
                                    .map(|(s, w)| 2.0 * (w * (s * time).exp() * transform(*s)).re)
                                    .sum();
                                let error = (sum - (-rate * time).exp() * (frequency * time).cos()).abs();
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
