//! The resolvent of the homogeneous open chain in closed form (docs/theory/profiles.md, (6.2)):
//! M(s) = s² + s(2γ + Γ) + DᵀD, tridiagonal.
//!
//! With z + 1/z - 2 = s(s + 2γ), |z| < 1, the solutions of M φ = 0 that obey the left and the right
//! end are
//!
//! ```text
//! φ_n = z⁻ⁿ (1 + A z²ⁿ),
//! χ_n = zⁿ (1 + B z²⁽ᴺ⁻ⁿ⁾),
//! A = z (1 - z - λ_- s)/(1 - z + λ_- s z),
//! B the same with λ_+,
//! (M⁻¹)_mn = φ_m χ_n / w for m ≤ n,   w = (1/z - z)(1 - A B z²ᴺ).
//! ```
//!
//! This form is used, and not continued fractions, because it stays exact at large N: n log z is
//! known to its last digits, while a product of n ratios loses n roundings, and 1 - ABz²ᴺ is taken
//! through logarithms where it nearly vanishes (N²|s| small).

use super::Chain;
use num_complex::Complex64;

/// z and the ends' reflections at one s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave {
    pub s: Complex64,
    /// log z
    pub log_z: Complex64,
    pub z: Complex64,
    /// 1 - z
    pub slope: Complex64,
    /// log A and log B; of real part -∞ where an end does not reflect
    pub log_reflection: [Complex64; 2],
    /// 1/w
    pub inverse_wronskian: Complex64,
}

/// e^x - 1 without cancellation.
pub(super) fn exp_m1(x: Complex64) -> Complex64 {
    let half = (0.5 * x.im).sin();
    Complex64::new(x.re.exp_m1() * x.im.cos() - 2.0 * half * half, x.re.exp() * x.im.sin())
}

/// log(1 + x) without cancellation.
pub(super) fn log_1p(x: Complex64) -> Complex64 {
    Complex64::new(0.5 * (2.0 * x.re + x.norm_sqr()).ln_1p(), x.im.atan2(1.0 + x.re))
}

impl Wave {
    /// At s off the negative axis (and off the spectrum of B).
    pub fn new(chain: &Chain, s: Complex64) -> Wave {
        let log_z = -2.0 * asinh(0.5 * (s * (s + 2.0 * chain.flip_rate)).sqrt());
        let (z, slope) = (log_z.exp(), -exp_m1(log_z));
        let reflect = |friction: f64| {
            let below = slope + friction * s * z;
            let through = friction * s * (1.0 + z) / below;
            log_z + log_1p(-through)
        };
        let [left, right] = chain.friction().map(reflect);
        let round_trip = left + right + 2.0 * chain.bonds as f64 * log_z;
        // An end that does not reflect at all has log A = -∞ + i·something; e^-∞ = 0 whatever the
        // angle.
        let missed = if round_trip.re < -40.0 { Complex64::ONE } else { -exp_m1(round_trip) };
        Wave {
            s,
            log_z,
            z,
            slope,
            log_reflection: [left, right],
            inverse_wronskian: z / (slope * (1.0 + z) * missed),
        }
    }

    /// A z²ⁿ (end 0) or B z²ⁿ (end 1): what comes back at n sites from an end.
    pub fn reflected(&self, end: usize, n: f64) -> Complex64 {
        let log = self.log_reflection[end] + 2.0 * n * self.log_z;
        if log.re < -745.0 { Complex64::ZERO } else { log.exp() }
    }
}

/// asinh with its digits kept near 0.
pub(super) fn asinh(x: Complex64) -> Complex64 {
    // log(1 + x + (√(1+x²) - 1)), where √(1+x²) - 1 = x²/(1 + √(1+x²)).
    let square = x * x;
    log_1p(x + square / (1.0 + (1.0 + square).sqrt()))
}

#[cfg(test)]
pub(in crate::solver::resolvent) mod tests {
    use super::*;
    use crate::scenario::{Thermostat, Topology};
    use faer::Mat;
    use faer::linalg::solvers::Solve;

    pub fn chain(bonds: usize, flip_rate: f64, friction: [f64; 2]) -> Chain {
        let end =
            |friction: f64| (friction > 0.0).then_some(Thermostat { temperature: 1.0, friction });
        Chain {
            topology: Topology::Open,
            bonds,
            flip_rate,
            left: end(friction[0]),
            right: end(friction[1]),
            force: Default::default(),
            general: None,
        }
    }

    #[test]
    fn the_closed_form_is_the_inverse_of_the_tridiagonal_matrix() {
        for (bonds, gamma, friction) in [
            (1, 0.3, [1.0, 0.0]),
            (2, 1.0, [0.0, 0.0]),
            (7, 1e-2, [5.0, 0.2]),
            (12, 20.0, [1.0, 1.0]),
        ] {
            let chain = chain(bonds, gamma, friction);
            for s in
                [(0.0, 1e-5), (0.0, 0.7), (0.0, 50.0), (-0.001, 0.003), (0.2, -1.0), (0.4, 0.0)]
            {
                let s = Complex64::new(s.0, s.1);
                let wave = Wave::new(&chain, s);
                let m = bonds + 1;
                let ends = |i: usize| {
                    if i == 0 {
                        (friction[0], 1.0)
                    } else if i + 1 == m {
                        (friction[1], 1.0)
                    } else {
                        (0.0, 2.0)
                    }
                };
                let matrix = Mat::from_fn(m, m, |i, j| match i.abs_diff(j) {
                    0 => s * s + s * (2.0 * gamma + ends(i).0) + ends(i).1,
                    1 => Complex64::new(-1.0, 0.0),
                    _ => Complex64::ZERO,
                });
                let inverse = matrix.partial_piv_lu().solve(Mat::<Complex64>::identity(m, m));
                let size = (0..m).map(|i| inverse[(i, i)].norm()).fold(0.0, f64::max);
                for i in 0..m {
                    for j in i..m {
                        let n = |k: usize| k as f64;
                        let value = (1.0 + wave.reflected(0, n(i)))
                            * (1.0 + wave.reflected(1, n(bonds - j)))
                            * (wave.log_z * n(j - i)).exp()
                            * wave.inverse_wronskian;
                        // The dense inverse of a matrix with a small eigenvalue s(2γ + ..) loses
                        // size·M digits.
                        let rounding = 64.0 * f64::EPSILON * size * (1.0 + size);
                        assert!(
                            (value - inverse[(i, j)]).norm() < rounding,
                            "{bonds} {gamma} {s} {i} {j}: {value} {}",
                            inverse[(i, j)]
                        );
                    }
                }
            }
        }
    }
}
