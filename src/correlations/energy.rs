//! The energy structure function S(n, s) = Cov(e_n(s), e_m(0)) in equilibrium.
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

use super::Vectors;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::evolve::radau::EvolveError;
use crate::evolve::{self, Method};
use crate::monitor::Monitor;
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
    let still = chain.cold();
    let mut law = InitialLaw {
        mean_r: vec![0.0; chain.bonds],
        mean_p: vec![0.0; chain.atoms()],
        var_r: vec![0.0; chain.bonds],
        var_p: vec![0.0; chain.atoms()],
        covariance: None,
    };
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
        let moved =
            super::propagate(chain, &column, lags, &monitor.silent()).map_err(
                |error| match error {
                    crate::steady::SteadyError::Interrupted(end) => EvolveError::Interrupted(end),
                    crate::steady::SteadyError::Solve(error) => EvolveError::Solve(error),
                    other => unreachable!("propagation only solves: {other}"),
                },
            )?;
        let stretched = elongation * elongation;
        for (lag, (column, error)) in moved.values.iter().zip(&moved.errors).enumerate() {
            found.values[lag].iter_mut().zip(column).for_each(|(s, c)| *s += stretched * c);
            found.errors[lag] += stretched * error;
        }
    }
    Ok(found)
}
