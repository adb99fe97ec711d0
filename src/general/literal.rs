//! The stationary state by the literal operator, with its covariance. It is the judge of the
//! profiles.
//!
//! ```text
//! 𝓛 C + diag_p(4γ p̄² + 2λmT) = 0,      B z̄ + F = 0
//! ```
//!
//! Sparse and factorized as it is written ([`crate::covariance::literal`]): short chains under
//! constant forces. Error: the refinement of the solve, and roundings.
//!
//! A ring without pinning keeps its length L = Σ r_n (docs/theory/general.md, (16.12)), and with
//! z_n = 1/k_n, S = Σ z_n
//!
//! ```text
//! z̄ + c z,  C + c' z zᵀ      are stationary too:  c = (L̄ - Σ r̄_n)/S,  c' = (Var L - Σ C_rr)/S²
//! ```
//!
//! one for every law of L. The softest bond is held for the solve. A pinned ring is solved along
//! its line ([`Line`]), where a weak pinning is not a small difference of large numbers.

use super::Model;
use super::band::Band;
use super::line::Line;
use super::mean::{constant_forces, forces_of};
use super::profile::{Local, LocalErrors};
use super::steps::modes;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::covariance::literal::{Literal, settled, settled_mean};
use crate::covariance::source::ErrorSource;
use crate::covariance::{MomentEquations, Source, Target};
use crate::numerics::vector::largest_of;
use crate::observe::Profile;
use crate::scenario::Topology;
use crate::steady::SteadyError;
use ndarray::{Array2, s};
use num_complex::Complex64;

/// A mode whose damping is below this part of the largest frequency is not damped at all: that of
/// such modes was found to be 1e-16 to 1e-15.
const DAMPED: f64 = 1e-13;

/// Whether the length of a ring is kept, on which the state in the long run then depends.
pub fn keeps_length(chain: &Chain) -> bool {
    chain.topology == Topology::Ring && !chain.is_pinned()
}

/// Whether flips and thermostats damp every mode but the uniform one of a ring without pinning.
/// O(N³).
fn is_damped(chain: &Chain, model: &Model) -> bool {
    let mut modes = modes(chain);
    if keeps_length(chain) {
        let size = |mode: &[f64; 2]| mode[0].hypot(mode[1]);
        modes.sort_by(|a, b| size(a).total_cmp(&size(b)));
        modes.remove(0);
    }
    let least = DAMPED * model.largest_frequency();
    modes.iter().all(|[_, damping]| *damping > least)
}

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

/// The stationary state of a chain with a thermostat and constant forces. `law` gives the length of
/// a ring without pinning, and must be there for one.
pub fn stationary(chain: &Chain, law: Option<&InitialLaw>) -> Result<State, SteadyError> {
    let model = Model::new(chain);
    if !is_damped(chain, &model) {
        return Err(SteadyError::Undamped);
    }
    if model.ring && chain.is_pinned() {
        return along_the_line(chain, &model);
    }
    let length = law.filter(|_| keeps_length(chain));
    let literal = match length {
        Some(_) => Literal::holding(chain, softest(&model)),
        None => Literal::new(chain),
    };
    let (first, zero) = (chain.positions(), Complex64::ZERO);
    let mut force = vec![zero; chain.coordinates()];
    for (site, pushed) in constant_forces(chain).into_iter().enumerate() {
        force[first + site] = pushed.into();
    }
    let mean = literal.solve_mean(zero, &force)?;
    let mut mean: Vec<f64> = mean.into_iter().map(|z| z.re).collect();
    let source = chain.covariance_source(&mean[first..], 0.0);
    let momenta: Vec<Complex64> = source.into_iter().map(Complex64::from).collect();
    let mut state = vec![0.0; literal.state_len()];
    let source = Source { state: None, scale: zero, momenta: &momenta };
    let mut targets = [Target { weight: Complex64::ONE, state: &mut state }];
    let report = literal.solve(zero, source, &mut targets, 0.0)?;
    let mut covariance = literal.matrix(&state);
    let rounded = rounding::FACTORIZATION;
    let [lost_mean, lost] = match length {
        Some(law) => stretch(&model, law, &mut mean, &mut covariance).map(|lost| rounded * lost),
        None => [0.0; 2],
    };
    let local = Local::of(chain, &mean, covariance.view());
    let stiffness = |n: usize| match n.checked_sub(first) {
        Some(atom) => 1.0 / model.mass[atom],
        None if chain.is_pinned() => model.own_springs(n),
        None => model.spring[n],
    };
    let coordinates = 0..chain.coordinates();
    let stiffest = coordinates.clone().map(stiffness).fold(0.0, f64::max);
    let sizes = coordinates.clone().map(|n| stiffness(n) * covariance[[n, n]]);
    let squares = coordinates.map(|n| stiffness(n) * mean[n] * mean[n]);
    let most = largest_of(squares);
    let second = stiffest * report.error + rounded * (largest_of(sizes) + most) + lost;
    let soft = model.softness();
    // Springs and pinning are added up before they act: a weak pinning is as uncertain as a
    // rounding of the springs beside it.
    let displaced = rounded + chain.atoms() as f64 * stiffest * soft * rounding::UNIT;
    let errors = LocalErrors {
        mean: rounded * most.sqrt() + lost_mean,
        second,
        flow: None,
        mean_q: displaced * largest_of(local.mean_q.iter().copied()),
        var_q: soft * second,
    };
    // The refinement of the solve is the next rounding.
    let refined = LocalErrors {
        second: stiffest * report.error,
        var_q: soft * stiffest * report.error,
        ..LocalErrors::default()
    };
    let parts = vec![(ErrorSource::Iteration, refined)];
    let profile = local.profile_of(chain, 0.0.into(), f64::INFINITY, errors, &parts);
    Ok(State { profile, mean, covariance, residual: report.residual })
}

/// The state of a pinned ring.
fn along_the_line(chain: &Chain, model: &Model) -> Result<State, SteadyError> {
    let line = Line::new(model);
    let (drift, n) = (line.drift(), line.len);
    let mut pushed = vec![0.0; n];
    for force in forces_of(chain) {
        pushed[line.momentum(force.site)] += line.force(force.site, force.mean);
    }
    let mut y = settled_mean(&drift, &pushed)?;
    // Nothing moves on average.
    (0..model.atoms()).for_each(|atom| y[line.momentum(atom)] = 0.0);
    let found = settled(&drift, &line.flips, &line.noise)?;
    let along = Band::of(n, true, &found.covariance);
    let local = line.local(&y, &along);
    let most = largest_of(y.iter().map(|y| y * y));
    let size = largest_of((0..n).map(|i| found.covariance[i * (n + 1)]));
    let (rounded, soft) = (rounding::FACTORIZATION, model.softness());
    let errors_of = |mean: f64, second: f64| LocalErrors::of(mean, second, soft);
    let second = found.error + rounded * size;
    let parts = vec![(ErrorSource::Iteration, errors_of(0.0, found.error))];
    let with =
        |errors: LocalErrors| local.profile_of(chain, 0.0.into(), f64::INFINITY, errors, &parts);
    let mut profile = with(errors_of(rounded * most.sqrt(), second));
    // Means at rest carry nothing, however far they are displaced.
    profile.errors.current = with(errors_of(0.0, second)).errors.current;
    let (mean, covariance) = (line.leave(&y), line.matrix(&along));
    Ok(State { profile, mean, covariance, residual: found.residual })
}

/// The place of the softest spring.
fn softest(model: &Model) -> usize {
    let springs = model.spring.iter().enumerate();
    springs.min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(bond, _)| bond)
}

/// Adds what gives the state of a ring the length of the law and its variance. Returns what the
/// sums are rounded relative to, in the units of the energy, of means and of second moments.
fn stretch(
    model: &Model,
    law: &InitialLaw,
    mean: &mut [f64],
    covariance: &mut Array2<f64>,
) -> [f64; 2] {
    let bonds = model.spring.len();
    let soft: Vec<f64> = model.spring.iter().map(|k| 1.0 / k).collect();
    let softness: f64 = soft.iter().sum();
    let (wanted, given) = (law.covariance_above(0.0), s![..bonds, ..bonds]);
    let length: f64 = law.mean_r.iter().sum::<f64>() - mean[..bonds].iter().sum::<f64>();
    let variance = (wanted.slice(given).sum() - covariance.slice(given).sum()) / softness.powi(2);
    let sizes = [
        law.mean_r.iter().chain(&mean[..bonds]).map(|r| r.abs()).sum::<f64>() / softness,
        (wanted.slice(given).iter().chain(covariance.slice(given).iter()))
            .map(|c| c.abs())
            .sum::<f64>()
            / softness.powi(2),
    ];
    for (n, r) in soft.iter().enumerate() {
        mean[n] += length / softness * r;
        for (m, other) in soft.iter().enumerate() {
            covariance[[n, m]] += variance * r * other;
        }
    }
    // √k r and k Var r of the softest bond.
    let most = largest_of(soft);
    [sizes[0] * most.sqrt(), sizes[1] * most]
}
