//! Points side by side, without more threads than there are and without more memory than allowed.
//!
//! A lane is a pool of some of the threads. Within one the points run one after the other and share
//! what they may; lanes take groups of points from a common list, the dearest first. Where memory
//! allows it there are as many lanes as threads, because a run of one thread wastes nothing.
//! Results do not depend on any of this.

use super::Error;
use crate::cost::Cost;
use crate::monitor::{Interrupted, Monitor, Progress};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Points that share what is computed once, in the order of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub points: Vec<usize>,
    /// Of the dearest of its points.
    pub cost: Cost,
}

/// Groups that run in as many lanes of so many threads.
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
            let cost = group.cost;
            stage.groups.push(Group { points, cost });
        }
        stage.lanes = stage.lanes.min(stage.groups.len());
        stage.groups.sort_by(|a, b| b.cost.seconds.total_cmp(&a.cost.seconds));
    }
    stages
}

/// Memory and processor time of all groups together.
pub(super) fn cost(groups: &[Group], threads: usize, bytes: f64) -> Cost {
    let seconds = groups.iter().map(|group| group.cost.seconds).sum();
    let of_stage = |stage: &Stage| {
        let mut dearest: Vec<f64> = stage.groups.iter().map(|group| group.cost.bytes).collect();
        dearest.sort_by(|a, b| b.total_cmp(a));
        dearest.iter().take(stage.lanes).sum::<f64>()
    };
    let most = stages(groups.to_vec(), threads, bytes).iter().map(of_stage).fold(0.0, f64::max);
    Cost { bytes: most, seconds }
}

/// To be called after every point; says whether to go on.
pub(super) type Tell<'a> = &'a dyn Fn() -> Result<(), Interrupted>;
/// Answers the points of a group.
pub(super) type Work<'a> = &'a (dyn Fn(&Group, Tell<'_>) -> Result<(), Error> + Sync);

/// Calls `work` for every group, within a pool of threads of its own; it calls what it is given
/// after every point. The first error, in the order of time, ends all of it.
pub(super) fn run(
    groups: Vec<Group>,
    threads: usize,
    bytes: f64,
    monitor: &Monitor,
    work: Work<'_>,
) -> Result<(), Error> {
    let total: usize = groups.iter().map(|group| group.points.len()).sum();
    let weight: f64 = groups.iter().map(|group| group.cost.seconds).sum::<f64>().max(1e-9);
    let done = Mutex::new((0usize, 0.0));
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    let finished = |group: &Group| {
        let share = group.cost.seconds / group.points.len() as f64;
        let (points, seconds) = {
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done = (done.0 + 1, done.1 + share);
            *done
        };
        // Half by the expected time, half by the count: an estimate may be far off.
        let share = 0.5 * (seconds / weight + points as f64 / total as f64);
        monitor.advance(Progress { share, points, time: f64::INFINITY, ..Default::default() })
    };
    for stage in stages(groups, threads, bytes) {
        let next = AtomicUsize::new(0);
        let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let lane = |threads: usize| -> Result<(), Error> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|e| Error::NotConverged(format!("threads: {e}")))?;
            while let Some(group) = stage.groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                if failed() {
                    return Ok(());
                }
                monitor.check()?;
                pool.install(|| work(group, &|| finished(group)))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            for number in 0..stage.lanes {
                let (lane, failure) = (&lane, &failure);
                let share = threads / stage.lanes + usize::from(number < threads % stage.lanes);
                scope.spawn(move || {
                    if let Err(error) = lane(share) {
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
        Group { points: points.collect(), cost: Cost { bytes, seconds } }
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
            let work = |group: &Group, finished: Tell<'_>| {
                let threads_here = rayon::current_num_threads();
                assert_eq!(threads_here, threads / lanes as usize);
                for point in &group.points {
                    seen.lock().unwrap().push(*point);
                    count.fetch_add(1, Ordering::Relaxed);
                    finished()?;
                }
                Ok(())
            };
            run(groups.clone(), threads, lanes, &Monitor::default(), &work).unwrap();
            let mut seen = seen.into_inner().unwrap();
            seen.sort_unstable();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
        }
        let work = |group: &Group, _: Tell<'_>| match group.points[0] {
            50 => Err(Error::NotConverged("here".into())),
            _ => Ok(()),
        };
        let ended = run(groups, 2, 10.0, &Monitor::default(), &work).unwrap_err();
        assert_eq!(ended.to_string(), "here");
    }
}
