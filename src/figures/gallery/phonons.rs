//! The energy of every mode of the ring: kept without flips, mixed by them.

use super::caption::{fill, tex_number};
use super::{Entry, GalleryError, Source, moments, set};
use crate::covariance::moments::Solution;
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::observe::phonons::{self, Phonon};

pub(super) const ENTRY: Entry = Entry {
    name: "phonons",
    title: "Phonons keep their energy until velocities flip",
    caption,
    scenario: Some("phonons"),
    figure,
};

const RATE: &str = "chain.flip_rate";
const LATE: [f64; 8] = [0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
const TIMES: [f64; 6] = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0];

fn rate(source: &Source<'_>) -> Result<f64, GalleryError> {
    let rate = source.values(RATE, &[0.05])?[0];
    // Panel (b) and its caption are about flips.
    if rate > 0.0 { Ok(rate) } else { Err(source.refused("a chain.flip_rate above 0")) }
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let rate = rate(source)?;
    let (scenario, chain, _) = source.law(&[set(RATE, rate)])?;
    let temperature = &scenario.require_initial("phonons")?.temperature;
    let text = r"Energy $E|\varphi(k)|^2/(2N)$ of the modes of a ring of $N = @N@$ atoms,
        $\varphi(k) = 2|\sin \pi k| \hat q(k) + i \hat p(k)$; $k > 1/2$ runs to the left. At
        $\tau = 0$ a wave packet runs mainly to the right in a chain of temperature `@T@`. (a)
        Without flips ($\gamma = 0$): line, $\tau = 0$; discs, $\tau = 10^6$. (b) With flips
        ($\gamma = @rate@$): the packet's energy goes to all modes alike, but for $k = 0$, which
        keeps its mean elongation. (c) Largest relative change of a mode's energy without flips:
        rounding.";
    Ok(fill(
        text,
        &[
            ("N", chain.bonds.to_string()),
            ("T", temperature.source().to_owned()),
            ("rate", tex_number(rate)),
        ],
    ))
}

/// The modes at microscopic times, with the largest error of their energies at each.
fn modes(
    source: &Source<'_>,
    flip_rate: f64,
    times: &[f64],
    monitor: &Monitor,
) -> Result<Vec<(Vec<Phonon>, f64)>, GalleryError> {
    let (_, chain, law) = source.law(&[set(RATE, flip_rate)])?;
    let solutions = moments(&chain, &law, times, true, monitor)?;
    let of = |solution: &Solution| {
        let modes = phonons::phonons(&chain, &solution.moments)?;
        let error = phonons::error(solution, &modes);
        Some((modes, error))
    };
    solutions.iter().map(of).collect::<Option<Vec<_>>>().ok_or_else(|| source.refused("a ring"))
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let flipped_rate = rate(source)?;
    let n = source.chain(&[set(RATE, 0.0)])?.bonds;
    let energies = |label: String, mark, colour, t: f64, (modes, error): &(Vec<Phonon>, f64)| {
        Layer::new(label, mark, colour, modes.iter().map(|m| (m.k, m.energy)).collect())
            .named(format!("tau = {}, N = {n}", numbers(&[t])))
            .within(*error)
    };
    let free = modes(source, 0.0, &LATE, &monitor.part(0.0, 0.5))?;
    let kept = vec![
        energies("*τ* = 0".into(), Mark::Line, Colour::Palette(0), 0.0, &free[0]),
        energies("*τ* = 10^{6}".into(), Mark::Disc, Colour::Palette(1), 1e6, &free[7]),
    ];
    let (mut changes, mut errors) = (vec![], vec![]);
    for (&t, (modes, error)) in LATE.iter().zip(&free).skip(1) {
        let (mut change, mut unsure) = (0.0f64, 0.0f64);
        for (mode, start) in modes.iter().zip(&free[0].0) {
            change = change.max(((mode.energy - start.energy) / start.energy).abs());
            unsure = unsure.max((error + free[0].1) / start.energy);
        }
        changes.push((t, change));
        errors.push(unsure);
    }
    let most = changes.iter().fold(f64::MIN_POSITIVE, |most, c: &(f64, f64)| most.max(c.1));
    let changes = Layer::new("", Mark::Disc, Colour::Palette(1), changes)
        .named(format!("largest relative change, N = {n}"))
        .with_errors(errors);
    let flipped = modes(source, flipped_rate, &TIMES, &monitor.part(0.5, 1.0))?;
    let mixed: Vec<Layer> = (TIMES.iter().zip(&flipped).enumerate())
        .map(|(i, (&t, found))| {
            let colour = Colour::Map(i as f64 / (TIMES.len() - 1) as f64);
            energies(format!("*τ* = {}", number(t)), Mark::Line, colour, t, found)
        })
        .collect();
    let parameters = source.parameters()?;
    let k = || Axis::new("*k*").over(0.0, 1.0).at(&[0.0, 0.25, 0.5, 0.75, 1.0]);
    let energy = || Axis::log("energy  E|*φ*(*k*)|²/2*N*");
    let panel = |rate: f64, times: &[f64], x, y, layers, legend| Panel {
        title: format!("*γ* = {}", number(rate)),
        parameters: parameters.clone().with("gamma", numbers(&[rate])).with("tau", numbers(times)),
        x,
        y,
        layers,
        legend,
        ..Default::default()
    };
    let corner = Some(Corner::TopRight);
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 3,
        panels: vec![
            panel(0.0, &[0.0, 1e6], k(), energy(), kept, corner),
            panel(flipped_rate, &TIMES, k(), energy(), mixed, corner),
            panel(
                0.0,
                &LATE,
                Axis::log("*τ*"),
                Axis::new("largest relative change").over(0.0, 1.3 * most),
                vec![changes],
                None,
            ),
        ],
        ..Default::default()
    })
}
