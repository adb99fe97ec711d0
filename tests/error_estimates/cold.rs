//! A cold start.

use super::*;

#[test]
fn a_cold_start_is_known_to_its_own_size() {
    let text = "chain = { topology = 'open', bonds = 3, flip_rate = 1.0 }
                left.thermostat.temperature = 2.0
                right = { thermostat = { temperature = 1.0 }, force = { mean = 2.0 } }
                initial.temperature = '0'";
    let file = flipchain::scenario::Scenario::from_str_named(text, "inline", &[]).expect("valid");
    let (chain, law) = (Chain::new(&file), InitialLaw::new(&file));
    let given = [0.0, 1e-9, 1e-6, 1e-3, 0.1].map(|t| (t, 9.0));
    let times = given.map(|(t, _)| chain.microscopic_time(t, TimeScale::Diffusive));
    let exact = reference::moments(&chain, &law, 1.0, &given);
    let mut tally = Tally::default();
    for method in [Method::Auto, Method::Radau] {
        let plan = evolve::plan(&chain, &law, &times, method, true).expect("steps serve");
        let quiet = Monitor::default();
        let modal = Modal::new(&chain);
        let found = evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| true, &quiet);
        let found = found.expect("it ends").0;
        assert!(found[0].moments.covariance.as_ref().is_some_and(|c| c.iter().all(|x| *x == 0.0)));
        for ((solution, exact), time) in found.iter().zip(&exact).zip(&times) {
            let profile = Profile::new(&chain, solution, time.hi);
            let exact = columns(&exact_profile(&chain, *time, exact));
            let largest = profile.sizes().thermal;
            let stated = profile.errors.thermal;
            assert!(stated <= 1e-8 * largest, "τ = {time:e}: {stated:e} of {largest:e}");
            // Nothing is granted beside the estimates.
            tally.compare("a cold start", "steps", 1e-9, &[profile], &[exact], [0.0; 2]);
        }
    }
    tally.judge();
}
