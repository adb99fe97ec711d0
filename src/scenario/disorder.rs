//! Random coefficients, the same on every machine.
//!
//! The number of a site depends on the seed, on the key (mass, spring, pinning or flip_rate) and on
//! the site, and on nothing else: not on N, on the other sites or on the number of threads. A
//! longer chain therefore begins with the values of a shorter one. The generator is SplitMix64
//! (Steele, Lea, Flood, 2014). Only sums, products, quotients and square roots of doubles are used,
//! which IEEE 754 fixes to the last bit; the logarithm of the normal law is made of them here.

/// The step of SplitMix64's counter.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The numbers of one site.
pub(super) struct Stream {
    state: u64,
}

/// SplitMix64's output function.
fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    /// The stream of a site; `key` tells the coefficients apart, so that equal seeds do not
    /// correlate them.
    pub fn new(seed: u64, key: u64, site: usize) -> Stream {
        let key = mixed(seed.wrapping_add(key.wrapping_mul(GOLDEN)));
        Stream { state: mixed(key ^ mixed(site as u64)) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mixed(self.state)
    }

    /// In [0, 1), a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// One of `count` numbers 0, 1, ..; the bias is below count·2⁻⁶⁴.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// A number of the standard normal law, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (a, b) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                return a * (-2.0 * logarithm(square) / square).sqrt();
            }
        }
    }
}

/// ln x for 0 < x < 1, to a few roundings: 2 artanh((m-1)/(m+1)) for the mantissa m in [1/√2, √2).
fn logarithm(x: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as f64 - 1023.0;
    let mut mantissa = f64::from_bits((bits & FRACTION) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        (mantissa, exponent) = (0.5 * mantissa, exponent + 1.0);
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    // |s| < 0.172: the first term left out is below 1e-18 of the first.
    let sum = (0..12).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    exponent * std::f64::consts::LN_2 + 2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of SplitMix64 from state 1234567 (Vigna's reference program).
        let mut stream = Stream { state: 1_234_567 };
        let drawn: Vec<u64> = (0..3).map(|_| stream.next()).collect();
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_logarithm_is_that_of_the_library_to_roundings() {
        let mut stream = Stream::new(3, 0, 0);
        for _ in 0..10_000 {
            let x = stream.unit().max(1e-9);
            assert!((logarithm(x) - x.ln()).abs() <= 1e-15 * x.ln().abs().max(0.1), "{x}");
        }
    }

    #[test]
    fn the_laws_have_their_moments() {
        let count = 100_000;
        let moments = |draw: &dyn Fn(&mut Stream) -> f64| {
            let values: Vec<f64> =
                (0..count).map(|site| draw(&mut Stream::new(11, 2, site))).collect();
            let mean = values.iter().sum::<f64>() / count as f64;
            let power =
                |n: i32| values.iter().map(|v| (v - mean).powi(n)).sum::<f64>() / count as f64;
            (mean, power(2), power(4))
        };
        // Five standard deviations of each.
        let (mean, variance, fourth) = moments(&Stream::normal);
        assert!(mean.abs() < 5.0 / 316.0 && (variance - 1.0).abs() < 5.0 * 1.42 / 316.0);
        assert!((fourth - 3.0).abs() < 5.0 * 9.8 / 316.0, "{fourth}");
        let (mean, variance, _) = moments(&Stream::unit);
        assert!((mean - 0.5).abs() < 5.0 * 0.29 / 316.0);
        assert!((variance - 1.0 / 12.0).abs() < 5.0 * 0.075 / 316.0);
        let (mean, _, _) = moments(&|stream| stream.below(3) as f64);
        assert!((mean - 1.0).abs() < 5.0 * 0.82 / 316.0);
    }
}
