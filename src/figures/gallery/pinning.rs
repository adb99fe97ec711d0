//! The pinned chain: its conductivity against the closed form, and how the temperatures bend at the
//! contacts.

use super::caption::{fill, of_ends, row, tex_number};
use super::conduction::{conducting, conduction, conductivity, ordered};
use super::{Entry, GalleryError, Source, curve, done, geometric, joined, set};
use crate::chain::Chain;
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "pinning",
    title: "Pinning slows heat down",
    caption,
    scenario: Some("pinning"),
    figure,
};

const RATE: &str = "chain.flip_rate";
const PINNING: &str = "chain.pinning";
/// Flip rates of panel (a).
const RATES: [f64; 3] = [0.2, 1.0, 5.0];
/// Strengths of the pinning in panel (b).
const WELLS: [f64; 3] = [0.1, 1.0, 10.0];
/// Strengths of the pinning in panel (a): from, to, how many.
const RANGE: (f64, f64, usize) = (0.01, 10.0, 7);

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let (rates, wells) = (source.values(RATE, &RATES)?, source.values(PINNING, &WELLS)?);
    let chain = source.chain(&[set(RATE, rates[0]), set(PINNING, wells[0])])?;
    let text = r"Chain of equal atoms with pinning energy $\kappa q_n^2/2$ between two thermostats
        (@ends@). (a) Conductivity $(N_2 - N_1)/(R(N_2) - R(N_1))$, $R = (T_- - T_+)/J$, of chains
        of $N = @short@$ and $@long@$ bonds, times $2\gamma$, for $\gamma = @rates@$; line: the
        closed form $1/(\kappa + 2 + \sqrt{\kappa(\kappa + 4)})$, the mean square group velocity.
        (b) How far the temperatures $\theta_n$ near the left thermostat are from the straight line
        through the middle of the chain ($\gamma = @rate@$, $N = @short@$), for $\kappa = @wells@$:
        it falls exponentially, and below the errors the points end.";
    let numbers = [
        ("ends", of_ends(&chain)),
        ("short", chain.bonds.to_string()),
        ("long", (2 * chain.bonds).to_string()),
        ("rates", row(&rates)),
        ("rate", tex_number(middle(&rates))),
        ("wells", row(&wells)),
    ];
    Ok(fill(text, &numbers))
}

/// The rate of panel (b).
fn middle(rates: &[f64]) -> f64 {
    rates[rates.len() / 2]
}

fn chain(
    source: &Source<'_>,
    rate: f64,
    pinning: f64,
    bonds: usize,
) -> Result<Chain, GalleryError> {
    let varied = [set(RATE, rate), set(PINNING, pinning), super::bonds(bonds)];
    conducting(source, source.chain(&varied)?)
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (rates, wells) = (source.values(RATE, &RATES)?, source.values(PINNING, &WELLS)?);
    let bonds = source.chain(&[set(RATE, rates[0]), set(PINNING, wells[0])])?.bonds;
    let (low, high, count) = RANGE;
    let mut layers = vec![curve("closed form", Colour::Ink, &geometric(low, high, 61), ordered)];
    let marks = [Mark::Disc, Mark::Ring, Mark::Diamond, Mark::Square];
    for (index, &rate) in rates.iter().enumerate() {
        let (mut points, mut errors) = (vec![], vec![]);
        for pinning in geometric(low, high, count) {
            let chain = |bonds: usize| chain(source, rate, pinning, bonds);
            let [found, error] = conductivity([bonds, 2 * bonds], chain, monitor)?;
            points.push((pinning, 2.0 * rate * found));
            errors.push(2.0 * rate * error);
        }
        let mark = marks[index % marks.len()];
        layers.push(
            Layer::new(format!("*γ* = {}", number(rate)), mark, Colour::Palette(index), points)
                .named(format!("gamma = {}", numbers(&[rate])))
                .with_errors(errors)
                .every(index % rates.len(), rates.len()),
        );
        done(monitor, 0.9 * (index + 1) as f64 / rates.len() as f64)?;
    }
    let rate = middle(&rates);
    let mut distances = Vec::new();
    for (index, &pinning) in wells.iter().enumerate() {
        let found = conduction(&chain(source, rate, pinning, bonds)?, monitor)?;
        let t = &found.temperature;
        // The line through the middle, over a quarter of the chain.
        let (from, to) = (bonds * 3 / 8, bonds * 5 / 8);
        let slope = (t[to] - t[from]) / (to - from) as f64;
        // Two temperatures make the line, which is followed over at most 1.5 of their distance.
        let error = 5.0 * found.error;
        let apart = |n: usize| (t[n] - t[from] - slope * (n as f64 - from as f64)).abs();
        let points: Vec<(f64, f64)> = (0..from)
            .map(|n| (n as f64, apart(n)))
            .take_while(|(_, distance)| *distance > error)
            .collect();
        let label = format!("*κ* = {}", number(pinning));
        let mark = marks[index % marks.len()];
        let layer = Layer::new(label, mark, Colour::Palette(index), points);
        let name = format!("kappa = {}", numbers(&[pinning]));
        distances.extend(joined(layer.named(name).within(error)));
    }
    // Under the name of kappa, which the figure varies.
    let parameters = source.parameters()?.without("pinning");
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                parameters: parameters
                    .clone()
                    .with("N", numbers(&[bonds as f64, 2.0 * bonds as f64]))
                    .with("gamma", numbers(&rates))
                    .with("kappa", format!("{low} to {high} (the axis)")),
                x: Axis::log("pinning *κ*"),
                y: Axis::new("2*γ* × conductivity").over(0.0, 0.5),
                layers,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
            Panel {
                parameters: parameters
                    .with("gamma", numbers(&[rate]))
                    .with("kappa", numbers(&wells)),
                x: Axis::new("*n*"),
                y: Axis::log("|*θ*_{*n*} − line|/(*T*_{−} − *T*_{+})"),
                layers: distances,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
