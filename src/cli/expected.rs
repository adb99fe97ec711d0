//! What a run is expected to cost, said before it starts; one whose memory would not fit is
//! refused, with what would fit.

use super::{Error, RunArgs, Show};
use crate::cost::Cost;
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

/// Bytes as a person reads them.
fn size(bytes: f64) -> String {
    if bytes < 1024f64.powi(3) {
        format!("{:.0} MiB", bytes / 1024f64.powi(2))
    } else {
        format!("{:.1} GiB", bytes / 1024f64.powi(3))
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

/// From here on a run takes long, and it is said what would be quicker.
const LONG: f64 = 3600.0;

/// What the machine has left for a new program; `None` where it does not say.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Says what a run of `bonds` bonds is expected to cost, for people (unless -q) or as the first
/// line of JSON, and refuses one whose memory would not fit. `power` is that of N its memory grows
/// with, for the largest N that would fit; `instead` is a way that takes less, as a clause.
pub fn say(
    args: &RunArgs,
    cost: Cost,
    bonds: usize,
    power: f64,
    instead: &str,
) -> Result<(), Error> {
    fits(args, cost, bonds, power, instead)?;
    if args.progress == Show::Json {
        let said = json!({ "expected_bytes": cost.bytes as u64, "expected_processor_seconds": cost.seconds });
        let _ = writeln!(stderr(), "{said}");
    } else if !args.quiet {
        let of = limit(args).map_or(String::new(), |limit| format!(" of {}", size(limit as f64)));
        let quicker =
            if cost.seconds > LONG { format!("; quicker: {instead}") } else { String::new() };
        let (size, duration) = (size(cost.bytes), duration(cost.seconds));
        let _ = writeln!(
            stderr(),
            "expected: {size} of memory{of}, {duration} of processor time{quicker}"
        );
    }
    Ok(())
}

/// The refusal alone, for a part of the cost that is known before anything that takes time.
pub fn fits(
    args: &RunArgs,
    cost: Cost,
    bonds: usize,
    power: f64,
    instead: &str,
) -> Result<(), Error> {
    let Some(limit) = limit(args).filter(|&limit| cost.bytes > limit as f64) else { return Ok(()) };
    let whose =
        if args.memory_limit.is_some() { "--memory-limit allows" } else { "this machine has left" };
    let most = (bonds as f64 * (limit as f64 / cost.bytes).powf(1.0 / power)) as usize;
    Err(Error::BadInput(format!(
        "chain.bonds: found {bonds}; this run then needs about {}, and {whose} {}; allowed here: up to about {most}; or {instead}; or a larger --memory-limit",
        size(cost.bytes),
        size(limit as f64),
    )))
}

fn limit(args: &RunArgs) -> Option<u64> {
    args.memory_limit.or_else(available)
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
