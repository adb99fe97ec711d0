//! A bump of elongation on the ring: carried by waves without flips, diffusing with them, and what
//! is between.

use super::{Entry, GalleryError, chain, done, even, geometric, moments, scenario};
use crate::chain::{Chain, InitialLaw};
use crate::covariance::modal::Modal;
use crate::evolve::means;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Map, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "transport",
    title: "From waves to diffusion",
    caption: "A bump of elongation at rest on a ring of N = 512 atoms. (a-c) Mean elongation r̄_n(τ) on the ballistic scale, for the pure harmonic ring, for \
              γN ≈ 5 and for γ = 1: the two waves run at the speed of sound, are damped after times 1/γ, or do not appear at all. Colours end at half of \
              the bump's height. (d) Root mean square distance of the elongation from its origin, √(Σ r̄_n (n−n₀)²/Σ r̄_n), less its initial square: \
              it grows like τ before 1/γ and like √(τ/γ) after it.",
    scenario: Some("transport"),
    figure,
};

/// Mean elongations at microscopic times, and their error.
fn elongations(
    flip_rate: f64,
    times: &[f64],
    monitor: &Monitor,
) -> Result<(Vec<Vec<f64>>, f64), GalleryError> {
    let overrides = format!("chain.flip_rate={flip_rate}");
    let (chain, law) = (
        chain("transport", &[&overrides])?,
        InitialLaw::read(&scenario("transport", &[&overrides])?)?,
    );
    let bonds = chain.bonds;
    if flip_rate == 0.0 {
        let solutions = moments(&chain, &law, times, false, &monitor.silent())?;
        let error = solutions.iter().map(|s| s.errors.mean_r).fold(0.0, f64::max);
        return Ok((
            solutions.into_iter().map(|s| s.moments.mean[..bonds].to_vec()).collect(),
            error,
        ));
    }
    let paths = means::evolve(&Modal::new(&chain), &law, times, 1e-10, &monitor.silent())?;
    let error = paths.iter().map(|p| p.errors[0]).fold(0.0, f64::max);
    Ok((paths.into_iter().map(|p| p.mean[..bonds].to_vec()).collect(), error))
}

/// √(Σ r (n - N/2)² / Σ r)
fn spread(elongation: &[f64]) -> f64 {
    let middle = elongation.len() as f64 / 2.0;
    let second: f64 =
        elongation.iter().enumerate().map(|(n, r)| r * (n as f64 - middle).powi(2)).sum();
    (second / elongation.iter().sum::<f64>()).sqrt()
}

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let ring: Chain = chain("transport", &[])?;
    let n = ring.bonds as f64;
    let ballistic = even(0.0, 0.5, 61);
    let microscopic: Vec<f64> = ballistic.iter().map(|t| t * n).collect();
    let mut panels = Vec::new();
    for (index, (flip_rate, title)) in
        [(0.0, "*γ* = 0"), (0.01, "*γ* = 0.01"), (1.0, "*γ* = 1")].into_iter().enumerate()
    {
        let (rows, error) = elongations(flip_rate, &microscopic, monitor)?;
        let sites: Vec<usize> = (0..ring.bonds).step_by(4).collect();
        let map = Map {
            quantity: "elongation  *r\u{304}*".into(),
            xs: sites.iter().map(|&s| s as f64 / n).collect(),
            ys: ballistic.clone(),
            values: rows.iter().map(|row| sites.iter().map(|&s| row[s]).collect()).collect(),
            range: (0.0, 0.5),
            divergent: false,
            bar: true,
            error,
        };
        panels.push(Panel {
            title: title.into(),
            x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0).at(&[0.0, 0.5, 1.0]),
            y: Axis::new("*τ*/*N*").over(0.0, 0.5),
            map: Some(map),
            ..Default::default()
        });
        done(monitor, 0.25 * (index + 1) as f64)?;
    }
    // Until the waves, or the tails of the diffusion, meet on the other side.
    let mut layers = Vec::new();
    for (index, (flip_rate, last)) in
        [(0.0, 200.0), (0.01, 200.0), (0.1, 500.0), (1.0, 2000.0)].into_iter().enumerate()
    {
        let times = geometric(2.0, last, 25);
        let (rows, error) = elongations(flip_rate, &[vec![0.0], times.clone()].concat(), monitor)?;
        let start = spread(&rows[0]).powi(2);
        let points = times
            .iter()
            .zip(&rows[1..])
            .map(|(&t, row)| (t, (spread(row).powi(2) - start).sqrt()))
            .collect();
        let label = format!("*γ* = {flip_rate}");
        layers
            .push(Layer::new(label, Mark::Line, Colour::Palette(index), points).within(n * error));
    }
    panels.push(Panel {
        x: Axis::log("*τ*"),
        y: Axis::log("distance from the origin").over(1.0, 500.0),
        layers,
        notes: vec![
            Note { label: "~ *τ*".into(), at: (40.0, 62.0), anchor: 1.0, ..Default::default() },
            Note { label: "~ √*τ*".into(), at: (700.0, 15.0), ..Default::default() },
        ],
        legend: Some(Corner::TopLeft),
        ..Default::default()
    });
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 110.0),
        columns: 2,
        panels,
        key: None,
    })
}
