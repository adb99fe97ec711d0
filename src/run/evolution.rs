//! `evolve`: profiles at output times.

use super::answer::{Modes, Run};
use super::describe::{self, counted};
use super::filed::{self, Kept, Waiting};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::planned::{Place, Planned};
use super::{Error, Options, Times};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost;
use crate::covariance::moments::{Consistency, Moments, Solution};
use crate::covariance::{literal::Literal, modal::Modal};
use crate::evolve::Counts;
use crate::evolve::{self, Plan as Steps};
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::observe::Profile;
use crate::observe::identities::{self, Identity};
use crate::observe::phonons;
use crate::observe::series::Totals;
use ndarray::{Array1, Array2};
use serde_json::json;
use std::ops::Range;

/// The profiles of a chain at output times, from an initial law. The method and its cost are those
/// of [`plan_evolve`].
///
/// ```
/// use flipchain::{Chain, InitialLaw, Options, Thermostat, Times, evolve};
/// let chain = Chain::open(40).left(Thermostat::at(2.0)).build()?;
/// let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x)?;
/// let run = evolve(&chain, &law, &Times::diffusive([0.1, 1.0]), &Options::default())?;
/// let thermal = run.at(1).thermal();
/// assert!(run.tolerance_reached() && thermal.error < 1e-8 && thermal.values.len() == 41);
/// # Ok::<(), flipchain::Error>(())
/// ```
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &Times,
    options: &Options,
) -> Result<Run, Error> {
    plan_evolve(chain, law, times, options)?.run(&options.monitor)
}

/// The method and the cost of [`evolve()`], without evolving.
pub fn plan_evolve<'a>(
    chain: &'a Chain,
    law: &'a InitialLaw,
    times: &Times,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    options.check(Task::Evolve)?;
    law.check(chain)?;
    times.check()?;
    if chain.coefficients().is_some() {
        return super::general::plan_evolve(chain, law, times, options);
    }
    let microscopic = times.on(chain);
    let kept = options.covariance.of(&times.values)?;
    let refused = |reason: String| Error::argument("method", reason);
    let method = options.method;
    if method == Method::Literal {
        Literal::fits(chain.bonds).map_err(refused)?;
    }
    let planned = Planned::new(chain, law, &microscopic, options, &kept)
        .map_err(|reason| refused(format!("{method}: {reason}")))?;
    // The memory of a chain of another length, planned anew.
    let bytes_at = |bonds: usize| {
        let chain = Chain { bonds, ..chain.clone() };
        let law = law.resampled(&chain);
        let planned = Planned::new(&chain, &law, &times.on(&chain), options, &kept);
        planned.map_or(f64::INFINITY, |planned| planned.cost.bytes)
    };
    let Planned { plan, cost, solving, held, later } = planned;
    let saving = match () {
        _ if kept.contains(&true) || held.contains(&true) => Saving::FewerCovariances,
        _ if plan.without_covariance && plan.stepped == 0 => Saving::FewerOutputs,
        _ if plan.propagates() || plan.doubled => Saving::FewerOutputs,
        _ => Saving::LaterOutputs,
    };
    let said = Plan {
        task: Task::Evolve,
        method,
        ways: ways(&plan, microscopic.len()),
        reason: plan.reason.clone(),
        cost,
        covariance_bytes: cost::of_written_covariances(
            chain,
            kept.iter().filter(|&&kept| kept).count(),
            options.single_precision,
        ),
        bonds: chain.bonds,
        saving,
    };
    let single = options.single_precision;
    let of_task = json!({ "covariance": kept, "single": single, "modes": options.modes });
    let task = Evolution {
        chain,
        law,
        times: times.clone(),
        microscopic: microscopic.clone(),
        kept: kept.clone(),
        held,
        later,
        single_precision: single,
        plan,
    };
    let modes = options.modes;
    let solve = move |record: Record, monitor: &Monitor| {
        let run = task.solve(record, modes, monitor)?.started_from(Some(law));
        Ok(Run { single_precision: single, ..run })
    };
    let prepared = Prepared::new(said, options, chain, of_task, bytes_at, solve)?;
    Ok(prepared.at_times(chain, times).solved_in(solving))
}

/// The way of each output.
fn ways(plan: &Steps, outputs: usize) -> Vec<(Range<usize>, Way)> {
    if plan.propagates() {
        return vec![(0..outputs, Way::Propagator)];
    }
    let early = match plan.stencil {
        _ if plan.doubled => Way::Propagator,
        _ if plan.at_start_only => Way::InitialLaw,
        true => Way::Stencil,
        false => Way::Steps,
    };
    let late = if plan.without_covariance { Way::Profiles } else { Way::Contour };
    let way = |output: usize| match output {
        _ if plan.anew.contains(&output) => Way::Propagator,
        _ if output < plan.stepped => early,
        _ => late,
    };
    let mut ways: Vec<(Range<usize>, Way)> = Vec::new();
    for output in 0..outputs {
        match ways.last_mut() {
            Some((same, last)) if *last == way(output) => same.end += 1,
            _ => ways.push((output..output + 1, way(output))),
        }
    }
    ways
}

/// An evolution that is planned.
pub(super) struct Evolution<'a> {
    pub(super) chain: &'a Chain,
    pub(super) law: &'a InitialLaw,
    pub(super) times: Times,
    pub(super) microscopic: Vec<Double>,
    /// Which covariances are part of the answer.
    pub(super) kept: Vec<bool>,
    pub(super) held: Vec<bool>,
    /// The same as in [`Planned`].
    pub(super) later: Option<(Place, f64)>,
    pub(super) single_precision: bool,
    pub(super) plan: Steps,
}

impl Evolution<'_> {
    fn solve(self, mut record: Record, modes: bool, monitor: &Monitor) -> Result<Run, Error> {
        let Evolution { chain, law, times, kept, .. } = &self;
        let labels = &times.values;
        let whole = monitor.clone().per(chain.time_unit(times.scale));
        let before = 1.0 - self.later.map_or(0.0, |(_, share)| share);
        let (monitor, rest) = (whole.part(0.0, before), whole.part(before, 1.0));
        drop(whole);
        let (plan, found) = self.best(&record, &monitor)?;
        let (mut solutions, [stepped, inverted]) = found;
        let (mut errors, mut waiting) = (vec![], None);
        match self.later {
            Some((Place::Memory, _)) => {
                errors = self.form(&mut solutions, record.tolerance, &rest)?;
            }
            Some((Place::Files, _)) => waiting = Some(self.waiting(&solutions, &record, rest)),
            None => drop(rest),
        }
        record.plan.ways = ways(&plan, labels.len());
        record.plan.reason.clone_from(&plan.reason);
        drop(monitor);
        let start = Solution::initial(chain, law);
        let scale = identities::largest_energy(chain, solutions.iter().chain([&start]));
        let identities = Identity::worst(solutions.iter().zip(labels).flat_map(|(s, &t)| {
            let mut of_output = identities::balances(chain, &start, s, t, scale);
            of_output.extend(identities::of_covariance(s, t, scale));
            of_output.extend(identities::of_inflow(chain, s, t, scale));
            of_output
        }));
        let solutions = solutions.into_iter().map(Solution::without_negative_variances);
        let mut solutions: Vec<Solution> = solutions.collect();
        let modes = modes.then(|| {
            let phonons = solutions.iter().map(|s| {
                phonons::phonons(chain, &s.moments).expect("every covariance is held for the modes")
            });
            let phonons: Vec<_> = phonons.collect();
            let errors = solutions.iter().zip(&phonons).map(|(s, p)| phonons::error(s, p));
            Modes { errors: errors.collect(), phonons }
        });
        let solves = stepped.solves + inverted.solves;
        let keys = json!({
            "method": record.plan.method,
            "method_reason": plan.reason,
            "steps": stepped.steps,
            "rejected": stepped.rejected,
            "contour_nodes": inverted.solves,
            "solves": solves,
            "modes_error_estimates": null,
        });
        let line = format!(
            "{}\n{}\n{}",
            describe::chain(chain),
            describe::times(times, chain),
            plan.reason
        );
        let counts = format!(
            "{}, {}, {}",
            counted(stepped.steps, "step"),
            counted(inverted.solves, "contour node"),
            counted(solves, "shifted solve")
        );
        let profiles = (solutions.iter().zip(labels)).map(|(s, &t)| Profile::new(chain, s, t));
        let profiles: Vec<Profile> = profiles.collect();
        let series = solutions.iter().zip(&profiles);
        let series = series.map(|(s, p)| Totals::new(chain, &start, s, p)).collect();
        let kept = labels.iter().zip(kept).zip(&mut solutions).filter(|((_, keep), _)| **keep);
        let covariances = kept.filter_map(|((&t, _), s)| {
            Some((t, s.moments.mean.clone(), s.moments.covariance.take()?))
        });
        let covariances = covariances.collect();
        let run = Run::new(record, chain, profiles, identities, keys, line);
        let mut run = Run { series, covariances, waiting, modes, counts, ..run };
        run.count_covariances(&errors);
        if !errors.is_empty() {
            let errors: Vec<f64> = errors.iter().map(|(_, error)| *error).collect();
            run.keys.insert("covariance_errors".into(), json!(errors));
        }
        Ok(run)
    }

    /// Forms the covariances that are kept; returned are the numbers of their outputs and the
    /// largest error of an entry.
    fn form(
        &self,
        solutions: &mut [Solution],
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Vec<(usize, f64)>, Error> {
        let Evolution { chain, law, microscopic, .. } = self;
        let kept: Vec<usize> = (0..microscopic.len()).filter(|&i| self.kept[i]).collect();
        let late = |&index: &usize| microscopic[index].hi > 0.0;
        let times: Vec<Double> =
            kept.iter().copied().filter(late).map(|index| microscopic[index]).collect();
        let equations = Modal::new(chain).watched_by(monitor.silent());
        let tolerance = filed::tolerance_of(tolerance);
        let mut formed =
            evolve::filed::formed(&equations, law, &times, tolerance, monitor)?.into_iter();
        let mut errors = Vec::new();
        for index in kept {
            let (matrix, error) = match late(&index) {
                true => formed.next().expect("every late time has one"),
                false => (Array2::from_diag(&Array1::from(law.variance())), 0.0),
            };
            let solution = &mut solutions[index];
            let variances = matrix.diag().to_vec();
            errors.push((index, filed::judged(error, &variances, &solution.moments.variance)));
            solution.consistency = Some(Consistency::of(matrix.view()));
            solution.moments.covariance = Some(matrix);
        }
        Ok(errors)
    }

    /// The covariances that will be filed.
    fn waiting(&self, solutions: &[Solution], record: &Record, monitor: Monitor) -> Waiting {
        let kept = (0..solutions.len()).filter(|&number| self.kept[number]);
        let output = |number: usize| {
            let Moments { time, mean, variance, .. } = solutions[number].moments.clone();
            Kept { number, t: self.times.values[number], time, mean, variance }
        };
        Waiting {
            chain: self.chain.clone(),
            law: self.law.clone(),
            outputs: kept.map(output).collect(),
            tolerance: record.tolerance,
            single_precision: self.single_precision,
            monitor,
        }
    }
}

/// The outputs, and what the steps and the contour counted.
pub(super) type Solved = (Vec<Solution>, [Counts; 2]);
