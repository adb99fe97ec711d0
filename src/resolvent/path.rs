//! Quadrature of the inner integral K_σ = (1/πi) ∫_0^(i∞) G(σ/2+κ) G(σ/2-κ) dκ, entry by entry (docs/theory.md, "Profiles in O(N)").
//!
//! Composite Gauss-Legendre. Panels are placed by the distance to the singularities, the spectrum of B: the diffusive modes
//! s ≈ -a_k²/2γ on the negative axis, and the band at Re s = -γ, |Im s| ≤ 2. For real σ ≥ 0 the path is the imaginary axis and κ = i y²
//! takes the square root out of z: panels in y from the slowest mode on in a fixed ratio, of width ~γ across the band, and 1/κ for the tail.
//! For complex σ of small modulus it leaves 0 between the two cuts, in direction (arg σ + π)/2, and then turns upwards. Where σ lies high above
//! the axis only one cut is near: the path heads for a point to the left of σ/2, so that σ/2 - κ passes 0 on its right, and turns upwards there.
//! [`Quality`] says how many nodes a panel has: two qualities measure the error of the first.

use super::Chain;
use crate::numerics::legendre::gauss;
use num_complex::Complex64;
use std::f64::consts::PI;
use std::sync::OnceLock;

/// Nodes a panel: the panels are made for [`Quality::FULL`] to reach rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(usize);

impl Quality {
    /// Error at rounding (measured by the row sums).
    pub const FULL: Quality = Quality(16);
    /// The judge of the full one: more nodes, at other places.
    pub const JUDGE: Quality = Quality(19);

    /// Two qualities whose distance stays below a tenth of the tolerance: a digit a node, and two to spare (measured at N = 1000, γ = 1:
    /// 1e-11 with 8 and 9 nodes, 1e-12 with 10 and 11).
    pub fn pair(tolerance: f64) -> [Quality; 2] {
        let nodes = (1 - tolerance.log10().floor() as isize).clamp(8, 16) as usize;
        [Quality(nodes), Quality(nodes + 1)]
    }

    /// log of the part of the sum over all nodes that each node may drop: some hundred drop it, so five digits below the error of the quadrature.
    pub(super) fn dropped(self) -> f64 {
        -(self.0 as f64 + 5.0).min(18.0) * std::f64::consts::LN_10
    }

    /// For a panel of which no more than a `part` enters the sum: a digit a node less is enough.
    fn for_part(self, part: f64) -> Quality {
        Quality((self.0 as f64 + part.log10()).floor().clamp(FEWEST, self.0 as f64) as usize)
    }
}

/// Nodes a panel at least.
const FEWEST: f64 = 5.0;

/// What is integrated: in the double sums of the squared kernel between momenta, which make the flux, the panels towards s = 0 count like √κ at
/// most; in the variances of elongations and in the squares of the means, which die out slowly, as much as any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integrand {
    Flux,
    Moments,
}

impl Integrand {
    fn power(self, of_flux: f64) -> f64 {
        match self {
            Integrand::Flux => of_flux,
            Integrand::Moments => 0.0,
        }
    }
}

/// κ with its weight, 1/πi included.
pub(super) type Node = (Complex64, Complex64);

/// Gauss-Legendre over the panels between ascending edges.
fn panels(edges: &[f64], quality: Quality) -> Vec<(f64, f64)> {
    let rule = rule(quality);
    let panel = |pair: &[f64]| {
        let (middle, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        rule.iter().map(move |(x, w)| (middle + half * x, half * w)).collect::<Vec<_>>()
    };
    edges.windows(2).flat_map(panel).collect()
}

/// The same where the panel that ends at x counts no more than the part (x/last)^power of the whole.
fn tapered(edges: &[f64], quality: Quality, power: f64) -> Vec<(f64, f64)> {
    let last = edges[edges.len() - 1];
    edges.windows(2).flat_map(|pair| panels(pair, quality.for_part((pair[1] / last).powf(power)))).collect()
}

/// The rule of a quality, made once.
fn rule(quality: Quality) -> &'static [(f64, f64)] {
    static RULES: [OnceLock<Vec<(f64, f64)>>; 20] = [const { OnceLock::new() }; 20];
    RULES[quality.0].get_or_init(|| gauss(quality.0))
}

/// A lower bound of the rate of the slowest mode, roughly: a²/2γ of a quarter wave (strong friction holds one end), and slower where friction
/// holds both ends and a chain of stiffness 1/N pulls on the weaker one.
fn slowest_rate(chain: &Chain) -> f64 {
    let stiffness = (2.0 * (0.25 * PI / chain.atoms() as f64).sin()).powi(2);
    let [left, right] = chain.friction();
    1.0 / (2.0 * chain.flip_rate / stiffness + left.min(right) * chain.bonds as f64)
}

/// y and weights from 0 to infinity for κ = `start` + iy: past the band, whose distance is `distance`, and the overdamped modes;
/// the first panel is `first` wide.
fn upwards(chain: &Chain, first: f64, distance: f64, quality: Quality) -> Vec<(f64, f64)> {
    // Panels of 1.2 distances keep the Gauss error (ρ + ...)⁻ⁿ of a pole beside their middle at rounding.
    let width = (1.2 * distance).min(0.48);
    let mut edges = vec![0.0];
    let mut last = 0.0f64;
    while last < 2.8 {
        last += width.min(last.max(first));
        edges.push(last);
    }
    // The overdamped modes down to -2γ - λ: geometric until beyond all of them.
    let strongest = chain.friction().into_iter().fold(2.0 * chain.flip_rate, f64::max);
    while last < 4.0 * strongest {
        last *= 2.0;
        edges.push(last);
    }
    let mut nodes = panels(&edges, quality);
    // y = last/u, u in (0, 1].
    nodes.extend(panels(&[0.0, 0.25, 0.5, 1.0], quality).into_iter().map(|(u, w)| (last / u, w * last / (u * u))));
    nodes
}

/// Distances from the slow end of the spectrum, s = 0, and their weights, up to `top`: in y = √distance from the slowest mode on, in a fixed ratio.
fn graded(chain: &Chain, top: f64, quality: Quality, integrand: Integrand) -> Vec<(f64, f64)> {
    let top = top.sqrt();
    let mut edges = vec![0.0, slowest_rate(chain).sqrt().min(top)];
    while let Some(&y) = edges.last().filter(|y| **y < top) {
        edges.push((2.5 * y).min(top));
    }
    // y = √κ
    tapered(&edges, quality, integrand.power(1.0)).into_iter().map(|(y, w)| (y * y, 2.0 * y * w)).collect()
}

/// For σ high above the axis: straight to κ = σ/2 - `gap`, in panels graded towards it, and upwards from there.
fn beside(chain: &Chain, sigma: Complex64, quality: Quality, integrand: Integrand) -> Vec<Node> {
    let gap = (0.25 * chain.flip_rate.min(1.0)).min(0.25 * sigma.im);
    let turn = 0.5 * sigma - gap;
    // σ/2 + κ comes this near to the band.
    let distance = (chain.flip_rate - gap + sigma.re.min(0.0)).max(0.3 * chain.flip_rate);
    let (direction, length, width) = (turn / turn.norm(), turn.norm(), (1.2 * distance).min(0.48));
    let mut edges = vec![0.0];
    while let Some(&back) = edges.last().filter(|back| **back < length) {
        edges.push((back + width.min(back.max(gap))).min(length));
    }
    let measure = direction * Complex64::new(0.0, -1.0 / PI);
    let towards = tapered(&edges, quality, integrand.power(0.5));
    let towards = towards.into_iter().map(|(back, w)| (turn - back * direction, w * measure));
    let upright = upwards(chain, gap, distance, quality);
    let upright = upright.into_iter().map(|(y, w)| (turn + Complex64::new(0.0, y), Complex64::from(w / PI)));
    towards.chain(upright).collect()
}

/// The path for σ with Im σ ≥ 0.
pub(super) fn path(chain: &Chain, sigma: Complex64, quality: Quality, integrand: Integrand) -> Vec<Node> {
    let scale = chain.flip_rate.min(1.0);
    // κ = iy, dκ/(πi) = dy/π.
    let imaginary = |nodes: Vec<(f64, f64)>| {
        nodes.into_iter().map(|(y, w)| (Complex64::new(0.0, y), Complex64::from(w / PI))).collect()
    };
    if sigma.im == 0.0 && sigma.re >= 0.0 {
        let top = 0.25 * scale;
        let mut nodes = graded(chain, top, quality, integrand);
        nodes.extend(upwards(chain, top, chain.flip_rate, quality).into_iter().map(|(y, w)| (top + y, w)));
        return imaginary(nodes);
    }
    if sigma.norm() > 0.1 * scale && sigma.im >= sigma.re.abs() {
        return beside(chain, sigma, quality, integrand);
    }
    let slant = Complex64::cis(0.5 * (sigma.arg() + PI));
    // Between the band, at Re s₁ = -γ, and the tip of the other cut, s₂ = 0, the middle is at Re κ = -γ/2.
    let length = (0.4 * scale).max(4.0 * sigma.norm()).min(0.5 * chain.flip_rate / slant.re.abs());
    let distance = 0.5 * (chain.flip_rate + sigma.re.min(0.0));
    let mut edges = vec![0.0, 0.25 * sigma.norm()];
    while let Some(&x) = edges.last().filter(|x| **x < length) {
        edges.push((2.0 * x).min(length));
    }
    let measure = Complex64::new(0.0, -1.0 / PI);
    let slanted =
        tapered(&edges, quality, integrand.power(0.5)).into_iter().map(|(x, w)| (slant * x, slant * w * measure));
    let upright = upwards(chain, 0.1 * scale, distance, quality);
    let upright = upright.into_iter().map(|(y, w)| (slant * length + Complex64::new(0.0, y), w / PI + Complex64::ZERO));
    slanted.chain(upright).collect()
}
