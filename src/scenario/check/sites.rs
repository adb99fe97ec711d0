//! Coefficients, thermostats and forces at the sites.

use super::super::coefficient::{Coefficient, CoefficientKey};
use super::super::document::Document;
use super::super::{Harmonic, InitialState, InitialTable, Scenario, ScenarioError, Topology};
use crate::scenario::ChainTable;
use std::path::Path;

/// Thermostats and forces are at atoms of the chain, one each, and forces have one period.
pub(super) fn sites(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    let (bonds, ring) = (scenario.chain.bonds, scenario.chain.topology == Topology::Ring);
    let last = if ring { bonds - 1 } else { bonds };
    let table = |name: &str, at: usize, site: usize, others: &[usize]| {
        let key = format!("{name}[{at}].site");
        if site > last {
            let allowed = format!("an atom from 0 to {last}");
            return Err(document.refuse(&key, site.to_string(), allowed));
        }
        if others.contains(&site) {
            let found = format!("a second {name} at site {site}");
            return Err(document.refuse(&key, found, format!("one {name} for each atom")));
        }
        Ok(())
    };
    let end = |there: bool, site: usize| there.then_some(site);
    let mut known: Vec<usize> = [
        end(scenario.left.thermostat.is_some(), 0),
        end(scenario.right.thermostat.is_some(), bonds),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (at, thermostat) in scenario.thermostat.iter().enumerate() {
        table("thermostat", at, thermostat.site, &known)?;
        known.push(thermostat.site);
    }
    let mut known: Vec<usize> = end(scenario.right.force.is_some(), bonds).into_iter().collect();
    let mut period = scenario.right.force.as_ref().and_then(|force| force.period);
    for (at, force) in scenario.force.iter().enumerate() {
        table("force", at, force.site, &known)?;
        known.push(force.site);
        one_period(&force.harmonics, force.period, &mut period).map_err(|(found, allowed)| {
            document.refuse(&format!("force[{at}].period"), found, allowed)
        })?;
    }
    Ok(())
}

fn one_period(
    harmonics: &[Harmonic],
    own: Option<f64>,
    common: &mut Option<f64>,
) -> Result<(), (String, String)> {
    match (own, *common) {
        (None, _) if !harmonics.is_empty() => Err((
            "harmonics without a period".into(),
            "a finite number > 0, the period 2π/ω in microscopic time, whenever there are harmonics"
                .into(),
        )),
        (Some(own), Some(common)) if own != common => Err((
            format!("{own:?} beside a force of period {common:?}"),
            "one period for all forces".into(),
        )),
        (own, common_before) => {
            *common = own.or(common_before);
            Ok(())
        }
    }
}

/// Tables of coefficients say one thing.
pub(super) fn coefficients(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    for (key, coefficient) in scenario.chain.coefficients() {
        let name = format!("chain.{}", key.name());
        let Coefficient::Table(table) = coefficient else { continue };
        let given = [
            ("file", table.file.is_some()),
            ("uniform", table.uniform.is_some()),
            ("normal", table.normal.is_some()),
            ("choose", table.choose.is_some()),
        ];
        let laws: Vec<&str> =
            given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        let one = "exactly one of file, uniform, normal and choose";
        let random = table.file.is_none();
        match &laws[..] {
            [] => return Err(document.refuse(&name, "a table without a law", one)),
            [_] => {}
            [first, second, ..] => {
                return Err(document.refuse(&name, format!("{first} beside {second}"), one));
            }
        }
        if random != table.seed.is_some() {
            let [found, allowed] = if random {
                [format!("{} without a seed", laws[0]), "a seed, an integer ≥ 0".into()]
            } else {
                ["a seed beside a file".into(), "a seed beside a random law".into()]
            };
            return Err(document.refuse(&format!("{name}.seed"), found, allowed));
        }
        if let Some(ends) = &table.uniform
            && ends[0] > ends[1]
        {
            let found = format!("[{:?}, {:?}]", ends[0], ends[1]);
            return Err(document.refuse(
                &format!("{name}.uniform"),
                found,
                "the smaller one first",
            ));
        }
        if let Some(law) = &table.normal
            && law[1] < 0.0
        {
            let found = format!("the standard deviation {:?}", law[1]);
            return Err(document.refuse(&format!("{name}.normal"), found, "one ≥ 0"));
        }
    }
    Ok(())
}

/// Every coefficient has one value a site, within its range. O(N), nothing for constants.
pub(super) fn values(scenario: &Scenario, document: &Document) -> Result<(), ScenarioError> {
    let bonds = scenario.chain.bonds;
    for (key, coefficient) in scenario.chain.coefficients() {
        let name = format!("chain.{}", key.name());
        let [least, most] = key.range();
        let (first, count) = scenario.chain.sites(key);
        if let Some(found) = coefficient.len()
            && found != count
        {
            let sites = match (key, scenario.chain.topology) {
                (CoefficientKey::Spring, Topology::Open) => "bonds 1 to N",
                (CoefficientKey::Spring, Topology::Ring) => "bonds 0 to N-1",
                (_, Topology::Open) => "atoms 0 to N",
                (_, Topology::Ring) => "atoms 0 to N-1",
            };
            let allowed = format!("{count}, one for each of the {sites}");
            return Err(document.refuse(&name, format!("{found} values"), allowed));
        }
        let outside = |value: &f64| !(least..=most).contains(value);
        let found = match coefficient.constant() {
            Some(value) => outside(&value).then_some((first, value)),
            None => {
                let value = |index: usize| coefficient.at(key, first, index, bonds);
                let at = (0..count).find(|&index| outside(&value(index)));
                at.map(|index| (first + index, value(index)))
            }
        };
        if let Some((site, value)) = found {
            return Err(document.refuse(
                &name,
                format!("{value:?} at site {site}"),
                format!("a number from {least} to {most} at every site"),
            ));
        }
    }
    Ok(())
}

/// A pinned chain has displacements, others elongations.
pub(super) fn initial_of_pinned(
    scenario: &Scenario,
    initial: &InitialTable,
    document: &Document,
) -> Result<(), ScenarioError> {
    let refuse = |key: &str, found: String, allowed: &str| {
        Err(document.refuse(&format!("initial.{key}"), found, allowed))
    };
    if !scenario.chain.is_pinned() {
        let only = [
            ("displacement", initial.displacement.is_some(), "elongation"),
            ("var_q", initial.var_q.is_some(), "var_r"),
        ];
        return match only.into_iter().find(|(_, given, _)| *given) {
            Some((key, _, other)) => {
                refuse(key, format!("{key} without pinning"), &format!("{other}, E r_n or Var r_n"))
            }
            None => Ok(()),
        };
    }
    if initial.elongation.source() != "0" {
        let found = "elongation on a pinned chain".into();
        return refuse("elongation", found, "displacement, E q_n, on a pinned chain");
    }
    if initial.var_r.is_some() || initial.tension.is_some() {
        let key = if initial.var_r.is_some() { "var_r" } else { "tension" };
        let allowed = "var_q and var_p, or temperature with state = \"gibbs\", on a pinned chain";
        return refuse(key, format!("{key} on a pinned chain"), allowed);
    }
    let gibbs = initial.state == Some(InitialState::Gibbs);
    if !gibbs && initial.var_q.is_none() && initial.covariance.is_none() {
        return refuse(
            "temperature",
            "a temperature alone on a pinned chain, where the displacements are correlated".into(),
            "state = \"gibbs\" beside temperature, var_q and var_p, or a covariance",
        );
    }
    if gibbs && !initial.temperature.is_constant() {
        let positive = |x: f64| initial.temperature.eval(x) > 0.0;
        if let Some(x) = scenario.momentum_positions().find(|&x| !positive(x)) {
            let found = format!("a temperature of {:?} at x = {x:?}", initial.temperature.eval(x));
            let allowed = "one > 0 everywhere in a Gibbs state whose temperature varies";
            return refuse("temperature", found, allowed);
        }
    }
    Ok(())
}

impl ChainTable {
    /// The coefficients and their keys.
    pub fn coefficients(&self) -> [(CoefficientKey, &Coefficient); 4] {
        CoefficientKey::ALL.map(|key| (key, self.coefficient(key)))
    }

    fn coefficient(&self, key: CoefficientKey) -> &Coefficient {
        match key {
            CoefficientKey::Mass => &self.mass,
            CoefficientKey::Spring => &self.spring,
            CoefficientKey::Pinning => &self.pinning,
            CoefficientKey::FlipRate => &self.flip_rate,
        }
    }

    /// The first site of a coefficient, and how many there are.
    pub fn sites(&self, key: CoefficientKey) -> (usize, usize) {
        match (key, self.topology) {
            (CoefficientKey::Spring, Topology::Open) => (1, self.bonds),
            (_, Topology::Open) => (0, self.bonds + 1),
            (_, Topology::Ring) => (0, self.bonds),
        }
    }

    /// The values of a coefficient, one for each site. O(N).
    pub fn values(&self, key: CoefficientKey) -> Vec<f64> {
        self.values_of(key).collect()
    }

    fn values_of(&self, key: CoefficientKey) -> impl Iterator<Item = f64> {
        let ((first, count), coefficient) = (self.sites(key), self.coefficient(key));
        (0..count).map(move |index| coefficient.at(key, first, index, self.bonds))
    }

    /// Whether any atom is pinned. O(N) where the pinning depends on the site.
    pub fn is_pinned(&self) -> bool {
        match self.pinning.constant() {
            Some(value) => value > 0.0,
            None => self.values_of(CoefficientKey::Pinning).any(|value| value > 0.0),
        }
    }

    /// The files that coefficients come from.
    pub(in crate::scenario) fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let all = [&mut self.mass, &mut self.spring, &mut self.pinning, &mut self.flip_rate];
        all.into_iter().filter_map(|coefficient| match coefficient {
            Coefficient::Table(table) => table.file.as_mut(),
            _ => None,
        })
    }

    /// Reads the files of coefficients, found in `folder`.
    pub(in crate::scenario) fn read_files(
        &mut self,
        document: &Document,
        folder: &Path,
    ) -> Result<(), ScenarioError> {
        let all = [&mut self.mass, &mut self.spring, &mut self.pinning, &mut self.flip_rate];
        for (key, coefficient) in CoefficientKey::ALL.into_iter().zip(all) {
            let Coefficient::Table(table) = coefficient else { continue };
            let written = table.file.clone().unwrap_or_default();
            table.read_file(folder).map_err(|reason| {
                let key = format!("chain.{}.file", key.name());
                document.refuse(&key, format!("{written:?}: {reason}"), "a readable file .npy")
            })?;
        }
        Ok(())
    }
}
