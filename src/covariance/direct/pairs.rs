//! The friction-free equation of one pair of modes in 32 digits: that of [`super::super::pair`],
//! with every entry of the answer as a number. Only q is computed without cancellation; 32 digits
//! leave enough of the rest.

use crate::numerics::double_double::Double;
use crate::numerics::wide::Wide;

/// Sources or answers of one pair: pp, rr, rp, pr.
pub(super) type Blocks = [Wide; 4];

/// The answers of one pair of modes.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// `answers[i][j]`: block i answers to source j.
    answers: [Blocks; 4],
    /// 1 - 4γ (pp ← pp)
    pub remainder: Wide,
}

/// σ and γ.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    sigma: Wide,
    inverse_c: Wide,
    flip_rate: f64,
}

impl Shift {
    pub fn new(sigma: Wide, flip_rate: f64) -> Shift {
        let c = sigma + Wide::from(2.0 * flip_rate);
        Shift { sigma, inverse_c: c.inverse(), flip_rate }
    }

    /// The pair with frequencies a and b. Uniform momenta, a = b = 0, have no elongations.
    pub fn pair(&self, a: Double, b: Double) -> Pair {
        let Shift { sigma, inverse_c, flip_rate } = *self;
        if a.hi == 0.0 && b.hi == 0.0 {
            let pp = (sigma + Wide::from(4.0 * flip_rate)).inverse();
            let mut answers = [[Wide::ZERO; 4]; 4];
            (answers[0][0], answers[2][2], answers[3][3]) = (pp, inverse_c, inverse_c);
            return Pair { answers, remainder: sigma * pp };
        }
        let (minus, plus) = (a - b, a + b);
        let minus = sigma + inverse_c.times_real(minus * minus);
        let plus = sigma + inverse_c.times_real(plus * plus);
        let elongation = (minus + plus).scaled(0.5);
        let momentum = elongation + Wide::from(4.0 * flip_rate);
        let off = (minus - plus).scaled(0.5);
        let product = minus * plus;
        let inverse_det = (product + (minus + plus).scaled(2.0 * flip_rate)).inverse();
        // pp and rr of h and f, and of them each source.
        let (pp_h, pp_f) = (elongation * inverse_det, -(off * inverse_det));
        let (rr_h, rr_f) = (pp_f, momentum * inverse_det);
        let (ca, cb) = (inverse_c.times_real(a), inverse_c.times_real(b));
        let of = |of_h: Wide, of_f: Wide| -> Blocks {
            [of_h, of_f, of_f * cb - of_h * ca, of_f * ca - of_h * cb]
        };
        let (pp, rr) = (of(pp_h, pp_f), of(rr_h, rr_f));
        let mut rp: Blocks = std::array::from_fn(|j| ca * pp[j] - cb * rr[j]);
        let mut pr: Blocks = std::array::from_fn(|j| cb * pp[j] - ca * rr[j]);
        rp[2] += inverse_c;
        pr[3] += inverse_c;
        Pair { answers: [pp, rr, rp, pr], remainder: product * inverse_det }
    }
}

impl Pair {
    /// The pair (k', k) of the pair (k, k').
    pub fn swapped(&self) -> Pair {
        let order = [0, 1, 3, 2];
        let answers =
            std::array::from_fn(|i| std::array::from_fn(|j| self.answers[order[i]][order[j]]));
        Pair { answers, ..*self }
    }

    /// The answer of one block to one source.
    pub fn answer(&self, block: usize, source: usize) -> Wide {
        self.answers[block][source]
    }

    /// All blocks of X.
    pub fn solve(&self, sources: &Blocks) -> Blocks {
        std::array::from_fn(|i| {
            (self.answers[i].iter().zip(sources))
                .filter(|(_, source)| **source != Wide::ZERO)
                .fold(Wide::ZERO, |sum, (answer, source)| sum + *answer * *source)
        })
    }
}
