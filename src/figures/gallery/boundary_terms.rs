//! The time integrals of the momenta at the ends, which the proof needs to be of order 1/N.

use super::caption::{fill, of_chain, sizes, starts_with, tex_number};
use super::{Entry, GalleryError, Source, bonds, geometric, joined, measure_means};
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "boundary_terms",
    title: "Boundary terms are of order 1/N",
    caption,
    scenario: Some("evolution"),
    figure,
};

const SIZES: [usize; 4] = [16, 64, 256, 1024];

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let all = source.sizes(&SIZES)?;
    let (scenario, chain, _) = source.law(&[bonds(all[0])])?;
    let text = r"$N$ times $|\int_0^t \bar p(sN^2) ds|$ at (a) the left and (b) the right end of a
        chain that starts with @initial@ ($\bar F = @F@$, @chain@), against $t$, for $N = @sizes@$.
        Curves with discs: exact chains; dashed: the limit
        $\frac{1}{2\gamma} \int_0^t \partial_x r ds$ at the end. The theory bounds them by
        $C(t+1)$: here they follow the limit from $t \sim 1/N^2$ on, and $N$ times them stays below
        $\bar F (t+1)/(2\gamma)$ at both ends (grey).";
    Ok(fill(
        text,
        &[
            ("initial", starts_with(scenario.require_initial("boundary_terms")?)),
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
            ("sizes", sizes(&all)),
        ],
    ))
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let times = geometric(1e-5, 1.0, 81);
    let sizes = source.sizes(&SIZES)?;
    let all = measure_means(source, &sizes, &times, monitor)?;
    let scenario = source.scenario(&[bonds(sizes[0])])?;
    let chain = source.chain(&[bonds(sizes[0])])?;
    let limits = source.limit(&scenario, &chain, &times)?.outputs;
    let parameters = crate::figures::Parameters::of_scenario(&scenario)
        .with("N", numbers(&sizes.iter().map(|n| *n as f64).collect::<Vec<_>>()));
    let scale = chain.force.mean.abs() / (2.0 * chain.flip_rate);
    let panel = |statement: &str, label: &str, sparse: usize, from: f64, bottom: f64| {
        let bound = times.iter().map(|&t| (t, scale * (t + 1.0))).collect();
        let mut signs = vec![];
        let mut layers = vec![
            Layer::new("(*t* + 1) *F\u{304}*/2*γ*", Mark::Line, Colour::Grey, bound)
                .named("(t + 1) F/(2 gamma)")
                .formula(),
        ];
        for (index, &size) in sizes.iter().enumerate() {
            let rows: Vec<_> =
                all.iter().filter(|m| m.statement == statement && m.bonds == size).collect();
            let n = size as f64;
            // Before the wave arrives there is rounding only.
            let seen: Vec<_> = rows.iter().filter(|m| m.value > m.error).collect();
            let points = seen.iter().map(|m| (m.time, n * m.value)).collect();
            let colour = Colour::Map(index as f64 / (sizes.len() - 1).max(1) as f64);
            let [line, discs] = joined(
                Layer::new(format!("*N* = {size}"), Mark::Disc, colour, points)
                    .named(format!("exact, N = {size}"))
                    .with_errors(seen.iter().map(|m| n * m.error).collect()),
            );
            layers.push(line);
            // Long chains lie on the limit. By turns, so that no disc hides another, the signs end
            // at the latest time.
            let (turns, last) = (sizes.len() * sparse, discs.points.len() + sizes.len() - 1);
            signs.push(discs.every((last - index) % turns, turns));
            if index + 1 == sizes.len() {
                let limit =
                    rows.iter().map(|m| (m.time, m.scaled_limit.unwrap_or(f64::NAN))).collect();
                // A difference of averages of r.
                let errors = limits.iter().map(|o| 2.0 * o.errors[0]).collect();
                layers.push(
                    Layer::new("*N* → ∞", Mark::Dashed, Colour::Ink, limit)
                        .named("limit")
                        .with_errors(errors),
                );
            }
        }
        layers.extend(signs);
        Panel {
            parameters: parameters.clone().with("t = tau/N^2", format!("{from} to 1 (the axis)")),
            x: Axis::log("*t* = *τ*/*N*²").over(from, 1.0),
            y: Axis::log(label).over(bottom * scale, 4.0 * scale),
            layers,
            legend: Some(Corner::BottomRight),
            ..Default::default()
        }
    };
    if scale == 0.0 {
        return Err(source.refused("a mean force other than 0"));
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            panel("boundary_left", "*N* |∫ *p\u{304}*_{0} d*s*|", 1, 0.02, 1e-8),
            panel("boundary_right", "*N* |∫ *p\u{304}*_{*N*} d*s*|", 2, 1e-5, 1e-3),
        ],
        ..Default::default()
    })
}
