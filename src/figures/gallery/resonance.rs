//! The work of a periodic force and the temperature of the shaken wall against the frequency.

use super::{Entry, GalleryError, chain, done, geometric};
use crate::chain::Chain;
use crate::covariance::modal::Modal;
use crate::covariance::periodic::PeriodicMean;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::conditions::oscillation_work;
use crate::monitor::Monitor;
use crate::observe::periodic::PeriodicWork;
use crate::steady::{SteadyError, profiles};
use std::f64::consts::PI;

pub(super) const ENTRY: Entry = Entry {
    name: "resonance",
    title: "Shaking heats a wall most inside the band",
    caption: "A force F̄ + N^(−1/2) 3 cos ωτ (F̄ = 1.2) on an end without thermostat, T₋ = 1. (a) W_heat, the work of the oscillation per unit of macroscopic \
              time, against ω for γ = 0.05: the limit Σ|F̂(l)|² Re[sz/(1−z)] (black) and exact chains; while γN is small the chain rings at its own \
              frequencies; the band of the phonons ends at ω = 2 (grey). (b) The temperature of the wall, Var p_N on \
              average over a period, for γ = 0.8: limit e_heat(1) = F̄² + 4γ W_heat + T₋ (black) and exact chains.",
    scenario: Some("periodic"),
    figure,
};

fn shaken(bonds: usize, flip_rate: f64, frequency: f64) -> Result<Chain, GalleryError> {
    let overrides = [
        format!("chain.bonds={bonds}"),
        format!("chain.flip_rate={flip_rate}"),
        format!("right.force.period={:e}", 2.0 * PI / frequency),
    ];
    chain("periodic", &overrides.each_ref().map(String::as_str))
}

fn work(chain: &Chain) -> Result<(f64, f64), GalleryError> {
    let mean = PeriodicMean::new(&Modal::new(chain))
        .map_err(SteadyError::from)?
        .ok_or(SteadyError::NoThermostat)?;
    let work = PeriodicWork::new(chain, &mean).map_or(f64::NAN, |w| w.w_heat);
    // Error of p̄_N times the force's amplitude, of both orders l = ±1.
    Ok((work, chain.bonds as f64 * 2.0 * mean.error * 3.0 / (chain.bonds as f64).sqrt()))
}

fn limit(
    label: &str,
    flip_rate: f64,
    frequencies: &[f64],
    wall: bool,
) -> Result<Layer, GalleryError> {
    let mut works = Vec::new();
    for &frequency in frequencies {
        let chain = shaken(50, flip_rate, frequency)?;
        let work = oscillation_work(&chain);
        works.push(if wall {
            chain.force.mean.powi(2) + 4.0 * flip_rate * work + chain.temperature()[0]
        } else {
            work
        });
    }
    Ok(Layer::new(label, Mark::Line, Colour::Ink, frequencies.iter().copied().zip(works).collect()))
}

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let frequencies = geometric(0.02, 4.0, 401);
    let mut works = Vec::new();
    for (index, bonds) in [10, 20, 40].into_iter().enumerate() {
        let (mut points, mut error) = (vec![], 0.0f64);
        for &frequency in &frequencies {
            let (work, e) = work(&shaken(bonds, 0.05, frequency)?)?;
            points.push((frequency, work));
            error = error.max(e);
            monitor.check()?;
        }
        works.push(
            Layer::new(format!("*N* = {bonds}"), Mark::Line, Colour::Palette(index), points)
                .within(error),
        );
    }
    works.push(limit("*N* → ∞", 0.05, &frequencies, false)?);
    done(monitor, 0.3)?;
    let mut walls = vec![limit("*N* → ∞", 0.8, &frequencies, true)?];
    for (index, bonds) in [10, 40, 160].into_iter().enumerate() {
        let (mut points, mut error) = (vec![], 0.0f64);
        for frequency in geometric(0.03, 3.6, 19) {
            let chain = shaken(bonds, 0.8, frequency)?;
            let average = profiles::profiles(&chain, &monitor.silent())?.0.average;
            points.push((frequency, average.moments.variance[2 * bonds]));
            error = error.max(average.errors.var_p);
        }
        walls.push(
            Layer::new(format!("*N* = {bonds}"), Mark::Disc, Colour::Palette(index), points)
                .within(error),
        );
        done(monitor, 0.3 + 0.23 * (index + 1) as f64)?;
    }
    let band = |high: f64| Layer::guide((2.0, 0.0), (2.0, high));
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::log("*ω*").over(0.02, 4.0),
                y: Axis::new("*W*_{heat}").over(0.0, 9.0),
                layers: [vec![band(9.0)], works].concat(),
                title: "*γ* = 0.05".into(),
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                x: Axis::log("*ω*").over(0.02, 4.0),
                y: Axis::new("temperature of the wall"),
                layers: [vec![band(12.0)], walls].concat(),
                title: "*γ* = 0.8".into(),
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
        ],
        key: None,
    })
}
