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

/// How an evolution goes, and its price.
pub(super) struct Planned {
    pub plan: Steps,
    /// Of the program.
    pub cost: Cost,
    /// Seconds of solving.
    pub solving: f64,
    /// At which outputs the covariance is held.
    pub held: Vec<bool>,
    /// The share of the work that is left for the files, where the covariances that are kept do not
    /// fit the memory.
    pub filed: Option<f64>,
    /// The share that is left for the covariances, where they come after the profiles.
    pub formed: Option<f64>,
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
            Ok::<Planned, String>(Planned { plan, cost, solving, held, filed: None, formed: None })
        };
        let held = kept.iter().map(|&kept| kept || options.modes).collect();
        let whole = with(held)?;
        let whole = Planned { cost: of_program(whole.cost), ..whole };
        let times = kept.iter().zip(microscopic).filter(|(kept, _)| **kept).map(|(_, time)| *time);
        let times: Vec<Double> = times.collect();
        let fits = memory::limit(options.memory_limit).is_none_or(|most| whole.cost.bytes <= most);
        let other_way = method == Method::Auto && !options.modes && !times.is_empty();
        if !other_way || !filed::serves(chain, law, &times) {
            return Ok(whole);
        }
        let profiles = with(vec![false; kept.len()])?;
        let formed = profiles.cost.then(filed::cost_in_memory(chain, &times, tolerance));
        let formed_fits =
            memory::limit(options.memory_limit).is_none_or(|most| of_program(formed).bytes <= most);
        let iterated = !direct::serves(chain);
        if iterated && formed_fits && (!fits || formed.seconds < whole.solving) {
            let share = 1.0 - profiles.cost.seconds / formed.seconds;
            let mut plan = profiles.plan;
            plan.reason = format!(
                "{}; the covariance by its nodes, which begin with the profiles",
                plan.reason
            );
            let solving = formed.seconds;
            let cost = of_program(formed);
            return Ok(Planned { plan, cost, solving, formed: Some(share), ..profiles });
        }
        if fits {
            return Ok(whole);
        }
        let files = filed::cost(chain, &times, tolerance);
        let share = files.seconds / (files.seconds + profiles.cost.seconds);
        let mut plan = profiles.plan;
        plan.reason = format!("{}; {}", plan.reason, filed::words(chain, times.len()));
        let cost = profiles.cost.then(files);
        let solving = cost.seconds;
        let cost = of_program(cost);
        Ok(Planned { plan, cost, solving, filed: Some(share), ..profiles })
    }
}
