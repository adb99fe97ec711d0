//! The directory of a sweep: shards compute their points and keep each at once; the last one writes
//! the tables.

use super::npz::write_table_npz;
use super::{Axis, Error, Point, Sweep, Table};
use crate::method::Task;
use crate::monitor::{Archive, Monitor, Record};
use crate::output::{Existing, OutputError, Parts, RunDirectory, Shard};
use crate::run::{counted, memory};
use crate::scenario::Scenario;
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use std::time::Instant;

/// The points that are computed, and where they are kept.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The directory.
    pub path: &'a Path,
    /// What to do with a directory that exists.
    pub existing: Existing,
    /// Shard I of N, from 1: every N-th point from the I-th on.
    pub shard: [usize; 2],
    /// Whether the run directory of every point is kept in `runs/`.
    pub keep_runs: bool,
}

impl Place<'_> {
    /// The points of this shard, out of so many.
    pub fn own(&self, total: usize) -> Vec<usize> {
        let [number, of] = self.shard;
        (number - 1..total).step_by(of).collect()
    }
}

/// The state in which a shard leaves a sweep.
#[derive(Debug, Clone)]
pub enum Filled {
    /// The tables: the table, and the text of summary.json.
    Whole(Box<Table>, String),
    /// Points, while others are still missing.
    Part {
        /// How many points there are in all, and how many of them are finished.
        points: [usize; 2],
        /// Why the first of this shard's points that failed did.
        failed: Option<String>,
    },
}

impl Filled {
    /// How many points failed, and why the first of them did; or that points are missing where all
    /// should be there.
    pub fn failed(&self) -> Option<String> {
        match self {
            Filled::Whole(table, _) => {
                let mut failed = table.failed();
                let (index, reason) = failed.next()?;
                let keys: Vec<String> = (table.axes().iter().zip(table.keys_at(index)))
                    .map(|(axis, value)| format!("{} = {value}", axis.key))
                    .collect();
                let (count, all) = (1 + failed.count(), table.points().len());
                Some(format!(
                    "{count} of {all} points failed or missed their tolerance, the first at {}: \
                     {reason}",
                    keys.join(", ")
                ))
            }
            Filled::Part { failed, .. } => failed
                .as_ref()
                .map(|reason| format!("points of this shard failed, the first of them: {reason}")),
        }
    }
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filled::Whole(table, _) => {
                let of_axis =
                    |axis: &Axis| format!("{} ({})", axis.key, counted(axis.values.len(), "value"));
                let axes: Vec<String> = table.axes().iter().map(of_axis).collect();
                write!(f, "{}: {}", counted(table.points().len(), "point"), axes.join(" × "))?;
                match table.failed().next() {
                    None => f.write_str("\nevery point reached its tolerance"),
                    Some(_) => Ok(()),
                }
            }
            Filled::Part { points: [all, there], .. } => write!(
                f,
                "{there} of {all} points are finished; the tables are written by the last shard"
            ),
        }
    }
}

/// Draws the figures of a table of runs of a task, whose first point is the scenario, into the
/// directory.
pub type Draw<'a> = &'a dyn Fn(&Table, Task, &Scenario, &RunDirectory) -> Result<(), Error>;

impl Sweep {
    /// Everything that the directory depends on.
    pub fn request_of(&self, place: &Place<'_>) -> Map<String, Json> {
        let mut request = self.request.clone();
        request.insert("keep_runs".into(), place.keep_runs.into());
        request
    }

    /// Computes those points of a shard that are not finished yet. Writes the tables if no point of
    /// any shard is missing then.
    pub fn fill(
        &self,
        place: &Place<'_>,
        monitor: &Monitor,
        draw: Draw<'_>,
    ) -> Result<Filled, Error> {
        let start = Instant::now();
        let ([number, of], total) = (place.shard, self.len());
        let request = Json::Object(self.request_of(place));
        let is_own = |name: &str| index(name).is_some_and(|index| index % of == number - 1);
        let shard = Shard::open(place.path, place.existing, &request, place.shard, &is_own)?;
        let parts = shard.parts();
        let own = place.own(total);
        let missing: Vec<usize> =
            own.iter().copied().filter(|&index| read(&parts, index).is_none()).collect();
        let run = |index: usize| place.keep_runs.then(|| shard.run(&self.run_name(index)));
        self.run(&missing, monitor, &run, &|index, point| {
            parts.write(&name(index), &|to| point.put(to));
        })?;
        if let Some(failure) = parts.failure() {
            let source = std::io::Error::other(failure);
            return Err(OutputError::Io { path: place.path.into(), source }.into());
        }
        let found = RefCell::new(Vec::new());
        let finished = |parts: &Parts| {
            *found.borrow_mut() = if parts.count() < total { vec![] } else { all(parts, total) };
            found.borrow().len() == total
        };
        match shard.collect(&finished)? {
            Some(directory) => {
                let table = self.table(found.into_inner());
                let text = write(&directory, &table, &request, start, draw)?;
                directory.commit()?;
                Ok(Filled::Whole(table.into(), text))
            }
            None => {
                let failed = own.iter().find_map(|&index| read(&parts, index)?.reason);
                // If another shard has written the tables, the parts are gone.
                let there = if place.path.is_dir() { total } else { parts.count() };
                Ok(Filled::Part { points: [total, there], failed })
            }
        }
    }

    /// The folder of a point's run: its number, with zeros so that the names are in order.
    fn run_name(&self, index: usize) -> String {
        let width = (self.len() - 1).to_string().len();
        format!("{index:0width$}")
    }
}

/// Writes the tables of a directory whose points are all finished, if the last shard ended before
/// it wrote them. If points are missing, the answer says how many there are and how many are
/// finished.
pub fn collect(path: &Path, draw: Draw<'_>) -> Result<Filled, Error> {
    let start = Instant::now();
    let found = RefCell::new((0, 0, Vec::new()));
    let finished = |request: &Json, parts: &Parts| {
        let total = Table::size_of_request(request).unwrap_or(0);
        let points = all(parts, total);
        *found.borrow_mut() = (total, parts.count(), points);
        found.borrow().2.len() == total && total > 0
    };
    let (request, directory) = crate::output::left_by_shards(path, &finished)?;
    let (total, there, points) = found.into_inner();
    let damaged = || {
        let source = std::io::Error::other("its points do not fit its request.json");
        Error::from(OutputError::Io { path: path.into(), source })
    };
    match directory {
        Some(directory) => {
            let table = Table::of_request(&request, points).ok_or_else(damaged)?;
            let text = write(&directory, &table, &request, start, draw)?;
            directory.commit()?;
            Ok(Filled::Whole(table.into(), text))
        }
        None if total == 0 => Err(damaged()),
        None => Ok(Filled::Part { points: [total, there], failed: None }),
    }
}

/// The name of a point's part.
fn name(index: usize) -> String {
    format!("point-{index}")
}

/// The point of a part.
fn index(name: &str) -> Option<usize> {
    name.strip_prefix("point-")?.parse().ok()
}

fn read(parts: &Parts, index: usize) -> Option<Point> {
    Point::take(&mut parts.read(&name(index))?).ok()
}

/// The points from the first on, up to the first that is missing.
fn all(parts: &Parts, total: usize) -> Vec<Point> {
    (0..total).map_while(|index| read(parts, index)).collect()
}

/// Writes the tables, the figures and last of all summary.json, whose text is returned.
fn write(
    directory: &RunDirectory,
    table: &Table,
    request: &Json,
    start: Instant,
    draw: Draw<'_>,
) -> Result<String, Error> {
    let nothing = Map::new();
    let asked = request.as_object().unwrap_or(&nothing);
    directory.take_runs()?;
    directory.write("table.csv", table.csv().as_bytes())?;
    write_table_npz(directory, "table", table, asked)?;
    if let Some(averages) = table.over_seeds() {
        directory.write("average.csv", averages.csv().as_bytes())?;
        write_table_npz(directory, "average", &averages, asked)?;
    }
    let failed =
        |source: std::io::Error| OutputError::Io { path: directory.path("scenario.toml"), source };
    let scenario: Scenario =
        serde_json::from_value(request["scenario"].clone()).map_err(|e| failed(e.into()))?;
    let text = format!(
        "# The scenario of the first point of this sweep; table.csv has the keys that vary.\n\n{}",
        scenario.to_toml().map_err(failed)?
    );
    directory.write("scenario.toml", text.as_bytes())?;
    let task = [Task::Evolve, Task::Limit].into_iter().find(|task| request["run"] == task.name());
    draw(table, task.unwrap_or(Task::Steady), &scenario, directory)?;
    Ok(directory.write_summary(summary(table, asked, start.elapsed().as_secs_f64()))?)
}

/// At most this many failed points are listed in summary.json; table.csv has all of them.
const LISTED: usize = 100;

fn summary(table: &Table, request: &Map<String, Json>, wall_seconds: f64) -> Map<String, Json> {
    let failure = |(index, reason): (usize, &str)| {
        let keys = table.axes().iter().map(|axis| axis.key.clone());
        let values = table.keys_at(index).into_iter().map(|value| json!(value));
        let keys: Map<String, Json> = keys.zip(values).collect();
        json!({ "keys": keys, "reason": reason })
    };
    let observables = table.observables().iter().map(|observable| {
        let (meaning, unit) = observable.meaning();
        (observable.to_string(), json!({ "meaning": meaning, "unit": unit }))
    });
    let mut summary = request.clone();
    let more = json!({
        "program": "flipchain",
        "shape": table.shape(),
        "failed": table.failed().count(),
        "failures": table.failed().take(LISTED).map(failure).collect::<Vec<_>>(),
        "observables": observables.collect::<Map<String, Json>>(),
        "threads": rayon::current_num_threads(),
        "wall_seconds": wall_seconds,
        "cpu_seconds": memory::processor_seconds(),
        "peak_memory_bytes": memory::peak_bytes(),
    });
    summary.extend(more.as_object().cloned().unwrap_or_default());
    summary
}
