//! A habit of another language, program or system is either taken or answered with the way to write
//! it here.

use flipchain::scenario::{Expression, STARTING_POINTS, Scenario};

const GOOD: &str = r#"[chain]
topology = "open"
bonds = 4
flip_rate = 1.5
[left.thermostat]
temperature = 2.0
[right.force]
mean = 2.0
[initial]
elongation = "2*x"
temperature = "2 - x"
[time]
scale = "diffusive"
outputs = [0, 0.5]
"#;

fn read(text: &str, overrides: &[&str]) -> Result<Scenario, String> {
    let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
    Scenario::from_str_named(text, "a.toml", &overrides).map_err(|e| e.to_string())
}

fn refused(text: &str, overrides: &[&str]) -> String {
    let message = read(text, overrides).expect_err("it is refused");
    assert!(!message.contains('\n'), "one line: {message}");
    message
}

#[test]
fn the_key_that_was_meant_is_named() {
    for (argument, key) in [
        ("N=5", "chain.bonds"),
        ("chain.N=5", "bonds"),
        ("chain.sites=5", "bonds"),
        ("gamma=1", "chain.flip_rate"),
        ("chain.gamma=1", "flip_rate"),
        ("chain.Gamma=1", "flip_rate"),
        ("chain.γ=1", "flip_rate"),
        ("T=1", "initial.temperature, left.thermostat.temperature or right.thermostat.temperature"),
        ("initial.T=1", "temperature"),
        ("left.thermostat.T=1", "temperature"),
        ("left.T=1", "left.thermostat.temperature"),
        ("left.temperature=1", "left.thermostat.temperature"),
        ("right.lambda=1", "right.thermostat.friction"),
        ("right.mean=1", "right.force.mean"),
        ("left.force={mean=1}", "force or right.force"),
        ("right.force.omega=1", "period"),
        ("bond=5", "chain.bonds"),
        ("time.count=5", "time.outputs.count"),
        ("times=[1]", "time.outputs"),
        ("time.output=[1]", "outputs"),
        ("initial.p=1", "momentum"),
    ] {
        let message = refused(GOOD, &[argument]);
        assert!(message.contains(&format!("(did you mean {key}?)")), "{argument}: {message}");
    }
    assert!(refused(GOOD, &["right.force.omega=1"]).ends_with("; the period is 2π/ω"));
    assert!(!refused(GOOD, &["chain.banana=1"]).contains("did you mean"));
}

#[test]
fn decimals_powers_and_signs_of_other_places_are_answered_with_those_of_this_one() {
    let point = "(decimals are written with a point, 1.5)";
    let power = "(powers are written x^2)";
    let message = refused(&GOOD.replace("1.5", "1,5"), &[]);
    assert!(message.starts_with("a.toml:4: ") && message.contains(point), "{message}");
    for (argument, hint) in [
        ("chain.flip_rate=1,5", point),
        ("initial.temperature=1,5", point),
        ("initial.temperature=1 + 0,5*x", point),
        ("initial.temperature=x**2", power),
        ("initial.temperature=x²", power),
        ("initial.temperature=(1 + x)²", power),
        ("initial.temperature=2×x", "(products are written 2*x)"),
        ("initial.temperature=2 − x", "(minus is written -)"),
        ("initial.temperature=[1 + x]*2", "not valid TOML"),
        ("initial.temperature=2*[1 + x]", "(parentheses are round)"),
        ("initial.temperature=1 + n/N", "(x is n/N)"),
        ("initial.temperature=1 + sen(x)", "(did you mean sin?)"),
        ("initial.temperature=1 + Exp(x)", "(did you mean exp?)"),
        ("initial.temperature=1 + arctan(x)", "(did you mean atan?)"),
        ("initial.temperature=PI", "(did you mean pi?)"),
        ("left.thermostat.friction=\"1.5\"", "(without quotes)"),
        ("time.outputs=[0,01, 0,1]", point),
        ("time.outputs=[1, 10,05]", point),
        ("time.outputs=[0,007]", point),
        ("time.outputs=[0, 1", "this is not valid TOML"),
        ("time.outputs={from=0", "this is not valid TOML"),
    ] {
        let message = refused(GOOD, &[argument]);
        assert!(message.contains(hint), "{argument}: {message}");
    }
    let list = refused(&GOOD.replace("1.5", "[0,01]"), &[]);
    assert!(list.starts_with("a.toml:4: ") && list.contains(point), "{list}");
    for argument in ["time.outputs=[0, 01]", "time.outputs=[1, 2 3]", "time.outputs=[01, 2]"] {
        let message = refused(GOOD, &[argument]);
        assert!(!message.contains(point), "{argument}: {message}");
    }
    // A comma between the arguments of a function is one.
    assert_eq!(Expression::parse("max(1,5*x)").unwrap().eval(1.0), 5.0);
}

#[test]
fn unequal_variances_take_the_place_of_the_temperature() {
    let unequal = GOOD.replace("temperature = \"2 - x\"", "var_r = \"1 + x\"\nvar_p = \"3*x\"");
    let scenario = read(&unequal, &[]).unwrap();
    let law = flipchain::chain::InitialLaw::new(&scenario);
    assert_eq!(law.var_r, [1.25, 1.5, 1.75, 2.0]);
    assert_eq!(law.var_p, [0.0, 0.75, 1.5, 2.25, 3.0]);
    let alone = GOOD.replace("temperature = \"2 - x\"", "var_r = \"1 + x\"");
    for (text, overrides, expected) in [
        (&alone, vec![], "a.toml:11: initial.var_r: found var_r without var_p"),
        (&unequal, vec!["initial.temperature=1"], "var_r beside temperature"),
        (&unequal, vec!["initial.state=gibbs"], "elongation beside state"),
        (&unequal, vec!["initial.covariance=a.npz"], "var_r beside covariance"),
        (
            &unequal,
            vec!["initial.var_p=x - 0.5"],
            "initial.var_p: found \"x - 0.5\", which is -0.5",
        ),
        (&unequal, vec!["initial.var_r=log(x - 1)"], "initial.var_r: found"),
    ] {
        let message = refused(text, &overrides);
        assert!(message.contains(expected), "{expected}\nexpected in\n{message}");
    }
    // r_0 is no coordinate of an open chain: its variance is not asked for.
    assert!(read(&unequal, &["initial.var_r=1/x"]).is_ok());
}

#[test]
fn a_scenario_as_json_is_the_same_scenario() {
    for point in STARTING_POINTS {
        let toml = read(point.text, &[]).unwrap();
        let json = serde_json::to_string_pretty(&toml).unwrap();
        assert_eq!(read(&json, &[]).unwrap(), toml, "{}", point.name);
        // Every atom that a starting point names is there.
        let changed = read(&json, &["chain.bonds=70"]).unwrap();
        assert_eq!(changed, read(point.text, &["chain.bonds=70"]).unwrap());
    }
    let json = serde_json::to_string_pretty(&read(GOOD, &[]).unwrap()).unwrap();
    for (from, to, message) in [
        (
            "\"bonds\": 4",
            "\"bonds\": 0",
            "a.toml: chain.bonds: found 0; allowed: an integer from 1",
        ),
        ("\"bonds\": 4", "\"bonds\": 4.5", "a.toml: chain.bonds: found 4.5; allowed: an integer"),
        ("\"bonds\": 4", "\"bonds\": null", "a.toml: chain.bonds: found null"),
        ("\"bonds\": 4", "\"bonds\": 4, \"bonds\": 5", "duplicate key \"bonds\""),
        ("\"bonds\": 4", "\"bonds\": ", "a.toml:4: this is not valid JSON"),
        ("\"bonds\": 4", "\"bonds\": 20000000000000000000", "chain.bonds: found 2e19"),
    ] {
        assert_eq!(json.matches(from).count(), 1, "{json}");
        let found = refused(&json.replace(from, to), &[]);
        assert!(found.contains(message), "{message}\nexpected in\n{found}");
    }
    assert!(read(&"{\"a\":".repeat(100_000), &[]).is_err());
}

#[test]
fn files_of_windows_are_read_and_their_lines_are_counted() {
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(read(&windows, &[]), read(GOOD, &[]));
    let message = refused(&windows.replace("1.5", "-1"), &[]);
    assert!(message.starts_with("a.toml:4: chain.flip_rate: found -1"), "{message}");
    let message = refused(&windows.replace("1.5", "1,5"), &[]);
    assert!(message.starts_with("a.toml:4: this is not valid TOML"), "{message}");
    let path = "temperature = \"2 - x\"";
    let message = refused(&GOOD.replace(path, "covariance = \"C:\\Users\\a.npz\""), &[]);
    assert!(message.contains("between single quotes"), "{message}");
    let quoted = read(&GOOD.replace(path, "covariance = 'C:\\Users\\a.npz'"), &[]).unwrap();
    assert_eq!(quoted.initial.unwrap().covariance.unwrap(), "C:\\Users\\a.npz");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs\\a b.toml");
    let utf16: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&file, utf16).unwrap();
    let message = Scenario::read(&file, &[]).unwrap_err().to_string();
    assert!(message.contains("UTF-16"), "{message}");
    std::fs::write(&file, &windows).unwrap();
    assert!(Scenario::read(&file, &[]).is_ok());
}
