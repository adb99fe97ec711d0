//! The figure of a sweep: curves over one varied key, maps over two, and small multiples of maps
//! beyond, one figure an observable.

use super::colours::colouring;
use super::key::Key;
use super::label::numbers as labels;
use super::names::{label, symbol};
use super::parameters::{heading_without, number, numbers};
use super::style::{DOUBLE_COLUMN, SINGLE_COLUMN};
use super::words::of_sweep;
use super::{Axis, Colour, Corner, Figure, Layer, Map, Mark, Outputs, Panel, Parameters};
use crate::chain::Chain;
use crate::method::Task;
use crate::scenario::{Scenario, TimeScale};
use crate::sweep::Table;

/// More panels than this are not drawn, more curves than this cannot be told apart.
const PANELS: usize = 6;
const MULTIPLES: usize = 12;
const CURVES: usize = 8;
/// With more points than this a curve has no signs.
const SIGNS: usize = 60;

/// The figures of a table of runs of `task` whose first point is `first`: `table`, and where three
/// keys or more vary one for each further observable. A sweep over seeds and other keys is drawn as
/// averages with their standard errors; one over a seed alone as points, with their average. None
/// where nothing varies.
pub fn table(table: &Table, task: Task, first: &Scenario) -> Vec<Figure> {
    let averages = table.over_seeds();
    let varies = |table: &&Table| table.axes().iter().any(|axis| axis.values.len() > 1);
    let shown = averages.as_ref().filter(varies).unwrap_or(table);
    let keys: Vec<Key> = shown.axes().iter().enumerate().filter_map(Key::of).collect();
    let seeds = table.points().len() / averages.as_ref().map_or(1, |a| a.points().len());
    let scale_varies = keys.iter().any(|key| table.axes()[key.index].key == "time.scale");
    let unit = match first.time.as_ref().map(|time| time.scale) {
        None => "*t*",
        Some(_) if scale_varies => "*t*",
        Some(TimeScale::Diffusive) => Outputs::Diffusive.unit(),
        Some(TimeScale::Ballistic) => Outputs::Ballistic.unit(),
        Some(TimeScale::Microscopic) => Outputs::Microscopic.unit(),
    };
    let (averages, chain) = (averages.as_ref(), &Chain::new(first));
    let sheet = Sheet { table: shown, averages, seeds, chain, task, unit, keys };
    let figures = match sheet.keys.len() {
        0 => vec![],
        1 => vec![sheet.curves()],
        2 if table.outputs() == 1 => vec![sheet.maps()],
        _ => (0..table.observables().len()).map(|one| sheet.multiples(one)).collect(),
    };
    let words = of_sweep(table, task);
    figures.into_iter().map(|figure| Figure { words: words.clone(), ..figure }).collect()
}

/// The data of a figure.
struct Sheet<'a> {
    /// The points that are drawn: all, or their averages over seeds.
    table: &'a Table,
    /// The averages, where a seed takes several values.
    averages: Option<&'a Table>,
    /// How many points an average is taken of.
    seeds: usize,
    chain: &'a Chain,
    task: Task,
    /// The unit of the output times, with markup.
    unit: &'static str,
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

    /// One curve for each output time, one panel an observable.
    fn curves(&self) -> Figure {
        let key = &self.keys[0];
        let times = self.table.points()[0].rows.iter().map(|row| row.time).collect::<Vec<_>>();
        let timed = times.len() > 1;
        let shown = some(times.len(), CURVES);
        let names = labels(&shown.iter().map(|&output| times[output]).collect::<Vec<_>>());
        let panel = |observable: usize| {
            let one = &self.table.observables()[observable];
            // A stationary value is the same at every time. One curve says so, where all the others
            // would be hidden under the last.
            let still = timed && !self.draws_seeds() && self.is_still(key, observable, &shown);
            let drawn = if still { &shown[..1] } else { &shown[..] };
            let of_output = |(number, &output): (usize, &usize)| {
                let (points, errors) = self.along(key, observable, output);
                let colour = match drawn.len() {
                    1 => Colour::Palette(0),
                    count => Colour::Map(number as f64 / (count - 1) as f64),
                };
                let series = format!("t = {}", number_of_time(times[output]));
                let (label, series) = match timed {
                    true if still => (String::new(), "every t".to_string()),
                    true if self.draws_seeds() => (format!("*t* = {}", names[number]), series),
                    true => (names[number].clone(), series),
                    false => (String::new(), one.to_string()),
                };
                let curve = Layer::new(label, Mark::Line, colour, points).named(series);
                self.marked(curve.with_errors(errors), key, observable, output)
            };
            let layers = drawn.iter().enumerate().flat_map(of_output).collect();
            let mut title = Vec::new();
            if self.averages.is_some() {
                title.push(format!("{} seeds, average ± standard error", self.seeds));
            }
            if still {
                title.push("the same at every *t*".into());
            }
            let title = title.join(", ");
            let legend = self.draws_seeds().then_some(Corner::TopRight);
            let (x, y) = (key.axis(), Axis::new(label(one, self.task)));
            let parameters = self.parameters();
            let panel = Panel { title, parameters, x, y, layers, legend, ..Default::default() };
            panel.with_zero()
        };
        let panels: Vec<Panel> =
            (0..self.table.observables().len().min(PANELS)).map(panel).collect();
        let key = timed && !self.draws_seeds();
        self.of_observables(panels, key.then(|| self.unit.to_string()))
    }

    /// Whether an observable has, within its errors, the same values at all these outputs.
    fn is_still(&self, key: &Key, observable: usize, outputs: &[usize]) -> bool {
        let (first, bounds) = self.along(key, observable, outputs[0]);
        outputs.iter().all(|&output| {
            let (points, errors) = self.along(key, observable, output);
            let agrees = |(i, (x, y)): (usize, &(f64, f64))| {
                first.get(i).is_some_and(|first| {
                    *x == first.0 && (y - first.1).abs() <= errors[i] + bounds[i]
                })
            };
            points.len() == first.len() && points.iter().enumerate().all(agrees)
        })
    }

    /// The points (x, value) of an observable along a key, and their errors; without those that
    /// have no value.
    fn along(&self, key: &Key, observable: usize, output: usize) -> (Vec<(f64, f64)>, Vec<f64>) {
        let values = self.table.values(observable, output);
        let errors = self.table.errors(observable, output);
        let at = |&(x, place): &(f64, usize)| (x, self.point(&[(key.index, place)]));
        let known: Vec<(f64, usize)> =
            key.values.iter().map(at).filter(|&(_, point)| values[point].is_finite()).collect();
        (
            known.iter().map(|&(x, point)| (x, values[point])).collect(),
            known.iter().map(|&(_, point)| errors[point]).collect(),
        )
    }

    /// Whether the points differ in a seed alone, and are drawn one by one.
    fn draws_seeds(&self) -> bool {
        self.averages.is_some_and(|averages| !std::ptr::eq(averages, self.table))
    }

    /// The layers of a curve. Words and seeds have no order, so that no line joins them; the seeds'
    /// average and its standard error go across the panel.
    fn marked(&self, curve: Layer, key: &Key, observable: usize, output: usize) -> Vec<Layer> {
        let Some(averages) = self.averages.filter(|_| self.draws_seeds()) else {
            let words = !key.names.is_empty();
            let signs = words || curve.points.len() <= SIGNS;
            let marks =
                [(Mark::Line, !words), (Mark::Bar, self.averages.is_some()), (Mark::Disc, signs)];
            let drawn = marks.into_iter().filter(|(_, drawn)| *drawn);
            return drawn.map(|(mark, _)| Layer { mark, ..curve.clone() }).collect();
        };
        let mean = averages.values(observable, output)[0];
        let error = averages.errors(observable, output)[0];
        let ends = [curve.points.first(), curve.points.last()].map(|end| end.map_or(0.0, |p| p.0));
        let across = |label: &str, mark, name: String, y: f64| {
            let label = if curve.label.is_empty() { label.into() } else { curve.label.clone() };
            let name = format!("{}, {name}", curve.name);
            Layer::new(label, mark, curve.colour, ends.map(|x| (x, y)).into()).named(name)
        };
        let label = if curve.label.is_empty() { "one seed".into() } else { curve.label.clone() };
        let mut layers = vec![
            Layer { mark: Mark::Disc, label, ..curve.clone() },
            across("average", Mark::Line, "average".into(), mean).within(error),
        ];
        // One seed alone has no standard error.
        let bounds = [("minus", mean - error), ("plus", mean + error)];
        for (sign, y) in bounds.into_iter().filter(|(_, y)| y.is_finite()) {
            let name = format!("average {sign} standard error");
            layers.push(across("± standard error", Mark::Dashed, name, y).within(0.0));
        }
        layers
    }

    /// One map an observable.
    fn maps(&self) -> Figure {
        let panel = |observable: usize| {
            let colours = self.colouring(observable);
            Panel { title: String::new(), ..self.map(observable, 0, &[], colours, true) }
        };
        let panels = (0..self.table.observables().len().min(PANELS)).map(panel).collect();
        self.of_observables(panels, None)
    }

    /// Maps over the first two keys, one a value of the others and an output time.
    fn multiples(&self, observable: usize) -> Figure {
        let others = &self.keys[2..];
        let sizes: Vec<usize> = others.iter().map(|key| key.values.len()).collect();
        let outputs = self.table.outputs();
        let all = sizes.iter().product::<usize>() * outputs;
        let shown = some(all, MULTIPLES);
        let colours = self.colouring(observable);
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
            let map = self.map(observable, output, &at, colours, bar);
            Panel { title: title.join(", "), ..map }
        };
        let panels = shown.iter().enumerate().map(panel).collect();
        let name = match observable {
            0 => "table".to_string(),
            _ => format!("table-{}", self.table.observables()[observable]).replace('@', "-at-"),
        };
        let mut figure = self.figure(name, panels, None);
        if outputs > 1 && self.unit != "*t*" {
            figure.heading += &format!(",  {}", self.unit);
        }
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
        (range, divergent): ((f64, f64), bool),
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
        let one = &self.table.observables()[observable];
        Panel {
            parameters: self.parameters(),
            x,
            y,
            map: Some(Map {
                quantity: label(one, self.task),
                name: one.to_string(),
                xs,
                ys,
                values: rows.iter().map(|&n| row(&values, n)).collect(),
                range,
                divergent,
                bar,
                errors: rows.iter().map(|&n| largest(row(&errors, n))).collect(),
            }),
            ..Default::default()
        }
    }

    /// The range of an observable's colours at all outputs, and whether they diverge from 0.
    fn colouring(&self, observable: usize) -> ((f64, f64), bool) {
        let outputs = 0..self.table.outputs();
        let values = outputs.clone().map(|output| self.table.values(observable, output));
        let errors = outputs.map(|output| self.table.errors(observable, output));
        colouring(&values.collect::<Vec<_>>(), &errors.collect::<Vec<_>>())
    }

    /// A figure of one panel for each observable; of very many some, which its heading says.
    fn of_observables(&self, panels: Vec<Panel>, key: Option<String>) -> Figure {
        let (shown, all) = (panels.len(), self.table.observables().len());
        let mut figure = self.figure("table".into(), panels, key);
        if shown < all {
            figure.heading += &format!(",  {shown} of {all} observables");
        }
        figure
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
        let averaged = self.averages.is_some() && !self.draws_seeds();
        let of_chain = Parameters::of_chain(self.chain);
        let of_chain = match averaged {
            true => of_chain.with("error", "the standard error of the average over the seeds"),
            false => of_chain,
        };
        self.keys.iter().fold(of_chain, |all, key| {
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

fn number_short(value: f64) -> String {
    super::label::number(value)
}

fn number_of_time(time: f64) -> String {
    if time.is_finite() { number(time) } else { "inf".into() }
}
