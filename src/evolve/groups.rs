//! Chooses the contours for the profiles without covariance ([`super::profiles`]). Times within a
//! modest ratio share one: the hyperbola around the axis ([`super::hyperbola`]) or, while the phase
//! of a periodic force is small, a contour around all its frequencies ([`super::strip`]).

use super::envelope::EARLIEST_PHASE;
use super::hyperbola::{self, Contour, Remembered};
use super::strip;
use crate::chain::Chain;
use num_complex::Complex64;
use std::ops::Range;

/// Times at most that share a contour.
const SHARED: usize = 32;

/// The contour of times that share one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Half the width of the strip that the contour encloses, 0 for the hyperbola around the axis.
    pub half_width: f64,
    /// The error for which the nodes are chosen.
    pub goal: f64,
}

impl Way {
    /// The count for times in `first`..`last`: nodes a panel of the strip, or nodes of the
    /// hyperbola.
    pub fn count(self, first: f64, last: f64) -> usize {
        match self.half_width {
            0.0 => hyperbola::nodes_for(last / first, self.goal),
            _ => strip::nodes_for(self.goal),
        }
    }

    /// The whole contour, `count` being [`Way::count`].
    pub fn nodes(self, first: f64, last: f64, count: usize) -> usize {
        if self.half_width == 0.0 {
            count
        } else {
            strip::size(self.half_width, first, last, count)
        }
    }

    /// The contour of `count` nodes, or nodes a panel.
    pub fn contour(self, first: f64, last: f64, count: usize) -> Contour {
        match self.half_width {
            0.0 => Contour::new(first, last, count),
            half_width => strip::contour(half_width, first, last, count),
        }
    }

    /// The factor by which `extra` more of the count reduce the error.
    pub fn gain(self, first: f64, last: f64, extra: usize) -> f64 {
        if self.half_width == 0.0 {
            hyperbola::gain(last / first, extra)
        } else {
            strip::gain(extra)
        }
    }
}

/// The largest frequency in the periodic state, half the width of the strip around its poles and
/// lines; 0 under a constant force.
fn half_width(chain: &Chain) -> f64 {
    let acts = chain.force.harmonics.iter().filter(|(_, force)| *force != Complex64::ZERO);
    2.0 * acts.map(|&(order, _)| order as f64).fold(0.0, f64::max) * chain.force.frequency.hi
}

/// The groups of times that share a contour, each with its way.
pub(super) fn groups(chain: &Chain, times: &[f64], tolerance: f64) -> Vec<(Way, Range<usize>)> {
    // The current is 1/N of the energies.
    let goal = (1e-4 * tolerance).max(1e-14);
    // The poles and lines of a periodic force are apart once ωτ is large; until then they are
    // enclosed together.
    let strip = half_width(chain);
    let together = |time: &f64| strip > 0.0 && chain.force.frequency.hi * time < EARLIEST_PHASE;
    let (early, late) = times.split_at(times.partition_point(together));
    let split = |half_width: f64, times: &[f64], offset: usize| {
        let way = Way { half_width, goal };
        let counts = Remembered::new(|ratio| way.count(1.0, ratio));
        let shared = hyperbola::shared(
            times,
            |first, last| way.nodes(first, last, counts.at(last / first)),
            |group| group.len() <= SHARED,
        );
        shared
            .into_iter()
            .map(move |group| (way, group.start + offset..group.end + offset))
            .collect::<Vec<_>>()
    };
    [split(strip, early, 0), split(0.0, late, early.len())].concat()
}

/// The number of nodes that [`super::profiles::evolve`] takes, and the most times that share a
/// contour.
pub(super) fn nodes(chain: &Chain, times: &[f64], tolerance: f64) -> (usize, usize) {
    let groups = groups(chain, times, tolerance);
    let nodes = |(way, group): &(Way, Range<usize>)| {
        let (first, last) = (times[group.start], times[group.end - 1]);
        way.nodes(first, last, way.count(first, last))
    };
    let twice = groups.iter().map(|group| hyperbola::of_both(nodes(group))).sum();
    (twice, groups.iter().map(|(_, group)| group.len()).max().unwrap_or(0))
}
