//! Stationary and periodic means of a chain under constant and oscillating forces.
//!
//! Without pinning all atoms move with one velocity V, Σ (2γ_n + λ_n) m_n V = Σ F̄_n, and k_(n+1)
//! r̄_(n+1) = Σ_(l≤n) [(2γ_l + λ_l) m_l V - F̄_l]. With pinning they rest where DᵀkD q̄ + κ q̄ =
//! F̄. Each harmonic is one solve Φ(ilω) q̂ = F̂, by the stiffnesses of [`super::response`]. O(N)
//! each. Error: roundings.

use super::Model;
use crate::chain::{Chain, SiteForce};
use num_complex::Complex64;

/// The means in the long run, by atoms; bonds from 1 to N in `elongation`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Means {
    /// V, E p_n/m_n: one velocity.
    pub velocity: f64,
    /// q̄_n of a pinned chain, 0 otherwise.
    pub displacement: Vec<f64>,
    /// r̄_n
    pub elongation: Vec<f64>,
    /// The amplitudes for every l ≥ 1, (q̂_n): q = q̄ + Σ_l 2 Re q̂ e^(ilωτ).
    pub harmonics: Vec<(u32, Vec<Complex64>)>,
}

/// F̄_n of every atom.
pub fn constant_forces(chain: &Chain) -> Vec<f64> {
    let mut forces = vec![0.0; chain.atoms()];
    for force in forces_of(chain) {
        forces[force.site] += force.mean;
    }
    forces
}

/// All forces.
pub fn forces_of(chain: &Chain) -> Vec<SiteForce> {
    match chain.coefficients() {
        Some(all) => all.forces.clone(),
        None if chain.force == Default::default() => vec![],
        None => {
            let (mean, harmonics) = (chain.force.mean, chain.force.harmonics.clone());
            vec![SiteForce { site: chain.bonds, mean, harmonics }]
        }
    }
}

/// lω of the highest harmonic of any force; 0 where there is none.
pub(super) fn highest_frequency(chain: &Chain, forces: &[SiteForce]) -> f64 {
    let highest = forces.iter().flat_map(|f| f.harmonics.iter().map(|(l, _)| *l)).max();
    f64::from(highest.unwrap_or(0)) * chain.force.frequency.hi
}

/// Solves Φ q = f for a given Φ_nn less the springs, `own`; complex.
fn solve(model: &Model, own: impl Fn(usize) -> Complex64, f: &[Complex64]) -> Vec<Complex64> {
    let atoms = model.atoms();
    // The chain to the right of bond n+1 answers atom n as a stiffness and a force.
    let (mut stiffness, mut force) = (vec![Complex64::ZERO; atoms], f.to_vec());
    for n in (0..atoms).rev() {
        stiffness[n] += own(n);
        if n > 0 {
            let k = model.spring[n - 1];
            let part = k / (stiffness[n] + k);
            let (s, g) = (stiffness[n] * part, force[n] * part);
            stiffness[n - 1] += s;
            force[n - 1] += g;
        }
    }
    let mut q = vec![force[0] / stiffness[0]];
    for n in 1..atoms {
        let k = model.spring[n - 1];
        q.push((force[n] + k * q[n - 1]) / (stiffness[n] + k));
    }
    q
}

impl Means {
    /// The means of a chain whose forces are balanced by flips, thermostats or pinning; `None`
    /// where nothing resists them.
    pub fn new(chain: &Chain, model: &Model) -> Option<Means> {
        let atoms = model.atoms();
        let constant = constant_forces(chain);
        let resistance: f64 = (0..atoms).map(|n| model.damping(n) * model.mass[n]).sum();
        let total: f64 = constant.iter().sum();
        let mut means = Means { displacement: vec![0.0; atoms], ..Means::default() };
        if model.is_pinned() {
            let f: Vec<Complex64> = constant.iter().map(|&f| f.into()).collect();
            if total != 0.0 || constant.iter().any(|f| *f != 0.0) {
                let q = solve(model, |n| model.pinning[n].into(), &f);
                means.displacement = q.iter().map(|q| q.re).collect();
            }
            let pairs = means.displacement.windows(2);
            means.elongation = pairs.map(|pair| pair[1] - pair[0]).collect();
        } else {
            if total != 0.0 {
                if resistance == 0.0 {
                    return None;
                }
                means.velocity = total / resistance;
            }
            let mut held = 0.0;
            means.elongation = (0..atoms - 1)
                .map(|n| {
                    held += model.damping(n) * model.mass[n] * means.velocity - constant[n];
                    held / model.spring[n]
                })
                .collect();
        }
        let forces = forces_of(chain);
        let mut orders: Vec<u32> =
            forces.iter().flat_map(|force| force.harmonics.iter().map(|(l, _)| *l)).collect();
        orders.sort_unstable();
        orders.dedup();
        for order in orders {
            let mut f = vec![Complex64::ZERO; atoms];
            for force in &forces {
                let parts = force.harmonics.iter().filter(|(l, _)| *l == order);
                parts.for_each(|(_, amplitude)| f[force.site] += amplitude);
            }
            let w = f64::from(order) * chain.force.frequency.hi;
            let own = |n: usize| model.own_stiffness(n, w);
            means.harmonics.push((order, solve(model, own, &f)));
        }
        Some(means)
    }

    /// The average over a period of ū_n² = p̄_n²/m_n.
    pub fn mean_square(&self, chain: &Chain, model: &Model) -> Vec<f64> {
        let square = |n: usize| {
            let oscillating: f64 = (self.harmonics.iter())
                .map(|(l, q)| {
                    let w = f64::from(*l) * chain.force.frequency.hi;
                    2.0 * w * w * q[n].norm_sqr()
                })
                .sum();
            model.mass[n] * (self.velocity * self.velocity + oscillating)
        };
        (0..model.atoms()).map(square).collect()
    }
}
