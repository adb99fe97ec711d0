//! Small open chains: shifted solves done directly in 32 digits
//! (docs/theory/small-systems.md, (15.1)).
//!
//! Two ways. The literal five-point stencil as a band (stencil.rs): its coefficients are exact, its
//! cost N⁴. And the interface equation of `covariance/interface.rs`, 5N+5 unknowns with two
//! thermostats: the flips' diagonal as the cosine sums t_j = (1/M) Σ_n d_n cos(πj(n+½)/M), and the
//! columns y and x of the ends in modes. In these every entry of a row touches O(1) others for each
//! pair of modes, so the whole matrix costs O(N²) and the solve N³. Its coefficients have roundings
//! of 10⁻³² that the answer carries (λ + 1/λ)/γ² fold and more; a second solve with other roundings
//! tells them, and where they are too large the stencil takes over. Error: the rounding of the
//! answer to doubles, and what the refinement or the second solve shows.

pub(crate) mod drift;
mod interface;
mod pairs;
mod stencil;

use super::packed;
use super::{Diagonals, Driven, SolveError, SolveReport, Source, Target};
use crate::budget::{iteration, rounding};
use crate::chain::Chain;
use crate::chain::modes::Modes;
use crate::numerics::vector::largest_norm;
use crate::numerics::wide::Wide;
use crate::scenario::{Thermostat, Topology};
use interface::Interface;
use ndarray::Array2;
use num_complex::Complex64;
use stencil::Stencil;

/// The largest chain that is solved directly.
pub const LARGEST: usize = 128;

/// Whether a chain is solved directly: an open one that is small.
pub fn serves(chain: &Chain) -> bool {
    chain.topology == Topology::Open && chain.bonds <= LARGEST
}

/// Chains up to this size are always solved directly where profiles are read: it takes less than a
/// millisecond, and the samples that show the roundings of a few modes may happen to agree (seen:
/// 75 times the estimate at N = 1, γ = 100, λ = 10⁻⁴).
const ALWAYS: usize = 4;

/// Chains up to this size, in which a contour takes some seconds, are solved directly where a
/// contact is weaker than this: the iteration left 6e-9 of a current (N = 46, γ = 4.9, λ = 4500 and
/// 1300).
const SHORT: usize = 64;
const WEAK: f64 = 100.0;

/// Whether a chain that this [`serves`] loses digits by the iteration in doubles: 10⁻¹⁶ (λ +
/// 1/λ)/γ² of the profiles' sizes where flips are rare or an end is extreme, and γ times their
/// roundings in the currents where flips are many. Tiny chains count as such.
pub fn is_worth_it(chain: &Chain) -> bool {
    let contact = |t: Thermostat| t.friction.max(1.0) + 1.0 / t.friction;
    let contacts = [chain.left, chain.right].into_iter().flatten().map(contact).fold(1.0, f64::max);
    serves(chain)
        && (chain.bonds <= ALWAYS
            || chain.bonds <= SHORT && contacts > WEAK
            || contacts > 200.0 * chain.flip_rate.powi(2)
            || chain.flip_rate >= 100.0)
}

/// Processor time of one solve by the interface: n³ of the factorization in doubles, the
/// refinements, and the pairs of modes, all twice.
fn seconds_of_interface(chain: &Chain) -> f64 {
    let sites = chain.atoms() as f64;
    let ends = chain.friction().iter().filter(|friction| **friction > 0.0).count() as f64;
    let unknowns = (1.0 + 2.0 * ends) * sites;
    4e-10 * unknowns.powi(3) + 6e-7 * unknowns.powi(2) + 2e-5 * sites.powi(2)
}

/// Processor time of one solve by the stencil.
fn seconds_of_stencil(chain: &Chain) -> f64 {
    4e-8 * (chain.coordinates() as f64).powi(4)
}

/// Processor time of one solve.
pub fn seconds(chain: &Chain) -> f64 {
    seconds_of_stencil(chain).min(seconds_of_interface(chain))
}

/// Seconds that a solve by the stencil may take where the interface has lost its digits: one of
/// many on a contour, and the one of a stationary state.
const LONGEST_OF_MANY: f64 = 2.0;
const LONGEST: f64 = 60.0;
/// The interface has lost its digits where its error is above this part of the answer.
const LOST: f64 = 1e-13;

/// The parts that the direct solves of one chain share.
pub(super) struct Direct {
    chain: Chain,
    modes: Modes,
    interface: Interface,
    /// The same with other roundings.
    judge: Interface,
}

impl Direct {
    pub fn new(chain: &Chain) -> Direct {
        chain.assert_homogeneous();
        let interface = Interface::new(chain);
        let judge = interface.with_other_roundings();
        Direct { chain: chain.clone(), modes: Modes::new(chain), interface, judge }
    }

    /// Solves (σ - 𝓛) X = R; see [`super::MomentEquations::solve_diagonals`].
    pub fn solve(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        if shift == Complex64::ZERO
            && (self.chain.friction() == [0.0; 2] || self.chain.flip_rate == 0.0)
        {
            return Err(SolveError::Singular { shift });
        }
        if seconds_of_stencil(&self.chain) < seconds_of_interface(&self.chain) {
            return self.by_stencil(shift, source, targets);
        }
        // Added to the targets only if the answer is good enough.
        let mut added: Vec<Vec<f64>> =
            targets.iter().map(|target| vec![0.0; target.state.len()]).collect();
        let mut tried: Vec<Target<'_>> = (targets.iter().zip(&mut added))
            .map(|(target, state)| Target { weight: target.weight, state })
            .collect();
        let found = self.by_interface(shift, source, &mut tried);
        let longest = if shift == Complex64::ZERO { LONGEST } else { LONGEST_OF_MANY };
        let lost = found.as_ref().map_or(true, |(report, found)| {
            let flows = largest_norm(found.correlation.iter().chain(&found.losses));
            !(report.error <= LOST * largest_norm(&found.variance)
                && report.flow_error <= LOST * flows)
        });
        if lost && seconds_of_stencil(&self.chain) < longest {
            return self.by_stencil(shift, source, targets);
        }
        for (target, added) in targets.iter_mut().zip(&added) {
            target.state.iter_mut().zip(added).for_each(|(sum, x)| *sum += x);
        }
        found
    }

    fn by_stencil(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        let (chain, n) = (&self.chain, self.chain.coordinates());
        let stencil = Stencil::new(chain, shift).ok_or(SolveError::Singular { shift })?;
        let state = source.state.map(|state| packed::to_matrix(&self.modes, state));
        let (x, correction) = stencil.solve(state.as_ref(), source.scale, source.momenta);
        let entry = |a: usize, b: usize| stencil.entry(&x, a, b);
        for target in targets {
            let matrix =
                Array2::from_shape_fn((n, n), |(a, b)| (target.weight * entry(a, b).rounded()).re);
            let added = packed::of_matrix(&self.modes, &matrix);
            target.state.iter_mut().zip(&added).for_each(|(sum, x)| *sum += x);
        }
        let [left, right] = chain.friction();
        let ends = [(chain.bonds, left), (n - 1, right)];
        let at = |p: usize| Wide::from(source.momenta[p - chain.bonds]);
        let given = AtEnds { shift: shift.into(), momenta: ends.map(|(p, _)| at(p)) };
        let none = AtEnds { momenta: [Wide::ZERO; 2], ..given };
        let driven = |x: &[Wide], given: AtEnds| {
            let beside = [stencil.entry(x, ends[0].0, 0), -stencil.entry(x, ends[1].0, n / 2 - 1)];
            let of_end = |end: usize| given.driven(ends[end].1, end, beside[end]);
            Some(Driven { losses: [of_end(0), of_end(1)], error: 0.0 })
        };
        let of = |x: &[Wide], given: AtEnds| Diagonals {
            variance: (0..n).map(|a| stencil.entry(x, a, a).rounded()).collect(),
            correlation: (0..chain.bonds)
                .map(|bond| chain.left_pair(bond))
                .map(|(p, r)| stencil.entry(x, p, r).rounded())
                .collect(),
            losses: ends.map(|(p, friction)| stencil.entry(x, p, p).scaled(friction).rounded()),
            driven: driven(x, given),
        };
        let (mut found, corrected) = (of(&x, given), of(&correction, none));
        if !found.variance.iter().all(|v| v.is_finite()) {
            return Err(SolveError::Singular { shift });
        }
        Ok((report(&mut found, [&corrected, &corrected]), found))
    }

    fn by_interface(
        &self,
        shift: Complex64,
        source: Source<'_>,
        targets: &mut [Target<'_>],
    ) -> Result<(SolveReport, Diagonals), SolveError> {
        let (mut found, carried) = self.interface.solve(shift, source, targets)?;
        let (other, _) = self.judge.solve(shift, source, &mut [])?;
        let minus = |a: &[Complex64], b: &[Complex64]| -> Vec<Complex64> {
            a.iter().zip(b).map(|(a, b)| a - b).collect()
        };
        let apart = Diagonals {
            variance: minus(&found.variance, &other.variance),
            correlation: minus(&found.correlation, &other.correlation),
            losses: [0, 1].map(|end| found.losses[end] - other.losses[end]),
            driven: found.driven.zip(other.driven).map(|(found, other)| Driven {
                losses: [0, 1].map(|end| found.losses[end] - other.losses[end]),
                error: 0.0,
            }),
        };
        Ok((report(&mut found, [&carried, &apart]), found))
    }
}

/// What is given at the ends: σ, and q there.
#[derive(Clone, Copy)]
struct AtEnds {
    shift: Wide,
    momenta: [Wide; 2],
}

impl AtEnds {
    /// λ (q + 2 x)/(σ + 2λ), x being what comes to p² from the bond beside the end.
    fn driven(&self, friction: f64, end: usize, beside: Wide) -> Complex64 {
        if friction == 0.0 {
            return Complex64::ZERO;
        }
        let rate = self.shift + Wide::from(2.0 * friction);
        let driven = (self.momenta[end] + beside.scaled(2.0)) * rate.inverse();
        driven.scaled(friction).rounded()
    }
}

/// The roundings of an answer to doubles, and samples of its error.
fn report(found: &mut Diagonals, samples: [&Diagonals; 2]) -> SolveReport {
    let variance = |of: &Diagonals| largest_norm(&of.variance);
    let flow = |of: &Diagonals| largest_norm(of.correlation.iter().chain(&of.losses));
    let driven = |of: &Diagonals| {
        let losses = of.driven.unwrap_or_default().losses;
        largest_norm(of.correlation.iter().chain(&losses))
    };
    let [error, flow_error, driven_error] =
        [variance, flow, driven].map(|size: fn(&Diagonals) -> f64| {
            rounding::UNIT * size(found)
                + iteration::SAMPLE * size(samples[0]).max(size(samples[1]))
        });
    found.driven.iter_mut().for_each(|driven| driven.error = driven_error);
    let residual = error / variance(found).max(f64::MIN_POSITIVE);
    SolveReport { iterations: 0, residual, error, flow_error, quadrature: 0.0, direct: true }
}
