//! Initial laws from arrays and from functions of Python.

use crate::errors::raise;
use flipchain::chain::{Function, InitialProfiles};
use flipchain::{Chain, Error, InitialLaw, Scenario};
use ndarray::Array2;
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};

/// A law given as arrays: the means of r and p, their variances, and the covariance in place of the
/// variances.
#[derive(FromPyObject)]
pub struct Arrays<'py> {
    mean_r: PyReadonlyArray1<'py, f64>,
    mean_p: PyReadonlyArray1<'py, f64>,
    var_r: Option<PyReadonlyArray1<'py, f64>>,
    var_p: Option<PyReadonlyArray1<'py, f64>>,
    covariance: Option<PyReadonlyArray2<'py, f64>>,
}

/// A law that owns its numbers, not yet checked.
pub enum Law {
    Whole(InitialLaw),
    Independent { mean: [Vec<f64>; 2], variance: [Vec<f64>; 2] },
    Correlated { mean: Vec<f64>, covariance: Array2<f64> },
}

/// The law of the arrays or, without them, of the scenario.
pub fn law(chain: &Chain, scenario: &Scenario, arrays: Option<Arrays<'_>>) -> PyResult<Law> {
    let Some(arrays) = arrays else {
        // The Python layer gives one or the other; a file of a covariance is read here.
        return match scenario.require_initial("evolve") {
            Ok(_) => InitialLaw::read(scenario).map(Law::Whole).map_err(|e| raise(e.into())),
            Err(error) => Err(raise(error.into())),
        };
    };
    debug_assert!(chain.bonds > 0);
    let vector = |array: &PyReadonlyArray1<'_, f64>| array.as_array().to_vec();
    let mean = [vector(&arrays.mean_r), vector(&arrays.mean_p)];
    Ok(match (&arrays.covariance, &arrays.var_r, &arrays.var_p) {
        (Some(covariance), ..) => {
            Law::Correlated { mean: mean.concat(), covariance: covariance.as_array().to_owned() }
        }
        (None, Some(var_r), Some(var_p)) => {
            Law::Independent { mean, variance: [vector(var_r), vector(var_p)] }
        }
        _ => {
            let (r, p) = (vec![0.0; chain.bonds], vec![0.0; chain.atoms()]);
            Law::Independent { mean, variance: [r, p] }
        }
    })
}

/// The law of the arrays or of the scenario, where either has one.
pub fn law_if_any(
    chain: &Chain,
    scenario: &Scenario,
    arrays: Option<Arrays<'_>>,
) -> PyResult<Option<Law>> {
    let has_law = arrays.is_some() || scenario.initial.is_some();
    has_law.then(|| law(chain, scenario, arrays)).transpose()
}

impl Law {
    /// The law, once it is checked. O(N), O(N³) for a covariance.
    pub fn build(self, chain: &Chain) -> Result<InitialLaw, Error> {
        Ok(match self {
            Law::Whole(law) => law,
            Law::Independent { mean: [mean_r, mean_p], variance: [var_r, var_p] } => {
                InitialLaw::from_arrays(chain, [&mean_r, &mean_p], [&var_r, &var_p])?
            }
            Law::Correlated { mean, covariance } => {
                InitialLaw::from_covariance(chain, &mean, covariance)?
            }
        })
    }
}

/// Functions of Python as functions of x; the first exception of any of them is kept.
pub struct Called {
    functions: [Arc<Py<PyAny>>; 4],
    failure: Arc<Mutex<Option<PyErr>>>,
}

impl Called {
    /// The functions of the elongation, the momentum, Var r and Var p.
    pub fn new(functions: [Py<PyAny>; 4]) -> Called {
        Called { functions: functions.map(Arc::new), failure: Arc::default() }
    }

    fn function(&self, index: usize) -> Function {
        let (function, failure) = (self.functions[index].clone(), self.failure.clone());
        Arc::new(move |x| {
            let value = Python::attach(|py| function.call1(py, (x,))?.extract::<f64>(py));
            value.unwrap_or_else(|raised| {
                let mut first = failure.lock().unwrap_or_else(|e| e.into_inner());
                first.get_or_insert(raised);
                f64::NAN
            })
        })
    }
}

/// The profiles of the functions or, without them, of the scenario.
pub fn profiles(scenario: &Scenario, called: Option<&Called>) -> Option<InitialProfiles> {
    match called {
        None => scenario.initial.as_ref().map(InitialProfiles::from),
        Some(called) => Some(InitialProfiles {
            elongation: called.function(0),
            momentum: called.function(1),
            var_r: called.function(2),
            var_p: called.function(3),
        }),
    }
}

/// Raises the first exception that a function has raised.
pub fn first_failure(called: Option<Called>) -> PyResult<()> {
    let Some(called) = called else { return Ok(()) };
    let failure = called.failure.lock().unwrap_or_else(|e| e.into_inner()).take();
    failure.map_or(Ok(()), Err)
}
