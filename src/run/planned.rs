//! The way of an evolution and its price: with the covariance in memory, after the profiles, or in
//! files, whichever is the cheapest that fits.

use super::{Options, filed, memory};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::direct;
use crate::covariance::literal::Literal;
use crate::evolve::radau;
use crate::evolve::{self, Plan as Steps};
use crate::method::Method;

/// The ways of an evolution, and its price.
pub(super) struct Planned {
    pub plan: Steps,
    /// The cost of the whole program.
    pub cost: Cost,
    /// Seconds of solving.
    pub solving: f64,
    /// At which outputs the covariance is held.
    pub held: Vec<bool>,
    /// If the covariances come after the profiles: the place that they go to, and their share of
    /// the work.
    pub later: Option<(Place, f64)>,
}

/// The place of covariances.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Memory,
    /// They do not fit the memory.
    Files,
}

impl Planned {
    pub fn new(
        chain: &Chain,
        law: &InitialLaw,
        microscopic: &[Double],
        options: &Options,
        kept: &[bool],
    ) -> Result<Planned, String> {
        let (method, tolerance) = (options.method, options.tolerance);
        let of_program = |cost: Cost| {
            cost.of_program(chain.atoms(), microscopic.len(), cost::PROFILES_FIGURE, 1)
        };
        let with = |held: Vec<bool>| {
            let plan = evolve::plan(chain, law, microscopic, method, held.contains(&true))?;
            let cost = match method {
                Method::Literal => {
                    let solves = radau::expected_solves(chain, microscopic, tolerance);
                    Literal::cost(chain.bonds, solves)
                }
                _ => evolve::cost(chain, law, microscopic, &plan, tolerance, &held),
            };
            let solving = cost.seconds;
            Ok::<Planned, String>(Planned { plan, cost, solving, held, later: None })
        };
        let most = memory::limit(options.memory_limit).unwrap_or(f64::INFINITY);
        let fits = |planned: &Planned| of_program(planned.cost).bytes <= most;
        let whole = with(kept.iter().map(|&kept| kept || options.modes).collect())?;
        let finished = |planned: Planned| Planned { cost: of_program(planned.cost), ..planned };
        let times = kept.iter().zip(microscopic).filter(|(kept, _)| **kept).map(|(_, time)| *time);
        let times: Vec<Double> = times.collect();
        let other_way = method == Method::Auto && !options.modes && !times.is_empty();
        if !other_way || !filed::serves(chain, law, &times) {
            return Ok(finished(whole));
        }
        let profiles = with(vec![false; kept.len()])?;
        let after = |place: Place, covariances: Cost, words: String| {
            let cost = profiles.cost.then(covariances);
            let later = Some((place, covariances.seconds / cost.seconds));
            let reason = format!("{}; {words}", profiles.plan.reason);
            let plan = Steps { reason, ..profiles.plan.clone() };
            let held = profiles.held.clone();
            Planned { plan, cost, solving: cost.seconds, held, later }
        };
        let formed = after(
            Place::Memory,
            filed::cost_in_memory(chain, &times, tolerance),
            "the covariance by its nodes, which begin with the profiles".into(),
        );
        let quicker = !fits(&whole) || formed.solving < whole.solving;
        if !direct::serves(chain) && fits(&formed) && quicker {
            return Ok(finished(formed));
        }
        if fits(&whole) {
            return Ok(finished(whole));
        }
        let cost = filed::cost(chain, &times, tolerance);
        Ok(finished(after(Place::Files, cost, filed::words(chain, times.len()))))
    }
}
