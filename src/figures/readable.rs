//! Chooses a range of values in which the last curves of a relaxation can be read, although the
//! first ones were much larger. The current just after a pull, for example, is a hundred times the
//! one at the end.

use super::Axis;
use super::label::number;

/// The last curve fills at least this part of the range.
const LAST: f64 = 1.0 / 6.0;
/// Curves are cut off only if the largest is this many times the last one.
const BEYOND: f64 = 10.0;

/// The range, and a remark on how far the curves reach that leave it; `None` where all of them can
/// be shown. At least half of the curves, which are in the order of time, stay within the range.
pub(super) fn readable(curves: &[&[f64]]) -> Option<((f64, f64), String)> {
    let size = |curve: &&[f64]| curve.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    let last = size(curves.last()?);
    let mut sizes: Vec<f64> = curves.iter().map(size).collect();
    sizes.sort_by(f64::total_cmp);
    let (middle, most) = (sizes[(sizes.len() - 1) / 2], sizes[sizes.len() - 1]);
    let limit = (last / LAST).max(middle);
    // A current that has died out completely is nothing to read, so that no range is made for it.
    let worth = most > BEYOND * last && BEYOND * last > middle && most > 2.0 * limit;
    if !worth || !most.is_finite() {
        return None;
    }
    let all = || curves.iter().flat_map(|curve| curve.iter().copied());
    let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    let air = 0.05 * (high.min(limit) - low.max(-limit));
    let range = (
        if low < -limit { -limit } else { low - air },
        if high > limit { limit } else { high + air },
    );
    let beyond = [(low < range.0, low), (high > range.1, high)];
    let ends: Vec<String> = beyond.iter().filter(|b| b.0).map(|b| number(b.1)).collect();
    Some((range, format!("early curves go on to {}", ends.join(" and "))))
}

/// The axis of values of one sign goes to 0, so that the sign is seen.
pub(super) fn with_zero(axis: Axis, curves: &[&[f64]]) -> Axis {
    let all = || curves.iter().flat_map(|curve| curve.iter().copied()).filter(|v| v.is_finite());
    let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    match (low < 0.0, high > 0.0) {
        (true, false) => axis.over(1.05 * low, 0.0),
        (false, true) => axis.over(0.0, 1.05 * high),
        _ => axis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_early_curves_are_cut_so_that_the_last_can_be_read() {
        let curves: [&[f64]; 4] = [&[0.002, -0.24], &[0.002, -0.085], &[0.0, -0.02], &[-0.007; 2]];
        let ((low, high), words) = readable(&curves).expect("a range");
        assert!((low + 0.042).abs() < 1e-12, "{low}");
        assert!(high > 0.002 && high < 0.005, "{high}");
        assert_eq!(words, "early curves go on to −0.24");
    }

    #[test]
    fn curves_of_one_size_are_shown_whole() {
        assert_eq!(readable(&[&[0.1, 1.0], &[0.3, 0.4]]), None);
        // Everything dies out.
        assert_eq!(readable(&[&[1.0], &[1e-2], &[1e-4], &[1e-6]]), None);
        assert_eq!(readable(&[&[1.0], &[0.0]]), None);
        assert_eq!(readable(&[&[f64::NAN], &[f64::INFINITY]]), None);
        assert_eq!(readable(&[]), None);
    }
}
