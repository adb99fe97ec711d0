//! A map: its cells, and the bar beside the panel that explains their colours.

use super::axis::Fitted;
use super::item::{Frame, Item};
use super::layout::{Sheet, title};
use super::style::Theme;
use super::{Axis, Colour, Map};
use plotters::style::RGBColor;

impl Sheet<'_> {
    /// The cells of a map, and the bar that explains their colours.
    pub(super) fn map(&mut self, map: &Map, y_axis: &Fitted, frame: Frame) {
        let em = self.em;
        let rows = rows_from_the_top(map, y_axis)
            .into_iter()
            .map(|row| map.values[row].iter().map(|v| cell(map, *v, self.theme)).collect())
            .collect();
        self.items.push(Item::Cells { frame, rows });
        if !map.bar {
            return;
        }
        let bar = Frame { left: frame.right + 0.6 * em, right: frame.right + 1.3 * em, ..frame };
        let shades = (0..256)
            .rev()
            .map(|i| vec![self.theme.on_map(i as f64 / 255.0, map.divergent)])
            .collect();
        self.items.push(Item::Cells { frame: bar, rows: shades });
        let Frame { top, right, bottom, .. } = bar;
        self.outline(bar);
        let axis = bar_axis(map);
        for (value, label) in &axis.ticks {
            let Some(place) = axis.place(*value) else { continue };
            let (x, y) = bar.at(1.0, place);
            self.ink(&[(x, y), (x + 0.25 * em, y)], 0.5);
            self.number(label, (x + 0.45 * em, y), 0.0);
        }
        let x = right + 0.45 * em + self.widest(&axis) + 0.75 * em;
        self.text(
            &title(&Axis::new(&map.quantity), &axis),
            (x, 0.5 * (top + bottom)),
            0.5,
            em,
            true,
            Colour::Ink,
        );
    }
}

/// The colour of a value on a map.
pub(super) fn cell(map: &Map, value: f64, theme: &Theme) -> RGBColor {
    let (low, high) = map.range;
    match value.is_finite() {
        true => theme.on_map((value - low) / (high - low), map.divergent),
        false => theme.colour(Colour::Grey),
    }
}

/// The axis of a map's colours.
pub(super) fn bar_axis(map: &Map) -> Fitted {
    Axis::new("").over(map.range.0, map.range.1).fit([].into_iter(), 6)
}

/// Which row of a map is shown at each of evenly spaced heights, from the top: all of them where
/// they are even themselves, else the nearest at each of many heights.
fn rows_from_the_top(map: &Map, axis: &Fitted) -> Vec<usize> {
    /// Finer than a printed figure shows.
    const HEIGHTS: usize = 600;
    let places: Vec<f64> =
        map.ys.iter().map(|y| axis.beyond(*y).unwrap_or(f64::NEG_INFINITY)).collect();
    let steps: Vec<f64> = places.windows(2).map(|p| p[1] - p[0]).collect();
    let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
    if steps.iter().all(|step| (step - mean).abs() < 0.02 * mean) {
        return (0..map.values.len()).rev().collect();
    }
    let nearest = |place: f64| {
        let apart = |row: &usize| (places[*row] - place).abs();
        (0..places.len()).min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or(0)
    };
    (0..HEIGHTS).rev().map(|i| nearest((i as f64 + 0.5) / HEIGHTS as f64)).collect()
}
