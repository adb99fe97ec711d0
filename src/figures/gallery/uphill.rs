//! The stationary current against the force: it changes its sign at F̄² = T_- - T_+, up to 1/N.

use super::{Entry, GalleryError, chain, curve, even, geometric, stationary};
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "uphill",
    title: "The current turns and flows uphill",
    caption: "(a) N times the stationary energy current J_N against F̄² for T₋ = 2, T₊ = 1, γ = 1. Discs: −E[p_n r_{n+1}] of the solved chain at its middle \
              bond; lines: the closed form at the same N; dashed: the limit −(T₊−T₋+F̄²)/(4γ). Below zero energy flows from the cold to the \
              hot end. (b) Distance of N J_N to the limit: of order 1/N for every force. Discs as in (a); lines: closed form.",
    scenario: Some("uphill"),
    figure,
};

const HOT: f64 = 2.0;
const COLD: f64 = 1.0;

fn limit(square: f64) -> f64 {
    -(COLD - HOT + square) / 4.0
}

/// N J_N of the closed form, of the solved chain, and the error of the latter.
fn current(
    bonds: usize,
    square: f64,
    solve: bool,
    monitor: &Monitor,
) -> Result<(f64, f64, f64), GalleryError> {
    let chain = chain(
        "uphill",
        &[&format!("chain.bonds={bonds}"), &format!("right.force.mean={}", square.sqrt())],
    )?;
    let n = bonds as f64;
    let closed = chain.stationary_current().unwrap_or(f64::NAN);
    if !solve {
        return Ok((n * closed, f64::NAN, 0.0));
    }
    let profile = stationary(&chain, monitor)?;
    Ok((n * closed, n * profile.current[bonds / 2], n * profile.errors.current))
}

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let mut layers = vec![
        Layer::guide((0.0, 0.0), (3.0, 0.0)),
        Layer {
            mark: Mark::Dashed, ..curve("*N* → ∞", Colour::Ink, &even(0.0, 3.0, 2), limit)
        },
    ];
    for (index, &bonds) in [4, 8, 16, 64].iter().enumerate() {
        let colour = Colour::Palette(index);
        let mut points = Vec::new();
        for square in even(0.0, 3.0, 2) {
            points.push((square, current(bonds, square, false, monitor)?.0));
        }
        layers.push(Layer::new(format!("*N* = {bonds}"), Mark::Line, colour, points));
        let (mut points, mut error) = (vec![], 0.0f64);
        for square in even(0.0, 3.0, 13) {
            let (_, found, e) = current(bonds, square, true, monitor)?;
            points.push((square, found));
            error = error.max(e);
        }
        layers.push(Layer::new(format!("*N* = {bonds}"), Mark::Disc, colour, points).within(error));
    }
    let mut distances = Vec::new();
    for (index, square) in [0.0, 1.0, 2.0, 3.0].into_iter().enumerate() {
        let colour = Colour::Map(index as f64 / 3.0);
        let (mut line, mut discs, mut error) = (vec![], vec![], 0.0f64);
        for bonds in geometric(4.0, 2048.0, 10).into_iter().map(|n| n.round() as usize) {
            let (closed, found, e) = current(bonds, square, true, monitor)?;
            let off = |value: f64| (bonds as f64, (value - limit(square)).abs());
            line.push(off(closed));
            discs.push(off(found));
            error = error.max(e);
        }
        let label = format!("*F\u{304}*² = {square}");
        distances.push(Layer::new(label.clone(), Mark::Line, colour, line));
        distances.push(Layer::new(label, Mark::Disc, colour, discs).within(error));
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::new("*F\u{304}*²").over(0.0, 3.0),
                y: Axis::new("current  *N J*_{*N*}"),
                layers,
                notes: vec![
                    Note {
                        label: "hot to cold".into(),
                        at: (1.4, 0.06),
                        colour: Colour::Grey,
                        ..Default::default()
                    },
                    Note {
                        label: "uphill: cold to hot".into(),
                        at: (0.05, -0.06),
                        colour: Colour::Grey,
                        ..Default::default()
                    },
                ],
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
            Panel {
                x: Axis::log("*N*"),
                y: Axis::log("|*N J*_{*N*} − *J* |"),
                layers: distances,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        key: None,
    })
}
