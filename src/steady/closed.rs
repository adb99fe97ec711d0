//! Stationary states that need no solve: that of a chain without thermostats (docs/theory/ring.md,
//! (8.1)), and that of the pure harmonic chain between thermostats.
//!
//! Flips without thermostats conserve the energy E and, on the ring, Σ r with its mean N r̄ and
//! variance V. Everything else is forgotten: p̄ = 0, and one number T, which E fixes, is left of
//! the covariance. It is T·1 on the open chain, where 2E = (2N+1) T, and on the ring
//!
//! ```text
//! C_pp = T·1,   C_rr = T (1 - 11ᵀ/N) + (V/N²) 11ᵀ,   2E = N r̄² + V/N + (2N-1) T.
//! ```
//!
//! (Flips leave C unchanged only if C_pp is diagonal, and the motion only if C_pp commutes with the
//! Laplacian.) Without flips a chain that begins in such a state stays there, and any other never
//! settles. At γ = 0 with thermostats the stationary covariance is that of the chain without a
//! force, a closed form, whatever the force; the means take one solve with B. Cost: O(N), with the
//! covariance O(N²). Error: rounding.

use super::SteadyError;
use super::periodic::PeriodicState;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::literal;
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::scenario::Topology;
use ndarray::Array2;

/// An error if a force acts: without a thermostat it heats the chain without end.
pub fn is_unforced(chain: &Chain) -> Result<(), SteadyError> {
    match chain.force == Default::default() {
        true => Ok(()),
        false => Err(SteadyError::NoThermostat),
    }
}

/// Whether a chain without thermostats settles: it needs flips, or else the Gibbs state to begin
/// with, and no force.
pub fn settles(chain: &Chain, law: &InitialLaw) -> Result<(), SteadyError> {
    is_unforced(chain)?;
    match chain.flip_rate == 0.0 && !is_gibbs(chain, law) {
        true => Err(SteadyError::NeverSettles),
        false => Ok(()),
    }
}

/// Whether a law is the Gibbs state of the chain without thermostats: one temperature, at rest, and
/// on the ring one elongation.
fn is_gibbs(chain: &Chain, law: &InitialLaw) -> bool {
    let elongation = match chain.topology {
        Topology::Open => 0.0,
        Topology::Ring => law.mean_r[0],
    };
    let all = |values: &[f64], value: f64| values.iter().all(|v| *v == value);
    law.covariance.is_none()
        && all(&law.mean_r, elongation)
        && all(&law.mean_p, 0.0)
        && all(&law.var_r, law.var_p[0])
        && all(&law.var_p, law.var_p[0])
}

/// The limit of a chain without thermostats from its initial law; `keep` asks for the covariance.
pub fn isolated(chain: &Chain, law: &InitialLaw, keep: bool) -> Result<PeriodicState, SteadyError> {
    settles(chain, law)?;
    let bonds = chain.bonds as f64;
    let twice_energy: f64 = law.mean().iter().zip(law.variance()).map(|(z, v)| z * z + v).sum();
    let (elongation, temperature, excess) = match chain.topology {
        Topology::Open => (0.0, twice_energy / (2.0 * bonds + 1.0), 0.0),
        Topology::Ring => {
            let elongation = law.mean_r.iter().sum::<f64>() / bonds;
            let spread: f64 = match &law.covariance {
                Some(covariance) => {
                    covariance.slice(ndarray::s![..chain.bonds, ..chain.bonds]).sum()
                }
                None => law.var_r.iter().sum(),
            };
            let rest = twice_energy - bonds * elongation * elongation - spread / bonds;
            let temperature = rest / (2.0 * bonds - 1.0);
            (elongation, temperature, (spread / bonds - temperature) / bonds)
        }
    };
    let (n, atoms) = (chain.coordinates(), chain.atoms());
    let mean = [vec![elongation; chain.bonds], vec![0.0; atoms]].concat();
    let variance = [vec![temperature + excess; chain.bonds], vec![temperature; atoms]].concat();
    let covariance = keep.then(|| {
        let mut covariance = Array2::from_diag_elem(n, temperature);
        covariance
            .slice_mut(ndarray::s![..chain.bonds, ..chain.bonds])
            .iter_mut()
            .for_each(|c| *c += excess);
        covariance
    });
    let correlation = vec![0.0; chain.bonds];
    // Rounding of sums over all sites, at worst one unit each.
    let rounding = rounding::UNIT * n as f64;
    let means = rounding * largest(&law.mean_r);
    let variances = rounding * (twice_energy / bonds).max(largest(&variance));
    let average = solution(mean, variance, correlation, covariance, [means, variances]);
    let mean = PeriodicMean::constant(chain, &average.moments.mean, means);
    Ok(PeriodicState { mean, average, harmonics: Vec::new() })
}

/// The periodic (or stationary) state of the pure harmonic chain with a thermostat at one end or
/// both.
pub fn harmonic(chain: &Chain, keep: bool) -> Result<PeriodicState, SteadyError> {
    let state = chain.harmonic_state().ok_or(SteadyError::NeverSettles)?;
    let mean = PeriodicMean::of(chain, |shift, f| literal::solve_drift(chain, shift, f))?
        .ok_or(SteadyError::NoThermostat)?;
    let variance = [&state.var_r[..], &state.var_p].concat();
    let covariance = keep.then(|| state.covariance(chain));
    let rounding = rounding::FORMULAS * largest(&variance);
    let errors = [mean.error, rounding];
    let mut average = solution(
        mean.average(),
        variance,
        vec![state.correlation; chain.bonds],
        covariance,
        errors,
    );
    [average.errors.mean_r, average.errors.mean_p] = mean.errors_at(0.0);
    let [var_r, var_p] = [&state.var_r, &state.var_p].map(|part| largest(part));
    average.errors.var_r = rounding::FORMULAS * var_r;
    average.errors.var_p = rounding::FORMULAS * var_p;
    // λ(T - Var p), which would cancel where an end hardly exchanges energy.
    average.moments.inflow = Some([0.0 - state.correlation, state.correlation]);
    Ok(PeriodicState { mean, average, harmonics: Vec::new() })
}

fn solution(
    mean: Vec<f64>,
    variance: Vec<f64>,
    correlation: Vec<f64>,
    covariance: Option<Array2<f64>>,
    [means, variances]: [f64; 2],
) -> Solution {
    let errors = MomentErrors {
        mean_r: means,
        mean_p: means,
        var_r: variances,
        var_p: variances,
        correlation: rounding::FORMULAS * correlation.first().map_or(0.0, |c| c.abs()),
        left: 0.0,
    };
    let consistency = covariance.as_ref().map(|c| Consistency::of(c.view()));
    let moments = Moments {
        time: f64::INFINITY.into(),
        mean,
        variance,
        correlation,
        inflow: None,
        leaving: None,
        covariance,
    };
    Solution { moments, errors, consistency, ..Default::default() }
}
