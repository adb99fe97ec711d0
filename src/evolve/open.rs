//! Solves the transformed equations of an open chain at one node of the contour. The equations
//! stand in [`super::profiles`].

use super::hyperbola::Contour;
use super::outcome::{Counts, EvolveError};
use super::reference::reference_temperature;
use super::two_contours::{ABREAST, Inversion};
use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::modal::Modal;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::source::ErrorSource;
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::exponential;
use crate::numerics::vector::{largest_norm, largest_of};
use crate::resolvent::{self, Currents, Drive, Exchange, Layer, Quality, SquaredKernel};
use num_complex::Complex64;
use rayon::prelude::*;
use std::sync::OnceLock;

/// (l, V̂_l)
type Envelopes = Vec<(i64, Layer)>;

/// The transformed equations of one open chain and initial law.
pub(super) struct Transformed<'a> {
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
    /// The energy that enters at either end.
    inflow: [T; 2],
    /// Errors of the variances and of the current that the solve leaves.
    errors: [f64; 2],
}

impl<'a> Transformed<'a> {
    pub fn new(chain: &'a Chain, law: &InitialLaw) -> Result<Transformed<'a>, SolveError> {
        let reference = reference_temperature(chain, law);
        let modal = Modal::new(chain);
        let periodic =
            PeriodicMean::new(&modal)?.expect("asked only where the mean has a stationary value");
        let deviation = periodic.deviation(&law.mean());
        let start = law.var_r.iter().chain(&law.var_p).map(|v| v - reference).collect();
        Ok(Transformed {
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
            // Orders of both signs: q_(-m) = conj q_m.
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
        let rounding = rounding::RECURRENCES;
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
        // The part of the variances' roundings that enters the current as a whole, and the part
        // that enters one by one in the sum of the energies' slopes along the chain.
        let share = resolvent::current_share(self.chain) + (self.chain.bonds as f64).sqrt() / time;
        // The heat has the momenta's errors, and the currents are sums of it.
        let moving: f64 = sum.mean[self.chain.bonds..].iter().map(|u| u.abs()).sum();
        let heated =
            4.0 * self.chain.flip_rate * (self.periodic.momentum_amplitude() + moving) * mean_p;
        let carried =
            sum.errors[1] + turned + rounding * largest(&correlation) + share * rounded + heated;
        let errors = MomentErrors { mean_r, mean_p, ..MomentErrors::of_variances(loss, carried) };
        let [left, flow] = sum.errors;
        let left = MomentErrors::of_variances(left, flow);
        let of_phase = MomentErrors {
            mean_r: forced[0],
            mean_p: forced[1],
            ..MomentErrors::of_variances(turned, turned)
        };
        let parts = vec![(ErrorSource::Iteration, left), (ErrorSource::InputRounding, of_phase)];
        let moments = Moments {
            time: instant,
            mean,
            variance,
            correlation,
            inflow: Some(sum.inflow),
            leaving: None,
            covariance: None,
        };
        let variance_integral = Some(integral);
        Solution { moments, errors, parts, variance_integral, ..Default::default() }
    }
}

impl Inversion for Transformed<'_> {
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
