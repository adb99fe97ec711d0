//! C_N(t) and its part without the variances against N and log² N.

use super::caption::{fill, of_chain, row, sizes, starts_with, tex_number};
use super::{Entry, GalleryError, Source, against_size, bonds, measure, order_label};
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::{
    Axis, Colour, Corner, Figure, Layer, Mark, Note, Panel, style::DOUBLE_COLUMN,
};
use crate::monitor::Monitor;
use crate::numerics::vector::{largest_of, most_of};

pub(super) const ENTRY: Entry = Entry {
    name: "covariance_bound",
    title: "The bound on the covariance is not reached",
    caption,
    scenario: Some("evolution"),
    figure,
};

const TIMES: [f64; 3] = [0.01, 0.1, 1.0];
const SIZES: [usize; 5] = [16, 32, 64, 128, 256];

fn caption(source: &Source<'_>) -> Result<String, GalleryError> {
    let all = source.sizes(&SIZES)?;
    let times = source.values("time.outputs", &TIMES)?;
    let outputs = format!("time.outputs={times:?}");
    let (scenario, chain, _) = source.law(&[bonds(all[0]), outputs])?;
    let text = r"$C_N(t) = \frac1N \sum_{n,k} [\mathrm{Cov}(p_n,r_k)^2 + \mathrm{Cov}(p_n,p_k)^2 +
        \mathrm{Cov}(r_n,r_k)^2]$ of a chain ($\bar F = @F@$, @chain@) that starts with @initial@,
        coordinates independent, at $t = @times@$. (a) Against $N = @sizes@$; dashed: the limit
        $2\int e_{\rm heat}^2 dx$ of local equilibrium. (b) The same less its value at $t = 0$,
        against $\log^2 N$, in which the bound $C_N(0) + C t \log^2 N$ is a straight line from the
        origin (black: with the smallest $C$ that serves at $t = @last@$): the growth that the
        bound allows is not there. (c) The part without the variances vanishes.";
    Ok(fill(
        text,
        &[
            ("initial", starts_with(scenario.require_initial("covariance_bound")?)),
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
            ("times", row(&times)),
            ("last", tex_number(times[times.len() - 1])),
            ("sizes", sizes(&all)),
        ],
    ))
}

// Long because it is the figure from top to bottom: its data, then its panels.
fn figure(source: &Source<'_>, monitor: &Monitor) -> Result<Figure, GalleryError> {
    let sizes = source.sizes(&SIZES)?;
    let times = source.values("time.outputs", &TIMES)?;
    let chosen: Vec<_> = sizes.iter().map(|&n| (n, true)).collect();
    let all = measure(source, &chosen, &times, monitor)?;
    let outputs = format!("time.outputs={times:?}");
    let scenario = source.scenario(&[bonds(sizes[0]), outputs])?;
    let macroscopic = source.limit(&scenario, &source.chain(&[bonds(sizes[0])])?, &times)?;
    let log_square = |n: f64| n.ln().powi(2);
    let (mut whole, mut against_log, mut rest) = (vec![], vec![], vec![]);
    for (index, &time) in times.iter().enumerate() {
        let colour = Colour::Map(index as f64 / (times.len() - 1).max(1) as f64);
        let name = format!("t = {}", numbers(&[time]));
        let label = format!("*t* = {}", number(time));
        let labelled = |label: &str, layer: Layer| Layer { label: label.into(), ..layer };
        let of = |value: &dyn Fn(&crate::observe::theorems::Measurement) -> f64| {
            against_size(&all, "covariance", time, &name, colour, value).0
        };
        whole.extend(of(&|m| m.value).map(|layer| labelled(&label, layer)));
        let [limits, _] = of(&|m| m.limit.unwrap_or(f64::NAN));
        // 2 ∫ e², e off by its error.
        let error = 4.0
            * limits.points.iter().fold(1.0f64, |most, p| most.max(p.1.abs()))
            * macroscopic.outputs[index].errors[1];
        whole.push(
            Layer { mark: Mark::Dashed, ..limits }.named(format!("limit, {name}")).within(error),
        );
        for mut layer in of(&|m| m.value - m.start) {
            layer.points.iter_mut().for_each(|p| p.0 = log_square(p.0));
            against_log.push(layer);
        }
        let (off, order) =
            against_size(&all, "covariance_offdiagonal", time, &name, colour, |m| m.value);
        let label = format!("{label}:  {}", order_label(order));
        rest.extend(off.map(|layer| labelled(&label, layer)));
    }
    let end = times[times.len() - 1];
    let last = all.iter().filter(|m| m.statement == "covariance" && m.time == end);
    let constant = most_of(last.map(|m| (m.value - m.start) / log_square(m.bonds as f64)));
    let longest = sizes.iter().copied().max().unwrap_or(2) as f64;
    let most = log_square(1.17 * longest);
    let line = vec![(0.0, 0.0), (most, constant * most)];
    against_log.push(
        Layer::new("", Mark::Guide, Colour::Ink, line).named("bound").within(largest_of(
            all.iter().filter(|m| m.statement == "covariance").map(|m| m.error),
        )),
    );
    let parameters = source
        .scenario(&[bonds(sizes[0])])
        .map(|scenario| crate::figures::Parameters::of_scenario(&scenario))?
        .with("N", numbers(&sizes.iter().map(|n| *n as f64).collect::<Vec<_>>()))
        .with("t = tau/N^2", numbers(&times));
    let panel = |x: Axis, y: Axis, layers: Vec<Layer>| Panel {
        parameters: parameters.clone(),
        x,
        y,
        layers,
        ..Default::default()
    };
    let top = against_log.iter().filter(|l| l.mark != Mark::Guide).flat_map(|l| &l.points);
    let top = top.fold(0.0f64, |most, p| most.max(p.1));
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                legend: Some(Corner::TopLeft),
                ..panel(Axis::log("*N*"), Axis::new("*C*_{*N*}(*t*)"), whole)
            },
            Panel {
                notes: vec![Note {
                    label: format!("bound, *t* = {}", number(end)),
                    at: (0.19 * most, 0.55 * top),
                    ..Default::default()
                }],
                ..panel(
                    Axis::new("log² *N*").over(0.0, most),
                    Axis::new("*C*_{*N*}(*t*) − *C*_{*N*}(0)"),
                    against_log,
                )
            },
            Panel {
                legend: Some(Corner::BottomLeft),
                ..panel(Axis::log("*N*"), Axis::log("*C*_{*N*} without variances"), rest)
            },
        ],
        ..Default::default()
    })
}
