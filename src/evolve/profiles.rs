//! The profiles at chosen times without covariance and without steps: the hyperbola over the
//! squared kernel, O(N) a node.
//!
//! With w = z̄ - z_per, u its momenta and p_per = Σ_l p̂_l e^(ilωτ) (l = 0 alone under a constant
//! force), p_per² = Σ_m q_m e^(imωτ), and at a node s of [`super::hyperbola`]
//! (docs/theory/profiles.md, (6.1))
//!
//! ```text
//! (1 - 4γK_s) d̂ = K_s ( 4γ p̂²(s) + 2λT/s + Var p(0) ) + K_s^(pr) Var r(0),   p̂²(s) = Σ_m q_m/(s - imω) + 2 Σ_l p̂_l û(s - ilω) + (u²)^(s),
//! ```
//!
//! and the current -Cov(p_n, r_(n+1)) follows from the balance of energy ([`resolvent::currents`]).
//! A periodic force adds what the poles imω and the lines ilω + (-∞, 0] contribute, as in
//! [`super::envelope`]: the periodic state's harmonics C_m e^(imωτ) and envelopes V_l e^(ilωτ),
//! (s + ilω - 𝓛) V̂_l = 8γ diag_p(p̂_l∘û(s)), which live in a layer at the right end; while ωτ is
//! small one contour encloses them all instead (strip.rs). Everything is done on two contours with
//! different inner quadratures; their difference bounds the error of the second, which is the
//! answer. Independent initial coordinates, flips, open chain (a ring has its own waves), τ ≥
//! [`earliest`].

use super::contour;
use super::hyperbola::{self, Contour};
use super::radau::{Counts, EvolveError, reference_temperature};
use super::ring::{self, Ring};
use super::runs;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{exact, exponential, rounded};
use crate::numerics::vector::{largest_norm, largest_of};
use crate::resolvent::{self, Currents, Drive, Exchange, Layer, Quality, SquaredKernel};
use crate::scenario::Topology;
use num_complex::Complex64;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Nodes worked on side by side: enough for any number of threads, and few enough for the memory.
pub(super) const ABREAST: usize = 4;

/// The contour serves from this many 1/γ on: by its last node, Re s = -30/τ, it must not have come
/// near the band's spectrum at Re s = -γ.
pub(super) const EARLIEST: f64 = 60.0;

/// The least microscopic time for which the profiles are had this way, infinite where flips are too
/// rare for the inner quadrature (which a ring at rest does not need); before it the
/// exponential of the stencil serves ([`super::stencil`]). `None` where neither does.
pub fn earliest(chain: &Chain, law: &InitialLaw) -> Option<f64> {
    let serves = contour::earliest(chain).is_some() && law.covariance.is_none();
    let at_rest = chain.topology == Topology::Ring && ring::is_at_rest(law);
    let ever = at_rest || chain.flip_rate >= resolvent::LEAST_FLIP_RATE;
    serves.then(|| if ever { EARLIEST / chain.flip_rate } else { f64::INFINITY })
}

/// The moments without covariance at ascending `times`, each at least [`earliest`]; `counts.solves`
/// counts nodes.
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<(Vec<Solution>, Counts), EvolveError> {
    // Where Re s < -γ the spectrum and its mirror image cross, and nothing passes between them.
    let earliest = earliest(chain, law).unwrap_or(f64::INFINITY);
    let exact = exact(times);
    let times = rounded(&exact);
    if let Some(&time) = times.iter().find(|&&time| time < earliest) {
        return Err(EvolveError::TooEarly { time, earliest });
    }
    let problem: Box<dyn Inversion + '_> = match chain.topology {
        Topology::Open => Box::new(Problem::new(chain, law)?),
        Topology::Ring => Box::new(Ring::new(chain, law)),
    };
    // The current has 1/γN of the errors of the variances at N, but is 1/γ smaller than they are:
    // at γ = 10 and 1e-10 it was missed by a factor 2.
    let within = tolerance / (0.5 * chain.flip_rate).max(1.0);
    let solve_tolerance = 1e-5 * within;
    let [quality, judge] = Quality::pair(within);
    let runs = runs::runs(chain, &times, tolerance);
    let mut counts = Counts::default();
    let mut solutions = Vec::with_capacity(times.len());
    for (number, (way, run)) in runs.iter().enumerate() {
        let group = &exact[run.clone()];
        let (first, last) = (group[0].hi, group[group.len() - 1].hi);
        let count = way.count(first, last);
        let mut evaluate = |half: f64, extra: usize, quality: Quality| {
            let share = |half: f64| (number as f64 + half) / runs.len() as f64;
            let part = monitor.part(share(half), share(half + 0.5));
            let (found, reached) = part.once(&format!("profiles-{number}-{extra}"), |monitor| {
                let (contour, mut reached) = (way.contour(first, last, count + extra), counts);
                let found = problem.invert(
                    &contour,
                    group,
                    quality,
                    solve_tolerance,
                    &mut reached,
                    monitor,
                )?;
                Ok::<_, EvolveError>((found, reached))
            })?;
            counts = reached;
            Ok::<_, EvolveError>(found)
        };
        let coarse = evaluate(0.0, 0, quality)?;
        let mut fine = evaluate(0.5, hyperbola::EXTRA, judge)?;
        for (fine, coarse) in fine.iter_mut().zip(&coarse) {
            // The inner quadratures come near the truth together: errors of 4.6 distances were seen
            // (what is left of a chain cooled to T = 0). Two contours may agree by accident: no
            // less than what the second should leave is claimed. Slow modes have momenta and
            // currents 1/√(γτ) of their elongations and variances, the slowest 1/N; the currents of
            // a periodic state, where the contour encloses it, are as large as its variances.
            let settled = (chain.flip_rate * fine.moments.time.hi).sqrt().recip();
            let size = largest(&fine.moments.variance).max(problem.deviation());
            let least =
                hyperbola::CAUTION * way.gain(first, last, hyperbola::EXTRA) * way.goal * size;
            let mut errors = fine
                .errors
                .with_distance(chain, &fine.moments, &coarse.moments)
                .map(|distance| 8.0 * distance + least);
            errors.mean_p -= least * (1.0 - settled);
            let current =
                if way.half_width > 0.0 { 1.0 } else { settled.max(1.0 / chain.bonds as f64) };
            errors.correlation -= least * (1.0 - current);
            // So may two inner quadratures: no less than a few times what they were asked for
            // (errors of a thousandth of the tolerance were seen), nor than roundings.
            let asked = (4e-3 * within).max(64.0 * f64::EPSILON) * size;
            errors.var_r += asked;
            errors.var_p += asked;
            // Of an error of the variances: in the current as a whole, and in the sum along the
            // chain of the energies' slopes.
            let share = match chain.topology {
                Topology::Open if way.half_width == 0.0 => current.min(
                    resolvent::current_share(chain) + chain.bonds as f64 / fine.moments.time.hi,
                ),
                _ => current,
            };
            errors.correlation += asked * share;
            fine.errors = errors;
        }
        solutions.append(&mut fine);
    }
    Ok((solutions, counts))
}

/// (l, V̂_l)
type Envelopes = Vec<(i64, Layer)>;

/// What has a Laplace transform.
pub(super) trait Inversion {
    /// The largest of w(0).
    fn deviation(&self) -> f64;

    /// The solutions at `times` by one contour; their errors hold what the solves leave.
    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        quality: Quality,
        tolerance: f64,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError>;
}

/// The transformed equations of one open chain and initial law.
struct Problem<'a> {
    chain: &'a Chain,
    modal: Modal,
    reference: f64,
    /// z_per
    periodic: PeriodicMean,
    /// (m, C_m) for m > 0, once they are asked for.
    harmonics: OnceLock<Vec<(i64, Layer)>>,
    /// w(0)
    deviation: Vec<f64>,
    /// Var r(0), Var p(0), less the reference.
    start: Vec<f64>,
}

/// Transforms at one node, or what they sum up to at one time.
struct Parts<T> {
    /// w
    mean: Vec<T>,
    /// Var r, Var p, less the reference.
    variance: Vec<T>,
    /// Their time integrals.
    integral: Vec<T>,
    /// j_0 .. j_(N-1)
    current: Vec<T>,
    /// What enters at either end.
    inflow: [T; 2],
    /// Errors of the variances and of the current that the solve leaves.
    errors: [f64; 2],
}

impl<'a> Problem<'a> {
    fn new(chain: &'a Chain, law: &InitialLaw) -> Result<Problem<'a>, SolveError> {
        let reference = reference_temperature(chain, law);
        let modal = Modal::new(chain);
        let periodic =
            PeriodicMean::new(&modal)?.expect("asked only where the mean has a stationary value");
        let deviation = periodic.deviation(&law.mean());
        let start = law.var_r.iter().chain(&law.var_p).map(|v| v - reference).collect();
        Ok(Problem {
            chain,
            modal,
            reference,
            periodic,
            harmonics: OnceLock::new(),
            deviation,
            start,
        })
    }

    /// (m, C_m) for m > 0.
    fn harmonics(&self, monitor: &Monitor) -> Result<&[(i64, Layer)], EvolveError> {
        if let Some(known) = self.harmonics.get() {
            return Ok(known);
        }
        let mut harmonics = vec![];
        for order in self.periodic.square_orders().into_iter().filter(|&order| order > 0) {
            let squares = self.periodic.momentum_squares(order);
            let source: Vec<Complex64> =
                squares.iter().map(|q| 4.0 * self.chain.flip_rate * q).collect();
            let layer = resolvent::layer(
                self.chain,
                self.periodic.rotation(order),
                &source,
                None,
                1e-15,
                monitor,
            )?;
            harmonics.push((order, layer));
        }
        Ok(self.harmonics.get_or_init(|| harmonics))
    }

    /// The transform of p̄² at s, but for (u²)^, and the envelopes (l, V̂_l) unless the contour
    /// encloses their lines; `w` is ŵ(s).
    fn forced(
        &self,
        s: Complex64,
        w: &[Complex64],
        deviation: &[Complex64],
        (quality, tolerance, enclosed): (Quality, f64, bool),
        monitor: &Monitor,
    ) -> Result<(Vec<Complex64>, Envelopes), SolveError> {
        let (chain, momenta) = (self.chain, self.chain.bonds..);
        let mut squares = vec![Complex64::ZERO; chain.atoms()];
        for order in self.periodic.square_orders() {
            // Of both signs: q_(-m) = conj q_m.
            for (square, q) in squares.iter_mut().zip(self.periodic.momentum_squares(order)) {
                *square += q / self.periodic.from_pole(s, order);
                if order > 0 {
                    *square += q.conj() / self.periodic.from_pole(s, -order);
                }
            }
        }
        let mut envelopes = vec![];
        for harmonic in &self.periodic.harmonics {
            let p = &harmonic.mean[momenta.clone()];
            let shifted;
            let u = if harmonic.order == 0 {
                &w[momenta.clone()]
            } else {
                let source: Vec<Complex64> = p
                    .iter()
                    .zip(&w[momenta.clone()])
                    .map(|(p, u)| 8.0 * chain.flip_rate * p * u)
                    .collect();
                if !enclosed && source.iter().any(|&q| q != Complex64::ZERO) {
                    let shift = self.periodic.from_pole(s, -harmonic.order);
                    let envelope =
                        resolvent::layer(chain, shift, &source, Some(quality), tolerance, monitor)?;
                    envelopes.push((harmonic.order, envelope));
                }
                let shift = self.periodic.from_pole(s, harmonic.order);
                shifted = self.modal.solve_mean(shift, deviation)?;
                &shifted[momenta.clone()]
            };
            squares
                .iter_mut()
                .zip(p.iter().zip(u))
                .for_each(|(square, (p, u))| *square += 2.0 * p * u);
        }
        Ok((squares, envelopes))
    }

    /// All transforms at s.
    fn transform(
        &self,
        s: Complex64,
        (quality, tolerance, enclosed): (Quality, f64, bool),
        monitor: &Monitor,
    ) -> Result<(Parts<Complex64>, Envelopes), SolveError> {
        let (chain, bonds) = (self.chain, self.chain.bonds);
        let kernel = SquaredKernel::new(chain, s, quality);
        let moves = self.deviation.iter().any(|&w| w != 0.0);
        let deviation: Vec<Complex64> = self.deviation.iter().map(|&w| w.into()).collect();
        let mean = if moves { self.modal.solve_mean(s, &deviation)? } else { deviation.clone() };
        let (mut squares, envelopes) =
            self.forced(s, &mean, &deviation, (quality, tolerance, enclosed), monitor)?;
        if moves {
            let own = kernel.mean_squares(&self.deviation);
            squares.iter_mut().zip(own).for_each(|(square, u)| *square += u);
        }
        let (start_r, start_p) = self.start.split_at(bonds);
        let still = vec![0.0; chain.atoms()];
        let noise = chain.covariance_source(&still, self.reference);
        let momentum: Vec<Complex64> = (0..chain.atoms())
            .map(|n| 4.0 * chain.flip_rate * squares[n] + noise[n] / s + start_p[n])
            .collect();
        let elongation: Vec<Complex64> = start_r.iter().map(|&v| v.into()).collect();
        let drive = Drive { momentum: &momentum, elongation: Some(&elongation) };
        let found = kernel.variances(drive, tolerance, monitor)?;
        let exchange = Exchange {
            heated: &squares.iter().map(|q| 2.0 * chain.flip_rate * q).collect::<Vec<_>>(),
            momentum: &found.momentum,
            elongation: &found.elongation,
            start: Some([start_r, start_p]),
            products: 0.0,
            temperature: chain.temperature().map(|temperature| (temperature - self.reference) / s),
        };
        let Currents { bonds: current, inflow } = resolvent::currents(chain, s, &exchange);
        let variance = [found.elongation, found.momentum].concat();
        let integral = variance.iter().map(|v| v / s).collect();
        let errors = [found.error, resolvent::current_share(chain) * found.error];
        Ok((Parts { mean, variance, integral, current, inflow, errors }, envelopes))
    }

    /// Puts the parts together; `apart` are the harmonics that the contour did not enclose.
    fn solution(&self, instant: Double, mut sum: Parts<f64>, apart: &[(i64, Layer)]) -> Solution {
        let (mut turned, time) = (0.0, instant.hi);
        for (order, layer) in apart {
            let turn = self.periodic.turn(*order, instant);
            sum.add_layer(2.0 * turn, self.periodic.rotation(*order), layer);
            let error = self.periodic.turn_error(*order, time);
            turned += 2.0 * error * largest_norm(&layer.variance);
        }
        let mean: Vec<f64> =
            self.periodic.at(instant).iter().zip(&sum.mean).map(|(s, w)| s + w).collect();
        let variance: Vec<f64> = sum.variance.iter().map(|v| self.reference + v).collect();
        let integral = sum.integral.iter().map(|v| self.reference * time + v).collect();
        let correlation: Vec<f64> = sum.current.iter().map(|j| -j).collect();
        // The sums over the nodes and the recurrences leave some hundred roundings (seen: 110 of
        // the largest variance).
        let rounding = 256.0 * f64::EPSILON;
        // The momenta that elongations move are smaller than these by √(8γ|s|) at every node:
        // a/(s(s + 2γ) + a²) for the mode of frequency a.
        let settled = (self.chain.flip_rate * time).sqrt().recip();
        let forced = self.periodic.errors_at(time);
        let (mean_r, mean_p) = mean.split_at(self.chain.bonds);
        let deviation = largest(&self.deviation);
        let mean_r = rounding * largest(mean_r).max(deviation) + forced[0];
        let mean_p = rounding * largest(mean_p).max(settled * deviation) + forced[1];
        let rounded = rounding * largest(&variance);
        let loss = sum.errors[0] + turned + rounded;
        // What the variances' roundings are in the current as a whole, and in the sum along the
        // chain of the energies' slopes, one by one.
        let share = resolvent::current_share(self.chain) + (self.chain.bonds as f64).sqrt() / time;
        // The heat has the momenta's errors, and the currents are sums of it.
        let moving: f64 = sum.mean[self.chain.bonds..].iter().map(|u| u.abs()).sum();
        let heated =
            4.0 * self.chain.flip_rate * (self.periodic.momentum_amplitude() + moving) * mean_p;
        let carried =
            sum.errors[1] + turned + rounding * largest(&correlation) + share * rounded + heated;
        let errors =
            MomentErrors { mean_r, mean_p, var_r: loss, var_p: loss, correlation: carried };
        let moments = Moments {
            time: instant,
            mean,
            variance,
            correlation,
            inflow: Some(sum.inflow),
            leaving: None,
            covariance: None,
        };
        Solution { moments, errors, variance_integral: Some(integral), ..Default::default() }
    }
}

impl Inversion for Problem<'_> {
    fn deviation(&self) -> f64 {
        largest(&self.deviation)
    }

    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        quality: Quality,
        tolerance: f64,
        counts: &mut Counts,
        monitor: &Monitor,
    ) -> Result<Vec<Solution>, EvolveError> {
        let n = self.chain.coordinates();
        let zero = || Parts {
            mean: vec![0.0; n],
            variance: vec![0.0; n],
            integral: vec![0.0; n],
            current: vec![0.0; self.chain.bonds],
            inflow: [0.0; 2],
            errors: [0.0; 2],
        };
        let mut sums: Vec<Parts<f64>> = times.iter().map(|_| zero()).collect();
        let (mut done, silent) = (0, monitor.silent());
        let enclosed = contour.half_width > 0.0;
        let apart = if enclosed { &[] } else { self.harmonics(&silent)? };
        // Transforms are about 1/s times what they are transforms of, s from the nearest line that
        // the contour encloses: a node is carried to the digits that enter a sum.
        let carried = |&(s, weight): &(Complex64, Complex64)| {
            let near = s - Complex64::new(0.0, s.im.min(contour.half_width));
            let at = |time: &Double| (2.0 * weight / near * (s * time.hi).exp()).norm();
            let share = largest_of(times.iter().map(at));
            (quality.of_part(share), (tolerance / share).clamp(1e-15, 1e-2), enclosed)
        };
        for nodes in contour.nodes.chunks(ABREAST) {
            let parts: Vec<_> = nodes
                .par_iter()
                .map(|node| self.transform(node.0, carried(node), &silent))
                .collect();
            for (&(s, weight), parts) in nodes.iter().zip(parts) {
                let (parts, envelopes) = parts?;
                for (sum, &time) in sums.iter_mut().zip(times) {
                    let weight = 2.0 * weight * exponential(s, time);
                    sum.add(weight, &parts);
                    for (order, envelope) in &envelopes {
                        sum.add_layer(
                            weight * self.periodic.turn(*order, time),
                            self.periodic.from_pole(s, -order),
                            envelope,
                        );
                    }
                }
            }
            counts.solves += nodes.len();
            done += nodes.len();
            let (share, last) =
                (done as f64 / contour.nodes.len() as f64, times[times.len() - 1].hi);
            monitor.advance(Progress {
                share,
                time: last,
                solves: counts.solves,
                ..Default::default()
            })?;
        }
        Ok(sums
            .into_iter()
            .zip(times)
            .map(|(sum, &time)| self.solution(time, sum, apart))
            .collect())
    }
}

impl Parts<f64> {
    /// Adds Re(weight · parts).
    fn add(&mut self, weight: Complex64, parts: &Parts<Complex64>) {
        let each = |sum: &mut [f64], parts: &[Complex64]| {
            sum.iter_mut().zip(parts).for_each(|(sum, x)| *sum += (weight * x).re);
        };
        each(&mut self.mean, &parts.mean);
        each(&mut self.variance, &parts.variance);
        each(&mut self.integral, &parts.integral);
        each(&mut self.current, &parts.current);
        each(&mut self.inflow, &parts.inflow);
        for (sum, x) in self.errors.iter_mut().zip(parts.errors) {
            *sum += weight.norm() * x;
        }
    }

    /// Adds Re(weight · layer), the layer's answer at `shift`.
    fn add_layer(&mut self, weight: Complex64, shift: Complex64, layer: &Layer) {
        let Layer { variance, current, inflow, error, flow_error, .. } = layer;
        let each = |sum: &mut [f64], weight: Complex64, parts: &[Complex64]| {
            sum.iter_mut().zip(parts).for_each(|(sum, x)| *sum += (weight * x).re);
        };
        each(&mut self.variance, weight, variance);
        each(&mut self.integral, weight / shift, variance);
        each(&mut self.current, weight, current);
        each(&mut self.inflow, weight, inflow);
        for (sum, x) in self.errors.iter_mut().zip([error, flow_error]) {
            *sum += weight.norm() * x;
        }
    }
}
