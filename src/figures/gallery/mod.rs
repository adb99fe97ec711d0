//! The gallery: figures for papers and talks, each from a scenario of data/gallery. One file a
//! figure: it calls the library for its numbers and says how they are drawn; the numbers are
//! written beside it.

mod boundary_terms;
mod caption;
mod conduction;
mod convergence;
mod conversion;
mod cost;
mod covariance;
mod covariance_bound;
mod disorder;
mod equipartition;
mod evolution;
pub mod folder;
mod parabola;
mod periodic;
mod phonons;
mod pinning;
mod resonance;
mod source;
mod structure;
mod transport;
mod uphill;

pub use source::Source;

use super::{Colour, Figure, FigureError, Layer, Mark};
use crate::chain::{Chain, InitialError, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::Solution;
use crate::evolve::EvolveError;
use crate::evolve::{self, Method, means};
use crate::limit::LimitError;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::observe::fit::{self, Uncertain};
use crate::observe::theorems::{self, Macroscopic, Measurement};
use crate::observe::{Profile, sizes};
use crate::scenario::ScenarioError;
use crate::steady::{SteadyError, profiles};
use source::{bonds, set};

/// One figure of the gallery.
pub struct Entry {
    /// Its name on the command line and in file names.
    pub name: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// The caption, with formulas in LaTeX.
    pub caption: fn(&Source<'_>) -> Result<String, GalleryError>,
    /// Its scenario: file name in data/gallery without extension; `None` where the data were
    /// measured before.
    pub scenario: Option<&'static str>,
    /// Computes the data and says how they are drawn.
    pub figure: fn(&Source<'_>, &Monitor) -> Result<Figure, GalleryError>,
}

impl Entry {
    /// The source of its numbers: its scenario with keys set to other values.
    fn source<'a>(&self, overrides: &'a [String]) -> Result<Source<'a>, GalleryError> {
        let source =
            Source { figure: self.name, scenario: self.scenario.unwrap_or_default(), overrides };
        match self.scenario {
            None if !overrides.is_empty() => {
                Err(source.refused("no --set: it shows what was measured before"))
            }
            _ => Ok(source),
        }
    }

    /// The figure, with KEY=VALUE of its scenario set; a key that the figure varies takes a list.
    pub fn draw(&self, overrides: &[String], monitor: &Monitor) -> Result<Figure, GalleryError> {
        (self.figure)(&self.source(overrides)?, monitor)
    }

    /// Its caption with the numbers of [`Entry::draw`].
    pub fn caption(&self, overrides: &[String]) -> Result<String, GalleryError> {
        (self.caption)(&self.source(overrides)?)
    }

    /// The caption as a file for LaTeX.
    pub fn tex(&self, overrides: &[String]) -> Result<String, GalleryError> {
        Ok(caption::tex(self.name, self.title, &self.caption(overrides)?, overrides))
    }
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
    structure::ENTRY,
    disorder::ENTRY,
    pinning::ENTRY,
    resonance::ENTRY,
    periodic::ENTRY,
    boundary_terms::ENTRY,
    cost::ENTRY,
];

/// The page that shows the gallery, docs/gallery.md.
pub fn page() -> Result<String, GalleryError> {
    let mut page = String::from(PAGE);
    for entry in GALLERY {
        let Entry { name, title, scenario, .. } = entry;
        let from = match scenario {
            Some(scenario) => {
                format!("scenario [data/gallery/{scenario}.toml](../data/gallery/{scenario}.toml)")
            }
            None => "measurements [data/cost.csv](../data/cost.csv)".into(),
        };
        let caption = caption::wrapped(&entry.caption(&[])?);
        let files = caption::wrapped(&format!(
            "From the {from}; data: [{name}.csv](../figures/{name}.csv), vector drawing: \
             [{name}.svg](../figures/{name}.svg), caption: [{name}.tex](../figures/{name}.tex)."
        ));
        page += &format!(
            "\n## {title}\n\n![{title}](../figures/{name}.png)\n\n    flipchain figures {name} \
             -o figures --force\n\n{caption}\n\n{files}\n"
        );
    }
    Ok(page)
}

/// The beginning of [`page`].
const PAGE: &str = "# The gallery

Figures of the theory and of the exact chain, for papers and talks. All of them, in some minutes on
two cores:

    flipchain figures -o figures --force

and one of them with parameters, a size and formats of one's own:

    flipchain figures parabola --set right.force.mean=0.9 --size single --figures pdf -o runs/parabola

`--set` takes any key of the figure's scenario, and where a figure varies a key, a list of its
values (`--set 'right.force.mean=[0.5, 0.9, 1.3]'`). Where only one panel varies it, as
`equipartition` varies `chain.bonds` in (b), a list is for that panel and a number for the others;
the long chain of `parabola` (b) stays. `--size` is `single` (86 mm), `double` (178 mm) or
`WIDTHxHEIGHT` in millimetres. `--figures` takes `svg` (text as text), `png` (300 dpi), `pdf` (text
in embedded fonts) and `html` (a page with values under the pointer). Beside each drawing
stand its data, NAME.csv, and its caption, NAME.tex, to be read by LaTeX.

The CSV has one row for each point, `panel,series,x,y,value,error`. Its comments say of each panel
what the axes show and what the data were computed from, and name each series. `error` is the
estimated largest error of y, or on a map that of `value`; it is empty where none is known (measured
times).
`--theme slides` draws light on dark and 1.8 times as large. The same numbers and pictures come out
on every run, with any number of threads.
";

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
    /// A setting of the user that this figure cannot use.
    #[error("{0}")]
    Setting(String),
}

/// The scenarios by name.
const SCENARIOS: &[(&str, &str)] = &[
    ("parabola", include_str!("../../../data/gallery/parabola.toml")),
    ("uphill", include_str!("../../../data/gallery/uphill.toml")),
    ("evolution", include_str!("../../../data/gallery/evolution.toml")),
    ("equipartition", include_str!("../../../data/gallery/equipartition.toml")),
    ("transport", include_str!("../../../data/gallery/transport.toml")),
    ("phonons", include_str!("../../../data/gallery/phonons.toml")),
    ("structure", include_str!("../../../data/gallery/structure.toml")),
    ("disorder", include_str!("../../../data/gallery/disorder.toml")),
    ("pinning", include_str!("../../../data/gallery/pinning.toml")),
    ("periodic", include_str!("../../../data/gallery/periodic.toml")),
];

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
    source: &Source<'_>,
    sizes: &[(usize, bool)],
    times: &[f64],
    monitor: &Monitor,
) -> Result<Vec<Measurement>, GalleryError> {
    let mut all = Vec::new();
    for (index, &(bonds, variances)) in sizes.iter().enumerate() {
        let outputs = format!("time.outputs={times:?}");
        let (scenario, chain, law) = source.law(&[source::bonds(bonds), outputs])?;
        let limit = source.limit(&scenario, &chain, times)?;
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

/// The statements about the means alone, over sizes.
fn measure_means(
    source: &Source<'_>,
    sizes: &[usize],
    times: &[f64],
    monitor: &Monitor,
) -> Result<Vec<Measurement>, GalleryError> {
    let mut all = Vec::new();
    for (index, &bonds) in sizes.iter().enumerate() {
        let outputs = format!("time.outputs={times:?}");
        let (scenario, chain, law) = source.law(&[source::bonds(bonds), outputs])?;
        let limit = source.limit(&scenario, &chain, times)?;
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

/// One statement at one time against N, as discs joined by a line, both of one name; and its
/// order, from the larger sizes.
fn against_size(
    all: &[Measurement],
    statement: &str,
    time: f64,
    name: &str,
    colour: Colour,
    value: impl Fn(&Measurement) -> f64,
) -> ([Layer; 2], Option<Uncertain>) {
    let rows: Vec<&Measurement> =
        all.iter().filter(|m| m.statement == statement && m.time == time).collect();
    let points: Vec<(f64, f64)> = rows.iter().map(|m| (m.bonds as f64, value(m))).collect();
    let errors: Vec<f64> = rows.iter().map(|m| m.error).collect();
    let order = fit::rate(&rows.iter().map(|m| (m.bonds, value(m), m.error)).collect::<Vec<_>>());
    let layer = Layer::new("", Mark::Disc, colour, points).named(name).with_errors(errors);
    (joined(layer), order)
}

/// Points and a line that joins them, both of one name.
fn joined(points: Layer) -> [Layer; 2] {
    [Layer { mark: Mark::Line, ..points.clone() }, points]
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
    Layer::new(label, Mark::Line, colour, xs.iter().map(|&x| (x, f(x))).collect()).formula()
}

/// About `count` of the sites 0..=n, first and last among them.
fn some_sites(n: usize, count: usize) -> impl Iterator<Item = usize> {
    let every = (n / count).max(1);
    (0..=n).filter(move |i| i % every == 0)
}

/// Whether two curves over the same places are a line's width apart, or less, over half of them, on
/// a logarithmic axis.
fn is_near(one: &[(f64, f64)], other: &[(f64, f64)]) -> bool {
    let near = |(a, b): &(&(f64, f64), &(f64, f64))| {
        let apart = |a: f64, b: f64| if a > 0.0 && b > 0.0 { (a / b).ln().abs() } else { 1.0 };
        apart(a.0, b.0) < 1e-9 && apart(a.1, b.1) < 0.1
    };
    2 * one.iter().zip(other).filter(near).count() >= one.len()
}
