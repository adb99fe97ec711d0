//! A map: its cells, and the bar beside the panel that explains their colours.

use super::axis::Fitted;
use super::item::{Frame, Item};
use super::label::number;
use super::sheet::{SMALL, Sheet, title};
use super::style::Theme;
use super::{Axis, Colour, Map, Scale};
use plotters::style::RGBColor;

impl Sheet<'_> {
    /// The cells of a map, and the bar that explains their colours.
    pub(super) fn map(&mut self, map: &Map, y_axis: &Fitted, frame: Frame) {
        let em = self.em;
        let axis = bar_axis(map);
        let rows = rows_from_the_top(map, y_axis)
            .into_iter()
            .map(|row| map.values[row].iter().map(|v| cell(map, &axis, *v, self.theme)).collect())
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
        for (value, label) in &axis.ticks {
            let Some(place) = axis.place(*value) else { continue };
            let (x, y) = bar.at(1.0, place);
            self.ink(&[(x, y), (x + 0.25 * em, y)], 0.5);
            self.number(label, (x + 0.45 * em, y), 0.0);
        }
        // Words that are longer than the room of the bar end with it.
        let end = frame.right + self.room_of_bar(map);
        for (label, y) in beyond(map, bar, 0.85 * em) {
            let x = (bar.left + 0.4 * em).min(end - self.small(&label));
            self.text(&label, (x, y), 0.0, SMALL * em, false, Colour::Ink);
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
        if halves_differ(map) {
            let at = (x + HALVES_DIFFER * em, 0.5 * (top + bottom));
            self.text("halves scaled apart", at, 0.5, SMALL * em, true, Colour::Ink);
        }
    }

    /// The room that a map's bar takes beside its panel.
    pub(super) fn room_of_bar(&self, map: &Map) -> f64 {
        let words = if halves_differ(map) { HALVES_DIFFER } else { 0.0 };
        (1.75 + 2.1 + words) * self.em + self.widest(&bar_axis(map))
    }
}

/// The room that the words at a bar of two scales take, in ems.
const HALVES_DIFFER: f64 = 1.15;

/// Whether the colours of the two signs have scales of their own, which no eye sees.
pub(super) fn halves_differ(map: &Map) -> bool {
    let (low, high) = map.range;
    map.divergent && low < 0.0 && high > 0.0 && (low + high).abs() > 1e-9 * high.max(-low)
}

/// Labels that say how far values go beyond the first and the last colour, where they do, each with
/// its height, `away` from the end of the bar.
fn beyond(map: &Map, bar: Frame, away: f64) -> Vec<(String, f64)> {
    let (low, high) = map.range;
    let all = || map.values.iter().flatten().copied().filter(|value| value.is_finite());
    let (least, most) = (all().fold(low, f64::min), all().fold(high, f64::max));
    // Differences that the colours could not show are none.
    let seen = (high - low) / 256.0;
    let two_digits = |value: f64| number(format!("{value:.1e}").parse().unwrap_or(value));
    let mut labels = Vec::new();
    if most > high + seen {
        labels.push((format!("max {}", two_digits(most)), bar.top - away));
    }
    if least < low - seen {
        labels.push((format!("min {}", two_digits(least)), bar.bottom + away));
    }
    labels
}

/// The colour of a value on a map with this [`bar_axis`].
pub(super) fn cell(map: &Map, axis: &Fitted, value: f64, theme: &Theme) -> RGBColor {
    match axis.beyond(value) {
        Some(place) => theme.on_map(place, map.divergent),
        None => theme.colour(Colour::Grey),
    }
}

/// The axis of a map's colours.
pub(super) fn bar_axis(map: &Map) -> Fitted {
    let (low, high) = map.range;
    let scale =
        if map.divergent && low < 0.0 && high > 0.0 { Scale::Halves } else { Scale::Linear };
    Axis { scale, ..Axis::new("").over(low, high) }.fit([].into_iter(), 6)
}

/// The range of a map's colours: all values, or where a few are far beyond the others, those.
fn shown_range(values: &[Vec<f64>]) -> (f64, f64) {
    let mut all: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (all.first(), all.last()) else { return (0.0, 1.0) };
    let at = |part: f64| all[((all.len() - 1) as f64 * part).round() as usize];
    let (most_low, most_high) = (at(0.01), at(0.99));
    let chosen = if high - low > 3.0 * (most_high - most_low) && most_high > most_low {
        (most_low, most_high)
    } else {
        (low, high)
    };
    let size = chosen.0.abs().max(chosen.1.abs()).max(f64::MIN_POSITIVE);
    if chosen.1 - chosen.0 <= 1e-9 * size {
        return (chosen.0 - 0.5 * size, chosen.1 + 0.5 * size);
    }
    chosen
}

/// The range of a map's colours, and whether they diverge from 0: where values of both signs are
/// beyond their errors, and neither are a trace of the others alone.
pub(super) fn colouring(values: &[Vec<f64>], errors: &[Vec<f64>]) -> ((f64, f64), bool) {
    let (mut low, mut high) = shown_range(values);
    let cells = values.iter().flatten().zip(errors.iter().flatten());
    // An error that is not known leaves nothing open.
    let signed = cells
        .filter(|(value, error)| value.is_finite() && (error.is_nan() || value.abs() > **error));
    let (least, most) = signed.fold((0.0f64, 0.0f64), |(a, b), (v, _)| (a.min(*v), b.max(*v)));
    if (-least).min(most) <= TRACE * (-least).max(most) {
        return ((low, high), false);
    }
    // A sign whose few values lie beyond the range is shown all the same.
    low = if low < 0.0 { low } else { least };
    high = if high > 0.0 { high } else { most };
    // Sizes are compared by eye where both are seen; else each sign has colours of its own.
    let size = high.max(-low);
    if high.min(-low) > 0.2 * size { ((-size, size), true) } else { ((low, high), true) }
}

/// Values of one sign below this part of the others change no sign.
const TRACE: f64 = 1e-6;

/// The row of a map that is shown at each of evenly spaced heights, from the top: all of them where
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

#[cfg(test)]
mod tests {
    use super::super::layout::items;
    use super::super::{Figure, Panel};
    use super::*;

    /// Colours from 0 to 1 for these values.
    fn labels(values: [f64; 3]) -> Vec<String> {
        let map = Map { values: vec![values.to_vec()], range: (0.0, 1.0), ..Map::default() };
        let bar = Frame { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        beyond(&map, bar, 0.1).into_iter().map(|(label, _)| label).collect()
    }

    #[test]
    fn colours_diverge_from_0_where_values_change_their_sign() {
        let of = |values: [f64; 3], error: f64| colouring(&[values.to_vec()], &[vec![error; 3]]);
        assert_eq!(of([1.0, 2.0, 3.0], 0.0), ((1.0, 3.0), false));
        assert_eq!(of([-2.0, 0.0, 3.0], 1e-9), ((-3.0, 3.0), true));
        // A small change of sign is seen, too, but not one that an error could make.
        assert_eq!(of([-2.0, -1.0, 0.01], 1e-9), ((-2.0, 0.01), true));
        assert_eq!(of([-2.0, -1.0, 0.01], 0.02), ((-2.0, 0.01), false));
        assert_eq!(of([-2.0, -1.0, 1e-17], 0.0), ((-2.0, 1e-17), false));
        let map = Map { range: (-2.0, 0.01), divergent: true, ..Map::default() };
        let labels: Vec<String> = bar_axis(&map).ticks.into_iter().map(|tick| tick.1).collect();
        assert!(labels.contains(&"0".to_string()), "{labels:?}");
        let [cold, none, hot] =
            [-0.2, 0.0, 1e-3].map(|v| cell(&map, &bar_axis(&map), v, &Theme::PRINT));
        assert!(hot.0 > hot.2 && none.0 == none.2 && cold.0 < cold.2, "{cold:?} {hot:?}");
    }

    #[test]
    fn a_bar_of_two_scales_says_so() {
        let says = |range: (f64, f64)| {
            let (xs, values) = (vec![0.0, 1.0], vec![vec![range.0, range.1]; 2]);
            let map =
                Map { xs, ys: vec![0.0, 1.0], values, range, divergent: true, ..Map::default() };
            let panel = Panel { map: Some(Map { bar: true, ..map }), ..Panel::default() };
            let figure = Figure { size: (86.0, 60.0), panels: vec![panel], ..Figure::default() };
            assert_eq!(figure.overlaps(&Theme::PRINT), Ok(vec![]));
            let texts = items(&figure, &Theme::PRINT).into_iter();
            texts.filter(|item| matches!(item, Item::Text(t) if t.label.contains("apart"))).count()
        };
        assert_eq!([(-2.0, 0.1), (-0.1, 2.0), (-2.0, 2.0)].map(says), [1, 1, 0]);
    }

    #[test]
    fn values_beyond_the_colours_are_said() {
        assert_eq!(labels([0.0, 0.5, 1.0]), [""; 0]);
        assert_eq!(labels([0.0, f64::NAN, 1.0 + 1e-9]), [""; 0]);
        assert_eq!(labels([0.0, 0.5, 2.345]), ["max 2.3"]);
        assert_eq!(labels([-0.12, 0.5, 30.0]), ["max 30", "min −0.12"]);
    }
}
