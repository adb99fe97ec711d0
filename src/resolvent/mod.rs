//! Profiles without the covariance: the resolvent of the chain, the squared kernel K_σ, and the
//! equations for Var p and Var r in O(N).
//!
//! Only d = (Var p_n) couples the equations of the variances: with q̂ the transformed noise and
//! v(0) the initial variances, (1 - 4γK_σ) d̂ = K_σ(q̂ + v(0)) on the momenta, and then K_σ(4γ d̂ +
//! q̂ + v(0)) is d̂ on the momenta and the transform of Var r on the elongations
//! ([`SquaredKernel`]). This is for open homogeneous chains with flips. Cost: O(N) for each node of
//! the inner quadrature and each iteration. Error: a second quadrature measures it. The tests judge
//! this module by the literal kernel. Source: docs/theory/profiles.md, (6.1).

mod balance;
mod bulk;
mod column;
mod flux;
mod group;
mod kernel;
mod layer;
mod mean_squares;
mod pairing;
mod path;
pub mod ring;
mod sweep;
mod wave;

use crate::chain::Chain;
use crate::monitor::{Interrupted, Monitor};
use crate::numerics::vector::{Vector, largest_norm};
pub use balance::{Currents, Exchange, current_share, currents};
pub use column::{Columns, columns, columns_once};
use flux::FluxForm;
use kernel::Kernel;
pub use layer::{Layer, layer};
use num_complex::Complex64;
pub use path::Quality;

/// The inner quadrature has some 10/γ nodes at every σ: where flips are rarer than this it would
/// have too many.
pub const LEAST_FLIP_RATE: f64 = 1e-4;

/// The transforms of the variances at one σ; no stationary part is subtracted.
#[derive(Debug, Clone)]
pub struct Variances {
    /// Var p_0 .. Var p_N, transformed.
    pub momentum: Vec<Complex64>,
    /// Var r_1 .. Var r_N, transformed.
    pub elongation: Vec<Complex64>,
    /// Estimated largest error of either: iteration and quadrature.
    pub error: f64,
    /// The part of it that the second quadrature shows.
    pub quadrature: f64,
    /// Relative residual of the flux form.
    pub residual: f64,
    /// GMRES iterations.
    pub iterations: usize,
    /// Quadrature nodes.
    pub nodes: usize,
}

/// The source of the variances at one σ: q̂ + v(0) on the momenta, v(0) on the elongations (`None`
/// for zero).
#[derive(Debug, Clone, Copy)]
pub struct Drive<'a> {
    /// N+1 numbers.
    pub momentum: &'a [Complex64],
    /// N numbers.
    pub elongation: Option<&'a [Complex64]>,
}

/// The squared kernel at one σ, with its judge where the error of the quadrature is wanted.
pub struct SquaredKernel<'a> {
    chain: &'a Chain,
    sigma: Complex64,
    kernel: Kernel,
    judge: Option<Kernel>,
}

impl<'a> SquaredKernel<'a> {
    /// At σ = 0 (with a thermostat), σ > 0, or Im σ > 0, and |σ| below the flip rate where Re σ <
    /// -Im σ; γ > 0.
    pub fn new(chain: &'a Chain, sigma: Complex64, quality: Quality) -> Self {
        SquaredKernel { chain, sigma, kernel: Kernel::new(chain, sigma, quality), judge: None }
    }

    /// With a second quadrature that measures the error of the first.
    pub fn judged(chain: &'a Chain, sigma: Complex64) -> Self {
        let of = |quality: Quality| Kernel::new(chain, sigma, quality);
        let (kernel, judge) = rayon::join(|| of(Quality::FULL), || of(Quality::JUDGE));
        SquaredKernel { chain, sigma, kernel, judge: Some(judge) }
    }

    /// The transform of ((e^(Bτ)w)_p)², w real in the theory's order: the part of Var p that flips
    /// make of moving means.
    pub fn mean_squares(&self, w: &[f64]) -> Vec<Complex64> {
        let (elongations, momenta) = w.split_at(self.chain.bonds);
        let squares = self.kernel.mean_squares(momenta, elongations);
        (0..squares.len()).map(|n| squares.at(n)).collect()
    }

    /// Solves for the variances, to `tolerance` of the flux form or until rounding stops it;
    /// `monitor` hears of every iteration.
    pub fn variances(
        &self,
        drive: Drive<'_>,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Variances, Interrupted> {
        let (chain, sigma, kernel) = (self.chain, self.sigma, &self.kernel);
        let complex = sigma.im != 0.0;
        let momentum = Vector::from_complex(drive.momentum, complex);
        let elongation = drive.elongation.map(|v| Vector::from_complex(v, complex));
        // The flux form of a kernel, and its right-hand side.
        let posed = |kernel| {
            let on_momenta = Kernel::apply(kernel, &momentum, elongation.as_ref()).0;
            (FluxForm::new(chain, sigma, kernel), on_momenta)
        };
        let (solved, judge) = rayon::join(
            || {
                let (form, on_momenta) = posed(kernel);
                form.solve(&on_momenta, tolerance, monitor)
            },
            || self.judge.as_ref().map(|judge| (judge, posed(judge))),
        );
        let solved = solved?;
        let mut all = solved.variance.clone();
        all.scale(4.0 * chain.flip_rate);
        all.add(Complex64::ONE, &momentum);
        let elongations = |kernel: &Kernel| kernel.apply(&all, elongation.as_ref()).1;
        let (on_elongations, judged) = rayon::join(
            || elongations(kernel),
            || {
                judge.map(|(judge, (form, on_momenta))| {
                    let silent = monitor.silent();
                    let distance = form.distance(&on_momenta, &solved.unknowns, &silent)?;
                    Ok((distance, elongations(judge)))
                })
            },
        );
        let list = |v: &Vector| (0..v.len()).map(|n| v.at(n)).collect::<Vec<_>>();
        let size = |v: &Vector| largest_norm(list(v));
        let mut quadrature = 0.0;
        if let Some((distance, mut second)) = judged.transpose()? {
            second.add(-Complex64::ONE, &on_elongations);
            quadrature = size(&distance) + size(&second);
        }
        Ok(Variances {
            momentum: list(&solved.variance),
            elongation: list(&on_elongations),
            error: size(&solved.error) + quadrature,
            quadrature,
            residual: solved.residual,
            iterations: solved.iterations,
            nodes: kernel.count,
        })
    }
}
