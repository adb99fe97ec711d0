//! A varied key of a sweep as an axis of a figure: its values in order, its label and its scale.

use super::Axis;
use super::names::label_of;
use crate::sweep;

/// Cells of a map along a key whose values are not even.
const CELLS: usize = 240;

/// A key that takes several values.
pub(super) struct Key {
    /// Its place among the axes of the table.
    pub index: usize,
    /// The label of its axis.
    pub label: String,
    /// Ascending, each with its place among the values of the axis; a text is its own place.
    pub values: Vec<(f64, usize)>,
    /// The texts of values that are no numbers.
    pub names: Vec<String>,
    /// Whether its axis is logarithmic.
    log: bool,
}

impl Key {
    /// The key of an axis and its number; `None` if it has one value.
    pub fn of((index, axis): (usize, &sweep::Axis)) -> Option<Key> {
        let numbers = axis.numbers();
        let names = match numbers {
            Some(_) => vec![],
            None => axis.values.iter().map(|value| shortened(&value.to_string())).collect(),
        };
        let numbers = numbers.unwrap_or_else(|| (0..axis.values.len()).map(|n| n as f64).collect());
        let mut values: Vec<(f64, usize)> = numbers.into_iter().zip(0..).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (first, last) = (values.first()?.0, values.last()?.0);
        let log = first > 0.0 && last > 8.0 * first && {
            // The scale on which the average lies nearer to the middle.
            let off = |place: fn(f64) -> f64| {
                let sum: f64 = values.iter().map(|(value, _)| place(*value)).sum();
                let share = sum / values.len() as f64 - place(first);
                (share / (place(last) - place(first)) - 0.5).abs()
            };
            off(f64::ln) < off(|value| value)
        };
        let label = label_of(&axis.key);
        (values.len() > 1).then_some(Key { index, label, values, names, log })
    }

    /// Its axis.
    pub fn axis(&self) -> Axis {
        let axis = if self.log { Axis::log(&*self.label) } else { Axis::new(&*self.label) };
        let ticks = self.names.iter().cloned().enumerate().map(|(n, name)| (n as f64, name));
        Axis { ticks: ticks.collect(), ..axis }
    }

    fn placed(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// The axis of a map, half a cell beyond the first and the last value, with the centres of its
    /// cells and for each the index of the value that it shows.
    pub fn cells(&self) -> (Axis, Vec<f64>, Vec<usize>) {
        let places: Vec<f64> = self.values.iter().map(|(value, _)| self.placed(*value)).collect();
        let last = places.len() - 1;
        let low = places[0] - 0.5 * (places[1] - places[0]);
        let high = places[last] + 0.5 * (places[last] - places[last - 1]);
        let step = (high - low) / places.len() as f64;
        let even = places.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() < 0.02 * step);
        let count = if even { places.len() } else { CELLS };
        let centres: Vec<f64> =
            (0..count).map(|i| low + (high - low) * (i as f64 + 0.5) / count as f64).collect();
        let nearest = |centre: &f64| {
            let apart = |n: &usize| (places[*n] - centre).abs();
            (0..places.len()).min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or(0)
        };
        let shown = centres.iter().map(|centre| self.values[nearest(centre)].1).collect();
        let back = |place: f64| if self.log { place.exp() } else { place };
        let centres = centres.into_iter().map(back).collect();
        (self.axis().over(back(low), back(high)), centres, shown)
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(14) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
