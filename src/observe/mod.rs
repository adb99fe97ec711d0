//! Observables of a solution: profiles, energies, currents ([`Profile`]; docs/theory/model.md,
//! (1.6)), exact identities ([`identities`]), averages over a period ([`periodic`]), phonons and
//! totals ([`series`]). From solutions at many sizes and frequencies: the theorems' statements
//! ([`theorems`], [`verdict`]) and their limits ([`fit`]).

pub mod digits;
pub mod fit;
pub mod identities;
pub mod periodic;
pub mod phonons;
pub mod series;
pub mod sizes;
pub mod statement;
pub mod sweep;
pub mod theorems;
pub mod verdict;

pub use crate::covariance::profile::{
    ColumnErrors, GeneralColumns, Largest, Profile, dominating_source, dominating_sources,
    relative_errors, scales,
};
