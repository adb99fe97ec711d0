//! The columns of a run that its figures draw: those that do not vanish.

use super::label::number;
use crate::covariance::moments::largest;
use crate::observe::Profile;

/// Values below this part of their natural size are rounding.
pub(super) const VANISHING: f64 = 1e-13;

/// The data drawn for one output, one entry a position.
pub struct Curves {
    /// t; infinite for a stationary state.
    pub time: f64,
    /// r̄
    pub elongation: Vec<f64>,
    /// e_mech
    pub mechanical: Vec<f64>,
    /// e_heat
    pub thermal: Vec<f64>,
    /// The energy current, or N times it in the limit; empty where it is not known.
    pub current: Vec<f64>,
    /// Largest error of each of them.
    pub errors: [f64; 4],
}

/// The data drawn for one output.
pub(super) fn curves(profile: &Profile) -> Curves {
    let errors = &profile.errors;
    Curves {
        time: profile.time,
        elongation: profile.mean_r.clone(),
        mechanical: profile.mechanical(),
        thermal: profile.thermal(),
        current: profile.current.clone(),
        errors: [errors.mean_r, errors.mechanical, errors.thermal, errors.current],
    }
}

/// One quantity of a panel.
pub(super) struct Column {
    /// In words.
    pub name: &'static str,
    /// Its letter, with markup.
    pub symbol: &'static str,
    /// Its values.
    pub values: fn(&Curves) -> &[f64],
}

/// The place of the current among the columns.
pub(super) const CURRENT: usize = 3;
pub(super) const COLUMNS: [Column; 4] = [
    Column { name: "mean elongation", symbol: "*r\u{304}*", values: |c| &c.elongation },
    Column { name: "mechanical energy", symbol: "*e*_{mech}", values: |c| &c.mechanical },
    Column { name: "thermal energy", symbol: "*e*_{heat}", values: |c| &c.thermal },
    Column { name: "energy current", symbol: "*J*", values: |c| &c.current },
];

impl Column {
    /// The label of its axis.
    pub fn label(&self) -> String {
        format!("{}  {}", self.name, self.symbol)
    }

    /// Its largest value at some outputs.
    fn largest(&self, all: &[&Curves]) -> f64 {
        all.iter().map(|c| largest((self.values)(c))).fold(0.0, f64::max)
    }
}

/// The columns that are drawn. One that vanishes at all outputs is said in words instead.
pub(super) struct Worth {
    pub columns: Vec<usize>,
    /// "r̄ = 0", or "|r̄| ≤ 3·10^{-17}" where rounding has left something.
    pub zeros: Vec<String>,
}

impl Worth {
    pub fn of(all: &[&Curves]) -> Worth {
        let count = if all.iter().any(|c| !c.current.is_empty()) { 4 } else { 3 };
        let energy = COLUMNS[1].largest(all).max(COLUMNS[2].largest(all));
        let natural = [energy.sqrt(), energy, energy, energy];
        let (zero, drawn): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|&i| COLUMNS[i].largest(all) <= VANISHING * natural[i]);
        if drawn.is_empty() {
            return Worth { columns: zero, zeros: vec![] };
        }
        let says = |i: usize| {
            let (most, symbol) = (COLUMNS[i].largest(all), COLUMNS[i].symbol);
            // One digit, rounded up: it stays a bound.
            let power = 10f64.powi(most.log10().floor() as i32);
            match most {
                0.0 => format!("{symbol} = 0"),
                _ => format!("|{symbol}| ≤ {}", number((most / power).ceil() * power)),
            }
        };
        Worth { columns: drawn, zeros: zero.into_iter().map(says).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::profiles::tests::{chain, setting};
    use super::super::{Outputs, profiles};
    use super::*;
    use crate::scenario::Topology;

    #[test]
    fn columns_that_vanish_are_said_and_not_drawn() {
        let profile = Profile {
            mean_r: vec![5.8e-17, -3e-17],
            mean_p: vec![0.0; 2],
            var_r: vec![4.0; 2],
            var_p: vec![4.0; 2],
            current: vec![0.0; 2],
            ..Default::default()
        };
        let ring = chain(Topology::Ring, 2);
        let figure =
            &profiles(std::slice::from_ref(&profile), setting(&ring, Outputs::Microscopic))[0];
        let labels: Vec<&str> = figure.panels.iter().map(|p| p.y.label.as_str()).collect();
        assert_eq!(labels, ["thermal energy  *e*_{heat}"]);
        assert_eq!(figure.columns, 1);
        let says = figure.heading.split('\n').nth(1).unwrap();
        assert!(says.starts_with("|*r\u{304}*| ≤ 6·10^{−17},  |*e*_{mech}| ≤ "), "{says}");
        assert!(says.ends_with("*J* = 0"), "{says}");
        // Where there is no energy at all, nothing is left out.
        let cold =
            Profile { mean_r: vec![0.0; 2], var_r: vec![0.0; 2], var_p: vec![0.0; 2], ..profile };
        let figure = &profiles(&[cold], setting(&ring, Outputs::Microscopic))[0];
        assert_eq!((figure.panels.len(), figure.heading.contains("= 0")), (4, false));
    }
}
