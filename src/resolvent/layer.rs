//! The answer to heat that oscillates near the right end: (σ - 𝓛) X = diag_p(source) for σ near
//! imω, the diagonals alone.
//!
//! The waves that carry the heat and the diffusion that spreads it are both damped within a number
//! of sites that does not depend on N, so the last atoms of the chain are solved for, and
//! everything to the left of them is zero. If the answer at their left end is above rounding, more
//! atoms are taken, and the rest there counts as error. Cost: that of [`SquaredKernel`] on the
//! layer.

use super::{Currents, Drive, Exchange, Quality, SquaredKernel, Variances};
use crate::chain::Chain;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::vector::largest_norm;
use num_complex::Complex64;

/// The answer at all sites.
#[derive(Debug, Clone)]
pub struct Layer {
    /// X(r_n, r_n) and X(p_n, p_n), in the theory's order.
    pub variance: Vec<Complex64>,
    /// -X(p_n, r_(n+1)), by the balance of energy ([`super::currents`]).
    pub current: Vec<Complex64>,
    /// The heat that enters at either end, -λ X(p, p).
    pub inflow: [Complex64; 2],
    /// Estimated largest error of a variance.
    pub error: f64,
    /// The error of the current at the ends.
    pub flow_error: f64,
    /// Relative residual.
    pub residual: f64,
    /// GMRES iterations.
    pub iterations: usize,
}

/// Below this part of the largest value nothing is seen.
const NOTHING: f64 = 1e-18;
/// Sites at the left end of the layer where nothing may be seen.
const WATCHED: usize = 8;

/// The layer's answer to `source` on the momenta; `quality` of the inner quadrature, `None` for the
/// full one with its judge.
pub fn layer(
    chain: &Chain,
    sigma: Complex64,
    source: &[Complex64],
    quality: Option<Quality>,
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Layer, Interrupted> {
    if sigma.im < 0.0 {
        let conjugate: Vec<Complex64> = source.iter().map(|q| q.conj()).collect();
        let found = layer(chain, sigma.conj(), &conjugate, quality, tolerance, monitor)?;
        let back = |v: Vec<Complex64>| v.into_iter().map(|x| x.conj()).collect();
        return Ok(Layer {
            variance: back(found.variance),
            current: back(found.current),
            inflow: found.inflow.map(|x| x.conj()),
            ..found
        });
    }
    let seen = NOTHING * largest_norm(source);
    let driven =
        source.iter().position(|q| q.norm() > seen).map_or(0, |first| chain.atoms() - first);
    // Between flips energy moves by at most a site a unit of time, and flips turn it around: it is
    // damped at this rate or more.
    let rate = (sigma * (sigma + 4.0 * chain.flip_rate)).sqrt().re;
    let mut bonds =
        driven.max((1.0 - NOTHING.ln() / rate).min(chain.bonds as f64) as usize) + 2 * WATCHED;
    loop {
        let sites = chain.atoms() - bonds.min(chain.bonds) - 1..chain.atoms();
        let whole = sites.start == 0;
        let part =
            Chain { bonds: sites.len() - 1, left: chain.left.filter(|_| whole), ..chain.clone() };
        let kernel = match quality {
            Some(quality) => SquaredKernel::new(&part, sigma, quality),
            None => SquaredKernel::judged(&part, sigma),
        };
        let drive = Drive { momentum: &source[sites.clone()], elongation: None };
        let found = kernel.variances(drive, tolerance, monitor)?;
        let most = largest_norm(&found.momentum);
        let leak = if whole { 0.0 } else { largest_norm(&found.momentum[..WATCHED]) };
        if leak <= 1e-17 * most + found.error {
            return Ok(balanced(chain, &part, sigma, source, found, leak));
        }
        bonds *= 2;
    }
}

/// The answer of the chain's last `part`, with its current.
fn balanced(
    chain: &Chain,
    part: &Chain,
    sigma: Complex64,
    source: &[Complex64],
    found: Variances,
    leak: f64,
) -> Layer {
    let (first, bonds) = (chain.bonds - part.bonds, chain.bonds);
    let mut variance = vec![Complex64::ZERO; chain.coordinates()];
    variance[first..bonds].copy_from_slice(&found.elongation);
    variance[bonds + first..].copy_from_slice(&found.momentum);
    let heated: Vec<Complex64> = source[first..].iter().map(|q| 0.5 * q).collect();
    let Variances { momentum, elongation, .. } = &found;
    let temperature = [Complex64::ZERO; 2];
    let exchange =
        Exchange { heated: &heated, momentum, elongation, start: None, products: 0.0, temperature };
    let Currents { bonds: flow, inflow } = super::currents(part, sigma, &exchange);
    let [left, right] = part.friction();
    let expected = [-left * momentum[0], -right * momentum[part.bonds]];
    let flow_error = inflow.iter().zip(&expected).map(|(x, y)| (x - y).norm()).sum();
    let mut current = vec![Complex64::ZERO; bonds];
    current[first..].copy_from_slice(&flow);
    let (error, residual, iterations) = (found.error + leak, found.residual, found.iterations);
    Layer { variance, current, inflow, error, flow_error, residual, iterations }
}
