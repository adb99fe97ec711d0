//! `limit`: the macroscopic equations N → ∞.

use super::answer::Estimated;
use super::describe::{self, counted};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::save::{Answer, Start, time};
use super::{Error, Options, Times};
use crate::chain::{Chain, InitialProfiles};
use crate::cost;
use crate::covariance::moments::largest;
use crate::limit::conditions::{self, grounds, oscillation_work};
use crate::limit::stationary::Stationary;
use crate::limit::{self, LimitError, Problem};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use crate::observe;
use crate::output::{OutputError, RunDirectory, limit_csv, write_limit_npz};
use serde_json::{Map, Value, json};

/// The macroscopic profiles at diffusive `times`, from the initial profiles; without times the
/// stationary ones. They are tabulated at x = n/N of the chain, on whose N nothing else depends.
///
/// ```
/// use flipchain::{Chain, InitialProfiles, Options, Thermostat, Times, limit};
/// let chain = Chain::open(10).left(Thermostat::at(2.0)).right(Thermostat::at(1.0)).build()?;
/// let initial = InitialProfiles::local_gibbs(|_| 1.0);
/// let times = Times::diffusive([0.1]);
/// let macroscopic = limit(&chain, Some(&initial), Some(&times), &Options::default())?;
/// let thermal = macroscopic.thermal(0);
/// assert!(thermal.values[0] == 2.0 && thermal.error < 1e-10);
/// # Ok::<(), flipchain::Error>(())
/// ```
pub fn limit(
    chain: &Chain,
    initial: Option<&InitialProfiles>,
    times: Option<&Times>,
    options: &Options,
) -> Result<LimitRun, Error> {
    plan_limit(chain, initial, times, options)?.run(&options.monitor)
}

/// The cost of [`limit()`], without solving.
pub fn plan_limit<'a>(
    chain: &'a Chain,
    initial: Option<&InitialProfiles>,
    times: Option<&Times>,
    options: &Options,
) -> Result<Prepared<'a, LimitRun>, Error> {
    options.check(Task::Limit)?;
    let problem = Problem::of(chain, initial.cloned())?;
    if let Some(times) = times {
        conditions::is_diffusive_scale(times.scale).map_err(LimitError::from)?;
        times.check()?;
    }
    let stationary = problem.stationary();
    match (times, initial) {
        (Some(_), None) => {
            let reason = "found nothing; allowed: initial profiles where there are output times";
            return Err(Error::key("initial", reason));
        }
        (Some(_), _) => {}
        (None, _) => drop(stationary.clone()?),
    }
    let at: Vec<f64> = times.map_or(vec![], |times| times.values.clone());
    let count = at.len().max(1);
    // Half as many columns as profiles.csv has; the mesh does not depend on N.
    let cost = problem.cost(&at);
    let cost_at =
        |atoms: usize| cost.of_program(atoms, count.div_ceil(2), cost::PROFILES_FIGURE, 1);
    let plan = Plan {
        task: Task::Limit,
        method: Method::Auto,
        ways: vec![(0..count, Way::Macroscopic)],
        reason: grounds(chain).into(),
        covariance_bytes: 0.0,
        cost: cost_at(chain.atoms()),
        bonds: chain.bonds,
        saving: Saving::FewerOutputs,
    };
    let (evolves, asked) = (times.is_some(), times.cloned());
    let solve = move |record: Record, monitor: &Monitor| {
        let problem = problem.watched_by(monitor.clone());
        let (outputs, steps) = if evolves {
            let evolution = problem.evolve(&at)?.expect("there are initial profiles");
            (evolution.outputs, evolution.steps)
        } else {
            let flip_rate = problem.flip_rate;
            (vec![limit::Output::stationary(stationary.clone()?, flip_rate)], 0)
        };
        let run = LimitRun::new(record, chain, &outputs, steps, stationary);
        Ok(LimitRun { times: asked, ..run })
    };
    let prepared = Prepared::new(plan, options, chain, json!({}), |n| cost_at(n + 1).bytes, solve)?;
    Ok(match times {
        Some(times) => prepared.at_times(chain, times),
        None => prepared,
    })
}

/// Whether a chain has a macroscopic limit: with flips.
pub fn has_limit(chain: &Chain) -> Result<(), Error> {
    conditions::ends(chain).map_err(LimitError::from)?;
    Ok(())
}

/// The answer of [`limit()`].
#[derive(Debug, Clone)]
pub struct LimitRun {
    record: Record,
    chain: Chain,
    times: Option<Times>,
    /// Time; r, e_mech, e_heat and e at every x.
    table: Vec<(f64, [Vec<f64>; 4])>,
    /// Absolute errors of the four columns.
    errors: Vec<[f64; 4]>,
    /// The current at every x, where it is known.
    currents: Vec<Option<Estimated>>,
    relative: Vec<f64>,
    steps: usize,
    stationary: Result<Stationary, LimitError>,
}

impl LimitRun {
    fn new(
        record: Record,
        chain: &Chain,
        outputs: &[limit::Output],
        steps: usize,
        stationary: Result<Stationary, LimitError>,
    ) -> LimitRun {
        let positions = chain.momentum_positions();
        let columns = |output: &limit::Output| -> [Vec<f64>; 4] {
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
        let most: [f64; 4] =
            std::array::from_fn(|column| largest_of(errors.iter().map(|e| e[column])));
        let energy = sizes[3];
        let scales = observe::scales(sizes, most, [energy.sqrt(), energy, energy, energy]);
        let relative = |e: &[f64; 4]| largest_of(e.iter().zip(&scales).map(|(e, scale)| e / scale));
        let relative = errors.iter().map(relative).collect();
        let current = |output: &limit::Output| {
            let values = positions.iter().map(|&x| output.state.current(x)).collect::<Option<_>>();
            values.map(|values| Estimated { values, error: output.current_error })
        };
        let currents = outputs.iter().map(current).collect();
        let (chain, times) = (chain.clone(), None);
        LimitRun { record, chain, times, table, errors, currents, relative, steps, stationary }
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// x of the entries of every column.
    pub fn positions(&self) -> Vec<f64> {
        self.chain.momentum_positions()
    }

    /// The time of an output, infinite for the stationary state.
    pub fn time(&self, output: usize) -> f64 {
        self.table[output].0
    }

    fn column(&self, output: usize, column: usize) -> Estimated {
        Estimated {
            values: self.table[output].1[column].clone(),
            error: self.errors[output][column],
        }
    }

    /// r
    pub fn elongation(&self, output: usize) -> Estimated {
        self.column(output, 0)
    }

    /// r²/2
    pub fn mechanical(&self, output: usize) -> Estimated {
        self.column(output, 1)
    }

    /// e_heat
    pub fn thermal(&self, output: usize) -> Estimated {
        self.column(output, 2)
    }

    /// r²/2 + e_heat
    pub fn energy(&self, output: usize) -> Estimated {
        self.column(output, 3)
    }

    /// The energy current -∂_x e_heat/4γ - r ∂_x r/2γ, to which N times the chain's tends. `None`
    /// at t = 0, where data that jump or do not fit the ends make it infinite. Its error counts in
    /// no tolerance: at early times a derivative of thin layers has fewer digits.
    pub fn current(&self, output: usize) -> Option<Estimated> {
        self.currents[output].clone()
    }

    /// The stationary state as polynomials in x, or why there is none.
    pub fn stationary(&self) -> Result<&Stationary, Error> {
        self.stationary.as_ref().map_err(|e| e.clone().into())
    }

    /// Whether every output has reached the tolerance that was asked for.
    pub fn tolerance_reached(&self) -> bool {
        self.worst_error() <= self.record.tolerance
    }
}

impl Answer for LimitRun {
    fn record(&self) -> &Record {
        &self.record
    }

    fn worst_error(&self) -> f64 {
        largest_of(self.relative.iter().copied())
    }

    fn keys(&self) -> Map<String, Value> {
        let entry = |output: usize| {
            let e = &self.errors[output];
            json!({
                "t": time(self.table[output].0),
                "error_estimate": self.relative[output],
                "absolute_errors": {
                    "mean_r": e[0], "mechanical": e[1], "thermal": e[2], "energy": e[3],
                    "current": self.currents[output].as_ref().map(|current| current.error),
                },
            })
        };
        let outputs = (0..self.len()).map(entry);
        let keys = json!({
            "outputs": outputs.collect::<Vec<_>>(),
            "equations": grounds(&self.chain),
            "method":
                "spectral elements, Radau IIA steps in proportion to the time; two resolutions",
            "steps": self.steps,
            "W_heat": oscillation_work(&self.chain),
            "stationary": self.stationary.as_ref().map_or_else(|e| json!(e.to_string()), describe),
        });
        keys.as_object().cloned().unwrap_or_default()
    }

    fn line(&self) -> String {
        let asked = match &self.times {
            Some(times) => describe::times(times, &self.chain),
            None => "stationary state".into(),
        };
        format!("{}\n{asked}\n{}", describe::chain(&self.chain), grounds(&self.chain))
    }

    fn remarks(&self, verbose: bool) -> String {
        let counts =
            if verbose { format!("  {}\n", counted(self.steps, "step")) } else { String::new() };
        let heat = if self.chain.force.harmonics.is_empty() {
            String::new()
        } else {
            format!("W_heat = {:.10}\n", oscillation_work(&self.chain))
        };
        counts + &heat + &self.stationary.as_ref().map_or_else(|e| format!("{e}\n"), sentence)
    }

    fn start(&self) -> Start<'_> {
        let said = !self.record.request["scenario"]["initial"].is_null();
        if said || self.times.is_none() { Start::Said } else { Start::Functions }
    }

    fn write(&self, directory: &RunDirectory) -> Result<(), OutputError> {
        let (positions, request) = (self.positions(), &self.record.request);
        directory.write("limit.csv", limit_csv(&self.table, &positions).as_bytes())?;
        let unknown = || (vec![f64::NAN; positions.len()], f64::NAN);
        let current = |known: &Option<Estimated>| {
            known.clone().map_or_else(unknown, |current| (current.values, current.error))
        };
        let currents: Vec<_> = self.currents.iter().map(current).collect();
        let (table, errors, relative) = (&self.table, &self.errors, &self.relative);
        write_limit_npz(directory, table, &positions, errors, &currents, relative, request)
    }
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
        let rounded = format!("{:.9e}", c.abs()).parse::<f64>().unwrap_or(c.abs());
        let factor =
            if rounded == 1.0 && power > 0 { String::new() } else { format!("{rounded} ") };
        text += format!("{factor}{}", ["", "x", "x²"][power.min(2)]).trim_end();
    }
    if text.is_empty() { "0".into() } else { text }
}
