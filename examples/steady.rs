//! A current with its error: `cargo run --release --example steady`.
use flipchain::{Chain, Error, Force, Options, Thermostat, steady};

fn main() -> Result<(), Error> {
    let ends = Chain::open(1000).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
    let run = steady(&ends.force(Force::constant(2.0)).build()?, None, &Options::default())?;
    let current = run.at(0).current();
    println!("current {:.12e} ± {:.0e}", current.values[500], current.error);
    Ok(())
}
