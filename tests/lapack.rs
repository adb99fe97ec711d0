//! LAPACK's opinion (`cargo test --features lapack`, needs OpenBLAS): dense results of our own and
//! of faer agree with it.
#![cfg(feature = "lapack")]

mod agreement;

use agreement::largest;
use flipchain::chain::{Chain, Force};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::{
    MomentEquations, Source, Target, literal::Literal, modal::Modal,
};
use ndarray::{Array1, Array2};
use ndarray_linalg::{Eig, Solve};
use num_complex::Complex64;

fn chain(bonds: usize) -> Chain {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let (left, right) = (end(2.0, 0.7), end(1.0, 1.6));
    Chain {
        topology: Topology::Open,
        bonds,
        flip_rate: 0.9,
        left,
        right,
        force: Force::default(),
        general: None,
    }
}

#[test]
fn the_eigenvalues_of_the_drift_agree() {
    let drift = chain(12).drift().to_dense();
    let n = drift.nrows();
    let (lapack, _) = drift.eig().expect("LAPACK converges");
    let faer =
        faer::Mat::from_fn(n, n, |i, j| drift[[i, j]]).eigenvalues().expect("faer converges");
    for value in lapack {
        // Not a number is nowhere near.
        let nearest = faer.iter().map(|f| (f - value).norm()).fold(f64::INFINITY, f64::min);
        // B is not normal: rounding times the condition of its eigenvectors, below 1e3 here.
        assert!(nearest < 1e-12, "{value}: {nearest:e}");
    }
}

#[test]
fn a_dense_solve_of_the_shifted_equation_agrees() {
    let chain = chain(6);
    let (literal, modal) = (Literal::new(&chain), Modal::new(&chain));
    let n = literal.state_len();
    for shift in [Complex64::ZERO, Complex64::new(0.3, 0.0), Complex64::new(-0.02, 0.4)] {
        let q: Vec<Complex64> =
            (0..chain.atoms()).map(|i| Complex64::new(1.0 + i as f64, 0.0)).collect();
        let mut matrix = Array2::<Complex64>::eye(n) * shift;
        literal.operator().iter().for_each(|(l, (i, j))| matrix[[i, j]] -= l);
        let mut rhs = Array1::<Complex64>::zeros(n);
        let side = chain.coordinates();
        q.iter().enumerate().for_each(|(site, q)| rhs[(chain.bonds + site) * (side + 1)] = *q);
        let lapack = matrix.solve(&rhs).expect("LAPACK solves");
        let solve = |equations: &dyn Fn(&mut [f64])| {
            let mut state = vec![0.0; n.max(modal.state_len())];
            equations(&mut state);
            state
        };
        let source = Source { state: None, scale: Complex64::ONE, momenta: &q };
        let ours = solve(&|state| {
            let target = Target { weight: Complex64::ONE, state: &mut state[..modal.state_len()] };
            modal.solve(shift, source, &mut [target], 1e-14).expect("it converges");
        });
        let ours = modal.matrix(&ours[..modal.state_len()]);
        let faer = solve(&|state| {
            let target = Target { weight: Complex64::ONE, state: &mut state[..n] };
            literal.solve(shift, source, &mut [target], 1e-14).expect("it is regular");
        });
        let scale = largest(&lapack);
        for (index, lapack) in lapack.iter().enumerate() {
            // Rounding times the condition of (σ - 𝓛), about N² at σ = 0.
            assert!(
                (ours[[index / side, index % side]] - lapack.re).abs() < 1e-12 * scale,
                "modal, σ = {shift}"
            );
            assert!((faer[index] - lapack.re).abs() < 1e-12 * scale, "faer, σ = {shift}");
        }
    }
}

#[test]
fn the_means_follow_the_matrix_exponential_of_the_drift() {
    use flipchain::chain::InitialLaw;
    use flipchain::solver::evolve::radau;
    use ndarray_linalg::Inverse;
    let chain = chain(5);
    let law = InitialLaw {
        mean_r: vec![0.4, -1.0, 0.3, 0.2, 0.9],
        mean_p: vec![1.0, -0.5, 0.0, 0.7, 0.1, -0.2],
        var_r: vec![1.0; 5],
        var_p: vec![1.0; 6],
        ..Default::default()
    };
    let (values, vectors) = chain.drift().to_dense().eig().expect("LAPACK converges");
    let inverse = vectors.inv().expect("the drift is diagonalizable");
    let start =
        Array1::from_iter(law.mean_r.iter().chain(&law.mean_p).map(|&z| Complex64::from(z)));
    for time in [0.3, 4.0, 50.0] {
        let evolved = inverse.dot(&start) * values.mapv(|v| (v * time).exp());
        let exact = vectors.dot(&evolved);
        let ours = radau::evolve(
            &Modal::new(&chain),
            &law,
            &[time],
            1e-10,
            |_| false,
            &Default::default(),
        )
        .expect("it ends")
        .0;
        for (ours, exact) in ours[0].moments.mean.iter().zip(&exact) {
            // The tolerance; LAPACK's own error is rounding times the condition of the
            // eigenvectors.
            assert!((ours - exact.re).abs() < 1e-10, "τ = {time}: {ours} {exact}");
        }
    }
}

#[test]
fn without_flips_the_matrix_exponential_of_the_drift_agrees() {
    use flipchain::chain::InitialLaw;
    use flipchain::solver::evolve::harmonic;
    use ndarray_linalg::Inverse;
    let chain = Chain { flip_rate: 0.0, ..chain(6) };
    let law = InitialLaw {
        mean_r: vec![0.4, -1.0, 0.3, 0.2, 0.9, -0.6],
        mean_p: vec![1.0, -0.5, 0.0, 0.7, 0.1, -0.2, 0.8],
        var_r: vec![0.2, 1.0, 3.0, 0.7, 1.4, 0.1],
        var_p: vec![1.0, 0.3, 2.0, 0.5, 0.1, 4.0, 0.6],
        ..Default::default()
    };
    // B = V Λ V⁻¹; in the eigenvectors dX/dτ = Λ X + X Λ + Q for the covariance C = V X Vᵀ is a
    // number for every entry.
    let (values, vectors) = chain.drift().to_dense().eig().expect("LAPACK converges");
    let inverse = vectors.inv().expect("the drift is diagonalizable");
    let in_modes = |diagonal: Vec<f64>| {
        let c = Array2::from_diag(&Array1::from_iter(diagonal.into_iter().map(Complex64::from)));
        inverse.dot(&c).dot(&inverse.t())
    };
    let noise = [vec![0.0; chain.bonds], chain.thermostats().1.to_vec()].concat();
    let (noise, start) = (in_modes(noise), in_modes(law.variance()));
    let mean = inverse.dot(&Array1::from_iter(law.mean().into_iter().map(Complex64::from)));
    let times = [0.05, 1.0, 12.0, 300.0];
    let ours =
        harmonic::evolve(&chain, &law, &times, |_| true, &Default::default()).expect("it ends");
    for (ours, time) in ours.iter().zip(times) {
        let means = vectors.dot(&(&mean * &values.mapv(|v| (v * time).exp())));
        let modes = Array2::from_shape_fn(start.dim(), |(i, j)| {
            let rate = values[i] + values[j];
            let decay = (rate * time).exp();
            decay * start[[i, j]] + noise[[i, j]] * (decay - 1.0) / rate
        });
        let covariance = vectors.dot(&modes).dot(&vectors.t());
        // Rounding of LAPACK times the condition of the eigenvectors (below 100) and the largest
        // variance, 4; ours is below.
        let bound = 1e-12;
        for (x, exact) in ours.moments.mean.iter().zip(&means) {
            assert!((x - exact.re).abs() < bound, "mean, τ = {time}: {x} {exact}");
        }
        for (x, exact) in
            ours.moments.covariance.as_ref().expect("it was kept").iter().zip(&covariance)
        {
            assert!((x - exact.re).abs() < bound, "covariance, τ = {time}: {x} {exact}");
        }
    }
}
