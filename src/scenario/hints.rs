//! Hints at the end of a message: what the user probably meant. Notation of other languages and
//! programs is recognized, and the hint says how to write it here.

use super::similar::{did_you_mean, nearest};
use serde_json::Value as Json;

/// Keys, and what papers and other programs call them.
const OTHER_NAMES: [(&str, &[&str]); 13] = [
    ("bonds", &["N", "n", "L", "size", "sites", "atoms", "particles", "length"]),
    ("flip_rate", &["gamma", "γ", "flips", "noise"]),
    ("topology", &["type", "geometry", "boundary"]),
    ("temperature", &["T", "temp"]),
    ("friction", &["lambda", "λ", "damping", "coupling"]),
    ("thermostat", &["bath", "reservoir", "langevin"]),
    ("mean", &["F", "constant", "F_bar"]),
    ("period", &["omega", "ω", "frequency", "theta", "θ"]),
    ("order", &["l"]),
    ("elongation", &["r", "stretch"]),
    ("momentum", &["p", "velocity"]),
    ("outputs", &["times", "t", "tau", "τ"]),
    ("scale", &["unit", "units"]),
];

/// The hint for an unknown key `name` in the table at `place` whose keys are `known`: the keys that
/// may stand there, and the one, or the ones elsewhere, that was meant.
pub(super) fn keys(root: &Json, place: &str, name: &str, known: &[&str]) -> String {
    let other = |name: &str| {
        let names = OTHER_NAMES.iter().find(|(_, others)| others.contains(&name));
        names.map(|(key, _)| *key)
    };
    let word = other(name).or_else(|| other(&name.to_lowercase())).unwrap_or(name);
    let mut paths = Vec::new();
    collect(root, root, "", &mut paths);
    let leaf = |path: &str| path.rsplit('.').next().unwrap_or(path).to_string();
    let elsewhere = |word: &str| -> Vec<&str> {
        let all = || paths.iter().filter(|path| leaf(path) == word).map(String::as_str);
        let below: Vec<&str> =
            all().filter(|path| path.starts_with(&format!("{place}."))).collect();
        if below.is_empty() { all().collect() } else { below }
    };
    let meant = match known.iter().find(|key| **key == word) {
        Some(key) => vec![*key],
        None => elsewhere(word),
    };
    let meant = match () {
        _ if !meant.is_empty() => meant,
        _ => match nearest(name, known.iter().copied()) {
            Some(key) => vec![key],
            None => {
                let leaves: Vec<String> = paths.iter().map(|path| leaf(path)).collect();
                let near = nearest(name, leaves.iter().map(String::as_str));
                near.map_or(vec![], elsewhere)
            }
        },
    };
    let hint = match meant.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" (did you mean {last}?)"),
        Some((last, others)) => format!(" (did you mean {} or {last}?)", others.join(", ")),
    };
    let turned = if word == "period" && word != name { "; the period is 2π/ω" } else { "" };
    format!("{}{hint}{turned}", known.join(", "))
}

/// The full names of all keys of the tables below `schema`, those in arrays aside.
fn collect(root: &Json, schema: &Json, place: &str, paths: &mut Vec<String>) {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    let schema = reference.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema);
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        collect(root, branch, place, paths);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        paths.push(path.clone());
        collect(root, inner, &path, paths);
    }
}

/// The hint for a text where a number is expected.
pub(crate) fn number(text: &str) -> &'static str {
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    match text.trim() {
        text if is_number(text) => " (without quotes)",
        text if is_number(&text.replacen(',', ".", 1)) => DECIMAL_POINT,
        _ => "",
    }
}

const DECIMAL_POINT: &str = " (decimals are written with a point, 1.5)";

/// The hint for a text that cannot be read on from byte `position`, in TOML or in an expression.
pub(super) fn at(text: &str, position: usize) -> &'static str {
    let (before, after) = text.split_at_checked(position).unwrap_or((text, ""));
    let previous = before.trim_end_matches([' ', '\t']).chars().next_back();
    let mut following = after.chars();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    // Of `[0,01]` the parser refuses the zero of 01.
    let list = before.trim_end_matches('0');
    let is_led = list.len() < before.len() || after.starts_with('0');
    let mut back = list.chars().rev();
    let is_fraction = is_led && back.next() == Some(',') && digit(back.next());
    match following.next() {
        c if is_fraction && digit(c) => DECIMAL_POINT,
        Some('*') if previous == Some('*') => " (powers are written x^2)",
        Some(',') if digit(previous) && digit(following.next()) => DECIMAL_POINT,
        Some('²' | '³' | '⁴') => " (powers are written x^2)",
        Some('×' | '·' | '⋅') => " (products are written 2*x)",
        Some('−' | '–') => " (minus is written -)",
        Some('÷' | ':') => " (quotients are written x/2)",
        Some('[' | '{') => " (parentheses are round)",
        _ => "",
    }
}

/// The hint for a name that is unknown in expressions.
pub(super) fn name(name: &str, known: &[&str]) -> String {
    let raised = |c: char| "²³⁴⁵⁶⁷⁸⁹".contains(c);
    match name {
        _ if name.contains(raised) => " (powers are written x^2)".into(),
        "n" | "N" => " (x is n/N)".into(),
        "X" => " (did you mean x?)".into(),
        "arcsin" | "arccos" | "arctan" => format!(" (did you mean a{}?)", &name[3..]),
        "log2" => " (the logarithm to base 2 is ln(x)/ln(2))".into(),
        "heaviside" | "theta" | "θ" => " (did you mean step?)".into(),
        "pow" => " (powers are written x^2)".into(),
        _ => did_you_mean(name, known.iter().copied().filter(|word| word.len() > 1)),
    }
}
