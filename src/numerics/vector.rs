//! Complex vectors as two real arrays, so that passes over them become vector instructions.

use num_complex::Complex64;
use std::borrow::Borrow;
use std::ops::{Add, Sub};

/// Complex numbers as two arrays; `im` stays empty for real problems.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vector {
    pub re: Vec<f64>,
    pub im: Vec<f64>,
}

/// A part of a vector.
#[derive(Clone, Copy, Default)]
pub(crate) struct Slice<'a> {
    pub re: &'a [f64],
    pub im: &'a [f64],
}

/// The largest absolute value; what is not a number is no small one.
pub(crate) fn largest_of(values: impl IntoIterator<Item = f64>) -> f64 {
    values
        .into_iter()
        .fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { most.max(x.abs()) })
}

/// The largest value, at least 0; what is not a number is no small one.
pub(crate) fn most_of(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { most.max(x) })
}

/// The Euclidean norm of complex numbers.
pub(crate) fn euclidean_norm(values: impl IntoIterator<Item = impl Borrow<Complex64>>) -> f64 {
    values.into_iter().map(|z| z.borrow().norm_sqr()).sum::<f64>().sqrt()
}

/// The Euclidean norm.
pub(crate) fn euclidean(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The largest absolute value of complex numbers.
pub(crate) fn largest_norm(values: impl IntoIterator<Item = impl Borrow<Complex64>>) -> f64 {
    largest_of(values.into_iter().map(|z| z.borrow().norm()))
}

impl Vector {
    pub fn zeros(len: usize, complex: bool) -> Vector {
        Vector { re: vec![0.0; len], im: vec![0.0; if complex { len } else { 0 }] }
    }

    pub fn from_complex(values: &[Complex64], complex: bool) -> Vector {
        let im = if complex { values.iter().map(|z| z.im).collect() } else { vec![] };
        Vector { re: values.iter().map(|z| z.re).collect(), im }
    }

    /// `len` numbers from index `start`.
    #[inline(always)]
    pub fn window(&self, start: usize, len: usize) -> Slice<'_> {
        Slice {
            re: &self.re[start..start + len],
            im: if self.im.is_empty() { &[] } else { &self.im[start..start + len] },
        }
    }

    /// `len` numbers from index `start`, real and imaginary parts.
    #[inline(always)]
    pub fn window_mut(&mut self, start: usize, len: usize) -> (&mut [f64], &mut [f64]) {
        let im = if self.im.is_empty() { &mut [][..] } else { &mut self.im[start..start + len] };
        (&mut self.re[start..start + len], im)
    }

    pub fn is_complex(&self) -> bool {
        !self.im.is_empty()
    }

    pub fn len(&self) -> usize {
        self.re.len()
    }

    pub fn at(&self, i: usize) -> Complex64 {
        Complex64::new(self.re[i], if self.im.is_empty() { 0.0 } else { self.im[i] })
    }

    /// Sets one entry; the imaginary part of a real vector is dropped.
    pub fn set(&mut self, i: usize, value: Complex64) {
        self.re[i] = value.re;
        if let Some(im) = self.im.get_mut(i) {
            *im = value.im;
        }
    }

    /// ⟨self, other⟩, conjugate-linear in self.
    pub fn dot(&self, other: &Vector) -> Complex64 {
        let real = |a: &[f64], b: &[f64]| -> f64 {
            // Eight partial sums: vector instructions, and one order of summation for every
            // machine.
            let mut sums = [0.0; 8];
            let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
            let tail: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
            a8.zip(b8).for_each(|(a, b)| (0..8).for_each(|i| sums[i] += a[i] * b[i]));
            sums.iter().sum::<f64>() + tail
        };
        if self.is_complex() {
            Complex64::new(
                real(&self.re, &other.re) + real(&self.im, &other.im),
                real(&self.re, &other.im) - real(&self.im, &other.re),
            )
        } else {
            Complex64::new(real(&self.re, &other.re), 0.0)
        }
    }

    pub fn norm(&self) -> f64 {
        self.dot(self).re.sqrt()
    }

    /// self += factor · other
    pub fn add(&mut self, factor: Complex64, other: &Vector) {
        if self.is_complex() {
            for i in 0..self.re.len() {
                self.re[i] += factor.re * other.re[i] - factor.im * other.im[i];
                self.im[i] += factor.re * other.im[i] + factor.im * other.re[i];
            }
        } else {
            self.re.iter_mut().zip(&other.re).for_each(|(a, b)| *a += factor.re * b);
        }
    }

    pub fn scale(&mut self, factor: f64) {
        self.re.iter_mut().chain(&mut self.im).for_each(|x| *x *= factor);
    }

    /// Applies a real linear map to the real and the imaginary part of a range.
    pub fn map_range(
        &self,
        range: std::ops::Range<usize>,
        map: impl Fn(&[f64]) -> Vec<f64>,
    ) -> Vector {
        let im = if self.is_complex() { map(&self.im[range.clone()]) } else { vec![] };
        Vector { re: map(&self.re[range]), im }
    }

    /// The sums Σ_(i≤j) v_i, as [`accumulated`].
    pub fn accumulated(&self) -> Vector {
        self.map_range(0..self.len(), |v| accumulated(v.iter().copied()).collect())
    }
}

/// The sums Σ_(i≤j) x_i of real or complex numbers, compensated (Knuth's error-free sum): a plain
/// sum of N equal steps loses N roundings, all in one direction.
pub fn accumulated<T>(values: impl IntoIterator<Item = T>) -> impl Iterator<Item = T>
where
    T: Copy + Default + Add<Output = T> + Sub<Output = T>,
{
    let (mut sum, mut lost) = (T::default(), T::default());
    values.into_iter().map(move |x| {
        let next = sum + x;
        let part = next - sum;
        lost = lost + ((sum - (next - part)) + (x - part));
        sum = next;
        sum + lost
    })
}
