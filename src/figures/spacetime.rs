//! Figure `map` of a run with many outputs: every quantity as colours over x and t.

use super::colours::colouring;
use super::columns::{COLUMNS, Curves, Worth};
use super::parameters::{heading, heading_of_law, lines};
use super::profiles::{CELLS, Space, sheet, some};
use super::{Axis, Figure, Map, Panel};

impl Space<'_> {
    /// Colours over x and t; `None` for fewer than two rows that the axis of t can show.
    pub(super) fn map(&self, all: &[Curves]) -> Option<Figure> {
        let finite: Vec<&Curves> = all.iter().filter(|c| c.time.is_finite()).collect();
        let axis = self.times(&finite.iter().map(|c| c.time).collect::<Vec<_>>())?;
        let (low, high) = axis.range?;
        let rows: Vec<&Curves> =
            finite.into_iter().filter(|c| (low..=high).contains(&c.time)).collect();
        let times: Vec<f64> = rows.iter().map(|c| c.time).collect();
        let sites = self.sites();
        let panel = |column: usize| {
            let values = COLUMNS[column].values;
            let values: Vec<Vec<f64>> =
                rows.iter().map(|c| sites.iter().map(|&n| values(c)[n]).collect()).collect();
            let errors = rows.iter().map(|c| vec![c.errors[column]; sites.len()]);
            let (range, divergent) = colouring(&values, &errors.collect::<Vec<_>>());
            Panel {
                parameters: self.parameters(&times),
                x: Axis::new("*x*").over(0.0, 1.0),
                y: axis.clone(),
                map: Some(Map {
                    quantity: COLUMNS[column].label(),
                    name: String::new(),
                    xs: sites.iter().map(|&n| self.positions[n]).collect(),
                    ys: times.clone(),
                    values,
                    range,
                    divergent,
                    bar: true,
                    errors: rows.iter().map(|c| c.errors[column]).collect(),
                }),
                ..Default::default()
            }
        };
        let Worth { columns, zeros } = Worth::of(&rows);
        let panels: Vec<Panel> = columns.into_iter().map(panel).collect();
        let second = [vec![heading_of_law(self.setting.initial)], zeros].concat();
        let heading = lines([vec![heading(self.setting.chain, true)], second]);
        let (columns, size) = sheet(panels.len());
        Some(Figure { name: "map".into(), size, columns, heading, panels, ..Default::default() })
    }

    /// The sites that are the columns of a map: those that are drawn, or some of very many.
    pub(super) fn sites(&self) -> Vec<usize> {
        let (first, last) = (self.first, self.positions.len() - 1);
        some(last - first + 1, CELLS).into_iter().map(|n| first + n).collect()
    }

    /// The axis of ascending times: logarithmic where they are spread so.
    fn times(&self, times: &[f64]) -> Option<Axis> {
        let positive: Vec<f64> = times.iter().copied().filter(|t| *t > 0.0).collect();
        let (&first, &last) = (positive.first()?, positive.last()?);
        let middle = positive[positive.len() / 2];
        // Of evenly spread times the middle one is the arithmetic, else the geometric mean.
        let log = last > 10.0 * first && middle < 0.5 * ((first + last) / 2.0);
        let (axis, from) = match log {
            true => (Axis::log(self.setting.outputs.unit()), first),
            false => (Axis::new(self.setting.outputs.unit()), *times.first()?),
        };
        (from < last).then(|| axis.over(from, last))
    }
}

#[cfg(test)]
mod tests {
    use super::super::profiles::tests::{chain, setting};
    use super::super::{Outputs, Scale};
    use super::*;
    use crate::scenario::Topology;

    #[test]
    fn times_that_spread_over_decades_have_a_logarithmic_axis() {
        let ring = chain(Topology::Ring, 4);
        let axis = |times: &[f64]| {
            let setting = setting(&ring, Outputs::Diffusive);
            let space = Space { setting, positions: &[0.0], first: 0 };
            space.times(times).expect("an axis")
        };
        let logs: Vec<f64> = (0..20).map(|i| 10f64.powf(-4.0 + 0.2 * i as f64)).collect();
        assert_eq!(axis(&[vec![0.0], logs].concat()).scale, Scale::Log);
        let even: Vec<f64> = (0..20).map(|i| i as f64).collect();
        assert_eq!((axis(&even).scale, axis(&even).range), (Scale::Linear, Some((0.0, 19.0))));
    }
}
