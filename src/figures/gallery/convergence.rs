//! The distance to the macroscopic limit against N, and its shape.

use super::{Entry, GalleryError, against_size, measure, moments, order_label, scenario};
use crate::chain::{Chain, InitialLaw};
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::Problem;
use crate::monitor::Monitor;
use crate::observe::Profile;

pub(super) const ENTRY: Entry = Entry {
    name: "convergence",
    title: "How fast the chain reaches its limit",
    caption: "(a) Distance of the chain of the figure `evolution` to the macroscopic equations at t = 0.1 against N: the largest over the sites of |r̄_n − r| and \
              of |E[E_n] − e|, and the largest over test functions G (1, cos πkx, sin πkx, k ≤ 4) of the same averages against G (weak). The orders \
              are fitted to the larger sizes. (b) N times the distance of the energy, site by site: the curves fall on one, the correction of \
              order 1/N.",
    scenario: Some("evolution"),
    figure,
};

const TIME: f64 = 0.1;

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let sizes = [16, 32, 64, 128, 256, 512, 1024].map(|n| (n, n <= 64));
    let all = measure("evolution", &sizes, &[TIME], &monitor.part(0.0, 0.8))?;
    let mut layers = Vec::new();
    let statements = [
        ("energy_distance", "*e*, every site"),
        ("elongation_distance", "*r*, every site"),
        ("energy_weak", "*e*, weak"),
        ("elongation_weak", "*r*, weak"),
    ];
    for (index, (statement, says)) in statements.into_iter().enumerate() {
        let (_, order) = against_size(&all, statement, TIME, "", Colour::Ink, |m| m.value);
        let label = format!("{says}  {}", order_label(order));
        layers.extend(
            against_size(&all, statement, TIME, &label, Colour::Palette(index), |m| m.value).0,
        );
    }
    let mut shapes = Vec::new();
    for (index, bonds) in [32usize, 64, 128].into_iter().enumerate() {
        let scenario = scenario("evolution", &[&format!("chain.bonds={bonds}")])?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
        let n = bonds as f64;
        let solutions = moments(&chain, &law, &[TIME * n * n], false, &monitor.silent())?;
        let limit = Problem::new(&scenario, &chain)?.evolve(&[TIME])?;
        let limit = limit.ok_or_else(|| GalleryError::Way("there is no [initial]".into()))?;
        let (profile, state) = (Profile::new(&chain, &solutions[0], TIME), &limit.outputs[0].state);
        let energy = profile.energy();
        let points = (1..=bonds)
            .map(|s| (s as f64 / n, n * (energy[s] - state.energy(s as f64 / n))))
            .collect();
        let colour = Colour::Map(index as f64 / 2.0);
        let error = n * (profile.errors.energy + limit.outputs[0].column_errors(2.0)[3]);
        shapes.push(Layer::new(format!("*N* = {bonds}"), Mark::Line, colour, points).within(error));
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 68.0),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::log("*N*"),
                y: Axis::log("distance to the limit").over(3e-4, 8.0),
                layers,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
            Panel {
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::new("*N* (E[*E*_{*n*}] − *e*)"),
                layers: shapes,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        key: None,
    })
}
