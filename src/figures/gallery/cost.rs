//! Time and memory against N, of the ways through the solver and of general solvers. Times belong
//! to a machine, so these were measured before: data/cost.csv says where and how.

use super::caption::fill;
use super::{Entry, GalleryError, Source};
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Panel, Parameters, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry =
    Entry { name: "cost", title: "What an answer costs", caption, scenario: None, figure };

fn caption(_: &Source<'_>) -> Result<String, GalleryError> {
    let text = "Drawn from measurements (`data/cost.csv`, which names machine, programs and commands),
        not computed anew. (a) Stationary state and (b) evolution to 11 output times in $[0, 0.1]$
        (with the covariance to $t = 0.1$ alone) of the scenario `uphill`: CPU seconds of all threads
        against $N$. (c) Peak memory of the runs of (a). Discs: flipchain; diamonds: general solvers
        on the same equations. Profiles alone grow like $N$, the covariance like $N^2$ once $N$ is
        large.";
    Ok(fill(text, &[]))
}

const MEASURED: &str = include_str!("../../../data/cost.csv");

/// Bonds, CPU seconds and memory of one solver, by task and name.
struct Series<'a> {
    task: &'a str,
    solver: &'a str,
    rows: Vec<[f64; 3]>,
}

fn read() -> Vec<Series<'static>> {
    let mut all: Vec<Series> = Vec::new();
    for line in MEASURED.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [task, solver, numbers @ ..] = &fields[..] else { continue };
        let number =
            |i: usize| numbers.get(i).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        let row = [number(0), number(1), number(2)];
        match all.iter_mut().find(|s| s.task == *task && s.solver == *solver) {
            Some(series) => series.rows.push(row),
            None => all.push(Series { task, solver, rows: vec![row] }),
        }
    }
    all
}

fn figure(_: &Source<'_>, _: &Monitor) -> Result<Figure, GalleryError> {
    let all = read();
    let layers = |task: &str, column: usize| {
        let chosen = all.iter().filter(|s| s.task == task).enumerate();
        chosen
            .flat_map(|(index, series)| {
                let own = series.solver.starts_with("flipchain");
                let (colour, mark) =
                    (Colour::Palette(index), if own { Mark::Disc } else { Mark::Diamond });
                let label = series.solver.replace("flipchain ", "");
                let points: Vec<_> = series
                    .rows
                    .iter()
                    .filter(|r| r[column].is_finite())
                    .map(|r| (r[0], r[column]))
                    .collect();
                let line = if own { Mark::Line } else { Mark::Dashed };
                [line, mark].map(|mark| {
                    Layer::new(label.clone(), mark, colour, points.clone()).named(series.solver)
                })
            })
            .collect::<Vec<_>>()
    };
    let panel = |title: &str, y: &str, task: &str, column: usize| Panel {
        title: title.into(),
        parameters: Parameters::default()
            .with("scenario", "uphill")
            .with("measured", "data/cost.csv names machine, programs and commands")
            .with("N", "the axis"),
        x: Axis::log("*N*"),
        y: Axis::log(y),
        layers: layers(task, column),
        legend: Some(Corner::TopLeft),
        ..Default::default()
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 74.0),
        columns: 3,
        panels: vec![
            panel("stationary state", "CPU time (s)", "steady", 1),
            panel("evolution", "CPU time (s)", "evolution", 1),
            panel("stationary state", "memory (MiB)", "steady", 2),
        ],
        ..Default::default()
    })
}
