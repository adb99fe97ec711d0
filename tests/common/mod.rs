//! What several tests start from.

use flipchain::chain::{Chain, InitialLaw};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Independent coordinates: means from -1 to 1, variances from 0.1 to 1.
pub fn law(chain: &Chain, random: &mut ChaCha8Rng) -> InitialLaw {
    let mut values =
        |n: usize, low: f64| (0..n).map(|_| random.random_range(low..1.0)).collect::<Vec<f64>>();
    InitialLaw {
        mean_r: values(chain.bonds, -1.0),
        mean_p: values(chain.atoms(), -1.0),
        var_r: values(chain.bonds, 0.1),
        var_p: values(chain.atoms(), 0.1),
        ..Default::default()
    }
}
