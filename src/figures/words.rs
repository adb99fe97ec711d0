//! What a page of HTML says below its panels where no run's report stands there: the summary of a
//! sweep, and the caption of a figure of the gallery.

use super::{Panel, letter};
use crate::method::Task;
use crate::sweep::Table;

/// More points than this that failed are counted and not listed.
const LISTED: usize = 12;

/// The summary of a sweep, a line each.
pub(super) fn of_sweep(table: &Table, task: Task) -> Vec<String> {
    let count = table.points().len();
    let mut lines = vec![format!("flipchain sweep --run {}: {count} points", task.name())];
    for axis in table.axes() {
        let values: Vec<String> = axis.values.iter().map(ToString::to_string).collect();
        lines.push(format!("{} = {}", axis.key, values.join(", ")));
    }
    match table.times().as_deref() {
        Some([time]) if time.is_infinite() => lines.push("in the stationary state".into()),
        Some(times) => {
            let times: Vec<String> = times.iter().map(|time| time.to_string()).collect();
            lines.push(format!("at the output times t = {}", times.join(", ")));
        }
        None => lines.push(format!("at {} output times, not the same everywhere", table.outputs())),
    }
    for (index, observable) in table.observables().iter().enumerate() {
        let all = |part: fn(&Table, usize, usize) -> Vec<f64>| -> Vec<f64> {
            let outputs = (0..table.outputs()).flat_map(|output| part(table, index, output));
            outputs.filter(|value| value.is_finite()).collect()
        };
        let (values, errors) = (all(Table::values), all(Table::errors));
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let error = errors.into_iter().fold(0.0, f64::max);
        lines.push(match values.len() {
            0 => format!("{observable}: no value"),
            _ => format!("{observable}: from {low} to {high}, largest error estimate {error:.1e}"),
        });
    }
    let failed: Vec<(usize, &str)> = table.failed().collect();
    match failed.len() {
        0 => lines.push("every point reached its tolerance".into()),
        some => lines.push(format!("{some} of {count} points failed or missed their tolerance")),
    }
    for (index, reason) in failed.iter().take(LISTED) {
        let keys = table.axes().iter().zip(table.keys_at(*index));
        let at: Vec<String> = keys.map(|(axis, value)| format!("{} = {value}", axis.key)).collect();
        lines.push(format!("  {}: {reason}", at.join(", ")));
    }
    if failed.len() > LISTED {
        lines.push("  and more, which table.csv names".into());
    }
    lines
}

/// A caption with formulas in LaTeX as plain text, a line for each of its parts (a), (b), ...
pub(super) fn of_caption(caption: &str) -> Vec<String> {
    let plain = plain(caption);
    let mut lines = vec![String::new()];
    for word in plain.split_whitespace() {
        let is_part = matches!(word.as_bytes(), [b'(', b'a'..=b'f', b')']);
        let ends = |line: &String| line.is_empty() || line.ends_with(['.', ':']);
        match lines.last_mut() {
            Some(line) if !(is_part && !line.is_empty() && ends(line)) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// What the panels were computed from, a line for each that differs from the one before.
pub(super) fn of_parameters(panels: &[Panel]) -> Vec<String> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (index, panel) in panels.iter().enumerate() {
        let (named, says) = (format!("({})", letter(index)), panel.parameters.to_string());
        match lines.last_mut() {
            Some((all, before)) if *before == says => *all += &format!(" {named}"),
            _ => lines.push((named, says)),
        }
    }
    let known = lines.into_iter().filter(|(_, says)| !says.is_empty());
    known.map(|(all, says)| format!("{all} {says}")).collect()
}

/// LaTeX as plain text: letters for commands, no braces around one letter.
fn plain(text: &str) -> String {
    const COMMANDS: [(&str, &str); 26] = [
        ("gamma", "γ"),
        ("omega", "ω"),
        ("tau", "τ"),
        ("pi", "π"),
        ("kappa", "κ"),
        ("lambda", "λ"),
        ("theta", "θ"),
        ("varphi", "φ"),
        ("phi", "φ"),
        ("partial", "∂"),
        ("sum", "∑"),
        ("int", "∫"),
        ("sqrt", "√"),
        ("cdot", "·"),
        ("times", "×"),
        ("le", "≤"),
        ("ge", "≥"),
        ("pm", "±"),
        ("sim", "∼"),
        ("to", "→"),
        ("infty", "∞"),
        ("langle", "⟨"),
        ("rangle", "⟩"),
        ("ldots", "…"),
        ("quad", " "),
        ("ell", "ℓ"),
    ];
    let mut plain = String::new();
    let mut rest = text;
    // A bar or a hat stands over the letter after it.
    let mut over: Option<char> = None;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        if letter == '\\' {
            let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let (name, then) = after.split_at(end);
            rest = then;
            match name {
                // A space or a comma, which TeX sets as a narrow space.
                "" => {
                    plain.push(' ');
                    rest = &then[then.chars().next().map_or(0, char::len_utf8)..];
                }
                "bar" => over = Some('\u{304}'),
                "hat" => over = Some('\u{302}'),
                // Of a command that only names a font the letters stay.
                "rm" | "mathrm" | "text" | "left" | "right" | "frac" => {}
                _ => match COMMANDS.iter().find(|(command, _)| *command == name) {
                    Some((_, sign)) => plain.push_str(sign),
                    None => plain.push_str(name),
                },
            }
            // The space after a command ends it; around a relation there is one.
            let spaced =
                name.is_empty() || ["le", "ge", "pm", "sim", "times", "to"].contains(&name);
            rest = if spaced { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
            continue;
        }
        rest = after;
        match letter {
            '$' | '`' | '{' => {}
            // "\frac{a}{b}"
            '}' if rest.starts_with('{') => plain.push('/'),
            '}' => {}
            '~' => plain.push(' '),
            letter => {
                plain.push(letter);
                if !letter.is_whitespace() {
                    plain.extend(over.take());
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::gallery::GALLERY;

    #[test]
    fn parameters_that_panels_share_are_said_once() {
        let panel = |bonds: usize| Panel {
            parameters: crate::figures::Parameters::default().with("N", bonds),
            ..Panel::default()
        };
        let lines = of_parameters(&[panel(10), panel(10), panel(20), Panel::default()]);
        assert_eq!(lines, ["(a) (b) N = 10", "(c) N = 20"]);
    }

    #[test]
    fn captions_are_read_without_latex() {
        let text =
            r"At $\bar F = 2$, $T_- = 1$: $\frac{\pi}{2} \le \gamma$, $10^{-3}$. (a) One $p$. (b)";
        let lines = of_caption(text);
        assert_eq!(lines[0], "At F\u{304} = 2, T_- = 1: π/2 ≤ γ, 10^-3.");
        assert_eq!(lines[1..], ["(a) One p.", "(b)"]);
        for entry in GALLERY {
            let words = of_caption(&entry.caption(&[]).unwrap()).join(" ");
            assert!(!words.contains(['$', '\\', '{', '}', '`']), "{}: {words}", entry.name);
        }
    }
}
