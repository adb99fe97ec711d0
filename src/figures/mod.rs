//! Figures as plain data, one file per figure, drawn in one style.
//!
//! A figure is panels of layers over axes ([`Figure`]); [`style`] says how everything looks,
//! `layout` places text and curves, `paint` puts them on paper: SVG with text as text, PNG at 300
//! dpi, `pdf` with text in embedded fonts, and `csv` writes the data so that anybody can redraw
//! it. Labels know `*slant*`, `_{subscript}`,
//! `^{superscript}` and overbars. The fonts are embedded (cut from DejaVu Sans Condensed, the
//! licence beside them): no system font is needed, and a figure is the same everywhere.

mod axis;
mod canvas;
mod check;
mod colours;
mod columns;
mod csv;
mod curves;
mod format;
pub mod gallery;
mod hidden;
mod html;
mod item;
mod key;
mod label;
mod layout;
mod legend;
mod names;
mod outputs;
mod overlap;
mod paint;
mod parameters;
mod pdf;
mod phases;
mod profiles;
mod readable;
mod sheet;
mod spacetime;
pub mod style;
mod sweep;
mod table;
mod words;

pub use axis::{Axis, Scale};
pub use check::check;
pub use columns::Curves;
pub use format::{Format, Formats, Size};
pub use outputs::Outputs;
pub use parameters::Parameters;
pub use profiles::{Setting, limit, profiles, report};
pub use sweep::sweep;
pub use table::table;

use crate::budget::rounding;
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
        /// The message of the library.
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
    /// The lines above all panels with the parameters of a run; empty for none.
    pub heading: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Heading of a key at the right edge to the labelled layers of the panel that shows most of
    /// them; `None` for no such key.
    pub key: Option<String>,
    /// The heading of its page of HTML; the heading or the name if empty.
    pub title: String,
    /// The words below it on a page of HTML.
    pub words: Vec<String>,
    /// Whether it is for the screen: written as a page of HTML, and in no other format.
    pub page: bool,
}

/// One pair of axes and what is drawn in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Stands above it, after its letter.
    pub title: String,
    /// The parameters of its data, for the comments of the CSV.
    pub parameters: Parameters,
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
    /// The place where the panel explains its labelled layers itself: this corner if it is free,
    /// else another, else a row above the panel.
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
    /// Its name in keys, with markup; layers of one label share an entry. Empty for none.
    pub label: String,
    /// Its name in the CSV: plain text, its own within the panel. The plain label if empty.
    pub name: String,
    /// The mark with which it is drawn.
    pub mark: Mark,
    /// In which colour.
    pub colour: Colour,
    /// The points (x, y); curves end at the axes, points outside are left out, and so is what is
    /// not finite.
    pub points: Vec<(f64, f64)>,
    /// Estimated largest error of each y; empty where none is known (measured times).
    pub errors: Vec<f64>,
    /// (first, step): signs are drawn at the point `first` and at every `step`-th one after it; (0,
    /// 1) draws all.
    pub drawn: (usize, usize),
    /// (turn, of): one of several lines that lie on each other, which are drawn in turns, a piece
    /// of each after the other over the first, which is whole; (0, 1) is a line by itself.
    pub turn: (usize, usize),
}

/// The way in which a layer is drawn.
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
    /// A bar from y less its error to y plus its error, at every point.
    Bar,
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
    /// The quantity that is shown, with markup.
    pub quantity: String,
    /// Its name in the CSV; the plain quantity if empty.
    pub name: String,
    /// Positions along x, evenly spaced on the axis.
    pub xs: Vec<f64>,
    /// Positions along y, ascending; a place on the axis shows the nearest.
    pub ys: Vec<f64>,
    /// One row a y; what is not finite is left blank.
    pub values: Vec<Vec<f64>>,
    /// Values of the first and the last colour.
    pub range: (f64, f64),
    /// Colours that diverge from the middle instead of ordered ones.
    pub divergent: bool,
    /// Whether a bar beside the panel explains the colours.
    pub bar: bool,
    /// Estimated largest error of a value, one a row.
    pub errors: Vec<f64>,
}

impl Default for Layer {
    fn default() -> Layer {
        Layer {
            label: String::new(),
            name: String::new(),
            mark: Mark::Line,
            colour: Colour::Ink,
            points: vec![],
            errors: vec![],
            drawn: (0, 1),
            turn: (0, 1),
        }
    }
}

impl Layer {
    /// A layer of any mark.
    pub fn new(
        label: impl Into<String>,
        mark: Mark,
        colour: Colour,
        points: Vec<(f64, f64)>,
    ) -> Layer {
        Layer { label: label.into(), mark, colour, points, ..Layer::default() }
    }

    /// A straight guide between two points.
    pub fn guide(name: &str, from: (f64, f64), to: (f64, f64)) -> Layer {
        Layer::new("", Mark::Guide, Colour::Grey, vec![from, to]).named(name).formula()
    }

    /// The same with a name in the CSV.
    pub fn named(self, name: impl Into<String>) -> Layer {
        Layer { name: name.into(), ..self }
    }

    /// The same with one largest error of all its y.
    pub fn within(self, error: f64) -> Layer {
        Layer { errors: vec![error; self.points.len()], ..self }
    }

    /// The same with the error of each y.
    pub fn with_errors(self, errors: Vec<f64>) -> Layer {
        Layer { errors, ..self }
    }

    /// The same, its y from a closed form: their error is rounding, some units in the last place
    /// of the largest.
    pub fn formula(self) -> Layer {
        let largest = self.points.iter().fold(0.0, |most: f64, p| most.max(p.1.abs()));
        self.within(rounding::SUM * largest)
    }

    /// The two ends of every bar of the error; none unless it is drawn as bars.
    fn bars(&self) -> impl Iterator<Item = [(f64, f64); 2]> {
        let drawn = if self.mark == Mark::Bar { self.points.len() } else { 0 };
        let all = self.points.iter().zip(&self.errors).take(drawn);
        all.map(|(&(x, y), error)| [(x, y - error), (x, y + error)])
    }

    /// The same with signs at every `step`-th point, from number `first` on.
    pub fn every(self, first: usize, step: usize) -> Layer {
        Layer { drawn: (first, step), ..self }
    }
}

impl Panel {
    /// Whether its axes show anything of a layer. A line may cross between two points outside.
    fn shows(&self, layer: &Layer) -> bool {
        let line = matches!(layer.mark, Mark::Line | Mark::Dashed | Mark::Guide);
        let has = |axis: &Axis, value: f64| {
            let exists = value.is_finite() && (axis.scale != Scale::Log || value > 0.0);
            let within = |(low, high): (f64, f64)| (low..=high).contains(&value);
            exists && (line || axis.range.is_none_or(within))
        };
        layer.points.iter().any(|&(x, y)| has(&self.x, x) && has(&self.y, y))
    }

    /// The same with a guide at zero under the curves, if they are on both sides of it.
    fn with_zero(mut self) -> Panel {
        let points = || self.layers.iter().flat_map(|layer| &layer.points);
        let is = |sign: f64| points().any(|p| p.1 * sign > 0.0);
        if !is(1.0) || !is(-1.0) {
            return self;
        }
        let ends = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &(x, _)| {
            (low.min(x), high.max(x))
        });
        // Through the air beside the data; guides end at the frame.
        let (low, high) = match (self.x.range, self.x.scale) {
            (Some(range), _) => range,
            (None, Scale::Log) => (0.1 * ends.0, 10.0 * ends.1),
            (None, _) => (2.0 * ends.0 - ends.1, 2.0 * ends.1 - ends.0),
        };
        self.layers.insert(0, Layer::guide("zero", (low, 0.0), (high, 0.0)));
        self
    }
}

impl Figure {
    /// The same with a title and a caption, its formulas in LaTeX, for a page of HTML.
    pub fn described(self, title: &str, caption: &str) -> Figure {
        let words = [words::of_caption(caption), words::of_parameters(&self.panels)].concat();
        Figure { title: title.into(), words, ..self }
    }

    /// Writes `name`.csv and the drawing in each format into a folder that exists; what is for the
    /// screen as HTML only.
    pub fn save(
        &self,
        folder: &Path,
        theme: &Theme,
        formats: &[Format],
    ) -> Result<(), FigureError> {
        let path = |extension: &str| folder.join(format!("{}.{extension}", self.name));
        let write = |path: &Path, bytes: &[u8]| {
            std::fs::write(path, bytes)
                .map_err(|source| FigureError::Io { path: path.display().to_string(), source })
        };
        for &format in formats.iter().filter(|f| !self.page || **f == Format::Html) {
            let path = path(format.extension());
            match format {
                Format::Svg => write(&path, paint::svg(self, theme)?.as_bytes())?,
                Format::Png => paint::png(self, theme, &path)?,
                Format::Pdf => write(&path, &pdf::pdf(self, theme)?)?,
                Format::Html => write(&path, self.html(theme).as_bytes())?,
            }
        }
        if self.page {
            return Ok(());
        }
        write(&path("csv"), self.csv().as_bytes())
    }
}

/// The letter of a panel.
fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}
