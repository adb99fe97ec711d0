//! The frequencies ω at which the stationary state of a chain is integrated.
//!
//! ∫_0^∞ f(ω) dω by Gauss-Legendre panels: [0, ω_0] below the slowest relaxation, panels that grow
//! by a factor 4 up to the least damping, panels of that width across the band, and the rest mapped
//! to (0, 1]. Each panel is kept where it agrees with its two halves, and halved where it does not:
//! narrow resonances of hardly damped modes are found so. Roundings within a resonance are as large
//! as ε ω/γ; a panel whose halves are no better than itself is as good as it gets. Two families of
//! integrals whose values are known exactly decide, those of a uniform temperature T = 1,
//!
//! ```text
//! Σ_b K_ab (4γ_b + 2λ_b) = 1,      Var r_n = the Gibbs law's,
//! ```
//!
//! and [`Quadrature::missing`] is the part that they still miss in the end. All integrands are
//! positive, so that nothing cancels in it.

use super::Model;
use super::response::Response;
use crate::budget::rounding;
use crate::monitor::{Interrupted, Monitor, Progress};
use crate::numerics::legendre::gauss;
use crate::numerics::vector::largest_of;
use rayon::prelude::*;

/// Nodes of a panel.
const NODES: usize = 16;
/// Nodes of the panels of the second quadrature.
const SECOND: usize = 20;
/// A panel is kept where its two sums differ by less, as a part of the whole integral.
const PANEL: f64 = 2e-15;
/// Halving a panel gains many digits, or less than this where its sums differ by roundings.
const STAGNANT: f64 = 1.0 / 64.0;
/// Nothing larger than this part of the whole integral is taken for roundings.
const ROUNDED: f64 = 1e-9;
/// Panels at most; more of them have modes that are not damped.
const PANELS: usize = 20_000;

/// An interval of ω, or beyond the band of `from`/ω.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Panel {
    from: f64,
    to: f64,
    /// The frequency that is divided by, in the mapped tail.
    tail: Option<f64>,
    /// By how much the two sums of the panel that it is a half of differ.
    before: f64,
}

/// The nodes (ω, weight) of two quadratures; weights hold the factor 1/π.
#[derive(Debug, Clone, PartialEq)]
pub struct Quadrature {
    /// The one that is used.
    pub nodes: Vec<(f64, f64)>,
    /// The one that judges it.
    pub second: Vec<(f64, f64)>,
    /// By how much the identities above are missed.
    pub missing: f64,
}

impl Panel {
    fn nodes(&self, rule: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let (middle, half) = ((self.from + self.to) / 2.0, (self.to - self.from) / 2.0);
        let place = |&(x, w): &(f64, f64)| {
            let (at, weight) = (middle + half * x, half * w / std::f64::consts::PI);
            match self.tail {
                None => (at, weight),
                Some(end) => (end / at, weight * end / (at * at)),
            }
        };
        rule.iter().map(place).collect()
    }

    /// Its halves; `before` is by how much its own two sums differ.
    fn halves(&self, before: f64) -> [Panel; 2] {
        let middle = (self.from + self.to) / 2.0;
        [Panel { to: middle, before, ..*self }, Panel { from: middle, before, ..*self }]
    }

    /// Whether its two sums are as near to each other as they get, `rounded` being what roundings
    /// may make of them.
    fn is_done(&self, apart: f64, whole: f64, rounded: f64) -> bool {
        let narrow = self.to - self.from <= 1e-13 * self.to;
        let stagnant = apart >= STAGNANT * self.before && apart <= rounded * (1.0 + whole);
        apart <= PANEL * (1.0 + whole) || stagnant || narrow
    }
}

/// The panels to begin with.
fn first_panels(model: &Model) -> Vec<Panel> {
    let band = model.largest_frequency();
    let width = model.least_damping().clamp(band / 64.0, band);
    let mut at = vec![0.0, 0.25 * model.slowest_rate().min(width)];
    while at[at.len() - 1] < width {
        at.push((4.0 * at[at.len() - 1]).min(width));
    }
    while at[at.len() - 1] < 1.5 * band {
        at.push(at[at.len() - 1] + 1.5 * width);
    }
    let last = at[at.len() - 1];
    let panel = |from: f64, to: f64, tail| Panel { from, to, tail, before: f64::INFINITY };
    let inner = at.windows(2).map(|pair| panel(pair[0], pair[1], None));
    inner.chain([panel(0.0, 1.0, Some(last))]).collect()
}

/// The integrals over a panel of what is known exactly: N+1 row sums, then N elongations.
fn integrals(model: &Model, stiffness: &[f64], nodes: &[(f64, f64)]) -> Vec<f64> {
    let atoms = model.atoms();
    let mut sums = vec![0.0; 2 * atoms - 1];
    for &(frequency, weight) in nodes {
        let strength = |n: usize| 2.0 * model.mass[n] * model.damping(n);
        let (rows, stretches) = sums.split_at_mut(atoms);
        let mut density = vec![0.0; atoms];
        let response = Response::new(model, frequency);
        response.add_densities(weight, strength, &mut density, stretches);
        for (n, (sum, density)) in rows.iter_mut().zip(density).enumerate() {
            *sum += frequency * frequency * model.mass[n] * density;
        }
    }
    for (sum, k) in sums[atoms..].iter_mut().zip(stiffness) {
        *sum *= k;
    }
    sums
}

impl Quadrature {
    /// The quadrature for the stationary state of a chain with thermostats. O(N) a node.
    pub fn new(model: &Model, monitor: &Monitor) -> Result<Quadrature, Interrupted> {
        let (rule, finer) = (gauss(NODES), gauss(SECOND));
        let stiffness: Vec<f64> = model.gibbs_elongations().iter().map(|v| 1.0 / v).collect();
        let sharpest = model.largest_frequency() / model.least_damping();
        let rounded = (rounding::SUM * sharpest).min(ROUNDED);
        let (mut open, mut kept) = (first_panels(model), Vec::new());
        let mut total = vec![0.0; 2 * model.atoms() - 1];
        while !open.is_empty() && kept.len() + open.len() < PANELS {
            monitor.check()?;
            // In groups of one size, so that sums do not depend on the number of threads.
            let group: Vec<Panel> = open.drain(open.len().saturating_sub(16)..).collect();
            let found: Vec<(Vec<f64>, f64)> = group
                .par_iter()
                .map(|panel| {
                    let whole = integrals(model, &stiffness, &panel.nodes(&rule));
                    let [a, b] = panel
                        .halves(0.0)
                        .map(|half| integrals(model, &stiffness, &half.nodes(&rule)));
                    let parts = whole.iter().zip(a.iter().zip(&b));
                    let apart = largest_of(parts.map(|(whole, (a, b))| whole - (a + b)));
                    (whole, apart)
                })
                .collect();
            for (panel, (whole, apart)) in group.into_iter().zip(found) {
                if panel.is_done(apart, largest_of(whole.iter().copied()), rounded) {
                    total.iter_mut().zip(&whole).for_each(|(sum, x)| *sum += x);
                    kept.push(panel);
                } else {
                    open.extend(panel.halves(apart));
                }
            }
            let share = kept.len() as f64 / (kept.len() + open.len()) as f64;
            monitor.advance(Progress { share, ..Progress::default() })?;
        }
        let missing = if open.is_empty() {
            largest_of(total.iter().map(|sum| sum - 1.0))
        } else {
            f64::INFINITY
        };
        let all = |rule: &[(f64, f64)]| kept.iter().flat_map(|panel| panel.nodes(rule)).collect();
        Ok(Quadrature { nodes: all(&rule), second: all(&finer), missing })
    }
}
