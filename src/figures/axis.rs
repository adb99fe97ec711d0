//! Axes: ranges that show the data, ticks that a person would choose.

/// The way in which values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// evenly
    #[default]
    Linear,
    /// by their logarithm; values ≤ 0 are left out
    Log,
    /// with 0 in the middle, and evenly on either side of it
    Halves,
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Linear or logarithmic.
    pub scale: Scale,
    /// First and last value shown; chosen to show the data if left out.
    pub range: Option<(f64, f64)>,
    /// Values with their labels; chosen if empty.
    pub ticks: Vec<(f64, String)>,
    /// Without numbers and label, where a neighbouring panel has them.
    pub bare: bool,
}

/// An axis fitted to its data: maps values to \[0, 1\] and knows its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    scale: Scale,
    low: f64,
    high: f64,
    /// (value, label); a common power of ten is in `factor`.
    pub ticks: Vec<(f64, String)>,
    /// k if the labels are to be multiplied by 10^k.
    pub factor: Option<i32>,
    /// Values of the ticks without labels.
    pub minor: Vec<f64>,
}

impl Axis {
    /// A linear axis that shows the data.
    pub fn new(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), ..Default::default() }
    }

    /// A logarithmic axis that shows the data.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), scale: Scale::Log, ..Default::default() }
    }

    /// The same axis over a given range.
    pub fn over(self, low: f64, high: f64) -> Axis {
        Axis { range: Some((low, high)), ..self }
    }

    /// The same axis with given ticks, labelled as numbers.
    pub fn at(self, values: &[f64]) -> Axis {
        Axis {
            ticks: values.iter().map(|v| (*v, format!("{v}").replace('-', "−"))).collect(),
            ..self
        }
    }

    /// The same axis without numbers and label.
    pub fn bare(self) -> Axis {
        Axis { bare: true, ..self }
    }

    /// Fits the axis to its values, with at most `most` labelled ticks.
    pub(super) fn fit(&self, values: impl Iterator<Item = f64>, most: usize) -> Fitted {
        let log = self.scale == Scale::Log;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| v.is_finite() && (!log || *v > 0.0)) {
            (low, high) = (low.min(v), high.max(v));
        }
        if low > high {
            (low, high) = if log { (0.1, 10.0) } else { (0.0, 1.0) };
        }
        let (low, high) =
            self.range.unwrap_or_else(|| if log { widen_log(low, high) } else { widen(low, high) });
        let (ticks, factor) = match self.scale {
            _ if !self.ticks.is_empty() => (self.ticks.clone(), None),
            Scale::Log => (log_ticks(low, high, most), None),
            Scale::Linear => linear_ticks(&[even(low, high, most)]),
            Scale::Halves => linear_ticks(&[even(low, 0.0, most / 2), even(0.0, high, most / 2)]),
        };
        let minor = if log { minor_log_ticks(low, high) } else { vec![] };
        Fitted { scale: self.scale, low, high, ticks, factor, minor }
    }
}

impl Fitted {
    /// The place of a value, 0 at the axis' beginning and 1 at its end; `None` outside.
    pub fn place(&self, value: f64) -> Option<f64> {
        self.beyond(value).filter(|place| (-1e-9..=1.0 + 1e-9).contains(place))
    }

    /// The same also outside; `None` where the axis has no such value.
    pub fn beyond(&self, value: f64) -> Option<f64> {
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Halves if value < 0.0 => 0.5 - 0.5 * value / self.low,
            Scale::Halves => 0.5 + 0.5 * value / self.high,
            Scale::Log if value <= 0.0 => return None,
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        place.is_finite().then_some(place)
    }
}

/// A little air around the data; rounding around a constant is not shown as a landscape.
fn widen(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low <= 1e-9 * size || size < 1e-300 {
        let half = if size < 1e-300 { 1.0 } else { 0.5 * size };
        return (low - half, high + half);
    }
    let air = 0.05 * (high - low);
    (low - air, high + air)
}

fn widen_log(low: f64, high: f64) -> (f64, f64) {
    let air = (high / low).powf(0.05).max(1.15);
    (low / air, high * air)
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten, and the step between them.
fn even(low: f64, high: f64, most: usize) -> (Vec<f64>, f64) {
    let rough = (high - low) / most.max(2) as f64;
    let power = rough.log10().floor();
    let candidates = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * 10f64.powf(power));
    let step = candidates.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    ((first..=last).map(|i| i as f64 * step).collect(), step)
}

/// The labels of values, each part with the decimals of its step, all with one power of ten; a
/// value that ends one part and begins the next stands once.
fn linear_ticks(parts: &[(Vec<f64>, f64)]) -> (Vec<(f64, String)>, Option<i32>) {
    let all = parts.iter().flat_map(|(values, _)| values);
    let size = all.fold(0.0f64, |m, v| m.max(v.abs()));
    let factor = if size > 0.0 && !(1e-2..1e4).contains(&size) {
        Some(size.log10().floor() as i32)
    } else {
        None
    };
    let unit = 10f64.powi(factor.unwrap_or(0));
    let labelled = |(values, step): &(Vec<f64>, f64)| -> Vec<(f64, String)> {
        let decimals = (0..=12).find(|&d| {
            let scaled = step / unit * 10f64.powi(d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let decimals = decimals.unwrap_or(12) as usize;
        let label = |v: f64| format!("{:.decimals$}", v / unit + 0.0).replace('-', "−");
        values.iter().map(|&v| (v, label(if v == 0.0 { 0.0 } else { v }))).collect()
    };
    let mut ticks: Vec<(f64, String)> = parts.iter().flat_map(labelled).collect();
    if parts.len() > 1 {
        ticks.iter_mut().filter(|(v, _)| *v == 0.0).for_each(|(_, label)| *label = "0".into());
    }
    ticks.dedup_by_key(|(value, _)| *value);
    (ticks, factor)
}

/// Powers of ten; within fewer than two decades also 2 and 5 times them. All in one notation: plain
/// from 0.001 to 5000, else powers.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let (first, last) = ((low.log10() - 1e-9).ceil() as i32, (high.log10() + 1e-9).floor() as i32);
    let inside = |v: f64| v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9);
    let ticks: Vec<(i32, i32)> = if last > first {
        let every = (last - first + 1).div_euclid(most.max(2) as i32) + 1;
        (first..=last).filter(|k| (k - first) % every == 0).map(|k| (1, k)).collect()
    } else {
        let fine = (first - 1..=last).flat_map(|k| [1, 2, 5].map(|m| (m, k)));
        fine.filter(|&(m, k)| inside(m as f64 * 10f64.powi(k))).collect()
    };
    let plain = ticks.iter().all(|(_, k)| (-3..=3).contains(k));
    let label = |m: i32, k: i32| match m {
        // Rounded to the decimal that is meant.
        m if plain => format!("{m}e{k}").parse::<f64>().map_or(String::new(), |v| v.to_string()),
        1 => format!("10^{{{k}}}").replace('-', "−"),
        m => format!("{m}·10^{{{k}}}").replace('-', "−"),
    };
    ticks.into_iter().map(|(m, k)| (m as f64 * 10f64.powi(k), label(m, k))).collect()
}

/// 2, 3, .. 9 times the powers of ten, as long as they can be told apart; over many decades the
/// powers themselves.
fn minor_log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let multiples: &[i32] = if last - first <= 5 { &[1, 2, 3, 4, 5, 6, 7, 8, 9] } else { &[1] };
    (first..=last)
        .flat_map(|k| multiples.iter().map(move |&m| m as f64 * 10f64.powi(k)))
        .filter(|v| *v >= low && *v <= high)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, values: &[f64]) -> Vec<String> {
        axis.fit(values.iter().copied(), 5).ticks.into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(Axis::new("x").over(0.0, 1.0), &[]),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Axis::new("x").over(-1.0, 1.0), &[]),
            ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
        );
        assert_eq!(labels(Axis::log("t"), &[1e-3, 1.0]), ["0.001", "0.01", "0.1", "1"]);
        // One notation an axis.
        assert_eq!(labels(Axis::log("t"), &[1e-4, 1.0]), ["10^{−4}", "10^{−2}", "10^{0}"]);
        assert_eq!(labels(Axis::log("N").over(10.0, 2000.0), &[]), ["10", "100", "1000"]);
        assert_eq!(labels(Axis::log("t").over(1.5, 8.0), &[]), ["2", "5"]);
    }

    #[test]
    fn an_axis_of_two_halves_has_0_in_its_middle() {
        let axis = Axis { scale: Scale::Halves, ..Axis::new("J").over(-0.24, 0.0025) };
        let fitted = axis.fit([].into_iter(), 4);
        let labels: Vec<&str> = fitted.ticks.iter().map(|t| t.1.as_str()).collect();
        assert_eq!(labels, ["−0.2", "0", "0.002"]);
        let places = [-0.24, -0.12, 0.0, 0.00125, 0.0025].map(|v| fitted.place(v));
        assert_eq!(places, [Some(0.0), Some(0.25), Some(0.5), Some(0.75), Some(1.0)]);
        assert_eq!(fitted.place(0.003), None);
    }

    #[test]
    fn small_numbers_share_a_power_of_ten() {
        let fitted = Axis::new("j").over(0.0, 4e-5).fit([].into_iter(), 5);
        assert_eq!(fitted.factor, Some(-5));
        assert_eq!(fitted.ticks.last().map(|t| t.1.as_str()), Some("4"));
    }

    #[test]
    fn rounding_around_a_constant_is_drawn_flat() {
        let fitted = Axis::new("e").fit([1.0, 1.0 + 1e-14].into_iter(), 5);
        assert!((fitted.place(1.0).expect("inside") - 0.5).abs() < 1e-6);
        assert_eq!(fitted.place(3.0), None);
        assert!(Axis::new("e").fit([0.0].into_iter(), 5).place(0.0).is_some());
    }
}
