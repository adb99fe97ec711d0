//! Bad scenarios are refused with one message: place, key, what was found, what is allowed.

use flipchain::scenario::{Expression, STARTING_POINTS, Scenario};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;

/// A good scenario; a bad one differs from it by one replacement, in a line that the message must
/// name.
const GOOD: &str = r#"[chain]
topology = "open"
bonds = 4
flip_rate = 1.0
[left.thermostat]
temperature = 2.0
friction = 0.5
[right.thermostat]
temperature = 1.0
[right.force]
mean = 2.0
period = 4.8
harmonics = [{ order = 1, amplitude = 3.0, phase = 0.0 }]
[initial]
elongation = "2*x"
momentum = "0"
temperature = "2 - x"
[time]
scale = "diffusive"
outputs = [0, 0.1, 1]
"#;

/// What is replaced by what; where the message points; the key it names; what it says was found,
/// what is allowed.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const BAD: &[Case] = &[
    // keys
    ("[chain]", "[chian]", "a.toml:1: ", "chian:", "an unknown key", "(did you mean chain?)"),
    (
        "friction = 0.5",
        "frction = 0.5",
        "a.toml:7: ",
        "left.thermostat.frction:",
        "unknown",
        "(did you mean friction?)",
    ),
    (
        "mean = 2.0",
        "banana = 2.0",
        "a.toml:11: ",
        "right.force.banana:",
        "unknown",
        "harmonics, mean, period",
    ),
    (
        "phase = 0.0",
        "fase = 0.0",
        "a.toml:13: ",
        "right.force.harmonics[0].fase:",
        "unknown",
        "order, phase",
    ),
    (
        "[time]",
        "[left.force]\nmean = 1\n[time]",
        "a.toml:18: ",
        "left.force:",
        "unknown",
        "thermostat",
    ),
    (
        "bonds = 4\n",
        "",
        "a.toml:1: ",
        "chain.bonds:",
        "found nothing",
        "an integer from 1 to 100000000",
    ),
    (
        "topology = \"open\"\n",
        "",
        "a.toml:1: ",
        "chain.topology:",
        "found nothing",
        "\"open\" or \"ring\"",
    ),
    (
        "temperature = 1.0\n",
        "",
        "a.toml:8: ",
        "right.thermostat.temperature:",
        "found nothing",
        "a finite number ≥ 0",
    ),
    (
        "temperature = \"2 - x\"\n",
        "",
        "a.toml:14: ",
        "initial.temperature:",
        "found nothing",
        "mathematical expression",
    ),
    (
        "outputs = [0, 0.1, 1]\n",
        "",
        "a.toml:18: ",
        "time.outputs:",
        "found nothing",
        "an array of 1 to 1000000 values",
    ),
    (
        "amplitude = 3.0, ",
        "",
        "a.toml:13: ",
        "right.force.harmonics[0].amplitude:",
        "found nothing",
        "a finite number",
    ),
    // types
    (
        "\"open\"",
        "\"closed\"",
        "a.toml:2: ",
        "chain.topology:",
        "the text \"closed\"",
        "\"open\" or \"ring\"",
    ),
    ("\"open\"", "1", "a.toml:2: ", "chain.topology:", "found 1", "\"open\" or \"ring\""),
    ("bonds = 4", "bonds = 4.0", "a.toml:3: ", "chain.bonds:", "found 4.0", "an integer from 1"),
    (
        "bonds = 4",
        "bonds = \"four\"",
        "a.toml:3: ",
        "chain.bonds:",
        "the text \"four\"",
        "an integer from 1",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = \"fast\"",
        "a.toml:4: ",
        "chain.flip_rate:",
        "the unknown name fast",
        "x, pi, e and the functions",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = true",
        "a.toml:4: ",
        "chain.flip_rate:",
        "found true",
        "a finite number from 0",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = 2026-01-02",
        "a.toml:4: ",
        "chain.flip_rate:",
        "the date 2026-01-02",
        "a finite number",
    ),
    (
        "[left.thermostat]\ntemperature = 2.0\nfriction = 0.5",
        "[left]\nthermostat = 2",
        "a.toml:6: ",
        "left.thermostat:",
        "found 2",
        "a table with the keys friction, temperature",
    ),
    (
        "[{ order = 1, amplitude = 3.0, phase = 0.0 }]",
        "3",
        "a.toml:13: ",
        "right.force.harmonics:",
        "found 3",
        "an array of at most 1000 values",
    ),
    (
        "\"2*x\"",
        "[1, 2]",
        "a.toml:15: ",
        "initial.elongation:",
        "an array of 2 values",
        "a number, or a mathematical expression",
    ),
    (
        "[0, 0.1, 1]",
        "0.1",
        "a.toml:20: ",
        "time.outputs:",
        "found 0.1",
        "a table with the keys count, from, spacing, to",
    ),
    (
        "[0, 0.1, 1]",
        "[0, \"late\"]",
        "a.toml:20: ",
        "time.outputs[1]:",
        "the text \"late\"",
        "a finite number ≥ 0",
    ),
    (
        "\"diffusive\"",
        "\"slow\"",
        "a.toml:19: ",
        "time.scale:",
        "\"slow\"",
        "\"diffusive\" or \"ballistic\" or \"microscopic\"",
    ),
    // ranges
    (
        "bonds = 4",
        "bonds = 0",
        "a.toml:3: ",
        "chain.bonds:",
        "found 0",
        "an integer from 1 to 100000000",
    ),
    (
        "bonds = 4",
        "bonds = -3",
        "a.toml:3: ",
        "chain.bonds:",
        "found -3",
        "an integer from 1 to 100000000",
    ),
    (
        "bonds = 4",
        "bonds = 1_000_000_000",
        "a.toml:3: ",
        "chain.bonds:",
        "found 1000000000",
        "an integer from 1 to 100000000",
    ),
    (
        "bonds = 4",
        "bonds = 99999999999999999999999",
        "a.toml:3: ",
        "chain.bonds:",
        "found 9999",
        "an integer from 1",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = -0.5",
        "a.toml:4: ",
        "chain.flip_rate:",
        "found -0.5",
        "a finite number from 0",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = nan",
        "a.toml:4: ",
        "chain.flip_rate:",
        "found nan",
        "a finite number from 0",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = inf",
        "a.toml:4: ",
        "chain.flip_rate:",
        "found inf",
        "a finite number from 0",
    ),
    (
        "flip_rate = 1.0",
        "flip_rate = 1e200",
        "a.toml:4: ",
        "chain.flip_rate:",
        "found 1e200",
        "from 0 to 100000",
    ),
    (
        "temperature = 2.0",
        "temperature = -2.0",
        "a.toml:6: ",
        "left.thermostat.temperature:",
        "found -2.0",
        "≥ 0",
    ),
    (
        "friction = 0.5",
        "friction = 0",
        "a.toml:7: ",
        "left.thermostat.friction:",
        "found 0",
        "a finite number > 0",
    ),
    (
        "friction = 0.5",
        "friction = -1.0",
        "a.toml:7: ",
        "left.thermostat.friction:",
        "found -1.0",
        "a finite number > 0",
    ),
    (
        "friction = 0.5",
        "friction = inf",
        "a.toml:7: ",
        "left.thermostat.friction:",
        "found inf",
        "a finite number > 0",
    ),
    (
        "mean = 2.0",
        "mean = -inf",
        "a.toml:11: ",
        "right.force.mean:",
        "found -inf",
        "a finite number",
    ),
    (
        "period = 4.8",
        "period = 0",
        "a.toml:12: ",
        "right.force.period:",
        "found 0",
        "a finite number > 0",
    ),
    (
        "period = 4.8\n",
        "",
        "a.toml:10: ",
        "right.force.period:",
        "harmonics without a period",
        "the period 2π/ω",
    ),
    (
        "order = 1",
        "order = 0",
        "a.toml:13: ",
        "right.force.harmonics[0].order:",
        "found 0",
        "an integer from 1 to 1000000",
    ),
    (
        "order = 1",
        "order = 1.5",
        "a.toml:13: ",
        "right.force.harmonics[0].order:",
        "found 1.5",
        "an integer from 1",
    ),
    (
        "amplitude = 3.0",
        "amplitude = nan",
        "a.toml:13: ",
        "right.force.harmonics[0].amplitude:",
        "found nan",
        "a finite number",
    ),
    (
        "phase = 0.0",
        "phase = inf",
        "a.toml:13: ",
        "right.force.harmonics[0].phase:",
        "found inf",
        "a finite number",
    ),
    (
        "\"open\"",
        "\"ring\"",
        "a.toml:5: ",
        "left:",
        "a left end on a ring",
        "neither [left] nor [right]",
    ),
    // expressions
    (
        "\"2*x\"",
        "\"2*y\"",
        "a.toml:15: ",
        "initial.elongation:",
        "the unknown name y at character 3",
        "x, pi, e and the functions sin",
    ),
    (
        "\"2*x\"",
        "\"2x\"",
        "a.toml:15: ",
        "initial.elongation:",
        "'x' at character 2",
        "products are written 2*x",
    ),
    ("\"2*x\"", "\"(2*x\"", "a.toml:15: ", "initial.elongation:", "its end too early", ")"),
    (
        "\"2*x\"",
        "\"\"",
        "a.toml:15: ",
        "initial.elongation:",
        "its end too early",
        "a number, x, a constant",
    ),
    ("\"2*x\"", "\"sin x\"", "a.toml:15: ", "initial.elongation:", "'x' at character 5", "("),
    (
        "\"2*x\"",
        "\"2**x\"",
        "a.toml:15: ",
        "initial.elongation:",
        "'*' at character 3",
        "a number, x, a constant",
    ),
    ("\"2*x\"", "\"min(x)\"", "a.toml:15: ", "initial.elongation:", "')' at character 6", ","),
    (
        "\"2*x\"",
        "\"1/(x - 0.5)\"",
        "a.toml:15: ",
        "initial.elongation:",
        "is inf at x = 0.5",
        "finite number",
    ),
    (
        "\"2*x\"",
        "nan",
        "a.toml:15: ",
        "initial.elongation:",
        "found nan",
        "a number, or a mathematical expression",
    ),
    (
        "momentum = \"0\"",
        "momentum = \"log(x)\"",
        "a.toml:16: ",
        "initial.momentum:",
        "is -inf at x = 0.0",
        "finite number",
    ),
    (
        "momentum = \"0\"",
        "momentum = \"sqrt(-1)\"",
        "a.toml:16: ",
        "initial.momentum:",
        "is NaN at x = 0.0",
        "finite number",
    ),
    (
        "\"2 - x\"",
        "\"0.6 - x\"",
        "a.toml:17: ",
        "initial.temperature:",
        "is -0.15000000000000002 at x = 0.75",
        "≥ 0",
    ),
    (
        "\"2 - x\"",
        "-1",
        "a.toml:17: ",
        "initial.temperature:",
        "\"-1\", which is -1.0 at x = 0.0",
        "≥ 0",
    ),
    // times
    (
        "[0, 0.1, 1]",
        "[]",
        "a.toml:20: ",
        "time.outputs:",
        "an array of 0 values",
        "an array of 1 to 1000000 values",
    ),
    (
        "[0, 0.1, 1]",
        "[0, -0.1]",
        "a.toml:20: ",
        "time.outputs[1]:",
        "found -0.1",
        "a finite number ≥ 0",
    ),
    (
        "[0, 0.1, 1]",
        "[0, nan]",
        "a.toml:20: ",
        "time.outputs[1]:",
        "found nan",
        "a finite number ≥ 0",
    ),
    (
        "[0, 0.1, 1]",
        "[\n0,\n1,\n0.1]",
        "a.toml:23: ",
        "time.outputs[2]:",
        "0.1 after 1.0",
        "increasing order",
    ),
    (
        "[0, 0.1, 1]",
        "[0, 0.1, 0.1]",
        "a.toml:20: ",
        "time.outputs[2]:",
        "0.1 twice",
        "each time once",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, count = 3, spacing = \"log\" }",
        "a.toml:20: ",
        "time.outputs.from:",
        "found 0.0",
        "a finite number > 0 with spacing = \"log\"",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, count = 0 }",
        "a.toml:20: ",
        "time.outputs.count:",
        "found 0",
        "from 1 to 1000000",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, count = 1 }",
        "a.toml:20: ",
        "time.outputs.count:",
        "1 time for the interval",
        "≥ 2, or from = to",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, count = 2000000 }",
        "a.toml:20: ",
        "time.outputs.count:",
        "found 2000000",
        "from 1 to 1000000",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 1, to = 1, count = 3 }",
        "a.toml:20: ",
        "time.outputs.to:",
        "found 1.0",
        "> from = 1.0",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 1, to = 1.0000000000000002, count = 5 }",
        "a.toml:20: ",
        "time.outputs.count:",
        "cannot be told apart",
        "fewer times",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, count = 3, spacing = \"cubic\" }",
        "a.toml:20: ",
        "time.outputs.spacing:",
        "\"cubic\"",
        "\"linear\" or \"log\"",
    ),
    (
        "[0, 0.1, 1]",
        "{ from = 0, to = 1, step = 3 }",
        "a.toml:20: ",
        "time.outputs.step:",
        "unknown",
        "count, from, spacing, to",
    ),
    // not TOML
    ("bonds = 4", "bonds = ", "a.toml:3: ", "not valid TOML", "", ""),
    ("bonds = 4", "bonds = 4\nbonds = 5", "a.toml:4: ", "not valid TOML", "duplicate key", ""),
    ("\"2*x\"", "\"2*x", "a.toml:15: ", "not valid TOML", "", ""),
];

fn message(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
    match Scenario::from_str_named(text, "a.toml", &overrides) {
        Ok(scenario) => format!("accepted: {scenario:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_bad_scenario_is_refused_with_place_key_found_and_allowed() {
    assert!(BAD.len() >= 35 && !message(GOOD, &[]).contains("found"));
    for (good, bad, place, key, found, allowed) in BAD {
        assert_eq!(GOOD.matches(good).count(), 1, "{good} must occur once");
        let message = message(&GOOD.replacen(good, bad, 1), &[]);
        let start = format!("{place}{}", if key.ends_with(':') { key } else { "" });
        assert!(message.starts_with(&start), "{bad}: {start} expected in\n{message}");
        for part in [key, found, allowed] {
            assert!(message.contains(part), "{bad}: {part} expected in\n{message}");
        }
        assert!(!message.contains('\n'), "one line: {message}");
    }
}

#[test]
fn a_scenario_without_chain_names_the_file_and_the_table() {
    assert!(message("", &[]).starts_with("a.toml: chain: found nothing"), "{}", message("", &[]));
}

#[test]
fn a_bad_override_is_named_instead_of_the_line() {
    let cases = [
        ("chain.bonds=0", "--set chain.bonds=0: chain.bonds: found 0; allowed: an integer from 1"),
        ("chain.bonds=many", "--set chain.bonds=many: chain.bonds: found the text \"many\""),
        ("chain.bond=8", "--set chain.bond=8: chain.bond: found an unknown key; allowed: bonds"),
        (
            "left.friction=1",
            "--set left.friction=1: left.friction: found an unknown key; allowed: thermostat",
        ),
        ("chain.bonds.x=1", "--set chain.bonds.x=1: chain.bonds: found a table"),
        (
            "initial.temperature=x - 2",
            "--set initial.temperature=x - 2: initial.temperature: found \"x - 2\", which is -2.0",
        ),
        ("time.outputs=[1, 0]", "--set time.outputs=[1, 0]: time.outputs[1]: found 0.0 after 1.0"),
        ("chain.topology=ring", "a.toml:5: left: found a left end on a ring"),
        ("chain.bonds", "--set chain.bonds: there is no ="),
        ("=3", "--set =3: the key, or a part of it, is empty"),
        ("chain..bonds=3", "--set chain..bonds=3: the key, or a part of it, is empty"),
        ("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=3", "nested deeper"),
    ];
    for (argument, expected) in cases {
        let message = message(GOOD, &[argument]);
        assert!(message.contains(expected), "{expected}\nexpected in\n{message}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let latin1 = directory.path().join("latin1.toml");
    std::fs::write(&latin1, b"[chain]\n# \xe9nergie\n").unwrap();
    let missing = directory.path().join("missing.toml");
    for (path, reason) in [(&latin1, "line 2 is not valid UTF-8"), (&missing, "No such file")] {
        let message = Scenario::read(path, &[]).unwrap_err().to_string();
        assert!(message.contains(path.to_str().unwrap()) && message.contains(reason), "{message}");
    }
    let message = Scenario::read(directory.path(), &[]).unwrap_err().to_string();
    assert!(
        message.contains(directory.path().to_str().unwrap()) && message.contains("directory"),
        "{message}"
    );
}

#[test]
#[cfg(unix)]
fn an_endless_file_is_refused() {
    let message = Scenario::read(Path::new("/dev/zero"), &[]).unwrap_err().to_string();
    assert!(message.contains("larger than 64 MiB"), "{message}");
}

#[test]
fn absurd_nesting_and_length_are_refused() {
    let depth = 100_000;
    for (open, close) in [("(", ")"), ("-", ""), ("x^", ""), ("sin(", ")"), ("min(1,", ")")] {
        let long = format!("{}x{}", open.repeat(depth), close.repeat(depth));
        assert!(Expression::parse(&long).unwrap_err().found.contains("bytes"));
        let deep = format!("{}x{}", open.repeat(500), close.repeat(500));
        assert!(Expression::parse(&deep).unwrap_err().found.contains("levels"));
    }
    let texts = [
        format!("a = {}1{}", "[".repeat(depth), "]".repeat(depth)),
        format!("{} = 1", vec!["a"; depth].join(".")),
        format!("[{}]", vec!["a"; depth].join(".")),
        format!("a = {}", "{ a = ".repeat(depth)),
    ];
    for text in texts {
        assert!(message(&text, &[]).contains("a.toml"));
        let shown = message(GOOD, &[&text]);
        assert!(shown.chars().count() < 600, "{shown}");
    }
}

#[test]
fn garbage_is_refused_without_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(20);
    let pieces = [
        "x", "pi", "e", "1", "2.5", "1e", "1e-3", ".", "+", "-", "*", "/", "^", "(", ")", ",", " ",
        "sin", "min", "max(", "log(", "é", "π", "_", "\u{0}", "😀", "1e999", "sqrt", "sin(",
        "abs(x)",
    ];
    let mut accepted = 0;
    for _ in 0..20_000 {
        let length = random.random_range(0..14);
        let text: String =
            (0..length).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
        if let Ok(expression) = Expression::parse(&text) {
            accepted += 1;
            expression.eval(random.random());
        }
    }
    assert!(accepted > 100, "the pieces make some expressions: {accepted}");

    let marks = b"[]{}=,.\"'#\n\\x0-9e+_ \xff";
    for n in 0..20_000 {
        let mut bytes = STARTING_POINTS[n % STARTING_POINTS.len()].text.as_bytes().to_vec();
        for _ in 0..random.random_range(1..6) {
            let position = random.random_range(0..bytes.len());
            let mark = marks[random.random_range(0..marks.len())];
            match random.random_range(0..4) {
                0 => bytes[position] = mark,
                1 => bytes.insert(position, mark),
                2 => drop(
                    bytes.drain(position + 1..(position + 20).min(bytes.len()).max(position + 1)),
                ),
                _ => bytes.truncate(position + 1),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        // A digit more may turn N into millions, which is right but slow.
        let small = ["chain.bonds=3".to_string()];
        if let Err(error) = Scenario::from_str_named(&text, "a.toml", &small) {
            let message = error.to_string();
            assert!(message.contains("a.toml") || message.contains("--set"), "{message}");
        }
    }
}
