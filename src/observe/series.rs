//! Totals of the chain at every output time, and the energies that have entered, left and been
//! converted since time 0, with their errors.
//!
//! ```text
//! mechanical = Σ (r̄_n² + p̄_n²)/2      thermal = Σ (Var r_n + Var p_n)/2
//! work = ∫ F p̄_N dτ                    heat = ∫ 2γ Σ p̄_n² dτ
//! left, right = ∫ λ (T - E p²) dτ at either end
//! ```
//!
//! Integrals are over microscopic time, not scaled. energy(t) - energy(0) = work + left + right. If
//! a method gives no time integrals, only those are known that vanish because nothing acts. O(N) an
//! output.

use super::Profile;
use crate::budget::rounding;
use crate::chain::Chain;
use crate::covariance::moments::{Solution, largest};
use crate::numerics::vector::largest_of;
use crate::scenario::Topology;

/// The columns after t; each has one more, NAME_error.
pub const SERIES_COLUMNS: [&str; 7] =
    ["mechanical", "thermal", "energy", "work", "heat", "left", "right"];

/// One output time.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Output time in the scenario's unit; infinite in a stationary state.
    pub time: f64,
    /// In the order of [`SERIES_COLUMNS`], each with a bound of its error; `None` where it is not
    /// known.
    pub values: [Option<(f64, f64)>; 7],
    /// The energy that entered at thermostats inside the chain, where there are any.
    pub others: Option<(f64, f64)>,
}

impl Totals {
    /// The totals at one output of an evolution that began with `start`.
    pub fn new(chain: &Chain, start: &Solution, solution: &Solution, profile: &Profile) -> Totals {
        let [mechanical, thermal, energy] = energies(chain, profile);
        let before = energies(chain, &Profile::new(chain, start, 0.0));
        let mut integrals = integrals(chain, solution);
        if integrals.heat.is_none() && chain.left.is_none() && chain.right.is_none() {
            // Nothing else turns mechanical energy into another.
            integrals.heat = integrals.work.map(|(work, error)| {
                let roundings = rounding::FORMULA * (work.abs() + before[0].0 + mechanical.0);
                (work + before[0].0 - mechanical.0, error + mechanical.1 + roundings)
            });
        }
        let Integrals { work, heat, left, right } = integrals;
        // If the balance of the energy is violated, one of its terms is wrong by that much.
        let gained: Option<f64> = [work, left, right].map(|x| x.map(|(x, _)| x)).into_iter().sum();
        let missed = gained.map_or(0.0, |gained| (energy.0 - before[2].0 - gained).abs());
        let doubted = |x: Option<(f64, f64)>| match x {
            // What is known to vanish is not in doubt.
            Some((x, error)) if x != 0.0 || error != 0.0 => Some((x, error + missed)),
            x => x,
        };
        Totals {
            time: profile.time,
            values: [
                Some(mechanical),
                Some(thermal),
                Some(energy),
                doubted(work),
                doubted(heat),
                doubted(left),
                doubted(right),
            ],
            others: None,
        }
    }

    /// The totals of a stationary state: energies alone.
    pub fn stationary(chain: &Chain, profile: &Profile) -> Totals {
        let [mechanical, thermal, energy] = energies(chain, profile).map(Some);
        let values = [mechanical, thermal, energy, None, None, None, None];
        Totals { time: profile.time, values, others: None }
    }

    /// The totals at one output of a chain with coefficients, from the energies now and at time 0
    /// and the integrals.
    pub fn of_general(
        chain: &Chain,
        before: &Profile,
        profile: &Profile,
        integrals: &Integrated,
    ) -> Totals {
        let [mechanical, thermal, energy] = energies(chain, profile);
        let start = energies(chain, before)[2].0;
        let Integrated { work, heat, left, right, others, error } = *integrals;
        let missed = (energy.0 - start - (work + left + right + others)).abs();
        // What is known to vanish is not in doubt.
        let doubted = |x: f64| Some((x, if x == 0.0 { 0.0 } else { error + missed }));
        let inner = chain.coefficients().is_some_and(|all| {
            let ring = chain.topology == Topology::Ring;
            all.thermostats.iter().any(|(site, _)| ring || (*site != 0 && *site != chain.bonds))
        });
        let [work, heat, left, right] = [work, heat, left, right].map(doubted);
        let (mechanical, thermal, energy) = (Some(mechanical), Some(thermal), Some(energy));
        Totals {
            time: profile.time,
            values: [mechanical, thermal, energy, work, heat, left, right],
            others: inner.then(|| doubted(others)).flatten(),
        }
    }
}

/// Energies since time 0, by where they come from, of a chain with coefficients.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Integrated {
    /// ∫ Σ F_n v̄_n
    pub work: f64,
    /// ∫ 2γ Σ ū²
    pub heat: f64,
    /// ∫ λ(T - E u²) at atom 0.
    pub left: f64,
    /// The same at atom N.
    pub right: f64,
    /// The same at all others.
    pub others: f64,
    /// A bound of the error of any of them.
    pub error: f64,
}

impl Integrated {
    /// The largest distance of any of them from another's.
    pub(crate) fn apart(&self, other: &Integrated) -> f64 {
        let all = |i: &Integrated| [i.work, i.heat, i.left, i.right, i.others];
        largest_of(all(self).into_iter().zip(all(other)).map(|(a, b)| a - b))
    }
}

/// Mechanical, thermal and total energy with their errors: those of every site, and the roundings
/// of the sum.
fn energies(chain: &Chain, profile: &Profile) -> [(f64, f64); 3] {
    let (bonds, atoms) = (chain.bonds as f64, chain.atoms() as f64);
    let total = |values: Vec<f64>| {
        let sum: f64 = values.iter().sum();
        let size: f64 = values.iter().map(|x| x.abs()).sum();
        (sum, atoms.log2().max(1.0) * rounding::FORMULA * size)
    };
    let errors = &profile.errors;
    let size = |values: &[f64]| values.iter().map(|x| x.abs()).sum::<f64>();
    let (mechanical, lost) = total(profile.mechanical());
    let of_means = size(&profile.mean_r) * errors.mean_r + size(&profile.mean_p) * errors.mean_p;
    // In an average over a period the oscillation's own errors are in the column's.
    let of_means = if profile.oscillation.is_empty() {
        of_means + (bonds * errors.mean_r.powi(2) + atoms * errors.mean_p.powi(2)) / 2.0
    } else {
        atoms * errors.mechanical
    };
    let (thermal, lost_too) = total(profile.thermal());
    let (of_means, of_variances) = match profile.general {
        Some(_) => (atoms * errors.mechanical, atoms * errors.thermal),
        None => (of_means, (bonds * errors.var_r + atoms * errors.var_p) / 2.0),
    };
    let (mechanical, thermal) = ((mechanical, of_means + lost), (thermal, of_variances + lost_too));
    [mechanical, thermal, (mechanical.0 + thermal.0, mechanical.1 + thermal.1)]
}

/// The integrals, as far as they are known.
struct Integrals {
    work: Option<(f64, f64)>,
    heat: Option<(f64, f64)>,
    left: Option<(f64, f64)>,
    right: Option<(f64, f64)>,
}

/// The integrals and their errors. With ∫e the integral of the trajectory's error e, the work has
/// the error |F| ∫e; where p̄ is squared it is 2 ∫|p̄| e ≤ 2 √(∫p̄² ∫e²) (Cauchy and Schwarz).
fn integrals(chain: &Chain, solution: &Solution) -> Integrals {
    let (time, errors) = (solution.moments.time.hi, &solution.errors);
    let nothing = Some((0.0, 0.0));
    let at_start = time == 0.0;
    let forced = chain.topology == Topology::Open && chain.force != Default::default();
    let sums = solution.integrals.as_ref();
    let rounding = rounding::SUM;
    // ∫e and √∫e², where the error at the end is `last`.
    let on_the_way = sums.map_or([0.0; 2], |sums| sums.error);
    let lapse = |last: f64| on_the_way[0] + last * time;
    let root = |last: f64| (2.0 * (on_the_way[1] + last * last * time)).sqrt();
    let work = match sums {
        _ if at_start || !forced => nothing,
        None => None,
        Some(sums) => {
            let harmonics = chain.force.harmonics.iter().map(|(_, f)| 2.0 * f.norm());
            let force = chain.force.mean.abs() + harmonics.sum::<f64>();
            Some((sums.work, force * lapse(errors.mean_p) + rounding * sums.work.abs()))
        }
    };
    let heat = match sums.and_then(|sums| sums.heat) {
        _ if at_start || chain.flip_rate == 0.0 => nothing,
        None => None,
        Some(heat) => {
            let squares = (chain.atoms() as f64 * heat * 2.0 * chain.flip_rate).sqrt();
            Some((heat, 2.0 * squares * root(errors.mean_p) + rounding * heat.abs()))
        }
    };
    let entered = |end: Option<crate::scenario::Thermostat>, atom: usize| match (end, sums) {
        (None, _) => nothing,
        _ if at_start => nothing,
        (_, None) => None,
        (Some(end), Some(sums)) => {
            let square = sums.square[chain.bonds + atom];
            let given = end.friction * end.temperature * time;
            // An error of λ Var p is in that of the correlations.
            let error = lapse(errors.correlation + errors.left) * end.friction.max(1.0)
                + 2.0 * end.friction * square.abs().sqrt() * root(errors.mean_p)
                + rounding * largest(&[given, end.friction * square]);
            Some((end.friction * (end.temperature * time - square), error))
        }
    };
    Integrals {
        work,
        heat,
        left: entered(chain.left, 0),
        right: entered(chain.right, chain.atoms() - 1),
    }
}
