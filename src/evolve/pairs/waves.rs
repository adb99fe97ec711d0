//! The damped waves of a short chain, B v = μ v, in 32 digits, and the means as sums of them and of
//! what the force drives.
//!
//! Σ B Σ = Bᵀ makes vᵀ Σ v' = 0 of two waves with different rates, so that V⁻¹ = Vᵀ Σ where every
//! wave is scaled to vᵀ Σ v = 1. Found in doubles, then mended by Newton's method with residuals of
//! 32 digits. Cost: O(n³) for each of n/2 waves. There are none where two
//! rates coincide, but for the mirror images in a chain with equal ends.

use super::super::turning::Turning;
use crate::chain::{Chain, Double, InitialLaw};
use crate::numerics::double_double::turned;
use crate::numerics::vector::largest_of;
use crate::numerics::wide::{self, Matrix, Wide};
use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;
use rayon::prelude::*;

/// Newton's steps at most.
const STEPS: usize = 24;
/// Those that form a matrix anew.
const MATRICES: usize = 4;
/// What a rate of some units must be known to: a late time multiplies it.
const KNOWN: f64 = 1e-27;
/// The part of a wave that is even from which on it is taken for an even one.
const MOSTLY: f64 = 0.99;
/// A wave that decays so fast without oscillating sits at an end of strong friction.
const FAST: f64 = -1.0;
/// How far V⁻¹ may be from Vᵀ Σ.
const APART: f64 = 1e-11;

/// One wave e^(μτ) v, or one that the force drives, B̃ (s, 1) = ν (s, 1).
#[derive(Debug, Clone)]
pub(super) struct Wave {
    pub rate: Wide,
    pub shape: Vec<Wide>,
    /// v in doubles.
    pub rounded: Vec<Complex64>,
    /// The wave that is the complex conjugate of this one, times `sign`.
    pub partner: usize,
    pub sign: f64,
}

/// All waves, and how much of each there is at time 0.
pub(super) struct Waves {
    /// Those of B alone, which come first.
    pub own: usize,
    pub waves: Vec<Wave>,
}

/// Σ: -1 on an elongation.
pub(super) fn parity(bonds: usize, i: usize) -> f64 {
    if i < bonds { -1.0 } else { 1.0 }
}

impl Waves {
    pub fn new(turning: &Turning) -> Option<Waves> {
        let (chain, n) = (turning.chain, turning.coordinates());
        let dense = Mat::from_fn(n, n, |i, j| {
            turning.rows[i].iter().filter(|(k, _)| *k == j).map(|(_, b)| b.hi).sum::<f64>()
        });
        let eigen = dense.eigen().ok()?;
        let starts: Vec<(Complex64, Vec<Complex64>)> = (0..n)
            .map(|a| (eigen.S()[a], (0..n).map(|i| eigen.U()[(i, a)]).collect()))
            .filter(|(rate, _): &(Complex64, _)| rate.im >= 0.0)
            .collect();
        let starts = of_parities(chain, starts);
        let found: Vec<Option<(Wide, Vec<Wide>)>> = (starts.into_par_iter())
            .map(|(rate, v, mirror)| mended(turning, &dense, rate, v, mirror))
            .collect();
        let mut waves = Vec::with_capacity(n);
        for wave in found {
            let (rate, shape) = wave?;
            let at = waves.len();
            if rate.im.hi == 0.0 {
                // A shape that is imaginary is minus its conjugate.
                let real = shape.iter().any(|v| v.re.hi != 0.0);
                let sign = if real { 1.0 } else { -1.0 };
                waves.push(Wave::new(rate, shape, at, sign));
            } else {
                waves.extend(Wave::pair(rate, shape, at));
            }
        }
        let orthogonal = waves.len() == n && apart(&waves, chain.bonds) < APART;
        if !orthogonal {
            return None;
        }
        let mut waves = Waves { own: n, waves };
        waves.drive(turning)?;
        Some(waves)
    }

    /// Adds what the force drives.
    fn drive(&mut self, turning: &Turning) -> Option<()> {
        let (chain, n) = (turning.chain, turning.coordinates());
        if turning.size() == n {
            return Some(());
        }
        let driven = |rate: Wide, force: Wide| -> Option<Vec<Wide>> {
            let mut matrix = Matrix::zeros(n);
            for (i, row) in turning.rows[..n].iter().enumerate() {
                matrix.add(i, i, rate);
                for (j, b) in row.iter().filter(|(j, _)| *j < n) {
                    matrix.add(i, *j, -Wide::from(*b));
                }
            }
            let mut right = vec![Wide::ZERO; n];
            right[n - 1] = force;
            Some(wide::solve(matrix, &right)?.x)
        };
        let at = self.waves.len();
        let still = driven(Wide::ZERO, chain.force.mean.into())?;
        self.waves.push(Wave::new(Wide::ZERO, still, at, 1.0));
        for &(order, f) in &chain.force.harmonics {
            let at = self.waves.len();
            let rate =
                Wide { re: Double::default(), im: chain.force.frequency.scaled(f64::from(order)) };
            let shape = driven(rate, f.into())?;
            self.waves.extend(Wave::pair(rate, shape, at));
        }
        Some(())
    }

    /// How much of every wave the means begin with.
    pub fn amplitudes(&self, law: &InitialLaw) -> Vec<Complex64> {
        let mut left: Vec<Wide> = law.mean().into_iter().map(Wide::from).collect();
        for driven in &self.waves[self.own..] {
            left.iter_mut().zip(&driven.shape).for_each(|(z, s)| *z = *z - *s);
        }
        let bonds = law.mean_r.len();
        let of_wave = |wave: &Wave| {
            let terms = wave.shape.iter().zip(&left).enumerate();
            let sum =
                terms.fold(Wide::ZERO, |sum, (i, (v, z))| sum + (*v * *z).scaled(parity(bonds, i)));
            sum.rounded()
        };
        let own = self.waves[..self.own].par_iter().map(of_wave).collect::<Vec<_>>();
        own.into_iter().chain(self.waves[self.own..].iter().map(|_| 1.0.into())).collect()
    }

    /// ∫_0^t of the mean of a coordinate.
    pub fn integral(&self, amplitudes: &[Complex64], i: usize, time: Double) -> f64 {
        let terms = self.waves.iter().zip(amplitudes);
        terms.map(|(wave, c)| (c * wave.rounded[i] * lasting(wave.rate, time)).re).sum()
    }

    /// ∫_0^t F p̄_N
    pub fn work(&self, chain: &Chain, amplitudes: &[Complex64], time: Double) -> f64 {
        let conjugates = |&(_, f): &(u32, Complex64)| [f, f.conj()];
        let force = [Complex64::from(chain.force.mean)].into_iter();
        let force = force.chain(chain.force.harmonics.iter().flat_map(conjugates));
        let driven = self.waves[self.own..].iter().zip(force);
        driven
            .map(|(driven, force)| {
                let terms = self.waves.iter().zip(amplitudes).map(|(wave, c)| {
                    let last = wave.rounded[wave.rounded.len() - 1];
                    c * last * lasting(wave.rate + driven.rate, time)
                });
                (force * terms.sum::<Complex64>()).re
            })
            .sum()
    }
}

impl Wave {
    fn new(rate: Wide, shape: Vec<Wide>, partner: usize, sign: f64) -> Wave {
        let rounded = shape.iter().map(|v| v.rounded()).collect();
        Wave { rate, shape, rounded, partner, sign }
    }

    /// A wave and its conjugate, from the place `at` on.
    fn pair(rate: Wide, shape: Vec<Wide>, at: usize) -> [Wave; 2] {
        let other = shape.iter().map(|v| v.conjugate()).collect();
        [Wave::new(rate, shape, at + 1, 1.0), Wave::new(rate.conjugate(), other, at, 1.0)]
    }
}

/// The largest entry of Vᵀ Σ V - 1.
fn apart(waves: &[Wave], bonds: usize) -> f64 {
    let of_wave = |(a, wave): (usize, &Wave)| {
        let others = waves[..=a].iter().enumerate().map(|(b, other)| {
            let terms = wave.rounded.iter().zip(&other.rounded).enumerate();
            let sum: Complex64 = terms.map(|(i, (v, w))| v * w * parity(bonds, i)).sum();
            (sum - if a == b { 1.0 } else { 0.0 }).norm()
        });
        largest_of(others)
    };
    let all: Vec<f64> = waves.par_iter().enumerate().map(of_wave).collect();
    largest_of(all)
}

/// The image of a coordinate in a mirror in the middle of the chain, and its sign.
fn image(bonds: usize, i: usize) -> (usize, f64) {
    if i < bonds { (bonds - 1 - i, -1.0) } else { (3 * bonds - i, 1.0) }
}

/// Waves of a chain with equal ends are even or odd, each with that part alone: two waves at either
/// end have one rate to all digits where friction is strong, but not the even and the odd one.
fn of_parities(
    chain: &Chain,
    starts: Vec<(Complex64, Vec<Complex64>)>,
) -> Vec<(Complex64, Vec<Complex64>, Option<f64>)> {
    let [left, right] = chain.friction();
    if left != right {
        return starts.into_iter().map(|(rate, v)| (rate, v, None)).collect();
    }
    // The even and the odd wave at strong ends, of which any two sums may have been found;
    // roundings may make one complex pair of their two rates.
    let at_ends = |rate: Complex64| rate.re < FAST && rate.im.abs() < 1e-3 * rate.norm();
    let starts = starts.into_iter().flat_map(|(rate, v)| match at_ends(rate) {
        true => {
            let mut left = vec![Complex64::default(); v.len()];
            left[chain.bonds] = 1.0.into();
            vec![(Complex64::from(rate.re), left); if rate.im > 0.0 { 2 } else { 1 }]
        }
        false => vec![(rate, v)],
    });
    let mut before = -1.0;
    let split = |(rate, v): (Complex64, Vec<Complex64>)| {
        let part = |parity: f64| -> Vec<Complex64> {
            let of = |i: usize| {
                let (j, sign) = image(chain.bonds, i);
                (v[i] + v[j] * (sign * parity)) * 0.5
            };
            (0..v.len()).map(of).collect()
        };
        let size = |v: &[Complex64]| v.iter().map(|v| v.norm_sqr()).sum::<f64>();
        let even = size(&part(1.0)) / size(&v);
        let parity = match even {
            x if x > MOSTLY => 1.0,
            x if x < 1.0 - MOSTLY => -1.0,
            // One of two at the ends, of which the other comes next.
            _ => {
                before = -before;
                before
            }
        };
        (rate, part(parity), Some(parity))
    };
    starts.map(split).collect()
}

/// A wave in 32 digits, from one in doubles; even or odd in a `mirror`.
fn mended(
    turning: &Turning,
    dense: &Mat<f64>,
    rate: Complex64,
    shape: Vec<Complex64>,
    mirror: Option<f64>,
) -> Option<(Wide, Vec<Wide>)> {
    let (bonds, n) = (turning.chain.bonds, turning.coordinates());
    // Added to μ - B, this keeps it from being singular on the other parity: rates have no
    // positive part.
    let other = |i: usize, j: usize| {
        let Some(parity) = mirror else { return 0.0 };
        let (image, sign) = image(bonds, i);
        let same = if i == j { 1.0 } else { 0.0 };
        let mirrored = if image == j { sign * parity } else { 0.0 };
        -0.5 * (1.0 + rate.norm()) * (same - mirrored)
    };
    let square: Complex64 = shape.iter().enumerate().map(|(i, v)| v * v * parity(bonds, i)).sum();
    let scale = if rate.im == 0.0 && square.re < 0.0 {
        Complex64::new(0.0, -1.0 / (-square.re).sqrt())
    } else {
        1.0 / square.sqrt()
    };
    let mut v: Vec<Wide> = shape.iter().map(|v| Wide::from(v * scale)).collect();
    let mut now = Wide::from(rate);
    let mut solver = None;
    let mut before = f64::INFINITY;
    for step in 0..STEPS {
        // [μ - B, v; 2 vᵀJ, 0] (δv, δμ) = -(μ v - B v, vᵀJ v - 1)
        let residual = |i: usize| {
            let turned = turning.rows[i].iter().filter(|(j, _)| *j < n);
            let turned = turned.fold(Wide::ZERO, |sum, (j, b)| sum + v[*j].times_real(*b));
            now * v[i] - turned
        };
        let terms = v.iter().enumerate();
        let norm = terms.fold(-Wide::ONE, |sum, (i, v)| sum + (*v * *v).scaled(parity(bonds, i)));
        let residuals: Vec<Wide> = (0..n).map(residual).chain([norm]).collect();
        if step < MATRICES {
            let entry = |i: usize, j: usize| match (i == n, j == n) {
                (true, true) => 0.0.into(),
                (true, false) => v[j].rounded() * (2.0 * parity(bonds, j)),
                (false, true) => v[i].rounded(),
                _ if i == j => now.rounded() - dense[(i, j)] + other(i, j),
                _ => Complex64::from(other(i, j) - dense[(i, j)]),
            };
            solver = Some(Mat::from_fn(n + 1, n + 1, entry).partial_piv_lu());
        }
        let size = residuals.iter().map(|r| r.size()).fold(0.0, f64::max);
        let scale = if size > 0.0 { 2f64.powi(size.log2().round() as i32) } else { 1.0 };
        let mut change = Mat::from_fn(n + 1, 1, |i, _| residuals[i].scaled(-1.0 / scale).rounded());
        solver.as_ref()?.solve_in_place(change.as_mut());
        if let Some(parity) = mirror {
            // Roundings of the other parity would not be mended.
            let of = |i: usize| {
                let (image, sign) = image(bonds, i);
                (change[(i, 0)] + change[(image, 0)] * (sign * parity)) * 0.5
            };
            let part: Vec<Complex64> = (0..n).map(of).collect();
            part.into_iter().enumerate().for_each(|(i, part)| change[(i, 0)] = part);
        }
        let moved = (0..n).map(|i| (change[(i, 0)] * scale).norm()).fold(0.0, f64::max);
        let shifted = (change[(n, 0)] * scale).norm();
        v.iter_mut().enumerate().for_each(|(i, v)| *v += Wide::from(change[(i, 0)] * scale));
        now += Wide::from(change[(n, 0)] * scale);
        // Roundings of the residuals end the gain.
        let gained = moved + shifted;
        if gained == 0.0 || step >= MATRICES && gained > 0.1 * before {
            let known = KNOWN * (1.0 + now.size());
            return (shifted <= known && moved < 1e-20).then_some((now, v));
        }
        before = gained;
    }
    None
}

/// e^(μτ) to all digits of its phase.
pub(super) fn after(rate: Wide, time: Double) -> Complex64 {
    let damped = rate.re.times(time);
    turned(rate.im.times(time)) * (damped.hi.exp() * (1.0 + damped.lo))
}

/// ∫_0^t e^(μs) ds
pub(super) fn lasting(rate: Wide, time: Double) -> Complex64 {
    let turn = rate.rounded() * (0.5 * time.hi);
    if turn.norm_sqr() < 0.25 {
        after(rate, time.scaled(0.5)) * (time.hi * hyperbolic(turn))
    } else {
        (after(rate, time) - 1.0) / rate.rounded()
    }
}

/// sinh(x)/x of |x| ≤ 1/2: 0.5¹⁴/15! is below 10⁻¹⁶.
pub(super) fn hyperbolic(x: Complex64) -> Complex64 {
    let square = x * x;
    (1..=7).rev().fold(Complex64::from(1.0), |sum, k| {
        let k = f64::from(k);
        1.0 + square * sum * (1.0 / (2.0 * k * (2.0 * k + 1.0)))
    })
}
