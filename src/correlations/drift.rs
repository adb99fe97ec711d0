//! The drift B of the means, dz̄/dτ = B z̄, in coordinates in which it contracts: the elongations
//! and momenta of the homogeneous chain, and the line of [`crate::general::line`] of any other.

use crate::budget::rounding;
use crate::chain::Chain;
use crate::covariance::modal::Modal;
use crate::covariance::{MomentEquations, SolveError};
use crate::general::Model;
use crate::general::line::Line;
use crate::general::resolvent::Resolvent;
use crate::numerics::vector::largest_of;
use num_complex::Complex64;

/// B and what follows from it, O(N) or O(N log N) each; ‖e^(Bs)‖₂ ≤ 1.
pub(super) trait Drift: Sync {
    /// A bound of ‖B‖₂.
    fn norm(&self) -> f64;
    /// c: every mode that oscillates decays at this rate at least; may be 0.
    fn least_damping(&self) -> f64;
    /// out = h B z
    fn apply(&self, h: f64, z: &[f64], out: &mut [f64]);
    /// (s - B)⁻¹ f
    fn solve(&self, s: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError>;
    /// Σ z, with Σ B Σ = Bᵀ: -1 on all that is no momentum.
    fn mirror(&self, z: &mut [Complex64]);
}

/// The homogeneous chain, elongations before momenta: a ring or an open chain.
pub(super) struct Homogeneous {
    bonds: usize,
    ring: bool,
    flip_rate: f64,
    damping: Vec<f64>,
    modal: Modal,
}

impl Homogeneous {
    pub fn new(chain: &Chain) -> Homogeneous {
        let damping = chain.thermostats().0.iter().map(|f| 2.0 * chain.flip_rate + f).collect();
        Homogeneous {
            bonds: chain.bonds,
            ring: chain.atoms() == chain.bonds,
            flip_rate: chain.flip_rate,
            damping,
            modal: Modal::new(chain),
        }
    }
}

impl Drift for Homogeneous {
    /// 2 of the springs, and the damping.
    fn norm(&self) -> f64 {
        2.0 + largest_of(self.damping.iter().copied())
    }

    fn least_damping(&self) -> f64 {
        self.flip_rate
    }

    fn apply(&self, h: f64, z: &[f64], out: &mut [f64]) {
        let (r, p) = z.split_at(self.bonds);
        let (out_r, out_p) = out.split_at_mut(self.bonds);
        let (n, last) = (self.bonds, p.len() - 1);
        if self.ring {
            // r_n = q_n - q_(n-1)
            out_r[0] = h * (p[0] - p[last]);
            for i in 1..n {
                out_r[i] = h * (p[i] - p[i - 1]);
            }
            for i in 0..last {
                out_p[i] = h * (r[i + 1] - r[i] - self.damping[i] * p[i]);
            }
            out_p[last] = h * (r[0] - r[last] - self.damping[last] * p[last]);
            return;
        }
        for i in 0..n {
            out_r[i] = h * (p[i + 1] - p[i]);
        }
        out_p[0] = h * (r[0] - self.damping[0] * p[0]);
        for i in 1..last {
            out_p[i] = h * (r[i] - r[i - 1] - self.damping[i] * p[i]);
        }
        out_p[last] = -h * (r[last - 1] + self.damping[last] * p[last]);
    }

    fn solve(&self, s: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError> {
        self.modal.solve_mean(s, f)
    }

    fn mirror(&self, z: &mut [Complex64]) {
        z[..self.bonds].iter_mut().for_each(|r| *r = -*r);
    }
}

/// Any open chain, along its line y, and the way between y and the theory's coordinates z.
pub(super) struct AlongLine {
    pub model: Model,
    pub line: Line,
    /// A bound of ‖∂z/∂y‖₂.
    reach: f64,
    least_damping: f64,
}

impl AlongLine {
    pub fn new(chain: &Chain) -> AlongLine {
        let model = Model::new(chain);
        let line = Line::new(&model);
        let (reach, least_damping) = (line.reach(&model), model.least_damping());
        AlongLine { model, line, reach, least_damping }
    }

    /// z of a vector along the line, and the Euclidean norm of its error from that of y.
    pub fn leave(&self, y: &[f64], error: f64) -> (Vec<f64>, f64) {
        let z = self.line.leave(y);
        let size = z.iter().map(|z| z * z).sum::<f64>().sqrt();
        let rounded = rounding::UNIT * size * (1.0 + self.line.rounding_of_leave(self.reach));
        (z, self.reach * error + rounded)
    }
}

impl Drift for AlongLine {
    fn norm(&self) -> f64 {
        self.line.norm()
    }

    fn least_damping(&self) -> f64 {
        self.least_damping
    }

    fn apply(&self, h: f64, z: &[f64], out: &mut [f64]) {
        let (a, n) = (&self.line.coupling, z.len());
        for i in 0..n {
            let after = if i + 1 < n { a[i + 1] * z[i + 1] } else { 0.0 };
            let before = if i > 0 { a[i] * z[i - 1] } else { 0.0 };
            out[i] = h * (after - before - self.line.damping[i] * z[i]);
        }
    }

    fn solve(&self, s: Complex64, f: &[Complex64]) -> Result<Vec<Complex64>, SolveError> {
        Ok(Resolvent::new(&self.line, s).solve(&self.line, f))
    }

    fn mirror(&self, z: &mut [Complex64]) {
        self.line.mirror(z);
    }
}
