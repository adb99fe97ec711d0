//! Prints what a run is expected to cost before it starts. A run that does not fit into memory is
//! refused, and the message says what would fit.

use super::{RunArgs, Show};
use crate::cost::Cost;
use crate::run::memory::{self, size};
use crate::run::{Saving, TooLarge};
use serde_json::json;
use std::io::{Write, stderr};

/// A number of bytes with a unit: 4GiB, 500MiB, 2e9 (bytes), 3GB.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let split =
        text.find(|c: char| c.is_ascii_alphabetic() && !"eE".contains(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024f64.powi(2),
        "GiB" => 1024f64.powi(3),
        "TiB" => 1024f64.powi(4),
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => 0.0,
    };
    match number.trim().parse::<f64>() {
        Ok(value) if value * factor >= 1.0 && value * factor < 1e18 => Ok((value * factor) as u64),
        _ => Err("allowed: a size such as 4GiB, 500MiB or 3GB".into()),
    }
}

/// Seconds as a person reads them.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "less than 1 s".into(),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6e3 => format!("{:.0} min", s / 60.0),
        s if s < 3.6e5 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86400.0),
    }
}

/// Seconds from which on a run takes long, so that the message names a quicker way.
const LONG: f64 = 3600.0;

/// Covariances of at least this many bytes are announced.
const MUCH_ON_DISK: f64 = 100e6;

/// Says what a run is expected to cost, for people (unless -q) or as the first line of JSON.
/// `covariances` are the bytes of those that are written.
pub fn say(args: &RunArgs, cost: Cost, covariances: f64, quicker: &str) {
    if args.progress == Show::Json {
        let said = json!({
            "expected_bytes": cost.bytes as u64,
            "expected_processor_seconds": cost.seconds,
            "expected_covariance_bytes": covariances as u64,
        });
        let _ = writeln!(stderr(), "{said}");
    } else if !args.quiet {
        let limit = args.memory_limit.or_else(memory::available);
        let of = limit.map_or(String::new(), |limit| format!(" of {}", size(limit as f64)));
        let quicker =
            if cost.seconds > LONG { format!("; quicker: {quicker}") } else { String::new() };
        let written = match covariances >= MUCH_ON_DISK {
            true => format!(", {} of covariances on disk", size(covariances)),
            false => String::new(),
        };
        let (size, duration) = (size(cost.bytes), duration(cost.seconds));
        let _ = writeln!(
            stderr(),
            "expected: {size} of memory{of}, {duration} of processor time{written}{quicker}"
        );
    }
}

/// The refusal of a run that would not fit.
pub fn too_large(error: &TooLarge) -> String {
    let whose = if error.by_caller { "--memory-limit allows" } else { "this machine has left" };
    let most = match error.most {
        0 => "no chain fits".to_string(),
        most if matches!(error.saving, Saving::FewerTables | Saving::ShorterTable) => {
            format!("at most {most}, and fewer where solving takes more than tables")
        }
        most => format!("up to {most}"),
    };
    format!(
        "chain.bonds: found {}; this run then needs about {}, and {whose} {}; \
         allowed here: {most}; {}or a larger --memory-limit",
        error.bonds,
        size(error.needed),
        size(error.limit),
        error.saving.or(&instead(error.saving)),
    )
}

/// The change that would cost less, in the words of the command line.
pub fn instead(saving: Saving) -> String {
    match saving {
        Saving::FewerCovariances => "fewer covariances to keep (--covariance-times)".into(),
        Saving::ProfilesAlone => {
            "the profiles alone, without --covariance and --method, in O(N)".into()
        }
        Saving::FewerPhases => "fewer --phases".into(),
        Saving::SmallerSizes => "smaller --covariance-sizes or --sizes".into(),
        Saving::FewerOutputs
        | Saving::LaterOutputs
        | Saving::FewerBonds
        | Saving::FewerTables
        | Saving::ShorterTable => saving.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("4GiB", 4 << 30),
            ("500 MiB", 500 << 20),
            ("2e9", 2_000_000_000),
            ("3GB", 3_000_000_000),
            ("1kB", 1000),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "GiB", "-1GiB", "4 gigs", "nan", "0", "1e30GiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_said_in_the_unit_that_a_person_would_choose() {
        for (seconds, said) in [
            (0.2, "less than 1 s"),
            (7.4, "7 s"),
            (300.0, "5 min"),
            (7200.0, "2 h"),
            (864_000.0, "10 days"),
        ] {
            assert_eq!(duration(seconds), said);
        }
    }
}
