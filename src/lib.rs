//! flipchain: exact second moments of the harmonic chain with random velocity flips.
#![warn(missing_docs)]

pub mod chain;
pub mod cli;
pub mod covariance;
pub mod evolve;
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
