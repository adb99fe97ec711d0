//! Evolves a scenario and prints its thermal energy with its error: `cargo run --release --example
//! evolve`.
use flipchain::chain::{Chain, InitialLaw};
use flipchain::covariance::modal::Modal;
use flipchain::evolve::{self, Method};
use flipchain::monitor::Monitor;
use flipchain::observe::Profile;
use flipchain::scenario::Scenario;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario =
        Scenario::read(Path::new("data/scenarios/uphill.toml"), &["chain.bonds=40".into()])?;
    let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
    let unit = (chain.bonds as f64).powi(2);
    let microscopic: Vec<f64> = scenario.output_times().iter().map(|t| t * unit).collect();
    let plan = evolve::plan(&chain, &law, &microscopic, Method::Auto, false)?;
    println!("{}", plan.reason);
    let (solutions, _) = evolve::evolve(
        &Modal::new(&chain),
        &law,
        &microscopic,
        &plan,
        1e-9,
        |_| false,
        &Monitor::default(),
    )?;
    for (solution, t) in solutions.iter().zip(scenario.output_times()) {
        let profile = Profile::new(&chain, solution, t);
        println!(
            "t = {t:.4}: thermal energy in the middle {:.10}",
            profile.thermal()[chain.bonds / 2]
        );
    }
    Ok(())
}
