//! Correlations at two times in a stationary or time-periodic state.
//!
//! The flips are linear on average, E\[z(t+s) | z(t)\] is linear in z(t), so that
//!
//! ```text
//! Cov(z(t+s), z_j(t)) = e^(Bs) C(t) e_j,   s ≥ 0
//! ```
//!
//! for every coordinate z_j: a column of the covariance ([`columns`]), propagated by B
//! ([`propagate`]). Cost: O(N) for each column and quadrature node, O(N) for each unit of lag, and
//! at late lags O(N log N) for each node of a contour; the covariance itself is never formed.
//! Error: of the column, plus what the propagation adds, which e^(Bs) never amplifies
//! (‖e^(Bs)‖₂ ≤ 1). Correlations of energies in equilibrium are in [`energy`], power spectra in
//! [`spectrum`]. Source: docs/theory/correlations.md, (12.1).

mod column;
pub mod energy;
mod propagator;
pub mod spectrum;

pub use column::columns;
pub use propagator::propagate;

use crate::chain::Chain;
use crate::monitor::Monitor;
use crate::scenario::Topology;
use crate::steady::SteadyError;
use std::fmt;
use std::str::FromStr;

/// One coordinate of the chain, by its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// r_n: n = 1..N on an open chain, 0..N-1 on a ring.
    Elongation(usize),
    /// p_n: n = 0..N on an open chain, 0..N-1 on a ring.
    Momentum(usize),
}

impl Coordinate {
    /// Its place in the theory's order, r first; `None` where the chain has no such coordinate.
    pub fn index(self, chain: &Chain) -> Option<usize> {
        let first = usize::from(chain.topology == Topology::Open);
        match self {
            Coordinate::Elongation(site) => {
                (first..first + chain.bonds).contains(&site).then(|| site - first)
            }
            Coordinate::Momentum(site) => (site < chain.atoms()).then_some(chain.bonds + site),
        }
    }

    /// n
    pub fn site(self) -> usize {
        match self {
            Coordinate::Elongation(site) | Coordinate::Momentum(site) => site,
        }
    }

    /// Which coordinates a chain has, in words.
    pub fn allowed(chain: &Chain) -> String {
        let last = chain.atoms() - 1;
        match chain.topology {
            Topology::Open => format!("r:1 to r:{} and p:0 to p:{last}", chain.bonds),
            Topology::Ring => format!("r:0 to r:{last} and p:0 to p:{last}"),
        }
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coordinate::Elongation(site) => write!(f, "r:{site}"),
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
            "p" => site(number).map(Coordinate::Momentum),
            _ => None,
        });
        parsed.ok_or_else(|| {
            format!("found {text:?}; allowed: r:n for an elongation or p:n for a momentum, as p:50")
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

/// Cov(z(t+s), z_j(t)) at the microscopic `lags` (ascending, s ≥ 0), for the coordinates `of` and
/// their [`columns`] C(t) e_j.
pub fn at_lags(
    chain: &Chain,
    columns: &Vectors,
    of: &[Coordinate],
    lags: &[f64],
    monitor: &Monitor,
) -> Result<Vec<Correlation>, SteadyError> {
    let along = |k: usize| k as f64 / of.len().max(1) as f64;
    let mut found = Vec::with_capacity(of.len());
    for (k, (column, error)) in columns.values.iter().zip(&columns.errors).enumerate() {
        let part = monitor.part(along(k), along(k + 1));
        let mut at_lags = propagate(chain, column, lags, &part)?;
        at_lags.errors.iter_mut().for_each(|e| *e += error);
        found.push(Correlation { of: of[k], at_lags });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_written_as_they_are_read() {
        for text in ["r:1", "p:0", "p:50"] {
            assert_eq!(text.parse::<Coordinate>().unwrap().to_string(), text);
        }
        for bad in ["q:1", "p", "p:-1", "p:1.5", ""] {
            assert!(bad.parse::<Coordinate>().unwrap_err().contains("allowed"), "{bad}");
        }
    }
}
