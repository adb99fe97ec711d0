//! Without flips: the moments at any time by the propagator e^(Bτ), no steps
//! (docs/theory/harmonic.md, (9.1)).
//!
//! ```text
//! z̄(τ) = z_f(τ) + e^(Bτ) (z̄(0) - z_f(0)),      C(τ) = C_∞ + e^(Bτ) (C(0) - C_∞) e^(Bᵀτ)
//! ```
//!
//! Without thermostats C_∞ = 0 and e^(Bτ) turns every mode (r_k, p_k) by the angle a_k τ, which is
//! known to all digits for aτ up to 10¹⁵ (`mode_phase`): variances are sums of squares of the
//! propagator's columns, O(N² log N) time and O(N) memory; the covariance is turned by rows and
//! columns. With thermostats C_∞ is the closed form ([`Chain::thermal_state`]) and e^(Bτ) a
//! Toeplitz and a Hankel matrix by scaling and squaring in 32 digits, O(N² log τ). Error: rounding
//! of the transforms and sums.

use super::doubling::{self, INTEGRATED};
use super::exponential::Damped;
use super::outcome::EvolveError;
use super::rotation_integrals;
use crate::budget::rounding;
use crate::chain::modes::Modes;
use crate::chain::{Chain, Double, Force, InitialLaw};
use crate::covariance::moments::{MomentErrors, Moments, Solution, TimeIntegrals, largest};
use crate::covariance::source::ErrorSource;
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{
    exact, harmonic_phase, mode_frequency, mode_phase, phase_error, turned,
};
use crate::scenario::Topology;
use ndarray::{Array2, Axis};
use num_complex::Complex64;
use rayon::prelude::*;

/// The moments at ascending `times` of a chain with γ = 0. Arguments as for
/// [`super::radau::evolve`].
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Solution>, EvolveError> {
    chain.assert_homogeneous();
    let (damped, times) = (Damped::new(chain)?, exact(times));
    let mut solutions = Vec::with_capacity(times.len());
    for (index, &time) in times.iter().enumerate() {
        solutions.push(monitor.once(&format!("output-{index}"), |_| {
            Ok::<_, EvolveError>(match &damped {
                Some(damped) => damped.at(law, time, keep(index))?,
                None => Rotation::new(chain, time).solution(chain, law, keep(index)),
            })
        })?);
        let share = (index + 1) as f64 / times.len() as f64;
        monitor.advance(Progress { share, time: time.hi, ..Default::default() })?;
    }
    Ok(solutions)
}

/// e^(Bτ) of the chain without friction and flips.
struct Rotation {
    time: Double,
    modes: Modes,
    /// e^(-i a_k τ)
    phases: Vec<Complex64>,
}

/// Columns of the propagator handed to one thread at a time; fixed, so that sums do not depend on
/// the number of threads.
const COLUMNS: usize = 32;

impl Rotation {
    fn new(chain: &Chain, time: Double) -> Rotation {
        let modes = Modes::new(chain);
        let phase = |k: usize| {
            let (numerator, denominator) = modes.half_turns(k);
            mode_phase(numerator, denominator, time)
        };
        let phases = (0..modes.count()).map(phase).collect();
        Rotation { time, modes, phases }
    }

    /// r_k(τ) = cos r_k + sin p_k, p_k(τ) = cos p_k - sin r_k; `elongation` and `momentum` have one
    /// entry for each mode.
    fn turn(&self, elongation: &mut [f64], momentum: &mut [f64]) {
        for ((r, p), phase) in elongation.iter_mut().zip(momentum).zip(&self.phases) {
            let turned = Complex64::new(*p, -*r) * phase;
            (*r, *p) = (-turned.im, turned.re);
        }
    }

    /// e^(Bτ) z in place, z in the theory's order.
    fn apply(&self, z: &mut [f64]) {
        let [mut elongation, mut momentum] = self.modes.of_coordinates(z);
        self.turn(&mut elongation, &mut momentum);
        z.copy_from_slice(&self.modes.to_coordinates([elongation, momentum]));
    }

    fn solution(&self, chain: &Chain, law: &InitialLaw, keep: bool) -> Solution {
        let mut mean = law.mean();
        self.apply(&mut mean);
        let (forced, forced_error) = self.forced(chain);
        mean.iter_mut().zip(&forced).for_each(|(z, f)| *z += f);
        let whole = keep || law.covariance.is_some();
        let (variance, correlation, covariance) = if whole {
            let covariance = self.covariance(law);
            (
                covariance.diag().to_vec(),
                chain.left_correlations(covariance.view()),
                Some(covariance),
            )
        } else {
            let (variance, correlation) = self.variances(chain, &law.variance());
            (variance, correlation, None)
        };
        let size = largest(&law.variance());
        // Some roundings of each transform, and of sums of N terms of one sign.
        // A late time's phases have lost what 32 digits do not hold.
        let fastest = phase_error(2.0 * self.time.hi) - phase_error(0.0);
        let transforms =
            rounding::SOLVE + rounding::UNIT * (chain.coordinates() as f64).sqrt() + fastest;
        let loss = transforms * size;
        let mean_loss =
            transforms * largest(&law.mean()) * (chain.atoms() as f64).sqrt() + forced_error;
        let errors = MomentErrors {
            mean_r: mean_loss,
            mean_p: mean_loss,
            var_r: loss,
            var_p: loss,
            correlation: loss,
            left: 0.0,
        };
        let lost = fastest * size;
        let mean_lost = fastest * largest(&law.mean()) * (chain.atoms() as f64).sqrt();
        let of_phases = MomentErrors {
            mean_r: mean_lost + forced_error,
            mean_p: mean_lost + forced_error,
            ..MomentErrors::of_variances(lost, lost)
        };
        let parts = vec![(ErrorSource::InputRounding, of_phases)];
        let moments = Moments {
            time: self.time,
            mean,
            variance,
            correlation,
            covariance,
            ..Default::default()
        };
        let solution = Solution { moments, errors, parts, ..Default::default() };
        let solution = solution.with_consistency(chain, keep);
        let integrals = match chain.force == Default::default() {
            true => Some(rotation_integrals::integrals(chain, &self.modes, law, self.time)),
            false => (chain.bonds <= INTEGRATED).then(|| self.driven_integrals(chain, law)),
        };
        Solution { integrals, ..solution }
    }

    /// e^(Bτ) C(0) e^(Bᵀτ)
    fn covariance(&self, law: &InitialLaw) -> Array2<f64> {
        let mut covariance = law.covariance_above(0.0);
        for axis in [Axis(0), Axis(1)] {
            let lanes: Vec<_> = covariance.axis_iter_mut(axis).collect();
            lanes.into_par_iter().for_each(|mut lane| {
                let mut z = lane.to_vec();
                self.apply(&mut z);
                lane.iter_mut().zip(&z).for_each(|(to, from)| *to = *from);
            });
        }
        covariance
    }

    /// Σ_j E_ij² v_j and Σ_j E_pj E_rj v_j, E = e^(Bτ), of independent coordinates with variances
    /// v.
    fn variances(&self, chain: &Chain, initial: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let n = initial.len();
        let chunk = |start: usize| {
            let (mut variance, mut correlation) = (vec![0.0; n], vec![0.0; chain.bonds]);
            for j in (start..n.min(start + COLUMNS)).filter(|&j| initial[j] != 0.0) {
                let mut column = vec![0.0; n];
                column[j] = 1.0;
                self.apply(&mut column);
                variance.iter_mut().zip(&column).for_each(|(sum, e)| *sum += initial[j] * e * e);
                for (bond, sum) in correlation.iter_mut().enumerate() {
                    let (p, r) = chain.left_pair(bond);
                    *sum += initial[j] * column[p] * column[r];
                }
            }
            (variance, correlation)
        };
        let starts: Vec<usize> = (0..n).step_by(COLUMNS).collect();
        let mut totals = (vec![0.0; n], vec![0.0; chain.bonds]);
        // A few chunks at a time bound the memory.
        for some in starts.chunks(64) {
            let parts: Vec<_> = some.par_iter().map(|&start| chunk(start)).collect();
            for (variance, correlation) in parts {
                totals.0.iter_mut().zip(variance).for_each(|(sum, v)| *sum += v);
                totals.1.iter_mut().zip(correlation).for_each(|(sum, c)| *sum += c);
            }
        }
        totals
    }

    /// The time integrals under a force: u = (z, 1, cos lωτ, sin lωτ, ..) is linear in its start, u
    /// uᵀ and C are integrated together.
    fn driven_integrals(&self, chain: &Chain, law: &InitialLaw) -> TimeIntegrals {
        let (n, force) = (chain.coordinates(), &chain.force);
        let size = n + 1 + 2 * force.harmonics.len();
        let turning = |i: usize, order: u32| (n + 1 + 2 * i, order as f64 * force.frequency.hi);
        // F = F̄ + 2 Re Σ F_l (cos + i sin), of the components of a vector.
        let force_of = |x: &dyn Fn(usize) -> f64| {
            let harmonics = force.harmonics.iter().enumerate();
            let part = |(i, (_, f)): (usize, &(u32, Complex64))| {
                2.0 * (f.re * x(n + 1 + 2 * i) - f.im * x(n + 2 + 2 * i))
            };
            force.mean * x(n) + harmonics.map(part).sum::<f64>()
        };
        let generator = |x: &[f64]| {
            let mut slope = chain.drift_of(&x[..n]);
            slope[n - 1] += force_of(&|i| x[i]);
            slope.resize(size, 0.0);
            for (i, &(order, _)) in force.harmonics.iter().enumerate() {
                let (cos, frequency) = turning(i, order);
                (slope[cos], slope[cos + 1]) = (-frequency * x[cos + 1], frequency * x[cos]);
            }
            slope
        };
        let propagator = |time: Double| {
            let rotation = Rotation::new(chain, time);
            let mut matrix = Array2::zeros((size, size));
            let mut put = |j: usize, column: &[f64]| {
                column.iter().enumerate().for_each(|(i, x)| matrix[[i, j]] = *x)
            };
            for j in 0..n {
                let mut column = vec![0.0; n];
                column[j] = 1.0;
                rotation.apply(&mut column);
                put(j, &column);
            }
            let under = |force: Force| rotation.forced(&Chain { force, ..chain.clone() }).0;
            put(n, &under(Force { mean: force.mean, ..Default::default() }));
            for (i, &(order, f)) in force.harmonics.iter().enumerate() {
                for (j, f) in [f, Complex64::I * f].into_iter().enumerate() {
                    let harmonics = vec![(order, f)];
                    put(
                        turning(i, order).0 + j,
                        &under(Force { mean: 0.0, frequency: force.frequency, harmonics }),
                    );
                }
            }
            matrix[[n, n]] = 1.0;
            for (i, &(order, _)) in force.harmonics.iter().enumerate() {
                let (turn, (cos, _)) =
                    (harmonic_phase(order as i64, force.frequency, time), turning(i, order));
                (matrix[[cos, cos]], matrix[[cos, cos + 1]]) = (turn.re, -turn.im);
                (matrix[[cos + 1, cos]], matrix[[cos + 1, cos + 1]]) = (turn.im, turn.re);
            }
            matrix
        };
        let mut start = law.mean();
        start.push(1.0);
        force.harmonics.iter().for_each(|_| start.extend([1.0, 0.0]));
        let covariance = law.covariance_above(0.0);
        let second = Array2::from_shape_fn((size, size), |(i, j)| {
            start[i] * start[j] + if i < n && j < n { covariance[[i, j]] } else { 0.0 }
        });
        let highest = force.harmonics.iter().map(|&(order, _)| order as f64).fold(0.0, f64::max)
            * force.frequency.hi;
        let strength =
            force.mean.abs() + force.harmonics.iter().map(|(_, f)| 4.0 * f.norm()).sum::<f64>();
        let sum = doubling::accumulated(
            second,
            generator,
            2.0 + strength + highest,
            self.time,
            propagator,
        );
        TimeIntegrals {
            mean: (0..n).map(|i| sum[[i, n]]).collect(),
            square: (0..n).map(|i| sum[[i, i]]).collect(),
            product: (0..chain.bonds).map(|bond| sum[chain.left_pair(bond)]).collect(),
            work: force_of(&|i| sum[[n - 1, i]]),
            ..Default::default()
        }
    }

    /// The answer to the force from rest, and its error: u_k = p_k - i r_k obeys du/dτ = -i a u +
    /// ψ_k(N) F, so every harmonic adds F_l ψ_k(N) ∫_0^τ e^(-ia(τ-t)) e^(ilωt) dt = F_l ψ_k(N)
    /// e^(i(lω-a)τ/2) τ sinc((lω+a)τ/2): finite at resonance.
    fn forced(&self, chain: &Chain) -> (Vec<f64>, f64) {
        let n = chain.coordinates();
        if chain.topology == Topology::Ring || chain.force == Default::default() {
            return (vec![0.0; n], 0.0);
        }
        let (atoms, force, time) = (chain.atoms(), &chain.force, self.time);
        let conjugate = force.harmonics.iter().map(|&(l, f)| (-(l as f64), f.conj()));
        let harmonics = force.harmonics.iter().map(|&(l, f)| (l as f64, f)).chain(conjugate);
        let harmonics: Vec<_> = harmonics.chain([(0.0, force.mean.into())]).collect();
        let (mut r, mut p, mut error) = (vec![0.0; atoms], vec![0.0; atoms], 0.0);
        for k in 0..atoms {
            let (numerator, denominator) = self.modes.half_turns(k);
            let a = mode_frequency(numerator, denominator);
            let shape = self.modes.at_left_end(k) * if k % 2 == 1 { -1.0 } else { 1.0 };
            let mut u = Complex64::ZERO;
            for &(l, f) in &harmonics {
                let turning = force.frequency.scaled(l);
                let angle = turning.plus(a).times(time).scaled(0.5);
                let sinc = match angle.hi.abs() < 0.5 {
                    true if angle.hi == 0.0 => 1.0,
                    true => angle.hi.sin() / angle.hi,
                    false => turned(angle).im / angle.hi,
                };
                let middle = turning.plus(a.negated()).times(time).scaled(0.5);
                let length = time.hi * (f * shape).norm();
                u += f * shape * turned(middle) * time.hi * sinc;
                error += length
                    * (2.0 * phase_error(middle.hi) * sinc.abs()
                        + phase_error(angle.hi) / angle.hi.abs().max(1.0));
            }
            (r[k], p[k]) = (-u.im, u.re);
        }
        (self.modes.to_coordinates([r, p]), error)
    }
}
