//! The profiles at chosen times without covariance and without steps: the hyperbola over the
//! squared kernel, O(N) a node.
//!
//! With w = z̄ - z_per, u its momenta and p_per = Σ_l p̂_l e^(ilωτ) (l = 0 alone under a constant
//! force), p_per² = Σ_m q_m e^(imωτ), and at a node s of [`super::hyperbola`]
//! (docs/theory/profiles.md, (6.1))
//!
//! ```text
//! (1 - 4γK_s) d̂ = K_s ( 4γ p̂²(s) + 2λT/s + Var p(0) ) + K_s^(pr) Var r(0),
//! p̂²(s) = Σ_m q_m/(s - imω) + 2 Σ_l p̂_l û(s - ilω) + (u²)^(s),
//! ```
//!
//! and the current -Cov(p_n, r_(n+1)) follows from the balance of energy ([`resolvent::currents`]).
//! A periodic force adds what the poles imω and the lines ilω + (-∞, 0] contribute, as in
//! [`super::envelope`]: the periodic state's harmonics C_m e^(imωτ) and envelopes V_l e^(ilωτ),
//! (s + ilω - 𝓛) V̂_l = 8γ diag_p(p̂_l∘û(s)), which live in a layer at the right end; while ωτ is
//! small one contour encloses them all instead (strip.rs). Everything is done on two contours with
//! different inner quadratures; their difference bounds the error of the second, which is the
//! answer. Independent initial coordinates, flips, open chain (a ring has its own waves), τ ≥
//! [`earliest`].

use super::contour;
use super::groups;
use super::hyperbola;
use super::open::Transformed;
use super::outcome::{Counts, EvolveError};
use super::ring::{self, Ring};
use super::two_contours::{self, Asked, Inversion};
use crate::budget::{inner_quadrature, iteration, outer_quadrature, rounding};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Solution, largest};
use crate::covariance::source::ErrorSource;
use crate::monitor::Monitor;
use crate::numerics::double_double::{exact, rounded};
use crate::resolvent::{self, Quality};
use crate::scenario::Topology;
use std::ops::Range;

/// The contour serves from this many 1/γ on: by its last node, Re s = -30/τ, it must not have come
/// near the band's spectrum at Re s = -γ.
pub(super) const EARLIEST: f64 = 60.0;

/// The least microscopic time for which this way gives the profiles, infinite where flips are too
/// rare for the inner quadrature (which a ring at rest does not need); before it the
/// exponential of the stencil serves ([`super::stencil`]). `None` where neither does.
pub fn earliest(chain: &Chain, law: &InitialLaw) -> Option<f64> {
    let serves = contour::earliest(chain).is_some() && law.covariance.is_none();
    let at_rest = chain.topology == Topology::Ring && ring::is_at_rest(law);
    let ever = at_rest || chain.flip_rate >= resolvent::LEAST_FLIP_RATE;
    serves.then(|| if ever { EARLIEST / chain.flip_rate } else { f64::INFINITY })
}

/// The moments without covariance at ascending `times`, each at least [`earliest`]; `counts.solves`
/// counts nodes. Long because it puts three parts together: the means, what the start and the
/// constant sources make, and what oscillates.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    // Where Re s < -γ the spectrum and its mirror image cross, and nothing passes between them.
    let earliest = earliest(chain, law).unwrap_or(f64::INFINITY);
    let exact = exact(times);
    let times = rounded(&exact);
    if let Some(&time) = times.iter().find(|&&time| time < earliest) {
        return Err(EvolveError::TooEarly { time, earliest });
    }
    let problem: Box<dyn Inversion + '_> = match chain.topology {
        Topology::Open => Box::new(Transformed::new(chain, law)?),
        Topology::Ring => Box::new(Ring::new(chain, law)),
    };
    // The current has 1/γN of the errors of the variances at N, but is 1/γ smaller than they are:
    // at γ = 10 and 1e-10 it was missed by a factor 2.
    let within = tolerance / (0.5 * chain.flip_rate).max(1.0);
    let solve_tolerance = 1e-5 * within;
    let [quality, judge] = Quality::pair(within);
    let groups = groups::groups(chain, &times, tolerance);
    // What the chain held at first.
    let start = [&law.var_r, &law.var_p].into_iter().map(|v| largest(v)).fold(0.0, f64::max);
    let start = start.max(problem.deviation().powi(2));
    let of_group = |group: usize| {
        let (way, times) = &groups[group];
        (way, &exact[times.clone()])
    };
    let ends = |instants: &[Double]| (instants[0].hi, instants[instants.len() - 1].hi);
    let nodes_of = |(way, group): &(groups::Way, Range<usize>)| {
        let (first, last) = ends(&exact[group.clone()]);
        way.nodes(first, last, way.count(first, last))
    };
    let nodes: Vec<usize> = groups.iter().map(nodes_of).collect();
    let evaluate = |asked: Asked, counts: &mut Counts, monitor: &Monitor| {
        let (way, instants) = of_group(asked.group);
        let (first, last) = ends(instants);
        let contour = way.contour(first, last, way.count(first, last) + asked.extra);
        let quality = if asked.extra == 0 { quality } else { judge };
        problem.invert(&contour, instants, quality, solve_tolerance, counts, monitor)
    };
    let judge = |group: usize, fine: &mut Solution, coarse: &Solution| {
        let (way, instants) = of_group(group);
        let (first, last) = ends(instants);
        // Two contours may agree by accident: no less than what the second should leave is claimed.
        // Slow modes have momenta and currents 1/√(γτ) of their elongations and variances, the
        // slowest 1/N; the currents of a periodic state, where the contour encloses it, are as
        // large as its variances.
        let settled = (chain.flip_rate * fine.moments.time.hi).sqrt().recip();
        let size = largest(&fine.moments.variance).max(problem.deviation());
        let least =
            outer_quadrature::NODES * way.gain(first, last, hyperbola::EXTRA) * way.goal * size;
        let often = match size < inner_quadrature::REST * start {
            true => inner_quadrature::TWO_RULES_OF_A_REST,
            false => inner_quadrature::TWO_RULES,
        };
        let none = MomentErrors::default();
        let distance = none.with_distance(chain, &fine.moments, &coarse.moments);
        // Where roundings prevail, the distance is a sample of them.
        let rounded = 4.0 * rounding::SHARED * size;
        let counted =
            |distance: f64| often * distance + inner_quadrature::TWO_RULES * distance.min(rounded);
        let mut apart = distance.map(|distance| counted(distance) + least);
        apart.mean_p -= least * (1.0 - settled);
        let current =
            if way.half_width > 0.0 { 1.0 } else { settled.max(1.0 / chain.bonds as f64) };
        apart.correlation -= least * (1.0 - current);
        // So may two inner quadratures: no less is claimed than a part of the tolerance, nor than
        // roundings, which 1 - 4γK makes γ times as large (seen: γ ε, γ = 2·10⁴ and more, N = 2).
        let enlarged = rounding::SOLVE.max(rounding::FORMULA * chain.flip_rate);
        let asked = (inner_quadrature::PART_OF_TOLERANCE * within).max(enlarged) * size;
        // The part of an error of the variances that enters the current as a whole, and the
        // part that enters in the sum of the energies' slopes along the chain.
        let share = match chain.topology {
            Topology::Open if way.half_width == 0.0 => current
                .min(resolvent::current_share(chain) + chain.bonds as f64 / fine.moments.time.hi),
            _ => current,
        };
        let asked = MomentErrors::of_variances(asked, asked * share);
        fine.errors = fine.errors.map(|error| iteration::REFINEMENT * error);
        fine.parts
            .iter_mut()
            .for_each(|(_, part)| *part = part.map(|error| iteration::REFINEMENT * error));
        fine.add_error(ErrorSource::OuterQuadrature, apart);
        fine.add_error(ErrorSource::InnerQuadrature, asked);
    };
    two_contours::invert("profiles", &nodes, monitor, evaluate, judge)
}
