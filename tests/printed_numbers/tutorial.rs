//! The numbers in the text of docs/tutorial.md are those of the commands that it prints.

use super::{json, page, printed, shell};
use std::collections::HashMap;
use std::path::Path;

/// The commands in indented blocks; those that end with \ go on in the next line.
fn commands(page: &str) -> Vec<String> {
    let joined = page.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter(|line| line.starts_with("flipchain ")).map(str::to_string).collect()
}

/// The rows of a table, by the names of its columns.
fn rows(file: &Path) -> Vec<HashMap<String, f64>> {
    let text = std::fs::read_to_string(file).expect("a table");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let numbers = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        names.iter().map(|name| name.to_string()).zip(numbers).collect()
    };
    lines.map(row).collect()
}

/// The page has these words, and the number after the last of them is the value to its last digit.
fn says(page: &str, words: &str, value: f64) {
    let at = page.find(words).unwrap_or_else(|| panic!("the page has no {words:?}"));
    let (number, half) = printed(&page[at + words.len()..]).expect("a number");
    assert!((number - value).abs() <= 1.001 * half, "{words} {number}: found {value}");
}

#[test]
fn the_numbers_of_the_tutorial_are_those_of_its_commands() {
    let text = page("docs/tutorial.md");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let all = commands(&text);
    assert!(all.len() >= 9, "only {} commands were found", all.len());
    for line in &all {
        shell::run(folder.path(), line);
    }
    let runs = folder.path().join("runs");
    // What goes over the end of a line is one sentence.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let current = |run: &str| {
        json(&runs.join(run).join("summary.json"))["stationary_current"].as_f64().expect("a number")
    };
    says(&text, "The current through the middle is positive, ", current("first"));
    says(&text, "The current is ", current("pulled"));
    let hottest = |rows: &[HashMap<String, f64>], time: f64| {
        let rows = rows.iter().filter(|row| row["t"] == time || time.is_infinite());
        rows.max_by(|a, b| a["thermal"].total_cmp(&b["thermal"])).expect("rows").clone()
    };
    let pulled = hottest(&rows(&runs.join("pulled/profiles.csv")), f64::INFINITY);
    says(&text, "with a thermal energy of ", pulled["thermal"]);
    says(&text, "thermal energy of 2.55 at $x = ", pulled["x"]);
    let rates = rows(&runs.join("rates/table.csv")).remove(0);
    says(&text, "heat leaves through both ends: ", rates["power"]);
    says(&text, "of work per unit of $\\tau$, ", -rates["right_rate"]);
    says(&text, "of it out at the right end and ", -rates["left_rate"]);
    let time = rows(&runs.join("time/profiles.csv"));
    let last: Vec<_> = time.iter().filter(|row| row["t"] == 1.0).collect();
    says(&text, "almost settled, from ", last[1]["current"]);
    says(&text, "at the left end to ", last[100]["current"]);
    for (words, t) in [
        ("The first three, ", 0.001),
        ("The first three, 1.9886, ", 0.01),
        ("1.9879 and ", 0.1),
        ("the last one is ", 1.0),
    ] {
        says(&text, words, hottest(&time, t)["thermal"]);
    }
    let limit = rows(&runs.join("limit/limit.csv"));
    let there = limit.iter().find(|row| row["t"] == 1.0 && row["x"] == 0.5).expect("a row");
    says(&text, "at $t = 1$ and $x = 0.5$, ", last[50]["thermal"]);
    says(&text, "of the chain and ", there["thermal"]);
}
