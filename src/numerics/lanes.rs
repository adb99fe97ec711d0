//! One formula for real and complex numbers, one at a time or eight at a time.
//!
//! The passes over the modes are written once over [`Lane`]; the compiler turns eight lanes into vector instructions.
//! Lanes never mix, so results do not depend on the vector width of the machine.

use num_complex::Complex64;
use std::ops::{Add, Mul, Sub};

/// Numbers that are worked on together; `Self::Real` holds as many reals.
pub trait Lane:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Mul<Self::Real, Output = Self>
{
    /// As many reals.
    type Real: Lane<Real = Self::Real>;
    /// How many numbers.
    const WIDTH: usize;
    /// The same number in every lane.
    fn splat(value: Complex64) -> Self;
    /// Loads WIDTH numbers from index `at`; `im` is not read for reals.
    fn load(re: &[f64], im: &[f64], at: usize) -> Self;
    /// Adds WIDTH numbers from index `at`.
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize);
    /// 1/self
    fn inverse(self) -> Self;
    /// The real part of weight · self.
    fn real_part(self, weight: Complex64) -> Self::Real;
    /// The sum over the lanes, in their order.
    fn sum(self) -> Complex64;
}

impl Lane for f64 {
    type Real = f64;
    const WIDTH: usize = 1;
    #[inline(always)]
    fn splat(value: Complex64) -> f64 {
        value.re
    }
    #[inline(always)]
    fn load(re: &[f64], _im: &[f64], at: usize) -> f64 {
        re[at]
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        re[at] += self;
    }
    #[inline(always)]
    fn inverse(self) -> f64 {
        1.0 / self
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> f64 {
        weight.re * self
    }
    #[inline(always)]
    fn sum(self) -> Complex64 {
        self.into()
    }
}

/// Eight reals.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Eight([f64; 8]);

macro_rules! lanewise {
    ($trait:ident, $method:ident) => {
        impl $trait for Eight {
            type Output = Eight;
            #[inline(always)]
            fn $method(self, other: Eight) -> Eight {
                Eight(std::array::from_fn(|i| self.0[i].$method(other.0[i])))
            }
        }
    };
}
lanewise!(Add, add);
lanewise!(Sub, sub);
lanewise!(Mul, mul);

impl Lane for Eight {
    type Real = Eight;
    const WIDTH: usize = 8;
    #[inline(always)]
    fn splat(value: Complex64) -> Eight {
        Eight([value.re; 8])
    }
    #[inline(always)]
    fn load(re: &[f64], _im: &[f64], at: usize) -> Eight {
        Eight(re[at..at + 8].try_into().expect("eight numbers"))
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        re[at..at + 8].iter_mut().zip(&self.0).for_each(|(out, x)| *out += x);
    }
    #[inline(always)]
    fn inverse(self) -> Eight {
        Eight(std::array::from_fn(|i| 1.0 / self.0[i]))
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> Eight {
        Eight(std::array::from_fn(|i| weight.re * self.0[i]))
    }
    #[inline(always)]
    fn sum(self) -> Complex64 {
        self.0.iter().sum::<f64>().into()
    }
}

/// Complex numbers with the real and imaginary parts of all lanes apart.
#[derive(Clone, Copy)]
pub struct Split<R> {
    pub re: R,
    pub im: R,
}

impl<R: Lane<Real = R>> Add for Split<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Split { re: self.re + b.re, im: self.im + b.im }
    }
}

impl<R: Lane<Real = R>> Sub for Split<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Split { re: self.re - b.re, im: self.im - b.im }
    }
}

impl<R: Lane<Real = R>> Mul for Split<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Split { re: self.re * b.re - self.im * b.im, im: self.re * b.im + self.im * b.re }
    }
}

impl<R: Lane<Real = R>> Mul<R> for Split<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: R) -> Self {
        Split { re: self.re * b, im: self.im * b }
    }
}

impl<R: Lane<Real = R>> Lane for Split<R> {
    type Real = R;
    const WIDTH: usize = R::WIDTH;
    #[inline(always)]
    fn splat(value: Complex64) -> Self {
        Split { re: R::splat(value), im: R::splat(Complex64::new(value.im, 0.0)) }
    }
    #[inline(always)]
    fn load(re: &[f64], im: &[f64], at: usize) -> Self {
        Split { re: R::load(re, re, at), im: R::load(im, im, at) }
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize) {
        self.re.add_to(re, &mut [], at);
        self.im.add_to(im, &mut [], at);
    }
    #[inline(always)]
    fn inverse(self) -> Self {
        let scale = (self.re * self.re + self.im * self.im).inverse();
        Split { re: self.re * scale, im: (R::splat(Complex64::ZERO) - self.im) * scale }
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> R {
        self.re * R::splat(weight) - self.im * R::splat(Complex64::new(weight.im, 0.0))
    }
    #[inline(always)]
    fn sum(self) -> Complex64 {
        Complex64::new(self.re.sum().re, self.im.sum().re)
    }
}

/// Code to be compiled for vector instructions: `run` and everything it calls must be `#[inline(always)]` functions, not closures.
pub(crate) trait Vectorized {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs code compiled for the widest vector instructions of this machine. No operation is fused or reordered, so the bits do
/// not depend on the choice.
pub(crate) fn vectorized<T: Vectorized>(code: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Vectorized>(code: T) -> T::Output {
            code.run()
        }
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn avx512<T: Vectorized>(code: T) -> T::Output {
            code.run()
        }
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the machine has these instructions.
            return unsafe { avx512(code) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has these instructions.
            return unsafe { avx2(code) };
        }
    }
    code.run()
}
