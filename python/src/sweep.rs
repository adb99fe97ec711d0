//! Sweeps: points computed here or in other processes, put together to one table.

use crate::errors::{ScenarioError, raise, raise_with_keys};
use crate::watch::Watch;
use crate::{Common, json};
use flipchain::chain::ArgumentError;
use flipchain::monitor::Record;
use flipchain::scenario::{ScenarioError as Refused, Template};
use flipchain::sweep::{self, Axis, Observable, Point, Question, Table, Value};
use flipchain::{Error, Task};
use ndarray::{ArrayD, IxDyn};
use numpy::{IntoPyArray, PyArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// A value of a key; an integer before a float, so that 1 is one and 1.0 is none.
#[derive(FromPyObject)]
enum Given {
    Integer(i64),
    Number(f64),
    Text(String),
}

impl From<Given> for Value {
    fn from(given: Given) -> Value {
        match given {
            Given::Integer(value) => Value::Integer(value),
            Given::Number(value) => Value::Number(value),
            Given::Text(text) => Value::Text(text),
        }
    }
}

/// A sweep that is understood and priced.
#[pyclass(frozen, module = "flipchain._core")]
pub struct Sweep(Arc<sweep::Sweep>);

/// Names of keys as Python users know them, without the options of the command line.
fn refused(error: Error) -> PyErr {
    match error {
        Error::Scenario(Refused::Value { key, found, allowed, .. }) => {
            let reason = format!("found {found}; allowed: {allowed}");
            raise_with_keys(ArgumentError::of_key(key, reason).into())
        }
        other => raise_with_keys(other),
    }
}

#[pymethods]
impl Sweep {
    #[new]
    fn new(
        py: Python<'_>,
        text: String,
        vary: Vec<(String, Vec<Given>)>,
        run: &str,
        observe: Vec<String>,
        common: Common,
    ) -> PyResult<Sweep> {
        let task = [Task::Steady, Task::Evolve, Task::Limit].into_iter().find(|t| t.name() == run);
        let task = task.ok_or_else(|| {
            ScenarioError::new_err(format!("run: found {run:?}; allowed: steady, evolve, limit"))
        })?;
        let options = common.options(task).map_err(raise)?;
        let axes = vary
            .into_iter()
            .map(|(key, values)| Axis::new(&key, values.into_iter().map(Value::from).collect()));
        let plan = || {
            let axes = axes.collect::<Result<_, _>>()?;
            let observe = match observe.is_empty() {
                true => sweep::observables(sweep::DEFAULT)?,
                false => sweep::observables(&observe.join(","))?,
            };
            let question = Question {
                task,
                observe,
                tolerance: options.tolerance,
                method: options.method,
                memory_limit: options.memory_limit,
            };
            sweep::plan(Template::of_text(&text, "scenario", &[]), axes, question)
        };
        py.detach(plan).map(|sweep| Sweep(Arc::new(sweep))).map_err(refused)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Everything that the table depends on, as JSON.
    fn request(&self) -> PyResult<String> {
        json(self.0.request())
    }

    /// The answers of these points, as bytes that [`Sweep::table`] takes in any process.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        points: Vec<usize>,
        watch: Watch,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let sweep = self.0.clone();
        let found = watch.compute(py, move |monitor| sweep.points(&points, monitor))?;
        let mut bytes = Vec::new();
        found.put(&mut bytes)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The table of the answers of all points, in their order, in pieces.
    fn table(&self, pieces: Vec<Vec<u8>>) -> PyResult<SweepTable> {
        let mut points = Vec::new();
        for piece in pieces {
            points.extend(Vec::<Point>::take(&mut &piece[..])?);
        }
        Ok(SweepTable(self.0.table(points)))
    }
}

/// The table of a sweep.
#[pyclass(frozen, module = "flipchain._core")]
pub struct SweepTable(Table);

impl SweepTable {
    fn grid(&self, values: impl Fn(usize) -> Vec<f64>) -> ArrayD<f64> {
        let outputs = self.0.outputs();
        let columns: Vec<Vec<f64>> = (0..outputs).map(values).collect();
        let points = 0..self.0.points().len();
        let values = points.flat_map(|point| columns.iter().map(move |column| column[point]));
        let shape = [self.0.shape(), vec![outputs]].concat();
        ArrayD::from_shape_vec(IxDyn(&shape), values.collect()).expect("a value for every place")
    }
}

#[pymethods]
impl SweepTable {
    /// Names of the observables, what they are, and their units.
    fn observables(&self) -> Vec<(String, String, &'static str)> {
        let entry = |one: &Observable| {
            let (meaning, unit) = one.meaning();
            (one.to_string(), meaning, unit)
        };
        self.0.observables().iter().map(entry).collect()
    }

    /// The output times, of the grid's shape and one axis more.
    fn times<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDyn<f64>> {
        let points = self.0.points();
        let times = |output: usize| points.iter().map(|point| point.rows[output].time).collect();
        self.grid(times).into_pyarray(py)
    }

    /// An observable and its error, of the grid's shape and one axis more for the output times.
    #[allow(clippy::type_complexity)]
    fn values<'py>(
        &self,
        py: Python<'py>,
        index: usize,
    ) -> (Bound<'py, PyArrayDyn<f64>>, Bound<'py, PyArrayDyn<f64>>) {
        let values = self.grid(|output| self.0.values(index, output));
        let errors = self.grid(|output| self.0.errors(index, output));
        (values.into_pyarray(py), errors.into_pyarray(py))
    }

    /// The keys of the axes that it has.
    fn keys(&self) -> Vec<String> {
        self.0.axes().iter().map(|axis| axis.key.clone()).collect()
    }

    /// The averages over seeds, with standard errors in place of the errors; None without seeds.
    fn over_seeds(&self) -> Option<SweepTable> {
        self.0.over_seeds().map(SweepTable)
    }

    /// Why each point failed; empty where it did not.
    fn reasons(&self) -> Vec<String> {
        self.0.points().iter().map(|point| point.reason.clone().unwrap_or_default()).collect()
    }

    /// The text of table.csv.
    fn csv(&self) -> String {
        self.0.csv()
    }
}
