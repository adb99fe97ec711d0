//! The chain without ends: the part of the kernel that depends on distances only, applied by FFT,
//! and the columns of the ends' own sources.
//!
//! With w = c times the node's weight, summed over the nodes once:
//!
//! ```text
//! K_pp(d) = Σ w pᵈ,
//! K_pr(e) = Σ w κ pᵉ,
//! K_rr(d) = Σ w κ² pᵈ⁻¹,
//! Φ(d)/4γ = Σ w pᵈ⁺¹/(1-p)²,
//! from an end:  Σ w [1+A] pⁿ,  Σ w κ [1+A] pⁿ
//! ```
//!
//! for coordinates d sites apart, with e momenta between a momentum and an elongation. Cost: O(N)
//! for the tables of a node that reaches far, then O(N log N) a product. Error: roundings of the
//! largest entry. This is why the sources of the ends, which are large and felt near them only,
//! have columns of their own.

use super::group::{BLOCK, Group};
use super::pairing::{Pairing, Simd};
use super::sweep::{blocks, store};
use crate::numerics::registers::Vectorized;
use crate::numerics::vector::Vector;
use flipchain_transforms::{ComplexToReal, Fft, Planner, RealToComplex};
use num_complex::Complex64;
use rayon::prelude::*;
use std::sync::{Arc, LazyLock, Mutex};

/// K_pp, K_pr, K_rr, Φ/4γ, then from the left end on the momenta and on the elongations, and from
/// the right end.
pub(super) type Columns = [Vector; 8];

/// Sums over some nodes.
pub(super) struct Tables<'a, P: Pairing> {
    pub groups: &'a [&'a Group<P>],
    pub sites: usize,
}

impl<P: Pairing> Vectorized for Tables<'_, P> {
    type Output = Columns;
    type Numbers = P::Wide;

    #[inline(always)]
    fn run(self, simd: Simd<P>) -> Columns {
        let mut tables: Columns = std::array::from_fn(|_| Vector::zeros(self.sites, P::COMPLEX));
        let start = |group: &Group<P>| {
            let (weight, bond) = (group.weight, group.weight * group.elongation);
            let [left, right] = [0, 1].map(|end| P::square(group.reflected(end, 0)));
            let flux = weight * group.decay * group.sum * group.sum;
            let rr = bond * group.elongation_back;
            [weight, bond, rr, flux, weight * left, bond * left, weight * right, bond * right]
        };
        let zero = P::number(simd, 0.0, 0.0);
        let mut state: Vec<_> =
            self.groups.iter().map(|group| (start(group), P::number(simd, 1.0, 0.0))).collect();
        let mut totals = [[zero; 8]; BLOCK];
        for block in blocks(self.sites) {
            totals.fill([zero; 8]);
            for (group, (weights, power)) in self.groups.iter().zip(&mut state) {
                if block.start >= group.reach.distance {
                    continue;
                }
                for total in &mut totals[..block.len()] {
                    for (total, &weight) in total.iter_mut().zip(weights.iter()) {
                        *total = *total + weight * *power;
                    }
                    *power = *power * group.decay;
                }
                *power = *power * group.mend;
            }
            for n in block.clone() {
                for (table, total) in tables.iter_mut().zip(totals[n - block.start]) {
                    store::<P>(table, n, total);
                }
            }
        }
        tables
    }
}

/// Plans of transforms are made once.
static PLANNER: LazyLock<Mutex<Planner>> = LazyLock::new(|| Mutex::new(Planner::new()));

/// The transforms of vectors of one length, which is even.
enum Transform {
    /// The spectrum of a real vector is its first half: the rest are conjugates.
    Real {
        forward: Arc<dyn RealToComplex<f64>>,
        backward: Arc<dyn ComplexToReal<f64>>,
    },
    Complex {
        forward: Arc<dyn Fft<f64>>,
        backward: Arc<dyn Fft<f64>>,
    },
}

impl Transform {
    fn new(length: usize, complex: bool) -> Transform {
        let mut planner = PLANNER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match complex {
            false => Transform::Real {
                forward: planner.forward_real(length),
                backward: planner.inverse_real(length),
            },
            true => Transform::Complex {
                forward: planner.forward(length),
                backward: planner.inverse(length),
            },
        }
    }

    fn spectrum(&self, v: Vector) -> Vec<Complex64> {
        match self {
            Transform::Real { forward, .. } => {
                let (mut values, mut spectrum) = (v.re, forward.make_output_vec());
                forward.process(&mut values, &mut spectrum).expect("vectors of its length");
                spectrum
            }
            Transform::Complex { forward, .. } => {
                let mut values: Vec<Complex64> = (0..v.len()).map(|n| v.at(n)).collect();
                forward.process(&mut values);
                values
            }
        }
    }

    /// The first `len` entries.
    fn back(&self, mut spectrum: Vec<Complex64>, len: usize) -> Vector {
        match self {
            Transform::Real { backward, .. } => {
                let mut values = backward.make_output_vec();
                // Those of real vectors are real there.
                let last = spectrum.len() - 1;
                (spectrum[0].im, spectrum[last].im) = (0.0, 0.0);
                backward.process(&mut spectrum, &mut values).expect("vectors of its length");
                values.truncate(len);
                Vector { re: values, im: Vec::new() }
            }
            Transform::Complex { backward, .. } => {
                backward.process(&mut spectrum);
                Vector::from_complex(&spectrum[..len], true)
            }
        }
    }

    /// The entry of a spectrum at the opposite wave number.
    fn opposite(&self, spectrum: &[Complex64], k: usize) -> Complex64 {
        match self {
            Transform::Real { .. } => spectrum[k].conj(),
            Transform::Complex { .. } => spectrum[(spectrum.len() - k) % spectrum.len()],
        }
    }
}

/// The tables, transformed.
pub(super) struct Bulk {
    sites: usize,
    /// Of padded vectors.
    length: usize,
    complex: bool,
    transform: Transform,
    /// Circulants of K_pp, K_pr, K_rr and Φ/4γ of the nodes that do not pass from end to end, where
    /// there are any.
    symbols: Option<[Vec<Complex64>; 4]>,
    /// On momenta and elongations, from the left and from the right end, counted from there.
    columns: [[Vector; 2]; 2],
    /// Φ at wave number 0 over that at every other one.
    sharpening: Vec<Complex64>,
}

/// The least 2ᵃ3ᵇ that is not below n, b ≤ 2.
fn good_length(n: usize) -> usize {
    [1, 3, 9].into_iter().map(|odd| odd * n.div_ceil(odd).next_power_of_two()).min().unwrap_or(n)
}

impl Bulk {
    /// `flux` is Φ/4γ of all nodes.
    pub fn new(sites: usize, complex: bool, (tables, flux): (Option<Columns>, Vector)) -> Bulk {
        let length = good_length(2 * sites);
        let transform = Transform::new(length, complex);
        let symbol = |table: &Vector, back: usize| {
            // Entry δ at distance δ, entry -δ at distance δ - back.
            let mut circulant = Vector::zeros(length, complex);
            let entry = |n: usize| table.at(n) / length as f64;
            (0..sites).for_each(|n| circulant.set(n, entry(n)));
            (1..sites).for_each(|n| circulant.set(length - n, entry(n - back)));
            transform.spectrum(circulant)
        };
        let sharpened = || {
            let mut sharpening = symbol(&flux, 0);
            let smooth = sharpening[0] / length as f64;
            sharpening.iter_mut().for_each(|z| *z = smooth / *z);
            sharpening
        };
        let of_tables = |[pp, pr, rr, flux, left_p, left_r, right_p, right_r]: Columns| {
            // A momentum m and bond i (from 0) are m - i - 1 momenta apart for m > i, i - m
            // otherwise: entry δ = i - m here.
            let made = [(pp, 0), (pr, 1), (rr, 0), (flux, 0)].into_par_iter();
            let symbols: Vec<_> = made.map(|(table, back)| symbol(&table, back)).collect();
            let symbols: [_; 4] = symbols.try_into().expect("four of four");
            (symbols, [[left_p, left_r], [right_p, right_r]])
        };
        let (sharpening, made) = rayon::join(sharpened, || tables.map(of_tables));
        let (symbols, columns) = made.unzip();
        let columns = columns.unwrap_or_default();
        Bulk { sites, length, complex, transform, symbols, columns, sharpening }
    }

    /// Whether there are nodes that do not pass from end to end.
    pub fn has_tables(&self) -> bool {
        self.symbols.is_some()
    }

    fn transformed(&self, v: &Vector) -> Vec<Complex64> {
        let mut padded = Vector::zeros(self.length, self.complex);
        padded.re[..v.len()].copy_from_slice(&v.re);
        padded.im[..v.im.len()].copy_from_slice(&v.im);
        self.transform.spectrum(padded)
    }

    fn filter(&self, g: &Vector, symbol: &[Complex64]) -> Vector {
        let mut spectrum = self.transformed(g);
        spectrum.iter_mut().zip(symbol).for_each(|(z, symbol)| *z *= symbol);
        self.transform.back(spectrum, g.len())
    }

    /// Φ g/4γ
    pub fn flux(&self, g: &Vector) -> Vector {
        self.symbols
            .as_ref()
            .map_or(Vector::zeros(g.len(), self.complex), |[.., flux]| self.filter(g, flux))
    }

    /// The differences that carry the flux which the conductances Φ1 give to g.
    pub fn sharpen(&self, g: &Vector) -> Vector {
        self.filter(g, &self.sharpening)
    }

    /// K v on all coordinates.
    pub fn apply(&self, momenta: &Vector, elongations: Option<&Vector>) -> (Vector, Vector) {
        let Some([pp, pr, rr, _]) = &self.symbols else {
            return (
                Vector::zeros(self.sites, self.complex),
                Vector::zeros(self.sites - 1, self.complex),
            );
        };
        let (p, r) =
            rayon::join(|| self.transformed(momenta), || elongations.map(|v| self.transformed(v)));
        let part =
            |k: usize, symbol: Complex64| r.as_ref().map_or(Complex64::ZERO, |r| symbol * r[k]);
        let on_momenta = |k: usize| pp[k] * p[k] + part(k, self.transform.opposite(pr, k));
        let on_elongations = |k: usize| pr[k] * p[k] + part(k, rr[k]);
        rayon::join(
            || self.transform.back((0..p.len()).map(on_momenta).collect(), self.sites),
            || self.transform.back((0..p.len()).map(on_elongations).collect(), self.sites - 1),
        )
    }

    /// Adds what `value` on the momentum of an end makes.
    pub fn add_column(&self, end: usize, value: Complex64, sums: &mut (Vector, Vector)) {
        for (sum, column) in [&mut sums.0, &mut sums.1].into_iter().zip(&self.columns[end]) {
            for n in 0..sum.len() {
                let at = if end == 0 { n } else { sum.len() - 1 - n };
                sum.set(at, sum.at(at) + value * column.at(n));
            }
        }
    }
}
