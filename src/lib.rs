//! flipchain: exact second moments of the harmonic chain with random velocity flips.
//!
//! The velocities of a chain of N harmonic bonds flip at random with rate γ; Langevin thermostats
//! and forces act at its ends (Komorowski, Olla and Simon). The means and the covariance of all
//! 2N+1 coordinates obey closed linear equations, which are solved here to a stated error.
//!
//! ```
//! use flipchain::{Chain, Force, Options, Thermostat, steady};
//!
//! let ends = Chain::open(100).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
//! let chain = ends.force(Force::constant(2.0)).build()?;
//! let run = steady(&chain, None, &Options::default())?;
//! let current = run.at(0).current();
//! println!("energy flows at the rate {} ± {:.0e}", current.values[50], current.error);
//! assert!(current.values[50] < 0.0); // from the colder to the hotter end
//! # Ok::<(), flipchain::Error>(())
//! ```
//!
//! A program that uses it has this in its Cargo.toml; the features are optional (below):
//!
//! ```toml
//! [dependencies.flipchain]
//! path = "../flipchain"
//! default-features = false
//! ```
//!
//! There are four questions, each a function that returns one answer: [`evolve()`] (profiles at
//! output times), [`steady()`] (the stationary or time-periodic state), [`limit()`] (the
//! macroscopic equations) and [`check()`] (the theorems' statements over a range of sizes). They
//! ask a [`Chain`], from an [`InitialLaw`], at [`Times`], with [`Options`]:
//!
//! ```
//! use flipchain::{Answer, Chain, InitialLaw, Options, Times, evolve};
//!
//! let chain = Chain::ring(64).flip_rate(0.5).build()?;
//! let law = InitialLaw::local_gibbs(&chain, |x| 1.0 + x * (1.0 - x))?;
//! let options = Options { tolerance: 1e-6, ..Options::default() };
//! let run = evolve(&chain, &law, &Times::diffusive([0.01, 0.1]), &options)?;
//! for output in run.outputs() {
//!     let thermal = output.thermal();
//!     println!("t = {}: {} ± {:.0e}", output.time(), thermal.values[32], thermal.error);
//! }
//! assert!(run.tolerance_reached());
//! // Writes what the program writes, without figures: run.save("runs/ring", Existing::default())
//! println!("{}", run.summary(0.0)["method_reason"]);
//! # Ok::<(), flipchain::Error>(())
//! ```
//!
//! [`plan_evolve()`] and its siblings tell the method and the cost before anything is solved. A
//! [`monitor::Monitor`] in the options reports progress and carries the wish to stop. A
//! [`Scenario`] is what a file describes: [`Chain::new`], [`InitialLaw::read`] and [`Times::of`]
//! read its parts. Below this surface, in [`solver`], are the solvers themselves; the modules that
//! it gathers may change more often. Runnable examples are in `examples/`.
//!
//! The features `cli` (the program, needs `figures`) and `figures` are on unless they are switched
//! off: `default-features = false` leaves the solvers, without a parser of arguments or a plotting
//! library among the dependencies.
//!
//! Versions follow semantic versioning; before 1.0 a new minor version may change the library, and
//! never the files that the program reads and writes without a line in CHANGELOG.md. The minimum
//! Rust version is stated in Cargo.toml, and raising it is a minor change.
#![warn(missing_docs)]

mod budget;
pub mod chain;
// The program, which is no part of the library's surface.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "figures")]
pub mod figures;
pub mod method;
pub mod monitor;
mod numerics;
mod output;
mod run;
pub mod scenario;
pub mod sweep;

use solver::{correlations, cost, covariance, evolve, general, limit, observe, resolvent, steady};

pub use chain::{Chain, ChainBuilder, InitialLaw, InitialProfiles};
pub use method::{Method, Task};
pub use output::{Existing, OutputError, RunDirectory, columns};
pub use run::{
    Answer, CheckRun, Conductivity, Correlations, Error, Estimated, Keep, LimitRun, Options,
    Output, Plan, Prepared, Run, Start, Times, TooLarge, TwoTime, check, correlations,
    depends_on_initial_law, evolve, limit, plan_check, plan_evolve, plan_limit, plan_steady,
    steady,
};
pub use scenario::{Coefficient, ForceTable as Force, Scenario, Thermostat};

/// The solvers, for those who build on them: the shifted solves that everything is made of, and
/// what drives them. Their files stand beside this one.
#[path = "."]
pub mod solver {
    pub mod correlations;
    pub mod cost;
    pub mod covariance;
    pub mod evolve;
    pub mod general;
    pub mod limit;
    pub mod observe;
    pub mod resolvent;
    pub mod steady;

    pub use crate::numerics::registers::Registers;
}

/// The program of the page on the library is a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/reference/library.md")]
struct LibraryPage;

// Links OpenBLAS into everything that is built with the feature; only the tests call LAPACK.
#[cfg(feature = "lapack")]
use ndarray_linalg as _;
