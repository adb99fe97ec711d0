//! The macroscopic limit N → ∞ at t = τ/N² (docs/theory/limit.md, (10.1)): r(t,x) and
//! e_heat(t,x), with e_mech = r²/2.
//!
//! [`conditions`] says which equations a scenario has, [`stationary()`] their stationary state in
//! closed form, [`march()`] their evolution. The initial momentum is lost as mechanical energy
//! within a time τ ~ 1/γ and appears as heat: e_heat(0+) = T + p̄²/2. Everything is computed at two
//! resolutions; their distance is the error given. The tests compare with closed forms and a plain
//! discretization.

pub mod conditions;
mod diffusion;
mod element;
pub mod march;
mod mesh;
pub mod stationary;

use crate::budget::rounding;
use crate::chain::{Chain, InitialProfiles};
use crate::cost::Cost;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::vector::largest_of;
use crate::scenario::Scenario;
use conditions::{Ends, NoLimit};
use march::{Initial, Resolution, Snapshot, march};
use mesh::Rough;
use stationary::{NotStationary, Stationary, stationary};

/// The two resolutions; the second is the answer (measured: 1e-13 of the largest value next to
/// incompatible ends and kinks at any t from 1e-280 on, the first 1e-11; beside a jump inside
/// 2^-42/√t, the uncertainty of its place over the layer's width; steps of 0.3 t lose 1e-14).
const RESOLUTIONS: [Resolution; 2] = [
    Resolution { degree: 15, stages: 7, step: 0.3, finest: 40, tolerance: 2e-13 },
    Resolution { degree: 18, stages: 7, step: 0.25, finest: 42, tolerance: 1e-13 },
];

/// Why the macroscopic equations were not solved.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum LimitError {
    /// They are not the scenario's.
    #[error(transparent)]
    None(#[from] NoLimit),
    /// There is nothing stationary.
    #[error(transparent)]
    NotStationary(#[from] NotStationary),
    /// A profile is infinite somewhere between the sites.
    #[error(
        "the initial profiles are not finite at x = {0}: the macroscopic equations need them on all of [0, 1]"
    )]
    NotFinite(f64),
    /// A profile oscillates without end.
    #[error("the initial profiles have more structure than 20000 panels of [0, 1] resolve")]
    TooFine,
    /// The caller ended the run.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<Rough> for LimitError {
    fn from(rough: Rough) -> LimitError {
        match rough {
            Rough::NotFinite(x) => LimitError::NotFinite(x),
            Rough::TooFine => LimitError::TooFine,
        }
    }
}

/// A macroscopic problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// γ
    pub flip_rate: f64,
    /// The conditions at the ends.
    pub ends: Ends,
    /// The initial profiles, where the scenario gives them.
    pub initial: Option<InitialProfiles>,
    /// The monitor that the evolution reports to.
    pub monitor: Monitor,
}

/// r, e_heat and the current at one output time, with their errors.
#[derive(Debug, Clone)]
pub struct Output {
    /// The state.
    pub state: State,
    /// Estimated largest error of r and of e_heat.
    pub errors: [f64; 2],
    /// Estimated largest error of the current.
    pub current_error: f64,
}

/// A macroscopic state.
#[derive(Debug, Clone)]
pub enum State {
    /// At t = 0, where mechanical energy of the momentum has already become heat.
    Initial(InitialProfiles),
    /// At t > 0.
    Evolved(Snapshot),
    /// At t = ∞.
    Stationary(Stationary),
}

/// The evolution and how it was computed.
#[derive(Debug, Clone)]
pub struct Evolution {
    /// One for each output time.
    pub outputs: Vec<Output>,
    /// The initial state on its mesh.
    pub start: Snapshot,
    /// Steps of the answer.
    pub steps: usize,
}

/// Seconds for the steps until `time`, in diffusion times of the finest panel, with this many
/// outputs.
fn seconds_until(time: f64, outputs: usize) -> f64 {
    0.02 * (1.0 + time).log10() + 0.002 * outputs as f64
}

/// e_heat(0+, x) = (Var r + Var p)/2 + p̄(x)²/2.
fn initial_heat(initial: &InitialProfiles, x: f64) -> f64 {
    let momentum = (initial.momentum)(x);
    ((initial.var_r)(x) + (initial.var_p)(x) + momentum * momentum) / 2.0
}

impl State {
    /// r at x.
    pub fn elongation(&self, x: f64) -> f64 {
        match self {
            State::Initial(initial) => (initial.elongation)(x),
            State::Evolved(snapshot) => snapshot.elongation(x),
            State::Stationary(s) => s.elongation(x),
        }
    }

    /// e_heat at x.
    pub fn heat(&self, x: f64) -> f64 {
        match self {
            State::Initial(initial) => initial_heat(initial, x),
            State::Evolved(snapshot) => snapshot.heat(x),
            State::Stationary(s) => s.heat(x),
        }
    }

    /// e_mech = r²/2 at x.
    pub fn mechanical(&self, x: f64) -> f64 {
        self.elongation(x).powi(2) / 2.0
    }

    /// e = e_heat + e_mech at x.
    pub fn energy(&self, x: f64) -> f64 {
        self.heat(x) + self.mechanical(x)
    }

    /// The energy current -∂_x e_heat/4γ - r ∂_x r/2γ at x: N times the chain's. `None` at t = 0,
    /// where data that jump or do not fit the ends make it infinite.
    pub fn current(&self, x: f64) -> Option<f64> {
        match self {
            State::Initial(_) => None,
            State::Evolved(snapshot) => Some(snapshot.current(x)),
            State::Stationary(s) => Some(s.current),
        }
    }

    /// t
    pub fn time(&self) -> f64 {
        match self {
            State::Initial(..) => 0.0,
            State::Evolved(snapshot) => snapshot.time,
            State::Stationary(_) => f64::INFINITY,
        }
    }
}

impl Output {
    /// The stationary state of a chain with this flip rate: a closed form, off by rounding.
    pub fn stationary(state: Stationary, flip_rate: f64) -> Output {
        let [elongation, heat] = [largest_of(state.elongation), largest_of(state.heat)];
        let error = rounding::SUM * (heat + elongation * elongation);
        let errors = [rounding::SUM * elongation, error];
        let current_error = error / flip_rate;
        Output { state: State::Stationary(state), errors, current_error }
    }

    /// Estimated largest error of r, e_mech, e_heat and e, given the largest |r|.
    pub fn column_errors(&self, elongation: f64) -> [f64; 4] {
        let [r, heat] = self.errors;
        let mechanical = elongation * r;
        [r, mechanical, heat, mechanical + heat]
    }
}

impl Problem {
    /// The problem of a scenario, or why it has none.
    pub fn new(scenario: &Scenario, chain: &Chain) -> Result<Problem, LimitError> {
        conditions::is_diffusive(scenario)?;
        Problem::of(chain, scenario.initial.as_ref().map(InitialProfiles::from))
    }

    /// The problem of a chain with these initial profiles, or why it has none.
    pub fn of(chain: &Chain, initial: Option<InitialProfiles>) -> Result<Problem, LimitError> {
        let (ends, monitor) = (conditions::ends(chain)?, Monitor::default());
        Ok(Problem { flip_rate: chain.flip_rate, ends, initial, monitor })
    }

    /// The same, whose evolution tells `monitor` of every step; times are in units of N².
    pub fn watched_by(self, monitor: Monitor) -> Problem {
        Problem { monitor, ..self }
    }

    /// The cost of the evolution to `times`, which does not depend on N: some 35 steps of either
    /// resolution in every decade from the diffusion time of the finest panel on.
    pub fn cost(&self, times: &[f64]) -> Cost {
        let first = times.iter().copied().find(|t| *t > 0.0).unwrap_or(1.0);
        let finest = RESOLUTIONS[1].first_step(self.flip_rate, first);
        let last = times.last().copied().unwrap_or(0.0);
        Cost { bytes: 2e6, seconds: seconds_until(last / finest, times.len()) }
    }

    /// The stationary state.
    pub fn stationary(&self) -> Result<Stationary, LimitError> {
        let mut rough = None;
        let found = stationary(self.flip_rate, &self.ends, || match self.evolve(&[]) {
            Ok(Some(evolution)) => {
                let start = &evolution.start;
                Some([
                    start.integrate(|_, r, _| r),
                    start.integrate(|_, r, heat| heat + r * r / 2.0),
                ])
            }
            Ok(None) => None,
            Err(e) => {
                rough = Some(e);
                None
            }
        });
        match rough {
            Some(error) => Err(error),
            None => Ok(found?),
        }
    }

    /// The state at ascending times ≥ 0; `None` without initial profiles.
    pub fn evolve(&self, times: &[f64]) -> Result<Option<Evolution>, LimitError> {
        let Some(profiles) = &self.initial else { return Ok(None) };
        let elongation = |x: f64| (profiles.elongation)(x);
        let heat = |x: f64| initial_heat(profiles, x);
        let initial = Initial { elongation: &elongation, heat: &heat };
        let later: Vec<f64> = times.iter().copied().filter(|t| *t > 0.0).collect();
        let march = |index: usize| {
            let monitor = self.monitor.part(0.5 * index as f64, 0.5 * (index + 1) as f64);
            march(&RESOLUTIONS[index], self.flip_rate, &self.ends, &initial, &later, &monitor)
        };
        let ((_, coarse, _), (start, fine, steps)) = (march(0)?, march(1)?);
        let zeros = times.iter().filter(|t| **t == 0.0).map(|_| Output {
            state: State::Initial(profiles.clone()),
            errors: [0.0; 2],
            current_error: 0.0,
        });
        let evolved = fine.iter().zip(&coarse).map(|(fine, coarse)| {
            let (distance, size) = (fine.distance(coarse), fine.sizes());
            // Both resolutions lose a rounding a step, and some in the interpolation between nodes.
            let roundings = (16 + steps) as f64 * rounding::UNIT;
            let errors = [0, 1].map(|i| distance[i] + roundings * size[i]);
            let current_error = distance[2] + roundings * fine.rounded_current(self.flip_rate);
            Output { state: State::Evolved(fine.clone()), errors, current_error }
        });
        let outputs = zeros.chain(evolved).collect();
        Ok(Some(Evolution { outputs, start, steps }))
    }
}
