//! The stationary profile of a long driven chain, without its covariance; its current against the
//! closed form.
use flipchain::chain::{Chain, Force};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::steady::profiles::profiles;

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).map(|a| a.parse().expect("a number")).collect();
    let get = |i: usize, default: f64| args.get(i).copied().unwrap_or(default);
    let (bonds, flip_rate, friction, force) =
        (get(0, 1000.0) as usize, get(1, 1.0), get(2, 1.0), get(3, 2.0));
    let end = |temperature| Some(Thermostat { temperature, friction });
    let chain = Chain {
        topology: Topology::Open,
        bonds,
        flip_rate,
        left: end(2.0),
        right: end(1.0),
        force: Force { mean: force, ..Default::default() },
        general: None,
    };
    let start = std::time::Instant::now();
    let (state, found) = profiles(&chain, &Default::default()).expect("a stationary state");
    let solution = state.average;
    let seconds = start.elapsed().as_secs_f64();
    let j = -(solution.moments.correlation[0]
        + solution.moments.mean[bonds] * solution.moments.mean[0]);
    let exact = chain.stationary_current().expect("a closed form");
    println!(
        "N {bonds} γ {flip_rate} λ {friction} F {force}: {seconds:.2} s, {} iterations, current {:+.1e} (estimate {:.1e}), variances (estimate {:.1e} of {:.2})",
        found.iterations,
        j / exact - 1.0,
        solution.errors.correlation / exact.abs(),
        solution.errors.var_p,
        solution.moments.variance.iter().fold(0.0, |m: f64, v| m.max(*v))
    );
}
