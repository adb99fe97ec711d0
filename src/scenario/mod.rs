//! What the user wrote, validated; knows no numerics.
//!
//! The types of this floor are at once the TOML format, its JSON Schema and its documentation. A [`Scenario`] that exists
//! is within its ranges: reading one checks everything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A complete description of one chain, its ends, its initial law and the output times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The chain itself.
    pub chain: ChainTable,
    /// The left end (open chain only): free without a thermostat.
    #[serde(default)]
    pub left: LeftEnd,
    /// The right end (open chain only): free without thermostat and force.
    #[serde(default)]
    pub right: RightEnd,
    /// The law of the coordinates at time 0.
    pub initial: Option<InitialTable>,
    /// The time scale and the output times.
    pub time: Option<TimeTable>,
}

/// `[chain]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainTable {
    /// "open" (N bonds, N+1 atoms) or "ring" (N bonds, N atoms).
    pub topology: Topology,
    /// Number of bonds N ≥ 1.
    pub bonds: usize,
    /// Rate γ ≥ 0 at which each velocity is flipped, in microscopic time.
    pub flip_rate: f64,
}

/// Open chain or ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Topology {
    /// N bonds, N+1 atoms.
    Open,
    /// N bonds, N atoms on a circle.
    Ring,
}

/// `[left]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftEnd {
    /// Langevin thermostat; absent: free end.
    pub thermostat: Option<Thermostat>,
}

/// `[right]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RightEnd {
    /// Langevin thermostat; absent: free end.
    pub thermostat: Option<Thermostat>,
    /// The boundary force F_N; absent: no force.
    pub force: Option<ForceTable>,
}

/// A Langevin thermostat: −λ p dτ + √(2 λ T) dw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thermostat {
    /// Temperature T ≥ 0.
    pub temperature: f64,
    /// Friction λ > 0.
    #[serde(default = "one")]
    pub friction: f64,
}

fn one() -> f64 {
    1.0
}

/// `[right.force]`: F_N(τ) = F̄ + N^(−1/2) Σ amplitude cos(order·ω·τ + phase), ω = 2π/period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceTable {
    /// Constant part F̄.
    #[serde(default)]
    pub mean: f64,
    /// Period θ > 0 in microscopic time; required with harmonics.
    pub period: Option<f64>,
    /// Oscillating parts.
    #[serde(default)]
    pub harmonics: Vec<Harmonic>,
}

/// One oscillating part of the force.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Harmonic {
    /// Multiple of ω, ≥ 1.
    pub order: u32,
    /// Amplitude before the factor N^(−1/2).
    pub amplitude: f64,
    /// Phase in radians.
    #[serde(default)]
    pub phase: f64,
}

/// `[initial]`: independent Gaussian coordinates with profiles given as functions of x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialTable {
    /// E r_n at x = n/N.
    #[serde(default)]
    pub elongation: Expression,
    /// E p_n at x = n/N.
    #[serde(default)]
    pub momentum: Expression,
    /// Var r_n = Var p_n at x = n/N, ≥ 0.
    pub temperature: Expression,
}

/// A mathematical expression in x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Expression(pub String);

impl Default for Expression {
    fn default() -> Self {
        Expression("0".into())
    }
}

/// `[time]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeTable {
    /// The unit of the output times.
    pub scale: TimeScale,
    /// The output times.
    pub outputs: Outputs,
}

/// The unit of time: t = τ/N², τ/N or τ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeScale {
    /// t = τ/N²
    Diffusive,
    /// t = τ/N
    Ballistic,
    /// t = τ
    Microscopic,
}

/// A list of output times, or a rule that makes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outputs {
    /// The times themselves, ≥ 0.
    List(Vec<f64>),
    /// `count` times from `from` to `to`.
    Range(OutputRange),
}

/// Generated output times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputRange {
    /// First time.
    pub from: f64,
    /// Last time.
    pub to: f64,
    /// Number of times.
    pub count: usize,
    /// Spacing.
    #[serde(default)]
    pub spacing: Spacing,
}

/// Spacing of generated output times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios.
    Log,
}
