//! The distance to the macroscopic limit against N, and its shape.

use super::caption::{fill, of_chain, row, sizes, starts_with, tex_number};
use super::{Entry, GalleryError, Source, against_size, bonds, measure, moments, order_label};
use crate::chain::{Chain, InitialLaw};
use crate::figures::parameters::{Parameters, numbers};
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::observe::Profile;

pub(super) const ENTRY: Entry = Entry {
    name: "convergence",
    title: "How fast the chain reaches its limit",
    caption,
    scenario: Some("evolution"),
    figure,
};

const SIZES: [usize; 7] = [16, 32, 64, 128, 256, 512, 1024];
/// Longer chains are followed without their variances' covariance.
const SHORT: usize = 64;

/// The time at which the distances are taken.
fn time(source: &Source<'_>) -> Result<f64, GalleryError> {
    Ok(source.values("time.outputs", &[0.1])?[0])
}

/// The sizes of panel (b): three around a hundred, or the last three.
fn shown(source: &Source<'_>) -> Result<Vec<usize>, GalleryError> {
    let all = source.sizes(&SIZES)?;
    let some: Vec<usize> = all.iter().copied().filter(|n| (32..=128).contains(n)).collect();
    let chosen = if some.len() > 1 { some } else { all[all.len().saturating_sub(3)..].to_vec() };
    Ok(chosen.into_iter().take(3).collect())
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let shown = shown(source)?;
    let (scenario, chain, _) = source.law(&[bonds(shown[0]), outputs(time(source)?)])?;
    let text = r"(a) Distance of a chain that starts with @initial@ ($\bar F = @F@$, @chain@) to the
        macroscopic equations at $t = @t@$ against $N = @sizes@$: the largest over the sites of
        $|\bar r_n - r|$ and of $|E[E_n] - e|$, and the largest over test functions $G$ ($1$,
        $\cos \pi k x$, $\sin \pi k x$, $k \le 4$) of the same averages against $G$ (weak). The
        orders are fitted to the larger sizes. (b) $N$ times the distance of the energy, site by
        site, for $N = @shown@$@one@.";
    let one = ": the longer the chain, the nearer to one curve, the correction of order $1/N$";
    Ok(fill(
        text,
        &[
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
            ("t", row(&[time(source)?])),
            ("sizes", sizes(&source.sizes(&SIZES)?)),
            ("shown", sizes(&shown)),
            ("one", if shown.len() > 1 { one.into() } else { String::new() }),
            ("initial", starts_with(scenario.require_initial("convergence")?)),
        ],
    ))
}

fn outputs(t: f64) -> String {
    format!("time.outputs=[{t:?}]")
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let t = time(source)?;
    let sizes: Vec<_> = source.sizes(&SIZES)?.into_iter().map(|n| (n, n <= SHORT)).collect();
    let all = measure(source, &sizes, &[t], &monitor.part(0.0, 0.8))?;
    let mut layers = Vec::new();
    let statements = [
        ("energy_distance", "*e*, every site", "energy, every site"),
        ("elongation_distance", "*r*, every site", "elongation, every site"),
        ("energy_weak", "*e*, weak", "energy, weak"),
        ("elongation_weak", "*r*, weak", "elongation, weak"),
    ];
    for (index, (statement, says, name)) in statements.into_iter().enumerate() {
        let colour = Colour::Palette(index);
        let (found, order) = against_size(&all, statement, t, name, colour, |m| m.value);
        let label = format!("{says}  {}", order_label(order));
        layers.extend(found.map(|layer| Layer { label: label.clone(), ..layer }));
    }
    let mut shapes = Vec::new();
    let shown = shown(source)?;
    for (index, &size) in shown.iter().enumerate() {
        let scenario = source.scenario(&[bonds(size), outputs(t)])?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
        let n = size as f64;
        let solutions = moments(&chain, &law, &[t * n * n], false, &monitor.silent())?;
        let limit = source.limit(&scenario, &chain, &[t])?;
        let (profile, state) = (Profile::new(&chain, &solutions[0], t), &limit.outputs[0].state);
        let energy = profile.energy();
        let points = (1..=size)
            .map(|s| (s as f64 / n, n * (energy[s] - state.energy(s as f64 / n))))
            .collect();
        let colour = Colour::Map(index as f64 / (shown.len() - 1).max(1) as f64);
        let largest = profile.mean_r.iter().fold(1.0f64, |most, r| most.max(r.abs()));
        let error = n * (profile.errors.energy + limit.outputs[0].column_errors(largest)[3]);
        shapes.push(
            Layer::new(format!("*N* = {size}"), Mark::Line, colour, points)
                .named(format!("N = {size}"))
                .within(error),
        );
    }
    let chain = source.scenario(&[bonds(shown[0]), outputs(t)])?;
    let parameters = |sizes: &[usize]| {
        Parameters::of_scenario(&chain)
            .with("N", numbers(&sizes.iter().map(|n| *n as f64).collect::<Vec<_>>()))
            .with("t = tau/N^2", t)
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 68.0),
        columns: 2,
        panels: vec![
            Panel {
                parameters: parameters(&sizes.iter().map(|s| s.0).collect::<Vec<_>>()),
                x: Axis::log("*N*"),
                y: Axis::log("distance to the limit"),
                layers,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
            Panel {
                parameters: parameters(&shown),
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::new("*N* (E[*E*_{*n*}] − *e*)"),
                layers: shapes,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
