//! Iterations and errors of the shifted solve (σ - 𝓛) X = R over sizes, flip rates, frictions, ends
//! and shifts, as Markdown tables.
//!
//! ```text
//! cargo run --release --example iterations [SIZES] [FRICTIONS] [ENDS]
//! # default: 32,64,..,2048 0.2,1,5 both,left,none,ring
//! ```
//!
//! Each cell is the largest over the frictions of the Krylov iterations; the last two columns are
//! the largest, over sizes and frictions, of the residual of the whole equation relative to ‖R‖ +
//! ‖X‖, evaluated with the generator and independent of the solve, and of the estimated error of a
//! variance relative to the largest. "fails" marks a solve that ended with an error.

use flipchain::chain::{Chain, Force};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::{MomentEquations, Source, Target, modal::Modal};
use ndarray::{Array1, Array2};
use num_complex::Complex64;

/// A named shift for N bonds and flip rate γ.
type Shift = (&'static str, fn(f64, f64) -> Complex64);

const SHIFTS: [Shift; 6] = [
    ("0", |_, _| Complex64::ZERO),
    ("1/N²", |n, _| Complex64::new(1.0 / (n * n), 0.0)),
    ("1", |_, _| Complex64::ONE),
    ("(-3+4i)/N²", |n, _| Complex64::new(-3.0, 4.0) / (n * n)),
    ("(-0.3+0.4i)γ", |_, g| Complex64::new(-0.3, 0.4) * g),
    ("(2+3i)/N", |n, _| Complex64::new(2.0, 3.0) / n),
];

fn chain(bonds: usize, flip_rate: f64, friction: f64, ends: &str) -> Chain {
    let end =
        |temperature, there| if there { Some(Thermostat { temperature, friction }) } else { None };
    Chain {
        topology: if ends == "ring" { Topology::Ring } else { Topology::Open },
        bonds,
        flip_rate,
        left: end(2.0, ends == "both" || ends == "left"),
        right: end(1.0, ends == "both"),
        force: Force::default(),
        general: None,
    }
}

/// Iterations, residual of the whole equation, estimated error relative to the largest variance;
/// `None` if the solve failed.
fn measure(chain: &Chain, shift: Complex64) -> Option<(usize, f64, f64)> {
    let modal = Modal::new(chain);
    let n = chain.coordinates();
    let y = Array1::from_shape_fn(n, |i| {
        let x = i as f64 / n as f64;
        0.3 + x * x + 0.2 * (17.0 * x).sin()
    });
    let state = modal.represent(&Array2::from_diag(&y));
    let momenta: Vec<Complex64> = chain
        .covariance_source(&vec![0.7; chain.atoms()], 1.0)
        .into_iter()
        .map(Complex64::from)
        .collect();
    let (mut re, mut im) = (vec![0.0; state.len()], vec![0.0; state.len()]);
    let given = if shift == Complex64::ZERO { None } else { Some(&state[..]) };
    let source = Source { state: given, scale: Complex64::ONE, momenta: &momenta };
    let mut targets = vec![
        Target { weight: Complex64::ONE, state: &mut re },
        Target { weight: -Complex64::I, state: &mut im },
    ];
    let report = modal.solve(shift, source, &mut targets, 2e-15).ok()?;
    // σX - 𝓛X - R by real and imaginary part.
    let q = Array1::from_iter(
        (0..n).map(|i| if i < chain.bonds { 0.0 } else { momenta[i - chain.bonds].re }),
    );
    let q = modal.represent(&Array2::from_diag(&q));
    let (l_re, l_im) = (modal.generator(&re), modal.generator(&im));
    let rhs: Vec<f64> =
        q.iter().zip(&state).map(|(q, y)| q + if given.is_some() { *y } else { 0.0 }).collect();
    let left: Vec<f64> =
        (0..re.len()).map(|i| shift.re * re[i] - shift.im * im[i] - l_re[i] - rhs[i]).collect();
    let left_im: Vec<f64> =
        (0..re.len()).map(|i| shift.re * im[i] + shift.im * re[i] - l_im[i]).collect();
    let size = modal.norm(&re).hypot(modal.norm(&im)) + modal.norm(&rhs);
    let residual = modal.norm(&left).hypot(modal.norm(&left_im)) / size;
    let variances = |x: &[f64]| modal.matrix(x).diag().iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    Some((report.iterations, residual, report.error / variances(&re).hypot(variances(&im))))
}

fn main() {
    let list = |index: usize, default: &str| -> Vec<f64> {
        let text = std::env::args().nth(index).unwrap_or(default.into());
        text.split(',').map(|n| n.parse().expect("numbers separated by commas")).collect()
    };
    let sizes: Vec<usize> =
        list(1, "32,64,128,256,512,1024,2048").into_iter().map(|n| n as usize).collect();
    let frictions = list(2, "0.2,1,5");
    let columns: Vec<String> = sizes.iter().map(|n| format!("{n}")).collect();
    println!("| ends | γ | σ | {} | residual | error |", columns.join(" | "));
    println!("|---|---|---|{}---|---|", "---|".repeat(sizes.len()));
    let ends = std::env::args().nth(3).unwrap_or("both,left,none,ring".into());
    for ends in ends.split(',') {
        for flip_rate in [0.01, 0.1, 1.0, 10.0] {
            for (name, shift) in SHIFTS {
                let thermostats = ends == "both" || ends == "left";
                if name == "0" && !thermostats {
                    continue;
                }
                let (mut cells, mut residual, mut error) = (Vec::new(), 0.0f64, 0.0f64);
                for &bonds in &sizes {
                    let frictions = if thermostats { &frictions[..] } else { &[1.0] };
                    let found: Vec<_> = frictions
                        .iter()
                        .map(|&friction| {
                            measure(
                                &chain(bonds, flip_rate, friction, ends),
                                shift(bonds as f64, flip_rate),
                            )
                        })
                        .collect();
                    for (_, r, e) in found.iter().flatten() {
                        (residual, error) = (residual.max(*r), error.max(*e));
                    }
                    let most = found
                        .iter()
                        .map(|f| f.map(|f| f.0))
                        .collect::<Option<Vec<_>>>()
                        .map(|i| i.into_iter().max().unwrap_or(0));
                    cells.push(most.map_or("fails".into(), |i| i.to_string()));
                }
                println!(
                    "| {ends} | {flip_rate} | {name} | {} | {residual:.0e} | {error:.0e} |",
                    cells.join(" | ")
                );
            }
        }
    }
}
