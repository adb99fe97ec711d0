//! The figures of `check`, one for each statement: the value, or its distance to the limit, against
//! N, with one curve for each time.

use super::label::numbers as labels;
use super::parameters::{heading, number, numbers};
use super::style::SINGLE_COLUMN;
use super::{Axis, Colour, Figure, Layer, Mark, Panel, Parameters};
use crate::chain::Chain;
use crate::numerics::vector::largest_of;
use crate::observe::statement::{Shape, Statement};
use crate::observe::theorems::Measurement;
use crate::observe::verdict::{bound, constant, deviation};

/// More curves than this cannot be told apart.
const CURVES: usize = 6;

/// Smaller than this part of the largest value: nothing has arrived there yet.
const NOTHING: f64 = 1e-12;

/// The figure of a statement, measured of the scenario of `chain` at other sizes; `None` if it was
/// not measured at two sizes.
pub fn check(statement: &Statement, all: &[Measurement], chain: &Chain) -> Option<Figure> {
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
    let names = labels(&shown);
    let mut layers: Vec<Layer> = Vec::new();
    for (index, &t) in shown.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (shown.len().max(2) - 1) as f64);
        let seen: Vec<_> =
            rows.iter().filter(|m| m.time == t && value(m) > NOTHING * most).collect();
        if seen.len() < 2 {
            continue;
        }
        let points: Vec<_> = seen.iter().map(|m| (m.bonds as f64, value(m))).collect();
        let errors: Vec<f64> = seen.iter().map(|m| m.error).collect();
        layers.extend([Mark::Line, Mark::Disc].map(|mark| {
            Layer::new(names[index].clone(), mark, colour, points.clone())
                .named(format!("t = {}", number(t)))
                .with_errors(errors.clone())
        }));
    }
    if layers.is_empty() {
        return None;
    }
    let last = shown.last().copied().unwrap_or_default();
    if let (Some(c), true) = (constant(statement.shape, &rows), statement.shape != Shape::Time) {
        let bounds = rows.iter().filter(|m| m.time == last);
        let points = bounds.filter_map(|m| Some((m.bonds as f64, bound(statement.shape, m, c)?)));
        // Its constant is fitted to the values.
        let error = largest_of(rows.iter().map(|m| m.error));
        let name = format!("bound, t = {}", number(last));
        let label = format!("bound, *t* = {}", names[names.len() - 1]);
        layers.push(
            Layer::new(label, Mark::Dashed, Colour::Ink, points.collect())
                .named(name)
                .within(error),
        );
    }
    let mut sizes: Vec<f64> = rows.iter().map(|m| m.bonds as f64).collect();
    sizes.dedup();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let parameters =
        Parameters::of_chain(chain).with("N", numbers(&sizes)).with("t = tau/N^2", numbers(&shown));
    let y = if statement.name == "mean_l2" {
        Axis::new(symbol(statement))
    } else {
        Axis::log(symbol(statement))
    };
    Some(Figure {
        name: statement.name.into(),
        size: (SINGLE_COLUMN, 62.0),
        columns: 1,
        heading: heading(chain, false),
        panels: vec![Panel {
            parameters,
            x: Axis::log("number of bonds  *N*"),
            y,
            layers,
            ..Default::default()
        }],
        key: Some("*t* = *τ*/*N*²".into()),
        ..Default::default()
    })
}

/// The symbol of the vertical axis.
fn symbol(statement: &Statement) -> &'static str {
    match statement.name {
        "boundary_left" => "|∫ *p\u{304}*_{0} d*s*|",
        "boundary_right" => "|∫ *p\u{304}*_{*N*} d*s*|",
        "mean_l2" => "sup (1/*N*) Σ (*r\u{304}*² + *p\u{304}*²)",
        "energy" => "|(1/*N*) Σ E[*E*_{*n*}] − ∫ *e* d*x*|",
        "covariance" => "*C*_{*N*}",
        "covariance_offdiagonal" => "*C*_{*N*} without variances",
        "equipartition" => "max |∫ (1/*N*) Σ *G* (Var *r* − Var *p*) d*s*|",
        "equipartition_l1" => "(1/*N*) Σ |∫ (Var *r* − Var *p*) d*s*|",
        "work" => "|*W*_{*N*} − *W* |",
        "elongation_distance" => "max |*r\u{304}*_{*n*} − *r*|",
        "energy_distance" => "max |E[*E*_{*n*}] − *e*|",
        "elongation_weak" => "max |(1/*N*) Σ *G r\u{304}*_{*n*} − ∫ *G r* d*x*|",
        "energy_weak" => "max |(1/*N*) Σ *G* E[*E*_{*n*}] − ∫ *G e* d*x*|",
        other => other,
    }
}
