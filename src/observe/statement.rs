//! The statements that `check` measures, and the shapes of their bounds (docs/theory/theorems.md).

/// The statements, by the names they have in check.csv, with what they say and the shape of their
/// bound.
pub const STATEMENTS: [Statement; 12] = [
    Statement::new(
        "boundary_left",
        "the time integral of the momentum at the left end",
        Shape::TimeOverBonds,
    ),
    Statement::new(
        "boundary_right",
        "the time integral of the momentum at the right end",
        Shape::TimeOverBonds,
    ),
    Statement::new("mean_l2", "the largest average of the squared means so far", Shape::Constant),
    Statement::new("energy", "the average energy", Shape::Time),
    Statement::new("covariance", "C_N, all covariances squared over N", Shape::Logarithm),
    Statement::new("covariance_offdiagonal", "C_N without the variances", Shape::Logarithm),
    Statement::new(
        "equipartition",
        "the time integral of Var r - Var p against a test function",
        Shape::None,
    ),
    Statement::new("work", "the work of the force over N", Shape::None),
    Statement::new(
        "elongation_distance",
        "the elongation's largest distance to the limit",
        Shape::None,
    ),
    Statement::new("energy_distance", "the energy's largest distance to the limit", Shape::None),
    Statement::new(
        "elongation_weak",
        "the elongation's distance to the limit against a test function",
        Shape::None,
    ),
    Statement::new(
        "energy_weak",
        "the energy's distance to the limit against a test function",
        Shape::None,
    ),
];

/// Beside the statements of check.csv, in the report, check.json and a figure:
/// (1/N) Σ |∫_0^t (Var r_n - Var p_n) ds|, the L¹ size of what equipartition takes to 0.
pub const EQUIPARTITION_L1: Statement = Statement::new(
    "equipartition_l1",
    "the average size of the time integral of Var r - Var p",
    Shape::None,
);

/// The conductivity of chains whose coefficients depend on the site: N J/(T_- - T_+) in the
/// stationary state.
pub const CONDUCTIVITY: Statement =
    Statement::new("conductivity", "the effective conductivity N J/(T_- - T_+)", Shape::None);

/// One statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statement {
    /// Its name in check.csv.
    pub name: &'static str,
    /// The quantity in words.
    pub says: &'static str,
    /// The form in which its bound depends on N and t.
    pub shape: Shape,
}

/// The bounds of the theory, up to a constant C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// C (t+1)/N
    TimeOverBonds,
    /// C
    Constant,
    /// C (t+1)
    Time,
    /// value at t = 0 + C t log²N
    Logarithm,
    /// The theory says that it tends to its limit, not how fast.
    None,
}

impl Statement {
    const fn new(name: &'static str, says: &'static str, shape: Shape) -> Statement {
        Statement { name, says, shape }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Statement> {
        STATEMENTS.iter().find(|s| s.name == name)
    }
}

impl Shape {
    /// The factor of C in the bound; `None` where there is no bound.
    pub fn factor(self, bonds: usize, t: f64) -> Option<f64> {
        let n = bonds as f64;
        match self {
            Shape::TimeOverBonds => Some((t + 1.0) / n),
            Shape::Constant => Some(1.0),
            Shape::Time => Some(t + 1.0),
            Shape::Logarithm => Some(t * n.ln().powi(2)),
            Shape::None => None,
        }
    }
}
