//! Conductivities of chains with coefficients, for the figures `disorder` and `pinning`.

use super::GalleryError;
use crate::chain::Chain;
use crate::general::stationary;
use crate::monitor::Monitor;

/// The temperatures θ_n between two thermostats, as (T - T_+)/(T_- - T_+), and the current; each
/// with its error.
pub(super) struct Conduction {
    pub temperature: Vec<f64>,
    pub error: f64,
    /// (T_- - T_+)/J and its error.
    pub resistance: [f64; 2],
}

/// The conduction of one chain with thermostats of different temperatures at its ends.
pub(super) fn conduction(chain: &Chain, monitor: &Monitor) -> Result<Conduction, GalleryError> {
    let [hot, cold] = chain.temperature();
    let found = stationary::stationary(chain, &monitor.silent())?.profile;
    let gap = hot - cold;
    let columns = found.general.as_ref().expect("the state of a chain with coefficients");
    let current = found.current[chain.bonds / 2];
    let resistance = gap / current;
    Ok(Conduction {
        temperature: columns.temperature.iter().map(|t| (t - cold) / gap).collect(),
        error: columns.errors[0] / gap.abs(),
        resistance: [resistance, resistance.abs() * found.errors.current / current.abs()],
    })
}

/// κ = (N₂ - N₁)/(R(N₂) - R(N₁)): the conductivity without the contacts, and its error.
pub(super) fn conductivity(sizes: [usize; 2], [short, long]: [[f64; 2]; 2]) -> [f64; 2] {
    let over = sizes[1] as f64 - sizes[0] as f64;
    let slope = (long[0] - short[0]) / over;
    [1.0 / slope, (long[1] + short[1]) / over / (slope * slope)]
}

/// 2γκ of the ordered chain with pinning, equation (16.9).
pub(super) fn ordered(pinning: f64) -> f64 {
    1.0 / (pinning + 2.0 + (pinning * (pinning + 4.0)).sqrt())
}
