//! The part of a covariance that is known exactly. A contour subtracts it and inverts the rest, so
//! that the known part has no rounding errors.

use crate::chain::{Chain, InitialLaw, ThermalState};
use crate::covariance::direct;
use crate::covariance::moments::largest;

/// The state that is split off. In a small chain it is the thermal stationary state, which leaves
/// no noise. It is the uniform state of the coldest temperature in a long chain, and where one
/// temperature is far below the others and no friction is strong.
#[derive(Clone)]
pub(super) struct Reference {
    pub state: ThermalState,
    /// λ(T - Var p) of it at the ends.
    pub through: [f64; 2],
    /// The noise that it leaves at every atom, 2λ(T - T_ref).
    pub noise: Vec<f64>,
}

/// Below this part of the highest temperature the lowest is cold.
const COLD: f64 = 1e-3;

/// With this friction or more, λ(T - Var p) cancels too much to be inverted: an error of 10⁻¹² λ T
/// was seen.
const STRONG: f64 = 16.0;

impl Reference {
    /// The thermal stationary state; `None` without thermostats.
    pub fn thermal(chain: &Chain) -> Option<Reference> {
        let state = chain.harmonic_state()?;
        let through = [-state.correlation, state.correlation];
        Some(Reference { through, noise: vec![0.0; chain.atoms()], state })
    }

    pub fn new(chain: &Chain, law: &InitialLaw) -> Reference {
        let coldest = reference_temperature(chain, law);
        let hottest = largest(&chain.temperature()).max(largest(&law.variance()));
        let splits = coldest >= COLD * hottest || largest(&chain.friction()) >= STRONG;
        match Reference::thermal(chain) {
            Some(thermal) if direct::serves(chain) && splits => thermal,
            _ => {
                let (friction, temperature) = (chain.friction(), chain.temperature());
                let state = ThermalState {
                    var_r: vec![coldest; chain.bonds],
                    var_p: vec![coldest; chain.atoms()],
                    correlation: 0.0,
                };
                let at_rest = vec![0.0; chain.atoms()];
                Reference {
                    state,
                    through: [0, 1].map(|end| friction[end] * (temperature[end] - coldest)),
                    noise: chain.covariance_source(&at_rest, coldest),
                }
            }
        }
    }
}

/// The temperature whose uniform state is split off: the coldest of all. What is left, C less it,
/// is positive at the start and has positive sources, so that it stays positive. Small variances
/// are then sums of small terms, and near equilibrium only the difference from it is rounded.
pub(super) fn reference_temperature(chain: &Chain, law: &InitialLaw) -> f64 {
    chain.coldest().map_or(law.coldest(), |end| end.min(law.coldest()))
}
