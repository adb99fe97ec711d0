//! GMRES, preconditioned from the right, with restarts as iterative refinement (Saad and Schultz,
//! SIAM J. Sci. Stat. Comput. 7, 1986).

use super::vector::Vector;
use crate::monitor::{Interrupted, Monitor, Progress};
use num_complex::Complex64;

/// The result of the iteration.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub iterations: usize,
    /// ‖b - A x‖/‖b‖, evaluated anew at the end.
    pub residual: f64,
    /// The next correction that refinement would make, to a tenth of itself, for each evaluation of
    /// the residual: samples of the error of x.
    pub errors: Vec<Vector>,
}

/// Each cycle gains at most this factor before the residual is evaluated anew.
const CYCLE_GAIN: f64 = 1e-10;
/// The last correction is an estimate of the error and is not added: a tenth of itself is enough.
const ESTIMATE: f64 = 0.1;
/// Iterations in one cycle at most.
const CYCLE_LENGTH: usize = 240;
/// Cycles at most.
const CYCLES: usize = 8;

/// Solves A x = b from the `guess` (0 if there is none) to ‖b - Ax‖ ≤ tolerance ‖b‖, or until
/// rounding stops it: `apply` is A, `precondition` is P⁻¹. The residual reached is returned,
/// whatever it is. `monitor` hears of every iteration. `again` evaluates the residual of x with
/// other roundings, as often as its caller wants: what the coefficients of A lose by cancellation
/// does not show in a residual made of the same coefficients.
pub(crate) fn solve(
    b: &Vector,
    guess: Option<Vector>,
    tolerance: f64,
    monitor: &Monitor,
    apply: &dyn Fn(&Vector) -> Vector,
    precondition: &dyn Fn(&Vector) -> Vector,
    again: &dyn Fn(&Vector) -> Vec<Vector>,
) -> Result<(Vector, Outcome), Interrupted> {
    let zero = || Vector::zeros(b.len(), b.is_complex());
    let norm = b.norm();
    let mut outcome = Outcome { iterations: 0, residual: 0.0, errors: Vec::new() };
    if norm == 0.0 {
        outcome.errors.push(zero());
        return Ok((zero(), outcome));
    }
    let residual_of = |x: &Vector| {
        let mut residual = b.clone();
        residual.add(-Complex64::ONE, &apply(x));
        residual
    };
    let guess = guess.map(|x| (residual_of(&x), x));
    let better = guess.filter(|(residual, _)| residual.norm() < norm);
    let (mut residual, mut x) = better.unwrap_or_else(|| (b.clone(), zero()));
    let mut useless = None;
    outcome.residual = residual.norm() / norm;
    let watch = |iterations: usize, residual: f64| {
        let share = residual.ln() / tolerance.max(f64::MIN_POSITIVE).ln();
        let progress =
            Progress { share, time: f64::INFINITY, solves: iterations, ..Default::default() };
        monitor.advance(progress)
    };
    for _ in 0..CYCLES {
        if outcome.residual <= tolerance {
            break;
        }
        let goal = (0.5 * tolerance / outcome.residual).max(CYCLE_GAIN);
        let seen = |iterations: usize, left: f64| {
            watch(outcome.iterations + iterations, outcome.residual * left)
        };
        let (correction, iterations) = cycle(&residual, goal, apply, precondition, &seen)?;
        let correction = precondition(&correction);
        let mut next = x.clone();
        next.add(Complex64::ONE, &correction);
        let left = residual_of(&next);
        let reached = left.norm() / norm;
        outcome.iterations += iterations;
        if reached.is_nan() || reached >= outcome.residual {
            useless = Some(correction);
            break;
        }
        let stalled = reached > 0.25 * outcome.residual;
        (x, residual, outcome.residual) = (next, left, reached);
        if reached <= tolerance || stalled {
            break;
        }
    }
    let mut judged = again(&x);
    if judged.is_empty() {
        if let Some(correction) = useless {
            outcome.errors.push(correction);
            return Ok((x, outcome));
        }
        judged.push(residual);
    }
    for residual in judged {
        if residual.norm() == 0.0 {
            outcome.errors.push(residual);
            continue;
        }
        let seen = |iterations: usize, _| watch(outcome.iterations + iterations, outcome.residual);
        let (correction, iterations) = cycle(&residual, ESTIMATE, apply, precondition, &seen)?;
        outcome.iterations += iterations;
        outcome.errors.push(precondition(&correction));
    }
    Ok((x, outcome))
}

/// One cycle: y with ‖r - A P⁻¹ y‖ ≤ goal ‖r‖ where it gets there. `seen` gets the iterations and
/// ‖r - A P⁻¹ y‖/‖r‖.
fn cycle(
    r: &Vector,
    goal: f64,
    apply: &dyn Fn(&Vector) -> Vector,
    precondition: &dyn Fn(&Vector) -> Vector,
    seen: &dyn Fn(usize, f64) -> Result<(), Interrupted>,
) -> Result<(Vector, usize), Interrupted> {
    let norm = r.norm();
    let mut basis = vec![r.clone()];
    basis[0].scale(1.0 / norm);
    // Columns of the triangular factor, the rotations that made it, and the rotated right-hand
    // side.
    let (mut columns, mut rotations) =
        (Vec::<Vec<Complex64>>::new(), Vec::<(f64, Complex64)>::new());
    let mut rhs = vec![Complex64::new(norm, 0.0)];
    while columns.len() < CYCLE_LENGTH.min(r.len()) {
        let mut v = apply(&precondition(basis.last().expect("the basis is not empty")));
        let scale = v.norm();
        let mut column: Vec<Complex64> = basis
            .iter()
            .map(|u| {
                let h = u.dot(&v);
                v.add(-h, u);
                h
            })
            .collect();
        let mut beta = v.norm();
        if beta < 0.1 * scale {
            // Orthogonalize twice where the first time cancels.
            for (u, h) in basis.iter().zip(&mut column) {
                let more = u.dot(&v);
                v.add(-more, u);
                *h += more;
            }
            beta = v.norm();
        }
        for (j, &(c, s)) in rotations.iter().enumerate() {
            let (up, down) = (column[j], column[j + 1]);
            column[j] = c * up + s * down;
            column[j + 1] = -s.conj() * up + c * down;
        }
        let diagonal = column[column.len() - 1];
        let length = (diagonal.norm_sqr() + beta * beta).sqrt();
        let (c, s) = if diagonal.norm() == 0.0 {
            (0.0, Complex64::ONE)
        } else {
            (diagonal.norm() / length, diagonal / diagonal.norm() * beta / length)
        };
        let last = column.len() - 1;
        column[last] = c * diagonal + s * beta;
        let g = rhs[last];
        rhs[last] = c * g;
        rhs.push(-s.conj() * g);
        columns.push(column);
        rotations.push((c, s));
        seen(columns.len(), rhs[last + 1].norm() / norm)?;
        if rhs[last + 1].norm() <= goal * norm || beta <= f64::EPSILON * scale {
            break;
        }
        v.scale(1.0 / beta);
        basis.push(v);
    }
    let m = columns.len();
    let mut y = rhs[..m].to_vec();
    for i in (0..m).rev() {
        for j in i + 1..m {
            let yj = y[j];
            y[i] -= columns[j][i] * yj;
        }
        y[i] /= columns[i][i];
    }
    let mut x = Vector::zeros(r.len(), r.is_complex());
    y.iter().zip(&basis).for_each(|(&y, v)| x.add(y, v));
    Ok((x, m))
}
