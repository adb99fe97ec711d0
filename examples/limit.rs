//! The macroscopic equations of a scenario beside their stationary state: `cargo run --release
//! --example limit`.
use flipchain::{Chain, Error, InitialProfiles, Options, Scenario, Times, limit};
use std::path::Path;

fn main() -> Result<(), Error> {
    let scenario = Scenario::read(Path::new("data/scenarios/uphill.toml"), &[])?;
    let initial = InitialProfiles::from(scenario.require_initial("limit")?);
    let chain = Chain::new(&scenario);
    let times = Times::diffusive([0.01, 0.1, 1.0]);
    let run = limit(&chain, Some(&initial), Some(&times), &Options::default())?;
    for output in 0..run.len() {
        let thermal = run.thermal(output);
        let middle = thermal.values[chain.bonds / 2];
        println!("t = {}: e_heat(1/2) = {middle:.12} ± {:.0e}", run.time(output), thermal.error);
    }
    println!("t = ∞: e_heat(1/2) = {:.12}", run.stationary()?.heat(0.5));
    Ok(())
}
