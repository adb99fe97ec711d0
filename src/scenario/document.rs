//! The TOML text as a tree in which every value knows the line, or the `--set`, that it comes from.

use super::node::{Node, Place, Value};
use super::{ScenarioError, hints, json};
use serde_json::json;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// The whole scenario as written.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    name: &'a str,
    overrides: &'a [String],
    pub(super) root: Node,
}

impl<'a> Document<'a> {
    /// Parses the text, TOML or JSON, and applies the overrides. Nesting is bounded by the parsers
    /// (80 and 128 levels).
    pub(super) fn parse(
        text: &'a str,
        name: &'a str,
        overrides: &'a [String],
    ) -> Result<Self, ScenarioError> {
        let root = Node { place: Place::Text(0), value: Value::Table(BTreeMap::new()) };
        let mut document = Document { text, name, overrides, root };
        if json::is_json(text) {
            document.root = json::parse(text).map_err(|e| ScenarioError::Json {
                place: format!("{name}:{}", e.line()),
                reason: e.to_string(),
            })?;
        } else {
            let table = DeTable::parse(text).map_err(|e| document.syntax(&e))?;
            document.root.value = table_value(table.get_ref(), &|start| Place::Text(start));
        }
        for (number, argument) in overrides.iter().enumerate() {
            document.root.set(argument, Place::Override(number))?;
        }
        Ok(document)
    }

    /// The error that the TOML parser found, with its line.
    fn syntax(&self, error: &toml::de::Error) -> ScenarioError {
        let reason = one_line(error.message());
        let Some(span) = error.span() else {
            return ScenarioError::Syntax { place: self.name.into(), reason };
        };
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let hint = match hints::at(self.text, span.start) {
            // "C:\Users" begins an escape sequence.
            "" if line.contains('\\') => {
                " (a path with backslashes stands between single quotes, 'runs\\a.npz')"
            }
            hint => hint,
        };
        let place = self.describe(Place::Text(span.start));
        ScenarioError::Syntax { place, reason: reason + hint }
    }

    /// The refusal of the value at `key`, placed at that value or, where there is none, at the
    /// table that lacks it.
    pub(super) fn refuse(
        &self,
        key: &str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> ScenarioError {
        let mut node = &self.root;
        let mut place = None;
        for segment in key.split(['.', '[']) {
            let inner = match &node.value {
                Value::Table(entries) => entries.get(segment),
                Value::Array(items) => {
                    segment.trim_end_matches(']').parse().ok().and_then(|n: usize| items.get(n))
                }
                _ => None,
            };
            let Some(inner) = inner else { break };
            node = inner;
            place = Some(inner.place);
        }
        let place = place.map_or(self.name.to_string(), |place| self.describe(place));
        ScenarioError::Value {
            place,
            key: shortened(key),
            found: found.into(),
            allowed: allowed.into(),
        }
    }

    fn describe(&self, place: Place) -> String {
        match place {
            Place::File => self.name.into(),
            Place::Text(start) => {
                let before = &self.text.as_bytes()[..start.min(self.text.len())];
                format!("{}:{}", self.name, 1 + before.iter().filter(|&&b| b == b'\n').count())
            }
            Place::Override(number) => format!("--set {}", shortened(&self.overrides[number])),
        }
    }

    /// The values without their places.
    pub(super) fn to_json(&self) -> serde_json::Value {
        self.root.to_json()
    }
}

impl Node {
    /// Puts the value of `key.path=value` in its place, making tables on the way.
    fn set(&mut self, argument: &str, place: Place) -> Result<(), ScenarioError> {
        let refuse = |reason: &str| ScenarioError::Override {
            argument: shortened(argument),
            reason: reason.into(),
        };
        let (path, text) = argument.split_once('=').ok_or_else(|| refuse("there is no ="))?;
        let segments: Vec<&str> = path.split('.').map(str::trim).collect();
        if segments.len() > 16 {
            return Err(refuse("the key is nested deeper than any key of a scenario"));
        }
        let mut node = self;
        for segment in segments {
            if segment.is_empty() {
                return Err(refuse("the key, or a part of it, is empty"));
            }
            if !matches!(node.value, Value::Table(_)) {
                *node = Node { place, value: Value::Table(BTreeMap::new()) };
            }
            let Value::Table(entries) = &mut node.value else {
                unreachable!("made a table just above")
            };
            node = entries
                .entry(segment.to_string())
                .or_insert_with(|| Node { place, value: Value::Table(BTreeMap::new()) });
        }
        let text = text.trim();
        let value = match DeValue::parse(text) {
            Ok(value) => plain_value(value.get_ref(), &|_| place),
            // Only a text goes without quotes.
            Err(e) if text.starts_with(['[', '{', '"', '\'']) => {
                let hint = e.span().map_or("", |span| hints::at(text, span.start));
                let reason = one_line(e.message());
                return Err(refuse(&format!("this is not valid TOML: {reason}{hint}")));
            }
            Err(_) => Value::Text(text.to_string()),
        };
        *node = Node { place, value };
        Ok(())
    }

    /// The value as a message shows it.
    pub(super) fn found(&self) -> String {
        match &self.value {
            Value::Table(_) => "a table".into(),
            Value::Array(items) => format!("an array of {} values", items.len()),
            Value::Text(text) => format!("the text \"{}\"", shortened(text)),
            Value::Integer(value) => value.to_string(),
            Value::Number(value) => format!("{value:?}"),
            Value::Other(text) => shortened(text),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Table(entries) => {
                entries.iter().map(|(key, node)| (key.clone(), node.to_json())).collect()
            }
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Text(text) | Value::Other(text) => json!(text),
            Value::Integer(value) => json!(value),
            Value::Number(value) => json!(value),
        }
    }
}

fn table_value(table: &DeTable, place: &impl Fn(usize) -> Place) -> Value {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue>)| {
        // A key's own place: a value may begin lines after it, and a table made by [a.b] has no
        // text of its own.
        let node =
            Node { place: place(key.span().start), value: plain_value(value.get_ref(), place) };
        (std::borrow::Cow::to_string(key.get_ref()), node)
    };
    Value::Table(table.iter().map(entry).collect())
}

fn plain_value(value: &DeValue, place: &impl Fn(usize) -> Place) -> Value {
    match value {
        DeValue::Table(table) => table_value(table, place),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    place: place(item.span().start),
                    value: plain_value(item.get_ref(), place),
                })
                .collect(),
        ),
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Other(integer.to_string()), Value::Integer),
        DeValue::Float(float) => match float.as_str().parse() {
            Ok(number) if f64::is_finite(number) => Value::Number(number),
            _ => Value::Other(float.as_str().to_string()),
        },
        DeValue::Boolean(truth) => Value::Other(truth.to_string()),
        DeValue::Datetime(date) => Value::Other(format!("the date {date}")),
    }
}

/// The message of a parser on one line.
fn one_line(message: &str) -> String {
    message.trim().replace('\n', ", ")
}

/// Text for a message: one line of at most 80 characters, without control characters.
pub(super) fn shortened(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = characters.by_ref().take(80).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
