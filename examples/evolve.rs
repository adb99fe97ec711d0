//! Evolves a scenario and prints its thermal energy with its error: `cargo run --release --example
//! evolve`.
use flipchain::{Chain, Error, InitialLaw, Options, Scenario, Times, evolve};
use std::path::Path;

fn main() -> Result<(), Error> {
    let scenario = Scenario::read(Path::new("data/scenarios/uphill.toml"), &[])?;
    let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
    let times = Times::of(&scenario).expect("the scenario has output times");
    let run = evolve(&chain, &law, &times, &Options::default())?;
    println!("{}", run.plan().reason);
    for output in run.outputs() {
        let thermal = output.thermal();
        let middle = thermal.values[chain.bonds / 2];
        println!("t = {}: e_heat(1/2) = {middle:.10} ± {:.0e}", output.time(), thermal.error);
    }
    Ok(())
}
