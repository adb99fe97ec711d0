//! Labels as people write them: `*x*` is slanted, `_{}` and `^{}` are sub- and superscripts, and a
//! combining macron puts a bar over the letter before it. Widths are those of the embedded fonts,
//! so that a layout depends on nothing outside the program.

use plotters::style::{FontDesc, FontFamily, FontStyle};

/// First the embedded fonts' name, then what a viewer of an SVG may have instead.
pub(super) const FONT: &str =
    "DejaVu Sans Condensed, DejaVu Sans, Arial Narrow, Helvetica, sans-serif";
/// The combining macron, drawn as a line over the letter: plotters does not place combining marks.
const OVERBAR: char = '\u{304}';
/// Size of sub- and superscripts.
const SCRIPT: f64 = 0.72;

/// A piece of a label in one font.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Part {
    /// The letters.
    pub text: String,
    /// -1 below, 1 above, 0 on the line.
    pub level: i32,
    /// Slanted.
    pub italic: bool,
    /// With a bar over it; one letter then.
    pub bar: bool,
}

impl Part {
    /// Size of its letters, in ems of the label.
    pub fn size(&self) -> f64 {
        if self.level == 0 { 1.0 } else { SCRIPT }
    }

    /// How far its baseline lies above that of the label, in ems.
    pub fn rise(&self) -> f64 {
        [-0.18, 0.0, 0.38][(self.level + 1) as usize]
    }

    /// Style of its letters.
    pub fn style(&self) -> FontStyle {
        if self.italic { FontStyle::Oblique } else { FontStyle::Normal }
    }

    /// Its words, each with where it begins in the part and its width, in ems of the label.
    pub fn words(&self) -> Vec<(String, f64, f64)> {
        let mut words = Vec::new();
        let mut before = String::new();
        for word in self.text.split('\u{a0}') {
            let of = |text: &str| Part { text: text.into(), ..self.clone() }.width();
            if !word.is_empty() {
                words.push((word.to_owned(), of(&before), of(word)));
            }
            before += word;
            before.push('\u{a0}');
        }
        words
    }

    /// Its letters, each with where its ink begins in the part and its width, in ems of the label.
    pub fn letters(&self) -> Vec<(String, f64, f64)> {
        let font = FONTS[usize::from(self.italic)];
        let face = ttf_parser::Face::parse(font, 0).expect("the embedded fonts can be read");
        let of = |text: &str| Part { text: text.into(), ..self.clone() }.width();
        let mut letters = Vec::new();
        for (at, letter) in self.text.char_indices().filter(|(_, letter)| *letter != '\u{a0}') {
            let own = letter.to_string();
            let width = of(&own);
            // With what it is kerned to those before.
            let start = of(&self.text[..at + letter.len_utf8()]) - width;
            let glyph = face.glyph_index(letter).unwrap_or_default();
            let ink = face.glyph_bounding_box(glyph).map_or(0.0, |ink| f64::from(ink.x_min));
            let advance = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)).max(1.0);
            letters.push((own, start + width * ink / advance, width));
        }
        letters
    }

    /// Its width in ems of the label.
    pub fn width(&self) -> f64 {
        // plotters rounds to a pixel; of this many an em the rounding is nothing.
        const PIXELS: f64 = 4096.0;
        // plotters' font size is 1.24 em.
        let font = FontDesc::new(FontFamily::Name(FONT), 1.24 * PIXELS, self.style());
        let width = font.layout_box(&self.text).map_or(0, |((left, _), (right, _))| right - left);
        self.size() * width as f64 / PIXELS
    }
}

/// The embedded fonts, upright and slanted; their licence is beside them.
pub(super) const FONTS: [&[u8]; 2] = [
    include_bytes!("fonts/DejaVuSansCondensed.ttf"),
    include_bytes!("fonts/DejaVuSansCondensed-Oblique.ttf"),
];

/// Gives the embedded fonts to plotters.
pub(super) fn register_fonts() -> Result<(), String> {
    [FontStyle::Normal, FontStyle::Oblique].into_iter().zip(FONTS).try_for_each(|(style, bytes)| {
        plotters::style::register_font(FONT, style, bytes)
            .map_err(|_| "an embedded font cannot be read".to_owned())
    })
}

/// A label cut into its parts.
pub(super) fn parts(label: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    let (mut level, mut italic) = (0, false);
    let mut letters = label.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '_' | '^' if letters.peek() == Some(&'{') => {
                letters.next();
                level = if letter == '_' { -1 } else { 1 };
            }
            '}' if level != 0 => level = 0,
            '*' => italic = !italic,
            OVERBAR => {
                if let Some(letter) = parts.last_mut().and_then(|part| part.text.pop()) {
                    parts.push(Part { text: letter.into(), level, italic, bar: true });
                }
            }
            _ => {
                // Viewers of SVG collapse and trim ordinary spaces.
                let letter = if letter == ' ' { '\u{a0}' } else { letter };
                match parts.last_mut() {
                    Some(part) if (part.level, part.italic, part.bar) == (level, italic, false) => {
                        part.text.push(letter);
                    }
                    _ => parts.push(Part { text: letter.into(), level, italic, bar: false }),
                }
            }
        }
    }
    parts.retain(|part| !part.text.is_empty());
    parts
}

/// Width of a label in ems.
pub(super) fn width(label: &str) -> f64 {
    parts(label).iter().map(Part::width).sum()
}

/// Parts of a label with commas between, in lines of at most `most` ems; no lines for an empty one.
/// A line break begins a new line.
pub(super) fn lines(label: &str, most: f64) -> Vec<String> {
    label.split('\n').flat_map(|label| wrapped(label, most)).collect()
}

fn wrapped(label: &str, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in label.split(COMMA).filter(|part| !part.is_empty()) {
        let joined = lines.last().map(|line| format!("{line}{COMMA}{part}"));
        match (lines.last_mut(), joined) {
            // Spaces count between letters only, so that widths do not add up.
            (Some(line), Some(joined)) if width(&joined) <= most => *line = joined,
            (Some(line), _) => {
                line.push(',');
                lines.push(part.into());
            }
            (None, _) => lines.push(part.into()),
        }
    }
    lines
}

/// What stands between the parts of a heading.
pub(super) const COMMA: &str = ",  ";

/// A label in plain text, for tables: `*e*_{heat}` is e_heat, `10^{−3}` is 10^-3; bars stay as
/// combining macrons.
pub(super) fn plain(label: &str) -> String {
    plain_parts(parts(label))
}

fn plain_parts(parts: impl IntoIterator<Item = Part>) -> String {
    let mut text = String::new();
    for part in parts {
        text += ["_", "", "^"][(part.level + 1) as usize];
        text += &part.text.replace('\u{a0}', " ").replace('−', "-");
        if part.bar {
            text.push(OVERBAR);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A label in plain text for the screen, where numbers and signs have raised and lowered letters:
/// `*T*_{−}` is T₋, `10^{−3}` is 10⁻³, `*e*_{heat}` is e_heat.
pub(super) fn unicode(label: &str) -> String {
    let letters = ["₀₁₂₃₄₅₆₇₈₉₊₋₋", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"];
    let moved = |text: &str, letters: &str| -> Option<String> {
        text.chars()
            .map(|c| letters.chars().nth("0123456789+-−".chars().position(|k| k == c)?))
            .collect()
    };
    let of_part = |part: &Part| match part.level {
        0 => None,
        level => moved(&part.text, letters[usize::from(level > 0)]),
    };
    let replaced = parts(label).into_iter().map(|part| match of_part(&part) {
        Some(text) => Part { level: 0, text, ..part },
        None => part,
    });
    plain_parts(replaced)
}

/// A number as a label: three significant digits, powers of ten outside 0.001 ... 10000.
pub(super) fn number(value: f64) -> String {
    numbers(&[value]).remove(0)
}

/// Numbers as labels beside each other: powers of ten for all of them if for one.
pub(super) fn numbers(values: &[f64]) -> Vec<String> {
    let written = |value: f64| value != 0.0 && value.is_finite();
    let plain = |value: f64| (-3..=3).contains(&((value.abs().log10() + 1e-9).floor() as i32));
    let powers = values.iter().any(|v| written(*v) && !plain(*v));
    let label = |&value: &f64| {
        if !written(value) {
            let infinite = if value.is_infinite() { "∞" } else { "0" };
            return format!("{}{infinite}", if value == f64::NEG_INFINITY { "−" } else { "" });
        }
        let three = format!("{value:.2e}");
        let (mantissa, power) = three.split_once('e').unwrap_or((&three, "0"));
        let mantissa: f64 = mantissa.parse().unwrap_or(value);
        if !powers {
            return format!("{}", three.parse::<f64>().unwrap_or(value)).replace('-', "−");
        }
        let power = match mantissa {
            1.0 => format!("10^{{{power}}}"),
            -1.0 => format!("-10^{{{power}}}"),
            _ => format!("{mantissa}·10^{{{power}}}"),
        };
        power.replace('-', "−")
    };
    values.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(label: &str) -> Vec<String> {
        let describe = |p: Part| {
            let text = p.text.replace('\u{a0}', " ");
            format!(
                "{text}:{}{}{}",
                p.level,
                if p.italic { "i" } else { "" },
                if p.bar { "b" } else { "" }
            )
        };
        parts(label).into_iter().map(describe).collect()
    }

    #[test]
    fn lines_hold_all_parts_and_are_no_wider_than_allowed() {
        register_fonts().expect("the fonts are fonts");
        let label = "chain,  *N* = 100,  *γ* = 0.8,  right end free";
        assert!(lines("", 9.0).is_empty());
        assert_eq!(lines(label, 99.0), [label]);
        let few = lines(label, 12.0);
        assert!(few.len() > 1 && few.iter().all(|line| width(line) <= 12.5));
        assert_eq!(few.join("  "), label);
        assert_eq!(
            lines("chain,  *N* = 8\nfrom *T* = 1", 99.0),
            ["chain,  *N* = 8", "from *T* = 1"]
        );
    }

    #[test]
    fn labels_are_cut_at_scripts_slants_and_bars() {
        assert_eq!(cut("*e*_{heat} (10^{−3})"), ["e:0i", "heat:-1", " (10:0", "−3:1", "):0"]);
        assert_eq!(cut("a_b"), ["a_b:0"]);
        assert_eq!(
            cut("|∫ *p\u{304}*_{0} d*s*|"),
            ["|∫ :0", "p:0ib", "0:-1", " d:0", "s:0i", "|:0"]
        );
    }

    #[test]
    fn plain_labels_have_no_markup() {
        assert_eq!(plain("thermal energy  *e*_{heat}"), "thermal energy e_heat");
        assert_eq!(plain("*t* = 10^{−3}"), "t = 10^-3");
        assert_eq!(plain("*N* |∫ *p\u{304}*_{0} d*s*|"), "N |∫ p\u{304}_0 ds|");
    }

    #[test]
    fn the_screen_has_raised_and_lowered_signs_and_digits() {
        assert_eq!(unicode("*T*_{−} = 2,  10^{−3},  *e*_{heat}"), "T₋ = 2, 10⁻³, e_heat");
        assert_eq!(unicode("*T*_{+}^{2}, *p\u{304}*_{*N*}"), "T₊², p\u{304}_N");
    }

    #[test]
    fn numbers_have_three_digits_and_one_notation() {
        let of = |values: &[f64]| numbers(values).join(" ");
        assert_eq!(of(&[0.0, 0.001, 0.0026826957, 1.0, 1234.0]), "0 0.001 0.00268 1 1230");
        assert_eq!(of(&[1e-5, 0.1, 1.0, f64::INFINITY]), "10^{−5} 10^{−1} 10^{0} ∞");
        assert_eq!(of(&[2.5e7, -1.0, 0.0]), "2.5·10^{7} −10^{0} 0");
        assert_eq!(number(-0.5), "−0.5");
    }

    #[test]
    fn widths_add_up_and_scripts_are_smaller() {
        register_fonts().expect("the fonts are fonts");
        let (a, ab, b) = (width("a"), width("ab"), width("b"));
        assert!(a > 0.3 && (ab - a - b).abs() < 1e-3, "{a} {ab} {b}");
        assert!((width("_{a}") - SCRIPT * a).abs() < 1e-3);
        // A letter that the fonts lack would be drawn as a box.
        let box_width = width("\u{4e00}");
        for letter in "abcxyzγλωθτφσΣ∫∂∞≤≥−·²⟨⟩₊₋ℓ|".chars() {
            assert!(width(&letter.to_string()) > 0.0);
        }
        assert!(box_width > 0.0);
    }
}
