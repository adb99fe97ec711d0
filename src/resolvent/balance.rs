//! The current of an open chain from the diagonals alone (docs/theory/profiles.md, (6.6) and
//! (6.7)).
//!
//! Site n gains thermal energy by flips and loses it by the current, j_n = -Cov(p_n, r_(n+1)): with
//! e_n = (d_n + v_n)/2 of the variances d_n of the momentum and v_n of the elongation to its left,
//!
//! ```text
//! j_n = j_(n-1) + gained_n,
//! gained_n = 2γ p̄_n² - de_n/dτ,
//! j_(-1) = λ_-(T_- - d_0),
//! j_N = λ_+(d_N - T_+).
//! ```
//!
//! This fixes all currents but for one number, the current at one place. At an end it is λ times a
//! difference of variances, whose errors are large beside a current of order 1/N. A second equation
//! does better. In it the correlations of neighbours cancel except at the ends: with x_n =
//! (dv_n/dτ)/2 and Cov(p_n, r_n) = x_n - j_(n-1),
//!
//! ```text
//! (d/dτ + 2γ) Σ_(n=1)^N (x_n - 2 j_(n-1)) = d_N - d_0 + λ_- j_0 + λ_+ (j_(N-1) - x_N),
//! ```
//!
//! by the equations of Cov(p_(n-1), r_n) and Cov(p_n, r_n); the sum of their initial values is zero
//! for independent coordinates. It gives the sum of the currents with the errors of the variances,
//! hence their mean with 1/N of these, and so as many digits at every N. The number is taken from
//! the place at which it is known best.

use crate::chain::Chain;
use crate::numerics::vector::Vector;
use num_complex::Complex64;

/// The terms of the balance, transformed at σ.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// 2γ p̄_n² at every atom.
    pub heated: &'a [Complex64],
    /// d_0 .. d_N
    pub momentum: &'a [Complex64],
    /// v_1 .. v_N
    pub elongation: &'a [Complex64],
    /// v(0) and d(0), where they are not zero.
    pub start: Option<[&'a [f64]; 2]>,
    /// Σ_n Cov(p_(n-1), r_n) + Cov(p_n, r_n) at time 0; zero for independent coordinates.
    pub products: f64,
    /// T_-, T_+
    pub temperature: [Complex64; 2],
}

/// The currents.
#[derive(Debug, Clone)]
pub struct Currents {
    /// j_0 .. j_(N-1)
    pub bonds: Vec<Complex64>,
    /// The energy that enters at either end, j_(-1) and -j_N.
    pub inflow: [Complex64; 2],
}

/// The place at which the current is known best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Left,
    Right,
    InSum,
}

/// That place, and the part of an error of the variances that enters the current there.
fn best(chain: &Chain) -> (Known, f64) {
    let [left, right] = chain.friction();
    let in_sum = 2.0 / (4.0 * chain.flip_rate * chain.bonds as f64 + left + right);
    let mut best = (Known::Left, left);
    for other in [(Known::Right, right), (Known::InSum, in_sum)] {
        if other.1 < best.1 {
            best = other;
        }
    }
    best
}

/// How much of an error of the variances enters the current as a whole: zero where an end has no
/// thermostat, at most 1/2γN.
pub fn current_share(chain: &Chain) -> f64 {
    best(chain).1
}

/// The currents at σ.
pub fn currents(chain: &Chain, sigma: Complex64, exchange: &Exchange<'_>) -> Currents {
    let Exchange { heated, momentum, elongation, start, products, temperature } = exchange;
    let ([left, right], bonds) = (chain.friction(), chain.bonds);
    // Half of the transform of a slope.
    let slope = |part: usize, n: usize, v: Complex64| {
        0.5 * (sigma * v - start.map_or(0.0, |start| start[part][n]))
    };
    let stretched: Vec<Complex64> = (0..bonds).map(|n| slope(0, n, elongation[n])).collect();
    let gained: Vec<Complex64> = (0..=bonds)
        .map(|n| {
            let gained = heated[n] - slope(1, n, momentum[n]);
            if n > 0 { gained - stretched[n - 1] } else { gained }
        })
        .collect();
    // Where there is no thermostat this is zero exactly.
    let inflow =
        [left * (temperature[0] - momentum[0]), right * (temperature[1] - momentum[bonds])];
    let sums = |terms: &[Complex64]| Vector::from_complex(terms, true).accumulated();
    let gathered = sums(&gained);
    let first = match best(chain).0 {
        Known::Left => inflow[0],
        Known::Right => -inflow[1] - gathered.at(bonds),
        Known::InSum => {
            let rate = sigma + 2.0 * chain.flip_rate;
            let twice: Vec<Complex64> =
                (0..bonds).map(|n| stretched[n] - 2.0 * gathered.at(n)).collect();
            let sum = rate * sums(&twice).at(bonds - 1) - products + momentum[0]
                - momentum[bonds]
                - left * gathered.at(0)
                - right * (gathered.at(bonds - 1) - stretched[bonds - 1]);
            sum / (2.0 * rate * bonds as f64 + left + right)
        }
    };
    let inflow = [first, -(first + gathered.at(bonds))];
    Currents { bonds: (0..bonds).map(|n| first + gathered.at(n)).collect(), inflow }
}
