//! Late times of any open chain without steps: the inverse Laplace transform of the moment
//! equations on a hyperbola ([`crate::evolve::hyperbola`]), O(N) a node.
//!
//! With the state Gibbs at T_c split off, w = z̄ - z̄_s and u its momenta, at a node s
//!
//! ```text
//! θ̂ = K_s ( 4γ θ̂ + 4γ ū²(s) + 2λ(T - T_c)/s + start ),
//! ū²(s) = ū_s²/s + 2 ū_s û(s) + (u²)^(s),
//! ```
//!
//! and the current through a bond is the energy that has entered to the left of it and is no longer
//! there (`Parts`). Everything is computed on two contours with different inner quadratures
//! (kernel.rs); their difference, times a factor, is the error of the second, which is the answer.
//! Constant forces, γ_n + λ_n/2 > 0 at every atom, τ ≥ [`earliest`]; independent coordinates at the
//! start, or with pinning the Gibbs law of one temperature.

use super::Model;
use super::exponential::Output;
use super::kernel::Kernel;
use super::law::split_temperature;
use super::line::Line;
use super::mean::{Means, forces_of};
use super::path::Spectrum;
use super::transforms::Parts;
use crate::budget::outer_quadrature;
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::evolve::hyperbola::{self, Contour, EXTRA, nodes_for_integrals};
use crate::monitor::{Interrupted, Monitor, Progress};
use num_complex::Complex64;

/// The least τ in units of 1/c, c the least of γ_n + λ_n/2 and of the band's edge: the last node,
/// Re s = -30/τ, stays right of -c/2.
const EARLIEST: f64 = 80.0;
/// Times at most that share a contour.
const SHARED: usize = 32;
/// Seconds of processor time for a site, a node of the inner path and one of the contour.
const SITE: f64 = 3e-7;
/// The least microscopic time for which the contour serves; the reason why it never does.
pub fn earliest(chain: &Chain, law: &InitialLaw) -> Result<f64, &'static str> {
    let model = Model::new(chain);
    if model.ring {
        return Err("the profiles alone are known of open chains");
    }
    let damping = model.least_damping();
    if damping <= 0.0 {
        return Err("some atom has neither flips nor a thermostat");
    }
    if forces_of(chain).iter().any(|force| !force.harmonics.is_empty()) {
        return Err("a force oscillates");
    }
    if split_temperature(&model, law).is_none() {
        return Err(match chain.is_pinned() {
            true => "the initial law of the pinned chain is not the Gibbs law of one temperature",
            false => "the initial coordinates are correlated",
        });
    }
    // Where the damping is stronger than all springs, these set the pace.
    Ok(EARLIEST / damping.min(model.largest_frequency()))
}

/// A chain, its line and its law.
pub(super) struct TransformedLine<'a> {
    pub chain: &'a Chain,
    pub model: Model,
    pub line: Line,
    pub spectrum: Spectrum,
    pub reference: f64,
    /// ū_s and all of y_s.
    pub settled: Vec<f64>,
    /// w(0)
    pub deviation: Vec<f64>,
    /// Variances along the line at the start, less the reference.
    pub start: Vec<f64>,
    /// Whether the variances are solved for on the mirrored line, from the colder end: there they
    /// are small differences from the reference, and as accurate as these.
    pub turned: bool,
    /// That line, and w(0) on it.
    pub inner: Line,
    pub inner_deviation: Vec<f64>,
}

/// The moments at ascending `times`, each at least [`earliest`].
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<Output>, Interrupted> {
    let problem = TransformedLine::new(chain, law);
    let goal = goal(tolerance);
    let stops: Vec<f64> = times.iter().map(|time| time.hi).collect();
    let count = |first: f64, last: f64| nodes_for_integrals(last / first, goal);
    let runs = hyperbola::shared(&stops, count, |run| run.len() <= SHARED);
    let mut outputs = Vec::with_capacity(times.len());
    let mut nodes_done = 0;
    for (number, run) in runs.iter().enumerate() {
        let group = &times[run.clone()];
        let (first, last) = (stops[run.start], stops[run.end - 1]);
        let count = count(first, last);
        let mut evaluate = |rule: usize| {
            let share = |part: usize| (2 * number + part) as f64 / (2 * runs.len()) as f64;
            let part = monitor.part(share(rule), share(rule + 1));
            let contour = Contour::new(first, last, count + rule * EXTRA);
            nodes_done += contour.nodes.len();
            problem.invert(&contour, group, rule, 1e-2 * goal, &part)
        };
        let (coarse, _) = evaluate(0)?;
        let (fine, missing) = evaluate(1)?;
        // Two contours may agree by accident: no less is claimed than what the second should leave.
        let least = outer_quadrature::NODES_OF_OTHERS * hyperbola::gain(last / first, EXTRA) * goal;
        for ((fine, coarse), &time) in fine.iter().zip(&coarse).zip(group) {
            outputs.push(problem.output(fine, coarse, time, [least, missing], nodes_done));
        }
    }
    Ok(outputs)
}

/// The current is 1/N of the energies.
fn goal(tolerance: f64) -> f64 {
    (1e-4 * tolerance).max(1e-14)
}

/// The cost of [`evolve`], proportional to the sites, the nodes of the inner path and those of the
/// contour.
pub fn cost(chain: &Chain, times: &[f64], tolerance: f64) -> Cost {
    let count = |first: f64, last: f64| nodes_for_integrals(last / first, goal(tolerance));
    let runs = hyperbola::shared(times, count, |run| run.len() <= SHARED);
    let outer: usize = runs
        .iter()
        .map(|run| hyperbola::of_both(count(times[run.start], times[run.end - 1])))
        .sum();
    let spectrum = Spectrum::new(&Model::new(chain));
    let last = times.last().copied().unwrap_or(1.0);
    let inner = spectrum.nodes(Complex64::new(0.0, 5.0 / last), 1).len() as f64;
    let sites = chain.atoms() as f64;
    Cost { bytes: 40.0 * inner * sites, seconds: SITE * outer as f64 * inner * sites }
}

impl<'a> TransformedLine<'a> {
    fn new(chain: &'a Chain, law: &InitialLaw) -> TransformedLine<'a> {
        let model = Model::new(chain);
        let line = Line::new(&model);
        let means = Means::new(chain, &model).expect("every atom is damped");
        let momenta = model.mass.iter().map(|m| m * means.velocity);
        let still: Vec<f64> = match model.is_pinned() {
            true => means.displacement.iter().copied().chain(momenta).collect(),
            false => means.elongation.iter().copied().chain(momenta).collect(),
        };
        let moved: Vec<f64> = law.mean().iter().zip(&still).map(|(z, s)| z - s).collect();
        let reference =
            split_temperature(&model, law).expect("asked only of laws that the contour serves");
        let mut start = vec![0.0; line.len];
        if line.offset == 0 {
            for n in 0..model.atoms() {
                start[line.momentum(n)] = law.var_p[n] / model.mass[n] - reference;
                if n > 0 {
                    start[2 * n - 1] = law.var_r[n - 1] * model.spring[n - 1] - reference;
                }
            }
        }
        let ends = [model.thermostats().next(), model.thermostats().last()];
        let turned = match ends.map(|end| end.map(|site| model.temperature[site])) {
            [Some(first), Some(last)] => last < first,
            _ => false,
        };
        let (inner, inner_deviation) = match turned {
            true => {
                let inner = Line::new(&model.mirrored());
                // Read from the other end elongations change their sign.
                let positions = moved.len() - model.atoms();
                let [first, second] = [&moved[..positions], &moved[positions..]];
                let sign = if model.is_pinned() { 1.0 } else { -1.0 };
                let read = first.iter().rev().map(|r| sign * r);
                let turned: Vec<f64> = read.chain(second.iter().rev().copied()).collect();
                let deviation = inner.enter(&turned);
                (inner, deviation)
            }
            false => (line.clone(), line.enter(&moved)),
        };
        TransformedLine {
            chain,
            spectrum: Spectrum::new(&model),
            reference,
            settled: line.enter(&still),
            deviation: line.enter(&moved),
            start,
            turned,
            inner,
            inner_deviation,
            line,
            model,
        }
    }

    /// From the line to the inner one, or back; positions of a pinned chain are left out.
    fn turn(&self, values: Vec<Complex64>) -> Vec<Complex64> {
        match (self.turned, self.line.offset) {
            (false, _) => values,
            (true, 0) => values.into_iter().rev().collect(),
            (true, _) => {
                let mut out = vec![Complex64::ZERO; values.len()];
                let last = self.model.atoms() - 1;
                for n in 0..=last {
                    out[self.line.momentum(n)] = values[self.line.momentum(last - n)];
                }
                out
            }
        }
    }

    /// The noise of the thermostat that drives θ_n, less the reference.
    pub(super) fn noise(&self, n: usize) -> f64 {
        match self.model.friction[n] {
            0.0 => 0.0,
            friction => friction * (self.model.temperature[n] - self.reference),
        }
    }

    fn transform(
        &self,
        s: Complex64,
        rule: usize,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<(Parts<Complex64>, f64), Interrupted> {
        let (model, line, atoms) = (&self.model, &self.line, self.model.atoms());
        let kernel = Kernel { line: &self.inner, spectrum: self.spectrum, rule };
        let moves = self.deviation.iter().any(|&w| w != 0.0);
        let mean = match moves {
            true => super::resolvent::Resolvent::new(line, s).solve(line, &self.deviation),
            false => vec![Complex64::ZERO; line.len],
        };
        let squares = |own: &[Complex64]| -> Vec<Complex64> {
            (0..atoms)
                .map(|n| {
                    let u = line.momentum(n);
                    let still = self.settled[u];
                    still * still / s + 2.0 * still * mean[u] + own[u]
                })
                .collect()
        };
        let drive = |own: &[Complex64]| {
            let mut drive: Vec<Complex64> = self.start.iter().map(|&v| v.into()).collect();
            for (n, square) in squares(own).into_iter().enumerate() {
                let u = line.momentum(n);
                drive[u] += line.flips[u] * square + 2.0 * self.noise(n) / s;
            }
            drive
        };
        let moving = moves.then_some(&self.inner_deviation[..]);
        let turned = |own: &[Complex64]| self.turn(drive(&self.turn(own.to_vec())));
        let (mut found, own) = kernel.variances(s, moving, turned, tolerance, monitor)?;
        let squares = squares(&self.turn(own));
        let variances = self.turn(found.line);
        if self.turned {
            found.displacement.reverse();
            found.elongation.reverse();
        }
        let kinetic: Vec<Complex64> = (0..atoms).map(|n| variances[line.momentum(n)]).collect();
        let springs = &model.spring;
        let (elongation, displacement): (Vec<_>, Vec<_>) = match line.offset {
            0 => ((1..atoms).map(|n| variances[2 * n - 1]).collect(), vec![]),
            _ => (
                found.elongation.iter().zip(springs).map(|(v, k)| v * k).collect(),
                found.displacement,
            ),
        };
        let (current, heat) = self.currents(s, &squares, [&kinetic, &elongation, &displacement]);
        let over = |values: &[Complex64]| values.iter().map(|x| x / s).collect::<Vec<_>>();
        let parts = Parts {
            kinetic_integral: over(&kinetic),
            square_integral: over(&squares),
            mean_integral: over(&mean),
            heat: heat / s,
            mean,
            kinetic,
            elongation,
            displacement,
            current,
        };
        Ok((parts, found.missing))
    }

    /// The current through every bond: the energy that has entered to the left of it and is no
    /// longer there. Also the heat that flips make of the means, whose squares are given; the
    /// variances are those of u, √k r and √κ q.
    fn currents(
        &self,
        s: Complex64,
        squares: &[Complex64],
        [kinetic, elongation, displacement]: [&[Complex64]; 3],
    ) -> (Vec<Complex64>, Complex64) {
        let (model, line, atoms) = (&self.model, &self.line, self.model.atoms());
        let at = |values: &[Complex64], n: usize| values.get(n).copied().unwrap_or_default();
        let mut through = Complex64::ZERO;
        let mut heat = Complex64::ZERO;
        let mut current = Vec::with_capacity(atoms);
        let (mut size, mut sizes) = (0.0, Vec::with_capacity(atoms));
        for n in 0..atoms {
            let bond = n.checked_sub(1).map_or(Complex64::ZERO, |bond| elongation[bond]);
            let energy = (kinetic[n] + bond + model.pinning[n] * at(displacement, n)) / 2.0;
            let begun = (self.start[line.momentum(n)]
                + if n > 0 && line.offset == 0 { self.start[2 * n - 1] } else { 0.0 })
                / 2.0;
            let heated = 2.0 * model.flip_rate[n] * squares[n];
            heat += heated;
            let (noise, lost) = (self.noise(n) / s, model.friction[n] * kinetic[n]);
            through += begun - s * energy + noise - lost + heated;
            size += begun.abs() + (s * energy).norm() + noise.norm() + lost.norm() + heated.norm();
            current.push(through);
            sizes.push(size);
        }
        // Nothing passes the last atom. What is missing there is spread over the terms by their
        // sizes.
        for (current, part) in current.iter_mut().zip(sizes).take(atoms - 1) {
            *current -= if size > 0.0 { through * (part / size) } else { Complex64::ZERO };
        }
        (current, heat)
    }

    /// The sums over one contour at all times, and by how much row sums are missed at most.
    fn invert(
        &self,
        contour: &Contour,
        times: &[Double],
        rule: usize,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<(Vec<Parts<f64>>, f64), Interrupted> {
        let mut sums: Vec<Parts<f64>> = Vec::new();
        let mut missing: f64 = 0.0;
        for (k, &(s, weight)) in contour.nodes.iter().enumerate() {
            let share = |k: usize| k as f64 / contour.nodes.len() as f64;
            let part = monitor.part(share(k), share(k + 1));
            let (found, missed) = self.transform(s, rule, tolerance, &part)?;
            // A relative error of what is 1/s for a state that has settled.
            let felt = 2.0 * weight.norm() * (s.re * times[0].hi).exp() / s.norm();
            missing += felt * missed;
            if sums.is_empty() {
                sums = times.iter().map(|_| found.zeros()).collect();
            }
            for (sum, time) in sums.iter_mut().zip(times) {
                found.add_to(sum, 2.0 * weight * (s * time.hi).exp());
            }
            let progress = Progress { share: share(k + 1), solves: k + 1, ..Progress::default() };
            monitor.advance(progress)?;
        }
        Ok((sums, missing))
    }
}
