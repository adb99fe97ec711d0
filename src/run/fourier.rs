//! The effective conductivity of a family of chains, as a number for every size.

use crate::observe::fit::Uncertain;
use serde::Serialize;

/// The results at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfSize {
    /// N
    pub bonds: usize,
    /// N J/(T_- - T_+), the mean over the seeds and its standard error (0 for one chain).
    pub conductivity: Uncertain,
    /// The values of all seeds.
    pub of_seeds: Vec<f64>,
}

/// The effective conductivity of a family of chains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conductivity {
    /// Every size.
    pub sizes: Vec<OfSize>,
    /// κ for N → ∞; of two sizes at least.
    pub extrapolated: Option<Uncertain>,
    /// κ where a closed form is known: coefficients that are the same everywhere.
    pub closed_form: Option<f64>,
    /// A plain sentence.
    pub sentence: String,
}
