//! Elongation, mechanical and thermal energy in time: the exact chain over the solution of the
//! macroscopic equations.

use super::{Entry, GalleryError, chain, even, moments, scenario, some_sites, stationary};
use crate::chain::InitialLaw;
use crate::figures::profiles::time_label;
use crate::figures::{Axis, Colour, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::{Output, Problem, State};
use crate::monitor::Monitor;
use crate::observe::Profile;

pub(super) const ENTRY: Entry = Entry {
    name: "evolution",
    title: "From rest to stationarity",
    caption: "A chain at rest, with temperature 2 − x, is pulled from t = 0 on (F̄ = 2, T₋ = 2, T₊ = 1, γ = 1). (a) Mean elongation, (b) mechanical energy \
              (r̄² + p̄²)/2, (c) thermal energy, at diffusive times t = τ/N² up to the stationary state. Discs: the exact chain of N = 100 bonds (every \
              fourth site); curves: the macroscopic equations ∂_t r = ∂_xx r/(2γ), ∂_t e_heat = ∂_xx e_heat/(4γ) + (∂_x r)²/(2γ). What lies between \
              discs and curves is of order 1/N, largest at the pulled end at early times, where the boundary value jumps.",
    scenario: Some("evolution"),
    figure,
};

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let scenario = scenario("evolution", &[])?;
    let (chain, law) = (chain("evolution", &[])?, InitialLaw::read(&scenario)?);
    let n = chain.bonds;
    let times = scenario.output_times();
    let microscopic: Vec<f64> = times.iter().map(|t| t * (n * n) as f64).collect();
    let solutions = moments(&chain, &law, &microscopic, false, monitor)?;
    let mut profiles: Vec<Profile> =
        solutions.iter().zip(&times).map(|(s, &t)| Profile::new(&chain, s, t)).collect();
    profiles.push(stationary(&chain, monitor)?);
    let problem = Problem::new(&scenario, &chain)?;
    let mut limits = problem.evolve(&times)?.map_or(vec![], |evolution| evolution.outputs);
    limits.push(Output { state: State::Stationary(problem.stationary()?), errors: [0.0; 2] });
    // Finer where the curves are steep.
    let xs: Vec<f64> = even(0.0, 1.0, 251).into_iter().map(|u| 1.0 - (1.0 - u).powi(2)).collect();
    let panel = |quantity: &str,
                 exact: &dyn Fn(&Profile) -> (Vec<f64>, f64),
                 limit: &dyn Fn(&State, f64) -> f64,
                 column: usize| {
        let mut layers = Vec::new();
        for (index, output) in limits.iter().enumerate() {
            let colour = Colour::Map(index as f64 / (limits.len() - 1) as f64);
            let points = xs.iter().map(|&x| (x, limit(&output.state, x))).collect();
            let label = time_label(output.state.time());
            layers.push(
                Layer::new(label, Mark::Line, colour, points)
                    .within(output.column_errors(2.0)[column]),
            );
        }
        for (index, profile) in profiles.iter().enumerate() {
            let colour = Colour::Map(index as f64 / (limits.len() - 1) as f64);
            let (values, error) = exact(profile);
            let points = some_sites(n, 25)
                .filter(|s| *s > 0)
                .map(|s| (s as f64 / n as f64, values[s]))
                .collect();
            layers.push(Layer::new("", Mark::Disc, colour, points).within(error));
        }
        Panel {
            x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
            y: Axis::new(quantity),
            layers,
            ..Default::default()
        }
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 60.0),
        columns: 3,
        panels: vec![
            panel(
                "elongation  *r\u{304}*",
                &|p| (p.mean_r.clone(), p.errors.mean_r),
                &State::elongation,
                0,
            ),
            panel(
                "mechanical energy  *e*_{mech}",
                &|p| (p.mechanical(), p.errors.mechanical),
                &State::mechanical,
                1,
            ),
            panel(
                "thermal energy  *e*_{heat}",
                &|p| (p.thermal(), p.errors.thermal),
                &State::heat,
                2,
            ),
        ],
        key: Some("*t* = *τ*/*N*²".into()),
    })
}
