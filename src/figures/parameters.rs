//! The parameters that the data of a panel were computed from, in plain words for the comments of
//! the CSV and with markup for the line above a run's figure.

use super::label::COMMA;
use crate::chain::{Chain, Coefficients};
use crate::scenario::{Coefficient, InitialTable, Scenario, Thermostat, Topology};
use std::f64::consts::PI;
use std::fmt;

/// Names and values, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters of a chain: topology, N, gamma, the force and the ends.
    pub fn of_chain(chain: &Chain) -> Parameters {
        let open = chain.topology == Topology::Open;
        let mut all = Parameters::default()
            .with("topology", if open { "open" } else { "ring" })
            .with("N", chain.bonds)
            .with("gamma", number(chain.flip_rate));
        if !open {
            return all;
        }
        all = all.with("mean force F", number(chain.force.mean));
        if !chain.force.harmonics.is_empty() {
            all = all.with("omega", number(chain.force.frequency.hi)).with(
                "harmonics of the force",
                list(chain.force.harmonics.iter().map(|(order, amplitude)| {
                    let (size, phase) = (amplitude_of(chain, amplitude.norm()), amplitude.arg());
                    let size = number(size);
                    format!("order {order} amplitude {size} times N^(-1/2) phase {}", number(phase))
                })),
            );
        }
        let (friction, temperature) = (chain.friction(), chain.temperature());
        let ends = [("left end", &chain.left), ("right end", &chain.right)];
        for (index, (name, end)) in ends.into_iter().enumerate() {
            let says = if end.is_some() {
                let (t, f) = (number(temperature[index]), number(friction[index]));
                format!("temperature {t} friction {f}")
            } else {
                "free".into()
            };
            all = all.with(name, says);
        }
        let Some(general) = chain.coefficients() else { return all };
        all = all.with("gamma", spread(&general.flip_rate, number, "to"));
        for (name, values) in
            [("mass", &general.mass), ("spring", &general.spring), ("pinning", &general.pinning)]
        {
            all = all.with(name, spread(values, number, "to"));
        }
        for (site, thermostat) in inner(chain, general) {
            let (t, f) = (number(thermostat.temperature), number(thermostat.friction));
            let says = format!("temperature {t} friction {f}");
            all = all.with(&format!("thermostat at {site}"), says);
        }
        for force in general.forces.iter().filter(|force| force.site != chain.bonds) {
            let also = if force.harmonics.is_empty() { "" } else { " and oscillating" };
            all = all.with(&format!("force at {}", force.site), number(force.mean) + also);
        }
        all
    }

    /// The parameters of a scenario: the chain's and the initial law.
    pub fn of_scenario(scenario: &Scenario) -> Parameters {
        let table = &scenario.chain;
        let all_laws = [
            ("gamma", &table.flip_rate),
            ("mass", &table.mass),
            ("spring", &table.spring),
            ("pinning", &table.pinning),
        ];
        let of_chain = Parameters::of_chain(&Chain::new(scenario));
        let named = all_laws.into_iter().filter_map(|(name, of)| Some((name, law(of)?)));
        let all = named.fold(of_chain, |all, (name, law)| all.with(name, law));
        all.started_from(scenario.initial.as_ref())
    }

    /// The same with the initial law.
    pub fn started_from(self, initial: Option<&InitialTable>) -> Parameters {
        let of_law = written(initial).into_iter();
        of_law.fold(self, |all, (key, value)| all.with(&format!("initial {key}"), value))
    }

    /// The same with one more, or another value of one that is there.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Parameters {
        let value = value.to_string();
        match self.0.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name.into(), value)),
        }
        self
    }

    /// The same without one, where a panel varies it under another name.
    pub fn without(mut self, name: &str) -> Parameters {
        self.0.retain(|known| known.0 != name);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.iter().map(|(name, value)| format!("{name} = {value}"));
        f.write_str(&all.collect::<Vec<_>>().join("; "))
    }
}

/// The keys of an initial law and what a scenario says of them.
pub(super) fn written(initial: Option<&InitialTable>) -> Vec<(String, String)> {
    let says = serde_json::to_value(initial).unwrap_or_default();
    let of_law = says.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let text = |value: &serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
    of_law.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The initial law in a line with markup; means that are 0 are left out. Empty without a law.
pub(super) fn heading_of_law(initial: Option<&InitialTable>) -> String {
    let symbol = |key: &str| match key {
        "elongation" => "*r\u{304}*".into(),
        "displacement" => "*q\u{304}*".into(),
        "momentum" => "*p\u{304}*".into(),
        "temperature" => "*T*".into(),
        "var_r" => "Var *r*".into(),
        "var_p" => "Var *p*".into(),
        "var_q" => "Var *q*".into(),
        other => other.to_owned(),
    };
    let is_mean = |key: &str| ["elongation", "displacement", "momentum", "tension"].contains(&key);
    let parts: Vec<String> = written(initial)
        .into_iter()
        .filter(|(key, value)| !(is_mean(key) && ["0", "0.0"].contains(&value.as_str())))
        .map(|(key, value)| match key.as_str() {
            "state" => format!("the {} state", value.replace("gibbs", "Gibbs")),
            "covariance" => format!("the covariance in {}", shown(&value)),
            key => format!("{} = {}", symbol(key), shown(&value)),
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!("from {}", parts.join(COMMA)) }
}

/// The two lines above a figure, of their parts; empty ones are left out.
pub(super) fn lines(lines: [Vec<String>; 2]) -> String {
    let join = |parts: Vec<String>, between: &str| {
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
    };
    join(lines.map(|parts| join(parts, COMMA)).into(), "\n")
}

/// An expression as a label: signs that are markup are replaced, a long one is cut.
fn shown(text: &str) -> String {
    /// Longer ones would fill a line.
    const LETTERS: usize = 48;
    if text.starts_with('[') {
        return "given values".into();
    }
    let signs = text.replace(" * ", "·").replace('*', "·").replace('-', "−");
    let signs = signs.replace("^{", "^ {").replace("_{", "_ {").replace(COMMA, ", ");
    match signs.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &signs[..end]),
        None => signs,
    }
}

/// The chain in a line with markup, as it stands above the figure of a run; without N where that is
/// varied.
pub(super) fn heading(chain: &Chain, with_size: bool) -> String {
    heading_without(chain, if with_size { &[] } else { &["chain.bonds"] })
}

/// The same of the macroscopic equations.
pub(super) fn heading_of_limit(chain: &Chain) -> String {
    heading(chain, false).replacen(COMMA, &format!("{COMMA}*N* → ∞{COMMA}"), 1)
}

/// The same without the keys of the scenario that vary.
pub(super) fn heading_without(chain: &Chain, varied: &[&str]) -> String {
    let short = |x: f64| super::label::number(x);
    let fixed = |key: &str| !varied.contains(&key);
    let mut parts =
        vec![if chain.topology == Topology::Open { "chain" } else { "ring" }.to_owned()];
    if fixed("chain.bonds") {
        parts.push(format!("*N* = {}", chain.bonds));
    }
    let general = chain.coefficients();
    if fixed("chain.flip_rate") {
        let rates = general.map_or(vec![chain.flip_rate], |general| general.flip_rate.clone());
        parts.push(format!("*γ* = {}", spread(&rates, short, "…")));
    }
    if let Some(general) = general {
        let all = [("m", "mass", 1.0), ("k", "spring", 1.0), ("κ", "pinning", 0.0)];
        let values = [&general.mass, &general.spring, &general.pinning];
        for ((letter, key, usual), values) in all.into_iter().zip(values) {
            let varies = varied.iter().any(|v| v.starts_with(&format!("chain.{key}")));
            if !varies && values.iter().any(|value| *value != usual) {
                parts.push(format!("*{letter}* = {}", spread(values, short, "…")));
            }
        }
    }
    if chain.topology == Topology::Open {
        let (friction, temperature) = (chain.friction(), chain.temperature());
        let ends = [("−", "left", &chain.left), ("+", "right", &chain.right)];
        for (index, (sign, side, end)) in ends.into_iter().enumerate() {
            let temperature = short(temperature[index]);
            let temperature = format!("*T*_{{{sign}}} = {temperature}");
            let hidden = [!fixed(&format!("{side}.thermostat.friction")), friction[index] == 1.0];
            let damping = match hidden {
                [false, false] => format!("friction {}", short(friction[index])),
                _ => String::new(),
            };
            let warm = fixed(&format!("{side}.thermostat.temperature"));
            parts.push(match end {
                None => format!("{side} end free"),
                Some(_) if !warm && damping.is_empty() => String::new(),
                Some(_) if !warm => format!("{side} {damping}"),
                Some(_) if damping.is_empty() => temperature,
                Some(_) => format!("{temperature} ({damping})"),
            });
        }
        if fixed("right.force.mean") {
            parts.push(format!("*F\u{304}* = {}", short(chain.force.mean)));
        }
        match &chain.force.harmonics[..] {
            [] => {}
            [(_, amplitude)] => {
                let size = amplitude_of(chain, amplitude.norm());
                parts.push(format!("amplitude {}", short(size)));
            }
            several => parts.push(format!("{} harmonics", several.len())),
        }
        if !chain.force.harmonics.is_empty() && fixed("right.force.period") {
            parts.push(format!("period {}", short(2.0 * PI / chain.force.frequency.hi)));
        }
    }
    if let Some(general) = general {
        let thermostats: Vec<_> = inner(chain, general).collect();
        let forces: Vec<_> = general.forces.iter().filter(|f| f.site != chain.bonds).collect();
        parts.extend(match &thermostats[..] {
            few if few.len() <= NAMED => (few.iter())
                .map(|(site, t)| format!("*T*_{{{site}}} = {}", short(t.temperature)))
                .collect(),
            many => vec![format!("{} more thermostats", many.len())],
        });
        parts.extend(match &forces[..] {
            few if few.len() <= NAMED => (few.iter())
                .map(|force| format!("*F\u{304}*_{{{}}} = {}", force.site, short(force.mean)))
                .collect(),
            many => vec![format!("{} more forces", many.len())],
        });
    }
    parts.retain(|part| !part.is_empty());
    parts.join(COMMA)
}

/// The amplitude of a scenario: those of its chain have the factor N^(-1/2), in complex halves.
/// Rounded to 14 digits, which the two factors leave.
pub(super) fn amplitude_of(chain: &Chain, half: f64) -> f64 {
    let size = 2.0 * half * (chain.bonds as f64).sqrt();
    format!("{size:.13e}").parse().unwrap_or(size)
}

/// The random law of a coefficient as its scenario has it: `uniform [0.5, 1.5], seed 1`.
pub(super) fn law(coefficient: &Coefficient) -> Option<String> {
    let Coefficient::Table(table) = coefficient else { return None };
    let laws = [("uniform", &table.uniform), ("normal", &table.normal), ("choose", &table.choose)];
    let (name, values) = laws.into_iter().find_map(|(name, v)| Some((name, v.as_ref()?)))?;
    let seed = table.seed.map_or(String::new(), |seed| format!(", seed {seed}"));
    Some(format!("{name} [{}]{seed}", numbers(values)))
}

/// Thermostats and forces inside the chain are named one by one up to this number of them.
const NAMED: usize = 2;

/// The thermostats that are not at the ends.
fn inner<'a>(
    chain: &Chain,
    general: &'a Coefficients,
) -> impl Iterator<Item = &'a (usize, Thermostat)> {
    let (last, ring) = (chain.bonds, chain.topology == Topology::Ring);
    let inner = move |site: usize| ring || (site != 0 && site != last);
    general.thermostats.iter().filter(move |(site, _)| inner(*site))
}

/// One value, or the least and the largest of several.
fn spread(values: &[f64], written: impl Fn(f64) -> String, between: &str) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least == most {
        return written(least);
    }
    format!("{} {between} {}", written(least), written(most))
}

/// A number in full: reading it back gives the same bits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) || !value.is_finite() {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// Numbers in full, with commas.
pub(super) fn numbers(values: &[f64]) -> String {
    list(values.iter().map(|v| number(*v)))
}

fn list(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(", ")
}
