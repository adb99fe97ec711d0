//! Products G(s₁) G(s₂) of two resolvents, eight quadrature nodes at a time: real where s₂ = s̄₁,
//! complex otherwise.

use super::wave::Wave;
use crate::numerics::lanes::{Lane, Split};
use crate::numerics::registers::Wide;
use num_complex::Complex64;
use std::marker::PhantomData;

/// The instruction set of products.
pub(super) type Simd<P> = <<P as Pairing>::Wide as Lane>::Simd;

/// The two kinds of product.
pub(super) trait Pairing: Copy + Send + Sync + 'static {
    /// Products.
    type Value: Lane<Simd = Simd<Self>> + Send + Sync;
    /// Factors that belong to s₁ and s₂.
    type Factors: Copy + Send + Sync;
    /// The registers they are in.
    type Wide: Wide;
    const COMPLEX: bool;
    fn value(simd: Simd<Self>, lanes: &[Complex64; 8]) -> Self::Value;
    /// The factors of eight pairs (s₁, s₂), some number of each.
    fn factors(
        simd: Simd<Self>,
        pairs: &[[Wave; 2]; 8],
        number: impl Fn(&Wave) -> Complex64,
    ) -> Self::Factors;
    /// Factor by factor.
    fn times(a: Self::Factors, b: Self::Factors) -> Self::Factors;
    /// Factor by factor.
    fn plus(a: Self::Factors, b: Self::Factors) -> Self::Factors;
    /// Both factors times a real number.
    fn scaled(a: Self::Factors, x: f64) -> Self::Factors;
    /// a₁ a₂
    fn product(a: Self::Factors) -> Self::Value;
    /// (1 + a₁)(1 + a₂)
    fn square(a: Self::Factors) -> Self::Value;
    /// (1 + a₁)(1 + a₂) - 1
    fn excess(a: Self::Factors) -> Self::Value;
    /// The number x in every lane.
    fn number(simd: Simd<Self>, re: f64, im: f64) -> Self::Value;
    /// Whether both factors are below rounding in every lane.
    fn negligible(a: Self::Factors) -> bool;
}

fn split<L: Wide>(simd: L::Simd, lanes: [Complex64; 8]) -> Split<L> {
    Split::load(simd, &lanes.map(|z| z.re), &lanes.map(|z| z.im), 0)
}

#[inline(always)]
fn square_norm<L: Wide>(a: Split<L>) -> f64 {
    (a.re * a.re + a.im * a.im).sum().re
}

/// |reflected|² below this changes nothing.
const NEGLIGIBLE: f64 = 1e-36;

/// s₂ = s̄₁: |·|².
#[derive(Clone, Copy)]
pub(super) struct Conjugate<L>(PhantomData<L>);

impl<L: Wide> Pairing for Conjugate<L> {
    type Wide = L;
    type Value = L;
    type Factors = Split<L>;
    const COMPLEX: bool = false;
    fn value(simd: Simd<Self>, lanes: &[Complex64; 8]) -> L {
        L::load(simd, &lanes.map(|z| z.re), &[], 0)
    }
    fn factors(
        simd: Simd<Self>,
        pairs: &[[Wave; 2]; 8],
        number: impl Fn(&Wave) -> Complex64,
    ) -> Split<L> {
        split(simd, std::array::from_fn(|i| number(&pairs[i][0])))
    }
    #[inline(always)]
    fn times(a: Split<L>, b: Split<L>) -> Split<L> {
        a * b
    }
    #[inline(always)]
    fn plus(a: Split<L>, b: Split<L>) -> Split<L> {
        a + b
    }
    #[inline(always)]
    fn scaled(a: Split<L>, x: f64) -> Split<L> {
        a * L::number(a.simd(), x)
    }
    #[inline(always)]
    fn product(a: Split<L>) -> L {
        a.re * a.re + a.im * a.im
    }
    #[inline(always)]
    fn square(a: Split<L>) -> L {
        let one = a.re + L::number(a.simd(), 1.0);
        one * one + a.im * a.im
    }
    #[inline(always)]
    fn excess(a: Split<L>) -> L {
        a.re + a.re + (a.re * a.re + a.im * a.im)
    }
    #[inline(always)]
    fn number(simd: Simd<Self>, re: f64, _im: f64) -> L {
        L::number(simd, re)
    }
    #[inline(always)]
    fn negligible(a: Split<L>) -> bool {
        square_norm(a) < NEGLIGIBLE
    }
}

/// Any two.
#[derive(Clone, Copy)]
pub(super) struct General<L>(PhantomData<L>);

impl<L: Wide> Pairing for General<L> {
    type Wide = L;
    type Value = Split<L>;
    type Factors = [Split<L>; 2];
    const COMPLEX: bool = true;
    fn value(simd: Simd<Self>, lanes: &[Complex64; 8]) -> Split<L> {
        split(simd, *lanes)
    }
    fn factors(
        simd: Simd<Self>,
        pairs: &[[Wave; 2]; 8],
        number: impl Fn(&Wave) -> Complex64,
    ) -> [Split<L>; 2] {
        [0, 1].map(|which| split(simd, std::array::from_fn(|i| number(&pairs[i][which]))))
    }
    #[inline(always)]
    fn times(a: [Split<L>; 2], b: [Split<L>; 2]) -> [Split<L>; 2] {
        [a[0] * b[0], a[1] * b[1]]
    }
    #[inline(always)]
    fn plus(a: [Split<L>; 2], b: [Split<L>; 2]) -> [Split<L>; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
    #[inline(always)]
    fn scaled(a: [Split<L>; 2], x: f64) -> [Split<L>; 2] {
        let x = L::number(a[0].simd(), x);
        [a[0] * x, a[1] * x]
    }
    #[inline(always)]
    fn product(a: [Split<L>; 2]) -> Split<L> {
        a[0] * a[1]
    }
    #[inline(always)]
    fn square(a: [Split<L>; 2]) -> Split<L> {
        let one = Split::number(a[0].simd(), 1.0);
        (a[0] + one) * (a[1] + one)
    }
    #[inline(always)]
    fn excess(a: [Split<L>; 2]) -> Split<L> {
        a[0] + a[1] + a[0] * a[1]
    }
    #[inline(always)]
    fn number(simd: Simd<Self>, re: f64, im: f64) -> Split<L> {
        Split::splat(simd, Complex64::new(re, im))
    }
    #[inline(always)]
    fn negligible(a: [Split<L>; 2]) -> bool {
        square_norm(a[0]) + square_norm(a[1]) < NEGLIGIBLE
    }
}
