//! The covariance C of all coordinates and the one operation everything is made of
//! (docs/theory/shifted-solves.md, (3.1)):
//!
//! ```text
//! (σ - 𝓛) X = R,     𝓛X = B X + X Bᵀ + 4γ diag_p(X_pp),
//! ```
//!
//! for σ real or complex and R = α Y + diag_p(q) with a real symmetric Y. [`MomentEquations`] is
//! what an integrator, a contour or a stationary state asks of it. Two implementations:
//! [`literal::Literal`], the sparse matrix, is the judge; [`modal::Modal`], O(N²), is the one that
//! is used.

mod answer;
mod consistency;
mod diagonals;
pub mod direct;
pub mod filed;
mod friction;
pub mod independent;
mod interface;
mod kept;
pub mod literal;
mod mean;
pub mod modal;
pub mod moments;
mod packed;
mod pair;
mod pass;
pub mod periodic;
mod preconditioner;
pub mod profile;
mod reading;
pub mod source;
pub mod squares;

use crate::chain::Chain;
use crate::monitor::Interrupted;
use crate::numerics::vector::largest_of;
use ndarray::Array2;
use num_complex::Complex64;

/// Right-hand side of a shifted solve: α Y + diag_p(q), q at the momenta.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Y, in the representation of the solver that is asked; `None` for zero.
    pub state: Option<&'a [f64]>,
    /// α
    pub scale: Complex64,
    /// q, one entry per atom.
    pub momenta: &'a [Complex64],
}

/// Adds Re(weight · X) to a state.
pub struct Target<'a> {
    /// The factor.
    pub weight: Complex64,
    /// The state to which it is added.
    pub state: &'a mut [f64],
}

/// One of several equations that are solved together.
pub struct Shifted<'a> {
    /// σ
    pub shift: Complex64,
    /// R
    pub source: Source<'a>,
    /// The factor of X in every state.
    pub weights: Vec<Complex64>,
}

/// The moments of one (complex) covariance X that profiles are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagonals {
    /// X_ii in the theory's order r, p.
    pub variance: Vec<Complex64>,
    /// X(p, r) of every bond with the atom to its left.
    pub correlation: Vec<Complex64>,
    /// λ X(p, p) at the left and the right end, 0 without a thermostat.
    pub losses: [Complex64; 2],
    /// The same less what the start has at once, where a solve knows that to its own digits.
    pub driven: Option<Driven>,
}

/// What neighbours and sources drive the losses at the ends by. With R = Y + diag_p(q),
///
/// ```text
/// (σ + 2λ) X(p, p) = Y(p, p) + q ± 2 X(p, r),      λ X(p, p) - λ Y(p, p)/(σ + 2λ)
/// ```
///
/// is what of λ X(p, p) is left in time when e^(-2λτ) has gone: where friction is strong, a small
/// part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Driven {
    /// λ X(p, p) - λ Y(p, p)/(σ + 2λ) at both ends.
    pub losses: [Complex64; 2],
    /// The error of these and of the correlations.
    pub error: f64,
}

impl Diagonals {
    /// The losses made of the variances.
    pub(crate) fn with_losses(mut self, chain: &Chain) -> Diagonals {
        let [left, right] = chain.friction();
        self.losses = [
            left * self.variance[chain.positions()],
            right * self.variance[self.variance.len() - 1],
        ];
        self
    }
}

/// The iterations and errors of a shifted solve.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SolveReport {
    /// Krylov iterations (0 for a factorization).
    pub iterations: usize,
    /// ‖residual‖/‖right-hand side‖ of the equation solved, after the last refinement.
    pub residual: f64,
    /// Estimated largest error of a variance of X: the next correction that refinement would make.
    pub error: f64,
    /// The same of a correlation that carries current, X(p_(n-1), r_n), and of λ X(p, p) at the
    /// thermostats. Errors are smooth, so that this is smaller by some N where the diagonals are
    /// asked for. Otherwise it is the norm of the error of the ends' columns, or max(1, λ) times
    /// the other.
    pub flow_error: f64,
    /// The part of `error` that a second quadrature shows; 0 where there is none.
    pub quadrature: f64,
    /// Whether the solve was direct, in 32 digits ([`direct`]): the diagonals then hold no
    /// roundings but those of writing them down.
    pub direct: bool,
}

/// 𝓛X + diag_p(q), and how large its terms are: its roundings are a part of them.
#[derive(Debug, Clone)]
pub struct Rate {
    /// The sum.
    pub change: Vec<f64>,
    /// The largest 4γ X(p, p) of an atom.
    pub flips: f64,
    /// The largest 2λ X(p, p) of an atom, and q there.
    pub ends: f64,
}

impl Rate {
    pub(crate) fn new(chain: &Chain, change: Vec<f64>, variance: &[f64], q: &[f64]) -> Rate {
        let friction = chain.thermostats().0;
        let taken = friction.iter().zip(variance).zip(q);
        Rate {
            change,
            flips: 4.0
                * largest_of(variance.iter().zip(chain.flip_rates()).map(|(d, rate)| rate * d)),
            ends: largest_of(taken.map(|((friction, d), q)| (2.0 * friction * d).abs() + q.abs())),
        }
    }
}

/// Why a shifted solve failed.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum SolveError {
    /// The iteration ended above its tolerance.
    #[error(
        "the shifted solve at σ = {shift:.3e} stopped at a relative residual of \
         {residual:.1e} after {iterations} iterations (asked: {tolerance:.1e}); the rates of this \
         chain (flips, frictions, 1/time) are too far apart for the iteration at this size"
    )]
    NotConverged {
        /// σ
        shift: Complex64,
        /// Iterations done.
        iterations: usize,
        /// Residual reached.
        residual: f64,
        /// Residual asked.
        tolerance: f64,
    },
    /// σ is an eigenvalue of 𝓛 (or of B).
    #[error(
        "σ = {shift:.3e} is an eigenvalue of the operator: the equation has no unique solution"
    )]
    Singular {
        /// σ
        shift: Complex64,
    },
    /// The caller ended the run.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// The moment equations dz̄/dτ = B z̄ + f, dC/dτ = 𝓛C + diag_p(q) of one chain, in some
/// representation of C as a vector of real numbers. Means are in the theory's order r, p.
pub trait MomentEquations: Sync {
    /// The chain.
    fn chain(&self) -> &Chain;

    /// Length of the vector that represents C.
    fn state_len(&self) -> usize;

    /// Represents a symmetric matrix given in the theory's order.
    fn represent(&self, covariance: &Array2<f64>) -> Vec<f64>;

    /// The matrix that a vector represents, in the theory's order.
    fn matrix(&self, state: &[f64]) -> Array2<f64>;

    /// Frobenius norm of the matrix that a vector represents.
    fn norm(&self, state: &[f64]) -> f64;

    /// 𝓛X of a state.
    fn generator(&self, state: &[f64]) -> Vec<f64> {
        self.rate(state, &vec![0.0; self.chain().atoms()]).change
    }

    /// 𝓛X + diag_p(q) in one sum, because a strong friction and its noise may cancel.
    fn rate(&self, state: &[f64], momenta: &[f64]) -> Rate;

    /// Solves (σ - B) z = f.
    fn solve_mean(&self, shift: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError>;

    /// The same, with fewer digits where that takes less time: for answers that are refined.
    fn approximate_mean(
        &self,
        shift: Complex64,
        f: &[Complex64],
    ) -> Result<Vec<Complex64>, SolveError> {
        self.solve_mean(shift, f)
    }

    /// Solves (σ - 𝓛) X = R and adds Re(weight · X) to every target. `tolerance` bounds the
    /// relative residual.
    fn solve(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<SolveReport, SolveError>;

    /// [`MomentEquations::solve`], and the diagonals of X.
    fn solve_diagonals(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<(SolveReport, Diagonals), SolveError>;

    /// Solves independent equations (σ_i - 𝓛) X_i = R_i side by side and adds Re Σ_i weights_ij X_i
    /// to state j.
    fn solve_all(
        &self,
        equations: &[Shifted<'_>],
        states: &mut [&mut [f64]],
        tolerance: f64,
    ) -> Result<Vec<SolveReport>, SolveError> {
        one_by_one(self, equations, states, tolerance)
    }
}

/// [`MomentEquations::solve_all`], one equation after the other.
fn one_by_one<E: MomentEquations + ?Sized>(
    moments: &E,
    equations: &[Shifted<'_>],
    states: &mut [&mut [f64]],
    tolerance: f64,
) -> Result<Vec<SolveReport>, SolveError> {
    let solve = |equation: &Shifted<'_>| {
        let pairs = equation.weights.iter().zip(states.iter_mut());
        let mut targets: Vec<_> = pairs.map(|(&weight, state)| Target { weight, state }).collect();
        moments.solve(equation.shift, equation.source, &mut targets, tolerance)
    };
    equations.iter().map(solve).collect()
}
