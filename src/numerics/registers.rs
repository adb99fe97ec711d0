//! The vector registers that eight numbers are held in, chosen when the program runs: those of
//! AVX-512 or of AVX2, through pulp, or what every machine of the target has.
//!
//! pulp's instruction sets are values that exist only on machines that have the instructions.
//! Numbers in registers carry that value, which takes no space, so that nothing here is unsafe. An
//! array of eight numbers is no substitute: the compiler does not keep one in registers across the
//! steps of a recurrence (measured: six times slower).

use super::lanes::Lane;
use num_complex::Complex64;
use pulp::Simd;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Sub};
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(any(test, not(target_arch = "x86_64")))]
use pulp::Scalar128b;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Eight reals in registers, and a way to run code that is compiled for these registers.
pub(crate) trait Wide: Lane<Real = Self> + Send + Sync + 'static {
    fn vectorized<T: Vectorized<Numbers = Self>>(simd: Self::Simd, code: T) -> T::Output;
}

/// Code to be compiled for vector instructions: `run` and everything it calls must be
/// `#[inline(always)]` functions, not closures.
pub(crate) trait Vectorized {
    type Output;
    type Numbers: Wide;
    fn run(self, simd: <Self::Numbers as Lane>::Simd) -> Self::Output;
}

/// A computation that can be done in any kind of registers.
pub(crate) trait InRegisters {
    type Output;
    fn with<L: Wide>(self, simd: L::Simd) -> Self::Output;
}

/// A computation for the registers L alone: what [`Vectorized`] is implemented for.
pub(crate) struct Registered<T, L>(pub T, pub PhantomData<L>);

/// The kinds of registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registers {
    /// The registers that every machine of the target has.
    Portable,
    /// AVX2: four numbers a register.
    Avx2,
    /// AVX-512: eight numbers a register.
    Avx512,
}

impl Registers {
    /// All kinds, the narrowest first.
    pub const ALL: [Registers; 3] = [Registers::Portable, Registers::Avx2, Registers::Avx512];

    /// Whether this machine has them.
    pub fn exist(self) -> bool {
        match self {
            Registers::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Registers::Avx2 => V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Registers::Avx512 => V4::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Lets everything that starts from now on, in the whole process, use no wider registers than
    /// these. Results have the same bits in all of them; the tests use this to check it.
    pub fn limit(self) {
        WIDEST.store(self as u8, Ordering::Relaxed);
    }
}

/// The widest registers that may be used.
static WIDEST: AtomicU8 = AtomicU8::new(Registers::Avx512 as u8);

/// Runs a computation in the widest registers of this machine.
pub(crate) fn in_widest<T: InRegisters>(code: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    {
        let allowed = |kind: Registers| WIDEST.load(Ordering::Relaxed) >= kind as u8;
        if let Some(simd) = V4::try_new().filter(|_| allowed(Registers::Avx512)) {
            return code.with::<Avx512>(simd);
        }
        if let Some(simd) = V3::try_new().filter(|_| allowed(Registers::Avx2)) {
            return code.with::<Avx2>(simd);
        }
    }
    code.with::<Portable>(portable())
}

impl Wide for Portable {
    fn vectorized<T: Vectorized<Numbers = Self>>(simd: Self::Simd, code: T) -> T::Output {
        code.run(simd)
    }
}

#[cfg(target_arch = "x86_64")]
impl Wide for Avx2 {
    fn vectorized<T: Vectorized<Numbers = Self>>(simd: V3, code: T) -> T::Output {
        Simd::vectorize(simd, Compiled(simd, code))
    }
}

#[cfg(target_arch = "x86_64")]
impl Wide for Avx512 {
    fn vectorized<T: Vectorized<Numbers = Self>>(simd: V4, code: T) -> T::Output {
        Simd::vectorize(simd, Compiled(simd, code))
    }
}

/// Code with the instruction set that it is compiled for.
#[cfg(target_arch = "x86_64")]
struct Compiled<T: Vectorized>(<T::Numbers as Lane>::Simd, T);

#[cfg(target_arch = "x86_64")]
impl<T: Vectorized> pulp::NullaryFnOnce for Compiled<T> {
    type Output = T::Output;
    #[inline(always)]
    fn call(self) -> T::Output {
        self.1.run(self.0)
    }
}

/// One register of pulp's instruction set `S`, in memory aligned like `A`. pulp's own numbers are
/// not aligned: half of them would lie across two lines of the cache.
#[derive(Clone, Copy)]
pub(crate) struct Register<S: Simd, A> {
    simd: S,
    numbers: S::f64s,
    _aligned: [A; 0],
}

/// The alignment of a register of two numbers.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Half;

/// That of four numbers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Four;

/// That of eight numbers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Whole;

/// Eight numbers in registers of AVX2.
#[cfg(target_arch = "x86_64")]
type Avx2 = Two<Register<V3, Four>>;

/// Eight numbers in a register of AVX-512.
#[cfg(target_arch = "x86_64")]
type Avx512 = Register<V4, Whole>;

macro_rules! in_register {
    ($trait:ident, $method:ident, $operation:ident) => {
        impl<S: Simd, A: Copy> $trait for Register<S, A> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let numbers = self.simd.$operation(self.numbers, other.numbers);
                Register { simd: self.simd, numbers, _aligned: [] }
            }
        }
    };
}
in_register!(Add, add, add_f64s);
in_register!(Sub, sub, sub_f64s);
in_register!(Mul, mul, mul_f64s);

impl<S: Simd, A: Copy> Lane for Register<S, A> {
    type Simd = S;
    type Real = Self;
    const WIDTH: usize = S::F64_LANES;
    #[inline(always)]
    fn simd(self) -> S {
        self.simd
    }
    #[inline(always)]
    fn splat(simd: S, value: Complex64) -> Self {
        Register { simd, numbers: simd.splat_f64s(value.re), _aligned: [] }
    }
    #[inline(always)]
    fn load(simd: S, re: &[f64], _im: &[f64], at: usize) -> Self {
        let numbers = S::as_simd_f64s(&re[at..at + Self::WIDTH]).0[0];
        Register { simd, numbers, _aligned: [] }
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        let out = &mut S::as_mut_simd_f64s(&mut re[at..at + Self::WIDTH]).0[0];
        *out = self.simd.add_f64s(self.numbers, *out);
    }
    #[inline(always)]
    fn store(self, re: &mut [f64], _im: &mut [f64], at: usize) {
        S::as_mut_simd_f64s(&mut re[at..at + Self::WIDTH]).0[0] = self.numbers;
    }
    #[inline(always)]
    fn inverse(self) -> Self {
        let one = self.simd.splat_f64s(1.0);
        let numbers = self.simd.div_f64s(one, self.numbers);
        Register { simd: self.simd, numbers, _aligned: [] }
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> Self {
        self * Self::splat(self.simd, weight)
    }
    #[inline(always)]
    fn sum_after(self, before: Complex64) -> Complex64 {
        let numbers: &[f64] = pulp::bytemuck::cast_slice(std::slice::from_ref(&self.numbers));
        Complex64::new(numbers.iter().fold(before.re, |sum, x| sum + x), before.im)
    }
}

/// Eight numbers in registers that every machine of the target has.
type Portable = Two<Two<Pair>>;

#[cfg(target_arch = "x86_64")]
mod pair;
#[cfg(target_arch = "x86_64")]
use pair::{Pair, portable};

/// Two numbers in whatever the compiler chooses.
#[cfg(any(test, not(target_arch = "x86_64")))]
type Chosen = Register<Scalar128b, Half>;

#[cfg(not(target_arch = "x86_64"))]
type Pair = Chosen;

#[cfg(not(target_arch = "x86_64"))]
fn portable() -> Scalar128b {
    Scalar128b
}

/// Two registers, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Two<L>(L, L);

macro_rules! in_both {
    ($trait:ident, $method:ident) => {
        impl<L: Lane<Real = L>> $trait for Two<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let (a, b): (L, L) = (self.0.$method(other.0), self.1.$method(other.1));
                Two(a, b)
            }
        }
    };
}
in_both!(Add, add);
in_both!(Sub, sub);
in_both!(Mul, mul);

impl<L: Lane<Real = L>> Lane for Two<L> {
    type Simd = L::Simd;
    type Real = Self;
    const WIDTH: usize = 2 * L::WIDTH;
    #[inline(always)]
    fn simd(self) -> L::Simd {
        self.0.simd()
    }
    #[inline(always)]
    fn splat(simd: L::Simd, value: Complex64) -> Self {
        Two(L::splat(simd, value), L::splat(simd, value))
    }
    #[inline(always)]
    fn load(simd: L::Simd, re: &[f64], im: &[f64], at: usize) -> Self {
        Two(L::load(simd, re, im, at), L::load(simd, re, im, at + L::WIDTH))
    }
    #[inline(always)]
    fn add_to(self, re: &mut [f64], im: &mut [f64], at: usize) {
        self.0.add_to(re, im, at);
        self.1.add_to(re, im, at + L::WIDTH);
    }
    #[inline(always)]
    fn store(self, re: &mut [f64], im: &mut [f64], at: usize) {
        self.0.store(re, im, at);
        self.1.store(re, im, at + L::WIDTH);
    }
    #[inline(always)]
    fn inverse(self) -> Self {
        Two(self.0.inverse(), self.1.inverse())
    }
    #[inline(always)]
    fn real_part(self, weight: Complex64) -> Self {
        Two(self.0.real_part(weight), self.1.real_part(weight))
    }
    #[inline(always)]
    fn sum_after(self, before: Complex64) -> Complex64 {
        self.1.sum_after(self.0.sum_after(before))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Split;
    use super::*;

    /// Every operation of [`Lane`] on sixteen complex numbers and eight reals.
    struct Operations;

    struct InNumbers<L>(std::marker::PhantomData<L>);

    #[cfg(target_arch = "x86_64")]
    impl Wide for Two<Two<Chosen>> {
        fn vectorized<T: Vectorized<Numbers = Self>>(simd: Scalar128b, code: T) -> T::Output {
            code.run(simd)
        }
    }

    impl InRegisters for Operations {
        /// The registers, the number of lanes, and the bits of the results.
        type Output = (&'static str, usize, Vec<u64>);
        fn with<L: Wide>(self, simd: L::Simd) -> Self::Output {
            let bits = L::vectorized(simd, InNumbers::<L>(std::marker::PhantomData));
            (std::any::type_name::<L>(), L::WIDTH, bits)
        }
    }

    impl<L: Wide> Vectorized for InNumbers<L> {
        type Output = Vec<u64>;
        type Numbers = L;
        #[inline(always)]
        fn run(self, simd: L::Simd) -> Vec<u64> {
            let numbers = |seed: f64| -> Vec<f64> {
                (0..9).map(|i| (seed + i as f64).sin() * 10f64.powi(i - 4)).collect()
            };
            let (a, b, c, d) = (numbers(0.3), numbers(1.7), numbers(2.9), numbers(4.1));
            let x: Split<L> = Split::load(simd, &a, &b, 1);
            let y: Split<L> = Split::load(simd, &c, &d, 1);
            let weight = Complex64::new(0.7, -1.3);
            let mut out = vec![0.1; 80];
            let (re, im) = out.split_at_mut(40);
            (x + y).add_to(re, im, 0);
            (x - y).add_to(re, im, 8);
            (x * y).add_to(re, im, 16);
            (x * y.re).add_to(re, im, 24);
            (x.inverse() + Split::splat(simd, weight)).store(re, im, 31);
            let sums =
                [x.sum(), y.sum_after(weight), y.real_part(weight).sum(), x.re.inverse().sum()];
            out.extend(sums.iter().flat_map(|sum| [sum.re, sum.im]));
            out.iter().map(|x| x.to_bits()).collect()
        }
    }

    #[test]
    fn numbers_have_the_same_bits_in_all_registers() {
        let mut found = Vec::new();
        for kind in Registers::ALL {
            if !kind.exist() {
                use std::io::Write;
                let _ = writeln!(std::io::stderr(), "LEFT OUT: this machine has no {kind:?}");
                continue;
            }
            kind.limit();
            let (registers, width, bits) = in_widest(Operations);
            assert_eq!(width, 8);
            let portable = std::any::type_name::<Portable>();
            let expected = [portable, "V3", "V4"][kind as usize];
            assert!(registers.contains(expected), "{registers}");
            found.push(bits);
        }
        Registers::Avx512.limit();
        // Those of other targets.
        let code = InNumbers::<Two<Two<Chosen>>>(std::marker::PhantomData);
        found.push(code.run(Scalar128b));
        assert!(found[0].iter().all(|bits| f64::from_bits(*bits).is_finite()));
        assert!(found.iter().all(|bits| *bits == found[0]), "{found:?}");
    }
}
