//! Figures of a run: elongation, energies and current over x, one curve for each output time; and
//! of many output times also over x and t. Of the phases of a period the averages are drawn as
//! curves, and the deviations from them over the place and the phase (`phases`).

use super::columns::{COLUMNS, CURRENT, Curves, Worth, curves};
use super::hidden::{STRIPED, in_turns};
use super::label::numbers as labels;
use super::outputs::FEW;
use super::parameters::{heading, heading_of_law, heading_of_limit, lines, number};
use super::readable::{readable, with_zero};
use super::style::{DOUBLE_COLUMN, SINGLE_COLUMN};
use super::{Axis, Colour, Figure, Layer, Mark, Outputs, Panel, Parameters};
use crate::chain::Chain;
use crate::observe::Profile;
use crate::scenario::InitialTable;

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
/// What a run was of.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The initial law, where the run depends on it.
    pub initial: Option<&'a InitialTable>,
    /// What its outputs are.
    pub outputs: Outputs,
}

/// Figure `profiles` of a run of a chain, and figure `map` where there are many outputs.
pub fn profiles(profiles: &[Profile], setting: Setting<'_>) -> Vec<Figure> {
    let positions = positions(setting.chain);
    let space = Space::of_run(setting, &positions);
    if let Some((phases, average)) = space.phases(profiles) {
        let average = curves(average);
        let mut figure = space.curves("profiles", &[&average], 1);
        figure.heading += &format!(" of {} phases", phases.len());
        let deviations =
            space.deviations(&phases.into_iter().map(curves).collect::<Vec<_>>(), &average);
        return [figure].into_iter().chain(deviations).collect();
    }
    let shown = Shown::new(profiles.len());
    let curves = |&index: &usize| curves(&profiles[index]);
    let drawn: Vec<Curves> = shown.curves.iter().map(curves).collect();
    let mut figures = vec![space.curves("profiles", &drawn.iter().collect::<Vec<_>>(), shown.of)];
    let rows: Vec<Curves> = shown.rows.iter().map(curves).collect();
    figures.extend(space.map(&rows));
    figures
}

/// Page `report`: the same for the screen, with all outputs, or some of very many, and the maps
/// below the curves.
pub fn report(profiles: &[Profile], setting: Setting<'_>) -> Figure {
    let positions = positions(setting.chain);
    let space = Space::of_run(setting, &positions);
    let drawn: Vec<Curves> =
        some(profiles.len(), ON_PAGE).into_iter().map(|index| curves(&profiles[index])).collect();
    let drawn: Vec<&Curves> = drawn.iter().collect();
    let mut page = Figure { page: true, ..space.curves("report", &drawn, profiles.len()) };
    let maps = match space.phases(profiles) {
        Some((phases, average)) => {
            let phases: Vec<Curves> = phases.into_iter().map(curves).collect();
            space.deviations(&phases, &curves(average))
        }
        None => {
            let rows = Shown::new(profiles.len()).rows;
            space.map(&rows.into_iter().map(|index| curves(&profiles[index])).collect::<Vec<_>>())
        }
    };
    page.panels.extend(maps.into_iter().flat_map(|map| map.panels));
    page
}

fn positions(chain: &Chain) -> Vec<f64> {
    (0..chain.atoms()).map(|n| n as f64 / chain.bonds as f64).collect()
}

/// Figure `limit`: the same of the macroscopic equations of a chain's scenario.
pub fn limit(all: &[Curves], positions: &[f64], setting: Setting<'_>) -> Figure {
    let space = Space { setting, positions, first: 0 };
    let shown = Shown::new(all.len());
    let drawn: Vec<&Curves> = shown.curves.iter().map(|&index| &all[index]).collect();
    space.curves("limit", &drawn, shown.of)
}

/// At most `count` of `of` indices, evenly spaced, with the first and the last.
pub(super) fn some(of: usize, count: usize) -> Vec<usize> {
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
    pub setting: Setting<'a>,
    pub positions: &'a [f64],
    /// The first site that is drawn: r_0 of the open chain is no bond.
    pub first: usize,
}

impl<'a> Space<'a> {
    fn of_run(setting: Setting<'a>, positions: &'a [f64]) -> Space<'a> {
        Space { setting, positions, first: setting.chain.atoms() - setting.chain.bonds }
    }

    /// One panel a quantity, one curve for each output; `of` outputs were there.
    fn curves(&self, name: &str, all: &[&Curves], of: usize) -> Figure {
        let (count, outputs) = (all.len(), self.setting.outputs);
        let times: Vec<f64> = all.iter().map(|c| c.time).collect();
        let Worth { columns, mut zeros } = Worth::of(all);
        let (columns_a_row, size) = sheet(columns.len());
        let cell = (
            size.0 / columns_a_row as f64,
            (size.1 - 6.0) / columns.len().div_ceil(columns_a_row) as f64,
        );
        let mut panels: Vec<Panel> =
            columns.into_iter().map(|column| self.panel(column, name, all, &times)).collect();
        // A page can show one curve alone.
        let paper = name != "report";
        let mut hidden = false;
        for panel in panels.iter_mut().filter(|_| paper) {
            hidden |= in_turns(panel, cell);
        }
        let count_is = match outputs {
            _ if count < of => {
                // The average of the phases is none of them.
                let less =
                    usize::from(outputs == Outputs::Phases && times[count - 1].is_infinite());
                format!("{} of {} {}", count - less, of - less, outputs.plural())
            }
            Outputs::Stationary if count == 1 => "stationary state".into(),
            Outputs::Phases if count == 1 => "average over a period".into(),
            _ => String::new(),
        };
        let law = heading_of_law(self.setting.initial);
        // Beside the initial law, what vanishes might be taken for a part of it.
        if let (Some(first), false, true) = (zeros.first_mut(), law.is_empty(), count > 1) {
            *first = format!("at all times {first}");
        }
        let coincide = if hidden { STRIPED } else { "" };
        let first = match name {
            "limit" => heading_of_limit(self.setting.chain),
            _ => heading(self.setting.chain, true),
        };
        let second = [vec![law], zeros, vec![coincide.into()]].concat();
        Figure {
            name: name.into(),
            size,
            columns: columns_a_row,
            heading: lines([vec![first, count_is], second]),
            panels,
            key: (count > 1).then(|| outputs.unit().into()),
            ..Default::default()
        }
    }

    /// The panel of a column.
    fn panel(&self, column: usize, name: &str, all: &[&Curves], times: &[f64]) -> Panel {
        let (count, outputs) = (all.len(), self.setting.outputs);
        let values = COLUMNS[column].values;
        // Site 0 of an open chain has no bond and half an energy, but the current through bond 1.
        let first = if column == CURRENT { 0 } else { self.first };
        let names = labels(times);
        let every = self.positions.len().div_ceil(POINTS).max(1);
        let last = self.positions.len() - 1;
        let layer = |(index, curves): (usize, &&Curves)| {
            let sites = (first..=last).filter(|n| n % every == 0 || *n == first || *n == last);
            let values = values(curves);
            let points: Vec<_> =
                sites.filter_map(|n| Some((self.positions[n], *values.get(n)?))).collect();
            let label = match (outputs, count) {
                (_, 1) => String::new(),
                (Outputs::Phases, _) if curves.time.is_infinite() => "average".into(),
                _ => names[index].clone(),
            };
            // One point is no line: the chain of one bond.
            let mark = if points.len() == 1 { Mark::Disc } else { Mark::Line };
            let stationary = curves.time.is_infinite() && count > 1;
            let colour = match (outputs, count) {
                (_, 1) => Colour::Palette(0),
                _ if stationary => Colour::Ink,
                // The last phase is as near to the first as the second is.
                (Outputs::Phases, _) if count > FEW => {
                    Colour::Map(1.0 - (2.0 * curves.time - 1.0).abs())
                }
                (Outputs::Phases, _) => Colour::Palette(index),
                _ => Colour::Map(index as f64 / (count - 1) as f64),
            };
            let mark = if stationary && mark == Mark::Line { Mark::Dashed } else { mark };
            Layer::new(label, mark, colour, points)
                .named(outputs.series(curves.time))
                .within(curves.errors[column])
        };
        let axis = match (column, name) {
            (CURRENT, "limit") => {
                Axis::new(format!("{} times *N*,  *N* *J*", COLUMNS[column].name))
            }
            _ => Axis::new(COLUMNS[column].label()),
        };
        let current = column == CURRENT && name != "report";
        let known = || all.iter().filter(|c| !values(c).is_empty());
        let shown: Vec<&[f64]> = known().map(|c| &values(c)[first..]).collect();
        // The phases of a period are of one size, and a page can show one curve alone.
        let cut = (current && outputs != Outputs::Phases).then(|| readable(&shown)).flatten();
        let (y, mut title) = match cut {
            Some(((low, high), words)) => (axis.over(low, high), words),
            None if current => (with_zero(axis, &shown), String::new()),
            None => (axis, String::new()),
        };
        if known().count() < count {
            title = if title.is_empty() { title } else { title + ",  " } + "none at *t* = 0";
        }
        let layers = all.iter().enumerate().map(layer).filter(|l| !l.points.is_empty()).collect();
        let (parameters, x) = (self.parameters(times), Axis::new("*x*").over(0.0, 1.0));
        let panel = Panel { title, parameters, x, y, layers, ..Default::default() };
        if current { panel.with_zero() } else { panel }
    }

    pub(super) fn parameters(&self, times: &[f64]) -> Parameters {
        let outputs = self.setting.outputs;
        let all = Parameters::of_chain(self.setting.chain).started_from(self.setting.initial);
        let word = |t: &f64| match outputs {
            Outputs::Phases if t.is_infinite() => "average over a period".into(),
            _ => number(*t),
        };
        let list = times.iter().map(word).collect::<Vec<_>>().join(", ");
        match outputs {
            Outputs::Diffusive => all.with("t = tau/N^2", list),
            Outputs::Ballistic => all.with("t = tau/N", list),
            Outputs::Microscopic => all.with("t = tau", list),
            Outputs::Stationary => all.with("state", "stationary"),
            Outputs::Phases => all.with("phase", list),
        }
    }
}

/// Panels a row, and the figure's width and height in mm.
pub(super) fn sheet(panels: usize) -> (usize, (f64, f64)) {
    match panels {
        1 => (1, (SINGLE_COLUMN, 68.0)),
        2 => (2, (DOUBLE_COLUMN, 66.0)),
        3 => (3, (DOUBLE_COLUMN, 66.0)),
        _ => (2, (DOUBLE_COLUMN, 112.0)),
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

    pub fn setting(chain: &Chain, outputs: Outputs) -> Setting<'_> {
        Setting { chain, initial: None, outputs }
    }

    pub fn profile(sites: usize, time: f64) -> Profile {
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
        let figures = profiles(&all, setting(&chain(Topology::Open, 1), Outputs::Microscopic));
        assert_eq!(figures.len(), 1);
        // What leaves at its end is a current, too.
        let current = &figures[0].panels[CURRENT].layers[0];
        assert_eq!((current.mark, current.points.len()), (Mark::Line, 2));
        for layer in figures[0].panels[..CURRENT].iter().flat_map(|panel| &panel.layers) {
            assert_eq!((layer.mark, layer.points.len(), layer.points[0].0), (Mark::Disc, 1, 1.0));
        }
    }

    #[test]
    fn the_initial_law_is_named_and_curves_on_each_other_are_marked() {
        let ring = chain(Topology::Ring, 40);
        let text = "temperature = \"1 + x*exp(-2*x)\"\nelongation = \"sin(2*pi*x)\"";
        let law: InitialTable = toml::from_str(text).unwrap();
        let setting = Setting { initial: Some(&law), ..setting(&ring, Outputs::Diffusive) };
        let figure = &profiles(&[profile(40, 1.0), profile(40, 2.0)], setting)[0];
        let second = figure.heading.split('\n').nth(1).unwrap();
        let says = "from *r\u{304}* = sin(2·pi·x),  *T* = 1 + x·exp(−2·x),  striped: ";
        assert!(second.starts_with(says), "{second}");
        for panel in &figure.panels {
            let turns: Vec<_> = panel.layers.iter().map(|layer| layer.turn).collect();
            assert_eq!(turns, [(0, 2), (1, 2)]);
            assert!(panel.parameters.to_string().contains("initial elongation = sin(2*pi*x)"));
        }
    }

    #[test]
    fn the_axis_of_a_current_begins_at_0() {
        let open = chain(Topology::Open, 40);
        for (size, range) in [(-0.5, (-0.525, 0.0)), (0.5, (0.0, 0.525))] {
            let current = vec![size; 41];
            let profile = Profile { current, ..profile(41, f64::INFINITY) };
            let figure = &profiles(&[profile], setting(&open, Outputs::Stationary))[0];
            assert_eq!(figure.panels[CURRENT].y.range, Some(range));
        }
    }

    #[test]
    fn of_many_outputs_ten_are_curves_and_all_are_in_the_map() {
        let ring = chain(Topology::Ring, 5001);
        let all: Vec<Profile> = (0..1000).map(|i| profile(5001, i as f64)).collect();
        let figures = profiles(&all, setting(&ring, Outputs::Diffusive));
        assert_eq!(
            figures.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["profiles", "map"]
        );
        let heading = figures[0].heading.lines().next().unwrap();
        assert!(heading.ends_with("10 of 1000 output times"), "{heading}");
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
        let few = profiles(&all[..12], setting(&ring, Outputs::Diffusive));
        assert_eq!((few.len(), few[0].panels[0].layers.len()), (1, 12));
    }

    #[test]
    fn a_stationary_state_is_called_so() {
        let open = chain(Topology::Open, 3);
        let outputs = Outputs::in_the_long_run(&open);
        let figure = &profiles(&[profile(4, f64::INFINITY)], setting(&open, outputs))[0];
        assert_eq!(figure.panels[0].layers[0].name, "stationary state");
        let parameters = figure.panels[0].parameters.to_string();
        assert!(parameters.ends_with("state = stationary"), "{parameters}");
    }

    #[test]
    fn phases_are_called_phases() {
        let ring = chain(Topology::Ring, 4);
        let all = [profile(4, 0.0), profile(4, 0.5), profile(4, f64::INFINITY)];
        let figure = &profiles(&all, setting(&ring, Outputs::Phases))[0];
        assert_eq!(figure.key.as_deref(), Some("phase"));
        let names: Vec<&str> = figure.panels[0].layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["phase = 0", "phase = 0.5", "average over a period"]);
        assert_eq!(figure.panels[0].layers[2].label, "average");
    }
}
