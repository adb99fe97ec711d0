//! The statements of the macroscopic limit's proof, as numbers of one chain at one time
//! (docs/theory/theorems.md).
//!
//! Komorowski, Olla, Simon (2018) and Komorowski, Lebowitz, Olla, Simon (2023) bound every one of
//! them. Times are in units of N². Time integrals are those of the solution, exact to its
//! tolerance. Cost: O(N), and O(N²) where the covariance is summed.

use super::statement::{EQUIPARTITION_L1, STATEMENTS};
use crate::chain::Chain;
use crate::covariance::moments::{Solution, largest};
use crate::evolve::means::MeanPath;
use crate::evolve::norm::Squares;
use crate::limit::march::Snapshot;
use crate::limit::{Output, State};
use crate::monitor::{Record, refused};
use crate::scenario::Topology;
use std::f64::consts::PI;
use std::io::{self, Read, Write};

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Its statement's name.
    pub statement: &'static str,
    /// N
    pub bonds: usize,
    /// t
    pub time: f64,
    /// The measured value.
    pub value: f64,
    /// Estimated largest error of the value.
    pub error: f64,
    /// Its limit as N → ∞, where the theory gives one.
    pub limit: Option<f64>,
    /// The limit of N times the value, where the theory gives one.
    pub scaled_limit: Option<f64>,
    /// The value at t = 0 that its bound starts from.
    pub start: f64,
    /// The site of the largest distance.
    pub site: Option<usize>,
    /// The microscopic time of the largest value so far.
    pub reached: Option<f64>,
}

impl Record for Measurement {
    fn put(&self, to: &mut dyn Write) -> io::Result<()> {
        self.statement.to_string().put(to)?;
        (self.bonds, [self.time, self.value, self.error, self.start]).put(to)?;
        ([self.limit, self.scaled_limit, self.reached], self.site).put(to)
    }

    fn take(from: &mut dyn Read) -> io::Result<Measurement> {
        let name = String::take(from)?;
        let statement = STATEMENTS
            .iter()
            .chain([&EQUIPARTITION_L1])
            .find(|s| s.name == name)
            .ok_or_else(refused)?
            .name;
        let (bonds, [time, value, error, start]) = Record::take(from)?;
        let ([limit, scaled_limit, reached], site) = Record::take(from)?;
        Ok(Measurement {
            statement,
            bonds,
            time,
            value,
            error,
            limit,
            scaled_limit,
            start,
            site,
            reached,
        })
    }
}

/// The test functions on \[0, 1\]: 1, cos πkx and sin πkx, k = 1..4 (on the ring 2πkx).
pub fn test_functions(topology: Topology) -> Vec<Box<dyn Fn(f64) -> f64>> {
    let unit = if topology == Topology::Ring { 2.0 * PI } else { PI };
    let mut family: Vec<Box<dyn Fn(f64) -> f64>> = vec![Box::new(|_| 1.0)];
    for k in 1..=4 {
        let k = k as f64 * unit;
        family.push(Box::new(move |x| (k * x).cos()));
        family.push(Box::new(move |x| (k * x).sin()));
    }
    family
}

/// The macroscopic side: the limit at one time, and the initial state on its mesh.
pub struct Macroscopic<'a> {
    /// The limit.
    pub output: &'a Output,
    /// At t = 0.
    pub start: &'a Snapshot,
    /// F̄
    pub force: f64,
    /// W_heat
    pub oscillation_work: f64,
    /// γ
    pub flip_rate: f64,
}

impl Macroscopic<'_> {
    /// ∫ f(x, r, e_heat) dx
    fn integrate(&self, f: impl Fn(f64, f64, f64) -> f64) -> f64 {
        match &self.output.state {
            State::Evolved(snapshot) => snapshot.integrate(f),
            _ => self.start.integrate(f),
        }
    }

    /// (1/2γ) ∫_0^t ∂_x r(s,x) ds at x = 0 and 1: what N ∫ p̄ ds tends to at the ends of the open
    /// chain.
    fn boundary(&self) -> [f64; 2] {
        let moved = |weight: &dyn Fn(f64) -> f64| {
            self.integrate(|x, r, _| weight(x) * r) - self.start.integrate(|x, r, _| weight(x) * r)
        };
        let steady = self.force * self.output.state.time() / (2.0 * self.flip_rate);
        // d/dt ∫ (1-x) r = (F̄ - ∂_x r(t,0))/2γ and d/dt ∫ x r = (∂_x r(t,1) - F̄)/2γ.
        [steady - moved(&|x| 1.0 - x), steady + moved(&|x| x)]
    }

    /// (F̄/2γ) ∫_0^t ∂_x r(s,1) ds + W_heat t.
    fn work(&self) -> f64 {
        self.force * self.boundary()[1] + self.oscillation_work * self.output.state.time()
    }
}

/// The statements about the means alone, at time t.
pub fn of_means(
    chain: &Chain,
    t: f64,
    path: &MeanPath,
    limit: &Macroscopic<'_>,
) -> Vec<Measurement> {
    let (bonds, unit) = (chain.bonds, (chain.bonds as f64).powi(2));
    let n = bonds as f64;
    let measured = |statement, value: f64, error, limit: Option<f64>| Measurement {
        statement,
        bonds,
        time: t,
        value,
        error,
        limit,
        start: 0.0,
        scaled_limit: None,
        site: None,
        reached: None,
    };
    let state = &limit.output.state;
    let mut all = Vec::new();
    if chain.topology == Topology::Open {
        // An error of the phase does not gather: its integral is that of a wave, 1/ω at most.
        let turning = if chain.force.harmonics.is_empty() {
            0.0
        } else {
            path.errors[1] / chain.force.frequency.hi
        };
        let gathered = t * path.lasting_errors[1] + turning / unit;
        let ends = [("boundary_left", 0), ("boundary_right", bonds)];
        for ((statement, atom), scaled) in ends.into_iter().zip(limit.boundary()) {
            let value = (path.integral[bonds + atom] / unit).abs();
            let measurement = measured(statement, value, gathered, Some(0.0));
            all.push(Measurement { scaled_limit: Some(scaled.abs()), ..measurement });
        }
        let force = chain
            .force
            .harmonics
            .iter()
            .fold(limit.force.abs(), |sum, (_, amplitude)| sum + 2.0 * amplitude.norm());
        all.push(measured("work", path.work / n, n * force * gathered, Some(limit.work())));
    }
    let size = path.largest_average.sqrt();
    let error = 4.0 * size * (path.errors[0] + path.errors[1]);
    let mean_l2 = measured("mean_l2", path.largest_average, error, None);
    all.push(Measurement { reached: Some(path.largest_at), ..mean_l2 });
    let error = path.errors[0] + limit.output.errors[0];
    let elongations =
        elongation_sites(chain).map(|(site, x)| (site, x, path.mean[bond_of(chain, site)]));
    let (site, distance) = elongations
        .clone()
        .map(|(site, x, r)| (site, (r - state.elongation(x)).abs()))
        .fold((0, 0.0), |worst, next| if next.1 > worst.1 { next } else { worst });
    all.push(Measurement {
        site: Some(site),
        ..measured("elongation_distance", distance, error, Some(0.0))
    });
    let weak = test_functions(chain.topology).iter().fold(0.0, |worst: f64, g| {
        let sum = elongations.clone().map(|(_, x, r)| g(x) * r).sum::<f64>() / n;
        worst.max((sum - limit.integrate(|x, r, _| g(x) * r)).abs())
    });
    all.push(measured("elongation_weak", weak, error, Some(0.0)));
    all
}

/// The sites n with a bond, and their x.
fn elongation_sites(chain: &Chain) -> impl Iterator<Item = (usize, f64)> + Clone + use<> {
    let bonds = chain.bonds;
    let first = chain.atoms() - bonds;
    (first..first + bonds).map(move |site| (site, site as f64 / bonds as f64))
}

/// The coordinate r_n of a site n.
fn bond_of(chain: &Chain, site: usize) -> usize {
    site - (chain.atoms() - chain.bonds)
}

/// The statements that need the variances, at time t: energies and equipartition, which takes ∫ z̄²
/// from the means.
pub fn of_variances(
    chain: &Chain,
    t: f64,
    solution: &Solution,
    path: &MeanPath,
    limit: &Macroscopic<'_>,
) -> Vec<Measurement> {
    let bonds = chain.bonds;
    let n = bonds as f64;
    let (z, v) = (&solution.moments.mean, &solution.moments.variance);
    let square = |i: usize| v[i] + z[i] * z[i];
    let errors = &solution.errors;
    let size = largest(z);
    let error = (errors.var_r + errors.var_p) / 2.0 + size * (errors.mean_r + errors.mean_p);
    let measured = |statement, value, error, limit| Measurement {
        statement,
        bonds,
        time: t,
        value,
        error,
        limit: Some(limit),
        start: 0.0,
        scaled_limit: None,
        site: None,
        reached: None,
    };
    let total = (0..z.len()).map(square).sum::<f64>() / (2.0 * n);
    let macroscopic = limit.integrate(|_, r, heat| heat + r * r / 2.0);
    let mut all = vec![measured("energy", total, error, macroscopic)];
    let state = &limit.output.state;
    let column_errors = limit.output.column_errors(size)[3];
    let energies = elongation_sites(chain)
        .map(|(site, x)| (site, x, (square(bond_of(chain, site)) + square(bonds + site)) / 2.0));
    let (site, distance) = energies
        .clone()
        .map(|(site, x, e)| (site, (e - state.energy(x)).abs()))
        .fold((0, 0.0), |worst, next| if next.1 > worst.1 { next } else { worst });
    let distance = measured("energy_distance", distance, error + column_errors, 0.0);
    all.push(Measurement { site: Some(site), ..distance });
    let weak = test_functions(chain.topology).iter().fold(0.0, |worst: f64, g| {
        let sum = energies.clone().map(|(_, x, e)| g(x) * e).sum::<f64>() / n;
        worst.max((sum - limit.integrate(|x, r, heat| g(x) * (heat + r * r / 2.0))).abs())
    });
    all.push(measured("energy_weak", weak, error + column_errors, 0.0));
    if let Some(differences) = equipartition(chain, solution, path) {
        let value = test_functions(chain.topology).iter().fold(0.0, |worst: f64, g| {
            let sum =
                elongation_sites(chain).zip(&differences).map(|((_, x), d)| g(x) * d).sum::<f64>();
            worst.max((sum / n).abs())
        });
        let error = t * (errors.var_r + errors.var_p);
        all.push(measured("equipartition", value, error, 0.0));
        let size = differences.iter().map(|d| d.abs()).sum::<f64>() / n;
        all.push(measured(EQUIPARTITION_L1.name, size, error, 0.0));
    }
    all
}

/// ∫_0^t (Var r_n - Var p_n)(sN²) ds at every site with a bond; `None` where the method gives no
/// integrals.
pub fn equipartition(chain: &Chain, solution: &Solution, path: &MeanPath) -> Option<Vec<f64>> {
    let variance: Box<dyn Fn(usize) -> f64> =
        match (&solution.variance_integral, &solution.integrals) {
            (Some(integral), _) => Box::new(|i| integral[i]),
            (None, Some(sums)) => Box::new(|i| sums.square[i] - path.square[i]),
            (None, None) => return None,
        };
    let unit = (chain.bonds as f64).powi(2);
    let difference =
        |(site, _): (usize, f64)| variance(bond_of(chain, site)) - variance(chain.bonds + site);
    Some(elongation_sites(chain).map(|site| difference(site) / unit).collect())
}

/// C_N and C_N without the variances, at time t. `start` are the two at t = 0. In local equilibrium
/// C_N tends to 2 ∫ e_heat², and the rest to 0.
pub fn of_covariance(
    chain: &Chain,
    t: f64,
    sums: &Squares,
    start: &Squares,
    limit: &Macroscopic<'_>,
) -> Vec<Measurement> {
    let heat = limit.integrate(|_, _, heat| 2.0 * heat * heat);
    let measured = |statement, [value, error]: [f64; 2], start: [f64; 2], limit: f64| Measurement {
        statement,
        bonds: chain.bonds,
        time: t,
        value,
        error,
        // Local equilibrium is there at once, but not at t = 0, where the law is what it is.
        limit: (t > 0.0).then_some(limit),
        start: start[0],
        scaled_limit: None,
        site: None,
        reached: None,
    };
    vec![
        measured("covariance", sums.all, start.all, heat),
        measured("covariance_offdiagonal", sums.off_diagonal, start.off_diagonal, 0.0),
    ]
}
