//! Chains without correlations.

use super::*;

#[test]
fn what_has_no_correlations_is_refused_with_its_reason() {
    let ask = |chain: &Chain, of: &str, energy: bool| {
        let of = vec![of.parse().unwrap()];
        let asked = TwoTime { of, lags: vec![0.0, 1.0], energy, ..TwoTime::default() };
        let law = InitialLaw::local_gibbs(chain, |_| 1.0).unwrap();
        flipchain::correlations(chain, Some(&law), asked, &Options::default())
    };
    let pinned = random_chain(2, 4, true, false);
    let error = ask(&pinned, "r:1", false).unwrap_err().to_string();
    assert!(error.contains("q:0 to q:4 and p:0 to p:4"), "{error}");
    let error = ask(&pinned, "q:1", true).unwrap_err().to_string();
    assert!(error.contains("found a force; allowed: equilibrium"), "{error}");
    let unpinned = random_chain(1, 4, false, false);
    let error = ask(&unpinned, "q:1", false).unwrap_err().to_string();
    assert!(error.contains("r:1 to r:4"), "{error}");
    let mut warmer = equilibrium(1, 4, false, true);
    Arc::make_mut(warmer.general.as_mut().unwrap()).thermostats[0].1.temperature = 2.0;
    let error = ask(&warmer, "p:1", true).unwrap_err().to_string();
    assert!(error.contains("thermostats at 2 and 1.3"), "{error}");
    let still = Chain::open(4)
        .flip_rate([1.0, 0.0, 1.0, 1.0, 1.0].to_vec())
        .left(Thermostat::at(1.0))
        .force(Force::periodic(0.0, 3.0).harmonic(1, 1.0, 0.0))
        .build()
        .unwrap();
    let error = ask(&still, "p:1", false).unwrap_err().to_string();
    assert!(error.contains("neither flips nor a thermostat"), "{error}");
    // Without thermostats the Gibbs state stays what it is.
    let alone = equilibrium(1, 4, true, false);
    let found = ask(&alone, "q:2", true).unwrap();
    assert!(found.covariances[0].at_lags.values[0][2] > 0.0 && found.energies.len() == 1);
}
