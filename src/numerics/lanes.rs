//! One formula for real and complex numbers, one at a time or eight at a time.
//!
//! The passes over the modes are written once over [`Lane`]; the compiler turns eight lanes into
//! vector instructions. Lanes never mix, so results do not depend on the vector width of the
//! machine.

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
        Eight(self.0.map(|x| weight.re * x))
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

/// Eight reals in registers, and code compiled for them: `run` and everything it calls must be
/// `#[inline(always)]` functions, not closures. No operation is fused or reordered, so the bits do
/// not depend on the machine.
pub(crate) trait Wide: Lane<Real = Self> + Send + Sync + 'static {
    fn vectorized<T: Vectorized>(code: T) -> T::Output;
}

/// Code to be compiled for vector instructions.
pub(crate) trait Vectorized {
    type Output;
    fn run(self) -> Self::Output;
}

impl Wide for Eight {
    fn vectorized<T: Vectorized>(code: T) -> T::Output {
        code.run()
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// The registers of x86-64. The compiler does not keep arrays in vector registers across the steps
/// of a recurrence (measured: six times slower).
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Complex64, Lane, Vectorized, Wide};
    use std::arch::x86_64::*;
    use std::ops::{Add, Mul, Sub};

    /// One register of AVX-512.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512d);

    /// Two registers of AVX.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256d, __m256d);

    macro_rules! operation {
        ($trait:ident, $method:ident, $wide:ident, $narrow:ident) => {
            impl $trait for Avx512 {
                type Output = Avx512;
                #[inline(always)]
                fn $method(self, other: Avx512) -> Avx512 {
                    // SAFETY: values of this type are made only inside `Wide::vectorized`, on a
                    // machine with these instructions.
                    Avx512(unsafe { $wide(self.0, other.0) })
                }
            }
            impl $trait for Avx2 {
                type Output = Avx2;
                #[inline(always)]
                fn $method(self, other: Avx2) -> Avx2 {
                    // SAFETY: as above.
                    unsafe { Avx2($narrow(self.0, other.0), $narrow(self.1, other.1)) }
                }
            }
        };
    }
    operation!(Add, add, _mm512_add_pd, _mm256_add_pd);
    operation!(Sub, sub, _mm512_sub_pd, _mm256_sub_pd);
    operation!(Mul, mul, _mm512_mul_pd, _mm256_mul_pd);

    macro_rules! lane {
        ($type:ident, $same:expr, $load:expr, $store:expr, $divide:expr) => {
            impl $type {
                #[inline(always)]
                fn numbers(self) -> [f64; 8] {
                    let mut numbers = [0.0; 8];
                    // SAFETY: eight numbers fit.
                    unsafe { $store(self, numbers.as_mut_ptr()) };
                    numbers
                }
            }

            impl Lane for $type {
                type Real = Self;
                const WIDTH: usize = 8;
                #[inline(always)]
                fn splat(value: Complex64) -> Self {
                    // SAFETY: as above.
                    unsafe { $same(value.re) }
                }
                #[inline(always)]
                fn load(re: &[f64], _im: &[f64], at: usize) -> Self {
                    let numbers: &[f64] = &re[at..at + 8];
                    // SAFETY: eight numbers are there.
                    unsafe { $load(numbers.as_ptr()) }
                }
                #[inline(always)]
                fn add_to(self, re: &mut [f64], _im: &mut [f64], at: usize) {
                    let numbers: &mut [f64] = &mut re[at..at + 8];
                    // SAFETY: eight numbers are there.
                    unsafe { $store(self + $load(numbers.as_ptr()), numbers.as_mut_ptr()) }
                }
                #[inline(always)]
                fn inverse(self) -> Self {
                    // SAFETY: as above.
                    unsafe { $divide($same(1.0), self) }
                }
                #[inline(always)]
                fn real_part(self, weight: Complex64) -> Self {
                    self * Self::splat(weight)
                }
                #[inline(always)]
                fn sum(self) -> Complex64 {
                    self.numbers().iter().sum::<f64>().into()
                }
            }
        };
    }
    lane!(
        Avx512,
        |x| Avx512(_mm512_set1_pd(x)),
        |p| Avx512(_mm512_loadu_pd(p)),
        |v: Avx512, p| _mm512_storeu_pd(p, v.0),
        |a: Avx512, b: Avx512| Avx512(_mm512_div_pd(a.0, b.0))
    );
    lane!(
        Avx2,
        |x| Avx2(_mm256_set1_pd(x), _mm256_set1_pd(x)),
        |p: *const f64| Avx2(_mm256_loadu_pd(p), _mm256_loadu_pd(p.add(4))),
        |v: Avx2, p: *mut f64| {
            _mm256_storeu_pd(p, v.0);
            _mm256_storeu_pd(p.add(4), v.1)
        },
        |a: Avx2, b: Avx2| Avx2(_mm256_div_pd(a.0, b.0), _mm256_div_pd(a.1, b.1))
    );

    impl Wide for Avx512 {
        fn vectorized<T: Vectorized>(code: T) -> T::Output {
            #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
            fn run<T: Vectorized>(code: T) -> T::Output {
                code.run()
            }
            // SAFETY: this type is chosen by [`super::widest`] only where the machine has these
            // instructions.
            unsafe { run(code) }
        }
    }

    impl Wide for Avx2 {
        fn vectorized<T: Vectorized>(code: T) -> T::Output {
            #[target_feature(enable = "avx2")]
            fn run<T: Vectorized>(code: T) -> T::Output {
                code.run()
            }
            // SAFETY: as above.
            unsafe { run(code) }
        }
    }
}

/// The kinds of registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registers {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Any,
}

/// The widest registers of this machine.
pub(crate) fn widest() -> Registers {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            return Registers::Avx512;
        }
        if is_x86_feature_detected!("avx2") {
            return Registers::Avx2;
        }
    }
    Registers::Any
}
