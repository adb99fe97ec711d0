//! `flipchain steady`: the stationary state, or the time-periodic one under a periodic force.

use super::expected;
use super::run::{Findings, Run};
use super::{CovarianceArgs, Error, RunArgs};
use crate::chain::{Chain, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::{SolveReport, literal::Literal, modal::Modal};
use crate::figures::Outputs;
use crate::observe::identities::{self, Identity};
use crate::observe::periodic::PeriodicWork;
use crate::observe::{self, Profile};
use crate::steady::{SteadyError, closed, periodic, profiles as without};
use serde_json::json;

/// Arguments of `flipchain steady`.
#[derive(Debug, clap::Args)]
pub struct SteadyArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    covariance: CovarianceArgs,
    /// Under a periodic force: also the profiles at this many equally spaced phases of the period
    /// (t = phase in [0, 1))
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    phases: u32,
}

impl From<SteadyError> for Error {
    fn from(error: SteadyError) -> Error {
        match error {
            SteadyError::Interrupted(_) => Error::Interrupted,
            SteadyError::Solve(_) => Error::Failed(error.to_string()),
            _ => Error::BadInput(error.to_string()),
        }
    }
}

/// Runs the command.
pub fn run(all: SteadyArgs) -> Result<(), Error> {
    let args = &all.run;
    let scenario = args.read_scenario(|_| 1 + all.phases as usize)?;
    let chain = Chain::new(&scenario);
    let isolated = chain.left.is_none() && chain.right.is_none();
    let closed = isolated || chain.flip_rate == 0.0;
    let serves = without::serves(&chain) && !all.covariance.covariance;
    let name = args.method.as_deref().unwrap_or(match () {
        _ if closed => "closed",
        _ if serves && without::is_best(&chain, args.tolerance) => "profiles",
        _ => "modal",
    });
    match name {
        "closed" if closed => {}
        "closed" => {
            return Err(Error::BadInput(
                "--method closed: only without flips or without thermostats".into(),
            ));
        }
        "literal" | "modal" | "profiles" if isolated => {
            return Err(SteadyError::NeedsThermostat(name.into()).into());
        }
        "modal" if chain.flip_rate == 0.0 => return Err(SteadyError::NoFlips.into()),
        "profiles" if !serves => {
            return Err(Error::BadInput(format!(
                "--method profiles: {}, also for --covariance",
                SteadyError::NoProfiles
            )));
        }
        "modal" | "profiles" => {}
        "literal" => Literal::fits(chain.bonds).map_err(Error::BadInput)?,
        _ => {
            let allowed = "profiles, closed, modal, literal; chosen by itself if left out";
            return Err(Error::BadInput(format!("--method: found \"{name}\"; allowed: {allowed}")));
        }
    }
    if all.phases > 0 && chain.force.harmonics.is_empty() {
        return Err(Error::BadInput(
            "--phases: the force of this scenario is constant; there is one stationary state"
                .into(),
        ));
    }
    let phases: Vec<f64> = (0..all.phases).map(|k| k as f64 / all.phases as f64).collect();
    let keep = all.covariance.covariance;
    let kept = if keep { &phases[..] } else { &[] };
    let harmonics = 2 * chain.force.harmonics.len();
    let held = kept.len() + usize::from(keep);
    let cost = match name {
        "literal" => Literal::cost(chain.bonds, (1 + harmonics) as f64),
        "modal" => cost::of_stationary_covariance(&chain, harmonics, held),
        "profiles" => cost::of_stationary_profiles(&chain),
        _ => Cost { bytes: held as f64 * cost::of_covariance(&chain), ..Cost::default() },
    };
    let cost = cost.of_program(chain.atoms(), 1 + all.phases as usize, cost::PROFILES_FIGURE, 1);
    let (power, instead) = match name {
        "profiles" | "closed" if !keep => (1.0, "fewer --phases"),
        "modal" if without::serves(&chain) => {
            (2.0, "the profiles alone, without --covariance and --method, in O(N)")
        }
        _ => (2.0, "fewer --phases"),
    };
    expected::say(args, cost, chain.bonds, power, instead)?;
    // The closed forms are quick, and what has none is refused before a run directory is touched.
    let known = match name {
        "closed" if isolated => {
            closed::settles(&chain)?;
            scenario.require_initial("steady")?;
            Some(closed::isolated(&chain, &InitialLaw::read(&scenario)?, keep)?)
        }
        "closed" => Some(closed::harmonic(&chain, keep)?),
        _ => None,
    };
    let options =
        json!({ "covariance": keep, "single": all.covariance.single, "phases": all.phases });
    let run = Run::begin(args, "steady", &scenario, options)?;
    let monitor = run.monitor(1.0);
    let (state, instants, report) = match known {
        Some(state) => {
            let instants = kept.iter().map(|&phase| state.at(phase)).collect();
            (state, instants, SolveReport::default())
        }
        None if name == "profiles" => {
            let (state, report) = without::profiles(&chain, &monitor)?;
            (state, vec![], report)
        }
        None if name == "literal" => periodic::covariance(&Literal::new(&chain), kept)?,
        None => periodic::covariance(&Modal::new(&chain).watched_by(monitor.clone()), kept)?,
    };
    let average = observe::periodic::average(&chain, &state);
    let mut checked = vec![identities::of_periodic_state(&chain, &average, &state)];
    let scale = identities::largest_energy(&chain, [&state.average]);
    checked.push(identities::of_covariance(&state.average, f64::INFINITY, scale));
    checked.extend(
        instants
            .iter()
            .zip(&phases)
            .map(|(solution, &phase)| identities::of_covariance(solution, phase, scale)),
    );
    let mut profiles: Vec<Profile> =
        phases.iter().map(|&t| Profile::new(&chain, &state.at(t), t)).collect();
    profiles.push(average);
    let whole = phases.iter().copied().zip(instants).chain([(f64::INFINITY, state.average)]);
    let covariances = if keep {
        whole.filter_map(|(t, s)| Some((t, s.moments.mean, s.moments.covariance?))).collect()
    } else {
        Vec::new()
    };
    let work = PeriodicWork::new(&chain, &state.mean);
    let solves = if name == "closed" { 0 } else { 1 + state.harmonics.len() };
    let how = match name {
        "closed" if isolated => {
            "no thermostat: the limit that the energy (and on a ring the elongation) of the initial law fix".into()
        }
        "closed" => "no flips: closed form".into(),
        _ => format!(
            "{solves} shifted solves ({name}), {} iterations, residual {:.1e}",
            report.iterations, report.residual
        ),
    };
    let details = json!({
        "method": name,
        "method_reason": how,
        "solves": solves,
        "iterations": report.iterations,
        "residual": report.residual,
        "memory_estimate_bytes": cost.bytes as u64,
        "processor_seconds_estimate": cost.seconds,
        "periodic": work,
    });
    let driven = work.map_or(String::new(), |work| {
        format!(
            "\nperiodic state, profiles averaged over a period: work per period {:.6e}, W_heat {:.6e}",
            work.work_per_period, work.w_heat
        )
    });
    run.finish(Findings {
        scenario: &scenario,
        chain: &chain,
        profiles,
        covariances,
        single: all.covariance.single,
        identities: Identity::worst(checked.concat()),
        figured: Outputs::Phases,
        details: details.as_object().cloned().unwrap_or_default(),
        line: format!("stationary state, N = {}; {how}{driven}", chain.bonds),
    })
}
