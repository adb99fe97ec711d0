//! One figure a statement of `check`: the value, or its distance to the limit, against N, one curve
//! a time.

use super::profiles::time_label;
use super::style::SINGLE_COLUMN;
use super::{Axis, Colour, Figure, Layer, Mark, Panel};
use crate::observe::theorems::{Measurement, Shape, Statement};
use crate::observe::verdict::{bound, constant, deviation};

/// More curves than this cannot be told apart.
const CURVES: usize = 6;

/// Smaller than this part of the largest value: nothing has arrived there yet.
const NOTHING: f64 = 1e-12;

/// The figure of a statement; `None` if it was not measured at two sizes.
pub fn check(statement: &Statement, all: &[Measurement]) -> Option<Figure> {
    let rows: Vec<&Measurement> = all.iter().filter(|m| m.statement == statement.name).collect();
    let mut times: Vec<f64> = rows.iter().map(|m| m.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let sparse = times.len().div_ceil(CURVES).max(1);
    let count = times.len();
    let shown: Vec<f64> = times
        .into_iter()
        .enumerate()
        .filter(|(i, _)| (count - 1 - i).is_multiple_of(sparse))
        .map(|(_, t)| t)
        .collect();
    // What tends to its limit is shown by its distance to it; what is bounded, itself.
    let bounded = statement.name == "mean_l2" || statement.name.starts_with("covariance");
    let value = |m: &Measurement| if bounded { m.value } else { deviation(m) };
    let most = rows.iter().map(|m| value(m)).fold(0.0, f64::max);
    let mut layers: Vec<Layer> = Vec::new();
    for (index, &t) in shown.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (shown.len().max(2) - 1) as f64);
        let points = rows.iter().filter(|m| m.time == t).map(|m| (m.bonds as f64, value(m)));
        let points: Vec<(f64, f64)> = points.filter(|p| p.1 > NOTHING * most).collect();
        if points.len() < 2 {
            continue;
        }
        layers.push(Layer {
            label: time_label(t),
            mark: Mark::Line,
            colour,
            points: points.clone(),
            ..Default::default()
        });
        layers.push(Layer {
            label: String::new(),
            mark: Mark::Disc,
            colour,
            points,
            ..Default::default()
        });
    }
    if layers.is_empty() {
        return None;
    }
    let last = shown.last().copied().unwrap_or_default();
    if let (Some(c), true) = (constant(statement.shape, &rows), statement.shape != Shape::Time) {
        let bounds = rows.iter().filter(|m| m.time == last);
        let points = bounds.filter_map(|m| Some((m.bonds as f64, bound(statement.shape, m, c)?)));
        layers.push(Layer {
            label: format!("bound, *t* = {}", time_label(last)),
            mark: Mark::Dashed,
            colour: Colour::Ink,
            points: points.collect(),
            ..Default::default()
        });
    }
    let y = if statement.name == "mean_l2" {
        Axis::new(symbol(statement))
    } else {
        Axis::log(symbol(statement))
    };
    Some(Figure {
        name: statement.name.into(),
        size: (SINGLE_COLUMN, 58.0),
        columns: 1,
        panels: vec![Panel {
            x: Axis::log("number of bonds  *N*"),
            y,
            layers,
            ..Default::default()
        }],
        key: Some("*t* = *τ*/*N*²".into()),
    })
}

/// What the vertical axis shows.
fn symbol(statement: &Statement) -> &'static str {
    match statement.name {
        "boundary_left" => "|∫ *p\u{304}*_{0} d*s*|",
        "boundary_right" => "|∫ *p\u{304}*_{*N*} d*s*|",
        "mean_l2" => "sup (1/*N*) Σ (*r\u{304}*² + *p\u{304}*²)",
        "energy" => "|(1/*N*) Σ E[*E*_{*n*}] − ∫ *e* d*x*|",
        "covariance" => "*C*_{*N*}",
        "covariance_offdiagonal" => "*C*_{*N*} without variances",
        "equipartition" => "max |∫ (1/*N*) Σ *G* (Var *r* − Var *p*) d*s*|",
        "work" => "|*W*_{*N*} − *W* |",
        "elongation_distance" => "max |*r\u{304}*_{*n*} − *r*|",
        "energy_distance" => "max |E[*E*_{*n*}] − *e*|",
        "elongation_weak" => "max |(1/*N*) Σ *G r\u{304}*_{*n*} − ∫ *G r* d*x*|",
        "energy_weak" => "max |(1/*N*) Σ *G* E[*E*_{*n*}] − ∫ *G e* d*x*|",
        other => other,
    }
}
