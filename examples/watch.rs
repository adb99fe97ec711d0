//! What a computation costs, said before it starts; its progress; and its end from another thread:
//! `cargo run --release --example watch`.
use flipchain::chain::{Chain, InitialLaw};
use flipchain::covariance::modal::Modal;
use flipchain::evolve::{self, Method};
use flipchain::monitor::{CancelToken, Monitor, Progress};
use flipchain::scenario::Scenario;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario =
        Scenario::read(Path::new("data/scenarios/uphill.toml"), &["chain.bonds=100".into()])?;
    let (chain, law, times, tolerance) =
        (Chain::new(&scenario), InitialLaw::read(&scenario)?, [1e3, 1e4], 1e-9);
    let plan = evolve::plan(&chain, &law, &times, Method::Radau, false)?;
    let cost = evolve::cost(&chain, &law, &times, &plan, tolerance, &[false; 2]);
    println!("expected: {:.0} MB, {:.1} s of processor time", cost.bytes / 1e6, cost.seconds);
    let cancel = CancelToken::default();
    // Whoever holds a copy of the token ends the computation at its next step: here the report
    // itself, half way.
    let half_way = cancel.clone();
    let report = move |progress: Progress| {
        println!(
            "{:3.0} %, τ = {:.1}, {} steps",
            100.0 * progress.share,
            progress.time,
            progress.steps
        );
        if progress.share > 0.5 {
            half_way.cancel();
        }
    };
    let monitor = Monitor::new(report, &cancel);
    match evolve::evolve(&Modal::new(&chain), &law, &times, &plan, tolerance, |_| false, &monitor) {
        Ok((solutions, _)) => println!("{} outputs", solutions.len()),
        Err(reason) => println!("ended: {reason}"),
    }
    Ok(())
}
