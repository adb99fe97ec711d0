//! Outputs of a small chain that miss the tolerance, computed anew in 32 digits.

use super::evolution::{Evolution, Solved};
use super::plan::Record;
use crate::chain::Double;
use crate::evolve::{EvolveError, Plan as Steps, exact_means, squaring};
use crate::method::Method;
use crate::monitor::Monitor;
use crate::numerics::double_double::rounded;

impl Evolution<'_> {
    /// The answer, with those outputs that miss the tolerance in 32 digits, the early ones first,
    /// as far as that takes no more than these seconds of processor time.
    pub(super) fn anew(
        &self,
        plan: &mut Steps,
        mut found: Solved,
        seconds: f64,
        record: &Record,
        monitor: &Monitor,
    ) -> Result<Solved, EvolveError> {
        let Evolution { chain, law, microscopic, held, .. } = self;
        let small = exact_means::serves(chain);
        if !small || record.plan.method != Method::Auto || plan.squared {
            return Ok(found);
        }
        let errors = self.errors(&found.0);
        let missed = |i: &usize| errors[*i] > record.tolerance && microscopic[*i].hi > 0.0;
        let missed: Vec<usize> = (0..microscopic.len()).filter(missed).collect();
        let times: Vec<Double> = missed.iter().map(|&i| microscopic[i]).collect();
        let serves = |count: &usize| {
            let times = &rounded(&times)[..*count];
            squaring::seconds(chain, times).is_some_and(|own| own <= seconds)
        };
        // More outputs cost more and lose more.
        let counts: Vec<usize> = (1..=missed.len()).collect();
        let count = counts.partition_point(serves);
        if count == 0 {
            return Ok(found);
        }
        let keep = |i: usize| held[missed[i]];
        let mut exact = squaring::evolve(chain, law, &times[..count], keep, &monitor.silent())?;
        let mut exchange = |outputs: &dyn Fn(usize) -> bool| {
            for (&index, solution) in missed.iter().zip(&mut exact).filter(|(i, _)| outputs(**i)) {
                std::mem::swap(&mut found.0[index], solution);
            }
            self.errors(&found.0)
        };
        let errors_anew = exchange(&|_| true);
        // Moments that have decayed far below their start may be known worse by this way.
        exchange(&|i| errors_anew[i] > errors[i]);
        let some = match count {
            _ if count == microscopic.len() => "all outputs".into(),
            1 => format!("output {}", missed[0] + 1),
            count => format!("{count} outputs"),
        };
        plan.reason = format!(
            "{}; {some} by the moment equation in 32 digits, since the error was \
             {:.1e}",
            plan.reason,
            missed[..count].iter().fold(0.0, |most: f64, &i| most.max(errors[i]))
        );
        plan.anew.extend(missed[..count].iter().filter(|&&i| errors_anew[i] <= errors[i]));
        Ok(found)
    }
}
