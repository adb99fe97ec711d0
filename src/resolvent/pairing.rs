//! Products G(s₁) G(s₂) of two resolvents, eight quadrature nodes at a time: real where s₂ = s̄₁, complex otherwise.

use super::wave::Wave;
use crate::numerics::lanes::{Eight, Lane, Split};
use num_complex::Complex64;

/// The two kinds of product.
pub(super) trait Pairing: Copy + Send + Sync + 'static {
    /// Products.
    type Value: Lane + Send + Sync;
    /// Factors that belong to s₁ and s₂.
    type Factors: Copy + Send + Sync;
    const COMPLEX: bool;
    fn value(lanes: &[Complex64; 8]) -> Self::Value;
    /// Of eight pairs (s₁, s₂), some number of each.
    fn factors(pairs: &[[Wave; 2]; 8], number: impl Fn(&Wave) -> Complex64) -> Self::Factors;
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
    /// The number x in every lane.
    fn number(re: f64, im: f64) -> Self::Value;
    /// Whether both factors are below rounding in every lane.
    fn negligible(a: Self::Factors) -> bool;
}

fn split(lanes: [Complex64; 8]) -> Split<Eight> {
    Split::load(&lanes.map(|z| z.re), &lanes.map(|z| z.im), 0)
}

#[inline(always)]
fn square_norm(a: Split<Eight>) -> f64 {
    (a.re * a.re + a.im * a.im).sum().re
}

/// |reflected|² below this changes nothing.
const NEGLIGIBLE: f64 = 1e-36;

/// s₂ = s̄₁: |·|².
#[derive(Clone, Copy)]
pub(super) struct Conjugate;

impl Pairing for Conjugate {
    type Value = Eight;
    type Factors = Split<Eight>;
    const COMPLEX: bool = false;
    fn value(lanes: &[Complex64; 8]) -> Eight {
        Eight::load(&lanes.map(|z| z.re), &[], 0)
    }
    fn factors(pairs: &[[Wave; 2]; 8], number: impl Fn(&Wave) -> Complex64) -> Split<Eight> {
        split(std::array::from_fn(|i| number(&pairs[i][0])))
    }
    #[inline(always)]
    fn times(a: Split<Eight>, b: Split<Eight>) -> Split<Eight> {
        a * b
    }
    #[inline(always)]
    fn plus(a: Split<Eight>, b: Split<Eight>) -> Split<Eight> {
        a + b
    }
    #[inline(always)]
    fn scaled(a: Split<Eight>, x: f64) -> Split<Eight> {
        a * Eight::splat(x.into())
    }
    #[inline(always)]
    fn product(a: Split<Eight>) -> Eight {
        a.re * a.re + a.im * a.im
    }
    #[inline(always)]
    fn square(a: Split<Eight>) -> Eight {
        let one = a.re + Eight::splat(Complex64::ONE);
        one * one + a.im * a.im
    }
    #[inline(always)]
    fn number(re: f64, _im: f64) -> Eight {
        Eight::splat(re.into())
    }
    #[inline(always)]
    fn negligible(a: Split<Eight>) -> bool {
        square_norm(a) < NEGLIGIBLE
    }
}

/// Any two.
#[derive(Clone, Copy)]
pub(super) struct General;

impl Pairing for General {
    type Value = Split<Eight>;
    type Factors = [Split<Eight>; 2];
    const COMPLEX: bool = true;
    fn value(lanes: &[Complex64; 8]) -> Split<Eight> {
        split(*lanes)
    }
    fn factors(pairs: &[[Wave; 2]; 8], number: impl Fn(&Wave) -> Complex64) -> [Split<Eight>; 2] {
        [0, 1].map(|which| split(std::array::from_fn(|i| number(&pairs[i][which]))))
    }
    #[inline(always)]
    fn times(a: [Split<Eight>; 2], b: [Split<Eight>; 2]) -> [Split<Eight>; 2] {
        [a[0] * b[0], a[1] * b[1]]
    }
    #[inline(always)]
    fn plus(a: [Split<Eight>; 2], b: [Split<Eight>; 2]) -> [Split<Eight>; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
    #[inline(always)]
    fn scaled(a: [Split<Eight>; 2], x: f64) -> [Split<Eight>; 2] {
        let x = Eight::splat(x.into());
        [a[0] * x, a[1] * x]
    }
    #[inline(always)]
    fn product(a: [Split<Eight>; 2]) -> Split<Eight> {
        a[0] * a[1]
    }
    #[inline(always)]
    fn square(a: [Split<Eight>; 2]) -> Split<Eight> {
        let one = Split::splat(Complex64::ONE);
        (a[0] + one) * (a[1] + one)
    }
    #[inline(always)]
    fn number(re: f64, im: f64) -> Split<Eight> {
        Split::splat(Complex64::new(re, im))
    }
    #[inline(always)]
    fn negligible(a: [Split<Eight>; 2]) -> bool {
        square_norm(a[0]) + square_norm(a[1]) < NEGLIGIBLE
    }
}
