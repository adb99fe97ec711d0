//! Theorem 2 over the frequency of the force: W_heat and the temperature of the wall, of chains of
//! several sizes and N → ∞ beside the theory.
//!
//! For each ω the force's harmonics keep their amplitudes; the time-periodic state is averaged over
//! a period. Cost: one stationary solve for each size and frequency, O(N) on the open chain. Error:
//! that of the stationary state; of N → ∞ that of the extrapolation.

use super::digits::digits;
use super::sizes::{StationarySize, stationary};
use super::verdict::Extrapolated;
use crate::chain::Chain;
use crate::limit::conditions::{ends_of, oscillation_work};
use crate::limit::stationary;
use crate::monitor::Monitor;
use crate::steady::SteadyError;
use serde::Serialize;
use std::fmt::Write as _;

/// The results at one frequency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frequency {
    /// ω
    pub omega: f64,
    /// One for each size.
    #[serde(skip)]
    pub sizes: Vec<StationarySize>,
    /// W_heat of the theory.
    pub work: f64,
    /// e_heat(1) of the theory.
    pub wall: f64,
    /// W_heat and Var p_N at N → ∞, where the sizes allow it.
    pub extrapolated: Vec<Extrapolated>,
}

/// `chain` shaken at another frequency, in microscopic time.
pub fn at_frequency(chain: &Chain, omega: f64) -> Chain {
    let mut chain = chain.clone();
    chain.force.frequency = omega.into();
    chain
}

/// e_heat(1) of the stationary macroscopic state; `None` where there is none.
pub fn wall(chain: &Chain) -> Option<f64> {
    stationary::stationary(chain.flip_rate, &ends_of(chain), || None)
        .ok()
        .map(|state| state.heat(1.0))
}

/// The chains (one for each size, ascending) at every frequency; `None` where there is no
/// stationary state.
pub fn sweep(
    chains: &[Chain],
    omegas: &[f64],
    monitor: &Monitor,
) -> Result<Option<Vec<Frequency>>, SteadyError> {
    let mut all = Vec::new();
    for (number, &omega) in omegas.iter().enumerate() {
        let share = |number: usize| number as f64 / omegas.len() as f64;
        let monitor = monitor.part(share(number), share(number + 1));
        let Some(largest) = chains.last().map(|chain| at_frequency(chain, omega)) else {
            return Ok(None);
        };
        let Some(wall) = wall(&largest) else { return Ok(None) };
        let work = oscillation_work(&largest);
        let one = |chain: &Chain| stationary(&at_frequency(chain, omega), &monitor.silent());
        let sizes = chains.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        monitor.advance(crate::monitor::Progress {
            share: 1.0,
            time: f64::INFINITY,
            ..Default::default()
        })?;
        let of = |value: &dyn Fn(&StationarySize) -> (f64, f64)| {
            sizes.iter().map(|s| (s.bonds, value(s).0, value(s).1)).collect::<Vec<_>>()
        };
        let name = |what: &str| format!("{what} at ω = {}", digits(omega, 6));
        let extrapolated = [
            Extrapolated::new(
                name("W_heat"),
                &of(&|s| (s.oscillation_work, s.errors[1])),
                Some(work),
            ),
            Extrapolated::new(name("Var p_N"), &of(&|s| (s.wall, s.errors[0])), Some(wall)),
        ];
        all.push(Frequency {
            omega,
            sizes,
            work,
            wall,
            extrapolated: extrapolated.into_iter().flatten().collect(),
        });
    }
    Ok(Some(all))
}

/// sweep.csv: one row for each frequency and size.
pub fn csv(sweep: &[Frequency]) -> String {
    let mut csv = String::from(
        "omega,bonds,work_heat,work_heat_limit,wall_temperature,wall_temperature_limit\n",
    );
    for f in sweep {
        for s in &f.sizes {
            let (omega, bonds) = (f.omega, s.bonds);
            let numbers =
                [s.oscillation_work, f.work, s.wall, f.wall].map(|x| format!("{x:.16e}")).join(",");
            let _ = writeln!(csv, "{omega:.16e},{bonds},{numbers}");
        }
    }
    csv
}

/// A plain sentence.
pub fn sentence(sweep: &[Frequency]) -> Option<String> {
    let (first, last) = (sweep.first()?, sweep.last()?);
    let most = sweep.iter().max_by(|a, b| a.work.total_cmp(&b.work))?;
    let worst = |which: usize| {
        let apart = |f: &Frequency| {
            let e = f.extrapolated.get(which)?;
            Some(((e.found.limit.value - e.theory?).abs(), e.found.limit.uncertainty))
        };
        sweep.iter().filter_map(apart).fold(None, |most: Option<(f64, f64)>, next| {
            Some(most.map_or(next, |most| if next.0 > most.0 { next } else { most }))
        })
    };
    let says = |found: Option<(f64, f64)>| {
        found.map_or("too few sizes".into(), |(apart, unsure)| {
            format!("{apart:.0e} (uncertainty {unsure:.0e})")
        })
    };
    Some(format!(
        "over ω = {} .. {}: W_heat(N → ∞) is at most {} off the theory, Var p_N(N → ∞) {}; W_heat is largest at ω = {} of these, {}",
        digits(first.omega, 4),
        digits(last.omega, 4),
        says(worst(0)),
        says(worst(1)),
        digits(most.omega, 4),
        digits(most.work, 6),
    ))
}
