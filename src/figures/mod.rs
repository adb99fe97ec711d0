//! Figures as plain data, one file per figure, drawn in one style.
//!
//! A figure is panels of layers over axes ([`Figure`]); [`style`] says how everything looks, `draw` puts it on paper: SVG with
//! text as text, PNG at 300 dpi, and the data as CSV so that anybody can redraw it. Labels know `_{subscript}` and `^{superscript}`.
//! The font is embedded (DejaVu Sans, its licence beside it): no system font is needed.

mod axis;
mod check;
mod draw;
mod profiles;
pub mod style;
mod sweep;

pub use axis::{Axis, Scale};
pub use check::check;
pub use profiles::{Curves, limit, profiles};
pub use sweep::sweep;

use std::fmt::Write as _;
use std::path::Path;
use style::Theme;

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The drawing library refused.
    #[error("cannot draw the figure {name}: {reason}")]
    Drawing {
        /// The figure.
        name: String,
        /// What the library says.
        reason: String,
    },
    /// The file could not be written.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// Its file name without extension.
    pub name: String,
    /// Width and height in millimetres; journals have columns of 86 mm and 178 mm.
    pub size: (f64, f64),
    /// Panels a row.
    pub columns: usize,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Heading of a key at the right edge to the labelled layers of the first panel; `None` for no such key.
    pub key: Option<String>,
}

/// One pair of axes and what is drawn in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Drawn in this order.
    pub layers: Vec<Layer>,
    /// Where the panel explains its labelled layers itself.
    pub legend: Option<Corner>,
}

/// A corner of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corner {
    /// top left
    TopLeft,
    /// top right
    TopRight,
    /// bottom left
    BottomLeft,
    /// bottom right
    BottomRight,
}

/// One curve or cloud of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name in keys and in the CSV.
    pub label: String,
    /// How it is drawn.
    pub mark: Mark,
    /// In which colour.
    pub colour: Colour,
    /// The points (x, y); those outside the axes or not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// How a layer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line through the points.
    Line,
    /// A dashed line.
    Dashed,
    /// A disc at every point.
    Disc,
}

/// The colour of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colour {
    /// The text's colour.
    Ink,
    /// One of the colour-blind-safe palette.
    Palette(usize),
    /// A place in \[0, 1\] of the ordered map.
    Map(f64),
}

impl Figure {
    /// Writes `name`.svg, `name`.png and `name`.csv into a folder that exists.
    pub fn save(&self, folder: &Path, theme: &Theme) -> Result<(), FigureError> {
        let path = |extension: &str| folder.join(format!("{}.{extension}", self.name));
        let write = |extension: &str, text: &str| {
            let path = path(extension);
            std::fs::write(&path, text).map_err(|source| FigureError::Io { path: path.display().to_string(), source })
        };
        write("svg", &draw::svg(self, theme)?)?;
        draw::png(self, theme, &path("png"))?;
        write("csv", &self.csv())
    }

    /// The data: one row a point, `panel,series,x,y`, panels counted a, b, ...; quantities as the axes name them.
    pub fn csv(&self) -> String {
        let mut csv = String::from("panel,x_quantity,y_quantity,series,x,y\n");
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        for (index, panel) in self.panels.iter().enumerate() {
            for layer in &panel.layers {
                let head = format!(
                    "{},{},{},{}",
                    letter(index),
                    quoted(&panel.x.label),
                    quoted(&panel.y.label),
                    quoted(&layer.label)
                );
                for (x, y) in &layer.points {
                    let _ = writeln!(csv, "{head},{x:.16e},{y:.16e}");
                }
            }
        }
        csv
    }
}

/// The letter of a panel.
fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}
