//! Time evolution of the moment equations.

pub mod tableau;
