//! Correlations at two times in a stationary or time-periodic state.
//!
//! The flips are linear on average, E\[z(t+s) | z(t)\] is linear in z(t), so that
//!
//! ```text
//! Cov(z(t+s), z_j(t)) = e^(Bs) C(t) e_j,   s ≥ 0
//! ```
//!
//! for every coordinate z_j: a column of the covariance ([`columns`]), propagated by B
//! ([`Columns::at_lags`]). Cost: O(N) for each column and quadrature node, O(N) for each unit of
//! lag, and at late lags O(N log N) for each node of a contour; the covariance itself is never
//! formed. Error: of the column, plus what the propagation adds, which e^(Bs) never amplifies
//! (‖e^(Bs)‖₂ ≤ 1). A chain with coefficients is propagated along its line
//! ([`crate::general::line`]), where that holds. Correlations of energies in equilibrium are in
//! [`energy`], power spectra in [`Columns::spectra`]. Source: docs/theory/correlations.md,
//! (12.1).

mod column;
mod drift;
pub mod energy;
mod general;
mod propagator;
mod spectrum;

use crate::chain::{Chain, InitialLaw};
use crate::general::stationary::Stationary;
use crate::monitor::Monitor;
use crate::scenario::Topology;
use crate::steady::SteadyError;
use drift::{AlongLine, Homogeneous};
use std::fmt;
use std::str::FromStr;

/// One coordinate of the chain, by its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// r_n: n = 1..N on an open chain, 0..N-1 on a ring; none with pinning.
    Elongation(usize),
    /// q_n of a pinned chain, n = 0..N.
    Displacement(usize),
    /// p_n: n = 0..N on an open chain, 0..N-1 on a ring.
    Momentum(usize),
}

impl Coordinate {
    /// Its place in the theory's order, r or q first; `None` where the chain has no such
    /// coordinate.
    pub fn index(self, chain: &Chain) -> Option<usize> {
        let first = usize::from(chain.topology == Topology::Open);
        let pinned = chain.is_pinned();
        match self {
            Coordinate::Elongation(site) => {
                let exists = !pinned && (first..first + chain.bonds).contains(&site);
                exists.then(|| site - first)
            }
            Coordinate::Displacement(site) => (pinned && site < chain.atoms()).then_some(site),
            Coordinate::Momentum(site) => (site < chain.atoms()).then(|| chain.positions() + site),
        }
    }

    /// n
    pub fn site(self) -> usize {
        match self {
            Coordinate::Elongation(site)
            | Coordinate::Displacement(site)
            | Coordinate::Momentum(site) => site,
        }
    }

    /// The coordinates that a chain has, in words.
    pub fn allowed(chain: &Chain) -> String {
        let last = chain.atoms() - 1;
        match chain.topology {
            Topology::Open if chain.is_pinned() => {
                format!("q:0 to q:{last} and p:0 to p:{last} of this pinned chain")
            }
            Topology::Open => format!("r:1 to r:{} and p:0 to p:{last}", chain.bonds),
            Topology::Ring => format!("r:0 to r:{last} and p:0 to p:{last}"),
        }
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coordinate::Elongation(site) => write!(f, "r:{site}"),
            Coordinate::Displacement(site) => write!(f, "q:{site}"),
            Coordinate::Momentum(site) => write!(f, "p:{site}"),
        }
    }
}

impl FromStr for Coordinate {
    type Err = String;

    fn from_str(text: &str) -> Result<Coordinate, String> {
        let site = |text: &str| text.trim().parse::<usize>().ok();
        let parsed = text.trim().split_once(':').and_then(|(kind, number)| match kind {
            "r" => site(number).map(Coordinate::Elongation),
            "q" => site(number).map(Coordinate::Displacement),
            "p" => site(number).map(Coordinate::Momentum),
            _ => None,
        });
        parsed.ok_or_else(|| {
            format!(
                "found {text:?}; allowed: r:n for an elongation, q:n for a displacement of a pinned chain, p:n for a momentum, as p:50"
            )
        })
    }
}

/// Vectors over all coordinates in the theory's order, one for each of several lags, frequencies or
/// coordinates, with the error of each in the Euclidean norm, which no entry exceeds and e^(Bs)
/// never amplifies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vectors {
    /// The vectors.
    pub values: Vec<Vec<f64>>,
    /// The Euclidean norm of the error of each, a bound for every entry.
    pub errors: Vec<f64>,
}

/// Cov(z(t+s), z_j(t)) for one coordinate j at every lag.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// j
    pub of: Coordinate,
    /// One vector a lag.
    pub at_lags: Vectors,
}

/// Columns C(t) e_j of the covariance of a chain.
pub struct Columns {
    of: Vec<Coordinate>,
    equations: Equations,
    /// In the coordinates in which the drift contracts.
    vectors: Vectors,
}

enum Equations {
    Homogeneous(Box<Homogeneous>),
    General(Box<AlongLine>),
}

/// The columns C(t) e_j, j the coordinates `of`, t the `phase` of the period where a force has one.
/// Every coordinate must exist ([`Coordinate::index`]). `law` says where a chain without
/// thermostats ends; `known` is the state in the long run of a chain with coefficients, where the
/// caller has it.
pub fn columns(
    chain: &Chain,
    law: Option<&InitialLaw>,
    known: Option<&Stationary>,
    phase: f64,
    of: &[Coordinate],
    monitor: &Monitor,
) -> Result<Columns, SteadyError> {
    let of = of.to_vec();
    let indices: Vec<usize> =
        of.iter().map(|c| c.index(chain).expect("the chain has this coordinate")).collect();
    if chain.coefficients().is_some() {
        let along = AlongLine::new(chain);
        let vectors = general::columns(chain, &along, law, known, phase, &indices, monitor)?;
        return Ok(Columns { of, equations: Equations::General(Box::new(along)), vectors });
    }
    let vectors = column::columns(chain, law, phase, &indices, monitor)?;
    let equations = Equations::Homogeneous(Box::new(Homogeneous::new(chain)));
    Ok(Columns { of, equations, vectors })
}

impl Columns {
    /// The columns themselves, in the theory's order.
    pub fn values(&self) -> Vectors {
        self.in_theory(self.vectors.clone())
    }

    /// From the coordinates in which the drift contracts to the theory's.
    fn in_theory(&self, vectors: Vectors) -> Vectors {
        let Equations::General(along) = &self.equations else { return vectors };
        let pairs = vectors.values.iter().zip(&vectors.errors);
        let (values, errors) = pairs.map(|(y, &error)| along.leave(y, error)).unzip();
        Vectors { values, errors }
    }

    /// Cov(z(t+s), z_j(t)) at the microscopic `lags` (ascending, s ≥ 0).
    pub fn at_lags(
        &self,
        lags: &[f64],
        monitor: &Monitor,
    ) -> Result<Vec<Correlation>, SteadyError> {
        let along = |k: usize| k as f64 / self.of.len().max(1) as f64;
        let mut found = Vec::with_capacity(self.of.len());
        for (k, (column, error)) in self.vectors.values.iter().zip(&self.vectors.errors).enumerate()
        {
            let part = monitor.part(along(k), along(k + 1));
            let mut at_lags = match &self.equations {
                Equations::Homogeneous(drift) => {
                    propagator::propagate(&**drift, column, lags, &part)?
                }
                Equations::General(drift) => propagator::propagate(&**drift, column, lags, &part)?,
            };
            at_lags.errors.iter_mut().for_each(|e| *e += error);
            found.push(Correlation { of: self.of[k], at_lags: self.in_theory(at_lags) });
        }
        Ok(found)
    }

    /// The power spectra S_j(ω) = 2 Re[(iω - B)⁻¹ C e_j] at every frequency, one list of vectors a
    /// column. At ω = 0 the chain must have a thermostat.
    pub fn spectra(&self, frequencies: &[f64]) -> Result<Vec<Vectors>, SteadyError> {
        let one = |(column, error): (&Vec<f64>, &f64)| {
            let found = match &self.equations {
                Equations::Homogeneous(drift) => {
                    spectrum::spectrum(&**drift, column, *error, frequencies)?
                }
                Equations::General(drift) => {
                    spectrum::spectrum(&**drift, column, *error, frequencies)?
                }
            };
            Ok(self.in_theory(found))
        };
        self.vectors.values.iter().zip(&self.vectors.errors).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_written_as_they_are_read() {
        for text in ["r:1", "q:0", "p:0", "p:50"] {
            assert_eq!(text.parse::<Coordinate>().unwrap().to_string(), text);
        }
        for bad in ["x:1", "p", "p:-1", "p:1.5", ""] {
            assert!(bad.parse::<Coordinate>().unwrap_err().contains("allowed"), "{bad}");
        }
    }
}
