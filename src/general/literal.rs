//! The stationary state by the literal operator, with its covariance. It is the judge of the
//! profiles.
//!
//! ```text
//! 𝓛 C + diag_p(4γ p̄² + 2λmT) = 0,      B z̄ + F = 0
//! ```
//!
//! Sparse and factorized as it is written ([`crate::covariance::literal`]): short chains under
//! constant forces. Error: the refinement of the solve, and roundings.

use super::Model;
use super::mean::constant_forces;
use super::profile::{Local, LocalErrors};
use crate::chain::Chain;
use crate::covariance::literal::Literal;
use crate::covariance::{MomentEquations, SolveError, Source, Target};
use crate::numerics::vector::largest_of;
use crate::observe::Profile;
use ndarray::Array2;
use num_complex::Complex64;

/// Roundings of the largest entry, in the units of the energy, that the factorization leaves.
const ROUNDINGS: f64 = 600.0;

/// Profiles, mean and covariance in the long run.
#[derive(Debug, Clone)]
pub struct State {
    /// The profiles.
    pub profile: Profile,
    /// z̄ in the theory's order.
    pub mean: Vec<f64>,
    /// C
    pub covariance: Array2<f64>,
    /// The relative residual.
    pub residual: f64,
}

/// The stationary state of a chain with a thermostat and constant forces.
pub fn stationary(chain: &Chain) -> Result<State, SolveError> {
    let (literal, model) = (Literal::new(chain), Model::new(chain));
    let (first, zero) = (chain.positions(), Complex64::ZERO);
    let mut force = vec![zero; chain.coordinates()];
    for (site, pushed) in constant_forces(chain).into_iter().enumerate() {
        force[first + site] = pushed.into();
    }
    let mean = literal.solve_mean(zero, &force)?;
    let mean: Vec<f64> = mean.into_iter().map(|z| z.re).collect();
    let source = chain.covariance_source(&mean[first..], 0.0);
    let momenta: Vec<Complex64> = source.into_iter().map(Complex64::from).collect();
    let mut state = vec![0.0; literal.state_len()];
    let source = Source { state: None, scale: zero, momenta: &momenta };
    let mut targets = [Target { weight: Complex64::ONE, state: &mut state }];
    let report = literal.solve(zero, source, &mut targets, 0.0)?;
    let covariance = literal.matrix(&state);
    let local = Local::of(chain, &mean, covariance.view());
    let stiffness = |n: usize| match n.checked_sub(first) {
        Some(atom) => 1.0 / model.mass[atom],
        None if chain.is_pinned() => {
            let spring = |n: usize| model.spring.get(n).copied().unwrap_or(0.0);
            model.pinning[n] + spring(n) + n.checked_sub(1).map_or(0.0, spring)
        }
        None => model.spring[n],
    };
    let coordinates = 0..chain.coordinates();
    let stiffest = coordinates.clone().map(stiffness).fold(0.0, f64::max);
    let rounded = ROUNDINGS * f64::EPSILON;
    let sizes = coordinates.clone().map(|n| stiffness(n) * covariance[[n, n]]);
    let squares = coordinates.map(|n| stiffness(n) * mean[n] * mean[n]);
    let most = largest_of(squares);
    let second = stiffest * report.error + rounded * (largest_of(sizes) + most);
    let soft = if chain.is_pinned() { largest_of(model.gibbs_displacements()) } else { 0.0 };
    // Springs and pinning are added up before they act: a weak pinning is as uncertain as a
    // rounding of the springs beside it.
    let displaced = rounded + chain.atoms() as f64 * stiffest * soft * f64::EPSILON;
    let errors = LocalErrors {
        mean: rounded * most.sqrt(),
        second,
        flow: None,
        mean_q: displaced * largest_of(local.mean_q.iter().copied()),
        var_q: soft * second,
    };
    let profile = local.profile(chain, 0.0.into(), f64::INFINITY, errors);
    Ok(State { profile, mean, covariance, residual: report.residual })
}
