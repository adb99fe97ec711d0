//! Stationary heat for several forces, and where it is hottest: e_heat = F̄² x(1-x) + (T_+ - T_-) x +
//! T_-.

use super::{Entry, GalleryError, chain, curve, even, some_sites, stationary};
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "parabola",
    title: "Stationary heat: hottest where no thermostat is",
    caption: "(a) Stationary thermal energy e_heat of a chain between thermostats T₋ = 2 and T₊ = 1, pulled by a constant force F̄ (γ = 1). Discs: the \
              exact chain of N = 50 bonds; curves: the macroscopic limit e_heat = F̄²x(1−x) + (T₊−T₋)x + T₋. Beyond the threshold F̄² = |T₊−T₋| the \
              maximum (diamonds) leaves the hot end and moves along the dashed curve towards x = 1/2. (b) Its place x_max = 1/2 + (T₊−T₋)/(2F̄²) \
              against F̄² (curve) and in the exact chain of N = 1000 bonds (circles: vertex of the parabola through the hottest site and its \
              neighbours). Grey: the threshold.",
    scenario: Some("parabola"),
    figure,
};

const HOT: f64 = 2.0;
const COLD: f64 = 1.0;

fn heat(force: f64, x: f64) -> f64 {
    force * force * x * (1.0 - x) + (COLD - HOT) * x + HOT
}

fn hottest(square: f64) -> f64 {
    (0.5 + (COLD - HOT) / (2.0 * square)).max(0.0)
}

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let forces = [0.0, 1.0, 1.5, 2.0, 2.5];
    let (mut curves, mut discs, mut peaks) = (vec![], vec![], vec![]);
    for (index, &force) in forces.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (forces.len() - 1) as f64);
        curves.push(curve(&format!("{force}"), colour, &even(0.0, 1.0, 201), |x| heat(force, x)));
        let profile =
            stationary(&chain("parabola", &[&format!("right.force.mean={force}")])?, monitor)?;
        let thermal = profile.thermal();
        // Site 0 has no bond.
        let points =
            some_sites(50, 25).filter(|n| *n > 0).map(|n| (n as f64 / 50.0, thermal[n])).collect();
        discs.push(Layer::new("", Mark::Disc, colour, points).within(profile.errors.thermal));
        if force * force >= HOT - COLD {
            let x = hottest(force * force);
            peaks.push((x, heat(force, x)));
        }
    }
    let locus = even(1.0, 2.7, 100)
        .into_iter()
        .map(|f| (hottest(f * f), heat(f, hottest(f * f))))
        .collect();
    let locus = Layer::new("", Mark::Dashed, Colour::Ink, locus);
    let peaks = Layer::new("", Mark::Diamond, Colour::Ink, peaks);
    let squares = even(0.0, 8.0, 321);
    let theory = curve("limit", Colour::Palette(0), &squares, |square| {
        if square > 0.0 { hottest(square) } else { 0.0 }
    });
    let mut measured = Vec::new();
    for &square in &[0.25, 0.5, 0.75, 1.0, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0] {
        let chain = chain(
            "parabola",
            &["chain.bonds=1000", &format!("right.force.mean={}", f64::sqrt(square))],
        )?;
        measured.push((square, vertex(&stationary(&chain, monitor)?.thermal())));
    }
    let measured = Layer::new("exact, *N* = 1000", Mark::Ring, Colour::Palette(1), measured);
    let threshold = Layer::guide((HOT - COLD, 0.0), (HOT - COLD, 0.5));
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::new("thermal energy  *e*_{heat}").over(0.9, 3.6),
                layers: [curves, discs, vec![locus, peaks]].concat(),
                ..Default::default()
            },
            Panel {
                x: Axis::new("*F\u{304}*²").over(0.0, 8.0),
                y: Axis::new("hottest place  *x*_{max}").over(-0.02, 0.5),
                layers: vec![threshold, theory, measured],
                notes: vec![Note {
                    label: "*F\u{304}*² = |*T*_{+} − *T*_{−}|".into(),
                    at: (1.5, 0.06),
                    ..Default::default()
                }],
                legend: Some(Corner::BottomRight),
                ..Default::default()
            },
        ],
        key: Some("*F\u{304}*".into()),
    })
}

/// x of the vertex of the parabola through the largest value and its neighbours; the end where that
/// is the largest. Site 0 has no bond.
fn vertex(values: &[f64]) -> f64 {
    let last = values.len() - 1;
    let top = (1..=last).fold(1, |best, n| if values[n] > values[best] { n } else { best });
    if top == 1 || top == last {
        return if top == 1 { 0.0 } else { 1.0 };
    }
    let (before, at, after) = (values[top - 1], values[top], values[top + 1]);
    (top as f64 + 0.5 * (before - after) / (before - 2.0 * at + after)) / last as f64
}
