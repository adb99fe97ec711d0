//! The Taylor series of a step: its length, its terms, and sums over them.

use super::band::Band;

/// h‖𝓛‖ and h times the highest frequency of a force.
pub(super) const STEP: f64 = 3.0;
/// Terms of a series at most; STEP^k/k! is far below a rounding there.
pub(super) const TERMS: usize = 80;

/// A bound of a part that is cut off term k+1 together with everything that would have followed
/// from it, in units of that part: Σ_j STEP^j (k+1)!/(k+1+j)!.
pub(super) fn growth() -> [f64; TERMS] {
    let (mut grows, mut after) = ([1.0; TERMS], 1.0);
    for k in (0..TERMS).rev() {
        after = 1.0 + STEP / (k + 2) as f64 * after;
        grows[k] = after;
    }
    grows
}

/// Σ_j z_j z_(k-j), entry by entry.
pub(super) fn square(z: &[Vec<f64>], k: usize) -> Vec<f64> {
    let mut sum = vec![0.0; z[0].len()];
    for j in 0..=k {
        let pairs = z[j].iter().zip(&z[k - j]);
        sum.iter_mut().zip(pairs).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sum
}

pub(super) fn add(sum: &mut Band, term: &Band) {
    for (d, row) in term.rows.iter().enumerate() {
        match sum.rows.get_mut(d) {
            Some(sum) => sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x),
            None => sum.rows.push(row.clone()),
        }
    }
}
