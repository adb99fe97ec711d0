//! What is promised of vector registers: every answer has the same bits in all that the machine
//! has, and for any number of threads.

mod left_out;

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::Registers;
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::covariance::moments::Solution;
use flipchain::solver::evolve::{contour, harmonic, profiles, radau};
use flipchain::solver::steady::{self, periodic};
use num_complex::Complex64;

fn chain(bonds: usize, flip_rate: f64) -> Chain {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let force =
        Force { mean: 0.7, frequency: 0.9.into(), harmonics: vec![(1, Complex64::new(0.4, -0.2))] };
    let (left, right) = (end(1.5, 0.8), end(0.4, 2.0));
    Chain { topology: Topology::Open, bonds, flip_rate, left, right, force, general: None }
}

fn law(chain: &Chain) -> InitialLaw {
    let wave = |n: usize, shift: f64| (0.37 * n as f64 + shift).sin();
    InitialLaw {
        mean_r: (0..chain.bonds).map(|n| wave(n, 0.1)).collect(),
        mean_p: (0..chain.atoms()).map(|n| wave(n, 0.7)).collect(),
        var_r: (0..chain.bonds).map(|n| 1.0 + 0.5 * wave(n, 0.2)).collect(),
        var_p: (0..chain.atoms()).map(|n| 1.0 + 0.5 * wave(n, 0.4)).collect(),
        covariance: None,
    }
}

/// Everything in a solution.
fn bits(solution: &Solution) -> Vec<u64> {
    let (m, e) = (&solution.moments, &solution.errors);
    let errors = [e.mean_r, e.mean_p, e.var_r, e.var_p, e.correlation];
    let covariance = m.covariance.iter().flatten();
    let numbers = m.mean.iter().chain(&m.variance).chain(&m.correlation).chain(&errors);
    numbers.chain(covariance).map(|x| x.to_bits()).collect()
}

/// One answer of every pass that is written for registers: over the modes for real and for complex
/// shifts, over the quadrature nodes of the squared kernel, and in 32 digits.
fn answers() -> Vec<(&'static str, Vec<u64>)> {
    let quiet = Monitor::default();
    let chain = chain(67, 0.8);
    let (law, modal) = (law(&chain), Modal::new(&chain));
    let of = |solutions: &[Solution]| solutions.iter().flat_map(bits).collect::<Vec<_>>();
    let steps = radau::evolve(&modal, &law, &[0.5, 3.0], 1e-7, |_| true, &quiet).expect("it ends");
    let nodes =
        contour::evolve(&modal, &law, &[900.0, 2e4], 1e-9, |_| true, &quiet).expect("it ends");
    let state = periodic::covariance(&modal, &[]).expect("a thermostat").0;
    let slim = profiles::evolve(&chain, &law, &[900.0, 2e4], 1e-9, &quiet).expect("it ends");
    let settled = steady::profiles::profiles(&chain, &quiet).expect("a thermostat").0;
    let still = Chain { flip_rate: 0.0, ..chain.clone() };
    let exact = harmonic::evolve(&still, &law, &[0.5, 40.0], |_| true, &quiet).expect("it ends");
    vec![
        ("Radau steps", of(&steps.0)),
        ("the contour", of(&nodes.0)),
        ("the periodic state", bits(&state.average)),
        ("profiles by the contour", of(&slim.0)),
        ("the periodic profiles", bits(&settled.average)),
        ("no flips", of(&exact)),
    ]
}

#[test]
fn all_registers_and_any_number_of_threads_give_the_same_bits() {
    let mut first: Option<Vec<(&str, Vec<u64>)>> = None;
    for kind in Registers::ALL {
        if !kind.exist() {
            left_out::say(&format!("this machine has no {kind:?}"));
            continue;
        }
        kind.limit();
        for threads in [1, 2, 5] {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let found = pool.install(answers);
            let first = first.get_or_insert_with(|| found.clone());
            for ((what, expected), (_, found)) in first.iter().zip(&found) {
                assert!(expected.len() > 100 && expected.len() == found.len(), "{what}");
                let different = expected.iter().zip(found).filter(|(a, b)| a != b).count();
                assert_eq!(different, 0, "{what} in {kind:?} on {threads} threads");
            }
        }
    }
}
