//! The macroscopic equations of a scenario beside their stationary state: `cargo run --release
//! --example limit`.
use flipchain::chain::Chain;
use flipchain::limit::Problem;
use flipchain::scenario::Scenario;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario = Scenario::read(Path::new("data/scenarios/uphill.toml"), &[])?;
    let problem = Problem::new(&scenario, &Chain::new(&scenario))?;
    let stationary = problem.stationary()?;
    let evolution = problem.evolve(&[0.01, 0.1, 1.0])?.expect("the scenario has initial profiles");
    for output in &evolution.outputs {
        let (state, [_, error]) = (&output.state, output.errors);
        println!("t = {}: e_heat(1/2) = {:.12} ± {error:.0e}", state.time(), state.heat(0.5));
    }
    println!("t = ∞: e_heat(1/2) = {:.12}", stationary.heat(0.5));
    Ok(())
}
