//! The variances under σ: K_σ[a,b] = ∫_0^∞ e^(-στ) (e^(Bτ))_ab² dτ on the coordinates of [`Line`],
//! and the kinetic temperatures as the voltages of a network, for a complex σ.
//!
//! ```text
//! row sums      1 = Σ_b K_ab (4γ_b + 2λ_b) + σ Σ_b K_ab
//! network       W = 4γ K 4γ,     ρ = 4γ K (2λ + σ),     Σ_m W_nm (θ_n - θ_m) + ρ_n θ_n = 4γ_n (K D)_n
//! ```
//!
//! with D the sources on all coordinates, 4γ ū² + 2λT on momenta and the variances at the start. In
//! the flux form of [`super::network`], which has ρ and Φ alone, nothing cancels near σ = 0. At a
//! node κ of the inner path a product K v is two recurrences. O(N) a node and iteration. Error:
//! that of the quadrature shows in the row sums ([`Kernel::missing`]) and in a second rule.

use super::Model;
use super::line::Line;
use super::path::Spectrum;
use super::resolvent::Resolvent;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::gmres;
use crate::numerics::vector::{Vector, largest_of};
use num_complex::Complex64;
use rayon::prelude::*;

/// Nodes whose sums are added up by one thread.
const GROUP: usize = 8;
/// A row below this part of the largest is measured by that: its own size may be no number at all.
const NOTHING: f64 = 1e-100;
const ZERO: Complex64 = Complex64::ZERO;

/// A chain and its inner paths.
pub(super) struct Kernel<'a> {
    pub model: &'a Model,
    pub line: &'a Line,
    pub spectrum: Spectrum,
    /// Which of the two rules.
    pub rule: usize,
}

/// Transformed second moments at one σ.
pub(super) struct Variances {
    /// Of all coordinates of the line.
    pub line: Vec<Complex64>,
    /// Var q_n and Var r_n of a pinned chain, otherwise empty.
    pub displacement: Vec<Complex64>,
    pub elongation: Vec<Complex64>,
    /// By how much the row sums are missed.
    pub missing: f64,
}

/// Both resolvents of a node, entry by entry.
struct Pair {
    weight: Complex64,
    shifts: [Complex64; 2],
    diagonal: Vec<Complex64>,
    from_right: Vec<Complex64>,
    from_left: Vec<Complex64>,
    both: [Resolvent; 2],
}

/// One node of Φ, between neighbouring sites that flip.
struct Factors {
    weight: Complex64,
    transfer: Vec<Complex64>,
    beyond: Vec<Complex64>,
}

impl Pair {
    fn new(line: &Line, sigma: Complex64, (kappa, weight): (Complex64, Complex64)) -> Pair {
        let shifts = [0.5 * sigma + kappa, 0.5 * sigma - kappa];
        let both = shifts.map(|s| Resolvent::new(line, s));
        let product = |of: fn(&Resolvent) -> &Vec<Complex64>| -> Vec<Complex64> {
            of(&both[0]).iter().zip(of(&both[1])).map(|(a, b)| a * b).collect()
        };
        Pair {
            weight,
            shifts,
            diagonal: product(|r| &r.diagonal),
            from_right: product(|r| &r.from_right),
            from_left: product(|r| &r.from_left),
            both,
        }
    }

    /// What drives coordinate a from a itself and before it, and from a and beyond it: the sum of
    /// both less the product at a is K v without its weight.
    fn sides(&self, v: &[Complex64]) -> [Vec<Complex64>; 2] {
        let n = v.len();
        let (mut before, mut beyond) = (vec![ZERO; n], vec![ZERO; n]);
        let mut sum = ZERO;
        for a in 0..n {
            sum = self.from_left[a] * sum + self.diagonal[a] * v[a];
            before[a] = sum;
        }
        sum = ZERO;
        for a in (0..n).rev() {
            sum = self.from_right[a] * sum + self.diagonal[a] * v[a];
            beyond[a] = sum;
        }
        [before, beyond]
    }

    fn add(&self, v: &[Complex64], sum: &mut [Complex64]) {
        let [before, beyond] = self.sides(v);
        for (a, sum) in sum.iter_mut().enumerate() {
            *sum += self.weight * (before[a] + beyond[a] - self.diagonal[a] * v[a]);
        }
    }
}

/// Sums of the parts of all groups, in order.
fn added(parts: Vec<Vec<Complex64>>, len: usize) -> Vec<Complex64> {
    let mut sum = vec![ZERO; len];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    sum
}

fn running(values: impl Iterator<Item = Complex64>) -> impl Iterator<Item = Complex64> {
    values.scan(ZERO, |sum, x| {
        *sum += x;
        Some(*sum)
    })
}

fn vector(values: impl Iterator<Item = Complex64>) -> Vector {
    Vector::from_complex(&values.collect::<Vec<_>>(), true)
}

fn parts(x: &Vector) -> Vec<Complex64> {
    (0..x.len()).map(|i| x.at(i)).collect()
}

/// The flux form of one σ.
struct Network<'a> {
    sites: &'a [usize],
    model: &'a Model,
    factors: Vec<Factors>,
    absorbed: Vec<Complex64>,
}

impl Network<'_> {
    fn add(&self, factors: &Factors, g: &[Complex64], sum: &mut [Complex64]) {
        let Factors { weight, transfer, beyond } = factors;
        let bonds = g.len();
        let mut towards = vec![ZERO; bonds];
        let mut passed = ZERO;
        for j in (0..bonds).rev() {
            passed = transfer[j] * (beyond[j] * g[j] + passed);
            towards[j] = passed;
        }
        let (mut within, mut before) = (ZERO, ZERO);
        for j in 0..bonds {
            within += 4.0 * self.model.flip_rate[self.sites[j]];
            sum[j] += weight * (within * towards[j] + before * transfer[j] * beyond[j]);
            before = transfer[j] * (before + within * g[j]);
            within *= transfer[j];
        }
    }

    fn flux(&self, g: &[Complex64]) -> Vec<Complex64> {
        let of_group = |group: &[Factors]| {
            let mut sum = vec![ZERO; g.len()];
            group.iter().for_each(|factors| self.add(factors, g, &mut sum));
            sum
        };
        added(self.factors.par_chunks(GROUP).map(of_group).collect(), g.len())
    }

    fn apply(&self, x: &Vector) -> Vector {
        let x = parts(x);
        let lost = self.absorbed.iter().zip(running(x.iter().copied())).map(|(rho, t)| rho * t);
        let mut flux = self.flux(&x[1..]);
        flux.push(ZERO);
        vector(running(lost).zip(flux).map(|(lost, flux)| lost - flux))
    }

    /// The network of neighbours, with these conductances.
    fn neighbours(&self, conductance: &[Complex64], r: &Vector) -> Vector {
        let r = parts(r);
        let count = r.len();
        let source = |n: usize| if n == 0 { r[0] } else { r[n] - r[n - 1] };
        let (mut admittance, mut current) = (self.absorbed.clone(), vec![ZERO; count]);
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
            let rise =
                (current[n] - admittance[n] * voltage) / (conductance[n - 1] + admittance[n]);
            x.push(rise);
            voltage += rise;
        }
        vector(x.into_iter())
    }
}

impl Kernel<'_> {
    fn strength(&self, site: usize) -> f64 {
        4.0 * self.model.flip_rate[site]
    }

    /// One node of Φ: products along the line between sites that flip.
    fn factors(&self, pair: &Pair, sites: &[usize]) -> Factors {
        let n = self.line.len;
        // Σ_(b≥a) 4γ_b Π from_left: what comes from b, divided by the diagonal at a.
        let mut right = vec![ZERO; n];
        let mut sum = ZERO;
        for a in (0..n).rev() {
            sum += self.line.flips[a];
            right[a] = sum;
            sum *= pair.from_left[a];
        }
        let places = sites.iter().map(|&site| self.line.momentum(site)).collect::<Vec<_>>();
        let pairs = || places.windows(2);
        Factors {
            weight: pair.weight,
            transfer: pairs().map(|p| pair.from_right[p[0]..p[1]].iter().product()).collect(),
            beyond: pairs().map(|p| pair.diagonal[p[1]] * right[p[1]]).collect(),
        }
    }

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
        let (line, n) = (self.line, self.line.len);
        let sites: Vec<usize> =
            (0..self.model.atoms()).filter(|&site| self.model.flip_rate[site] > 0.0).collect();
        let nodes = self.spectrum.nodes(sigma, self.rule);
        // What the thermostats and σ absorb, what everything sums up to, and the squares of the
        // means.
        let absorbing: Vec<Complex64> = (0..n).map(|i| line.loss[i] + sigma).collect();
        let flipping: Vec<Complex64> = line.flips.iter().map(|&f| f.into()).collect();
        let first = |group: &[(Complex64, Complex64)]| {
            let mut sums = vec![vec![ZERO; n]; 3];
            let mut factors = Vec::with_capacity(group.len());
            for &node in group {
                let pair = Pair::new(line, sigma, node);
                pair.add(&absorbing, &mut sums[0]);
                pair.add(&flipping, &mut sums[1]);
                if let Some(w) = w {
                    let [a, b] = [0, 1].map(|i| pair.both[i].solve(line, w));
                    let products = a.iter().zip(&b).map(|(a, b)| pair.weight * a * b);
                    sums[2].iter_mut().zip(products).for_each(|(sum, x)| *sum += x);
                }
                factors.push(self.factors(&pair, &sites));
            }
            (sums, factors)
        };
        let found: Vec<_> = nodes.par_chunks(GROUP).map(first).collect();
        monitor.check()?;
        let sum_of =
            |which: usize| added(found.iter().map(|(sums, _)| sums[which].clone()).collect(), n);
        let (absorbed, returned, squares) = (sum_of(0), sum_of(1), sum_of(2));
        let missing = absorbed.iter().zip(&returned).map(|(a, b)| (a + b - 1.0).norm());
        let missing = missing.fold(0.0, f64::max);
        let factors = found.into_iter().flat_map(|(_, factors)| factors).collect();
        let mut drive = drive(&squares);
        if !sites.is_empty() {
            let driven = self.rows(sigma, &nodes, &drive)[0].clone();
            let at = |values: &[Complex64]| -> Vec<Complex64> {
                sites.iter().map(|&s| self.strength(s) * values[line.momentum(s)]).collect()
            };
            let absorbed = at(&absorbed);
            let network = Network { sites: &sites, model: self.model, factors, absorbed };
            let source = vector(running(at(&driven).into_iter()));
            let ones = vec![Complex64::ONE; sites.len() - 1];
            let conductance = network.flux(&ones);
            // Rows are measured by the size of their terms.
            let guess = parts(&network.neighbours(&conductance, &source));
            let lost = network.absorbed.iter().zip(running(guess.iter().copied()));
            let lost = running(lost.map(|(rho, t)| rho * t));
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
                &scaled(source.clone()),
                None,
                tolerance,
                monitor,
                |x| scaled(network.apply(x)),
                |r| network.neighbours(&conductance, &unscaled(r)),
                |_| vec![],
            )?;
            let last = outcome.errors.last().filter(|e| e.len() == x.len());
            let x = parts(&x);
            let rest = last.map_or(vec![ZERO; x.len()], parts);
            let theta = running(x.iter().zip(rest).map(|(x, rest)| x + rest));
            for (&site, theta) in sites.iter().zip(theta.collect::<Vec<_>>()) {
                drive[line.momentum(site)] += self.strength(site) * theta;
            }
        }
        let [all, displacement, elongation] = self.rows(sigma, &nodes, &drive);
        let found = Variances { line: all, displacement, elongation, missing };
        Ok((found, squares))
    }

    /// K v on the line, and on q and r of a pinned chain (v then vanishes on positions).
    fn rows(
        &self,
        sigma: Complex64,
        nodes: &[(Complex64, Complex64)],
        v: &[Complex64],
    ) -> [Vec<Complex64>; 3] {
        let (line, n) = (self.line, self.line.len);
        let pinned = line.offset == 1;
        let atoms = if pinned { self.model.atoms() } else { 0 };
        let of_group = |group: &[(Complex64, Complex64)]| {
            let mut sums = [vec![ZERO; n], vec![ZERO; atoms], vec![ZERO; atoms.saturating_sub(1)]];
            for &node in group {
                let pair = Pair::new(line, sigma, node);
                let [before, beyond] = pair.sides(v);
                for a in 0..n {
                    let all = before[a] + beyond[a] - pair.diagonal[a] * v[a];
                    sums[0][a] += pair.weight * all;
                }
                if pinned {
                    self.add_positions(&pair, [&before, &beyond], v, &mut sums);
                }
            }
            sums
        };
        let parts: Vec<[Vec<Complex64>; 3]> = nodes.par_chunks(GROUP).map(of_group).collect();
        [0, 1, 2].map(|i| {
            let len = parts.first().map_or(0, |part| part[i].len());
            added(parts.iter().map(|part| part[i].clone()).collect(), len)
        })
    }

    /// Var q_n and Var r_n from what drives the momenta: s q = u/√m, and r_n = (x_n - e_n
    /// q_(n-1))/α_n.
    fn add_positions(
        &self,
        pair: &Pair,
        [before, beyond]: [&[Complex64]; 2],
        v: &[Complex64],
        sums: &mut [Vec<Complex64>; 3],
    ) {
        let (line, mass) = (self.line, &self.model.mass);
        let [s, t] = pair.shifts;
        for n in 0..mass.len() {
            let u = line.momentum(n);
            let all = before[u] + beyond[u] - pair.diagonal[u] * v[u];
            sums[1][n] += pair.weight * all / (s * t * mass[n]);
            if n > 0 {
                let (x, back) = (u - 1, u - 2);
                let [from_before, from_beyond] = [0, 1].map(|side| {
                    let of = |r: &Resolvent| {
                        // In units of u_(n-1), driven from there, or of u_n.
                        let root = mass[n - 1].sqrt();
                        let [x, u] = match side {
                            0 => [r.from_left[x], Complex64::ONE],
                            _ => [r.from_right[x], r.from_right[x] * r.from_right[back]],
                        };
                        line.stretch(n, x, u / (r.shift * root))
                    };
                    of(&pair.both[0]) * of(&pair.both[1])
                });
                sums[2][n - 1] +=
                    pair.weight * (from_before * before[back] + from_beyond * beyond[u]);
            }
        }
    }
}
