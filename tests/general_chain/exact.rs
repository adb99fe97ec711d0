//! What stays exact in long, weakly pinned and quickly flipping chains.

use super::*;

/// The long run beside the exponential in 32 digits at a time when nothing moves any more.
fn assert_stationary(chain: &Chain, method: Method, late: f64) {
    let options = Options { method, ..Options::default() };
    let run = steady(chain, None, &options).unwrap();
    let law = InitialLaw::local_gibbs(chain, |_| 1.0).unwrap();
    let (_, exact) = &reference::period(chain, &law, 1.0, late, 1)[0];
    let mut local = Local::of(chain, &exact.mean.to_vec(), exact.covariance.view());
    if chain.is_pinned() {
        [local.mean_r, local.var_r, local.correlation] = exact.stretches.clone();
    }
    let profile = local.profile(chain, late.into(), f64::INFINITY, Default::default());
    let columns = columns_of(run.at(0).profile()).into_iter().zip(columns_of(&profile));
    for ((name, found, error), (_, exact, _)) in columns {
        // Profiles are made of the judge's moments in doubles; it keeps 20 of forces of 10³.
        let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (a, b) in found.iter().zip(&exact) {
            let apart = (a - b).abs();
            let judge = 2e-15 * size + 1e-16;
            assert!(apart <= error + judge, "{method} {name}: {a} {b}, error {error:.1e}");
        }
    }
}

#[test]
fn strong_forces_that_cancel_leave_their_roundings_in_weakly_pinned_chains() {
    for pinning in [1e-2, 1e-4] {
        let chain = Chain::open(4)
            .flip_rate(0.3)
            .masses(vec![1.2, 0.7, 0.9, 1.1, 0.6])
            .springs(vec![0.7, 1.3, 1.1, 0.9])
            .pinning(pinning)
            .left(Thermostat::at(2.0))
            .force_at(1, Force::constant(1e3))
            .force_at(2, Force::constant(-1e3))
            .force(Force::constant(0.3));
        let chain = chain.build().unwrap();
        for method in [Method::Auto, Method::Literal] {
            assert_stationary(&chain, method, 200.0 / pinning);
        }
    }
}

#[test]
fn the_velocity_of_a_long_pulled_chain_is_as_exact_as_its_elongations() {
    // Equal steps lose a rounding each, all in one direction: sums of 10⁵ of them are compensated.
    let bonds = 100_000;
    let chain = Chain::open(bonds)
        .flip_rate(0.7)
        .springs((0..bonds).map(|n| 1.0 + n as f64 * 1e-8).collect::<Vec<f64>>())
        .left(Thermostat::at(2.0))
        .right(Thermostat::at(1.0))
        .force(Force::constant(2.0));
    let chain = chain.build().unwrap();
    let means = Means::new(&chain, &Model::new(&chain)).unwrap();
    let velocity = 2.0 / (2.0 * 0.7 * (bonds + 1) as f64 + 2.0);
    assert!((means.velocity / velocity - 1.0).abs() < 2e-15);
    for (n, (found, k)) in
        means.elongation.iter().zip(&chain.coefficients().unwrap().spring).enumerate()
    {
        let exact = (2.0 * 0.7 * (n + 1) as f64 + 1.0) * velocity / k;
        assert!((found - exact).abs() < 4e-15, "{n}: {found} {exact}");
    }
    let chain = Chain::open(300)
        .flip_rate(10.0)
        .masses(Coefficient::uniform([0.5, 1.5], 7))
        .left(Thermostat::at(2.0))
        .right(Thermostat::at(1.0))
        .force(Force::constant(30.0));
    let run = steady(&chain.build().unwrap(), None, &Options::default()).unwrap();
    assert!(run.errors()[0] < 1e-12, "{:.1e}", run.errors()[0]);
}

/// A chain of three bonds at rest under a force.
fn short(rate: f64, more: impl Fn(ChainBuilder) -> ChainBuilder) -> Chain {
    let masses = Coefficient::uniform([0.5, 1.5], 7);
    let chain = Chain::open(3).flip_rate(rate).masses(masses).left(Thermostat::at(2.0));
    more(chain).build().unwrap()
}

#[test]
fn literal_steps_reach_the_tolerance_under_quick_flips_and_weak_pinning() {
    let pulled = |chain: ChainBuilder| chain.force(Force::periodic(1.0, 4.0).harmonic(1, 3.0, 0.0));
    let pinned = |chain: ChainBuilder| chain.pinning(1e-2).force(Force::constant(1.0));
    for chain in [short(5.0, pulled), short(0.3, pinned)] {
        let law = InitialLaw::local_gibbs(&chain, |_| 1.0).unwrap();
        let times = Times::microscopic([1.0, 100.0, 1000.0]);
        let by = |method: Method| {
            let options = Options { method, ..Options::default() };
            evolve(&chain, &law, &times, &options).unwrap()
        };
        let [steps, series] = [Method::Literal, Method::Stencil].map(by);
        assert!(steps.tolerance_reached(), "{:?}", steps.errors());
        for (a, b) in steps.outputs().zip(series.outputs()) {
            for ((name, found, error), (_, other, more)) in
                columns_of(a.profile()).into_iter().zip(columns_of(b.profile()))
            {
                for (x, y) in found.iter().zip(&other) {
                    assert!((x - y).abs() <= error + more, "{name}: {x} {y}, {error:.1e}");
                }
            }
        }
    }
}
