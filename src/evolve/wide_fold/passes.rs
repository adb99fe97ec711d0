//! Faber's recurrence of Q(A) in 32 digits, eight unknowns at a time.
//!
//! A factor (d + A) 2⁻ᵏ is applied with the diagonals of `wide_series::lanes`: d and the diagonal
//! of A are one number of 32 digits, whose fast part vanishes, the others are ±1, and a power of
//! two is exact. The factors with the largest d come last, so that the last ones take the roundings
//! that the first ones leave in the fast parts.

use super::polynomial::Fold;
use crate::chain::{Chain, Double};
use crate::evolve::moment_generator::Generator;
use crate::evolve::wide_series::ellipse::Ellipse;
use crate::evolve::wide_series::lanes::{Numbers, Operator, Pair, split, times};
use crate::numerics::registers::{InRegisters, Registered, Vectorized, Wide, in_widest};
use crate::numerics::vector::largest_of;
use std::marker::PhantomData;

/// d + A_ii of the diagonals, d, and 2⁻ᵏ.
struct Factor {
    own: Numbers,
    damping: f64,
    power: f64,
}

/// Q(A) and the unknowns' places.
pub(super) struct Folded {
    operator: Operator,
    factors: Vec<Factor>,
    /// 1 over what the product of the factors is too large, and s times it.
    unit: Double,
    scale: Double,
    ellipse: Ellipse,
}

impl Folded {
    pub fn new(chain: &Chain, generator: &Generator, fold: &Fold) -> Folded {
        // A itself.
        let ellipse = Ellipse { scale: 1.0, bend: 0.0, centre: 0.0 };
        let operator = Operator::new(chain, generator, ellipse);
        let mut unit = Double::from(1.0);
        let dampings = std::iter::once(0.0).chain(fold.damping.iter().copied());
        let factors = dampings.map(|damping| {
            let power = if damping > 0.0 { (-damping.log2().floor()).exp2() } else { 1.0 };
            if damping > 0.0 {
                unit = unit.divided(damping * power);
            }
            let mut own = operator.own.clone();
            for place in operator.lane_places() {
                own.set(place, own.at(place) + Double::from(damping));
            }
            Factor { own, damping, power }
        });
        let factors = factors.collect();
        let scale = unit.scaled(fold.ellipse.scale);
        Folded { operator, factors, unit, scale, ellipse: fold.ellipse }
    }

    pub fn placed(&self, x: &[Double]) -> Numbers {
        self.operator.placed(x)
    }

    pub fn unknowns(&self, x: &Numbers) -> Vec<Double> {
        self.operator.unknowns(x)
    }

    /// W(A) Σ b_k F_k(Q(A)) x, W of p `passes`, and how many times as large as x the largest
    /// polynomial was.
    pub fn series(&self, coefficients: &[Double], passes: usize, x: &Numbers) -> (Numbers, f64) {
        let unit = (0..passes).fold(Double::from(1.0), |unit, _| unit.times(self.unit));
        let count = x.hi.len();
        let size = |x: &Numbers| largest_of(x.hi.iter().copied());
        let (first, mut grown) = (size(x), 1.0f64);
        let mut sum = Numbers::zeros(count);
        let (mut now, mut before) = (x.clone(), Numbers::zeros(count));
        let mut buffers = [Numbers::zeros(count), Numbers::zeros(count)];
        for (k, &coefficient) in coefficients.iter().enumerate() {
            let coefficient = coefficient.times(unit);
            let bend = match k {
                0 => 0.0,
                1 => 2.0 * self.ellipse.bend,
                _ => self.ellipse.bend,
            };
            for (index, factor) in self.factors.iter().enumerate() {
                let [one, other] = &mut buffers;
                match index {
                    0 => self.applied(factor, &mut now, one),
                    _ if index % 2 == 1 => self.applied(factor, one, other),
                    _ => self.applied(factor, other, one),
                }
            }
            let folded = &buffers[(self.factors.len() + 1) % 2];
            in_widest(Together {
                numbers: [self.ellipse.scale * self.ellipse.centre, bend],
                wide: [self.scale, coefficient],
                folded,
                now: &now,
                next: &mut before,
                sum: &mut sum,
            });
            std::mem::swap(&mut now, &mut before);
            grown = grown.max(size(&now) / first);
        }
        for factor in (0..passes).flat_map(|_| &self.factors[1..]) {
            self.applied(factor, &mut sum, &mut before);
            std::mem::swap(&mut sum, &mut before);
        }
        (sum, grown)
    }

    /// (d + A) x 2⁻ᵏ
    fn applied(&self, factor: &Factor, x: &mut Numbers, to: &mut Numbers) {
        let operator = &self.operator;
        operator.mirror(x);
        in_widest(OverDiagonals { operator, factor, x, to });
        let damping = Double::from(factor.damping);
        for row in &operator.rows {
            let own = times(damping, x.at(row.place));
            let (sum, power) = (row.apply(x).plus(own), factor.power);
            to.set(row.place, Double { hi: sum.hi * power, lo: sum.lo * power });
        }
        for row in &operator.driving {
            let driven = row.apply(x);
            if driven.hi != 0.0 {
                let driven = Double { hi: driven.hi * factor.power, lo: driven.lo * factor.power };
                to.set(row.place, to.at(row.place).plus(driven));
            }
        }
    }
}

struct OverDiagonals<'a> {
    operator: &'a Operator,
    factor: &'a Factor,
    x: &'a Numbers,
    to: &'a mut Numbers,
}

impl InRegisters for OverDiagonals<'_> {
    type Output = ();
    fn with<L: Wide>(self, simd: L::Simd) {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData));
    }
}

impl<L: Wide> Vectorized for Registered<OverDiagonals<'_>, L> {
    type Output = ();
    type Numbers = L;
    #[inline(always)]
    fn run(self, simd: L::Simd) {
        let OverDiagonals { operator, factor, x, to } = self.0;
        let splitter = L::number(simd, 134_217_729.0);
        let power = L::number(simd, factor.power);
        for at in operator.diagonals.windows(3) {
            let [(below, _), (here, length), (above, _)] = [at[0], at[1], at[2]];
            for i in (0..length).step_by(L::WIDTH) {
                let own = Pair::<L>::load(simd, x, here + i);
                let turned = Pair::turned(simd, x, [below + i, above + i]);
                let damping = Pair::<L>::load(simd, &factor.own, here + i);
                let damped =
                    own.times(split(own.hi, splitter), damping, split(damping.hi, splitter));
                let new = damped.renormalized().plus(turned).renormalized();
                Pair { hi: new.hi * power, lo: new.lo * power }.store(to, here + i);
            }
            to.end_after(here, length, L::WIDTH);
        }
    }
}

/// The next polynomial in the place of the one before, s (Q F_k - c F_k) - κ F_(k-1), and the
/// present one into the sum.
struct Together<'a> {
    /// s c and κ, of at most 49 and 24 bits.
    numbers: [f64; 2],
    /// s over the size of the factors, and b_k.
    wide: [Double; 2],
    folded: &'a Numbers,
    now: &'a Numbers,
    next: &'a mut Numbers,
    sum: &'a mut Numbers,
}

impl InRegisters for Together<'_> {
    type Output = ();
    fn with<L: Wide>(self, simd: L::Simd) {
        L::vectorized(simd, Registered::<_, L>(self, PhantomData));
    }
}

impl<L: Wide> Vectorized for Registered<Together<'_>, L> {
    type Output = ();
    type Numbers = L;
    #[inline(always)]
    fn run(self, simd: L::Simd) {
        let Together { numbers, wide, folded, now, next, sum } = self.0;
        let number = |x: f64| L::number(simd, x);
        let splitter = number(134_217_729.0);
        let [scale, coefficient] =
            [wide[0], wide[1]].map(|x| Pair { hi: number(x.hi), lo: number(x.lo) });
        let shift = Pair { hi: number(numbers[0]), lo: number(0.0) };
        let bend = number(numbers[1]);
        let [scale_split, coefficient_split, shift_split] =
            [scale.hi, coefficient.hi, shift.hi].map(|hi| split(hi, splitter));
        for at in (0..now.hi.len()).step_by(L::WIDTH) {
            let (x, q) = (Pair::<L>::load(simd, now, at), Pair::<L>::load(simd, folded, at));
            let x_split = split(x.hi, splitter);
            let scaled = scale.times(scale_split, q, split(q.hi, splitter)).renormalized();
            let shifted = x.times(x_split, shift, shift_split).renormalized();
            let before = Pair::<L>::load(simd, next, at).scaled(bend, splitter).renormalized();
            let new = scaled.minus(shifted).renormalized().minus(before).renormalized();
            let term = x.times(x_split, coefficient, coefficient_split).renormalized();
            let whole = Pair::<L>::load(simd, sum, at).plus(term).renormalized();
            new.store(next, at);
            whole.store(sum, at);
        }
    }
}
