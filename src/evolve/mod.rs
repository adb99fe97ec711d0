//! Time evolution of the moment equations.

pub mod radau;
pub mod tableau;
