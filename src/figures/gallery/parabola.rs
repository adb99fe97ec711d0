//! Stationary heat for several forces, and where it is hottest: e_heat = F̄² x(1-x) + (T_+ - T_-) x
//! + T_-.

use super::caption::{fill, of_chain, row, tex_number};
use super::{Entry, GalleryError, Source, bonds, curve, even, set, some_sites, stationary};
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "parabola",
    title: "Stationary heat: hottest where no thermostat is",
    caption,
    scenario: Some("parabola"),
    figure,
};

const FORCE: &str = "right.force.mean";
const FORCES: [f64; 5] = [0.0, 1.0, 1.5, 2.0, 2.5];
/// Bonds of the chain whose hottest place is measured.
const LONG: usize = 1000;

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let forces = source.values(FORCE, &FORCES)?;
    let (chain, [left, right]) = source.pulled(&[set(FORCE, forces[0])])?;
    let text = r"(a) Stationary thermal energy $e_{\rm heat}$ of a chain between two thermostats
        (@chain@), pulled by a constant force $\bar F = @forces@$. Discs: the exact chain of
        $N = @N@$ bonds; curves: the macroscopic limit
        $e_{\rm heat} = \bar F^2 x(1-x) + (T_+ - T_-)x + T_-$. @maximum@ (b) Its place
        $x_{\rm max} = 1/2 + (T_+ - T_-)/(2\bar F^2)$ against $\bar F^2$ (curve) and in the exact
        chain of $N = @long@$ bonds (circles: vertex of the parabola through the hottest site and
        its neighbours).@threshold@";
    let limit = Limit { left, right };
    let gap = tex_number(limit.gap());
    let beyond = format!(r"Beyond the threshold $\bar F^2 = |T_+ - T_-| = {gap}$ the maximum");
    let has_peaks = forces.iter().any(|&force| limit.is_inside(force));
    // The caption explains only the marks that are drawn.
    let maximum = match (limit.gap() > 0.0, has_peaks) {
        (true, true) => format!(
            "{beyond} (diamonds) leaves the hot end and moves along the dashed curve towards \
             $x = 1/2$."
        ),
        (true, false) => format!("{beyond} leaves the hot end and moves towards $x = 1/2$."),
        (false, true) => "The maximum (diamonds) is in the middle.".into(),
        (false, false) => "With a force the maximum is in the middle.".into(),
    };
    let threshold = if limit.gap() > 0.0 { " Grey: the threshold." } else { "" };
    Ok(fill(
        text,
        &[
            ("chain", of_chain(&chain)),
            ("forces", row(&forces)),
            ("N", chain.bonds.to_string()),
            ("maximum", maximum),
            ("threshold", threshold.into()),
            ("long", LONG.to_string()),
        ],
    ))
}

/// The limit between temperatures at the ends.
#[derive(Clone, Copy)]
struct Limit {
    left: f64,
    right: f64,
}

impl Limit {
    fn heat(self, force: f64, x: f64) -> f64 {
        force * force * x * (1.0 - x) + (self.right - self.left) * x + self.left
    }

    /// |T_+ - T_-|
    fn gap(self) -> f64 {
        (self.right - self.left).abs()
    }

    /// Whether the maximum has left the hotter end, or is just about to.
    fn is_inside(self, force: f64) -> bool {
        force * force >= self.gap() && force != 0.0
    }

    /// x_max; the hotter end below the threshold.
    fn hottest(self, square: f64) -> f64 {
        let tilt = self.right - self.left;
        if square <= tilt.abs() {
            return if tilt > 0.0 { 1.0 } else { 0.0 };
        }
        0.5 + tilt / (2.0 * square)
    }
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let forces = source.values(FORCE, &FORCES)?;
    let (first, [left, right]) = source.pulled(&[set(FORCE, forces[0])])?;
    let limit = Limit { left, right };
    let n = first.bonds;
    let (mut curves, mut discs, mut peaks) = (vec![], vec![], vec![]);
    for (index, &force) in forces.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (forces.len() - 1).max(1) as f64);
        let label = format!("*F\u{304}* = {}", number(force));
        let plain = numbers(&[force]);
        curves.push(
            curve(&label, colour, &even(0.0, 1.0, 201), |x| limit.heat(force, x))
                .named(format!("limit, F = {plain}")),
        );
        let profile = stationary(&source.chain(&[set(FORCE, force)])?, monitor)?;
        let thermal = profile.thermal();
        // Site 0 has no bond.
        let points = some_sites(n, 25)
            .filter(|s| *s > 0)
            .map(|s| (s as f64 / n as f64, thermal[s]))
            .collect();
        discs.push(
            Layer::new("", Mark::Disc, colour, points)
                .named(format!("exact, F = {plain}, N = {n}"))
                .within(profile.errors.thermal),
        );
        if limit.is_inside(force) {
            let x = limit.hottest(force * force);
            peaks.push((x, limit.heat(force, x)));
        }
    }
    let largest = forces.iter().fold(0.0f64, |most, f| most.max(f.abs()));
    let mut layers = [curves, discs].concat();
    if !peaks.is_empty() && limit.gap() > 0.0 {
        let locus = even(limit.gap().sqrt(), 1.08 * largest, 100).into_iter();
        let locus =
            locus.map(|f| (limit.hottest(f * f), limit.heat(f, limit.hottest(f * f)))).collect();
        layers.push(
            Layer::new("", Mark::Dashed, Colour::Ink, locus).named("path of the maximum").formula(),
        );
    }
    if !peaks.is_empty() {
        layers.push(
            Layer::new("", Mark::Diamond, Colour::Ink, peaks)
                .named("maximum of the limit")
                .formula(),
        );
    }
    let parameters = source.parameters()?.with("mean force F", numbers(&forces));
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            Panel {
                parameters,
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::new("thermal energy  *e*_{heat}"),
                layers,
                legend: Some(Corner::TopRight),
                ..Default::default()
            },
            hottest_place(source, limit, monitor)?,
        ],
        ..Default::default()
    })
}

/// Panel (b).
fn hottest_place(
    source: &Source<'_>,
    limit: Limit,
    monitor: &Monitor,
) -> Result<Panel, GalleryError> {
    let unit = if limit.gap() > 0.0 { limit.gap() } else { 1.0 };
    let theory = curve("limit", Colour::Palette(0), &even(0.0, 8.0 * unit, 321), |square| {
        limit.hottest(square)
    });
    let (mut measured, mut errors) = (vec![], vec![]);
    for part in [0.25, 0.5, 0.75, 1.0, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0] {
        let square = part * unit;
        let profile =
            stationary(&source.chain(&[bonds(LONG), set(FORCE, f64::sqrt(square))])?, monitor)?;
        let (place, error) = vertex(&profile.thermal(), profile.errors.thermal);
        measured.push((square, place));
        errors.push(error);
    }
    let label = format!("exact, *N* = {LONG}");
    let measured = Layer::new(label, Mark::Ring, Colour::Palette(1), measured).with_errors(errors);
    let (bottom, top) = if limit.right > limit.left { (0.5, 1.02) } else { (-0.02, 0.5) };
    let mut layers = vec![theory.named("limit").formula(), measured];
    let mut notes = vec![];
    if limit.gap() > 0.0 {
        let name = "threshold, F^2 = |T_+ - T_-|";
        layers.insert(0, Layer::guide(name, (unit, bottom), (unit, top)));
        notes.push(Note {
            label: "*F\u{304}*² = |*T*_{+} − *T*_{−}|".into(),
            at: (1.25 * unit, if bottom < 0.0 { 0.03 } else { 0.97 }),
            colour: Colour::Grey,
            ..Default::default()
        });
    }
    let squares = format!("0 to {} (the axis)", 8.0 * unit);
    Ok(Panel {
        parameters: source.parameters()?.with("N", LONG).with("square of the mean force", squares),
        x: Axis::new("*F\u{304}*²").over(0.0, 8.0 * unit),
        y: Axis::new("hottest place  *x*_{max}").over(bottom, top),
        layers,
        notes,
        legend: Some(Corner::BottomRight),
        ..Default::default()
    })
}

/// x of the vertex of the parabola through the largest value and its neighbours, and its error
/// where each value is off by `error`; the end where that is the largest. Site 0 has no bond.
fn vertex(values: &[f64], error: f64) -> (f64, f64) {
    let last = values.len() - 1;
    let top = (1..=last).fold(1, |best, n| if values[n] > values[best] { n } else { best });
    if top == 1 || top == last {
        let next = if top == 1 { values[2.min(last)] } else { values[last - 1] };
        // No value but a neighbour's can be as large.
        let certain = values[top] - next > 2.0 * error;
        let place = if top == 1 { 0.0 } else { 1.0 };
        return (place, if certain { 0.0 } else { 2.0 / last as f64 });
    }
    let (before, at, after) = (values[top - 1], values[top], values[top + 1]);
    let bend = before - 2.0 * at + after;
    let offset = 0.5 * (before - after) / bend;
    let unsure = error * (1.0 + 4.0 * offset.abs()) / (bend.abs() - 4.0 * error).max(0.0);
    ((top as f64 + offset) / last as f64, unsure.min(1.0) / last as f64)
}
