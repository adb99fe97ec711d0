//! Errors of the library as Python raises them.

use flipchain::Error;
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

/// The exception of an error.
pub fn raise(error: Error) -> PyErr {
    match error {
        Error::NotConverged(reason) => SolveError::new_err(reason),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        Error::Output(error) => PyOSError::new_err(error.to_string()),
        other => ScenarioError::new_err(other.to_string()),
    }
}
