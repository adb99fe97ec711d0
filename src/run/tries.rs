//! The tries of an evolution: where a way fails or misses the tolerance, another one may serve, and
//! the best answer of all counts.

use super::evolution::{Evolution, Solved};
use super::plan::Record;
use crate::covariance::moments::{Solution, largest};
use crate::covariance::{literal::Literal, modal::Modal};
use crate::evolve::EvolveError;
use crate::evolve::{self, Plan as Steps};
use crate::method::Method;
use crate::monitor::Monitor;
use crate::numerics::double_double::rounded;
use crate::observe::{Profile, relative_errors};

/// Seconds of a way that is tried again at a smaller tolerance.
const WORTH_ANOTHER_TRY: f64 = 20.0;

/// Seconds of processor time that outputs in 32 digits may take before another way is tried, and in
/// the end.
const WORTH_DIGITS: [f64; 2] = [20.0, 100.0];

/// Seconds of processor time that doublings may take, whose rounding errors are smaller.
const WORTH_DOUBLING: f64 = 150.0;

impl Evolution<'_> {
    /// The answer by the plan, or the best of those by other plans where it misses the tolerance.
    pub(super) fn best(
        &self,
        record: &Record,
        monitor: &Monitor,
    ) -> Result<(Steps, Solved), EvolveError> {
        let [_, many] = WORTH_DIGITS;
        let mut plan = self.plan.clone();
        let mut found = self.tried(&mut plan, record, monitor);
        // Another try has parts of its own.
        let mut tries = 1;
        let mut best: Option<(f64, Steps, Solved)> = None;
        while let Some(better) = self.better(&plan, &found, tries == 1, record) {
            if let Ok(solved) = found {
                let error = self.error(&solved.0);
                // Covariances would take the memory twice.
                let first = best.as_ref().is_none_or(|(least, ..)| error < *least);
                if first && !self.held.contains(&true) {
                    best = Some((error, plan, solved));
                }
            }
            (plan, tries) = (better, tries + 1);
            let monitor = monitor.within(&format!("try-{tries}"));
            found = self.tried(&mut plan, record, &monitor);
        }
        let (mut plan, solved) = match (found, best) {
            (Err(error @ EvolveError::Interrupted(_)), _) | (Err(error), None) => {
                return Err(error);
            }
            (Ok(solved), Some((least, ..))) if self.error(&solved.0) <= least => (plan, solved),
            (Ok(solved), None) => (plan, solved),
            (_, Some((_, before, solved))) => {
                let reason = format!("{}; tried in vain: {}", before.reason, plan.reason);
                (Steps { reason, ..before }, solved)
            }
        };
        let solved = self.anew(&mut plan, solved, many, record, monitor)?;
        Ok((plan, solved))
    }

    /// The answer by one plan, with what it misses in 32 digits where that takes little.
    fn tried(
        &self,
        plan: &mut Steps,
        record: &Record,
        monitor: &Monitor,
    ) -> Result<Solved, EvolveError> {
        plan.anew.clear();
        let found = self.with_means(self.solutions(plan, record, monitor), record)?;
        let [few, _] = WORTH_DIGITS;
        self.anew(plan, found, few, record, monitor)
    }

    /// With means of 32 digits, where a small chain missed the tolerance: what has all but decayed
    /// keeps no digits in doubles.
    fn with_means(
        &self,
        found: Result<Solved, EvolveError>,
        record: &Record,
    ) -> Result<Solved, EvolveError> {
        let Evolution { chain, law, .. } = self;
        let mut found = found?;
        let choose = record.plan.method == Method::Auto && evolve::exact_means::serves(chain);
        if choose && self.error(&found.0) > record.tolerance {
            let late = found.0.partition_point(|solution| solution.moments.time.hi <= 0.0);
            evolve::exact_means::put(chain, law, &mut found.0[late..]);
            evolve::exact_covariance::put(chain, law, &mut found.0[late..]);
        }
        Ok(found)
    }

    /// The relative errors of the outputs.
    pub(super) fn errors(&self, solutions: &[Solution]) -> Vec<f64> {
        let outputs = solutions.iter().zip(&self.times.values);
        let profiles: Vec<_> = outputs.map(|(s, &t)| Profile::new(self.chain, s, t)).collect();
        relative_errors(&profiles)
    }

    /// The largest of them.
    fn error(&self, solutions: &[Solution]) -> f64 {
        largest(&self.errors(solutions))
    }

    /// Another plan, if there is one, for the case that a plan has failed or missed the tolerance;
    /// `first` says that it was the first one.
    fn better(
        &self,
        plan: &Steps,
        found: &Result<Solved, EvolveError>,
        first: bool,
        record: &Record,
    ) -> Option<Steps> {
        let Evolution { chain, law, microscopic, held, .. } = self;
        if record.plan.method != Method::Auto || (plan.squared && !first) {
            return None;
        }
        let (way, missed) = match found {
            Err(EvolveError::Interrupted(_)) => return None,
            Err(error) => (format!("{error} ({})", plan.reason), f64::INFINITY),
            Ok((solutions, _)) => {
                let error = self.error(solutions);
                if error <= record.tolerance {
                    return None;
                }
                let way = format!("an error of {error:.1e} was all that came of: {}", plan.reason);
                (way, error / record.tolerance)
            }
        };
        let reason = format!("the exponential of the moment equation, in 32 digits; {way}");
        let cost = |plan: &Steps| {
            evolve::cost(chain, law, microscopic, plan, record.tolerance, held).seconds
        };
        // A way that has answered can be mended in the end.
        let most = WORTH_DIGITS[usize::from(found.is_err())];
        // Where these were not enough, of all outputs or of those that came anew in 32 digits, what
        // has decayed may keep its digits in pairs of waves.
        let tried = plan.squared || !plan.anew.is_empty();
        let wide = evolve::in_32_digits(chain, &rounded(microscopic), reason)
            .filter(|wide| !tried && cost(wide) <= most);
        if wide.is_some() || plan.doubled {
            return wide;
        }
        if plan.squared {
            return self.by_doubling(&way).filter(|plan| cost(plan) < WORTH_DOUBLING);
        }
        let own = cost(plan);
        // What a contour misses late, doublings miss as a rule.
        let early = plan.stepped > 0 || found.is_err();
        let worth = if early { WORTH_DOUBLING } else { WORTH_ANOTHER_TRY };
        let doubled = self.by_doubling(&way).filter(|plan| cost(plan) < worth);
        let again = || {
            let steps = plan.stencil && plan.stepped > 0 && !plan.at_start_only;
            let late = steps.then(|| self.by_contour(&way, record)).flatten();
            let judged = || plan.judged();
            let less = || plan.asked_for_less(missed).filter(|_| own < WORTH_ANOTHER_TRY);
            late.or_else(judged).or_else(less)
        };
        match doubled {
            Some(doubled) if cost(&doubled) < own => Some(doubled),
            doubled => again().or(doubled),
        }
    }

    /// All outputs by doublings of what flips give back, where that serves them.
    fn by_doubling(&self, way: &str) -> Option<Steps> {
        let reason = format!("what flips give back, by doubling the time; {way}");
        evolve::by_doubling(self.chain, &rounded(&self.microscopic), reason)
    }

    /// All outputs by the contour, where it serves them and is cheap.
    fn by_contour(&self, way: &str, record: &Record) -> Option<Steps> {
        let Evolution { chain, law, microscopic, held, .. } = self;
        let kept = held.contains(&true);
        let plan = evolve::plan(chain, law, microscopic, Method::Contour, kept).ok()?;
        let serves = plan.stepped == 0 || plan.at_start_only;
        let cost = evolve::cost(chain, law, microscopic, &plan, record.tolerance, held);
        let reason = format!("{}; {way}", plan.reason);
        (serves && cost.seconds < WORTH_ANOTHER_TRY).then_some(Steps { reason, ..plan })
    }

    fn solutions(
        &self,
        plan: &Steps,
        record: &Record,
        monitor: &Monitor,
    ) -> Result<Solved, EvolveError> {
        let Evolution { chain, law, microscopic, .. } = self;
        let (keep, tolerance) = (|i: usize| self.held[i], record.tolerance);
        if record.plan.method == Method::Literal {
            let equations = Literal::new(chain);
            return evolve::evolve(&equations, law, microscopic, plan, tolerance, keep, monitor);
        }
        let equations = Modal::new(chain).watched_by(monitor.silent());
        evolve::evolve(&equations, law, microscopic, plan, tolerance, keep, monitor)
    }
}
