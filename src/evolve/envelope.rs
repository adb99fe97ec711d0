//! A periodic force on the contour: the covariance as harmonics with slow envelopes, no period
//! resolved (docs/theory/periodic.md, (7.3) and (7.4)).
//!
//! z̄ = z_per + w, u the momenta of w. Y = C + w wᵀ - Σ_(m≠0) C_m e^(imωτ) obeys a linear equation
//! with the sources 4γ q_0 + 2λT and 8γ Σ_l p̂_l∘u e^(ilωτ). Its transform has its slow
//! singularities in two kinds of places, near 0 and near ilω; turning the hyperbola around 0 by
//! e^(ilωτ) into that around ilω, Y = R + Σ_(l≠0) V_l e^(ilωτ) with
//!
//! ```text
//! (s - 𝓛) R̂        = Y(0) + diag_p( (4γ q_0 + 2λT)/s + 8γ Σ_l p̂_l∘û(s - ilω) )
//! (s + ilω - 𝓛) V̂_l = 8γ diag_p( p̂_l∘û(s) ),   l ≠ 0
//! û(s) = [(s - B)⁻¹ w(0)]_p
//! ```
//!
//! A node costs 1 + 2·harmonics shifted solves. The singularities of the other kind must stay
//! outside the hyperbola: [`EARLIEST_PHASE`].

use crate::chain::{Chain, Double};
use crate::covariance::moments::TimeIntegrals;
use crate::covariance::periodic::PeriodicMean;
use crate::covariance::{MomentEquations, SolveError};
use num_complex::Complex64;

/// The least ωτ at which the envelopes can be used. The hyperbola meets the line Im s = ω where
/// |e^(sτ)| is below 10⁻¹⁷, and the poles beyond it cost the midpoint rule less than those on the
/// axis once ωτ exceeds the number of nodes (some 15 to 30).
pub const EARLIEST_PHASE: f64 = 40.0;

/// One equation of a node.
pub(super) struct Envelope {
    /// l; that of 0 starts from Y(0), the others from 0.
    pub order: i64,
    /// s + ilω
    pub shift: Complex64,
    /// The source on the momenta.
    pub momenta: Vec<Complex64>,
}

/// ŵ(s), and the equations of the node s. `constant` is 4γ q_0 + 2λT less what the reference state
/// takes; `deviation` is w(0).
pub(super) fn at_node<E: MomentEquations + ?Sized>(
    equations: &E,
    periodic: &PeriodicMean,
    constant: &[f64],
    deviation: &[Complex64],
    s: Complex64,
) -> Result<(Vec<Complex64>, Vec<Envelope>), SolveError> {
    let (chain, flips) = (equations.chain(), 8.0 * equations.chain().flip_rate);
    let w = equations.solve_mean(s, deviation)?;
    let products = |mean: &[Complex64], w: &[Complex64]| -> Vec<Complex64> {
        mean.iter().zip(w).skip(chain.bonds).map(|(p, u)| flips * p * u).collect()
    };
    let mut slow: Vec<Complex64> = constant.iter().map(|q| q / s).collect();
    let mut envelopes = Vec::with_capacity(periodic.harmonics.len());
    for harmonic in &periodic.harmonics {
        let order = harmonic.order;
        let shifted;
        let w_l = if order == 0 {
            &w
        } else {
            let momenta = products(&harmonic.mean, &w);
            envelopes.push(Envelope { order, shift: periodic.from_pole(s, -order), momenta });
            shifted = equations.solve_mean(periodic.from_pole(s, order), deviation)?;
            &shifted
        };
        slow.iter_mut().zip(products(&harmonic.mean, w_l)).for_each(|(sum, q)| *sum += q);
    }
    envelopes.push(Envelope { order: 0, shift: s, momenta: slow });
    Ok((w, envelopes))
}

/// The parts of the time integrals that the means make beside ∫ Y: with E z_i z_j = Y_ij + z_per,i
/// z_per,j + z_per,i w_j + w_i z_per,j and ∫_0^τ e^(ilωt) w dt = (-ilω - B)⁻¹ ( w(0) - e^(ilωτ)
/// w(τ) ) for l ≠ 0; `w_sum` is the one of l = 0. `solve` solves (σ - B) z = f.
pub(super) fn mean_integrals(
    chain: &Chain,
    solve: impl Fn(Complex64, &[Complex64]) -> Result<Vec<Complex64>, SolveError>,
    periodic: &PeriodicMean,
    deviation: &[f64],
    (w, w_sum): (&[f64], &[f64]),
    time: Double,
) -> Result<TimeIntegrals, SolveError> {
    let n = chain.coordinates();
    let mut sums = TimeIntegrals {
        mean: w_sum.to_vec(),
        square: vec![0.0; n],
        product: vec![0.0; chain.bonds],
        ..Default::default()
    };
    for a in &periodic.harmonics {
        let turn = periodic.turn(a.order, time);
        let turned = if a.order == 0 {
            w_sum.iter().map(|&w| w.into()).collect()
        } else {
            let change: Vec<Complex64> =
                deviation.iter().zip(w).map(|(before, w)| before - turn * w).collect();
            solve(periodic.rotation(-a.order), &change)?
        };
        let own = periodic.turn_integral(a.order, time);
        sums.mean.iter_mut().zip(&a.mean).for_each(|(sum, z)| *sum += (own * z).re);
        sums.work += (a.force * turned[n - 1]).re;
        // Σ_b ẑ_b ∫ e^(i(a+b)ωt), what ẑ_a and F_a meet.
        let mut partner = turned.iter().map(|w| 2.0 * w).collect::<Vec<_>>();
        for b in &periodic.harmonics {
            let both = periodic.turn_integral(a.order + b.order, time);
            partner.iter_mut().zip(&b.mean).for_each(|(sum, z)| *sum += both * z);
            sums.work += (a.force * b.mean[n - 1] * both).re;
        }
        sums.square
            .iter_mut()
            .zip(a.mean.iter().zip(&partner))
            .for_each(|(sum, (z, x))| *sum += (z * x).re);
        for (bond, sum) in sums.product.iter_mut().enumerate() {
            let (p, r) = chain.left_pair(bond);
            // The cross terms with w appear once each way: half of the doubled one.
            *sum += (a.mean[p] * (partner[r] - turned[r]) + a.mean[r] * turned[p]).re;
        }
    }
    Ok(sums)
}
