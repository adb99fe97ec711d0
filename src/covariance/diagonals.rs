//! Reads Var r, Var p and Cov(p_(n-1), r_n), which make up the profiles, off the answer to a
//! shifted solve without forming it.
//!
//! Var p is the interface's d. With θ = πn/M, φ_k φ_k' and ψ_k(n-1) φ_k' are sums of cos jθ and sin
//! jθ, j = k' ∓ k:
//!
//! ```text
//! φ_k(n) φ_k'(n)   =  (νν'/M) [ cos(k'-k)θ - cos(k'+k)θ ]
//! ψ_k(n-1) φ_k'(n) = -(νν'/M) { C_k [ sin(k'+k)θ + sin(k'-k)θ ]
//!                               + S_k [ cos(k'-k)θ - cos(k'+k)θ ] },
//! C_k, S_k = cos, sin(πk/2M),
//! ```
//!
//! so one pass sums three tables of 2M numbers, and a Fourier transform of each gives all sites:
//! O(M²) time, O(M) memory. Open chains; on the ring the answer is formed and transformed. Judge:
//! [`super::literal`].

use super::Diagonals;
use super::answer::Answer;
use super::friction;
use super::pair::Blocks;
use super::pass::{self, Field, Place, Visitor};
use crate::numerics::lanes::Lane;
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use std::f64::consts::PI;
use std::marker::PhantomData;

/// The diagonals of an answer whose interface is `w`; open chains.
pub(super) fn of_answer<F: Field>(answer: &Answer<'_>, w: &Vector) -> Diagonals {
    let interface = &answer.interface;
    let m = interface.modes.count();
    let cosine: Vec<f64> = (0..m).map(|k| (PI * k as f64 / (2 * m) as f64).cos()).collect();
    let readers = |_| Reader::<F> {
        answer,
        row: friction::Row::default(),
        cosine: &cosine,
        sums: Vector::zeros(6 * m, F::COMPLEX),
        field: PhantomData,
    };
    let readers = pass::run::<F, _>(
        interface.modes,
        interface.groups,
        interface.groups.iter().map(readers).collect(),
    );
    let sums = readers.into_iter().map(|reader| reader.sums).reduce(|mut sums, part| {
        sums.add(Complex64::ONE, &part);
        sums
    });
    let sums = sums.expect("there is at least one group of rows");
    let fourier = flipchain_transforms::forward(2 * m);
    let [elongation, cosines, sines] = [0, 1, 2].map(|part| {
        let mut v: Vec<Complex64> = (0..2 * m).map(|j| sums.at(2 * part * m + j)).collect();
        fourier.process(&mut v);
        v
    });
    let scale = 1.0 / m as f64;
    // Σ_j t_j cos jθ and Σ_j t_j sin jθ of a table t with the transform v.
    let even = |v: &[Complex64], n: usize| 0.5 * (v[n] + v[2 * m - n]);
    let odd = |v: &[Complex64], n: usize| Complex64::new(0.0, 0.5) * (v[n] - v[2 * m - n]);
    // A pair off the diagonal stands for itself and its mirror image.
    let mut variance: Vec<Complex64> = (1..m).map(|n| 2.0 * scale * even(&elongation, n)).collect();
    variance.extend((0..m).map(|n| w.at(n)));
    let correlation = (1..m).map(|n| -2.0 * scale * (even(&cosines, n) + odd(&sines, n))).collect();
    Diagonals { variance, correlation, losses: [Complex64::ZERO; 2], driven: None }
}

/// Sums the three tables: rr over the cosines, pr and rp over the cosines and over the sines.
struct Reader<'a, F> {
    answer: &'a Answer<'a>,
    row: friction::Row,
    /// C_k
    cosine: &'a [f64],
    sums: Vector,
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Reader<'_, F> {
    fn start_row(&mut self, row: usize) {
        self.row = self.answer.row(row);
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        let interface = &self.answer.interface;
        let (modes, m) = (interface.modes, interface.modes.count());
        let x: Blocks<V> = self.answer.at(&self.row, place);
        let norms = place.once::<V::Real>(interface.norms::<V>(place));
        // pr and rp of a pair are the two orders of one product; both are halved here and the sum
        // doubled at the end.
        let half: V::Real = V::Real::number(place.simd, 0.5);
        let (c, c_across) = (
            V::Real::number(place.simd, self.cosine[place.row]),
            V::Real::load(place.simd, self.cosine, &[], place.column),
        );
        // S_k = a_k/2
        let s = V::Real::number(place.simd, 0.5 * modes.frequency[place.row]);
        let s_across = V::Real::load(place.simd, &modes.frequency, &[], place.column) * half;
        let elongation = x.rr * norms;
        let cosines = (x.pr * s + x.rp * s_across) * (norms * half);
        let (pr, rp) = (x.pr * (c * norms * half), x.rp * (c_across * norms * half));
        let minus = V::Real::number(place.simd, -1.0);
        let sums = &mut self.sums;
        for (value, at) in [
            (elongation, place.difference),
            (elongation * minus, place.sum),
            (cosines, 2 * m + place.difference),
            (cosines * minus, 2 * m + place.sum),
            (pr - rp, 4 * m + place.difference),
            (pr + rp, 4 * m + place.sum),
        ] {
            value.add_to(&mut sums.re, &mut sums.im, at);
        }
    }

    fn end_row(&mut self, _row: usize) {}
}
