//! The table of a sweep: one row for each point and output time.

use super::axis::{Axis, Value};
use super::observable::Observable;
use super::question::{Point, Row};
use std::fmt::Write;

/// The answers of all points, in the order of the grid: the last axis fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    axes: Vec<Axis>,
    observe: Vec<Observable>,
    points: Vec<Point>,
    /// The name of the column beside every value: its error, or the standard error of an average.
    beside: &'static str,
}

impl Table {
    pub(super) fn new(axes: Vec<Axis>, observe: Vec<Observable>, points: Vec<Point>) -> Table {
        Table { axes, observe, points, beside: "error" }
    }

    /// The averages over the keys that are seeds, and their standard errors in place of the errors;
    /// `None` where no seed takes several values. Points without a value are left out, which the
    /// reason then says. The standard error of n values is √(Σ (v - mean)²/(n(n-1))), infinite for
    /// one value.
    pub fn over_seeds(&self) -> Option<Table> {
        let is_seed = |axis: &Axis| axis.key.ends_with(".seed") && axis.values.len() > 1;
        let kept: Vec<Axis> = self.axes.iter().filter(|axis| !is_seed(axis)).cloned().collect();
        if kept.len() == self.axes.len() || self.times().is_none() {
            return None;
        }
        let count = kept.iter().map(|axis| axis.values.len()).product();
        let mut groups: Vec<Vec<&Point>> = vec![Vec::new(); count];
        for (index, point) in self.points.iter().enumerate() {
            let place = super::place(&self.axes, index).into_iter().zip(&self.axes);
            let place = place.filter(|(_, axis)| !is_seed(axis));
            let group = place.fold(0, |index, (at, axis)| index * axis.values.len() + at);
            groups[group].push(point);
        }
        let points = groups.iter().map(|group| average(group)).collect();
        let observe = self.observe.clone();
        Some(Table { axes: kept, observe, points, beside: "standard_error" })
    }

    /// The ending of the names of what stands beside every value: `error` or `standard_error`.
    pub fn beside(&self) -> &'static str {
        self.beside
    }

    /// The table of a request and of the points that were kept with it; `None` where they do not
    /// fit.
    pub fn of_request(request: &serde_json::Value, points: Vec<Point>) -> Option<Table> {
        let observe = request["observe"].as_array()?.iter();
        let observe: Option<Vec<Observable>> =
            observe.map(|name| name.as_str()?.parse().ok()).collect();
        let table = Table::new(axes_of(request)?, observe?, points);
        let fits = |row: &Row| row.values.len() == table.observe.len();
        let outputs = table.outputs();
        let all = table.points.iter();
        let whole = table.points.len() == table.shape().iter().product::<usize>()
            && all.clone().all(|p| p.rows.len() == outputs && p.rows.iter().all(fits));
        whole.then_some(table)
    }

    /// The number of points of a request.
    pub fn size_of_request(request: &serde_json::Value) -> Option<usize> {
        Some(axes_of(request)?.iter().map(|axis| axis.values.len()).product())
    }

    /// The varied keys.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The observables.
    pub fn observables(&self) -> &[Observable] {
        &self.observe
    }

    /// The points.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The number of values of every axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.values.len()).collect()
    }

    /// The number of output times.
    pub fn outputs(&self) -> usize {
        self.points.first().map_or(0, |point| point.rows.len())
    }

    /// The output times, if every point has the same.
    pub fn times(&self) -> Option<Vec<f64>> {
        let times = |point: &Point| point.rows.iter().map(|row| row.time).collect::<Vec<f64>>();
        let first = self.points.first().map(times)?;
        self.points.iter().all(|point| times(point) == first).then_some(first)
    }

    /// The values of an observable at one output of every point; NaN where there is none.
    pub fn values(&self, observable: usize, output: usize) -> Vec<f64> {
        self.column(observable, output, |(value, _)| value)
    }

    /// Their errors.
    pub fn errors(&self, observable: usize, output: usize) -> Vec<f64> {
        self.column(observable, output, |(_, error)| error)
    }

    fn column(&self, observable: usize, output: usize, part: fn((f64, f64)) -> f64) -> Vec<f64> {
        let of = |point: &Point| point.rows[output].values[observable].map_or(f64::NAN, part);
        self.points.iter().map(of).collect()
    }

    /// The points that failed or missed their tolerance, with the reason.
    pub fn failed(&self) -> impl Iterator<Item = (usize, &str)> {
        let reason = |(index, point): (usize, &'_ Point)| (index, point.reason.is_some());
        let failed = self.points.iter().enumerate().map(reason).filter(|(_, failed)| *failed);
        failed.map(|(index, _)| (index, self.points[index].reason.as_deref().unwrap_or_default()))
    }

    /// The values of the keys at a point.
    pub fn keys_at(&self, index: usize) -> Vec<&Value> {
        let place = super::place(&self.axes, index);
        self.axes.iter().zip(place).map(|(axis, at)| &axis.values[at]).collect()
    }

    /// table.csv: the varied keys, t, each observable and then its error, and the reason of a point
    /// that failed; 17 significant digits, empty where there is no value.
    pub fn csv(&self) -> String {
        let names = self.observe.iter().map(Observable::to_string);
        let names = names.flat_map(|name| [name.clone(), format!("{name}_{}", self.beside)]);
        let keys = self.axes.iter().map(|axis| quoted(&axis.key));
        let header: Vec<String> =
            keys.chain(["t".into()]).chain(names).chain(["reason".into()]).collect();
        let mut csv = header.join(",") + "\n";
        for (index, point) in self.points.iter().enumerate() {
            let keys: String = self.keys_at(index).into_iter().map(|key| cell(key) + ",").collect();
            for row in &point.rows {
                let _ = write!(csv, "{keys}{:.16e}", row.time);
                for value in &row.values {
                    let _ = match value {
                        Some((value, error)) => write!(csv, ",{value:.16e},{error:.16e}"),
                        None => write!(csv, ",,"),
                    };
                }
                let _ = writeln!(csv, ",{}", quoted(point.reason.as_deref().unwrap_or_default()));
            }
        }
        csv
    }
}

/// The average of points that differ in seeds alone.
fn average(group: &[&Point]) -> Point {
    let row = |output: usize, first: &Row| {
        let of = |observable: usize| {
            let known = group.iter().filter_map(|point| point.rows[output].values[observable]);
            let mut values: Vec<f64> = known.map(|(value, _)| value).collect();
            // The same values give the same bits in any order, and equal values their own.
            values.sort_by(f64::total_cmp);
            let least = values.first().copied().unwrap_or_default();
            let count = values.len() as f64;
            let mean = least + values.iter().map(|value| value - least).sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let spread =
                if count > 1.0 { squares / (count * (count - 1.0)) } else { f64::INFINITY };
            (count > 0.0).then(|| (mean, spread.sqrt()))
        };
        Row { time: first.time, values: (0..first.values.len()).map(of).collect() }
    };
    let rows = group[0].rows.iter().enumerate().map(|(output, first)| row(output, first));
    let failed = group.iter().filter(|point| point.reason.is_some()).count();
    let reason = (failed > 0)
        .then(|| format!("{failed} of {} seeds failed or missed their tolerance", group.len()));
    Point { rows: rows.collect(), reason }
}

/// The axes of a request.
fn axes_of(request: &serde_json::Value) -> Option<Vec<Axis>> {
    let axis = |key: &serde_json::Value| {
        let key = key.as_str()?;
        let values = serde_json::from_value(request["vary"][key].clone()).ok()?;
        Axis::new(key, values).ok()
    };
    request["axes"].as_array()?.iter().map(axis).collect()
}

/// The value of a key in a CSV.
fn cell(value: &Value) -> String {
    match value {
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => format!("{value:.16e}"),
        Value::Text(text) => quoted(text),
    }
}

/// A text in a CSV: between quotes where it has to be, on one line.
fn quoted(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    if line.contains([',', '"', ';']) || line.trim() != line {
        format!("\"{}\"", line.replace('"', "\"\""))
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_over_seeds_have_standard_errors() {
        let axes = ["chain.mass.seed=1:4:4", "chain.bonds=4,8"].map(|a| Axis::parse(a).unwrap());
        let observe = super::super::observables("current").unwrap();
        let point = |value: Option<f64>| Point {
            rows: vec![Row { time: 1.0, values: vec![value.map(|v| (v, 1e-16))] }],
            reason: value.is_none().then(|| "no answer".into()),
        };
        // Seeds 1 to 4 at N = 4 and at N = 8.
        let values = [Some(1.0), Some(5.0), Some(2.0), None, Some(4.0), Some(5.0), Some(5.0), None];
        let table = Table::new(axes.to_vec(), observe, values.map(point).to_vec());
        let averages = table.over_seeds().expect("a seed varies");
        assert_eq!((averages.shape(), averages.beside()), (vec![2], "standard_error"));
        // 1, 2, 4, 5: mean 3, squares 4 + 1 + 1 + 4 over 4·3; 5, 5: no spread.
        assert_eq!(averages.values(0, 0), [3.0, 5.0]);
        assert_eq!(averages.errors(0, 0), [(10.0f64 / 12.0).sqrt(), 0.0]);
        let reasons: Vec<_> = averages.points().iter().map(|p| p.reason.clone()).collect();
        assert_eq!(reasons[0], None);
        assert!(reasons[1].as_ref().is_some_and(|reason| reason.starts_with("2 of 4 seeds")));
        assert!(averages.csv().starts_with("chain.bonds,t,current,current_standard_error,reason"));
        assert_eq!(averages.over_seeds(), None);
    }

    #[test]
    fn a_table_has_a_row_for_every_point_and_time_and_says_why_one_is_empty() {
        let axes = vec![
            Axis::parse("chain.bonds=4,8").unwrap(),
            Axis::parse("initial.temperature=1,max(x, 1)").unwrap(),
        ];
        let observe = super::super::observables("current").unwrap();
        let row = |time, value| Row { time, values: vec![value] };
        let point = |value, reason: Option<&str>| Point {
            rows: vec![row(0.5, value), row(f64::INFINITY, value)],
            reason: reason.map(Into::into),
        };
        let points = vec![
            point(Some((0.25, 1e-17)), None),
            point(None, Some("no flips, \"no\"\nanswer")),
            point(Some((-2.0, 0.0)), None),
            point(Some((0.0, 0.0)), None),
        ];
        let table = Table::new(axes, observe, points);
        let csv = table.csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[0], "chain.bonds,initial.temperature,t,current,current_error,reason");
        assert_eq!(
            lines[1],
            "4,1,5.0000000000000000e-1,2.5000000000000000e-1,1.0000000000000001e-17,"
        );
        assert_eq!(lines[4], "4,\"max(x, 1)\",inf,,,\"no flips, \"\"no\"\" answer\"");
        assert!(lines[5].starts_with("8,1,"));
        assert_eq!(table.failed().collect::<Vec<_>>().len(), 1);
        assert!(table.values(0, 0)[1].is_nan() && table.values(0, 1)[2] == -2.0);
        assert_eq!(table.times(), Some(vec![0.5, f64::INFINITY]));
    }
}
