//! Prints a table of the ways that `evolve` takes, from its own plans:
//! `cargo run --release --example map_of_methods > docs/pictures/methods.csv`.
//!
//! One output at microscopic time τ of a chain between two thermostats under a constant force, for
//! flip rates γ and two lengths, with the covariance kept and without. Nothing is solved.
//! scripts/method_pictures.py draws the table.
use flipchain::{Chain, Error, Force, InitialLaw, Keep, Options, Thermostat, Times, plan_evolve};

/// Points a decade.
const DENSITY: i32 = 4;

fn main() -> Result<(), Error> {
    println!("bonds,covariance,flip_rate,time,way");
    for bonds in [10, 300] {
        for (kept, covariance) in [(false, Keep::None), (true, Keep::All)] {
            for rate in decades(-4, 2) {
                let ends = Chain::open(bonds).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
                let chain = ends.flip_rate(rate).force(Force::constant(2.0)).build()?;
                let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x)?;
                for time in decades(-1, 8) {
                    let times = Times::microscopic([time]);
                    let options = Options { covariance: covariance.clone(), ..Options::default() };
                    let plan = plan_evolve(&chain, &law, &times, &options)?;
                    println!("{bonds},{kept},{rate:.4e},{time:.4e},{:?}", plan.plan().ways[0].1);
                }
            }
        }
    }
    Ok(())
}

/// 10^first, .., 10^last.
fn decades(first: i32, last: i32) -> impl Iterator<Item = f64> {
    (first * DENSITY..=last * DENSITY).map(|k| 10f64.powf(f64::from(k) / f64::from(DENSITY)))
}
