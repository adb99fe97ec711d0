//! Single columns of the answer to (σ - 𝓛) X = R without the answer itself, O(N) a node
//! (docs/theory/correlations.md, (12.2)).
//!
//! Once the variances on the diagonal are known, the flips are a source like any other,
//!
//! ```text
//! X e_j = (1/πi) ∫_0^(i∞) ½ [ G(σ/2+κ) Q G(σ/2-κ)ᵀ + G(σ/2-κ) Q G(σ/2+κ)ᵀ ] e_j dκ,
//! G(s) = (s - B)⁻¹,
//! ```
//!
//! with Q = diag(q) and q the source plus 4γ X(p_n, p_n) on the momenta, on the path of
//! [`super::path`]. Along the chain, y = (p_0, r_1, p_1, .., p_N), s - B is tridiagonal, so that
//! each node costs four eliminations (two at real σ). Open homogeneous chain with flips. Error: a
//! second quadrature, and roundings.

use super::Drive;
use super::path::{Integrand, Node, Quality, path};
use crate::budget::rounding;
use crate::chain::Chain;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::vector::euclidean_norm;
use num_complex::Complex64;
use rayon::prelude::*;

/// Columns in the theory's order, with the error of each in the Euclidean norm.
#[derive(Debug, Clone)]
pub struct Columns {
    /// X e_j for every j.
    pub values: Vec<Vec<Complex64>>,
    /// The Euclidean norm of the error of each.
    pub errors: Vec<f64>,
}

/// Nodes are summed in this many tasks, whose results are added in order: the bits do not depend on
/// the threads.
const TASKS: usize = 16;

/// s - B along the chain, eliminated from the left.
struct Eliminated {
    /// 1/pivot of every row.
    inverse: Vec<Complex64>,
}

impl Eliminated {
    fn new(damping: &[f64], s: Complex64) -> Eliminated {
        let mut inverse: Vec<Complex64> = Vec::with_capacity(damping.len());
        for &damping in damping {
            let before = inverse.last().copied().unwrap_or(Complex64::ZERO);
            inverse.push((s + damping + before).inv());
        }
        Eliminated { inverse }
    }

    /// (s - B)⁻¹ f in place: (s + δ_i) y_i + y_(i-1) - y_(i+1) = f_i.
    fn solve(&self, f: &mut [Complex64]) {
        for i in 1..f.len() {
            let passed = f[i - 1] * self.inverse[i - 1];
            f[i] -= passed;
        }
        let mut next = Complex64::ZERO;
        for (value, inverse) in f.iter_mut().zip(&self.inverse).rev() {
            *value = (*value + next) * inverse;
            next = *value;
        }
    }

    /// ((s - B)⁻¹)ᵀ e_j: with Σ = -1 on elongations, Σ B Σ = Bᵀ.
    fn row(&self, j: usize) -> Vec<Complex64> {
        let mut y = vec![Complex64::ZERO; self.inverse.len()];
        y[j] = Complex64::ONE;
        self.solve(&mut y);
        let sign = |i: usize| if i % 2 == 1 { -1.0 } else { 1.0 };
        y.iter_mut().enumerate().for_each(|(i, y)| *y *= sign(i) * sign(j));
        y
    }
}

fn scale<'a>(values: impl Iterator<Item = &'a mut Complex64>, by: &[Complex64]) {
    values.zip(by).for_each(|(value, by)| *value *= by);
}

/// The place along the chain of a coordinate in the theory's order.
fn along(bonds: usize, index: usize) -> usize {
    if index < bonds { 2 * index + 1 } else { 2 * (index - bonds) }
}

/// The columns `of` (in the theory's order) of X for a source on the momenta that holds the flips
/// too, and one on the elongations, at σ = 0 or any σ that the inner path takes.
pub fn columns(
    chain: &Chain,
    sigma: Complex64,
    drive: Drive<'_>,
    of: &[usize],
    monitor: &Monitor,
) -> Result<Columns, Interrupted> {
    let with =
        |quality: Quality, monitor: &Monitor| sums(chain, sigma, drive, of, quality, monitor);
    let (values, sizes) = with(Quality::FULL, &monitor.part(0.0, 0.5))?;
    let (judge, _) = with(Quality::JUDGE, &monitor.part(0.5, 1.0))?;
    let error = |((x, y), size): ((&Vec<Complex64>, &Vec<Complex64>), &f64)| {
        let distance = euclidean_norm(x.iter().zip(y).map(|(x, y)| x - y));
        distance + rounding::COLUMN * size
    };
    let errors = values.iter().zip(&judge).zip(&sizes).map(error).collect();
    Ok(Columns { values, errors })
}

/// The same columns by one quadrature, not judged.
pub fn columns_once(
    chain: &Chain,
    sigma: Complex64,
    drive: Drive<'_>,
    of: &[usize],
    quality: Quality,
    monitor: &Monitor,
) -> Result<Vec<Vec<Complex64>>, Interrupted> {
    sums(chain, sigma, drive, of, quality, monitor).map(|(values, _)| values)
}

/// The quadrature's sums for every column, and those of its terms' norms.
fn sums(
    chain: &Chain,
    sigma: Complex64,
    drive: Drive<'_>,
    of: &[usize],
    quality: Quality,
    monitor: &Monitor,
) -> Result<(Vec<Vec<Complex64>>, Vec<f64>), Interrupted> {
    let nodes = path(chain, sigma, quality, Integrand::Moments);
    let friction = chain.thermostats().0;
    let mut damping = vec![0.0; chain.coordinates()];
    friction.iter().enumerate().for_each(|(n, f)| damping[2 * n] = 2.0 * chain.flip_rate + f);
    let places: Vec<usize> = of.iter().map(|&index| along(chain.bonds, index)).collect();
    let zero = || places.iter().map(|_| Sum::new(damping.len())).collect::<Vec<_>>();
    let task = |nodes: &[Node]| -> Result<Vec<Sum>, Interrupted> {
        let mut sums = zero();
        for &(kappa, weight) in nodes {
            monitor.check()?;
            let ends = [0.5 * sigma + kappa, 0.5 * sigma - kappa];
            let ends = ends.map(|s| Eliminated::new(&damping, s));
            for (sum, &j) in sums.iter_mut().zip(&places) {
                sum.add(&ends, weight, drive, j, sigma.im == 0.0);
            }
        }
        Ok(sums)
    };
    let size = nodes.len().div_ceil(TASKS).max(1);
    let parts: Vec<_> = nodes.par_chunks(size).map(task).collect();
    let mut total = zero();
    for part in parts {
        for (sum, part) in total.iter_mut().zip(part?) {
            sum.values.iter_mut().zip(&part.values).for_each(|(sum, x)| *sum += x);
            sum.size += part.size;
        }
    }
    monitor.advance(Progress { share: 1.0, time: f64::INFINITY, ..Default::default() })?;
    let theory = |y: &[Complex64]| {
        (0..y.len()).map(|index| y[along(chain.bonds, index)]).collect::<Vec<_>>()
    };
    let sizes = total.iter().map(|sum| sum.size).collect();
    Ok((total.iter().map(|sum| theory(&sum.values)).collect(), sizes))
}

/// One column along the chain, and the sum of its terms' Euclidean norms.
struct Sum {
    values: Vec<Complex64>,
    size: f64,
}

impl Sum {
    fn new(len: usize) -> Sum {
        Sum { values: vec![Complex64::ZERO; len], size: 0.0 }
    }

    /// One node. At real σ the two halves are conjugates of each other.
    fn add(
        &mut self,
        ends: &[Eliminated; 2],
        weight: Complex64,
        drive: Drive<'_>,
        j: usize,
        real: bool,
    ) {
        let half = |left: &Eliminated, right: &Eliminated| {
            let mut y = right.row(j);
            match drive.elongation {
                Some(source) => scale(y.iter_mut().skip(1).step_by(2), source),
                None => y.iter_mut().skip(1).step_by(2).for_each(|y| *y = Complex64::ZERO),
            }
            scale(y.iter_mut().step_by(2), drive.momentum);
            left.solve(&mut y);
            y
        };
        let mut term = half(&ends[0], &ends[1]);
        match real {
            true => term.iter_mut().for_each(|y| *y = y.re.into()),
            false => {
                let other = half(&ends[1], &ends[0]);
                term.iter_mut().zip(&other).for_each(|(y, other)| *y = 0.5 * (*y + other));
            }
        }
        self.size += weight.norm() * euclidean_norm(&term);
        self.values.iter_mut().zip(&term).for_each(|(sum, y)| *sum += weight * y);
    }
}
