//! The energy structure function S(n, s) = Cov(e_n(s), e_m(0)) in equilibrium
//! (docs/theory/correlations.md, (12.3) and (12.4)).
//!
//! In the Gibbs state at temperature T all coordinates are independent and Gaussian. A unit of
//! p_m²/2 more at time 0 shifts the law by (p_m² - T)/2T² (and r_m alike), so that
//!
//! ```text
//! Cov(e_n(s), p_m(0)²/2) = T² · thermal energy at n and time s of a chain that starts with
//!                          Var p_m = 1, all else 0, between thermostats at T = 0.
//! ```
//!
//! Where r̄ ≠ 0 (a stretched ring) r̄_n r̄_m Cov(r_n(s), r_m(0)) is added. Without thermostats
//! Σ_n S is conserved: T² for m inside, T²/2 at the free atom 0, which has no bond. The variance of
//! S(n, s) in n grows as s² while energy flies between flips and then as 2Ds, with D the
//! conductivity over the heat capacity: 1/4γ. Cost and error: of [`crate::evolve::evolve`].
//!
//! For a chain with coefficients the start is Var p_m = m_m and Var r_m = 1/k_m, whose energy is 1
//! as well. With pinning
//! positions are correlated: along the line y of [`crate::general::line`] the state is white, each
//! of the squares m u_m² = p_m²/m_m, k_m r_m², κ_m q_m² is (w·y)², and
//!
//! ```text
//! Cov(e_n(s), (w·y)²/2) = T² · energy at n and time s of a chain that starts with y = w, at rest
//!                         otherwise, without any variance.
//! ```

use super::Vectors;
use super::drift::{AlongLine, Homogeneous};
use super::propagator::propagate;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::evolve::EvolveError;
use crate::evolve::{self, Method};
use crate::general::contour;
use crate::general::ways::Ways;
use crate::monitor::Monitor;
use crate::numerics::double_double::exact;
use crate::observe::Profile;
use crate::scenario::Topology;

/// S(n, s) for the energy e_m of the atom `site` and its left bond, at every one of the ascending
/// microscopic `lags`; `temperature` of the Gibbs state, `elongation` r̄ of a stretched ring.
pub fn energy(
    chain: &Chain,
    temperature: f64,
    elongation: f64,
    site: usize,
    lags: &[f64],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vectors, EvolveError> {
    if chain.coefficients().is_some() {
        return general(chain, temperature, site, lags, tolerance, monitor);
    }
    let still = chain.cold();
    let mut law = nothing(chain);
    law.var_p[site] = 1.0;
    let bond = match chain.topology {
        Topology::Open => site.checked_sub(1),
        Topology::Ring => Some(site),
    };
    if let Some(bond) = bond {
        law.var_r[bond] = 1.0;
    }
    let plan = evolve::plan(&still, &law, lags, Method::Auto, false)
        .unwrap_or_else(|reason| unreachable!("auto serves every chain: {reason}"));
    let equations = Modal::new(&still).watched_by(monitor.silent());
    let (solutions, _) =
        evolve::evolve(&equations, &law, lags, &plan, tolerance, |_| false, monitor)?;
    let square = temperature * temperature;
    let mut found = Vectors::default();
    for (solution, &lag) in solutions.iter().zip(lags) {
        let profile = Profile::new(&still, solution, lag);
        found.values.push(profile.thermal().iter().map(|e| square * e).collect());
        found.errors.push(square * profile.errors.thermal);
    }
    if elongation != 0.0 {
        let bond = bond.expect("only a ring is stretched in equilibrium");
        let mut column = vec![0.0; chain.coordinates()];
        column[bond] = temperature;
        let drift = Homogeneous::new(chain);
        let moved =
            propagate(&drift, &column, lags, &monitor.silent()).map_err(|error| match error {
                crate::steady::SteadyError::Interrupted(end) => EvolveError::Interrupted(end),
                crate::steady::SteadyError::Solve(error) => EvolveError::Solve(error),
                other => unreachable!("propagation only solves: {other}"),
            })?;
        let stretched = elongation * elongation;
        for (lag, (column, error)) in moved.values.iter().zip(&moved.errors).enumerate() {
            found.values[lag].iter_mut().zip(column).for_each(|(s, c)| *s += stretched * c);
            found.errors[lag] += stretched * error;
        }
    }
    Ok(found)
}

/// No mean and no variance.
fn nothing(chain: &Chain) -> InitialLaw {
    let (positions, atoms) = (chain.positions(), chain.atoms());
    InitialLaw {
        mean_r: vec![0.0; positions],
        mean_p: vec![0.0; atoms],
        var_r: vec![0.0; positions],
        var_p: vec![0.0; atoms],
        covariance: None,
    }
}

/// The laws whose energies add up to the response to e_m of any open chain.
fn laws(chain: &Chain, site: usize) -> Vec<InitialLaw> {
    let along = AlongLine::new(chain);
    let (model, line) = (&along.model, &along.line);
    if !chain.is_pinned() {
        let mut law = nothing(chain);
        law.var_p[site] = model.mass[site];
        if let Some(bond) = site.checked_sub(1) {
            law.var_r[bond] = 1.0 / model.spring[bond];
        }
        return vec![law];
    }
    let (first, pinning) = (chain.positions(), model.pinning[site]);
    let starts = |root: f64, w: Vec<f64>| {
        let z = line.leave(&w.iter().map(|w| root * w).collect::<Vec<_>>());
        let (mean_r, mean_p) = (z[..first].to_vec(), z[first..].to_vec());
        InitialLaw { mean_r, mean_p, ..nothing(chain) }
    };
    let mut all = vec![starts(1.0 / model.mass[site].sqrt(), line.functional(first + site))];
    if site > 0 {
        all.push(starts(model.spring[site - 1].sqrt(), line.stretch_functional(site)));
    }
    if pinning > 0.0 {
        all.push(starts(pinning.sqrt(), line.functional(site)));
    }
    all
}

/// S(n, s) of a chain with coefficients.
fn general(
    chain: &Chain,
    temperature: f64,
    site: usize,
    lags: &[f64],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vectors, EvolveError> {
    let still = chain.cold();
    let laws = laws(chain, site);
    let times = exact(lags);
    let square = temperature * temperature;
    let mut found = Vectors {
        values: vec![vec![0.0; chain.atoms()]; lags.len()],
        errors: vec![0.0; lags.len()],
    };
    let share = |k: usize| k as f64 / laws.len() as f64;
    for (k, law) in laws.iter().enumerate() {
        let served = contour::earliest(&still, law);
        let ways = Ways::new(&still, law, lags, 0, Method::Auto, tolerance, served);
        let part = monitor.part(share(k), share(k + 1));
        let outputs = ways.evolve(&still, law, &times, tolerance, |_| false, &part)?;
        for (lag, output) in outputs.into_iter().flatten().enumerate() {
            let profile = output.local.profile(&still, output.time, lags[lag], output.errors);
            let energies = profile.energy();
            found.values[lag].iter_mut().zip(energies).for_each(|(s, e)| *s += square * e);
            found.errors[lag] += square * profile.errors.energy;
        }
    }
    Ok(found)
}
