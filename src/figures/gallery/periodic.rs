//! The shaken end through one period, and the layer in which the oscillation dies.

use super::{Entry, GalleryError, chain, curve, done, even};
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::steady::profiles;
use std::f64::consts::PI;

pub(super) const ENTRY: Entry = Entry {
    name: "periodic",
    title: "The layer of a shaken end",
    caption: "The periodic state under the force F̄ + N^(−1/2) 3 cos ωτ on an end without thermostat (F̄ = 1.2, ω = 1.3, γ = 0.8, T₋ = 1). (a) One period: \
              √N times the oscillating part of the force (grey) and of the momentum p̄_N. (b) N times the oscillation of Var p_N about its average: twice a period in the limit, with a part at ω that dies like N^(−1/2). \
              (c) √N times the amplitude of the oscillation of p̄_n, by the distance from the end, for three sizes: it dies like |z|^(N−n) (line), z + 1/z − 2 = \
              iω(iω + 2γ), whatever the size.",
    scenario: Some("periodic"),
    figure,
};

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (mut momentum, mut variance, mut layer) = (vec![], vec![], vec![]);
    let phases = even(0.0, 1.0, 81);
    let sizes = [25usize, 100, 400];
    for (index, bonds) in sizes.into_iter().enumerate() {
        let chain = chain("periodic", &[&format!("chain.bonds={bonds}")])?;
        let n = bonds as f64;
        let state = profiles::profiles(&chain, &monitor.silent())?.0;
        let (colour, label) = (Colour::Palette(index), format!("*N* = {bonds}"));
        let last = 2 * bonds;
        let (average, errors) = (&state.average.moments, &state.average.errors);
        if index == 0 {
            let force = phases.iter().map(|&p| {
                (
                    p,
                    n.sqrt()
                        * (chain.force.at(p * 2.0 * PI / chain.force.frequency.hi)
                            - chain.force.mean),
                )
            });
            momentum.push(Layer::new("force", Mark::Line, Colour::Grey, force.collect()));
        }
        let (mut means, mut variances) = (vec![], vec![]);
        for &phase in &phases {
            let moments = state.at(phase).moments;
            means.push((phase, n.sqrt() * (moments.mean[last] - average.mean[last])));
            variances.push((phase, n * (moments.variance[last] - average.variance[last])));
        }
        momentum.push(
            Layer::new(label.clone(), Mark::Line, colour, means).within(n.sqrt() * errors.mean_p),
        );
        variance.push(
            Layer::new(label.clone(), Mark::Line, colour, variances).within(n * 2.0 * errors.var_p),
        );
        let harmonic = state.mean.harmonics.iter().find(|h| h.order == 1);
        let amplitude = |n_from_end: usize| {
            harmonic.map_or(f64::NAN, |h| 2.0 * h.mean[last - n_from_end].norm())
        };
        let points = (0..=bonds.min(24)).map(|d| (d as f64, n.sqrt() * amplitude(d))).collect();
        layer.push(
            Layer::new(label, Mark::Ring, colour, points).within(n.sqrt() * 2.0 * state.mean.error),
        );
        done(monitor, (index + 1) as f64 / sizes.len() as f64)?;
        if index + 1 == sizes.len() {
            let s = num_complex::Complex64::new(0.0, chain.force.frequency.hi);
            let middle = 1.0 + s * (s + 2.0 * chain.flip_rate) / 2.0;
            let root = (middle * middle - 1.0).sqrt();
            let decay = (middle - root).norm().min((middle + root).norm());
            let first = n.sqrt() * amplitude(0);
            layer.insert(
                0,
                curve("|*z*|^{*N*−*n*}", Colour::Ink, &even(0.0, 24.0, 2), |d| {
                    first * decay.powf(d)
                }),
            );
        }
    }
    let phase = || Axis::new("*ωτ*/2π").over(0.0, 1.0);
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                x: phase(),
                y: Axis::new("oscillation times √*N*").over(-3.4, 6.6),
                layers: momentum,
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                x: phase(),
                y: Axis::new("*N* (Var *p*_{*N*} − average)").over(-2.4, 5.0),
                layers: variance,
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                x: Axis::new("distance from the end  *N* − *n*").over(-0.5, 24.5),
                y: Axis::log("amplitude of *p\u{304}*_{*n*} times √*N*").over(1e-11, 100.0),
                layers: layer,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
        ],
        key: None,
    })
}
