//! Extrapolations, the sweep over the frequency, and the verdicts of the program.

use super::*;

#[test]
fn the_expansion_in_one_over_the_length_leads_to_the_macroscopic_values() {
    let scenario = |bonds: usize| {
        let path = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
        Scenario::read(path.as_ref(), &[format!("chain.bonds={bonds}")])
            .expect("a scenario of the program")
    };
    let chain = Chain::new(&scenario(8));
    let limit =
        Problem::new(&scenario(8), &chain).expect("Theorem 2").stationary().expect("stationary");
    let found: Vec<sizes::StationarySize> = [8, 16, 32, 64, 128]
        .map(|n| {
            sizes::stationary(&Chain::new(&scenario(n)), &Default::default()).expect("stationary")
        })
        .to_vec();
    let of = |value: &dyn Fn(&sizes::StationarySize) -> f64| {
        found.iter().map(|s| (s.bonds, value(s), 1e-11)).collect::<Vec<_>>()
    };
    for (points, theory) in [
        (of(&|s| s.wall), limit.heat(1.0)),
        (of(&|s| s.middle.expect("even")), limit.heat(0.5)),
        (of(&|s| s.oscillation_work), oscillation_work(&chain)),
    ] {
        let found = Extrapolated::new("quantity".into(), &points, Some(theory))
            .expect("five sizes that double");
        let error = (found.found.limit.value - theory).abs();
        assert!(error < 1e-4 * theory && error <= found.found.limit.uncertainty, "{found:?}");
    }
}

#[test]
fn the_uncertainty_of_an_extrapolation_bounds_its_error_over_the_closed_forms() {
    // N J, Var p_N and the thermal e_heat(1/2) have closed forms at every N: 16 .. 2048 against
    // their limits, over γ, λ, T and F̄.
    let mut seed = 3u64;
    let mut random = |low: f64, high: f64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        low + (high - low) * (seed >> 11) as f64 / 2f64.powi(53)
    };
    let mut clean = 0;
    for case in 0..200 {
        let flip_rate = 10f64.powf(random(-1.0, 1.0));
        let thermostat = |temperature: f64, friction: f64| Thermostat { temperature, friction };
        let left = Some(thermostat(random(0.0, 3.0), 10f64.powf(random(-1.0, 1.0))));
        let right = Some(thermostat(random(0.0, 3.0), 10f64.powf(random(-1.0, 1.0))));
        let force = Force { mean: random(-2.0, 2.0), ..Default::default() };
        let sizes = (4..12).map(|k| 1usize << k);
        let chains: Vec<Chain> = sizes
            .map(|bonds| Chain {
                topology: Topology::Open,
                bonds,
                flip_rate,
                left,
                right,
                force: force.clone(),
                general: None,
            })
            .collect();
        let settled = stationary(flip_rate, &ends_of(&chains[0]), || None).expect("thermostats");
        let still = Chain { force: Force::default(), ..chains[0].clone() };
        let thermal = stationary(flip_rate, &ends_of(&still), || None).expect("thermostats");
        let of = |value: &dyn Fn(&Chain) -> f64| {
            chains.iter().map(|c| (c.bonds, value(c), 1e-14)).collect::<Vec<_>>()
        };
        let variance = |chain: &Chain, atom: usize| {
            let still = Chain { force: Force::default(), ..chain.clone() };
            still.thermal_state().expect("thermostats").var_p[atom]
        };
        for (quantity, points, theory) in [
            (
                "N J",
                of(&|c| c.bonds as f64 * c.stationary_current().expect("closed form")),
                settled.current,
            ),
            ("Var p_N", of(&|c| variance(c, c.bonds)), thermal.heat(1.0)),
            ("Var p at 1/2", of(&|c| variance(c, c.bonds / 2)), thermal.heat(0.5)),
        ] {
            let found = Extrapolated::new(quantity.into(), &points, Some(theory))
                .expect("eight sizes")
                .found;
            let error = (found.limit.value - theory).abs();
            assert!(error <= found.limit.uncertainty, "case {case}: {quantity} {found:?} {theory}");
            // Where a contact resistance of 1/λ + λ over γ is hundreds of bonds, N = 16 is not yet
            // an expansion.
            assert!(
                found.limit.uncertainty < 1e-3 * (1.0 + theory.abs()),
                "case {case}: {quantity} {found:?}"
            );
            clean += usize::from(found.limit.uncertainty < 1e-6 * (1.0 + theory.abs()));
        }
    }
    println!("six digits in {clean} of 600");
    assert!(clean > 500, "{clean}");
}

#[test]
fn the_frequency_decides_the_work_and_the_wall_as_in_theory() {
    let path = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
    let chain = |bonds: usize| {
        Chain::new(
            &Scenario::read(path.as_ref(), &[format!("chain.bonds={bonds}")])
                .expect("a scenario of the program"),
        )
    };
    let chains = [16, 32, 64, 128, 256].map(chain);
    let omegas = [0.3, 1.0, 2.0, 2.6];
    let found = sweep(&chains, &omegas, &Default::default()).expect("solved").expect("stationary");
    for at in &found {
        let [work, wall] = &at.extrapolated[..] else { panic!("five sizes") };
        for (found, theory) in [(work, at.work), (wall, at.wall)] {
            let error = (found.found.limit.value - theory).abs();
            assert!(error <= found.found.limit.uncertainty, "{found:?}");
            assert!(found.found.limit.uncertainty < 1e-4 * theory, "{found:?}");
        }
        // Var p_N from W_heat, by Theorem 2's parabola: F̄ = 1.2, γ = 0.8, T_- = 1.
        assert!((at.wall - (1.44 + 3.2 * at.work + 1.0)).abs() < 1e-13 * at.wall);
    }
}

#[test]
fn the_program_writes_its_verdicts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let path = format!("{}/data/scenarios/parabola.toml", env!("CARGO_MANIFEST_DIR"));
    let check = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command
            .args(["check", &path, "--force", "-o"])
            .arg(&run)
            .args(extra)
            .output()
            .expect("the program starts")
    };
    let output = check(&[
        "--sizes",
        "8,16,32,64",
        "--covariance-sizes",
        "8,16,32,64",
        "--set",
        "time.outputs=[0, 0.1, 1]",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let csv = std::fs::read_to_string(run.join("check.csv")).expect("check.csv");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["statement", "bonds", "t", "value", "limit", "bound", "value_error"]);
    for name in [
        "boundary_left",
        "boundary_right",
        "mean_l2",
        "energy",
        "covariance",
        "covariance_offdiagonal",
        "equipartition",
        "work",
        "elongation_distance",
        "energy_distance",
        "elongation_weak",
        "energy_weak",
    ] {
        let own: Vec<&Vec<&str>> = rows.iter().filter(|row| row[0] == name).collect();
        assert!((9..=12).contains(&own.len()), "{name}: {}", own.len());
        for row in own {
            assert!(row[3].parse::<f64>().expect("a value").is_finite());
            if let (Ok(value), Ok(bound)) = (row[3].parse::<f64>(), row[5].parse::<f64>()) {
                // Independent coordinates at t = 0: rounding, where the bound starts.
                assert!(value <= bound * (1.0 + 1e-12) + 1e-25, "{name}: {value} > {bound}");
            }
        }
        assert!(run.join(format!("figures/{name}.svg")).is_file(), "{name}");
    }
    let json = std::fs::read_to_string(run.join("check.json")).expect("check.json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["statements"].as_array().expect("a list").len(), 12);
    for found in json["extrapolations"].as_array().expect("a list") {
        let limit = &found["found"]["limit"];
        let number = |value: &serde_json::Value| value.as_f64();
        let (Some(value), Some(uncertainty)) =
            (number(&limit["value"]), number(&limit["uncertainty"]))
        else {
            panic!("{found}")
        };
        if let Some(theory) = number(&found["theory"]) {
            assert!(
                (value - theory).abs() <= uncertainty && uncertainty < 0.02 * theory.abs(),
                "{found}"
            );
        }
    }
    for (extra, says) in [
        (&["--sizes", "32,16"][..], "ascending"),
        (&["--set", "chain.flip_rate=0"], "flip_rate > 0"),
        (&["--set", "time.scale=ballistic"], "diffusive"),
        (&["--sizes", "0,16"], "sizes ≥ 1"),
        (&["--sizes", "16,x"], "invalid value 'x'"),
        (&["--covariance-sizes", "64,64"], "--covariance-sizes"),
        (&["--omegas", "2,1"], "ascending ω"),
        (&["--correlation-length=-1"], "a length > 0"),
        (&["--sizes", "8", "--method", "radau"], "--method"),
    ] {
        let output = check(extra);
        let message = String::from_utf8_lossy(&output.stderr).to_string();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn rings_free_chains_shaken_walls_and_single_bonds_are_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let check = |name: &str, extra: &[&str]| {
        let path = format!("{}/data/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command.args(["check", &path, "--force", "-o"]).arg(&run).args(extra);
        let output = command.output().expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.success(), "{name}: {error}");
        String::from_utf8(output.stdout).expect("text")
    };
    let times = "time.outputs=[0, 0.01, 0.5]";
    let said =
        check("periodic_force", &["--sizes", "8,16,32", "--omegas", "0.5,1.5", "--set", times]);
    assert!(said.contains("over ω = 0.5 .. 1.5: W_heat(N → ∞)"), "{said}");
    let csv = std::fs::read_to_string(run.join("sweep.csv")).expect("sweep.csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 3);
    assert!(run.join("figures/sweep.png").is_file());
    // A bound that is written is no smaller than the constant, and has its digits.
    let text = std::fs::read_to_string(run.join("check.json")).expect("check.json");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let all = json["statements"].as_array().expect("statements");
    let mut bounds = 0;
    for name in ["boundary_left", "boundary_right", "energy"] {
        let found = all.iter().find(|s| s["statement"] == name).expect("it was measured");
        let constant = found["constant"].as_f64().expect("a constant");
        let sentence = found["sentence"].as_str().expect("a sentence");
        let written = sentence.split("stays below ").nth(1).expect("a bound");
        let written: f64 = written.split(' ').next().unwrap_or_default().parse().expect("digits");
        assert!((constant..=1.0001 * constant).contains(&written), "{constant:e}: {sentence}");
        bounds += 1;
    }
    assert_eq!(bounds, 3);
    // What check.csv has no rows of has a row of the report and a figure.
    assert!(said.lines().any(|line| line.starts_with("equipartition_l1  ")), "{said}");
    assert!(run.join("figures/equipartition_l1.png").is_file());
    // Longer than the covariance is asked for, and too early for the ways without it: that is said.
    let early = "time.outputs=[0, 0.01, 0.05]";
    let said = check(
        "ring_relaxation",
        &["--sizes", "4,8,16", "--covariance-sizes", "4,8", "--set", early],
    );
    assert!(
        said.contains("variances not measured") && said.contains("N = 16 at all times"),
        "{said}"
    );
    assert!(!run.join("sweep.csv").exists());
    let free = ["--sizes", "1,2", "--correlation-length", "2", "--set", times];
    let said =
        check("equilibrium", &[&free[..], &["--set", "left.thermostat.temperature=2"]].concat());
    assert!(said.contains("covariance stays below"), "{said}");
}
