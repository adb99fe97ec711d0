//! A bump of elongation on the ring: carried by waves without flips, diffusing with them, and what
//! is between.

use super::caption::{fill, row};
use super::{Entry, GalleryError, Source, done, even, geometric, is_near, moments, set};
use crate::covariance::modal::Modal;
use crate::evolve::means;
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Map, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;
use crate::scenario::Topology;

pub(super) const ENTRY: Entry = Entry {
    name: "transport",
    title: "From waves to diffusion",
    caption,
    scenario: Some("transport"),
    figure,
};

const RATE: &str = "chain.flip_rate";
const RATES: [f64; 4] = [0.0, 0.01, 0.1, 1.0];

/// The flip rates of the maps: the first two and the last.
fn mapped(source: &Source<'_>) -> Result<Vec<f64>, GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let mut shown: Vec<f64> = rates.iter().take(2).copied().collect();
    if rates.len() > 2 {
        shown.push(rates[rates.len() - 1]);
    }
    Ok(shown)
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let ring = source.chain(&[set(RATE, rates[0])])?;
    let text = r"A bump of elongation at rest on a ring of $N = @N@$ atoms. Maps: mean elongation
        $\bar r_n(\tau)$ on the ballistic scale, for flip rates $\gamma = @mapped@$: the two waves
        run at the speed of sound without flips, are damped after times $1/\gamma$, and do not
        appear at all where $\gamma$ is of order one. Colours end at half of the bump's height. Last
        panel: root mean square distance of the elongation from its origin,
        $\sqrt{\sum_n \bar r_n (n - n_0)^2/\sum_n \bar r_n}$, less its initial square, for
        $\gamma = @rates@$: it grows like $\tau$ before $1/\gamma$ and like $\sqrt{\tau/\gamma}$
        after it.";
    let numbers =
        [("N", ring.bonds.to_string()), ("mapped", row(&mapped(source)?)), ("rates", row(&rates))];
    Ok(fill(text, &numbers))
}

/// Mean elongations at microscopic times, and the largest error at each.
fn elongations(
    source: &Source<'_>,
    flip_rate: f64,
    times: &[f64],
    monitor: &Monitor,
) -> Result<(Vec<Vec<f64>>, Vec<f64>), GalleryError> {
    let (_, chain, law) = source.law(&[set(RATE, flip_rate)])?;
    if chain.topology != Topology::Ring {
        return Err(source.refused("a ring"));
    }
    let bonds = chain.bonds;
    if flip_rate == 0.0 {
        let solutions = moments(&chain, &law, times, false, &monitor.silent())?;
        let error = solutions.iter().map(|s| s.errors.mean_r).collect();
        return Ok((
            solutions.into_iter().map(|s| s.moments.mean[..bonds].to_vec()).collect(),
            error,
        ));
    }
    let paths = means::evolve(&Modal::new(&chain), &law, times, 1e-10, &monitor.silent())?;
    let error = paths.iter().map(|p| p.errors[0]).collect();
    Ok((paths.into_iter().map(|p| p.mean[..bonds].to_vec()).collect(), error))
}

/// Σ r (n - N/2)² / Σ r, and its error where every r is off by `error`.
fn square_spread(elongation: &[f64], error: f64) -> (f64, f64) {
    let middle = elongation.len() as f64 / 2.0;
    let (mut sum, mut second, mut squares) = (0.0, 0.0, 0.0);
    for (n, r) in elongation.iter().enumerate() {
        let square = (n as f64 - middle).powi(2);
        (sum, second, squares) = (sum + r, second + r * square, squares + square);
    }
    let spread = second / sum;
    (spread, error * (squares + elongation.len() as f64 * spread.abs()) / f64::abs(sum))
}

/// The words beside the curves of the last panel that have these slopes long enough to be seen.
fn slopes(rates: &[f64], curves: &[Layer]) -> Vec<Note> {
    let mut notes = Vec::new();
    let all = || rates.iter().zip(curves);
    let rarest = all().min_by(|a, b| a.0.total_cmp(b.0));
    if let Some((&rate, curve)) = rarest {
        let straight: Vec<_> = curve.points.iter().filter(|p| rate * p.0 < 0.3).collect();
        if straight.len() > 8 {
            let (x, y) = *straight[straight.len() / 2];
            notes.push(Note {
                label: "~ *τ*".into(),
                at: (0.75 * x, y),
                anchor: 1.0,
                ..Default::default()
            });
        }
    }
    if let Some((&rate, curve)) = all().max_by(|a, b| a.0.total_cmp(b.0)) {
        let straight: Vec<_> = curve.points.iter().filter(|p| rate * p.0 > 3.0).collect();
        if straight.len() > 8 {
            let (x, y) = *straight[straight.len() / 2];
            notes.push(Note {
                label: "~ √*τ*".into(),
                at: (1.3 * x, 0.9 * y),
                ..Default::default()
            });
        }
    }
    notes
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let ring = source.chain(&[set(RATE, rates[0])])?;
    let n = ring.bonds as f64;
    let ballistic = even(0.0, 0.5, 61);
    let microscopic: Vec<f64> = ballistic.iter().map(|t| t * n).collect();
    let scenario = source.scenario(&[set(RATE, rates[0])])?;
    let parameters = crate::figures::Parameters::of_scenario(&scenario);
    let mut panels = Vec::new();
    for (index, rate) in mapped(source)?.into_iter().enumerate() {
        let (rows, errors) = elongations(source, rate, &microscopic, monitor)?;
        let sites: Vec<usize> = (0..ring.bonds).step_by((ring.bonds / 128).max(1)).collect();
        let largest = rows[0].iter().fold(0.0f64, |most, r| most.max(*r));
        let map = Map {
            quantity: "elongation  *r\u{304}*".into(),
            name: format!("elongation, gamma = {}", numbers(&[rate])),
            xs: sites.iter().map(|&s| s as f64 / n).collect(),
            ys: ballistic.clone(),
            values: rows.iter().map(|row| sites.iter().map(|&s| row[s]).collect()).collect(),
            range: (0.0, 0.5 * if largest > 0.0 { largest } else { 1.0 }),
            divergent: false,
            bar: true,
            errors,
        };
        panels.push(Panel {
            title: format!("*γ* = {}", number(rate)),
            parameters: parameters.clone().with("gamma", numbers(&[rate])),
            x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0).at(&[0.0, 0.5, 1.0]),
            y: Axis::new("*τ*/*N*").over(0.0, 0.5),
            map: Some(map),
            ..Default::default()
        });
        done(monitor, 0.25 * (index + 1) as f64)?;
    }
    // Until the waves, or the tails of the diffusion, meet on the other side.
    let mut layers = Vec::new();
    for (index, &rate) in rates.iter().enumerate() {
        let last = (0.39 * n).max(0.0076 * rate * n * n);
        let times = geometric(2.0, last, 25);
        let (rows, errors) =
            elongations(source, rate, &[vec![0.0], times.clone()].concat(), monitor)?;
        let start = square_spread(&rows[0], errors[0]);
        let (mut points, mut unsure) = (vec![], vec![]);
        for ((&t, row), &error) in times.iter().zip(&rows[1..]).zip(&errors[1..]) {
            let spread = square_spread(row, error);
            let distance = (spread.0 - start.0).sqrt();
            points.push((t, distance));
            unsure.push((spread.1 + start.1) / (2.0 * distance));
        }
        // Two curves run together until the second's waves are damped.
        let on_another = layers.iter().any(|other: &Layer| is_near(&points, &other.points));
        let mark = if on_another { Mark::Dashed } else { Mark::Line };
        layers.push(
            Layer::new(format!("*γ* = {}", number(rate)), mark, Colour::Palette(index), points)
                .named(format!("gamma = {}", numbers(&[rate])))
                .with_errors(unsure),
        );
    }
    let notes = slopes(&rates, &layers);
    panels.push(Panel {
        parameters: parameters
            .with("gamma", numbers(&rates))
            .with("tau", "2 until the waves meet (the axis)"),
        x: Axis::log("*τ*"),
        y: Axis::log("distance from the origin"),
        layers,
        notes,
        legend: Some(Corner::TopLeft),
        ..Default::default()
    });
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 110.0),
        columns: 2,
        panels,
        ..Default::default()
    })
}
