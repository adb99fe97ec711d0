//! `flipchain limit`: the macroscopic equations of a scenario.

use super::run::{Report, Run, time};
use super::{Error, RunArgs, expected};
use crate::chain::Chain;
use crate::cost;
use crate::covariance::moments::largest;
use crate::figures::{self, Curves};
use crate::limit::conditions::{grounds, oscillation_work};
use crate::limit::stationary::Stationary;
use crate::limit::{LimitError, Output, Problem, State};
use crate::numerics::vector::largest_of;
use crate::observe;
use crate::output::limit_csv;
use serde_json::{Value, json};

/// Arguments of `flipchain limit`.
#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    #[command(flatten)]
    run: RunArgs,
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Error {
        match error {
            LimitError::Interrupted(end) => end.into(),
            other => Error::BadInput(other.to_string()),
        }
    }
}

/// Runs the command.
pub fn run(all: LimitArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|scenario| scenario.output_times().len().max(1))?;
    if let Some(method) = &args.method {
        return Err(Error::BadInput(format!(
            "--method: found \"{method}\"; allowed: none, limit knows one method"
        )));
    }
    let chain = Chain::new(&scenario);
    let problem = Problem::new(&scenario, &chain)?;
    let stationary = problem.stationary();
    if scenario.time.is_some() || scenario.initial.is_some() {
        scenario.require_initial("limit")?;
    }
    if scenario.time.is_none() {
        stationary.clone()?;
    }
    let count = scenario.output_times().len().max(1);
    // Half as many columns as profiles.csv has.
    let cost = problem.cost(&scenario.output_times()).of_program(
        chain.atoms(),
        count.div_ceil(2),
        cost::PROFILES_FIGURE,
        1,
    );
    expected::say(args, cost, chain.bonds, 1.0, "fewer output times")?;
    let run = Run::begin(args, "limit", &scenario, json!({}))?;
    let problem = problem.watched_by(run.monitor(1.0));
    let (outputs, steps) = if scenario.time.is_some() {
        let evolution =
            problem.evolve(&scenario.output_times())?.expect("there are initial profiles");
        (evolution.outputs, evolution.steps)
    } else {
        let state = State::Stationary(stationary.clone()?);
        (vec![Output { state, errors: [0.0; 2] }], 0)
    };
    let positions: Vec<f64> = scenario.momentum_positions().collect();
    let columns = |output: &Output| -> [Vec<f64>; 4] {
        let column = |f: &dyn Fn(f64) -> f64| positions.iter().map(|&x| f(x)).collect();
        let state = &output.state;
        [
            column(&|x| state.elongation(x)),
            column(&|x| state.mechanical(x)),
            column(&|x| state.heat(x)),
            column(&|x| state.energy(x)),
        ]
    };
    let table: Vec<(f64, [Vec<f64>; 4])> =
        outputs.iter().map(|o| (o.state.time(), columns(o))).collect();
    let size = |column: usize| {
        table.iter().map(|(_, columns)| largest(&columns[column])).fold(0.0, f64::max)
    };
    let sizes: [f64; 4] = std::array::from_fn(size);
    let errors: Vec<[f64; 4]> = outputs.iter().map(|o| o.column_errors(sizes[0])).collect();
    let most: [f64; 4] = std::array::from_fn(|column| largest_of(errors.iter().map(|e| e[column])));
    let energy = sizes[3];
    let scales = observe::scales(sizes, most, [energy.sqrt(), energy, energy, energy]);
    let relative = |e: &[f64; 4]| largest_of(e.iter().zip(&scales).map(|(e, scale)| e / scale));
    let entry = |((t, _), e): (&(f64, _), &[f64; 4])| {
        json!({
            "t": time(*t),
            "error_estimate": relative(e),
            "absolute_errors": { "r": e[0], "mechanical": e[1], "thermal": e[2], "energy": e[3] },
        })
    };
    let work = oscillation_work(&chain);
    let details = json!({
        "outputs": table.iter().zip(&errors).map(entry).collect::<Vec<_>>(),
        "equations": grounds(&chain),
        "method": "spectral elements, Radau IIA steps in proportion to the time; two resolutions",
        "steps": steps,
        "W_heat": work,
        "memory_estimate_bytes": cost.bytes as u64,
        "processor_seconds_estimate": cost.seconds,
        "stationary": stationary.as_ref().map_or_else(|e| json!(e.to_string()), describe),
    });
    let curve =
        |((t, [r, mechanical, thermal, _]), error): (&(f64, [Vec<f64>; 4]), &[f64; 4])| Curves {
            time: *t,
            elongation: r.clone(),
            mechanical: mechanical.clone(),
            thermal: thermal.clone(),
            current: vec![],
            errors: [error[0], error[1], error[2], 0.0],
        };
    let curves: Vec<Curves> = table.iter().zip(&errors).map(curve).collect();
    let heat = if chain.force.harmonics.is_empty() {
        String::new()
    } else {
        format!("W_heat = {work:.10}\n")
    };
    let report = Report {
        keys: details.as_object().cloned().unwrap_or_default(),
        figures: vec![figures::limit(&curves, &positions, &chain)],
        line: format!("{}\n{} output times, {steps} steps", grounds(&chain), outputs.len()),
        remarks: heat + &stationary.as_ref().map_or_else(|e| format!("{e}\n"), sentence),
        worst: largest_of(errors.iter().map(relative)),
    };
    run.write(report, |directory| {
        directory.write("limit.csv", limit_csv(&table, &positions).as_bytes())
    })
}

/// The stationary state for the summary: polynomials in x by ascending power.
fn describe(s: &Stationary) -> Value {
    json!({ "r": s.elongation, "thermal": s.heat, "x_max": s.x_max, "current": s.current })
}

/// The stationary state for people.
fn sentence(s: &Stationary) -> String {
    let peak = s
        .x_max
        .map_or("no maximum inside".into(), |x| format!("maximum {:.6} at x = {x:.6}", s.heat(x)));
    let energy = largest(&s.heat) + largest(&s.elongation).powi(2);
    let [r, heat] = [polynomial(&s.elongation, energy.sqrt()), polynomial(&s.heat, energy)];
    format!("stationary: r = {r}, e_heat = {heat} ({peak}); current {:.6}/N\n", s.current)
}

/// A polynomial as one writes it, coefficients to ten digits; those that are rounding of the
/// natural `size` are left out.
fn polynomial(coefficients: &[f64], size: f64) -> String {
    let rounding = 1e-14 * size;
    let mut text = String::new();
    for (power, &c) in coefficients.iter().enumerate().filter(|(_, c)| c.abs() > rounding) {
        text += match (text.is_empty(), c < 0.0) {
            (true, false) => "",
            (true, true) => "−",
            (false, false) => " + ",
            (false, true) => " − ",
        };
        text += &format!("{}", format!("{:.9e}", c.abs()).parse::<f64>().unwrap_or(c.abs()));
        text += ["", " x", " x²"][power.min(2)];
    }
    if text.is_empty() { "0".into() } else { text }
}
