//! What is promised of the time evolution: it agrees with the matrix exponential of the whole moment equation, within its own estimate.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::covariance::{literal::Literal, modal::Modal};
use flipchain::evolve::radau::evolve;
use flipchain::scenario::{Thermostat, Topology};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(topology: Topology, bonds: usize, flip_rate: f64, ends: [bool; 2], force: f64) -> Chain {
    let end = |present: bool, temperature| present.then_some(Thermostat { temperature, friction: 0.7 });
    let force = Force { mean: force, ..Force::default() };
    Chain { topology, bonds, flip_rate, left: end(ends[0], 2.0), right: end(ends[1], 1.0), force }
}

fn law(chain: &Chain, random: &mut ChaCha8Rng) -> InitialLaw {
    let mut values = |n: usize, low: f64| (0..n).map(|_| random.random_range(low..1.0)).collect::<Vec<f64>>();
    InitialLaw {
        mean_r: values(chain.bonds, -1.0),
        mean_p: values(chain.atoms(), -1.0),
        var_r: values(chain.bonds, 0.1),
        var_p: values(chain.atoms(), 0.1),
    }
}

/// e^A by scaling, a Taylor series and squaring.
fn exponential(a: &Array2<f64>) -> Array2<f64> {
    let norm = a.rows().into_iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    let squarings = (norm.log2().ceil() as i32 + 3).max(0);
    let a = a / 2f64.powi(squarings);
    let mut sum = Array2::eye(a.nrows());
    let mut term: Array2<f64> = Array2::eye(a.nrows());
    for k in 1..20 {
        term = term.dot(&a) / k as f64;
        sum += &term;
    }
    (0..squarings).for_each(|_| sum = sum.dot(&sum));
    sum
}

/// Second moments S and means z together are linear: d(z, S, 1)/dτ = A (z, S, 1). Returns z and C = S - z zᵀ.
fn exact(chain: &Chain, law: &InitialLaw, time: f64) -> (Array1<f64>, Array2<f64>) {
    let n = chain.coordinates();
    let b = chain.drift().to_dense();
    let size = n + n * n + 1;
    let mut a = Array2::zeros((size, size));
    let s = |i: usize, j: usize| n + i * n + j;
    for i in 0..n {
        for j in 0..n {
            a[[i, j]] += b[[i, j]];
            for k in 0..n {
                a[[s(i, k), s(j, k)]] += b[[i, j]];
                a[[s(k, i), s(k, j)]] += b[[i, j]];
            }
        }
    }
    if chain.topology == Topology::Open {
        a[[n - 1, size - 1]] += chain.force.mean;
        for i in 0..n {
            a[[s(n - 1, i), i]] += chain.force.mean;
            a[[s(i, n - 1), i]] += chain.force.mean;
        }
    }
    let noise = chain.thermostats().1;
    for p in chain.bonds..n {
        a[[s(p, p), s(p, p)]] += 4.0 * chain.flip_rate;
        a[[s(p, p), size - 1]] += noise[p - chain.bonds];
    }
    let z: Vec<f64> = law.mean_r.iter().chain(&law.mean_p).copied().collect();
    let v: Vec<f64> = law.var_r.iter().chain(&law.var_p).copied().collect();
    let mut start = Array1::zeros(size);
    start[size - 1] = 1.0;
    for i in 0..n {
        start[i] = z[i];
        for j in 0..n {
            start[s(i, j)] = z[i] * z[j] + if i == j { v[i] } else { 0.0 };
        }
    }
    let end = exponential(&(a * time)).dot(&start);
    let z = end.slice(ndarray::s![..n]).to_owned();
    let c = Array2::from_shape_fn((n, n), |(i, j)| end[s(i, j)] - z[i] * z[j]);
    (z, c)
}

#[test]
fn the_estimate_bounds_the_distance_to_the_matrix_exponential() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (open, ring) = (Topology::Open, Topology::Ring);
    for chain in [
        chain(open, 3, 1.0, [true, true], 1.5),
        chain(open, 1, 0.3, [true, true], -1.0),
        chain(open, 3, 0.0, [true, true], 1.0),
        chain(open, 3, 5.0, [true, false], 0.5),
        chain(open, 2, 0.5, [false, false], 0.0),
        chain(ring, 4, 0.4, [false, false], 0.0),
    ] {
        let law = law(&chain, &mut random);
        let times = [0.0, 0.01, 1.0, 7.0, 60.0];
        for tolerance in [1e-4, 1e-7, 1e-10] {
            let (outputs, _) = evolve(&Modal::new(&chain), &law, &times, tolerance).expect("the evolution ends");
            for output in &outputs {
                let (z, c) = exact(&chain, &law, output.time);
                let mean = output.mean.iter().zip(&z).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
                let variance = (&output.covariance - &c).diag().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                // The reference itself: squarings of an operator of norm ~10 to τ = 60 lose up to 1e-13 of the largest entry.
                let reference = 1e-13 * (1.0 + output.time);
                assert!(
                    mean <= output.mean_error + reference,
                    "{chain:?} τ = {} at {tolerance:e}: means {mean:e} > {:e}",
                    output.time,
                    output.mean_error
                );
                assert!(
                    variance <= output.variance_error + reference,
                    "{chain:?} τ = {} at {tolerance:e}: variances {variance:e} > {:e}",
                    output.time,
                    output.variance_error
                );
                assert!(
                    output.variance_error < 10.0 * tolerance + 1e-12,
                    "{chain:?} τ = {}: estimate {:e}",
                    output.time,
                    output.variance_error
                );
            }
        }
    }
}

#[test]
fn the_literal_and_the_modal_evolution_agree() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let chain = chain(Topology::Open, 4, 1.0, [true, true], 2.0);
    let law = law(&chain, &mut random);
    let times = [0.5, 20.0];
    let fast = evolve(&Modal::new(&chain), &law, &times, 1e-9).expect("the evolution ends").0;
    let judge = evolve(&Literal::new(&chain), &law, &times, 1e-9).expect("the evolution ends").0;
    for (fast, judge) in fast.iter().zip(&judge) {
        let error = (&fast.covariance - &judge.covariance).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(error < 1e-9, "{error:e}");
    }
}

#[test]
fn steps_do_not_grow_with_the_square_of_the_size() {
    let mut steps = Vec::new();
    for bonds in [8, 16, 32, 64] {
        let chain = chain(Topology::Open, bonds, 1.0, [true, true], 1.0);
        let n = chain.atoms();
        let law =
            InitialLaw { mean_r: vec![0.0; bonds], mean_p: vec![0.0; n], var_r: vec![1.0; bonds], var_p: vec![1.0; n] };
        let end = (bonds * bonds) as f64;
        steps.push(evolve(&Modal::new(&chain), &law, &[end], 1e-8).expect("the evolution ends").1.steps);
    }
    println!("steps for N = 8, 16, 32, 64: {steps:?}");
    // The time grows 64-fold; a doubling of N may add a few steps.
    assert!(steps[3] < 2 * steps[0], "{steps:?}");
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let chain = chain(Topology::Open, 30, 1.0, [true, true], 1.0);
    let law = law(&chain, &mut random);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            evolve(&Modal::new(&chain), &law, &[5.0], 1e-6).expect("the evolution ends").0[0].covariance.clone()
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(one == run(threads), "{threads} threads");
    }
}
