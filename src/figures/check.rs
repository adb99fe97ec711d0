//! One figure a statement of `check`: the value, or its distance to the limit, against N, one curve a time.

use super::profiles::time_label;
use super::style::SINGLE_COLUMN;
use super::{Axis, Colour, Corner, Figure, Layer, Mark, Panel};
use crate::observe::theorems::{Measurement, Statement};
use crate::observe::verdict::{bound, constant, deviation};

/// More curves than this cannot be told apart.
const CURVES: usize = 6;

/// The figure of a statement; `None` if it was not measured at two sizes.
pub fn check(statement: &Statement, all: &[Measurement]) -> Option<Figure> {
    let rows: Vec<&Measurement> = all.iter().filter(|m| m.statement == statement.name).collect();
    let mut times: Vec<f64> = rows.iter().map(|m| m.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let sparse = times.len().div_ceil(CURVES).max(1);
    let count = times.len();
    let shown: Vec<f64> =
        times.into_iter().enumerate().filter(|(i, _)| (count - 1 - i).is_multiple_of(sparse)).map(|(_, t)| t).collect();
    // Bounded quantities are shown themselves, on a linear axis; what tends to its limit by its distance, on a logarithmic one.
    let distance = rows.iter().all(|m| m.limit.is_some()) && !statement.name.starts_with("covariance");
    let value = |m: &Measurement| if distance { deviation(m) } else { m.value };
    let mut layers: Vec<Layer> = Vec::new();
    for (index, &t) in shown.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (shown.len().max(2) - 1) as f64);
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter(|m| m.time == t)
            .map(|m| (m.bonds as f64, value(m)))
            .filter(|p| !distance || p.1 > 0.0)
            .collect();
        if points.len() < 2 {
            continue;
        }
        layers.push(Layer {
            label: format!("t = {}", time_label(t)),
            mark: Mark::Line,
            colour,
            points: points.clone(),
        });
        layers.push(Layer { label: String::new(), mark: Mark::Disc, colour, points });
    }
    if layers.is_empty() {
        return None;
    }
    let last = shown.last().copied().unwrap_or_default();
    if let Some(c) = constant(statement.shape, &rows) {
        let bounds = rows.iter().filter(|m| m.time == last);
        let points: Vec<(f64, f64)> =
            bounds.filter_map(|m| Some((m.bonds as f64, bound(statement.shape, m, c)?))).collect();
        let label = if distance && statement.shape == crate::observe::theorems::Shape::Time {
            ""
        } else {
            "bound at the last t"
        };
        if !label.is_empty() {
            layers.push(Layer { label: label.into(), mark: Mark::Dashed, colour: Colour::Ink, points });
        }
    }
    let what = format!("{}{}", statement.name, if distance { ": distance to the limit" } else { "" });
    let y = if distance { Axis::log(what) } else { Axis::new(what) };
    Some(Figure {
        name: statement.name.into(),
        size: (SINGLE_COLUMN, 66.0),
        columns: 1,
        panels: vec![Panel {
            x: Axis::log("N"),
            y,
            layers,
            legend: Some(if distance { Corner::BottomLeft } else { Corner::TopRight }),
        }],
        key: None,
    })
}
