//! The state of an evolution by doublings, and the answer that is read off it with its error.

use super::super::turning::Turning;
use super::{Returns, congruence, leading};
use crate::chain::{Double, InitialLaw};
use crate::covariance::moments::{Consistency, MomentErrors, Moments, Solution, largest};
use crate::numerics::triangle::{fold, place, unfolded};
use crate::numerics::vector::largest_of;
use crate::numerics::wide_matrix::Power;
use crate::scenario::Topology;
use ndarray::{Array2, ShapeBuilder};

/// Roundings of an answer, where sums of n terms count as √n.
const ROUNDINGS: f64 = 4.0;

/// z̃ in 32 digits, and X by columns.
#[derive(Clone)]
pub(super) struct State<'a> {
    turning: &'a Turning<'a>,
    means: Vec<Double>,
    deviation: Vec<f64>,
    /// The largest entry of Y so far.
    largest: f64,
    /// What the entries of X(p, p) at the ends are sums of.
    ends: [f64; 2],
    /// What a current is a sum of, and what its rows of R have been.
    flows: [f64; 2],
}

impl<'a> State<'a> {
    pub fn start(turning: &'a Turning<'a>, law: &InitialLaw) -> State<'a> {
        let mut deviation = law.covariance_above(0.0);
        if let Some(state) = turning.chain.harmonic_state() {
            deviation -= &state.covariance(turning.chain);
        }
        let means = turning.start(law);
        let deviation = deviation.iter().copied().collect();
        State { turning, means, deviation, largest: 0.0, ends: [0.0; 2], flows: [0.0; 2] }
    }

    /// Y by rows.
    fn moments(&self) -> Vec<f64> {
        let (n, size) = (self.turning.coordinates(), self.turning.size());
        let entry = |at: usize| {
            let (i, j) = (at / size, at % size);
            let own = if i < n && j < n { self.deviation[i * n + j] } else { 0.0 };
            own + self.means[i].hi * self.means[j].hi
        };
        (0..size * size).map(entry).collect()
    }

    /// After a time up to a short step.
    pub fn after_short(&self, time: Double) -> State<'a> {
        let moments = self.moments();
        let given = self.turning.short_returns(moments, time.hi);
        let ends = self.ends().map(|p| given[place(p, p)].abs());
        let flow = largest_of(self.turning.currents().iter().map(|&row| given[row]));
        self.turned(&self.turning.short(time), &given, ends, [flow, 0.0])
    }

    /// After a step with these e^(B̃h) and R(h).
    pub fn after(&self, turn: &Power, returns: &Returns) -> State<'a> {
        let [m, all] = self.turning.pairs();
        let mut pairs = vec![0.0; all];
        fold(&self.moments(), self.turning.size(), &mut pairs);
        let (ends, rows) = (self.ends(), self.turning.currents());
        let (mut given, mut sizes, mut flows) = (vec![0.0; m], [0.0; 2], vec![0.0; rows.len()]);
        for (column, y) in returns.columns.chunks(m).zip(pairs) {
            given.iter_mut().zip(column).for_each(|(given, r)| *given += r * y);
            for (size, p) in sizes.iter_mut().zip(ends) {
                *size += (column[place(p, p)] * y).abs();
            }
            flows.iter_mut().zip(&rows).for_each(|(flow, &row)| *flow += (column[row] * y).abs());
        }
        self.turned(turn, &given, sizes, [largest(&flows), returns.flows])
    }

    /// E X Eᵀ and `given`, the part that flips give back; at the ends and in currents it is a sum of
    /// `ends` and `flows`.
    fn turned(
        &self,
        turn: &Power,
        given: &[f64],
        mut ends: [f64; 2],
        mut flows: [f64; 2],
    ) -> State<'a> {
        let n = self.turning.coordinates();
        let e = leading(&turn.rounded(), self.turning.size(), n);
        let mut deviation = congruence(&e, &self.deviation, n);
        let given = unfolded(given, n);
        deviation.iter_mut().zip(given).for_each(|(x, given)| *x += given);
        let row = |p: usize| (0..n).map(|j| e[j * n + p].powi(2)).sum::<f64>();
        let size = largest(&self.deviation) * (n as f64).sqrt();
        for (end, p) in ends.iter_mut().zip(self.ends()) {
            *end += row(p) * size;
        }
        flows[0] += largest_of((0..n).map(row)) * size;
        let means = turn.apply(&self.means);
        let mut state = State { means, deviation, ends, flows, ..self.clone() };
        state.largest = self.largest.max(largest(&state.moments()));
        state
    }
}

impl State<'_> {
    /// The momenta at the ends.
    fn ends(&self) -> [usize; 2] {
        [self.turning.chain.bonds, self.turning.coordinates() - 1]
    }

    /// The answer after this number of doublings.
    pub fn read(&self, time: Double, doublings: usize, keep: bool) -> Solution {
        let (chain, n) = (self.turning.chain, self.turning.coordinates());
        let deviation = Array2::from_shape_fn((n, n).f(), |(i, j)| self.deviation[j * n + i]);
        let thermal = chain.harmonic_state();
        let flow = thermal.as_ref().map_or(0.0, |state| state.correlation);
        let covariance = match &thermal {
            Some(state) => state.covariance(chain) + &deviation,
            None => deviation.clone(),
        };
        let (friction, ends) = (chain.friction(), self.ends());
        // The current of C_th, and the rest of the start.
        let inflow = [0, 1].map(|end| {
            let left = friction[end] * deviation[[ends[end]; 2]];
            0.0 + [-flow, flow][end] - left
        });
        let mean: Vec<f64> = self.means[..n].iter().map(|z| z.hi).collect();
        let moments = Moments {
            time,
            variance: covariance.diag().to_vec(),
            correlation: chain.left_correlations(covariance.view()),
            inflow: Some(inflow),
            leaving: (chain.topology == Topology::Open).then(|| self.leaving(inflow[1])),
            covariance: None,
            mean,
        };
        let errors = self.errors(&moments, time.hi, doublings);
        let consistency = Some(Consistency::of(covariance.view()));
        let moments = Moments { covariance: keep.then_some(covariance), ..moments };
        Solution { moments, errors, consistency, ..Default::default() }
    }

    /// -(F p̄_N + λ_+(T_+ - E p_N²)), the force from its waves.
    fn leaving(&self, inflow: f64) -> f64 {
        let (last, [_, friction]) = (self.ends()[1], self.turning.chain.friction());
        let momentum = self.means[last];
        let work = self.turning.force(&self.means).times(momentum);
        let kept = momentum.times(momentum).scaled(friction);
        0.0 - work.plus(kept.negated()).plus(inflow.into()).hi
    }

    /// Roundings: a few of every product, which every doubling has. Where friction is strong, p² at
    /// the end is small, and so are its roundings. Currents forget theirs as they fade, down to
    /// what the rows of R had when they were largest.
    fn errors(&self, moments: &Moments, time: f64, doublings: usize) -> MomentErrors {
        let (chain, n) = (self.turning.chain, self.turning.coordinates());
        let given = (4.0 * chain.flip_rate * time).min(1.0) * doublings as f64;
        let rounded = f64::EPSILON * (ROUNDINGS + given) * (n as f64).sqrt();
        let doubled = self.turning.doubled(time);
        let rounding = |values: &[f64]| 2.0 * f64::EPSILON * largest(values);
        let lost = rounded * self.largest;
        let turned = doubled * largest(&self.means.iter().map(|z| z.hi).collect::<Vec<_>>());
        let (friction, bonds) = (chain.friction(), chain.bonds);
        let of_ends = [0, 1].map(|end| friction[end] * rounded * self.ends[end]);
        let ends: Vec<f64> =
            moments.inflow.iter().flatten().chain(&moments.leaving).copied().collect();
        let currents = rounding(&moments.correlation).max(rounding(&ends));
        let [made_of, was] = self.flows;
        let flow = ROUNDINGS * f64::EPSILON * (made_of + (n as f64).sqrt() * was * self.largest);
        MomentErrors {
            mean_r: rounding(&moments.mean[..bonds]) + turned,
            mean_p: rounding(&moments.mean[bonds..]) + turned,
            var_r: rounding(&moments.variance[..bonds]) + lost,
            var_p: rounding(&moments.variance[bonds..]) + lost,
            correlation: currents + flow.max(of_ends[0]).max(of_ends[1]),
            left: 0.0,
        }
    }
}
