//! Where the energy goes: work in, mechanical energy into heat, heat out of both ends, and the
//! balance.

use super::{Entry, GalleryError, chain, geometric, moments, scenario};
use crate::chain::InitialLaw;
use crate::covariance::modal::Modal;
use crate::evolve::means;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::Problem;
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "conversion",
    title: "Mechanical energy becomes heat",
    caption: "The energies of the chain of the figure `evolution` (N = 100, F̄ = 2, γ = 1, at rest at t = 0) in time, per site. (a) Change of the mechanical \
              and of the thermal energy; curves: exact chain, circles: macroscopic equations. (b) What has happened until t: work W_N of the force, \
              mechanical energy turned into heat by flips, 2γ ∫ Σ p̄_n² dτ/N, and energy that has left through each end. (c) Violation of the \
              exact balance: work − change of the energy − energy that left.",
    scenario: Some("evolution"),
    figure,
};

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let scenario = scenario("evolution", &[])?;
    let (chain, law) = (chain("evolution", &[])?, InitialLaw::read(&scenario)?);
    let n = chain.bonds as f64;
    let times = geometric(1e-4, 2.0, 44);
    let microscopic: Vec<f64> = times.iter().map(|t| t * n * n).collect();
    let solutions = moments(&chain, &law, &microscopic, true, monitor)?;
    let paths = means::evolve(&Modal::new(&chain), &law, &microscopic, 1e-12, &monitor.silent())?;
    let (first, last) = (chain.bonds, 2 * chain.bonds);
    let ([left, right], [t_left, t_right]) = (chain.friction(), chain.temperature());
    let start_heat: f64 = law.variance().iter().sum::<f64>() / 2.0;
    let start_mechanical: f64 = law.mean().iter().map(|z| z * z).sum::<f64>() / 2.0;
    let mut rows = Vec::new();
    for ((solution, path), &t) in solutions.iter().zip(&paths).zip(&times) {
        let tau = t * n * n;
        let integrals = solution
            .integrals
            .as_ref()
            .ok_or_else(|| GalleryError::Way("there are no time integrals".into()))?;
        let mechanical =
            solution.moments.mean.iter().map(|z| z * z).sum::<f64>() / 2.0 - start_mechanical;
        let thermal = solution.moments.variance.iter().sum::<f64>() / 2.0 - start_heat;
        let out_left = left * (integrals.square[first] - t_left * tau);
        let out_right = right * (integrals.square[last] - t_right * tau);
        let turned = 2.0 * chain.flip_rate * path.square[chain.bonds..].iter().sum::<f64>();
        let missing = integrals.work - mechanical - thermal - out_left - out_right;
        rows.push(
            [mechanical, thermal, integrals.work, turned, out_left, out_right, missing.abs()]
                .map(|e| e / n),
        );
    }
    let column = |label: &str, mark, colour, index: usize| {
        let error = solutions
            .iter()
            .map(|s| s.errors.var_p + s.errors.var_r + s.errors.mean_r)
            .fold(0.0, f64::max);
        let points = times.iter().zip(&rows).map(|(&t, row)| (t, row[index])).collect();
        Layer::new(label, mark, Colour::Palette(colour), points).within(error)
    };
    let macroscopic = Problem::new(&scenario, &chain)?.evolve(&times)?;
    let macroscopic =
        macroscopic.ok_or_else(|| GalleryError::Way("there is no [initial]".into()))?;
    let limit = |label: &str, colour, f: &dyn Fn(f64, f64) -> f64| {
        let start = macroscopic.start.integrate(|_, r, heat| f(r, heat));
        let value = |state: &crate::limit::State| match state {
            crate::limit::State::Evolved(snapshot) => {
                snapshot.integrate(|_, r, heat| f(r, heat)) - start
            }
            _ => f64::NAN,
        };
        let points = times
            .iter()
            .zip(&macroscopic.outputs)
            .step_by(2)
            .map(|(&t, o)| (t, value(&o.state)))
            .collect();
        Layer::new(label, Mark::Ring, Colour::Palette(colour), points)
    };
    let t = || Axis::log("*t* = *τ*/*N*²").over(1e-4, 2.0);
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                x: t(),
                y: Axis::new("energy gained per site"),
                layers: vec![
                    column("mechanical", Mark::Line, 0, 0),
                    column("thermal", Mark::Line, 1, 1),
                    limit("mechanical", 0, &|r, _| r * r / 2.0),
                    limit("thermal", 1, &|_, heat| heat),
                ],
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                x: t(),
                y: Axis::new("energy moved until *t*, per site"),
                layers: vec![
                    column("work", Mark::Line, 2, 2),
                    column("turned into heat", Mark::Line, 1, 3),
                    column("out at the left", Mark::Line, 0, 4),
                    column("out at the right", Mark::Line, 3, 5),
                ],
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                x: t(),
                y: Axis::log("violation of the balance").over(1e-17, 1e-8),
                layers: vec![column("", Mark::Disc, 4, 6)],
                ..Default::default()
            },
        ],
        key: None,
    })
}
