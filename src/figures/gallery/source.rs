//! The source of a figure's numbers: its scenario of data/gallery with what the user set, and lists
//! of values where the figure varies a key.

use super::{GalleryError, SCENARIOS};
use crate::chain::{Chain, InitialLaw};
use crate::figures::Parameters;
use crate::limit::{Evolution, Problem};
use crate::scenario::Scenario;

/// The keys that some figure varies, for which the user may give a list. Of other keys a list is
/// the value, such as the ends of a random law.
const VARIED: [&str; 5] =
    ["chain.bonds", "chain.flip_rate", "chain.pinning", "right.force.mean", "time.outputs"];

/// A scenario of the gallery and what the user set.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The figure.
    pub figure: &'static str,
    /// File name in data/gallery without extension; empty for a figure without scenario.
    pub scenario: &'static str,
    /// Keys with values, as the user gave them: KEY=VALUE.
    pub overrides: &'a [String],
}

impl Source<'_> {
    /// The scenario, with what the user set, then with what the figure varies.
    pub(super) fn scenario(&self, varied: &[String]) -> Result<Scenario, GalleryError> {
        let text = SCENARIOS.iter().find(|s| s.0 == self.scenario).map_or("", |s| s.1);
        let is_varied = |set: &&String| {
            let key = |text: &str| text.split('=').next().unwrap_or_default().trim().to_owned();
            !varied.iter().any(|other| key(other) == key(set))
        };
        let kept = self.overrides.iter().filter(is_varied).chain(varied).cloned();
        let name = format!("data/gallery/{}.toml", self.scenario);
        Ok(Scenario::from_str_named(text, &name, &kept.collect::<Vec<_>>())?)
    }

    /// The same with its chain and its initial law.
    pub(super) fn law(
        &self,
        varied: &[String],
    ) -> Result<(Scenario, Chain, InitialLaw), GalleryError> {
        let scenario = self.scenario(varied)?;
        let (chain, law) = (Chain::new(&scenario), InitialLaw::read(&scenario)?);
        Ok((scenario, chain, law))
    }

    /// The chain alone.
    pub(super) fn chain(&self, varied: &[String]) -> Result<Chain, GalleryError> {
        Ok(Chain::new(&self.scenario(varied)?))
    }

    /// The chain between two thermostats under a constant force, with T_- and T_+: what closed
    /// forms are known for.
    pub(super) fn pulled(&self, varied: &[String]) -> Result<(Chain, [f64; 2]), GalleryError> {
        let chain = self.chain(varied)?;
        let open = chain.left.is_some() && chain.right.is_some();
        if !open || !chain.force.harmonics.is_empty() || chain.flip_rate == 0.0 {
            return Err(self.refused("thermostats at both ends, a constant force and flips"));
        }
        let temperature = chain.temperature();
        Ok((chain, temperature))
    }

    /// The macroscopic equations of a scenario at times t.
    pub(super) fn limit(
        &self,
        scenario: &Scenario,
        chain: &Chain,
        times: &[f64],
    ) -> Result<Evolution, GalleryError> {
        let evolved = Problem::new(scenario, chain)?.evolve(times)?;
        evolved.ok_or_else(|| self.refused("an [initial] law"))
    }

    /// The parameters of a panel's data, for the comments of the CSV.
    pub(super) fn parameters(&self) -> Result<Parameters, GalleryError> {
        // A list, of what a panel varies, is no value of the scenario; the panel names its own.
        let single = |set: &&String| {
            let (key, value) = set.split_once('=').unwrap_or_default();
            !VARIED.contains(&key.trim()) || !value.trim().starts_with('[')
        };
        let overrides: Vec<String> = self.overrides.iter().filter(single).cloned().collect();
        let scenario = Source { overrides: &overrides, ..*self }.scenario(&[])?;
        Ok(Parameters::of_scenario(&scenario))
    }

    /// The values of a key that the figure varies: a number or a list where the user set it, else
    /// the figure's own.
    pub(super) fn values(&self, key: &str, own: &[f64]) -> Result<Vec<f64>, GalleryError> {
        let set = self.overrides.iter().rev().find_map(|text| {
            let (name, value) = text.split_once('=')?;
            (name.trim() == key).then_some(value)
        });
        let Some(text) = set else { return Ok(own.to_vec()) };
        let number = |value: &toml::Value| {
            value.as_float().or(value.as_integer().map(|i| i as f64)).filter(|v| v.is_finite())
        };
        let table: Option<toml::Table> = format!("values = {text}").parse().ok();
        let values = match table.as_ref().and_then(|table| table.get("values")) {
            Some(toml::Value::Array(all)) => all.iter().map(number).collect::<Option<Vec<f64>>>(),
            Some(one) => number(one).map(|v| vec![v]),
            None => None,
        };
        values.filter(|values| !values.is_empty() && values.len() <= 12).ok_or_else(|| {
            GalleryError::Setting(format!(
                "figures {}: --set {key}: found \"{text}\"; allowed: a number, or a list of at \
                 most 12 numbers such as [0.5, 1, 2], one curve each",
                self.figure
            ))
        })
    }

    /// Whether the user set a key to a list.
    pub(super) fn is_list(&self, key: &str) -> bool {
        let of_key = |text: &&String| text.split('=').next().is_some_and(|k| k.trim() == key);
        self.overrides.iter().rev().find(of_key).is_some_and(|text| text.contains('['))
    }

    /// The sizes N that the figure varies.
    pub(super) fn sizes(&self, own: &[usize]) -> Result<Vec<usize>, GalleryError> {
        let own: Vec<f64> = own.iter().map(|n| *n as f64).collect();
        let values = self.values("chain.bonds", &own)?;
        if let Some(bad) = values.iter().find(|n| n.fract() != 0.0 || **n < 1.0 || **n > 1e9) {
            return Err(GalleryError::Setting(format!(
                "figures {}: --set chain.bonds: found {bad}; allowed: whole numbers ≥ 1",
                self.figure
            )));
        }
        Ok(values.into_iter().map(|n| n as usize).collect())
    }

    /// Why a figure cannot be drawn of what the user set.
    pub(super) fn refused(&self, needs: &str) -> GalleryError {
        GalleryError::Setting(format!("figures {}: this figure needs {needs}", self.figure))
    }
}

/// A key with a value, as an override.
pub(super) fn set(key: &str, value: f64) -> String {
    format!("{key}={value:?}")
}

/// A number of bonds, as an override.
pub(super) fn bonds(n: usize) -> String {
    format!("chain.bonds={n}")
}
