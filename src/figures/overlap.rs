//! Finds labels that a reader could not read: over each other, under curves, or beyond the sheet.
//! It needs the layout alone, no drawing.

use super::Figure;
use super::item::{Frame, Item, Text, covers};
use super::label::plain;
use super::layout::{items, size};
use super::style::Theme;

impl Figure {
    /// One sentence for every label that another label, a curve or the edge of the sheet is in the
    /// way of.
    pub fn overlaps(&self, theme: &Theme) -> Result<Vec<String>, String> {
        super::label::register_fonts()?;
        let items = items(self, theme);
        let (width, height) = size(self, theme);
        let texts: Vec<(&Text, Frame)> = items
            .iter()
            .filter_map(|item| match item {
                Item::Text(text) => Some((text, text.frame())),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        for (index, (text, frame)) in texts.iter().enumerate() {
            let name = plain(&text.label);
            if frame.left < 0.0 || frame.top < 0.0 || frame.right > width || frame.bottom > height {
                found.push(format!("{}: \"{name}\" is not wholly on the sheet", self.name));
            }
            for (other, second) in &texts[index + 1..] {
                if frame.left < second.right
                    && second.left < frame.right
                    && frame.top < second.bottom
                    && second.top < frame.bottom
                {
                    found.push(format!(
                        "{}: \"{name}\" and \"{}\" overlap",
                        self.name,
                        plain(&other.label)
                    ));
                }
            }
            if items.iter().any(|item| covers(item, frame)) {
                found.push(format!("{}: \"{name}\" is under a curve", self.name));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Axis, Corner, Layer, Mark, Note, Panel};

    fn figure(legend: Corner, notes: &[(f64, f64)]) -> Figure {
        let curve =
            Layer::new("diagonal", Mark::Line, Default::default(), vec![(0.0, 0.0), (1.0, 1.0)]);
        let note = |(label, &at): (&str, &(f64, f64))| Note {
            label: label.into(),
            at,
            ..Default::default()
        };
        let panel = Panel {
            x: Axis::new("*x*").over(0.0, 1.0),
            y: Axis::new("*y*").over(0.0, 1.0),
            layers: vec![curve],
            notes: ["a note", "another"].into_iter().zip(notes).map(note).collect(),
            legend: Some(legend),
            ..Default::default()
        };
        Figure {
            name: "try".into(),
            size: (86.0, 60.0),
            columns: 1,
            panels: vec![panel],
            ..Default::default()
        }
    }

    #[test]
    fn labels_in_the_way_are_found_and_others_are_not() {
        for theme in [Theme::PRINT, Theme::SLIDES] {
            let found = |notes: &[(f64, f64)]| {
                figure(Corner::TopLeft, notes).overlaps(&theme).expect("the fonts are there")
            };
            assert_eq!(found(&[(0.7, 0.2)]), Vec::<String>::new());
            assert_eq!(found(&[(0.45, 0.5)]), ["try: \"a note\" is under a curve"]);
            assert_eq!(
                found(&[(0.7, 0.2), (0.72, 0.21)]),
                ["try: \"a note\" and \"another\" overlap"]
            );
            let beyond = "try: \"a note\" is not wholly on the sheet".to_owned();
            assert!(found(&[(0.95, 0.2)]).contains(&beyond));
        }
    }

    #[test]
    fn a_legend_moves_from_a_corner_that_is_taken_to_a_free_one_or_above() {
        let theme = Theme::PRINT;
        // Curves cross the right top and left bottom corners, notes may fill the others.
        for notes in [&[][..], &[(0.05, 0.93)], &[(0.05, 0.93), (0.75, 0.05)]] {
            for corner in [Corner::TopRight, Corner::BottomLeft, Corner::TopLeft] {
                let found = figure(corner, notes).overlaps(&theme).expect("the fonts are there");
                assert_eq!(found, Vec::<String>::new(), "{corner:?} {notes:?}");
            }
        }
    }
}
