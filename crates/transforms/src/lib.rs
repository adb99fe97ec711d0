//! Plans of Fourier, cosine and sine transforms of double precision, by rustfft, realfft and
//! rustdct.
//!
//! Nothing is computed here. A plan is a trait object whose code this crate holds, so that what
//! uses it does not compile the libraries' generic code again. Normalization and order are
//! theirs: no transform is scaled.

pub use realfft::{ComplexToReal, RealToComplex};
pub use rustdct::{Dst1, TransformType2And3};
pub use rustfft::Fft;

use realfft::RealFftPlanner;
use rustdct::DctPlanner;
use rustfft::FftPlanner;
use std::sync::Arc;

/// Plans Fourier transforms; parts that several plans share are made once.
pub struct Planner {
    complex: FftPlanner<f64>,
    real: RealFftPlanner<f64>,
}

impl Default for Planner {
    fn default() -> Planner {
        Planner::new()
    }
}

impl Planner {
    /// Has no plans yet.
    pub fn new() -> Planner {
        Planner { complex: FftPlanner::new(), real: RealFftPlanner::new() }
    }

    /// Σ_n x_n e^(-2πi kn/len)
    pub fn forward(&mut self, len: usize) -> Arc<dyn Fft<f64>> {
        self.complex.plan_fft_forward(len)
    }

    /// Σ_n x_n e^(2πi kn/len)
    pub fn inverse(&mut self, len: usize) -> Arc<dyn Fft<f64>> {
        self.complex.plan_fft_inverse(len)
    }

    /// The same sums of real numbers, k = 0 .. len/2: the others are conjugates of these.
    pub fn forward_real(&mut self, len: usize) -> Arc<dyn RealToComplex<f64>> {
        self.real.plan_fft_forward(len)
    }

    /// The real sums of such a half.
    pub fn inverse_real(&mut self, len: usize) -> Arc<dyn ComplexToReal<f64>> {
        self.real.plan_fft_inverse(len)
    }
}

/// A single plan of Σ_n x_n e^(-2πi kn/len).
pub fn forward(len: usize) -> Arc<dyn Fft<f64>> {
    Planner::new().forward(len)
}

/// A single plan of Σ_n x_n e^(2πi kn/len).
pub fn inverse(len: usize) -> Arc<dyn Fft<f64>> {
    Planner::new().inverse(len)
}

/// The cosine transforms of types 2 and 3.
pub fn cosine(len: usize) -> Arc<dyn TransformType2And3<f64>> {
    DctPlanner::new().plan_dct2(len)
}

/// The sine transform of type 1.
pub fn sine(len: usize) -> Arc<dyn Dst1<f64>> {
    DctPlanner::new().plan_dst1(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustfft::num_complex::Complex64;
    use std::f64::consts::PI;

    #[test]
    fn plans_are_of_the_sums_that_they_name() {
        for len in [1usize, 2, 7, 12] {
            let x: Vec<Complex64> =
                (0..len).map(|n| Complex64::new((n as f64).sin(), 0.3 * n as f64)).collect();
            for (plan, sign) in [(forward(len), -1.0), (inverse(len), 1.0)] {
                let mut found = x.clone();
                plan.process(&mut found);
                for (k, found) in found.iter().enumerate() {
                    let wave =
                        |n: usize| Complex64::cis(sign * 2.0 * PI * (k * n) as f64 / len as f64);
                    let sum: Complex64 = x.iter().enumerate().map(|(n, x)| x * wave(n)).sum();
                    assert!((sum - found).norm() < 1e-13 * len as f64, "{len} {k}");
                }
            }
            let x: Vec<f64> = x.iter().map(|x| x.re).collect();
            let (mut half, mut back) = (vec![Complex64::ZERO; len / 2 + 1], vec![0.0; len]);
            Planner::new().forward_real(len).process(&mut x.clone(), &mut half).unwrap();
            let mut all: Vec<Complex64> = x.iter().map(|&x| x.into()).collect();
            forward(len).process(&mut all);
            for (k, (half, all)) in half.iter().zip(&all).enumerate() {
                assert!((half - all).norm() < 1e-13 * len as f64, "{len} {k}");
            }
            Planner::new().inverse_real(len).process(&mut half, &mut back).unwrap();
            for (back, x) in back.iter().zip(&x) {
                assert!((back - len as f64 * x).abs() < 1e-13 * len.pow(2) as f64, "{len}");
            }
            let (mut cosines, mut sines) = (x.clone(), x.clone());
            cosine(len).process_dct2(&mut cosines);
            sine(len).process_dst1(&mut sines);
            let m = len as f64;
            for k in 0..len {
                let sum = |wave: &dyn Fn(f64, f64) -> f64| {
                    x.iter().enumerate().map(|(n, x)| x * wave(k as f64, n as f64)).sum::<f64>()
                };
                let cosine = sum(&|k, n| (PI * k * (n + 0.5) / m).cos());
                let sine = sum(&|k, n| (PI * (k + 1.0) * (n + 1.0) / (m + 1.0)).sin());
                assert!((cosines[k] - cosine).abs() < 1e-13 * m, "{len} {k}");
                assert!((sines[k] - sine).abs() < 1e-13 * m, "{len} {k}");
            }
        }
    }
}
