//! What is read off a solution: profiles, energies and currents (docs/theory.md, "The model").

use crate::chain::Chain;
use crate::evolve::radau::Moments;
use crate::scenario::Topology;

/// The profiles at one output time, one entry per site (atom). Open chain: bond r_n belongs to site n and
/// site 0 has r_0 = 0 with mean and variance 0. Energies and currents are in the units of the temperature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// Output time in the scenario's unit; infinite for a stationary state.
    pub time: f64,
    /// E r_n
    pub mean_r: Vec<f64>,
    /// E p_n
    pub mean_p: Vec<f64>,
    /// Var r_n
    pub var_r: Vec<f64>,
    /// Var p_n
    pub var_p: Vec<f64>,
    /// E\[j_(n,n+1)\] = -E\[p_n r_(n+1)\]; at the right end of the open chain the energy that leaves there.
    pub current: Vec<f64>,
    /// Energy entering at the left end, λ_-(T_- - E p_0²); 0 without a thermostat.
    pub left_inflow: f64,
    /// Estimated largest error of a mean over the largest mean (absolute where all means are below 1).
    pub mean_error: f64,
    /// Estimated largest error of a variance over the largest variance.
    pub variance_error: f64,
}

impl Profile {
    /// Reads the profiles off the moments; `time` is the label in the scenario's unit. O(N).
    pub fn new(chain: &Chain, moments: &Moments, time: f64) -> Profile {
        let (bonds, atoms) = (chain.bonds, chain.atoms());
        let (z, c) = (&moments.mean, &moments.covariance);
        let (open, pad) = (chain.topology == Topology::Open, atoms - bonds);
        let bond = |values: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..atoms).map(|n| if n < pad { 0.0 } else { values(n - pad) }).collect()
        };
        let second = |i: usize, j: usize| c[[i, j]] + z[i] * z[j];
        let mut current: Vec<f64> = (0..bonds)
            .map(|b| {
                // The bond to the right of atom n: r_(n+1).
                let (atom, bond) = if open { (b, b) } else { (b, (b + 1) % bonds) };
                -second(bonds + atom, bond)
            })
            .collect();
        let ([left, right], [t_left, t_right]) = (chain.friction(), chain.temperature());
        let last = bonds + atoms - 1;
        if open {
            let work = chain.force.at(moments.time) * z[last];
            current.push(-(work + right * (t_right - second(last, last))));
        }
        let largest = |v: &mut dyn Iterator<Item = f64>| v.fold(0.0, |m: f64, x| m.max(x.abs()));
        let variance = largest(&mut c.diag().iter().copied());
        Profile {
            time,
            mean_r: bond(&|b| z[b]),
            mean_p: z[bonds..].to_vec(),
            var_r: bond(&|b| c[[b, b]]),
            var_p: (bonds..=last).map(|i| c[[i, i]]).collect(),
            current,
            left_inflow: left * (t_left - second(bonds, bonds)),
            mean_error: moments.mean_error / largest(&mut z.iter().copied()).max(1.0),
            variance_error: moments.variance_error / if variance > 0.0 { variance } else { 1.0 },
        }
    }

    /// e_mech,n = (r̄_n² + p̄_n²)/2
    pub fn mechanical(&self) -> Vec<f64> {
        self.mean_r.iter().zip(&self.mean_p).map(|(r, p)| (r * r + p * p) / 2.0).collect()
    }

    /// e_heat,n = (Var r_n + Var p_n)/2
    pub fn thermal(&self) -> Vec<f64> {
        self.var_r.iter().zip(&self.var_p).map(|(r, p)| (r + p) / 2.0).collect()
    }
}
