//! `steady`: the stationary state, or the time-periodic one under a periodic force.

use super::answer::Run;
use super::describe::{self, counted};
use super::plan::{Plan, Prepared, Record, Saving, Way};
use super::{Error, Options, TwoTime};
use crate::chain::{Chain, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::moments::Solution;
use crate::covariance::{SolveReport, literal::Literal, modal::Modal};
use crate::general::literal::keeps_length;
use crate::method::{Method, Task};
use crate::monitor::Monitor;
use crate::observe::identities::{self, Identity};
use crate::observe::periodic::PeriodicWork;
use crate::observe::series::Totals;
use crate::observe::{self, Profile};
use crate::steady::periodic::PeriodicState;
use crate::steady::{self, SteadyError, closed, periodic, profiles as without};
use serde_json::json;

/// The state in the long run. Its profiles are the last output, at time ∞; under a periodic force
/// they are averages over a period, and [`Options::phases`] puts profiles at phases before them.
/// `law` is needed where there is no thermostat: there the state depends on it.
///
/// ```
/// use flipchain::{Chain, Force, Options, Thermostat, steady};
/// let ends = Chain::open(100).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
/// let run = steady(&ends.force(Force::constant(2.0)).build()?, None, &Options::default())?;
/// let current = run.at(0).current();
/// // Against the temperatures, from the colder to the hotter end.
/// assert!(current.values[50] < -current.error);
/// # Ok::<(), flipchain::Error>(())
/// ```
pub fn steady(chain: &Chain, law: Option<&InitialLaw>, options: &Options) -> Result<Run, Error> {
    plan_steady(chain, law, options)?.run(&options.monitor)
}

/// The method and the cost of [`steady()`], without solving.
pub fn plan_steady<'a>(
    chain: &'a Chain,
    law: Option<&'a InitialLaw>,
    options: &Options,
) -> Result<Prepared<'a, Run>, Error> {
    options.check(Task::Steady)?;
    let keep = options.covariance.any();
    if chain.coefficients().is_some() {
        return super::general::plan_steady(chain, law, options);
    }
    let method = choose(chain, options, keep)?;
    if options.phases > 0 && chain.force.harmonics.is_empty() {
        let reason = "the force of this chain is constant; there is one stationary state";
        return Err(Error::argument("phases", reason));
    }
    let isolated = is_isolated(chain);
    if method == Method::Closed && isolated {
        closed::is_unforced(chain)?;
        let law = law.ok_or_else(|| {
            Error::key("initial", "without a thermostat the state depends on the initial law")
        })?;
        law.check(chain)?;
        closed::settles(chain, law)?;
    }
    let count = options.phases;
    let phases: Vec<f64> = (0..count).map(|k| k as f64 / count as f64).collect();
    let harmonics = 2 * chain.force.harmonics.len();
    let held = if keep { 1 + phases.len() } else { 0 };
    let cost_of = |chain: &Chain| {
        let cost = match method {
            Method::Literal => Literal::cost(chain.bonds, (1 + harmonics) as f64),
            Method::Modal => cost::of_stationary_covariance(chain, harmonics, held),
            Method::Profiles => cost::of_stationary_profiles(chain),
            _ => Cost { bytes: held as f64 * cost::of_covariance(chain), ..Cost::default() },
        };
        let more = options.two_time.as_ref().map_or(Cost::default(), |asked| asked.cost(chain));
        cost.then(more).of_program(chain.atoms(), 1 + count, cost::PROFILES_FIGURE, 1)
    };
    let saving = match method {
        Method::Modal if without::serves(chain) => Saving::ProfilesAlone,
        _ if options.phases > 0 => Saving::FewerPhases,
        _ => Saving::FewerBonds,
    };
    let way = if method == Method::Closed { Way::Closed } else { Way::Stationary };
    let plan = Plan {
        task: Task::Steady,
        method,
        ways: vec![(0..1 + phases.len(), way)],
        reason: reason(method, isolated).into(),
        cost: cost_of(chain),
        covariance_bytes: cost::of_written_covariances(chain, held, options.single_precision),
        bonds: chain.bonds,
        saving,
    };
    let two_time = options.two_time.clone();
    if let Some(asked) = &two_time {
        asked.check(chain, law)?;
    }
    let (tolerance, known) = (options.tolerance, options.unit_heat.clone());
    let single = options.single_precision;
    let of_task = json!({
        "covariance": keep, "single": single, "phases": count,
        "two_time": two_time.as_ref().map(TwoTime::request),
    });
    let solve = move |record: Record, monitor: &Monitor| {
        let share = if two_time.is_some() { 0.3 } else { 1.0 };
        let kept = if keep { &phases[..] } else { &[] };
        let known = known.as_deref().filter(|_| !keep);
        let found = solve(chain, law, method, kept, keep, known, &monitor.part(0.0, share))?;
        let run = answer(chain, record, found, &phases, keep).started_from(law);
        let later = monitor.part(share, 1.0);
        let correlations =
            two_time.map(|asked| asked.solve(chain, law, None, tolerance, &later)).transpose()?;
        Ok(Run { single_precision: single, correlations, ..run })
    };
    let bytes_at = |bonds: usize| cost_of(&Chain { bonds, ..chain.clone() }).bytes;
    Prepared::new(plan, options, chain, of_task, bytes_at, solve)
}

/// Whether the state in the long run depends on the initial law: without any thermostat. Chains
/// with coefficients answer with thermostats only, wherever these stand; of the law a ring without
/// pinning then keeps its length.
pub fn depends_on_initial_law(chain: &Chain) -> bool {
    match chain.coefficients() {
        Some(all) => keeps_length(chain) && !all.thermostats.is_empty(),
        None => is_isolated(chain) && closed::is_unforced(chain).is_ok(),
    }
}

fn is_isolated(chain: &Chain) -> bool {
    chain.left.is_none() && chain.right.is_none()
}

/// The method that is asked for, if it serves, or the one that costs least.
fn choose(chain: &Chain, options: &Options, keep: bool) -> Result<Method, Error> {
    let isolated = is_isolated(chain);
    let closed = isolated || chain.flip_rate == 0.0;
    let serves = without::serves(chain) && !keep;
    let refused = |reason: String| Err(Error::argument("method", reason));
    match options.method {
        Method::Closed if !closed => {
            refused("closed: only without flips or without thermostats".into())
        }
        method @ (Method::Literal | Method::Modal | Method::Profiles) if isolated => {
            Err(SteadyError::NeedsThermostat(format!("the method {method}")).into())
        }
        Method::Modal if chain.flip_rate == 0.0 => Err(SteadyError::NoFlips.into()),
        Method::Profiles if !serves => {
            refused(format!("profiles: {}, also for the covariance", SteadyError::NoProfiles))
        }
        Method::Literal => {
            Literal::fits(chain.bonds).map_err(|reason| Error::argument("method", reason))?;
            Ok(Method::Literal)
        }
        method @ (Method::Closed | Method::Modal | Method::Profiles) => Ok(method),
        _ if closed => Ok(Method::Closed),
        _ if serves && without::is_best(chain, options.tolerance) => Ok(Method::Profiles),
        _ => Ok(Method::Modal),
    }
}

fn reason(method: Method, isolated: bool) -> &'static str {
    match method {
        Method::Closed if isolated => {
            "no thermostat: the limit that the energy (and on a ring the elongation) \
             of the initial law fix"
        }
        Method::Closed => "no flips: closed form",
        Method::Profiles => "shifted solves for the profiles alone, O(N)",
        _ => "shifted solves for the covariance, O(N²)",
    }
}

/// The state, the solutions at the `kept` phases, and what the solves say of themselves.
type Found = (PeriodicState, Vec<Solution>, SolveReport);

fn solve(
    chain: &Chain,
    law: Option<&InitialLaw>,
    method: Method,
    kept: &[f64],
    keep: bool,
    known: Option<&steady::LastUnitHeat>,
    monitor: &Monitor,
) -> Result<Found, Error> {
    let with_instants = |state: PeriodicState| {
        let instants = kept.iter().map(|&phase| state.at(phase)).collect();
        (state, instants, SolveReport::default())
    };
    let alone = |(state, report): (PeriodicState, SolveReport)| (state, vec![], report);
    let modal = || Modal::new(chain).watched_by(monitor.clone());
    let shares = steady::shared_by(chain).is_some();
    Ok(match (method, law, known) {
        (Method::Closed, Some(law), _) if is_isolated(chain) => {
            with_instants(closed::isolated(chain, law, keep)?)
        }
        (Method::Closed, ..) => with_instants(closed::harmonic(chain, keep)?),
        (Method::Profiles, _, None) => alone(without::profiles(chain, monitor)?),
        (Method::Profiles, _, Some(known)) => {
            alone(without::profiles_beside(chain, known, monitor)?)
        }
        (Method::Literal, _, Some(known)) if shares => {
            alone(steady::moments(&Literal::new(chain), known)?)
        }
        (Method::Modal, _, Some(known)) if shares => alone(steady::moments(&modal(), known)?),
        (Method::Literal, ..) => periodic::covariance(&Literal::new(chain), kept)?,
        _ => periodic::covariance(&modal(), kept)?,
    })
}

fn answer(
    chain: &Chain,
    record: Record,
    (state, instants, report): Found,
    phases: &[f64],
    keep: bool,
) -> Run {
    let method = record.plan.method;
    let above_zero = Solution::without_negative_variances;
    let state = PeriodicState { average: above_zero(state.average), ..state };
    let instants: Vec<Solution> = instants.into_iter().map(above_zero).collect();
    let average = observe::periodic::average(chain, &state);
    let mut checked = vec![identities::of_periodic_state(chain, &average, &state)];
    // The identities judge the solves, and see no closed form.
    let average = observe::periodic::with_known_current(chain, &state.mean, average);
    let scale = identities::largest_energy(chain, [&state.average]);
    checked.push(identities::of_covariance(&state.average, f64::INFINITY, scale));
    checked.extend(
        (instants.iter().zip(phases))
            .map(|(solution, &phase)| identities::of_covariance(solution, phase, scale)),
    );
    let mut profiles: Vec<Profile> =
        phases.iter().map(|&t| Profile::new(chain, &above_zero(state.at(t)), t)).collect();
    let series = vec![Totals::stationary(chain, &average)];
    profiles.push(average);
    let solves = if method == Method::Closed { 0 } else { 1 + state.harmonics.len() };
    let work = PeriodicWork::new(chain, &state.mean);
    let whole = phases.iter().copied().zip(instants).chain([(f64::INFINITY, state.average)]);
    let covariances = if keep {
        whole.filter_map(|(t, s)| Some((t, s.moments.mean, s.moments.covariance?))).collect()
    } else {
        Vec::new()
    };
    let counts = match method {
        Method::Closed => String::new(),
        _ if report.direct => format!("{} in 32 digits", counted(solves, "direct solve")),
        _ => format!(
            "{} ({method}), {}, residual {:.1e}",
            counted(solves, "shifted solve"),
            counted(report.iterations, "iteration"),
            report.residual
        ),
    };
    let how = if counts.is_empty() { record.plan.reason.clone() } else { counts.clone() };
    let keys = json!({
        "method": method,
        "method_reason": how,
        "solves": solves,
        "iterations": report.iterations,
        "residual": report.residual,
        "periodic": work,
    });
    let driven = work.as_ref().map_or(String::new(), |work| {
        format!(
            "\nperiodic state, profiles averaged over a period: \
             work per period {:.6e}, W_heat {:.6e}",
            work.work_per_period, work.w_heat
        )
    });
    let at_phases = match phases.len() {
        0 => String::new(),
        count => format!(", and at {} of the period", counted(count, "phase")),
    };
    let asked = describe::chain(chain);
    let line = format!("{asked}\nstationary state{at_phases}\n{}{driven}", record.plan.reason);
    let run = Run::new(record, chain, profiles, Identity::worst(checked.concat()), keys, line);
    Run { series, covariances, work, counts, ..run }
}
