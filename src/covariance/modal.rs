//! The moment equations in the cosine basis: (σ - 𝓛) X = R in O(N²) time and memory.
//!
//! C is held in the modes, packed (src/covariance/packed.rs): half of the full matrix. One solve is
//! one pass over the pairs to read the right-hand side, a pass of O(N) memory for each iteration of
//! GMRES on the interface (src/covariance/interface.rs), and one pass to write the answer. The
//! residual returned is that of the interface equation, whose solution determines X exactly pair by
//! pair; [`super::literal`] is the judge. Source: docs/theory/shifted-solves.md, (3.1).

use super::answer::{self, Answer};
use super::direct::{self, Direct};
use super::friction::End;
use super::independent::Independent;
use super::interface::{Given, Interface, Start};
use super::kept::{Guess, Kept};
use super::pass::{self, Complex, Field, Real};
use super::preconditioner::Preconditioner;
use super::{
    Diagonals, MomentEquations, Rate, Shifted, SolveError, SolveReport, Source, Target, mean,
    packed,
};
use crate::chain::Chain;
use crate::chain::modes::Modes;
use crate::monitor::Monitor;
use crate::numerics::gmres::{self, Outcome};
use crate::numerics::vector::{Vector, euclidean_norm, largest_norm, largest_of};
use ndarray::Array2;
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The moment equations of one chain in its modes.
pub struct Modal {
    chain: Chain,
    modes: Modes,
    ends: Vec<End>,
    /// ψ_k at the left end.
    shape: Vec<f64>,
    groups: Vec<Range<usize>>,
    monitor: Monitor,
    /// Made when the first equation asks for it.
    direct: OnceLock<Direct>,
    /// Solves whose diagonals are read are direct: the contour's and those of stationary states.
    read_directly: bool,
    /// All solves are, steps too.
    always_direct: bool,
    solved_directly: AtomicUsize,
}

/// The answer to one equation, its interface, and samples of the interface's error.
pub(super) struct Solved<'a> {
    pub answer: Answer<'a>,
    pub w: Vector,
    pub errors: Vec<Vector>,
    pub report: SolveReport,
    real: bool,
}

/// A residual that rounding keeps above the tolerance is no failure below this, nor below this part
/// of the solution: the error it leaves is in the report.
const UNREFINED: f64 = 1e-9;
const BACKWARD: f64 = 1e-13;

impl Modal {
    /// Prepares the modes.
    pub fn new(chain: &Chain) -> Modal {
        chain.assert_homogeneous();
        let modes = Modes::new(chain);
        let shape = (0..modes.count()).map(|k| modes.at_left_end(k)).collect();
        let groups = pass::groups(modes.count());
        Modal {
            chain: chain.clone(),
            modes,
            ends: End::of(chain),
            shape,
            groups,
            monitor: Monitor::default(),
            direct: OnceLock::new(),
            read_directly: direct::is_worth_it(chain),
            always_direct: false,
            solved_directly: AtomicUsize::new(0),
        }
    }

    /// The same, where a small chain's equations are all solved directly ([`direct`]), not only
    /// those whose iteration stops and those whose profiles are read where
    /// [`direct::is_worth_it`].
    pub fn solved_directly(self) -> Modal {
        let always_direct = direct::serves(&self.chain);
        Modal { always_direct, ..self }
    }

    /// The number of equations that were solved directly so far.
    pub fn direct_solves(&self) -> usize {
        self.solved_directly.load(Ordering::Relaxed)
    }

    /// The direct solve in place of the iteration: always, or where that has stopped.
    fn directly(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        self.monitor.check()?;
        self.solved_directly.fetch_add(1, Ordering::Relaxed);
        let direct = self.direct.get_or_init(|| Direct::new(&self.chain));
        direct.solve(shift, source, targets)
    }

    /// Whether the direct solve takes over from an iteration that ended like this.
    fn falls_back(&self, error: &SolveError) -> bool {
        matches!(error, SolveError::NotConverged { .. }) && direct::serves(&self.chain)
    }

    /// The same, whose solves tell `monitor` of every iteration.
    pub fn watched_by(self, monitor: Monitor) -> Modal {
        Modal { monitor, ..self }
    }

    fn interface(&self, shift: Complex64) -> Interface<'_> {
        Interface {
            modes: &self.modes,
            ends: &self.ends,
            shape: &self.shape,
            flip_rate: self.chain.flip_rate,
            shift,
            groups: &self.groups,
        }
    }

    /// Solves the interface equation, in real arithmetic where everything is real; `read` says
    /// whether profiles will be read off the answer.
    fn solved<'a>(
        &'a self,
        shift: Complex64,
        source: Source<'a>,
        tolerance: f64,
        read: bool,
    ) -> Result<Solved<'a>, SolveError> {
        if shift == Complex64::ZERO && (self.ends.is_empty() || self.chain.flip_rate == 0.0) {
            return Err(SolveError::Singular { shift });
        }
        let Source { state, scale, momenta } = source;
        let start = state.map_or(Start::Zero, Start::Packed);
        if shift.im == 0.0 && scale.im == 0.0 && momenta.iter().all(|q| q.im == 0.0) {
            self.solved_in::<Real>(shift, (start, scale, momenta), None, tolerance, read)
        } else {
            self.solved_in::<Complex>(shift, (start, scale, momenta), None, tolerance, read)
        }
    }

    /// Solves (σ - 𝓛) X = Y + diag_p(q) of an open chain and keeps X as O(N) numbers. The iteration
    /// begins with the `guess` of what is read off X.
    pub fn keep<'a>(
        &'a self,
        shift: Complex64,
        start: Option<&'a Independent>,
        momenta: &[Complex64],
        guess: Option<Guess>,
        tolerance: f64,
    ) -> Result<Kept<'a>, SolveError> {
        let start = start.map_or(Start::Zero, Start::Independent);
        let given = (start, Complex64::ONE, momenta);
        let guess = guess.map(|guess| self.of_guess(guess));
        let Solved { answer, w, report, .. } =
            self.solved_in::<Complex>(shift, given, guess, tolerance, true)?;
        let size = largest_norm((0..self.modes.count()).map(|n| w.at(n)));
        Ok(Kept { answer, report, size })
    }

    /// The coordinates whose columns of X are read, those of the momenta at the thermostats.
    pub fn read_columns(&self) -> Vec<usize> {
        let bonds = self.chain.bonds;
        let atom = |end: &End| if end.sign > 0.0 { bonds } else { 2 * bonds };
        self.ends.iter().map(atom).collect()
    }

    /// d and the columns in modes, as the interface has them.
    fn of_guess(&self, guess: Guess) -> Vector {
        let mut w = guess.momentum;
        for column in guess.columns {
            let parts = [Complex64::ONE, -Complex64::I].map(|part| {
                let values: Vec<f64> = column.iter().map(|x| (part * x).re).collect();
                self.modes.of_coordinates(&values)
            });
            for block in [1, 0] {
                let pairs = parts[0][block].iter().zip(&parts[1][block]);
                w.extend(pairs.map(|(&re, &im)| Complex64::new(re, im)));
            }
        }
        Vector::from_complex(&w, true)
    }

    /// The modes.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// The groups of rows that a pass hands out.
    pub(super) fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    fn solved_in<'a, F: Field>(
        &'a self,
        shift: Complex64,
        (start, scale, momenta): (Start<'a>, Complex64, &[Complex64]),
        guess: Option<Vector>,
        tolerance: f64,
        read: bool,
    ) -> Result<Solved<'a>, SolveError> {
        let interface = self.interface(shift);
        let momenta = Vector::from_complex(momenta, F::COMPLEX);
        let table = momenta.map_range(0..momenta.len(), |q| self.modes.table(q));
        let given = Given { start, scale, table };
        let b = interface.right_hand_side::<F>(&given);
        let preconditioner = Preconditioner::new::<F>(&interface);
        // Where profiles are read off, the error is judged by coefficients of other roundings:
        // small flip rates lose digits in them.
        let again = |w: &Vector| -> Vec<Vector> {
            let others = if read { self.interface(shift).other_roundings() } else { Vec::new() };
            let residual = |other: &Interface<'_>| {
                let mut residual = other.right_hand_side::<F>(&given);
                residual.add(-Complex64::ONE, &other.apply::<F>(w));
                residual
            };
            others.iter().map(residual).collect()
        };
        let (w, Outcome { iterations, residual, errors }) = gmres::solve(
            &b,
            guess,
            tolerance,
            &self.monitor,
            &|w| interface.apply::<F>(w),
            &|w| preconditioner.apply(w),
            &again,
        )?;
        let floor = tolerance.max(UNREFINED).max(BACKWARD * w.norm() / b.norm());
        if residual.is_nan() || residual > floor {
            return Err(SolveError::NotConverged { shift, iterations, residual, tolerance });
        }
        // The columns of the ends are in modes: no site has more of them than their norm.
        let count = self.modes.count();
        let variances = |e: &Vector| largest_norm((0..count).map(|n| e.at(n)));
        let columns = |e: &Vector| euclidean_norm((count..e.len()).map(|n| e.at(n)));
        let error = largest_of(errors.iter().map(variances));
        let of_columns = largest_of(errors.iter().map(columns));
        let report = SolveReport {
            iterations,
            residual,
            error,
            flow_error: (error * self.chain.current_weight()).max(of_columns),
            ..Default::default()
        };
        let answer = Answer::new(interface, given, &w);
        Ok(Solved { answer, w, errors, report, real: !F::COMPLEX })
    }

    /// Adds the answers, each with its weights, to the states.
    fn emit(&self, solved: &[Solved<'_>], weights: &[&[Complex64]], states: &mut [&mut [f64]]) {
        let choose = |real: bool| -> (Vec<&Answer<'_>>, Vec<&[Complex64]>) {
            let chosen = solved.iter().zip(weights).filter(|(solved, _)| solved.real == real);
            chosen.map(|(solved, weights)| (&solved.answer, *weights)).unzip()
        };
        let (answers, weights) = choose(true);
        answer::emit::<Real>(&answers, &weights, states);
        let (answers, weights) = choose(false);
        answer::emit::<Complex>(&answers, &weights, states);
    }

    fn emit_to(&self, solved: Solved<'_>, targets: &mut [Target<'_>]) {
        let weights: Vec<Complex64> = targets.iter().map(|target| target.weight).collect();
        let mut states: Vec<&mut [f64]> =
            targets.iter_mut().map(|target| &mut *target.state).collect();
        if !states.is_empty() {
            self.emit(&[solved], &[&weights], &mut states);
        }
    }
}

impl MomentEquations for Modal {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn state_len(&self) -> usize {
        packed::row_start(self.modes.count(), self.modes.count())
    }

    fn represent(&self, covariance: &Array2<f64>) -> Vec<f64> {
        packed::of_matrix(&self.modes, covariance)
    }

    fn matrix(&self, state: &[f64]) -> Array2<f64> {
        packed::to_matrix(&self.modes, state)
    }

    fn norm(&self, state: &[f64]) -> f64 {
        packed::norm(self.modes.count(), state)
    }

    fn rate(&self, state: &[f64], momenta: &[f64]) -> Rate {
        answer::rate(&self.chain, &self.interface(Complex64::ONE), state, momenta)
    }

    fn solve_mean(&self, shift: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError> {
        if self.always_direct || self.read_directly {
            return direct::drift::solve(&self.chain, shift, f);
        }
        mean::solve(&self.interface(shift), f)
    }

    fn approximate_mean(
        &self,
        shift: Complex64,
        f: &[Complex64],
    ) -> Result<Vec<Complex64>, SolveError> {
        if self.modes.is_ring() {
            return self.solve_mean(shift, f);
        }
        direct::drift::approximate(&self.chain, shift, f)
    }

    fn solve(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<SolveReport, SolveError> {
        if self.always_direct {
            return self.directly(shift, source, targets).map(|(report, _)| report);
        }
        match self.solved(shift, source, tolerance, false) {
            Ok(solved) => {
                let report = solved.report;
                self.emit_to(solved, targets);
                Ok(report)
            }
            Err(error) if self.falls_back(&error) => {
                self.directly(shift, source, targets).map(|(report, _)| report)
            }
            Err(error) => Err(error),
        }
    }

    fn solve_diagonals(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        if self.always_direct || self.read_directly {
            return self.directly(shift, source, targets);
        }
        let solved = match self.solved(shift, source, tolerance, true) {
            Err(error) if self.falls_back(&error) => {
                return self.directly(shift, source, targets);
            }
            solved => solved?,
        };
        let (report, found) = if solved.real {
            self.diagonals::<Real>(&solved)
        } else {
            self.diagonals::<Complex>(&solved)
        };
        self.emit_to(solved, targets);
        Ok((report, found.with_losses(&self.chain)))
    }

    fn solve_all(
        &self,
        equations: &[Shifted<'_>],
        states: &mut [&mut [f64]],
        tolerance: f64,
    ) -> Result<Vec<SolveReport>, SolveError> {
        if self.always_direct {
            return super::one_by_one(self, equations, states, tolerance);
        }
        let solved = equations
            .par_iter()
            .map(|equation| self.solved(equation.shift, equation.source, tolerance, false));
        let solved: Vec<Result<Solved<'_>, SolveError>> = solved.collect();
        let solved = match solved.into_iter().collect::<Result<Vec<_>, _>>() {
            // Nothing was added to the states yet.
            Err(error) if self.falls_back(&error) => {
                return super::one_by_one(self, equations, states, tolerance);
            }
            solved => solved?,
        };
        let weights: Vec<&[Complex64]> =
            equations.iter().map(|equation| &equation.weights[..]).collect();
        self.emit(&solved, &weights, states);
        Ok(solved.iter().map(|solved| solved.report).collect())
    }
}
