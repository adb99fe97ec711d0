//! (σ - B) z = f in the modes, O(N log N): the equation of the means.
//!
//! Without friction the modes are pairs, each solved by itself: σ r - a p = f_r, (σ + 2γ) p + a r =
//! f_p, so that p = (σ f_p - a f_r)/(σ(σ + 2γ) + a²). Friction adds -λ p(e) e at an end e: p = p⁰ -
//! Σ_i λ_i p(e_i) g_i with g_i the answer to e_i. The end momenta p(e_i) follow from a system of
//! their own.

use super::SolveError;
use super::friction::End;
use super::interface::Interface;
use faer::Mat;
use faer::linalg::solvers::Solve;
use num_complex::Complex64;

/// A map of real vectors applied to the two parts of a complex one, behind `pad` zeros.
fn mapped(values: &[Complex64], pad: usize, map: impl Fn(&mut [f64])) -> Vec<Complex64> {
    let part = |take: fn(&Complex64) -> f64| {
        let mut v = vec![0.0; pad];
        v.extend(values.iter().map(take));
        map(&mut v);
        v
    };
    part(|z| z.re).into_iter().zip(part(|z| z.im)).map(|(re, im)| Complex64::new(re, im)).collect()
}

/// z at the shift of `interface`, in the theory's order.
pub(super) fn solve(
    interface: &Interface<'_>,
    f: &[Complex64],
) -> Result<Vec<Complex64>, SolveError> {
    let Interface { modes, ends, shape, flip_rate, shift, .. } = *interface;
    let (m, pad) = (modes.count(), modes.padding());
    let (f_r, f_p) = f.split_at(m - pad);
    let f_r = mapped(f_r, pad, |v| modes.elongation_to_modes(v));
    let f_p = mapped(f_p, 0, |v| modes.momentum_to_modes(v));
    let c = shift + 2.0 * flip_rate;
    let free = |f_r: &[Complex64], f_p: &[Complex64]| -> (Vec<Complex64>, Vec<Complex64>) {
        (0..m)
            .map(|k| {
                let a = modes.frequency[k];
                if a == 0.0 && !modes.is_ring() {
                    return (Complex64::ZERO, f_p[k] / c);
                }
                let det = shift * c + a * a;
                ((c * f_r[k] + a * f_p[k]) / det, (shift * f_p[k] - a * f_r[k]) / det)
            })
            .unzip()
    };
    let (mut r, mut p) = free(&f_r, &f_p);
    let at = |end: &End, p: &[Complex64]| -> Complex64 {
        (0..m).map(|k| p[k] * (end.at(k) * shape[k])).sum()
    };
    let answer = |end: &End| {
        let shape: Vec<Complex64> = (0..m).map(|k| (end.at(k) * shape[k]).into()).collect();
        free(&vec![Complex64::ZERO; m], &shape)
    };
    let answers: Vec<_> = ends.iter().map(answer).collect();
    let matrix = Mat::from_fn(ends.len(), ends.len(), |i, j| {
        Complex64::from(if i == j { 1.0 } else { 0.0 })
            + at(&ends[i], &answers[j].1) * ends[j].friction
    });
    let momenta =
        matrix.partial_piv_lu().solve(&Mat::from_fn(ends.len(), 1, |i, _| at(&ends[i], &p)));
    for (j, (end, (answer_r, answer_p))) in ends.iter().zip(&answers).enumerate() {
        let factor = momenta[(j, 0)] * end.friction;
        r.iter_mut().zip(answer_r).for_each(|(r, a)| *r -= factor * a);
        p.iter_mut().zip(answer_p).for_each(|(p, a)| *p -= factor * a);
    }
    let mut z = mapped(&r, 0, |v| modes.elongation_to_sites(v))[pad..].to_vec();
    z.extend(mapped(&p, 0, |v| modes.momentum_to_sites(v)));
    if z.iter().all(|z| z.is_finite()) { Ok(z) } else { Err(SolveError::Singular { shift }) }
}
