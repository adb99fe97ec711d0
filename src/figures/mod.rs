//! Figures as plain data, one file per figure, drawn in one style.
//!
//! A figure is panels of layers over axes ([`Figure`]); [`style`] says how everything looks,
//! `layout` places text and curves, `paint` puts them on paper: SVG with text as text, PNG at 300
//! dpi, and the data as CSV so that anybody can redraw it. Labels know `*slant*`, `_{subscript}`,
//! `^{superscript}` and overbars. The fonts are embedded (cut from DejaVu Sans Condensed, the
//! licence beside them): no system font is needed, and a figure is the same everywhere.

mod axis;
mod check;
mod curves;
pub mod gallery;
mod item;
mod label;
mod layout;
mod overlap;
mod paint;
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
    /// Heading of a key at the right edge to the labelled layers of the first panel; `None` for no
    /// such key.
    pub key: Option<String>,
}

/// One pair of axes and what is drawn in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Stands above it, after its letter.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Under everything else.
    pub map: Option<Map>,
    /// Drawn in this order.
    pub layers: Vec<Layer>,
    /// Words among the curves.
    pub notes: Vec<Note>,
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layer {
    /// Its name in keys and in the CSV.
    pub label: String,
    /// How it is drawn.
    pub mark: Mark,
    /// In which colour.
    pub colour: Colour,
    /// The points (x, y); curves end at the axes, points outside are left out, and so is what is
    /// not finite.
    pub points: Vec<(f64, f64)>,
    /// Estimated largest error of y.
    pub error: f64,
}

/// How a layer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A line through the points.
    #[default]
    Line,
    /// A dashed line.
    Dashed,
    /// A thin line of the text's width: a guide.
    Guide,
    /// A disc at every point.
    Disc,
    /// A circle at every point.
    Ring,
    /// A square at every point.
    Square,
    /// A square on its corner at every point.
    Diamond,
}

/// The colour of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Colour {
    /// The text's colour.
    #[default]
    Ink,
    /// Between the text's colour and the paper's.
    Grey,
    /// One of the colour-blind-safe palette.
    Palette(usize),
    /// A place in \[0, 1\] of the ordered map.
    Map(f64),
}

/// A few words at a point of the data's coordinates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Note {
    /// The words.
    pub label: String,
    /// The point, level with the middle of the words.
    pub at: (f64, f64),
    /// 0 if the words start there, 0.5 if they are centred on it, 1 if they end there.
    pub anchor: f64,
    /// Their colour.
    pub colour: Colour,
}

/// A function of both axes as colours; it covers the whole panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// What is shown.
    pub quantity: String,
    /// Positions along x, evenly spaced on the axis.
    pub xs: Vec<f64>,
    /// Positions along y, evenly spaced on the axis.
    pub ys: Vec<f64>,
    /// One row a y; what is not finite is left blank.
    pub values: Vec<Vec<f64>>,
    /// Values of the first and the last colour.
    pub range: (f64, f64),
    /// Colours that diverge from the middle instead of ordered ones.
    pub divergent: bool,
    /// Whether a bar beside the panel explains the colours.
    pub bar: bool,
    /// Estimated largest error of a value.
    pub error: f64,
}

impl Layer {
    /// A layer of any mark.
    pub fn new(
        label: impl Into<String>,
        mark: Mark,
        colour: Colour,
        points: Vec<(f64, f64)>,
    ) -> Layer {
        Layer { label: label.into(), mark, colour, points, error: 0.0 }
    }

    /// A straight guide between two points.
    pub fn guide(from: (f64, f64), to: (f64, f64)) -> Layer {
        Layer::new("", Mark::Guide, Colour::Grey, vec![from, to])
    }

    /// The same with the largest error of its y.
    pub fn within(self, error: f64) -> Layer {
        Layer { error, ..self }
    }
}

impl Figure {
    /// Writes `name`.svg, `name`.png and `name`.csv into a folder that exists.
    pub fn save(&self, folder: &Path, theme: &Theme) -> Result<(), FigureError> {
        let path = |extension: &str| folder.join(format!("{}.{extension}", self.name));
        let write = |extension: &str, text: &str| {
            let path = path(extension);
            std::fs::write(&path, text)
                .map_err(|source| FigureError::Io { path: path.display().to_string(), source })
        };
        write("svg", &paint::svg(self, theme)?)?;
        paint::png(self, theme, &path("png"))?;
        write("csv", &self.csv())
    }

    /// The data: what the axes of each panel (a, b, ...) show, as comments, then one row a point,
    /// `panel,series,x,y,value,error`. `error` is the estimated largest error of y; on a map that
    /// of `value`, which is empty on curves.
    pub fn csv(&self) -> String {
        let mut csv = String::new();
        for (index, panel) in self.panels.iter().enumerate() {
            let [x, y] = [&panel.x, &panel.y].map(|axis| label::plain(&axis.label));
            let _ = writeln!(csv, "# panel {}: x is {x}, y is {y}", letter(index));
        }
        csv += "panel,series,x,y,value,error\n";
        for (index, panel) in self.panels.iter().enumerate() {
            let head = |series: &str| {
                format!("{},\"{}\"", letter(index), label::plain(series).replace('"', "\"\""))
            };
            if let Some(map) = &panel.map {
                let head = head(&map.quantity);
                for (y, row) in map.ys.iter().zip(&map.values) {
                    for (x, value) in map.xs.iter().zip(row) {
                        let _ =
                            writeln!(csv, "{head},{x:.7},{y:.7e},{value:.11e},{:.1e}", map.error);
                    }
                }
            }
            for layer in &panel.layers {
                let head = head(&layer.label);
                for (x, y) in &layer.points {
                    let _ = writeln!(csv, "{head},{x:.11e},{y:.11e},,{:.1e}", layer.error);
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
