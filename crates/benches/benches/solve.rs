//! The shifted solve, beside one reading of its answer from memory, a Radau step and the transforms
//! over N: `cargo bench -p flipchain-benches`. They measure; no test depends on them.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::{MomentEquations, Source, Target, modal::Modal};
use flipchain::solver::evolve::{radau, stencil};
use ndarray::{Array1, Array2};
use num_complex::Complex64;
use std::hint::black_box;
use std::time::Duration;

fn chain(bonds: usize) -> Chain {
    let end = |temperature| Some(Thermostat { temperature, friction: 1.0 });
    let force = Force { mean: 2.0, ..Default::default() };
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate: 1.0,
        left: end(2.0),
        right: end(1.0),
        force,
        general: None,
    }
}

fn shifted_solve(c: &mut Criterion) {
    let mut group = c.benchmark_group("shifted solve");
    for bonds in [64, 256, 1000, 2000] {
        let modal = Modal::new(&chain(bonds));
        let n = modal.chain().coordinates();
        let y = modal.represent(&Array2::from_diag(&Array1::linspace(1.0, 2.0, n)));
        let q = vec![Complex64::new(0.5, 0.0); bonds + 1];
        let mut x = vec![0.0; y.len()];
        let square = (bonds * bonds) as f64;
        for (name, shift) in [
            ("real", Complex64::new(1.0 / square, 0.0)),
            ("complex", Complex64::new(-3.0, 4.0) / square),
        ] {
            group.bench_function(BenchmarkId::new(name, bonds), |b| {
                b.iter(|| {
                    let source = Source { state: Some(&y), scale: Complex64::ONE, momenta: &q };
                    let target = Target { weight: Complex64::ONE, state: &mut x };
                    modal.solve(black_box(shift), source, &mut [target], 1e-12).expect("converges")
                })
            });
        }
    }
    group.finish();
}

/// The least that anything with X takes: its (2N+1)² numbers read once.
fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("reading X once");
    for bonds in [1000, 2000] {
        let x = vec![1.0f64; (2 * bonds + 1) * (2 * bonds + 1)];
        group.bench_function(BenchmarkId::from_parameter(bonds), |b| {
            // Eight sums, so that memory is waited for and not the addition before.
            b.iter(|| {
                let mut sums = [0.0f64; 8];
                for eight in black_box(&x).chunks_exact(8) {
                    sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += x);
                }
                sums
            })
        });
    }
    group.finish();
}

fn radau_step(c: &mut Criterion) {
    let mut group = c.benchmark_group("Radau to τ = 1");
    for bonds in [64, 256] {
        let modal = Modal::new(&chain(bonds));
        let law = InitialLaw {
            mean_r: vec![0.0; bonds],
            mean_p: vec![0.0; bonds + 1],
            var_r: vec![1.5; bonds],
            var_p: vec![1.5; bonds + 1],
            covariance: None,
        };
        group.bench_function(BenchmarkId::from_parameter(bonds), |b| {
            b.iter(|| {
                radau::evolve(&modal, &law, &[1.0], 1e-8, |_| false, &Default::default())
                    .expect("it ends")
            })
        });
    }
    group.finish();
}

/// Eleven outputs in [0, 0.1], diffusive, to 1e-10.
fn stencil_of_short_chains(c: &mut Criterion) {
    let mut group = c.benchmark_group("stencil, 11 outputs to t = 0.1");
    for bonds in [8, 32, 64] {
        let chain = chain(bonds);
        let law = InitialLaw {
            mean_r: vec![0.0; bonds],
            mean_p: vec![0.0; bonds + 1],
            var_r: vec![1.5; bonds],
            var_p: vec![1.5; bonds + 1],
            covariance: None,
        };
        let last = 0.1 * (bonds * bonds) as f64;
        let times: Vec<f64> = (0..11).map(|i| last * f64::from(i) / 10.0).collect();
        group.bench_function(BenchmarkId::from_parameter(bonds), |b| {
            b.iter(|| {
                stencil::evolve(&chain, &law, &times, 1e-10, |_| false, &Default::default())
                    .expect("it ends")
            })
        });
    }
    group.finish();
}

fn transforms(c: &mut Criterion) {
    let mut group = c.benchmark_group("matrix from its modes and back");
    for bonds in [64, 256, 1000] {
        let modal = Modal::new(&chain(bonds));
        let n = modal.chain().coordinates();
        let state = modal.represent(&Array2::eye(n));
        group.bench_function(BenchmarkId::from_parameter(bonds), |b| {
            b.iter(|| modal.represent(&modal.matrix(black_box(&state))))
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    targets = shifted_solve, reading, radau_step, stencil_of_short_chains, transforms
}
criterion_main!(benches);
