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

/// Waves without heat.
fn moving(chain: &Chain) -> InitialLaw {
    let place = |site: usize| site as f64 / chain.bonds as f64;
    InitialLaw {
        mean_r: (1..=chain.bonds).map(|n| (7.0 * place(n)).sin()).collect(),
        mean_p: (0..chain.atoms()).map(|n| (5.0 * place(n)).cos()).collect(),
        ..at_rest(chain, 0.0)
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

/// Means that fade slowly between strong ends are far above the variances, which had twice them
/// times the error that a contour leaves in them: 1.4e-9 of the variance was stated.
#[test]
fn large_means_leave_the_variances_their_digits() {
    for (bonds, time) in [(3, 273.0), (35, 37237.0)] {
        let chain = between(chain(bonds, 0.388, [2.4e7, 4246.0], 30.0), [3.7, 0.4]);
        assert_none(judge_evolution_of(&chain, &moving(&chain), time));
    }
}

/// A chain that has settled by one end while the other one's own rate is far slower: 5e-7 left
/// there where it was 3e-7, within an error of 6e-22.
#[test]
fn a_settled_chain_has_forgotten_its_start_at_a_weak_contact_too() {
    let chain = between(chain(3, 3.38e-3, [6.52e-3, 2.9e-7], 0.0), [1.0, 2.0]);
    assert_none(judge_evolution_of(&chain, &moving(&chain), 2.7e5));
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

/// The current in the long run was a small difference of what crosses a bond and what returns
/// there: it stated 1e-9 where an end hardly exchanges energy.
#[test]
fn a_stationary_current_far_below_the_heat_keeps_its_digits() {
    let mut faults = judge_steady(&chain(54, 9.2e-4, [3.8e-7, 5.0], 30.0));
    faults.extend(judge_steady(&chain(3, 9.2e-4, [3.8e-7, 5.0], 30.0)));
    // λ(T - Var p) cancelled without flips, where everything is a closed form.
    for frictions in [[1e8, 1e-8], [3.0, 1e8]] {
        faults.extend(judge_steady(&chain(20, 0.0, frictions, 1.5)));
    }
    // Elongations that are far colder than the momentum at a hot end.
    let hot = between(chain(3, 2.6e-6, [6.2e7, 12.6], 0.3), [1.5, 0.0]);
    faults.extend(judge_steady(&hot));
    assert_none(faults);
}

/// Without flips the stationary state stood on both sides of a cold start, with roundings of its
/// own: they stated 3e-8.
#[test]
fn a_cold_start_without_flips_keeps_its_digits() {
    for (bonds, frictions, time) in
        [(36, [7.4e6, 1.4e5], 3e-3), (3, [7.4e6, 1.4e5], 3e-3), (2, [0.3, 2e-6], 1e-3)]
    {
        let chain = chain(bonds, 0.0, frictions, 1.5);
        assert_none(judge_evolution_of(&chain, &at_rest(&chain, 0.0), time));
    }
}

/// The work at the right end and the part that friction takes of it are far above the difference,
/// which leaves there.
#[test]
fn what_leaves_is_no_difference_of_the_work_and_of_friction() {
    assert_none(judge_evolution(&chain(18, 0.0, [2.8e-7, 81.0], 30.0), 3.8e9));
    let cold = between(chain(13, 4.3e-4, [4.9e-3, 2.55e6], 30.0), [0.0; 2]);
    assert_none(judge_evolution(&cold, 1.5e7));
}

/// Long after the start, but before all of it is gone: it is far below itself, and what a contour
/// knows was a part of it as it was.
#[test]
fn what_is_left_of_a_start_keeps_its_digits_however_small() {
    let cold = |chain| between(chain, [0.0; 2]);
    assert_none(judge_evolution(&cold(chain(18, 0.83, [2.2e7, 2.2e7], 30.0)), 2.6e10));
    // The stationary state is 0, so that the rest of the start is all.
    let whole = agree_in_halves(&cold(chain(20, 0.7, [1e-4, 3.0], 0.0)), [4.5e4, 3e4]);
    assert!((1e-100..1e-20).contains(&agreement::largest(&whole.var_r)), "{:?}", whole.var_r);
}

/// The same without flips: the estimate was 1e8 times the rest of the start.
#[test]
fn what_is_left_without_flips_keeps_its_digits_however_small() {
    let cold = between(chain(18, 0.0, [2.2, 0.0], 0.0), [0.0; 2]);
    let whole = agree_in_halves(&cold, [3e5, 2e5]);
    assert!((1e-200..1e-30).contains(&agreement::largest(&whole.var_r)), "{:?}", whole.var_r);
    // Everything is below the smallest number.
    assert_none(judge_evolution(&cold, 1e12));
}

/// The state at a time, compared with that after a second part, which begins where the first ends.
fn agree_in_halves(chain: &Chain, [time, first]: [f64; 2]) -> flipchain::solver::observe::Profile {
    let at = |law: &InitialLaw, time: f64| {
        let kept = Options { covariance: flipchain::Keep::All, ..Options::default() };
        flipchain::evolve(chain, law, &Times::microscopic([time]), &kept).expect("an answer")
    };
    let (whole, start) = (at(&law(chain), time), at(&law(chain), first));
    let (_, mean, covariance) = start.covariances().next().expect("it was kept");
    let (r, p) = mean.split_at(chain.bonds);
    let variance = covariance.diag().to_vec();
    let (var_r, var_p) = variance.split_at(chain.bonds);
    let second = InitialLaw {
        mean_r: r.to_vec(),
        mean_p: p.to_vec(),
        var_r: var_r.to_vec(),
        var_p: var_p.to_vec(),
        covariance: Some(covariance.to_owned()),
    };
    let second = at(&second, time - first);
    let [whole, second] = [&whole, &second].map(|run| {
        assert!(run.tolerance_reached(), "{:?}", run.errors());
        run.profiles()[0].clone()
    });
    let errors = whole.errors.values().into_iter().zip(second.errors.values());
    let both = columns(&whole).into_iter().zip(columns(&second)).zip(COLUMNS);
    for (((a, b), column), (e, f)) in both.zip(errors) {
        assert!(agreement::apart(&a, &b) <= e + f, "{column}: {a:?} {b:?}, {e:e} + {f:e}");
    }
    whole
}

/// Beside strong frictions, long before flips have damped what oscillates: the stencil stated
/// 1.3e-9, and steps of a contour would take minutes.
#[test]
fn strong_frictions_leave_the_current_its_digits_long_before_it_has_settled() {
    let strong = between(chain(34, 0.00856, [4883.0, 6.9e7], 30.0), [3.7, 0.4]);
    let times = Times::microscopic([97.0, 503.0]);
    let cold = at_rest(&strong, 0.0);
    let run = flipchain::evolve(&strong, &cold, &times, &Options::default()).expect("an answer");
    assert!(run.tolerance_reached(), "{:?}", run.errors());
}

/// Frictions far from 1 beside many flips, where the iteration lost digits of the current.
#[test]
fn strong_frictions_beside_many_flips_leave_the_current_its_digits() {
    let chain = chain(24, 4.93, [4465.0, 1253.0], 1.5);
    assert_none(judge_evolution_of(&chain, &at_rest(&chain, 1.0), 60.0));
}

/// What crosses a bond by the means and what returns there are far above the current.
#[test]
fn a_settled_current_far_below_what_returns_keeps_its_digits() {
    let chain = between(chain(20, 0.465, [2.6e-6, 2.59], 0.3), [0.0, 1.0]);
    assert_none(judge_evolution(&chain, 4e4));
}

/// A late state of a length that no other test has.
#[test]
fn a_settled_state_of_fifty_two_bonds_is_found() {
    let chain = chain(52, 0.3, [0.7, 2.0], 1.5);
    assert_none(judge_evolution(&chain, 1e8));
}

/// With rare flips a contour's solves lose digits. Once settled, a driven chain is in its
/// periodic state: doublings took its place, or 4e-5 was stated (46 bonds).
#[test]
fn a_settled_periodic_state_is_found() {
    let [_, chain] = forces(chain(42, 2e-10, [0.26, 3.26], 7.0));
    let times = Times::microscopic([PERIOD * 2f64.powi(37)]);
    let run = flipchain::evolve(&chain, &law(&chain), &times, &Options::default());
    let run = run.expect("an answer");
    assert!(run.tolerance_reached(), "{:?}", run.errors());
    assert!(run.plan().reason.starts_with("all outputs after"), "{}", run.plan().reason);
    let found = &run.profiles()[0];
    let phases = Options { phases: 1, ..Options::default() };
    let steady = flipchain::steady(&chain, None, &phases).expect("a state");
    let judge = &steady.profiles()[0];
    let errors = found.errors.values().into_iter().zip(judge.errors.values());
    let pairs = COLUMNS.iter().zip(columns(found)).zip(columns(judge));
    for (((name, found), judge), (error, other)) in pairs.zip(errors) {
        let apart = agreement::largest(found.iter().zip(&judge).map(|(a, b)| a - b));
        assert!(apart <= error + other, "{name}: {apart:e}, {error:e} and {other:e} stated");
    }
}

/// At time 0 the answer is the given law: what enters at the left end is in no column, and a
/// difference of given numbers is exact.
#[test]
fn the_start_itself_has_no_error_of_strong_frictions() {
    for frictions in [[7e7, 7e-5], [1e-3, 1e8]] {
        let chain = chain(9, 0.5, frictions, 0.3);
        let [moving, still] = [law(&chain), at_rest(&chain, 1.0)];
        for law in [moving, still] {
            assert_none(judge_evolution_of(&chain, &law, 0.0));
        }
    }
}

/// Soon after a cold start beside fast damping: friction far above the steps that a series may
/// take, and many flips. Steps stated 2e-8 and 9e-9, the latter before a late output.
#[test]
fn a_cold_start_keeps_its_digits_beside_fast_damping() {
    let first = between(chain(22, 4246.0, [7.3e7, 8.3e-4], 1.5), [0.0, 1.0]);
    assert_none(judge_evolution_of(&first, &at_rest(&first, 0.0), 0.00593));
    let both = between(chain(22, 1487.0, [6.3e4, 4.05e4], 0.0), [1.0; 2]);
    let times = Times::microscopic([0.01878, 7010.0]);
    let cold = at_rest(&both, 0.0);
    let run = flipchain::evolve(&both, &cold, &times, &Options::default()).expect("an answer");
    assert!(run.tolerance_reached(), "{:?}", run.errors());
}

/// Through ends that hardly exchange energy the currents of a cold start are 1e-8 of everything
/// else: what misses the tolerance comes anew in 32 digits. Steps stated 1.5e-7.
#[test]
fn a_cold_start_beside_weak_contacts_keeps_the_digits_of_its_currents() {
    let weak = between(chain(26, 8.0, [1.17e-8, 1.42e-7], 0.0), [3.7, 0.4]);
    let times = Times::microscopic([0.00132, 0.00527, 1200.0]);
    let cold = at_rest(&weak, 0.0);
    let run = flipchain::evolve(&weak, &cold, &times, &Options::default()).expect("an answer");
    assert!(run.tolerance_reached(), "{:?}", run.errors());
}

/// Beside a held end all but one momentum are in the thermal state already: the rest of the start
/// is small and keeps its digits, and with it the current: 1.7e-16 was off, 3e-21 stated.
#[test]
fn a_start_near_the_thermal_state_keeps_the_digits_of_its_current() {
    let chain = between(chain(3, 1.5e-7, [2e7, 191.5], 0.3), [0.0, 1.0]);
    let law = at_rest(&chain, 1.0);
    for time in [0.01, 0.546, 40.0] {
        assert_none(judge_evolution_of(&chain, &law, time));
    }
}

/// What flips give back early is all that a cold chain has, to twelve digits as well: the first
/// order of it was 3e-10 of it off, and 3e-15 stated.
#[test]
fn what_flips_give_a_cold_chain_early_is_within_its_error() {
    let chain = between(chain(3, 2.7e-8, [4.9e-7, 1111.3], 30.0), [0.0, 0.0]);
    let law = InitialLaw { mean_p: vec![0.25, -0.5, 0.75, 1.0], ..at_rest(&chain, 0.0) };
    for time in [0.0048, 0.4] {
        assert_none(judge_evolution_of(&chain, &law, time));
    }
}

/// Of two outputs after which all has decayed, the digits of the first one were lost: an error of
/// 10¹²¹ of what is left.
#[test]
fn two_outputs_of_what_has_decayed_keep_their_digits() {
    let chain = between(chain(3, 1e-9, [1.0, 1.0], 0.0), [0.0, 0.0]);
    let law = InitialLaw { mean_p: vec![0.25, -0.5, 0.75, 1.0], ..at_rest(&chain, 0.0) };
    let times = Times::microscopic([3e3, 3e5]);
    let run = flipchain::evolve(&chain, &law, &times, &Options::default()).expect("an answer");
    assert!(run.tolerance_reached(), "{:?}", run.errors());
    // The judge keeps its digits over pieces of the time, each begun anew at the size of one.
    let (mut piece, mut size) = (law.clone(), 1.0);
    for _ in 0..30 {
        let mean = reference::moments(&chain, &piece, PERIOD, &[(100.0, 1.0)])[0].mean.to_vec();
        let scale = agreement::largest(&mean);
        let (r, p) = mean.split_at(chain.bonds);
        let scaled = |values: &[f64]| values.iter().map(|z| z / scale).collect();
        piece = InitialLaw { mean_r: scaled(r), mean_p: scaled(p), ..piece };
        size *= scale;
    }
    let found = run.profiles()[0].clone();
    assert!(size < 1e-50, "{size:e}");
    for (found, exact, estimate) in [
        (&found.mean_r[1..], &piece.mean_r, found.errors.mean_r),
        (&found.mean_p[..], &piece.mean_p, found.errors.mean_p),
    ] {
        let exact: Vec<f64> = exact.iter().map(|z| z * size).collect();
        let error = agreement::apart(found, &exact);
        assert!(error <= estimate + 1e-13 * size, "{error:e} where {estimate:e} is stated");
    }
}
