//! Initial laws of chains whose coefficients depend on the site: Var p_n = m_n T, Var r_n = T/k_n,
//! and the correlated Gibbs law of a pinned chain.

use super::{Chain, Coefficients, InitialLaw};
use crate::scenario::{InitialState, Scenario};
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
            let springs = coefficients.spring.iter().enumerate();
            let var_r = springs.map(|(bond, k)| at(bond + 1) / k).collect();
            let mean_r = vec![0.0; chain.bonds];
            return InitialLaw { mean_r, mean_p, var_r, var_p, covariance: None };
        }
        let of_q = displacements(coefficients, at);
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

/// (Dᵀ(k/T)D + κ/T)⁻¹ of a pinned chain; zero where T = 0 everywhere.
fn displacements(coefficients: &Coefficients, at: impl Fn(usize) -> f64) -> Array2<f64> {
    let atoms = coefficients.mass.len();
    if (0..atoms).all(|n| at(n) == 0.0) {
        return Array2::zeros((atoms, atoms));
    }
    let own: Vec<f64> = (0..atoms).map(|n| coefficients.pinning[n] / at(n)).collect();
    let spring: Vec<f64> = (1..atoms).map(|n| coefficients.spring[n - 1] / at(n)).collect();
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
