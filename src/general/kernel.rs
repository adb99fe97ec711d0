//! The variances under σ: K_σ[a,b] = ∫_0^∞ e^(-στ) (e^(Bτ))_ab² dτ on the coordinates of [`Line`]
//! (docs/theory/general.md, (16.3) and (16.7)), and the kinetic temperatures as the voltages of a
//! network, for a complex σ.
//!
//! ```text
//! row sums      1 = Σ_b K_ab (4γ_b + 2λ_b) + σ Σ_b K_ab
//! network       W = 4γ K 4γ,   ρ = 4γ K (2λ + σ),
//!               Σ_m W_nm (θ_n - θ_m) + ρ_n θ_n = 4γ_n (K D)_n
//! ```
//!
//! with D the sources on all coordinates, 4γ ū² + 2λT on momenta and the variances at the start. In
//! the flux form of [`super::network`], which has ρ and Φ alone, nothing cancels near σ = 0.
//! Products at eight nodes κ of the inner path side by side are in [`super::eight`]. O(N) a node
//! and iteration. Error: that of the quadrature shows in the row sums ([`Kernel::missing`]) and in
//! a second rule.

use super::eight::{Factors, Flux, Found, Nodes, Pass};
use super::line::Line;
use super::network::{added, neighbours};
use super::path::Spectrum;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::gmres;
use crate::numerics::lanes::Split;
use crate::numerics::registers::{InRegisters, Wide, in_widest};
use crate::numerics::vector::{Vector, accumulated, largest_of};
use num_complex::Complex64;
use rayon::prelude::*;

/// Groups of eight nodes at a time.
const TOGETHER: usize = 16;
/// A row below this part of the largest is measured by that. Measured by its own size where the
/// response has died out, it stops the iteration (a force at N = 300 left an error of 0.1, stated).
const NOTHING: f64 = 1e-20;
const ZERO: Complex64 = Complex64::ZERO;

/// A chain and its inner paths.
pub(super) struct Kernel<'a> {
    pub line: &'a Line,
    pub spectrum: Spectrum,
    /// The number of the rule, 0 or 1.
    pub rule: usize,
}

/// Transformed second moments at one σ.
pub(super) struct Variances {
    /// The transforms of all coordinates of the line.
    pub line: Vec<Complex64>,
    /// Var q_n and Var r_n of a pinned chain, otherwise empty.
    pub displacement: Vec<Complex64>,
    pub elongation: Vec<Complex64>,
    /// By how much the row sums are missed.
    pub missing: f64,
}

fn add(sum: &mut [Complex64], part: &[Complex64]) {
    sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
}

fn vector(values: impl Iterator<Item = Complex64>) -> Vector {
    Vector::from_complex(&values.collect::<Vec<_>>(), true)
}

fn parts(x: &Vector) -> Vec<Complex64> {
    (0..x.len()).map(|i| x.at(i)).collect()
}

/// The flux form of one σ.
struct Network<L: Wide> {
    simd: L::Simd,
    /// 4γ at the sites that flip.
    flips: Vec<f64>,
    factors: Vec<Factors<Split<L>>>,
    absorbed: Vec<Complex64>,
}

impl<L: Wide> Network<L> {
    fn flux(&self, g: &[Complex64]) -> Vec<Complex64> {
        let flux = |factors| L::vectorized(self.simd, Flux { factors, flips: &self.flips, g });
        added(self.factors.par_iter().map(flux).collect(), g.len())
    }

    fn apply(&self, x: &Vector) -> Vector {
        let x = parts(x);
        let lost = self.absorbed.iter().zip(accumulated(x.iter().copied())).map(|(rho, t)| rho * t);
        let mut flux = self.flux(&x[1..]);
        flux.push(ZERO);
        vector(accumulated(lost).zip(flux).map(|(lost, flux)| lost - flux))
    }

    /// θ for these sources at the sites that flip.
    fn voltages(
        &self,
        driven: Vec<Complex64>,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Vec<Complex64>, Interrupted> {
        let source = vector(accumulated(driven));
        let conductance = self.flux(&vec![Complex64::ONE; source.len() - 1]);
        // Rows are measured by the size of their terms.
        let neighbours =
            |r: &Vector| vector(neighbours(&conductance, &self.absorbed, &parts(r)).into_iter());
        let guess = parts(&neighbours(&source));
        let lost = self.absorbed.iter().zip(accumulated(guess.iter().copied()));
        let lost = accumulated(lost.map(|(rho, t)| rho * t));
        let flux = guess[1..].iter().zip(&conductance).map(|(g, c)| g * c).chain([ZERO]);
        let size: Vec<f64> = (lost.zip(flux).zip(parts(&source)))
            .map(|((lost, flux), source)| lost.norm() + flux.norm() + source.norm())
            .collect();
        // Far from every source, at a σ that damps the way there, rows are nothing.
        let least = match NOTHING * largest_of(size.iter().copied()) {
            0.0 => 1.0,
            least => least,
        };
        let size: Vec<f64> = size.into_iter().map(|size| size.max(least)).collect();
        let scaled = |r: Vector| vector(parts(&r).into_iter().zip(&size).map(|(r, s)| r / s));
        let unscaled = |r: &Vector| vector(parts(r).into_iter().zip(&size).map(|(r, s)| r * s));
        let (x, outcome) = gmres::solve(
            &scaled(source),
            None,
            tolerance,
            monitor,
            &|x| scaled(self.apply(x)),
            &|r| neighbours(&unscaled(r)),
            &|_| vec![],
        )?;
        let last = outcome.errors.last().filter(|e| e.len() == x.len());
        let x = parts(&x);
        let rest = last.map_or(vec![ZERO; x.len()], parts);
        Ok(accumulated(x.iter().zip(rest).map(|(x, rest)| x + rest)).collect())
    }
}

impl Kernel<'_> {
    /// Second moments for the sources D on all coordinates, real or complex; `w` are the deviations
    /// of the means whose squares the transform (u²)^ is of. `drive` makes D from these.
    pub fn variances(
        &self,
        sigma: Complex64,
        w: Option<&[f64]>,
        drive: impl Fn(&[Complex64]) -> Vec<Complex64>,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<(Variances, Vec<Complex64>), Interrupted> {
        let kernel = self;
        in_widest(Question { kernel, sigma, w, drive, tolerance, monitor })
    }
}

/// The question of [`Kernel::variances`].
struct Question<'a, F> {
    kernel: &'a Kernel<'a>,
    sigma: Complex64,
    w: Option<&'a [f64]>,
    drive: F,
    tolerance: f64,
    monitor: &'a Monitor,
}

impl<F: Fn(&[Complex64]) -> Vec<Complex64>> InRegisters for Question<'_, F> {
    type Output = Result<(Variances, Vec<Complex64>), Interrupted>;

    fn with<L: Wide>(self, simd: L::Simd) -> Self::Output {
        let Question { kernel, sigma, w, drive, tolerance, monitor } = self;
        let (line, n) = (kernel.line, kernel.line.len);
        let places: Vec<usize> = (0..n).filter(|&i| line.flips[i] > 0.0).collect();
        let all = kernel.spectrum.nodes(sigma, kernel.rule);
        let nodes: Vec<Nodes<L>> =
            all.chunks(8).map(|eight| Nodes::new(simd, sigma, eight)).collect();
        // The absorption by thermostats and σ, the flips, and the squares of the means.
        let absorbing: Vec<Complex64> = (0..n).map(|i| line.loss[i] + sigma).collect();
        let flipping: Vec<Complex64> = line.flips.iter().map(|&f| f.into()).collect();
        let vectors = [&absorbing[..], &flipping];
        let found = passed(simd, &nodes, |nodes| Pass {
            line,
            nodes,
            vectors,
            moving: w,
            places: &places,
            positions: false,
        });
        monitor.check()?;
        let ([absorbed, returned], squares) = (found.products, found.squares);
        let missing = absorbed.iter().zip(&returned).map(|(a, b)| (a + b - 1.0).norm());
        let missing = missing.fold(0.0, f64::max);
        let squares = if squares.is_empty() { vec![ZERO; n] } else { squares };
        let mut drive = drive(&squares);
        // K v
        let rows = |v: &[Complex64], positions: bool| {
            let pass =
                |nodes| Pass { line, nodes, vectors: [v], moving: None, places: &[], positions };
            passed(simd, &nodes, pass)
        };
        if !places.is_empty() {
            let [driven] = rows(&drive, false).products;
            let flips: Vec<f64> = places.iter().map(|&i| line.flips[i]).collect();
            let at = |values: &[Complex64]| -> Vec<Complex64> {
                places.iter().zip(&flips).map(|(&i, flips)| flips * values[i]).collect()
            };
            let (absorbed, driven) = (at(&absorbed), at(&driven));
            let network = Network { simd, flips, factors: found.factors, absorbed };
            let theta = network.voltages(driven, tolerance, monitor)?;
            for (&i, theta) in places.iter().zip(theta) {
                drive[i] += line.flips[i] * theta;
            }
        }
        let found = rows(&drive, line.offset == 1);
        let [all] = found.products;
        let (displacement, elongation) = (found.displacement, found.elongation);
        Ok((Variances { line: all, displacement, elongation, missing }, squares))
    }
}

/// The answers of all nodes, added up in their order.
struct NodeSums<L: Wide, const V: usize> {
    products: [Vec<Complex64>; V],
    squares: Vec<Complex64>,
    displacement: Vec<Complex64>,
    elongation: Vec<Complex64>,
    factors: Vec<Factors<Split<L>>>,
}

fn passed<'a, L: Wide, const V: usize>(
    simd: L::Simd,
    nodes: &[Nodes<L>],
    pass: impl Fn(Nodes<L>) -> Pass<'a, L, V> + Sync,
) -> NodeSums<L, V> {
    let answer = |&nodes: &Nodes<L>| L::vectorized(simd, pass(nodes));
    let mut sums: Option<NodeSums<L, V>> = None;
    // A few at a time, so that their answers do not pile up.
    for some in nodes.chunks(TOGETHER) {
        let found: Vec<Found<L, V>> = some.par_iter().map(answer).collect();
        for found in found {
            let Found { products, squares, displacement, elongation, factors } = found;
            let Some(sums) = &mut sums else {
                let factors = vec![factors];
                sums = Some(NodeSums { products, squares, displacement, elongation, factors });
                continue;
            };
            for (sum, products) in sums.products.iter_mut().zip(&products) {
                add(sum, products);
            }
            add(&mut sums.squares, &squares);
            add(&mut sums.displacement, &displacement);
            add(&mut sums.elongation, &elongation);
            sums.factors.push(factors);
        }
    }
    sums.expect("a path has nodes")
}
