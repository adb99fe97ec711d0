//! The law at time 0 in a run directory.

use super::done;
use flipchain::chain::{Chain, InitialLaw, InitialProfiles};
use flipchain::{Answer, Existing, Keep, Options, Thermostat, Times, evolve, limit};
use std::path::Path;

/// Saves the runs of two laws that no scenario says, `independent` and `correlated`.
pub(super) fn save_runs_of_numbers(at: &Path) {
    let chain = Chain::open(4).flip_rate(0.3).left(Thermostat::at(2.0)).build().unwrap();
    let (x_r, x_p) = (chain.elongation_positions(), chain.momentum_positions());
    let on = |x: &[f64], f: fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<f64>>();
    let (mean_r, mean_p) = (on(&x_r, |x| x / 3.0), on(&x_p, |x| 0.1 - x * x));
    let (var_r, var_p) = (on(&x_r, |x| 1.0 + x), on(&x_p, |x| (2.0 * x).exp()));
    let independent = InitialLaw::from_arrays(&chain, [&mean_r, &mean_p], [&var_r, &var_p]);
    let independent = independent.unwrap();
    let correlated = InitialLaw::correlated(independent.clone(), 1.5, false);
    let options = Options { covariance: Keep::All, ..Options::default() };
    let times = Times::diffusive([0.0, 0.1, 1.0]);
    for (law, name) in [(independent, "independent"), (correlated, "correlated")] {
        let run = evolve(&chain, &law, &times, &options).unwrap();
        run.save(at.join(name), Existing::default()).unwrap();
    }
}

/// A law that was given as numbers is filed beside scenario.toml, so that it runs again; functions
/// of x are in no file, which scenario.toml says.
#[test]
fn a_saved_run_whose_law_was_given_as_numbers_can_be_run_again() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    save_runs_of_numbers(at);
    for name in ["independent", "correlated"] {
        let said = std::fs::read_to_string(at.join(name).join("scenario.toml")).unwrap();
        assert!(said.contains("covariance = \"initial.npz\"") && said.contains("as numbers"));
        let (scenario, again) = (format!("{name}/scenario.toml"), format!("{name}-again"));
        done(at, &["evolve", &scenario, "-o", &again, "--covariance"]);
        for file in ["profiles.csv", "series.csv", "covariance.npz"] {
            let read = |place: &str| std::fs::read(at.join(place).join(file)).unwrap();
            assert!(read(name) == read(&again), "{name}: {file}");
        }
        // One that a scenario says is not filed.
        assert!(!at.join(again).join("initial.npz").exists());
    }
    let ends = Chain::open(4).left(Thermostat::at(2.0)).right(Thermostat::at(1.0)).build().unwrap();
    let law = InitialProfiles::local_gibbs(|x| 2.0 - x);
    let times = Times::diffusive([0.1]);
    let run = limit(&ends, Some(&law), Some(&times), &Options::default()).unwrap();
    run.save(at.join("limit"), Existing::default()).unwrap();
    let said = std::fs::read_to_string(at.join("limit/scenario.toml")).unwrap();
    assert!(said.contains("without its initial law"), "{said}");
}
