//! Reads moments inside a step: the weights of the series and of its integral.

/// The weights of the terms of two series, that of the means and that of the covariance, at one
/// point u of a step.
pub(super) struct Reading {
    /// e^(c h (1-u)) u^k
    pub mean: Vec<f64>,
    /// e^(2c h (1-u)) u^k
    pub second: Vec<f64>,
    /// h ∫_0^u e^(c h (1-v)) v^k dv
    pub mean_integral: Vec<f64>,
    /// h ∫_0^u e^(2c h (1-v)) v^k dv
    pub second_integral: Vec<f64>,
    /// h u
    pub length: f64,
}

impl Reading {
    /// At u = `part` of a step of length `h`, c = `shift`, for `count` terms.
    pub fn new(part: f64, h: f64, shift: f64, count: usize) -> Reading {
        let powers = |a: f64| -> Vec<f64> {
            let first = (a * (1.0 - part)).exp();
            (0..count).map(|k| first * part.powi(k as i32)).collect()
        };
        let integrals = |a: f64| -> Vec<f64> {
            integrals(part, a, count).into_iter().map(|sum| h * sum).collect()
        };
        let a = shift * h;
        Reading {
            mean: powers(a),
            second: powers(2.0 * a),
            mean_integral: integrals(a),
            second_integral: integrals(2.0 * a),
            length: part * h,
        }
    }
}

/// I_k = ∫_0^u e^(a(1-v)) v^k dv, k < `count`, from (k+1) I_k = e^(a(1-u)) u^(k+1) + a I_(k+1)
/// downwards: nothing cancels, and the start is forgotten by a^j/(k+1)..(k+j).
fn integrals(u: f64, a: f64, count: usize) -> Vec<f64> {
    let first = (a * (1.0 - u)).exp();
    let (mut sum, mut sums) = (0.0, vec![0.0; count]);
    for k in (0..count + 40).rev() {
        sum = (first * u.powi(k as i32 + 1) + a * sum) / (k + 1) as f64;
        if k < count {
            sums[k] = sum;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_of_powers_times_the_exponential_have_their_closed_form() {
        for a in [0.0, 0.3, 5.0] {
            for u in [0.01, 0.6, 1.0] {
                let sums = integrals(u, a, 3);
                let e = f64::exp;
                let (zeroth, first) = if a == 0.0 {
                    (u, u * u / 2.0)
                } else {
                    // e^a (1 - e^(-au))/a, and by parts.
                    let zeroth = e(a) * -f64::exp_m1(-a * u) / a;
                    (zeroth, (zeroth - u * e(a * (1.0 - u))) / a)
                };
                assert!((sums[0] - zeroth).abs() <= 1e-15 * zeroth, "{a} {u}: {sums:?}");
                // The closed form cancels.
                let lost = 1e-15 * zeroth / a.max(1.0) / u;
                assert!((sums[1] - first).abs() <= lost + 1e-15 * first, "{a} {u}: {sums:?}");
            }
        }
    }
}
