//! One table from many runs: a scenario some of whose keys take several values, one point for each
//! combination (docs/howto/sweep.md).
//!
//! [`plan`] reads and prices every point before anything is computed; [`Sweep::run`] answers them
//! side by side, [`Sweep::points`] some of them; [`Table`] is what is written. Every point is the
//! answer of a run of its own, bit for bit. Cost: that of the points, less what a force and
//! temperatures share ([`crate::steady::LastUnitHeat`]); memory: bounded by the price of the points
//! at work, and O(observables) for each finished one.

mod along;
mod answered;
mod axis;
mod fill;
mod lanes;
mod npz;
mod observable;
mod question;
mod table;

pub use axis::{Axis, MOST_POINTS, Value};
pub use fill::{Draw, Filled, Place, collect};
pub use observable::{DEFAULT, Known, NAMED, Named, Observable, parse as observables};
pub use question::{Point, Question, Row};
pub use table::Table;

use crate::chain::{ArgumentError, Chain};
use crate::cost::{self, Cost};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::output::Checksum;
use crate::run::{Error, memory};
use crate::scenario::{Scenario, Template};
use crate::steady::{self, LastUnitHeat};
use lanes::Group;
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A sweep that is understood and priced.
#[derive(Debug, Clone)]
pub struct Sweep {
    template: Template,
    axes: Vec<Axis>,
    question: Question,
    /// The scenario of the first point.
    first: Scenario,
    /// One for each point.
    planned: Vec<Planned>,
    request: Map<String, Json>,
    /// Bytes that the points at work may take.
    bytes: f64,
}

/// A point before it is computed.
#[derive(Debug, Clone)]
struct Planned {
    cost: Cost,
    /// Points of the same value share their solve.
    shares: Option<Chain>,
    /// Numbers of its output times, and a checksum of its scenario.
    outputs: usize,
    checksum: u32,
    covariance: Option<String>,
    /// Why it cannot be answered, as far as that is known.
    refused: Option<String>,
}

/// A sweep over all combinations of the axes' values, the last axis fastest. Every point's scenario
/// is read, so that what is wrong with one is an error before anything is computed; a point without
/// an answer (no stationary state, too large) is one that says so, unless all are.
pub fn plan(template: Template, axes: Vec<Axis>, question: Question) -> Result<Sweep, Error> {
    question.check()?;
    let count = size_of(&axes)?;
    let memory = question.memory_limit.or_else(memory::available);
    // The memory that the program itself leaves is for the points at work.
    let question = Question { memory_limit: memory, ..question };
    let planned: Vec<Result<Planned, Error>> = (0..count)
        .into_par_iter()
        .map(|index| planned(&template.with(&varied(&axes, index))?, &question))
        .collect();
    // In order, so that the same message comes whatever the threads did.
    let planned = planned.into_iter().collect::<Result<Vec<_>, _>>()?;
    if planned.iter().all(|point| point.refused.is_some()) {
        let reason = planned[0].refused.clone().unwrap_or_default();
        return Err(Error::NoAnswer(format!("no point of the sweep has an answer: {reason}")));
    }
    if let Some(index) = planned.iter().position(|p| p.outputs != planned[0].outputs) {
        let [first, other] = [planned[0].outputs, planned[index].outputs];
        let reason = format!(
            "found {first} and {other} output times; allowed: as many for every point, so that \
             they make a table"
        );
        return Err(ArgumentError::new("vary", reason).into());
    }
    let first = template.with(&varied(&axes, 0))?;
    let request = request(&first, &axes, &question, &planned)?;
    let bytes = memory.map_or(f64::INFINITY, |bytes| bytes as f64);
    Ok(Sweep { template, axes, question, first, planned, request, bytes })
}

/// The number of points, unless there are too many or a key comes twice.
fn size_of(axes: &[Axis]) -> Result<usize, ArgumentError> {
    let refuse = |reason: String| Err(ArgumentError::new("vary", reason));
    if axes.is_empty() {
        return refuse("found nothing; allowed: KEY=VALUES, such as chain.flip_rate=0.1,1".into());
    }
    if let Some(twice) = (1..axes.len()).find(|&i| axes[..i].iter().any(|a| a.key == axes[i].key)) {
        return refuse(format!("found {} twice; allowed: each key once", axes[twice].key));
    }
    let count = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    match count {
        Some(count) if count <= MOST_POINTS => Ok(count),
        _ => refuse(format!("found more than {MOST_POINTS} points; allowed: fewer values")),
    }
}

/// The index of every axis' value at a point.
fn place(axes: &[Axis], index: usize) -> Vec<usize> {
    let mut rest = index;
    let mut place: Vec<usize> = axes
        .iter()
        .rev()
        .map(|axis| {
            let at = rest % axis.values.len();
            rest /= axis.values.len();
            at
        })
        .collect();
    place.reverse();
    place
}

/// The keys and values of a point.
fn varied(axes: &[Axis], index: usize) -> Vec<(&str, String)> {
    let place = place(axes, index);
    axes.iter().zip(place).map(|(axis, at)| (&*axis.key, axis.values[at].to_string())).collect()
}

fn planned(scenario: &Scenario, question: &Question) -> Result<Planned, Error> {
    let (cost, refused) = match question.price(scenario) {
        Ok(cost) => (cost, None),
        Err(Error::Scenario(error)) => return Err(error.into()),
        Err(error) => (Cost::default(), Some(error.to_string())),
    };
    let shares = match question.task {
        Task::Steady if refused.is_none() => steady::shared_by(&Chain::new(scenario)),
        _ => None,
    };
    let mut checksum = Checksum::new(std::io::sink());
    let files = crate::run::checksums_of_coefficients(scenario);
    let text = json!([scenario, files]).to_string();
    checksum.write_all(text.as_bytes()).map_err(|e| Error::NotConverged(e.to_string()))?;
    let covariance = scenario.initial.as_ref().and_then(|law| law.covariance.clone());
    let outputs = question.times(scenario).len();
    let checksum = checksum.value();
    Ok(Planned { cost, shares, outputs, checksum, covariance, refused })
}

/// Everything that the table depends on, as summary.json tells it.
fn request(
    first: &Scenario,
    axes: &[Axis],
    question: &Question,
    planned: &[Planned],
) -> Result<Map<String, Json>, Error> {
    let mut checksum = Checksum::new(std::io::sink());
    for point in planned {
        checksum
            .write_all(&point.checksum.to_le_bytes())
            .map_err(|e| Error::NotConverged(e.to_string()))?;
    }
    let files: BTreeSet<&String> = planned.iter().filter_map(|p| p.covariance.as_ref()).collect();
    let files =
        files.into_iter().map(|path| Ok((path.clone(), crate::run::checksum_of(path)?.into())));
    let files = files.collect::<Result<Map<String, Json>, Error>>()?;
    let asked = (question.method != Method::Auto).then_some(question.method);
    let vary: Map<String, Json> =
        axes.iter().map(|axis| (axis.key.clone(), json!(axis.values))).collect();
    let request = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": "sweep",
        "run": question.task,
        "scenario": first,
        "scenario_files": files,
        "vary_checksum": format!("{:08x}", checksum.value()),
        "axes": axes.iter().map(|axis| &axis.key).collect::<Vec<_>>(),
        "vary": vary,
        "observe": question.observe.iter().map(Observable::to_string).collect::<Vec<_>>(),
        "tolerance": question.tolerance,
        "method_asked": asked,
    });
    let Json::Object(request) = request else { unreachable!("it was written as an object") };
    Ok(request)
}

impl Sweep {
    /// The number of points.
    pub fn len(&self) -> usize {
        self.planned.len()
    }

    /// Whether there are none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// The varied keys.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The question that is asked at every point.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Everything that the table depends on.
    pub fn request(&self) -> &Map<String, Json> {
        &self.request
    }

    /// The scenario of a point.
    pub fn scenario(&self, index: usize) -> Result<Scenario, Error> {
        Ok(self.template.with(&varied(&self.axes, index))?)
    }

    /// The chain of the first point.
    pub fn chain(&self) -> Chain {
        Chain::new(&self.first)
    }

    /// The expected cost of these points together, on the threads that there are.
    pub fn cost(&self, points: &[usize]) -> Cost {
        lanes::cost(&self.groups(points), rayon::current_num_threads(), self.bytes)
    }

    /// Points that share a solve in one group, in the order of the grid.
    fn groups(&self, points: &[usize]) -> Vec<Group> {
        let mut groups: Vec<(Option<&Chain>, Group)> = Vec::new();
        let shared_seconds = |chain: &Chain| cost::of_profiles(chain.atoms(), 1).seconds;
        for &point in points {
            let Planned { cost, shares, .. } = &self.planned[point];
            let known = shares.as_ref().and_then(|chain| {
                groups.iter_mut().rev().take(SEARCHED).find(|(key, _)| *key == Some(chain))
            });
            match known {
                Some((_, group)) => {
                    group.points.push(point);
                    group.seconds.push(cost.seconds);
                    group.cost.bytes = group.cost.bytes.max(cost.bytes);
                    group.cost.seconds = group.cost.seconds.max(cost.seconds);
                }
                None => {
                    let shared = shares.as_ref().map_or(0.0, shared_seconds);
                    let seconds = vec![cost.seconds];
                    let group = Group { points: vec![point], cost: *cost, seconds, shared };
                    groups.push((shares.as_ref(), group));
                }
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// Answers these points side by side on the threads of this pool and hands each one over at
    /// once, from whatever thread it was answered on. `keep` names a run directory to write for a
    /// point. Ends at the first failure of `finished`.
    pub fn run(
        &self,
        points: &[usize],
        monitor: &Monitor,
        keep: &(dyn Fn(usize) -> Option<std::path::PathBuf> + Sync),
        finished: &(dyn Fn(usize, Point) + Sync),
    ) -> Result<(), Error> {
        let threads = rayon::current_num_threads();
        lanes::run(self.groups(points), threads, self.bytes, monitor, &|group, lane| {
            let unit_heat = Arc::new(LastUnitHeat::default());
            for &index in &group.points {
                let keep = keep(index);
                let found = self.point(index, keep.as_deref(), &unit_heat, &lane.monitor())?;
                finished(index, found);
                lane.finished()?;
            }
            Ok(())
        })
    }

    /// Answers one point.
    fn point(
        &self,
        index: usize,
        keep: Option<&Path>,
        unit_heat: &Arc<LastUnitHeat>,
        monitor: &Monitor,
    ) -> Result<Point, Error> {
        monitor.check()?;
        let scenario = self.scenario(index)?;
        match &self.planned[index].refused {
            Some(reason) => Ok(self.question.failed(&scenario, reason.clone())),
            None => self.question.answer(&scenario, keep, unit_heat, monitor),
        }
    }

    /// Answers these points on the threads of this pool, in their order.
    pub fn points(&self, points: &[usize], monitor: &Monitor) -> Result<Vec<Point>, Error> {
        let found = std::sync::Mutex::new(std::collections::BTreeMap::new());
        self.run(points, monitor, &|_| None, &|index, point| {
            found.lock().unwrap_or_else(|e| e.into_inner()).insert(index, point);
        })?;
        let mut found = found.into_inner().unwrap_or_else(|e| e.into_inner());
        let take = |index: &usize| found.remove(index).expect("every point was answered");
        Ok(points.iter().map(take).collect())
    }

    /// The table of the answers of all points.
    pub fn table(&self, points: Vec<Point>) -> Table {
        Table::new(self.axes.clone(), self.question.observe.clone(), points)
    }
}

/// Groups that are looked through for one that shares a solve: points next to each other differ in
/// the last keys.
const SEARCHED: usize = 1 << 12;

/// A sweep on the threads of this pool: the table of all points.
///
/// ```
/// use flipchain::sweep::{Axis, Question, observables, sweep};
/// use flipchain::{Method, Task, monitor::Monitor, scenario::{StartingPoint, Template}};
/// let text = StartingPoint::named("uphill").expect("it is there").text;
/// let template = Template::of_text(text, "uphill", &["chain.bonds=8".into()]);
/// let axes = vec![Axis::parse("chain.flip_rate=1,2")?, Axis::parse("right.force.mean=0:2:3")?];
/// let observe = observables("current")?;
/// let (task, tolerance, method) = (Task::Steady, 1e-9, Method::Auto);
/// let question = Question { task, observe, tolerance, method, memory_limit: None };
/// let table = sweep(template, axes, question, &Monitor::default())?;
/// assert_eq!((table.shape(), table.points().len()), (vec![2, 3], 6));
/// # Ok::<(), flipchain::Error>(())
/// ```
pub fn sweep(
    template: Template,
    axes: Vec<Axis>,
    question: Question,
    monitor: &Monitor,
) -> Result<Table, Error> {
    let sweep = plan(template, axes, question)?;
    let all: Vec<usize> = (0..sweep.len()).collect();
    Ok(sweep.table(sweep.points(&all, monitor)?))
}
