//! Energies of the chain's own modes: travelling waves on the ring, standing waves on the open
//! chain (docs/theory/harmonic.md, (9.4)).
//!
//! Ring, k = j/N, x̂(k) = Σ_n x_n e^(-2πikn): φ(k) = 2|sin πk| q̂(k) + i p̂(k), dφ/dτ = -i ω φ
//! without flips, ω = 2|sin πk|; energy E|φ(k)|²/2N. With the cosine and sine modes (r_c, p_c),
//! (r_s, p_s) of the same wave, |φ(±k)|²/2N = ((r_c ± p_s)² + (p_c ∓ r_s)²)/4. Open chain, k =
//! j/2(N+1): energy E(p_j² + r_j²)/2 of the standing wave j, ω = 2 sin πk. The energies of all k
//! add up to that of the chain. O(N² log N) from a covariance; error: [`error`].

use crate::chain::Chain;
use crate::chain::modes::Modes;
use crate::covariance::moments::{Moments, Solution};
use crate::scenario::Topology;
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use std::fmt::Write as _;

/// One mode at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phonon {
    /// Wave number in [0, 1) on the ring (above 1/2: running to the left), in [0, 1/2) on the open
    /// chain.
    pub k: f64,
    /// ω = 2|sin πk|
    pub omega: f64,
    /// Energy, that of the means included.
    pub energy: f64,
    /// energy/ω, the action; `None` at ω = 0.
    pub occupation: Option<f64>,
    /// The energy of the means.
    pub mean_energy: f64,
}

/// All modes, ascending in k; `None` without the covariance.
pub fn phonons(chain: &Chain, moments: &Moments) -> Option<Vec<Phonon>> {
    let covariance = moments.covariance.as_ref()?;
    let modes = Modes::new(chain);
    let means = modes.of_coordinates(&moments.mean).concat();
    let means = |i: usize, j: usize| means[i] * means[j];
    let entries = in_modes(&modes, covariance);
    let count = modes.count();
    let energy =
        |product: &dyn Fn(usize, usize) -> f64, cosine: usize, sine: Option<(usize, f64)>| {
            let (r, p) = (cosine, count + cosine);
            let own = product(r, r) + product(p, p);
            match sine {
                None => own / 2.0,
                Some((sine, sign)) => {
                    let (r_s, p_s) = (sine, count + sine);
                    let crossed = product(r, p_s) - product(p, r_s);
                    (own + product(r_s, r_s) + product(p_s, p_s) + 2.0 * sign * crossed) / 4.0
                }
            }
        };
    let denominator = match chain.topology {
        Topology::Open => 2 * count,
        Topology::Ring => count,
    };
    let phonon = |j: usize| {
        // The wave j of the ring is the pair of j and N - j; alone are 0 and, of an even ring, N/2.
        let wave = if chain.topology == Topology::Ring { j.min(count - j) } else { j };
        let (cosine, sine) = if chain.topology == Topology::Open || wave == 0 {
            (wave, None)
        } else if 2 * wave == count {
            (count - 1, None)
        } else {
            (wave, Some((count.div_ceil(2) + wave - 1, if j == wave { 1.0 } else { -1.0 })))
        };
        let omega = modes.frequency[cosine];
        let mean_energy = energy(&means, cosine, sine);
        let energy = energy(&|i, j| entries[[i, j]], cosine, sine) + mean_energy;
        let occupation = (omega > 0.0).then(|| energy / omega);
        Phonon { k: j as f64 / denominator as f64, omega, energy, occupation, mean_energy }
    };
    Some((0..count).map(phonon).collect())
}

/// Estimated largest error of a mode's energy: an error e of every site's variance or mean, spread
/// over the n coordinates, is up to √n e in a mode.
pub fn error(solution: &Solution, phonons: &[Phonon]) -> f64 {
    let (errors, n) = (&solution.errors, solution.moments.mean.len() as f64);
    let amplitude = phonons.iter().fold(0.0, |m: f64, p| m.max(2.0 * p.mean_energy)).sqrt();
    n.sqrt() * ((errors.var_r + errors.var_p) / 2.0 + amplitude * (errors.mean_r + errors.mean_p))
}

/// The covariance of the modes.
fn in_modes(modes: &Modes, covariance: &Array2<f64>) -> Array2<f64> {
    let half = along_rows(modes, covariance);
    along_rows(modes, &half.t().to_owned())
}

fn along_rows(modes: &Modes, matrix: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros((matrix.nrows(), 2 * modes.count()));
    let rows: Vec<_> = out.axis_iter_mut(Axis(0)).zip(matrix.axis_iter(Axis(0))).collect();
    rows.into_par_iter().for_each(|(mut out, row)| {
        out.iter_mut()
            .zip(modes.of_coordinates(&row.to_vec()).concat())
            .for_each(|(to, from)| *to = from);
    });
    out
}

/// modes.csv: t,k,omega,energy,occupation,mean_energy, one row for each time and mode, 17 digits;
/// occupation is empty where ω = 0.
pub fn modes_csv<'a>(times: impl Iterator<Item = (f64, &'a [Phonon])>) -> String {
    let mut csv = String::from("t,k,omega,energy,occupation,mean_energy\n");
    for (time, phonons) in times {
        for p in phonons {
            let occupation = p.occupation.map_or(String::new(), |n| format!("{n:.16e}"));
            let _ = writeln!(
                csv,
                "{time:.16e},{:.16e},{:.16e},{:.16e},{occupation},{:.16e}",
                p.k, p.omega, p.energy, p.mean_energy
            );
        }
    }
    csv
}
