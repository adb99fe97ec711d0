//! Captions: sentences with formulas as $LaTeX$, for the page of the gallery and for papers.

use crate::chain::Chain;
use crate::figures::parameters::{number, written};
use crate::scenario::InitialTable;

/// A caption with its numbers: every `@NAME@` of the text is replaced.
pub(super) fn fill(text: &str, numbers: &[(&str, String)]) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    numbers.iter().fold(words, |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

/// Numbers in a row, for a formula: `16, 32, 64`.
pub(super) fn row<T: Copy + Into<f64>>(values: &[T]) -> String {
    values.iter().map(|v| tex_number((*v).into())).collect::<Vec<_>>().join(", ")
}

/// The same of sizes.
pub(super) fn sizes(values: &[usize]) -> String {
    row(&values.iter().map(|n| *n as f64).collect::<Vec<_>>())
}

/// A number as LaTeX, to six digits.
pub(super) fn tex_number(value: f64) -> String {
    let text = number(format!("{value:.5e}").parse().unwrap_or(value));
    match text.split_once('e') {
        Some((mantissa, power)) => format!(r"{mantissa}\cdot 10^{{{power}}}"),
        None => text,
    }
}

/// The ends and the chain in the words of a caption: `T_- = 2`, `T_+ = 1`, `\gamma = 1`.
pub(super) fn of_chain(chain: &Chain) -> String {
    let rate = format!(r"$\gamma = {}$", tex_number(chain.flip_rate));
    let ends = of_ends(chain);
    if ends.is_empty() { rate } else { format!("{ends}, {rate}") }
}

/// The ends alone.
pub(super) fn of_ends(chain: &Chain) -> String {
    let [left, right] = chain.temperature().map(tex_number);
    let [l, r] = chain.friction();
    let mut parts = Vec::new();
    let friction = |sign: &str, value: f64| match value {
        1.0 => String::new(),
        _ => format!(r", $\lambda_{sign} = {}$", tex_number(value)),
    };
    if chain.left.is_some() {
        parts.push(format!("$T_- = {left}${}", friction("-", l)));
    }
    if chain.right.is_some() {
        parts.push(format!("$T_+ = {right}${}", friction("+", r)));
    }
    parts.join(", ")
}

/// What a chain starts with, as the scenario has it: "elongation `0` and temperature `2 - x`"; the
/// momentum only where there is one.
pub(super) fn starts_with(initial: &InitialTable) -> String {
    let mut parts = written(Some(initial));
    parts.retain(|(key, says)| !(key == "momentum" && says == "0"));
    let says = |(key, says): &(String, String)| format!("{} `{says}`", key.replace('_', " "));
    let parts: Vec<String> = parts.iter().map(says).collect();
    match parts.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => parts.concat(),
    }
}

/// Text in lines of at most 100 columns; formulas are not broken.
pub(super) fn wrapped(text: &str) -> String {
    let mut formula = false;
    let marked: String = text
        .chars()
        .map(|letter| {
            formula ^= letter == '$';
            if formula && letter == ' ' { '\u{a0}' } else { letter }
        })
        .collect();
    let (mut lines, mut length) = (String::new(), 0);
    for word in marked.split(' ') {
        let next = word.chars().count() + 1;
        if length > 0 && length + next > 100 {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
        }
        lines += word;
        length += next;
    }
    lines.replace('\u{a0}', " ")
}

/// The caption as a file to be read by LaTeX.
pub(super) fn tex(name: &str, title: &str, caption: &str, overrides: &[String]) -> String {
    let set: String = overrides.iter().map(|o| format!(" --set '{o}'")).collect();
    let text = format!("\\textbf{{{title}.}} {caption}");
    let mut escaped = String::new();
    let (mut formula, mut code) = (false, false);
    for letter in text.chars() {
        match letter {
            '$' => formula = !formula,
            '`' => {
                escaped += if code { "}" } else { r"\texttt{" };
                code = !code;
                continue;
            }
            '_' | '%' | '&' | '#' if !formula => escaped.push('\\'),
            '^' if !formula => {
                escaped += r"\^{}";
                continue;
            }
            '–' => {
                escaped += "--";
                continue;
            }
            _ => {}
        }
        escaped.push(letter);
    }
    let lines = wrapped(&escaped);
    format!(
        "% flipchain {}: flipchain figures {name}{set}\n\\caption{{{lines}}}\n\\label{{fig:{name}}}\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_latex() {
        let text = tex("uphill", "A title", "See `a_b^2`: 5 % of $N_k^2$, (a–c).", &["x=1".into()]);
        assert!(text.contains(r"\texttt{a\_b\^{}2}: 5 \% of $N_k^2$, (a--c).}"), "{text}");
        assert!(text.starts_with("% flipchain") && text.contains("figures uphill --set 'x=1'"));
        assert_eq!(row(&[0.5, 1e-9, 1000.0]), r"0.5, 1\cdot 10^{-9}, 1000");
    }
}
