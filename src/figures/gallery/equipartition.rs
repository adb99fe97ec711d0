//! Var r_n - Var p_n in site and time, and its time integral against N.

use super::{
    Entry, GalleryError, against_size, chain, geometric, measure, moments, order_label, scenario,
};
use crate::chain::InitialLaw;
use crate::figures::{Axis, Colour, Corner, Figure, Map, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;
use crate::observe::theorems::EQUIPARTITION_L1;

pub(super) const ENTRY: Entry = Entry {
    name: "equipartition",
    title: "Kinetic and potential heat become equal",
    caption: "(a) Var r_n − Var p_n of a chain of N = 64 bonds (F̄ = 2, T₋ = 2, T₊ = 1, γ = 1) that starts with equal variances, the stationary \
              elongation and the momentum sin 2πx. Flips turn the ordered momentum into heat of the momenta (blue); within a few units of \
              microscopic time elongations take their half, and what remains is of order 1/N. Colours end at ±0.2. (b) The time integral of the \
              difference up to t = 1, in units of N², against N: its largest average against a test function G (1, cos πkx, sin πkx, k ≤ 4) and its \
              average size over the sites; orders fitted to the larger sizes.",
    scenario: Some("equipartition"),
    figure,
};

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let scenario = scenario("equipartition", &[])?;
    let (chain, law) = (chain("equipartition", &[])?, InitialLaw::read(&scenario)?);
    let bonds = chain.bonds;
    let times = geometric(0.05, 4096.0, 61);
    let solutions = moments(&chain, &law, &times, true, &monitor.part(0.0, 0.3))?;
    let difference = |v: &[f64]| (1..=bonds).map(|n| v[n - 1] - v[bonds + n]).collect();
    let map = Map {
        quantity: "Var *r*_{*n*} − Var *p*_{*n*}".into(),
        xs: (1..=bonds).map(|n| n as f64 / bonds as f64).collect(),
        ys: times,
        values: solutions.iter().map(|s| difference(&s.moments.variance)).collect(),
        range: (-0.2, 0.2),
        divergent: true,
        bar: true,
        error: solutions.iter().map(|s| s.errors.var_r + s.errors.var_p).fold(0.0, f64::max),
    };
    let sizes = [16, 32, 64, 128, 256].map(|n| (n, true));
    let all = measure("equipartition", &sizes, &[1.0], &monitor.part(0.3, 1.0))?;
    let mut layers = Vec::new();
    let statements = [("equipartition", "test functions"), (EQUIPARTITION_L1.name, "average size")];
    for (index, (statement, says)) in statements.into_iter().enumerate() {
        let (_, order) = against_size(&all, statement, 1.0, "", Colour::Ink, |m| m.value);
        let label = format!("{says}  {}", order_label(order));
        layers.extend(
            against_size(&all, statement, 1.0, &label, Colour::Palette(index), |m| m.value).0,
        );
    }
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 68.0),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::new("*x* = *n*/*N*").over(0.0, 1.0),
                y: Axis::log("microscopic time  *τ*").over(0.05, 4096.0),
                map: Some(map),
                ..Default::default()
            },
            Panel {
                x: Axis::log("*N*"),
                y: Axis::log("|∫ (Var *r* − Var *p*) d*t*|"),
                layers,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        key: None,
    })
}
