//! The friction-free equation (σ - 𝓛) X = R for one pair of modes (docs/theory.md, "Shifted solves").
//!
//! With frequencies a, b of the two modes, c = σ + 2γ and the waves s = pp + rr, d = pp - rr, u = rp + pr, v = rp - pr of X, and those of R,
//!
//! ```text
//! [ A₋+2γ   2γ   ] [s]   [ R_s - β R_v/c ]                       u = (R_u + α d)/c,   α = a + b,   A₊ = σ + α²/c,
//! [ 2γ    A₊+2γ  ] [d] = [ R_d - α R_u/c ],                      v = (R_v + β s)/c,   β = a - b,   A₋ = σ + β²/c:
//! ```
//!
//! sums and differences of the two frequencies, coupled by the flips alone. det = A₋A₊ + 2γ(A₋ + A₊), and the answer of pp to 4γ times itself
//! is 1 - q, q = A₋A₊/det: a product, where 1 - 2γ(A₋ + A₊)/det would cancel.

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
    /// 1/c
    pub inverse_c: V,
    /// α/c and β/c
    sum: V,
    difference: V,
    /// A₊ and A₋
    pub plus: V,
    pub minus: V,
    /// 1/det
    pub inverse_det: V,
    /// q
    pub remainder: V,
    two_flips: V::Real,
}

/// The four blocks of a pair: (p_k,p_k'), (r_k,r_k'), (r_k,p_k'), (p_k,r_k').
#[derive(Clone, Copy)]
pub(super) struct Blocks<V> {
    pub pp: V,
    pub rr: V,
    pub rp: V,
    pub pr: V,
}

/// pp + rr, pp - rr, rp + pr, rp - pr.
#[derive(Clone, Copy)]
struct Waves<V> {
    s: V,
    d: V,
    u: V,
    v: V,
}

/// A real number in every lane.
#[inline(always)]
pub(super) fn number<V: Lane>(x: f64) -> V {
    V::splat(Complex64::new(x, 0.0))
}

impl<V: Lane> Waves<V> {
    #[inline(always)]
    fn of(x: &Blocks<V>) -> Waves<V> {
        Waves { s: x.pp + x.rr, d: x.pp - x.rr, u: x.rp + x.pr, v: x.rp - x.pr }
    }

    #[inline(always)]
    fn blocks(&self) -> Blocks<V> {
        let half: V::Real = number(0.5);
        Blocks {
            pp: (self.s + self.d) * half,
            rr: (self.s - self.d) * half,
            rp: (self.u + self.v) * half,
            pr: (self.u - self.v) * half,
        }
    }
}

impl Shift {
    pub fn new(shift: Complex64, flip_rate: f64) -> Self {
        Shift { shift, inverse_c: 1.0 / (shift + 2.0 * flip_rate), flip_rate }
    }

    /// The coefficients of the pair with frequencies a and b.
    #[inline(always)]
    pub fn pair<V: Lane>(&self, a: V::Real, b: V::Real) -> Pair<V> {
        let (shift, inverse_c) = (V::splat(self.shift), V::splat(self.inverse_c));
        let two_flips: V::Real = number(2.0 * self.flip_rate);
        let (alpha, beta) = (a + b, a - b);
        let (sum, difference) = (inverse_c * alpha, inverse_c * beta);
        let (plus, minus) = (shift + sum * alpha, shift + difference * beta);
        let product = minus * plus;
        let inverse_det = (product + (minus + plus) * two_flips).inverse();
        Pair { inverse_c, sum, difference, plus, minus, inverse_det, remainder: product * inverse_det, two_flips }
    }

    /// The pair of the two uniform modes, a = b = 0, at σ = 0 in an open chain, which has no uniform elongation: pp = R_pp/4γ, rr = 0.
    pub fn uniform_momentum<V: Lane>(&self) -> Pair<V> {
        Pair {
            inverse_c: V::splat(self.inverse_c),
            sum: number(0.0),
            difference: number(0.0),
            plus: number(1.0),
            minus: number(1.0),
            inverse_det: number(1.0 / (4.0 * self.flip_rate)),
            remainder: number(0.0),
            two_flips: number(2.0 * self.flip_rate),
        }
    }
}

impl<V: Lane> Pair<V> {
    /// The right-hand sides of the equations for s and d.
    #[inline(always)]
    fn reduced(&self, r: &Waves<V>) -> (V, V) {
        (r.s - self.difference * r.v, r.d - self.sum * r.u)
    }

    /// X from R and the reduced right-hand sides.
    #[inline(always)]
    fn complete(&self, r: &Waves<V>, (f, h): (V, V)) -> Waves<V> {
        let exchange = (f - h) * self.two_flips;
        let s = (self.plus * f + exchange) * self.inverse_det;
        let d = (self.minus * h - exchange) * self.inverse_det;
        Waves { s, d, u: self.inverse_c * r.u + self.sum * d, v: self.inverse_c * r.v + self.difference * s }
    }

    /// All blocks of X.
    #[inline(always)]
    pub fn solve(&self, r: &Blocks<V>) -> Blocks<V> {
        let r = Waves::of(r);
        self.complete(&r, self.reduced(&r)).blocks()
    }

    /// All blocks of X for R + 4γ W in pp, R having no rr, and W less the answer of pp, without cancellation.
    #[inline(always)]
    pub fn solve_with_flips(&self, r: &Blocks<V>, flips: V) -> (Blocks<V>, V) {
        let r = Waves { s: r.pp, d: r.pp, u: r.rp + r.pr, v: r.rp - r.pr };
        let (f, h) = self.reduced(&r);
        let half: V::Real = number(0.5);
        let answer = (self.plus * f + self.minus * h) * self.inverse_det * half;
        let pushed = flips * (self.two_flips + self.two_flips);
        (self.complete(&r, (f + pushed, h + pushed)).blocks(), self.remainder * flips - answer)
    }

    /// The answers pp←pp, rp←pp = -pp←rp, pr←pp = -pp←pr, rp←rp, pr←pr.
    #[inline(always)]
    pub fn responses(&self, shift: Complex64, a: V::Real, b: V::Real) -> [V; 5] {
        let half: V::Real = number(0.5);
        let (plus, minus) = (self.plus * self.inverse_det, self.minus * self.inverse_det);
        let (u, v) = (self.sum * minus * half, self.difference * plus * half);
        // (α²/c) A₋ + (β²/c) A₊, and what 2γ(α ∓ β)²/c adds.
        let both = ((self.plus - V::splat(shift)) * minus + (self.minus - V::splat(shift)) * plus) * half;
        let exchange = self.inverse_c * self.inverse_det * (self.two_flips + self.two_flips);
        let rp = self.inverse_c - self.inverse_c * (both + exchange * (b * b));
        let pr = self.inverse_c - self.inverse_c * (both + exchange * (a * a));
        [(plus + minus) * half, u + v, u - v, rp, pr]
    }
}
