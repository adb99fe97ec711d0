//! The shaken end through one period, and the layer in which the oscillation dies.

use super::caption::{fill, sizes, tex_number};
use super::{Entry, GalleryError, Source, bonds, curve, done, even};
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::conditions::growth;
use crate::monitor::Monitor;
use crate::steady::profiles;
use std::f64::consts::PI;

pub(super) const ENTRY: Entry = Entry {
    name: "periodic",
    title: "The layer of a shaken end",
    caption,
    scenario: Some("periodic"),
    figure,
};

const SIZES: [usize; 3] = [25, 100, 400];

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let all = source.sizes(&SIZES)?;
    let chain = source.chain(&[bonds(all[0])])?;
    let amplitude = chain.force.harmonics.first().map_or(0.0, |h| 2.0 * h.1.norm());
    let text = r"The periodic state under the force $\bar F + N^{-1/2} @amplitude@ \cos \omega\tau$
        on an end without thermostat ($\bar F = @F@$, $\omega = @omega@$, $\gamma = @gamma@$,
        $T_- = @T@$) for $N = @sizes@$. (a) One period: $\sqrt N$ times the oscillating part of the
        force (grey) and of the momentum $\bar p_N$, which does not depend on $N$: the shortest
        chain as a line, longer ones as signs on it. (b) $N$ times the oscillation of
        $\mathrm{Var}\ p_N$ about its average: twice a period in the limit, with a part at $\omega$
        that dies like $N^{-1/2}$. (c) $\sqrt N$ times the amplitude of the oscillation of
        $\bar p_n$, by the distance from the end: it dies like $|z|^{N-n}$ (line),
        $z + 1/z - 2 = i\omega(i\omega + 2\gamma)$, whatever the size; each size is drawn at every
        third site.";
    Ok(fill(
        text,
        &[
            ("amplitude", tex_number(amplitude * (chain.bonds as f64).sqrt())),
            ("F", tex_number(chain.force.mean)),
            ("omega", tex_number(chain.force.frequency.hi)),
            ("gamma", tex_number(chain.flip_rate)),
            ("T", tex_number(chain.temperature()[0])),
            ("sizes", sizes(&all)),
        ],
    ))
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (mut momentum, mut variance, mut layer) = (vec![], vec![], vec![]);
    let phases = even(0.0, 1.0, 81);
    let sizes = source.sizes(&SIZES)?;
    for (index, &size) in sizes.iter().enumerate() {
        let chain = source.chain(&[bonds(size)])?;
        if chain.force.harmonics.is_empty() {
            return Err(source.refused("an oscillating force"));
        }
        let n = size as f64;
        let state = profiles::profiles(&chain, &monitor.silent())?.0;
        let (colour, label) = (Colour::Palette(index), format!("*N* = {size}"));
        let last = 2 * size;
        let name = format!("N = {size}");
        let (average, errors) = (&state.average.moments, &state.average.errors);
        if index == 0 {
            let omega = chain.force.frequency.hi;
            let force = |phase: &f64| chain.force.at(phase * 2.0 * PI / omega) - chain.force.mean;
            let force = phases.iter().map(|p| (*p, n.sqrt() * force(p))).collect();
            let force = Layer::new("force", Mark::Line, Colour::Grey, force);
            momentum.push(force.named("force").formula());
        }
        let (mut means, mut variances) = (vec![], vec![]);
        for &phase in &phases {
            let moments = state.at(phase).moments;
            means.push((phase, n.sqrt() * (moments.mean[last] - average.mean[last])));
            variances.push((phase, n * (moments.variance[last] - average.variance[last])));
        }
        // All sizes lie on each other.
        let mark = [Mark::Line, Mark::Disc, Mark::Ring][index.min(2)];
        momentum.push(
            Layer::new(label.clone(), mark, colour, means)
                .named(name.clone())
                .within(n.sqrt() * 2.0 * errors.mean_p)
                .every(4 * index, 10),
        );
        variance.push(
            Layer::new(label.clone(), Mark::Line, colour, variances)
                .named(name.clone())
                .within(n * 2.0 * errors.var_p),
        );
        let harmonic = state.mean.harmonics.iter().find(|h| h.order == 1);
        let amplitude = |n_from_end: usize| {
            harmonic.map_or(f64::NAN, |h| 2.0 * h.mean[last - n_from_end].norm())
        };
        let points = (0..=size.min(24)).map(|d| (d as f64, n.sqrt() * amplitude(d))).collect();
        layer.push(
            Layer::new(label, [Mark::Disc, Mark::Square, Mark::Ring][index % 3], colour, points)
                .named(name)
                .within(n.sqrt() * 2.0 * state.mean.error)
                .every(index % 3, 3),
        );
        done(monitor, (index + 1) as f64 / sizes.len() as f64)?;
        if index + 1 == sizes.len() {
            let s = num_complex::Complex64::new(0.0, chain.force.frequency.hi);
            let decay = (1.0 + growth(&chain, s)).norm().recip();
            let first = n.sqrt() * amplitude(0);
            layer.insert(
                0,
                curve("|*z*|^{*N*−*n*}", Colour::Ink, &even(0.0, 24.0, 2), |d| {
                    first * decay.powf(d)
                })
                .named("limit, |z|^(N-n)")
                .within(n.sqrt() * 2.0 * state.mean.error),
            );
        }
    }
    let scenario = source.scenario(&[bonds(sizes[0])])?;
    let ends = crate::figures::Parameters::of_scenario(&scenario);
    let list = numbers(&sizes.iter().map(|n| *n as f64).collect::<Vec<_>>());
    let parameters = || ends.clone().with("N", list.clone());
    let over_phase = |label: &str, layers: Vec<Layer>| Panel {
        parameters: parameters().with("phase omega tau/2 pi", "0 to 1 (the axis)"),
        x: Axis::new("*ωτ*/2π").over(0.0, 1.0),
        y: Axis::new(label),
        layers,
        legend: Some(Corner::TopLeft),
        ..Default::default()
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            over_phase("force and *p\u{304}*_{*N*}, times √*N*", momentum),
            over_phase("*N* (Var *p*_{*N*} − average)", variance),
            Panel {
                parameters: parameters(),
                x: Axis::new("distance from the end  *N* − *n*").over(-0.5, 24.5),
                y: Axis::log("amplitude of *p\u{304}*_{*n*} times √*N*"),
                layers: layer,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
