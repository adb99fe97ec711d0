//! The sources of an output's error.

use crate::monitor::{Record, refused};
use std::fmt;
use std::io::{Read, Result, Write};

/// The source of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorSource {
    /// The ends of steps and series, and entries that are cut off.
    Truncation,
    /// The nodes of a contour.
    OuterQuadrature,
    /// The nodes of a kernel's integral, where a second quadrature shows it alone.
    InnerQuadrature,
    /// The residuals of the iterations, with the roundings of the solves.
    Iteration,
    /// A phase or a time that is known to 16 digits.
    InputRounding,
    /// Everything else.
    Rounding,
}

impl ErrorSource {
    /// All of them.
    pub const ALL: [ErrorSource; 6] = [
        ErrorSource::Truncation,
        ErrorSource::OuterQuadrature,
        ErrorSource::InnerQuadrature,
        ErrorSource::Iteration,
        ErrorSource::InputRounding,
        ErrorSource::Rounding,
    ];
}

impl fmt::Display for ErrorSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorSource::Truncation => "truncation",
            ErrorSource::OuterQuadrature => "outer quadrature",
            ErrorSource::InnerQuadrature => "inner quadrature",
            ErrorSource::Iteration => "iteration",
            ErrorSource::InputRounding => "input rounding",
            ErrorSource::Rounding => "rounding",
        })
    }
}

impl Record for ErrorSource {
    fn put(&self, to: &mut dyn Write) -> Result<()> {
        (*self as usize).put(to)
    }
    fn take(from: &mut dyn Read) -> Result<ErrorSource> {
        ErrorSource::ALL.get(usize::take(from)?).copied().ok_or_else(refused)
    }
}
