//! Initial laws: as they are given, and the temperature of the Gibbs state that can be subtracted.

use super::Model;
use super::profile::Local;
use crate::budget::rounding;
use crate::chain::{Chain, InitialLaw};
use crate::numerics::vector::largest_of;

/// The temperature of the Gibbs state that a contour splits off: the coldest of all thermostats and
/// of the law, or with pinning that of the law, which must be a Gibbs law.
pub(super) fn split_temperature(model: &Model, law: &InitialLaw) -> Option<f64> {
    if model.is_pinned() {
        return pinned_temperature(model, law);
    }
    let coldest = model.thermostats().map(|n| model.temperature[n]);
    law.covariance.is_none().then(|| coldest.fold(extremes(model, law)[0], f64::min))
}

/// The temperature of a law whose covariance is that of a Gibbs state.
pub(crate) fn uniform_temperature(model: &Model, law: &InitialLaw) -> Option<f64> {
    if model.is_pinned() {
        return pinned_temperature(model, law);
    }
    let [least, most] = extremes(model, law);
    (law.covariance.is_none() && most - least <= CLOSE * most).then_some(most)
}

/// Roundings of a law that is written as Var p = mT, Var r = T/k.
const CLOSE: f64 = 1e-12;

fn pinned_temperature(model: &Model, law: &InitialLaw) -> Option<f64> {
    let Some(covariance) = law.covariance.as_ref() else {
        return law.variance().iter().all(|&v| v == 0.0).then_some(0.0);
    };
    let temperature = law.var_p[0] / model.mass[0];
    let gibbs = model.gibbs_displacements();
    let close = |a: f64, b: f64| (a - b).abs() <= CLOSE * b.abs();
    let atoms = model.atoms();
    // The diagonals and the bonds' differences determine a Gibbs law among those of displacements.
    let springs = model.gibbs_elongations();
    let fits = (0..atoms).all(|n| {
        close(law.var_p[n], temperature * model.mass[n])
            && close(covariance[[n, n]], temperature * gibbs[n])
            && (n == 0 || {
                let stretch =
                    covariance[[n, n]] - 2.0 * covariance[[n, n - 1]] + covariance[[n - 1, n - 1]];
                (stretch - temperature * springs[n - 1]).abs() <= 1e-11 * covariance[[n, n]]
            })
    });
    let crossed = (0..atoms).any(|n| (0..atoms).any(|m| covariance[[n, atoms + m]] != 0.0));
    (fits && !crossed).then_some(temperature)
}

/// The least and the largest of Var p/m and k Var r.
fn extremes(model: &Model, law: &InitialLaw) -> [f64; 2] {
    let momenta = law.var_p.iter().zip(&model.mass).map(|(v, m)| v / m);
    let bonds = law.var_r.iter().zip(&model.spring).map(|(v, k)| v * k);
    momenta.chain(bonds).fold([f64::INFINITY, 0.0], |[a, b], t| [a.min(t), b.max(t)])
}

/// By how much more an error of the energy's coordinates shows in the displacements, where it is
/// `felt`, each relative to its size at the start: 1, or much more where weakly pinned atoms begin
/// close to their places; bounded, because an error of nothing has no size.
pub(super) fn softness(chain: &Chain, law: &InitialLaw, felt: f64) -> f64 {
    if !chain.is_pinned() {
        return 1.0;
    }
    let largest = |values: &[f64]| largest_of(values.iter().map(|x| x.abs()));
    let given = largest(&law.var_r).max(largest(&law.mean_r).powi(2));
    if given > 0.0 { (felt / given).clamp(1.0, 1e4) } else { 1e4 }
}

/// Roundings of Var r_n of a correlated law of displacements: C_nn - 2C_(n,n-1) + C_(n-1,n-1), in
/// units of the energy.
pub(super) fn differences(chain: &Chain, law: &InitialLaw) -> f64 {
    let Some(all) = chain.coefficients().filter(|_| chain.is_pinned()) else { return 0.0 };
    let stretched = all.spring.iter().enumerate().map(|(bond, k)| {
        let (left, right) = chain.bond_ends(bond);
        k * (law.var_r[left] + law.var_r[right])
    });
    rounding::UNIT * largest_of(stretched)
}

/// The initial law as it is given.
pub(crate) fn initial(chain: &Chain, law: &InitialLaw) -> Local {
    if law.covariance.is_some() {
        return Local::of(chain, &law.mean(), law.covariance_above(0.0).view());
    }
    if chain.is_pinned() {
        let bonds = |of: fn(f64, f64) -> f64, q: &[f64]| -> Vec<f64> {
            let ends = (0..chain.bonds).map(|bond| chain.bond_ends(bond));
            // The one atom of the shortest ring is not pulled by itself.
            ends.map(|(a, b)| if a == b { 0.0 } else { of(q[b], q[a]) }).collect()
        };
        return Local {
            mean_r: bonds(|a, b| a - b, &law.mean_r),
            mean_p: law.mean_p.clone(),
            mean_q: law.mean_r.clone(),
            var_r: bonds(|a, b| a + b, &law.var_r),
            var_p: law.var_p.clone(),
            var_q: law.var_r.clone(),
            correlation: vec![0.0; chain.bonds],
        };
    }
    Local {
        mean_r: law.mean_r.clone(),
        mean_p: law.mean_p.clone(),
        var_r: law.var_r.clone(),
        var_p: law.var_p.clone(),
        correlation: vec![0.0; chain.bonds],
        ..Local::default()
    }
}
