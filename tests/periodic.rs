//! What is promised of a periodic force: no period is resolved, and yet every value is the one at the instant asked for.

use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::covariance::modal::Modal;
use flipchain::covariance::moments::Solution;
use flipchain::evolve::{contour, radau};
use flipchain::scenario::{Thermostat, Topology};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A chain with a force of mean 0.8 and the given harmonics (order, amplitude before N^(-1/2)).
fn chain(bonds: usize, flip_rate: f64, ends: [bool; 2], frequency: f64, harmonics: &[(u32, Complex64)]) -> Chain {
    let end = |present: bool, temperature| present.then_some(Thermostat { temperature, friction: 0.7 });
    let scale = 0.5 / (bonds as f64).sqrt();
    let harmonics = harmonics.iter().map(|&(order, amplitude)| (order, amplitude * scale)).collect();
    let force = Force { mean: 0.8, frequency, harmonics };
    Chain { topology: Topology::Open, bonds, flip_rate, left: end(ends[0], 1.5), right: end(ends[1], 0.5), force }
}

fn law(chain: &Chain, random: &mut ChaCha8Rng) -> InitialLaw {
    let mut values = |n: usize, low: f64| (0..n).map(|_| random.random_range(low..1.0)).collect::<Vec<f64>>();
    InitialLaw {
        mean_r: values(chain.bonds, -1.0),
        mean_p: values(chain.atoms(), -1.0),
        var_r: values(chain.bonds, 0.1),
        var_p: values(chain.atoms(), 0.1),
        ..Default::default()
    }
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
}

/// Name, distance and the sum of the two estimates for each kind of moment.
fn distances(a: &Solution, b: &Solution, bonds: usize) -> [(&'static str, f64, f64); 5] {
    let (x, y, e, f) = (&a.moments, &b.moments, &a.errors, &b.errors);
    [
        ("mean r", apart(&x.mean[..bonds], &y.mean[..bonds]), e.mean_r + f.mean_r),
        ("mean p", apart(&x.mean[bonds..], &y.mean[bonds..]), e.mean_p + f.mean_p),
        ("var r", apart(&x.variance[..bonds], &y.variance[..bonds]), e.var_r + f.var_r),
        ("var p", apart(&x.variance[bonds..], &y.variance[bonds..]), e.var_p + f.var_p),
        ("correlation", apart(&x.correlation, &y.correlation), e.correlation + f.correlation),
    ]
}

#[test]
fn envelopes_agree_with_steps_through_every_period_to_their_stated_errors() {
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let one = Complex64::ONE;
    let both: &[(u32, Complex64)] = &[(1, 3.0 * one), (3, Complex64::new(-1.0, 2.0))];
    for (bonds, flip_rate, ends, frequency, harmonics) in [
        (6, 0.8, [true, true], 1.3, &both[..1]),
        (12, 1.0, [true, false], 0.7, both),
        (3, 4.0, [true, true], 2.6, both),
        (1, 0.5, [false, true], 0.2, &both[..1]),
        (5, 2.0, [false, false], 1.0, &both[..1]),
    ] {
        let chain = chain(bonds, flip_rate, ends, frequency, harmonics);
        let law = law(&chain, &mut random);
        let first = contour::earliest(&chain).expect("flips");
        // Instants of different phase, sharing a contour.
        let times = [first, 1.3 * first];
        let modal = Modal::new(&chain);
        for tolerance in if bonds < 6 { vec![1e-6, 1e-9] } else { vec![1e-8] } {
            let enveloped =
                contour::evolve(&modal, &law, &times, tolerance, |_| true, &mut |_, _| true).expect("it ends").0;
            let stepped =
                radau::evolve(&modal, &law, &times, tolerance, |_| true, &mut |_, _| true).expect("it ends").0;
            for (a, b) in enveloped.iter().zip(&stepped) {
                let place = format!("{chain:?} τ = {} at {tolerance:e}", a.moments.time);
                for (kind, distance, allowed) in distances(a, b, bonds) {
                    assert!(distance <= allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                    assert!(allowed < 300.0 * tolerance, "{kind}, {place}: {allowed:e}");
                }
                let (x, y) = (a.integrals.as_ref().expect("integrals"), b.integrals.as_ref().expect("integrals"));
                // Integrals have no estimate of their own: the error rate of the integrands, times the time.
                let allowed = 300.0 * tolerance * (1.0 + a.moments.time);
                for (kind, distance) in [
                    ("∫ z̄", apart(&x.mean, &y.mean)),
                    ("∫ E z²", apart(&x.square, &y.square)),
                    ("∫ E p r", apart(&x.product, &y.product)),
                    ("work", (x.work - y.work).abs()),
                ] {
                    assert!(distance < allowed, "{kind}, {place}: {distance:e} > {allowed:e}");
                }
            }
        }
    }
}
