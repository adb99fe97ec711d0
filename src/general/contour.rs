//! Late times of any open chain without steps: the inverse Laplace transform of the moment
//! equations on a hyperbola ([`crate::evolve::hyperbola`]), O(N) a node.
//!
//! With the state Gibbs at T_c split off, w = z̄ - z̄_s and u its momenta, at a node s
//!
//! ```text
//! θ̂ = K_s ( 4γ θ̂ + 4γ ū²(s) + 2λ(T - T_c)/s + start ),      ū²(s) = ū_s²/s + 2 ū_s û(s) + (u²)^(s),
//! ```
//!
//! and the current through a bond is what has entered before it and is not there (`Parts`). All is
//! done on two contours with different inner quadratures (kernel.rs); their difference, with a
//! factor, is the error of the second, which is the answer. Constant forces, γ_n + λ_n/2 > 0 at
//! every atom, τ ≥ [`earliest`]; independent coordinates at the start, or with pinning the Gibbs
//! law of one temperature.

use super::Model;
use super::exponential::Output;
use super::kernel::Kernel;
use super::law::split_temperature;
use super::line::Line;
use super::mean::{Means, forces_of};
use super::path::Spectrum;
use super::profile::{Local, LocalErrors};
use super::transforms::Parts;
use crate::chain::{Chain, Double, InitialLaw};
use crate::cost::Cost;
use crate::evolve::hyperbola::{self, CAUTION, Contour, EXTRA, nodes_for_integrals};
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::vector::largest_of;
use crate::observe::series::Integrated;
use num_complex::Complex64;

/// The least τ in units of 1/c, c the least of γ_n + λ_n/2 and of the band's edge: the last node,
/// Re s = -30/τ, stays right of -c/2.
const EARLIEST: f64 = 80.0;
/// Times at most that share a contour.
const SHARED: usize = 32;
/// The contours share what the inner quadratures miss. The estimate with this factor was fifty
/// times the true error or more in the 100 random chains of tests/general_chain.rs.
const DISTANCE: f64 = 4.0;
/// Seconds of processor time for a site, a node of the inner path and one of the contour.
const SITE: f64 = 3e-7;
/// Roundings, of the largest second moment.
const ROUNDINGS: f64 = 64.0;

/// The least microscopic time for which the contour serves; the reason why it never does.
pub fn earliest(chain: &Chain, law: &InitialLaw) -> Result<f64, &'static str> {
    let model = Model::new(chain);
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

struct Problem<'a> {
    chain: &'a Chain,
    model: Model,
    line: Line,
    spectrum: Spectrum,
    reference: f64,
    /// ū_s and all of y_s.
    settled: Vec<f64>,
    /// w(0)
    deviation: Vec<f64>,
    /// Variances along the line at the start, less the reference.
    start: Vec<f64>,
}

/// The moments at ascending `times`, each at least [`earliest`].
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[Double],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<Output>, Interrupted> {
    let problem = Problem::new(chain, law);
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
        let least = CAUTION * hyperbola::gain(last / first, EXTRA) * goal;
        for ((fine, coarse), &time) in fine.iter().zip(&coarse).zip(group) {
            outputs.push(problem.output(fine, coarse, time, least + missing, nodes_done));
        }
    }
    Ok(outputs)
}

/// The current is 1/N of the energies.
fn goal(tolerance: f64) -> f64 {
    (1e-4 * tolerance).max(1e-14)
}

/// What [`evolve`] takes: some time for a site, a node of the inner path and one of the contour.
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

impl<'a> Problem<'a> {
    fn new(chain: &'a Chain, law: &InitialLaw) -> Problem<'a> {
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
        Problem {
            chain,
            spectrum: Spectrum::new(&model),
            reference,
            settled: line.enter(&still),
            deviation: line.enter(&moved),
            start,
            line,
            model,
        }
    }

    /// What drives θ_n at its thermostat, less the reference.
    fn noise(&self, n: usize) -> f64 {
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
        let kernel = Kernel { line, spectrum: self.spectrum, rule };
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
        let moving = moves.then_some(&self.deviation[..]);
        let (found, own) = kernel.variances(s, moving, drive, tolerance, monitor)?;
        let squares = squares(&own);
        let kinetic: Vec<Complex64> = (0..atoms).map(|n| found.line[line.momentum(n)]).collect();
        let springs = &model.spring;
        let (elongation, displacement): (Vec<_>, Vec<_>) = match line.offset {
            0 => ((1..atoms).map(|n| found.line[2 * n - 1]).collect(), vec![]),
            _ => (
                found.elongation.iter().zip(springs).map(|(v, k)| v * k).collect(),
                found.displacement,
            ),
        };
        let at = |values: &[Complex64], n: usize| values.get(n).copied().unwrap_or_default();
        let mut through = Complex64::ZERO;
        let mut heat = Complex64::ZERO;
        let mut current = Vec::with_capacity(atoms);
        for n in 0..atoms {
            let bond = n.checked_sub(1).map_or(Complex64::ZERO, |bond| elongation[bond]);
            let energy = (kinetic[n] + bond + model.pinning[n] * at(&displacement, n)) / 2.0;
            let begun = (self.start[line.momentum(n)]
                + if n > 0 && line.offset == 0 { self.start[2 * n - 1] } else { 0.0 })
                / 2.0;
            let heated = 2.0 * model.flip_rate[n] * squares[n];
            heat += heated;
            through +=
                begun - s * energy + self.noise(n) / s - model.friction[n] * kinetic[n] + heated;
            current.push(through);
        }
        // Nothing passes the last atom. What is missing there is spread over the chain.
        for (n, current) in current.iter_mut().take(atoms - 1).enumerate() {
            *current -= through * ((n + 1) as f64 / atoms as f64);
        }
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

    fn output(
        &self,
        fine: &Parts<f64>,
        coarse: &Parts<f64>,
        time: Double,
        least: f64,
        nodes: usize,
    ) -> Output {
        let (model, line, atoms) = (&self.model, &self.line, self.model.atoms());
        let apart = |of: fn(&Parts<f64>) -> &Vec<f64>| {
            let pairs = of(fine).iter().zip(of(coarse));
            DISTANCE * largest_of(pairs.map(|(a, b)| a - b))
        };
        let hottest = largest_of(fine.kinetic.iter().map(|t| t + self.reference));
        let size = hottest.max(largest_of(self.deviation.iter().map(|w| w * w)));
        let floor = least + ROUNDINGS * f64::EPSILON;
        let root = size.sqrt();
        let moving =
            largest_of(self.deviation.iter().copied()).max(largest_of(fine.mean.iter().copied()));
        let mean = apart(|p| &p.mean)
            + floor * moving
            + 4.0 * f64::EPSILON * largest_of(self.settled.iter().copied());
        let soft = line.softness(model);
        let of_positions = apart(|p| &p.elongation).max(if soft > 0.0 {
            apart(|p| &p.displacement) / soft
        } else {
            0.0
        });
        let closure = fine.current.last().copied().unwrap_or(0.0).abs();
        let second = apart(|p| &p.kinetic).max(of_positions) + floor * size;
        let stiffest =
            largest_of(model.spring.iter().zip(&model.mass).map(|(k, m)| (k / m).sqrt()));
        let flow = apart(|p| &p.current)
            + closure / 2.0
            + floor * size * (stiffest + model.atoms() as f64 / time.hi);
        let y: Vec<f64> = fine.mean.iter().zip(&self.settled).map(|(w, s)| w + s).collect();
        let z = line.leave(&y);
        let first = z.len() - atoms;
        let gibbs_r = model.gibbs_elongations();
        let mut local = Local { mean_p: z[first..].to_vec(), ..Local::default() };
        local.var_p =
            (0..atoms).map(|n| model.mass[n] * (self.reference + fine.kinetic[n])).collect();
        local.var_r = (0..atoms - 1)
            .map(|n| self.reference * gibbs_r[n] + fine.elongation[n] / model.spring[n])
            .collect();
        local.correlation = (0..atoms - 1)
            .map(|n| 0.0 - fine.current[n] * model.mass[n] / model.spring[n])
            .collect();
        if line.offset == 1 {
            local.mean_q = z[..first].to_vec();
            local.mean_r = line.stretches(&y);
            let gibbs = model.gibbs_displacements();
            local.var_q =
                (0..atoms).map(|n| self.reference * gibbs[n] + fine.displacement[n]).collect();
        } else {
            local.mean_r = z[..first].to_vec();
        }
        let errors = LocalErrors {
            mean,
            second,
            flow: Some(flow),
            mean_q: soft.sqrt() * mean,
            var_q: soft * second,
        };
        let mut integrals = self.integrals(fine, time.hi);
        let other = self.integrals(coarse, time.hi);
        let most = largest_of(model.friction.iter().copied())
            + largest_of(model.flip_rate.iter().copied());
        integrals.error = DISTANCE * integrals.apart(&other)
            + time.hi * (most * atoms as f64) * (second + 2.0 * root * mean);
        Output { time, local, errors, integrals, steps: nodes, kept: None }
    }

    /// The heat that has entered since time 0.
    fn integrals(&self, fine: &Parts<f64>, time: f64) -> Integrated {
        let (model, line, atoms) = (&self.model, &self.line, self.model.atoms());
        let mut all = Integrated { heat: fine.heat, ..Integrated::default() };
        for force in forces_of(self.chain) {
            let u = line.momentum(force.site);
            let moved = fine.mean_integral[u] + self.settled[u] * time;
            all.work += line.force(force.site, force.mean) * moved;
        }
        for n in model.thermostats() {
            let friction = model.friction[n];
            let square = fine.square_integral[n];
            let entered = self.noise(n) * time - friction * (fine.kinetic_integral[n] + square);
            match n {
                0 => all.left += entered,
                n if n + 1 == atoms => all.right += entered,
                _ => all.others += entered,
            }
        }
        all
    }
}
