//! The friction-free equation (σ - 𝓛) X = R for one pair of modes
//! (docs/theory/shifted-solves.md, (3.2) and (3.4)).
//!
//! With frequencies a, b of the two modes and c = σ + 2γ,
//!
//! ```text
//! rp = (R_rp + a pp - b rr)/c,   pr = (R_pr - a rr + b pp)/c,
//! [ A   o    ] [rr]   [ f ]      f = R_rr + (a R_pr + b R_rp)/c,    A = σ + (a²+b²)/c,
//! [ o   A+4γ ] [pp] = [ h ]      h = R_pp - (a R_rp + b R_pr)/c,    o = -2ab/c.
//! ```
//!
//! With A∓ = σ + (a∓b)²/c: det = A₋A₊ + 2γ(A₋ + A₊), and the answer of pp to 4γ times itself is 1 -
//! q, q = A₋A₊/det: a product, where 1 - 4γA/det would cancel.

use crate::numerics::lanes::Lane;
use num_complex::Complex64;

/// σ and γ.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    shift: Complex64,
    inverse_c: Complex64,
    flip_rate: f64,
}

/// The coefficients of one pair.
#[derive(Clone, Copy)]
pub(super) struct Pair<V: Lane> {
    a: V::Real,
    b: V::Real,
    inverse_c: V,
    /// A
    elongation: V,
    /// A + 4γ
    momentum: V,
    /// o
    off: V,
    /// 1/det
    inverse_det: V,
    /// q
    pub remainder: V,
    /// 4γ
    four_flips: V::Real,
}

/// The four blocks of a pair: (p_k,p_k'), (r_k,r_k'), (r_k,p_k'), (p_k,r_k').
#[derive(Clone, Copy)]
pub(super) struct Blocks<V> {
    pub pp: V,
    pub rr: V,
    pub rp: V,
    pub pr: V,
}

impl Shift {
    pub fn new(shift: Complex64, flip_rate: f64) -> Self {
        Shift { shift, inverse_c: 1.0 / (shift + 2.0 * flip_rate), flip_rate }
    }

    /// The coefficients of the pair with frequencies a and b.
    #[inline(always)]
    pub fn pair<V: Lane>(&self, a: V::Real, b: V::Real) -> Pair<V> {
        let simd = a.simd();
        let (shift, inverse_c) = (V::splat(simd, self.shift), V::splat(simd, self.inverse_c));
        let (minus, plus) = (a - b, a + b);
        let minus = shift + inverse_c * (minus * minus);
        let plus = shift + inverse_c * (plus * plus);
        let half = V::Real::number(simd, 0.5);
        let elongation = (minus + plus) * half;
        let inverse_det =
            (minus * plus + V::number(simd, 2.0 * self.flip_rate) * (minus + plus)).inverse();
        Pair {
            a,
            b,
            inverse_c,
            elongation,
            four_flips: V::Real::number(simd, 4.0 * self.flip_rate),
            momentum: elongation + V::number(simd, 4.0 * self.flip_rate),
            off: (minus - plus) * half,
            inverse_det,
            remainder: minus * plus * inverse_det,
        }
    }

    /// The pair of the two uniform modes, a = b = 0, at σ = 0 in an open chain, which has no
    /// uniform elongation: pp = h/4γ, rr = 0.
    pub fn uniform_momentum<V: Lane>(&self, simd: V::Simd) -> Pair<V> {
        let number = |x: f64| V::number(simd, x);
        let real = |x: f64| V::Real::number(simd, x);
        Pair {
            a: real(0.0),
            b: real(0.0),
            inverse_c: V::splat(simd, self.inverse_c),
            elongation: number(1.0),
            four_flips: real(4.0 * self.flip_rate),
            momentum: number(0.0),
            off: number(0.0),
            inverse_det: number(1.0 / (4.0 * self.flip_rate)),
            remainder: number(0.0),
        }
    }
}

impl<V: Lane> Pair<V> {
    /// (f, h)
    #[inline(always)]
    fn reduced(&self, r: &Blocks<V>) -> (V, V) {
        (
            r.rr + self.inverse_c * (r.pr * self.a + r.rp * self.b),
            r.pp - self.inverse_c * (r.rp * self.a + r.pr * self.b),
        )
    }

    /// All blocks of X.
    #[inline(always)]
    pub fn solve(&self, r: &Blocks<V>) -> Blocks<V> {
        let (f, h) = self.reduced(r);
        self.complete(r, f, h, (self.elongation * h - self.off * f) * self.inverse_det)
    }

    /// All blocks of X for R + 4γ W in pp, and W less the answer of pp, without cancellation.
    #[inline(always)]
    pub fn solve_with_flips(&self, r: &Blocks<V>, flips: V) -> (Blocks<V>, V) {
        let (f, h) = self.reduced(r);
        let answer = (self.elongation * h - self.off * f) * self.inverse_det;
        let difference = self.remainder * flips - answer;
        (self.complete(r, f, h + flips * self.four_flips, flips - difference), difference)
    }

    /// The answers pp←pp, rp←pp = -pp←rp, pr←pp = -pp←pr, rp←rp, pr←pr.
    #[inline(always)]
    pub fn responses(&self) -> [V; 5] {
        let simd = self.a.simd();
        let (zero, one) = (V::number(simd, 0.0), V::number(simd, 1.0));
        let none = Blocks { pp: zero, rr: zero, rp: zero, pr: zero };
        let from_pp = self.solve(&Blocks { pp: one, ..none });
        let from_rp = self.solve(&Blocks { rp: one, ..none });
        let from_pr = self.solve(&Blocks { pr: one, ..none });
        [from_pp.pp, from_pp.rp, from_pp.pr, from_rp.rp, from_pr.pr]
    }

    #[inline(always)]
    fn complete(&self, r: &Blocks<V>, f: V, h: V, pp: V) -> Blocks<V> {
        let rr = (self.momentum * f - self.off * h) * self.inverse_det;
        Blocks {
            pp,
            rr,
            rp: self.inverse_c * (r.rp + pp * self.a - rr * self.b),
            pr: self.inverse_c * (r.pr + pp * self.b - rr * self.a),
        }
    }
}
