//! The JSON Schema of the format, and the check of a document against it.
//!
//! Editors and the program refuse the same values, because both read the attributes of the same
//! types. Beyond JSON Schema: numbers other than 0 lie between [`SMALLEST_NUMBER`] and
//! [`LARGEST_NUMBER`] in size, and a string of format "expression" must parse.

use super::document::{Document, shortened};
use super::node::{Node, Value};
use super::{Expression, Scenario, ScenarioError, hints};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// No number beyond this size is read: products of some of them would overflow.
pub const LARGEST_NUMBER: f64 = 1e30;
/// No number nearer to 0 than this is read, other than 0 itself: what is divided by it, and by it
/// again, would overflow.
pub const SMALLEST_NUMBER: f64 = 1e-30;

/// The JSON Schema (draft 2020-12) of a scenario file.
pub fn schema() -> Json {
    let mut schema = schemars::schema_for!(Scenario).to_value();
    forget_null(&mut schema);
    schema["title"] = "flipchain scenario".into();
    schema
}

/// An optional key is left out, never null: TOML has no null.
fn forget_null(schema: &mut Json) {
    if let Some(branches) = schema.get("anyOf").and_then(Json::as_array)
        && let [branch, null] = branches.as_slice()
        && null["type"] == "null"
        && let Some(reference) = branch.get("$ref").cloned()
        && let Some(object) = schema.as_object_mut()
    {
        object.remove("anyOf");
        object.insert("$ref".into(), reference);
    }
    if let Some(types) = schema.get("type").and_then(Json::as_array)
        && let [kind, null] = types.as_slice()
        && null == "null"
    {
        schema["type"] = kind.clone();
    }
    match schema {
        Json::Object(entries) => entries.values_mut().for_each(forget_null),
        Json::Array(items) => items.iter_mut().for_each(forget_null),
        _ => {}
    }
}

impl Document<'_> {
    /// Checks keys, types and ranges; the first thing wrong is the error.
    pub(super) fn check_form(&self, schema: &Json) -> Result<(), ScenarioError> {
        Form { document: self, root: schema }.check(&self.root, schema, "")
    }
}

struct Form<'a> {
    document: &'a Document<'a>,
    root: &'a Json,
}

impl<'a> Form<'a> {
    fn check(&self, node: &Node, schema: &'a Json, key: &str) -> Result<(), ScenarioError> {
        let refuse = || Err(self.document.refuse(key, node.found(), self.allowed(schema)));
        let schema = self.resolve(schema);
        if let Some(branches) = schema["anyOf"].as_array() {
            let branch = branches.iter().find(|branch| takes(self.resolve(branch), &node.value));
            return branch.map_or_else(refuse, |branch| self.check(node, branch, key));
        }
        if !takes(schema, &node.value) {
            let hint = match &node.value {
                Value::Text(text) if takes(schema, &Value::Integer(1)) => hints::number(text),
                _ => "",
            };
            let allowed = self.allowed(schema) + hint;
            return Err(self.document.refuse(key, node.found(), allowed));
        }
        match &node.value {
            Value::Table(entries) => self.check_table(entries, schema, key),
            Value::Array(items) => {
                let length = items.len() as u64;
                let least = schema["minItems"].as_u64().unwrap_or(0);
                if length < least || schema["maxItems"].as_u64().is_some_and(|most| length > most) {
                    return refuse();
                }
                let check = |(n, item)| self.check(item, &schema["items"], &format!("{key}[{n}]"));
                items.iter().enumerate().try_for_each(check)
            }
            Value::Text(text) if schema["format"] == "expression" => {
                match text.parse::<Expression>() {
                    Ok(_) => Ok(()),
                    Err(error) => {
                        let found = format!("\"{}\", {}", shortened(text), error.found);
                        Err(self.document.refuse(key, found, error.allowed))
                    }
                }
            }
            Value::Text(text) => match choices(schema) {
                Some(choices) if !choices.contains(&text.as_str()) => refuse(),
                _ => Ok(()),
            },
            Value::Integer(value) => {
                self.check_number(*value as f64, schema).map_or_else(refuse, Ok)
            }
            Value::Number(value) => self.check_number(*value, schema).map_or_else(refuse, Ok),
            Value::Other(_) => refuse(),
        }
    }

    /// Every key is known, those that are required are there, and each has an allowed value.
    fn check_table(
        &self,
        entries: &BTreeMap<String, Node>,
        schema: &'a Json,
        key: &str,
    ) -> Result<(), ScenarioError> {
        let properties = &schema["properties"];
        let join =
            |name: &str| if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
        if let Some(name) = entries.keys().find(|name| properties.get(name.as_str()).is_none()) {
            let known = properties.as_object().into_iter().flatten();
            let known: Vec<&str> = known.map(|(name, _)| &**name).collect();
            let allowed = hints::keys(self.root, key, name, &known);
            return Err(self.document.refuse(&join(name), "an unknown key", allowed));
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Json::as_str) {
            if !entries.contains_key(name) {
                let missing = "nothing, but this key is required";
                let allowed = self.allowed(&properties[name]);
                return Err(self.document.refuse(&join(name), missing, allowed));
            }
        }
        let check =
            |(name, node): (&String, &Node)| self.check(node, &properties[name], &join(name));
        entries.iter().try_for_each(check)
    }

    fn check_number(&self, value: f64, schema: &Json) -> Option<()> {
        let bound = |name: &str| schema[name].as_f64();
        let inside = (value == 0.0 || (SMALLEST_NUMBER..=LARGEST_NUMBER).contains(&value.abs()))
            && bound("minimum").is_none_or(|least| value >= least)
            && bound("maximum").is_none_or(|most| value <= most)
            && bound("exclusiveMinimum").is_none_or(|below| value > below);
        inside.then_some(())
    }

    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    /// The values that the schema allows, in words.
    fn allowed(&self, schema: &'a Json) -> String {
        let schema = self.resolve(schema);
        if let Some(branches) = schema["anyOf"].as_array() {
            return branches
                .iter()
                .map(|branch| self.allowed(branch))
                .collect::<Vec<_>>()
                .join("; or ");
        }
        if let Some(choices) = choices(schema) {
            return choices
                .iter()
                .map(|choice| format!("\"{choice}\""))
                .collect::<Vec<_>>()
                .join(" or ");
        }
        if schema["format"] == "expression" {
            let text = "a number, or a mathematical expression in x between quotes";
            return format!("{text} (of size at most {LARGEST_NUMBER:e})");
        }
        match schema["type"].as_str() {
            Some("object") => {
                let keys: Vec<&str> = schema["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(k, _)| &**k)
                    .collect();
                format!("a table with the keys {}", keys.join(", "))
            }
            Some("array") => {
                let length = match (schema["minItems"].as_u64(), schema["maxItems"].as_u64()) {
                    (Some(least), Some(most)) if least == most => format!(" of {most} values"),
                    (Some(least), Some(most)) => format!(" of {least} to {most} values"),
                    (None, Some(most)) => format!(" of at most {most} values"),
                    _ => String::new(),
                };
                format!("an array{length}, each {}", self.allowed(&schema["items"]))
            }
            Some("string") => "a text between quotes".into(),
            kind => {
                let noun = if kind == Some("integer") { "an integer" } else { "a finite number" };
                let sizes = format!("(of size {SMALLEST_NUMBER:e} to {LARGEST_NUMBER:e})");
                match (
                    schema["minimum"].as_f64(),
                    schema["maximum"].as_f64(),
                    schema["exclusiveMinimum"].as_f64(),
                ) {
                    (Some(least), Some(most), _) => format!("{noun} from {least} to {most}"),
                    (Some(least), None, _) => format!("{noun} ≥ {least} {sizes}"),
                    (_, _, Some(below)) => format!("{noun} > {below} {sizes}"),
                    _ => format!("{noun}, 0 or {}", &sizes[1..sizes.len() - 1]),
                }
            }
        }
    }
}

/// Whether the schema's type is that of the value.
fn takes(schema: &Json, value: &Value) -> bool {
    let kinds: &[&str] = match value {
        Value::Table(_) => &["object"],
        Value::Array(_) => &["array"],
        Value::Text(_) => &["string"],
        Value::Integer(_) => &["integer", "number"],
        Value::Number(_) => &["number"],
        Value::Other(_) => &[],
    };
    let matches = |kind: &Json| kind.as_str().is_some_and(|kind| kinds.contains(&kind));
    match &schema["type"] {
        Json::Array(types) => types.iter().any(matches),
        Json::Null => choices(schema).is_some() && kinds == ["string"],
        kind => matches(kind),
    }
}

/// The words of an enumeration.
fn choices(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Json::as_str).collect());
    }
    let branches = schema["oneOf"].as_array()?;
    Some(branches.iter().filter_map(|branch| branch["const"].as_str()).collect())
}
