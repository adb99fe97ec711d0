//! The profiles of one output: a column for each quantity, one entry for each site; and the error
//! of an output, relative to the largest values of its columns over a run.

use super::moments::{MomentErrors, Solution, largest};
use super::source::ErrorSource;
use crate::chain::Chain;
use crate::numerics::vector::largest_of;
use crate::scenario::Topology;

/// The profiles at one output time, one entry per site (atom). Open chain: bond r_n belongs to site
/// n and site 0 has r_0 = 0 with mean and variance 0. Energies and currents are in the units of the
/// temperature.
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
    /// E\[j_(n,n+1)\] = -E\[p_n r_(n+1)\]; at the right end of the open chain the energy that
    /// leaves there.
    pub current: Vec<f64>,
    /// Energy entering at the left end, λ_-(T_- - E p_0²); 0 without a thermostat.
    pub left_inflow: f64,
    /// The excess of its error over that of the current, without the errors of the means.
    pub left_more: f64,
    /// In an average over a period: the average energy (δr̄² + δp̄²)/2 of the means' oscillation,
    /// part of the mechanical energy; empty otherwise.
    pub oscillation: Vec<f64>,
    /// Columns of a chain whose coefficients depend on the site: those that replace the energies
    /// above, and three more.
    pub general: Option<Box<GeneralColumns>>,
    /// Estimated largest absolute error of each column.
    pub errors: ColumnErrors,
    /// Parts of these errors by their sources, the rest being rounding; `None` where the sources
    /// are not known.
    pub parts: Option<Vec<(ErrorSource, ColumnErrors)>>,
}

/// Further columns of a chain whose coefficients depend on the site, one entry for each site.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeneralColumns {
    /// Var p_n/m_n
    pub temperature: Vec<f64>,
    /// E q_n of a pinned chain, empty of others.
    pub mean_q: Vec<f64>,
    /// Var q_n of a pinned chain, empty of others.
    pub var_q: Vec<f64>,
    /// p̄_n²/2m_n + k_n r̄_n²/2 + κ_n q̄_n²/2, averaged where the profile is.
    pub mechanical: Vec<f64>,
    /// Var p_n/2m_n + k_n Var r_n/2 + κ_n Var q_n/2
    pub thermal: Vec<f64>,
    /// The largest errors of temperature, mean_q and var_q.
    pub errors: [f64; 3],
    /// Parts of these errors, in the order of [`Profile::parts`].
    pub parts: Vec<[f64; 3]>,
}

/// One number for each column of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct ColumnErrors {
    /// E r_n
    pub mean_r: f64,
    /// E p_n
    pub mean_p: f64,
    /// Var r_n
    pub var_r: f64,
    /// Var p_n
    pub var_p: f64,
    /// (r̄² + p̄²)/2
    pub mechanical: f64,
    /// (Var r + Var p)/2
    pub thermal: f64,
    /// their sum
    pub energy: f64,
    /// -E\[p_n r_(n+1)\]
    pub current: f64,
}

impl ColumnErrors {
    /// The columns' numbers in the order of profiles.csv.
    pub fn values(&self) -> [f64; 8] {
        [
            self.mean_r,
            self.mean_p,
            self.var_r,
            self.var_p,
            self.mechanical,
            self.thermal,
            self.energy,
            self.current,
        ]
    }
}

impl Profile {
    /// Reads the profiles off a solution; `time` is the label in the scenario's unit. O(N).
    pub fn new(chain: &Chain, solution: &Solution, time: f64) -> Profile {
        let (bonds, atoms) = (chain.bonds, chain.atoms());
        let (moments, errors) = (&solution.moments, &solution.errors);
        let (z, v) = (&moments.mean, &moments.variance);
        let pad = atoms - bonds;
        let per_site = |values: &[f64]| [vec![0.0; pad], values[..bonds].to_vec()].concat();
        let last = bonds + atoms - 1;
        let (friction, temperature) = (chain.friction(), chain.temperature());
        let variance = [v[bonds], v[last]];
        let thermal = moments
            .inflow
            .unwrap_or([0, 1].map(|end| friction[end] * (temperature[end] - variance[end])));
        let inflow = [0, 1].map(|end| thermal[end] - friction[end] * z[[bonds, last][end]].powi(2));
        let force =
            if chain.topology == Topology::Open { chain.force.at(moments.time) } else { 0.0 };
        let current = (0..atoms)
            .map(|atom| match chain.right_bond(atom) {
                // 0 - 0 is 0 where -0 would be printed.
                Some(bond) => 0.0 - (moments.correlation[bond] + z[bonds + atom] * z[bond]),
                None => moments.leaving.unwrap_or(-(force * z[last] + inflow[1])),
            })
            .collect();
        let (mean_r, mean_p) = (largest(&z[..bonds]), largest(&z[bonds..]));
        let of_columns = |errors: &MomentErrors| {
            // With the second order: the means themselves may be below their errors.
            let [of_r, of_p] = [mean_r + errors.mean_r / 2.0, mean_p + errors.mean_p / 2.0];
            let mechanical = of_r * errors.mean_r + of_p * errors.mean_p;
            let thermal = (errors.var_r + errors.var_p) / 2.0;
            let bulk = errors.correlation + of_p * errors.mean_r + of_r * errors.mean_p;
            let at_end = 2.0 * z[last].abs() + errors.mean_p;
            let of_mean = (force.abs() + friction[1] * at_end) * errors.mean_p;
            let end = errors.correlation + if moments.leaving.is_some() { 0.0 } else { of_mean };
            ColumnErrors {
                mean_r: errors.mean_r,
                mean_p: errors.mean_p,
                var_r: errors.var_r,
                var_p: errors.var_p,
                mechanical,
                thermal,
                energy: mechanical + thermal,
                current: bulk.max(end),
            }
        };
        let parts = solution.parts.iter().map(|(source, part)| (*source, of_columns(part)));
        Profile {
            time,
            mean_r: per_site(z),
            mean_p: z[bonds..].to_vec(),
            var_r: per_site(v),
            var_p: v[bonds..].to_vec(),
            current,
            left_inflow: inflow[0],
            left_more: errors.left,
            oscillation: vec![],
            general: None,
            errors: of_columns(errors),
            parts: Some(parts.collect()),
        }
    }

    /// e_mech,n = (r̄_n² + p̄_n²)/2, averaged where the profile is.
    pub fn mechanical(&self) -> Vec<f64> {
        if let Some(general) = &self.general {
            return general.mechanical.clone();
        }
        let oscillation = self.oscillation.iter().copied().chain(std::iter::repeat(0.0));
        self.mean_r
            .iter()
            .zip(&self.mean_p)
            .zip(oscillation)
            .map(|((r, p), e)| (r * r + p * p) / 2.0 + e)
            .collect()
    }

    /// e_heat,n = (Var r_n + Var p_n)/2
    pub fn thermal(&self) -> Vec<f64> {
        if let Some(general) = &self.general {
            return general.thermal.clone();
        }
        self.var_r.iter().zip(&self.var_p).map(|(r, p)| (r + p) / 2.0).collect()
    }

    /// e_n = e_mech,n + e_heat,n
    pub fn energy(&self) -> Vec<f64> {
        self.mechanical().iter().zip(self.thermal()).map(|(m, t)| m + t).collect()
    }

    /// The largest absolute value of each column.
    pub fn sizes(&self) -> ColumnErrors {
        ColumnErrors {
            mean_r: largest(&self.mean_r),
            mean_p: largest(&self.mean_p),
            var_r: largest(&self.var_r),
            var_p: largest(&self.var_p),
            mechanical: largest(&self.mechanical()),
            thermal: largest(&self.thermal()),
            energy: largest(&self.energy()),
            current: largest(&self.current),
        }
    }
}

/// A column that stays below this part of its natural size (√e for means, e for the others, e the
/// largest energy of the run) is measured against that, not against its own vanishing size.
const VANISHING: f64 = 1e-6;

/// A column that never exceeds this many times its own error is zero as far as anybody can tell
/// (the current in equilibrium): it is measured against its natural size.
const INDISTINGUISHABLE: f64 = 10.0;

/// The number of columns with an error: eight of every chain, and three of [`GeneralColumns`].
const COLUMNS: usize = 11;

/// The largest value of each column and its error, of one output or of several.
#[derive(Debug, Clone, Copy, Default)]
struct Columns {
    sizes: [f64; COLUMNS],
    errors: [f64; COLUMNS],
}

impl Columns {
    fn of(profile: &Profile) -> Columns {
        let [sizes, errors] = profile.general.as_ref().map_or([[0.0; 3]; 2], |general| {
            let columns = [&general.temperature, &general.mean_q, &general.var_q];
            [columns.map(|column| largest(column)), general.errors]
        });
        let joined = |usual: [f64; 8], more: [f64; 3]| -> [f64; COLUMNS] {
            std::array::from_fn(|c| if c < 8 { usual[c] } else { more[c - 8] })
        };
        Columns {
            sizes: joined(profile.sizes().values(), sizes),
            errors: joined(profile.errors.values(), errors),
        }
    }

    fn is_finite(&self) -> bool {
        self.sizes.iter().chain(&self.errors).all(|x| x.is_finite())
    }

    /// The size that the error of each column is measured against.
    fn scales(&self) -> [f64; COLUMNS] {
        let energy = self.sizes[6];
        // A mean displacement is small beside the root of its variance.
        let natural = std::array::from_fn(|column| match column {
            0 | 1 => energy.sqrt(),
            9 => self.sizes[10].sqrt(),
            10 => self.sizes[10],
            _ => energy,
        });
        scales(self.sizes, self.errors, natural)
    }
}

/// The largest columns of several outputs, from which their errors follow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Largest {
    columns: Columns,
    /// Whether a number was not finite.
    lost: bool,
}

impl Largest {
    /// With one more output.
    pub fn with(self, profile: &Profile) -> Largest {
        self.including(&Columns::of(profile))
    }

    fn including(mut self, new: &Columns) -> Largest {
        if !new.is_finite() {
            self.lost = true;
            return self;
        }
        let Columns { sizes, errors } = &mut self.columns;
        sizes.iter_mut().zip(new.sizes).for_each(|(size, new)| *size = size.max(new));
        errors.iter_mut().zip(new.errors).for_each(|(error, new)| *error = error.max(new));
        self
    }

    /// The largest of [`relative_errors`] of these outputs.
    pub fn error(&self) -> f64 {
        if self.lost { f64::INFINITY } else { self.relative(&self.columns) }
    }

    /// The largest relative error of an output.
    fn relative(&self, output: &Columns) -> f64 {
        match output.is_finite() {
            true => largest_of(output.errors.iter().zip(self.columns.scales()).map(|(e, s)| e / s)),
            false => f64::INFINITY,
        }
    }
}

/// The error estimate of every output: the largest relative error of its profiles, each relative to
/// the largest value of that profile over the run; infinite where a number is not finite.
pub fn relative_errors(profiles: &[Profile]) -> Vec<f64> {
    let columns: Vec<Columns> = profiles.iter().map(Columns::of).collect();
    let largest = columns.iter().fold(Largest::default(), Largest::including);
    columns.iter().map(|output| largest.relative(output)).collect()
}

/// The largest part of the error of every output ([`relative_errors`]); `None` of an output that
/// has no error, or whose parts are not known.
pub fn dominating_sources(profiles: &[Profile]) -> Vec<Option<ErrorSource>> {
    let largest = profiles.iter().fold(Largest::default(), Largest::with);
    let scales = largest.columns.scales();
    profiles.iter().map(|profile| dominating_source(profile, &scales)).collect()
}

/// The same of one output, the error of each column relative to its entry of `scales`.
pub fn dominating_source(profile: &Profile, scales: &[f64; COLUMNS]) -> Option<ErrorSource> {
    let errors = Columns::of(profile).errors;
    let relative = |column: usize| errors[column] / scales[column];
    let worst = (0..errors.len()).max_by(|&a, &b| relative(a).total_cmp(&relative(b)))?;
    if errors[worst] == 0.0 {
        return None;
    }
    // A source may have several parts.
    let mut sums: Vec<(ErrorSource, f64)> = vec![(ErrorSource::Rounding, errors[worst])];
    let general = profile.general.as_ref();
    for (index, (source, part)) in profile.parts.as_ref()?.iter().enumerate() {
        let part = match worst.checked_sub(part.values().len()) {
            None => part.values()[worst],
            Some(more) => general.and_then(|all| all.parts.get(index)).map_or(0.0, |p| p[more]),
        };
        sums[0].1 -= part;
        match sums.iter_mut().find(|(known, _)| known == source) {
            Some((_, sum)) => *sum += part,
            None => sums.push((*source, part)),
        }
    }
    sums.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(source, _)| source)
}

/// The size that the error of each column is measured against: its own, or its natural one where
/// it vanishes.
pub fn scales<const C: usize>(sizes: [f64; C], errors: [f64; C], natural: [f64; C]) -> [f64; C] {
    std::array::from_fn(|column| {
        let zero = sizes[column] <= INDISTINGUISHABLE * errors[column];
        let scale =
            if zero { natural[column] } else { sizes[column].max(VANISHING * natural[column]) };
        if scale > 0.0 { scale } else { 1.0 }
    })
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
