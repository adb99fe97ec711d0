//! Stationary and periodic means of a chain under constant and oscillating forces.
//!
//! Without pinning all atoms move with one velocity V, Σ (2γ_n + λ_n) m_n V = Σ F̄_n, and k_(n+1)
//! r̄_(n+1) = Σ_(l≤n) [(2γ_l + λ_l) m_l V - F̄_l]. With pinning they rest where DᵀkD q̄ + κ q̄ =
//! F̄. The sums are compensated. Each harmonic is one solve Φ(ilω) q̂ = F̂, by the stiffnesses of
//! [`super::response`]. O(N) each. Error: roundings.

use super::Model;
use crate::chain::{Chain, SiteForce};
use crate::numerics::vector::{accumulated, largest_of};
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
    /// The largest sizes of the terms that q̄_n and r̄_n are sums of: a rounding of them is a
    /// rounding of the means.
    pub terms: [f64; 2],
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

/// q of Φ q = f, and r_n = q_n - q_(n-1), which a difference would lose where weakly pinned atoms
/// move together.
struct Solution {
    displacement: Vec<Complex64>,
    elongation: Vec<Complex64>,
    /// The largest |a| + |b| of an elongation a - b.
    elongation_terms: f64,
}

/// Solves Φ q = f for a given Φ_nn less the springs, `own`; complex.
fn solve(model: &Model, own: impl Fn(usize) -> Complex64, f: &[Complex64]) -> Solution {
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
    let mut displacement = vec![force[0] / stiffness[0]];
    let (mut elongation, mut elongation_terms) = (Vec::with_capacity(atoms - 1), 0.0f64);
    for n in 1..atoms {
        let (k, before) = (model.spring[n - 1], displacement[n - 1]);
        let (whole, back) = (stiffness[n] + k, stiffness[n] * before);
        displacement.push((force[n] + k * before) / whole);
        elongation.push((force[n] - back) / whole);
        elongation_terms = elongation_terms.max((force[n].norm() + back.norm()) / whole.norm());
    }
    Solution { displacement, elongation, elongation_terms }
}

impl Means {
    /// The means of a chain whose forces are balanced by flips, thermostats or pinning; `None`
    /// where nothing resists them.
    pub fn new(chain: &Chain, model: &Model) -> Option<Means> {
        let atoms = model.atoms();
        let constant = constant_forces(chain);
        let drag = (0..atoms).map(|n| model.damping(n) * model.mass[n]);
        let drag: Vec<f64> = accumulated(drag).collect();
        let pushed: Vec<f64> = accumulated(constant.iter().copied()).collect();
        let (resistance, total) = (drag[atoms - 1], pushed[atoms - 1]);
        let mut means = Means {
            displacement: vec![0.0; atoms],
            elongation: vec![0.0; atoms - 1],
            ..Means::default()
        };
        if model.is_pinned() {
            let f: Vec<Complex64> = constant.iter().map(|&f| f.into()).collect();
            if total != 0.0 || constant.iter().any(|f| *f != 0.0) {
                let real = |values: Vec<Complex64>| values.iter().map(|z| z.re).collect();
                let own = |n: usize| model.pinning[n].into();
                let found = solve(model, own, &f);
                means.displacement = real(found.displacement);
                means.elongation = real(found.elongation);
                // Forces that cancel leave the roundings of each.
                let sizes: Vec<Complex64> = constant.iter().map(|f| f.abs().into()).collect();
                let sizes = solve(model, own, &sizes);
                let furthest = largest_of(sizes.displacement.iter().map(|q| q.re));
                means.terms = [furthest, sizes.elongation_terms];
            }
        } else {
            if total != 0.0 {
                if resistance == 0.0 {
                    return None;
                }
                means.velocity = total / resistance;
            }
            let held = |n: usize| drag[n] * means.velocity - pushed[n];
            means.elongation = (0..atoms - 1).map(|n| held(n) / model.spring[n]).collect();
            let terms = |n: usize| (drag[n] * means.velocity).abs() + pushed[n].abs();
            means.terms[1] = largest_of((0..atoms - 1).map(|n| terms(n) / model.spring[n]));
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
            means.harmonics.push((order, solve(model, own, &f).displacement));
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

    /// The average energy of the means' oscillation at every site, and the average of k r̄ v̄ that
    /// it carries.
    pub(super) fn oscillation(&self, chain: &Chain, model: &Model) -> Vec<(f64, f64)> {
        let atoms = model.atoms();
        let mut all = vec![(0.0, 0.0); atoms];
        for (l, q) in &self.harmonics {
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
                    let velocity = Complex64::new(0.0, w) * q[n];
                    all[n].1 += 2.0 * model.spring[n] * (bond(n + 1) * velocity.conj()).re;
                }
            }
        }
        all
    }

    /// The average power of the force on an atom, of its constant part and of its harmonics.
    pub(super) fn power(&self, chain: &Chain, site: usize) -> f64 {
        let forces = forces_of(chain);
        let force = forces.iter().find(|force| force.site == site);
        let parts = force.into_iter().flat_map(|force| &force.harmonics);
        let of_harmonic = |(l, f): &(u32, Complex64)| {
            let q = self.harmonics.iter().find(|(order, _)| order == l);
            let w = f64::from(*l) * chain.force.frequency.hi;
            q.map_or(0.0, |(_, q)| 2.0 * (f * (Complex64::new(0.0, w) * q[site]).conj()).re)
        };
        constant_forces(chain)[site] * self.velocity + parts.map(of_harmonic).sum::<f64>()
    }
}
