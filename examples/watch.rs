//! Prints the cost of a computation before it starts, follows its progress, and ends it from
//! another thread: `cargo run --release --example watch`.
use flipchain::monitor::{CancelToken, Monitor, Progress};
use flipchain::{Chain, Error, InitialLaw, Method, Options, Times, plan_evolve};

fn main() -> Result<(), Error> {
    let chain = Chain::ring(100).build()?;
    let law = InitialLaw::local_gibbs(&chain, |x| 1.0 + x * (1.0 - x))?;
    let options = Options { method: Method::Radau, ..Options::default() };
    let question = plan_evolve(&chain, &law, &Times::diffusive([0.1, 1.0]), &options)?;
    let cost = question.plan().cost;
    println!("expected: {:.0} MB, {:.1} s of processor time", cost.bytes / 1e6, cost.seconds);
    let cancel = CancelToken::default();
    // Whoever holds a copy of the token ends the computation at its next step: here the report
    // itself, half way.
    let half_way = cancel.clone();
    let report = move |progress: Progress| {
        let Progress { share, time, steps, .. } = progress;
        println!("{:3.0} %, t = {time:.1e}, {steps} steps", 100.0 * share);
        if share > 0.5 {
            half_way.cancel();
        }
    };
    match question.run(&Monitor::new(report, &cancel)) {
        Ok(run) => println!("{} outputs", run.len()),
        Err(reason) => println!("ended: {reason}"),
    }
    Ok(())
}
