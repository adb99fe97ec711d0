//! The harmonics of the kinetic temperatures under forces that oscillate.
//!
//! C(τ) = Σ_m C_m e^(imωτ), (imω - 𝓛) C_m = diag(4γ (ū²)_m): at σ = imω
//!
//! ```text
//! θ_m = K_σ ( 4γ θ_m + 4γ (ū²)_m ),
//! (ū²)_m = Σ_(l+l'=m) û_l û_l',
//! û_l = ilω √m q̂_l,   û_0 = ū
//! ```
//!
//! by the network of `super::kernel`, O(N) a node and iteration. Every atom must have flips or a
//! thermostat: the inner path passes between the spectrum and its mirror image. Error: a second
//! rule, and what the row sums miss.

use super::Model;
use super::kernel::Kernel;
use super::line::Line;
use super::mean::Means;
use super::path::Spectrum;
use crate::budget::{inner_quadrature, rounding};
use crate::chain::Chain;
use crate::monitor::Monitor;
use crate::numerics::vector::largest_norm;
use crate::steady::SteadyError;
use num_complex::Complex64;

/// The residual at which the iteration ends, relative to the source.
const RESIDUAL: f64 = 1e-15;

/// One harmonic of the covariance, m ≥ 1.
pub struct Harmonic {
    /// m
    pub order: u32,
    /// imω
    pub sigma: Complex64,
    /// 4γ((ū²)_m + θ_m) along the line.
    pub source: Vec<Complex64>,
    /// The error of θ_m at every atom.
    pub error: f64,
    /// (κ, weight) of the inner path at σ by either rule; weights hold 1/πi.
    pub nodes: [Vec<(Complex64, Complex64)>; 2],
}

/// All that do not vanish; none under constant forces.
pub fn harmonics(
    chain: &Chain,
    model: &Model,
    line: &Line,
    monitor: &Monitor,
) -> Result<Vec<Harmonic>, SteadyError> {
    let means = Means::new(chain, model).ok_or(SteadyError::NoThermostat)?;
    let Some(&(highest, _)) = means.harmonics.last() else { return Ok(vec![]) };
    if model.least_damping() == 0.0 {
        return Err(SteadyError::UndampedAtom);
    }
    let frequency = chain.force.frequency.hi;
    let spectrum = Spectrum::new(model);
    let amplitudes = velocities(&means, model, frequency);
    let mut found = Vec::new();
    for order in 1..=2 * highest {
        let squares = squares(&amplitudes, order, model.atoms());
        if squares.iter().all(|square| *square == Complex64::ZERO) {
            continue;
        }
        let share = |k: u32| f64::from(k) / f64::from(2 * highest);
        let part = monitor.part(share(order - 1), share(order));
        let sigma = Complex64::new(0.0, f64::from(order) * frequency);
        let drive = |_: &[Complex64]| {
            let mut drive = vec![Complex64::ZERO; line.len];
            for (n, square) in squares.iter().enumerate() {
                let at = line.momentum(n);
                drive[at] = line.flips[at] * square;
            }
            drive
        };
        let mut rules = Vec::new();
        for rule in [0, 1] {
            let kernel = Kernel { line, spectrum, rule };
            rules.push(kernel.variances(sigma, None, drive, RESIDUAL, &part)?.0);
        }
        let kinetic = |rule: usize| -> Vec<Complex64> {
            (0..model.atoms()).map(|n| rules[rule].line[line.momentum(n)]).collect()
        };
        let [first, second] = [kinetic(0), kinetic(1)];
        let apart = largest_norm(first.iter().zip(&second).map(|(a, b)| a - b));
        let missing = rules[0].missing + rules[1].missing + rounding::SOLVE;
        let error =
            inner_quadrature::TWO_RULES * apart + missing * largest_norm(second.iter().copied());
        let mut source = vec![Complex64::ZERO; line.len];
        for (n, (square, theta)) in squares.iter().zip(&second).enumerate() {
            let at = line.momentum(n);
            source[at] = line.flips[at] * (square + theta);
        }
        let nodes = [0, 1].map(|rule| spectrum.nodes(sigma, rule));
        found.push(Harmonic { order, sigma, source, error, nodes });
    }
    Ok(found)
}

/// (l, û_l) for all l ≥ 0 that the forces have.
fn velocities(means: &Means, model: &Model, frequency: f64) -> Vec<(i64, Vec<Complex64>)> {
    let root = |n: usize| model.mass[n].sqrt();
    let still = (0..model.atoms()).map(|n| Complex64::from(root(n) * means.velocity)).collect();
    let mut all = vec![(0, still)];
    for (order, q) in &means.harmonics {
        let turn = Complex64::new(0.0, f64::from(*order) * frequency);
        all.push((
            i64::from(*order),
            q.iter().enumerate().map(|(n, q)| turn * root(n) * q).collect(),
        ));
    }
    all
}

/// (ū²)_m
fn squares(velocities: &[(i64, Vec<Complex64>)], order: u32, atoms: usize) -> Vec<Complex64> {
    let mut sum = vec![Complex64::ZERO; atoms];
    let both = velocities.iter().flat_map(|(l, u)| {
        let mirrored = (*l != 0).then_some((-l, u, true));
        [Some((*l, u, false)), mirrored].into_iter().flatten()
    });
    let all: Vec<_> = both.collect();
    for (l, u, turned) in &all {
        for (k, v, other) in &all {
            if l + k == i64::from(order) {
                for (n, sum) in sum.iter_mut().enumerate() {
                    let a = if *turned { u[n].conj() } else { u[n] };
                    let b = if *other { v[n].conj() } else { v[n] };
                    *sum += a * b;
                }
            }
        }
    }
    sum
}
