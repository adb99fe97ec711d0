//! What every floor computes with: complex vectors, lanes of numbers for vector instructions, and GMRES on them.

pub(crate) mod gmres;
pub(crate) mod lanes;
pub(crate) mod vector;
