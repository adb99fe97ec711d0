//! (σ - B) z = f in O(N): the means of an open chain, in 32 digits or in doubles.
//!
//! Along the chain, y = (p_0, r_1, p_1, .., r_N, p_N), the matrix is tridiagonal, (σ + δ_i) y_i -
//! y_(i+1) + y_(i-1) = f_i with δ the friction and the flips' 2γ at the momenta. Its pivots are D_i
//! = σ + δ_i + 1/D_(i-1) and keep their positive real part where σ has one. Error in 32 digits:
//! rounding of the result. In doubles some √N/(4γ|σ|) roundings: the pivots at the elongations hold
//! σ beside 1/D.

use super::super::SolveError;
use crate::chain::Chain;
use crate::numerics::wide::Wide;
use num_complex::Complex64;
use std::ops::{Add, Mul, Sub};

/// The numbers that the elimination works with.
trait Number:
    Copy + From<Complex64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    fn inverse(self) -> Self;
    fn rounded(self) -> Complex64;
}

impl Number for Wide {
    fn inverse(self) -> Wide {
        self.inverse()
    }
    fn rounded(self) -> Complex64 {
        self.rounded()
    }
}

impl Number for Complex64 {
    fn inverse(self) -> Complex64 {
        self.inv()
    }
    fn rounded(self) -> Complex64 {
        self
    }
}

/// z in the theory's order; open chains.
pub(crate) fn solve(
    chain: &Chain,
    shift: impl Into<Wide>,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    eliminated::<Wide>(chain, shift.into(), f)
}

/// The same in doubles, some fifty times faster.
pub(crate) fn approximate(
    chain: &Chain,
    shift: Complex64,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    eliminated(chain, shift, f)
}

fn eliminated<T: Number>(
    chain: &Chain,
    sigma: T,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    let real = |x: f64| T::from(Complex64::from(x));
    let place = |i: usize| if i.is_multiple_of(2) { bonds + i / 2 } else { i / 2 };
    let friction = chain.thermostats().0;
    let diagonal = |i: usize| {
        let rate = if i.is_multiple_of(2) {
            real(2.0 * chain.flip_rate) + real(friction[i / 2])
        } else {
            real(0.0)
        };
        sigma + rate
    };
    let (mut inverses, mut y) = (Vec::with_capacity(n), Vec::<T>::with_capacity(n));
    for i in 0..n {
        let (pivot, value) = match i {
            0 => (diagonal(0), T::from(f[place(0)])),
            i => (diagonal(i) + inverses[i - 1], T::from(f[place(i)]) - y[i - 1]),
        };
        let inverse: T = pivot.inverse();
        inverses.push(inverse);
        y.push(value * inverse);
    }
    for i in (0..n - 1).rev() {
        y[i] = y[i] + y[i + 1] * inverses[i];
    }
    let mut z = vec![Complex64::ZERO; n];
    y.iter().enumerate().for_each(|(i, y)| z[place(i)] = y.rounded());
    if z.iter().all(|z| z.is_finite()) {
        Ok(z)
    } else {
        Err(SolveError::Singular { shift: sigma.rounded() })
    }
}
