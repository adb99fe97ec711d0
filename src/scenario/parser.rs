//! The parser of [`super::expression`]: precedence climbing, into postfix steps.

use super::hints;
use super::steps::{DEEPEST, ExpressionError, FUNCTIONS, NAMES, Operator, Step};
use std::f64::consts;

/// The strength with which a sign holds its operand: more than * and /, less than ^.
const SIGN: u8 = 3;

/// A hint at the name that an unknown one may have meant.
fn hint(name: &str) -> String {
    let known: Vec<&str> =
        FUNCTIONS.iter().map(|(known, _)| *known).chain(["min", "max", "pi"]).collect();
    hints::name(name, &known)
}

/// The text, and how far it has been read.
pub(super) struct Parser<'a> {
    pub source: &'a str,
    pub position: usize,
    pub depth: usize,
    pub steps: Vec<Step>,
}

impl Parser<'_> {
    /// One operand and everything to its right that holds it at least as strongly as `strength`.
    pub fn operand(&mut self, strength: u8) -> Result<(), ExpressionError> {
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
    pub fn peek(&mut self) -> Option<char> {
        let rest = &self.source[self.position..];
        self.position += rest.len() - rest.trim_start().len();
        self.source[self.position..].chars().next()
    }

    pub fn refuse(&mut self, allowed: &str) -> ExpressionError {
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
