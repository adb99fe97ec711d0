//! The distance from the stationary state once it is far below its start
//! (docs/theory/small-systems.md, (15.7)).
//!
//! A contour around 0 knows Y(τ) to some roundings of Y(0). Let G = (-𝓛)^(-k) 1 > 0 with -𝓛 G ≥
//! κ G. The order of symmetric matrices is kept, so that e^(𝓛τ) G ≤ e^(-κτ) G: nothing decays more
//! slowly than κ. The squares of the means obey the same, so that means decay at least like κ/2. D
//! = Y - Y_s therefore has no singularity to the right of -κ (-κ/2 where the means heat it). The
//! same contour around that point knows it to some roundings of e^(-κτ) Y(0). With k = 1 any κ ≤
//! 1/g will do ([`super::settled`]); more powers bring the slowest rate. The means are turned in 32
//! digits.
//! Cost: that of one output by two contours, and the powers. Error: as there.

use super::settled::Rest;
use super::start::largest_entry;
use super::{Outputs, TransformedMoments};
use crate::budget::outer_quadrature;
use crate::chain::{Chain, Double};
use crate::covariance::MomentEquations;
use crate::covariance::moments::Solution;
use crate::evolve::exact_means;
use crate::evolve::hyperbola::{self, Contour, EXTRA, nodes_for_integrals};
use crate::evolve::outcome::{Counts, EvolveError};
use crate::evolve::reference::Reference;
use crate::evolve::sharing::goal;
use crate::evolve::sums::Summed;
use crate::evolve::two_contours::add_distance;
use crate::monitor::Monitor;
use num_complex::Complex64;

/// Less than e^(-4) of a start gains nothing.
const FADED: f64 = 4.0;

/// The last node of a contour has Re s = -30/τ, and must not come to what oscillates.
const LAST_NODE: f64 = 40.0;

impl Rest {
    /// Whether a start has faded so much by this time that its contour is worth to be moved.
    pub fn fades(&self, chain: &Chain, time: f64) -> bool {
        let rate = self.longest.recip();
        exact_means::serves(chain)
            && rate * time > FADED
            && LAST_NODE / time + rate < chain.flip_rate
    }
}

impl<E: MomentEquations + ?Sized> TransformedMoments<'_, E> {
    /// The stationary state and the distance from it, at a time when that has faded.
    pub(super) fn fading(
        &self,
        rest: &Rest,
        time: Double,
        keep: bool,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Solution, EvolveError> {
        let (chain, equations) = (self.equations.chain(), self.equations);
        let left = exact_means::left(chain, &self.deviation, &[time]);
        let still: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        let heats = self.heat(&still).iter().any(|q| *q != Complex64::ZERO);
        let rate = self.slowest(rest, time.hi)? * if heats { 0.5 } else { 1.0 };
        let faded = self.faded(rest, rate);
        let goal = goal(tolerance);
        let gain = hyperbola::gain(1.0, EXTRA);
        let least = outer_quadrature::NODES * gain * goal;
        let by_contour = |extra: usize| -> Result<Solution, EvolveError> {
            let mut contour =
                Contour::new(time.hi, time.hi, nodes_for_integrals(1.0, goal) + extra);
            contour.nodes.iter_mut().for_each(|(s, _)| *s -= rate);
            let outputs = Outputs { times: &[time], keep: &|_| true, left: Some(&left), least };
            let sums = vec![self.still(rest, time, true)];
            let mut counts = Counts::default();
            let found = faded.summed(&contour, outputs, sums, false, &mut counts, monitor)?;
            let [Summed { mut sums, means: [w, _], losses }] =
                <[Summed; 1]>::try_from(found).ok().expect("one output");
            // ∫_0^τ D = ∫_0^∞ D - ∫_τ^∞ D, the latter from D(τ) on.
            let state = sums.state.as_ref().expect("it is kept");
            let left: Vec<f64> = state.iter().zip(&rest.state).map(|(y, s)| y - s).collect();
            let (w_left, lasting) = self.lasting(&left, &w)?;
            sums.add(Complex64::ZERO, -Complex64::ONE, &lasting);
            let w_sum: Vec<f64> = rest.w_sum.iter().zip(&w_left).map(|(a, b)| a - b).collect();
            sums.state = sums.state.filter(|_| keep);
            faded.solution(time, least, sums, [&w, &w_sum], losses, keep)
        };
        let (coarse, mut fine) = (by_contour(0)?, by_contour(EXTRA)?);
        add_distance(equations.chain(), gain, &mut fine, &coarse);
        Ok(fine)
    }

    /// The same equations with the thermal stationary state as the reference; `None` where it is.
    pub(super) fn above_thermal(&self) -> Option<Self> {
        let (chain, equations) = (self.equations.chain(), self.equations);
        let reference = Reference::thermal(chain)?;
        if reference.state == self.reference.state {
            return None;
        }
        let more = self.reference.state.covariance(chain) - reference.state.covariance(chain);
        let more = equations.represent(&more);
        let constant_source = self.periodic.constant_source(chain, &reference.noise);
        let start = self.start.iter().zip(&more).map(|(y, more)| y + more).collect();
        Some(self.with(reference, constant_source, start))
    }

    /// The same equations with another reference, constant source and start.
    fn with(&self, reference: Reference, constant_source: Vec<f64>, start: Vec<f64>) -> Self {
        let (periodic, deviation) = (self.periodic.clone(), self.deviation.clone());
        let balance = Default::default();
        let formed_of = self.formed_of.max(largest_entry(&reference.state));
        let mut changed = TransformedMoments {
            reference,
            constant_source,
            start,
            formed_of,
            periodic,
            deviation,
            balance,
            ..*self
        };
        changed.balance = changed.balance_of_start();
        changed
    }

    /// The equations of D alone, from whose contour nothing to the right of -`rate` is enclosed.
    fn faded(&self, rest: &Rest, rate: f64) -> Self {
        let no_source = vec![0.0; self.constant_source.len()];
        let mut faded = self.with(self.reference.clone(), no_source, rest.start.clone());
        let state =
            self.equations.norm(&rest.state) / (self.equations.chain().atoms() as f64).sqrt();
        (faded.formed_of, faded.decay) = (self.formed_of.max(state), rate);
        faded.balance.apart =
            self.equations.chain().friction().map(|friction| friction > 2.0 * rate);
        faded
    }
}
