//! The cost of the steps of [`super::evolve`].

use super::STAGES;
use crate::chain::Chain;
use crate::cost::Cost;
use crate::covariance::literal::Literal;
use crate::general::Model;
use crate::general::mean::{forces_of, highest_frequency};
use faer::Mat;

/// Bonds up to which the price knows the modes.
const FEW: usize = 50;

/// The cost of the evolution to a time. It was within a factor of two for the chains that were
/// tried; forces that oscillate under frequent flips (γ = 5) took five times as much.
pub fn expected(chain: &Chain, last: f64, tolerance: f64) -> Cost {
    let n = chain.coordinates() as f64;
    let a_step = 1e-4 + 5e-7 * n * n + 6.5e-8 * n * n * n;
    Cost {
        bytes: held(chain.bonds) as f64 * Literal::bytes(chain.bonds),
        seconds: a_step * expected_steps(chain, last, tolerance),
    }
}

/// Factorizations that are kept: those of a whole step and of its halves, where they are small.
pub(super) fn held(bonds: usize) -> usize {
    match 6.0 * Literal::bytes(bonds) <= Literal::LARGEST / 8.0 {
        true => 2 * STAGES.div_ceil(2),
        false => 1,
    }
}

/// Steps follow the fastest wave that is still felt, and then grow.
pub(super) fn expected_steps(chain: &Chain, last: f64, tolerance: f64) -> f64 {
    let model = Model::new(chain);
    let digits = -tolerance.max(1e-13).log10();
    let mut modes = match chain.bonds <= FEW {
        true => modes(chain),
        false => vec![[model.largest_frequency(), model.least_damping()]],
    };
    modes.sort_by(|a, b| b[0].total_cmp(&a[0]));
    let (mut waves, mut reached) = (0.0, 0.0);
    for [frequency, damping] in modes {
        let until = last.min(2.3 * digits / damping.max(1e-300)).max(reached);
        waves += frequency * (until - reached);
        reached = until;
    }
    let turned = highest_frequency(chain, &forces_of(chain)) * last;
    let roots = 2.4 * 10f64.powf((digits - 9.0) / 9.0);
    10.0 + digits + roots * (waves + 2.0 * turned)
}

/// Frequency and damping of every mode of the means. O(N³).
pub(crate) fn modes(chain: &Chain) -> Vec<[f64; 2]> {
    let n = chain.coordinates();
    let mut drift = Mat::<f64>::zeros(n, n);
    chain.drift().iter().for_each(|(&b, (i, k))| drift[(i, k)] += b);
    let found = drift.eigenvalues().unwrap_or_default();
    found.iter().map(|mode| [mode.im.abs(), -mode.re]).collect()
}
