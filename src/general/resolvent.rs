//! (s - B)⁻¹ on the coordinates of [`Line`], by continued fractions from both ends.
//!
//! ```text
//! P_i = s + δ_i + a_(i-1)²/P_(i-1),
//! Q_i = s + δ_i + a_i²/Q_(i+1),
//! G_ii = 1/(P_i + a_i²/Q_(i+1)),
//! G_ib = (a_i/P_i) G_(i+1)b   (i < b),        G_ib = -(a_(i-1)/Q_i) G_(i-1)b   (i > b)
//! ```
//!
//! For Re s ≥ 0 all fractions have positive real parts: nothing cancels, near s = 0 neither. O(N).

use super::line::Line;
use num_complex::Complex64;

/// The resolvent at one s.
#[derive(Debug, Clone)]
pub struct Resolvent {
    /// s
    pub shift: Complex64,
    /// G_ii
    pub diagonal: Vec<Complex64>,
    /// a_i/P_i: coordinate i, driven from beyond i+1.
    pub from_right: Vec<Complex64>,
    /// -a_(i-1)/Q_i: coordinate i, driven from before i-1; 0 for i = 0.
    pub from_left: Vec<Complex64>,
    /// 1/P_i
    pivots: Vec<Complex64>,
}

/// 1/z by one division.
fn inverse(z: Complex64) -> Complex64 {
    z.conj() * (1.0 / z.norm_sqr())
}

impl Resolvent {
    /// At an s that is no eigenvalue of B. O(N).
    pub fn new(line: &Line, shift: Complex64) -> Resolvent {
        let n = line.len;
        let own = |i: usize| shift + line.damping[i];
        let mut pivots = Vec::with_capacity(n);
        let mut from_right = Vec::with_capacity(n);
        let mut passed = Complex64::ZERO;
        for i in 0..n {
            let pivot = inverse(own(i) + passed);
            let a = line.coupling[i + 1];
            passed = a * a * pivot;
            from_right.push(a * pivot);
            pivots.push(pivot);
        }
        let (mut diagonal, mut from_left) = (vec![Complex64::ZERO; n], vec![Complex64::ZERO; n]);
        let mut passed = Complex64::ZERO;
        for i in (0..n).rev() {
            let a = line.coupling[i];
            let before = if i == 0 { Complex64::ZERO } else { a * a * pivots[i - 1] };
            let here = own(i) + passed;
            diagonal[i] = inverse(here + before);
            let pivot = inverse(here);
            from_left[i] = -a * pivot;
            passed = a * a * pivot;
        }
        Resolvent { shift, diagonal, from_right, from_left, pivots }
    }

    /// (s - B)⁻¹ w
    pub fn solve<T: Copy + Into<Complex64>>(&self, line: &Line, w: &[T]) -> Vec<Complex64> {
        let n = w.len();
        let mut y: Vec<Complex64> = Vec::with_capacity(n);
        for (i, &w) in w.iter().enumerate() {
            // Row i: -a_i y_(i+1) + P_i y_i = w_i - a_(i-1) (what came before).
            let before = if i == 0 { Complex64::ZERO } else { line.coupling[i] * y[i - 1] };
            y.push((w.into() - before) * self.pivots[i]);
        }
        for i in (0..n.saturating_sub(1)).rev() {
            let after = self.from_right[i] * y[i + 1];
            y[i] += after;
        }
        y
    }

    /// ((s - B)⁻¹)ᵀ w = Σ (s - B)⁻¹ Σ w, with Σ = -1 on all that is no momentum.
    pub fn row(&self, line: &Line, w: &[f64]) -> Vec<Complex64> {
        let mut y: Vec<Complex64> = w.iter().map(|&w| w.into()).collect();
        line.mirror(&mut y);
        let mut y = self.solve(line, &y);
        line.mirror(&mut y);
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;
    use crate::general::Model;
    use crate::scenario::{Coefficient, Thermostat};

    #[test]
    fn products_with_the_resolvent_and_its_entries_are_one() {
        for pinned in [0.0, 0.3] {
            let chain = Chain::open(7)
                .flip_rate(Coefficient::uniform([0.2, 1.0], 1))
                .masses(Coefficient::uniform([0.4, 1.6], 2))
                .pinning(pinned)
                .left(Thermostat::at(1.0));
            let line = Line::new(&Model::new(&chain.build().unwrap()));
            let s = Complex64::new(-0.05, 0.03);
            let resolvent = Resolvent::new(&line, s);
            for b in 0..line.len {
                let unit: Vec<f64> = (0..line.len).map(|i| f64::from(i == b)).collect();
                let y = resolvent.solve(&line, &unit);
                let mut entry = resolvent.diagonal[b];
                for i in (0..=b).rev() {
                    assert!((y[i] - entry).norm() < 1e-12 * (1.0 + entry.norm()), "{i} {b}");
                    entry *= if i > 0 { resolvent.from_right[i - 1] } else { Complex64::ONE };
                }
                let mut entry = resolvent.diagonal[b];
                for (i, y) in y.iter().enumerate().skip(b) {
                    assert!((y - entry).norm() < 1e-12 * (1.0 + entry.norm()), "{i} {b}");
                    entry *= if i + 1 < line.len { resolvent.from_left[i + 1] } else { s };
                }
                // (s - B) y = e_b
                for i in 0..line.len {
                    let after =
                        if i + 1 < line.len { line.coupling[i + 1] * y[i + 1] } else { 0.0.into() };
                    let before = if i > 0 { line.coupling[i] * y[i - 1] } else { 0.0.into() };
                    let left = (s + line.damping[i]) * y[i] - after + before;
                    assert!((left - unit[i]).norm() < 1e-12, "{i} {b}: {left}");
                }
            }
        }
    }
}
