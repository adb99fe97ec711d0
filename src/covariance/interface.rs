//! The interface: how flips and friction couple the pairs of modes (docs/theory.md, "Shifted solves").
//!
//! The unknown w holds the momentum variances d at the sites and, for each thermostat with ψ_k = e_k at its atom, the columns
//! y = C_pp e and x = C_rp e in modes: M(1 + 2·ends) numbers. They enter the pair equations as 4γ Ψᵀ diag(d) Ψ in pp,
//! -λ(e yᵀ + y eᵀ) in pp and -λ x eᵀ in rp, and reading them back off the answer gives the linear equation w - T w = b.
//! One application of 1 - T is one pass over the pairs, O(M²) time and O(M) memory.

use super::Target;
use super::pair::{Blocks, Pair, Shift, number};
use super::pass::{self, Field, Place, Real, Visitor};
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use std::marker::PhantomData;
use std::ops::Range;

/// One thermostat in the modes: friction λ and e_k = ψ_k at its atom.
pub(super) struct End {
    pub friction: f64,
    pub shape: Vec<f64>,
}

/// The chain as the passes see it, at one shift.
#[derive(Clone, Copy)]
pub(super) struct Interface<'a> {
    pub modes: &'a Modes,
    pub ends: &'a [End],
    pub flip_rate: f64,
    pub shift: Complex64,
    pub groups: &'a [Range<usize>],
}

/// The right-hand side α Y + diag_p(q): Y packed by rows (see [`super::modal`]), q as a table.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub state: Option<&'a [f64]>,
    pub scale: Complex64,
    pub table: &'a Vector,
}

/// Index of row k in the packed triangle: four blocks (pp, rr, rp, pr) of M - k numbers a row.
pub(super) fn row_start(modes: usize, k: usize) -> usize {
    4 * k * modes - 2 * k * k.saturating_sub(1)
}

impl Interface<'_> {
    /// Length of w.
    pub fn unknowns(&self) -> usize {
        self.modes.count() * (1 + 2 * self.ends.len())
    }

    /// What the interface reads off the answer to the right-hand side alone: b.
    pub fn right_hand_side<F: Field>(&self, given: Given<'_>) -> Vector {
        self.read::<F>(Input::Given(given))
    }

    /// (1 - T) w
    pub fn apply<F: Field>(&self, w: &Vector) -> Vector {
        let m = self.modes.count();
        let table = w.map_range(0..m, |d| self.modes.table(d));
        let mut answer = self.read::<F>(Input::Interface { table: &table, columns: &self.columns(w) });
        for (answer, w) in [(&mut answer.re, &w.re), (&mut answer.im, &w.im)] {
            answer.iter_mut().zip(w).skip(m).for_each(|(answer, w)| *answer = w - *answer);
        }
        answer
    }

    /// -λ y and -λ x of every end.
    fn columns(&self, w: &Vector) -> Vector {
        let m = self.modes.count();
        w.map_range(m..w.len(), |v| {
            let friction = self.ends.iter().flat_map(|end| std::iter::repeat_n(end.friction, 2 * m));
            v.iter().zip(friction).map(|(v, friction)| -friction * v).collect()
        })
    }

    /// One pass: the diagonal and the columns of the answer.
    fn read<F: Field>(&self, input: Input<'_>) -> Vector {
        let table = self.modes.table_len();
        let len = table + self.unknowns() - self.modes.count();
        let reader = |_| Reader::<F> {
            interface: *self,
            pairs: self.pairs(),
            input,
            sums: Vector::zeros(len, F::COMPLEX),
            row: [[0.0; 16]; 4],
            field: PhantomData,
        };
        let readers = pass::run::<F, _>(self.modes, self.groups, self.groups.iter().map(reader).collect());
        let sums = total(readers.into_iter().map(|reader| reader.sums));
        // Each pair was counted once, the diagonal half.
        let mut answer = sums.map_range(0..table, |sums| self.modes.untable(sums));
        answer.scale(2.0);
        answer.re.extend_from_slice(&sums.re[table..]);
        answer.im.extend_from_slice(if F::COMPLEX { &sums.im[table..] } else { &[] });
        answer
    }

    pub fn pairs(&self) -> Shift {
        Shift::new(self.shift, self.flip_rate)
    }

    /// The sources that the answer to `given` and the interface w has: the table of 4γ d + q, and the columns of the ends.
    pub fn sources(&self, given: Given<'_>, w: &Vector) -> (Vector, Vector) {
        let mut table = w.map_range(0..self.modes.count(), |d| self.modes.table(d));
        table.scale(4.0 * self.flip_rate);
        table.add(Complex64::ONE, given.table);
        (table, self.columns(w))
    }

    /// Adds Re(weight · X) to every target, X being the answer to the right-hand side and the interface w.
    pub fn emit<F: Field>(&self, given: Given<'_>, w: &Vector, targets: &mut [Target<'_>]) {
        let m = self.modes.count();
        let (table, columns) = self.sources(given, w);
        let given = Given { table: &table, ..given };
        let mut emitters: Vec<Emitter<'_, F>> = self
            .groups
            .iter()
            .map(|group| Emitter {
                interface: *self,
                pairs: self.pairs(),
                given,
                columns: &columns,
                start: row_start(m, group.start),
                outputs: Vec::new(),
                field: PhantomData,
            })
            .collect();
        for target in targets {
            let mut rest = &mut target.state[..];
            for (group, emitter) in self.groups.iter().zip(&mut emitters) {
                let (rows, tail) = rest.split_at_mut(row_start(m, group.end) - row_start(m, group.start));
                emitter.outputs.push((target.weight, rows));
                rest = tail;
            }
        }
        pass::run::<F, _>(self.modes, self.groups, emitters);
    }

    /// 𝓛X of a packed state; the shift plays no role.
    pub fn generator(&self, state: &[f64]) -> Vec<f64> {
        let m = self.modes.count();
        let w = self.read::<Real>(Input::Answer(state));
        let mut table = w.map_range(0..m, |d| self.modes.table(d));
        table.scale(4.0 * self.flip_rate);
        let (table, columns) = (&table, &self.columns(&w));
        let mut out = vec![0.0; state.len()];
        let mut rest = &mut out[..];
        let mut generators = Vec::with_capacity(self.groups.len());
        for group in self.groups {
            let start = row_start(m, group.start);
            let (rows, tail) = rest.split_at_mut(row_start(m, group.end) - start);
            rest = tail;
            generators.push(Generator { interface: *self, state, table, columns, start, rows });
        }
        pass::run::<Real, _>(self.modes, self.groups, generators);
        out
    }

    #[inline(always)]
    pub fn pair<V: Lane>(&self, shift: &Shift, place: Place) -> Pair<V> {
        if place.diagonal && place.row == 0 && self.shift == Complex64::ZERO {
            shift.uniform_momentum()
        } else {
            let a = number(self.modes.frequency[place.row]);
            shift.pair(a, V::Real::load(&self.modes.frequency, &[], place.column))
        }
    }

    /// Friction's sources at these pairs.
    #[inline(always)]
    fn friction<V: Lane>(&self, columns: &Vector, place: Place) -> Blocks<V> {
        let m = self.modes.count();
        let zero = number(0.0);
        let mut r = Blocks { pp: zero, rr: zero, rp: zero, pr: zero };
        for (i, end) in self.ends.iter().enumerate() {
            let (y, x) = (2 * i * m, (2 * i + 1) * m);
            let here: V::Real = number(end.shape[place.row]);
            let there = V::Real::load(&end.shape, &[], place.column);
            let at = |index: usize| V::splat(columns.at(index));
            let load = |index: usize| V::load(&columns.re, &columns.im, index);
            r.pp = r.pp + load(y + place.column) * here + at(y + place.row) * there;
            r.rp = r.rp + at(x + place.row) * there;
            r.pr = r.pr + load(x + place.column) * here;
        }
        r
    }

    /// W = Ψᵀ diag Ψ at these pairs.
    #[inline(always)]
    fn product<V: Lane>(&self, table: &Vector, place: Place) -> V {
        let load = |index| V::load(&table.re, &table.im, index);
        (load(place.difference) + load(place.sum)) * self.norms::<V>(place)
    }

    /// ν ν'
    #[inline(always)]
    pub fn norms<V: Lane>(&self, place: Place) -> V::Real {
        number::<V::Real>(self.modes.norm[place.row]) * V::Real::load(&self.modes.norm, &[], place.column)
    }

    /// α Y + Ψᵀ diag(q) Ψ at these pairs; `start` is where `state` begins in the packed triangle.
    #[inline(always)]
    fn given<V: Lane>(&self, given: &Given<'_>, place: Place) -> Blocks<V> {
        let product = self.product::<V>(given.table, place);
        let zero = number(0.0);
        match given.state {
            None => Blocks { pp: product, rr: zero, rp: zero, pr: zero },
            Some(state) => {
                let y = self.load::<V>(state, place);
                let scale = V::splat(given.scale);
                Blocks { pp: scale * y.pp + product, rr: scale * y.rr, rp: scale * y.rp, pr: scale * y.pr }
            }
        }
    }

    /// X at these pairs, from the table and the columns of [`Interface::sources`].
    #[inline(always)]
    pub fn answer<V: Lane>(&self, shift: &Shift, given: &Given<'_>, columns: &Vector, place: Place) -> Blocks<V> {
        let (given, friction) = (self.given::<V>(given, place), self.friction::<V>(columns, place));
        self.pair::<V>(shift, place).solve(&Blocks {
            pp: given.pp + friction.pp,
            rr: given.rr,
            rp: given.rp + friction.rp,
            pr: given.pr + friction.pr,
        })
    }

    /// The blocks of a packed state at these pairs.
    #[inline(always)]
    fn load<V: Lane>(&self, state: &[f64], place: Place) -> Blocks<V> {
        let m = self.modes.count();
        let (start, len) = (row_start(m, place.row) + place.column - place.row, m - place.row);
        let load = |block: usize| number::<V>(1.0) * V::Real::load(state, &[], start + block * len);
        Blocks { pp: load(0), rr: load(1), rp: load(2), pr: load(3) }
    }
}

pub(super) fn total(parts: impl Iterator<Item = Vector>) -> Vector {
    parts
        .reduce(|mut total, part| {
            total.add(Complex64::ONE, &part);
            total
        })
        .expect("there is at least one group of rows")
}

/// What a reading pass answers to.
#[derive(Clone, Copy)]
enum Input<'a> {
    Given(Given<'a>),
    /// The answer itself.
    Answer(&'a [f64]),
    /// The interface itself: the table of d and the columns -λ y, -λ x.
    Interface {
        table: &'a Vector,
        columns: &'a Vector,
    },
}

/// Reads the diagonal (as a table; for an interface the part that 1 - T leaves) and the ends' columns.
struct Reader<'a, F> {
    interface: Interface<'a>,
    pairs: Shift,
    input: Input<'a>,
    /// Table, then y and x of every end.
    sums: Vector,
    /// This row's y and x of every end, lane by lane, real parts before imaginary parts.
    row: [[f64; 16]; 4],
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Reader<'_, F> {
    #[inline(always)]
    fn start_row(&mut self, _row: usize) {
        self.row = [[0.0; 16]; 4];
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place) {
        let interface = &self.interface;
        let pair = interface.pair::<V>(&self.pairs, place);
        let (x, diagonal) = match &self.input {
            Input::Given(given) => {
                let x = pair.solve(&interface.given(given, place));
                (x, x.pp)
            }
            Input::Answer(state) => {
                let x = interface.load::<V>(state, place);
                (x, x.pp)
            }
            Input::Interface { table, columns } => pair.solve_with_flips(
                &interface.friction(columns, place),
                interface.product(table, place),
                number(4.0 * interface.flip_rate),
            ),
        };
        let half: V::Real = number(if place.diagonal { 0.5 } else { 1.0 });
        let diagonal = diagonal * (interface.norms::<V>(place) * half);
        diagonal.add_to(&mut self.sums.re, &mut self.sums.im, place.difference);
        diagonal.add_to(&mut self.sums.re, &mut self.sums.im, place.sum);
        let (m, table) = (interface.modes.count(), interface.modes.table_len());
        for (i, end) in interface.ends.iter().enumerate() {
            let there = V::Real::load(&end.shape, &[], place.column);
            for (block, here, across) in [(2 * i, x.pp, x.pp), (2 * i + 1, x.rp, x.pr)] {
                let (re, im) = self.row[block].split_at_mut(8);
                (here * there).add_to(re, im, 0);
                if !place.diagonal {
                    let across = across * number::<V::Real>(end.shape[place.row]);
                    across.add_to(&mut self.sums.re, &mut self.sums.im, table + block * m + place.column);
                }
            }
        }
    }

    #[inline(always)]
    fn end_row(&mut self, row: usize) {
        let (m, table) = (self.interface.modes.count(), self.interface.modes.table_len());
        for block in 0..2 * self.interface.ends.len() {
            let (re, im) = self.row[block].split_at(8);
            self.sums.re[table + block * m + row] += re.iter().sum::<f64>();
            if F::COMPLEX {
                self.sums.im[table + block * m + row] += im.iter().sum::<f64>();
            }
        }
    }
}

/// Writes the whole answer into the targets.
struct Emitter<'a, F> {
    interface: Interface<'a>,
    pairs: Shift,
    given: Given<'a>,
    columns: &'a Vector,
    /// Where this group's rows begin in the packed triangle.
    start: usize,
    outputs: Vec<(Complex64, &'a mut [f64])>,
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Emitter<'_, F> {
    #[inline(always)]
    fn start_row(&mut self, _row: usize) {}

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place) {
        let interface = &self.interface;
        let x = interface.answer::<V>(&self.pairs, &self.given, self.columns, place);
        let m = interface.modes.count();
        let (at, len) = (row_start(m, place.row) - self.start + place.column - place.row, m - place.row);
        for (weight, rows) in &mut self.outputs {
            for (block, value) in [x.pp, x.rr, x.rp, x.pr].into_iter().enumerate() {
                value.real_part(*weight).add_to(rows, &mut [], at + block * len);
            }
        }
    }

    #[inline(always)]
    fn end_row(&mut self, _row: usize) {}
}

/// Writes 𝓛X, pair by pair: B X + X Bᵀ without friction and flips, then what those add.
struct Generator<'a> {
    interface: Interface<'a>,
    state: &'a [f64],
    table: &'a Vector,
    columns: &'a Vector,
    start: usize,
    rows: &'a mut [f64],
}

impl Visitor for Generator<'_> {
    #[inline(always)]
    fn start_row(&mut self, _row: usize) {}

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place) {
        let interface = &self.interface;
        let x = interface.load::<V>(self.state, place);
        let added = interface.friction::<V>(self.columns, place);
        let a: V::Real = number(interface.modes.frequency[place.row]);
        let b = V::Real::load(&interface.modes.frequency, &[], place.column);
        let decay: V::Real = number(2.0 * interface.flip_rate);
        let blocks = [
            added.pp + interface.product(self.table, place) - x.rp * a - x.pr * b - x.pp * (decay + decay),
            x.pr * a + x.rp * b,
            added.rp + x.pp * a - x.rr * b - x.rp * decay,
            added.pr + x.pp * b - x.rr * a - x.pr * decay,
        ];
        let m = interface.modes.count();
        let (at, len) = (row_start(m, place.row) - self.start + place.column - place.row, m - place.row);
        for (block, value) in blocks.into_iter().enumerate() {
            value.real_part(Complex64::ONE).add_to(self.rows, &mut [], at + block * len);
        }
    }

    #[inline(always)]
    fn end_row(&mut self, _row: usize) {}
}
