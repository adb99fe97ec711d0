//! Figures of a run: elongation, energies and current over x, one curve for each output time; and
//! of many output times also over x and t.

use super::label::numbers as labels;
use super::parameters::{heading, heading_of_limit, number};
use super::readable::readable;
use super::style::DOUBLE_COLUMN;
use super::{Axis, Colour, Figure, Layer, Mark, Panel, Parameters};
use crate::chain::Chain;
use crate::covariance::moments::largest;
use crate::observe::Profile;

/// More points than this on one curve cannot be seen at print size.
const POINTS: usize = 1500;
/// More curves than this cannot be told apart.
const MOST_CURVES: usize = 12;
/// Outputs at most on a page for the screen.
const ON_PAGE: usize = 200;
/// The number of curves if there are more outputs.
const CURVES: usize = 10;
/// Cells of a map, each way: as many as its data, a table, should have.
pub(super) const CELLS: usize = 128;
/// Values below this part of their natural size are rounding.
const VANISHING: f64 = 1e-13;

/// The data drawn for one output, one entry a position.
pub struct Curves {
    /// t; infinite for a stationary state.
    pub time: f64,
    /// r̄
    pub elongation: Vec<f64>,
    /// e_mech
    pub mechanical: Vec<f64>,
    /// e_heat
    pub thermal: Vec<f64>,
    /// The energy current, where it is known; empty otherwise.
    pub current: Vec<f64>,
    /// Largest error of each of them.
    pub errors: [f64; 4],
}

/// The meaning of the outputs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// Times in units of N².
    Diffusive,
    /// Times in units of N.
    Ballistic,
    /// Microscopic times.
    Microscopic,
    /// The stationary state, at time ∞.
    Stationary,
    /// Phases of a period in \[0, 1), and their average at "time" ∞.
    Phases,
}

impl Outputs {
    /// The outputs of the state that a chain has in the long run.
    pub fn in_the_long_run(chain: &Chain) -> Outputs {
        let periodic = !chain.force.harmonics.is_empty();
        if periodic { Outputs::Phases } else { Outputs::Stationary }
    }

    /// The unit of the outputs, with markup.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Outputs::Diffusive => "*t* = *τ*/*N*²",
            Outputs::Ballistic => "*t* = *τ*/*N*",
            Outputs::Microscopic | Outputs::Stationary => "*t* = *τ*",
            Outputs::Phases => "phase",
        }
    }

    /// The name of one output in the CSV.
    fn series(self, time: f64) -> String {
        match self {
            Outputs::Phases if time.is_infinite() => "average over a period".into(),
            Outputs::Phases => format!("phase = {}", number(time)),
            _ if time.is_infinite() => "stationary state".into(),
            _ => format!("t = {}", number(time)),
        }
    }
}

/// Figure `profiles` of a run of a chain, and figure `map` where there are many outputs.
pub fn profiles(profiles: &[Profile], chain: &Chain, outputs: Outputs) -> Vec<Figure> {
    let shown = Shown::new(profiles.len());
    let curves = |&index: &usize| curves(&profiles[index]);
    let positions: Vec<f64> = (0..chain.atoms()).map(|n| n as f64 / chain.bonds as f64).collect();
    let space = Space { chain, positions: &positions, first: chain.atoms() - chain.bonds, outputs };
    let drawn: Vec<Curves> = shown.curves.iter().map(curves).collect();
    let mut figures = vec![space.curves("profiles", &drawn, shown.of)];
    let rows: Vec<Curves> = shown.rows.iter().map(curves).collect();
    figures.extend(space.map(&rows));
    figures
}

/// Page `report`: the same for the screen, with all outputs, or some of very many, and the maps
/// below the curves.
pub fn report(profiles: &[Profile], chain: &Chain, outputs: Outputs) -> Figure {
    let positions: Vec<f64> = (0..chain.atoms()).map(|n| n as f64 / chain.bonds as f64).collect();
    let space = Space { chain, positions: &positions, first: chain.atoms() - chain.bonds, outputs };
    let drawn: Vec<Curves> =
        some(profiles.len(), ON_PAGE).into_iter().map(|index| curves(&profiles[index])).collect();
    let mut page = Figure { page: true, ..space.curves("report", &drawn, profiles.len()) };
    let rows = Shown::new(profiles.len()).rows;
    let rows: Vec<Curves> = rows.into_iter().map(|index| curves(&profiles[index])).collect();
    page.panels.extend(space.map(&rows).into_iter().flat_map(|map| map.panels));
    page
}

/// The data drawn for one output.
fn curves(profile: &Profile) -> Curves {
    let errors = &profile.errors;
    Curves {
        time: profile.time,
        elongation: profile.mean_r.clone(),
        mechanical: profile.mechanical(),
        thermal: profile.thermal(),
        current: profile.current.clone(),
        errors: [errors.mean_r, errors.mechanical, errors.thermal, errors.current],
    }
}

/// Figure `limit`: the same of the macroscopic equations of a chain's scenario.
pub fn limit(all: &[Curves], positions: &[f64], chain: &Chain) -> Figure {
    let space = Space { chain, positions, first: 0, outputs: Outputs::Diffusive };
    let shown = Shown::new(all.len());
    let drawn: Vec<&Curves> = shown.curves.iter().map(|&index| &all[index]).collect();
    space.curves("limit", &drawn, shown.of)
}

/// At most `count` of `of` indices, evenly spaced, with the first and the last.
fn some(of: usize, count: usize) -> Vec<usize> {
    let count = count.min(of);
    let step = (of - 1) as f64 / (count.max(2) - 1) as f64;
    (0..count).map(|i| (i as f64 * step).round() as usize).collect()
}

/// The outputs that are drawn.
struct Shown {
    /// Indices of the outputs that are drawn as curves.
    curves: Vec<usize>,
    /// Indices of those that are rows of the map; none for few outputs.
    rows: Vec<usize>,
    /// The number of outputs.
    of: usize,
}

impl Shown {
    fn new(of: usize) -> Shown {
        if of <= MOST_CURVES {
            return Shown { curves: (0..of).collect(), rows: vec![], of };
        }
        Shown { curves: some(of, CURVES), rows: some(of, CELLS), of }
    }
}

/// The data that all panels of a run share.
pub(super) struct Space<'a> {
    pub chain: &'a Chain,
    pub positions: &'a [f64],
    /// The first site that is drawn: r_0 of the open chain is no bond.
    pub first: usize,
    pub outputs: Outputs,
}

/// One quantity of a panel.
pub(super) type Column = (&'static str, fn(&Curves) -> &[f64]);

/// The place of the current among the columns.
const CURRENT: usize = 3;
pub(super) const COLUMNS: [Column; 4] = [
    ("mean elongation  *r\u{304}*", |c| &c.elongation),
    ("mechanical energy  *e*_{mech}", |c| &c.mechanical),
    ("thermal energy  *e*_{heat}", |c| &c.thermal),
    ("energy current  *J*", |c| &c.current),
];

impl Space<'_> {
    /// One panel a quantity, one curve for each output; `of` outputs were there.
    fn curves<C: std::borrow::Borrow<Curves>>(&self, name: &str, all: &[C], of: usize) -> Figure {
        let all: Vec<&Curves> = all.iter().map(|c| c.borrow()).collect();
        let times: Vec<f64> = all.iter().map(|c| c.time).collect();
        let names = labels(&times);
        let every = self.positions.len().div_ceil(POINTS).max(1);
        let last = self.positions.len() - 1;
        let count = all.len();
        let energy =
            all.iter().map(|c| largest(&c.mechanical).max(largest(&c.thermal))).fold(0.0, f64::max);
        let natural = [energy.sqrt(), energy, energy, energy];
        let panel = |column: usize| {
            let (label, values) = COLUMNS[column];
            let layer = |(index, curves): (usize, &&Curves)| {
                let sites = (self.first..=last)
                    .filter(|n| n % every == 0 || *n == self.first || *n == last);
                let values = values(curves);
                let points: Vec<_> = sites.map(|n| (self.positions[n], values[n])).collect();
                let label = match (self.outputs, count) {
                    (_, 1) => String::new(),
                    (Outputs::Phases, _) if curves.time.is_infinite() => "average".into(),
                    _ => names[index].clone(),
                };
                // One point is no line: the chain of one bond.
                let mark = if points.len() == 1 { Mark::Disc } else { Mark::Line };
                let stationary = curves.time.is_infinite() && count > 1;
                let colour = match count {
                    1 => Colour::Palette(0),
                    _ if stationary => Colour::Ink,
                    _ => Colour::Map(index as f64 / (count - 1) as f64),
                };
                let mark = if stationary && mark == Mark::Line { Mark::Dashed } else { mark };
                Layer::new(label, mark, colour, points)
                    .named(self.outputs.series(curves.time))
                    .within(curves.errors[column])
            };
            let most = all.iter().map(|c| largest(values(c))).fold(0.0, f64::max);
            // What is rounding beside its natural size is shown as the zero that it is.
            let axis = Axis::new(label);
            let current = column == CURRENT && name != "report";
            // The phases of a period are of one size, and a page can show one curve alone.
            let cut = (current && self.outputs != Outputs::Phases).then(|| {
                readable(&all.iter().map(|c| &values(c)[self.first..]).collect::<Vec<_>>())
            });
            let (y, title) = match (natural[column], cut.flatten()) {
                (natural, _) if most > 0.0 && most <= VANISHING * natural => {
                    (axis.over(-natural, natural), String::new())
                }
                (_, Some(((low, high), words))) => (axis.over(low, high), words),
                _ => (axis, String::new()),
            };
            let layers = all.iter().enumerate().map(layer).collect();
            let (parameters, x) = (self.parameters(&times), Axis::new("*x*").over(0.0, 1.0));
            let panel = Panel { title, parameters, x, y, layers, ..Default::default() };
            if current { panel.with_zero() } else { panel }
        };
        let with_current = all.first().is_some_and(|c| !c.current.is_empty());
        let count_is = match self.outputs {
            _ if count < of => format!(",  {count} of {of} output times"),
            Outputs::Stationary if count == 1 => ",  stationary state".into(),
            Outputs::Phases if count == 1 => ",  average over a period".into(),
            _ => String::new(),
        };
        Figure {
            name: name.into(),
            size: (DOUBLE_COLUMN, if with_current { 108.0 } else { 62.0 }),
            columns: if with_current { 2 } else { 3 },
            heading: match name {
                "limit" => heading_of_limit(self.chain),
                _ => heading(self.chain, true),
            } + &count_is,
            panels: (0..if with_current { 4 } else { 3 }).map(panel).collect(),
            key: (count > 1).then(|| self.outputs.unit().into()),
            ..Default::default()
        }
    }

    pub(super) fn parameters(&self, times: &[f64]) -> Parameters {
        let all = Parameters::of_chain(self.chain);
        let word = |t: &f64| match self.outputs {
            Outputs::Phases if t.is_infinite() => "average over a period".into(),
            _ => number(*t),
        };
        let list = times.iter().map(word).collect::<Vec<_>>().join(", ");
        match self.outputs {
            Outputs::Diffusive => all.with("t = tau/N^2", list),
            Outputs::Ballistic => all.with("t = tau/N", list),
            Outputs::Microscopic => all.with("t = tau", list),
            Outputs::Stationary => all.with("state", "stationary"),
            Outputs::Phases => all.with("phase", list),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::scenario::Topology;

    pub fn chain(topology: Topology, bonds: usize) -> Chain {
        Chain {
            topology,
            bonds,
            flip_rate: 1.0,
            left: None,
            right: None,
            force: Default::default(),
            general: None,
        }
    }

    fn profile(sites: usize, time: f64) -> Profile {
        Profile {
            time,
            mean_r: vec![0.3; sites],
            mean_p: vec![0.0; sites],
            var_r: vec![1.0; sites],
            var_p: vec![1.0; sites],
            current: vec![0.1 * time.min(1.0); sites],
            ..Default::default()
        }
    }

    #[test]
    fn the_chain_of_one_bond_is_drawn_as_a_point() {
        let all = [profile(2, 1.0)];
        let figures = profiles(&all, &chain(Topology::Open, 1), Outputs::Microscopic);
        assert_eq!(figures.len(), 1);
        for layer in figures[0].panels.iter().flat_map(|panel| &panel.layers) {
            assert_eq!((layer.mark, layer.points.len(), layer.points[0].0), (Mark::Disc, 1, 1.0));
        }
    }

    #[test]
    fn an_elongation_that_is_rounding_is_drawn_as_zero() {
        let profile = Profile {
            mean_r: vec![5.8e-17, -3e-17],
            mean_p: vec![0.0; 2],
            var_r: vec![4.0; 2],
            var_p: vec![4.0; 2],
            current: vec![0.0; 2],
            ..Default::default()
        };
        let ring = chain(Topology::Ring, 2);
        let figure = &profiles(&[profile], &ring, Outputs::Microscopic)[0];
        let places = |value: f64| -> Vec<Option<f64>> {
            let values =
                |panel: &Panel| panel.layers[0].points.iter().map(|p| p.1).collect::<Vec<f64>>();
            figure
                .panels
                .iter()
                .map(|panel| panel.y.fit(values(panel).into_iter(), 6).place(value))
                .collect()
        };
        // In the middle of ±√e_heat and ±e_heat.
        assert_eq!(places(0.0)[..3], [Some(0.5), Some(0.5), None]);
        assert_eq!(places(2.0)[..2], [Some(1.0), Some(0.75)]);
    }

    #[test]
    fn of_many_outputs_ten_are_curves_and_all_are_in_the_map() {
        let ring = chain(Topology::Ring, 5001);
        let all: Vec<Profile> = (0..1000).map(|i| profile(5001, i as f64)).collect();
        let figures = profiles(&all, &ring, Outputs::Diffusive);
        assert_eq!(
            figures.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["profiles", "map"]
        );
        assert!(figures[0].heading.ends_with("10 of 1000 output times"), "{}", figures[0].heading);
        for panel in &figures[0].panels {
            assert_eq!(panel.layers.len(), CURVES);
            assert_eq!((&*panel.layers[0].name, &*panel.layers[9].name), ("t = 0", "t = 999"));
            for layer in &panel.layers {
                assert!(
                    layer.points.len() <= POINTS + 2 && layer.errors.len() == layer.points.len()
                );
                assert!((layer.points[layer.points.len() - 1].0 - 1.0).abs() < 1e-3);
            }
        }
        for panel in &figures[1].panels {
            let map = panel.map.as_ref().expect("a map");
            assert_eq!((map.ys.len(), map.xs.len()), (CELLS, CELLS));
            assert_eq!((map.ys[0], map.ys[CELLS - 1]), (0.0, 999.0));
        }
        // Few outputs: every one a curve.
        let few = profiles(&all[..12], &ring, Outputs::Diffusive);
        assert_eq!((few.len(), few[0].panels[0].layers.len()), (1, 12));
    }

    #[test]
    fn a_stationary_state_is_called_so() {
        let open = chain(Topology::Open, 3);
        let outputs = Outputs::in_the_long_run(&open);
        let figure = &profiles(&[profile(4, f64::INFINITY)], &open, outputs)[0];
        assert_eq!(figure.panels[0].layers[0].name, "stationary state");
        let parameters = figure.panels[0].parameters.to_string();
        assert!(parameters.ends_with("state = stationary"), "{parameters}");
    }

    #[test]
    fn phases_are_called_phases() {
        let ring = chain(Topology::Ring, 4);
        let all = [profile(4, 0.0), profile(4, 0.5), profile(4, f64::INFINITY)];
        let figure = &profiles(&all, &ring, Outputs::Phases)[0];
        assert_eq!(figure.key.as_deref(), Some("phase"));
        let names: Vec<&str> = figure.panels[0].layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["phase = 0", "phase = 0.5", "average over a period"]);
        assert_eq!(figure.panels[0].layers[2].label, "average");
    }
}
