//! Good scenarios: read as written, defaults filled in, overrides, times, grid and expressions.

use flipchain::chain::{Chain, InitialLaw};
use flipchain::scenario::*;
use std::path::Path;
use std::time::Instant;

const RING: &str = r#"
[chain]
topology = "ring"
bonds = 4
flip_rate = 1
[initial]
elongation = 2
temperature = "1 + x"
[time]
scale = "ballistic"
outputs = [0, 1]
"#;

const STEADY: &str =
    "[chain]\ntopology = \"open\"\nbonds = 4\nflip_rate = 1\n[left.thermostat]\ntemperature = 1";

fn read(text: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
    Scenario::from_str_named(text, "a.toml", &overrides).unwrap()
}

fn eval(expression: &str, x: f64) -> f64 {
    Expression::parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}")).eval(x)
}

#[test]
fn every_scenario_of_the_data_folder_is_read_and_carried_inside_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/scenarios");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let scenario = Scenario::read(&path, &[]).unwrap();
        let point = StartingPoint::named(path.file_stem().unwrap().to_str().unwrap())
            .expect("a starting point");
        assert_eq!(point.text, std::fs::read_to_string(&path).unwrap());
        assert!(point.text.starts_with("# ") && point.title().ends_with('.'), "{}", point.name);
        assert!(scenario.initial.is_some() && !scenario.output_times().is_empty());
        Chain::new(&scenario);
        files += 1;
    }
    assert!(files == STARTING_POINTS.len() && files >= 9);
}

#[test]
fn every_scenario_written_as_toml_or_json_reads_back_the_same() {
    for point in STARTING_POINTS {
        let scenario = read(point.text, &[]);
        let toml = toml::to_string(&scenario).unwrap();
        assert_eq!(read(&toml, &[]), scenario, "{toml}");
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario, "{json}");
    }
}

#[test]
fn serialization_fills_in_the_defaults_and_keeps_generated_outputs_as_given() {
    let text = STEADY.to_string()
        + "\n[right.force]\nperiod = 2\nharmonics = [{ order = 3, amplitude = 1 }]\n[initial]\ntemperature = 1\n\
           [time]\nscale = \"diffusive\"\noutputs = { from = 0, to = 1, count = 3 }";
    assert_eq!(
        serde_json::to_value(read(&text, &[])).unwrap(),
        serde_json::json!({
            "chain": { "topology": "open", "bonds": 4, "flip_rate": 1.0 },
            "left": { "thermostat": { "temperature": 1.0, "friction": 1.0 } },
            "right": { "force": { "mean": 0.0, "period": 2.0, "harmonics": [{ "order": 3, "amplitude": 1.0, "phase": 0.0 }] } },
            "initial": { "elongation": "0", "momentum": "0", "temperature": "1" },
            "time": { "scale": "diffusive", "outputs": { "from": 0.0, "to": 1.0, "count": 3, "spacing": "linear" } }
        })
    );
}

#[test]
fn overrides_replace_keys_and_create_tables_and_the_last_one_wins() {
    let scenario = read(
        STEADY,
        &[
            "chain.bonds=400",
            "chain.bonds = 8",
            "initial.temperature=2 - x",
            "right.thermostat.temperature=3",
            "right.force = { mean = 2 }",
            "right.force.period=4.8",
            "right.force.harmonics=[{ order = 2, amplitude = 1.5 }]",
            "chain.topology=open",
        ],
    );
    assert_eq!(scenario.chain.bonds, 8);
    assert_eq!(scenario.initial.unwrap().temperature.source(), "2 - x");
    assert_eq!(scenario.right.thermostat, Some(Thermostat { temperature: 3.0, friction: 1.0 }));
    let harmonics = vec![Harmonic { order: 2, amplitude: 1.5, phase: 0.0 }];
    assert_eq!(scenario.right.force, Some(ForceTable { mean: 2.0, period: Some(4.8), harmonics }));
}

#[test]
fn a_thermostat_at_zero_temperature_is_not_the_absence_of_one() {
    let cold = read(STEADY, &["left.thermostat.temperature=0"]);
    assert_eq!(Chain::new(&cold).friction(), [1.0, 0.0]);
}

#[test]
fn a_missing_table_is_asked_for_by_the_command_that_needs_it() {
    let scenario = read(STEADY, &[]);
    assert!(scenario.output_times().is_empty());
    let message = scenario.require_time("evolve").unwrap_err().to_string();
    assert!(message.contains("[time], which `flipchain evolve` needs"), "{message}");
    let message = scenario.require_initial("check").unwrap_err().to_string();
    assert!(message.contains("[initial], which `flipchain check` needs"), "{message}");
    // The examples in the messages are good ones.
    let ring = read(RING, &[]);
    assert!(ring.require_initial("evolve").is_ok() && ring.require_time("evolve").is_ok());
    for error in [
        scenario.require_time("evolve").unwrap_err(),
        scenario.require_initial("evolve").unwrap_err(),
    ] {
        let ScenarioError::MissingTable { example, .. } = error else { panic!("{error}") };
        read(&format!("{STEADY}\n{example}"), &[]);
    }
}

#[test]
fn generated_times_have_exact_ends_and_equal_differences_or_ratios() {
    let times = |outputs: &str| read(RING, &[&format!("time.outputs={outputs}")]).output_times();
    assert_eq!(times("{ from = 0, to = 2, count = 5 }"), [0.0, 0.5, 1.0, 1.5, 2.0]);
    assert_eq!(times("{ from = 3, to = 3, count = 1, spacing = \"log\" }"), [3.0]);
    let log = times("{ from = 1e-4, to = 1, count = 50, spacing = \"log\" }");
    assert_eq!((log.len(), log[0], log[49]), (50, 1e-4, 1.0));
    let ratio = 1e4f64.powf(1.0 / 49.0);
    // Each time is a few roundings away from exact, so a ratio is at most 8 of them.
    assert!(
        log.windows(2).all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 8.0 * f64::EPSILON)
    );
}

#[test]
fn coordinates_sit_where_the_format_says() {
    let ring = read(RING, &[]);
    assert_eq!(ring.elongation_positions().collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75]);
    assert_eq!(ring.momentum_positions().collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75]);
    let open = read(
        STEADY,
        &[
            "chain.bonds=2",
            "initial.temperature=1 + x",
            "initial.elongation=x",
            "initial.momentum=-x",
        ],
    );
    assert_eq!(open.elongation_positions().collect::<Vec<_>>(), [0.5, 1.0]);
    assert_eq!(open.momentum_positions().collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
    let law = InitialLaw::new(&open);
    assert_eq!(law.mean_r, [0.5, 1.0]);
    assert_eq!(law.mean_p, [0.0, -0.5, -1.0]);
    assert_eq!(law.var_r, [1.5, 2.0]);
    assert_eq!(law.var_p, [1.0, 1.5, 2.0]);
}

#[test]
fn a_profile_need_not_exist_where_no_coordinate_sits() {
    // 1/x at x = 0 is no r of an open chain.
    read(STEADY, &["initial.temperature=1", "initial.elongation=1/x"]);
}

#[test]
fn expressions_bind_as_on_paper() {
    let x = 3.0;
    let cases = [
        ("-x^2", -9.0),
        ("(-x)^2", 9.0),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("2^-x*8", 1.0),
        ("-2^-2", -0.25),
        ("--x", 3.0),
        ("2 - -x", 5.0),
        ("2*-x", -6.0),
        ("8/4/2", 1.0),
        ("8/4*2", 4.0),
        ("10 - 3 - 2", 5.0),
        ("1 + 2*x^2/3", 7.0),
        ("+x", 3.0),
        ("2*(1 + x)^2", 32.0),
        ("2e2*x", 600.0),
        ("2*e", 2.0 * std::f64::consts::E),
        ("1.e1 + .5", 10.5),
        ("1E-1", 0.1),
        ("π - pi", 0.0),
        ("min(x, 2, 5)", 2.0),
        ("max(x, min(4, 9), 1)", 4.0),
        ("-sin(x)^2", -(3.0f64.sin().powi(2))),
        ("log(e) + ln(e) + log10(100)", 4.0),
        ("sign(-x) + sign(0) + sign(x)", 0.0),
        ("step(x - 3) + step(x - 4)", 1.0),
        ("floor(2.5) + ceil(2.5) + abs(-1) + sqrt(16)", 10.0),
        ("atan(tan(0.5)) + asin(sin(0.5)) + acos(cos(0.5))", 1.5),
        ("cosh(x)^2 - sinh(x)^2 + 0*tanh(x) + exp(0)", 2.0),
    ];
    for (expression, expected) in cases {
        // A few roundings of the largest term, which is cosh²(3) = 101 here.
        let error = (eval(expression, x) - expected).abs();
        assert!(
            error <= 4.0 * f64::EPSILON * f64::max(101.0, expected.abs()),
            "{expression} = {}",
            eval(expression, x)
        );
    }
    assert!(eval("min(0/0, 1)", x).is_nan() && eval("max(1, 0/0)", x).is_nan());
}

#[test]
fn an_expression_knows_whether_it_depends_on_x() {
    assert!(Expression::parse("2*pi + exp(1)").unwrap().is_constant());
    assert!(!Expression::parse("0*x").unwrap().is_constant());
}

#[test]
fn the_deepest_expression_allowed_is_evaluated() {
    for (open, close, expected) in [
        ("(", ")", 2.0),
        ("1+(", ")", 31.0),
        ("-", "", -2.0),
        ("max(1,", ")", 2.0),
        ("1^", "", 1.0),
    ] {
        let levels = if open == "1+(" { 29 } else { 59 };
        let deepest = format!("{}x{}", open.repeat(levels), close.repeat(levels));
        assert_eq!(eval(&deepest, 2.0), expected, "{deepest}");
    }
}

#[test]
fn the_schema_has_the_ranges_and_descriptions_and_no_null() {
    let text = schema().to_string();
    for part in [
        "\"exclusiveMinimum\":0",
        "\"maximum\":100000000",
        "Number of bonds",
        "\"additionalProperties\":false",
    ] {
        assert!(text.contains(part), "{part} expected in {text}");
    }
    assert!(!text.contains("null"), "{text}");
}

#[test]
fn a_million_bonds_are_read_in_a_moment() {
    let start = Instant::now();
    let profile = "exp(-((x - 0.5)/0.1)^2) + sin(2*pi*x)^2";
    read(
        RING,
        &[
            "chain.bonds=1000000",
            &format!("initial.temperature={profile}"),
            &format!("initial.momentum={profile}"),
        ],
    );
    let seconds = start.elapsed().as_secs_f64();
    println!("two profiles on 10^6 sites: {seconds:.3} s");
    // Seen: far below a second. The bound only catches a change of order.
    assert!(seconds < 20.0, "{seconds}");
}
