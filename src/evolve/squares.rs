//! C_N at late times without the covariance in memory (docs/theory/theorems.md, (11.1)).
//! `src/evolve/filed.rs` writes covariances to files in the same way.
//!
//! The chain is open, and its coordinates are independent at first. With the notation of
//! [`super::profiles`] and [`super::envelope`], C = R + Σ_(l≠0) V_l e^(ilωτ) + Σ_(m≠0) C_m
//! e^(imωτ),
//!
//! ```text
//! (s - 𝓛) R̂ = diag(v(0)) + diag_p( 4γ p̂²(s) + 2λT/s ) - Σ_(m≠0) (s - 𝓛) C_m/(s - imω),
//! ```
//!
//! so that the right-hand side of every equation is diagonal. Every node keeps its answer as O(N)
//! numbers. When all are solved, one pass forms the covariance pair by pair and adds up the squares
//! ([`squares`]). The iteration of a node starts from an interface that two O(N) solvers give: the
//! squared kernel the variances, and [`resolvent::columns_once`] the columns of the ends. The same
//! pass forms the difference of two contours, whose norm bounds the error. Cost: O(nodes · N²) time
//! and O(nodes · N) memory.

use super::contour::SOLVE_TOLERANCE;
use super::earliest::{earliest, left_out};
use super::envelope;
use super::hyperbola::{self, Contour, EXTRA, Remembered};
use super::norm::Norm;
use super::outcome::EvolveError;
use super::profiles;
use super::reference::reference_temperature;
use super::two_contours::ABREAST;
use crate::budget::{outer_quadrature, rounding};
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::{self, Cost};
use crate::covariance::independent::Independent;
use crate::covariance::modal::Modal;
use crate::covariance::moments::largest;
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::squares::{Guess, Kept, Sums, squares};
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::rounded;
use crate::numerics::vector::euclidean;
use crate::resolvent::{self, Drive, Quality, SquaredKernel};
use crate::scenario::Topology;
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::Range;

/// The earliest microscopic time at which C_N can be computed in this way; `None` for rings, for
/// correlated laws and without flips.
pub fn serves(chain: &Chain, law: &InitialLaw) -> Option<f64> {
    let independent = chain.topology == Topology::Open && law.covariance.is_none();
    let variances = profiles::earliest(chain, law).filter(|first| first.is_finite());
    let both = earliest(chain).zip(variances).map(|(norm, variances)| norm.max(variances));
    both.filter(|_| independent)
}

/// The error that the nodes are chosen by.
fn goal(tolerance: f64) -> f64 {
    (1e-2 * tolerance).max(1e-15)
}

/// Times at most that share a contour.
const SHARED: usize = 16;

/// The groups of times that share a contour.
pub(super) fn groups(times: &[f64], tolerance: f64) -> Vec<Range<usize>> {
    let counts = Remembered::new(|ratio| hyperbola::nodes_for(ratio, goal(tolerance)));
    hyperbola::shared(times, |first, last| counts.at(last / first), |group| group.len() <= SHARED)
}

/// The cost of [`evolve`].
pub fn cost(chain: &Chain, times: &[f64], tolerance: f64) -> Cost {
    let late = times.iter().copied().filter(|&time| time > 0.0).collect::<Vec<f64>>();
    let nodes = |group: &Range<usize>| {
        let ratio = late[group.end - 1] / late[group.start];
        hyperbola::of_both(hyperbola::nodes_for(ratio, goal(tolerance)))
    };
    let nodes: usize = groups(&late, tolerance).iter().map(nodes).sum();
    let equations = (1 + 2 * chain.force.harmonics.len()) * nodes;
    cost::of_squares(chain, equations, late.len())
}

/// ‖C‖² at ascending `times`, none before [`serves`]. `tolerance` is that of a variance.
pub fn evolve(
    equations: &Modal,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<Norm>, EvolveError> {
    let problem = TransformedSquares::new(equations, law)?;
    let groups = groups(&rounded(times), tolerance);
    let mut found = Vec::with_capacity(times.len());
    for (number, group) in groups.iter().enumerate() {
        let share = |part: usize| (number + part) as f64 / groups.len() as f64;
        let part = monitor.part(share(0), share(1));
        found.extend(problem.invert(&times[group.clone()], tolerance, &part)?);
    }
    Ok(found)
}

/// The transformed equations of one chain and initial law.
pub(super) struct TransformedSquares<'a> {
    equations: &'a Modal,
    /// The temperature of what is split off.
    temperature: f64,
    periodic: PeriodicMean,
    /// w(0)
    deviation: Vec<f64>,
    /// diag(v(0)) less the temperature, in modes and at the sites.
    start: Independent,
    start_r: Vec<Complex64>,
    start_p: Vec<Complex64>,
    /// 4γ q_0, and the noise that the temperature leaves.
    constant_source: Vec<f64>,
    largest_variance: f64,
}

/// The results at the times that share two contours.
pub(super) struct Collected<'a> {
    pub(super) answers: Vec<Kept<'a>>,
    /// By contour, answer and time.
    weights: [Vec<Vec<Complex64>>; 2],
    /// The losses of the second contour at every time.
    losses: Vec<Losses>,
    /// The least that two contours differ by, of a transform of size 1.
    least: f64,
}

/// Errors that add up over the answers.
#[derive(Clone, Copy, Default)]
struct Losses {
    /// The error of a variance.
    variance: f64,
    /// Σ |weight| times the largest of a transform.
    size: f64,
}

impl<'a> Collected<'a> {
    fn push(&mut self, kept: Kept<'a>, weights: [Vec<Complex64>; 2]) {
        for (losses, weight) in self.losses.iter_mut().zip(&weights[1]) {
            let error = 4.0 * kept.report.error + rounding::TRANSFORM * kept.size;
            losses.variance += weight.norm() * error;
            losses.size += weight.norm() * kept.size;
        }
        self.answers.push(kept);
        self.weights.iter_mut().zip(weights).for_each(|(all, own)| all.push(own));
    }
}

impl<'a> TransformedSquares<'a> {
    pub(super) fn new(
        equations: &'a Modal,
        law: &InitialLaw,
    ) -> Result<TransformedSquares<'a>, EvolveError> {
        let chain = equations.chain();
        let temperature = reference_temperature(chain, law);
        let periodic = PeriodicMean::new(equations)?
            .expect("asked only where the mean has a stationary value");
        let deviation: Vec<f64> = periodic.deviation(&law.mean());
        let variance = law.variance();
        let above: Vec<f64> = variance.iter().map(|v| v - temperature).collect();
        let start = Independent::new(equations.modes(), &above);
        let complex = |values: &[f64]| values.iter().map(|&v| v.into()).collect();
        let (start_r, start_p) = above.split_at(chain.bonds);
        let (start_r, start_p) = (complex(start_r), complex(start_p));
        let noise = chain.covariance_source(&vec![0.0; chain.atoms()], temperature);
        let constant_source = periodic.constant_source(chain, &noise);
        let largest_variance = largest(&variance).max(largest(&chain.temperature()));
        Ok(TransformedSquares {
            equations,
            temperature,
            periodic,
            deviation,
            start,
            start_r,
            start_p,
            constant_source,
            largest_variance,
        })
    }

    /// ‖C‖² at the times of one group.
    fn invert(
        &self,
        times: &[Double],
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Vec<Norm>, EvolveError> {
        let all = self.solved(times, tolerance, monitor)?;
        let sums: Vec<Sums> = (0..times.len()).map(|i| self.sums(&all, i)).collect();
        let found = squares(self.equations, &all.answers, &sums);
        let output = |(i, found): (usize, &[f64; 2])| {
            let error = self.error(times[i], &all, i);
            // docs/theory/theorems.md, (11.2). The error of a solve obeys an equation with a
            // diagonal right-hand side, as C does. It is therefore as small off its own diagonal
            // as C is.
            let spread = 2.0 * (self.equations.chain().coordinates() as f64).sqrt() * error;
            Norm { square: found[0], error: found[1].sqrt() + spread }
        };
        Ok(found.iter().enumerate().map(output).collect())
    }

    /// The answers at the nodes of the two contours that times share.
    pub(super) fn solved(
        &self,
        times: &[Double],
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Collected<'_>, EvolveError> {
        let (first, last) = (times[0].hi, times[times.len() - 1].hi);
        let goal = goal(tolerance);
        let nodes = hyperbola::nodes_for(last / first, goal);
        let solve_tolerance = (0.03 * tolerance).max(SOLVE_TOLERANCE);
        let mut all = Collected {
            answers: Vec::new(),
            weights: [Vec::new(), Vec::new()],
            losses: vec![Losses::default(); times.len()],
            least: outer_quadrature::NODES_OF_OTHERS * hyperbola::gain(last / first, EXTRA) * goal,
        };
        let waves = self.waves();
        for (order, momenta) in &waves {
            let shift = self.periodic.rotation(*order);
            let kept = self.equations.keep(shift, None, momenta, None, solve_tolerance)?;
            for (losses, time) in all.losses.iter_mut().zip(times) {
                losses.variance += 2.0 * self.periodic.turn_error(*order, time.hi) * kept.size;
            }
            let turns: Vec<Complex64> =
                times.iter().map(|&time| 2.0 * self.periodic.turn(*order, time)).collect();
            all.push(kept, [turns.clone(), turns]);
        }
        for (number, extra) in [0, EXTRA].into_iter().enumerate() {
            let contour = Contour::new(first, last, nodes + extra);
            let part = monitor.part(0.5 * number as f64, 0.5 * (number + 1) as f64);
            self.collect(number, &contour, times, (&waves, solve_tolerance), &mut all, &part)?;
        }
        Ok(all)
    }

    /// m > 0 and S_m of the oscillation.
    fn waves(&self) -> Vec<(i64, Vec<Complex64>)> {
        let orders = self.periodic.square_orders().into_iter().filter(|&order| order > 0);
        let chain = self.equations.chain();
        orders.map(|order| (order, self.periodic.covariance_source(chain, order))).collect()
    }

    /// Solves at the nodes of one contour, some of them side by side.
    fn collect<'b>(
        &'b self,
        number: usize,
        contour: &Contour,
        times: &[Double],
        (waves, solve_tolerance): (&[(i64, Vec<Complex64>)], f64),
        all: &mut Collected<'b>,
        monitor: &Monitor,
    ) -> Result<(), EvolveError> {
        let mut done = 0;
        for nodes in contour.nodes.chunks(ABREAST) {
            let silent = monitor.silent();
            let solve = |node: &(Complex64, Complex64)| {
                self.at_node(number, node.0, waves, solve_tolerance, &silent)
            };
            let solved: Vec<_> = nodes.par_iter().map(solve).collect();
            for (&(s, weight), answers) in nodes.iter().zip(solved) {
                let weights: Vec<Complex64> =
                    times.iter().map(|t| 2.0 * weight * (s * t.hi).exp()).collect();
                self.take_waves(number, s, &weights, waves, all);
                for (order, kept) in answers? {
                    let turn = |(weight, time): (&Complex64, &Double)| {
                        weight * self.periodic.turn(order, *time)
                    };
                    let mut both = [(); 2].map(|()| vec![Complex64::ZERO; times.len()]);
                    both[number] = weights.iter().zip(times).map(turn).collect();
                    all.push(kept, both);
                }
            }
            done += nodes.len();
            monitor.advance(Progress {
                share: done as f64 / contour.nodes.len() as f64,
                time: times[times.len() - 1].hi,
                solves: all.answers.len(),
                ..Default::default()
            })?;
        }
        Ok(())
    }

    /// The answers to the equations of one node, each with its order l.
    fn at_node(
        &self,
        number: usize,
        s: Complex64,
        waves: &[(i64, Vec<Complex64>)],
        solve_tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Vec<(i64, Kept<'_>)>, SolveError> {
        let start: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        let (quality, constant) = ([Quality::FULL, Quality::JUDGE][number], &self.constant_source);
        let flips = 4.0 * self.equations.chain().flip_rate;
        let (_, envelopes) =
            envelope::at_node(self.equations, &self.periodic, constant, &start, s)?;
        let solve = |mut envelope: envelope::Envelope| {
            let momenta = &mut envelope.momenta;
            let (own, guess) = if envelope.order == 0 {
                let kernel = SquaredKernel::new(self.equations.chain(), s, quality);
                let squares = kernel.mean_squares(&self.deviation);
                momenta.iter_mut().zip(squares).for_each(|(q, u)| *q += flips * u);
                for (order, source) in waves {
                    let [above, below] = self.turns(s, *order);
                    for (q, source) in momenta.iter_mut().zip(source) {
                        *q += above * source + below * source.conj();
                    }
                }
                let guess = self.guess(s, &kernel, quality, momenta, monitor)?;
                (Some(&self.start), Some(guess))
            } else {
                (None, None)
            };
            let kept = self.equations.keep(envelope.shift, own, momenta, guess, solve_tolerance)?;
            Ok((envelope.order, kept))
        };
        envelopes.into_iter().map(solve).collect()
    }

    /// The interface of the answer at the node s, by the O(N) ways.
    fn guess(
        &self,
        s: Complex64,
        kernel: &SquaredKernel<'_>,
        quality: Quality,
        momenta: &[Complex64],
        monitor: &Monitor,
    ) -> Result<Guess, SolveError> {
        let chain = self.equations.chain();
        let mut source: Vec<Complex64> =
            momenta.iter().zip(&self.start_p).map(|(q, v)| q + v).collect();
        let elongation = Some(&self.start_r[..]);
        let drive = Drive { momentum: &source, elongation };
        let momentum = kernel.variances(drive, SOLVE_TOLERANCE, &monitor.silent())?.momentum;
        let flips = 4.0 * chain.flip_rate;
        source.iter_mut().zip(&momentum).for_each(|(q, d)| *q += flips * d);
        let drive = Drive { momentum: &source, elongation };
        let of = self.equations.read_columns();
        let silent = monitor.silent();
        let columns = resolvent::columns_once(chain, s, drive, &of, quality, &silent)?;
        Ok(Guess { momentum, columns })
    }

    /// 1/(s - imω) and 1/(s + imω), the transforms of e^(±imωτ).
    fn turns(&self, s: Complex64, order: i64) -> [Complex64; 2] {
        [order, -order].map(|order| 1.0 / self.periodic.from_pole(s, order))
    }

    /// The oscillation at the node s, subtracted from the weights of C_m.
    fn take_waves(
        &self,
        number: usize,
        s: Complex64,
        weights: &[Complex64],
        waves: &[(i64, Vec<Complex64>)],
        all: &mut Collected<'_>,
    ) {
        for ((order, _), own) in waves.iter().zip(&mut all.weights[number]) {
            let [above, below] = self.turns(s, *order);
            for (own, weight) in own.iter_mut().zip(weights) {
                *own -= weight * above + (weight * below).conj();
            }
        }
    }

    /// The covariance at time number `i` by the second contour, and by the first one.
    pub(super) fn sums(&self, all: &Collected<'_>, i: usize) -> Sums {
        let weights = |number: usize| all.weights[number].iter().map(|weights| weights[i]);
        let weights = [1, 0].map(|number| weights(number).collect());
        Sums { weights, temperature: self.temperature }
    }

    /// The largest error of a variance at time number `i`, without the difference of the contours.
    pub(super) fn error(&self, time: Double, all: &Collected<'_>, i: usize) -> f64 {
        let (chain, losses) = (self.equations.chain(), all.losses[i]);
        let w = euclidean(&self.deviation);
        let [out, _] = left_out(chain, [self.start.norm + w * w, w], time.hi);
        losses.variance
            + all.least * losses.size
            + out
            + rounding::TRANSFORM * self.largest_variance
    }
}
