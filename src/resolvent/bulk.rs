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
use flipchain_transforms::{Fft, Planner};
use num_complex::Complex64;
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

/// The tables, transformed.
pub(super) struct Bulk {
    sites: usize,
    complex: bool,
    forward: Arc<dyn Fft<f64>>,
    backward: Arc<dyn Fft<f64>>,
    /// Circulants of K_pp, K_pr, K_rr and Φ/4γ of the nodes that do not pass from end to end, where
    /// there are any.
    symbols: Option<[Vec<Complex64>; 4]>,
    /// On momenta and elongations, from the left and from the right end, counted from there.
    columns: [[Vector; 2]; 2],
    /// Φ at wave number 0 over that at every other one.
    sharpening: Vec<Complex64>,
}

/// Plans of transforms are made once.
static PLANNER: LazyLock<Mutex<Planner>> = LazyLock::new(|| Mutex::new(Planner::new()));

/// The least 2ᵃ3ᵇ that is not below n, b ≤ 2.
fn good_length(n: usize) -> usize {
    [1, 3, 9].into_iter().map(|odd| odd * n.div_ceil(odd).next_power_of_two()).min().unwrap_or(n)
}

impl Bulk {
    /// `flux` is Φ/4γ of all nodes.
    pub fn new(sites: usize, complex: bool, (tables, flux): (Option<Columns>, Vector)) -> Bulk {
        let length = good_length(2 * sites);
        let [forward, backward] = {
            let mut planner = PLANNER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            [planner.forward(length), planner.inverse(length)]
        };
        let symbol = |table: &Vector, back: usize| {
            // Entry δ at distance δ, entry -δ at distance δ - back.
            let mut circulant = vec![Complex64::ZERO; length];
            let entry = |n: usize| table.at(n) / length as f64;
            circulant[..sites].iter_mut().enumerate().for_each(|(n, z)| *z = entry(n));
            circulant.iter_mut().rev().zip(1 - back..sites - back).for_each(|(z, n)| *z = entry(n));
            forward.process(&mut circulant);
            circulant
        };
        let mut sharpening = symbol(&flux, 0);
        let smooth = sharpening[0] / length as f64;
        sharpening.iter_mut().for_each(|z| *z = smooth / *z);
        let mut columns: [[Vector; 2]; 2] = Default::default();
        let symbols = tables.map(|[pp, pr, rr, flux, left_p, left_r, right_p, right_r]| {
            columns = [[left_p, left_r], [right_p, right_r]];
            // A momentum m and bond i (from 0) are m - i - 1 momenta apart for m > i, i - m
            // otherwise: entry δ = i - m here.
            [symbol(&pp, 0), symbol(&pr, 1), symbol(&rr, 0), symbol(&flux, 0)]
        });
        Bulk { sites, complex, forward, backward, symbols, columns, sharpening }
    }

    /// Whether there are nodes that do not pass from end to end.
    pub fn has_tables(&self) -> bool {
        self.symbols.is_some()
    }

    fn transform(&self, v: &Vector) -> Vec<Complex64> {
        let mut padded = vec![Complex64::ZERO; self.sharpening.len()];
        padded.iter_mut().zip(0..v.len()).for_each(|(z, n)| *z = v.at(n));
        self.forward.process(&mut padded);
        padded
    }

    fn back(&self, mut spectrum: Vec<Complex64>, len: usize) -> Vector {
        self.backward.process(&mut spectrum);
        Vector::from_complex(&spectrum[..len], self.complex)
    }

    fn filter(&self, g: &Vector, symbol: &[Complex64]) -> Vector {
        let mut spectrum = self.transform(g);
        spectrum.iter_mut().zip(symbol).for_each(|(z, symbol)| *z *= symbol);
        self.back(spectrum, g.len())
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
        let (p, r) = (self.transform(momenta), elongations.map(|v| self.transform(v)));
        let length = p.len();
        let mirrored = |k: usize| (length - k) % length;
        let part =
            |k: usize, symbol: Complex64| r.as_ref().map_or(Complex64::ZERO, |r| symbol * r[k]);
        let on_momenta = (0..length).map(|k| pp[k] * p[k] + part(k, pr[mirrored(k)])).collect();
        let on_elongations = (0..length).map(|k| pr[k] * p[k] + part(k, rr[k])).collect();
        (self.back(on_momenta, self.sites), self.back(on_elongations, self.sites - 1))
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
