//! One shifted solve (σ - 𝓛) X = diag_p(1), in O(N²), beside the sparse factorization of the
//! literal operator: `cargo run --release --example shifted_solve`.
use flipchain::chain::Chain;
use flipchain::scenario::Scenario;
use flipchain::solver::covariance::{
    MomentEquations, Source, Target, literal::Literal, modal::Modal,
};
use num_complex::Complex64;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario =
        Scenario::read(Path::new("data/scenarios/heat_flow.toml"), &["chain.bonds=12".into()])?;
    let chain = Chain::new(&scenario);
    let shift = Complex64::new(-0.01, 0.2);
    let fast = solve(&Modal::new(&chain), shift)?;
    let judge = solve(&Literal::new(&chain), shift)?;
    let distance = (&fast - &judge).iter().fold(0.0, |most: f64, entry| most.max(entry.abs()));
    println!("largest difference of the real parts of the two matrices: {distance:.1e}");
    Ok(())
}

/// Re X for unit noise on every momentum.
fn solve(
    equations: &impl MomentEquations,
    shift: Complex64,
) -> Result<ndarray::Array2<f64>, Box<dyn std::error::Error>> {
    let noise = vec![Complex64::ONE; equations.chain().bonds + 1];
    let mut state = vec![0.0; equations.state_len()];
    let source = Source { state: None, scale: Complex64::ZERO, momenta: &noise };
    let target = Target { weight: Complex64::ONE, state: &mut state };
    let report = equations.solve(shift, source, &mut [target], 1e-13)?;
    println!("{} iterations, residual {:.1e}", report.iterations, report.residual);
    Ok(equations.matrix(&state))
}
