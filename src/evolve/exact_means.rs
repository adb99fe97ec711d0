//! The means of a small chain in 32 digits, at any time: e^(B̃τ) of [`super::turning`] by squaring,
//! of which the means of a contour keep what its weights and solves round off, and those of other
//! ways where their roundings miss the tolerance. O(n³ log τ), 4 ns each; judge:
//! [`super::squaring`].

use super::turning::{LARGEST, Turning};
use crate::budget::rounding::{self, OF_32};
use crate::chain::{Chain, Double, InitialLaw};
use crate::covariance::direct;
use crate::covariance::moments::{Solution, largest};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::{Doublings, Power};
use crate::scenario::Topology;

/// Whether a chain is small enough.
pub(crate) fn serves(chain: &Chain) -> bool {
    chain.general.is_none() && chain.bonds <= LARGEST
}

/// Whether the contours of a chain take their means from here.
pub(super) fn of_contours(chain: &Chain) -> bool {
    direct::is_worth_it(chain) && serves(chain)
}

/// The means at a time.
pub(super) struct Means {
    /// z̃
    pub values: Vec<Double>,
    /// Their error.
    pub error: f64,
}

/// Puts them, and their errors, into `solutions` at ascending times, where they are known better
/// than before. With them comes the energy that leaves at the right end, because the work and what
/// friction takes of the mean motion may cancel.
pub(crate) fn put(chain: &Chain, law: &InitialLaw, solutions: &mut [Solution]) {
    let turning = Turning::new(chain);
    let times: Vec<Double> = solutions.iter().map(|solution| solution.moments.time).collect();
    let means = of(&turning, law, &times);
    let (n, bonds) = (chain.coordinates(), chain.bonds);
    for (solution, Means { values: z, error: lost }) in solutions.iter_mut().zip(means) {
        let error = |part: &[f64]| rounding::PRODUCT * largest(part) + lost;
        let mean: Vec<f64> = z[..n].iter().map(|z| z.hi).collect();
        let (r, p) = mean.split_at(bonds);
        let Solution { moments, errors, parts, .. } = solution;
        let better = [error(r) < errors.mean_r, error(p) < errors.mean_p];
        if better[0] {
            moments.mean[..bonds].copy_from_slice(r);
            errors.mean_r = error(r);
        }
        if better[1] {
            moments.mean[bonds..].copy_from_slice(p);
            errors.mean_p = error(p);
            // A contour may know it better.
            let asked = chain.topology == Topology::Open && moments.leaving.is_none();
            let inflow = moments.inflow.filter(|_| asked);
            if let (Some([_, inflow]), [_, friction]) = (inflow, chain.friction()) {
                let leaving = turning.leaving(&z, inflow);
                let weight = turning.force(&z).hi.abs() + 2.0 * friction * z[n - 1].hi.abs();
                moments.leaving = Some(leaving);
                errors.correlation += rounding::PRODUCT * leaving.abs() + weight * lost;
            }
        }
        for (_, part) in parts {
            let kept = |better: bool, part: f64| if better { 0.0 } else { part };
            part.mean_r = kept(better[0], part.mean_r);
            part.mean_p = kept(better[1], part.mean_p);
        }
    }
}

/// The means at ascending times.
pub(super) fn of(turning: &Turning, law: &InitialLaw, times: &[Double]) -> Vec<Means> {
    let (chain, n) = (turning.chain, turning.coordinates());
    let constant = chain.force.harmonics.is_empty();
    let Some(still) = chain.stationary_mean_of::<Double>().filter(|_| constant) else {
        let start = turning.start(law);
        let of_time = |(values, time): (Vec<Double>, &Double)| {
            let all = start.iter().chain(&values).map(|z| z.hi);
            let error = turning.doubled(time.hi) * largest_of(all);
            Means { values, error }
        };
        let turned = turned(turning, &start, times).into_iter().map(|(z, _)| z);
        return turned.zip(times).map(of_time).collect();
    };
    // The distance from the stationary means fades, and its error with it.
    let free = chain.unforced();
    let free = Turning::new(&free);
    let start: Vec<Double> = free.start(law).iter().zip(&still).map(|(z, s)| *z - *s).collect();
    let size = largest_of(still.iter().map(|s| s.hi));
    let whole = |(w, error): (Vec<Double>, f64)| {
        let mut values: Vec<Double> = still.iter().zip(&w).map(|(s, w)| *s + *w).collect();
        values.resize(n.max(turning.size()), 1.0.into());
        Means { values, error: error + 2.0 * OF_32 * size }
    };
    turned(&free, &start, times).into_iter().map(whole).collect()
}

/// The rest of a deviation at a time, e^(Bτ) w.
pub(super) struct Left {
    pub w: Vec<f64>,
    /// The errors of its elongations and of its momenta.
    pub losses: [f64; 2],
}

/// The same at ascending times.
pub(super) fn left(chain: &Chain, w: &[f64], times: &[Double]) -> Vec<Left> {
    let free = chain.unforced();
    let start: Vec<Double> = w.iter().map(|&w| w.into()).collect();
    let rounded = |(w, lost): (Vec<Double>, f64)| {
        let w: Vec<f64> = w.iter().map(|w| w.hi).collect();
        let parts = w.split_at(chain.bonds);
        let losses = [parts.0, parts.1].map(|part| rounding::PRODUCT * largest(part) + lost);
        Left { w, losses }
    };
    turned(&Turning::new(&free), &start, times).into_iter().map(rounded).collect()
}

/// e^(B̃h) of a time 2^k h, its error, the roundings of a product with it, and its norm or 1.
#[derive(Clone)]
pub(super) struct Turn {
    pub power: Power,
    pub error: f64,
    pub rounding: f64,
    pub faded: f64,
}

/// The powers of e^(B̃h) up to the last time: with ‖e^(Bh)‖ ≤ 1 a squaring of e^(Bh) - 1 doubles
/// an error at most, and where the motion has faded, so has that. A power below 1/2 is held
/// as it is, so that it keeps its digits however small it becomes. What friction damps fast is gone
/// when slower rates come to matter, so those alone count ([`Turning::doubled`], which is a bound
/// without the fading).
pub(super) fn turns(turning: &Turning, last: f64) -> (Doublings, Vec<Turn>) {
    let step = turning.step();
    let doublings = Doublings::up_to(last, step);
    let unit = OF_32 * turning.size() as f64;
    let rounded = |k: usize| unit * (4.0 * step * 2f64.powi(k as i32)).min(1.0);
    let mut power = turning.short(step.into());
    let mut error = rounded(0);
    let mut turns: Vec<Turn> = Vec::with_capacity(doublings.count + 1);
    let mut whole = false;
    for k in 0..=doublings.count {
        let faded = power.norm().min(1.0);
        if faded < 0.5 && !whole {
            (power, whole) = (power.whole(), true);
        }
        let squared = (k < doublings.count).then(|| power.squared());
        let rounding = if whole { unit * faded } else { unit };
        turns.push(Turn { power, error, rounding, faded });
        let Some(squared) = squared else { break };
        let product = if whole { unit * faded * faded } else { rounded(k + 1) };
        error = 2.0 * faded * error + error * error + product;
        power = squared;
    }
    (doublings, turns)
}

/// e^(B̃t) z̃ at ascending times, and its error where B̃ = B.
fn turned(turning: &Turning, start: &[Double], times: &[Double]) -> Vec<(Vec<Double>, f64)> {
    let (doublings, turns) = turns(turning, times.last().map_or(0.0, |time| time.hi));
    let unit = OF_32 * turning.size() as f64;
    // No squares, which would vanish.
    let root = (turning.size() as f64).sqrt();
    let norm = |z: &[Double]| root * largest_of(z.iter().map(|z| z.hi));
    let at = |&time: &Double| {
        let (bits, left) = doublings.of(time);
        let first = turning.short(left).apply(start);
        let lost = unit * norm(start);
        let used = turns.iter().zip(bits).filter(|(_, bit)| *bit);
        used.fold((first, lost), |(z, lost), (turn, _)| {
            let size = norm(&z);
            (turn.power.apply(&z), turn.faded * lost + (turn.error + turn.rounding) * size)
        })
    };
    let most = largest_of(start.iter().map(|z| z.hi));
    let at = |time: &Double| {
        let (z, lost) = at(time);
        (z, lost.min(turning.doubled(time.hi) * most))
    };
    times.iter().map(at).collect()
}
