//! Identities that hold exactly at every N and need no reference solution: certificates of a run
//! (docs/theory/model.md, (1.10)).

use crate::chain::Chain;
use crate::covariance::moments::{Solution, largest};
use crate::numerics::vector::largest_of;
use crate::observe::Profile;
use crate::scenario::Topology;
use crate::steady::periodic::PeriodicState;
use serde::Serialize;

/// The violation of one identity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identity {
    /// The name of the identity: the quantity that should vanish.
    pub name: &'static str,
    /// The size of that quantity, relative to the largest term of the identity (or to the largest
    /// energy or elongation of the run, if that is larger).
    pub violation: f64,
    /// The site where that is, for identities that hold at every site.
    pub site: Option<usize>,
    /// The output time, in the scenario's unit.
    pub time: f64,
}

impl Identity {
    /// The worst of one name.
    pub fn worst(all: impl IntoIterator<Item = Identity>) -> Vec<Identity> {
        let mut worst: Vec<Identity> = Vec::new();
        for identity in all {
            match worst.iter_mut().find(|w| w.name == identity.name) {
                Some(w) if identity.violation > w.violation || identity.violation.is_nan() => {
                    *w = identity
                }
                Some(_) => {}
                None => worst.push(identity),
            }
        }
        worst
    }
}

/// The larger violation of two sites; one that is not a number is the largest.
fn worse(a: (usize, f64), b: (usize, f64)) -> (usize, f64) {
    if b.1 > a.1 || b.1.is_nan() { b } else { a }
}

/// Total energy E p²/2 + E r²/2 at every site of a solution, bond r_n belonging to site n.
fn energies(chain: &Chain, solution: &Solution) -> Vec<f64> {
    let (z, v) = (&solution.moments.mean, &solution.moments.variance);
    let square = |i: usize| v[i] + z[i] * z[i];
    (0..chain.atoms())
        .map(|atom| (square(chain.bonds + atom) + chain.left_bond(atom).map_or(0.0, square)) / 2.0)
        .collect()
}

/// The largest energy of a site in a run. Violations are relative to it: an output that holds
/// hardly any energy (a cold start) is thus not judged by its roundings.
pub fn largest_energy<'a>(chain: &Chain, solutions: impl IntoIterator<Item = &'a Solution>) -> f64 {
    let of_one = |solution: &Solution| largest(&energies(chain, solution));
    largest_of(solutions.into_iter().map(of_one))
}

/// `missing` relative to `scale`; 0 if nothing is missing, where the scale may be 0 too.
fn relative(missing: f64, scale: f64) -> f64 {
    if missing == 0.0 { 0.0 } else { missing / scale }
}

/// The balances between the initial law, `start`, and a later output with integrals: energy at
/// every site, total energy where nothing enters or leaves, and volume. `scale` is the run's
/// [`largest_energy`]. O(N).
pub fn balances(
    chain: &Chain,
    start: &Solution,
    output: &Solution,
    time: f64,
    scale: f64,
) -> Vec<Identity> {
    let (before, after) = (energies(chain, start), energies(chain, output));
    let mut identities = Vec::new();
    if chain.is_isolated() {
        let (before, after): (f64, f64) = (before.iter().sum(), after.iter().sum());
        let violation = relative((after - before).abs(), before.abs().max(scale));
        identities.push(Identity {
            name: "energy is conserved by flips alone",
            violation,
            site: None,
            time,
        });
    }
    let Some(sums) = &output.integrals else { return identities };
    let (bonds, atoms) = (chain.bonds, chain.atoms());
    // ∫ j through the bond to the right of an atom.
    let flow = |bond: usize| -sums.product[bond];
    let square = |atom: usize| sums.square[bonds + atom];
    let duration = output.moments.time.hi;
    let ends = [(0, chain.left), (atoms - 1, chain.right)];
    // What an atom gains, and the largest single term of its balance.
    let gained = |atom: usize| -> (f64, f64) {
        let work = if atom + 1 == atoms { sums.work } else { 0.0 };
        let inner = [
            chain.left_bond(atom).map_or(0.0, flow),
            -chain.right_bond(atom).map_or(0.0, flow),
            work,
        ];
        let baths = ends.iter().filter(|(site, _)| *site == atom).filter_map(|(_, end)| *end);
        let terms = baths
            .flat_map(|t| [t.friction * t.temperature * duration, -t.friction * square(atom)])
            .chain(inner);
        terms.fold((0.0, scale), |(sum, most), term| (sum + term, most.max(term.abs())))
    };
    let violation = |atom: usize| {
        let (gain, most) = gained(atom);
        relative((after[atom] - before[atom] - gain).abs(), most)
    };
    let (site, violation) = (0..atoms).map(|atom| (atom, violation(atom))).fold((0, 0.0), worse);
    identities.push(Identity {
        name: "energy balance at every site",
        violation,
        site: Some(site),
        time,
    });
    // Σ r grows by what the right end gains on the left end; on the ring it stays.
    let volume = |s: &Solution| s.moments.mean[..bonds].iter().sum::<f64>();
    let [from, to] = match chain.topology {
        Topology::Open => [sums.mean[bonds], sums.mean[bonds + atoms - 1]],
        Topology::Ring => [0.0; 2],
    };
    let size = start.moments.mean[..bonds]
        .iter()
        .chain(&output.moments.mean[..bonds])
        .map(|r| r.abs())
        .sum::<f64>();
    let size = size.max(from.abs()).max(to.abs());
    if size > 0.0 {
        let violation = (volume(output) - volume(start) - (to - from)).abs() / size;
        identities.push(Identity { name: "balance of the volume", violation, site: None, time });
    }
    identities
}

/// The identity of a solution without covariance: the energy that enters at an end, by the balance
/// along the chain, is what its thermostat gives.
pub fn of_inflow(chain: &Chain, solution: &Solution, time: f64, scale: f64) -> Option<Identity> {
    let name = "thermal energy that enters at the ends, by its balance and by λ(T - Var p)";
    let (variance, inflow) = (&solution.moments.variance, solution.moments.inflow?);
    let (friction, temperature) = (chain.friction(), chain.temperature());
    let ends = [variance[chain.bonds], variance[variance.len() - 1]];
    let missing = |end: usize| (friction[end] * (temperature[end] - ends[end]) - inflow[end]).abs();
    let violation = missing(0).max(missing(1));
    let energy = largest(variance).max(scale);
    Some(Identity { name, violation: relative(violation, energy), site: None, time })
}

/// Symmetry and positive semidefiniteness (beyond N = 512 the 2×2 minors alone, which are
/// necessary), as found when the covariance was at hand; `scale` is the run's [`largest_energy`].
pub fn of_covariance(solution: &Solution, time: f64, scale: f64) -> Vec<Identity> {
    // They were found relative to the largest variance of this output.
    let own = largest(&solution.moments.variance);
    let identity = |name, violation| {
        let violation = relative(violation * own, own.max(scale));
        Identity { name, violation, site: None, time }
    };
    let Some(found) = &solution.consistency else { return Vec::new() };
    let of_minors = vec![
        identity("symmetry", found.asymmetry),
        identity("|Cov(a,b)|² ≤ Var a Var b", found.negative_minor),
    ];
    of_minors
        .into_iter()
        .chain(found.indefinite.map(|shift| identity("positive semidefinite", shift)))
        .collect()
}

/// The identities of a stationary state: one current through every bond and both ends; and, with S
/// = C + z̄ z̄ᵀ and for 1 ≤ n ≤ N-1, 2γ S(p_n,r_(n+1)) = S(p_n,p_(n+1)) - S(p_n,p_n) +
/// S(r_(n+1),r_(n+1)) - S(r_n,r_(n+1)), if the covariance is available.
pub fn of_stationary_state(chain: &Chain, profile: &Profile, solution: &Solution) -> Vec<Identity> {
    let z = &solution.moments.mean;
    of_averages(chain, profile, solution, |i, j| z[i] * z[j])
}

/// The same of the averages over a period of a time-periodic state, which obey them too.
pub fn of_periodic_state(chain: &Chain, profile: &Profile, state: &PeriodicState) -> Vec<Identity> {
    of_averages(chain, profile, &state.average, |i, j| state.mean.average_product(i, j))
}

/// `product` is the (average) product of two means.
fn of_averages(
    chain: &Chain,
    profile: &Profile,
    solution: &Solution,
    product: impl Fn(usize, usize) -> f64,
) -> Vec<Identity> {
    let time = f64::INFINITY;
    let energy = largest(&profile.energy());
    let (site, violation) = profile
        .current
        .iter()
        .map(|j| relative((j - profile.left_inflow).abs(), energy))
        .enumerate()
        .fold((0, 0.0), worse);
    let mut identities = vec![];
    // Nothing enters at a left end without thermostat: that current is zero.
    if chain.left.is_some() || chain.right.is_some() {
        let name = "one current through every bond and both ends";
        identities.push(Identity { name, violation, site: Some(site), time });
    }
    if let Some(c) = &solution.moments.covariance {
        let second = |i: usize, j: usize| c[[i, j]] + product(i, j);
        let p = |n: usize| chain.bonds + n;
        let balance = |n: usize| {
            let (r, next) = (chain.left_bond(n)?, chain.right_bond(n)?);
            let gain =
                second(p(n), p(n + 1)) - second(p(n), p(n)) + second(next, next) - second(r, next);
            let missing = (2.0 * chain.flip_rate * second(p(n), next) - gain).abs();
            Some((n, relative(missing, energy)))
        };
        let (site, violation) = (0..chain.atoms() - 1).filter_map(balance).fold((0, 0.0), worse);
        let name = "d/dτ E[p_n r_n] = 0 at every site";
        identities.push(Identity { name, violation, site: Some(site), time });
    }
    identities
}
