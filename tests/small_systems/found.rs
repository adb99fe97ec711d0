//! Kinds of small systems that scans have found to miss the tolerance, one of each.

use super::*;

/// Other temperatures at the ends.
fn between(chain: Chain, temperatures: [f64; 2]) -> Chain {
    let mut chain = chain;
    for (end, temperature) in [&mut chain.left, &mut chain.right].into_iter().zip(temperatures) {
        end.iter_mut().for_each(|thermostat| thermostat.temperature = temperature);
    }
    chain
}

/// Nothing moves, and every coordinate has one variance.
pub(super) fn at_rest(chain: &Chain, variance: f64) -> InitialLaw {
    InitialLaw {
        mean_r: vec![0.0; chain.bonds],
        mean_p: vec![0.0; chain.atoms()],
        var_r: vec![variance; chain.bonds],
        var_p: vec![variance; chain.atoms()],
        covariance: None,
    }
}

/// What a strong friction takes of the start at once is large at every node of a contour and gone
/// in time: it stated 6e-9 of the current that is left.
#[test]
fn what_a_strong_friction_has_taken_leaves_the_current_its_digits() {
    let chain = between(chain(15, 6.8e4, [1.4e-5, 9.6e7], 1.5), [0.0, 1.0]);
    assert_none(judge_evolution(&chain, 35.0));
    let mirrored = between(super::chain(3, 6.8e4, [9.6e7, 1.4e-5], 1.5), [0.0, 1.0]);
    assert_none(judge_evolution(&mirrored, 35.0));
}

/// A current is a small sum of large terms where the means are large: doublings stated 2e-9.
#[test]
fn large_means_leave_the_current_its_digits() {
    assert_none(judge_evolution(&chain(26, 0.019, [1.7e3, 7e-7], 30.0), 494.0));
}

/// Soon after a cold start everything is far smaller than what doubles are held against.
#[test]
fn a_cold_start_keeps_its_digits_however_weak_the_contact() {
    for (bonds, rate, frictions, temperatures, force, time) in [
        (61, 0.0986, [0.0437, 7.51e-6], [2.0, 1.0], 0.5, 0.0129),
        (43, 5.07e-7, [7.58e4, 1.36e-8], [0.0, 1.0], 1.5, 2.19e-3),
        (3, 5.07e-7, [7.58e4, 1.36e-8], [0.0, 1.0], 1.5, 2.19e-3),
    ] {
        let chain = between(chain(bonds, rate, frictions, force), temperatures);
        assert_none(judge_evolution_of(&chain, &at_rest(&chain, 0.0), time));
    }
}

/// Means that have all but decayed had the roundings of what they were.
#[test]
fn decayed_means_keep_their_digits() {
    assert_none(judge_evolution(&chain(59, 0.0113, [0.0; 2], 0.0), 2450.0));
    assert_none(judge_evolution(&chain(41, 0.0, [91.7; 2], 0.0), 4.71e6));
}

/// Late states that friction keeps from being uniform: elongations that are far colder than a
/// momentum at an end, and a cold chain that moves as a whole.
#[test]
fn late_states_far_from_uniform_keep_their_digits() {
    let cold = between(chain(44, 1.12e-4, [2.13e6, 6.49], 0.0), [2.0, 0.0]);
    assert_none(judge_evolution(&cold, 1.2e10));
    let moving = between(chain(54, 1.19e-8, [0.0, 3.81], 1.5), [0.0; 2]);
    assert_none(judge_evolution(&moving, 5.88e11));
}
