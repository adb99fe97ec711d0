//! The temperature of the Gibbs state that can be subtracted from an initial law.

use super::Model;
use crate::chain::InitialLaw;

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
