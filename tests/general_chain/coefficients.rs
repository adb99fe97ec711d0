//! Coefficients that depend on the site: reading them, refusals, and the initial laws.

use super::*;

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
    let ring = "chain = { topology = 'ring', bonds = 4, flip_rate = 1, mass = [1, 2, 1] }";
    let error = Scenario::from_str_named(ring, "a.toml", &[]).unwrap_err().to_string();
    assert!(
        error.contains("found 3 values; allowed: 4, one for each of the atoms 0 to N-1"),
        "{error}"
    );
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
        let known = ["a number", "forms of mass"].iter().any(|form| words.contains(form));
        assert!(known, "{key}: {words}");
    }
    for key in ["thermostat", "force"] {
        let items = &schema["properties"][key]["items"];
        let name = items["$ref"].as_str().unwrap();
        assert!(schema.pointer(&name[1..]).unwrap()["properties"]["site"].is_object());
    }
}
