//! A register of SSE2, for which pulp has operations but no `Simd`.

use crate::numerics::lanes::Lane;
use num_complex::Complex64;
use pulp::f64x2;
use pulp::x86::V1;
use std::ops::{Add, Mul, Sub};

/// Two numbers.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    simd: V1,
    numbers: f64x2,
}

pub(super) fn portable() -> V1 {
    V1::try_new().expect("every x86-64 machine has SSE2")
}

macro_rules! in_pair {
    ($trait:ident, $method:ident, $operation:ident) => {
        impl $trait for Pair {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let numbers = self.simd.$operation(self.numbers, other.numbers);
                Pair { simd: self.simd, numbers }
            }
        }
    };
}
in_pair!(Add, add, add_f64x2);
in_pair!(Sub, sub, sub_f64x2);
in_pair!(Mul, mul, mul_f64x2);

impl Lane for Pair {
    type Simd = V1;
    type Real = Self;
    const WIDTH: usize = 2;
    #[inline(always)]
    fn simd(self) -> V1 {
        self.simd
    }
    #[inline(always)]
    fn splat(simd: V1, value: Complex64) -> Self {
        Pair { simd, numbers: f64x2(value.re, value.re) }
    }
    #[inline(always)]
    fn load(simd: V1, re: &[f64], _im: &[f64], at: usize) -> Self {
        let numbers = &re[at..at + 2];
        Pair { simd, numbers: f64x2(numbers[0], numbers[1]) }
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize) {
        (self + Self::load(self.simd, re, im, at)).store(re, im, at);
    }
    #[inline(always)]
    fn store(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        re[at..at + 2].copy_from_slice(&[self.numbers.0, self.numbers.1]);
    }
    #[inline(always)]
    fn inverse(self) -> Self {
        Pair { numbers: self.simd.div_f64x2(f64x2(1.0, 1.0), self.numbers), ..self }
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> Self {
        self * Self::splat(self.simd, weight)
    }
    #[inline(always)]
    fn sum_after(self, before: Complex64) -> Complex64 {
        before + self.numbers.0 + self.numbers.1
    }
}
