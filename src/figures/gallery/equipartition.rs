//! Var r_n - Var p_n in site and time, and its time integral against N.

use super::caption::{fill, of_chain, sizes, tex_number};
use super::{
    Entry, GalleryError, Source, against_size, bonds, geometric, measure, moments, order_label,
};
use crate::figures::parameters::numbers;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Map, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::observe::statement::EQUIPARTITION_L1;

pub(super) const ENTRY: Entry = Entry {
    name: "equipartition",
    title: "Kinetic and potential heat become equal",
    caption,
    scenario: Some("equipartition"),
    figure,
};

const SIZES: [usize; 5] = [16, 32, 64, 128, 256];
/// The largest colour, of |Var r_n - Var p_n|.
const COLOUR: f64 = 0.6;

/// What sets N of panel (a): a number that the user gave, but not a list, which is for panel (b).
fn mapped(source: &Source<'_>) -> Vec<String> {
    if source.is_list("chain.bonds") { vec![bonds(64)] } else { vec![] }
}

/// The sizes of panel (b).
fn fitted(source: &Source<'_>) -> Result<Vec<usize>, GalleryError> {
    if source.is_list("chain.bonds") { source.sizes(&SIZES) } else { Ok(SIZES.to_vec()) }
}

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let (scenario, chain, _) = source.law(&mapped(source))?;
    let momentum = scenario.require_initial("equipartition")?.momentum.source().to_owned();
    let text = r"(a) $\mathrm{Var}\ r_n - \mathrm{Var}\ p_n$ of a chain of $N = @N@$ bonds
        ($\bar F = @F@$, @chain@) that starts with equal variances and the momentum `@p@`. Flips
        turn the ordered momentum into heat of the momenta (negative); within a few units of
        microscopic time elongations take their half, and what remains is of order $1/N$. Colours
        end at $\pm @colour@$. (b) The time integral of the difference up to $t = 1$, in units of
        $N^2$, against $N = @sizes@$: its largest average against a test function $G$ ($1$,
        $\cos \pi k x$, $\sin \pi k x$, $k \le 4$) and its average size over the sites; orders
        fitted to the larger sizes.";
    Ok(fill(
        text,
        &[
            ("N", chain.bonds.to_string()),
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
            ("p", momentum),
            ("colour", tex_number(COLOUR)),
            ("sizes", sizes(&fitted(source)?)),
        ],
    ))
}

fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let (_, chain, law) = source.law(&mapped(source))?;
    let bonds = chain.bonds;
    let times = geometric(0.05, (bonds * bonds) as f64, 61);
    let last = times[60];
    let solutions = moments(&chain, &law, &times, true, &monitor.part(0.0, 0.3))?;
    let difference = |v: &[f64]| (1..=bonds).map(|n| v[n - 1] - v[bonds + n]).collect();
    let map = Map {
        quantity: "Var *r*_{*n*} − Var *p*_{*n*}".into(),
        name: format!("Var r_n - Var p_n, N = {bonds}"),
        xs: (1..=bonds).map(|n| n as f64 / bonds as f64).collect(),
        ys: times,
        values: solutions.iter().map(|s| difference(&s.moments.variance)).collect(),
        range: (-COLOUR, COLOUR),
        divergent: true,
        bar: true,
        errors: solutions.iter().map(|s| s.errors.var_r + s.errors.var_p).collect(),
    };
    let fitted = fitted(source)?;
    let sizes: Vec<_> = fitted.iter().map(|&n| (n, true)).collect();
    let all = measure(source, &sizes, &[1.0], &monitor.part(0.3, 1.0))?;
    let mut layers = Vec::new();
    let statements = [("equipartition", "test functions"), (EQUIPARTITION_L1.name, "average size")];
    for (index, (statement, says)) in statements.into_iter().enumerate() {
        let colour = Colour::Palette(index);
        let (found, order) = against_size(&all, statement, 1.0, says, colour, |m| m.value);
        let label = format!("{says}  {}", order_label(order));
        layers.extend(found.map(|layer| Layer { label: label.clone(), ..layer }));
    }
    let parameters = source.parameters()?;
    let list = numbers(&fitted.iter().map(|n| *n as f64).collect::<Vec<_>>());
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 68.0),
        columns: 2,
        panels: vec![
            Panel {
                parameters: parameters.clone().with("tau", "0.05 to N^2 (the axis)"),
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::log("microscopic time  *τ*").over(0.05, last),
                map: Some(map),
                ..Default::default()
            },
            Panel {
                parameters: parameters.with("N", list).with("t = tau/N^2", 1),
                x: Axis::log("*N*"),
                y: Axis::log("|∫ (Var *r* − Var *p*) d*t*|"),
                layers,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        ..Default::default()
    })
}
