//! The work of a periodic force and the temperature of the shaken wall against the frequency.

use super::caption::{fill, sizes, tex_number};
use super::{Entry, GalleryError, Source, bonds, done, geometric, set};
use crate::chain::Chain;
use crate::covariance::modal::Modal;
use crate::covariance::periodic::PeriodicMean;
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::limit::conditions::oscillation_work;
use crate::monitor::Monitor;
use crate::observe::periodic::PeriodicWork;
use crate::steady::{SteadyError, profiles};
use std::f64::consts::PI;

pub(super) const ENTRY: Entry = Entry {
    name: "resonance",
    title: "Shaking heats a wall most inside the band",
    caption,
    scenario: Some("periodic"),
    figure,
};

const RATE: &str = "chain.flip_rate";

/// Flip rate and sizes of the two panels.
fn chosen(source: &Source<'_>) -> Result<[(f64, Vec<usize>); 2], GalleryError> {
    let rates = source.values(RATE, &[0.05, 0.8])?;
    let last = rates[rates.len() - 1];
    Ok([(rates[0], source.sizes(&[10, 20, 40])?), (last, source.sizes(&[10, 40, 160])?)])
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let [(rate_a, sizes_a), (rate_b, sizes_b)] = chosen(source)?;
    let chain = shaken(source, sizes_a[0], rate_a, 1.0)?;
    let text = r"A force $\bar F + N^{-1/2} @amplitude@ \cos \omega\tau$ ($\bar F = @F@$) on an
        end without thermostat, $T_- = @T@$. (a) $W_{\rm heat}$, the work of the oscillation per unit
        of macroscopic time, against $\omega$ for $\gamma = @rate_a@$: the limit
        $\sum_l |\hat F(l)|^2 \mathrm{Re}[sz/(1-z)]$ (black, dashed where it lies on a curve) and
        exact chains of $N = @sizes_a@$; while $\gamma N$ is small the chain rings at its own
        frequencies; the band of the phonons ends at $\omega = 2$ (grey). (b) The temperature of the
        wall, $\mathrm{Var}\ p_N$ on average over a period, for $\gamma = @rate_b@$: limit
        $e_{\rm heat}(1) = \bar F^2 + 4\gamma W_{\rm heat} + T_-$ (black) and exact chains of
        $N = @sizes_b@$.";
    let amplitude = chain.force.harmonics.first().map_or(0.0, |h| 2.0 * h.1.norm());
    Ok(fill(
        text,
        &[
            ("amplitude", tex_number(amplitude * (chain.bonds as f64).sqrt())),
            ("F", tex_number(chain.force.mean)),
            ("T", tex_number(chain.temperature()[0])),
            ("rate_a", tex_number(rate_a)),
            ("rate_b", tex_number(rate_b)),
            ("sizes_a", sizes(&sizes_a)),
            ("sizes_b", sizes(&sizes_b)),
        ],
    ))
}

fn shaken(
    source: &Source<'_>,
    size: usize,
    flip_rate: f64,
    frequency: f64,
) -> Result<Chain, GalleryError> {
    let period = set("right.force.period", 2.0 * PI / frequency);
    let chain = source.chain(&[bonds(size), set(RATE, flip_rate), period])?;
    if chain.force.harmonics.is_empty() || chain.left.is_none() || chain.right.is_some() {
        return Err(source.refused("an oscillating force on a free end"));
    }
    Ok(chain)
}

fn work(chain: &Chain) -> Result<(f64, f64), GalleryError> {
    let mean = PeriodicMean::new(&Modal::new(chain))
        .map_err(SteadyError::from)?
        .ok_or(SteadyError::NoThermostat)?;
    let work = PeriodicWork::new(chain, &mean).map_or(f64::NAN, |w| w.w_heat);
    // Error of p̄_N times the force's amplitude, of both orders l and -l.
    let amplitude: f64 = chain.force.harmonics.iter().map(|h| 2.0 * h.1.norm()).sum();
    Ok((work, chain.bonds as f64 * 2.0 * mean.error * amplitude))
}

/// W_heat of the limit, or the wall's temperature.
fn limit(
    source: &Source<'_>,
    flip_rate: f64,
    frequencies: &[f64],
    wall: bool,
) -> Result<Vec<(f64, f64)>, GalleryError> {
    let mut points = Vec::new();
    for &frequency in frequencies {
        let chain = shaken(source, 50, flip_rate, frequency)?;
        let work = oscillation_work(&chain);
        let heat = chain.force.mean.powi(2) + 4.0 * flip_rate * work + chain.temperature()[0];
        points.push((frequency, if wall { heat } else { work }));
    }
    Ok(points)
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let frequencies = geometric(0.02, 4.0, 401);
    let [(rate_a, sizes_a), (rate_b, sizes_b)] = chosen(source)?;
    let mut works = Vec::new();
    for (index, &size) in sizes_a.iter().enumerate() {
        let (mut points, mut errors) = (vec![], vec![]);
        for &frequency in &frequencies {
            let (work, error) = work(&shaken(source, size, rate_a, frequency)?)?;
            points.push((frequency, work));
            errors.push(error);
            monitor.check()?;
        }
        works.push(
            Layer::new(format!("*N* = {size}"), Mark::Line, Colour::Palette(index), points)
                .named(format!("exact, N = {size}"))
                .with_errors(errors),
        );
    }
    let theory =
        |mark, points| Layer::new("*N* → ∞", mark, Colour::Ink, points).named("limit").formula();
    works.push(theory(Mark::Dashed, limit(source, rate_a, &frequencies, false)?));
    done(monitor, 0.3)?;
    let mut walls = vec![theory(Mark::Line, limit(source, rate_b, &frequencies, true)?)];
    for (index, &size) in sizes_b.iter().enumerate() {
        let (mut points, mut errors) = (vec![], vec![]);
        for frequency in geometric(0.03, 3.6, 19) {
            let chain = shaken(source, size, rate_b, frequency)?;
            let average = profiles::profiles(&chain, &monitor.silent())?.0.average;
            points.push((frequency, average.moments.variance[2 * size]));
            errors.push(average.errors.var_p);
        }
        // The longest chains lie on each other: the last in circles around the discs.
        let mark = if index == 2 { Mark::Ring } else { Mark::Disc };
        walls.push(
            Layer::new(format!("*N* = {size}"), mark, Colour::Palette(index), points)
                .named(format!("exact, N = {size}"))
                .with_errors(errors),
        );
        done(monitor, 0.3 + 0.7 * (index + 1) as f64 / sizes_b.len() as f64)?;
    }
    let scenario = source.scenario(&[bonds(sizes_a[0]), set(RATE, rate_a)])?;
    let panel = |label: &str, rate: f64, sizes: &[usize], mut layers: Vec<Layer>| {
        let curves = layers.iter().filter(|l| l.mark != Mark::Guide).flat_map(|l| &l.points);
        let ends =
            curves.fold((f64::INFINITY, 0.0f64), |(low, high), p| (low.min(p.1), high.max(p.1)));
        let air = 0.05 * (ends.1 - ends.0);
        let (low, high) = (ends.0 - air, ends.1 + air);
        let band = Layer::guide("end of the band", (2.0, low), (2.0, high));
        layers.push(Layer { label: "band ends".into(), ..band });
        let sizes: Vec<f64> = sizes.iter().map(|n| *n as f64).collect();
        Panel {
            title: format!("*γ* = {}", number(rate)),
            parameters: crate::figures::Parameters::of_scenario(&scenario)
                .with("gamma", numbers(&[rate]))
                .with("N", numbers(&sizes))
                .with("omega", "0.02 to 4 (the axis)"),
            x: Axis::log("*ω*").over(0.02, 4.0),
            y: Axis::new(label).over(low, high),
            layers,
            legend: Some(Corner::TopLeft),
            ..Default::default()
        }
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            panel("*W*_{heat}", rate_a, &sizes_a, works),
            panel("temperature of the wall", rate_b, &sizes_b, walls),
        ],
        ..Default::default()
    })
}
