//! The ellipse that a series of Faber's polynomials of A is made for, and the coefficients of
//! e^(Ah) in it.
//!
//! The rates of the moments lie in the rectangle [-w, 0] × [-H, H], in the sense of the numerical
//! range: what turns them is skew, and what damps them is diagonal. On an ellipse around it, with
//! the centre c and the half axes α and β,
//!
//! ```text
//! F_0 = 1,  F_1 = s (z - c),  F_2 = s (z - c) F_1 - 2κ,  F_(k+1) = s (z - c) F_k - κ F_(k-1),
//! s = 2/(α + β),  κ = (α - β)/(α + β),  |F_k| ≤ 1 + |κ|ᵏ,
//! e^(hz) = Σ b_k F_k,  b_(k-1) = (k s/h) b_k + κ b_(k+1),  Σ b_k (1 + κᵏ) = b_0 + e^(h(c + α)) .
//! ```
//!
//! No term is larger than e^(h(c + α)), and some h(α + β) of them matter. Source: Ellacott,
//! Computation of Faber series, Math. Comp. 40, 1983. Error of the coefficients: roundings of 32
//! digits of the largest.

use crate::chain::{Chain, Double};
use crate::numerics::wide::Wide;
use crate::numerics::wide_exponential::exponential;
use std::collections::BTreeMap;

/// Log of the largest term of a step over its sum, at most: 32 digits have some to spare.
pub(crate) const GROWTH: f64 = 10.0;

/// Terms of a step at most, so that a step can be interrupted.
pub(crate) const MOST_TERMS: f64 = 600.0;

/// Log of the terms that are left out.
pub(crate) const NOTHING: f64 = -83.0;

/// Log of the first coefficient of the recurrence downwards.
const BEYOND: f64 = -120.0;

/// Ellipses that are compared.
const TRIED: f64 = 48.0;

/// An ellipse; s, κ and c have 24 bits each, so that products with them need no splitting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ellipse {
    pub scale: f64,
    pub bend: f64,
    pub centre: f64,
}

/// Equal steps: the ellipse, and the number of the steps and of the terms of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub ellipse: Ellipse,
    pub count: f64,
    pub terms: f64,
}

/// w and H.
pub(crate) fn rectangle(chain: &Chain) -> [f64; 2] {
    let friction = chain.friction().into_iter().fold(0.0, f64::max);
    let turning = chain.force.highest_frequency();
    [4.0 * chain.flip_rate + 2.0 * friction, 4.0f64.max(2.0 + turning).max(2.0 * turning)]
}

/// Times between outputs, the first one from 0 on.
pub(crate) fn gaps(times: &[f64]) -> impl Iterator<Item = f64> + '_ {
    let starts = std::iter::once(0.0).chain(times.iter().copied());
    times.iter().zip(starts).map(|(time, start)| time - start)
}

impl Steps {
    /// Over the time before each of ascending outputs, with steps of at most `part` of what
    /// roundings allow. The ellipse is the cheapest for the next power of two of that time, so that
    /// few have to be compared for many outputs.
    pub fn before(chain: &Chain, times: &[f64], part: f64) -> Vec<Steps> {
        let [width, height] = rectangle(chain);
        let of = |length: f64, beyond: f64| {
            let ellipse = Ellipse::around(width, height, beyond);
            let count = (length * beyond / (part * GROWTH)).ceil().max(1.0);
            let terms = ellipse.terms(length / count, NOTHING);
            if terms <= part * MOST_TERMS {
                return Steps { ellipse, count, terms };
            }
            let count = (count * terms / (part * MOST_TERMS)).ceil();
            Steps { ellipse, count, terms: ellipse.terms(length / count, NOTHING) }
        };
        let cheapest = |length: f64| {
            let beyond = |index| height * 10f64.powf(-3.0 + 5.0 * f64::from(index) / TRIED);
            let price = |beyond: f64| {
                let steps = of(length, beyond);
                steps.count * steps.terms
            };
            let all = (0..TRIED as u32).map(beyond).map(|beyond| (price(beyond), beyond));
            all.min_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(height, |(_, beyond)| beyond)
        };
        let mut known = BTreeMap::new();
        let mut steps = |length: f64| {
            let power = length.log2().ceil();
            let beyond = known.entry(power as i32).or_insert_with(|| cheapest(power.exp2()));
            of(length, *beyond)
        };
        gaps(times).map(&mut steps).collect()
    }
}

/// A number of 24 bits.
fn short(x: f64) -> f64 {
    f64::from(x as f32)
}

impl Ellipse {
    /// Through the corners of the rectangle, and so far to the right of it.
    pub fn around(width: f64, height: f64, beyond: f64) -> Ellipse {
        let half = 0.5 * width;
        let across = half + beyond;
        // α² - (w/2)² without cancellation.
        let up = height * across / (beyond * (across + half)).sqrt();
        Ellipse {
            scale: short(2.0 / (across + up)),
            bend: short((across - up) / (across + up)),
            centre: short(-half),
        }
    }

    /// So far to the right.
    pub fn moved(self, to: f64) -> Ellipse {
        Ellipse { centre: short(self.centre + to), ..self }
    }

    /// The point c + (w + κ/w)/s of a w on the unit circle.
    pub fn boundary(&self, w: Wide) -> Wide {
        let [scale, bend] = [self.scale, self.bend].map(Double::from);
        let point = w + w.conjugate().times_real(bend);
        Wide::from(self.centre) + point.times_real(scale.inverse())
    }

    /// The |w| of the ellipse of the same foci through a real point.
    pub fn level(&self, x: f64) -> f64 {
        let x = self.scale * (x - self.centre).abs();
        0.5 * (x + (x * x - 4.0 * self.bend).max(0.0).sqrt())
    }

    /// c + α
    fn right(&self) -> Double {
        let across = Double::from(1.0 + self.bend).divided(self.scale);
        across.plus(self.centre.into())
    }

    /// The number of the last term of e^(hz) that is above e^`least`: on the image of the circle
    /// ρ ≥ 1 a coefficient is at most the largest |e^(hz)| ρ⁻ᵏ; the best ρ is found by halving.
    fn terms(&self, h: f64, least: f64) -> f64 {
        self.terms_within(h, least, 400.0)
    }

    /// The same where ln ρ is at most `most`.
    pub fn terms_within(&self, h: f64, least: f64, most: f64) -> f64 {
        let size = h / self.scale;
        let at = |log: f64| {
            let [grown, shrunk] = [log.exp(), self.bend * (-log).exp()];
            let number = size * (grown - shrunk);
            (number, h * self.centre + size * (grown + shrunk) - number * log)
        };
        if at(most).1 > least {
            let (number, value) = at(most);
            return (number + (value - least) / most).ceil() + 2.0;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if at(middle).1 > least { low = middle } else { high = middle }
        }
        at(high).0.ceil() + 2.0
    }

    /// The coefficients of e^(hz).
    pub fn coefficients(&self, h: Double) -> Vec<Double> {
        let (last, first) = (self.terms(h.hi, NOTHING), self.terms(h.hi, BEYOND));
        let (mut above, mut own) = (Double::default(), Double::from(1e-150));
        let mut found = Vec::with_capacity(first as usize + 1);
        let per_term = h.inverse().times(self.scale.into());
        for k in (1..=first as usize).rev() {
            found.push(own);
            let below = per_term.scaled(k as f64).times(own).plus(above.scaled(self.bend));
            (above, own) = (own, below);
        }
        found.push(own);
        found.reverse();
        // All but the first count 1 + κᵏ times.
        let mut power = Double::from(1.0);
        let mut sum = found[0];
        for b in &found[1..] {
            power = power.scaled(self.bend);
            sum = sum.plus(b.times(power.plus(1.0.into())));
        }
        let factor = exponential(self.right().times(h).into()).re.times(sum.inverse());
        found.truncate(last as usize + 1);
        found.iter().map(|b| b.times(factor)).collect()
    }
}
