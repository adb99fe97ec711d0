//! The stationary macroscopic state: r = F̄ x and a parabola of heat, in closed form.
//!
//! ∂_xx e_heat = -2 F̄², with the ends' conditions. Two thermostats: e_heat = F̄² x(1-x) + (T_+ -
//! T_-) x + T_-. Where no thermostat takes energy out, a state is stationary only if nothing is put
//! in; then it is uniform and fixed by what is conserved.

use super::conditions::{Ends, HeatEnd};

/// r and e_heat as polynomials in x.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Stationary {
    /// r = c_0 + c_1 x
    pub elongation: [f64; 2],
    /// e_heat = c_0 + c_1 x + c_2 x²
    pub heat: [f64; 3],
    /// The place of the maximum of e_heat inside (0, 1), if there is one.
    pub x_max: Option<f64>,
    /// The energy current -(∂_x e_heat + ∂_x r²)/(4γ), the same at every x: N times the chain's.
    pub current: f64,
}

/// Why there is no stationary state.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum NotStationary {
    /// Energy grows.
    #[error(
        "there is no stationary state: the force puts energy in and no thermostat takes it out; give [time] for the evolution, or a thermostat"
    )]
    Grows,
    /// The conserved quantities are needed.
    #[error(
        "without a thermostat the stationary state is fixed by the energy (and on a ring the elongation) at the start: the scenario needs [initial]"
    )]
    NeedsInitial,
}

/// The stationary state. `conserved` gives ∫r and ∫(e_heat + r²/2) of the initial state, asked for
/// only where they decide.
pub fn stationary(
    flip_rate: f64,
    ends: &Ends,
    conserved: impl FnOnce() -> Option<[f64; 2]>,
) -> Result<Stationary, NotStationary> {
    let uniform = |elongation: f64, energy: f64| Stationary {
        elongation: [elongation, 0.0],
        heat: [energy - elongation * elongation / 2.0, 0.0, 0.0],
        x_max: None,
        current: 0.0,
    };
    let (force, left, right) = match *ends {
        Ends::Ring => {
            let [elongation, energy] = conserved().ok_or(NotStationary::NeedsInitial)?;
            return Ok(uniform(elongation, energy));
        }
        Ends::Open { force, left, right } => (force, left, right),
    };
    let square = force * force;
    let (constant, slope) = match (left, right) {
        (HeatEnd::Temperature(l), HeatEnd::Temperature(r)) => (l, r - l + square),
        (HeatEnd::Temperature(l), HeatEnd::Slope(s)) => (l, s + 2.0 * square),
        (HeatEnd::Slope(s), HeatEnd::Temperature(r)) => (r + square - s, s),
        (HeatEnd::Slope(l), HeatEnd::Slope(r)) => {
            if square > 0.0 || l != r {
                return Err(NotStationary::Grows);
            }
            let [_, energy] = conserved().ok_or(NotStationary::NeedsInitial)?;
            return Ok(uniform(0.0, energy));
        }
    };
    let x_max = (square > 0.0).then(|| slope / (2.0 * square)).filter(|x| *x > 0.0 && *x < 1.0);
    // Adding 0 turns a -0 of the equilibrium into 0.
    let current = 0.0 - slope / (4.0 * flip_rate);
    Ok(Stationary {
        elongation: [0.0, force],
        heat: [constant, slope, 0.0 - square],
        x_max,
        current,
    })
}

impl Stationary {
    /// r at x.
    pub fn elongation(&self, x: f64) -> f64 {
        self.elongation[0] + self.elongation[1] * x
    }

    /// e_heat at x.
    pub fn heat(&self, x: f64) -> f64 {
        self.heat[0] + x * (self.heat[1] + x * self.heat[2])
    }
}
