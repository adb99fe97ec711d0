//! The stationary profile of a long chain in O(N): `cargo run --release --example steady`.
use flipchain::chain::Chain;
use flipchain::monitor::Monitor;
use flipchain::observe::Profile;
use flipchain::scenario::Scenario;
use flipchain::steady::profiles;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario =
        Scenario::read(Path::new("data/scenarios/parabola.toml"), &["chain.bonds=10000".into()])?;
    let chain = Chain::new(&scenario);
    let (state, report) = profiles::profiles(&chain, &Monitor::default())?;
    let profile = Profile::new(&chain, &state.average, f64::INFINITY);
    let thermal = profile.thermal();
    let (hottest, temperature) =
        thermal.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).expect("a site");
    println!(
        "{} iterations; hottest at n = {hottest} with e_heat = {temperature:.10}",
        report.iterations
    );
    println!("variances known to {:.1e}", state.average.errors.var_p);
    Ok(())
}
