//! Doublings of what flips give back, judged by the exponential in 32 digits.

use super::*;

/// Errors of doublings in doubles beyond the stated ones, judged by the exponential in 32 digits;
/// the least and the largest of estimate/error where there is an error to speak of.
fn judge_doublings(chain: &Chain, time: f64, range: &mut [f64; 2]) -> Vec<String> {
    use flipchain::chain::Double;
    use flipchain::solver::evolve::{pairs, returns, squaring};
    let (law, quiet) = (law(chain), Monitor::default());
    let times = [0.37 * time, time];
    let exact = squaring::evolve(chain, &law, &times, |_| false, &quiet).expect("an answer");
    let wide = times.map(Double::from);
    let in_waves = pairs::evolve(chain, &law, &wide, |_| false, &quiet).expect("an answer");
    let by_matrices = returns::by_matrices(chain, &law, &wide, |_| false, &quiet);
    let ways = [("waves", in_waves), ("matrices", Some(by_matrices.expect("an answer")))];
    let mut faults = Vec::new();
    let pairs_of_waves = chain.coordinates() * (chain.coordinates() + 1) / 2;
    let rare = chain.flip_rate <= 4.0 / pairs_of_waves as f64;
    let has_waves = chain.topology == Topology::Open && rare;
    assert_eq!(ways[0].1.is_some(), has_waves, "{}", name(chain));
    let ways = ways.iter().flat_map(|(way, found)| Some((way, found.as_ref()?)));
    let outputs = ways.flat_map(|(way, found)| found.iter().map(move |found| (way, found)));
    for ((way, found), (exact, time)) in outputs.zip(exact.iter().zip(times).cycle()) {
        let [integrals, judge] = [found, exact].map(|of| of.integrals.as_ref());
        let [integrals, judge] = [integrals, judge].map(|of| of.expect("always known"));
        faults.extend(judge_integrals(chain, integrals, judge, time));
        let [found, exact] = [found, exact].map(|solution| Profile::new(chain, solution, time));
        let place = format!("doublings, {way}, {}, τ = {time:e}", name(chain));
        let both = columns(&found).into_iter().zip(columns(&exact)).zip(COLUMNS);
        let estimates = found.errors.values().into_iter().zip(exact.errors.values());
        for (((a, b), column), (estimate, judged)) in both.zip(estimates) {
            let (distance, size) = (agreement::apart(&a, &b), agreement::largest(&b));
            if distance > 8.0 * judged + 8.0 * f64::EPSILON * size {
                let ratio = estimate / distance;
                *range = [range[0].min(ratio), range[1].max(ratio)];
                println!("{place}: {column} {distance:.1e} stated {estimate:.1e} size {size:.1e}");
            }
            let holds = distance <= estimate + judged;
            if !holds {
                faults.push(format!("{place}: {column} {distance:e} apart, {estimate:e} stated"));
            }
        }
    }
    faults
}

/// Time integrals apart by more than some roundings of the largest of their kind.
fn judge_integrals(
    chain: &Chain,
    found: &TimeIntegrals,
    exact: &TimeIntegrals,
    time: f64,
) -> Vec<String> {
    let kinds = [
        ("mean", &found.mean, &exact.mean),
        ("square", &found.square, &exact.square),
        ("product", &found.product, &exact.product),
        ("work", &vec![found.work], &vec![exact.work]),
        ("heat", &vec![found.heat.expect("known")], &vec![exact.heat.expect("known")]),
    ];
    let size = agreement::largest(&exact.square);
    let faults = kinds.into_iter().filter_map(|(kind, found, exact)| {
        let own = agreement::largest(exact);
        let (apart, allowed) = (agreement::apart(found, exact), 1e-11 * size.max(own));
        println!("∫ {kind}, {}, τ = {time:e}: {apart:.1e} of {own:.1e}", name(chain));
        let holds = apart <= allowed;
        (!holds).then(|| format!("∫ {kind}, {}, τ = {time:e}: {apart:e} of {own:e}", name(chain)))
    });
    faults.collect()
}

#[test]
fn doublings_of_what_flips_give_back_agree_with_32_digits() {
    let (mut faults, mut range) = (Vec::new(), [f64::INFINITY, 0.0]);
    for (bonds, rate, frictions, time) in [
        (1, 1e-3, [1.0, 0.0], 1e4),
        (3, 1e-9, [1e-8, 1e-8], 3e9),
        (4, 4.7e-4, [3.5e4, 7e-4], 1.4e4),
        (5, 1e-6, [1e8, 1e-3], 1e7),
        (6, 1e-2, [1.0, 0.3], 40.0),
        // Two waves of one rate, at either end.
        (4, 1e-5, [1e8, 1e8], 1e6),
        (7, 1e-6, [3e3, 3e3], 1e7),
        (5, 1e-4, [1e-2, 1e-2], 1e4),
        (7, 1e-11, [0.0, 0.0], 1e12),
        // What flips have shared is doubled with its roundings.
        (4, 1e-3, [1e-8, 1e-8], 1e7),
        (3, 10.0, [1e-6, 1e-8], 10.0),
    ] {
        let force = if frictions == [0.0, 0.0] { 0.0 } else { 1.5 };
        let [constant, periodic] = forces(chain(bonds, rate, frictions, force));
        faults.extend(judge_doublings(&constant, time, &mut range));
        if force > 0.0 && bonds < 5 {
            faults.extend(judge_doublings(&periodic, time, &mut range));
        }
    }
    let ring = Chain { topology: Topology::Ring, ..chain(5, 1e-5, [0.0, 0.0], 0.0) };
    faults.extend(judge_doublings(&ring, 1e6, &mut range));
    println!("estimate/error: {range:?}");
    assert_none(faults);
}
