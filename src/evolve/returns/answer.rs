//! The answer that is read off a deviation from the thermal stationary state and means of 32
//! digits.

use super::super::turning::Turning;
use crate::budget::rounding;
use crate::chain::Double;
use crate::covariance::moments::{MomentErrors, Moments, Solution, largest};
use crate::scenario::Topology;
use ndarray::Array2;

/// z̃ and X at a time.
pub(crate) struct Answer<'a> {
    pub turning: &'a Turning<'a>,
    pub means: &'a [Double],
    /// The error of z̃ beside its rounding to doubles.
    pub means_lost: f64,
    pub deviation: &'a Array2<f64>,
    pub time: Double,
}

impl Answer<'_> {
    /// The moments with their roundings and what `lost` says of X.
    pub fn solution(&self, lost: MomentErrors, keep: bool) -> Solution {
        let (chain, n) = (self.turning.chain, self.turning.coordinates());
        let thermal = chain.harmonic_state();
        let flow = thermal.as_ref().map_or(0.0, |state| state.correlation);
        let covariance = match &thermal {
            Some(state) => state.covariance(chain) + self.deviation,
            None => self.deviation.clone(),
        };
        let (friction, ends) = (chain.friction(), [chain.bonds, n - 1]);
        // The current of C_th, and the rest of the start.
        let inflow = [0, 1].map(|end| {
            let left = friction[end] * self.deviation[[ends[end]; 2]];
            0.0 + [-flow, flow][end] - left
        });
        let moments = Moments {
            time: self.time,
            variance: covariance.diag().to_vec(),
            correlation: chain.left_correlations(covariance.view()),
            inflow: Some(inflow),
            leaving: (chain.topology == Topology::Open)
                .then(|| self.turning.leaving(self.means, inflow[1])),
            covariance: None,
            mean: self.means[..n].iter().map(|z| z.hi).collect(),
        };
        let errors = self.errors(&moments).with(lost, |rounded, lost| rounded + lost);
        let moments = Moments { covariance: Some(covariance), ..moments };
        let solution = Solution { moments, errors, ..Default::default() };
        solution.with_consistency(self.turning.chain, keep)
    }

    /// Roundings of the numbers themselves, and the losses of the means.
    fn errors(&self, moments: &Moments) -> MomentErrors {
        let bonds = self.turning.chain.bonds;
        let rounding = |values: &[f64]| rounding::PRODUCT * largest(values);
        let turned = self.means_lost;
        let ends: Vec<f64> =
            moments.inflow.iter().flatten().chain(&moments.leaving).copied().collect();
        MomentErrors {
            mean_r: rounding(&moments.mean[..bonds]) + turned,
            mean_p: rounding(&moments.mean[bonds..]) + turned,
            var_r: rounding(&moments.variance[..bonds]),
            var_p: rounding(&moments.variance[bonds..]),
            correlation: rounding(&moments.correlation).max(rounding(&ends)),
            left: 0.0,
        }
    }
}
