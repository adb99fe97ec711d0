//! The chapters of docs/theory are complete, their equations numbered, and the source cites what is
//! there; every TOML snippet of the pages is a scenario, and links to elsewhere have a sound form.

mod pages;

use flipchain::Scenario;
use pages::{pages, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The chapters that explain a method, by the names of their files.
const METHODS: [&str; 12] = [
    "shifted-solves",
    "steps",
    "contour",
    "profiles",
    "periodic",
    "ring",
    "harmonic",
    "limit",
    "correlations",
    "stencil",
    "small-systems",
    "general",
];

fn chapter(name: &str) -> String {
    fs::read_to_string(root().join("docs/theory").join(format!("{name}.md"))).unwrap()
}

fn numbers(text: &str, before: &str, after: char) -> Vec<String> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split_once(after).map(|(number, _)| number.to_string()))
        .collect()
}

#[test]
fn a_method_has_problem_idea_derivation_algorithm_cost_error_and_figure() {
    for name in METHODS {
        let text = chapter(name);
        let number = text.strip_prefix("# ").and_then(|rest| rest.split('.').next()).unwrap();
        let algorithm = format!("> **Algorithm {number}.**");
        for part in ["**Problem.**", "**Idea.**", &algorithm, "**Cost.**", "![", "Source: `src/"] {
            assert!(text.contains(part), "{name}.md has no {part}");
        }
        assert!(text.contains("**Derivation.**") || text.contains("## Derivation"), "{name}.md");
        let kinds = ["theorem", "Theorem", "estimate", "observation", "Observation"];
        assert!(text.contains("**Error") && kinds.iter().any(|kind| text.contains(kind)), "{name}");
    }
}

#[test]
fn equations_and_theorems_are_numbered_once_and_cited_where_they_are() {
    let mut numbered: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(root().join("docs/theory")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut known = numbers(&text, "\\tag{", '}');
        known.extend(numbers(&text, "*Theorem ", '*').iter().map(|number| {
            let number = number.split([' ', '.']).take(2).collect::<Vec<_>>().join(".");
            format!("Theorem {}", number.trim_end_matches('.'))
        }));
        let mut once = known.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), known.len(), "{}: {known:?}", path.display());
        let chapter = text.trim_start_matches("# ").split('.').next().unwrap().to_string();
        for number in &known {
            let number = number.trim_start_matches("Theorem ");
            assert_eq!(number.split('.').next(), Some(&chapter[..]), "{}", path.display());
        }
        numbered.insert(path.strip_prefix(root()).unwrap().into(), known);
    }
    let mut cited: BTreeSet<String> = BTreeSet::new();
    for file in ["src", "tests"].iter().flat_map(|folder| sources(&root().join(folder))) {
        let text = fs::read_to_string(&file).unwrap();
        // A citation may go on in the next line of a comment.
        let text = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', ' ']));
        let text = text.collect::<Vec<_>>().join(" ");
        for rest in text.split("docs/theory/").skip(1) {
            let Some((page, rest)) = rest.split_once(".md") else { continue };
            // A pattern of names.
            if page.contains('{') {
                continue;
            }
            let known = &numbered[&PathBuf::from(format!("docs/theory/{page}.md"))];
            let Some(rest) = rest.strip_prefix(", ") else { continue };
            let found = numbers_at_the_start(rest);
            assert!(!found.is_empty(), "{}: {page}.md, {rest:.20}", file.display());
            for number in found {
                assert!(known.contains(&number), "{}: {page}.md, {number}", file.display());
                cited.insert(number);
            }
        }
    }
    let all = numbered.values().flatten().filter(|number| !number.starts_with("Theorem"));
    let missing: Vec<_> = all.filter(|number| !cited.contains(*number)).collect();
    assert!(missing.is_empty(), "equations that no source cites: {missing:?}");
}

/// Beside the book GitHub shows the same files, and prints an error in place of these.
#[test]
fn formulas_use_no_macro_that_is_refused_elsewhere() {
    for (name, page) in pages() {
        for word in [r"\operatorname", r"\mbox", r"\phantom"] {
            assert!(!page.contains(word), "{name}: {word}");
        }
    }
}

/// What a citation begins with: "(6.1), (6.4) and (6.5)" or "Theorem 2.1".
fn numbers_at_the_start(text: &str) -> Vec<String> {
    if let Some(rest) = text.strip_prefix("Theorem ") {
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        return vec![format!("Theorem {}", number.trim_end_matches('.'))];
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((number, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        found.push(number.to_string());
        rest = [", ", " and "].iter().find_map(|link| after.strip_prefix(link)).unwrap_or("");
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_toml_snippet_is_a_scenario() {
    let mut parsed = 0;
    for (name, page) in pages() {
        for snippet in page.split("```toml\n").skip(1) {
            let (snippet, _) = snippet.split_once("```").expect("a closed block");
            // What a page is about alone stands in some of them.
            let chain = "chain = { topology = \"open\", bonds = 8, flip_rate = 1.0 }\n";
            let before = if snippet.contains("[chain]") { "" } else { chain };
            let text = format!("{before}{snippet}");
            if let Err(error) = Scenario::from_str_named(&text, &name, &[]) {
                panic!("{error}\n{text}");
            }
            parsed += 1;
        }
    }
    assert!(parsed >= 4, "only {parsed} snippets were found");
}

/// Markdown would take such a line for the item of a list and cut the formula in two.
#[test]
fn no_line_within_a_formula_begins_like_an_item_of_a_list() {
    for (name, page) in pages() {
        let (mut fenced, mut within, mut displayed) = (false, false, false);
        for line in page.lines() {
            fenced ^= line.starts_with("```");
            if fenced || line.starts_with("    ") || line.is_empty() {
                within &= !line.is_empty();
                continue;
            }
            let item = ["- ", "+ ", "* "].iter().any(|sign| line.trim_start().starts_with(sign));
            assert!(!((within || displayed) && item), "{name}: {line}");
            let words = line.split('`').step_by(2).collect::<String>().replace("\\$", "");
            displayed ^= words.matches("$$").count() % 2 == 1;
            within ^= words.matches('$').count() % 2 == 1;
        }
    }
}

#[test]
fn links_to_elsewhere_have_a_sound_form() {
    for (name, page) in pages() {
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((scheme, rest)) = target.split_once("://") else { continue };
            let host = rest.split('/').next().unwrap();
            let sound = host.contains('.')
                && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
            assert!(scheme == "https" && sound, "{name}: {target}");
        }
    }
}
