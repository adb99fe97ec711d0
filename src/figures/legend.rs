//! Places the legend of a panel: in a corner that no curve enters, or in rows above the panel.

use super::axis::Fitted;
use super::item::{Frame, Item, covers};
use super::sheet::{Sheet, pieces};
use super::{Corner, Layer, Panel};

/// Height of a line of a legend, in ems.
pub(super) const LINE: f64 = 1.25;
/// Sample and gap before a label, in ems.
const SAMPLE: f64 = 1.9;
/// Gap between entries of a row, in ems.
const GAP: f64 = 0.7;

/// The place of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// No legend.
    Nowhere,
    /// In a corner of the panel.
    Corner(Corner),
    /// Above it, in rows of entries (by number).
    Above(Vec<Vec<usize>>),
}

impl Sheet<'_> {
    /// The place for a panel's legend: the preferred corner, another, or above. `drawn` is what
    /// the panel shows.
    pub(super) fn place(
        &self,
        panel: &Panel,
        preferred: Corner,
        frame: Frame,
        drawn: &[Item],
    ) -> Place {
        use Corner::{BottomLeft, BottomRight, TopLeft, TopRight};
        let entries = named(panel);
        let free = |corner: &Corner| {
            let taken = self.box_of(&entries, *corner, frame);
            let within = taken.left >= frame.left
                && taken.right <= frame.right
                && taken.top >= frame.top
                && taken.bottom <= frame.bottom;
            within && !drawn.iter().any(|item| covers(item, &taken))
        };
        let corners = [preferred, TopRight, TopLeft, BottomRight, BottomLeft];
        if let Some(corner) = corners.into_iter().find(free) {
            return Place::Corner(corner);
        }
        let mut rows: Vec<Vec<usize>> = vec![vec![]];
        let mut along = 0.0;
        for (number, entry) in entries.iter().enumerate() {
            let width = SAMPLE * self.em + self.small(&entry[0].label);
            if along > 0.0 && along + width > frame.right - frame.left {
                rows.push(vec![]);
                along = 0.0;
            }
            along += width + GAP * self.em;
            if let Some(row) = rows.last_mut() {
                row.push(number);
            }
        }
        Place::Above(rows)
    }

    /// The curves and words of a panel, which a legend must not cover.
    pub(super) fn silhouette(&self, panel: &Panel, axes: &[Fitted; 2], frame: Frame) -> Vec<Item> {
        let mut sheet = Sheet { items: vec![], theme: self.theme, em: self.em };
        for layer in &panel.layers {
            let drawn = pieces(layer, [&axes[0], &axes[1]], frame);
            sheet.marks(layer, &drawn, true);
        }
        for note in &panel.notes {
            if let (Some(x), Some(y)) = (axes[0].place(note.at.0), axes[1].place(note.at.1)) {
                let (x, y) = frame.at(x, y);
                let start = x - note.anchor * self.small(&note.label);
                let end = start + self.small(&note.label);
                let (points, colour) = (vec![(start, y), (end, y)], self.theme.colour(note.colour));
                sheet.items.push(Item::Path { points, colour, width: 1.2 * self.em, data: true });
            }
        }
        sheet.items
    }

    /// The rectangle that a legend in a corner covers.
    fn box_of(&self, entries: &[Vec<&Layer>], corner: Corner, frame: Frame) -> Frame {
        let (em, lines) = (self.em, entries.len() as f64);
        let width = self.widest_label(entries) + (SAMPLE + 1.1) * em;
        let height = (LINE * lines + 0.5) * em;
        let left = match corner {
            Corner::TopLeft | Corner::BottomLeft => frame.left + 0.4 * em,
            Corner::TopRight | Corner::BottomRight => frame.right - width,
        };
        let top = match corner {
            Corner::TopLeft | Corner::TopRight => frame.top + 0.2 * em,
            Corner::BottomLeft | Corner::BottomRight => frame.bottom - 0.2 * em - height,
        };
        Frame { left, top, right: left + width - 0.3 * em, bottom: top + height }
    }

    fn widest_label(&self, entries: &[Vec<&Layer>]) -> f64 {
        entries.iter().map(|e| self.small(&e[0].label)).fold(0.0, f64::max)
    }

    /// Draws a panel's legend.
    pub(super) fn legend(&mut self, panel: &Panel, place: &Place, frame: Frame) {
        let (em, line) = (self.em, LINE * self.em);
        let entries = named(panel);
        match place {
            Place::Nowhere => {}
            Place::Corner(corner) => {
                let x = match corner {
                    Corner::TopLeft | Corner::BottomLeft => frame.left + 0.6 * em,
                    Corner::TopRight | Corner::BottomRight => {
                        frame.right - self.widest_label(&entries) - (SAMPLE + 0.5) * em
                    }
                };
                let first = match corner {
                    Corner::TopLeft | Corner::TopRight => frame.top + 0.95 * em,
                    Corner::BottomLeft | Corner::BottomRight => {
                        frame.bottom - 0.95 * em - line * entries.len().saturating_sub(1) as f64
                    }
                };
                for (index, entry) in entries.iter().enumerate() {
                    self.entry(entry, x, first + line * index as f64);
                }
            }
            Place::Above(rows) => {
                for (number, row) in rows.iter().enumerate() {
                    let y = frame.top - 0.75 * em - line * (rows.len() - 1 - number) as f64;
                    let mut x = frame.left;
                    for entry in row.iter().filter_map(|&entry| entries.get(entry)) {
                        self.entry(entry, x, y);
                        x += (SAMPLE + GAP) * em + self.small(&entry[0].label);
                    }
                }
            }
        }
    }
}

/// The layers that a key names, those of one label together; not those of which nothing is seen.
pub(super) fn named(panel: &Panel) -> Vec<Vec<&Layer>> {
    let mut named: Vec<Vec<&Layer>> = Vec::new();
    for layer in panel.layers.iter().filter(|l| !l.label.is_empty() && panel.shows(l)) {
        match named.iter_mut().find(|entry| entry[0].label == layer.label) {
            // Another piece of the same curve.
            Some(entry) if entry.iter().any(|l| l.mark == layer.mark) => {}
            Some(entry) => entry.push(layer),
            None => named.push(vec![layer]),
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Axis, Mark};

    #[test]
    fn a_key_names_what_is_seen_and_nothing_else() {
        let layer = |label: &str, mark, y: f64| {
            Layer::new(label, mark, Default::default(), vec![(1.0, y), (2.0, y)])
        };
        let layers = vec![
            layer("seen", Mark::Line, 1.0),
            layer("vanishes", Mark::Line, 0.0),
            layer("above", Mark::Disc, 20.0),
            layer("no number", Mark::Disc, f64::NAN),
        ];
        let y = Axis::log("*y*").over(0.1, 10.0);
        let panel = Panel { x: Axis::new("*x*"), y, layers, ..Default::default() };
        let labels: Vec<_> = named(&panel).iter().map(|entry| entry[0].label.clone()).collect();
        assert_eq!(labels, ["seen"]);
    }
}
