//! The pages of docs/reference that list keys and options are those of the program:
//! `WRITE=1 cargo test --test reference_pages` writes them again.
#![cfg(feature = "cli")]

use clap::{Arg, Command, CommandFactory};
use flipchain::cli::Cli;
use flipchain::scenario::schema;
use serde_json::{Map, Value};
use std::path::Path;

/// The committed page is this one; with WRITE=1 it becomes so.
fn is_committed(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var_os("WRITE").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "{name} is not up to date; WRITE=1 cargo test --test reference_pages writes it again"
    );
}

/// A cell of a table in one line.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A paragraph in lines of at most 100 columns.
fn paragraph(text: &str) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let next = word.chars().count() + 1;
        if length + next > 100 {
            lines += "\n";
            length = 0;
        } else if length > 0 {
            lines += " ";
        }
        lines += word;
        length += next;
    }
    lines
}

const COMMANDS: &str = "# Commands

Every command and option, as `--help` prints them. Exit status: 0 done, 1 the
computation failed or missed its tolerance, 2 bad input, 130 interrupted.
";

fn options(command: &Command) -> String {
    let row = |arg: &Arg| {
        let name = match (arg.get_short(), arg.get_long()) {
            (_, None) => arg.get_id().to_string().to_uppercase(),
            (None, Some(long)) => format!("--{long}"),
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
        };
        let takes = arg.get_action().takes_values() && arg.get_long().is_some();
        let value = arg.get_value_names().filter(|_| takes);
        let value: String = value.unwrap_or_default().iter().map(|v| format!(" {v}")).collect();
        let mut says = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|_| takes)
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}` ({help})", value.get_name()),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        if !values.is_empty() {
            says += &format!(": {}", values.join(", "));
        }
        let defaults: Vec<_> =
            arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        if takes && !defaults.is_empty() {
            says += &format!(" (default {})", defaults.join(","));
        }
        format!("| `{name}{value}` | {} |\n", cell(&says))
    };
    let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help";
    let rows: String = command.get_arguments().filter(shown).map(row).collect();
    if rows.is_empty() { rows } else { format!("\n| option | meaning |\n|---|---|\n{rows}") }
}

#[test]
fn the_reference_of_commands_is_that_of_the_program() {
    let mut program = Cli::command();
    program.build();
    let mut page = COMMANDS.to_string();
    for command in program.get_subcommands().filter(|c| c.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        page += &format!("\n## {}\n\n{about}.\n{}", command.get_name(), options(command));
        for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            let name = format!("{} {}", command.get_name(), inner.get_name());
            page += &format!("\n### {name}\n\n{about}.\n{}", options(inner));
        }
    }
    assert!(page.matches("## ").count() >= 7);
    is_committed("commands.md", &typeset(page, &IN_COMMANDS));
}

/// Formulas of the schema, which editors show as plain text, as LaTeX.
const IN_KEYS: [(&str, &str); 34] = [
    (r"from 1 to 10^8", r"from 1 to $10^8$"),
    (r"from 0 to 10^5", r"from 0 to $10^5$"),
    (r"from 10^-6 to 10^6", r"from $10^{-6}$ to $10^6$"),
    (r"from 0 to 10^6", r"from 0 to $10^6$"),
    (r"from 1 to 10^6", r"from 1 to $10^6$"),
    (r"Number of bonds N,", r"Number of bonds $N$,"),
    (r"N bonds, N+1 atoms", r"$N$ bonds, $N+1$ atoms"),
    (r"N bonds, N atoms", r"$N$ bonds, $N$ atoms"),
    (r"Rate γ", r"Rate $\gamma$"),
    (r"Masses m_n", r"Masses $m_n$"),
    (r"Pinning κ_n", r"Pinning $\kappa_n$"),
    (r"the energy κ_n q_n²/2", r"the energy $\kappa_n q_n^2/2$"),
    (r"constants k_n", r"constants $k_n$"),
    (r"Period θ > 0", r"Period $\theta > 0$"),
    (r"The atom n, from 0 to N", r"The atom $n$, from 0 to $N$"),
    (
        r"F_N(τ) = F̄ + N^(−1/2) Σ amplitude cos(order·ω·τ + phase), ω = 2π/period",
        r"$F_N(\tau) = \bar F + N^{-1/2} \sum_l a_l \cos(l\omega\tau + \varphi_l)$ with order $l$, amplitude $a_l$, phase $\varphi_l$ and $\omega = 2\pi/\theta$",
    ),
    (r"Multiple of ω", r"Multiple of $\omega$"),
    (r"E q_n", r"$\mathbb E q_n$"),
    (r"E r_n", r"$\mathbb E r_n$"),
    (r"E p_n", r"$\mathbb E p_n$"),
    (
        r"Independent r_n of mean tension and p_n of mean 0",
        r"Independent $r_n$ of mean tension and $p_n$ of mean 0",
    ),
    (r"Var r_n = Var p_n at", r"$\mathrm{Var}\ r_n = \mathrm{Var}\ p_n$ at"),
    (
        r"(Var p_n = m_n T, Var r_n = T/k_n in general)",
        r"($\mathrm{Var}\ p_n = m_n T$, $\mathrm{Var}\ r_n = T/k_n$ in general)",
    ),
    (r"Var p_n at", r"$\mathrm{Var}\ p_n$ at"),
    (r"Var q_n at", r"$\mathrm{Var}\ q_n$ at"),
    (r"Var r_n at", r"$\mathrm{Var}\ r_n$ at"),
    (r"x = n/N", r"$x = n/N$"),
    (r"−λ p dτ + √(2 λ m T) dw", r"$-\lambda p d\tau + \sqrt{2\lambda m T} dw$"),
    (r"Friction λ > 0", r"Friction $\lambda > 0$"),
    (r"Temperature T ≥ 0", r"Temperature $T \ge 0$"),
    (r"t = τ/N², τ/N or τ", r"$t = \tau/N^2$, $\tau/N$ or $\tau$"),
    (r": t = τ/N²", r": $t = \tau/N^2$"),
    (r": t = τ/N", r": $t = \tau/N$"),
    (r": t = τ", r": $t = \tau$"),
];

/// Formulas of the help, as LaTeX.
const IN_COMMANDS: [(&str, &str); 8] = [
    (
        r"Correlations Cov(z(t+s), z_j(t)) at these lags s ≥ 0",
        r"Correlations $\mathrm{Cov}(z(t+s), z_j(t))$ at these lags $s \ge 0$",
    ),
    (r"The coordinates j to", r"The coordinates $j$ to"),
    (r"frequencies ω ≥ 0", r"frequencies $\omega \ge 0$"),
    (r"equations N → ∞", r"equations $N \to \infty$"),
    (r"The sizes N,", r"The sizes $N$,"),
    (r"take O(N)", r"take $O(N)$"),
    (r"The frequencies ω,", r"The frequencies $\omega$,"),
    (r"at which W_heat", r"at which $W_{\rm heat}$"),
];

/// The page with its formulas as LaTeX. Every formula of the list must be there.
fn typeset(page: String, formulas: &[(&str, &str)]) -> String {
    let page = formulas.iter().fold(page, |page, (plain, latex)| {
        assert!(page.contains(plain), "the page has no {plain}");
        page.replace(plain, latex)
    });
    let is_long = |line: &str| !line.starts_with('|') && line.chars().count() > 100;
    let lines =
        page.split('\n').map(|line| if is_long(line) { paragraph(line) } else { line.into() });
    lines.collect::<Vec<_>>().join("\n")
}

const KEYS: &str = "# Scenario keys

Everything that a scenario file (TOML or JSON) may say. `flipchain scenario schema` prints the same
as a JSON Schema, with which an editor completes and underlines. Another key, a wrong type or a
value out of range is refused with file, line, key, what was found and what is allowed.
";

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// What a value may be, in words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return format!("[{0}](#{1})", last(reference), last(reference).to_lowercase());
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        return branches.iter().map(kind).collect::<Vec<_>>().join(", or ");
    }
    let bound = |key: &str, sign: &str| {
        schema[key].as_f64().map(|v| format!(" {sign} {v}")).unwrap_or_default()
    };
    match schema["type"].as_str() {
        Some("array") => format!("list of: {}", kind(&schema["items"])),
        Some(name @ ("number" | "integer")) => {
            match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
                (Some(least), Some(most)) => format!("{name} from {least} to {most}"),
                _ => format!(
                    "{name}{}{}{}",
                    bound("minimum", "≥"),
                    bound("exclusiveMinimum", ">"),
                    bound("maximum", "≤")
                ),
            }
        }
        Some("string") => "text".into(),
        other => other.unwrap_or("number or text").into(),
    }
}

fn keys(schema: &Value) -> String {
    let none = Map::new();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let row = |(name, value): (&String, &Value)| {
        let needed = match (&value["default"], required.contains(&name.as_str())) {
            (_, true) => "required".to_string(),
            (Value::Null, false) => "optional".into(),
            (default, false) => format!("default `{default}`"),
        };
        let says = cell(value["description"].as_str().unwrap_or_default());
        format!("| `{name}` | {} | {needed} | {says} |\n", cell(&kind(value)))
    };
    let rows: String = properties.iter().map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("\n| key | value | needed | meaning |\n|---|---|---|---|\n{rows}")
}

fn choices(schema: &Value) -> String {
    let one = |choice: &Value| {
        let name = choice["const"].as_str()?;
        let says = cell(choice["description"].as_str().unwrap_or_default());
        Some(format!("- `\"{name}\"`: {says}\n"))
    };
    let all = schema["oneOf"].as_array().into_iter().flatten().filter_map(one);
    let text: String = all.collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}

#[test]
fn the_reference_of_keys_is_the_schema() {
    let schema = schema();
    let mut page = format!("{KEYS}\n## The file\n{}", keys(&schema));
    for (name, table) in schema["$defs"].as_object().unwrap() {
        let says = paragraph(table["description"].as_str().unwrap_or_default());
        page += &format!("\n## {name}\n\n{says}\n{}{}", keys(table), choices(table));
        if let Some(branches) = table["anyOf"].as_array() {
            page += &format!(
                "\nOne of: {}.\n",
                branches.iter().map(kind).collect::<Vec<_>>().join("; ")
            );
        }
    }
    for key in ["`flip_rate`", "`friction`", "`harmonics`", "`temperature`", "`outputs`"] {
        assert!(page.contains(key), "{key}");
    }
    is_committed("scenario.md", &typeset(page, &IN_KEYS));
}
