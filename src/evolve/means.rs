//! The means alone, for chains whose covariance would not fit into memory: z̄ = z_per + w with
//! dw/dτ = B w (docs/theory/periodic.md, (7.1)), in O(N log N) a step.
//!
//! z_per is known in closed form (`covariance::periodic`), so that no step has to follow the
//! periods of the force. Steps of Radau IIA carry w, and their error is estimated as for the
//! moments. The time integrals of z̄, z̄² and F p̄_N are exact to the same order. The largest value
//! of (1/N) Σ z̄² is interpolated between the stages from its values and slopes.

use super::envelope::mean_integrals;
use super::halving::{Comparison, Difference, GAIN, Halving};
use super::outcome::EvolveError;
use super::step_size::StepSize;
use super::tableau::{STAGES, Tableau};
use super::unresolved::Unresolved;
use crate::budget::{rounding, truncation};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, apart, largest};
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::exact;
use num_complex::Complex64;

/// The means at one time and what has gathered until then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanPath {
    /// Microscopic time.
    pub time: f64,
    /// r̄, p̄
    pub mean: Vec<f64>,
    /// ∫ z̄
    pub integral: Vec<f64>,
    /// ∫ z̄²
    pub square: Vec<f64>,
    /// ∫ F p̄_N
    pub work: f64,
    /// sup over \[0, τ\] of (1/N) Σ (r̄² + p̄²), and when it was reached.
    pub largest_average: f64,
    /// When.
    pub largest_at: f64,
    /// Estimated largest error of r̄ and of p̄.
    pub errors: [f64; 2],
    /// The part of the errors that may add up in an integral over time. The error of the force's
    /// phase is left out, because it turns with the force and averages to zero.
    pub lasting_errors: [f64; 2],
}

/// Phases at which the oscillation is looked at where a step is longer than its period.
const PHASES: usize = 48;

/// Evolves the means to the ascending microscopic `times`, to `tolerance` relative to the largest
/// of them. The constant force must meet a resistance.
///
/// Long because one loop carries the state of the steps: the points, their sums, and the errors.
pub fn evolve<E: MomentEquations + ?Sized>(
    equations: &E,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    tolerance: f64,
    monitor: &Monitor,
) -> Result<Vec<MeanPath>, EvolveError> {
    let (times, chain) = (exact(times), equations.chain());
    let end = times.last().map_or(0.0, |last| last.hi);
    let periodic =
        PeriodicMean::new(equations)?.expect("a chain with flips resists a constant force");
    let start = law.mean();
    let deviation: Vec<f64> = periodic.deviation(&start);
    let size = largest(&start).max(largest(&deviation));
    // Means that stay zero need a scale, too, so that the steps have a tolerance.
    let size = if size > 0.0 { size } else { 1.0 };
    let tableau = Tableau::radau(STAGES);
    let step_from = |w: &[f64], h: f64| stages(equations, &tableau, w, &[0.0; STAGES], h);
    let fast = 0.2 / (1.0 + chain.flip_rate + chain.friction().iter().sum::<f64>());
    let mut steps = StepSize::new(fast, end, f64::INFINITY, 2 * STAGES);
    let mut average = Average::new(chain, &periodic, &deviation);
    let (mut fine, mut coarse) = (deviation.clone(), deviation.clone());
    let (mut integral, mut square) = (vec![0.0; start.len()], vec![0.0; start.len()]);
    // The force moves z_per alone; w decays as if there were none.
    let still = chain.unforced();
    let mut unresolved = Unresolved::new(&still, &deviation, 0.0, 1e-3 * tolerance * size);
    let (mut passed, mut halving, mut rounding) = (Double::default(), Halving::default(), [0.0; 2]);
    let mut outputs = Vec::with_capacity(times.len());
    for output in times {
        while passed.hi < output.hi {
            let (time, left) = (passed.hi, output.plus(passed.negated()).hi);
            let step = steps.next(left);
            if time + step <= time {
                return Err(EvolveError::StepTooSmall { time, tolerance });
            }
            let last = |mut stages: Vec<Vec<f64>>| stages.pop().unwrap_or_default();
            let twice = |step: f64| {
                let first = step_from(&fine, step)?;
                let second = step_from(&first[STAGES - 1], step)?;
                Ok::<_, SolveError>([first, second])
            };
            // Three steps on either side.
            let ((quarters, next_coarse), (halves, whole)) = rayon::join(
                || (twice(step / 4.0), step_from(&coarse, step)),
                || (twice(step / 2.0), step_from(&fine, step)),
            );
            let (next_coarse, whole) = (last(next_coarse?), last(whole?));
            let [half, next_fine] = halves?;
            let [_, quarters] = quarters?.map(last);
            let lost = apart_by_kind(chain, &fine, &next_fine[STAGES - 1])
                .map(|change| rounding::FORMULAS * change);
            let rounded = lost[0].max(lost[1]);
            let compared = Comparison {
                whole: difference(chain, &whole, &next_fine[STAGES - 1]),
                half: Some(difference(chain, &quarters, &half[STAGES - 1])),
                before: difference(chain, &coarse, &fine),
                after: difference(chain, &next_coarse, &whole),
                driven: false,
            };
            let next = halving.after(&compared);
            let difference = compared.half.filter(|_| unresolved.concerns(time, step));
            let difference = difference.map(|half| half.size());
            let missed =
                difference.map_or(0.0, |d| truncation::UNRESOLVED * (d - rounded).max(0.0));
            let seen = [halving.size(), halving.size() + next.last().max(missed)];
            if !steps.accepts(time, step, seen, 0.5 * tolerance * size, rounded) {
                continue;
            }
            for (offset, stages) in [(0.0, &half), (step / 2.0, &next_fine)] {
                let weights = tableau.matrix[STAGES - 1].iter().map(|b| b * step / 2.0);
                for ((w, weight), node) in stages.iter().zip(weights).zip(&tableau.nodes) {
                    for ((sum, square), w) in integral.iter_mut().zip(&mut square).zip(w) {
                        *sum += weight * w;
                        *square += weight * w * w;
                    }
                    average.look(passed.plus((offset + node * step / 2.0).into()), step, w);
                }
            }
            passed = if step == left { output } else { passed.plus(step.into()) };
            rounding = [rounding[0] + lost[0], rounding[1] + lost[1]];
            unresolved.advance(step, difference);
            fine = last(next_fine);
            let points = next_coarse.iter().zip(&whole).zip(&fine);
            coarse = points.map(|((c, w), f)| f + (c - w) + GAIN / next.gain() * (w - f)).collect();
            halving = next;
            let share = (1.0 + passed.hi / fast).ln() / (1.0 + end / fast).ln();
            monitor.advance(Progress {
                share,
                time: passed.hi,
                error: (halving.size() + unresolved.error(passed.hi)) / size,
                ..Default::default()
            })?;
        }
        let solve = |shift: Complex64, f: &[Complex64]| equations.solve_mean(shift, f);
        let sums = mean_integrals(chain, solve, &periodic, &deviation, (&fine, &integral), output)?;
        let lasting = [0, 1].map(|i| {
            let part = if i == 0 { &fine[..chain.bonds] } else { &fine[chain.bonds..] };
            [halving.errors().mean_r, halving.errors().mean_p][i]
                + unresolved.error(output.hi)
                + rounding[i]
                + periodic.error
                + rounding::SOLVE * largest(part)
        });
        outputs.push(MeanPath {
            time: output.hi,
            mean: periodic.at(output).iter().zip(&fine).map(|(z, w)| z + w).collect(),
            integral: sums.mean,
            square: sums.square.iter().zip(&square).map(|(z, w)| z + w).collect(),
            work: sums.work,
            largest_average: average.largest.0,
            largest_at: average.largest.1.hi,
            errors: [0, 1].map(|part| lasting[part] + periodic.errors_at(output.hi)[part]),
            lasting_errors: lasting,
        });
    }
    Ok(outputs)
}

/// The largest differences of r̄ and of p̄.
fn apart_by_kind(chain: &Chain, a: &[f64], b: &[f64]) -> [f64; 2] {
    let ((a_r, a_p), (b_r, b_p)) = (a.split_at(chain.bonds), b.split_at(chain.bonds));
    [apart(a_r, b_r), apart(a_p, b_p)]
}

/// The same with the Euclidean norm of all.
fn difference(chain: &Chain, a: &[f64], b: &[f64]) -> Difference {
    let [mean_r, mean_p] = apart_by_kind(chain, a, b);
    let mean = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let columns = MomentErrors { mean_r, mean_p, ..Default::default() };
    Difference { covariance: 0.0, mean, weight: 1.0, columns }
}

/// The means at the stages of a step of length h, `force` acting on the last coordinate. They are
/// cheap, so their increments D are refined once against the collocation equations D_i = h Σ_j A_ij
/// (B(z̄ + D_j) + f_j) themselves: rounding is then that of the increments, without the
/// amplification of the branches.
pub(super) fn stages<E: MomentEquations + ?Sized>(
    equations: &E,
    tableau: &Tableau,
    from: &[f64],
    force: &[f64],
    h: f64,
) -> Result<Vec<Vec<f64>>, SolveError> {
    let (chain, last) = (equations.chain(), from.len() - 1);
    let slope = |mean: &[f64], force: f64| {
        let mut slope = chain.drift_of(mean);
        slope[last] += force;
        slope
    };
    let mut increments = vec![vec![0.0; from.len()]; force.len()];
    let mut stages = vec![from.to_vec(); force.len()];
    for _ in 0..2 {
        let slopes: Vec<Vec<f64>> = stages.iter().zip(force).map(|(z, &f)| slope(z, f)).collect();
        let residuals: Vec<Vec<f64>> = tableau
            .matrix
            .iter()
            .zip(&increments)
            .map(|(row, increment)| {
                let image = |i: usize| {
                    h * row.iter().zip(&slopes).map(|(a, slope)| a * slope[i]).sum::<f64>()
                };
                increment.iter().enumerate().map(|(i, d)| image(i) - d).collect()
            })
            .collect();
        for branch in &tableau.branches {
            let shift = branch.eigenvalue / h;
            let along = |i: usize| {
                branch.row.iter().zip(&residuals).map(|(t, r)| t * r[i]).sum::<Complex64>()
            };
            let right: Vec<Complex64> = (0..from.len()).map(|i| shift * along(i)).collect();
            let correction = equations.approximate_mean(shift, &right)?;
            for (increment, t) in increments.iter_mut().zip(&branch.column) {
                increment.iter_mut().zip(&correction).for_each(|(d, c)| *d += (t * c).re);
            }
        }
        for (stage, increment) in stages.iter_mut().zip(&increments) {
            stage.iter_mut().zip(from).zip(increment).for_each(|((z, from), d)| *z = from + d);
        }
    }
    Ok(stages)
}

/// (1/N) Σ z̄² along the path, whose slope is (2/N)(F p̄_N - Σ (2γ + Γ) p̄²).
struct Average<'a> {
    chain: &'a Chain,
    periodic: &'a PeriodicMean,
    /// 2γ + Γ
    friction: Vec<f64>,
    /// Time, value and slope of the last look.
    last: (Double, f64, f64),
    /// Value and time.
    largest: (f64, Double),
}

impl<'a> Average<'a> {
    fn new(chain: &'a Chain, periodic: &'a PeriodicMean, start: &[f64]) -> Self {
        let friction =
            chain.thermostats().0.iter().map(|friction| 2.0 * chain.flip_rate + friction).collect();
        let mut average = Average {
            chain,
            periodic,
            friction,
            last: Default::default(),
            largest: Default::default(),
        };
        let (value, slope) = average.at(Double::default(), start);
        average.last = (Double::default(), value, slope);
        average.largest = (value, Double::default());
        average
    }

    fn at(&self, time: Double, w: &[f64]) -> (f64, f64) {
        let (bonds, z) = (self.chain.bonds, self.periodic.at(time));
        let z: Vec<f64> = z.iter().zip(w).map(|(z, w)| z + w).collect();
        let value = z.iter().map(|z| z * z).sum::<f64>() / bonds as f64;
        let drag: f64 =
            z[bonds..].iter().zip(&self.friction).map(|(p, friction)| friction * p * p).sum();
        let power = self.chain.force.at(time) * z[z.len() - 1] - drag;
        (value, 2.0 * power / bonds as f64)
    }

    fn look(&mut self, time: Double, step: f64, w: &[f64]) {
        let (value, slope) = self.at(time, w);
        let (before, from, rise) = self.last;
        self.last = (time, value, slope);
        let mut candidates = vec![(value, time)];
        let h = time.plus(before.negated()).hi;
        // Where the cubic through both values and slopes turns.
        let (a, b) = (
            h * (slope + rise) - 2.0 * (value - from),
            3.0 * (value - from) - h * (slope + 2.0 * rise),
        );
        let root = (b * b - 3.0 * a * h * rise).sqrt();
        for x in [(-b - root) / (3.0 * a), (-b + root) / (3.0 * a), -h * rise / (2.0 * b)] {
            if x > 0.0 && x < 1.0 {
                let value = from + x * (h * rise + x * (b + x * a));
                candidates.push((value, before.plus((x * h).into())));
            }
        }
        let period = 2.0 * std::f64::consts::PI / self.periodic.frequency.hi;
        if self.periodic.frequency.hi > 0.0 && step > period {
            let phases = (0..PHASES).map(|k| time.plus((period * k as f64 / PHASES as f64).into()));
            candidates = phases.map(|time| (self.at(time, w).0, time)).collect();
        }
        for (value, time) in candidates {
            if value > self.largest.0 {
                self.largest = (value, time);
            }
        }
    }
}
