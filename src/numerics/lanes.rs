//! One formula for real and complex numbers, one at a time or eight at a time.
//!
//! The passes over the modes and over the quadrature nodes are written once over [`Lane`]. Eight
//! numbers are held in whatever registers the machine has ([`super::registers`]). No operation is
//! fused or reordered and lanes never mix, so the bits do not depend on the registers.

use num_complex::Complex64;
use std::ops::{Add, Mul, Sub};

/// Numbers that are worked on together; `Self::Real` holds as many reals.
pub trait Lane:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Mul<Self::Real, Output = Self>
{
    /// The instruction set: a value of this type exists only where the machine has it.
    type Simd: Copy + Send + Sync;
    /// The same number of reals.
    type Real: Lane<Real = Self::Real, Simd = Self::Simd>;
    /// The number of numbers.
    const WIDTH: usize;
    /// The instruction set.
    fn simd(self) -> Self::Simd;
    /// The same number in every lane.
    fn splat(simd: Self::Simd, value: Complex64) -> Self;
    /// Loads WIDTH numbers from index `at`; `im` is not read for reals.
    fn load(simd: Self::Simd, re: &[f64], im: &[f64], at: usize) -> Self;
    /// Adds WIDTH numbers from index `at`.
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize);
    /// Writes WIDTH numbers from index `at`; `im` is not written for reals.
    fn store(self, re: &mut [f64], im: &mut [f64], at: usize);
    /// 1/self
    fn inverse(self) -> Self;
    /// The real part of weight · self.
    fn real_part(self, weight: Complex64) -> Self::Real;
    /// `before` and then the lanes, added in their order.
    fn sum_after(self, before: Complex64) -> Complex64;
    /// The sum over the lanes, in their order.
    #[inline(always)]
    fn sum(self) -> Complex64 {
        self.sum_after(Complex64::ZERO)
    }
    /// A real number in every lane.
    #[inline(always)]
    fn number(simd: Self::Simd, x: f64) -> Self {
        Self::splat(simd, Complex64::new(x, 0.0))
    }
}

impl Lane for f64 {
    type Simd = ();
    type Real = f64;
    const WIDTH: usize = 1;
    #[inline(always)]
    fn simd(self) {}
    #[inline(always)]
    fn splat((): (), value: Complex64) -> f64 {
        value.re
    }
    #[inline(always)]
    fn load((): (), re: &[f64], _im: &[f64], at: usize) -> f64 {
        re[at]
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        re[at] += self;
    }
    #[inline(always)]
    fn store(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        re[at] = self;
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
    fn sum_after(self, before: Complex64) -> Complex64 {
        before + self
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
    type Simd = R::Simd;
    type Real = R;
    const WIDTH: usize = R::WIDTH;
    #[inline(always)]
    fn simd(self) -> R::Simd {
        self.re.simd()
    }
    #[inline(always)]
    fn splat(simd: R::Simd, value: Complex64) -> Self {
        Split { re: R::number(simd, value.re), im: R::number(simd, value.im) }
    }
    #[inline(always)]
    fn load(simd: R::Simd, re: &[f64], im: &[f64], at: usize) -> Self {
        Split { re: R::load(simd, re, &[], at), im: R::load(simd, im, &[], at) }
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize) {
        self.re.add_to(re, &mut [], at);
        self.im.add_to(im, &mut [], at);
    }
    #[inline(always)]
    fn store(self, re: &mut [f64], im: &mut [f64], at: usize) {
        self.re.store(re, &mut [], at);
        self.im.store(im, &mut [], at);
    }
    #[inline(always)]
    fn inverse(self) -> Self {
        let scale = (self.re * self.re + self.im * self.im).inverse();
        Split { re: self.re * scale, im: (R::number(self.simd(), 0.0) - self.im) * scale }
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> R {
        let number = |x: f64| R::number(self.simd(), x);
        self.re * number(weight.re) - self.im * number(weight.im)
    }
    #[inline(always)]
    fn sum_after(self, before: Complex64) -> Complex64 {
        let sum = |lanes: R, before: f64| lanes.sum_after(before.into()).re;
        Complex64::new(sum(self.re, before.re), sum(self.im, before.im))
    }
}
