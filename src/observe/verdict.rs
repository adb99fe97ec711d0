//! The verdict on a statement from the measurements at all sizes: the constant that its bound would
//! need, the fitted rate, and a plain sentence.

use super::digits::{self, digits, measured};
use super::fit::{Extrapolation, Uncertain, extrapolate, logarithmic_growth, rate};
use super::sizes::StationarySize;
use super::statement::{Shape, Statement};
use super::theorems::Measurement;
use crate::limit::stationary::Stationary;
use crate::numerics::vector::{largest_of, most_of};
use serde::Serialize;

/// The verdict on one statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Its name.
    pub statement: &'static str,
    /// The quantity in words.
    pub measures: &'static str,
    /// The least and the largest size.
    pub bonds: [usize; 2],
    /// The smallest constant with which the bound holds for every size and time measured.
    pub constant: Option<f64>,
    /// At every time: the exponent of N of the value, or of its distance to a limit other than 0.
    pub rates: Vec<Rate>,
    /// Of bounds that grow like log²N, the coefficient of log²N beside powers of 1/N at the last
    /// time.
    pub growth: Option<Uncertain>,
    /// The site of the largest distance at the last time, by size.
    pub worst_sites: Vec<(usize, usize)>,
    /// The value at the largest size and the last time.
    pub value: f64,
    /// The largest of the values' estimated errors.
    pub error: f64,
    /// A plain sentence.
    pub sentence: String,
}

/// A fitted exponent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// t
    pub t: f64,
    /// b in value ~ N^b.
    pub exponent: Uncertain,
}

/// The smallest C with value ≤ start + C·factor for all rows.
pub fn constant(shape: Shape, rows: &[&Measurement]) -> Option<f64> {
    let needed = rows.iter().filter_map(|m| {
        let factor = shape.factor(m.bonds, m.time).filter(|factor| *factor > 0.0)?;
        Some((m.value - m.start) / factor)
    });
    needed.fold(None, |most: Option<f64>, c| Some(most_of([most.unwrap_or(0.0), c])))
}

/// The bound of a row with the constant C.
pub fn bound(shape: Shape, row: &Measurement, constant: f64) -> Option<f64> {
    shape.factor(row.bonds, row.time).map(|factor| row.start + constant * factor)
}

/// The distance of a value from its limit, or the value itself where the theory gives none.
pub fn deviation(row: &Measurement) -> f64 {
    row.limit.map_or(row.value, |limit| (row.value - limit).abs())
}

/// The verdict on a statement; `None` if it was not measured.
pub fn verdict(statement: &Statement, all: &[Measurement]) -> Option<Verdict> {
    let rows: Vec<&Measurement> = all.iter().filter(|m| m.statement == statement.name).collect();
    let (first, last) = (rows.first()?, rows.last()?);
    let times = times_of(&rows);
    let constant = constant(statement.shape, &rows);
    let at = |t: f64| rows.iter().filter(move |m| m.time == t);
    let fitted = |&t: &f64| {
        let points: Vec<(usize, f64, f64)> =
            at(t).map(|m| (m.bonds, deviation(m), m.error)).collect();
        rate(&points).map(|exponent| Rate { t, exponent })
    };
    let rates: Vec<Rate> = times.iter().filter_map(fitted).collect();
    let growth = match statement.shape {
        Shape::Logarithm => {
            logarithmic_growth(&at(last.time).map(|m| (m.bonds, m.value)).collect::<Vec<_>>())
        }
        _ => None,
    };
    let worst_sites = at(last.time).filter_map(|m| m.site.map(|site| (m.bonds, site))).collect();
    let mut verdict = Verdict {
        statement: statement.name,
        measures: statement.says,
        bonds: [first.bonds, last.bonds],
        constant,
        rates,
        growth,
        worst_sites,
        value: last.value,
        error: largest_of(rows.iter().map(|m| m.error)),
        sentence: String::new(),
    };
    verdict.sentence = sentence(statement, &verdict, &rows);
    Some(verdict)
}

fn times_of(rows: &[&Measurement]) -> Vec<f64> {
    let mut times: Vec<f64> = rows.iter().map(|m| m.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// From how many sizes on a rate and a value at N → ∞ can be told.
const SIZES_FOR_A_RATE: usize = 3;

/// The sizes at which a statement was measured, ascending.
fn sizes_of(rows: &[&Measurement]) -> Vec<usize> {
    let mut sizes: Vec<usize> = rows.iter().map(|m| m.bonds).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Names the statements without a rate, because they were measured at too few sizes; `None` if all
/// have enough. It is said once, for all of them.
pub fn too_few_sizes(verdicts: &[Verdict], all: &[Measurement]) -> Option<String> {
    let few = |verdict: &&Verdict| {
        let rows: Vec<_> = all.iter().filter(|m| m.statement == verdict.statement).collect();
        sizes_of(&rows).len() < SIZES_FOR_A_RATE
    };
    let short: Vec<&Verdict> = verdicts.iter().filter(few).collect();
    let first = short.first()?;
    let rows: Vec<_> = all.iter().filter(|m| m.statement == first.statement).collect();
    let sizes: Vec<String> = sizes_of(&rows).iter().map(usize::to_string).collect();
    let names: Vec<&str> = short.iter().map(|v| v.statement).collect();
    let of = if short.len() == verdicts.len() {
        String::new()
    } else {
        format!(" of {}", names.join(", "))
    };
    Some(format!(
        "rates and limits N → ∞{of} need at least {SIZES_FOR_A_RATE} sizes; measured: N = {}",
        sizes.join(", ")
    ))
}

/// The largest error of a statement's values relative to a size that does not vanish with them: of
/// both ends' integrals for one end, of the energy for what is made of energies, of all
/// covariances for those beside the variances. Distances to the limit are differences of profiles,
/// whose errors the other statements show: 0.
pub fn relative_error(verdict: &Verdict, all: &[Measurement]) -> f64 {
    let largest = |statement: &str| {
        let rows = all.iter().filter(|m| m.statement == statement);
        largest_of(rows.flat_map(|m| [m.value, m.limit.unwrap_or(0.0)]))
    };
    let time = all.iter().map(|m| m.time).fold(0.0, f64::max);
    let energy = largest("energy").max(largest("mean_l2"));
    let size = match verdict.statement {
        "boundary_left" | "boundary_right" => {
            match largest("boundary_left").max(largest("boundary_right")) {
                // No momentum at either end: that of an atom with the average energy.
                0.0 => time * energy.sqrt(),
                size => size,
            }
        }
        "equipartition" | "equipartition_l1" => time * energy,
        "covariance_offdiagonal" => largest("covariance"),
        "covariance" => largest("covariance"),
        name if name.contains("distance") || name.contains("weak") => return 0.0,
        name => largest(name).max(energy),
    };
    match size {
        0.0 => 0.0,
        // A value is not a number.
        size if size.is_infinite() => f64::INFINITY,
        size => verdict.error / size,
    }
}

fn sentence(statement: &Statement, verdict: &Verdict, rows: &[&Measurement]) -> String {
    let (n, t) = (verdict.bonds[1], rows.iter().map(|m| m.time).fold(0.0, f64::max));
    let most = rows.iter().map(|m| m.value).fold(f64::NEG_INFINITY, f64::max);
    let below = digits_above(most, 5);
    let c = verdict.constant.unwrap_or(0.0);
    let last = verdict
        .rates
        .last()
        .map(|r| format!("N^({}) at t = {}", measured(r.exponent), digits(r.t, 3)));
    let still = verdict
        .rates
        .last()
        .is_some_and(|r| r.exponent.value.abs() + r.exponent.uncertainty < 1e-9);
    let clear = verdict.rates.last().is_some_and(|r| r.exponent.uncertainty < 0.5);
    let few = sizes_of(rows).len() < SIZES_FOR_A_RATE;
    // Begins with "; ", or is empty where [`too_few_sizes`] says why.
    let tends = |what: &str| match &last {
        Some(_) if still => format!("; {what} like N^0: it does not depend on N"),
        Some(rate) if clear => format!("; {what} like {rate}"),
        Some(rate) => format!("; {what} by no clear rate (fitted: {rate})"),
        None if few => String::new(),
        None => "; no rate could be fitted: it is below its error estimates".into(),
    };
    let name = statement.name;
    match statement.shape {
        Shape::TimeOverBonds => {
            let c = digits_above(c, 5);
            format!("{name} stays below {c} (t+1)/N for N ≤ {n} at t ≤ {t}{}", tends("it goes"))
        }
        Shape::Constant => {
            let peak = rows
                .iter()
                .max_by(|a, b| a.value.total_cmp(&b.value))
                .and_then(|m| Some((m.bonds, m.reached?)));
            let reached = peak.map_or(String::new(), |(bonds, tau)| {
                format!(" (reached at τ = {} for N = {bonds})", digits(tau, 4))
            });
            format!(
                "{name} stays below {below} for N ≤ {n} at all times up to t = {t}{reached}{}",
                tends("it goes")
            )
        }
        Shape::Time => format!(
            "{name} stays below {} (t+1) for N ≤ {n} at t ≤ {t}{}",
            digits_above(c, 5),
            tends("its distance to the limit goes")
        ),
        Shape::Logarithm => {
            let growth = match verdict.growth {
                // Four standard errors, or a growth that does not matter.
                Some(g) if g.value < 4.0 * g.uncertainty || g.value < 1e-4 * most.abs() => {
                    format!(
                        "; the log²N growth of the bound is not seen: fitted slope {} per log²N",
                        measured(g)
                    )
                }
                Some(g) => format!("; it grows by {} per log²N", measured(g)),
                None if few => String::new(),
                None => "; with four sizes or more, its growth with N would be fitted".into(),
            };
            format!(
                "{name} stays below {below} for N ≤ {n} at t ≤ {t}{growth}{}",
                tends("its distance to the limit goes")
            )
        }
        Shape::None => {
            let site = match verdict.worst_sites.last() {
                Some((bonds, site)) => format!("; worst at site {site} of {bonds}"),
                None => String::new(),
            };
            let rate =
                tends(if name == "work" { "its distance to the limit goes" } else { "it goes" });
            match rate.strip_prefix("; ") {
                Some(rate) => format!("{name}: {rate}{site}"),
                None => format!("{name}: {} at N = {n}{site}", digits(verdict.value, 5)),
            }
        }
    }
}

/// The same, rounded up: a bound stays one as it is written.
pub fn digits_above(value: f64, count: usize) -> String {
    let nearest = digits(value, count);
    if !value.is_finite() || nearest.parse().is_ok_and(|written: f64| written >= value) {
        return nearest;
    }
    let unit = 10f64.powi(value.abs().log10().floor() as i32 + 1 - count as i32);
    digits(value + 0.51 * unit, count)
}

/// An extrapolated quantity beside the theory's value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extrapolated {
    /// What.
    pub quantity: String,
    /// The sizes it was taken from, each twice the one before.
    pub sizes: Vec<usize>,
    /// The value at N → ∞.
    pub found: Extrapolation,
    /// The value of the macroscopic theory.
    pub theory: Option<f64>,
    /// A plain sentence.
    pub sentence: String,
}

impl Extrapolated {
    /// From (size, value, error) by ascending size; `None` for fewer than three sizes that double.
    pub fn new(
        quantity: String,
        points: &[(usize, f64, f64)],
        theory: Option<f64>,
    ) -> Option<Extrapolated> {
        let mut chosen = vec![*points.last()?];
        for point in points.iter().rev() {
            if chosen.last().is_some_and(|c| c.0 == 2 * point.0) {
                chosen.push(*point);
            }
        }
        chosen.reverse();
        let values: Vec<f64> = chosen.iter().map(|p| p.1).collect();
        let found = extrapolate(&values, largest_of(chosen.iter().map(|p| p.2)))?;
        let sizes: Vec<usize> = chosen.iter().map(|p| p.0).collect();
        let theory_says =
            theory.map_or(String::new(), |theory| format!(", theory {}", digits(theory, 11)));
        let how = found.order.map_or(String::new(), |order| format!(", observed order {order:.3}"));
        let how = found.form.words().to_string() + &how;
        let sentence = format!("{quantity} → {}{theory_says} ({how})", digits::limit(found.limit));
        Some(Extrapolated { quantity, sizes, found, theory, sentence })
    }
}

/// The extrapolations of everything measured: the boundary terms, the work, the energy and the
/// covariance at the last time, and the stationary state. Under an oscillating force
/// (`oscillation_work` ≠ 0) the values at an instant tN² carry its phase, which jumps from size to
/// size: then only the stationary state, averaged over a period, has an expansion in 1/N.
pub fn extrapolations(
    all: &[Measurement],
    stationary: &[StationarySize],
    limit: Option<&Stationary>,
    oscillation_work: f64,
) -> Vec<Extrapolated> {
    let last = all.iter().map(|m| m.time).fold(0.0, f64::max);
    let mut found = Vec::new();
    let at_instants = if oscillation_work == 0.0 { all } else { &[] };
    for (statement, end) in [("boundary_left", "left"), ("boundary_right", "right")] {
        let rows: Vec<&Measurement> =
            at_instants.iter().filter(|m| m.statement == statement && m.time == last).collect();
        let scale =
            |m: &&Measurement| (m.bonds, m.bonds as f64 * m.value, m.bonds as f64 * m.error);
        let points: Vec<_> = rows.iter().map(scale).collect();
        let quantity = format!("N |∫ p̄ ds| at the {end} end at t = {last}");
        found.extend(Extrapolated::new(
            quantity,
            &points,
            rows.last().and_then(|m| m.scaled_limit),
        ));
    }
    for (statement, quantity) in [
        ("work", "work W_N"),
        ("energy", "average energy"),
        ("covariance", "C_N"),
        ("mean_l2", "largest average of the squared means"),
    ] {
        let rows: Vec<&Measurement> =
            at_instants.iter().filter(|m| m.statement == statement && m.time == last).collect();
        let points: Vec<_> = rows.iter().map(|m| (m.bonds, m.value, m.error)).collect();
        let theory = rows.last().and_then(|m| m.limit);
        found.extend(Extrapolated::new(format!("{quantity} at t = {last}"), &points, theory));
    }
    let of = |value: &dyn Fn(&StationarySize) -> Option<f64>,
              error: usize|
     -> Vec<(usize, f64, f64)> {
        stationary.iter().filter_map(|s| value(s).map(|v| (s.bonds, v, s.errors[error]))).collect()
    };
    let middle = "stationary e_heat at x = 1/2".to_string();
    found.extend(Extrapolated::new(middle, &of(&|s| s.middle, 0), limit.map(|l| l.heat(0.5))));
    let current = "stationary current times N".to_string();
    found.extend(Extrapolated::new(
        current,
        &of(&|s| Some(s.current), 1),
        limit.map(|l| l.current),
    ));
    let wall = "stationary Var p_N".to_string();
    found.extend(Extrapolated::new(wall, &of(&|s| Some(s.wall), 0), limit.map(|l| l.heat(1.0))));
    if oscillation_work != 0.0 {
        let work = "W_heat of the periodic state".to_string();
        found.extend(Extrapolated::new(
            work,
            &of(&|s| Some(s.oscillation_work), 1),
            Some(oscillation_work),
        ));
    }
    found
}
