//! The steps of an expression in postfix order, and the names that an expression may use.

/// Deepest nesting of parentheses, signs and powers, which bounds the evaluation's stack as well.
pub(super) const DEEPEST: usize = 60;

pub(super) type Function = fn(f64) -> f64;

pub(super) const FUNCTIONS: [(&str, Function); 19] = [
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

/// The names that an expression may use.
pub(super) const NAMES: &str = "x, pi, e and the functions sin cos tan asin acos atan sinh cosh \
                     tanh exp ln log (natural, like ln) log10 sqrt abs floor ceil \
                     sign step min max";

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}; allowed: {allowed}")]
pub struct ExpressionError {
    /// The text that was found, and its place.
    pub found: String,
    /// The text that is allowed there.
    pub allowed: String,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Number(f64),
    X,
    Negate,
    Binary(Operator),
    Apply(Function),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
}

impl Operator {
    /// The operator that a character stands for, and its strength.
    pub(super) fn infix(character: char) -> Option<(Operator, u8)> {
        match character {
            '+' => Some((Operator::Add, 1)),
            '-' => Some((Operator::Subtract, 1)),
            '*' => Some((Operator::Multiply, 2)),
            '/' => Some((Operator::Divide, 2)),
            '^' => Some((Operator::Power, 4)),
            _ => None,
        }
    }

    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
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
