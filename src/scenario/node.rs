//! A scenario as a tree of values, which the readers of TOML and of JSON both build.

use std::collections::BTreeMap;

/// The place where a value was written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Somewhere in the file.
    File,
    /// The byte of the text where it begins. A message turns it into a line.
    Text(usize),
    /// The override of this number.
    Override(usize),
}

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// The values that a scenario can hold; the rest of TOML (dates, nan, ...) is kept as text for the
/// message that refuses it.
#[derive(Debug)]
pub(super) enum Value {
    Table(BTreeMap<String, Node>),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    Number(f64),
    Other(String),
}
