//! The interface: how flips and friction couple the pairs of modes
//! (docs/theory/shifted-solves.md, (3.3)).
//!
//! The unknown w holds the momentum variances d at the sites and, for each thermostat with ψ_k =
//! e_k at its atom, the columns y = C_pp e and x = C_rp e in modes: M(1 + 2·ends) numbers. They
//! enter the pair equations as 4γ Ψᵀ diag(d) Ψ in pp, -λ(e yᵀ + y eᵀ) in pp and -λ x eᵀ in rp, and
//! reading them back off the answer gives the linear equation w - T w = b. One application of 1 - T
//! is one pass over the pairs, O(M²) time and O(M) memory.

use super::friction::{self, End, RowSums, SourceRun, Sources};
use super::independent::Independent;
use super::packed;
use super::pair::{Blocks, Pair, Shift};
use super::pass::{self, Field, Place, Visitor};
use crate::chain::modes::Modes;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::Vector;
use num_complex::Complex64;
use std::marker::PhantomData;
use std::ops::Range;

/// The chain as the passes see it, at one shift.
#[derive(Clone, Copy)]
pub(super) struct Interface<'a> {
    pub modes: &'a Modes,
    pub ends: &'a [End],
    /// e of the left end.
    pub shape: &'a [f64],
    pub flip_rate: f64,
    pub shift: Complex64,
    pub groups: &'a [Range<usize>],
}

/// Y of a right-hand side.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// Entry by entry, see [`super::packed`].
    Packed(&'a [f64]),
    Independent(&'a Independent),
}

/// The right-hand side α Y + diag_p(q), q as a table.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub start: Start<'a>,
    pub scale: Complex64,
    pub table: Vector,
}

impl<'a> Interface<'a> {
    /// Interfaces whose coefficients differ from its own by some roundings. Over many pairs one
    /// sample shows them; over few they may happen to agree, so that short chains take several.
    pub fn other_roundings(&self) -> Vec<Interface<'a>> {
        let samples = (1 + 32 / self.modes.count()).min(8);
        let flip_rate = |sample: usize| {
            let ulps = if sample.is_multiple_of(2) { 1.0 } else { -1.0 } * (4 + sample / 2) as f64;
            self.flip_rate * (1.0 + ulps * f64::EPSILON)
        };
        (0..samples).map(|sample| Interface { flip_rate: flip_rate(sample), ..*self }).collect()
    }

    /// The right-hand side b: the interface's entries of the answer to `given` alone.
    pub fn right_hand_side<F: Field>(&self, given: &Given<'_>) -> Vector {
        self.read::<F>(Input::Given(given))
    }

    /// d, y and x of a real packed state.
    pub fn of_state<F: Field>(&self, state: &[f64]) -> Vector {
        self.read::<F>(Input::Answer(state))
    }

    /// (1 - T) w
    pub fn apply<F: Field>(&self, w: &Vector) -> Vector {
        let m = self.modes.count();
        let table = w.map_range(0..m, |d| self.modes.table(d));
        let mut answer =
            self.read::<F>(Input::Interface { table: &table, friction: &self.friction(w) });
        for (answer, w) in [(&mut answer.re, &w.re), (&mut answer.im, &w.im)] {
            answer.iter_mut().zip(w).skip(m).for_each(|(answer, w)| *answer = w - *answer);
        }
        answer
    }

    /// The sources of friction that w means.
    pub fn friction(&self, w: &Vector) -> Sources {
        let m = self.modes.count();
        Sources::new(self.ends, &w.map_range(m..w.len(), |v| v.to_vec()), m)
    }

    /// One pass: the diagonal (of an interface the part that 1 - T leaves) and the columns of the
    /// answer.
    fn read<F: Field>(&self, input: Input<'_>) -> Vector {
        let (m, table) = (self.modes.count(), self.modes.table_len());
        let reader = |_| Reader::<F> {
            interface: *self,
            pairs: self.pairs(),
            input,
            row: friction::Row::default(),
            diagonal: Vector::zeros(table, F::COMPLEX),
            columns: RowSums::new(if self.ends.is_empty() { 0 } else { m }, F::COMPLEX),
            field: PhantomData,
        };
        let readers =
            pass::run::<F, _>(self.modes, self.groups, self.groups.iter().map(reader).collect());
        let sums = readers.into_iter().reduce(|mut sums, part| {
            sums.diagonal.add(Complex64::ONE, &part.diagonal);
            sums.columns.add_all(&part.columns);
            sums
        });
        let sums = sums.expect("there is at least one group of rows");
        // Each pair was counted once, the diagonal half.
        let mut answer = sums.diagonal.map_range(0..table, |sums| self.modes.untable(sums));
        answer.scale(2.0);
        let mut columns = sums.columns.columns(self.ends);
        answer.re.append(&mut columns.re);
        answer.im.append(&mut columns.im);
        answer
    }

    pub fn pairs(&self) -> Shift {
        Shift::new(self.shift, self.flip_rate)
    }

    #[inline(always)]
    pub fn pair<V: Lane>(&self, shift: &Shift, place: Place<V::Simd>) -> Pair<V> {
        if V::WIDTH == 1 && place.diagonal && place.row == 0 && self.shift == Complex64::ZERO {
            return shift.uniform_momentum(place.simd);
        }
        let (a, b) = self.frequencies::<V>(place);
        shift.pair(a, b)
    }

    /// a and b
    #[inline(always)]
    pub fn frequencies<V: Lane>(&self, place: Place<V::Simd>) -> (V::Real, V::Real) {
        let frequency = &self.modes.frequency;
        (
            V::Real::number(place.simd, frequency[place.row]),
            V::Real::load(place.simd, frequency, &[], place.column),
        )
    }

    /// ν ν'
    #[inline(always)]
    pub fn norms<V: Lane>(&self, place: Place<V::Simd>) -> V::Real {
        V::Real::load(place.simd, &self.modes.norm, &[], place.column)
            * V::Real::number(place.simd, self.modes.norm[place.row])
    }

    /// W = Ψᵀ diag Ψ at these pairs, from its table.
    #[inline(always)]
    pub fn product<V: Lane>(&self, table: &Vector, place: Place<V::Simd>) -> V {
        let toeplitz = V::load(place.simd, &table.re, &table.im, place.difference);
        let hankel = V::load(place.simd, &table.re, &table.im, place.sum);
        (toeplitz + hankel) * self.norms::<V>(place)
    }

    /// α Y + Ψᵀ diag(q) Ψ at these pairs.
    #[inline(always)]
    pub fn given<V: Lane>(&self, given: &Given<'_>, place: Place<V::Simd>) -> Blocks<V> {
        let product = self.product::<V>(&given.table, place);
        let (zero, scale) = (V::number(place.simd, 0.0), V::splat(place.simd, given.scale));
        match given.start {
            Start::Zero => Blocks { pp: product, rr: zero, rp: zero, pr: zero },
            Start::Independent(start) => {
                let [pp, rr] = start.at::<V>(place, self.norms::<V>(place));
                Blocks { pp: scale * pp + product, rr: scale * rr, rp: zero, pr: zero }
            }
            Start::Packed(state) => {
                let y = packed::load::<V::Real>(state, self.modes.count(), place);
                Blocks {
                    pp: scale * y.pp + product,
                    rr: scale * y.rr,
                    rp: scale * y.rp,
                    pr: scale * y.pr,
                }
            }
        }
    }
}

/// The state that a reading pass reads, or the sources whose answer it reads.
#[derive(Clone, Copy)]
enum Input<'a> {
    Given(&'a Given<'a>),
    /// The answer itself.
    Answer(&'a [f64]),
    /// The interface itself: the table of d, and the sources of friction.
    Interface {
        table: &'a Vector,
        friction: &'a Sources,
    },
}

/// Reads the diagonal, as a table, and the ends' columns.
struct Reader<'a, F> {
    interface: Interface<'a>,
    pairs: Shift,
    input: Input<'a>,
    row: friction::Row,
    diagonal: Vector,
    columns: RowSums,
    field: PhantomData<F>,
}

impl<F: Field> Visitor for Reader<'_, F> {
    fn start_row(&mut self, row: usize) {
        if let Input::Interface { friction, .. } = &self.input {
            self.row = friction.row(row);
        }
        self.columns.start_row();
    }

    #[inline(always)]
    fn visit<V: Lane>(&mut self, place: Place<V::Simd>) {
        self.visit_run::<V>(place, V::WIDTH);
    }

    #[inline(always)]
    fn visit_run<V: Lane>(&mut self, place: Place<V::Simd>, count: usize) {
        if count == 0 {
            return;
        }
        // Everything of the row is taken here, so that the loop below finds it in registers: this
        // is where the time goes.
        let (interface, pairs, input) = (self.interface, self.pairs, self.input);
        let columns = place.column..place.column + count;
        let [shape, frequencies, norms] =
            [interface.shape, &interface.modes.frequency, &interface.modes.norm]
                .map(|values| &values[columns.clone()]);
        let frequency: V::Real = V::Real::number(place.simd, interface.modes.frequency[place.row]);
        let norm: V::Real = V::Real::number(place.simd, interface.modes.norm[place.row]);
        let uniform = place.diagonal && place.row == 0 && interface.shift == Complex64::ZERO;
        let friction = match input {
            Input::Interface { friction, .. } => {
                friction.run::<V>(&self.row, interface.shape, place, count)
            }
            _ => SourceRun::none(place.simd),
        };
        let (re, im) = (&mut self.diagonal.re[..], &mut self.diagonal.im[..]);
        let mut sums = self.columns.run::<V>(interface.shape, place, count);
        let mut done = 0;
        while done + V::WIDTH <= count {
            let (here, there) = (place.after(done), V::Real::load(place.simd, shape, &[], done));
            let norms = V::Real::load(place.simd, norms, &[], done) * norm;
            let pair = if V::WIDTH == 1 && uniform {
                pairs.uniform_momentum(place.simd)
            } else {
                pairs.pair::<V>(frequency, V::Real::load(place.simd, frequencies, &[], done))
            };
            let (x, diagonal) = match input {
                Input::Given(given) => {
                    let x = pair.solve(&interface.given(given, here));
                    (x, x.pp)
                }
                Input::Answer(state) => {
                    let x = packed::load::<V>(state, interface.modes.count(), here);
                    (x, x.pp)
                }
                Input::Interface { table, .. } => {
                    let toeplitz = V::load(place.simd, &table.re, &table.im, here.difference);
                    let hankel = V::load(place.simd, &table.re, &table.im, here.sum);
                    pair.solve_with_flips(&friction.at(done, there), (toeplitz + hankel) * norms)
                }
            };
            let diagonal = place.once(diagonal * norms);
            diagonal.add_to(re, im, here.difference);
            diagonal.add_to(re, im, here.sum);
            sums.add(done, there, &x, place.diagonal);
            done += V::WIDTH;
        }
        sums.end();
    }

    fn end_row(&mut self, row: usize) {
        if !self.interface.ends.is_empty() {
            self.columns.end_row(row);
        }
    }
}
