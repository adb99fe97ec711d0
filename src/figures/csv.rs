//! The data of a figure as a table, complete enough to draw the figure again.

use super::label::plain;
use super::{Axis, Figure, Layer, Map, Mark, Scale, letter};
use std::fmt::Write as _;

impl Layer {
    /// Its name in the CSV.
    pub fn series(&self) -> String {
        if self.name.is_empty() { plain(&self.label) } else { self.name.clone() }
    }
}

impl Map {
    /// Its name in the CSV.
    pub fn series(&self) -> String {
        if self.name.is_empty() { plain(&self.quantity) } else { self.name.clone() }
    }
}

impl Figure {
    /// The data. Comments say of each panel (a, b, ...) what its axes show, what its data were
    /// computed from, and how each series is drawn. Then one row for each point,
    /// `panel,series,x,y,value,error`: `error` is the estimated largest error of y, empty where
    /// none is known; on a map that of `value`, which is empty on curves. A series drawn as a line
    /// with signs is written once.
    pub fn csv(&self) -> String {
        let mut csv = format!("# flipchain {}, figure {}\n", env!("CARGO_PKG_VERSION"), self.name);
        for (index, panel) in self.panels.iter().enumerate() {
            let panel_is = format!("# panel {}", letter(index));
            let (x, y) = (describe(&panel.x), describe(&panel.y));
            let _ = writeln!(csv, "{panel_is}: x is {x}; y is {y}");
            if !panel.title.is_empty() {
                let _ = writeln!(csv, "{panel_is}: title: {}", plain(&panel.title));
            }
            if !panel.parameters.is_empty() {
                let _ = writeln!(csv, "{panel_is}: parameters: {}", panel.parameters);
            }
            if let Some(map) = &panel.map {
                let (low, high) = map.range;
                let colours = if map.divergent { "divergent" } else { "ordered" };
                let name = quoted(&map.series());
                let _ = writeln!(
                    csv,
                    "{panel_is}: series {name}: map, {colours} colours from {low} to {high}"
                );
            }
            for layer in &panel.layers {
                let (name, mark) = (quoted(&layer.series()), layer.mark.name());
                let _ = writeln!(csv, "{panel_is}: series {name}: {mark}");
            }
        }
        csv += "panel,series,x,y,value,error\n";
        for (index, panel) in self.panels.iter().enumerate() {
            let head = |series: &str| format!("{},{}", letter(index), quoted(series));
            if let Some(map) = &panel.map {
                let head = head(&map.series());
                let places: Vec<String> = map.xs.iter().map(|x| format!("{head},{x:.7}")).collect();
                for (row, (y, values)) in map.ys.iter().zip(&map.values).enumerate() {
                    let (y, error) = (format!("{y:.7e}"), known(map.errors.get(row)));
                    for (place, value) in places.iter().zip(values) {
                        let _ = writeln!(csv, "{place},{y},{value:.11e},{error}");
                    }
                }
            }
            for (number, layer) in panel.layers.iter().enumerate() {
                let series = layer.series();
                if panel.layers[..number].iter().any(|l| l.series() == series) {
                    continue;
                }
                let head = head(&series);
                for (point, (x, y)) in layer.points.iter().enumerate() {
                    let error = known(layer.errors.get(point));
                    let _ = writeln!(csv, "{head},{x:.11e},{y:.11e},,{error}");
                }
            }
        }
        csv
    }
}

/// An error to two digits, rounded up: it stays a bound.
fn known(error: Option<&f64>) -> String {
    let Some(&error) = error else { return String::new() };
    let nearest = format!("{error:.1e}");
    if nearest.parse().is_ok_and(|written: f64| written >= error) {
        return nearest;
    }
    format!("{:.1e}", error * 1.05)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// An axis in words.
fn describe(axis: &Axis) -> String {
    let scale = match axis.scale {
        Scale::Linear => "linear",
        Scale::Log => "logarithmic",
        Scale::Halves => "linear on either side of 0",
    };
    let range = axis.range.map_or(String::new(), |(low, high)| format!(" from {low} to {high}"));
    format!("{} ({scale}{range})", quoted(&plain(&axis.label)))
}

impl Mark {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Line => "line",
            Mark::Dashed => "dashed",
            Mark::Guide => "guide",
            Mark::Disc => "disc",
            Mark::Ring => "ring",
            Mark::Square => "square",
            Mark::Diamond => "diamond",
            Mark::Bar => "bar of the error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_written_error_is_no_smaller_than_the_error() {
        for error in [0.0, 1.04e-13, 1.06e-13, 9.96e-12, 5e-324, f64::INFINITY] {
            let written: f64 = known(Some(&error)).parse().expect("a number");
            assert!(written >= error && written <= 1.11 * error || error < 1e-300, "{error}");
        }
        assert_eq!(known(None), "");
    }
}
