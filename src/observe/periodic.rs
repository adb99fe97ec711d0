//! Observables of a time-periodic state: profiles averaged over a period, the work, the motion of
//! the driven atom.
//!
//! Average current -⟨p̄_n r̄_(n+1)⟩ - C_0(p_n, r_(n+1)) with ⟨p̄_n r̄_(n+1)⟩ = Σ_(m ≤ n)
//! (2γ+Γ_m)⟨p̄_m²⟩ in an open chain, ⟨x̄ ȳ⟩ = Σ_l x̂_l conj ŷ_l; average work Σ_l F_l conj p̂_l(N)
//! per unit of time. W_heat at finite N is the part of l ≠ 0 per unit of macroscopic time and
//! length, N Σ_(l≠0) F_l conj p̂_l(N). O(N) a harmonic; errors: those of the moments, propagated.

use super::{ColumnErrors, Profile};
use crate::budget::rounding;
use crate::chain::{Chain, Force};
use crate::covariance::moments::largest;
use crate::covariance::periodic::PeriodicMean;
use crate::numerics::vector::largest_of;
use crate::scenario::{Thermostat, Topology};
use crate::steady::periodic::PeriodicState;
use serde::Serialize;
use std::f64::consts::PI;

/// The profiles averaged over a period, time infinite. `mean_r`, `mean_p` are averages of the
/// means; the energy of their oscillation, ⟨(r̄ - ⟨r̄⟩)² + (p̄ - ⟨p̄⟩)²⟩/2, is in `oscillation` and
/// counts as mechanical.
pub fn average(chain: &Chain, state: &PeriodicState) -> Profile {
    let constant =
        Chain { force: Force { mean: chain.force.mean, ..Force::default() }, ..chain.clone() };
    let mut profile = Profile::new(&constant, &state.average, f64::INFINITY);
    let mean = &state.mean;
    let z = &state.average.moments.mean;
    let excess = |i: usize, j: usize| mean.average_product(i, j) - z[i] * z[j];
    let momentum = |atom: usize| excess(chain.bonds + atom, chain.bonds + atom);
    let last = chain.atoms() - 1;
    let [left, right] = chain.friction();
    profile.oscillation = (0..chain.atoms())
        .map(|atom| {
            (momentum(atom) + chain.left_bond(atom).map_or(0.0, |bond| excess(bond, bond))) / 2.0
        })
        .collect();
    for (atom, current) in profile.current.iter_mut().enumerate() {
        *current -= match chain.right_bond(atom) {
            Some(bond) => excess(chain.bonds + atom, bond),
            None => mean.oscillating_power() - right * momentum(last),
        };
    }
    profile.left_inflow -= left * momentum(0);
    // The means' errors meet the amplitudes where they met the averages.
    let amplitude = |i: usize| mean.harmonics.iter().map(|h| h.mean[i].norm()).sum::<f64>();
    let most = |range: std::ops::Range<usize>| largest_of(range.map(amplitude));
    let (r, p) = (most(0..chain.bonds), most(chain.bonds..chain.coordinates()));
    let errors = &mut profile.errors;
    let mechanical = r * errors.mean_r + p * errors.mean_p;
    let force = mean.harmonics.iter().map(|h| h.force.norm()).sum::<f64>();
    let carried =
        p * errors.mean_r + r * errors.mean_p + (force + 2.0 * (left + right) * p) * errors.mean_p;
    errors.mechanical += mechanical;
    errors.energy += mechanical;
    errors.current += carried;
    // The averages themselves are closed forms, however large the oscillation is.
    let roundings = |averages: &[f64]| rounding::FORMULA * largest(averages);
    errors.mean_r = roundings(&z[..chain.bonds]);
    errors.mean_p = roundings(&z[chain.bonds..]);
    if chain.topology == Topology::Open {
        // The force acts at the right end alone: what crosses a bond is what flips and friction
        // take of the motion to its left. Every term has the same sign, where the products of
        // elongations and momenta may cancel, and every mean is right to some roundings.
        let rates = [vec![left], vec![0.0; last - 1], vec![right]].concat();
        let lost = rates.iter().enumerate().scan(0.0, |sum, (atom, friction)| {
            let p = chain.bonds + atom;
            *sum += (2.0 * chain.flip_rate + friction) * mean.average_product(p, p);
            Some(*sum)
        });
        let (correlation, error) = (&state.average.moments.correlation, state.average.errors);
        let lost: Vec<f64> = lost.take(chain.bonds).collect();
        for ((current, lost), c) in profile.current.iter_mut().zip(&lost).zip(correlation) {
            *current = 0.0 - (c + lost);
        }
        // Nothing gathers at the last atom in the long run: what leaves there is what comes.
        profile.current[last] = profile.current[last - 1];
        let roundings = (8 + lost.len()) as f64 * rounding::UNIT;
        profile.errors.current = error.correlation + roundings * lost[last - 1];
    }
    profile
}

/// These averages with the current in closed form, where that is known better: an open chain has
/// one current in the long run, through every bond and both ends. Of what flips heat at an atom, a
/// part v_n leaves at the left end, v being the thermal profile at T_- = 1 and T_+ = 0, so that
///
/// ```text
/// J = (T_- - T_+)/R - λ_- ⟨p̄_0²⟩ - 2γ Σ_n v_n ⟨p̄_n²⟩
/// ```
///
/// (docs/theory/model.md, (1.9), for the averages). Nothing cancels where an end hardly exchanges
/// energy, beside which the work, the heat and what crosses a bond may be large.
pub fn with_known_current(chain: &Chain, mean: &PeriodicMean, profile: Profile) -> Profile {
    let Some((current, error)) = known_current(chain, mean) else { return profile };
    if KNOWN_BETTER * error >= profile.errors.current {
        return profile;
    }
    let errors = ColumnErrors { current: error, ..profile.errors };
    let parts = profile.parts.map(|parts| {
        let known = |(source, part)| (source, ColumnErrors { current: 0.0, ..part });
        parts.into_iter().map(known).collect()
    });
    let current = vec![current; chain.atoms()];
    Profile { left_inflow: current[0], left_more: 0.0, current, errors, parts, ..profile }
}

/// The closed form counts where its error is so much smaller.
const KNOWN_BETTER: f64 = 8.0;

/// That current and its error; `None` on rings, without thermostats, and for chains with
/// coefficients.
fn known_current(chain: &Chain, mean: &PeriodicMean) -> Option<(f64, f64)> {
    if chain.topology == Topology::Ring {
        return None;
    }
    let end = |end: Option<Thermostat>, temperature| end.map(|t| Thermostat { temperature, ..t });
    let (left, right) = (end(chain.left, 1.0), end(chain.right, 0.0));
    let to_left = Chain { left, right, ..chain.clone() }.harmonic_state()?.var_p;
    let square = |atom: usize| mean.average_product(chain.bonds + atom, chain.bonds + atom);
    let heat = to_left.iter().enumerate().map(|(atom, part)| part * square(atom)).sum::<f64>();
    let lost = chain.friction()[0] * square(0) + 2.0 * chain.flip_rate * heat;
    let thermal = chain.harmonic_state()?.correlation;
    let roundings = (8 + chain.atoms()) as f64 * rounding::UNIT;
    // 0 - 0 is 0 where -0 would be printed.
    Some((0.0 - thermal - lost, rounding::FORMULAS * thermal.abs() + roundings * lost))
}

/// The work of a periodic force in the periodic state, and the motion of the atom it acts on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeriodicWork {
    /// θ, microscopic.
    pub period: f64,
    /// ω = 2π/θ
    pub frequency: f64,
    /// ∫ F p̄_N over a period.
    pub work_per_period: f64,
    /// Work of the oscillating part per unit of macroscopic time, over N.
    #[serde(rename = "W_heat")]
    pub w_heat: f64,
    /// ⟨p̄_N⟩
    pub mean_momentum: f64,
    /// p̄_N = ⟨p̄_N⟩ + Σ amplitude cos(order ω τ + phase).
    pub momentum: Vec<Oscillation>,
}

/// One oscillating part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Oscillation {
    /// Multiple of ω.
    pub order: i64,
    /// Amplitude.
    pub amplitude: f64,
    /// Phase in radians.
    pub phase: f64,
}

impl PeriodicWork {
    /// The work on the periodic means; `None` under a constant force.
    pub fn new(chain: &Chain, mean: &PeriodicMean) -> Option<PeriodicWork> {
        if mean.harmonics.len() < 2 {
            return None;
        }
        let period = 2.0 * PI / mean.frequency.hi;
        let last = chain.coordinates() - 1;
        let oscillations = mean.harmonics.iter().filter(|h| h.order > 0).map(|h| Oscillation {
            order: h.order,
            amplitude: 2.0 * h.mean[last].norm(),
            phase: h.mean[last].arg(),
        });
        Some(PeriodicWork {
            period,
            frequency: mean.frequency.hi,
            work_per_period: period * mean.total_power(),
            w_heat: chain.bonds as f64 * mean.oscillating_power(),
            mean_momentum: mean.average()[last],
            momentum: oscillations.collect(),
        })
    }
}
