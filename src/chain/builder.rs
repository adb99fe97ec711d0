//! Builds a chain in code. Limits and messages are those of a scenario file.

use super::{ArgumentError, Chain};
use crate::scenario::{
    ChainTable, Coefficient, ForceAt, ForceTable, Harmonic, Scenario, ScenarioError, Thermostat,
    ThermostatAt, Topology,
};

/// A chain in the making: [`Chain::open`] or [`Chain::ring`], then what is attached to it, then
/// [`ChainBuilder::build`]. It is also the family of all such chains: [`ChainBuilder::bonds`] gives
/// the one of another size.
///
/// ```
/// use flipchain::{Chain, Force, Thermostat};
/// let hot = Chain::open(100).left(Thermostat::at(2.0)).right(Thermostat::at(1.0).friction(0.5));
/// let chain = hot.clone().force(Force::constant(2.0)).build()?;
/// assert_eq!((chain.atoms(), chain.flip_rate), (101, 1.0));
/// let refused = hot.flip_rate(-1.0).build().unwrap_err().to_string();
/// assert!(refused.starts_with("chain.flip_rate: found -1.0; allowed:"), "{refused}");
/// # Ok::<(), flipchain::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChainBuilder {
    scenario: Scenario,
}

impl Chain {
    /// An open chain of N `bonds` and N+1 atoms, with γ = 1 and free ends.
    pub fn open(bonds: usize) -> ChainBuilder {
        ChainBuilder::new(Topology::Open, bonds)
    }

    /// A ring of N `bonds` and N atoms, with γ = 1.
    pub fn ring(bonds: usize) -> ChainBuilder {
        ChainBuilder::new(Topology::Ring, bonds)
    }
}

impl ChainBuilder {
    fn new(topology: Topology, bonds: usize) -> ChainBuilder {
        let [flip_rate, mass, spring] = [(); 3].map(|()| Coefficient::from(1.0));
        let pinning = Coefficient::from(0.0);
        let chain = ChainTable { topology, bonds, flip_rate, mass, spring, pinning };
        let (left, right) = Default::default();
        let (thermostat, force) = Default::default();
        let (initial, time) = (None, None);
        let scenario = Scenario { chain, left, right, thermostat, force, initial, time };
        ChainBuilder { scenario }
    }

    /// N.
    pub fn bonds(mut self, bonds: usize) -> ChainBuilder {
        self.scenario.chain.bonds = bonds;
        self
    }

    /// γ, the rate at which each velocity is flipped, ≥ 0; one number for all atoms, or as
    /// [`ChainBuilder::masses`].
    pub fn flip_rate(mut self, flip_rate: impl Into<Coefficient>) -> ChainBuilder {
        self.scenario.chain.flip_rate = flip_rate.into();
        self
    }

    /// m_0 .. m_N: one number for all, an expression in x, an array with one number for each atom,
    /// or a random law.
    ///
    /// ```
    /// use flipchain::{Chain, Coefficient, Thermostat};
    /// let light = Chain::open(100).masses(Coefficient::uniform([0.5, 1.5], 7));
    /// let chain = light.springs(2.0).pinning("1 + x".parse::<flipchain::scenario::Expression>()?);
    /// let chain = chain.thermostat(50, Thermostat::at(1.0)).build()?;
    /// assert!(chain.is_pinned() && chain.coefficients().unwrap().spring[99] == 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn masses(mut self, masses: impl Into<Coefficient>) -> ChainBuilder {
        self.scenario.chain.mass = masses.into();
        self
    }

    /// k_1 .. k_N, as [`ChainBuilder::masses`].
    pub fn springs(mut self, springs: impl Into<Coefficient>) -> ChainBuilder {
        self.scenario.chain.spring = springs.into();
        self
    }

    /// κ_0 .. κ_N ≥ 0, as [`ChainBuilder::masses`]: the energy κ_n q_n²/2.
    pub fn pinning(mut self, pinning: impl Into<Coefficient>) -> ChainBuilder {
        self.scenario.chain.pinning = pinning.into();
        self
    }

    /// A thermostat at any atom.
    pub fn thermostat(mut self, site: usize, thermostat: Thermostat) -> ChainBuilder {
        let Thermostat { temperature, friction } = thermostat;
        self.scenario.thermostat.push(ThermostatAt { site, temperature, friction });
        self
    }

    /// A force on any atom.
    pub fn force_at(mut self, site: usize, force: ForceTable) -> ChainBuilder {
        let ForceTable { mean, period, harmonics } = force;
        self.scenario.force.push(ForceAt { site, mean, period, harmonics });
        self
    }

    /// A thermostat at atom 0.
    pub fn left(mut self, thermostat: Thermostat) -> ChainBuilder {
        self.scenario.left.thermostat = Some(thermostat);
        self
    }

    /// A thermostat at atom N.
    pub fn right(mut self, thermostat: Thermostat) -> ChainBuilder {
        self.scenario.right.thermostat = Some(thermostat);
        self
    }

    /// The force on atom N.
    pub fn force(mut self, force: ForceTable) -> ChainBuilder {
        self.scenario.right.force = Some(force);
        self
    }

    /// The chain, or which value is out of range and what is allowed.
    pub fn build(&self) -> Result<Chain, ArgumentError> {
        Ok(Chain::new(&self.checked()?))
    }

    /// Whether any coefficient is drawn at random.
    pub(crate) fn is_random(&self) -> bool {
        self.scenario.chain.coefficients().into_iter().any(|(_, found)| found.seed().is_some())
    }

    /// The same with other realizations of everything random: all seeds are larger by this.
    pub(crate) fn with_other_seeds(&self, by: u64) -> ChainBuilder {
        let mut other = self.clone();
        let table = &mut other.scenario.chain;
        for coefficient in
            [&mut table.mass, &mut table.spring, &mut table.pinning, &mut table.flip_rate]
        {
            coefficient.add_to_seed(by);
        }
        other
    }

    /// The scenario of this chain, without `[initial]` and `[time]`. It is read from text like any
    /// other, so that the limits are those of the format.
    pub fn checked(&self) -> Result<Scenario, ArgumentError> {
        let refused = |key: &str, reason: String| ArgumentError::of_key(key, reason);
        let text = toml::to_string(&self.scenario).map_err(|e| refused("chain", e.to_string()))?;
        Scenario::from_str_named(&text, "chain", &[]).map_err(|error| match error {
            ScenarioError::Value { key, found, allowed, .. } => {
                refused(&key, format!("found {found}; allowed: {allowed}"))
            }
            other => refused("chain", other.to_string()),
        })
    }
}

impl From<&Scenario> for ChainBuilder {
    /// The chain of a scenario, as a family.
    fn from(scenario: &Scenario) -> ChainBuilder {
        ChainBuilder { scenario: Scenario { initial: None, time: None, ..scenario.clone() } }
    }
}

impl Thermostat {
    /// A thermostat of this temperature ≥ 0, with friction 1.
    pub fn at(temperature: f64) -> Thermostat {
        Thermostat { temperature, friction: 1.0 }
    }

    /// The same with another friction λ > 0.
    pub fn friction(self, friction: f64) -> Thermostat {
        Thermostat { friction, ..self }
    }
}

impl ForceTable {
    /// A constant force F̄.
    pub fn constant(mean: f64) -> ForceTable {
        ForceTable { mean, ..ForceTable::default() }
    }

    /// A force of mean F̄ and period θ > 0 in microscopic time, to which
    /// [`ForceTable::harmonic`] adds its parts.
    pub fn periodic(mean: f64, period: f64) -> ForceTable {
        ForceTable { mean, period: Some(period), ..ForceTable::default() }
    }

    /// The same with N^(-1/2) amplitude cos(order·ω·τ + phase) added, ω = 2π/θ.
    pub fn harmonic(mut self, order: u32, amplitude: f64, phase: f64) -> ForceTable {
        self.harmonics.push(Harmonic { order, amplitude, phase });
        self
    }
}
