//! Mathematical expressions in x.
//!
//! Grammar, loosest first: `+ -`, `* /`, sign, `^` (from the right: 2^3^2 = 2^9, and -x^2 = -(x^2),
//! as on paper), then numbers, x, constants, functions and parentheses. Parsed once into postfix
//! steps (precedence climbing, Pratt 1973); one evaluation costs some nanoseconds a step and
//! allocates nothing. Length and nesting are bounded, so is everything else. Powers, sines etc. are
//! those of the Rust standard library.

use super::hints;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::f64::consts;
use std::str::FromStr;

/// Longest expression, in bytes.
const LONGEST: usize = 4000;
/// Deepest nesting of parentheses, signs and powers, which bounds the evaluation's stack as well.
const DEEPEST: usize = 60;

type Function = fn(f64) -> f64;

const FUNCTIONS: [(&str, Function); 19] = [
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("asin", f64::asin),
    ("acos", f64::acos),
    ("atan", f64::atan),
    ("sinh", f64::sinh),
    ("cosh", f64::cosh),
    ("tanh", f64::tanh),
    ("exp", f64::exp),
    ("ln", f64::ln),
    ("log", f64::ln),
    ("log10", f64::log10),
    ("sqrt", f64::sqrt),
    ("abs", f64::abs),
    ("floor", f64::floor),
    ("ceil", f64::ceil),
    ("sign", |x| if x == 0.0 { 0.0 } else { x.signum() }),
    ("step", |x| if x < 0.0 { 0.0 } else { 1.0 }),
];

/// What a name may be.
const NAMES: &str = "x, pi, e and the functions sin cos tan asin acos atan sinh cosh tanh exp ln log (natural, like ln) \
                     log10 sqrt abs floor ceil sign step min max";

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

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}; allowed: {allowed}")]
pub struct ExpressionError {
    /// What stands where.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Number(f64),
    X,
    Negate,
    Binary(Operator),
    Apply(Function),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
}

/// The strength with which a sign holds its operand: more than * and /, less than ^.
const SIGN: u8 = 3;

impl Operator {
    /// The operator that a character stands for, and its strength.
    fn infix(character: char) -> Option<(Operator, u8)> {
        match character {
            '+' => Some((Operator::Add, 1)),
            '-' => Some((Operator::Subtract, 1)),
            '*' => Some((Operator::Multiply, 2)),
            '/' => Some((Operator::Divide, 2)),
            '^' => Some((Operator::Power, 4)),
            _ => None,
        }
    }

    fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
            Operator::Power => a.powf(b),
            // Unlike f64::min and max these hand a nan on, so that it is seen.
            Operator::Min => {
                if b < a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Operator::Max => {
                if b > a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
        }
    }
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

/// What an unknown name may have meant.
fn hint(name: &str) -> String {
    let known: Vec<&str> =
        FUNCTIONS.iter().map(|(known, _)| *known).chain(["min", "max", "pi"]).collect();
    hints::name(name, &known)
}

struct Parser<'a> {
    source: &'a str,
    position: usize,
    depth: usize,
    steps: Vec<Step>,
}

impl Parser<'_> {
    /// One operand and everything to its right that holds it at least as strongly as `strength`.
    fn operand(&mut self, strength: u8) -> Result<(), ExpressionError> {
        if self.depth == DEEPEST {
            let found = format!("more than {DEEPEST} levels of parentheses, signs or powers");
            return Err(ExpressionError { found, allowed: format!("at most {DEEPEST} levels") });
        }
        self.depth += 1;
        self.prefix()?;
        while let Some((operator, own)) = self.peek().and_then(Operator::infix)
            && own >= strength
        {
            self.position += 1;
            self.operand(if operator == Operator::Power { own } else { own + 1 })?;
            self.steps.push(Step::Binary(operator));
        }
        self.depth -= 1;
        Ok(())
    }

    fn prefix(&mut self) -> Result<(), ExpressionError> {
        match self.peek() {
            Some('-') => {
                self.position += 1;
                self.operand(SIGN)?;
                self.steps.push(Step::Negate);
            }
            Some('+') => {
                self.position += 1;
                self.operand(SIGN)?;
            }
            Some('(') => {
                self.position += 1;
                self.operand(1)?;
                self.expect(')')?;
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number()?,
            Some(c) if c.is_alphabetic() || c == '_' => self.name()?,
            _ => return Err(self.refuse("a number, x, a constant, a function or ( ")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), ExpressionError> {
        let rest = &self.source[self.position..];
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut length = digits(rest);
        if rest[length..].starts_with('.') {
            length += 1 + digits(&rest[length + 1..]);
        }
        if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            let count = digits(&exponent[sign..]);
            length += if count > 0 { 1 + sign + count } else { 0 };
        }
        match rest[..length].parse() {
            Ok(value) => self.steps.push(Step::Number(value)),
            Err(_) => return Err(self.refuse("a number such as 2, 0.5 or 1e-3")),
        }
        self.position += length;
        Ok(())
    }

    fn name(&mut self) -> Result<(), ExpressionError> {
        let start = self.position;
        let rest = &self.source[start..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..length];
        self.position += length;
        match name {
            "x" => self.steps.push(Step::X),
            "pi" | "π" => self.steps.push(Step::Number(consts::PI)),
            "e" => self.steps.push(Step::Number(consts::E)),
            "min" => self.fold(Operator::Min)?,
            "max" => self.fold(Operator::Max)?,
            _ => match FUNCTIONS.iter().find(|(known, _)| *known == name) {
                Some(&(_, function)) => {
                    self.expect('(')?;
                    self.operand(1)?;
                    self.expect(')')?;
                    self.steps.push(Step::Apply(function));
                }
                None => {
                    let found =
                        format!("the unknown name {name} at character {}", self.character(start));
                    return Err(ExpressionError {
                        found,
                        allowed: NAMES.to_string() + &hint(name),
                    });
                }
            },
        }
        Ok(())
    }

    /// min and max of two or more.
    fn fold(&mut self, operator: Operator) -> Result<(), ExpressionError> {
        self.expect('(')?;
        self.operand(1)?;
        self.expect(',')?;
        loop {
            self.operand(1)?;
            self.steps.push(Step::Binary(operator));
            if self.peek() != Some(',') {
                return self.expect(')');
            }
            self.position += 1;
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), ExpressionError> {
        if self.peek() != Some(wanted) {
            return Err(self.refuse(&wanted.to_string()));
        }
        self.position += 1;
        Ok(())
    }

    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.source[self.position..];
        self.position += rest.len() - rest.trim_start().len();
        self.source[self.position..].chars().next()
    }

    fn refuse(&mut self, allowed: &str) -> ExpressionError {
        let found = match self.peek() {
            Some(c) => format!("{c:?} at character {}", self.character(self.position)),
            None => "its end too early".into(),
        };
        let hint = hints::at(self.source, self.position);
        ExpressionError { found, allowed: allowed.to_string() + hint }
    }

    /// Counted from 1.
    fn character(&self, position: usize) -> usize {
        1 + self.source[..position].chars().count()
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
