//! Everything that a result depends on, as it stands in summary.json. A run may continue from the
//! parts of an earlier one only if both have the same request.

use super::{Error, Options, Times};
use crate::chain::{Chain, Coefficients, mean_beside};
use crate::method::{Method, Task};
use crate::numerics::double_double::period_of;
use crate::output::Checksum;
use crate::scenario::{
    ChainTable, Coefficient, ForceAt, ForceTable, Harmonic, LeftEnd, RightEnd, Scenario,
    Thermostat, ThermostatAt, Topology,
};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn request(
    task: Task,
    options: &Options,
    chain: &Chain,
    of_task: Value,
) -> Map<String, Value> {
    let asked = (options.method != Method::Auto).then_some(options.method);
    let request = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": task,
        "scenario": scenario_of(chain, None),
        "initial_checksum": null,
        "tolerance": options.tolerance,
        "method_asked": asked,
        "options": of_task,
    });
    let Value::Object(request) = request else { unreachable!("it was written as an object") };
    request
}

/// Puts the scenario of a request in its place.
pub(super) fn describe(request: &mut Map<String, Value>, scenario: &Scenario) -> Result<(), Error> {
    let file = scenario.initial.as_ref().and_then(|initial| initial.covariance.as_ref());
    let checksum = file.map(|path| checksum_of(path)).transpose()?;
    request.insert("scenario".into(), json!(scenario));
    request.insert("initial_checksum".into(), json!(checksum));
    let files = checksums_of_coefficients(scenario);
    if !files.is_empty() {
        request.insert("coefficient_checksums".into(), Value::Object(files));
    }
    Ok(())
}

/// The checksums of the numbers of coefficients that were read from files.
pub(crate) fn checksums_of_coefficients(scenario: &Scenario) -> Map<String, Value> {
    let mut files = Map::new();
    for (key, coefficient) in scenario.chain.coefficients() {
        if let Coefficient::Table(table) = coefficient
            && let Some(values) = table.numbers()
        {
            let mut sum = crc32fast::Hasher::new();
            values.iter().for_each(|value| sum.update(&value.to_le_bytes()));
            files.insert(key.name().into(), json!(format!("{:08x}", sum.finalize())));
        }
    }
    files
}

/// The checksum of a covariance file, with that of the means beside it.
pub(crate) fn checksum_of(path: &str) -> Result<String, Error> {
    let mut sum = Checksum::new(io::sink());
    let mean = mean_beside(Path::new(path)).filter(|mean| mean.is_file());
    for path in [PathBuf::from(path)].into_iter().chain(mean) {
        let copied = File::open(&path).and_then(|mut file| io::copy(&mut file, &mut sum));
        copied.map_err(|e| Error::key("initial.covariance", format!("{}: {e}", path.display())))?;
    }
    Ok(format!("{:08x}", sum.value()))
}

/// The scenario of a chain; the amplitudes of its force to a rounding.
pub(super) fn scenario_of(chain: &Chain, times: Option<&Times>) -> Scenario {
    let force = &chain.force;
    let oscillates = !force.harmonics.is_empty();
    let table = ForceTable {
        mean: force.mean,
        period: oscillates.then(|| period_of(force.frequency).hi),
        harmonics: force.harmonics.iter().map(|part| harmonic(chain, part)).collect(),
    };
    let time = times.map(Times::table);
    let (thermostat, forces) = Default::default();
    let scenario = Scenario {
        chain: ChainTable {
            topology: chain.topology,
            bonds: chain.bonds,
            flip_rate: chain.flip_rate.into(),
            mass: 1.0.into(),
            spring: 1.0.into(),
            pinning: 0.0.into(),
        },
        left: LeftEnd { thermostat: chain.left },
        right: RightEnd {
            thermostat: chain.right,
            force: (*force != Default::default()).then_some(table),
        },
        thermostat,
        force: forces,
        initial: None,
        time,
    };
    match chain.coefficients() {
        Some(coefficients) => with_coefficients(scenario, chain, coefficients),
        None => scenario,
    }
}

/// The same with coefficients: as numbers, or where all are equal as one number.
fn with_coefficients(
    mut scenario: Scenario,
    chain: &Chain,
    coefficients: &Coefficients,
) -> Scenario {
    let written = |values: &[f64]| -> Coefficient {
        match values.iter().all(|value| *value == values[0]) {
            true => values[0].into(),
            false => values.to_vec().into(),
        }
    };
    let table = &mut scenario.chain;
    table.flip_rate = written(&coefficients.flip_rate);
    table.mass = written(&coefficients.mass);
    table.spring = written(&coefficients.spring);
    table.pinning = written(&coefficients.pinning);
    let ring = chain.topology == Topology::Ring;
    let inner = |site: usize| ring || (site != 0 && site != chain.bonds);
    scenario.thermostat = (coefficients.thermostats.iter())
        .filter(|(site, _)| inner(*site))
        .map(|&(site, Thermostat { temperature, friction })| ThermostatAt {
            site,
            temperature,
            friction,
        })
        .collect();
    let period = chain.force.frequency;
    let last = &mut scenario.right.force;
    *last = None;
    for force in &coefficients.forces {
        let harmonics: Vec<Harmonic> =
            force.harmonics.iter().map(|part| harmonic(chain, part)).collect();
        let period = (!harmonics.is_empty()).then(|| period_of(period).hi);
        let (site, mean) = (force.site, force.mean);
        if site == chain.bonds {
            *last = Some(ForceTable { mean, period, harmonics });
        } else {
            scenario.force.push(ForceAt { site, mean, period, harmonics });
        }
    }
    scenario
}

fn harmonic(chain: &Chain, &(order, f): &(u32, num_complex::Complex64)) -> Harmonic {
    let amplitude = 2.0 * f.norm() * (chain.bonds as f64).sqrt();
    Harmonic { order, amplitude, phase: f.arg() }
}
