//! The positions of the coordinates in macroscopic space, and the output times.
//!
//! Open: r_n at n/N for n = 1..N, p_n at n/N for n = 0..N. Ring: both at n/N for n = 0..N-1.

use super::{OutputRange, Outputs, Scenario, Spacing, Topology};

impl Scenario {
    /// x of each r, in the order of the state: n/N, n = 1..N (open) or 0..N-1 (ring).
    pub fn elongation_positions(&self) -> impl Iterator<Item = f64> + use<> {
        let first = match self.chain.topology {
            Topology::Open => 1,
            Topology::Ring => 0,
        };
        positions(first, self.chain.bonds, self.chain.bonds)
    }

    /// x of each p, which is x of each site: n/N, n = 0..N (open) or 0..N-1 (ring).
    pub fn momentum_positions(&self) -> impl Iterator<Item = f64> + use<> {
        let atoms = match self.chain.topology {
            Topology::Open => self.chain.bonds + 1,
            Topology::Ring => self.chain.bonds,
        };
        positions(0, atoms, self.chain.bonds)
    }

    /// The output times in the scenario's unit, increasing; empty without `[time]`.
    pub fn output_times(&self) -> Vec<f64> {
        self.time.as_ref().map_or_else(Vec::new, |time| time.outputs.times())
    }
}

fn positions(first: usize, count: usize, bonds: usize) -> impl Iterator<Item = f64> {
    (first..first + count).map(move |n| n as f64 / bonds as f64)
}

impl Outputs {
    /// The times, in the order given.
    pub fn times(&self) -> Vec<f64> {
        match self {
            Outputs::List(times) => times.clone(),
            Outputs::Range(range) => range.times(),
        }
    }
}

impl OutputRange {
    /// `count` times from `from` to `to`, both exact; rounding of the others: two units in the last
    /// place.
    pub fn times(&self) -> Vec<f64> {
        let OutputRange { from, to, count, spacing } = *self;
        let last = count.saturating_sub(1);
        (0..count)
            .map(|k| match (k, spacing) {
                (0, _) => from,
                (k, _) if k == last => to,
                (k, Spacing::Linear) => from + (to - from) * (k as f64 / last as f64),
                (k, Spacing::Log) => from * (to / from).powf(k as f64 / last as f64),
            })
            .collect()
    }
}
