//! C_N(t) and its part without the variances against N and log² N.

use super::caption::{fill, of_chain, row, sizes, starts_with, tex_number};
use super::{Entry, GalleryError, Source, against_size, bonds, measure, order_label};
use crate::figures::label::number;
use crate::figures::parameters::numbers;
use crate::figures::readable::with_zero;
use crate::figures::{Axis, Colour, Corner, Figure, Layer, Mark, Panel, style::DOUBLE_COLUMN};
use crate::monitor::Monitor;

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
        $2\int e_{\rm heat}^2 dx$ of local equilibrium. (b) The constant $C$ with which the bound
        $C_N(0) + C t \log^2 N$ would be reached. (c) The part without the variances vanishes.";
    Ok(fill(
        text,
        &[
            ("initial", starts_with(scenario.require_initial("covariance_bound")?)),
            ("F", tex_number(chain.force.mean)),
            ("chain", of_chain(&chain)),
            ("times", row(&times)),
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
    let (mut whole, mut constants, mut rest) = (vec![], vec![], vec![]);
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
            for ((n, constant), error) in layer.points.iter_mut().zip(&mut layer.errors) {
                let allowed = time * n.ln().powi(2);
                (*constant, *error) = (*constant / allowed, *error / allowed);
            }
            constants.push(layer);
        }
        let (off, order) =
            against_size(&all, "covariance_offdiagonal", time, &name, colour, |m| m.value);
        let label = format!("{label}:  {}", order_label(order));
        rest.extend(off.map(|layer| labelled(&label, layer)));
    }
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
    let bounded = Axis::new("[*C*_{*N*}(*t*) − *C*_{*N*}(0)] / *t* log² *N*");
    let all: Vec<f64> = constants.iter().flat_map(|layer| &layer.points).map(|p| p.1).collect();
    let bounded = with_zero(bounded, &[&all]);
    Ok(Figure {
        name: ENTRY.name.into(),
        size: (DOUBLE_COLUMN, 62.0),
        columns: 3,
        panels: vec![
            Panel {
                legend: Some(Corner::TopLeft),
                ..panel(Axis::log("*N*"), Axis::new("*C*_{*N*}(*t*)"), whole)
            },
            panel(Axis::log("*N*"), bounded, constants).with_zero(),
            Panel {
                legend: Some(Corner::BottomLeft),
                ..panel(Axis::log("*N*"), Axis::log("*C*_{*N*} without variances"), rest)
            },
        ],
        ..Default::default()
    })
}
