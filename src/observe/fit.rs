//! Fits the order of convergence and the value at infinite size to values at several sizes, each
//! with its uncertainty.

use crate::budget::rounding;
use crate::covariance::moments::largest;
use serde::Serialize;

/// A number and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Uncertain {
    /// The number.
    pub value: f64,
    /// Standard error, or the last change of an extrapolation.
    pub uncertainty: f64,
}

/// The straight line y = a + b x by least squares, b with its standard error; `None` for fewer than
/// three points or one x.
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

/// The exponent b of y ~ N^b from points (N, y, error): a fit to the larger half of the sizes,
/// three at least. Values that are not ten times their error are left out. The uncertainty is that
/// of the fit, or the change between the last two local exponents, whichever is larger.
pub fn rate(points: &[(usize, f64, f64)]) -> Option<Uncertain> {
    let seen: Vec<(f64, f64)> =
        points.iter().filter(|p| p.1 > 10.0 * p.2).map(|p| ((p.0 as f64).ln(), p.1.ln())).collect();
    let late = &seen[seen.len() - seen.len().min(seen.len().div_ceil(2).max(3))..];
    let fit = slope(late)?;
    let local: Vec<f64> = late.windows(2).map(|p| (p[1].1 - p[0].1) / (p[1].0 - p[0].0)).collect();
    let drift = local.windows(2).last().map_or(0.0, |l| (l[1] - l[0]).abs());
    Some(Uncertain { value: fit.value, uncertainty: fit.uncertainty.max(drift) })
}

/// The form of an expansion in the size N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The values differ by no more than their errors.
    Arrived,
    /// N⁻ᵏ, N⁻ᵏ⁻¹, ... from the leading order on.
    WholePowers,
    /// N^(-1/2), N⁻¹, N^(-3/2), ...
    HalfPowers,
    /// (a + b log N)/N, (a + b log N)/N², ...
    Logarithms,
    /// One power, neither whole nor half.
    OnePower,
}

impl Form {
    /// The exponents that are eliminated one after the other: N⁻ᵏ log N takes k twice.
    fn exponents(self, order: f64, count: usize) -> Vec<f64> {
        let exponent = |i: usize| match self {
            Form::HalfPowers => 0.5 * (i + 1) as f64,
            Form::Logarithms => (i / 2 + 1) as f64,
            _ => order.round().max(1.0) + i as f64,
        };
        (0..count).map(exponent).collect()
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Form::Arrived => "no dependence on N beyond the errors",
            Form::WholePowers => "whole powers of 1/N",
            Form::HalfPowers => "half powers of 1/N",
            Form::Logarithms => "powers of 1/N with log N",
            Form::OnePower => "one power of 1/N",
        }
    }
}

/// The limit of a sequence over sizes that double, and the form of its expansion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Extrapolation {
    /// The limit; its uncertainty is meant as a bound (measured over random expansions and the
    /// chain's closed forms).
    pub limit: Uncertain,
    /// log₂ of the ratio of the last two differences: near 1 or 2 where the expansion in 1/N is
    /// clean.
    pub order: Option<f64>,
    /// The form that the expansion was taken for.
    pub form: Form,
}

/// The number of sizes from which on half powers and logarithms can be told from whole powers.
const SIZES_FOR_FORMS: usize = 6;
/// A factor of the uncertainty of half powers and logarithms: each column of their table gains less
/// than one of whole powers, so that its last change says less.
const SLOW: f64 = 10.0;

/// Richardson's extrapolation of values at N, 2N, 4N, ... with the error of each. Whole powers are
/// eliminated where the observed order is whole or visibly tends to it; with six sizes or more also
/// half powers and powers with logarithms, where that gains a hundredfold; elsewhere one power, the
/// observed.
pub fn extrapolate(values: &[f64], error: f64) -> Option<Extrapolation> {
    let n = values.len();
    if n < 3 {
        return None;
    }
    let size = largest(values);
    let differences: Vec<f64> = values.windows(2).map(|p| p[0] - p[1]).collect();
    let floor = 4.0 * error + rounding::FORMULA * size;
    let [before, last] = [differences[n - 3], differences[n - 2]];
    if last.abs() <= floor {
        let limit = Uncertain { value: values[n - 1], uncertainty: floor.max(last.abs()) };
        return Some(Extrapolation { limit, order: None, form: Form::Arrived });
    }
    let order = (before / last).abs().log2();
    let found =
        |form: Form, limit: Uncertain| Some(Extrapolation { limit, order: Some(order), form });
    // Aitken: one power, whichever it is.
    let aitken = |v: &[f64]| v[2] - (v[2] - v[1]).powi(2) / ((v[2] - v[1]) - (v[1] - v[0]));
    let value = aitken(&values[n - 3..]);
    let one_power =
        Uncertain { value, uncertainty: 2.0 * (value - values[n - 1]).abs().max(last.abs()) };
    // The same order three times, and neither whole nor half: that power is all there is.
    let orders: Vec<f64> =
        differences.windows(2).rev().take(3).map(|d| (d[0] / d[1]).log2()).collect();
    let same = orders.len() == 3 && orders.windows(2).all(|o| (o[0] - o[1]).abs() < 1e-3);
    if same && (2.0 * order - (2.0 * order).round()).abs() > 0.02 {
        let change = (value - aitken(&values[n - 4..n - 1])).abs();
        return found(Form::OnePower, Uncertain { value, uncertainty: 5.0 * change.max(floor) });
    }
    // At moderate N the observed order is still on its way to a whole number: the distance halves
    // with every size.
    let off = |order: f64| (order - order.round()).abs();
    let arriving =
        orders.get(1).is_some_and(|e| e.round() == order.round() && off(*e) > 1.5 * off(order));
    let one_sign = before / last > 0.0;
    let clean =
        one_sign && order.round() >= 1.0 && (off(order) < 0.05 || (off(order) < 0.3 && arriving));
    let leading = if clean { order } else { 1.0 };
    let tableau = |form: Form, values: &[f64]| {
        let slow = if form != Form::WholePowers || n < SIZES_FOR_FORMS { SLOW } else { 1.0 };
        eliminate(values, error, &form.exponents(leading, values.len()), slow)
    };
    if n < SIZES_FOR_FORMS {
        let whole = tableau(Form::WholePowers, values);
        return if clean {
            found(Form::WholePowers, whole)
        } else {
            found(Form::OnePower, one_power)
        };
    }
    let judged = |form: Form| {
        // What all sizes but the last claim must hold for all of them; if not, it was off by no
        // less than this.
        let (all, before) = (tableau(form, values), tableau(form, &values[..n - 1]));
        let change = (all.value - before.value).abs();
        let missed = if change <= before.uncertainty { 0.0 } else { change };
        Uncertain { uncertainty: all.uncertainty.max(missed), ..all }
    };
    let (mut form, mut limit) = (Form::WholePowers, judged(Form::WholePowers));
    for other in [Form::HalfPowers, Form::Logarithms] {
        let second = judged(other);
        // Whole powers that are clean to nine digits need no other explanation.
        let settled = clean && limit.uncertainty < 1e-9 * size;
        if second.uncertainty < 1e-2 * limit.uncertainty && !settled {
            (form, limit) = (other, second);
        }
    }
    if limit.uncertainty < last.abs() {
        found(form, limit)
    } else {
        found(Form::OnePower, one_power)
    }
}

/// Eliminates the powers N^(-exponent), column by column, and takes the column that changes least,
/// within itself and from the one before. What the changes say is multiplied by `slow`.
fn eliminate(values: &[f64], error: f64, exponents: &[f64], slow: f64) -> Uncertain {
    let size = largest(values);
    let mut column = values.to_vec();
    let mut best = Uncertain { value: f64::NAN, uncertainty: f64::INFINITY };
    let mut amplified = error;
    for exponent in exponents {
        if column.len() < 2 {
            break;
        }
        let factor = 2f64.powf(*exponent);
        let next: Vec<f64> =
            column.windows(2).map(|p| p[1] + (p[1] - p[0]) / (factor - 1.0)).collect();
        amplified *= (factor + 1.0) / (factor - 1.0);
        let value = next[next.len() - 1];
        let across = (value - column[column.len() - 1]).abs();
        let within = if next.len() > 1 { (value - next[next.len() - 2]).abs() } else { across };
        let change = (2.0 * within).max(0.1 * across);
        let uncertainty = slow * change.max(amplified).max(rounding::FORMULAS * size);
        // A power may have next to no weight, so a column that does not gain may be followed by one
        // that does.
        if uncertainty < best.uncertainty {
            best = Uncertain { value, uncertainty };
        }
        column = next;
    }
    best
}

/// The coefficient of log²N in value = a + b/N (+ c/N², from five sizes on) + d log²N by least
/// squares, with its standard error; `None` for fewer than four sizes.
pub fn logarithmic_growth(points: &[(usize, f64)]) -> Option<Uncertain> {
    let n = points.len();
    if n < 4 {
        return None;
    }
    let column =
        |f: &dyn Fn(f64) -> f64| points.iter().map(|p| f(p.0 as f64)).collect::<Vec<f64>>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    // Gram and Schmidt, the coefficient wanted last.
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut rest = |mut v: Vec<f64>, keep: bool| {
        for b in &basis {
            let part = dot(&v, b) / dot(b, b);
            v.iter_mut().zip(b).for_each(|(v, b)| *v -= part * b);
        }
        if keep {
            basis.push(v.clone());
        }
        v
    };
    rest(column(&|_| 1.0), true);
    rest(column(&|n| 1.0 / n), true);
    if n >= 5 {
        rest(column(&|n| 1.0 / (n * n)), true);
    }
    let freedom = if n >= 5 { n - 4 } else { n - 3 };
    let squared = rest(column(&|n| n.ln().powi(2)), false);
    let values = rest(points.iter().map(|p| p.1).collect(), false);
    let spread = dot(&squared, &squared);
    let value = dot(&squared, &values) / spread;
    let left: f64 = values.iter().zip(&squared).map(|(v, s)| (v - value * s).powi(2)).sum();
    Some(Uncertain { value, uncertainty: (left / freedom as f64 / spread).sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_exact_and_that_of_noise_uncertain() {
        let line: Vec<(f64, f64)> = (0..5).map(|i| (i as f64, 3.0 - 2.0 * i as f64)).collect();
        let fit = slope(&line).unwrap();
        assert!((fit.value + 2.0).abs() < 1e-14 && fit.uncertainty < 1e-14);
        let noise: Vec<(f64, f64)> =
            (0..6).map(|i| (i as f64, if i % 2 == 0 { 1.0 } else { -1.0 })).collect();
        let fit = slope(&noise).unwrap();
        assert!(fit.value.abs() < fit.uncertainty);
        assert_eq!(slope(&line[..2]), None);
    }

    /// Numbers in (-1, 1) without a pattern.
    fn scattered(seed: &mut u64) -> f64 {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*seed >> 11) as f64 / 2f64.powi(52) - 1.0
    }

    /// How often, of 500 random expansions at N = 16 .. 2048, the uncertainty fails to bound the
    /// error and the form is another; the least digits.
    fn judge(form: Form, expansion: impl Fn(f64, &mut dyn FnMut() -> f64) -> f64) -> [usize; 2] {
        let (mut missed, mut other) = (0, 0);
        for case in 0..500u64 {
            let (limit, error) = (3.0, 1e-13);
            let at = |n: f64| {
                // The same coefficients at every size, other roundings.
                let mut seed = 77 + case;
                let value = limit + expansion(n, &mut || scattered(&mut seed) * 3.0);
                let mut noise = (n as u64).wrapping_mul(31) + case;
                value + error * scattered(&mut noise)
            };
            let values: Vec<f64> = (4..12).map(|k| at(2f64.powi(k))).collect();
            let found = extrapolate(&values, error).unwrap();
            missed += usize::from((found.limit.value - limit).abs() > found.limit.uncertainty);
            other += usize::from(found.form != form);
        }
        [missed, other]
    }

    #[test]
    fn the_uncertainty_bounds_the_error_over_random_expansions_and_their_form_is_recognized() {
        let whole = judge(Form::WholePowers, |n, c| (1..7).map(|k| c() / n.powi(k)).sum());
        let half =
            judge(Form::HalfPowers, |n, c| (1..9).map(|k| c() / n.powf(0.5 * k as f64)).sum());
        let logs =
            judge(Form::Logarithms, |n, c| (1..4).map(|k| (c() + c() * n.ln()) / n.powi(k)).sum());
        let layer =
            judge(Form::HalfPowers, |n, c| (2..6).map(|k| c() / n.powf(0.5 * k as f64)).sum());
        let one = judge(Form::OnePower, |n, c| c() / n.powf(1.27));
        println!("missed, other form: {whole:?} {half:?} {logs:?} {layer:?} {one:?}");
        // Whole powers: always. The others: coefficients that happen to be small hide the form in
        // one case in some hundreds.
        assert_eq!(whole, [0, 0]);
        for found in [half, logs, layer, one] {
            assert!(found[0] <= 5 && found[1] <= 5, "{found:?}");
        }
    }

    #[test]
    fn five_sizes_give_whole_powers_their_digits() {
        let at = |n: f64| 2.0 + 3.0 / n - 1.0 / (n * n) + 0.7 / n.powi(3) - 5.0 / n.powi(4);
        let values: Vec<f64> = (4..9).map(|k| at(2f64.powi(k))).collect();
        let found = extrapolate(&values, 1e-15).unwrap();
        assert!(found.form == Form::WholePowers && (found.order.unwrap() - 1.0).abs() < 0.01);
        assert!(
            (found.limit.value - 2.0).abs() <= found.limit.uncertainty
                && found.limit.uncertainty < 1e-5,
            "{found:?}"
        );
    }

    #[test]
    fn growth_like_a_squared_logarithm_is_told_from_convergence() {
        let sizes = [16usize, 32, 64, 128, 256];
        let growing: Vec<_> = sizes
            .iter()
            .map(|&n| (n, 5.0 - 3.0 / n as f64 + 0.02 * (n as f64).ln().powi(2)))
            .collect();
        let found = logarithmic_growth(&growing).unwrap();
        // Rounding of values of order one, over the part of log²N (a tenth) that the powers of 1/N
        // do not explain.
        assert!((found.value - 0.02).abs() < 1e-13, "{found:?}");
        let settling: Vec<_> =
            sizes.iter().map(|&n| (n, 5.0 - 3.0 / n as f64 + 2.0 / (n * n) as f64)).collect();
        let found = logarithmic_growth(&settling).unwrap();
        assert!(found.value.abs() < 1e-13, "{found:?}");
    }
}
