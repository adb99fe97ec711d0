//! The moments at chosen times without steps: the inverse Laplace transform of the moment equations
//! on a hyperbola (docs/theory/contour.md, (5.1)).
//!
//! For a constant force let w = z̄ - z̄_s be the distance of the means from their stationary
//! values, u its momenta. The matrix Y = C + w wᵀ obeys dY/dτ = 𝓛Y + diag_p( 4γ(p_s² + 2 p_s u) +
//! 2λT ), Y(0) = C(0) + w(0) w(0)ᵀ, because p̄² = p_s² + 2 p_s u + u² and 𝓛(w wᵀ) takes up u². Its
//! source is linear in u. Without the part that `Reference` splits off,
//!
//! ```text
//! (s - 𝓛) Ŷ = Y(0) + diag_p( (4γ p_s² + 2λT)/s + 8γ p_s û(s) ),     û = [(s - B)⁻¹ w(0)]_p.
//! ```
//!
//! A periodic force adds envelopes to this, [`super::envelope`]. Cost: one complex shifted solve
//! for each node; times within a modest ratio share a contour ([`super::hyperbola`]). Error:
//! everything is done on two contours, the second with two nodes more. The answer is that of the
//! second. The difference of the two is the error of the first, of which two more nodes leave a
//! known part. The contour must stay within |s| < γ, where the transform is analytic off the
//! negative axis. It therefore serves at times τ ≥ 300/γ, for small chains from 40/γ on.

mod fading;
mod leaving;
mod settled;
mod solution;
mod start;
pub use super::earliest::earliest;
use super::envelope;
use super::exact_means::{self, Left};
use super::hyperbola::{self, Contour, EXTRA, nodes_for_integrals};
use super::outcome::{Counts, EvolveError};
use super::reference::Reference;
use super::sharing::{goal, groups, is_formed};
use super::sums::{Found, OutputSums, Start, Summed, targets};
use super::two_contours::{self, Asked, add_distance};
use crate::budget::{outer_quadrature, rounding};
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::Solution;
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError, Source};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{exact, rounded};
use crate::numerics::vector::largest_norm;
use num_complex::Complex64;
use start::{largest_entry, largest_moment};

/// Solves go on until rounding stops them: the weights of the nodes amplify what a solve leaves a
/// hundredfold, and at late times, where the slow mode of the energy counts, more.
pub(super) const SOLVE_TOLERANCE: f64 = 2e-15;

/// The moments at ascending `times`, each at least [`earliest`]. Arguments as for
/// [`super::radau::evolve`]; `counts.solves` counts nodes.
pub fn evolve<E: MomentEquations + ?Sized>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    let problem = TransformedMoments::new(equations, law, SOLVE_TOLERANCE)?;
    let (goal, exact) = (goal(tolerance), exact(times));
    let times = &rounded(&exact);
    let whole = |i: usize| is_formed(times, &keep, i);
    let groups = groups(times, tolerance, &keep);
    let ends = |group: usize| (times[groups[group].start], times[groups[group].end - 1]);
    let gain = |group: usize| {
        let (first, last) = ends(group);
        hyperbola::gain(last / first, EXTRA)
    };
    let nodes: Vec<usize> = (0..groups.len())
        .map(|group| nodes_for_integrals(ends(group).1 / ends(group).0, goal))
        .collect();
    // C = Y - w wᵀ has the error of w times twice w, which may be far above C.
    let left = exact_means::of_contours(equations.chain())
        .then(|| exact_means::left(equations.chain(), &problem.deviation, &exact));
    let evaluate = |Asked { group, extra }: Asked, counts: &mut Counts, monitor: &Monitor| {
        let (instants, offset) = (&exact[groups[group].clone()], groups[group].start);
        let (first, last) = ends(group);
        // Two contours may agree by accident. The error that is stated is therefore never smaller
        // than what the second contour should leave of the goal of the first.
        let least = outer_quadrature::NODES * gain(group) * goal;
        let contour = Contour::new(first, last, nodes[group] + extra);
        let oscillation = problem.oscillation(instants, &|i| extra > 0 && whole(offset + i))?;
        let keep = |i: usize| keep(offset + i);
        let left = left.as_ref().map(|left| &left[groups[group].clone()]);
        let outputs = Outputs { times: instants, keep: &keep, left, least };
        problem.invert(&contour, outputs, oscillation, counts, monitor)
    };
    let judge = |group: usize, fine: &mut Solution, coarse: &Solution| {
        add_distance(equations.chain(), gain(group), fine, coarse);
    };
    let (mut solutions, counts) =
        two_contours::invert("contour", &nodes, monitor, evaluate, judge)?;
    settled::mend(&problem, keep, tolerance, &mut solutions, &monitor.silent())?;
    Ok((solutions, counts))
}

/// The outputs that share a contour.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    times: &'a [Double],
    /// The outputs that keep their covariance.
    keep: &'a dyn Fn(usize) -> bool,
    /// Their w, where it is known better than by a contour.
    left: Option<&'a [Left]>,
    /// The least error that is claimed.
    least: f64,
}

/// The transformed equations of one chain and initial law.
struct TransformedMoments<'a, E: ?Sized> {
    equations: &'a E,
    /// The part that is subtracted before the inversion.
    reference: Reference,
    solve_tolerance: f64,
    /// z_per
    periodic: PeriodicMean,
    /// w(0)
    deviation: Vec<f64>,
    /// Y(0) less the reference state and the oscillation.
    start: Vec<f64>,
    /// The largest entry of what that is a sum of.
    formed_of: f64,
    /// A rate below which nothing of it decays that is summed.
    decay: f64,
    /// The same as the balance of energy sees it.
    balance: Start,
    /// 4γ q_0, and the noise that the reference state leaves.
    constant_source: Vec<f64>,
}

impl<'a, E: MomentEquations + ?Sized> TransformedMoments<'a, E> {
    fn new(equations: &'a E, law: &InitialLaw, solve_tolerance: f64) -> Result<Self, SolveError> {
        let chain = equations.chain();
        let reference = Reference::new(chain, law);
        let periodic = PeriodicMean::new(equations)?
            .expect("asked only where the mean has a stationary value");
        let deviation: Vec<f64> = periodic.deviation(&law.mean());
        let w = &deviation;
        let mut start = law.covariance_above(0.0) - reference.state.covariance(chain);
        start.indexed_iter_mut().for_each(|((i, j), y)| *y += w[i] * w[j]);
        let constant_source = periodic.constant_source(chain, &reference.noise);
        let start = equations.represent(&start);
        let mut problem = TransformedMoments {
            equations,
            solve_tolerance,
            periodic,
            formed_of: largest_entry(&reference.state).max(largest_moment(law, &deviation)),
            decay: 0.0,
            reference,
            deviation,
            start,
            balance: Start::default(),
            constant_source,
        };
        let oscillation = problem.oscillation(&[Double::default()], &|_| true)?;
        let state = oscillation[0].state.as_ref().expect("it was asked for");
        problem.start.iter_mut().zip(state).for_each(|(y, c)| *y -= c);
        problem.balance = problem.balance_of_start();
        Ok(problem)
    }

    /// ‖w(0)‖
    fn deviation_norm(&self) -> f64 {
        self.deviation.iter().map(|w| w * w).sum::<f64>().sqrt()
    }

    /// Σ_(m≠0) C_m e^(imωτ) and its integral at every time.
    fn oscillation(
        &self,
        times: &[Double],
        whole: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<OutputSums>, SolveError> {
        let chain = self.equations.chain();
        let zero = |i: usize| {
            OutputSums::new(chain, whole(i).then(|| vec![0.0; self.equations.state_len()]))
        };
        let mut all: Vec<OutputSums> = (0..times.len()).map(zero).collect();
        for order in self.periodic.square_orders().into_iter().filter(|&order| order > 0) {
            let weight = |time: Double| 2.0 * self.periodic.turn(order, time);
            let mut targets = targets(&mut all, |i| weight(times[i]));
            let solved = self.periodic.add_covariance(
                self.equations,
                order,
                &mut targets,
                self.solve_tolerance,
            )?;
            let shift = self.periodic.rotation(order);
            let momenta = self.periodic.covariance_source(chain, order);
            let found = Found::new(chain, shift, &momenta, None, solved);
            for (sums, &time) in all.iter_mut().zip(times) {
                sums.add(weight(time), 2.0 * self.periodic.turn_integral(order, time), &found);
                // The error of the phase.
                sums.lose(2.0 * self.periodic.turn_error(order, time.hi), &found);
            }
        }
        Ok(all)
    }

    /// The solutions at the times of `outputs` by one contour; their errors hold what the solves
    /// leave. The whole covariance is found where `oscillation` has its.
    fn invert(
        &self,
        contour: &Contour,
        outputs: Outputs<'_>,
        sums: Vec<OutputSums>,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError> {
        let Outputs { times, keep, least, .. } = outputs;
        let parts = self.summed(contour, outputs, sums, true, counts, monitor)?.into_iter();
        let solution = |(i, Summed { sums, means: [w, w_sum], losses })| {
            self.solution(times[i], least, sums, [&w, &w_sum], losses, keep(i))
        };
        parts.enumerate().map(solution).collect()
    }

    /// The sums over the nodes of one contour, added to `sums`; those of the time integrals only
    /// where the pole at 0 is enclosed.
    fn summed(
        &self,
        contour: &Contour,
        Outputs { times, left, least, .. }: Outputs<'_>,
        mut sums: Vec<OutputSums>,
        encloses_pole: bool,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Summed>, EvolveError> {
        let mut deviations = vec![vec![0.0; self.deviation.len()]; times.len()];
        let mut deviation_sums = deviations.clone();
        // What is left of the means' transform: r̄ and p̄.
        let mut losses = vec![[0.0; 2]; times.len()];
        let bonds = self.equations.chain().bonds;
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        for (number, &(s, weight)) in contour.nodes.iter().enumerate() {
            let constant = &self.constant_source;
            let (w, envelopes) =
                envelope::at_node(self.equations, &self.periodic, constant, &start, s)?;
            let weights: Vec<Complex64> =
                times.iter().map(|t| 2.0 * weight * (s * t.hi).exp()).collect();
            for envelope in envelopes {
                let starts = envelope.order == 0;
                let source = Source {
                    state: starts.then_some(&self.start[..]),
                    scale: Complex64::ONE,
                    momenta: &envelope.momenta,
                };
                let turned = |i: usize| weights[i] * self.periodic.turn(envelope.order, times[i]);
                let mut targets = targets(&mut sums, turned);
                let solved = self.equations.solve_diagonals(
                    envelope.shift,
                    source,
                    &mut targets,
                    self.solve_tolerance,
                )?;
                let start = starts.then_some(&self.balance);
                let (chain, momenta) = (self.equations.chain(), &envelope.momenta);
                let found = Found::new(chain, envelope.shift, momenta, start, solved);
                for (i, sums) in sums.iter_mut().enumerate() {
                    let integral =
                        if encloses_pole { turned(i) / envelope.shift } else { 0.0.into() };
                    sums.add(turned(i), integral, &found);
                }
                counts.solves += 1;
                monitor.check()?;
            }
            for (i, weight) in weights.iter().enumerate() {
                let part = (rounding::TRANSFORM + least) * weight.norm();
                losses[i][0] += part * largest_norm(&w[..bonds]);
                losses[i][1] += part * largest_norm(&w[bonds..]);
                for ((value, sum), w) in
                    deviations[i].iter_mut().zip(&mut deviation_sums[i]).zip(&w)
                {
                    *value += (weight * w).re;
                    *sum += (weight / s * w).re;
                }
            }
            let (share, last) =
                ((number + 1) as f64 / contour.nodes.len() as f64, times[times.len() - 1].hi);
            monitor.advance(Progress {
                share,
                time: last,
                solves: counts.solves,
                ..Default::default()
            })?;
        }
        for (sums, time) in sums.iter_mut().zip(times) {
            sums.of_start = self.left_of_roundings(time.hi);
        }
        for (i, Left { w, losses: lost }) in left.into_iter().flatten().enumerate() {
            deviations[i].copy_from_slice(w);
            losses[i] = *lost;
        }
        let means = deviations.into_iter().zip(deviation_sums).zip(losses);
        let all = sums.into_iter().zip(means);
        Ok(all
            .map(|(sums, ((w, w_sum), losses))| Summed { sums, means: [w, w_sum], losses })
            .collect())
    }
}
