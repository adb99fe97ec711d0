//! One style for every figure: sizes at print width, colours, maps.

use super::Colour;
use plotters::style::RGBColor;

/// Points a millimetre; points are the unit of all drawing.
pub(super) const PER_MM: f64 = 72.0 / 25.4;
/// Pixels an inch of a PNG.
pub(super) const DPI: u32 = 300;

/// Width of a journal's single column, mm.
pub const SINGLE_COLUMN: f64 = 86.0;
/// Width of a journal's double column, mm.
pub const DOUBLE_COLUMN: f64 = 178.0;

/// The look of figures for one purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Behind everything.
    pub paper: (u8, u8, u8),
    /// Text and axes.
    pub ink: (u8, u8, u8),
    /// Size of the text in points; numbers at ticks and keys are 7/8 of it.
    pub text: f64,
    /// Width of a curve in points.
    pub line: f64,
    /// Diameter of a disc in points.
    pub disc: f64,
    /// The scale of the whole figure with its text, relative to a page.
    pub zoom: f64,
    /// Whether the ordered map runs from its dark end (paper is light) or its light end.
    pub dark: bool,
}

impl Theme {
    /// The theme for a page: 8 and 7 pt, black on white.
    pub const PRINT: Theme = Theme {
        paper: (255, 255, 255),
        ink: (0, 0, 0),
        text: 8.0,
        line: 1.0,
        disc: 3.0,
        zoom: 1.0,
        dark: false,
    };
    /// The theme for slides: light on dark, a double column as wide as a slide (320 mm), 15 and 13
    /// pt.
    pub const SLIDES: Theme = Theme {
        paper: (24, 26, 31),
        ink: (235, 235, 235),
        text: 8.4,
        line: 1.3,
        disc: 3.6,
        zoom: 1.8,
        dark: true,
    };

    /// The colour of a layer.
    pub(super) fn colour(&self, colour: Colour) -> RGBColor {
        match colour {
            Colour::Ink => RGBColor(self.ink.0, self.ink.1, self.ink.2),
            Colour::Grey => RGBColor(140, 140, 140),
            // Lightened on dark paper, where the palette's blue is hard to see.
            Colour::Palette(index) => {
                let (r, g, b) = PALETTE[index % PALETTE.len()];
                let lift = |c: u8| if self.dark { c + (255 - c) / 4 } else { c };
                RGBColor(lift(r), lift(g), lift(b))
            }
            // The last tenth of the map would vanish on white paper, the first on black.
            Colour::Map(place) => viridis(if self.dark { 0.2 + 0.8 * place } else { 0.9 * place }),
        }
    }

    /// The colour of a value's place in \[0, 1\] on a map.
    pub(super) fn on_map(&self, place: f64, divergent: bool) -> RGBColor {
        if divergent { blue_to_red(place) } else { viridis(place) }
    }
}

/// The colours of Okabe and Ito, Color Universal Design (2008), without black. Yellow comes last,
/// because it is hardly visible on white.
const PALETTE: [(u8, u8, u8); 7] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (240, 228, 66),
];

/// Matplotlib's viridis (S. van der Walt and N. Smith, CC0) at eleven even places, linear between
/// them.
fn viridis(place: f64) -> RGBColor {
    const STOPS: [[f64; 3]; 11] = [
        [68.0, 1.0, 84.0],
        [72.0, 36.0, 117.0],
        [65.0, 68.0, 135.0],
        [53.0, 95.0, 141.0],
        [42.0, 120.0, 142.0],
        [33.0, 145.0, 140.0],
        [34.0, 168.0, 132.0],
        [68.0, 191.0, 112.0],
        [122.0, 209.0, 81.0],
        [189.0, 223.0, 38.0],
        [253.0, 231.0, 37.0],
    ];
    between(&STOPS, place)
}

/// ColorBrewer's RdBu (C. Brewer, M. Harrower, Apache 2.0) from blue to red, white in the middle.
fn blue_to_red(place: f64) -> RGBColor {
    const STOPS: [[f64; 3]; 11] = [
        [5.0, 48.0, 97.0],
        [33.0, 102.0, 172.0],
        [67.0, 147.0, 195.0],
        [146.0, 197.0, 222.0],
        [209.0, 229.0, 240.0],
        [247.0, 247.0, 247.0],
        [253.0, 219.0, 199.0],
        [244.0, 165.0, 130.0],
        [214.0, 96.0, 77.0],
        [178.0, 24.0, 43.0],
        [103.0, 0.0, 31.0],
    ];
    between(&STOPS, place)
}

/// Linear between stops at even places.
fn between(stops: &[[f64; 3]; 11], place: f64) -> RGBColor {
    let at = place.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let below = (at as usize).min(stops.len() - 2);
    let part = at - below as f64;
    let mix =
        |i: usize| (stops[below][i] * (1.0 - part) + stops[below + 1][i] * part).round() as u8;
    RGBColor(mix(0), mix(1), mix(2))
}
