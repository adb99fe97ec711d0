//! What is promised of the covariance: the O(N²) solver agrees with the literal operator, for any
//! chain and shift.

mod agreement;

use agreement::largest;
use flipchain::chain::{Chain, Force};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::covariance::{
    Diagonals, MomentEquations, Source, Target, literal::Literal, modal::Modal,
};
use ndarray::Array2;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random chain of 1 to 12 bonds: open with both, one or no thermostats, or a ring.
fn random_chain(random: &mut ChaCha8Rng) -> Chain {
    let mut thermostat = |present: bool| {
        let (temperature, friction) =
            (random.random_range(0.0..3.0), 10f64.powf(random.random_range(-1.0..1.0)));
        present.then_some(Thermostat { temperature, friction })
    };
    let (first, second) = (thermostat(true), thermostat(true));
    let (topology, left, right) = match random.random_range(0..5) {
        0 => (Topology::Ring, None, None),
        1 => (Topology::Open, None, None),
        2 => (Topology::Open, first, None),
        3 => (Topology::Open, None, second),
        _ => (Topology::Open, first, second),
    };
    let bonds = random.random_range(1..13);
    let flip_rate = 10f64.powf(random.random_range(-2.0..1.0));
    Chain { topology, bonds, flip_rate, left, right, force: Force::default(), general: None }
}

fn random_symmetric(random: &mut ChaCha8Rng, n: usize) -> Array2<f64> {
    let a = Array2::from_shape_simple_fn((n, n), || random.random_range(-1.0..1.0));
    &a + &a.t()
}

/// The answer to one shifted solve as a matrix.
fn answer(
    equations: &impl MomentEquations,
    shift: Complex64,
    y: &Array2<f64>,
    q: &[Complex64],
    weight: Complex64,
) -> Array2<f64> {
    let state = equations.represent(y);
    let mut out = vec![0.0; equations.state_len()];
    let source = Source {
        state: Some(&state),
        scale: Complex64::new(1.3, if shift.im == 0.0 { 0.0 } else { -0.4 }),
        momenta: q,
    };
    equations
        .solve(shift, source, &mut [Target { weight, state: &mut out }], 1e-13)
        .expect("the solve converges");
    equations.matrix(&out)
}

#[test]
fn a_matrix_is_recovered_from_its_modes() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..60 {
        let chain = random_chain(&mut random);
        let modal = Modal::new(&chain);
        let y = random_symmetric(&mut random, chain.coordinates());
        let state = modal.represent(&y);
        let error = largest(&(&modal.matrix(&state) - &y));
        assert!(error < 1e-14 * 10.0, "{chain:?}: {error:e}");
        // The modes are orthonormal, so the norm is the matrix's.
        let norm = y.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((modal.norm(&state) - norm).abs() < 1e-13 * norm, "{chain:?}");
    }
}

#[test]
fn the_mean_solve_agrees_with_the_literal_drift() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..100 {
        let chain = random_chain(&mut random);
        let shift = Complex64::new(random.random_range(0.05..2.0), random.random_range(-2.0..2.0));
        let f: Vec<Complex64> = (0..chain.coordinates())
            .map(|_| Complex64::new(random.random_range(-1.0..1.0), random.random_range(-1.0..1.0)))
            .collect();
        let fast = Modal::new(&chain).solve_mean(shift, &f).expect("regular");
        let literal = Literal::new(&chain).solve_mean(shift, &f).expect("regular");
        let scale = largest(&literal);
        let error = largest(fast.iter().zip(&literal).map(|(a, b)| a - b));
        // Rounding times the condition number, at most about 1/0.05.
        assert!(error < 1e-12 * scale, "{chain:?} σ = {shift}: {error:e}");
    }
}

#[test]
fn the_shifted_solve_agrees_with_the_literal_operator() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for round in 0..150 {
        let chain = random_chain(&mut random);
        let (literal, modal) = (Literal::new(&chain), Modal::new(&chain));
        let shift = random_shift(&mut random, &chain, round);
        let real = shift.im == 0.0;
        let q: Vec<Complex64> = (0..chain.atoms())
            .map(|_| {
                Complex64::new(
                    random.random_range(-1.0..1.0),
                    if real { 0.0 } else { random.random_range(-1.0..1.0) },
                )
            })
            .collect();
        let y = random_symmetric(&mut random, chain.coordinates());
        let weight = Complex64::new(0.7, if real { 0.0 } else { 0.9 });
        let judge = answer(&literal, shift, &y, &q, weight);
        let error = largest(&(&answer(&modal, shift, &y, &q, weight) - &judge));
        // The residual asked (1e-13) times the condition of the interface; 1/σ and 1/γ reach a few
        // hundred here.
        assert!(
            error < 1e-10 * largest(&judge),
            "{chain:?} σ = {shift}: {error:e} of {:e}",
            largest(&judge)
        );
    }
}

/// A random shift: real, complex to the right, zero, and complex with negative real part where no
/// eigenvalue is near.
fn random_shift(random: &mut ChaCha8Rng, chain: &Chain, kind: usize) -> Complex64 {
    match kind % 4 {
        0 => Complex64::new(10f64.powf(random.random_range(-2.0..1.0)), 0.0),
        1 => Complex64::new(random.random_range(0.05..2.0), random.random_range(-2.0..2.0)),
        2 if chain.left.is_some() || chain.right.is_some() => Complex64::ZERO,
        2 => Complex64::new(0.01, 0.0),
        _ => {
            chain.flip_rate
                * Complex64::new(-random.random_range(0.05..0.4), random.random_range(0.2..0.5))
        }
    }
}

#[test]
fn the_diagonals_are_those_of_the_literal_answer() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for round in 0..160 {
        let chain = random_chain(&mut random);
        let (literal, modal) = (Literal::new(&chain), Modal::new(&chain));
        let shift = random_shift(&mut random, &chain, round);
        let y = random_symmetric(&mut random, chain.coordinates());
        let q = vec![Complex64::new(0.8, 0.0); chain.atoms()];
        let diagonals = |equations: &dyn Fn(Source<'_>) -> Diagonals, state: &[f64]| {
            equations(Source { state: Some(state), scale: Complex64::ONE, momenta: &q })
        };
        let of_modal = |source: Source<'_>| {
            modal.solve_diagonals(shift, source, &mut [], 1e-13).expect("converges").1
        };
        let of_literal = |source: Source<'_>| {
            literal.solve_diagonals(shift, source, &mut [], 0.0).expect("regular").1
        };
        let fast = diagonals(&of_modal, &modal.represent(&y));
        let judge = diagonals(&of_literal, &literal.represent(&y));
        let all = |d: &Diagonals| [&d.variance[..], &d.correlation].concat();
        let scale = largest(all(&judge));
        let error = largest(all(&fast).iter().zip(all(&judge)).map(|(a, b)| a - b));
        // As for the whole answer below.
        assert!(error < 1e-10 * scale, "{chain:?} σ = {shift}: {error:e} of {scale:e}");
    }
}

#[test]
fn the_thermal_stationary_state_has_its_closed_form() {
    for (bonds, flip_rate, frictions) in
        [(1, 1.0, [1.0, 1.0]), (40, 1.0, [0.3, 4.0]), (1000, 0.5, [1.0, 2.0])]
    {
        let (hot, cold) = (2.0, 1.0);
        let end = |temperature, friction| Some(Thermostat { temperature, friction });
        let chain = Chain {
            topology: Topology::Open,
            bonds,
            flip_rate,
            left: end(hot, frictions[0]),
            right: end(cold, frictions[1]),
            force: Force::default(),
            general: None,
        };
        let modal = Modal::new(&chain);
        let q: Vec<Complex64> = chain
            .covariance_source(&vec![0.0; chain.atoms()], cold)
            .into_iter()
            .map(Complex64::from)
            .collect();
        let mut state = vec![0.0; modal.state_len()];
        let source = Source { state: None, scale: Complex64::ONE, momenta: &q };
        let target = Target { weight: Complex64::ONE, state: &mut state };
        modal.solve(Complex64::ZERO, source, &mut [target], 1e-14).expect("the solve converges");
        let c = modal.matrix(&state);
        let [l, r] = frictions;
        let resistance = 4.0 * flip_rate * bonds as f64 + l + 1.0 / l + r + 1.0 / r;
        let current = (cold - hot) / resistance;
        // Var p_n = T_- + (λ_- + 1/λ_- + 4γn) J inside the chain, and beside it Var r_n and
        // Cov(r_n, p_n) = J.
        let tolerance = 1e-12;
        for n in 1..bonds {
            let var_p = hot + (l + 1.0 / l + 4.0 * flip_rate * n as f64) * current;
            assert!(
                (c[[bonds + n, bonds + n]] + cold - var_p).abs() < tolerance,
                "N = {bonds}, Var p_{n}"
            );
        }
        for n in 1..=bonds {
            let var_r = hot + (l + 1.0 / l + 2.0 * flip_rate * (2 * n - 1) as f64) * current;
            assert!((c[[n - 1, n - 1]] + cold - var_r).abs() < tolerance, "N = {bonds}, Var r_{n}");
            assert!(
                (c[[n - 1, bonds + n]] - current).abs() < tolerance,
                "N = {bonds}, Cov(r_{n}, p_{n})"
            );
        }
    }
}

#[test]
fn the_generator_agrees_with_the_literal_operator() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..100 {
        let chain = random_chain(&mut random);
        let (literal, modal) = (Literal::new(&chain), Modal::new(&chain));
        let y = random_symmetric(&mut random, chain.coordinates());
        let judge = literal.matrix(&literal.generator(&literal.represent(&y)));
        let fast = modal.matrix(&modal.generator(&modal.represent(&y)));
        // A few roundings of entries of size 4γ and λ, at most 40.
        assert!(largest(&(&fast - &judge)) < 1e-13 * (1.0 + largest(&judge)), "{chain:?}");
    }
}

#[test]
fn at_64_bonds_every_block_agrees_with_the_sparse_factorization() {
    let end = |temperature, friction| Some(Thermostat { temperature, friction });
    let chain = Chain {
        topology: Topology::Open,
        bonds: 64,
        flip_rate: 0.3,
        left: end(2.0, 0.4),
        right: end(1.0, 3.0),
        force: Force::default(),
        general: None,
    };
    let (literal, modal) = (Literal::new(&chain), Modal::new(&chain));
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let y = random_symmetric(&mut random, chain.coordinates());
    let q: Vec<Complex64> = (0..chain.atoms()).map(|n| Complex64::from(n as f64 / 64.0)).collect();
    for shift in [Complex64::new(2e-4, 0.0), Complex64::new(-7e-4, 1e-3)] {
        let judge = answer(&literal, shift, &y, &q, Complex64::ONE);
        let fast = answer(&modal, shift, &y, &q, Complex64::ONE);
        let n = chain.bonds;
        // (r,r), (r,p), (p,r), (p,p): rounding times the condition 1/|σ|, a few thousand.
        for (rows, columns) in
            [(0..n, 0..n), (0..n, n..2 * n + 1), (n..2 * n + 1, 0..n), (n..2 * n + 1, n..2 * n + 1)]
        {
            let block = ndarray::s![rows.clone(), columns.clone()];
            let judge = judge.slice(block).to_owned();
            let error = largest(&(&fast.slice(block) - &judge));
            assert!(
                error < 1e-11 * largest(&judge),
                "σ = {shift}, {rows:?} {columns:?}: {error:e}"
            );
        }
    }
}

#[test]
fn the_solve_is_linear_and_its_answer_symmetric() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for round in 0..60 {
        let chain = random_chain(&mut random);
        let modal = Modal::new(&chain);
        let shift = random_shift(&mut random, &chain, round);
        let weight = Complex64::new(0.6, if shift.im == 0.0 { 0.0 } else { -0.8 });
        let [a, b] = [(); 2].map(|()| {
            let y = random_symmetric(&mut random, chain.coordinates());
            let q: Vec<Complex64> =
                (0..chain.atoms()).map(|_| random.random_range(-1.0..1.0).into()).collect();
            (y, q)
        });
        let both = (
            &a.0 + &(2.0 * &b.0),
            a.1.iter().zip(&b.1).map(|(a, b)| a + 2.0 * b).collect::<Vec<Complex64>>(),
        );
        let solve = |(y, q): &(Array2<f64>, Vec<Complex64>)| answer(&modal, shift, y, q, weight);
        let (x, sum) = (solve(&both), &solve(&a) + &(2.0 * &solve(&b)));
        let scale = largest(&x).max(largest(&sum));
        // The residual asked, 1e-13, times the condition.
        assert!(largest(&(&x - &sum)) < 1e-10 * scale, "{chain:?} σ = {shift}");
        assert!(largest(&(&x - &x.t())) < 1e-14 * 10.0 * scale, "{chain:?} σ = {shift}");
    }
}

#[test]
fn the_bits_of_a_solve_do_not_depend_on_the_number_of_threads() {
    let end = |temperature| Some(Thermostat { temperature, friction: 0.7 });
    let chain = Chain {
        topology: Topology::Open,
        bonds: 150,
        flip_rate: 0.4,
        left: end(2.0),
        right: end(1.0),
        force: Force::default(),
        general: None,
    };
    let modal = Modal::new(&chain);
    let y = Array2::from_diag(&ndarray::Array1::linspace(0.5, 2.0, chain.coordinates()));
    let state = modal.represent(&y);
    let q = vec![Complex64::new(0.3, 0.1); chain.atoms()];
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut x = vec![0.0; modal.state_len()];
            let source = Source { state: Some(&state), scale: Complex64::ONE, momenta: &q };
            let target = Target { weight: Complex64::new(1.0, 0.5), state: &mut x };
            let solved =
                modal.solve_diagonals(Complex64::new(1e-3, 2e-3), source, &mut [target], 1e-13);
            (x, solved.expect("converges").1)
        })
    };
    let one = with(1);
    for threads in [2, 3, 8] {
        assert!(with(threads) == one, "{threads} threads");
    }
}
