//! The phases of a period. All of them lie on their average but near the end that is driven, so
//! that curves would hide each other: the deviations are colours over place and phase, as far from
//! the driven end as they reach.

use super::columns::{COLUMNS, Column, Curves, VANISHING};
use super::label::COMMA;
use super::outputs::FEW;
use super::parameters::heading;
use super::profiles::{CELLS, Space, sheet, some};
use super::{Axis, Figure, Map, Outputs, Panel};
use crate::covariance::moments::largest;
use crate::observe::Profile;
use crate::scenario::Topology;

/// A deviation below this part of the largest of its column is not shown at the far side.
const REACH: f64 = 0.01;
/// Sites that are shown at least.
const LEAST_SITES: usize = 6;

/// The deviation of a column from its average at every phase.
struct Deviation<'a> {
    column: &'a Column,
    /// One row a phase.
    values: Vec<Vec<f64>>,
    largest: f64,
    /// One a phase.
    errors: Vec<f64>,
}

impl Space<'_> {
    /// The phases of a run and their average, if they are more than a [`FEW`].
    pub(super) fn phases<'p>(
        &self,
        profiles: &'p [Profile],
    ) -> Option<(Vec<&'p Profile>, &'p Profile)> {
        let phases: Vec<&Profile> = profiles.iter().filter(|p| p.time.is_finite()).collect();
        let average = profiles.iter().find(|p| p.time.is_infinite())?;
        let many = self.setting.outputs == Outputs::Phases && phases.len() > FEW;
        many.then_some((phases, average))
    }

    /// Figure `map` of phases: one panel for each column that deviates from its average.
    pub(super) fn deviations(&self, phases: &[Curves], average: &Curves) -> Option<Figure> {
        let columns = if average.current.is_empty() { 3 } else { 4 };
        let all =
            || COLUMNS[..columns].iter().zip(0..).map(|(c, i)| deviation(c, i, phases, average));
        // What deviates by no more than its errors and roundings is still.
        let moves = |deviation: &Deviation<'_>| {
            let error = deviation.errors.iter().copied().fold(0.0, f64::max);
            let size = largest((deviation.column.values)(average));
            deviation.largest > error.max(VANISHING * size)
        };
        let still: Vec<&str> = all().filter(|d| !moves(d)).map(|d| d.column.symbol).collect();
        let panels: Vec<Panel> =
            all().filter(moves).map(|moving| self.deviation(phases, moving)).collect();
        if panels.is_empty() {
            return None;
        }
        let mut heading = heading(self.setting.chain, true);
        heading += &format!("\n{} phases: deviation from the average over a period", phases.len());
        if !still.is_empty() {
            heading += &format!("{COMMA}none of {} beyond its error", still.join(" and "));
        }
        let (columns, size) = sheet(panels.len());
        Some(Figure { name: "map".into(), size, columns, heading, panels, ..Default::default() })
    }

    fn deviation(&self, phases: &[Curves], deviation: Deviation<'_>) -> Panel {
        let Deviation { column, values, largest, errors } = deviation;
        let last = self.positions.len() - 1;
        // Near to far from the driven end; over x where the chain is not driven there alone.
        let sites: Vec<usize> = if self.is_driven_at_its_end() {
            let moves = |n: usize| values.iter().any(|row| row[n].abs() > REACH * largest);
            let farthest = (self.first..=last).find(|&n| moves(n)).unwrap_or(self.first);
            let from = farthest.min(last.saturating_sub(LEAST_SITES - 1)).max(self.first);
            some(last - from + 1, CELLS).into_iter().map(|d| last - d).collect()
        } else {
            self.sites()
        };
        let end = self.is_driven_at_its_end();
        let place = |&n: &usize| if end { (last - n) as f64 } else { self.positions[n] };
        let xs: Vec<f64> = sites.iter().map(place).collect();
        let label = if end { "distance from the driven end  *N* − *n*" } else { "*x*" };
        // A period is closed: its last phase is its first. Cells are around their centres.
        let closed = || (0..phases.len()).chain([0]);
        let mut ys: Vec<f64> = phases.iter().map(|phase| phase.time).collect();
        ys.push(ys[0] + 1.0);
        let half = 0.5 / phases.len() as f64;
        let wide = if xs.len() > 1 { 0.5 * (xs[1] - xs[0]) } else { 0.5 };
        Panel {
            title: column.name.into(),
            parameters: self.parameters(&ys[..phases.len()]),
            x: Axis::new(label).over(xs[0] - wide, xs[xs.len() - 1] + wide),
            y: Axis::new("phase").over(ys[0] - half, ys[phases.len()] + half),
            map: Some(Map {
                quantity: format!("{} − average", column.symbol),
                xs,
                values: closed()
                    .map(|phase| sites.iter().map(|&n| values[phase][n]).collect())
                    .collect(),
                ys,
                range: (-largest, largest),
                divergent: true,
                bar: true,
                errors: closed().map(|phase| errors[phase]).collect(),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// Whether the force at the right end is the only one that oscillates.
    fn is_driven_at_its_end(&self) -> bool {
        let chain = self.setting.chain;
        let elsewhere = chain.coefficients().is_some_and(|general| {
            let mut others = general.forces.iter().filter(|force| force.site != chain.bonds);
            others.any(|force| !force.harmonics.is_empty())
        });
        chain.topology == Topology::Open && !chain.force.harmonics.is_empty() && !elsewhere
    }
}

fn deviation<'a>(
    column: &'a Column,
    index: usize,
    phases: &[Curves],
    average: &Curves,
) -> Deviation<'a> {
    let mean = (column.values)(average);
    let of_phase = |phase: &Curves| -> Vec<f64> {
        (column.values)(phase).iter().zip(mean).map(|(value, mean)| value - mean).collect()
    };
    let values: Vec<Vec<f64>> = phases.iter().map(of_phase).collect();
    let most = values.iter().map(|row| largest(row)).fold(0.0, f64::max);
    let errors = phases.iter().map(|phase| phase.errors[index] + average.errors[index]).collect();
    Deviation { column, values, largest: most, errors }
}

#[cfg(test)]
mod tests {
    use super::super::profiles::tests::{chain, profile, setting};
    use super::super::profiles::{profiles, report};
    use super::*;
    use crate::chain::Chain;
    use num_complex::Complex64;

    /// Sixty bonds, shaken at the right end.
    fn shaken() -> Chain {
        let mut chain = chain(Topology::Open, 60);
        chain.force.harmonics = vec![(1, Complex64::new(1.0, 0.0))];
        chain
    }

    /// `count` phases whose elongations deviate near the right end, by 1/2 from bond to bond.
    fn all(count: usize) -> Vec<Profile> {
        let phase = |k: usize| {
            let time = if k < count { k as f64 / count as f64 } else { f64::INFINITY };
            let mut profile = profile(61, time);
            profile.current = vec![0.1; 61];
            let size = if k < count { 0.2 * (std::f64::consts::TAU * time).cos() } else { 0.0 };
            for (n, r) in profile.mean_r.iter_mut().enumerate() {
                *r += size * 0.5f64.powi(60 - n as i32);
            }
            profile
        };
        (0..=count).map(phase).collect()
    }

    #[test]
    fn the_deviations_of_phases_are_shown_where_they_are() {
        let chain = shaken();
        for count in [4, 8, 200] {
            let figures = profiles(&all(count), setting(&chain, Outputs::Phases));
            let [average, map] = &figures[..] else { panic!("{count}: two figures") };
            assert_eq!((&*average.name, &*map.name), ("profiles", "map"));
            for panel in &average.panels {
                let names: Vec<String> = panel.layers.iter().map(|l| l.series()).collect();
                assert_eq!(names, ["average over a period"]);
            }
            // The thermal energy and the current do not deviate at all.
            assert!(map.heading.contains("none of *e*_{heat} and *J*"), "{}", map.heading);
            assert_eq!(map.panels.len(), 2);
            let r = map.panels[0].map.as_ref().unwrap();
            // A hundredth is reached after 6.6 halvings.
            assert_eq!(r.xs, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            assert_eq!((r.ys.len(), r.ys[0], r.ys[count]), (count + 1, 0.0, 1.0));
            assert_eq!(
                (&r.values[0], r.range),
                (&r.values[count], (-r.values[0][0], r.values[0][0]))
            );
            assert!((r.values[0][3] - 0.025).abs() < 1e-12 && r.divergent);
            let half = r.ys.iter().position(|&y| y == 0.5).unwrap();
            assert!((r.values[half][0] + 0.2).abs() < 1e-12);
        }
    }

    #[test]
    fn a_few_phases_are_curves_and_a_page_has_all_of_them() {
        let chain = shaken();
        let setting = setting(&chain, Outputs::Phases);
        let few = profiles(&all(FEW), setting);
        assert_eq!((few.len(), few[0].panels[0].layers.len()), (1, FEW + 1));
        let page = report(&all(8), setting);
        assert_eq!(page.panels[0].layers.len(), 9);
        assert_eq!(page.panels.iter().filter(|panel| panel.map.is_some()).count(), 2);
    }
}
