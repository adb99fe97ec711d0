//! Bad scenarios are refused with one message: place, key, what was found, what is allowed.

#[path = "bad_input/numbers.rs"]
mod numbers;
#[path = "bad_input/texts.rs"]
mod texts;

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

const BAD: [&[Case]; 2] = [numbers::BAD, texts::BAD];

fn message(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
    match Scenario::from_str_named(text, "a.toml", &overrides) {
        Ok(scenario) => format!("accepted: {scenario:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_bad_scenario_is_refused_with_place_key_found_and_allowed() {
    let bad = BAD.concat();
    assert!(bad.len() >= 35 && !message(GOOD, &[]).contains("found"));
    for (good, bad, place, key, found, allowed) in bad {
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
