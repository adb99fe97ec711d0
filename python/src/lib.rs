//! The compiled part of the Python package: scenarios as text in, arrays and errors out. What
//! Python users see is in flipchain/*.py, which knows nothing of numerics.

mod answers;
mod errors;
mod initial;
mod sweep;
mod two_time;
mod watch;

use answers::{Check, Evolution, Judged, Limit};
use errors::{ScenarioError, SolveError, raise, raise_with_keys};
use flipchain::scenario::Expression;
use flipchain::{ChainBuilder, Keep, Options, Scenario, Times};
use initial::Arrays;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use std::path::PathBuf;
use watch::Watch;

/// A scenario of a text in memory.
fn scenario_of(text: &str) -> Result<Scenario, flipchain::Error> {
    use flipchain::scenario::ScenarioError::Value;
    Scenario::from_str_named(text, "scenario", &[]).map_err(|error| match error {
        // The text was made by this package: its lines say nothing to the user.
        Value { key, found, allowed, .. } => {
            let reason = format!("found {found}; allowed: {allowed}");
            flipchain::chain::ArgumentError::new(key, reason).into()
        }
        other => other.into(),
    })
}

fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|e| SolveError::new_err(e.to_string()))
}

/// Checks the text of a scenario; the scenario with its defaults, as JSON.
#[pyfunction]
fn describe(text: &str) -> PyResult<String> {
    json(&scenario_of(text).map_err(raise)?)
}

/// Whether the chain of a scenario is pinned.
#[pyfunction]
fn is_pinned(text: &str) -> PyResult<bool> {
    Ok(flipchain::Chain::new(&scenario_of(text).map_err(raise)?).is_pinned())
}

/// Reads a scenario file with its overrides `key=value`; as JSON.
#[pyfunction]
fn read_scenario(path: PathBuf, overrides: Vec<String>) -> PyResult<String> {
    let scenario = Scenario::read(&path, &overrides);
    json(&scenario.map_err(|error| raise_with_keys(error.into()))?)
}

/// The text of a scenario as a file has it.
#[pyfunction]
fn to_toml(text: &str) -> PyResult<String> {
    let scenario = scenario_of(text).map_err(raise)?;
    toml::to_string(&scenario).map_err(|e| ScenarioError::new_err(e.to_string()))
}

/// The values of an expression at x.
#[pyfunction]
fn evaluate<'py>(
    py: Python<'py>,
    expression: &str,
    x: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let expression: Expression = expression
        .parse()
        .map_err(|e: flipchain::scenario::ExpressionError| ScenarioError::new_err(e.to_string()))?;
    let values = x.as_array().iter().map(|&x| expression.eval(x)).collect();
    Ok(PyArray1::from_vec(py, values))
}

/// The options that every question takes beside its scenario.
#[derive(FromPyObject)]
pub(crate) struct Common {
    tolerance: f64,
    method: String,
    memory_limit: Option<u64>,
}

impl Common {
    fn options(&self, task: flipchain::Task) -> Result<Options, flipchain::Error> {
        let options = Options {
            tolerance: self.tolerance,
            memory_limit: self.memory_limit,
            ..Options::default()
        };
        options.by(&self.method, task)
    }
}

fn keep(whole: bool, at: Option<Vec<f64>>) -> Keep {
    match (whole, at) {
        (_, Some(times)) => Keep::At(times),
        (true, None) => Keep::All,
        (false, None) => Keep::None,
    }
}

#[pyfunction]
fn evolve(
    py: Python<'_>,
    text: &str,
    law: Option<Arrays<'_>>,
    common: Common,
    covariance: (bool, Option<Vec<f64>>, bool),
    modes: bool,
    watch: Watch,
) -> PyResult<Py<Evolution>> {
    let scenario = scenario_of(text).map_err(raise)?;
    let chain = flipchain::Chain::new(&scenario);
    let law = initial::law(&chain, &scenario, law)?;
    watch
        .compute(py, move |monitor| {
            let law = law.build(&chain)?;
            let times = Times::of(&scenario).expect("the Python layer gives times");
            let (whole, at, single_precision) = covariance;
            let options = Options {
                covariance: keep(whole, at),
                single_precision,
                modes,
                ..common.options(flipchain::Task::Evolve)?
            };
            let question = flipchain::plan_evolve(&chain, &law, &times, &options)?;
            question.described_by(&scenario)?.run(monitor)
        })
        .and_then(|run| Evolution::of(py, run))
}

#[pyfunction]
fn steady(
    py: Python<'_>,
    text: &str,
    law: Option<Arrays<'_>>,
    common: Common,
    covariance: (bool, Option<Vec<f64>>, bool),
    phases: usize,
    watch: Watch,
) -> PyResult<Py<Evolution>> {
    let scenario = scenario_of(text).map_err(raise)?;
    let chain = flipchain::Chain::new(&scenario);
    let law = initial::law_if_any(&chain, &scenario, law)?;
    watch
        .compute(py, move |monitor| {
            let law = law.map(|law| law.build(&chain)).transpose()?;
            let (whole, at, single_precision) = covariance;
            let options = Options {
                covariance: keep(whole, at),
                single_precision,
                phases,
                ..common.options(flipchain::Task::Steady)?
            };
            let question = flipchain::plan_steady(&chain, law.as_ref(), &options)?;
            question.described_by(&scenario)?.run(monitor)
        })
        .and_then(|run| Evolution::of(py, run))
}

#[pyfunction]
fn limit(
    py: Python<'_>,
    text: &str,
    functions: Option<[Py<PyAny>; 4]>,
    common: Common,
    watch: Watch,
) -> PyResult<Py<Limit>> {
    let scenario = scenario_of(text).map_err(raise)?;
    let chain = flipchain::Chain::new(&scenario);
    let called = functions.map(initial::Called::new);
    let initial = initial::profiles(&scenario, called.as_ref());
    let found = watch.compute(py, move |monitor| {
        let times = Times::of(&scenario);
        let options = common.options(flipchain::Task::Limit)?;
        let (initial, times) = (initial.as_ref(), times.as_ref());
        let question = flipchain::plan_limit(&chain, initial, times, &options)?;
        question.described_by(&scenario)?.run(monitor)
    });
    initial::first_failure(called)?;
    found.and_then(|run| Limit::of(py, run))
}

/// The sizes, the sizes with the covariance, the correlation length, and the frequencies.
type Range = (Option<Vec<usize>>, Option<Vec<usize>>, Option<f64>, Option<Vec<f64>>);

#[pyfunction]
fn check(
    py: Python<'_>,
    text: &str,
    functions: Option<[Py<PyAny>; 4]>,
    common: Common,
    range: Range,
    watch: Watch,
) -> PyResult<Py<Check>> {
    let (sizes, covariance_sizes, correlation_length, omegas) = range;
    let scenario = scenario_of(text).map_err(raise)?;
    let called = functions.map(initial::Called::new);
    let initial = initial::profiles(&scenario, called.as_ref());
    let initial = initial.expect("the Python layer gives an initial law");
    let found = watch.compute(py, move |monitor| {
        let times = Times::of(&scenario).expect("the Python layer gives times");
        let standard = common.options(flipchain::Task::Check)?;
        let options = Options {
            sizes: sizes.unwrap_or(standard.sizes),
            omegas,
            covariance_sizes,
            correlation_length,
            ..standard
        };
        let family = ChainBuilder::from(&scenario);
        let question = flipchain::plan_check(&family, &initial, &times, &options)?;
        question.described_by(&scenario)?.run(monitor)
    });
    initial::first_failure(called)?;
    found.and_then(|run| Check::of(py, run))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ScenarioError", module.py().get_type::<ScenarioError>())?;
    module.add("SolveError", module.py().get_type::<SolveError>())?;
    module.add_class::<Judged>()?;
    module.add_class::<Evolution>()?;
    module.add_class::<Limit>()?;
    module.add_class::<Check>()?;
    module.add_class::<sweep::Sweep>()?;
    module.add_class::<sweep::SweepTable>()?;
    module.add_class::<two_time::Correlations>()?;
    for function in [
        wrap_pyfunction!(describe, module)?,
        wrap_pyfunction!(is_pinned, module)?,
        wrap_pyfunction!(read_scenario, module)?,
        wrap_pyfunction!(to_toml, module)?,
        wrap_pyfunction!(evaluate, module)?,
        wrap_pyfunction!(evolve, module)?,
        wrap_pyfunction!(steady, module)?,
        wrap_pyfunction!(limit, module)?,
        wrap_pyfunction!(check, module)?,
        wrap_pyfunction!(two_time::correlations, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
