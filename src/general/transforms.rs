//! The transformed moments of [`super::contour`], at one node of the contour or summed at one time.

use num_complex::Complex64;

/// Transforms at one s, or what they sum up to at one time.
pub(super) struct Parts<T> {
    /// w, along the line.
    pub mean: Vec<T>,
    /// θ, k Var r and, with pinning, Var q, less those of the Gibbs state.
    pub kinetic: Vec<T>,
    pub elongation: Vec<T>,
    pub displacement: Vec<T>,
    /// -Cov(p_n, r_(n+1)) k/m, and what is missing at the right end.
    pub current: Vec<T>,
    /// ∫w, ∫θ, ∫ū² and ∫Σ2γū².
    pub mean_integral: Vec<T>,
    pub kinetic_integral: Vec<T>,
    pub square_integral: Vec<T>,
    pub heat: T,
}

impl Parts<Complex64> {
    fn lists(&self) -> [&Vec<Complex64>; 8] {
        let Parts { mean, kinetic, elongation, displacement, current, .. } = self;
        let integrals = [&self.mean_integral, &self.kinetic_integral, &self.square_integral];
        let [a, b, c] = integrals;
        [mean, kinetic, elongation, displacement, current, a, b, c]
    }

    /// Zeros of the same lengths.
    pub fn zeros(&self) -> Parts<f64> {
        let [mean, kinetic, elongation, displacement, current, a, b, c] =
            self.lists().map(|list| vec![0.0; list.len()]);
        let (mean_integral, kinetic_integral, square_integral) = (a, b, c);
        Parts {
            mean,
            kinetic,
            elongation,
            displacement,
            current,
            mean_integral,
            kinetic_integral,
            square_integral,
            heat: 0.0,
        }
    }

    /// Adds Re(weight ·) to a sum.
    pub fn add_to(&self, sum: &mut Parts<f64>, weight: Complex64) {
        let sums = [
            &mut sum.mean,
            &mut sum.kinetic,
            &mut sum.elongation,
            &mut sum.displacement,
            &mut sum.current,
            &mut sum.mean_integral,
            &mut sum.kinetic_integral,
            &mut sum.square_integral,
        ];
        for (sum, list) in sums.into_iter().zip(self.lists()) {
            sum.iter_mut().zip(list).for_each(|(sum, x)| *sum += (weight * x).re);
        }
        sum.heat += (weight * self.heat).re;
    }
}
