//! Mathematical expressions in x.
//!
//! Grammar, loosest first: `+ -`, `* /`, sign, `^` (from the right: 2^3^2 = 2^9, and -x^2 = -(x^2),
//! as on paper), then numbers, x, constants, functions and parentheses. Parsed once into postfix
//! steps (precedence climbing, Pratt 1973); one evaluation costs some nanoseconds a step and
//! allocates nothing. Length and nesting are bounded, so is everything else. Powers, sines etc. are
//! those of the Rust standard library.

use super::parser::Parser;
pub use super::steps::ExpressionError;
use super::steps::{DEEPEST, NAMES, Step};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::str::FromStr;

/// Longest expression, in bytes.
const LONGEST: usize = 4000;
/// A mathematical expression in x. Keeps its source, by which it is compared and serialized.
///
/// ```
/// let bump: flipchain::scenario::Expression = "1 + exp(-((x - 1/2)/0.1)^2)".parse().unwrap();
/// assert_eq!(bump.eval(0.5), 2.0);
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    steps: Vec<Step>,
}

impl Expression {
    /// Parses an expression.
    pub fn parse(source: &str) -> Result<Expression, ExpressionError> {
        if source.len() > LONGEST {
            let found = format!("an expression of {} bytes", source.len());
            return Err(ExpressionError { found, allowed: format!("at most {LONGEST} bytes") });
        }
        let mut parser = Parser { source, position: 0, depth: 0, steps: Vec::new() };
        parser.operand(1)?;
        match parser.peek() {
            None => Ok(Expression { source: source.into(), steps: parser.steps }),
            Some(_) => Err(parser.refuse(
                "an operator + - * / ^ or the end of the expression (products are written 2*x)",
            )),
        }
    }

    /// The value at x; not finite where the mathematics is not.
    pub fn eval(&self, x: f64) -> f64 {
        // Every pending left operand is one level of nesting, so the depth bound of the parser
        // bounds this stack.
        let mut stack = [0.0; DEEPEST + 2];
        let mut top = 0;
        for step in &self.steps {
            match *step {
                Step::Number(value) => {
                    top += 1;
                    stack[top] = value;
                }
                Step::X => {
                    top += 1;
                    stack[top] = x;
                }
                Step::Negate => stack[top] = -stack[top],
                Step::Apply(function) => stack[top] = function(stack[top]),
                Step::Binary(operator) => {
                    top -= 1;
                    stack[top] = operator.apply(stack[top], stack[top + 1]);
                }
            }
        }
        stack[top]
    }

    /// The constant 0 of a key that was not written: unlike "0" it is not written out either.
    pub(super) fn left_out() -> Expression {
        Expression { source: String::new(), steps: vec![Step::Number(0.0)] }
    }

    /// Whether this is [`Expression::left_out`]; no text parses to it.
    pub(super) fn is_left_out(&self) -> bool {
        self.source.is_empty()
    }

    /// Whether x does not occur.
    pub fn is_constant(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::X))
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(source: &str) -> Result<Expression, ExpressionError> {
        Expression::parse(source)
    }
}

impl From<f64> for Expression {
    fn from(value: f64) -> Expression {
        let digits = format!("{value:?}");
        Expression {
            source: digits.strip_suffix(".0").unwrap_or(&digits).into(),
            steps: vec![Step::Number(value)],
        }
    }
}

impl Default for Expression {
    fn default() -> Expression {
        Expression { source: "0".into(), steps: vec![Step::Number(0.0)] }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.source == other.source
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expression, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(value.into()),
            Written::Text(source) => source.parse().map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "format": "expression",
            "description": format!("A mathematical expression: + - * / ^ ( ), {NAMES}.")
        })
    }
}
