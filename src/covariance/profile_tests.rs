use super::*;

#[test]
fn what_is_not_a_number_reaches_no_tolerance_and_spoils_no_other_output() {
    let errors = ColumnErrors { var_r: 1e-9, ..Default::default() };
    let good = Profile { var_r: vec![1.0, 2.0], errors, ..Default::default() };
    let bad = [f64::NAN, f64::INFINITY].map(|x| Profile { var_r: vec![1.0, x], ..good.clone() });
    let unknown = Profile { errors: ColumnErrors { current: f64::NAN, ..errors }, ..good.clone() };
    let [nan, infinite] = bad;
    let estimates = relative_errors(&[good.clone(), nan, infinite, unknown]);
    assert_eq!(estimates[1..], [f64::INFINITY; 3]);
    assert_eq!(estimates[..1], relative_errors(&[good])[..]);
}

#[test]
fn the_largest_columns_know_the_largest_error_of_all_outputs() {
    let output = |size: f64, error: f64| Profile {
        var_r: vec![0.5 * size, size],
        mean_p: vec![0.1, size * size],
        errors: ColumnErrors { var_r: error, mean_p: 2.0 * error, ..Default::default() },
        ..Default::default()
    };
    let all = [output(1.0, 1e-9), output(3.0, 1e-10), output(0.2, 2e-9)];
    let mut largest = Largest::default();
    for (count, profile) in all.iter().enumerate() {
        largest = largest.with(profile);
        let of_each = relative_errors(&all[..=count]);
        assert_eq!(largest.error(), of_each.into_iter().fold(0.0, f64::max));
    }
    let bad = output(f64::NAN, 1e-9);
    assert_eq!(largest.with(&bad).error(), f64::INFINITY);
}

#[test]
fn the_source_of_the_largest_part_of_the_worst_column_dominates() {
    use ErrorSource::{Iteration, Truncation};
    let column = |var_r: f64, mean_p: f64| ColumnErrors { var_r, mean_p, ..Default::default() };
    let of = |parts: Vec<(ErrorSource, ColumnErrors)>| Profile {
        var_r: vec![1.0],
        mean_p: vec![1.0],
        errors: column(1e-9, 1e-10),
        parts: Some(parts),
        ..Default::default()
    };
    let all = [
        of(vec![(Truncation, column(6e-10, 0.0)), (Iteration, column(1e-10, 1e-10))]),
        // Two parts together exceed a third; a better column says nothing.
        of(vec![
            (Truncation, column(4e-10, 0.0)),
            (Iteration, column(3e-10, 0.0)),
            (Iteration, column(3e-10, 1e-10)),
        ]),
        of(vec![(Truncation, column(1e-10, 1e-10))]),
        Profile { parts: None, ..of(vec![]) },
        Profile { errors: ColumnErrors::default(), ..of(vec![]) },
    ];
    let expected = [Some(Truncation), Some(Iteration), Some(ErrorSource::Rounding), None, None];
    assert_eq!(dominating_sources(&all), expected);
}

/// Means that are below their own errors: a mechanical energy of 2e-120 was stated as 0, exactly.
#[test]
fn energies_and_currents_have_the_errors_of_small_means_to_the_second_order() {
    let scenario: crate::Scenario = toml::from_str(
        "[chain]\ntopology = \"open\"\nbonds = 2\nflip_rate = 0.5\n\
         [right.thermostat]\ntemperature = 1.0\nfriction = 3.0\n\
         [right.force]\nmean = 0.25\n[initial]\ntemperature = \"1\"\n\
         [time]\nscale = \"microscopic\"\noutputs = [1.0]",
    )
    .expect("a scenario");
    let chain = Chain::new(&scenario);
    let (n, error) = (chain.coordinates(), [0.1, 0.2]);
    for size in [0.0, 0.01, 1.0] {
        let known = |mean: Vec<f64>| {
            let mut solution = Solution::zero(&chain);
            solution.moments.mean = mean;
            solution.errors.mean_r = error[0];
            solution.errors.mean_p = error[1];
            Profile::new(&chain, &solution, 1.0)
        };
        let found = known(vec![size; n]);
        for sign in [1.0, -1.0] {
            let off = |i: usize| sign * error[usize::from(i >= chain.bonds)];
            let truth = known((0..n).map(|i| size + off(i)).collect());
            let columns = [
                (found.mechanical(), truth.mechanical(), found.errors.mechanical),
                (found.current.clone(), truth.current, found.errors.current),
            ];
            for (found, truth, error) in columns {
                for (a, b) in found.iter().zip(&truth) {
                    assert!((a - b).abs() <= error * (1.0 + 1e-12), "{a} {b} {error}");
                }
            }
        }
    }
}
