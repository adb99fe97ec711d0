//! Profiles of a chain with coefficients, from first and second moments.
//!
//! ```text
//! E_n = E p_n²/2m_n + k_n E r_n²/2 + κ_n E q_n²/2,      j_(n,n+1) = -k_(n+1) E[r_(n+1) p_n]/m_n
//! ```

use super::Model;
use super::mean::forces_of;
use crate::chain::{Chain, Double, SiteForce, oscillating};
use crate::covariance::source::ErrorSource;
use crate::numerics::vector::largest_of;
use crate::observe::{ColumnErrors, GeneralColumns, Profile};
use ndarray::ArrayView2;

/// First and second moments at one time that profiles are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Local {
    /// E r_n, by bonds 1..N; of a ring 0..N-1.
    pub mean_r: Vec<f64>,
    /// E p_n
    pub mean_p: Vec<f64>,
    /// E q_n of a pinned chain.
    pub mean_q: Vec<f64>,
    /// Var r_n
    pub var_r: Vec<f64>,
    /// Var p_n
    pub var_p: Vec<f64>,
    /// Var q_n of a pinned chain.
    pub var_q: Vec<f64>,
    /// Cov(p_(n-1), r_n), by bonds.
    pub correlation: Vec<f64>,
}

/// Absolute errors of the moments in units in which every term of the energy is a square over 2:
/// u = p/√m, √k r and √κ q.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LocalErrors {
    /// The error of every mean of u, √k r, √κ q.
    pub mean: f64,
    /// The error of every variance and correlation of them.
    pub second: f64,
    /// The error of the thermal current k/m Cov(p, r) and of λ Var u, where it is known to be
    /// smaller than `second` says.
    pub flow: Option<f64>,
    /// The error of E q_n itself.
    pub mean_q: f64,
    /// The error of Var q_n itself.
    pub var_q: f64,
}

impl LocalErrors {
    /// Of means and of second moments; those of displacements are larger by the softness
    /// ([`Model::softness`]).
    pub fn of(mean: f64, second: f64, soft: f64) -> LocalErrors {
        let (mean_q, var_q) = (soft.sqrt() * mean, soft * second);
        LocalErrors { mean, second, flow: None, mean_q, var_q }
    }

    /// With a larger error of second moments that displacements do not have.
    pub fn with_second(self, more: f64) -> LocalErrors {
        LocalErrors { second: self.second + more, ..self }
    }
}

/// The parts of such errors that have a source of their own; the rest is rounding.
pub type LocalParts = Vec<(ErrorSource, LocalErrors)>;

impl Model {
    /// The error of the sum of all heating, of all that thermostats exchange and of the work, a
    /// unit of time; `largest` is the largest second moment.
    pub(super) fn error_of_rates(
        &self,
        forces: &[SiteForce],
        errors: &LocalErrors,
        largest: f64,
    ) -> f64 {
        let largest_rate = |rates: &[f64]| largest_of(rates.iter().copied());
        let rates = largest_rate(&self.friction) + largest_rate(&self.flip_rate);
        let strength = |f: &SiteForce| {
            f.mean.abs() + f.harmonics.iter().map(|(_, f)| 2.0 * f.norm()).sum::<f64>()
        };
        let pushed: f64 = forces.iter().map(strength).sum();
        let LocalErrors { mean, second, .. } = *errors;
        rates * self.atoms() as f64 * (second + 3.0 * largest.sqrt() * mean) + pushed * mean
    }
}

impl Local {
    /// The moments of a mean and a covariance in the theory's order.
    pub fn of(chain: &Chain, mean: &[f64], c: ArrayView2<'_, f64>) -> Local {
        let (bonds, first) = (chain.bonds, chain.positions());
        let mut local = Local { mean_p: mean[first..].to_vec(), ..Local::default() };
        local.var_p = (0..chain.atoms()).map(|n| c[[first + n, first + n]]).collect();
        if chain.is_pinned() {
            local.mean_q = mean[..first].to_vec();
            local.var_q = (0..first).map(|n| c[[n, n]]).collect();
            for (left, n) in (0..bonds).map(|bond| chain.bond_ends(bond)) {
                local.mean_r.push(mean[n] - mean[left]);
                local.var_r.push(c[[n, n]] - 2.0 * c[[n, left]] + c[[left, left]]);
                local.correlation.push(c[[first + left, n]] - c[[first + left, left]]);
            }
        } else {
            local.mean_r = mean[..bonds].to_vec();
            local.var_r = (0..bonds).map(|n| c[[n, n]]).collect();
            let left = |bond: usize| first + chain.bond_ends(bond).0;
            local.correlation = (0..bonds).map(|n| c[[left(n), n]]).collect();
        }
        local
    }

    /// The profiles at microscopic time `now`, which the label `time` names; the sources of the
    /// errors are not known.
    pub fn profile(&self, chain: &Chain, now: Double, time: f64, errors: LocalErrors) -> Profile {
        Profile { parts: None, ..self.profile_of(chain, now, time, errors, &vec![]) }
    }

    /// The mechanical and the thermal energy of every atom.
    fn energies(&self, model: &Model) -> [Vec<f64>; 2] {
        let at = |values: &[f64], n: usize| values.get(n).copied().unwrap_or(0.0);
        let bond = |values: &[f64], n: usize| model.bond_before(n).map_or(0.0, |bond| values[bond]);
        let mechanical: Vec<f64> = (0..model.atoms())
            .map(|n| {
                let [p, r, q] = [self.mean_p[n], bond(&self.mean_r, n), at(&self.mean_q, n)];
                model.energy(n, [p * p, r * r, q * q])
            })
            .collect();
        let thermal: Vec<f64> = (0..model.atoms())
            .map(|n| model.energy(n, [self.var_p[n], bond(&self.var_r, n), at(&self.var_q, n)]))
            .collect();
        [mechanical, thermal]
    }

    /// The power that the thermostat of an atom puts in.
    fn entering(&self, model: &Model, n: usize) -> f64 {
        let square = (self.var_p[n] + self.mean_p[n].powi(2)) / model.mass[n];
        model.friction[n] * (model.temperature[n] - square)
    }

    /// The current to the right of every atom; `force` pulls at the last one.
    fn currents(&self, model: &Model, force: f64) -> Vec<f64> {
        let end = model.atoms() - 1;
        let velocity = self.mean_p[end] / model.mass[end];
        let current = |n: usize| match model.bond_after(n) {
            Some(bond) => {
                let product = self.correlation[bond] + self.mean_p[n] * self.mean_r[bond];
                0.0 - model.spring[bond] * product / model.mass[n]
            }
            None => 0.0 - (force * velocity + self.entering(model, end)),
        };
        (0..=end).map(current).collect()
    }

    /// The same with the sources of the errors.
    pub fn profile_of(
        &self,
        chain: &Chain,
        now: Double,
        time: f64,
        errors: LocalErrors,
        parts: &LocalParts,
    ) -> Profile {
        let model = Model::new(chain);
        let atoms = model.atoms();
        let [mechanical, thermal] = self.energies(&model);
        let temperature: Vec<f64> =
            self.var_p.iter().zip(&model.mass).map(|(v, m)| v / m).collect();
        let end = atoms - 1;
        let force: f64 = (forces_of(chain).iter().filter(|force| force.site == end))
            .map(|force| force_at(chain, force, now))
            .sum();
        let current = self.currents(&model, force);
        let largest = |values: &[f64]| largest_of(values.iter().copied());
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let (heavy, soft) = (largest(&model.mass), 1.0 / least(&model.spring));
        let amplitude = (2.0 * largest(&mechanical)).sqrt();
        // j is a product of √k r and u, times √(k/m); at the end a force times a velocity, or λ u².
        let roots = (0..atoms).filter_map(|n| Some((n, model.bond_after(n)?)));
        let stiff = roots
            .map(|(n, bond)| (model.spring[bond] / model.mass[n]).sqrt())
            .fold(model.friction[end], f64::max);
        let columns_of = |errors: &LocalErrors| {
            let of_means = 2.0 * amplitude * errors.mean + errors.mean * errors.mean;
            let (mechanical, thermal) = (1.5 * of_means, 1.5 * errors.second);
            let thermal_flow = errors.flow.unwrap_or(stiff * errors.second);
            let pushed = force.abs() / model.mass[end].sqrt() * errors.mean;
            ColumnErrors {
                mean_r: soft.sqrt() * errors.mean,
                mean_p: heavy.sqrt() * errors.mean,
                var_r: soft * errors.second,
                var_p: heavy * errors.second,
                mechanical,
                thermal,
                energy: mechanical + thermal,
                current: thermal_flow + stiff * of_means + pushed,
            }
        };
        let others = |errors: &LocalErrors| [errors.second, errors.mean_q, errors.var_q];
        let columns = GeneralColumns {
            temperature,
            mean_q: self.mean_q.clone(),
            var_q: self.var_q.clone(),
            mechanical,
            thermal,
            errors: others(&errors),
            parts: parts.iter().map(|(_, part)| others(part)).collect(),
        };
        let padding = if model.ring { &[][..] } else { &[0.0] };
        let padded = |values: &[f64]| [padding, values].concat();
        Profile {
            time,
            mean_r: padded(&self.mean_r),
            mean_p: self.mean_p.clone(),
            var_r: padded(&self.var_r),
            var_p: self.var_p.clone(),
            current,
            left_inflow: if model.ring { 0.0 } else { self.entering(&model, 0) },
            left_more: 0.0,
            oscillation: vec![],
            general: Some(Box::new(columns)),
            errors: columns_of(&errors),
            parts: Some(parts.iter().map(|(source, part)| (*source, columns_of(part))).collect()),
        }
    }
}

/// F_n(τ) of one atom.
pub fn force_at(chain: &Chain, force: &SiteForce, now: Double) -> f64 {
    force.mean + oscillating(&force.harmonics, chain.force.frequency, now)
}
