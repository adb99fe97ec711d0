//! Profiles of a chain with coefficients, from first and second moments.
//!
//! ```text
//! E_n = E p_n²/2m_n + k_n E r_n²/2 + κ_n E q_n²/2,      j_(n,n+1) = -k_(n+1) E[r_(n+1) p_n]/m_n
//! ```

use super::Model;
use super::mean::forces_of;
use crate::chain::{Chain, Double, SiteForce, oscillating};
use crate::numerics::vector::largest_of;
use crate::observe::{ColumnErrors, GeneralColumns, Profile};
use ndarray::ArrayView2;

/// First and second moments at one time that profiles are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Local {
    /// E r_n, by bonds 1..N.
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
    /// Cov(p_n, r_(n+1))
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
            for n in 1..=bonds {
                local.mean_r.push(mean[n] - mean[n - 1]);
                local.var_r.push(c[[n, n]] - 2.0 * c[[n, n - 1]] + c[[n - 1, n - 1]]);
                local.correlation.push(c[[first + n - 1, n]] - c[[first + n - 1, n - 1]]);
            }
        } else {
            local.mean_r = mean[..bonds].to_vec();
            local.var_r = (0..bonds).map(|n| c[[n, n]]).collect();
            local.correlation = (0..bonds).map(|n| c[[first + n, n]]).collect();
        }
        local
    }

    /// The profiles at microscopic time `now`, which the label `time` names.
    pub fn profile(&self, chain: &Chain, now: Double, time: f64, errors: LocalErrors) -> Profile {
        let model = Model::new(chain);
        let atoms = model.atoms();
        let at = |values: &[f64], n: usize| values.get(n).copied().unwrap_or(0.0);
        let bond = |values: &[f64], n: usize| n.checked_sub(1).map_or(0.0, |bond| values[bond]);
        let mechanical: Vec<f64> = (0..atoms)
            .map(|n| {
                let [p, r, q] = [self.mean_p[n], bond(&self.mean_r, n), at(&self.mean_q, n)];
                model.energy(n, [p * p, r * r, q * q])
            })
            .collect();
        let thermal: Vec<f64> = (0..atoms)
            .map(|n| model.energy(n, [self.var_p[n], bond(&self.var_r, n), at(&self.var_q, n)]))
            .collect();
        let temperature: Vec<f64> =
            self.var_p.iter().zip(&model.mass).map(|(v, m)| v / m).collect();
        let entering = |n: usize| {
            let square = (self.var_p[n] + self.mean_p[n].powi(2)) / model.mass[n];
            model.friction[n] * (model.temperature[n] - square)
        };
        let force: f64 = (forces_of(chain).iter().filter(|force| force.site == atoms - 1))
            .map(|force| force_at(chain, force, now))
            .sum();
        let mut current: Vec<f64> = (0..atoms - 1)
            .map(|n| {
                let product = self.correlation[n] + self.mean_p[n] * self.mean_r[n];
                0.0 - model.spring[n] * product / model.mass[n]
            })
            .collect();
        let end = atoms - 1;
        let velocity = self.mean_p[end] / model.mass[end];
        current.push(0.0 - (force * velocity + entering(end)));

        let largest = |values: &[f64]| largest_of(values.iter().copied());
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let (heavy, soft) = (largest(&model.mass), 1.0 / least(&model.spring));
        let amplitude = (2.0 * largest(&mechanical)).sqrt();
        let error_mechanical = 1.5 * (2.0 * amplitude * errors.mean + errors.mean * errors.mean);
        let error_thermal = 1.5 * errors.second;
        // j is a product of √k r and u, times √(k/m); at the end a force times a velocity, or λ u².
        let stiff = (0..atoms - 1)
            .map(|n| (model.spring[n] / model.mass[n]).sqrt())
            .fold(model.friction[end], f64::max);
        let of_means = 2.0 * amplitude * errors.mean + errors.mean * errors.mean;
        let thermal_flow = errors.flow.unwrap_or(stiff * errors.second);
        let pushed = force.abs() / model.mass[end].sqrt() * errors.mean;
        let errors_of = ColumnErrors {
            mean_r: soft.sqrt() * errors.mean,
            mean_p: heavy.sqrt() * errors.mean,
            var_r: soft * errors.second,
            var_p: heavy * errors.second,
            mechanical: error_mechanical,
            thermal: error_thermal,
            energy: error_mechanical + error_thermal,
            current: thermal_flow + stiff * of_means + pushed,
        };
        let columns = GeneralColumns {
            temperature,
            mean_q: self.mean_q.clone(),
            var_q: self.var_q.clone(),
            mechanical,
            thermal,
            errors: [errors.second, errors.mean_q, errors.var_q],
        };
        let padded = |values: &[f64]| [&[0.0][..], values].concat();
        Profile {
            time,
            mean_r: padded(&self.mean_r),
            mean_p: self.mean_p.clone(),
            var_r: padded(&self.var_r),
            var_p: self.var_p.clone(),
            current,
            left_inflow: entering(0),
            left_more: 0.0,
            oscillation: vec![],
            general: Some(Box::new(columns)),
            errors: errors_of,
            parts: None,
        }
    }
}

/// F_n(τ) of one atom.
pub fn force_at(chain: &Chain, force: &SiteForce, now: Double) -> f64 {
    force.mean + oscillating(&force.harmonics, chain.force.frequency, now)
}
