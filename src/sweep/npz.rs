//! table.npz: the table of a sweep as arrays over the grid (docs/howto/sweep.md).

use super::{Table, Value};
use crate::output::{FORMAT_VERSION, Npz, OutputError, RunDirectory, Text};
use ndarray::{Array1, ArrayD, IxDyn};
use serde_json::{Map, Value as Json, json};

/// Writes the arrays of the table:
///
/// * `keys`: the varied keys in the order of the axes, and for each key an array of its name with
///   its values;
/// * `t`: the output times; where they differ from point to point, of the grid's shape and the
///   number of times;
/// * `NAME` and `NAME_error` for every observable NAME: of the grid's shape and the number of
///   output times, NaN where there is no value;
/// * `reason`: why a point failed, for all points one after the other;
/// * `about`: a JSON text.
pub(super) fn write_table_npz(
    directory: &RunDirectory,
    name: &str,
    table: &Table,
    request: &Map<String, Json>,
) -> Result<(), OutputError> {
    let mut file = Npz::create(directory, &format!("{name}.npz"))?;
    let keys: Vec<String> = table.axes().iter().map(|axis| axis.key.clone()).collect();
    file.add("keys", &Text::list(keys))?;
    for axis in table.axes() {
        let whole = |value: &Value| match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        };
        let integers: Option<Vec<i64>> = axis.values.iter().map(whole).collect();
        match (integers, axis.numbers()) {
            (Some(values), _) => file.add(&axis.key, &Array1::from_vec(values))?,
            (_, Some(values)) => file.vector(&axis.key, values)?,
            _ => {
                let texts = axis.values.iter().map(Value::to_string).collect();
                file.add(&axis.key, &Text::list(texts))?
            }
        }
    }
    let shape = [table.shape(), vec![table.outputs()]].concat();
    let outputs = 0..table.outputs();
    match table.times() {
        Some(times) => file.vector("t", times)?,
        None => {
            let rows = table.points().iter().flat_map(|point| &point.rows);
            file.add("t", &grid(&shape, rows.map(|row| row.time).collect()))?
        }
    }
    let beside = format!("_{}", table.beside());
    for (index, observable) in table.observables().iter().enumerate() {
        let columns = [
            ("", Table::values as fn(&Table, usize, usize) -> Vec<f64>),
            (beside.as_str(), Table::errors),
        ];
        for (ending, column) in columns {
            let columns: Vec<Vec<f64>> =
                outputs.clone().map(|output| column(table, index, output)).collect();
            let points = 0..table.points().len();
            let values = points.flat_map(|point| columns.iter().map(move |c| c[point])).collect();
            file.add(&format!("{observable}{ending}"), &grid(&shape, values))?;
        }
    }
    let reasons = table.points().iter().map(|point| point.reason.clone().unwrap_or_default());
    file.add("reason", &Text::list(reasons.collect()))?;
    file.add("about", &Text::scalar(about(table, request)))?;
    file.finish()
}

fn grid(shape: &[usize], values: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("every point has every output")
}

/// The meaning of the arrays, as JSON.
fn about(table: &Table, request: &Map<String, Json>) -> String {
    let axes: Vec<&str> = table.axes().iter().map(|axis| axis.key.as_str()).chain(["t"]).collect();
    let mut arrays = Map::new();
    for observable in table.observables() {
        let (meaning, unit) = observable.meaning();
        let error = match table.beside() {
            "error" => format!("estimate of the largest absolute error of {observable}"),
            _ => format!("standard error of the average of {observable} over the seeds"),
        };
        for (name, meaning) in
            [(observable.to_string(), meaning), (format!("{observable}_{}", table.beside()), error)]
        {
            arrays.insert(name, json!({ "meaning": meaning, "unit": unit, "axes": axes }));
        }
    }
    let reason = "why a point failed or missed its tolerance; empty where it did not";
    arrays.insert("reason".into(), json!({ "meaning": reason, "axes": "points" }));
    let about = json!({
        "program": "flipchain",
        "version": env!("CARGO_PKG_VERSION"),
        "format_version": FORMAT_VERSION,
        "request": request,
        "arrays": arrays,
    });
    about.to_string()
}
