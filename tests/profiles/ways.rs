//! The ways to profiles where flips are rare, chains short or outputs early.

use super::*;

#[test]
fn early_profiles_of_a_long_chain_come_from_the_stencil() {
    let mut random = ChaCha8Rng::seed_from_u64(54);
    let quiet = Monitor::default();
    for ends in [[Some((2.0, 1.0)), Some((1.0, 0.3))], [None, Some((0.5, 4.0))]] {
        let chain = chain(230, 0.6, ends, 1.5);
        let law = random_law(&mut random, &chain);
        let times = [0.0, 0.3, 2.0, 6.0];
        let plan = evolve::plan(&chain, &law, &times, Method::Profiles, false).expect("it serves");
        assert!(plan.stencil, "{plan:?}");
        let modal = Modal::new(&chain);
        let found = evolve::evolve(&modal, &law, &times, &plan, 1e-9, |_| false, &quiet)
            .expect("it ends")
            .0;
        let judge =
            radau::evolve(&modal, &law, &times, 1e-10, |_| false, &quiet).expect("it ends").0;
        assert_same(&found, &judge, &plan.reason);
        // The error is stated, and not far from the tolerance.
        assert!(
            found.iter().all(|s| s.errors.var_p < 1e-9),
            "{:?}",
            found.iter().map(|s| s.errors).collect::<Vec<_>>()
        );
    }
}

#[test]
fn profiles_earlier_than_the_contour_reaches_are_refused() {
    let chain = chain(20, 0.01, [Some((1.0, 1.0)), None], 0.0);
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(55), &chain);
    let earliest = evolve::profiles::earliest(&chain, &law).expect("it serves");
    let refused = evolve::profiles::evolve(
        &chain,
        &law,
        &[0.9 * earliest, 2.0 * earliest],
        1e-9,
        &Monitor::default(),
    );
    let message = refused.expect_err("it is too early").to_string();
    assert!(message.contains("τ = 5.400e3") && message.contains("τ = 6.000e3"), "{message}");
}

#[test]
fn flips_too_rare_for_the_quadrature_leave_the_stencil_the_covariance_and_a_ring_at_rest() {
    let quiet = Monitor::default();
    let open = chain(40, 9e-5, [Some((2.0, 1.0)), Some((1.0, 0.3))], 0.0);
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(56), &open);
    let plan = |chain: &Chain, law: &InitialLaw, times: &[f64], method| {
        evolve::plan(chain, law, times, method, false)
    };
    // Late: by the covariance, though it was not asked for.
    let late = plan(&open, &law, &[1e7], Method::Auto).expect("it serves");
    assert!(!late.without_covariance && late.stepped == 0, "{late:?}");
    // Early, in a long chain: its narrow band.
    let long = Chain { bonds: 4000, ..open.clone() };
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(57), &long);
    let early = plan(&long, &law, &[1.0], Method::Auto).expect("it serves");
    assert!(early.stencil, "{early:?}");
    // The longer the chain, the more so: steps would need the whole covariance.
    let longest = Chain { bonds: 100_000, ..open.clone() };
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(58), &longest);
    let early = plan(&longest, &law, &[1.0, 50.0], Method::Auto).expect("it serves");
    assert!(early.stencil, "{early:?}");
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(57), &long);
    let refused = evolve::profiles::evolve(&long, &law, &[1e7], 1e-9, &quiet);
    assert!(refused.is_err_and(|error| error.to_string().contains("inf")));
    // All bonds of a ring alike: a closed form for each wave, however rare the flips.
    let ring = Chain { topology: Topology::Ring, bonds: 30, left: None, right: None, ..open };
    let profile = |n: usize| 1.0 + 0.5 * (n as f64 / 30.0 * 2.0 * std::f64::consts::PI).sin();
    let variances: Vec<f64> = (0..30).map(profile).collect();
    let law = InitialLaw {
        mean_r: vec![0.1; 30],
        mean_p: vec![0.0; 30],
        var_r: variances.clone(),
        var_p: variances,
        covariance: None,
    };
    let times = [1e6, 3e7];
    let alone = plan(&ring, &law, &times, Method::Profiles).expect("it serves");
    let modal = Modal::new(&ring);
    let found =
        evolve::evolve(&modal, &law, &times, &alone, 1e-8, |_| false, &quiet).expect("it ends").0;
    let judge = contour::evolve(&modal, &law, &times, 1e-8, |_| false, &quiet).expect("it ends").0;
    assert_same(&found, &judge, &alone.reason);
}

#[test]
fn a_short_chain_is_not_stepped_through_where_no_output_needs_it() {
    let chain = chain(150, 3.0, [Some((2.0, 1.0)), Some((1.0, 0.3))], 1.0);
    let law = random_law(&mut ChaCha8Rng::seed_from_u64(58), &chain);
    // Later than 60/γ, and the first earlier than 300/γ.
    let plan = evolve::plan(&chain, &law, &[25.0, 4e4], Method::Auto, false).expect("it serves");
    assert!(plan.without_covariance && (plan.stepped == 0 || plan.stencil), "{plan:?}");
    let plan = evolve::plan(&chain, &law, &[25.0, 4e4], Method::Auto, true).expect("it serves");
    assert!(!plan.without_covariance && plan.stepped == 1, "{plan:?}");
}

#[test]
fn the_covariance_is_taken_where_rare_flips_make_it_quicker_and_it_reaches_the_tolerance() {
    let ends = [Some((2.0, 1.0)), Some((1.0, 0.8))];
    let at = |bonds: usize, flip_rate: f64| chain(bonds, flip_rate, ends, 1.0);
    // Energy crosses the chain between flips.
    let ballistic = at(300, 1e-3);
    assert!(
        !steady::profiles::is_best(&ballistic, 1e-9)
            && steady::profiles::is_best(&ballistic, 1e-11)
    );
    // What it is said to reach it does.
    let found = steady::covariance(&Modal::new(&ballistic)).expect("it settles").0;
    let size = largest(&found.moments.variance);
    assert!(found.errors.var_p < 2e-10 * size, "{:.1e}", found.errors.var_p / size);
    // A small chain with rare flips is solved directly.
    assert!(!steady::profiles::is_best(&at(20, 1e-2), 1e-9));
    // Quick enough, diffusive, too long for a covariance.
    for chain in [at(200, 2e-2), at(1000, 1.0), at(100_000, 1e-3)] {
        assert!(
            steady::profiles::is_best(&chain, 1e-9),
            "N = {}, γ = {}",
            chain.bonds,
            chain.flip_rate
        );
    }
}
