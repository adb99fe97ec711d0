//! e^z of a complex number in 32 digits.
//!
//! z = m ln 2 + 2πi k + r; e^(r/4) is a Taylor series, squared twice. Error: some units of 2⁻¹⁰⁴,
//! and as many as |z| is large.

use super::double_double::Double;
use super::wide::Wide;

/// ln 2, 2π
const LN_2: Double = Double { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
const TURN: Double = Double { hi: std::f64::consts::TAU, lo: 2.449_293_598_294_706_4e-16 };

/// Squarings, and terms: 0.8²⁸/28! is below 10⁻³².
const SQUARINGS: i32 = 2;
const TERMS: usize = 28;

/// e^z, for a real part between -700 and 700.
pub(crate) fn exponential(z: Wide) -> Wide {
    let (twos, turns) = ((z.re.hi / LN_2.hi).round(), (z.im.hi / TURN.hi).round());
    let rest = Wide { re: z.re - LN_2.scaled(twos), im: z.im - TURN.scaled(turns) };
    let part = rest.scaled(0.5f64.powi(SQUARINGS));
    let (mut sum, mut term) = (Wide::ONE, Wide::ONE);
    for k in 1..=TERMS {
        let factor = Double::from(1.0).divided(k as f64);
        term = (term * part).times_real(factor);
        sum += term;
    }
    (0..SQUARINGS).for_each(|_| sum = sum * sum);
    sum.scaled(2f64.powi(twos as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;

    #[test]
    fn exponentials_multiply_and_have_the_known_values() {
        // e and e^(1/4 + i) with 40 digits (mpmath).
        let apart = |a: Wide, b: Wide| (a - b).size() / b.size();
        let e = Double { hi: std::f64::consts::E, lo: 1.445_646_891_729_250_2e-16 };
        assert!(apart(exponential(Wide::ONE), e.into()) < 2e-30);
        let mut worst = 0.0f64;
        for k in 0..200 {
            let x = f64::from(k);
            let z = Wide::from(Complex64::new((x * 0.37).sin() * 40.0, x - 100.0 + x.cos()));
            let half = exponential(z.scaled(0.5));
            worst = worst.max(apart(half * half, exponential(z)));
            let inverse = exponential(-z) * exponential(z);
            worst = worst.max(apart(inverse, Wide::ONE));
            assert!((exponential(z).rounded() / z.rounded().exp() - 1.0).norm() < 1e-13);
        }
        assert!(worst < 1e-28, "{worst:e}");
        // A whole turn, and three halves of one.
        let turned = |part: f64| exponential(Wide { re: Double::default(), im: TURN.scaled(part) });
        assert!(apart(turned(1.0), Wide::ONE) < 1e-30);
        assert!(apart(turned(1.5), -Wide::ONE) < 1e-29);
        assert!(apart(exponential(Wide::from(LN_2)), Wide::ONE.scaled(2.0)) < 1e-30);
    }
}
