//! A figure as PDF: the items of the layout as vectors, text as text in the two embedded fonts, one
//! page of the figure's size. Widths are those of the fonts, so that every viewer shows the same.

use super::item::{Frame, Item, Text};
use super::label::{FONTS, parts};
use super::layout;
use super::paint::bar;
use super::style::Theme;
use super::{Figure, FigureError, Mark};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{
    CidFontType, FontFlags, LineCapStyle, LineJoinStyle, SystemInfo, UnicodeCmap,
};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use plotters::style::RGBColor;
use std::collections::BTreeMap;
use ttf_parser::Face;

/// The level of compression of the streams, 0 to 10.
const COMPRESSION: u8 = 6;
/// A quarter of a circle as a Bézier curve: distance of the control points, of the radius.
const QUARTER: f64 = 0.552_284_75;
/// The least number of pixels of a map in each direction.
const PIXELS: usize = 600;
/// Units of an em in a PDF's font metrics.
const GLYPH_UNITS: f64 = 1000.0;

/// The figure as the bytes of a PDF.
pub(super) fn pdf(figure: &Figure, theme: &Theme) -> Result<Vec<u8>, FigureError> {
    let failed = |reason: String| FigureError::Drawing { name: figure.name.clone(), reason };
    super::label::register_fonts().map_err(failed)?;
    let faces = FONTS
        .iter()
        .map(|font| Face::parse(font, 0).map_err(|e| failed(e.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let (width, height) = layout::size(figure, theme);
    let mut page = Page {
        content: Content::new(),
        height,
        glyphs: vec![BTreeMap::new(); faces.len()],
        faces: &faces,
        images: vec![],
    };
    let (r, g, b) = theme.paper;
    page.fill(RGBColor(r, g, b));
    page.content.rect(0.0, 0.0, width as f32, height as f32).fill_nonzero();
    page.content.set_line_cap(LineCapStyle::ButtCap).set_line_join(LineJoinStyle::RoundJoin);
    for item in layout::items(figure, theme) {
        page.item(&item);
    }
    Ok(page.written(figure, (width, height)))
}

struct Page<'a> {
    content: Content,
    height: f64,
    /// The glyphs that are used of each font, with what they stand for.
    glyphs: Vec<BTreeMap<u16, char>>,
    faces: &'a [Face<'a>],
    /// Width, height and pixels of maps.
    images: Vec<(usize, usize, Vec<u8>)>,
}

fn unit(channel: u8) -> f32 {
    f32::from(channel) / 255.0
}

impl Page<'_> {
    fn fill(&mut self, RGBColor(r, g, b): RGBColor) {
        self.content.set_fill_rgb(unit(r), unit(g), unit(b));
    }

    /// A point of the sheet, which counts from the top, on the page, which counts from below.
    fn at(&self, (x, y): (f64, f64)) -> (f32, f32) {
        (x as f32, (self.height - y) as f32)
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Text(text) => self.text(text),
            Item::Path { points, colour, width, .. } => self.path(points, *colour, *width),
            Item::Sign { mark, at, size, colour, .. } => self.sign(*mark, *at, *size, *colour),
            Item::Cells { frame, rows } => self.cells(frame, rows),
        }
    }

    fn path(&mut self, points: &[(f64, f64)], RGBColor(r, g, b): RGBColor, width: f64) {
        self.content.set_stroke_rgb(unit(r), unit(g), unit(b)).set_line_width(width as f32);
        for (number, &point) in points.iter().enumerate() {
            let (x, y) = self.at(point);
            match number {
                0 => self.content.move_to(x, y),
                _ => self.content.line_to(x, y),
            };
        }
        self.content.stroke();
    }

    fn circle(&mut self, middle: (f64, f64), radius: f64) {
        let point = |x: f64, y: f64| self.at((middle.0 + radius * x, middle.1 + radius * y));
        let (k, start) = (QUARTER, point(1.0, 0.0));
        let quarters =
            [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)].map(|(x, y): (f64, f64)| {
                // From (x, y) to (-y, x), a quarter of a turn on.
                [point(x - k * y, y + k * x), point(-y + k * x, x + k * y), point(-y, x)]
            });
        self.content.move_to(start.0, start.1);
        for [a, b, end] in quarters {
            self.content.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1);
        }
        self.content.close_path();
    }

    fn polygon(&mut self, corners: &[(f64, f64)]) {
        for (number, &corner) in corners.iter().enumerate() {
            let (x, y) = self.at(corner);
            match number {
                0 => self.content.move_to(x, y),
                _ => self.content.line_to(x, y),
            };
        }
        self.content.close_path().fill_nonzero();
    }

    /// A sign of the shape and size that `paint` gives it.
    fn sign(&mut self, mark: Mark, (x, y): (f64, f64), size: f64, colour: RGBColor) {
        let radius = 0.5 * size;
        self.fill(colour);
        match mark {
            Mark::Ring => {
                let (width, RGBColor(r, g, b)) = (0.22 * size, colour);
                self.content.set_stroke_rgb(unit(r), unit(g), unit(b));
                self.content.set_line_width(width as f32);
                self.circle((x, y), radius - 0.5 * width);
                self.content.stroke();
            }
            Mark::Square => {
                let half = 0.88 * radius;
                let (l, t, r, b) = (x - half, y - half, x + half, y + half);
                self.polygon(&[(l, t), (r, t), (r, b), (l, b)]);
            }
            Mark::Diamond => {
                let half = 1.25 * radius;
                self.polygon(&[(x - half, y), (x, y - half), (x + half, y), (x, y + half)]);
            }
            _ => {
                self.circle((x, y), radius);
                self.content.fill_nonzero();
            }
        }
    }

    fn cells(&mut self, frame: &Frame, rows: &[Vec<RGBColor>]) {
        let cells = rows.first().map_or(0, Vec::len);
        if cells == 0 {
            return;
        }
        // Viewers blur what they enlarge a little: a cell is several pixels.
        let [across, down] = [cells, rows.len()].map(|count| PIXELS.div_ceil(count));
        let pixels = rows.iter().flat_map(|row| {
            let line: Vec<u8> = row.iter().flat_map(|c| [c.0, c.1, c.2].repeat(across)).collect();
            line.repeat(down)
        });
        let name = image_name(self.images.len());
        self.images.push((across * cells, down * rows.len(), pixels.collect()));
        let (x, y) = self.at((frame.left, frame.bottom));
        let (w, h) = ((frame.right - frame.left) as f32, (frame.bottom - frame.top) as f32);
        self.content.save_state().transform([w, 0.0, 0.0, h, x, y]);
        self.content.x_object(Name(name.as_bytes())).restore_state();
    }

    fn text(&mut self, text: &Text) {
        let mut along = 0.0;
        for part in parts(&text.label) {
            let em = text.size * part.size();
            let font = usize::from(part.italic);
            let mut codes = Vec::new();
            for letter in part.text.chars() {
                let letter = if letter == '\u{a0}' { ' ' } else { letter };
                let glyph = self.faces[font].glyph_index(letter).map_or(0, |glyph| glyph.0);
                self.glyphs[font].insert(glyph, letter);
                codes.extend(glyph.to_be_bytes());
            }
            let rise = text.size * part.rise();
            let (x, y) = self.at(text.sheet(along, rise));
            let turned =
                if text.turned { [0.0, 1.0, -1.0, 0.0, x, y] } else { [1.0, 0.0, 0.0, 1.0, x, y] };
            self.fill(text.colour);
            self.content.begin_text().set_font(Name(font_name(font).as_bytes()), em as f32);
            self.content.set_text_matrix(turned).show(Str(&codes));
            self.content.end_text();
            if let Some((ends, width)) = bar(text, &part, along) {
                self.path(&ends, text.colour, width);
            }
            along += text.size * part.width();
        }
    }

    fn written(self, figure: &Figure, (width, height): (f64, f64)) -> Vec<u8> {
        let mut next = 0;
        let mut new = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, pages, page, content) = (new(), new(), new(), new());
        let fonts: Vec<Ref> = self.faces.iter().map(|_| new()).collect();
        let images: Vec<Ref> = self.images.iter().map(|_| new()).collect();
        let info = new();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.document_info(info)
            .title(TextStr(&figure.name))
            .producer(TextStr(concat!("flipchain ", env!("CARGO_PKG_VERSION"))));
        pdf.pages(pages).kids([page]).count(1);
        let mut sheet = pdf.page(page);
        sheet.parent(pages).contents(content);
        sheet.media_box(Rect::new(0.0, 0.0, width as f32, height as f32));
        let mut resources = sheet.resources();
        let mut named = resources.fonts();
        for (font, id) in fonts.iter().enumerate() {
            named.pair(Name(font_name(font).as_bytes()), *id);
        }
        named.finish();
        let mut named = resources.x_objects();
        for (image, id) in images.iter().enumerate() {
            named.pair(Name(image_name(image).as_bytes()), *id);
        }
        named.finish();
        resources.finish();
        sheet.finish();
        let compressed = |bytes: &[u8]| compress_to_vec_zlib(bytes, COMPRESSION);
        pdf.stream(content, &compressed(self.content.finish().as_slice()))
            .filter(Filter::FlateDecode);
        for ((columns, rows, pixels), id) in self.images.iter().zip(&images) {
            let bytes = compressed(pixels);
            let mut image = pdf.image_xobject(*id, &bytes);
            image.filter(Filter::FlateDecode);
            image.width(*columns as i32).height(*rows as i32);
            image.color_space().device_rgb();
            image.bits_per_component(8).interpolate(false);
        }
        for (font, id) in fonts.into_iter().enumerate() {
            let ids = [new(), new(), new(), new()];
            embed(&mut pdf, id, ids, (FONTS[font], &self.faces[font]), &self.glyphs[font], font);
        }
        pdf.finish()
    }
}

/// Embeds a font; only glyphs that are used have a width and a letter.
fn embed(
    pdf: &mut Pdf,
    id: Ref,
    [cid, descriptor, file, letters]: [Ref; 4],
    (bytes, face): (&[u8], &Face<'_>),
    glyphs: &BTreeMap<u16, char>,
    number: usize,
) {
    // The fonts are cut from the whole ones, which a PDF says by six letters before the name.
    let base = ["FLIPCH+DejaVuSansCondensed", "FLIPCH+DejaVuSansCondensed-Oblique"][number];
    let base = Name(base.as_bytes());
    let scale = GLYPH_UNITS / f64::from(face.units_per_em());
    let units = |value: i16| (f64::from(value) * scale) as f32;
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
    pdf.type0_font(id)
        .base_font(base)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(letters);
    let mut font = pdf.cid_font(cid);
    font.subtype(CidFontType::Type2).base_font(base).system_info(system);
    font.font_descriptor(descriptor).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = font.widths();
    for &glyph in glyphs.keys() {
        let advance = face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
        widths.consecutive(glyph, [(f64::from(advance) * scale) as f32]);
    }
    widths.finish();
    font.finish();
    let bounds = face.global_bounding_box();
    pdf.font_descriptor(descriptor)
        .name(base)
        .flags(if number == 0 {
            FontFlags::SYMBOLIC
        } else {
            FontFlags::SYMBOLIC | FontFlags::ITALIC
        })
        .bbox(Rect::new(
            units(bounds.x_min),
            units(bounds.y_min),
            units(bounds.x_max),
            units(bounds.y_max),
        ))
        .italic_angle(face.italic_angle())
        .ascent(units(face.ascender()))
        .descent(units(face.descender()))
        .cap_height(units(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(80.0)
        .font_file2(file);
    let compressed = compress_to_vec_zlib(bytes, COMPRESSION);
    pdf.stream(file, &compressed)
        .filter(Filter::FlateDecode)
        .pair(Name(b"Length1"), bytes.len() as i32);
    let mut cmap = UnicodeCmap::new(Name(b"Letters"), system);
    for (&glyph, &letter) in glyphs {
        cmap.pair(glyph, letter);
    }
    pdf.cmap(letters, &cmap.finish());
}

fn font_name(number: usize) -> String {
    format!("F{number}")
}

fn image_name(number: usize) -> String {
    format!("I{number}")
}
