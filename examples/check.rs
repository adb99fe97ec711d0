//! A statement of the theorems, measured over sizes, with its rate: `cargo run --release --example
//! check`.
use flipchain::chain::{Chain, InitialLaw};
use flipchain::limit::Problem;
use flipchain::monitor::Monitor;
use flipchain::observe::theorems::STATEMENTS;
use flipchain::observe::{sizes, verdict};
use flipchain::scenario::Scenario;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (times, tolerance) = ([0.1, 1.0], 1e-9);
    let mut measurements = Vec::new();
    for bonds in [8, 16, 32, 64] {
        let scenario = Scenario::read(
            Path::new("data/scenarios/uphill.toml"),
            &[format!("chain.bonds={bonds}")],
        )?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::new(&scenario));
        let limit = Problem::new(&scenario, &chain)?
            .evolve(&times)?
            .expect("the scenario has initial profiles");
        let monitor = Monitor::default();
        measurements
            .extend(sizes::measure(&chain, &law, &times, &limit, true, tolerance, &monitor)?);
    }
    for found in
        STATEMENTS.iter().filter_map(|statement| verdict::verdict(statement, &measurements))
    {
        println!("{}", found.sentence);
    }
    Ok(())
}
