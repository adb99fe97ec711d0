//! What a sequence of sizes says: the order of convergence and the value at infinite size, each with its uncertainty.

use serde::Serialize;

/// A number and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Uncertain {
    /// The number.
    pub value: f64,
    /// Standard error, or the last change of an extrapolation.
    pub uncertainty: f64,
}

/// The straight line y = a + b x by least squares, b with its standard error; `None` for fewer than three points or one x.
pub fn slope(points: &[(f64, f64)]) -> Option<Uncertain> {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let spread: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if points.len() < 3 || spread == 0.0 {
        return None;
    }
    let value = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
    let rest: f64 = points.iter().map(|p| (p.1 - y - value * (p.0 - x)).powi(2)).sum();
    Some(Uncertain { value, uncertainty: (rest / (n - 2.0) / spread).sqrt() })
}

/// The exponent b of y ~ N^b from the larger half of the sizes (three at least); what is below its own error, or zero, says nothing of it.
/// The uncertainty is the fit's, or the change of the last two local exponents, whichever is larger.
pub fn rate(points: &[(usize, f64, f64)]) -> Option<Uncertain> {
    let seen: Vec<(f64, f64)> =
        points.iter().filter(|p| p.1 > 10.0 * p.2).map(|p| ((p.0 as f64).ln(), p.1.ln())).collect();
    let late = &seen[seen.len() - seen.len().min(seen.len().div_ceil(2).max(3))..];
    let fit = slope(late)?;
    let local: Vec<f64> = late.windows(2).map(|p| (p[1].1 - p[0].1) / (p[1].0 - p[0].0)).collect();
    let drift = local.windows(2).last().map_or(0.0, |l| (l[1] - l[0]).abs());
    Some(Uncertain { value: fit.value, uncertainty: fit.uncertainty.max(drift) })
}

/// The limit of a sequence over sizes that double, and the order of its leading term.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Extrapolation {
    /// The limit; its uncertainty is the distance of the last two extrapolations, or what the values' own errors become.
    pub limit: Uncertain,
    /// log₂ of the ratio of the last two differences: near 1 or 2 where the expansion in 1/N is clean.
    pub order: Option<f64>,
    /// Whether the expansion was taken as one in whole powers of 1/N.
    pub whole_powers: bool,
}

/// Richardson's extrapolation of values at N, 2N, 4N, ... with the error of each. Where the leading order is a whole number or
/// visibly tends to one, it and the following powers are eliminated, column by column, and the column that changes least is taken; elsewhere the one observed power is.
pub fn extrapolate(values: &[f64], error: f64) -> Option<Extrapolation> {
    let n = values.len();
    if n < 3 {
        return None;
    }
    let size = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let differences: Vec<f64> = values.windows(2).map(|p| p[0] - p[1]).collect();
    let floor = 4.0 * error + 4.0 * f64::EPSILON * size;
    let [before, last] = [differences[n - 3], differences[n - 2]];
    if last.abs() <= floor {
        // It has arrived.
        let limit = Uncertain { value: values[n - 1], uncertainty: floor.max(last.abs()) };
        return Some(Extrapolation { limit, order: None, whole_powers: true });
    }
    let order = (before / last).abs().log2();
    // At moderate N the observed order is still on its way to a whole number: the distance halves with every size.
    let off = |order: f64| (order - order.round()).abs();
    let earlier = (n >= 4).then(|| (differences[n - 4] / before).abs().log2());
    let arriving = earlier.is_some_and(|e| e.round() == order.round() && off(e) > 1.5 * off(order));
    let whole = before / last > 0.0 && order.round() >= 1.0 && (off(order) < 0.05 || (off(order) < 0.3 && arriving));
    if !whole {
        // Aitken: one power, whichever it is.
        let value = values[n - 1] + last * last / (last - before);
        let uncertainty = (value - values[n - 1]).abs();
        return Some(Extrapolation {
            limit: Uncertain { value, uncertainty },
            order: Some(order),
            whole_powers: false,
        });
    }
    let mut column = values.to_vec();
    let mut best = Uncertain { value: values[n - 1], uncertainty: last.abs() };
    let mut amplified = error;
    for power in (order.round() as i32).. {
        let factor = 2f64.powi(power);
        let next: Vec<f64> = column.windows(2).map(|p| p[1] + (p[1] - p[0]) / (factor - 1.0)).collect();
        amplified *= (factor + 1.0) / (factor - 1.0);
        let (Some(value), Some(before)) = (next.last().copied(), column.last().copied()) else { break };
        let change = if next.len() > 1 { (value - next[next.len() - 2]).abs() } else { (value - before).abs() };
        let uncertainty = change.max(amplified).max(4.0 * f64::EPSILON * size);
        // A power may have next to no weight, so a column that does not gain may be followed by one that does.
        if uncertainty < best.uncertainty {
            best = Uncertain { value, uncertainty };
        }
        column = next;
        if column.len() < 2 {
            break;
        }
    }
    Some(Extrapolation { limit: best, order: Some(order), whole_powers: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_exact_and_that_of_noise_uncertain() {
        let line: Vec<(f64, f64)> = (0..5).map(|i| (i as f64, 3.0 - 2.0 * i as f64)).collect();
        let fit = slope(&line).unwrap();
        assert!((fit.value + 2.0).abs() < 1e-14 && fit.uncertainty < 1e-14);
        let noise: Vec<(f64, f64)> = (0..6).map(|i| (i as f64, if i % 2 == 0 { 1.0 } else { -1.0 })).collect();
        let fit = slope(&noise).unwrap();
        assert!(fit.value.abs() < fit.uncertainty);
        assert_eq!(slope(&line[..2]), None);
    }

    #[test]
    fn whole_powers_are_eliminated_and_the_uncertainty_bounds_the_error() {
        let at = |n: f64| 2.0 + 3.0 / n - 1.0 / (n * n) + 0.7 / n.powi(3) - 5.0 / n.powi(4);
        let values: Vec<f64> = (3..10).map(|k| at(2f64.powi(k))).collect();
        let found = extrapolate(&values, 1e-15).unwrap();
        assert!(found.whole_powers && (found.order.unwrap() - 1.0).abs() < 0.01);
        assert!((found.limit.value - 2.0).abs() <= found.limit.uncertainty, "{found:?}");
        assert!(found.limit.uncertainty < 1e-10);
    }

    #[test]
    fn a_half_power_is_seen_and_said() {
        let values: Vec<f64> = (3..12).map(|k| 1.0 + 2.0 / 2f64.powf(k as f64 / 2.0)).collect();
        let found = extrapolate(&values, 0.0).unwrap();
        assert!(!found.whole_powers && (found.order.unwrap() - 0.5).abs() < 1e-6);
        assert!((found.limit.value - 1.0).abs() < 1e-9, "{found:?}");
    }
}
