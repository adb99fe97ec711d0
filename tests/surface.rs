//! What is promised of the library's surface: one function a question, one answer whose numbers
//! carry their errors, the same bits and files as the program, and errors that say what to do.
#![cfg(feature = "cli")]

use flipchain::monitor::Monitor;
use flipchain::scenario::TimeScale;
use flipchain::{
    Answer, Chain, ChainBuilder, Error, Existing, Force, InitialLaw, InitialProfiles, Keep, Method,
    Options, Prepared, Scenario, Thermostat, Times, evolve, plan_check, plan_evolve, plan_limit,
    plan_steady, steady,
};
use ndarray::Array2;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn driven(bonds: usize) -> ChainBuilder {
    let ends = Chain::open(bonds).left(Thermostat::at(2.0)).right(Thermostat::at(1.0));
    ends.force(Force::constant(2.0))
}

#[test]
fn a_chain_built_in_code_is_that_of_the_scenario_file() {
    let text = "chain = { topology = 'open', bonds = 40, flip_rate = 0.5 }
                left.thermostat.temperature = 2
                right.thermostat = { temperature = 1, friction = 0.3 }
                right.force = { mean = 1, period = 4.8, harmonics = [
                    { order = 1, amplitude = 3, phase = 0.2 }, { order = 1, amplitude = 1 } ] }";
    let scenario = Scenario::from_str_named(text, "a", &[]).expect("a scenario");
    let force = Force::periodic(1.0, 4.8).harmonic(1, 3.0, 0.2).harmonic(1, 1.0, 0.0);
    let built = Chain::open(40).flip_rate(0.5).left(Thermostat::at(2.0));
    let built =
        built.right(Thermostat::at(1.0).friction(0.3)).force(force).build().expect("in range");
    assert_eq!(built, Chain::new(&scenario));
    let longer = ChainBuilder::from(&scenario).bonds(80).build().expect("in range");
    let read = Scenario::from_str_named(text, "a", &["chain.bonds=80".into()]).expect("a scenario");
    assert_eq!(longer, Chain::new(&read));
}

#[test]
fn a_chain_out_of_range_is_refused_with_the_key_and_what_is_allowed() {
    let cases = [
        (Chain::open(0), "chain.bonds: found 0; allowed:"),
        (Chain::ring(4).flip_rate(f64::NAN), "chain.flip_rate: found nan; allowed:"),
        (Chain::ring(4).flip_rate(-1.0), "chain.flip_rate: found -1.0; allowed:"),
        (Chain::ring(4).left(Thermostat::at(1.0)), "left: found a left end on a ring; allowed:"),
        (Chain::open(4).left(Thermostat::at(-1.0)), "left.thermostat.temperature: found -1.0"),
        (Chain::open(4).force(Force::default().harmonic(1, 1.0, 0.0)), "right.force.period: found"),
    ];
    for (builder, said) in cases {
        let refused = builder.build().expect_err("out of range").to_string();
        assert!(refused.starts_with(said), "{refused}");
        assert!(refused.contains("allowed: "), "{refused}");
    }
}

#[test]
fn a_law_of_another_shape_or_with_impossible_values_is_refused() {
    let chain = Chain::open(3).build().expect("a chain");
    let (r, p) = ([1.0; 3], [1.0; 4]);
    let law = |mean_r: &[f64], var_p: &[f64]| {
        let found = InitialLaw::from_arrays(&chain, [mean_r, &p], [&r, var_p]);
        found.expect_err("it is refused").to_string()
    };
    assert_eq!(law(&p, &p), "mean_r: found the shape (4,); allowed: (3,)");
    assert!(law(&[0.0, f64::NAN, 0.0], &p).starts_with("mean_r: found NaN in entry 1; allowed:"));
    assert!(law(&r, &[1.0, 1.0, -1.0, 1.0]).starts_with("var_p: found -1.0 in entry 2; allowed:"));
    let negative = InitialLaw::local_gibbs(&chain, |x| x - 0.5).expect_err("it is refused");
    assert!(negative.to_string().starts_with("var_r: found "), "{negative}");
    let matrix = |n: usize| Array2::<f64>::eye(n);
    let covariance = |c: Array2<f64>| {
        let found = InitialLaw::from_covariance(&chain, &[0.0; 7], c);
        found.expect_err("it is refused").to_string()
    };
    assert_eq!(covariance(matrix(6)), "covariance: found the shape (6, 6); allowed: (7, 7)");
    let mut skew = matrix(7);
    skew[[0, 1]] = 0.5;
    assert!(covariance(skew).contains("not symmetric"));
    // A law of another chain.
    let other = InitialLaw::local_gibbs(&Chain::open(5).build().expect("a chain"), |_| 1.0);
    let refused =
        evolve(&chain, &other.expect("a law"), &Times::diffusive([1.0]), &Options::default());
    assert!(matches!(refused, Err(Error::Argument(e)) if e.argument == "mean_r"));
}

#[test]
fn every_kind_of_error_says_what_the_caller_can_do() {
    let chain = driven(8).build().expect("a chain");
    let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x).expect("a law");
    let ask = |times: &Times, options: Options| evolve(&chain, &law, times, &options);
    let argument = |found: Result<flipchain::Run, Error>, name: &str| match found {
        Err(Error::Argument(error)) => assert_eq!(error.argument, name, "{error}"),
        other => panic!("{name}: {other:?}"),
    };
    let times = Times::diffusive([0.1]);
    argument(ask(&Times::diffusive([0.2, 0.1]), Options::default()), "times");
    argument(ask(&Times::diffusive([f64::NAN]), Options::default()), "times");
    argument(ask(&Times::diffusive(vec![]), Options::default()), "times");
    argument(ask(&times, Options { tolerance: f64::NAN, ..Options::default() }), "tolerance");
    argument(ask(&times, Options { method: Method::Modal, ..Options::default() }), "method");
    let kept = Options { covariance: Keep::At(vec![0.2]), ..Options::default() };
    argument(ask(&times, kept), "covariance_times");
    let small = Options { memory_limit: Some(1000), ..Options::default() };
    assert!(matches!(ask(&times, small), Err(Error::TooLarge(e)) if e.by_caller && e.bonds == 8));
    let ring = Chain::ring(8).build().expect("a ring");
    argument(steady(&ring, None, &Options::default()), "initial");
    let forced = Chain::open(8).force(Force::constant(1.0)).build().expect("a chain");
    let endless = steady(&forced, None, &Options::default());
    assert!(matches!(endless, Err(Error::NoAnswer(_))), "{endless:?}");
    let cancelled = flipchain::monitor::CancelToken::default();
    cancelled.cancel();
    let monitor = flipchain::monitor::Monitor::new(|_| (), &cancelled);
    let ended = ask(&times, Options { method: Method::Radau, monitor, ..Options::default() });
    assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
}

#[test]
fn a_plan_tells_the_ways_and_the_cost_and_its_question_can_then_be_answered() {
    let chain = Chain::ring(32).build().expect("a ring");
    let law = InitialLaw::local_gibbs(&chain, |x| 1.0 + x * (1.0 - x)).expect("a law");
    let options = Options { covariance: Keep::All, ..Options::default() };
    let times = Times::diffusive([0.0, 0.01, 10.0]);
    let question = plan_evolve(&chain, &law, &times, &options).expect("a plan");
    let plan = question.plan().clone();
    assert!(plan.cost.bytes > 0.0 && !plan.reason.is_empty(), "{plan:?}");
    let covered: Vec<usize> = plan.ways.iter().flat_map(|(outputs, _)| outputs.clone()).collect();
    assert_eq!(covered, [0, 1, 2]);
    let run = question.run(&options.monitor).expect("an answer");
    assert_eq!((run.plan(), run.len(), run.covariances().count()), (&plan, 3, 3));
    assert!(run.tolerance_reached());
    let long = driven(2000).build().expect("a chain");
    let chosen = plan_steady(&long, None, &Options::default());
    assert_eq!(chosen.expect("a plan").plan().method, Method::Profiles);
}

#[test]
fn the_library_writes_the_tables_of_the_program_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "data/scenarios/uphill.toml";
    let scenario = Scenario::read(Path::new(file), &["chain.bonds=16".into()]).expect("a scenario");
    let (chain, family) = (Chain::new(&scenario), ChainBuilder::from(&scenario));
    let law = InitialLaw::read(&scenario).expect("a law");
    let initial = InitialProfiles::from(scenario.initial.as_ref().expect("profiles"));
    let times = Times::of(&scenario).expect("times");
    assert_eq!(times.scale, TimeScale::Diffusive);
    let options = Options { sizes: vec![4, 8, 16], tolerance: 1e-7, ..Options::default() };
    let whole = Options { covariance: Keep::All, ..options.clone() };
    let place = |name: &str| folder.path().join(name);
    let save = Existing::default();
    // The files say which scenario they are of.
    fn answered<A>(question: Result<Prepared<'_, A>, Error>, scenario: &Scenario) -> A {
        let question = question.and_then(|question| question.described_by(scenario));
        question.and_then(|question| question.run(&Monitor::default())).expect("an answer")
    }
    let evolved = answered(plan_evolve(&chain, &law, &times, &whole), &scenario);
    evolved.save(place("evolve"), save).expect("it is written");
    let settled = answered(plan_steady(&chain, None, &whole), &scenario);
    settled.save(place("steady"), save).expect("it is written");
    let macroscopic = plan_limit(&chain, Some(&initial), Some(&times), &options);
    answered(macroscopic, &scenario).save(place("limit"), save).expect("it is written");
    let statements = answered(plan_check(&family, &initial, &times, &options), &scenario);
    statements.save(place("check"), save).expect("it is written");
    for (command, more, tables) in [
        ("evolve", &["--covariance"][..], &["profiles.csv", "profiles.npz", "covariance.npz"][..]),
        ("steady", &["--covariance"], &["profiles.csv", "profiles.npz", "covariance.npz"]),
        ("limit", &[], &["limit.csv"]),
        ("check", &["--sizes", "4,8,16"], &["check.csv", "check.json"]),
    ] {
        let theirs = place(&format!("{command}-program"));
        let status = Command::new(env!("CARGO_BIN_EXE_flipchain"))
            .args([command, file, "-q", "--tolerance", "1e-7", "--set", "chain.bonds=16", "-o"])
            .arg(&theirs)
            .args(more)
            .status()
            .expect("the program runs");
        assert!(status.success(), "{command}");
        for table in tables {
            let read = |from: &Path| std::fs::read(from.join(table)).expect("a file");
            assert!(read(&theirs) == read(&place(command)), "{command}: {table}");
        }
        let keys = |from: &Path| -> Vec<String> {
            let text = std::fs::read_to_string(from.join("summary.json")).expect("a summary");
            let summary: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&text).expect("JSON");
            summary.keys().cloned().collect()
        };
        assert_eq!(keys(&theirs), keys(&place(command)), "{command}");
    }
    // What is there is not lost.
    let again = settled.save(place("steady"), save);
    assert!(matches!(again, Err(Error::Output(_))), "{again:?}");
}

/// A file of the project, by its path from the root.
fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file")
}

/// The public items of src/lib.rs, by the names they have at the root.
fn items_of_the_root() -> BTreeSet<String> {
    let text = source("src/lib.rs");
    let (mut lines, mut hidden) = (text.lines(), false);
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("pub mod ") {
            if !hidden {
                found.insert(name.trim_end_matches([';', '{', ' ']).to_string());
            }
        } else if line.starts_with("pub use ") {
            let mut statement = line.to_string();
            while !statement.contains(';') {
                statement += lines.next().expect("the statement ends");
            }
            let names = statement.split_once('{').or(statement.rsplit_once("::"));
            let names = names.expect("a path").1.trim_end_matches([';', '}', ' ']);
            // `A as B` is B here.
            let names = names.split(',').filter_map(|name| name.split_whitespace().next_back());
            found.extend(names.map(String::from));
        } else {
            assert!(!line.starts_with("pub "), "this test does not know what this is: {line}");
        }
        hidden = line == "#[doc(hidden)]" || hidden && line.starts_with('#');
    }
    found
}

/// The fields or variants of a type in a file.
fn members(path: &str, head: &str) -> BTreeSet<String> {
    let text = source(path);
    let (_, body) = text.split_once(&format!("{head} {{\n")).expect("the type is there");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let names = body.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let name = line.strip_prefix("pub ").unwrap_or(line);
        let length = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
        (length > 0).then(|| name[..length].to_string())
    });
    names.collect()
}

/// What the tables in a section of the page on the library name in their first column.
fn named_in(section: &str) -> BTreeSet<String> {
    let page = source("docs/reference/library.md");
    let (_, text) = page.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let text = text.split("\n## ").next().expect("it has a text");
    let cells = text.lines().filter(|line| line.starts_with("| `"));
    let cells = cells.filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(String::from).collect()
}

#[test]
fn the_page_on_the_library_names_all_that_it_offers_and_nothing_else() {
    let items = items_of_the_root();
    // Some of every kind, so that a parser that finds nothing is noticed.
    for name in ["Chain", "Force", "evolve", "plan_check", "columns", "solver", "figures"] {
        assert!(items.contains(name), "{name}: {items:?}");
    }
    assert!(!items.contains("cli"), "the program is no part of the library");
    assert_eq!(named_in("The surface"), items);
    assert_eq!(named_in("Options"), members("src/run/options.rs", "pub struct Options"));
    assert_eq!(named_in("Methods"), members("src/method.rs", "pub enum Method"));
    assert_eq!(named_in("Errors"), members("src/run/error.rs", "pub enum Error"));
}
