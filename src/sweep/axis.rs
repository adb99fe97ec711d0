//! The keys that a sweep varies, and their values.
//!
//! VALUES are a list `0.1,0.3,1`, equally spaced numbers `0:4:9` (first, last, count), or equal
//! ratios `log:0.01:10:7`. A list may hold whatever the key takes, expressions and arrays too; its
//! commas within brackets, parentheses and quotes belong to the value.

use crate::chain::ArgumentError;
use crate::scenario::{OutputRange, Spacing, number_hint};
use serde::{Deserialize, Serialize};
use std::fmt;

/// No sweep has more points.
pub const MOST_POINTS: usize = 1_000_000;

/// One value of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number, for any key that takes numbers.
    Integer(i64),
    /// A number; keys that take integers refuse it.
    Number(f64),
    /// Anything else, as `--set KEY=TEXT` takes it.
    Text(String),
}

impl Value {
    /// The number, unless it is a text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Integer(value) => Some(*value as f64),
            Value::Number(value) => Some(*value),
            Value::Text(_) => None,
        }
    }

    /// Reads one entry of a list of VALUES.
    fn read(text: &str) -> Value {
        match (text.parse(), text.parse()) {
            (Ok(value), _) => Value::Integer(value),
            (_, Ok(value)) if f64::is_finite(value) => Value::Number(value),
            _ => Value::Text(text.into()),
        }
    }

    /// A number of a range. What is a whole number to four roundings is one: 16·16^(3/4) is 128.
    fn of_range(value: f64) -> Value {
        let whole = value.round();
        if (value - whole).abs() <= 4.0 * f64::EPSILON * whole.abs() && whole.abs() < 1e15 {
            Value::Integer(whole as i64)
        } else {
            Value::Number(value)
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            // The shortest text that reads back to the same bits, and never that of an integer.
            Value::Number(value) => write!(f, "{value:?}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// A key of the scenario and the values that it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The full key, such as `chain.flip_rate`.
    pub key: String,
    /// Its values, in order, each once.
    pub values: Vec<Value>,
}

impl Axis {
    /// An axis, unless it has no values, too many, or one twice.
    pub fn new(key: &str, values: Vec<Value>) -> Result<Axis, ArgumentError> {
        let refuse = |reason: String| Err(ArgumentError::new("vary", format!("{key}: {reason}")));
        if key.trim().is_empty() {
            return refuse(
                "found no key; allowed: KEY=VALUES, such as chain.flip_rate=0.1,1".into(),
            );
        }
        if values.is_empty() || values.len() > MOST_POINTS {
            let count = values.len();
            return refuse(format!("found {count} values; allowed: 1 to {MOST_POINTS}"));
        }
        let mut sorted: Vec<String> = values.iter().map(identity).collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("found {} twice; allowed: each value once", pair[0]));
        }
        Ok(Axis { key: key.trim().into(), values })
    }

    /// Reads `KEY=VALUES`.
    pub fn parse(argument: &str) -> Result<Axis, ArgumentError> {
        let Some((key, values)) = argument.split_once('=') else {
            let reason = "there is no =; allowed: KEY=VALUES, such as chain.flip_rate=0.1,1 or \
                          right.force.mean=0:4:9";
            return Err(ArgumentError::new("vary", format!("{argument}: {reason}")));
        };
        let refused = |reason: String| ArgumentError::new("vary", format!("{key}: {reason}"));
        let values = values.trim();
        match range(values) {
            Some(range) => Axis::new(key, range.map_err(refused)?),
            None => {
                let items = split(values);
                if items.iter().any(|item| item.is_empty()) {
                    let reason = format!("found {values:?}, with an empty value; {ALLOWED}");
                    return Err(refused(reason));
                }
                Axis::new(key, items.into_iter().map(Value::read).collect())
            }
        }
    }

    /// The values as numbers; none where one is a text.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.values.iter().map(Value::number).collect()
    }

    /// Whether all values are integers.
    pub fn is_integer(&self) -> bool {
        self.values.iter().all(|value| matches!(value, Value::Integer(_)))
    }
}

const ALLOWED: &str =
    "allowed: a list 0.1,0.3,1, equally spaced FIRST:LAST:COUNT, or log:FIRST:LAST:COUNT";

/// A text that two equal values share, such as 1 and 1.0.
fn identity(value: &Value) -> String {
    value.number().map_or_else(|| value.to_string(), |number| format!("{}", number + 0.0))
}

/// The values of `FIRST:LAST:COUNT` or `log:FIRST:LAST:COUNT`; `None` where the text is neither.
fn range(text: &str) -> Option<Result<Vec<Value>, String>> {
    let (spacing, rest) = match text.strip_prefix("log:") {
        Some(rest) => (Spacing::Log, rest),
        None => (Spacing::Linear, text),
    };
    let parts: Vec<&str> = rest.split(':').map(str::trim).collect();
    // With a decimal comma it is a range, too, and refused as one.
    let is_number = |part: &&str| part.parse::<f64>().is_ok() || !number_hint(part).is_empty();
    // A text with colons may be a value, unless it begins with a number.
    if spacing == Spacing::Linear && !(parts.len() > 1 && parts.first().is_some_and(is_number)) {
        return None;
    }
    let refuse = |why: &str| Some(Err(format!("found {text}, {why}; {ALLOWED}")));
    let [from, to, count] = parts[..] else { return refuse("which is no range") };
    let (Ok(from), Ok(to)) = (from.parse::<f64>(), to.parse::<f64>()) else {
        let wrong = if from.parse::<f64>().is_err() { from } else { to };
        let hint = number_hint(wrong);
        return refuse(&format!("whose ends are not numbers{hint}"));
    };
    let Ok(count) = count.parse::<usize>() else {
        return refuse("whose count is not an integer");
    };
    if !(from.is_finite() && to.is_finite()) {
        return refuse("whose ends are not finite");
    }
    if spacing == Spacing::Log && !(from > 0.0 && to > 0.0) {
        return refuse("whose ends must be > 0");
    }
    if !(1..=MOST_POINTS).contains(&count) || (count == 1) != (from == to) {
        return refuse(&format!("whose count must be from 2 to {MOST_POINTS}, or 1 of equal ends"));
    }
    let times = OutputRange { from, to, count, spacing }.times();
    Some(Ok(times.into_iter().map(Value::of_range).collect()))
}

/// Splits at the commas outside brackets, parentheses and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = if c == open { None } else { quote },
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                items.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text[start..].trim());
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let axis = Axis::parse(&format!("k={text}")).unwrap();
        axis.values.iter().map(Value::to_string).collect()
    }

    #[test]
    fn lists_ranges_and_ratios_are_read() {
        assert_eq!(values("0.1, 0.3,1"), ["0.1", "0.3", "1"]);
        assert_eq!(values("0:4:9"), ["0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4"]);
        assert_eq!(values("1:100:100").len(), 100);
        assert!(Axis::parse("k=1:100:100").unwrap().is_integer());
        assert_eq!(values("log:16:16384:11")[..4], ["16", "32", "64", "128"]);
        assert_eq!(values("log:0.01:1:3"), ["0.01", "0.1", "1"]);
        assert_eq!(values("4:0:3"), ["4", "2", "0"]);
        assert_eq!(values("max(x, 1-x), '2, x'"), ["max(x, 1-x)", "'2, x'"]);
        assert_eq!(values("[0.1, 1],[0.2, 2]"), ["[0.1, 1]", "[0.2, 2]"]);
        // An integer key is to refuse it.
        assert_eq!(values("2.0"), ["2.0"]);
    }

    #[test]
    fn what_is_no_list_of_values_is_refused_with_what_is_allowed() {
        for (text, says) in [
            ("chain.bonds", "there is no ="),
            ("=1,2", "no key"),
            ("k=1,,2", "empty value"),
            ("k=", "empty value"),
            ("k=0:4", "no range"),
            ("k=0:4:0", "count must be"),
            ("k=0:4:1", "count must be"),
            ("k=0:4:2.5", "count is not an integer"),
            ("k=0:inf:3", "not finite"),
            ("k=log:0:1:3", "must be > 0"),
            ("k=log:1:a:3", "not numbers; allowed"),
            ("k=0:2,5:9", "not numbers (decimals are written with a point, 1.5); allowed"),
            ("k=0,5:2:9", "not numbers (decimals are written with a point, 1.5); allowed"),
            ("k=1,2,1.0", "1 twice"),
            ("k=0:1e-300:1000001", "count must be"),
        ] {
            let said = Axis::parse(text).unwrap_err().to_string();
            assert!(said.starts_with("vary: ") && said.contains(says), "{text}: {said}");
        }
    }
}
