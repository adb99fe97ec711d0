//! One evolution by the stencil: how long its steps are, how the chain is divided, and a step.

use super::equation::Equation;
use super::losses::{Losses, OfStep};
use super::piece::{self, Stepped};
use super::state::{Piece, Read, Step};
use super::stretch::Stretch;
use super::times::Reading;
use super::window::Workspace;
use super::{Steps, Tolerance, Walk};
use crate::budget::rounding;
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::{TimeIntegrals, largest};
use crate::evolve::Counts;
use crate::numerics::vector::largest_of;
use rayon::prelude::*;
use std::sync::Mutex;

/// h times the bound of the norm of the operator. The longer a step, the fewer terms a unit of time
/// takes, and the more digits cancel where the law is rough and nothing damps. The first length
/// whose steps all round little is taken, [`Equation::safe_radians`] being the last.
const RADIANS: [f64; 3] = [40.0, 28.0, 14.0];

/// The same at most where ends follow: what a sweep leaves grows by e^(2ch) over a step.
const FOLLOWED: f64 = 14.0;

/// The phase of the fastest harmonic of the force over a step.
const FORCE_RADIANS: f64 = 2.25;

/// How many times as large as those of the safest steps roundings may be, and how many times the
/// tolerance.
const ROUNDED: [f64; 2] = [2.0, 8.0];

/// What the losses of a step of the covariance may be of the columns' sizes: a part of the
/// tolerance that leaves room for columns that become smaller later.
const OF_COLUMNS: f64 = 1.0 / 16.0;

/// Numbers that a piece with its margins holds in the second cache.
const CACHED: usize = 32_000;

/// Places up to which a chain is one piece.
const SHORT: usize = 300;

/// Terms at most.
const MOST_TERMS: usize = 160;

/// The expected number of diagonals above the tolerance at `time`.
pub(super) fn expected_diagonals(
    equation: &Equation<'_>,
    law: &InitialLaw,
    time: f64,
    tolerance: f64,
) -> f64 {
    let all = equation.last_diagonal() as f64;
    if law.covariance.is_some() {
        return all;
    }
    // Two sites a unit of time, in two coordinates a site, until flips have damped them.
    let felt = time.min(-tolerance.min(0.1).ln() / (2.0 * equation.chain.flip_rate));
    (4.0 * felt + 8.0 * felt.cbrt() + 12.0).min(all)
}

/// The evolution between two times in which the same ends follow.
pub(super) struct Run<'a> {
    pub equation: &'a Equation<'a>,
    /// The longest step.
    pub longest: f64,
    /// That of the safest steps.
    pub safe: f64,
    /// The last time.
    last: f64,
    tolerance: Tolerance,
    /// Whether its steps have different lengths.
    uneven: bool,
    /// The error allowed for a unit of time, Frobenius norm.
    allowed: f64,
    /// Terms at most.
    pub terms: usize,
    /// The last diagonal that is stored.
    limit: usize,
    /// Places of a piece.
    piece: usize,
    workspaces: Mutex<Vec<Workspace>>,
}

impl<'a> Run<'a> {
    pub fn new(
        equation: &'a Equation<'a>,
        law: &InitialLaw,
        last: f64,
        tolerance: Tolerance,
        Steps { shorter, uneven, whole, .. }: Steps,
        level: usize,
    ) -> Run<'a> {
        let chain = equation.chain;
        let values = [&law.mean_r, &law.mean_p, &law.var_r, &law.var_p];
        let scale = values.into_iter().map(|v| largest(v)).fold(0.0, f64::max);
        let scale = scale.max(largest(&chain.temperature())).max(chain.force.mean.abs());
        let scale = if scale > 0.0 { scale } else { 1.0 };
        // The force's series has no damping: it follows at the shorter step.
        let forced = FORCE_RADIANS / equation.turning();
        let safest = equation.safe_radians();
        let step = |radians: f64| (shorter * (radians / equation.radius).min(forced)).min(last);
        let most = if equation.sweeps() > 1.0 { FOLLOWED } else { f64::INFINITY };
        let longer = RADIANS.get(level).map_or(0.0, |radians| radians.min(most));
        let (longest, safe) = (step(longer.max(safest)), step(safest));
        let allowed = 0.5 * tolerance.of_scale * scale / last;
        // After the last term the rest of the largest possible state is negligible, in
        // the current of an end, too.
        let weight = 1.0 + 2.0 * equation.shift;
        let least =
            (0.1 * allowed * longest / (scale * (equation.n as f64).sqrt())).max(1e-18 / weight);
        let ratio = equation.radius * longest;
        let (mut terms, mut left) = (1, ratio);
        while terms < MOST_TERMS && (left > least || (terms as f64) < 2.0 * ratio) {
            terms += 1;
            left *= ratio / terms as f64;
        }
        let wide = expected_diagonals(equation, law, last, tolerance.of_scale) as usize;
        let places = (CACHED / (wide + terms)).saturating_sub(2 * terms).max(4 * terms);
        let (limit, mut piece) = match equation.n {
            // The rows of ends that follow are whole.
            n if n <= SHORT || n < 2 * places || whole => (equation.last_diagonal(), n),
            // A piece of a ring must not meet itself.
            n if equation.ring && 2 * (wide + places + 4 * terms) > n => {
                (equation.last_diagonal(), n)
            }
            n if equation.ring => (n / 2 - places - 2 * terms, places),
            _ => (equation.last_diagonal(), places),
        };
        // An end and its neighbour are in one piece.
        while !equation.ring && equation.n % piece == 1 {
            piece += 1;
        }
        let workspaces = Mutex::default();
        Run {
            equation,
            longest,
            safe,
            last,
            tolerance,
            uneven,
            allowed,
            terms,
            limit,
            piece,
            workspaces,
        }
    }

    /// Whether the roundings of such steps are as small as those of the safest ones, or as the
    /// tolerance, where the terms of one became `cancelled` times as large as its state.
    pub fn rounds_little(&self, &Ended { h, cancelled, .. }: &Ended) -> bool {
        let of_all = |step: f64| {
            let factors = 1.0 + 2.0 * self.equation.shift * step;
            (self.last / step).max(1.0) * rounding::TAYLOR_STEP * factors
        };
        let [times, tolerances] = ROUNDED;
        let most = (times * of_all(self.safe)).max(tolerances * self.tolerance.of_scale);
        h <= self.safe || cancelled.iter().all(|cancelled| cancelled * of_all(h) <= most)
    }

    /// What the whole covariance may lose in a unit of time, its smallest column being so large.
    fn allowed_of(&self, column: f64) -> f64 {
        let friction = self.equation.chain.friction().into_iter().fold(1.0, f64::max);
        let of_columns = OF_COLUMNS * self.tolerance.of_columns * column / friction;
        self.allowed.max(0.5 * of_columns / self.last)
    }

    pub fn start(&self, law: &InitialLaw, level: usize) -> Walk {
        let equation = self.equation;
        let (chain, n) = (equation.chain, equation.n);
        let place: Vec<usize> = (0..n).map(|i| equation.coordinate(i)).collect();
        let (mean, mut variance) = (law.mean(), law.variance());
        for (place, temperature) in [0, n - 1].into_iter().zip(equation.held_from) {
            variance[equation.coordinate(place)] -= temperature.unwrap_or(0.0);
        }
        let top = if law.covariance.is_some() { equation.last_diagonal() } else { 0 };
        let piece = |start: usize| {
            let len = self.piece.min(n - start);
            let mut rows = Vec::with_capacity((top + 1) * len);
            rows.extend((start..start + len).map(|i| variance[place[i]]));
            for d in 1..=top {
                let covariance = law.covariance.as_ref().expect("diagonals of a covariance");
                rows.extend((start..start + len).map(|i| match equation.ring {
                    false if i + d >= n => 0.0,
                    _ => covariance[[place[i], place[(i + d) % n]]],
                }));
            }
            let mean = (start..start + len).map(|i| mean[place[i]]).collect();
            Piece { start, len, mean, rows, top: top.min(self.limit) }
        };
        let pieces = (0..n).step_by(self.piece).map(piece).collect();
        let path = TimeIntegrals {
            mean: vec![0.0; n],
            square: vec![0.0; n],
            product: vec![0.0; chain.bonds],
            work: 0.0,
            heat: Some(0.0),
            // Errors only add up: none was larger on the way.
            error: [0.0; 2],
        };
        Walk {
            level,
            column: 0.0,
            stretch: 0,
            step: 0,
            pieces,
            path,
            losses: Losses::default(),
            counts: Counts::default(),
            outputs: Vec::new(),
        }
    }

    /// One step, and the outputs within it; returned are the values at its end.
    pub fn advance(
        &self,
        walk: &mut Walk,
        stretch: &Stretch,
        times: &[Double],
        kept: &[bool],
    ) -> Ended {
        let equation = self.equation;
        let [time, end] = [walk.step, walk.step + 1].map(|steps| stretch.after(steps));
        let since = |t: Double| t.plus(time.negated()).hi;
        let (h, ends) = (since(end), walk.step + 1 == stretch.steps);
        let first = walk.outputs.len();
        let count = times[first..].partition_point(|&t| since(t) < h || ends && since(t) <= h);
        let part = |&t: &Double| (since(t) / h).clamp(0.0, 1.0);
        let parts: Vec<f64> = times[first..first + count].iter().map(part).chain([1.0]).collect();
        let readings: Vec<Reading> = (parts.iter())
            .map(|&part| Reading::new(part, h, equation.shift, self.terms + 1))
            .collect();
        let (force, unused_force) = equation.force(time, h, self.terms + 1);
        let step = Step {
            equation,
            h,
            terms: self.terms,
            force: &force,
            unused_force,
            readings: &readings,
            allowed: self.allowed_of(walk.column) * h,
            allowed_of_means: self.allowed * h,
            limit: self.limit,
        };
        let advance = |index: usize| {
            let pool = || self.workspaces.lock().expect("no thread has panicked");
            let mut workspace = pool().pop().unwrap_or_default();
            let stepped = piece::advance(&step, &walk.pieces, index, &mut workspace);
            pool().push(workspace);
            stepped
        };
        let stepped: Vec<Stepped> = match walk.pieces.len() {
            1 => vec![advance(0)],
            count => (0..count).into_par_iter().map(advance).collect(),
        };
        let norm =
            |of: fn(&Stepped) -> f64| stepped.iter().map(|s| of(s).powi(2)).sum::<f64>().sqrt();
        let most = |of: fn(&Stepped) -> f64| largest_of(stepped.iter().map(of));
        let of_step = OfStep {
            h,
            lost: [norm(|s| s.lost[0]) + norm(|s| s.beyond), norm(|s| s.lost[1])],
            largest: [most(|s| s.largest[0]), most(|s| s.largest[1])],
            moved: [
                most(|s| s.moved[0]),
                most(|s| s.moved[1]),
                most(|s| s.moved[2]),
                most(|s| s.moved[3]),
            ],
            cancelled: [most(|s| s.cancelled[0]), most(|s| s.cancelled[1])],
            uneven: self.uneven,
        };
        let losses = walk.losses.add(equation, &of_step);
        walk.counts.steps += 1;
        walk.counts.solves += stepped.iter().map(|s| s.applications).max().unwrap_or(0);
        let (pieces, reads): (Vec<Piece>, Vec<Vec<Read>>) =
            stepped.into_iter().map(|s| (s.piece, s.reads)).unzip();
        walk.pieces = pieces;
        walk.step += 1;
        for (index, part) in parts[..count].iter().enumerate() {
            let output = first + index;
            let all: Vec<&Read> = reads
                .iter()
                .map(|reads| &reads[if *part == 1.0 { count } else { index }])
                .collect();
            let solution = self.solution(times[output], walk, &losses, &all, kept[output]);
            walk.outputs.push(solution);
        }
        let last = |mut reads: Vec<Read>| reads.pop().expect("the end of a step is read");
        let reads: Vec<Read> = reads.into_iter().map(last).collect();
        let all: Vec<&Read> = reads.iter().collect();
        self.add_integrals(&mut walk.path, &all);
        walk.column = self.smallest_column(&all);
        Ended { h, losses, reads, cancelled: of_step.cancelled }
    }
}

/// The values that every piece reads at the end of a step, and the losses until then.
pub(super) struct Ended {
    /// Its length.
    pub h: f64,
    pub losses: Losses,
    pub reads: Vec<Read>,
    /// See [`Stepped::cancelled`].
    pub cancelled: [f64; 2],
}
