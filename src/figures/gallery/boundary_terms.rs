//! The time integrals of the momenta at the ends, which the proof needs to be of order 1/N.

use super::{Entry, GalleryError, geometric, measure_means};
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "boundary_terms",
    title: "Boundary terms are of order 1/N",
    caption: "N times |∫₀ᵗ p̄(sN²) ds| at (a) the left and (b) the right end of the chain of the figure `evolution`, against t. Curves: exact chains; dashed: the \
              limit (1/2γ)∫₀ᵗ ∂_x r ds at the end. The theory bounds them by C(t+1): here they follow the limit from t ~ 1/N² on, and N times them \
              stays below F̄(t+1)/(2γ) at both ends (grey).",
    scenario: Some("evolution"),
    figure,
};

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let times = geometric(1e-5, 1.0, 41);
    let sizes = [16usize, 64, 256, 1024];
    let all = measure_means("evolution", &sizes, &times, monitor)?;
    let panel = |statement: &str, label: &str, bottom: f64| {
        let bound = times.iter().map(|&t| (t, t + 1.0)).collect();
        let mut layers =
            vec![Layer::new("(*t* + 1) *F\u{304}*/2*γ*", Mark::Line, Colour::Grey, bound)];
        for (index, bonds) in sizes.into_iter().enumerate() {
            let rows: Vec<_> =
                all.iter().filter(|m| m.statement == statement && m.bonds == bonds).collect();
            let n = bonds as f64;
            let error = rows.iter().map(|m| n * m.error).fold(0.0, f64::max);
            // What has not arrived yet is rounding.
            let points =
                rows.iter().filter(|m| m.value > m.error).map(|m| (m.time, n * m.value)).collect();
            let colour = Colour::Map(index as f64 / (sizes.len() - 1) as f64);
            layers.push(
                Layer::new(format!("*N* = {bonds}"), Mark::Line, colour, points).within(error),
            );
            if index + 1 == sizes.len() {
                let limit =
                    rows.iter().map(|m| (m.time, m.scaled_limit.unwrap_or(f64::NAN))).collect();
                layers.push(Layer::new("*N* → ∞", Mark::Dashed, Colour::Ink, limit));
            }
        }
        Panel {
            x: Axis::log("*t* = *τ*/*N*²").over(1e-5, 1.0),
            y: Axis::log(label).over(bottom, 4.0),
            layers,
            legend: Some(if bottom < 1e-3 { Corner::BottomLeft } else { Corner::BottomRight }),
            ..Default::default()
        }
    };
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 66.0),
        columns: 2,
        panels: vec![
            panel("boundary_left", "*N* |∫ *p\u{304}*_{0} d*s*|", 1e-8),
            panel("boundary_right", "*N* |∫ *p\u{304}*_{*N*} d*s*|", 1e-3),
        ],
        key: None,
    })
}
