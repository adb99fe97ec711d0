//! The reader of scenarios, expressions and overrides under random input: it answers or refuses in
//! one line, never panics, never hangs, and never takes much memory. Some thousand inputs in the
//! suite, from a fixed seed; `cargo test --release --test fuzz -- --ignored` tries a million from a
//! fresh one.
#![cfg(feature = "cli")]

use flipchain::chain::{Chain, InitialLaw};
use flipchain::scenario::{Expression, STARTING_POINTS, Scenario};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::Command;

/// Counts what a thread has allocated and not freed, and the most of it.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // Not while a thread ends, when its counters are gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: hands every request on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An input has at most some 10 kB, but may ask for 10⁶ output times of 8 bytes, held a few times
/// over while they are checked.
const MOST_MEMORY: isize = 64 << 20;

fn within_memory<T>(run: impl FnOnce() -> T) -> Result<T, TestCaseError> {
    let before = HELD.get();
    PEAK.set(before);
    let answer = run();
    let most = PEAK.get() - before;
    prop_assert!(most < MOST_MEMORY, "{most} bytes of memory");
    Ok(answer)
}

fn one_line(message: &str) -> Result<(), TestCaseError> {
    let decent = !message.is_empty()
        && message.chars().count() < 1000
        && !message.chars().any(char::is_control);
    prop_assert!(decent, "not a decent message: {message:?}");
    Ok(())
}

/// Numbers, names and punctuation an expression is made of, and some it is not.
fn expression() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => prop::sample::select(vec![
            "x", "2", "1e-3", ".5", "1e999", "pi", "π", "e", "+", "-", "*", "/", "^", "(", ")", ",", "sin(", "exp(", "ln(", "sqrt(", "min(",
            "max(", "step(", " ", "1e", "..", "foo", "\"", "\n", "\u{0}", "²", "🙂",
        ]).prop_map(String::from),
        1 => any::<f64>().prop_map(|value| value.to_string()),
        1 => (0usize..5000, prop::sample::select(vec!["(", "-", "x^", "1+", "sin("])).prop_map(|(n, text)| text.repeat(n)),
        1 => any::<String>(),
    ];
    prop_oneof![
        3 => prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat()),
        // Well-formed ones, so that evaluation is met too.
        1 => Just("x".to_string()).prop_recursive(8, 64, 3, |inner| prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "^"]), inner.clone()).prop_map(|(a, o, b)| format!("({a}){o}{b}")),
            (prop::sample::select(vec!["sin", "ln", "tan", "exp", "floor"]), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("max({a},-{b},3.5e0)")),
        ]),
    ]
}

/// Values as TOML writes them: of every type, of every size, and broken.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "0", "1", "-1", "7", "1e300", "-1e300", "1e-300", "nan", "inf", "-inf", "99999999999999999999", "0x7f", "1_000", "true", "\"\"", "\"x\"",
            "\"open\"", "\"ring\"", "\"log\"", "[]", "{}", "[1, 1]", "[2, 1]", "[nan]", "[0, 1e-300, 1]", "[{}]", "1979-05-27", "\"1/x\"", "\"-1\"",
            "{ from = 1e-4, to = 1, count = 1000000, spacing = \"log\" }", "{ from = 0, to = 1e-320, count = 7 }", "[{ order = 1, amplitude = 1e200 }]",
            "{ temperature = 0 }", "{ temperature = 0, friction = 0 }", "\"\"\"", "=", "#", "\u{feff}", "\r\n",
        ]).prop_map(String::from),
        2 => any::<f64>().prop_map(|v| format!("{v:?}")),
        1 => expression().prop_map(|e| format!("{e:?}")),
        1 => (0usize..3000).prop_map(|depth| "[".repeat(depth)),
        1 => any::<String>(),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "chain", "chain.topology", "chain.bonds", "chain.flip_rate", "left", "right", "left.thermostat", "left.thermostat.temperature",
            "left.thermostat.friction", "right.thermostat.temperature", "right.force", "right.force.mean", "right.force.period", "right.force.harmonics",
            "initial", "initial.elongation", "initial.momentum", "initial.temperature", "initial.covariance", "initial.state", "initial.tension", "time",
            "time.scale", "time.outputs", "time.outputs.count", "time.outputs.from", "time.outputs.to",
        ]).prop_map(String::from),
        1 => prop::collection::vec(prop::sample::select(vec!["a", ".", " ", "chain", "[0]", "\"", ""]), 0..40).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

/// A scenario of the program's own, damaged in a few places, and overrides.
fn damaged() -> impl Strategy<Value = (String, Vec<String>)> {
    let place = any::<prop::sample::Index>();
    let damage = (place, 0usize..20, value());
    let point = (0..STARTING_POINTS.len()).prop_map(|n| STARTING_POINTS[n].text.to_string());
    let text = (point, prop::collection::vec(damage, 0..4)).prop_map(|(text, places)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (place, length, with) in places {
            let start = place.index(characters.len());
            let end = (start + length).min(characters.len());
            characters.splice(start..end, with.chars());
            if characters.is_empty() {
                break;
            }
        }
        characters.into_iter().collect::<String>()
    });
    let text = prop_oneof![5 => text, 1 => any::<String>(), 1 => (0usize..5000).prop_map(|n| "a = [[".repeat(n))];
    let overrides = prop::collection::vec(
        (key(), value()).prop_map(|(key, value)| format!("{key}={value}")),
        0..3,
    );
    (text, overrides)
}

fn expression_is_parsed_or_refused(source: &str) -> Result<(), TestCaseError> {
    match within_memory(|| Expression::parse(source))? {
        Ok(expression) => {
            for x in [0.0, 0.3, 1.0] {
                expression.eval(x);
            }
            prop_assert_eq!(Expression::parse(expression.source()).unwrap(), expression);
            Ok(())
        }
        Err(error) => one_line(&error.to_string().replace(|c: char| c.is_control(), " ")),
    }
}

fn scenario_is_read_or_refused(text: &str, overrides: &[String]) -> Result<(), TestCaseError> {
    let scenario = match within_memory(|| Scenario::from_str_named(text, "a.toml", overrides))? {
        Ok(scenario) => scenario,
        Err(error) => return one_line(&error.to_string()),
    };
    prop_assert!(
        scenario.chain.bonds >= 1
            && scenario.chain.flip_rate.constant().is_none_or(|rate| rate >= 0.0)
    );
    prop_assert!(scenario.output_times().windows(2).all(|pair| pair[0] < pair[1]));
    // What was read is what the reader understands: written out and read again it is the same.
    let again = toml::to_string(&scenario).unwrap();
    prop_assert_eq!(&Scenario::from_str_named(&again, "again.toml", &[]).unwrap(), &scenario);
    if scenario.chain.bonds <= 10_000 {
        Chain::new(&scenario);
        if scenario.initial.as_ref().is_some_and(|initial| initial.covariance.is_none()) {
            InitialLaw::new(&scenario);
        }
    }
    Ok(())
}

fn runner(cases: u32, fresh: bool) -> TestRunner {
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    if fresh {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    }
}

fn try_expressions(cases: u32, fresh: bool) {
    runner(cases, fresh)
        .run(&expression(), |source| expression_is_parsed_or_refused(&source))
        .unwrap();
}

fn try_scenarios(cases: u32, fresh: bool) {
    runner(cases, fresh)
        .run(&damaged(), |(text, overrides)| scenario_is_read_or_refused(&text, &overrides))
        .unwrap();
}

/// The program itself: 0, or 2 with one line that says why and nothing on standard output.
fn try_program(cases: u32, fresh: bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    let run = |text: &str, overrides: &[String]| -> Result<(), TestCaseError> {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        command.args(["scenario", "show", "--format", "json"]).arg(&file);
        // An argument of a process cannot hold a zero byte.
        for text in overrides.iter().filter(|text| !text.contains('\0')) {
            command.arg(format!("--set={text}"));
        }
        let output = command.output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => prop_assert!(output.stderr.is_empty() && !output.stdout.is_empty()),
            Some(2) => {
                // Under --format json an error is one JSON object.
                let error: serde_json::Value = serde_json::from_str(&message).unwrap_or_default();
                prop_assert!(output.stdout.is_empty() && error["exit_status"] == 2, "{message}");
                one_line(message.trim_end())?;
            }
            other => return Err(TestCaseError::fail(format!("exit status {other:?}: {message}"))),
        }
        Ok(())
    };
    runner(cases, fresh).run(&damaged(), |(text, overrides)| run(&text, &overrides)).unwrap();
}

#[test]
fn any_text_is_an_expression_or_is_refused_in_one_line() {
    try_expressions(4_000, false);
}

#[test]
fn any_text_and_overrides_are_a_scenario_or_are_refused_in_one_line() {
    try_scenarios(1_500, false);
}

#[test]
fn the_program_ends_with_0_or_2_whatever_the_scenario_says() {
    try_program(60, false);
}

#[test]
#[ignore = "a million inputs: some minutes in release"]
fn campaign() {
    try_expressions(600_000, true);
    try_scenarios(400_000, true);
    try_program(1_000, true);
}
