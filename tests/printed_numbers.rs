//! The numbers that README.md, docs/tutorial.md and docs/results.md print are those of the program.
//!
//! The README's digits are computed again. docs/results.md comes from sizes up to 2048; here the
//! same commands run up to N = 256, and each printed number must agree with what they find, within
//! both uncertainties, and with the macroscopic value to its last digit. A rate must be that of
//! some statement at some time.
#![cfg(feature = "cli")]

mod shell;
#[path = "printed_numbers/tutorial.rs"]
mod tutorial;

use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a page")
}

fn flipchain(arguments: &[&str], out: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(arguments)
        .args(["-q", "-o"])
        .arg(out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// The first number in a text, as printed: its value and half a unit of its last digit.
fn printed(text: &str) -> Option<(f64, f64)> {
    let plain = text.replace('−', "-");
    let is_start = |c: char| c.is_ascii_digit() || c == '-';
    let plain = &plain[plain.find(is_start)?..];
    let end = plain.find(|c: char| !(is_start(c) || c == '.' || c == ' ')).unwrap_or(plain.len());
    let mut digits = plain[..end].replace(' ', "");
    // The point that ends a sentence.
    while digits.ends_with('.') {
        digits.pop();
    }
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Some((digits.parse().ok()?, 0.5 * 10f64.powi(-(decimals as i32))))
}

/// `3.1 · 10⁻¹³`
fn power_of_ten(text: &str) -> f64 {
    let (factor, power) = text.split_once("· 10").expect("a power of ten");
    let digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let power: String = power
        .chars()
        .filter_map(|c| match c {
            '⁻' => Some('-'),
            c => digits.chars().position(|d| d == c).and_then(|d| char::from_digit(d as u32, 10)),
        })
        .collect();
    factor.trim().parse::<f64>().expect("a factor") * 10f64.powi(power.parse().expect("a power"))
}

#[test]
fn the_digits_of_the_readme_are_those_of_its_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    // The first command of the page.
    flipchain(&["evolve", "data/scenarios/uphill.toml"], &run);
    let summary = json(&run.join("summary.json"));
    let output = summary["outputs"].as_array().and_then(|all| all.last()).expect("outputs");
    assert_eq!(output["t"], 1.0);
    let error = |name: &str| output["absolute_errors"][name].as_f64().expect("an error");
    let csv = std::fs::read_to_string(run.join("profiles.csv")).expect("profiles");
    let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = rows.next().expect("a header");
    let column = |name: &str| names.iter().position(|n| *n == name).expect("a column");
    let rows: Vec<_> = rows.filter(|row| row[0].parse() == Ok(1.0)).collect();
    let at = |name: &str, site: usize| rows[site][column(name)].parse::<f64>().expect("a number");
    assert_eq!(rows.len(), 101);
    let hottest = (0..=100).max_by(|&a, &b| at("thermal", a).total_cmp(&at("thermal", b)));
    assert_eq!(hottest, Some(37));
    let readme = page("README.md");
    let row = |what: &str| -> Vec<&str> {
        let row = readme.lines().find(|line| line.starts_with(&format!("| {what}")));
        row.unwrap_or_else(|| panic!("README.md has no row {what}")).split('|').collect()
    };
    for (what, value, stated) in [
        ("elongation r̄ at x = 1", at("mean_r", 100), Some(error("mean_r"))),
        ("thermal energy at x = 0.37", at("thermal", 37), Some(error("thermal"))),
        (
            "energy entering at the left end",
            output["left_inflow"].as_f64().expect("a number"),
            Some(error("current")),
        ),
        (
            "the same in the stationary state",
            summary["stationary_current"].as_f64().expect("a number"),
            None,
        ),
    ] {
        let cells = row(what);
        let (digits, half) = printed(cells[2]).expect("a number");
        let off = (digits - value).abs();
        assert!(off <= half + stated.unwrap_or(0.0), "{what}: {digits} is printed, found {value}");
        if let Some(stated) = stated {
            // A part of an estimate is made of roundings, which depend on the machine.
            let estimate = power_of_ten(cells[3]);
            let ratio = stated / estimate;
            assert!(
                (0.5..2.0).contains(&ratio),
                "{what}: {estimate:e} is printed, found {stated:e}"
            );
        }
    }
}

/// A number with its uncertainty somewhere in check.json.
struct Found {
    value: f64,
    uncertainty: f64,
    theory: Option<f64>,
    /// A rate, not a limit.
    exponent: bool,
}

fn collect(json: &Value, exponent: bool, theory: Option<f64>, found: &mut Vec<Found>) {
    match json {
        Value::Object(map) => {
            let theory = map.get("theory").and_then(Value::as_f64).or(theory);
            let number = |name: &str| map.get(name).and_then(Value::as_f64);
            if let (Some(value), Some(uncertainty)) = (number("value"), number("uncertainty")) {
                found.push(Found { value, uncertainty, theory, exponent });
            }
            for (name, inner) in map {
                collect(inner, exponent || name == "exponent", theory, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|x| collect(x, exponent, theory, found)),
        _ => {}
    }
}

/// A part of a sweep that is quick, and how the page prints what it finds.
struct Quick {
    /// The two sizes.
    bonds: [f64; 2],
    rates: [f64; 2],
    /// The key of the seeds.
    seed: &'static str,
    seeds: usize,
    /// Whether the conductivity is divided by the rate.
    per_rate: bool,
}

impl Quick {
    /// Of masses, or of pinnings, that are drawn at random.
    fn of(words: &[&str]) -> Quick {
        let masses = Quick {
            bonds: [200.0, 400.0],
            rates: [0.5, 1.0],
            seed: "chain.mass.seed",
            seeds: 6,
            per_rate: false,
        };
        let seed = "chain.pinning.seed";
        if !words.iter().any(|word| word.starts_with(seed)) {
            return masses;
        }
        let (bonds, rates) = ([50.0, 100.0], [0.03, 0.1]);
        Quick { bonds, rates, seed, seeds: 12, per_rate: true }
    }
}

/// The conductivity of two sizes, averaged over the seeds of a sweep, at the rates that are quick.
fn conductivities(section: &str, words: &[&str]) {
    let quick = Quick::of(words);
    let mut arguments: Vec<String> =
        words.iter().map(|word| word.trim_matches('\'').to_string()).collect();
    let out = words.iter().position(|word| *word == "-o").expect("a run directory");
    arguments.drain(out..out + 2);
    for argument in &mut arguments {
        for (key, [a, b]) in [("chain.bonds=", quick.bonds), ("chain.flip_rate=", quick.rates)] {
            if argument.starts_with(key) {
                *argument = format!("{key}{a},{b}");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("sweep");
    flipchain(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &run);
    let table = std::fs::read_to_string(run.join("table.csv")).expect("the table");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| names.iter().position(|n| *n == name).expect("a column");
    let places = ["chain.bonds", "chain.flip_rate", quick.seed, "current"].map(column);
    let rows: Vec<[f64; 4]> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.map(|place| cells[place].parse().expect("a number"))
        })
        .collect();
    for rate in quick.rates {
        let currents = |bonds: f64| -> Vec<f64> {
            rows.iter().filter(|r| r[0] == bonds && r[1] == rate).map(|r| r[3]).collect()
        };
        // The temperatures at the ends are 2 and 1.
        let [shorter, longer] = quick.bonds;
        let pairs = currents(shorter).into_iter().zip(currents(longer));
        let unit = if quick.per_rate { rate } else { 1.0 };
        let values: Vec<f64> = pairs
            .map(|(short, long)| (longer - shorter) / (1.0 / long - 1.0 / short) / unit)
            .collect();
        let count = values.len() as f64;
        assert_eq!(values.len(), quick.seeds, "seeds");
        let mean = values.iter().sum::<f64>() / count;
        let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let error = (spread / (count * (count - 1.0))).sqrt();
        let digits = if quick.per_rate { 4 } else { 3 };
        let row = format!("| {rate} | {mean:.digits$} ± {error:.digits$} |");
        assert!(section.contains(&row), "found {row}");
    }
}

#[test]
fn the_numbers_of_the_results_are_found_again() {
    // A command may go on in the next line.
    let results = page("docs/results.md").replace("\\\n", " ");
    let (mut limits, mut rates) = (0, 0);
    for section in results.split("\n## ").skip(1) {
        let command = section.lines().find_map(|line| line.strip_prefix("    flipchain "));
        let Some(command) = command else {
            // What no command prints is held by a test that the section names.
            assert!(section.contains("`tests/general_chain.rs` holds the comparison"), "{section}");
            continue;
        };
        let words: Vec<&str> = command.split_whitespace().collect();
        if words[0] == "sweep" {
            conductivities(section, &words);
            continue;
        }
        let out = words.iter().position(|word| *word == "-o").expect("a run directory");
        let mut arguments = words.clone();
        arguments.drain(out..out + 2);
        arguments.extend(["--sizes", "16,32,64,128,256", "--covariance-sizes", "16,32,64"]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = folder.path().join("check");
        flipchain(&arguments, &run);
        let mut found = Vec::new();
        collect(&json(&run.join("check.json")), false, None, &mut found);
        // Formulas are LaTeX, most numbers are plain.
        let text = section.replace('−', "-").replace(r" \pm ", " ± ").replace(r" \cdot ", "·");
        for (at, sign) in text.match_indices(" ± ") {
            let before = &text[..at];
            let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
            let digits = before.trim_end_matches(')').rsplit(|c| !is_part(c)).next();
            let Some((value, half)) = digits.and_then(printed) else { panic!("{before}") };
            let after: String =
                text[at + sign.len()..].chars().take_while(|&c| is_part(c) || c == 'e').collect();
            let uncertainty: f64 =
                after.trim_end_matches(['.', '-', ' ']).parse().expect("an uncertainty");
            if text[at..].chars().take(16).collect::<String>().contains(")·10^") {
                // A coefficient that is not distinguished from zero.
                continue;
            }
            let exponent = uncertainty > 2e-6 && value.abs() < 3.0;
            // Smaller sizes are farther from the asymptotic rate.
            let slack = if exponent { 0.03 } else { 0.0 };
            let agrees = found.iter().filter(|f| f.exponent == exponent).any(|f| {
                let known = if exponent { f64::max(0.1, uncertainty) } else { 1e-2 * value.abs() };
                let near = (f.value - value).abs() <= uncertainty + f.uncertainty + half + slack;
                let exact = f.theory.is_none_or(|t| (t - value).abs() <= uncertainty + half);
                f.uncertainty <= known && near && (exponent || exact)
            });
            let place = &text[text[..at].rfind('\n').map_or(0, |i| i + 1)..at];
            assert!(agrees, "{}: {value} ± {uncertainty}: …{place}", words[1]);
            if exponent { rates += 1 } else { limits += 1 }
        }
        // The last column of a table is the macroscopic value.
        for row in section.lines().filter(|line| line.starts_with("| ")) {
            for pair in row.split('|').collect::<Vec<_>>().windows(2) {
                let [with, alone] = pair else { continue };
                let is_decimal = |part: &&str| {
                    part.contains('.') && part.chars().all(|c| c.is_ascii_digit() || c == '.')
                };
                let Some(digits) = alone.trim().split(" = ").find(is_decimal) else { continue };
                if !with.contains('±') {
                    continue;
                }
                let (value, half) = printed(digits).expect("a number");
                let exact = found.iter().filter_map(|f| f.theory);
                assert!(
                    exact.map(|t| (t - value).abs()).any(|off| off <= half * (1.0 + 1e-6)),
                    "{}: {digits} in {row}",
                    words[1]
                );
                limits += 1;
            }
        }
    }
    assert!(limits > 40 && rates > 20, "{limits} limits and {rates} rates were found in the page");
}
