//! Errors of a scenario.

/// One message that says where, what was found and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read at all.
    #[error("cannot read the scenario {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The text is not TOML.
    #[error("{place}: this is not valid TOML: {reason}")]
    Syntax {
        /// file:line
        place: String,
        /// Why.
        reason: String,
    },
    /// The text begins like JSON and is not JSON.
    #[error("{place}: this is not valid JSON: {reason}")]
    Json {
        /// file:line
        place: String,
        /// Why.
        reason: String,
    },
    /// An override that is not of the form key.path=value.
    #[error("--set {argument}: {reason}; allowed: key.path=value, for example chain.bonds=400")]
    Override {
        /// The argument as given.
        argument: String,
        /// Why.
        reason: String,
    },
    /// A key that is unknown, missing or has a value out of range.
    #[error("{place}: {key}: found {found}; allowed: {allowed}")]
    Value {
        /// file:line, or the override.
        place: String,
        /// The full key, such as right.thermostat.friction.
        key: String,
        /// The value that was found.
        found: String,
        /// The values that are allowed.
        allowed: String,
    },
    /// A command that needs profiles.
    #[error(
        "initial.covariance: `flipchain {command}` needs the initial law as profiles, functions of x; allowed: elongation, momentum and temperature"
    )]
    CovarianceFile {
        /// The command.
        command: &'static str,
    },
    /// A table that a command cannot do without.
    #[error(
        "the scenario has no [{table}], which `flipchain {command}` needs; for example\n{example}"
    )]
    MissingTable {
        /// The table's name.
        table: &'static str,
        /// The command.
        command: &'static str,
        /// Text to start from.
        example: &'static str,
    },
}
