//! The stationary current against the force: it changes its sign at F̄² = T_- - T_+, up to 1/N.

use super::caption::{fill, of_chain, sizes};
use super::{Entry, GalleryError, Source, bonds, curve, even, geometric, is_near, set, stationary};
use crate::budget::rounding;
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "uphill",
    title: "The current turns and flows uphill",
    caption,
    scenario: Some("uphill"),
    figure,
};

const FORCE: &str = "right.force.mean";
const SIZES: [usize; 4] = [4, 8, 16, 64];

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let bonds = source.sizes(&SIZES)?;
    let (chain, _) = source.pulled(&[super::bonds(bonds[0]), set(FORCE, 0.0)])?;
    let text = r"(a) $N$ times the stationary energy current $J_N$ against $\bar F^2$ for @chain@
        and $N = @sizes@$. Discs: $-E[p_n r_{n+1}]$ of the solved chain at its middle bond; lines:
        the closed form at the same $N$; dashed: the limit $-(T_+ - T_- + \bar F^2)/(4\gamma)$.
        Where the current and $T_- - T_+$ have opposite signs energy flows from the cold to the
        hot end. (b) Distance of $N J_N$ to the limit: at most of order $1/N$ for every force. Discs
        as in (a); lines: closed form. Dashed where a curve lies on another.";
    Ok(fill(text, &[("chain", of_chain(&chain)), ("sizes", sizes(&bonds))]))
}

/// N J_N of the closed form and of the solved chain, each with its error, and its limit.
struct Current {
    closed: [f64; 2],
    solved: [f64; 2],
    limit: f64,
}

fn current(
    source: &Source<'_>,
    size: usize,
    square: f64,
    monitor: &Monitor,
) -> Result<Current, GalleryError> {
    let (chain, [left, right]) =
        source.pulled(&[bonds(size), set(FORCE, square.max(0.0).sqrt())])?;
    let n = size as f64;
    let unit = 4.0 * chain.flip_rate;
    let closed = n * chain.stationary_current().unwrap_or(f64::NAN);
    // A difference of two terms, one of them a sum over the sites.
    let rounding = (n + 16.0) * rounding::UNIT * (closed.abs() + 2.0 * square / unit);
    let profile = stationary(&chain, monitor)?;
    Ok(Current {
        closed: [closed, rounding],
        solved: [n * profile.current[size / 2], n * profile.errors.current],
        limit: -(right - left + square) / unit,
    })
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let sizes = source.sizes(&SIZES)?;
    let (chain, [left, right]) = source.pulled(&[bonds(sizes[0]), set(FORCE, 0.0)])?;
    let gap = left - right;
    let unit = if gap == 0.0 { 1.0 } else { gap.abs() };
    let most = 3.0 * unit;
    let limit = |square: f64| -(square - gap) / (4.0 * chain.flip_rate);
    let mut layers = vec![Layer::guide("no current", (0.0, 0.0), (most, 0.0))];
    for (index, &size) in sizes.iter().enumerate() {
        let colour = Colour::Palette(index);
        let (mut line, mut discs) = ((vec![], vec![]), (vec![], vec![]));
        for (number, square) in even(0.0, most, 13).into_iter().enumerate() {
            let Current { closed, solved, .. } = current(source, size, square, monitor)?;
            if number % 12 == 0 {
                line.0.push((square, closed[0]));
                line.1.push(closed[1]);
            }
            discs.0.push((square, solved[0]));
            discs.1.push(solved[1]);
        }
        let label = format!("*N* = {size}");
        layers.push(
            Layer::new(label.clone(), Mark::Line, colour, line.0)
                .named(format!("closed form, N = {size}"))
                .with_errors(line.1),
        );
        layers.push(
            Layer::new(label, Mark::Disc, colour, discs.0)
                .named(format!("exact, N = {size}"))
                .with_errors(discs.1),
        );
    }
    layers.push(Layer {
        mark: Mark::Dashed,
        ..curve("*N* → ∞", Colour::Ink, &even(0.0, most, 2), limit).named("limit").formula()
    });
    // The current's words, where it has both signs.
    let note = |label: &str, x: f64, y: f64| Note {
        label: label.into(),
        at: (x * unit, y * unit / chain.flip_rate),
        colour: Colour::Grey,
        ..Default::default()
    };
    let notes = if gap > 0.0 {
        vec![note("hot to cold", 1.4, 0.06), note("uphill: cold to hot", 0.05, -0.06)]
    } else {
        vec![]
    };
    let (distances, squares) = distances(source, unit, monitor)?;
    let parameters = source.parameters()?;
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                parameters: parameters
                    .clone()
                    .with("N", numbers(&sizes.iter().map(|n| *n as f64).collect::<Vec<_>>()))
                    .with("mean force F", format!("0 to {} (its square on the axis)", most.sqrt())),
                x: Axis::new("*F\u{304}*²").over(0.0, most),
                y: Axis::new("current  *N J*_{*N*}"),
                layers,
                notes,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
            Panel {
                parameters: parameters.with("N", "4 to 2048 (the axis)").with(
                    "mean force F",
                    numbers(&squares.iter().map(|s| s.sqrt()).collect::<Vec<_>>()),
                ),
                x: Axis::log("*N*"),
                y: Axis::log("|*N J*_{*N*} − *J* |"),
                layers: distances,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}

/// Panel (b), and its F̄².
fn distances(
    source: &Source<'_>,
    unit: f64,
    monitor: &Monitor,
) -> Result<(Vec<Layer>, Vec<f64>), GalleryError> {
    let own: Vec<f64> = (0..4).map(|k| (k as f64 * unit).sqrt()).collect();
    let forces = source.values(FORCE, &own)?;
    let squares: Vec<f64> = forces.iter().map(|f| f * f).collect();
    let (mut layers, mut solid) = (Vec::new(), Vec::<Vec<(f64, f64)>>::new());
    for (index, &square) in squares.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (squares.len() - 1).max(1) as f64);
        let (mut line, mut discs, mut errors) = (vec![], vec![], (vec![], vec![]));
        for size in geometric(4.0, 2048.0, 10).into_iter().map(|n| n.round() as usize) {
            let Current { closed, solved, limit } = current(source, size, square, monitor)?;
            line.push((size as f64, (closed[0] - limit).abs()));
            discs.push((size as f64, (solved[0] - limit).abs()));
            errors.0.push(closed[1]);
            errors.1.push(solved[1]);
        }
        let label = format!("*F\u{304}*² = {}", number(square));
        let name = numbers(&[(1e12 * square).round() / 1e12]);
        // On a curve that is there already: that one shows between its dashes.
        let on_another = solid.iter().any(|other| is_near(&line, other));
        let mark = if on_another { Mark::Dashed } else { Mark::Line };
        if !on_another {
            solid.push(line.clone());
        }
        layers.push(
            Layer::new(label.clone(), mark, colour, line)
                .named(format!("closed form, F^2 = {name}"))
                .with_errors(errors.0),
        );
        let mark = if on_another { Mark::Ring } else { Mark::Disc };
        layers.push(
            Layer::new(label, mark, colour, discs)
                .named(format!("exact, F^2 = {name}"))
                .with_errors(errors.1),
        );
    }
    Ok((layers, squares))
}
