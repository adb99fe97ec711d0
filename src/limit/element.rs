//! The reference element [-1, 1] with the p+1 Gauss-Lobatto-Legendre nodes: quadrature, derivative,
//! interpolation, and the eigenvectors of its inner stiffness, which solve (σ M + D K) u = f on an
//! element of any width for any σ.
//!
//! Deville, Fischer and Mund, High-Order Methods for Incompressible Fluid Flow, chapter 2.
//! Everything here is O(p³), once.

use crate::numerics::legendre::legendre;
use faer::{Mat, Side};

/// One reference element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Nodes, from -1 to 1.
    pub nodes: Vec<f64>,
    /// Weights of the quadrature.
    pub weights: Vec<f64>,
    /// Barycentric weights of the interpolation.
    barycentric: Vec<f64>,
    /// (∂ℓ_j)(x_i)
    derivative: Vec<Vec<f64>>,
    /// K = Σ_q w_q ℓ'_i ℓ'_j at the two ends: K_00, K_0p.
    pub end_stiffness: [f64; 2],
    /// Eigenvalues of the inner stiffness, V ᵀ K V = Λ with V ᵀ M V = 1.
    pub rates: Vec<f64>,
    /// V, one row an inner node.
    modes: Vec<Vec<f64>>,
    /// Functionals that give the last two Legendre coefficients, P_(p-1) and P_p.
    last_coefficients: [Vec<f64>; 2],
    /// V ᵀ K at the two ends.
    pub end_coupling: Vec<[f64; 2]>,
}

impl Element {
    /// The element of degree p ≥ 2.
    pub fn new(degree: usize) -> Element {
        let p = degree;
        let count = p + 1;
        let node = |i: usize| {
            // Zeros of (1-x²)P_p'; Newton on q = x P_p - P_(p-1) = (x²-1)P_p'/p, q' = (p+1) P_p,
            // from the Chebyshev points.
            let mut x = -(std::f64::consts::PI * i as f64 / p as f64).cos();
            for _ in 0..60 {
                let (value, before) = (legendre(p, x).0, legendre(p - 1, x).0);
                x -= (x * value - before) / ((p + 1) as f64 * value);
            }
            x
        };
        // Exactly symmetric, so that every element treats left and right alike.
        let half: Vec<f64> = (0..count).map(node).collect();
        let nodes: Vec<f64> =
            (0..count).map(|i| if i == 0 { -1.0 } else { (half[i] - half[p - i]) / 2.0 }).collect();
        let nodes: Vec<f64> =
            nodes.iter().enumerate().map(|(i, &x)| if i == p { 1.0 } else { x }).collect();
        let weights: Vec<f64> = nodes
            .iter()
            .map(|&x| 2.0 / ((p * (p + 1)) as f64 * legendre(p, x).0.powi(2)))
            .collect();
        let barycentric: Vec<f64> = (0..count)
            .map(|i| {
                1.0 / (0..count).filter(|&j| j != i).map(|j| nodes[i] - nodes[j]).product::<f64>()
            })
            .collect();
        let mut derivative = vec![vec![0.0; count]; count];
        for i in 0..count {
            for j in (0..count).filter(|&j| j != i) {
                derivative[i][j] = barycentric[j] / barycentric[i] / (nodes[i] - nodes[j]);
            }
            derivative[i][i] = -derivative[i].iter().sum::<f64>();
        }
        let stiffness = |i: usize, j: usize| -> f64 {
            (0..count).map(|q| weights[q] * derivative[q][i] * derivative[q][j]).sum()
        };
        // M^(-1/2) K M^(-1/2) is symmetric; V = M^(-1/2) U.
        let scaled = Mat::from_fn(p - 1, p - 1, |i, j| {
            stiffness(i + 1, j + 1) / (weights[i + 1] * weights[j + 1]).sqrt()
        });
        let eigen =
            scaled.self_adjoint_eigen(Side::Lower).expect("a symmetric matrix of finite numbers");
        let mode = |i: usize, k: usize| eigen.U()[(i, k)] / weights[i + 1].sqrt();
        let modes: Vec<Vec<f64>> =
            (0..p - 1).map(|i| (0..p - 1).map(|k| mode(i, k)).collect()).collect();
        let coupling =
            |k: usize, end: usize| (0..p - 1).map(|i| modes[i][k] * stiffness(i + 1, end)).sum();
        // ∫P_k² = 2/(2k+1), but the quadrature's Σ w P_p² is 2/p.
        let [below, top] = [(2 * p - 1) as f64 / 2.0, p as f64 / 2.0];
        let last_coefficients = [
            nodes.iter().zip(&weights).map(|(&x, w)| below * w * legendre(p - 1, x).0).collect(),
            nodes.iter().zip(&weights).map(|(&x, w)| top * w * legendre(p, x).0).collect(),
        ];
        Element {
            last_coefficients,
            end_stiffness: [stiffness(0, 0), stiffness(0, p)],
            rates: (0..p - 1).map(|k| eigen.S()[k]).collect(),
            end_coupling: (0..p - 1).map(|k| [coupling(k, 0), coupling(k, p)]).collect(),
            modes,
            nodes,
            weights,
            barycentric,
            derivative,
        }
    }

    /// Nodes of an element.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The derivative at the nodes, with respect to the reference coordinate. Exactly 0 for a
    /// constant.
    pub fn differentiate(&self, values: &[f64]) -> Vec<f64> {
        let shifted: Vec<f64> = values.iter().map(|v| v - values[0]).collect();
        self.derivative
            .iter()
            .map(|row| row.iter().zip(&shifted).map(|(d, v)| d * v).sum())
            .collect()
    }

    /// How many times a derivative at a node exceeds errors of the values: max_i Σ_j |ℓ_j'(x_i)|.
    pub fn steepest(&self) -> f64 {
        let row = |row: &Vec<f64>| row.iter().map(|d| d.abs()).sum::<f64>();
        self.derivative.iter().map(row).fold(0.0, f64::max)
    }

    /// K u = ∂ᵀ W ∂ u, for the reference width.
    pub fn stiffness_of(&self, values: &[f64]) -> Vec<f64> {
        let slopes = self.differentiate(values);
        let mut out = vec![0.0; values.len()];
        for ((slope, weight), row) in slopes.iter().zip(&self.weights).zip(&self.derivative) {
            out.iter_mut().zip(row).for_each(|(out, d)| *out += weight * slope * d);
        }
        out
    }

    /// The interpolating polynomial at a reference coordinate.
    pub fn interpolate(&self, values: &[f64], at: f64) -> f64 {
        let (mut above, mut below) = (0.0, 0.0);
        for ((node, weight), value) in self.nodes.iter().zip(&self.barycentric).zip(values) {
            if at == *node {
                return *value;
            }
            let part = weight / (at - node);
            above += part * value;
            below += part;
        }
        above / below
    }

    /// The larger of the last two Legendre coefficients: for a smooth function some multiple of
    /// what the polynomial leaves out.
    pub fn tail(&self, values: &[f64]) -> f64 {
        let coefficient =
            |row: &Vec<f64>| row.iter().zip(values).map(|(c, v)| c * v).sum::<f64>().abs();
        coefficient(&self.last_coefficients[0]).max(coefficient(&self.last_coefficients[1]))
    }

    /// V ᵀ f over the inner nodes.
    pub fn to_modes<T>(&self, inner: &[T]) -> Vec<T>
    where
        T: Copy + std::iter::Sum<T> + std::ops::Mul<f64, Output = T>,
    {
        (0..self.rates.len())
            .map(|k| inner.iter().zip(&self.modes).map(|(f, row)| *f * row[k]).sum())
            .collect()
    }

    /// V c at the inner nodes.
    pub fn to_nodes<T>(&self, modes: &[T]) -> Vec<T>
    where
        T: Copy + std::iter::Sum<T> + std::ops::Mul<f64, Output = T>,
    {
        self.modes.iter().map(|row| modes.iter().zip(row).map(|(c, v)| *c * *v).sum()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_differentiated_and_interpolated_exactly() {
        let element = Element::new(9);
        let f = |x: f64| 3.0 * x.powi(9) - x.powi(4) + 2.0;
        let values: Vec<f64> = element.nodes.iter().map(|&x| f(x)).collect();
        // Roundings of sums of ten numbers of size 10 (values) and 100 (derivative).
        let integral: f64 = element.weights.iter().zip(&values).map(|(w, v)| w * v).sum();
        assert!((integral - (4.0 - 0.4)).abs() < 1e-14);
        for (slope, x) in element.differentiate(&values).iter().zip(&element.nodes) {
            assert!((slope - (27.0 * x.powi(8) - 4.0 * x.powi(3))).abs() < 1e-12);
        }
        assert!((element.interpolate(&values, 0.123) - f(0.123)).abs() < 1e-14);
        assert_eq!(element.interpolate(&values, element.nodes[3]), values[3]);
        // x⁹ has the Legendre coefficient 128/12155 at P_9.
        assert!((element.tail(&values) - 3.0 * 128.0 / 12155.0).abs() < 1e-14);
    }

    #[test]
    fn the_inner_modes_are_orthonormal_under_the_quadrature() {
        let element = Element::new(12);
        let unit: Vec<f64> = (0..11).map(|k| if k == 4 { 1.0 } else { 0.0 }).collect();
        let values = element.to_nodes(&unit);
        let weighted: Vec<f64> =
            values.iter().zip(&element.weights[1..]).map(|(v, w)| v * w).collect();
        for (back, expected) in element.to_modes(&weighted).iter().zip(&unit) {
            assert!((back - expected).abs() < 1e-13);
        }
        assert!(element.rates.iter().all(|r| *r > 0.0));
    }
}
