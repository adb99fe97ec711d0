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
use super::mean::Means;
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

    /// The error of numbers as large as `size`, by which the second quadrature is `apart`.
    fn error(&self, apart: f64, size: f64) -> f64 {
        // The identities say what a whole row of the quadrature misses.
        apart + (rounding(self.strength.len()) + self.quadrature.missing) * size
    }

    /// The variances with T_c, and their errors.
    fn variances(&self, model: &Model) -> Variances {
        let [first, second] = &self.moments;
        let cold = self.coldest;
        let with = |(v, still): (&f64, f64)| v + cold * still;
        let kinetic: Vec<f64> = first.kinetic.iter().map(|t| cold + t).collect();
        let var_r = first.elongation.iter().zip(model.gibbs_elongations()).map(with);
        let var_r: Vec<f64> = std::iter::once(0.0).chain(var_r).collect();
        let (mut var_q, mut apart_q) = (vec![], 0.0);
        if model.is_pinned() {
            var_q = first.displacement.iter().zip(model.gibbs_displacements()).map(with).collect();
            apart_q = apart(&first.displacement, &second.displacement);
        }
        let apart_r = apart(&first.elongation, &second.elongation);
        let apart = [apart(&first.kinetic, &second.kinetic), apart_r, apart_q];
        let sizes = [&kinetic, &var_r, &var_q].map(|values| largest_of(values.iter().copied()));
        let errors = std::array::from_fn(|i| self.error(apart[i], sizes[i]));
        Variances { kinetic, var_r, var_q, apart, sizes, errors }
    }

    /// The currents through every bond, those of the means included, and into the left end.
    fn currents(&self, chain: &Chain, model: &Model, columns: &MeanColumns) -> Currents {
        let ([first, second], atoms) = (&self.moments, model.atoms());
        let velocity = columns.means.velocity;
        let convected = |n: usize| {
            model.spring[n] * columns.mean_r[n + 1] * velocity + columns.oscillation[n].1
        };
        let mut current: Vec<f64> =
            (0..atoms - 1).map(|n| first.current[n] - convected(n)).collect();
        // In the long run an end hands on what it gets.
        let left = match model.friction[0] {
            0.0 => 0.0,
            _ => current[0] - columns.means.power(chain, 0),
        };
        current.push(current[atoms - 2]);
        let carried = largest_of((0..atoms - 1).map(convected))
            + largest_of(model.spring.iter().copied()) * velocity.abs() * columns.means.terms[1];
        let apart = apart(&first.current, &second.current);
        let largest_sum = first.largest_sum.max(second.largest_sum);
        let error = self.error(apart, largest_sum) + rounding(atoms) * carried;
        Currents { current, left, apart, largest_sum, error }
    }

    fn finished(self, chain: &Chain, model: &Model, means: &Means) -> Stationary {
        let (found, columns) = (self.variances(model), MeanColumns::new(chain, model, means));
        let currents = self.currents(chain, model, &columns);
        let largest = |values: &[f64]| largest_of(values.iter().copied());
        let at = |values: &[f64], n: usize| values.get(n).copied().unwrap_or(0.0);
        let var_p: Vec<f64> = found.kinetic.iter().zip(&model.mass).map(|(t, m)| t * m).collect();
        let thermal_at = |n: usize| [var_p[n], found.var_r[n], at(&found.var_q, n)];
        let thermal: Vec<f64> =
            (0..model.atoms()).map(|n| model.energy(n, thermal_at(n))).collect();
        let imbalance =
            self.moments[0].imbalance.abs() / largest(&thermal).max(largest(&columns.mechanical));
        let missing = self.quadrature.missing;
        let identity =
            |name, violation| Identity { name, violation, site: None, time: f64::INFINITY };
        let identities = vec![
            identity("what enters leaves: one current through all bonds", imbalance),
            identity("uniform temperature, row by row", missing),
        ];
        let (stiff, held) = (largest(&model.spring), largest(&model.pinning));
        let heavy = largest(&model.mass);
        let of_second = |[t, r, q]: [f64; 3], current: f64| {
            let thermal = (t + stiff * r + held * q) / 2.0;
            let (var_r, var_p, energy) = (r, heavy * t, thermal);
            ColumnErrors { var_r, var_p, thermal, energy, current, ..Default::default() }
        };
        // What iterations and the second quadrature would change, and what both rules miss.
        let missed = found.sizes.map(|size| missing * size);
        let parts = vec![
            (ErrorSource::Iteration, of_second(found.apart, currents.apart)),
            (ErrorSource::InnerQuadrature, of_second(missed, missing * currents.largest_sum)),
        ];
        let second = of_second(found.errors, currents.error);
        let [error_q, mean_r, mean_p, mechanical] = columns.errors;
        let energy = second.thermal + mechanical;
        let errors = ColumnErrors { mean_r, mean_p, mechanical, energy, ..second };
        let general = GeneralColumns {
            temperature: found.kinetic,
            mean_q: columns.mean_q,
            var_q: found.var_q,
            mechanical: columns.mechanical,
            thermal,
            errors: [found.errors[0], error_q, found.errors[2]],
            parts: [found.apart, missed].map(|[t, _, q]| [t, 0.0, q]).to_vec(),
        };
        let oscillates = !means.harmonics.is_empty();
        let oscillation = columns.oscillation.iter().map(|o| o.0);
        let profile = Profile {
            time: f64::INFINITY,
            mean_r: columns.mean_r,
            mean_p: columns.mean_p,
            var_r: found.var_r,
            var_p,
            current: currents.current,
            left_inflow: currents.left,
            left_more: 0.0,
            oscillation: if oscillates { oscillation.collect() } else { vec![] },
            general: Some(Box::new(general)),
            errors,
            parts: Some(parts),
        };
        Stationary {
            profile,
            identities,
            coldest: self.coldest,
            strength: self.strength,
            quadrature: self.quadrature,
            iterations: self.temperatures.iterations,
            residual: self.temperatures.residual,
        }
    }
}

/// Kinetic temperatures, Var r and Var q.
struct Variances {
    kinetic: Vec<f64>,
    var_r: Vec<f64>,
    var_q: Vec<f64>,
    /// Of each: what the second quadrature changes, the largest value, the error.
    apart: [f64; 3],
    sizes: [f64; 3],
    errors: [f64; 3],
}

struct Currents {
    current: Vec<f64>,
    left: f64,
    /// What the second quadrature changes, the largest sum of the sizes of terms, and the error.
    apart: f64,
    largest_sum: f64,
    error: f64,
}

/// The columns of the means and of their energy.
struct MeanColumns<'a> {
    means: &'a Means,
    mean_r: Vec<f64>,
    mean_p: Vec<f64>,
    /// Empty without pinning.
    mean_q: Vec<f64>,
    /// The energy of the oscillation, and the current that it carries.
    oscillation: Vec<(f64, f64)>,
    mechanical: Vec<f64>,
    /// Of q̄, r̄, p̄ and of the mechanical energy.
    errors: [f64; 4],
}

impl<'a> MeanColumns<'a> {
    fn new(chain: &Chain, model: &Model, means: &'a Means) -> MeanColumns<'a> {
        let (atoms, rounding) = (model.atoms(), rounding(model.atoms()));
        let mean_r: Vec<f64> = [&[0.0][..], &means.elongation].concat();
        let mean_p: Vec<f64> = model.mass.iter().map(|m| m * means.velocity).collect();
        let mean_q = if model.is_pinned() { means.displacement.clone() } else { vec![] };
        let oscillation = means.oscillation(chain, model);
        let at = |n: usize| [mean_p[n], mean_r[n], mean_q.get(n).copied().unwrap_or(0.0)];
        let energy = |n: usize| model.energy(n, at(n).map(|mean| mean * mean)) + oscillation[n].0;
        let mechanical: Vec<f64> = (0..atoms).map(energy).collect();
        // The velocity is one quotient of two sums and may be far smaller than the elongations.
        let [error_q, error_r] = means.terms.map(|terms| rounding * terms);
        let error_p = rounding * largest_of(mean_p.iter().copied());
        let lost_energy = |n: usize| {
            let of = |value: f64, error: f64| (2.0 * value.abs() + error) * error;
            let [p, r, q] = at(n);
            model.energy(n, [of(p, error_p), of(r, error_r), of(q, error_q)])
        };
        let error_mechanical = rounding * largest_of(mechanical.iter().copied())
            + largest_of((0..atoms).map(lost_energy));
        let errors = [error_q, error_r, error_p, error_mechanical];
        MeanColumns { means, mean_r, mean_p, mean_q, oscillation, mechanical, errors }
    }
}
