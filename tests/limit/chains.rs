//! The limit of chains: the oscillation at a shaken end, momentum that becomes heat, and the
//! program.

use super::*;

fn example(bonds: usize) -> Scenario {
    let periodic = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
    Scenario::read(periodic.as_ref(), &[format!("chain.bonds={bonds}")])
        .expect("a scenario of the program")
}

#[test]
fn the_oscillation_works_at_the_rate_of_a_half_infinite_chain() {
    // γ = 0.8, 3 cos(1.3τ)/√N: 2.17026338737617660 with 30 digits. The scenario's period has 16
    // digits.
    let chain = Chain::new(&example(50));
    assert!((oscillation_work(&chain) - 2.170_263_387_376_176_6).abs() < 1e-14);
    // Any chain: N Re(F̂* p̂_N) of a long chain solved literally, with and without a thermostat at
    // its end, up to above the band's edge.
    for (friction, frequency, flip_rate) in
        [(None, 0.01, 1.0), (None, 2.7, 0.3), (Some(0.6), 1.1, 0.5), (Some(3.0), 0.2, 5.0)]
    {
        let right = friction.map(|friction| Thermostat { temperature: 1.0, friction });
        let amplitude = Complex64::new(0.3, -0.4);
        let chain = Chain { bonds: 4000, flip_rate, right, ..chain.clone() };
        let chain = Chain {
            force: Force {
                mean: 0.0,
                frequency: frequency.into(),
                harmonics: vec![(1, amplitude)],
            },
            ..chain
        };
        // From the left: each atom answers the next with p_n = ratio p_(n+1); s p = s
        // r-differences, eliminated.
        let s = Complex64::new(0.0, frequency);
        let own = |friction: f64| s * (s + 2.0 * flip_rate + friction);
        let mut pivot = own(chain.friction()[0]) + 1.0;
        for _ in 1..chain.bonds {
            pivot = own(0.0) + 2.0 - 1.0 / pivot;
        }
        let momentum = s * amplitude / (own(chain.friction()[1]) + 1.0 - 1.0 / pivot);
        let work = 2.0 * chain.bonds as f64 * (amplitude.conj() * momentum).re;
        assert!(
            (oscillation_work(&chain) - work).abs() < 1e-11 * work,
            "{work} {}",
            oscillation_work(&chain)
        );
    }
}

#[test]
fn the_wall_of_a_shaken_chain_is_approached_like_one_over_its_length() {
    // Var p_N of the periodic state at N = 50, 100, 200, 400, and the macroscopic F̄² + 4γ W_heat +
    // T_-. The whole covariance gives it at N = 50 too.
    let chain = Chain::new(&example(50));
    let problem = Problem::new(&example(50), &chain).expect("Theorem 2");
    let wall = problem.stationary().expect("a thermostat on the left").heat(1.0);
    let variance = |bonds: usize| {
        let chain = Chain::new(&example(bonds));
        sizes::stationary(&chain, &Default::default()).expect("a thermostat").wall
    };
    let chain = Chain::new(&example(50));
    let (state, ..) = periodic::covariance(&Modal::new(&chain), &[]).expect("a thermostat");
    let by_covariance = Profile::new(&chain, &state.average, 0.0).var_p[50];
    assert!((variance(50) - by_covariance).abs() < 1e-9, "{} {by_covariance}", variance(50));
    let apart = [50, 100, 200, 400].map(|bonds| variance(bonds) - wall);
    for pair in apart.windows(2) {
        // a/N + b/N²: the ratio is 2 + 2b/(aN) and nears 2 from one side.
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.03, "{apart:?}");
    }
    let ratios: Vec<f64> = apart.windows(2).map(|pair| pair[0] / pair[1] - 2.0).collect();
    for pair in ratios.windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.1, "{ratios:?}");
    }
}

#[test]
fn momentum_becomes_heat_at_once() {
    // At t = 0.01 the chain is at the distance of 1/N from the macroscopic equations that start
    // with T + p̄²/2.
    let text = |bonds: usize| {
        format!(
            "[chain]\ntopology = \"ring\"\nbonds = {bonds}\nflip_rate = 1\n[initial]\nmomentum = \"2*sin(2*pi*x)\"\n\
             elongation = \"cos(2*pi*x)\"\ntemperature = \"1\"\n[time]\nscale = \"diffusive\"\noutputs = [0.01]\n"
        )
    };
    let distance = |bonds: usize| {
        let scenario = Scenario::from_str_named(&text(bonds), "test", &[]).expect("a scenario");
        let chain = Chain::new(&scenario);
        let evolution = Problem::new(&scenario, &chain)
            .expect("a ring")
            .evolve(&[0.01])
            .expect("solved")
            .expect("initial");
        let times = [0.01 * chain.time_unit(TimeScale::Diffusive)];
        let law = InitialLaw::new(&scenario);
        let (solutions, _) =
            radau::evolve(&Modal::new(&chain), &law, &times, 1e-8, |_| false, &Default::default())
                .expect("evolved");
        let profile = Profile::new(&chain, &solutions[0], 0.01);
        let state = &evolution.outputs[0].state;
        let apart = |(n, heat): (usize, f64)| heat - state.heat(n as f64 / bonds as f64);
        largest(profile.thermal().into_iter().enumerate().map(apart))
    };
    let (coarse, fine) = (distance(32), distance(64));
    // Without the momentum's heat the distance would be 1 at either size.
    assert!(fine < 0.07 && fine < 0.55 * coarse, "{coarse} {fine}");
    // e_heat(0+): at τ = 15 the waves are gone, e^(-γτ), and heat has spread over √τ sites. T +
    // p̄²/2 is found up to 1/N, because the elongation that shares the site sits half a bond
    // beside.
    let at_once = |bonds: usize| {
        let scenario = Scenario::from_str_named(&text(bonds), "test", &[]).expect("a scenario");
        let chain = Chain::new(&scenario);
        let law = InitialLaw::new(&scenario);
        let (solutions, _) =
            radau::evolve(&Modal::new(&chain), &law, &[15.0], 1e-9, |_| false, &Default::default())
                .expect("evolved");
        let profile = Profile::new(&chain, &solutions[0], 0.0);
        let apart = |(n, heat): (usize, f64)| {
            let x = n as f64 / bonds as f64;
            heat - (1.0 + (2.0 * (2.0 * PI * x).sin()).powi(2) / 2.0)
        };
        largest(profile.thermal().into_iter().enumerate().map(apart))
    };
    let (coarse, fine) = (at_once(128), at_once(256));
    assert!(fine < 0.04 && fine < 0.55 * coarse, "{coarse} {fine}");
}

#[test]
fn every_stationary_state_is_where_the_evolution_ends() {
    let fixed = HeatEnd::Temperature;
    for (left, right, force) in [
        (fixed(2.0), fixed(1.0), 1.5),
        (fixed(1.0), HeatEnd::Slope(0.7), -0.8),
        (HeatEnd::Slope(0.0), fixed(0.5), 1.0),
        (HeatEnd::Slope(0.0), HeatEnd::Slope(0.0), 0.0),
    ] {
        let ends = Ends::Open { force, left, right };
        let problem = Problem {
            flip_rate: 1.2,
            ends,
            initial: initial("x*x", "sin(x)", "1 + x"),
            monitor: Default::default(),
        };
        let stationary = problem.stationary().expect("stationary");
        let evolution = problem.evolve(&[200.0]).expect("solved").expect("with initial profiles");
        let output = &evolution.outputs[0];
        for x in points() {
            assert!(
                (output.state.elongation(x) - stationary.elongation(x)).abs()
                    < output.errors[0] + 1e-13
            );
            assert!(
                (output.state.heat(x) - stationary.heat(x)).abs() < output.errors[1] + 1e-12,
                "{left:?} {right:?} {x}"
            );
        }
    }
    let ends = Ends::Open { force: 1.0, left: HeatEnd::Slope(0.0), right: HeatEnd::Slope(0.0) };
    let driven = Problem {
        flip_rate: 1.0,
        ends,
        initial: initial("0", "0", "1"),
        monitor: Default::default(),
    };
    assert!(
        driven
            .stationary()
            .expect_err("energy grows")
            .to_string()
            .contains("no thermostat takes it out")
    );
}

#[test]
fn the_program_writes_the_limit_and_refuses_what_has_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let limit = |name: &str, extra: &[&str]| {
        let scenario = format!("{}/data/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command
            .args(["limit", &scenario, "--force", "-o"])
            .arg(&run)
            .args(extra)
            .output()
            .expect("the program starts")
    };
    let output = limit("uphill", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let csv = std::fs::read_to_string(run.join("limit.csv")).expect("limit.csv");
    assert!(csv.starts_with("t,x,r,mechanical,thermal,energy\n"));
    assert_eq!(csv.lines().count(), 1 + 8 * 101);
    let summary = std::fs::read_to_string(run.join("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(summary["stationary"]["x_max"], 0.375);
    assert_eq!(summary["stationary"]["current"], -0.75);
    assert!(run.join("figures/limit.svg").is_file() && run.join("figures/limit.png").is_file());
    for (name, extra, says) in [
        ("harmonic", &[][..], "flip_rate > 0"),
        ("small", &[], "diffusive"),
        ("uphill", &["--set", "initial.temperature=2 + 1/(x - 0.305)^2"], "structure"),
        ("uphill", &["--method", "guess"], "--method"),
    ] {
        let output = limit(name, extra);
        let message = String::from_utf8_lossy(&output.stderr).to_string();
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(message.contains(says), "{message}");
    }
}
