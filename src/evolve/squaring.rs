//! Tiny chains at any time: the exponential of the whole moment equation in 32 digits.
//!
//! The trigonometric functions of the force, their products with the means, the second moments S =
//! E z zᵀ and the time integrals of both obey one linear equation with constant coefficients, x' =
//! A x (docs/theory/small-systems.md, (15.2)). With h = 2^-j so small that ‖A‖h ≤ 1/8, e^(Ah) - 1
//! is a Taylor series, and it is squared (`Power`): an output, whose time is read off as a binary
//! number, takes the squares that it needs on the way. Unknowns: m ≈ n(n+1)/2 + 6n, n = 2N+1, more
//! with harmonics. Cost: log₂(8‖A‖τ) products of m³, then m² for each bit of an output's time.
//! Error: a squaring doubles an error (`lost`), and the rounding of the answer to doubles. Longer
//! chains, whose matrix would be too large, go to early times step by step, by a series
//! (`wide_series`) or, beside fast damping, by a contour (`wide_contour`).

use super::moment_generator::{Generator, STEP, Unknowns};
use super::outcome::EvolveError;
use super::{wide_contour, wide_fold, wide_series};
mod heat;
#[cfg(test)]
pub(super) mod judge;
mod way;
pub use way::{cost, seconds, serves};

use crate::budget::rounding;
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::moments::{MomentErrors, Moments, Solution, TimeIntegrals, largest};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::{exact, rounded};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::{Doublings, Power};
use crate::scenario::Topology;
use ndarray::Array2;
use rayon::prelude::*;
use way::{Way, lost, way};

/// Rates below this are no faster than the chain itself.
const SLOW: f64 = 8.0;

/// Evolves the moments to the ascending microscopic `times`. Arguments as for
/// [`super::radau::evolve`].
pub fn evolve(
    chain: &Chain,
    law: &InitialLaw,
    times: &[impl Copy + Into<Double>],
    keep: impl Fn(usize) -> bool,
    monitor: &Monitor,
) -> Result<Vec<Solution>, EvolveError> {
    let times = exact(times);
    let way = way(chain, &rounded(&times)).unwrap_or(Way::Squarings);
    let generator = Generator::new(chain);
    let start = generator.start(law);
    let mut more = 1.0;
    let states = match way {
        Way::Squarings => propagated(&generator, &start, &times, STEP, monitor)?,
        Way::Steps => wide_series::propagated(chain, &generator, &start, &times, 1.0, monitor)?,
        Way::Contour => wide_contour::propagated(chain, &generator, &start, &times, 1.0, monitor)?,
        Way::Folded => {
            let found = wide_fold::propagated(chain, &generator, &start, &times, 1.0, monitor)?;
            more = found.1;
            found.0
        }
    };
    let heats = heat::of(chain, law, &times);
    let losses = lost(chain, &rounded(&times), way);
    let read = |(index, &time): (usize, &Double)| {
        let (state, heat) = (&states[index], heats[index]);
        let (unknowns, [lost, damped]) = (Unknowns::of(chain), losses[index]);
        let lost = [more * lost, damped];
        Answer { chain, unknowns, start: &start, state, heat, time, lost }.read(keep(index))
    };
    Ok(times.iter().enumerate().map(read).collect())
}

/// The unknowns at the ascending `times`, by steps of ‖A‖h ≤ `size`.
fn propagated(
    generator: &Generator,
    start: &[Double],
    times: &[Double],
    size: f64,
    monitor: &Monitor,
) -> Result<Vec<Vec<Double>>, EvolveError> {
    let unknowns = generator.unknowns;
    let last = times.last().map_or(0.0, |time| time.hi);
    let step = 2f64.powi((size / generator.norm()).log2().floor() as i32);
    let doublings = Doublings::up_to(last, step);
    let squarings = doublings.count;
    // The factors commute, the shortest comes first.
    let mut outputs: Vec<(Vec<bool>, Vec<Double>)> = Vec::with_capacity(times.len());
    for &time in times {
        monitor.check()?;
        let (bits, left) = doublings.of(time);
        let change = generator.short(start, left);
        let state = start.iter().zip(change).map(|(x, change)| x.plus(change)).collect();
        outputs.push((bits, state));
    }
    let columns: Vec<Vec<Double>> = (0..unknowns.driving())
        .into_par_iter()
        .map(|j| {
            let mut unit = vec![Double::default(); unknowns.size()];
            unit[j] = 1.0.into();
            generator.short(&unit, step.into())
        })
        .collect();
    let mut power = Power::of_columns(&columns);
    for k in 0..=squarings {
        let share = k as f64 / (squarings + 1) as f64;
        monitor.advance(Progress { share, ..Default::default() })?;
        outputs.par_iter_mut().filter(|(bits, _)| bits[k]).for_each(|(_, state)| {
            *state = power.apply(state);
        });
        if k < squarings {
            power = power.squared();
        }
    }
    Ok(outputs.into_iter().map(|(_, state)| state).collect())
}

/// The unknowns at the ascending `times`, for a judgement of other ways.
#[cfg(test)]
pub(super) fn states(
    generator: &Generator,
    start: &[Double],
    times: &[Double],
) -> Vec<Vec<Double>> {
    propagated(generator, start, times, STEP, &Monitor::default()).expect("nobody ends it")
}

/// The unknowns at an output.
struct Answer<'a> {
    chain: &'a Chain,
    unknowns: Unknowns,
    start: &'a [Double],
    state: &'a [Double],
    /// What flips have made of the mean motion.
    heat: f64,
    time: Double,
    /// See [`lost`].
    lost: [f64; 2],
}

impl Answer<'_> {
    fn read(&self, keep: bool) -> Solution {
        let (chain, u, n) = (self.chain, self.unknowns, self.chain.coordinates());
        let z: Vec<Double> = (0..n).map(|i| self.state[u.mean(0, 0, i)]).collect();
        let entry =
            |i: usize, j: usize| self.state[u.second(i, j)].plus(z[i].times(z[j]).negated());
        let covariance = Array2::from_shape_fn((n, n), |(i, j)| entry(i, j).hi);
        let [friction, temperature] = [chain.friction(), chain.temperature()];
        let inflow = [0, 1].map(|end| {
            let p = [chain.bonds, n - 1][end];
            Double::from(temperature[end])
                .plus(entry(p, p).negated())
                .times(friction[end].into())
                .hi
        });
        let moments = Moments {
            time: self.time,
            mean: z.iter().map(|z| z.hi).collect(),
            variance: covariance.diag().to_vec(),
            correlation: chain.left_correlations(covariance.view()),
            inflow: Some(inflow),
            leaving: (chain.topology == Topology::Open).then(|| self.leaving()),
            covariance: None,
        };
        let errors = self.errors(&moments);
        let moments = Moments { covariance: Some(covariance), ..moments };
        let integrals = Some(self.integrals());
        let solution = Solution { moments, errors, integrals, ..Default::default() };
        solution.with_consistency(self.chain, keep)
    }

    /// -(F p̄_N + λ_+(T_+ - E p_N²)), the force from its waves.
    fn leaving(&self) -> f64 {
        let (u, last) = (self.unknowns, self.chain.coordinates() - 1);
        let wave = |l: usize, part: usize| self.state[u.wave(l, part)];
        let force = Generator::force(self.chain).into_iter().fold(Double::default(), |sum, f| {
            let (l, c, s) = f;
            sum.plus(wave(l, 0).scaled(c)).plus(wave(l, 1).scaled(s))
        });
        let work = force.times(self.state[u.mean(0, 0, last)]);
        let [_, friction] = self.chain.friction();
        let [_, temperature] = self.chain.temperature();
        let square = self.state[u.second(last, last)];
        let heat = Double::from(temperature).plus(square.negated()).scaled(friction);
        // 0 - 0 is 0 where -0 would be printed.
        0.0 - work.plus(heat).hi
    }

    /// Two roundings of the answer, and what the way has lost of the largest second moment. Where
    /// friction is strong, p² at the end follows the others: its own roundings are not doubled, and
    /// an error of the others, or of a start some time ago, is in it by 1/λ.
    fn errors(&self, moments: &Moments) -> MomentErrors {
        let (u, bonds) = (self.unknowns, self.chain.bonds);
        let squares = (0..moments.mean.len()).flat_map(|i| {
            let at = u.second(i, i);
            [self.start[at].hi, self.state[at].hi]
        });
        let square = largest_of(squares.chain(self.chain.temperature()));
        let [lost, damped] = self.lost;
        let rounding = |values: &[f64]| rounding::UNIT * largest(values);
        let (mean, variance) = (&moments.mean, &moments.variance);
        let ends = moments.inflow.iter().flatten().chain(&moments.leaving).copied();
        let currents = rounding(&moments.correlation).max(rounding::UNIT * largest_of(ends));
        let friction = self.chain.current_weight();
        let at_ends = lost * friction.min(SLOW + SLOW / self.time.hi) + damped * friction;
        MomentErrors {
            mean_r: rounding(&mean[..bonds]) + lost * square.sqrt(),
            mean_p: rounding(&mean[bonds..]) + lost * square.sqrt(),
            var_r: rounding(&variance[..bonds]) + lost * square,
            var_p: rounding(&variance[bonds..]) + lost * square,
            correlation: currents + at_ends * square,
            left: 0.0,
        }
    }

    fn integrals(&self) -> TimeIntegrals {
        let (u, n) = (self.unknowns, self.chain.coordinates());
        let at = |place: usize| self.state[place].hi;
        TimeIntegrals {
            mean: (0..n).map(|i| at(u.mean_integral(i))).collect(),
            square: (0..n).map(|i| at(u.square(i))).collect(),
            product: (0..self.chain.bonds).map(|bond| at(u.product(bond))).collect(),
            work: at(u.work()),
            heat: Some(self.heat),
            error: [0.0; 2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Thermostat;
    use num_complex::Complex64;

    fn law(chain: &Chain) -> InitialLaw {
        InitialLaw {
            mean_r: (0..chain.bonds).map(|n| 0.5 + 0.1 * n as f64).collect(),
            mean_p: vec![0.25; chain.atoms()],
            var_r: vec![1.5; chain.bonds],
            var_p: (0..chain.atoms()).map(|n| 1.0 + 0.125 * n as f64).collect(),
            covariance: None,
        }
    }

    /// Half the step takes one squaring more and has other roundings in every number.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes() {
        let end = |friction: f64| Some(Thermostat { temperature: 1.0, friction });
        let mut closest = 0.0f64;
        for (rate, frictions) in [
            (1e-9, [1e8, 1e-8]),
            (1e-4, [1e-4, 1.0]),
            (1.0, [1e3, 1e-8]),
            (1e5, [1e8, 1e8]),
            (0.0, [1e4, 1.0]),
        ] {
            for (bonds, harmonics) in [(1, vec![]), (3, vec![(1, Complex64::new(0.3, 0.4))])] {
                let mut force = crate::chain::Force { mean: 1.5, harmonics, ..Default::default() };
                force.frequency = crate::chain::frequency_of(8.0);
                let (left, right) = (end(frictions[0]), end(frictions[1]));
                let topology = Topology::Open;
                let chain =
                    Chain { topology, bonds, flip_rate: rate, left, right, force, general: None };
                let times = [1e-3, 1.0, 1e4, 1e8, 1e12].map(Double::from);
                let generator = Generator::new(&chain);
                let start = generator.start(&law(&chain));
                let find = |size: f64| {
                    let monitor = Monitor::default();
                    propagated(&generator, &start, &times, size, &monitor).expect("no end")
                };
                let (coarse, fine) = (find(STEP), find(0.5 * STEP));
                let unknowns = Unknowns::of(&chain);
                for ((coarse, fine), time) in coarse.iter().zip(&fine).zip(times) {
                    let size = largest_of(coarse[..unknowns.driving()].iter().map(|x| x.hi));
                    for (a, b) in coarse.iter().zip(fine).take(unknowns.driving()) {
                        let part = a.plus(b.negated()).hi.abs()
                            / (size * lost(&chain, &[time.hi], Way::Squarings)[0][0]);
                        assert!(part <= 1.0, "{rate} {frictions:?} {bonds} {time}: {part}");
                        closest = closest.max(part);
                    }
                    let read = |state: &[Double]| {
                        let (start, heat) = (&start[..], 0.0);
                        let lost = lost(&chain, &[time.hi], Way::Squarings)[0];
                        let chain = &chain;
                        Answer { chain, unknowns, start, state, heat, time, lost }.read(false)
                    };
                    let [a, b] = [read(coarse), read(fine)];
                    let ends = |s: &Solution| {
                        let inflow = s.moments.inflow.expect("always known");
                        [inflow[0], inflow[1], s.moments.leaving.expect("an open chain")]
                    };
                    for (x, y) in ends(&a).into_iter().zip(ends(&b)) {
                        let error = (x - y).abs();
                        assert!(
                            error <= a.errors.correlation,
                            "{rate} {frictions:?} {bonds} {time}: {error:e} {:e}",
                            a.errors.correlation
                        );
                    }
                }
            }
        }
        assert!(closest > 1e-6, "the bound says nothing: {closest:e}");
    }
}
