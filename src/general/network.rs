//! The kinetic temperatures θ as the voltages of a network (docs/theory/general.md, (16.5)).
//!
//! W = 4γ K 4γ is symmetric and positive, ρ = 4γ K 2λ is what thermostats absorb, s = 4γ K q° with
//! the sources q° = 4γ ū² + 2λT. Over the sites where velocities flip,
//!
//! ```text
//! Σ_(m≤j) ρ_m θ_m - Σ_i Φ_ji (θ_(i+1) - θ_i) = Σ_(m≤j) s_m,
//! Φ_ji = Σ_(m≤min(i,j)) Σ_(n>max(i,j)) W_mn ≥ 0,
//! ```
//!
//! with the unknowns θ_0 and the differences g: nothing cancels, however long the chain. A product
//! Φg is two recurrences a node. GMRES, preconditioned by the network of neighbours with the row
//! sums of Φ. Cost: O(N) a node and iteration. Error: what the residual of a second quadrature
//! would change.

use super::Model;
use super::eight::{Factors, Flux};
use super::quadrature::Quadrature;
use super::response::Response;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::gmres;
use crate::numerics::registers::{InRegisters, Wide, in_widest};
use crate::numerics::vector::{Vector, accumulated};
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// The most bytes for the factors of the nodes; beyond it they are computed again for every
/// product.
const KEPT_BYTES: usize = 1_200_000_000;
/// Nodes side by side, whose sums are added up by one thread.
const GROUP: usize = 8;
/// The residual, relative to the source.
const RESIDUAL: f64 = 1e-15;

/// θ at the sites where velocities flip.
#[derive(Debug, Clone, PartialEq)]
pub struct Temperatures {
    /// The sites.
    pub sites: Vec<usize>,
    /// θ there, by the first quadrature.
    pub values: Vec<f64>,
    /// The change that the second quadrature and further iterations would make.
    pub correction: Vec<f64>,
    /// Iterations.
    pub iterations: usize,
    /// The relative residual.
    pub residual: f64,
}

/// The network of one quadrature.
struct Network<'a, L: Wide> {
    simd: L::Simd,
    model: &'a Model,
    sites: &'a [usize],
    /// 4γm at the sites.
    flips: Vec<f64>,
    nodes: &'a [(f64, f64)],
    kept: Option<Vec<Factors<L>>>,
}

impl<L: Wide> Network<'_, L> {
    /// The factors of up to eight nodes, side by side, filled up with nodes of weight 0.
    fn factors(&self, nodes: &[(f64, f64)]) -> Factors<L> {
        let source = |n: usize| 4.0 * self.model.flip_rate[n] * self.model.mass[n];
        let bonds = self.sites.len() - 1;
        let (mut transfer, mut beyond) = (vec![[0.0; 8]; bonds], vec![[0.0; 8]; bonds]);
        let mut weights = [0.0; 8];
        for (lane, &(frequency, weight)) in nodes.iter().enumerate() {
            let response = Response::new(self.model, frequency);
            let [_, right] = response.sums(source);
            weights[lane] = weight * frequency * frequency;
            for (j, pair) in self.sites.windows(2).enumerate() {
                transfer[j][lane] = response.from_right[pair[0]..pair[1]].iter().product();
                beyond[j][lane] = response.diagonal[pair[1]] * right[pair[1]];
            }
        }
        let loaded = |numbers: &[f64; 8]| L::load(self.simd, numbers, &[], 0);
        Factors {
            weight: loaded(&weights),
            transfer: transfer.iter().map(loaded).collect(),
            beyond: beyond.iter().map(loaded).collect(),
        }
    }

    /// Φg.
    fn flux(&self, g: &[f64]) -> Vec<f64> {
        let g: Vec<Complex64> = g.iter().map(|&g| g.into()).collect();
        let of = |factors: &Factors<L>| {
            L::vectorized(self.simd, Flux { factors, flips: &self.flips, g: &g })
        };
        let parts: Vec<Vec<Complex64>> = match &self.kept {
            Some(kept) => kept.par_iter().map(of).collect(),
            None => self.nodes.par_chunks(GROUP).map(|eight| of(&self.factors(eight))).collect(),
        };
        let mut sum = vec![0.0; g.len()];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x.re);
        }
        sum
    }

    /// 4γ K q at the sites that flip, of two vectors q.
    fn driven(&self, strengths: [&[f64]; 2]) -> [Vec<f64>; 2] {
        let all = kernel(self.model, self.nodes, strengths);
        all.map(|all| self.sites.iter().map(|&n| 4.0 * self.model.flip_rate[n] * all[n]).collect())
    }
}

/// Sums of the parts of all groups, in order.
pub(super) fn added<T: Number>(parts: Vec<Vec<T>>, len: usize) -> Vec<T> {
    let mut sum = vec![T::default(); len];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// K q of two vectors q by these nodes. O(N) a node.
fn kernel(model: &Model, nodes: &[(f64, f64)], strengths: [&[f64]; 2]) -> [Vec<f64>; 2] {
    let atoms = model.atoms();
    let of_group = |group: &[(f64, f64)]| {
        let mut sums = [vec![0.0; atoms], vec![0.0; atoms]];
        for &(frequency, weight) in group {
            let response = Response::new(model, frequency);
            for (sum, strength) in sums.iter_mut().zip(strengths) {
                let noise = |n: usize| model.mass[n] * strength[n];
                response.add_densities(weight * frequency * frequency, noise, sum, &mut []);
            }
        }
        sums
    };
    let parts: Vec<[Vec<f64>; 2]> = nodes.par_chunks(GROUP).map(of_group).collect();
    let [first, second]: [Vec<_>; 2] =
        [0, 1].map(|i| parts.iter().map(|part| part[i].clone()).collect());
    [first, second].map(|parts| {
        let sum = added(parts, atoms);
        sum.iter().zip(&model.mass).map(|(sum, m)| sum * m).collect()
    })
}

/// Real or complex numbers.
pub(super) trait Number:
    Copy
    + Default
    + AddAssign
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
}
impl Number for f64 {}
impl Number for Complex64 {}

fn real(values: impl Iterator<Item = f64>) -> Vector {
    let values: Vec<Complex64> = values.map(Complex64::from).collect();
    Vector::from_complex(&values, false)
}

fn parts(x: &Vector) -> Vec<f64> {
    (0..x.len()).map(|i| x.at(i).re).collect()
}

/// ρ, Φ's row sums and the sums of s over the sites up to each.
struct Equation<'a, L: Wide> {
    network: Network<'a, L>,
    absorbed: Vec<f64>,
    source: Vector,
}

impl<'a, L: Wide> Equation<'a, L> {
    fn new(
        simd: L::Simd,
        model: &'a Model,
        sites: &'a [usize],
        nodes: &'a [(f64, f64)],
        kept: bool,
        strength: &[f64],
    ) -> Equation<'a, L> {
        let flips = sites.iter().map(|&n| 4.0 * model.flip_rate[n] * model.mass[n]).collect();
        let mut network = Network { simd, model, sites, flips, nodes, kept: None };
        if kept {
            let groups = nodes.par_chunks(GROUP);
            network.kept = Some(groups.map(|eight| network.factors(eight)).collect());
        }
        let double: Vec<f64> = model.friction.iter().map(|friction| 2.0 * friction).collect();
        let [absorbed, driven] = network.driven([&double, strength]);
        let source = real(accumulated(driven));
        Equation { network, absorbed, source }
    }

    /// The left side of the equations of (θ_0, g).
    fn apply(&self, x: &Vector) -> Vector {
        let x = parts(x);
        let lost = self.absorbed.iter().zip(accumulated(x.iter().copied())).map(|(rho, t)| rho * t);
        let mut flux = self.network.flux(&x[1..]);
        flux.push(0.0);
        real(accumulated(lost).zip(flux).map(|(lost, flux)| lost - flux))
    }

    /// The size of the terms of every row at x.
    fn sizes(&self, x: &Vector, conductance: &[f64]) -> Vec<f64> {
        let (x, source) = (parts(x), parts(&self.source));
        let lost = self.absorbed.iter().zip(accumulated(x.iter().copied())).map(|(rho, t)| rho * t);
        let flux = x[1..].iter().zip(conductance).map(|(g, c)| g * c).chain([0.0]);
        let rows = accumulated(lost).zip(flux).zip(source);
        rows.map(|((lost, flux), source)| lost.abs() + flux.abs() + source.abs())
            .map(|size| if size > 0.0 { size } else { 1.0 })
            .collect()
    }

    fn residual(&self, x: &Vector) -> Vector {
        let mut left = self.source.clone();
        left.add(-Complex64::ONE, &self.apply(x));
        left
    }
}

/// The network of neighbours, with these conductances between them and ρ to the ground: θ_0 and the
/// differences for the right-hand side r of the flux form.
pub(super) fn neighbours<T: Number>(conductance: &[T], absorbed: &[T], r: &[T]) -> Vec<T> {
    let count = r.len();
    let source = |n: usize| if n == 0 { r[0] } else { r[n] - r[n - 1] };
    let (mut admittance, mut current) = (absorbed.to_vec(), vec![T::default(); count]);
    for n in (0..count).rev() {
        current[n] += source(n);
        if n > 0 {
            let part = conductance[n - 1] / (conductance[n - 1] + admittance[n]);
            let (more, fed) = (admittance[n] * part, current[n] * part);
            admittance[n - 1] += more;
            current[n - 1] += fed;
        }
    }
    let mut voltage = current[0] / admittance[0];
    let mut x = vec![voltage];
    for n in 1..count {
        let rise = (current[n] - admittance[n] * voltage) / (conductance[n - 1] + admittance[n]);
        x.push(rise);
        voltage += rise;
    }
    x
}

/// θ where velocities flip, for the sources q° at all sites. Needs a thermostat.
pub fn temperatures(
    model: &Model,
    quadrature: &Quadrature,
    strength: &[f64],
    monitor: &Monitor,
) -> Result<Temperatures, Interrupted> {
    let sites: Vec<usize> = (0..model.atoms()).filter(|&n| model.flip_rate[n] > 0.0).collect();
    if sites.is_empty() {
        let (values, correction) = Default::default();
        return Ok(Temperatures { sites, values, correction, iterations: 0, residual: 0.0 });
    }
    in_widest(Question { model, quadrature, strength, sites, monitor })
}

/// The question of [`temperatures`], where at least one site flips.
struct Question<'a> {
    model: &'a Model,
    quadrature: &'a Quadrature,
    strength: &'a [f64],
    sites: Vec<usize>,
    monitor: &'a Monitor,
}

impl InRegisters for Question<'_> {
    type Output = Result<Temperatures, Interrupted>;

    fn with<L: Wide>(self, simd: L::Simd) -> Self::Output {
        let Question { model, quadrature, strength, sites, monitor } = self;
        let kept = 16 * sites.len() * quadrature.nodes.len() <= KEPT_BYTES;
        let equation = Equation::<L>::new(simd, model, &sites, &quadrature.nodes, kept, strength);
        monitor.check()?;
        let second = Equation::<L>::new(simd, model, &sites, &quadrature.second, false, strength);
        let conductance = equation.network.flux(&vec![1.0; sites.len() - 1]);
        let neighbours =
            |r: &Vector| real(neighbours(&conductance, &equation.absorbed, &parts(r)).into_iter());
        // Flux and absorption fall by orders of magnitude towards the cold end, whose temperature
        // is the current: every row is measured by its own size.
        let size = equation.sizes(&neighbours(&equation.source), &conductance);
        let scaled = |r: Vector| real(parts(&r).iter().zip(&size).map(|(r, size)| r / size));
        let unscaled = |r: &Vector| real(parts(r).iter().zip(&size).map(|(r, size)| r * size));
        let (x, outcome) = gmres::solve(
            &scaled(equation.source.clone()),
            None,
            RESIDUAL,
            monitor,
            &|x| scaled(equation.apply(x)),
            &|r| neighbours(&unscaled(r)),
            &|x| vec![scaled(equation.residual(x)), scaled(second.residual(x))],
        )?;
        if outcome.errors.len() < 2 {
            // No source: the state is the uniform one.
            let values = vec![0.0; sites.len()];
            let correction = values.clone();
            return Ok(Temperatures { sites, values, correction, iterations: 0, residual: 0.0 });
        }
        let summed = |x: &Vector| accumulated(parts(x)).collect::<Vec<f64>>();
        let values = summed(&x);
        let [own, other] = [0, 1].map(|i| summed(&outcome.errors[i]));
        // The second residual holds the first: what is left of it is the quadratures' difference.
        let correction =
            own.iter().zip(&other).map(|(a, b)| if a.abs() > b.abs() { *a } else { *b });
        let correction = correction.collect();
        let (iterations, residual) = (outcome.iterations, outcome.residual);
        Ok(Temperatures { sites, values, correction, iterations, residual })
    }
}
