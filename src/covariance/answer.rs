//! The answer X of a shifted solve, formed pair by pair from its right-hand side and its interface;
//! and the product 𝓛X.

use super::Rate;
use super::friction::{self, Sources};
use super::interface::{Given, Interface};
use super::packed;
use super::pair::{Blocks, Shift};
use super::pass::{self, Field, Place, Real, Visitor};
use crate::chain::Chain;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use std::marker::PhantomData;

/// X = (σ - 𝓛)⁻¹ R with all its sources known.
#[derive(Clone)]
pub(super) struct Answer<'a> {
    pub interface: Interface<'a>,
    pairs: Shift,
    /// R and the flips' 4γ d.
    given: Given<'a>,
    friction: Sources,
}

impl<'a> Answer<'a> {
    /// From the right-hand side and the interface w that solves its equation.
    pub fn new(interface: Interface<'a>, mut given: Given<'a>, w: &Vector) -> Answer<'a> {
        let mut flips = w.map_range(0..interface.modes.count(), |d| interface.modes.table(d));
        flips.scale(4.0 * interface.flip_rate);
        given.table.add(Complex64::ONE, &flips);
        Answer { interface, pairs: interface.pairs(), given, friction: interface.friction(w) }
    }

    /// The same sources with the coefficients of another interface.
    pub fn seen_by(&self, interface: Interface<'a>) -> Answer<'a> {
        Answer { interface, pairs: interface.pairs(), ..self.clone() }
    }

    /// The part of [`Answer::at`] that is the same for a whole row.
    pub fn row(&self, row: usize) -> friction::Row {
        self.friction.row(row)
    }

    /// X at these pairs.
    #[inline(always)]
    pub fn at<V: Lane>(&self, row: &friction::Row, place: Place<V::Simd>) -> Blocks<V> {
        let interface = &self.interface;
        let given = interface.given::<V>(&self.given, place);
        let friction = self.friction.at::<V>(row, interface.shape, place);
        interface.pair::<V>(&self.pairs, place).solve(&Blocks {
            pp: given.pp + friction.pp,
            rr: given.rr,
            rp: given.rp + friction.rp,
            pr: given.pr + friction.pr,
        })
    }
}

/// Adds Re Σ_i weights\[i\]\[j\] X_i to state j, in one pass. All answers are of one chain.
pub(super) fn emit<F: Field>(
    answers: &[&Answer<'_>],
    weights: &[&[Complex64]],
    states: &mut [&mut [f64]],
) {
    let Some(first) = answers.first() else { return };
    let (modes, groups) = (first.interface.modes, first.interface.groups);
    let emitter = |rows: &std::ops::Range<usize>| Emitter::<F> {
        answers,
        weights,
        rows: Vec::new(),
        start: packed::row_start(modes.count(), rows.start),
        outputs: Vec::new(),
        field: PhantomData,
    };
    let mut emitters: Vec<Emitter<'_, F>> = groups.iter().map(emitter).collect();
    for state in states {
        let parts = packed::split(state, modes.count(), groups);
        emitters.iter_mut().zip(parts).for_each(|(emitter, rows)| emitter.outputs.push(rows));
    }
    pass::run::<F, _>(modes, groups, emitters);
}

/// Writes a group of rows.
struct Emitter<'a, F> {
    answers: &'a [&'a Answer<'a>],
    weights: &'a [&'a [Complex64]],
    rows: Vec<friction::Row>,
    /// The place where these rows begin in the packed triangle.
    start: usize,
    outputs: Vec<&'a mut [f64]>,
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Emitter<'_, F> {
    fn start_row(&mut self, row: usize) {
        self.rows = self.answers.iter().map(|answer| answer.row(row)).collect();
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        for ((answer, row), weights) in self.answers.iter().zip(&self.rows).zip(self.weights) {
            let x = answer.at::<V>(row, place);
            for (rows, weight) in self.outputs.iter_mut().zip(*weights) {
                packed::add(rows, self.start, answer.interface.modes.count(), place, *weight, &x);
            }
        }
    }

    fn end_row(&mut self, _row: usize) {}
}

/// 𝓛X + diag_p(q) of a packed state; the shift of the interface plays no role.
pub(super) fn rate(
    chain: &Chain,
    interface: &Interface<'_>,
    state: &[f64],
    momenta: &[f64],
) -> Rate {
    let m = interface.modes.count();
    let w = interface.of_state::<Real>(state);
    let mut table = w.map_range(0..m, |d| interface.modes.table(d));
    table.scale(4.0 * interface.flip_rate);
    table.re.iter_mut().zip(interface.modes.table(momenta)).for_each(|(sum, q)| *sum += q);
    let (table, friction) = (&table, &interface.friction(&w));
    let mut out = vec![0.0; state.len()];
    let parts = packed::split(&mut out, m, interface.groups);
    let generator = |(group, rows): (&std::ops::Range<usize>, _)| Generator {
        interface: *interface,
        state,
        table,
        friction,
        row: friction::Row::default(),
        start: packed::row_start(m, group.start),
        rows,
    };
    let generators = interface.groups.iter().zip(parts).map(generator).collect();
    pass::run::<Real, _>(interface.modes, interface.groups, generators);
    Rate::new(chain, out, &w.re[..m], momenta)
}

/// Writes 𝓛X pair by pair: first B X + X Bᵀ without friction and flips, then their terms.
struct Generator<'a> {
    interface: Interface<'a>,
    state: &'a [f64],
    table: &'a Vector,
    friction: &'a Sources,
    row: friction::Row,
    start: usize,
    rows: &'a mut [f64],
}

impl Visitor for Generator<'_> {
    fn start_row(&mut self, row: usize) {
        self.row = self.friction.row(row);
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        let interface = &self.interface;
        let m = interface.modes.count();
        let x = packed::load::<V>(self.state, m, place);
        let added = self.friction.at::<V>(&self.row, interface.shape, place);
        let (a, b) = interface.frequencies::<V>(place);
        let decay: V::Real = V::Real::number(place.simd, 2.0 * interface.flip_rate);
        let change = Blocks {
            pp: added.pp + interface.product(self.table, place)
                - x.rp * a
                - x.pr * b
                - x.pp * (decay + decay),
            rr: x.pr * a + x.rp * b,
            rp: added.rp + x.pp * a - x.rr * b - x.rp * decay,
            pr: added.pr + x.pp * b - x.rr * a - x.pr * decay,
        };
        packed::add(self.rows, self.start, m, place, Complex64::ONE, &change);
    }

    fn end_row(&mut self, _row: usize) {}
}
