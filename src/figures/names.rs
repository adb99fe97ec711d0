//! Keys of the scenario and observables of a sweep as figures name them.

use crate::method::Task;
use crate::sweep::{Named, Observable};

/// A key in the letters of the theory.
pub(super) fn symbol(key: &str) -> String {
    match key {
        "chain.bonds" => "*N*",
        "chain.flip_rate" => "*γ*",
        "right.force.mean" => "*F\u{304}*",
        "right.force.period" => "*θ*",
        "left.thermostat.temperature" => "*T*_{−}",
        "right.thermostat.temperature" => "*T*_{+}",
        "left.thermostat.friction" => "*λ*_{−}",
        "right.thermostat.friction" => "*λ*_{+}",
        other => other,
    }
    .into()
}

/// A key as it stands at an axis.
pub(super) fn label_of(key: &str) -> String {
    let words = match key {
        "chain.bonds" => "bonds",
        "chain.flip_rate" => "flip rate",
        "right.force.mean" => "mean force",
        "right.force.period" => "period of the force",
        "left.thermostat.temperature" => "left temperature",
        "right.thermostat.temperature" => "right temperature",
        "left.thermostat.friction" => "left friction",
        "right.thermostat.friction" => "right friction",
        other => {
            let seed = other.strip_prefix("chain.").and_then(|key| key.strip_suffix(".seed"));
            return seed.map_or(other.into(), |key| format!("seed of the law of {key}"));
        }
    };
    format!("{words}  {}", symbol(key))
}

/// An observable of runs of a task as it stands at an axis.
pub(super) fn label(observable: &Observable, task: Task) -> String {
    match observable {
        Observable::At { column, x } => {
            let words = match *column {
                "mean_r" | "r" => "elongation",
                "mean_p" => "mean momentum",
                "var_r" => "Var *r*",
                "var_p" => "Var *p*",
                "mechanical" => "mechanical energy",
                "thermal" => "thermal energy",
                other => other,
            };
            format!("{words} at *x* = {x}")
        }
        Observable::Named(named) => match named {
            // The limit of N times the current.
            Named::Current if task == Task::Limit => "energy current times *N*,  *N* *J*",
            Named::Current => "current  *J*",
            Named::LeftRate => "energy entering at the left",
            Named::RightRate => "energy entering at the right",
            Named::Power => "power of the force",
            Named::Conductivity => "conductivity",
            Named::Mechanical => "mechanical energy",
            Named::Thermal => "thermal energy",
            Named::Energy => "energy",
            Named::ThermalMax => "largest thermal energy",
            Named::XMax => "*x*_{max}",
            Named::WHeat => "*W*_{heat}",
        }
        .into(),
    }
}
