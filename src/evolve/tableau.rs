//! Radau IIA collocation with any number of stages s: order 2s-1, L-stable, stiffly accurate
//! (Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.5).
//!
//! The nodes are the zeros of P_s - P_(s-1) on (0, 1\], A_ij = ∫_0^(c_i) ℓ_j. With A⁻¹ = T Λ T⁻¹
//! and α = T⁻¹1, a step of y' = 𝓛y + g is V_j = (λ_j/h - 𝓛)⁻¹ ( (λ_j α_j/h) y + (T⁻¹G)_j ), y(h) =
//! Σ_j T_sj V_j: one shifted solve for each eigenvalue, of which one of each conjugate pair is
//! enough. Error of the coefficients: a few hundred roundings at s = 7.

use crate::numerics::legendre::{gauss, legendre, zeros};
use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;

/// Seven stages: fewer solves than 3 or 5 at every tolerance below 1e-6 (measured on the uphill
/// scenario: 60 steps against 88 of five stages at 1e-10).
pub(super) const STAGES: usize = 7;

/// The coefficients of one method.
#[derive(Debug, Clone)]
pub struct Tableau {
    /// c_i, increasing; the last is 1.
    pub nodes: Vec<f64>,
    /// A
    pub matrix: Vec<Vec<f64>>,
    /// The eigenvalues of A⁻¹ with imaginary part ≥ 0.
    pub branches: Vec<Branch>,
}

/// One eigenvalue of A⁻¹; a complex one stands for its conjugate too.
#[derive(Debug, Clone)]
pub struct Branch {
    /// λ
    pub eigenvalue: Complex64,
    /// α_j = (T⁻¹1)_j
    pub scale: Complex64,
    /// T_ij over i, doubled for a complex pair: Z_i = Re Σ_j column_i V_j.
    pub column: Vec<Complex64>,
    /// (T⁻¹)_ji over i
    pub row: Vec<Complex64>,
}

impl Tableau {
    /// Radau IIA with `stages` ≥ 1 stages.
    pub fn radau(stages: usize) -> Tableau {
        let s = stages;
        // P_s - P_(s-1) vanishes at 1; the other zeros lie inside.
        let mut nodes = zeros(s - 1, |x| (legendre(s, x).0 - legendre(s - 1, x).0) / (1.0 - x));
        nodes.push(1.0);
        let nodes: Vec<f64> = nodes.iter().map(|x| (1.0 + x) / 2.0).collect();
        // Gauss-Legendre with s points integrates ℓ_j exactly.
        let gauss: Vec<(f64, f64)> =
            gauss(s).into_iter().map(|(x, w)| ((1.0 + x) / 2.0, w / 2.0)).collect();
        let lagrange = |j: usize, x: f64| -> f64 {
            (0..s).filter(|&k| k != j).map(|k| (x - nodes[k]) / (nodes[j] - nodes[k])).product()
        };
        let entry = |i: usize, j: usize| -> f64 {
            nodes[i] * gauss.iter().map(|&(x, w)| w * lagrange(j, nodes[i] * x)).sum::<f64>()
        };
        let matrix: Vec<Vec<f64>> = (0..s).map(|i| (0..s).map(|j| entry(i, j)).collect()).collect();
        let a = Mat::from_fn(s, s, |i, j| matrix[i][j]);
        let eigen = a
            .partial_piv_lu()
            .solve(Mat::<f64>::identity(s, s))
            .eigen()
            .expect("a small matrix has eigenvalues");
        let t = eigen.U().to_owned();
        let inverse = t.partial_piv_lu().solve(Mat::<Complex64>::identity(s, s));
        let branches = (0..s)
            .map(|j| (j, eigen.S()[j]))
            .filter(|(_, lambda)| lambda.im > -1e-9)
            .map(|(j, lambda)| {
                let real = lambda.im.abs() < 1e-9;
                let row: Vec<Complex64> = (0..s).map(|i| inverse[(j, i)]).collect();
                Branch {
                    eigenvalue: if real { lambda.re.into() } else { lambda },
                    scale: row.iter().sum(),
                    column: (0..s).map(|i| t[(i, j)] * if real { 1.0 } else { 2.0 }).collect(),
                    row,
                }
            })
            .collect();
        Tableau { nodes, matrix, branches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_stage_method_is_the_published_one() {
        let radau = Tableau::radau(3);
        let root = 6f64.sqrt();
        for (c, published) in
            radau.nodes.iter().zip([(4.0 - root) / 10.0, (4.0 + root) / 10.0, 1.0])
        {
            assert!((c - published).abs() < 4e-16);
        }
        for (b, published) in
            radau.matrix[2].iter().zip([(16.0 - root) / 36.0, (16.0 + root) / 36.0, 1.0 / 9.0])
        {
            assert!((b - published).abs() < 1e-15);
        }
    }

    #[test]
    fn a_step_of_a_scalar_equation_is_the_exponential_to_the_order_and_vanishes_at_infinity() {
        for s in [1, 3, 5, 7] {
            let radau = Tableau::radau(s);
            let step = |z: Complex64| -> Complex64 {
                // The conjugate branch is added by hand: z is complex here.
                let part = |b: &Branch, conjugate: bool| {
                    let turn = |x: Complex64| if conjugate { x.conj() } else { x };
                    turn(b.column[s - 1]) * turn(b.eigenvalue * b.scale) / (turn(b.eigenvalue) - z)
                };
                radau
                    .branches
                    .iter()
                    .map(|b| {
                        if b.eigenvalue.im == 0.0 {
                            part(b, false)
                        } else {
                            (part(b, false) + part(b, true)) * 0.5
                        }
                    })
                    .sum()
            };
            let z = Complex64::new(-0.05, 0.1);
            // The leading error is at most z^(2s); rounding grows with the condition of T.
            assert!((step(z) - z.exp()).norm() < z.norm().powi(2 * s as i32) + 1e-12, "{s} stages");
            assert!((step(Complex64::ZERO) - 1.0).norm() < 1e-12, "{s} stages");
            assert!(step(Complex64::new(-1e9, 0.0)).norm() < 1e-6, "{s} stages");
        }
    }
}
