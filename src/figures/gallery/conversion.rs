//! The ways of the energy: work in, mechanical energy into heat, heat out of both ends, and the
//! balance.

use super::caption::{fill, of_chain, starts_with, tex_number};
use super::{Entry, GalleryError, Source, geometric, moments};
use crate::budget::rounding;
use crate::covariance::modal::Modal;
use crate::covariance::moments::largest;
use crate::evolve::means;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;

pub(super) const ENTRY: Entry = Entry {
    name: "conversion",
    title: "Mechanical energy becomes heat",
    caption,
    scenario: Some("evolution"),
    figure,
};

/// The first time: until then hardly any energy has moved.
const FIRST: f64 = 1e-3;

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let (scenario, chain, _) = source.law(&[])?;
    let text = r"The energies of a chain that starts with @initial@ ($N = @N@$, $\bar F = @F@$,
        @chain@) in time, per site. (a) Change of the mechanical and of the thermal energy; curves:
        exact chain, circles: macroscopic equations. (b) What has happened until $t$: work $W_N$ of
        the force, mechanical energy turned into heat by flips,
        $2\gamma \int \sum_n \bar p_n^2 d\tau/N$, and energy that has left through each end.
        (c) Violation of the exact balance: work, less the change of the energy, less the energy
        that left.";
    Ok(fill(
        text,
        &[
            ("initial", starts_with(scenario.require_initial("conversion")?)),
            ("N", chain.bonds.to_string()),
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
        ],
    ))
}

/// Energies gained and moved, per site, in this order, each with its error: mechanical, thermal,
/// work, turned into heat, out at the left, out at the right, violation of the balance.
type Row = [(f64, f64); 7];

fn rows(source: &Source<'_>, times: &[f64], monitor: &Monitor) -> Result<Vec<Row>, GalleryError> {
    let (_, chain, law) = source.law(&[])?;
    let n = chain.bonds as f64;
    let microscopic: Vec<f64> = times.iter().map(|t| t * n * n).collect();
    let solutions = moments(&chain, &law, &microscopic, true, monitor)?;
    let paths = means::evolve(&Modal::new(&chain), &law, &microscopic, 1e-12, &monitor.silent())?;
    let (first, last) = (chain.bonds, 2 * chain.bonds);
    let ([left, right], [t_left, t_right]) = (chain.friction(), chain.temperature());
    let start_heat: f64 = law.variance().iter().sum::<f64>() / 2.0;
    let start_mechanical: f64 = law.mean().iter().map(|z| z * z).sum::<f64>() / 2.0;
    let mut rows = Vec::new();
    for ((solution, path), &tau) in solutions.iter().zip(&paths).zip(&microscopic) {
        let integrals = solution
            .integrals
            .as_ref()
            .ok_or_else(|| GalleryError::Way("there are no time integrals".into()))?;
        let (z, errors) = (&solution.moments.mean, &solution.errors);
        let mechanical = z.iter().map(|z| z * z).sum::<f64>() / 2.0 - start_mechanical;
        let thermal = solution.moments.variance.iter().sum::<f64>() / 2.0 - start_heat;
        let out_left = left * (integrals.square[first] - t_left * tau);
        let out_right = right * (integrals.square[last] - t_right * tau);
        let turned = 2.0 * chain.flip_rate * path.square[chain.bonds..].iter().sum::<f64>();
        let missing = integrals.work - mechanical - thermal - out_left - out_right;
        // The work and the energy that left are integrals: errors of rates times the time.
        let (size_r, size_p) = (largest(&z[..first]), largest(&z[first..]));
        let of_square = errors.var_p + 2.0 * size_p * errors.mean_p;
        let error = [
            n * (size_r * errors.mean_r + size_p * errors.mean_p),
            n * (errors.var_r + errors.var_p) / 2.0,
            chain.force.mean.abs() * tau * errors.mean_p,
            4.0 * chain.flip_rate * n * tau * size_p * path.errors[1],
            left * tau * of_square,
            right * tau * of_square,
            // What the balance lacks is read off exactly, but for rounding of its terms.
            rounding::FORMULAS * (integrals.work.abs() + (t_left + t_right) * tau + n),
        ];
        let values =
            [mechanical, thermal, integrals.work, turned, out_left, out_right, missing.abs()];
        rows.push(std::array::from_fn(|i| (values[i] / n, error[i] / n)));
    }
    Ok(rows)
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (scenario, chain, _) = source.law(&[])?;
    let times = geometric(FIRST, 2.0, 44);
    let rows = rows(source, &times, monitor)?;
    let column = |label: &str, mark, colour, index: usize| {
        let points = times.iter().zip(&rows).map(|(&t, row)| (t, row[index].0)).collect();
        let errors = rows.iter().map(|row| row[index].1).collect();
        Layer::new(label, mark, Colour::Palette(colour), points).with_errors(errors)
    };
    let macroscopic = source.limit(&scenario, &chain, &times)?;
    let limit = |label: &str, colour, of: usize, f: &dyn Fn(f64, f64) -> f64| {
        let start = macroscopic.start.integrate(|_, r, heat| f(r, heat));
        let value = |state: &crate::limit::State| match state {
            crate::limit::State::Evolved(snapshot) => {
                snapshot.integrate(|_, r, heat| f(r, heat)) - start
            }
            _ => f64::NAN,
        };
        let shown = || times.iter().zip(&macroscopic.outputs).step_by(2);
        let size = chain.force.mean.abs().max(1.0);
        let errors = shown().map(|(_, o)| 2.0 * o.column_errors(size)[of]).collect();
        Layer::new(
            label,
            Mark::Ring,
            Colour::Palette(colour),
            shown().map(|(&t, o)| (t, value(&o.state))).collect(),
        )
        .named(format!("{label}, limit"))
        .with_errors(errors)
    };
    let t = || Axis::log("*t* = *τ*/*N*²").over(FIRST, 2.0);
    let exact = format!("exact, N = {}", chain.bonds);
    let parameters = source.parameters()?.with("t = tau/N^2", format!("{FIRST} to 2 (the axis)"));
    let violations = || rows.iter().map(|row| row[6].0).filter(|violation| *violation > 0.0);
    let violation = largest_of(violations()).max(1e-16);
    let least = violations().fold(violation, f64::min).max(1e-17);
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                parameters: parameters.clone(),
                x: t(),
                y: Axis::new("energy gained per site"),
                layers: vec![
                    column("mechanical", Mark::Line, 0, 0).named(format!("mechanical, {exact}")),
                    column("thermal", Mark::Line, 1, 1).named(format!("thermal, {exact}")),
                    limit("mechanical", 0, 1, &|r, _| r * r / 2.0),
                    limit("thermal", 1, 2, &|_, heat| heat),
                ],
                legend: Some(Corner::TopLeft),
                ..Default::default()
            },
            Panel {
                parameters: parameters.clone(),
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
                parameters,
                x: t(),
                y: Axis::log("violation of the balance").over(0.3 * least, 3.0 * violation),
                layers: vec![column("", Mark::Disc, 4, 6).named("violation of the balance")],
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
