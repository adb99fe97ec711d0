//! Draws the error estimates of a campaign against the true errors (docs/accuracy.md): run the
//! campaign first,
//!
//! ```text
//! SEEDS=0..100 cargo test --release --test error_estimates -- --ignored campaign
//! cargo run --release --example accuracy -- target/tmp figures
//! ```
//!
//! It reads every estimates-*.csv in the first folder and writes accuracy.svg, .png and .csv to the
//! second.

use flipchain::figures::style::{SINGLE_COLUMN, Theme};
use flipchain::figures::{Axis, Colour, Corner, Figure, Format, Layer, Mark, Panel};
use std::error::Error;
use std::path::Path;

/// Points of one tolerance that a figure can hold.
const POINTS: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let from = arguments.next().unwrap_or("target/tmp".into());
    let to = arguments.next().unwrap_or("figures".into());
    let mut files: Vec<_> =
        std::fs::read_dir(&from)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| {
        path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("estimates-"))
    });
    files.sort();
    // (tolerance, error, estimate) of the outputs whose error is above the roundings of the largest
    // energy.
    let mut outputs: Vec<(f64, f64, f64)> = Vec::new();
    for file in files {
        for line in std::fs::read_to_string(&file)?.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            if !fields[0].starts_with("steady") && fields[4] == "1" {
                outputs.push((fields[1].parse()?, fields[3].parse()?, fields[2].parse()?));
            }
        }
    }
    let mut tolerances: Vec<f64> = outputs.iter().map(|o| o.0).collect();
    tolerances.sort_by(|a, b| b.total_cmp(a));
    tolerances.dedup();
    let (low, high) = (1e-15, 1e-2);
    let mut layers = vec![
        Layer {
            label: "estimate = error".into(),
            mark: Mark::Line,
            colour: Colour::Ink,
            points: vec![(low, low), (high, high)],
            ..Default::default()
        },
        Layer {
            label: "estimate = 100 errors".into(),
            mark: Mark::Dashed,
            colour: Colour::Ink,
            points: vec![(low, 100.0 * low), (high / 100.0, high)],
            ..Default::default()
        },
    ];
    for (index, &tolerance) in tolerances.iter().enumerate() {
        let of_tolerance: Vec<_> =
            outputs.iter().filter(|o| o.0 == tolerance).map(|o| (o.1, o.2)).collect();
        let every = of_tolerance.len().div_ceil(POINTS);
        layers.push(Layer {
            label: format!("tolerance 10^{{{}}}", tolerance.log10().round()).replace('-', "−"),
            mark: Mark::Disc,
            colour: Colour::Palette(index),
            points: of_tolerance.into_iter().step_by(every.max(1)).collect(),
            ..Default::default()
        });
    }
    let panel = Panel {
        x: Axis::log("true error").over(low, high),
        y: Axis::log("error estimate").over(low, high),
        layers,
        legend: Some(Corner::BottomRight),
        ..Default::default()
    };
    let figure = Figure {
        name: "accuracy".into(),
        size: (SINGLE_COLUMN, 80.0),
        columns: 1,
        panels: vec![panel],
        ..Default::default()
    };
    figure.save(Path::new(&to), &Theme::PRINT, &[Format::Svg, Format::Png])?;
    println!("{} outputs drawn of tolerances {tolerances:?}", outputs.len());
    Ok(())
}
