//! Scans that take minutes: of grids, and of random chains.

use super::*;

#[test]
#[ignore = "the whole grid, some minutes; sizes and rates by SIZES, RATES, FRICTIONS"]
fn scan_of_stationary_states() {
    let sizes = list("SIZES", &[1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    let rates = list("RATES", &[1e-9, 1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e5]);
    let frictions = list("FRICTIONS", &[1e-8, 1e-4, 1.0, 1e4, 1e8]);
    let chains = grid(&sizes, &rates, &frictions);
    assert_none(chains.iter().flat_map(judge_steady).collect());
}

#[test]
#[ignore = "the whole grid, up to a minute each; sizes, rates and times by SIZES, RATES, .., TIMES"]
fn scan_of_evolutions() {
    let sizes = list("SIZES", &[1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    let rates = list("RATES", &[0.0, 1e-9, 1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e5]);
    let frictions = list("FRICTIONS", &[1e-8, 1e-4, 1.0, 1e4, 1e8]);
    let times = list("TIMES", &[1.0, 1e3, 1e6, 1e9, 1e12]);
    let chains = grid(&sizes, &rates, &frictions);
    let faults = chains.iter().flat_map(|chain| {
        times.iter().flat_map(|&time| judge_evolution(chain, time)).collect::<Vec<_>>()
    });
    assert_none(faults.collect());
}

/// A random chain of `sizes` bonds and a time: rates and times spread over their decades, ends that
/// are free, cold or forced.
fn random(seed: u64, sizes: std::ops::RangeInclusive<usize>) -> (Chain, f64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..8).for_each(|_| _ = uniform());
    let count = sizes.end() - sizes.start() + 1;
    let bonds = sizes.start() + (uniform() * count as f64) as usize;
    let mut decades = |from: f64, to: f64| 10f64.powf(from + (to - from) * uniform());
    let [flip_rate, left, right] = [decades(-9.0, 5.0), decades(-8.0, 8.0), decades(-8.0, 8.0)];
    let time = decades(-3.0, 12.0);
    // No flips, one end or both without a thermostat.
    let flip_rate = if seed.is_multiple_of(8) { 0.0 } else { flip_rate };
    let right = if seed % 8 == 3 { 0.0 } else { right };
    let left = if seed % 16 == 11 { 0.0 } else { left };
    let force = if left == 0.0 && right == 0.0 { 0.0 } else { [1.5, 0.0, 30.0][seed as usize % 3] };
    let mut drawn = chain(bonds, flip_rate, [left, right], force);
    if seed % 8 == 7 {
        drawn.left.iter_mut().for_each(|thermostat| thermostat.temperature = 0.0);
    }
    if seed % 32 == 4 {
        drawn.right.iter_mut().for_each(|thermostat| thermostat.temperature = 0.0);
    }
    let [constant, periodic] = forces(drawn);
    (if seed % 8 == 5 { periodic } else { constant }, time)
}

/// The law that a random chain begins with: that of the other tests, a cold one, or a warm one.
fn random_law(seed: u64, chain: &Chain) -> InitialLaw {
    match seed % 7 {
        2 => found::at_rest(chain, 0.0),
        4 => found::at_rest(chain, 1.0),
        _ => law(chain),
    }
}

/// Whether rounding alone leaves more of what still oscillates at a time than is asked for: there
/// an honest estimate is all that can be had (the docs say so).
fn is_beyond_doubles(chain: &Chain, time: f64) -> bool {
    let rate = 4.0 + 4.0 * chain.flip_rate;
    chain.flip_rate > 0.0 && f64::EPSILON * rate * time * (-chain.flip_rate * time).exp() > 1e-9
}

#[test]
#[ignore = "some seconds a chain; SEEDS=0..100, SMALLEST=1, LARGEST=64"]
fn scan_of_random_chains() {
    let range = std::env::var("SEEDS").unwrap_or("0..40".into());
    let (from, to) = range.split_once("..").expect("SEEDS is a range such as 0..40");
    let [smallest, largest] = [("SMALLEST", 1.0), ("LARGEST", 64.0)]
        .map(|(name, default)| list(name, &[default])[0] as usize);
    let mut faults = Vec::new();
    for seed in from.parse().expect("a number")..to.parse().expect("a number") {
        let (chain, time) = random(seed, smallest..=largest);
        let mut found = judge_evolution_of(&chain, &random_law(seed, &chain), time);
        if is_beyond_doubles(&chain, time) {
            found.retain(|fault| !fault.contains("states"));
        }
        found.extend(judge_two_ways(&chain, time));
        if chain.flip_rate != 0.0 && chain.friction() != [0.0; 2] {
            found.extend(judge_steady(&chain));
        }
        found.iter().for_each(|fault| println!("{seed}: {fault}"));
        faults.extend(found);
    }
    assert_none(faults);
}
