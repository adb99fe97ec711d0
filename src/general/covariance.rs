//! The whole stationary covariance of any open chain with thermostats, O(N²) a frequency
//! (docs/theory/general.md, (16.6)).
//!
//! Along the line y, with the coldest temperature T_c split off and q the noise of the momenta that
//! is left, flips included ([`super::stationary`]),
//!
//! ```text
//! C = T_c + (1/π) Re ∫_0^∞ G diag(q) G* dω,      G = (iω - B)⁻¹.
//! ```
//!
//! G is semiseparable: right of its source an entry is L = `from_left` times the one before it,
//! left of it R = `from_right` times the next. So one row i of the product is two recurrences in j
//! > i,
//!
//! ```text
//! T_i = Σ_(m≤i) |G_im|² q_m,     T_(j+1) = conj(L_(j+1)) (T_j + [j > i] ρ_j |G_jj|² q_j),
//! ρ_i = 1,                       ρ_(j+1) = ρ_j R_j,
//! (G diag(q) G*)_ij = T_j + ρ_j Σ_(m≥j) |G_jm|² q_m,
//! ```
//!
//! of which T holds all sources before j and ρ those from j on. Memory: four matrices of (2N+1)²
//! numbers. Error: a second rule, and what the kinetic temperatures are wrong by: ±e in all of them
//! change C by at most e in the operator norm, the answer to a positive source being positive.

use super::Model;
use super::line::Line;
use super::resolvent::Resolvent;
use super::stationary::Stationary;
use crate::cost::Cost;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::vector::largest_of;
use ndarray::Array2;
use num_complex::Complex64;
use rayon::prelude::*;

/// The number of frequencies added to a row before the next row is taken.
const BLOCK: usize = 32;
/// Products along the chain whose square is below this are set to zero.
const NOTHING: f64 = 1e-200;
/// How far a frequency is followed along the line, in units of the band's edge over the least
/// damping.
const FELT: f64 = 100.0;
/// Seconds of processor time for an entry and a frequency (seen: 3 s at N = 1000 and γ = 0.5, 45 s
/// at γ = 0.01).
const ENTRY: f64 = 6e-9;

/// The covariance in the long run, in the theory's order.
#[derive(Debug, Clone)]
pub struct Covariance {
    /// z̄
    pub mean: Vec<f64>,
    /// C
    pub matrix: Array2<f64>,
    /// A bound of the error of every entry.
    pub error: f64,
}

/// The contribution of one frequency.
struct Node {
    weight: f64,
    from_right: Vec<Complex64>,
    /// conj(L)
    from_left: Vec<Complex64>,
    /// |G_jj|² q_j
    own: Vec<f64>,
    /// Σ_(m≤j) |G_jm|² q_m and Σ_(m≥j) |G_jm|² q_m
    before: Vec<f64>,
    beyond: Vec<f64>,
}

impl Node {
    fn new(line: &Line, noise: &[f64], (frequency, weight): (f64, f64)) -> Node {
        let n = line.len;
        let found = Resolvent::new(line, Complex64::new(0.0, frequency));
        let own: Vec<f64> =
            found.diagonal.iter().zip(noise).map(|(g, q)| g.norm_sqr() * q).collect();
        let (mut before, mut beyond) = (own.clone(), own.clone());
        for j in 1..n {
            before[j] += found.from_left[j].norm_sqr() * before[j - 1];
        }
        for j in (0..n - 1).rev() {
            beyond[j] += found.from_right[j].norm_sqr() * beyond[j + 1];
        }
        let from_left = found.from_left.iter().map(|l| l.conj()).collect();
        Node { weight, from_right: found.from_right, from_left, own, before, beyond }
    }

    /// Adds its part of row i, from the diagonal on.
    fn add(&self, i: usize, row: &mut [f64]) {
        let last = row.len() - 1;
        let small = |z: Complex64| z.norm_sqr() < NOTHING;
        let (mut t, mut rho) = (Complex64::from(self.before[i]), Complex64::ONE);
        row[0] += self.weight * (self.before[i] + self.beyond[i] - self.own[i]);
        for (k, entry) in row.iter_mut().enumerate().skip(1) {
            let j = i + k;
            rho *= self.from_right[j - 1];
            t *= self.from_left[j];
            *entry += self.weight * (t.re + rho.re * self.beyond[j]);
            if k < last {
                t += rho * self.own[j];
            }
            if small(rho) {
                rho = Complex64::ZERO;
                if small(t) {
                    break;
                }
            }
        }
    }
}

/// Σ over the frequencies of one rule, the upper half row by row; each entry adds them up in their
/// order.
fn upper(
    line: &Line,
    noise: &[f64],
    nodes: &[(f64, f64)],
    monitor: &Monitor,
) -> Result<Vec<Vec<f64>>, Interrupted> {
    let n = line.len;
    let mut rows: Vec<Vec<f64>> = (0..n).map(|i| vec![0.0; n - i]).collect();
    for (k, block) in nodes.chunks(BLOCK).enumerate() {
        let block: Vec<Node> = block.par_iter().map(|&node| Node::new(line, noise, node)).collect();
        rows.par_iter_mut()
            .enumerate()
            .for_each(|(i, row)| block.iter().for_each(|node| node.add(i, row)));
        let share = ((k + 1) * BLOCK) as f64 / nodes.len() as f64;
        monitor.advance(Progress { share: share.min(1.0), ..Progress::default() })?;
    }
    Ok(rows)
}

/// The covariance of the state in the long run; under forces that oscillate, its average over a
/// period.
pub fn covariance(
    model: &Model,
    found: &Stationary,
    monitor: &Monitor,
) -> Result<Covariance, Interrupted> {
    let line = Line::new(model);
    let mut noise = vec![0.0; line.len];
    for (n, strength) in found.strength.iter().enumerate() {
        noise[line.momentum(n)] = *strength;
    }
    let by = |nodes: &[(f64, f64)], part: Monitor| -> Result<Array2<f64>, Interrupted> {
        let rows = upper(&line, &noise, nodes, &part)?;
        let mut along = Array2::zeros((line.len, line.len));
        for (i, row) in rows.into_iter().enumerate() {
            for (k, x) in row.into_iter().enumerate() {
                (along[[i, i + k]], along[[i + k, i]]) = (x, x);
            }
            along[[i, i]] += found.coldest;
        }
        Ok(line.in_theory(&along))
    };
    let matrix = by(&found.quadrature.nodes, monitor.part(0.0, 0.45))?;
    let second = by(&found.quadrature.second, monitor.part(0.45, 1.0))?;
    let apart = largest_of(matrix.iter().zip(&second).map(|(a, b)| a - b));
    let temperatures = found.profile.general.as_ref().expect("a chain with coefficients");
    let hottest = largest_of(temperatures.temperature.iter().copied());
    let relative = found.quadrature.missing + super::stationary::rounding(model.atoms());
    // The variances of the coordinates at temperature 1.
    let soft = match model.is_pinned() {
        true => model.gibbs_displacements(),
        false => model.gibbs_elongations(),
    };
    let reach = largest_of(soft.into_iter().chain(model.mass.iter().copied()));
    let error = apart + reach * (temperatures.errors[0] + relative * hottest);
    let profile = &found.profile;
    let positions = match model.is_pinned() {
        true => &temperatures.mean_q[..],
        false => &profile.mean_r[1..],
    };
    let mean = [positions, &profile.mean_p].concat();
    Ok(Covariance { mean, matrix, error })
}

/// The cost of [`covariance`] for N bonds of a chain like this: half of (2N+1)² entries at each of
/// some thousand frequencies, as far along the chain as they are felt.
pub fn cost(model: &Model, bonds: usize, nodes: f64) -> Cost {
    let n = 2.0 * bonds as f64 + 2.0;
    let felt = FELT * model.largest_frequency() / model.least_damping();
    Cost { bytes: 4.0 * 8.0 * n * n, seconds: ENTRY * nodes * n * felt.min(n / 2.0) }
}
