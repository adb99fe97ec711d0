//! The statements of the theorems, measured over sizes, with their rates: `cargo run --release
//! --example check`.
use flipchain::{ChainBuilder, Error, InitialProfiles, Options, Scenario, Times, check};
use std::path::Path;

fn main() -> Result<(), Error> {
    let scenario = Scenario::read(Path::new("data/scenarios/uphill.toml"), &[])?;
    let initial = InitialProfiles::from(scenario.require_initial("check")?);
    let options = Options { sizes: vec![8, 16, 32, 64], ..Options::default() };
    let family = ChainBuilder::from(&scenario);
    let run = check(&family, &initial, &Times::diffusive([0.1, 1.0]), &options)?;
    for found in run.verdicts() {
        println!("{}", found.sentence);
    }
    Ok(())
}
