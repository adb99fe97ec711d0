//! The stationary profile of a long chain, without its covariance, against closed forms.
use flipchain::chain::{Chain, Force};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::steady::profiles::profiles;

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).map(|a| a.parse().expect("a number")).collect();
    let get = |i: usize, default: f64| args.get(i).copied().unwrap_or(default);
    let (bonds, flip_rate, friction, force) = (get(0, 1000.0) as usize, get(1, 1.0), get(2, 1.0), get(3, 2.0));
    let end = |temperature| Some(Thermostat { temperature, friction });
    let chain = Chain {
        topology: Topology::Open,
        bonds,
        flip_rate,
        left: end(2.0),
        right: end(1.0),
        force: Force { mean: force, ..Default::default() },
    };
    let start = std::time::Instant::now();
    let (state, found) = profiles(&chain, &Default::default()).expect("a stationary state");
    let solution = state.average;
    let seconds = start.elapsed().as_secs_f64();
    let j = -(solution.moments.correlation[0] + solution.moments.mean[bonds] * solution.moments.mean[0]);
    let exact = chain.stationary_current().expect("a closed form");
    let mut error = 0.0f64;
    if force == 0.0 {
        let thermal = chain.thermal_state().expect("two thermostats");
        let closed: Vec<f64> = thermal.var_r.iter().chain(&thermal.var_p).copied().collect();
        error = closed.iter().zip(&solution.moments.variance).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    }
    println!(
        "N {bonds} γ {flip_rate} λ {friction} F {force}: {seconds:.2} s, {} iterations, current {:+.1e} (estimate {:.1e}), variances {error:.1e} (estimate {:.1e})",
        found.iterations,
        j / exact - 1.0,
        solution.errors.correlation / exact.abs(),
        solution.errors.var_p
    );
}
