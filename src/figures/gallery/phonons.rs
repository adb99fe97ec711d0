//! The energy of every mode of the ring: kept without flips, mixed by them.

use super::{Entry, GalleryError, chain, moments, scenario};
use crate::chain::InitialLaw;
use crate::figures::profiles::time_label;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::observe::phonons::{self, Phonon};

pub(super) const ENTRY: Entry = Entry {
    name: "phonons",
    title: "Phonons keep their energy until velocities flip",
    caption: "Energy E|φ(k)|²/(2N) of the modes of a ring of N = 64 atoms, φ(k) = 2|sin πk| q̂(k) + i p̂(k); k > 1/2 runs to the left. At τ = 0 a wave packet \
              around k = 1/4 runs mainly to the right in a chain of temperature 0.01. (a) Without flips (γ = 0): line, τ = 0; discs, τ = 10⁶. (b) With flips \
              (γ = 0.05): the packet's energy goes to all modes alike, but for k = 0, which keeps its mean elongation. (c) Largest relative change of a mode's energy \
              without flips: rounding.",
    scenario: Some("phonons"),
    figure,
};

/// The modes at microscopic times, with the largest error of their energies.
fn modes(
    flip_rate: f64,
    times: &[f64],
    monitor: &Monitor,
) -> Result<(Vec<Vec<Phonon>>, f64), GalleryError> {
    let overrides = format!("chain.flip_rate={flip_rate}");
    let (chain, law) =
        (chain("phonons", &[&overrides])?, InitialLaw::read(&scenario("phonons", &[&overrides])?)?);
    let solutions = moments(&chain, &law, times, true, monitor)?;
    let found: Vec<Vec<Phonon>> =
        solutions.iter().filter_map(|s| phonons::phonons(&chain, &s.moments)).collect();
    let error = solutions.iter().zip(&found).map(|(s, p)| phonons::error(s, p)).fold(0.0, f64::max);
    Ok((found, error))
}

fn energies(label: &str, mark: Mark, colour: Colour, modes: &[Phonon], error: f64) -> Layer {
    Layer::new(label, mark, colour, modes.iter().map(|m| (m.k, m.energy)).collect()).within(error)
}

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let late = [0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
    let (free, error) = modes(0.0, &late, &monitor.part(0.0, 0.5))?;
    let kept = vec![
        energies("*τ* = 0", Mark::Line, Colour::Palette(0), &free[0], error),
        energies("*τ* = 10^{6}", Mark::Disc, Colour::Palette(1), &free[7], error),
    ];
    let change = |modes: &[Phonon]| {
        modes
            .iter()
            .zip(&free[0])
            .map(|(m, s)| ((m.energy - s.energy) / s.energy).abs())
            .fold(0.0, f64::max)
    };
    let changes =
        late.iter().zip(&free).skip(1).map(|(&t, modes)| (t, change(modes).max(1e-18))).collect();
    let changes = Layer::new("", Mark::Disc, Colour::Palette(1), changes).within(1e-12);
    let times = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0];
    let (flipped, error) = modes(0.05, &times, &monitor.part(0.5, 1.0))?;
    let mixed = times.iter().zip(&flipped).enumerate().map(|(i, (&t, modes))| {
        let colour = Colour::Map(i as f64 / (times.len() - 1) as f64);
        energies(&format!("*τ* = {}", time_label(t)), Mark::Line, colour, modes, error)
    });
    let k = || Axis::new("*k*").over(0.0, 1.0).at(&[0.0, 0.25, 0.5, 0.75, 1.0]);
    let energy = || Axis::log("energy  E|*φ*(*k*)|²/2*N*").over(7e-3, 3.0);
    let mixed: Vec<Layer> = mixed.collect();
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                title: "*γ* = 0".into(),
                x: k(),
                y: energy(),
                layers: kept,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
            Panel {
                title: "*γ* = 0.05".into(),
                x: k(),
                y: energy(),
                layers: mixed,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
            Panel {
                title: "*γ* = 0".into(),
                x: Axis::log("*τ*"),
                y: Axis::log("largest relative change").over(1e-17, 1e-11),
                layers: vec![changes],
                ..Default::default()
            },
        ],
        key: None,
    })
}
