//! The solves of small systems themselves: the direct one, and the closed form that is split off.

use super::*;

/// The largest distance; infinite where there is something that is not a number.
fn apart(a: &[Complex64], b: &[Complex64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).norm());
    distances.fold(0.0, |m, d| if d.is_nan() { f64::INFINITY } else { m.max(d) })
}

#[test]
fn the_direct_solve_agrees_with_the_literal_operator() {
    for bonds in [1, 2, 3, 7] {
        for frictions in [[1.0, 0.3], [0.0, 2.0], [0.7, 0.0], [0.0, 0.0]] {
            for shift in [(0.0, 0.0), (0.4, 0.0), (0.02, 1.7), (-0.3, 2.4)] {
                let shift = Complex64::new(shift.0, shift.1);
                if shift.norm() == 0.0 && frictions == [0.0, 0.0] {
                    continue;
                }
                let chain = chain(bonds, 0.6, frictions, 0.0);
                let (literal, direct) =
                    (Literal::new(&chain), Modal::new(&chain).solved_directly());
                let n = chain.coordinates();
                let root = ndarray::Array2::from_shape_fn((n, n), |(i, j)| {
                    ((3 * i + 7 * j) as f64 * 0.7).sin()
                });
                let start = root.dot(&root.t());
                let momenta: Vec<Complex64> = (0..chain.atoms())
                    .map(|i| Complex64::new((i as f64 + 0.3).cos(), 0.2 * i as f64))
                    .collect();
                let solve = |equations: &dyn Fn(&[f64], &mut [f64]) -> _, state: Vec<f64>| {
                    let mut out = vec![0.0; state.len()];
                    let (report, diagonals): (flipchain::solver::covariance::SolveReport, _) =
                        equations(&state, &mut out);
                    (report, diagonals, out)
                };
                let by = |equations: &dyn Solves| {
                    solve(
                        &|state, out| {
                            let source = Source {
                                state: Some(state),
                                scale: Complex64::new(0.8, -0.4),
                                momenta: &momenta,
                            };
                            let target = Target { weight: Complex64::new(0.3, 1.1), state: out };
                            equations.go(shift, source, target)
                        },
                        equations.represent(&start),
                    )
                };
                let (_, expected, by_literal) = by(&literal);
                let (report, found, by_direct) = by(&direct);
                let scale = expected.variance.iter().fold(0.0f64, |m, v| m.max(v.norm()));
                // Roundings of the judge: its matrix has a condition of some 100.
                let allowed = 3e-13 * scale + report.error;
                assert!(report.error < 1e-14 * scale, "{report:?}");
                for (name, a, b) in [
                    ("variance", &found.variance[..], &expected.variance[..]),
                    ("correlation", &found.correlation, &expected.correlation),
                    ("losses", &found.losses, &expected.losses),
                ] {
                    let error = apart(a, b);
                    assert!(error < allowed, "{name} N = {bonds} {frictions:?} {shift}: {error:e}");
                }
                let difference = literal.matrix(&by_literal) - direct.matrix(&by_direct);
                assert!(
                    difference.iter().all(|d| d.abs() < allowed),
                    "{bonds} {frictions:?} {shift}"
                );
                assert_eq!(direct.direct_solves(), 1);
            }
        }
    }
}

/// Stationary states split it off, so it is judged by the operator itself.
#[test]
fn the_thermal_closed_form_solves_the_literal_equation() {
    for frictions in [[1.0, 0.3], [0.0, 2.0], [1e-3, 1e3]] {
        for bonds in [1, 2, 5] {
            let chain = chain(bonds, 0.6, frictions, 0.0);
            let literal = Literal::new(&chain);
            let state = chain.harmonic_state().expect("a thermostat").covariance(&chain);
            let mut change = literal.generator(&MomentEquations::represent(&literal, &state));
            let noise = chain.thermostats().1;
            for (atom, noise) in noise.iter().enumerate() {
                change[(bonds + atom) * (chain.coordinates() + 1)] += noise;
            }
            let largest = change.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            assert!(!change.iter().any(|x| x.is_nan()));
            assert!(largest < 1e-14 * (1.0 + frictions[1]), "{frictions:?}: {largest:e}");
        }
    }
}

/// A shifted solve with one target, of any representation.
trait Solves {
    fn represent(&self, covariance: &ndarray::Array2<f64>) -> Vec<f64>;
    fn go(
        &self,
        shift: Complex64,
        source: Source<'_>,
        target: Target<'_>,
    ) -> (flipchain::solver::covariance::SolveReport, flipchain::solver::covariance::Diagonals);
}

impl<E: MomentEquations> Solves for E {
    fn represent(&self, covariance: &ndarray::Array2<f64>) -> Vec<f64> {
        MomentEquations::represent(self, covariance)
    }

    fn go(
        &self,
        shift: Complex64,
        source: Source<'_>,
        target: Target<'_>,
    ) -> (flipchain::solver::covariance::SolveReport, flipchain::solver::covariance::Diagonals)
    {
        self.solve_diagonals(shift, source, &mut [target], 1e-15).expect("not singular")
    }
}
