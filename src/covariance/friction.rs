//! The thermostats' terms in the equations of the pairs of modes, -λ(e yᵀ + y eᵀ) in pp and -λ x eᵀ
//! in rp, and how y and x are read back.
//!
//! e of the right end is (-1)^k e_k of the left one. So in a row k of one parity both ends act as
//! one, with e of the left end and with y = Σ_i (±1)^k (-λ_i y_i): [`Sources`]. Read back, Σ_k e_k
//! X_kk' over the even and over the odd k gives both ends: [`RowSums`].

use super::pair::Blocks;
use super::pass::Place;
use crate::chain::Chain;
use crate::numerics::lanes::Lane;
use crate::numerics::vector::{Slice, Vector};
use num_complex::Complex64;

/// One thermostat: its friction λ, and 1 (left) or -1 (right), the sign of e at odd modes.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub friction: f64,
    pub sign: f64,
}

impl End {
    /// The thermostats of a chain.
    pub fn of(chain: &Chain) -> Vec<End> {
        let ends = [(chain.left, 1.0), (chain.right, -1.0)].into_iter();
        ends.filter_map(|(end, sign)| {
            end.map(|thermostat| End { friction: thermostat.friction, sign })
        })
        .collect()
    }

    /// (±1)^k
    pub fn at(&self, k: usize) -> f64 {
        if k % 2 == 1 { self.sign } else { 1.0 }
    }
}

/// Columns y and x of the ends, with their factors -λ, as rows of even and of odd k see them.
#[derive(Clone)]
pub(super) struct Sources {
    y: [Vector; 2],
    x: [Vector; 2],
}

/// The sources of one row, seen from columns of alternating parity (see [`Place::phase`]).
#[derive(Clone, Copy, Default)]
pub(super) struct Row {
    y: Lanes,
    x: Lanes,
}

/// Eight complex numbers, one a lane.
#[derive(Clone, Copy, Default)]
pub(super) struct Lanes {
    pub re: [f64; 8],
    pub im: [f64; 8],
}

impl Lanes {
    /// Entry `row` of the vectors of the parity of row + 1 and of row, by turns.
    fn of(v: &[Vector; 2], row: usize) -> Lanes {
        let (next, own) = (v[(row + 1) % 2].at(row), v[row % 2].at(row));
        let mut lanes = Lanes::default();
        for i in 0..4 {
            (lanes.re[2 * i], lanes.re[2 * i + 1]) = (next.re, own.re);
            (lanes.im[2 * i], lanes.im[2 * i + 1]) = (next.im, own.im);
        }
        lanes
    }

    /// Adds the sums over the lanes of each parity, the inverse of [`Lanes::of`].
    pub fn add_to(&self, v: &mut [Vector; 2], row: usize) {
        let sums = |x: &[f64; 8]| [x[0] + x[2] + x[4] + x[6], x[1] + x[3] + x[5] + x[7]];
        let (re, im) = (sums(&self.re), sums(&self.im));
        for (i, parity) in [(row + 1) % 2, row % 2].into_iter().enumerate() {
            v[parity].set(row, v[parity].at(row) + Complex64::new(re[i], im[i]));
        }
    }
}

impl Sources {
    /// `columns` holds y and x of every end. Empty where there is none.
    pub fn new(ends: &[End], columns: &Vector, modes: usize) -> Sources {
        let modes = if ends.is_empty() { 0 } else { modes };
        let column = |row: usize, part: usize| {
            let mut sum = Vector::zeros(modes, columns.is_complex());
            for (i, end) in ends.iter().enumerate() {
                let start = (2 * i + part) * modes;
                let v = columns.map_range(start..start + modes, |v| v.to_vec());
                sum.add(Complex64::new(-end.friction * end.at(row), 0.0), &v);
            }
            sum
        };
        Sources { y: [column(0, 0), column(1, 0)], x: [column(0, 1), column(1, 1)] }
    }

    /// The parts of the operator that one row needs.
    pub fn row(&self, row: usize) -> Row {
        if self.y[0].len() == 0 {
            return Row::default();
        }
        Row { y: Lanes::of(&self.y, row), x: Lanes::of(&self.x, row) }
    }

    /// The sources of `count` columns from `place` on; `shape` is e of the left end.
    #[inline(always)]
    pub fn run<V: Lane>(
        &self,
        row: &Row,
        shape: &[f64],
        place: Place<V::Simd>,
        count: usize,
    ) -> SourceRun<'_, V> {
        let (phase, here) = (place.phase::<V>(), V::Real::number(place.simd, shape[place.row]));
        let [y, x] = [&self.y, &self.x].map(|columns| &columns[place.row % 2]);
        let any = y.len() > 0;
        SourceRun {
            y: if any { y.window(place.column, count) } else { Slice::default() },
            x: if any { x.window(place.column, count) } else { Slice::default() },
            row_y: V::load(place.simd, &row.y.re, &row.y.im, phase),
            row_x: V::load(place.simd, &row.x.re, &row.x.im, phase),
            here,
            any,
        }
    }

    /// The sources at these pairs.
    #[inline(always)]
    pub fn at<V: Lane>(&self, row: &Row, shape: &[f64], place: Place<V::Simd>) -> Blocks<V> {
        self.run::<V>(row, shape, place, V::WIDTH)
            .at(0, V::Real::load(place.simd, shape, &[], place.column))
    }
}

/// The sources of some columns of one row.
pub(super) struct SourceRun<'a, V: Lane> {
    y: Slice<'a>,
    x: Slice<'a>,
    row_y: V,
    row_x: V,
    here: V::Real,
    any: bool,
}

impl<V: Lane> SourceRun<'_, V> {
    /// No sources.
    #[inline(always)]
    pub fn none(simd: V::Simd) -> Self {
        let (y, x, zero) = (Slice::default(), Slice::default(), V::number(simd, 0.0));
        let here = V::Real::number(simd, 0.0);
        SourceRun { y, x, row_y: zero, row_x: zero, here, any: false }
    }

    /// At the columns from the `i`-th on, whose e is `there`.
    #[inline(always)]
    pub fn at(&self, i: usize, there: V::Real) -> Blocks<V> {
        let simd = there.simd();
        let zero = V::number(simd, 0.0);
        if !self.any {
            return Blocks { pp: zero, rr: zero, rp: zero, pr: zero };
        }
        Blocks {
            pp: V::load(simd, self.y.re, self.y.im, i) * self.here + self.row_y * there,
            rr: zero,
            rp: self.row_x * there,
            pr: V::load(simd, self.x.re, self.x.im, i) * self.here,
        }
    }
}

/// Σ_k e_k X_kk' over even and over odd k: y from pp, x from rp.
pub(super) struct RowSums {
    y: [Vector; 2],
    x: [Vector; 2],
    /// This row's sums over k', lane by lane.
    row: Row,
}

impl RowSums {
    pub fn new(modes: usize, complex: bool) -> RowSums {
        let zero = || [(); 2].map(|()| Vector::zeros(modes, complex));
        RowSums { y: zero(), x: zero(), row: Row::default() }
    }

    pub fn start_row(&mut self) {
        self.row = Row::default();
    }

    /// Counts `count` columns from `place` on and their mirror images, what `x` gives for each.
    #[inline(always)]
    pub fn run<V: Lane>(
        &mut self,
        shape: &[f64],
        place: Place<V::Simd>,
        count: usize,
    ) -> SumRun<'_, V> {
        let parity = place.row % 2;
        let any = self.y[0].len() > 0;
        let (start, count) = if any { (place.column, count) } else { (0, 0) };
        SumRun {
            y: self.y[parity].window_mut(start, count),
            x: self.x[parity].window_mut(start, count),
            row: &mut self.row,
            row_y: V::number(place.simd, 0.0),
            row_x: V::number(place.simd, 0.0),
            here: V::Real::number(place.simd, shape[place.row]),
            phase: place.phase::<V>(),
            any,
        }
    }

    pub fn end_row(&mut self, row: usize) {
        self.row.y.add_to(&mut self.y, row);
        self.row.x.add_to(&mut self.x, row);
    }

    pub fn add_all(&mut self, other: &RowSums) {
        let pairs = self.y.iter_mut().chain(&mut self.x).zip(other.y.iter().chain(&other.x));
        pairs.for_each(|(sum, part)| sum.add(Complex64::ONE, part));
    }

    /// y and x of every end, one after the other.
    pub fn columns(&self, ends: &[End]) -> Vector {
        let mut columns = Vector::zeros(0, self.y[0].is_complex());
        for end in ends {
            for sums in [&self.y, &self.x] {
                let mut column = sums[0].clone();
                column.add(Complex64::new(end.sign, 0.0), &sums[1]);
                columns.re.append(&mut column.re);
                columns.im.append(&mut column.im);
            }
        }
        columns
    }
}

/// The sums of some columns of one row.
pub(super) struct SumRun<'a, V: Lane> {
    y: (&'a mut [f64], &'a mut [f64]),
    x: (&'a mut [f64], &'a mut [f64]),
    row: &'a mut Row,
    row_y: V,
    row_x: V,
    here: V::Real,
    phase: usize,
    any: bool,
}

impl<V: Lane> SumRun<'_, V> {
    /// Counts the pairs of the columns from the `i`-th on, whose e is `there`, and, off the
    /// diagonal, their mirror images.
    #[inline(always)]
    pub fn add(&mut self, i: usize, there: V::Real, x: &Blocks<V>, diagonal: bool) {
        if !self.any {
            return;
        }
        self.row_y = self.row_y + x.pp * there;
        self.row_x = self.row_x + x.rp * there;
        if !(V::WIDTH == 1 && diagonal) {
            (x.pp * self.here).add_to(self.y.0, self.y.1, i);
            (x.pr * self.here).add_to(self.x.0, self.x.1, i);
        }
    }

    /// Keeps the sums over the columns.
    #[inline(always)]
    pub fn end(self) {
        self.row_y.add_to(&mut self.row.y.re, &mut self.row.y.im, self.phase);
        self.row_x.add_to(&mut self.row.x.re, &mut self.row.x.im, self.phase);
    }
}
