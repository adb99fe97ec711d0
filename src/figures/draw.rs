//! Puts a [`Figure`] on paper with plotters: layout, axes, keys.

use super::axis::Fitted;
use super::style::{PER_MM, Theme};
use super::{Colour, Corner, Figure, FigureError, Layer, Mark, Panel, letter};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const FONT: &str = "sans-serif";
/// The combining macron, drawn as a line over the letter before it: plotters does not place combining marks.
const OVERBAR: char = '\u{304}';
/// Where a label's baseline lies below the point it is centred on, in ems: half the height of a capital letter.
const BASELINE: f64 = 0.33;
/// The same as plotters' backends place it, in ems of the run's own size; from their sources, half an ex in SVG.
const SVG_BASELINE: f64 = 0.27;
const PNG_BASELINE: f64 = 0.12;
/// Height of an overbar above the baseline, in ems: clear of the letters without ascenders.
const BAR: f64 = 0.75;

/// The figure as SVG, its size in millimetres.
pub(super) fn svg(figure: &Figure, theme: &Theme) -> Result<String, FigureError> {
    let mut text = String::new();
    let (width, height) = pixels(figure);
    on(figure, theme, SVGBackend::with_string(&mut text, (width, height)), SVG_BASELINE)?;
    // One pixel of the drawing is 1/300 inch; say so, or the figure comes out three times its size.
    let found = format!("width=\"{width}\" height=\"{height}\" viewBox");
    let exact = format!("width=\"{}mm\" height=\"{}mm\" viewBox", figure.size.0, figure.size.1);
    Ok(text.replacen(&found, &exact, 1))
}

/// The figure as PNG, 300 dpi.
pub(super) fn png(figure: &Figure, theme: &Theme, path: &Path) -> Result<(), FigureError> {
    on(figure, theme, BitMapBackend::new(path, pixels(figure)), PNG_BASELINE)
}

fn pixels(figure: &Figure) -> (u32, u32) {
    ((figure.size.0 * PER_MM) as u32, (figure.size.1 * PER_MM) as u32)
}

fn on<B: DrawingBackend>(figure: &Figure, theme: &Theme, backend: B, baseline: f64) -> Result<(), FigureError> {
    let failed = |reason: String| FigureError::Drawing { name: figure.name.clone(), reason };
    plotters::style::register_font(FONT, FontStyle::Normal, include_bytes!("DejaVuSans.ttf"))
        .map_err(|_| failed("the embedded font cannot be read".into()))?;
    let area = backend.into_drawing_area();
    let sheet = Sheet { area: &area, theme, baseline };
    sheet.figure(figure).and_then(|()| area.present().map_err(|e| e.to_string())).map_err(failed)
}

/// A drawing area with its theme; all lengths in pixels. Errors are the library's words.
struct Sheet<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    theme: &'a Theme,
    /// Where the backend puts the baseline of a text below its point, in ems.
    baseline: f64,
}

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy)]
struct Frame {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top))
    }
}

/// A label cut at its sub- and superscripts: text and level (-1, 0, 1).
fn runs(label: &str) -> Vec<(String, i32)> {
    let mut runs = vec![(String::new(), 0)];
    let mut rest = label;
    while let Some(place) = rest.find(['_', '^', '}']) {
        let last = runs.len() - 1;
        runs[last].0.push_str(&rest[..place]);
        let tail = &rest[place..];
        let level = if tail.starts_with("_{") {
            -1
        } else if tail.starts_with("^{") {
            1
        } else {
            if !tail.starts_with('}') {
                runs[last].0.push_str(&tail[..1]);
            } else {
                runs.push((String::new(), 0));
            }
            rest = &tail[1..];
            continue;
        };
        runs.push((String::new(), level));
        rest = &tail[2..];
    }
    let last = runs.len() - 1;
    runs[last].0.push_str(rest);
    runs.retain(|(text, _)| !text.is_empty());
    runs
}

/// A text cut around its overbarred letters: text and whether a bar goes over it.
fn barred(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(OVERBAR) {
        let letter = rest[..place].char_indices().next_back().map_or(0, |(start, _)| start);
        parts.extend([(&rest[..letter], false), (&rest[letter..place], true)]);
        rest = &rest[place + OVERBAR.len_utf8()..];
    }
    parts.push((rest, false));
    parts.retain(|(text, _)| !text.is_empty());
    parts
}

/// Size of a run's letters by its level.
fn scale(level: i32) -> f64 {
    if level == 0 { 1.0 } else { 0.72 }
}

impl<B: DrawingBackend> Sheet<'_, B> {
    /// Points to pixels.
    fn points(&self, points: f64) -> f64 {
        points * PER_MM * 25.4 / 72.0
    }

    /// Height of an em of the text.
    fn em(&self) -> f64 {
        self.points(self.theme.text)
    }

    fn style(&self, level: i32) -> TextStyle<'static> {
        // plotters' font size is 1.24 em.
        let size = self.em() * 1.24 * scale(level);
        let color = self.theme.colour(Colour::Ink).to_backend_color();
        TextStyle { color, ..(FONT, size).into_font().into() }
    }

    fn width(&self, label: &str) -> Result<f64, String> {
        runs(label).iter().try_fold(0.0, |sum, (text, level)| Ok(sum + self.run_width(text, *level)?))
    }

    fn run_width(&self, text: &str, level: i32) -> Result<f64, String> {
        let size = self.area.estimate_text_size(&text.replace(OVERBAR, ""), &self.style(level));
        size.map(|(width, _)| width as f64).map_err(|e| e.to_string())
    }

    /// Draws a label at a point: centred vertically on it, with `anchor` 0 for starting, 0.5 for centred, 1 for ending there.
    /// Turned, it reads upwards.
    fn text(&self, label: &str, (x, y): (f64, f64), anchor: f64, turned: bool) -> Result<(), String> {
        let mut along = -anchor * self.width(label)?;
        // A point of the label's own frame, along and across its baseline, on the sheet.
        let sheet = |along: f64, across: f64| if turned { (x + across, y - along) } else { (x + along, y + across) };
        for (text, level) in runs(label) {
            let mut style = self.style(level).pos(Pos::new(HPos::Left, VPos::Center));
            if turned {
                style = style.transform(FontTransform::Rotate270);
            }
            let baseline = (BASELINE - 0.32 * level as f64) * self.em();
            let em = scale(level) * self.em();
            // Every part at its own place, so that a bar is over its letter in whatever font a viewer of the SVG has.
            for (part, bar) in barred(&text) {
                let (x, y) = sheet(along, baseline - self.baseline * em);
                // Viewers of SVG collapse and trim ordinary spaces.
                let solid = part.replace(' ', "\u{a0}");
                self.area.draw_text(&solid, &style, (x.round() as i32, y.round() as i32)).map_err(|e| e.to_string())?;
                let width = self.run_width(part, level)?;
                if bar {
                    let ends = [along + 0.04 * em, along + width].map(|a| sheet(a, baseline - BAR * em));
                    self.path(&ends, Colour::Ink, 0.6)?;
                }
                along += width;
            }
        }
        Ok(())
    }

    fn path(&self, points: &[(f64, f64)], colour: Colour, points_wide: f64) -> Result<(), String> {
        let path: Vec<(i32, i32)> = points.iter().map(|(x, y)| (x.round() as i32, y.round() as i32)).collect();
        let style = self.theme.colour(colour).stroke_width(self.points(points_wide).round().max(1.0) as u32);
        self.area.draw(&PathElement::new(path, style)).map_err(|e| e.to_string())
    }

    fn figure(&self, figure: &Figure) -> Result<(), String> {
        let paper = self.theme.paper;
        self.area.fill(&RGBColor(paper.0, paper.1, paper.2)).map_err(|e| e.to_string())?;
        let (width, height) = self.area.dim_in_pixel();
        let named: Vec<&Layer> = figure.panels.first().map_or(vec![], |p| named(&p.layers));
        let key_width = match &figure.key {
            Some(heading) => {
                let labels = named.iter().map(|l| self.width(&l.label).map(|w| w + 2.4 * self.em()));
                let heading = self.width(heading);
                labels.chain([heading]).try_fold(0.0, |m: f64, w| w.map(|w| m.max(w)))? + self.em()
            }
            None => 0.0,
        };
        let columns = figure.columns.max(1);
        let rows = figure.panels.len().div_ceil(columns).max(1);
        let cell = ((width as f64 - key_width) / columns as f64, height as f64 / rows as f64);
        let fitted: Vec<[Fitted; 2]> = figure.panels.iter().map(|panel| self.fit(panel, cell)).collect();
        for (index, (panel, axes)) in figure.panels.iter().zip(&fitted).enumerate() {
            let (column, row) = (index % columns, index / columns);
            let outer = Frame {
                left: column as f64 * cell.0,
                top: row as f64 * cell.1,
                right: (column + 1) as f64 * cell.0,
                bottom: (row + 1) as f64 * cell.1,
            };
            let letter = (figure.panels.len() > 1).then(|| letter(index));
            self.panel(panel, axes, outer, letter)?;
        }
        if let Some(heading) = &figure.key {
            let (x, mut y) = (width as f64 - key_width + 0.3 * self.em(), 1.8 * self.em());
            self.text(heading, (x, y), 0.0, false)?;
            for layer in named {
                y += 1.5 * self.em();
                self.entry(layer, x, y)?;
            }
        }
        Ok(())
    }

    /// A mark and its label, starting at x.
    fn entry(&self, layer: &Layer, x: f64, y: f64) -> Result<(), String> {
        let sample = match layer.mark {
            Mark::Line | Mark::Dashed => vec![(x, y), (x + 1.6 * self.em(), y)],
            Mark::Disc => vec![(x + 0.8 * self.em(), y)],
        };
        self.marks(layer, &[sample])?;
        self.text(&layer.label, (x + 2.1 * self.em(), y), 0.0, false)
    }

    fn fit(&self, panel: &Panel, cell: (f64, f64)) -> [Fitted; 2] {
        let points = || panel.layers.iter().flat_map(|l| &l.points);
        let most = |length: f64, ems: f64| ((length / (ems * self.em())) as usize).clamp(2, 7);
        [panel.x.fit(points().map(|p| p.0), most(cell.0, 4.5)), panel.y.fit(points().map(|p| p.1), most(cell.1, 3.0))]
    }

    fn panel(
        &self,
        panel: &Panel,
        [x_axis, y_axis]: &[Fitted; 2],
        outer: Frame,
        letter: Option<char>,
    ) -> Result<(), String> {
        let em = self.em();
        let widest = y_axis.ticks.iter().try_fold(0.0, |m: f64, t| self.width(&t.1).map(|w| m.max(w)))?;
        let frame = Frame {
            left: outer.left + widest + 3.0 * em,
            top: outer.top + 1.8 * em,
            right: outer.right - 1.2 * em,
            bottom: outer.bottom - 3.4 * em,
        };
        let tick = 0.35 * em;
        for (value, label) in &x_axis.ticks {
            let Some(place) = x_axis.place(*value) else { continue };
            let (x, y) = frame.at(place, 0.0);
            self.path(&[(x, y), (x, y + tick)], Colour::Ink, 0.5)?;
            self.text(label, (x, y + 1.05 * em), 0.5, false)?;
        }
        for (value, label) in &y_axis.ticks {
            let Some(place) = y_axis.place(*value) else { continue };
            let (x, y) = frame.at(0.0, place);
            self.path(&[(x, y), (x - tick, y)], Colour::Ink, 0.5)?;
            self.text(label, (x - 0.6 * em, y), 1.0, false)?;
        }
        let (left, bottom) = frame.at(0.0, 0.0);
        let (right, top) = frame.at(1.0, 1.0);
        let corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)];
        let title = |axis: &super::Axis, fitted: &Fitted| match fitted.factor {
            Some(k) => format!("{}  (10^{{{k}}})", axis.label).replace("{-", "{−"),
            None => axis.label.clone(),
        };
        self.text(&title(&panel.x, x_axis), (0.5 * (left + right), bottom + 2.4 * em), 0.5, false)?;
        self.text(&title(&panel.y, y_axis), (left - widest - 1.7 * em, 0.5 * (top + bottom)), 0.5, true)?;
        if let Some(letter) = letter {
            self.text(&format!("({letter})"), (left, top - 0.9 * em), 0.0, false)?;
        }
        for layer in &panel.layers {
            let place = |&(x, y): &(f64, f64)| Some(frame.at(x_axis.place(x)?, y_axis.place(y)?));
            let places: Vec<Option<(f64, f64)>> = layer.points.iter().map(place).collect();
            let pieces: Vec<Vec<(f64, f64)>> =
                places.split(Option::is_none).map(|piece| piece.iter().flatten().copied().collect()).collect();
            self.marks(layer, &pieces)?;
        }
        self.path(&corners, Colour::Ink, 0.5)?;
        let Some(corner) = panel.legend else { return Ok(()) };
        let layers = named(&panel.layers);
        let width = layers.iter().try_fold(0.0, |m: f64, l| self.width(&l.label).map(|w| m.max(w)))? + 2.6 * em;
        let x = match corner {
            Corner::TopLeft | Corner::BottomLeft => left + 0.6 * em,
            Corner::TopRight | Corner::BottomRight => right - width,
        };
        let first = match corner {
            Corner::TopLeft | Corner::TopRight => top + 1.0 * em,
            Corner::BottomLeft | Corner::BottomRight => bottom - 1.0 * em - 1.35 * em * (layers.len() - 1) as f64,
        };
        for (index, layer) in layers.into_iter().enumerate() {
            self.entry(layer, x, first + 1.35 * em * index as f64)?;
        }
        Ok(())
    }

    /// Draws a layer's mark along pieces of a curve.
    fn marks(&self, layer: &Layer, pieces: &[Vec<(f64, f64)>]) -> Result<(), String> {
        for piece in pieces.iter().filter(|p| !p.is_empty()) {
            match layer.mark {
                Mark::Line => self.path(piece, layer.colour, self.theme.line)?,
                Mark::Dashed => {
                    for dash in dashes(piece, 0.5 * self.em(), 0.3 * self.em()) {
                        self.path(&dash, layer.colour, self.theme.line)?;
                    }
                }
                Mark::Disc => {
                    let radius = (0.5 * self.points(self.theme.disc)).round() as i32;
                    let style = self.theme.colour(layer.colour).filled();
                    for (x, y) in piece {
                        let disc = Circle::new((x.round() as i32, y.round() as i32), radius, style);
                        self.area.draw(&disc).map_err(|e| e.to_string())?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The layers that a key names: those with a label, each label once.
fn named(layers: &[Layer]) -> Vec<&Layer> {
    let mut named: Vec<&Layer> = Vec::new();
    for layer in layers.iter().filter(|l| !l.label.is_empty()) {
        if named.iter().all(|n| n.label != layer.label) {
            named.push(layer);
        }
    }
    named
}

/// Cuts a curve into dashes of length `on` with gaps of length `off`.
fn dashes(curve: &[(f64, f64)], on: f64, off: f64) -> Vec<Vec<(f64, f64)>> {
    let mut dashes = vec![vec![curve[0]]];
    let (mut drawing, mut left) = (true, on);
    for pair in curve.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                break;
            }
            let part = left / length;
            from = (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
            match (drawing, dashes.last_mut()) {
                (true, Some(dash)) => dash.push(from),
                _ => dashes.push(vec![from]),
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        if let (true, Some(dash)) = (drawing, dashes.last_mut()) {
            dash.push(to);
        }
    }
    dashes.retain(|dash| dash.len() > 1);
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_at_scripts() {
        let cut = |label: &str| runs(label).into_iter().map(|(t, l)| format!("{t}:{l}")).collect::<Vec<_>>();
        assert_eq!(cut("e_{heat} (10^{−3})"), ["e:0", "heat:-1", " (10:0", "−3:1", "):0"]);
        assert_eq!(cut("a_b"), ["a_b:0"]);
    }

    #[test]
    fn bars_go_over_the_letter_before() {
        assert_eq!(barred("|∫ p\u{304}r\u{304}² ds"), [("|∫ ", false), ("p", true), ("r", true), ("² ds", false)]);
        assert_eq!(barred("τ\u{304}"), [("τ", true)]);
    }

    #[test]
    fn dashes_cover_their_share_of_a_line() {
        let all = dashes(&[(0.0, 0.0), (30.0, 0.0), (80.0, 0.0)], 5.0, 3.0);
        assert_eq!(all.len(), 10);
        let length: f64 = all.iter().flat_map(|d| d.windows(2)).map(|w| w[1].0 - w[0].0).sum();
        assert!((length - 50.0).abs() < 1e-9);
    }
}
