//! Small chains at early times beside fast damping: the inverse Laplace transform of the whole
//! moment equation in 32 digits.
//!
//! The equation x' = A x of [`super::squaring`] with A = D + K, D the diagonal. Friction and flips
//! are in D alone, however fast they are, because 4γ E p² - 4γ E p² is 0. The sums of the rows of K
//! are at most ρ = 4, or what a force that oscillates makes of it. No eigenvalue of A has an
//! imaginary part beyond ρ (docs/theory/bounds.md), or a positive real part. A hyperbola that keeps
//! away from the strip, s(θ) = (M/h)(1 + sin(iθ - α)), serves for steps of ρh ≤ 4 (`Shape`). All of
//! its nodes have |s - d| > 3ρ for every d in D, so that Neumann's series
//! (docs/theory/small-systems.md, (15.9))
//!
//! ```text
//! (s - A)⁻¹ x = Σ_j ((s - D)⁻¹ K)^j (s - D)⁻¹ x
//! ```
//!
//! converges, and no matrix is factorized. What friction damps at once is small at every node by
//! itself. The variance of an end is held as its distance from the end's temperature, whose noise
//! is then nothing: λ(T - E p²) has no difference that cancels. Cost: some 40 nodes of some 40
//! applications a step, complex. Error: 10⁻²⁸ of the quadrature, and roundings of 2⁻¹⁰⁴ that the
//! weights of the nodes make e¹² times as large. Judge: [`super::squaring`].

use super::moment_generator::{Factor, Generator};
use super::outcome::EvolveError;
use crate::chain::{Chain, Double};
use crate::monitor::{Monitor, Progress};
use crate::numerics::double_double::PI;
use crate::numerics::vector::largest_of;
use crate::numerics::wide::Wide;
use crate::numerics::wide_exponential::exponential;
use rayon::prelude::*;
use std::f64::consts::{FRAC_PI_2, TAU};
use std::ops::Range;

/// ρh of a step at most.
const LONGEST: f64 = 4.0;

/// e^(-..) is what the quadrature leaves.
const EXPONENT: f64 = 66.0;

/// e^(..) is the largest weight of a node at most.
const LARGEST: f64 = 12.0;

/// Roundings of 2⁻¹⁰⁴ that a step leaves, of the largest number of the state: e¹² in the sum of the
/// nodes, and a few in each.
const ROUNDED: f64 = 1e7;

/// Terms of Neumann's series at most; a term this much smaller than the sum changes nothing.
const MOST_TERMS: usize = 200;
const NOTHING: f64 = 1e-36;
/// Before that, what drives others has not reached them.
const LEAST_TERMS: usize = 8;

/// Nodes that are worked on side by side.
const ABREAST: usize = 4;

/// Nodes of a step, terms of a node, and seconds of a row of a term, about.
const NODES: f64 = 40.0;
const TERMS: f64 = 40.0;
const OF_ROW: f64 = 1.5e-7;

/// A bound of the sums of the rows of K and of what oscillates.
fn strongest(chain: &Chain) -> f64 {
    (2.0 + 2.0 * chain.force.highest_frequency()).max(4.0)
}

/// The longest step.
pub(super) fn longest(chain: &Chain) -> f64 {
    LONGEST / strongest(chain)
}

/// Steps to a time.
fn steps(chain: &Chain, last: f64) -> f64 {
    (strongest(chain) * last / LONGEST).ceil().max(1.0)
}

/// Seconds of an evolution to `last`, with `outputs` on the way, of this number of unknowns.
pub(super) fn seconds(chain: &Chain, last: f64, outputs: usize, unknowns: usize) -> f64 {
    (steps(chain, last) + outputs as f64) * NODES * TERMS * OF_ROW * unknowns as f64
}

/// The error at each of ascending `times`, as a part of the largest number, and that of a number
/// beside its distance from another one.
pub(super) fn lost(chain: &Chain, times: &[f64]) -> Vec<[f64; 2]> {
    let steps = |(before, &time): (usize, &f64)| steps(chain, time) + before as f64 + 1.0;
    let losses = times.iter().enumerate().map(steps);
    losses.map(|steps| [ROUNDED * 2f64.powi(-104) * steps, 2f64.powi(-102)]).collect()
}

/// A hyperbola: M, α, the distance of nodes in θ, and their number.
///
/// With iθ - α → iθ - α' the hyperbola comes to the strip |Im s| ≤ Y/h where α' = arccos tanh t, M
/// tanh t sinh t = Y (at Re s = 0; further to the left it has room). The midpoint rule leaves
/// e^(-2π(α' - α)/η) from that side, e^(M - 2πα/η) from the right, and e^(M(1 - sin α cosh nη))
/// beyond the last node.
struct Shape {
    m: f64,
    alpha: f64,
    step: f64,
    nodes: usize,
}

impl Shape {
    /// That of the fewest nodes for a strip of Y = ρh.
    fn of(strip: f64) -> Shape {
        let shapes = (0..=140).filter_map(|k| Shape::at(strip, 0.8 + 0.005 * f64::from(k)));
        shapes.min_by_key(|shape| shape.nodes).expect("a strip of 4 has one")
    }

    /// That of an angle α; `None` where it does not keep away from the strip.
    fn at(strip: f64, alpha: f64) -> Option<Shape> {
        let most = LARGEST / (1.0 - alpha.sin());
        // A smaller M comes nearer to the strip, and may be as large as its error from the right.
        let fits = |m: f64| {
            let angle = nearest(strip / m);
            angle > alpha && m * (angle - alpha) <= EXPONENT * (2.0 * alpha - angle)
        };
        let tried = (0..60).map(|k| most * 0.95f64.powi(k));
        let m = tried.into_iter().find(|m| fits(*m))?;
        let step = TAU * (nearest(strip / m) - alpha) / EXPONENT;
        let reach = ((1.0 + EXPONENT / m) / alpha.sin()).acosh();
        Some(Shape { m, alpha, step, nodes: (reach / step).ceil() as usize })
    }

    /// The nodes s of a step h, and their weights times e^(sh).
    fn nodes(&self, h: Double) -> Vec<(Wide, Wide)> {
        let node = |k: usize| {
            let theta = Double::from(k as f64 + 0.5).scaled(self.step);
            let turned = Wide { re: -theta, im: Double::from(-self.alpha) };
            let (up, down) = (exponential(turned), exponential(-turned));
            // sin w = (e^(iw) - e^(-iw))/2i, cos w = (e^(iw) + e^(-iw))/2, w = iθ - α.
            let sine = by_i(up - down).scaled(-0.5);
            let cosine = (up + down).scaled(0.5);
            let z = (Wide::ONE + sine).scaled(self.m);
            let inverse = h.inverse();
            let factor = PI.scaled(2.0).inverse().times(inverse).scaled(self.step).scaled(self.m);
            (z.times_real(inverse), (exponential(z) * cosine).times_real(factor))
        };
        (0..self.nodes).map(node).collect()
    }
}

/// i z
fn by_i(z: Wide) -> Wide {
    Wide { re: -z.im, im: z.re }
}

/// The angle α' at which the hyperbola of M = 1 comes to a strip of this half width.
fn nearest(strip: f64) -> f64 {
    // tanh t sinh t grows with t.
    let (mut low, mut high) = (0.0f64, 20.0f64);
    for _ in 0..100 {
        let t = 0.5 * (low + high);
        if t.tanh() * t.sinh() < strip { low = t } else { high = t }
    }
    if strip > 0.0 { high.tanh().acos() } else { FRAC_PI_2 }
}

/// A = D + K by rows.
struct Split {
    /// The different numbers of D, and which one each row has.
    damping: Vec<Double>,
    kinds: Vec<usize>,
    ends: Vec<usize>,
    entries: Vec<(usize, Factor)>,
    /// The unknowns of one unit: waves, their products with the means, moments, time integrals.
    units: [Range<usize>; 4],
}

impl Split {
    fn new(generator: &Generator) -> Split {
        let u = generator.unknowns;
        let borders = [0, u.mean(0, 0, 0), u.second(0, 0), u.driving(), u.size()];
        let units = [0, 1, 2, 3].map(|k| borders[k]..borders[k + 1]);
        let (damping, kinds, ends, entries) = Default::default();
        let mut split = Split { damping, kinds, ends, entries, units };
        generator.rows().iter().enumerate().for_each(|(row, all)| split.add(row, all));
        split
    }

    /// Adds a row of A.
    fn add(&mut self, row: usize, all: &[(usize, Double)]) {
        let mut diagonal = Double::default();
        for &(column, a) in all {
            match column == row {
                true => diagonal = diagonal + a,
                false => self.entries.push((column, a.into())),
            }
        }
        self.ends.push(self.entries.len());
        let known = self.damping.iter().position(|d| *d == diagonal);
        self.kinds.push(known.unwrap_or(self.damping.len()));
        if known.is_none() {
            self.damping.push(diagonal);
        }
    }

    /// (s - A)⁻¹ x times a weight.
    fn solved(&self, s: Wide, weight: Wide, x: &[Double]) -> Vec<Wide> {
        let inverses: Vec<Wide> =
            self.damping.iter().map(|d| (s - Wide::from(*d)).inverse()).collect();
        let of = |row: usize| inverses[self.kinds[row]];
        let mut term: Vec<Wide> =
            x.iter().enumerate().map(|(row, x)| (of(row) * weight).times_real(*x)).collect();
        let (mut sum, mut next) = (term.clone(), term.clone());
        for k in 0..MOST_TERMS {
            let mut start = 0;
            for (row, (next, &end)) in next.iter_mut().zip(&self.ends).enumerate() {
                let entries = &self.entries[start..end];
                start = end;
                let all = entries.iter().fold(Wide::ZERO, |all, &(column, factor)| match factor {
                    Factor::Plus => all + term[column],
                    Factor::Minus => all - term[column],
                    Factor::Times(a) => all + term[column].times_real(a),
                });
                *next = if all == Wide::ZERO { all } else { of(row) * all };
            }
            std::mem::swap(&mut term, &mut next);
            sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum += *term);
            let size = |x: &[Wide]| largest_of(x.iter().map(|x| x.size()));
            let small = |unit: &Range<usize>| {
                size(&term[unit.clone()]) <= NOTHING * size(&sum[unit.clone()])
            };
            if k >= LEAST_TERMS && self.units.iter().all(small) {
                break;
            }
        }
        sum
    }

    /// The unknowns a step later.
    fn stepped(&self, nodes: &[(Wide, Wide)], x: &[Double]) -> Vec<Double> {
        let mut sum = vec![Double::default(); x.len()];
        for some in nodes.chunks(ABREAST) {
            let solved: Vec<Vec<Wide>> =
                some.par_iter().map(|&(s, weight)| self.solved(s, weight, x)).collect();
            for y in solved {
                // Both halves of the hyperbola together.
                sum.iter_mut().zip(y).for_each(|(sum, y)| *sum = *sum + y.re.scaled(2.0));
            }
        }
        sum
    }
}

/// Steps from time to time; the variances of the ends are held beside the temperatures.
pub(super) struct Contour {
    split: Split,
    strongest: f64,
    /// Of the longest step.
    longest: f64,
}

impl Contour {
    /// Of the generator beside the temperatures, with steps of at most `part` of [`LONGEST`].
    pub fn new(chain: &Chain, generator: &Generator, part: f64) -> Contour {
        let strongest = strongest(chain);
        Contour { split: Split::new(generator), strongest, longest: part * longest(chain) }
    }

    /// The unknowns at `to` of those at `from`; `share` of all is done at a time.
    pub fn advanced(
        &self,
        mut state: Vec<Double>,
        [from, to]: [Double; 2],
        monitor: &Monitor,
        share: impl Fn(f64) -> f64,
    ) -> Result<Vec<Double>, EvolveError> {
        let between = to - from;
        let count = (between.hi / self.longest).ceil().max(1.0);
        let length = between.divided(count);
        if length.hi > 0.0 {
            let nodes = Shape::of(self.strongest * length.hi).nodes(length);
            for step in 0..count as u64 {
                state = self.split.stepped(&nodes, &state);
                let time = (from + length.scaled(step as f64 + 1.0)).hi;
                monitor.advance(Progress { share: share(time), time, ..Default::default() })?;
            }
        }
        Ok(state)
    }
}

/// Adds numbers to those at their places.
pub(super) fn added(x: &mut [Double], numbers: &[(usize, Double)], sign: f64) {
    numbers.iter().for_each(|&(at, number)| x[at] = x[at] + number.scaled(sign));
}

/// The unknowns at ascending `times`, by steps of at most `part` of [`LONGEST`].
pub(super) fn propagated(
    chain: &Chain,
    generator: &Generator,
    start: &[Double],
    times: &[Double],
    part: f64,
    monitor: &Monitor,
) -> Result<Vec<Vec<Double>>, EvolveError> {
    let (generator, temperatures) = generator.beside_temperatures(chain);
    let contour = Contour::new(chain, &generator, part);
    let last = times.last().map_or(1.0, |time| time.hi);
    let (mut state, mut now) = (start.to_vec(), Double::default());
    added(&mut state, &temperatures, -1.0);
    let mut found = Vec::with_capacity(times.len());
    for &time in times {
        state = contour.advanced(state, [now, time], monitor, |time| time / last)?;
        now = time;
        let mut output = state.clone();
        added(&mut output, &temperatures, 1.0);
        found.push(output);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::squaring::judge::within_what_is_lost;
    use super::*;
    use num_complex::Complex64;

    /// Steps of other lengths have other nodes, and squarings nothing of this.
    #[test]
    fn what_is_lost_bounds_the_distance_of_two_step_sizes_and_of_squarings() {
        let rates = vec![
            (1e-6, [1e8, 1e-8], vec![]),
            (0.3, [50.0, 1e5], vec![(1, Complex64::new(0.3, 0.4))]),
            (1e5, [1e-3, 1e8], vec![]),
            (4e3, [1e7, 0.2], vec![]),
        ];
        let times = [1e-7, 1e-3, 0.3, 1.2, 6.0];
        let lost = |chain: &Chain, time: f64| lost(chain, &[time])[0][0];
        within_what_is_lost(3, rates, &times, 0.67, &propagated, lost);
    }

    /// 1/(s + d) of rates on the axis, of the strip's edge and of its corner.
    #[test]
    fn exponentials_of_the_strip_are_recovered_to_28_digits() {
        for strip in [1e-6, 0.1, 1.0, 2.0, 4.0] {
            let shape = Shape::of(strip);
            assert!(shape.nodes < 50, "{}", shape.nodes);
            for rate in [(0.0, 0.0), (0.3, 0.0), (1e4, 0.0), (0.0, 1.0), (2.0, 1.0), (1e3, 1.0)] {
                let rate = Wide::from(Complex64::new(-rate.0, rate.1 * strip));
                let nodes = shape.nodes(1.0.into());
                let sum = nodes.iter().fold(Wide::ZERO, |sum, &(s, weight)| {
                    let of = |rate: Wide| (s - rate).inverse() * weight;
                    sum + of(rate) + of(rate.conjugate())
                });
                // Its real part is that of e^rate.
                let error = (sum.re - exponential(rate).re).hi.abs();
                assert!(error < 1e-24, "{strip} {rate:?}: {error:e} of {}", shape.nodes);
            }
        }
    }
}
