//! Places everything that a [`Figure`] shows on the sheet, as [`Item`]s. Nothing is drawn here, so
//! all formats have the same layout.

use super::axis::Fitted;
use super::curves::{dashes, turns};
use super::item::{Frame, Item, Text};
use super::label::{lines, width};
use super::legend::{LINE, Place, named};
use super::sheet::{SMALL, Sheet, pieces, title};
use super::style::{PER_MM, Theme};
use super::{Colour, Figure, Layer, Mark, Panel, letter};

/// From the point that a label is centred on down to its baseline, in ems: half a capital letter.
const MIDDLE: f64 = 0.36;

/// Width and height of a figure in points.
pub(super) fn size(figure: &Figure, theme: &Theme) -> (f64, f64) {
    (figure.size.0 * PER_MM * theme.zoom, figure.size.1 * PER_MM * theme.zoom)
}

/// Everything that a figure shows.
pub(super) fn items(figure: &Figure, theme: &Theme) -> Vec<Item> {
    let mut sheet = Sheet { items: vec![], theme, em: theme.text * theme.zoom };
    sheet.figure(figure, size(figure, theme));
    sheet.items
}

/// The space that a panel needs beside its frame, on each side.
#[derive(Clone, Copy, Default)]
struct Margins {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Sheet<'_> {
    pub(super) fn small(&self, label: &str) -> f64 {
        SMALL * self.em * width(label)
    }

    /// A label centred vertically on a point, with `anchor` 0 for starting, 0.5 for centred, 1 for
    /// ending there. Turned, it reads upwards.
    pub(super) fn text(
        &mut self,
        label: &str,
        (x, y): (f64, f64),
        anchor: f64,
        size: f64,
        turned: bool,
        colour: Colour,
    ) {
        if label.is_empty() {
            return;
        }
        let (back, down) = (anchor * size * width(label), MIDDLE * size);
        let at = if turned { (x + down, y + back) } else { (x - back, y + down) };
        let colour = self.theme.colour(colour);
        self.items.push(Item::Text(Text { label: label.into(), at, size, turned, colour }));
    }

    pub(super) fn number(&mut self, label: &str, at: (f64, f64), anchor: f64) {
        self.text(label, at, anchor, SMALL * self.em, false, Colour::Ink);
    }

    pub(super) fn ink(&mut self, points: &[(f64, f64)], width: f64) {
        let (colour, width) = (self.theme.colour(Colour::Ink), width * self.theme.zoom);
        self.items.push(Item::Path { points: points.to_vec(), colour, width, data: false });
    }

    /// A rectangle, begun in the middle of a side so that its corners are whole.
    pub(super) fn outline(&mut self, Frame { left, top, right, bottom }: Frame) {
        let middle = 0.5 * (left + right);
        let corners = [
            (middle, bottom),
            (right, bottom),
            (right, top),
            (left, top),
            (left, bottom),
            (middle, bottom),
        ];
        self.ink(&corners, 0.5);
    }

    fn figure(&mut self, figure: &Figure, (width, height): (f64, f64)) {
        let em = self.em;
        let heading = lines(&figure.heading, (width - 5.0 * em) / (SMALL * em));
        let top = if heading.is_empty() { 0.0 } else { (0.4 + 1.1 * heading.len() as f64) * em };
        // A panel may have one curve for all outputs; the first that shows most of them is named.
        let keys = figure.panels.iter().map(named);
        let longer = |most: Vec<_>, one: Vec<_>| if one.len() > most.len() { one } else { most };
        let named = keys.fold(vec![], longer);
        let key_width = figure.key.as_ref().map_or(0.0, |heading| {
            let labels = named.iter().map(|entry| self.small(&entry[0].label) + 2.2 * em);
            labels.chain([self.small(heading)]).fold(0.0, f64::max) + 0.8 * em
        });
        let sheet = Frame { left: 0.0, top, right: width - key_width, bottom: height };
        let (fitted, frames, places) = self.arranged(figure, sheet);
        for (index, (panel, axes)) in figure.panels.iter().zip(&fitted).enumerate() {
            let letter = (figure.panels.len() > 1).then(|| letter(index));
            self.panel(panel, axes, frames[index], letter, &places[index]);
        }
        let left = frames.first().map_or(0.8 * em, |frame| frame.left);
        for (index, line) in heading.iter().enumerate() {
            let x = left.min(width - self.small(line) - 0.2 * em);
            self.number(line, (x, (0.8 + 1.1 * index as f64) * em), 0.0);
        }
        if let (Some(heading), Some(frame)) = (&figure.key, frames.first()) {
            let (x, mut y) = (width - key_width + 0.2 * em, frame.top + 0.5 * em);
            self.number(heading, (x, y), 0.0);
            for entry in named {
                y += 1.3 * em;
                self.entry(&entry, x, y);
            }
        }
    }

    /// Axes and frames of all panels, and where their legends stand: in a free corner, or above
    /// the panel, which costs height and so moves every frame.
    fn arranged(
        &self,
        figure: &Figure,
        sheet: Frame,
    ) -> (Vec<[Fitted; 2]>, Vec<Frame>, Vec<Place>) {
        let columns = figure.columns.max(1);
        let rows = figure.panels.len().div_ceil(columns).max(1);
        let cell =
            ((sheet.right - sheet.left) / columns as f64, (sheet.bottom - sheet.top) / rows as f64);
        let fitted: Vec<[Fitted; 2]> =
            figure.panels.iter().map(|panel| self.fit(panel, cell)).collect();
        let mut places: Vec<Place> = figure
            .panels
            .iter()
            .map(|panel| panel.legend.map_or(Place::Nowhere, Place::Corner))
            .collect();
        loop {
            let frames = self.frames(figure, &fitted, &places, sheet);
            let mut moved = false;
            for (index, panel) in figure.panels.iter().enumerate() {
                let Place::Corner(corner) = places[index] else { continue };
                let preferred = panel.legend.unwrap_or(corner);
                let drawn = self.silhouette(panel, &fitted[index], frames[index]);
                places[index] = self.place(panel, preferred, frames[index], &drawn);
                moved |= matches!(places[index], Place::Above(_));
            }
            if !moved {
                return (fitted, frames, places);
            }
        }
    }

    /// Frames of a row are level, those of a column in line, and all of one size.
    fn frames(
        &self,
        figure: &Figure,
        fitted: &[[Fitted; 2]],
        places: &[Place],
        sheet: Frame,
    ) -> Vec<Frame> {
        let columns = figure.columns.max(1);
        let rows = figure.panels.len().div_ceil(columns).max(1);
        let lettered = figure.panels.len() > 1;
        let margins: Vec<Margins> = (figure.panels.iter().zip(fitted).zip(places))
            .map(|((p, axes), place)| self.margins(p, axes, lettered, place))
            .collect();
        let most = |side: &dyn Fn(&Margins) -> f64, of: &dyn Fn(usize) -> bool| {
            let chosen = margins.iter().enumerate().filter(|(i, _)| of(*i));
            chosen.map(|(_, m)| side(m)).fold(0.0, f64::max)
        };
        let columns_of: Vec<(f64, f64)> = (0..columns)
            .map(|c| {
                let of = |i: usize| i % columns == c;
                (most(&|m| m.left, &of), most(&|m| m.right, &of))
            })
            .collect();
        let rows_of: Vec<(f64, f64)> = (0..rows)
            .map(|r| {
                let of = |i: usize| i / columns == r;
                (most(&|m| m.top, &of), most(&|m| m.bottom, &of))
            })
            .collect();
        let taken = |of: &[(f64, f64)]| of.iter().map(|(a, b)| a + b).sum::<f64>();
        let inner = (
            (sheet.right - sheet.left - taken(&columns_of)) / columns as f64,
            (sheet.bottom - sheet.top - taken(&rows_of)) / rows as f64,
        );
        let frame = |index: usize| {
            let (column, row) = (index % columns, index / columns);
            let left = sheet.left
                + taken(&columns_of[..column])
                + column as f64 * inner.0
                + columns_of[column].0;
            let top = sheet.top + taken(&rows_of[..row]) + row as f64 * inner.1 + rows_of[row].0;
            Frame { left, top, right: left + inner.0, bottom: top + inner.1 }
        };
        (0..figure.panels.len()).map(frame).collect()
    }

    /// The marks of one label, and the label, starting at x.
    pub(super) fn entry(&mut self, layers: &[&Layer], x: f64, y: f64) {
        let em = self.em;
        for layer in layers {
            let sample = match layer.mark {
                Mark::Line | Mark::Dashed | Mark::Guide => vec![(x, y), (x + 1.5 * em, y)],
                Mark::Bar => vec![(x + 0.75 * em, y - 0.5 * em), (x + 0.75 * em, y + 0.5 * em)],
                _ => vec![(x + 0.75 * em, y)],
            };
            self.marks(layer, &[sample], false);
        }
        self.number(&layers[0].label, (x + 1.9 * em, y), 0.0);
    }

    fn fit(&self, panel: &Panel, cell: (f64, f64)) -> [Fitted; 2] {
        let points = || {
            let drawn = panel.layers.iter().filter(|l| l.mark != Mark::Guide);
            drawn.flat_map(|l| l.points.iter().copied().chain(l.bars().flatten()))
        };
        let most = |length: f64, ems: f64| ((length / (ems * self.em)) as usize).clamp(2, 7);
        let ends = |values: &[f64]| {
            [values.first().copied(), values.last().copied()].into_iter().flatten().collect()
        };
        let (xs, ys): (Vec<f64>, Vec<f64>) =
            panel.map.as_ref().map_or_else(Default::default, |m| (ends(&m.xs), ends(&m.ys)));
        [
            panel.x.fit(points().map(|p| p.0).chain(xs), most(cell.0, 4.5)),
            panel.y.fit(points().map(|p| p.1).chain(ys), most(cell.1, 3.0)),
        ]
    }

    pub(super) fn widest(&self, fitted: &Fitted) -> f64 {
        fitted.ticks.iter().map(|t| self.small(&t.1)).fold(0.0, f64::max)
    }

    fn margins(
        &self,
        panel: &Panel,
        [x, y]: &[Fitted; 2],
        lettered: bool,
        place: &Place,
    ) -> Margins {
        let em = self.em;
        let above = if let Place::Above(rows) = place { LINE * rows.len() as f64 } else { 0.0 };
        let half = x.ticks.last().map_or(0.0, |t| 0.5 * self.small(&t.1));
        Margins {
            left: if panel.y.bare { 0.8 * em } else { self.widest(y) + 2.4 * em },
            top: em * (above + if lettered || !panel.title.is_empty() { 1.9 } else { 0.8 }),
            right: match &panel.map {
                Some(map) if map.bar => self.room_of_bar(map),
                _ if panel.x.bare => 0.6 * em,
                _ => (half + 0.2 * em).max(1.0 * em),
            },
            bottom: if panel.x.bare { 0.6 * em } else { 3.1 * em },
        }
    }

    fn panel(
        &mut self,
        panel: &Panel,
        [x_axis, y_axis]: &[Fitted; 2],
        frame: Frame,
        letter: Option<char>,
        place: &Place,
    ) {
        let em = self.em;
        let Frame { left, top, right, bottom } = frame;
        let above = if let Place::Above(rows) = place { LINE * rows.len() as f64 } else { 0.0 };
        if let Some(map) = &panel.map {
            self.map(map, y_axis, frame);
        }
        self.ticks(panel, [x_axis, y_axis], frame);
        if !panel.x.bare {
            self.text(
                &title(&panel.x, x_axis),
                (0.5 * (left + right), bottom + 2.4 * em),
                0.5,
                em,
                false,
                Colour::Ink,
            );
        }
        if !panel.y.bare {
            let x = left - self.widest(y_axis) - 1.5 * em;
            self.text(
                &title(&panel.y, y_axis),
                (x, 0.5 * (top + bottom)),
                0.5,
                em,
                true,
                Colour::Ink,
            );
        }
        let heading = match (letter, panel.title.as_str()) {
            (Some(letter), "") => format!("({letter})"),
            (Some(letter), title) => format!("({letter})  {title}"),
            (None, title) => title.into(),
        };
        self.text(&heading, (left, top - (0.85 + above) * em), 0.0, em, false, Colour::Ink);
        for layer in &panel.layers {
            let pieces = pieces(layer, [x_axis, y_axis], frame);
            self.marks(layer, &pieces, true);
        }
        self.outline(frame);
        for note in &panel.notes {
            // Words at a point that the panel does not show would stand in another.
            if let (Some(x), Some(y)) = (x_axis.place(note.at.0), y_axis.place(note.at.1)) {
                self.text(&note.label, frame.at(x, y), note.anchor, SMALL * em, false, note.colour);
            }
        }
        self.legend(panel, place, frame);
    }

    fn ticks(&mut self, panel: &Panel, [x_axis, y_axis]: [&Fitted; 2], frame: Frame) {
        let (em, long, short) = (self.em, 0.35 * self.em, 0.2 * self.em);
        for (value, label) in &x_axis.ticks {
            let Some(place) = x_axis.place(*value) else { continue };
            let (x, y) = frame.at(place, 0.0);
            self.ink(&[(x, y), (x, y + long)], 0.5);
            if !panel.x.bare {
                self.number(label, (x, y + 1.1 * em), 0.5);
            }
        }
        for (value, label) in &y_axis.ticks {
            let Some(place) = y_axis.place(*value) else { continue };
            let (x, y) = frame.at(0.0, place);
            self.ink(&[(x, y), (x - long, y)], 0.5);
            if !panel.y.bare {
                self.number(label, (x - 0.55 * em, y), 1.0);
            }
        }
        for place in x_axis.minor.iter().filter_map(|v| x_axis.place(*v)) {
            let (x, y) = frame.at(place, 0.0);
            self.ink(&[(x, y), (x, y + short)], 0.5);
        }
        for place in y_axis.minor.iter().filter_map(|v| y_axis.place(*v)) {
            let (x, y) = frame.at(0.0, place);
            self.ink(&[(x, y), (x - short, y)], 0.5);
        }
    }

    /// Draws a layer's mark along pieces of a curve.
    pub(super) fn marks(&mut self, layer: &Layer, pieces: &[Vec<(f64, f64)>], data: bool) {
        let colour = self.theme.colour(layer.colour);
        let size = self.theme.disc * self.theme.zoom;
        let width = self.theme.zoom * if layer.mark == Mark::Guide { 0.5 } else { self.theme.line };
        for piece in pieces.iter().filter(|p| !p.is_empty()) {
            match layer.mark {
                // The first is whole, so that no gap is left where the others are a little longer.
                Mark::Line if data && layer.turn.0 > 0 => {
                    // The period is short enough to be seen in a panel, a piece long enough to
                    // show its colour.
                    let length = (5.0 / layer.turn.1 as f64).clamp(0.6, 1.6) * self.em;
                    for points in turns(piece, length, layer.turn) {
                        self.items.push(Item::Path { points, colour, width, data });
                    }
                }
                Mark::Line | Mark::Guide | Mark::Bar => {
                    let data = data && layer.mark != Mark::Guide;
                    self.items.push(Item::Path { points: piece.clone(), colour, width, data });
                }
                Mark::Dashed => {
                    for points in dashes(piece, 0.5 * self.em, 0.3 * self.em) {
                        self.items.push(Item::Path { points, colour, width, data });
                    }
                }
                mark => self.items.extend(piece.iter().map(|&at| Item::Sign {
                    mark,
                    at,
                    size,
                    colour,
                    data,
                })),
            }
        }
    }
}
