//! Formats and sizes of figures.

use super::Figure;
use super::style::{DOUBLE_COLUMN, SINGLE_COLUMN};
use std::str::FromStr;

/// A format of drawings. The data are written as CSV beside any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Vector drawing with text as text.
    Svg,
    /// 300 dpi.
    Png,
    /// Vector drawing with text in embedded fonts.
    Pdf,
    /// A page with values under the pointer, in one file.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Svg, Format::Png, Format::Pdf, Format::Html];

    /// Its name and the extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Pdf => "pdf",
            Format::Html => "html",
        }
    }
}

/// Formats as an option takes them: `svg,png,pdf,html` or `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats(pub Vec<Format>);

impl FromStr for Formats {
    type Err = String;

    fn from_str(text: &str) -> Result<Formats, String> {
        if text.trim() == "none" {
            return Ok(Formats(vec![]));
        }
        let mut formats = text
            .split(',')
            .map(|name| {
                let name = name.trim();
                Format::ALL.into_iter().find(|f| f.extension() == name).ok_or_else(|| {
                    format!("found \"{name}\"; allowed: svg, png, pdf, html with commas between, or none")
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        formats.sort_by_key(|f| *f as u8);
        formats.dedup();
        Ok(Formats(formats))
    }
}

/// The size of a figure on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// A journal's column, 86 mm, as high as the figure needs.
    Single,
    /// Both columns, 178 mm.
    Double,
    /// Width and height in mm.
    Millimetres(f64, f64),
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        match text {
            "single" => return Ok(Size::Single),
            "double" => return Ok(Size::Double),
            _ => {}
        }
        let side = |text: &str| text.trim().parse().ok().filter(|mm| (30.0..=2000.0).contains(mm));
        text.split_once(['x', '×'])
            .and_then(|(width, height)| Some(Size::Millimetres(side(width)?, side(height)?)))
            .ok_or_else(|| {
                "allowed: single (86 mm), double (178 mm), or WIDTHxHEIGHT in mm from 30 to 2000, \
                 such as 120x80"
                    .into()
            })
    }
}

/// A panel with its labels needs this much width, mm.
const LEAST_WIDTH: f64 = 50.0;
/// Height of a panel in a column of its own, mm.
const STACKED: f64 = 56.0;

impl Figure {
    /// The same figure at another size: panels that would be too narrow stand below each other.
    /// Panels that share axes (without numbers of their own) stay where they are.
    pub fn resized(self, size: Size) -> Figure {
        let (width, height) = match size {
            Size::Single => (SINGLE_COLUMN, None),
            Size::Double => (DOUBLE_COLUMN, None),
            Size::Millimetres(width, height) => (width, Some(height)),
        };
        let shared = self.panels.iter().any(|panel| panel.x.bare || panel.y.bare);
        let most = ((width / LEAST_WIDTH) as usize).max(1);
        let columns = if shared { self.columns } else { self.columns.min(most) };
        let rows = |columns: usize| self.panels.len().div_ceil(columns.max(1)) as f64;
        let height = height.unwrap_or(match () {
            _ if shared => self.size.1 * width / self.size.0,
            _ if columns == self.columns => self.size.1,
            _ => STACKED * rows(columns),
        });
        Figure { size: (width, height), columns, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_sizes_are_read_and_others_refused() {
        assert_eq!("png,svg,png".parse(), Ok(Formats(vec![Format::Svg, Format::Png])));
        assert_eq!("none".parse(), Ok(Formats(vec![])));
        assert!("jpg".parse::<Formats>().is_err_and(|said| said.contains("svg, png, pdf")));
        assert!("".parse::<Formats>().is_err());
        assert_eq!("single".parse(), Ok(Size::Single));
        assert_eq!("120x80".parse(), Ok(Size::Millimetres(120.0, 80.0)));
        for bad in ["", "wide", "120", "0x80", "120x-3", "nanx80", "1e9x1"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
