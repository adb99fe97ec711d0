//! A chain whose masses, springs, pinning, flip rates, thermostats and forces depend on the site
//! (docs/theory/general.md).

use super::{Chain, ChainTable, Double, frequency_of};
use crate::scenario::{CoefficientKey, ForceTable, Scenario, Thermostat, Topology};
use num_complex::Complex64;
use std::sync::Arc;

/// The coefficients at every site, as numbers; of a ring from 0 to N-1.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// m_0 .. m_N
    pub mass: Vec<f64>,
    /// k_1 .. k_N; of a ring k_0 .. k_(N-1), k_n between atoms n-1 and n
    pub spring: Vec<f64>,
    /// κ_0 .. κ_N
    pub pinning: Vec<f64>,
    /// γ_0 .. γ_N
    pub flip_rate: Vec<f64>,
    /// All thermostats, those of the ends among them, by their atoms, ascending.
    pub thermostats: Vec<(usize, Thermostat)>,
    /// All forces, that of the right end among them, by their atoms, ascending.
    pub forces: Vec<SiteForce>,
}

/// The force on one atom, F(τ) = F̄ + Σ_l F_l e^(i l ω τ), with the frequency ω of
/// [`Chain::force`].
#[derive(Debug, Clone, PartialEq)]
pub struct SiteForce {
    /// The atom.
    pub site: usize,
    /// F̄
    pub mean: f64,
    /// (l, F_l) for l ≥ 1, each l once, sorted; the factor N^(-1/2) is in F_l.
    pub harmonics: Vec<(u32, Complex64)>,
}

/// (l, F_l) of a table.
pub(super) fn harmonics_of(table: &ForceTable, bonds: usize) -> Vec<(u32, Complex64)> {
    let scale = 1.0 / (bonds as f64).sqrt();
    let mut harmonics: Vec<(u32, Complex64)> = Vec::new();
    for h in &table.harmonics {
        let value = Complex64::from_polar(h.amplitude * scale / 2.0, h.phase);
        match harmonics.iter_mut().find(|(l, _)| *l == h.order) {
            Some((_, f)) => *f += value,
            None => harmonics.push((h.order, value)),
        }
    }
    harmonics.sort_by_key(|(l, _)| *l);
    harmonics
}

impl Coefficients {
    /// The coefficients of a scenario; `None` where the chain is the homogeneous one: masses and
    /// springs 1, no pinning, one flip rate, thermostats at the ends and a force on the last atom
    /// alone; on a ring neither thermostats nor forces.
    pub(super) fn of(scenario: &Scenario) -> Option<Coefficients> {
        let table = &scenario.chain;
        if plain(table) && scenario.thermostat.is_empty() && scenario.force.is_empty() {
            return None;
        }
        let bonds = table.bonds;
        let ends = [(0, scenario.left.thermostat), (bonds, scenario.right.thermostat)];
        let mut thermostats: Vec<(usize, Thermostat)> = (ends.into_iter())
            .filter_map(|(site, end)| Some((site, end?)))
            .chain(scenario.thermostat.iter().map(|t| (t.site, t.thermostat())))
            .collect();
        thermostats.sort_by_key(|(site, _)| *site);
        let end = scenario.right.force.iter().map(|force| (bonds, force.clone()));
        let mut forces: Vec<SiteForce> = end
            .chain(scenario.force.iter().map(|force| (force.site, force.force())))
            .map(|(site, force)| SiteForce {
                site,
                mean: force.mean,
                harmonics: harmonics_of(&force, bonds),
            })
            .filter(|force| force.mean != 0.0 || !force.harmonics.is_empty())
            .collect();
        forces.sort_by_key(|force| force.site);
        let all = Coefficients {
            mass: table.values(CoefficientKey::Mass),
            spring: table.values(CoefficientKey::Spring),
            pinning: table.values(CoefficientKey::Pinning),
            flip_rate: table.values(CoefficientKey::FlipRate),
            thermostats,
            forces,
        };
        let each = |values: &[f64], value: f64| values.iter().all(|&v| v == value);
        let ring = table.topology == Topology::Ring;
        let inner = |site: usize| ring || (site != 0 && site != bonds);
        let homogeneous = each(&all.mass, 1.0)
            && each(&all.spring, 1.0)
            && each(&all.pinning, 0.0)
            && each(&all.flip_rate, all.flip_rate[0])
            && !all.thermostats.iter().any(|(site, _)| inner(*site))
            && all.forces.iter().all(|force| force.site == bonds && !ring);
        (!homogeneous).then_some(all)
    }

    /// Whether any atom is pinned.
    pub fn is_pinned(&self) -> bool {
        self.pinning.iter().any(|&pinning| pinning > 0.0)
    }
}

/// Whether the coefficients are written as those of the homogeneous chain.
fn plain(table: &ChainTable) -> bool {
    table.coefficients().into_iter().all(|(key, coefficient)| match key {
        CoefficientKey::Mass | CoefficientKey::Spring => coefficient.constant() == Some(1.0),
        CoefficientKey::Pinning => coefficient.constant() == Some(0.0),
        CoefficientKey::FlipRate => coefficient.constant().is_some(),
    })
}

/// The thermostat of a scenario at an end, wherever it is written; a ring has no ends.
pub(super) fn thermostat_at(scenario: &Scenario, site: usize) -> Option<Thermostat> {
    if scenario.chain.topology == Topology::Ring {
        return None;
    }
    let end = match site {
        0 => scenario.left.thermostat,
        _ => scenario.right.thermostat,
    };
    end.or_else(|| scenario.thermostat.iter().find(|t| t.site == site).map(|t| t.thermostat()))
}

/// The force of a scenario on the last atom, wherever it is written.
pub(super) fn force_at_end(scenario: &Scenario) -> ForceTable {
    let last = scenario.force.iter().find(|force| force.site == scenario.chain.bonds);
    scenario.right.force.clone().or(last.map(|force| force.force())).unwrap_or_default()
}

/// ω of the forces that oscillate; 0 without any.
pub(super) fn frequency(scenario: &Scenario) -> Double {
    let right = scenario.right.force.iter().map(|force| (force.period, &force.harmonics));
    let others = scenario.force.iter().map(|force| (force.period, &force.harmonics));
    let period = right.chain(others).find(|(_, harmonics)| !harmonics.is_empty());
    period.and_then(|(period, _)| period).map_or(Double::default(), frequency_of)
}

impl Chain {
    /// The coefficients that depend on the site, `None` for the homogeneous chain, whose own ways
    /// are faster.
    pub fn coefficients(&self) -> Option<&Coefficients> {
        self.general.as_deref()
    }

    /// Whether any atom is pinned: then the coordinates are q_0..q_N and p_0..p_N.
    pub fn is_pinned(&self) -> bool {
        self.general.as_ref().is_some_and(|general| general.is_pinned())
    }

    /// Number of coordinates before the momenta: elongations r, or displacements q of a pinned
    /// chain.
    pub fn positions(&self) -> usize {
        if self.is_pinned() { self.atoms() } else { self.bonds }
    }

    /// Guards a solver that knows the homogeneous chain alone.
    ///
    /// # Panics
    /// If coefficients depend on the site.
    pub(crate) fn assert_homogeneous(&self) {
        assert!(self.general.is_none(), "this solver serves the homogeneous chain alone");
    }

    pub(super) fn with_coefficients(self, coefficients: Option<Coefficients>) -> Chain {
        Chain { general: coefficients.map(Arc::new), ..self }
    }
}
