//! Correlations at two times, computed together with a stationary state.

use super::describe::counted;
use super::{Error, Options};
use crate::chain::{Chain, InitialLaw};
use crate::correlations::{self, Coordinate, Correlation, Vectors};
use crate::cost::Cost;
use crate::general::Model;
use crate::general::law::uniform_temperature;
use crate::general::line::Line;
use crate::general::mean::forces_of;
use crate::general::stationary::Stationary;
use crate::monitor::Monitor;
use crate::numerics::vector::largest_of;
use crate::observe::digits::digits;
use crate::output::{
    CorrelationsFile, OutputError, RunDirectory, write_correlations_npz, write_spectrum_npz,
};
use crate::scenario::Topology;
use serde_json::{Value, json};

/// The correlations to compute in the long run: Cov(z(t+s), z_j(t)) for coordinates j and lags s.
///
/// ```
/// use flipchain::{Chain, Options, Thermostat, TwoTime, steady};
/// let chain = Chain::open(50).left(Thermostat::at(2.0)).right(Thermostat::at(1.0)).build()?;
/// let asked = TwoTime { of: vec!["p:25".parse()?], lags: vec![0.0, 1.0], ..TwoTime::default() };
/// let options = Options { two_time: Some(asked), ..Options::default() };
/// let run = steady(&chain, None, &options)?;
/// let found = &run.correlations().unwrap().covariances[0].at_lags;
/// // At lag 0 the variance of p_25, coordinate 50 + 25.
/// let variance = run.at(0).var_p();
/// assert!((found.values[0][75] - variance.values[25]).abs() < found.errors[0] + variance.error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TwoTime {
    /// j
    pub of: Vec<Coordinate>,
    /// s ≥ 0, ascending, microscopic.
    pub lags: Vec<f64>,
    /// Whether to correlate the energies of the sites of `of` too, in the Gibbs state at the
    /// thermostats' common temperature or, without any, at that of the initial law.
    pub energy: bool,
    /// The frequencies ω of power spectra, ascending.
    pub frequencies: Vec<f64>,
    /// The phase in \[0, 1) of a periodic force at time t.
    pub phase: f64,
}

/// Correlations at two times in the long run, without the profiles: what [`Options::two_time`] adds
/// to [`steady`](super::steady). Cost: O(N) for each coordinate and node of a quadrature, and for
/// each coordinate and unit of lag. Errors are in the answer.
pub fn correlations(
    chain: &Chain,
    law: Option<&InitialLaw>,
    asked: TwoTime,
    options: &Options,
) -> Result<Correlations, Error> {
    asked.check(chain, law)?;
    asked.solve(chain, law, None, options.tolerance, &options.monitor)
}

/// The correlations that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlations {
    /// The question.
    pub asked: TwoTime,
    /// Cov(z(t+s), z_j(t)), z in the theory's order r, p; one for each coordinate j.
    pub covariances: Vec<Correlation>,
    /// Cov(e_n(s), e_m(0)), one for each coordinate j, m its site; empty where it was not asked
    /// for.
    pub energies: Vec<Vectors>,
    /// S_j(ω) = 2 Re[(iω - B)⁻¹ C e_j], one for each coordinate j; empty where it was not asked
    /// for.
    pub spectra: Vec<Vectors>,
}

impl TwoTime {
    pub(super) fn check(&self, chain: &Chain, law: Option<&InitialLaw>) -> Result<(), Error> {
        if chain.topology == Topology::Ring && chain.coefficients().is_some() {
            let reason = "found a ring whose coefficients depend on the site; \
                          allowed: an open chain, or a ring of equal atoms";
            return Err(Error::argument("of", reason));
        }
        if self.of.is_empty() {
            let allowed = Coordinate::allowed(chain);
            return Err(Error::argument("of", format!("found none; allowed: {allowed}")));
        }
        if let Some(missing) = self.of.iter().find(|c| c.index(chain).is_none()) {
            let allowed = Coordinate::allowed(chain);
            return Err(Error::argument("of", format!("found {missing}; allowed: {allowed}")));
        }
        ascending("lags", &self.lags, 0.0)?;
        ascending("spectrum", &self.frequencies, 0.0)?;
        if self.lags.is_empty() && self.frequencies.is_empty() {
            let reason = "found none; allowed: lags ≥ 0, or frequencies for a spectrum";
            return Err(Error::argument("lags", reason));
        }
        if !(0.0..1.0).contains(&self.phase) {
            let reason = format!("found {}; allowed: a phase in [0, 1)", self.phase);
            return Err(Error::argument("phase", reason));
        }
        if self.energy {
            gibbs_temperature(chain, law)?;
        }
        Ok(())
    }

    /// Everything that the result depends on.
    pub(super) fn request(&self) -> Value {
        json!({
            "of": self.of.iter().map(Coordinate::to_string).collect::<Vec<_>>(),
            "lags": self.lags,
            "energy": self.energy,
            "spectrum": self.frequencies,
            "phase": self.phase,
        })
    }

    /// Memory and time: the vectors that are kept, the columns, and the propagation by steps.
    pub(super) fn cost(&self, chain: &Chain) -> Cost {
        let (n, of) = (chain.coordinates() as f64, self.of.len() as f64);
        let kept = of * (self.lags.len() + self.frequencies.len()) as f64 * n;
        let last = self.lags.last().copied().unwrap_or(0.0);
        let (rate, norm, nodes) = match chain.coefficients() {
            None => {
                let rate = chain.flip_rate;
                (rate, 2.0 + 2.0 * rate, 100.0 + 12.0 / rate.max(1e-4))
            }
            Some(_) => {
                let model = Model::new(chain);
                let norm = Line::new(&model).norm();
                (model.least_damping(), norm, 800.0 + 150.0 * n.log2())
            }
        };
        let applications = 11.0 * (60.0 / rate).min(last) * norm;
        let spectra = 100e-9 * n * self.frequencies.len() as f64;
        let late = 4e-6 * n * self.lags.len() as f64;
        let seconds = of * (n * (80e-9 * nodes + 1.5e-9 * applications) + spectra + late);
        Cost { bytes: 10.0 * kept + 500.0 * n, seconds }
    }

    /// Computes it. `known` is the state in the long run of a chain with coefficients.
    pub(super) fn solve(
        self,
        chain: &Chain,
        law: Option<&InitialLaw>,
        known: Option<&Stationary>,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Correlations, Error> {
        let first = monitor.part(0.0, 0.3);
        let columns = correlations::columns(chain, law, known, self.phase, &self.of, &first)?;
        let covariances = match self.lags.is_empty() {
            true => Vec::new(),
            false => columns.at_lags(&self.lags, &monitor.part(0.3, 0.6))?,
        };
        let energies = match self.energy {
            true => self.energies(chain, law, tolerance, &monitor.part(0.6, 1.0))?,
            false => Vec::new(),
        };
        let spectra = match self.frequencies.is_empty() {
            true => Vec::new(),
            false => columns.spectra(&self.frequencies)?,
        };
        Ok(Correlations { asked: self, covariances, energies, spectra })
    }

    /// The energies' structure functions, one for each coordinate.
    fn energies(
        &self,
        chain: &Chain,
        law: Option<&InitialLaw>,
        tolerance: f64,
        monitor: &Monitor,
    ) -> Result<Vec<Vectors>, Error> {
        let temperature = gibbs_temperature(chain, law)?;
        // Only a ring stays stretched.
        let elongation = match chain.topology {
            Topology::Open => 0.0,
            Topology::Ring => law.map_or(0.0, |law| mean(&law.mean_r)),
        };
        let share = |k: usize| k as f64 / self.of.len() as f64;
        let mut found = Vec::with_capacity(self.of.len());
        for (k, coordinate) in self.of.iter().enumerate() {
            found.push(correlations::energy::energy(
                chain,
                temperature,
                elongation,
                coordinate.site(),
                &self.lags,
                tolerance,
                &monitor.part(share(k), share(k + 1)),
            )?);
        }
        Ok(found)
    }
}

/// The temperature of the Gibbs state: that of the thermostats, if they agree, or of the law.
fn gibbs_temperature(chain: &Chain, law: Option<&InitialLaw>) -> Result<f64, Error> {
    let refuse = |found: String| {
        let allowed = "equilibrium: no force, and thermostats of one temperature or, without any, \
                       an initial law of one temperature";
        Err(Error::argument("energy", format!("found {found}; allowed: {allowed}")))
    };
    if !forces_of(chain).is_empty() {
        return refuse("a force".into());
    }
    let thermostats: Vec<f64> = match chain.coefficients() {
        Some(all) => all.thermostats.iter().map(|(_, t)| t.temperature).collect(),
        None => [chain.left, chain.right].into_iter().flatten().map(|t| t.temperature).collect(),
    };
    match (&thermostats[..], law) {
        ([first, rest @ ..], _) => match rest.iter().find(|t| *t != first) {
            Some(other) => refuse(format!("thermostats at {first} and {other}")),
            None => Ok(*first),
        },
        ([], Some(law)) if chain.coefficients().is_some() => {
            match uniform_temperature(&Model::new(chain), law) {
                Some(temperature) => Ok(temperature),
                None => refuse("an initial law that is no Gibbs law of one temperature".into()),
            }
        }
        ([], Some(law)) if law.var_p.iter().all(|v| *v == law.var_p[0]) => Ok(law.var_p[0]),
        ([], _) => refuse("an initial law of several temperatures".into()),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn ascending(argument: &str, values: &[f64], least: f64) -> Result<(), Error> {
    let bad = values.iter().any(|x| !(x.is_finite() && *x >= least))
        || values.windows(2).any(|pair| pair[0] >= pair[1]);
    match bad {
        true => {
            let reason = format!("found {values:?}; allowed: ascending numbers ≥ {least}");
            Err(Error::argument(argument, reason))
        }
        false => Ok(()),
    }
}

impl Correlations {
    /// The findings in lines: of every coordinate its correlation with itself at the first and the
    /// last lag, and the largest value of its power spectrum, each with the largest error.
    pub(super) fn sentence(&self, chain: &Chain) -> String {
        let (lags, frequencies) = (&self.asked.lags, &self.asked.frequencies);
        let over = |count: &str, values: &[f64]| match values {
            [first, .., last] => format!("{count}, {} to {}", digits(*first, 4), digits(*last, 4)),
            values => format!("{count}, {}", values.first().map_or("".into(), |v| digits(*v, 4))),
        };
        let decay = |name: &str, values: &Vectors, entry: usize| {
            let at = |lag: usize| {
                let (value, lag) = (values.values[lag][entry], lags[lag]);
                format!("{} at lag {}", digits(value, 6), digits(lag, 4))
            };
            let last = if lags.len() > 1 { format!(", {}", at(lags.len() - 1)) } else { "".into() };
            let error = largest_of(values.errors.iter().copied());
            format!("  {name} with itself: {}{last}; errors ≤ {error:.1e}\n", at(0))
        };
        let mut said = String::new();
        if !lags.is_empty() {
            let what =
                if self.asked.energy { "correlations, also of energies" } else { "correlations" };
            said += &format!("{what}, at {}\n", over(&counted(lags.len(), "lag"), lags));
        }
        for found in &self.covariances {
            let index = found.of.index(chain).expect("it was looked up before");
            said += &decay(&found.of.to_string(), &found.at_lags, index);
        }
        for (of, energies) in self.asked.of.iter().zip(&self.energies) {
            said += &decay(&format!("energy of site {}", of.site()), energies, of.site());
        }
        if !frequencies.is_empty() {
            let count = counted(frequencies.len(), "frequency");
            said += &format!("power spectra, at {}\n", over(&count, frequencies));
        }
        for (of, spectrum) in self.asked.of.iter().zip(&self.spectra) {
            let index = of.index(chain).expect("it was looked up before");
            let values = spectrum.values.iter().map(|vector| vector[index]).zip(frequencies);
            let Some((most, at)) = values.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            let error = largest_of(spectrum.errors.iter().copied());
            let (most, at) = (digits(most, 6), digits(*at, 4));
            said += &format!("  {of}: largest {most} at ω = {at}; errors ≤ {error:.1e}\n");
        }
        said
    }

    pub(super) fn write(
        &self,
        directory: &RunDirectory,
        coordinates: Vec<String>,
    ) -> Result<(), OutputError> {
        let of = || self.asked.of.iter().map(Coordinate::to_string).collect::<Vec<_>>();
        if !self.asked.lags.is_empty() {
            let covariances = self.covariances.iter().map(|c| &c.at_lags).collect();
            let energies = self.energies.iter().collect();
            let (lags, of) = (&self.asked.lags[..], of());
            let coordinates = coordinates.clone();
            let file = CorrelationsFile { lags, of, coordinates, covariances, energies };
            write_correlations_npz(directory, &file)?;
        }
        if !self.asked.frequencies.is_empty() {
            let frequencies = &self.asked.frequencies;
            write_spectrum_npz(directory, frequencies, of(), coordinates, &self.spectra)?;
        }
        Ok(())
    }
}
