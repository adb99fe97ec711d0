//! What every floor computes with: complex vectors, lanes of numbers for vector instructions, GMRES on them, quadrature, double-double phases.

pub(crate) mod double_double;
pub(crate) mod gmres;
pub(crate) mod lanes;
pub(crate) mod legendre;
pub(crate) mod vector;
