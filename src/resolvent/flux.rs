//! The equation (1 - 4γK_σ) d = s for the momenta's variances, in flux form
//! (docs/theory/profiles.md, (6.4) and (6.5)).
//!
//! With the row sums ρ = (1 - 4γK_σ) 1 = 2K_σ(λ_- δ_0 + λ_+ δ_N) + σ(K_σ 1 + K_σ^(pr) 1) and g_i =
//! d_(i+1) - d_i, summed over the sites 0..j,
//!
//! ```text
//! Σ_(m≤j) ρ_m d_m - Σ_i Φ_ji g_i = Σ_(m≤j) s_m   (j < N),      Σ_m ρ_m d_m = Σ_m s_m.
//! ```
//!
//! Nothing cancels: 1 - 4γK itself would lose N² digits. Unknowns (d_0, g); GMRES, preconditioned
//! by the chain of conductances φ = Φ 1 with absorption ρ, eliminated without a subtraction, and
//! the ratio of φ to Φ at every wave number of the chain without ends. The number of iterations
//! does not grow with N: 8 at γ = 1, 14 at γ = 0.2 (17 and 46 without that ratio).

use super::Chain;
use super::kernel::Kernel;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::gmres;
use crate::numerics::vector::Vector;
use num_complex::Complex64;

/// The flux form at one σ.
pub(super) struct FluxForm<'a> {
    kernel: &'a Kernel,
    /// ρ
    absorption: Vec<Complex64>,
    /// φ
    conductance: Vec<Complex64>,
    /// The uptake of site j and of all left of it, seen from j: e_j = ρ_j + φ_(j-1)
    /// e_(j-1)/(φ_(j-1) + e_(j-1)).
    uptake: Vec<Complex64>,
    complex: bool,
}

/// A solution of the flux form.
pub(super) struct Variances {
    /// d
    pub variance: Vector,
    /// (d_0, g)
    pub unknowns: Vector,
    pub iterations: usize,
    /// An estimate of the error of each d that the iteration leaves.
    pub error: Vector,
    /// Relative, of the flux form.
    pub residual: f64,
}

fn vector(len: usize, complex: bool, value: impl Fn(usize) -> Complex64) -> Vector {
    Vector::from_complex(&(0..len).map(value).collect::<Vec<_>>(), complex)
}

impl<'a> FluxForm<'a> {
    /// Row sums, conductances and the preconditioner: two applications of the kernel.
    pub fn new(chain: &Chain, sigma: Complex64, kernel: &'a Kernel) -> FluxForm<'a> {
        let (sites, bonds, complex) = (chain.atoms(), chain.bonds, sigma.im != 0.0);
        let [left, right] = chain.friction();
        let momenta = vector(sites, complex, |n| {
            sigma
                + if n == 0 { 2.0 * left } else { 0.0 }
                + if n == bonds { 2.0 * right } else { 0.0 }
        });
        let elongations = (sigma != Complex64::ZERO).then(|| vector(bonds, complex, |_| sigma));
        let rows = kernel.apply(&momenta, elongations.as_ref()).0;
        let flux = kernel.flux(&vector(bonds, complex, |_| Complex64::ONE));
        let absorption: Vec<Complex64> = (0..sites).map(|n| rows.at(n)).collect();
        let conductance: Vec<Complex64> = (0..bonds).map(|n| flux.at(n)).collect();
        let mut uptake = absorption.clone();
        for j in 1..sites {
            let (phi, e) = (conductance[j - 1], uptake[j - 1]);
            uptake[j] += phi * e / (phi + e);
        }
        FluxForm { kernel, absorption, conductance, uptake, complex }
    }

    /// The left-hand side of the flux form.
    fn apply(&self, unknowns: &Vector) -> Vector {
        let d = unknowns.accumulated();
        let mut out = vector(d.len(), self.complex, |m| self.absorption[m] * d.at(m)).accumulated();
        let flux = self.kernel.flux(&unknowns.map_range(1..unknowns.len(), |g| g.to_vec()));
        for (out, flux) in [(&mut out.re, &flux.re), (&mut out.im, &flux.im)] {
            out.iter_mut().zip(flux).for_each(|(out, flux)| *out -= flux);
        }
        out
    }

    /// (d_0, g) of the chain of conductances for the summed right-hand side y, then g as the chain
    /// without ends has it at every wave number.
    fn precondition(&self, y: &Vector) -> Vector {
        let sites = self.uptake.len();
        // Elimination from the left: what reaches j is y_j - c_j, where c_j has been taken up
        // before.
        let mut taken = Complex64::ZERO;
        let mut reach = Vec::with_capacity(sites);
        for j in 0..sites {
            if j > 0 {
                let (phi, e) = (self.conductance[j - 1], self.uptake[j - 1]);
                taken = (y.at(j - 1) * e + phi * taken) / (phi + e);
            }
            reach.push(y.at(j) - taken);
        }
        let mut out = Vector::zeros(sites, self.complex);
        let mut d = reach[sites - 1] / self.uptake[sites - 1];
        for j in (0..sites).rev() {
            let difference = if j > 0 {
                let (phi, e) = (self.conductance[j - 1], self.uptake[j - 1]);
                (e * d - reach[j - 1]) / (phi + e)
            } else {
                d
            };
            out.re[j] = difference.re;
            if self.complex {
                out.im[j] = difference.im;
            }
            d -= difference;
        }
        let sharp = self.kernel.sharpen(&out.map_range(1..sites, |g| g.to_vec()));
        out.re[1..].copy_from_slice(&sharp.re);
        if self.complex {
            out.im[1..].copy_from_slice(&sharp.im);
        }
        out
    }

    /// Solves for the right-hand side s at the sites, to `tolerance` of the flux form or until
    /// rounding stops it.
    pub fn solve(
        &self,
        s: &Vector,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Variances, Interrupted> {
        self.solve_summed(&s.accumulated(), tolerance, monitor)
    }

    fn solve_summed(
        &self,
        sums: &Vector,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Variances, Interrupted> {
        let (unknowns, outcome) = gmres::solve(
            sums,
            None,
            tolerance,
            monitor,
            &|u| self.apply(u),
            &|y| self.precondition(y),
            &|_| Vec::new(),
        )?;
        Ok(Variances {
            variance: unknowns.accumulated(),
            unknowns,
            iterations: outcome.iterations,
            error: outcome.errors[0].accumulated(),
            residual: outcome.residual,
        })
    }

    /// How far from this equation's solution other unknowns are, to a tenth: the judgement of a
    /// second quadrature.
    pub fn distance(
        &self,
        s: &Vector,
        unknowns: &Vector,
        monitor: &Monitor,
    ) -> Result<Vector, Interrupted> {
        let mut left = s.accumulated();
        left.add(-Complex64::ONE, &self.apply(unknowns));
        Ok(self.solve_summed(&left, 0.1, monitor)?.variance)
    }
}
