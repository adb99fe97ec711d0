//! (σ - B) z = f in 32 digits, O(N): the means of an open chain.
//!
//! Along the chain, y = (p_0, r_1, p_1, .., r_N, p_N), the matrix is tridiagonal, (σ + δ_i) y_i -
//! y_(i+1) + y_(i-1) = f_i with δ the friction and the flips' 2γ at the momenta. Its pivots D_i = σ
//! + δ_i + 1/D_(i-1) keep their positive real part where σ has one. Error: rounding of the result.

use super::super::SolveError;
use crate::chain::Chain;
use crate::numerics::wide::Wide;
use num_complex::Complex64;

/// z in the theory's order; open chains.
pub(crate) fn solve(
    chain: &Chain,
    shift: impl Into<Wide>,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    let (n, bonds, sigma) = (chain.coordinates(), chain.bonds, shift.into());
    let place = |i: usize| if i.is_multiple_of(2) { bonds + i / 2 } else { i / 2 };
    let friction = chain.thermostats().0;
    let diagonal = |i: usize| {
        let rate = if i.is_multiple_of(2) {
            Wide::from(2.0 * chain.flip_rate) + Wide::from(friction[i / 2])
        } else {
            Wide::ZERO
        };
        sigma + rate
    };
    let (mut inverses, mut y) = (Vec::with_capacity(n), Vec::<Wide>::with_capacity(n));
    for i in 0..n {
        let (pivot, value) = match i {
            0 => (diagonal(0), Wide::from(f[place(0)])),
            i => (diagonal(i) + inverses[i - 1], Wide::from(f[place(i)]) - y[i - 1]),
        };
        let inverse: Wide = pivot.inverse();
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
