//! Conductivities of chains with coefficients, for the figures `disorder` and `pinning`.

use super::{GalleryError, Source};
use crate::chain::{Chain, ordered_resistance};
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

/// κ = (N₂ - N₁)/(R(N₂) - R(N₁)): the conductivity without the contacts, and its error, from the
/// chains of two sizes.
pub(super) fn conductivity(
    sizes: [usize; 2],
    chain: impl Fn(usize) -> Result<Chain, GalleryError>,
    monitor: &Monitor,
) -> Result<[f64; 2], GalleryError> {
    let mut both = [[0.0; 2]; 2];
    for (found, bonds) in both.iter_mut().zip(sizes) {
        *found = conduction(&chain(bonds)?, monitor)?.resistance;
    }
    let [short, long] = both;
    let over = sizes[1] as f64 - sizes[0] as f64;
    let slope = (long[0] - short[0]) / over;
    Ok([1.0 / slope, (long[1] + short[1]) / over / (slope * slope)])
}

/// The chain, which must carry a current from one end to the other.
pub(super) fn conducting(source: &Source<'_>, chain: Chain) -> Result<Chain, GalleryError> {
    let [hot, cold] = chain.temperature();
    let ends = chain.left.is_some() && chain.right.is_some() && hot != cold;
    if !ends || chain.flip_rate == 0.0 || chain.bonds < 8 {
        return Err(source.refused(
            "8 bonds or more, flips, and thermostats of different temperature at both ends",
        ));
    }
    Ok(chain)
}

/// 2γκ of the ordered chain with pinning, equation (16.9).
pub(super) fn ordered(pinning: f64) -> f64 {
    1.0 / ordered_resistance(pinning)
}
