//! e^(Bs) v for a vector of all coordinates and many lags s.
//!
//! Lags up to 60/c, c = γ or, of any chain, the least of γ_n + λ_n/2: Taylor steps of ‖B‖h ≤ 2,
//! some 22 applications of B each, O(N s) in all. Later lags: the hyperbola of
//! [`crate::evolve::hyperbola`], which the oscillating modes (Re s ≤ -c, docs/theory/bounds.md,
//! Theorem 2.2) have left by then, one solve with B for each node; where c = 0, steps alone. Error:
//! what the series leaves, bounded by a geometric series, and roundings of every step, which add up
//! since ‖e^(Bs)‖₂ ≤ 1; of a contour, its distance from one with more nodes.

use super::Vectors;
use super::drift::Drift;
use crate::budget::rounding;
use crate::covariance::SolveError;
use crate::evolve::hyperbola::{self, Contour};
use crate::monitor::{Monitor, Progress};
use crate::numerics::vector::{euclidean, euclidean_norm};
use crate::steady::SteadyError;
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::Range;

/// Contours serve from this many 1/c on: what oscillates has died down to e^(-60).
const LATE: f64 = 60.0;
/// ‖B‖h of a Taylor step: its terms grow to 2 at most.
const STEP: f64 = 2.0;
/// Lags that share a contour lie within this ratio.
const RATIO: f64 = 10.0;
/// Digits of a contour, and nodes more for the second one.
const CONTOUR_DIGITS: f64 = 1e-15;
const MORE_NODES: usize = 3;

/// e^(Bs) v at every one of the ascending `lags`, s ≥ 0 in microscopic time.
pub(super) fn propagate(
    drift: &impl Drift,
    v: &[f64],
    lags: &[f64],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let late = LATE / drift.least_damping();
    let early = lags.partition_point(|&lag| lag < late);
    let steps_share = if early == lags.len() { 1.0 } else { 0.5 };
    let mut found = by_steps(drift, v, &lags[..early], &monitor.part(0.0, steps_share))?;
    let later = by_contours(drift, v, &lags[early..], &monitor.part(steps_share, 1.0))?;
    found.values.extend(later.values);
    found.errors.extend(later.errors);
    Ok(found)
}

/// Lags before the contours serve.
fn by_steps(
    drift: &impl Drift,
    v: &[f64],
    lags: &[f64],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let longest = STEP / drift.norm();
    let end = lags.last().copied().unwrap_or(0.0);
    let (mut time, mut now, mut error) = (0.0, v.to_vec(), 0.0);
    let mut found = Vectors::default();
    for &lag in lags {
        let steps = ((lag - time) / longest).ceil() as usize;
        let h = (lag - time) / steps.max(1) as f64;
        for step in 0..steps {
            error += taylor(drift, h, &mut now) + rounding::TAYLOR_STEP * euclidean(&now);
            if step % 64 == 0 {
                let reached = time + h * step as f64;
                let share = reached / end;
                monitor.advance(Progress { share, time: reached, error, ..Default::default() })?;
            }
        }
        time = lag;
        found.values.push(now.clone());
        found.errors.push(error);
    }
    Ok(found)
}

/// One Taylor step; what the series leaves, in the Euclidean norm.
fn taylor(drift: &impl Drift, h: f64, v: &mut [f64]) -> f64 {
    let mut term = v.to_vec();
    let mut next = vec![0.0; v.len()];
    let negligible = 0.01 * f64::EPSILON * euclidean(v);
    let reach = drift.norm() * h;
    for order in 1.. {
        drift.apply(h / order as f64, &term, &mut next);
        std::mem::swap(&mut term, &mut next);
        v.iter_mut().zip(&term).for_each(|(v, t)| *v += t);
        // The terms left fall faster than a geometric series of this ratio.
        let ratio = reach / (order + 1) as f64;
        let rest = euclidean(&term) * ratio / (1.0 - ratio);
        if ratio < 0.5 && (rest.is_nan() || rest <= negligible) {
            return rest;
        }
    }
    unreachable!("the ratio falls below one half")
}

/// Late lags.
fn by_contours(
    drift: &impl Drift,
    v: &[f64],
    lags: &[f64],
    monitor: &Monitor,
) -> Result<Vectors, SteadyError> {
    let start: Vec<Complex64> = v.iter().map(|&x| x.into()).collect();
    let mut found = Vectors::default();
    for run in runs(lags) {
        let group = &lags[run.clone()];
        let (first, last) = (group[0], group[group.len() - 1]);
        let count = hyperbola::nodes_for(last / first, CONTOUR_DIGITS);
        let with = |count| invert(drift, &start, group, &Contour::new(first, last, count));
        let (values, sizes) = with(count + MORE_NODES)?;
        let (coarse, _) = with(count)?;
        for ((value, coarse), size) in values.iter().zip(&coarse).zip(sizes) {
            let distance: Vec<f64> = value.iter().zip(coarse).map(|(x, y)| x - y).collect();
            found.errors.push(euclidean(&distance) + rounding::SUM * size);
        }
        found.values.extend(values);
        let share = run.end as f64 / lags.len() as f64;
        monitor.advance(Progress { share, time: last, ..Default::default() })?;
    }
    Ok(found)
}

/// Consecutive lags that share a contour.
fn runs(lags: &[f64]) -> Vec<Range<usize>> {
    let (mut runs, mut start) = (Vec::new(), 0);
    while start < lags.len() {
        let end = start + lags[start..].partition_point(|&lag| lag <= RATIO * lags[start]);
        runs.push(start..end);
        start = end;
    }
    runs
}

/// The values at every lag by one contour, and the sum of its terms' Euclidean norms.
fn invert(
    drift: &impl Drift,
    start: &[Complex64],
    lags: &[f64],
    contour: &Contour,
) -> Result<(Vec<Vec<f64>>, Vec<f64>), SolveError> {
    let solve = |(s, _): &(Complex64, Complex64)| drift.solve(*s, start);
    let answers: Vec<_> = contour.nodes.par_iter().map(solve).collect::<Result<_, _>>()?;
    let at = |&lag: &f64| {
        let (mut value, mut size) = (vec![0.0; start.len()], 0.0);
        for ((s, weight), answer) in contour.nodes.iter().zip(&answers) {
            let factor = 2.0 * weight * (s * lag).exp();
            size += factor.norm() * euclidean_norm(answer);
            value.iter_mut().zip(answer).for_each(|(v, x)| *v += (factor * x).re);
        }
        (value, size)
    };
    Ok(lags.iter().map(at).unzip())
}
