//! Φ(iω)⁻¹ of a chain (docs/theory/general.md, (16.2)) by continued fractions that add up
//! stiffnesses.
//!
//! ```text
//! ζ_n = κ_n - m_n ω² + iω m_n (2γ_n + λ_n),
//! S_0 = ζ_0,
//! S_(n+1) = ζ_(n+1) + P_n,
//! P_n = k_(n+1) S_n/(k_(n+1) + S_n)
//! ```
//!
//! S_n is the stiffness that atom n feels from itself and from the chain to its left, S'_n the same
//! to the right. Φ⁻¹_nn = 1/(S_n + P'_n), and an atom follows its right neighbour as k/(k + S_n),
//! its left one as k/(k + S'). All have a positive imaginary part, so nothing is lost near ω = 0,
//! where the usual fractions of Φ itself cancel. The recurrences below need squared sizes alone:
//!
//! ```text
//! |Φ⁻¹_mn|² = D_n Π_(i=m)^(n-1) t_i    (m ≤ n),
//! D_n = |Φ⁻¹_nn|²,
//! t_i = |k_(i+1)/(k_(i+1) + S_i)|²,
//! t'_i = |k_(i+1)/(k_(i+1) + S'_(i+1))|²
//! ```
//!
//! Cost: O(N). Products along the chain are formed as sums from one end (L) and from the other (R),
//! never as numbers of their own, so they neither overflow nor underflow into a quotient.

use super::Model;
use num_complex::Complex64;

/// The response at one frequency.
pub struct Response {
    /// ω
    pub frequency: f64,
    /// D_n
    pub diagonal: Vec<f64>,
    /// t_i: atom i driven by atom i+1.
    pub from_right: Vec<f64>,
    /// t'_i: atom i+1 driven by atom i.
    pub from_left: Vec<f64>,
    /// |1 - k/(k + S_i)|²: the elongation of bond i+1, driven at atom i+1.
    pub stretch_from_right: Vec<f64>,
    /// |1 - k/(k + S'_(i+1))|²: the same driven at atom i.
    pub stretch_from_left: Vec<f64>,
}

impl Response {
    /// At ω > 0. O(N).
    pub fn new(model: &Model, frequency: f64) -> Response {
        let atoms = model.atoms();
        let own = |n: usize| model.own_stiffness(n, frequency);
        let bonds = atoms - 1;
        let mut left = Vec::with_capacity(atoms);
        let (mut from_right, mut stretch_from_right) =
            (Vec::with_capacity(bonds), Vec::with_capacity(bonds));
        let mut passed = Complex64::ZERO;
        for n in 0..atoms {
            let stiffness = own(n) + passed;
            left.push(stiffness);
            if let Some(&k) = model.spring.get(n) {
                let inverse = inverse(stiffness + k);
                let part = stiffness * inverse;
                passed = part * k;
                from_right.push((inverse * k).norm_sqr());
                stretch_from_right.push(part.norm_sqr());
            }
        }
        let mut diagonal = vec![0.0; atoms];
        let (mut from_left, mut stretch_from_left) = (vec![0.0; bonds], vec![0.0; bonds]);
        let mut passed = Complex64::ZERO;
        for n in (0..atoms).rev() {
            diagonal[n] = 1.0 / (left[n] + passed).norm_sqr();
            if n > 0 {
                let k = model.spring[n - 1];
                let stiffness = own(n) + passed;
                let inverse = inverse(stiffness + k);
                let part = stiffness * inverse;
                passed = part * k;
                from_left[n - 1] = (inverse * k).norm_sqr();
                stretch_from_left[n - 1] = part.norm_sqr();
            }
        }
        Response {
            frequency,
            diagonal,
            from_right,
            from_left,
            stretch_from_right,
            stretch_from_left,
        }
    }

    /// Σ_(n≤m) q_n Π_(i=n)^(m-1) t_i for every m, and the same from the other end.
    pub fn sums(&self, strength: impl Fn(usize) -> f64) -> [Vec<f64>; 2] {
        let atoms = self.diagonal.len();
        let (mut left, mut right) = (vec![0.0; atoms], vec![0.0; atoms]);
        let mut sum = 0.0;
        for (n, left) in left.iter_mut().enumerate() {
            sum += strength(n);
            *left = sum;
            if n + 1 < atoms {
                sum *= self.from_right[n];
            }
        }
        let mut sum = 0.0;
        for n in (0..atoms).rev() {
            sum += strength(n);
            right[n] = sum;
            if n > 0 {
                sum *= self.from_left[n - 1];
            }
        }
        [left, right]
    }

    /// Adds `weight` times the spectral densities of q and of r under white noise of the momenta,
    /// m_n q_n, to `displacement` and `elongation`: Σ_n |Φ⁻¹_mn|² m_n q_n and the same of the
    /// differences. The density of p_m is m_m² ω² times that of q_m.
    pub fn add_densities(
        &self,
        weight: f64,
        strength: impl Fn(usize) -> f64,
        displacement: &mut [f64],
        elongation: &mut [f64],
    ) {
        let [left, right] = self.sums(&strength);
        for (n, sum) in displacement.iter_mut().enumerate() {
            *sum += weight * self.diagonal[n] * (left[n] + (right[n] - strength(n)).max(0.0));
        }
        for (i, sum) in elongation.iter_mut().enumerate() {
            let from_left = self.stretch_from_left[i] * self.diagonal[i] * left[i];
            let from_right = self.stretch_from_right[i] * self.diagonal[i + 1] * right[i + 1];
            *sum += weight * (from_left + from_right);
        }
    }
}

/// 1/z by one division.
fn inverse(z: Complex64) -> Complex64 {
    z.conj() * (1.0 / z.norm_sqr())
}
