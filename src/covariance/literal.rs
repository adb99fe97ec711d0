//! The literal operator (docs/theory/model.md, (1.5)): 𝓛 on all (2N+1)² entries, assembled sparse
//! and factorized sparse. The judge of everything faster.
//!
//! C is a row-major matrix in the theory's order; 𝓛 = B⊗1 + 1⊗B + 4γ Σ_n |p_n p_n⟩⟨p_n p_n|. Cost:
//! the fill of a two-dimensional grid of side 2N+1, O(N³) time and O(N² log N) memory with a large
//! constant ([`Literal::bytes`]). Error: rounding.

use super::{Diagonals, MomentEquations, Rate, SolveError, SolveReport, Source, Target};
use crate::chain::Chain;
use crate::cost::Cost;
use crate::numerics::vector::largest_norm;
use faer::linalg::solvers::Solve;
use faer::sparse::linalg::solvers::{Lu, SymbolicLu};
use faer::sparse::{SparseColMat, Triplet};
use faer::traits::ComplexField;
use ndarray::Array2;
use num_complex::Complex64;
use sprs::{CsMat, TriMat};

/// The literal moment equations.
pub struct Literal {
    chain: Chain,
    drift: CsMat<f64>,
    generator: CsMat<f64>,
}

impl Literal {
    /// Assembles B and 𝓛.
    pub fn new(chain: &Chain) -> Literal {
        let drift = chain.drift();
        let generator = generator(chain, &drift);
        Literal { chain: chain.clone(), drift, generator }
    }

    /// The same with r_n of this bond held: B and 𝓛 of an unpinned ring, which keeps Σ r and its
    /// variance, become invertible where nothing else is kept. Their solutions have r_n = 0 and
    /// Var r_n = 0; the others differ by multiples of z_n = 1/k_n and of z zᵀ.
    pub fn holding(chain: &Chain, bond: usize) -> Literal {
        let literal = Literal::new(chain);
        let held = |a: &CsMat<f64>, row: usize| {
            let mut all = TriMat::new(a.shape());
            let others = a.iter().filter(|(_, (i, _))| *i != row);
            others.for_each(|(&v, (i, j))| all.add_triplet(i, j, v));
            all.add_triplet(row, row, -1.0);
            all.to_csr()
        };
        let drift = held(&literal.drift, bond);
        let generator = held(&literal.generator, bond * (chain.coordinates() + 1));
        Literal { drift, generator, ..literal }
    }

    /// 𝓛 as a sparse matrix on the row-major entries of C.
    pub fn operator(&self) -> &CsMat<f64> {
        &self.generator
    }

    /// Memory that a complex factorization needs at its height, in bytes: 52 n² log₂² n, n = 2N+1
    /// (seen within a factor 2 for N = 16 ... 64).
    pub fn bytes(bonds: usize) -> f64 {
        let n = 2.0 * bonds as f64 + 1.0;
        52.0 * n * n * n.log2().powi(2)
    }

    /// The cost of `solves` solves, each of which factorizes anew.
    pub fn cost(bonds: usize, solves: f64) -> Cost {
        Cost {
            bytes: Literal::bytes(bonds),
            seconds: solves * 1e-7 * (2.0 * bonds as f64 + 1.0).powi(3),
        }
    }

    /// Refuses a size whose factorization would not fit in [`Literal::LARGEST`].
    pub fn fits(bonds: usize) -> Result<(), String> {
        let needed = Literal::bytes(bonds);
        if needed <= Literal::LARGEST {
            return Ok(());
        }
        Err(format!(
            "literal: the factorization for N = {bonds} would need about {:.0} GiB, of {:.0} GiB allowed; the default method needs O(N²): leave out the method",
            needed / 2f64.powi(30),
            Literal::LARGEST / 2f64.powi(30)
        ))
    }

    /// The largest factorization that is tried, in bytes.
    pub const LARGEST: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;
}

/// σ - 𝓛 factorized for many right-hand sides.
pub struct Factored {
    shift: Complex64,
    factors: Factors<Complex64>,
}

impl Factored {
    /// σ
    pub fn shift(&self) -> Complex64 {
        self.shift
    }
}

impl Literal {
    /// Factorizes σ - 𝓛. Errors: `Singular` where σ is an eigenvalue. Cost: [`Literal::cost`].
    pub fn factored(&self, shift: Complex64) -> Result<Factored, SolveError> {
        let factors = Factors::new(&self.generator, shift, Complex64::from);
        let factors = factors.ok_or(SolveError::Singular { shift })?;
        Ok(Factored { shift, factors })
    }

    /// [`MomentEquations::solve`] with a factorization at hand; returns the largest correction of
    /// the refinement on the diagonal of X.
    pub fn solve_with(
        &self,
        factored: &Factored,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<f64, SolveError> {
        let n = self.chain.coordinates();
        let solved = factored.factors.solve(&self.right_hand_side(&source));
        if !solved.x.iter().all(|x| x.is_finite()) {
            return Err(SolveError::Singular { shift: factored.shift });
        }
        add_to(targets, &solved.x);
        Ok(largest_norm((0..n).map(|i| solved.correction[i * (n + 1)])))
    }

    /// The source as entries of C.
    fn right_hand_side(&self, source: &Source<'_>) -> Vec<Complex64> {
        let n = self.chain.coordinates();
        let mut r = match source.state {
            Some(y) => y.iter().map(|&y| source.scale * y).collect(),
            None => vec![Complex64::ZERO; n * n],
        };
        for (site, q) in source.momenta.iter().enumerate() {
            r[(self.chain.positions() + site) * (n + 1)] += q;
        }
        r
    }

    /// X(p, r) of a bond and the atom to its left; r is a difference of displacements in a pinned
    /// chain.
    fn correlation(&self, x: &[Complex64], bond: usize) -> Complex64 {
        let n = self.chain.coordinates();
        if self.chain.is_pinned() {
            let (left, right) = self.chain.bond_ends(bond);
            let row = (self.chain.positions() + left) * n;
            return x[row + right] - x[row + left];
        }
        let (p, r) = self.chain.left_pair(bond);
        x[p * n + r]
    }
}

/// The solution of 𝓛 C + diag(source) = 0 for a drift whose coordinate i gets `flips`_i C_ii back,
/// row by row.
pub struct Settled {
    /// C
    pub covariance: Vec<f64>,
    /// The largest correction of the refinement on the diagonal.
    pub error: f64,
    /// The relative residual.
    pub residual: f64,
}

/// The covariance in the long run in any coordinates; `Singular` where something is kept.
pub fn settled(drift: &CsMat<f64>, flips: &[f64], source: &[f64]) -> Result<Settled, SolveError> {
    let n = drift.rows();
    let operator = generator_of(drift, flips.iter().copied().enumerate());
    let mut b = vec![0.0; n * n];
    source.iter().enumerate().for_each(|(i, q)| b[i * (n + 1)] = *q);
    let solved = solve(&operator, 0.0, &b, |v| v)
        .filter(|solved| solved.x.iter().all(|x| x.is_finite()))
        .ok_or(SolveError::Singular { shift: Complex64::ZERO })?;
    let corrections = (0..n).map(|i| solved.correction[i * (n + 1)].abs());
    let error = corrections.fold(0.0, f64::max);
    Ok(Settled { covariance: solved.x, error, residual: solved.residual })
}

/// The solution of B z + f = 0 in any coordinates.
pub fn settled_mean(drift: &CsMat<f64>, f: &[f64]) -> Result<Vec<f64>, SolveError> {
    let found = solve(drift, 0.0, f, |v| v);
    let singular = SolveError::Singular { shift: Complex64::ZERO };
    found.filter(|found| found.x.iter().all(|x| x.is_finite())).map(|s| s.x).ok_or(singular)
}

fn generator(chain: &Chain, drift: &CsMat<f64>) -> CsMat<f64> {
    let rates = chain.flip_rates().into_iter().enumerate();
    generator_of(drift, rates.map(|(site, rate)| (chain.positions() + site, 4.0 * rate)))
}

/// B⊗1 + 1⊗B, and what flips give back to single variances.
fn generator_of(drift: &CsMat<f64>, flips: impl Iterator<Item = (usize, f64)>) -> CsMat<f64> {
    let n = drift.rows();
    let mut l = TriMat::new((n * n, n * n));
    for (&b, (i, k)) in drift.iter() {
        for j in 0..n {
            l.add_triplet(i * n + j, k * n + j, b); // B C
            l.add_triplet(j * n + i, j * n + k, b); // C Bᵀ
        }
    }
    for (p, rate) in flips {
        l.add_triplet(p * n + p, p * n + p, rate);
    }
    l.to_csr()
}

/// A solution and what was learnt of its error.
struct Solved<T> {
    x: Vec<T>,
    /// ‖b - (σ - A)x‖/‖b‖ before the refinement
    residual: f64,
    /// The refinement, component by component.
    correction: Vec<T>,
}

/// σ - A factorized.
struct Factors<T: ComplexField<Real = f64>> {
    matrix: SparseColMat<usize, T>,
    lu: Lu<usize, T>,
}

impl<T: ComplexField<Real = f64> + Copy> Factors<T> {
    /// `None` when σ is an eigenvalue.
    fn new(a: &CsMat<f64>, shift: T, from: impl Fn(f64) -> T) -> Option<Factors<T>> {
        let n = a.rows();
        let mut entries: Vec<Triplet<usize, usize, T>> =
            a.iter().map(|(&v, (i, j))| Triplet::new(i, j, from(-v))).collect();
        entries.extend((0..n).map(|i| Triplet::new(i, i, shift)));
        let matrix = SparseColMat::try_new_from_triplets(n, n, &entries).ok()?;
        let symbolic = SymbolicLu::try_new(matrix.symbolic()).ok()?;
        let lu = Lu::try_new_with_symbolic(symbolic, matrix.as_ref()).ok()?;
        Some(Factors { matrix, lu })
    }

    /// Solves (σ - A) x = b with one step of iterative refinement.
    fn solve(&self, b: &[T]) -> Solved<T> {
        let n = b.len();
        let b = faer::Col::from_fn(n, |i| b[i]);
        let mut x = b.clone();
        self.lu.solve_in_place(x.as_mut().as_mat_mut());
        let mut correction = &b - &self.matrix * &x;
        let size = b.norm_l2();
        let residual = if size == 0.0 { 0.0 } else { correction.norm_l2() / size };
        self.lu.solve_in_place(correction.as_mut().as_mat_mut());
        x += &correction;
        let list = |v: &faer::Col<T>| (0..n).map(|i| v[i]).collect::<Vec<T>>();
        Solved { x: list(&x), residual, correction: list(&correction) }
    }
}

/// Solves (σ - A) x = b with one step of iterative refinement; `None` when σ is an eigenvalue.
fn solve<T: ComplexField<Real = f64> + Copy>(
    a: &CsMat<f64>,
    shift: T,
    b: &[T],
    from: impl Fn(f64) -> T,
) -> Option<Solved<T>> {
    Some(Factors::new(a, shift, from)?.solve(b))
}

/// [`solve`] in real arithmetic where everything is real.
fn shifted(
    a: &CsMat<f64>,
    shift: Complex64,
    b: &[Complex64],
) -> Result<Solved<Complex64>, SolveError> {
    let real = shift.im == 0.0 && b.iter().all(|b| b.im == 0.0);
    let solved = if real {
        let b: Vec<f64> = b.iter().map(|b| b.re).collect();
        let widen = |x: Vec<f64>| x.into_iter().map(Complex64::from).collect();
        solve(a, shift.re, &b, |v| v).map(|s| Solved {
            x: widen(s.x),
            residual: s.residual,
            correction: widen(s.correction),
        })
    } else {
        solve(a, shift, b, Complex64::from)
    };
    solved.filter(|s| s.x.iter().all(|x| x.is_finite())).ok_or(SolveError::Singular { shift })
}

/// Adds Re(weight x) to every target.
fn add_to(targets: &mut [Target<'_>], x: &[Complex64]) {
    for target in targets {
        for (out, x) in target.state.iter_mut().zip(x) {
            *out += (target.weight * x).re;
        }
    }
}

/// Solves (σ - B) z = f with the sparse matrix and one refinement, O(N).
pub fn solve_drift(
    chain: &Chain,
    shift: Complex64,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    Ok(shifted(&chain.drift(), shift, f)?.x)
}

impl MomentEquations for Literal {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn state_len(&self) -> usize {
        self.chain.coordinates().pow(2)
    }

    fn represent(&self, covariance: &Array2<f64>) -> Vec<f64> {
        covariance.iter().copied().collect()
    }

    fn matrix(&self, state: &[f64]) -> Array2<f64> {
        let n = self.chain.coordinates();
        Array2::from_shape_vec((n, n), state.to_vec()).expect("a state has n² entries")
    }

    fn norm(&self, state: &[f64]) -> f64 {
        state.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    fn generator(&self, state: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; state.len()];
        self.generator.iter().for_each(|(l, (i, j))| out[i] += l * state[j]);
        out
    }

    fn rate(&self, state: &[f64], momenta: &[f64]) -> Rate {
        let (mut change, n) = (self.generator(state), self.chain.coordinates());
        let diagonal = (self.chain.positions()..n).map(|p| p * (n + 1));
        diagonal.clone().zip(momenta).for_each(|(at, q)| change[at] += q);
        let variance: Vec<f64> = diagonal.map(|at| state[at]).collect();
        Rate::new(&self.chain, change, &variance, momenta)
    }

    fn solve_mean(&self, shift: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError> {
        Ok(shifted(&self.drift, shift, f)?.x)
    }

    fn solve(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        tolerance: f64,
    ) -> Result<SolveReport, SolveError> {
        self.solve_diagonals(shift, source, targets, tolerance).map(|(report, _)| report)
    }

    fn solve_diagonals(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
        _tolerance: f64,
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        let n = self.chain.coordinates();
        let solved = shifted(&self.generator, shift, &self.right_hand_side(&source))?;
        add_to(targets, &solved.x);
        let error = largest_norm((0..n).map(|i| solved.correction[i * (n + 1)]));
        let diagonals = Diagonals {
            variance: (0..n).map(|i| solved.x[i * (n + 1)]).collect(),
            correlation: (0..self.chain.bonds)
                .map(|bond| self.correlation(&solved.x, bond))
                .collect(),
            losses: [Complex64::ZERO; 2],
            driven: None,
        };
        let diagonals = diagonals.with_losses(&self.chain);
        let flow_error = error * self.chain.current_weight();
        let residual = solved.residual;
        let report = SolveReport { residual, error, flow_error, ..Default::default() };
        Ok((report, diagonals))
    }
}
