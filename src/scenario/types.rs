//! The format of a scenario file: these types are its parser, its JSON Schema and its documentation
//! at once.
//!
//! The ranges stand in the attributes; [`super::schema()`] turns them into the schema that editors
//! use and that reading obeys.

use super::Expression;
use super::coefficient::{self, Coefficient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A complete description of one chain, its ends, its initial law and the output times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The chain itself.
    pub chain: ChainTable,
    /// The left end (open chain only): free without a thermostat.
    #[serde(default, skip_serializing_if = "LeftEnd::is_free")]
    pub left: LeftEnd,
    /// The right end (open chain only): free without thermostat and force.
    #[serde(default, skip_serializing_if = "RightEnd::is_free")]
    pub right: RightEnd,
    /// Thermostats at any atom; of an open chain in addition to those of its ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thermostat: Vec<ThermostatAt>,
    /// Forces on any atom; of an open chain in addition to that of its right end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub force: Vec<ForceAt>,
    /// The law of the coordinates at time 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<InitialTable>,
    /// The time scale and the output times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeTable>,
}

/// `[chain]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainTable {
    /// "open" (N bonds, N+1 atoms) or "ring" (N bonds, N atoms).
    pub topology: Topology,
    /// Number of bonds N, from 1 to 10^8.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub bonds: usize,
    /// Rate γ at which each velocity is flipped, per unit of microscopic time, from 0 to 10^5. A
    /// number, or one of the other forms of mass. At larger rates the differences of neighbouring
    /// sites would drown in roundings; a smaller rate with shorter times describes the same
    /// diffusion.
    #[schemars(schema_with = "coefficient::flip_rate")]
    pub flip_rate: Coefficient,
    /// Masses m_n of the atoms, from 10^-6 to 10^6. Forms: a number, an expression in x, an array, a
    /// table with file, or a random law, which is a table with uniform, normal or choose and seed.
    #[serde(default = "Coefficient::one", skip_serializing_if = "Coefficient::is_one")]
    #[schemars(schema_with = "coefficient::mass")]
    pub mass: Coefficient,
    /// Spring constants k_n of the bonds, from 10^-6 to 10^6, in one of the forms of mass.
    #[serde(default = "Coefficient::one", skip_serializing_if = "Coefficient::is_one")]
    #[schemars(schema_with = "coefficient::spring")]
    pub spring: Coefficient,
    /// Pinning κ_n of the atoms (the energy κ_n q_n²/2), from 0 to 10^6, in one of the forms of
    /// mass.
    #[serde(default, skip_serializing_if = "Coefficient::is_zero")]
    #[schemars(schema_with = "coefficient::pinning")]
    pub pinning: Coefficient,
}

/// `[[thermostat]]`: a Langevin thermostat at any atom, −λ p dτ + √(2 λ m T) dw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThermostatAt {
    /// The atom n, from 0 to N, on a ring to N − 1.
    pub site: usize,
    /// Temperature T ≥ 0.
    #[schemars(range(min = 0.0))]
    pub temperature: f64,
    /// Friction λ > 0.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub friction: f64,
}

impl ThermostatAt {
    /// The thermostat, without its site.
    pub fn thermostat(&self) -> Thermostat {
        Thermostat { temperature: self.temperature, friction: self.friction }
    }
}

/// `[[force]]`: a force on any atom, as `[right.force]` is on the last one. All forces that
/// oscillate have one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceAt {
    /// The atom n, from 0 to N, on a ring to N − 1.
    pub site: usize,
    /// Constant part.
    #[serde(default)]
    pub mean: f64,
    /// Period θ > 0 in microscopic time, the same for all forces; required with harmonics.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<f64>,
    /// Oscillating parts, at most 1000; parts of the same order add up.
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub harmonics: Vec<Harmonic>,
}

impl ForceAt {
    /// The force, without its site.
    pub fn force(&self) -> ForceTable {
        ForceTable { mean: self.mean, period: self.period, harmonics: self.harmonics.clone() }
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermostat: Option<Thermostat>,
}

/// `[right]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RightEnd {
    /// Langevin thermostat; absent: free end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermostat: Option<Thermostat>,
    /// The boundary force F_N; absent: no force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<ForceTable>,
}

impl LeftEnd {
    /// Whether nothing is attached here.
    pub fn is_free(&self) -> bool {
        self.thermostat.is_none()
    }
}

impl RightEnd {
    /// Whether nothing is attached here.
    pub fn is_free(&self) -> bool {
        self.thermostat.is_none() && self.force.is_none()
    }
}

/// A Langevin thermostat: −λ p dτ + √(2 λ m T) dw, m the mass of its atom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thermostat {
    /// Temperature T ≥ 0.
    #[schemars(range(min = 0.0))]
    pub temperature: f64,
    /// Friction λ > 0.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
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
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<f64>,
    /// Oscillating parts, at most 1000; parts of the same order add up.
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub harmonics: Vec<Harmonic>,
}

/// One oscillating part of the force.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Harmonic {
    /// Multiple of ω, from 1 to 10^6.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub order: u32,
    /// Amplitude before the factor N^(−1/2).
    pub amplitude: f64,
    /// Phase in radians.
    #[serde(default)]
    pub phase: f64,
}

/// `[initial]`: a Gaussian law, with independent coordinates and profiles given as functions of x,
/// or with the covariance of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialTable {
    /// E r_n at x = n/N.
    #[serde(default)]
    pub elongation: Expression,
    /// E q_n at x = n/N, of a pinned chain, in place of elongation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displacement: Option<Expression>,
    /// E p_n at x = n/N.
    #[serde(default)]
    pub momentum: Expression,
    /// Var r_n = Var p_n at x = n/N (Var p_n = m_n T, Var r_n = T/k_n in general), ≥ 0; required,
    /// except beside var_r and var_p or a covariance, which hold it: there it is left out, and 0.
    #[serde(default = "Expression::left_out", skip_serializing_if = "Expression::is_left_out")]
    pub temperature: Expression,
    /// Var r_n at x = n/N, ≥ 0; with var_p, in place of temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub var_r: Option<Expression>,
    /// Var p_n at x = n/N, ≥ 0; with var_r, in place of temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub var_p: Option<Expression>,
    /// Var q_n at x = n/N, ≥ 0, of a pinned chain; with var_p, in place of temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub var_q: Option<Expression>,
    /// "gibbs": the (local) Gibbs state of the temperature and the tension, E r_n = tension, E p_n
    /// = 0. When a file is read, it becomes elongation and variances. Of a pinned chain the
    /// correlated Gibbs law, E q_n = displacement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<InitialState>,
    /// The tension of the Gibbs state at x = n/N.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tension: Option<Expression>,
    /// A covariance.npz to start from (its last time), a covariance_K.npy with its mean_K.npy, or
    /// the initial.npz of a run, relative to the scenario file; the means are the file's, or where
    /// it has none the profiles above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<String>,
}

impl InitialTable {
    /// Var r_n as a function of x; 0 beside a covariance, which holds it.
    pub fn variance_r(&self) -> &Expression {
        self.var_r.as_ref().unwrap_or(&self.temperature)
    }

    /// Var p_n as a function of x; 0 beside a covariance, which holds it.
    pub fn variance_p(&self) -> &Expression {
        self.var_p.as_ref().unwrap_or(&self.temperature)
    }
}

/// A named initial state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InitialState {
    /// Independent r_n of mean tension and p_n of mean 0, all of variance temperature.
    Gibbs,
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
    /// The times themselves: ≥ 0, increasing, at most 10^6 of them.
    List(#[schemars(length(min = 1, max = 1_000_000), inner(range(min = 0.0)))] Vec<f64>),
    /// `count` times from `from` to `to`.
    Range(OutputRange),
}

/// Generated output times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputRange {
    /// First time, ≥ 0; > 0 with logarithmic spacing.
    #[schemars(range(min = 0.0))]
    pub from: f64,
    /// Last time, > from (equal to it when count = 1).
    #[schemars(range(min = 0.0))]
    pub to: f64,
    /// Number of times, from 1 to 10^6, both ends included.
    #[schemars(range(min = 1, max = 1_000_000))]
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
