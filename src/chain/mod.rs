//! The physics as numbers: the chain, its ends, its force and its initial law
//! (docs/theory/model.md, (1.1)).
//!
//! Open chain of N bonds: r_1..r_N and p_0..p_N. Ring: r_0..r_(N-1) and p_0..p_(N-1), r_n = q_n -
//! q_(n-1). All times here are microscopic.

mod builder;
mod closed_forms;
mod coefficients;
mod drift;
mod gibbs;
mod initial;
pub(crate) use initial::mean_beside;
mod law;
pub mod modes;

pub use builder::ChainBuilder;
pub use closed_forms::ThermalState;
pub(crate) use closed_forms::ordered_resistance;
pub use coefficients::{Coefficients, SiteForce};
pub(crate) use gibbs::{RingFactor, in_series, stiffnesses};
pub use initial::InitialError;
pub use law::{ArgumentError, Function, InitialProfiles};

use crate::numerics::double_double::harmonic_phase;
pub use crate::numerics::double_double::{Double, frequency_of};
use crate::scenario::{ChainTable, CoefficientKey, Scenario, Thermostat, TimeScale, Topology};
use ndarray::Array2;
use num_complex::Complex64;
use std::sync::Arc;

/// The chain as the equations see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Open chain or ring.
    pub topology: Topology,
    /// Number of bonds N.
    pub bonds: usize,
    /// γ; of a chain whose rates depend on the site their mean.
    pub flip_rate: f64,
    /// Thermostat at atom 0 of an open chain.
    pub left: Option<Thermostat>,
    /// Thermostat at atom N of an open chain.
    pub right: Option<Thermostat>,
    /// Force on atom N.
    pub force: Force,
    /// Coefficients that depend on the site, with all thermostats and forces; `None` for the
    /// homogeneous chain.
    pub general: Option<Arc<Coefficients>>,
}

impl Chain {
    /// The same chain without its force.
    pub(crate) fn unforced(&self) -> Chain {
        Chain { force: Force::default(), ..self.clone() }
    }
}

/// The force on atom N (docs/theory/model.md, (1.3)): F_N(τ) = F̄ + Σ_l F_l e^(i l ω τ), with
/// F_(-l) = conj F_l; the factor N^(-1/2) is already in F_l.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Force {
    /// F̄
    pub mean: f64,
    /// ω = 2π/θ, microscopic, to 32 digits: a late time multiplies its rounding. 0 when there are
    /// no harmonics.
    pub frequency: Double,
    /// (l, F_l) for l ≥ 1, each l once, sorted.
    pub harmonics: Vec<(u32, Complex64)>,
}

impl Force {
    /// F_N(τ).
    pub fn at(&self, time: impl Into<Double>) -> f64 {
        let time = time.into();
        self.mean + oscillating(&self.harmonics, self.frequency, time)
    }

    /// lω of the highest harmonic; 0 where there is none.
    pub(crate) fn highest_frequency(&self) -> f64 {
        self.harmonics.last().map_or(0.0, |(l, _)| f64::from(*l) * self.frequency.hi)
    }
}

/// Σ_l 2 Re F_l e^(ilωτ), what oscillates of a force with these harmonics.
pub(crate) fn oscillating(harmonics: &[(u32, Complex64)], frequency: Double, time: Double) -> f64 {
    let part =
        |&(l, f): &(u32, Complex64)| 2.0 * (f * harmonic_phase(l.into(), frequency, time)).re;
    harmonics.iter().map(part).sum()
}

/// The Gaussian initial law: means and variances of r (length N; of a pinned chain q, length N+1)
/// and p (length [`Chain::atoms`]);
/// coordinates are independent unless `covariance` holds more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InitialLaw {
    /// E r; E q of a pinned chain
    pub mean_r: Vec<f64>,
    /// E p
    pub mean_p: Vec<f64>,
    /// Var r; Var q of a pinned chain
    pub var_r: Vec<f64>,
    /// Var p
    pub var_p: Vec<f64>,
    /// The whole covariance in the theory's order, with the variances above on its diagonal; `None`
    /// for independent coordinates.
    pub covariance: Option<Array2<f64>>,
}

impl Chain {
    /// Number of atoms: N+1 (open) or N (ring).
    pub fn atoms(&self) -> usize {
        match self.topology {
            Topology::Open => self.bonds + 1,
            Topology::Ring => self.bonds,
        }
    }

    /// Whether energy neither enters nor leaves: no thermostat and no force.
    pub fn is_isolated(&self) -> bool {
        if let Some(general) = &self.general {
            return general.thermostats.is_empty() && general.forces.is_empty();
        }
        let open = self.topology == Topology::Open;
        self.left.is_none() && self.right.is_none() && !(open && self.force != Force::default())
    }

    /// λ_-, λ_+; 0 where there is no thermostat.
    pub fn friction(&self) -> [f64; 2] {
        [self.left, self.right].map(|t| t.map_or(0.0, |t| t.friction))
    }

    /// max(1, λ_-, λ_+): how much an error of the variances is in a current at most.
    pub fn current_weight(&self) -> f64 {
        self.friction().into_iter().fold(1.0, f64::max)
    }

    /// T_-, T_+; 0 where there is no thermostat.
    pub fn temperature(&self) -> [f64; 2] {
        [self.left, self.right].map(|t| t.map_or(0.0, |t| t.temperature))
    }

    /// The chain with its thermostats at temperature 0 and without its forces: what responses to
    /// heat depend on.
    pub(crate) fn cold(&self) -> Chain {
        let cold = |end: Thermostat| Thermostat { temperature: 0.0, ..end };
        let (left, right) = (self.left.map(cold), self.right.map(cold));
        let general = self.general.as_ref().map(|all| {
            let thermostats = all.thermostats.iter().map(|(site, t)| (*site, cold(*t))).collect();
            Arc::new(Coefficients { thermostats, forces: vec![], ..(**all).clone() })
        });
        let force = Default::default();
        Chain { left, right, force, general, ..*self }
    }

    /// The lower temperature of the thermostats; `None` without any.
    pub fn coldest(&self) -> Option<f64> {
        [self.left, self.right].into_iter().flatten().map(|t| t.temperature).reduce(f64::min)
    }

    /// Microscopic duration of one unit of the scale: N², N or 1.
    pub fn time_unit(&self, scale: TimeScale) -> f64 {
        let n = self.bonds as f64;
        match scale {
            TimeScale::Diffusive => n * n,
            TimeScale::Ballistic => n,
            TimeScale::Microscopic => 1.0,
        }
    }

    /// τ = t N², t N or t, exactly: a phase ωτ needs more digits of a late time than a double has.
    pub fn microscopic_time(&self, t: f64, scale: TimeScale) -> Double {
        let n = self.bonds as f64;
        match scale {
            TimeScale::Diffusive => Double::product(n, n).scaled(t),
            TimeScale::Ballistic => Double::product(n, t),
            TimeScale::Microscopic => t.into(),
        }
    }

    /// The chain that a scenario describes.
    pub fn new(scenario: &Scenario) -> Chain {
        let table = coefficients::force_at_end(scenario);
        let general = Coefficients::of(scenario);
        let flip_rate = match (&general, scenario.chain.flip_rate.constant()) {
            (_, Some(rate)) => rate,
            (Some(general), None) => {
                general.flip_rate.iter().sum::<f64>() / general.flip_rate.len() as f64
            }
            (None, None) => scenario.chain.values(CoefficientKey::FlipRate)[0],
        };
        let bonds = scenario.chain.bonds;
        let homogeneous = Chain {
            topology: scenario.chain.topology,
            bonds,
            flip_rate,
            left: coefficients::thermostat_at(scenario, 0),
            right: coefficients::thermostat_at(scenario, bonds),
            force: Force {
                mean: table.mean,
                frequency: coefficients::frequency(scenario),
                harmonics: coefficients::harmonics_of(&table, bonds),
            },
            general: None,
        };
        homogeneous.with_coefficients(general)
    }
}
