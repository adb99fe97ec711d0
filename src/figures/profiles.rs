//! Elongation, mechanical and thermal energy over x, one curve an output time.

use super::style::DOUBLE_COLUMN;
use super::{Axis, Colour, Figure, Layer, Mark, Panel};
use crate::covariance::moments::largest;
use crate::observe::Profile;

/// More points than this on one curve cannot be seen at print size.
const POINTS: usize = 1500;
/// More entries than this do not fit into the key; the curves are all drawn.
const ENTRIES: usize = 10;

/// Values below this part of their natural size are rounding.
const ROUNDING: f64 = 1e-13;

/// What is drawn of one output time, one entry a position.
pub struct Curves {
    /// t; infinite for a stationary state.
    pub time: f64,
    /// r̄
    pub elongation: Vec<f64>,
    /// e_mech
    pub mechanical: Vec<f64>,
    /// e_heat
    pub thermal: Vec<f64>,
}

/// Figure `profiles` of a run; `positions` are the sites' x and `unit` what time is measured in.
/// Open chains leave out r_0 = 0, which is no bond.
pub fn profiles(profiles: &[Profile], positions: &[f64], first_bond: usize, unit: &str) -> Figure {
    let curves = |profile: &Profile| Curves {
        time: profile.time,
        elongation: profile.mean_r.clone(),
        mechanical: profile.mechanical(),
        thermal: profile.thermal(),
    };
    over_space(
        "profiles",
        &profiles.iter().map(curves).collect::<Vec<_>>(),
        positions,
        first_bond,
        unit,
    )
}

/// Figure `limit`: the same of the macroscopic equations.
pub fn limit(curves: &[Curves], positions: &[f64]) -> Figure {
    over_space("limit", curves, positions, 0, "*τ*/*N*²")
}

/// One panel a quantity, one curve a time.
fn over_space(
    name: &str,
    outputs: &[Curves],
    positions: &[f64],
    first: usize,
    unit: &str,
) -> Figure {
    let count = outputs.len();
    let every = positions.len().div_ceil(POINTS).max(1);
    let sparse = count.div_ceil(ENTRIES).max(1);
    let layers = |column: &dyn Fn(&Curves) -> &[f64]| -> Vec<Layer> {
        let curve = |(index, output): (usize, &Curves)| {
            let values = column(output);
            let last = positions.len() - 1;
            let shown = (first..=last).filter(|n| n % every == 0 || *n == first || *n == last);
            let points: Vec<_> = shown.map(|n| (positions[n], values[n])).collect();
            // Counted from the last output, so that the last is always in the key.
            let label = if (count - 1 - index).is_multiple_of(sparse) {
                time_label(output.time)
            } else {
                String::new()
            };
            Layer {
                label,
                // One point is no line: the chain of one bond.
                mark: if points.len() == 1 { Mark::Disc } else { Mark::Line },
                colour: if count == 1 {
                    Colour::Palette(0)
                } else {
                    Colour::Map(index as f64 / (count - 1) as f64)
                },
                points,
                ..Default::default()
            }
        };
        outputs.iter().enumerate().map(curve).collect()
    };
    let most = |column: &dyn Fn(&Curves) -> &[f64]| {
        outputs.iter().map(|c| largest(column(c))).fold(0.0, f64::max)
    };
    let energy = most(&|c| &c.mechanical).max(most(&|c| &c.thermal));
    // What is rounding beside its `natural` size is shown as the zero that it is.
    let panel = |label: &str, natural: f64, column: &dyn Fn(&Curves) -> &[f64]| Panel {
        x: Axis::new("*x*").over(0.0, 1.0),
        y: match most(column) {
            size if size > 0.0 && size <= ROUNDING * natural => {
                Axis::new(label).over(-natural, natural)
            }
            _ => Axis::new(label),
        },
        layers: layers(column),
        ..Default::default()
    };
    Figure {
        name: name.into(),
        size: (DOUBLE_COLUMN, 58.0),
        columns: 3,
        panels: vec![
            panel("mean elongation  *r\u{304}*", energy.sqrt(), &|c| &c.elongation),
            panel("mechanical energy  *e*_{mech}", energy, &|c| &c.mechanical),
            panel("thermal energy  *e*_{heat}", energy, &|c| &c.thermal),
        ],
        // The unit is the command's word for it, plain: its letters are slanted here.
        key: Some(if unit.is_empty() {
            "time".into()
        } else {
            format!("*t* = {}", unit.replace('*', "").replace('τ', "*τ*").replace('N', "*N*"))
        }),
    }
}

/// A time as a label: three significant digits, powers of ten outside 0.001 ... 10000.
pub(super) fn time_label(time: f64) -> String {
    if time.is_infinite() {
        return "∞".into();
    }
    if time == 0.0 {
        return "0".into();
    }
    let power = time.log10().floor() as i32;
    let mantissa: f64 = format!("{:.2}", time / 10f64.powi(power)).parse().unwrap_or(1.0);
    match power {
        -3..=3 => format!("{}", format!("{time:.2e}").parse::<f64>().unwrap_or(time)),
        _ if mantissa == 1.0 => format!("10^{{{power}}}").replace('-', "−"),
        _ => format!("{mantissa}·10^{{{power}}}").replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let labels =
            [0.0, 0.001, 0.0026826957, 1.0, 1234.0, 1e-5, 2.5e7, f64::INFINITY].map(time_label);
        assert_eq!(labels, ["0", "0.001", "0.00268", "1", "1230", "10^{−5}", "2.5·10^{7}", "∞"]);
    }

    #[test]
    fn the_chain_of_one_bond_is_drawn_as_a_point() {
        let profile = Profile {
            mean_r: vec![0.0, 0.3],
            mean_p: vec![0.0; 2],
            var_r: vec![0.0, 1.0],
            var_p: vec![1.0; 2],
            ..Default::default()
        };
        let figure = profiles(&[profile], &[0.0, 1.0], 1, "τ");
        for layer in figure.panels.iter().flat_map(|panel| &panel.layers) {
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
            ..Default::default()
        };
        let figure = profiles(&[profile], &[0.0, 0.5], 0, "τ");
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
        assert_eq!(places(0.0), [Some(0.5), Some(0.5), None]);
        assert_eq!(places(2.0)[..2], [Some(1.0), Some(0.75)]);
    }

    #[test]
    fn every_curve_is_drawn_and_the_last_is_named() {
        let positions: Vec<f64> = (0..5001).map(|n| n as f64 / 5000.0).collect();
        let profile = |i: usize| Profile {
            time: i as f64,
            mean_r: vec![0.0; 5001],
            mean_p: vec![0.0; 5001],
            var_r: vec![1.0; 5001],
            var_p: vec![1.0; 5001],
            ..Default::default()
        };
        let figure = profiles(&(0..25).map(profile).collect::<Vec<_>>(), &positions, 1, "τ");
        assert_eq!(figure.panels.len(), 3);
        for panel in &figure.panels {
            assert_eq!(panel.layers.len(), 25);
            assert_eq!(panel.layers[24].label, "24");
            assert!(panel.layers.iter().filter(|l| !l.label.is_empty()).count() <= ENTRIES);
            assert!(
                panel
                    .layers
                    .iter()
                    .all(|l| l.points.len() <= POINTS + 2
                        && l.points.last().map(|p| p.0) == Some(1.0))
            );
        }
    }
}
