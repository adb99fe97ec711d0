//! Eight nodes κ of the inner path side by side: products with G(σ/2+κ) ∘ G(σ/2-κ), G = (s - B)⁻¹
//! on the coordinates of [`Line`].
//!
//! With the fractions P from the left and Q from the right of [`super::resolvent`], entry by entry
//! over both resolvents,
//!
//! ```text
//! D_i = Π G_ii,     t_i = Π a_i/P_i,     t'_i = Π a_(i-1)/Q_i
//! Σ_(b≤i) K_ib v_b = left_i,           left_i  = t'_i left_(i-1) + D_i v_i
//! Σ_(b>i) K_ib v_b = t_i right_(i+1),  right_i = t_i right_(i+1) + D_i v_i
//! ```
//!
//! One sweep from the right for Q, one back with P, one for what lies to the right. Some hundred
//! operations a coordinate for eight nodes, three divisions a resolvent; results are summed over
//! the nodes in their order, so that bits do not depend on the registers.

use super::line::Line;
use crate::numerics::lanes::{Lane, Split};
use crate::numerics::registers::{Vectorized, Wide};
use num_complex::Complex64;
use std::array::from_fn;

/// Eight nodes of the path at one σ.
#[derive(Clone, Copy)]
pub(super) struct Nodes<L> {
    /// σ/2 + κ and σ/2 - κ
    shifts: [Split<L>; 2],
    weight: Split<L>,
}

/// The factors of eight nodes in Φ, between neighbouring places with flips; real where σ = 0.
pub(super) struct Factors<V> {
    pub weight: V,
    /// Π t_i from one place to the next.
    pub transfer: Vec<V>,
    /// D at the next place, times the flips of all places beyond as they arrive there.
    pub beyond: Vec<V>,
}

/// The products that are computed at eight nodes.
pub(super) struct Pass<'a, L, const V: usize> {
    pub line: &'a Line,
    pub nodes: Nodes<L>,
    /// v, of which K v is wanted.
    pub vectors: [&'a [Complex64]; V],
    /// w, of which the product of both (s - B)⁻¹ w is wanted.
    pub moving: Option<&'a [f64]>,
    /// The places in order between which the factors of Φ are wanted.
    pub places: &'a [usize],
    /// Whether Var q and Var r of a pinned chain are wanted, driven by the first vector, which has
    /// no part on positions.
    pub positions: bool,
}

/// The answers, summed over eight nodes but for the factors.
pub(super) struct Found<L, const V: usize> {
    pub products: [Vec<Complex64>; V],
    pub squares: Vec<Complex64>,
    pub displacement: Vec<Complex64>,
    pub elongation: Vec<Complex64>,
    pub factors: Factors<Split<L>>,
}

impl<L: Wide> Nodes<L> {
    /// The nodes of at most eight (κ, weight), filled up with nodes of weight 0.
    pub fn new(simd: L::Simd, sigma: Complex64, nodes: &[(Complex64, Complex64)]) -> Nodes<L> {
        let last = nodes[nodes.len() - 1].0;
        let kappa: [Complex64; 8] = from_fn(|i| nodes.get(i).map_or(last, |node| node.0));
        let weight = from_fn(|i| nodes.get(i).map_or(Complex64::ZERO, |node| node.1));
        let loaded = |numbers: [Complex64; 8]| {
            Split::load(simd, &numbers.map(|z| z.re), &numbers.map(|z| z.im), 0)
        };
        Nodes {
            shifts: [
                loaded(kappa.map(|kappa| 0.5 * sigma + kappa)),
                loaded(kappa.map(|kappa| 0.5 * sigma - kappa)),
            ],
            weight: loaded(weight),
        }
    }
}

/// The sum over the eight nodes of weight · z.
#[inline(always)]
fn weighed<L: Wide>(weight: Split<L>, z: Split<L>) -> Complex64 {
    (weight * z).sum()
}

#[inline(always)]
fn one<L: Wide>(simd: L::Simd, x: f64) -> Split<L> {
    Split::number(simd, x)
}

/// r_n of a pinned chain from x_n and q_(n-1): [`Line::stretch`] for eight nodes.
#[inline(always)]
fn stretch<L: Wide>(line: &Line, n: usize, x: Split<L>, q: Split<L>) -> Split<L> {
    let simd = x.simd();
    let [of_x, of_q] = line.stretching(n);
    x * L::number(simd, of_x) - q * L::number(simd, of_q)
}

impl<L: Wide, const V: usize> Pass<'_, L, V> {
    /// 1/Q_i of both resolvents, and at every place what comes there from all flips beyond, divided
    /// by the diagonal.
    #[inline(always)]
    fn right_fractions(&self, simd: L::Simd) -> (Vec<[Split<L>; 2]>, Vec<Split<L>>) {
        let (line, zero) = (self.line, one::<L>(simd, 0.0));
        let mut inverses = vec![[zero; 2]; line.len];
        let mut driven = vec![zero; self.places.len()];
        let (mut passed, mut flips, mut left) = ([zero; 2], zero, self.places.len());
        for i in (0..line.len).rev() {
            let damping = one::<L>(simd, line.damping[i]);
            let square = L::number(simd, line.coupling[i] * line.coupling[i]);
            let first = (self.nodes.shifts[0] + damping + passed[0]).inverse();
            let second = (self.nodes.shifts[1] + damping + passed[1]).inverse();
            inverses[i] = [first, second];
            passed = [first * square, second * square];
            flips = flips + one(simd, line.flips[i]);
            if left > 0 && self.places[left - 1] == i {
                left -= 1;
                driven[left] = flips;
            }
            flips = flips * (passed[0] * second);
        }
        (inverses, driven)
    }
}

impl<L: Wide, const V: usize> Vectorized for Pass<'_, L, V> {
    type Output = Found<L, V>;
    type Numbers = L;

    // Long because it is one loop in vector registers, which a call would spill.
    #[inline(always)]
    fn run(self, simd: L::Simd) -> Found<L, V> {
        let (line, n) = (self.line, self.line.len);
        let (zero, unit) = (one::<L>(simd, 0.0), one::<L>(simd, 1.0));
        let Nodes { shifts, weight } = self.nodes;
        let (inverses, driven) = self.right_fractions(simd);
        let nothing = vec![Complex64::ZERO; n];
        let atoms = if self.positions { line.root_mass.len() } else { 0 };
        let bonds = self.places.len().saturating_sub(1);
        let mut found = Found {
            products: [const { vec![] }; V],
            squares: if self.moving.is_some() { nothing.clone() } else { vec![] },
            displacement: vec![Complex64::ZERO; atoms],
            elongation: vec![Complex64::ZERO; atoms.saturating_sub(1)],
            factors: Factors {
                weight,
                transfer: Vec::with_capacity(bonds),
                beyond: Vec::with_capacity(bonds),
            },
        };
        for products in &mut found.products {
            products.clone_from(&nothing);
        }
        // D, t, and what the sweep back needs beside them.
        let mut kept = vec![[zero; 2]; n];
        let moved = if self.moving.is_some() { n } else { 0 };
        let (mut follows, mut means) = (vec![[zero; 2]; moved], vec![[zero; 2]; moved]);
        let mut stretches = vec![zero; atoms];
        let swings = (shifts[0] * shifts[1]).inverse();
        let (mut passed, mut left, mut mean) = ([zero; 2], [zero; V], [zero; 2]);
        let (mut across, mut place, mut last) = (unit, 0, [zero; 2]);
        for i in 0..n {
            let damping = one::<L>(simd, line.damping[i]);
            let (a, before) = (line.coupling[i + 1], line.coupling[i]);
            let (coupling, square) = (L::number(simd, a), L::number(simd, a * a));
            let own = [shifts[0] + damping + passed[0], shifts[1] + damping + passed[1]];
            let ahead = if i + 1 < n { inverses[i + 1] } else { [zero; 2] };
            let diagonal =
                (own[0] + ahead[0] * square).inverse() * (own[1] + ahead[1] * square).inverse();
            let pivot = [own[0].inverse(), own[1].inverse()];
            let follow = [pivot[0] * coupling, pivot[1] * coupling];
            let step = follow[0] * follow[1];
            let back = inverses[i][0] * inverses[i][1] * L::number(simd, before * before);
            passed = [pivot[0] * square, pivot[1] * square];
            kept[i] = [diagonal, step];
            if atoms > 0 && i % 2 == 0 && i > 0 {
                // x_n, driven from u_(n-1) or before it, or from u_n or beyond it.
                let at = i / 2;
                let root = line.root_mass[at - 1];
                let q = [shifts[0].inverse(), shifts[1].inverse()];
                let scale = L::number(simd, 1.0 / root);
                let pulled = L::number(simd, -before);
                let first = stretch(line, at, inverses[i][0] * pulled, q[0] * scale);
                let second = stretch(line, at, inverses[i][1] * pulled, q[1] * scale);
                found.elongation[at - 1] = weighed(weight, first * second * left[0]);
                let first = stretch(line, at, follow[0], follow[0] * last[0] * q[0] * scale);
                let second = stretch(line, at, follow[1], follow[1] * last[1] * q[1] * scale);
                stretches[at] = first * second;
            }
            last = follow;
            for ((left, products), v) in left.iter_mut().zip(&mut found.products).zip(self.vectors)
            {
                *left = back * *left + diagonal * Split::splat(simd, v[i]);
                products[i] = weighed(weight, *left);
            }
            if atoms > 0 && i % 2 == 1 {
                let mass = line.root_mass[i / 2] * line.root_mass[i / 2];
                found.displacement[i / 2] = weighed(weight * swings, left[0]) / mass;
            }
            if let Some(w) = self.moving {
                let (w, before) = (one::<L>(simd, w[i]), L::number(simd, before));
                mean = [(w - mean[0] * before) * pivot[0], (w - mean[1] * before) * pivot[1]];
                (means[i], follows[i]) = (mean, follow);
            }
            if place < self.places.len() && self.places[place] == i {
                if place > 0 {
                    found.factors.transfer.push(across);
                    found.factors.beyond.push(diagonal * driven[place]);
                }
                (place, across) = (place + 1, unit);
            }
            across = across * step;
        }
        let mut right = [zero; V];
        mean = [zero; 2];
        for i in (0..n).rev() {
            let [diagonal, step] = kept[i];
            for ((right, products), v) in
                right.iter_mut().zip(&mut found.products).zip(self.vectors)
            {
                let beyond = step * *right;
                products[i] += weighed(weight, beyond);
                *right = beyond + diagonal * Split::splat(simd, v[i]);
                if atoms > 0 && i % 2 == 1 {
                    let at = i / 2;
                    let mass = line.root_mass[at] * line.root_mass[at];
                    found.displacement[at] += weighed(weight * swings, beyond) / mass;
                    if at > 0 {
                        found.elongation[at - 1] += weighed(weight, stretches[at] * *right);
                    }
                }
            }
            if self.moving.is_some() {
                mean =
                    [means[i][0] + follows[i][0] * mean[0], means[i][1] + follows[i][1] * mean[1]];
                found.squares[i] = weighed(weight, mean[0] * mean[1]);
            }
        }
        found
    }
}

/// Φg of eight nodes; `flips` are what flips feed in at the places. Of g in real factors the real
/// parts.
pub(super) struct Flux<'a, V> {
    pub factors: &'a Factors<V>,
    pub flips: &'a [f64],
    pub g: &'a [Complex64],
}

impl<V: Lane> Vectorized for Flux<'_, V>
where
    V::Real: Wide,
{
    type Output = Vec<Complex64>;
    type Numbers = V::Real;

    #[inline(always)]
    fn run(self, simd: V::Simd) -> Vec<Complex64> {
        let Factors { weight, transfer, beyond } = self.factors;
        let (zero, bonds) = (V::number(simd, 0.0), self.g.len());
        let mut towards = vec![zero; bonds];
        let mut passed = zero;
        for j in (0..bonds).rev() {
            passed = transfer[j] * (beyond[j] * V::splat(simd, self.g[j]) + passed);
            towards[j] = passed;
        }
        let mut sums = Vec::with_capacity(bonds);
        let (mut within, mut before) = (zero, zero);
        for j in 0..bonds {
            within = within + V::number(simd, self.flips[j]);
            let here = transfer[j] * before;
            sums.push((*weight * (within * towards[j] + here * beyond[j])).sum());
            within = transfer[j] * within;
            before = here + within * V::splat(simd, self.g[j]);
        }
        sums
    }
}
