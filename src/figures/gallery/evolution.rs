//! Elongation, mechanical and thermal energy in time: the exact chain over the solution of the
//! macroscopic equations.

use super::caption::{fill, of_chain, starts_with, tex_number};
use super::{Entry, GalleryError, Source, even, moments, some_sites, stationary};
use crate::figures::label::numbers as labels;
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::{Output, Problem, State};
use crate::monitor::Monitor;
use crate::observe::Profile;

pub(super) const ENTRY: Entry = Entry {
    name: "evolution",
    title: "How the chain becomes stationary",
    caption,
    scenario: Some("evolution"),
    figure,
};

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let (scenario, chain, law) = source.law(&[])?;
    let initial = scenario.require_initial("evolution")?;
    let text = r"A chain that starts with @initial@ @force@ (@chain@). (a) Mean elongation, (b)
        mechanical energy $(\bar r^2 + \bar p^2)/2$, (c) thermal energy, at diffusive times $t =
        \tau/N^2$ and in the stationary state (black: dashed curve and circles). Discs: the exact
        chain of $N = @N@$ bonds@every@; curves: the macroscopic equations $\partial_t r =
        \partial_{xx} r/(2\gamma)$, $\partial_t e_{\rm heat} = \partial_{xx} e_{\rm heat}/(4\gamma)
        + (\partial_x r)^2/(2\gamma)$. What lies between discs and curves is of order $1/N$@jump@.";
    let mean = tex_number(chain.force.mean);
    let force = match (chain.force.harmonics.is_empty(), chain.force.mean == 0.0) {
        (true, true) => "is left without a force".into(),
        (true, false) => format!(r"is pulled from $t = 0$ on by $\bar F = {mean}$"),
        (false, _) => {
            format!(r"is pulled from $t = 0$ on by an oscillating force, $\bar F = {mean}$")
        }
    };
    // A pulled chain whose elongation at the end is another from the first moment on.
    let jumps = law.mean_r.last().is_some_and(|r| (r - chain.force.mean).abs() > 1e-9);
    let jump = ", largest at the right end at early times, where the boundary value jumps";
    let every = (chain.bonds / 25).max(1);
    Ok(fill(
        text,
        &[
            ("initial", starts_with(initial)),
            ("force", force),
            ("jump", if jumps { jump.into() } else { String::new() }),
            ("chain", of_chain(&chain)),
            ("N", chain.bonds.to_string()),
            ("every", if every > 1 { format!(" (one site in {every})") } else { String::new() }),
        ],
    ))
}

/// The column of an exact profile that a panel shows, with its error.
type Exact<'a> = &'a dyn Fn(&Profile) -> (Vec<f64>, f64);

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (scenario, chain, law) = source.law(&[])?;
    let n = chain.bonds;
    let times = scenario.output_times();
    let microscopic: Vec<f64> = times.iter().map(|t| t * (n * n) as f64).collect();
    let solutions = moments(&chain, &law, &microscopic, false, monitor)?;
    let mut profiles: Vec<Profile> =
        solutions.iter().zip(&times).map(|(s, &t)| Profile::new(&chain, s, t)).collect();
    profiles.push(stationary(&chain, monitor)?);
    let mut limits = source.limit(&scenario, &chain, &times)?.outputs;
    let settled = Problem::new(&scenario, &chain)?.stationary()?;
    limits.push(Output::stationary(settled, chain.flip_rate));
    // Finer where the curves are steep.
    let xs: Vec<f64> = even(0.0, 1.0, 251).into_iter().map(|u| 1.0 - (1.0 - u).powi(2)).collect();
    let all: Vec<f64> = limits.iter().map(|output| output.state.time()).collect();
    let names = labels(&all);
    let last = all.len() - 1;
    // The stationary state in black, dashed over the last time's curve.
    let colour = |index: usize| match index == last {
        true => Colour::Ink,
        false => Colour::Map(index as f64 / (last - 1).max(1) as f64),
    };
    let parameters = source.parameters()?.with("t = tau/N^2", numbers(&all));
    let panel =
        |quantity: &str, exact: Exact<'_>, limit: &dyn Fn(&State, f64) -> f64, column: usize| {
            let (mut curves, mut discs) = (vec![], vec![]);
            for (index, output) in limits.iter().enumerate() {
                let points: Vec<_> = xs.iter().map(|&x| (x, limit(&output.state, x))).collect();
                let r = xs.iter().map(|&x| output.state.elongation(x).abs()).fold(0.0, f64::max);
                let mark = if index == last { Mark::Dashed } else { Mark::Line };
                curves.push(
                    Layer::new(names[index].clone(), mark, colour(index), points)
                        .named(format!("limit, t = {}", numbers(&[all[index]])))
                        .within(output.column_errors(r)[column]),
                );
            }
            for (index, profile) in profiles.iter().enumerate() {
                let (values, error) = exact(profile);
                let points = some_sites(n, 25)
                    .filter(|s| *s > 0)
                    .map(|s| (s as f64 / n as f64, values[s]))
                    .collect();
                let mark = if index == last { Mark::Ring } else { Mark::Disc };
                discs.push(
                    Layer::new(names[index].clone(), mark, colour(index), points)
                        .named(format!("exact, t = {}, N = {n}", numbers(&[all[index]])))
                        .within(error),
                );
            }
            Panel {
                parameters: parameters.clone(),
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0).at(&[0.0, 0.5, 1.0]),
                y: Axis::new(quantity),
                layers: [curves, discs].concat(),
                ..Default::default()
            }
        };
    let panels = vec![
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
        panel("thermal energy  *e*_{heat}", &|p| (p.thermal(), p.errors.thermal), &State::heat, 2),
    ];
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 60.0),
        columns: 3,
        panels,
        key: Some("*t* = *τ*/*N*²".into()),
        ..Default::default()
    })
}
