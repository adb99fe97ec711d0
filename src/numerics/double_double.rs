//! Sums of two doubles, 32 digits: for angles so large that a double keeps no digits of their
//! phase.
//!
//! Error-free sums and products (Dekker, Numer. Math. 18, 1971; Hida, Li and Bailey, ARITH-15,
//! 2001); a few units of 2⁻¹⁰⁴ an operation.

use crate::budget::input_rounding;
use num_complex::Complex64;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// hi + lo, |lo| ≤ half a unit of hi in the last place.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Double {
    /// The number to 16 digits.
    pub hi: f64,
    /// The remainder, at most half a unit in the last place of `hi`.
    pub lo: f64,
}

impl From<f64> for Double {
    fn from(hi: f64) -> Double {
        Double { hi, lo: 0.0 }
    }
}

impl std::fmt::Display for Double {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.hi.fmt(to)
    }
}

impl std::fmt::LowerExp for Double {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.hi.fmt(to)
    }
}

/// The numbers as they are exact: doubles, or what doubles cannot hold.
pub(crate) fn exact<T: Copy + Into<Double>>(numbers: &[T]) -> Vec<Double> {
    numbers.iter().map(|&x| x.into()).collect()
}

/// The numbers to 16 digits.
pub(crate) fn rounded(numbers: &[Double]) -> Vec<f64> {
    numbers.iter().map(|x| x.hi).collect()
}

/// The leading 26 bits, rounded to nearest (Veltkamp): the rest has 26 bits with its sign, so that
/// all products of two parts are exact, and sums of two of these.
pub(crate) fn leading(a: f64) -> f64 {
    let scaled = 134_217_729.0 * a;
    scaled - (scaled - a)
}

/// π
pub(crate) const PI: Double = Double { hi: std::f64::consts::PI, lo: 1.224_646_799_147_353_2e-16 };

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

    /// a · b, exactly.
    pub fn product(a: f64, b: f64) -> Double {
        let hi = a * b;
        Double { hi, lo: a.mul_add(b, -hi) }
    }

    /// self + other
    pub fn plus(self, other: Double) -> Double {
        let (hi, lo) = (Double::sum(self.hi, other.hi), Double::sum(self.lo, other.lo));
        let first = Double::fast_sum(hi.hi, hi.lo + lo.hi);
        Double::fast_sum(first.hi, first.lo + lo.lo)
    }

    /// self + term, of many terms: what `hi` rounds off gathers in `lo`, which is added at the end.
    pub fn gathering(self, term: f64) -> Double {
        let next = Double::sum(self.hi, term);
        Double { hi: next.hi, lo: self.lo + next.lo }
    }

    /// self · other
    pub fn times(self, other: Double) -> Double {
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

    /// 1 / self, by one step of Newton's iteration.
    pub fn inverse(self) -> Double {
        let first = 1.0 / self.hi;
        let left = Double { hi: 1.0, lo: 0.0 }.plus(self.scaled(first).negated());
        Double { hi: first, lo: 0.0 }.plus(left.scaled(first))
    }

    /// The square root of a number that is not negative.
    pub fn sqrt(self) -> Double {
        if self.hi <= 0.0 {
            return Double::default();
        }
        let first = self.hi.sqrt();
        let left = self.plus(Double::product(-first, first));
        Double { hi: first, lo: 0.0 }.plus(left.scaled(0.5 / first))
    }

    /// cos(π numerator/denominator).
    pub fn cos_half_turns(numerator: usize, denominator: usize) -> Double {
        // cos(π x) of x in [0, 2), folded into [0, 1/2], is the sine of π(1/2 - x).
        let (mut p, q) = (numerator % (2 * denominator), denominator);
        if p > q {
            p = 2 * q - p;
        }
        let (p, sign) = if 2 * p > q { (q - p, -1.0) } else { (p, 1.0) };
        let part = Double { hi: (q - 2 * p) as f64, lo: 0.0 }.divided((2 * q) as f64);
        PI.times(part).sin().scaled(sign)
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

/// The frequency 2π/period.
pub fn frequency_of(period: f64) -> Double {
    PI.scaled(2.0).divided(period)
}

/// The period 2π/frequency.
pub fn period_of(frequency: Double) -> Double {
    let period = PI.scaled(2.0).divided(frequency.hi);
    // 1/(hi + lo) = (1 - lo/hi)/hi to 32 digits.
    period.plus(period.scaled(-frequency.lo / frequency.hi))
}

/// The frequency a = 2 sin(π numerator/denominator), numerator ≤ denominator/2.
pub fn mode_frequency(numerator: usize, denominator: usize) -> Double {
    let fraction = Double::from(numerator as f64).divided(denominator as f64);
    PI.times(fraction).sin().scaled(2.0)
}

impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        self.plus(other)
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self.plus(other.negated())
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        self.times(other)
    }
}

impl Div for Double {
    type Output = Double;
    fn div(self, by: Double) -> Double {
        self.times(by.inverse())
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        self.negated()
    }
}

/// Real numbers of 16 or 32 digits, for formulas that are asked for in both.
pub trait Number:
    Copy
    + Send
    + Sync
    + PartialOrd
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// To 16 digits.
    fn rounded(self) -> f64;
}

impl Number for f64 {
    fn rounded(self) -> f64 {
        self
    }
}

impl Number for Double {
    fn rounded(self) -> f64 {
        self.hi
    }
}

/// e^(-i a τ) of the frequency a = 2 sin(π numerator/denominator), numerator ≤ denominator/2.
/// Error: [`phase_error`] of aτ.
pub fn mode_phase(numerator: usize, denominator: usize, time: Double) -> Complex64 {
    turned(mode_frequency(numerator, denominator).times(time)).conj()
}

/// e^(i l ω τ). Error: [`phase_error`] of lωτ.
pub fn harmonic_phase(order: i64, frequency: Double, time: Double) -> Complex64 {
    turned(frequency.times(time).scaled(order as f64))
}

/// e^(2πi l x): l turns of the part x of a circle. Error: [`phase_error`] of the angle.
pub fn turn_phase(order: i64, part: f64) -> Complex64 {
    turned(PI.times(Double::product(2.0 * part, order as f64)))
}

/// e^(s τ), the rotation to all digits.
pub fn exponential(s: Complex64, time: Double) -> Complex64 {
    (s.re * time.hi).exp() * harmonic_phase(1, s.im.into(), time)
}

/// Error of e^(i angle) for an angle of 32 digits: some roundings of its own up to 10¹⁵ radians,
/// and what an angle beyond has lost (a few units of 2⁻¹⁰⁴ of it), up to all there is.
pub fn phase_error(angle: f64) -> f64 {
    (input_rounding::PHASE + 2f64.powi(-100) * angle.abs()).min(2.0)
}

/// e^(i angle). Error: [`phase_error`].
pub fn turned(angle: Double) -> Complex64 {
    let mut rest = angle;
    // Beyond 2⁵³ turns their number has a rounding of its own, which the next round takes away.
    for _ in 0..3 {
        let turns = (rest.hi / (2.0 * PI.hi)).round();
        rest = rest.plus(PI.scaled(-2.0 * turns));
    }
    Complex64::cis(rest.hi) * Complex64::new(1.0, rest.lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_right_where_doubles_have_lost_them() {
        // 2 sin(π/7) τ mod 2π with 50 digits (mpmath): cos and sin.
        for (time, cos, sin) in PHASES {
            let phase = mode_phase(1, 7, time.into());
            assert!(
                (phase.re - cos).abs() < 4e-16 && (phase.im + sin).abs() < 4e-16,
                "{time}: {phase}"
            );
        }
        // 2 sin(π/6) = 1 and 2 sin(π/2) = 2 exactly; the library reduces integers exactly.
        for time in [1.0, 1e6, 123_456_789.0] {
            assert!((mode_phase(1, 6, time.into()) - Complex64::cis(-time)).norm() < 4e-16);
            assert!((mode_phase(1, 2, time.into()) - Complex64::cis(-2.0 * time)).norm() < 4e-16);
        }
    }

    #[test]
    fn harmonics_keep_their_phase_at_late_times() {
        // cos(3·0.7·τ) and sin(3·0.7·τ) of the doubles 0.7 and τ (mpmath, 50 digits).
        for (time, cos, sin) in HARMONICS {
            let phase = harmonic_phase(3, 0.7.into(), time.into());
            assert!(
                (phase.re - cos).abs() < 4e-16 && (phase.im - sin).abs() < 4e-16,
                "{time}: {phase}"
            );
        }
    }

    #[test]
    fn whole_periods_turn_by_nothing_however_many_they_are() {
        // The remainder of two doubles is exact: what is left of the phase has few radians.
        for period in [6.0, 4.8, 0.37, 123.456] {
            for time in [1.0, 600.0, 6e8, 6e12, 1.234_567e13, 4.8e12] {
                let phase = harmonic_phase(1, frequency_of(period), Double::from(time));
                let expected =
                    Complex64::cis(2.0 * std::f64::consts::PI * (time % period) / period);
                assert!((phase - expected).norm() < 2e-15, "{period} {time}: {phase} {expected}");
                // 9 t is no double, nor is 3·9 t.
                let phase = harmonic_phase(3, frequency_of(period), Double::product(9.0, time));
                assert!((phase - expected.powi(27)).norm() < 6e-14, "{period} 9·{time}: {phase}");
            }
        }
        // A million turns of a third of a circle, and of its double.
        let third: f64 = 1.0 / 3.0;
        let rest = 1e6f64.mul_add(third, -333_333.0);
        let expected = Complex64::cis(2.0 * std::f64::consts::PI * rest);
        assert!((turn_phase(1_000_000, third) - expected).norm() < 1e-15);
        let period = period_of(frequency_of(4.8));
        assert!(
            (period.hi - 4.8).abs() <= f64::EPSILON && (period.hi - 4.8 + period.lo).abs() < 1e-30
        );
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
