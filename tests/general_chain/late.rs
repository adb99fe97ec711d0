//! Late times by the contour.

use super::*;

/// A random chain that the contour serves, its law and late times.
fn late_question(seed: u64, bonds: usize) -> (Chain, InitialLaw, Vec<Double>) {
    let mut random = ChaCha8Rng::seed_from_u64(1000 + seed);
    let mut within = |from: f64, to: f64| from + (to - from) * random.random::<f64>();
    let rate = 10f64.powf(within(-1.0, 1.0));
    let pinned = within(0.0, 1.0) < 0.4;
    let mut chain = Chain::open(bonds)
        .flip_rate((0..=bonds).map(|_| rate * within(0.5, 1.5)).collect::<Vec<f64>>())
        .masses((0..=bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .springs((0..bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .left(Thermostat::at(within(0.0, 2.0)).friction(10f64.powf(within(-1.0, 0.5))))
        .thermostat(bonds / 2 + 1, Thermostat::at(within(0.0, 2.0)).friction(0.3))
        .force_at(bonds / 3, Force::constant(within(-1.0, 1.0)))
        .force(Force::constant(within(-1.0, 1.0)));
    if pinned {
        let weak = 10f64.powf(within(-3.0, 0.3));
        chain = chain.pinning((0..=bonds).map(|_| weak * within(0.0, 1.0)).collect::<Vec<f64>>());
    }
    let chain = chain.build().unwrap();
    let mut law = if pinned {
        let temperature = within(0.5, 2.0);
        InitialLaw::local_gibbs(&chain, move |_| temperature).unwrap()
    } else {
        InitialLaw::local_gibbs(&chain, |x| 1.5 - x).unwrap()
    };
    law.mean_p.iter_mut().for_each(|p| *p = within(-1.0, 1.0));
    law.mean_r.iter_mut().for_each(|r| *r = within(-1.0, 1.0));
    let from = contour::earliest(&chain, &law).unwrap();
    let times = [1.0, 1.7, 6.0].map(|part| Double::from(part * from)).to_vec();
    (chain, law, times)
}

/// The contour beside the exponential; returns the largest error as a part of its estimate.
fn late(seed: u64, bonds: usize) -> f64 {
    let (chain, law, times) = late_question(seed, bonds);
    let place = format!("seed {seed}, N = {bonds}");
    let monitor = Monitor::default();
    let found = contour::evolve(&chain, &law, &times, 1e-9, &monitor).unwrap();
    let exact = exponential::evolve(&chain, &law, &times, 1e-11, |_| false, &monitor).unwrap();
    let mut worst: f64 = 0.0;
    let pairs = found.iter().zip(&exact);
    let profiles = profiles_of(&chain, &found).into_iter().zip(profiles_of(&chain, &exact));
    for ((a, b), (left, right)) in profiles.zip(pairs) {
        for ((name, found, error), (_, exact, other)) in
            columns_of(&a).into_iter().zip(columns_of(&b))
        {
            let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            for (n, (a, b)) in found.iter().zip(&exact).enumerate() {
                let apart = (a - b).abs();
                assert!(
                    apart <= error + other,
                    "{place}: {name} at {n}: {a} and {b}, {apart:.1e}, error {error:.1e} {other:.1e}"
                );
                if apart > other + 1e-13 * size {
                    worst = worst.max(apart / error);
                }
            }
            assert!(
                error <= 1e-8 * size.max(0.1),
                "{place}, τ = {}: {name} {error:.1e} of {size:.1e}",
                left.time.hi
            );
        }
        let (a, b) = (&left.integrals, &right.integrals);
        for (name, x, y) in [
            ("work", a.work, b.work),
            ("heat", a.heat, b.heat),
            ("left", a.left, b.left),
            ("right", a.right, b.right),
            ("others", a.others, b.others),
        ] {
            let apart = (x - y).abs();
            assert!(apart <= a.error + b.error, "{place}: {name} {x} {y} {:.1e}", a.error);
        }
    }
    worst
}

#[test]
fn late_times_by_the_contour_are_those_of_the_exponential_within_their_errors() {
    let mut worst: f64 = 0.0;
    for seed in 0..8 {
        for bonds in [3, 12] {
            worst = worst.max(late(seed, bonds));
        }
    }
    println!("{worst:.2}");
}

#[test]
#[ignore = "a campaign: 100 random chains at late times, or SEEDS=1000..1100"]
fn a_hundred_late_evolutions_are_within_their_errors() {
    let ratios: Vec<f64> =
        seeds("0..100").map(|seed| late(seed, [2, 5, 17, 40][seed as usize % 4])).collect();
    let worst = ratios.iter().fold(0.0, |m: f64, x| m.max(*x));
    println!("largest error as a part of its estimate: {worst:.2}");
}
