//! The figure of a sweep: curves over one varied key, maps over two, and small multiples of maps
//! beyond, one figure an observable.

use super::label::numbers as labels;
use super::names::{label, label_of, symbol};
use super::parameters::{heading_without, number, numbers};
use super::spacetime::shown_range;
use super::style::{DOUBLE_COLUMN, SINGLE_COLUMN};
use super::{Axis, Colour, Figure, Layer, Map, Mark, Panel, Parameters};
use crate::chain::Chain;
use crate::sweep::{self, Table};

/// More panels than this are not drawn, more curves than this cannot be told apart.
const PANELS: usize = 6;
const MULTIPLES: usize = 12;
const CURVES: usize = 8;
/// With more points than this a curve has no signs.
const SIGNS: usize = 60;
/// Cells of a map along a key whose values are not even.
const CELLS: usize = 240;

/// The figures of a table whose first point is about `chain`: `table`, and where three keys or more
/// vary one for each further observable; of a sweep over seeds their averages. None where nothing
/// varies.
pub fn table(table: &Table, chain: &Chain) -> Vec<Figure> {
    let averages = table.over_seeds().filter(|averages| !averages.axes().is_empty());
    let table = averages.as_ref().unwrap_or(table);
    let keys: Vec<Key> = table.axes().iter().enumerate().filter_map(Key::of).collect();
    let sheet = Sheet { table, chain, keys };
    match sheet.keys.len() {
        0 => vec![],
        1 => vec![sheet.curves()],
        2 if table.outputs() == 1 => vec![sheet.maps()],
        _ => (0..table.observables().len()).map(|one| sheet.multiples(one)).collect(),
    }
}

/// A key that takes several values.
struct Key {
    /// Its place among the axes of the table.
    index: usize,
    label: String,
    /// Ascending, each with its place among the values of the axis; a text is its own place.
    values: Vec<(f64, usize)>,
    /// The texts of values that are no numbers.
    names: Vec<String>,
    log: bool,
}

impl Key {
    fn of((index, axis): (usize, &sweep::Axis)) -> Option<Key> {
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

    fn axis(&self) -> Axis {
        let axis = if self.log { Axis::log(&*self.label) } else { Axis::new(&*self.label) };
        let ticks = self.names.iter().cloned().enumerate().map(|(n, name)| (n as f64, name));
        Axis { ticks: ticks.collect(), ..axis }
    }

    fn placed(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// The axis of a map, half a cell beyond the first and the last value, with the centres of its
    /// cells and for each the index of the value that it shows.
    fn cells(&self) -> (Axis, Vec<f64>, Vec<usize>) {
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

/// The data of a figure.
struct Sheet<'a> {
    table: &'a Table,
    chain: &'a Chain,
    keys: Vec<Key>,
}

impl Sheet<'_> {
    /// The index of the point at which the keys have these values, the others their first.
    fn point(&self, at: &[(usize, usize)]) -> usize {
        let axes = self.table.axes().iter().enumerate();
        axes.fold(0, |index, (axis, values)| {
            let value = at.iter().find(|(key, _)| *key == axis).map_or(0, |(_, value)| *value);
            index * values.values.len() + value
        })
    }

    /// One curve an output time, one panel an observable.
    fn curves(&self) -> Figure {
        let key = &self.keys[0];
        let times = self.table.points()[0].rows.iter().map(|row| row.time).collect::<Vec<_>>();
        let shown = some(times.len(), CURVES);
        let names = labels(&shown.iter().map(|&output| times[output]).collect::<Vec<_>>());
        let panel = |observable: usize| {
            let layers =
                shown.iter().zip(&names).enumerate().flat_map(|(number, (&output, name))| {
                    let values = self.table.values(observable, output);
                    let errors = self.table.errors(observable, output);
                    let at = |place: usize| self.point(&[(key.index, place)]);
                    let known: Vec<(f64, usize)> = (key.values.iter())
                        .map(|&(x, place)| (x, at(place)))
                        .filter(|&(_, point)| values[point].is_finite())
                        .collect();
                    let points: Vec<_> =
                        known.iter().map(|&(x, point)| (x, values[point])).collect();
                    let errors: Vec<_> = known.iter().map(|&(_, point)| errors[point]).collect();
                    let colour = match shown.len() {
                        1 => Colour::Palette(0),
                        count => Colour::Map(number as f64 / (count - 1) as f64),
                    };
                    let signs = points.len() <= SIGNS;
                    let marks = [Some(Mark::Line), signs.then_some(Mark::Disc)];
                    let series = if times.len() > 1 {
                        format!("t = {}", number_of_time(times[output]))
                    } else {
                        self.table.observables()[observable].to_string()
                    };
                    let label = if times.len() > 1 { name.clone() } else { String::new() };
                    let layer = move |mark: Mark| {
                        Layer::new(label.clone(), mark, colour, points.clone())
                            .named(series.clone())
                            .with_errors(errors.clone())
                    };
                    marks.into_iter().flatten().map(layer).collect::<Vec<_>>()
                });
            let panel = Panel {
                parameters: self.parameters(),
                x: key.axis(),
                y: Axis::new(label(&self.table.observables()[observable])),
                layers: layers.collect(),
                ..Default::default()
            };
            panel.with_zero()
        };
        let panels: Vec<Panel> =
            (0..self.table.observables().len().min(PANELS)).map(panel).collect();
        let timed = times.len() > 1;
        self.figure("table".into(), panels, timed.then(|| "*t*".to_string()))
    }

    /// One map an observable.
    fn maps(&self) -> Figure {
        let panel = |observable: usize| {
            let range = self.range(observable, 0);
            Panel { title: String::new(), ..self.map(observable, 0, &[], range, true) }
        };
        let panels = (0..self.table.observables().len().min(PANELS)).map(panel).collect();
        self.figure("table".into(), panels, None)
    }

    /// Maps over the first two keys, one a value of the others and an output time.
    fn multiples(&self, observable: usize) -> Figure {
        let others = &self.keys[2..];
        let sizes: Vec<usize> = others.iter().map(|key| key.values.len()).collect();
        let outputs = self.table.outputs();
        let all = sizes.iter().product::<usize>() * outputs;
        let shown = some(all, MULTIPLES);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for output in 0..outputs {
            let (from, to) = self.range(observable, output);
            (low, high) = (low.min(from), high.max(to));
        }
        let columns = self.columns(shown.len());
        let panel = |(number, &index): (usize, &usize)| {
            let (output, mut rest) = (index % outputs, index / outputs);
            let mut at = Vec::new();
            let mut title = Vec::new();
            for key in others.iter().rev() {
                let (value, place) = key.values[rest % key.values.len()];
                rest /= key.values.len();
                at.push((key.index, place));
                let value = key.names.get(place).cloned().unwrap_or_else(|| number_short(value));
                title.insert(0, format!("{} = {value}", symbol(&self.table.axes()[key.index].key)));
            }
            if outputs > 1 {
                let time = self.table.points()[0].rows[output].time;
                title.push(format!("*t* = {}", number_short(time)));
            }
            let bar = number % columns == columns - 1 || number + 1 == shown.len();
            let map = self.map(observable, output, &at, (low, high), bar);
            Panel { title: title.join(", "), ..map }
        };
        let panels = shown.iter().enumerate().map(panel).collect();
        let name = match observable {
            0 => "table".to_string(),
            _ => format!("table-{}", self.table.observables()[observable]).replace('@', "-at-"),
        };
        let mut figure = self.figure(name, panels, None);
        if all > shown.len() {
            figure.heading += &format!(",  {} of {all} shown", shown.len());
        }
        figure
    }

    /// A map over the first two keys, where others have the values `at`.
    fn map(
        &self,
        observable: usize,
        output: usize,
        at: &[(usize, usize)],
        range: (f64, f64),
        bar: bool,
    ) -> Panel {
        let [horizontal, vertical] = [&self.keys[0], &self.keys[1]];
        let (x, xs, columns) = horizontal.cells();
        let (y, ys, rows) = vertical.cells();
        let values = self.table.values(observable, output);
        let errors = self.table.errors(observable, output);
        let point = |row: usize, column: usize| {
            self.point(&[at, &[(vertical.index, row), (horizontal.index, column)]].concat())
        };
        let row = |from: &[f64], row: usize| -> Vec<f64> {
            columns.iter().map(|&column| from[point(row, column)]).collect()
        };
        let largest = |row: Vec<f64>| row.into_iter().filter(|e| e.is_finite()).fold(0.0, f64::max);
        let (below, above) = (-range.0, range.1);
        let divergent = below.min(above) > 0.05 * below.max(above);
        let size = below.max(above);
        let one = &self.table.observables()[observable];
        Panel {
            parameters: self.parameters(),
            x,
            y,
            map: Some(Map {
                quantity: label(one),
                name: one.to_string(),
                xs,
                ys,
                values: rows.iter().map(|&n| row(&values, n)).collect(),
                range: if divergent { (-size, size) } else { range },
                divergent,
                bar,
                errors: rows.iter().map(|&n| largest(row(&errors, n))).collect(),
            }),
            ..Default::default()
        }
    }

    /// The range of an observable's colours at an output.
    fn range(&self, observable: usize, output: usize) -> (f64, f64) {
        shown_range(&[self.table.values(observable, output)])
    }

    fn columns(&self, panels: usize) -> usize {
        match panels {
            1 => 1,
            2 | 4 => 2,
            _ => 3,
        }
    }

    fn figure(&self, name: String, panels: Vec<Panel>, key: Option<String>) -> Figure {
        let columns = self.columns(panels.len());
        let rows = panels.len().div_ceil(columns).max(1) as f64;
        let varied: Vec<&str> =
            self.keys.iter().map(|key| &*self.table.axes()[key.index].key).collect();
        Figure {
            name,
            size: (if columns == 1 { SINGLE_COLUMN } else { DOUBLE_COLUMN }, 4.0 + 56.0 * rows),
            columns,
            heading: heading_without(self.chain, &varied),
            panels,
            key,
            ..Default::default()
        }
    }

    /// The parameters of the data: the chain, and the varied keys with all their values.
    fn parameters(&self) -> Parameters {
        self.keys.iter().fold(Parameters::of_chain(self.chain), |all, key| {
            let axis = &self.table.axes()[key.index];
            let values = axis.numbers().map_or_else(
                || axis.values.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(", "),
                |values| numbers(&values),
            );
            let all = match &*axis.key {
                "chain.bonds" => return all.with("N", values),
                "chain.flip_rate" => return all.with("gamma", values),
                "right.force.mean" => return all.with("mean force F", values),
                key if key.starts_with("left.") => all.with("left end", "varied"),
                key if key.starts_with("right.thermostat") => all.with("right end", "varied"),
                _ => all,
            };
            all.with(&axis.key, values)
        })
    }
}

/// At most `most` of `of` indices, evenly spaced, with the first and the last.
fn some(of: usize, most: usize) -> Vec<usize> {
    let count = of.min(most);
    let step = (of.max(1) - 1) as f64 / (count.max(2) - 1) as f64;
    (0..count).map(|i| (i as f64 * step).round() as usize).collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(14) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

fn number_short(value: f64) -> String {
    super::label::number(value)
}

fn number_of_time(time: f64) -> String {
    if time.is_finite() { number(time) } else { "inf".into() }
}
