//! Faber's recurrence of A in 32 digits, eight unknowns at a time.
//!
//! Along an open chain, y = (p_0, r_1, p_1, .., p_N), every coordinate obeys y_i' = y_(i+1) -
//! y_(i-1) and is damped, so that on the diagonals S_d[i] = S_(i, i+d) of the second moments
//!
//! ```text
//! S_d[i]' = S_(d-1)[i+1] - S_(d-1)[i] + S_(d+1)[i] - S_(d+1)[i-1] - damping S_d[i]
//! ```
//!
//! with nothing beyond the ends, and S_(-1)[i] = S_1[i-1]. Diagonals lie one after the other, with
//! zeros between. What else there is (the means, the waves of the force, noise, time integrals;
//! on rings all) is formed entry by entry. The high and the low parts of the numbers lie in two
//! arrays. Cost: some 130 operations of doubles an unknown.

use super::super::moment_generator::{Factor, Generator};
use super::Ellipse;
use crate::chain::{Chain, Double};
use crate::numerics::double_double::leading;
use crate::numerics::lanes::Lane;
use crate::numerics::registers::{InRegisters, Registered, Vectorized, Wide, in_widest};
use crate::scenario::Topology;
use std::marker::PhantomData;

/// Zeros on each side of a diagonal, and numbers that are formed together.
const MARGIN: usize = 8;

/// Numbers as two arrays.
#[derive(Clone, Default)]
pub(crate) struct Numbers {
    pub hi: Vec<f64>,
    pub lo: Vec<f64>,
}

impl Numbers {
    pub fn zeros(count: usize) -> Numbers {
        Numbers { hi: vec![0.0; count], lo: vec![0.0; count] }
    }

    pub fn at(&self, index: usize) -> Double {
        Double { hi: self.hi[index], lo: self.lo[index] }
    }

    pub fn set(&mut self, index: usize, x: Double) {
        (self.hi[index], self.lo[index]) = (x.hi, x.lo);
    }

    /// Beyond the end of a diagonal nothing is, though registers of this `width` have written
    /// there.
    #[inline(always)]
    pub fn end_after(&mut self, first: usize, length: usize, width: usize) {
        let rest = first + length..first + length.next_multiple_of(width);
        self.hi[rest.clone()].fill(0.0);
        self.lo[rest].fill(0.0);
    }
}

/// A row, and the part of it that is not formed by lanes.
pub(crate) struct Row {
    pub place: usize,
    entries: Vec<(usize, Factor)>,
}

impl Row {
    pub fn apply(&self, x: &Numbers) -> Double {
        self.entries.iter().fold(Double::default(), |sum, &(column, factor)| match factor {
            Factor::Plus => sum.plus(x.at(column)),
            Factor::Minus => sum.plus(x.at(column).negated()),
            Factor::Times(a) if x.hi[column] != 0.0 => sum.plus(times(a, x.at(column))),
            Factor::Times(_) => sum,
        })
    }
}

/// a · b without the instruction that [`Double::times`] asks for, which some processors lack.
pub(crate) fn times(a: Double, b: Double) -> Double {
    let product = a.hi * b.hi;
    let (a_lead, b_lead) = (leading(a.hi), leading(b.hi));
    let (a_rest, b_rest) = (a.hi - a_lead, b.hi - b_lead);
    let error =
        ((a_lead * b_lead - product) + (a_lead * b_rest + a_rest * b_lead)) + a_rest * b_rest;
    let low = error + (a.hi * b.lo + a.lo * b.hi);
    let hi = product + low;
    Double { hi, lo: low - (hi - product) }
}

/// A, and where its unknowns are.
pub(crate) struct Operator {
    pub ellipse: Ellipse,
    places: Vec<usize>,
    /// Rows that are formed entry by entry; the unknowns of the diagonals follow.
    pub rows: Vec<Row>,
    /// What drives the diagonals from outside.
    pub driving: Vec<Row>,
    /// The first place of each diagonal from -1 on, and its length.
    pub diagonals: Vec<(usize, usize)>,
    /// s (A_ii - c) of the diagonals.
    pub own: Numbers,
}

impl Operator {
    pub fn new(chain: &Chain, generator: &Generator, ellipse: Ellipse) -> Operator {
        let (u, n) = (generator.unknowns, chain.coordinates());
        let lanes = chain.topology == Topology::Open;
        let mut places: Vec<usize> = vec![usize::MAX; u.size()];
        let mut end = MARGIN;
        let mut diagonals = Vec::new();
        let first = if lanes { u.size() - n * (n + 1) / 2 } else { u.size() };
        if lanes {
            end += first;
            for d in 0..n + 2 {
                let length = if d == 0 { n } else { n + 1 - d };
                diagonals.push((end + MARGIN, length));
                end += length.next_multiple_of(MARGIN) + 2 * MARGIN;
            }
            // Coordinate i along the chain.
            let along = |i: usize| if i < chain.bonds { 2 * i + 1 } else { 2 * (i - chain.bonds) };
            for i in 0..n {
                for j in i..n {
                    let (a, b) = (along(i).min(along(j)), along(i).max(along(j)));
                    places[u.second(i, j)] = diagonals[1 + b - a].0 + a;
                }
            }
        } else {
            end += first;
        }
        let others = places.iter_mut().filter(|place| **place == usize::MAX);
        others.zip(MARGIN..).for_each(|(place, other)| *place = other);
        let mut operator = Operator {
            ellipse,
            places,
            rows: Vec::new(),
            driving: Vec::new(),
            diagonals,
            own: Numbers::zeros(end.next_multiple_of(MARGIN)),
        };
        operator.add_rows(generator, MARGIN + first);
        operator
    }

    /// Places from `lanes` on are in the diagonals, where entries of the chain itself are left out.
    fn add_rows(&mut self, generator: &Generator, lanes: usize) {
        for (unknown, entries) in generator.rows().iter().enumerate() {
            let place = self.places[unknown];
            let inside = place >= lanes;
            let mut row = Row { place, entries: Vec::new() };
            let mut own = Double::default();
            for &(column, a) in entries {
                match self.places[column] {
                    at if at == place => own = own.plus(a),
                    at if inside && at >= lanes => {}
                    at => row.entries.push((at, a.into())),
                }
            }
            let own = own.plus((-self.ellipse.centre).into());
            if inside {
                self.own.set(place, own.scaled(self.ellipse.scale));
                if !row.entries.is_empty() {
                    self.driving.push(row);
                }
            } else {
                row.entries.push((place, Factor::Times(own)));
                self.rows.push(row);
            }
        }
    }

    /// The places of the numbers in lanes.
    pub fn lane_places(&self) -> impl Iterator<Item = usize> + '_ {
        let ranges = self.diagonals.iter().skip(1).map(|&(first, length)| first..first + length);
        ranges.flatten()
    }

    /// The unknowns in their places.
    pub fn placed(&self, x: &[Double]) -> Numbers {
        let mut placed = Numbers::zeros(self.own.hi.len());
        self.places.iter().zip(x).for_each(|(&place, &x)| placed.set(place, x));
        placed
    }

    /// The unknowns in their order.
    pub fn unknowns(&self, x: &Numbers) -> Vec<Double> {
        self.places.iter().map(|&place| x.at(place)).collect()
    }

    /// Σ b_k F_k(A) x
    pub fn series(&self, coefficients: &[Double], x: &Numbers) -> Numbers {
        let count = x.hi.len();
        let mut sum = Numbers::zeros(count);
        let (mut now, mut before) = (x.clone(), Numbers::zeros(count));
        for (k, &coefficient) in coefficients.iter().enumerate() {
            let bend = match k {
                0 => 0.0,
                1 => 2.0 * self.ellipse.bend,
                _ => self.ellipse.bend,
            };
            self.mirror(&mut now);
            let pass = Pass { operator: self, bend, coefficient, now: &now };
            pass.rows(&mut before, &mut sum);
            in_widest(OverDiagonals { pass: &pass, next: &mut before, sum: &mut sum });
            for row in &self.driving {
                let driven = row.apply(&now);
                if driven.hi != 0.0 {
                    let driven = times(driven, self.ellipse.scale.into());
                    before.set(row.place, before.at(row.place).plus(driven));
                }
            }
            std::mem::swap(&mut now, &mut before);
        }
        sum
    }

    /// S_(-1)[i] = S_1[i-1].
    pub fn mirror(&self, x: &mut Numbers) {
        if let [(mirrored, length), _, (first, _), ..] = self.diagonals[..] {
            for part in [&mut x.hi, &mut x.lo] {
                part.copy_within(first - 1..first + length, mirrored);
            }
        }
    }
}

/// One step of the recurrence: the next polynomial takes the place of the one before, and the
/// present one is added to the sum.
struct Pass<'a> {
    operator: &'a Operator,
    bend: f64,
    coefficient: Double,
    now: &'a Numbers,
}

impl Pass<'_> {
    fn rows(&self, before: &mut Numbers, sum: &mut Numbers) {
        let scale = Double::from(self.operator.ellipse.scale);
        for row in &self.operator.rows {
            let (place, driven) = (row.place, row.apply(self.now));
            let (own, last) = (self.now.at(place), before.at(place));
            if own.hi != 0.0 {
                sum.set(place, sum.at(place).plus(times(self.coefficient, own)));
            }
            if driven.hi != 0.0 || last.hi != 0.0 {
                let last = times(last, self.bend.into());
                before.set(place, times(driven, scale).plus(last.negated()));
            }
        }
    }
}

struct OverDiagonals<'a> {
    pass: &'a Pass<'a>,
    next: &'a mut Numbers,
    sum: &'a mut Numbers,
}

impl InRegisters for OverDiagonals<'_> {
    type Output = ();
    fn with<L: Wide>(self, simd: L::Simd) {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData));
    }
}

impl<L: Wide> Vectorized for Registered<OverDiagonals<'_>, L> {
    type Output = ();
    type Numbers = L;
    #[inline(always)]
    fn run(self, simd: L::Simd) {
        let OverDiagonals { pass, next, sum } = self.0;
        let Operator { ellipse, own, diagonals, .. } = pass.operator;
        let number = |x: f64| L::number(simd, x);
        let [scale, bend] = [number(ellipse.scale), number(pass.bend)];
        let splitter = number(134_217_729.0);
        let coefficient = Pair { hi: number(pass.coefficient.hi), lo: number(pass.coefficient.lo) };
        let coefficient_split = split(coefficient.hi, splitter);
        for at in diagonals.windows(3) {
            let [(below, _), (here, length), (above, _)] = [at[0], at[1], at[2]];
            for i in (0..length).step_by(L::WIDTH) {
                let load = |from: &Numbers, at: usize| Pair::<L>::load(simd, from, at);
                let x = load(pass.now, here + i);
                let x_split = split(x.hi, splitter);
                let turned = Pair::turned(simd, pass.now, [below + i, above + i]);
                let damping = load(own, here + i);
                let damped = x.times(x_split, damping, split(damping.hi, splitter));
                let before = load(next, here + i).scaled(bend, splitter);
                let new = damped.plus(turned.scaled(scale, splitter)).minus(before);
                new.renormalized().store(next, here + i);
                let term = x.times(x_split, coefficient, coefficient_split);
                let whole = load(sum, here + i).plus(term).renormalized();
                whole.store(sum, here + i);
            }
            next.end_after(here, length, L::WIDTH);
        }
    }
}

/// hi + lo of lanes; between operations lo may be a few roundings of hi.
#[derive(Clone, Copy)]
pub(crate) struct Pair<L> {
    pub hi: L,
    pub lo: L,
}

/// The leading bits and the rest, as [`leading`].
#[inline(always)]
pub(crate) fn split<L: Lane<Real = L>>(x: L, splitter: L) -> [L; 2] {
    let scaled = splitter * x;
    let lead = scaled - (scaled - x);
    [lead, x - lead]
}

impl<L: Lane<Real = L>> Pair<L> {
    #[inline(always)]
    pub fn load(simd: L::Simd, from: &Numbers, at: usize) -> Pair<L> {
        Pair { hi: L::load(simd, &from.hi, &[], at), lo: L::load(simd, &from.lo, &[], at) }
    }

    /// S_(d-1)[i+1] - S_(d-1)[i] + S_(d+1)[i] - S_(d+1)[i-1], of the places [i] in both diagonals.
    #[inline(always)]
    pub fn turned(simd: L::Simd, x: &Numbers, [below, above]: [usize; 2]) -> Pair<L> {
        Pair::<L>::load(simd, x, below + 1)
            .minus(Pair::load(simd, x, below))
            .plus(Pair::load(simd, x, above))
            .minus(Pair::load(simd, x, above - 1))
            .renormalized()
    }

    #[inline(always)]
    pub fn store(self, to: &mut Numbers, at: usize) {
        self.hi.store(&mut to.hi, &mut [], at);
        self.lo.store(&mut to.lo, &mut [], at);
    }

    #[inline(always)]
    pub fn plus(self, other: Pair<L>) -> Pair<L> {
        let hi = self.hi + other.hi;
        let part = hi - self.hi;
        let error = (self.hi - (hi - part)) + (other.hi - part);
        Pair { hi, lo: error + (self.lo + other.lo) }
    }

    #[inline(always)]
    pub fn minus(self, other: Pair<L>) -> Pair<L> {
        let hi = self.hi - other.hi;
        let part = hi - self.hi;
        let error = (self.hi - (hi - part)) - (other.hi + part);
        Pair { hi, lo: error + (self.lo - other.lo) }
    }

    #[inline(always)]
    pub fn renormalized(self) -> Pair<L> {
        let hi = self.hi + self.lo;
        Pair { hi, lo: self.lo - (hi - self.hi) }
    }

    /// self · other, both with the parts of their leading doubles.
    #[inline(always)]
    pub fn times(self, own: [L; 2], other: Pair<L>, others: [L; 2]) -> Pair<L> {
        let hi = self.hi * other.hi;
        let mixed = own[0] * others[1] + own[1] * others[0];
        let error = ((own[0] * others[0] - hi) + mixed) + own[1] * others[1];
        Pair { hi, lo: error + (self.hi * other.lo + self.lo * other.hi) }
    }

    /// self · factor, a number of at most 25 bits.
    #[inline(always)]
    pub fn scaled(self, factor: L, splitter: L) -> Pair<L> {
        let [lead, rest] = split(self.hi, splitter);
        let hi = self.hi * factor;
        Pair { hi, lo: ((lead * factor - hi) + rest * factor) + self.lo * factor }
    }
}
