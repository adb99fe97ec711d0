//! Legendre polynomials, their zeros, and Gauss-Legendre quadrature. Own code and not the
//! eigenvalues of Golub and Welsch: bisection finds every node to its last bit, the end nodes
//! included, where eigenvalues are known to ε times the largest; and the nodes of Lobatto and Radau
//! come from the same few lines.

/// P_n(x) and its derivative.
pub(crate) fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = ((1.0, 0.0), (x, 1.0));
    if n == 0 {
        return before;
    }
    for k in 1..n {
        let k = k as f64;
        let next = ((2.0 * k + 1.0) * x * value.0 - k * before.0) / (k + 1.0);
        let slope = before.1 + (2.0 * k + 1.0) * value.0;
        (before, value) = (value, (next, slope));
    }
    value
}

/// The n zeros in [-1, 1] of a function with simple zeros, by bisection to the last bit.
pub(crate) fn zeros(n: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let samples = 400 * n;
    let at = |i: usize| -(std::f64::consts::PI * (i as f64 + 0.37) / samples as f64).cos();
    let mut found = Vec::with_capacity(n);
    for i in 0..samples.saturating_sub(1) {
        let (mut low, mut high) = (at(i), at(i + 1));
        if f(low).signum() == f(high).signum() {
            continue;
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if f(middle).signum() == f(low).signum() { low = middle } else { high = middle }
        }
        found.push(0.5 * (low + high));
    }
    found
}

/// Gauss-Legendre nodes and weights on \[-1, 1\], ascending: exact for polynomials of degree 2n -
/// 1.
pub(crate) fn gauss(n: usize) -> Vec<(f64, f64)> {
    let weight = |x: f64| 2.0 / ((1.0 - x * x) * legendre(n, x).1.powi(2));
    zeros(n, |x| legendre(n, x).0).into_iter().map(|x| (x, weight(x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauss_is_exact_for_polynomials_up_to_its_degree() {
        for n in [1, 2, 5, 16, 24] {
            let rule = gauss(n);
            for degree in 0..2 * n {
                let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(degree as i32)).sum();
                let exact = if degree % 2 == 0 { 2.0 / (degree + 1) as f64 } else { 0.0 };
                assert!((sum - exact).abs() < 32.0 * f64::EPSILON, "{n} {degree}");
            }
        }
    }
}
