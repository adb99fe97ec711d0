//! One style for every figure: sizes at print width, colours, maps.

use super::Colour;
use plotters::style::RGBColor;

/// Pixels a millimetre at 300 dpi, the unit of all drawing.
pub(super) const PER_MM: f64 = 300.0 / 25.4;

/// Width of a journal's single column, mm.
pub const SINGLE_COLUMN: f64 = 86.0;
/// Width of a journal's double column, mm.
pub const DOUBLE_COLUMN: f64 = 178.0;

/// How figures look for one purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Behind everything.
    pub paper: (u8, u8, u8),
    /// Text and axes.
    pub ink: (u8, u8, u8),
    /// Size of the text in points.
    pub text: f64,
    /// Width of a curve in points.
    pub line: f64,
    /// Diameter of a disc in points.
    pub disc: f64,
    /// Whether the ordered map runs from its dark end (paper is light) or its light end.
    pub dark: bool,
}

impl Theme {
    /// For a page: 8 pt, black on white.
    pub const PRINT: Theme =
        Theme { paper: (255, 255, 255), ink: (0, 0, 0), text: 8.0, line: 1.0, disc: 3.0, dark: false };
    /// For slides: 11 pt, light on dark.
    pub const SLIDES: Theme =
        Theme { paper: (24, 26, 31), ink: (235, 235, 235), text: 11.0, line: 1.8, disc: 4.5, dark: true };

    /// The colour of a layer.
    pub(super) fn colour(&self, colour: Colour) -> RGBColor {
        match colour {
            Colour::Ink => RGBColor(self.ink.0, self.ink.1, self.ink.2),
            Colour::Palette(index) => {
                let (r, g, b) = PALETTE[index % PALETTE.len()];
                RGBColor(r, g, b)
            }
            // The last tenth of the map would vanish on white paper, the first on black.
            Colour::Map(place) => viridis(if self.dark { 0.15 + 0.85 * place } else { 0.9 * place }),
        }
    }
}

/// Okabe and Ito, Color Universal Design (2008), without black; yellow, hardly visible on white, last.
const PALETTE: [(u8, u8, u8); 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0), (240, 228, 66)];

/// Matplotlib's viridis (S. van der Walt and N. Smith, CC0) at eleven even places, linear between them.
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
    let at = place.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (at as usize).min(STOPS.len() - 2);
    let part = at - below as f64;
    let mix = |i: usize| (STOPS[below][i] * (1.0 - part) + STOPS[below + 1][i] * part).round() as u8;
    RGBColor(mix(0), mix(1), mix(2))
}
