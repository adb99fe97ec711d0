//! C_N without the covariance is that of the covariance itself.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::monitor::Monitor;
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::modal::Modal;
use flipchain::solver::evolve::{self, Method};
use flipchain::solver::evolve::{norm::Squares, squares};
use num_complex::Complex64;

fn chain(bonds: usize, waves: bool, ends: [bool; 2]) -> Chain {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let harmonics = match waves {
        true => vec![(1, Complex64::new(0.5, -0.3)), (3, Complex64::new(-0.2, 0.1))],
        false => vec![],
    };
    let mean = if ends == [false; 2] { 0.0 } else { 0.7 };
    let force = Force { mean, frequency: 0.9.into(), harmonics };
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate: 1.3,
        left: end(1.5, 0.8).filter(|_| ends[0]),
        right: end(0.4, 2.0).filter(|_| ends[1]),
        force,
        general: None,
    }
}

fn law(chain: &Chain) -> InitialLaw {
    let wave = |n: usize, shift: f64| (0.37 * n as f64 + shift).sin();
    let (bonds, atoms) = (chain.bonds, chain.atoms());
    InitialLaw {
        mean_r: (0..bonds).map(|n| 0.8 * wave(n, 0.1)).collect(),
        mean_p: (0..atoms).map(|n| 0.5 * wave(n, 0.7)).collect(),
        var_r: (0..bonds).map(|n| 1.5 + wave(n, 0.3)).collect(),
        var_p: (0..atoms).map(|n| 1.2 + wave(n, 0.9)).collect(),
        covariance: None,
    }
}

/// By steps to the covariance, which share nothing with the contour, and by the pass.
#[test]
fn it_is_that_of_the_covariance() {
    let (both, left, none) = ([true; 2], [true, false], [false; 2]);
    for (bonds, waves, ends, tolerance) in [
        (3, false, both, 1e-9),
        (20, true, both, 1e-9),
        (20, false, both, 1e-4),
        (33, true, left, 1e-6),
        (15, false, none, 1e-9),
    ] {
        let chain = chain(bonds, waves, ends);
        let (law, equations) = (law(&chain), Modal::new(&chain));
        let first = squares::serves(&chain, &law).expect("flips, and independent coordinates");
        let times: Vec<_> = [1.0, 1.7, 8.0].iter().map(|part| (part * first).into()).collect();
        let silent = Monitor::default();
        let found = squares::evolve(&equations, &law, &times, tolerance, &silent).unwrap();
        let plan = evolve::plan(&chain, &law, &times, Method::Stencil, true).unwrap();
        let (steps, _) =
            evolve::evolve(&equations, &law, &times, &plan, 1e-12, |_| true, &silent).unwrap();
        for (norm, solution) in found.iter().zip(&steps) {
            let own = Squares::of_norm(&chain, norm, solution);
            let known = Squares::of_covariance(&chain, solution).expect("it was kept");
            for (found, known) in [(own.all, known.all), (own.off_diagonal, known.off_diagonal)] {
                let (off, allowed) = ((found[0] - known[0]).abs(), found[1] + known[1]);
                assert!(off <= allowed, "N = {bonds}: {found:?} and {known:?}, off by {off:e}");
                assert!(found[1] < 100.0 * tolerance * own.all[0], "N = {bonds}: {found:?}");
            }
        }
    }
}

#[test]
fn it_serves_where_it_can() {
    let mut open = chain(20, false, [true; 2]);
    let independent = law(&open);
    assert!(squares::serves(&open, &independent).is_some());
    let correlated = independent.clone().correlated(2.0, false);
    assert!(squares::serves(&open, &correlated).is_none());
    open.flip_rate = 0.0;
    assert!(squares::serves(&open, &independent).is_none());
}
