//! The macroscopic problem of a scenario: the conditions at the ends, and the heat that an
//! oscillating force makes there (docs/theory/limit.md, (10.3) and (10.4)).
//!
//! The elongation is r = 0 at x = 0 and r = F̄ at x = 1 whatever is attached, because p̄ is of
//! order 1/N. A thermostat fixes e_heat. An end without one lets no heat through but what the
//! force's oscillation makes there, so by the balance of energy (the force works at the rate F̄ ∂_x
//! r/(2γ) + W_heat, the current is -∂_x e_heat/(4γ) - r ∂_x r/(2γ), and r = F̄) ∂_x e_heat(t,1) =
//! 4γ W_heat, which is ∂_x e = F̄ ∂_x r + 4γ W_heat. Komorowski, Lebowitz, Olla: "Heat flow in a
//! periodically forced, thermostatted chain" I and II (2023); Komorowski, Olla, Simon (2020, 2021)
//! for the two thermostats.

use crate::chain::Chain;
use crate::scenario::{Scenario, TimeScale, Topology};
use num_complex::Complex64;

/// The boundary condition of the heat at one end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeatEnd {
    /// e_heat is the thermostat's temperature.
    Temperature(f64),
    /// ∂_x e_heat, where there is no thermostat.
    Slope(f64),
}

/// The ends of the macroscopic problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ends {
    /// None: everything is periodic in x.
    Ring,
    /// r(t,0) = 0, r(t,1) = `force`.
    Open {
        /// F̄
        force: f64,
        /// at x = 0
        left: HeatEnd,
        /// at x = 1
        right: HeatEnd,
    },
}

/// Why a scenario has no macroscopic equations here.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum NoLimit {
    /// Without flips nothing diffuses.
    #[error(
        "chain.flip_rate is 0: the pure harmonic chain carries its energy ballistically, in times τ ~ N, and has no diffusive limit; \
         allowed: flip_rate > 0; without flips use evolve or steady"
    )]
    NoFlips,
    /// Coefficients that depend on the site.
    #[error(
        "this chain has {0}: the limit theorems, and the macroscopic equations that follow from them, are those of the homogeneous chain \
         (masses and springs 1, no pinning, one flip_rate, thermostats and forces at the ends); with pinning there is no elongation that \
         is conserved, and with coefficients that vary the diffusion is that of a medium whose average is not known here; \
         allowed: the homogeneous chain; evolve and steady answer for any other"
    )]
    Coefficients(&'static str),
    /// `check` of a chain whose coefficients depend on the site.
    #[error(
        "this chain has {chain}: no limit theorem is known for it, so that check \
         measures only its conductivity N J/(T_- - T_+); that has no meaning with {obstacle}; allowed: flips \
         at every atom, thermostats of different temperatures at both ends and none inside, \
         no force; or the homogeneous chain; evolve and steady answer for any other"
    )]
    NoConductivity {
        /// What it has that the theorems' chain has not.
        chain: &'static str,
        /// What makes its conductivity meaningless.
        obstacle: &'static str,
    },
    /// Times on another scale.
    #[error(
        "time.scale is \"{0}\": with flips nothing moves macroscopically before times τ ~ N², so the macroscopic equations have their time in \
         units of N²; allowed: time.scale = \"diffusive\" (for a time τ give t = τ/N²)"
    )]
    Scale(&'static str),
}

/// The rate of work W_heat = Σ_(l≠0) |F̂(l)|² Re\[ s z/(1 - z + λ s z) \], s = i l ω, |z| < 1, z +
/// 1/z - 2 = s(s + 2γ): the force's oscillation moves atom N of a half-infinite chain, whose wave
/// the flips damp within a layer; λ is the friction of a thermostat at that atom.
pub fn oscillation_work(chain: &Chain) -> f64 {
    let friction = chain.friction()[1];
    let part = |&(order, amplitude): &(u32, Complex64)| {
        let s = Complex64::new(0.0, order as f64 * chain.force.frequency.hi);
        let inverse_less_one = growth(chain, s);
        // The amplitudes hold a factor N^(-1/2); orders l and -l together count twice.
        2.0 * chain.bonds as f64 * amplitude.norm_sqr() * (s / (inverse_less_one + friction * s)).re
    };
    // A sum of nothing is -0.0.
    chain.force.harmonics.iter().map(part).sum::<f64>() + 0.0
}

/// 1/z - 1, |z| < 1: by how much the wave of frequency s = iω grows from one atom to the next one
/// towards its source.
pub(crate) fn growth(chain: &Chain, s: Complex64) -> Complex64 {
    let q = s * (s + 2.0 * chain.flip_rate);
    let root = (q + q * q / 4.0).sqrt();
    // Of the two roots the one with the larger sum, so nothing cancels.
    let [plus, minus] = [q / 2.0 + root, q / 2.0 - root];
    if (1.0 + plus).norm() > (1.0 + minus).norm() { plus } else { minus }
}

/// What a chain with coefficients has that the theorems' chain has not.
pub(crate) fn coefficients_of(chain: &Chain) -> &'static str {
    let Some(coefficients) = chain.coefficients() else { return "nothing" };
    let varies = |values: &[f64]| values.iter().any(|value| *value != values[0]);
    if coefficients.is_pinned() {
        "pinning"
    } else if varies(&coefficients.mass) || varies(&coefficients.spring) {
        "masses or springs that depend on the site"
    } else if varies(&coefficients.flip_rate) {
        "a flip rate that depends on the site"
    } else if coefficients.mass[0] != 1.0 || coefficients.spring[0] != 1.0 {
        "masses or springs other than 1"
    } else {
        "thermostats or forces inside"
    }
}

/// The ends of a chain's macroscopic problem; an error says why it has none.
pub fn ends(chain: &Chain) -> Result<Ends, NoLimit> {
    if chain.coefficients().is_some() {
        return Err(NoLimit::Coefficients(coefficients_of(chain)));
    }
    if chain.flip_rate == 0.0 {
        return Err(NoLimit::NoFlips);
    }
    Ok(ends_of(chain))
}

/// Whether these times are those of the macroscopic equations.
pub fn is_diffusive_scale(scale: TimeScale) -> Result<(), NoLimit> {
    match scale {
        TimeScale::Ballistic => Err(NoLimit::Scale("ballistic")),
        TimeScale::Microscopic => Err(NoLimit::Scale("microscopic")),
        TimeScale::Diffusive => Ok(()),
    }
}

/// The same of a scenario, whose flips come first.
pub fn is_diffusive(scenario: &Scenario) -> Result<(), NoLimit> {
    if scenario.chain.flip_rate.constant() == Some(0.0) {
        return Err(NoLimit::NoFlips);
    }
    scenario.time.as_ref().map_or(Ok(()), |time| is_diffusive_scale(time.scale))
}

/// The ends of a chain with flips.
pub fn ends_of(chain: &Chain) -> Ends {
    if chain.topology == Topology::Ring {
        return Ends::Ring;
    }
    let heat = |end: Option<crate::scenario::Thermostat>, slope: f64| match end {
        Some(thermostat) => HeatEnd::Temperature(thermostat.temperature),
        None => HeatEnd::Slope(slope),
    };
    let left = heat(chain.left, 0.0);
    let right = heat(chain.right, 4.0 * chain.flip_rate * oscillation_work(chain));
    Ends::Open { force: chain.force.mean, left, right }
}

/// The statement that covers a chain.
pub fn grounds(chain: &Chain) -> &'static str {
    match (
        chain.topology,
        chain.left.is_some(),
        chain.right.is_some(),
        chain.force.harmonics.is_empty(),
    ) {
        (Topology::Ring, ..) => {
            "the bulk equations of Theorem 1 (Komorowski, Olla, Simon 2018) on a circle"
        }
        (_, true, true, true) => {
            "Theorem 1 (Komorowski, Olla, Simon 2018): thermostats at both ends, constant force"
        }
        (_, true, false, _) => {
            "Theorem 2 (Komorowski, Olla, Simon 2018): no thermostat on the right"
        }
        (_, true, true, false) => {
            "the equations of Theorem 1 (Komorowski, Olla, Simon 2018); the oscillation of the \
             force works into the right thermostat"
        }
        (_, false, ..) => {
            "the bulk equations with the balance of energy at the ends: no heat passes an end without thermostat"
        }
    }
}
