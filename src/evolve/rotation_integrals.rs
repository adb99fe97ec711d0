//! Time integrals of the moments of a chain that flips, thermostats and forces leave alone, in
//! closed form (docs/theory/harmonic.md, (9.3)).
//!
//! With u_k = p_k - i r_k, which turns like e^(-i a_k τ), the second moments of two modes turn by
//! a_k - a_l and a_k + a_l,
//!
//! ```text
//! ∫_0^τ E u_k ū_l = E u_k(0) ū_l(0) g(a_k - a_l),
//! ∫_0^τ E u_k u_l = E u_k(0) u_l(0) g(a_k + a_l),
//! g(ω) = e^(-iωτ/2) 2 sin(ωτ/2)/ω,
//! ```
//!
//! and the sites are sums over the modes. Row by row: O(N² log N) time and O(N) memory, O(N³) and
//! O(N²) for a correlated initial law. Error: roundings, since a_k ± a_l is a product of a sine and
//! a cosine and the angles are reduced with 32 digits.

use crate::chain::modes::Modes;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::TimeIntegrals;
use crate::numerics::double_double::mode_phase;
use ndarray::ArrayView1;
use num_complex::Complex64;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Modes handed to one thread at a time; fixed, so that sums do not depend on the number of
/// threads.
const ROWS: usize = 16;

/// The modes and half their angles at one time.
struct Turns<'a> {
    modes: &'a Modes,
    time: f64,
    /// e^(-i a_k τ/2)
    halves: Vec<Complex64>,
}

impl Turns<'_> {
    /// g(a_k ± a_l)
    fn integral(&self, k: usize, l: usize, sum: bool) -> Complex64 {
        let ((m, d), (n, _)) = (self.modes.half_turns(k), self.modes.half_turns(l));
        let (m, n) = (m as f64, if sum { n as f64 } else { -(n as f64) });
        let angle = |turns: f64| PI * turns / (2.0 * d as f64);
        let frequency = 4.0 * angle(m + n).sin() * angle(m - n).cos();
        let turn = self.halves[k] * if sum { self.halves[l] } else { self.halves[l].conj() };
        let half = 0.5 * frequency * self.time;
        if half.abs() < 0.5 {
            let sinc = if half == 0.0 { 1.0 } else { half.sin() / half };
            return turn * self.time * sinc;
        }
        turn * (-2.0 * turn.im / frequency)
    }
}

/// Elongations at the bonds from those of the modes.
fn at_bonds(modes: &Modes, mut r: Vec<f64>) -> Vec<f64> {
    modes.elongation_to_sites(&mut r);
    r.split_off(modes.padding())
}

/// The integrals from 0 to `time` for a chain without flips, thermostats and force. Long because a
/// row of modes gives all of them at once.
pub(super) fn integrals(
    chain: &Chain,
    modes: &Modes,
    law: &InitialLaw,
    time: Double,
) -> TimeIntegrals {
    let (count, bonds, n) = (modes.count(), chain.bonds, chain.coordinates());
    let half = |k: usize| {
        let (numerator, denominator) = modes.half_turns(k);
        mode_phase(numerator, denominator, time.scaled(0.5))
    };
    let turns = Turns { modes, time: time.hi, halves: (0..count).map(half).collect() };
    let (mean, variance) = (law.mean(), law.variance());
    // E z(0) z(0)ᵀ x
    let second = |x: Vec<f64>| {
        let along: f64 = mean.iter().zip(&x).map(|(z, x)| z * x).sum();
        let image = match &law.covariance {
            Some(covariance) => covariance.dot(&ArrayView1::from(&x)).to_vec(),
            None => variance.iter().zip(&x).map(|(v, x)| v * x).collect(),
        };
        modes.of_coordinates(
            &image.iter().zip(&mean).map(|(y, z)| y + along * z).collect::<Vec<f64>>(),
        )
    };
    let row = |sums: &mut TimeIntegrals, k: usize| {
        let mut psi = vec![0.0; count];
        psi[k] = 1.0;
        let phi = at_bonds(modes, psi.clone());
        modes.momentum_to_sites(&mut psi);
        let [r_with_p, p_with_p] = second([&vec![0.0; bonds], &psi[..]].concat());
        let [r_with_r, p_with_r] = second([&phi[..], &vec![0.0; count]].concat());
        // Each pair once, l ≥ k: what is integrated is then exactly symmetric, and slow differences
        // a_k - a_l do not amplify roundings.
        let [mut pp, mut rr, mut pr, mut rp] = [(); 4].map(|()| vec![0.0; count]);
        for l in k..count {
            let (p, r, p_r, r_p) = (p_with_p[l], r_with_r[l], r_with_p[l], p_with_r[l]);
            let both = if l == k { 1.0 } else { 2.0 };
            let turning = if l == k { 0.0 } else { p_r - r_p };
            let difference = Complex64::new(p + r, turning) * turns.integral(k, l, false);
            let sum = Complex64::new(p - r, -p_r - r_p) * turns.integral(k, l, true);
            pp[l] = 0.5 * both * (difference.re + sum.re);
            rr[l] = 0.5 * both * (difference.re - sum.re);
            pr[l] = 0.5 * (difference.im - sum.im);
            if l > k {
                rp[l] = 0.5 * (-difference.im - sum.im);
            }
        }
        modes.momentum_to_sites(&mut pp);
        modes.momentum_to_sites(&mut rp);
        let (rr, pr) = (at_bonds(modes, rr), at_bonds(modes, pr));
        sums.square[bonds..]
            .iter_mut()
            .zip(psi.iter().zip(&pp))
            .for_each(|(sum, (psi, x))| *sum += psi * x);
        sums.square[..bonds]
            .iter_mut()
            .zip(phi.iter().zip(&rr))
            .for_each(|(sum, (phi, x))| *sum += phi * x);
        for (bond, sum) in sums.product.iter_mut().enumerate() {
            let atom = chain.bond_ends(bond).0;
            *sum += psi[atom] * pr[bond] + phi[bond] * rp[atom];
        }
    };
    let zero =
        || TimeIntegrals { square: vec![0.0; n], product: vec![0.0; bonds], ..Default::default() };
    let chunk = |start: usize| {
        let mut sums = zero();
        (start..count.min(start + ROWS)).for_each(|k| row(&mut sums, k));
        sums
    };
    let starts: Vec<usize> = (0..count).step_by(ROWS).collect();
    let mut total = zero();
    // A few chunks at a time bound the memory.
    for some in starts.chunks(64) {
        let parts: Vec<_> = some.par_iter().map(|&start| chunk(start)).collect();
        for part in parts {
            total.square.iter_mut().zip(part.square).for_each(|(sum, x)| *sum += x);
            total.product.iter_mut().zip(part.product).for_each(|(sum, x)| *sum += x);
        }
    }
    let [r, p] = modes.of_coordinates(&mean);
    let turned: Vec<_> =
        (0..count).map(|k| Complex64::new(p[k], -r[k]) * turns.integral(k, 0, true)).collect();
    total.mean = modes.to_coordinates([
        turned.iter().map(|u| -u.im).collect(),
        turned.iter().map(|u| u.re).collect(),
    ]);
    total
}
