//! Puts the items of a layout on paper with plotters: SVG with text as text, PNG at 300 dpi.

use super::canvas::Canvas;
use super::curves::thinned;
use super::item::{Frame, Item, Text};
use super::label::{FONT, Part, parts, register_fonts};
use super::layout;
use super::style::{DPI, Theme};
use super::{Figure, FigureError, Mark};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, RGBColor};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Pixels of the drawing for one of the PNG, each way; the SVG has its places to 1/900 inch.
const FINE: u32 = super::canvas::FINE as u32;
/// Height of an overbar above the baseline, in ems: clear of a small letter, and of a capital.
const BAR: f64 = 0.67;
const CAPITAL_BAR: f64 = 0.85;

/// The two backends of plotters, which place text differently.
#[derive(Clone, Copy)]
enum Backend {
    Svg,
    Bitmap,
}

impl Backend {
    /// The distance of a text's baseline below its top, in ems: SVG says dy = 0.76em, the bitmap
    /// half its font size of 1.24 em.
    fn baseline(self) -> f64 {
        match self {
            Backend::Svg => 0.76,
            Backend::Bitmap => 0.62,
        }
    }

    /// The pieces in which it draws a part. SVG takes words, because viewers treat spaces in
    /// different ways; the bitmap takes letters, because plotters leaves out the space before each.
    fn pieces(self, part: &Part) -> Vec<(String, f64, f64)> {
        match self {
            Backend::Svg => part.words(),
            Backend::Bitmap => part.letters(),
        }
    }
}

/// The figure as SVG, its size in millimetres.
pub(super) fn svg(figure: &Figure, theme: &Theme) -> Result<String, FigureError> {
    let mut text = String::new();
    let (width, height) = pixels(figure, theme);
    let backend = SVGBackend::with_string(&mut text, (width, height));
    let widths = draw(figure, theme, backend, Backend::Svg)?;
    // Pixels of the drawing are 1/900 inch; say so, or the figure comes out nine times its size.
    let found = format!("width=\"{width}\" height=\"{height}\" viewBox");
    let (w, h) = (figure.size.0 * theme.zoom, figure.size.1 * theme.zoom);
    let text = text.replacen(&found, &format!("width=\"{w}mm\" height=\"{h}mm\" viewBox"), 1);
    // plotters calls the type of a map's image `png`, which is not registered, and writes `href`.
    // Inkscape shows images with `xlink:href` only.
    let text = text.replace(" href=\"data:png;base64,", " xlink:href=\"data:image/png;base64,");
    let text = text.replacen("<svg ", "<svg xmlns:xlink=\"http://www.w3.org/1999/xlink\" ", 1);
    // In whatever font a viewer has, a text is as wide as the layout took it to be.
    let mut pieces = text.split("<text ");
    let mut exact = pieces.next().unwrap_or_default().to_owned();
    for (piece, width) in pieces.zip(widths) {
        exact +=
            &format!("<text textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" {piece}");
    }
    Ok(exact)
}

/// The figure as PNG.
pub(super) fn png(figure: &Figure, theme: &Theme, path: &Path) -> Result<(), FigureError> {
    let (width, height) = pixels(figure, theme);
    let mut canvas = Canvas::new((width, height), theme.paper);
    draw(figure, theme, &mut canvas, Backend::Bitmap)?;
    let io = |source| FigureError::Io { path: path.display().to_string(), source };
    let file = BufWriter::new(File::create(path).map_err(io)?);
    let mut encoder = png::Encoder::new(file, width / FINE, height / FINE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let per_metre = (DPI as f64 / 0.0254).round() as u32;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&canvas.picture())?;
        writer.finish()
    });
    written.map_err(|error| match error {
        png::EncodingError::IoError(source) => io(source),
        other => io(std::io::Error::other(other)),
    })
}

/// Pixels a point.
fn scale() -> f64 {
    (FINE * DPI) as f64 / 72.0
}

fn pixels(figure: &Figure, theme: &Theme) -> (u32, u32) {
    let (width, height) = layout::size(figure, theme);
    let whole = |points: f64| FINE * (points * DPI as f64 / 72.0).round() as u32;
    (whole(width), whole(height))
}

/// Draws a figure on a backend; the width in pixels of every text that was drawn.
fn draw<B: DrawingBackend>(
    figure: &Figure,
    theme: &Theme,
    drawing: B,
    backend: Backend,
) -> Result<Vec<f64>, FigureError> {
    let failed = |reason: String| FigureError::Drawing { name: figure.name.clone(), reason };
    register_fonts().map_err(failed)?;
    let area = drawing.into_drawing_area();
    let mut pen = Pen { area: &area, backend, widths: vec![] };
    let mut drawn = || {
        let (r, g, b) = theme.paper;
        // Every drawing begins with the colour of the paper.
        if matches!(backend, Backend::Svg) {
            area.fill(&RGBColor(r, g, b)).map_err(|e| e.to_string())?;
        }
        layout::items(figure, theme).iter().try_for_each(|item| pen.item(item))?;
        area.present().map_err(|e| e.to_string())
    };
    drawn().map_err(failed)?;
    Ok(pen.widths)
}

struct Pen<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    backend: Backend,
    widths: Vec<f64>,
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    ((x * scale()).round() as i32, (y * scale()).round() as i32)
}

impl<B: DrawingBackend> Pen<'_, B> {
    fn item(&mut self, item: &Item) -> Result<(), String> {
        match item {
            Item::Text(text) => self.text(text),
            Item::Path { points, colour, width, .. } => self.path(points, *colour, *width),
            Item::Sign { mark, at, size, colour, .. } => self.sign(*mark, *at, *size, *colour),
            Item::Cells { frame, rows } => self.cells(frame, rows),
        }
    }

    fn path(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Result<(), String> {
        // Points are rounded to pixels of the drawing, which moves them by half a pixel at most.
        let points = thinned(points, 0.5 / scale());
        let mut path: Vec<(i32, i32)> = points.into_iter().map(pixel).collect();
        path.dedup();
        let style = colour.stroke_width((width * scale()).round().max(1.0) as u32);
        self.area.draw(&PathElement::new(path, style)).map_err(|e| e.to_string())
    }

    fn sign(&self, mark: Mark, at: (f64, f64), size: f64, colour: RGBColor) -> Result<(), String> {
        let (x, y) = pixel(at);
        let radius = (0.5 * size * scale()).round() as i32;
        let drawn = match mark {
            Mark::Ring => {
                // The line's middle is on the radius, as far out as the edge of a disc.
                let width = (0.22 * size * scale()).round() as u32;
                self.area.draw(&Circle::new(
                    (x, y),
                    radius - width as i32 / 2,
                    colour.stroke_width(width),
                ))
            }
            Mark::Square => {
                let half = (0.88 * radius as f64) as i32;
                self.area.draw(&Rectangle::new(
                    [(x - half, y - half), (x + half, y + half)],
                    colour.filled(),
                ))
            }
            Mark::Diamond => {
                let half = (1.25 * radius as f64) as i32;
                let corners = vec![(x - half, y), (x, y - half), (x + half, y), (x, y + half)];
                self.area.draw(&Polygon::new(corners, colour))
            }
            _ => self.area.draw(&Circle::new((x, y), radius, colour.filled())),
        };
        drawn.map_err(|e| e.to_string())
    }

    fn cells(&self, frame: &Frame, rows: &[Vec<RGBColor>]) -> Result<(), String> {
        let ((left, top), (right, bottom)) =
            (pixel((frame.left, frame.top)), pixel((frame.right, frame.bottom)));
        let (width, height) = ((right - left).max(1) as usize, (bottom - top).max(1) as usize);
        let mut pixels = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            let row = &rows[y * rows.len() / height];
            pixels.extend(
                (0..width).map(|x| row[x * row.len() / width]).flat_map(|c| [c.0, c.1, c.2]),
            );
        }
        let size = (width as u32, height as u32);
        let image = BitMapElement::with_owned_buffer((left, top), size, pixels)
            .ok_or("a map of no size")?;
        self.area.draw(&image).map_err(|e| e.to_string())
    }

    fn text(&mut self, text: &Text) -> Result<(), String> {
        let mut along = 0.0;
        // Every part at its own place, so that a bar is over its letter in whatever font a viewer
        // of the SVG has.
        for part in parts(&text.label) {
            let em = text.size * part.size();
            let font = FontDesc::new(FontFamily::Name(FONT), 1.24 * em * scale(), part.style());
            let mut style =
                TextStyle::from(font).color(&text.colour).pos(Pos::new(HPos::Left, VPos::Top));
            if text.turned {
                style = style.transform(FontTransform::Rotate270);
            }
            let rise = text.size * part.rise();
            for (piece, start, width) in self.backend.pieces(&part) {
                let below = self.backend.baseline() * em;
                let at = pixel(text.sheet(along + text.size * start, rise + below));
                self.area.draw_text(&piece, &style, at).map_err(|e| e.to_string())?;
                self.widths.push(text.size * width * scale());
            }
            let width = text.size * part.width();
            if let Some((ends, width)) = bar(text, &part, along) {
                self.path(&ends, text.colour, width)?;
            }
            along += width;
        }
        Ok(())
    }
}

/// Ends and width of the bar over a part that begins `along` a label; `None` for one without.
pub(super) fn bar(text: &Text, part: &Part, along: f64) -> Option<([(f64, f64); 2], f64)> {
    if !part.bar {
        return None;
    }
    let (em, width) = (text.size * part.size(), text.size * part.width());
    let lean = if part.italic { 0.12 * em } else { 0.0 };
    let height = if part.text.chars().all(char::is_uppercase) { CAPITAL_BAR } else { BAR };
    let above = text.size * part.rise() + height * em;
    let ends = [along + lean + 0.04 * em, along + lean + width - 0.04 * em];
    Some((ends.map(|along| text.sheet(along, above)), 0.07 * em))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_says_its_resolution() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("empty.png");
        png(&Figure { size: (20.0, 10.0), ..Default::default() }, &Theme::PRINT, &path)
            .expect("it is drawn");
        let bytes = std::fs::read(&path).expect("it is there");
        // 300 dpi are 11811 pixels a metre; the checksum is that of another program (zlib's crc32).
        assert_eq!(
            bytes[33..54],
            [0, 0, 0, 9, 112, 72, 89, 115, 0, 0, 46, 35, 0, 0, 46, 35, 1, 0x78, 0xa5, 0x3f, 0x76]
        );
    }
}
