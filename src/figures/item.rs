//! The items of a drawing: labels, paths, signs and cells, each at its place, in points from the
//! top left corner.

use super::Mark;
use super::curves::part_within;
use super::label::{Part, parts, width};
use plotters::style::RGBColor;

/// Something at its place.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// A label.
    Text(Text),
    /// A line through points.
    Path {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Its colour.
        colour: RGBColor,
        /// Its width.
        width: f64,
        /// Whether it shows data.
        data: bool,
    },
    /// A sign at a point of the data, or in a key.
    Sign {
        /// Which.
        mark: Mark,
        /// Where.
        at: (f64, f64),
        /// Its diameter.
        size: f64,
        /// Its colour.
        colour: RGBColor,
        /// Whether it shows data.
        data: bool,
    },
    /// Rows of cells, from the top, filling a frame.
    Cells {
        /// The frame.
        frame: Frame,
        /// The colours.
        rows: Vec<Vec<RGBColor>>,
    },
}

/// A label at its place.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Its words, with markup.
    pub label: String,
    /// The start of its baseline.
    pub at: (f64, f64),
    /// Its em.
    pub size: f64,
    /// Whether it reads upwards.
    pub turned: bool,
    /// Its colour.
    pub colour: RGBColor,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    /// The point that lies a share x of the width from the left and y of the height from below.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top))
    }
}

impl Text {
    /// A point of the label's own frame, along and above its baseline, on the sheet.
    pub fn sheet(&self, along: f64, above: f64) -> (f64, f64) {
        let (x, y) = self.at;
        match self.turned {
            false => (x + along, y - above),
            true => (x - above, y - along),
        }
    }

    /// The rectangle that its letters cover.
    pub fn frame(&self) -> Frame {
        let most = |f: &dyn Fn(&Part) -> f64| {
            self.size * parts(&self.label).iter().map(f).fold(0.0, f64::max)
        };
        let up = most(&|p| p.rise() + p.size() * if p.bar { 0.9 } else { 0.74 });
        let down = most(&|p| 0.22 * p.size() - p.rise());
        let (along, (x, y)) = (self.size * width(&self.label), self.at);
        match self.turned {
            false => Frame { left: x, top: y - up, right: x + along, bottom: y + down },
            true => Frame { left: x - up, top: y - along, right: x + down, bottom: y },
        }
    }
}

/// Whether an item shows data within a frame.
pub(super) fn covers(item: &Item, frame: &Frame) -> bool {
    match item {
        Item::Path { points, width, data: true, .. } => {
            let around = frame.widened(0.5 * width);
            points.windows(2).any(|ends| around.crosses(ends[0], ends[1]))
        }
        Item::Sign { mark, at, size, data: true, .. } => {
            let half = if *mark == Mark::Diamond { 0.63 * size } else { 0.5 * size };
            frame.widened(half).crosses(*at, *at)
        }
        _ => false,
    }
}

impl Frame {
    fn widened(&self, by: f64) -> Frame {
        Frame {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    /// Whether a segment enters the frame.
    fn crosses(&self, from: (f64, f64), to: (f64, f64)) -> bool {
        part_within(from, to, (self.left, self.top), (self.right, self.bottom)).is_some()
    }
}
