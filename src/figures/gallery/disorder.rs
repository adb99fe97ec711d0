//! Random masses: rare flips carry heat past localization, and with pinning they alone do.

use super::caption::{fill, of_ends, row, tex_number};
use super::conduction::{conducting, conduction, conductivity, ordered};
use super::{Entry, GalleryError, Source, curve, done, joined, set};
use crate::chain::{Chain, ChainBuilder};
use crate::figures::label::number;
use crate::figures::parameters::{law, numbers};
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "disorder",
    title: "Random masses: flips against localization",
    caption,
    scenario: Some("disorder"),
    figure,
};

const RATE: &str = "chain.flip_rate";
const RATES: [f64; 8] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
/// Strengths of the pinning in panel (b); the second one is also that of panel (a).
const PINNING: [f64; 2] = [0.0, 1.0];
/// Realizations that conductivities are averaged over.
const SEEDS: u64 = 4;
const RANDOM: &str = "a random law of chain.mass, such as { uniform = [0.5, 1.5], seed = 1 }";

/// The shorter of two chains and the longer, twice as long.
fn sizes(chain: &Chain) -> [usize; 2] {
    [chain.bonds, 2 * chain.bonds]
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let scenario = source.scenario(&[set(RATE, rates[0])])?;
    let masses = law(&scenario.chain.mass).ok_or_else(|| source.refused(RANDOM))?;
    let chain = Chain::new(&scenario);
    let [short, long] = sizes(&chain);
    let text = r"Chains with random masses (`@masses@`) between two thermostats (@ends@). (a)
        Kinetic temperatures $\theta_n = \mathrm{Var}\ p_n/m_n$ of one realization, $N = @short@$:
        with frequent flips ($\gamma = @most@$) a straight line; with rare ones ($\gamma =
        @least@$) steeper at the contacts, and with pinning $\kappa = @pinning@$ steep where the
        masses hold energy back. (b) The conductivity $(N_2 - N_1)/(R(N_2) - R(N_1))$, $R = (T_- -
        T_+)/J$, from $N = @short@$ and $@long@$, averaged over @seeds@ realizations, with its
        standard error (bars): without pinning it grows as the flips get rare, more slowly than the
        conductivity $1/(4\gamma)$ of the ordered chain (dashed); with pinning it has a maximum and
        falls, since all modes are localized and flips alone carry energy between them.";
    let numbers = [
        ("short", short.to_string()),
        ("long", long.to_string()),
        ("most", row(&rates[rates.len() - 1..])),
        ("least", row(&rates[..1])),
        ("pinning", tex_number(PINNING[1])),
        ("seeds", SEEDS.to_string()),
        ("masses", masses),
        ("ends", of_ends(&chain)),
    ];
    Ok(fill(text, &numbers))
}

/// A realization of the scenario's chain.
fn realization(
    source: &Source<'_>,
    rate: f64,
    pinning: f64,
    bonds: usize,
    seed: u64,
) -> Result<Chain, GalleryError> {
    let scenario = source.scenario(&[set(RATE, rate), set("chain.pinning", pinning)])?;
    let family = ChainBuilder::from(&scenario).bonds(bonds).with_other_seeds(seed);
    let chain = family.build().map_err(|error| GalleryError::Setting(error.to_string()))?;
    conducting(source, chain)
}

/// Mean over the realizations, and standard error with the largest error of any of them.
fn averaged(values: &[[f64; 2]]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|v| v[0]).sum::<f64>() / count;
    let square = values.iter().map(|v| (v[0] - mean).powi(2)).sum::<f64>();
    let largest = values.iter().fold(0.0, |most: f64, v| most.max(v[1]));
    (mean, (square / (count * (count - 1.0))).sqrt() + largest)
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let (least, most) = (rates[0], rates[rates.len() - 1]);
    if law(&source.scenario(&[set(RATE, least)])?.chain.mass).is_none() {
        return Err(source.refused(RANDOM));
    }
    let chain =
        realization(source, least, PINNING[0], source.chain(&[set(RATE, least)])?.bonds, 0)?;
    let [short, long] = sizes(&chain);
    let mut profiles = vec![Layer::guide("straight", (0.0, 1.0), (1.0, 0.0))];
    let shown = [(most, PINNING[0]), (least, PINNING[0]), (least, PINNING[1])];
    for (index, (rate, pinning)) in shown.into_iter().enumerate() {
        let found = conduction(&realization(source, rate, pinning, short, 0)?, monitor)?;
        let at = |(n, t): (usize, &f64)| (n as f64 / short as f64, *t);
        let points = found.temperature.iter().enumerate().map(at).collect();
        let label = format!("*γ* = {}, *κ* = {}", number(rate), number(pinning));
        let name = format!("gamma = {}, kappa = {}", numbers(&[rate]), numbers(&[pinning]));
        let layer = Layer::new(label, Mark::Line, Colour::Palette(index), points);
        profiles.push(layer.named(name).within(found.error));
    }
    done(monitor, 0.1)?;
    let mut layers = Vec::new();
    let points = 2 * rates.len();
    for (index, pinning) in PINNING.into_iter().enumerate() {
        let colour = Colour::Palette(index + 1);
        let (mut measured, mut errors) = (vec![], vec![]);
        for (k, &rate) in rates.iter().enumerate() {
            let of_seed = |seed: u64| {
                let chain = |bonds: usize| realization(source, rate, pinning, bonds, seed);
                conductivity([short, long], chain, monitor)
            };
            let all = (0..SEEDS).map(of_seed).collect::<Result<Vec<_>, _>>()?;
            let (mean, error) = averaged(&all);
            measured.push((rate, mean));
            errors.push(error);
            done(monitor, 0.1 + 0.9 * (index * rates.len() + k + 1) as f64 / points as f64)?;
        }
        let label = format!("*κ* = {}", number(pinning));
        let name = format!("random masses, kappa = {}", numbers(&[pinning]));
        let layer = Layer::new(label.clone(), Mark::Disc, colour, measured);
        let [line, discs] = joined(layer.named(name).with_errors(errors));
        layers.extend([line, Layer { mark: Mark::Bar, label: "".into(), ..discs.clone() }, discs]);
        let of_ordered = |rate: f64| ordered(pinning) / (2.0 * rate);
        layers.push(Layer {
            mark: Mark::Dashed,
            ..curve(&format!("ordered, {label}"), colour, &rates, of_ordered)
                .named(format!("ordered, kappa = {}", numbers(&[pinning])))
        });
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
                    .with("gamma", numbers(&[most, least]))
                    .with("kappa", numbers(&PINNING)),
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::new("(*θ*_{*n*} − *T*_{+})/(*T*_{−} − *T*_{+})").over(0.0, 1.0),
                layers: profiles,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
            Panel {
                parameters: parameters
                    .with("N", numbers(&[short as f64, long as f64]))
                    .with("gamma", numbers(&rates))
                    .with("kappa", numbers(&PINNING))
                    .with("realizations", SEEDS),
                x: Axis::log("*γ*"),
                y: Axis::log("conductivity"),
                layers,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
