//! The rooms of the house: no two modules import each other, not even by a detour, no rounding is
//! counted outside the error budget, and long functions say why they are long.

use super::pages::root;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The code of every module by its path, without comments and tests.
fn modules() -> BTreeMap<Vec<String>, String> {
    as_written().into_iter().map(|(name, code)| (name, bare(&code))).collect()
}

/// The text of every module by its path.
fn as_written() -> BTreeMap<Vec<String>, String> {
    let (mut modules, mut folders) = (BTreeMap::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let code = std::fs::read_to_string(&path).unwrap();
                modules.insert(name(path.strip_prefix(root().join("src")).unwrap()), code);
            }
        }
    }
    modules
}

fn name(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let mut name: Vec<String> =
        parts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    name.pop_if(|last| last == "mod");
    name
}

fn bare(code: &str) -> String {
    let code = code.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join(" ")
}

/// The paths that begin with `super` or `crate`, those in braces one by one.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["super::", "crate::"] {
        let mut rest = code;
        while let Some(at) = rest.find(start) {
            let inside =
                rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            rest = &rest[at..];
            if !inside {
                expand(String::new(), rest, &mut found);
            }
            rest = &rest[start.len()..];
        }
    }
    found
}

/// Adds the paths that `text` begins with to `found`; returned is what follows them.
fn expand<'a>(mut path: String, text: &'a str, found: &mut Vec<String>) -> &'a str {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    path += &text[..end];
    let mut rest = &text[end..];
    if !rest.starts_with('{') || !path.ends_with(':') {
        found.push(path);
        return rest;
    }
    loop {
        rest = expand(path.clone(), rest[1..].trim_start(), found).trim_start();
        if !rest.starts_with(',') || rest[1..].trim_start().starts_with('}') {
            return rest.split_once('}').map_or("", |(_, after)| after);
        }
    }
}

/// The module that a path in `from` leads to.
fn target<'m>(
    modules: &'m BTreeMap<Vec<String>, String>,
    from: &[String],
    path: &str,
) -> Option<&'m Vec<String>> {
    let mut place = from.to_vec();
    for part in path.split("::").filter(|part| !part.is_empty()) {
        match part {
            "crate" => place.clear(),
            "super" => drop(place.pop()),
            _ => place.push(part.into()),
        }
    }
    while !place.is_empty() {
        if let Some((known, _)) = modules.get_key_value(&place) {
            return Some(known);
        }
        place.pop();
    }
    None
}

#[test]
fn no_two_modules_import_each_other_not_even_by_a_detour() {
    let mut found = Vec::new();
    expand(String::new(), "super::a::{self, b::{C, d}, e}; rest", &mut found);
    assert_eq!(found, ["super::a::self", "super::a::b::C", "super::a::b::d", "super::a::e"]);
    let modules = modules();
    // A module and those inside it are one room.
    let inside = |a: &[String], b: &[String]| a.starts_with(b) || b.starts_with(a);
    let mut imports: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = BTreeMap::new();
    for (name, code) in &modules {
        let all = paths(code);
        let targets = all.iter().filter_map(|path| target(&modules, name, path));
        imports.insert(name, targets.filter(|other| !inside(name, other)).collect());
    }
    let count: usize = imports.values().map(BTreeSet::len).sum();
    assert!(count > 600, "only {count} imports were found");
    // What imports nothing that is left cannot be in a cycle, and is taken away.
    let mut left = imports;
    loop {
        let free = |of: &BTreeSet<&Vec<String>>| of.iter().all(|other| !left.contains_key(other));
        let done: Vec<_> = left.iter().filter(|(_, of)| free(of)).map(|(name, _)| *name).collect();
        if done.is_empty() {
            break;
        }
        done.iter().for_each(|name| drop(left.remove(name)));
    }
    let names: Vec<String> = left.keys().map(|name| name.join("::")).collect();
    assert!(names.is_empty(), "import each other, or what does: {}", names.join(", "));
}

#[test]
fn no_file_is_above_400_lines() {
    for (name, code) in as_written() {
        let lines = code.lines().count();
        assert!(lines <= 400, "src/{}.rs has {lines} lines", name.join("/"));
    }
}

/// A function above 80 lines says why it is long, above itself.
#[test]
fn long_functions_have_a_reason() {
    let mut long = 0;
    for (name, code) in as_written() {
        let code = code.split("#[cfg(test)]").next().unwrap();
        let lines: Vec<&str> = code.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            if !words.contains(&"fn") || line.trim_start().starts_with("//") {
                continue;
            }
            let end = line.len() - line.trim_start().len();
            let closed = |line: &&str| line.len() == end + 1 && line.trim_start() == "}";
            let length = 1 + lines[start..].iter().position(closed).unwrap_or(0);
            if length <= 80 || line.ends_with(';') || line.ends_with('}') {
                continue;
            }
            long += 1;
            let comment = |line: &&&str| ["//", "#["].iter().any(|m| line.trim().starts_with(m));
            let mut above: Vec<_> = lines[..start].iter().rev().take_while(comment).collect();
            above.reverse();
            let reason: String =
                above.into_iter().map(|line| line.trim().trim_start_matches('/')).collect();
            assert!(
                reason.contains("Long because"),
                "src/{}.rs:{}: {length} lines, and no reason",
                name.join("/"),
                start + 1
            );
        }
    }
    assert!((10..30).contains(&long), "{long} functions are above 80 lines");
}

/// Where a rounding decides, and is no part of an error estimate: the end of an iteration, what is
/// negligible, whole numbers, and coefficients that are changed on purpose.
const DECIDES: [&str; 7] = [
    "evolve/stencil/follow",
    "evolve/earliest",
    "sweep/axis",
    "numerics/gmres",
    "correlations/propagator",
    "covariance/interface",
    "resolvent/ring",
];

#[test]
fn no_rounding_is_counted_outside_the_error_budget() {
    for (name, code) in modules() {
        let name = name.join("/");
        let counts = code.contains("f64::EPSILON") || code.contains("2.2e-16");
        let allowed = name == "budget" || name.ends_with("_tests");
        assert!(
            !counts || allowed || DECIDES.contains(&&name[..]),
            "src/{name}.rs counts roundings"
        );
    }
}
