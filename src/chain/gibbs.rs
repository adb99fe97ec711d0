//! Initial laws of chains whose coefficients depend on the site: Var p_n = m_n T, Var r_n = T/k_n,
//! and the correlated Gibbs law of a pinned chain.

use super::{Chain, Coefficients, Double, InitialLaw};
use crate::scenario::{InitialState, Scenario, Topology};
use ndarray::{Array2, s};

impl InitialLaw {
    /// The law of a scenario with these coefficients, without the covariance of a file.
    pub(super) fn of_coefficients(scenario: &Scenario, chain: &Chain) -> InitialLaw {
        let initial = scenario.initial.as_ref().expect("the command has required [initial]");
        let (x_r, x_p) = (chain.elongation_positions(), chain.momentum_positions());
        let pinned = chain.is_pinned();
        let zero = Default::default();
        let position = match pinned {
            true => initial.displacement.as_ref().unwrap_or(&zero),
            false => &initial.elongation,
        };
        let (mean_r, mean_p) = (
            x_r.iter().map(|&x| position.eval(x)).collect::<Vec<f64>>(),
            x_p.iter().map(|&x| initial.momentum.eval(x)).collect(),
        );
        let mut law = if pinned && initial.state != Some(InitialState::Gibbs) {
            let var_q = initial.var_q.as_ref().unwrap_or(&zero);
            let var_r = x_r.iter().map(|&x| var_q.eval(x)).collect();
            let var_p = x_p.iter().map(|&x| initial.variance_p().eval(x)).collect();
            InitialLaw { var_r, var_p, ..Default::default() }
        } else if let (Some(var_r), Some(var_p)) = (&initial.var_r, &initial.var_p) {
            let var_r = x_r.iter().map(|&x| var_r.eval(x)).collect();
            let var_p = x_p.iter().map(|&x| var_p.eval(x)).collect();
            InitialLaw { var_r, var_p, ..Default::default() }
        } else {
            InitialLaw::gibbs(chain, |x| initial.temperature.eval(x))
        };
        (law.mean_r, law.mean_p) = (mean_r, mean_p);
        law
    }

    /// The local Gibbs law of a chain with coefficients, exp(-Σ e_n/T(n/N)) with e_n = p_n²/2m_n +
    /// k_n r_n²/2 + κ_n q_n²/2: independent coordinates without pinning, O(N); with pinning the
    /// covariance of q is the inverse of Dᵀ(k/T)D + κ/T, O(N²) memory.
    pub(super) fn gibbs(chain: &Chain, temperature: impl Fn(f64) -> f64) -> InitialLaw {
        let coefficients = chain.coefficients().expect("a chain with coefficients");
        let atoms = chain.atoms();
        let at = |n: usize| temperature(n as f64 / chain.bonds as f64);
        let var_p: Vec<f64> =
            coefficients.mass.iter().enumerate().map(|(n, m)| m * at(n)).collect();
        let mean_p = vec![0.0; atoms];
        if !coefficients.is_pinned() {
            // A bond has the temperature of the site that it is left of.
            let springs = coefficients.spring.iter().enumerate();
            let var_r = springs.map(|(bond, k)| at(chain.bond_ends(bond).1) / k).collect();
            let mean_r = vec![0.0; chain.bonds];
            return InitialLaw { mean_r, mean_p, var_r, var_p, covariance: None };
        }
        let of_q = displacements(chain, coefficients, at);
        let mut covariance = Array2::zeros((2 * atoms, 2 * atoms));
        covariance.slice_mut(s![..atoms, ..atoms]).assign(&of_q);
        covariance.diag_mut().slice_mut(s![atoms..]).assign(&ndarray::arr1(&var_p));
        let var_r = of_q.diag().to_vec();
        let covariance = Some(covariance);
        InitialLaw { mean_r: vec![0.0; atoms], mean_p, var_r, var_p, covariance }
    }
}

/// The stiffness of two springs one after the other, 1/(1/a + 1/b); 0 where one of them is.
pub(crate) fn in_series(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * (b / (a + b)) }
}

/// The static stiffnesses S_n that each site feels from its `own` spring and from its left, and
/// S'_n from its own and from its right: S_(n+1) = κ_(n+1) + 1/(1/k_(n+1) + 1/S_n). Only positive
/// numbers are added. 0 without pinning.
pub(crate) fn stiffnesses(own: &[f64], spring: &[f64]) -> [Vec<f64>; 2] {
    let (mut left, mut right) = (own.to_vec(), own.to_vec());
    for n in 1..own.len() {
        left[n] += in_series(spring[n - 1], left[n - 1]);
    }
    for n in (0..own.len() - 1).rev() {
        right[n] += in_series(spring[n], right[n + 1]);
    }
    [left, right]
}

/// A square factor of DᵀkD + κ of a pinned ring: x_n = α_n q_n - β_n q_(n-1), α_n² = k_n + K_n,
/// β_n = k_n/α_n, where K_n is the static stiffness of everything from atom n to the right of the
/// ring unrolled into an endless chain, K_n = κ_n + 1/(1/k_(n+1) + 1/K_(n+1)).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RingFactor {
    /// α_n
    pub own: Vec<f64>,
    /// β_n
    pub before: Vec<f64>,
    /// K_n
    pub stiffness: Vec<f64>,
    /// 1 - Π β_n/α_n, the loss on the way around.
    pub lost: f64,
}

impl RingFactor {
    /// The factor, O(N) a step of Newton's iteration; some pinning must be positive.
    pub fn new(pinning: &[f64], spring: &[f64]) -> RingFactor {
        let atoms = pinning.len();
        let after = |n: usize| spring[(n + 1) % atoms];
        // What K_0 at the end of a round makes of itself, less itself, and 1 - its derivative: a
        // convex function, whose root Newton's iteration approaches from above.
        let mut root = Double::from(pinning[0] + after(0));
        loop {
            let (found, slope) = (0..atoms).rev().fold((root, 0.0), |(value, slope), n| {
                let (k, v) = (after(n), value.hi);
                let whole = Double::from(k).plus(value);
                let kept = (k / (k + v)).powi(2);
                let gone = v * (2.0 * k + v) / (k + v).powi(2);
                let next = value.scaled(k).times(whole.inverse()).plus(pinning[n].into());
                (next, slope * kept + gone)
            });
            let step = root.plus(found.negated()).divided(slope);
            root = root.plus(step.negated());
            // Two numbers carry 32 digits, and the last steps are quadratic.
            if step.hi.is_nan() || step.hi <= 1e-18 * root.hi {
                break;
            }
        }
        let mut stiffness = vec![0.0; atoms];
        let mut value = root;
        for n in (0..atoms).rev() {
            let whole = Double::from(after(n)).plus(value);
            value = value.scaled(after(n)).times(whole.inverse()).plus(pinning[n].into());
            stiffness[n] = value.hi;
        }
        let own: Vec<f64> = spring.iter().zip(&stiffness).map(|(k, s)| (k + s).sqrt()).collect();
        let before = spring.iter().zip(&own).map(|(k, own)| k / own).collect();
        let lost = (spring.iter().zip(&stiffness))
            .fold(0.0, |lost, (k, s)| lost * (k / (k + s)) + s / (k + s));
        RingFactor { own, before, stiffness, lost }
    }

    /// w with q_n = w·x; all entries are positive.
    pub fn weights(&self, n: usize) -> Vec<f64> {
        let atoms = self.own.len();
        let mut weights = vec![0.0; atoms];
        let mut part = 1.0 / (self.own[n] * self.lost);
        for step in 0..atoms {
            let m = (n + atoms - step) % atoms;
            weights[m] = part;
            part *= self.before[m] / self.own[(m + atoms - 1) % atoms];
        }
        weights
    }

    /// (DᵀkD + κ)⁻¹, O(N²).
    pub fn inverse(&self) -> Array2<f64> {
        let atoms = self.own.len();
        let mut inverse = Array2::zeros((atoms, atoms));
        for n in 0..atoms {
            let weights = self.weights(n);
            let mut value: f64 = weights.iter().map(|w| w * w).sum();
            inverse[[n, n]] = value;
            for m in n + 1..atoms {
                value = (self.before[m] * value + weights[m]) / self.own[m];
                (inverse[[n, m]], inverse[[m, n]]) = (value, value);
            }
        }
        inverse
    }
}

/// (Dᵀ(k/T)D + κ/T)⁻¹ of a pinned chain; zero where T = 0 everywhere.
fn displacements(
    chain: &Chain,
    coefficients: &Coefficients,
    at: impl Fn(usize) -> f64,
) -> Array2<f64> {
    let atoms = coefficients.mass.len();
    if (0..atoms).all(|n| at(n) == 0.0) {
        return Array2::zeros((atoms, atoms));
    }
    let own: Vec<f64> = (0..atoms).map(|n| coefficients.pinning[n] / at(n)).collect();
    let springs = coefficients.spring.iter().enumerate();
    let spring: Vec<f64> = springs.map(|(bond, k)| k / at(chain.bond_ends(bond).1)).collect();
    if chain.topology == Topology::Ring {
        return RingFactor::new(&own, &spring).inverse();
    }
    let [left, right] = stiffnesses(&own, &spring);
    let mut inverse = Array2::zeros((atoms, atoms));
    for n in 0..atoms {
        let beyond = if n + 1 < atoms { in_series(spring[n], right[n + 1]) } else { 0.0 };
        let mut value = 1.0 / (left[n] + beyond);
        inverse[[n, n]] = value;
        for m in (0..n).rev() {
            value *= spring[m] / (spring[m] + left[m]);
            inverse[[m, n]] = value;
            inverse[[n, m]] = value;
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_of_a_ring_is_one_and_its_inverse_is_the_inverse() {
        for (atoms, weak) in [(1, 0.3), (2, 1e-9), (3, 1.0), (7, 1e-3), (7, 1e-14), (400, 0.2)] {
            let pinning: Vec<f64> = (0..atoms).map(|n| weak * ((n % 3) as f64)).collect();
            let pinning = if atoms == 1 { vec![weak] } else { pinning };
            let spring: Vec<f64> = (0..atoms).map(|n| 1.0 + 0.5 * ((n * n % 5) as f64)).collect();
            let factor = RingFactor::new(&pinning, &spring);
            let after = |n: usize| (n + 1) % atoms;
            for n in 0..atoms {
                let k = spring[after(n)];
                let found = factor.own[n].powi(2) + factor.before[after(n)].powi(2);
                let exact = spring[n] + k + pinning[n];
                assert!((found - exact).abs() < 4e-15 * exact, "{atoms}: {found} {exact}");
            }
            // A row of the matrix times a column of its inverse, without what cancels: the pulls of
            // all pinnings on a unit force add up to it.
            let inverse = factor.inverse();
            for n in 0..atoms {
                let pulls: f64 = (0..atoms).map(|m| pinning[m] * inverse[[m, n]]).sum();
                // Only positive numbers are added and multiplied.
                let digits = 1e-15 * (4.0 + atoms as f64);
                assert!((pulls - 1.0).abs() < digits, "{atoms}, {weak}: {pulls}");
            }
        }
    }
}
