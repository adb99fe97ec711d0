//! Quadrature of the inner integral K_σ = (1/πi) ∫_0^(i∞) G(σ/2+κ) G(σ/2-κ) dκ, entry by entry
//! (docs/theory/profiles.md, (6.3)).
//!
//! The singularities of the integrand are S - σ/2 and their mirror images σ/2 - S, S being the
//! spectrum of B: real s in [-2γ-λ, -slowest rate], and Re s = -γ where the modes oscillate. Both
//! are laid out as conductors with opposite charges,
//!
//! ```text
//! Φ(κ) = ∫ ρ(c) [ log(κ - c) - log(-c - κ) ] dc,     Φ(0) = 0,   Φ(i∞) = iπQ,   Q = ∫ ρ dc,
//! ```
//!
//! and the path is the line without potential, Re Φ = 0, that runs between them from 0 to i∞. The
//! midpoint rule in Im Φ, which is periodic there, leaves of a pole at c its residue over e^(2π|Re
//! Φ(c)|/h) (Trefethen and Weideman, SIAM Review 56, 2014): in steps of h = 2π potentials are
//! digits. So the charges, constant on each of some thirty stretches, are chosen to give every
//! stretch the digits that it needs. There are nowhere more nodes than the integrand asks for, Q/2
//! in all: 50 at N = 10⁴, γ = 1 for eleven digits, and 1/γ times some ten where flips are rare and
//! the oscillating modes come near the path.

use super::Chain;
use super::wave::log_1p;
use crate::numerics::legendre::gauss;
use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;
use std::f64::consts::{LN_10, PI};
use std::sync::OnceLock;

/// Digits of the quadrature, relative to the largest entries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality(f64);

impl Quality {
    /// Error at rounding (measured by the row sums).
    pub const FULL: Quality = Quality(16.0);
    /// The judge of the full one: more nodes, at other places.
    pub const JUDGE: Quality = Quality(17.5);

    /// Two qualities whose distance stays below a tenth of the tolerance.
    pub fn pair(tolerance: f64) -> [Quality; 2] {
        let digits = (3.5 - tolerance.log10()).clamp(FEWEST, 16.0);
        [Quality(digits), Quality(digits + 0.7)]
    }

    /// The same digits of a sum that the integral enters by some `part`.
    pub fn of_part(self, part: f64) -> Quality {
        Quality((self.0 + part.log10()).clamp(FEWEST, 16.0))
    }

    /// log of the part of the sum over all nodes that each node may drop: some hundred drop it, so
    /// some digits below the error of the quadrature.
    pub(super) fn dropped(self) -> f64 {
        -(self.0 + 3.0).min(18.0) * LN_10
    }
}

/// The least number of digits for any singularity.
const FEWEST: f64 = 5.0;

/// The integrand. In the double sums of the squared kernel between momenta, which make the flux,
/// the part near s = 0 counts like √κ at most. In the variances of elongations and in the squares
/// of the means, which die out slowly, it counts as much as any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integrand {
    Flux,
    Moments,
}

/// κ with its weight, 1/πi included.
pub(super) type Node = (Complex64, Complex64);

/// A lower bound of the rate of the slowest mode, roughly: a²/2γ of a quarter wave (strong friction
/// holds one end), and slower where friction holds both ends and a chain of stiffness 1/N pulls on
/// the weaker one. Modes that oscillate decay at γ or faster.
fn slowest_rate(chain: &Chain) -> f64 {
    let stiffness = (2.0 * (0.25 * PI / chain.atoms() as f64).sin()).powi(2);
    let [left, right] = chain.friction();
    let rate = 1.0 / (2.0 * chain.flip_rate / stiffness + left.min(right) * chain.bonds as f64);
    rate.min(0.5 * chain.flip_rate)
}

/// Stretches grow in this ratio away from the ends of a conductor, where charge gathers.
const GROWTH: f64 = 2.0;

/// Distances from the end of a conductor of some `length`, the first stretch a quarter of the `gap`
/// to the other conductor.
fn graded(length: f64, gap: f64) -> Vec<f64> {
    let (mut edges, mut step) = (vec![0.0], 0.25 * gap);
    while edges[edges.len() - 1] + 1.5 * step < length {
        edges.push(edges[edges.len() - 1] + step);
        step *= GROWTH;
    }
    edges.push(length);
    edges
}

/// The conductors of S, ends of their stretches in order: the real axis from the slowest mode on;
/// and where modes oscillate, which is at |s| ≤ 2 and Re s ≤ -γ (on that line itself where they
/// feel no thermostat), the edge of that region. Stretches end where the conductors cross, and on
/// the line also across from where those of its mirror image end: charges of one density face
/// charges of one density, however near they come.
fn spectrum(chain: &Chain, sigma: Complex64) -> Vec<Vec<Complex64>> {
    let (gamma, slowest) = (chain.flip_rate, slowest_rate(chain));
    let strongest = chain.friction().into_iter().fold(0.0, f64::max);
    let (length, gap) = (2.2 * gamma + strongest - slowest, sigma.norm() + 2.0 * slowest);
    if gamma >= 2.0 {
        return vec![
            graded(length, gap).into_iter().map(|x| Complex64::from(-slowest - x)).collect(),
        ];
    }
    let before = gamma - slowest;
    let mut real = graded(before, gap);
    real.extend(graded(length - before, gamma).into_iter().skip(1).map(|x| before + x));
    let real = real.into_iter().map(|x| Complex64::from(-slowest - x)).collect();
    let top = (4.0 - gamma * gamma).sqrt();
    let (corner, gap) = (Complex64::new(-gamma, top), gamma.min(top));
    let upper = graded(top, gap).into_iter().map(|y| top - y);
    let mut heights: Vec<f64> = upper.flat_map(|y| [y, -y, sigma.im - y, sigma.im + y]).collect();
    heights.retain(|y| y.abs() <= top);
    heights.sort_by(f64::total_cmp);
    heights.dedup_by(|next, last| *next - *last < 0.1 * gap);
    let line = heights.iter().rev().skip(1).rev().chain([&top]).map(|&y| Complex64::new(-gamma, y));
    let around: Vec<Complex64> = match strongest > 0.0 {
        true => graded(2.0 * (PI - corner.arg()), gap)
            .into_iter()
            .skip(1)
            .map(|x| corner * Complex64::cis(0.5 * x))
            .collect(),
        false => vec![],
    };
    let lower = around.iter().rev().map(|s| s.conj());
    vec![real, lower.chain(line).chain(around.iter().copied()).collect()]
}

/// The mean of log(x - c) over the stretch from a to b, without cancellation where x is far from
/// it.
fn mean_log(x: Complex64, a: Complex64, b: Complex64) -> Complex64 {
    let [far, near] = if (x - a).norm_sqr() < (x - b).norm_sqr() { [b, a] } else { [a, b] };
    let part = (near - far) / (x - far);
    let left = 1.0 - part;
    let rest = match part.norm_sqr() {
        _ if left == Complex64::ZERO => left,
        small if small < 0.25 => left / part * log_1p(-part),
        _ => left / part * left.ln(),
    };
    (x - far).ln() - 1.0 - rest
}

/// Φ, given by its charges.
struct Potential {
    /// Both ends of each stretch in κ, and ρ.
    stretches: Vec<(Complex64, Complex64, Complex64)>,
    /// Q
    charge: f64,
}

impl Potential {
    /// The charges that give every stretch the digits it needs.
    fn new(chain: &Chain, sigma: Complex64, quality: Quality, integrand: Integrand) -> Potential {
        let conductors = spectrum(chain, sigma);
        let mut stretches = Vec::new();
        for ends in &conductors {
            let last = ends.len() - 2;
            for (i, pair) in ends.windows(2).enumerate() {
                // In the middle; of the outermost ones near the tip, where the potential would fall
                // short.
                let along = if i == 0 {
                    TIP
                } else if i == last {
                    1.0 - TIP
                } else {
                    0.5
                };
                let [a, b] = [pair[0] - 0.5 * sigma, pair[1] - 0.5 * sigma];
                stretches.push((a, b, a + along * (b - a)));
            }
        }
        let count = stretches.len();
        let matrix = Mat::from_fn(count, count, |i, j| {
            let (at, (a, b, _)) = (stretches[i].2, stretches[j]);
            (mean_log(-at, a, b) - mean_log(at, a, b)).re
        });
        let scale = 0.25 * chain.flip_rate.min(1.0);
        let digits = |at: Complex64| match integrand {
            Integrand::Moments => quality.0,
            Integrand::Flux => (quality.0 + 0.5 * (at.norm() / scale).min(1.0).log10()).max(FEWEST),
        };
        let needed = Mat::from_fn(count, 1, |i, _| LN_10 * digits(stretches[i].2));
        let mut charges = matrix.partial_piv_lu().solve(&needed);
        // Halfway to the next place where it is prescribed the potential may fall short of that.
        let reached = |at: Complex64, needed: f64| {
            let sum = (0..count).map(|j| {
                let (a, b, _) = stretches[j];
                charges[(j, 0)] * (mean_log(-at, a, b) - mean_log(at, a, b)).re
            });
            sum.sum::<f64>() / needed
        };
        let least = stretches.iter().enumerate().flat_map(|(i, &(a, b, _))| {
            [0.25, 0.75].map(|along| reached(a + along * (b - a), needed[(i, 0)]))
        });
        let least = least.fold(1.0, f64::min);
        // Over 3000 random chains and σ of every kind it was 0.43 at least.
        assert!(
            least > 0.1,
            "the path between the spectrum and its mirror image is lost at σ = {sigma:.3e}"
        );
        (0..count).for_each(|j| charges[(j, 0)] /= least);
        let charge = (0..count).map(|j| charges[(j, 0)]).sum();
        let with_density = |(j, &(a, b, _)): (usize, &(Complex64, Complex64, Complex64))| {
            (a, b, charges[(j, 0)] / (b - a))
        };
        Potential { stretches: stretches.iter().enumerate().map(with_density).collect(), charge }
    }

    /// dΦ/dκ between the conductors.
    fn slope(&self, kappa: Complex64) -> Complex64 {
        let of = |&(a, b, density): &(Complex64, Complex64, Complex64)| {
            // Both logarithms in one, of (κ² - b²)/(κ² - a²), from afar, where they cancel; from
            // near by each has its own angle, together up to 2π.
            let part = (a - b) * (a + b) / ((kappa - a) * (kappa + a));
            let near = (kappa - a).norm_sqr().min((kappa + a).norm_sqr());
            let log = match part.norm_sqr() < 0.25 && (b - a).norm_sqr() < 0.25 * near {
                true => log_1p(part),
                false => log_1p((a - b) / (kappa - a)) + log_1p((b - a) / (kappa + a)),
            };
            -density * log
        };
        self.stretches.iter().map(of).sum()
    }

    /// Φ(i∞) - Φ(κ) for κ above the conductors.
    fn beyond(&self, kappa: Complex64) -> Complex64 {
        let of = |&(x, w): &(f64, f64)| {
            let u = 0.5 + 0.5 * x;
            0.5 * w / (u * u) * self.slope(kappa / u)
        };
        kappa * rule(18).iter().map(of).sum::<Complex64>()
    }

    /// From κ, where dΦ/dκ is `slope`, to where Φ is larger by i·`rise`, and dΦ/dκ there. Φ itself,
    /// which may be large, is not asked for: the places of the nodes are true to the last digits of
    /// the step.
    fn follow(&self, kappa: Complex64, slope: Complex64, rise: f64) -> [Complex64; 2] {
        // The classical step of Runge and Kutta along dκ/dIm Φ, and what it misses by Newton's
        // iteration on the integral of dΦ/dκ.
        let along = |slope: Complex64| Complex64::new(0.0, rise) / slope;
        let first = along(slope);
        let second = along(self.slope(kappa + 0.5 * first));
        let third = along(self.slope(kappa + 0.5 * second));
        let fourth = along(self.slope(kappa + third));
        let mut step = (first + 2.0 * (second + third) + fourth) / 6.0;
        let (mut next, mut missing, length) = (kappa, Complex64::new(0.0, rise), step.norm());
        for _ in 0..PASSES {
            // The slope varies over distances of |κ|, at either end of the path.
            let rule = rule(match step.norm() {
                short if short < 1e-3 * length => 3,
                step if step < 0.5 * next.norm() => 10,
                _ => 18,
            });
            let mean =
                rule.iter().map(|&(x, w)| 0.5 * w * self.slope(next + (0.5 + 0.5 * x) * step));
            missing -= step * mean.sum::<Complex64>();
            next += step;
            step = missing / self.slope(next);
            if step.norm() < 1e-9 * length {
                break;
            }
        }
        [next + step, self.slope(next + step)]
    }
}

/// The Gauss-Legendre rule of some nodes, made once.
fn rule(nodes: usize) -> &'static [(f64, f64)] {
    static RULES: [OnceLock<Vec<(f64, f64)>>; 19] = [const { OnceLock::new() }; 19];
    RULES[nodes].get_or_init(|| gauss(nodes))
}

/// Passes of Newton's iteration at most: two or three are enough.
const PASSES: usize = 8;
/// The place where the potential of a stretch at a tip is prescribed.
const TIP: f64 = 0.03;

/// The path for σ ≥ 0, and for Im σ > 0 where Re σ > -γ.
pub(super) fn path(
    chain: &Chain,
    sigma: Complex64,
    quality: Quality,
    integrand: Integrand,
) -> Vec<Node> {
    let potential = Potential::new(chain, sigma, quality, integrand);
    let count = (0.5 * potential.charge).ceil();
    let step = PI * potential.charge / count;
    let mut places = vec![[Complex64::ZERO, potential.slope(Complex64::ZERO)]];
    for k in 0..count as usize {
        let [kappa, slope] = places[k];
        places.push(potential.follow(kappa, slope, if k == 0 { 0.5 * step } else { step }));
    }
    // What is left to i∞ is half a step, but for the roundings of all steps, which are given back.
    let gathered = potential.beyond(places[places.len() - 1][0]) - Complex64::new(0.0, 0.5 * step);
    let node = |(k, &[kappa, slope]): (usize, &[Complex64; 2])| {
        let kappa = kappa + gathered * ((k as f64 + 0.5) / (count - 0.5)) / slope;
        // For real σ the line is the imaginary axis.
        let kappa = if sigma.im == 0.0 { Complex64::new(0.0, kappa.im) } else { kappa };
        let weight = step / (PI * potential.slope(kappa));
        (kappa, if sigma.im == 0.0 { weight.re.into() } else { weight })
    };
    places[1..].iter().enumerate().map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::super::wave::tests::chain;
    use super::*;

    #[test]
    fn every_pair_of_modes_has_the_digits_asked_for() {
        for gamma in [1e-2, 0.3, 1.0, 1.9, 30.0] {
            for (bonds, friction) in
                [(1, [22.5, 1.757]), (3, [0.01, 5.0]), (40, [0.0, 0.0]), (100_000, [1.0, 100.0])]
            {
                let chain = chain(bonds, gamma, friction);
                let slow = slowest_rate(&chain);
                // Real modes, slow and fast, and oscillating ones with and without a thermostat.
                let mut modes: Vec<Complex64> = (0..=20)
                    .map(|k| Complex64::from(-slow * (gamma / slow).powf(k as f64 / 20.0)))
                    .collect();
                modes.extend([1.1, 1.7, 2.0].map(|x| Complex64::from(-x * gamma)));
                if gamma < 2.0 {
                    let height = (4.0 - gamma * gamma).sqrt();
                    modes.extend(
                        [-1.0, -0.9, 0.0, 0.4, 0.99].map(|y| Complex64::new(-gamma, y * height)),
                    );
                }
                let slow_sigmas = [
                    (0.0, 0.0),
                    (1e-7, 0.0),
                    (0.3, 0.0),
                    (1e-9, 3e-9),
                    (-1e-4, 2e-4),
                    (-0.4, 0.4),
                    (0.0, 3.0),
                ];
                let mut sigmas: Vec<Complex64> =
                    slow_sigmas.iter().map(|&(re, im)| Complex64::new(re, im) * gamma).collect();
                // The rotations of a force.
                sigmas.extend(
                    [0.3, 1.2, 2.3, 2.46, 3.9, 7.0].map(|frequency| Complex64::new(0.0, frequency)),
                );
                for sigma in sigmas {
                    for quality in [Quality(8.0), Quality::FULL] {
                        let path = path(&chain, sigma, quality, Integrand::Moments);
                        for &s in &modes {
                            // (σ - s - s')⁻¹ as in (3), with s' = s̄.
                            let t = s.conj();
                            let part = |kappa: Complex64| {
                                0.5 / ((0.5 * sigma + kappa - s) * (0.5 * sigma - kappa - t))
                            };
                            let sum: Complex64 = path
                                .iter()
                                .map(|&(kappa, w)| w * (part(kappa) + part(-kappa)))
                                .sum();
                            let error = (sum * (sigma - s - t) - 1.0).norm();
                            // Twice the e^(-potential) of either conductor; roundings of the sum,
                            // of 1/γ times some terms.
                            let allowed = 20.0 * 10f64.powf(-quality.0) + 4e-14;
                            assert!(
                                error < allowed,
                                "γ {gamma} N {bonds} σ {sigma} s {s}: {error:.1e}"
                            );
                        }
                    }
                }
            }
        }
    }
}
