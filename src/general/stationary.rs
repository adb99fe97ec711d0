//! The stationary state of any open chain with thermostats: profiles in O(N) a node.
//!
//! The coldest temperature T_c is split off, under which the uniform state is exact; the rest is
//! driven by 2λ(T - T_c) + 4γ ū² ≥ 0, so every number is a sum of positive ones from the colder
//! end. The current through a bond is what thermostats and flips feed in before it,
//!
//! ```text
//! j_(n,n+1) = Σ_(l≤n) [ λ_l (T_l - θ_l) + 2γ_l ū_l² ] - k_(n+1) r̄_(n+1) p̄_n/m_n.
//! ```
//!
//! Error: the second quadrature, what the iteration left, and roundings.

use super::Model;
use super::mean::{Means, constant_forces};
use super::network::{self, Temperatures};
use super::quadrature::Quadrature;
use super::response::Response;
use crate::budget::rounding;
use crate::chain::Chain;
use crate::covariance::moments::apart;
use crate::covariance::source::ErrorSource;
use crate::monitor::Monitor;
use crate::numerics::vector::{accumulated, largest_of};
use crate::observe::identities::Identity;
use crate::observe::{ColumnErrors, GeneralColumns, Profile};
use crate::steady::SteadyError;
use rayon::prelude::*;

/// Identities that are missed by more than this have a mode in them that nothing damps.
const UNDAMPED: f64 = 1e-6;

/// Roundings of a variance and of a current, relative. At most half of that was seen against the
/// closed form of the homogeneous chain (γ = 0.05 .. 20, N = 30 .. 10⁴).
pub(super) fn rounding(atoms: usize) -> f64 {
    rounding::SUM + rounding::FORMULAS * (atoms as f64).sqrt()
}

/// The state in the long run.
#[derive(Debug, Clone)]
pub struct Stationary {
    /// Its profiles, averages over a period under a periodic force.
    pub profile: Profile,
    /// The exact identities, with their violations.
    pub identities: Vec<Identity>,
    /// T_c
    pub coldest: f64,
    /// 4γ(θ - T_c + ū²) + 2λ(T - T_c) ≥ 0: the strength of the noise of u_n that makes the
    /// covariance, less the uniform one at T_c.
    pub strength: Vec<f64>,
    /// The frequencies at which it was integrated.
    pub quadrature: Quadrature,
    /// Iterations.
    pub iterations: usize,
    /// The relative residual.
    pub residual: f64,
}

/// Second moments less T_c.
struct Moments {
    kinetic: Vec<f64>,
    displacement: Vec<f64>,
    elongation: Vec<f64>,
    /// Through bond n+1.
    current: Vec<f64>,
    /// The largest sum of the sizes of its terms.
    largest_sum: f64,
    /// The part of the balance that is missing at the far end.
    imbalance: f64,
}

/// Kinetic temperatures, Var q and Var r under noise of these strengths.
fn moments(model: &Model, nodes: &[(f64, f64)], strength: &[f64]) -> [Vec<f64>; 3] {
    let atoms = model.atoms();
    let noise = |n: usize| model.mass[n] * strength[n];
    let of_group = |group: &[(f64, f64)]| {
        let mut sums = [vec![0.0; atoms], vec![0.0; atoms], vec![0.0; atoms - 1]];
        let mut density = vec![0.0; atoms];
        for &(frequency, weight) in group {
            let [kinetic, displacement, elongation] = &mut sums;
            density.fill(0.0);
            Response::new(model, frequency).add_densities(weight, noise, &mut density, elongation);
            for (n, density) in density.iter().enumerate() {
                displacement[n] += density;
                kinetic[n] += frequency * frequency * model.mass[n] * density;
            }
        }
        sums
    };
    let parts: Vec<[Vec<f64>; 3]> = nodes.par_chunks(8).map(of_group).collect();
    let mut all = [vec![0.0; atoms], vec![0.0; atoms], vec![0.0; atoms - 1]];
    for part in parts {
        for (sum, part) in all.iter_mut().zip(part) {
            sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
    }
    all
}

/// The state in the long run.
pub fn stationary(chain: &Chain, monitor: &Monitor) -> Result<Stationary, SteadyError> {
    let model = Model::new(chain);
    let Some(first) = model.thermostats().next() else {
        return Err(SteadyError::NeedsThermostat("a chain with coefficients".into()));
    };
    let last = model.thermostats().last().unwrap_or(first);
    let means = Means::new(chain, &model).ok_or(SteadyError::NoThermostat)?;
    let squares = means.mean_square(chain, &model);
    if model.temperature[last] < model.temperature[first] {
        let turned: Vec<f64> = squares.iter().rev().copied().collect();
        let mut found = solve(&model.mirrored(), &turned, monitor)?;
        found.turn();
        return Ok(found.finished(chain, &model, &means));
    }
    Ok(solve(&model, &squares, monitor)?.finished(chain, &model, &means))
}

/// Both approximations of one orientation.
struct Found {
    coldest: f64,
    moments: [Moments; 2],
    strength: Vec<f64>,
    temperatures: Temperatures,
    quadrature: Quadrature,
}

fn solve(model: &Model, squares: &[f64], monitor: &Monitor) -> Result<Found, SteadyError> {
    let coldest = model.thermostats().map(|n| model.temperature[n]).fold(f64::INFINITY, f64::min);
    let quadrature = Quadrature::new(model, &monitor.part(0.0, 0.3))?;
    if quadrature.missing.is_nan() || quadrature.missing > UNDAMPED {
        return Err(SteadyError::Undamped);
    }
    let excess = |n: usize| match model.friction[n] {
        0.0 => 0.0,
        friction => friction * (model.temperature[n] - coldest),
    };
    let driven: Vec<f64> = (0..model.atoms())
        .map(|n| 4.0 * model.flip_rate[n] * squares[n] + 2.0 * excess(n))
        .collect();
    let temperatures = network::temperatures(model, &quadrature, &driven, &monitor.part(0.3, 0.9))?;
    let strength = |corrected: bool| {
        let mut strength = driven.clone();
        for (i, &site) in temperatures.sites.iter().enumerate() {
            let more = if corrected { temperatures.correction[i] } else { 0.0 };
            strength[site] += 4.0 * model.flip_rate[site] * (temperatures.values[i] + more);
        }
        strength
    };
    let nodes = [&quadrature.nodes, &quadrature.second];
    let both = [false, true].map(|corrected| {
        let own = moments(model, nodes[usize::from(corrected)], &strength(corrected));
        let [mut kinetic, displacement, elongation] = own;
        for (i, &site) in temperatures.sites.iter().enumerate() {
            let more = if corrected { temperatures.correction[i] } else { 0.0 };
            kinetic[site] = temperatures.values[i] + more;
        }
        let heated = |n: usize| 2.0 * model.flip_rate[n] * squares[n];
        let lost = |n: usize| model.friction[n] * kinetic[n];
        let entered = |n: usize| excess(n) - lost(n) + heated(n);
        let mut current: Vec<f64> = accumulated((0..model.atoms()).map(entered)).collect();
        let imbalance = current.pop().unwrap_or(0.0);
        let bonds = 0..current.len();
        let largest_sum = bonds.map(|n| excess(n) + lost(n) + heated(n)).sum();
        Moments { kinetic, displacement, elongation, current, largest_sum, imbalance }
    });
    let strength = strength(false);
    Ok(Found { coldest, moments: both, strength, temperatures, quadrature })
}

impl Found {
    /// Back from the mirrored chain.
    fn turn(&mut self) {
        self.strength.reverse();
        for moments in &mut self.moments {
            moments.kinetic.reverse();
            moments.displacement.reverse();
            moments.elongation.reverse();
            moments.current.reverse();
            moments.current.iter_mut().for_each(|j| *j = 0.0 - *j);
        }
    }

    fn finished(self, chain: &Chain, model: &Model, means: &Means) -> Stationary {
        let [first, second] = &self.moments;
        let (cold, atoms, pinned) = (self.coldest, model.atoms(), model.is_pinned());
        let kinetic: Vec<f64> = first.kinetic.iter().map(|t| cold + t).collect();
        let rounding = rounding(atoms);
        // The identities say what a whole row of the quadrature misses.
        let missing = self.quadrature.missing;
        let lost = |value: f64| (rounding + missing) * value;
        let hot = largest_of(kinetic.iter().copied());
        let largest_sum = first.largest_sum.max(second.largest_sum);
        let apart_t = apart(&first.kinetic, &second.kinetic);
        let error_t = apart_t + lost(hot);
        let var_p: Vec<f64> = kinetic.iter().zip(&model.mass).map(|(t, m)| t * m).collect();
        let heavy = largest_of(model.mass.iter().copied());
        let error_p = heavy * error_t;
        let mut var_r = vec![0.0];
        let still = model.gibbs_elongations();
        var_r.extend(first.elongation.iter().zip(still).map(|(v, s)| v + cold * s));
        let apart_r = apart(&first.elongation, &second.elongation);
        let stretched = largest_of(var_r.iter().copied());
        let error_r = apart_r + lost(stretched);
        let (mut mean_q, mut var_q) = (vec![], vec![]);
        let (mut error_q, mut apart_q, mut displaced) = (0.0, 0.0, 0.0);
        if pinned {
            mean_q.clone_from(&means.displacement);
            let still = model.gibbs_displacements();
            var_q = first.displacement.iter().zip(&still).map(|(v, s)| v + cold * s).collect();
            apart_q = apart(&first.displacement, &second.displacement);
            displaced = largest_of(var_q.iter().copied());
            error_q = apart_q + lost(displaced);
        }
        let mean_r: Vec<f64> = [&[0.0][..], &means.elongation].concat();
        let mean_p: Vec<f64> = model.mass.iter().map(|m| m * means.velocity).collect();
        let oscillation = oscillation(chain, model, means);
        let at = |values: &[f64], n: usize| values.get(n).copied().unwrap_or(0.0);
        let mechanical: Vec<f64> = (0..atoms)
            .map(|n| {
                let [p, r, q] = [mean_p[n], mean_r[n], at(&mean_q, n)];
                model.energy(n, [p * p, r * r, q * q]) + oscillation[n].0
            })
            .collect();
        let thermal: Vec<f64> =
            (0..atoms).map(|n| model.energy(n, [var_p[n], var_r[n], at(&var_q, n)])).collect();
        let largest = |values: &[f64]| largest_of(values.iter().copied());
        // The velocity is one quotient of two sums and may be far smaller than the elongations.
        let [error_mean_q, error_mean_r] = means.terms.map(|terms| rounding * terms);
        let error_mean_p = rounding * largest(&mean_p);
        let lost_energy = |n: usize| {
            let of = |value: f64, error: f64| (2.0 * value.abs() + error) * error;
            let [p, r, q] = [mean_p[n], mean_r[n], at(&mean_q, n)];
            model.energy(n, [of(p, error_mean_p), of(r, error_mean_r), of(q, error_mean_q)])
        };
        let error_mechanical =
            rounding * largest(&mechanical) + largest_of((0..atoms).map(lost_energy));
        let thermal_of = |[t, r, q]: [f64; 3]| {
            (t + largest(&model.spring) * r + largest(&model.pinning) * q) / 2.0
        };
        let error_thermal = thermal_of([error_t, error_r, error_q]);
        // Means carry energy too.
        let convected = |n: usize| {
            (n + 1 < atoms)
                .then(|| model.spring[n] * mean_r[n + 1] * means.velocity + oscillation[n].1)
        };
        let mut current: Vec<f64> =
            (0..atoms - 1).map(|n| first.current[n] - convected(n).unwrap_or(0.0)).collect();
        // In the long run an end hands on what it gets.
        let worked = |site: usize| {
            constant_forces(chain)[site] * means.velocity + power_of_harmonics(chain, means, site)
        };
        let left = match model.friction[0] {
            0.0 => 0.0,
            _ => current[0] - worked(0),
        };
        current.push(current[atoms - 2]);
        let carried = largest_of((0..atoms).filter_map(convected))
            + largest(&model.spring) * means.velocity.abs() * means.terms[1];
        let apart_j = apart(&first.current, &second.current);
        let error_j = apart_j + lost(largest_sum) + rounding * carried;
        let imbalance = first.imbalance.abs() / largest(&thermal).max(largest(&mechanical));
        let identity =
            |name, violation| Identity { name, violation, site: None, time: f64::INFINITY };
        let identities = vec![
            identity("what enters leaves: one current through all bonds", imbalance),
            identity("uniform temperature, row by row", missing),
        ];
        let errors = ColumnErrors {
            mean_r: error_mean_r,
            mean_p: error_mean_p,
            var_r: error_r,
            var_p: error_p,
            mechanical: error_mechanical,
            thermal: error_thermal,
            energy: error_thermal + error_mechanical,
            current: error_j,
        };
        // What iterations and the second quadrature would change, and what both rules miss.
        let found = [
            [apart_t, apart_r, apart_q],
            [missing * hot, missing * stretched, missing * displaced],
        ];
        let currents = [apart_j, missing * largest_sum];
        let parts = [ErrorSource::Iteration, ErrorSource::InnerQuadrature].into_iter().zip(0..2);
        let part = |(source, k): (ErrorSource, usize)| {
            let ([t, r, _], thermal) = (found[k], thermal_of(found[k]));
            let (var_r, var_p, current) = (r, heavy * t, currents[k]);
            let zero = ColumnErrors::default();
            (source, ColumnErrors { var_r, var_p, thermal, energy: thermal, current, ..zero })
        };
        let parts = parts.map(part).collect();
        let general = GeneralColumns {
            temperature: kinetic,
            mean_q,
            var_q,
            mechanical,
            thermal,
            errors: [error_t, error_mean_q, error_q],
            parts: found.map(|[t, _, q]| [t, 0.0, q]).to_vec(),
        };
        let oscillates = !means.harmonics.is_empty();
        let profile = Profile {
            time: f64::INFINITY,
            mean_r,
            mean_p,
            var_r,
            var_p,
            current,
            left_inflow: left,
            left_more: 0.0,
            oscillation: if oscillates {
                oscillation.iter().map(|o| o.0).collect()
            } else {
                vec![]
            },
            general: Some(Box::new(general)),
            errors,
            parts: Some(parts),
        };
        Stationary {
            profile,
            identities,
            coldest: cold,
            strength: self.strength,
            quadrature: self.quadrature,
            iterations: self.temperatures.iterations,
            residual: self.temperatures.residual,
        }
    }
}

/// The average energy of the means' oscillation at every site, and the average of k r̄ v̄ that it
/// carries.
fn oscillation(chain: &Chain, model: &Model, means: &Means) -> Vec<(f64, f64)> {
    let atoms = model.atoms();
    let mut all = vec![(0.0, 0.0); atoms];
    for (l, q) in &means.harmonics {
        let w = f64::from(*l) * chain.force.frequency.hi;
        for n in 0..atoms {
            let bond = |n: usize| q[n] - q[n - 1];
            let mut energy =
                model.mass[n] * w * w * q[n].norm_sqr() + model.pinning[n] * q[n].norm_sqr();
            if n > 0 {
                energy += model.spring[n - 1] * bond(n).norm_sqr();
            }
            all[n].0 += energy;
            if n + 1 < atoms {
                // The average of r v is 2 Re(r̂ conj(iω q̂)).
                let velocity = num_complex::Complex64::new(0.0, w) * q[n];
                all[n].1 += 2.0 * model.spring[n] * (bond(n + 1) * velocity.conj()).re;
            }
        }
    }
    all
}

/// The average work of the oscillating force on an atom.
fn power_of_harmonics(chain: &Chain, means: &Means, site: usize) -> f64 {
    let forces = super::mean::forces_of(chain);
    let force = forces.iter().find(|force| force.site == site);
    let parts = force.into_iter().flat_map(|force| &force.harmonics);
    parts
        .map(|(l, f)| {
            let q = means.harmonics.iter().find(|(order, _)| order == l);
            let w = f64::from(*l) * chain.force.frequency.hi;
            q.map_or(0.0, |(_, q)| {
                2.0 * (f * (num_complex::Complex64::new(0.0, w) * q[site]).conj()).re
            })
        })
        .sum()
}
