//! Sums of two doubles, 32 digits: for angles so large that a double keeps no digits of their
//! phase.
//!
//! Error-free sums and products (Dekker, Numer. Math. 18, 1971; Hida, Li and Bailey, ARITH-15,
//! 2001); a few units of 2⁻¹⁰⁴ an operation.

use num_complex::Complex64;

/// hi + lo, |lo| ≤ half a unit of hi in the last place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Double {
    /// The number to 16 digits.
    pub hi: f64,
    /// What is left.
    pub lo: f64,
}

/// π
const PI: Double = Double { hi: std::f64::consts::PI, lo: 1.224_646_799_147_353_2e-16 };

impl Double {
    /// a + b for |a| ≥ |b|.
    fn fast_sum(a: f64, b: f64) -> Double {
        let hi = a + b;
        Double { hi, lo: b - (hi - a) }
    }

    /// a + b
    pub fn sum(a: f64, b: f64) -> Double {
        let hi = a + b;
        let part = hi - a;
        Double { hi, lo: (a - (hi - part)) + (b - part) }
    }

    fn product(a: f64, b: f64) -> Double {
        let hi = a * b;
        Double { hi, lo: a.mul_add(b, -hi) }
    }

    /// self + other
    pub fn plus(self, other: Double) -> Double {
        let (hi, lo) = (Double::sum(self.hi, other.hi), Double::sum(self.lo, other.lo));
        let first = Double::fast_sum(hi.hi, hi.lo + lo.hi);
        Double::fast_sum(first.hi, first.lo + lo.lo)
    }

    fn times(self, other: Double) -> Double {
        let p = Double::product(self.hi, other.hi);
        Double::fast_sum(p.hi, p.lo + (self.hi * other.lo + self.lo * other.hi))
    }

    /// -self
    pub fn negated(self) -> Double {
        Double { hi: -self.hi, lo: -self.lo }
    }

    /// self · factor
    pub fn scaled(self, factor: f64) -> Double {
        self.times(Double { hi: factor, lo: 0.0 })
    }

    /// self / by
    pub fn divided(self, by: f64) -> Double {
        let hi = self.hi / by;
        let left = self.plus(Double::product(-hi, by));
        Double::fast_sum(hi, left.hi / by)
    }

    /// Taylor's series, for angles up to π/2.
    fn sin(self) -> Double {
        let square = self.times(self);
        let (mut sum, mut term) = (self, self);
        for k in 1..20 {
            term = term.times(square).divided(-((2 * k) * (2 * k + 1)) as f64);
            sum = sum.plus(term);
        }
        sum
    }
}

/// e^(-i a τ) of the frequency a = 2 sin(π numerator/denominator), numerator ≤ denominator/2.
/// Error: some roundings while aτ < 10¹⁵.
pub fn mode_phase(numerator: usize, denominator: usize, time: f64) -> Complex64 {
    let fraction = Double { hi: numerator as f64, lo: 0.0 }.divided(denominator as f64);
    let angle = PI.times(fraction).sin().scaled(2.0).scaled(time);
    turned(angle).conj()
}

/// e^(i l ω τ) of the doubles ω and τ. Error: some roundings while lωτ < 10¹⁵.
pub fn harmonic_phase(order: i64, frequency: f64, time: f64) -> Complex64 {
    turned(Double::product(frequency, time).scaled(order as f64))
}

/// e^(i angle)
fn turned(angle: Double) -> Complex64 {
    let turns = (angle.hi / (2.0 * PI.hi)).round();
    let rest = angle.plus(PI.scaled(-2.0 * turns));
    Complex64::cis(rest.hi) * Complex64::new(1.0, rest.lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_right_where_doubles_have_lost_them() {
        // 2 sin(π/7) τ mod 2π with 50 digits (mpmath): cos and sin.
        for (time, cos, sin) in PHASES {
            let phase = mode_phase(1, 7, time);
            assert!(
                (phase.re - cos).abs() < 4e-16 && (phase.im + sin).abs() < 4e-16,
                "{time}: {phase}"
            );
        }
        // 2 sin(π/6) = 1 and 2 sin(π/2) = 2 exactly; the library reduces integers exactly.
        for time in [1.0, 1e6, 123_456_789.0] {
            assert!((mode_phase(1, 6, time) - Complex64::cis(-time)).norm() < 4e-16);
            assert!((mode_phase(1, 2, time) - Complex64::cis(-2.0 * time)).norm() < 4e-16);
        }
    }

    #[test]
    fn harmonics_keep_their_phase_at_late_times() {
        // cos(3·0.7·τ) and sin(3·0.7·τ) of the doubles 0.7 and τ (mpmath, 50 digits).
        for (time, cos, sin) in HARMONICS {
            let phase = harmonic_phase(3, 0.7, time);
            assert!(
                (phase.re - cos).abs() < 4e-16 && (phase.im - sin).abs() < 4e-16,
                "{time}: {phase}"
            );
        }
    }

    /// τ, cos 2.1 τ, sin 2.1 τ.
    const HARMONICS: [(f64, f64, f64); 3] = [
        (1.3, -0.9164848133487693, 0.40006947759241956),
        (100000000.0, 0.9524102361561497, 0.3048191956963784),
        (123456789012.3, 0.8836369786140719, 0.46817271388430387),
    ];

    /// τ, cos 2 sin(π/7)τ, sin 2 sin(π/7)τ.
    const PHASES: [(f64, f64, f64); 4] = [
        (1.0, 0.646_531_319_853_407_6, 0.762_887_444_154_516_6),
        (1e6, -0.994_705_656_176_959_5, 0.102_765_060_062_087_5),
        (3e9, 0.569_968_736_525_666, -0.821_666_379_611_175_3),
        (1e14, -0.031_593_666_261_063_72, -0.999_500_795_523_537_6),
    ];
}
