//! The figure of `check` over the frequency of the force: W_heat and the wall's temperature, chains
//! as discs on the theory's lines.

use super::parameters::{heading_without, numbers};
use super::style::SINGLE_COLUMN;
use super::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, Parameters};
use crate::chain::Chain;
use crate::limit::conditions::oscillation_work;
use crate::observe::sizes::StationarySize;
use crate::observe::sweep::{Frequency, at_frequency, wall};

/// Points of the theory's lines.
const POINTS: usize = 240;

/// The figure; `None` for fewer than two frequencies.
pub fn sweep(chain: &Chain, sweep: &[Frequency]) -> Option<Figure> {
    let (first, last) = (sweep.first()?.omega, sweep.last()?.omega);
    if first >= last {
        return None;
    }
    let omega = |i: usize| first * (last / first).powf(i as f64 / (POINTS - 1) as f64);
    let theory = |f: &dyn Fn(&Chain) -> Option<f64>| {
        let points = (0..POINTS)
            .filter_map(|i| Some((omega(i), f(&at_frequency(chain, omega(i)))?)))
            .collect();
        Layer::new("*N* → ∞", Mark::Line, Colour::Ink, points).named("limit").formula()
    };
    let sizes = sweep[0].sizes.len();
    // The shortest, the middle and the longest chain tell the approach.
    let mut shown = vec![0, sizes / 2, sizes.saturating_sub(1)];
    shown.dedup();
    let chains = |f: &dyn Fn(&StationarySize) -> (f64, f64)| -> Vec<Layer> {
        let discs = |(number, &size): (usize, &usize)| {
            let bonds = sweep[0].sizes[size].bonds;
            let colour = Colour::Map(number as f64 / (shown.len().max(2) - 1) as f64);
            let points = sweep.iter().map(|at| (at.omega, f(&at.sizes[size]).0)).collect();
            Layer::new(format!("*N* = {bonds}"), Mark::Disc, colour, points)
                .named(format!("N = {bonds}"))
                .with_errors(sweep.iter().map(|at| f(&at.sizes[size]).1).collect())
        };
        shown.iter().enumerate().map(discs).collect()
    };
    let bonds: Vec<f64> = shown.iter().map(|&size| sweep[0].sizes[size].bonds as f64).collect();
    let parameters = Parameters::of_chain(chain)
        .with("N", numbers(&bonds))
        .with("omega", numbers(&sweep.iter().map(|at| at.omega).collect::<Vec<_>>()));
    let panel = |label: &str, theory: Layer, mut layers: Vec<Layer>, legend| {
        layers.insert(0, theory);
        Panel {
            parameters: parameters.clone(),
            x: Axis::log("frequency of the force  *ω*"),
            y: Axis::new(label),
            layers,
            legend,
            ..Default::default()
        }
    };
    let work = theory(&|chain| Some(oscillation_work(chain)));
    Some(Figure {
        name: "sweep".into(),
        size: (SINGLE_COLUMN, 105.0),
        columns: 1,
        heading: heading_without(chain, &["chain.bonds", "right.force.period"]),
        panels: vec![
            panel(
                "*W*_{heat}",
                work,
                chains(&|s| (s.oscillation_work, s.errors[1])),
                Some(Corner::TopLeft),
            ),
            panel(
                "temperature of the wall",
                theory(&|chain| wall(chain)),
                chains(&|s| (s.wall, s.errors[0])),
                Some(Corner::TopLeft),
            ),
        ],
        key: None,
        ..Default::default()
    })
}
