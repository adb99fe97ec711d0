//! The energy structure function in equilibrium: carried by phonons, then diffusing.

use super::caption::{fill, row, tex_number};
use super::{Entry, GalleryError, Source, curve, done, even, geometric, set};
use crate::chain::Chain;
use crate::correlations::{Vectors, energy};
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, Parameters, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;
use crate::scenario::Topology;
use std::f64::consts::PI;

pub(super) const ENTRY: Entry = Entry {
    name: "structure",
    title: "How energy spreads in equilibrium",
    caption,
    scenario: Some("structure"),
    figure,
};

const RATE: &str = "chain.flip_rate";
/// Flip rates of the variances; the first one above 0 is that of panels (b) and (c). Panel (a) has
/// no flips.
const RATES: [f64; 3] = [0.0, 0.1, 1.0];
/// The last lag of panel (a), in which the waves do not meet on the other side of the ring: this,
/// or on a short ring a whole number below `ROUND` N. The others are a half and a quarter of it.
const EARLY: f64 = 40.0;
/// Where waves that started together meet, in units of N: a little before their fronts do.
const ROUND: f64 = 0.39;
/// Panel (c) shows the Gaussian up to this many standard deviations.
const WIDTHS: f64 = 4.0;
/// Lags of panels (b) and (c) in units of 1/γ.
const CROSSING: [f64; 4] = [0.25, 0.5, 1.0, 2.0];
const LATE: [f64; 3] = [5.0, 10.0, 20.0];
const TOLERANCE: f64 = 1e-11;

/// The rate of panels (b) and (c), and all of panel (d).
fn rates(source: &Source<'_>) -> Result<(f64, Vec<f64>), GalleryError> {
    let rates = source.values(RATE, &RATES)?;
    let flipped = rates.iter().copied().find(|&rate| rate > 0.0);
    let flipped = flipped.ok_or_else(|| source.refused("a chain.flip_rate above 0"))?;
    Ok((flipped, rates))
}

/// Lags of panel (a).
fn early(bonds: usize) -> [f64; 3] {
    let last = EARLY.min((ROUND * bonds as f64 / 4.0).floor() * 4.0);
    [0.25, 0.5, 1.0].map(|part| part * last)
}

fn scaled(units: &[f64], rate: f64) -> Vec<f64> {
    units.iter().map(|u| u / rate).collect()
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let (flipped, rates) = rates(source)?;
    let ring = source.chain(&[set(RATE, flipped)])?;
    let text = r"Energy structure function $S(n, s) = \mathrm{Cov}(e_n(s), e_m(0))$ of a ring of $N
        = @N@$ atoms in equilibrium at temperature $T$; its sum over $n$ is $T^2$ at all times. (a)
        Ballistic ($\gamma = 0$): $s S/T^2$ against $(n-m)/s$ at lags $s = @early@$; dashed:
        $1/(\pi\sqrt{1 - v^2})$, the share of the phonons with group velocity $v$. (b) Crossover
        ($\gamma = @flipped@$): the fronts lose their energy within times $1/\gamma$, and a
        diffusive peak takes it. (c) Diffusive: $\sqrt{s} S/T^2$ against $(n-m)/\sqrt{s}$; dashed:
        the Gaussian with the diffusion coefficient $D = 1/(4\gamma)$, on which the curves come to
        lie. (d) Variance of $S$ in $n$ for $\gamma = @rates@$: it grows like $s^2/2$ before and
        like $2Ds$ after $1/\gamma$ (grey).";
    Ok(fill(
        text,
        &[
            ("N", ring.bonds.to_string()),
            ("flipped", tex_number(flipped)),
            ("early", row(&early(ring.bonds))),
            ("rates", row(&rates)),
        ],
    ))
}

/// S(n, s)/T² around the middle of the ring.
fn structure(
    source: &Source<'_>,
    rate: f64,
    lags: &[f64],
    monitor: &Monitor,
) -> Result<(Chain, Vectors), GalleryError> {
    let (_, chain, law) = source.law(&[set(RATE, rate)])?;
    let warm = law.var_p.iter().chain(&law.var_r).all(|t| *t == law.var_p[0] && *t > 0.0);
    if chain.topology != Topology::Ring || !warm || law.mean_r.iter().any(|r| *r != 0.0) {
        return Err(source.refused("a ring at rest at one temperature above 0"));
    }
    if early(chain.bonds)[0] == 0.0 {
        return Err(source.refused("chain.bonds of at least 11"));
    }
    let middle = chain.bonds / 2;
    let found = energy::energy(&chain, 1.0, 0.0, middle, lags, TOLERANCE, &monitor.silent())?;
    Ok((chain, found))
}

/// Layers of S, each lag in coordinates of its own: (n - m)/unit against unit·S. Signs are drawn at
/// the sites within `reach`.
fn profiles(
    lags: &[f64],
    (chain, found): &(Chain, Vectors),
    unit: impl Fn(f64) -> f64,
    reach: f64,
) -> Vec<Layer> {
    let middle = (chain.bonds / 2) as f64;
    let layer = |(index, &lag): (usize, &f64)| {
        let unit = unit(lag);
        let at = |(n, s): (usize, &f64)| ((n as f64 - middle) / unit, unit * s);
        let all = found.values[index].iter().enumerate().map(at);
        let points: Vec<_> = all.filter(|p| p.0.abs() <= reach).collect();
        let colour = Colour::Map(index as f64 / (lags.len() - 1) as f64);
        Layer::new(format!("*s* = {}", number(lag)), Mark::Line, colour, points)
            .named(format!("s = {}, N = {}", numbers(&[lag]), chain.bonds))
            .within(unit * found.errors[index])
    };
    lags.iter().enumerate().map(layer).collect()
}

/// Σ (n - m)² S / Σ S with its error, where every S is off by at most `error`.
fn variance(s: &[f64], error: f64) -> (f64, f64) {
    let middle = (s.len() / 2) as f64;
    let square = |n: usize| (n as f64 - middle).powi(2);
    let second: f64 = s.iter().enumerate().map(|(n, s)| square(n) * s).sum();
    let sum: f64 = s.iter().sum();
    let spread = second / sum;
    let squares: f64 = (0..s.len()).map(square).sum();
    (spread, error * (squares + s.len() as f64 * spread) / sum)
}

/// Variances at lags up to where the waves, or the tails of the diffusion, meet on the other side.
fn variances(
    source: &Source<'_>,
    index: usize,
    rate: f64,
    monitor: &Monitor,
) -> Result<Layer, GalleryError> {
    let n = source.chain(&[set(RATE, rate)])?.bonds as f64;
    let lags = geometric(0.5, (ROUND * n).max(0.0076 * rate * n * n), 25);
    let (_, found) = structure(source, rate, &lags, monitor)?;
    let all: Vec<(f64, f64)> =
        found.values.iter().zip(&found.errors).map(|(s, &error)| variance(s, error)).collect();
    let points = lags.iter().zip(&all).map(|(&lag, of)| (lag, of.0)).collect();
    let mark = [Mark::Disc, Mark::Ring, Mark::Diamond, Mark::Square][index % 4];
    Ok(Layer::new(format!("*γ* = {}", number(rate)), mark, Colour::Palette(index), points)
        .named(format!("variance, gamma = {}", numbers(&[rate])))
        .with_errors(all.iter().map(|of| of.1).collect()))
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (flipped, rates) = rates(source)?;
    let free = 0.0;
    let (crossing, late) = (scaled(&CROSSING, flipped), scaled(&LATE, flipped));
    let width = WIDTHS / (2.0 * flipped).sqrt();
    let least = 2.0 * width * late[2].sqrt() * flipped;
    let bonds = source.chain(&[set(RATE, flipped)])?.bonds as f64;
    if bonds * flipped < least {
        let needs = "times its chain.flip_rate, or energy that diffuses meets around the ring";
        return Err(source.refused(&format!("chain.bonds of at least {least:.1} {needs}")));
    }
    let scenario = source.scenario(&[set(RATE, flipped)])?;
    let of_rate = |rate: f64| {
        Parameters::of_scenario(&scenario).with("gamma", numbers(&[rate])).with("m", "N/2")
    };
    let lags_free = early(bonds as usize);
    let ballistic = structure(source, free, &lags_free, monitor)?;
    done(monitor, 0.1)?;
    let mut early = profiles(&lags_free, &ballistic, |s| s, 1.2);
    let speeds: Vec<f64> = even(-PI / 2.0, PI / 2.0, 203)[1..202].iter().map(|a| a.sin()).collect();
    let share = |v: f64| 1.0 / (PI * (1.0 - v * v).sqrt());
    let share = curve("*s* → ∞", Colour::Ink, &speeds, share).named("share of phonons");
    early.push(Layer { mark: Mark::Dashed, ..share });

    let lags = [crossing.clone(), late.clone()].concat();
    let (ring, found) = structure(source, flipped, &lags, monitor)?;
    let part = |from: usize, to: usize| {
        let (values, errors) = (found.values[from..to].to_vec(), found.errors[from..to].to_vec());
        (ring.clone(), Vectors { values, errors })
    };
    done(monitor, 0.4)?;
    let middle = profiles(&crossing, &part(0, 4), |_| 1.0, 2.2 * crossing[2]);
    let mut spread = profiles(&late, &part(4, 7), f64::sqrt, width);
    let places = even(-width, width, 201);
    let gauss = |x: f64| (flipped / PI).sqrt() * (-x * x * flipped).exp();
    let gauss = curve("*s* → ∞", Colour::Ink, &places, gauss).named("Gaussian, D = 1/(4 gamma)");
    spread.push(Layer { mark: Mark::Dashed, ..gauss });

    let mut growth = Vec::new();
    for (index, &rate) in rates.iter().enumerate() {
        growth.push(variances(source, index, rate, monitor)?);
        done(monitor, 0.4 + 0.6 * (index + 1) as f64 / rates.len() as f64)?;
    }
    let ends: Vec<f64> = growth.iter().map(|l| l.points.last().map_or(1.0, |p| p.0)).collect();
    let meet = ROUND * ring.bonds as f64;
    let highest = growth.iter().flat_map(|l| &l.points).fold(0.0f64, |most, p| most.max(p.1));
    growth.push(Layer::guide("s^2/2", (1.0, 0.5), (meet, 0.5 * meet * meet)));
    for (&rate, &end) in rates.iter().zip(&ends).filter(|(rate, _)| **rate > 0.0) {
        let name = format!("2 D s, gamma = {}", numbers(&[rate]));
        let slope = 0.5 / rate;
        growth.push(Layer::guide(&name, (1.0 / rate, slope / rate), (end, slope * end)));
    }
    // Ends left of the guide, below its end and the highest point.
    let at = 0.4 * meet.min((2.0 * highest).sqrt());
    let square = Note {
        label: "~ *s*^{2}".into(),
        at: (0.75 * at, 0.5 * at * at),
        anchor: 1.0,
        ..Default::default()
    };
    let panel = |title: String, rate: Parameters, x: Axis, y: &str, layers, corner| Panel {
        title,
        parameters: rate,
        x,
        y: Axis::new(y),
        layers,
        legend: Some(corner),
        ..Default::default()
    };
    let title = |words: &str, rate: f64| format!("{words}, *γ* = {}", number(rate));
    let mut ballistic = panel(
        title("ballistic", free),
        of_rate(free),
        Axis::new("(*n* − *m*)/*s*").over(-1.2, 1.2),
        "*s* *S*(*n*, *s*)/*T*^{2}",
        early,
        Corner::TopLeft,
    );
    // The phonons at the edge of the band have all one velocity: the curve is infinite there.
    ballistic.y = ballistic.y.over(0.0, 2.2);
    let crossover = panel(
        title("crossover", flipped),
        of_rate(flipped),
        Axis::new("*n* − *m*").over(-2.2 * crossing[2], 2.2 * crossing[2]),
        "*S*(*n*, *s*)/*T*^{2}",
        middle,
        Corner::TopRight,
    );
    let diffusive = panel(
        title("diffusive", flipped),
        of_rate(flipped),
        Axis::new("(*n* − *m*)/√*s*").over(-width, width),
        "√*s* *S*(*n*, *s*)/*T*^{2}",
        spread,
        Corner::TopRight,
    );
    let spreading = Panel {
        y: Axis::log("variance in *n*"),
        notes: vec![square],
        ..panel(
            String::new(),
            of_rate(flipped).with("gamma", numbers(&rates)),
            Axis::log("lag *s*"),
            "",
            growth,
            Corner::TopLeft,
        )
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 110.0),
        columns: 2,
        panels: vec![ballistic, crossover, diffusive, spreading],
        ..Default::default()
    })
}
