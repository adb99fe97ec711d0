//! The moment equations describe the stochastic dynamics: a seeded simulation of flips by Poisson
//! clocks and Langevin ends agrees within its own statistical error. The only test that sees the
//! stochastic model itself.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::covariance::modal::Modal;
use flipchain::evolve::radau;
use flipchain::scenario::{Thermostat, Topology};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A standard normal number (Box and Muller).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random_range(f64::MIN_POSITIVE..1.0), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// The deterministic part of a step for the drift A without flips: e^(Ah) by a Taylor series.
fn propagator(a: &Array2<f64>, h: f64) -> Array2<f64> {
    let mut term: Array2<f64> = Array2::eye(a.nrows());
    let mut sum = term.clone();
    for k in 1..25 {
        term = term.dot(a) * (h / k as f64);
        sum += &term;
    }
    sum
}

#[test]
fn the_moments_agree_with_a_simulation_of_the_stochastic_dynamics() {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let chain = Chain {
        topology: Topology::Open,
        bonds: 3,
        flip_rate: 0.8,
        left: end(2.0, 1.0),
        right: end(0.5, 0.6),
        force: Force { mean: 1.5, ..Force::default() },
    };
    let law = InitialLaw {
        mean_r: vec![0.5, -0.3, 0.2],
        mean_p: vec![1.0, 0.0, -0.5, 0.3],
        var_r: vec![0.4, 1.0, 0.7],
        var_p: vec![1.2, 0.3, 0.8, 0.5],
        ..Default::default()
    };
    let time = 4.0;
    let exact =
        radau::evolve(&Modal::new(&chain), &law, &[time], 1e-9, |_| true, &Default::default())
            .expect("it ends")
            .0;
    let exact = &exact[0].moments;
    let covariance = exact.covariance.as_ref().expect("it was kept");

    // Splitting: linear drift with friction and force exactly, then noise and flips. The noise of
    // one step is added in two halves around the drift, so the error of the splitting is O(h²): at
    // h = 1/100 far below the statistical error.
    let (n, bonds, h) = (chain.coordinates(), chain.bonds, 0.01);
    let mut drift = chain.drift().to_dense();
    (bonds..n).for_each(|i| drift[[i, i]] += 2.0 * chain.flip_rate);
    let mut extended = Array2::zeros((n + 1, n + 1));
    extended.slice_mut(ndarray::s![..n, ..n]).assign(&drift);
    extended[[n - 1, n]] = chain.force.mean;
    let step = propagator(&extended, h);
    let kick: Vec<f64> = chain.thermostats().1.iter().map(|q| (q * h / 2.0).sqrt()).collect();
    let flip = -(-chain.flip_rate * h).exp_m1();
    let (paths, batches) = (4000, 50);
    let batch = |seed: u64| -> (Vec<f64>, Array2<f64>) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut sum, mut squares) = (vec![0.0; n], Array2::<f64>::zeros((n, n)));
        for _ in 0..paths {
            let mean = law.mean_r.iter().chain(&law.mean_p);
            let mut z: Vec<f64> = mean
                .zip(law.var_r.iter().chain(&law.var_p))
                .map(|(m, v)| m + v.sqrt() * normal(&mut random))
                .collect();
            for _ in 0..(time / h).round() as usize {
                let noise = |z: &mut Vec<f64>, random: &mut ChaCha8Rng| {
                    for (site, kick) in kick.iter().enumerate().filter(|(_, kick)| **kick > 0.0) {
                        z[bonds + site] += kick * normal(random);
                    }
                };
                noise(&mut z, &mut random);
                let next: Vec<f64> = (0..n)
                    .map(|i| step[[i, n]] + (0..n).map(|j| step[[i, j]] * z[j]).sum::<f64>())
                    .collect();
                z = next;
                noise(&mut z, &mut random);
                for p in &mut z[bonds..] {
                    // An odd number of flips in a step of a Poisson clock; two are rarer than h².
                    if random.random::<f64>() < flip {
                        *p = -*p;
                    }
                }
            }
            for i in 0..n {
                sum[i] += z[i] / paths as f64;
                for j in 0..n {
                    squares[[i, j]] += z[i] * z[j] / paths as f64;
                }
            }
        }
        (sum, squares)
    };
    let results: Vec<_> = (0..batches).into_par_iter().map(|seed| batch(100 + seed)).collect();
    // Mean and standard error over the batches.
    let statistics = |values: Vec<f64>| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    };
    for i in 0..n {
        let (mean, error) = statistics(results.iter().map(|r| r.0[i]).collect());
        assert!(
            (mean - exact.mean[i]).abs() < 4.0 * error,
            "mean {i}: {mean} ± {error}, exact {}",
            exact.mean[i]
        );
        for j in 0..=i {
            let (square, error) = statistics(results.iter().map(|r| r.1[[i, j]]).collect());
            let moment = covariance[[i, j]] + exact.mean[i] * exact.mean[j];
            assert!(
                (square - moment).abs() < 4.0 * error,
                "E z_{i} z_{j}: {square} ± {error}, exact {moment}"
            );
        }
    }
}
