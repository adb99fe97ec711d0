//! Chains whose masses, springs, pinning, flip rates, thermostats and forces depend on the site.

mod agreement;
#[allow(dead_code)]
mod reference;

use faer::Mat;
use faer::linalg::solvers::Solve as _;
use flipchain::chain::Double;
use flipchain::chain::{Chain, InitialLaw};
use flipchain::columns;
use flipchain::monitor::Monitor;
use flipchain::scenario::TimeScale;
use flipchain::scenario::{Scenario, schema};
use flipchain::solver::covariance::literal::Literal;
use flipchain::solver::covariance::{MomentEquations, Source, Target};
use flipchain::solver::general::mean::Means;
use flipchain::solver::general::profile::Local;
use flipchain::solver::general::stationary::stationary;
use flipchain::solver::general::{Model, contour, exponential};
use flipchain::solver::observe::Profile;
use flipchain::{
    Answer, ChainBuilder, Coefficient, Force, InitialProfiles, Keep, Method, Options, Thermostat,
    Times, check, evolve, steady,
};
use ndarray::Array2;
use num_complex::Complex64;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A scenario of five bonds with `more` in it; `chain` are keys of [chain].
fn text(chain: &str, more: &str) -> String {
    format!(
        "[chain]\ntopology = \"open\"\nbonds = 5\n{chain}\n[left.thermostat]\ntemperature = 2\n{more}\n"
    )
}

fn read(chain: &str, more: &str) -> Result<Scenario, String> {
    Scenario::from_str_named(&text(chain, more), "a.toml", &[]).map_err(|e| e.to_string())
}

#[test]
fn coefficients_are_numbers_expressions_arrays_files_or_random() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let pinning = ndarray::arr1(&[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    ndarray_npy::write_npy(place("pinning.npy"), &pinning).unwrap();
    let keys = "flip_rate = \"1 + x\"\nmass = [1, 2, 3, 4, 5, 6]\nspring = 2.5\n\
                pinning = { file = \"pinning.npy\" }";
    std::fs::write(place("a.toml"), text(keys, "")).unwrap();
    let scenario = Scenario::read(&place("a.toml"), &[]).unwrap();
    let chain = Chain::new(&scenario);
    let found = chain.coefficients().unwrap();
    assert_eq!(found.flip_rate, [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]);
    assert_eq!(found.mass, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(found.spring, [2.5; 5]);
    assert_eq!(found.pinning, pinning.to_vec());
    assert_eq!((chain.positions(), chain.coordinates()), (6, 12));
    // Written out, files are found from everywhere, and it is the same chain.
    let written = scenario.to_toml().unwrap();
    let again = Scenario::from_str_named(&written, "b.toml", &[]).unwrap();
    assert_eq!(Chain::new(&again), chain, "{written}");
    let shape = "chain.pinning: found 6 values; allowed: 7, one for each of the atoms 0 to N";
    let longer = Scenario::read(&place("a.toml"), &["chain.bonds=6".into()]).unwrap_err();
    assert!(longer.to_string().contains("chain.mass: found 6 values"), "{longer}");
    let others = ["chain.bonds=6".into(), "chain.mass=1".into()];
    let longer = Scenario::read(&place("a.toml"), &others).unwrap_err();
    assert!(longer.to_string().contains(shape), "{longer}");
}

#[test]
fn random_coefficients_depend_on_seed_key_and_site_alone() {
    let of = |keys: &str| Chain::new(&read(&format!("flip_rate = 1\n{keys}"), "").unwrap());
    let law = "{ uniform = [0.5, 1.5], seed = 7 }";
    let both = of(&format!("mass = {law}\nspring = {law}"));
    let both = both.coefficients().unwrap();
    // Fixed for good, from a program of a few lines in Python.
    let pinned_down = [
        1.450161381935685,
        1.2806724638331046,
        1.2134939609351725,
        0.8791016969919943,
        0.9146520781106594,
        0.8541377772780346,
    ];
    assert_eq!(both.mass, pinned_down);
    assert!(both.mass[1..].iter().zip(&both.spring).all(|(a, b)| a != b));
    let longer = Chain::open(50).masses(Coefficient::uniform([0.5, 1.5], 7)).build().unwrap();
    assert_eq!(longer.coefficients().unwrap().mass[..6], pinned_down);
    let other = Chain::open(5).masses(Coefficient::uniform([0.5, 1.5], 8)).build().unwrap();
    assert!(other.coefficients().unwrap().mass.iter().zip(&pinned_down).all(|(a, b)| a != b));
    let chosen = Chain::open(40).springs(Coefficient::choose([1.0, 2.0], 3)).build().unwrap();
    let springs = &chosen.coefficients().unwrap().spring;
    let ones = springs.iter().filter(|k| **k == 1.0).count();
    assert!(springs.iter().all(|k| [1.0, 2.0].contains(k)) && (8..=32).contains(&ones));
    let normal = Chain::open(40).masses(Coefficient::normal(2.0, 0.1, 3)).build().unwrap();
    assert!(normal.coefficients().unwrap().mass.iter().all(|m| (1.4..2.6).contains(m)));
}

#[test]
fn the_homogeneous_chain_stays_itself_however_it_is_written() {
    let plain = Chain::open(5).flip_rate(0.7).left(Thermostat::at(2.0)).build().unwrap();
    for keys in [
        "flip_rate = 0.7",
        "flip_rate = \"0.7\"\nmass = 1\nspring = \"1\"\npinning = 0",
        "flip_rate = [0.7, 0.7, 0.7, 0.7, 0.7, 0.7]\nmass = \"x^0\"\nspring = { choose = [1], seed = 1 }",
    ] {
        assert_eq!(Chain::new(&read(keys, "").unwrap()), plain, "{keys}");
    }
    let ends = "[[thermostat]]\nsite = 5\ntemperature = 1\n[[force]]\nsite = 5\nmean = 2";
    let ends = Chain::new(&read("flip_rate = 0.7", ends).unwrap());
    let usual = Chain::open(5).flip_rate(0.7).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
    assert_eq!(ends, usual.force(Force::constant(2.0)).build().unwrap());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let refused = |chain: &str, more: &str, expected: &str| {
        let error = read(chain, more).expect_err(expected);
        assert!(error.contains(expected), "{error}\nhas not\n{expected}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    let rate = "flip_rate = 1";
    let keys = |more: &str| format!("{rate}\n{more}");
    refused(
        &keys("mass = -1"),
        "",
        "a.toml:5: chain.mass: found -1; allowed: a finite number from",
    );
    refused(
        &keys("mass = \"x\""),
        "",
        "chain.mass: found 0.0 at site 0; allowed: a number from 0.0",
    );
    refused(&keys("mass = \"y\""), "", "the unknown name y");
    refused(&keys("spring = 0"), "", "chain.spring: found 0; allowed:");
    refused(&keys("spring = [1, 2]"), "", "found 2 values; allowed: 5, one for each of the bonds");
    refused(&keys("pinning = \"x - 0.5\""), "", "chain.pinning: found -0.5 at site 0");
    refused("flip_rate = \"2*x - 1\"", "", "chain.flip_rate: found -1.0 at site 0");
    refused(&keys("mass = {}"), "", "a table without a law; allowed: exactly one of file, uniform");
    refused(
        &keys("mass = { uniform = [1, 2], normal = [1, 2], seed = 1 }"),
        "",
        "found uniform beside normal",
    );
    refused(
        &keys("mass = { uniform = [1, 2] }"),
        "",
        "chain.mass.seed: found uniform without a seed",
    );
    refused(&keys("mass = { uniform = [2, 1], seed = 1 }"), "", "the smaller one first");
    refused(&keys("mass = { uniform = [2], seed = 1 }"), "", "chain.mass.uniform");
    refused(&keys("mass = { normal = [1, 0.9], seed = 1 }"), "", "chain.mass: found -");
    refused(&keys("mass = { file = \"no.npy\" }"), "", "chain.mass.file: found \"no.npy\"");
    refused(&keys("masses = 2"), "", "did you mean mass?");
    refused(rate, "[[thermostat]]\nsite = 0\ntemperature = 1", "a second thermostat at site 0");
    refused(
        rate,
        "[[thermostat]]\nsite = 6\ntemperature = 1",
        "thermostat[0].site: found 6; allowed",
    );
    refused(
        rate,
        "[[thermostat]]\nsite = 2\ntemperature = 1\n[[thermostat]]\nsite = 2\ntemperature = 1",
        "a.toml:11: thermostat[1].site: found a second thermostat at site 2",
    );
    refused(rate, "[[force]]\nsite = 9", "force[0].site: found 9; allowed: an atom from 0 to 5");
    refused(
        rate,
        "[[force]]\nsite = 1\nharmonics = [{ order = 1, amplitude = 1 }]",
        "force[0].period: found harmonics without a period",
    );
    refused(
        rate,
        "[right.force]\nperiod = 3\n[[force]]\nsite = 1\nperiod = 4",
        "force[0].period: found 4.0 beside a force of period 3.0; allowed: one period",
    );
    let pinned = keys("pinning = 1");
    refused(&pinned, "[initial]\ntemperature = 1", "allowed: state = \"gibbs\" beside temperature");
    refused(&pinned, "[initial]\ntemperature = 1\nelongation = \"x\"", "allowed: displacement");
    refused(&pinned, "[initial]\nvar_r = 1\nvar_p = 1", "var_r on a pinned chain");
    refused(rate, "[initial]\nvar_q = 1\nvar_p = 1", "var_q without pinning");
    refused(rate, "[initial]\ntemperature = 1\ndisplacement = 1", "displacement without pinning");
    let ring = "chain = { topology = 'ring', bonds = 4, flip_rate = 1, mass = 2 }";
    let error = Scenario::from_str_named(ring, "a.toml", &[]).unwrap_err().to_string();
    assert!(error.contains("a mass of its own on a ring"), "{error}");
}

#[test]
fn initial_laws_have_the_masses_and_springs_in_them() {
    let keys = "flip_rate = 1\nmass = \"1 + x\"\nspring = 4";
    let scenario = read(keys, "[initial]\ntemperature = \"2 - x\"").unwrap();
    let chain = Chain::new(&scenario);
    let law = InitialLaw::read(&scenario).unwrap();
    for n in 0..=5 {
        let x = n as f64 / 5.0;
        assert!((law.var_p[n] - (1.0 + x) * (2.0 - x)).abs() < 1e-15);
        assert!(n == 0 || (law.var_r[n - 1] - (2.0 - x) / 4.0).abs() < 1e-15);
    }
    assert_eq!(InitialLaw::local_gibbs(&chain, |x| 2.0 - x).unwrap(), law);
}

#[test]
fn the_gibbs_law_of_a_pinned_chain_is_the_inverse_of_its_energy() {
    let keys = "flip_rate = 1\nmass = 2\nspring = \"1 + x\"\npinning = [0, 0.2, 0, 0, 0.7, 0]";
    let initial = "[initial]\nstate = \"gibbs\"\ntemperature = \"2 - x\"\ndisplacement = \"3*x\"";
    let scenario = read(keys, initial).unwrap();
    let again = Scenario::from_str_named(&scenario.to_toml().unwrap(), "b", &[]).unwrap();
    let law = InitialLaw::read(&again).unwrap();
    assert_eq!(law.mean_r, [0.0, 3.0 * 0.2, 3.0 * 0.4, 3.0 * 0.6, 3.0 * 0.8, 3.0]);
    let covariance = law.covariance.as_ref().unwrap();
    // (Dᵀ(k/T)D + κ/T) Cov(q, q) = 1, entry by entry.
    let temperature = |n: usize| 2.0 - n as f64 / 5.0;
    let pinning = [0.0, 0.2, 0.0, 0.0, 0.7, 0.0];
    let mut energy = ndarray::Array2::<f64>::zeros((6, 6));
    for n in 0..6 {
        energy[[n, n]] += pinning[n] / temperature(n);
        if n > 0 {
            let k = (1.0 + n as f64 / 5.0) / temperature(n);
            for (i, j, sign) in
                [(n, n, 1.0), (n - 1, n - 1, 1.0), (n, n - 1, -1.0), (n - 1, n, -1.0)]
            {
                energy[[i, j]] += sign * k;
            }
        }
    }
    let of_q = covariance.slice(ndarray::s![..6, ..6]);
    let product = energy.dot(&of_q);
    for ((i, j), value) in product.indexed_iter() {
        // Sums of three terms of size k Var q ~ 60.
        assert!((value - f64::from(i == j)).abs() < 1e-13, "{i} {j}: {value}");
    }
    for n in 0..6 {
        assert_eq!(covariance[[6 + n, 6 + n]], 2.0 * temperature(n));
        assert_eq!(law.var_r[n], covariance[[n, n]]);
    }
}

#[test]
fn the_schema_knows_the_coefficients() {
    let schema = schema();
    let properties = &schema["$defs"]["ChainTable"]["properties"];
    for key in ["mass", "spring", "pinning", "flip_rate"] {
        let branches = properties[key]["anyOf"].as_array().unwrap();
        assert_eq!(branches.len(), 4, "{key}");
        let words = properties[key]["description"].as_str().unwrap().replace('\n', " ");
        assert!(words.contains("a number"), "{key}: {words}");
    }
    for key in ["thermostat", "force"] {
        let items = &schema["properties"][key]["items"];
        let name = items["$ref"].as_str().unwrap();
        assert!(schema.pointer(&name[1..]).unwrap()["properties"]["site"].is_object());
    }
}

/// A random chain of N bonds with thermostats at the ends and inside.
fn random_chain(seed: u64, bonds: usize, pinned: bool, flips: [f64; 2]) -> Chain {
    let inner = bonds / 3;
    let chain = Chain::open(bonds)
        .flip_rate(Coefficient::uniform(flips, seed))
        .masses(Coefficient::uniform([0.4, 1.6], seed))
        .springs(Coefficient::uniform([0.5, 2.0], seed))
        .left(Thermostat::at(2.0))
        .right(Thermostat::at(1.0).friction(0.7));
    let chain = if pinned { chain.pinning(Coefficient::choose([0.0, 0.4], seed)) } else { chain };
    let chain =
        if inner > 0 { chain.thermostat(inner, Thermostat::at(3.0).friction(0.2)) } else { chain };
    chain.force(Force::constant(0.6)).force_at(bonds / 2, Force::constant(-1.1)).build().unwrap()
}

#[test]
fn the_literal_operator_answers_with_the_covariance() {
    let mut worst: f64 = 0.0;
    let sizes = [(1, true), (7, false), (10, true), (3, false), (16, true), (24, false)];
    for (seed, (bonds, pinned)) in (0..18).zip(sizes.into_iter().cycle()) {
        let flips = [[0.2, 1.5], [0.02, 0.1], [1.0, 10.0]][seed as usize % 3];
        let chain = random_chain(seed, bonds, pinned, flips);
        let place = format!("seed {seed}, N = {bonds}, pinned {pinned}");
        let keep = Options { covariance: Keep::All, ..Options::default() };
        let options = Options { method: Method::Literal, ..keep.clone() };
        let run = steady(&chain, None, &options).unwrap();
        assert!(run.tolerance_reached(), "{place}: {:?}", run.errors());
        let (_, mean, c) = run.covariances().next().unwrap();
        let other = steady(&chain, None, &keep).unwrap();
        // Both covariances, entry by entry.
        let (_, fast_mean, fast) = other.covariances().next().unwrap();
        let stated = other.summary(0.0)["covariance_error"].as_f64().unwrap();
        let apart = agreement::largest((&fast - &c).iter());
        let size = c.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        // The factorization's own roundings.
        let judge = 1e-12 * size;
        assert!(apart <= stated + judge, "{place}: {apart:.1e} > {stated:.1e}");
        assert!(stated <= 1e-11 * size, "{place}: {stated:.1e} is too large");
        let most = mean.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let means = agreement::largest(mean.iter().zip(fast_mean).map(|(a, b)| a - b));
        assert!(means <= 1e-12 * most, "{place}: {means:e}");
        for ((name, a, error), (_, b, second)) in
            columns_of(run.at(0).profile()).into_iter().zip(columns_of(other.at(0).profile()))
        {
            for (a, b) in a.iter().zip(&b) {
                let apart = (a - b).abs();
                assert!(
                    apart <= error + second,
                    "{place}: {name} {a} {b} {error:.1e} {second:.1e}"
                );
                worst = worst.max((apart - second) / error.max(f64::MIN_POSITIVE));
            }
        }
        // 𝓛C + Q = 0 and symmetry.
        let literal = Literal::new(&chain);
        let mean = &other.at(0).profile().mean_p;
        let source = chain.covariance_source(mean, 0.0);
        let mut left = literal.generator(&literal.represent(&c.to_owned()));
        let (n, first) = (chain.coordinates(), chain.positions());
        source.iter().enumerate().for_each(|(k, q)| left[(first + k) * (n + 1)] += q);
        let size = c.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(left.iter().all(|x| x.abs() <= 1e-12 * size), "{place}");
        assert!(run.identities().iter().all(|identity| identity.violation < 1e-12), "{place}");
    }
    println!("largest error as a part of its estimate: {worst:.2}");
    let long = random_chain(5, 5000, false, [0.2, 1.5]);
    let options = Options { method: Method::Literal, ..Options::default() };
    let error = steady(&long, None, &options).unwrap_err().to_string();
    assert!(error.contains("allowed with the literal operator: up to"), "{error}");
}

/// Mean and covariance in the long run by the literal operator, in the coordinates r (or q) and p.
fn literal_state(chain: &Chain) -> (Vec<f64>, Array2<f64>) {
    let literal = Literal::new(chain);
    let zero = Complex64::ZERO;
    let mut force = vec![zero; chain.coordinates()];
    for f in &chain.coefficients().unwrap().forces {
        force[chain.positions() + f.site] += f.mean;
    }
    let mean = literal.solve_mean(zero, &force).unwrap();
    let mean: Vec<f64> = mean.into_iter().map(|z| z.re).collect();
    let source = chain.covariance_source(&mean[chain.positions()..], 0.0);
    let momenta: Vec<Complex64> = source.into_iter().map(Complex64::from).collect();
    let mut state = vec![0.0; literal.state_len()];
    let source = Source { state: None, scale: zero, momenta: &momenta };
    let mut targets = [Target { weight: Complex64::ONE, state: &mut state }];
    literal.solve(zero, source, &mut targets, 1e-14).unwrap();
    (mean, literal.matrix(&state))
}

/// The columns of two profiles and the errors of the first, by name.
fn columns_of(profile: &Profile) -> Vec<(&'static str, Vec<f64>, f64)> {
    let general = profile.general.as_ref().unwrap();
    let errors = profile.errors.values().into_iter();
    let usual = columns(profile).into_iter().zip(errors).map(|((name, v), e)| (name, v, e));
    let more = [
        ("temperature", general.temperature.clone(), general.errors[0]),
        ("mean_q", general.mean_q.clone(), general.errors[1]),
        ("var_q", general.var_q.clone(), general.errors[2]),
    ];
    usual.chain(more).collect()
}

/// The largest distance of two profiles, each column relative to its largest value, and whether the
/// errors of the first, and `judge` relative roundings of the second, bound it.
fn compare(place: &str, found: &Profile, exact: &Profile, judge: f64) -> f64 {
    let mut worst: f64 = 0.0;
    for ((name, found, error), (_, exact, _)) in
        columns_of(found).into_iter().zip(columns_of(exact))
    {
        assert_eq!(found.len(), exact.len(), "{place}: {name}");
        let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (n, (a, b)) in found.iter().zip(&exact).enumerate() {
            let apart = (a - b).abs();
            assert!(
                apart <= error + judge * size.max(1.0),
                "{place}: {name} at {n}: {a} and {b}, {apart:.1e} apart, error {error:.1e}"
            );
            worst = worst.max(apart / size.max(1.0));
        }
        // The estimate is no larger than it must be.
        assert!(error <= 1e-11 * size.max(1.0), "{place}: {name}: error {error:.1e}");
    }
    worst
}

#[test]
fn the_long_run_of_any_chain_is_that_of_the_literal_operator() {
    for seed in 0..12 {
        for (bonds, pinned) in [(1, true), (2, false), (6, true), (9, false), (12, true)] {
            let flips = [[0.1, 2.0], [1.0, 10.0], [0.02, 0.1]][seed as usize % 3];
            let chain = random_chain(seed, bonds, pinned, flips);
            let place = format!("seed {seed}, N = {bonds}, pinned {pinned}");
            let run = steady(&chain, None, &Options::default()).unwrap();
            let (mean, covariance) = literal_state(&chain);
            let local = Local::of(&chain, &mean, covariance.view());
            let exact = local.profile(&chain, 0.0.into(), f64::INFINITY, Default::default());
            // The literal solve loses some hundred roundings.
            compare(&place, run.at(0).profile(), &exact, 1e-12);
            for identity in run.identities() {
                assert!(identity.violation < 1e-12, "{place}: {identity:?}");
            }
        }
    }
}

#[test]
fn the_homogeneous_chain_has_its_closed_form() {
    for (bonds, rate) in [(1, 1.0), (40, 0.1), (200, 1.0), (2000, 5.0)] {
        let (left, right) = (Thermostat::at(2.0).friction(0.6), Thermostat::at(1.0));
        let chain = Chain::open(bonds).flip_rate(rate).left(left).right(right).build().unwrap();
        let exact = chain.thermal_state().unwrap();
        let found = stationary(&chain, &Monitor::default()).unwrap().profile;
        let place = format!("N = {bonds}, γ = {rate}");
        let bounded = |name: &str, found: &[f64], exact: &[f64], error: f64| {
            let apart = agreement::largest(found.iter().zip(exact).map(|(a, b)| a - b));
            assert!(apart <= error + 4e-16, "{place}: {name} {apart:.1e}, error {error:.1e}");
            assert!(error < 1e-12, "{place}: {name}: {error:.1e}");
        };
        bounded("var_p", &found.var_p, &exact.var_p, found.errors.var_p);
        bounded("var_r", &found.var_r[1..], &exact.var_r, found.errors.var_r);
        let j = -exact.correlation;
        for current in &found.current[..bonds] {
            let apart = (current - j).abs();
            assert!(apart <= found.errors.current, "{place}: {current} {j}");
            assert!(apart <= 1e-12 * j.abs(), "{place}: {current} {j}");
        }
        assert!(found.errors.current < 1e-11 * j.abs(), "{place}: {:.1e}", found.errors.current);
    }
}

#[test]
fn an_equilibrium_is_uniform_and_the_exchange_of_temperatures_turns_the_current() {
    let ends = |left: f64, right: f64| {
        let chain = Chain::open(300)
            .flip_rate(Coefficient::uniform([0.1, 1.0], 5))
            .masses(Coefficient::uniform([0.1, 10.0], 5))
            .springs(Coefficient::choose([0.5, 3.0], 5))
            .left(Thermostat::at(left).friction(0.3))
            .right(Thermostat::at(right).friction(2.0));
        let run = steady(&chain.build().unwrap(), None, &Options::default()).unwrap();
        run.at(0).profile().clone()
    };
    let still = ends(1.5, 1.5);
    let general = still.general.as_ref().unwrap();
    assert!(general.temperature.iter().all(|t| (t - 1.5).abs() <= general.errors[0]));
    assert!(still.current.iter().all(|j| j.abs() <= still.errors.current));
    let (there, back) = (ends(2.0, 1.0), ends(1.0, 2.0));
    for n in 0..300 {
        let [j, k] = [&there, &back].map(|profile| profile.current[n]);
        assert!((j + k).abs() <= there.errors.current + back.errors.current);
        assert!((j + k).abs() <= 1e-11 * j.abs(), "{n}: {j} {k}");
        let [a, b] = [&there, &back].map(|p| p.general.as_ref().unwrap().temperature[n]);
        assert!((a + b - 3.0).abs() < 1e-13, "{n}: {a} {b}");
    }
}

#[test]
fn reservoirs_drive_an_ordered_chain_without_flips_ballistically() {
    // Rieder, Lebowitz and Lieb, J. Math. Phys. 8, 1073 (1967): walls at both ends, friction λ, one
    // temperature inside but for the ends; J = (k/2λ) (T_- - T_+) [1 + ν/2 - (ν/2) √(1 + 4/ν)] in
    // the limit N → ∞, ν = k m/λ² (Nakazawa 1970 has it so), approached exponentially.
    for (friction, atoms) in [(1.0, 40), (0.5, 60)] {
        let walls: Vec<f64> = (0..atoms).map(|n| f64::from(n == 0 || n + 1 == atoms)).collect();
        let chain = Chain::open(atoms - 1)
            .flip_rate(0.0)
            .pinning(walls)
            .left(Thermostat::at(2.0).friction(friction))
            .right(Thermostat::at(1.0).friction(friction))
            .build()
            .unwrap();
        let run = steady(&chain, None, &Options::default()).unwrap();
        let nu = 1.0 / (friction * friction);
        let bracket = 1.0 + nu / 2.0 - nu / 2.0 * (1.0 + 4.0 / nu).sqrt();
        let exact = bracket / (2.0 * friction);
        let found = run.at(0).current();
        assert!(
            found.values.iter().all(|j| (j - exact).abs() < 1e-12 + found.error),
            "{} {exact} {}",
            found.values[atoms / 2],
            found.error
        );
        let profile = run.at(0).profile();
        let middle = &profile.general.as_ref().unwrap().temperature[10..atoms - 10];
        assert!(middle.iter().all(|t| (t - 1.5).abs() < 1e-5), "{middle:?}");
    }
}

#[test]
fn what_nothing_damps_is_refused() {
    // With light atom 1 between walls of its own, reservoirs never feel the antisymmetric mode of
    // three equal atoms whose middle one alone has a thermostat.
    let chain = Chain::open(2).flip_rate(0.0).pinning(1.0).thermostat(1, Thermostat::at(1.0));
    let error = steady(&chain.build().unwrap(), None, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("nothing damps it"), "{error}");
    // Flips of the outer atoms damp it.
    let chain = Chain::open(2)
        .flip_rate(vec![0.3, 0.0, 0.0])
        .pinning(1.0)
        .thermostat(1, Thermostat::at(1.0))
        .build()
        .unwrap();
    let run = steady(&chain, None, &Options::default()).unwrap();
    let thermal = run.at(0).profile().general.as_ref().unwrap().temperature.clone();
    assert!(thermal.iter().all(|t| (t - 1.0).abs() < 1e-12), "{thermal:?}");
}

#[test]
fn sites_without_flips_follow_from_the_others() {
    for seed in 0..4 {
        let rates: Vec<f64> = (0..9).map(|n| if n % 3 == seed % 3 { 0.8 } else { 0.0 }).collect();
        let chain = Chain::open(8)
            .flip_rate(rates)
            .masses(Coefficient::uniform([0.5, 2.0], seed))
            .pinning(Coefficient::uniform([0.0, 1.0], seed))
            .left(Thermostat::at(1.0))
            .thermostat(6, Thermostat::at(2.5).friction(0.4))
            .force_at(3, Force::constant(0.7))
            .build()
            .unwrap();
        let run = steady(&chain, None, &Options::default()).unwrap();
        let (mean, covariance) = literal_state(&chain);
        let local = Local::of(&chain, &mean, covariance.view());
        let exact = local.profile(&chain, 0.0.into(), f64::INFINITY, Default::default());
        compare(&format!("seed {seed}"), run.at(0).profile(), &exact, 1e-12);
    }
}

#[test]
#[ignore = "a campaign: how roundings grow, beside their estimates"]
fn roundings_grow_as_their_estimate() {
    for rate in [0.05, 0.3, 1.0, 5.0, 20.0] {
        for bonds in [30, 300, 1000, 3000, 10000] {
            let (left, right) = (Thermostat::at(2.0).friction(0.6), Thermostat::at(1.0));
            let chain = Chain::open(bonds).flip_rate(rate).left(left).right(right).build().unwrap();
            let exact = chain.thermal_state().unwrap();
            let all = stationary(&chain, &Monitor::default()).unwrap();
            let found = all.profile;
            let apart = |a: &[f64], b: &[f64]| {
                a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
            };
            let j = -exact.correlation;
            println!(
                "γ = {rate}, N = {bonds}: {} nodes, {} iterations; var_p {:.1e} ({:.1e}), var_r {:.1e} ({:.1e}), J {:.1e} ({:.1e}) missing {:.1e}",
                all.quadrature.nodes.len(),
                all.iterations,
                apart(&found.var_p, &exact.var_p),
                found.errors.var_p,
                apart(&found.var_r[1..], &exact.var_r),
                found.errors.var_r,
                apart(&found.current[..bonds], &vec![j; bonds]) / j,
                found.errors.current / j,
                all.identities[1].violation,
            );
            assert!(apart(&found.var_p, &exact.var_p) <= found.errors.var_p);
            assert!(apart(&found.var_r[1..], &exact.var_r) <= found.errors.var_r);
            assert!(apart(&found.current, &vec![j; bonds + 1]) <= found.errors.current);
        }
    }
}

/// A random chain of few bonds, pinned or not, under forces that oscillate or not, and a random
/// law.
fn random_question(seed: u64) -> (Chain, InitialLaw, f64, Vec<f64>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut within = |from: f64, to: f64| from + (to - from) * random.random::<f64>();
    let bonds = 1 + (within(0.0, 5.0) as usize);
    let (pinned, driven) = (within(0.0, 1.0) < 0.5, within(0.0, 1.0) < 0.6);
    let rate = 10f64.powf(within(-2.0, 1.0));
    let rates: Vec<f64> = (0..=bonds).map(|_| rate * within(0.0, 1.5)).collect();
    let period = within(1.0, 8.0);
    let force = |mean: f64, amplitude: f64, phase: f64| {
        if driven {
            Force::periodic(mean, period).harmonic(1, amplitude, phase).harmonic(3, 0.5, 0.2)
        } else {
            Force::constant(mean)
        }
    };
    let mut chain = Chain::open(bonds)
        .flip_rate(rates)
        .masses((0..=bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .springs((0..bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .thermostat(within(0.0, bonds as f64 + 0.9) as usize, {
            Thermostat::at(within(0.0, 2.0)).friction(10f64.powf(within(-1.0, 0.5)))
        })
        .force_at(within(0.0, bonds as f64) as usize, force(within(-1.0, 1.0), 1.0, 0.7))
        .force(force(within(-1.0, 1.0), 2.0, -0.3));
    if pinned {
        let weak = 10f64.powf(within(-4.0, 0.3));
        chain = chain.pinning((0..=bonds).map(|_| weak * within(0.0, 1.0)).collect::<Vec<f64>>());
    }
    let chain = chain.build().unwrap();
    let n = chain.coordinates();
    let mean: Vec<f64> = (0..n).map(|_| within(-1.0, 1.0)).collect();
    let half = Array2::from_shape_fn((n, n), |_| within(-0.7, 0.7));
    let law = match seed % 3 {
        0 => InitialLaw::from_covariance(&chain, &mean, half.dot(&half.t())).unwrap(),
        1 => InitialLaw::local_gibbs(&chain, |x| 1.5 - x).unwrap(),
        _ => {
            let (r, p) = mean.split_at(chain.positions());
            let variance: Vec<f64> = (0..n).map(|i| half[[i, 0]].abs()).collect();
            let (var_r, var_p) = variance.split_at(chain.positions());
            InitialLaw::from_arrays(&chain, [r, p], [var_r, var_p]).unwrap()
        }
    };
    (chain, law, period, vec![0.0, within(0.01, 1.0), 3.0, within(8.0, 40.0)])
}

/// Against the exponential in 32 digits; returns the largest errors as parts of their estimates.
fn judged(seed: u64) -> f64 {
    let (worst, errors) = judged_by(Method::Auto, seed, 1e-11);
    assert!(largest(&errors) <= 1e-9, "seed {seed}: {errors:?}");
    worst
}

/// The largest of numbers.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, x| m.max(*x))
}

/// The same by a method, whose covariances and identities are as exact as `close`, and its relative
/// errors.
fn judged_by(method: Method, seed: u64, close: f64) -> (f64, Vec<f64>) {
    let (chain, law, period, times) = random_question(seed);
    let place = format!("seed {seed}, {chain:?}");
    let options = Options { covariance: Keep::All, method, ..Options::default() };
    let run = evolve(&chain, &law, &Times::microscopic(times.clone()), &options).unwrap();
    let given: Vec<(f64, f64)> = times.iter().map(|&t| (t, 1.0)).collect();
    let exact = reference::moments(&chain, &law, period, &given);
    let mut worst: f64 = 0.0;
    let kept: Vec<_> = run.covariances().collect();
    for (index, exact) in exact.iter().enumerate() {
        let (mean, c) = (exact.mean.to_vec(), exact.covariance.view());
        let mut local = Local::of(&chain, &mean, c);
        if chain.is_pinned() {
            [local.mean_r, local.var_r, local.correlation] = exact.stretches.clone();
        }
        let now = chain.microscopic_time(times[index], TimeScale::Microscopic);
        let profile = local.profile(&chain, now, times[index], Default::default());
        for ((name, found, error), (_, exact, _)) in
            columns_of(run.at(index).profile()).into_iter().zip(columns_of(&profile))
        {
            let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            for (a, b) in found.iter().zip(&exact) {
                let apart = (a - b).abs();
                // Profiles are made of the judge's moments in doubles.
                assert!(
                    apart <= error + 1e-15 * size,
                    "{place}: {name} at output {index}: {a} {b}, error {error:.1e}"
                );
                if apart > 1e-15 * size {
                    worst = worst.max(apart / error);
                }
            }
        }
        let largest = c.diag().iter().fold(1.0, |m: f64, v| m.max(*v));
        let apart = agreement::largest((&kept[index].2 - &c).iter());
        assert!(apart <= close * largest, "{place}: covariance {apart:.1e} at output {index}");
    }
    for identity in run.identities() {
        assert!(identity.violation < close, "{place}: {identity:?}");
    }
    (worst, run.errors().to_vec())
}

#[test]
fn evolutions_of_any_chain_are_within_their_errors_of_the_exponential_in_32_digits() {
    // The last one drives a hardly damped chain, whose means have the largest roundings seen.
    for seed in (0..12).chain([1178]) {
        judged(seed);
    }
}

#[test]
fn steps_of_the_literal_operator_are_within_their_errors_of_the_exponential_in_32_digits() {
    let mut worst: f64 = 0.0;
    for seed in (0..12).chain([1178]) {
        let (ratio, errors) = judged_by(Method::Literal, seed, 1e-9);
        assert!(largest(&errors) <= 1e-9, "seed {seed}: {errors:?}");
        worst = worst.max(ratio);
    }
    println!("largest error as a part of its estimate: {worst:.3}");
}

#[test]
#[ignore = "a minute"]
fn steps_of_the_literal_operator_keep_their_errors_in_two_hundred_random_chains() {
    // Displacements of weakly pinned atoms have estimates beyond the tolerance.
    let (mut worst, mut missed): (f64, usize) = (0.0, 0);
    for seed in seeds("0..200") {
        let (ratio, errors) = judged_by(Method::Literal, seed, 1e-9);
        worst = worst.max(ratio);
        missed += usize::from(largest(&errors) > 1e-9);
    }
    println!("largest error as a part of its estimate: {worst:.3}; tolerances missed: {missed}");
}

#[test]
fn a_long_chain_is_refused_by_the_literal_operator_with_its_bound() {
    let chain = Chain::open(5000).masses(Coefficient::uniform([0.5, 1.5], 7));
    let chain = chain.left(Thermostat::at(1.0)).build().unwrap();
    let law = InitialLaw::local_gibbs(&chain, |_| 1.0).unwrap();
    let options = Options { method: Method::Literal, ..Options::default() };
    let error = evolve(&chain, &law, &Times::microscopic([1.0]), &options).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("found 5000 bonds; allowed with the literal operator: up to"), "{said}");
}

/// The chains of a campaign: SEEDS=1000..1200.
fn seeds(usual: &str) -> std::ops::Range<u64> {
    let range = std::env::var("SEEDS").unwrap_or(usual.into());
    let (from, to) = range.split_once("..").expect("SEEDS is a range such as 0..200");
    from.parse().expect("a number")..to.parse().expect("a number")
}

#[test]
#[ignore = "a campaign: 200 random chains, or SEEDS=1000..1200"]
fn two_hundred_random_chains_are_within_their_errors() {
    let (mut worst, mut missed): (f64, Vec<u64>) = (0.0, vec![]);
    for seed in seeds("0..200") {
        let (ratio, errors) = judged_by(Method::Auto, seed, 1e-11);
        worst = worst.max(ratio);
        if largest(&errors) > 1e-9 {
            missed.push(seed);
        }
    }
    println!("largest error as a part of its estimate: {worst:.2}; tolerances missed: {missed:?}");
}

#[test]
fn a_long_time_leads_to_the_long_run() {
    for pinned in [false, true] {
        let chain = random_chain(3, 9, pinned, [0.5, 2.0]);
        let law = InitialLaw::local_gibbs(&chain, |x| 1.0 + x).unwrap();
        let times = Times::microscopic([20_000.0]);
        let late = evolve(&chain, &law, &times, &Options::default()).unwrap();
        let run = steady(&chain, None, &Options::default()).unwrap();
        let place = format!("pinned {pinned}");
        let mut rest = late.at(0).profile().clone();
        rest.left_inflow = run.at(0).left_inflow();
        for ((name, a, error), (_, b, other)) in
            columns_of(&rest).into_iter().zip(columns_of(run.at(0).profile()))
        {
            for (a, b) in a.iter().zip(&b) {
                assert!(
                    (a - b).abs() <= error + other + 1e-13,
                    "{place}: {name} {a} {b} {error:.1e}"
                );
            }
        }
    }
}

/// The long run beside the exponential in 32 digits at a time when nothing moves any more.
fn assert_stationary(chain: &Chain, method: Method, late: f64) {
    let options = Options { method, ..Options::default() };
    let run = steady(chain, None, &options).unwrap();
    let law = InitialLaw::local_gibbs(chain, |_| 1.0).unwrap();
    let (_, exact) = &reference::period(chain, &law, 1.0, late, 1)[0];
    let mut local = Local::of(chain, &exact.mean.to_vec(), exact.covariance.view());
    if chain.is_pinned() {
        [local.mean_r, local.var_r, local.correlation] = exact.stretches.clone();
    }
    let profile = local.profile(chain, late.into(), f64::INFINITY, Default::default());
    let columns = columns_of(run.at(0).profile()).into_iter().zip(columns_of(&profile));
    for ((name, found, error), (_, exact, _)) in columns {
        // Profiles are made of the judge's moments in doubles; it keeps 20 of forces of 10³.
        let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (a, b) in found.iter().zip(&exact) {
            let apart = (a - b).abs();
            let judge = 2e-15 * size + 1e-16;
            assert!(apart <= error + judge, "{method} {name}: {a} {b}, error {error:.1e}");
        }
    }
}

#[test]
fn strong_forces_that_cancel_leave_their_roundings_in_weakly_pinned_chains() {
    for pinning in [1e-2, 1e-4] {
        let chain = Chain::open(4)
            .flip_rate(0.3)
            .masses(vec![1.2, 0.7, 0.9, 1.1, 0.6])
            .springs(vec![0.7, 1.3, 1.1, 0.9])
            .pinning(pinning)
            .left(Thermostat::at(2.0))
            .force_at(1, Force::constant(1e3))
            .force_at(2, Force::constant(-1e3))
            .force(Force::constant(0.3));
        let chain = chain.build().unwrap();
        for method in [Method::Auto, Method::Literal] {
            assert_stationary(&chain, method, 200.0 / pinning);
        }
    }
}

#[test]
fn the_velocity_of_a_long_pulled_chain_is_as_exact_as_its_elongations() {
    // Equal steps lose a rounding each, all in one direction: sums of 10⁵ of them are compensated.
    let bonds = 100_000;
    let chain = Chain::open(bonds)
        .flip_rate(0.7)
        .springs((0..bonds).map(|n| 1.0 + n as f64 * 1e-8).collect::<Vec<f64>>())
        .left(Thermostat::at(2.0))
        .right(Thermostat::at(1.0))
        .force(Force::constant(2.0));
    let chain = chain.build().unwrap();
    let means = Means::new(&chain, &Model::new(&chain)).unwrap();
    let velocity = 2.0 / (2.0 * 0.7 * (bonds + 1) as f64 + 2.0);
    assert!((means.velocity / velocity - 1.0).abs() < 2e-15);
    for (n, (found, k)) in
        means.elongation.iter().zip(&chain.coefficients().unwrap().spring).enumerate()
    {
        let exact = (2.0 * 0.7 * (n + 1) as f64 + 1.0) * velocity / k;
        assert!((found - exact).abs() < 4e-15, "{n}: {found} {exact}");
    }
    let chain = Chain::open(300)
        .flip_rate(10.0)
        .masses(Coefficient::uniform([0.5, 1.5], 7))
        .left(Thermostat::at(2.0))
        .right(Thermostat::at(1.0))
        .force(Force::constant(30.0));
    let run = steady(&chain.build().unwrap(), None, &Options::default()).unwrap();
    assert!(run.errors()[0] < 1e-12, "{:.1e}", run.errors()[0]);
}

/// A chain of three bonds at rest under a force.
fn short(rate: f64, more: impl Fn(ChainBuilder) -> ChainBuilder) -> Chain {
    let masses = Coefficient::uniform([0.5, 1.5], 7);
    let chain = Chain::open(3).flip_rate(rate).masses(masses).left(Thermostat::at(2.0));
    more(chain).build().unwrap()
}

#[test]
fn literal_steps_reach_the_tolerance_under_quick_flips_and_weak_pinning() {
    let pulled = |chain: ChainBuilder| chain.force(Force::periodic(1.0, 4.0).harmonic(1, 3.0, 0.0));
    let pinned = |chain: ChainBuilder| chain.pinning(1e-2).force(Force::constant(1.0));
    for chain in [short(5.0, pulled), short(0.3, pinned)] {
        let law = InitialLaw::local_gibbs(&chain, |_| 1.0).unwrap();
        let times = Times::microscopic([1.0, 100.0, 1000.0]);
        let by = |method: Method| {
            let options = Options { method, ..Options::default() };
            evolve(&chain, &law, &times, &options).unwrap()
        };
        let [steps, series] = [Method::Literal, Method::Stencil].map(by);
        assert!(steps.tolerance_reached(), "{:?}", steps.errors());
        for (a, b) in steps.outputs().zip(series.outputs()) {
            for ((name, found, error), (_, other, more)) in
                columns_of(a.profile()).into_iter().zip(columns_of(b.profile()))
            {
                for (x, y) in found.iter().zip(&other) {
                    assert!((x - y).abs() <= error + more, "{name}: {x} {y}, {error:.1e}");
                }
            }
        }
    }
}

/// Outputs as profiles.
fn profiles_of(chain: &Chain, outputs: &[exponential::Output]) -> Vec<Profile> {
    let profile = |o: &exponential::Output| o.local.profile(chain, o.time, o.time.hi, o.errors);
    outputs.iter().map(profile).collect()
}

/// A random chain that the contour serves, its law and late times.
fn late_question(seed: u64, bonds: usize) -> (Chain, InitialLaw, Vec<Double>) {
    let mut random = ChaCha8Rng::seed_from_u64(1000 + seed);
    let mut within = |from: f64, to: f64| from + (to - from) * random.random::<f64>();
    let rate = 10f64.powf(within(-1.0, 1.0));
    let pinned = within(0.0, 1.0) < 0.4;
    let mut chain = Chain::open(bonds)
        .flip_rate((0..=bonds).map(|_| rate * within(0.5, 1.5)).collect::<Vec<f64>>())
        .masses((0..=bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .springs((0..bonds).map(|_| within(0.3, 2.0)).collect::<Vec<f64>>())
        .left(Thermostat::at(within(0.0, 2.0)).friction(10f64.powf(within(-1.0, 0.5))))
        .thermostat(bonds / 2 + 1, Thermostat::at(within(0.0, 2.0)).friction(0.3))
        .force_at(bonds / 3, Force::constant(within(-1.0, 1.0)))
        .force(Force::constant(within(-1.0, 1.0)));
    if pinned {
        let weak = 10f64.powf(within(-3.0, 0.3));
        chain = chain.pinning((0..=bonds).map(|_| weak * within(0.0, 1.0)).collect::<Vec<f64>>());
    }
    let chain = chain.build().unwrap();
    let mut law = if pinned {
        let temperature = within(0.5, 2.0);
        InitialLaw::local_gibbs(&chain, move |_| temperature).unwrap()
    } else {
        InitialLaw::local_gibbs(&chain, |x| 1.5 - x).unwrap()
    };
    law.mean_p.iter_mut().for_each(|p| *p = within(-1.0, 1.0));
    law.mean_r.iter_mut().for_each(|r| *r = within(-1.0, 1.0));
    let from = contour::earliest(&chain, &law).unwrap();
    let times = [1.0, 1.7, 6.0].map(|part| Double::from(part * from)).to_vec();
    (chain, law, times)
}

/// The contour beside the exponential; returns the largest error as a part of its estimate.
fn late(seed: u64, bonds: usize) -> f64 {
    let (chain, law, times) = late_question(seed, bonds);
    let place = format!("seed {seed}, N = {bonds}");
    let monitor = Monitor::default();
    let found = contour::evolve(&chain, &law, &times, 1e-9, &monitor).unwrap();
    let exact = exponential::evolve(&chain, &law, &times, 1e-11, |_| false, &monitor).unwrap();
    let mut worst: f64 = 0.0;
    let pairs = found.iter().zip(&exact);
    let profiles = profiles_of(&chain, &found).into_iter().zip(profiles_of(&chain, &exact));
    for ((a, b), (left, right)) in profiles.zip(pairs) {
        for ((name, found, error), (_, exact, other)) in
            columns_of(&a).into_iter().zip(columns_of(&b))
        {
            let size = exact.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            for (n, (a, b)) in found.iter().zip(&exact).enumerate() {
                let apart = (a - b).abs();
                assert!(
                    apart <= error + other,
                    "{place}: {name} at {n}: {a} and {b}, {apart:.1e}, error {error:.1e} {other:.1e}"
                );
                if apart > other + 1e-13 * size {
                    worst = worst.max(apart / error);
                }
            }
            assert!(
                error <= 1e-8 * size.max(0.1),
                "{place}, τ = {}: {name} {error:.1e} of {size:.1e}",
                left.time.hi
            );
        }
        let (a, b) = (&left.integrals, &right.integrals);
        for (name, x, y) in [
            ("work", a.work, b.work),
            ("heat", a.heat, b.heat),
            ("left", a.left, b.left),
            ("right", a.right, b.right),
            ("others", a.others, b.others),
        ] {
            let apart = (x - y).abs();
            assert!(apart <= a.error + b.error, "{place}: {name} {x} {y} {:.1e}", a.error);
        }
    }
    worst
}

#[test]
fn late_times_by_the_contour_are_those_of_the_exponential_within_their_errors() {
    let mut worst: f64 = 0.0;
    for seed in 0..8 {
        for bonds in [3, 12] {
            worst = worst.max(late(seed, bonds));
        }
    }
    println!("{worst:.2}");
}

#[test]
#[ignore = "a campaign: 100 random chains at late times, or SEEDS=1000..1100"]
fn a_hundred_late_evolutions_are_within_their_errors() {
    let ratios: Vec<f64> =
        seeds("0..100").map(|seed| late(seed, [2, 5, 17, 40][seed as usize % 4])).collect();
    let worst = ratios.iter().fold(0.0, |m: f64, x| m.max(*x));
    println!("largest error as a part of its estimate: {worst:.2}");
}

/// J/γ between temperatures 1 and 0 as γ → 0, the frictions of both ends being `contact`·γ: energy
/// hops between modes of different frequencies (docs/theory/general.md, (16.11)).
fn current_by_hops(chain: &Chain, contact: f64) -> f64 {
    let all = chain.coefficients().unwrap();
    let atoms = chain.atoms();
    let spring = |n: usize| all.spring.get(n).copied().unwrap_or(0.0);
    let before = |n: usize| n.checked_sub(1).map_or(0.0, spring);
    let matrix = Mat::from_fn(atoms, atoms, |i, j| {
        let stiffness = match i.abs_diff(j) {
            0 => all.pinning[i] + spring(i) + before(i),
            1 => -spring(i.min(j)),
            _ => 0.0,
        };
        stiffness / (all.mass[i] * all.mass[j]).sqrt()
    });
    let eigen = matrix.self_adjoint_eigen(faer::Side::Lower).unwrap();
    let share = |n: usize, k: usize| eigen.U()[(n, k)].powi(2);
    let hops =
        |k: usize, l: usize| -> f64 { (0..atoms).map(|n| 2.0 * share(n, k) * share(n, l)).sum() };
    let network = Mat::from_fn(atoms, atoms, |k, l| match k == l {
        true => {
            let away: f64 = (0..atoms).filter(|&l| l != k).map(|l| hops(k, l)).sum();
            away + contact * (share(0, k) + share(atoms - 1, k))
        }
        false => -hops(k, l),
    });
    let fed = Mat::from_fn(atoms, 1, |k, _| contact * share(0, k));
    let energies = network.partial_piv_lu().solve(&fed);
    (0..atoms).map(|k| contact * share(atoms - 1, k) * energies[(k, 0)]).sum()
}

#[test]
fn rare_flips_carry_energy_by_hops_from_mode_to_mode() {
    for seed in 0..3 {
        let apart = [1e-2, 1e-3, 1e-4].map(|rate| {
            let end = |temperature: f64| Thermostat::at(temperature).friction(10.0 * rate);
            let chain = Chain::open(14)
                .flip_rate(rate)
                .masses(Coefficient::uniform([0.1, 10.0], seed))
                .pinning(1.0)
                .left(end(2.0))
                .right(end(1.0));
            let chain = chain.build().unwrap();
            let run = steady(&chain, None, &Options::default()).unwrap();
            let current = run.at(0).current().values[7] / rate;
            let limit = current_by_hops(&chain, 10.0);
            (current / limit - 1.0).abs()
        });
        // The corrections are of the second order in γ over the distance of two frequencies.
        assert!(apart[2] < 1e-3 && apart[2] < 0.05 * apart[1] && apart[1] < apart[0], "{apart:?}");
    }
}

#[test]
fn the_resistance_of_a_pinned_chain_grows_by_the_closed_form() {
    // 1/κ = 2γ (κ + 2 + √(κ(κ+4))), docs/theory/general.md; approached exponentially.
    for (rate, pinning) in [(0.2, 0.3), (1.0, 0.7), (3.0, 2.0)] {
        let resistance = |bonds: usize| {
            let chain = Chain::open(bonds)
                .flip_rate(rate)
                .pinning(pinning)
                .left(Thermostat::at(2.0))
                .right(Thermostat::at(1.0));
            let profile = stationary(&chain.build().unwrap(), &Monitor::default()).unwrap().profile;
            let j = profile.current[bonds / 2];
            (1.0 / j, profile.errors.current / (j * j))
        };
        let [(short, a), (long, b)] = [120, 200].map(resistance);
        let exact = 2.0 * rate * (pinning + 2.0 + (pinning * (pinning + 4.0)).sqrt());
        let found = (long - short) / 80.0;
        assert!((found - exact).abs() <= (a + b) / 80.0 + 1e-12 * exact, "{found} {exact}");
    }
}

/// κ = 2γ² ∫dk/2π ∫dx/2π tr |∂_k G(ix, k)|² of the chain of two masses by turns
/// (docs/theory/general.md), k from atom to atom: midpoints in k, even steps in log x.
fn conductivity_of_two_masses([m, other]: [f64; 2], rate: f64) -> f64 {
    let (count, step) = (64, 0.01);
    let mut sum = 0.0;
    for k in 0..count {
        let angle = std::f64::consts::PI * (k as f64 + 0.5) / count as f64;
        let root = (m * other).sqrt();
        let (off, slope) = (-2.0 * angle.cos() / root, 2.0 * angle.sin() / root);
        for x in (-3000..600).map(|i| f64::exp(step * f64::from(i))) {
            let s = Complex64::new(0.0, x);
            let z = s * s + 2.0 * rate * s;
            let (a, b) = (2.0 / m, 2.0 / other);
            // (z + P)⁻¹ P' (z + P)⁻¹ with det P = 4/(m m') - off² = slope².
            let determinant = z * z + z * (a + b) + slope * slope;
            let [own, second] = [(z + b) / determinant, (z + a) / determinant];
            let mixed = -off / determinant;
            let parts = [2.0 * own * mixed, 2.0 * second * mixed, own * second + mixed * mixed];
            let [u, v, w] = parts.map(|part| part.norm_sqr());
            sum += (x * slope).powi(2) * (u + v + 2.0 * w) * step * x;
        }
    }
    2.0 * rate * rate * sum / (count as f64 * std::f64::consts::PI)
}

#[test]
fn the_conductivity_of_two_masses_by_turns_is_the_integral_over_both_branches() {
    for (masses, rate) in
        [([1.0, 2.0], 0.2), ([1.0, 2.0], 1.0), ([0.5, 1.5], 1.0), ([1.0, 1.0], 2.0)]
    {
        let resistance = |bonds: usize| {
            let chain = Chain::open(bonds)
                .flip_rate(rate)
                .masses((0..=bonds).map(|n| masses[n % 2]).collect::<Vec<f64>>())
                .left(Thermostat::at(2.0))
                .right(Thermostat::at(1.0));
            let profile = stationary(&chain.build().unwrap(), &Monitor::default()).unwrap().profile;
            1.0 / profile.current[bonds / 2]
        };
        let found = 120.0 / (resistance(240) - resistance(120));
        let exact = conductivity_of_two_masses(masses, rate);
        // Contacts are felt to 5e-10 at γ = 0.2; the judge's steps leave 1e-11.
        assert!((found - exact).abs() <= 2e-9 * exact, "{masses:?} {rate}: {found} {exact}");
        let [least, most] = [masses[0].max(masses[1]), (masses[0] + masses[1]) / 2.0];
        let between = 1.0 / (4.0 * rate * least) - 1e-9..=1.0 / (4.0 * rate * most) + 1e-9;
        assert!(between.contains(&found), "{masses:?} {rate}: {found}");
    }
}

#[test]
fn check_measures_the_conductivity_of_chains_with_coefficients_over_sizes_and_seeds() {
    let ends = Chain::open(8).flip_rate(0.8).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
    let law = InitialProfiles::local_gibbs(|_| 1.0);
    let times = Times::diffusive([1.0]);
    let options = Options { sizes: vec![16, 32, 64], ..Options::default() };
    let pinned = check(&ends.clone().pinning(0.7), &law, &times, &options).unwrap();
    let exact = 1.0 / (1.6 * (2.7 + (0.7f64 * 4.7).sqrt()));
    let found = pinned.conductivity().unwrap();
    let limit = found.extrapolated.unwrap();
    assert!((limit.value - exact).abs() <= limit.uncertainty + 1e-11, "{limit:?} {exact}");
    assert!(limit.uncertainty < 1e-5, "{limit:?}");
    assert!(pinned.tolerance_reached());
    assert_eq!(pinned.measurements().len(), 3);
    // One realization of every seed, each longer chain beginning with the shorter one.
    let light = ends.clone().masses(Coefficient::uniform([0.5, 1.5], 4));
    let random = check(&light, &law, &times, &options).unwrap();
    let found = random.conductivity().unwrap();
    assert!(found.sentence.contains("8 seeds"), "{}", found.sentence);
    for size in &found.sizes {
        let u = size.conductivity;
        assert!(size.of_seeds.len() == 8 && u.uncertainty > 1e-4 && u.uncertainty < 0.1 * u.value);
    }
    let alone = ends.clone().bonds(64).masses(Coefficient::uniform([0.5, 1.5], 6)).build().unwrap();
    let profile = stationary(&alone, &Monitor::default()).unwrap().profile;
    assert_eq!(found.sizes[2].of_seeds[2], 64.0 * profile.current[32]);
    // What has no such statement is refused with the reason.
    let refused = |family: &ChainBuilder, expected: &str| {
        let error = check(family, &law, &times, &options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(&light.clone().force_at(3, Force::constant(1.0)), "with a force, whose work");
    refused(&light.clone().flip_rate(0.0), "with atoms without flips");
    refused(&light.clone().thermostat(3, Thermostat::at(1.0)), "with a thermostat inside");
    refused(&light.clone().right(Thermostat::at(2.0)), "with one temperature at both ends");
    let one = Chain::open(8).flip_rate(0.8).left(Thermostat::at(2.0)).pinning(1.0);
    refused(&one, "this chain has pinning: no limit theorem is known for it");
    refused(&one, "with a thermostat at one end at most");
    refused(&ends.clone().masses(vec![1.5; 9]), "found 9 values; allowed: 17");
    // A closed form, where there is one.
    let heavy = check(&ends.masses(2.0).springs(3.0), &law, &times, &options).unwrap();
    let heavy = heavy.conductivity().unwrap();
    assert_eq!(heavy.closed_form, Some(1.5 / 3.2));
    let limit = heavy.extrapolated.unwrap();
    assert!((limit.value - 1.5 / 3.2).abs() <= limit.uncertainty + 1e-11, "{limit:?}");
    assert!(limit.uncertainty < 1e-4, "{limit:?}");
    assert!(heavy.sentence.ends_with("closed form 0.46875000"), "{}", heavy.sentence);
    assert!(found.closed_form.is_none() && pinned.conductivity().unwrap().closed_form.is_some());
}
