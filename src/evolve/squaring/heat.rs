//! What flips have made of the mean motion by a time: 2γ ∫ Σ p̄² in 32 digits.
//!
//! It is a quadratic form of the start, z̃ᵀ Q(t) z̃ with z̃' = B̃ z̃ of [`super::super::turning`]
//! and Q(2h) = Q(h) + e^(B̃ᵀh) Q(h) e^(B̃h). No term is negative. O(n³ log τ), 8 ns each.

use super::super::turning::Turning;
use crate::chain::{Chain, Double, InitialLaw};
use crate::numerics::wide_matrix::{Doublings, Form};

/// Terms of the series of a short step: 0.5²⁸/28! is below 10⁻³⁷.
const TERMS: usize = 28;

/// The heat at ascending times.
pub(super) fn of(chain: &Chain, law: &InitialLaw, times: &[Double]) -> Vec<f64> {
    let turning = Turning::new(chain);
    let start = turning.start(law);
    let step = turning.step();
    let doublings = Doublings::up_to(times.last().map_or(0.0, |time| time.hi), step);
    let pieces = times.iter().map(|&time| doublings.of(time));
    // The pieces of a time that it has, how far they have come, and the sum so far.
    let mut outputs: Vec<(Vec<bool>, Vec<Double>, Double)> = pieces
        .map(|(bits, left)| {
            let (z, heat) = briefly(&turning, &start, left);
            (bits, z, heat)
        })
        .collect();
    let mut power = turning.short(step.into());
    let mut form = short(&turning, step);
    for k in 0..=doublings.count {
        for (_, z, heat) in outputs.iter_mut().filter(|(bits, ..)| bits[k]) {
            *heat = *heat + form.of_vector(z);
            *z = power.apply(z);
        }
        if k < doublings.count {
            form = form.plus(&power.turned(&form));
            power = power.squared();
        }
    }
    outputs.iter().map(|(.., heat)| 2.0 * chain.flip_rate * heat.hi).collect()
}

/// z̃ a short time later, and the integral of Σ p̄², by the derivatives of z̃.
fn briefly(turning: &Turning, start: &[Double], time: Double) -> (Vec<Double>, Double) {
    let [first, end] = [turning.chain.bonds, turning.coordinates()];
    // The terms of z̃ at the end of the time.
    let mut terms = vec![start.to_vec()];
    for k in 1..=TERMS {
        let factor = time.divided(k as f64);
        let last = &terms[k - 1];
        let row = |row: &Vec<(usize, Double)>| {
            let row = row.iter().map(|(j, b)| *b * last[*j]);
            row.fold(Double::default(), Double::plus) * factor
        };
        terms.push(turning.rows.iter().map(row).collect());
    }
    let mut heat = Double::default();
    for (j, a) in terms.iter().enumerate() {
        for (k, b) in terms.iter().enumerate().take(TERMS + 1 - j) {
            let products = a[first..end].iter().zip(&b[first..end]).map(|(a, b)| *a * *b);
            let product = products.fold(Double::default(), Double::plus);
            heat = heat + product.divided((j + k + 1) as f64);
        }
    }
    let add = |sum: Vec<Double>, term: &Vec<Double>| {
        sum.iter().zip(term).map(|(sum, term)| *sum + *term).collect()
    };
    let z = terms[1..].iter().fold(start.to_vec(), add);
    (z, heat * time)
}

/// Q of a short step: Q' = B̃ᵀ Q + Q B̃ + 1_p, term by term.
fn short(turning: &Turning, step: f64) -> Form {
    let (size, n) = (turning.size(), turning.coordinates());
    let mut term = vec![Double::default(); size * size];
    (turning.chain.bonds..n).for_each(|p| term[p * size + p] = step.into());
    let mut sum = term.clone();
    for k in 2..=TERMS {
        let factor = Double::from(step).divided(k as f64);
        let mut next = vec![Double::default(); size * size];
        for (row, entries) in turning.rows.iter().enumerate() {
            for &(column, b) in entries {
                let b = b * factor;
                for i in 0..size {
                    let product = b * term[row * size + i];
                    next[column * size + i] = next[column * size + i] + product;
                    next[i * size + column] = next[i * size + column] + product;
                }
            }
        }
        term = next;
        sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum = *sum + *term);
    }
    Form::of(size, &sum)
}
