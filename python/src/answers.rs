//! Answers as Python reads them: arrays, and the rest as JSON.

use crate::errors::raise;
use crate::json;
use flipchain::solver::observe::phonons::Phonon;
use flipchain::solver::observe::series::SERIES_COLUMNS;
use flipchain::solver::observe::statement::{STATEMENTS, Statement};
use flipchain::solver::observe::theorems::Measurement;
use flipchain::{Answer, CheckRun, Error, Estimated, Existing, LimitRun, Run};
use ndarray::{Array2, Array3};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3};
use pyo3::exceptions::{PyFileExistsError, PyKeyError};
use pyo3::prelude::*;
use pyo3::{PyClass, PyClassInitializer};
use std::path::PathBuf;
use std::sync::Arc;

/// Rows of equal length as an array.
fn table(rows: Vec<Vec<f64>>) -> Array2<f64> {
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    Array2::from_shape_vec(shape, rows.concat()).expect("every output has one entry a site")
}

/// The methods that every kind of answer has.
trait Judge: Send + Sync {
    fn tolerance_reached(&self) -> bool;
    fn worst_error(&self) -> f64;
    fn report(&self) -> String;
    fn save(&self, place: PathBuf, force: bool) -> PyResult<()>;
}

impl<A: Answer + Clone + Send + Sync> Judge for A {
    fn tolerance_reached(&self) -> bool {
        Answer::worst_error(self) <= self.record().tolerance
    }

    fn worst_error(&self) -> f64 {
        Answer::worst_error(self)
    }

    fn report(&self) -> String {
        format!("{}\n{}", self.line(), self.remarks(false))
    }

    fn save(&self, place: PathBuf, force: bool) -> PyResult<()> {
        let existing = Existing { force, resume: false };
        Answer::save(self, place, existing).map_err(|error| match error {
            Error::Output(flipchain::OutputError::Exists(place)) => {
                let said =
                    format!("{}: exists already; force=True replaces a run", place.display());
                PyFileExistsError::new_err(said)
            }
            other => raise(other),
        })
    }
}

/// The part that every answer has.
#[pyclass(frozen, subclass, module = "flipchain._core")]
pub struct Judged {
    answer: Arc<dyn Judge>,
    summary: String,
}

#[pymethods]
impl Judged {
    fn summary(&self) -> &str {
        &self.summary
    }

    fn tolerance_reached(&self) -> bool {
        self.answer.tolerance_reached()
    }

    fn worst_error(&self) -> f64 {
        self.answer.worst_error()
    }

    fn report(&self) -> String {
        self.answer.report()
    }

    fn save(&self, py: Python<'_>, place: PathBuf, force: bool) -> PyResult<()> {
        py.detach(|| self.answer.save(place, force))
    }
}

/// An answer for Python: what every answer has, and the columns of its own.
fn answer<A: Answer + Clone + Send + Sync + 'static, C>(
    py: Python<'_>,
    run: A,
    columns: fn(Arc<A>) -> C,
) -> PyResult<Py<C>>
where
    C: PyClass<BaseType = Judged>,
{
    let summary = json(&run.summary(run.record().started.elapsed().as_secs_f64()))?;
    let run = Arc::new(run);
    let judged = Judged { answer: run.clone(), summary };
    Py::new(py, PyClassInitializer::from(judged).add_subclass(columns(run)))
}

/// The answer of evolve and steady.
#[pyclass(frozen, extends = Judged, module = "flipchain._core")]
pub struct Evolution {
    run: Arc<Run>,
}

impl Evolution {
    pub fn of(py: Python<'_>, run: Run) -> PyResult<Py<Evolution>> {
        answer(py, run, |run| Evolution { run })
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

    /// The kinetic temperature, E q and Var q of a chain with coefficients, (times, sites), and
    /// their errors, (times,); those of q of pinned chains only.
    #[allow(clippy::type_complexity)]
    fn general<'py>(
        &self,
        py: Python<'py>,
    ) -> Vec<(&'static str, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>)> {
        let all: Option<Vec<_>> =
            self.run.outputs().map(|o| o.profile().general.as_deref()).collect();
        let Some(all) = all else { return vec![] };
        let column = |k: usize| {
            let name = ["temperature", "mean_q", "var_q"][k];
            let values = all.iter().map(|g| [&g.temperature, &g.mean_q, &g.var_q][k].clone());
            let values = table(values.collect()).into_pyarray(py);
            (name, values, PyArray1::from_iter(py, all.iter().map(|g| g.errors[k])))
        };
        let pinned = all.iter().all(|g| !g.mean_q.is_empty());
        (0..if pinned { 3 } else { 1 }).map(column).collect()
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
}

/// The answer of limit.
#[pyclass(frozen, extends = Judged, module = "flipchain._core")]
pub struct Limit {
    run: Arc<LimitRun>,
}

impl Limit {
    pub fn of(py: Python<'_>, run: LimitRun) -> PyResult<Py<Limit>> {
        answer(py, run, |run| Limit { run })
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
            "current" => |run, output| {
                let values = || vec![f64::NAN; run.positions().len()];
                run.current(output)
                    .unwrap_or_else(|| Estimated { values: values(), error: f64::NAN })
            },
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
}

/// The answer of check.
#[pyclass(frozen, extends = Judged, module = "flipchain._core")]
pub struct Check {
    run: Arc<CheckRun>,
}

impl Check {
    pub fn of(py: Python<'_>, run: CheckRun) -> PyResult<Py<Check>> {
        answer(py, run, |run| Check { run })
    }
}

#[pymethods]
impl Check {
    /// The rows of check.csv in their order, without the bound: statement, N, t, value, limit,
    /// error.
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

    /// The conductivity of a chain with coefficients, as JSON; null of the homogeneous chain.
    fn conductivity(&self) -> PyResult<String> {
        json(&self.run.conductivity())
    }
}
