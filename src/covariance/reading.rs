//! Reads the diagonals off the answer to a shifted solve. Their errors are estimated from
//! evaluations that round differently.

use super::answer::{self, Answer};
use super::diagonals;
use super::interface::{Given, Interface, Start};
use super::modal::{Modal, Solved};
use super::pass::Field;
use super::{Diagonals, MomentEquations, SolveReport};
use crate::budget::rounding;
use crate::numerics::vector::{Vector, largest_norm};
use crate::scenario::Topology;
use num_complex::Complex64;

/// The larger in each place.
fn larger(one: [f64; 2], other: [f64; 2]) -> [f64; 2] {
    [one[0].max(other[0]), one[1].max(other[1])]
}

/// The largest distance of two entries.
fn apart(one: &[Complex64], other: &[Complex64]) -> f64 {
    largest_norm(one.iter().zip(other).map(|(one, other)| one - other))
}

impl Modal {
    /// The errors of the variances and of the currents that follow from an error of the interface.
    /// The currents are the correlations of its answer, and λ times its variances at the
    /// thermostats.
    fn carried<F: Field>(&self, interface: Interface<'_>, error: &Vector) -> [f64; 2] {
        let table = Vector::zeros(self.modes().table_len(), F::COMPLEX);
        let answer = Answer::new(
            interface,
            Given { start: Start::Zero, scale: Complex64::ZERO, table },
            error,
        );
        let answer = diagonals::of_answer::<F>(&answer, error);
        let [left, right] = self.chain().friction();
        let ends = [left * error.at(0), right * error.at(self.chain().bonds)];
        [largest_norm(&answer.variance), largest_norm(answer.correlation.iter().chain(&ends))]
    }

    /// The diagonals of an answer, and its report with the error of the currents.
    pub(super) fn diagonals<F: Field>(&self, solved: &Solved<'_>) -> (SolveReport, Diagonals) {
        let mut report = solved.report;
        if self.chain().topology == Topology::Open {
            let samples =
                solved.errors.iter().map(|error| self.carried::<F>(solved.answer.interface, error));
            let [carried, flow] = samples.reduce(larger).unwrap_or_default();
            let found = diagonals::of_answer::<F>(&solved.answer, &solved.w);
            // A correlation is read off as (a pp - b rr)/c, c = σ + 2γ, of variances that nearly
            // cancel where flips are rare.
            let readings = solved.answer.interface.other_roundings().into_iter().map(|other| {
                let other = diagonals::of_answer::<F>(&solved.answer.seen_by(other), &solved.w);
                [
                    apart(&found.variance, &other.variance),
                    apart(&found.correlation, &other.correlation),
                ]
            });
            let reading = readings.reduce(larger).unwrap_or_default();
            // A sample has the size of the error; it is no bound.
            report.error = 2.0 * (report.error.max(carried) + reading[0]);
            // One sample of the roundings may happen to carry no current; that of a variance error
            // is 1/N of it.
            report.flow_error =
                (2.0 * flow).max(0.5 * report.error / self.chain().bonds as f64) + 2.0 * reading[1];
            return (report, found);
        }
        // By forming the answer: Re X, and Im X = Re(-i X).
        let [re, im] = [Complex64::ONE, -Complex64::I].map(|weight| {
            let mut state = vec![0.0; self.state_len()];
            answer::emit::<F>(&[&solved.answer], &[&[weight]], &mut [&mut state]);
            let matrix = self.matrix(&state);
            (matrix.diag().to_vec(), self.chain().left_correlations(matrix.view()))
        });
        let join = |re: Vec<f64>, im: Vec<f64>| -> Vec<Complex64> {
            re.into_iter().zip(im).map(|(re, im)| Complex64::new(re, im)).collect()
        };
        let (variance, correlation) = (join(re.0, im.0), join(re.1, im.1));
        let found = Diagonals { variance, correlation, losses: [Complex64::ZERO; 2], driven: None };
        // The same cancellation, bounded: forming the answer once more to sample it would cost more
        // than the solve.
        let Interface { shift, flip_rate, .. } = solved.answer.interface;
        report.flow_error +=
            rounding::FORMULA * largest_norm(&found.variance) / (shift + 2.0 * flip_rate).norm();
        (report, found)
    }
}
