//! Computes points side by side within the given threads and memory.
//!
//! A lane is a pool of some of the threads. Within one the points run one after the other and share
//! what they may; lanes take groups of points from a common list, the dearest first. Where memory
//! allows it there are as many lanes as threads, because a run of one thread wastes nothing.
//! Results do not depend on any of this.

use super::Error;
use crate::cost::Cost;
use crate::monitor::{Interrupted, Monitor, Progress};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Points that share what is computed once, in the order of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub points: Vec<usize>,
    /// The cost of the dearest of its points.
    pub cost: Cost,
    /// Seconds of each point by itself.
    pub seconds: Vec<f64>,
    /// Seconds of a point that shares the solve of another.
    pub shared: f64,
}

impl Group {
    /// Expected seconds of every point: the first of the dearest solves for all.
    fn expected(&self) -> Vec<f64> {
        let dearest = self.seconds.iter().copied().fold(0.0, f64::max);
        let first = self.seconds.iter().position(|&seconds| seconds == dearest);
        let of_point = |(i, &own): (usize, &f64)| match Some(i) == first {
            true => own,
            false => own.min(self.shared),
        };
        self.seconds.iter().enumerate().map(of_point).collect()
    }

    fn all_seconds(&self) -> f64 {
        self.expected().iter().sum()
    }
}

/// Groups that run in the same number of lanes.
#[derive(Debug, Clone, PartialEq)]
struct Stage {
    groups: Vec<Group>,
    lanes: usize,
}

/// The groups in stages: those of which the same number fits into `bytes` together. A group is cut
/// where there are fewer groups than lanes.
fn stages(groups: Vec<Group>, threads: usize, bytes: f64) -> Vec<Stage> {
    let lanes_of = |group: &Group| match bytes / group.cost.bytes.max(1.0) {
        fitting if fitting >= threads as f64 => threads,
        fitting => (fitting as usize).max(1),
    };
    let mut stages: Vec<Stage> = Vec::new();
    let mut groups = groups;
    groups.sort_by_key(|group| std::cmp::Reverse(lanes_of(group)));
    for group in groups {
        let lanes = lanes_of(&group);
        match stages.last_mut() {
            Some(stage) if stage.lanes == lanes => stage.groups.push(group),
            _ => stages.push(Stage { groups: vec![group], lanes }),
        }
    }
    for stage in &mut stages {
        while stage.groups.len() < stage.lanes {
            let longest = (0..stage.groups.len()).max_by_key(|&i| stage.groups[i].points.len());
            let Some(longest) = longest.filter(|&i| stage.groups[i].points.len() > 1) else {
                break;
            };
            let group = &mut stage.groups[longest];
            let points = group.points.split_off(group.points.len() / 2);
            let seconds = group.seconds.split_off(group.points.len());
            let (cost, shared) = (group.cost, group.shared);
            let other = Group { points, cost, seconds, shared };
            stage.groups.push(other);
        }
        stage.lanes = stage.lanes.min(stage.groups.len());
        stage.groups.sort_by(|a, b| b.all_seconds().total_cmp(&a.all_seconds()));
    }
    stages
}

/// Memory and processor time of all groups together.
pub(super) fn cost(groups: &[Group], threads: usize, bytes: f64) -> Cost {
    let seconds = groups.iter().map(Group::all_seconds).sum();
    let of_stage = |stage: &Stage| {
        let mut dearest: Vec<f64> = stage.groups.iter().map(|group| group.cost.bytes).collect();
        dearest.sort_by(|a, b| b.total_cmp(a));
        dearest.iter().take(stage.lanes).sum::<f64>()
    };
    let most = stages(groups.to_vec(), threads, bytes).iter().map(of_stage).fold(0.0, f64::max);
    Cost { bytes: most, seconds }
}

/// The work that all lanes have finished.
struct Done {
    points: usize,
    /// Expected seconds of finished points.
    seconds: f64,
    /// The same for the finished part of the point at which each lane is.
    running: Vec<f64>,
}

/// A lane at work on a group.
pub(super) struct Lane<'a> {
    done: &'a Arc<Mutex<Done>>,
    monitor: &'a Monitor,
    number: usize,
    /// Expected seconds of all groups, and of every point of this one.
    whole: f64,
    expected: Vec<f64>,
    /// Points of the group that are finished.
    finished: Cell<usize>,
}

impl Lane<'_> {
    /// Expected seconds of the point that the lane is at.
    fn expected(&self) -> f64 {
        self.expected[self.finished.get()]
    }

    /// The monitor for the point that the lane is at: its share of the work is part of the whole.
    pub fn monitor(&self) -> Monitor {
        let (done, monitor) = (self.done.clone(), self.monitor.clone());
        let (number, whole, expected) = (self.number, self.whole, self.expected());
        self.monitor.reporting(move |progress| {
            let told = {
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.running[number] = expected * progress.share;
                done.progress(whole)
            };
            // The point itself looks at the same token.
            let _ = monitor.advance(told);
        })
    }

    /// To be called after every point; says whether to go on.
    pub fn finished(&self) -> Result<(), Interrupted> {
        let told = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.points += 1;
            done.seconds += self.expected();
            done.running[self.number] = 0.0;
            done.progress(self.whole)
        };
        self.finished.set(self.finished.get() + 1);
        self.monitor.advance(told)
    }
}

impl Done {
    fn progress(&self, whole: f64) -> Progress {
        let share = (self.seconds + self.running.iter().sum::<f64>()) / whole;
        Progress { share, points: self.points, time: f64::INFINITY, ..Default::default() }
    }
}

/// Answers the points of a group.
pub(super) type Work<'a> = &'a (dyn Fn(&Group, &Lane<'_>) -> Result<(), Error> + Sync);

/// Calls `work` for every group, within a pool of threads of its own. The first error, in the order
/// of time, ends all of it.
pub(super) fn run(
    groups: Vec<Group>,
    threads: usize,
    bytes: f64,
    monitor: &Monitor,
    work: Work<'_>,
) -> Result<(), Error> {
    let stages = stages(groups, threads, bytes);
    let whole = stages.iter().flat_map(|stage| &stage.groups).map(Group::all_seconds).sum::<f64>();
    let whole = whole.max(1e-9);
    let running = vec![0.0; threads];
    let done = Arc::new(Mutex::new(Done { points: 0, seconds: 0.0, running }));
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    for stage in stages {
        let next = AtomicUsize::new(0);
        let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let lane = |number: usize, threads: usize| -> Result<(), Error> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|e| Error::NotConverged(format!("threads: {e}")))?;
            while let Some(group) = stage.groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                if failed() {
                    return Ok(());
                }
                monitor.check()?;
                let done = &done;
                let work = || {
                    let (expected, finished) = (group.expected(), Cell::new(0));
                    let lane = Lane { done, monitor, number, whole, expected, finished };
                    work(group, &lane)
                };
                pool.install(work)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            for number in 0..stage.lanes {
                let (lane, failure) = (&lane, &failure);
                let share = threads / stage.lanes + usize::from(number < threads % stage.lanes);
                scope.spawn(move || {
                    if let Err(error) = lane(number, share) {
                        let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                        first.get_or_insert(error);
                    }
                });
            }
        });
        if failed() {
            break;
        }
    }
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(points: std::ops::Range<usize>, bytes: f64, seconds: f64) -> Group {
        let each = vec![seconds; points.len()];
        let (points, cost) = (points.collect(), Cost { bytes, seconds });
        Group { points, cost, seconds: each, shared: 0.0 }
    }

    #[test]
    fn lanes_hold_no_more_than_the_memory_and_use_all_threads() {
        let groups = vec![
            group(0..4, 10.0, 1.0),
            group(4..8, 10.0, 9.0),
            group(8..9, 60.0, 5.0),
            group(9..10, 200.0, 5.0),
        ];
        let found = stages(groups.clone(), 4, 100.0);
        let lanes: Vec<usize> = found.iter().map(|stage| stage.lanes).collect();
        assert_eq!(lanes, [4, 1]);
        let first: Vec<usize> = found[0].groups[0].points.clone();
        assert_eq!(first, [4, 5], "the dearest first, cut in two");
        let mut all: Vec<usize> =
            found.iter().flat_map(|s| &s.groups).flat_map(|g| g.points.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        // Where one point alone is too large nothing can be done about it here.
        assert_eq!(cost(&groups[..3], 4, 100.0).bytes, 60.0);
        assert_eq!(cost(&groups[..2], 2, 100.0).bytes, 20.0);
        assert_eq!(cost(&groups, 4, 100.0).seconds, 20.0);
    }

    #[test]
    fn every_point_runs_once_in_a_pool_of_its_lane_and_an_error_ends_all() {
        let groups: Vec<Group> = (0..20).map(|i| group(5 * i..5 * i + 5, 1.0, 1.0)).collect();
        for (threads, lanes) in [(1, 1.0), (3, 3.0), (4, 2.0)] {
            let seen = Mutex::new(Vec::new());
            let count = AtomicUsize::new(0);
            let work = |group: &Group, lane: &Lane<'_>| {
                let threads_here = rayon::current_num_threads();
                assert_eq!(threads_here, threads / lanes as usize);
                for point in &group.points {
                    seen.lock().unwrap().push(*point);
                    count.fetch_add(1, Ordering::Relaxed);
                    lane.finished()?;
                }
                Ok(())
            };
            run(groups.clone(), threads, lanes, &Monitor::default(), &work).unwrap();
            let mut seen = seen.into_inner().unwrap();
            seen.sort_unstable();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
        }
        let work = |group: &Group, _: &Lane<'_>| match group.points[0] {
            50 => Err(Error::NotConverged("here".into())),
            _ => Ok(()),
        };
        let ended = run(groups, 2, 10.0, &Monitor::default(), &work).unwrap_err();
        assert_eq!(ended.to_string(), "here");
    }

    #[test]
    fn the_share_is_that_of_the_price_from_the_first_point_on() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        let report = move |p: Progress| into.lock().unwrap().push((p.points, p.share));
        let monitor = Monitor::new(report, &Default::default());
        // One group of three points that share a solve of 6 s, the first of which does without it,
        // and one of a single point of 2 s.
        let mut shared = Group { shared: 1.0, ..group(0..3, 1.0, 6.0) };
        shared.seconds[0] = 0.5;
        let groups = vec![shared, group(3..4, 1.0, 2.5)];
        let work = |group: &Group, lane: &Lane<'_>| {
            for _ in &group.points {
                lane.monitor().advance(Progress { share: 0.5, ..Default::default() })?;
                lane.finished()?;
            }
            Ok(())
        };
        run(groups, 1, 1.0, &monitor, &work).unwrap();
        let of_ten = |seconds: f64| seconds / 10.0;
        let expected = [(0, 0.25), (1, 0.5), (1, 3.5), (2, 6.5), (2, 7.0), (3, 7.5), (3, 8.75)];
        let expected = expected.into_iter().chain([(4, 10.0)]);
        let expected: Vec<_> = expected.map(|(points, s)| (points, of_ten(s))).collect();
        assert_eq!(*seen.lock().unwrap(), expected);
    }
}
