//! Columns C(t) e_j of the stationary (or time-periodic) covariance of any open chain, along its
//! line y ([`crate::general::line`]), without the whole matrix.
//!
//! With z_j = w·y, the coldest temperature T_c split off and Q = diag(q) the noise that is left of
//! the momenta, flips and the squares of the means included ([`crate::general::stationary`]),
//!
//! ```text
//! C w = T_c w + (1/π) Re ∫_0^∞ G(iω) Q G(iω)* w dω,
//! G(s) = (s - B)⁻¹,
//! G(iω)* w = Σ conj(G(iω)) Σ w .
//! ```
//!
//! Under forces that oscillate with ω₀ the harmonics of the covariance are added,
//!
//! ```text
//! C_m w = (1/πi) ∫ ½ [ G(σ/2+κ) Q_m G(σ/2-κ)ᵀ + G(σ/2-κ) Q_m G(σ/2+κ)ᵀ ] w dκ,      σ = imω₀,
//! ```
//!
//! Q_m = 4γ((ū²)_m + θ_m), whose θ_m is the voltage of a network as in [`crate::general::contour`].
//! Cost: two eliminations a node and column, O(N), four of a harmonic. Error: a second quadrature,
//! that of the kinetic temperatures, and roundings. What is wrong by ±e in all θ is wrong by e in
//! the operator norm of C, whose answer to a positive source is positive.

use super::Vectors;
use super::drift::AlongLine;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::general::harmonics::{Harmonic, harmonics};
use crate::general::law::uniform_temperature;
use crate::general::resolvent::Resolvent;
use crate::general::stationary::{Stationary, stationary};
use crate::monitor::Monitor;
use crate::numerics::double_double::turn_phase;
use crate::numerics::vector::{euclidean, largest_of};
use crate::steady::SteadyError;
use num_complex::Complex64;
use rayon::prelude::*;

/// Nodes whose sums are added up by one thread.
const GROUP: usize = 8;

/// The columns along the line, with the Euclidean norms of their errors, for the coordinates with
/// these places in the theory's order. `known` is the state in the long run where the caller has
/// it.
pub(super) fn columns(
    chain: &Chain,
    along: &AlongLine,
    law: Option<&InitialLaw>,
    known: Option<&Stationary>,
    phase: f64,
    of: &[usize],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let functionals: Vec<Vec<f64>> = of.iter().map(|&j| along.line.functional(j)).collect();
    if let Some(temperature) = gibbs(chain, along, law) {
        let scaled = |w: &Vec<f64>| w.iter().map(|w| temperature * w).collect();
        let errors = functionals.iter().map(|w| rounding::PRODUCT * temperature * euclidean(w));
        return Ok(Vectors {
            errors: errors.collect(),
            values: functionals.iter().map(scaled).collect(),
        });
    }
    let solved;
    let found = match known {
        Some(found) => found,
        None => {
            solved = stationary(chain, &monitor.part(0.0, 0.4))?;
            &solved
        }
    };
    let mut columns = average(along, found, &functionals, &monitor.part(0.4, 0.6))?;
    for harmonic in harmonics(chain, &along.model, &along.line, &monitor.part(0.6, 1.0))? {
        let turn = 2.0 * turn_phase(harmonic.order.into(), phase);
        add_harmonic(along, &harmonic, turn, &functionals, &mut columns);
    }
    Ok(columns)
}

/// The temperature of the state of a chain without forces that keeps its Gibbs law for ever: no
/// thermostat, and a law of one temperature at rest.
fn gibbs(chain: &Chain, along: &AlongLine, law: Option<&InitialLaw>) -> Option<f64> {
    let law = law.filter(|_| chain.is_isolated())?;
    let still = law.mean_p.iter().chain(&law.mean_r).all(|&mean| mean == 0.0);
    uniform_temperature(&along.model, law).filter(|_| still)
}

/// Sums over the nodes of one rule in groups of a fixed size, added in their order: `add` adds one
/// node to the columns and to the sizes of their terms.
fn summed<N: Sync>(
    nodes: &[N],
    zero: &[(Vec<f64>, f64)],
    add: impl Fn(&N, &mut [(Vec<f64>, f64)]) + Sync,
) -> Vec<(Vec<f64>, f64)> {
    let of_group = |group: &[N]| {
        let mut sums = zero.to_vec();
        group.iter().for_each(|node| add(node, &mut sums));
        sums
    };
    let parts: Vec<_> = nodes.par_chunks(GROUP).map(of_group).collect();
    let mut total = zero.to_vec();
    for part in parts {
        for ((sum, size), (more, more_size)) in total.iter_mut().zip(part) {
            sum.iter_mut().zip(more).for_each(|(sum, x)| *sum += x);
            *size += more_size;
        }
    }
    total
}

/// The average over a period, which is the stationary state under the average of the source.
fn average(
    along: &AlongLine,
    found: &Stationary,
    functionals: &[Vec<f64>],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let (line, atoms) = (&along.line, along.model.atoms());
    let zero: Vec<_> = functionals.iter().map(|w| (vec![0.0; w.len()], 0.0)).collect();
    let add = |&(frequency, weight): &(f64, f64), sums: &mut [(Vec<f64>, f64)]| {
        let resolvent = Resolvent::new(line, Complex64::new(0.0, frequency));
        for (w, (sum, size)) in functionals.iter().zip(sums) {
            let row = resolvent.row(line, w);
            let mut driven = vec![Complex64::ZERO; line.len];
            for n in 0..atoms {
                let at = line.momentum(n);
                driven[at] = found.strength[n] * row[at].conj();
            }
            let mut squares = 0.0;
            for (sum, x) in sum.iter_mut().zip(resolvent.solve(line, &driven)) {
                squares += x.re * x.re;
                *sum += weight * x.re;
            }
            *size += weight * squares.sqrt();
        }
    };
    let first = summed(&found.quadrature.nodes, &zero, add);
    monitor.check()?;
    let second = summed(&found.quadrature.second, &zero, add);
    monitor.check()?;
    let temperatures = found.profile.general.as_ref().expect("a chain with coefficients");
    let hottest = largest_of(temperatures.temperature.iter().copied());
    let rounding = rounding::COLUMN * (atoms as f64).sqrt();
    let relative = temperatures.errors[0] + (found.quadrature.missing + rounding) * hottest;
    let mut columns = Vectors::default();
    for ((w, (mut value, size)), (judge, _)) in functionals.iter().zip(first).zip(second) {
        let apart: Vec<f64> = value.iter().zip(&judge).map(|(x, y)| x - y).collect();
        let rounded = rounding::COLUMN * size;
        columns.errors.push(euclidean(&apart) + rounded + relative * euclidean(w));
        value.iter_mut().zip(w).for_each(|(x, w)| *x += found.coldest * w);
        columns.values.push(value);
    }
    Ok(columns)
}

/// Adds Re(turn · C_m w).
fn add_harmonic(
    along: &AlongLine,
    harmonic: &Harmonic,
    turn: Complex64,
    functionals: &[Vec<f64>],
    columns: &mut Vectors,
) {
    let (line, sigma) = (&along.line, harmonic.sigma);
    let zero: Vec<_> = functionals.iter().map(|w| (vec![0.0; w.len()], 0.0)).collect();
    let add = |&(kappa, weight): &(Complex64, Complex64), sums: &mut [(Vec<f64>, f64)]| {
        let both = [0.5 * sigma + kappa, 0.5 * sigma - kappa].map(|s| Resolvent::new(line, s));
        for (w, (sum, size)) in functionals.iter().zip(sums) {
            let halves = [(0, 1), (1, 0)].map(|(left, right)| {
                let mut y = both[right].row(line, w);
                y.iter_mut().zip(&harmonic.source).for_each(|(y, q)| *y *= q);
                both[left].solve(line, &y)
            });
            let mut squares = 0.0;
            for (sum, (a, b)) in sum.iter_mut().zip(halves[0].iter().zip(&halves[1])) {
                let x = 0.5 * weight * (a + b);
                squares += x.norm_sqr();
                *sum += (turn * x).re;
            }
            *size += squares.sqrt();
        }
    };
    let [first, second] = [0, 1].map(|rule| summed(&harmonic.nodes[rule], &zero, add));
    let twice = turn.norm();
    for (k, ((value, size), (judge, _))) in first.into_iter().zip(second).enumerate() {
        let apart: Vec<f64> = value.iter().zip(&judge).map(|(x, y)| x - y).collect();
        let rounded = twice * rounding::COLUMN * size;
        columns.errors[k] +=
            euclidean(&apart) + rounded + twice * harmonic.error * euclidean(&functionals[k]);
        columns.values[k].iter_mut().zip(value).for_each(|(sum, x)| *sum += x);
    }
}
