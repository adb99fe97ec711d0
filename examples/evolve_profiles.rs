//! Profiles in time of a long chain without its covariance.
use flipchain::chain::{Chain, Force, InitialLaw};
use flipchain::scenario::{Thermostat, Topology};
use flipchain::solver::evolve::profiles::evolve;

fn main() {
    let args: Vec<f64> = std::env::args().skip(1).map(|a| a.parse().expect("a number")).collect();
    let get = |i: usize, default: f64| args.get(i).copied().unwrap_or(default);
    let (bonds, flip_rate, tolerance, force) =
        (get(0, 1000.0) as usize, get(1, 1.0), get(2, 1e-10), get(3, 2.0));
    let end = |temperature| Some(Thermostat { temperature, friction: 1.0 });
    let (left, right, force) = (end(2.0), end(1.0), Force { mean: force, ..Default::default() });
    let chain =
        Chain { topology: Topology::Open, bonds, flip_rate, left, right, force, general: None };
    let x = |n: usize| n as f64 / bonds as f64;
    let law = InitialLaw {
        mean_r: vec![0.0; bonds],
        mean_p: vec![0.0; bonds + 1],
        var_r: (1..=bonds).map(|n| 2.0 - x(n)).collect(),
        var_p: (0..=bonds).map(|n| 2.0 - x(n)).collect(),
        covariance: None,
    };
    let square = (bonds as f64).powi(2);
    let times = [1e-3, 1e-2, 1e-1, 0.3, 1.0].map(|t| t * square);
    let start = std::time::Instant::now();
    let (solutions, counts) =
        evolve(&chain, &law, &times, tolerance, &Default::default()).expect("it ends");
    println!(
        "N {bonds} γ {flip_rate}: {:.2} s, {} nodes",
        start.elapsed().as_secs_f64(),
        counts.solves
    );
    for solution in solutions {
        let e = solution.errors;
        println!(
            "  τ {:.1e}: variances {:.1e}, means {:.1e}, current {:.1e} of 1/N",
            solution.moments.time,
            e.var_p.max(e.var_r),
            e.mean_r.max(e.mean_p),
            e.correlation * bonds as f64
        );
    }
}
