//! Answers as Python reads them: arrays, and the rest as JSON.

use crate::errors::raise;
use crate::json;
use flipchain::observe::phonons::Phonon;
use flipchain::observe::series::SERIES_COLUMNS;
use flipchain::observe::statement::{STATEMENTS, Statement};
use flipchain::observe::theorems::Measurement;
use flipchain::{Answer, CheckRun, Error, Estimated, Existing, LimitRun, Run};
use ndarray::{Array2, Array3};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// Rows of equal length as an array.
fn table(rows: Vec<Vec<f64>>) -> Array2<f64> {
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    Array2::from_shape_vec(shape, rows.concat()).expect("every output has one entry a site")
}

fn save(answer: &(impl Answer + Clone + Sync), place: PathBuf, force: bool) -> PyResult<()> {
    let existing = Existing { force, resume: false };
    answer.save(place, existing).map_err(|error| match error {
        Error::Output(flipchain::output::OutputError::Exists(place)) => {
            let said = format!("{}: exists already; force=True replaces a run", place.display());
            pyo3::exceptions::PyFileExistsError::new_err(said)
        }
        other => raise(other),
    })
}

fn summary(answer: &impl Answer) -> PyResult<String> {
    let seconds = answer.record().started.elapsed().as_secs_f64();
    json(&answer.summary(seconds))
}

/// The answer of evolve and steady.
#[pyclass(frozen, module = "flipchain._core")]
pub struct Evolution {
    run: Run,
    summary: String,
}

impl From<Run> for Evolution {
    fn from(run: Run) -> Evolution {
        let summary = summary(&run).unwrap_or_default();
        Evolution { run, summary }
    }
}

impl Evolution {
    fn column(&self, name: &str) -> PyResult<Vec<Estimated>> {
        let outputs = self.run.outputs();
        let column: fn(flipchain::Output<'_>) -> Estimated = match name {
            "mean_r" => |o| o.mean_r(),
            "mean_p" => |o| o.mean_p(),
            "var_r" => |o| o.var_r(),
            "var_p" => |o| o.var_p(),
            "mechanical" => |o| o.mechanical(),
            "thermal" => |o| o.thermal(),
            "energy" => |o| o.energy(),
            "current" => |o| o.current(),
            _ => return Err(PyKeyError::new_err(name.to_string())),
        };
        Ok(outputs.map(column).collect())
    }
}

#[pymethods]
impl Evolution {
    fn times<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_iter(py, self.run.outputs().map(|o| o.time()))
    }

    fn x<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.run.positions())
    }

    /// A column, (times, sites), and its errors, (times,).
    #[allow(clippy::type_complexity)]
    fn values<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>)> {
        let column = self.column(name)?;
        let errors = PyArray1::from_iter(py, column.iter().map(|c| c.error));
        let values = table(column.into_iter().map(|c| c.values).collect());
        Ok((values.into_pyarray(py), errors))
    }

    fn error_estimate<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.run.errors())
    }

    fn left_inflow<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_iter(py, self.run.outputs().map(|o| o.left_inflow()))
    }

    /// The totals by name, (times,), and NAME_error; NaN where a value is not known.
    fn series<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyArray1<f64>>)> {
        let rows = self.run.series();
        let column = |k: usize, part: fn((f64, f64)) -> f64| {
            PyArray1::from_iter(py, rows.iter().map(|row| row.values[k].map_or(f64::NAN, part)))
        };
        let names = SERIES_COLUMNS.iter().enumerate();
        let values = names.clone().map(|(k, name)| (name.to_string(), column(k, |(x, _)| x)));
        let errors = names.map(|(k, name)| (format!("{name}_error"), column(k, |(_, e)| e)));
        values.chain(errors).collect()
    }

    /// Wave numbers and frequencies, (modes,), energies and those of the means, (times, modes).
    #[allow(clippy::type_complexity)]
    fn modes<'py>(
        &self,
        py: Python<'py>,
    ) -> Option<([Bound<'py, PyArray1<f64>>; 2], [Bound<'py, PyArray2<f64>>; 2])> {
        let modes = self.run.modes()?;
        let first = modes.first()?;
        let each = |of: fn(&Phonon) -> f64| PyArray1::from_iter(py, first.iter().map(of));
        let all = |of: fn(&Phonon) -> f64| {
            table(modes.iter().map(|at| at.iter().map(of).collect()).collect()).into_pyarray(py)
        };
        Some(([each(|m| m.k), each(|m| m.omega)], [all(|m| m.energy), all(|m| m.mean_energy)]))
    }

    /// The times at which covariances were kept, and the covariances.
    #[allow(clippy::type_complexity)]
    fn covariance<'py>(
        &self,
        py: Python<'py>,
    ) -> Option<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray3<f64>>)> {
        let times: Vec<f64> = self.run.covariances().map(|(t, ..)| t).collect();
        let n = self.run.covariances().next()?.1.len();
        let mut all = Array3::zeros((times.len(), n, n));
        for (mut place, (.., covariance)) in all.outer_iter_mut().zip(self.run.covariances()) {
            place.assign(&covariance);
        }
        Some((PyArray1::from_vec(py, times), all.into_pyarray(py)))
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn tolerance_reached(&self) -> bool {
        self.run.tolerance_reached()
    }

    fn worst_error(&self) -> f64 {
        self.run.worst_error()
    }

    fn report(&self) -> String {
        format!("{}\n{}", self.run.line(), self.run.remarks(false))
    }

    fn save(&self, py: Python<'_>, place: PathBuf, force: bool) -> PyResult<()> {
        py.detach(|| save(&self.run, place, force))
    }
}

/// The answer of limit.
#[pyclass(frozen, module = "flipchain._core")]
pub struct Limit {
    run: LimitRun,
    summary: String,
}

impl From<LimitRun> for Limit {
    fn from(run: LimitRun) -> Limit {
        let summary = summary(&run).unwrap_or_default();
        Limit { run, summary }
    }
}

#[pymethods]
impl Limit {
    fn times<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_iter(py, (0..self.run.len()).map(|output| self.run.time(output)))
    }

    fn x<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.run.positions())
    }

    /// A column, (times, sites), and its errors, (times,).
    #[allow(clippy::type_complexity)]
    fn values<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>)> {
        let column: fn(&LimitRun, usize) -> Estimated = match name {
            "r" => LimitRun::elongation,
            "mechanical" => LimitRun::mechanical,
            "thermal" => LimitRun::thermal,
            "energy" => LimitRun::energy,
            _ => return Err(PyKeyError::new_err(name.to_string())),
        };
        let column: Vec<Estimated> =
            (0..self.run.len()).map(|output| column(&self.run, output)).collect();
        let errors = PyArray1::from_iter(py, column.iter().map(|c| c.error));
        let values = table(column.into_iter().map(|c| c.values).collect());
        Ok((values.into_pyarray(py), errors))
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn tolerance_reached(&self) -> bool {
        self.run.tolerance_reached()
    }

    fn worst_error(&self) -> f64 {
        self.run.worst_error()
    }

    fn report(&self) -> String {
        format!("{}\n{}", self.run.line(), self.run.remarks(false))
    }

    fn save(&self, py: Python<'_>, place: PathBuf, force: bool) -> PyResult<()> {
        py.detach(|| save(&self.run, place, force))
    }
}

/// The answer of check.
#[pyclass(frozen, module = "flipchain._core")]
pub struct Check {
    run: CheckRun,
    summary: String,
}

impl From<CheckRun> for Check {
    fn from(run: CheckRun) -> Check {
        let summary = summary(&run).unwrap_or_default();
        Check { run, summary }
    }
}

#[pymethods]
impl Check {
    /// The rows of check.csv in their order, without the bound: statement, N, t, value, limit, error.
    #[allow(clippy::type_complexity)]
    fn rows(&self) -> Vec<(String, usize, f64, f64, Option<f64>, f64)> {
        let row =
            |m: &Measurement| (m.statement.to_string(), m.bonds, m.time, m.value, m.limit, m.error);
        let all = self.run.measurements();
        let of = |s: &'static Statement| all.iter().filter(move |m| m.statement == s.name);
        STATEMENTS.iter().flat_map(of).map(row).collect()
    }

    /// The verdicts, as JSON.
    fn verdicts(&self) -> PyResult<String> {
        json(&self.run.verdicts())
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn tolerance_reached(&self) -> bool {
        self.run.tolerance_reached()
    }

    fn worst_error(&self) -> f64 {
        self.run.worst_error()
    }

    fn report(&self) -> String {
        format!("{}\n{}", self.run.line(), self.run.remarks(false))
    }

    fn save(&self, py: Python<'_>, place: PathBuf, force: bool) -> PyResult<()> {
        py.detach(|| save(&self.run, place, force))
    }
}
