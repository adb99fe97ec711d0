//! Closed forms at finite N (docs/theory/model.md, (1.7), (1.8) and (1.9)): the stationary mean and
//! current under a constant force, and the thermal stationary profile. Open chain with a thermostat
//! at both ends unless said otherwise.

use super::{Chain, Double, InitialLaw};
use crate::numerics::double_double::Number;
use crate::scenario::Topology;
use ndarray::{Array1, Array2};

/// The stationary state without force, for any friction and flip rate, in 16 digits or 32.
#[derive(Debug, Clone, PartialEq)]
pub struct ThermalState<X = f64> {
    /// Var r_1 .. Var r_N
    pub var_r: Vec<X>,
    /// Var p_0 .. Var p_N
    pub var_p: Vec<X>,
    /// Cov(p_(n-1), r_n) = Cov(r_n, p_n) = -J; every other covariance vanishes.
    pub correlation: X,
}

impl ThermalState {
    /// The covariance in the theory's order, O(N²).
    pub fn covariance(&self, chain: &Chain) -> Array2<f64> {
        let variance: Array1<f64> = self.var_r.iter().chain(&self.var_p).copied().collect();
        let mut covariance = Array2::from_diag(&variance);
        for bond in 0..chain.bonds {
            let (left, right) = chain.bond_ends(bond);
            for p in [left, right].map(|atom| chain.bonds + atom) {
                covariance[[p, bond]] = self.correlation;
                covariance[[bond, p]] = self.correlation;
            }
        }
        covariance
    }
}

/// 1/(2γκ) of the ordered chain with this pinning, both in units of the spring, k = m = 1
/// (docs/theory/general.md, (16.9)).
pub(crate) fn ordered_resistance(pinning: f64) -> f64 {
    pinning + 2.0 + (pinning * (pinning + 4.0)).sqrt()
}

impl Chain {
    /// p_s = F̄/(2γ(N+1) + λ_- + λ_+): the stationary mean momentum of every atom of the open
    /// chain; the mean elongation is r̄_n = (2γn + λ_-) p_s. `None` where nothing resists a force,
    /// and for chains with coefficients, as everywhere here.
    pub fn stationary_momentum(&self) -> Option<f64> {
        self.momentum()
    }

    /// The same in numbers of any length.
    fn momentum<X: Number>(&self) -> Option<X> {
        if self.general.is_some() {
            return None;
        }
        let [left, right] = self.friction().map(X::from);
        let flips = X::from(2.0 * self.flip_rate) * X::from(self.atoms() as f64);
        let resistance = flips + (left + right);
        if self.topology == Topology::Ring || self.force.mean == 0.0 {
            return Some(X::from(0.0));
        }
        (resistance > X::from(0.0)).then(|| X::from(self.force.mean) / resistance)
    }

    /// The stationary means r̄, p̄ under the constant part of the force, in the theory's order.
    pub fn stationary_mean(&self) -> Option<Vec<f64>> {
        self.stationary_mean_of()
    }

    /// The same in numbers of any length.
    pub(crate) fn stationary_mean_of<X: Number>(&self) -> Option<Vec<X>> {
        let p_s = self.momentum::<X>()?;
        let left = X::from(self.friction()[0]);
        let flips = |n: usize| X::from(2.0 * self.flip_rate) * X::from(n as f64);
        let r = (1..=self.bonds).map(|n| (flips(n) + left) * p_s);
        Some(r.chain(std::iter::repeat_n(p_s, self.atoms())).collect())
    }

    /// The thermal stationary state: with R = 4γN + λ_- + 1/λ_- + λ_+ + 1/λ_+ and J = (T_- -
    /// T_+)/R, Var p_n = T_- - (λ_- + 1/λ_- + 4γn) J inside, Var p_0 = T_- - J/λ_-, Var p_N = T_+ +
    /// J/λ_+, Var r_n = T_- - (λ_- + 1/λ_- + 2γ(2n-1)) J.
    pub fn thermal_state(&self) -> Option<ThermalState> {
        self.thermal()
    }

    /// The same in numbers of any length.
    fn thermal<X: Number>(&self) -> Option<ThermalState<X>> {
        if self.general.is_some() {
            return None;
        }
        let (left, right) = (self.left?, self.right?);
        let [l, r] = [left, right].map(|end| X::from(end.friction));
        let [at_left, at_right] = [left, right].map(|end| X::from(end.temperature));
        let [one, bonds] = [X::from(1.0), X::from(self.bonds as f64)];
        let resistance = X::from(4.0 * self.flip_rate) * bonds + l + one / l + r + one / r;
        let rise = at_right - at_left;
        // Between resistances a to the left and b to the right, from the nearer end: nothing
        // cancels where one friction prevails.
        let between = |a: X, b: X| {
            if a < b { at_left + rise * (a / (a + b)) } else { at_right - rise * (b / (a + b)) }
        };
        let half_bonds = |count: usize| X::from(2.0 * self.flip_rate) * X::from(count as f64);
        let all = 2 * self.bonds;
        let inside = |passed: usize| {
            between(l + one / l + half_bonds(passed), half_bonds(all - passed) + r + one / r)
        };
        let var_p = (0..=self.bonds)
            .map(|n| match n {
                0 => between(one / l, l + half_bonds(all) + r + one / r),
                n if n == self.bonds => between(l + one / l + half_bonds(all) + r, one / r),
                n => inside(2 * n),
            })
            .collect();
        let var_r = (1..=self.bonds).map(|n| inside(2 * n - 1)).collect();
        Some(ThermalState { var_r, var_p, correlation: rise / resistance })
    }

    /// The stationary state of the pure harmonic chain (γ = 0) under any force: the thermal one, or
    /// with a single thermostat its temperature everywhere, because every mode moves both ends.
    /// `None` without thermostats.
    pub fn harmonic_state(&self) -> Option<ThermalState> {
        self.harmonic()
    }

    /// The same in numbers of any length.
    pub(crate) fn harmonic<X: Number>(&self) -> Option<ThermalState<X>> {
        if self.general.is_some() {
            return None;
        }
        self.thermal().or_else(|| {
            let temperature = X::from(self.left.or(self.right)?.temperature);
            let (var_r, var_p) = (vec![temperature; self.bonds], vec![temperature; self.atoms()]);
            Some(ThermalState { var_r, var_p, correlation: X::from(0.0) })
        })
    }

    /// The initial covariance less that of the harmonic state, O(N²). The difference is formed in
    /// 32 digits: a start near that state keeps its own.
    pub(crate) fn beyond_harmonic(&self, law: &InitialLaw) -> Array2<f64> {
        let mut deviation = law.covariance_above(0.0);
        let Some(state) = self.harmonic::<Double>() else { return deviation };
        let less = |x: &mut f64, thermal: Double| *x = (Double::from(*x) - thermal).hi;
        let variance = state.var_r.iter().chain(&state.var_p);
        deviation.diag_mut().iter_mut().zip(variance).for_each(|(x, &thermal)| less(x, thermal));
        for bond in 0..self.bonds {
            let (left, right) = self.bond_ends(bond);
            for p in [left, right].map(|atom| self.bonds + atom) {
                less(&mut deviation[[p, bond]], state.correlation);
                less(&mut deviation[[bond, p]], state.correlation);
            }
        }
        deviation
    }

    /// Energy entering at the left end in the stationary state under a constant force:
    /// (T_- - T_+)/R - p_s² (λ_- + 2γ Σ_n v_n), v the thermal profile at T_- = 1, T_+ = 0.
    pub fn stationary_current(&self) -> Option<f64> {
        let unit = |t: Option<crate::scenario::Thermostat>, temperature| {
            t.map(|t| crate::scenario::Thermostat { temperature, ..t })
        };
        let response =
            Chain { left: unit(self.left, 1.0), right: unit(self.right, 0.0), ..self.clone() }
                .thermal_state()?;
        if !self.force.harmonics.is_empty() {
            return None;
        }
        let p_s = self.stationary_momentum()?;
        let [left, _] = self.friction();
        let work = p_s * p_s * (left + 2.0 * self.flip_rate * response.var_p.iter().sum::<f64>());
        // Adding 0 turns a -0 of the equilibrium into 0.
        Some(0.0 - self.thermal_state()?.correlation - work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Thermostat;

    #[test]
    fn a_hot_end_that_hardly_touches_leaves_the_cold_one_its_digits() {
        let [cold, hot] = [(1e-3, 1.0), (1e3, 1e-12)]
            .map(|(temperature, friction)| Some(Thermostat { temperature, friction }));
        for (left, right) in [(cold, hot), (hot, cold)] {
            let chain = Chain {
                topology: Topology::Open,
                bonds: 3,
                flip_rate: 0.5,
                left,
                right,
                force: Default::default(),
                general: None,
            };
            let state = chain.thermal_state().expect("two thermostats");
            for n in 1..3 {
                let bonds = if left == cold { n as f64 } else { 3.0 - n as f64 };
                // Resistances to the cold and to the hot end; a mean with positive weights.
                let (a, b) = (2.0 + 2.0 * bonds, 2.0 * (3.0 - bonds) + 1e-12 + 1e12);
                let expected = (1e-3 * b + 1e3 * a) / (a + b);
                assert!(
                    (state.var_p[n] - expected).abs() < 8.0 * f64::EPSILON * expected,
                    "{state:?}"
                );
            }
        }
    }
}
