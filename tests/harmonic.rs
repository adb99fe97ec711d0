//! What is promised of the pure harmonic chain (γ = 0): any time, no steps, nothing lost.

mod agreement;
mod common;

use agreement::apart;
use common::law;
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::covariance::moments::Solution;
use flipchain::solver::evolve::{harmonic, radau};
use flipchain::solver::observe::identities;
use ndarray::{Array1, Array2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(topology: Topology, bonds: usize, ends: [bool; 2], force: Force) -> Chain {
    let end =
        |present: bool, temperature| present.then_some(Thermostat { temperature, friction: 0.7 });
    Chain {
        topology,
        bonds,
        flip_rate: 0.0,
        left: end(ends[0], 1.5),
        right: end(ends[1], 0.5),
        force,
        general: None,
    }
}

fn shaken() -> Force {
    Force {
        mean: 0.8,
        frequency: 1.1.into(),
        harmonics: vec![(1, Complex64::new(0.6, 0.2)), (2, Complex64::new(0.0, -0.3))],
    }
}

fn evolve(chain: &Chain, law: &InitialLaw, times: &[f64], keep: bool) -> Vec<Solution> {
    harmonic::evolve(chain, law, times, |_| keep, &Default::default()).expect("it ends")
}

fn full(solution: &Solution) -> &Array2<f64> {
    solution.moments.covariance.as_ref().expect("it was kept")
}

#[test]
fn the_propagator_agrees_with_steps_for_every_kind_of_chain() {
    let mut random = ChaCha8Rng::seed_from_u64(41);
    let (open, ring, free) = (Topology::Open, Topology::Ring, [false, false]);
    for chain in [
        chain(open, 5, free, Force::default()),
        chain(open, 4, free, shaken()),
        chain(open, 1, [true, true], shaken()),
        chain(open, 5, [true, false], shaken()),
        chain(open, 6, [true, true], Force { mean: -0.4, ..Force::default() }),
        chain(ring, 6, free, Force::default()),
        chain(ring, 7, free, Force::default()),
        chain(ring, 1, free, Force::default()),
        chain(ring, 2, free, Force::default()),
    ] {
        let law = law(&chain, &mut random);
        let times = [0.0, 0.3, 7.0, 40.0];
        let stepped =
            radau::evolve(&Modal::new(&chain), &law, &times, 1e-10, |_| true, &Default::default());
        for ((exact, slim), stepped) in evolve(&chain, &law, &times, true)
            .iter()
            .zip(&evolve(&chain, &law, &times, false))
            .zip(&stepped.expect("it ends").0)
        {
            let (x, y, f) = (&exact.moments, &stepped.moments, &stepped.errors);
            let place = format!("{chain:?} τ = {}", x.time);
            // Both estimates; those of the propagator are a few roundings.
            let (means, variances) =
                (f.mean_r + f.mean_p + exact.errors.mean_r, f.var_r + f.var_p + exact.errors.var_r);
            assert!(apart(&x.mean, &y.mean) <= means, "{place}");
            assert!(apart(&x.variance, &y.variance) <= variances, "{place}");
            assert!(apart(&x.correlation, &y.correlation) <= variances, "{place}");
            assert!((full(exact) - full(stepped)).iter().all(|e| e.abs() < 1e-8), "{place}");
            assert!(exact.errors.mean_r < 1e-12 && exact.errors.var_r < 1e-12, "{place}");
            // The same profiles without the covariance.
            assert!(
                apart(&x.variance, &slim.moments.variance) <= 2.0 * slim.errors.var_r,
                "{place}"
            );
            assert!(
                apart(&x.correlation, &slim.moments.correlation) <= 2.0 * slim.errors.correlation,
                "{place}"
            );
            assert!(slim.moments.covariance.is_none());
            // Time integrals: to the steps' error for as long.
            for integrated in [exact, slim] {
                let [a, b] =
                    [integrated, stepped].map(|s| s.integrals.as_ref().expect("integrals"));
                let allowed = 1e-9 * (1.0 + x.time.hi);
                for (kind, distance) in [
                    ("∫ z̄", apart(&a.mean, &b.mean)),
                    ("∫ E z²", apart(&a.square, &b.square)),
                    ("∫ E p r", apart(&a.product, &b.product)),
                    ("work", (a.work - b.work).abs()),
                ] {
                    assert!(distance <= allowed, "{kind}, {place}: {distance:e}");
                }
            }
        }
    }
}

#[test]
fn a_ring_of_six_returns_exactly_what_its_frequencies_say_after_a_million_units() {
    // N = 6: frequencies 0, 1, √3, 2. A cosine wave of mode 1 has frequency 1, that of mode 3 has
    // frequency 2: integers, so the library's reduction of cos(τ), cos(2τ) is the independent judge
    // at any τ.
    let chain = chain(Topology::Ring, 6, [false, false], Force::default());
    let wave = |j: f64, n: usize| (2.0 * std::f64::consts::PI * j * n as f64 / 6.0).cos();
    let mean_r: Vec<f64> = (0..6).map(|n| wave(1.0, n) + 0.5 * wave(3.0, n)).collect();
    let law = InitialLaw {
        mean_r,
        mean_p: vec![0.0; 6],
        var_r: vec![1.0; 6],
        var_p: vec![1.0; 6],
        ..Default::default()
    };
    for time in [1e3, 1e6, 1e12] {
        let solution = &evolve(&chain, &law, &[time], false)[0];
        for n in 0..6 {
            let exact = time.cos() * wave(1.0, n) + 0.5 * (2.0 * time).cos() * wave(3.0, n);
            let error = (solution.moments.mean[n] - exact).abs();
            // A few roundings of the transforms.
            assert!(error < 4e-15 && error <= solution.errors.mean_r, "{time} {n}: {error:e}");
        }
        // Equal temperatures stay.
        assert!(solution.moments.variance.iter().all(|v| (v - 1.0).abs() < 1e-14));
    }
}

#[test]
fn the_estimate_of_the_damped_propagator_bounds_its_error_at_late_times() {
    // The eigenvalues of a single bond between two thermostats of friction λ: relative and common
    // momentum separate, and r + λ/2-damped pendulum is known in closed form: (r, p_1 - p_0) with
    // r' = p, p' = -2r - λp.
    let mut random = ChaCha8Rng::seed_from_u64(42);
    for friction in [1e-3, 1e-5] {
        let end = Some(Thermostat { temperature: 1.0, friction });
        let chain = Chain {
            left: end,
            right: end,
            ..chain(Topology::Open, 1, [false, false], Force::default())
        };
        let law = law(&chain, &mut random);
        for time in [10.0, 1e3, 1e5] {
            let solution = &evolve(&chain, &law, &[time], false)[0];
            let (r, p) = (law.mean_r[0], law.mean_p[1] - law.mean_p[0]);
            let (decay, frequency) = (friction / 2.0, (2.0 - friction * friction / 4.0).sqrt());
            let (sin, cos) = (frequency * time).sin_cos();
            let exact = (-decay * time).exp() * (r * cos + (p + decay * r) / frequency * sin);
            let error = (solution.moments.mean[0] - exact).abs();
            // The closed form itself loses a rounding of its angle.
            let reference = f64::EPSILON * frequency * time;
            assert!(
                error <= solution.errors.mean_r + reference,
                "{friction} {time}: {error:e} {:e}",
                solution.errors.mean_r
            );
            assert!(
                solution.errors.mean_r < 1e-13,
                "{friction} {time}: {:e}",
                solution.errors.mean_r
            );
        }
    }
}

#[test]
fn energy_is_balanced_at_every_site_after_a_million_units() {
    let mut random = ChaCha8Rng::seed_from_u64(46);
    for chain in [
        chain(Topology::Ring, 30, [false, false], Force::default()),
        chain(Topology::Ring, 31, [false, false], Force::default()),
        chain(Topology::Open, 40, [false, false], Force::default()),
        chain(Topology::Open, 20, [true, true], shaken()),
        chain(Topology::Open, 17, [false, true], shaken()),
        chain(Topology::Open, 15, [false, false], shaken()),
    ] {
        let independent = law(&chain, &mut random);
        // The same law with its covariance written out, and some of it correlated.
        let mut covariance = independent.covariance_above(0.0);
        (covariance[[0, 3]], covariance[[3, 0]]) = (0.05, 0.05);
        let correlated = InitialLaw { covariance: Some(covariance), ..independent.clone() };
        for law in [independent, correlated] {
            let start = Solution::initial(&chain, &law);
            for solution in evolve(&chain, &law, &[0.3, 1e3, 1e6], false) {
                let time = solution.moments.time.hi;
                let checked = identities::balances(&chain, &start, &solution, time, 0.0);
                assert!(
                    checked.iter().any(|i| i.name == "energy balance at every site"),
                    "{chain:?}"
                );
                for identity in checked {
                    // Roundings of sums over the modes; where a force acts, of powers that cancel
                    // for as long as they act, and without thermostats some roundings a radian of
                    // the angles of what it drives.
                    let allowed = 1e-12
                        + if chain.force == Force::default() {
                            0.0
                        } else {
                            8.0 * f64::EPSILON * time
                        };
                    assert!(identity.violation < allowed, "{chain:?}: {identity:?}");
                }
            }
        }
    }
}

#[test]
fn correlated_laws_turn_like_their_factors() {
    let mut random = ChaCha8Rng::seed_from_u64(43);
    let chain = chain(Topology::Open, 4, [false, false], Force::default());
    let (n, independent) = (chain.coordinates(), law(&chain, &mut random));
    let z = Array1::from_shape_fn(n, |_| random.random_range(-1.0..1.0));
    // Covariance z zᵀ: at τ it is z(τ) z(τ)ᵀ, and z(τ) is what a mean would do.
    let column = z.view().insert_axis(ndarray::Axis(1));
    let covariance = column.dot(&column.t());
    let variance = covariance.diag().to_vec();
    let (var_r, var_p) = (variance[..4].to_vec(), variance[4..].to_vec());
    let (mean_r, mean_p) = (z.to_vec()[..4].to_vec(), z.to_vec()[4..].to_vec());
    let correlated = InitialLaw { var_r, var_p, covariance: Some(covariance), mean_r, mean_p };
    let solution = &evolve(&chain, &correlated, &[123.4], true)[0];
    let turned = &solution.moments.mean;
    for ((i, j), c) in full(solution).indexed_iter() {
        assert!((c - turned[i] * turned[j]).abs() < 1e-14);
    }
    assert!(independent.covariance.is_none());
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let mut random = ChaCha8Rng::seed_from_u64(44);
    for chain in [
        chain(Topology::Open, 60, [false, false], Force::default()),
        chain(Topology::Open, 70, [true, true], shaken()),
    ] {
        let law = law(&chain, &mut random);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool of threads");
            pool.install(|| {
                [true, false].map(|keep| evolve(&chain, &law, &[17.0], keep)[0].moments.clone())
            })
        };
        let one = run(1);
        for threads in [2, 3] {
            assert!(one == run(threads), "{threads} threads");
        }
    }
}

#[test]
fn a_damped_chain_at_late_times_goes_on_from_its_own_covariance_without_loss() {
    // The second part starts from a dense covariance, the whole from independent coordinates; the
    // modes at the band edge live for N³.
    let mut random = ChaCha8Rng::seed_from_u64(45);
    for (chain, first, second) in [
        (chain(Topology::Open, 60, [true, true], shaken()), 40.0, 1e3),
        (chain(Topology::Open, 45, [true, false], Force::default()), 1234.5, 1e6),
        (chain(Topology::Open, 2, [false, true], shaken()), 3.0, 11.0),
    ] {
        let chain = Chain {
            force: Force { harmonics: vec![], frequency: 0.0.into(), ..chain.force.clone() },
            ..chain
        };
        let law = law(&chain, &mut random);
        let whole = &evolve(&chain, &law, &[first + second], false)[0];
        let half = &evolve(&chain, &law, &[first], true)[0];
        let m = &half.moments;
        let split = |v: &[f64]| (v[..chain.bonds].to_vec(), v[chain.bonds..].to_vec());
        let ((mean_r, mean_p), (var_r, var_p)) = (split(&m.mean), split(&m.variance));
        let between = InitialLaw { mean_r, mean_p, var_r, var_p, covariance: m.covariance.clone() };
        let later = &evolve(&chain, &between, &[second], false)[0];
        let (x, y) = (&whole.moments, &later.moments);
        // What the first part leaves is handed on; the errors of one kind are those of the other in
        // the second part.
        let n = chain.coordinates() as f64;
        let means = whole.errors.mean_r + later.errors.mean_r + n.sqrt() * half.errors.mean_r;
        let variances = whole.errors.var_r + later.errors.var_r + n.sqrt() * half.errors.var_r;
        assert!(
            apart(&x.mean, &y.mean) <= means && means < 1e-11,
            "{:e} {means:e}",
            apart(&x.mean, &y.mean)
        );
        assert!(
            apart(&x.variance, &y.variance) <= variances && variances < 1e-11,
            "{:e} {variances:e}",
            apart(&x.variance, &y.variance)
        );
        assert!(
            apart(&x.correlation, &y.correlation) <= variances,
            "{:e}",
            apart(&x.correlation, &y.correlation)
        );
        assert!(whole.errors.var_r < 1e-13, "{:e}", whole.errors.var_r);
    }
}
