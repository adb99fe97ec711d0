//! What is read off a solution: profiles, energies, currents and exact identities.

/// The profiles at one output time, one entry per site (atom). Open chain: bond r_n belongs to site n and
/// site 0 has r_0 = 0 with mean and variance 0.
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
    /// Bound on the relative error: largest error of each profile over its largest value, the worst of all profiles.
    pub error_estimate: f64,
}

impl Profile {
    /// e_mech,n = (r̄_n² + p̄_n²)/2
    pub fn mechanical(&self) -> Vec<f64> {
        self.mean_r.iter().zip(&self.mean_p).map(|(r, p)| (r * r + p * p) / 2.0).collect()
    }

    /// e_heat,n = (Var r_n + Var p_n)/2
    pub fn thermal(&self) -> Vec<f64> {
        self.var_r.iter().zip(&self.var_p).map(|(r, p)| (r + p) / 2.0).collect()
    }
}
