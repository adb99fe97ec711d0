//! The commands that the README and docs/ print do what they say. Commands of the program in
//! indented blocks are run, in their order, in a folder of their own, with the chain made short
//! where they do not set its length themselves, and with them the lines for awk and with a pipe;
//! those that draw the committed figures anew are only parsed (tests/gallery.rs draws). Commands
//! for cargo and scripts must name what exists, and the examples end well. The picture of the house
//! is true.
#![cfg(feature = "cli")]

#[path = "documentation/house.rs"]
mod house;
mod left_out;
mod pages;
mod shell;

use clap::Parser;
use flipchain::cli::{Cli, Command as Subcommand};
use pages::{pages, root};
use std::path::Path;
use std::process::Command;

/// The words of a command line without its comment; quotes as in a shell.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut inside) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => (quote, inside) = (Some(c), true),
            (None, '#') if !inside => break,
            (None, c) if c.is_whitespace() => {
                if inside {
                    words.push(std::mem::take(&mut word));
                }
                inside = false;
            }
            _ => {
                word.push(c);
                inside = true;
            }
        }
    }
    if inside {
        words.push(word);
    }
    words
}

/// The arguments of the program in a printed command, however it is started.
fn arguments(line: &str) -> Option<Vec<String>> {
    ["flipchain ", "target/release/flipchain ", "cargo run --release -- "]
        .iter()
        .find_map(|start| line.strip_prefix(start))
        .map(words)
}

/// The lines of a page's indented or fenced blocks; those that end with \ go on in the next.
fn block_lines(page: &str) -> Vec<String> {
    let (mut fenced, mut lines, mut begun) = (false, Vec::new(), String::new());
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let line = if fenced { Some(line) } else { line.strip_prefix("    ") };
        let Some(line) = line.map(str::trim) else { continue };
        begun += line.strip_suffix('\\').unwrap_or(line);
        if !line.ends_with('\\') {
            lines.push(std::mem::take(&mut begun));
        }
    }
    lines
}

/// Pieces of text between backquotes.
fn inline_code(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'))
}

fn parse(arguments: &[String]) -> Cli {
    let all = std::iter::once("flipchain".to_string()).chain(arguments.iter().cloned());
    Cli::try_parse_from(all)
        .unwrap_or_else(|error| panic!("flipchain {}: {error}", arguments.join(" ")))
}

#[test]
fn every_command_printed_in_a_block_ends_well() {
    let mut run = 0;
    for (name, page) in pages() {
        // A page is worked through in a folder of its own that holds what a clone holds.
        let folder = tempfile::tempdir().unwrap();
        for kept in ["data", "figures"] {
            std::os::unix::fs::symlink(root().join(kept), folder.path().join(kept)).unwrap();
        }
        for line in block_lines(&page) {
            if line.starts_with("awk ") || line.contains(" | flipchain ") {
                assert!(!shell::run(folder.path(), &line).stdout.is_empty(), "{line}");
                run += 1;
            }
            let Some(mut arguments) = arguments(&line) else { continue };
            // Sizes that are varied are replaced, and atoms that a scenario names must be there.
            for size in arguments.iter_mut().filter(|a| a.starts_with("chain.bonds=")) {
                *size = "chain.bonds=8".into();
            }
            let beyond = |of: &str| {
                of.split([',', ':']).filter_map(|n| n.parse::<usize>().ok()).any(|n| n > 8)
            };
            let named = arguments.iter().any(|argument| argument == "pinned")
                || arguments.windows(2).any(|pair| pair[0] == "--of" && beyond(&pair[1]));
            let shorter: &[&str] = match parse(&arguments).command {
                _ if named => &[],
                Subcommand::Evolve(_)
                | Subcommand::Steady(_)
                | Subcommand::Limit(_)
                | Subcommand::Sweep(_) => &["--set", "chain.bonds=8"],
                Subcommand::Check(_) => &["--sizes", "4,8"],
                Subcommand::Scenario(_) => &[],
                // Others go into the folder of the committed figures.
                Subcommand::Figures(_) if arguments.iter().any(|a| a.starts_with("runs/")) => &[],
                _ => continue,
            };
            if matches!(parse(&arguments).command, Subcommand::Check(_)) {
                // Its own sizes are replaced, not repeated.
                while let Some(at) =
                    arguments.iter().position(|a| a == "--sizes" || a == "--covariance-sizes")
                {
                    arguments.drain(at..at + 2);
                }
                arguments.extend(["--covariance-sizes".into(), "4".into()]);
            }
            let output = Command::new(env!("CARGO_BIN_EXE_flipchain"))
                .current_dir(folder.path())
                .args(&arguments)
                .args(shorter)
                .output()
                .unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{name}: flipchain {}: {message}",
                arguments.join(" ")
            );
            run += 1;
        }
    }
    assert!(run >= 10, "only {run} commands were found");
}

/// What an example prints, as `cargo test` has built it; `None` where it has not.
fn printed_by(example: &str) -> Option<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_flipchain"));
    let built = program.parent().unwrap().join("examples").join(example);
    let built = built.with_extension(std::env::consts::EXE_EXTENSION);
    if !built.exists() {
        left_out::say(&format!("the example {example} (cargo test --examples builds it)"));
        return None;
    }
    let output = Command::new(&built).current_dir(root()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {message}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The examples that pages name. Those that measure take minutes.
#[test]
fn every_example_ends_well() {
    for name in ["evolve", "steady", "limit", "check", "watch", "shifted_solve"] {
        if let Some(printed) = printed_by(name) {
            assert!(!printed.is_empty(), "{name}");
        }
    }
}

/// Ways at nearly equal prices may change with a rounding, one cell in a hundred.
#[test]
fn the_map_of_methods_is_the_program_s() {
    let Some(printed) = printed_by("map_of_methods") else { return };
    let map = std::fs::read_to_string(root().join("docs/pictures/methods.csv")).unwrap();
    let (now, drawn): (Vec<&str>, Vec<&str>) = (printed.lines().collect(), map.lines().collect());
    assert_eq!(now.len(), drawn.len());
    assert!(now.len() > 3000, "{} lines", now.len());
    let others = now.iter().zip(&drawn).filter(|(now, drawn)| now != drawn).count();
    let command = "cargo run --release --example map_of_methods > docs/pictures/methods.csv";
    assert!(100 * others <= now.len(), "{others} cells differ; draw it anew:\n{command}");
}

#[test]
fn every_command_printed_in_a_line_of_text_has_the_form_the_program_takes() {
    for (name, page) in pages() {
        for code in inline_code(&page) {
            // `flipchain check` by itself is a name, not a command to type.
            match arguments(code) {
                Some(arguments)
                    if arguments.len() > 1
                        && !arguments
                            .iter()
                            .any(|a| a.chars().all(|c| c.is_uppercase() || c == '_')) =>
                {
                    parse(&arguments);
                }
                Some(arguments) => {
                    let names: Vec<String> = <Cli as clap::CommandFactory>::command()
                        .get_subcommands()
                        .map(|c| c.get_name().to_string())
                        .collect();
                    assert!(names.contains(&arguments[0]), "{name}: {code}");
                }
                None => {}
            }
        }
    }
}

#[test]
fn every_cargo_command_and_script_names_what_exists() {
    for (name, page) in pages() {
        let blocks = block_lines(&page);
        for line in blocks.iter().map(String::as_str).chain(inline_code(&page)) {
            let words = words(line);
            let named = |flag: &str, folder: &str, extension: &str| {
                for pair in words
                    .windows(2)
                    .filter(|pair| pair[0] == flag && words.iter().any(|w| w == "cargo"))
                {
                    let file = root().join(folder).join(format!("{}{extension}", pair[1]));
                    assert!(file.exists(), "{name}: {line}: there is no {}", file.display());
                }
            };
            named("--example", "examples", ".rs");
            named("--test", "tests", ".rs");
            named("--bench", "benches", ".rs");
            if let Some(script) = words.iter().find(|word| word.starts_with("scripts/")) {
                assert!(root().join(script).exists(), "{name}: {line}");
            }
        }
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    for (name, page) in pages() {
        let folder = root().join(Path::new(&name).parent().unwrap());
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{name}: {target}");
            }
        }
    }
}

/// The modules that a line of source names after `crate::`, by their first names.
fn imported(line: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
    };
    let after = line.split("crate::").skip(1);
    let names = after.flat_map(|text| match text.strip_prefix('{') {
        Some(group) => {
            let (mut depth, mut names) = (0, vec![name(group)]);
            for (at, letter) in group.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(name(&group[at + 1..])),
                    _ => {}
                }
            }
            names
        }
        None => vec![name(text)],
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_source_is_built_in_the_floors_of_its_picture() {
    assert_eq!(imported("use crate::{chain::{Chain, b}, cost};"), ["chain", "cost"]);
    assert_eq!(imported("x(crate::evolve::a, crate::limit)"), ["evolve", "limit"]);
    let pictures = std::fs::read_to_string(root().join("scripts/pictures.py")).unwrap();
    let list = pictures.split("FLOORS = [").nth(1).unwrap().split("\n]").next().unwrap();
    let floors: Vec<Vec<&str>> = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next())
        .map(|names| names.split(", ").collect())
        .collect();
    let floor = |name: &str| floors.iter().position(|floor| floor.contains(&name));
    let mut imports = 0;
    for name in floors.iter().flatten().filter(|name| **name != "python") {
        let mut files = vec![root().join("src").join(name)];
        if !files[0].is_dir() {
            files[0].set_extension("rs");
        }
        while let Some(path) = files.pop() {
            if path.is_dir() {
                let inside = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
                files.extend(inside.map(|entry| entry.unwrap().path()));
                continue;
            }
            if path.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            // A list of imports may go over several lines.
            let source = std::fs::read_to_string(&path).unwrap();
            // The tests of a module may ask every floor.
            let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code: Vec<&str> =
                source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for other in imported(&code.join(" ")) {
                let Some(below) = floor(&other) else { continue };
                imports += 1;
                let allowed = below >= floor(name).unwrap();
                assert!(allowed, "{}: {name} is no floor above {other}", path.display());
            }
        }
    }
    assert!(imports > 300, "only {imports} imports were found");
}
