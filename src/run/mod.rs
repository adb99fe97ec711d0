//! One function for each question: [`evolve`], [`steady`], [`limit`] and [`check`]. Each validates
//! its arguments, plans, prices, solves, judges the errors and returns one answer.
//!
//! A question with a `plan_` before its name ([`plan_evolve`], ..) stops after the price: the
//! [`Prepared`] question tells its [`Plan`] and runs on request. Every answer is written to a run
//! directory by [`Answer::save`]. What goes wrong is an [`Error`] with one variant for each thing
//! that a caller can do about it; a tolerance that was missed is no error, the answer says it.

mod anew;
mod answer;
mod checked;
mod conductivity;
mod describe;
pub(crate) use describe::counted;
mod error;
mod evolution;
mod filed;
mod fourier;
mod general;
mod macroscopic;
pub(crate) mod memory;
mod options;
mod plan;
mod planned;
mod request;
mod save;
mod saving;
mod statements;
mod stationary;
mod tries;
mod two_time;

pub use answer::{Estimated, Output, Run};
pub use checked::CheckRun;
pub use error::{Error, TooLarge};
pub use evolution::{evolve, plan_evolve};
pub use fourier::Conductivity;
pub use macroscopic::{LimitRun, has_limit, limit, plan_limit};
pub use options::{Keep, Options, Times};
pub use plan::{Plan, Prepared};
#[cfg(feature = "cli")]
pub use plan::{Saving, fits};
pub(crate) use request::{checksum_of, checksums_of_coefficients};
pub use save::{Answer, Start};
#[cfg(feature = "cli")]
pub(crate) use statements::require_statement;
pub use statements::{check, plan_check};
pub use stationary::{depends_on_initial_law, plan_steady, steady};
pub use two_time::{Correlations, TwoTime, correlations};
