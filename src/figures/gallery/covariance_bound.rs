//! C_N(t) and its part without the variances against N and log² N.

use super::{Entry, GalleryError, against_size, measure, order_label};
use crate::figures::profiles::time_label;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;

pub(super) const ENTRY: Entry = Entry {
    name: "covariance_bound",
    title: "The bound on the covariance is not reached",
    caption: "C_N(t) = (1/N) Σ_{n,k} [Cov(p_n,r_k)² + Cov(p_n,p_k)² + Cov(r_n,r_k)²] of the chain of the figure `evolution`, which starts with independent \
              coordinates. (a) Against N; dashed: the limit 2∫e_heat² dx of local equilibrium. (b) The same less its value at t = 0, against log²N, in \
              which the bound C_N(0) + C t log²N is a straight line from the origin (black: with the smallest C that serves at t = 1): the growth that \
              the bound allows is not there. (c) The part without the variances vanishes.",
    scenario: Some("evolution"),
    figure,
};

const TIMES: [f64; 3] = [0.01, 0.1, 1.0];

fn figure(monitor: &Monitor) -> Result<Figure, GalleryError> {
    let sizes = [16, 32, 64, 128, 256].map(|n| (n, true));
    let all = measure("evolution", &sizes, &TIMES, monitor)?;
    let log_square = |n: f64| n.ln().powi(2);
    let (mut whole, mut against_log, mut rest) = (vec![], vec![], vec![]);
    for (index, time) in TIMES.into_iter().enumerate() {
        let colour = Colour::Map(index as f64 / 2.0);
        let label = time_label(time);
        whole.extend(against_size(&all, "covariance", time, &label, colour, |m| m.value).0);
        let limits =
            against_size(&all, "covariance", time, "", colour, |m| m.limit.unwrap_or(f64::NAN)).0;
        whole.push(Layer { mark: Mark::Dashed, ..limits[0].clone() });
        for mut layer in against_size(&all, "covariance", time, "", colour, |m| m.value - m.start).0
        {
            layer.points.iter_mut().for_each(|p| p.0 = log_square(p.0));
            against_log.push(layer);
        }
        let (_, order) =
            against_size(&all, "covariance_offdiagonal", time, "", colour, |m| m.value);
        let label = format!("{}: {}", time_label(time), order_label(order));
        rest.extend(
            against_size(&all, "covariance_offdiagonal", time, &label, colour, |m| m.value).0,
        );
    }
    let last = all.iter().filter(|m| m.statement == "covariance" && m.time == 1.0);
    let constant =
        last.map(|m| (m.value - m.start) / log_square(m.bonds as f64)).fold(0.0, f64::max);
    let most = log_square(300.0);
    against_log.push(Layer::new(
        "",
        Mark::Guide,
        Colour::Ink,
        vec![(0.0, 0.0), (most, constant * most)],
    ));
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                x: Axis::log("*N*"),
                y: Axis::new("*C*_{*N*}(*t*)"),
                layers: whole,
                ..Default::default()
            },
            Panel {
                x: Axis::new("log² *N*").over(0.0, most),
                y: Axis::new("*C*_{*N*}(*t*) − *C*_{*N*}(0)"),
                layers: against_log,
                notes: vec![Note {
                    label: "bound, *t* = 1".into(),
                    at: (0.19 * most, 2.6),
                    ..Default::default()
                }],
                ..Default::default()
            },
            Panel {
                x: Axis::log("*N*"),
                y: Axis::log("*C*_{*N*} without variances").over(1e-4, 1.6e-2),
                layers: rest,
                legend: Some(Corner::BottomLeft),
                ..Default::default()
            },
        ],
        key: Some("*t* = *τ*/*N*²".into()),
    })
}
