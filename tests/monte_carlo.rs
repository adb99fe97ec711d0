//! The moment equations describe the stochastic dynamics: a seeded simulation of flips by Poisson
//! clocks and Langevin ends agrees within its own statistical error. The only test that sees the
//! stochastic model itself.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::correlations::{Coordinate, columns};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::radau;
use flipchain::solver::steady;
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

/// The stochastic dynamics in steps of h. Splitting: linear drift with friction and force exactly,
/// then noise and flips. The noise of one step is added in two halves around the drift, so the
/// error of the splitting is O(h²): at h = 1/100 far below the statistical error.
struct Dynamics {
    /// Number of coordinates before the momenta.
    positions: usize,
    coordinates: usize,
    h: f64,
    /// One step of the drift, on the coordinates and 1.
    step: Array2<f64>,
    /// Standard deviation of half a step's noise at every atom.
    kick: Vec<f64>,
    /// Probability of a flip in a step, for every atom.
    flip: Vec<f64>,
}

impl Dynamics {
    fn new(chain: &Chain) -> Dynamics {
        let (n, positions, h) = (chain.coordinates(), chain.positions(), 0.01);
        let rates = chain.flip_rates();
        let mut drift = chain.drift().to_dense();
        for (site, rate) in rates.iter().enumerate() {
            drift[[positions + site, positions + site]] += 2.0 * rate;
        }
        let mut extended = Array2::zeros((n + 1, n + 1));
        extended.slice_mut(ndarray::s![..n, ..n]).assign(&drift);
        match chain.coefficients() {
            Some(all) => all.forces.iter().for_each(|force| {
                extended[[positions + force.site, n]] = force.mean;
            }),
            None => extended[[n - 1, n]] = chain.force.mean,
        }
        let kick = chain.thermostats().1.iter().map(|q| (q * h / 2.0).sqrt()).collect();
        let flip = rates.iter().map(|rate| -(-rate * h).exp_m1()).collect();
        Dynamics { positions, coordinates: n, h, step: propagator(&extended, h), kick, flip }
    }

    fn noise(&self, z: &mut [f64], random: &mut ChaCha8Rng) {
        for (site, kick) in self.kick.iter().enumerate().filter(|(_, kick)| **kick > 0.0) {
            z[self.positions + site] += kick * normal(random);
        }
    }

    /// Lets `z` evolve for a `time`.
    fn advance(&self, z: &mut Vec<f64>, time: f64, random: &mut ChaCha8Rng) {
        let n = self.coordinates;
        for _ in 0..(time / self.h).round() as usize {
            self.noise(z, random);
            let moved = |i: usize| (0..n).map(|j| self.step[[i, j]] * z[j]).sum::<f64>();
            *z = (0..n).map(|i| self.step[[i, n]] + moved(i)).collect();
            self.noise(z, random);
            for (p, flip) in z[self.positions..].iter_mut().zip(&self.flip) {
                // An odd number of flips in a step of a Poisson clock; two are rarer than h².
                if random.random::<f64>() < *flip {
                    *p = -*p;
                }
            }
        }
    }
}

/// Paths of a batch, and batches: the standard error is that of the batches' means.
const PATHS: usize = 4000;
const BATCHES: u64 = 50;

/// Mean and standard error of every number that `path` returns, over all paths.
fn statistics(path: impl Fn(&mut ChaCha8Rng) -> Vec<f64> + Sync) -> Vec<(f64, f64)> {
    let batch = |seed: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(100 + seed);
        let mut sum = path(&mut random);
        for _ in 1..PATHS {
            sum.iter_mut().zip(path(&mut random)).for_each(|(sum, x)| *sum += x);
        }
        sum.into_iter().map(|sum| sum / PATHS as f64).collect::<Vec<_>>()
    };
    let batches: Vec<_> = (0..BATCHES).into_par_iter().map(batch).collect();
    let of = |k: usize| {
        let count = batches.len() as f64;
        let mean = batches.iter().map(|b| b[k]).sum::<f64>() / count;
        let variance = batches.iter().map(|b| (b[k] - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    };
    (0..batches[0].len()).map(of).collect()
}

/// z_i w_j for all pairs.
fn products(z: &[f64], w: &[f64]) -> Vec<f64> {
    z.iter().flat_map(|z| w.iter().map(move |w| z * w)).collect()
}

/// Within four standard errors.
fn agrees(name: &str, (mean, error): (f64, f64), exact: f64) {
    assert!((mean - exact).abs() < 4.0 * error, "{name}: {mean} ± {error}, exact {exact}");
}

fn driven_chain() -> Chain {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    Chain {
        topology: Topology::Open,
        bonds: 3,
        flip_rate: 0.8,
        left: end(2.0, 1.0),
        right: end(0.5, 0.6),
        force: Force { mean: 1.5, ..Force::default() },
        general: None,
    }
}

#[test]
fn the_moments_agree_with_a_simulation_of_the_stochastic_dynamics() {
    let chain = driven_chain();
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
    let (dynamics, n) = (Dynamics::new(&chain), chain.coordinates());
    let found = statistics(|random| {
        let mean = law.mean_r.iter().chain(&law.mean_p);
        let variance = law.var_r.iter().chain(&law.var_p);
        let mut z: Vec<f64> =
            mean.zip(variance).map(|(m, v)| m + v.sqrt() * normal(random)).collect();
        dynamics.advance(&mut z, time, random);
        [z.clone(), products(&z, &z)].concat()
    });
    for i in 0..n {
        agrees(&format!("mean {i}"), found[i], exact.mean[i]);
        for j in 0..=i {
            let moment = covariance[[i, j]] + exact.mean[i] * exact.mean[j];
            agrees(&format!("E z_{i} z_{j}"), found[n + i * n + j], moment);
        }
    }
}

/// L with L Lᵀ = C.
fn cholesky(c: &Array2<f64>) -> Array2<f64> {
    let n = c.nrows();
    let mut l = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let rest = c[[i, j]] - (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum::<f64>();
            l[[i, j]] = if i == j { rest.sqrt() } else { rest / l[[j, j]] };
        }
    }
    l
}

#[test]
fn correlations_at_two_times_agree_with_a_simulation_of_the_stochastic_dynamics() {
    let chain = driven_chain();
    let (state, _) = steady::covariance(&Modal::new(&chain)).expect("it has a stationary state");
    let (mean, covariance) = (&state.moments.mean, state.moments.covariance.as_ref().unwrap());
    let of: Vec<Coordinate> =
        (1..=3).map(Coordinate::Elongation).chain((0..=3).map(Coordinate::Momentum)).collect();
    two_times_agree(&chain, mean, covariance, &of);
}

#[test]
fn correlations_of_a_pinned_disordered_chain_agree_with_a_simulation() {
    let chain = Chain::open(2)
        .flip_rate([0.4, 1.3, 0.0].to_vec())
        .masses([0.6, 1.7, 1.1].to_vec())
        .springs([1.4, 0.7].to_vec())
        .pinning([0.5, 0.0, 0.3].to_vec())
        .left(Thermostat::at(2.0))
        .thermostat(1, Thermostat::at(0.5).friction(0.6))
        .force_at(1, flipchain::Force::constant(0.8))
        .build()
        .unwrap();
    // The literal operator answers for the state itself.
    let state = flipchain::solver::general::literal::stationary(&chain, None).unwrap();
    let of: Vec<Coordinate> =
        (0..=2).map(Coordinate::Displacement).chain((0..=2).map(Coordinate::Momentum)).collect();
    two_times_agree(&chain, &state.mean, &state.covariance, &of);
}

/// E z_i(s) z_j(0) for all pairs, from the stationary state.
fn two_times_agree(chain: &Chain, mean: &[f64], covariance: &Array2<f64>, of: &[Coordinate]) {
    let factor = cholesky(covariance);
    let (dynamics, n) = (Dynamics::new(chain), chain.coordinates());
    let lag = 1.5;
    let start = columns(chain, None, None, 0.0, of, &Default::default()).unwrap();
    let exact = start.at_lags(&[lag], &Default::default()).unwrap();
    // The state at t is Gaussian here; its second moments are those of the stationary state, and no
    // more of it enters Cov(z(t+s), z(t)).
    let found = statistics(|random| {
        let white: Vec<f64> = (0..n).map(|_| normal(random)).collect();
        let start: Vec<f64> = (0..n)
            .map(|i| mean[i] + (0..=i).map(|k| factor[[i, k]] * white[k]).sum::<f64>())
            .collect();
        let mut z = start.clone();
        dynamics.advance(&mut z, lag, random);
        products(&z, &start)
    });
    for i in 0..n {
        for j in 0..n {
            let moment = exact[j].at_lags.values[0][i] + mean[i] * mean[j];
            agrees(&format!("E z_{i}(s) z_{j}(0)"), found[i * n + j], moment);
        }
    }
}
