//! flipchain: exact second moments of the harmonic chain with random velocity flips.
//!
//! The velocities of a chain of N harmonic bonds flip at random with rate γ; Langevin thermostats
//! and forces act at its ends (Komorowski, Olla and Simon). The means and the covariance of all
//! 2N+1 coordinates obey closed linear equations, which are solved here to a stated error.
//!
//! ```
//! use flipchain::{chain::Chain, monitor::Monitor, scenario::Scenario, steady};
//!
//! let text = "chain = { topology = 'open', bonds = 100, flip_rate = 1 }
//!             left.thermostat.temperature = 2
//!             right = { thermostat.temperature = 1, force.mean = 2 }";
//! let chain = Chain::new(&Scenario::from_str_named(text, "inline", &[])?);
//! let (state, _) = steady::profiles::profiles(&chain, &Monitor::default())?;
//! // Var p of the middle atom, in units of the temperatures, and how well it is known.
//! let middle = state.average.moments.variance[chain.bonds + 50];
//! assert!((middle - 2.4856).abs() < 1e-2 && state.average.errors.var_p < 1e-11);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to start: a [`scenario`] is what the user writes, a [`chain::Chain`] the physics of it as
//! numbers. [`evolve`], [`steady`] and [`limit`] answer; [`observe`] reads profiles, currents and
//! the theorems' statements off the answers. They all rest on the shifted solve of [`covariance`]
//! and, in O(N), on the squared [`resolvent`]. A [`monitor::Monitor`] reports progress and carries
//! the wish to stop. One runnable example for each stands in `examples/`.
//!
//! The features `cli` (the program, needs `figures`) and `figures` are on unless they are switched
//! off: `default-features = false` leaves the solvers, without a parser of arguments or a plotting
//! library among the dependencies.
//!
//! Versions follow semantic versioning; before 1.0 a new minor version may change the library, and
//! never the files that the program reads and writes without a line in CHANGELOG.md. The minimum
//! Rust version is stated in Cargo.toml, and raising it is a minor change.
#![warn(missing_docs)]

pub mod chain;
#[cfg(feature = "cli")]
pub mod cli;
pub mod correlations;
pub mod cost;
pub mod covariance;
pub mod evolve;
#[cfg(feature = "figures")]
pub mod figures;
pub mod limit;
pub mod monitor;
mod numerics;
pub mod observe;
pub mod output;
pub mod resolvent;
pub mod scenario;
pub mod steady;

// Links OpenBLAS into everything that is built with the feature; only the tests call LAPACK.
#[cfg(feature = "lapack")]
use ndarray_linalg as _;
