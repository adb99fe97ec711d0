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
mod start;
pub use super::earliest::earliest;
use super::earliest::left_out;
use super::envelope;
use super::hyperbola::{self, Contour, EXTRA, nodes_for_integrals};
use super::outcome::{Counts, EvolveError};
use super::reference::Reference;
use super::sharing::{goal, groups, is_formed};
use super::sums::{Found, OutputSums, Start, Summed, targets};
use super::two_contours::{self, Asked, add_distance};
use crate::budget::{outer_quadrature, rounding};
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::source::ErrorSource;
use crate::covariance::{MomentEquations, SolveError, Source};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{exact, rounded};
use crate::numerics::vector::{largest_norm, largest_of};
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
    let evaluate = |Asked { group, extra }: Asked, counts: &mut Counts, monitor: &Monitor| {
        let (instants, offset) = (&exact[groups[group].clone()], groups[group].start);
        let (first, last) = ends(group);
        // Two contours may agree by accident. The error that is stated is therefore never smaller
        // than what the second contour should leave of the goal of the first.
        let least = outer_quadrature::NODES * gain(group) * goal;
        let contour = Contour::new(first, last, nodes[group] + extra);
        let oscillation = problem.oscillation(instants, &|i| extra > 0 && whole(offset + i))?;
        let keep = |i: usize| keep(offset + i);
        let outputs = Outputs { times: instants, keep: &keep, least };
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
        let Outputs { times, keep, least } = outputs;
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
        Outputs { times, least, .. }: Outputs<'_>,
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
        let means = deviations.into_iter().zip(deviation_sums).zip(losses);
        let all = sums.into_iter().zip(means);
        Ok(all
            .map(|(sums, ((w, w_sum), losses))| Summed { sums, means: [w, w_sum], losses })
            .collect())
    }

    /// Puts C = Y - w wᵀ together, and the reference state. Long because it lists every column's
    /// errors, source by source.
    fn solution(
        &self,
        time: Double,
        least: f64,
        sums: OutputSums,
        [w, w_sum]: [&[f64]; 2],
        mean_losses: [f64; 2],
        keep: bool,
    ) -> Result<Solution, EvolveError> {
        let chain = self.equations.chain();
        let Reference { state: thermal, through, .. } = &self.reference;
        let reference: Vec<f64> = [&thermal.var_r[..], &thermal.var_p].concat();
        let flows = sums.best(chain, &self.balance, time.hi);
        let variance: Vec<f64> = (sums.variance.iter().zip(w).zip(&reference))
            .map(|((y, w), reference)| y - w * w + reference)
            .collect();
        let pair = |bond: usize| chain.left_pair(bond);
        let correlation: Vec<f64> = (flows.correlation.iter().enumerate())
            .map(|(bond, y)| y - w[pair(bond).0] * w[pair(bond).1] + thermal.correlation)
            .collect();
        // λ(T - Var p): of the reference state that is the current through it.
        let friction = chain.friction();
        let at_ends = [w[chain.bonds], w[w.len() - 1]];
        let square = |end: usize| friction[end] * at_ends[end] * at_ends[end];
        let inflow = [0, 1].map(|end| through[end] - (flows.losses[end] - square(end)));
        let covariance = sums.state.map(|state| {
            let mut covariance = self.equations.matrix(&state);
            drop(state);
            covariance.indexed_iter_mut().for_each(|((i, j), c)| *c -= w[i] * w[j]);
            covariance + thermal.covariance(chain)
        });
        let mean: Vec<f64> = self.periodic.at(time).iter().zip(w).map(|(s, w)| s + w).collect();
        let solve = |shift: Complex64, f: &[Complex64]| self.equations.solve_mean(shift, f);
        let mut integrals = envelope::mean_integrals(
            chain,
            solve,
            &self.periodic,
            &self.deviation,
            (w, w_sum),
            time,
        )?;
        (integrals.square.iter_mut().zip(&sums.variance_integral).zip(&reference))
            .for_each(|((z, y), reference)| *z += y + reference * time.hi);
        (integrals.product.iter_mut().zip(&flows.correlation_integral))
            .for_each(|(z, y)| *z += y + thermal.correlation * time.hi);
        // The parts are put together to some roundings of theirs, half a one for each operation.
        let rounding = if sums.direct { rounding::PRODUCT } else { rounding::TRANSFORM };
        let norms = [self.equations.norm(&self.start), self.deviation_norm()];
        let [out, mean_out] = left_out(chain, norms, time.hi);
        let (bonds, phase) = (chain.bonds, self.periodic.errors_at(time.hi));
        let parts = [&mean[..bonds], &mean[bonds..]];
        let [mean_r, mean_p] = [0, 1].map(|part| {
            mean_losses[part] + mean_out + rounding::FORMULAS * largest(parts[part]) + phase[part]
        });
        let loss = sums.error
            + sums.of_start[0]
            + least * sums.size
            + out
            + 2.0 * (largest(&w[..bonds]) * mean_r).max(largest(&w[bonds..]) * mean_p);
        let weighted = |end: usize| 2.0 * friction[end] * at_ends[end].abs() * mean_p;
        let flow = flows.error
            + sums.of_start[1]
            + least * flows.size
            + out * chain.current_weight()
            + largest(&w[..bonds]) * mean_p
            + largest(&w[bonds..]) * mean_r
            + weighted(0).max(weighted(1))
            + rounding
                * (largest(&correlation)
                    + largest(&inflow)
                    + square(0)
                    + square(1)
                    + largest(through)
                    + thermal.correlation.abs());
        // The momenta of a hot end may be far above everything else.
        let [var_r, var_p] = [0..bonds, bonds..w.len()].map(|part| {
            let size = |i: usize| variance[i].abs() + reference[i] + 2.0 * w[i] * w[i];
            loss + rounding * largest_of(part.map(size))
        });
        let lost = [mean_p, mean_losses[1] + mean_out];
        let (leaving, at_end) = self.leaving(time, [&mean, w], inflow[1], lost);
        let of_flow = MomentErrors::of_variances(0.0, flow + at_end);
        let errors = MomentErrors { mean_r, mean_p, var_r, var_p, ..of_flow };
        let of = MomentErrors::of_variances;
        let of_phase = MomentErrors { mean_r: phase[0], mean_p: phase[1], ..Default::default() };
        let left = of(least * sums.size + out, least * flows.size + out * chain.current_weight());
        let parts = vec![
            (ErrorSource::Iteration, of(sums.error, flows.error)),
            (ErrorSource::OuterQuadrature, left),
            (ErrorSource::InputRounding, of_phase),
        ];
        let consistency = match &covariance {
            Some(covariance) => Consistency::of(covariance.view()),
            None => Consistency::of_bonds(chain, &variance, &correlation),
        };
        let covariance = covariance.filter(|_| keep);
        let inflow = Some(inflow);
        let moments = Moments { time, mean, variance, correlation, inflow, leaving, covariance };
        Ok(Solution {
            moments,
            errors,
            parts,
            consistency: Some(consistency),
            integrals: Some(integrals),
            variance_integral: None,
        })
    }
}
