//! Errors of the library as Python raises them.

use flipchain::Error;
use flipchain::scenario::ScenarioError as Refused;
use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    flipchain,
    ScenarioError,
    PyValueError,
    "An argument, or a combination of them, that cannot serve: the message names it, what was \
     found and what is allowed."
);
create_exception!(
    flipchain,
    SolveError,
    PyRuntimeError,
    "The computation failed: its iteration or its steps did not converge."
);

/// The exception of an error, in the names of the arguments that Python users give.
pub fn raise(error: Error) -> PyErr {
    match error {
        Error::NotConverged(reason) => SolveError::new_err(reason),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        Error::Output(error) => PyOSError::new_err(in_python(&error.to_string())),
        other => ScenarioError::new_err(in_python(&other.to_string())),
    }
}

/// The same of a scenario file or a sweep, whose keys are those of the file.
pub fn raise_with_keys(error: Error) -> PyErr {
    match error {
        Error::Scenario(Refused::MissingTable { table, command, .. }) => {
            let argument = if table == "time" { "times" } else { table };
            ScenarioError::new_err(format!("{argument}: found nothing; {command} needs it"))
        }
        Error::Scenario(error) => ScenarioError::new_err(error.to_string()),
        Error::Argument(error) if error.is_key() => ScenarioError::new_err(error.to_string()),
        other => raise(other),
    }
}

/// What messages of the library say, and what Python users know it as.
const NAMES: [(&str, &str); 22] = [
    ("[chain] bonds", "bonds"),
    ("chain.bonds", "bonds"),
    ("chain.flip_rate", "flip_rate"),
    ("chain.topology = ", "topology="),
    ("chain.topology", "topology"),
    ("chain.mass", "mass"),
    ("chain.spring", "spring"),
    ("chain.pinning", "pinning"),
    ("left.thermostat.", "left."),
    ("right.thermostat.", "right."),
    ("right.force.", "force."),
    ("neither [left] nor [right]", "neither left nor right"),
    ("add [left.thermostat]", "give left=Thermostat(..)"),
    ("thermostat[", "thermostats["),
    ("force[", "forces["),
    ("[[thermostat]]", "thermostats"),
    ("[[force]]", "forces"),
    ("time.outputs", "times"),
    ("time.scale = ", "scale="),
    ("time.scale", "scale"),
    ("covariance_times", "covariance"),
    ("give --force to replace a run there", "force=True replaces a run"),
];

/// A message of the library with the names of the arguments that Python users give.
fn in_python(message: &str) -> String {
    let named = |message: String, (name, argument): &(&str, &str)| message.replace(name, argument);
    NAMES.iter().fold(message.replace("`flipchain ", "`"), named)
}
