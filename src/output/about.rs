//! The text `about` in every npz file: the scenario, units, and the meaning of every array.

use super::{Column, FORMAT_VERSION};
use serde_json::{Map, Value, json};

/// `about`: a JSON text. `request` is what was asked for, the scenario with it.
pub(super) fn about(request: &Map<String, Value>, columns: &[Column]) -> String {
    let mut arrays = Map::new();
    for column in columns {
        let entry =
            json!({ "meaning": column.meaning, "unit": column.unit, "axes": "times, sites" });
        arrays.insert(column.name.into(), entry);
        let meaning = format!("estimate of the largest absolute error of {}", column.name);
        let entry = json!({ "meaning": meaning, "unit": column.unit, "axes": "times" });
        arrays.insert(format!("error_{}", column.name), entry);
    }
    for (name, meaning, unit, axes) in [
        ("times", "output times; inf is the stationary state", "time", "times"),
        ("x", "macroscopic position n/N of each site", "1", "sites"),
        ("sites", "n", "1", "sites"),
        ("left_inflow", "energy entering at the left end per time", "energy/time", "times"),
        ("error_estimate", "largest error of a column relative to its size", "1", "times"),
        ("format_version", "version of the format of this file", "1", ""),
    ] {
        arrays.insert(name.into(), json!({ "meaning": meaning, "unit": unit, "axes": axes }));
    }
    let scale = match request.get("scenario").map(|s| s["time"]["scale"].as_str()) {
        Some(Some("ballistic")) => "τ/N",
        Some(Some("microscopic")) => "τ",
        _ => "τ/N²",
    };
    let general = columns.iter().any(|column| column.name == "temperature");
    let unity = match general {
        true => "Boltzmann's constant",
        false => "masses, springs and Boltzmann's constant",
    };
    let about = json!({
        "program": "flipchain",
        "version": env!("CARGO_PKG_VERSION"),
        "format_version": FORMAT_VERSION,
        "command": request.get("command"),
        "scenario": request.get("scenario"),
        "units": {
            unity: "1",
            "times": format!("t = {scale}, τ microscopic"),
            "rates and currents": "per microscopic time τ",
            "energies": "those of the temperatures",
        },
        "arrays": arrays,
    });
    about.to_string()
}
