//! The gallery: figures for papers and talks, each from a scenario of data/gallery. One file a
//! figure: it calls the library for its numbers and says how they are drawn; the numbers are
//! written beside it.

mod boundary_terms;
mod convergence;
mod conversion;
mod cost;
mod covariance;
mod covariance_bound;
mod equipartition;
mod evolution;
mod parabola;
mod periodic;
mod phonons;
mod resonance;
mod transport;
mod uphill;

use super::{Colour, Figure, FigureError, Layer, Mark};
use crate::chain::{Chain, InitialError, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::Solution;
use crate::evolve::radau::EvolveError;
use crate::evolve::{self, Method, means};
use crate::limit::{LimitError, Problem};
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::observe::fit::{self, Uncertain};
use crate::observe::theorems::{self, Macroscopic, Measurement};
use crate::observe::{Profile, sizes};
use crate::scenario::{Scenario, ScenarioError};
use crate::steady::{SteadyError, profiles};

/// One figure of the gallery.
pub struct Entry {
    /// Its name on the command line and in file names.
    pub name: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// What a reader needs to know.
    pub caption: &'static str,
    /// Its scenario: file name in data/gallery without extension; `None` where the data were
    /// measured before.
    pub scenario: Option<&'static str>,
    /// Computes the data and says how they are drawn.
    pub figure: fn(&Monitor) -> Result<Figure, GalleryError>,
}

/// All figures, in the order of the document.
pub const GALLERY: &[Entry] = &[
    parabola::ENTRY,
    uphill::ENTRY,
    evolution::ENTRY,
    conversion::ENTRY,
    convergence::ENTRY,
    equipartition::ENTRY,
    covariance::ENTRY,
    covariance_bound::ENTRY,
    transport::ENTRY,
    phonons::ENTRY,
    resonance::ENTRY,
    periodic::ENTRY,
    boundary_terms::ENTRY,
    cost::ENTRY,
];

/// The page that shows the gallery, docs/gallery.md.
pub fn page() -> String {
    let mut page = String::from(
        "# The gallery\n\n\
         Figures of the theory and of the exact chain, for papers and talks. All of them, in some minutes on two cores:\n\n    \
         flipchain figures -o figures --force\n\n\
         Each comes as SVG with text as text, as PNG at 300 dpi, and with its data as CSV (`panel,series,x,y,value,error`), to be drawn again in any \
         program. Widths are those of a journal's double column, 178 mm, with text of 7 and 8 points; `--theme slides` draws them light on dark and 1.8 \
         times as large. The same numbers and pictures come out on every run, with any number of threads.\n",
    );
    for Entry { name, title, caption, scenario, .. } in GALLERY {
        let from = match scenario {
            Some(scenario) => {
                format!("scenario [data/gallery/{scenario}.toml](../data/gallery/{scenario}.toml)")
            }
            None => "measurements [data/cost.csv](../data/cost.csv)".into(),
        };
        page += &format!(
            "\n## {title}\n\n![{title}](../figures/{name}.png)\n\n    flipchain figures {name} -o figures --force\n\n{caption}\n\n\
             From the {from}; data: [{name}.csv](../figures/{name}.csv), vector drawing: [{name}.svg](../figures/{name}.svg).\n"
        );
    }
    page
}

/// Why a figure could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GalleryError {
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Initial(#[from] InitialError),
    #[error(transparent)]
    Steady(#[from] SteadyError),
    #[error(transparent)]
    Evolve(#[from] EvolveError),
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Figure(#[from] FigureError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("{0}")]
    Way(String),
}

/// The scenarios by name.
const SCENARIOS: &[(&str, &str)] = &[
    ("parabola", include_str!("../../../data/gallery/parabola.toml")),
    ("uphill", include_str!("../../../data/gallery/uphill.toml")),
    ("evolution", include_str!("../../../data/gallery/evolution.toml")),
    ("equipartition", include_str!("../../../data/gallery/equipartition.toml")),
    ("transport", include_str!("../../../data/gallery/transport.toml")),
    ("phonons", include_str!("../../../data/gallery/phonons.toml")),
    ("periodic", include_str!("../../../data/gallery/periodic.toml")),
];

/// A scenario of the gallery with some keys changed.
fn scenario(name: &str, overrides: &[&str]) -> Result<Scenario, GalleryError> {
    let text = SCENARIOS.iter().find(|s| s.0 == name).map_or("", |s| s.1);
    let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
    Ok(Scenario::from_str_named(text, &format!("data/gallery/{name}.toml"), &overrides)?)
}

/// The chain of a scenario of the gallery.
fn chain(name: &str, overrides: &[&str]) -> Result<Chain, GalleryError> {
    Ok(Chain::new(&scenario(name, overrides)?))
}

/// The stationary profile of a chain under a constant force.
fn stationary(chain: &Chain, monitor: &Monitor) -> Result<Profile, GalleryError> {
    Ok(Profile::new(chain, &profiles::profiles(chain, &monitor.silent())?.0.average, f64::INFINITY))
}

/// Largest relative error of what is evolved.
const TOLERANCE: f64 = 1e-9;

/// The moments at ascending microscopic times, with their covariance if `covariance`.
fn moments(
    chain: &Chain,
    law: &InitialLaw,
    times: &[f64],
    covariance: bool,
    monitor: &Monitor,
) -> Result<Vec<Solution>, GalleryError> {
    let plan =
        evolve::plan(chain, law, times, Method::Auto, covariance).map_err(GalleryError::Way)?;
    let equations = Modal::new(chain).watched_by(monitor.silent());
    Ok(evolve::evolve(&equations, law, times, &plan, TOLERANCE, |_| covariance, monitor)?.0)
}

/// Says that a share of a figure's work is done.
fn done(monitor: &Monitor, share: f64) -> Result<(), Interrupted> {
    monitor.advance(Progress { share, ..Default::default() })
}

/// Measurements of the theorems' statements over sizes; the second number of a size says whether
/// its covariance is evolved.
fn measure(
    name: &str,
    sizes: &[(usize, bool)],
    times: &[f64],
    monitor: &Monitor,
) -> Result<Vec<Measurement>, GalleryError> {
    let mut all = Vec::new();
    for (index, &(bonds, variances)) in sizes.iter().enumerate() {
        let scenario = scenario(name, &[&format!("chain.bonds={bonds}")])?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
        let limit = Problem::new(&scenario, &chain)?.evolve(times)?;
        let limit = limit.ok_or_else(|| {
            GalleryError::Way(format!("data/gallery/{name}.toml: [initial] is missing"))
        })?;
        all.extend(sizes::measure(
            &chain,
            &law,
            times,
            &limit,
            variances,
            TOLERANCE,
            &monitor.silent(),
        )?);
        done(monitor, (index + 1) as f64 / sizes.len() as f64)?;
    }
    Ok(all)
}

/// What the means alone say, over sizes.
fn measure_means(
    name: &str,
    sizes: &[usize],
    times: &[f64],
    monitor: &Monitor,
) -> Result<Vec<Measurement>, GalleryError> {
    let mut all = Vec::new();
    for (index, &bonds) in sizes.iter().enumerate() {
        let scenario = scenario(name, &[&format!("chain.bonds={bonds}")])?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
        let limit = Problem::new(&scenario, &chain)?.evolve(times)?;
        let limit = limit.ok_or_else(|| {
            GalleryError::Way(format!("data/gallery/{name}.toml: [initial] is missing"))
        })?;
        let microscopic: Vec<f64> = times.iter().map(|t| t * (bonds as f64).powi(2)).collect();
        let paths =
            means::evolve(&Modal::new(&chain), &law, &microscopic, 1e-12, &monitor.silent())?;
        for ((path, output), &t) in paths.iter().zip(&limit.outputs).zip(times) {
            let macroscopic = Macroscopic {
                output,
                start: &limit.start,
                force: chain.force.mean,
                oscillation_work: 0.0,
                flip_rate: chain.flip_rate,
            };
            all.extend(theorems::of_means(&chain, t, path, &macroscopic));
        }
        done(monitor, (index + 1) as f64 / sizes.len() as f64)?;
    }
    Ok(all)
}

/// One statement at one time against N, as discs joined by a line; and its order, from the larger
/// sizes.
fn against_size(
    all: &[Measurement],
    statement: &str,
    time: f64,
    label: &str,
    colour: Colour,
    value: impl Fn(&Measurement) -> f64,
) -> ([Layer; 2], Option<Uncertain>) {
    let rows: Vec<&Measurement> =
        all.iter().filter(|m| m.statement == statement && m.time == time).collect();
    let points: Vec<(f64, f64)> = rows.iter().map(|m| (m.bonds as f64, value(m))).collect();
    let error = rows.iter().map(|m| m.error).fold(0.0, f64::max);
    let order = fit::rate(&rows.iter().map(|m| (m.bonds, value(m), m.error)).collect::<Vec<_>>());
    let layers = [Mark::Line, Mark::Disc]
        .map(|mark| Layer::new(label, mark, colour, points.clone()).within(error));
    (layers, order)
}

/// A fitted order for a key: two decimals.
fn order_label(order: Option<Uncertain>) -> String {
    order.map_or(String::new(), |o| format!("~ *N*^{{{:.2}}}", o.value).replace('-', "−"))
}

/// Even places from `from` to `to`.
fn even(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| from + (to - from) * i as f64 / (count - 1) as f64).collect()
}

/// Places from `from` to `to` with even ratios.
fn geometric(from: f64, to: f64, count: usize) -> Vec<f64> {
    even(from.ln(), to.ln(), count).into_iter().map(f64::exp).collect()
}

/// The curve of a function.
fn curve(label: &str, colour: Colour, xs: &[f64], f: impl Fn(f64) -> f64) -> Layer {
    Layer::new(label, Mark::Line, colour, xs.iter().map(|&x| (x, f(x))).collect())
}

/// About `count` of the sites 0..=n, first and last among them.
fn some_sites(n: usize, count: usize) -> impl Iterator<Item = usize> {
    let every = (n / count).max(1);
    (0..=n).filter(move |i| i % every == 0)
}
