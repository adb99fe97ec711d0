//! Correlations at two times as Python reads them.

use crate::errors::raise;
use crate::initial::{self, Arrays};
use crate::watch::Watch;
use crate::{Common, scenario_of};
use flipchain::solver::correlations::{Coordinate, Vectors};
use flipchain::{Task, TwoTime};
use ndarray::{Array2, Array3};
use numpy::{IntoPyArray, PyArray2, PyArray3};
use pyo3::prelude::*;

/// The correlations to compute.
#[derive(FromPyObject)]
pub struct Asked {
    of: Vec<String>,
    lags: Vec<f64>,
    energy: bool,
    frequencies: Vec<f64>,
    phase: f64,
}

impl Asked {
    fn parse(self) -> PyResult<TwoTime> {
        let coordinate = |text: &String| {
            text.parse::<Coordinate>()
                .map_err(|reason| raise(flipchain::chain::ArgumentError::new("of", reason).into()))
        };
        Ok(TwoTime {
            of: self.of.iter().map(coordinate).collect::<PyResult<_>>()?,
            lags: self.lags,
            energy: self.energy,
            frequencies: self.frequencies,
            phase: self.phase,
        })
    }
}

/// Values and their errors.
type Found<'py> = (Bound<'py, PyArray3<f64>>, Bound<'py, PyArray2<f64>>);

/// The answer of correlations.
#[pyclass(frozen, module = "flipchain._core")]
pub struct Correlations {
    found: flipchain::Correlations,
}

/// Values (lags or frequencies, of, entries) and errors (lags or frequencies, of); none of nothing.
fn arrays<'py>(py: Python<'py>, vectors: &[&Vectors]) -> Option<Found<'py>> {
    let first = vectors.first()?;
    let shape = (first.values.len(), vectors.len(), first.values.first().map_or(0, Vec::len));
    let values = Array3::from_shape_fn(shape, |(k, of, entry)| vectors[of].values[k][entry]);
    let errors = Array2::from_shape_fn((shape.0, shape.1), |(k, of)| vectors[of].errors[k]);
    Some((values.into_pyarray(py), errors.into_pyarray(py)))
}

#[pymethods]
impl Correlations {
    fn covariance<'py>(&self, py: Python<'py>) -> Option<Found<'py>> {
        arrays(py, &self.found.covariances.iter().map(|c| &c.at_lags).collect::<Vec<_>>())
    }

    fn energy<'py>(&self, py: Python<'py>) -> Option<Found<'py>> {
        arrays(py, &self.found.energies.iter().collect::<Vec<_>>())
    }

    fn spectrum<'py>(&self, py: Python<'py>) -> Option<Found<'py>> {
        arrays(py, &self.found.spectra.iter().collect::<Vec<_>>())
    }
}

/// Correlations at two times in the long run.
#[pyfunction]
pub fn correlations(
    py: Python<'_>,
    text: &str,
    law: Option<Arrays<'_>>,
    common: Common,
    asked: Asked,
    watch: Watch,
) -> PyResult<Correlations> {
    let scenario = scenario_of(text).map_err(raise)?;
    let chain = flipchain::Chain::new(&scenario);
    let law = initial::law_if_any(&chain, &scenario, law)?;
    let asked = asked.parse()?;
    watch
        .compute(py, move |monitor| {
            let law = law.map(|law| law.build(&chain)).transpose()?;
            let options =
                flipchain::Options { monitor: monitor.clone(), ..common.options(Task::Steady)? };
            flipchain::correlations(&chain, law.as_ref(), asked, &options)
        })
        .map(|found| Correlations { found })
}
