//! The error budget: every factor by which an error estimate is larger than what was measured. Each
//! stands under the source of the error that it belongs to (`ErrorSource`).
//!
//! What a theorem bounds has no factor and does not appear here. No error grows on its way through
//! the moment equations (docs/theory/bounds.md, Theorem 2.1), so that the losses of steps add up;
//! and no singularity lies where a contour passes (Theorem 2.2). The factors stand for what no
//! theorem says: how far two approximations that agree may still be from the truth, and how many
//! roundings an expression has.
//!
//! The judge of all of them is one campaign against the exact answer in 32 digits
//! (docs/accuracy.md),
//!
//! ```text
//! SEEDS=0..500 cargo test --release --test error_estimates -- --ignored --nocapture campaign
//! ```
//!
//! which prints the least and the typical ratio of estimate and error for every source. A comment
//! below says what else was measured. A factor that is a power of two changes no bit by standing
//! here.

/// Truncation: the ends of steps and of series.
pub mod truncation {
    /// On the local errors of implicit steps. They are differences, not bounds, and whole steps
    /// damp a rotation that the halves still resolve: without the factor the estimate was 0.4 times
    /// the true error at worst, at tolerance 1e-4, and 0.75 times at 1e-6 (campaign, seeds 1000 to
    /// 1066).
    pub const LOCAL_ERROR: f64 = 2.0;

    /// The local error of a step between two measurements of the gain of halving may be so much
    /// larger than the last gain says.
    pub const BETWEEN_MEASUREMENTS: f64 = 1.5;

    /// The least and the largest gain that halving a step is credited with. The order is 2s-1 = 13
    /// on smooth components, with a gain of 2¹³, and s on stiff ones (Hairer and Wanner II,
    /// section IV.15), with a gain of 2⁷. For y' = λy + e^(iωt) with any λ in the left half-plane
    /// the least seen is 100 at ωH = 6, which steps exceed at loose tolerances only, 71 at 10 and
    /// 37 at 14.
    pub const GAINS: [f64; 2] = [32.0, 4096.0];

    /// The gain that is credited to a column grows so much from one measurement to the next at
    /// most: a column may happen to vanish where it is looked at.
    pub const GAIN_GROWTH: f64 = 4.0;

    /// The share of a column in the error of steps falls by this factor with every step at most: an
    /// error that rotates is in the variances at one phase and in the correlations at another.
    pub const FORGETTING: f64 = 0.8;

    /// On that share, for the same reason. With a factor 1, and shares that were halved, the
    /// estimate of a variance was 0.85 times the true error (campaign, seed 8004, tolerance 1e-4).
    pub const SHARE: f64 = 1.25;

    /// How many times the differences of steps exceed what these lose of a rotation that they do
    /// not resolve. Seen: 2.6, over growing steps, frequencies and dampings (the test of
    /// src/evolve/unresolved.rs).
    pub const UNRESOLVED: f64 = 3.0;

    /// Under a periodic force an error that turns with the force is seen at one phase only.
    pub const AT_ONE_PHASE: f64 = 2.0;

    /// The steps of general chains, five stages: the error of two halves as a part of their
    /// distance from the whole. It is 1/512 for short steps, up to 1/370 for hλ = iy, y ≤ 4, and up
    /// to 1/19 for any negative real hλ.
    pub const GENERAL_HALVES: [f64; 2] = [1.0 / 256.0, 1.0 / 12.0];
}

/// Outer quadrature: the nodes of a contour.
pub mod outer_quadrature {
    /// The errors of a contour are at most so many times the exponentials that its nodes are chosen
    /// by, whatever the distance of two contours says. Seen: twice, where they agreed by accident;
    /// a sixth is typical (campaign, seeds 6000 to 6080).
    pub const NODES: f64 = 2.5;

    /// The same for norms, and for chains with coefficients.
    pub const NODES_OF_OTHERS: f64 = 5.0;

    /// The error of the second of two contours, as a multiple of what its additional nodes should
    /// leave of the first one's.
    pub const SECOND_CONTOUR: f64 = 8.0;

    /// How far a norm may be underestimated by a few iterations (seen: by 1.3).
    pub const NORM: f64 = 2.0;
}

/// Inner quadrature: the nodes of a kernel's integral.
pub mod inner_quadrature {
    /// Two rules share a part of what they miss, so that their distance counts so often. General
    /// chains: the estimate was fifty times the true error or more in the 100 random chains of
    /// tests/general_chain.rs.
    pub const TWO_RULES: f64 = 4.0;

    /// The same where a chain is cooled to T = 0 and a small part of its heat is left: the
    /// quadratures are as exact as the start is large, and errors of 4.6 distances were seen.
    pub const TWO_RULES_OF_A_REST: f64 = 8.0;

    /// A rest is smaller than this part of the start.
    pub const REST: f64 = 0.1;

    /// The least that the profiles without the covariance claim, as a part of the tolerance,
    /// because two quadratures may agree by accident. The largest errors seen are 4e-4 of the
    /// tolerance, typical ones 1e-4 at γ > 2 and 1e-6 to 1e-5 below (campaign, seeds 6000 to 6080).
    pub const PART_OF_TOLERANCE: f64 = 5e-4;
}

/// Iteration: the residuals of the solves.
pub mod iteration {
    /// On the next correction that a refinement would make: it is known to a tenth of itself, and
    /// the residual that it is made from has roundings too.
    pub const REFINEMENT: f64 = 4.0;

    /// On a sample of an error: of one refinement, or of the same solve with other roundings, which
    /// do not touch every coefficient.
    pub const SAMPLE: f64 = 16.0;
}

/// Rounding, in units of the size of what is rounded.
pub mod rounding {
    /// The distance from 1 to the next double. A transform leaves half of one, of its largest
    /// number, at worst (implicit steps, 16 to 500 bonds and λ = 6e4).
    pub const UNIT: f64 = f64::EPSILON;

    /// A number that is known in 32 digits and written down, or a product of two.
    pub const PRODUCT: f64 = 2.0 * UNIT;

    /// Roundings of 32 digits over those of 16, 2⁻⁵¹, and some tens of them.
    pub const OF_32_DIGITS: f64 = 1e-14;

    /// Some roundings of a number of 32 digits itself, 2⁻¹⁰⁰.
    pub const OF_32: f64 = UNIT * UNIT * 16.0;

    /// A formula of a few operations.
    pub const FORMULA: f64 = 4.0 * UNIT;

    /// A formula of such formulas, or a sum of few terms that are known to a rounding.
    pub const FORMULAS: f64 = 8.0 * UNIT;

    /// The root of the sum of the squares of many terms, each with a few roundings: their sum.
    pub const ROOT_OF_SQUARES: f64 = 12.0 * UNIT;

    /// A sum of many terms.
    pub const SUM: f64 = 16.0 * UNIT;

    /// A sum over the nodes of a contour, and the transforms of the modes that its terms went
    /// through.
    pub const TRANSFORM: f64 = 32.0 * UNIT;

    /// The solution of a system, with the transforms before and after.
    pub const SOLVE: f64 = 64.0 * UNIT;

    /// Recurrences along the chain, summed over the nodes of two quadratures (seen: 110 of the
    /// largest variance).
    pub const RECURRENCES: f64 = 256.0 * UNIT;

    /// What two contours share, so that their distance does not show it (seen: 300).
    pub const SHARED: f64 = 1024.0 * UNIT;

    /// What a sparse factorization leaves of the largest entry.
    pub const FACTORIZATION: f64 = 600.0 * UNIT;

    /// A step by a Taylor series, of the largest moment. Seen: 1.0 ε in the 60 random scenarios of
    /// tests/stencil.rs, 0.5 ε in general chains (tests/general_chain.rs, seeds 0 to 2999), and
    /// 0.7 ε for a column (40 chains and 10⁴ steps).
    pub const TAYLOR_STEP: f64 = 2.0 * UNIT;

    /// The distance of two evolutions with different roundings counts so often.
    pub const TWO_EVOLUTIONS: f64 = 8.0;

    /// A column of a propagator, of the sum of its terms' norms (seen: 1.5 ε at N = 2 to 1000 and
    /// γ = 1e-3 to 10).
    pub const COLUMN: f64 = 8.0 * UNIT;

    /// A pair of waves that a force drives, and more of it for every doubling of the time. Seen:
    /// 3.3 ε, and half of one for each doubling (N = 1, γ = 10⁻⁶, τ = 1).
    pub const PAIRS: [f64; 2] = [12.0 * UNIT, UNIT];

    /// What flips have given back by a time τ, 4γτ times as much as they give at once, has so many
    /// times more roundings: every doubling doubles those of the energy, which all share. Seen: 0.3
    /// at 4γτ = 4·10⁴ (N = 4, both frictions 10⁻⁸), by waves and by matrices.
    pub const RETURNED: f64 = UNIT;

    /// A difference of two states is a sample of the roundings in it, not their bound.
    pub const SAMPLE: f64 = 4.0;
}

/// Input rounding: phases and times that are known to 16 digits.
pub mod input_rounding {
    use super::rounding::UNIT;

    /// The phase of a force, once its frequency and the time are known in 32 digits.
    pub const PHASE: f64 = 4.0 * UNIT;
}
