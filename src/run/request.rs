//! Everything that a result depends on, as summary.json tells it: a run may go on from the parts of
//! an earlier one that was asked for the same.

use super::{Error, Options, Times};
use crate::chain::Chain;
use crate::method::{Method, Task};
use crate::numerics::double_double::period_of;
use crate::output::Checksum;
use crate::scenario::{ChainTable, ForceTable, Harmonic, LeftEnd, RightEnd, Scenario};
use serde_json::{Map, Value, json};

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
    let checksum = file.map(|path| {
        let mut sum = Checksum::new(std::io::sink());
        let copied =
            std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut sum));
        copied.map_err(|e| Error::argument("initial.covariance", format!("{path}: {e}")))?;
        Ok::<_, Error>(format!("{:08x}", sum.value()))
    });
    request.insert("scenario".into(), json!(scenario));
    request.insert("initial_checksum".into(), json!(checksum.transpose()?));
    Ok(())
}

/// The scenario of a chain; the amplitudes of its force to a rounding.
pub(super) fn scenario_of(chain: &Chain, times: Option<&Times>) -> Scenario {
    let force = &chain.force;
    let scale = (chain.bonds as f64).sqrt();
    let part = |&(order, f): &(u32, num_complex::Complex64)| Harmonic {
        order,
        amplitude: 2.0 * f.norm() * scale,
        phase: f.arg(),
    };
    let oscillates = !force.harmonics.is_empty();
    let table = ForceTable {
        mean: force.mean,
        period: oscillates.then(|| period_of(force.frequency).hi),
        harmonics: force.harmonics.iter().map(part).collect(),
    };
    Scenario {
        chain: ChainTable {
            topology: chain.topology,
            bonds: chain.bonds,
            flip_rate: chain.flip_rate,
        },
        left: LeftEnd { thermostat: chain.left },
        right: RightEnd {
            thermostat: chain.right,
            force: (*force != Default::default()).then_some(table),
        },
        initial: None,
        time: times.map(Times::table),
    }
}
